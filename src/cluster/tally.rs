//! What happened how often since the cluster was formatted: the counters behind Kafka's rates.
//!
//! Counted where every event passes, so that nothing is missed and looking costs nothing; part of the cluster's state,
//! so that going back takes them back. A counter of a broker's own counts what that broker did as a leader.

use super::event::{Body, WorldEvent};
use crate::coordination::zookeeper::controller::ControllerEvent;
use crate::era::IsrPath;
use crate::types::NodeId;
use crate::{broker, coordination, replica, storage};
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

    fn isr_changed(&mut self, leader: NodeId, before: usize, after: usize) {
        let name = if after < before { "IsrShrinksPerSec" } else { "IsrExpandsPerSec" };
        self.add_of(name, leader, 1);
    }

    /// Counts an event. `leads` tells whether a broker leads the partition that was written.
    pub(crate) fn count(
        &mut self,
        node: NodeId,
        body: &Body,
        isr_path: IsrPath,
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
            Body::Controller(coordination::Event::LeaderElected { unclean: true, .. }) => {
                self.add("UncleanLeaderElectionsPerSec", 1);
            }
            // `BrokerChangeListener`, later `ControllerState.BrokerChange`: what it times is not an election but a
            // change of brokers.
            Body::Controller(coordination::Event::Controller(
                ControllerEvent::BrokersCame { .. }
                | ControllerEvent::BrokersGone { .. }
                | ControllerEvent::BrokersBounced { .. },
            )) => self.add("LeaderElectionRateAndTimeMs", 1),
            // Only what the leader itself wanted counts (`Partition.shrinkIsr`, `expandIsr`): what the controller takes
            // out of an ISR, since a broker died or stops, is nobody's shrink.
            Body::Controller(coordination::Event::IsrChanged {
                before,
                after,
                by: Some(by),
                ..
            }) => self.isr_changed(*by, before.len(), after.len()),
            Body::Broker(broker::Event::Replica(replica::Event::IsrChanged {
                from, to, ..
            })) if isr_path == IsrPath::StateNode => {
                self.isr_changed(node, from.len(), to.len());
            }
            Body::World(WorldEvent::MessageLost { .. }) => self.add("lab:MessagesLost", 1),
            _ => {}
        }
    }
}
