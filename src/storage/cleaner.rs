//! Compaction: of each key only the newest record below the active segment stays (classes `Cleaner`, `LogCleaner`).
//!
//! ```text
//!   1 begun        from first dirty to first uncleanable offset
//!   2 mapped       one batch of the dirty section read: key → newest offset        (once for each batch)
//!   3 map built    the pass covers the log up to here
//!   4 grouped      neighbours whose bytes fit into segment.bytes become one segment
//!   5 opened       NNN.log.cleaned begins                                          ┐
//!   6 judged       one batch: copied, rewritten, emptied or dropped, with reasons  │ for each group
//!   7 written      NNN.log.cleaned is complete and flushed                         │
//!   8 swapping     renamed to NNN.log.swap: from here on a start completes it      │
//!   9 replaced     the old segments become .deleted, .swap loses its suffix        ┘
//!  10 done         how far the log is clean now: cleaner-offset-checkpoint
//! ```
//!
//! [`Cleaning`] is a plain value that takes one step at a time; [`Log::clean`] runs it to its end. Offsets never
//! change, the active segment is never touched. Sources: `Cleaner.doClean`, `LogCleanerManager`, `LocalLog
//! .replaceSegments` of 4.3; KIP-98 (markers), KIP-534 (delete horizon). Left out: throttling, and message formats
//! older than 2.

mod choose;
mod filter;
mod group;
mod swap;
mod told;
#[cfg(test)]
mod tests;
mod transactions;

pub use choose::Cleanable;
pub use filter::{ActiveProducers, BatchFate, LastRecord, RecordFate};
pub use told::ToldCleaning;

use super::error::{Result, StorageError};
use super::event::Event;
use super::log::Log;
use super::offset_map::OffsetMap;
use super::segment::Segment;
use crate::batch;
use crate::clock::Instant;
use crate::disk::Disk;
use crate::types::{Offset, Position, Timestamp};
use filter::Filter;
use swap::CleanedSegment;
use transactions::Transactions;

/// Keys are told as text while the offset map has fewer than this.
const MOST_KEYS_TOLD: usize = 100;

/// What a pass of the cleaner is to do.
#[derive(Clone, Debug)]
pub struct CleaningPlan {
    /// Where the dirty section begins: the end of the last pass.
    pub first_dirty_offset: Offset,
    /// Where it ends.
    pub first_uncleanable_offset: Offset,
    /// Producers that the partition remembers: their last batches are not lost.
    pub producers: ActiveProducers,
    /// Size of the offset map, `log.cleaner.dedupe.buffer.size`.
    pub buffer_bytes: u64,
    /// When it is: `.deleted` files wait from now on.
    pub now: Instant,
    /// What the broker's clock says: delete horizons are counted from it.
    pub timestamp: Timestamp,
}

/// One step of the cleaner.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the fields are Kafka's nouns, the variants say the rest
pub enum CleanStep {
    /// The pass begins.
    Begun { first_dirty_offset: Offset, first_uncleanable_offset: Offset },
    /// One batch of the dirty section was read into the map.
    Mapped {
        segment: Offset,
        position: Position,
        base_offset: Offset,
        last_offset: Offset,
        aborted: bool,
        keys: usize,
        /// Its keys as text, with their offsets; only the first of a pass, cut to a readable length.
        newest: Vec<(String, Offset)>,
    },
    /// The map covers the log up to `end_offset`.
    MapBuilt { end_offset: Offset, keys: usize, full: bool },
    /// Which segments become one.
    Grouped { groups: Vec<Vec<Offset>> },
    /// A `.cleaned` file begins.
    Opened { into: Offset, from: Vec<Offset> },
    /// One batch was judged, with the reason for each of its records.
    Judged {
        segment: Offset,
        position: Position,
        base_offset: Offset,
        last_offset: Offset,
        fate: BatchFate,
        records: Vec<(Offset, RecordFate)>,
        delete_horizon: Option<Timestamp>,
    },
    /// The `.cleaned` file is complete.
    Written { into: Offset, size_bytes: u32 },
    /// It is called `.swap` now.
    Swapping { into: Offset },
    /// It has taken the place of the old segments.
    Replaced { into: Offset, from: Vec<Offset>, bytes_before: u64, bytes_after: u64 },
    /// The log is clean up to here.
    Done(CleaningResult),
}

