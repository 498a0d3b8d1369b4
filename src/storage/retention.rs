//! Retention: which segments go, and why (`UnifiedLog.deleteOldSegments`).
//!
//! ```text
//!   oldest first, one rule after the other, each until the first segment that it keeps:
//!     log start    the next segment begins at or before the log start offset         (every cleanup.policy)
//!     size         without this segment the log still has retention.bytes            (cleanup.policy=delete)
//!     time         its greatest timestamp is older than retention.ms                 (cleanup.policy=delete)
//!   never: what the high watermark has not passed, and an empty active segment
//! ```
//!
//! Whole segments go, so a record may outlive `retention.ms` by as long as its segment was written. When all of them
//! go, the active one is rolled first. Nobody looks at consumers. [`Retention`] tells each verdict;
//! [`Log::apply_retention`] acts on them.

use super::deleted::DeletionReason;
use super::error::Result;
use super::event::{Event, RollReason};
use super::log::Log;
use super::segment::Segment;
use crate::clock::Instant;
use crate::disk::Disk;
use crate::types::{Offset, Timestamp};
use std::sync::Arc;

/// Which rule judged a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetentionRule {
    /// Records before the log start offset were deleted on request.
    LogStartOffset,
    /// `retention.bytes`.
    Size,
    /// `retention.ms`.
    Time,
}

/// What a rule said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes.
    Delete(DeletionReason),
    /// It stays: not all of it lies before the log start offset.
    NotBeforeLogStart,
    /// It stays: without it the log would have fewer bytes than `retention.bytes`.
    Needed {
        /// Bytes of the log with it.
        log_bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// It stays: too young.
    Young {
        /// How old its newest record is; negative: it lies in the future.
        age_ms: i64,
        /// The limit.
        limit_ms: i64,
    },
    /// It stays: the high watermark has not passed it.
    NotCommitted,
    /// It stays: the active segment, and empty.
    ActiveEmpty,
}

/// One step of the retention check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionStep {
    /// The segment that was looked at.
    pub base_offset: Offset,
    /// By which rule.
    pub rule: RetentionRule,
    /// What it said.
    pub verdict: Verdict,
}

/// The retention check of a log, segment by segment; it changes nothing.
pub struct Retention<'a> {
    log: &'a Log,
    high_watermark: Offset,
    now: Timestamp,
    rules: &'static [RetentionRule],
    at: usize,
    left_bytes: u64,
}

const ALL: &[RetentionRule] =
    &[RetentionRule::LogStartOffset, RetentionRule::Size, RetentionRule::Time];

impl Log {
    /// The retention check, as it would judge now.
    pub fn retention(&self, high_watermark: Offset, now: Timestamp) -> Retention<'_> {
        let rules = if self.config.cleanup_policy.delete { ALL } else { &ALL[..1] };
        Retention { log: self, high_watermark, now, rules, at: 0, left_bytes: self.size_bytes() }
    }

    /// Drops what the retention check condemns; answers how many segments went.
    pub fn apply_retention(
        &mut self,
        disk: &mut Disk,
        high_watermark: Offset,
        now: Instant,
        timestamp: Timestamp,
        events: &mut Vec<Event>,
    ) -> Result<usize> {
        let gone: Vec<(Offset, DeletionReason)> = self
            .retention(high_watermark, timestamp)
            .filter_map(|step| match step.verdict {
                Verdict::Delete(reason) => Some((step.base_offset, reason)),
                _ => None,
            })
            .collect();
        if gone.is_empty() {
            return Ok(0);
        }
        if gone.len() == self.segments.len() {
            self.roll(disk, now, RollReason::AllExpired, events)?;
        }
        let start = self.segments[gone.len()].base_offset;
        self.increment_log_start(disk, start, false, events)?;
        for &(base_offset, reason) in &gone {
            self.mark_deleted(disk, base_offset, true, now, reason, events)?;
        }
        Arc::make_mut(&mut self.segments).drain(..gone.len());
        Ok(gone.len())
    }

    /// Moves the log start offset up; the epochs before it go (`maybeIncrementLogStartOffset`).
    pub(super) fn increment_log_start(
        &mut self,
        disk: &mut Disk,
        to: Offset,
        on_request: bool,
        events: &mut Vec<Event>,
    ) -> Result<()> {
        let from = self.log_start_offset;
        if to > from {
            self.log_start_offset = to;
            self.epochs.truncate_from_start(disk, to)?;
            let partition = self.partition.clone();
            events.push(Event::LogStartMoved { partition, from, to, on_request });
        }
        Ok(())
    }

    /// When the retention check would find something to drop, if nothing is written; in the past: now.
    pub fn next_retention(&self, high_watermark: Offset, now: Instant) -> Option<Instant> {
        let mut check = self.retention(high_watermark, self.config.wall(now));
        let mut next = None;
        for step in &mut check {
            match step.verdict {
                Verdict::Delete(_) => return Some(now),
                Verdict::Young { .. } if step.rule == RetentionRule::Time => {
                    next = self.expires_at(&self.segments[0]);
                }
                _ => {}
            }
        }
        next
    }

    /// When a segment becomes too old; nothing when time does not count.
    fn expires_at(&self, segment: &Segment) -> Option<Instant> {
        let limit_ms = self.config.retention_ms;
        let at = segment.max_timestamp.0.0.saturating_add(limit_ms).saturating_add(1);
        (limit_ms >= 0).then(|| Instant::of_timestamp(Timestamp(at)))
    }
}

