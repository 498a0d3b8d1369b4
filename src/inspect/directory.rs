//! What lies in a directory: nodes, partitions, segments, by names, sizes and small files alone. No `.log` is opened.
//!
//! Names are Kafka's (`LocalLog.parseTopicPartitionName`): `topic-partition`, and with a suffix what is being deleted
//! (`.id-delete`), moved (`.id-future`) or was found without an owner (`.id-stray`).

use super::files::{Entry, Files, Kind};
use super::findings::{Finding, Findings, Weight};
use super::small::{self, Fault};
use super::{Inspection, partition_files};
use crate::storage::{
    CLEAN_SHUTDOWN, CLEANER_OFFSETS, EpochEntry, LOG_START_OFFSETS, META_PROPERTIES,
    OffsetCheckpoint, RECOVERY_POINTS, REPLICATION_OFFSETS,
};
use crate::types::{Offset, TopicPartition, Uuid};
use std::collections::BTreeMap;
use std::path::Path;

/// Most partitions of one log directory that are listed.
const MOST_PARTITIONS: usize = 50_000;
/// Most directories that are looked into to learn what the one above is.
const MOST_LOOKED_INTO: usize = 200;
/// The offset checkpoints, in the order in which they are told.
pub const CHECKPOINTS: [&str; 4] =
    [RECOVERY_POINTS, REPLICATION_OFFSETS, LOG_START_OFFSETS, CLEANER_OFFSETS];

/// Where a partition is in the listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The log directory, by its number in [`Inspection::nodes`].
    pub node: usize,
    /// The partition, by its number in [`NodeFiles::partitions`].
    pub partition: usize,
}

/// One log directory of a node.
#[derive(Clone, Debug, Default)]
pub struct NodeFiles {
    /// The directory's own name.
    pub name: String,
    /// Its path from the top; empty when it is the top.
    pub directory: String,
    /// What `meta.properties` says.
    pub properties: small::Properties,
    /// Whether the flag of a clean stop is there.
    pub stopped_cleanly: bool,
    /// The offset checkpoints, by file name.
    pub checkpoints: BTreeMap<&'static str, OffsetCheckpoint>,
    /// The partitions, by name.
    pub partitions: Vec<PartitionFiles>,
    /// Other files: name and size.
    pub others: Vec<(String, u64)>,
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
    /// Producer snapshots: the offset in the name, and the size.
    pub snapshots: Vec<(Offset, u64)>,
    /// From `replication-offset-checkpoint`.
    pub high_watermark: Option<Offset>,
    /// From `recovery-point-offset-checkpoint`.
    pub recovery_point: Option<Offset>,
    /// From `log-start-offset-checkpoint`.
    pub log_start_offset: Option<Offset>,
    /// From `cleaner-offset-checkpoint`: the log was compacted up to here.
    pub cleaned_up_to: Option<Offset>,
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
    /// `.txnindex`
    pub transaction_index_bytes: Option<u64>,
}

impl PartitionFiles {
    /// May offsets be missing in it without anything being wrong?
    pub fn is_compacted(&self) -> bool {
        let name = self.partition.topic.as_str();
        self.cleaned_up_to.is_some()
            || ["__consumer_offsets", "__transaction_state", "__share_group_state"].contains(&name)
    }

    /// Is it the log of a KRaft quorum?
    pub fn is_metadata(&self) -> bool {
        self.partition.topic.as_str() == "__cluster_metadata"
    }

    /// Bytes of all `.log` files.
    pub fn log_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.log_bytes).sum()
    }

    /// The segment that holds an offset, or would, by its number.
    pub fn segment_of(&self, offset: Offset) -> Option<usize> {
        self.segments.partition_point(|segment| segment.base_offset <= offset).checked_sub(1)
    }

    /// Where it begins for readers.
    pub fn start_offset(&self) -> Option<Offset> {
        let first = self.segments.first()?.base_offset;
        Some(self.log_start_offset.map_or(first, |start| start.max(first)))
    }
}