/// What a pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CleaningResult {
    /// The log is clean up to here, without it.
    pub end_offset: Offset,
    /// Records that were read while copying.
    pub records_read: u64,
    /// Records that were kept.
    pub records_kept: u64,
    /// Bytes of the segments before.
    pub bytes_before: u64,
    /// Bytes of the segments after.
    pub bytes_after: u64,
}

#[derive(Clone, Debug)]
enum Phase {
    Begin,
    /// Position in the list of segments, then in the file; nothing: look it up in the index.
    Map(usize, Option<Position>),
    Built,
    Group,
    Open(usize),
    Copy(usize, usize, Position),
    Swap(usize),
    Replace(usize),
    Done,
    Ended,
}

/// A pass of the cleaner over one log: a value that takes one step at a time.
#[derive(Clone, Debug)]
pub struct Cleaning {
    plan: CleaningPlan,
    phase: Phase,
    map: OffsetMap,
    full: bool,
    transactions: Transactions,
    groups: Vec<Vec<Offset>>,
    cleaned: Option<CleanedSegment>,
    result: CleaningResult,
}

impl Cleaning {
    /// A pass that has not begun.
    pub fn new(plan: CleaningPlan) -> Cleaning {
        Cleaning {
            map: OffsetMap::with_buffer(plan.buffer_bytes),
            plan,
            phase: Phase::Begin,
            full: false,
            transactions: Transactions::default(),
            groups: Vec::new(),
            cleaned: None,
            result: CleaningResult::default(),
        }
    }

    /// The next step; nothing when the pass is over.
    pub fn step(
        &mut self,
        log: &mut Log,
        disk: &mut Disk,
        events: &mut Vec<Event>,
    ) -> Result<Option<CleanStep>> {
        loop {
            let told = match self.phase {
                Phase::Begin => Some(self.begin(log, disk, events)?),
                Phase::Map(n, position) => self.map_batch(log, disk, n, position)?,
                Phase::Built => Some(self.built(log, events)),
                Phase::Group => Some(self.group(log)),
                Phase::Open(group) => Some(self.open(log, disk, group)?),
                Phase::Copy(group, n, position) => {
                    self.copy_batch(log, disk, group, n, position)?
                }
                Phase::Swap(group) => Some(self.swap(log, disk, group)?),
                Phase::Replace(group) => Some(self.replace(log, disk, group, events)?),
                Phase::Done => {
                    self.phase = Phase::Ended;
                    Some(CleanStep::Done(self.result))
                }
                Phase::Ended => return Ok(None),
            };
            if told.is_some() {
                return Ok(told);
            }
        }
    }

    fn begin(&mut self, log: &Log, disk: &Disk, events: &mut Vec<Event>) -> Result<CleanStep> {
        let CleaningPlan { first_dirty_offset, first_uncleanable_offset, .. } = self.plan;
        let from = log.floor_segment(first_dirty_offset).unwrap_or(0);
        let known = log.collect_aborted(disk, first_dirty_offset, first_uncleanable_offset)?;
        self.transactions.add_aborted(known);
        self.phase = match first_dirty_offset < first_uncleanable_offset {
            true => Phase::Map(from, None),
            false => Phase::Built,
        };
        let (partition, from, to) =
            (log.partition().clone(), first_dirty_offset, first_uncleanable_offset);
        events.push(Event::CleaningBegun { partition, from, to });
        Ok(CleanStep::Begun { first_dirty_offset, first_uncleanable_offset })
    }

