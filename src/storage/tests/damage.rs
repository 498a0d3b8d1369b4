//! Damaged directories and what the real broker made of them (Kafka 4.3.1): `before` is started and cleanly stopped by
//! us, and must then be `after`, file by file and byte by byte; or both refuse to start, because of the same file.

use super::damage_case::*;
use super::*;
use crate::fixtures::{self, Case};
use serde_json::Value;

/// Starts, serves and stops; answers what is wrong.
fn play(case: &Case) -> Vec<String> {
    let told = Told::of(case);
    let mut disk = disk_with(case, "before");
    let is_stray = |partition: &TopicPartition, id: Option<Uuid>| match id {
        None => Some("partition.metadata is missing".to_string()),
        Some(id) => {
            let known = told.partitions.contains(partition)
                && told.topics.get(partition.topic.as_str()).is_some_and(|topic| topic.0 == id);
            (!known).then(|| "the controller does not know it".to_string())
        }
    };
    let config = |partition: &TopicPartition| match told.topics.get(partition.topic.as_str()) {
        Some((_, config)) => config.clone(),
        None => config(&[("segment.index.bytes", "65536")]),
    };
    let plan = StartPlan {
        directories: &told.directories,
        node_id: Some(told.node_id),
        now: told.now,
        config: &config,
        is_stray: &is_stray,
        era: crate::era::Era::default(),
        needs_properties: true,
    };
    let mut events = Vec::new();
    let started = start(&mut disk, &plan, &mut events);
    let expected = told.facts["result"]["started"] == Value::Bool(true);
    let mut started = match started {
        Ok(started) if expected => started,
        Ok(_) => return vec!["we start, Kafka does not".to_string()],
        Err(refused) if expected => {
            return vec![format!("Kafka starts, we do not: {}", refused.why)];
        }
        Err(refused) => return compare_refusals(case, &refused),
    };
    let mut wrong = Vec::new();
    lead(&told, &mut started, &mut disk);
    compare_reads(&told, &started, &disk, "read", &mut wrong);
    if !told.facts["result"]["appended"].is_null() {
        append_what_followed(case, &told, &mut started, &mut disk);
        commit(&mut started);
        compare_reads(&told, &started, &disk, "read_after_append", &mut wrong);
    }
    let flag = case
        .below("after")
        .find_map(|(path, bytes)| path.ends_with(CLEAN_SHUTDOWN).then_some(bytes));
    let text = String::from_utf8_lossy(flag.unwrap_or_default()).into_owned();
    let epoch = text.split(&[':', '}']).nth(2).and_then(|epoch| epoch.parse().ok()).unwrap_or(-1);
    if let Err(error) = started.stop(&mut disk, epoch, &mut events) {
        wrong.push(format!("our stop fails: {error}"));
    }
    compare_files(case, &disk, &mut wrong);
    wrong
}

/// What follows the loading: missing partitions are made, and each log gets the epoch of its new leader, which is this
/// broker; a sole replica's high watermark is its log end.
fn lead(told: &Told, started: &mut Started, disk: &mut Disk) {
    let online = started.directories.iter().all(|directory| directory.offline.is_none());
    for partition in &told.partitions {
        if !started.logs.contains_key(partition) && online {
            let (id, config) = told.topics[partition.topic.as_str()].clone();
            let path = format!("{}/{partition}", told.directories[0]);
            let log = Log::create(disk, &path, partition, id, config).unwrap();
            started.logs.insert(partition.clone(), log);
        }
    }
    for (partition, log) in &mut started.logs {
        if let Some(epoch) = told.partition(partition)["epoch_at_end"].as_i64() {
            let end = log.log_end_offset();
            log.assign_epoch(disk, LeaderEpoch(epoch as i32), end, &mut Vec::new()).unwrap();
        }
    }
    commit(started);
}

/// Nobody else is in sync: the high watermark is the log end.
fn commit(started: &mut Started) {
    for (partition, log) in &mut started.logs {
        let end = log.log_end_offset();
        log.high_watermark_moved(end);
        started.high_watermarks.insert(partition.clone(), end);
    }
}

/// Appends the batches that `after` has behind ours.
fn append_what_followed(case: &Case, told: &Told, started: &mut Started, disk: &mut Disk) {
    let damaged = told.facts["damaged_partition"].as_str().unwrap();
    let log = started.logs.get_mut(&TopicPartition::parse(damaged).unwrap()).unwrap();
    let inside = log.directory().to_string();
    let after: Vec<(&str, &[u8])> = case.below("after").collect();
    let epoch = log.latest_epoch();
    for (path, bytes) in after {
        if !path.starts_with(&format!("{inside}/")) || !path.ends_with(".log") {
            continue;
        }
        let have = match disk.exists(path) {
            true => disk.read_small(path).unwrap().len(),
            false => 0,
        };
        for found in crate::batch::batches(&bytes[have.min(bytes.len())..]) {
            let mut batch = found.unwrap().2.to_vec();
            // The append may fail, as it did there: then the bytes lie in the file and nothing else has changed.
            let _ = log.append_as_leader(disk, &mut batch, epoch, NOW, &mut Vec::new());
        }
    }
}

