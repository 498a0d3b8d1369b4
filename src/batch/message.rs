//! Messages of formats 0 and 1, read and written (classes `LegacyRecord`, `AbstractLegacyRecordBatch`).
//!
//! ```text
//!   plain        │ offset 7 │ message │ offset 8 │ message │ …          each message is an entry of its own
//!
//!   compressed   │ offset 9 │ wrapper: value = codec( │ 7 │ message │ 8 │ message │ 9 │ message │ ) │      format 0
//!                │ offset 9 │ wrapper: value = codec( │ 0 │ message │ 1 │ message │ 2 │ message │ ) │      format 1
//! ```
//!
//! In format 0 the offsets inside are those of the log, so the leader had to unpack and pack again to set them. KIP-31
//! made them relative in format 1: now only the wrapper's offset, the last one's, is set. What always holds: a length
//! lies inside its message, and the message ends where its value ends.

use super::codec::{Codec, compress_at};
use super::error::BatchError;
use super::header::{Header, TIMESTAMP_TYPE_BIT, TimestampType};
use super::message_layout::*;
use super::read::RecordView;
use crate::types::{Offset, Timestamp};

/// Bytes of an offset and a size before each message (`Records.LOG_OVERHEAD`).
const OVERHEAD: usize = super::layout::LOG_OVERHEAD_BYTES;

/// A length of 4 bytes at `at` and the bytes that it claims; moves `at` behind them.
fn sized<'a>(
    bytes: &'a [u8],
    at: &mut usize,
    field: &'static str,
) -> Result<Option<&'a [u8]>, BatchError> {
    let start = *at;
    let wrong = |width: usize, what: String| Err(BatchError::new(start, width, field, what));
    let Some(four) = bytes.get(start..start + 4) else {
        let left = bytes.len().saturating_sub(start);
        return wrong(left, "the message ends inside this length".into());
    };
    let length = i32::from_be_bytes([four[0], four[1], four[2], four[3]]);
    let left = bytes.len() - start - 4;
    *at = start + 4;
    match length {
        -1 => Ok(None),
        ..-1 => wrong(4, format!("{length} is negative")),
        _ if length as usize > left => {
            wrong(4, format!("{length} reaches beyond the {left} bytes that are left"))
        }
        _ => {
            *at += length as usize;
            Ok(Some(&bytes[start + 4..*at]))
        }
    }
}

/// Key and value of one whole message, which `header` was read from.
#[allow(clippy::type_complexity)] // key and value, either may be null
pub(super) fn key_and_value<'a>(
    header: &Header,
    bytes: &'a [u8],
) -> Result<(Option<&'a [u8]>, Option<&'a [u8]>), BatchError> {
    let mut at = key_length_start(header.magic);
    let key = sized(bytes, &mut at, "key_length")?;
    let value = sized(bytes, &mut at, "value_length")?;
    if at != bytes.len() {
        let what = format!("the message has {} bytes too many", bytes.len() - at);
        return Err(BatchError::new(MESSAGE_SIZE.start, 4, MESSAGE_SIZE.name, what));
    }
    Ok((key, value))
}

/// The message at `position` of `bytes`, as a record.
fn view(bytes: &[u8], position: usize) -> Result<RecordView<'_>, BatchError> {
    let shifted = |error: BatchError| error.shifted(position as u64);
    let rest = &bytes[position..];
    let header = Header::read(rest).map_err(shifted)?;
    let size = header.size_bytes();
    let Some(bytes) = rest.get(..size).filter(|_| header.is_message()) else {
        let what = match header.is_message() {
            true => format!("a message of {size} bytes, but only {} are left", rest.len()),
            false => format!("a batch of format {} inside a message set", header.magic),
        };
        let error = BatchError::new(MESSAGE_SIZE.start, 4, MESSAGE_SIZE.name, what);
        return Err(shifted(error));
    };
    let (key, value) = key_and_value(&header, bytes).map_err(shifted)?;
    Ok(RecordView {
        offset: header.base_offset,
        timestamp: header.max_timestamp,
        key,
        value,
        position,
        size_bytes: size,
        sequence: -1,
        message: Some(header),
        bytes,
        headers: &[],
        headers_count: 0,
    })
}

