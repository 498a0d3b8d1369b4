//! What the controller knows of the cluster (`ControllerContext`): read from ZooKeeper when it takes office, kept up to
//! date by its own writes and by watches.
//!
//! ```text
//!   Context { epoch 3, live {1, 3}, shutting down {}, topics }
//!                                                        └ orders ▸ 0 ▸ replicas [1,2,3], leader 1 epoch 0 ISR [1,3]
//!                                                                       Online; 1 Online, 2 Offline, 3 Online
//! ```
//!
//! Always: it may be older than the tree, which is why each write names the version it builds on. A clone costs a few
//! counters, since unchanged topics are shared.

use super::super::znodes::Assignment;
use super::election::LeaderAndIsr;
use crate::types::{BrokerEpoch, NodeId, TopicName, TopicPartition, Uuid};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What state a partition is in (`PartitionState`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartitionState {
    /// It has replicas, but never had a leader.
    New,
    /// It has a leader.
    Online,
    /// It had one, which is gone.
    Offline,
    /// It does not exist, or not any more.
    #[default]
    NonExistent,
}

impl PartitionState {
    /// Whether it may change to `next` (`validPreviousStates`).
    pub fn may_become(self, next: PartitionState) -> bool {
        use PartitionState::*;
        match next {
            New => self == NonExistent,
            Online | Offline => matches!(self, New | Online | Offline),
            NonExistent => self == Offline,
        }
    }
}

/// What state a replica is in (`ReplicaState`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReplicaState {
    /// It was just added.
    New,
    /// Its broker is there.
    Online,
    /// Its broker is gone, or it shall not be a replica any more.
    Offline,
    /// Its broker was told to delete it.
    DeletionStarted,
    /// Its broker has deleted it.
    DeletionSuccessful,
    /// It cannot be deleted now.
    DeletionIneligible,
    /// It does not exist, or not any more.
    #[default]
    NonExistent,
}

impl ReplicaState {
    /// Whether it may change to `next` (`validPreviousStates`).
    pub fn may_become(self, next: ReplicaState) -> bool {
        use ReplicaState::*;
        match next {
            New => self == NonExistent,
            Online | Offline => matches!(self, New | Online | Offline | DeletionIneligible),
            DeletionStarted => self == Offline,
            DeletionSuccessful => self == DeletionStarted,
            DeletionIneligible => matches!(self, Offline | DeletionStarted),
            NonExistent => self == DeletionSuccessful,
        }
    }
}

/// One replica of one partition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Replica {
    /// The broker. First, so that a sorted list is grouped by broker.
    pub broker: NodeId,
    /// The partition.
    pub partition: TopicPartition,
}

/// What is known about one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionContext {
    /// Its replicas.
    pub assignment: Assignment,
    /// The controller epoch and the state that its znode had when last seen.
    pub leadership: Option<(i32, LeaderAndIsr)>,
    /// Its state.
    pub state: PartitionState,
    /// The states of its replicas.
    pub replicas: BTreeMap<NodeId, ReplicaState>,
}

/// What is known about one topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicContext {
    /// Its id, since 2.8.
    pub id: Option<Uuid>,
    /// Its partitions.
    pub partitions: BTreeMap<u32, Arc<PartitionContext>>,
}

/// A broker that has a znode under `/brokers/ids`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveBroker {
    /// The transaction that created its znode.
    pub epoch: BrokerEpoch,
    /// Its rack.
    pub rack: Option<Arc<str>>,
}

/// All that the controller knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Who is the controller, as far as this broker knows.
    pub active: Option<NodeId>,
    /// The controller epoch of this reign.
    pub epoch: i32,
    /// The version of `/controller_epoch` in this reign: what fences writes.
    pub epoch_version: i32,
    /// Brokers with a znode, those about to stop among them.
    pub live: BTreeMap<NodeId, LiveBroker>,
    /// Brokers in controlled shutdown.
    pub shutting_down: BTreeSet<NodeId>,
    /// Topics.
    pub topics: Arc<BTreeMap<TopicName, Arc<TopicContext>>>,
    /// Partitions on the way to other replicas.
    pub reassigning: BTreeSet<TopicPartition>,
    /// Topics to be deleted.
    pub to_be_deleted: BTreeSet<TopicName>,
    /// Those of them whose deletion has begun.
    pub deletion_started: BTreeSet<TopicName>,
    /// Those of them that must wait: a replica is dead, or a reassignment is under way.
    pub deletion_ineligible: BTreeSet<TopicName>,
}

