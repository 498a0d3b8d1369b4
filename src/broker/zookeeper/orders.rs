//! Orders of the controller, obeyed or refused (`ReplicaManager.becomeLeaderOrFollower`, `maybeUpdateMetadataCache`,
//! `stopReplicas`; KIP-380 for the epoch of the broker).
//!
//! ```text
//!   order of epoch 1 ── the broker obeyed epoch 2 already ──▶ STALE_CONTROLLER_EPOCH     a zombie is not obeyed
//!   order for broker epoch 31 ── it registered anew: 58 ────▶ STALE_BROKER_EPOCH         it was for the life before
//!   LeaderAndIsr, leader epoch not greater than known ──────▶ nothing: it was heard already
//! ```
//!
//! Always: LeaderAndIsr alone makes leaders and followers, UpdateMetadata alone fills what clients are told.

use super::job::Task;
use super::{ZooKeeperEvent, told};
use crate::broker::{Broker, Halt, Out};
use crate::clock::Instant;
use crate::coordination::kraft::{
    BrokerRegistration, ConfigResource, PartitionRegistration, TopicImage,
};
use crate::disk::Disk;
use crate::protocol::{
    ErrorCode, LeaderAndIsrPartition, LeaderAndIsrRequest, LeaderAndIsrResponse, Message, Response,
    StopReplicaRequest, StopReplicaResponse, UpdateMetadataPartition, UpdateMetadataRequest,
    UpdateMetadataResponse,
};
use crate::types::{BrokerEpoch, LeaderEpoch, NodeId, PartitionEpoch, TopicName, Uuid};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most partitions of a topic that the cache holds.
const MOST_PARTITIONS: u32 = 1_000_000;

/// Who ordered what.
struct Head {
    order: &'static str,
    controller: NodeId,
    controller_epoch: i32,
    broker_epoch: BrokerEpoch,
}

/// The head that all three orders have.
macro_rules! head {
    ($name:literal, $order:expr) => {
        Head {
            order: $name,
            controller: $order.controller,
            controller_epoch: $order.controller_epoch,
            broker_epoch: $order.broker_epoch,
        }
    };
}

impl Broker {
    /// Why an order is refused, if it is.
    fn refusal(&mut self, head: &Head, out: &mut Out) -> Option<ErrorCode> {
        let own_epoch = self.epoch;
        let side = self.zookeeper_mut()?;
        let Head { order, controller, .. } = *head;
        let known = side.controller_epoch;
        let refused = if head.controller_epoch < known {
            let epoch = i64::from(head.controller_epoch);
            Some((epoch, i64::from(known), ErrorCode::STALE_CONTROLLER_EPOCH))
        } else if head.broker_epoch.0 >= 0 && head.broker_epoch < own_epoch {
            Some((head.broker_epoch.0, own_epoch.0, ErrorCode::STALE_BROKER_EPOCH))
        } else {
            side.controller_epoch = head.controller_epoch;
            None
        };
        if refused.is_none() {
            self.controller = controller;
        }
        let (epoch, known, error) = refused?;
        told(out, ZooKeeperEvent::OrderRefused { order, controller, epoch, known, error });
        Some(error)
    }

    pub(super) fn leader_and_isr(
        &mut self,
        now: Instant,
        from: NodeId,
        correlation: u64,
        order: LeaderAndIsrRequest,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let configs = &self.observer.image.configs;
        let unknown = |topic: &TopicName| !configs.contains_key(&ConfigResource::topic(topic));
        let all = order.partitions.iter().map(|state| &state.partition.topic);
        let mut topics: Vec<TopicName> = all.filter(|topic| unknown(topic)).cloned().collect();
        topics.sort();
        topics.dedup();
        let is_stale = |side: &super::ZooKeeperSide| order.controller_epoch < side.controller_epoch;
        if topics.is_empty() || self.zookeeper.as_deref().is_some_and(is_stale) {
            return self.obey(now, from, correlation, order, disk, out);
        }
        self.begin_job(Task::Obey { from, correlation, order, topics });
        Ok(())
    }

    /// Leads and follows as ordered; the settings of all topics are known.
    pub(super) fn obey(
        &mut self,
        now: Instant,
        from: NodeId,
        correlation: u64,
        order: LeaderAndIsrRequest,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let head = head!("LeaderAndIsr", order);
        let mut partitions = Vec::new();
        let error = self.refusal(&head, out);
        if error.is_none() {
            told(out, head.obeyed(order.partitions.len()));
            for state in &order.partitions {
                let live = state.leader.is_some_and(|leader| order.live_leaders.contains(&leader));
                let error = self.obey_for(now, state, live, disk, out)?;
                partitions.push((state.partition.clone(), error));
            }
            if let Some(side) = self.zookeeper_mut() {
                side.ordered = true;
            }
        }
        let error = error.unwrap_or(ErrorCode::NONE);
        let response = Response::LeaderAndIsr(LeaderAndIsrResponse { error, partitions });
        out.send(from, Message::response(correlation, response));
        Ok(())
    }