    /// Reads one batch into the map (`buildOffsetMapForSegment`).
    fn map_batch(
        &mut self,
        log: &Log,
        disk: &Disk,
        n: usize,
        position: Option<Position>,
    ) -> Result<Option<CleanStep>> {
        let end = self.plan.first_uncleanable_offset;
        let start = self.plan.first_dirty_offset;
        let Some(segment) = log.segments().get(n).filter(|s| s.base_offset < end && !self.full)
        else {
            self.phase = Phase::Built;
            return Ok(None);
        };
        let position = match position {
            Some(position) => position,
            None => segment.index.lookup(disk, start)?.1,
        };
        let Some((bytes, next)) = whole_batch(segment, disk, position)? else {
            let following = log.segments().get(n + 1).map_or(end, |next| next.base_offset.min(end));
            self.map.update_latest_offset(Offset(following.0 - 1));
            self.phase = Phase::Map(n + 1, None);
            return Ok(None);
        };
        let wrong =
            |error| StorageError::batch(disk.path(segment.log), u64::from(position.0), error);
        let header = batch::Header::parse(&bytes).map_err(wrong)?;
        let (mut aborted, mut newest) = (false, Vec::new());
        if header.is_control() {
            let records = batch::records(&bytes).map_err(wrong)?;
            self.transactions.control(&header, filter::control_type(&records));
        } else {
            aborted = self.transactions.data(&header);
            if !aborted {
                for record in batch::records(&bytes).map_err(wrong)? {
                    let Some(key) = record.key.as_deref().filter(|_| record.offset >= start) else {
                        continue;
                    };
                    if self.map.len() < MOST_KEYS_TOLD {
                        let text: String = String::from_utf8_lossy(key).chars().take(40).collect();
                        newest.push((text, record.offset));
                    }
                    if !self.map.put(key, record.offset) {
                        self.full = true;
                        self.phase = Phase::Built;
                        return Ok(None);
                    }
                }
            }
        }
        if header.last_offset() >= start {
            self.map.update_latest_offset(header.last_offset());
        }
        self.phase = Phase::Map(n, Some(next));
        Ok(Some(CleanStep::Mapped {
            segment: segment.base_offset,
            position,
            base_offset: header.base_offset,
            last_offset: header.last_offset(),
            aborted,
            keys: self.map.len(),
            newest,
        }))
    }

    /// The map is built: how far does the pass come?
    fn built(&mut self, log: &Log, events: &mut Vec<Event>) -> CleanStep {
        let end_offset = self.map.latest_offset() + 1;
        self.result.end_offset = end_offset;
        self.transactions = Transactions::default();
        self.phase = Phase::Group;
        let (keys, full, partition) = (self.map.len(), self.full, log.partition().clone());
        events.push(Event::OffsetMapBuilt { partition, end_offset, keys: keys as u64, full });
        CleanStep::MapBuilt { end_offset, keys, full }
    }

    /// Which segments become one?
    fn group(&mut self, log: &Log) -> CleanStep {
        let (end, bound) = (self.result.end_offset, self.plan.first_uncleanable_offset);
        self.groups = group::group_segments(log, end, bound);
        self.phase = match self.groups.is_empty() {
            true => Phase::Done,
            false => Phase::Open(0),
        };
        CleanStep::Grouped { groups: self.groups.clone() }
    }

    fn open(&mut self, log: &Log, disk: &mut Disk, group: usize) -> Result<CleanStep> {
        let from = self.groups[group].clone();
        let into = from[0];
        self.transactions.kept.clear();
        self.cleaned = Some(CleanedSegment::create(disk, log, into)?);
        self.enter_segment(log, disk, group, 0)?;
        self.phase = Phase::Copy(group, 0, Position(0));
        Ok(CleanStep::Opened { into, from })
    }

    /// Before a segment is read: which of the transactions in it were aborted?
    fn enter_segment(&mut self, log: &Log, disk: &Disk, group: usize, n: usize) -> Result<()> {
        let base = self.groups[group][n];
        let segment = log.segment_at(base)?;
        let up_to = match self.groups[group].get(n + 1) {
            Some(&next) => next,
            None => segment.read_next_offset(disk)?,
        };
        self.transactions.add_aborted(log.collect_aborted(disk, base, up_to)?);
        Ok(())
    }

