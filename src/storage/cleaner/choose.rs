//! Which part of a log may be cleaned, and how dirty it is (`LogCleanerManager.cleanableOffsets`, `LogToClean`).
//!
//! ```text
//!   log start           first dirty                         first uncleanable            log end
//!      │ clean: was read    │ dirty: not read by a pass yet      │ active segment, open transaction,
//!      ▼                    ▼                                    ▼ younger than min.compaction.lag.ms
//!   [ segment ][ segment ][ segment ][ segment ][ segment ][ active … ]
//!   dirty ratio = cleanable bytes / (clean bytes + cleanable bytes)  >  min.cleanable.dirty.ratio ?
//! ```

use crate::clock::Instant;
use crate::disk::Disk;
use crate::storage::{Log, Result};
use crate::types::{Offset, Position};

/// What a pass over a log would do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cleanable {
    /// Where the dirty section begins.
    pub first_dirty_offset: Offset,
    /// Where it ends: base offset of the first segment that may not be cleaned.
    pub first_uncleanable_offset: Offset,
    /// Bytes before the dirty section.
    pub clean_bytes: u64,
    /// Bytes of the dirty section.
    pub cleanable_bytes: u64,
    /// The checkpoint does not fit the log: cleaning begins at the log start again.
    pub checkpoint_invalid: bool,
    /// By how much the oldest dirty record is older than `max.compaction.lag.ms`.
    pub overdue_ms: i64,
}

impl Cleanable {
    /// What part of the bytes is dirty, from 0 to 1.
    pub fn dirty_ratio(&self) -> f64 {
        match self.clean_bytes + self.cleanable_bytes {
            0 => 0.0,
            total => self.cleanable_bytes as f64 / total as f64,
        }
    }

    /// Whether the cleaner takes this log (`grabFilthiestCompactedLog`).
    pub fn is_due(&self, log: &Log) -> bool {
        self.clean_bytes + self.cleanable_bytes > 0
            && (self.overdue_ms > 0 && self.cleanable_bytes > 0
                || self.dirty_ratio() > log.config().min_cleanable_dirty_ratio())
    }
}

impl Log {
    /// What the cleaner could do now. `checkpoint`: how far the last pass came; `last_stable_offset`: nothing from
    /// there on is cleaned.
    pub fn cleanable(
        &self,
        disk: &Disk,
        checkpoint: Option<Offset>,
        last_stable_offset: Offset,
        now: Instant,
    ) -> Result<Cleanable> {
        let now_ms = self.config.wall(now).0;
        let (start, end) = (self.log_start_offset(), self.log_end_offset());
        let wanted = checkpoint.unwrap_or(start);
        let checkpoint_invalid = wanted < start || wanted > end;
        let first_dirty_offset = if checkpoint_invalid { start } else { wanted };
        let closed = &self.segments()[..self.segments().len() - 1];
        let dirty_from = self.floor_segment(first_dirty_offset).unwrap_or(0);
        let dirty = closed.get(dirty_from..).unwrap_or_default();
        let mut bound = last_stable_offset.min(self.active_segment().base_offset);
        let lag_ms = self.config().min_compaction_lag_ms;
        if lag_ms > 0
            && let Some(young) = dirty
                .iter()
                .find(|segment| segment.max_timestamp.0.0 > now_ms.saturating_sub(lag_ms))
        {
            bound = bound.min(young.base_offset);
        }
        bound = bound.max(first_dirty_offset);
        let first_uncleanable_offset = self.uncleanable_segment(bound);
        let bytes = |from: Offset, to: Offset| -> u64 {
            let from = self.floor_base(from);
            let inside = |segment: &&crate::storage::Segment| {
                segment.base_offset >= from && segment.base_offset < to
            };
            self.segments().iter().filter(inside).map(|s| u64::from(s.size_bytes)).sum()
        };
        let from = first_dirty_offset.min(first_uncleanable_offset);
        let cleanable_bytes = if from == first_uncleanable_offset {
            0
        } else {
            bytes(from, first_uncleanable_offset)
        };
        let clean_bytes = bytes(Offset::ZERO, first_dirty_offset);
        let mut oldest = i64::MAX;
        for segment in dirty {
            if let Some(header) = segment.header_at(disk, Position(0))?
                && header.max_timestamp.0 > 0
            {
                oldest = oldest.min(header.max_timestamp.0);
            }
        }
        let until = now_ms.saturating_sub(self.config().max_compaction_lag_ms.max(0));
        let overdue_ms = if oldest < until { until - oldest } else { 0 };
        Ok(Cleanable {
            first_dirty_offset,
            first_uncleanable_offset,
            clean_bytes,
            cleanable_bytes,
            checkpoint_invalid,
            overdue_ms,
        })
    }

    /// Base offset of the segment that holds `offset`, the active one at most: a segment is cleaned whole or not at all
    /// (`calculateCleanableBytes`).
    pub(super) fn uncleanable_segment(&self, offset: Offset) -> Offset {
        self.floor_base(offset).min(self.active_segment().base_offset)
    }

    /// Base offset of the segment that holds `offset` or would hold it.
    pub(super) fn floor_base(&self, offset: Offset) -> Offset {
        let n = self.floor_segment(offset).unwrap_or(0);
        self.segments()[n].base_offset
    }
}
