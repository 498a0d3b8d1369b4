//! What happened how often since the cluster was formatted: the counters behind Kafka's rates.
//!
//! Counted where every event passes, so that nothing is missed and looking costs nothing; part of the cluster's state,
//! so that going back takes them back. A counter of a broker's own counts what that broker did as a leader.

use super::event::{Body, WorldEvent};
use crate::types::NodeId;
use crate::{broker, coordination, storage};
use std::collections::BTreeMap;

/// Counters by Kafka's name.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    whole: BTreeMap<&'static str, i64>,
    of_brokers: BTreeMap<(&'static str, NodeId), i64>,
}

impl Tally {
    /// Over all.
    pub fn of(&self, name: &str) -> i64 {
        self.whole.get(name).copied().unwrap_or(0)
    }

    /// Of one broker.
    pub fn of_broker(&self, name: &'static str, broker: NodeId) -> i64 {
        self.of_brokers.get(&(name, broker)).copied().unwrap_or(0)
    }

    fn add(&mut self, name: &'static str, count: i64) {
        *self.whole.entry(name).or_default() += count;
    }

    fn add_of(&mut self, name: &'static str, broker: NodeId, count: i64) {
        *self.of_brokers.entry((name, broker)).or_default() += count;
        self.add(name, count);
    }

    /// Counts an event. `leads` tells whether a broker leads the partition that was written.
    pub(crate) fn count(
        &mut self,
        node: NodeId,
        body: &Body,
        leads: impl Fn(&crate::types::TopicPartition) -> bool,
    ) {
        match body {
            Body::Broker(broker::Event::Storage(event)) => match event {
                storage::Event::Appended {
                    partition,
                    first_offset,
                    last_offset,
                    size_bytes,
                    ..
                } if leads(partition) => {
                    self.add_of("MessagesInPerSec", node, *last_offset - *first_offset + 1);
                    self.add_of("BytesInPerSec", node, i64::from(*size_bytes));
                }
                storage::Event::Converted { records, .. } => {
                    self.add("ProduceMessageConversionsPerSec", i64::from(*records));
                }
                _ => {}
            },
            Body::Broker(broker::Event::DownConverted { records, .. }) => {
                self.add("FetchMessageConversionsPerSec", i64::from(*records));
            }
            Body::Broker(broker::Event::Filled { partition, first, last }) if leads(partition) => {
                self.add_of("MessagesInPerSec", node, *last - *first + 1);
            }
            Body::Controller(coordination::Event::LeaderElected { unclean, .. }) => {
                let name = match unclean {
                    true => "UncleanLeaderElectionsPerSec",
                    false => "LeaderElectionRateAndTimeMs",
                };
                self.add(name, 1);
            }
            Body::Controller(coordination::Event::IsrChanged { before, after, .. }) => {
                let name = match after.len() < before.len() {
                    true => "IsrShrinksPerSec",
                    false => "IsrExpandsPerSec",
                };
                self.add(name, 1);
            }
            Body::World(WorldEvent::MessageLost { .. }) => self.add("lab:MessagesLost", 1),
            _ => {}
        }
    }
}
