//! The entries of a span, one after the other: a line for each, and lines for its records.
//!
//! What always holds: an entry that cannot be read is told, and the next one is taken; of a compressed batch either all
//! records are printed or none, since Kafka unpacks it before it shows the first; of an uncompressed one those before
//! the bad record are. Left out: how bytes are unpacked, which is `batch`'s.

use super::record::{self, Base, Row};
use super::{Options, form, json};
use crate::batch::{Codec, DECOMPRESSED_LIMIT_BYTES, decompress};

/// What was seen in a span, beside what was printed.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Offset of the first record.
    pub first: Option<i64>,
    /// Offset of the last record.
    pub last: Option<i64>,
    /// Records that do not follow the one before: the offset of that one, and theirs.
    pub gaps: Vec<(i64, i64)>,
    /// Entries and records whose checksum does not hold.
    pub wrong_checksums: usize,
    /// What could not be read, in sentences.
    pub problems: Vec<String>,
}

/// Most gaps and problems that one span remembers.
const MOST: usize = 20_000;

impl Seen {
    fn record(&mut self, offset: i64) {
        match self.last {
            Some(last) if last.wrapping_add(1) != offset && self.gaps.len() < MOST => {
                self.gaps.push((last, offset));
            }
            None => self.first = Some(offset),
            _ => {}
        }
        self.last = Some(offset);
    }
    pub(super) fn problem(&mut self, position: u64, what: impl std::fmt::Display) {
        if self.problems.len() < MOST {
            self.problems.push(format!("at position {position}: {what}"));
        }
    }
}

/// What the line of a batch says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch {
    pub position: u64,
    pub size_bytes: u64,
    pub magic: i8,
    pub base_offset: i64,
    pub last_offset: i64,
    pub count: i32,
    pub base_sequence: i32,
    pub last_sequence: i32,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub leader_epoch: i32,
    pub is_transactional: bool,
    pub is_control: bool,
    pub delete_horizon: Option<i64>,
    pub timestamp_type: &'static str,
    pub max_timestamp: i64,
    pub codec: Codec,
    pub crc: u32,
    pub is_valid: bool,
}

const HEADER: usize = 61;

fn word<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("N bytes")
}

fn codec(attributes: u8) -> Codec {
    match attributes & 7 {
        0 => Codec::None,
        1 => Codec::Gzip,
        2 => Codec::Snappy,
        3 => Codec::Lz4,
        4 => Codec::Zstd,
        other => Codec::Unknown(other),
    }
}

impl Batch {
    /// The header of a batch of format 2; `entry` has at least [`HEADER`] bytes.
    fn of(entry: &[u8], position: u64) -> Batch {
        let attributes = entry[22];
        let base_offset = i64::from_be_bytes(word(entry, 0));
        let delta = i32::from_be_bytes(word(entry, 23));
        let base_sequence = i32::from_be_bytes(word(entry, 53));
        let crc = u32::from_be_bytes(word(entry, 17));
        Batch {
            position,
            size_bytes: entry.len() as u64,
            magic: entry[16] as i8,
            base_offset,
            last_offset: base_offset.wrapping_add(i64::from(delta)),
            count: i32::from_be_bytes(word(entry, 57)),
            base_sequence,
            last_sequence: match base_sequence {
                -1 => -1,
                first => record::sequence_after(first, delta),
            },
            producer_id: i64::from_be_bytes(word(entry, 43)),
            producer_epoch: i16::from_be_bytes(word(entry, 51)),
            leader_epoch: i32::from_be_bytes(word(entry, 12)),
            is_transactional: attributes & 0x10 != 0,
            is_control: attributes & 0x20 != 0,
            delete_horizon: (attributes & 0x40 != 0).then(|| i64::from_be_bytes(word(entry, 27))),
            timestamp_type: if attributes & 8 == 0 { "CreateTime" } else { "LogAppendTime" },
            max_timestamp: i64::from_be_bytes(word(entry, 35)),
            codec: codec(attributes),
            crc,
            is_valid: crc32c::crc32c(&entry[21..]) == crc,
        }
    }

