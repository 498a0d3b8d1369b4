//! What brought an event about, where one message or one step is about many partitions.
//!
//! ```text
//!   broker 1 is fenced ──▶ o-0: leader 2 elected ──▶ leads o-0        what happens to o-0 is not the cause
//!                     └──▶ o-1: leader 3 elected ──▶ leads o-1        of what happens to o-1
//! ```
//!
//! Within a step each partition has a chain of its own, and all begin at what the step is about. A message about one
//! partition goes on with that partition's chain; one about several goes on with what they have in common.

use super::event::{Body, Fault, WorldEvent};
use super::network::Caught;
use super::world::{Cluster, Stage};
use crate::broker;
use crate::coordination;
use crate::coordination::kraft::QuorumEvent;
use crate::coordination::zookeeper::ServerEvent;
use crate::protocol::{Body as MessageBody, Output, Request};
use crate::types::{NodeId, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};

/// The partitions that a message is about, as far as that matters here.
fn partitions(body: &MessageBody) -> Vec<&TopicPartition> {
    match body {
        MessageBody::Request(Request::Fetch(fetch)) => {
            fetch.partitions.iter().map(|fetched| &fetched.partition).collect()
        }
        MessageBody::Request(Request::Produce(produce)) => {
            produce.partitions.iter().map(|(partition, _)| partition).collect()
        }
        _ => Vec::new(),
    }
}

/// Most events whose partition is known before those that nobody refers to are forgotten.
pub(super) const MOST_KNOWN: usize = 512;

impl Cluster {
    /// What an event owes itself to. Rounds of empty fetches carry the cause of their first one, which may be about
    /// another partition: then it is the decision about this one's leader.
    pub(super) fn cause(&self, node: NodeId, body: &Body, carried: Option<u64>) -> Option<u64> {
        let cause = self.blamed(node, body).or(carried)?;
        match (body.partition(), self.about.get(&cause)) {
            (Some(own), Some(other)) if own != other => self.decisions.get(own).copied(),
            _ => Some(cause),
        }
    }

    /// Keeps what later events may owe themselves to.
    pub(super) fn remember(&mut self, id: u64, node: NodeId, body: &Body) {
        if let Body::ZooKeeper(event) = body
            && let ServerEvent::Created { .. } | ServerEvent::Changed { .. } = event
            && let Some(partition) = event.partition()
        {
            self.state_writes.insert(partition, id);
        }
        use coordination::Event::{LeaderElected, LeaderLost};
        if let Some(partition) = body.partition() {
            self.about.insert(id, partition.clone());
            if self.about.len() > self.about_limit {
                let queue = self.network.queue.values();
                let referred: BTreeSet<u64> = queue.filter_map(|queued| queued.cause).collect();
                let recent = id - (MOST_KNOWN / 2) as u64;
                self.about.retain(|known, _| *known >= recent || referred.contains(known));
                // Many thousands of messages may refer to as many events: not all are looked through at each new one.
                self.about_limit = MOST_KNOWN.max(self.about.len() + MOST_KNOWN / 2);
            }
        }
        match body {
            Body::World(WorldEvent::NodeStarted(_)) => drop(self.last_start.insert(node, id)),
            Body::Controller(LeaderElected { partition, .. } | LeaderLost { partition, .. }) => {
                self.decisions.insert(partition.clone(), id);
            }
            Body::Controller(coordination::Event::TopicDeleted { topic }) => {
                self.decisions.retain(|partition, _| partition.topic != *topic);
                self.state_writes.retain(|partition, _| partition.topic != *topic);
            }
            _ => {}
        }
    }

