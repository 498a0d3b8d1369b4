//! A small world for tests of the controller: a real tree, sessions without clock, and brokers that note orders.
//!
//! ```text
//!   Lab ─ tree
//!       ├ broker 1: controller, session 1 ─ what it was told: orders-0 leader 2 epoch 1
//!       └ broker 2: …        line to ZooKeeper and lines between brokers: first in, first out
//! ```

use super::super::znodes::{self, Assignment, TopicNode};
use super::super::{Notice, Tree};
use super::*;
use crate::protocol::{
    CreateMode, LeaderAndIsrPartition, LeaderAndIsrResponse, SessionId, StopReplicaResponse,
    UpdateMetadataResponse,
};
use crate::types::{BrokerEpoch, Language, NodeId};
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Happening {
    Ask(NodeId, SessionId, ZooKeeperOperation),
    Answered(NodeId, SessionId, Answer),
    Watch(NodeId, SessionId, WatchEvent),
    Order(NodeId, NodeId, u64, Request),
    OrderAnswered(NodeId, NodeId, u64, Response),
}

#[derive(Clone, Debug)]
pub struct Node {
    pub controller: Controller,
    pub session: SessionId,
    pub up: bool,
    pub paused: bool,
    pub epoch: BrokerEpoch,
    /// The greatest controller epoch heard.
    pub heard: i32,
    /// What it was told about partitions.
    pub told: BTreeMap<TopicPartition, LeaderAndIsrPartition>,
}

#[derive(Clone, Debug)]
pub struct Lab {
    pub tree: Tree,
    pub now: Instant,
    pub nodes: BTreeMap<NodeId, Node>,
    pending: VecDeque<Happening>,
    sessions: i64,
    /// Sessions that ended: nobody hears what they ask.
    ended: Vec<SessionId>,
    pub events: Vec<(NodeId, Event)>,
    pub orders: Vec<(NodeId, NodeId, Request)>,
    pub answers: Vec<(NodeId, Response)>,
    timers: BTreeMap<(NodeId, Timer), Instant>,
    pub asked: usize,
}

pub fn tp(text: &str) -> TopicPartition {
    TopicPartition::parse(text).unwrap()
}

pub fn ids(list: &[u32]) -> Vec<NodeId> {
    list.iter().copied().map(NodeId).collect()
}

impl Lab {
    /// So many brokers of this version, the first one controller.
    pub fn new(kafka: &str, brokers: u32) -> Lab {
        Lab::with_settings(kafka, brokers, |_| {})
    }

    pub fn with_settings(kafka: &str, brokers: u32, set: impl Fn(&mut Settings)) -> Lab {
        let mut lab = Lab {
            tree: Tree::default(),
            now: Instant(0),
            nodes: BTreeMap::new(),
            pending: VecDeque::new(),
            sessions: 0,
            ended: Vec::new(),
            events: Vec::new(),
            orders: Vec::new(),
            answers: Vec::new(),
            timers: BTreeMap::new(),
            asked: 0,
        };
        for path in znodes::persistent(kafka) {
            lab.write(path, "");
        }
        let era = crate::era::of(kafka).unwrap();
        for id in ids(&(1..=brokers).collect::<Vec<_>>()) {
            let mut settings = Settings::of(&era, 1);
            set(&mut settings);
            let node = Node {
                controller: Controller::new(id, settings),
                session: SessionId::NONE,
                up: false,
                paused: false,
                epoch: BrokerEpoch(-1),
                heard: 0,
                told: BTreeMap::new(),
            };
            lab.nodes.insert(id, node);
            lab.start(id.0);
        }
        lab
    }

    fn notify(&mut self, notices: Vec<Notice>) {
        for (session, event) in notices {
            let owner = self.nodes.iter().find(|(_, node)| node.session == session);
            if let Some((id, _)) = owner {
                self.pending.push_back(Happening::Watch(*id, session, event));
            }
        }
    }

    fn apply(&mut self, session: SessionId, operation: &ZooKeeperOperation) -> Answer {
        let applied = self.tree.apply(self.now.timestamp(), session, operation);
        self.notify(applied.notices);
        applied.result
    }

    /// Writes as a tool would.
    pub fn write(&mut self, path: &str, data: &str) {
        let missing = self.tree.get(path).is_none();
        let (path, data, mode) = (path.into(), data.into(), CreateMode::Persistent);
        let operation = match missing {
            true => ZooKeeperOperation::Create { path, data, mode },
            false => ZooKeeperOperation::SetData { path, data, version: None },
        };
        self.apply(SessionId(-1), &operation).unwrap();
    }

    pub fn delete(&mut self, path: &str) {
        let operation = ZooKeeperOperation::Delete { path: path.into(), version: None };
        self.apply(SessionId(-1), &operation).unwrap();
    }

