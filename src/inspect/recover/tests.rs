//! `klab recover` on damaged directories, held against what the real broker left of them: every case, once with the
//! settings and the controller's metadata log that the broker had, and once with nothing but the directory.
//!
//! ```text
//!   before/ ──recover DIR… --to OUT──► OUT  ══ file by file ══  after/
//!                                            excused: what directory and settings cannot tell, each with its reason
//! ```
//!
//! The cases leave `__cluster_metadata-0` out, but for those that the others were made from: it is taken from there.

use super::*;
use crate::fixtures::{self, Case};
use crate::quick::directory;
use crate::types::Language;
use compare::{Play, compare};
use std::collections::BTreeSet;
use std::sync::{Mutex, mpsc};

mod compare;

/// Files by their paths.
type Files = BTreeMap<String, Vec<u8>>;

/// Writes the files of a case below `place`; zeros at an end become holes.
fn unpack(case: &Case, place: &str, root: &Path) {
    let inside = format!("{place}/");
    for directory in case.directories.iter().filter_map(|path| path.strip_prefix(&inside)) {
        std::fs::create_dir_all(root.join(directory)).unwrap();
    }
    for (path, bytes) in before(case, place) {
        let file = root.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, compare::used(bytes)).unwrap();
        let file = std::fs::OpenOptions::new().write(true).open(&file).unwrap();
        file.set_len(bytes.len() as u64).unwrap();
    }
}

/// The files below `place`. Where the dump tool looked at a segment whose index was missing, it made one: left out.
fn before<'a>(case: &'a Case, place: &'a str) -> impl Iterator<Item = (&'a str, &'a [u8])> {
    let sizes = case.facts()["result"]["sizes_before"].clone();
    let damaged = place == "before";
    let made = move |path: &str| damaged && path.ends_with("index") && sizes[path].is_null();
    case.below(place).filter(move |(path, bytes)| !(bytes.is_empty() && made(path)))
}

