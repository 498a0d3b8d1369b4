//! What lies in a directory: nodes, partitions, segments, by names and small files alone.
//!
//! Names are Kafka's (`LocalLog.parseTopicPartitionName`): `topic-partition`, and with a suffix what is being deleted
//! (`.id-delete`), moved (`.id-future`) or was found without an owner (`.id-stray`).

use super::{Finding, Inspection, sentence};
use crate::disk::{Disk, Entry, FileId};
use crate::storage::{
    CLEAN_SHUTDOWN, EpochCache, EpochEntry, LEADER_EPOCHS, LOG_START_OFFSETS, Log, LogConfig,
    META_PROPERTIES, OffsetCheckpoint, PARTITION_METADATA, RECOVERY_POINTS, REPLICATION_OFFSETS,
    read_offsets, read_partition_metadata,
};
use crate::types::{Offset, TopicPartition, Uuid};
use std::collections::BTreeMap;
use std::path::Path;

/// Most nodes and partitions that are listed.
const MOST_ENTRIES: usize = 20_000;
/// Most directories that are looked into to learn what the one above is.
const MOST_LOOKED_INTO: usize = 100;

/// Where a partition is in the listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The node, by its number in [`Inspection::nodes`].
    pub node: usize,
    /// The partition, by its number in [`NodeFiles::partitions`].
    pub partition: usize,
}

/// The files of one node.
#[derive(Clone, Debug, Default)]
pub struct NodeFiles {
    /// The directory's own name.
    pub name: String,
    /// Its path from the top; empty when it is the top.
    pub directory: String,
    /// The node's id, from `meta.properties`.
    pub node: Option<u32>,
    /// The cluster's id, from the same file.
    pub cluster_id: Option<String>,
    /// Whether the flag of a clean stop is there.
    pub stopped_cleanly: bool,
    /// The offset checkpoints, by file name.
    pub checkpoints: BTreeMap<&'static str, OffsetCheckpoint>,
    /// The partitions, by name.
    pub partitions: Vec<PartitionFiles>,
}

/// The files of one partition.
#[derive(Clone, Debug)]
pub struct PartitionFiles {
    /// Which partition.
    pub partition: TopicPartition,
    /// Its directory, from the top.
    pub directory: String,
    /// `delete`, `future` or `stray`, when the directory's name says so.
    pub state: Option<String>,
    /// The topic's id, from `partition.metadata`.
    pub topic_id: Option<Uuid>,
    /// The leader epochs, from `leader-epoch-checkpoint`.
    pub epochs: Vec<EpochEntry>,
    /// The segments, oldest first.
    pub segments: Vec<SegmentFiles>,
    /// Files that are no segments: name and size.
    pub others: Vec<(String, u64)>,
    /// From `replication-offset-checkpoint`.
    pub high_watermark: Option<Offset>,
    /// From `recovery-point-offset-checkpoint`.
    pub recovery_point: Option<Offset>,
    /// From `log-start-offset-checkpoint`.
    pub log_start_offset: Option<Offset>,
    /// The `.log` files, opened.
    pub(super) files: BTreeMap<Offset, FileId>,
    /// The log as the lab's brokers see one, or why that cannot be.
    pub(super) log: Result<Log, String>,
}

/// The files of one segment: sizes in bytes, nothing where a file is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentFiles {
    /// From the name.
    pub base_offset: Offset,
    /// `.log`
    pub log_bytes: u64,
    /// `.index`
    pub index_bytes: Option<u64>,
    /// `.timeindex`
    pub time_index_bytes: Option<u64>,
}

/// What a directory's name says: partition and state.
fn partition_name(name: &str) -> Option<(TopicPartition, Option<String>)> {
    if let Some(partition) = TopicPartition::parse(name) {
        return Some((partition, None));
    }
    let (whole, state) = name.rsplit_once('-')?;
    let (name, id) = whole.rsplit_once('.')?;
    let good = ["delete", "future", "stray"].contains(&state)
        && id.len() == 32
        && id.bytes().all(|b| b.is_ascii_hexdigit());
    good.then(|| TopicPartition::parse(name)).flatten().map(|p| (p, Some(state.to_owned())))
}

/// The base offset in a segment file's name.
fn segment_name(name: &str, suffix: &str) -> Option<Offset> {
    let digits = name.strip_suffix(suffix)?;
    let good = digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit());
    good.then(|| digits.parse().ok()).flatten().map(Offset)
}

fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

