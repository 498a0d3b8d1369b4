//! What must always hold, each with a name and a sentence. A violation is an event, not a panic: some lessons exist to
//! show one. After every step the invariants look at what the step's events touched.

use super::event::{Body, Stamped};
use super::world::{BrokerNode, Cluster};
use crate::client::{Client, Event as ClientEvent};
use crate::replica::Event as ReplicaEvent;
use crate::types::{LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::{broker, coordination};
use std::collections::BTreeMap;

/// The invariants by name, with what they promise.
pub const INVARIANTS: &[(&str, &str, &str)] = &[
    (
        "one-leader-per-epoch",
        "a partition has at most one leader in each leader epoch",
        "一个分区在每个领导者纪元里至多有一个领导者",
    ),
    (
        "epochs-never-go-back",
        "a partition's leader epoch never goes back",
        "分区的领导者纪元从不倒退",
    ),
    (
        "high-watermark-within-isr",
        "the high watermark never passes the least log end of the in-sync replicas",
        "高水位从不超过同步副本中最小的日志末端",
    ),
    (
        "high-watermark-never-goes-back",
        "a leader's high watermark never goes back",
        "领导者的高水位从不倒退",
    ),
    (
        "no-lost-write",
        "what a producer with acks=all was told is written stays readable",
        "acks=all 的生产者被告知已写入的内容始终可读",
    ),
    (
        "no-committed-record-cut",
        "a replica never cuts a committed record",
        "副本从不截掉已提交的记录",
    ),
    (
        "logs-agree",
        "the replicas of a partition agree below the high watermark",
        "分区的各副本在高水位以下一致",
    ),
    (
        "no-skip",
        "a consumer is handed every record from its position on, none is left out",
        "消费者从其位置起逐条得到记录，不会漏掉",
    ),
    (
        "no-non-monotonic-poll",
        "a consumer that did not seek is never handed an older record again within one assignment",
        "没有 seek 的消费者在一次分配之内不会再次得到更早的记录",
    ),
    (
        "one-owner-per-generation",
        "a partition has one owner in each generation of a group",
        "每个分区在消费组的每一代里只有一个拥有者",
    ),
    (
        "index-at-batch-boundary",
        "every index entry points at the beginning of a batch",
        "每个索引条目都指向批次的开头",
    ),
    (
        "bytes-decode",
        "the bytes of every file decode, checksums included",
        "每个文件的字节都能解码，校验和正确",
    ),
];

/// A broken promise.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// Which invariant.
    pub name: &'static str,
    /// What exactly.
    pub sentence: String,
    /// The event that broke it.
    pub event: u64,
    /// The step.
    pub step: u64,
}

/// Most violations that are kept.
const MOST_KEPT: usize = 100;

/// What the invariants remember.
#[derive(Clone, Debug, Default)]
pub struct Invariants {
    leaders: BTreeMap<TopicPartition, (LeaderEpoch, NodeId)>,
    high_watermarks: BTreeMap<TopicPartition, Offset>,
    /// Per partition: up to where records were acknowledged with acks=all, and in which epoch.
    acknowledged: BTreeMap<TopicPartition, (Offset, LeaderEpoch)>,
    owners: BTreeMap<(String, i32), BTreeMap<TopicPartition, NodeId>>,
    /// Per consumer and partition: the offset that the next poll must begin with.
    expected: BTreeMap<(NodeId, TopicPartition), Offset>,
    /// The last poll of each: in which step, from where.
    polls: BTreeMap<(NodeId, TopicPartition), (u64, Offset)>,
    pub(crate) fresh: Vec<Violation>,
    kept: Vec<Violation>,
}

impl Invariants {
    /// Promises that were broken, oldest first.
    pub fn violations(&self) -> &[Violation] {
        &self.kept
    }

    pub(crate) fn keep(&mut self, violation: Violation) {
        if self.kept.len() < MOST_KEPT {
            self.kept.push(violation);
        }
    }

    fn broken(&mut self, name: &'static str, event: &Stamped, sentence: String) {
        self.fresh.push(Violation { name, sentence, event: event.id, step: event.step });
    }

