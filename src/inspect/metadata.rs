//! The cluster as the metadata log in this directory tells it, and the directories that do not belong to it.
//!
//! ```text
//!   00000000000000000196-0000000001.checkpoint    everything up to offset 196, epoch 1 (KIP-630)
//!   00000000000000000196.log …                    every change since
//!              └──▶ Image: topics and their ids ▸ partitions and their replicas, brokers and their log directories
//!                      └──▶ findings: a directory that the controller does not know, or knows by another id
//! ```
//!
//! What always holds: an image is given only where nothing is missing between its beginning (a snapshot or offset 0)
//! and its end, so nothing is said on half a story; what a transaction of metadata (KIP-868) took back does not count.
//! Left out: a broker that was away sees the newest metadata only after it has started again, so what the newest copy
//! says is what will happen, not what has.

use super::directory::{PartitionFiles, Place, join};
use super::findings::{Finding, Findings, Weight};
use super::internal::{Internal, taken_apart};
use super::records::entry_records;
use super::{Inspection, NodeFiles};
use crate::batch::{self, Entry};
use crate::schema;
use crate::storage::{META_PROPERTIES, PARTITION_METADATA};
use crate::types::{Offset, TopicName, TopicPartition};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The topic of the metadata log.
pub(super) const METADATA: &str = "__cluster_metadata";
/// Most bytes of the log that are read for an image; Kafka makes a snapshot after 20 MB of changes.
const MOST_BYTES: u64 = 48 << 20;
/// Most records of a snapshot that are kept.
const MOST_RECORDS: usize = 200_000;

/// A snapshot of the metadata log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MetadataSnapshot {
    /// It holds what was said before this offset.
    pub end: Offset,
    /// The epoch of the last record in it.
    pub epoch: i32,
    /// The file, from the top.
    pub path: String,
    /// Its size.
    pub size_bytes: u64,
}

/// What the metadata says of topics and brokers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Image {
    /// Topics by name: their ids.
    topics: BTreeMap<String, String>,
    /// By topic id and partition: the nodes that hold a copy.
    replicas: BTreeMap<(String, i64), BTreeSet<i64>>,
    /// By topic id and partition: who leads it.
    leaders: BTreeMap<(String, i64), Leader>,
    /// Brokers that registered.
    brokers: BTreeSet<i64>,
    /// By broker: the ids of its log directories.
    log_dirs: BTreeMap<i64, Vec<String>>,
}

/// Who leads a partition, and where its copies lie.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Leader {
    /// The node; -1: nobody.
    pub node: i64,
    /// The leader epoch.
    pub epoch: i64,
    /// The log directory of each replica, in the order of the replicas.
    pub directories: Vec<String>,
}

impl Leader {
    /// What a record of a partition changes (`PartitionRegistration.merge`): a new leader, or none, is a new epoch.
    fn apply(&mut self, value: &Value, whole: bool) {
        let number = |field: &str| value.get(field).and_then(Value::as_i64);
        let directories = value.get("directories").and_then(Value::as_array);
        if let Some(ids) = directories {
            self.directories = ids.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        }
        if whole {
            self.node = number("leader").unwrap_or(-1);
            self.epoch = number("leaderEpoch").unwrap_or(0);
        } else if let Some(node) = number("leader").filter(|node| *node != NO_CHANGE) {
            self.node = node;
            self.epoch += 1;
        }
    }
}

/// `LeaderConstants.NO_LEADER_CHANGE`.
const NO_CHANGE: i64 = -2;

fn numbers(value: &Value, field: &str) -> Option<BTreeSet<i64>> {
    Some(value.get(field)?.as_array()?.iter().filter_map(Value::as_i64).collect())
}

impl Image {
    fn apply(&mut self, kind: &str, value: &Value) {
        let text = |field: &str| Some(value.get(field)?.as_str()?.to_owned());
        let number = |field: &str| value.get(field).and_then(Value::as_i64);
        match kind {
            "TOPIC_RECORD" => {
                self.topics.extend(text("name").zip(text("topicId")));
            }
            "REMOVE_TOPIC_RECORD" => {
                let Some(id) = text("topicId") else { return };
                self.topics.retain(|_, known| *known != id);
                self.replicas.retain(|(known, _), _| *known != id);
                self.leaders.retain(|(known, _), _| *known != id);
            }
            "PARTITION_RECORD" | "PARTITION_CHANGE_RECORD" => {
                let Some(key) = text("topicId").zip(number("partitionId")) else { return };
                let leader = self.leaders.entry(key.clone()).or_default();
                leader.apply(value, kind == "PARTITION_RECORD");
                self.replicas.extend(Some(key).zip(numbers(value, "replicas")));
            }
            "REGISTER_BROKER_RECORD" | "BROKER_REGISTRATION_CHANGE_RECORD" => {
                let ids = value.get("logDirs").and_then(Value::as_array).map(|ids| {
                    ids.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
                });
                self.brokers.extend(number("brokerId"));
                self.log_dirs.extend(number("brokerId").zip(ids.filter(|ids| !ids.is_empty())));
            }
            "UNREGISTER_BROKER_RECORD" => {
                let Some(id) = number("brokerId") else { return };
                self.log_dirs.remove(&id);
                self.brokers.remove(&id);
            }
            _ => {}
        }
    }
}

