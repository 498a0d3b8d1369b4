//! Records as a leader looks at them: at a glance, in runs (`LogValidator.validateRecord`).
//!
//! ```text
//!   8 bytes at once   length │ attributes │ time delta │ offset delta │ key length     … value length    … 0 headers
//!                     1–2 bytes  1            1–2          1–2            1–2 (zigzag)   1–2
//! ```
//!
//! A leader need not see what is in a record, only that it is whole, when it was made, whether it has a key, and that
//! offsets follow one another. What always holds: a glance gives no verdict on what it does not understand (longer
//! numbers, headers, wrong lengths); there the run ends, and the thorough reader ([`RecordIterator`]) is to look. Two
//! records of the same length make a mould ([`Mould`]): what fits into it is taken at less than half the price.

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

/// A record of the plain kind as a mould for those behind it: records of one producer are mostly alike, their numbers
/// as wide and their keys and values as long. Then no place in the next one waits for a number before it to be read.
struct Mould {
    /// Bytes of the record.
    total: usize,
    /// What must be as in the mould, of its first eight bytes: its length, how wide times are, the key's length.
    fixed: u64,
    fixed_mask: u64,
    time_shift: u32,
    time_mask: u64,
    offset_shift: u32,
    offset_mask: u64,
    /// Behind the key: the value's length.
    value_at: usize,
    value: u16,
    value_mask: u16,
}

/// So many bits has the zigzag number of one or two bytes that begins at bit `shift`.
fn width_at(word: u64, shift: u32) -> Option<u32> {
    (shift < 64).then(|| if (word >> shift) & 0x80 == 0 { 8 } else { 16 })
}

/// The lowest `bits`, 8 or 16.
fn ones(bits: u32) -> u64 {
    (1 << bits) - 1
}

impl Mould {
    /// Of the record at `at`, which was glanced at; nothing if its numbers lie beyond its first eight bytes.
    fn of(bytes: &[u8], at: usize) -> Option<Mould> {
        let word = word_at(bytes, at)?;
        let length_bits = width_at(word, 0)?;
        let time_shift = length_bits + 8;
        let time_bits = width_at(word, time_shift)?;
        let offset_shift = time_shift + time_bits;
        let offset_bits = width_at(word, offset_shift)?;
        let key_shift = offset_shift + offset_bits;
        let key_bits = width_at(word, key_shift)?;
        if key_shift + key_bits > 64 {
            return None;
        }
        let (mut rest, mut value_at) = (word >> key_shift, (key_shift / 8) as usize);
        value_at += short(&mut rest, &mut value_at)?.max(0) as usize;
        let value_word = word_at(bytes, at + value_at)?;
        let (mut rest, mut behind) = (value_word, value_at);
        behind += short(&mut rest, &mut behind)?.max(0) as usize;
        let widths = ones(time_bits) & 0x8080;
        let fixed_mask = ones(length_bits) | (widths << time_shift) | (ones(key_bits) << key_shift);
        let value_mask = ones(width_at(value_word, 0)?) as u16;
        Some(Mould {
            total: behind + 1,
            fixed: word & fixed_mask,
            fixed_mask,
            time_shift,
            time_mask: ones(time_bits),
            offset_shift,
            offset_mask: ones(offset_bits),
            value_at,
            value: value_word as u16 & value_mask,
            value_mask,
        })
    }