    /// Looks at an event, with the brokers as they are now.
    pub(crate) fn watch(
        &mut self,
        event: &Stamped,
        brokers: &BTreeMap<NodeId, BrokerNode>,
        client: Option<&Client>,
    ) {
        match &event.body {
            Body::Broker(broker::Event::Replica(replica)) => match replica {
                ReplicaEvent::BecameLeader { partition, epoch, start, .. } => {
                    self.new_leader(event, partition, *epoch, *start, brokers);
                }
                ReplicaEvent::HighWatermarkAdvanced { partition, to, .. } => {
                    self.high_watermark(event, partition, *to, brokers);
                }
                ReplicaEvent::Truncated { partition, to, .. } => {
                    let committed = self.high_watermarks.get(partition).copied();
                    if let Some(committed) = committed
                        && *to < committed
                        && self.still_there(partition, *to, brokers)
                    {
                        let sentence = format!(
                            "broker {} cut {partition} to {to}, although everything below {committed} was committed",
                            event.node
                        );
                        self.broken("no-committed-record-cut", event, sentence);
                    }
                }
                _ => {}
            },
            Body::Client(ClientEvent::Acknowledged { partition, base_offset, count, acks })
                if *acks == -1 =>
            {
                let end = *base_offset + i64::from(*count);
                let epoch = self.leaders.get(partition).map_or(LeaderEpoch::NONE, |l| l.0);
                let known = self.acknowledged.entry(partition.clone()).or_insert((end, epoch));
                if end >= known.0 {
                    *known = (end, epoch);
                }
            }
            Body::Client(ClientEvent::Assigned { generation, partitions }) => {
                self.expected.retain(|(node, _), _| *node != event.node);
                self.polls.retain(|(node, _), _| *node != event.node);
                if let Some(group) = client.and_then(|client| client.group()) {
                    self.assigned(event, group, *generation, partitions);
                }
            }
            Body::Client(
                ClientEvent::PositionFetched { partition, offset }
                | ClientEvent::PositionReset { partition, offset, .. },
            ) => {
                self.polls.remove(&(event.node, partition.clone()));
                self.expected.insert((event.node, partition.clone()), *offset);
            }
            Body::Client(ClientEvent::Polled { from, .. }) => {
                self.polled(event, from, client, brokers)
            }
            Body::Controller(coordination::Event::TopicDeleted { topic }) => {
                self.leaders.retain(|partition, _| partition.topic != *topic);
                self.high_watermarks.retain(|partition, _| partition.topic != *topic);
                self.acknowledged.retain(|partition, _| partition.topic != *topic);
            }
            _ => {}
        }
    }

    /// Whether the cut record is really gone: a leader that never had it does not count as a cut of committed records
    /// twice (the lost write was reported when that leader began).
    fn still_there(
        &self,
        partition: &TopicPartition,
        to: Offset,
        brokers: &BTreeMap<NodeId, BrokerNode>,
    ) -> bool {
        let Some((_, leader)) = self.leaders.get(partition) else {
            return false;
        };
        brokers
            .get(leader)
            .and_then(|node| node.broker.as_ref())
            .and_then(|broker| broker.replicas.get(partition))
            .is_some_and(|replica| replica.log.log_end_offset() <= to)
    }

    fn new_leader(
        &mut self,
        event: &Stamped,
        partition: &TopicPartition,
        epoch: LeaderEpoch,
        start: Offset,
        brokers: &BTreeMap<NodeId, BrokerNode>,
    ) {
        if let Some(&(known_epoch, leader)) = self.leaders.get(partition) {
            if epoch < known_epoch {
                let sentence =
                    format!("{partition} went from leader epoch {known_epoch} back to {epoch}");
                self.broken("epochs-never-go-back", event, sentence);
                return;
            }
            if epoch == known_epoch && leader != event.node {
                let sentence = format!(
                    "brokers {leader} and {} both lead {partition} in epoch {epoch}",
                    event.node
                );
                self.broken("one-leader-per-epoch", event, sentence);
            }
        }
        self.leaders.insert(partition.clone(), (epoch, event.node));
        if let Some(&(end, written_in)) = self.acknowledged.get(partition) {
            let log = brokers
                .get(&event.node)
                .and_then(|node| node.broker.as_ref())
                .and_then(|broker| broker.replicas.get(partition))
                .map(|replica| &replica.log);
            let has = log.is_some_and(|log| {
                start >= end && log.end_offset_for_epoch(written_in).1 >= end.min(start)
            });
            if !has {
                let sentence = format!(
                    "records of {partition} up to offset {} were acknowledged with acks=all, but the new leader, \
                     broker {}, ends at {start}",
                    end.0 - 1,
                    event.node
                );
                self.broken("no-lost-write", event, sentence);
                self.acknowledged.remove(partition);
            }
        }
        self.high_watermarks.remove(partition);
    }

