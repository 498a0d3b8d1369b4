//! What a running broker added since we last looked: new batches, segments, partitions; and what went.
//!
//! ```text
//!   refresh ─┬ a log directory changed its names?   read its listing anew (checkpoints are replaced every few seconds)
//!            ├ a partition's directory did?         read that one anew: a segment was rolled or removed
//!            └ the active .log grew?                walk from where the last walk ended
//! ```
//!
//! Only names, sizes and times of change are asked for; nothing is locked. A batch that is still being written is seen
//! once it is whole.

use super::batches::{MOST_BATCH_BYTES, Walk};
use super::{BatchRow, Inspection, NodeFiles, Place, directory, partition_files};
use crate::batch::Entry;
use crate::types::{Offset, TopicPartition};
use std::collections::BTreeMap;
use std::time::SystemTime;

/// What was known of a partition when it was last looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: Option<SystemTime>,
    /// The active segment, and up to which byte its batches were seen.
    seen: Option<(Offset, u64)>,
}

/// Something new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grown {
    /// A batch was appended.
    Batch {
        /// The partition's directory, from the top.
        directory: String,
        /// Which partition.
        partition: TopicPartition,
        /// The batch.
        row: BatchRow,
        /// What is wrong with its checksum, if anything.
        wrong: Option<String>,
    },
    /// A log is shorter than it was.
    Cut {
        /// The partition's directory, from the top.
        directory: String,
        /// Which partition.
        partition: TopicPartition,
        /// The base offset of the segment.
        base_offset: Offset,
        /// Up to which byte its batches were seen, and how many bytes it has now.
        bytes: (u64, u64),
    },
    /// A segment was begun.
    Segment {
        /// The partition's directory, from the top.
        directory: String,
        /// Which partition.
        partition: TopicPartition,
        /// The base offset.
        base_offset: Offset,
    },
    /// A segment went: deleted, or compacted away.
    SegmentGone {
        /// The partition's directory, from the top.
        directory: String,
        /// Which partition.
        partition: TopicPartition,
        /// The base offset.
        base_offset: Offset,
    },
    /// A partition's directory came.
    Partition {
        /// From the top.
        directory: String,
        /// Which partition.
        partition: TopicPartition,
    },
    /// A partition's directory went, or has another name now.
    PartitionGone {
        /// From the top.
        directory: String,
        /// Which partition.
        partition: TopicPartition,
    },
}

/// Most batches of one partition that are told at once; a later look tells the rest.
const MOST_BATCHES: usize = 500;

impl Inspection {
    /// Reads all listings.
    pub(super) fn read_all(&mut self) {
        self.files.forget();
        let mut findings = super::Findings::default();
        let only = self.only.clone();
        self.nodes = self
            .below
            .iter()
            .map(|below| directory::read_node(&self.files, below, only.as_deref(), &mut findings))
            .collect();
        self.findings = findings;
        self.across();
        self.stamp_all();
    }

    fn stamp_all(&mut self) {
        let mut stamps = BTreeMap::new();
        for node in &self.nodes {
            let stamp = Stamp { modified: self.modified(&node.directory), seen: None };
            stamps.insert(node_key(node), stamp);
            for files in &node.partitions {
                let seen = files.segments.last().map(|last| (last.base_offset, last.log_bytes));
                let stamp = Stamp { modified: self.modified(&files.directory), seen };
                stamps.insert(files.directory.clone(), stamp);
            }
        }
        self.stamps = stamps;
    }

    fn modified(&self, path: &str) -> Option<SystemTime> {
        self.files.stamp(path).map(|stamp| stamp.1)
    }

    /// Looks again. What is new is told once, in the order of the listing.
    pub fn refresh(&mut self) -> Vec<Grown> {
        let mut grown = Vec::new();
        for at in 0..self.nodes.len() {
            let key = node_key(&self.nodes[at]);
            let now = self.modified(&self.nodes[at].directory);
            let before = self.stamps.get(&key).and_then(|stamp| stamp.modified);
            if now != before && self.only.is_none() {
                self.read_node_again(at, &mut grown);
                self.stamps.insert(key, Stamp { modified: now, seen: None });
            }
            for partition in 0..self.nodes[at].partitions.len() {
                self.refresh_partition(Place { node: at, partition }, &mut grown);
            }
        }
        grown
    }

    fn read_node_again(&mut self, at: usize, grown: &mut Vec<Grown>) {
        self.files.forget();
        let mut findings = super::Findings::default();
        let node =
            directory::read_node(&self.files, &self.nodes[at].directory, None, &mut findings);
        let names = |node: &NodeFiles| -> BTreeMap<String, TopicPartition> {
            let all = node.partitions.iter();
            all.map(|files| (files.directory.clone(), files.partition.clone())).collect()
        };
        let (before, after) = (names(&self.nodes[at]), names(&node));
        for (directory, partition) in &before {
            if !after.contains_key(directory) {
                self.stamps.remove(directory);
                let (directory, partition) = (directory.clone(), partition.clone());
                grown.push(Grown::PartitionGone { directory, partition });
            }
        }
        let now: Vec<String> = after.keys().cloned().collect();
        for (directory, partition) in after {
            if !before.contains_key(&directory) {
                let seen = node.partitions.iter().find(|files| files.directory == directory);
                let renamed = before
                    .iter()
                    .any(|(old, of)| of == &partition && !now.contains(old) && *old != directory);
                let seen = match renamed {
                    true => seen
                        .and_then(|f| f.segments.last())
                        .map(|last| (last.base_offset, last.log_bytes)),
                    false => seen.and_then(|f| f.segments.first()).map(|s| (s.base_offset, 0)),
                };
                self.stamps.insert(directory.clone(), Stamp { modified: None, seen });
                grown.push(Grown::Partition { directory, partition });
            }
        }
        // Sizes as they were: what they grew by is told partition by partition.
        let old = std::mem::replace(&mut self.nodes[at], node);
        let mut old: BTreeMap<String, _> =
            old.partitions.into_iter().map(|files| (files.directory.clone(), files)).collect();
        for files in &mut self.nodes[at].partitions {
            if let Some(old) = old.remove(&files.directory) {
                files.segments = old.segments;
            }
        }
    }

