//! The time index of a segment (class `TimeIndex`): from a timestamp to an offset near it.
//!
//! ```text
//!   entry n, 12 bytes:  │ greatest timestamp so far, i64 │ offset − base offset of its batch, i32 │
//! ```
//!
//! An entry says: no record before this offset is later than this timestamp. It is added together with an offset index
//! entry, but only when the timestamp grew; one slot is kept free for the entry that is added when the segment closes.

use super::error::{Result, StorageError, StorageErrorKind};
use super::offset_index::{overflow, relative, used_entries};
use super::search::Search;
use crate::disk::{Disk, FileId};
use crate::types::{Offset, Timestamp};

/// The time index of one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeIndex {
    /// The mapped file.
    pub file: FileId,
    base_offset: Offset,
    entries: u32,
    max_entries: u32,
    last_entry: (Timestamp, Offset),
}

impl TimeIndex {
    /// Bytes of one entry.
    pub const ENTRY_SIZE_BYTES: u32 = 12;

    /// Creates the file with room for `max_bytes`, rounded down.
    pub fn create(
        disk: &mut Disk,
        path: &str,
        base_offset: Offset,
        max_bytes: u32,
    ) -> Result<TimeIndex> {
        let max_entries = max_bytes / Self::ENTRY_SIZE_BYTES;
        let file = disk.create_mapped(path, u64::from(max_entries * Self::ENTRY_SIZE_BYTES))?;
        let last_entry = (Timestamp::NONE, base_offset);
        Ok(TimeIndex { file, base_offset, entries: 0, max_entries, last_entry })
    }

    /// A time index without entries or a file of its own, for looking at a log alone.
    pub(super) fn none(file: FileId, base_offset: Offset) -> TimeIndex {
        let last_entry = (Timestamp::NONE, base_offset);
        TimeIndex { file, base_offset, entries: 0, max_entries: 0, last_entry }
    }

    /// Opens what is there and believes it.
    pub fn open(disk: &mut Disk, path: &str, base_offset: Offset) -> Result<TimeIndex> {
        let file = disk.open(path)?;
        let entries = (disk.size(file) / u64::from(Self::ENTRY_SIZE_BYTES)).min(1 << 28) as u32;
        let last_entry = (Timestamp::NONE, base_offset);
        let mut index = TimeIndex { file, base_offset, entries, max_entries: entries, last_entry };
        index.last_entry = index.read_last(disk)?;
        Ok(index)
    }

    /// Counts the entries up to the last that is not all zeros: a running or killed broker leaves the rest of the
    /// preallocated file behind them.
    pub(super) fn leave_out_zeros(&mut self, disk: &Disk) -> Result<()> {
        self.entries = used_entries(disk, self.file, self.entries, Self::ENTRY_SIZE_BYTES)?;
        self.last_entry = self.read_last(disk)?;
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
    /// Whether only the slot for the closing entry is left.
    pub fn is_full(&self) -> bool {
        self.entries + 1 >= self.max_entries
    }
    /// The last entry; (-1, base offset) if there is none.
    pub fn last_entry(&self) -> (Timestamp, Offset) {
        self.last_entry
    }
    /// Bytes that the entries take.
    pub fn used_bytes(&self) -> u32 {
        self.entries * Self::ENTRY_SIZE_BYTES
    }

    /// Entry `n`.
    pub fn entry(&self, disk: &Disk, n: u32) -> Result<(Timestamp, Offset)> {
        let start = u64::from(n) * u64::from(Self::ENTRY_SIZE_BYTES);
        let bytes =
            disk.with_bytes(self.file, start, 12, |bytes| <[u8; 12]>::try_from(bytes).ok())?;
        let Some(bytes) = bytes else {
            let range = (start, start + 12);
            return Err(StorageError::at(
                disk.path(self.file),
                range,
                "entry",
                "the file ends before this entry",
            ));
        };
        let [a, b, c, d, e, f, g, h, i, j, k, l] = bytes;
        let timestamp = Timestamp(i64::from_be_bytes([a, b, c, d, e, f, g, h]));
        Ok((timestamp, self.base_offset + i64::from(i32::from_be_bytes([i, j, k, l]))))
    }

    /// The last entry whose timestamp is at or below `target`; (-1, base offset) if there is none.
    pub fn lookup(&self, disk: &Disk, target: Timestamp) -> Result<(Timestamp, Offset)> {
        match self.search(target).finish(|n| Ok(self.entry(disk, n)?.0.0))?.0 {
            None => Ok((Timestamp::NONE, self.base_offset)),
            Some(slot) => self.entry(disk, slot),
        }
    }

    pub(super) fn search(&self, target: Timestamp) -> Search {
        Search::new(self.entries, Self::ENTRY_SIZE_BYTES, target.0)
    }

    /// Adds an entry if the timestamp grew; says whether it did. `closing` may use the slot that is kept free.
    pub fn maybe_append(
        &mut self,
        disk: &mut Disk,
        timestamp: Timestamp,
        offset: Offset,
        closing: bool,
    ) -> Result<bool> {
        let wrong = |kind, what: String| Err(StorageError::new(kind, disk.path(self.file), what));
        if !closing && self.is_full() {
            let what = format!("the time index is full with {} entries", self.entries);
            return wrong(StorageErrorKind::IndexFull, what);
        }
        let (last_timestamp, last_offset) = self.last_entry;
        if self.entries > 0 && offset < last_offset {
            let what = format!("offset {offset} comes before the last entry's, {last_offset}");
            return wrong(StorageErrorKind::InvalidOffset, what);
        }
        if self.entries > 0 && timestamp < last_timestamp {
            let what =
                format!("timestamp {timestamp} comes before the last entry's, {last_timestamp}");
            return wrong(StorageErrorKind::InvalidArgument, what);
        }
        if timestamp <= last_timestamp {
            return Ok(false);
        }
        if self.entries >= self.max_entries {
            return wrong(
                StorageErrorKind::IndexFull,
                "the time index has no slot left".to_string(),
            );
        }
        let Some(relative) = relative(self.base_offset, offset) else {
            return Err(overflow(disk.path(self.file).to_string(), self.base_offset, offset));
        };
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&timestamp.0.to_be_bytes());
        bytes[8..].copy_from_slice(&relative.to_be_bytes());
        disk.write_at(self.file, u64::from(self.used_bytes()), &bytes)?;
        self.entries += 1;
        self.last_entry = (timestamp, offset);
        Ok(true)
    }

    /// Keeps the entries whose offset is below `offset`.
    pub fn truncate_to(&mut self, disk: &Disk, offset: Offset) -> Result<()> {
        let search = Search::new(self.entries, Self::ENTRY_SIZE_BYTES, offset.0);
        self.entries = match search.finish(|n| Ok(self.entry(disk, n)?.1.0))?.0 {
            None => 0,
            Some(slot) if self.entry(disk, slot)?.1 == offset => slot,
            Some(slot) => slot + 1,
        };
        self.last_entry = self.read_last(disk)?;
        Ok(())
    }

    fn read_last(&self, disk: &Disk) -> Result<(Timestamp, Offset)> {
        match self.entries {
            0 => Ok((Timestamp::NONE, self.base_offset)),
            n => self.entry(disk, n - 1),
        }
    }

    /// Forgets all entries and makes room for `max_bytes`.
    pub fn reset(&mut self, disk: &mut Disk, max_bytes: u32) -> Result<()> {
        (self.entries, self.last_entry) = (0, (Timestamp::NONE, self.base_offset));
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
