//! Commands about clients: what is produced, and what producers and consumers do.

use super::{Configs, LookupTarget};
use crate::clock::Duration;
use crate::types::TopicPartition;

/// `produce …`
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProduceCommand {
    /// The topic.
    pub topic: String,
    /// The producer; a fresh one when none is named.
    pub producer: Option<String>,
    /// The key.
    pub key: Option<String>,
    /// The value; `None` is a tombstone.
    pub value: Option<String>,
    /// The partition, when the record names it.
    pub partition: Option<u32>,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The record's timestamp, in milliseconds; now by default.
    pub timestamp: Option<i64>,
    /// What each next record adds to the timestamp, in milliseconds.
    pub timestamp_step: i64,
    /// How many records.
    pub count: u64,
    /// Bytes of each value, all `x`.
    pub size: Option<u64>,
    /// One record every so often.
    pub every: Option<Duration>,
    /// The base sequence, written by hand.
    pub sequence: Option<i32>,
    /// The producer epoch, written by hand.
    pub producer_epoch: Option<i16>,
    /// Settings for this request or this fresh producer.
    pub configs: Configs,
}

/// What can be done to a producer.
#[derive(Clone, Debug, PartialEq)]
pub enum ProducerAct {
    /// `producer start`
    Start {
        /// Its settings.
        configs: Configs,
    },
    /// `producer stop`: flush and close.
    Stop,
    /// `producer kill`
    Kill,
    /// `producer pause`: the process freezes.
    Pause,
    /// `producer resume`
    Resume,
}

/// What can be done in a transaction.
#[derive(Clone, Debug, PartialEq)]
pub enum TransactionAct {
    /// `txn begin`
    Begin,
    /// `txn commit`
    Commit,
    /// `txn abort`
    Abort,
    /// `txn offsets`
    Offsets {
        /// Whose group.
        consumer: String,
        /// The offsets.
        offsets: Vec<(TopicPartition, i64)>,
    },
}

/// What can be done to a consumer.
#[derive(Clone, Debug, PartialEq)]
pub enum ConsumerAct {
    /// `consumer start`
    Start {
        /// Its group.
        group: Option<String>,
        /// Subscribed topics.
        topics: Vec<String>,
        /// Partitions assigned by hand.
        assign: Vec<TopicPartition>,
        /// Does not poll until `consumer resume`.
        paused: bool,
        /// Its settings.
        configs: Configs,
    },
    /// `consumer stop`: leave the group and close.
    Stop,
    /// `consumer kill`: the process dies.
    Kill,
    /// `consumer pause`: polls no more; heartbeats go on.
    Pause,
    /// `consumer resume`
    Resume,
    /// `consumer poll`
    Poll {
        /// How many records at most.
        max: Option<u32>,
    },
    /// `consumer commit`
    Commit {
        /// One offset instead of all positions.
        offset: Option<(TopicPartition, i64)>,
    },
    /// `consumer seek`
    Seek {
        /// The partition.
        partition: TopicPartition,
        /// Where to.
        target: LookupTarget,
    },
}