    pub fn data(&self, path: &str) -> Option<&str> {
        self.tree.get(path).map(|node| node.data.as_ref())
    }

    pub fn state(&self, partition: &str) -> (i32, LeaderAndIsr) {
        let node = self.tree.get(&znodes::state_path(&tp(partition))).expect("a state");
        znodes::read_state(&node.data, node.stat().version).unwrap()
    }

    /// Leader, ISR and leader epoch as the tree has them.
    pub fn leadership(&self, partition: &str) -> (Option<u32>, Vec<u32>, i32) {
        let (_, state) = self.state(partition);
        let isr = state.isr.iter().map(|id| id.0).collect();
        (state.leader.map(|id| id.0), isr, state.leader_epoch.0)
    }

    fn open_session(&mut self, id: NodeId) {
        self.sessions += 1;
        let session = SessionId(self.sessions);
        self.tree.open_session();
        let node = self.nodes.get_mut(&id).unwrap();
        node.session = session;
        let create = ZooKeeperOperation::Create {
            path: znodes::broker_path(id),
            data: znodes::broker(5, "localhost", 9092, None, 0),
            mode: CreateMode::Ephemeral,
        };
        self.apply(session, &create).unwrap();
        self.nodes.get_mut(&id).unwrap().epoch = BrokerEpoch(self.tree.zxid);
    }

    pub fn start(&mut self, id: u32) {
        let id = NodeId(id);
        self.open_session(id);
        let settings = self.nodes[&id].controller.settings.clone();
        let node = self.nodes.get_mut(&id).unwrap();
        (node.up, node.paused) = (true, false);
        node.controller = Controller::new(id, settings);
        self.with(id, |controller, now, out| controller.start(now, out));
        self.run();
    }

    /// The process is gone; its session lives on.
    pub fn kill(&mut self, id: u32) {
        self.nodes.get_mut(&NodeId(id)).unwrap().up = false;
        self.timers.retain(|(node, _), _| node.0 != id);
        let others: Vec<NodeId> = self.nodes.keys().copied().filter(|node| node.0 != id).collect();
        for other in others {
            self.with(other, |controller, now, out| controller.broker_lost(now, NodeId(id), out));
        }
        self.run();
    }

    /// A session ends at the server; who watched its znodes has not heard yet.
    pub fn end_session(&mut self, session: SessionId) {
        self.ended.push(session);
        let (_, notices) = self.tree.close_session(session);
        self.notify(notices);
    }

    /// The session of a broker ends at the server.
    pub fn expire(&mut self, id: u32) {
        self.end_session(self.nodes[&NodeId(id)].session);
        self.run();
    }

    pub fn kill_and_expire(&mut self, id: u32) {
        self.kill(id);
        self.expire(id);
    }

    pub fn pause(&mut self, id: u32) {
        self.nodes.get_mut(&NodeId(id)).unwrap().paused = true;
    }

    /// The process goes on: what came for it meanwhile comes first.
    pub fn resume(&mut self, id: u32) {
        self.nodes.get_mut(&NodeId(id)).unwrap().paused = false;
        self.run();
    }

    /// The broker hears that its session ended, and begins another.
    pub fn learn_of_expiry(&mut self, id: u32) {
        let id = NodeId(id);
        self.with(id, |controller, now, out| controller.session_expired(now, out));
        self.open_session(id);
        self.with(id, |controller, now, out| controller.session_began(now, out));
        self.run();
    }

    pub fn create_topic(&mut self, name: &str, rows: &[&[u32]]) {
        let partitions = (0u32..).zip(rows.iter().map(|row| Assignment::of(ids(row)))).collect();
        let node = TopicNode { id: None, partitions };
        let path = znodes::topic_path(&TopicName::new(name));
        let form = self.nodes.values().next().unwrap().controller.settings.rules.topic_form;
        self.write(&path, &znodes::topic(form, &node));
        self.run();
    }

    pub fn with(
        &mut self,
        id: NodeId,
        act: impl FnOnce(&mut Controller, Instant, &mut Vec<Action>),
    ) {
        let mut out = Vec::new();
        let node = self.nodes.get_mut(&id).unwrap();
        if !node.up {
            return;
        }
        let session = node.session;
        act(&mut node.controller, self.now, &mut out);
        for action in out {
            match action {
                Action::ZooKeeper(operation) => {
                    self.pending.push_back(Happening::Ask(id, session, operation));
                }
                Action::Order { to, ticket, request } => {
                    self.pending.push_back(Happening::Order(id, to, ticket, request));
                }
                Action::Answer { to, response, .. } => self.answers.push((to, response)),
                Action::Event(event) => self.events.push((id, event)),
                Action::Timer(timer, Some(at)) => drop(self.timers.insert((id, timer), at)),
                Action::Timer(timer, None) => drop(self.timers.remove(&(id, timer))),
            }
        }
    }

