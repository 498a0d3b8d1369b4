//! The controller of the ZooKeeper era: every broker has one in it, and that of the broker that owns `/controller`
//! decides for all (`KafkaController`).
//!
//! ```text
//!   watches, requests, answers of brokers ─▶ queue ─▶ one event at a time ─▶ questions to ZooKeeper, and their answers
//!                                                          │                  (the event waits, the queue too)
//!                                                          ▼
//!                               orders to brokers, answers to requests, events to read
//! ```
//!
//! Files, to be read in this order: `rules` (what each version does), `election` (who leads next), `context` (what it
//! knows), `run` (how an event waits for ZooKeeper), `client` (what it reads and writes), `orders` and `channels` (what
//! it tells brokers), `partitions` and `replicas` (the two state machines), `office` (election, taking and leaving
//! office), `changes` (what a change of the tree brings about), `requests`, `reassignment`, `deletion`; and `itself`, a
//! world without controller.
//!
//! Always: it changes the tree first and tells brokers then; it holds nothing that a new controller could not read from
//! the tree. It neither sends nor waits by itself: the broker around it does what an [`Action`] says, and hands back
//! what came of it. Left out: broker modifications, log directory failures, delegation tokens, feature versions,
//! migration to KRaft (ledger: `zookeeper-controller`).

mod changes;
mod channels;
mod client;
mod context;
mod deletion;
mod election;
mod event;
mod itself;
mod office;
mod orders;
mod partitions;
mod process;
mod reassignment;
mod replicas;
mod requests;
mod settings;
mod run;

#[cfg(test)]
mod harness;
#[cfg(test)]
mod tests;

pub use channels::Channel;
pub use context::{
    Context, LiveBroker as KnownBroker, PartitionContext, PartitionState, Replica, ReplicaState,
    TopicContext,
};
pub use election::{Ballot, Election, LeaderAndIsr, Step as ElectionStep, Strategy, Unfit, elect};
pub use event::ControllerEvent;
pub use run::{Answer, Work};
pub use settings::Settings;

use super::znodes;
use crate::clock::{Duration, Instant};
use crate::coordination::{ElectionReason, Event};
use crate::protocol::{
    ErrorCode, Request, Response, Timer, WatchEvent, WatchKind, ZooKeeperOperation,
};
use crate::types::{NodeId, TopicName, TopicPartition};
use channels::{Channels, LineAct};
use process::preempted;
use run::{Effect, Run, Stop};
use std::collections::{BTreeSet, VecDeque};

/// What the broker around the controller has to do, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Ask ZooKeeper; hand the answers to [`Controller::zookeeper_answered`], in the order of the questions.
    ZooKeeper(ZooKeeperOperation),
    /// Send an order; hand the answer to [`Controller::broker_answered`], or call [`Controller::broker_lost`].
    Order {
        /// To which broker; it may be this one.
        to: NodeId,
        /// Names the order when its answer comes.
        ticket: u64,
        /// The order.
        request: Request,
    },
    /// Answer a request.
    Answer {
        /// Who asked.
        to: NodeId,
        /// Its number.
        correlation: u64,
        /// The answer.
        response: Response,
    },
    /// Tell people.
    Event(Event),
    /// Set a timer, or (none) cancel it; hand it to [`Controller::timer`].
    Timer(Timer, Option<Instant>),
}

/// The event under way, which waits for ZooKeeper.
#[derive(Clone, Debug, PartialEq)]
struct Running {
    work: Work,
    began: Instant,
    /// The batches that were answered.
    answers: Vec<Vec<Answer>>,
    /// The batch that is under way, how much of it was asked, and what was answered.
    batch: Vec<ZooKeeperOperation>,
    sent: usize,
    got: Vec<Answer>,
    /// How many effects are out already.
    done: usize,
    /// The context as far as the event has come.
    so_far: Context,
}

/// The controller in one broker.
#[derive(Clone, Debug, PartialEq)]
pub struct Controller {
    /// The broker.
    pub broker: NodeId,
    /// Its settings.
    pub settings: Settings,
    context: Context,
    queue: VecDeque<Work>,
    running: Option<Running>,
    channels: Channels,
    /// Whether the session ended and there is no new one yet.
    expired: bool,
    /// How long changes of brokers took to work through (`LeaderElectionRateAndTimeMs`).
    pub broker_changes: Timed,
}

