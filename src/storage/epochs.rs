//! Which leader epoch began at which offset (class `LeaderEpochFileCache`, KIP-101).
//!
//! ```text
//!   leader-epoch-checkpoint:   0          version of the file
//!                              3          number of lines
//!                              0 0        epoch 0 began at offset 0
//!                              1 129      epoch 1 began at offset 129, so epoch 0 ended there
//!                              4 178      epochs 2 and 3 wrote nothing: they are not here
//! ```
//!
//! Both columns rise. A follower asks where an epoch ended to know where its own log left the leader's.

use super::error::{Result, StorageError, StorageErrorKind};
use crate::disk::Disk;
use crate::types::{LeaderEpoch, Offset};

/// Name of the file.
pub const LEADER_EPOCHS: &str = "leader-epoch-checkpoint";

/// An epoch and the offset of its first record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EpochEntry {
    /// The epoch.
    pub epoch: LeaderEpoch,
    /// Where it began.
    pub start_offset: Offset,
}

/// The epochs of one log, oldest first, with the path of their file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochCache {
    path: std::sync::Arc<str>,
    entries: Vec<EpochEntry>,
}

impl EpochCache {
    /// The cache of a log that is nowhere.
    pub(super) fn absent() -> EpochCache {
        EpochCache { path: "".into(), entries: Vec::new() }
    }

    /// An empty cache; makes the empty file that Kafka makes.
    pub fn create(disk: &mut Disk, path: &str) -> Result<EpochCache> {
        disk.replace(path, b"")?;
        Ok(EpochCache { path: path.into(), entries: Vec::new() })
    }

    /// Reads the file. A missing or empty one gives no entries, a malformed one is an error.
    pub fn open(disk: &Disk, path: &str) -> Result<EpochCache> {
        let mut cache = EpochCache { path: path.into(), entries: Vec::new() };
        if disk.exists(path) {
            for (start, line) in super::checkpoint::lines(disk, path)? {
                let parsed = line.split_once(' ').and_then(|(epoch, offset)| {
                    Some((epoch.parse::<i32>().ok()?, offset.parse::<i64>().ok()?))
                });
                let Some((epoch, offset)) = parsed.filter(|&(e, o)| e >= 0 && o >= 0) else {
                    let range = (start, start + line.len() as u64);
                    let what = format!("\"{line}\" should be an epoch and an offset");
                    return Err(StorageError::at(path, range, "epoch line", what));
                };
                cache.put(EpochEntry { epoch: LeaderEpoch(epoch), start_offset: Offset(offset) });
            }
        }
        Ok(cache)
    }

    /// All entries, oldest first.
    pub fn entries(&self) -> &[EpochEntry] {
        &self.entries
    }
    /// The newest entry.
    pub fn latest(&self) -> Option<EpochEntry> {
        self.entries.last().copied()
    }
    /// The newest epoch.
    pub fn latest_epoch(&self) -> Option<LeaderEpoch> {
        self.latest().map(|entry| entry.epoch)
    }

    /// Notes that `epoch` begins at `start`; what contradicts it at the end is dropped. Says whether anything changed.
    pub fn assign(&mut self, disk: &mut Disk, epoch: LeaderEpoch, start: Offset) -> Result<bool> {
        let changed = self.assign_in_memory(epoch, start)?;
        if changed {
            self.write(disk)?;
        }
        Ok(changed)
    }

    /// The same without writing the file: recovery writes once, at its end.
    pub(super) fn assign_in_memory(&mut self, epoch: LeaderEpoch, start: Offset) -> Result<bool> {
        if epoch.0 < 0 || start.0 < 0 {
            let what = format!("epoch {epoch} at offset {start}: neither may be negative");
            return Err(StorageError::new(StorageErrorKind::InvalidArgument, &*self.path, what));
        }
        Ok(self.put(EpochEntry { epoch, start_offset: start }))
    }

    fn put(&mut self, entry: EpochEntry) -> bool {
        let needed = self
            .latest()
            .is_none_or(|last| entry.epoch != last.epoch || entry.start_offset < last.start_offset);
        if needed {
            while self.latest().is_some_and(|last| {
                last.epoch >= entry.epoch || last.start_offset >= entry.start_offset
            }) {
                self.entries.pop();
            }
            self.entries.push(entry);
        }
        needed
    }

    /// Drops the epochs that begin at or behind `end`. Says whether anything changed.
    pub fn truncate_from_end(&mut self, disk: &mut Disk, end: Offset) -> Result<bool> {
        let before = self.entries.len();
        if end >= Offset::ZERO {
            while self.latest().is_some_and(|last| last.start_offset >= end) {
                self.entries.pop();
            }
        }
        let changed = before != self.entries.len();
        if changed {
            self.write(disk)?;
        }
        Ok(changed)
    }

    /// Drops what lies before `start`; the epoch in force there keeps its number and now begins at `start`.
    pub fn truncate_from_start(&mut self, disk: &mut Disk, start: Offset) -> Result<bool> {
        let gone = self.entries.iter().take_while(|entry| entry.start_offset <= start).count();
        if gone == 0 || (gone == 1 && self.entries[0].start_offset == start) {
            return Ok(false);
        }
        self.entries.drain(..gone - 1);
        self.entries[0].start_offset = start;
        self.write(disk)?;
        Ok(true)
    }

    /// Forgets everything.
    pub fn clear(&mut self, disk: &mut Disk) -> Result<()> {
        if !self.entries.is_empty() {
            self.entries.clear();
            self.write(disk)?;
        }
        Ok(())
    }

    /// The answer to OffsetForLeaderEpoch: the largest epoch at or below the one asked for, and where it ended. Older
    /// than all that is known: that same epoch and the first start offset; newer, or -1: (-1, -1).
    pub fn end_offset_for(&self, epoch: LeaderEpoch, log_end: Offset) -> (LeaderEpoch, Offset) {
        let unknown = (LeaderEpoch::NONE, Offset::NONE);
        if epoch == LeaderEpoch::NONE {
            return unknown;
        }
        if self.latest_epoch() == Some(epoch) {
            return (epoch, log_end);
        }
        let higher = self.entries.partition_point(|entry| entry.epoch <= epoch);
        match (self.entries.get(higher), higher.checked_sub(1)) {
            (None, _) => unknown,
            (Some(next), None) => (epoch, next.start_offset),
            (Some(next), Some(floor)) => (self.entries[floor].epoch, next.start_offset),
        }
    }

    /// The epoch in which `offset` was written.
    pub fn epoch_for_offset(&self, offset: Offset) -> Option<LeaderEpoch> {
        let behind = self.entries.partition_point(|entry| entry.start_offset <= offset);
        Some(self.entries[behind.checked_sub(1)?].epoch)
    }
    /// The greatest known epoch below this one.
    pub fn previous_epoch(&self, epoch: LeaderEpoch) -> Option<LeaderEpoch> {
        self.entries.iter().rev().map(|entry| entry.epoch).find(|&known| known < epoch)
    }
    /// The least known epoch above this one.
    pub fn next_epoch(&self, epoch: LeaderEpoch) -> Option<LeaderEpoch> {
        self.entries.iter().map(|entry| entry.epoch).find(|&known| known > epoch)
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        let mut text = format!("0\n{}\n", self.entries.len());
        for entry in &self.entries {
            text.push_str(&format!("{} {}\n", entry.epoch, entry.start_offset));
        }
        text
    }

    pub(super) fn write(&self, disk: &mut Disk) -> Result<()> {
        Ok(disk.replace(&self.path, self.text().as_bytes())?)
    }
}
