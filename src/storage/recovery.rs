//! Start-up (class `LogLoader`): what is believed, what is checked, what is cut.
//!
//! ```text
//!   clean stop     believe everything; log end = walk the last segment from its last index entry
//!   otherwise      segments before the recovery point: believed
//!                  from it on: scan batch by batch, check the checksum, make both indexes anew
//!                  first bad batch: cut the segment there, drop all later segments
//! ```
//!
//! A missing offset index makes its segment scanned in any case (below the recovery point too), a missing time index is
//! made empty; garbage in either is noticed by nobody. Leftovers of an
//! interrupted deletion or cleaning (`.deleted`, `.cleaned`) are removed, and so are indexes without a log.

use super::checkpoint::read_partition_metadata;
use super::config::LogConfig;
use super::epochs::{EpochCache, LEADER_EPOCHS};
use super::error::{Result, StorageError, StorageErrorKind};
use super::event::Event;
use super::log::Log;
use super::offset_index::{overflow, relative};
use super::segment::{Segment, file_name};
use crate::batch::verify_checksum;
use crate::disk::Disk;
use crate::types::{LeaderEpoch, Offset, Position, Timestamp, TopicPartition};
use std::sync::Arc;

impl Log {
    /// Opens the log of a partition at start-up. `clean`: the broker was stopped cleanly, believe what is there; else
    /// segments are recovered from `recovery_point` on.
    pub fn open(
        disk: &mut Disk,
        directory: &str,
        partition: &TopicPartition,
        config: LogConfig,
        clean: bool,
        recovery_point: Offset,
        events: &mut Vec<Event>,
    ) -> Result<Log> {
        let bases = sweep(disk, directory)?;
        let mut log = Log::empty(disk, directory, partition, config)?;
        for base_offset in bases {
            let missing = complete(disk, directory, base_offset)?; // of the offset index only, as Kafka judges
            let segment = Segment::open(disk, directory, base_offset)?;
            Arc::make_mut(&mut log.segments).push(segment);
            if missing {
                events.push(Event::IndexMissing { partition: partition.clone(), base_offset });
                if clean || base_offset < recovery_point {
                    log.recover_segment(disk, log.segments.len() - 1, events)?;
                }
            }
        }
        if !clean {
            log.recover_from(disk, recovery_point, events)?;
        }
        if log.segments.is_empty() {
            let segment = Segment::create(disk, directory, Offset::ZERO, &log.config)?;
            Arc::make_mut(&mut log.segments).push(segment);
        }
        log.log_end_offset = log.active_segment().read_next_offset(disk)?;
        log.recovery_point =
            if clean { log.log_end_offset } else { recovery_point.min(log.log_end_offset) };
        log.log_start_offset = log.segments[0].base_offset;
        let room = log.config.segment_index_bytes;
        let active = log.active_mut();
        active.index.resize(disk, room)?;
        active.time_index.resize(disk, room)?;
        let (start, end) = (log.log_start_offset, log.log_end_offset);
        log.epochs.truncate_from_end(disk, end)?;
        log.epochs.truncate_from_start(disk, start)?;
        events.push(Event::Loaded {
            partition: partition.clone(),
            clean,
            log_start_offset: start,
            log_end_offset: end,
            segments: log.segments.len() as u32,
        });
        Ok(log)
    }

    /// Opens somebody else's log without changing a byte: everything is believed, nothing is made, and the zeros at the
    /// end of an index that was not trimmed are no entries. Where the log end cannot be read (older formats, damage),
    /// it is taken from the index.
    pub fn look(
        disk: &mut Disk,
        directory: &str,
        partition: &TopicPartition,
        config: LogConfig,
    ) -> Result<Log> {
        let mut log = Log::empty(disk, directory, partition, config)?;
        for base_offset in log_files(disk, directory)? {
            let mut segment = Segment::open(disk, directory, base_offset)?;
            segment.index.leave_out_zeros(disk)?;
            segment.time_index.leave_out_zeros(disk)?;
            segment.max_timestamp = segment.time_index.last_entry();
            Arc::make_mut(&mut log.segments).push(segment);
        }
        let Some(last) = log.segments.last() else {
            let what = "there is no .log file in this directory";
            return Err(StorageError::new(StorageErrorKind::Corrupt, directory, what));
        };
        log.log_end_offset = last.read_next_offset(disk).unwrap_or(match last.index.entries() {
            0 => last.base_offset,
            _ => last.index.last_offset() + 1,
        });
        log.recovery_point = log.log_end_offset;
        log.log_start_offset = log.segments[0].base_offset;
        Ok(log)
    }

    fn empty(
        disk: &mut Disk,
        directory: &str,
        partition: &TopicPartition,
        config: LogConfig,
    ) -> Result<Log> {
        Ok(Log {
            directory: directory.into(),
            partition: partition.clone(),
            topic_id: read_partition_metadata(disk, directory)?.unwrap_or_default(),
            config: Arc::new(config),
            segments: Arc::new(Vec::new()),
            log_start_offset: Offset::ZERO,
            log_end_offset: Offset::ZERO,
            recovery_point: Offset::ZERO,
            epochs: EpochCache::open(disk, &format!("{directory}/{LEADER_EPOCHS}"))?,
            doomed: Arc::default(),
            flushes: 0,
        })
    }

    fn recover_from(
        &mut self,
        disk: &mut Disk,
        point: Offset,
        events: &mut Vec<Event>,
    ) -> Result<()> {
        let mut n = self.floor_segment(point).unwrap_or(0);
        while n < self.segments.len() {
            let cut = self.recover_segment(disk, n, events)?;
            n += 1;
            if cut > 0 {
                self.remove_segments(disk, n, events)?;
            }
        }
        Ok(())
    }

