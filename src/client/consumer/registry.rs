//! The consumer of 0.8: each member finds its share by itself, in ZooKeeper (class `ZookeeperConsumerConnector`).
//!
//! ```text
//!   session ─▶ create ids/C (ephemeral) ─▶ rebalance ◀── a watch fires: ids, a topic
//!                                             │
//!   read brokers ─▶ commit, release what it owns ─▶ read topics, members ─▶ range ─▶ read offsets ─▶ create owners/T/P
//!        ▲                                                                                              │ NodeExists
//!        └────────────── pause (rebalance.backoff.ms), at most rebalance.max.retries tries ◀── undo ◀───┘
//! ```
//!
//! Nobody tells anybody what to do: each change wakes all members, and each reads everything (the herd). An owner znode
//! is the only lock. A member that has tried in vain often enough owns nothing until the next change.
//!
//! Files: `rebalance` is the round above, `commits` what is remembered. Always: one question at a time on each lane, as
//! Kafka's calls block; what is asked when the connection breaks is asked again on the next one. Left out: patterns of
//! topics, several streams for a topic, queues between fetchers and streams.

mod commits;
mod rebalance;

use super::*;
use crate::client::event::RegistryEvent;
use crate::coordination::zookeeper::{News, Session, SessionState, consumers, znodes};
use crate::protocol::{
    CreateMode, Response, WatchEvent, WatchKind, ZooKeeperError, ZooKeeperOperation, ZooKeeperReply,
};
use std::collections::BTreeSet;

type Answer = Result<ZooKeeperReply, ZooKeeperError>;

/// Where a member stands in its round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It has no znode of its own.
    Away,
    /// It makes one.
    Registering,
    /// It waits for a change.
    Idle,
    /// It reads who the brokers are.
    Cluster,
    /// It commits what it has read.
    Committing,
    /// It deletes its owner znodes.
    Releasing,
    /// It reads topics and members.
    Group,
    /// It reads how far its share was read.
    Offsets,
    /// It makes owner znodes.
    Claiming,
    /// It deletes those that it made, since others could not be made.
    Undoing,
    /// It pauses before the next try.
    Waiting,
    /// It has tried often enough, and owns nothing.
    Failed,
}

/// What a question is about.
#[derive(Clone, Debug, PartialEq)]
enum What {
    Parent,
    Id,
    Brokers,
    Broker,
    Own,
    Topic(TopicName),
    Members,
    MembersAgain,
    Member(Arc<str>),
    Offset(TopicPartition),
    Write(TopicPartition, Offset),
    Release,
    Claim(TopicPartition),
    Owner(TopicPartition),
    Noticed,
}

#[derive(Clone, Debug, PartialEq)]
struct Ask {
    operation: ZooKeeperOperation,
    what: What,
}

/// Questions, one at a time.
#[derive(Clone, Debug, Default)]
struct Lane {
    todo: VecDeque<Ask>,
    asked: Option<(u64, Ask)>,
}

impl Lane {
    fn is_free(&self) -> bool {
        self.todo.is_empty() && self.asked.is_none()
    }
    fn read(&mut self, path: Arc<str>, watch: bool, what: What) {
        self.todo.push_back(Ask { operation: ZooKeeperOperation::GetData { path, watch }, what });
    }
    fn children(&mut self, path: Arc<str>, watch: bool, what: What) {
        let operation = ZooKeeperOperation::GetChildren { path, watch };
        self.todo.push_back(Ask { operation, what });
    }
    fn delete(&mut self, path: Arc<str>, what: What) {
        let operation = ZooKeeperOperation::Delete { path, version: None };
        self.todo.push_back(Ask { operation, what });
    }
    /// Before everything else.
    fn first(&mut self, operation: ZooKeeperOperation, what: What) {
        self.todo.push_front(Ask { operation, what });
    }
}

/// Threads of Kafka's class: the rebalance, the committer, ZkClient's own for events.
const REBALANCE: usize = 0;
const COMMIT: usize = 1;
const EVENT: usize = 2;

/// What a member read of its group last: the base of its share. Others may have read something else.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// Members and how many streams each has for a topic.
    pub members: BTreeMap<Arc<str>, BTreeMap<TopicName, u32>>,
    /// Topics and how many partitions each has.
    pub topics: BTreeMap<TopicName, u32>,
}