    /// Judges one batch and writes what survives.
    fn copy_batch(
        &mut self,
        log: &Log,
        disk: &mut Disk,
        group: usize,
        n: usize,
        position: Position,
    ) -> Result<Option<CleanStep>> {
        let base = self.groups[group][n];
        let segment = log.segment_at(base)?;
        let Some((bytes, next)) = whole_batch(segment, disk, position)? else {
            if n + 1 < self.groups[group].len() {
                self.enter_segment(log, disk, group, n + 1)?;
                self.phase = Phase::Copy(group, n + 1, Position(0));
                return Ok(None);
            }
            let cleaned = self.cleaned.as_mut().expect("a group is open");
            let size_bytes = cleaned.finish(disk, log, &self.transactions.kept)?;
            self.phase = Phase::Swap(group);
            return Ok(Some(CleanStep::Written { into: self.groups[group][0], size_bytes }));
        };
        let filter = Filter {
            map: &self.map,
            producers: &self.plan.producers,
            upper_bound: self.plan.first_uncleanable_offset,
            now: self.plan.timestamp,
            delete_retention_ms: log.config().delete_retention_ms,
        };
        let judged = filter
            .judge(&bytes, &mut self.transactions)
            .map_err(|e| StorageError::batch(disk.path(segment.log), u64::from(position.0), e))?;
        self.result.records_read += judged.records.len() as u64;
        self.result.records_kept +=
            judged.records.iter().filter(|(_, fate)| fate.is_kept()).count() as u64;
        if judged.fate != BatchFate::Dropped {
            let written = judged.bytes.as_deref().unwrap_or(&bytes);
            let last = judged.header.last_offset();
            self.cleaned.as_mut().expect("a group is open").append(disk, log, written, last)?;
        }
        self.phase = Phase::Copy(group, n, next);
        Ok(Some(CleanStep::Judged {
            segment: base,
            position,
            base_offset: judged.header.base_offset,
            last_offset: judged.header.last_offset(),
            fate: judged.fate,
            records: judged.records,
            delete_horizon: judged.delete_horizon,
        }))
    }

    fn swap(&mut self, log: &Log, disk: &mut Disk, group: usize) -> Result<CleanStep> {
        swap::cleaned_to_swap(disk, log, self.groups[group][0])?;
        self.phase = Phase::Replace(group);
        Ok(CleanStep::Swapping { into: self.groups[group][0] })
    }

    fn replace(
        &mut self,
        log: &mut Log,
        disk: &mut Disk,
        group: usize,
        events: &mut Vec<Event>,
    ) -> Result<CleanStep> {
        let from = self.groups[group].clone();
        let cleaned = self.cleaned.take().expect("a group is open").segment;
        let bytes_after = u64::from(cleaned.size_bytes);
        let bytes_before = log.replace_segments(disk, cleaned, &from, self.plan.now, events)?;
        self.result.bytes_before += bytes_before;
        self.result.bytes_after += bytes_after;
        self.phase = match group + 1 < self.groups.len() {
            true => Phase::Open(group + 1),
            false => Phase::Done,
        };
        let (partition, into) = (log.partition().clone(), from[0]);
        let segments = from.len() as u32;
        events.push(Event::SegmentsCleaned {
            partition,
            into,
            segments,
            bytes_before,
            bytes_after,
        });
        Ok(CleanStep::Replaced { into: from[0], from, bytes_before, bytes_after })
    }
}

/// The batch at `position` and where the next one begins; nothing at the end of the file.
fn whole_batch(
    segment: &Segment,
    disk: &Disk,
    position: Position,
) -> Result<Option<(Vec<u8>, Position)>> {
    let Some(header) = segment.header_at(disk, position)? else { return Ok(None) };
    let bytes = disk.read(segment.log, u64::from(position.0), header.size_bytes())?;
    Ok(Some((bytes, Position(position.0 + header.size_bytes() as u32))))
}

impl Log {
    /// Runs a pass of the cleaner to its end.
    pub fn clean(
        &mut self,
        disk: &mut Disk,
        plan: CleaningPlan,
        events: &mut Vec<Event>,
    ) -> Result<CleaningResult> {
        self.clean_and_tell(disk, plan, events, &mut ToldCleaning::default())
    }
}