impl Context {
    /// Forgets everything but who the controller is (`resetContext`).
    pub fn reset(&mut self) {
        *self = Context { active: self.active, ..Context::default() };
    }

    /// A partition.
    pub fn partition(&self, partition: &TopicPartition) -> Option<&PartitionContext> {
        self.topics.get(&partition.topic)?.partitions.get(&partition.partition).map(Arc::as_ref)
    }

    /// A topic, to be changed; made if it is not there.
    pub fn topic_mut(&mut self, topic: &TopicName) -> &mut TopicContext {
        let topics = Arc::make_mut(&mut self.topics);
        Arc::make_mut(topics.entry(topic.clone()).or_default())
    }

    /// A partition, to be changed; made if it is not there.
    pub fn partition_mut(&mut self, partition: &TopicPartition) -> &mut PartitionContext {
        let topic = self.topic_mut(&partition.topic);
        Arc::make_mut(topic.partitions.entry(partition.partition).or_default())
    }

    /// Forgets a topic.
    pub fn remove_topic(&mut self, topic: &TopicName) {
        Arc::make_mut(&mut self.topics).remove(topic);
        self.to_be_deleted.remove(topic);
        self.deletion_started.remove(topic);
        self.deletion_ineligible.remove(topic);
        self.reassigning.retain(|partition| partition.topic != *topic);
    }

    /// All partitions, in order.
    pub fn partitions(&self) -> impl Iterator<Item = (TopicPartition, &PartitionContext)> {
        self.topics.iter().flat_map(|(name, topic)| {
            let of = topic.partitions.iter();
            of.map(move |(number, one)| (TopicPartition::new(name, *number), one.as_ref()))
        })
    }

    /// The partitions of a topic.
    pub fn partitions_of(&self, topic: &TopicName) -> Vec<TopicPartition> {
        let of = self.topics.get(topic).into_iter().flat_map(|topic| topic.partitions.keys());
        of.map(|number| TopicPartition::new(topic, *number)).collect()
    }

    /// A partition's replicas.
    pub fn assignment(&self, partition: &TopicPartition) -> Assignment {
        self.partition(partition).map(|one| one.assignment.clone()).unwrap_or_default()
    }

    /// The state that a partition's znode had when last seen.
    pub fn leadership(&self, partition: &TopicPartition) -> Option<&(i32, LeaderAndIsr)> {
        self.partition(partition)?.leadership.as_ref()
    }

    /// A partition's leader, as last seen.
    pub fn leader(&self, partition: &TopicPartition) -> Option<NodeId> {
        self.leadership(partition)?.1.leader
    }

    /// Whether a broker is there and not about to stop.
    pub fn is_live(&self, broker: NodeId) -> bool {
        self.live.contains_key(&broker) && !self.shutting_down.contains(&broker)
    }

    /// Brokers that are there, those about to stop among them.
    pub fn live_or_shutting_down(&self) -> Vec<NodeId> {
        self.live.keys().copied().collect()
    }

    /// Whether a topic is to be deleted.
    pub fn is_to_be_deleted(&self, topic: &TopicName) -> bool {
        self.to_be_deleted.contains(topic)
    }

    /// All replicas on these brokers.
    pub fn replicas_on(&self, brokers: &BTreeSet<NodeId>) -> Vec<Replica> {
        let mut found = Vec::new();
        for (partition, one) in self.partitions() {
            for broker in one.assignment.replicas.iter().filter(|id| brokers.contains(id)) {
                found.push(Replica { broker: *broker, partition: partition.clone() });
            }
        }
        found.sort();
        found
    }

