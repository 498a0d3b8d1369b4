//! ZooKeeper in the world: one process that stands for an ensemble, and what of it is asked by everybody else.
//!
//! ```text
//!   Cluster ── brokers ── clients
//!      └── ZooKeeper (node 2181)    kill, pause, cut, start as any other process
//! ```
//!
//! Always: its tree and its sessions survive a kill, as its transaction log would make them (ledger:
//! `zookeeper-one-node`); watches and connections do not. Who looks at the cluster reads the tree's image; brokers
//! never do.

use super::act::Refusal;
use super::event::Body;
use super::world::{Cluster, NodeState, Stage};
use crate::client::Client;
use crate::clock::{Duration, Instant};
use crate::coordination::kraft::Image;
use crate::coordination::zookeeper::{Server, ServerEvent, znodes};
use crate::protocol::{Input, Output, Request, Send};
use crate::types::{NodeId, TopicName, TopicPartition};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// How much earlier a broker hears of it that is to become controller.
const HEAD_START: Duration = Duration::from_ms(50);

/// How often the race is run again for somebody who loses it.
const MOST_TRIES: u32 = 5;

/// Somebody wants this broker to be controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControllerWish {
    /// Which broker.
    pub broker: NodeId,
    /// How often the race was run again for it.
    pub tries: u32,
}

/// ZooKeeper and its process.
#[derive(Clone, Debug)]
pub struct ZooKeeperNode {
    /// Whether it runs.
    pub state: NodeState,
    /// What it is made of; after a crash what its transaction log and snapshot say.
    pub server: Arc<Server>,
    /// How often it was started.
    pub starts: u64,
    /// When its state last changed.
    pub since: Instant,
    pub(crate) inbox: VecDeque<(Input, Option<u64>)>,
}

impl ZooKeeperNode {
    /// One that has not begun yet, and knows nothing.
    pub(crate) fn new() -> ZooKeeperNode {
        ZooKeeperNode {
            state: NodeState::New,
            server: Arc::new(Server::new(Instant(0))),
            starts: 0,
            since: Instant(0),
            inbox: VecDeque::new(),
        }
    }
}

/// What every process has, broker, controller or ZooKeeper.
pub(crate) struct Process<'a> {
    pub state: &'a mut NodeState,
    pub since: &'a mut Instant,
    pub inbox: &'a mut VecDeque<(Input, Option<u64>)>,
}

impl Cluster {
    /// The node that decides at present: the active controller, by its id.
    pub fn active_controller(&self) -> Option<NodeId> {
        match self.zookeeper() {
            Some(server) => {
                let node = server.tree.get(znodes::CONTROLLER);
                node.and_then(|node| znodes::controller_id(&node.data))
            }
            None => self.controller().map(|controller| controller.id),
        }
    }

    /// What a partition's reassignment adds and removes, if one is under way. Before 2.4 only the wish in
    /// `/admin/reassign_partitions` knows; of what it adds, what is not in sync yet is told.
    pub fn reassignment(&self, partition: &TopicPartition) -> Option<(Vec<NodeId>, Vec<NodeId>)> {
        let state = self.image()?.partition(partition)?;
        if state.is_reassigning() {
            return Some((state.adding.clone(), state.removing.clone()));
        }
        let wish = self.zookeeper()?.tree.get(znodes::REASSIGN_PARTITIONS)?;
        let all = znodes::read_reassignment(&wish.data)?;
        let (_, target) = all.into_iter().find(|(known, _)| known == partition)?;
        let without = |of: &[NodeId], other: &[NodeId]| {
            of.iter().copied().filter(|node| !other.contains(node)).collect::<Vec<_>>()
        };
        Some((without(&target, &state.isr), without(&state.replicas, &target)))
    }

    /// Whether a process takes requests: with ZooKeeper a broker does so once it is registered, and never in the name
    /// of the process before it (`KafkaServer.startup`: the socket server begins to process when all else is up).
    pub(super) fn listens(&self, node: NodeId) -> bool {
        let side = self.broker(node).and_then(|broker| broker.zookeeper.as_ref());
        side.is_none_or(|side| side.started)
    }

