//! Whose log directories these are: `meta.properties` of each, held against the others and the broker's own id
//! (classes `MetaPropertiesEnsemble`, `BrokerMetadataCheckpoint`).
//!
//! ```text
//!   node.id=1       must be the broker's own, and the same in all directories
//!   cluster.id=…    the same in all; without one (ZooKeeper's version 0) no broker with KRaft starts
//!   directory.id=…  another one in each (KIP-858); drawn and written where it is missing, once all are found good
//! ```
//!
//! A file that cannot be read fails its directory; one that is missing, or contradicts another, ends the start.

use super::checkpoint::{
    META_PROPERTIES, MetaProperties, read_meta_properties, write_meta_properties,
};
use super::start::{StartPlan, StartRefused, Started, StartedDirectory, go_offline};
use super::start_step::{StartEvent, StartStep};
use crate::disk::Disk;
use crate::prng;
use crate::types::Uuid;

/// Reads all of them; what each says is kept in `started`.
pub(super) fn read_properties(
    disk: &mut Disk,
    plan: &StartPlan,
    started: &mut Started,
    told: &mut Vec<StartEvent>,
) -> std::result::Result<(), StartRefused> {
    let refused = |directory: &str, why: String| StartRefused { directory: directory.into(), why };
    let mut missing = None;
    for name in plan.directories {
        let path = format!("{name}/{META_PROPERTIES}");
        let directory = StartedDirectory {
            name: name.clone(),
            offline: None,
            clean_epoch: None,
            properties: None,
        };
        started.directories.push(directory);
        let n = started.directories.len() - 1;
        if disk.exists(name) && disk.list(name).is_err() {
            go_offline(started, n, "it is no directory".to_string(), told);
        } else if !disk.exists(&path) {
            missing.get_or_insert(name.clone());
        } else {
            match read_meta_properties(disk, &path) {
                Ok(properties) => started.directories[n].properties = Some(properties),
                Err(error) => go_offline(started, n, error.to_string(), told),
            }
        }
    }
    if !plan.needs_properties {
        return Ok(());
    }
    let mut seen: Vec<(String, MetaProperties)> = Vec::new();
    for directory in &started.directories {
        let Some(properties) = &directory.properties else { continue };
        let name = directory.name.clone();
        if plan.node_id.is_some_and(|node_id| node_id != properties.node_id) {
            let why = format!(
                "meta.properties belongs to node {}, this is node {}",
                properties.node_id,
                plan.node_id.unwrap_or_default()
            );
            return Err(refused(&name, why));
        }
        for (other, known) in &seen {
            let differs = if known.cluster_id != properties.cluster_id {
                "cluster.id is another one"
            } else if known.node_id != properties.node_id {
                "node.id is another one"
            } else if known.directory_id == properties.directory_id
                && known.directory_id != Uuid::ZERO
            {
                "directory.id is the same"
            } else {
                continue;
            };
            return Err(refused(&name, format!("{differs} than in {other}'s meta.properties")));
        }
        seen.push((name, properties.clone()));
    }
    if seen.is_empty() {
        return Err(refused("", "no readable meta.properties was found".to_string()));
    }
    if let Some(name) = missing {
        return Err(refused(
            &name,
            "it has no meta.properties: it was never formatted".to_string(),
        ));
    }
    for directory in &started.directories {
        let Some(properties) = &directory.properties else { continue };
        let name = directory.name.clone();
        if properties.cluster_id.is_empty() {
            // KafkaRaftServer.initializeLogDirs: before any of the files is written.
            return Err(refused(
                &name,
                "meta.properties has no cluster.id, as brokers with ZooKeeper left it".to_string(),
            ));
        }
    }
    for directory in &mut started.directories {
        let Some(properties) = &mut directory.properties else { continue };
        let name = directory.name.clone();
        let (node_id, cluster_id) = (properties.node_id, properties.cluster_id.clone());
        let step = StartStep::PropertiesRead { node_id, cluster_id };
        told.push(StartEvent { directory: name.clone(), step });
        if properties.directory_id == Uuid::ZERO {
            properties.directory_id = chance(&name, u64::from(node_id));
            let path = format!("{name}/{META_PROPERTIES}");
            write_meta_properties(disk, &path, properties)
                .map_err(|error| refused(&name, error.to_string()))?;
            told.push(StartEvent { directory: name, step: StartStep::DirectoryIdGiven });
        }
    }
    Ok(())
}

/// An id that depends on nothing but these names.
pub(super) fn chance(name: &str, number: u64) -> Uuid {
    let sum = u64::from(crc32c::crc32c(name.as_bytes()));
    Uuid::from_chance(prng::bytes16(sum, prng::Purpose::Identity, number, 3, 0))
}
