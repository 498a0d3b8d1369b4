//! Which transactions were aborted: the bytes of a `.txnindex` file (KIP-98).
//!
//! ```text
//!   entry n, 34 bytes:  │ version i16 = 0 │ producer id i64 │ first offset i64 │ last offset i64 │ stable i64 │
//!                                                            └ first record    └ its ABORT marker
//! ```
//!
//! An entry is written to the segment that holds the marker. A fetch with read_committed is given the entries that
//! touch what it fetched, and the consumer drops those producers' records; so a lost file shows aborted records. The
//! last stable offset tells how far a search must go on: entries behind one whose last stable offset is at or beyond
//! the end cannot concern the range. Kafka's classes: `TransactionIndex`, `AbortedTxn`.

use super::error::{Result, StorageError};
use crate::types::Offset;

/// Bytes of one entry.
pub const ABORTED_TRANSACTION_BYTES: usize = 34;

/// The fields of one entry: name and width, in their order. Panes and dumps read this table.
pub const ABORTED_TRANSACTION_FIELDS: [(&str, usize); 5] = [
    ("version", 2),
    ("producer_id", 8),
    ("first_offset", 8),
    ("last_offset", 8),
    ("last_stable_offset", 8),
];

/// One aborted transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AbortedTransaction {
    /// Version of the entry: 0. Nobody looks at it when transactions are looked up (seen in 4.3.1).
    pub version: i16,
    /// Whose transaction it was.
    pub producer_id: i64,
    /// Offset of its first record.
    pub first_offset: Offset,
    /// Offset of its marker.
    pub last_offset: Offset,
    /// The last stable offset when the marker was written.
    pub last_stable_offset: Offset,
}

impl AbortedTransaction {
    /// The entry that is written for a transaction.
    pub fn new(producer_id: i64, first: Offset, last: Offset, last_stable: Offset) -> Self {
        let (first_offset, last_offset, last_stable_offset) = (first, last, last_stable);
        AbortedTransaction {
            version: 0,
            producer_id,
            first_offset,
            last_offset,
            last_stable_offset,
        }
    }

    /// Reads one entry.
    pub fn from_bytes(bytes: &[u8; ABORTED_TRANSACTION_BYTES]) -> Self {
        let word = |start: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&bytes[start..start + 8]);
            i64::from_be_bytes(word)
        };
        AbortedTransaction {
            version: i16::from_be_bytes([bytes[0], bytes[1]]),
            producer_id: word(2),
            first_offset: Offset(word(10)),
            last_offset: Offset(word(18)),
            last_stable_offset: Offset(word(26)),
        }
    }

    /// The bytes of one entry.
    pub fn to_bytes(self) -> [u8; ABORTED_TRANSACTION_BYTES] {
        let mut bytes = [0; ABORTED_TRANSACTION_BYTES];
        bytes[..2].copy_from_slice(&self.version.to_be_bytes());
        let words =
            [self.producer_id, self.first_offset.0, self.last_offset.0, self.last_stable_offset.0];
        for (n, word) in words.into_iter().enumerate() {
            bytes[2 + n * 8..10 + n * 8].copy_from_slice(&word.to_be_bytes());
        }
        bytes
    }
}

/// The whole entries in the bytes of a `.txnindex` file. A cut entry at the end is passed over, as Kafka does.
pub fn read(bytes: &[u8]) -> impl Iterator<Item = AbortedTransaction> + '_ {
    bytes.as_chunks::<ABORTED_TRANSACTION_BYTES>().0.iter().map(AbortedTransaction::from_bytes)
}

/// The bytes of a `.txnindex` file with these entries.
pub fn write(entries: &[AbortedTransaction]) -> Vec<u8> {
    entries.iter().flat_map(|entry| entry.to_bytes()).collect()
}

/// What a start-up checks (`TransactionIndex.sanityCheck`): no entry may end below the segment's base offset. The path
/// of the error is empty: the caller knows the name.
pub fn check(bytes: &[u8], base_offset: Offset) -> Result<()> {
    for (n, entry) in read(bytes).enumerate() {
        if entry.last_offset < base_offset {
            let start = (n * ABORTED_TRANSACTION_BYTES) as u64 + 18;
            let what = format!(
                "the aborted transaction of producer {} ends at {}, before the segment's base offset {base_offset}",
                entry.producer_id, entry.last_offset
            );
            return Err(StorageError::at("", (start, start + 8), "last_offset", what));
        }
    }
    Ok(())
}

/// The aborted transactions that touch `from..up_to` in these entries, and whether later segments need no look
/// (`TransactionIndex.collectAbortedTxns`).
pub fn collect(bytes: &[u8], from: Offset, up_to: Offset) -> (Vec<AbortedTransaction>, bool) {
    let mut found = Vec::new();
    for entry in read(bytes) {
        if entry.last_offset >= from && entry.first_offset < up_to {
            found.push(entry);
        }
        if entry.last_stable_offset >= up_to {
            return (found, true);
        }
    }
    (found, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_back_cut_ones_passed_over_and_searches_end_early() {
        assert_eq!(
            ABORTED_TRANSACTION_FIELDS.iter().map(|f| f.1).sum::<usize>(),
            ABORTED_TRANSACTION_BYTES
        );
        let entry = |n: i64| {
            AbortedTransaction::new(n, Offset(n * 10), Offset(n * 10 + 5), Offset(n * 10 + 6))
        };
        let entries = [entry(1), entry(2), entry(3)];
        let bytes = write(&entries);
        assert_eq!(read(&bytes).collect::<Vec<_>>(), entries);
        for cut in 0..bytes.len() {
            assert_eq!(read(&bytes[..cut]).count(), cut / ABORTED_TRANSACTION_BYTES);
        }
        assert!(check(&bytes, Offset(15)).is_ok());
        assert_eq!(check(&bytes, Offset(16)).unwrap_err().field, "last_offset");
        assert_eq!(collect(&bytes, Offset(0), Offset(21)), (vec![entry(1), entry(2)], true));
        assert_eq!(collect(&bytes, Offset(16), Offset(99)), (vec![entry(2), entry(3)], false));
    }
}
