//! What must always hold, each with a name and a sentence. A violation is an event, not a panic: some lessons exist to
//! show one.
//!
//! ```text
//!   an event ── watch ──▶ about epochs, marks, owners, polls: judged at once
//!                    └──▶ about bytes: a task ── the step is over ── check ──▶ headers read from the disk, compared
//!
//!   per partition:  Ledger { what was committed, what producers were told, who led when }     (ledger.rs, bounded)
//! ```
//!
//! After every step the invariants look at what the step's events touched; whole files are read on request
//! (`file_check`). What always holds: the memory of a ledger is bounded, and a clone costs one counter. What a process
//! believes counts only as long as it could know better: a leader whose follower came back with less than it had is
//! not to blame.

mod due;
mod leaders;
mod ledger;
mod names;
mod readers;
#[cfg(test)]
mod tests;

pub use names::{INVARIANTS, Invariant, Kind};

use super::event::{Body, Stamped, WorldEvent};
use super::world::BrokerNode;
use crate::client::{Client, Event as ClientEvent};
use crate::coordination::kraft::QuorumEvent;
use crate::replica::{Event as ReplicaEvent, Replica};
use crate::types::{NodeId, Offset, TopicName, TopicPartition};
use crate::{broker, coordination};
use due::Task;
use ledger::Ledger;
use readers::Readers;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The brokers, as the invariants see them.
type Brokers = BTreeMap<NodeId, BrokerNode>;

/// A broken promise, or a finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// Which invariant.
    pub name: &'static str,
    /// What exactly.
    pub sentence: String,
    /// The event that broke it.
    pub event: u64,
    /// The step.
    pub step: u64,
}

/// Most violations, and most findings, that are kept.
const MOST_KEPT: usize = 100;

/// What the invariants remember.
#[derive(Clone, Debug, Default)]
pub struct Invariants {
    ledgers: Arc<BTreeMap<TopicPartition, Arc<Ledger>>>,
    readers: Readers,
    /// Who led the quorum of controllers, by epoch; the last ones.
    quorum_leaders: BTreeMap<i32, NodeId>,
    due: Vec<Task>,
    pub(crate) fresh: Vec<Violation>,
    kept: Vec<Violation>,
    findings: Vec<Violation>,
}

impl Invariants {
    /// Promises that were broken, oldest first.
    pub fn violations(&self) -> &[Violation] {
        &self.kept
    }

    /// What Kafka allows and yet somebody should know, oldest first.
    pub fn findings(&self) -> &[Violation] {
        &self.findings
    }

    pub(crate) fn keep(&mut self, violation: Violation) {
        let list = match names::is_finding(violation.name) {
            true => &mut self.findings,
            false => &mut self.kept,
        };
        if list.len() < MOST_KEPT {
            list.push(violation);
        }
    }

    fn broken(&mut self, name: &'static str, (event, step): (u64, u64), sentence: String) {
        self.fresh.push(Violation { name, sentence, event, step });
    }

    /// Up to where each partition was committed at last, whatever is left of it now.
    pub fn committed_ends(&self) -> impl Iterator<Item = (&TopicPartition, Offset)> {
        self.ledgers.iter().filter_map(|(partition, ledger)| {
            ledger.committed.back().map(|entry| (partition, entry.next))
        })
    }

    fn ledger(&self, partition: &TopicPartition) -> Option<&Ledger> {
        self.ledgers.get(partition).map(Arc::as_ref)
    }

    fn ledger_mut(&mut self, partition: &TopicPartition) -> &mut Ledger {
        let ledgers = Arc::make_mut(&mut self.ledgers);
        if !ledgers.contains_key(partition) {
            ledgers.insert(partition.clone(), Arc::default());
        }
        ledgers.get_mut(partition).map(Arc::make_mut).expect("it was put there just now")
    }

