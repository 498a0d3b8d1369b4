//! One segment: a `.log` file and its two indexes (class `LogSegment`).
//!
//! ```text
//!   append a batch:   bytes since the last entry > index.interval.bytes ?
//!                      │ yes: index entry (last offset of this batch, its position), time index entry, counter = 0
//!                      └ then: counter += size of this batch
//! ```
//!
//! The rule looks before it counts, so the first batch of a segment never has an entry, and one that makes exactly
//! `index.interval.bytes` does not trigger the next.

use super::config::LogConfig;
use super::error::{Result, StorageError};
use super::event::{Event, RollReason};
use super::few::Few;
use super::offset_index::{OffsetIndex, overflow, relative};
use super::time_index::TimeIndex;
use crate::batch::{HEADER_SIZE_BYTES, Header, batch_size};
use crate::disk::{Disk, FileId};
use crate::era::{IndexCounter, IndexKey};
use crate::prng;
use crate::types::{Offset, Position, Timestamp, TopicPartition};

/// One segment of a log, as numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Offset of its first record, or of the first that it would have: the files' name.
    pub base_offset: Offset,
    /// The `.log` file.
    pub log: FileId,
    /// The `.index` file.
    pub index: OffsetIndex,
    /// The `.timeindex` file.
    pub time_index: TimeIndex,
    /// The `.txnindex` file: made when the first aborted transaction comes.
    pub transaction_index: Option<FileId>,
    /// Bytes in the `.log` file.
    pub size_bytes: u32,
    /// Bytes appended since the last index entry (counted anew after each start).
    pub bytes_since_last_index_entry: u32,
    /// Greatest timestamp so far and the last offset of its batch; (-1, base offset) without records.
    pub max_timestamp: (Timestamp, Offset),
    /// Greatest timestamp of the first batch, once it was asked for: `segment.ms` counts from it.
    pub(super) first_timestamp: Option<Timestamp>,
    /// Base offset and position of the last batch, if this process appended it: most reads want just that.
    pub(super) last_batch: Option<(Offset, Position)>,
}

/// A segment's file name: twenty digits and the suffix, `.log` or another.
pub fn file_name(base_offset: Offset, suffix: &str) -> String {
    format!("{:020}{suffix}", base_offset.0)
}

impl Segment {
    /// Makes the three files.
    pub(super) fn create(
        disk: &mut Disk,
        directory: &str,
        base_offset: Offset,
        config: &LogConfig,
    ) -> Result<Segment> {
        Segment::create_as(disk, directory, base_offset, config, "")
    }

    /// Makes the three files with something behind their names, as the cleaner does.
    pub(super) fn create_as(
        disk: &mut Disk,
        directory: &str,
        base_offset: Offset,
        config: &LogConfig,
        behind: &str,
    ) -> Result<Segment> {
        let path = |suffix| format!("{directory}/{}{behind}", file_name(base_offset, suffix));
        let log = disk.create(&path(".log"))?;
        let room = config.segment_index_bytes;
        let index = OffsetIndex::create(disk, &path(".index"), base_offset, room)?;
        let time_index = TimeIndex::create(disk, &path(".timeindex"), base_offset, room)?;
        Ok(Segment {
            base_offset,
            log,
            index,
            time_index,
            transaction_index: None,
            size_bytes: 0,
            bytes_since_last_index_entry: 0,
            max_timestamp: (Timestamp::NONE, base_offset),
            first_timestamp: None,
            last_batch: None,
        })
    }

    /// Opens the three files and believes them.
    pub(super) fn open(disk: &mut Disk, directory: &str, base_offset: Offset) -> Result<Segment> {
        let path = |suffix| format!("{directory}/{}", file_name(base_offset, suffix));
        let log = disk.open(&path(".log"))?;
        let index = OffsetIndex::open(disk, &path(".index"), base_offset)?;
        let time_index = TimeIndex::open(disk, &path(".timeindex"), base_offset)?;
        let transactions = path(".txnindex");
        let transaction_index =
            disk.exists(&transactions).then(|| disk.open(&transactions)).transpose()?;
        Ok(Segment {
            base_offset,
            log,
            index,
            time_index,
            transaction_index,
            size_bytes: disk.size(log) as u32,
            bytes_since_last_index_entry: 0,
            max_timestamp: time_index.last_entry(),
            first_timestamp: None,
            last_batch: None,
        })
    }

