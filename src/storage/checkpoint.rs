//! The small text files of a log directory: read and written whole, byte for byte as Kafka does.
//!
//! ```text
//!   recovery-point-offset-checkpoint   up to here the segments were flushed      ┐ "0", the number of lines, then
//!   replication-offset-checkpoint      high watermarks                           │ topic partition offset
//!   log-start-offset-checkpoint        starts that are no segment's base offset  │ (class OffsetCheckpointFile)
//!   cleaner-offset-checkpoint          how far compaction came                   ┘
//!   meta.properties                    who this directory belongs to (class MetaProperties, version 1)
//!   partition.metadata                 the topic's id (class PartitionMetadataFile)
//!   .kafka_cleanshutdown               only there after a clean stop (class CleanShutdownFileHandler)
//! ```
//!
//! An empty checkpoint counts as none, CR LF does no harm, and a malformed file is an error: Kafka fails the directory.

use super::error::{Result, StorageError};
use crate::disk::Disk;
use crate::types::{Offset, TopicName, TopicPartition, Uuid};

/// High watermarks.
pub const REPLICATION_OFFSETS: &str = "replication-offset-checkpoint";
/// Up to where logs were flushed.
pub const RECOVERY_POINTS: &str = "recovery-point-offset-checkpoint";
/// Log starts that do not follow from the segments.
pub const LOG_START_OFFSETS: &str = "log-start-offset-checkpoint";
/// How far the cleaner came.
pub const CLEANER_OFFSETS: &str = "cleaner-offset-checkpoint";
/// Who this directory belongs to.
pub const META_PROPERTIES: &str = "meta.properties";
/// The id of the partition's topic.
pub const PARTITION_METADATA: &str = "partition.metadata";
/// There after a clean stop, and only then.
pub const CLEAN_SHUTDOWN: &str = ".kafka_cleanshutdown";

/// One offset checkpoint, in the order of its lines.
pub type OffsetCheckpoint = Vec<(TopicPartition, Offset)>;

/// The text of a file, as lines with the byte where each begins; a trailing CR is dropped.
fn text_lines(disk: &Disk, path: &str) -> Result<Vec<(u64, String)>> {
    let bytes = disk.read_small(path)?;
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(error) => {
            let start = error.valid_up_to() as u64;
            return Err(StorageError::at(path, (start, start + 1), "text", "this is no UTF-8"));
        }
    };
    let mut start = 0;
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches('\n');
        lines.push((start, content.strip_suffix('\r').unwrap_or(content).to_string()));
        start += line.len() as u64;
    }
    Ok(lines)
}

/// The lines of a checkpoint behind version and count, both checked (class `CheckpointFile`). An empty file has none.
pub(super) fn lines(disk: &Disk, path: &str) -> Result<Vec<(u64, String)>> {
    let mut lines = text_lines(disk, path)?;
    let range = |line: &(u64, String)| (line.0, line.0 + line.1.len() as u64);
    let Some(version) = lines.first() else { return Ok(lines) };
    if version.1 != "0" {
        let what = format!("\"{}\" should be the version of the file, 0", version.1);
        return Err(StorageError::at(path, range(version), "version", what));
    }
    let Some(count) = lines.get(1) else { return Ok(Vec::new()) };
    let Ok(expected) = count.1.parse::<usize>() else {
        let what = format!("\"{}\" should be the number of lines", count.1);
        return Err(StorageError::at(path, range(count), "count", what));
    };
    if expected != lines.len() - 2 {
        let what = format!("{expected} lines are announced, {} are there", lines.len() - 2);
        return Err(StorageError::at(path, range(count), "count", what));
    }
    lines.drain(..2);
    Ok(lines)
}

/// Reads an offset checkpoint; a missing file is an empty one.
pub fn read_offsets(disk: &Disk, path: &str) -> Result<OffsetCheckpoint> {
    if !disk.exists(path) {
        return Ok(Vec::new());
    }
    let parse = |line: &str| {
        let mut words = line.split(' ');
        let (topic, number, offset) = (words.next()?, words.next()?, words.next()?);
        let partition = TopicPartition::new(&TopicName::new(topic), number.parse().ok()?);
        let offset = offset.parse().ok()?;
        words.next().is_none().then_some((partition, Offset(offset)))
    };
    let mut offsets = Vec::new();
    for (start, line) in lines(disk, path)? {
        offsets.push(parse(&line).ok_or_else(|| {
            let what = format!("\"{line}\" should be a topic, a partition and an offset");
            StorageError::at(path, (start, start + line.len() as u64), "offset line", what)
        })?);
    }
    Ok(offsets)
}

/// Writes an offset checkpoint.
pub fn write_offsets(
    disk: &mut Disk,
    path: &str,
    offsets: &[(TopicPartition, Offset)],
) -> Result<()> {
    let mut text = format!("0\n{}\n", offsets.len());
    for (TopicPartition { topic, partition }, offset) in offsets {
        text.push_str(&format!("{topic} {partition} {offset}\n"));
    }
    Ok(disk.replace(path, text.as_bytes())?)
}

/// What `meta.properties` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaProperties {
    /// The cluster.
    pub cluster_id: String,
    /// The node.
    pub node_id: u32,
    /// This directory (KIP-858).
    pub directory_id: Uuid,
}

/// Kafka writes the wall clock into the comment; ours is the beginning of virtual time, so that runs stay identical.
const PROPERTIES_DATE: &str = "#Mon Jan 01 00:00:00 UTC 2024";

