//! The orders to brokers that one change of states makes, one request of each kind for each broker
//! (`ControllerBrokerRequestBatch`).
//!
//! ```text
//!   orders-0 to [2,3]   ┐                       LeaderAndIsr   to 2: orders-0, orders-1     to 3: orders-0
//!   orders-1 to [2]     ┘ collected, sent as    UpdateMetadata to everybody: orders-0, orders-1
//! ```
//!
//! Always: LeaderAndIsr goes before UpdateMetadata, and that before StopReplica; nothing goes to a broker without
//! znode; a broker hears of a change and everybody hears of the new metadata.

use super::super::znodes::Assignment;
use super::context::Context;
use super::election::LeaderAndIsr;
use super::run::{Effect, Run};
use crate::era::ControllerRules;
use crate::protocol::{
    LeaderAndIsrPartition, LeaderAndIsrRequest, LiveBroker, Request, StopReplicaPartition,
    StopReplicaRequest, UpdateMetadataPartition, UpdateMetadataRequest,
};
use crate::types::{BrokerEpoch, LeaderEpoch, NodeId, TopicName, TopicPartition, Uuid};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is collected.
#[derive(Clone, Debug, Default)]
pub(super) struct Orders {
    leader_and_isr: BTreeMap<NodeId, BTreeMap<TopicPartition, LeaderAndIsrPartition>>,
    update_to: BTreeSet<NodeId>,
    update: BTreeMap<TopicPartition, UpdateMetadataPartition>,
    stop: BTreeMap<NodeId, BTreeMap<TopicPartition, bool>>,
}

fn broker_epoch(context: &Context, rules: &ControllerRules, broker: NodeId) -> BrokerEpoch {
    match context.live.get(&broker) {
        Some(live) if rules.broker_epochs => live.epoch,
        _ => BrokerEpoch(-1),
    }
}