    /// Goes over at most `most` records at `at` that fit, while offsets follow from `offset` on; `seen` is told their
    /// time deltas, those that repeat but once. Answers how many they are.
    #[inline(always)]
    fn cast(
        &self,
        bytes: &[u8],
        mut at: usize,
        offset: i64,
        most: i32,
        mut seen: impl FnMut(i64),
    ) -> i32 {
        // Beyond this an offset takes more bytes than in the mould.
        let limit: i64 = if self.offset_mask == 0xff { 1 << 6 } else { 1 << 13 };
        let most = (limit - offset).clamp(0, i64::from(most)) as i32;
        let (wide, span) = (self.offset_mask != 0xff, self.total.max(8));
        let (mut count, mut last_time) = (0, u64::MAX);
        while count < most
            && let Some(record) = bytes.get(at..at + span)
            && let (Some(word), Some(value)) = (word_at(record, 0), record.get(self.value_at..))
            && let Some(value) = value.first_chunk()
        {
            let raw = ((offset + i64::from(count)) as u64) << 1;
            let expected = if wide { (raw & 0x7f) | 0x80 | ((raw >> 7) << 8) } else { raw };
            let differs = ((word ^ self.fixed) & self.fixed_mask)
                | (((word >> self.offset_shift) ^ expected) & self.offset_mask)
                | u64::from((u16::from_le_bytes(*value) ^ self.value) & self.value_mask)
                | u64::from(record[self.total - 1]);
            if differs != 0 {
                break;
            }
            let time = (word >> self.time_shift) & self.time_mask;
            if time != last_time {
                last_time = time;
                let raw = (time & 0x7f) | ((time >> 1) & 0x3f80);
                seen((raw >> 1) as i64 ^ -((raw & 1) as i64));
            }
            (at, count) = (at + self.total, count + 1);
        }
        count
    }
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
        let mut last_total = 0;
        while count < self.left
            && let Some((next, time_delta, offset_delta, has_key)) = glance_at(bytes, at)
        {
            if count == 0 {
                first = offset_delta;
            } else if offset_delta != first + i64::from(count) {
                break;
            }
            let mut seen = |time_delta: i64| {
                let time = base.wrapping_add(time_delta & mask);
                (least, greatest) = (least.min(time), greatest.max(time));
            };
            seen(time_delta);
            all_keys &= has_key;
            let total = next - at;
            count += 1;
            if total == last_total
                && first >= 0
                && let Some(mould) = Mould::of(bytes, at)
            {
                let (offset, most) = (first + i64::from(count), self.left - count);
                let like_it = mould.cast(bytes, next, offset, most, seen);
                (at, count) = (next + like_it as usize * total, count + like_it);
                last_total = 0;
            } else {
                (at, last_total) = (next, total);
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{BatchBuilder, RecordView, iterate};

    /// What a leader learns, record by record, up to the first that is wrong.
    type Learnt = (Vec<(Offset, bool)>, Timestamp, Timestamp, bool);

    fn thoroughly(batch: &[u8]) -> Option<Learnt> {
        let (mut all, mut least, mut greatest) = (Vec::new(), i64::MAX, i64::MIN);
        let mut good = true;
        for record in iterate(batch).ok()? {
            let Ok(RecordView { offset, timestamp, key, .. }) = record else {
                good = false;
                break;
            };
            all.push((offset, key.is_some()));
            (least, greatest) = (least.min(timestamp.0), greatest.max(timestamp.0));
        }
        Some((all, Timestamp(least), Timestamp(greatest), good))
    }

    fn in_runs(batch: &[u8], runs: &mut usize) -> Option<Learnt> {
        let (mut all, mut least, mut greatest) = (Vec::new(), i64::MAX, i64::MIN);
        let mut records = iterate(batch).ok()?;
        loop {
            let run = records.run();
            if run.count > 0 {
                *runs += run.count as usize;
                // A run says of keys only whether all have one: the thorough reader's word is asked for the rest.
                all.extend((0..run.count).map(|n| (run.first_offset + i64::from(n), run.all_keys)));
                least = least.min(run.least.0);
                greatest = greatest.max(run.greatest.0);
            }
            match records.next() {
                None => return Some((all, Timestamp(least), Timestamp(greatest), true)),
                Some(Err(_)) => return Some((all, Timestamp(least), Timestamp(greatest), false)),
                Some(Ok(record)) => {
                    all.push((record.offset, record.key.is_some()));
                    least = least.min(record.timestamp.0);
                    greatest = greatest.max(record.timestamp.0);
                }
            }
        }
    }

    fn batch(count: i64, key: Option<usize>, value: Option<usize>, step_ms: i64) -> Vec<u8> {
        let mut builder = BatchBuilder::new(Offset::ZERO);
        let (key, value) = (key.map(|size| vec![b'k'; size]), value.map(|size| vec![b'v'; size]));
        for n in 0..count {
            let time = Timestamp(1_000_000 + (n * step_ms) % 9_000);
            builder.push_parts(Offset(n), time, key.as_deref(), value.as_deref(), &[]);
        }
        builder.build()
    }

    #[test]
    fn runs_learn_what_the_thorough_reader_learns() {
        let sizes = [None, Some(0), Some(1), Some(63), Some(64), Some(100), Some(9_000)];
        for (key, value) in
            sizes.iter().flat_map(|key| sizes.iter().map(move |value| (*key, *value)))
        {
            for (count, step_ms) in [(1, 0), (3, 1), (70, 70), (200, 0), (200, 7)] {
                let made = batch(count, key, value, step_ms);
                let mut taken = 0;
                let (ours, theirs) = (in_runs(&made, &mut taken), thoroughly(&made));
                assert_eq!(ours, theirs, "key {key:?} value {value:?} count {count}");
                let most = key.max(value).unwrap_or(0) < 8_000;
                assert!(!most || taken as i64 >= count - 3, "{taken} of {count} in runs");
            }
        }
    }

    #[test]
    fn every_bent_byte_means_the_same_to_both() {
        for made in [batch(80, None, Some(20), 3), batch(9, Some(3), Some(0), 100)] {
            for at in super::super::HEADER_SIZE_BYTES..made.len() {
                for bent in [0x01, 0x02, 0x40, 0x80, 0xff] {
                    let mut batch = made.clone();
                    batch[at] ^= bent;
                    let (ours, theirs) = (in_runs(&batch, &mut 0), thoroughly(&batch));
                    let keys = |learnt: Option<Learnt>| {
                        let (all, least, greatest, good) = learnt.unwrap();
                        let has_all = all.iter().all(|(_, has)| *has);
                        let offsets: Vec<Offset> =
                            all.into_iter().map(|(offset, _)| offset).collect();
                        (offsets, least, greatest, good, has_all)
                    };
                    assert_eq!(keys(ours), keys(theirs), "byte {at} bent by {bent:#x}");
                }
            }
        }
    }
}
