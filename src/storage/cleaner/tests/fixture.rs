//! A directory that a real cleaner worked on: ours on the directory before gives the same files as the real one.

use super::*;
use crate::fixtures::Case;
use crate::storage::{LoadFrom, RetentionRule};
use serde_json::Value;
use std::collections::BTreeMap;

/// A log of the case's `stage`, as a broker would open it after a clean stop.
fn open(
    case: &Case,
    stage: &str,
    partition: &str,
    disk: &mut Disk,
    configs: &Value,
) -> Option<Log> {
    let directory = format!("broker-1/{partition}");
    let mut any = false;
    for (name, bytes) in case.below(&format!("{stage}/{directory}")) {
        if name.ends_with(".deleted") {
            continue;
        }
        any = true;
        let path = format!("{directory}/{name}");
        let is_index = name.ends_with(".index") || name.ends_with(".timeindex");
        if is_index {
            let file = disk.create_mapped(&path, bytes.len() as u64).unwrap();
            disk.write_at(file, 0, bytes).unwrap();
        } else if name.ends_with(".log") {
            let file = disk.create(&path).unwrap();
            disk.append(file, bytes).unwrap();
        } else {
            disk.replace(&path, bytes).unwrap();
        }
    }
    any.then_some(())?;
    let mut config = LogConfig { segment_index_bytes: 65_536, ..LogConfig::default() };
    for (name, value) in configs.as_object().into_iter().flatten() {
        let _ = config.set(name, value.as_str().unwrap_or(""));
    }
    let at = TopicPartition::parse(partition).unwrap();
    Some(Log::open(disk, &directory, &at, config, LoadFrom::CLEAN, &mut Vec::new()).unwrap())
}

/// The topic's configs, from whichever moment of the case's facts tells them.
fn configs(facts: &Value, topic: &str) -> Value {
    let moments = ["before_first_cleaning", "after_first_cleaning", "before_second_cleaning"];
    let told = moments.iter().map(|moment| &facts[moment]["topics"][topic]["configs"]);
    told.chain([&facts["topics"][topic]["configs"]])
        .find(|c| c.is_object())
        .cloned()
        .unwrap_or_default()
}

fn checkpoint(case: &Case, path: &str) -> BTreeMap<String, i64> {
    let Some(bytes) = case.files.get(path) else { return BTreeMap::new() };
    let text = String::from_utf8_lossy(bytes);
    let line = |line: &str| {
        let mut words = line.split(' ');
        let name = format!("{}-{}", words.next()?, words.next()?);
        Some((name, words.next()?.parse().ok()?))
    };
    text.lines().skip(2).filter_map(line).collect()
}

/// The bytes of the `.log` files of one partition, by name.
fn logs<'a>(case: &'a Case, directory: &'a str) -> BTreeMap<String, &'a [u8]> {
    case.below(directory)
        .filter(|(name, _)| name.ends_with(".log"))
        .map(|(name, bytes)| (name.to_owned(), bytes))
        .collect()
}

/// The delete horizons in a log tell when the real cleaner ran: horizon less `delete.retention.ms`.
fn ran_at(logs: &BTreeMap<String, &[u8]>, before: &Log, disk: &Disk) -> Timestamp {
    let old: Vec<Timestamp> = before
        .segments()
        .iter()
        .flat_map(|s| {
            s.headers(disk, Position(0)).flatten().filter_map(|(_, h)| h.delete_horizon())
        })
        .collect();
    let horizons = logs.values().flat_map(|bytes| {
        batch::batches(bytes).flatten().filter_map(|(_, header, _)| header.delete_horizon())
    });
    let fresh = horizons.filter(|horizon| !old.contains(horizon)).map(|horizon| horizon.0).max();
    let now = 1_795_300_000_000; // later than every horizon of the case; only used where none is set
    Timestamp(fresh.map_or(now, |horizon| horizon - before.config().delete_retention_ms))
}

