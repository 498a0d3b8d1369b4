//! The settings of topics that a broker would have: from its copy of the metadata log, or else from what its indexes
//! show.
//!
//! ```text
//!   __cluster_metadata-0   CONFIG_RECORDs of topics, in order, the newest snapshot first
//!   no such log            index.interval.bytes: every entry of an index came after more than that many bytes,
//!                          so it is less than the shortest way between two entries
//!                               [batch 207][batch 199]│[batch …      341 < 406: 405 would do, and so would 341
//! ```
//!
//! Guessing matters because a scan makes the index anew: with another interval it would be another index. Any value
//! that explains all entries gives the same ones. Entries that point at no batch are passed over.

use super::copy::at;
use crate::batch;
use crate::disk::Disk;
use crate::schema;
use crate::storage::{Log, LogConfig};
use crate::types::{Position, TopicPartition};
use std::collections::BTreeMap;

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

/// What the indexes of each topic say about `index.interval.bytes`, where Kafka's default does not explain them.
pub(super) fn of_indexes(disk: &mut Disk, directory: &str, default: u32) -> BTreeMap<String, u32> {
    let mut ways: BTreeMap<String, Ways> = BTreeMap::new();
    for entry in disk.list(directory).unwrap_or_default() {
        let Some(partition) = TopicPartition::parse(&entry.name) else { continue };
        if !entry.is_directory || entry.name == METADATA {
            continue;
        }
        let inside = at(directory, &entry.name);
        let Ok(log) = Log::look(disk, &inside, &partition, LogConfig::default()) else { continue };
        let ways = ways.entry(partition.topic.to_string()).or_default();
        log.segments().iter().for_each(|segment| ways.measure(disk, segment));
        log.forget(disk);
    }
    ways.into_iter().filter_map(|(topic, ways)| Some((topic, ways.interval(default)?))).collect()
}

/// Ways between entries of the indexes of one topic, in bytes.
#[derive(Default)]
struct Ways {
    /// From one entry to the next.
    whole: Vec<u32>,
    /// From one entry to the batch before the next: here none fell due yet.
    before: Vec<u32>,
}

impl Ways {
    fn measure(&mut self, disk: &Disk, segment: &crate::storage::Segment) {
        let mut entries = (0..segment.index.entries())
            .map_while(|n| segment.index.entry(disk, n).ok())
            .peekable();
        let (mut last, mut before) = (0, 0);
        for (Position(position), header) in
            segment.headers(disk, Position(0)).map_while(Result::ok).take(MOST_BATCHES)
        {
            while entries.next_if(|(_, at)| at.0 < position).is_some() {}
            let Some((offset, at)) = entries.peek() else { break };
            let own = [header.base_offset, header.last_offset()];
            if at.0 == position && position > 0 && own.contains(offset) {
                self.whole.push(position - last);
                self.before.push(before - last);
                last = position;
            }
            before = position;
        }
    }

    /// An interval that explains all entries, if the default does not.
    fn interval(&self, default: u32) -> Option<u32> {
        let most = self.whole.iter().min()? - 1;
        // A restart of the broker lengthens a way. Restarts are few, so most of many ways must be long.
        let longer = self.before.iter().filter(|way| **way > default).count();
        (default > most || longer * 2 > self.before.len().max(6)).then_some(most)
    }
}