    /// The header of a message of format 0 or 1.
    fn of_message(entry: &[u8], position: u64, message: &record::Message<'_>) -> Batch {
        let offset = i64::from_be_bytes(word(entry, 0));
        let timestamp_type = match (message.magic, message.attributes & 8) {
            (0, _) => "NoTimestampType",
            (_, 0) => "CreateTime",
            _ => "LogAppendTime",
        };
        Batch {
            position,
            size_bytes: entry.len() as u64,
            magic: message.magic,
            base_offset: offset,
            last_offset: offset,
            count: -1,
            base_sequence: -1,
            last_sequence: -1,
            producer_id: -1,
            producer_epoch: -1,
            leader_epoch: -1,
            is_transactional: false,
            is_control: false,
            delete_horizon: None,
            timestamp_type,
            max_timestamp: message.timestamp,
            codec: codec(message.attributes),
            crc: message.crc,
            is_valid: message.holds,
        }
    }

    fn base(&self, entry: &[u8]) -> Base {
        Base {
            offset: self.base_offset,
            timestamp: i64::from_be_bytes(word(entry, 27)),
            append_time: (self.timestamp_type == "LogAppendTime").then_some(self.max_timestamp),
            sequence: self.base_sequence,
            count: self.count,
        }
    }
}

/// Appends the lines of the whole entries in `bytes`, which begin at `position` of the file `path`.
pub fn write_entries(
    options: &Options,
    path: &str,
    bytes: &[u8],
    position: u64,
    out: &mut Vec<u8>,
    seen: &mut Seen,
) {
    let mut at = 0;
    while let Some(head) = bytes.get(at..).and_then(|rest| rest.first_chunk::<17>()) {
        let size = i32::from_be_bytes([head[8], head[9], head[10], head[11]]);
        let end = at as i64 + 12 + i64::from(size);
        let Some(entry) = usize::try_from(end).ok().and_then(|end| bytes.get(at..end)) else {
            break;
        };
        if entry.len() < 26 {
            break;
        }
        let place = position + at as u64;
        let result = match entry[16] as i8 {
            2.. => batch(options, path, entry, place, out, seen),
            _ => message(options, path, entry, place, out, seen),
        };
        if let Err(what) = result {
            seen.problem(place, what);
        }
        at += entry.len();
    }
}

fn batch(
    options: &Options,
    path: &str,
    entry: &[u8],
    position: u64,
    out: &mut Vec<u8>,
    seen: &mut Seen,
) -> Result<(), String> {
    if entry.len() < HEADER {
        return Err(format!("a batch of {} bytes is shorter than its header", entry.len()));
    }
    let batch = Batch::of(entry, position);
    seen.wrong_checksums += usize::from(!batch.is_valid);
    line(options, path, &batch, out);
    if !options.is_deep() || batch.count == 0 {
        return known(&batch);
    }
    let base = batch.base(entry);
    if batch.codec == Codec::None {
        return record::each(&base, &entry[HEADER..], |row| {
            show(options, path, &batch, &row, out, seen);
        });
    }
    known(&batch)?;
    let unpacked = decompress(batch.codec, batch.magic, &entry[HEADER..], DECOMPRESSED_LIMIT_BYTES);
    let unpacked = unpacked.map_err(|error| error.to_string())?;
    // All or nothing: what was printed before the error is taken back.
    let mark = (out.len(), seen.first, seen.last, seen.gaps.len());
    let result = record::each(&base, &unpacked, |row| {
        show(options, path, &batch, &row, out, seen);
    });
    if result.is_err() {
        out.truncate(mark.0);
        (seen.first, seen.last) = (mark.1, mark.2);
        seen.gaps.truncate(mark.3);
    }
    result
}