fn files(root: &Path) -> Files {
    let (mut found, mut waiting) = (Files::new(), vec![root.to_path_buf()]);
    while let Some(directory) = waiting.pop() {
        for entry in std::fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// Settings as the case's facts have them: the broker's for all topics, and each topic's own.
fn settings_of(case: &Case) -> Vec<(Option<String>, String, String)> {
    let mut facts = case.facts();
    let facts = facts["before_damage"].take();
    let broker = facts["settings"].as_object().and_then(|all| all.values().next());
    let mut given = Vec::new();
    if let Some(bytes) = broker.and_then(|all| all["log.index.size.max.bytes"].as_str()) {
        given.push((None, "segment.index.bytes".to_string(), bytes.to_string()));
    }
    for (topic, of) in facts["topics"].as_object().into_iter().flatten() {
        for (name, value) in of["configs"].as_object().into_iter().flatten() {
            let value = value.as_str().unwrap_or_default();
            if LogConfig::default().set(name, value) == Ok(true) {
                given.push((Some(topic.clone()), name.clone(), value.to_string()));
            }
        }
    }
    given
}

/// What tells one beginning from another: cases with the same one were made from the same directory.
fn beginning(case: &Case) -> String {
    let facts = case.facts();
    let mut told = String::new();
    for (topic, of) in facts["before_damage"]["topics"].as_object().into_iter().flatten() {
        let first = &of["partitions"][0];
        let (end, epoch) = (&first["end_offset"], &first["epoch_at_end"]);
        told.push_str(&format!("{topic} {} {end} {epoch}\n", of["id"]));
    }
    told
}

/// The metadata logs, by the beginning whose they are: files of a log directory.
fn metadata_logs() -> BTreeMap<String, Vec<(String, Vec<u8>)>> {
    let mut logs = BTreeMap::new();
    fixtures::each("damage-", |case| {
        let state = case.below("before").find(|(path, _)| path.ends_with("-0/quorum-state"));
        let Some(inside) = state.and_then(|(path, _)| path.split('/').next()) else { return };
        let inside = format!("{inside}/");
        let own = case.below("before").filter_map(|(path, bytes)| {
            let path = path.strip_prefix(&inside)?;
            let wanted = path.starts_with("__cluster_metadata-0/") || path == "meta.properties";
            wanted.then(|| (path.to_string(), bytes.to_vec()))
        });
        logs.insert(beginning(&case), own.collect());
    });
    logs
}

/// Words that the files themselves bring: names of directories, and what stands in small files.
fn names(case: &Case) -> BTreeSet<String> {
    let small = case.files.iter().filter(|(path, bytes)| {
        bytes.len() < 4096 && !path.ends_with("index") && !path.ends_with(".log")
    });
    let texts = small.map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned());
    let paths = case.files.keys().chain(&case.directories).cloned();
    let word = |c: char| !c.is_alphanumeric();
    paths
        .chain(texts)
        .flat_map(|text| text.split(word).map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// Plays one case; answers what differs. `metadata`: with the settings, and this log.
fn play(case: &Case, metadata: Option<&[(String, Vec<u8>)]>, excused: &mut Excused) -> Vec<String> {
    let facts = case.facts();
    let before_damage = facts["before_damage"]["settings"].as_object().unwrap().iter().next();
    let (broker, broker_settings) = before_damage.unwrap();
    let (from, to, elsewhere) = (directory(), directory(), directory());
    unpack(case, "before", from.path());
    let log_dirs = broker_settings["log.dirs"].as_str().unwrap().split(',');
    let log_dirs: Vec<PathBuf> =
        log_dirs.map(|path| from.path().join(path.rsplit('/').next().unwrap())).collect();
    let given = if metadata.is_some() { settings_of(case) } else { Vec::new() };
    for (path, bytes) in metadata.into_iter().flatten() {
        let path = elsewhere.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let mut config = LogConfig::default();
    for (_, name, value) in given.iter().filter(|(topic, ..)| topic.is_none()) {
        config.set(name, value).unwrap();
    }
    let whole = [from.path().to_path_buf()];
    let request = RecoverRequest {
        directories: if metadata.is_some() { &log_dirs } else { &whole },
        to: to.path(),
        node_id: metadata.and(broker.rsplit('-').next().unwrap().parse().ok()),
        metadata: metadata.map(|_| elsewhere.path()),
        now: case.started_at(),
        config,
        settings: &given,
        stop: &|| false,
    };
    let (mut wrong, mut untold) = (Vec::new(), Vec::new());
    let names = names(case);
    let mut refused = false;
    let done = recover(&request, &mut |broker| {
        refused |= broker.refused.is_some();
        let text = recovered_text(broker, Language::English);
        let lines = recovered_json(broker);
        let last: serde_json::Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
        let ends = if broker.refused.is_some() { "Refused" } else { "Stopped" };
        assert_eq!(last["step"], ends, "{}", case.name);
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        let text = recovered_text(broker, Language::Chinese);
        untold.extend(text.lines().filter_map(|line| {
            let left = crate::untold::english(line, &names);
            (!left.is_empty()).then(|| format!("in English: {left:?} in {line}"))
        }));
    });
    if let Err(why) = done {
        return vec![why];
    }
    wrong.extend(untold);
    let untouched: Files =
        before(case, "before").map(|(path, bytes)| (path.to_string(), bytes.to_vec())).collect();
    if files(from.path()) != untouched {
        wrong.push("DIR has changed".to_string());
    }
    let started = facts["result"]["started"] == true;
    let play = Play { case, refused, told: metadata.is_some(), before: untouched };
    if refused == started && play.is_settings_matter() {
        excused.entry(compare::REFUSED_BY_SETTINGS).or_default().insert(case.name.clone());
        return wrong;
    }
    if refused == started {
        wrong.push(format!("started {started}, we {}", !refused));
        return wrong;
    }
    wrong.extend(compare(&play, files(to.path()), excused));
    wrong
}

/// Why lines and files were not compared, each reason with the cases that it was needed for.
type Excused = BTreeMap<&'static str, BTreeSet<String>>;

/// All cases, on two threads.
fn play_all(told: bool) -> (Vec<String>, Excused, usize) {
    let logs = if told { metadata_logs() } else { BTreeMap::new() };
    let found = Mutex::new((Vec::new(), Excused::new(), 0));
    let (give, take) = mpsc::sync_channel::<Case>(2);
    let take = Mutex::new(take);
    let work = || {
        loop {
            let next = take.lock().unwrap().recv();
            let Ok(case) = next else { return };
            let metadata = logs.get(&beginning(&case)).map(Vec::as_slice);
            if told && metadata.is_none() {
                continue; // nobody kept what its controller knew
            }
            let mut excused = Excused::new();
            let wrong = play(&case, metadata, &mut excused);
            let mut found = found.lock().unwrap();
            found.0.extend(wrong.into_iter().map(|wrong| format!("{}: {wrong}", case.name)));
            for (why, cases) in excused {
                found.1.entry(why).or_default().extend(cases);
            }
            found.2 += 1;
        }
    };
    std::thread::scope(|threads| {
        threads.spawn(work);
        threads.spawn(work);
        fixtures::each("damage-", |case| give.send(case).unwrap());
        drop(give);
    });
    found.into_inner().unwrap()
}

#[test]
fn every_damaged_directory_comes_out_as_the_real_broker_left_it_with_its_settings_and_metadata() {
    let (wrong, excused, played) = play_all(true);
    assert!(wrong.is_empty(), "{} wrong of {played}\n{}", wrong.len(), wrong.join("\n"));
    assert!(played > 0);
    // What the controller does and the settings say is known here.
    let left: Vec<_> = excused.keys().filter(|why| !compare::ALWAYS.contains(why)).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn every_damaged_directory_comes_out_as_the_real_broker_left_it_with_nothing_but_the_directory() {
    let (wrong, _, played) = play_all(false);
    assert!(wrong.is_empty(), "{} wrong of {played}\n{}", wrong.len(), wrong.join("\n"));
    assert!(played > 0);
}

#[test]
fn a_combined_node_sets_aside_what_its_own_metadata_log_does_not_know() {
    let mut played = 0;
    fixtures::each("damage-", |case| {
        let mine = |path: &str| path.contains("/__cluster_metadata-0/quorum-state");
        let facts = case.facts();
        let combined = facts["before_damage"]["settings"]["broker-1"]["process.roles"]
            .as_str()
            .is_some_and(|roles| roles.contains("controller"));
        if played == 2 || !combined || !case.below("before").any(|(path, _)| mine(path)) {
            return;
        }
        let from = directory();
        unpack(&case, "before", from.path());
        let set_aside = |directories: &[PathBuf]| {
            let to = directory();
            let request = RecoverRequest {
                directories,
                to: to.path(),
                node_id: None,
                metadata: None,
                now: Timestamp(0),
                config: LogConfig::default(),
                settings: &[],
                stop: &|| false,
            };
            let mut told = Vec::new();
            recover(&request, &mut |broker| {
                assert_eq!(broker.refused, None);
                told.extend(broker.events.iter().filter_map(|event| match &event.step {
                    crate::storage::StartStep::SetAside { partition, why, .. } => {
                        Some(format!("{partition}: {why}"))
                    }
                    _ => None,
                }));
            })
            .unwrap();
            told
        };
        let directories: Vec<PathBuf> = find(&[from.path().to_path_buf()])
            .unwrap()
            .into_iter()
            .map(|found| found.path)
            .collect();
        assert_eq!(set_aside(&directories), [""; 0], "{}", case.name);
        // The topic id of another topic, and a partition that nobody knows.
        let mut metadata = directories.iter().map(|path| path.join("orders-0/partition.metadata"));
        let Some(metadata) = metadata.find(|path| path.exists()) else { return };
        let log_dir = metadata.parent().unwrap().parent().unwrap().to_path_buf();
        std::fs::create_dir(log_dir.join("orders-77")).unwrap();
        std::fs::copy(&metadata, log_dir.join("orders-77/partition.metadata")).unwrap();
        std::fs::write(&metadata, "version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAABw").unwrap();
        let told = set_aside(&directories);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(
            told[0].starts_with("orders-0: the metadata log knows no topic id AAAA"),
            "{told:?}"
        );
        assert!(told[1].contains("has no partition 77 of topic id"), "{told:?}");
        played += 1;
    });
    assert!(played == 2 || !fixtures::are_ours(), "{played} played");
}

#[test]
fn brokers_beside_their_controller_ask_it() {
    let mut played = 0;
    fixtures::each("", |case| {
        let controller = |path: &String| {
            path.starts_with("data/controller-") && path.ends_with("-0/quorum-state")
        };
        if !case.files.keys().any(controller) || played == 1 {
            return;
        }
        let (from, to) = (directory(), directory());
        unpack(&case, "data", from.path());
        let directories = [from.path().to_path_buf()];
        let request = RecoverRequest {
            directories: &directories,
            to: to.path(),
            node_id: None,
            metadata: None,
            now: Timestamp(0),
            config: LogConfig::default(),
            settings: &[],
            stop: &|| false,
        };
        recover(&request, &mut |broker| {
            assert_eq!(broker.refused, None);
            assert!(!broker.without_metadata, "{}: {:?}", case.name, broker.directories);
            let mut steps = broker.events.iter().map(|event| event.step.kind());
            assert!(!steps.any(|step| step == "SetAside"), "{}", case.name);
        })
        .unwrap();
        let nowhere = to.path().join("again");
        let wrong = recover(
            &RecoverRequest { to: &nowhere, metadata: Some(&nowhere), ..request },
            &mut |_| panic!("it was said where there is nothing"),
        );
        assert!(wrong.unwrap_err().starts_with("--metadata ") && !nowhere.exists());
        played += 1;
    });
    assert!(played == 1 || !fixtures::are_ours());
}
