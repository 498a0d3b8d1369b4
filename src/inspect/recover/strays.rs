//! What the controller knows of this broker's partitions: which are none of its own, and which it will lead.
//!
//! ```text
//!   node 1, process.roles=broker,controller    __cluster_metadata-0/quorum-state: voters {1}
//!     orders-0 with the topic id of the log    stays
//!     orders-0 with another topic id           renamed to orders-0.….-stray, as the broker does at its start
//!     no other broker is registered            it is elected for each of its partitions, with a new leader epoch
//! ```
//!
//! Kafka's rule for strays is `LogManager.isStrayKraftReplica`, asked when the broker has caught up with the
//! controllers. A node that is a voter of its own quorum holds what they know. A sole broker's registration takes the
//! leadership from whom it had before (itself, if it was killed: epoch + 1), its unfencing gives it back (epoch + 1;
//! class `ReplicationControlManager`). What always holds: a broker without a controller in it may have missed the
//! latest changes, so its copy is not asked, unless it was given as the metadata log to ask; nor is a log of which a
//! part is missing. Left out: what the other voters of a larger quorum may know beyond this one's log.

use super::super::Inspection;
use super::super::metadata::{Image, METADATA};
use super::copy::{at, node_id};
use crate::disk::Disk;
use crate::storage::{Log, LogConfig, Result, StartEvent, StartStep, Started, StartedDirectory};
use crate::types::{LeaderEpoch, TopicName, TopicPartition, Uuid};
use serde_json::Value;
use std::path::Path;

/// What a combined node knows of the cluster.
pub(super) struct Known {
    image: Image,
    node: i64,
}

impl Known {
    /// Looks into the copies of a broker's directories, which lie below `to`.
    pub fn of(to: &Path, disk: &Disk, directories: &[String], node: Option<u32>) -> Option<Known> {
        let node = node.or_else(|| node_id(disk, directories))?;
        let directory = directories.iter().find(|name| is_controller(disk, name, node))?;
        let image = Inspection::open(&to.join(directory)).ok()?.image()?.1;
        Some(Known { image, node: i64::from(node) })
    }

    /// The same from a metadata log that lies elsewhere.
    pub fn elsewhere(image: &Image, node: u32) -> Known {
        Known { image: image.clone(), node: i64::from(node) }
    }

    /// Makes a sole broker the leader of all its partitions: those that are not there are made, each log gets the new
    /// leader's epoch, and with nobody else in sync the high watermark is the log end.
    pub fn lead(
        &self,
        disk: &mut Disk,
        started: &mut Started,
        config: &dyn Fn(&TopicPartition) -> LogConfig,
        told: &mut Vec<StartEvent>,
    ) -> Result<()> {
        let before = told.len();
        let online = started.directories.iter().all(|directory| directory.offline.is_none());
        for (topic, id, number, leader) in self.image.of_only_broker(self.node) {
            let Ok(number) = u32::try_from(number) else { continue };
            let partition = TopicPartition::new(&TopicName::new(topic), number);
            // The controller hands no leadership to a directory that nobody registered.
            let is_here = |id: &String| {
                let mut own = started.directories.iter().filter_map(|d| d.properties.as_ref());
                own.any(|known| known.directory_id.to_string() == *id)
            };
            let assigned = leader.directories.first();
            if assigned.is_some_and(|id| *id != Uuid::ZERO.to_string() && !is_here(id)) {
                continue;
            }
            if !started.logs.contains_key(&partition) {
                // A broker that misses a directory waits for it (`LogManager.getOrCreateLog`).
                let (true, Some(id)) = (online, Uuid::parse(id)) else { continue };
                let is_its = |directory: &&StartedDirectory| {
                    let own = directory.properties.as_ref().map(|own| own.directory_id.to_string());
                    own.is_some() && own.as_ref() == assigned
                };
                let all = &started.directories;
                let Some(directory) = all.iter().find(is_its).or(all.first()) else { continue };
                let name = directory.name.clone();
                let place = at(&name, &partition.to_string());
                let log = Log::create(disk, &place, &partition, id, config(&partition))?;
                started.logs.insert(partition.clone(), log);
                let step = StartStep::PartitionMade { partition: partition.clone() };
                told.push(StartEvent { directory: name, step });
            }
            let Some(log) = started.logs.get_mut(&partition) else { continue };
            let changes = if leader.node < 0 { 1 } else { 2 };
            let Ok(epoch) = i32::try_from(leader.epoch + changes) else { continue };
            let end = log.log_end_offset();
            log.assign_epoch(disk, LeaderEpoch(epoch), end, &mut Vec::new())?;
            log.high_watermark_moved(end);
            started.high_watermarks.insert(partition.clone(), end);
            let directory = log.directory().rsplit_once('/').map_or("", |(above, _)| above);
            let epoch = LeaderEpoch(epoch);
            let step = StartStep::Elected { partition, epoch, log_end_offset: end };
            told.push(StartEvent { directory: directory.to_owned(), step });
        }
        told[before..].sort_by(|one, other| one.directory.cmp(&other.directory));
        Ok(())
    }

    /// Why a partition is set aside; nothing: it stays.
    pub fn why_stray(&self, partition: &TopicPartition, id: Uuid) -> Option<String> {
        self.image.why_stray(self.node, &id.to_string(), i64::from(partition.partition))
    }
}

/// What the metadata log in a directory says. The error is a sentence.
pub(super) fn image_in(place: &Path) -> std::result::Result<Image, String> {
    let inspection = Inspection::open(place)?;
    let image = inspection.image().map(|(_, image)| image);
    image.ok_or_else(|| {
        let place = place.display();
        format!(
            "{place}: there is no whole metadata log here (__cluster_metadata-0 in a log directory)"
        )
    })
}

/// Whether a log directory holds the metadata log of a controller, which is this node.
pub(super) fn is_controller(disk: &Disk, directory: &str, node: u32) -> bool {
    let state = at(&at(directory, &format!("{METADATA}-0")), "quorum-state");
    let state = disk.read_small(&state).ok();
    let state: Option<Value> = state.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    state.is_some_and(|state| is_voter(&state, i64::from(node)))
}

/// Whether `quorum-state` names this node as a voter; since KIP-853 it names the leader alone.
fn is_voter(state: &Value, node: i64) -> bool {
    let voters = state.get("currentVoters").and_then(Value::as_array);
    let named = voters.is_some_and(|voters| voters.iter().any(|voter| voter["voterId"] == node));
    named || state["leaderId"] == node
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voter_is_named_or_leads() {
        let state = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let named = state(r#"{"leaderId":-1,"currentVoters":[{"voterId":2},{"voterId":1}]}"#);
        let leads = state(r#"{"leaderId":1,"data_version":1}"#);
        assert!(is_voter(&named, 1) && is_voter(&leads, 1));
        assert!(!is_voter(&named, 3) && !is_voter(&leads, 3) && !is_voter(&Value::Null, 0));
    }
}
