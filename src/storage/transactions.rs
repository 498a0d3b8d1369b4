//! What transactions mean for readers: the last stable offset, and the aborted transactions of a range (KIP-98).
//!
//! ```text
//!   0 ‥ 9 plain │ 10 tx-a │ 11 plain │ 12 tx-a │           high watermark 13, tx-a is open since 10:
//!                └ last stable offset = 10                 read_committed sees 0 to 9, read_uncommitted 0 to 12
//! ```

use super::error::{Result, StorageError};
use super::event::Event;
use super::few::Few;
use super::log::Log;
use super::producer_entry::{ProducerEntry, RememberedBatch};
use super::producer_state::{AppendOrigin, CompletedTransaction, ProducerAppendInfo};
use super::transaction_index::{self, AbortedTransaction};
use crate::batch::Header;
use crate::clock::Instant;
use crate::disk::Disk;
use crate::types::{Offset, Position, Timestamp};
use std::collections::BTreeMap;

/// What the batches of one append mean for their producers.
pub(super) enum Judged {
    /// Everything is in order.
    Good(Vec<ProducerAppendInfo>, Vec<CompletedTransaction>),
    /// The batch was written already.
    Duplicate(RememberedBatch),
}

impl Log {
    /// Up to where a read_committed consumer may read: the first open transaction, or else the high watermark.
    pub fn last_stable_offset(&self, high_watermark: Offset) -> Offset {
        let first = self.producers.first_unstable_offset();
        let first = first.map(|offset| offset.max(self.log_start_offset));
        first.filter(|first| *first < high_watermark).unwrap_or(high_watermark)
    }

    /// The high watermark has moved: markers below it hold nothing back any more.
    pub fn high_watermark_moved(&mut self, high_watermark: Offset) {
        self.producers.forget_ended_below(high_watermark);
    }

    /// When the first producer will have been silent for `producer.id.expiration.ms`.
    pub fn next_producer_expiry(&self) -> Option<Instant> {
        let expiration_ms = self.config.producer_id_expiration_ms;
        let silent_until =
            |entry: &ProducerEntry| entry.last_timestamp.0.saturating_add(expiration_ms);
        let idle = self.producers.producers().filter(|entry| !entry.has_transaction());
        idle.map(silent_until).min().map(|ms| Instant::of_timestamp(Timestamp(ms)))
    }

    /// Forgets producers that wrote nothing for long (`ProducerStateManager.removeExpiredProducers`); says which.
    pub fn forget_expired_producers(&mut self, now: Timestamp) -> Option<Event> {
        let expiration_ms = self.config.producer_id_expiration_ms;
        let producer_ids = self.producers.remove_expired(now, expiration_ms);
        let partition = self.partition.clone();
        (!producer_ids.is_empty()).then_some(Event::ProducersExpired { partition, producer_ids })
    }

    /// The aborted transactions that touch `from..up_to`, as a read_committed consumer is told them
    /// (`LocalLog.collectAbortedTransactions`).
    pub fn aborted_transactions(
        &self,
        disk: &Disk,
        from: Offset,
        up_to: Offset,
    ) -> Result<Vec<AbortedTransaction>> {
        let mut found = Vec::new();
        for segment in &self.segments[self.floor_segment(from).unwrap_or(0)..] {
            let Some(file) = segment.transaction_index else { continue };
            let size = disk.size(file) as usize;
            let collect = |bytes: &[u8]| transaction_index::collect(bytes, from, up_to);
            let (entries, complete) = disk.with_bytes(file, 0, size, collect)?;
            found.extend(entries);
            if complete {
                break;
            }
        }
        Ok(found)
    }

    /// Judges the batches of one append, without changing anything (`UnifiedLog.analyzeAndValidateProducerState`).
    pub(super) fn judge(
        &self,
        bytes: &[u8],
        batches: &Few<(Position, Header)>,
        origin: AppendOrigin,
    ) -> Result<Judged> {
        if !batches.iter().any(|(_, header)| header.has_producer_id()) {
            return Ok(Judged::Good(Vec::new(), Vec::new()));
        }
        let mut prepared: BTreeMap<i64, ProducerAppendInfo> = BTreeMap::new();
        let mut completed = Vec::new();
        for &(position, ref header) in batches.iter() {
            if !header.has_producer_id() {
                continue;
            }
            let id = header.producer_id;
            if origin == AppendOrigin::Client
                && let Some(known) = self.producers.producer(id)
                && let Some(duplicate) = known.duplicate_of(header)
            {
                return Ok(Judged::Duplicate(duplicate));
            }
            let marker = match header.is_control() {
                true => {
                    let start = position.0 as usize;
                    super::producer_state::EndMarker::read(
                        &bytes[start..start + header.size_bytes()],
                    )
                    .map_err(|error| moved(error, position))?
                }
                false => None,
            };
            let info = prepared.entry(id).or_insert_with(|| self.producers.prepare(id, origin));
            completed.extend(info.append(header, marker)?);
        }
        Ok(Judged::Good(prepared.into_values().collect(), completed))
    }

    /// What was judged good was written: it counts from now on.
    pub(super) fn take_in_judged(
        &mut self,
        disk: &mut Disk,
        prepared: Vec<ProducerAppendInfo>,
        completed: &[CompletedTransaction],
    ) -> Result<()> {
        prepared.into_iter().for_each(|info| self.producers.update(info));
        for completed in completed {
            let stable = self.producers.last_stable_offset_with(completed);
            let directory = self.directory.clone();
            self.active_mut().add_completed(disk, &directory, completed, stable)?;
            self.producers.complete(completed);
        }
        self.producers.set_map_end_offset(self.log_end_offset);
        Ok(())
    }
}

fn moved(error: StorageError, position: Position) -> StorageError {
    let base = u64::from(position.0);
    StorageError { start: error.start + base, end: error.end + base, ..error }
}