/// What a consumer of 0.8 has beyond the others.
#[derive(Clone, Debug)]
pub struct Registry {
    /// Its session.
    pub session: Session,
    /// Its id: the name of its znode.
    pub consumer_id: Arc<str>,
    /// Where it stands.
    pub phase: Phase,
    /// Which try of the present rebalance it is, from 1.
    pub attempt: u32,
    /// What it owns, as it believes.
    pub owned: BTreeSet<TopicPartition>,
    /// What it read last.
    pub view: View,
    /// How much it has asked ZooKeeper.
    pub requests: u64,
    /// How often it has begun to rebalance.
    pub rounds: u64,
    share: Vec<TopicPartition>,
    lanes: [Lane; 3],
    /// A watch fired since the last round began.
    triggered: bool,
    pause_until: Instant,
    brokers: usize,
    watches_brokers: bool,
    vanished: Option<Arc<str>>,
    /// What is in ZooKeeper, as far as it knows (`checkpointedZkOffsets`).
    written: BTreeMap<TopicPartition, Offset>,
    fetched: BTreeMap<TopicPartition, Offset>,
    claimed: Vec<TopicPartition>,
    conflicts: u32,
    news: Vec<(TopicPartition, Offset)>,
    tickets: Vec<(u64, Vec<(TopicPartition, Offset)>)>,
    awaits_coordinator: bool,
}

impl Consumer {
    /// What it has in ZooKeeper, if it is a consumer of 0.8.
    pub fn registry(&self) -> Option<&Registry> {
        self.registry.as_deref()
    }

    /// Opens its session, with which everything begins.
    pub(super) fn open_registry(&mut self, now: Instant, out: &mut Output<Event>) {
        let Some(group) = self.group.clone() else { return };
        let consumer_id = match &self.config.consumer_id {
            Some(id) => format!("{group}_{id}"),
            None => {
                let chance = (self.connections.chance() >> 32) as u32;
                format!("{group}_{}-{}-{chance:08x}", self.name, now.timestamp().0)
            }
        };
        let timeout_ms = self.config.zookeeper_session_timeout_ms as u32;
        self.registry = Some(Box::new(Registry {
            session: Session::open(now, timeout_ms, 0, out),
            consumer_id: consumer_id.into(),
            phase: Phase::Away,
            attempt: 0,
            owned: BTreeSet::new(),
            view: View::default(),
            requests: 0,
            rounds: 0,
            share: Vec::new(),
            lanes: Default::default(),
            triggered: false,
            pause_until: now,
            brokers: 0,
            watches_brokers: self.config.watch_brokers,
            vanished: None,
            written: BTreeMap::new(),
            fetched: BTreeMap::new(),
            claimed: Vec::new(),
            conflicts: 0,
            news: Vec::new(),
            tickets: Vec::new(),
            awaits_coordinator: false,
        }));
    }

    /// ZooKeeper answered, or a watch fired.
    pub(super) fn registry_response(
        &mut self,
        now: Instant,
        correlation: u64,
        response: Response,
        out: &mut Output<Event>,
    ) {
        let Some(registry) = &mut self.registry else { return };
        let news = match response {
            Response::ZooKeeperConnect(response) => {
                registry.session.connected(now, correlation, &response, out)
            }
            Response::ZooKeeper(response) => {
                if response.result == Ok(ZooKeeperReply::Closed) && self.stopping.is_some() {
                    return self.left(out);
                }
                registry.session.heard(now, correlation, response, out)
            }
            _ => Vec::new(),
        };
        self.session_news(now, news, out);
    }

    /// Time to ping, to give a silent connection up, or to connect again.
    pub(super) fn session_timer(&mut self, now: Instant, out: &mut Output<Event>) {
        let Some(registry) = &mut self.registry else { return };
        let news = registry.session.timer(now, out);
        self.session_news(now, news, out);
    }

    /// The connection to ZooKeeper broke.
    pub(super) fn session_broken(&mut self, now: Instant, out: &mut Output<Event>) {
        let Some(registry) = &mut self.registry else { return };
        let news = registry.session.broken(now, out);
        self.session_news(now, news, out);
    }

    fn session_news(&mut self, now: Instant, news: Vec<News>, out: &mut Output<Event>) {
        for news in news {
            match news {
                News::Began => self.register(),
                News::Resumed => {}
                News::Disconnected => tell(out, RegistryEvent::SessionLost),
                News::Expired => self.session_expired(out),
                News::Answered { token, answer } => self.registry_answered(now, token, answer, out),
                News::Watch(event) => self.watch_fired(event),
            }
        }
        let is_away =
            self.registry.as_ref().is_some_and(|r| r.session.state != SessionState::Connected);
        if is_away && self.stopping.is_some() {
            self.left(out); // the session ends by itself
        }
    }

    /// Makes its znode (`registerConsumerInZK`).
    fn register(&mut self) {
        let Some(group) = self.group.clone() else { return };
        let topics = self.subscription().iter().map(|topic| (topic.clone(), 1)).collect();
        let Some(registry) = &mut self.registry else { return };
        registry.phase = Phase::Registering;
        let path = consumers::id_path(&group, &registry.consumer_id);
        let data = consumers::registration(&topics, registry.session.last_heard.timestamp().0);
        registry.lanes[REBALANCE].first(create(path, data, CreateMode::Ephemeral), What::Id);
    }

