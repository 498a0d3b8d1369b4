//! The consumer: membership, positions, fetches, commits (classes `ClassicKafkaConsumer`, `ConsumerCoordinator`,
//! `Fetcher`, `SubscriptionState`).
//!
//! ```text
//!   subscribe ─▶ FindCoordinator ─▶ JoinGroup (twice, KIP-394) ─▶ SyncGroup ─▶ share ─┐
//!   assign ───────────────────────────────────────────────────────────────▶ share ─┤
//!                                                                                   ▼
//!         OffsetFetch ── none committed: ListOffsets by auto.offset.reset ──▶ position of each partition
//!                                                                                   ▼
//!                                   Fetch from each leader (long poll) ─▶ buffer ─▶ application
//! ```
//!
//! A consumer polls in a loop, so what arrives is handed over at once; a paused one does nothing but heartbeats until
//! `poll` lets it do one round, and leaves its group after `max.poll.interval.ms`.
//!
//! Always: a position moves only over records handed over; what arrives for another position than the present one is
//! dropped. Left out: cooperative rebalancing (KIP-429), fetch sessions (KIP-227), the client's own session check. The
//! consumer of 0.8, which finds its share in ZooKeeper, is the same from its positions on; see `registry`.

mod answers;
mod fetching;
mod idle;
mod membership;
mod offsets;
mod registry;
#[cfg(test)]
mod tests;

use super::config::{ConsumerConfig, backoff};
use super::connections::Connections;
use super::event::Event;
use super::metadata::Metadata;
use super::outcome::Outcomes;
use crate::batch::Record;
use crate::clock::{Duration, Instant};
use crate::protocol::{ErrorCode, Input, Output, Timer};
use crate::types::{LeaderEpoch, NodeId, Offset, Timestamp, TopicName, TopicPartition};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

pub use registry::{Phase, Registry, View};

/// How many records handed over are kept to be looked at.
pub const VALUES_KEPT: usize = 10_000;

/// How long a single `poll` waits for records.
const POLL_WAIT: Duration = Duration::from_ms(10_000);

/// Where a seek leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeekTo {
    /// To an offset.
    Offset(Offset),
    /// To the first record at or after a time.
    Timestamp(Timestamp),
    /// To the first record that is there.
    Beginning,
    /// Behind the last record.
    End,
}

/// What a consumer reads.
#[derive(Clone, Debug, PartialEq)]
pub enum Reads {
    /// Topics, shared with the other members of its group.
    Topics(Vec<TopicName>),
    /// Certain partitions, by its own choice.
    Partitions(Vec<TopicPartition>),
}

/// What became of a poll, a commit, a seek or a stop.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerOutcome {
    /// The error, or NONE.
    pub error: ErrorCode,
    /// Records handed over by a poll, in order.
    pub records: Vec<(TopicPartition, Record)>,
    /// Offsets committed, or the position found.
    pub offsets: Vec<(TopicPartition, Offset)>,
}

impl ConsumerOutcome {
    fn of(error: ErrorCode) -> ConsumerOutcome {
        ConsumerOutcome { error, records: Vec::new(), offsets: Vec::new() }
    }
}

/// Where a member stands, as it sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// It has no group, or reads partitions of its own choice.
    None,
    /// It is to join.
    Unjoined,
    /// Its last commit before rejoining is under way.
    Committing,
    /// JoinGroup is under way.
    Joining,
    /// SyncGroup is under way.
    Syncing,
    /// It has a share.
    Stable,
    /// It is leaving.
    Leaving,
}

/// One partition as the consumer reads it.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The next offset to hand over; `None`: not known yet.
    pub position: Option<Offset>,
    /// Leader epoch of the last record handed over.
    pub epoch: LeaderEpoch,
    /// Records fetched and not handed over yet.
    pub buffered: VecDeque<(Record, LeaderEpoch)>,
    /// The high watermark as last heard.
    pub high_watermark: Offset,
    reset: Option<Timestamp>,
    not_before: Instant,
    /// Where the next fetch begins; beyond `position` while records are buffered.
    fetch_from: Offset,
    empty_rounds: u32,
    /// Where a batch could not be read.
    corrupt_at: Option<Offset>,
}

