//! What the controller does when the tree changes: brokers, topics, partitions, ISRs (`processBrokerChange`,
//! `processTopicChange`, `processPartitionModifications`, `processIsrChangeNotification`).
//!
//! ```text
//!   /brokers/ids     1 2 3 ─▶ 1 3      known {1,2,3}: 2 is gone ▸ its partitions offline ▸ elect ▸ out of the ISRs
//!   /brokers/topics  a ─▶ a b          b is new ▸ read its replicas ▸ first leaders
//! ```
//!
//! Always: a watch says only that something changed, so everything is read again and compared with what is known; what
//! happened twice in between is seen once. A broker that went and came back meanwhile is known by the birth of its
//! znode, and treated as gone, then as new (KIP-380).

use super::super::znodes;
use super::context::{PartitionState, Replica, ReplicaState};
use super::election::Strategy;
use super::event::ControllerEvent;
use super::run::{Effect, Run, Step};
use crate::coordination::ElectionReason;
use crate::protocol::ZooKeeperOperation;
use crate::types::{NodeId, TopicName, TopicPartition};
use std::collections::BTreeSet;
use std::sync::Arc;

const OFFLINE: Strategy = Strategy::Offline { allow_unclean: false };

impl Run<'_> {
    /// A child of `/brokers/ids` came or went.
    pub fn broker_change(&mut self) -> Step<()> {
        let present = self.brokers()?;
        let known = &self.context.live;
        let new: Vec<NodeId> =
            present.keys().copied().filter(|id| !known.contains_key(id)).collect();
        let dead: Vec<NodeId> =
            known.keys().copied().filter(|id| !present.contains_key(id)).collect();
        let younger = |id: &NodeId| match (present.get(id), known.get(id)) {
            (Some(now), Some(before)) => now.epoch > before.epoch,
            _ => false,
        };
        let by_epoch = self.settings.rules.broker_epochs;
        let bounced: Vec<NodeId> =
            present.keys().copied().filter(|id| by_epoch && younger(id)).collect();
        self.effects.push(Effect::Disconnect([&bounced[..], &dead[..]].concat()));
        self.effects.push(Effect::Connect([&new[..], &bounced[..]].concat()));
        if !new.is_empty() {
            self.tell(ControllerEvent::BrokersCame { brokers: new.clone() });
            for id in &new {
                self.context.live.insert(*id, present[id].clone());
            }
            self.brokers_came(&new)?;
        }
        if !bounced.is_empty() {
            self.tell(ControllerEvent::BrokersBounced { brokers: bounced.clone() });
            for id in &bounced {
                self.context.live.remove(id);
            }
            self.brokers_gone(&bounced)?;
            for id in &bounced {
                self.context.live.insert(*id, present[id].clone());
            }
            self.brokers_came(&bounced)?;
        }
        if !dead.is_empty() {
            self.tell(ControllerEvent::BrokersGone { brokers: dead.clone() });
            for id in &dead {
                self.context.live.remove(id);
            }
            self.brokers_gone(&dead)?;
        }
        Ok(())
    }

    /// Brokers are new (`onBrokerStartup`).
    fn brokers_came(&mut self, new: &[NodeId]) -> Step<()> {
        self.reason = ElectionReason::ReplicaReturned;
        let everybody = self.context.live_or_shutting_down();
        let others: Vec<NodeId> = everybody.into_iter().filter(|id| !new.contains(id)).collect();
        self.send_metadata(&others, &[]);
        let led = self.context.partitions().filter(|(partition, one)| {
            one.leadership.is_some() && !self.context.is_to_be_deleted(&partition.topic)
        });
        let led: Vec<TopicPartition> = led.map(|(partition, _)| partition).collect();
        self.send_metadata(new, &led);
        let new: BTreeSet<NodeId> = new.iter().copied().collect();
        let replicas = self.context.replicas_on(&new);
        self.change_replicas(&replicas, ReplicaState::Online)?;
        self.trigger_online(None)?;
        self.resume_reassignments(|assignment| {
            assignment.target().iter().any(|id| new.contains(id))
        });
        let topics: BTreeSet<TopicName> =
            replicas.into_iter().map(|replica| replica.partition.topic).collect();
        self.resume_deletions_of(&topics)
    }

    /// Brokers are gone (`onBrokerFailure`).
    fn brokers_gone(&mut self, dead: &[NodeId]) -> Step<()> {
        for id in dead {
            self.context.shutting_down.remove(id);
        }
        let replicas = self.context.replicas_on(&dead.iter().copied().collect());
        self.replicas_gone(replicas)
    }

    /// Replicas are out of reach (`onReplicasBecomeOffline`): first leaders, then ISRs.
    fn replicas_gone(&mut self, replicas: Vec<Replica>) -> Step<()> {
        self.reason = ElectionReason::LeaderGone;
        let (doomed, rest): (Vec<Replica>, Vec<Replica>) = replicas
            .into_iter()
            .partition(|replica| self.context.is_to_be_deleted(&replica.partition.topic));
        let lost = self.context.with_offline_leader();
        self.change_partitions(&lost, PartitionState::Offline, OFFLINE)?;
        let elected = self.trigger_online(None)?;
        self.change_replicas(&rest, ReplicaState::Offline)?;
        self.fail_deletion(&doomed)?;
        if rest.is_empty() && elected.values().all(Result::is_err) {
            let everybody = self.context.live_or_shutting_down();
            self.send_metadata(&everybody, &[]);
        }
        Ok(())
    }

    /// A child of `/brokers/topics` came or went.
    pub fn topic_change(&mut self) -> Step<()> {
        let present = self.topic_names()?;
        let known: BTreeSet<TopicName> = self.context.topics.keys().cloned().collect();
        let new: Vec<TopicName> = present.difference(&known).cloned().collect();
        for topic in known.difference(&present) {
            self.context.remove_topic(topic);
        }
        let partitions = self.add_topics(&new)?;
        self.partitions_came(&partitions)
    }

    /// Partitions are new (`onNewPartitionCreation`).
    fn partitions_came(&mut self, partitions: &[TopicPartition]) -> Step<()> {
        self.reason = ElectionReason::Created;
        self.change_partitions(partitions, PartitionState::New, OFFLINE)?;
        let replicas = self.context.replicas_of(partitions);
        self.change_replicas(&replicas, ReplicaState::New)?;
        self.change_partitions(partitions, PartitionState::Online, OFFLINE)?;
        self.change_replicas(&replicas, ReplicaState::Online)
    }

    /// A topic's znode changed: it may have more partitions.
    pub fn partition_modifications(&mut self, topic: &TopicName) -> Step<()> {
        let Some((_, mut node)) = self.topic_nodes(std::slice::from_ref(topic))?.pop() else {
            return Ok(());
        };
        let known = |run: &Self, number: u32| {
            let partition = TopicPartition::new(topic, number);
            run.context.partition(&partition).is_some_and(|one| !one.assignment.replicas.is_empty())
        };
        let new: Vec<u32> =
            node.partitions.keys().copied().filter(|number| !known(self, *number)).collect();
        if new.is_empty() {
            return Ok(());
        }
        if self.context.is_to_be_deleted(topic) {
            // Back to what it was: a topic that is being deleted does not grow.
            node.partitions.retain(|number, _| !new.contains(number));
            let data = znodes::topic(self.settings.rules.topic_form, &node);
            let path = znodes::topic_path(topic);
            self.write(vec![ZooKeeperOperation::SetData { path, data, version: None }])?;
            return Ok(());
        }
        let mut partitions = Vec::new();
        for number in new {
            let partition = TopicPartition::new(topic, number);
            let assignment = node.partitions.remove(&number).unwrap_or_default();
            self.context.partition_mut(&partition).assignment = assignment;
            partitions.push(partition);
        }
        self.partitions_came(&partitions)
    }

    /// Leaders changed ISRs and left notes: everybody shall know, then the notes go.
    pub fn isr_change_notification(&mut self) -> Step<()> {
        let names = self.children(znodes::ISR_CHANGE_NOTIFICATION, true)?;
        let path =
            |name: &Arc<str>| Arc::from(format!("{}/{name}", znodes::ISR_CHANGE_NOTIFICATION));
        let notes = self.data_of(names.iter().map(path).collect(), false)?;
        let mut partitions: BTreeSet<TopicPartition> = BTreeSet::new();
        for (data, _) in notes.into_iter().flatten() {
            partitions.extend(znodes::read_partition_list(&data).unwrap_or_default());
        }
        let partitions: Vec<TopicPartition> = partitions.into_iter().collect();
        if !partitions.is_empty() {
            self.refresh_states(&partitions)?;
            let everybody = self.context.live_or_shutting_down();
            self.send_metadata(&everybody, &partitions);
            for partition in &partitions {
                self.complete_reassignment_if_due(partition)?;
            }
        }
        self.delete_notes(&names)
    }
}
