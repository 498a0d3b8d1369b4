//! The settings of topics that a broker would have: from its copy of the metadata log, or else from what its indexes
//! show.
//!
//! ```text
//!   __cluster_metadata-0   CONFIG_RECORDs of topics, in order, the newest snapshot first
//!   not said there         index.interval.bytes: every entry of an index came after more than that many bytes,
//!                          so it is less than the shortest way between two entries
//!                               [batch 207][batch 199]│[batch …      341 < 406: 405 would do, and so would 341
//!   several topics         the least of these bounds explains all of them, where the default does not
//! ```
//!
//! Guessing matters because a scan makes the index anew: with another interval it would be another index. A topic whose
//! entries the default explains keeps it; one that has no index left takes what the other topics show. Where a segment
//! has lost its offset index, its time index tells where entries fell due. Entries that point at no batch are passed
//! over.

use super::copy::at;
use super::extent::{Head, heads};
use crate::batch;
use crate::disk::Disk;
use crate::schema;
use crate::types::TopicPartition;
use std::collections::BTreeMap;
use std::path::Path;

/// The metadata log's directory.
const METADATA: &str = "__cluster_metadata-0";
/// A topic, as the metadata log numbers what has settings.
const TOPIC_RESOURCE: i64 = 2;
/// So many batches are looked at in one segment at most.
const MOST_BATCHES: usize = 100_000;

/// Settings of topics, by topic and by Kafka's name.
pub(super) type Settings = BTreeMap<String, BTreeMap<String, String>>;

/// What the metadata log in this log directory says; nothing if there is none.
pub(super) fn of_metadata(disk: &Disk, directory: &str) -> Option<Settings> {
    let inside = at(directory, METADATA);
    let entries = disk.list(&inside).ok()?;
    let mut names: Vec<String> = entries.into_iter().map(|entry| entry.name).collect();
    names.sort();
    let newest = names.iter().rposition(|name| name.ends_with(".checkpoint"));
    let logs = names.iter().filter(|name| name.ends_with(".log"));
    let mut settings = Settings::new();
    for name in newest.map(|n| &names[n]).into_iter().chain(logs) {
        let bytes = disk.read_small(&at(&inside, name)).ok()?;
        for entry in batch::entries(&bytes).map_while(Result::ok).filter(|e| !e.is_control()) {
            for record in entry.records().unwrap_or_default() {
                take(&mut settings, record.value.as_deref());
            }
        }
    }
    Some(settings)
}

/// The same for a metadata log that lies elsewhere: in a log directory, or in one of those below a folder.
pub(super) fn of_metadata_elsewhere(place: &Path) -> Option<Settings> {
    let disk = Disk::read_only(place).ok()?;
    let inner = disk.list("").ok()?;
    let inner = inner.iter().filter(|entry| entry.is_directory && entry.name != METADATA);
    of_metadata(&disk, "").or_else(|| inner.filter_map(|e| of_metadata(&disk, &e.name)).next())
}

fn take(settings: &mut Settings, value: Option<&[u8]>) -> Option<()> {
    let record = schema::decode(schema::Topic::ClusterMetadata, None, value).ok()?;
    let value = record.value.filter(|_| record.type_name == "CONFIG_RECORD")?;
    if value.get("resourceType")?.as_integer()? != TOPIC_RESOURCE {
        return None;
    }
    let topic = value.get("resourceName")?.as_text()?.to_string();
    let name = value.get("name")?.as_text()?.to_string();
    let of_topic = settings.entry(topic).or_default();
    match value.get("value")?.as_text() {
        Some(text) => of_topic.insert(name, text.to_string()),
        None => of_topic.remove(&name),
    };
    Some(())
}

/// What the indexes of each topic say about `index.interval.bytes`, where Kafka's default does not explain them; and in
/// which log directory the topic lies. Topics with a `known` value of their own are not asked.
pub(super) fn of_indexes(
    disk: &mut Disk,
    directories: &[String],
    default: u32,
    known: &dyn Fn(&str) -> bool,
) -> BTreeMap<String, (String, u32)> {
    let mut topics: BTreeMap<String, (String, Ways)> = BTreeMap::new();
    for directory in directories {
        for entry in disk.list(directory).unwrap_or_default() {
            let Some(partition) = TopicPartition::parse(&entry.name) else { continue };
            if entry.is_directory && entry.name != METADATA && !known(partition.topic.as_str()) {
                let place = at(directory, &entry.name);
                let topic = partition.topic.to_string();
                let known = topics.entry(topic).or_insert((directory.clone(), Ways::default()));
                known.1.measure(disk, &place);
            }
        }
    }
    let odd = topics.values().filter(|(_, ways)| !ways.fits(default));
    // One value for all: a broker's setting explains more than a setting of each topic.
    let Some(common) = odd.filter_map(|(_, ways)| ways.most()).min() else {
        return BTreeMap::new();
    };
    let interval = |ways: &Ways| match ways.most() {
        None => (ways.longest_without <= u64::from(common)).then_some(common),
        Some(_) if ways.fits(default) => None,
        Some(_) if ways.fits(common) => Some(common),
        Some(most) => Some(most),
    };
    topics
        .into_iter()
        .filter_map(|(topic, (directory, ways))| Some((topic, (directory, interval(&ways)?))))
        .collect()
}