/// Is this the directory of one node? `broker-1` is also the name of a partition, so its inside decides.
fn is_node(disk: &Disk, directory: &str, entries: &[Entry]) -> bool {
    let holds_a_log = |entry: &Entry| {
        let inside = disk.list(&join(directory, &entry.name)).unwrap_or_default();
        inside.iter().any(|e| segment_name(&e.name, ".log").is_some() && !e.is_directory)
    };
    entries.iter().any(|e| e.name == META_PROPERTIES && !e.is_directory)
        || entries
            .iter()
            .filter(|e| e.is_directory && partition_name(&e.name).is_some())
            .take(MOST_LOOKED_INTO)
            .any(holds_a_log)
}

/// Opens a directory.
pub(super) fn open(given: &Path) -> Result<Inspection, String> {
    let mut disk = Disk::read_only(given).map_err(|error| sentence(&error))?;
    let mut top = disk.list("").map_err(|error| sentence(&error))?;
    let mut found = Vec::new();
    let name = |path: Option<&Path>| {
        let name = path.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
        name.unwrap_or_else(|| given.display().to_string())
    };
    let mut findings = Vec::new();
    if top.iter().any(|e| !e.is_directory && segment_name(&e.name, ".log").is_some()) {
        // One partition: its own directory's name is part of what it is, so the view begins one level higher.
        let inside = disk.root().map(Path::to_path_buf).unwrap_or_default();
        let above = inside.parent().ok_or("a partition's files cannot lie at the root")?;
        disk = Disk::read_only(above).map_err(|error| sentence(&error))?;
        let own = name(Some(&inside));
        let partition = partition_name(&own).ok_or_else(|| {
            format!(
                "{}: it holds a log, but '{own}' is no partition's name. Name it topic-number, \
                 as Kafka does, for example orders-0.",
                given.display()
            )
        })?;
        let mut node = NodeFiles { name: name(Some(above)), ..NodeFiles::default() };
        node.partitions.push(read_partition(&mut disk, &own, partition, &node, &mut findings));
        found.push(node);
    } else if is_node(&disk, "", &top) {
        let root = disk.root().map(Path::to_path_buf);
        found.push(read_node(&mut disk, "", name(root.as_deref()), &mut findings)?);
    } else {
        top.truncate(MOST_ENTRIES);
        for entry in top.iter().filter(|entry| entry.is_directory) {
            let Ok(inside) = disk.list(&entry.name) else { continue };
            if is_node(&disk, &entry.name, &inside) {
                found.push(read_node(&mut disk, &entry.name, entry.name.clone(), &mut findings)?);
            }
        }
    }
    if found.is_empty() {
        return Err(format!(
            "{}: no Kafka files are here. Give the log.dirs of a broker (it has meta.properties and \
             directories such as orders-0), a directory of several such, or one partition's directory.",
            given.display()
        ));
    }
    Ok(Inspection { disk, directory: given.into(), nodes: found, findings, unpacked: None })
}

fn read_node(
    disk: &mut Disk,
    directory: &str,
    name: String,
    findings: &mut Vec<Finding>,
) -> Result<NodeFiles, String> {
    let mut node = NodeFiles { name, directory: directory.into(), ..NodeFiles::default() };
    properties(disk, &mut node, findings);
    node.stopped_cleanly = disk.exists(&join(directory, CLEAN_SHUTDOWN));
    for file in [RECOVERY_POINTS, REPLICATION_OFFSETS, LOG_START_OFFSETS] {
        let path = join(directory, file);
        if !disk.exists(&path) {
            continue;
        }
        match read_offsets(disk, &path) {
            Ok(offsets) => {
                node.checkpoints.insert(file, offsets);
            }
            Err(error) => findings.push(malformed(&path, &error.what)),
        }
    }
    let entries = disk.list(directory).map_err(|error| sentence(&error))?;
    let directories = entries.iter().filter(|entry| entry.is_directory);
    for entry in directories.take(MOST_ENTRIES) {
        let path = join(directory, &entry.name);
        match partition_name(&entry.name) {
            Some(partition) => {
                let files = read_partition(disk, &path, partition, &node, findings);
                node.partitions.push(files);
            }
            None => findings.push(Finding::new(
                path,
                "the name is no partition's (topic-number); a broker would refuse to start",
                "这个名字不是分区名（主题-编号）；broker 会拒绝启动",
            )),
        }
    }
    node.partitions.sort_by(|a, b| (&a.partition, &a.state).cmp(&(&b.partition, &b.state)));
    Ok(node)
}

fn malformed(path: &str, what: &str) -> Finding {
    Finding::new(path, format!("malformed: {what}"), format!("格式错误：{what}"))
}

