//! The files of a pass: `.cleaned` while it is written, `.swap` once it is whole, then in the old ones' place.
//!
//! ```text
//!   0.log 96.log                    0.log.cleaned grows          a crash here: dropped at the next start
//!   0.log 96.log                    0.log.swap                   a crash here: the next start completes it
//!   0.log.deleted 96.log.deleted    0.log                        .deleted go after file.delete.delay.ms
//! ```
//!
//! (`UnifiedLog.createNewCleanedSegment`, `LocalLog.replaceSegments`, KAFKA-6264.)

use crate::clock::Instant;
use crate::disk::Disk;
use crate::storage::deleted::DeletionReason;
use crate::storage::segment::file_name;
use crate::storage::transaction_index::{self, AbortedTransaction};
use crate::storage::{Event, Log, Result, Segment, StorageError, StorageErrorKind};
use crate::types::{Offset, Timestamp};
use std::sync::Arc;

/// The files that move together. Only the first three must be there.
const SUFFIXES: [&str; 4] = [".log", ".index", ".timeindex", ".txnindex"];

/// A segment that is being written by the cleaner.
#[derive(Clone, Debug)]
pub(super) struct CleanedSegment {
    pub(super) segment: Segment,
}

impl CleanedSegment {
    /// Begins the files `.cleaned`; leftovers of a pass that failed are removed.
    pub(super) fn create(
        disk: &mut Disk,
        log: &Log,
        base_offset: Offset,
    ) -> Result<CleanedSegment> {
        for suffix in SUFFIXES {
            let path = format!("{}/{}.cleaned", log.directory(), file_name(base_offset, suffix));
            if disk.exists(&path) {
                disk.remove(&path)?;
            }
        }
        let segment =
            Segment::create_as(disk, log.directory(), base_offset, log.config(), ".cleaned")?;
        Ok(CleanedSegment { segment })
    }

    pub(super) fn append(
        &mut self,
        disk: &mut Disk,
        log: &Log,
        bytes: &[u8],
        last_offset: Offset,
    ) -> Result<()> {
        let mut untold = Vec::new(); // index entries of a copy are no news
        let batches = crate::batch::batches(bytes).flatten().map(|(at, header, _)| (at, header));
        self.segment.append(
            disk,
            bytes,
            &batches.collect(),
            last_offset,
            log.config(),
            log.partition(),
            &mut untold,
        )?;
        Ok(())
    }

    /// Closes and flushes the files; answers the size of the log.
    pub(super) fn finish(
        &mut self,
        disk: &mut Disk,
        log: &Log,
        aborted: &[AbortedTransaction],
    ) -> Result<u32> {
        let segment = &mut self.segment;
        segment.finish(disk, log.partition(), &mut Vec::new())?;
        if !aborted.is_empty() {
            let name = file_name(segment.base_offset, ".txnindex");
            let file = disk.create(&format!("{}/{name}.cleaned", log.directory()))?;
            segment.transaction_index = Some(file);
            disk.append(file, &transaction_index::write(aborted))?;
            disk.flush(file)?;
        }
        for file in [segment.log, segment.index.file, segment.time_index.file] {
            disk.flush(file)?;
        }
        Ok(segment.size_bytes)
    }
}

/// Gives the files of a segment another suffix.
fn rename(disk: &mut Disk, log: &Log, base: Offset, from: &str, to: &str) -> Result<()> {
    for suffix in SUFFIXES {
        let path = format!("{}/{}", log.directory(), file_name(base, suffix));
        let old = format!("{path}{from}");
        if disk.exists(&old) {
            disk.rename(&old, &format!("{path}{to}"))?;
        }
    }
    Ok(())
}

/// From here on a start after a crash completes the swap instead of dropping it.
pub(super) fn cleaned_to_swap(disk: &mut Disk, log: &Log, base: Offset) -> Result<()> {
    rename(disk, log, base, ".cleaned", ".swap")
}

impl Log {
    /// The segment with this base offset.
    pub(super) fn segment_at(&self, base: Offset) -> Result<&Segment> {
        let found = self.segments.binary_search_by_key(&base, |segment| segment.base_offset);
        found.map(|n| &self.segments[n]).map_err(|_| {
            let what = format!("the segment {base} that is being cleaned is gone");
            StorageError::new(StorageErrorKind::InvalidArgument, self.directory(), what)
        })
    }

    /// Puts a cleaned segment in the place of `old`; answers how many bytes those had.
    pub(super) fn replace_segments(
        &mut self,
        disk: &mut Disk,
        cleaned: Segment,
        old: &[Offset],
        now: Instant,
        events: &mut Vec<Event>,
    ) -> Result<u64> {
        let base = cleaned.base_offset;
        let mut bytes = 0;
        for &gone in old {
            bytes += u64::from(self.segment_at(gone)?.size_bytes);
            self.mark_deleted(disk, gone, gone != base, now, DeletionReason::Compacted, events)?;
        }
        let segments = Arc::make_mut(&mut self.segments);
        segments.retain(|segment| !old.contains(&segment.base_offset));
        let place = segments.partition_point(|segment| segment.base_offset < base);
        segments.insert(place, cleaned);
        rename(disk, self, base, ".swap", "")?;
        Ok(bytes)
    }

    /// Aborted transactions that touch `from..up_to` (`LocalLog.collectAbortedTransactions`).
    pub(super) fn collect_aborted(
        &self,
        disk: &Disk,
        from: Offset,
        up_to: Offset,
    ) -> Result<Vec<AbortedTransaction>> {
        let mut all = Vec::new();
        let first = self.floor_segment(from).unwrap_or(0);
        for segment in &self.segments[first..] {
            let path =
                format!("{}/{}", self.directory, file_name(segment.base_offset, ".txnindex"));
            if !disk.exists(&path) {
                continue;
            }
            let bytes = disk.read_small(&path)?;
            let (found, complete) =
                transaction_index::collect(&bytes, self.log_start_offset, up_to);
            all.extend(found);
            if complete {
                break;
            }
        }
        Ok(all)
    }

    /// Producers whose last batch the cleaner must not lose (`UnifiedLog.lastRecordsOfActiveProducers`). Who wrote
    /// nothing for `expiration_ms` and has no transaction open is forgotten.
    pub fn last_records_of_producers(
        &self,
        now: Timestamp,
        expiration_ms: i64,
    ) -> super::ActiveProducers {
        let last = |entry: &crate::storage::ProducerEntry| {
            let last_data_offset = entry.batches.last().map(|batch| batch.last_offset);
            super::LastRecord { last_data_offset, producer_epoch: entry.producer_epoch }
        };
        let oldest = now.0.saturating_sub(expiration_ms);
        let is_active = |entry: &&crate::storage::ProducerEntry| {
            entry.current_txn_first_offset.is_some() || entry.last_timestamp.0 > oldest
        };
        let active = self.producers.producers().filter(is_active);
        active.map(|entry| (entry.producer_id, last(entry))).collect()
    }
}