#[derive(Clone, Debug)]
enum Purpose {
    Metadata,
    Coordinator,
    Join,
    Sync,
    Heartbeat,
    Leave,
    Commit(offsets::Commit),
    OffsetFetch,
    ListOffsets(Vec<(TopicPartition, Timestamp)>),
    Fetch(Vec<(TopicPartition, Offset)>),
}

#[derive(Clone, Debug)]
struct Poll {
    ticket: u64,
    max: usize,
    until: Instant,
}

/// A consumer, as a node of the cluster.
#[derive(Clone, Debug)]
pub struct Consumer {
    id: NodeId,
    name: Arc<str>,
    config: ConsumerConfig,
    connections: Connections<Purpose>,
    metadata: Metadata,
    group: Option<Arc<str>>,
    reads: Reads,
    membership: Membership,
    member_id: Arc<str>,
    generation: i32,
    is_leader: bool,
    counts: BTreeMap<TopicName, u32>,
    coordinator: Option<NodeId>,
    rejoin_wanted: bool,
    retry_at: Instant,
    tries: u32,
    readings: BTreeMap<TopicPartition, Reading>,
    committed: BTreeMap<TopicPartition, Offset>,
    commits: VecDeque<offsets::Commit>,
    seeks: BTreeMap<TopicPartition, u64>,
    poll: Option<Poll>,
    paused: bool,
    last_poll: Instant,
    stopping: Option<u64>,
    stopped: bool,
    outcomes: Outcomes<ConsumerOutcome>,
    values: VecDeque<(TopicPartition, Record)>,
    count: u64,
    rebalances: VecDeque<String>,
    last_error: ErrorCode,
    timers: BTreeMap<Timer, Instant>,
    registry: Option<Box<Registry>>,
}

impl Consumer {
    /// A consumer that knows nothing but its bootstrap brokers and reads nothing yet.
    pub fn new(
        id: NodeId,
        name: &str,
        bootstrap: Vec<NodeId>,
        seed: u64,
        config: ConsumerConfig,
    ) -> Consumer {
        let pauses = (config.retry_backoff_ms, config.retry_backoff_max_ms);
        let create = config.allow_auto_create_topics;
        Consumer {
            id,
            name: Arc::from(name),
            connections: Connections::new(id, seed),
            metadata: Metadata::new(bootstrap, create, config.metadata_max_age_ms, pauses),
            config,
            group: None,
            reads: Reads::Partitions(Vec::new()),
            membership: Membership::None,
            member_id: Arc::from(""),
            generation: -1,
            is_leader: false,
            counts: BTreeMap::new(),
            coordinator: None,
            rejoin_wanted: false,
            retry_at: Instant(0),
            tries: 0,
            readings: BTreeMap::new(),
            committed: BTreeMap::new(),
            commits: VecDeque::new(),
            seeks: BTreeMap::new(),
            poll: None,
            paused: false,
            last_poll: Instant(0),
            stopping: None,
            stopped: false,
            outcomes: Outcomes::default(),
            values: VecDeque::new(),
            count: 0,
            rebalances: VecDeque::new(),
            last_error: ErrorCode::NONE,
            timers: BTreeMap::new(),
            registry: None,
        }
    }
    /// Its node id.
    pub fn id(&self) -> NodeId {
        self.id
    }
    /// Its name in commands; also its `client.id`.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// Its settings.
    pub fn config(&self) -> &ConsumerConfig {
        &self.config
    }
    /// The topics that it shares with its group.
    pub fn subscription(&self) -> &[TopicName] {
        match &self.reads {
            Reads::Topics(topics) => topics,
            _ => &[],
        }
    }
    /// What it knows of the cluster.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }
    /// What became of ticket `ticket`.
    pub fn outcome(&self, ticket: u64) -> Option<&ConsumerOutcome> {
        self.outcomes.get(ticket)
    }
    /// The broker that it takes for its group's coordinator.
    pub fn coordinator(&self) -> Option<NodeId> {
        self.coordinator
    }