/// `meta.properties` of any era: `node.id` (KRaft) or `broker.id` (ZooKeeper).
fn properties(disk: &Disk, node: &mut NodeFiles, findings: &mut Vec<Finding>) {
    let path = join(&node.directory, META_PROPERTIES);
    if !disk.exists(&path) {
        findings.push(Finding::new(
            path,
            "missing: whose files these are cannot be said",
            "缺失：无法判断这些文件属于谁",
        ));
        return;
    }
    let bytes = disk.read_small(&path).unwrap_or_default();
    for line in String::from_utf8_lossy(&bytes).lines() {
        match line.split_once('=') {
            Some(("node.id" | "broker.id", id)) => node.node = id.trim().parse().ok(),
            Some(("cluster.id", id)) => node.cluster_id = Some(id.trim().to_owned()),
            _ => {}
        }
    }
}

fn read_partition(
    disk: &mut Disk,
    directory: &str,
    (partition, state): (TopicPartition, Option<String>),
    node: &NodeFiles,
    findings: &mut Vec<Finding>,
) -> PartitionFiles {
    let checkpoint = |file: &str| {
        let offsets = node.checkpoints.get(file)?;
        offsets.iter().find(|(p, _)| *p == partition).map(|(_, offset)| *offset)
    };
    let topic_id = read_partition_metadata(disk, directory).unwrap_or_else(|error| {
        findings.push(malformed(&join(directory, PARTITION_METADATA), &error.what));
        None
    });
    let path = join(directory, LEADER_EPOCHS);
    let epochs = match EpochCache::open(disk, &path) {
        Ok(cache) => cache.entries().to_vec(),
        Err(error) => {
            findings.push(malformed(&path, &error.what));
            Vec::new()
        }
    };
    let mut files = PartitionFiles {
        high_watermark: checkpoint(REPLICATION_OFFSETS),
        recovery_point: checkpoint(RECOVERY_POINTS),
        log_start_offset: checkpoint(LOG_START_OFFSETS),
        directory: directory.to_owned(),
        state,
        topic_id,
        epochs,
        segments: Vec::new(),
        others: Vec::new(),
        files: BTreeMap::new(),
        log: Log::look(disk, directory, &partition, LogConfig::default())
            .map_err(|error| error.to_string()),
        partition,
    };
    let entries = match disk.list(directory) {
        Ok(entries) => entries,
        Err(error) => {
            findings.push(Finding::new(directory, sentence(&error), sentence(&error)));
            return files;
        }
    };
    segments(&mut files, &entries, findings);
    for segment in &files.segments {
        let path = join(directory, &crate::storage::file_name(segment.base_offset, ".log"));
        if let Ok(file) = disk.open(&path) {
            files.files.insert(segment.base_offset, file);
        }
    }
    files
}

fn segments(files: &mut PartitionFiles, entries: &[Entry], findings: &mut Vec<Finding>) {
    let size = |name: String| entries.iter().find(|e| e.name == name).map(|e| e.size);
    for entry in entries.iter().filter(|entry| !entry.is_directory) {
        let indexed =
            [".index", ".timeindex"].iter().any(|s| segment_name(&entry.name, s).is_some());
        match segment_name(&entry.name, ".log") {
            Some(base_offset) => files.segments.push(SegmentFiles {
                base_offset,
                log_bytes: entry.size,
                index_bytes: size(crate::storage::file_name(base_offset, ".index")),
                time_index_bytes: size(crate::storage::file_name(base_offset, ".timeindex")),
            }),
            None if indexed => {}
            None => files.others.push((entry.name.clone(), entry.size)),
        }
    }
    files.segments.sort_by_key(|segment| segment.base_offset);
    if files.segments.is_empty() {
        findings.push(Finding::new(&files.directory, "there is no .log file", "没有 .log 文件"));
    }
    for segment in &files.segments {
        let name = |suffix| {
            join(&files.directory, &crate::storage::file_name(segment.base_offset, suffix))
        };
        for (suffix, found) in
            [(".index", segment.index_bytes), (".timeindex", segment.time_index_bytes)]
        {
            if found.is_none() {
                findings.push(Finding::new(
                    name(suffix),
                    "missing: a broker builds it anew at its start",
                    "缺失：broker 启动时会重建",
                ));
            }
        }
        if segment.index_bytes.is_some_and(|bytes| bytes % 8 != 0) {
            findings.push(Finding::new(
                name(".index"),
                "its size is no multiple of 8, the size of an entry",
                "大小不是条目大小 8 的倍数",
            ));
        }
    }
    if let Some(state) = &files.state {
        let (english, chinese) = match state.as_str() {
            "delete" => ("renamed for deletion; its files go soon", "已改名待删除；文件很快消失"),
            "future" => {
                ("a copy that is being made in another directory", "正在另一目录中建立的拷贝")
            }
            _ => ("found without an owner; set aside", "没有归属，被搁置"),
        };
        findings.push(Finding::new(&files.directory, english, chinese));
    }
}
