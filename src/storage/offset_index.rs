//! The sparse offset index of a segment (class `OffsetIndex`): from an offset to a byte position near it.
//!
//! ```text
//!   entry n, 8 bytes:  │ offset − base offset, i32 │ position in the .log, i32 │
//!   00 00 00 03 00 00 01 F1   →  the batch whose last offset is base+3 begins at byte 497
//! ```
//!
//! The file of the active segment is preallocated at `segment.index.bytes`, rounded down to whole entries, and mapped;
//! it is trimmed when the segment is closed. In memory there are only counts. Cutting entries only lowers the count;
//! the bytes behind it stay until they are overwritten or trimmed, as in Kafka.

use super::error::{Result, StorageError, StorageErrorKind};
use super::search::Search;
use crate::disk::{Disk, FileId};
use crate::types::{Offset, Position};

/// The offset index of one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetIndex {
    /// The mapped file.
    pub file: FileId,
    base_offset: Offset,
    entries: u32,
    max_entries: u32,
    last_offset: Offset,
}

impl OffsetIndex {
    /// Bytes of one entry.
    pub const ENTRY_SIZE_BYTES: u32 = 8;

    /// Creates the file with room for `max_bytes`, rounded down.
    pub fn create(
        disk: &mut Disk,
        path: &str,
        base_offset: Offset,
        max_bytes: u32,
    ) -> Result<OffsetIndex> {
        let max_entries = max_bytes / Self::ENTRY_SIZE_BYTES;
        let file = disk.create_mapped(path, u64::from(max_entries * Self::ENTRY_SIZE_BYTES))?;
        Ok(OffsetIndex { file, base_offset, entries: 0, max_entries, last_offset: base_offset })
    }

    /// Opens what is there and believes it: every whole entry counts, zeros of an untrimmed file included.
    pub fn open(disk: &mut Disk, path: &str, base_offset: Offset) -> Result<OffsetIndex> {
        let file = disk.open(path)?;
        let entries = (disk.size(file) / u64::from(Self::ENTRY_SIZE_BYTES)).min(1 << 28) as u32;
        let mut index = OffsetIndex {
            file,
            base_offset,
            entries,
            max_entries: entries,
            last_offset: base_offset,
        };
        index.last_offset = index.read_last(disk)?;
        Ok(index)
    }

    /// Counts the entries up to the last that is not all zeros: a running or killed broker leaves the rest of the
    /// preallocated file behind them.
    pub(super) fn leave_out_zeros(&mut self, disk: &Disk) -> Result<()> {
        self.entries = used_entries(disk, self.file, self.entries, Self::ENTRY_SIZE_BYTES)?;
        self.last_offset = self.read_last(disk)?;
        Ok(())
    }

    /// Number of entries.
    pub fn entries(&self) -> u32 {
        self.entries
    }
    /// Room for so many entries.
    pub fn max_entries(&self) -> u32 {
        self.max_entries
    }
    /// Whether no entry fits any more.
    pub fn is_full(&self) -> bool {
        self.entries >= self.max_entries
    }
    /// Offset of the last entry; the base offset if there is none.
    pub fn last_offset(&self) -> Offset {
        self.last_offset
    }
    /// Base offset of the segment.
    pub fn base_offset(&self) -> Offset {
        self.base_offset
    }
    /// Bytes that the entries take.
    pub fn used_bytes(&self) -> u32 {
        self.entries * Self::ENTRY_SIZE_BYTES
    }

    /// Entry `n`. Whoever asks for one that is not there gets an error with its place.
    pub fn entry(&self, disk: &Disk, n: u32) -> Result<(Offset, Position)> {
        let start = u64::from(n) * u64::from(Self::ENTRY_SIZE_BYTES);
        let bytes =
            disk.with_bytes(self.file, start, 8, |bytes| <[u8; 8]>::try_from(bytes).ok())?;
        let Some(bytes) = bytes else {
            let range = (start, start + 8);
            return Err(StorageError::at(
                disk.path(self.file),
                range,
                "entry",
                "the file ends before this entry",
            ));
        };
        Ok(self.decoded(bytes))
    }

    /// The greatest entry at or below `target`; base offset and position 0 if there is none.
    pub fn lookup(&self, disk: &Disk, target: Offset) -> Result<(Offset, Position)> {
        let found = self.finish(disk, self.search(target))?;
        Ok(found.unwrap_or((self.base_offset, Position(0))))
    }

    /// The entry that a search ends at.
    pub(super) fn finish(&self, disk: &Disk, search: Search) -> Result<Option<(Offset, Position)>> {
        if !disk.shows_in_place(self.file) {
            let slot = search.finish(|n| Ok(self.entry(disk, n)?.0.0))?.0;
            return slot.map(|slot| self.entry(disk, slot)).transpose();
        }
        disk.with_bytes(self.file, 0, self.used_bytes() as usize, |bytes| {
            let (entries, _) = bytes.as_chunks::<8>();
            let entry = |n: u32| match entries.get(n as usize) {
                Some(entry) => Ok(self.decoded(*entry)),
                None => self.entry(disk, n),
            };
            search.finish(|n| Ok(entry(n)?.0.0))?.0.map(entry).transpose()
        })?
    }