    /// Its group.
    pub fn group(&self) -> Option<&Arc<str>> {
        self.group.as_ref()
    }
    /// Where it stands in its group.
    pub fn membership(&self) -> Membership {
        self.membership
    }
    /// Its id in the group; empty while it has none.
    pub fn member_id(&self) -> &Arc<str> {
        &self.member_id
    }
    /// The generation it belongs to; -1: none.
    pub fn generation(&self) -> i32 {
        self.generation
    }
    /// The partitions it reads.
    pub fn assignment(&self) -> impl Iterator<Item = &TopicPartition> {
        self.readings.keys()
    }
    /// Each partition as it reads it.
    pub fn readings(&self) -> &BTreeMap<TopicPartition, Reading> {
        &self.readings
    }
    /// The next offset to be handed over.
    pub fn position(&self, partition: &TopicPartition) -> Option<Offset> {
        self.readings.get(partition)?.position
    }
    /// What it knows to be committed.
    pub fn committed(&self) -> &BTreeMap<TopicPartition, Offset> {
        &self.committed
    }
    /// The newest records handed over, oldest first.
    pub fn values(&self) -> &VecDeque<(TopicPartition, Record)> {
        &self.values
    }
    /// How many records were handed over in all.
    pub fn count(&self) -> u64 {
        self.count
    }
    /// Its shares given and taken, oldest first: `assigned T-0,T-1`, `revoked T-0`.
    pub fn rebalances(&self) -> &VecDeque<String> {
        &self.rebalances
    }
    /// The newest error.
    pub fn last_error(&self) -> ErrorCode {
        self.last_error
    }
    /// Whether its application does not poll.
    pub fn is_paused(&self) -> bool {
        self.paused
    }
    /// Whether it has stopped for good.
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// What it shall read once it starts: `topics`, shared with its group, or else the partitions `assign` (a group
    /// then serves to commit only). Paused: its application does not poll by itself.
    pub fn subscribe(
        &mut self,
        group: Option<&str>,
        topics: &[TopicName],
        assign: &[TopicPartition],
        paused: bool,
    ) {
        self.group = group.filter(|group| !group.is_empty()).map(Arc::from);
        self.paused = paused;
        self.reads = match topics.is_empty() {
            true => Reads::Partitions(assign.to_vec()),
            false => Reads::Topics(topics.to_vec()),
        };
    }
    /// Begins to read.
    pub fn start(&mut self, now: Instant, out: &mut Output<Event>) {
        self.last_poll = now;
        match self.reads.clone() {
            Reads::Topics(_) if self.group.is_none() => {
                self.last_error = ErrorCode::INVALID_GROUP_ID;
                out.events.push(Event::GroupError { error: self.last_error });
            }
            Reads::Topics(_) if self.config.is_registry() => {
                self.membership = Membership::Unjoined;
                self.open_registry(now, out);
            }
            Reads::Topics(topics) => {
                self.membership = Membership::Unjoined;
                self.metadata.want_only(topics);
            }
            Reads::Partitions(partitions) => self.take_share(now, partitions),
        }
        if self.group.is_some() && self.config.enable_auto_commit {
            let interval = Duration::from_ms(self.config.auto_commit_interval_ms.max(1));
            self.set(Timer::ConsumerAutoCommit, Some(now + interval), out);
        }
        self.run(now, out);
    }
    /// One round of the application: hands over at most `max` records (`max.poll.records` if `None`).
    pub fn poll(&mut self, now: Instant, ticket: u64, max: Option<u32>, out: &mut Output<Event>) {
        let limit = self.config.max_poll_records as usize;
        let max = max.map_or(limit, |max| max as usize).min(limit);
        if let Some(before) = self.poll.take() {
            self.outcomes.put(before.ticket, ConsumerOutcome::of(ErrorCode::NONE));
        }
        for reading in self.readings.values_mut() {
            reading.empty_rounds = 0;
        }
        self.poll = Some(Poll { ticket, max, until: now + POLL_WAIT });
        self.last_poll = now;
        self.run(now, out);
    }
    /// The application stops polling, or polls in a loop again.
    pub fn set_paused(&mut self, now: Instant, paused: bool, out: &mut Output<Event>) {
        (self.paused, self.last_poll) = (paused, now);
        self.run(now, out);
    }
    /// Commits (if `enable.auto.commit`), leaves the group, stops.
    pub fn stop(&mut self, now: Instant, ticket: u64, out: &mut Output<Event>) {
        self.stopping = Some(ticket);
        self.begin_stop(now, out);
        self.run(now, out);
    }