#[test]
fn real_directory_is_cleaned_to_the_same_logs() {
    let mut compared = 0;
    crate::fixtures::each("", |case| {
        let facts = case.facts();
        let is_cleaned = case.below("stages/0-before").next().is_some();
        if facts["surviving_offsets"].is_null() || !is_cleaned {
            return;
        }
        for (from, to) in [("stages/0-before", "stages/1-cleaned"), ("stages/2-more", "data")] {
            let known = checkpoint(&case, &format!("{from}/broker-1/cleaner-offset-checkpoint"));
            let wanted = checkpoint(&case, &format!("{to}/broker-1/cleaner-offset-checkpoint"));
            for (name, &end) in &wanted {
                if name.starts_with("__") {
                    continue;
                }
                let topic = name.rsplit_once('-').unwrap().0;
                let mut disk = Disk::memory();
                let Some(mut log) = open(&case, from, name, &mut disk, &configs(&facts, topic))
                else {
                    continue;
                };
                let directory = format!("{to}/broker-1/{name}");
                let real = logs(&case, &directory);
                let timestamp = ran_at(&real, &log, &disk);
                let expiry = 24 * 60 * 60 * 1000;
                let producers = log.last_records_of_producers(timestamp, expiry);
                let plan = CleaningPlan {
                    first_dirty_offset: known.get(name).map_or(Offset(0), |&offset| Offset(offset)),
                    first_uncleanable_offset: Offset(end),
                    producers,
                    buffer_bytes: OffsetMap::BUFFER_BYTES,
                    now: NOW,
                    timestamp,
                };
                log.clean(&mut disk, plan, &mut Vec::new()).unwrap();
                let place = format!("{} {from} {name}", case.name);
                for segment in log.segments().iter().filter(|s| s.base_offset.0 < end) {
                    let file = crate::storage::file_name(segment.base_offset, ".log");
                    let theirs =
                        real.get(&file).unwrap_or_else(|| panic!("{place}: {file} is not there"));
                    let ours = disk.read(segment.log, 0, segment.size_bytes as usize).unwrap();
                    assert_eq!(kept(&ours), kept(theirs), "{place} {file}");
                    let differs = first_difference(&ours, theirs);
                    assert!(differs.is_none(), "{place} {file}: {differs:?}");
                    compared += 1;
                }
                let ends = real.keys().filter(|file| file[..20].parse::<i64>().unwrap() < end);
                let files = log.segments().iter().filter(|s| s.base_offset.0 < end).count();
                assert_eq!(ends.count(), files, "{place}");
            }
        }
    });
    assert!(compared > 0 || !crate::fixtures::are_ours(), "nothing was cleaned");
}

/// The headers of the first batch that differs. Compressors differ in their bytes: of a compressed batch the header and
/// the records must be the same, of others every byte.
fn first_difference(ours: &[u8], theirs: &[u8]) -> Option<(batch::Header, batch::Header)> {
    let (ours, theirs) = (batch::batches(ours).flatten(), batch::batches(theirs).flatten());
    let differ = |ours: &[u8], theirs: &[u8]| {
        let read = |bytes: &[u8]| batch::Header::parse(bytes).unwrap();
        let (mut a, b) = (read(ours), read(theirs));
        if a.codec() == batch::Codec::None {
            return ours != theirs;
        }
        (a.crc, a.batch_length) = (b.crc, b.batch_length);
        a != b || batch::records(ours).unwrap() != batch::records(theirs).unwrap()
    };
    ours.zip(theirs).find(|(a, b)| differ(a.2, b.2)).map(|(a, b)| (a.1, b.1))
}

/// Base and last offset of each batch, with the offsets of its records.
fn kept(bytes: &[u8]) -> Vec<(i64, i64, Vec<i64>)> {
    batch::batches(bytes)
        .map(|found| {
            let (_, header, bytes) = found.unwrap();
            let records = batch::records(bytes).unwrap();
            let offsets = records.iter().map(|record| record.offset.0).collect();
            (header.base_offset.0, header.last_offset().0, offsets)
        })
        .collect()
}

