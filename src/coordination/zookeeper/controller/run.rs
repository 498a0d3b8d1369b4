//! One event of the controller's queue, from its beginning to where it must wait (`ControllerEventThread`).
//!
//! Kafka's controller is one thread that blocks while ZooKeeper answers. Here nothing blocks: an event is played from
//! its beginning with the answers that are there, stops where one is missing, and is played again, from the same
//! beginning, when it has come.
//!
//! ```text
//!   context at the event's beginning ─▶ play ─▶ asks A, no answer yet: stop                  out: A
//!                                    ─▶ play ─▶ A is answered, sends x, asks B: stop         out: x, B
//!                                    ─▶ play ─▶ A, x (already out), B is answered, sends y   out: y    context kept
//! ```
//!
//! Always: the same beginning and the same answers lead to the same questions and the same acts, so what went out once
//! is counted and not repeated; what arrives meanwhile waits in the queue. Hence the code of an event reads from top to
//! bottom as Kafka's does, and the whole controller can be cloned at any instant.

use super::context::Context;
use super::event::ControllerEvent;
use super::orders::Orders;
use super::settings::Settings;
use crate::clock::{Duration, Instant};
use crate::coordination::{ElectionReason, Event};
use crate::protocol::{
    ErrorCode, Request, Response, Stat, Timer, ZooKeeperError, ZooKeeperOperation, ZooKeeperReply,
};
use crate::types::{NodeId, TopicName, TopicPartition};
use std::sync::Arc;

use super::super::znodes::{self, Assignment};

/// What waits in the controller's queue (`ControllerEvent`).
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// The broker has started.
    Startup,
    /// `/controller` was created or changed.
    ControllerChange,
    /// `/controller` is gone, or a new session began.
    Reelect,
    /// The session ended.
    Expire,
    /// A child of `/brokers/ids` came or went.
    BrokerChange,
    /// A child of `/brokers/topics` came or went.
    TopicChange,
    /// A topic's znode changed.
    PartitionModifications(TopicName),
    /// A child of `/admin/delete_topics` came or went.
    TopicDeletion,
    /// Leaders told of ISRs that they changed.
    IsrChangeNotification,
    /// `/admin/reassign_partitions` was created.
    ZooKeeperReassignment,
    /// The state of a partition that is reassigned changed.
    ReassignmentIsrChange(TopicPartition),
    /// `/admin/preferred_replica_election` was created.
    ZooKeeperElection,
    /// It is time to look for leaders that are not the preferred ones.
    Balance,
    /// Every broker for itself: the znode of a partition's leader is gone.
    LeaderNodeGone(TopicPartition),
    /// A topic's `unclean.leader.election.enable` became true; none: the cluster's.
    UncleanEnabled(Option<TopicName>),
    /// A broker answered that it deleted copies, or could not.
    CopiesDeleted {
        /// The broker.
        broker: NodeId,
        /// Which copies, and what came of it.
        partitions: Vec<(TopicPartition, ErrorCode)>,
    },
    /// Reassignments that are still to be begun or taken up, one after the other.
    Reassign {
        /// Those that wait.
        todo: Vec<(TopicPartition, Assignment)>,
        /// What came of the others.
        done: Vec<(TopicPartition, ErrorCode, String)>,
        /// Who asked; none: `/admin/reassign_partitions`, or a change of office.
        answer_to: Option<(NodeId, u64)>,
    },
    /// The rest of what a new controller does, after reassignments were taken up.
    InOffice,
    /// A request.
    Request {
        /// Who asked.
        from: NodeId,
        /// The number to answer with.
        correlation: u64,
        /// What for.
        request: Request,
    },
}

impl Work {
    /// What Kafka calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Work::Startup => "Startup",
            Work::ControllerChange => "ControllerChange",
            Work::Reelect => "Reelect",
            Work::Expire => "Expire",
            Work::BrokerChange => "BrokerChange",
            Work::TopicChange => "TopicChange",
            Work::PartitionModifications(_) => "PartitionModifications",
            Work::TopicDeletion => "TopicDeletion",
            Work::IsrChangeNotification => "IsrChangeNotification",
            Work::ZooKeeperReassignment => "ZkPartitionReassignment",
            Work::ReassignmentIsrChange(_) => "PartitionReassignmentIsrChange",
            Work::ZooKeeperElection => "ReplicaLeaderElection",
            Work::Balance => "AutoPreferredReplicaLeaderElection",
            Work::LeaderNodeGone(_) => "LeaderNodeGone",
            Work::UncleanEnabled(_) => "UncleanLeaderElectionEnable",
            Work::CopiesDeleted { .. } => "TopicDeletionStopReplicaResponseReceived",
            Work::Reassign { .. } => "ApiPartitionReassignment",
            Work::InOffice => "Startup",
            Work::Request { request, .. } => request.kind(),
        }
    }
}

/// What a run does to the world.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Effect {
    /// An order for a broker; it waits behind earlier ones.
    Order(NodeId, Request),
    /// An answer to a request.
    Answer(NodeId, u64, Response),
    /// Something for people to read.
    Event(Event),
    /// A timer: in how long; none: not any more.
    Timer(Timer, Option<Duration>),
    /// Work for the end of the queue.
    Later(Work),
    /// Work for the front of the queue.
    Next(Work),
    /// Brokers that can be talked to from now on.
    Connect(Vec<NodeId>),
    /// Brokers that cannot: what waits for them is dropped.
    Disconnect(Vec<NodeId>),
}

/// Why a run stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// ZooKeeper has not answered yet.
    Waiting,
    /// Another broker is the controller (`ControllerMovedException`).
    Moved,
    /// Something else (a `KeeperException`, an `IllegalStateException`).
    Failed(String),
}

