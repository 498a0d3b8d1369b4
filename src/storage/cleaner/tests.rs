//! Kafka's own answers (`vectors/log_cleaner`, directories cleaned by a real one), and the way back.

mod fixture;
mod vectors;

use super::*;
use crate::batch::{BatchBuilder, NewRecord};
use crate::storage::{LogConfig, RollReason};
use crate::types::{LeaderEpoch, TopicPartition, Uuid};

const NOW: Instant = Instant(0);

fn log(disk: &mut Disk, settings: &[(&str, &str)]) -> Log {
    let mut config = LogConfig::default();
    for (name, value) in settings {
        assert_eq!(config.set(name, value), Ok(true), "{name}");
    }
    let partition = TopicPartition::parse("prices-0").unwrap();
    Log::create(disk, "broker-1/prices-0", &partition, Uuid::ZERO, config).unwrap()
}

fn write(log: &mut Log, disk: &mut Disk, key: &str, value: Option<&str>) {
    let mut builder = BatchBuilder::new(Offset(0));
    builder.push(&NewRecord {
        timestamp: NOW.timestamp(),
        key: Some(key.into()),
        value: value.map(Into::into),
        ..NewRecord::default()
    });
    let mut bytes = builder.build();
    log.append_as_leader(disk, &mut bytes, LeaderEpoch(0), NOW, &mut Vec::new()).unwrap();
}

fn plan(log: &Log, from: Offset, now: Instant) -> CleaningPlan {
    CleaningPlan {
        first_dirty_offset: from,
        first_uncleanable_offset: log.active_segment().base_offset,
        producers: ActiveProducers::new(),
        buffer_bytes: OffsetMap::BUFFER_BYTES,
        now,
        timestamp: now.timestamp(),
    }
}

/// Offsets of all records in the log.
fn offsets(log: &Log, disk: &Disk) -> Vec<i64> {
    let mut all = Vec::new();
    for segment in log.segments() {
        let bytes = disk.read(segment.log, 0, segment.size_bytes as usize).unwrap();
        for batch in batch::batches(&bytes) {
            all.extend(batch::records(batch.unwrap().2).unwrap().iter().map(|r| r.offset.0));
        }
    }
    all
}

#[test]
fn newest_of_each_key_stays_tombstones_go_later_and_the_way_back_restores_every_byte() {
    let mut disk = Disk::memory();
    let mut log = log(&mut disk, &[("cleanup.policy", "compact"), ("delete.retention.ms", "1000")]);
    for (key, value) in [("k1", "1"), ("k2", "1"), ("k1", "2"), ("k3", "1"), ("k2", "2")] {
        write(&mut log, &mut disk, key, Some(value));
    }
    write(&mut log, &mut disk, "k3", None);
    log.roll(&mut disk, NOW, RollReason::Requested, &mut Vec::new()).unwrap();
    write(&mut log, &mut disk, "k1", Some("3"));
    let (before, files, mark) = (log.clone(), disk.digest().unwrap(), disk.mark());

    let (mut events, mut steps) = (Vec::new(), Vec::new());
    let mut cleaning = Cleaning::new(plan(&log, Offset(0), NOW));
    while let Some(step) = cleaning.step(&mut log, &mut disk, &mut events).unwrap() {
        steps.push(step);
    }
    assert_eq!(offsets(&log, &disk), [2, 4, 5, 6], "the active segment is not touched");
    let fate_of_0 = steps.iter().find_map(|step| match step {
        CleanStep::Judged { records, .. } => Some(records[0]),
        _ => None,
    });
    assert_eq!(fate_of_0, Some((Offset(0), RecordFate::Superseded(Offset(2)))));
    assert!(matches!(steps.last(), Some(CleanStep::Done(done)) if done.end_offset == Offset(6)));
    assert!(disk.exists("broker-1/prices-0/00000000000000000000.log.deleted"));
    assert_eq!((log.log_end_offset(), log.segments().len()), (Offset(7), 2));

    let at = |ms| Instant(ms);
    let unit = (at(0) + crate::clock::Duration::from_ms(1_000)).0;
    let result = log.clean(&mut disk, plan(&log, Offset(6), at(unit / 2)), &mut events).unwrap();
    assert_eq!(offsets(&log, &disk), [2, 4, 5, 6], "the tombstone waits for its horizon");
    assert_eq!(result.end_offset, Offset(0), "there was nothing dirty");
    let again = CleaningPlan { first_dirty_offset: Offset(0), ..plan(&log, Offset(0), at(unit)) };
    log.clean(&mut disk, again, &mut events).unwrap();
    assert_eq!(offsets(&log, &disk), [2, 4, 6]);
    assert!(log.next_removal().is_some());
    log.remove_due(&mut disk, at(unit * 62), &mut events).unwrap();
    assert!(!disk.exists("broker-1/prices-0/00000000000000000000.log.deleted"));

    disk.undo_to(mark).unwrap();
    assert_eq!(disk.digest().unwrap(), files);
    assert_eq!(offsets(&before, &disk), [0, 1, 2, 3, 4, 5, 6]);
}

#[test]
fn full_map_ends_the_pass_early() {
    let mut disk = Disk::memory();
    let mut log = log(&mut disk, &[("cleanup.policy", "compact")]);
    for n in 0..20 {
        write(&mut log, &mut disk, &format!("k{}", n % 10), Some("v"));
    }
    log.roll(&mut disk, NOW, RollReason::Requested, &mut Vec::new()).unwrap();
    let small = CleaningPlan { buffer_bytes: 24 * 6, ..plan(&log, Offset(0), NOW) };
    let result = log.clean(&mut disk, small, &mut Vec::new()).unwrap();
    assert_eq!(result.end_offset, Offset(5), "five keys fit into the map");
}
