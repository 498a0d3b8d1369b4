//! The decoded header of a batch: thirteen numbers, and what they say; a message of format 0 or 1 says fewer of them.
//!
//! One struct serves all formats, so that a log may hold several (KIP-98: an upgraded topic does). What the older
//! formats do not know reads as Kafka's classes answer it: no leader epoch, no producer, not transactional.

use super::codec::Codec;
use super::error::BatchError;
use super::layout::*;
use super::message_layout::*;
use crate::types::{LeaderEpoch, Offset, Timestamp};
use std::fmt;

/// Whose clock the timestamps come from (attribute bit 3, KIP-32).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer's: each record bears its own.
    #[default]
    CreateTime,
    /// The leader's: all records bear the batch's `max_timestamp`.
    LogAppendTime,
}

impl fmt::Display for TimestampType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TimestampType::CreateTime => "CreateTime",
            TimestampType::LogAppendTime => "LogAppendTime",
        })
    }
}

/// The thirteen fields of [`FIELDS`], decoded; of a message of format 0 or 1, those that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Offset of the first record. The one offset of an older message; of a compressed set of format 0 or 1 that is the
    /// *last* record's, and only [`super::Entry::base_offset`] knows the first.
    pub base_offset: Offset,
    /// Bytes behind the length field.
    pub batch_length: i32,
    /// Reign of the leader that appended the batch.
    pub partition_leader_epoch: LeaderEpoch,
    /// Version of the format.
    pub magic: i8,
    /// CRC-32C from `attributes` to the end.
    pub crc: u32,
    /// Codec and flags.
    pub attributes: i16,
    /// Last offset minus base offset.
    pub last_offset_delta: i32,
    /// Timestamp from which the records' deltas count.
    pub base_timestamp: Timestamp,
    /// Greatest timestamp.
    pub max_timestamp: Timestamp,
    /// Producer id, or -1.
    pub producer_id: i64,
    /// Producer epoch, or -1.
    pub producer_epoch: i16,
    /// Sequence number of the first record, or -1.
    pub base_sequence: i32,
    /// Number of records; 1 for a plain message of format 0 or 1, 0 for a compressed set of them, which does not say.
    pub records_count: i32,
}

pub(crate) const TIMESTAMP_TYPE_BIT: i16 = 0x08;
pub(crate) const TRANSACTIONAL_BIT: i16 = 0x10;
pub(crate) const CONTROL_BIT: i16 = 0x20;
pub(crate) const DELETE_HORIZON_BIT: i16 = 0x40;

impl Header {
    /// Decodes and validates the header at the start of `bytes`; the records need not be there.
    pub fn parse(bytes: &[u8]) -> Result<Header, BatchError> {
        let header = Header::read(bytes)?;
        let wrong = |field: Field, what: String| {
            Err(BatchError::new(field.start, field.width, field.name, what))
        };
        if !(0..=2).contains(&header.magic) {
            return wrong(MAGIC, format!("{} is not a version that Kafka knows", header.magic));
        }
        if header.base_offset < Offset::ZERO {
            return wrong(BASE_OFFSET, format!("{} is negative", header.base_offset));
        }
        if header.last_offset_delta < 0 {
            return wrong(LAST_OFFSET_DELTA, format!("{} is negative", header.last_offset_delta));
        }
        if header.base_offset.0.checked_add(i64::from(header.last_offset_delta) + 1).is_none() {
            return wrong(
                BASE_OFFSET,
                format!("{} leaves no room for records", header.base_offset),
            );
        }
        if header.records_count < 0 {
            return wrong(RECORDS_COUNT, format!("{} is negative", header.records_count));
        }
        Ok(header)
    }

