//! `klab recover` on damaged directories, held against what the real broker left of them.

use super::*;
use crate::fixtures::{self, Case};
use crate::types::Language;
use std::collections::BTreeSet;

/// Files by their paths.
type Files = BTreeMap<String, Vec<u8>>;

/// Writes the files of a case below `place`.
fn unpack(case: &Case, place: &str, root: &Path) {
    let inside = format!("{place}/");
    for directory in case.directories.iter().filter_map(|path| path.strip_prefix(&inside)) {
        std::fs::create_dir_all(root.join(directory)).unwrap();
    }
    let sizes = &case.facts()["result"]["sizes_before"];
    for (path, bytes) in case.below(place) {
        // Where the dump tool looked at a segment whose index was missing, it made one.
        if path.ends_with("index") && bytes.is_empty() && sizes[path].is_null() {
            continue;
        }
        let file = root.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }
}

fn files(root: &Path) -> Files {
    let disk = Disk::read_only(root).unwrap();
    let paths = disk.digest().unwrap();
    paths.keys().map(|path| (path.clone(), disk.read_small(path).unwrap())).collect()
}

/// The files whose content follows from the start alone. High watermarks, leader epochs and what replaces a directory
/// that was set aside come from the controller, which is not asked here.
fn of_logs(files: Files) -> Files {
    let kept = |path: &String| {
        let name = path.rsplit('/').next().unwrap();
        let log = [".log", ".index", ".timeindex", ".txnindex", ".snapshot"];
        !path.contains("__cluster_metadata-0/") && log.iter().any(|suffix| name.ends_with(suffix))
    };
    files.into_iter().filter(|(path, _)| kept(path)).collect()
}

/// Settings as the case's facts have them.
fn given(case: &Case) -> Vec<(Option<String>, String, String)> {
    let facts = case.facts();
    let mut given = Vec::new();
    for (topic, of) in facts["before_damage"]["topics"].as_object().into_iter().flatten() {
        for (name, value) in of["configs"].as_object().into_iter().flatten() {
            let known = LogConfig::default().set(name, value.as_str().unwrap_or_default());
            if known == Ok(true) {
                given.push((
                    Some(topic.clone()),
                    name.clone(),
                    value.as_str().unwrap().to_string(),
                ));
            }
        }
    }
    given
}

/// Whether the controller knows the partition of a file by the id that lies there: else it has the broker set it aside
/// and make another.
fn is_known(case: &Case, path: &str) -> bool {
    let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let metadata = case.files.get(&format!("before/{directory}/partition.metadata"));
    let Some(text) = metadata.map(|bytes| String::from_utf8_lossy(bytes)) else { return false };
    let Some(partition) = directory.rsplit('/').next().and_then(TopicPartition::parse) else {
        return false;
    };
    let topic = &case.facts()["before_damage"]["topics"][partition.topic.as_str()];
    let number = |of: &serde_json::Value| of["partition"] == partition.partition;
    topic["partitions"].as_array().is_some_and(|all| all.iter().any(number))
        && topic["id"].as_str().is_some_and(|id| text.trim_end().ends_with(id))
}

/// One case of each kind of damage, by the first word of its name; the rest is played by the tests of `storage`.
fn is_new_kind(seen: &mut BTreeSet<String>, name: &str) -> bool {
    seen.insert(name.split('-').nth(1).unwrap_or_default().to_string())
}

#[test]
fn damaged_directories_are_recovered_in_a_copy_as_the_real_broker_did() {
    let (mut seen, mut wrong, mut played) = (BTreeSet::new(), Vec::new(), 0);
    fixtures::each("damage-", |case| {
        let facts = case.facts();
        let before = &facts["before_damage"]["settings"];
        let Some((broker, settings)) = before.as_object().and_then(|all| all.iter().next()) else {
            return;
        };
        let appended = !facts["result"]["appended"].is_null();
        if appended || !is_new_kind(&mut seen, &case.name) {
            return;
        }
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        unpack(&case, "before", from.path());
        let untouched = files(from.path());
        let directories: Vec<PathBuf> = settings["log.dirs"]
            .as_str()
            .unwrap()
            .split(',')
            .map(|path| from.path().join(path.rsplit('/').next().unwrap()))
            .collect();
        if directories.iter().any(|directory| !directory.exists()) {
            return; // an argument would be wrong
        }
        let given = given(&case);
        let request = RecoverRequest {
            directories: &directories,
            to: to.path(),
            node_id: broker.rsplit('-').next().unwrap().parse().ok(),
            now: Timestamp(0),
            config: LogConfig::default(),
            settings: &given,
            stop: &|| false,
        };
        let mut refused = false;
        let mut stray = false;
        recover(&request, &mut |broker| {
            refused |= broker.refused.is_some();
            stray |= broker.events.iter().any(|event| event.step.kind() == "SetAside");
            let text = recovered_text(broker, Language::English);
            let lines = recovered_json(broker);
            let last: serde_json::Value =
                serde_json::from_str(lines.lines().last().unwrap()).unwrap();
            let ends = if broker.refused.is_some() { "Refused" } else { "Stopped" };
            assert_eq!(last["step"], ends, "{}", case.name);
            assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        })
        .unwrap_or_else(|why| panic!("{}: {why}", case.name));
        played += 1;
        assert!(files(from.path()) == untouched, "{}: DIR has changed", case.name);
        let started = facts["result"]["started"] == true;
        if refused == started {
            wrong.push(format!("{}: started {started}, we {}", case.name, !refused));
        }
        let moving = case.files.keys().any(|path| path.contains("-future/"));
        if refused || stray || moving {
            return;
        }
        let ours = of_logs(files(to.path()));
        let after = case.below("after").map(|(path, bytes)| (path.to_string(), bytes.to_vec()));
        let theirs = of_logs(after.collect());
        for path in ours.keys().chain(theirs.keys().filter(|path| !ours.contains_key(*path))) {
            // Producers expire by the clock of the start, which is another one here.
            let by_clock = path.ends_with(".snapshot");
            let (ours, theirs) = (ours.get(path), theirs.get(path));
            if !is_known(&case, path) {
                continue;
            }
            if ours.is_some() != theirs.is_some() || (!by_clock && ours != theirs) {
                wrong.push(format!("{}: {path}", case.name));
            }
        }
    });
    assert!(played > 0 && wrong.is_empty(), "{played} played\n{}", wrong.join("\n"));
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
        let from = tempfile::tempdir().unwrap();
        unpack(&case, "before", from.path());
        let set_aside = |directories: &[PathBuf]| {
            let to = tempfile::tempdir().unwrap();
            let request = RecoverRequest {
                directories,
                to: to.path(),
                node_id: None,
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