    pub fn request(&mut self, to: u32, request: Request) -> Option<Response> {
        let before = self.answers.len();
        self.with(NodeId(to), |controller, now, out| {
            controller.request(now, NodeId(99), 1, request, out);
        });
        self.run();
        self.answers.get(before).map(|(_, response)| response.clone())
    }

    /// Lets time pass: timers fire.
    pub fn advance(&mut self, ms: u64) {
        let end = Instant(self.now.0 + ms * 1000);
        while let Some((key, at)) =
            self.timers.iter().min_by_key(|(_, at)| **at).map(|(k, at)| (k.clone(), *at))
        {
            if at > end {
                break;
            }
            self.timers.remove(&key);
            self.now = at;
            self.with(key.0, |controller, now, out| controller.timer(now, &key.1, out));
            self.run();
        }
        self.now = end;
    }

    fn concerned(happening: &Happening) -> NodeId {
        match happening {
            Happening::Answered(id, ..) | Happening::Watch(id, ..) => *id,
            Happening::Ask(id, ..) => *id,
            Happening::Order(_, to, ..) => *to,
            Happening::OrderAnswered(to, ..) => *to,
        }
    }

    /// Until nothing is on its way but to brokers that are paused.
    pub fn run(&mut self) {
        let mut held = VecDeque::new();
        while let Some(happening) = self.pending.pop_front() {
            let id = Self::concerned(&happening);
            let asks = matches!(happening, Happening::Ask(..));
            match self.nodes[&id] {
                Node { up: false, .. } => {}
                Node { paused: true, .. } if !asks => held.push_back(happening),
                _ => self.happen(happening),
            }
        }
        self.pending = held;
    }

    /// One happening.
    pub fn step(&mut self) -> bool {
        let Some(happening) = self.pending.pop_front() else { return false };
        self.happen(happening);
        true
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Ask(_, session, _) if self.ended.contains(&session) => {}
            Happening::Ask(id, session, operation) => {
                self.asked += 1;
                let answer = self.apply(session, &operation);
                self.pending.push_back(Happening::Answered(id, session, answer));
            }
            Happening::Answered(id, session, answer) => {
                if self.nodes[&id].session == session {
                    self.with(id, |controller, now, out| {
                        controller.zookeeper_answered(now, answer, out);
                    });
                }
            }
            Happening::Watch(id, session, event) => {
                if self.nodes[&id].session == session {
                    self.with(id, |controller, now, out| controller.watch_fired(now, &event, out));
                }
            }
            Happening::Order(from, to, ticket, request) => {
                let response = self.obey(to, &request);
                self.orders.push((from, to, request));
                self.pending.push_back(Happening::OrderAnswered(from, to, ticket, response));
            }
            Happening::OrderAnswered(to, from, ticket, response) => {
                self.with(to, |controller, now, out| {
                    controller.broker_answered(now, from, ticket, &response, out);
                });
            }
        }
    }

    /// What a broker does with an order.
    fn obey(&mut self, id: NodeId, request: &Request) -> Response {
        let node = self.nodes.get_mut(&id).unwrap();
        let mut check = |epoch: i32| match epoch < node.heard {
            true => ErrorCode::STALE_CONTROLLER_EPOCH,
            false => {
                node.heard = epoch;
                ErrorCode::NONE
            }
        };
        match request {
            Request::LeaderAndIsr(order) => {
                let error = check(order.controller_epoch);
                for one in order.partitions.iter().filter(|_| error.is_none()) {
                    node.told.insert(one.partition.clone(), one.clone());
                }
                Response::LeaderAndIsr(LeaderAndIsrResponse { error, partitions: Vec::new() })
            }
            Request::UpdateMetadata(order) => {
                let error = check(order.controller_epoch);
                Response::UpdateMetadata(UpdateMetadataResponse { error })
            }
            Request::StopReplica(order) => {
                let error = check(order.controller_epoch);
                let answer = |one: &crate::protocol::StopReplicaPartition| {
                    (one.partition.clone(), ErrorCode::NONE)
                };
                let partitions = order.partitions.iter().map(answer).collect();
                for one in order.partitions.iter().filter(|one| one.delete) {
                    node.told.remove(&one.partition);
                }
                Response::StopReplica(StopReplicaResponse { error, partitions })
            }
            other => panic!("{} is no order", other.kind()),
        }
    }

    pub fn controller(&self) -> u32 {
        self.data(znodes::CONTROLLER).and_then(znodes::controller_id).map_or(0, |id| id.0)
    }

    pub fn kinds(&self) -> Vec<&'static str> {
        self.events.iter().map(|(_, event)| event.kind()).collect()
    }

    pub fn told(&self) -> String {
        let line = |(id, event): &(NodeId, Event)| {
            format!("{id}: {}\n", event.sentence(Language::English))
        };
        self.events.iter().map(line).collect()
    }
}
