//! Files of real brokers: their indexes are made again from their logs, bit for bit where the segment was written in
//! one run of the broker (its interval counter restarts with it), and else point at batch boundaries.

use super::*;
use crate::fixtures::{self, Case};
use crate::types::Position;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Appends the batches of a real segment to a log of our own; answers our `.log`, `.index` and `.timeindex`.
fn regenerate(base: Offset, bytes: &[u8], interval: &str) -> Option<[Vec<u8>; 3]> {
    let mut disk = Disk::memory();
    disk.set_reversible(false);
    let mut log = create(&mut disk, &[("index.interval.bytes", interval)]);
    log.truncate_fully_and_start_at(&mut disk, base, &mut Vec::new()).unwrap();
    for batch in crate::batch::batches(bytes) {
        let (_, header, batch) = batch.ok()?;
        if header.magic != 2 {
            return None;
        }
        log.append_as_follower(&mut disk, batch, NOW, &mut Vec::new()).ok()?;
    }
    if log.segments().len() != 1 {
        return None; // the settings of our log would have rolled earlier
    }
    log.close(&mut disk, &mut Vec::new()).unwrap();
    Some([".log", ".index", ".timeindex"].map(|suffix| {
        disk.read_small(&format!("{}/{}", log.directory(), file_name(base, suffix))).unwrap()
    }))
}

/// `index.interval.bytes` of a topic, as the facts have it.
fn interval(facts: &Value, topic: &str) -> String {
    let of_topic = facts["topics"][topic]["configs"]["index.interval.bytes"].as_str();
    let settings = facts["settings"].as_object().into_iter().flatten();
    let of_broker = settings.filter_map(|(_, of)| of["log.index.interval.bytes"].as_str()).next();
    of_topic.or(of_broker).unwrap_or("4096").to_string()
}

/// Whether the segment was surely written within one run of its broker, and by nobody but appends: each start of an
/// only broker begins a leader epoch, and the cleaner writes segments anew.
fn within_one_run(facts: &Value, topic: &str, bytes: &[u8]) -> bool {
    let settings = facts["settings"].as_object().into_iter().flatten();
    let brokers = settings.filter(|(node, _)| node.starts_with("broker")).count();
    let policy = facts["topics"][topic]["configs"]["cleanup.policy"].as_str();
    let told = !facts["topics"][topic].is_null();
    let mut epochs =
        crate::batch::batches(bytes).flatten().map(|batch| batch.1.partition_leader_epoch);
    let first = epochs.next();
    let appended = !policy.is_some_and(|policy| policy.contains("compact"));
    told && brokers == 1 && appended && epochs.all(|epoch| Some(epoch) == first)
}

/// The entries of an offset index, up to the zeros of one that was not trimmed.
fn entries(index: &[u8]) -> Vec<(i64, u32)> {
    let (whole, _) = index.as_chunks::<8>();
    let word = |bytes: &[u8; 8]| u64::from_be_bytes(*bytes);
    let used = whole.iter().rposition(|bytes| word(bytes) != 0).map_or(0, |last| last + 1);
    let entry = |bytes: &[u8; 8]| (i64::from((word(bytes) >> 32) as i32), word(bytes) as u32);
    whole[..used].iter().map(entry).collect()
}

/// The segments of a case: path without suffix, base offset and the log's bytes.
fn segments(case: &Case) -> impl Iterator<Item = (&str, Offset, &[u8])> {
    case.files.iter().filter_map(|(path, bytes)| {
        let stem = path.strip_suffix(".log")?;
        let base = stem.rsplit('/').next()?.parse().ok()?;
        Some((stem, Offset(base), bytes.as_slice()))
    })
}

#[test]
fn indexes_of_real_brokers_are_made_again_or_point_at_batch_boundaries() {
    let (mut same, mut others, mut one_run) = (0, 0, 0);
    fixtures::each("", |case| {
        let facts = case.facts();
        for (stem, base, bytes) in segments(&case) {
            let Some(index) = case.files.get(&format!("{stem}.index")) else { continue };
            let Some(time_index) = case.files.get(&format!("{stem}.timeindex")) else { continue };
            let directory = stem.rsplit('/').nth(1).unwrap_or_default();
            let Some(partition) = TopicPartition::parse(directory) else { continue };
            let interval = interval(&facts, partition.topic.as_str());
            let Some(ours) = regenerate(base, bytes, &interval) else { continue };
            if ours[0] == bytes && &ours[1] == index && &ours[2] == time_index {
                same += 1;
                one_run += usize::from(within_one_run(&facts, partition.topic.as_str(), bytes));
                continue;
            }
            let topic = partition.topic.as_str();
            assert!(!within_one_run(&facts, topic, bytes), "{} {stem}: other bytes", case.name);
            others += 1;
            let walked: BTreeMap<u32, i64> = crate::batch::batches(bytes)
                .flatten()
                .map(|(position, header, _)| (position.0, header.last_offset().0 - base.0))
                .collect();
            for (offset, position) in entries(index) {
                assert_eq!(
                    walked.get(&position),
                    Some(&offset),
                    "{} {stem} at {position}",
                    case.name
                );
            }
        }
    });
    if !fixtures::are_ours() {
        return;
    }
    assert!(same > others, "{same} are the same, {others} only point at batch boundaries");
    assert!(one_run > 0, "no segment was written within one run");
    eprintln!(
        "{same} the same ({one_run} of them within one run), {others} point at batch boundaries"
    );
}

