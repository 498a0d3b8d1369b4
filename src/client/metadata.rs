//! What a client knows of the cluster: who is there, who leads which partition (class `Metadata`).
//!
//! Any broker can tell. The first question goes to a bootstrap broker, later ones to whoever is known. Knowledge is
//! asked for anew when an answer showed that it is old, when a topic is missing, or when it is `metadata.max.age.ms`
//! old.
//!
//! Always: a partition's leader epoch does not go back while the topic keeps its id (KIP-320).

use super::config::backoff;
use super::connections::Connections;
use super::event::Event;
use crate::clock::{Duration, Instant};
use crate::protocol::{ErrorCode, MetadataRequest, MetadataResponse, Output, Request};
use crate::types::{LeaderEpoch, NodeId, TopicName, TopicPartition, Uuid};
use std::collections::{BTreeMap, BTreeSet};

/// One partition as far as the client knows.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionInfo {
    /// Who leads it.
    pub leader: Option<NodeId>,
    /// That leader's epoch.
    pub leader_epoch: LeaderEpoch,
}

/// One topic as far as the client knows.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicInfo {
    /// Why nothing is known about it.
    pub error: ErrorCode,
    /// Its id.
    pub id: Uuid,
    /// Its partitions by number.
    pub partitions: Vec<PartitionInfo>,
}

/// The client's picture of the cluster.
#[derive(Clone, Debug)]
pub struct Metadata {
    bootstrap: Vec<NodeId>,
    brokers: Vec<NodeId>,
    topics: BTreeMap<TopicName, TopicInfo>,
    wanted: BTreeSet<TopicName>,
    allow_auto_creation: bool,
    under_way: bool,
    update_wanted: bool,
    not_before: Instant,
    tries: u32,
    refreshed_at: Option<Instant>,
    max_age: Duration,
    backoff_ms: (u64, u64),
}

