//! What the internal topics say: committed offsets and groups, transactions, the cluster's metadata.
//!
//! ```text
//!   __consumer_offsets    key (group, topic, partition) → offset; key (group) → members: the last of each counts
//!   __transaction_state   key (transactional id) → producer, state, partitions
//!   __cluster_metadata    every change that is still in the log, in order, without the empty ones (NO_OP_RECORD)
//! ```
//!
//! The newest copy of each partition is read; of a record whose type or version is not known, key and value are shown
//! as they are. At most [`MOST_BYTES`] of a topic are read, the newest ones, and what was read is kept until a
//! log grows.

use super::records::{RecordRow, records, shown};
use super::{Inspection, PartitionFiles, Place};
use crate::schema;
use crate::types::{Offset, Timestamp, TopicPartition};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Most bytes of one topic that are read.
const MOST_BYTES: u64 = 64 << 20;
/// Most records that are kept.
const MOST_RECORDS: usize = 50_000;

/// A record of an internal topic, taken apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Internal {
    /// In which partition.
    pub partition: TopicPartition,
    /// At which offset.
    pub offset: Offset,
    /// When.
    pub timestamp: Option<Timestamp>,
    /// Kafka's name of its type; nothing when it could not be taken apart.
    pub kind: String,
    /// The key, as JSON; text where it could not be taken apart.
    pub key: Value,
    /// The value, likewise; null: a tombstone.
    pub value: Value,
}

impl Internal {
    /// With the fields `partition`, `offset`, `timestamp`, `type`, `key`, `value`.
    pub fn json(&self) -> Value {
        json!({
            "partition": self.partition.to_string(),
            "offset": self.offset.0,
            "timestamp": self.timestamp.map(|time| time.0),
            "type": self.kind,
            "key": self.key,
            "value": self.value,
        })
    }
}

/// What was read of a topic: how many bytes there were, and the records.
pub(super) type Kept = BTreeMap<&'static str, (u64, Rc<Vec<Internal>>)>;

impl Inspection {
    /// The newest copy of each partition of a topic.
    pub(super) fn copies(&self, topic: &str) -> Vec<Place> {
        let mut best: BTreeMap<u32, (u64, Place)> = BTreeMap::new();
        for place in self.places() {
            let Some(files) = self.partition(place) else { continue };
            if files.partition.topic.as_str() != topic || files.state.is_some() {
                continue;
            }
            let end = self.end(place).offset.map_or(0, |end| end.0 as u64);
            let entry = best.entry(files.partition.partition).or_insert((end, place));
            if end > entry.0 {
                *entry = (end, place);
            }
        }
        best.into_values().map(|(_, place)| place).collect()
    }

    /// The records of an internal topic: `whole` all in order, else the last of each key without tombstones.
    pub fn internal(&self, topic: &'static str, whole: bool) -> Rc<Vec<Internal>> {
        let copies = self.copies(topic);
        let size = copies.iter().filter_map(|p| self.partition(*p)).map(|f| f.log_bytes()).sum();
        if let Some((known, found)) = self.kept.borrow().get(topic)
            && *known == size
        {
            return Rc::clone(found);
        }
        let mut all = Vec::new();
        let mut last: BTreeMap<Vec<u8>, Internal> = BTreeMap::new();
        let mut left = MOST_BYTES;
        for place in copies {
            let from = self.partition(place).map_or(0, |files| Self::newest(files, left));
            self.each(place, from, &mut left, &mut |partition, record| {
                let internal = taken_apart(topic, partition, record);
                if whole {
                    // The controller writes one of these twice a second: they say that it lives, and nothing else.
                    if internal.kind == "NO_OP_RECORD" {
                        return;
                    }
                    if all.len() >= MOST_RECORDS {
                        all.drain(..MOST_RECORDS / 2);
                    }
                    all.push(internal);
                    return;
                }
                let key = record.key.clone().unwrap_or_default();
                if record.value.is_none() {
                    last.remove(&key);
                } else if last.len() < MOST_RECORDS {
                    last.insert(key, internal);
                }
            });
        }
        all.extend(last.into_values());
        let found = Rc::new(all);
        self.kept.borrow_mut().insert(topic, (size, Rc::clone(&found)));
        found
    }

    /// The segment from which the rest of a partition is no more than so many bytes: the newest says the most.
    fn newest(files: &PartitionFiles, bytes: u64) -> usize {
        let mut sum = 0;
        let fits = files.segments.iter().rev().take_while(|segment| {
            sum += segment.log_bytes;
            sum <= bytes
        });
        files.segments.len() - fits.count()
    }

    /// All data records of a partition from a segment on, in order, while bytes are left.
    pub(super) fn each(
        &self,
        place: Place,
        from: usize,
        left: &mut u64,
        take: &mut dyn FnMut(&TopicPartition, &RecordRow),
    ) {
        let Some(files) = self.partition(place) else { return };
        for segment in from..files.segments.len() {
            let Some(mut walk) = self.walk(place, segment, 0) else { return };
            while let Some(row) = self.next(&mut walk) {
                if row.header.is_some_and(|header| header.is_control()) {
                    continue;
                }
                if row.size_bytes > *left {
                    return;
                }
                *left -= row.size_bytes;
                let opened = self.bytes(place, &row).and_then(|bytes| records(&bytes, &row));
                opened.unwrap_or_default().iter().for_each(|record| take(&files.partition, record));
            }
        }
    }

    pub(super) fn groups_json(&self) -> String {
        lines(&self.internal("__consumer_offsets", false))
    }
    pub(super) fn transactions_json(&self) -> String {
        lines(&self.internal("__transaction_state", false))
    }
    pub(super) fn metadata_json(&self) -> String {
        lines(&self.internal("__cluster_metadata", true))
    }
}

fn lines(all: &[Internal]) -> String {
    all.iter().map(|one| format!("{}\n", one.json())).collect()
}

/// Most characters of a key or value that could not be taken apart.
const MOST_SHOWN: usize = 2_000;

pub(super) fn taken_apart(topic: &str, partition: &TopicPartition, record: &RecordRow) -> Internal {
    let raw = |bytes: &Option<Vec<u8>>| match bytes {
        Some(bytes) => Value::String(shown(Some(bytes), MOST_SHOWN)),
        None => Value::Null,
    };
    let (kind, key, value) = decoded(topic, record)
        .unwrap_or_else(|| (String::new(), raw(&record.key), raw(&record.value)));
    let partition = partition.clone();
    Internal { partition, offset: record.offset, timestamp: record.timestamp, kind, key, value }
}

/// The type's name, the key and the value.
fn decoded(topic: &str, record: &RecordRow) -> Option<(String, Value, Value)> {
    let topic = schema::Topic::of(topic)?;
    let found = schema::decode(topic, record.key.as_deref(), record.value.as_deref()).ok()?;
    let json = |value: Option<&schema::Value>| {
        let mut text = Vec::new();
        value?.write_json(&mut text);
        serde_json::from_slice(&text).ok()
    };
    let (key, value) = (json(found.key.as_ref()), json(found.value.as_ref()));
    Some((found.type_name.to_owned(), key.unwrap_or(Value::Null), value.unwrap_or(Value::Null)))
}
