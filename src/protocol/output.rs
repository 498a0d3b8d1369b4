//! How a state machine is fed and what it gives back (the sans-I/O style: no clock, no socket, no thread inside).

use super::Message;
use crate::clock::{Duration, Instant};
use crate::types::{NodeId, TopicPartition};
use std::fmt;
use std::sync::Arc;

/// What can reach a node from outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A message arrived.
    Message {
        /// Who sent it.
        from: NodeId,
        /// What it says.
        message: Message,
    },
    /// A timer that this node set has fired. Setting the same timer again replaces it, so it fires once.
    Timer(Timer),
    /// The connection to `peer` broke: requests under way on it will not be answered.
    Disconnected {
        /// The node at the other end.
        peer: NodeId,
    },
}

/// A timer's name. A node has at most one timer of each name; setting it again moves it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// Broker: register with the controller (again).
    Register,
    /// Broker: tell the controller that it lives (`broker.heartbeat.interval.ms`).
    BrokerHeartbeat,
    /// Leader: look for followers that lag (half of `replica.lag.time.max.ms`).
    IsrCheck,
    /// Follower: ask this leader again (`replica.fetch.backoff.ms`).
    FetcherBackoff(NodeId),
    /// Broker: ask the controller for metadata again.
    MetadataBackoff,
    /// Leader: a waiting fetch has waited long enough (`replica.fetch.wait.max.ms`, `fetch.max.wait.ms`).
    DelayedFetch(u64),
    /// Leader: a waiting produce has waited long enough (its own time-out).
    DelayedProduce(u64),
    /// Any node: the answer to this request is overdue (`request.timeout.ms`).
    RequestTimeout(u64),
    /// Broker: write `replication-offset-checkpoint` (`replica.high.watermark.checkpoint.interval.ms`).
    Checkpoint,
    /// Broker: the retention check will find something (`log.retention.check.interval.ms`).
    LogRetention,
    /// Broker: the cleaner will find a log that is dirty enough (`log.cleaner.backoff.ms`).
    LogCleaner,
    /// Broker: `.deleted` files are to go (`file.delete.delay.ms`).
    FileDelete,
    /// Broker: a log is due to be flushed (`flush.ms`, `log.flush.scheduler.interval.ms`).
    LogFlush,
    /// Broker: producers that wrote nothing for long are to be forgotten (`producer.id.expiration.ms`).
    ProducerExpiry,
    /// Leader: a DeleteRecords has waited long enough for the followers.
    DelayedDelete(u64),
    /// Broker: an AlterPartition request may be tried again.
    AlterPartitionRetry,
    /// Coordinator: this member's session ends (`session.timeout.ms`).
    GroupSession {
        /// The group.
        group: Arc<str>,
        /// The member's id.
        member: Arc<str>,
    },
    /// Coordinator: the joining phase of this group ends (initial delay, or the rebalance time-out).
    GroupRebalance {
        /// The group.
        group: Arc<str>,
    },
    /// ZooKeeper: the next tick at which a session may end.
    ZooKeeperTick,
    /// Broker: ping ZooKeeper, or give a silent connection to it up, or connect again.
    ZooKeeperSession,
    /// Broker: its other parts are up, it races for `/controller`.
    ControllerRace,
    /// Broker: tell the controller of ISRs that changed (until 2.6).
    IsrChangeNotification,
    /// Broker: an administrator has waited long enough to hear of a topic.
    TopicWait,
    /// Broker: ask (again) for a controlled shutdown.
    ControlledShutdown,
    /// Controller: look for brokers whose session ended.
    SessionCheck,
    /// Controller: move leadership back to preferred leaders (`leader.imbalance.check.interval.seconds`).
    LeaderBalance,
    /// Controller of the ZooKeeper era: the order to this broker is to be sent again.
    ControllerChannel(NodeId),
    /// Controller: append a no-op record (`metadata.max.idle.interval.ms`).
    MetadataNoOp,
    /// Voter: nobody leads for too long (`controller.quorum.election.timeout.ms`, with jitter).
    QuorumElection,
    /// Voter: the leader of the quorum is silent (`controller.quorum.fetch.timeout.ms`).
    QuorumFetchTimeout,
    /// Leader of the quorum: no majority has fetched (one and a half times the fetch time-out).
    QuorumCheck,
    /// Leader of the quorum: tell the voters that do not fetch once more that it leads.
    QuorumBegin,
    /// Voter: ask again who did not answer (`controller.quorum.retry.backoff.ms`).
    QuorumRetry,
    /// Producer: a batch has lingered, or a retry is due.
    ProducerSend,
    /// Producer: the next record of a standing workload (`every=`).
    Workload,
    /// Consumer: poll again.
    ConsumerPoll,
    /// Consumer: heartbeat to the coordinator (`heartbeat.interval.ms`).
    ConsumerHeartbeat,
    /// Consumer: commit positions (`auto.commit.interval.ms`).
    ConsumerAutoCommit,
    /// Client: metadata is to be asked for (again).
    ClientMetadata,
    /// Client: find or rejoin the coordinator (again).
    ConsumerJoin,
    /// Client: give up on the act under way (`delivery.timeout.ms`, `default.api.timeout.ms`).
    ClientDeadline(u64),
    /// Leader: a partition's own timer (kept for per-partition work).
    Partition(TopicPartition),
}