    /// Silence has causes too: a broker that is fenced, or lags, owes it to the last fault that struck it. And who
    /// begins to lead or to follow does so by a decision, however many partitions its message was about.
    pub(super) fn blamed(&self, node: NodeId, body: &Body) -> Option<u64> {
        let silent = match body {
            Body::Controller(crate::coordination::Event::BrokerFenced { broker, .. }) => *broker,
            // A voter that would stand owes it to whatever befell the leader that it has lost.
            Body::Controller(coordination::Event::Quorum(QuorumEvent::Prospective { .. })) => {
                self.controllers.get(&node)?.controller.as_ref()?.quorum.leader?
            }
            Body::ZooKeeper(ServerEvent::SessionExpired { node, silent_ms: Some(_), .. }) => *node,
            // In the ZooKeeper era a decision is what was written.
            Body::Controller(
                coordination::Event::LeaderElected { partition, .. }
                | coordination::Event::LeaderLost { partition, .. },
            ) => return self.state_writes.get(partition).copied(),
            Body::Broker(broker::Event::Replica(crate::replica::Event::FollowerLags {
                follower,
                ..
            })) => *follower,
            Body::Broker(broker::Event::Group(crate::group::Event::MemberExpired {
                member,
                ..
            })) => {
                let killed = self.killed_clients.iter().find(|(name, _)| {
                    member.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('-'))
                });
                return killed.map(|(_, &event)| event);
            }
            Body::Broker(broker::Event::Replica(
                crate::replica::Event::BecameLeader { partition, .. }
                | crate::replica::Event::BecameFollower { partition, .. },
            )) => {
                return self
                    .decisions
                    .get(partition)
                    .copied()
                    .filter(|decision| Some(decision) > self.last_start.get(&node));
            }
            _ => return None,
        };
        self.last_fault.get(&silent).copied()
    }

    /// Sends, sets and tells what a node's step gave back.
    pub(super) fn carry_out<E>(
        &mut self,
        node: NodeId,
        out: Output<E>,
        wrap: impl Fn(E) -> Body,
        stage: &mut Stage<'_>,
    ) {
        // What happens to one partition is not the cause of what happens to another.
        let mut common = stage.cause;
        let mut last: BTreeMap<TopicPartition, u64> = BTreeMap::new();
        for event in out.events {
            let body = wrap(event);
            let partition = body.partition().cloned();
            if let Some(partition) = &partition {
                stage.cause = last.get(partition).copied().or(common);
            }
            let id = self.emit(stage, node, body);
            match partition {
                Some(partition) => drop(last.insert(partition, id)),
                None => common = Some(id),
            }
        }
        if last.len() > 1 {
            stage.cause = common;
        }
        let seed = self.spec.seed;
        let leaves = self.now + out.busy + self.slow.get(&node).copied().unwrap_or_default();
        for (timer, at) in out.timers {
            let at = at.map(|at| at.max(self.now));
            self.network.set_timer(node, timer, at, stage.cause);
        }
        for send in out.sends {
            let cause = match partitions(&send.message.body)[..] {
                [] => stage.cause,
                [only] => last.get(only).copied().or(common),
                _ => common,
            };
            let (to, kind) = (send.to, send.message.kind());
            let sent = self.network.send(seed, leaves, node, to, send.message, cause);
            let caught = sent.and_then(|id| self.network.pass_snares(node, to, kind, id));
            let from = node;
            match caught {
                Some(Caught::Lost) => self.strike(Fault::Drop { from, to, kind }, stage),
                Some(Caught::Corrupted) => self.strike(Fault::Corrupt { from, to, kind }, stage),
                None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::cluster::Stamped;
    use crate::script::{RunOptions, Session, run_script};
    use crate::types::Language;

    #[test]
    fn what_happens_to_a_partition_owes_nothing_to_another_and_all_to_the_kill() {
        let mut session = Session::in_memory(Language::English);
        let text = "cluster brokers=3\ntopic create o partitions=2 assignment=1:2:3,2:3:1\nsettle\n\
                    produce o value=a partition=0\nproduce o value=b partition=1\nbroker kill 1\nrun 12s\n";
        let mut out = |_: &str| {};
        let end = run_script("f", text, &mut session, RunOptions::default(), &mut out, &|| false);
        assert_eq!(end.exit_code, 0, "{:?}", end.error);
        let lab = session.lab.unwrap();
        let killed = lab.events().iter().find(|event| event.body.kind() == "Kill").unwrap().id;
        let mut led = 0;
        for event in lab.events().iter().filter(|event| event.id > killed) {
            let Some(own) = event.body.partition() else { continue };
            let mut cause: &Stamped = event;
            while let Some(earlier) = cause.cause.and_then(|id| lab.event(id)) {
                let other = earlier.body.partition();
                assert!(other.is_none_or(|other| other == own), "{event:?} ← {earlier:?}");
                cause = earlier;
                if cause.id == killed {
                    led += u32::from(event.body.kind() == "BecameLeader");
                    break;
                }
            }
        }
        assert!(led > 0);
    }
}