    fn high_watermark(
        &mut self,
        event: &Stamped,
        partition: &TopicPartition,
        to: Offset,
        brokers: &BTreeMap<NodeId, BrokerNode>,
    ) {
        if let Some(&before) = self.high_watermarks.get(partition)
            && to < before
        {
            let sentence =
                format!("the high watermark of {partition} went from {before} back to {to}");
            self.broken("high-watermark-never-goes-back", event, sentence);
        }
        self.high_watermarks.insert(partition.clone(), to);
        let isr = brokers
            .get(&event.node)
            .and_then(|node| node.broker.as_ref())
            .and_then(|broker| broker.replicas.get(partition))
            .and_then(|replica| replica.as_leader())
            .map(|leader| leader.isr.clone())
            .unwrap_or_default();
        for member in isr {
            let end = brokers
                .get(&member)
                .and_then(|node| node.broker.as_ref())
                .and_then(|broker| broker.replicas.get(partition))
                .map(|replica| replica.log.log_end_offset());
            if let Some(end) = end
                && end < to
            {
                let sentence = format!(
                    "the high watermark of {partition} is {to}, but broker {member}, in the ISR, ends at {end}"
                );
                self.broken("high-watermark-within-isr", event, sentence);
            }
        }
    }

    fn polled(
        &mut self,
        event: &Stamped,
        from: &[(TopicPartition, Offset)],
        client: Option<&Client>,
        brokers: &BTreeMap<NodeId, BrokerNode>,
    ) {
        let Some(Client::Consumer(consumer)) = client else {
            return;
        };
        for (partition, offset) in from {
            let key = (event.node, partition.clone());
            // A step may bring several polls; the consumer stands behind the last of them already, so of a later one it
            // is only known that it begins behind the one before.
            let within = self.polls.get(&key).filter(|(step, _)| *step == event.step);
            let expected = match (within, self.expected.get(&key)) {
                (Some((_, before)), Some(&reached)) => {
                    Some((*offset).clamp((*before + 1).min(reached), reached))
                }
                (_, expected) => expected.copied(),
            };
            self.polls.insert(key.clone(), (event.step, *offset));
            if let Some(expected) = expected {
                let name = consumer.name();
                let compacted = expected < Cluster::compacted_up_to(brokers, partition);
                if *offset > expected && !compacted {
                    let sentence = format!(
                        "{name} was handed {partition} from {offset}, although {expected} was next"
                    );
                    self.broken("no-skip", event, sentence);
                } else if *offset < expected {
                    let sentence = format!(
                        "{name} was handed {partition} from {offset} again, although it had reached {expected}"
                    );
                    self.broken("no-non-monotonic-poll", event, sentence);
                }
            }
            if let Some(position) = consumer.position(partition) {
                self.expected.insert(key, position);
            }
        }
    }

    fn assigned(
        &mut self,
        event: &Stamped,
        group: &str,
        generation: i32,
        partitions: &[TopicPartition],
    ) {
        let key = (group.to_owned(), generation);
        self.owners.retain(|(name, known), _| name != group || known + 2 > generation);
        let mut doubled = Vec::new();
        let owners = self.owners.entry(key).or_default();
        owners.retain(|_, owner| *owner != event.node);
        for partition in partitions {
            if let Some(other) = owners.insert(partition.clone(), event.node) {
                doubled.push((partition.clone(), other));
            }
        }
        for (partition, other) in doubled {
            let sentence = format!(
                "{partition} has two owners in generation {generation} of {group}: {other} and {}",
                event.node
            );
            self.broken("one-owner-per-generation", event, sentence);
        }
    }
}
