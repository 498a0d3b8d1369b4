//! What a partition remembers of each producer, and how it judges the next batch (KIP-98, KIP-360).
//!
//! ```text
//!   producer 4, epoch 1      the last five batches:  [0‥2 at 10] [3‥5 at 14] [6‥8 at 17] …     next sequence: 9
//!     sequence 9, epoch 1    goes on: appended
//!     sequence 3‥5, epoch 1  the same range as a remembered batch: a duplicate, answered with its offsets
//!     sequence 12            a gap: OUT_OF_ORDER_SEQUENCE_NUMBER
//!     epoch 0                an older epoch: INVALID_PRODUCER_EPOCH (somebody with the same id began anew)
//! ```
//!
//! A producer that is not known may start at any sequence; after a new epoch, or after nothing but a marker, it starts
//! at 0. What comes by replication was judged by the leader: it skips these checks, but a plain batch inside an open
//! transaction is refused there too. The first open transaction holds the last stable offset back.
//! Kafka's classes: `ProducerStateManager`, `ProducerAppendInfo`, `ProducerStateEntry`. Left out: the verification of
//! transactions with their coordinator before the first append (KIP-890 part one).

use super::error::{INPUT, Result, StorageError, StorageErrorKind};
use super::producer_entry::{ProducerEntry, RememberedBatch};
use super::producer_snapshot::ProducerSnapshotEntry;
use crate::batch::{self, ControlType, Header};
use crate::protocol::ErrorCode;
use crate::types::{Offset, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Who brings a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendOrigin {
    /// A producer: everything is checked.
    Client,
    /// The transaction coordinator: epochs are checked.
    Coordinator,
    /// The leader of the partition, or the log itself at start-up: already judged.
    Replication,
}

/// The end of a transaction, as its marker says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndMarker {
    /// Aborted, or else committed.
    pub aborted: bool,
    /// Epoch of the coordinator that wrote it.
    pub coordinator_epoch: i32,
    /// When.
    pub timestamp: Timestamp,
}

impl EndMarker {
    /// Reads the marker in a control batch; nothing if it holds no record any more, or another control record.
    pub fn read(batch: &[u8]) -> Result<Option<EndMarker>> {
        let wrong = |error| StorageError::batch(INPUT, 0, error);
        let Some(record) = batch::iterate(batch).map_err(wrong)?.next() else { return Ok(None) };
        let record = record.map_err(wrong)?;
        let aborted = match record.key.and_then(ControlType::from_key) {
            Some(ControlType::Abort) => true,
            Some(ControlType::Commit) => false,
            _ => return Ok(None),
        };
        let epoch = record.value.and_then(|value| value.get(2..6)?.try_into().ok());
        let Some(epoch) = epoch else {
            let what = "the value of the marker is too short for a coordinator epoch";
            let range = (record.position as u64, (record.position + record.size_bytes) as u64);
            return Err(StorageError::at(INPUT, range, "coordinator_epoch", what));
        };
        let (coordinator_epoch, timestamp) = (i32::from_be_bytes(epoch), record.timestamp);
        Ok(Some(EndMarker { aborted, coordinator_epoch, timestamp }))
    }
}

/// A transaction that has ended in this partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompletedTransaction {
    /// Whose.
    pub producer_id: i64,
    /// Offset of its first record.
    pub first_offset: Offset,
    /// Offset of its marker.
    pub last_offset: Offset,
    /// Aborted, or else committed.
    pub aborted: bool,
}

/// What an append would change for one producer: it counts only once it is handed to [`ProducerState::update`].
#[derive(Clone, Debug)]
pub struct ProducerAppendInfo {
    current: ProducerEntry,
    updated: ProducerEntry,
    origin: AppendOrigin,
    started: Vec<Offset>,
}

impl ProducerAppendInfo {
    /// Judges one batch of this producer; `marker` is what a control batch says.
    pub fn append(
        &mut self,
        header: &Header,
        marker: Option<EndMarker>,
    ) -> Result<Option<CompletedTransaction>> {
        if !header.is_control() {
            return self.append_data(header).map(|()| None);
        }
        let Some(marker) = marker else { return Ok(None) }; // the cleaner emptied it
        self.check_epoch(header.producer_epoch, header.base_offset)?;
        if self.updated.coordinator_epoch > marker.coordinator_epoch
            && self.origin != AppendOrigin::Replication
        {
            let what = format!(
                "coordinator epoch {} of the marker is older than the known one, {}",
                marker.coordinator_epoch, self.updated.coordinator_epoch
            );
            return Err(refused(ErrorCode::TRANSACTION_COORDINATOR_FENCED, what));
        }
        let completed = self.updated.current_txn_first_offset.map(|first_offset| {
            let (producer_id, aborted) = (self.updated.producer_id, marker.aborted);
            let last_offset = header.base_offset;
            CompletedTransaction { producer_id, first_offset, last_offset, aborted }
        });
        self.updated.take_epoch(header.producer_epoch);
        self.updated.coordinator_epoch = marker.coordinator_epoch;
        self.updated.current_txn_first_offset = None;
        self.updated.last_timestamp = marker.timestamp;
        Ok(completed)
    }

