//! A broker's log directories at start and stop (classes `LogManager`, `MetaPropertiesEnsemble`).
//!
//! ```text
//!   meta.properties   whose is it?            wrong node, none at all, two with one id: the broker does not start
//!   .kafka_cleanshutdown   clean?             removed before anything else
//!   checkpoints       malformed: offline      with others left it goes on; the metadata log's or the last: exits
//!   orders-0 …        each log is loaded      a bad name, a bad .log name, bytes that no reader takes: does not start
//!   x.…-delete        removed later           …-stray, or a partition that the controller does not know: set aside
//! ```
//!
//! What Kafka reports as an input/output error fails the directory; everything else ends the start. Two or more
//! directories are `log.dirs` with several entries (JBOD).

use super::checkpoint::*;
use super::config::LogConfig;
use super::epochs::LEADER_EPOCHS;
use super::error::{Result, StorageError, StorageErrorKind};
use super::log::Log;
use super::recovery::{LoadFrom, LogLoader};
use super::start_properties::{chance, read_properties};
use super::start_step::{StartEvent, StartStep};
use crate::disk::Disk;
use crate::era::{CleanFlag, Era};
use crate::types::{Offset, Timestamp, TopicPartition, Uuid};
use std::collections::BTreeMap;

/// Why a partition is set aside: asked with its topic id, answered with a reason, or nothing when it stays.
pub type IsStray<'a> = &'a dyn Fn(&TopicPartition, Option<Uuid>) -> Option<String>;

/// What a broker is started with.
pub struct StartPlan<'a> {
    /// `log.dirs`, relative to the disk's root; the first holds the metadata log.
    pub directories: &'a [String],
    /// `node.id`; nothing: whatever `meta.properties` says.
    pub node_id: Option<u32>,
    /// The rules of the version.
    pub era: Era,
    /// The clock.
    pub now: Timestamp,
    /// The configuration of a partition's log.
    pub config: &'a dyn Fn(&TopicPartition) -> LogConfig,
    /// Which partitions the controller does not know.
    pub is_stray: IsStray<'a>,
    /// Before 2.8 there are no topic ids, before 3.0 no `meta.properties` of version 1; then less is asked for.
    pub needs_properties: bool,
}

/// A broker's directories after the start.
#[derive(Clone, Debug, Default)]
pub struct Started {
    /// Each with why it is offline, if it is.
    pub directories: Vec<StartedDirectory>,
    /// All logs that can be served.
    pub logs: BTreeMap<TopicPartition, Log>,
    /// Their high watermarks, as the checkpoints have them.
    pub high_watermarks: BTreeMap<TopicPartition, Offset>,
    /// Directories that wait for their removal.
    pub deleting: Vec<String>,
    /// The rules of the version.
    pub(super) era: Era,
}

/// One log directory after the start.
#[derive(Clone, Debug)]
pub struct StartedDirectory {
    /// Its path on the disk.
    pub name: String,
    /// Why nothing in it is served.
    pub offline: Option<String>,
    /// The broker epoch of the last clean stop; nothing: it was not clean.
    pub clean_epoch: Option<i64>,
    /// Whose it is.
    pub properties: Option<MetaProperties>,
}

/// The broker does not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartRefused {
    /// In which directory.
    pub directory: String,
    /// Why.
    pub why: String,
}

/// What a name in a log directory stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Named {
    Partition(TopicPartition),
    Deleting(TopicPartition),
    Stray(TopicPartition),
    Future(TopicPartition),
}

