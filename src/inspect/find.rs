//! Searching records by key, value, offset, time, across partitions: in pieces, with progress, bounded.
//!
//! ```text
//!   key=alice value~apples time=2026-09-21..2026-09-22 topic=orders limit=100
//!      │            │ a part of it          └ batches whose times cannot fit are passed over by their header
//!      └ all of it
//! ```
//!
//! Old formats and compressed batches are opened like the others. What cannot be read is counted, not fatal.

mod wanted;

pub use wanted::Wanted;
pub(super) use wanted::time_pair as wanted_time;

use super::batches::MOST_BATCH_BYTES;
use super::batches::Walk;
use super::records::{self, RecordRow, shown};
use super::{BatchRow, Inspection, Place};
use crate::types::{Offset, Timestamp, TopicPartition};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A record that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Which partition.
    pub partition: TopicPartition,
    /// The node whose copy it is.
    pub node: Option<u32>,
    /// The log file, from the top.
    pub file: String,
    /// Where its batch begins in the file.
    pub position: u64,
    /// Its offset.
    pub offset: Offset,
    /// Its time.
    pub timestamp: Option<Timestamp>,
    /// Its key, at most 200 characters.
    pub key: String,
    /// Its value, likewise.
    pub value: String,
}

/// Most characters of a key or value that a hit keeps.
pub const MOST_SHOWN: usize = 200;

impl Hit {
    /// With the fields `partition`, `node`, `file`, `position`, `offset`, `timestamp`, `key`, `value`.
    pub fn json(&self) -> Value {
        json!({
            "partition": self.partition.to_string(),
            "node": self.node,
            "file": self.file,
            "position": self.position,
            "offset": self.offset.0,
            "timestamp": self.timestamp.map(|time| time.0),
            "key": self.key,
            "value": self.value,
        })
    }
}

/// A search under way.
#[derive(Debug)]
pub struct Find {
    /// What is looked for.
    pub wanted: Wanted,
    places: Vec<Place>,
    at: usize,
    segment: usize,
    walk: Option<Walk>,
    /// What was found so far.
    pub hits: Vec<Hit>,
    /// Bytes of `.log` files passed, and how many there are.
    pub progress: (u64, u64),
    /// Records looked at.
    pub records: u64,
    /// Batches that could not be opened.
    pub unread: u64,
    /// Whether the limit of hits ended it.
    pub full: bool,
}

/// Topics that a refusal names at most.
const MOST_NAMES: usize = 8;

impl Inspection {
    fn is_within(&self, wanted: &Wanted, place: &Place) -> bool {
        let Some(files) = self.partition(*place) else { return false };
        let node = self.nodes[place.node].properties.node;
        wanted.partition.as_ref().is_none_or(|partition| files.partition == *partition)
            && wanted.topic.as_ref().is_none_or(|t| files.partition.topic.as_str() == t)
            && (wanted.node.is_none() || node == wanted.node)
    }

    /// An error where no log at all is of the topic, partition or broker that a search is narrowed to.
    pub(super) fn may_search(&self, wanted: &Wanted) -> Result<(), String> {
        let narrowed =
            wanted.topic.is_some() || wanted.partition.is_some() || wanted.node.is_some();
        if !narrowed || self.places().any(|place| self.is_within(wanted, &place)) {
            return Ok(());
        }
        let topics: BTreeSet<&str> = self
            .places()
            .filter_map(|place| Some(self.partition(place)?.partition.topic.as_str()))
            .collect();
        let names: Vec<&str> = topics.iter().take(MOST_NAMES).copied().collect();
        let more = if topics.len() > MOST_NAMES { ", …" } else { "" };
        let names = names.join(", ");
        Err(format!("no log here is of that topic, partition or broker; topics are {names}{more}"))
    }

    /// A search. Copies of a partition on several nodes are all looked through.
    pub fn search(&self, wanted: Wanted) -> Find {
        let places: Vec<Place> =
            self.places().filter(|place| self.is_within(&wanted, place)).collect();
        let total = places.iter().filter_map(|p| self.partition(*p)).map(|f| f.log_bytes()).sum();
        Find {
            wanted,
            places,
            at: 0,
            segment: 0,
            walk: None,
            hits: Vec::new(),
            progress: (0, total),
            records: 0,
            unread: 0,
            full: false,
        }
    }
}

