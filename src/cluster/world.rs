//! The nodes of a cluster, and what all of them share: clock, network, seed, counts.

use super::event::{Body, Stamped};
use super::invariant::Invariants;
use super::network::{Happening, Network};
use super::spec::ClusterSpec;
use super::tally::Tally;
use super::walk::LookupWalk;
use super::zookeeper::{ControllerWish, ZooKeeperNode};
use crate::broker::{self, Broker};
use crate::client::Client;
use crate::clock::{Duration, Instant};
use crate::coordination::kraft::Controller;
use crate::disk::Disk;
use crate::era;
use crate::era::Coordination;
use crate::prng;
use crate::protocol::Input;
use crate::types::{NodeId, TopicPartition, Uuid};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Whether a process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeState {
    /// It has not begun yet.
    New,
    /// It runs.
    Alive,
    /// It is frozen: what arrives waits in its socket.
    Paused,
    /// It was killed, or halted by itself.
    Dead,
    /// It stopped as it should.
    Stopped,
}

/// A broker and its process.
#[derive(Clone, Debug)]
pub struct BrokerNode {
    /// Whether it runs.
    pub state: NodeState,
    /// What it is made of; the last state of a process that ended, `None` before the first start.
    pub broker: Option<Arc<Broker>>,
    /// Where it stands (`broker.rack`).
    pub rack: Option<Arc<str>>,
    /// How often it was started.
    pub starts: u64,
    /// When its state last changed.
    pub since: Instant,
    pub(crate) inbox: VecDeque<(Input, Option<u64>)>,
}

/// A controller and its process.
#[derive(Clone, Debug)]
pub struct ControllerNode {
    /// Whether it runs.
    pub state: NodeState,
    /// What it is made of.
    pub controller: Option<Arc<Controller>>,
    /// How often it was started.
    pub starts: u64,
    /// When its state last changed.
    pub since: Instant,
    pub(crate) inbox: VecDeque<(Input, Option<u64>)>,
}

/// The world at one moment. Plain and cloneable: a clone is a checkpoint.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// What it was made from.
    pub spec: Arc<ClusterSpec>,
    /// Settings of all brokers.
    pub config: Arc<broker::Config>,
    /// The cluster's id.
    pub cluster_id: Uuid,
    /// The present moment.
    pub now: Instant,
    /// How many steps were taken.
    pub step: u64,
    /// Brokers by id.
    pub brokers: BTreeMap<NodeId, BrokerNode>,
    /// Controllers by id.
    pub controllers: BTreeMap<NodeId, ControllerNode>,
    /// ZooKeeper, in its era.
    pub zookeeper: Option<ZooKeeperNode>,
    /// The broker that somebody wants to be controller, until it is.
    pub(crate) controller_wish: Option<ControllerWish>,
    /// Clients by id.
    pub clients: BTreeMap<NodeId, Arc<Client>>,
    /// Clients that are frozen or gone: ids that messages may still be under way to.
    pub names: BTreeMap<String, NodeId>,
    /// The names that clients have or had: what is told of them outlives them.
    pub(crate) client_names: BTreeMap<NodeId, Arc<str>>,
    /// Links, timers, the queue.
    pub network: Network,
    /// What was promised, and what broke.
    pub invariants: Invariants,
    /// What happened how often.
    pub tally: Tally,
    /// The lookup that is being watched.
    pub lookup: Option<LookupWalk>,
    pub(crate) tickets: BTreeMap<u64, super::perform::Waiting>,
    pub(crate) next_ticket: u64,
    pub(crate) next_client: u32,
    pub(crate) next_event: u64,
    pub(crate) last_fault: BTreeMap<NodeId, u64>,
    /// Clients that were killed, by name, with the event; coordinators wonder about their silence later.
    pub(crate) killed_clients: BTreeMap<String, u64>,
    /// The event that last decided who leads a partition.
    pub(crate) decisions: BTreeMap<TopicPartition, u64>,
    /// The event that last wrote a partition's state znode.
    pub(crate) state_writes: BTreeMap<TopicPartition, u64>,
    /// Which partition an event was about, of those that may still be a cause.
    pub(crate) about: BTreeMap<u64, TopicPartition>,
    /// How many of them are kept before the oldest are forgotten.
    pub(crate) about_limit: usize,
    /// The event with which a process last began.
    pub(crate) last_start: BTreeMap<NodeId, u64>,
    /// Nodes whose machines are slow: everything that they say leaves so much later.
    pub(crate) slow: BTreeMap<NodeId, Duration>,
    /// Brokers whose clocks are wrong, by how many microseconds.
    pub(crate) skew: BTreeMap<NodeId, i64>,
    /// Nodes whose disks are full or can only be read, with the event of it.
    pub(crate) broken_disks: BTreeMap<NodeId, (crate::disk::Fault, u64)>,
}

/// Where a step's events go, and why they happen.
pub(crate) struct Stage<'a> {
    pub events: &'a mut Vec<Stamped>,
    pub cause: Option<u64>,
}

impl Cluster {
    /// Whether what a node says leaves later than it should.
    pub fn is_slow(&self, node: NodeId) -> bool {
        self.slow.contains_key(&node)
    }

    /// Whether a broker's clock is wrong.
    pub fn is_skewed(&self, node: NodeId) -> bool {
        self.skew.contains_key(&node)
    }

