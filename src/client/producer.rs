//! The producer: from `send` to the outcome (classes `KafkaProducer`, `RecordAccumulator`, `Sender`).
//!
//! ```text
//!   send ─▶ which partition? ─▶ accumulator ── full, or lingered ──▶ Produce to the leader ─▶ outcome
//!             (metadata)          ▲                                       │
//!                                 └── back to the front, after a pause ◀──┘ leader changed, connection lost, …
//! ```
//!
//! Records whose topic is not known yet, or for which no memory is left, wait in order as a blocked `send` would, for
//! `max.block.ms` at most. Without idempotence a retried batch can land behind a later one
//! (`max.in.flight.requests.per.connection` above 1): so it is in Kafka.
//!
//! Left out: idempotence, transactions, compression, weighing of partitions by queue length (KIP-794).

mod accumulator;
mod sender;
mod workload;

#[cfg(test)]
mod tests;

pub use accumulator::ProducerRecord;
pub(super) use sender::is_stale_metadata;
pub use workload::Workload;

use super::config::{Partitioner, ProducerConfig};
use super::connections::Connections;
use super::event::Event;
use super::metadata::Metadata;
use super::outcome::Outcomes;
use super::partitioner::{Sticky, partition_for_key};
use crate::clock::{Duration, Instant};
use crate::protocol::{ErrorCode, Input, Output, Timer};
use crate::types::{NodeId, Offset, TopicName, TopicPartition};
use accumulator::{Accumulator, Batch, batch_size_upper_bound};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// How many records may wait for metadata or memory at once.
const WAITING_LIMIT: usize = 10_000;

/// What became of the records of one `send`.
#[derive(Clone, Debug, PartialEq)]
pub struct SendOutcome {
    /// The first error, or NONE.
    pub error: ErrorCode,
    /// What the broker said with an error; empty: nothing.
    pub message: String,
    /// What was acknowledged, in the order of the answers: partition, first offset, number of records. With `acks=0`
    /// the offset is -1.
    pub acknowledged: Vec<(TopicPartition, Offset, u32)>,
    /// How many records were given up.
    pub failed: u32,
    /// Where the first record landed.
    pub first: Option<(TopicPartition, Offset)>,
}

#[derive(Clone, Debug)]
struct Ticket {
    left: u32,
    outcome: SendOutcome,
}

#[derive(Clone, Debug)]
struct Waiting {
    record: ProducerRecord,
    ticket: Option<u64>,
    until: Instant,
}

#[derive(Clone, Debug)]
enum Purpose {
    Metadata,
    Produce(Vec<Batch>),
}

enum Admission {
    Added { look: bool },
    Wait,
    Fail(ErrorCode),
}

/// A producer, as a node of the cluster.
#[derive(Clone, Debug)]
pub struct Producer {
    id: NodeId,
    name: Arc<str>,
    seed: u64,
    config: ProducerConfig,
    connections: Connections<Purpose>,
    metadata: Metadata,
    accumulator: Accumulator,
    sticky: BTreeMap<TopicName, Sticky>,
    waiting: VecDeque<Waiting>,
    tickets: BTreeMap<u64, Ticket>,
    outcomes: Outcomes<SendOutcome>,
    workload: Option<workload::Running>,
    closing: Option<u64>,
    /// Its process ends once this is settled.
    ends_after: Option<u64>,
    send_timer: Option<Instant>,
    metadata_timer: Option<Instant>,
    last_error: ErrorCode,
    records_acknowledged: u64,
    records_failed: u64,
}

impl Producer {
    /// A producer that knows nothing but its bootstrap brokers.
    pub fn new(
        id: NodeId,
        name: &str,
        bootstrap: Vec<NodeId>,
        seed: u64,
        config: ProducerConfig,
    ) -> Producer {
        let pauses = (config.retry_backoff_ms, config.retry_backoff_max_ms);
        Producer {
            id,
            name: Arc::from(name),
            seed,
            connections: Connections::new(id, seed),
            metadata: Metadata::new(bootstrap, true, config.metadata_max_age_ms, pauses),
            accumulator: Accumulator::new(
                config.buffer_memory,
                config.batch_size,
                config.codec_and_level(),
            ),
            sticky: BTreeMap::new(),
            waiting: VecDeque::new(),
            tickets: BTreeMap::new(),
            outcomes: Outcomes::default(),
            workload: None,
            closing: None,
            ends_after: None,
            send_timer: None,
            metadata_timer: None,
            last_error: ErrorCode::NONE,
            records_acknowledged: 0,
            records_failed: 0,
            config,
        }
    }
    /// Its node id.
    pub fn id(&self) -> NodeId {
        self.id
    }
    /// Its name in commands.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// Its settings.
    pub fn config(&self) -> &ProducerConfig {
        &self.config
    }
    /// What it knows of the cluster.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }
    /// What became of ticket `ticket`, once all its records have an outcome.
    pub fn outcome(&self, ticket: u64) -> Option<&SendOutcome> {
        self.outcomes.get(ticket)
    }
    /// The error of the newest outcome.
    pub fn last_error(&self) -> ErrorCode {
        self.last_error
    }
    /// Records acknowledged and given up so far.
    pub fn totals(&self) -> (u64, u64) {
        (self.records_acknowledged, self.records_failed)
    }
    /// Batches that wait: partition, records, bytes, sent in vain so often.
    pub fn queued(&self) -> impl Iterator<Item = (&TopicPartition, u32, usize, u32)> {
        let batches = self.accumulator.queues.values().flat_map(|queue| &queue.batches);
        batches.map(|batch| (&batch.partition, batch.count, batch.size_bytes(), batch.attempts))
    }
    /// Batches under way: to whom, partition, records, bytes.
    pub fn in_flight(&self) -> impl Iterator<Item = (NodeId, &TopicPartition, u32, usize)> {
        self.connections.under_way().flat_map(|(to, what)| {
            let batches: &[Batch] = match what {
                Purpose::Produce(batches) => batches,
                Purpose::Metadata => &[],
            };
            batches.iter().map(move |b| (to, &b.partition, b.count, b.size_bytes()))
        })
    }
    /// Bytes of `buffer.memory` in use.
    pub fn memory_used(&self) -> u64 {
        self.accumulator.memory_used()
    }