/// Writes `meta.properties`, version 1.
pub fn write_meta_properties(disk: &mut Disk, path: &str, meta: &MetaProperties) -> Result<()> {
    let MetaProperties { cluster_id, node_id, directory_id } = meta;
    let text = format!(
        "#\n{PROPERTIES_DATE}\nnode.id={node_id}\ndirectory.id={directory_id}\nversion=1\ncluster.id={cluster_id}\n"
    );
    Ok(disk.replace(path, text.as_bytes())?)
}

/// Writes `meta.properties`, version 0, as brokers of the ZooKeeper era did when they started the first time; before
/// 0.10.1 there was no cluster id.
pub fn write_broker_properties(
    disk: &mut Disk,
    path: &str,
    broker_id: u32,
    cluster_id: Option<&str>,
) -> Result<()> {
    let cluster = cluster_id.map(|id| format!("cluster.id={id}\n")).unwrap_or_default();
    let text = format!("#\n{PROPERTIES_DATE}\n{cluster}version=0\nbroker.id={broker_id}\n");
    Ok(disk.replace(path, text.as_bytes())?)
}

/// Reads `meta.properties`: version 1, or version 0 of the ZooKeeper era (`broker.id`; the cluster may be missing).
pub fn read_meta_properties(disk: &Disk, path: &str) -> Result<MetaProperties> {
    let (mut version, mut cluster_id, mut node_id, mut directory_id) =
        (None, None, None, Uuid::ZERO);
    for (start, line) in text_lines(disk, path)? {
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        let range = (start, start + line.len() as u64);
        let wrong = |what: String| StorageError::at(path, range, "property", what);
        let Some((name, value)) = line.split_once('=') else {
            return Err(wrong(format!("\"{line}\" should be name=value")));
        };
        match name {
            "version" if value == "1" => version = Some(1),
            "version" if value == "0" => version = Some(0),
            "version" => return Err(wrong(format!("version {value} is not known, 0 and 1 are"))),
            "cluster.id" => cluster_id = Some(value.to_string()),
            "node.id" | "broker.id" => {
                let number =
                    value.parse().map_err(|_| wrong(format!("{name} {value} is no number")))?;
                node_id = Some(number);
            }
            "directory.id" => {
                directory_id = Uuid::parse(value).ok_or_else(|| {
                    wrong(format!("directory.id {value} is no id of 22 characters"))
                })?;
            }
            _ => {}
        }
    }
    if version == Some(0) {
        cluster_id.get_or_insert_default();
    }
    match (version, cluster_id, node_id) {
        (Some(_), Some(cluster_id), Some(node_id)) => {
            Ok(MetaProperties { cluster_id, node_id, directory_id })
        }
        _ => {
            let what = "version, cluster.id and node.id must all be there";
            Err(StorageError::at(path, (0, disk_size(disk, path)), "properties", what))
        }
    }
}

fn disk_size(disk: &Disk, path: &str) -> u64 {
    disk.read_small(path).map_or(0, |bytes| bytes.len() as u64)
}

/// Writes `partition.metadata`; Kafka ends it without a line feed.
pub fn write_partition_metadata(disk: &mut Disk, directory: &str, topic_id: Uuid) -> Result<()> {
    let path = format!("{directory}/{PARTITION_METADATA}");
    Ok(disk.replace(&path, format!("version: 0\ntopic_id: {topic_id}").as_bytes())?)
}

/// Reads `partition.metadata`; nothing if it is not there.
pub fn read_partition_metadata(disk: &Disk, directory: &str) -> Result<Option<Uuid>> {
    let path = format!("{directory}/{PARTITION_METADATA}");
    if !disk.exists(&path) {
        return Ok(None);
    }
    let lines = text_lines(disk, &path)?;
    let value = |n: usize, name: &str| {
        lines
            .get(n)
            .and_then(|line| line.1.strip_prefix(name))
            .map(|value| value.trim().to_string())
    };
    let id = value(0, "version:").filter(|version| version == "0");
    match id.and_then(|_| value(1, "topic_id:")).and_then(|id| Uuid::parse(&id)) {
        Some(id) => Ok(Some(id)),
        None => {
            let what = "it should say \"version: 0\" and \"topic_id: …\"";
            Err(StorageError::at(path.clone(), (0, disk_size(disk, &path)), "topic_id", what))
        }
    }
}

/// Leaves the mark of a clean stop in a log directory, with the broker's epoch (KIP-966).
pub fn write_clean_shutdown(disk: &mut Disk, directory: &str, broker_epoch: i64) -> Result<()> {
    let text = format!("{{\"version\":0,\"brokerEpoch\":{broker_epoch}}}");
    Ok(disk.replace(&format!("{directory}/{CLEAN_SHUTDOWN}"), text.as_bytes())?)
}

/// The mark of a clean stop: nothing if it is not there, else the broker epoch in it, -1 if that cannot be read. Only
/// its presence counts for the logs.
pub fn read_clean_shutdown(disk: &Disk, directory: &str) -> Option<i64> {
    let path = format!("{directory}/{CLEAN_SHUTDOWN}");
    let bytes = disk.exists(&path).then(|| disk.read_small(&path).unwrap_or_default())?;
    let epoch = String::from_utf8(bytes).ok().and_then(|text| {
        let rest = text.split_once("\"brokerEpoch\":")?.1;
        rest.trim_start().split(['}', ',']).next()?.trim().parse().ok()
    });
    Some(epoch.unwrap_or(-1))
}