    /// How many processes hold themselves to be the controller (`ActiveControllerCount` over all nodes); one is right.
    pub fn deciding(&self) -> usize {
        let alive = |state| state == NodeState::Alive;
        let quorum = self.controllers.values().filter(|node| alive(node.state));
        let quorum = quorum.filter(|node| node.controller.as_ref().is_some_and(|c| c.is_active()));
        let brokers = self.brokers.values().filter(|node| alive(node.state));
        let brokers = brokers.filter_map(|node| node.broker.as_ref());
        quorum.count() + brokers.filter(|broker| broker.is_zookeeper_controller()).count()
    }

    /// ZooKeeper, in its era; what it remembers, when it does not run.
    pub fn zookeeper(&self) -> Option<&Server> {
        self.zookeeper.as_ref().map(|node| node.server.as_ref())
    }

    /// What was decided, even when nobody can decide at the moment: the truth that brokers hear of later.
    pub fn image(&self) -> Option<&Image> {
        if let Some(server) = self.zookeeper() {
            return Some(&server.image);
        }
        self.last_controller().map(|controller| &controller.image)
    }

    /// What was decided, as long as somebody is there to decide more.
    pub fn active_image(&self) -> Option<&Image> {
        if let Some(node) = &self.zookeeper {
            let runs = matches!(node.state, NodeState::Alive | NodeState::Paused);
            return runs.then_some(&node.server.image);
        }
        self.controller().map(|controller| &controller.image)
    }

    /// Whether there is such a topic as clients see it. In the ZooKeeper era that is what brokers were told: one that
    /// is being deleted is forgotten by them first (`LeaderDuringDelete`), however long its znodes stay.
    pub fn topic_is_known(&self, topic: &TopicName) -> bool {
        let decided = self.image().is_some_and(|image| image.topics.contains_key(topic));
        if self.zookeeper.is_none() || !decided {
            return decided;
        }
        let running = self.brokers.values().filter(|entry| entry.state == NodeState::Alive);
        let mut brokers = running.filter_map(|entry| entry.broker.as_ref()).peekable();
        brokers.peek().is_none()
            || brokers.any(|broker| broker.observer.image.topics.contains_key(topic))
    }

