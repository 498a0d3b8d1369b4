//! The records inside a batch or message of any format, as plain values.

use super::BatchRow;
use crate::batch::{self, ControlType, Entry};
use crate::types::{Offset, Timestamp};

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordRow {
    /// Its offset.
    pub offset: Offset,
    /// Its time; nothing in format 0.
    pub timestamp: Option<Timestamp>,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value; nothing: a tombstone.
    pub value: Option<Vec<u8>>,
    /// Its headers.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

/// All records of a batch or message. The error is a sentence.
pub fn records(bytes: &[u8], row: &BatchRow) -> Result<Vec<RecordRow>, String> {
    let told = |error: batch::BatchError| error.shifted(row.position).to_string();
    Entry::parse(bytes).and_then(|entry| entry_records(&entry)).map_err(told)
}

/// All records of an entry.
pub(super) fn entry_records(entry: &Entry<'_>) -> Result<Vec<RecordRow>, batch::BatchError> {
    let has_time = entry.magic > 0;
    let plain = |record: batch::Record| RecordRow {
        offset: record.offset,
        timestamp: Some(record.timestamp).filter(|_| has_time),
        key: record.key,
        value: record.value,
        headers: record.headers,
    };
    Ok(entry.records()?.into_iter().map(plain).collect())
}

/// What a check learns from the inside of a batch.
pub(super) struct Look {
    /// How many records it has.
    pub count: u64,
    /// The offset of the first.
    pub first: Option<Offset>,
    /// What it says, if it is a control batch.
    pub control: Option<ControlType>,
}

/// Opens a batch and counts. The error is a sentence.
pub(super) fn look(bytes: &[u8], row: &BatchRow) -> Result<Look, String> {
    let all = records(bytes, row)?;
    let told = row.header.map(|header| i64::from(header.records_count));
    let count = all.len() as u64;
    if told.is_some_and(|told| told != count as i64) {
        return Err(format!(
            "the header says {} records, but there are {count}",
            told.unwrap_or(0)
        ));
    }
    let is_control = row.header.is_some_and(|header| header.is_control());
    let key = all.first().and_then(|record| record.key.as_deref()).filter(|_| is_control);
    Ok(Look {
        count,
        first: all.first().map(|record| record.offset).filter(|_| row.format.magic < 2),
        control: key.and_then(ControlType::from_key),
    })
}

/// Text where it is text, else bytes in hexadecimal; at most so many characters.
pub fn shown(bytes: Option<&[u8]>, most: usize) -> String {
    let Some(bytes) = bytes else { return "null".into() };
    match std::str::from_utf8(bytes) {
        Ok(text) if text.chars().all(|c| !c.is_control() || c == '\n' || c == '\t') => {
            let text: String = text.chars().take(most).collect();
            text.replace(['\n', '\t'], " ")
        }
        _ => {
            let hex: String =
                bytes.iter().take(most.saturating_sub(2) / 2).map(|b| format!("{b:02x}")).collect();
            format!("0x{hex}")
        }
    }
}
