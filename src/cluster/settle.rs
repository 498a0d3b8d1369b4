//! Is anything still under way? And if not: pass over idle time as one step.
//!
//! "Settled" means that nothing would change any more without a new act: no session, lag or rebalance timer that would
//! change something is running, no follower behind, no election or rebalance under way. Heartbeats, empty fetches,
//! checkpoints of files and internal topics' offsets do not count.

use super::event::{Body, WorldEvent};
use super::network::Happening;
use super::world::{Cluster, NodeState, Stage};
use crate::broker::Life;
use crate::client::Client;
use crate::clock::{Duration, Instant};
use crate::disk::Disk;
use crate::group::GroupState;
use crate::protocol::{
    Body as MessageBody, Request, Response, Timer, ZooKeeperOperation, ZooKeeperReply,
    ZooKeeperRequest, ZooKeeperResponse,
};
use crate::replica::{Replica, Role};
use crate::types::{LeaderEpoch, NodeId, TopicName};
use std::sync::Arc;

/// Idle time that is worth passing over; a shorter one is played as it is.
const WORTH_PASSING: Duration = Duration::from_ms(5_000);

/// What is left before the end of a passed-over time, so that the rounds are back in their rhythm.
const LEAD_IN: Duration = Duration::from_ms(1_000);

fn is_periodic_timer(timer: &Timer) -> bool {
    matches!(
        timer,
        Timer::BrokerHeartbeat
            | Timer::IsrCheck
            | Timer::DelayedFetch(_)
            | Timer::RequestTimeout(_)
            | Timer::Checkpoint
            | Timer::SessionCheck
            | Timer::LeaderBalance
            | Timer::MetadataNoOp
            | Timer::ConsumerPoll
            | Timer::ConsumerHeartbeat
            | Timer::ConsumerAutoCommit
            | Timer::GroupSession { .. }
            | Timer::ClientMetadata
            | Timer::ZooKeeperTick
            | Timer::ZooKeeperSession
            | Timer::FetcherBackoff(_)
            | Timer::MetadataBackoff
            | Timer::QuorumElection
            | Timer::QuorumFetchTimeout
            | Timer::QuorumCheck
            | Timer::QuorumBegin
            | Timer::QuorumRetry
    )
}

fn is_periodic_message(body: &MessageBody) -> bool {
    match body {
        MessageBody::Request(request) => matches!(
            request,
            Request::Fetch(_)
                | Request::BrokerHeartbeat(_)
                | Request::Heartbeat(_)
                | Request::OffsetCommit(_)
                | Request::Metadata(_)
                | Request::Vote(_)
                | Request::BeginQuorumEpoch(_)
                | Request::EndQuorumEpoch(_)
                | Request::ZooKeeper(ZooKeeperRequest { operation: ZooKeeperOperation::Ping, .. })
        ),
        MessageBody::Response(response) => match response {
            Response::Fetch(fetch) => fetch.partitions.iter().all(|p| p.records.is_empty()),
            Response::BrokerHeartbeat(_)
            | Response::Heartbeat(_)
            | Response::OffsetCommit(_)
            | Response::Metadata(_)
            | Response::Vote(_)
            | Response::BeginQuorumEpoch(_)
            | Response::EndQuorumEpoch(_)
            | Response::ZooKeeper(ZooKeeperResponse { result: Ok(ZooKeeperReply::Pong), .. }) => {
                true
            }
            _ => false,
        },
    }
}

/// Whether the leader knows the follower's latest epoch; if not, the next fetch makes the follower drop it (KIP-595).
fn shares_epoch(leader: &Replica, follower: &Replica) -> bool {
    let latest = follower.log.latest_epoch();
    latest == LeaderEpoch::NONE || leader.log.end_offset_for_epoch(latest).0 == latest
}

impl Cluster {
    /// Whether nothing would change any more without a new act; otherwise what is still under way.
    pub fn settled(&self) -> Result<(), String> {
        self.queue_settled()?;
        self.quorum_settled()?;
        self.brokers_settled()?;
        self.disks_settled()?;
        self.replicas_settled()?;
        for client in self.clients.values() {
            if let Some(reason) = client.unsettled() {
                return Err(reason);
            }
        }
        self.groups_settled()
    }

