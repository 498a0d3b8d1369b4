//! Writing batches: records are encoded as they come, the header when the batch is done (`MemoryRecordsBuilder`).
//!
//! The size is exact at any moment, so a producer's `batch.size` needs no estimate. The leader's edit of base offset
//! and epoch touches bytes outside the checksum; changing the append time does not, and costs a new checksum.

use super::codec::{Codec, compress_at};
use super::header::{
    CONTROL_BIT, DELETE_HORIZON_BIT, Header, TIMESTAMP_TYPE_BIT, TRANSACTIONAL_BIT,
};
use super::layout::*;
use super::message::put_message_crc;
use super::message_layout::{MESSAGE_ATTRIBUTES, MESSAGE_TIMESTAMP};
use super::varint;
use crate::types::{LeaderEpoch, Offset, Timestamp};

/// A record to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewRecord {
    /// Its timestamp.
    pub timestamp: Timestamp,
    /// Its key, or null.
    pub key: Option<Vec<u8>>,
    /// Its value, or null (a tombstone).
    pub value: Option<Vec<u8>>,
    /// Headers (KIP-82), in order; names may repeat.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

/// Collects records into one batch of magic 2; with a codec they are compressed together when it is built.
#[derive(Clone, Debug)]
pub struct BatchBuilder {
    /// Header and records; the header is filled in by `build`.
    bytes: Vec<u8>,
    base_offset: Offset,
    partition_leader_epoch: LeaderEpoch,
    attributes: i16,
    producer_id: i64,
    producer_epoch: i16,
    base_sequence: i32,
    base_timestamp: Option<Timestamp>,
    max_timestamp: Timestamp,
    log_append_time: Option<Timestamp>,
    last_offset: Option<Offset>,
    count: i32,
    codec: Codec,
    level: Option<i32>,
}

impl BatchBuilder {
    /// An empty batch whose first record will have `base_offset`: no producer id, no epoch, CreateTime.
    pub fn new(base_offset: Offset) -> BatchBuilder {
        BatchBuilder {
            bytes: vec![0; HEADER_SIZE_BYTES],
            base_offset,
            partition_leader_epoch: LeaderEpoch::NONE,
            attributes: 0,
            producer_id: -1,
            producer_epoch: -1,
            base_sequence: -1,
            base_timestamp: None,
            max_timestamp: Timestamp::NONE,
            log_append_time: None,
            last_offset: None,
            count: 0,
            codec: Codec::None,
            level: None,
        }
    }
    /// With the leader's epoch.
    pub fn with_epoch(mut self, epoch: LeaderEpoch) -> BatchBuilder {
        self.partition_leader_epoch = epoch;
        self
    }
    /// With the id, epoch and first sequence number of an idempotent producer (sequence -1 for markers).
    pub fn with_producer(mut self, id: i64, epoch: i16, base_sequence: i32) -> BatchBuilder {
        (self.producer_id, self.producer_epoch, self.base_sequence) = (id, epoch, base_sequence);
        self
    }
    /// Compressed with `codec`, at a level of `compression.NAME.level` if one is given.
    pub fn compressed(mut self, codec: Codec, level: Option<i32>) -> BatchBuilder {
        (self.codec, self.level) = (codec, level);
        self.attributes = (self.attributes & !0x07) | codec.bits();
        self
    }
    /// Marked as part of a transaction.
    pub fn transactional(mut self) -> BatchBuilder {
        self.attributes |= TRANSACTIONAL_BIT;
        self
    }
    /// Marked as a control batch.
    pub fn control(mut self) -> BatchBuilder {
        self.attributes |= CONTROL_BIT;
        self
    }
    /// With LogAppendTime: all records bear `time`.
    pub fn with_log_append_time(mut self, time: Timestamp) -> BatchBuilder {
        self.attributes |= TIMESTAMP_TYPE_BIT;
        self.log_append_time = Some(time);
        self
    }
    /// With a delete horizon (KIP-534), which takes the place of the base timestamp. Before the first record.
    pub fn with_delete_horizon(mut self, horizon: Timestamp) -> BatchBuilder {
        self.attributes |= DELETE_HORIZON_BIT;
        self.base_timestamp = Some(horizon);
        self
    }

    /// Adds a record at the next offset and returns that offset.
    pub fn push(&mut self, record: &NewRecord) -> Offset {
        let offset = self.next_offset();
        self.push_at(offset, record);
        offset
    }

    /// Adds a record at `offset`, which must be greater than the one before it; gaps are allowed.
    pub fn push_at(&mut self, offset: Offset, record: &NewRecord) {
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        self.push_parts(offset, record.timestamp, key, value, &record.headers);
    }

    /// The same from borrowed parts: bulk writers need no [`NewRecord`].
    pub fn push_parts(
        &mut self,
        offset: Offset,
        timestamp: Timestamp,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[(String, Option<Vec<u8>>)],
    ) {
        assert!(offset >= self.next_offset(), "records of a batch have rising offsets");
        let base = *self.base_timestamp.get_or_insert(timestamp);
        let (time_delta, offset_delta) =
            (timestamp.0.wrapping_sub(base.0), offset - self.base_offset);
        assert!(offset_delta <= i64::from(i32::MAX), "an offset delta has 32 bits");
        let out = &mut self.bytes;
        varint::write_i64(out, body_size(time_delta, offset_delta, key, value, headers) as i64);
        out.push(0);
        varint::write_i64(out, time_delta);
        varint::write_i64(out, offset_delta);
        put_nullable(out, key);
        put_nullable(out, value);
        varint::write_i64(out, headers.len() as i64);
        for (name, value) in headers {
            put_nullable(out, Some(name.as_bytes()));
            put_nullable(out, value.as_deref());
        }
        self.max_timestamp = self.max_timestamp.max(timestamp);
        self.last_offset = Some(offset);
        self.count += 1;
    }

