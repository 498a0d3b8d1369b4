//! The cleaner's memory: for each key the offset of its newest record (class `SkimpyOffsetMap`).
//!
//! ```text
//!   dirty section:   [k1 @7][k2 @8][k1 @9] …        map:  k1 → 9    k2 → 8
//!                                                   a record whose offset is below its key's entry is superseded
//! ```
//!
//! Kafka stores an MD5 of the key (24 bytes an entry) in a buffer of `log.cleaner.dedupe.buffer.size`; when 90 % of it
//! is used the pass ends there, and the rest stays dirty. Ours holds the keys themselves under the same count.

use crate::types::Offset;
use std::collections::BTreeMap;

/// From key to the newest offset.
#[derive(Clone, Debug)]
pub struct OffsetMap {
    offsets: BTreeMap<Box<[u8]>, Offset>,
    most_keys: usize,
    latest_offset: Offset,
}

impl OffsetMap {
    /// `log.cleaner.dedupe.buffer.size` by default.
    pub const BUFFER_BYTES: u64 = 128 << 20;

    /// A map with the room of a buffer of so many bytes, of which 90 % may be used.
    pub fn with_buffer(bytes: u64) -> OffsetMap {
        let most_keys = ((bytes / 24) as f64 * 0.9) as usize;
        OffsetMap { offsets: BTreeMap::new(), most_keys, latest_offset: Offset::NONE }
    }

    /// Notes that `key` was seen at `offset`; false: there is no room any more.
    pub fn put(&mut self, key: &[u8], offset: Offset) -> bool {
        if self.offsets.len() >= self.most_keys {
            return false;
        }
        match self.offsets.get_mut(key) {
            Some(newest) => *newest = offset,
            None => {
                self.offsets.insert(key.into(), offset);
            }
        }
        true
    }

    /// The newest offset of `key` in the section that was read.
    pub fn get(&self, key: &[u8]) -> Option<Offset> {
        self.offsets.get(key).copied()
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.offsets.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    /// Up to here, this offset included, the log was read; -1 if nothing was.
    pub fn latest_offset(&self) -> Offset {
        self.latest_offset
    }

    /// Notes how far the log was read.
    pub fn update_latest_offset(&mut self, offset: Offset) {
        self.latest_offset = offset;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newest_offset_wins_and_a_full_map_says_so() {
        let mut map = OffsetMap::with_buffer(3 * 24);
        assert!(map.put(b"a", Offset(1)) && map.put(b"b", Offset(2)));
        assert!(!map.put(b"c", Offset(3)), "90 % of three slots are two");
        assert_eq!((map.get(b"a"), map.get(b"c"), map.len()), (Some(Offset(1)), None, 2));
        let mut map = OffsetMap::with_buffer(OffsetMap::BUFFER_BYTES);
        map.put(b"a", Offset(1));
        map.put(b"a", Offset(5));
        assert_eq!(map.get(b"a"), Some(Offset(5)));
    }
}
