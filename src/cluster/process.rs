//! Processes: how one begins, and what it leaves when it ends.

use super::act::Refusal;
use super::event::{Body, LOG_DIRECTORY_FAILED, WorldEvent};
use super::spec::MOST_BROKERS;
use super::world::{BrokerNode, Cluster, NodeState, Stage};
use crate::broker::{self, Boot, Broker};
use crate::coordination::kraft::Controller;
use crate::disk::Disk;
use crate::era::is_before;
use crate::protocol::Output;
use crate::storage::StorageError;
use crate::types::NodeId;
use std::collections::VecDeque;
use std::sync::Arc;

/// The directory of the metadata log.
const METADATA_LOG: &str = "__cluster_metadata-0";

impl Cluster {
    /// A broker's directory is formatted; its process has not begun.
    pub(super) fn add_broker(
        &mut self,
        id: NodeId,
        rack: Option<&str>,
        disk: &mut Disk,
    ) -> Result<(), StorageError> {
        Broker::format(disk, id, self.cluster_id, self.spec.seed, self.spec.coordination())?;
        let node = BrokerNode {
            state: NodeState::New,
            broker: None,
            rack: rack.filter(|rack| !rack.is_empty()).map(Arc::from),
            starts: 0,
            since: self.now,
            inbox: VecDeque::new(),
        };
        self.brokers.insert(id, node);
        Ok(())
    }

    /// Whether a new broker may have this id.
    pub(super) fn may_be_added(&self, id: NodeId) -> Result<(), Refusal> {
        if self.brokers.contains_key(&id) {
            return Err(Refusal::new(format!("there is a broker {id} already: take another id")));
        }
        if !id.is_broker() || id.0 == 0 || id.0 > 1_000 {
            return Err(Refusal::new(format!("{id} is no id for a broker: take 1 to 1000")));
        }
        if self.brokers.len() >= MOST_BROKERS as usize {
            return Err(Refusal::new(format!("{MOST_BROKERS} brokers are the most there can be")));
        }
        Ok(())
    }

    /// A process begins.
    pub(super) fn start(
        &mut self,
        node: NodeId,
        disk: &mut Disk,
        stage: &mut Stage<'_>,
    ) -> Result<(), super::LabError> {
        self.emit(stage, node, Body::World(WorldEvent::NodeStarted(node)));
        let (now, seed) = (self.now, self.spec.seed);
        if self.brokers.contains_key(&node) {
            let controllers = self.controllers.keys().copied().collect();
            let ordinal = self.brokers.get(&node).map_or(1, |entry| entry.starts + 1);
            let mut out = Output::default();
            let mut config = (*self.config).clone();
            config.log.clock_skew_us = self.skew.get(&node).copied().unwrap_or_default();
            let rack = self.brokers.get(&node).and_then(|entry| entry.rack.clone());
            let boot = Boot {
                id: node,
                config,
                controllers,
                rack,
                coordination: self.spec.coordination(),
                cluster_id: self.cluster_id,
                seed,
                start_ordinal: ordinal,
            };
            let started = Broker::start(boot, now, disk, &mut out);
            if let Some(entry) = self.brokers.get_mut(&node) {
                entry.starts = ordinal;
                entry.since = self.now;
                entry.inbox.clear();
                if let Ok(broker) = &started {
                    entry.state = NodeState::Alive;
                    entry.broker = Some(Arc::new(broker.clone()));
                }
            }
            self.carry_out(node, out, Body::of_broker, stage);
            if let Err(error) = started {
                self.halt(node, &error, stage);
            }
        } else if node.is_zookeeper() {
            self.start_zookeeper(stage);
        } else if self.controllers.contains_key(&node) {
            let mut out = Output::default();
            let mut config = self.controller_config();
            config.start_ordinal = self.controllers.get(&node).map_or(1, |entry| entry.starts + 1);
            let started = Controller::start(node, now, disk, config, &mut out);
            if let Some(entry) = self.controllers.get_mut(&node) {
                entry.starts += 1;
                entry.since = now;
                entry.inbox.clear();
                if let Ok(controller) = &started {
                    entry.state = NodeState::Alive;
                    entry.controller = Some(Arc::new(controller.clone()));
                }
            }
            self.carry_out(node, out, Body::Controller, stage);
            if let Err(error) = started {
                self.halt(node, &error, stage);
            }
        }
        Ok(())
    }

    /// Its disk failed: with one log directory the process exits, as Kafka's does. Since 1.0 the directory is taken
    /// offline first, and the process ends since none is left (KIP-112: `LogDirFailureChannel`,
    /// `LogManager.handleLogDirFailure`); before, it halts at once (`ReplicaManager.appendToLocalLog`), as a node of
    /// KRaft still does when its metadata log cannot be written (`FaultHandler` of `KafkaRaftClientDriver`).
    pub(super) fn halt(&mut self, node: NodeId, error: &StorageError, stage: &mut Stage<'_>) {
        let (mut reason, host) = (error.to_string(), error.is_of_the_host());
        let was_up = self.state(node) == NodeState::Alive;
        if let Some(path) = error.broken_disk().filter(|_| was_up && node.is_broker()) {
            stage.cause = self.broken_disks.get(&node).map(|(_, event)| *event);
            let version = self.config.era().kafka;
            let offline = !is_before(version, "1.0") && !path.contains(METADATA_LOG);
            if offline {
                let (directory, why) = (format!("broker-{node}"), reason.clone());
                let event = broker::Event::LogDirectoryOffline { directory, why };
                self.emit(stage, node, Body::of_broker(event));
            }
            reason.insert_str(0, LOG_DIRECTORY_FAILED[usize::from(!offline)].0);
        }
        let id = self.emit(stage, node, Body::World(WorldEvent::NodeHalted { node, reason, host }));
        self.last_fault.insert(node, id);
        self.ended(node, NodeState::Dead, stage.cause);
    }

    /// A process ended: nothing reaches it any more, and its peers' connections break.
    pub(crate) fn ended(&mut self, node: NodeId, state: NodeState, cause: Option<u64>) {
        let now = self.now;
        if let Some(process) = self.process_mut(node) {
            *process.state = state;
            *process.since = now;
            process.inbox.clear();
        }
        self.network.forget_node(node);
        self.network.disconnect(self.spec.seed, now, node, cause);
    }

    /// A client that has ended is forgotten; its last outcomes stay readable by its name until the name is used again.
    pub(crate) fn reap(&mut self, node: NodeId) {
        if self.clients.get(&node).is_some_and(|client| client.is_closed()) {
            self.network.forget_node(node);
            self.network.forget_links(node);
        }
    }
}