    /// The offset that the next pushed record gets.
    pub fn next_offset(&self) -> Offset {
        self.last_offset.map_or(self.base_offset, |last| last + 1)
    }
    /// Number of records so far.
    pub fn count(&self) -> usize {
        self.count as usize
    }
    /// Whether there is no record yet.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
    /// Size of the batch if it were built now without compression: exact.
    pub fn size_bytes(&self) -> usize {
        self.bytes.len()
    }
    /// Size of the batch if `record` were added, without compression: exact.
    pub fn estimate_with(&self, record: &NewRecord) -> usize {
        let base = self.base_timestamp.unwrap_or(record.timestamp);
        let body = body_size(
            record.timestamp.0.wrapping_sub(base.0),
            self.next_offset() - self.base_offset,
            record.key.as_deref(),
            record.value.as_deref(),
            &record.headers,
        );
        self.bytes.len() + varint::size_i64(body as i64) + body
    }

    /// The finished bytes, checksum included.
    pub fn build(self) -> Vec<u8> {
        let last = self.last_offset.unwrap_or(self.base_offset);
        let header = Header {
            base_offset: self.base_offset,
            batch_length: 0, // what follows says it
            partition_leader_epoch: self.partition_leader_epoch,
            magic: 2,
            crc: 0, // the same
            attributes: self.attributes,
            last_offset_delta: (last - self.base_offset) as i32,
            base_timestamp: self.base_timestamp.unwrap_or(Timestamp::NONE),
            max_timestamp: self.log_append_time.unwrap_or(self.max_timestamp),
            producer_id: self.producer_id,
            producer_epoch: self.producer_epoch,
            base_sequence: self.base_sequence,
            records_count: self.count,
        };
        if self.codec != Codec::None && self.count > 0 {
            let records = &self.bytes[HEADER_SIZE_BYTES..];
            return header.wrap(&compress_at(self.codec, 2, self.level, records));
        }
        let mut bytes = self.bytes;
        header.fill_in(&mut bytes);
        bytes
    }
}

fn put_nullable(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        None => varint::write_i64(out, -1),
        Some(bytes) => {
            varint::write_i64(out, bytes.len() as i64);
            out.extend_from_slice(bytes);
        }
    }
}

fn nullable_size(bytes: Option<&[u8]>) -> usize {
    bytes.map_or(1, |bytes| varint::size_i64(bytes.len() as i64) + bytes.len())
}

/// Bytes of a record behind its length (`DefaultRecord.sizeOfBodyInBytes`).
fn body_size(
    time_delta: i64,
    offset_delta: i64,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    headers: &[(String, Option<Vec<u8>>)],
) -> usize {
    let headers_size: usize = headers
        .iter()
        .map(|(name, value)| nullable_size(Some(name.as_bytes())) + nullable_size(value.as_deref()))
        .sum();
    1 + varint::size_i64(time_delta)
        + varint::size_i64(offset_delta)
        + nullable_size(key)
        + nullable_size(value)
        + varint::size_i64(headers.len() as i64)
        + headers_size
}

/// The leader's edit: base offset and leader epoch, in place and in the header that was read from there. The checksum
/// does not cover them and stays. A message of format 0 or 1 has an offset alone, which in a compressed set is the last
/// one's.
pub(crate) fn set_place(header: &mut Header, batch: &mut [u8], base: Offset, epoch: LeaderEpoch) {
    BASE_OFFSET.put(batch, base.0);
    header.base_offset = base;
    if header.magic >= 2 {
        PARTITION_LEADER_EPOCH.put(batch, i64::from(epoch.0));
        header.partition_leader_epoch = epoch;
    }
}

/// The same where nobody has read the header.
pub fn set_base_offset_and_epoch(batch: &mut [u8], base: Offset, epoch: LeaderEpoch) {
    if let Ok(mut header) = Header::read(batch) {
        set_place(&mut header, batch, base, epoch);
    }
}

/// The leader's other edit, under `message.timestamp.type=LogAppendTime`: the records' time becomes `time`. The
/// checksum is made anew, unless nothing changes (`DefaultRecordBatch.setMaxTimestamp`, and the same in
/// `AbstractLegacyRecordBatch` for format 1; format 0 has no time). `batch` is exactly one batch or message.
pub fn set_max_timestamp(batch: &mut [u8], log_append_time: bool, time: Timestamp) {
    if let Ok(mut header) = Header::read(batch) {
        set_time(&mut header, batch, log_append_time, time);
    }
}

/// The same, also in the header that was read from there.
pub(crate) fn set_time(
    header: &mut Header,
    batch: &mut [u8],
    log_append_time: bool,
    time: Timestamp,
) {
    let attributes = match log_append_time {
        true => header.attributes | TIMESTAMP_TYPE_BIT,
        false => header.attributes & !TIMESTAMP_TYPE_BIT,
    };
    if header.magic == 0 || (attributes == header.attributes && time == header.max_timestamp) {
        return;
    }
    if header.is_message() {
        MESSAGE_ATTRIBUTES.put(batch, i64::from(attributes));
        MESSAGE_TIMESTAMP.put(batch, time.0);
        put_message_crc(batch);
    } else {
        ATTRIBUTES.put(batch, i64::from(attributes));
        MAX_TIMESTAMP.put(batch, time.0);
        put_crc(batch);
    }
    if let Ok(now) = Header::read(batch) {
        *header = now;
    }
}

/// Makes the checksum of one whole batch anew.
pub(super) fn put_crc(batch: &mut [u8]) {
    let crc = crc32c::crc32c(&batch[ATTRIBUTES.start..]);
    CRC.put(batch, i64::from(crc));
}
