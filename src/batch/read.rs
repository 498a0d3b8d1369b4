//! Reading batches and records (`DefaultRecordBatch`, `DefaultRecord.readFrom`).
//!
//! Lengths are checked before they are used: a record must lie inside its batch, a key inside its record, and the
//! record must end exactly where its length says. Nothing is allocated by a number that the bytes merely claim.

use super::codec::Codec;
use super::entry::Entry;
use super::error::BatchError;
use super::header::{Header, TimestampType};
use super::layout::*;
use super::message_layout::CRC32;
use super::varint;
use crate::types::{Offset, Position, Timestamp};

/// A decoded record that owns its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its place in the partition.
    pub offset: Offset,
    /// Its timestamp (the append time of the batch, if the topic says so).
    pub timestamp: Timestamp,
    /// Its key, or null.
    pub key: Option<Vec<u8>>,
    /// Its value, or null.
    pub value: Option<Vec<u8>>,
    /// Its headers, in order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

/// A decoded record that borrows from its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordView<'a> {
    /// Its place in the partition.
    pub offset: Offset,
    /// Its timestamp.
    pub timestamp: Timestamp,
    /// Its key, or null.
    pub key: Option<&'a [u8]>,
    /// Its value, or null.
    pub value: Option<&'a [u8]>,
    /// First byte of the record (its length field) in the batch.
    pub position: usize,
    /// Bytes of the record, its length field included (`Record.sizeInBytes`).
    pub size_bytes: usize,
    /// Its sequence number, or -1 (formats 0 and 1, and batches without a producer id).
    pub sequence: i32,
    /// Format 0 or 1: its own header, with its own checksum.
    pub message: Option<Header>,
    pub(super) bytes: &'a [u8],
    pub(super) headers: &'a [u8],
    pub(super) headers_count: usize,
}

impl<'a> RecordView<'a> {
    /// The headers, in order. Names that are not UTF-8 are shown with U+FFFD, as Java does.
    pub fn headers(&self) -> Vec<(String, Option<Vec<u8>>)> {
        let mut cursor = Cursor { bytes: self.headers, at: 0, end: self.headers.len() };
        let mut headers = Vec::with_capacity(self.headers_count.min(self.headers.len()));
        for _ in 0..self.headers_count {
            let Ok((name, value)) = cursor.header() else { break };
            headers.push((String::from_utf8_lossy(name).into_owned(), value.map(<[u8]>::to_vec)));
        }
        headers
    }
    /// All its bytes, from its length field (format 2) or its offset (formats 0 and 1) on.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
    /// Format 0 or 1: whether its own checksum fits. A record of format 2 has none; its batch vouches for it.
    pub fn checksum_holds(&self) -> bool {
        self.message.is_none() || verify_checksum(self.bytes).is_ok()
    }
    /// How many headers it has.
    pub fn headers_count(&self) -> usize {
        self.headers_count
    }
    /// A copy that owns its bytes.
    pub fn to_record(&self) -> Record {
        Record {
            offset: self.offset,
            timestamp: self.timestamp,
            key: self.key.map(<[u8]>::to_vec),
            value: self.value.map(<[u8]>::to_vec),
            headers: self.headers(),
        }
    }
}

/// A place in a batch, with the bounds that lengths are held to.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    pub(super) end: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn varint(&mut self, field: &'static str) -> Result<i32, BatchError> {
        let start = self.at;
        varint::read_i32(&self.bytes[..self.end], &mut self.at).map_err(|e| {
            BatchError::new(start, self.end.min(start + 5) - start, field, e.sentence())
        })
    }
    pub(super) fn varlong(&mut self, field: &'static str) -> Result<i64, BatchError> {
        let start = self.at;
        varint::read_i64(&self.bytes[..self.end], &mut self.at).map_err(|e| {
            BatchError::new(start, self.end.min(start + 10) - start, field, e.sentence())
        })
    }
    pub(super) fn byte(&mut self, field: &'static str) -> Result<u8, BatchError> {
        if self.at >= self.end {
            return Err(BatchError::new(self.at, 0, field, "the record ends before this field"));
        }
        self.at += 1;
        Ok(self.bytes[self.at - 1])
    }
    /// A count or length that may not reach beyond what is left; -1 stands for null.
    pub(super) fn length(&mut self, field: &'static str) -> Result<Option<usize>, BatchError> {
        let start = self.at;
        let length = self.varint(field)?;
        let wrong = |what: String| Err(BatchError::new(start, self.at - start, field, what));
        match length {
            -1 => Ok(None),
            ..-1 => wrong(format!("{length} is negative")),
            _ if length as usize > self.end - self.at => wrong(format!(
                "{length} reaches beyond the {} bytes that are left",
                self.end - self.at
            )),
            _ => Ok(Some(length as usize)),
        }
    }
    fn nullable(&mut self, field: &'static str) -> Result<Option<&'a [u8]>, BatchError> {
        Ok(self.length(field)?.map(|length| {
            self.at += length;
            &self.bytes[self.at - length..self.at]
        }))
    }
    fn header(&mut self) -> Result<(&'a [u8], Option<&'a [u8]>), BatchError> {
        let start = self.at;
        let name = self.nullable("header_key_length")?.ok_or_else(|| {
            BatchError::new(start, self.at - start, "header_key_length", "a header's name is null")
        })?;
        Ok((name, self.nullable("header_value_length")?))
    }
    /// The length of the next record: at least 6 bytes must follow it, all inside the batch.
    pub(super) fn record_length(&mut self) -> Result<usize, BatchError> {
        let start = self.at;
        match self.length("length")? {
            Some(length) => Ok(length),
            None => Err(BatchError::new(start, self.at - start, "length", "-1 is negative")),
        }
    }
    /// The number of headers of a record.
    pub(super) fn headers_count(&mut self) -> Result<usize, BatchError> {
        let start = self.at;
        match self.length("headers_count")? {
            Some(count) => Ok(count),
            None => Err(BatchError::new(start, self.at - start, "headers_count", "-1 is negative")),
        }
    }
}

