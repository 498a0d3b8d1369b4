//! `klab recover`: what a broker would do with a directory at its next start, done to a copy and told step by step.
//!
//! ```text
//!   DIR (read only) ──copied in pieces──► OUT/broker-1/ ──► storage::start ──► clean stop
//!                                                            └ each step with its reason: a line, or a line of JSON
//! ```
//!
//! What always holds: DIR is not changed, not locked, and may lie on a read-only disk; OUT is new or empty before; a
//! broker that would not start is told as such, and OUT then holds what it left. What the controller does at a start
//! (partitions that it does not know become `-stray`, those that are missing are made, a sole broker is elected with a
//! new leader epoch) is done where its metadata log is at hand: of a controller in DIR, or given.
//! Left out: elections among several brokers, retention, compaction; `__cluster_metadata-0` is copied as it is.

mod copy;
mod extent;
#[cfg(test)]
mod place_tests;
mod settings;
mod strays;
#[cfg(test)]
mod tests;
mod text;

pub use extent::Extent;
pub use text::{recovered_json, recovered_text};

use super::metadata::Image;
use crate::disk::Disk;
use crate::era::{FormatSetting, TimeBase};
use crate::storage::{LogConfig, StartEvent, StartPlan, StartRefused, Started, start};
use crate::types::{Timestamp, TopicPartition, Uuid};
use copy::{Source, at, copy, find};
use extent::{extents, looks_like};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use strays::{Known, image_in};

/// What is asked for.
pub struct RecoverRequest<'a> {
    /// Log directories, or folders that hold some.
    pub directories: &'a [PathBuf],
    /// Where the copy goes: new or empty.
    pub to: &'a Path,
    /// `node.id` of the broker that starts; nothing: whatever `meta.properties` says.
    pub node_id: Option<u32>,
    /// A log directory with the metadata log to ask; nothing: the one among the directories.
    pub metadata: Option<&'a Path>,
    /// The clock by which producers expire.
    pub now: Timestamp,
    /// The settings of all logs, the version's rules among them.
    pub config: LogConfig,
    /// Settings that were given: names and values; with a topic, for that one only.
    pub settings: &'a [(Option<String>, String, String)],
    /// Asked between pieces: true ends the copying with an error.
    pub stop: &'a dyn Fn() -> bool,
}

/// How one broker fared.
#[derive(Debug)]
pub struct RecoveredBroker {
    /// The version whose rules it played by.
    pub kafka: &'static str,
    /// Its log directories, as they are called below OUT.
    pub directories: Vec<String>,
    /// Settings that nobody gave.
    pub taken: Vec<Taken>,
    /// Links that were not copied.
    pub links: Vec<String>,
    /// What the controller knows was not at hand: there is no metadata log of a controller.
    pub without_metadata: bool,
    /// The directories look like an older version's, which had no KRaft: an example of one.
    pub looks_like: Option<&'static str>,
    /// What each partition held before and holds after, where that differs.
    pub changed: Vec<(TopicPartition, Extent, Extent)>,
    /// What happened, in order.
    pub events: Vec<StartEvent>,
    /// Why it would not start; nothing: it started and was stopped cleanly.
    pub refused: Option<StartRefused>,
}

/// A setting that nobody gave and that the files show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// In which log directory.
    pub directory: String,
    /// Of which topic.
    pub topic: String,
    /// Kafka's name of it.
    pub name: &'static str,
    /// Its value.
    pub value: u32,
}

/// Copies and recovers; one answer a broker. The error is a sentence: something that was given is wrong.
pub fn recover(
    request: &RecoverRequest,
    told: &mut dyn FnMut(&RecoveredBroker),
) -> Result<(), String> {
    let sources = find(request.directories)?;
    let wanted = resolved(request.to)?;
    for given in request.directories.iter().chain(sources.iter().map(|source| &source.path)) {
        let inside = resolved(given)?;
        if wanted.starts_with(&inside) {
            return Err(format!(
                "{} lies inside {}, which must not change. Give another directory with --to.",
                request.to.display(),
                given.display()
            ));
        }
    }
    let given = request.metadata.map(image_in).transpose();
    let given = given.map_err(|why| format!("--metadata {why}"))?;
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
        let partial = |why: String| {
            let to = request.to.display();
            format!(
                "{why}. {to} holds a part of the copy, which no broker has started yet: remove it."
            )
        };
        let mut links = Vec::new();
        for source in directories {
            let left =
                copy(&source.path, &source.name, &mut disk, request.stop).map_err(partial)?;
            links.extend(left.iter().map(|path| at(&source.name, path)));
        }
        let names = directories.iter().map(|source| source.name.clone()).collect();
        // A controller of the same cluster among the directories that were given.
        let cluster = directories.iter().find_map(|source| source.cluster.as_ref());
        let beside = |source: &&Source| source.controls && source.cluster.as_ref() == cluster;
        let beside = sources.iter().find(beside).filter(|_| given.is_none() && cluster.is_some());
        let beside = beside.and_then(|source| image_in(&source.path).ok());
        let image = given.as_ref().or(beside.as_ref());
        told(&RecoveredBroker { links, ..recover_broker(request, names, image, &mut disk)? });
    }
    Ok(())
}

/// The path without links and `..`, though its end may not be there yet.
fn resolved(path: &Path) -> Result<PathBuf, String> {
    let wrong = |error: std::io::Error| format!("{}: {error}", path.display());
    let whole = std::path::absolute(path).map_err(wrong)?;
    let mut behind = Vec::new();
    for above in whole.ancestors() {
        if let Ok(mut real) = above.canonicalize() {
            real.extend(behind.iter().rev());
            return Ok(real);
        }
        behind.extend(above.file_name());
    }
    Ok(whole)
}

