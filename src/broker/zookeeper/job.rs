//! A piece of work that waits for ZooKeeper: it is played from its beginning with the answers that are there, until one
//! is missing, and again when it has come.
//!
//! ```text
//!   play ─▶ asks A: no answer yet, stop       A is sent
//!   play ─▶ asks A: answered; asks B: stop    B is sent
//!   play ─▶ A, B answered ─▶ done             what follows from it is done once
//! ```
//!
//! Always: playing changes nothing; only [`Done`] does. So the code reads from top to bottom, as Kafka's, which blocks.

use crate::coordination::kraft::ConfigResource;
use crate::coordination::zookeeper::controller::Answer;
use crate::coordination::zookeeper::znodes;
use crate::protocol::{
    CreateMode, LeaderAndIsrRequest, Request, Response, Stat, ZooKeeperError, ZooKeeperOperation,
    ZooKeeperReply,
};
use crate::types::{NodeId, TopicName, TopicPartition};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Settings of topics and brokers as they were read.
pub type Settings = BTreeMap<ConfigResource, BTreeMap<String, String>>;

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Task {
    /// The first session: make sure of the tree's trunk, find the cluster's id, register.
    Start,
    /// Register under `/brokers/ids`.
    Register,
    /// Read the settings of topics whose logs are about to be made, then obey the order.
    Obey {
        /// Who ordered.
        from: NodeId,
        /// The number to answer with.
        correlation: u64,
        /// The order.
        order: LeaderAndIsrRequest,
        /// Topics whose settings are not known yet.
        topics: Vec<TopicName>,
    },
    /// Settings changed: read which.
    ConfigChanges,
    /// Write another ISR into a partition's state znode.
    WriteIsr {
        /// Which partition.
        partition: TopicPartition,
        /// What shall be in it.
        data: Arc<str>,
        /// The version that it builds on.
        version: i32,
    },
    /// Tell the controller of ISRs that changed.
    NoteIsrs(Vec<TopicPartition>),
    /// An administrator's request.
    Admin {
        /// Who asked.
        client: NodeId,
        /// The number to answer with.
        correlation: u64,
        /// For what.
        request: Request,
    },
    /// Find the controller, to ask it for a controlled shutdown.
    Shutdown,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Done {
    /// Registered.
    Registered {
        /// The cluster's id, if this version knows one.
        cluster_id: Option<String>,
        /// The birth of the broker's znode.
        czxid: i64,
        /// Settings of brokers, when they were read.
        settings: Settings,
    },
    /// Another session has the broker's znode; a watch tells when it goes.
    Taken,
    /// Settings, and the last note that was read.
    Settings(Settings, Option<Arc<str>>),
    /// The ISR is written, with this version; or another version was there.
    IsrWritten(Option<i32>),
    /// An answer for an administrator; topics that this broker must have heard of before.
    Answer(Response, Vec<(TopicName, Option<usize>)>),
    /// The controller.
    Controller(Option<NodeId>),
    /// Nothing else to do.
    Nothing,
}

/// What was in a znode; none: there is no such znode.
pub type Content = Option<(Arc<str>, Stat)>;

/// What is still to be asked before the play can go on.
pub type Wanted = Vec<ZooKeeperOperation>;

/// A task with the answers so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// What is to be done.
    pub task: Task,
    answers: Vec<Vec<Answer>>,
    got: Vec<Answer>,
    expected: usize,
}

impl Job {
    /// A job that was not played yet.
    pub fn new(task: Task) -> Job {
        Job { task, answers: Vec::new(), got: Vec::new(), expected: 0 }
    }
    /// Whether another job of this kind would do the same.
    pub fn is_like(&self, task: &Task) -> bool {
        let once = matches!(task, Task::Start | Task::Register | Task::Shutdown);
        once && self.task == *task
    }
    /// Whether all that it asked for was answered.
    pub fn is_ready(&self) -> bool {
        self.got.len() >= self.expected
    }
    /// So many operations were asked.
    pub fn asked(&mut self, count: usize) {
        self.expected = count;
    }
    /// One of them was answered.
    pub fn answered(&mut self, answer: Answer) {
        self.got.push(answer);
    }
    /// The session ended: from the beginning.
    pub fn reset(&mut self) {
        *self = Job::new(self.task.clone());
    }
    /// A play of it.
    pub fn play(&mut self) -> Play<'_> {
        if self.expected > 0 {
            let got = std::mem::take(&mut self.got);
            self.answers.push(got);
            self.expected = 0;
        }
        Play { answers: &self.answers, at: 0 }
    }
}

/// One play.
pub struct Play<'a> {
    answers: &'a [Vec<Answer>],
    at: usize,
}

/// A play's result: a value, or what must be asked first.
pub type Step<T> = Result<T, Wanted>;

impl Play<'_> {
    /// Asks for all of these at once.
    pub fn ask(&mut self, batch: Wanted) -> Step<Vec<Answer>> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        match self.answers.get(self.at) {
            Some(answers) => {
                self.at += 1;
                Ok(answers.clone())
            }
            None => Err(batch),
        }
    }
    /// Asks for one thing.
    pub fn ask_one(&mut self, operation: ZooKeeperOperation) -> Step<Answer> {
        let mut answers = self.ask(vec![operation])?;
        Ok(answers.pop().unwrap_or(Err(ZooKeeperError::ConnectionLoss)))
    }
    /// What is in a znode.
    pub fn data(&mut self, path: Arc<str>, watch: bool) -> Step<Content> {
        match self.ask_one(ZooKeeperOperation::GetData { path, watch })? {
            Ok(ZooKeeperReply::Data { data, stat }) => Ok(Some((data, stat))),
            _ => Ok(None),
        }
    }
    /// What is in many znodes.
    pub fn data_of(&mut self, paths: Vec<Arc<str>>) -> Step<Vec<Content>> {
        let read = |path| ZooKeeperOperation::GetData { path, watch: false };
        let answers = self.ask(paths.into_iter().map(read).collect())?;
        let some = |answer| match answer {
            Ok(ZooKeeperReply::Data { data, stat }) => Some((data, stat)),
            _ => None,
        };
        Ok(answers.into_iter().map(some).collect())
    }
    /// The children of a znode.
    pub fn children(&mut self, path: &str, watch: bool) -> Step<Vec<Arc<str>>> {
        match self.ask_one(ZooKeeperOperation::GetChildren { path: path.into(), watch })? {
            Ok(ZooKeeperReply::Children { names, .. }) => Ok(names),
            _ => Ok(Vec::new()),
        }
    }
    /// Makes a znode.
    pub fn create(&mut self, path: Arc<str>, data: Arc<str>, mode: CreateMode) -> Step<Answer> {
        self.ask_one(create(path, data, mode))
    }
    /// Settings of topics and brokers.
    pub fn settings(&mut self, resources: &[ConfigResource]) -> Step<Settings> {
        let data = self.data_of(resources.iter().map(znodes::config_path).collect())?;
        let read =
            |data: Content| data.map(|(data, _)| znodes::read_config(&data)).unwrap_or_default();
        Ok(resources.iter().cloned().zip(data.into_iter().map(read)).collect())
    }
}

/// A create.
pub fn create(path: Arc<str>, data: Arc<str>, mode: CreateMode) -> ZooKeeperOperation {
    ZooKeeperOperation::Create { path, data, mode }
}
