//! Whole files held to their promises, on request: every batch decodes and its checksum fits, every index entry points
//! at a batch boundary, and the replicas of a partition agree below the high watermark.
//!
//! ```text
//!   show invariants, expect violated(..), the simulator ──▶ Lab::ask_files ── all well ──▶ nothing happens
//!                                                                └── broken ──▶ an act: a step, an event, kept
//!   in the past: the same answer, without a step, for a look begins no branch
//! ```
//!
//! What always holds: a look at sound files changes nothing; what is broken is told once; no more than `MOST_BYTES` are
//! read at a time. Left out: brokers that do not run, whose files are judged by their recovery.

use super::act::Act;
use super::invariant::Violation;
use super::lab::{Lab, LabError};
use super::world::{Cluster, NodeState, Stage};
use crate::batch;
use crate::disk::Disk;
use crate::storage::Segment;
use crate::types::{NodeId, Offset, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};

/// How much is read at once.
const READ_BYTES: usize = 4 << 20;
/// Most bytes that one request reads; what lies beyond is counted.
const MOST_BYTES: u64 = 256 << 20;
/// Most broken promises that one request tells.
const MOST_TOLD: usize = 20;
/// From so many broken promises on nobody asks the files for more.
const ENOUGH: usize = 60;

/// What a walk through one log found: the checksum of each batch by base offset.
type Checksums = BTreeMap<Offset, u32>;

/// What a request saw.
#[derive(Clone, Debug, Default)]
pub(super) struct FilesSeen {
    /// In which branch and step.
    place: (usize, u64),
    /// What was broken, if it was seen in the past.
    found: Vec<Violation>,
    /// Segments that were too much to read.
    unread: u64,
}

impl Lab {
    /// Reads every file of every running broker and tells which promises about bytes are broken: what decodes, what
    /// indexes point at, whether replicas agree.
    pub fn check_files(&self) -> Vec<Violation> {
        self.cluster.check_files(&self.disk).0
    }

    /// The same as a request: what is broken and was not known becomes an event, in a step of its own. In the past it
    /// is only seen.
    pub fn ask_files(&mut self) -> Result<(), LabError> {
        let (found, unread) = self.cluster.check_files(&self.disk);
        let place = (self.current, self.cluster.step);
        self.seen = FilesSeen { place, found: Vec::new(), unread };
        let fresh = self.cluster.unknown(found);
        if fresh.is_empty() {
            return Ok(());
        }
        if self.in_past() {
            self.seen.found = fresh;
            return Ok(());
        }
        let _ = self.act(Act::CheckFiles, "# files are checked")?;
        self.seen.place.1 = self.cluster.step;
        Ok(())
    }

    /// Promises that are known to be broken, oldest first: what the invariants saw, and what the files said here.
    pub fn violations(&self) -> impl DoubleEndedIterator<Item = &Violation> {
        let here = self.seen.place == (self.current, self.cluster.step);
        let seen = self.seen.found.iter().filter(move |_| here);
        self.cluster.invariants.violations().iter().chain(seen)
    }

    /// Segments that the last request left unread, if it was made here.
    pub fn unread_segments(&self) -> u64 {
        let here = self.seen.place == (self.current, self.cluster.step);
        if here { self.seen.unread } else { 0 }
    }
}

/// Whether two sentences tell the same: the high watermark moves on, the break stays.
fn tells_the_same(one: &Violation, other: &Violation) -> bool {
    let told = |violation: &Violation| {
        violation.sentence.split(", below").next().map(str::to_owned).unwrap_or_default()
    };
    one.name == other.name && told(one) == told(other)
}

impl Cluster {
    fn unknown(&self, mut found: Vec<Violation>) -> Vec<Violation> {
        let known = self.invariants.violations();
        if known.len() >= ENOUGH {
            return Vec::new();
        }
        found.retain(|violation| !known.iter().any(|other| tells_the_same(violation, other)));
        found.truncate(MOST_TOLD);
        found
    }

    /// The act that tells what is broken.
    pub(super) fn tell_files(&mut self, disk: &Disk, stage: &Stage<'_>) {
        let event = stage.events.last().map_or(self.next_event, |event| event.id);
        let (found, _) = self.check_files(disk);
        for violation in self.unknown(found) {
            self.invariants.fresh.push(Violation { event, ..violation });
        }
    }

