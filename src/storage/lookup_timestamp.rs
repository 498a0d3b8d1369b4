//! Finding the first record at or after a time, one named step at a time (`LogSegment.findOffsetByTimestamp`, KIP-33).
//!
//! ```text
//!   time → first segment whose greatest timestamp is not before it
//!        → time index: last entry at or before the time → an offset
//!        → offset index: that offset → a position
//!        → scan batches; inside the first one that reaches the time, scan records
//! ```

use super::error::StorageError;
use super::log::Log;
use super::search::{Look, Search};
use super::segment::Segment;
use crate::batch;
use crate::disk::Disk;
use crate::types::{LeaderEpoch, Offset, Position, Timestamp};

/// One step of a lookup by time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the fields are Kafka's nouns, the variants say the rest
pub enum TimestampStep {
    /// A segment is passed over or chosen by its greatest timestamp.
    ChooseSegment { base_offset: Offset, max_timestamp: Timestamp, chosen: bool },
    /// A look at an entry of the time index.
    Probe { slot: u32, entry_timestamp: Timestamp, entry_offset: Offset, later: bool },
    /// What the time index says: the last entry at or before the time; (-1, base offset) if there is none.
    TimeIndexAnswer { timestamp: Timestamp, offset: Offset },
    /// What the offset index makes of that offset.
    OffsetIndexAnswer { offset: Offset, position: Position },
    /// A batch that is passed over, or the first that reaches the time.
    ScanBatch { position: Position, base_offset: Offset, max_timestamp: Timestamp, taken: bool },
    /// Here it is.
    Found { offset: Offset, timestamp: Timestamp, leader_epoch: LeaderEpoch },
    /// No record is that late.
    NotFound { target: Timestamp },
    /// A file makes no sense here.
    Damaged { error: Box<StorageError> },
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Choose,
    Search(Search),
    OffsetIndex { offset: Offset },
    Scan,
    Take { size_bytes: usize },
    Done,
}

/// The steps of one lookup by time, made as they are asked for.
#[derive(Clone, Debug)]
pub struct TimestampLookup<'a> {
    log: &'a Log,
    disk: &'a Disk,
    target: Timestamp,
    phase: Phase,
    segment: usize,
    at: Position,
}

impl Log {
    /// The steps of finding the first record at or after `timestamp`.
    pub fn lookup_timestamp<'a>(
        &'a self,
        disk: &'a Disk,
        timestamp: Timestamp,
    ) -> TimestampLookup<'a> {
        TimestampLookup {
            log: self,
            disk,
            target: timestamp,
            phase: Phase::Choose,
            segment: 0,
            at: Position(0),
        }
    }

    /// The offset and timestamp of the first record at or after `timestamp`, if there is one.
    pub fn offset_for_timestamp(
        &self,
        disk: &Disk,
        timestamp: Timestamp,
    ) -> super::Result<Option<(Offset, Timestamp, LeaderEpoch)>> {
        match self.lookup_timestamp(disk, timestamp).last() {
            Some(TimestampStep::Found { offset, timestamp, leader_epoch }) => {
                Ok(Some((offset, timestamp, leader_epoch)))
            }
            Some(TimestampStep::Damaged { error }) => Err(*error),
            _ => Ok(None),
        }
    }
}