    /// All replicas of these partitions.
    pub fn replicas_of(&self, partitions: &[TopicPartition]) -> Vec<Replica> {
        let mut found: Vec<Replica> = Vec::new();
        for partition in partitions {
            let replicas = self.partition(partition).map(|one| &one.assignment.replicas);
            found.extend(
                replicas
                    .into_iter()
                    .flatten()
                    .map(|broker| Replica { broker: *broker, partition: partition.clone() }),
            );
        }
        found.sort();
        found
    }

    /// All replicas of a topic.
    pub fn replicas_of_topic(&self, topic: &TopicName) -> Vec<Replica> {
        self.replicas_of(&self.partitions_of(topic))
    }

    /// The state of a replica.
    pub fn replica_state(&self, replica: &Replica) -> ReplicaState {
        let states = self.partition(&replica.partition).map(|one| &one.replicas);
        states.and_then(|states| states.get(&replica.broker)).copied().unwrap_or_default()
    }

    /// Puts a replica into a state; into `NonExistent`: forgets it.
    pub fn put_replica_state(&mut self, replica: &Replica, state: ReplicaState) {
        let replicas = &mut self.partition_mut(&replica.partition).replicas;
        match state {
            ReplicaState::NonExistent => replicas.remove(&replica.broker),
            other => replicas.insert(replica.broker, other),
        };
    }

    /// A topic's replicas in a state.
    pub fn replicas_in(&self, topic: &TopicName, state: ReplicaState) -> Vec<Replica> {
        let all = self.replicas_of_topic(topic);
        all.into_iter().filter(|replica| self.replica_state(replica) == state).collect()
    }

    /// Partitions in one of these states.
    pub fn partitions_in(&self, states: &[PartitionState]) -> Vec<TopicPartition> {
        let fits = self.partitions().filter(|(_, one)| states.contains(&one.state));
        fits.map(|(partition, _)| partition).collect()
    }

    /// Partitions whose leader is not alive, but for those of topics to be deleted (`partitionsWithOfflineLeader`).
    pub fn with_offline_leader(&self) -> Vec<TopicPartition> {
        let lost = self.partitions().filter(|(partition, one)| {
            let state = one.leadership.as_ref().map(|(_, state)| state);
            state.is_some_and(|state| !state.leader.is_some_and(|id| self.is_live(id)))
                && !self.is_to_be_deleted(&partition.topic)
        });
        lost.map(|(partition, _)| partition).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_follow_each_other_as_in_kafka() {
        use PartitionState as P;
        use ReplicaState as R;
        assert!(P::NonExistent.may_become(P::New) && P::New.may_become(P::Online));
        assert!(P::Offline.may_become(P::NonExistent) && !P::Online.may_become(P::NonExistent));
        assert!(!P::NonExistent.may_become(P::Online));
        assert!(R::DeletionIneligible.may_become(R::Online));
        assert!(R::Offline.may_become(R::DeletionStarted));
        assert!(!R::Online.may_become(R::DeletionStarted));
        assert!(R::DeletionSuccessful.may_become(R::NonExistent));
    }

    #[test]
    fn a_clone_shares_what_did_not_change() {
        let mut context = Context::default();
        let (a, b) = (TopicName::new("a"), TopicName::new("b"));
        for topic in [&a, &b] {
            let partition = context.partition_mut(&TopicPartition::new(topic, 0));
            partition.assignment = Assignment::of(vec![NodeId(1), NodeId(2)]);
        }
        let before = context.clone();
        context.partition_mut(&TopicPartition::new(&a, 0)).state = PartitionState::New;
        assert!(Arc::ptr_eq(&before.topics[&b], &context.topics[&b]));
        assert!(!Arc::ptr_eq(&before.topics[&a], &context.topics[&a]));
        let on_two = context.replicas_on(&BTreeSet::from([NodeId(2)]));
        assert_eq!(on_two.len(), 2);
        context.remove_topic(&a);
        assert_eq!(context.partitions().count(), 1);
    }
}
