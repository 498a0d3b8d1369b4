//! One damage case: its facts, a disk with its `before`, a reader as a consumer would be, and what is compared.

use super::*;
use crate::batch;
use crate::fixtures::Case;
use crate::types::Position;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// What a test needs to know of a case, all of it from `facts.json` and the broker's own log.
pub(super) struct Told {
    pub facts: Value,
    pub directories: Vec<String>,
    pub node_id: u32,
    pub now: Timestamp,
    pub topics: BTreeMap<String, (Uuid, LogConfig)>,
    pub partitions: BTreeSet<TopicPartition>,
}

impl Told {
    pub fn of(case: &Case) -> Told {
        let facts = case.facts();
        let before = &facts["before_damage"];
        let (broker, settings) = before["settings"].as_object().unwrap().iter().next().unwrap();
        let directories = settings["log.dirs"].as_str().unwrap().split(',');
        let directories =
            directories.map(|path| path.rsplit('/').next().unwrap().to_string()).collect();
        let node_id = broker.rsplit('-').next().unwrap().parse().unwrap();
        let index_bytes = settings["log.index.size.max.bytes"].as_str().unwrap_or("10485760");
        let (mut topics, mut partitions) = (BTreeMap::new(), BTreeSet::new());
        for (name, topic) in before["topics"].as_object().unwrap() {
            let mut config = config(&[("segment.index.bytes", index_bytes)]);
            for (key, value) in topic["configs"].as_object().unwrap() {
                let _ = config.set(key, value.as_str().unwrap());
            }
            let id = Uuid::parse(topic["id"].as_str().unwrap()).unwrap();
            topics.insert(name.clone(), (id, config));
            for partition in topic["partitions"].as_array().unwrap() {
                let number = partition["partition"].as_u64().unwrap();
                partitions.insert(TopicPartition::parse(&format!("{name}-{number}")).unwrap());
            }
        }
        let now = case.started_at();
        Told { facts, directories, node_id, now, topics, partitions }
    }

    /// What the broker told of a partition once it had started.
    pub fn partition(&self, partition: &TopicPartition) -> &Value {
        let topic = &self.facts["result"]["facts"]["topics"][partition.topic.as_str()];
        let of = |p: &&Value| p["partition"].as_u64() == Some(u64::from(partition.partition));
        topic["partitions"].as_array().and_then(|all| all.iter().find(of)).unwrap_or(&Value::Null)
    }
}

/// A disk with the files below `place` of the case.
pub(super) fn disk_with(case: &Case, place: &str) -> Disk {
    let mut disk = Disk::memory();
    disk.set_reversible(false);
    let inside = format!("{place}/");
    for path in case.directories.iter().filter_map(|path| path.strip_prefix(&inside)) {
        disk.create_directory(path).unwrap();
    }
    // Where the dump tool looked at a segment whose index was missing, it made one; the sizes were noted before that.
    let facts = case.facts();
    let noted = |path: &str| place != "before" || !facts["result"]["sizes_before"][path].is_null();
    for (path, bytes) in case.below(place) {
        if path.ends_with("index") && bytes.is_empty() && !noted(path) {
            continue;
        }
        if path.ends_with(".log") {
            let file = disk.create(path).unwrap();
            disk.append(file, bytes).unwrap();
        } else if path.ends_with(".index") || path.ends_with(".timeindex") {
            let file = disk.create_mapped(path, bytes.len() as u64).unwrap();
            let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            disk.write_at(file, 0, &bytes[..used]).unwrap();
        } else {
            disk.replace(path, bytes).unwrap();
        }
    }
    disk
}

/// All files of the disk, made comparable.
pub(super) fn all_files(disk: &Disk) -> Files {
    let paths = disk.digest().unwrap();
    normal(paths.keys().map(|path| (path.clone(), disk.read_small(path).unwrap())))
}

/// Makes files comparable: what depends on Java's hash order, on chance or on the wall clock.
pub(super) fn normal(files: impl Iterator<Item = (String, Vec<u8>)>) -> Files {
    let mut normal = Files::new();
    for (path, bytes) in files {
        let name = path.rsplit('/').next().unwrap();
        // The broker's copy of the metadata log is not part of `after`.
        if path.contains("__cluster_metadata-0/") || name == ".lock" {
            continue;
        }
        let mut bytes = bytes;
        if name.ends_with("-offset-checkpoint") {
            // Lines lie in the order of a Java hash map.
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let mut lines: Vec<&str> = text.lines().collect();
            let head = lines.len().min(2);
            lines[head..].sort_unstable();
            bytes = lines.join("\n").into_bytes();
        }
        if name == "meta.properties" {
            // The comment holds a date; an id that was missing is drawn by chance.
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let kept = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
                line.split_once('=')
                    .filter(|(key, _)| *key == "directory.id")
                    .map_or(line, |(key, _)| key)
            });
            let mut kept: Vec<&str> = kept.collect();
            kept.sort_unstable();
            bytes = kept.join("\n").into_bytes();
        }
        // A directory that is set aside gets an id by chance.
        let parts = path.split('/').map(|part| match part.strip_suffix("-stray") {
            Some(rest) => format!("{}-stray", rest.split('.').next().unwrap()),
            None => part.to_string(),
        });
        normal.insert(parts.collect::<Vec<_>>().join("/"), bytes);
    }
    normal
}

