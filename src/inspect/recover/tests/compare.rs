//! One directory that was recovered, held against the one that the real broker left; and what is excused, with reasons.

use super::{Case, Excused, Files};
use crate::types::TopicPartition;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const BROKER_EPOCH: &str = "broker epoch in .kafka_cleanshutdown: an offset of the metadata log, which other threads write to meanwhile";
const DIRECTORY_ID: &str = "directory.id: drawn by chance where it was missing";
const WRITTEN_ON: &str = "the broker took more records before its stop: its logs begin with ours";
const MOVING: &str = "a move between directories goes on once the broker serves";
const ORDER: &str =
    "the start was refused: how many of the other logs were loaded by then is chance";
const ELECTION: &str =
    "no metadata log: the last line of leader-epoch-checkpoint is the controller's";
const SOLE: &str =
    "no metadata log: that nobody else must be in sync lifts the high watermark to the log end";
const STRAY: &str = "no metadata log: which partitions the controller knows, and by which id";
const ROOM: &str = "no settings: segment.index.bytes of an index that was not closed";
const NOT_A_DIRECTORY: &str = "no settings: log.dirs may name what is no log directory";
pub(super) const REFUSED_BY_SETTINGS: &str = "no settings: a directory of log.dirs that is gone, or a node.id that is not the one in meta.properties";

/// Reasons that hold whatever is given.
pub(super) const ALWAYS: [&str; 5] = [BROKER_EPOCH, DIRECTORY_ID, WRITTEN_ON, MOVING, ORDER];

/// A case that was played.
pub(super) struct Play<'a> {
    pub case: &'a Case,
    /// The broker does not start, here as there.
    pub refused: bool,
    /// The settings and the metadata log were given.
    pub told: bool,
    /// The files before.
    pub before: Files,
}

/// The bytes without the zeros at their end.
pub(super) fn used(bytes: &[u8]) -> &[u8] {
    let mut end = bytes.len();
    while end >= ZEROS.len() && bytes[end - ZEROS.len()..end] == ZEROS {
        end -= ZEROS.len();
    }
    let last = bytes[..end].iter().rposition(|byte| *byte != 0);
    &bytes[..last.map_or(0, |last| last + 1)]
}

/// Compared at once, which is quick in a build without optimization, too.
const ZEROS: [u8; 4096] = [0; 4096];

impl Play<'_> {
    /// Whether the start was refused for something that settings alone say.
    pub fn is_settings_matter(&self) -> bool {
        let facts = self.case.facts();
        let settings = facts["before_damage"]["settings"].as_object();
        let Some(settings) = settings.and_then(|all| all.values().next()) else { return false };
        let directories = settings["log.dirs"].as_str().unwrap_or_default().split(',');
        let is_gone = |path: &str| {
            let inside = format!("{}/", path.rsplit('/').next().unwrap_or_default());
            !self.before.keys().any(|path| path.starts_with(&inside))
        };
        let id = format!("node.id={}", settings["node.id"].as_str().unwrap_or_default());
        let is_other = |(path, bytes): (&String, &Vec<u8>)| {
            path.ends_with("/meta.properties") && !lines(bytes).contains(&id)
        };
        !self.told && (directories.into_iter().any(is_gone) || self.before.iter().any(is_other))
    }

    /// A partition whose files are no matter of the start alone, and why.
    fn is_apart(&self, partition: &str) -> Option<&'static str> {
        let facts = self.case.facts();
        let parsed = TopicPartition::parse(partition)?;
        let moves = |path: &String| {
            path.split('/')
                .any(|part| part.ends_with("-future") && part.starts_with(&format!("{partition}.")))
        };
        if self.before.keys().any(moves) {
            return Some(MOVING);
        }
        if !facts["result"]["appended"].is_null() && facts["damaged_partition"] == partition {
            return Some(WRITTEN_ON);
        }
        if self.told {
            return None;
        }
        // Whether the controller knows the partition by the id that lies there.
        let topic = &facts["before_damage"]["topics"][parsed.topic.as_str()];
        let number = |of: &Value| of["partition"] == parsed.partition;
        let id = topic["id"].as_str().unwrap_or("?");
        let place = |(path, bytes): (&String, &Vec<u8>)| {
            path.ends_with(&format!("/{partition}/partition.metadata"))
                && String::from_utf8_lossy(bytes).trim_end().ends_with(id)
        };
        let known = topic["partitions"].as_array().is_some_and(|all| all.iter().any(number))
            && self.before.iter().any(place);
        (!known && !self.refused).then_some(STRAY)
    }

    /// Epoch and log end of a partition as the broker told them after its start.
    fn elected(&self, partition: &str) -> Option<(i64, i64)> {
        let parsed = TopicPartition::parse(partition)?;
        let facts = self.case.facts();
        let all = &facts["result"]["facts"]["topics"][parsed.topic.as_str()]["partitions"];
        let own = all.as_array()?.iter().find(|of| of["partition"] == parsed.partition)?;
        Some((own["epoch_at_end"].as_i64()?, own["end_offset"].as_i64()?))
    }
}

