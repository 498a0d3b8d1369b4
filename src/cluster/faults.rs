//! What can be done to processes, links and messages: kill, stop, freeze, cut, drop, delay.
//!
//! Four ways to silence a broker, four outcomes: *kill* loses the process and keeps the page cache; *power-off* loses
//! what was not flushed; *pause* keeps everything and answers nothing; *cut* keeps it alive on the wrong side.

use super::act::{Act, Refusal};
use super::event::{Body, Fault, WorldEvent};
use super::lab::LabError;
use super::network::Happening;
use super::perform::{Done, Waiting};
use super::world::{Cluster, NodeState, Stage};
use super::zookeeper::ControllerWish;
use crate::clock::Duration;
use crate::disk::{self, Disk};
use crate::prng;
use crate::protocol::Input;
use crate::types::NodeId;

impl Cluster {
    pub(super) fn strike(&mut self, fault: Fault, stage: &mut Stage<'_>) {
        let victim = fault.victim();
        let node = victim.unwrap_or(NodeId(0));
        let event = self.emit(stage, node, Body::World(WorldEvent::Fault(fault)));
        if let Some(victim) = victim {
            self.last_fault.insert(victim, event);
        }
    }

    pub(super) fn fault(
        &mut self,
        act: &Act,
        disk: &mut Disk,
        stage: &mut Stage<'_>,
    ) -> Result<Done, LabError> {
        match act {
            Act::Kill(node) => {
                self.strike(Fault::Kill(*node), stage);
                self.ended(*node, NodeState::Dead, stage.cause);
            }
            Act::PowerOff(node) => {
                self.strike(Fault::PowerOff(*node), stage);
                let (seed, step) = (self.spec.seed, self.step);
                let mut ordinal = 0;
                let purpose = prng::Purpose::PowerLoss;
                disk.power_off(&self.directory_of(*node), |_, unflushed| {
                    ordinal += 1;
                    prng::below(seed, purpose, u64::from(node.0), step, ordinal, unflushed + 1)
                })?;
                self.ended(*node, NodeState::Dead, stage.cause);
            }
            Act::Stop(node) if node.is_controller() => {
                self.strike(Fault::Stop(*node), stage);
                self.stop_controller(*node, disk, stage);
                self.ended(*node, NodeState::Stopped, stage.cause);
            }
            Act::Stop(node) if node.is_zookeeper() => {
                self.strike(Fault::Stop(*node), stage);
                self.ended(*node, NodeState::Stopped, stage.cause);
            }
            Act::Stop(node) => {
                if self.state(*node) == NodeState::Paused {
                    return Ok(Err(Refusal::new(format!(
                        "broker {node} is frozen and cannot stop by itself: resume or kill it"
                    ))));
                }
                self.with_broker(*node, stage, |broker, now, out| {
                    broker.stop(now, out);
                    Ok(())
                });
                return Ok(Ok(Waiting::Stopped(*node)));
            }
            Act::Start(node) => {
                self.network.push(self.now, Happening::Start(*node), stage.cause);
                if let Some(process) = self.process_mut(*node) {
                    *process.state = NodeState::New;
                }
                return Ok(Ok(Waiting::Unfenced(*node)));
            }
            Act::AddBroker { id, rack } => {
                self.add_broker(*id, rack.as_deref(), disk)?;
                self.network.push(self.now, Happening::Start(*id), stage.cause);
                return Ok(Ok(Waiting::Unfenced(*id)));
            }
            Act::Pause(node) => {
                self.strike(Fault::Pause(*node), stage);
                self.set_state(*node, NodeState::Paused);
                self.freeze_zookeeper(*node);
            }
            Act::Resume(node) => self.resume(*node, stage)?,
            Act::Cut(a, b) => {
                self.strike(Fault::Cut(*a, *b), stage);
                self.network.cut(*a, *b);
            }
            Act::Heal(pair) => {
                let pairs = match pair {
                    Some(pair) => vec![*pair],
                    None => self.network.cuts(),
                };
                for (a, b) in pairs {
                    self.strike(Fault::Heal(a, b), stage);
                    self.network.heal(self.spec.seed, self.now, a, b);
                }
            }
            Act::FetcherPause(node) => {
                self.strike(Fault::FetcherPause(*node), stage);
                self.with_broker(*node, stage, |broker, now, out| {
                    broker.pause_fetchers(true, now, out);
                    Ok(())
                });
            }
            Act::FetcherResume(node) => {
                self.strike(Fault::FetcherResume(*node), stage);
                self.with_broker(*node, stage, |broker, now, out| {
                    broker.fetchers_slowed = Duration::ZERO;
                    broker.pause_fetchers(false, now, out);
                    Ok(())
                });
            }
            Act::FetcherSlow(node, by) => {
                self.strike(Fault::FetcherSlow(*node), stage);
                let by = *by;
                self.with_broker(*node, stage, |broker, _, _| {
                    broker.fetchers_slowed = by;
                    Ok(())
                });
            }
            Act::Slow(node, by) => {
                self.strike(Fault::Slow(*node, *by), stage);
                match *by {
                    Duration::ZERO => drop(self.slow.remove(node)),
                    by => drop(self.slow.insert(*node, by)),
                }
            }
            Act::Skew(node, by) => {
                self.strike(Fault::Skew(*node, *by), stage);
                match *by {
                    0 => drop(self.skew.remove(node)),
                    by => drop(self.skew.insert(*node, by)),
                }
                let by = *by;
                self.with_broker(*node, stage, |broker, now, out| {
                    broker.skew_clock(now, by, disk, out);
                    Ok(())
                });
            }
            Act::BreakDisk(node, fault) => {
                self.strike(Fault::Disk(*node, *fault), stage);
                disk.set_fault(&self.directory_of(*node), *fault);
                match *fault {
                    Some(fault) => {
                        self.broken_disks.insert(*node, (fault, self.next_event));
                    }
                    None => drop(self.broken_disks.remove(node)),
                }
            }
            Act::MoveController(node) => {
                self.controller_wish = Some(ControllerWish { broker: *node, tries: 0 });
                self.pursue_controller(stage);
                return Ok(Ok(Waiting::InOffice(*node)));
            }
            Act::ExpireSession(node) => {
                if let Err(text) = self.expire_session(*node, stage) {
                    return Ok(Err(Refusal::new(text)));
                }
            }
            Act::Drop(id) => {
                if let Some((due, queued)) = self.network.take(*id)
                    && let Happening::Deliver { from, to, message } = queued.happening
                {
                    let kind = message.kind();
                    self.network.release(self.now, from, to, due);
                    self.strike(Fault::Drop { from, to, kind }, stage);
                }
            }
            Act::Corrupt(id) => match self.network.corrupt(*id) {
                Some((from, to, kind)) => self.strike(Fault::Corrupt { from, to, kind }, stage),
                None => {
                    return Ok(Err(Refusal::new(format!(
                        "message {id} carries no records: take a Produce or a FetchResponse"
                    ))));
                }
            },
            Act::Delay(id, by) => {
                self.network.delay(*id, *by);
            }
            Act::Hold(id) => {
                self.network.hold(*id);
            }
            Act::Release(id) => {
                self.network.let_go(*id, self.now);
            }
            Act::Snare(snare) if !self.network.lay(snare.clone()) => {
                let text = "there are snares enough: let messages run into them first";
                return Ok(Err(Refusal::new(text)));
            }
            _ => {}
        }
        Ok(Ok(Waiting::Nothing))
    }

