//! Logs of real brokers in all formats, mixed ones included: every offset and every time is found where a plain scan of
//! the whole log finds it. And the index rules of older versions.

use super::*;
use crate::batch::{BatchBuilder, entries};
use crate::clock::Instant;
use crate::era;
use std::collections::BTreeMap;

/// One entry as the scan sees it: segment, position, last offset; then its records' offsets and times.
struct Scanned {
    segment: Offset,
    position: u64,
    last: Offset,
    records: Vec<(Offset, Timestamp)>,
}

fn scan(segments: &BTreeMap<Offset, &Vec<u8>>) -> Option<Vec<Scanned>> {
    let mut all = Vec::new();
    for (&segment, bytes) in segments {
        for entry in entries(bytes) {
            let entry = entry.ok()?;
            let records = entry.records().ok()?;
            let records = records.iter().map(|record| (record.offset, record.timestamp)).collect();
            let (position, last) = (entry.position, entry.last_offset());
            all.push(Scanned { segment, position, last, records });
        }
    }
    Some(all)
}

fn check_partition(place: &str, name: &str, files: &BTreeMap<&str, &Vec<u8>>) -> bool {
    let Some(tp) = TopicPartition::parse(name) else { return false };
    let base = |path: &str| path.strip_suffix(".log")?.parse().ok().map(Offset);
    let segments: BTreeMap<Offset, &Vec<u8>> =
        files.iter().filter_map(|(path, bytes)| Some((base(path)?, *bytes))).collect();
    let Some(scanned) = scan(&segments).filter(|scanned| !scanned.is_empty()) else { return false };
    let mut disk = Disk::memory();
    disk.create_directory(name).unwrap();
    for (path, bytes) in files {
        let path = format!("{name}/{path}");
        match path.ends_with(".log") {
            true => {
                let file = disk.create(&path).unwrap();
                disk.append(file, bytes).unwrap();
            }
            false => disk.replace(&path, bytes).unwrap(),
        }
    }
    let Ok(log) = Log::look(&mut disk, name, &tp, LogConfig::default()) else { return false };
    assert_eq!(log.log_end_offset(), scanned.last().unwrap().last + 1, "{place}");
    let step = (scanned.len() / 60).max(1);
    for one in scanned.iter().step_by(step) {
        let found = log.translate_offset(&disk, one.last);
        let LookupStep::Found { segment, position, .. } = found else {
            panic!("{place} {}: {found:?}", one.last)
        };
        assert_eq!((segment, u64::from(position.0)), (one.segment, one.position), "{place}");
        let read = log.read(&disk, one.last, 1, log.log_end_offset(), true).unwrap();
        let first = entries(&read.bytes).next().unwrap().unwrap();
        assert_eq!(first.last_offset(), one.last, "{place}");
        let Some(&(_, time)) = one.records.last() else { continue };
        if time == Timestamp::NONE {
            continue;
        }
        let want = scanned.iter().flat_map(|one| &one.records).find(|(_, other)| *other >= time);
        let got = log.offset_for_timestamp(&disk, time).unwrap();
        let got = got.map(|(offset, time, _)| (offset, time));
        assert_eq!(got, want.copied(), "{place}: time {time}");
    }
    true
}

#[test]
fn every_offset_and_time_of_real_logs_is_found_where_a_scan_finds_it() {
    let mut checked = 0;
    crate::fixtures::each("", |case| {
        let mut partitions: BTreeMap<&str, BTreeMap<&str, &Vec<u8>>> = BTreeMap::new();
        for (path, bytes) in &case.files {
            if let Some((directory, file)) = path.rsplit_once('/')
                && !path.starts_with("dump/")
            {
                partitions.entry(directory).or_default().insert(file, bytes);
            }
        }
        for (directory, files) in partitions {
            let name = directory.rsplit('/').next().unwrap_or(directory);
            let place = format!("{}/{directory}", case.name);
            checked += u32::from(check_partition(&place, name, &files));
        }
    });
    assert!(checked > 0);
}

/// Two appends of three batches each with an interval that falls due in between: the entries, by version.
fn entries_of(kafka: &str) -> Vec<(i64, u32)> {
    let mut disk = Disk::memory();
    let mut log = create(&mut disk, &[]);
    let mut config = LogConfig::of(era::of(kafka).unwrap());
    config.index_interval_bytes = 100;
    log.set_config(config);
    for append in 0..2 {
        let mut bytes = Vec::new();
        for batch in 0..3 {
            let mut builder = BatchBuilder::new(Offset(append * 6 + batch * 2));
            for _ in 0..2 {
                builder.push(&NewRecord::default());
            }
            bytes.extend(builder.build());
        }
        log.append_as_follower(&mut disk, &bytes, Instant(0), &mut Vec::new()).unwrap();
    }
    let index = log.active_segment().index;
    let entry = |slot| index.entry(&disk, slot).unwrap();
    (0..index.entries()).map(entry).map(|(offset, at)| (offset.0, at.0)).collect()
}

#[test]
fn index_entries_are_those_of_the_version() {
    let size = 75; // of each batch
    assert_eq!(entries_of("4.3"), [(5, 2 * size), (9, 4 * size)]);
    assert_eq!(entries_of("3.9"), entries_of("4.3"));
    assert_eq!(entries_of("2.1"), [(11, 3 * size)], "the last offset of the append, at its start");
    assert_eq!(entries_of("0.10.2"), [(6, 3 * size)], "the first offset of the append");
}