pub(super) type Step<T> = Result<T, Stop>;

/// What is in a znode; none: it is not there.
pub(super) type Found = Option<(Arc<str>, Stat)>;

/// What ZooKeeper said to one operation.
pub type Answer = Result<ZooKeeperReply, ZooKeeperError>;

/// One play of an event.
pub(super) struct Run<'a> {
    pub broker: NodeId,
    pub began: Instant,
    pub settings: &'a Settings,
    pub context: Context,
    /// Why leaders are chosen in this event; for people.
    pub reason: ElectionReason,
    pub orders: Orders,
    pub effects: Vec<Effect>,
    /// The batches that were answered.
    pub answers: &'a [Vec<Answer>],
    pub asked: usize,
    /// The batch that has no answer yet.
    pub wanted: Vec<ZooKeeperOperation>,
}

impl Run<'_> {
    /// Asks ZooKeeper; the answers come in the order of the questions.
    pub fn ask(&mut self, batch: Vec<ZooKeeperOperation>) -> Step<Vec<Answer>> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let Some(answers) = self.answers.get(self.asked) else {
            self.wanted = batch;
            return Err(Stop::Waiting);
        };
        self.asked += 1;
        let lost = |answer: &&Answer| {
            matches!(answer, Err(ZooKeeperError::SessionExpired | ZooKeeperError::ConnectionLoss))
        };
        match answers.iter().find(lost) {
            Some(Err(error)) => Err(Stop::Failed(error.to_string())),
            _ => Ok(answers.clone()),
        }
    }

    /// Writes as the controller: since 2.1 nothing is written unless `/controller_epoch` is as this controller left it.
    pub fn write(&mut self, batch: Vec<ZooKeeperOperation>) -> Step<Vec<Answer>> {
        if !self.settings.rules.fenced_writes {
            return self.ask(batch);
        }
        let version = Some(self.context.epoch_version);
        let guard = || ZooKeeperOperation::Check { path: znodes::CONTROLLER_EPOCH.into(), version };
        let first = batch.first().and_then(|one| one.path().map(Arc::<str>::from));
        let fenced = |one| ZooKeeperOperation::Multi(vec![guard(), one]);
        let mut result = Vec::new();
        for answer in self.ask(batch.into_iter().map(fenced).collect())? {
            let parts = match answer {
                Ok(ZooKeeperReply::Multi(parts)) => parts,
                Ok(other) => vec![Ok(ZooKeeperReply::Checked), Ok(other)],
                Err(error) => vec![Ok(ZooKeeperReply::Checked), Err(error)],
            };
            match &parts[..] {
                [Ok(_) | Err(ZooKeeperError::RolledBack), other] => result.push(other.clone()),
                _ => {
                    let path = first.clone().unwrap_or_else(|| znodes::CONTROLLER.into());
                    let (broker, epoch) = (self.broker, self.context.epoch);
                    self.tell(ControllerEvent::WriteFenced { broker, epoch, path });
                    return Err(Stop::Moved);
                }
            }
        }
        Ok(result)
    }

    /// One question.
    pub fn ask_one(&mut self, operation: ZooKeeperOperation) -> Step<Answer> {
        let answers = self.ask(vec![operation])?;
        Ok(answers.into_iter().next().unwrap_or(Err(ZooKeeperError::ConnectionLoss)))
    }

    /// What is in a znode.
    pub fn data(&mut self, path: &str, watch: bool) -> Step<Option<(Arc<str>, Stat)>> {
        Ok(self.data_of(vec![path.into()], watch)?.pop().flatten())
    }

    /// What is in many znodes.
    pub fn data_of(&mut self, paths: Vec<Arc<str>>, watch: bool) -> Step<Vec<Found>> {
        let read = |path| ZooKeeperOperation::GetData { path, watch };
        let answers = self.ask(paths.into_iter().map(read).collect())?;
        answers
            .into_iter()
            .map(|answer| match answer {
                Ok(ZooKeeperReply::Data { data, stat }) => Ok(Some((data, stat))),
                Ok(_) | Err(ZooKeeperError::NoNode) => Ok(None),
                Err(error) => Err(Stop::Failed(error.to_string())),
            })
            .collect()
    }

    /// The children of a znode; none if it is not there.
    pub fn children(&mut self, path: &str, watch: bool) -> Step<Vec<Arc<str>>> {
        match self.ask_one(ZooKeeperOperation::GetChildren { path: path.into(), watch })? {
            Ok(ZooKeeperReply::Children { names, .. }) => Ok(names),
            Ok(_) | Err(ZooKeeperError::NoNode) => Ok(Vec::new()),
            Err(error) => Err(Stop::Failed(error.to_string())),
        }
    }

    /// Whether a znode is there.
    pub fn exists(&mut self, path: &str, watch: bool) -> Step<bool> {
        match self.ask_one(ZooKeeperOperation::Exists { path: path.into(), watch })? {
            Ok(_) => Ok(true),
            Err(ZooKeeperError::NoNode) => Ok(false),
            Err(error) => Err(Stop::Failed(error.to_string())),
        }
    }

    /// Tells people.
    pub fn tell(&mut self, event: ControllerEvent) {
        self.effects.push(Effect::Event(Event::Controller(event)));
    }

    /// Answers a request.
    pub fn answer(&mut self, to: NodeId, correlation: u64, response: Response) {
        self.effects.push(Effect::Answer(to, correlation, response));
    }

    /// Whether this broker is the controller, as far as it knows.
    pub fn is_active(&self) -> bool {
        self.context.active == Some(self.broker)
    }
}
