//! One step of the world: the next happening is delivered, the node answers, what it wants is carried out.
//!
//! ```text
//!   queue ─► Happening ─► deliver ─► Broker, Controller, Client, ZooKeeper ─► Output ─► carry_out (in `process`)
//! ```

use super::event::{Body, Stamped, WorldEvent};
use super::invariant::{INVARIANTS, Kind};
use super::network::Happening;
use super::world::{Cluster, NodeState, Stage};
use crate::broker::{self, Broker};
use crate::client::Client;
use crate::clock::Instant;
use crate::disk::Disk;
use crate::protocol::{Input, Output, Timer};
use crate::storage::StorageError;
use crate::types::NodeId;
use std::sync::Arc;

/// Most messages that wait in a frozen process's sockets.
const MOST_INBOX: usize = 10_000;

impl Cluster {
    /// Delivers the next happening. `false`: nothing is pending.
    pub(crate) fn step(
        &mut self,
        disk: &mut Disk,
        events: &mut Vec<Stamped>,
    ) -> Result<bool, super::LabError> {
        while let Some((at, queued)) = self.network.pop() {
            self.now = self.now.max(at);
            if self.waits_in_socket(&queued.happening, queued.cause) {
                continue;
            }
            self.step += 1;
            let mut stage = Stage { events, cause: queued.cause };
            self.deliver(queued.happening, disk, &mut stage)?;
            self.pursue_controller(&mut stage);
            self.report_violations(disk, &mut stage);
            return Ok(true);
        }
        Ok(false)
    }

    /// The step is over: the invariants look at the disk, and what is broken becomes an event.
    pub(crate) fn report_violations(&mut self, disk: &Disk, stage: &mut Stage<'_>) {
        self.invariants.check(&self.brokers, disk);
        if self.invariants.fresh.is_empty() {
            return;
        }
        for violation in std::mem::take(&mut self.invariants.fresh) {
            let (name, sentence) = (violation.name, violation.sentence.clone());
            let body = match INVARIANTS.iter().find(|known| known.name == name).map(|it| it.kind) {
                Some(Kind::Finding) => WorldEvent::Found { name, sentence },
                _ => WorldEvent::Violated { name, sentence },
            };
            let body = Body::World(body);
            stage.cause = Some(violation.event);
            self.emit(stage, NodeId(0), body);
            self.invariants.keep(violation);
        }
    }

    /// What reaches a frozen process waits there, without being a step.
    fn waits_in_socket(&mut self, happening: &Happening, cause: Option<u64>) -> bool {
        let node = happening.node();
        if self.state(node) != NodeState::Paused {
            return false;
        }
        let input = match happening.clone() {
            Happening::Deliver { from, message, .. } => Input::Message { from, message },
            Happening::Timer { timer, .. } => Input::Timer(timer),
            Happening::Disconnected { peer, .. } => Input::Disconnected { peer },
            Happening::Start(_) | Happening::Walk => return false,
        };
        let Some(process) = self.process_mut(node) else { return false };
        let inbox = process.inbox;
        if inbox.len() < MOST_INBOX {
            inbox.push_back((input, cause));
        }
        true
    }

    pub(crate) fn deliver(
        &mut self,
        happening: Happening,
        disk: &mut Disk,
        stage: &mut Stage<'_>,
    ) -> Result<(), super::LabError> {
        match happening {
            Happening::Deliver { from, to, message } => {
                if self.state(to) == NodeState::Alive && (from.is_zookeeper() || self.listens(to)) {
                    return self.feed(to, Input::Message { from, message }, disk, stage);
                }
                let kind = message.kind();
                self.emit(stage, to, Body::World(WorldEvent::MessageLost { from, to, kind }));
                if self.state(from) != NodeState::Dead {
                    let (seed, now, cause) = (self.spec.seed, self.now, stage.cause);
                    self.network.tell_disconnected(seed, now, from, to, cause);
                }
                Ok(())
            }
            Happening::Timer { node, timer } => {
                if matches!(timer, Timer::RequestTimeout(_)) {
                    let now = self.now;
                    match self.broker(node) {
                        // Its one timer also fires when nothing is overdue.
                        Some(broker) => {
                            let peers: Vec<NodeId> = broker.overdue(now).collect();
                            peers
                                .into_iter()
                                .for_each(|peer| self.network.give_up(node, Some(peer)));
                        }
                        None => {
                            match self.controllers.get(&node).and_then(|n| n.controller.as_ref()) {
                                Some(controller) => {
                                    let peers: Vec<NodeId> = controller.overdue(now).collect();
                                    peers
                                        .into_iter()
                                        .for_each(|peer| self.network.give_up(node, Some(peer)));
                                }
                                None => self.network.give_up(node, None),
                            }
                        }
                    }
                }
                if timer == Timer::ZooKeeperSession {
                    self.give_up_zookeeper(node);
                }
                self.feed(node, Input::Timer(timer), disk, stage)
            }
            Happening::Disconnected { node, peer } => {
                self.feed(node, Input::Disconnected { peer }, disk, stage)
            }
            Happening::Start(node) => self.start(node, disk, stage),
            Happening::Walk => {
                self.walk(stage);
                Ok(())
            }
        }
    }