    fn refresh_partition(&mut self, place: Place, grown: &mut Vec<Grown>) {
        let Some(files) = self.partition(place) else { return };
        let (directory, partition) = (files.directory.clone(), files.partition.clone());
        let stamp = self.stamps.get(&directory).copied();
        let now = self.modified(&directory);
        if now.is_none() {
            return;
        }
        let before: Vec<Offset> = files.segments.iter().map(|s| s.base_offset).collect();
        if stamp.is_none_or(|stamp| stamp.modified != now) {
            let name = directory.rsplit('/').next().unwrap_or_default().to_owned();
            let node = &self.nodes[place.node];
            let mut findings = super::Findings::default();
            if let Some(found) = directory::partition_name(&name) {
                self.files.forget();
                let read = partition_files::read(&self.files, node, &name, found, &mut findings);
                self.nodes[place.node].partitions[place.partition] = read;
            }
        } else if let Some(last) = files.segments.last() {
            let path = |suffix| Inspection::segment_path(files, last.base_offset, suffix);
            let sizes = (
                self.files.size(&path(".log")),
                self.files.size(&path(".index")),
                self.files.size(&path(".timeindex")),
                self.files.size(&path(".txnindex")),
            );
            let files = &mut self.nodes[place.node].partitions[place.partition];
            if let Some(last) = files.segments.last_mut() {
                last.log_bytes = sizes.0.unwrap_or(last.log_bytes);
                last.index_bytes = sizes.1;
                last.time_index_bytes = sizes.2;
                last.transaction_index_bytes = sizes.3;
            }
        }
        let Some(files) = self.partition(place) else { return };
        for base_offset in &before {
            if files.segments.binary_search_by_key(base_offset, |s| s.base_offset).is_err() {
                let (directory, partition) = (directory.clone(), partition.clone());
                let base_offset = *base_offset;
                grown.push(Grown::SegmentGone { directory, partition, base_offset });
            }
        }
        let seen = self.tell(place, &before, stamp.and_then(|stamp| stamp.seen), grown);
        self.stamps.insert(directory, Stamp { modified: now, seen });
    }

    /// Tells the segments and batches behind what was seen; gives up to where they are seen now.
    fn tell(
        &self,
        place: Place,
        before: &[Offset],
        seen: Option<(Offset, u64)>,
        grown: &mut Vec<Grown>,
    ) -> Option<(Offset, u64)> {
        let files = self.partition(place)?;
        let (directory, partition) = (&files.directory, &files.partition);
        let mut seen = seen;
        let mut told = 0;
        for segment in &files.segments {
            let base = segment.base_offset;
            let from = match seen {
                Some((at, position)) if at == base => position,
                Some((at, _)) if base < at => continue,
                _ => 0,
            };
            if from > segment.log_bytes {
                let (directory, partition) = (directory.clone(), partition.clone());
                let bytes = (from, segment.log_bytes);
                grown.push(Grown::Cut { directory, partition, base_offset: base, bytes });
            }
            if from == 0 && !before.contains(&base) {
                let (directory, partition) = (directory.clone(), partition.clone());
                grown.push(Grown::Segment { directory, partition, base_offset: base });
            }
            let mut walk = Walk::new(files, base, segment.log_bytes, from);
            while let Some(row) = walk.next(&self.files) {
                let (directory, partition) = (directory.clone(), partition.clone());
                let wrong =
                    self.wrong_checksum(&Inspection::segment_path(files, base, ".log"), &row);
                grown.push(Grown::Batch { directory, partition, row, wrong });
                told += 1;
                if told >= MOST_BATCHES {
                    return Some((base, walk.position()));
                }
            }
            // A log that was cut is seen up to its new end.
            seen = Some((base, walk.position().min(segment.log_bytes)));
        }
        seen
    }
}

impl Inspection {
    /// What is wrong with the checksum of a batch, if it is not too large to be read whole.
    fn wrong_checksum(&self, log: &str, row: &BatchRow) -> Option<String> {
        let size = usize::try_from(row.size_bytes).ok().filter(|size| *size <= MOST_BATCH_BYTES)?;
        let bytes = self.files.read(log, row.position, size).ok()?;
        if bytes.len() < size {
            return None;
        }
        Entry::parse(&bytes).and_then(|entry| entry.verify()).err().map(|error| error.what)
    }
}

fn node_key(node: &NodeFiles) -> String {
    format!("{}/", node.directory)
}