    #[inline(always)]
    fn decoded(&self, entry: [u8; 8]) -> (Offset, Position) {
        let word = u64::from_be_bytes(entry);
        // Positions are signed in Kafka, and a reader begins at the start of the file at the least.
        let position = Position((word as i32).max(0) as u32);
        (self.base_offset + i64::from((word >> 32) as i32), position)
    }

    pub(super) fn search(&self, target: Offset) -> Search {
        Search::new(self.entries, Self::ENTRY_SIZE_BYTES, target.0)
    }

    /// The first entry whose position is at or beyond `from` + `size_bytes` (`fetchUpperBoundOffset`).
    pub fn upper_bound(
        &self,
        disk: &Disk,
        from: Position,
        size_bytes: u32,
    ) -> Result<Option<(Offset, Position)>> {
        let target = i64::from(from.0) + i64::from(size_bytes);
        let search = Search::new(self.entries, Self::ENTRY_SIZE_BYTES, target);
        let slot = match search.finish(|n| Ok(i64::from(self.entry(disk, n)?.1.0)))? {
            (Some(slot), true) => slot,
            (Some(slot), false) => slot + 1,
            (None, _) => 0,
        };
        if slot < self.entries { self.entry(disk, slot).map(Some) } else { Ok(None) }
    }

    /// Adds an entry; offsets must rise.
    pub fn append(&mut self, disk: &mut Disk, offset: Offset, position: Position) -> Result<()> {
        let path = || disk.path(self.file).to_string();
        if self.is_full() {
            let what = format!("the offset index is full with {} entries", self.entries);
            return Err(StorageError::new(StorageErrorKind::IndexFull, path(), what));
        }
        if self.entries > 0 && offset <= self.last_offset {
            let what =
                format!("offset {offset} does not come after the last entry, {}", self.last_offset);
            return Err(StorageError::new(StorageErrorKind::InvalidOffset, path(), what));
        }
        let relative = relative(self.base_offset, offset)
            .ok_or_else(|| overflow(path(), self.base_offset, offset))?;
        let word = (u64::from(relative) << 32) | u64::from(position.0);
        disk.write_at(self.file, u64::from(self.used_bytes()), &word.to_be_bytes())?;
        self.entries += 1;
        self.last_offset = offset;
        Ok(())
    }

    /// Drops the entries at and behind `offset`.
    pub fn truncate_to(&mut self, disk: &Disk, offset: Offset) -> Result<()> {
        let slot = self.search(offset).finish(|n| Ok(self.entry(disk, n)?.0.0))?.0;
        self.entries = match slot {
            None => 0,
            Some(slot) if self.entry(disk, slot)?.0 == offset => slot,
            Some(slot) => slot + 1,
        };
        self.last_offset = self.read_last(disk)?;
        Ok(())
    }

    fn read_last(&self, disk: &Disk) -> Result<Offset> {
        match self.entries {
            0 => Ok(self.base_offset),
            n => Ok(self.entry(disk, n - 1)?.0),
        }
    }

    /// Forgets all entries and makes room for `max_bytes`.
    pub fn reset(&mut self, disk: &mut Disk, max_bytes: u32) -> Result<()> {
        (self.entries, self.last_offset) = (0, self.base_offset);
        self.resize(disk, max_bytes)
    }

    /// Gives the file room for `max_bytes`, rounded down to entries.
    pub fn resize(&mut self, disk: &mut Disk, max_bytes: u32) -> Result<()> {
        self.max_entries = (max_bytes / Self::ENTRY_SIZE_BYTES).max(self.entries);
        Ok(disk.resize(self.file, u64::from(self.max_entries * Self::ENTRY_SIZE_BYTES))?)
    }

    /// Cuts the file down to its entries.
    pub fn trim(&mut self, disk: &mut Disk) -> Result<()> {
        self.resize(disk, self.used_bytes())
    }
}

/// `offset` counted from `base`, if 31 bits hold it (`AbstractIndex.toRelative`).
pub(super) fn relative(base: Offset, offset: Offset) -> Option<u32> {
    offset
        .0
        .checked_sub(base.0)
        .filter(|delta| (0..=i64::from(i32::MAX)).contains(delta))
        .map(|d| d as u32)
}

pub(super) fn overflow(path: String, base: Offset, offset: Offset) -> StorageError {
    let what =
        format!("offset {offset} is too far from the segment's base offset {base} for 32 bits");
    StorageError::new(StorageErrorKind::OffsetOverflow, path, what)
}

/// How many of `entries` there are up to the last one that is not all zeros. A file of one entry has one.
pub(super) fn used_entries(
    disk: &Disk,
    file: FileId,
    entries: u32,
    size_bytes: u32,
) -> Result<u32> {
    const CHUNK_ENTRIES: u32 = 4_096;
    let mut end = entries;
    while end > 1 {
        let start = end.saturating_sub(CHUNK_ENTRIES);
        let (from, length) = (u64::from(start * size_bytes), ((end - start) * size_bytes) as usize);
        let last =
            disk.with_bytes(file, from, length, |bytes| bytes.iter().rposition(|byte| *byte != 0))?;
        if let Some(last) = last {
            return Ok(start + last as u32 / size_bytes + 1);
        }
        end = start;
    }
    Ok(if entries == 1 { 1 } else { 0 })
}