/// Ways between entries of the indexes of one topic, in bytes.
#[derive(Default)]
struct Ways {
    /// From one entry to the next.
    whole: Vec<u64>,
    /// From one entry to the batch before the next: here none fell due yet.
    before: Vec<u64>,
    /// The longest way through a segment whose index is there and has no entry.
    longest_without: u64,
}

impl Ways {
    /// The segments of one partition.
    fn measure(&mut self, disk: &mut Disk, directory: &str) {
        for file in disk.list(directory).unwrap_or_default() {
            let Some(name) = file.name.strip_suffix(".log") else { continue };
            let Ok(base) = name.parse::<i64>() else { continue };
            let mut batches = Vec::new();
            heads(disk, &at(directory, &file.name), base, &mut |head| {
                batches.push(head);
                batches.len() < MOST_BATCHES
            });
            let path = |suffix: &str| at(directory, &format!("{name}{suffix}"));
            let due = match read(disk, &path(".index")) {
                Some(bytes) => of_offset_index(&bytes, base, &batches),
                None => match read(disk, &path(".timeindex")) {
                    Some(bytes) => of_time_index(&bytes, base, &batches),
                    None => continue,
                },
            };
            self.add(&batches, &due);
        }
    }

    /// `due`: the positions of the batches before which an entry fell due, in order.
    fn add(&mut self, batches: &[Head], due: &[u64]) {
        let mut due = due.iter().peekable();
        let (mut last, mut before, mut found) = (0, 0, false);
        for batch in batches {
            while due.next_if(|position| **position < batch.position).is_some() {}
            if due.next_if(|position| **position == batch.position).is_some() {
                self.whole.push(batch.position - last);
                self.before.push(before - last);
                (last, found) = (batch.position, true);
            }
            before = batch.position;
        }
        if !found {
            self.longest_without = self.longest_without.max(before);
        }
    }

    /// The greatest interval that the entries allow.
    fn most(&self) -> Option<u32> {
        let least = self.whole.iter().min()?;
        u32::try_from(least.saturating_sub(1)).ok()
    }

    /// Whether this interval explains the entries.
    fn fits(&self, interval: u32) -> bool {
        // A restart of the broker lengthens a way. Restarts are few, so most of many ways must be long.
        let longer = self.before.iter().filter(|way| **way > u64::from(interval)).count();
        self.most().is_none_or(|most| interval <= most && longer * 2 <= self.before.len().max(6))
    }
}

/// Most bytes of an index that are read.
const MOST_INDEX_BYTES: usize = 16 << 20;

fn read(disk: &mut Disk, path: &str) -> Option<Vec<u8>> {
    if !disk.exists(path) {
        return None;
    }
    let file = disk.open(path).ok()?;
    let length = (disk.size(file) as usize).min(MOST_INDEX_BYTES);
    let bytes = disk.read(file, 0, length);
    disk.close(file);
    bytes.ok()
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    *bytes[at..].first_chunk().expect("an entry was cut to its size")
}

/// Entries of an offset index that point at a batch of theirs.
fn of_offset_index(bytes: &[u8], base: i64, batches: &[Head]) -> Vec<u64> {
    let entry = |entry: &[u8]| {
        let offset = base.checked_add(i64::from(i32::from_be_bytes(number(entry, 0))))?;
        let position = u64::try_from(i32::from_be_bytes(number(entry, 4))).ok()?;
        let found = batches.binary_search_by_key(&position, |batch| batch.position).ok()?;
        let own = [batches[found].offset, batches[found].last].contains(&offset);
        (own && position > 0).then_some(position)
    };
    bytes.chunks_exact(8).filter_map(entry).collect()
}

/// Entries of a time index, which are made with those of the offset index: each names the record with the greatest time
/// so far. That record's batch is where the entry fell due only if the next batch has a greater time still; and if that
/// has another leader epoch, the entry may be the one that a stop of the broker adds.
fn of_time_index(bytes: &[u8], base: i64, batches: &[Head]) -> Vec<u64> {
    let entry = |entry: &[u8]| {
        let timestamp = i64::from_be_bytes(number(entry, 0));
        let offset = base.checked_add(i64::from(i32::from_be_bytes(number(entry, 8))))?;
        let found = batches.partition_point(|batch| batch.last < offset);
        let (batch, next) = (batches.get(found)?, batches.get(found + 1)?);
        let own = batch.max_timestamp == Some(timestamp) && next.max_timestamp > Some(timestamp);
        (own && batch.epoch == next.epoch && batch.position > 0).then_some(batch.position)
    };
    bytes.chunks_exact(12).filter_map(entry).collect()
}
