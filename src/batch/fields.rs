//! Every byte of an entry with its name: what the hex pane, `show bytes` and the lessons on formats draw. Records that
//! are compressed have their bytes in a buffer of their own, [`unpacked`].
//!
//! The answer covers the bytes completely and without overlap, whatever they are: where decoding stops, one last field
//! called `undecoded` says why.

use super::codec::Codec;
use super::control::ControlType;
use super::entry::Entry;
use super::error::BatchError;
use super::header::Header;
use super::layout::*;
use super::message_fields::{message, messages};
use super::read::Cursor;
use crate::types::{Language, counted};

/// One field of a batch in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldAt {
    /// First byte, from the start of the batch.
    pub start: usize,
    /// Bytes.
    pub width: usize,
    /// Its name.
    pub name: &'static str,
    /// Its value, as one would read it aloud.
    pub value: String,
    /// What it means, in English.
    pub meaning: &'static str,
    /// What it means, in Chinese.
    pub meaning_zh: &'static str,
    /// 0: header of the batch, 1: a record, 2: a header of a record.
    pub depth: u8,
}

impl FieldAt {
    /// What it means, in the language asked for.
    pub fn meaning(&self, language: Language) -> &'static str {
        language.pick(self.meaning, self.meaning_zh)
    }
}

struct Walk<'a> {
    cursor: Cursor<'a>,
    header: Header,
    fields: Vec<FieldAt>,
}

/// What a compressed entry holds: the bytes of its records and their fields, which count in those bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpacked {
    /// The records' bytes.
    pub bytes: Vec<u8>,
    /// Their fields, in order and without a gap.
    pub fields: Vec<FieldAt>,
}

/// The records of a compressed entry, unpacked, with their fields; `None` where nothing is compressed.
pub fn unpacked(entry: &[u8]) -> Result<Option<Unpacked>, BatchError> {
    let entry = Entry::parse(entry)?;
    let contents = entry.contents()?;
    if !contents.is_unpacked() {
        return Ok(None);
    }
    let bytes = contents.bytes().to_vec();
    let fields = match entry.header.is_message() {
        true => messages(&entry.header, &bytes),
        false => records(entry.header, &bytes, 0, bytes.len(), Vec::new()),
    };
    Ok(Some(Unpacked { bytes, fields }))
}

/// All fields of a batch or message of any format, records included, in the order of their bytes.
pub fn fields(batch: &[u8]) -> Vec<FieldAt> {
    let header = match Header::parse(batch) {
        Ok(header) => header,
        Err(error) => return vec![rest(0, batch.len(), error.to_string())],
    };
    if header.is_message() {
        return message(&header, batch);
    }
    let size = header.size_bytes().min(batch.len());
    let mut fields: Vec<FieldAt> = FIELDS
        .iter()
        .map(|field| {
            at(field, field.start, field.width, header_value(field.name, &header, batch), 0)
        })
        .collect();
    if header.codec() != Codec::None && size > HEADER_SIZE_BYTES {
        let count = counted(i64::from(header.records_count), "record");
        let what = format!("{count} compressed with {}", header.codec());
        let row = record_field("compressed_records");
        fields.push(at(row, HEADER_SIZE_BYTES, size - HEADER_SIZE_BYTES, what, 1));
    } else {
        fields = records(header, batch, HEADER_SIZE_BYTES, size, fields);
    }
    if size < batch.len() {
        fields.push(rest(size, batch.len() - size, "behind the end of the batch".to_string()));
    }
    fields
}

/// Adds the fields of the records from `start` to `end`; bytes that no record claims come last.
fn records(
    header: Header,
    bytes: &[u8],
    start: usize,
    end: usize,
    fields: Vec<FieldAt>,
) -> Vec<FieldAt> {
    let mut walk = Walk { cursor: Cursor { bytes, at: start, end }, header, fields };
    let mut problem = None;
    for _ in 0..header.records_count {
        if let Err(error) = walk.record(end) {
            problem = Some(error.to_string());
            break;
        }
    }
    let mut fields = walk.fields;
    let covered = fields.last().map_or(start, |field| field.start + field.width);
    if covered < end {
        let why = problem.unwrap_or_else(|| "no record claims these bytes".to_string());
        fields.push(rest(covered, end - covered, why));
    }
    fields
}

