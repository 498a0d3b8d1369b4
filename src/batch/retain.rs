//! What the cleaner writes in place of a batch: the same header around fewer records (`MemoryRecords.filterTo`).
//!
//! ```text
//!   before   base 5, last 9   [5 k1][6 k2][7 k1][8 k3][9 k2]
//!   after    base 5, last 9               [7 k1][8 k3][9 k2]      offsets stay: the header still says 5 to 9
//!   emptied  base 5, last 9   (61 bytes)                          only there for the producer's sequence numbers
//! ```
//!
//! Base offset, last offset, producer id, epoch and sequence stay, so a repeat of the batch is still recognised. With
//! a delete horizon (KIP-534) the base timestamp's place is taken by it, and the deltas of the records count from
//! there: the batch may grow.

use super::build::{BatchBuilder, put_crc};
use super::header::{CONTROL_BIT, Header, TIMESTAMP_TYPE_BIT, TRANSACTIONAL_BIT, TimestampType};
use super::layout::*;
use super::read::Record;
use crate::types::Timestamp;

/// The batch of `header` with only `records` in it, compressed as it was (`MemoryRecords.buildRetainedRecordsInto`).
pub fn retained(header: &Header, records: &[Record], horizon: Option<Timestamp>) -> Vec<u8> {
    let mut builder = BatchBuilder::new(header.base_offset)
        .with_epoch(header.partition_leader_epoch)
        .with_producer(header.producer_id, header.producer_epoch, header.base_sequence);
    if header.is_transactional() {
        builder = builder.transactional();
    }
    if header.is_control() {
        builder = builder.control();
    }
    if header.timestamp_type() == TimestampType::LogAppendTime {
        builder = builder.with_log_append_time(header.max_timestamp);
    }
    builder = builder.compressed(header.codec(), None);
    if let Some(horizon) = horizon {
        builder = builder.with_delete_horizon(horizon);
    }
    for record in records {
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        builder.push_parts(record.offset, record.timestamp, key, value, &record.headers);
    }
    let mut bytes = builder.build();
    LAST_OFFSET_DELTA.put(&mut bytes, i64::from(header.last_offset_delta));
    put_crc(&mut bytes);
    bytes
}

/// The batch of `header` without any record (`DefaultRecordBatch.writeEmptyHeader`).
pub fn emptied(header: &Header) -> Vec<u8> {
    let kept = TIMESTAMP_TYPE_BIT | TRANSACTIONAL_BIT | CONTROL_BIT;
    let mut bytes = vec![0; HEADER_SIZE_BYTES];
    BASE_OFFSET.put(&mut bytes, header.base_offset.0);
    BATCH_LENGTH.put(&mut bytes, (HEADER_SIZE_BYTES - LOG_OVERHEAD_BYTES) as i64);
    PARTITION_LEADER_EPOCH.put(&mut bytes, i64::from(header.partition_leader_epoch.0));
    MAGIC.put(&mut bytes, 2);
    ATTRIBUTES.put(&mut bytes, i64::from(header.attributes & kept));
    LAST_OFFSET_DELTA.put(&mut bytes, i64::from(header.last_offset_delta));
    BASE_TIMESTAMP.put(&mut bytes, Timestamp::NONE.0);
    MAX_TIMESTAMP.put(&mut bytes, header.max_timestamp.0);
    PRODUCER_ID.put(&mut bytes, header.producer_id);
    PRODUCER_EPOCH.put(&mut bytes, i64::from(header.producer_epoch));
    BASE_SEQUENCE.put(&mut bytes, i64::from(header.base_sequence));
    RECORDS_COUNT.put(&mut bytes, 0);
    put_crc(&mut bytes);
    bytes
}