/// Names that are drawn by chance, left out: `orders-0.1f2e…-stray` is `orders-0-stray`.
fn normal(files: impl Iterator<Item = (String, Vec<u8>)>) -> Files {
    let part = |part: &str| match part.strip_suffix("-stray") {
        Some(rest) => format!("{}-stray", rest.split('.').next().unwrap_or_default()),
        None => part.to_string(),
    };
    let kept = files.filter(|(path, _)| !path.contains("__cluster_metadata-0/"));
    kept.map(|(path, bytes)| (path.split('/').map(part).collect::<Vec<_>>().join("/"), bytes))
        .collect()
}

/// The lines of a text, sorted: the order of a checkpoint is that of a hash table.
fn lines(bytes: &[u8]) -> BTreeSet<String> {
    String::from_utf8_lossy(bytes).lines().map(str::to_string).collect()
}

/// What differs.
pub(super) fn compare(play: &Play, ours: Files, excused: &mut Excused) -> Vec<String> {
    let after = play.case.below("after").map(|(path, bytes)| (path.to_string(), bytes.to_vec()));
    let (ours, theirs) = (normal(ours.into_iter()), normal(after));
    let mut wrong = Vec::new();
    let paths: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    for path in paths {
        let (own, other) = (ours.get(path), theirs.get(path));
        if own == other {
            continue;
        }
        match judge(play, path, own, other) {
            Ok(reasons) => {
                for why in reasons {
                    excused.entry(why).or_default().insert(play.case.name.clone());
                }
            }
            Err(what) => wrong.push(format!("{path}: {what}")),
        }
    }
    wrong
}

/// Why two files may differ, or what is wrong.
fn judge(
    play: &Play,
    path: &str,
    ours: Option<&Vec<u8>>,
    theirs: Option<&Vec<u8>>,
) -> Result<Vec<&'static str>, String> {
    let parts: Vec<&str> = path.split('/').collect();
    let name = parts[parts.len() - 1];
    let size = |bytes: Option<&Vec<u8>>| bytes.map_or("none".to_string(), |b| b.len().to_string());
    let differs = || Err(format!("there {}, here {}", size(theirs), size(ours)));
    if parts.len() == 1 && !play.told {
        return Ok(vec![NOT_A_DIRECTORY]);
    }
    if let (true, Some(ours), Some(theirs)) = (name.ends_with("index"), ours, theirs) {
        let flag = format!("{}/.kafka_cleanshutdown", parts[0]);
        let closed = play.case.below("after").any(|(path, _)| path == flag);
        if !closed && !play.told && used(ours) == used(theirs) {
            return Ok(vec![ROOM]);
        }
    }
    if play.refused {
        let was = play.before.get(path);
        let of_a_log = parts.len() == 3;
        return if of_a_log && (ours == was || theirs == was) {
            Ok(vec![ORDER])
        } else {
            differs()
        };
    }
    if let [_, directory, _] = parts[..] {
        let partition = directory.strip_suffix("-stray").unwrap_or(directory);
        let partition = partition.split('.').next().unwrap_or_default();
        if let Some(why) = play.is_apart(partition) {
            let continued = match (ours, theirs) {
                (Some(ours), Some(theirs)) => theirs.starts_with(ours),
                _ => true,
            };
            let log = name.ends_with(".log") && why == WRITTEN_ON;
            return if log && !continued { differs() } else { Ok(vec![why]) };
        }
        if name == "leader-epoch-checkpoint" && !play.told {
            return election(play, partition, ours, theirs);
        }
        return differs();
    }
    let (Some(ours), Some(theirs)) = (ours, theirs) else { return differs() };
    let say = |ours: &BTreeSet<String>, theirs: &BTreeSet<String>| {
        let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
            one.difference(other).cloned().collect::<Vec<_>>().join(", ")
        };
        Err(format!("only there: {}; only here: {}", only(theirs, ours), only(ours, theirs)))
    };
    match name {
        ".kafka_cleanshutdown" => {
            let version = |bytes: &[u8]| {
                serde_json::from_slice::<Value>(bytes).ok().map(|flag| flag["version"].clone())
            };
            match version(ours).is_some() && version(ours) == version(theirs) {
                true => Ok(vec![BROKER_EPOCH]),
                false => differs(),
            }
        }
        "meta.properties" => {
            let drawn = |path: &str| {
                let was = play.before.get(path).map(|bytes| lines(bytes)).unwrap_or_default();
                !was.iter().any(|line| line.starts_with("directory.id"))
            };
            let (mut own, mut other) = (lines(ours), lines(theirs));
            for lines in [&mut own, &mut other] {
                lines.retain(|line| !line.starts_with('#') && !line.starts_with("directory.id"));
            }
            if drawn(path) && own == other { Ok(vec![DIRECTORY_ID]) } else { say(&own, &other) }
        }
        _ if name.ends_with("-offset-checkpoint") => checkpoint(play, path, ours, theirs)
            .map_err(|(own, other)| say(&own, &other).unwrap_err()),
        _ => differs(),
    }
}

