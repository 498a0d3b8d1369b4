//! Producers, consumers and administrators: nodes that speak to brokers by messages alone.
//!
//! ```text
//!   producer ── Metadata, Produce ─────────────────────────────▶ any broker, then leaders
//!   consumer ── Metadata, FindCoordinator, JoinGroup, … Fetch ─▶ any broker, the coordinator, leaders
//!   consumer of 0.8 ── registers, reads the group, owns partitions ─▶ ZooKeeper; Metadata, Fetch ─▶ leaders
//!   admin    ── CreateTopics, ElectLeaders, … ─────────────────▶ any broker
//! ```
//!
//! Each is a state machine without clock or socket: `step` takes the time and one input and says what to send, which
//! timers to set and what happened. What a person asks of it bears a ticket; the outcome is looked up by that ticket.
//!
//! Always: a client learns about the cluster only from answers, so what it believes can be old, and it finds out the
//! way a real one does: by an error, a lost connection or a time-out.

mod admin;
mod config;
mod connections;
mod consumer;
mod event;
mod metadata;
mod old_consumer;
mod outcome;
mod partitioner;
mod producer;
#[cfg(test)]
mod testing;

pub use admin::{Admin, AdminOutcome, error_of};
pub use config::{Assignor, ConsumerConfig, OffsetReset, Partitioner, ProducerConfig, backoff};
pub use consumer::{
    Consumer, ConsumerOutcome, Membership, Phase, Reading, Reads, Registry, SeekTo, VALUES_KEPT,
    View,
};
pub use event::{Event, RegistryEvent};
pub use metadata::{Metadata, PartitionInfo, TopicInfo};
pub use old_consumer::old_names;
pub use outcome::{OUTCOMES_KEPT, Outcomes};
pub use partitioner::{Sticky, murmur2, partition_for_key};
pub use producer::{Producer, ProducerRecord, SendOutcome, Workload};

use crate::clock::{Duration, Instant};
use crate::protocol::{Input, Output};
use crate::types::{NodeId, TopicName};

/// Any client.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant)]
pub enum Client {
    /// Writes records.
    Producer(Producer),
    /// Reads records.
    Consumer(Consumer),
    /// Asks for changes.
    Admin(Admin),
}

macro_rules! each {
    ($client:expr, $one:ident => $do:expr) => {
        match $client {
            Client::Producer($one) => $do,
            Client::Consumer($one) => $do,
            Client::Admin($one) => $do,
        }
    };
}

impl Client {
    /// Its node id.
    pub fn id(&self) -> NodeId {
        each!(self, one => one.id())
    }
    /// Its name in commands.
    pub fn name(&self) -> &str {
        each!(self, one => one.name())
    }
    /// Takes one input.
    pub fn step(&mut self, now: Instant, input: Input, out: &mut Output<Event>) {
        each!(self, one => one.step(now, input, out));
    }
    /// Idle time was skipped: everything that lies ahead moves along.
    pub fn shift(&mut self, by: Duration) {
        each!(self, one => one.shift(by));
    }
    /// Whether nothing is under way but periodic traffic.
    pub fn is_idle(&self) -> bool {
        each!(self, one => one.is_idle())
    }
    /// What is still under way, as a sentence.
    pub fn unsettled(&self) -> Option<String> {
        each!(self, one => one.unsettled())
    }
    /// Whether it has ended by itself.
    pub fn is_closed(&self) -> bool {
        match self {
            Client::Producer(producer) => producer.is_closed(),
            Client::Consumer(consumer) => consumer.is_stopped(),
            Client::Admin(_) => false,
        }
    }
    /// Whether the next refresh of its metadata will bring partitions that it does not know.
    pub fn misses_partitions(&self, count: &dyn Fn(&TopicName) -> Option<usize>) -> bool {
        match self {
            Client::Producer(producer) => producer.metadata().misses_partitions(count),
            // The consumer of 0.8 hears of new partitions by a watch.
            Client::Consumer(consumer) if consumer.registry().is_some() => false,
            Client::Consumer(consumer) => consumer.metadata().misses_partitions(count),
            Client::Admin(_) => false,
        }
    }
    /// Whether the next automatic commit will say something new.
    pub fn has_uncommitted(&self) -> bool {
        match self {
            Client::Consumer(consumer) => consumer.has_uncommitted(),
            Client::Producer(_) | Client::Admin(_) => false,
        }
    }
    /// The group that it is a member of, if any.
    pub fn group(&self) -> Option<&str> {
        match self {
            Client::Consumer(consumer) => consumer.group().map(|group| &**group),
            _ => None,
        }
    }
}
