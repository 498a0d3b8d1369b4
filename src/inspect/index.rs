//! Entries of index files, read from the bytes as they lie.
//!
//! ```text
//!   .index      8 bytes    relative offset i32, position i32
//!   .timeindex  12 bytes   timestamp i64, relative offset i32
//! ```
//!
//! A running or killed broker leaves its preallocated zeros behind the last entry; they are no entries. How many there
//! are is found by halving, so a 10 MiB file costs twenty small reads.

use super::{Inspection, Place};
use crate::types::{Offset, Timestamp};

/// An entry of an offset index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetEntry {
    /// Its key: a batch's first or last offset, by the era.
    pub offset: Offset,
    /// The byte of the `.log` that it points at.
    pub position: u32,
}

/// An entry of a time index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeEntry {
    /// The greatest timestamp so far.
    pub timestamp: Timestamp,
    /// The offset that goes with it.
    pub offset: Offset,
}

/// Most entries of one file that are read.
pub(super) const MOST_ENTRIES: u64 = 4 << 20;

pub(super) fn offset_entry(base: Offset, bytes: &[u8]) -> Option<OffsetEntry> {
    let word = |at: usize| Some(i32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    Some(OffsetEntry { offset: base + i64::from(word(0)?), position: word(4)? as u32 })
}

pub(super) fn time_entry(base: Offset, bytes: &[u8]) -> Option<TimeEntry> {
    let time = i64::from_be_bytes(bytes.get(..8)?.try_into().ok()?);
    let relative = i32::from_be_bytes(bytes.get(8..12)?.try_into().ok()?);
    Some(TimeEntry { timestamp: Timestamp(time), offset: base + i64::from(relative) })
}

impl Inspection {
    /// How many entries of a file are not the zeros behind its end.
    fn used(&self, path: &str, size: u64, entry: u64) -> u64 {
        let all = (size / entry).min(MOST_ENTRIES);
        let filled = |n: u64| {
            let bytes = self.files.read(path, n * entry, entry as usize).unwrap_or_default();
            bytes.iter().any(|byte| *byte != 0)
        };
        if all == 0 || filled(all - 1) {
            return all;
        }
        let (mut low, mut high) = (0, all - 1);
        while low < high {
            let middle = (low + high) / 2;
            if filled(middle) { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// How many entries the offset index of a segment (by its number) has, and room for how many.
    pub fn offset_entries(&self, place: Place, segment: usize) -> Option<(u64, u64)> {
        let files = self.partition(place)?;
        let segment = files.segments.get(segment)?;
        let size = segment.index_bytes?;
        let path = Inspection::segment_path(files, segment.base_offset, ".index");
        Some((self.used(&path, size, 8), size / 8))
    }

    /// The same of the time index.
    pub fn time_entries(&self, place: Place, segment: usize) -> Option<(u64, u64)> {
        let files = self.partition(place)?;
        let segment = files.segments.get(segment)?;
        let size = segment.time_index_bytes?;
        let path = Inspection::segment_path(files, segment.base_offset, ".timeindex");
        Some((self.used(&path, size, 12), size / 12))
    }

    pub(super) fn offset_entries_if(
        &self,
        asked: bool,
        place: Place,
        at: usize,
    ) -> Option<(u64, u64)> {
        if asked { self.offset_entries(place, at) } else { None }
    }

    pub(super) fn time_entries_if(
        &self,
        asked: bool,
        place: Place,
        at: usize,
    ) -> Option<(u64, u64)> {
        if asked { self.time_entries(place, at) } else { None }
    }

    /// Entries of the offset index of a segment, from one on, at most so many.
    pub fn offset_index(
        &self,
        place: Place,
        segment: usize,
        from: u64,
        most: u64,
    ) -> Vec<OffsetEntry> {
        let Some((used, _)) = self.offset_entries(place, segment) else { return Vec::new() };
        let Some((base, bytes)) = self.index_bytes(place, segment, ".index", (from, most, 8), used)
        else {
            return Vec::new();
        };
        bytes.chunks_exact(8).filter_map(|bytes| offset_entry(base, bytes)).collect()
    }

    /// Entries of the time index of a segment, from one on, at most so many.
    pub fn time_index(&self, place: Place, segment: usize, from: u64, most: u64) -> Vec<TimeEntry> {
        let Some((used, _)) = self.time_entries(place, segment) else { return Vec::new() };
        let Some((base, bytes)) =
            self.index_bytes(place, segment, ".timeindex", (from, most, 12), used)
        else {
            return Vec::new();
        };
        bytes.chunks_exact(12).filter_map(|bytes| time_entry(base, bytes)).collect()
    }

    fn index_bytes(
        &self,
        place: Place,
        segment: usize,
        suffix: &str,
        (from, most, entry): (u64, u64, u64),
        used: u64,
    ) -> Option<(Offset, Vec<u8>)> {
        let files = self.partition(place)?;
        let base = files.segments.get(segment)?.base_offset;
        let path = Inspection::segment_path(files, base, suffix);
        let count = used.saturating_sub(from).min(most).min(MOST_ENTRIES);
        let bytes = self.files.read(&path, from * entry, (count * entry) as usize).ok()?;
        Some((base, bytes))
    }

    /// The byte at which to begin looking for an offset in a segment: what its index says, if that makes sense.
    pub(super) fn near(&self, place: Place, segment: usize, offset: Offset) -> u64 {
        let Some((used, _)) = self.offset_entries(place, segment) else { return 0 };
        let (mut low, mut high) = (0, used);
        let mut best = 0;
        while low < high {
            let middle = (low + high) / 2;
            let entry = self.offset_index_entry(place, segment, middle);
            match entry {
                Some(entry) if entry.offset <= offset => {
                    best = u64::from(entry.position);
                    low = middle + 1;
                }
                _ => high = middle,
            }
        }
        let size = self.partition(place).and_then(|files| files.segments.get(segment));
        if size.is_some_and(|segment| best < segment.log_bytes) { best } else { 0 }
    }

    pub(super) fn offset_index_entry(
        &self,
        place: Place,
        segment: usize,
        n: u64,
    ) -> Option<OffsetEntry> {
        let files = self.partition(place)?;
        let base = files.segments.get(segment)?.base_offset;
        let path = Inspection::segment_path(files, base, ".index");
        let bytes = self.files.read(&path, n * 8, 8).ok()?;
        offset_entry(base, &bytes)
    }
}