    /// The log directory of a broker or controller.
    fn directory_of(&self, node: NodeId) -> String {
        let kind = if node.is_broker() { "broker" } else { "controller" };
        format!("{kind}-{node}")
    }

    /// Whether a disk can be broken in this way, or mended.
    pub(super) fn may_break_disk(
        &self,
        node: NodeId,
        fault: Option<disk::Fault>,
    ) -> Result<(), Refusal> {
        let name = self.name(node);
        if node.is_zookeeper() {
            return Err(Refusal::new("ZooKeeper keeps nothing on a disk here: name a broker"));
        }
        match (self.disk_fault(node), fault) {
            (None, None) => {
                Err(Refusal::new(format!("there is nothing to heal: the disk of {name} is whole")))
            }
            (known, wish) if known == wish => {
                let what = match known {
                    Some(disk::Fault::ReadOnly) => "can only be read already",
                    _ => "is full already",
                };
                let advice = format!("'disk heal {node}' makes it whole");
                Err(Refusal::new(format!("the disk of {name} {what}: {advice}")))
            }
            _ => Ok(()),
        }
    }

    /// What is wrong with a node's disk.
    pub fn disk_fault(&self, node: NodeId) -> Option<disk::Fault> {
        self.broken_disks.get(&node).map(|(fault, _)| *fault)
    }

