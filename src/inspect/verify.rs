//! The indexes of a partition made anew from its log, and compared with those on the disk byte for byte.
//!
//! ```text
//!   before each batch: bytes since the last entry > index.interval.bytes ?   entry (its last offset, its position)
//!   at the end of the segment: one more time index entry
//! ```
//!
//! The interval is not written down in the directory, but the entries betray it: it is at least what was let pass
//! without an entry, and less than what led to one. An interval that is longer than Kafka's own is believed only if
//! more than one entry bears it out, here or in a neighbour: else an index that lost its entries would explain itself.
//! A broker's counter begins anew at each start, so a segment that was written in several runs may have other entries
//! than the rule makes; then all that counts is that they lead to batch boundaries. `LogSegment.append`; up to 0.11 an
//! entry bears the first offset of its batch, later the last.

use super::{BatchRow, Inspection, Place};
use crate::types::{Offset, Timestamp};
use serde_json::{Value, json};

/// What became of the comparison of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Byte for byte the same.
    Identical,
    /// Other entries than the rule makes, but each leads where it should.
    Equivalent,
    /// An entry that leads nowhere, or to the wrong place.
    Wrong,
    /// There is no such file, or nothing is in it though there should be.
    Missing,
}

impl Verdict {
    /// `identical`, `equivalent`, `wrong`, `missing`.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Identical => "identical",
            Verdict::Equivalent => "equivalent",
            Verdict::Wrong => "wrong",
            Verdict::Missing => "missing",
        }
    }
}

/// One segment, verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Its base offset.
    pub base_offset: Offset,
    /// Batches in its `.log`.
    pub batches: u64,
    /// The `.index`, how many entries it has, and how many the rule makes.
    pub index: (Verdict, u64, u64),
    /// The same of the `.timeindex`.
    pub time_index: (Verdict, u64, u64),
    /// The `index.interval.bytes` with which the index came out: from, to.
    pub interval: Option<(u64, u64)>,
    /// Why the log could not be walked to its end, if so.
    pub stopped: Option<String>,
}

impl Verified {
    /// With the fields `base_offset`, `batches`, `index`, `index_entries`, `rebuilt_entries`, `time_index`,
    /// `time_index_entries`, `rebuilt_time_entries`, `interval_from`, `interval_to`, `stopped`.
    pub fn json(&self) -> Value {
        json!({
            "base_offset": self.base_offset.0,
            "batches": self.batches,
            "index": self.index.0.name(),
            "index_entries": self.index.1,
            "rebuilt_entries": self.index.2,
            "time_index": self.time_index.0.name(),
            "time_index_entries": self.time_index.1,
            "rebuilt_time_entries": self.time_index.2,
            "interval_from": self.interval.map(|range| range.0),
            "interval_to": self.interval.map(|range| range.1),
            "stopped": self.stopped,
        })
    }

    /// The worse of both verdicts.
    pub fn is_wrong(&self) -> bool {
        self.index.0 == Verdict::Wrong || self.time_index.0 == Verdict::Wrong
    }

    /// An index is not there, or empty, though the rule makes entries for it.
    pub fn lacks_entries(&self) -> bool {
        let lacks = |one: (Verdict, u64, u64)| one.0 == Verdict::Missing && one.2 > one.1;
        lacks(self.index) || lacks(self.time_index)
    }
}

/// The interval that Kafka has unless it is told otherwise.
const USUAL: u64 = 4096;

impl Inspection {
    /// Verifies the indexes of a segment, by its number.
    pub fn verify(&self, place: Place, segment: usize) -> Option<Verified> {
        let files = self.partition(place)?;
        let base = files.segments.get(segment)?.base_offset;
        let mut walk = self.walk(place, segment, 0)?;
        let mut rows = Vec::new();
        while let Some(row) = self.next(&mut walk) {
            rows.push(row);
        }
        let there = self.offset_index(place, segment, 0, u64::MAX);
        let there: Vec<(Offset, u64)> =
            there.iter().map(|entry| (entry.offset, u64::from(entry.position))).collect();
        let times = self.time_index(place, segment, 0, u64::MAX);
        let times: Vec<(Timestamp, Offset)> =
            times.iter().map(|entry| (entry.timestamp, entry.offset)).collect();
        let (ranges, used) = self.interval(place, segment, &rows, &there);
        let first_keyed = there.first().is_some_and(|entry| {
            rows.iter().any(|row| {
                row.position == entry.1 && row.base_offset == entry.0 && row.last_offset != entry.0
            })
        });
        let (made, made_times) = rebuild(&rows, used, first_keyed);
        let (none, too_few) = (there.is_empty(), times.is_empty() && made_times.len() > 1);
        let index = if files.segments[segment].index_bytes.is_none() || none && !made.is_empty() {
            Verdict::Missing
        } else if made == there {
            Verdict::Identical
        } else if leads_right(&rows, &there) {
            Verdict::Equivalent
        } else {
            Verdict::Wrong
        };
        let time_index = if files.segments[segment].time_index_bytes.is_none() || too_few {
            Verdict::Missing
        } else if made_times == times {
            Verdict::Identical
        } else if times_right(&rows, base, &times) {
            Verdict::Equivalent
        } else {
            Verdict::Wrong
        };
        Some(Verified {
            base_offset: base,
            batches: rows.len() as u64,
            index: (index, there.len() as u64, made.len() as u64),
            time_index: (time_index, times.len() as u64, made_times.len() as u64),
            interval: ranges.filter(|_| index == Verdict::Identical && !there.is_empty()),
            stopped: walk.stop.as_ref().map(super::batches::Stop::sentence),
        })
    }

