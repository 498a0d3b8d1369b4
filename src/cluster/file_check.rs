//! Whole files held to their promises, on request and when a lab is closed: every batch decodes and its checksum fits,
//! every index entry points at a batch boundary, and the replicas of a partition agree below the high watermark.

use super::invariant::Violation;
use super::world::{Cluster, NodeState};
use crate::batch;
use crate::disk::Disk;
use crate::storage::Segment;
use crate::types::{NodeId, Offset, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};

/// How much is read at once.
const READ_BYTES: usize = 4 << 20;

/// What a walk through one log found: the checksum of each batch by base offset.
type Checksums = BTreeMap<Offset, u32>;

impl Cluster {
    /// Reads every log of every running broker. Empty: all is as promised.
    pub(crate) fn check_files(&self, disk: &Disk) -> Vec<Violation> {
        let mut found = Vec::new();
        let mut logs: BTreeMap<&TopicPartition, Vec<(NodeId, Offset, Checksums)>> = BTreeMap::new();
        for (&id, node) in &self.brokers {
            let (NodeState::Alive | NodeState::Paused, Some(broker)) = (node.state, &node.broker)
            else {
                continue;
            };
            for (partition, replica) in &broker.replicas {
                let mut checksums = Checksums::new();
                for segment in replica.log.segments() {
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
        found
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