fn message(
    options: &Options,
    path: &str,
    entry: &[u8],
    position: u64,
    out: &mut Vec<u8>,
    seen: &mut Seen,
) -> Result<(), String> {
    let message = record::message(&entry[12..])?;
    let batch = Batch::of_message(entry, position, &message);
    seen.wrong_checksums += usize::from(!batch.is_valid);
    line(options, path, &batch, out);
    if !options.is_deep() {
        return known(&batch);
    }
    if batch.codec == Codec::None {
        show(options, path, &batch, &message.row(batch.base_offset, None), out, seen);
        return Ok(());
    }
    known(&batch)?;
    known_in_wrapper(&batch)?;
    let packed = message.value.ok_or("Found invalid compressed record set with null value")?;
    let unpacked = decompress(batch.codec, batch.magic, packed, DECOMPRESSED_LIMIT_BYTES);
    let unpacked = unpacked.map_err(|error| error.to_string())?;
    for row in record::inner(&message, batch.base_offset, &unpacked)? {
        seen.wrong_checksums += usize::from(row.message.is_some_and(|(holds, _)| !holds));
        show(options, path, &batch, &row, out, seen);
    }
    Ok(())
}

fn known(batch: &Batch) -> Result<(), String> {
    match batch.codec {
        Codec::Unknown(number) => Err(format!("Unknown compression type id: {number}")),
        _ => Ok(()),
    }
}

/// zstd came with format 2 (KIP-110): Kafka refuses a wrapper that is compressed with it.
fn known_in_wrapper(batch: &Batch) -> Result<(), String> {
    match batch.codec {
        Codec::Zstd => {
            let magic = batch.magic;
            Err(format!(
                "Invalid wrapper compressionType found in legacy deep record iterator {magic}: zstd came with format 2"
            ))
        }
        _ => Ok(()),
    }
}

fn line(options: &Options, path: &str, batch: &Batch, out: &mut Vec<u8>) {
    match options.json {
        true => json::batch(out, path, batch),
        false => form::batch(out, batch),
    }
}

#[inline]
fn show(
    options: &Options,
    path: &str,
    batch: &Batch,
    row: &Row<'_>,
    out: &mut Vec<u8>,
    seen: &mut Seen,
) {
    seen.record(row.offset);
    let result = match options.json {
        true => json::record(out, path, options, batch, row),
        false => form::record(out, options, batch, row),
    };
    if let Err(what) = result {
        seen.problem(batch.position, format!("record {}: {what}", row.offset));
    }
}

/// The largest timestamp of the records of an entry, as a reader of the log sees them; None: it cannot be read.
pub(super) fn largest_timestamp(entry: &[u8]) -> Result<i64, String> {
    let mut largest = -1;
    if (entry[16] as i8) < 2 {
        let message = record::message(&entry[12..])?;
        let batch = Batch::of_message(entry, 0, &message);
        if batch.codec == Codec::None {
            return Ok(message.timestamp);
        }
        known(&batch)?;
        known_in_wrapper(&batch)?;
        let packed = message.value.ok_or("a compressed set without a value")?;
        let unpacked = decompress(batch.codec, batch.magic, packed, DECOMPRESSED_LIMIT_BYTES);
        let unpacked = unpacked.map_err(|error| error.to_string())?;
        let rows = record::inner(&message, batch.base_offset, &unpacked)?;
        return Ok(rows.iter().map(|row| row.timestamp).fold(-1, i64::max));
    }
    if entry.len() < HEADER {
        return Err(format!("a batch of {} bytes is shorter than its header", entry.len()));
    }
    let batch = Batch::of(entry, 0);
    if batch.count == 0 {
        return Ok(largest);
    }
    known(&batch)?;
    let unpacked;
    let records = match batch.codec {
        Codec::None => &entry[HEADER..],
        codec => {
            let all = decompress(codec, batch.magic, &entry[HEADER..], DECOMPRESSED_LIMIT_BYTES);
            unpacked = all.map_err(|error| error.to_string())?;
            &unpacked
        }
    };
    record::each(&batch.base(entry), records, |row| largest = largest.max(row.timestamp))?;
    Ok(largest)
}