/// What a directory's name says: partition and state.
pub(super) fn partition_name(name: &str) -> Option<(TopicPartition, Option<String>)> {
    if let Some((whole, state)) = name.rsplit_once('-')
        && ["delete", "future", "stray"].contains(&state)
    {
        let (name, id) = whole.rsplit_once('.')?;
        let good = id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit());
        return good
            .then(|| TopicPartition::parse(name))
            .flatten()
            .map(|p| (p, Some(state.to_owned())));
    }
    TopicPartition::parse(name).map(|partition| (partition, None))
}

pub(super) fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

fn is_log(name: &str) -> bool {
    partition_files::segment_name(name, ".log").is_some()
}

/// Is this one log directory? `broker-1` is also the name of a partition, so its inside decides.
fn is_log_directory(files: &Files, directory: &str, entries: &[Entry]) -> bool {
    entries.iter().any(|e| e.kind == Kind::File && e.name == META_PROPERTIES)
        || entries
            .iter()
            .filter(|e| e.kind == Kind::Directory && partition_name(&e.name).is_some())
            .take(MOST_LOOKED_INTO)
            .any(|e| files.any(&join(directory, &e.name), is_log))
}

/// The log directories at or below the top, by their paths from it; at most two levels down.
fn log_directories(files: &Files, top: &[Entry]) -> Vec<String> {
    if is_log_directory(files, "", top) {
        return vec![String::new()];
    }
    let mut level: Vec<String> = vec![String::new()];
    for _ in 0..2 {
        let mut found = Vec::new();
        let mut next = Vec::new();
        for above in &level {
            let Ok(entries) = files.list(above) else { continue };
            let inner = entries.into_iter().filter(|entry| entry.kind == Kind::Directory);
            for entry in inner.take(MOST_LOOKED_INTO) {
                let path = join(above, &entry.name);
                let Ok(inside) = files.list(&path) else { continue };
                match is_log_directory(files, &path, &inside) {
                    true => found.push(path),
                    false => next.push(path),
                }
            }
        }
        if !found.is_empty() {
            return found;
        }
        level = next;
        level.truncate(MOST_LOOKED_INTO);
    }
    Vec::new()
}

/// Opens a directory.
pub(super) fn open(given: &Path) -> Result<Inspection, String> {
    let mut files = Files::new(given)?;
    let top = files.list("")?;
    let shown = |path: &Path| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        name.unwrap_or_else(|| given.display().to_string())
    };
    let mut only = None;
    let mut below = Vec::new();
    if top.iter().any(|e| e.kind == Kind::File && is_log(&e.name)) {
        // One partition: its own directory's name is part of what it is, so the view begins one level higher.
        let inside = files.root().to_path_buf();
        let above = inside.parent().ok_or("a partition's files cannot lie at the root")?;
        let own = shown(&inside);
        if partition_name(&own).is_none() {
            return Err(format!(
                "{}: it holds a log, but '{own}' is no partition's name. Name it topic-number, \
                 as Kafka does, for example orders-0.",
                given.display()
            ));
        }
        files = Files::new(above)?;
        only = Some(own);
        below.push(String::new());
    } else {
        below.extend(log_directories(&files, &top));
    }
    if below.is_empty() {
        return Err(format!(
            "{}: no Kafka files are here. Give the log.dirs of a broker (it has meta.properties and \
             directories such as orders-0), a directory of several such, or one partition's directory.",
            given.display()
        ));
    }
    let mut inspection = Inspection::empty(given, files, below, only);
    inspection.read_all();
    Ok(inspection)
}