/// The aborted transactions of a log are found again from its batches alone.
#[test]
fn transaction_indexes_of_real_brokers_are_made_again() {
    let mut found = 0;
    fixtures::each("", |case| {
        let with_index: BTreeSet<String> = case
            .files
            .iter()
            .filter(|(path, bytes)| path.ends_with(".txnindex") && !bytes.is_empty())
            .filter_map(|(path, _)| path.rsplit_once('/').map(|(place, _)| place.to_string()))
            .collect();
        for place in with_index {
            let Some(partition) = place.rsplit('/').next().and_then(TopicPartition::parse) else {
                continue;
            };
            // The cleaner takes data away whose transactions stay in the index.
            let line = format!("\n{} {} ", partition.topic, partition.partition);
            let cleaned = case.files.iter().any(|(path, bytes)| {
                path.ends_with(CLEANER_OFFSETS) && String::from_utf8_lossy(bytes).contains(&line)
            });
            if cleaned {
                continue;
            }
            let mut disk = Disk::memory();
            for (path, bytes) in case.below(&place) {
                if path.ends_with(".log") {
                    let file = disk.create(&format!("p/{path}")).unwrap();
                    disk.append(file, bytes).unwrap();
                }
            }
            let from = LoadFrom::unclean(Offset::ZERO);
            let config = LogConfig::default();
            let opened = Log::open(&mut disk, "p", &partition, config, from, &mut Vec::new());
            opened.unwrap_or_else(|error| panic!("{} {place}: {error}", case.name));
            for (path, bytes) in case.below(&place) {
                if path.ends_with(".txnindex") {
                    let ours = format!("p/{path}");
                    let ours = if disk.exists(&ours) {
                        disk.read_small(&ours).unwrap()
                    } else {
                        Vec::new()
                    };
                    let read = |bytes: &[u8]| transaction_index::read(bytes).collect::<Vec<_>>();
                    assert_eq!(read(&ours), read(bytes), "{} {place}/{path}", case.name);
                    found += read(bytes).len();
                }
            }
        }
    });
    assert!(found > 0 || !fixtures::are_ours());
}

#[test]
fn every_offset_of_real_directories_is_found() {
    let mut looked = 0;
    fixtures::each("", |case| {
        let metadata = "/__cluster_metadata-0/"; // format 2 throughout
        if !case.files.keys().any(|path| path.starts_with("data/") && path.contains(metadata)) {
            return;
        }
        let mut disk = Disk::memory();
        let mut partitions: BTreeMap<String, TopicPartition> = BTreeMap::new();
        for (path, bytes) in &case.files {
            let Some((place, name)) = path.rsplit_once('/') else { continue };
            let Some(partition) = place.rsplit('/').next().and_then(TopicPartition::parse) else {
                continue;
            };
            if !path.starts_with("data/") || partition.topic.as_str().starts_with("__") {
                continue;
            }
            match name.ends_with(".log") {
                true => {
                    let file = disk.create(path).unwrap();
                    disk.append(file, bytes).unwrap();
                    partitions.insert(place.to_string(), partition);
                }
                false => disk.replace(path, bytes).unwrap(),
            }
        }
        for (place, partition) in partitions {
            let Ok(log) = Log::look(&mut disk, &place, &partition, LogConfig::default()) else {
                continue;
            };
            for segment in log.segments() {
                for (_, header) in segment.headers(&disk, Position(0)).flatten().step_by(5) {
                    let found = log.translate_offset(&disk, header.last_offset());
                    let LookupStep::Found { base_offset, last_offset, .. } = found else {
                        panic!("{} {place} {}: {found:?}", case.name, header.last_offset())
                    };
                    assert!(
                        base_offset <= header.last_offset() && header.last_offset() <= last_offset
                    );
                    looked += 1;
                }
            }
        }
    });
    assert!(looked > 100 || !fixtures::are_ours(), "{looked}");
}