    /// Reads every log of every running broker, and counts the segments that were too much. Empty: all is as promised.
    pub(crate) fn check_files(&self, disk: &Disk) -> (Vec<Violation>, u64) {
        let mut found = Vec::new();
        let (mut bytes, mut unread) = (0, 0);
        let mut logs: BTreeMap<&TopicPartition, Vec<(NodeId, Offset, Checksums)>> = BTreeMap::new();
        for (&id, node) in &self.brokers {
            let (NodeState::Alive | NodeState::Paused, Some(broker)) = (node.state, &node.broker)
            else {
                continue;
            };
            for (partition, replica) in &broker.replicas {
                let mut checksums = Checksums::new();
                for segment in replica.log.segments() {
                    bytes += u64::from(segment.size_bytes);
                    if bytes > MOST_BYTES {
                        unread += 1;
                        continue;
                    }
                    self.check_segment(disk, segment, &mut checksums, &mut found);
                }
                let copy = (id, replica.high_watermark(), checksums);
                logs.entry(partition).or_default().push(copy);
            }
        }
        for (partition, copies) in logs {
            let from = Cluster::compacted_up_to(&self.brokers, partition);
            self.check_agreement(partition, from, &copies, &mut found);
        }
        (found, unread)
    }

    fn broken(&self, name: &'static str, sentence: String) -> Violation {
        Violation { name, sentence, event: self.next_event, step: self.step }
    }

    fn check_segment(
        &self,
        disk: &Disk,
        segment: &Segment,
        checksums: &mut Checksums,
        found: &mut Vec<Violation>,
    ) {
        let path = disk.path(segment.log).to_owned();
        let mut boundaries = BTreeSet::new();
        let (mut at, size) = (0u64, u64::from(segment.size_bytes));
        while at < size {
            let length = READ_BYTES.min((size - at) as usize);
            let bytes = match disk.read(segment.log, at, length) {
                Ok(bytes) => bytes,
                Err(error) => return found.push(self.broken("bytes-decode", error.to_string())),
            };
            let whole = at + bytes.len() as u64 == size;
            let mut next = 0;
            for item in batch::batches(&bytes) {
                let (position, header, content) = match item {
                    Ok(batch) => batch,
                    Err(_) if !whole && next > 0 => break, // the rest comes with the next read
                    Err(error) => {
                        let sentence = format!("{path} from byte {at}: {error}");
                        return found.push(self.broken("bytes-decode", sentence));
                    }
                };
                if let Err(error) = batch::verify(content) {
                    let sentence =
                        format!("{path} at byte {}: {error}", at + u64::from(position.0));
                    found.push(self.broken("bytes-decode", sentence));
                }
                boundaries.insert(at + u64::from(position.0));
                checksums.insert(header.base_offset, header.crc);
                next = position.0 as usize + header.size_bytes();
            }
            if next == 0 {
                break;
            }
            at += next as u64;
        }
        for number in 0..segment.index.entries() {
            let Ok((offset, position)) = segment.index.entry(disk, number) else {
                continue;
            };
            if !boundaries.contains(&u64::from(position.0)) {
                let sentence = format!(
                    "entry {number} of the index of {path} (offset {offset}) points at byte {position}, which is no \
                     batch boundary"
                );
                found.push(self.broken("index-at-batch-boundary", sentence));
            }
        }
    }

    fn check_agreement(
        &self,
        partition: &TopicPartition,
        from: Offset,
        copies: &[(NodeId, Offset, Checksums)],
        found: &mut Vec<Violation>,
    ) {
        let Some(((first, mark, base), others)) = copies.split_first() else {
            return;
        };
        for (other, other_mark, checksums) in others {
            let committed = (*mark).min(*other_mark);
            let differs = base
                .range(from..committed.max(from))
                .find(|(offset, crc)| checksums.get(offset).is_some_and(|theirs| theirs != *crc));
            if let Some((offset, _)) = differs {
                let sentence = format!(
                    "brokers {first} and {other} differ in {partition} at offset {offset}, below the high watermark \
                     {committed}"
                );
                found.push(self.broken("logs-agree", sentence));
            }
        }
    }
}