impl Metadata {
    /// Nothing known but the bootstrap brokers.
    pub fn new(
        bootstrap: Vec<NodeId>,
        allow_auto_creation: bool,
        max_age_ms: u64,
        backoff_ms: (u64, u64),
    ) -> Metadata {
        Metadata {
            bootstrap,
            brokers: Vec::new(),
            topics: BTreeMap::new(),
            wanted: BTreeSet::new(),
            allow_auto_creation,
            under_way: false,
            update_wanted: false,
            not_before: Instant(0),
            tries: 0,
            refreshed_at: None,
            max_age: Duration::from_ms(max_age_ms),
            backoff_ms,
        }
    }
    /// The brokers that may be asked.
    pub fn brokers(&self) -> &[NodeId] {
        if self.brokers.is_empty() { &self.bootstrap } else { &self.brokers }
    }
    /// What is known of `topic`.
    pub fn topic(&self, topic: &TopicName) -> Option<&TopicInfo> {
        self.topics.get(topic)
    }
    /// Its number of partitions, if it is known to exist.
    pub fn partition_count(&self, topic: &TopicName) -> Option<u32> {
        let info = self.topics.get(topic)?;
        (!info.partitions.is_empty()).then_some(info.partitions.len() as u32)
    }
    /// Who leads `partition`.
    pub fn leader(&self, partition: &TopicPartition) -> Option<(NodeId, LeaderEpoch)> {
        let info = self.topics.get(&partition.topic)?;
        let info = info.partitions.get(partition.partition as usize)?;
        info.leader.map(|leader| (leader, info.leader_epoch))
    }
    /// From now on `topic` is asked for, too.
    pub fn want(&mut self, topic: &TopicName) {
        if !self.wanted.contains(topic) {
            self.wanted.insert(topic.clone());
            self.update_wanted = true;
        }
    }
    /// Only these topics are asked for.
    pub fn want_only(&mut self, topics: impl IntoIterator<Item = TopicName>) {
        let wanted: BTreeSet<TopicName> = topics.into_iter().collect();
        if wanted != self.wanted {
            self.wanted = wanted;
            self.update_wanted = true;
        }
    }
    /// What is known is old.
    pub fn request_update(&mut self) {
        self.update_wanted = true;
    }
    /// Whether an answer is awaited or wanted.
    pub fn is_pending(&self) -> bool {
        self.under_way || self.update_wanted
    }
    /// A response named the present leader (KIP-951). `true`: that was news.
    pub fn learn_leader(
        &mut self,
        partition: &TopicPartition,
        leader: NodeId,
        epoch: LeaderEpoch,
    ) -> bool {
        let Some(info) = self.topics.get_mut(&partition.topic) else { return false };
        let Some(info) = info.partitions.get_mut(partition.partition as usize) else {
            return false;
        };
        let news = epoch > info.leader_epoch;
        if news {
            *info = PartitionInfo { leader: Some(leader), leader_epoch: epoch };
        }
        news
    }
    /// Asks if something is to be asked and may be asked now. Returns when to look again.
    pub fn poll<W>(
        &mut self,
        now: Instant,
        connections: &mut Connections<W>,
        what: W,
        timeout_ms: u64,
        out: &mut Output<Event>,
    ) -> Option<Instant> {
        if self.under_way {
            return None;
        }
        let old_at = self.refreshed_at.map(|at| at + self.max_age);
        let due = self.update_wanted || old_at.is_some_and(|at| at <= now);
        if !due {
            return old_at;
        }
        if now < self.not_before {
            return Some(self.not_before);
        }
        let to = match connections.choose(self.brokers(), now) {
            Ok(to) => to,
            Err(again) => {
                // Everybody known is out of reach: begin anew at the bootstrap brokers (KIP-899).
                self.brokers.clear();
                return Some(again);
            }
        };
        let request = Request::Metadata(MetadataRequest {
            topics: Some(self.wanted.iter().cloned().collect()),
            allow_auto_topic_creation: self.allow_auto_creation,
        });
        connections.send(now, to, request, what, timeout_ms, out);
        (self.under_way, self.update_wanted) = (true, false);
        None
    }
    /// The question was lost.
    pub fn failed<W>(&mut self, now: Instant, connections: &mut Connections<W>) {
        (self.under_way, self.update_wanted) = (false, true);
        self.back_off(now, connections);
    }
    fn back_off<W>(&mut self, now: Instant, connections: &mut Connections<W>) {
        self.tries += 1;
        let (first, longest) = self.backoff_ms;
        self.not_before = now + backoff(first, longest, self.tries, connections.chance());
    }
    /// The answer came.
    pub fn update<W>(
        &mut self,
        now: Instant,
        response: MetadataResponse,
        connections: &mut Connections<W>,
        out: &mut Output<Event>,
    ) {
        self.under_way = false;
        self.refreshed_at = Some(now);
        if !response.brokers.is_empty() {
            self.brokers = response.brokers;
        }
        let mut incomplete = false;
        let count = response.topics.len();
        for topic in response.topics {
            incomplete |= topic.error.is_retriable()
                || topic.partitions.iter().any(|partition| partition.leader.is_none());
            let before = self.topics.remove(&topic.name).filter(|info| info.id == topic.id);
            let partitions = topic.partitions.iter().enumerate().map(|(number, partition)| {
                let known = before.as_ref().and_then(|info| info.partitions.get(number));
                match known {
                    Some(known) if known.leader_epoch > partition.leader_epoch => known.clone(),
                    _ => PartitionInfo {
                        leader: partition.leader,
                        leader_epoch: partition.leader_epoch,
                    },
                }
            });
            let partitions = partitions.collect();
            let info = TopicInfo { error: topic.error, id: topic.id, partitions };
            self.topics.insert(topic.name, info);
        }
        if incomplete {
            self.update_wanted = true;
            self.back_off(now, connections);
        } else {
            self.tries = 0;
            self.not_before = now + Duration::from_ms(self.backoff_ms.0);
        }
        out.events.push(Event::MetadataRefreshed { brokers: self.brokers.len(), topics: count });
    }
    /// Whether an answer to the next question would bring partitions that it does not know yet.
    pub fn misses_partitions(&self, count: &dyn Fn(&TopicName) -> Option<usize>) -> bool {
        self.topics.iter().any(|(name, known)| {
            known.error.is_none() && count(name).is_some_and(|now| now != known.partitions.len())
        })
    }
    /// Idle time was skipped.
    pub fn shift(&mut self, by: Duration) {
        self.not_before = self.not_before + by;
        self.refreshed_at = self.refreshed_at.map(|at| at + by);
    }
}