fn compare_reads(told: &Told, started: &Started, disk: &Disk, what: &str, wrong: &mut Vec<String>) {
    let after_append = what != "read";
    for (partition, log) in &started.logs {
        let facts = told.partition(partition);
        for (name, ours) in [
            ("earliest_offset", log.log_start_offset()),
            ("end_offset", log.log_end_offset()),
            ("last_stable_offset", log.last_stable_offset(log.log_end_offset())),
        ] {
            if !after_append && facts[name].as_i64().is_some_and(|told| told != ours.0) {
                wrong.push(format!("{partition} {name}: {}, we say {ours}", facts[name]));
            }
        }
        // Offsets that go back (an append behind a log end that was found too low): Kafka bounds a read by the position
        // of the high watermark in the file, we by its offset. Such a log is lost either way.
        let last = log.active_segment().headers(disk, crate::types::Position(0)).flatten().last();
        if last.is_some_and(|(_, header)| header.next_offset() != log.log_end_offset())
            && after_append
        {
            continue;
        }
        for (level, committed) in [("read_uncommitted", false), ("read_committed", true)] {
            let facts = &told.facts["result"][what][partition.to_string()][level];
            if let Some(told) = Read::told(facts) {
                let ours = Read::of(log, disk, committed);
                if ours != told {
                    wrong.push(format!("{partition} {what} {level}: {told:?}, we {ours:?}"));
                }
            }
        }
    }
}

fn compare_files(case: &Case, disk: &Disk, wrong: &mut Vec<String>) {
    // A move between directories goes on once the broker serves; what it makes of its files comes after the start.
    let moving: Vec<String> = case
        .below("before")
        .filter_map(|(path, _)| path.split('/').find_map(|part| part.strip_suffix("-future")))
        .filter_map(|part| part.rsplit_once('.').map(|(partition, _)| partition.to_string()))
        .collect();
    let is_moving = |path: &str| {
        let name = path.split('/').nth(1).unwrap_or_default();
        !moving.is_empty()
            && (name.ends_with("offset-checkpoint")
                || moving.iter().any(|moving| name.starts_with(moving)))
    };
    let mut ours = all_files(disk);
    ours.retain(|path, _| !is_moving(path));
    let after = case.below("after").filter(|(path, _)| !is_moving(path));
    let theirs = normal(after.map(|(path, bytes)| (path.to_string(), bytes.to_vec())));
    for path in ours.keys().chain(theirs.keys().filter(|path| !ours.contains_key(*path))) {
        let (ours, theirs) = (ours.get(path), theirs.get(path));
        if ours != theirs {
            let size =
                |bytes: Option<&Vec<u8>>| bytes.map_or("none".into(), |b| b.len().to_string());
            let text = |bytes: Option<&Vec<u8>>| match bytes {
                Some(bytes) if bytes.len() < 200 && bytes.is_ascii() => {
                    format!(" {:?}", String::from_utf8_lossy(bytes))
                }
                _ => String::new(),
            };
            let (left, right) = (size(theirs) + &text(theirs), size(ours) + &text(ours));
            wrong.push(format!("{path}: there {left}, here {right}"));
        }
    }
}

/// Both refuse: the file, the text or the directory that Kafka's exceptions name is what ours is about. Some exceptions
/// name nothing (a `NullPointerException`).
fn compare_refusals(case: &Case, refused: &StartRefused) -> Vec<String> {
    let (mut inside, mut directories, mut quoted) = (Vec::new(), Vec::new(), Vec::new());
    let log = case.text("broker-log.txt");
    for line in log.lines().filter(|line| line.contains("Exception") || line.contains("ERROR")) {
        for rest in line.split("<dir>/data/").skip(1) {
            let path = rest.split(|c: char| c.is_whitespace() || "],:'".contains(c)).next();
            let path = path.unwrap_or_default().trim_end_matches('.');
            match path.rsplit_once('/') {
                Some((_, name)) => inside.push(name),
                None => directories.push(path),
            }
        }
        quoted.extend(
            line.split("For input string: \"").nth(1).and_then(|rest| rest.split('"').next()),
        );
    }
    let ours = format!("{}: {}", refused.directory, refused.why);
    let agree = match (&inside[..], &quoted[..]) {
        ([], []) => directories.is_empty() || directories.contains(&refused.directory.as_str()),
        ([], texts) => texts.iter().any(|text| ours.contains(text)),
        (names, _) => names.iter().any(|name| ours.contains(name)),
    };
    let theirs = || format!("{inside:?} {quoted:?} {directories:?}");
    if agree { Vec::new() } else { vec![format!("refused for {}, here: {ours}", theirs())] }
}

#[test]
fn damaged_directories_come_out_as_the_real_broker_left_them() {
    let (mut wrong, mut all) = (Vec::new(), 0);
    fixtures::each("damage-", |case| {
        all += 1;
        let found = play(&case);
        if !found.is_empty() {
            wrong.push(format!("{}:\n    {}", case.name, found.join("\n    ")));
        }
    });
    assert!(wrong.is_empty(), "{} of {all} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