/// Walks messages: the one of a plain entry, or those inside a wrapper. Ends after the first error.
pub(super) struct MessageIterator<'a> {
    wrapper: Option<Header>,
    bytes: &'a [u8],
    at: usize,
    /// What is added to the offsets inside (format 1).
    base: i64,
}

impl<'a> MessageIterator<'a> {
    /// Over the one message of a plain entry.
    pub(super) fn plain(bytes: &'a [u8]) -> MessageIterator<'a> {
        MessageIterator { wrapper: None, bytes, at: 0, base: 0 }
    }

    /// Over what a wrapper held. The last offset inside must be known first, since the wrapper's offset is that of the
    /// last message. A wrapper offset of 0 stands for "not set" (some versions of librdkafka).
    pub(super) fn inside(
        wrapper: Header,
        bytes: &'a [u8],
    ) -> Result<MessageIterator<'a>, BatchError> {
        let (mut at, mut last) = (0, None);
        while at < bytes.len() {
            let header = Header::read(&bytes[at..]).map_err(|error| error.shifted(at as u64))?;
            if header.size_bytes() > bytes.len() - at {
                break; // the walk will report it
            }
            last = Some(header.base_offset.0);
            at += header.size_bytes();
        }
        let Some(last) = last else {
            let what = "a compressed message set without a message";
            return Err(BatchError::new(0, bytes.len(), "compressed_records", what));
        };
        let base = match wrapper.magic {
            0 => 0,
            _ if wrapper.base_offset == Offset::ZERO => 0,
            _ => wrapper.base_offset.0.wrapping_sub(last),
        };
        if base < 0 || last < 0 {
            let what = format!(
                "the wrapper has offset {}, the last message inside {last}",
                wrapper.base_offset
            );
            return Err(BatchError::new(0, 8, MESSAGE_OFFSET.name, what));
        }
        Ok(MessageIterator { wrapper: Some(wrapper), bytes, at: 0, base })
    }

    fn step(&mut self) -> Result<RecordView<'a>, BatchError> {
        let mut record = view(self.bytes, self.at)?;
        self.at += record.size_bytes;
        let inner = record.message.expect("a message has a header");
        if let Some(wrapper) = &self.wrapper {
            if inner.codec() != Codec::None {
                let what = "a message inside a compressed set is compressed again";
                let error = BatchError::new(MESSAGE_ATTRIBUTES.start, 1, "attributes", what);
                return Err(error.shifted(record.position as u64));
            }
            record.offset = Offset(record.offset.0.saturating_add(self.base));
            let appended = wrapper.timestamp_type() == TimestampType::LogAppendTime;
            if appended && inner.magic == 1 {
                record.timestamp = wrapper.max_timestamp;
            }
        }
        Ok(record)
    }
}

impl<'a> Iterator for MessageIterator<'a> {
    type Item = Result<RecordView<'a>, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let record = self.step();
        if record.is_err() {
            self.at = self.bytes.len();
        }
        Some(record)
    }
}

/// Appends one message: its checksum last, since that covers what stands behind it.
fn put_message(
    out: &mut Vec<u8>,
    magic: i8,
    attributes: i16,
    offset: Offset,
    timestamp: Timestamp,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
) {
    let start = out.len();
    out.resize(start + key_length_start(magic), 0);
    for part in [key, value] {
        out.extend(part.map_or(-1, |bytes| bytes.len() as i32).to_be_bytes());
        out.extend_from_slice(part.unwrap_or_default());
    }
    let message = &mut out[start..];
    MESSAGE_OFFSET.put(message, offset.0);
    MESSAGE_SIZE.put(message, (message.len() - OVERHEAD) as i64);
    super::layout::MAGIC.put(message, i64::from(magic));
    MESSAGE_ATTRIBUTES.put(message, i64::from(attributes));
    if magic > 0 {
        MESSAGE_TIMESTAMP.put(message, timestamp.0);
    }
    put_message_crc(message);
}