    /// Sends `records`; their common outcome will be found under `ticket`.
    pub fn send(
        &mut self,
        now: Instant,
        ticket: u64,
        records: Vec<ProducerRecord>,
        out: &mut Output<Event>,
    ) {
        let outcome = SendOutcome {
            error: ErrorCode::NONE,
            message: String::new(),
            acknowledged: Vec::new(),
            failed: 0,
            first: None,
        };
        if records.is_empty() {
            return self.outcomes.put(ticket, outcome);
        }
        self.tickets.insert(ticket, Ticket { left: records.len() as u32, outcome });
        for record in records {
            self.offer(now, Some(ticket), record, out);
        }
        self.run(now, out);
    }

    /// Its process ends once `ticket` is settled, as that of a tool which sends a line and exits.
    pub fn end_after(&mut self, ticket: u64) {
        self.ends_after = Some(ticket);
        self.end_if_settled();
    }

    pub(super) fn end_if_settled(&mut self) {
        if let Some(ticket) = self.ends_after
            && self.outcomes.get(ticket).is_some()
            && self.closing.is_none()
        {
            self.closing = Some(ticket);
        }
    }

    /// Flushes what is there; the outcome under `ticket` comes when everything is settled.
    pub fn close(&mut self, now: Instant, ticket: u64, out: &mut Output<Event>) {
        self.stop_workload(out);
        self.closing = Some(ticket);
        self.run(now, out);
    }
    /// Whether it was closed and has nothing left to do.
    pub fn is_closed(&self) -> bool {
        self.closing.is_some() && self.is_empty()
    }

    /// One record in, or into the line of those that wait. Says whether the sender should look.
    fn offer(
        &mut self,
        now: Instant,
        ticket: Option<u64>,
        record: ProducerRecord,
        out: &mut Output<Event>,
    ) -> bool {
        let admission = if self.waiting.is_empty() {
            self.admit(now, ticket, &record)
        } else {
            Admission::Wait
        };
        match admission {
            Admission::Added { look } => look,
            Admission::Fail(error) => {
                self.give_up(ticket, 1, &record.topic, None, error, out);
                false
            }
            Admission::Wait if self.waiting.len() >= WAITING_LIMIT => {
                let error = ErrorCode::BUFFER_EXHAUSTED;
                self.give_up(ticket, 1, &record.topic, None, error, out);
                false
            }
            Admission::Wait => {
                self.metadata.want(&record.topic);
                let until = now + Duration::from_ms(self.config.max_block_ms);
                self.waiting.push_back(Waiting { record, ticket, until });
                true
            }
        }
    }

    /// Tries to put `record` into the accumulator.
    fn admit(&mut self, now: Instant, ticket: Option<u64>, record: &ProducerRecord) -> Admission {
        if self.closing.is_some() && ticket.is_some_and(|t| Some(t) > self.closing) {
            return Admission::Fail(ErrorCode::INVALID_REQUEST);
        }
        let size = batch_size_upper_bound(record);
        let limit = self.config.max_request_size.min(self.config.buffer_memory);
        if size > limit {
            return Admission::Fail(ErrorCode::RECORD_TOO_LARGE);
        }
        if TopicName::check(record.topic.as_str()).is_err() {
            return Admission::Fail(ErrorCode::INVALID_TOPIC_EXCEPTION);
        }
        let Some(topic) = self.metadata.topic(&record.topic) else { return Admission::Wait };
        let count = topic.partitions.len() as u32;
        match topic.error {
            error if !error.is_none() && !error.is_retriable() => return Admission::Fail(error),
            _ if count == 0 || record.partition.is_some_and(|number| number >= count) => {
                self.metadata.request_update();
                return Admission::Wait;
            }
            _ => {}
        }
        let keyless = record.key.is_none() && self.config.partitioner == Partitioner::BuiltIn;
        let partition = match (record.partition, &record.key) {
            (Some(number), _) => number,
            (None, Some(key)) if self.config.partitioner == Partitioner::BuiltIn => {
                partition_for_key(key, count)
            }
            _ => {
                if !self.sticky.contains_key(&record.topic) {
                    self.sticky.insert(record.topic.clone(), Sticky::default());
                }
                let Some(sticky) = self.sticky.get_mut(&record.topic) else {
                    return Admission::Wait;
                };
                match self.config.partitioner {
                    Partitioner::RoundRobin => sticky.round_robin(count),
                    Partitioner::BuiltIn => {
                        sticky.partition(topic, self.seed, u64::from(self.id.0))
                    }
                }
            }
        };
        let Some(added) = self.accumulator.append(now, partition, ticket, record) else {
            return Admission::Wait;
        };
        if keyless
            && record.partition.is_none()
            && let Some(sticky) = self.sticky.get_mut(&record.topic)
        {
            sticky.produced(added.bytes, self.config.batch_size, added.full);
        }
        Admission::Added { look: added.new_batch || added.full }
    }