    fn append_data(&mut self, header: &Header) -> Result<()> {
        let (epoch, first, id) = (header.producer_epoch, header.base_offset, header.producer_id);
        self.check_epoch(epoch, first)?;
        if self.origin == AppendOrigin::Client {
            self.check_sequence(epoch, header.base_sequence)?;
        }
        self.updated.take_epoch(epoch);
        self.updated.remember(RememberedBatch {
            last_sequence: header.last_sequence(),
            last_offset: header.last_offset(),
            offset_delta: (header.last_offset().0 - first.0) as i32,
            timestamp: header.max_timestamp,
        });
        self.updated.last_timestamp = header.max_timestamp;
        match (self.updated.current_txn_first_offset, header.is_transactional()) {
            (Some(open), false) => {
                let what = format!(
                    "producer {id} has a transaction open since offset {open}, but this batch belongs to none"
                );
                Err(refused(ErrorCode::INVALID_TXN_STATE, what))
            }
            (None, true) => {
                self.updated.current_txn_first_offset = Some(first);
                self.started.push(first);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn check_epoch(&self, epoch: i16, offset: Offset) -> Result<()> {
        if epoch >= self.updated.producer_epoch || self.origin == AppendOrigin::Replication {
            return Ok(());
        }
        let what = format!(
            "epoch {epoch} of producer {} at offset {offset} is older than the known one, {}",
            self.updated.producer_id, self.updated.producer_epoch
        );
        Err(refused(ErrorCode::INVALID_PRODUCER_EPOCH, what))
    }

    fn check_sequence(&self, epoch: i16, first: i32) -> Result<()> {
        let id = self.updated.producer_id;
        let known = self.updated.producer_epoch;
        if epoch != known {
            if first == 0 || known == -1 {
                return Ok(());
            }
            let what = format!(
                "producer {id} begins epoch {epoch} with sequence {first}, it must begin with 0"
            );
            return Err(refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, what));
        }
        let last = match (self.updated.batches.is_empty(), epoch == self.current.producer_epoch) {
            (false, _) => self.updated.last_sequence(),
            (true, true) => self.current.last_sequence(),
            (true, false) => -1,
        };
        let follows = i64::from(first) == i64::from(last) + 1 || (first == 0 && last == i32::MAX);
        if follows || self.current.producer_epoch == -1 {
            return Ok(());
        }
        let what = format!("sequence {first} of producer {id} does not follow {last}");
        Err(refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, what))
    }
}

fn refused(code: ErrorCode, what: String) -> StorageError {
    StorageError::new(StorageErrorKind::Producer(code), INPUT, what)
}

/// All producers of one partition. Cheap to clone: what did not change is shared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProducerState {
    pub(super) producers: Arc<BTreeMap<i64, ProducerEntry>>,
    /// Open transactions: first offset to producer.
    ongoing: Arc<BTreeMap<Offset, i64>>,
    /// Ended ones whose marker may not be replicated yet: first offset to the marker's offset.
    unreplicated: Arc<BTreeMap<Offset, Offset>>,
    /// Offsets of the `.snapshot` files.
    pub(super) snapshots: Arc<BTreeSet<Offset>>,
    /// Up to here the log is taken in.
    pub(super) map_end_offset: Offset,
    pub(super) last_snapshot_offset: Offset,
}