impl Retention<'_> {
    fn judge(&self, rule: RetentionRule, segment: &Segment, next: Option<&Segment>) -> Verdict {
        let end = next.map_or(self.log.log_end_offset, |next| next.base_offset);
        if self.high_watermark < end {
            return Verdict::NotCommitted;
        }
        if next.is_none() && segment.size_bytes == 0 {
            return Verdict::ActiveEmpty;
        }
        let config = &self.log.config;
        match rule {
            RetentionRule::LogStartOffset => {
                let log_start_offset = self.log.log_start_offset;
                match next.is_some_and(|next| next.base_offset <= log_start_offset) {
                    true => Verdict::Delete(DeletionReason::LogStartOffset { log_start_offset }),
                    false => Verdict::NotBeforeLogStart,
                }
            }
            RetentionRule::Size => {
                let (log_bytes, limit_bytes) = (self.left_bytes, config.retention_bytes as u64);
                match log_bytes >= limit_bytes.saturating_add(u64::from(segment.size_bytes)) {
                    true => {
                        Verdict::Delete(DeletionReason::RetentionSize { log_bytes, limit_bytes })
                    }
                    false => Verdict::Needed { log_bytes, limit_bytes },
                }
            }
            RetentionRule::Time => {
                let age_ms = self.now.0.saturating_sub(segment.max_timestamp.0.0);
                let limit_ms = config.retention_ms;
                match age_ms > limit_ms {
                    true => Verdict::Delete(DeletionReason::RetentionMs { age_ms, limit_ms }),
                    false => Verdict::Young { age_ms, limit_ms },
                }
            }
        }
    }
}

impl Iterator for Retention<'_> {
    type Item = RetentionStep;

    fn next(&mut self) -> Option<RetentionStep> {
        loop {
            let rule = *self.rules.first()?;
            let off = match rule {
                RetentionRule::LogStartOffset => false,
                RetentionRule::Size => self.log.config.retention_bytes < 0,
                RetentionRule::Time => self.log.config.retention_ms < 0,
            };
            let segment = self.log.segments.get(self.at).filter(|_| !off);
            let Some(segment) = segment else {
                self.rules = &self.rules[1..];
                continue;
            };
            let verdict = self.judge(rule, segment, self.log.segments.get(self.at + 1));
            match verdict {
                Verdict::Delete(_) => {
                    self.at += 1;
                    self.left_bytes -= u64::from(segment.size_bytes);
                }
                _ => self.rules = &self.rules[1..],
            }
            return Some(RetentionStep { base_offset: segment.base_offset, rule, verdict });
        }
    }
}