/// How often something was done, and how long that took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timed {
    /// How often.
    pub count: i64,
    /// All of it together.
    pub total: Duration,
    /// The longest.
    pub longest: Duration,
}

type Out = Vec<Action>;

impl Controller {
    /// A controller that does nothing yet.
    pub fn new(broker: NodeId, settings: Settings) -> Controller {
        Controller {
            broker,
            settings,
            context: Context::default(),
            queue: VecDeque::new(),
            running: None,
            channels: Channels::default(),
            expired: false,
            broker_changes: Timed::default(),
        }
    }

    /// What it knows; while an event is under way, as far as that has come.
    pub fn context(&self) -> &Context {
        self.running.as_ref().map_or(&self.context, |running| &running.so_far)
    }

    /// Whether this broker is the controller, as far as it knows.
    pub fn is_active(&self) -> bool {
        self.context().active == Some(self.broker)
    }

    /// The event under way, and how many wait.
    pub fn queue(&self) -> (Option<&Work>, usize) {
        (self.running.as_ref().map(|running| &running.work), self.queue.len())
    }

    /// The first znode of the questions that ZooKeeper has not answered yet.
    pub fn asks(&self) -> Option<&str> {
        self.running.as_ref()?.batch.first()?.path()
    }

    /// The lines to brokers.
    pub fn channels(&self) -> impl Iterator<Item = (NodeId, &Channel)> {
        self.channels.lines.iter().map(|(broker, line)| (*broker, line))
    }

    /// Whether nothing is under way: no event, no order.
    pub fn is_idle(&self) -> bool {
        let busy = |line: &Channel| line.under_way.is_some();
        self.running.is_none() && self.queue.is_empty() && !self.channels.lines.values().any(busy)
    }

    /// The broker has started and has its znode under `/brokers/ids`.
    pub fn start(&mut self, now: Instant, out: &mut Out) {
        self.put(now, Work::Startup, out);
    }

    /// Puts work into the queue.
    pub fn put(&mut self, now: Instant, work: Work, out: &mut Out) {
        self.queue.push_back(work);
        self.go_on(now, out);
    }

    /// A watch fired.
    pub fn watch_fired(&mut self, now: Instant, event: &WatchEvent, out: &mut Out) {
        use WatchKind::*;
        let work = match (event.path.as_ref(), event.kind) {
            (znodes::CONTROLLER, NodeCreated | NodeDataChanged) => Some(Work::ControllerChange),
            (znodes::CONTROLLER, NodeDeleted) => Some(Work::Reelect),
            (znodes::BROKER_IDS, NodeChildrenChanged) => Some(Work::BrokerChange),
            (znodes::TOPICS, NodeChildrenChanged) => Some(Work::TopicChange),
            (znodes::DELETE_TOPICS, NodeChildrenChanged) => Some(Work::TopicDeletion),
            (znodes::ISR_CHANGE_NOTIFICATION, NodeChildrenChanged) => {
                Some(Work::IsrChangeNotification)
            }
            (znodes::REASSIGN_PARTITIONS, NodeCreated) => Some(Work::ZooKeeperReassignment),
            (znodes::PREFERRED_REPLICA_ELECTION, NodeCreated) => Some(Work::ZooKeeperElection),
            (path, NodeDeleted) => itself::partition_of_leader_path(path).map(Work::LeaderNodeGone),
            (path, NodeDataChanged) => match znodes::topic_of_path(path) {
                Some(topic) => Some(Work::PartitionModifications(topic)),
                None => znodes::partition_of_state_path(path).map(Work::ReassignmentIsrChange),
            },
            _ => None,
        };
        if let Some(work) = work {
            self.put(now, work, out);
        }
    }

    /// Whether a request is one for the controller.
    pub fn serves(request: &Request) -> bool {
        matches!(
            request,
            Request::ElectLeaders(_)
                | Request::AlterPartitionReassignments(_)
                | Request::AlterPartition(_)
                | Request::ControlledShutdown(_)
        )
    }

    /// A request for the controller came.
    pub fn request(
        &mut self,
        now: Instant,
        from: NodeId,
        correlation: u64,
        request: Request,
        out: &mut Out,
    ) {
        self.put(now, Work::Request { from, correlation, request }, out);
    }