    /// Decodes the header as leniently as Kafka's own log reader (`FileLogInputStream`): only the size is judged, any
    /// magic from 2 up is taken for a record batch. Recovery needs this: the checksum does not cover the magic byte.
    pub fn read(bytes: &[u8]) -> Result<Header, BatchError> {
        let length = Header::length(bytes)?;
        let magic = *bytes.get(MAGIC.start).ok_or_else(|| cut(bytes.len()))? as i8;
        if magic < 2 {
            return Header::read_message(bytes, length, magic);
        }
        let least = HEADER_SIZE_BYTES - LOG_OVERHEAD_BYTES;
        if (length as usize) < least {
            let what = format!("{length} is too small: the rest of a header has {least} bytes");
            return Err(BatchError::new(
                BATCH_LENGTH.start,
                BATCH_LENGTH.width,
                BATCH_LENGTH.name,
                what,
            ));
        }
        if bytes.len() < HEADER_SIZE_BYTES {
            return Err(cut(bytes.len()));
        }
        Ok(Header {
            base_offset: Offset(BASE_OFFSET.get(bytes)),
            batch_length: length,
            partition_leader_epoch: LeaderEpoch(PARTITION_LEADER_EPOCH.get(bytes) as i32),
            magic,
            crc: CRC.get(bytes) as u32,
            attributes: ATTRIBUTES.get(bytes) as i16,
            last_offset_delta: LAST_OFFSET_DELTA.get(bytes) as i32,
            base_timestamp: Timestamp(BASE_TIMESTAMP.get(bytes)),
            max_timestamp: Timestamp(MAX_TIMESTAMP.get(bytes)),
            producer_id: PRODUCER_ID.get(bytes),
            producer_epoch: PRODUCER_EPOCH.get(bytes) as i16,
            base_sequence: BASE_SEQUENCE.get(bytes) as i32,
            records_count: RECORDS_COUNT.get(bytes) as i32,
        })
    }

    /// The same for a message of format 0 or 1. Like Kafka (`LegacyRecord`), it takes a negative magic for 1.
    fn read_message(bytes: &[u8], length: i32, magic: i8) -> Result<Header, BatchError> {
        let key_length = key_length_start(magic);
        let least = key_length + 8 - LOG_OVERHEAD_BYTES;
        if (length as usize) < least {
            let what =
                format!("{length} is too small: a message of format {magic} has {least} bytes");
            return Err(BatchError::new(MESSAGE_SIZE.start, 4, MESSAGE_SIZE.name, what));
        }
        if bytes.len() < key_length {
            let fields = message_fields(magic);
            let field = fields.iter().find(|field| bytes.len() < field.start + field.width);
            let field = field.unwrap_or(&fields[0]);
            let what = format!("the bytes end after {} of a message's {key_length}", bytes.len());
            return Err(BatchError::new(field.start, field.width, field.name, what));
        }
        let attributes = MESSAGE_ATTRIBUTES.get(bytes) as i16;
        let timestamp = match magic {
            0 => Timestamp::NONE,
            _ => Timestamp(MESSAGE_TIMESTAMP.get(bytes)),
        };
        Ok(Header {
            base_offset: Offset(MESSAGE_OFFSET.get(bytes)),
            batch_length: length,
            partition_leader_epoch: LeaderEpoch::NONE,
            magic,
            crc: CRC32.get(bytes) as u32,
            attributes,
            last_offset_delta: 0,
            base_timestamp: timestamp,
            max_timestamp: timestamp,
            producer_id: -1,
            producer_epoch: -1,
            base_sequence: -1,
            records_count: i32::from(Codec::from_bits(attributes) == Codec::None),
        })
    }

