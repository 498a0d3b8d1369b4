//! Tests of the log: Kafka's own answers, the numbers of the lessons, damage, and search against scan.

mod damage;
mod formats;
mod damage_case;
mod lessons;
mod producers;
mod properties;
mod real;
mod small_files;
mod start;
mod validate;
mod vectors;

use super::*;
use crate::batch::{BatchBuilder, NewRecord};
use crate::clock::Instant;
use crate::disk::Disk;
use crate::types::{LeaderEpoch, Offset, Timestamp, TopicPartition, Uuid};

pub(super) const NOW: Instant = Instant(0);

pub(super) fn partition() -> TopicPartition {
    TopicPartition::parse("orders-0").unwrap()
}

pub(super) fn config(settings: &[(&str, &str)]) -> LogConfig {
    let mut config = LogConfig::default();
    for (name, value) in settings {
        assert_eq!(config.set(name, value), Ok(true), "{name}");
    }
    config
}

pub(super) fn create(disk: &mut Disk, settings: &[(&str, &str)]) -> Log {
    Log::create(disk, "broker-1/orders-0", &partition(), Uuid::ZERO, config(settings)).unwrap()
}

/// One batch of records with values of these sizes.
pub(super) fn batch(timestamp: i64, sizes: &[usize]) -> Vec<u8> {
    let mut builder = BatchBuilder::new(Offset(0));
    for &size in sizes {
        let value = Some(vec![b'x'; size]);
        builder.push(&NewRecord { timestamp: Timestamp(timestamp), value, ..NewRecord::default() });
    }
    builder.build()
}

pub(super) fn append(log: &mut Log, disk: &mut Disk, timestamp: i64, sizes: &[usize]) -> Appended {
    let mut bytes = batch(timestamp, sizes);
    log.append_as_leader(disk, &mut bytes, LeaderEpoch(0), NOW, &mut Vec::new()).unwrap()
}

pub(super) fn index_entries(log: &Log, disk: &Disk) -> Vec<Vec<(i64, u32)>> {
    let entry = |segment: &Segment, n| {
        let (offset, position) = segment.index.entry(disk, n).unwrap();
        (offset.0, position.0)
    };
    log.segments().iter().map(|s| (0..s.index.entries()).map(|n| entry(s, n)).collect()).collect()
}

pub(super) fn time_entries(log: &Log, disk: &Disk) -> Vec<Vec<(i64, i64)>> {
    let entry = |segment: &Segment, n| {
        let (timestamp, offset) = segment.time_index.entry(disk, n).unwrap();
        (timestamp.0, offset.0)
    };
    log.segments()
        .iter()
        .map(|s| (0..s.time_index.entries()).map(|n| entry(s, n)).collect())
        .collect()
}