    /// What a segment betrays of its interval, and the interval that its index is made anew with.
    fn interval(
        &self,
        place: Place,
        segment: usize,
        rows: &[BatchRow],
        there: &[(Offset, u64)],
    ) -> (Option<(u64, u64)>, u64) {
        let own = betrayed(rows, there);
        let Some((from, to)) = own else { return (None, USUAL) };
        if from <= USUAL || there.len() > 1 {
            return (own, USUAL.clamp(from, to));
        }
        // What the nearest segments that have entries say.
        let all = self.partition(place).map_or(0, |files| files.segments.len());
        let mut near: Vec<usize> = (0..all).filter(|other| *other != segment).collect();
        near.sort_by_key(|other| other.abs_diff(segment));
        let of = |other: &usize| -> Option<(u64, u64)> {
            let entries = self.offset_index(place, *other, 0, u64::MAX);
            let entries: Vec<_> =
                entries.iter().map(|entry| (entry.offset, u64::from(entry.position))).collect();
            let rows: Vec<BatchRow> = self.batches(place, *other).collect();
            betrayed(&rows, &entries).filter(|_| !entries.is_empty())
        };
        let told = near.iter().take(MOST_NEIGHBOURS).filter_map(of);
        match told.reduce(|a, b| (a.0.max(b.0), a.1.min(b.1))) {
            Some((least, most)) if least <= most => (own, USUAL.clamp(least, most)),
            _ => (None, USUAL),
        }
    }
}

/// How many other segments are asked for their interval.
const MOST_NEIGHBOURS: usize = 6;

/// The intervals with which the rule would make entries at just these places: from, to.
fn betrayed(rows: &[BatchRow], there: &[(Offset, u64)]) -> Option<(u64, u64)> {
    let (mut least, mut most) = (0, u64::MAX);
    let (mut since, mut next) = (0, 0);
    for row in rows {
        if there.get(next).is_some_and(|entry| entry.1 == row.position) {
            most = most.min(since);
            (since, next) = (0, next + 1);
        } else {
            least = least.max(since);
        }
        since += row.size_bytes;
    }
    (next == there.len() && least < most).then(|| (least, most - 1))
}

/// An offset index and a time index.
type Indexes = (Vec<(Offset, u64)>, Vec<(Timestamp, Offset)>);

fn rebuild(rows: &[BatchRow], interval: u64, first_keyed: bool) -> Indexes {
    let (mut index, mut times) = (Vec::new(), Vec::<(Timestamp, Offset)>::new());
    let mut since = 0;
    let mut greatest: Option<(Timestamp, Offset)> = None;
    let add = |times: &mut Vec<(Timestamp, Offset)>, entry: Option<(Timestamp, Offset)>| {
        let Some(entry) = entry else { return };
        if times.last().map_or(Timestamp(-1), |last| last.0) < entry.0 {
            times.push(entry);
        }
    };
    for row in rows {
        if let Some(time) = row.timestamp
            && greatest.is_none_or(|greatest| time > greatest.0)
        {
            greatest = Some((time, row.last_offset));
        }
        if since > interval {
            index.push((if first_keyed { row.base_offset } else { row.last_offset }, row.position));
            add(&mut times, greatest);
            since = 0;
        }
        since += row.size_bytes;
    }
    add(&mut times, greatest);
    (index, times)
}

/// Does each entry point at a batch boundary, at or before the batch that holds its offset?
fn leads_right(rows: &[BatchRow], there: &[(Offset, u64)]) -> bool {
    let rising = there.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 < two[1].1);
    let end = rows.last().map(|row| row.last_offset);
    rising
        && there.iter().all(|(offset, position)| {
            let at = rows.binary_search_by_key(position, |row| row.position);
            at.is_ok_and(|at| rows[at].base_offset <= *offset || rows[at].header.is_none())
                && end.is_some_and(|end| *offset <= end)
        })
}

/// Do the entries rise, and is none later than the records up to its offset?
fn times_right(rows: &[BatchRow], base: Offset, times: &[(Timestamp, Offset)]) -> bool {
    let rising = times.windows(2).all(|two| two[0].0 <= two[1].0 && two[0].1 <= two[1].1);
    rising
        && times.iter().all(|(time, offset)| {
            let until = rows.partition_point(|row| row.base_offset <= *offset);
            let greatest = rows[..until].iter().filter_map(|row| row.timestamp).max();
            // Beside messages without times (format 0) a broker writes the file's own time.
            *offset >= base && (time.0 <= 0 || greatest.is_none_or(|greatest| *time <= greatest))
        })
}