    fn queue_settled(&self) -> Result<(), String> {
        for queued in self.network.queue.values() {
            match &queued.happening {
                Happening::Deliver { from, to, message } if !is_periodic_message(&message.body) => {
                    return Err(format!("{} {from} → {to} is under way", message.kind()));
                }
                Happening::Start(node) => return Err(format!("{node} is about to start")),
                Happening::Walk => return Err("a lookup is being walked".to_owned()),
                _ => {}
            }
        }
        Ok(())
    }

    fn brokers_settled(&self) -> Result<(), String> {
        if self.zookeeper.is_some() {
            return self.zookeeper_settled();
        }
        let Some(controller) = self.controller() else {
            return Ok(()); // without a controller nothing is decided any more
        };
        let end = controller.image.offset;
        for (&id, node) in &self.brokers {
            let registered = controller.image.brokers.get(&id);
            let fenced = registered.is_none_or(|broker| broker.fenced);
            match node.state {
                NodeState::Dead | NodeState::Stopped | NodeState::Paused if !fenced => {
                    return Err(format!("the session of broker {id} has not ended yet"));
                }
                NodeState::Alive => {
                    let Some(broker) = &node.broker else {
                        continue;
                    };
                    if let Some(reason) = broker.unsettled() {
                        return Err(reason);
                    }
                    let reachable = !self.network.is_cut(id, controller.id);
                    if reachable && broker.life == Life::Running && fenced {
                        return Err(format!("broker {id} is fenced and will be let in"));
                    }
                    if !reachable && !fenced {
                        return Err(format!("the session of broker {id} has not ended yet"));
                    }
                    if reachable && broker.observer.image.offset < end {
                        return Err(format!("broker {id} has not read all metadata yet"));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn replicas_settled(&self) -> Result<(), String> {
        for (&id, node) in &self.brokers {
            let (NodeState::Alive, Some(broker)) = (node.state, &node.broker) else {
                continue;
            };
            for replica in broker.replicas.values() {
                let Role::Leader(leader) = &replica.role else {
                    continue;
                };
                if self.registered_leader(replica) != Some(id) {
                    continue;
                }
                for &follower in leader.followers.keys() {
                    self.follower_settled(replica, follower)?;
                }
                self.high_watermark_settled(replica)?;
            }
        }
        Ok(())
    }

    fn registered_leader(&self, replica: &Replica) -> Option<NodeId> {
        self.image()?.partition(&replica.partition)?.leader
    }

    fn follower_settled(&self, replica: &Replica, follower: NodeId) -> Result<(), String> {
        let Some(leader) = replica.as_leader() else {
            return Ok(());
        };
        let partition = &replica.partition;
        let in_isr = leader.isr.contains(&follower);
        let end = replica.log.log_end_offset();
        let copies = self.copies(follower, replica.broker);
        let own = self.broker(follower).and_then(|broker| broker.replicas.get(partition));
        let behind = own.is_none_or(|own| own.log.log_end_offset() != end);
        if copies {
            if behind {
                return Err(format!("broker {follower} has not copied all of {partition}"));
            }
            let epochs = self.config.era().leader_epochs;
            if epochs && own.is_some_and(|own| !shares_epoch(replica, own)) {
                return Err(format!(
                    "broker {follower} has not compared its epochs of {partition} with the leader's"
                ));
            }
            if !in_isr {
                return Err(format!("broker {follower} is about to join the ISR of {partition}"));
            }
            if own.is_some_and(|own| own.high_watermark() != replica.high_watermark()) {
                return Err(format!(
                    "broker {follower} has not heard the high watermark of {partition}"
                ));
            }
        } else if in_isr && behind && self.state(follower) == NodeState::Alive {
            return Err(format!("broker {follower} lags in {partition} and will leave the ISR"));
        } else if in_isr {
            let seen = leader.followers.get(&follower).map(|state| state.log_end);
            if seen.is_some_and(|seen| seen < end) {
                return Err(format!(
                    "broker {follower} lags in {partition} and will leave the ISR"
                ));
            }
        }
        Ok(())
    }

    fn high_watermark_settled(&self, replica: &Replica) -> Result<(), String> {
        let Some(leader) = replica.as_leader() else {
            return Ok(());
        };
        let waiting = leader.isr.len() >= replica.min_insync_replicas()
            && replica.high_watermark() < replica.log.log_end_offset()
            && leader
                .isr
                .iter()
                .all(|&node| node == replica.broker || self.copies(node, replica.broker));
        if waiting {
            return Err(format!("the high watermark of {} is on its way", replica.partition));
        }
        Ok(())
    }

    /// Whether `follower` is able to fetch from `leader` at the moment.
    fn copies(&self, follower: NodeId, leader: NodeId) -> bool {
        let alive = self.state(follower) == NodeState::Alive;
        let broker = self.broker(follower);
        alive
            && !self.network.is_cut(follower, leader)
            && broker.is_some_and(|b| b.life == Life::Running && !b.fetchers_paused)
    }

    fn groups_settled(&self) -> Result<(), String> {
        self.subscriptions_settled()?;
        for node in self.brokers.values() {
            let (NodeState::Alive, Some(broker)) = (node.state, &node.broker) else {
                continue;
            };
            for (name, group) in &broker.groups.groups {
                if matches!(
                    group.state,
                    GroupState::PreparingRebalance | GroupState::CompletingRebalance
                ) {
                    return Err(format!("group {name} is rebalancing"));
                }
                for member in group.members.keys() {
                    let owner = self.names.keys().find(|name| {
                        member.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('-'))
                    });
                    if owner.is_none() {
                        return Err(format!("the session of {member} in {name} has not ended yet"));
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether every subscribed consumer knows how many partitions its topics have: if not, a rebalance will come.
    fn subscriptions_settled(&self) -> Result<(), String> {
        let Some(image) = self.image() else { return Ok(()) };
        for client in self.clients.values() {
            let Client::Consumer(consumer) = client.as_ref() else { continue };
            if client.is_closed() || consumer.is_paused() || consumer.registry().is_some() {
                continue;
            }
            for topic in consumer.subscription() {
                let known = consumer.metadata().partition_count(topic);
                let there = image.topics.get(topic).map(|topic| topic.partitions.len() as u32);
                if known.is_some() && there.is_some_and(|there| Some(there) > known) {
                    let name = client.name();
                    return Err(format!("{name} has not heard of the new partitions of {topic}"));
                }
            }
        }
        Ok(())
    }

    /// How far idle time may be passed over towards `until`; `None`: it is not idle, or not worth it.
    pub(crate) fn idle_until(&self, until: Instant, disk: &Disk) -> Option<Instant> {
        if until.since(self.now) < WORTH_PASSING
            || self.settled().is_err()
            || self.clients.values().any(|client| client.has_uncommitted())
            || self.clients.keys().any(|id| self.refresh_would_tell(*id))
        {
            return None;
        }
        let mut limit = until;
        for (&(at, _), queued) in &self.network.queue {
            let periodic = match &queued.happening {
                Happening::Timer { node, timer } => self.is_periodic(*node, timer),
                _ => true,
            };
            if !periodic {
                limit = limit.min(at);
                break;
            }
        }
        if let Some(upkeep) = self.next_upkeep(disk) {
            limit = limit.min(upkeep);
        }
        (limit.since(self.now) >= WORTH_PASSING).then_some(limit)
    }

    /// The poll timer of a consumer that was paused is the end of `max.poll.interval.ms`.
    fn is_periodic(&self, node: NodeId, timer: &Timer) -> bool {
        let paused = || {
            let client = self.clients.get(&node).map(|client| &**client);
            matches!(client, Some(Client::Consumer(consumer)) if consumer.is_paused())
        };
        match timer {
            Timer::ConsumerPoll => !paused(),
            Timer::LeaderBalance => !self.balance_would_act(),
            _ => is_periodic_timer(timer),
        }
    }

    /// Whether a client's next refresh of its metadata brings partitions that it does not know.
    fn refresh_would_tell(&self, node: NodeId) -> bool {
        let topics = self.active_image().map(|image| &image.topics);
        let count = |name: &TopicName| Some(topics?.get(name)?.partitions.len());
        self.clients.get(&node).is_some_and(|client| client.misses_partitions(&count))
    }

    /// Whether the controller's next balance finds a leader to move back, or a partition without one.
    fn balance_would_act(&self) -> bool {
        self.active_image().is_some_and(|image| {
            image.partitions().any(|(_, p)| match (p.leader, p.preferred_leader()) {
                (Some(leader), Some(first)) => leader != first && p.isr.contains(&first),
                (leader, _) => leader.is_none(),
            })
        })
    }

    /// High watermarks that moved are written once in the time passed over, if that falls due: who is killed behind it
    /// finds them again.
    fn write_checkpoints_due(&mut self, until: Instant, disk: &mut Disk) {
        let due: Vec<NodeId> = self
            .network
            .queue
            .iter()
            .take_while(|((at, _), _)| *at <= until)
            .filter_map(|(_, queued)| match queued.happening {
                Happening::Timer { node, timer: Timer::Checkpoint } => Some(node),
                _ => None,
            })
            .collect();
        for node in due {
            let entry = self.brokers.get_mut(&node).filter(|entry| entry.state == NodeState::Alive);
            if let Some(broker) = entry.and_then(|entry| entry.broker.as_mut())
                && broker.has_marks_to_write()
            {
                // A disk that fails here fails again at the next checkpoint, where the broker can say so.
                let _ = Arc::make_mut(broker).write_high_watermarks(disk);
            }
        }
    }

    /// Passes over idle time: everything periodic moves as it is to the end of it.
    pub(crate) fn pass_idle(&mut self, until: Instant, disk: &mut Disk, stage: &mut Stage<'_>) {
        let by = Duration(until.since(self.now).0.saturating_sub(LEAD_IN.0));
        let mut kept = Vec::new();
        let fixed: Vec<(Instant, u64)> = self
            .network
            .queue
            .iter()
            .filter(|(_, queued)| {
                matches!(&queued.happening, Happening::Timer { node, timer } if !self.is_periodic(*node, timer))
            })
            .map(|(&key, _)| key)
            .collect();
        for (at, id) in fixed {
            if let Some((_, queued)) = self.network.take(id) {
                kept.push((at, queued));
            }
        }
        self.write_checkpoints_due(until, disk);
        self.network.shift(by);
        for (at, queued) in kept {
            if let Happening::Timer { node, timer } = queued.happening {
                self.network.set_timer(node, timer, Some(at), queued.cause);
            }
        }
        for node in self.brokers.values_mut() {
            if let Some(broker) = &mut node.broker {
                Arc::make_mut(broker).shift(by);
            }
        }
        for node in self.controllers.values_mut() {
            if let Some(controller) = &mut node.controller {
                Arc::make_mut(controller).shift(by);
            }
        }
        if let Some(node) = &mut self.zookeeper {
            Arc::make_mut(&mut node.server).shift(by);
        }
        for client in self.clients.values_mut() {
            Arc::make_mut(client).shift(by);
        }
        self.now = self.now + by;
        let body = Body::World(WorldEvent::IdlePassed { ms: by.as_ms() });
        self.emit(stage, NodeId(0), body);
    }
}

impl Cluster {
    /// The facts that two branches are compared by.
    pub(crate) fn facts(&self) -> std::collections::BTreeMap<String, String> {
        let mut facts = std::collections::BTreeMap::new();
        let Some(image) = self.image() else {
            return facts;
        };
        for (&id, node) in &self.brokers {
            facts.insert(format!("broker {id}"), format!("{:?}", node.state).to_lowercase());
        }
        for (name, topic) in image.topics.iter() {
            for (number, partition) in topic.partitions.iter().enumerate() {
                let at = format!("{name}-{number}");
                let leader = partition.leader.map_or("none".to_owned(), |l| l.to_string());
                facts.insert(format!("leader({at})"), leader);
                facts.insert(format!("isr({at})"), crate::replica::set(&partition.isr));
                facts.insert(format!("epoch({at})"), partition.leader_epoch.to_string());
                for &id in &partition.replicas {
                    let tp = crate::types::TopicPartition::new(name, number as u32);
                    let replica = self.broker(id).and_then(|broker| broker.replicas.get(&tp));
                    if let Some(replica) = replica {
                        let (end, mark) = (replica.log_end_offset(), replica.high_watermark());
                        facts.insert(format!("leo({at}, {id})"), end.to_string());
                        facts.insert(format!("hw({at}, {id})"), mark.to_string());
                    }
                }
            }
        }
        facts
    }

    /// Closes what still runs, as a clean stop of every process would.
    pub(crate) fn close_all(
        &mut self,
        disk: &mut crate::disk::Disk,
    ) -> Result<(), crate::storage::StorageError> {
        for node in self.brokers.values_mut() {
            if node.state == NodeState::Alive
                && let Some(broker) = &mut node.broker
            {
                let mut out = crate::protocol::Output::default();
                Arc::make_mut(broker).finish(disk, &mut out)?;
                node.state = NodeState::Stopped;
            }
        }
        for node in self.controllers.values_mut() {
            if node.state == NodeState::Alive
                && let Some(controller) = &mut node.controller
            {
                Arc::make_mut(controller).log.close(disk, &mut Vec::new())?;
                node.state = NodeState::Stopped;
            }
        }
        Ok(())
    }
}