impl Find {
    /// Goes on for about so many bytes; says whether there is more to do.
    pub fn piece(&mut self, inspection: &Inspection, bytes: u64) -> bool {
        let mut left = bytes as i64;
        while left > 0 && !self.full {
            let Some(place) = self.places.get(self.at).copied() else { return false };
            left -= self.go_on(inspection, place);
        }
        !self.full && self.at < self.places.len()
    }

    fn go_on(&mut self, inspection: &Inspection, place: Place) -> i64 {
        let Some(files) = inspection.partition(place) else {
            self.at += 1;
            return 1;
        };
        let Some(segment) = files.segments.get(self.segment).copied() else {
            (self.at, self.segment, self.walk) = (self.at + 1, 0, None);
            return 64;
        };
        let Some(mut walk) = self.walk.take().or_else(|| self.begin(inspection, place)) else {
            self.progress.0 += segment.log_bytes;
            self.segment += 1;
            return 64;
        };
        match inspection.next(&mut walk) {
            Some(row) => {
                self.progress.0 += row.size_bytes;
                let cost = if self.may_hold(&row) {
                    self.open(inspection, place, &mut walk, &row)
                } else {
                    64
                };
                self.walk = Some(walk);
                cost
            }
            None => {
                self.progress.0 += segment.log_bytes.saturating_sub(walk.position());
                self.segment += 1;
                1024
            }
        }
    }

    /// Begins a segment, unless nothing in it can fit.
    fn begin(&mut self, inspection: &Inspection, place: Place) -> Option<Walk> {
        let files = inspection.partition(place)?;
        let base = files.segments.get(self.segment)?.base_offset;
        let next = files.segments.get(self.segment + 1).map(|segment| segment.base_offset);
        let mut from = 0;
        if let Some((first, last)) = self.wanted.offsets {
            if base.0 > last || next.is_some_and(|next| next.0 <= first) {
                return None;
            }
            from = inspection.near(place, self.segment, Offset(first));
        }
        self.progress.0 += from;
        inspection.walk(place, self.segment, from)
    }

    /// Can this batch hold a record that fits, by its header?
    fn may_hold(&self, row: &BatchRow) -> bool {
        let control = row.header.is_some_and(|header| header.is_control());
        if control {
            return false;
        }
        if let Some((first, last)) = self.wanted.offsets {
            let begins_after = row.format.magic == 2 && row.base_offset.0 > last;
            if row.last_offset.0 < first || begins_after {
                return false;
            }
        }
        match (self.wanted.times, row.timestamp) {
            (Some((from, _)), Some(greatest)) => greatest.0 >= from,
            (Some(_), None) => false,
            _ => true,
        }
    }

    fn open(
        &mut self,
        inspection: &Inspection,
        place: Place,
        walk: &mut Walk,
        row: &BatchRow,
    ) -> i64 {
        let size = (row.size_bytes as usize).min(MOST_BATCH_BYTES);
        let path = walk.path().to_owned();
        let opened = walk
            .bytes(inspection, row.position, size)
            .and_then(|bytes| records::records(bytes, row));
        let Ok(all) = opened else {
            self.unread += 1;
            return row.size_bytes as i64;
        };
        self.records += all.len() as u64;
        let Some(files) = inspection.partition(place) else { return 1 };
        for record in all.iter().filter(|record| self.wanted.fits(record)) {
            if self.hits.len() >= self.wanted.limit {
                self.full = true;
                break;
            }
            let node = inspection.nodes[place.node].properties.node;
            self.hits.push(hit(&files.partition, node, &path, row, record));
        }
        row.size_bytes.max(64) as i64
    }
}

fn hit(
    partition: &TopicPartition,
    node: Option<u32>,
    file: &str,
    row: &BatchRow,
    record: &RecordRow,
) -> Hit {
    Hit {
        partition: partition.clone(),
        node,
        file: file.to_owned(),
        position: row.position,
        offset: record.offset,
        timestamp: record.timestamp,
        key: shown(record.key.as_deref(), MOST_SHOWN),
        value: shown(record.value.as_deref(), MOST_SHOWN),
    }
}
