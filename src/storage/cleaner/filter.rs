//! What of one batch survives the cleaner, and why (`Cleaner.cleanInto`, `MemoryRecords.filterTo`).
//!
//! ```text
//!   record:   newer one of its key in the map?      ── yes ─► superseded
//!             no key (a compacted topic needs one)  ────────► dropped
//!             value null and horizon passed?        ── yes ─► dropped       value null, no horizon yet ─► gets one
//!             otherwise, or beyond the map          ────────► kept
//!   batch:    nothing left?  last of an active producer, or last of the section ─► kept empty, else dropped
//! ```
//!
//! Pure: bytes in, bytes out. Offsets never change.

use super::transactions::Transactions;
use crate::batch::{self, BatchError, ControlType, Header, Record};
use crate::storage::OffsetMap;
use crate::types::{Offset, Timestamp};
use std::collections::BTreeMap;

/// What becomes of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordFate {
    /// The newest of its key.
    Kept,
    /// A tombstone, the newest of its key: kept until its batch's delete horizon has passed.
    TombstoneKept,
    /// A transaction marker that is still needed.
    MarkerKept,
    /// Behind what the offset map covers: not judged.
    Beyond,
    /// A newer record of its key is at this offset.
    Superseded(Offset),
    /// A tombstone whose delete horizon has passed.
    TombstoneExpired,
    /// A compacted topic keeps only records with a key.
    NoKey,
    /// It belongs to an aborted transaction.
    Aborted,
    /// A marker whose transaction is gone and whose delete horizon has passed.
    MarkerExpired,
}

impl RecordFate {
    /// Whether the record survives.
    pub fn is_kept(self) -> bool {
        use RecordFate::{Beyond, Kept, MarkerKept, TombstoneKept};
        matches!(self, Kept | TombstoneKept | MarkerKept | Beyond)
    }
}

/// What becomes of one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchFate {
    /// The same bytes.
    Copied,
    /// Written anew with fewer records, or with a delete horizon.
    Rewritten,
    /// Kept without records, since it is the last one of a producer that is still active.
    EmptiedForProducer,
    /// Kept without records, since it is the last one of the section: the log's offsets must not go back.
    EmptiedAtEnd,
    /// Gone.
    Dropped,
}

/// The last data batch of an active producer (class `LastRecord`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastRecord {
    /// Its last offset; nothing when there was only a marker since the epoch began.
    pub last_data_offset: Option<Offset>,
    /// The producer's epoch.
    pub producer_epoch: i16,
}

/// Producers that the partition remembers, by id.
pub type ActiveProducers = BTreeMap<i64, LastRecord>;

/// What the filter made of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filtered {
    pub header: Header,
    pub fate: BatchFate,
    pub records: Vec<(Offset, RecordFate)>,
    /// The delete horizon of what was written, if it has one.
    pub delete_horizon: Option<Timestamp>,
    /// What to write; nothing if dropped, or if the batch goes as it is.
    pub bytes: Option<Vec<u8>>,
}

/// What a pass of the cleaner knows.
pub(super) struct Filter<'a> {
    pub map: &'a OffsetMap,
    pub producers: &'a ActiveProducers,
    pub upper_bound: Offset,
    pub now: Timestamp,
    pub delete_retention_ms: i64,
}

/// The type of a control batch's record; nothing if it has none any more.
pub(super) fn control_type(records: &[Record]) -> Option<ControlType> {
    let key = records.first()?.key.as_deref().unwrap_or_default();
    Some(ControlType::from_key(key).unwrap_or(ControlType::Unknown(-1)))
}

impl Filter<'_> {
    /// Judges one batch.
    pub(super) fn judge(
        &self,
        bytes: &[u8],
        transactions: &mut Transactions,
    ) -> Result<Filtered, BatchError> {
        let records = batch::records(bytes)?;
        let header = Header::parse(bytes)?;
        let passed = header.delete_horizon().is_some_and(|horizon| horizon <= self.now);
        let (may_go, discard) = match header.is_control() {
            true => {
                let may_go = transactions.control(&header, control_type(&records));
                (may_go, may_go && passed)
            }
            false => {
                let aborted = transactions.data(&header);
                (aborted, aborted)
            }
        };
        let left_empty = if header.has_producer_id() && self.is_last_of_producer(&header) {
            Some(BatchFate::EmptiedForProducer)
        } else if header.next_offset() == self.upper_bound {
            Some(BatchFate::EmptiedAtEnd)
        } else {
            None
        };
        let mut fates = Vec::with_capacity(records.len());
        let mut kept = Vec::new();
        for record in records {
            let fate = self.record_fate(&header, &record, discard, passed);
            fates.push((record.offset, fate));
            if fate.is_kept() {
                kept.push(record);
            }
        }
        let mut done = Filtered {
            header,
            fate: BatchFate::Dropped,
            records: fates,
            delete_horizon: None,
            bytes: None,
        };
        if kept.is_empty() {
            if let Some(fate) = left_empty.filter(|_| !header.is_message()) {
                (done.fate, done.bytes) = (fate, Some(batch::emptied(&header)));
            }
            return Ok(done);
        }
        done.delete_horizon = header.delete_horizon();
        if header.is_message() {
            done.fate = BatchFate::Copied; // an older format: kept whole while anything of it survives
            return Ok(done);
        }
        let tombstones = kept.iter().any(|record| record.value.is_none());
        let fresh_horizon =
            (tombstones || (may_go && header.is_control())) && header.delete_horizon().is_none();
        if fresh_horizon {
            done.delete_horizon =
                Some(Timestamp(self.now.0.saturating_add(self.delete_retention_ms)));
        }
        if fresh_horizon || kept.len() < done.records.len() {
            done.fate = BatchFate::Rewritten;
            done.bytes = Some(batch::retained(&header, &kept, done.delete_horizon));
        } else {
            done.fate = BatchFate::Copied;
        }
        Ok(done)
    }

    fn is_last_of_producer(&self, header: &Header) -> bool {
        self.producers.get(&header.producer_id).is_some_and(|last| match last.last_data_offset {
            Some(offset) => header.last_offset() == offset,
            None => header.is_control() && header.producer_epoch == last.producer_epoch,
        })
    }

    fn record_fate(
        &self,
        header: &Header,
        record: &Record,
        discard: bool,
        passed: bool,
    ) -> RecordFate {
        match (discard, header.is_control()) {
            (true, true) => return RecordFate::MarkerExpired,
            (true, false) => return RecordFate::Aborted,
            (false, true) => return RecordFate::MarkerKept,
            (false, false) => {}
        }
        if record.offset > self.map.latest_offset() {
            return RecordFate::Beyond;
        }
        let Some(key) = &record.key else { return RecordFate::NoKey };
        match self.map.get(key) {
            Some(newest) if record.offset < newest => RecordFate::Superseded(newest),
            _ if record.value.is_some() => RecordFate::Kept,
            _ if passed => RecordFate::TombstoneExpired,
            _ => RecordFate::TombstoneKept,
        }
    }
}