/// Whether the bytes behind what can be read are such that a consumer reports them: we hand out whole batches only,
/// Kafka hands out whatever lies there (`ByteBufferLogInputStream.nextBatchSize` then judges size and magic).
fn stops_a_reader(log: &Log, disk: &Disk, (base, behind): (Offset, u32)) -> bool {
    let segment = log.segments().iter().find(|segment| segment.base_offset == base);
    let start = u64::from(behind);
    segment.is_some_and(|segment| {
        disk.with_bytes(segment.log, start, 17, |bytes| {
            let magic = bytes.get(16).map_or(0, |byte| *byte as i8);
            let size = bytes.get(8..12).map_or(14, |s| i32::from_be_bytes(s.try_into().unwrap()));
            size < 14 || !(0..=2).contains(&magic)
        })
        .unwrap_or(false)
    })
}

/// What a consumer gets from the log start to the end: records, first and last offset; and whether it met an error.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Read {
    pub end: i64,
    pub records: u64,
    pub first: i64,
    pub last: i64,
    pub failed: bool,
}

impl Read {
    pub fn told(told: &Value) -> Option<Read> {
        Some(Read {
            end: told["end"].as_i64()?,
            records: told["records"].as_u64()?,
            first: told["first"].as_i64()?,
            last: told["last"].as_i64()?,
            failed: told["error"].is_string(),
        })
    }

    /// Reads as a consumer does: checksums checked, control records never shown, aborted ones hidden when `committed`.
    pub fn of(log: &Log, disk: &Disk, committed: bool) -> Read {
        let high_watermark = log.log_end_offset();
        let end = if committed { log.last_stable_offset(high_watermark) } else { high_watermark };
        let mut read = Read { end: end.0, records: 0, first: -1, last: -1, failed: false };
        let mut at = log.log_start_offset();
        let mut behind = (log.active_segment().base_offset, log.active_segment().size_bytes);
        while at < end {
            let Ok(fetched) = log.read(disk, at, 1 << 20, end, true) else {
                read.failed = true;
                break;
            };
            if fetched.bytes.is_empty() {
                read.failed = stops_a_reader(log, disk, behind);
                break;
            }
            behind = (fetched.segment, fetched.position.0 + fetched.bytes.len() as u32);
            let aborted = match committed {
                true => log.aborted_transactions(disk, at, fetched.next_offset).unwrap_or_default(),
                false => Vec::new(),
            };
            match read.chunk(&fetched.bytes, at, &aborted) {
                Some(next) if next > at => at = next,
                Some(_) => break,
                None => {
                    read.failed = true;
                    break;
                }
            }
        }
        read
    }

    fn chunk(
        &mut self,
        bytes: &[u8],
        from: Offset,
        aborted: &[transaction_index::AbortedTransaction],
    ) -> Option<Offset> {
        let mut aborted: Vec<_> = aborted.to_vec();
        aborted.sort_by_key(|entry| entry.first_offset);
        let (mut waiting, mut hidden) = (aborted.into_iter().peekable(), BTreeSet::new());
        let mut next = from;
        for found in batch::batches(bytes) {
            let (_, header, bytes): (Position, _, _) = found.ok()?;
            batch::verify(bytes).ok()?;
            while let Some(entry) = waiting.next_if(|e| e.first_offset <= header.last_offset()) {
                hidden.insert(entry.producer_id);
            }
            if header.is_control() {
                next = next.max(header.next_offset());
                if EndMarker::read(bytes).ok()?.is_some_and(|marker| marker.aborted) {
                    hidden.remove(&header.producer_id);
                }
                continue;
            }
            if header.is_transactional() && hidden.contains(&header.producer_id) {
                next = next.max(header.next_offset());
                continue;
            }
            for record in &batch::Entry::parse(bytes).ok()?.contents().ok()? {
                let record = record.ok()?;
                // A consumer never goes back.
                if record.offset < next {
                    continue;
                }
                next = record.offset + 1;
                self.records += 1;
                self.first = if self.first < 0 { record.offset.0 } else { self.first };
                self.last = record.offset.0;
            }
            next = next.max(header.next_offset());
        }
        Some(next)
    }
}