/// Walks the records of one batch of format 2 without collecting them; ends after the first error.
#[derive(Clone)]
pub struct RecordIterator<'a> {
    pub(super) cursor: Cursor<'a>,
    pub(super) header: Header,
    pub(super) left: i32,
}

impl<'a> RecordIterator<'a> {
    /// Over records that begin at `start` of `bytes`: behind the header, or at 0 of what was unpacked.
    pub(super) fn new(header: Header, bytes: &'a [u8], start: usize) -> RecordIterator<'a> {
        let cursor = Cursor { bytes, at: start, end: bytes.len() };
        RecordIterator { cursor, header, left: header.records_count }
    }

    /// The header of the batch.
    pub fn header(&self) -> &Header {
        &self.header
    }

    fn record(&mut self) -> Result<RecordView<'a>, BatchError> {
        let batch_end = self.cursor.end;
        let position = self.cursor.at;
        let length = self.cursor.record_length()?;
        self.cursor.end = self.cursor.at + length;
        let record = self.body(position)?;
        if self.cursor.at != self.cursor.end {
            let what =
                format!("the record has {} bytes too many", self.cursor.end - self.cursor.at);
            return Err(BatchError::new(position, self.cursor.end - position, "length", what));
        }
        self.cursor.end = batch_end;
        Ok(record)
    }

    fn body(&mut self, position: usize) -> Result<RecordView<'a>, BatchError> {
        let cursor = &mut self.cursor;
        cursor.byte("record_attributes")?;
        let time_delta = cursor.varlong("timestamp_delta")?;
        let offset_delta = cursor.varint("offset_delta")?;
        let key = cursor.nullable("key_length")?;
        let value = cursor.nullable("value_length")?;
        let headers_count = cursor.headers_count()?;
        let headers_start = cursor.at;
        for _ in 0..headers_count {
            cursor.header()?;
        }
        let timestamp = match self.header.timestamp_type() {
            TimestampType::LogAppendTime => self.header.max_timestamp,
            TimestampType::CreateTime => {
                Timestamp(self.header.base_timestamp.0.wrapping_add(time_delta))
            }
        };
        Ok(RecordView {
            offset: Offset(self.header.base_offset.0.saturating_add(i64::from(offset_delta))),
            timestamp,
            key,
            value,
            position,
            size_bytes: cursor.at - position,
            sequence: self.header.sequence_at(offset_delta),
            message: None,
            bytes: &cursor.bytes[position..cursor.at],
            headers: &cursor.bytes[headers_start..cursor.at],
            headers_count,
        })
    }
}

impl<'a> Iterator for RecordIterator<'a> {
    type Item = Result<RecordView<'a>, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            let (at, end) = (self.cursor.at, self.cursor.end);
            if at == end {
                return None;
            }
            self.cursor.at = end;
            let what = format!("{} bytes follow the last record", end - at);
            return Some(Err(BatchError::new(
                RECORDS_COUNT.start,
                RECORDS_COUNT.width,
                RECORDS_COUNT.name,
                what,
            )));
        }
        self.left -= 1;
        let record = self.record();
        if record.is_err() {
            self.left = 0;
            self.cursor.at = self.cursor.bytes.len();
            self.cursor.end = self.cursor.at;
        }
        Some(record)
    }
}

/// The header of exactly one whole batch: `bytes` must have the size that the batch says.
pub(super) fn whole(batch: &[u8]) -> Result<Header, BatchError> {
    let header = Header::parse(batch)?;
    if header.size_bytes() != batch.len() {
        let what = format!(
            "the batch should have {} bytes, {} are there",
            header.size_bytes(),
            batch.len()
        );
        let field = BATCH_LENGTH;
        return Err(BatchError::new(field.start, field.width, field.name, what));
    }
    Ok(header)
}

