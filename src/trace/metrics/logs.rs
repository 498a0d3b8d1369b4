//! The metrics of logs: per partition (`kafka.log:type=Log`), of flushing, of the cleaner, of what was rejected.
//!
//! ```text
//!   Size orders-0                 284    3 128   +2 844    b1 1 564   b2 1 564    bytes of its segments
//! ```
//!
//! There may be thousands of partitions: those are listed that moved since somebody looked, at most [`MOST`] lines.
//! Kafka's `LogFlushRateAndTimeMs` counts and measures; here the count bears its name, and what the flushes cost by the
//! model stands beside it (ledger: `flush-price`). Partitions of Kafka's own topics are left out.

use super::{Metric, per_broker, running};
use crate::broker::Broker;
use crate::cluster::Lab;
use crate::replica::Replica;
use crate::types::{NodeId, TopicPartition};
use std::collections::BTreeSet;

/// Most lines about single partitions.
const MOST: usize = 16;

type Words = (&'static str, &'static str);
type OfBroker = (&'static str, bool, fn(&Broker) -> u64, Words);
type OfLog = (&'static str, bool, fn(&Replica) -> i64, Words);

const OF_BROKERS: &[OfBroker] = &[
    (
        "LogFlushRateAndTimeMs",
        false,
        |broker| logs(broker).map(|replica| replica.log.flushes()).sum(),
        ("flushes of logs so far", "至今的刷盘次数"),
    ),
    (
        "lab:LogFlushMs",
        false,
        |broker| logs(broker).map(|replica| replica.log.flush_time().as_ms()).sum(),
        ("milliseconds that they took, by the model", "按模型计的刷盘毫秒数"),
    ),
    (
        "BytesRejectedPerSec",
        true,
        |broker| broker.rejected.bytes,
        ("bytes of batches that were too large", "因批次过大而拒绝的字节数"),
    ),
    (
        "InvalidMessageCrcRecordsPerSec",
        true,
        |broker| broker.rejected.corrupt,
        ("batches with a wrong checksum", "校验和不符的批次数"),
    ),
    (
        "uncleanable-partitions-count",
        true,
        |broker| broker.uncleanable_count() as u64,
        ("logs that the cleaner has given up", "清理线程已放弃的日志数"),
    ),
];

/// Name, whether the copies add up (the greatest counts otherwise), value, words.
const OF_LOGS: &[OfLog] = &[
    ("NumLogSegments", true, |replica| replica.log.segments().len() as i64, ("segments", "段数")),
    (
        "Size",
        true,
        |replica| replica.log.size_bytes() as i64,
        ("bytes of its segments", "各段字节数"),
    ),
    (
        "LogStartOffset",
        false,
        |replica| replica.log.log_start_offset().0,
        ("first offset", "起始偏移量"),
    ),
    (
        "LogEndOffset",
        false,
        |replica| replica.log.log_end_offset().0,
        ("next offset", "下一个偏移量"),
    ),
];

fn logs(broker: &Broker) -> impl Iterator<Item = &Replica> {
    broker.replicas.values()
}

/// Adds them to the others.
pub(super) fn add(lab: &Lab, metrics: &mut Vec<Metric>) {
    for &(name, alarm, of, words) in OF_BROKERS {
        let brokers = per_broker(lab, |id| running(lab, id).map_or(0, |b| of(b) as i64));
        let value = brokers.iter().map(|(_, value)| value).sum();
        let alarming = alarm && value > 0;
        metrics.push(Metric { brokers, quiet: true, alarming, ..Metric::of(name, value, words) });
    }
    let brokers = per_broker(lab, |id| running(lab, id).map_or(0, |b| max_dirty(lab, b)));
    let value = brokers.iter().map(|(_, value)| *value).max().unwrap_or(0);
    let words = ("dirty part of the dirtiest log, in percent", "最脏日志的脏区百分比");
    let dirty = Metric::of("max-dirty-percent", value, words);
    metrics.push(Metric { brokers, quiet: true, ..dirty });
    let ids: Vec<NodeId> = lab.cluster().brokers.keys().copied().collect();
    let all = ids.iter().filter_map(|&id| running(lab, id)).flat_map(logs);
    let partitions: BTreeSet<&TopicPartition> = all.map(|replica| &replica.partition).collect();
    for partition in partitions.into_iter().filter(|p| !p.topic.as_str().starts_with("__")) {
        for &(name, adds_up, of, words) in OF_LOGS {
            let replica = |&id: &NodeId| {
                let replica = running(lab, id)?.replicas.get(partition)?;
                Some((id, of(replica)))
            };
            let brokers: Vec<(NodeId, i64)> = ids.iter().filter_map(replica).collect();
            let values = brokers.iter().map(|(_, value)| *value);
            let value = if adds_up { values.sum() } else { values.max().unwrap_or(0) };
            let (partition, quiet) = (Some(partition.clone()), true);
            metrics.push(Metric { partition, brokers, quiet, ..Metric::of(name, value, words) });
        }
    }
}

fn max_dirty(lab: &Lab, broker: &Broker) -> i64 {
    let all = broker.replicas.keys();
    let cleanable = all.filter_map(|p| broker.cleanable(p, lab.disk(), lab.now()));
    cleanable.map(|log| (log.dirty_ratio() * 100.0) as i64).max().unwrap_or(0)
}

/// Those that say something, and how many are left out for want of room. Metrics of single partitions are listed when
/// they moved since somebody looked.
pub(super) fn worth_listing(
    metrics: Vec<Metric>,
    looked_before: bool,
    before: &dyn Fn(&Metric) -> i64,
) -> (Vec<Metric>, usize) {
    let (mut single, mut left_out) = (0, 0);
    let listed = metrics.into_iter().filter(|metric| {
        let moved = metric.value != before(metric);
        match (&metric.partition, metric.quiet) {
            (_, false) => true,
            (None, true) => metric.value != 0 || moved,
            (Some(_), true) if !looked_before || !moved => false,
            (Some(_), true) => {
                single += 1;
                left_out += usize::from(single > MOST);
                single <= MOST
            }
        }
    });
    (listed.collect(), left_out)
}
