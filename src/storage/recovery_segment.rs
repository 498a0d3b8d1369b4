//! One segment, scanned at start-up (`LogSegment.recover`): checksums, both indexes, the transaction index, epochs,
//! producers.
//!
//! ```text
//!   [batch ✓][batch ✓][batch ✗ …       the first bad batch cuts here; sound batches behind it are lost with it
//!    └ each sound one: index entries when due, its epoch if newer, its producer, an ABORT marker's transaction
//! ```
//!
//! The interval counter starts at the head of the segment, so that the rebuilt index may differ from the one that the
//! running broker wrote. An offset that goes backwards where an index entry falls due empties the whole segment.

use super::error::{Result, StorageError, StorageErrorKind};
use super::event::Event;
use super::log::Log;
use super::offset_index::{OffsetIndex, overflow, relative};
use super::producer_state::{AppendOrigin, EndMarker, ProducerState};
use super::recovery_step::RecoveryStep;
use super::segment::{Segment, file_name};
use super::transaction_index::AbortedTransaction;
use super::window::Window;
use crate::batch::{Header, verify_checksum};
use crate::disk::Disk;
use crate::era::IndexKey;
use crate::types::{LeaderEpoch, Offset, Position, Timestamp};
use std::sync::Arc;

/// Where a scan stands.
#[derive(Default)]
struct Scan {
    valid: u32,
    last_entry: u32,
    batches: u32,
    window: Window,
}

impl Log {
    /// Scans one segment, cuts it at the first bad batch, makes its indexes anew. `producers` knows the log up to the
    /// segment's base offset. Answers how many bytes were cut.
    pub(super) fn recover_segment(
        &mut self,
        disk: &mut Disk,
        n: usize,
        producers: &mut ProducerState,
        events: &mut Vec<Event>,
    ) -> Result<u32> {
        let room = self.config.segment_index_bytes;
        let partition = self.partition.clone();
        let segment = &mut Arc::make_mut(&mut self.segments)[n];
        let base_offset = segment.base_offset;
        segment.index.reset(disk, room)?;
        segment.time_index.reset(disk, room)?;
        if let Some(file) = segment.transaction_index {
            disk.truncate(file, 0)?;
        }
        segment.max_timestamp = (Timestamp::NONE, base_offset);
        let mut scan = Scan::default();
        let mut why = self.scan(disk, n, &mut scan, producers, events)?;
        let mut emptied = why.as_ref().is_some_and(|_| scan.valid == 0);
        let segment = &mut Arc::make_mut(&mut self.segments)[n];
        if !emptied {
            match segment.finish(disk, &partition, &mut Vec::new()) {
                Err(error) if error.kind == StorageErrorKind::InvalidOffset => {
                    (emptied, why) = (true, Some(error.what));
                }
                done => done?,
            }
        }
        if emptied {
            // An offset that goes back empties the whole segment (`LogLoader.recoverLog`).
            scan = Scan::default();
            segment.max_timestamp = (Timestamp::NONE, base_offset);
            segment.index.reset(disk, 0)?;
            segment.time_index.reset(disk, 0)?;
            if let Some(file) = segment.transaction_index {
                disk.truncate(file, 0)?;
            }
        }
        let valid_bytes = scan.valid;
        let cut_bytes = segment.size_bytes - valid_bytes;
        if let Some(why) = why {
            let (partition, position) = (partition.clone(), Position(valid_bytes));
            events.push(Event::BadBatchFound { partition, base_offset, position, why });
        }
        if cut_bytes > 0 {
            disk.truncate(segment.log, u64::from(valid_bytes))?;
            segment.size_bytes = valid_bytes;
        }
        segment.last_batch = None;
        segment.first_timestamp = None;
        let batches = scan.batches;
        events.push(Event::SegmentRecovered {
            partition,
            base_offset,
            batches,
            valid_bytes,
            cut_bytes,
        });
        Ok(cut_bytes)
    }

    /// Walks the batches; answers why it ended before the end of the file.
    fn scan(
        &mut self,
        disk: &mut Disk,
        n: usize,
        scan: &mut Scan,
        producers: &mut ProducerState,
        events: &mut Vec<Event>,
    ) -> Result<Option<String>> {
        let (interval, index_key) = (self.config.index_interval_bytes, self.config.era.index_key);
        loop {
            let segment = &mut Arc::make_mut(&mut self.segments)[n];
            let at = Position(scan.valid);
            let header = match segment.header_within(disk, &mut scan.window, at) {
                Ok(Some(header)) => header,
                Ok(None) if scan.valid == segment.size_bytes => return Ok(None),
                Ok(None) => return Ok(Some("the file ends inside this batch".to_string())),
                Err(error) if error.kind == StorageErrorKind::Corrupt => {
                    return Ok(Some(error.what));
                }
                Err(error) => return Err(error),
            };
            let (start, size) = (u64::from(scan.valid), header.size_bytes());
            let bytes = scan.window.bytes(disk, segment.log, start, size)?;
            if let Err(error) = verify_checksum(bytes) {
                return Ok(Some(error.shifted(start).to_string()));
            }
            if relative(segment.base_offset, header.last_offset()).is_none() {
                let path = disk.path(segment.log).to_string();
                return Err(overflow(path, segment.base_offset, header.last_offset())); // Kafka does not start, either
            }
            if header.max_timestamp > segment.max_timestamp.0 {
                segment.max_timestamp = (header.max_timestamp, header.last_offset());
            }
            if scan.valid - scan.last_entry > interval {
                let position = Position(scan.valid);
                let offset = match index_key {
                    IndexKey::First => header.base_offset,
                    IndexKey::Last => header.last_offset(),
                };
                match segment.add_recovered_entries(disk, offset, position) {
                    Err(error) if error.kind == StorageErrorKind::InvalidOffset => {
                        scan.valid = 0;
                        return Ok(Some(error.what));
                    }
                    done => done?,
                }
                scan.last_entry = scan.valid;
            }
            let position = Position(scan.valid);
            scan.valid += size as u32;
            scan.batches += 1;
            self.take_in(disk, n, position, &header, producers, events)?;
        }
    }