impl Run<'_> {
    /// Begins anew.
    pub fn new_batch(&mut self) {
        self.orders = Orders::default();
    }

    /// Tells `brokers` who leads a partition, and everybody the metadata.
    pub fn order_leader_and_isr(
        &mut self,
        brokers: &[NodeId],
        partition: &TopicPartition,
        leadership: &(i32, LeaderAndIsr),
        assignment: &Assignment,
        is_new: bool,
    ) {
        let (controller_epoch, state) = leadership;
        let topic_id = self.context.topics.get(&partition.topic).and_then(|topic| topic.id);
        for broker in brokers {
            let list = self.orders.leader_and_isr.entry(*broker).or_default();
            let already = list.get(partition).is_some_and(|before| before.is_new);
            let order = LeaderAndIsrPartition {
                partition: partition.clone(),
                topic_id: topic_id.unwrap_or(Uuid::ZERO),
                controller_epoch: *controller_epoch,
                leader: state.leader,
                leader_epoch: state.leader_epoch,
                isr: state.isr.clone(),
                partition_epoch: state.partition_epoch,
                replicas: assignment.replicas.clone(),
                adding: assignment.adding.clone(),
                removing: assignment.removing.clone(),
                is_new: is_new || already,
                recovering: state.recovering,
            };
            list.insert(partition.clone(), order);
        }
        let everybody = self.context.live_or_shutting_down();
        let rest =
            if self.orders.update_to.len() == everybody.len() { &[][..] } else { &everybody };
        self.order_metadata(rest, std::slice::from_ref(partition));
    }

    /// Tells `brokers` the metadata of these partitions, as far as they ever had a leader.
    pub fn order_metadata(&mut self, brokers: &[NodeId], partitions: &[TopicPartition]) {
        self.orders.update_to.extend(brokers);
        for partition in partitions {
            let Some(one) = self.context.partition(partition) else { continue };
            let Some((controller_epoch, state)) = &one.leadership else { continue };
            let is_deleted = self.context.is_to_be_deleted(&partition.topic);
            let replicas = one.assignment.replicas.clone();
            let dead = replicas.iter().copied().filter(|id| !self.context.is_live(*id)).collect();
            let update = UpdateMetadataPartition {
                partition: partition.clone(),
                controller_epoch: *controller_epoch,
                leader: if is_deleted { None } else { state.leader },
                is_deleted,
                leader_epoch: state.leader_epoch,
                isr: state.isr.clone(),
                partition_epoch: state.partition_epoch,
                replicas,
                offline_replicas: dead,
            };
            self.orders.update.insert(partition.clone(), update);
        }
    }

    /// Takes a partition's metadata out again: somebody else tells everybody.
    pub fn forget_metadata_order(&mut self, partition: &TopicPartition) {
        self.orders.update.remove(partition);
    }

    /// Tells a broker to let go of its copy, and perhaps to delete it.
    pub fn order_stop(&mut self, broker: NodeId, partition: &TopicPartition, delete: bool) {
        let copies = self.orders.stop.entry(broker).or_default();
        *copies.entry(partition.clone()).or_default() |= delete;
    }

    /// Sends what was collected.
    pub fn send_orders(&mut self) {
        let orders = std::mem::take(&mut self.orders);
        let (controller, controller_epoch) = (self.broker, self.context.epoch);
        let rules = self.settings.rules;
        let context = &self.context;
        let mut sent = Vec::new();
        for (broker, partitions) in orders.leader_and_isr {
            if !context.live.contains_key(&broker) {
                continue;
            }
            let partitions: Vec<LeaderAndIsrPartition> = partitions.into_values().collect();
            let leaders: BTreeSet<NodeId> = partitions.iter().filter_map(|p| p.leader).collect();
            let live = leaders.into_iter().filter(|id| context.live.contains_key(id));
            let request = LeaderAndIsrRequest {
                controller,
                controller_epoch,
                broker_epoch: broker_epoch(context, &rules, broker),
                live_leaders: live.collect(),
                partitions,
            };
            sent.push(Effect::Order(broker, Request::LeaderAndIsr(request)));
        }
        if !orders.update_to.is_empty() {
            let topics: BTreeSet<&TopicName> = orders.update.keys().map(|p| &p.topic).collect();
            let id = |name: &TopicName| Some((name.clone(), context.topics.get(name)?.id?));
            let topic_ids = Arc::new(topics.into_iter().filter_map(id).collect());
            let live = context.live.iter();
            let live_brokers = Arc::new(
                live.map(|(id, live)| LiveBroker { id: *id, rack: live.rack.clone() }).collect(),
            );
            let partitions = Arc::new(orders.update.into_values().collect::<Vec<_>>());
            for broker in orders.update_to.iter().filter(|id| context.live.contains_key(id)) {
                let request = UpdateMetadataRequest {
                    controller,
                    controller_epoch,
                    broker_epoch: broker_epoch(context, &rules, *broker),
                    partitions: Arc::clone(&partitions),
                    live_brokers: Arc::clone(&live_brokers),
                    topic_ids: Arc::clone(&topic_ids),
                };
                sent.push(Effect::Order(*broker, Request::UpdateMetadata(request)));
            }
        }
        for (broker, copies) in orders.stop {
            if !context.live.contains_key(&broker) {
                continue;
            }
            let epoch = |partition: &TopicPartition| match context.leadership(partition) {
                _ if !rules.stop_epochs => LeaderEpoch::NONE,
                _ if context.is_to_be_deleted(&partition.topic) => LeaderEpoch(-2),
                Some((_, state)) => state.leader_epoch,
                None => LeaderEpoch::NONE,
            };
            let partitions = copies.into_iter().map(|(partition, delete)| StopReplicaPartition {
                leader_epoch: epoch(&partition),
                partition,
                delete,
            });
            let request = StopReplicaRequest {
                controller,
                controller_epoch,
                broker_epoch: broker_epoch(context, &rules, broker),
                partitions: partitions.collect(),
            };
            sent.push(Effect::Order(broker, Request::StopReplica(request)));
        }
        self.effects.extend(sent);
    }

    /// Sends the metadata of some partitions to some brokers (`sendUpdateMetadataRequest`).
    pub fn send_metadata(&mut self, brokers: &[NodeId], partitions: &[TopicPartition]) {
        self.new_batch();
        self.order_metadata(brokers, partitions);
        self.send_orders();
    }
}
