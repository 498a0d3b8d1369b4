//! What a partition knew of its producers at one offset: the bytes of a `.snapshot` file (KIP-98).
//!
//! ```text
//!   0        2            6           10
//!   ├─version─┼── crc ─────┼── count ──┼─ count entries of 46 bytes …
//!   │   1     │ CRC-32C of │           │ producer id i64 │ epoch i16 │ last sequence i32 │ last offset i64 │
//!   │         │ all behind │           │ offset delta i32 │ timestamp i64 │ coordinator epoch i32 │ txn first i64
//! ```
//!
//! The name of the file is the offset up to which it holds. A partition without idempotent producers has snapshots,
//! too: ten bytes with no entries. Kafka's classes: `ProducerStateManager.readSnapshot`, `writeSnapshot`,
//! `ProducerSnapshot`. Always: what was written is read back; a count is believed only if that many bytes are there.

use super::error::{Result, StorageError};
use crate::types::{Offset, Timestamp};

/// Bytes before the first entry.
pub const PRODUCER_SNAPSHOT_HEADER_BYTES: usize = 10;
/// Bytes of one entry.
pub const PRODUCER_SNAPSHOT_ENTRY_BYTES: usize = 46;

/// The fields of one entry: name and width, in their order. Panes and dumps read this table.
pub const PRODUCER_SNAPSHOT_FIELDS: [(&str, usize); 8] = [
    ("producer_id", 8),
    ("producer_epoch", 2),
    ("last_sequence", 4),
    ("last_offset", 8),
    ("offset_delta", 4),
    ("timestamp", 8),
    ("coordinator_epoch", 4),
    ("current_txn_first_offset", 8),
];

/// What a snapshot says of one producer: its last batch only, of the five that the running broker remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerSnapshotEntry {
    /// The producer.
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i16,
    /// Sequence number of its last record; -1 if no batch is known (only a marker came).
    pub last_sequence: i32,
    /// Offset of its last data record; -1 if no batch is known.
    pub last_offset: Offset,
    /// Last minus first offset of its last batch.
    pub offset_delta: i32,
    /// When it last wrote, by its records.
    pub timestamp: Timestamp,
    /// Epoch of the coordinator that wrote the last marker; -1 without one.
    pub coordinator_epoch: i32,
    /// Where its open transaction began; nothing: none is open.
    pub current_txn_first_offset: Option<Offset>,
}

/// Reads the bytes of a `.snapshot` file. The path of the error is empty: the caller knows the name.
pub fn read(bytes: &[u8]) -> Result<Vec<ProducerSnapshotEntry>> {
    let wrong = |start: usize, width: usize, field, what: String| {
        let range = (start as u64, (start + width) as u64);
        Err(StorageError::at("", range, field, what))
    };
    if bytes.len() < PRODUCER_SNAPSHOT_HEADER_BYTES {
        let what = format!(
            "a producer snapshot has at least {PRODUCER_SNAPSHOT_HEADER_BYTES} bytes, here are {}",
            bytes.len()
        );
        return wrong(0, bytes.len(), "version", what);
    }
    let mut cursor = Cursor { bytes, at: 0 };
    let version = cursor.i16();
    if version != 1 {
        return wrong(0, 2, "version", format!("version {version} is not known, 1 is"));
    }
    let stored = cursor.i32() as u32;
    let count = cursor.i32();
    let body = &bytes[PRODUCER_SNAPSHOT_HEADER_BYTES..];
    let needed =
        usize::try_from(count).ok().and_then(|n| n.checked_mul(PRODUCER_SNAPSHOT_ENTRY_BYTES));
    if needed.is_none_or(|needed| needed > body.len()) {
        let what = format!("{count} producers do not fit into the {} bytes behind it", body.len());
        return wrong(6, 4, "count", what);
    }
    let computed = crc32c::crc32c(&bytes[6..]);
    if computed != stored {
        let what = format!("stored {stored:#010x}, but the bytes give {computed:#010x}");
        return wrong(2, 4, "crc", what);
    }
    let entry = |_| ProducerSnapshotEntry {
        producer_id: cursor.i64(),
        producer_epoch: cursor.i16(),
        last_sequence: cursor.i32(),
        last_offset: Offset(cursor.i64()),
        offset_delta: cursor.i32(),
        timestamp: Timestamp(cursor.i64()),
        coordinator_epoch: cursor.i32(),
        current_txn_first_offset: Some(cursor.i64()).filter(|offset| *offset >= 0).map(Offset),
    };
    Ok((0..count).map(entry).collect())
}

