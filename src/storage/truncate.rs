//! Cutting a log (`UnifiedLog.truncateTo`, `truncateFullyAndStartAt`): a follower does this to agree with its leader.
//!
//! ```text
//!   truncate to 12:   [0 ‥ 5][6 ‥ 9] | [10 ‥ 13][14 ‥ 15]      the batch that holds 12 goes whole: 10 and 11 too
//!                                     └ cut here (LogSegment.truncateTo translates the offset to a batch boundary)
//! ```
//!
//! The log end becomes the offset asked for; the follower fetches from there.

use super::error::{Result, StorageError, StorageErrorKind};
use super::event::Event;
use super::log::Log;
use super::recovery_producers::Rebuild;
use super::segment::Segment;
use super::transaction_index;
use crate::disk::Disk;
use crate::types::{Offset, Timestamp};
use std::sync::Arc;

impl Log {
    /// Drops all records from `offset` on.
    pub fn truncate_to(
        &mut self,
        disk: &mut Disk,
        offset: Offset,
        events: &mut Vec<Event>,
    ) -> Result<()> {
        if offset < Offset::ZERO {
            let what = format!("cannot cut a log to the negative offset {offset}");
            return Err(StorageError::new(
                StorageErrorKind::InvalidArgument,
                self.directory(),
                what,
            ));
        }
        let from = self.log_end_offset;
        if offset >= from {
            // An epoch that this replica began as leader without writing anything goes nevertheless.
            self.epochs.truncate_from_end(disk, from)?;
            return Ok(());
        }
        if self.segments[0].base_offset > offset {
            return self.truncate_fully_and_start_at(disk, offset, events);
        }
        let keep = self.segments.partition_point(|segment| segment.base_offset <= offset);
        self.remove_segments(disk, keep, events)?;
        let room = self.config.segment_index_bytes;
        self.active_mut().truncate_to(disk, offset, room)?;
        self.epochs.truncate_from_end(disk, offset)?;
        self.log_end_offset = offset;
        self.log_start_offset = self.log_start_offset.min(offset);
        self.recovery_point = self.recovery_point.min(offset);
        events.push(Event::Truncated { partition: self.partition.clone(), from, to: offset });
        self.rebuild_after_cut(disk, offset)
    }

    /// The producers as they were at `offset`: nobody expires, since the clock is not asked here.
    fn rebuild_after_cut(&mut self, disk: &mut Disk, offset: Offset) -> Result<()> {
        let mut producers = std::mem::take(&mut self.producers);
        let (segments, log_start, now) = (self.segments.len(), self.log_start_offset, Timestamp(0));
        let rebuild = Rebuild { segments, log_start, up_to: offset, clean: false, now };
        let rebuilt = self.rebuild_producers(disk, &mut producers, rebuild, &mut Vec::new());
        self.producers = producers;
        rebuilt
    }

    /// Drops everything and begins anew at `offset`.
    pub fn truncate_fully_and_start_at(
        &mut self,
        disk: &mut Disk,
        offset: Offset,
        events: &mut Vec<Event>,
    ) -> Result<()> {
        let from = self.log_end_offset;
        self.remove_segments(disk, 0, events)?;
        let segment = Segment::create(disk, &self.directory, offset, &self.config)?;
        Arc::make_mut(&mut self.segments).push(segment);
        self.epochs.clear(disk)?;
        (self.log_start_offset, self.log_end_offset) = (offset, offset);
        self.recovery_point = self.recovery_point.min(offset);
        let directory = self.directory.clone();
        self.producers.truncate_fully_and_start_at(disk, &directory, offset)?;
        events.push(Event::Truncated { partition: self.partition.clone(), from, to: offset });
        self.rebuild_after_cut(disk, offset)
    }
}

impl Segment {
    /// Drops the batch that holds `offset` and all behind it (`LogSegment.truncateTo`); the indexes get room again.
    pub(super) fn truncate_to(&mut self, disk: &mut Disk, offset: Offset, room: u32) -> Result<()> {
        let found = self.translate(disk, offset)?;
        self.index.truncate_to(disk, offset)?;
        self.time_index.truncate_to(disk, offset)?;
        self.index.resize(disk, room)?;
        self.time_index.resize(disk, room)?;
        if let Some(file) = self.transaction_index {
            let size = disk.size(file) as usize;
            let kept = disk.with_bytes(file, 0, size, |bytes| {
                transaction_index::read(bytes)
                    .take_while(|entry| entry.last_offset < offset)
                    .count()
            })?;
            let kept_bytes = (kept * transaction_index::ABORTED_TRANSACTION_BYTES).min(size);
            if disk.size(file) as usize / transaction_index::ABORTED_TRANSACTION_BYTES > kept {
                disk.truncate(file, kept_bytes as u64)?;
            }
        }
        if let Some((position, _)) = found {
            disk.truncate(self.log, u64::from(position.0))?;
            self.size_bytes = position.0;
        }
        if self.size_bytes == 0 {
            self.first_timestamp = None;
        }
        self.last_batch = None;
        self.bytes_since_last_index_entry = 0;
        self.max_timestamp = self.read_max_timestamp(disk)?;
        Ok(())
    }

    /// The greatest timestamp: the last time index entry, or something later behind it (`readLargestTimestamp`).
    pub(super) fn read_max_timestamp(&self, disk: &Disk) -> Result<(Timestamp, Offset)> {
        let mut greatest = self.time_index.last_entry();
        let (_, start) = self.index.lookup(disk, greatest.1)?;
        for found in self.headers(disk, start) {
            let (_, header) = found?;
            if header.max_timestamp > greatest.0 {
                greatest = (header.max_timestamp, header.last_offset());
            }
        }
        Ok(greatest)
    }
}