    /// A segment of which only the log and the offset index are of interest.
    pub(super) fn of_files(
        disk: &Disk,
        base_offset: Offset,
        log: FileId,
        index: OffsetIndex,
    ) -> Segment {
        let size_bytes = disk.size(log) as u32;
        Segment {
            base_offset,
            log,
            index,
            time_index: TimeIndex::none(log, base_offset),
            transaction_index: None,
            size_bytes,
            bytes_since_last_index_entry: 0,
            max_timestamp: (Timestamp::NONE, base_offset),
            first_timestamp: None,
            last_batch: None,
        }
    }

    /// Reads the header of the batch at `position`, as leniently as Kafka's reader (`FileLogInputStream.nextBatch`):
    /// nothing at the end of the file, nor where the file ends inside the batch.
    pub fn header_at(&self, disk: &Disk, position: Position) -> Result<Option<Header>> {
        if self.left_at(position) < 17 {
            return Ok(None);
        }
        let start = u64::from(position.0);
        disk.with_bytes(self.log, start, HEADER_SIZE_BYTES, |bytes| {
            self.header_in(disk, position, bytes)
        })?
    }

    /// Bytes from `position` to the end.
    pub(super) fn left_at(&self, position: Position) -> usize {
        self.size_bytes.saturating_sub(position.0) as usize
    }

    /// The header at `position`, of which `bytes` begin there: at least [`HEADER_SIZE_BYTES`], if the file has them.
    #[inline]
    pub(super) fn header_in(
        &self,
        disk: &Disk,
        position: Position,
        bytes: &[u8],
    ) -> Result<Option<Header>> {
        let left = self.left_at(position);
        if left < 17 {
            return Ok(None);
        }
        match batch_size(bytes) {
            Ok(size) if size > left => Ok(None),
            _ => Header::read(bytes).map(Some),
        }
        .map_err(|error| StorageError::batch(disk.path(self.log), u64::from(position.0), error))
    }

    /// The first batch of this segment whose last offset is at or beyond `target` (`translateOffset`).
    pub(super) fn translate(
        &self,
        disk: &Disk,
        target: Offset,
    ) -> Result<Option<(Position, Header)>> {
        let (_, start) = self.index.lookup(disk, target)?;
        for found in self.headers(disk, start) {
            let (position, header) = found?;
            if header.last_offset() >= target {
                return Ok(Some((position, header)));
            }
        }
        Ok(None)
    }

    /// Appends batches that were checked: each with its place in `bytes`. `partition` is for the events.
    #[allow(clippy::too_many_arguments)] // what is known already is not to be found out again
    pub(super) fn append(
        &mut self,
        disk: &mut Disk,
        bytes: &[u8],
        batches: &Few<(Position, Header)>,
        last_offset: Offset,
        config: &LogConfig,
        partition: &TopicPartition,
        events: &mut Vec<Event>,
    ) -> Result<Position> {
        let first_position = self.size_bytes;
        if relative(self.base_offset, last_offset).is_none() {
            return Err(overflow(disk.path(self.log).to_string(), self.base_offset, last_offset));
        }
        disk.append(self.log, bytes)?;
        let mut position = self.size_bytes;
        self.size_bytes += bytes.len() as u32;
        let per_append = config.era.index_counter == IndexCounter::Append;
        if per_append && self.bytes_since_last_index_entry > config.index_interval_bytes {
            // The whole append counts as one: an entry at its start, before anything else is known of it.
            let first = batches.first().map(|(_, header)| header);
            let offset = match (config.era.index_key, first) {
                (IndexKey::First, Some(header)) => header.base_offset,
                _ => last_offset,
            };
            let greatest = batches.iter().map(|(_, header)| header.max_timestamp).max();
            if let Some(greatest) = greatest.filter(|greatest| *greatest > self.max_timestamp.0) {
                self.max_timestamp = (greatest, last_offset);
            }
            self.add_index_entries(disk, offset, Position(position), partition, events)?;
            self.bytes_since_last_index_entry = 0;
        }
        for (_, header) in batches.iter() {
            if header.max_timestamp > self.max_timestamp.0 {
                self.max_timestamp = (header.max_timestamp, header.last_offset());
            }
            let due = self.bytes_since_last_index_entry > config.index_interval_bytes;
            if due && !per_append {
                let offset = match config.era.index_key {
                    IndexKey::First => header.base_offset,
                    IndexKey::Last => header.last_offset(),
                };
                self.add_index_entries(disk, offset, Position(position), partition, events)?;
                self.bytes_since_last_index_entry = 0;
            }
            if self.first_timestamp.is_none() && position == 0 {
                self.first_timestamp = Some(header.max_timestamp);
            }
            self.last_batch = Some((header.base_offset, Position(position)));
            position += header.size_bytes() as u32;
            self.bytes_since_last_index_entry += header.size_bytes() as u32;
        }
        Ok(Position(first_position))
    }

