//! Finding an offset, one named step at a time; the plain function is the last step.
//!
//! ```text
//!   368776 → choose segment: greatest base offset at or below it            00000000000000368769
//!          → look at the warm section of its index, then low/middle/high    entry (3, 497)
//!          → scan batches from byte 497: 368772, …, 368776                  found at byte 897
//! ```
//!
//! Kafka's `LocalLog.read` → `LogSegments.floorSegment` → `OffsetIndex.lookup` → `FileRecords.searchForOffset…`. No
//! step allocates (but for damage), so reads run through the same machine.

use super::error::StorageError;
use super::log::Log;
use super::search::{Look, Search};
use crate::batch::{HEADER_SIZE_BYTES, Header};
use crate::disk::Disk;
use crate::types::{Offset, Position};
use std::cmp::Ordering;

/// Which way a probe sent the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Went {
    /// The entry is beyond the target: go on below the middle.
    Lower,
    /// The entry is before the target: go on from the middle up.
    Upper,
    /// The entry is the target.
    Here,
}

/// One step of a lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the fields are Kafka's nouns, the variants say the rest
pub enum LookupStep {
    /// The segment with the greatest base offset at or below the target; `chosen` counts in [`Log::segments`].
    ChooseSegment { target: Offset, candidates: u32, chosen: u32, base_offset: Offset },
    /// The first entry of the warm section: below the target, so only the warm section is searched?
    WarmSection { slot: u32, entries: u32, entry_offset: Offset, below: bool },
    /// The very first entry: beyond the target, so the scan begins at byte 0?
    LeastEntry { entry_offset: Offset, beyond: bool },
    /// The entry in the middle between `low` and `high`.
    Probe {
        low: u32,
        high: u32,
        middle: u32,
        entry_offset: Offset,
        entry_position: Position,
        went: Went,
    },
    /// What the index says: the greatest entry at or below the target as (slot, offset), and where to scan from.
    IndexAnswer { entry: Option<(u32, Offset)>, position: Position },
    /// No index was asked: the scan begins at byte 0.
    WithoutIndex,
    /// A batch in the way, or the one that holds the target.
    ScanBatch {
        position: Position,
        base_offset: Offset,
        last_offset: Offset,
        size_bytes: u32,
        taken: bool,
    },
    /// The segment ended before the target (compaction leaves such gaps): go on in the next one.
    NextSegment { base_offset: Offset },
    /// Here it is.
    Found {
        segment: Offset,
        position: Position,
        base_offset: Offset,
        last_offset: Offset,
        size_bytes: u32,
        batches_skipped: u32,
        bytes_scanned: u32,
    },
    /// There is no record at or behind the target yet.
    AtEnd { target: Offset, log_end_offset: Offset },
    /// The log does not have this offset.
    OutOfRange { target: Offset, log_start_offset: Offset, log_end_offset: Offset },
    /// A file makes no sense here.
    Damaged { error: Box<StorageError> },
}

/// How many bytes are read at once to scan them without showing the steps.
const MOST_AT_ONCE_BYTES: u32 = 4096;

#[derive(Clone, Copy, Debug)]
enum Phase {
    Choose,
    Search(Search),
    Scan,
    Found { base_offset: Offset, last_offset: Offset, size_bytes: u32 },
    Done,
}

/// The steps of one lookup, made as they are asked for.
#[derive(Clone, Debug)]
pub struct Lookup<'a> {
    log: &'a Log,
    disk: &'a Disk,
    target: Offset,
    with_index: bool,
    phase: Phase,
    segment: usize,
    scan_from: Position,
    at: Position,
    batches_skipped: u32,
}

impl Log {
    /// The steps of finding `offset`.
    pub fn lookup<'a>(&'a self, disk: &'a Disk, offset: Offset) -> Lookup<'a> {
        Lookup::new(self, disk, offset, true)
    }
    /// The same as if there were no index: the chosen segment is scanned from its first byte.
    pub fn lookup_without_index<'a>(&'a self, disk: &'a Disk, offset: Offset) -> Lookup<'a> {
        Lookup::new(self, disk, offset, false)
    }
}