impl ProducerState {
    /// All producers by id.
    pub fn producers(&self) -> impl Iterator<Item = &ProducerEntry> {
        self.producers.values()
    }
    /// One producer.
    pub fn producer(&self, producer_id: i64) -> Option<&ProducerEntry> {
        self.producers.get(&producer_id)
    }
    /// Offsets of the snapshots that lie in the directory.
    pub fn snapshots(&self) -> impl Iterator<Item = Offset> + '_ {
        self.snapshots.iter().copied()
    }
    /// Up to which offset the log is taken in.
    pub fn map_end_offset(&self) -> Offset {
        self.map_end_offset
    }
    /// Says that the log is taken in up to `offset`.
    pub fn set_map_end_offset(&mut self, offset: Offset) {
        self.map_end_offset = offset;
    }
    pub(super) fn is_empty(&self) -> bool {
        self.producers.is_empty() && self.unreplicated.is_empty()
    }

    /// Begins to judge batches of one producer.
    pub fn prepare(&self, producer_id: i64, origin: AppendOrigin) -> ProducerAppendInfo {
        let known = self.producers.get(&producer_id);
        let current = known.cloned().unwrap_or_else(|| ProducerEntry::empty(producer_id));
        let updated = ProducerEntry { batches: Vec::new(), ..current.clone() };
        ProducerAppendInfo { current, updated, origin, started: Vec::new() }
    }

    /// What was judged good counts from now on.
    pub fn update(&mut self, info: ProducerAppendInfo) {
        let ProducerAppendInfo { updated, started, .. } = info;
        let id = updated.producer_id;
        let producers = Arc::make_mut(&mut self.producers);
        match producers.get_mut(&id) {
            Some(entry) => entry.update(updated),
            None => {
                producers.insert(id, updated);
            }
        }
        if !started.is_empty() {
            Arc::make_mut(&mut self.ongoing).extend(started.into_iter().map(|first| (first, id)));
        }
    }

    /// The last stable offset when this transaction ends: where another producer's first open one began, or behind the
    /// marker. It is written into the transaction index.
    pub fn last_stable_offset_with(&self, completed: &CompletedTransaction) -> Offset {
        let other = self.ongoing.iter().find(|(_, id)| **id != completed.producer_id);
        other.map_or(completed.last_offset + 1, |(first, _)| *first)
    }

    /// A transaction has ended.
    pub fn complete(&mut self, completed: &CompletedTransaction) {
        Arc::make_mut(&mut self.ongoing).remove(&completed.first_offset);
        let unreplicated = Arc::make_mut(&mut self.unreplicated);
        unreplicated.insert(completed.first_offset, completed.last_offset);
    }

    /// Where the first transaction begins that is open, or whose marker is not below the high watermark yet.
    pub fn first_unstable_offset(&self) -> Option<Offset> {
        let (ongoing, ended) = (self.ongoing.keys().next(), self.unreplicated.keys().next());
        ongoing.into_iter().chain(ended).min().copied()
    }

    /// Markers below `offset` (the high watermark, or the log start) hold nothing back any more.
    pub fn forget_ended_below(&mut self, offset: Offset) {
        if self.unreplicated.values().any(|marker| *marker < offset) {
            Arc::make_mut(&mut self.unreplicated).retain(|_, marker| *marker >= offset);
        }
    }

    /// Drops producers that wrote nothing for `expiration_ms`, unless a transaction of theirs is open. Says which.
    pub fn remove_expired(&mut self, now: Timestamp, expiration_ms: i64) -> Vec<i64> {
        let gone = |entry: &ProducerEntry| is_expired(entry, now, expiration_ms);
        let silent = self.producers.values().filter(|entry| gone(entry));
        let ids: Vec<i64> = silent.map(|entry| entry.producer_id).collect();
        if !ids.is_empty() {
            Arc::make_mut(&mut self.producers).retain(|_, entry| !gone(entry));
        }
        ids
    }

    /// Takes over what a snapshot knew; says how many producers had expired meanwhile and were left out.
    pub(super) fn take_over(
        &mut self,
        entries: &[ProducerSnapshotEntry],
        now: Timestamp,
        expiration_ms: i64,
    ) -> usize {
        let mut expired = 0;
        for entry in entries.iter().map(ProducerEntry::from_snapshot) {
            if is_expired(&entry, now, expiration_ms) {
                expired += 1;
                continue;
            }
            if let Some(first) = entry.current_txn_first_offset {
                Arc::make_mut(&mut self.ongoing).insert(first, entry.producer_id);
            }
            Arc::make_mut(&mut self.producers).insert(entry.producer_id, entry);
        }
        expired
    }

    /// Forgets all producers and transactions; the snapshots stay.
    pub(super) fn forget_all(&mut self) {
        (self.producers, self.ongoing, self.unreplicated) =
            (Arc::default(), Arc::default(), Arc::default());
    }
}

fn is_expired(entry: &ProducerEntry, now: Timestamp, expiration_ms: i64) -> bool {
    !entry.has_transaction() && now.0.saturating_sub(entry.last_timestamp.0) >= expiration_ms
}
