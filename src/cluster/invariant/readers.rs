//! Consumers and groups: who owns what, where each one stands, what was committed.

use super::super::event::Stamped;
use super::super::world::Cluster;
use super::{Brokers, Invariants, copy};
use crate::client::Client;
use crate::types::{NodeId, Offset, TopicName, TopicPartition};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is known of consumers.
#[derive(Clone, Debug, Default)]
pub(super) struct Readers {
    /// By group, generation, and the coordinator that counts them: a coordinator that takes over without the records of
    /// the last generation, since they were not committed yet, counts on from the one before.
    owners: BTreeMap<(String, i32, Option<NodeId>), BTreeMap<TopicPartition, NodeId>>,
    /// Per consumer and partition: the offset that the next poll must begin with.
    expected: BTreeMap<(NodeId, TopicPartition), Offset>,
    /// The last poll of each: in which step, from where.
    polls: BTreeMap<(NodeId, TopicPartition), (u64, Offset)>,
    /// What groups have committed.
    committed: BTreeMap<(Arc<str>, TopicPartition), Offset>,
}

impl Readers {
    /// A consumer was given a share: it begins anew.
    pub fn begin(&mut self, node: NodeId) {
        self.expected.retain(|(known, _), _| *known != node);
        self.polls.retain(|(known, _), _| *known != node);
    }

    pub fn stands(&mut self, node: NodeId, partition: &TopicPartition, offset: Offset) {
        let key = (node, partition.clone());
        self.polls.remove(&key);
        self.expected.insert(key, offset);
    }

    pub fn forget_topic(&mut self, topic: &TopicName) {
        self.committed.retain(|(_, partition), _| partition.topic != *topic);
    }

    /// Groups whose committed offset of a partition lies beyond `end`; each is told once.
    pub fn beyond(&mut self, partition: &TopicPartition, end: Offset) -> Vec<(Arc<str>, Offset)> {
        let mut found = Vec::new();
        self.committed.retain(|(group, known), offset| {
            let beyond = known == partition && *offset > end;
            if beyond {
                found.push((group.clone(), *offset));
            }
            !beyond
        });
        found
    }
}

impl Invariants {
    pub(super) fn offsets_committed(
        &mut self,
        event: &Stamped,
        group: &str,
        offsets: &[(TopicPartition, Offset)],
        brokers: &Brokers,
    ) {
        for (partition, offset) in offsets {
            let leader = self.ledger(partition).and_then(|ledger| ledger.leader());
            // A leader that lost its power and came back with less leads no more, until it is elected anew.
            let replica = leader
                .and_then(|(epoch, node)| Some((epoch, copy(brokers, node, partition)?)))
                .filter(|(epoch, replica)| replica.is_leader() && replica.leader_epoch == *epoch)
                .map(|(_, replica)| replica);
            let end = replica.map(|replica| replica.log.log_end_offset());
            if let Some(end) = end.filter(|end| offset > end) {
                let sentence = format!(
                    "group {group} committed offset {offset} of {partition} in step {}, whose log ends at {end}",
                    event.step
                );
                self.broken("committed-offset-within-log", (event.id, event.step), sentence);
                continue;
            }
            self.readers.committed.insert((Arc::from(group), partition.clone()), *offset);
        }
    }

    pub(super) fn polled(
        &mut self,
        event: &Stamped,
        from: &[(TopicPartition, Offset)],
        client: Option<&Client>,
        brokers: &Brokers,
    ) {
        let Some(Client::Consumer(consumer)) = client else {
            return;
        };
        let at = (event.id, event.step);
        for (partition, offset) in from {
            let key = (event.node, partition.clone());
            // A step may bring several polls; the consumer stands behind the last of them already, so of a later one it
            // is only known that it begins behind the one before.
            let within = self.readers.polls.get(&key).filter(|(step, _)| *step == event.step);
            let expected = match (within, self.readers.expected.get(&key)) {
                (Some((_, before)), Some(&reached)) => {
                    Some((*offset).clamp((*before + 1).min(reached), reached))
                }
                (_, expected) => expected.copied(),
            };
            self.readers.polls.insert(key.clone(), (event.step, *offset));
            if let Some(expected) = expected {
                let (name, step) = (consumer.name(), event.step);
                let skipped =
                    *offset > expected && expected >= Cluster::compacted_up_to(brokers, partition);
                if skipped {
                    let sentence = format!(
                        "{name} was handed {partition} from {offset} in step {step}, although {expected} was next"
                    );
                    self.broken("no-skip", at, sentence);
                } else if *offset < expected {
                    let sentence = format!(
                        "{name} was handed {partition} from {offset} again in step {step}, although it had reached \
                         {expected}"
                    );
                    self.broken("no-non-monotonic-poll", at, sentence);
                }
            }
            if let Some(position) = consumer.position(partition) {
                self.readers.expected.insert(key, position);
            }
        }
    }

    pub(super) fn assigned(
        &mut self,
        event: &Stamped,
        group: &str,
        generation: i32,
        partitions: &[TopicPartition],
        client: Option<&Client>,
    ) {
        let coordinator = match client {
            Some(Client::Consumer(consumer)) => consumer.coordinator(),
            _ => None,
        };
        let key = (group.to_owned(), generation, coordinator);
        let all = &mut self.readers.owners;
        all.retain(|(name, known, by), _| {
            name != group || *by != coordinator || known + 2 > generation
        });
        let mut doubled = Vec::new();
        let owners = all.entry(key).or_default();
        owners.retain(|_, owner| *owner != event.node);
        for partition in partitions {
            if let Some(other) = owners.insert(partition.clone(), event.node) {
                doubled.push((partition.clone(), other));
            }
        }
        for (partition, other) in doubled {
            let sentence = format!(
                "{partition} has two owners in generation {generation} of {group} since step {}: {other} and {}",
                event.step, event.node
            );
            self.broken("one-owner-per-generation", (event.id, event.step), sentence);
        }
    }
}