    /// Shows the next step of the lookup that is being watched.
    fn walk(&mut self, stage: &mut Stage<'_>) {
        let Some(walk) = &mut self.lookup else {
            return;
        };
        let Some(step) = walk.steps.get(walk.shown).cloned() else {
            return;
        };
        walk.shown += 1;
        let (partition, broker) = (walk.partition.clone(), walk.broker);
        let more = walk.shown < walk.steps.len();
        self.emit(stage, broker, Body::World(WorldEvent::Lookup { partition, step }));
        if more {
            self.network.push(self.now, Happening::Walk, stage.cause);
        }
    }

    /// Gives an input to a node.
    pub(crate) fn feed(
        &mut self,
        node: NodeId,
        input: Input,
        disk: &mut Disk,
        stage: &mut Stage<'_>,
    ) -> Result<(), super::LabError> {
        let now = self.now;
        if let Some(entry) = self.brokers.get_mut(&node) {
            if entry.state != NodeState::Alive {
                return Ok(());
            }
            let Some(broker) = &mut entry.broker else {
                return Ok(());
            };
            let mut out = Output::default();
            let result = Arc::make_mut(broker).step(now, input, disk, &mut out);
            let stopped = broker.life == broker::Life::Stopped;
            self.carry_out(node, out, Body::of_broker, stage);
            if let Err(error) = result {
                self.halt(node, &error, stage);
            } else if stopped {
                self.ended(node, NodeState::Stopped, stage.cause);
            }
        } else if let Some(entry) = self.controllers.get_mut(&node) {
            if entry.state != NodeState::Alive {
                return Ok(());
            }
            let Some(controller) = &mut entry.controller else {
                return Ok(());
            };
            let mut out = Output::default();
            let result = Arc::make_mut(controller).step(now, input, disk, &mut out);
            self.carry_out(node, out, Body::Controller, stage);
            if let Err(error) = result {
                self.halt(node, &error, stage);
            }
        } else if node.is_zookeeper() {
            self.feed_zookeeper(input, stage);
        } else if let Some(client) = self.clients.get_mut(&node) {
            let mut out = Output::default();
            Arc::make_mut(client).step(now, input, &mut out);
            self.carry_out(node, out, Body::Client, stage);
            self.reap(node);
        }
        Ok(())
    }

    /// Calls a client's own function and carries out what it wants.
    pub(crate) fn with_client(
        &mut self,
        id: NodeId,
        stage: &mut Stage<'_>,
        call: impl FnOnce(&mut Client, Instant, &mut Output<crate::client::Event>),
    ) {
        let now = self.now;
        if let Some(client) = self.clients.get_mut(&id) {
            let mut out = Output::default();
            call(Arc::make_mut(client), now, &mut out);
            self.carry_out(id, out, Body::Client, stage);
        }
    }

    /// Calls a broker's own function and carries out what it wants.
    pub(crate) fn with_broker<T>(
        &mut self,
        id: NodeId,
        stage: &mut Stage<'_>,
        call: impl FnOnce(&mut Broker, Instant, &mut broker::Out) -> Result<T, StorageError>,
    ) -> Option<T> {
        let now = self.now;
        let broker = self.brokers.get_mut(&id)?.broker.as_mut()?;
        let mut out = Output::default();
        let result = call(Arc::make_mut(broker), now, &mut out);
        self.carry_out(id, out, Body::of_broker, stage);
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.halt(id, &error, stage);
                None
            }
        }
    }
}