    /// Scans one segment, cuts it at the first bad batch, makes its indexes anew (`LogSegment.recover`). Answers how
    /// many bytes were cut.
    fn recover_segment(
        &mut self,
        disk: &mut Disk,
        n: usize,
        events: &mut Vec<Event>,
    ) -> Result<u32> {
        let config = self.config.clone();
        let (room, interval) = (config.segment_index_bytes, config.index_interval_bytes);
        let partition = self.partition.clone();
        let segment = &mut Arc::make_mut(&mut self.segments)[n];
        let base_offset = segment.base_offset;
        segment.index.reset(disk, room)?;
        segment.time_index.reset(disk, room)?;
        segment.max_timestamp = (Timestamp::NONE, base_offset);
        let (mut valid, mut last_entry, mut batches) = (0u32, 0u32, 0u32);
        let why = loop {
            let header = match segment.header_at(disk, Position(valid)) {
                Ok(Some(header)) => header,
                Ok(None) if valid == segment.size_bytes => break None,
                Ok(None) => break Some("the file ends inside this batch".to_string()),
                Err(error) if error.kind == StorageErrorKind::Corrupt => break Some(error.what),
                Err(error) => return Err(error),
            };
            let size = header.size_bytes();
            let sound = disk.with_bytes(segment.log, u64::from(valid), size, verify_checksum)?;
            if let Err(error) = sound {
                break Some(error.shifted(u64::from(valid)).to_string());
            }
            if relative(base_offset, header.last_offset()).is_none() {
                let path = disk.path(segment.log).to_string();
                return Err(overflow(path, base_offset, header.last_offset())); // Kafka does not start, either
            }
            if header.max_timestamp > segment.max_timestamp.0 {
                segment.max_timestamp = (header.max_timestamp, header.last_offset());
            }
            if valid - last_entry > interval {
                match segment.add_recovered_entries(disk, header.last_offset(), Position(valid)) {
                    Err(error) if error.kind == StorageErrorKind::InvalidOffset => {
                        valid = 0;
                        break Some(error.what);
                    }
                    done => done?,
                }
                last_entry = valid;
            }
            valid += size as u32;
            batches += 1;
            let epoch = header.partition_leader_epoch;
            if epoch > self.epochs.latest_epoch().unwrap_or(LeaderEpoch::NONE) {
                self.epochs.assign(disk, epoch, header.base_offset)?;
            }
        };
        let closed = match valid {
            0 => Ok(()),
            _ => segment.finish(disk, &partition, &mut Vec::new()),
        };
        let why = match closed {
            Err(error) if error.kind == StorageErrorKind::InvalidOffset => {
                valid = 0;
                Some(error.what)
            }
            done => done.map(|()| why)?,
        };
        if valid == 0 {
            // Nothing is left: an offset that goes back empties the whole segment (`LogLoader.recoverLog`).
            batches = 0;
            segment.max_timestamp = (Timestamp::NONE, base_offset);
            segment.index.reset(disk, 0)?;
            segment.time_index.reset(disk, 0)?;
        }
        let cut_bytes = segment.size_bytes - valid;
        if let Some(why) = why {
            let (partition, position) = (partition.clone(), Position(valid));
            events.push(Event::BadBatchFound { partition, base_offset, position, why });
        }
        if cut_bytes > 0 {
            disk.truncate(segment.log, u64::from(valid))?;
            segment.size_bytes = valid;
        }
        segment.last_batch = None;
        segment.first_timestamp = None;
        let valid_bytes = valid;
        events.push(Event::SegmentRecovered {
            partition,
            base_offset,
            batches,
            valid_bytes,
            cut_bytes,
        });
        Ok(cut_bytes)
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
}

/// Removes leftovers; answers the base offsets of the segments, ascending.
fn sweep(disk: &mut Disk, directory: &str) -> Result<Vec<Offset>> {
    let bases = log_files(disk, directory)?;
    for entry in disk.list(directory)? {
        let orphan = [".index", ".timeindex", ".txnindex"].iter().any(|suffix| {
            entry.name.strip_suffix(suffix).is_some_and(|stem| {
                stem.parse().is_ok_and(|base| bases.binary_search(&Offset(base)).is_err())
            })
        });
        if orphan || entry.name.ends_with(".deleted") || entry.name.ends_with(".cleaned") {
            disk.remove(&format!("{directory}/{}", entry.name))?;
        }
    }
    Ok(bases)
}

fn log_files(disk: &Disk, directory: &str) -> Result<Vec<Offset>> {
    let mut bases = Vec::new();
    for entry in disk.list(directory)? {
        let Some(stem) = entry.name.strip_suffix(".log") else { continue };
        match stem.parse::<i64>() {
            // Offsets of the segment must fit, too.
            Ok(base)
                if (0..i64::MAX - (1 << 33)).contains(&base)
                    && file_name(Offset(base), "") == stem =>
            {
                bases.push(Offset(base));
            }
            _ => {
                let path = format!("{directory}/{}", entry.name);
                let what = "the name of a .log file must be an offset of twenty digits";
                return Err(StorageError::new(StorageErrorKind::Corrupt, path, what));
            }
        }
    }
    bases.sort_unstable();
    Ok(bases)
}

/// Makes the index files that are missing, empty; says whether the offset index was among them: only that makes Kafka
/// scan the segment (`LogSegment.sanityCheck`).
fn complete(disk: &mut Disk, directory: &str, base_offset: Offset) -> Result<bool> {
    let mut missing = false;
    for suffix in [".index", ".timeindex"] {
        let path = format!("{directory}/{}", file_name(base_offset, suffix));
        if !disk.exists(&path) {
            disk.create_mapped(&path, 0)?;
            missing |= suffix == ".index";
        }
    }
    Ok(missing)
}
