//! Which offsets of a log still have a record: compaction leaves gaps, and offsets never move (class `Cleaner`).
//!
//! ```text
//!   offset   0    1    2    3    4        5
//!            ·    ·    e0   e0   e0       e0        · compacted away
//! ```
//!
//! Only a log that the cleaner was in is read, and of it only the batches around the offsets that are drawn.

use crate::batch;
use crate::cluster::Lab;
use crate::disk::Disk;
use crate::storage::{Log, Segment};
use crate::types::{NodeId, Offset, Position, TopicPartition};
use std::collections::BTreeSet;

/// Most batches of a segment that are counted for one drawing.
const MOST_BATCHES: usize = 2_000;

/// Whether the cleaner was in this log, so that offsets may be missing.
pub(super) fn was_cleaned(lab: &Lab, partition: &TopicPartition, node: NodeId) -> bool {
    lab.cluster().broker(node).is_some_and(|broker| broker.cleaned_up_to(partition).is_some())
}

/// Those of `wanted` that have no record any more; nothing for a log that was never cleaned.
pub(super) fn missing(
    lab: &Lab,
    partition: &TopicPartition,
    node: NodeId,
    log: &Log,
    wanted: impl Iterator<Item = i64>,
) -> BTreeSet<i64> {
    if !was_cleaned(lab, partition, node) {
        return BTreeSet::new();
    }
    let (start, end) = (log.log_start_offset().0, log.log_end_offset().0);
    let mut read: Option<(Offset, Offset, BTreeSet<i64>)> = None;
    let mut missing = BTreeSet::new();
    for offset in wanted.filter(|offset| (start..end).contains(offset)) {
        let known =
            read.as_ref().is_some_and(|(first, last, _)| (first.0..=last.0).contains(&offset));
        if !known {
            read = batch_of(lab.disk(), log, Offset(offset));
        }
        let there = read.as_ref().is_some_and(|(_, _, offsets)| offsets.contains(&offset));
        if !there {
            missing.insert(offset);
        }
    }
    missing
}

/// The batch that spans an offset: from where to where, and which offsets it still has.
fn batch_of(disk: &Disk, log: &Log, offset: Offset) -> Option<(Offset, Offset, BTreeSet<i64>)> {
    let segment = log.segments().iter().rfind(|segment| segment.base_offset <= offset)?;
    let (_, from) = segment.index.lookup(disk, offset).ok()?;
    let mut headers = segment.headers(disk, from).map_while(Result::ok);
    let (position, header) = headers.find(|(_, header)| header.last_offset() >= offset)?;
    if header.base_offset > offset {
        return None;
    }
    let bytes = disk.read(segment.log, u64::from(position.0), header.size_bytes()).ok()?;
    let records = batch::records(&bytes).ok()?;
    let offsets = records.iter().map(|record| record.offset.0).collect();
    Some((header.base_offset, header.last_offset(), offsets))
}

/// How many records a segment has; nothing if it has too many batches to count them for a drawing.
pub(super) fn records(disk: &Disk, segment: &Segment) -> Option<i64> {
    let mut sum = 0;
    for (count, header) in segment.headers(disk, Position(0)).map_while(Result::ok).enumerate() {
        if count == MOST_BATCHES {
            return None;
        }
        sum += i64::from(header.1.records_count);
    }
    Some(sum)
}
