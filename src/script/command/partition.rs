//! `partition …`: other replicas for a partition, and plans for it.

use crate::types::TopicPartition;

/// What is asked of partitions.
#[derive(Clone, Debug, PartialEq)]
pub enum PartitionCommand {
    /// `partition reassign T-P replicas=… [throttle=BYTES]`, `partition reassign cancel T-P`
    Reassign {
        /// The partition.
        partition: TopicPartition,
        /// Its new replicas; `None` takes the reassignment under way back.
        replicas: Option<Vec<u32>>,
        /// Bytes a second that the copying may take (KIP-73).
        throttle: Option<u64>,
    },
    /// `partition reassign verify T-P`
    Verify(TopicPartition),
    /// `partition plan T brokers=… [start-index=N]`
    Plan {
        /// The topic.
        topic: String,
        /// Where its partitions may lie.
        brokers: Vec<u32>,
        /// Where the round begins.
        start_index: Option<usize>,
    },
}
