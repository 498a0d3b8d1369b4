//! `klab recover`: what a broker would do with a directory at its next start, done to a copy and told step by step.
//!
//! ```text
//!   DIR (read only) ──copied in pieces──► OUT/broker-1/ ──► storage::start ──► clean stop
//!                                                            └ each step with its reason: a line, or a line of JSON
//! ```
//!
//! What always holds: DIR is not changed, not locked, and may lie on a read-only disk; OUT is new or empty before;
//! files are copied in pieces of one mebibyte, holes stay holes. A broker that would not start is told as such, and OUT
//! then holds what it left. Left out: what a broker does behind its start (new leader epochs, retention, compaction);
//! `__cluster_metadata-0` is copied as it is; partitions that the controller does not know cannot be told from others,
//! except those without `partition.metadata`.

use crate::disk::Disk;
use crate::storage::{
    LogConfig, META_PROPERTIES, StartEvent, StartPlan, StartRefused, StartStep, Started, start,
};
use crate::types::{Language, Timestamp, TopicPartition};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Bytes that are copied at once.
const PIECE_BYTES: usize = 1 << 20;
/// Directories below one another are followed this far: a log directory has two levels.
const MOST_LEVELS: usize = 8;

/// What is asked for.
pub struct RecoverRequest<'a> {
    /// Log directories, or folders that hold some.
    pub directories: &'a [PathBuf],
    /// Where the copy goes: new or empty.
    pub to: &'a Path,
    /// The version of the broker: major and minor.
    pub kafka: (u32, u32),
    /// The clock by which producers expire.
    pub now: Timestamp,
    /// The settings of all logs.
    pub config: LogConfig,
}

/// How one broker fared.
#[derive(Debug)]
pub struct RecoveredBroker {
    /// Its log directories, as they are called below OUT.
    pub directories: Vec<String>,
    /// What happened, in order.
    pub events: Vec<StartEvent>,
    /// Why it would not start; nothing: it started and was stopped cleanly.
    pub refused: Option<StartRefused>,
}

/// One log directory that was found.
struct Source {
    path: PathBuf,
    name: String,
    node: Option<String>,
}

/// Copies and recovers; one answer a broker. The error is a sentence: something that was given is wrong.
pub fn recover(
    request: &RecoverRequest,
    told: &mut dyn FnMut(&RecoveredBroker),
) -> Result<(), String> {
    let sources = find(request.directories)?;
    let wanted = std::path::absolute(request.to)
        .map_err(|error| format!("{}: {error}", request.to.display()))?;
    for source in &sources {
        let inside =
            source.path.canonicalize().map_err(|e| format!("{}: {e}", source.path.display()))?;
        if wanted.starts_with(&inside) {
            return Err(format!(
                "{} lies inside {}, which must not change. Give another directory with --to.",
                request.to.display(),
                source.path.display()
            ));
        }
    }
    let mut disk = Disk::real(request.to).map_err(|error| error.to_string())?;
    disk.set_reversible(false);
    let mut brokers: BTreeMap<String, Vec<&Source>> = BTreeMap::new();
    let nodes: Vec<&String> = sources.iter().filter_map(|source| source.node.as_ref()).collect();
    let only = nodes.first().filter(|first| nodes.iter().all(|node| node == *first));
    for source in &sources {
        // A directory that does not say whose it is belongs to the one broker there is, or else to a broker alone.
        let node = source.node.as_ref().or(only.copied()).unwrap_or(&source.name);
        brokers.entry(node.clone()).or_default().push(source);
    }
    for directories in brokers.values() {
        for source in directories {
            copy(&source.path, &source.name, &mut disk)?;
        }
        let names = directories.iter().map(|source| source.name.clone()).collect();
        let recovered = recover_broker(request, names, &mut disk)?;
        told(&recovered);
    }
    Ok(())
}

fn recover_broker(
    request: &RecoverRequest,
    directories: Vec<String>,
    disk: &mut Disk,
) -> Result<RecoveredBroker, String> {
    let with_ids = request.kafka >= (4, 0);
    let is_stray = |_: &TopicPartition, id: Option<crate::types::Uuid>| {
        (with_ids && id.is_none())
            .then(|| "it has no partition.metadata, so the controller does not know it".to_string())
    };
    let config = |_: &TopicPartition| request.config.clone();
    let plan = StartPlan {
        directories: &directories,
        node_id: None,
        now: request.now,
        config: &config,
        is_stray: &is_stray,
        needs_properties: with_ids,
    };
    let mut events = Vec::new();
    let refused = match start(disk, &plan, &mut events) {
        Err(refused) => Some(refused),
        Ok(mut started) => {
            let epoch = last_epoch(&started);
            started.stop(disk, epoch, &mut events).map_err(|error| error.to_string())?;
            None
        }
    };
    Ok(RecoveredBroker { directories, events, refused })
}

fn last_epoch(started: &Started) -> i64 {
    started.directories.iter().filter_map(|directory| directory.clean_epoch).max().unwrap_or(-1)
}

