//! Which partition a record goes to (class `BuiltInPartitioner`, KIP-480 and KIP-794).
//!
//! ```text
//!   key "alice" ── murmur2 ──▶ hash ── & 0x7fffffff, % n ──▶ partition      the same key, always the same partition
//!   no key      ── stay with one partition for batch.size bytes, then draw another
//! ```
//!
//! Simplified: the draw among partitions is even. Kafka weighs it by how much waits in each partition's queue
//! (`partitioner.adaptive.partitioning.enable`); here nothing is weighed.

use super::metadata::TopicInfo;
use crate::prng::{Purpose, below};

/// MurmurHash2 with Kafka's seed (`Utils.murmur2`); the public-domain algorithm of Austin Appleby.
pub fn murmur2(data: &[u8]) -> i32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c_u32 ^ data.len() as u32;
    let (words, rest) = data.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !rest.is_empty() {
        for (index, &byte) in rest.iter().enumerate() {
            hash ^= u32::from(byte) << (8 * index);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    (hash ^ (hash >> 15)) as i32
}

/// The partition of a key: the hash with its sign bit masked, modulo the number of partitions
/// (`BuiltInPartitioner.partitionForKey`).
pub fn partition_for_key(key: &[u8], partitions: u32) -> u32 {
    (murmur2(key) & 0x7fff_ffff) as u32 % partitions.max(1)
}

/// Where keyless records of one topic stick at present.
#[derive(Clone, Debug, Default)]
pub struct Sticky {
    partition: Option<u32>,
    produced_bytes: u64,
    draws: u64,
}

impl Sticky {
    /// The partition for the next keyless record. Partitions without a leader are passed over, if others have one.
    pub fn partition(&mut self, topic: &TopicInfo, seed: u64, client: u64) -> u32 {
        if let Some(partition) = self.partition
            && (partition as usize) < topic.partitions.len()
        {
            return partition;
        }
        self.draws += 1;
        let count = topic.partitions.len() as u64;
        let led = topic.partitions.iter().filter(|info| info.leader.is_some()).count() as u64;
        let bound = if led == 0 { count } else { led };
        let drawn = below(seed, Purpose::StickyPartition, client, 0, self.draws, bound) as usize;
        let chosen = match led {
            0 => drawn,
            _ => topic
                .partitions
                .iter()
                .enumerate()
                .filter(|(_, info)| info.leader.is_some())
                .nth(drawn)
                .map_or(0, |(number, _)| number),
        };
        (self.partition, self.produced_bytes) = (Some(chosen as u32), 0);
        chosen as u32
    }
    /// `bytes` were added. Moves on after `batch_size` bytes once the batch is full, at the latest after twice as many
    /// (`BuiltInPartitioner.updatePartitionInfo`).
    pub fn produced(&mut self, bytes: u64, batch_size: u64, batch_full: bool) {
        self.produced_bytes += bytes;
        let limit = batch_size.max(1);
        if (self.produced_bytes >= limit && batch_full) || self.produced_bytes >= 2 * limit {
            self.partition = None;
        }
    }
    /// The next partition in turn (`RoundRobinPartitioner`).
    pub fn round_robin(&mut self, partitions: u32) -> u32 {
        self.draws += 1;
        ((self.draws - 1) % u64::from(partitions.max(1))) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::metadata::PartitionInfo;
    use crate::protocol::ErrorCode;
    use crate::types::{LeaderEpoch, NodeId, Uuid};
    use crate::vectors;

    #[test]
    fn murmur2_as_kafka_computes_it() {
        let vectors = vectors::load("murmur2_partition");
        let counts: Vec<u64> = vectors["header"]["partition_counts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|count| count.as_u64().unwrap())
            .collect();
        for case in vectors["cases"].as_array().unwrap() {
            let key = vectors::hex(&case["key"]);
            assert_eq!(i64::from(murmur2(&key)), case["murmur2"].as_i64().unwrap(), "{case}");
            for (count, wanted) in counts.iter().zip(case["partitions"].as_array().unwrap()) {
                let partition = partition_for_key(&key, *count as u32);
                assert_eq!(u64::from(partition), wanted.as_u64().unwrap(), "{case}");
            }
        }
    }

    #[test]
    fn keyless_records_stick_until_a_batch_is_full_and_avoid_leaderless_partitions() {
        let partition =
            |leader: Option<NodeId>| PartitionInfo { leader, leader_epoch: LeaderEpoch(0) };
        let topic = TopicInfo {
            error: ErrorCode::NONE,
            id: Uuid::ZERO,
            partitions: vec![partition(Some(NodeId(1))), partition(None), partition(None)],
        };
        let mut sticky = Sticky::default();
        for _ in 0..50 {
            assert_eq!(sticky.partition(&topic, 1, 1), 0);
            sticky.produced(100, 100, true);
        }
        let topic = TopicInfo { partitions: vec![partition(Some(NodeId(1))); 8], ..topic };
        let first = sticky.partition(&topic, 1, 1);
        sticky.produced(150, 100, false);
        assert_eq!(sticky.partition(&topic, 1, 1), first, "the batch is not full");
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..200 {
            seen.insert(sticky.partition(&topic, 1, 1));
            sticky.produced(100, 100, true);
        }
        assert_eq!(seen.len(), 8);
    }
}