    /// Whoever runs on a broken disk and writes by the clock finds it out soon: a broker with a copy checkpoints its
    /// high watermarks, and a node of KRaft takes in the metadata log's idle records.
    pub(super) fn disks_settled(&self) -> Result<(), String> {
        for (&node, (fault, _)) in &self.broken_disks {
            if self.state(node) != NodeState::Alive {
                continue;
            }
            let has_copies = self.broker(node).is_some_and(|broker| !broker.replicas.is_empty());
            let idle = self.controller_config().metadata_max_idle_interval;
            if has_copies || (self.zookeeper.is_none() && idle > Duration::ZERO) {
                let what = match fault {
                    disk::Fault::Full => "is full",
                    disk::Fault::ReadOnly => "can only be read",
                };
                let name = self.name(node);
                return Err(format!("the disk of {name} {what}, and it has not written yet"));
            }
        }
        Ok(())
    }

    /// A controller that leads says so to the others before it ends.
    fn stop_controller(&mut self, node: NodeId, disk: &mut Disk, stage: &mut Stage<'_>) {
        let now = self.now;
        let entry = self.controllers.get_mut(&node).filter(|n| n.state == NodeState::Alive);
        let Some(controller) = entry.and_then(|entry| entry.controller.as_mut()) else { return };
        let mut out = crate::protocol::Output::default();
        let controller = std::sync::Arc::make_mut(controller);
        let done = controller.stop(now, disk, &mut out).and_then(|()| controller.close(disk));
        self.carry_out(node, out, Body::Controller, stage);
        if let Err(error) = done {
            self.halt(node, &error, stage);
        }
    }

    fn set_state(&mut self, node: NodeId, state: NodeState) {
        let now = self.now;
        if let Some(process) = self.process_mut(node) {
            *process.state = state;
            *process.since = now;
        }
    }

    /// A frozen process goes on: what waited in its sockets is read at once, in order.
    fn resume(&mut self, node: NodeId, stage: &mut Stage<'_>) -> Result<(), LabError> {
        self.strike(Fault::Resume(node), stage);
        self.set_state(node, NodeState::Alive);
        let Some(process) = self.process_mut(node) else { return Ok(()) };
        let inbox = std::mem::take(process.inbox);
        if node.is_zookeeper() {
            self.thaw_zookeeper(stage);
        }
        for (input, cause) in inbox {
            let happening = match input {
                Input::Message { from, message } => Happening::Deliver { from, to: node, message },
                Input::Timer(timer) => {
                    self.network.set_timer(node, timer, Some(self.now), cause);
                    continue;
                }
                Input::Disconnected { peer } => Happening::Disconnected { node, peer },
            };
            self.network.push(self.now, happening, cause);
        }
        Ok(())
    }
}