    /// `count` records of `ticket` will not be written.
    fn give_up(
        &mut self,
        ticket: Option<u64>,
        count: u32,
        topic: &TopicName,
        partition: Option<u32>,
        error: ErrorCode,
        out: &mut Output<Event>,
    ) {
        self.last_error = error;
        self.records_failed += u64::from(count);
        let topic_name = topic.clone();
        out.events.push(Event::SendFailed { topic: topic_name, partition, count, error });
        self.settle(ticket, count, |outcome| {
            if outcome.error.is_none() {
                outcome.error = error;
            }
            outcome.failed += count;
        });
    }

    fn settle(&mut self, ticket: Option<u64>, count: u32, write: impl FnOnce(&mut SendOutcome)) {
        let Some(number) = ticket else { return };
        let Some(ticket) = self.tickets.get_mut(&number) else { return };
        write(&mut ticket.outcome);
        ticket.left = ticket.left.saturating_sub(count);
        if ticket.left == 0
            && let Some(ticket) = self.tickets.remove(&number)
        {
            self.outcomes.put(number, ticket.outcome);
        }
    }

    fn is_empty(&self) -> bool {
        let sending = |what: &Purpose| match what {
            Purpose::Produce(batches) => batches.iter().any(|batch| !batch.is_done),
            Purpose::Metadata => false,
        };
        self.waiting.is_empty()
            && self.accumulator.waiting == 0
            && !self.connections.under_way().any(|(_, what)| sending(what))
    }
    /// Whether nothing is under way but periodic traffic.
    pub fn is_idle(&self) -> bool {
        self.is_empty() && self.workload.is_none()
    }
    /// What is still under way, as a sentence.
    pub fn unsettled(&self) -> Option<String> {
        if self.workload.is_some() {
            return Some(format!("{} has a standing workload", self.name));
        }
        if self.is_empty() {
            return None;
        }
        let queued: u32 = self.queued().map(|(_, count, ..)| count).sum();
        let under_way: u32 = self.in_flight().map(|(_, _, count, _)| count).sum();
        let records = queued as usize + under_way as usize + self.waiting.len();
        Some(format!("{} has {records} records without an outcome", self.name))
    }

    /// Takes one input.
    pub fn step(&mut self, now: Instant, input: Input, out: &mut Output<Event>) {
        if self.is_closed() {
            return;
        }
        match input {
            Input::Message { from, message } => {
                if !self.response(now, from, message, out) {
                    return;
                }
            }
            Input::Timer(Timer::ProducerSend) => self.send_timer = None,
            Input::Timer(Timer::ClientMetadata) => self.metadata_timer = None,
            Input::Timer(Timer::Workload) => {
                if !self.workload_due(now, out) {
                    return;
                }
            }
            Input::Timer(Timer::RequestTimeout(correlation)) => {
                match self.connections.asked(correlation) {
                    Some(peer) => self.disconnected(now, peer, out),
                    None => return,
                }
            }
            Input::Timer(_) => return,
            Input::Disconnected { peer } => self.disconnected(now, peer, out),
        }
        self.run(now, out);
    }

    /// Idle time was skipped: everything that lies ahead moves along.
    pub fn shift(&mut self, by: Duration) {
        self.connections.shift(by);
        self.metadata.shift(by);
        for waiting in &mut self.waiting {
            waiting.until = waiting.until + by;
        }
        for batch in self.accumulator.queues.values_mut().flat_map(|queue| &mut queue.batches) {
            batch.created_at = batch.created_at + by;
            batch.wait_until = batch.wait_until + by;
        }
        for what in self.connections.under_way_mut() {
            if let Purpose::Produce(batches) = what {
                for batch in batches {
                    batch.created_at = batch.created_at + by;
                }
            }
        }
        self.send_timer = self.send_timer.map(|at| at + by);
        self.metadata_timer = self.metadata_timer.map(|at| at + by);
    }
}