impl TimestampLookup<'_> {
    fn segment(&self) -> &Segment {
        &self.log.segments()[self.segment]
    }

    fn step(&mut self) -> super::Result<TimestampStep> {
        match self.phase {
            Phase::Choose => Ok(self.choose()),
            Phase::Search(mut search) => {
                let index = self.segment().time_index;
                let look = search.next(|n| Ok(index.entry(self.disk, n)?.0.0))?;
                let slot = match look {
                    Look::Warm { slot, .. } => slot,
                    Look::Least { .. } => 0,
                    Look::Probe { middle, .. } => middle,
                    Look::Answer { slot, .. } => {
                        let none = (Timestamp::NONE, self.segment().base_offset);
                        let (timestamp, offset) =
                            slot.map_or(Ok(none), |slot| index.entry(self.disk, slot))?;
                        self.phase = Phase::OffsetIndex { offset };
                        return Ok(TimestampStep::TimeIndexAnswer { timestamp, offset });
                    }
                };
                self.phase = Phase::Search(search);
                let (entry_timestamp, entry_offset) = index.entry(self.disk, slot)?;
                let later = entry_timestamp > self.target;
                Ok(TimestampStep::Probe { slot, entry_timestamp, entry_offset, later })
            }
            Phase::OffsetIndex { offset } => {
                let offset = offset.max(self.log.log_start_offset());
                let (_, position) = self.segment().index.lookup(self.disk, offset)?;
                (self.at, self.phase) = (position, Phase::Scan);
                Ok(TimestampStep::OffsetIndexAnswer { offset, position })
            }
            Phase::Scan => self.scan(),
            Phase::Take { size_bytes } => self.take(size_bytes),
            Phase::Done => Ok(self.end()),
        }
    }

    fn end(&mut self) -> TimestampStep {
        self.phase = Phase::Done;
        TimestampStep::NotFound { target: self.target }
    }

    fn choose(&mut self) -> TimestampStep {
        let Some(segment) = self.log.segments().get(self.segment) else { return self.end() };
        let (base_offset, max_timestamp) = (segment.base_offset, segment.max_timestamp.0);
        let chosen = segment.size_bytes > 0 && max_timestamp >= self.target;
        if chosen {
            let search = segment.time_index.search(self.target);
            self.phase = Phase::Search(match self.log.config().era.warm_search {
                true => search,
                false => search.without_warm_section(),
            });
        } else {
            self.segment += 1;
        }
        TimestampStep::ChooseSegment { base_offset, max_timestamp, chosen }
    }

    fn scan(&mut self) -> super::Result<TimestampStep> {
        let Some(header) = self.segment().header_at(self.disk, self.at)? else {
            return Ok(self.end());
        };
        let (position, base_offset, max_timestamp) =
            (self.at, header.base_offset, header.max_timestamp);
        let taken = max_timestamp >= self.target;
        if taken {
            self.phase = Phase::Take { size_bytes: header.size_bytes() };
        } else {
            self.at = Position(position.0.saturating_add(header.size_bytes() as u32));
        }
        Ok(TimestampStep::ScanBatch { position, base_offset, max_timestamp, taken })
    }

    /// Looks through the records of the batch; if it has none that fits, the scan goes on behind it.
    fn take(&mut self, size_bytes: usize) -> super::Result<TimestampStep> {
        let (start, target, log_start) = (self.at, self.target, self.log.log_start_offset());
        let log = self.segment().log;
        let found = self.disk.with_bytes(log, u64::from(start.0), size_bytes, |bytes| {
            let entry = batch::Entry::parse(bytes)?;
            let leader_epoch = entry.partition_leader_epoch;
            let contents = entry.contents()?;
            for record in &contents {
                let record = record?;
                if record.timestamp >= target && record.offset >= log_start {
                    return Ok(Some((record.offset, record.timestamp, leader_epoch)));
                }
            }
            Ok(None)
        })?;
        let path = || self.disk.path(log).to_string();
        match found.map_err(|error| StorageError::batch(path(), u64::from(start.0), error))? {
            Some((offset, timestamp, leader_epoch)) => {
                self.phase = Phase::Done;
                Ok(TimestampStep::Found { offset, timestamp, leader_epoch })
            }
            None => {
                self.at = Position(start.0.saturating_add(size_bytes as u32));
                self.phase = Phase::Scan;
                self.scan()
            }
        }
    }
}

impl Iterator for TimestampLookup<'_> {
    type Item = TimestampStep;

    fn next(&mut self) -> Option<TimestampStep> {
        if matches!(self.phase, Phase::Done) {
            return None;
        }
        Some(self.step().unwrap_or_else(|error| {
            self.phase = Phase::Done;
            TimestampStep::Damaged { error: Box::new(error) }
        }))
    }
}
