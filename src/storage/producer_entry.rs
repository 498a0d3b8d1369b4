//! What is known of one producer in one partition: its epoch, its last five batches, its open transaction.
//!
//! Kafka's classes: `ProducerStateEntry`, `BatchMetadata`. What always holds: batches of an older epoch are forgotten
//! with it; five batches at most are remembered, the oldest goes first.

use super::producer_snapshot::ProducerSnapshotEntry;
use crate::batch::Header;
use crate::types::{Offset, Timestamp};

/// How many batches of a producer are remembered (`NUM_BATCHES_TO_RETAIN`).
pub const BATCHES_REMEMBERED: usize = 5;

/// One remembered batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RememberedBatch {
    /// Sequence number of its last record.
    pub last_sequence: i32,
    /// Offset of its last record.
    pub last_offset: Offset,
    /// Last minus first offset.
    pub offset_delta: i32,
    /// Its greatest timestamp.
    pub timestamp: Timestamp,
}

impl RememberedBatch {
    /// Sequence number of its first record; behind 0 comes 2147483647 (`DefaultRecordBatch.decrementSequence`).
    pub fn first_sequence(&self) -> i32 {
        match self.last_sequence.checked_sub(self.offset_delta) {
            Some(first) if first >= 0 => first,
            _ => {
                let sum = i64::from(self.last_sequence) - i64::from(self.offset_delta);
                (sum + i64::from(i32::MAX) + 1) as i32
            }
        }
    }
    /// Offset of its first record.
    pub fn first_offset(&self) -> Offset {
        Offset(self.last_offset.0.saturating_sub(i64::from(self.offset_delta)))
    }
}

/// What is known of one producer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerEntry {
    /// The producer.
    pub producer_id: i64,
    /// Its epoch; -1 before anything came.
    pub producer_epoch: i16,
    /// Epoch of the coordinator that wrote the last marker; -1 before one.
    pub coordinator_epoch: i32,
    /// When it last wrote, by its records; -1 before anything came.
    pub last_timestamp: Timestamp,
    /// Where its open transaction began.
    pub current_txn_first_offset: Option<Offset>,
    /// The last batches, oldest first, five at most.
    pub batches: Vec<RememberedBatch>,
}

impl ProducerEntry {
    pub(super) fn empty(producer_id: i64) -> ProducerEntry {
        ProducerEntry {
            producer_id,
            producer_epoch: -1,
            coordinator_epoch: -1,
            last_timestamp: Timestamp::NONE,
            current_txn_first_offset: None,
            batches: Vec::new(),
        }
    }

    /// Whether a transaction of it is open here: then it is not forgotten.
    pub fn has_transaction(&self) -> bool {
        self.current_txn_first_offset.is_some()
    }

    /// Sequence number of the last record; -1 if no batch is remembered.
    pub fn last_sequence(&self) -> i32 {
        self.batches.last().map_or(-1, |batch| batch.last_sequence)
    }

    /// The remembered batch of the same epoch and the same range of sequence numbers.
    pub fn duplicate_of(&self, header: &Header) -> Option<RememberedBatch> {
        let (first, last) = (header.base_sequence, header.last_sequence());
        let same = |batch: &&RememberedBatch| {
            batch.first_sequence() == first && batch.last_sequence == last
        };
        (header.producer_epoch == self.producer_epoch)
            .then(|| self.batches.iter().find(same).copied())
            .flatten()
    }

    pub(super) fn take_epoch(&mut self, epoch: i16) {
        if self.producer_epoch != epoch {
            self.batches.clear();
            self.producer_epoch = epoch;
        }
    }

    pub(super) fn remember(&mut self, batch: RememberedBatch) {
        if self.batches.len() == BATCHES_REMEMBERED {
            self.batches.remove(0);
        }
        self.batches.push(batch);
    }

    pub(super) fn update(&mut self, next: ProducerEntry) {
        self.take_epoch(next.producer_epoch);
        next.batches.into_iter().for_each(|batch| self.remember(batch));
        self.coordinator_epoch = next.coordinator_epoch;
        self.current_txn_first_offset = next.current_txn_first_offset;
        self.last_timestamp = next.last_timestamp;
    }

    /// What a snapshot keeps of it.
    pub fn to_snapshot(&self) -> ProducerSnapshotEntry {
        let last = self.batches.last();
        ProducerSnapshotEntry {
            producer_id: self.producer_id,
            producer_epoch: self.producer_epoch,
            last_sequence: self.last_sequence(),
            last_offset: last.map_or(Offset(-1), |batch| batch.last_offset),
            offset_delta: last.map_or(0, |batch| batch.offset_delta),
            timestamp: self.last_timestamp,
            coordinator_epoch: self.coordinator_epoch,
            current_txn_first_offset: self.current_txn_first_offset,
        }
    }

    /// What a snapshot knew.
    pub fn from_snapshot(from: &ProducerSnapshotEntry) -> ProducerEntry {
        let batch = RememberedBatch {
            last_sequence: from.last_sequence,
            last_offset: from.last_offset,
            offset_delta: from.offset_delta,
            timestamp: from.timestamp,
        };
        ProducerEntry {
            producer_id: from.producer_id,
            producer_epoch: from.producer_epoch,
            coordinator_epoch: from.coordinator_epoch,
            last_timestamp: from.timestamp,
            current_txn_first_offset: from.current_txn_first_offset,
            batches: if from.last_offset >= Offset::ZERO { vec![batch] } else { Vec::new() },
        }
    }
}
