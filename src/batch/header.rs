//! The decoded header of a batch: thirteen numbers, and what they say.

use super::error::BatchError;
use super::layout::*;
use crate::types::{LeaderEpoch, Offset, Timestamp};
use std::fmt;

/// How the records of a batch are compressed (attribute bits 0–2, class `CompressionType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Not compressed.
    None,
    /// GZIP.
    Gzip,
    /// Snappy in xerial framing.
    Snappy,
    /// LZ4 frames.
    Lz4,
    /// Zstandard (KIP-110).
    Zstd,
    /// A number that Kafka does not know.
    Unknown(u8),
}

impl Codec {
    fn from_bits(bits: i16) -> Codec {
        match bits & 0x07 {
            0 => Codec::None,
            1 => Codec::Gzip,
            2 => Codec::Snappy,
            3 => Codec::Lz4,
            4 => Codec::Zstd,
            other => Codec::Unknown(other as u8),
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Codec::None => f.write_str("none"),
            Codec::Gzip => f.write_str("gzip"),
            Codec::Snappy => f.write_str("snappy"),
            Codec::Lz4 => f.write_str("lz4"),
            Codec::Zstd => f.write_str("zstd"),
            Codec::Unknown(number) => write!(f, "unknown codec {number}"),
        }
    }
}

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

/// The thirteen fields of [`FIELDS`], decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Offset of the first record.
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
    /// Number of records.
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
        if header.magic != 2 {
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
        if (0..2).contains(&magic) {
            let what = format!("message set v{magic}, not decoded yet");
            return Err(BatchError::new(MAGIC.start, MAGIC.width, MAGIC.name, what).recognised());
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
    /// Whose clock the timestamps come from.
    pub fn timestamp_type(&self) -> TimestampType {
        match self.attributes & TIMESTAMP_TYPE_BIT {
            0 => TimestampType::CreateTime,
            _ => TimestampType::LogAppendTime,
        }
    }
    /// Whether the batch belongs to a transaction.
    pub fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL_BIT != 0
    }
    /// Whether the batch holds a control record, which consumers never see.
    pub fn is_control(&self) -> bool {
        self.attributes & CONTROL_BIT != 0
    }
    /// When the cleaner may drop the tombstones in it (KIP-534): then the base timestamp is that time.
    pub fn delete_horizon(&self) -> Option<Timestamp> {
        (self.attributes & DELETE_HORIZON_BIT != 0).then_some(self.base_timestamp)
    }
    /// Whether an idempotent producer sent it.
    pub fn has_producer_id(&self) -> bool {
        self.producer_id > -1
    }
    /// Sequence number of the last record, wrapping behind 2147483647 to 0 (`DefaultRecordBatch`); -1 without one.
    pub fn last_sequence(&self) -> i32 {
        match self.base_sequence {
            -1 => -1,
            base => {
                let sum = i64::from(base) + i64::from(self.last_offset_delta);
                if sum > i64::from(i32::MAX) {
                    (sum - i64::from(i32::MAX) - 1) as i32
                } else {
                    sum as i32
                }
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