fn recover_broker(
    request: &RecoverRequest,
    directories: Vec<String>,
    image: Option<&Image>,
    disk: &mut Disk,
) -> Result<RecoveredBroker, String> {
    let era = request.config.era;
    let with_ids = era.format_setting == FormatSetting::Unknown && era.least_fetch_version > 0;
    let node = request.node_id.or_else(|| copy::node_id(disk, &directories));
    let own = || Known::of(request.to, disk, &directories, request.node_id);
    let known = match (with_ids, image, request.metadata) {
        (false, ..) => None,
        (true, None, _) => own(),
        (true, Some(image), given) => given.map_or_else(own, |_| None).or_else(|| {
            // Where nobody knows whose directories these are, the start will refuse them.
            node.map(|node| Known::elsewhere(image, node))
        }),
    };
    let is_stray = |partition: &TopicPartition, id: Option<Uuid>| match id {
        None if with_ids => {
            Some("it has no partition.metadata, so the controller does not know it".to_string())
        }
        None => None,
        Some(id) => known.as_ref()?.why_stray(partition, id),
    };
    let (configs, taken) = configs(request, &directories, disk)?;
    let config = |partition: &TopicPartition| {
        configs.get(partition.topic.as_str()).unwrap_or(&request.config).clone()
    };
    let looks_like = directories.iter().find_map(|name| looks_like(disk, name));
    let looks_like = looks_like.filter(|_| with_ids);
    let before = extents(disk, &directories);
    let plan = StartPlan {
        directories: &directories,
        node_id: request.node_id,
        now: request.now,
        config: &config,
        is_stray: &is_stray,
        era,
        needs_properties: with_ids,
    };
    let mut events = Vec::new();
    let refused = match start(disk, &plan, &mut events) {
        Err(refused) => Some(refused),
        Ok(mut started) => {
            let epoch = last_epoch(&started);
            if let Some(known) = &known {
                known
                    .lead(disk, &mut started, &config, &mut events)
                    .map_err(|error| error.to_string())?;
            }
            started.stop(disk, epoch, &mut events).map_err(|error| error.to_string())?;
            None
        }
    };
    if era.time_base == TimeBase::File {
        remove_time_indexes(disk, &directories).map_err(|error| error.to_string())?;
    }
    let after = extents(disk, &directories);
    let changed = before
        .into_iter()
        .filter_map(|(partition, was)| {
            let is = *after.get(&partition)?;
            (is != was && refused.is_none()).then_some((partition, was, is))
        })
        .collect();
    Ok(RecoveredBroker {
        kafka: era.kafka,
        directories,
        taken,
        links: Vec::new(),
        without_metadata: with_ids && known.is_none() && looks_like.is_none(),
        looks_like,
        changed,
        events,
        refused,
    })
}

/// The configuration of each topic that has one of its own: what was given, what the metadata log says, and what the
/// indexes show.
fn configs(
    request: &RecoverRequest,
    directories: &[String],
    disk: &mut Disk,
) -> Result<(BTreeMap<String, LogConfig>, Vec<Taken>), String> {
    const INTERVAL: &str = "index.interval.bytes";
    let known = match request.metadata {
        Some(place) => settings::of_metadata_elsewhere(place),
        None => directories.iter().find_map(|name| settings::of_metadata(disk, name)),
    };
    let mut configs: BTreeMap<String, LogConfig> = BTreeMap::new();
    let mut taken = Vec::new();
    let given = request.settings.iter().any(|(topic, name, _)| topic.is_none() && name == INTERVAL);
    let known = known.unwrap_or_default();
    if !given {
        // The metadata log says nothing of what stands in the broker's own file.
        let has_own = |topic: &str| known.get(topic).is_some_and(|of| of.contains_key(INTERVAL));
        let default = request.config.index_interval_bytes;
        let shown = settings::of_indexes(disk, directories, default, &has_own);
        for (topic, (directory, value)) in shown {
            let config = configs.entry(topic.clone()).or_insert(request.config.clone());
            config.index_interval_bytes = value;
            let own = |(of, name, _): &(Option<String>, String, String)| {
                name == INTERVAL && of.as_ref() == Some(&topic)
            };
            if !request.settings.iter().any(own) {
                taken.push(Taken { directory, topic, name: INTERVAL, value });
            }
        }
    }
    for (topic, settings) in known {
        let config = configs.entry(topic).or_insert(request.config.clone());
        for (name, value) in settings {
            // What was given to all topics is what the broker would have without the topic's own.
            let _ = config.set(&name, &value);
        }
    }
    for (topic, name, value) in request.settings {
        if let Some(topic) = topic {
            let config = configs.entry(topic.clone()).or_insert(request.config.clone());
            config.set(name, value)?;
        }
    }
    Ok((configs, taken))
}

/// Brokers before 0.10.1 know no time indexes (KIP-33).
fn remove_time_indexes(disk: &mut Disk, directories: &[String]) -> crate::disk::Result<()> {
    for directory in directories {
        for entry in disk.list(directory)?.into_iter().filter(|entry| entry.is_directory) {
            let inside = at(directory, &entry.name);
            for file in disk.list(&inside)? {
                if file.name.ends_with(".timeindex") {
                    disk.remove(&at(&inside, &file.name))?;
                }
            }
        }
    }
    Ok(())
}

fn last_epoch(started: &Started) -> i64 {
    started.directories.iter().filter_map(|directory| directory.clean_epoch).max().unwrap_or(-1)
}