    /// What a sound batch says about epochs and producers.
    fn take_in(
        &mut self,
        disk: &mut Disk,
        n: usize,
        position: Position,
        header: &Header,
        producers: &mut ProducerState,
        events: &mut Vec<Event>,
    ) -> Result<()> {
        if header.magic < 2 {
            return Ok(()); // messages of format 0 and 1 know neither
        }
        let (epoch, start_offset) = (header.partition_leader_epoch, header.base_offset);
        if epoch > self.epochs.latest_epoch().unwrap_or(LeaderEpoch::NONE) {
            self.epochs.assign(disk, epoch, start_offset)?;
            self.tell(RecoveryStep::EpochFound { epoch, start_offset }, events);
        }
        if header.has_producer_id() {
            let segment = &self.segments[n];
            let marker = segment.marker_at(disk, position, header)?;
            let mut info = producers.prepare(header.producer_id, AppendOrigin::Replication);
            let completed = info.append(header, marker)?;
            producers.update(info);
            if let Some(completed) = completed {
                let stable = producers.last_stable_offset_with(&completed);
                let segment = &mut Arc::make_mut(&mut self.segments)[n];
                let entry = segment.add_completed(disk, &self.directory, &completed, stable)?;
                producers.complete(&completed);
                if let Some(entry) = entry {
                    let base_offset = self.segments[n].base_offset;
                    self.tell(RecoveryStep::AbortedTransactionFound { base_offset, entry }, events);
                }
            }
        }
        producers.set_map_end_offset(header.next_offset());
        Ok(())
    }

    pub(super) fn tell(&self, step: RecoveryStep, events: &mut Vec<Event>) {
        events.push(Event::Recovery { partition: self.partition.clone(), step });
    }
}

impl Segment {
    /// Both entries that fall due before a batch, while a segment is scanned.
    fn add_recovered_entries(
        &mut self,
        disk: &mut Disk,
        offset: Offset,
        position: Position,
    ) -> Result<()> {
        if !self.index.is_full() {
            self.index.append(disk, offset, position)?;
        }
        if !self.time_index.is_full() {
            let (timestamp, offset) = self.max_timestamp;
            self.time_index.maybe_append(disk, timestamp, offset, false)?;
        }
        Ok(())
    }

    /// What the marker at this position says, if a control batch lies there.
    pub(super) fn marker_at(
        &self,
        disk: &Disk,
        position: Position,
        header: &Header,
    ) -> Result<Option<EndMarker>> {
        if !header.is_control() {
            return Ok(None);
        }
        let start = u64::from(position.0);
        let marker = disk.with_bytes(self.log, start, header.size_bytes(), EndMarker::read)?;
        marker.map_err(|error| StorageError {
            path: disk.path(self.log).to_string(),
            start: error.start + start,
            end: error.end + start,
            ..error
        })
    }

    /// Enters an aborted transaction into the transaction index, which is made when the first one comes.
    pub(super) fn add_completed(
        &mut self,
        disk: &mut Disk,
        directory: &str,
        completed: &super::producer_state::CompletedTransaction,
        last_stable_offset: Offset,
    ) -> Result<Option<AbortedTransaction>> {
        if !completed.aborted {
            return Ok(None);
        }
        let (first, last) = (completed.first_offset, completed.last_offset);
        let entry = AbortedTransaction::new(completed.producer_id, first, last, last_stable_offset);
        let file = match self.transaction_index {
            Some(file) => file,
            None => {
                disk.create(&format!("{directory}/{}", file_name(self.base_offset, ".txnindex")))?
            }
        };
        self.transaction_index = Some(file);
        disk.append(file, &entry.to_bytes())?;
        Ok(Some(entry))
    }

    /// The offset behind the last batch, found from the last index entry on (`readNextOffset`).
    pub(super) fn read_next_offset(&self, disk: &Disk) -> Result<Offset> {
        let Some((position, _)) = self.translate(disk, self.index.last_offset())? else {
            return Ok(self.base_offset);
        };
        let mut next = self.base_offset;
        for found in self.headers(disk, position) {
            next = found?.1.next_offset();
        }
        Ok(next)
    }

    /// The same for a segment whose files end in `.swap`. Its offset index is made, preallocated, if it is not there:
    /// Kafka opens it so, and it stays that large.
    pub(super) fn next_offset_of_swap(
        disk: &mut Disk,
        directory: &str,
        base_offset: Offset,
        room: u32,
    ) -> Result<Offset> {
        let path = |suffix| format!("{directory}/{}", file_name(base_offset, suffix));
        let log = disk.open(&path(".log.swap"))?;
        let index = match disk.exists(&path(".index.swap")) {
            true => OffsetIndex::open(disk, &path(".index.swap"), base_offset)?,
            false => OffsetIndex::create(disk, &path(".index.swap"), base_offset, room)?,
        };
        let segment = Segment::of_files(disk, base_offset, log, index);
        segment.read_next_offset(disk)
    }
}
