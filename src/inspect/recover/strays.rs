//! Which partitions are none of this broker's: its own metadata log says so, where that is the cluster's.
//!
//! ```text
//!   node 1, process.roles=broker,controller    __cluster_metadata-0/quorum-state: voters {1}
//!     orders-0 with the topic id of the log    stays
//!     orders-0 with another topic id           renamed to orders-0.….-stray, as the broker does at its start
//! ```
//!
//! Kafka's rule is `LogManager.isStrayKraftReplica`, asked when the broker has caught up with the controllers. A node
//! that is a voter of its own quorum holds what they know. What always holds: a broker without a controller in it may
//! have missed the latest changes, so its copy is not asked; nor is a log of which a part is missing. Left out: what
//! the other voters of a larger quorum may know beyond this one's log.

use super::super::Inspection;
use super::super::metadata::{Image, METADATA};
use super::copy::at;
use crate::disk::Disk;
use crate::types::{TopicPartition, Uuid};
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
        let inside =
            |name: &&String| disk.exists(&at(&at(name, &format!("{METADATA}-0")), "quorum-state"));
        let directory = directories.iter().find(inside)?;
        let inspection = Inspection::open(&to.join(directory)).ok()?;
        let (place, image) = inspection.image()?;
        let node = i64::from(node.or(inspection.nodes.get(place)?.properties.node)?);
        let state = at(&at(directory, &format!("{METADATA}-0")), "quorum-state");
        let state: Value = serde_json::from_slice(&disk.read_small(&state).ok()?).ok()?;
        is_voter(&state, node).then_some(Known { image, node })
    }

    /// Why a partition is set aside; nothing: it stays.
    pub fn why_stray(&self, partition: &TopicPartition, id: Uuid) -> Option<String> {
        self.image.why_stray(self.node, &id.to_string(), i64::from(partition.partition))
    }
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
