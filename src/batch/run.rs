//! Records as a leader looks at them: at a glance, in runs (`LogValidator.validateRecord`).
//!
//! ```text
//!   8 bytes at once   length │ attributes │ time delta │ offset delta │ key length      … value length      … 0 headers
//!                     1–2 bytes  1            1–2          1–2            1–2  (zigzag)   1–2
//! ```
//!
//! A leader need not see what is in a record, only that it is whole, when it was made, whether it has a key, and that
//! offsets follow one another. What always holds: a glance gives no verdict on what it does not understand (longer
//! numbers, headers, wrong lengths); there the run ends, and the thorough reader ([`RecordIterator`]) is to look.

use super::header::TimestampType;
use super::read::RecordIterator;
use crate::types::{Offset, Timestamp};

/// What a leader looks at in records that stand side by side, their offsets one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// How many; the rest says nothing if there are none.
    pub count: i32,
    /// Offset of the first.
    pub first_offset: Offset,
    /// The least timestamp.
    pub least: Timestamp,
    /// The greatest timestamp.
    pub greatest: Timestamp,
    /// Whether each has a key.
    pub all_keys: bool,
}

/// Eight bytes from `at` on, the first one lowest.
#[inline(always)]
fn word_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// The zigzag number of one or two bytes at the low end of `word`, which is moved on, as `at` is.
#[inline(always)]
fn short(word: &mut u64, at: &mut usize) -> Option<i64> {
    let raw = if *word & 0x80 == 0 {
        let raw = *word & 0x7f;
        (*word, *at) = (*word >> 8, *at + 1);
        raw
    } else if *word & 0x8000 == 0 {
        let raw = (*word & 0x7f) | ((*word >> 1) & 0x3f80);
        (*word, *at) = (*word >> 16, *at + 2);
        raw
    } else {
        return None;
    };
    Some((raw >> 1) as i64 ^ -((raw & 1) as i64))
}

/// The record at `at`, if it is of the plain kind: the place behind it, its deltas, and whether it has a key. None is
/// no verdict: the thorough reader is to look.
#[inline(always)]
fn glance_at(bytes: &[u8], at: usize) -> Option<(usize, i64, i64, bool)> {
    let mut at = at;
    let mut word = word_at(bytes, at)?;
    let length = short(&mut word, &mut at)?;
    let behind = at + usize::try_from(length).ok()?;
    (word, at) = (word >> 8, at + 1); // no bit of the attributes is used
    let time_delta = short(&mut word, &mut at)?;
    let offset_delta = short(&mut word, &mut at)?;
    // Seven bytes are behind us at the most: one is left.
    if word & 0x80 != 0 {
        word = word_at(bytes, at)?;
    }
    let key = short(&mut word, &mut at)?;
    if key < -1 {
        return None;
    }
    at += key.max(0) as usize;
    word = word_at(bytes, at)?;
    let value = short(&mut word, &mut at)?;
    if value < -1 {
        return None;
    }
    at += value.max(0) as usize;
    let plain = bytes.get(at) == Some(&0) && at + 1 == behind;
    plain.then_some((behind, time_delta, offset_delta, key >= 0))
}

impl RecordIterator<'_> {
    /// Goes on over records as a leader looks at them, without views of their parts, while all numbers are short, there
    /// are no headers, and offsets follow one another: that costs a fraction of [`Iterator::next`], which is to take
    /// the record that the run ends before.
    pub(crate) fn run(&mut self) -> Run {
        let (bytes, mut at) = (self.cursor.bytes, self.cursor.at);
        let (base, mask) = match self.header.timestamp_type() {
            TimestampType::LogAppendTime => (self.header.max_timestamp.0, 0),
            TimestampType::CreateTime => (self.header.base_timestamp.0, -1),
        };
        let (mut count, mut first, mut all_keys) = (0, 0, true);
        let (mut least, mut greatest) = (i64::MAX, i64::MIN);
        while count < self.left
            && let Some((next, time_delta, offset_delta, has_key)) = glance_at(bytes, at)
        {
            if count == 0 {
                first = offset_delta;
            } else if offset_delta != first + i64::from(count) {
                break;
            }
            let time = base.wrapping_add(time_delta & mask);
            (least, greatest) = (least.min(time), greatest.max(time));
            all_keys &= has_key;
            (at, count) = (next, count + 1);
        }
        let base_offset = self.header.base_offset.0;
        if base_offset.checked_add(first + i64::from(count)).is_none() {
            (at, count) = (self.cursor.at, 0);
        }
        (self.cursor.at, self.left) = (at, self.left - count);
        let first_offset = Offset(base_offset.saturating_add(first));
        let (least, greatest) = (Timestamp(least), Timestamp(greatest));
        Run { count, first_offset, least, greatest, all_keys }
    }
}