/// Walks the records of one batch of format 2 that is not compressed; others are for [`Entry`], and an error here.
pub fn iterate(batch: &[u8]) -> Result<RecordIterator<'_>, BatchError> {
    let header = whole(batch)?;
    if header.is_message() {
        let what = format!("a message of format {}: read it as an entry", header.magic);
        return Err(BatchError::new(MAGIC.start, MAGIC.width, MAGIC.name, what).recognised());
    }
    if header.codec() != Codec::None {
        let what = format!("compressed with {}: read it as an entry", header.codec());
        let error = BatchError::new(ATTRIBUTES.start, ATTRIBUTES.width, ATTRIBUTES.name, what);
        return Err(error.recognised());
    }
    Ok(RecordIterator::new(header, batch, HEADER_SIZE_BYTES))
}

/// All records of one batch or message of any format, unpacked, control records included.
pub fn records(batch: &[u8]) -> Result<Vec<Record>, BatchError> {
    Entry::parse(batch)?.records()
}

/// Bytes of the batch or message that begins here, of whatever version: only the size field is looked at.
pub fn batch_size(bytes: &[u8]) -> Result<usize, BatchError> {
    Header::length(bytes).map(|length| LOG_OVERHEAD_BYTES + length as usize)
}

/// A checksum, as stored and as the bytes give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checksum {
    /// `CRC-32C` of a batch, `CRC-32` of a message of format 0 or 1.
    pub algorithm: &'static str,
    /// The first byte that it covers, counted from the entry's own; the last is the entry's.
    pub covers_from: usize,
    /// What stands in the entry.
    pub stored: u32,
    /// What the bytes give.
    pub computed: u32,
}

impl Checksum {
    /// Computes it anew, of one whole entry.
    pub fn of(batch: &[u8]) -> Result<Checksum, BatchError> {
        let header = Header::read(batch)?;
        let (algorithm, field) = match header.is_message() {
            true => ("CRC-32", MAGIC),
            false => ("CRC-32C", ATTRIBUTES),
        };
        let covered = &batch[field.start..];
        let computed = match header.is_message() {
            true => crc32fast::hash(covered),
            false => crc32c::crc32c(covered),
        };
        let stored = header.crc;
        Ok(Checksum { algorithm, covers_from: field.start, stored, computed })
    }

    /// Whether both are the same.
    pub fn holds(&self) -> bool {
        self.stored == self.computed
    }
}

/// Checks the checksum alone, of whatever magic: what recovery does (`DefaultRecordBatch.ensureValid`, and
/// `LegacyRecord.ensureValid` with the older CRC-32).
pub fn verify_checksum(batch: &[u8]) -> Result<(), BatchError> {
    verify_checksum_of(&Header::read(batch)?, batch)
}

/// The same for one whole batch whose header was read before.
pub(crate) fn verify_checksum_of(header: &Header, batch: &[u8]) -> Result<(), BatchError> {
    let (field, computed) = match header.is_message() {
        true => (CRC32, crc32fast::hash(&batch[MAGIC.start..])),
        false => (CRC, crc32c::crc32c(&batch[ATTRIBUTES.start..])),
    };
    if computed != header.crc {
        let what = format!("stored {:#010x}, but the bytes give {computed:#010x}", header.crc);
        return Err(BatchError::new(field.start, field.width, field.name, what));
    }
    Ok(())
}

/// Checks the size and the checksum of one batch.
pub fn verify(batch: &[u8]) -> Result<(), BatchError> {
    whole(batch)?;
    verify_checksum(batch)
}

/// Walks the batches and messages in `bytes`; ends after the first error. A last one that is cut short is an error.
pub fn batches(
    bytes: &[u8],
) -> impl Iterator<Item = Result<(Position, Header, &[u8]), BatchError>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
        let start = at;
        at = bytes.len();
        let shift = |error: BatchError| error.shifted(start as u64);
        let size = match Header::length(rest) {
            Ok(length) => LOG_OVERHEAD_BYTES + length as usize,
            Err(error) => return Some(Err(shift(error))),
        };
        if size > rest.len() {
            let what = format!("the batch should have {size} bytes, {} are there", rest.len());
            let error = BatchError::new(
                start + BATCH_LENGTH.start,
                BATCH_LENGTH.width,
                BATCH_LENGTH.name,
                what,
            );
            return Some(Err(error));
        }
        let batch = &rest[..size];
        Some(match Header::parse(batch) {
            Ok(header) => {
                at = start + size;
                Ok((Position(start as u32), header, batch))
            }
            Err(error) => Err(shift(error)),
        })
    })
}