pub(super) fn at(row: &Field, start: usize, width: usize, value: String, depth: u8) -> FieldAt {
    let Field { name, meaning, meaning_zh, .. } = *row;
    FieldAt { start, width, name, value, meaning, meaning_zh, depth }
}

pub(super) fn rest(start: usize, width: usize, why: String) -> FieldAt {
    at(record_field("undecoded"), start, width, why, 0)
}

fn header_value(name: &str, header: &Header, batch: &[u8]) -> String {
    match name {
        "crc" => format!("{:#010x}", header.crc),
        "attributes" => {
            let mut words = vec![header.codec().to_string(), header.timestamp_type().to_string()];
            words.extend(header.is_transactional().then(|| "transactional".to_string()));
            words.extend(header.is_control().then(|| "control".to_string()));
            words.extend(header.delete_horizon().map(|time| format!("delete horizon {time}")));
            format!("{} ({})", header.attributes, words.join(", "))
        }
        _ => {
            let row = FIELDS.iter().find(|field| field.name == name).expect("names of the table");
            row.get(batch).to_string()
        }
    }
}

impl Walk<'_> {
    fn note(&mut self, name: &'static str, start: usize, value: String, depth: u8) {
        let width = self.cursor.at - start;
        if width > 0 {
            self.fields.push(at(record_field(name), start, width, value, depth));
        }
    }

    fn record(&mut self, batch_end: usize) -> Result<(), BatchError> {
        let start = self.cursor.at;
        self.cursor.end = batch_end;
        let length = self.cursor.record_length()?;
        self.note("length", start, length.to_string(), 1);
        self.cursor.end = self.cursor.at + length;

        let start = self.cursor.at;
        let attributes = self.cursor.byte("record_attributes")?;
        self.note("record_attributes", start, attributes.to_string(), 1);

        let start = self.cursor.at;
        let delta = self.cursor.varlong("timestamp_delta")?;
        let time = self.header.base_timestamp.0.wrapping_add(delta);
        self.note("timestamp_delta", start, format!("{delta} (timestamp {time})"), 1);

        let start = self.cursor.at;
        let delta = self.cursor.varint("offset_delta")?;
        let offset = self.header.base_offset.0.saturating_add(i64::from(delta));
        self.note("offset_delta", start, format!("{delta} (offset {offset})"), 1);

        self.nullable("key_length", "key", 1)?;
        self.nullable("value_length", "value", 1)?;

        let start = self.cursor.at;
        let count = self.cursor.headers_count()?;
        self.note("headers_count", start, count.to_string(), 1);
        for _ in 0..count {
            self.nullable("header_key_length", "header_key", 2)?;
            self.nullable("header_value_length", "header_value", 2)?;
        }
        if self.cursor.at < self.cursor.end {
            let start = self.cursor.at;
            self.cursor.at = self.cursor.end;
            self.note("undecoded", start, "the record's length says more".to_string(), 1);
        }
        Ok(())
    }

    fn nullable(
        &mut self,
        length_name: &'static str,
        name: &'static str,
        depth: u8,
    ) -> Result<(), BatchError> {
        let start = self.cursor.at;
        let length = self.cursor.length(length_name)?;
        let shown = length.map_or("-1 (null)".to_string(), |length| length.to_string());
        self.note(length_name, start, shown, depth);
        if let Some(length) = length {
            let start = self.cursor.at;
            self.cursor.at += length;
            let bytes = &self.cursor.bytes[start..start + length];
            let control = (name == "key" && self.header.is_control())
                .then(|| ControlType::from_key(bytes))
                .flatten();
            let shown = control.map_or_else(|| text(bytes), |control| control.to_string());
            self.note(name, start, shown, depth);
        }
        Ok(())
    }
}

/// Bytes as text where they are text, else as hex; at most 64 bytes of them.
pub(super) fn text(bytes: &[u8]) -> String {
    let short = &bytes[..bytes.len().min(64)];
    let more = if short.len() < bytes.len() { "…" } else { "" };
    let readable = match std::str::from_utf8(short) {
        Ok(text) => Some(text),
        // A character cut by our own limit is no reason to fall back to hex.
        Err(error) if !more.is_empty() && error.error_len().is_none() => {
            std::str::from_utf8(&short[..error.valid_up_to()]).ok()
        }
        Err(_) => None,
    };
    match readable {
        Some(text) if !text.chars().any(char::is_control) => format!("\"{text}{more}\""),
        _ => {
            let hex: String = short.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("0x{hex}{more}")
        }
    }
}