/// The log directories that are meant, with names that differ.
fn find(given: &[PathBuf]) -> Result<Vec<Source>, String> {
    let mut sources: Vec<Source> = Vec::new();
    for path in given {
        let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let disk = Disk::read_only(path).map_err(|error| wrong(&error))?;
        let entries = disk.list("").map_err(|error| wrong(&error))?;
        if entries.iter().any(|entry| entry.name.ends_with(".log")) {
            return Err(wrong(&"this is one partition's directory. Give the directory above it."));
        }
        let mut found = Vec::new();
        if is_log_directory(&disk, "") {
            found.push((path.clone(), ""));
        } else {
            for entry in entries.iter().filter(|entry| entry.is_directory) {
                if is_log_directory(&disk, &entry.name) {
                    found.push((path.join(&entry.name), &entry.name));
                }
            }
        }
        if found.is_empty() {
            let why = "there is no log directory of a broker here (meta.properties, checkpoints, topic-0 …)";
            return Err(wrong(&why));
        }
        for (path, inside) in found {
            let file_name = path
                .canonicalize()
                .ok()
                .and_then(|path| path.file_name().map(|name| name.to_string_lossy().into_owned()));
            let plain = file_name.unwrap_or_else(|| "log-dir".to_string());
            let taken = |name: &str| sources.iter().any(|source| source.name == name);
            let mut name = plain.clone();
            let mut count = 1;
            while taken(&name) {
                count += 1;
                name = format!("{plain}-{count}");
            }
            sources.push(Source { node: node_of(&disk, inside), path, name });
        }
    }
    Ok(sources)
}

fn at(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_string() } else { format!("{directory}/{name}") }
}

fn is_log_directory(disk: &Disk, directory: &str) -> bool {
    let entries = disk.list(directory).unwrap_or_default();
    entries.iter().any(|entry| match entry.is_directory {
        false => entry.name == META_PROPERTIES || entry.name.ends_with("-offset-checkpoint"),
        true => {
            let inside = || disk.list(&at(directory, &entry.name)).unwrap_or_default();
            TopicPartition::parse(&entry.name).is_some()
                && inside().iter().any(|entry| entry.name.ends_with(".log"))
        }
    })
}

/// Whose directory it is, if `meta.properties` says so.
fn node_of(disk: &Disk, directory: &str) -> Option<String> {
    let bytes = disk.read_small(&at(directory, META_PROPERTIES)).ok()?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let value = |name: &str| {
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=').map(str::to_string))
    };
    value("node.id").or_else(|| value("broker.id"))
}

fn copy(from: &Path, name: &str, disk: &mut Disk) -> Result<(), String> {
    let wrong = |error: crate::disk::DiskError| error.to_string();
    let mut source = Disk::read_only(from).map_err(wrong)?;
    disk.create_directory(name).map_err(wrong)?;
    let mut waiting = vec![(String::new(), 0)];
    while let Some((directory, level)) = waiting.pop() {
        for entry in source.list(&directory).map_err(wrong)? {
            let path = at(&directory, &entry.name);
            let target = format!("{name}/{path}");
            if entry.is_directory {
                if level >= MOST_LEVELS {
                    return Err(format!(
                        "{}: directories lie too deep in one another",
                        from.display()
                    ));
                }
                disk.create_directory(&target).map_err(wrong)?;
                waiting.push((path, level + 1));
            } else if entry.name != ".lock" {
                copy_file(&mut source, &path, disk, &target).map_err(wrong)?;
            }
        }
    }
    Ok(())
}

fn copy_file(
    source: &mut Disk,
    path: &str,
    disk: &mut Disk,
    target: &str,
) -> crate::disk::Result<()> {
    let from = source.open(path)?;
    let size = source.size(from);
    let mapped = target.ends_with(".index") || target.ends_with(".timeindex");
    let mapped = mapped && size <= i32::MAX as u64;
    let to = if mapped { disk.create_mapped(target, size)? } else { disk.create(target)? };
    let mut position = 0;
    while position < size {
        let piece = source.read(from, position, PIECE_BYTES.min((size - position) as usize))?;
        if piece.is_empty() {
            break;
        }
        if !mapped {
            disk.append(to, &piece)?;
        } else if let Some(last) = piece.iter().rposition(|byte| *byte != 0) {
            disk.write_at(to, position, &piece[..=last])?;
        }
        position += piece.len() as u64;
    }
    source.close(from);
    disk.close(to);
    Ok(())
}

/// What happened, as lines of text.
pub fn recovered_text(broker: &RecoveredBroker, language: Language) -> String {
    let mut text = String::new();
    for StartEvent { directory, step } in &broker.events {
        text.push_str(&format!("{directory}: {}\n", step.sentence(language)));
    }
    if let Some(StartRefused { directory, why }) = &broker.refused {
        let place =
            if directory.is_empty() { broker.directories.join(", ") } else { directory.clone() };
        text.push_str(&match language {
            Language::English => format!("{place}: the broker would not start: {why}\n"),
            _ => format!("{place}：该 broker 无法启动：{why}\n"),
        });
    }
    text
}

/// What happened, as lines of JSON: `directory`, `step`, `partition` (null: the directory as a whole), `sentence`; the
/// last line of a broker has the step `Stopped` or `Refused`.
pub fn recovered_json(broker: &RecoveredBroker) -> String {
    let mut text = String::new();
    for StartEvent { directory, step } in &broker.events {
        let partition = match step {
            StartStep::Log(event) => Some(event.partition().to_string()),
            StartStep::SetAside { partition, .. } => Some(partition.to_string()),
            _ => None,
        };
        let sentence = step.sentence(Language::English);
        let line = json!({
            "directory": directory, "step": step.kind(), "partition": partition, "sentence": sentence
        });
        text.push_str(&format!("{line}\n"));
    }
    if let Some(StartRefused { directory, why }) = &broker.refused {
        let none: Option<String> = None;
        let line = json!({
            "directory": directory, "step": "Refused", "partition": none, "sentence": why
        });
        text.push_str(&format!("{line}\n"));
    }
    text
}