    /// All its ephemerals are gone; what it reads is perhaps another's (`ZKSessionExpireListener`). Its fetchers go on
    /// until it rebalances.
    fn session_expired(&mut self, out: &mut Output<Event>) {
        let Some(registry) = &mut self.registry else { return };
        let partitions = std::mem::take(&mut registry.owned).into_iter().collect();
        registry.lanes = Default::default();
        registry.phase = Phase::Away;
        registry.triggered = false;
        registry.news.clear();
        let tickets = std::mem::take(&mut registry.tickets);
        self.membership = Membership::Unjoined;
        for (ticket, _) in tickets {
            self.outcomes.put(ticket, ConsumerOutcome::of(ErrorCode::NETWORK_EXCEPTION));
        }
        tell(out, RegistryEvent::SessionExpired { partitions });
    }

    /// Something changed: ZkClient looks what, sets its watch again by that, and wakes the rebalance.
    fn watch_fired(&mut self, event: WatchEvent) {
        let Some(group) = &self.group else { return };
        let members = consumers::ids_path(group);
        let Some(registry) = &mut self.registry else { return };
        let lane = &mut registry.lanes[EVENT];
        if event.path == members || &*event.path == znodes::BROKER_IDS {
            lane.children(event.path, true, What::Noticed);
        } else if matches!(event.kind, WatchKind::NodeDataChanged | WatchKind::NodeCreated) {
            lane.read(event.path, true, What::Noticed);
        }
    }

    fn registry_answered(
        &mut self,
        now: Instant,
        token: u64,
        answer: Answer,
        out: &mut Output<Event>,
    ) {
        let Some(registry) = &mut self.registry else { return };
        let mut lanes = registry.lanes.iter_mut().enumerate();
        let of = |(_, lane): &(usize, &mut Lane)| lane.asked.as_ref().is_some_and(|a| a.0 == token);
        let Some((number, lane)) = lanes.find(of) else { return };
        let Some((_, ask)) = lane.asked.take() else { return };
        match (&ask.operation, &answer) {
            // What is missing above is made first, as `createPersistentPath` and `createParentPath` do.
            (ZooKeeperOperation::SetData { path, data, .. }, Err(ZooKeeperError::NoNode)) => {
                lane.first(create(path.clone(), data.clone(), CreateMode::Persistent), ask.what);
            }
            (ZooKeeperOperation::Create { path, .. }, Err(ZooKeeperError::NoNode)) => {
                let above = crate::coordination::zookeeper::parent(path).into();
                lane.todo.push_front(ask);
                lane.first(create(above, "".into(), CreateMode::Persistent), What::Parent);
            }
            _ => self.heard(now, number, ask, answer, out),
        }
        self.go_on(now, out);
    }

    /// Asks what is next on each lane, and goes on to the next phase where a lane is empty.
    pub(super) fn go_on(&mut self, now: Instant, out: &mut Output<Event>) {
        self.next_phase(now, out);
        self.commits_done(now, out);
        let Some(registry) = &mut self.registry else { return };
        if registry.session.state == SessionState::Closed {
            return;
        }
        for lane in &mut registry.lanes {
            if lane.asked.is_none()
                && let Some(ask) = lane.todo.pop_front()
            {
                registry.requests += 1;
                let token = registry.session.ask(now, ask.operation.clone(), out);
                lane.asked = Some((token, ask));
            }
        }
    }
}

impl Registry {
    /// Whether nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        matches!(self.phase, Phase::Idle | Phase::Failed)
            && !self.triggered
            && self.lanes.iter().all(Lane::is_free)
    }
    /// Whether its fetchers are stopped, since it gives up what they read.
    pub(super) fn fetchers_stopped(&self) -> bool {
        !matches!(
            self.phase,
            Phase::Idle | Phase::Cluster | Phase::Failed | Phase::Away | Phase::Registering
        )
    }
    /// Whether the session has no connection.
    pub fn is_disconnected(&self) -> bool {
        self.session.state != SessionState::Connected
    }
    /// Idle time was passed over.
    pub(super) fn shift(&mut self, by: Duration) {
        self.session.shift(by);
        self.pause_until = self.pause_until + by;
    }
}

fn create(path: Arc<str>, data: Arc<str>, mode: CreateMode) -> ZooKeeperOperation {
    ZooKeeperOperation::Create { path, data, mode }
}

fn tell(out: &mut Output<Event>, event: RegistryEvent) {
    out.events.push(Event::Registry(event));
}