    /// ZooKeeper answered the oldest question that has no answer yet. Answers of an earlier session, or of a connection
    /// that broke, are not to be handed in.
    pub fn zookeeper_answered(&mut self, now: Instant, answer: Answer, out: &mut Out) {
        let Some(running) = &mut self.running else { return };
        running.got.push(answer);
        if running.got.len() < running.batch.len() {
            if let Some(next) = running.batch.get(running.sent) {
                running.sent += 1;
                out.push(Action::ZooKeeper(next.clone()));
            }
            return;
        }
        let got = std::mem::take(&mut running.got);
        running.answers.push(got);
        running.batch.clear();
        running.sent = 0;
        self.go_on(now, out);
    }

    /// The connection to ZooKeeper broke and there is another one, in the same session: what was asked and not answered
    /// is asked again (`retryRequestsUntilConnected`).
    pub fn reconnected(&mut self, out: &mut Out) {
        let Some(running) = &mut self.running else { return };
        let in_flight = self.settings.rules.in_flight;
        running.sent = running.got.len();
        while running.sent < running.batch.len() && running.sent - running.got.len() < in_flight {
            out.push(Action::ZooKeeper(running.batch[running.sent].clone()));
            running.sent += 1;
        }
    }

    /// The session ended (`beforeInitializingSession`, `SessionExpirationListener`): what waited is refused, the office
    /// is given up. Until 1.1 the event under way goes on in the new session.
    pub fn session_expired(&mut self, now: Instant, out: &mut Out) {
        self.expired = true;
        for work in std::mem::take(&mut self.queue) {
            if let Some((to, correlation, response)) = preempted(&work) {
                out.push(Action::Answer { to, correlation, response });
            }
        }
        self.queue.push_front(Work::Expire);
        if self.settings.rules.survives_expiry && self.running.is_some() {
            return;
        }
        if let Some(running) = self.running.take() {
            self.context = running.so_far;
            if let Some((to, correlation, response)) = preempted(&running.work) {
                out.push(Action::Answer { to, correlation, response });
            }
        }
        self.go_on(now, out);
    }

    /// A new session began and the broker has its znode again (`RegisterBrokerAndReelect`).
    pub fn session_began(&mut self, now: Instant, out: &mut Out) {
        self.expired = false;
        self.queue.push_back(Work::Reelect);
        match self.running.is_some() {
            true => self.reconnected(out),
            false => self.go_on(now, out),
        }
    }

    /// A broker answered an order.
    pub fn broker_answered(
        &mut self,
        now: Instant,
        from: NodeId,
        ticket: u64,
        response: &Response,
        out: &mut Out,
    ) {
        let patience = self.settings.controller_socket_timeout;
        let mut acts = Vec::new();
        let order = self.channels.answered(now, patience, from, ticket, &mut acts);
        take(acts, out);
        let Some(order) = order else { return };
        let error = match response {
            Response::LeaderAndIsr(answer) => answer.error,
            Response::UpdateMetadata(answer) => answer.error,
            Response::StopReplica(answer) => answer.error,
            _ => ErrorCode::NONE,
        };
        if !error.is_none() {
            let refused =
                ControllerEvent::OrderRefused { broker: from, order: order.kind(), error };
            out.push(Action::Event(Event::Controller(refused)));
        }
        if let (Request::StopReplica(order), Response::StopReplica(answer)) = (&order, response) {
            let topics: BTreeSet<&TopicName> =
                order.partitions.iter().map(|one| &one.partition.topic).collect();
            let under_way: BTreeSet<&TopicName> = topics
                .into_iter()
                .filter(|topic| {
                    let started = ReplicaState::DeletionStarted;
                    !self.context().replicas_in(topic, started).is_empty()
                })
                .collect();
            let deleted = |one: &&crate::protocol::StopReplicaPartition| {
                one.delete && under_way.contains(&one.partition.topic)
            };
            let outcome = |partition: &TopicPartition| {
                let found = answer.partitions.iter().find(|(one, _)| one == partition);
                let code = found.map_or(ErrorCode::NONE, |(_, code)| *code);
                (partition.clone(), if error.is_none() { code } else { error })
            };
            let partitions: Vec<(TopicPartition, ErrorCode)> = order
                .partitions
                .iter()
                .filter(deleted)
                .map(|one| outcome(&one.partition))
                .collect();
            if !partitions.is_empty() {
                self.put(now, Work::CopiesDeleted { broker: from, partitions }, out);
            }
        }
    }