/// The offsets of a checkpoint by `topic-partition`.
fn offsets(bytes: &[u8]) -> BTreeMap<String, i64> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let line = |line: &str| {
        let (partition, offset) = line.rsplit_once(' ')?;
        Some((partition.replacen(' ', "-", 1), offset.parse().ok()?))
    };
    text.lines().skip(2).filter_map(line).collect()
}

type Both = (BTreeSet<String>, BTreeSet<String>);

fn checkpoint(
    play: &Play,
    path: &str,
    ours: &[u8],
    theirs: &[u8],
) -> Result<Vec<&'static str>, Both> {
    let (own, other) = (offsets(ours), offsets(theirs));
    let mut reasons = BTreeSet::new();
    let mut wrong = (BTreeSet::new(), BTreeSet::new());
    for partition in own.keys().chain(other.keys()) {
        let (ours, theirs) = (own.get(partition), other.get(partition));
        let lifted = || {
            let end = play.elected(partition).map(|(_, end)| end);
            let marks = path.ends_with("/replication-offset-checkpoint");
            marks && !play.told && ours.is_some() && end.as_ref() == theirs
        };
        if ours == theirs {
        } else if let Some(why) = play.is_apart(partition) {
            reasons.insert(why);
        } else if lifted() {
            reasons.insert(SOLE);
        } else {
            wrong.0.extend(ours.map(|offset| format!("{partition} {offset}")));
            wrong.1.extend(theirs.map(|offset| format!("{partition} {offset}")));
        }
    }
    if wrong.0.is_empty() && wrong.1.is_empty() {
        Ok(reasons.into_iter().collect())
    } else {
        Err(wrong)
    }
}

/// Our epochs with the one that the election adds must be theirs.
fn election(
    play: &Play,
    partition: &str,
    ours: Option<&Vec<u8>>,
    theirs: Option<&Vec<u8>>,
) -> Result<Vec<&'static str>, String> {
    let text =
        |bytes: Option<&Vec<u8>>| String::from_utf8_lossy(bytes.map_or(&[], |b| b)).into_owned();
    let entries = |bytes: Option<&Vec<u8>>| -> Vec<(i64, i64)> {
        let entry = |line: &str| {
            let (epoch, offset) = line.split_once(' ')?;
            Some((epoch.parse().ok()?, offset.parse().ok()?))
        };
        text(bytes).lines().filter_map(entry).collect()
    };
    // `LeaderEpochFileCache.maybeTruncateNonMonotonicEntries`: a new entry drops what it contradicts.
    let mut expected: Vec<(i64, i64)> = Vec::new();
    for entry in entries(ours).into_iter().chain(play.elected(partition)) {
        expected.retain(|known| known.0 < entry.0 && known.1 < entry.1);
        expected.push(entry);
    }
    match expected == entries(theirs) {
        true => Ok(vec![ELECTION]),
        false => Err(format!("there {:?}, here {:?}", text(theirs), text(ours))),
    }
}