    /// The process of a node; clients have none that could be frozen.
    pub(crate) fn process_mut(&mut self, node: NodeId) -> Option<Process<'_>> {
        if let Some(entry) = self.brokers.get_mut(&node) {
            let (state, since, inbox) = (&mut entry.state, &mut entry.since, &mut entry.inbox);
            return Some(Process { state, since, inbox });
        }
        if let Some(entry) = self.controllers.get_mut(&node) {
            let (state, since, inbox) = (&mut entry.state, &mut entry.since, &mut entry.inbox);
            return Some(Process { state, since, inbox });
        }
        let entry = self.zookeeper.as_mut().filter(|_| node.is_zookeeper())?;
        let (state, since, inbox) = (&mut entry.state, &mut entry.since, &mut entry.inbox);
        Some(Process { state, since, inbox })
    }

    /// Whether there is such a process, running or not.
    pub fn has_process(&self, node: NodeId) -> bool {
        self.brokers.contains_key(&node)
            || self.controllers.contains_key(&node)
            || (node.is_zookeeper() && self.zookeeper.is_some())
    }

    /// The ids of all processes.
    pub fn processes(&self) -> Vec<NodeId> {
        let zookeeper = self.zookeeper.iter().map(|_| NodeId::ZOOKEEPER);
        let others = self.brokers.keys().chain(self.controllers.keys()).copied();
        others.chain(zookeeper).collect()
    }

    /// ZooKeeper begins, for the first time or with what it remembers.
    pub(super) fn start_zookeeper(&mut self, stage: &mut Stage<'_>) {
        let now = self.now;
        let Some(entry) = &mut self.zookeeper else { return };
        let mut out = Output::default();
        if entry.starts > 0 {
            let server = Arc::unwrap_or_clone(std::mem::replace(
                &mut entry.server,
                Arc::new(Server::new(now)),
            ));
            entry.server = Arc::new(server.restart(now, &mut out));
        }
        entry.starts += 1;
        entry.since = now;
        entry.inbox.clear();
        entry.state = NodeState::Alive;
        self.carry_out(NodeId::ZOOKEEPER, out, Body::ZooKeeper, stage);
    }

    pub(super) fn feed_zookeeper(&mut self, input: Input, stage: &mut Stage<'_>) {
        let now = self.now;
        let Some(entry) = &mut self.zookeeper else { return };
        if entry.state != NodeState::Alive {
            return;
        }
        let mut out: Output<ServerEvent> = Output::default();
        Arc::make_mut(&mut entry.server).step(now, input, &mut out);
        self.carry_out(NodeId::ZOOKEEPER, out, Body::ZooKeeper, stage);
    }

    /// A process was frozen; if it is ZooKeeper's, it knows from now on that idle time is not idle for it.
    pub(super) fn freeze_zookeeper(&mut self, node: NodeId) {
        if let Some(entry) = self.zookeeper.as_mut().filter(|_| node.is_zookeeper()) {
            Arc::make_mut(&mut entry.server).freeze();
        }
    }

    /// ZooKeeper goes on after it was frozen.
    pub(super) fn thaw_zookeeper(&mut self, stage: &mut Stage<'_>) {
        let now = self.now;
        let Some(entry) = &mut self.zookeeper else { return };
        let mut out: Output<ServerEvent> = Output::default();
        Arc::make_mut(&mut entry.server).thaw(now, &mut out);
        self.carry_out(NodeId::ZOOKEEPER, out, Body::ZooKeeper, stage);
    }

    /// Somebody's session ends before its time, as if ZooKeeper had not heard of it for so long.
    pub(super) fn expire_session(
        &mut self,
        node: NodeId,
        stage: &mut Stage<'_>,
    ) -> Result<(), String> {
        let now = self.now;
        let Some(entry) = &mut self.zookeeper else {
            return Err("there is no ZooKeeper in this version of the cluster".to_owned());
        };
        let Some((session, _)) = entry.server.session_of(node) else {
            return Err(format!("{node} has no session with ZooKeeper"));
        };
        let mut out: Output<ServerEvent> = Output::default();
        // Not by silence: whatever struck it before is not the cause.
        if let Some(act) = stage.cause {
            self.last_fault.insert(node, act);
        }
        Arc::make_mut(&mut entry.server).expire(session, None, &mut out);
        self.carry_out(NodeId::ZOOKEEPER, out, Body::ZooKeeper, stage);
        // ZooKeeper closes the connection of a session that ended.
        let (seed, cause) = (self.spec.seed, stage.cause);
        self.network.tell_disconnected(seed, now, node, NodeId::ZOOKEEPER, cause);
        Ok(())
    }

    /// A broker gives up a connection on which it heard nothing: what a cut link still holds of it is gone.
    pub(super) fn give_up_zookeeper(&mut self, node: NodeId) {
        let now = self.now;
        let side = self.broker(node).and_then(|broker| broker.zookeeper.as_ref());
        let client = match self.clients.get(&node).map(|client| &**client) {
            Some(Client::Consumer(consumer)) => consumer.registry(),
            _ => None,
        };
        let mut sessions = side.map(|side| &side.session).into_iter();
        let session = sessions.next().or(client.map(|registry| &registry.session));
        if session.is_some_and(|session| session.is_silent(now)) {
            self.network.give_up(node, Some(NodeId::ZOOKEEPER));
            self.network.give_up(NodeId::ZOOKEEPER, Some(node));
        }
    }

    /// Whether this cluster deletes topics that are marked for it.
    pub fn deletes_topics(&self) -> bool {
        let standard = self.config.log.era.default_of("delete.topic.enable");
        self.config.given("delete.topic.enable").or(standard) != Some("false")
    }

    /// The brokers for which the deletion of a topic waits; nothing: it is not marked for deletion.
    pub fn deletion_waits_for(&self, topic: &TopicName) -> Option<Vec<NodeId>> {
        let server = self.zookeeper()?;
        server.tree.get(&znodes::delete_topic_path(topic))?;
        let replicas = server.image.topics.get(topic)?.partitions.iter();
        let brokers: BTreeSet<NodeId> = replicas.flat_map(|p| p.replicas.clone()).collect();
        let missing = |id: &NodeId| server.tree.get(&znodes::broker_path(*id)).is_none();
        Some(brokers.into_iter().filter(missing).collect())
    }

    /// Whether no session, no order and no write to the tree is under way.
    pub(super) fn zookeeper_settled(&self) -> Result<(), String> {
        let Some(node) = self.zookeeper.as_ref().filter(|node| node.state == NodeState::Alive)
        else {
            return Ok(()); // nothing is decided any more
        };
        for (&id, entry) in &self.brokers {
            let session = node.server.session_of(id);
            let not_ended = || Err(format!("the session of broker {id} has not ended yet"));
            match entry.state {
                NodeState::Dead | NodeState::Stopped | NodeState::Paused if session.is_some() => {
                    return not_ended();
                }
                NodeState::Alive => {
                    let Some(broker) = &entry.broker else { continue };
                    if self.network.is_cut(id, NodeId::ZOOKEEPER) {
                        if session.is_some() {
                            return not_ended();
                        }
                        continue;
                    }
                    if let Some(reason) = broker.unsettled() {
                        return Err(reason);
                    }
                }
                _ => {}
            }
        }
        for session in node.server.sessions.values().filter(|session| session.node.is_client()) {
            let lives = self.clients.get(&session.node).is_some_and(|client| !client.is_closed());
            if !lives || self.network.is_cut(session.node, NodeId::ZOOKEEPER) {
                let name = self.name(session.node);
                return Err(format!("the session of {name} has not ended yet"));
            }
        }
        for client in self.clients.values() {
            let Client::Consumer(consumer) = &**client else { continue };
            let away = consumer.registry().is_some_and(|registry| registry.is_disconnected());
            if away && !client.is_closed() && !self.network.is_cut(client.id(), NodeId::ZOOKEEPER) {
                return Err(format!("{} is connecting to ZooKeeper", client.name()));
            }
        }
        let mut alive = self.brokers.values().filter(|entry| entry.state == NodeState::Alive);
        let for_itself = alive
            .clone()
            .filter_map(|entry| entry.broker.as_ref())
            .any(|broker| broker.config.nobody_decides());
        match self.active_controller() {
            None if alive.next().is_some() && !for_itself => {
                Err("no broker is controller yet".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// Whether a broker can become controller as things are; if not, why, and what to do first.
    pub(super) fn may_become_controller(&self, node: NodeId) -> Result<(), Refusal> {
        let refuse = |text: String| Err(Refusal::new(text));
        let Some(zookeeper) = &self.zookeeper else {
            return refuse(
                "this cluster has no ZooKeeper: its quorum elects the controller; 'controller kill' lets it \
                 choose again"
                    .into(),
            );
        };
        if !self.brokers.contains_key(&node) {
            let known: Vec<String> = self.brokers.keys().map(NodeId::to_string).collect();
            let known = known.join(", ");
            return refuse(format!(
                "a controller lives in a broker, and {node} is none: there are {known}"
            ));
        }
        if self.config.nobody_decides() {
            return refuse("here every replica races for itself: nobody is controller".into());
        }
        let (name, state) = (self.name(node), self.state(node));
        match (state, zookeeper.state) {
            (NodeState::Paused, _) => refuse(format!(
                "{name} cannot be controller, it is frozen: 'broker resume {node}' first"
            )),
            (NodeState::Dead | NodeState::Stopped, _) => refuse(format!(
                "{name} cannot be controller, it does not run: 'broker start {node}' first"
            )),
            (_, NodeState::Paused) => refuse(
                "ZooKeeper is frozen, so nobody can become controller: 'zookeeper resume' first"
                    .into(),
            ),
            (_, NodeState::Dead | NodeState::Stopped) => refuse(
                "ZooKeeper does not run, so nobody can become controller: 'zookeeper start' first"
                    .into(),
            ),
            _ if self.network.is_cut(node, NodeId::ZOOKEEPER) => refuse(format!(
                "{name} cannot be controller, it is cut off from ZooKeeper: 'network heal {node} \
                 {}' first",
                NodeId::ZOOKEEPER
            )),
            _ => Ok(()),
        }
    }

    /// Whether somebody does what an administrator asks for; where every broker is for itself, nobody decides for all.
    pub fn may_be_decided(&self, request: &Request) -> Result<(), Refusal> {
        let what = match request {
            _ if !self.config.nobody_decides() => return Ok(()),
            Request::DeleteTopics(_) => "deletes topics",
            Request::AlterPartitionReassignments(_) => "moves replicas",
            Request::ElectLeaders(_) => "chooses leaders",
            _ => return Ok(()),
        };
        Err(Refusal::new(format!(
            "here every replica races for itself: nobody {what}; 'cluster election=controller' begins a cluster \
             with somebody who does"
        )))
    }

    /// Why a broker that somebody wanted to be controller is not.
    pub(super) fn why_not_controller(&self, node: NodeId) -> String {
        match self.may_become_controller(node) {
            Err(refusal) => refusal.text,
            Ok(()) => format!(
                "broker {node} did not become controller: others were faster {MOST_TRIES} times"
            ),
        }
    }

    /// Somebody wants a certain broker to be controller: once it is registered and whoever reigns has taken office, the
    /// race is run again. Nobody hunts for ever: who cannot hear of the race, or loses it again and again, is let be.
    pub(super) fn pursue_controller(&mut self, stage: &mut Stage<'_>) {
        let Some(ControllerWish { broker: wished, tries }) = self.controller_wish else { return };
        let present = self.active_controller();
        if present == Some(wished) || self.may_become_controller(wished).is_err() {
            self.controller_wish = None;
            return;
        }
        let side = self.broker(wished).and_then(|broker| broker.zookeeper.as_ref());
        let waits = side
            .is_some_and(|side| side.registered && side.controller.is_idle() && side.is_racing());
        if waits && present.is_some_and(|present| self.is_in_office(present)) {
            if tries == MOST_TRIES {
                self.controller_wish = None;
                return;
            }
            self.controller_wish = Some(ControllerWish { broker: wished, tries: tries + 1 });
            self.move_controller(wished, stage);
        }
    }

    /// Somebody deletes `/controller`; `to` hears of it before the others and so wins the race.
    pub(super) fn move_controller(&mut self, to: NodeId, stage: &mut Stage<'_>) {
        let now = self.now;
        let Some(entry) = &mut self.zookeeper else { return };
        let mut out: Output<ServerEvent> = Output::default();
        Arc::make_mut(&mut entry.server).delete_by_hand(now, znodes::CONTROLLER, &mut out);
        let (first, others): (Vec<Send>, Vec<Send>) =
            out.sends.drain(..).partition(|send| send.to == to);
        out.sends = first;
        self.carry_out(NodeId::ZOOKEEPER, out, Body::ZooKeeper, stage);
        let late = Output { sends: others, busy: HEAD_START, ..Output::default() };
        self.carry_out(NodeId::ZOOKEEPER, late, Body::ZooKeeper, stage);
    }

    /// Whether a broker has taken office as controller.
    pub(super) fn is_in_office(&self, broker: NodeId) -> bool {
        let side = self.broker(broker).and_then(|broker| broker.zookeeper.as_ref());
        self.active_controller() == Some(broker)
            && side.is_some_and(|side| side.controller.is_active() && side.controller.is_idle())
    }
}