impl Image {
    /// The partitions of a node that is the only broker of its cluster: topic, topic id, partition, and who leads it.
    /// Nothing where other brokers are registered.
    pub(super) fn of_only_broker(&self, node: i64) -> Vec<(&str, &str, i64, &Leader)> {
        if self.brokers.len() != 1 || !self.brokers.contains(&node) {
            return Vec::new();
        }
        let partitions = self.leaders.iter().filter_map(|((id, partition), leader)| {
            let topic = self.topics.iter().find(|(_, known)| *known == id)?.0;
            let alone = self.replicas.get(&(id.clone(), *partition))?.iter().eq([&node]);
            alone.then_some((topic.as_str(), id.as_str(), *partition, leader))
        });
        partitions.collect()
    }

    /// Why a node has no business with a partition that lies in its directory under this topic id
    /// (`LogManager.isStrayKraftReplica`); nothing: it is a replica of it.
    pub(super) fn why_stray(&self, node: i64, id: &str, partition: i64) -> Option<String> {
        match self.replicas.get(&(id.to_owned(), partition)) {
            None if self.topics.values().any(|known| known == id) => {
                Some(format!("the metadata log has no partition {partition} of topic id {id}"))
            }
            None => Some(format!("the metadata log knows no topic id {id}")),
            Some(replicas) if !replicas.contains(&node) => {
                Some(format!("node {node} is no replica of it, says the metadata log"))
            }
            Some(_) => None,
        }
    }
}

/// `00000000000000000196-0000000001.checkpoint` (`Snapshots.filenameFromSnapshotId`).
fn snapshot_name(name: &str) -> Option<(Offset, i32)> {
    let (end, epoch) = name.strip_suffix(".checkpoint")?.split_once('-')?;
    let good = end.len() == 20 && epoch.len() == 10;
    good.then(|| Some((Offset(end.parse().ok()?), epoch.parse().ok()?))).flatten()
}

impl Inspection {
    /// The snapshots in a directory of the metadata log, oldest first.
    pub fn metadata_snapshots(&self, files: &PartitionFiles) -> Vec<MetadataSnapshot> {
        let all = files.others.iter().filter_map(|(name, size)| {
            let (end, epoch) = snapshot_name(name)?;
            let path = join(&files.directory, name);
            Some(MetadataSnapshot { end, epoch, path, size_bytes: *size })
        });
        let mut all: Vec<MetadataSnapshot> = all.collect();
        all.sort();
        all
    }

    /// The records of a `.checkpoint` file, its head and foot by their names. The error is a sentence.
    pub fn snapshot_records(&self, path: &str) -> Result<Vec<Internal>, String> {
        let bytes = self.files.small(path)?.unwrap_or_default();
        let partition = TopicPartition::new(&TopicName::new(METADATA), 0);
        let mut found = Vec::new();
        for entry in batch::entries(&bytes) {
            let entry = entry.map_err(|error| error.to_string())?;
            entry.verify().map_err(|error| error.to_string())?;
            let control = entry.is_control();
            for record in entry_records(&entry).map_err(|error| error.to_string())? {
                if found.len() >= MOST_RECORDS {
                    return Ok(found);
                }
                let mut one = taken_apart(METADATA, &partition, &record);
                if control {
                    (one.kind, one.value) = control_value(&record.key, &record.value);
                    one.key = Value::Null;
                }
                found.push(one);
            }
        }
        Ok(found)
    }

    /// What the newest copy of the metadata log says, and in which log directory it lies; nothing where parts are
    /// missing.
    pub(super) fn image(&self) -> Option<(usize, Image)> {
        let place = self.copies(METADATA).into_iter().next()?;
        let files = self.partition(place)?;
        let first = files.segments.first()?.base_offset;
        let newest = self.metadata_snapshots(files).pop();
        let mut image = Image::default();
        let from = match newest.filter(|snapshot| snapshot.end >= first) {
            Some(snapshot) => {
                let records = self.snapshot_records(&snapshot.path).ok()?;
                let whole = records.last().is_some_and(|last| last.kind == "SnapshotFooter");
                if !whole {
                    return None;
                }
                records.iter().for_each(|one| image.apply(&one.kind, &one.value));
                snapshot.end
            }
            None if first == Offset(0) => first,
            None => return None,
        };
        let begin = files.segment_of(from).unwrap_or(0);
        let bytes: u64 = files.segments[begin..].iter().map(|segment| segment.log_bytes).sum();
        if bytes > MOST_BYTES {
            return None;
        }
        let mut left = MOST_BYTES;
        let mut before: Option<Image> = None;
        self.each(place, begin, &mut left, &mut |partition, record| {
            if record.offset < from {
                return;
            }
            let one = taken_apart(METADATA, partition, record);
            match one.kind.as_str() {
                "BEGIN_TRANSACTION_RECORD" => before = Some(image.clone()),
                "END_TRANSACTION_RECORD" => before = None,
                "ABORT_TRANSACTION_RECORD" => image = before.take().unwrap_or_default(),
                kind => image.apply(kind, &one.value),
            }
        });
        Some((place.node, image))
    }