/// Makes the checksum of one whole message anew.
pub(super) fn put_message_crc(message: &mut [u8]) {
    let crc = crc32fast::hash(&message[super::layout::MAGIC.start..]);
    CRC32.put(message, i64::from(crc));
}

/// Collects records into a message set of format 0 or 1 (`MemoryRecordsBuilder` with an old magic). Without a codec
/// each record is an entry of its own; with one, all of them are the value of one wrapper. Headers cannot be kept.
#[derive(Clone, Debug)]
pub struct MessageSetBuilder {
    magic: i8,
    codec: Codec,
    level: Option<i32>,
    base_offset: Offset,
    log_append_time: Option<Timestamp>,
    bytes: Vec<u8>,
    last_offset: Option<Offset>,
    max_timestamp: Timestamp,
    count: usize,
}

impl MessageSetBuilder {
    /// An empty set of format 0 or 1 whose first record will have `base_offset`.
    pub fn new(magic: i8, codec: Codec, base_offset: Offset) -> MessageSetBuilder {
        assert!((0..2).contains(&magic), "message sets have format 0 or 1");
        MessageSetBuilder {
            magic,
            codec,
            level: None,
            base_offset,
            log_append_time: None,
            bytes: Vec::new(),
            last_offset: None,
            max_timestamp: Timestamp::NONE,
            count: 0,
        }
    }
    /// Compressed at this level.
    pub fn with_level(mut self, level: Option<i32>) -> MessageSetBuilder {
        self.level = level;
        self
    }
    /// With LogAppendTime (format 1): all messages bear `time`.
    pub fn with_log_append_time(mut self, time: Timestamp) -> MessageSetBuilder {
        self.log_append_time = (self.magic > 0).then_some(time);
        self
    }

    fn type_bit(&self) -> i16 {
        if self.log_append_time.is_some() { TIMESTAMP_TYPE_BIT } else { 0 }
    }

    /// Adds a record at `offset`, which must be greater than the one before it.
    pub fn push_parts(
        &mut self,
        offset: Offset,
        timestamp: Timestamp,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) {
        assert!(offset >= self.next_offset(), "records of a set have rising offsets");
        let time = self.log_append_time.unwrap_or(timestamp);
        let relative = self.magic > 0 && self.codec != Codec::None;
        let inner = if relative { Offset(offset - self.base_offset) } else { offset };
        let attributes = self.type_bit();
        put_message(&mut self.bytes, self.magic, attributes, inner, time, key, value);
        self.max_timestamp = self.max_timestamp.max(time);
        self.last_offset = Some(offset);
        self.count += 1;
    }

    /// The offset that the next pushed record may have.
    pub fn next_offset(&self) -> Offset {
        self.last_offset.map_or(self.base_offset, |last| last + 1)
    }
    /// Number of records so far.
    pub fn count(&self) -> usize {
        self.count
    }
    /// Bytes so far, before compression.
    pub fn size_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The finished bytes; nothing, if there was no record.
    pub fn build(self) -> Vec<u8> {
        if self.codec == Codec::None || self.count == 0 {
            return self.bytes;
        }
        let packed = compress_at(self.codec, self.magic, self.level, &self.bytes);
        let mut out = Vec::new();
        let attributes = self.codec.bits() | self.type_bit();
        let last = self.last_offset.unwrap_or(self.base_offset);
        put_message(
            &mut out,
            self.magic,
            attributes,
            last,
            self.max_timestamp,
            None,
            Some(&packed),
        );
        out
    }
}
