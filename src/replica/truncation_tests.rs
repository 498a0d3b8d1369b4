//! Truncation on small logs: the histories of KIP-101 and KIP-279, one follower at a time.

use super::*;
use crate::batch::{BatchBuilder, NewRecord};
use crate::clock::Instant;
use crate::disk::Disk;
use crate::era;
use crate::storage::{Log, LogConfig};
use crate::types::{LeaderEpoch, Offset, Timestamp, TopicPartition, Uuid};

/// A log in which these epochs begin at these offsets, one record a batch, up to `end`.
fn log(disk: &mut Disk, kafka: &str, epochs: &[(i32, i64)], end: i64) -> Log {
    let partition = TopicPartition::parse("orders-0").unwrap();
    let config = LogConfig::of(era::of(kafka).unwrap());
    let directory = format!("broker-1/{partition}");
    let mut log = Log::create(disk, &directory, &partition, Uuid::ZERO, config).unwrap();
    let mut events = Vec::new();
    for offset in 0..end {
        let (epoch, _) = *epochs.iter().rev().find(|(_, start)| *start <= offset).unwrap();
        let mut builder = BatchBuilder::new(Offset(0));
        builder.push(&NewRecord { timestamp: Timestamp(0), ..NewRecord::default() });
        let mut bytes = builder.build();
        let epoch = LeaderEpoch(epoch);
        log.append_as_leader(disk, &mut bytes, epoch, Instant(0), &mut events).unwrap();
    }
    log
}

fn answer(epoch: i32, end: i64) -> Guide {
    Guide::Answer { epoch: LeaderEpoch(epoch), end: Offset(end) }
}

#[test]
fn the_high_watermark_loses_what_the_leader_has() {
    let mut disk = Disk::memory();
    let follower = log(&mut disk, "4.3", &[(0, 0)], 2);
    // KIP-101, scenario 1: both hold both records, the follower's high watermark is one fetch behind.
    assert_eq!(cut(&follower, Offset(1), Guide::HighWatermark).to, Offset(1));
    assert_eq!(cut(&follower, Offset(1), answer(0, 2)).to, Offset(2));
}

#[test]
fn the_high_watermark_keeps_what_the_leader_has_not() {
    let mut disk = Disk::memory();
    let follower = log(&mut disk, "4.3", &[(0, 0)], 2);
    // KIP-101, scenario 2: the leader of epoch 1 began at 1 and wrote something else there.
    assert_eq!(cut(&follower, Offset(2), Guide::HighWatermark).to, Offset(2));
    assert_eq!(cut(&follower, Offset(2), answer(0, 1)).to, Offset(1));
}

#[test]
fn an_end_without_its_epoch_keeps_what_differs() {
    let mut disk = Disk::memory();
    // KIP-279: the follower led in epoch 2 from 4 on; the leader knows epochs 1 and 3, and epoch 1 ended at 6 there.
    let follower = log(&mut disk, "4.3", &[(1, 0), (2, 4)], 7);
    assert_eq!(cut(&follower, Offset(4), answer(-1, 6)).to, Offset(6), "0.11: 4 and 5 differ");
    assert_eq!(cut(&follower, Offset(4), answer(1, 6)).to, Offset(4), "2.0: the smaller end");
}

#[test]
fn an_epoch_unknown_here_is_asked_about_again() {
    let mut disk = Disk::memory();
    let follower = log(&mut disk, "4.3", &[(1, 0), (4, 5)], 9);
    let first = cut(&follower, Offset(3), answer(3, 8));
    assert_eq!((first.to, first.complete), (Offset(5), false));
    let steps: Vec<_> = truncation_steps(&follower, Offset(3), answer(3, 8)).collect();
    let kinds: Vec<_> = steps.iter().map(TruncationStep::kind).collect();
    assert_eq!(kinds, ["TruncationOwn", "TruncationCompare", "TruncationCut"]);
}

#[test]
fn a_leader_that_knows_nothing_leaves_the_high_watermark() {
    let mut disk = Disk::memory();
    let follower = log(&mut disk, "4.3", &[(5, 0)], 4);
    let cut = cut(&follower, Offset(3), answer(-1, -1));
    assert_eq!((cut.to, cut.complete), (Offset(3), true));
    assert!(cut.reason.contains("no such epoch"));
}