    /// Both entries that fall due before a batch. An append of many batches can meet a full index: Kafka fails there
    /// with the bytes already written; we go on without the entry, and the next append rolls.
    fn add_index_entries(
        &mut self,
        disk: &mut Disk,
        offset: Offset,
        position: Position,
        partition: &TopicPartition,
        events: &mut Vec<Event>,
    ) -> Result<()> {
        let segment = self.base_offset;
        if !self.index.is_full() {
            self.index.append(disk, offset, position)?;
            let partition = partition.clone();
            events.push(Event::IndexEntryAdded { partition, segment, offset, position });
        }
        if !self.time_index.is_full() && self.max_timestamp.0 >= self.time_index.last_entry().0 {
            self.add_time_entry(disk, false, partition, events)?;
        }
        Ok(())
    }

    fn add_time_entry(
        &mut self,
        disk: &mut Disk,
        closing: bool,
        partition: &TopicPartition,
        events: &mut Vec<Event>,
    ) -> Result<()> {
        let (timestamp, offset) = self.max_timestamp;
        if self.time_index.maybe_append(disk, timestamp, offset, closing)? {
            let (partition, segment) = (partition.clone(), self.base_offset);
            events.push(Event::TimeIndexEntryAdded { partition, segment, timestamp, offset });
        }
        Ok(())
    }

    /// The segment is written no more: closing time index entry, indexes trimmed (`onBecomeInactiveSegment`, `close`).
    pub(super) fn finish(
        &mut self,
        disk: &mut Disk,
        partition: &TopicPartition,
        events: &mut Vec<Event>,
    ) -> Result<()> {
        if self.time_index.entries() < self.time_index.max_entries() {
            self.add_time_entry(disk, true, partition, events)?;
        }
        self.index.trim(disk)?;
        self.time_index.trim(disk)
    }

    /// Whether what comes next must open a new segment, and why (`LogSegment.shouldRoll`, in Kafka's order).
    pub(super) fn should_roll(
        &mut self,
        disk: &Disk,
        config: &LogConfig,
        size_bytes: usize,
        max_timestamp: Timestamp,
        last_offset: Offset,
    ) -> Result<Option<RollReason>> {
        if i64::from(self.size_bytes) > i64::from(config.segment_bytes) - size_bytes as i64 {
            return Ok(Some(RollReason::Size));
        }
        if self.size_bytes > 0 {
            let first = self.first_timestamp(disk)?;
            if first.0 >= 0
                && max_timestamp.0.saturating_sub(first.0)
                    > config.max_segment_ms() - self.jitter_ms(config)
            {
                return Ok(Some(RollReason::Time));
            }
        }
        Ok(if self.index.is_full() {
            Some(RollReason::OffsetIndexFull)
        } else if self.time_index.is_full() {
            Some(RollReason::TimeIndexFull)
        } else if relative(self.base_offset, last_offset).is_none() {
            Some(RollReason::OffsetOverflow)
        } else {
            None
        })
    }

    /// What is taken off `segment.ms` for this segment, so that many logs do not roll at once: drawn by its base offset
    /// and so the same in every run (`LogConfig.randomSegmentJitter`).
    fn jitter_ms(&self, config: &LogConfig) -> i64 {
        let most = config.segment_jitter_ms.min(config.segment_ms);
        if most <= 0 {
            return 0;
        }
        let base = self.base_offset.0 as u64;
        let drawn = prng::below(0, prng::Purpose::SegmentJitter, base, 0, 0, most as u64);
        i64::try_from(drawn).unwrap_or(0)
    }

    fn first_timestamp(&mut self, disk: &Disk) -> Result<Timestamp> {
        if self.first_timestamp.is_none() {
            self.first_timestamp =
                self.header_at(disk, Position(0))?.map(|header| header.max_timestamp);
        }
        Ok(self.first_timestamp.unwrap_or(Timestamp::NONE))
    }
}