    /// A whole batch of format 2 with this header around these records, as they are (compressed, if the attributes say
    /// so): length and checksum are made anew, everything else is the header's. With no records at all it is the empty
    /// batch that the cleaner leaves (`DefaultRecordBatch.writeEmptyHeader`).
    pub fn wrap(&self, records: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; HEADER_SIZE_BYTES];
        bytes.extend_from_slice(records);
        self.fill_in(&mut bytes);
        bytes
    }

    /// Writes this header over the first bytes of a batch whose records are there.
    pub(super) fn fill_in(&self, bytes: &mut [u8]) {
        let length = (bytes.len() - LOG_OVERHEAD_BYTES) as i64;
        BASE_OFFSET.put(bytes, self.base_offset.0);
        BATCH_LENGTH.put(bytes, length);
        PARTITION_LEADER_EPOCH.put(bytes, i64::from(self.partition_leader_epoch.0));
        MAGIC.put(bytes, 2);
        ATTRIBUTES.put(bytes, i64::from(self.attributes));
        LAST_OFFSET_DELTA.put(bytes, i64::from(self.last_offset_delta));
        BASE_TIMESTAMP.put(bytes, self.base_timestamp.0);
        MAX_TIMESTAMP.put(bytes, self.max_timestamp.0);
        PRODUCER_ID.put(bytes, self.producer_id);
        PRODUCER_EPOCH.put(bytes, i64::from(self.producer_epoch));
        BASE_SEQUENCE.put(bytes, i64::from(self.base_sequence));
        RECORDS_COUNT.put(bytes, i64::from(self.records_count));
        super::build::put_crc(bytes);
    }

    /// The batch length alone, which all versions of the format have in the same place. Kafka refuses less than 14
    /// (`LegacyRecord.RECORD_OVERHEAD_V0`).
    pub(crate) fn length(bytes: &[u8]) -> Result<i32, BatchError> {
        if bytes.len() < LOG_OVERHEAD_BYTES {
            return Err(cut(bytes.len()));
        }
        let length = BATCH_LENGTH.get(bytes) as i32;
        if length < 14 {
            let what = format!("{length} is too small: the shortest message has 14 bytes");
            let field = BATCH_LENGTH;
            return Err(BatchError::new(field.start, field.width, field.name, what));
        }
        Ok(length)
    }

    /// Bytes of the whole batch.
    pub fn size_bytes(&self) -> usize {
        LOG_OVERHEAD_BYTES + self.batch_length.max(0) as usize
    }
    /// Offset of the last record (or where it was, before compaction).
    pub fn last_offset(&self) -> Offset {
        Offset(self.base_offset.0.saturating_add(i64::from(self.last_offset_delta)))
    }
    /// The offset behind the batch.
    pub fn next_offset(&self) -> Offset {
        Offset(self.last_offset().0.saturating_add(1))
    }
    /// How the records are compressed.
    pub fn codec(&self) -> Codec {
        Codec::from_bits(self.attributes)
    }
    /// Whether it is of format 0 or 1: then the entry is one message, perhaps with a compressed set inside.
    pub fn is_message(&self) -> bool {
        self.magic < 2
    }
    /// Number of records, where the header tells it (`RecordBatch.countOrNull`): formats 0 and 1 do not.
    pub fn count(&self) -> Option<i32> {
        (!self.is_message()).then_some(self.records_count)
    }
    /// Whose clock the timestamps come from. Format 0 has none; see [`Header::timestamp_type_name`].
    pub fn timestamp_type(&self) -> TimestampType {
        match self.attributes & TIMESTAMP_TYPE_BIT {
            0 => TimestampType::CreateTime,
            _ if self.magic == 0 => TimestampType::CreateTime,
            _ => TimestampType::LogAppendTime,
        }
    }
    /// The type as Kafka names it: format 0 has `NoTimestampType`.
    pub fn timestamp_type_name(&self) -> &'static str {
        match (self.magic, self.timestamp_type()) {
            (0, _) => "NoTimestampType",
            (_, TimestampType::CreateTime) => "CreateTime",
            (_, TimestampType::LogAppendTime) => "LogAppendTime",
        }
    }
    fn flag(&self, bit: i16) -> bool {
        !self.is_message() && self.attributes & bit != 0
    }
    /// Whether the batch belongs to a transaction.
    pub fn is_transactional(&self) -> bool {
        self.flag(TRANSACTIONAL_BIT)
    }
    /// Whether the batch holds a control record, which consumers never see.
    pub fn is_control(&self) -> bool {
        self.flag(CONTROL_BIT)
    }
    /// When the cleaner may drop the tombstones in it (KIP-534): then the base timestamp is that time.
    pub fn delete_horizon(&self) -> Option<Timestamp> {
        self.flag(DELETE_HORIZON_BIT).then_some(self.base_timestamp)
    }
    /// Whether an idempotent producer sent it.
    pub fn has_producer_id(&self) -> bool {
        self.producer_id > -1
    }
    /// Sequence number of the last record, wrapping behind 2147483647 to 0 (`DefaultRecordBatch`); -1 without one.
    pub fn last_sequence(&self) -> i32 {
        self.sequence_at(self.last_offset_delta)
    }
    /// Sequence number of the record with this offset delta; -1 without one.
    pub fn sequence_at(&self, offset_delta: i32) -> i32 {
        match self.base_sequence {
            ..0 => -1,
            base => {
                let sum = i64::from(base) + i64::from(offset_delta);
                (sum.rem_euclid(i64::from(i32::MAX) + 1)) as i32
            }
        }
    }
}

/// The error for bytes that end inside the header: names the field in which they end.
fn cut(have: usize) -> BatchError {
    let field = FIELDS.iter().find(|field| have < field.start + field.width).unwrap_or(&FIELDS[12]);
    let what =
        format!("the bytes end after {have} of the {HEADER_SIZE_BYTES} bytes of a batch header");
    BatchError::new(field.start, field.width, field.name, what)
}