impl<'a> Lookup<'a> {
    pub(super) fn new(
        log: &'a Log,
        disk: &'a Disk,
        target: Offset,
        with_index: bool,
    ) -> Lookup<'a> {
        let (scan_from, at) = (Position(0), Position(0));
        Lookup {
            log,
            disk,
            target,
            with_index,
            phase: Phase::Choose,
            segment: 0,
            scan_from,
            at,
            batches_skipped: 0,
        }
    }

    fn choose(&mut self) -> LookupStep {
        let (target, log) = (self.target, self.log);
        let log_end_offset = log.log_end_offset();
        self.phase = Phase::Done;
        if target == log_end_offset {
            return LookupStep::AtEnd { target, log_end_offset };
        }
        let inside = target >= log.log_start_offset() && target < log_end_offset;
        let Some(chosen) = log.floor_segment(target).filter(|_| inside) else {
            let log_start_offset = log.log_start_offset();
            return LookupStep::OutOfRange { target, log_start_offset, log_end_offset };
        };
        self.segment = chosen;
        let segment = &log.segments()[chosen];
        let search = segment.index.search(target);
        self.phase = Phase::Search(match self.log.config().era.warm_search {
            true => search,
            false => search.without_warm_section(),
        });
        let (candidates, base_offset) = (log.segments().len() as u32, segment.base_offset);
        LookupStep::ChooseSegment { target, candidates, chosen: chosen as u32, base_offset }
    }

    fn search(&mut self, mut search: Search) -> Result<LookupStep, StorageError> {
        let index = &self.log.segments()[self.segment].index;
        if !self.with_index {
            self.phase = Phase::Scan;
            return Ok(LookupStep::WithoutIndex);
        }
        let look = search.next(|n| Ok(index.entry(self.disk, n)?.0.0))?;
        self.phase = Phase::Search(search);
        Ok(match look {
            Look::Warm { slot, key, below } => {
                let entry_offset = Offset(key);
                LookupStep::WarmSection { slot, entries: index.entries(), entry_offset, below }
            }
            Look::Least { key, beyond } => {
                LookupStep::LeastEntry { entry_offset: Offset(key), beyond }
            }
            Look::Probe { low, high, middle, order, .. } => {
                let (entry_offset, entry_position) = index.entry(self.disk, middle)?;
                let went = match order {
                    Ordering::Less => Went::Upper,
                    Ordering::Greater => Went::Lower,
                    Ordering::Equal => Went::Here,
                };
                LookupStep::Probe { low, high, middle, entry_offset, entry_position, went }
            }
            Look::Answer { slot, .. } => {
                let entry = slot.map(|slot| index.entry(self.disk, slot)).transpose()?;
                let position = entry.map_or(Position(0), |(_, position)| position);
                (self.scan_from, self.at, self.phase) = (position, position, Phase::Scan);
                LookupStep::IndexAnswer {
                    entry: slot.zip(entry.map(|(offset, _)| offset)),
                    position,
                }
            }
        })
    }

    /// Ends the search without showing its steps.
    fn hurry(&mut self, search: Search) -> Result<(), StorageError> {
        let index = &self.log.segments()[self.segment].index;
        let entry = index.finish(self.disk, search)?;
        let position = entry.map_or(Position(0), |(_, position)| position);
        (self.scan_from, self.at, self.phase) = (position, position, Phase::Scan);
        Ok(())
    }

    /// Scans without showing the steps, as far as one piece of the file goes that is read at once: mostly all that
    /// lies between two index entries.
    fn hurry_scan(&mut self) -> Result<(), StorageError> {
        let (disk, from) = (self.disk, self.at);
        let segment = &self.log.segments()[self.segment];
        let piece = self.log.config().index_interval_bytes.min(MOST_AT_ONCE_BYTES) as usize;
        let piece = piece.max(HEADER_SIZE_BYTES);
        if segment.left_at(from) < HEADER_SIZE_BYTES {
            return Ok(());
        }
        disk.with_bytes(segment.log, u64::from(from.0), piece, |bytes| {
            while let Phase::Scan = self.phase
                && let Some(rest) = bytes.get((self.at.0 - from.0) as usize..)
                && rest.len() >= HEADER_SIZE_BYTES
                && let Some(header) = segment.header_in(disk, self.at, rest)?
            {
                self.pass(&header);
            }
            Ok(())
        })?
    }

    fn scan(&mut self) -> Result<LookupStep, StorageError> {
        let segment = &self.log.segments()[self.segment];
        match segment.header_at(self.disk, self.at)? {
            Some(header) => Ok(self.pass(&header)),
            None => Ok(self.next_segment()),
        }
    }

    /// Takes the batch at hand, or goes by.
    fn pass(&mut self, header: &Header) -> LookupStep {
        let (position, size_bytes) = (self.at, header.size_bytes() as u32);
        let (base_offset, last_offset) = (header.base_offset, header.last_offset());
        let taken = last_offset >= self.target;
        if taken {
            self.phase = Phase::Found { base_offset, last_offset, size_bytes };
        } else {
            self.at = Position(position.0.saturating_add(size_bytes));
            self.batches_skipped += 1;
        }
        LookupStep::ScanBatch { position, base_offset, last_offset, size_bytes, taken }
    }

    fn next_segment(&mut self) -> LookupStep {
        self.segment += 1;
        (self.scan_from, self.at, self.batches_skipped) = (Position(0), Position(0), 0);
        match self.log.segments().get(self.segment) {
            Some(segment) => LookupStep::NextSegment { base_offset: segment.base_offset },
            None => {
                self.phase = Phase::Done;
                LookupStep::AtEnd { target: self.target, log_end_offset: self.log.log_end_offset() }
            }
        }
    }
}

impl Iterator for Lookup<'_> {
    type Item = LookupStep;

    /// All steps at once: the same search over the same entries and the same scan over the same headers, with one look
    /// at the index's bytes for all entries where they can be seen in place, and one read for many headers.
    fn last(mut self) -> Option<LookupStep> {
        let mut last = None;
        loop {
            let hurried = match self.phase {
                Phase::Search(search) if self.with_index => self.hurry(search),
                _ => Ok(()),
            };
            let hurried = hurried.and_then(|()| match self.phase {
                Phase::Scan => self.hurry_scan(),
                _ => Ok(()),
            });
            if let Err(error) = hurried {
                return Some(LookupStep::Damaged { error: Box::new(error) });
            }
            match self.next() {
                Some(step) => last = Some(step),
                None => return last,
            }
        }
    }

    fn next(&mut self) -> Option<LookupStep> {
        let step = match self.phase {
            Phase::Choose => Ok(self.choose()),
            Phase::Search(search) => self.search(search),
            Phase::Scan => self.scan(),
            Phase::Found { base_offset, last_offset, size_bytes } => {
                self.phase = Phase::Done;
                Ok(LookupStep::Found {
                    segment: self.log.segments()[self.segment].base_offset,
                    position: self.at,
                    base_offset,
                    last_offset,
                    size_bytes,
                    batches_skipped: self.batches_skipped,
                    bytes_scanned: self.at.0 - self.scan_from.0,
                })
            }
            Phase::Done => return None,
        };
        Some(step.unwrap_or_else(|error| {
            self.phase = Phase::Done;
            LookupStep::Damaged { error: Box::new(error) }
        }))
    }
}