/// Reads one log directory: small files and listings.
pub(super) fn read_node(
    files: &Files,
    directory: &str,
    only: Option<&str>,
    findings: &mut Findings,
) -> NodeFiles {
    let top = files.root().file_name().map(|name| name.to_string_lossy().into_owned());
    let name = match directory.rsplit('/').next() {
        Some("") | None => top.unwrap_or_else(|| "/".into()),
        Some(name) => name.to_owned(),
    };
    let mut node = NodeFiles { name, directory: directory.into(), ..NodeFiles::default() };
    if let Some(only) = only {
        checkpoints(files, &mut node, &mut Findings::default());
        let found = partition_name(only);
        node.partitions
            .extend(found.map(|found| partition_files::read(files, &node, only, found, findings)));
        return node;
    }
    meta(files, &mut node, findings);
    node.stopped_cleanly = files.size(&join(directory, CLEAN_SHUTDOWN)).is_some();
    checkpoints(files, &mut node, findings);
    let entries = match files.list(directory) {
        Ok(entries) => entries,
        Err(why) => {
            findings.add(Finding::new("unreadable", Weight::Odd, directory, why.clone(), why));
            return node;
        }
    };
    for entry in entries.iter().filter(|entry| entry.kind != Kind::Directory) {
        node.others.push((entry.name.clone(), entry.size));
    }
    let inner = entries.iter().filter(|entry| entry.kind == Kind::Directory);
    for entry in inner.take(MOST_PARTITIONS) {
        match partition_name(&entry.name) {
            Some(found) => {
                let partition = partition_files::read(files, &node, &entry.name, found, findings);
                node.partitions.push(partition);
            }
            None if entry.name == "remote-log-index-cache" || entry.name.starts_with('.') => {}
            None => findings.add(Finding::new(
                "bad-directory-name",
                Weight::Bad,
                join(directory, &entry.name),
                "the name is no partition's (topic-number)",
                "这个名字不是分区名（主题-编号）",
            )),
        }
    }
    node.partitions.sort_by(|a, b| (&a.partition, &a.state).cmp(&(&b.partition, &b.state)));
    extra_lines(&node, findings);
    node
}

fn meta(files: &Files, node: &mut NodeFiles, findings: &mut Findings) {
    let path = join(&node.directory, META_PROPERTIES);
    match files.small(&path) {
        Ok(Some(bytes)) => {
            let (properties, found) = small::properties(&bytes, &path);
            node.properties = properties;
            findings.extend(found);
        }
        Ok(None) => findings.add(Finding::new(
            "no-meta-properties",
            Weight::Bad,
            path,
            "missing: whose files these are cannot be said",
            "缺失：无法判断这些文件属于谁",
        )),
        Err(why) => findings.add(Finding::new("unreadable", Weight::Odd, path, why.clone(), why)),
    }
}

/// A small file that makes no sense, as a finding.
pub(super) fn malformed(kind: &'static str, path: &str, fault: Fault) -> Finding {
    let (from, to, english, chinese) = fault;
    Finding::new(kind, Weight::Bad, path, english, chinese).bytes(from, to)
}

fn checkpoints(files: &Files, node: &mut NodeFiles, findings: &mut Findings) {
    for name in CHECKPOINTS {
        let path = join(&node.directory, name);
        match files.small(&path) {
            Ok(None) => {}
            Ok(Some(bytes)) => match small::offsets(&bytes) {
                Ok(offsets) => {
                    node.checkpoints.insert(name, offsets);
                }
                Err(fault) => findings.add(malformed("checkpoint-malformed", &path, fault)),
            },
            Err(why) => {
                findings.add(Finding::new("unreadable", Weight::Odd, path, why.clone(), why));
            }
        }
    }
}

/// Checkpoints that name partitions which are not here.
fn extra_lines(node: &NodeFiles, findings: &mut Findings) {
    let there: std::collections::BTreeSet<&TopicPartition> =
        node.partitions.iter().map(|files| &files.partition).collect();
    for (name, offsets) in &node.checkpoints {
        let missing: Vec<String> = offsets
            .iter()
            .filter(|(partition, _)| !there.contains(partition))
            .map(|(partition, _)| partition.to_string())
            .collect();
        if let Some(first) = missing.first() {
            let more = missing.len() - 1;
            let (rest, rest_zh) = match more {
                0 => (String::new(), String::new()),
                _ => (format!(" and {more} more"), format!(" 等 {} 个分区", more + 1)),
            };
            findings.add(Finding::new(
                "checkpoint-extra",
                Weight::Note,
                join(&node.directory, name),
                format!("it names {first}{rest}, not in this directory"),
                format!("其中有 {first}{rest_zh}，但不在此目录中"),
            ));
        }
    }
}