    /// Directories that a broker will set aside as stray (`LogManager.isStrayKraftReplica`), and log directories that
    /// are not here.
    pub(super) fn strays(&self, findings: &mut Findings) {
        let Some((at, image)) = self.image() else { return };
        let cluster = &self.nodes[at].properties.cluster_id;
        let same = self.nodes.iter().filter(|node| node.properties.cluster_id == *cluster);
        let nodes: Vec<&NodeFiles> = same.collect();
        for node in &nodes {
            let Some(id) = node.properties.node.map(i64::from) else { continue };
            for files in node.partitions.iter().filter(|f| f.state.is_none() && !f.is_metadata()) {
                findings.extend(stray(&image, id, files));
            }
        }
        for (broker, ids) in &image.log_dirs {
            let here =
                || nodes.iter().filter(|n| n.properties.node.map(i64::from) == Some(*broker));
            let missing = ids
                .iter()
                .find(|id| !here().any(|node| node.properties.directory_id.as_ref() == Some(*id)));
            if let (Some(missing), Some(first)) = (missing, here().next()) {
                findings.add(Finding::new(
                    "log-dir-elsewhere",
                    Weight::Note,
                    join(&first.directory, META_PROPERTIES),
                    format!("broker {broker} has a log directory {missing}, which is not here"),
                    format!("broker {broker} 还有日志目录 {missing}，不在这里"),
                ));
            }
        }
    }

    /// The directories of the metadata log, with their places.
    pub(super) fn metadata_places(&self) -> impl Iterator<Item = (Place, &PartitionFiles)> {
        let all = self.places().filter_map(|place| Some((place, self.partition(place)?)));
        all.filter(|(_, files)| files.is_metadata() && files.state.is_none())
    }
}

fn stray(image: &Image, node: i64, files: &PartitionFiles) -> Option<Finding> {
    let TopicPartition { topic, partition } = &files.partition;
    let say = |kind, weight, place: String, english: String, chinese: String| {
        Some(Finding::new(kind, weight, place, english, chinese))
    };
    let Some(known) = image.topics.get(topic.as_str()) else {
        return say(
            "stray-to-be",
            Weight::Odd,
            files.directory.clone(),
            format!("the metadata log knows no topic {topic}"),
            format!("元数据日志中没有主题 {topic}"),
        );
    };
    let id = files.topic_id.map(|id| id.to_string());
    if let Some(id) = id.filter(|id| id != known) {
        return say(
            "topic-id-not-known",
            Weight::Bad,
            join(&files.directory, PARTITION_METADATA),
            format!("topic id {id}, but the metadata log has {known} for {topic}"),
            format!("主题 id 为 {id}，而元数据日志中 {topic} 的 id 是 {known}"),
        );
    }
    let replicas = image.replicas.get(&(known.clone(), i64::from(*partition)));
    if replicas.is_some_and(|replicas| replicas.contains(&node)) {
        return None;
    }
    let (english, chinese) = match replicas {
        None => (
            format!("the metadata log knows {topic}, but no partition {partition} of it"),
            format!("元数据日志中 {topic} 没有分区 {partition}"),
        ),
        Some(_) => (
            format!("node {node} is no replica of {topic}-{partition}, says the metadata log"),
            format!("按元数据日志，节点 {node} 不是 {topic}-{partition} 的副本"),
        ),
    };
    say("stray-to-be", Weight::Odd, files.directory.clone(), english, chinese)
}

/// The name and content of a control record of a snapshot.
fn control_value(key: &Option<Vec<u8>>, value: &Option<Vec<u8>>) -> (String, Value) {
    let kind = key.as_deref().and_then(|key| key.get(2..4)).and_then(|two| two.first_chunk());
    let id = kind.map_or(-1, |two| i16::from_be_bytes(*two));
    let found = schema::control_record(id, value.as_deref().unwrap_or_default());
    let Some((name, value)) = found else { return (format!("control {id}"), Value::Null) };
    let mut text = Vec::new();
    value.write_json(&mut text);
    (name.to_owned(), serde_json::from_slice(&text).unwrap_or(Value::Null))
}

/// Does an entry of a log look like one of the metadata's own files?
pub(super) fn is_snapshot_path(path: &str) -> bool {
    path.ends_with(".checkpoint")
}

/// The records of one entry, decoded where the topic is one of Kafka's own.
pub(super) fn internal_of(
    partition: &TopicPartition,
    bytes: &[u8],
    offset: Offset,
) -> Option<Internal> {
    let topic = partition.topic.as_str();
    schema::Topic::of(topic)?;
    let entry = Entry::parse(bytes).ok()?;
    let record = entry_records(&entry).ok()?.into_iter().find(|record| record.offset == offset)?;
    let mut one = taken_apart(topic, partition, &record);
    if entry.is_control() {
        (one.kind, one.value) = control_value(&record.key, &record.value);
        one.key = Value::Null;
    }
    Some(one)
}