impl fmt::Display for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Timer::Register => write!(f, "register"),
            Timer::BrokerHeartbeat => write!(f, "broker heartbeat"),
            Timer::IsrCheck => write!(f, "look for lagging followers"),
            Timer::FetcherBackoff(leader) => write!(f, "fetch from {leader} again"),
            Timer::MetadataBackoff => write!(f, "fetch metadata again"),
            Timer::DelayedFetch(id) => write!(f, "waiting fetch {id} ends"),
            Timer::DelayedProduce(id) => write!(f, "waiting produce {id} ends"),
            Timer::RequestTimeout(0) => write!(f, "look for timeouts"),
            Timer::RequestTimeout(id) => write!(f, "await answer to {id}"),
            Timer::Checkpoint => write!(f, "write offset checkpoints"),
            Timer::LogRetention => write!(f, "retention check"),
            Timer::LogCleaner => write!(f, "log cleaner"),
            Timer::FileDelete => write!(f, "remove .deleted files"),
            Timer::LogFlush => write!(f, "flush logs"),
            Timer::ProducerExpiry => write!(f, "forget silent producers"),
            Timer::DelayedDelete(id) => write!(f, "waiting DeleteRecords {id} ends"),
            Timer::AlterPartitionRetry => write!(f, "retry AlterPartition"),
            Timer::GroupSession { group, member } => write!(f, "session of {member} in {group}"),
            Timer::GroupRebalance { group } => write!(f, "joining phase of {group} ends"),
            Timer::ZooKeeperTick => write!(f, "look for silent sessions"),
            Timer::ZooKeeperSession => write!(f, "ping ZooKeeper"),
            Timer::ControllerRace => write!(f, "race for /controller"),
            Timer::IsrChangeNotification => write!(f, "tell of changed ISRs"),
            Timer::TopicWait => write!(f, "wait for a topic ends"),
            Timer::ControlledShutdown => write!(f, "ask for a controlled shutdown"),
            Timer::SessionCheck => write!(f, "look for dead brokers"),
            Timer::LeaderBalance => write!(f, "balance leaders"),
            Timer::ControllerChannel(broker) => write!(f, "order to {broker} again"),
            Timer::MetadataNoOp => write!(f, "metadata no-op"),
            Timer::QuorumElection => write!(f, "election time-out"),
            Timer::QuorumFetchTimeout => write!(f, "await the leader of the quorum"),
            Timer::QuorumCheck => write!(f, "look for a majority that fetches"),
            Timer::QuorumBegin => write!(f, "tell the voters who leads"),
            Timer::QuorumRetry => write!(f, "ask the voters again"),
            Timer::ProducerSend => write!(f, "producer sends"),
            Timer::Workload => write!(f, "next record of the workload"),
            Timer::ConsumerPoll => write!(f, "consumer polls"),
            Timer::ConsumerHeartbeat => write!(f, "consumer heartbeat"),
            Timer::ConsumerAutoCommit => write!(f, "consumer commits"),
            Timer::ClientMetadata => write!(f, "client refreshes metadata"),
            Timer::ConsumerJoin => write!(f, "consumer joins"),
            Timer::ClientDeadline(id) => write!(f, "act {id} gives up"),
            Timer::Partition(partition) => write!(f, "timer of {partition}"),
        }
    }
}

/// A message on its way out.
#[derive(Clone, Debug, PartialEq)]
pub struct Send {
    /// Who shall get it.
    pub to: NodeId,
    /// What it says.
    pub message: Message,
}

/// What one step of a state machine brings about. Bytes are on the disk before the messages that promise them leave.
#[derive(Clone, Debug)]
pub struct Output<E> {
    /// What happened, for people.
    pub events: Vec<E>,
    /// Messages to send, in this order.
    pub sends: Vec<Send>,
    /// Timers to set (`Some`) or to cancel (`None`).
    pub timers: Vec<(Timer, Option<Instant>)>,
    /// The messages leave so much later: the disk was waited for.
    pub busy: Duration,
}

impl<E> Default for Output<E> {
    fn default() -> Self {
        Output { events: Vec::new(), sends: Vec::new(), timers: Vec::new(), busy: Duration::ZERO }
    }
}

impl<E> Output<E> {
    /// Sends `message` to `to`.
    pub fn send(&mut self, to: NodeId, message: Message) {
        self.sends.push(Send { to, message });
    }
    /// Sets `timer` to fire at `at`, replacing an earlier one of the same name.
    pub fn set(&mut self, timer: Timer, at: Instant) {
        self.timers.push((timer, Some(at)));
    }
    /// Cancels `timer`, if it is set.
    pub fn cancel(&mut self, timer: Timer) {
        self.timers.push((timer, None));
    }
    /// Takes over everything of `other`, its events translated by `wrap`.
    pub fn absorb<F>(&mut self, other: Output<F>, mut wrap: impl FnMut(F) -> E) {
        self.events.extend(other.events.into_iter().map(&mut wrap));
        self.sends.extend(other.sends);
        self.timers.extend(other.timers);
        self.busy = self.busy.max(other.busy);
    }
}