    /// A log was written around the network (`fill`, `start-log`): what was known of it says nothing any more.
    pub(crate) fn forget(&mut self, partition: &TopicPartition) {
        if let Some(ledger) = Arc::make_mut(&mut self.ledgers).get_mut(partition) {
            Arc::make_mut(ledger).forget_records();
        }
    }

    fn forget_topic(&mut self, topic: &TopicName) {
        Arc::make_mut(&mut self.ledgers).retain(|partition, _| partition.topic != *topic);
        self.readers.forget_topic(topic);
    }

    /// Looks at an event, with the brokers as they are now. What needs the disk is done when the step is over.
    pub(crate) fn watch(&mut self, event: &Stamped, brokers: &Brokers, client: Option<&Client>) {
        match &event.body {
            Body::Broker(broker::Event::Replica(replica)) => {
                self.watch_replica(event, replica, brokers);
            }
            Body::Client(told) => self.watch_client(event, told, brokers, client),
            Body::Controller(coordination::Event::TopicDeleted { topic }) => {
                self.forget_topic(topic);
            }
            Body::Controller(coordination::Event::Quorum(QuorumEvent::Elected {
                epoch, ..
            })) => {
                self.quorum_leader(event, *epoch);
            }
            Body::World(WorldEvent::NodeStarted(node)) => {
                for ledger in Arc::make_mut(&mut self.ledgers).values_mut() {
                    if ledger.seat(*node).is_some() {
                        Arc::make_mut(ledger).restarted(*node);
                    }
                }
            }
            _ => {}
        }
    }

    fn watch_replica(&mut self, event: &Stamped, replica: &ReplicaEvent, brokers: &Brokers) {
        let node = event.node;
        match replica {
            ReplicaEvent::BecameLeader { partition, epoch, start, .. } => {
                self.new_leader(event, partition, *epoch, *start);
            }
            ReplicaEvent::BecameFollower { partition, epoch, .. } => {
                self.new_epoch(event, partition, *epoch);
                self.ledger_mut(partition).seat_mut(node).is_unchecked = true;
            }
            ReplicaEvent::HighWatermarkAdvanced { partition, from, to } => {
                self.high_watermark(event, partition, *to, brokers);
                self.due.push(Task::committed(event, partition, *from, *to));
            }
            ReplicaEvent::HighWatermarkLearned { partition, from, to } if from < to => {
                self.due.push(Task::learned(event, partition, *from, *to));
            }
            ReplicaEvent::Truncated { partition, to, .. } => {
                self.due.push(Task::cut(event, partition, *to));
            }
            _ => {}
        }
    }

    fn watch_client(
        &mut self,
        event: &Stamped,
        told: &ClientEvent,
        brokers: &Brokers,
        client: Option<&Client>,
    ) {
        match told {
            ClientEvent::Acknowledged { partition, base_offset, count, acks, by }
                if *acks != 0 && base_offset.0 >= 0 =>
            {
                let name = client.map_or("a producer", Client::name);
                self.due.push(Task::told(event, partition, *base_offset, *count, *acks, *by, name));
            }
            ClientEvent::Assigned { generation, partitions } => {
                self.readers.begin(event.node);
                if let Some(group) = client.and_then(Client::group) {
                    self.assigned(event, group, *generation, partitions, client);
                }
            }
            ClientEvent::PositionFetched { partition, offset }
            | ClientEvent::PositionReset { partition, offset, .. } => {
                self.readers.stands(event.node, partition, *offset);
            }
            ClientEvent::Polled { from, .. } => self.polled(event, from, client, brokers),
            ClientEvent::Committed { offsets } => {
                if let Some(group) = client.and_then(Client::group) {
                    self.offsets_committed(event, group, offsets, brokers);
                }
            }
            _ => {}
        }
    }
}

/// A broker's copy of a partition, whatever its process does.
fn copy<'a>(brokers: &'a Brokers, node: NodeId, partition: &TopicPartition) -> Option<&'a Replica> {
    brokers.get(&node)?.broker.as_ref()?.replicas.get(partition)
}