/// Base offsets of the segments that `files` names with this ending.
fn bases(files: &Value, directory: &str, ending: &str) -> Vec<i64> {
    let inside = |path: &String| {
        let name = path.strip_prefix(directory)?.strip_prefix('/')?.strip_suffix(ending)?;
        name.parse().ok()
    };
    files.as_object().into_iter().flatten().filter_map(|(path, _)| inside(path)).collect()
}

/// What clients asked to delete, by partition, and the clock of the broker: it tells of the segments that it deletes
/// when they were last written, which was moments before.
fn told_by_the_log(facts: &Value) -> (BTreeMap<String, i64>, Timestamp) {
    let number = |text: &str| -> Option<i64> {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        text[..end].parse().ok()
    };
    let (mut deleted, mut clock) = (BTreeMap::new(), None);
    for line in facts["broker_log"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if line.contains("due to client delete records request") {
            let partition =
                line.split_once("partition=").and_then(|(_, rest)| rest.split_once(','));
            let offset = line.split_once("log start offset to ");
            if let (Some((partition, _)), Some((_, offset))) = (partition, offset) {
                deleted.insert(partition.to_owned(), number(offset).unwrap());
            }
        }
        let times = line.split("lastModifiedTime=").skip(1).filter_map(number);
        clock = clock.max(times.max());
    }
    (deleted, Timestamp(clock.expect("a broker that tells what it deletes")))
}

#[test]
fn retention_drops_the_segments_that_the_real_broker_dropped() {
    let mut compared = 0;
    crate::fixtures::each("", |case| {
        let facts = case.facts();
        if facts["before_retention"].is_null() {
            return;
        }
        let (deleted, now) = told_by_the_log(&facts);
        let topics = facts["topics"].as_object().unwrap();
        for (topic, told) in topics.iter().filter(|(name, _)| !name.starts_with("__")) {
            let name = format!("{topic}-0");
            let directory = format!("broker-1/{name}");
            let gone = bases(&facts["files"], &directory, ".log.deleted");
            // The log as it was before: what the broker renamed has its name again.
            let mut before = Case { name: case.name.clone(), ..Case::default() };
            for (file, bytes) in case.below(&format!("data/{directory}")) {
                let old = file.strip_suffix(".deleted").unwrap_or(file);
                let path = format!("x/{directory}/{old}");
                before.files.insert(path, bytes.to_vec());
            }
            let mut disk = Disk::memory();
            let configs = &told["configs"];
            let Some(mut log) = open(&before, "x", &name, &mut disk, configs) else { continue };
            // Written after the check: the last batches of some topics, in a segment of their own.
            let end =
                facts["before_retention"]["facts"]["topics"][topic]["partitions"][0]["end_offset"]
                    .as_i64()
                    .unwrap();
            log.truncate_to(&mut disk, Offset(end), &mut Vec::new()).unwrap();
            let start = told["partitions"][0]["earliest_offset"].as_i64().unwrap();
            if let Some(&offset) = deleted.get(&name) {
                log.advance_log_start(&mut disk, Offset(offset), &mut Vec::new()).unwrap();
            }
            let steps: Vec<_> = log.retention(Offset(end), now).collect();
            let dropped =
                steps.iter().filter(|s| matches!(s.verdict, crate::storage::Verdict::Delete(_)));
            let dropped: Vec<i64> = dropped.map(|step| step.base_offset.0).collect();
            assert_eq!(dropped, gone, "{name}: {steps:?}");
            assert!(steps.iter().any(|step| step.rule == RetentionRule::LogStartOffset), "{name}");
            log.apply_retention(&mut disk, Offset(end), NOW, now, &mut Vec::new()).unwrap();
            assert_eq!(log.log_start_offset(), Offset(start), "{name}");
            compared += 1;
        }
    });
    assert!(compared > 0 || !crate::fixtures::are_ours());
}
