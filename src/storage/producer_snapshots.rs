//! The `.snapshot` files of a partition: when they are written, which are kept, which one is loaded
//! (`ProducerStateManager.takeSnapshot`, `truncateAndReload`, `removeStraySnapshots`).
//!
//! ```text
//!   segments    [ 0 ‥ 42 ][ 43 ‥ 82 ][ 83 ‥ ]
//!   snapshots             43         83       96      one at each roll, one at a clean stop
//!                                              └ kept at a start, since it lies behind the last segment's base;
//!                                                one between segments that is not a segment's base goes
//! ```
//!
//! A start loads the newest one that can be read; those that cannot are deleted. A producer that has expired by the
//! clock of the start is left out. The entries lie in the order of a Java hash map, so that the bytes are Kafka's.

use super::error::Result;
use super::producer_snapshot::{self, ProducerSnapshotEntry};
use super::producer_state::ProducerState;
use super::recovery_step::{RecoveryStep, SnapshotGone};
use super::segment::file_name;
use crate::disk::Disk;
use crate::types::{Offset, Timestamp};
use std::sync::Arc;

/// Suffix of the files.
pub const SNAPSHOT_SUFFIX: &str = ".snapshot";

impl ProducerState {
    /// Knows nothing but which snapshots lie in the directory.
    pub(super) fn open(disk: &Disk, directory: &str) -> Result<ProducerState> {
        let mut state = ProducerState::default();
        state.list_snapshots(disk, directory)?;
        Ok(state)
    }

    pub(super) fn list_snapshots(&mut self, disk: &Disk, directory: &str) -> Result<()> {
        let entries = disk.list(directory)?;
        let offsets = entries
            .iter()
            .filter(|entry| !entry.is_directory)
            .filter_map(|entry| entry.name.strip_suffix(SNAPSHOT_SUFFIX)?.parse().ok().map(Offset));
        self.snapshots = Arc::new(offsets.collect());
        Ok(())
    }

    /// Writes a snapshot at the end of what is known, unless there was none of it new since the last. Says whether.
    pub(super) fn take_snapshot(&mut self, disk: &mut Disk, directory: &str) -> Result<bool> {
        if self.map_end_offset <= self.last_snapshot_offset {
            return Ok(false);
        }
        let entries = self.snapshot_entries();
        let path = format!("{directory}/{}", file_name(self.map_end_offset, SNAPSHOT_SUFFIX));
        disk.replace(&path, &producer_snapshot::write(&entries))?;
        Arc::make_mut(&mut self.snapshots).insert(self.map_end_offset);
        self.last_snapshot_offset = self.map_end_offset;
        Ok(true)
    }

    /// The entries in the order in which a Java hash map of this size yields them.
    pub(super) fn snapshot_entries(&self) -> Vec<ProducerSnapshotEntry> {
        let mut room = 16u64;
        while self.producers.len() as u64 * 4 > room * 3 {
            room *= 2;
        }
        let bucket = |id: i64| {
            let hash = (id ^ ((id as u64) >> 32) as i64) as u32;
            u64::from(hash ^ (hash >> 16)) & (room - 1)
        };
        let mut entries: Vec<_> =
            self.producers.values().map(|entry| entry.to_snapshot()).collect();
        entries.sort_by_key(|entry| (bucket(entry.producer_id), entry.producer_id));
        entries
    }

    /// A snapshot's file is somebody else's from now on.
    pub(super) fn forget_snapshot(&mut self, offset: Offset) {
        if self.snapshots.contains(&offset) {
            Arc::make_mut(&mut self.snapshots).remove(&offset);
        }
    }

    /// Deletes one snapshot.
    pub(super) fn remove_snapshot(
        &mut self,
        disk: &mut Disk,
        directory: &str,
        offset: Offset,
    ) -> Result<()> {
        if Arc::make_mut(&mut self.snapshots).remove(&offset) {
            let path = format!("{directory}/{}", file_name(offset, SNAPSHOT_SUFFIX));
            if disk.exists(&path) {
                disk.remove(&path)?;
            }
        }
        Ok(())
    }

    /// Lists what lies there again, and deletes the snapshots that are no segment's base offset, except the newest when
    /// it lies behind the last segment's. Answers those that went.
    pub(super) fn remove_stray_snapshots(
        &mut self,
        disk: &mut Disk,
        directory: &str,
        bases: &[Offset],
    ) -> Result<Vec<Offset>> {
        self.list_snapshots(disk, directory)?;
        let strays = self.snapshots.iter().filter(|offset| !bases.contains(offset));
        let mut gone: Vec<Offset> = strays.copied().collect();
        if let Some(newest) = gone.pop()
            && bases.iter().max().is_some_and(|last| newest < *last)
        {
            gone.push(newest);
        }
        for offset in &gone {
            self.remove_snapshot(disk, directory, *offset)?;
        }
        Ok(gone)
    }

    /// Forgets what does not lie between these offsets and loads the newest snapshot that does.
    pub(super) fn truncate_and_reload(
        &mut self,
        disk: &mut Disk,
        directory: &str,
        (log_start, log_end): (Offset, Offset),
        (now, expiration_ms): (Timestamp, i64),
        steps: &mut Vec<RecoveryStep>,
    ) -> Result<()> {
        let outside = self.snapshots.iter().filter(|at| **at > log_end || **at <= log_start);
        for offset in outside.copied().collect::<Vec<_>>() {
            self.remove_snapshot(disk, directory, offset)?;
            let why = match offset > log_end {
                true => SnapshotGone::Behind(log_end),
                false => SnapshotGone::BeforeStart(log_start),
            };
            steps.push(RecoveryStep::SnapshotRemoved { offset, why });
        }
        if log_end == self.map_end_offset {
            self.forget_ended_below(log_start);
            self.map_end_offset = self.map_end_offset.max(log_start);
            self.last_snapshot_offset = self.snapshots.last().copied().unwrap_or(log_start);
            return Ok(());
        }
        self.forget_all();
        while let Some(offset) = self.snapshots.last().copied() {
            let path = format!("{directory}/{}", file_name(offset, SNAPSHOT_SUFFIX));
            match producer_snapshot::read(&disk.read_small(&path)?) {
                Ok(entries) => {
                    let expired = self.take_over(&entries, now, expiration_ms);
                    (self.map_end_offset, self.last_snapshot_offset) = (offset, offset);
                    let producers = entries.len() - expired;
                    steps.push(RecoveryStep::SnapshotLoaded { offset, producers, expired });
                    return Ok(());
                }
                Err(error) => {
                    self.remove_snapshot(disk, directory, offset)?;
                    let why = error.to_string();
                    steps.push(RecoveryStep::SnapshotUnreadable { offset, why });
                }
            }
        }
        (self.map_end_offset, self.last_snapshot_offset) = (log_start, log_start);
        Ok(())
    }

    /// Forgets everything, snapshots included; the log begins anew at `offset`.
    pub(super) fn truncate_fully_and_start_at(
        &mut self,
        disk: &mut Disk,
        directory: &str,
        offset: Offset,
    ) -> Result<()> {
        self.forget_all();
        for gone in self.snapshots.iter().copied().collect::<Vec<_>>() {
            self.remove_snapshot(disk, directory, gone)?;
        }
        (self.last_snapshot_offset, self.map_end_offset) = (Offset::ZERO, offset);
        Ok(())
    }
}
