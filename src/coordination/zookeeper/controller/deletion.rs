//! How topics are deleted (`TopicDeletionManager`).
//!
//! ```text
//!   /admin/delete_topics/orders ─▶ queued ─▶ everybody forgets its metadata ─▶ copies: Offline, DeletionStarted
//!        ▲ halted: a replica is dead, or a reassignment is under way              │ StopReplica(delete) to each broker
//!        └── taken up when the broker returns, or the reassignment ends           ▼
//!                        all answered: /brokers/topics/orders, /config/topics/orders, /admin/delete_topics/orders go
//! ```
//!
//! Always: the topic's znodes go last, so that a new controller can take the deletion up.

use super::super::znodes;
use super::context::{PartitionState, Replica, ReplicaState};
use super::election::Strategy;
use super::event::ControllerEvent;
use super::run::{Effect, Run, Step};
use crate::coordination::Event;
use crate::protocol::ErrorCode;
use crate::types::{NodeId, TopicName, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const REASSIGNED: &str = "a reassignment is under way";

impl Run<'_> {
    /// What a new controller finds (`fetchTopicDeletionsInProgress`, `init`).
    pub fn begin_deletions(&mut self, names: &[Arc<str>]) -> Step<()> {
        let topics: BTreeSet<TopicName> =
            names.iter().map(|name| TopicName(name.clone())).collect();
        if !self.settings.delete_topic_enable {
            return self.unmark(topics.iter().map(znodes::delete_topic_path).collect());
        }
        for topic in topics {
            let dead = self.context.replicas_of_topic(&topic);
            let dead = dead.iter().any(|replica| !self.context.is_live(replica.broker));
            if dead || self.is_reassigning(&topic) {
                self.context.deletion_ineligible.insert(topic.clone());
            }
            self.context.to_be_deleted.insert(topic);
        }
        Ok(())
    }

    /// Topics may not be deleted here: the wish is taken away, or stays for ever (until 0.10.0).
    fn unmark(&mut self, marks: Vec<Arc<str>>) -> Step<()> {
        match self.settings.rules.unmarks_deletions {
            true => self.delete(marks),
            false => Ok(()),
        }
    }

    fn is_reassigning(&self, topic: &TopicName) -> bool {
        self.context.reassigning.iter().any(|partition| partition.topic == *topic)
    }

    /// A child of `/admin/delete_topics` came or went (`processTopicDeletion`).
    pub fn topic_deletion(&mut self) -> Step<()> {
        let names = self.children(znodes::DELETE_TOPICS, true)?;
        let (known, unknown): (Vec<TopicName>, Vec<TopicName>) = names
            .into_iter()
            .map(TopicName)
            .partition(|topic| self.context.topics.contains_key(topic));
        self.delete(unknown.iter().map(znodes::delete_topic_path).collect())?;
        if !self.settings.delete_topic_enable {
            return self.unmark(known.iter().map(znodes::delete_topic_path).collect());
        }
        for topic in known {
            let is_new = self.context.to_be_deleted.insert(topic.clone());
            if is_new && self.is_reassigning(&topic) {
                self.halt_deletion(&topic, REASSIGNED.to_owned());
            }
        }
        self.resume_deletions()
    }

    /// A topic's deletion waits (`markTopicIneligibleForDeletion`).
    pub fn halt_deletion(&mut self, topic: &TopicName, why: String) {
        if self.context.is_to_be_deleted(topic) {
            self.context.deletion_ineligible.insert(topic.clone());
            self.tell(ControllerEvent::DeletionHalted { topic: topic.clone(), why });
        }
    }

    /// A reassignment of this topic begins: its deletion waits.
    pub fn halt_for_reassignment(&mut self, topic: &TopicName) {
        self.halt_deletion(topic, REASSIGNED.to_owned());
    }

    /// What made these topics wait may be over (`resumeDeletionForTopics`).
    pub fn resume_deletions_of(&mut self, topics: &BTreeSet<TopicName>) -> Step<()> {
        let queued: Vec<TopicName> =
            topics.iter().filter(|topic| self.context.is_to_be_deleted(topic)).cloned().collect();
        if queued.is_empty() {
            return Ok(());
        }
        for topic in queued {
            self.context.deletion_ineligible.remove(&topic);
        }
        self.resume_deletions()
    }

    /// Replicas cannot be deleted now (`failReplicaDeletion`).
    pub fn fail_deletion(&mut self, replicas: &[Replica]) -> Step<()> {
        let doomed = |replica: &&Replica| self.context.is_to_be_deleted(&replica.partition.topic);
        let failed: Vec<Replica> = replicas.iter().filter(doomed).cloned().collect();
        if failed.is_empty() {
            return Ok(());
        }
        let halted = by_topic(&failed);
        self.change_replicas(&failed, ReplicaState::DeletionIneligible)?;
        for (topic, brokers) in halted {
            self.halt_deletion(&topic, gone(&brokers));
        }
        self.resume_deletions()
    }

    /// A broker answered (`processTopicDeletionStopReplicaResponseReceived`).
    pub fn copies_deleted(
        &mut self,
        broker: NodeId,
        partitions: &[(TopicPartition, ErrorCode)],
    ) -> Step<()> {
        let (gone, failed): (Vec<_>, Vec<_>) = partitions.iter().partition(|(_, e)| e.is_none());
        let replicas = |list: Vec<&(TopicPartition, ErrorCode)>| -> Vec<Replica> {
            let of = list.into_iter();
            of.map(|(partition, _)| Replica { broker, partition: partition.clone() }).collect()
        };
        self.fail_deletion(&replicas(failed))?;
        let mut gone = replicas(gone);
        gone.retain(|replica| self.context.is_to_be_deleted(&replica.partition.topic));
        if gone.is_empty() {
            return Ok(());
        }
        self.change_replicas(&gone, ReplicaState::DeletionSuccessful)?;
        self.resume_deletions()
    }

    /// Goes on with every topic that is to be deleted, as far as it can (`resumeDeletions`).
    pub fn resume_deletions(&mut self) -> Step<()> {
        if !self.settings.delete_topic_enable {
            return Ok(());
        }
        let queued: Vec<TopicName> = self.context.to_be_deleted.iter().cloned().collect();
        let (mut again, mut eligible) = (Vec::new(), Vec::new());
        for topic in queued {
            let states: Vec<ReplicaState> = self
                .context
                .replicas_of_topic(&topic)
                .iter()
                .map(|replica| self.context.replica_state(replica))
                .collect();
            let started = states.contains(&ReplicaState::DeletionStarted);
            if states.iter().all(|state| *state == ReplicaState::DeletionSuccessful) {
                self.complete_deletion(&topic)?;
                continue;
            }
            if !started && states.contains(&ReplicaState::DeletionIneligible) {
                again.extend(self.context.replicas_in(&topic, ReplicaState::DeletionIneligible));
            }
            if !started && !self.context.deletion_ineligible.contains(&topic) {
                eligible.push(topic);
            }
        }
        self.change_replicas(&again, ReplicaState::Offline)?;
        match eligible.is_empty() {
            true => Ok(()),
            false => self.delete_topics(eligible),
        }
    }

    /// Nothing is left of it but its znodes (`completeDeleteTopic`).
    fn complete_deletion(&mut self, topic: &TopicName) -> Step<()> {
        let replicas = self.context.replicas_in(topic, ReplicaState::DeletionSuccessful);
        self.change_replicas(&replicas, ReplicaState::NonExistent)?;
        self.delete_recursive(&znodes::topic_path(topic))?;
        self.delete(vec![znodes::topic_config_path(topic)])?;
        self.delete(vec![znodes::delete_topic_path(topic)])?;
        self.context.remove_topic(topic);
        self.effects.push(Effect::Event(Event::TopicDeleted { topic: topic.clone() }));
        Ok(())
    }

    /// Begins to delete topics, or begins again (`onTopicDeletion`, `onPartitionDeletion`).
    fn delete_topics(&mut self, topics: Vec<TopicName>) -> Step<()> {
        let unseen = topics.iter().filter(|topic| !self.context.deletion_started.contains(topic));
        let unseen: Vec<TopicName> = unseen.cloned().collect();
        let partitions: Vec<TopicPartition> =
            unseen.iter().flat_map(|topic| self.context.partitions_of(topic)).collect();
        let nobody = Strategy::Offline { allow_unclean: false };
        self.change_partitions(&partitions, PartitionState::Offline, nobody)?;
        self.change_partitions(&partitions, PartitionState::NonExistent, nobody)?;
        for topic in unseen {
            self.tell(ControllerEvent::DeletionStarted { topic: topic.clone() });
            self.context.deletion_started.insert(topic);
        }
        let all: Vec<TopicPartition> =
            topics.iter().flat_map(|topic| self.context.partitions_of(topic)).collect();
        let everybody = self.context.live_or_shutting_down();
        self.send_metadata(&everybody, &all);
        let (mut dead, mut alive) = (Vec::new(), Vec::new());
        for replica in self.context.replicas_of(&all) {
            if !self.context.is_live(replica.broker) {
                dead.push(replica);
            } else if self.context.replica_state(&replica) != ReplicaState::DeletionSuccessful {
                alive.push(replica);
            }
        }
        let halted = by_topic(&dead);
        self.change_replicas(&dead, ReplicaState::DeletionIneligible)?;
        self.change_replicas(&alive, ReplicaState::Offline)?;
        self.change_replicas(&alive, ReplicaState::DeletionStarted)?;
        for (topic, brokers) in halted {
            self.halt_deletion(&topic, gone(&brokers));
        }
        Ok(())
    }
}

/// The brokers of replicas, by topic.
fn by_topic(replicas: &[Replica]) -> BTreeMap<TopicName, BTreeSet<NodeId>> {
    let mut topics: BTreeMap<TopicName, BTreeSet<NodeId>> = BTreeMap::new();
    for replica in replicas {
        topics.entry(replica.partition.topic.clone()).or_default().insert(replica.broker);
    }
    topics
}

/// Whom a deletion waits for.
fn gone(brokers: &BTreeSet<NodeId>) -> String {
    let names: Vec<String> = brokers.iter().map(|id| format!("broker {id}")).collect();
    match names.as_slice() {
        [one] => format!("{one}, which has a replica, is not there"),
        all => format!("{}, which have replicas, are not there", all.join(", ")),
    }
}
