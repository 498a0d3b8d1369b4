//! What the learner, or a script, can do to the world. Each act is one step of the history.

use super::network::{Snare, SnareAct};
use crate::client::{AdminOutcome, ProducerRecord, SendOutcome, Workload};
use crate::clock::{Duration, Instant};
use crate::disk;
use crate::protocol::{ErrorCode, Request};
use crate::types::{NodeId, Offset, Timestamp, TopicName, TopicPartition};
use std::fmt;

/// A receipt for an act; its outcome is asked for with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// An act that cannot be done, and why. The world is unchanged.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// Kafka's code, when it is Kafka that refuses.
    pub error: Option<ErrorCode>,
    /// What is wrong and what to do.
    pub text: String,
}

impl Refusal {
    /// A refusal by the lab itself: a name or a value that does not exist.
    pub fn new(text: impl Into<String>) -> Refusal {
        Refusal { error: None, text: text.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.error {
            Some(error) => write!(f, "{error}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

impl std::error::Error for Refusal {}

/// What came of an act.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Done; nothing else to say.
    Done,
    /// It came to nothing, and why.
    Failed(String),
    /// An administrative request was answered.
    Admin(AdminOutcome),
    /// Records were sent, or given up.
    Sent(SendOutcome),
    /// A consumer's act ended.
    Consumer(crate::client::ConsumerOutcome),
}

/// A consumer to start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewConsumer {
    /// Its name, which is its `client.id`.
    pub name: String,
    /// Its group.
    pub group: Option<String>,
    /// Topics that it subscribes to.
    pub topics: Vec<TopicName>,
    /// Partitions that it is assigned by hand instead.
    pub assign: Vec<TopicPartition>,
    /// Whether it waits for `consumer poll` instead of polling in a loop.
    pub paused: bool,
    /// Settings by Kafka's names.
    pub configs: Vec<(String, String)>,
}

/// An act.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// An administrator's request.
    Admin(Request),
    /// A producer begins.
    ProducerStart {
        /// Its name.
        name: String,
        /// Settings by Kafka's names.
        configs: Vec<(String, String)>,
    },
    /// A producer sends what it has and ends.
    ProducerStop(String),
    /// Records for a producer; without a name, a fresh one without retries is made for them.
    Produce {
        /// The producer.
        producer: Option<String>,
        /// Settings of the fresh one.
        configs: Vec<(String, String)>,
        /// The records.
        records: Vec<ProducerRecord>,
    },
    /// A producer sends a record again and again.
    Workload {
        /// The producer, made if it is not there.
        producer: String,
        /// Its settings if it is made.
        configs: Vec<(String, String)>,
        /// What and how often.
        workload: Workload,
    },
    /// A consumer begins.
    ConsumerStart(NewConsumer),
    /// A consumer leaves its group and ends.
    ConsumerStop(String),
    /// A client's process is killed.
    ClientKill(String),
    /// A consumer stops polling.
    ConsumerPause(String),
    /// A consumer polls in a loop again.
    ConsumerResume(String),
    /// One poll.
    ConsumerPoll {
        /// The consumer.
        name: String,
        /// How many records at most.
        max: Option<u32>,
    },
    /// A commit of the positions, or of a given offset.
    ConsumerCommit {
        /// The consumer.
        name: String,
        /// A given offset.
        offset: Option<(TopicPartition, Offset)>,
    },
    /// A consumer continues elsewhere.
    ConsumerSeek {
        /// The consumer.
        name: String,
        /// Which partition.
        partition: TopicPartition,
        /// Where.
        to: crate::client::SeekTo,
    },
    /// A broker or controller process is killed (SIGKILL); the page cache survives.
    Kill(NodeId),
    /// A node loses power; what was not flushed is gone.
    PowerOff(NodeId),
    /// A broker stops as it should (controlled shutdown); a controller ends at once.
    Stop(NodeId),
    /// A process begins again.
    Start(NodeId),
    /// A broker that was not there before is formatted and begins; nothing moves to it by itself.
    AddBroker {
        /// Its id.
        id: NodeId,
        /// Its rack.
        rack: Option<String>,
    },
    /// A process is frozen (SIGSTOP).
    Pause(NodeId),
    /// A frozen process goes on.
    Resume(NodeId),
    /// Somebody deletes `/controller`, and this broker wins the race for it.
    MoveController(NodeId),
    /// A node's session with ZooKeeper ends before its time.
    ExpireSession(NodeId),
    /// Two nodes cannot reach each other.
    Cut(NodeId, NodeId),
    /// They can again; without names: everybody can.
    Heal(Option<(NodeId, NodeId)>),
    /// A broker's fetchers stand still.
    FetcherPause(NodeId),
    /// They go on.
    FetcherResume(NodeId),
    /// They wait this long before each fetch.
    FetcherSlow(NodeId, Duration),
    /// Everything that a node says leaves so much later; no time: it is as fast as ever.
    Slow(NodeId, Duration),
    /// A broker's clock is wrong by so many microseconds.
    Skew(NodeId, i64),
    /// This happening comes next.
    Deliver(u64),
    /// This message is lost.
    Drop(u64),
    /// A bit of the records in this message flips on its way.
    Corrupt(u64),
    /// This happening comes later.
    Delay(u64, Duration),
    /// This happening is kept back until it is released, delivered or dropped.
    Hold(u64),
    /// What was held comes now, in its order.
    Release(u64),
    /// The next message of a kind, as soon as it is sent.
    Snare(Snare),
    /// Many records at once, straight into the leader's log: one step.
    Fill {
        /// Which partition.
        partition: TopicPartition,
        /// How many.
        count: u64,
        /// Size of each value.
        size: usize,
        /// Over how long their timestamps spread, ending now.
        over: Duration,
        /// First timestamp, when not derived from `over`.
        timestamp: Option<Timestamp>,
    },
    /// An empty log that begins at an offset, on every replica.
    StartLog {
        /// Which partition.
        partition: TopicPartition,
        /// The offset.
        at: Offset,
    },
    /// The active segment is closed and a new one begins, on every replica.
    Roll(TopicPartition),
    /// Written bytes go to the platter, on every replica.
    Flush(TopicPartition),
    /// Every broker's retention check, now.
    RetentionRun,
    /// A pass of the cleaner over a log, on every replica, now.
    Compact(TopicPartition),
    /// A node's disk is full, or can only be read; nothing: it is whole again.
    BreakDisk(NodeId, Option<disk::Fault>),
    /// A bit of a file flips.
    FlipBit {
        /// The file.
        file: String,
        /// Which byte.
        position: u64,
    },
    /// The last write of a file reached the platter only in part.
    Tear {
        /// The file.
        file: String,
        /// How many bytes are missing; half of the last batch when not said.
        bytes: Option<u64>,
    },
    /// A file vanishes.
    DeleteFile(String),
    /// Watch a lookup by offset, step by step.
    Lookup {
        /// Which partition.
        partition: TopicPartition,
        /// On which broker; `None`: the leader.
        broker: Option<NodeId>,
        /// The offset.
        offset: Offset,
        /// Whether the index is left aside.
        without_index: bool,
    },
    /// Watch a lookup by timestamp.
    LookupTimestamp {
        /// Which partition.
        partition: TopicPartition,
        /// On which broker; `None`: the leader.
        broker: Option<NodeId>,
        /// The timestamp.
        timestamp: Timestamp,
    },
    /// Time passes in which only idle rounds happen; they count as one step.
    Idle {
        /// Until when.
        until: Instant,
    },
    /// Time passes up to a moment before which nothing is due.
    Wait {
        /// The moment.
        until: Instant,
    },
    /// What the files break is told, since somebody asked.
    CheckFiles,
}

impl Act {
    fn snare(act: SnareAct, kind: &str, from: Option<NodeId>, to: Option<NodeId>) -> Act {
        Act::Snare(Snare { act, kind: kind.to_owned(), from, to })
    }

    /// The next message of a kind is held as soon as it is sent.
    pub fn hold_next(kind: &str, from: Option<NodeId>, to: Option<NodeId>) -> Act {
        Act::snare(SnareAct::Hold, kind, from, to)
    }

    /// It is lost as soon as it is sent.
    pub fn drop_next(kind: &str, from: Option<NodeId>, to: Option<NodeId>) -> Act {
        Act::snare(SnareAct::Drop, kind, from, to)
    }

    /// A bit of its records flips.
    pub fn corrupt_next(kind: &str, from: Option<NodeId>, to: Option<NodeId>) -> Act {
        Act::snare(SnareAct::Corrupt, kind, from, to)
    }

    /// It arrives so much later.
    pub fn delay_next(by: Duration, kind: &str, from: Option<NodeId>, to: Option<NodeId>) -> Act {
        Act::snare(SnareAct::Delay(by), kind, from, to)
    }
}
