//! Segments that are no longer part of the log: renamed to `.deleted`, removed a little later.
//!
//! ```text
//!   96.log  96.index  96.timeindex           ── dropped for a reason ──►  96.log.deleted  96.index.deleted …
//!   96.log.deleted …                         ── file.delete.delay.ms ──►  gone
//! ```
//!
//! In Kafka a reader that still holds the file may finish (`LocalLog.deleteSegmentFiles`). What is still there at the
//! next start is removed then.

use super::error::Result;
use super::event::Event;
use super::log::Log;
use super::segment::file_name;
use crate::clock::{Duration, Instant};
use crate::disk::Disk;
use crate::types::{Language, Offset};
use std::sync::Arc;

/// The date of a file that was dropped by somebody without a clock.
const UNDATED: Instant = Instant(u64::MAX);

/// Files that belong to a segment.
const SUFFIXES: [&str; 4] = [".log", ".index", ".timeindex", ".txnindex"];

/// Why a segment was dropped (`SegmentDeletionReason`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionReason {
    /// Its newest record is older than `retention.ms`.
    RetentionMs {
        /// How old its newest record is.
        age_ms: i64,
        /// The limit.
        limit_ms: i64,
    },
    /// Without it the log still has `retention.bytes`.
    RetentionSize {
        /// Bytes of the log with it.
        log_bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// All of it lies before the log start offset.
    LogStartOffset {
        /// The log start offset.
        log_start_offset: Offset,
    },
    /// The cleaner wrote a smaller one.
    Compacted,
    /// The log was cut before it.
    Truncated,
}

impl DeletionReason {
    /// The reason as part of a sentence.
    pub fn words(self, language: Language) -> String {
        let english = language == Language::English;
        match (self, english) {
            (DeletionReason::RetentionMs { age_ms, limit_ms }, true) => {
                format!("its newest record is {age_ms} ms old, retention.ms is {limit_ms}")
            }
            (DeletionReason::RetentionMs { age_ms, limit_ms }, false) => {
                format!("其最新记录已有 {age_ms} 毫秒，retention.ms 为 {limit_ms}")
            }
            (DeletionReason::RetentionSize { log_bytes, limit_bytes }, true) => {
                format!("the log has {log_bytes} bytes, retention.bytes is {limit_bytes}")
            }
            (DeletionReason::RetentionSize { log_bytes, limit_bytes }, false) => {
                format!("日志共 {log_bytes} 字节，retention.bytes 为 {limit_bytes}")
            }
            (DeletionReason::LogStartOffset { log_start_offset }, true) => {
                format!("all of it lies before the log start offset {log_start_offset}")
            }
            (DeletionReason::LogStartOffset { log_start_offset }, false) => {
                format!("整段位于日志起始偏移量 {log_start_offset} 之前")
            }
            (DeletionReason::Compacted, true) => "the cleaner replaced it".to_string(),
            (DeletionReason::Compacted, false) => "已由清理线程替换".to_string(),
            (DeletionReason::Truncated, true) => "the log was cut before it".to_string(),
            (DeletionReason::Truncated, false) => "日志在它之前被截断".to_string(),
        }
    }
}

/// A file that waits to be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doomed {
    /// When it goes.
    pub due: Instant,
    /// Its path.
    pub path: Arc<str>,
}

impl Log {
    /// Files called `.deleted` that wait for their end, earliest first.
    pub fn doomed(&self) -> &[Doomed] {
        &self.doomed
    }

    /// Renames the files of one segment to `.deleted`; `with_snapshot`: its producer snapshot too. The list of
    /// segments is the caller's to change.
    pub(super) fn mark_deleted(
        &mut self,
        disk: &mut Disk,
        base_offset: Offset,
        with_snapshot: bool,
        now: Instant,
        reason: DeletionReason,
        events: &mut Vec<Event>,
    ) -> Result<()> {
        let delay = Duration::from_ms(self.config.file_delete_delay_ms as u64);
        let due = if now == UNDATED { UNDATED } else { now + delay };
        if with_snapshot {
            self.producers.forget_snapshot(base_offset);
        }
        for suffix in SUFFIXES.into_iter().chain(with_snapshot.then_some(".snapshot")) {
            let path = format!("{}/{}", self.directory, file_name(base_offset, suffix));
            if !disk.exists(&path) {
                continue;
            }
            let to = format!("{path}.deleted");
            disk.rename(&path, &to)?;
            let doomed = Arc::make_mut(&mut self.doomed);
            doomed.retain(|other| *other.path != to); // a second one of that name took the first one's place
            doomed.push(Doomed { due, path: to.into() });
        }
        let partition = self.partition.clone();
        events.push(Event::SegmentDeleted { partition, base_offset, reason });
        Ok(())
    }

    /// Drops the segments from `first` on, at start-up or when a log is cut: their files become `.deleted`, and so do
    /// their producer snapshots; those of a log that begins anew go at once (`truncateFullyAndStartAt`). Whoever has
    /// the clock gives the files their date ([`Log::date_deleted`]).
    pub(super) fn remove_segments(
        &mut self,
        disk: &mut Disk,
        first: usize,
        events: &mut Vec<Event>,
    ) -> Result<()> {
        let gone: Vec<_> = Arc::make_mut(&mut self.segments).drain(first..).collect();
        let (is_cut, directory) = (first > 0, self.directory.clone());
        for segment in gone {
            let base_offset = segment.base_offset;
            let (mut told, reason) = (Vec::new(), DeletionReason::Truncated);
            if !is_cut {
                self.producers.remove_snapshot(disk, &directory, base_offset)?;
            }
            self.mark_deleted(disk, base_offset, is_cut, UNDATED, reason, &mut told)?;
            let partition = self.partition.clone();
            events.push(Event::SegmentRemoved { partition, base_offset });
        }
        Ok(())
    }

    /// What was dropped without a clock goes `file.delete.delay.ms` after `now` (`LocalLog.deleteSegmentFiles`).
    pub fn date_deleted(&mut self, now: Instant) {
        if self.doomed.iter().any(|doomed| doomed.due == UNDATED) {
            let due = now + Duration::from_ms(self.config.file_delete_delay_ms as u64);
            for doomed in Arc::make_mut(&mut self.doomed) {
                doomed.due = if doomed.due == UNDATED { due } else { doomed.due };
            }
        }
    }

    /// Removes the files whose delay is over.
    pub fn remove_due(
        &mut self,
        disk: &mut Disk,
        now: Instant,
        events: &mut Vec<Event>,
    ) -> Result<()> {
        if self.doomed.iter().all(|doomed| doomed.due > now) {
            return Ok(());
        }
        let (gone, left): (Vec<Doomed>, Vec<Doomed>) =
            self.doomed.iter().cloned().partition(|doomed| doomed.due <= now);
        self.doomed = Arc::new(left);
        let mut files = 0;
        for doomed in gone {
            if disk.exists(&doomed.path) {
                disk.remove(&doomed.path)?;
                files += 1;
            }
        }
        if files > 0 {
            events.push(Event::DeletedFilesRemoved { partition: self.partition.clone(), files });
        }
        Ok(())
    }

    /// When the next file goes.
    pub fn next_removal(&self) -> Option<Instant> {
        self.doomed.iter().map(|doomed| doomed.due).filter(|due| *due != UNDATED).min()
    }
}