/// What a suffix makes of the partition before it.
type Suffixed = (&'static str, fn(TopicPartition) -> Named);

/// `LocalLog.parseTopicPartitionName`.
fn parse_name(name: &str) -> Option<Named> {
    let suffixes: [Suffixed; 3] =
        [("-delete", Named::Deleting), ("-stray", Named::Stray), ("-future", Named::Future)];
    for (suffix, named) in suffixes {
        if let Some(rest) = name.strip_suffix(suffix) {
            let (partition, unique) = rest.rsplit_once('.')?;
            return TopicPartition::parse(partition).filter(|_| !unique.is_empty()).map(named);
        }
    }
    TopicPartition::parse(name).map(Named::Partition)
}

/// Whether Kafka reports this as an input/output error, which fails the directory and not the start.
fn fails_the_directory(error: &StorageError) -> bool {
    let file = error.path.rsplit('/').next().unwrap_or_default();
    matches!(error.kind, StorageErrorKind::Disk(_))
        || [LEADER_EPOCHS, PARTITION_METADATA, RECOVERY_POINTS, LOG_START_OFFSETS].contains(&file)
            && error.start != error.end
}

/// Starts a broker on these directories: everything up to serving.
pub fn start(
    disk: &mut Disk,
    plan: &StartPlan,
    told: &mut Vec<StartEvent>,
) -> std::result::Result<Started, StartRefused> {
    let mut started = Started { era: plan.era, ..Started::default() };
    read_properties(disk, plan, &mut started, told)?;
    for n in 0..started.directories.len() {
        if started.directories[n].offline.is_none() {
            load_directory(disk, plan, &mut started, n, told)?;
        }
    }
    for directory in &started.directories {
        let path = format!("{}/{CLEAN_SHUTDOWN}", directory.name);
        if plan.era.clean_flag == CleanFlag::Empty && disk.exists(&path) {
            let refused = |error: crate::disk::DiskError| StartRefused {
                directory: directory.name.clone(),
                why: error.to_string(),
            };
            disk.remove(&path).map_err(refused)?;
            let step = StartStep::CleanFlagRemoved;
            told.push(StartEvent { directory: directory.name.clone(), step });
        }
    }
    for n in 0..started.directories.len() {
        let name = started.directories[n].name.clone();
        for file in [REPLICATION_OFFSETS, CLEANER_OFFSETS] {
            if started.directories[n].offline.is_some() {
                break;
            }
            match read_offsets(disk, &format!("{name}/{file}")) {
                Ok(offsets) if file == REPLICATION_OFFSETS => {
                    started.high_watermarks.extend(offsets);
                }
                Ok(_) => {}
                Err(error) => go_offline(&mut started, n, error.to_string(), told),
            }
        }
        if let Some(why) = started.directories[n].offline.clone() {
            let inside = format!("{name}/");
            started.logs.retain(|_, log| {
                let stays = !log.directory().starts_with(&inside);
                if !stays {
                    log.forget(disk);
                }
                stays
            });
            let all = started.directories.iter().all(|directory| directory.offline.is_some());
            if all || n == 0 {
                let what =
                    if all { "no log directory is left" } else { "the metadata log lies here" };
                return Err(StartRefused { directory: name, why: format!("{why}; {what}") });
            }
        }
    }
    Ok(started)
}

pub(super) fn go_offline(started: &mut Started, n: usize, why: String, told: &mut Vec<StartEvent>) {
    let directory = started.directories[n].name.clone();
    told.push(StartEvent { directory, step: StartStep::Offline { why: why.clone() } });
    started.directories[n].offline.get_or_insert(why);
}

fn load_directory(
    disk: &mut Disk,
    plan: &StartPlan,
    started: &mut Started,
    n: usize,
    told: &mut Vec<StartEvent>,
) -> std::result::Result<(), StartRefused> {
    let name = started.directories[n].name.clone();
    let refused = |why: String| StartRefused { directory: name.clone(), why };
    let tell =
        |told: &mut Vec<StartEvent>, step| told.push(StartEvent { directory: name.clone(), step });
    let clean_epoch = read_clean_shutdown(disk, &name);
    started.directories[n].clean_epoch = clean_epoch;
    match clean_epoch {
        Some(broker_epoch) => {
            let at_once = plan.era.clean_flag == CleanFlag::Epoch;
            if at_once {
                let path = format!("{name}/{CLEAN_SHUTDOWN}");
                disk.remove(&path).map_err(|error| refused(error.to_string()))?;
            }
            tell(told, StartStep::CleanFlagFound { broker_epoch, at_once });
        }
        None => tell(told, StartStep::CleanFlagMissing),
    }
    let mut checkpoints = Vec::new();
    for file in [RECOVERY_POINTS, LOG_START_OFFSETS] {
        let offsets: BTreeMap<_, _> = match read_offsets(disk, &format!("{name}/{file}")) {
            Ok(offsets) => offsets.into_iter().collect(),
            Err(error) => {
                go_offline(started, n, error.to_string(), told);
                BTreeMap::new()
            }
        };
        tell(
            told,
            match offsets.len() {
                0 if file == RECOVERY_POINTS => {
                    let clean = clean_epoch.is_some();
                    StartStep::CheckpointMissing { file, clean }
                }
                partitions => StartStep::CheckpointRead { file, partitions },
            },
        );
        checkpoints.push(offsets);
    }
    let mut found = Vec::new();
    for entry in disk.list(&name).map_err(|error| refused(error.to_string()))? {
        if !entry.is_directory
            || ["remote-log-index-cache", "__cluster_metadata-0"].contains(&&*entry.name)
        {
            continue;
        }
        let Some(named) = parse_name(&entry.name) else {
            let why =
                format!("{} is no name of a partition's directory (topic-partition)", entry.name);
            return Err(refused(why));
        };
        found.push((entry.name, named));
    }
    tell(told, StartStep::LogsFound { count: found.len() });
    for (entry, named) in found {
        let partition = match &named {
            Named::Partition(p) | Named::Deleting(p) | Named::Stray(p) | Named::Future(p) => {
                p.clone()
            }
        };
        let from = LoadFrom {
            clean: clean_epoch.is_some(),
            recovery_point: checkpoints[0].get(&partition).copied().unwrap_or(Offset::ZERO),
            log_start_offset: checkpoints[1].get(&partition).copied().unwrap_or(Offset::ZERO),
            now: plan.now,
        };
        let path = format!("{name}/{entry}");
        let mut events = Vec::new();
        let loaded = LogLoader::new(disk, &path, &partition, (plan.config)(&partition), from)
            .and_then(|loader| loader.finish(&mut events));
        events.into_iter().for_each(|event| tell(told, StartStep::Log(event)));
        let log = match loaded {
            Ok(log) => log,
            Err(error) if fails_the_directory(&error) => {
                go_offline(started, n, error.to_string(), told);
                continue;
            }
            Err(error) => return Err(refused(format!("{entry}: {error}"))),
        };
        match named {
            Named::Deleting(_) => {
                log.forget(disk);
                started.deleting.push(path);
                tell(told, StartStep::DeletionPending { name: entry });
            }
            Named::Stray(_) => log.forget(disk),
            Named::Future(_) => {
                log.forget(disk);
                tell(told, StartStep::FutureFound { name: entry });
            }
            Named::Partition(_) => {
                let id = Some(log.topic_id()).filter(|id| *id != Uuid::ZERO);
                if let Some(why) = (plan.is_stray)(&partition, id) {
                    log.forget(disk);
                    let to = set_aside(disk, &name, &entry).map_err(|e| refused(e.to_string()))?;
                    tell(told, StartStep::SetAside { partition, to, why });
                } else if let Some(other) = started.logs.get(&partition) {
                    return Err(refused(format!("{partition} is also in {}", other.directory())));
                } else {
                    started.logs.insert(partition, log);
                }
            }
        }
    }
    Ok(())
}

/// Renames a partition's directory so that nobody takes it for one (`LocalLog.logStrayDirName`). Answers the new name.
pub fn set_aside(disk: &mut Disk, directory: &str, name: &str) -> Result<String> {
    let hex: String = chance(name, 4).0.iter().map(|byte| format!("{byte:02x}")).collect();
    let suffix = format!(".{hex}-stray");
    let mut kept = name.len().min(255 - suffix.len());
    while !name.is_char_boundary(kept) {
        kept -= 1;
    }
    let to = format!("{}{suffix}", &name[..kept]);
    disk.rename(&format!("{directory}/{name}"), &format!("{directory}/{to}"))?;
    Ok(to)
}