    fn obey_for(
        &mut self,
        now: Instant,
        state: &LeaderAndIsrPartition,
        leader_is_alive: bool,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<ErrorCode, Halt> {
        let partition = &state.partition;
        let known = self.replicas.get(partition).map(|replica| replica.leader_epoch);
        if known.is_some_and(|known| state.leader_epoch <= known) {
            return Ok(match known == Some(state.leader_epoch) {
                true => ErrorCode::NONE,
                false => ErrorCode::STALE_CONTROLLER_EPOCH,
            });
        }
        if !state.replicas.contains(&self.id) {
            return Ok(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        }
        let registration = PartitionRegistration {
            replicas: state.replicas.clone(),
            adding: state.adding.clone(),
            removing: state.removing.clone(),
            isr: state.isr.clone(),
            leader: state.leader,
            leader_epoch: state.leader_epoch,
            partition_epoch: state.partition_epoch,
            recovering: state.recovering,
            ..PartitionRegistration::default()
        };
        if known.is_none() {
            let config = self.log_config(&partition.topic);
            self.create_replica(now, partition, state.topic_id, config, disk)?;
        }
        let leads = self.replicas.get(partition).is_some_and(|replica| replica.is_leader());
        if state.leader != Some(self.id) && !leader_is_alive && !leads {
            // Nobody to follow: the log is opened and nothing is cut (`makeFollowers`).
            return Ok(ErrorCode::NONE);
        }
        if state.leader == Some(self.id) {
            self.make_leader(now, partition, &registration, disk, out)?;
        } else {
            self.make_follower(now, partition, &registration, disk, out)?;
        }
        Ok(ErrorCode::NONE)
    }

    pub(super) fn update_metadata(
        &mut self,
        now: Instant,
        from: NodeId,
        correlation: u64,
        order: &UpdateMetadataRequest,
        out: &mut Out,
    ) {
        let head = head!("UpdateMetadata", order);
        let error = self.refusal(&head, out);
        if error.is_none() {
            told(out, head.obeyed(order.partitions.len()));
            self.fill_cache(order);
            self.answer_awaiting(now, out);
            self.complete_deletes(out);
        }
        let error = error.unwrap_or(ErrorCode::NONE);
        let response = Response::UpdateMetadata(UpdateMetadataResponse { error });
        out.send(from, Message::response(correlation, response));
    }

    fn fill_cache(&mut self, order: &UpdateMetadataRequest) {
        let image = &mut self.observer.image;
        let alive = |(id, rack): (NodeId, Option<Arc<str>>)| {
            let registration = BrokerRegistration {
                epoch: BrokerEpoch(-1),
                incarnation: Uuid::ZERO,
                fenced: false,
                in_controlled_shutdown: false,
                rack,
                log_directory: Uuid::ZERO,
            };
            (id, registration)
        };
        let brokers = order.live_brokers.iter().map(|broker| (broker.id, broker.rack.clone()));
        let brokers: BTreeMap<NodeId, BrokerRegistration> = brokers.map(alive).collect();
        if *image.brokers != brokers {
            image.brokers = Arc::new(brokers);
        }
        let topics = Arc::make_mut(&mut image.topics);
        let names = Arc::make_mut(&mut image.topic_names);
        for state in order.partitions.iter() {
            let topic = &state.partition.topic;
            if state.is_deleted {
                if let Some(old) = topics.remove(topic) {
                    names.remove(&old.id);
                }
                Arc::make_mut(&mut image.configs).remove(&ConfigResource::topic(topic));
                continue;
            }
            let slot = topics
                .entry(topic.clone())
                .or_insert_with(|| Arc::new(TopicImage { id: Uuid::ZERO, partitions: Vec::new() }));
            fill(Arc::make_mut(slot), state);
        }
        for (topic, id) in order.topic_ids.iter() {
            if let Some(slot) = topics.get_mut(topic)
                && slot.id != *id
            {
                Arc::make_mut(slot).id = *id;
                names.insert(*id, topic.clone());
            }
            self.groups.topic_ids.insert(topic.clone(), *id);
        }
    }

    pub(super) fn stop_replica(
        &mut self,
        now: Instant,
        from: NodeId,
        correlation: u64,
        order: &StopReplicaRequest,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let head = head!("StopReplica", order);
        let mut partitions = Vec::new();
        let error = self.refusal(&head, out);
        if error.is_none() {
            told(out, head.obeyed(order.partitions.len()));
            for stop in &order.partitions {
                let partition = &stop.partition;
                let known = self.replicas.get(partition).map(|replica| replica.leader_epoch);
                // KIP-570: an epoch that was overtaken; -1 and -2 name none.
                if known.is_some_and(|known| stop.leader_epoch.0 >= 0 && stop.leader_epoch < known)
                {
                    partitions.push((partition.clone(), ErrorCode::FENCED_LEADER_EPOCH));
                    continue;
                }
                if stop.delete {
                    match known {
                        Some(_) => self.drop_replica(now, partition, disk, out)?,
                        None => self.drop_found(now, partition, disk)?,
                    }
                } else {
                    self.unfollow(partition, out);
                }
                partitions.push((partition.clone(), ErrorCode::NONE));
            }
        }
        let error = error.unwrap_or(ErrorCode::NONE);
        let response = Response::StopReplica(StopReplicaResponse { error, partitions });
        out.send(from, Message::response(correlation, response));
        Ok(())
    }
}

impl Head {
    fn obeyed(&self, partitions: usize) -> ZooKeeperEvent {
        let Head { order, controller, controller_epoch: epoch, .. } = *self;
        ZooKeeperEvent::Obeyed { order, controller, epoch, partitions }
    }
}

/// Writes one partition into a topic of the cache.
fn fill(topic: &mut TopicImage, state: &UpdateMetadataPartition) {
    let number = state.partition.partition;
    if number >= MOST_PARTITIONS {
        return;
    }
    while topic.partitions.len() <= number as usize {
        let leader_epoch = LeaderEpoch::NONE;
        let partition_epoch = PartitionEpoch(-1);
        let new = PartitionRegistration { leader_epoch, partition_epoch, ..Default::default() };
        topic.partitions.push(Arc::new(new));
    }
    let slot = Arc::make_mut(&mut topic.partitions[number as usize]);
    slot.replicas.clone_from(&state.replicas);
    slot.isr.clone_from(&state.isr);
    slot.leader = state.leader;
    slot.leader_epoch = state.leader_epoch;
    slot.partition_epoch = state.partition_epoch;
}
