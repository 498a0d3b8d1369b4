//! How each act is done.

use super::act::{Act, Outcome, Refusal, Ticket};
use super::event::{Body, Stamped, WorldEvent};
use super::lab::LabError;
use super::network::Happening;
use super::world::{Cluster, NodeState, Stage};
use crate::broker::Life;
use crate::client::{Admin, Client, Producer, ProducerConfig};
use crate::disk::Disk;
use crate::protocol::Request;
use crate::types::NodeId;
use std::sync::Arc;

/// The client through which administrators speak.
pub(crate) const ADMIN: &str = "admin";

/// Most clients at once.
const MOST_CLIENTS: usize = 1_000;

/// Most receipts that are kept.
const MOST_TICKETS: usize = 10_000;

/// What a receipt waits for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Waiting {
    Nothing,
    Client(NodeId),
    Stopped(NodeId),
    Unfenced(NodeId),
    InOffice(NodeId),
    Walked,
}

pub(super) type Done = Result<Waiting, Refusal>;

impl Cluster {
    /// Does `act`. A refusal leaves the world as it was, but for a client that was made for it.
    pub(crate) fn perform(
        &mut self,
        act: &Act,
        command: &str,
        disk: &mut Disk,
        events: &mut Vec<Stamped>,
    ) -> Result<Result<Ticket, Refusal>, LabError> {
        if let Err(refusal) = self.check(act) {
            return Ok(Err(refusal));
        }
        self.step += 1;
        let mut stage = Stage { events, cause: None };
        let body = Body::World(WorldEvent::Act { command: command.to_owned() });
        self.emit(&mut stage, NodeId(0), body);
        self.next_ticket += 1;
        let ticket = self.next_ticket;
        let done = match act {
            Act::Admin(request) => Ok(self.admin(ticket, request, &mut stage)),
            Act::ProducerStart { .. }
            | Act::ProducerStop(_)
            | Act::Produce { .. }
            | Act::Workload { .. } => Ok(self.producer_act(ticket, act, &mut stage)),
            Act::ConsumerStart(_)
            | Act::ConsumerStop(_)
            | Act::ClientKill(_)
            | Act::ConsumerPause(_)
            | Act::ConsumerResume(_)
            | Act::ConsumerPoll { .. }
            | Act::ConsumerCommit { .. }
            | Act::ConsumerSeek { .. } => Ok(self.consumer_act(ticket, act, &mut stage)),
            Act::Deliver(id) => {
                if let Some((due, queued)) = self.network.take(*id) {
                    if let Happening::Deliver { from, to, .. } = &queued.happening {
                        self.network.release(self.now, *from, *to, due);
                    }
                    stage.cause = queued.cause.or(stage.cause);
                    self.deliver(queued.happening, disk, &mut stage)?;
                }
                Ok(Ok(Waiting::Nothing))
            }
            Act::Fill { .. } | Act::StartLog { .. } | Act::Roll(_) | Act::Flush(_) => {
                self.bulk(act, disk, &mut stage).map(|done| done.map(|()| Waiting::Nothing))
            }
            Act::RetentionRun
            | Act::Compact(_)
            | Act::FlipBit { .. }
            | Act::Tear { .. }
            | Act::DeleteFile(_) => {
                self.upkeep(act, disk, &mut stage).map(|done| done.map(|()| Waiting::Nothing))
            }
            Act::Lookup { .. } | Act::LookupTimestamp { .. } => {
                Ok(self.begin_lookup(act, disk, &mut stage))
            }
            Act::Idle { until } => {
                self.pass_idle(*until, disk, &mut stage);
                Ok(Ok(Waiting::Nothing))
            }
            Act::Wait { until } => {
                self.now = self.now.max(*until);
                Ok(Ok(Waiting::Nothing))
            }
            Act::CheckFiles => {
                self.tell_files(disk, &stage);
                Ok(Ok(Waiting::Nothing))
            }
            other => self.fault(other, disk, &mut stage),
        }?;
        self.report_violations(disk, &mut stage);
        match done {
            Ok(waiting) => {
                self.tickets.insert(ticket, waiting);
                if self.tickets.len() > MOST_TICKETS {
                    self.tickets.pop_first();
                }
                Ok(Ok(Ticket(ticket)))
            }
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// What came of an act, once it is known.
    pub fn outcome(&self, ticket: Ticket) -> Option<Outcome> {
        match *self.tickets.get(&ticket.0)? {
            Waiting::Nothing => Some(Outcome::Done),
            Waiting::Walked => {
                let walking = self.lookup.as_ref().is_some_and(|w| w.shown < w.steps.len());
                (!walking).then_some(Outcome::Done)
            }
            Waiting::InOffice(node) => {
                if self.is_in_office(node) {
                    return Some(Outcome::Done);
                }
                let pursued = self.controller_wish.is_some_and(|wish| wish.broker == node);
                let comes = self.active_controller() == Some(node)
                    && self.may_become_controller(node).is_ok();
                (!pursued && !comes).then(|| Outcome::Failed(self.why_not_controller(node)))
            }
            Waiting::Stopped(node) => match self.state(node) {
                NodeState::Alive | NodeState::Paused => None,
                _ => Some(Outcome::Done),
            },
            Waiting::Unfenced(node) => match self.state(node) {
                NodeState::Alive => {
                    let running = self.broker(node).is_none_or(|b| b.life == Life::Running);
                    let known = self.active_image().is_none_or(|image| {
                        !node.is_broker() || image.brokers.get(&node).is_some_and(|b| !b.fenced)
                    });
                    (running && known).then_some(Outcome::Done)
                }
                NodeState::New => None,
                _ => Some(Outcome::Done),
            },
            Waiting::Client(node) => match self.clients.get(&node)?.as_ref() {
                Client::Producer(producer) => {
                    producer.outcome(ticket.0).cloned().map(Outcome::Sent)
                }
                Client::Admin(admin) => admin.outcome(ticket.0).cloned().map(Outcome::Admin),
                Client::Consumer(consumer) => {
                    consumer.outcome(ticket.0).cloned().map(Outcome::Consumer)
                }
            },
        }
    }

    /// Whether the names and numbers of an act exist; so a refused act is no step.
    fn check(&self, act: &Act) -> Result<(), Refusal> {
        let process = |node: NodeId| {
            if self.has_process(node) {
                return Ok(self.state(node));
            }
            if node.is_zookeeper() {
                let advice = "its controllers decide by themselves (KRaft), see 'controller kill'";
                return Err(Refusal::new(format!("this cluster has no ZooKeeper: {advice}")));
            }
            let known: Vec<String> = self.processes().iter().map(NodeId::to_string).collect();
            Err(Refusal::new(format!("there is no node {node}; there are {}", known.join(", "))))
        };
        let must_run = |node: NodeId| match process(node)? {
            NodeState::Alive | NodeState::Paused => Ok(()),
            _ => Err(self.not_running(node)),
        };
        match act {
            Act::Kill(node) | Act::Stop(node) => must_run(*node),
            Act::PowerOff(node) => match process(*node)? {
                // What a killed process left in the page cache goes with the machine's power.
                NodeState::Dead | NodeState::Stopped => Ok(()),
                _ => must_run(*node),
            },
            Act::Admin(request) => self.may_be_decided(request),
            Act::MoveController(node) => self.may_become_controller(*node),
            Act::ExpireSession(node) => {
                match self.zookeeper().map(|server| server.session_of(*node)) {
                    None => Err(Refusal::new(
                        "this cluster has no ZooKeeper: 'cluster kafka=2.1' has one",
                    )),
                    Some(None) => Err(Refusal::new(format!(
                        "{node} has no session with ZooKeeper: 'show controller' lists who has"
                    ))),
                    Some(Some(_)) if self.state(NodeId::ZOOKEEPER) == NodeState::Paused => {
                        Err(Refusal::new("ZooKeeper is frozen: 'zookeeper resume' first"))
                    }
                    Some(Some(_)) => must_run(NodeId::ZOOKEEPER),
                }
            }
            Act::Pause(node) => match process(*node)? {
                NodeState::Alive => Ok(()),
                NodeState::Paused => {
                    Err(Refusal::new(format!("{} is frozen already", self.name(*node))))
                }
                _ => Err(self.not_running(*node)),
            },
            Act::Resume(node) => match process(*node)? {
                NodeState::Paused => Ok(()),
                _ => Err(Refusal::new(format!("{} is not frozen", self.name(*node)))),
            },
            Act::Start(node) => match process(*node)? {
                NodeState::Alive | NodeState::Paused => {
                    Err(Refusal::new(format!("{} runs already", self.name(*node))))
                }
                _ => Ok(()),
            },
            Act::AddBroker { id, .. } => self.may_be_added(*id),
            Act::Skew(node, _) if !self.brokers.contains_key(node) => {
                let known: Vec<String> = self.brokers.keys().map(NodeId::to_string).collect();
                let known = known.join(", ");
                let text = format!("only a broker's clock can be wrong here: there are {known}");
                Err(Refusal::new(text))
            }
            Act::FetcherPause(node)
            | Act::FetcherResume(node)
            | Act::FetcherSlow(node, _)
            | Act::Skew(node, _) => {
                if self.brokers.contains_key(node) {
                    must_run(*node)
                } else {
                    process(*node).map(|_| ())
                }
            }
            Act::Slow(node, _) => process(*node).map(|_| ()),
            Act::BreakDisk(node, fault) => {
                process(*node)?;
                self.may_break_disk(*node, *fault)
            }
            Act::Cut(a, b) => {
                for node in [a, b] {
                    if !self.clients.contains_key(node) {
                        process(*node)?;
                    }
                }
                if a == b {
                    return Err(Refusal::new(format!("{a} is one node: name two to cut the link")));
                }
                Ok(())
            }
            Act::Deliver(id)
            | Act::Drop(id)
            | Act::Delay(id, _)
            | Act::Corrupt(id)
            | Act::Hold(id)
            | Act::Release(id) => self.check_pending(act, *id),
            Act::ProducerStop(name) => self.is_a(name, "producer").map(|_| ()),
            Act::Produce { producer: Some(name), .. } => self.is_a(name, "producer").map(|_| ()),
            Act::Produce { producer: None, .. } | Act::ProducerStart { .. } => self.room(),
            Act::Workload { producer, .. } => {
                if self.names.contains_key(producer) {
                    self.is_a(producer, "producer").map(|_| ())
                } else {
                    self.room()
                }
            }
            Act::ConsumerStart(new) => {
                self.room()?;
                match self.client(&new.name) {
                    Some(client) if !client.is_closed() => Err(Refusal::new(format!(
                        "'{}' is taken: stop or kill it first, or take another name",
                        new.name
                    ))),
                    _ => Ok(()),
                }
            }
            Act::ConsumerStop(name)
            | Act::ConsumerPause(name)
            | Act::ConsumerResume(name)
            | Act::ConsumerPoll { name, .. }
            | Act::ConsumerCommit { name, .. }
            | Act::ConsumerSeek { name, .. } => self.is_a(name, "consumer").map(|_| ()),
            Act::ClientKill(name) => self
                .names
                .contains_key(name)
                .then_some(())
                .ok_or_else(|| Refusal::new(format!("there is no client '{name}'"))),
            _ => Ok(()),
        }
    }

    /// Why nothing can be done to a process that does not run, and what to do first.
    fn not_running(&self, node: NodeId) -> Refusal {
        let name = self.name(node);
        Refusal::new(match self.state(node) {
            NodeState::New => {
                format!("{name} has not started yet: 'settle' or 'run 1s' lets it start")
            }
            _ => format!("{name} does not run"),
        })
    }

    fn room(&self) -> Result<(), Refusal> {
        if self.names.len() < MOST_CLIENTS {
            Ok(())
        } else {
            Err(Refusal::new(format!("{MOST_CLIENTS} clients are enough: stop one first")))
        }
    }

    pub(super) fn is_a(&self, name: &str, kind: &str) -> Result<NodeId, Refusal> {
        let fits = |client: &Client| match client {
            Client::Producer(_) => kind == "producer",
            Client::Consumer(_) => kind == "consumer",
            Client::Admin(_) => false,
        };
        match self.names.get(name) {
            Some(&id) if self.clients.get(&id).is_some_and(|client| fits(client)) => Ok(id),
            _ => {
                let known: Vec<&str> = self
                    .names
                    .iter()
                    .filter(|(_, id)| self.clients.get(id).is_some_and(|client| fits(client)))
                    .map(|(name, _)| name.as_str())
                    .collect();
                let there_are = if known.is_empty() {
                    format!("start one with '{kind} start NAME'")
                } else {
                    format!("there are {}", known.join(", "))
                };
                Err(Refusal::new(format!("there is no {kind} '{name}'; {there_are}")))
            }
        }
    }

    fn check_pending(&self, act: &Act, id: u64) -> Result<(), Refusal> {
        let Some(pending) = self.network.pending().find(|pending| pending.id == id) else {
            return Err(Refusal::new(format!(
                "nothing with the number {id} is pending; 'show network' lists what is"
            )));
        };
        if let (
            Act::Drop(_) | Act::Corrupt(_),
            Happening::Timer { .. } | Happening::Start(_) | Happening::Walk,
        ) = (act, &pending.happening)
        {
            return Err(Refusal::new(format!(
                "{id} is no message: only messages can be lost or damaged"
            )));
        }
        if matches!(act, Act::Release(_)) && !pending.held {
            return Err(Refusal::new(format!(
                "{id} is not held: 'message deliver {id}' lets it arrive at once"
            )));
        }
        if let (Act::Deliver(_), Some(first)) = (act, self.network.blocked_by(id)) {
            return Err(Refusal::new(format!(
                "{first} must arrive first: between two nodes messages keep their order"
            )));
        }
        Ok(())
    }

    /// The servers that a new client is given: whoever starts one names such as answer, if there are any.
    pub(super) fn bootstrap(&self) -> Vec<NodeId> {
        let all = || self.brokers.keys().copied();
        let alive: Vec<NodeId> = all().filter(|id| self.state(*id) == NodeState::Alive).collect();
        if alive.is_empty() { all().collect() } else { alive }
    }

    pub(super) fn add_client(&mut self, name: &str, make: impl FnOnce(NodeId) -> Client) -> NodeId {
        let id = NodeId(self.next_client);
        self.next_client += 1;
        if let Some(old) = self.names.insert(name.to_owned(), id) {
            self.network.forget_node(old);
            self.clients.remove(&old);
        }
        self.client_names.insert(id, Arc::from(name));
        self.clients.insert(id, Arc::new(make(id)));
        id
    }

    fn admin(&mut self, ticket: u64, request: &Request, stage: &mut Stage<'_>) -> Done {
        let (seed, bootstrap) = (self.spec.seed, self.bootstrap());
        let id = match self.names.get(ADMIN) {
            Some(&id) => id,
            None => {
                let tool = self.config.log.era.admin_tool;
                self.add_client(ADMIN, |id| {
                    Client::Admin(Admin::new(id, ADMIN, bootstrap, seed, tool))
                })
            }
        };
        let request = request.clone();
        self.with_client(id, stage, |client, now, out| {
            if let Client::Admin(admin) = client {
                admin.request(now, ticket, request, out);
            }
        });
        Ok(Waiting::Client(id))
    }

    fn new_producer(
        &mut self,
        name: &str,
        configs: &[(String, String)],
    ) -> Result<NodeId, Refusal> {
        let mut config = ProducerConfig::default();
        for (key, value) in configs {
            match config.set(key, value) {
                Ok(true) => {}
                Ok(false) => {
                    return Err(Refusal::new(format!("'{key}' is not a producer setting")));
                }
                Err(text) => return Err(Refusal::new(text)),
            }
        }
        let (seed, bootstrap) = (self.spec.seed, self.bootstrap());
        Ok(self.add_client(name, |id| {
            Client::Producer(Producer::new(id, name, bootstrap, seed, config))
        }))
    }

    fn producer_act(&mut self, ticket: u64, act: &Act, stage: &mut Stage<'_>) -> Done {
        match act {
            Act::ProducerStart { name, configs } => {
                self.new_producer(name, configs)?;
                Ok(Waiting::Nothing)
            }
            Act::ProducerStop(name) => {
                let id = self.is_a(name, "producer")?;
                self.with_client(id, stage, |client, now, out| {
                    if let Client::Producer(producer) = client {
                        producer.close(now, ticket, out);
                    }
                });
                Ok(Waiting::Client(id))
            }
            Act::Produce { producer, configs, records } => {
                let id = match producer {
                    Some(name) => self.is_a(name, "producer")?,
                    None => {
                        let mut all = vec![("retries".to_owned(), "0".to_owned())];
                        all.extend(configs.iter().cloned());
                        self.new_producer("producer", &all)?
                    }
                };
                let (records, ends) = (records.clone(), producer.is_none());
                self.with_client(id, stage, |client, now, out| {
                    if let Client::Producer(producer) = client {
                        producer.send(now, ticket, records, out);
                        if ends {
                            producer.end_after(ticket);
                        }
                    }
                });
                self.reap(id);
                Ok(Waiting::Client(id))
            }
            Act::Workload { producer, configs, workload } => {
                let id = match self.names.get(producer) {
                    Some(&id) => id,
                    None => self.new_producer(producer, configs)?,
                };
                let workload = workload.clone();
                self.with_client(id, stage, |client, now, out| {
                    if let Client::Producer(producer) = client {
                        producer.start_workload(now, workload, out);
                    }
                });
                Ok(Waiting::Nothing)
            }
            _ => Ok(Waiting::Nothing),
        }
    }
}