    /// Whether the application polls now.
    fn is_active(&self) -> bool {
        !self.stopped && self.stopping.is_none() && (!self.paused || self.poll.is_some())
    }
    fn is_subscribed(&self) -> bool {
        matches!(self.reads, Reads::Topics(_))
    }
    /// Takes one input.
    pub fn step(&mut self, now: Instant, input: Input, out: &mut Output<Event>) {
        if self.stopped {
            return;
        }
        match input {
            Input::Message { from, message } if from.is_zookeeper() => {
                if let crate::protocol::Body::Response(response) = message.body {
                    self.registry_response(now, message.correlation, response, out);
                }
            }
            Input::Message { from, message } => self.response(now, from, message, out),
            Input::Timer(Timer::RequestTimeout(correlation)) => {
                if let Some(peer) = self.connections.asked(correlation) {
                    self.disconnected(now, peer, out);
                }
            }
            Input::Timer(timer) => {
                self.timers.remove(&timer);
                match timer {
                    Timer::ConsumerHeartbeat => self.heartbeat(now, out),
                    Timer::ConsumerAutoCommit => self.auto_commit(now, out),
                    Timer::ZooKeeperSession => self.session_timer(now, out),
                    _ => {}
                }
            }
            Input::Disconnected { peer } if peer.is_zookeeper() => self.session_broken(now, out),
            Input::Disconnected { peer } => self.disconnected(now, peer, out),
        }
        self.run(now, out);
    }

    /// Does everything that can be done now and sets the timers for the rest.
    fn run(&mut self, now: Instant, out: &mut Output<Event>) {
        if self.stopped {
            return;
        }
        let mut wake = Instant(u64::MAX);
        self.check_poll_interval(now, out);
        self.group_work(now, &mut wake, out);
        if self.stopping.is_none() {
            self.find_positions(now, &mut wake, out);
        }
        let stopped = self.registry.as_ref().is_some_and(|registry| registry.fetchers_stopped());
        if self.is_active() && !stopped {
            self.fetch(now, &mut wake, out);
            self.hand_over(now, out);
            self.fetch(now, &mut wake, out);
        }
        self.finish_poll(now, out);
        let timeout = self.config.request_timeout_ms;
        let metadata_at =
            self.metadata.poll(now, &mut self.connections, Purpose::Metadata, timeout, out);
        self.set(Timer::ClientMetadata, metadata_at, out);
        self.set(Timer::ConsumerJoin, (wake.0 != u64::MAX).then_some(wake), out);
        let patience = Duration::from_ms(self.config.max_poll_interval_ms);
        let poll_at = match &self.poll {
            Some(poll) => Some(poll.until),
            None if self.paused && self.polls_or_leaves() => Some(self.last_poll + patience),
            None => None,
        };
        self.set(Timer::ConsumerPoll, poll_at, out);
    }
    fn set(&mut self, timer: Timer, at: Option<Instant>, out: &mut Output<Event>) {
        if self.timers.get(&timer).copied() == at {
            return;
        }
        match at {
            Some(at) => self.timers.insert(timer.clone(), at),
            None => self.timers.remove(&timer),
        };
        out.timers.push((timer, at));
    }
    /// Something failed that is worth another try, after a pause.
    fn back_off(&mut self, now: Instant) {
        self.tries += 1;
        let (first, longest) = (self.config.retry_backoff_ms, self.config.retry_backoff_max_ms);
        let pause = backoff(first, longest, self.tries, self.connections.chance());
        self.retry_at = now + pause;
    }
}
