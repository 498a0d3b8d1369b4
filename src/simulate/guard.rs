//! Which broker may end without warning, so that the schedule stays within what Kafka promises (KIP-966).
//!
//! ```text
//!   power-off 1   1 counts as unclean until it is in the ISR again
//!   kill 2        not now: with 1 that would be two, and min.insync.replicas=2 promises for one
//!   1 is back in the ISR
//!   kill 2        now it may be
//! ```
//!
//! A killed process and a lost page cache look the same to the controller: whoever comes back without a clean shutdown
//! is struck off the ISR and the ELR. When everybody was, the last leader leads again, with whatever it has left
//! (`PartitionChangeBuilder.canElectLastKnownLeader`). That loses acknowledged records if it was the one without power:
//! Kafka 4.3.1 does so, see `last-known-leader-without-power-leads` among the twins. It needs no third fault: two dead
//! members of the ISR whose sessions have not ended yet, and a third one that stops cleanly, is frozen or cut off, and
//! so leaves an ISR that looks large enough (nobody is eligible then). Hence KIP-966 promises for one unclean end less
//! than min.insync.replicas; kills alone lose nothing, however many.
//!
//! What always holds: lines that are held back change nothing; without a loss of power none is held back.

use crate::cluster::{Cluster, NodeState};
use crate::types::NodeId;
use std::collections::BTreeMap;

/// How a broker last ended without a clean shutdown.
#[derive(Clone, Copy, Debug)]
struct Ended {
    /// Its registration then; with ZooKeeper, which start of the process it was.
    registration: i64,
    /// Which start of its process it was.
    starts: u64,
    /// Whether its disk may lack what it had acknowledged.
    lost_bytes: bool,
}

/// What befell the brokers so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Guard {
    ended: BTreeMap<NodeId, Ended>,
    /// Those whose disks broke, and who end at the next write.
    ending: BTreeMap<NodeId, Ended>,
}

impl Guard {
    /// Whether a line may be played; then it is remembered.
    pub fn allows(&mut self, line: &str, cluster: &Cluster) -> bool {
        let Some((node, how)) = struck(line, cluster) else { return true };
        if !matches!(cluster.state(node), NodeState::Alive | NodeState::Paused) {
            return true; // nothing befalls it
        }
        let Some(image) = cluster.image() else { return false };
        let is_back = |isr: &[NodeId], other: NodeId, ended: &Ended| {
            isr.contains(&other) && registration(cluster, other) > ended.registration
        };
        let mut lost_bytes = how == How::Power;
        for (partition, state) in image.partitions() {
            if !state.replicas.contains(&node) {
                continue;
            }
            // Of each replica: how it ended, while it is not back; whether it lost bytes.
            let unsure = |other: NodeId| -> Option<bool> {
                let ended = self.ended.get(&other).filter(|e| !is_back(&state.isr, other, e));
                let ending = self.ending.get(&other);
                let ending = ending
                    .filter(|e| !is_back(&state.isr, other, e) && !is_unhurt(cluster, other, e));
                let is_one = ended.is_some() || ending.is_some();
                is_one.then(|| ended.is_some_and(|e| e.lost_bytes))
            };
            lost_bytes |= unsure(node) == Some(true);
            let others = state.replicas.iter().filter(|other| **other != node);
            let ended: Vec<bool> = others.filter_map(|other| unsure(*other)).collect();
            let least = image.topic_config(&partition.topic, "min.insync.replicas");
            let least = least.and_then(|value| value.parse::<usize>().ok()).unwrap_or(2);
            let somebody_lost = lost_bytes || ended.contains(&true);
            if somebody_lost && ended.len() + 1 > least.saturating_sub(1).max(1) {
                return false;
            }
        }
        let registration = registration(cluster, node);
        let starts = cluster.brokers.get(&node).map_or(0, |entry| entry.starts);
        let ended = Ended { registration, starts, lost_bytes };
        match how {
            How::Disk => self.ending.insert(node, ended),
            How::Killed | How::Power => self.ended.insert(node, ended),
        };
        true
    }
}

/// How a broker ends without warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Killed,
    Power,
    /// Its disk is full, or can only be read: it ends at the next write, if there is one before that is mended.
    Disk,
}

/// The broker that a line ends without warning, and how.
fn struck(line: &str, cluster: &Cluster) -> Option<(NodeId, How)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        ["broker", "kill", id] => Some((NodeId(id.parse().ok()?), How::Killed)),
        ["broker", "power-off", id] => Some((NodeId(id.parse().ok()?), How::Power)),
        ["disk", "full" | "read-only", id] => Some((NodeId(id.parse().ok()?), How::Disk)),
        ["controller", "kill"] => {
            let active = cluster.active_controller()?;
            cluster.brokers.contains_key(&active).then_some((active, How::Killed))
        }
        _ => None,
    }
}

/// Whether a broken disk was whole again before anything was written.
fn is_unhurt(cluster: &Cluster, node: NodeId, ended: &Ended) -> bool {
    let is_same = cluster.brokers.get(&node).is_some_and(|entry| entry.starts == ended.starts);
    let runs = matches!(cluster.state(node), NodeState::Alive | NodeState::Paused);
    is_same && runs && cluster.disk_fault(node).is_none()
}

/// Grows with each process of a broker that the controller knows.
fn registration(cluster: &Cluster, node: NodeId) -> i64 {
    match cluster.zookeeper {
        Some(_) => cluster.brokers.get(&node).map_or(0, |entry| entry.starts as i64),
        None => {
            let known = cluster.image().and_then(|image| image.brokers.get(&node));
            known.map_or(-1, |broker| broker.epoch.0)
        }
    }
}