    /// A formatted cluster that has not started.
    pub(crate) fn format(spec: ClusterSpec, disk: &mut Disk) -> Result<Cluster, super::LabError> {
        let config = spec.broker_config().map_err(super::LabError::Spec)?;
        let seed = spec.seed;
        let cluster_id = Uuid::from_chance(prng::bytes16(seed, prng::Purpose::Identity, 0, 0, 0));
        let mut cluster = Cluster {
            config: Arc::new(config),
            cluster_id,
            now: Instant(0),
            step: 0,
            brokers: BTreeMap::new(),
            controllers: BTreeMap::new(),
            zookeeper: None,
            controller_wish: None,
            clients: BTreeMap::new(),
            names: BTreeMap::new(),
            client_names: BTreeMap::new(),
            network: Network::default(),
            invariants: Invariants::default(),
            tally: Tally::default(),
            lookup: None,
            tickets: BTreeMap::new(),
            next_ticket: 0,
            next_client: NodeId::FIRST_CLIENT,
            next_event: 0,
            last_fault: BTreeMap::new(),
            killed_clients: BTreeMap::new(),
            decisions: BTreeMap::new(),
            state_writes: BTreeMap::new(),
            about: BTreeMap::new(),
            about_limit: super::causes::MOST_KNOWN,
            last_start: BTreeMap::new(),
            slow: BTreeMap::new(),
            skew: BTreeMap::new(),
            broken_disks: BTreeMap::new(),
            spec: Arc::new(spec),
        };
        let coordination = cluster.spec.coordination();
        let is_kraft = coordination == Coordination::Kraft;
        if !is_kraft {
            cluster.zookeeper = Some(ZooKeeperNode::new());
            cluster.network.push(Instant(0), Happening::Start(NodeId::ZOOKEEPER), None);
        }
        let era = era::of(&cluster.spec.kafka).unwrap_or_default();
        for number in 0..if is_kraft { cluster.spec.controllers } else { 0 } {
            let id = NodeId(NodeId::FIRST_CONTROLLER + number);
            Controller::format(disk, id, cluster_id, seed, &era)?;
            let node = ControllerNode {
                state: NodeState::New,
                controller: None,
                starts: 0,
                since: Instant(0),
                inbox: VecDeque::new(),
            };
            cluster.controllers.insert(id, node);
            cluster.network.push(Instant(0), Happening::Start(id), None);
        }
        for number in 1..=cluster.spec.brokers {
            let id = NodeId(number);
            cluster.add_broker(id, None, disk)?;
            let at = Instant(10_000) + Duration(u64::from(number) * 1_000);
            cluster.network.push(at, Happening::Start(id), None);
        }
        Ok(cluster)
    }

    /// A broker that runs or ran.
    pub fn broker(&self, id: NodeId) -> Option<&Broker> {
        self.brokers.get(&id)?.broker.as_deref()
    }

    /// The active controller; of two that believe so the one that the quorum elected last.
    pub fn controller(&self) -> Option<&Controller> {
        self.controllers
            .values()
            .filter(|node| matches!(node.state, NodeState::Alive | NodeState::Paused))
            .filter_map(|node| node.controller.as_deref())
            .filter(|controller| controller.is_active())
            .max_by_key(|controller| controller.epoch)
    }

    /// What the controllers know, even when none is active at the moment: whoever has heard of most commits.
    pub fn last_controller(&self) -> Option<&Controller> {
        let known = || self.controllers.values().filter_map(|node| node.controller.as_deref());
        let most = known().map(|controller| controller.image.offset).max();
        let active = self.controller().filter(|active| Some(active.image.offset) >= most);
        active.or_else(|| known().find(|controller| Some(controller.image.offset) == most))
    }

    /// The client of this name.
    pub fn client(&self, name: &str) -> Option<&Client> {
        self.clients.get(self.names.get(name)?).map(Arc::as_ref)
    }

    /// Whether a process runs, by id; clients run until they are stopped or killed.
    pub fn state(&self, node: NodeId) -> NodeState {
        if let Some(broker) = self.brokers.get(&node) {
            broker.state
        } else if let Some(controller) = self.controllers.get(&node) {
            controller.state
        } else if let (true, Some(zookeeper)) = (node.is_zookeeper(), &self.zookeeper) {
            zookeeper.state
        } else if self.clients.contains_key(&node) {
            NodeState::Alive
        } else {
            NodeState::Dead
        }
    }

    /// The name that people know a node by: `broker 2`, `controller 3001`, `p1`.
    pub fn name(&self, node: NodeId) -> String {
        if node.is_broker() && node.0 > 0 {
            format!("broker {node}")
        } else if node.is_controller() {
            format!("controller {node}")
        } else if node.is_zookeeper() {
            "ZooKeeper".to_owned()
        } else if node.0 == 0 {
            "world".to_owned()
        } else {
            self.client_names.get(&node).map_or_else(|| format!("client {node}"), |n| n.to_string())
        }
    }

    pub(crate) fn emit(&mut self, stage: &mut Stage<'_>, node: NodeId, body: Body) -> u64 {
        self.next_event += 1;
        let id = self.next_event;
        let cause = self.cause(node, &body, stage.cause);
        self.remember(id, node, &body);
        let stamped = Stamped { id, step: self.step, at: self.now, node, cause, body };
        let client = match &stamped.body {
            Body::Client(_) => self.clients.get(&node).map(Arc::as_ref),
            _ => None,
        };
        self.invariants.watch(&stamped, &self.brokers, client);
        let writer = self.brokers.get(&node).and_then(|entry| entry.broker.as_deref());
        let isr_path = self.config.isr_path();
        self.tally.count(node, &stamped.body, isr_path, |partition| {
            let replica = writer.and_then(|broker| broker.replicas.get(partition));
            replica.is_some_and(crate::replica::Replica::is_leader)
        });
        stage.events.push(stamped);
        stage.cause = Some(id);
        id
    }
}