    /// The connection to a broker broke.
    pub fn broker_lost(&mut self, now: Instant, broker: NodeId, out: &mut Out) {
        let mut acts = Vec::new();
        self.channels.broken(now, broker, &mut acts);
        take(acts, out);
    }

    /// A timer fired.
    pub fn timer(&mut self, now: Instant, timer: &Timer, out: &mut Out) {
        match timer {
            Timer::LeaderBalance => self.put(now, Work::Balance, out),
            Timer::ControllerChannel(to) => {
                let mut acts = Vec::new();
                self.channels.due(now, self.settings.controller_socket_timeout, *to, &mut acts);
                take(acts, out);
            }
            _ => {}
        }
    }

    /// A topic's settings changed: perhaps it may be led uncleanly now (`enableTopicUncleanLeaderElection`).
    pub fn unclean_enabled(&mut self, now: Instant, topic: Option<TopicName>, out: &mut Out) {
        if self.is_active() {
            self.put(now, Work::UncleanEnabled(topic), out);
        }
    }

    /// Plays events until one has to wait, or none is left.
    fn go_on(&mut self, now: Instant, out: &mut Out) {
        loop {
            if self.running.as_ref().is_some_and(|running| !running.batch.is_empty()) {
                return; // ZooKeeper has not answered all of it
            }
            if self.running.is_none() {
                let waits = self.expired && self.queue.front() != Some(&Work::Expire);
                if waits || self.queue.is_empty() {
                    return;
                }
                let Some(work) = self.queue.pop_front() else { return };
                self.running = Some(Running {
                    work,
                    began: now,
                    answers: Vec::new(),
                    batch: Vec::new(),
                    sent: 0,
                    got: Vec::new(),
                    done: 0,
                    so_far: self.context.clone(),
                });
            }
            if self.play(now, out) {
                return;
            }
        }
    }

    /// Plays the event under way once more; whether it waits.
    fn play(&mut self, now: Instant, out: &mut Out) -> bool {
        let Some(mut running) = self.running.take() else { return false };
        let mut run = Run {
            broker: self.broker,
            began: running.began,
            settings: &self.settings,
            context: self.context.clone(),
            reason: ElectionReason::Asked,
            orders: Default::default(),
            effects: Vec::new(),
            answers: &running.answers,
            asked: 0,
            wanted: Vec::new(),
        };
        let result = run.process(&running.work);
        let (context, wanted) = (run.context, run.wanted);
        let effects = run.effects.split_off(running.done.min(run.effects.len()));
        running.done += effects.len();
        for effect in effects {
            self.perform(now, effect, out);
        }
        if result == Err(Stop::Waiting) {
            running.so_far = context;
            running.sent = wanted.len().min(self.settings.rules.in_flight);
            out.extend(wanted[..running.sent].iter().cloned().map(Action::ZooKeeper));
            running.batch = wanted;
            self.running = Some(running);
            return true;
        }
        self.context = context;
        if matches!(running.work, Work::BrokerChange) {
            let (took, all) = (now.since(running.began), &mut self.broker_changes);
            all.count += 1;
            all.total = Duration(all.total.0 + took.0);
            all.longest = all.longest.max(took);
        }
        false
    }

    fn perform(&mut self, now: Instant, effect: Effect, out: &mut Out) {
        let patience = self.settings.controller_socket_timeout;
        let mut acts = Vec::new();
        match effect {
            Effect::Order(to, request) => {
                self.channels.order(now, patience, to, request, &mut acts);
            }
            Effect::Answer(to, correlation, response) => {
                out.push(Action::Answer { to, correlation, response });
            }
            Effect::Event(event) => out.push(Action::Event(event)),
            Effect::Timer(timer, after) => {
                out.push(Action::Timer(timer, after.map(|after| now + after)));
            }
            Effect::Later(work) => self.queue.push_back(work),
            Effect::Next(work) => self.queue.push_front(work),
            Effect::Connect(brokers) => {
                brokers.into_iter().for_each(|id| self.channels.connect(id))
            }
            Effect::Disconnect(brokers) => {
                brokers.into_iter().for_each(|id| self.channels.disconnect(id, &mut acts));
            }
        }
        take(acts, out);
    }
}

fn take(acts: Vec<LineAct>, out: &mut Out) {
    out.extend(acts.into_iter().map(|act| match act {
        LineAct::Send { to, ticket, request } => Action::Order { to, ticket, request },
        LineAct::Timer(timer, at) => Action::Timer(timer, at),
    }));
}