/// The bytes of a `.snapshot` file with these entries, in this order.
pub fn write(entries: &[ProducerSnapshotEntry]) -> Vec<u8> {
    let size = PRODUCER_SNAPSHOT_HEADER_BYTES + entries.len() * PRODUCER_SNAPSHOT_ENTRY_BYTES;
    let mut bytes = Vec::with_capacity(size);
    bytes.extend_from_slice(&1i16.to_be_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&(entries.len() as i32).to_be_bytes());
    for entry in entries {
        let first = entry.current_txn_first_offset.unwrap_or(Offset(-1));
        bytes.extend_from_slice(&entry.producer_id.to_be_bytes());
        bytes.extend_from_slice(&entry.producer_epoch.to_be_bytes());
        bytes.extend_from_slice(&entry.last_sequence.to_be_bytes());
        bytes.extend_from_slice(&entry.last_offset.0.to_be_bytes());
        bytes.extend_from_slice(&entry.offset_delta.to_be_bytes());
        bytes.extend_from_slice(&entry.timestamp.0.to_be_bytes());
        bytes.extend_from_slice(&entry.coordinator_epoch.to_be_bytes());
        bytes.extend_from_slice(&first.0.to_be_bytes());
    }
    let crc = crc32c::crc32c(&bytes[6..]);
    bytes[2..6].copy_from_slice(&crc.to_be_bytes());
    bytes
}

/// Takes big-endian numbers off bytes whose length was checked.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut word = [0; N];
        word.copy_from_slice(&self.bytes[self.at..self.at + N]);
        self.at += N;
        word
    }
    fn i16(&mut self) -> i16 {
        i16::from_be_bytes(self.take())
    }
    fn i32(&mut self) -> i32 {
        i32::from_be_bytes(self.take())
    }
    fn i64(&mut self) -> i64 {
        i64::from_be_bytes(self.take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(producer_id: i64) -> ProducerSnapshotEntry {
        ProducerSnapshotEntry {
            producer_id,
            producer_epoch: 3,
            last_sequence: 7,
            last_offset: Offset(41),
            offset_delta: 2,
            timestamp: Timestamp(1_700_000_000_000),
            coordinator_epoch: -1,
            current_txn_first_offset: (producer_id == 2).then_some(Offset(39)),
        }
    }

    #[test]
    fn what_was_written_is_read_back_and_every_flip_and_cut_is_noticed() {
        assert_eq!(
            PRODUCER_SNAPSHOT_FIELDS.iter().map(|f| f.1).sum::<usize>(),
            PRODUCER_SNAPSHOT_ENTRY_BYTES
        );
        let entries = [entry(1), entry(2)];
        let bytes = write(&entries);
        assert_eq!(read(&bytes).unwrap(), entries);
        assert_eq!(write(&[]).len(), 10);
        for at in 0..bytes.len() {
            assert!(read(&bytes[..at]).is_err(), "cut to {at}");
            for bit in 0..8 {
                let mut bad = bytes.clone();
                bad[at] ^= 1 << bit;
                let error = read(&bad).unwrap_err();
                assert!(error.end <= bad.len() as u64 && !error.what.is_empty());
            }
        }
        let mut huge = bytes;
        huge[6..10].copy_from_slice(&i32::MAX.to_be_bytes());
        assert_eq!(read(&huge).unwrap_err().field, "count");
    }
}
