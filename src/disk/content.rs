//! The bytes of one file in memory: chunks that forks share, with holes that cost nothing.
//!
//! ```text
//! position   0            65536         131072
//!            [bytes......][bytes..0000][000000000…      a chunk holds its prefix; what it lacks is zeros
//! ```
//!
//! Always: a chunk is at most `CHUNK` long, and whatever no chunk holds reads as zero. Cloning copies one pointer per
//! chunk; the first write after a clone copies one chunk. The file's size is not kept here but in its node.

use crc32fast::Hasher;
use std::sync::Arc;

/// Bytes per chunk.
pub(super) const CHUNK: usize = 64 * 1024;

static ZEROS: [u8; CHUNK] = [0; CHUNK];

/// What a file of the memory kind holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    chunks: Vec<Arc<Vec<u8>>>,
}

fn place(position: u64) -> (usize, usize) {
    ((position / CHUNK as u64) as usize, (position % CHUNK as u64) as usize)
}

impl Content {
    /// Writes `bytes` at `position`; what lies between the old end and `position` becomes zeros.
    pub fn write(&mut self, mut position: u64, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (index, offset) = place(position);
            if self.chunks.len() <= index {
                let hole = Arc::new(Vec::new());
                self.chunks.resize(index + 1, hole);
            }
            let taken = bytes.len().min(CHUNK - offset);
            let chunk = Arc::make_mut(&mut self.chunks[index]);
            if chunk.len() < offset {
                chunk.resize(offset, 0);
            }
            let over = taken.min(chunk.len() - offset);
            chunk[offset..offset + over].copy_from_slice(&bytes[..over]);
            chunk.extend_from_slice(&bytes[over..taken]);
            bytes = &bytes[taken..];
            position += taken as u64;
        }
    }

    /// Makes everything from `position` on zeros (and costs nothing any more).
    pub fn truncate(&mut self, position: u64) {
        let (index, offset) = place(position);
        self.chunks.truncate(index + usize::from(offset > 0));
        if offset > 0 && self.chunks.len() == index + 1 && self.chunks[index].len() > offset {
            Arc::make_mut(&mut self.chunks[index]).truncate(offset);
        }
    }

    /// The bytes where they lie, if one chunk (or one hole) holds them all.
    pub fn slice(&self, position: u64, length: usize) -> Option<&[u8]> {
        let (index, offset) = place(position);
        if offset + length > CHUNK {
            return None;
        }
        let chunk = self.chunks.get(index).map_or(&[][..], |chunk| chunk.as_slice());
        match chunk.get(offset..offset + length) {
            Some(bytes) => Some(bytes),
            None if chunk.len() <= offset => Some(&ZEROS[..length]),
            None => None,
        }
    }

    /// Appends `length` bytes from `position` to `into`.
    pub fn read_into(&self, mut position: u64, mut length: usize, into: &mut Vec<u8>) {
        while length > 0 {
            let (index, offset) = place(position);
            let taken = length.min(CHUNK - offset);
            let chunk = self.chunks.get(index).map_or(&[][..], |chunk| chunk.as_slice());
            let held = chunk.len().saturating_sub(offset).min(taken);
            if held > 0 {
                into.extend_from_slice(&chunk[offset..offset + held]);
            }
            into.resize(into.len() + taken - held, 0);
            position += taken as u64;
            length -= taken;
        }
    }

    /// Fills `into` with the bytes from `position` on.
    pub fn read_over(&self, mut position: u64, mut into: &mut [u8]) {
        while !into.is_empty() {
            let (index, offset) = place(position);
            let (piece, rest) = into.split_at_mut((CHUNK - offset).min(into.len()));
            let chunk = self.chunks.get(index).map_or(&[][..], |chunk| chunk.as_slice());
            let held = chunk.get(offset..).unwrap_or_default();
            let held = &held[..held.len().min(piece.len())];
            piece[..held.len()].copy_from_slice(held);
            piece[held.len()..].fill(0);
            position += piece.len() as u64;
            into = rest;
        }
    }

    /// CRC-32 of the first `size` bytes; holes are reckoned, not walked.
    pub fn crc(&self, size: u64) -> u32 {
        let mut hasher = Hasher::new();
        let mut done = 0;
        for chunk in &self.chunks {
            let whole = (CHUNK as u64).min(size - done);
            let held = (chunk.len() as u64).min(whole);
            hasher.update(&chunk[..held as usize]);
            hash_zeros(&mut hasher, whole - held);
            done += whole;
        }
        hash_zeros(&mut hasher, size - done);
        hasher.finalize()
    }
}

/// Goes on with `count` zeros in logarithmic time: the checksum of twice as many zeros is two of them combined.
pub(super) fn hash_zeros(hasher: &mut Hasher, mut count: u64) {
    let mut power = Hasher::new();
    power.update(&[0]);
    while count > 0 {
        if count & 1 == 1 {
            hasher.combine(&power);
        }
        let twin = power.clone();
        power.combine(&twin);
        count >>= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_across_chunks_is_read_back_and_holes_are_zeros() {
        let mut content = Content::default();
        content.write(CHUNK as u64 * 2 - 3, b"abcdef");
        let mut read = Vec::new();
        content.read_into(CHUNK as u64 * 2 - 5, 10, &mut read);
        assert_eq!(read, b"\0\0abcdef\0\0");
        let mut over = [9; 10];
        content.read_over(CHUNK as u64 * 2 - 5, &mut over);
        assert_eq!(over, *b"\0\0abcdef\0\0");
        assert_eq!(content.slice(CHUNK as u64 * 2 - 3, 3), Some(&b"abc"[..]));
        assert_eq!(content.slice(CHUNK as u64 * 2 - 3, 6), None);
        assert_eq!(content.slice(9, 4), Some(&[0; 4][..]));
        assert!(content.chunks[0].is_empty());
    }

    #[test]
    fn a_clone_shares_until_it_is_written() {
        let mut one = Content::default();
        one.write(0, &[7; CHUNK + 10]);
        let mut two = one.clone();
        two.write(CHUNK as u64 + 10, b"x");
        assert!(Arc::ptr_eq(&one.chunks[0], &two.chunks[0]));
        assert_eq!(one.chunks[1].len(), 10);
    }

    #[test]
    fn truncating_forgets_and_the_checksum_counts_holes() {
        let mut content = Content::default();
        content.write(0, &[1; CHUNK * 2]);
        content.truncate(CHUNK as u64 + 5);
        content.truncate(3);
        let mut plain = vec![0; CHUNK * 3 + 77];
        plain[..3].fill(1);
        assert_eq!(content.crc(plain.len() as u64), crc32fast::hash(&plain));
        content.truncate(0);
        assert!(content.chunks.is_empty());
        content.truncate(70_000);
        assert_eq!(content.crc(0), 0);
    }
}
