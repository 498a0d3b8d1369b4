//! What flows and what waits: bytes and messages in, requests in a broker's queue, how far followers and metadata lag.
//!
//! Kafka's `…PerSec` are meters; here stands how much was counted since the cluster was formatted, so that the
//! difference between two looks is exact (ledger: `few-metrics`). Sources: classes `BrokerTopicMetrics`,
//! `RequestChannel`, `AbstractFetcherManager` (`MaxLag`), `BrokerServerMetrics` (`last-applied-record-*`).

use super::{Metric, per_broker};
use crate::cluster::{Lab, NodeState};
use crate::types::NodeId;

/// How many records of the metadata log a broker has not applied yet.
pub fn metadata_lag(lab: &Lab, id: NodeId) -> i64 {
    let end = lab.cluster().last_controller().map_or(0, |c| c.log.log_end_offset().0);
    let applied = lab.cluster().broker(id).map_or(-1, |broker| broker.observer.image.offset.0);
    (end - 1 - applied).max(0)
}

/// The offsets by which the follower that is furthest behind lacks what its leader has.
fn max_lag(lab: &Lab, id: NodeId) -> i64 {
    let Some(broker) = super::running(lab, id) else { return 0 };
    let Some(image) = super::common::image(lab) else { return 0 };
    let lags = broker.replicas.iter().filter(|(_, replica)| !replica.is_leader()).filter_map(
        |(partition, replica)| {
            let leader = image.partition(partition)?.leader.filter(|leader| *leader != id)?;
            let copy = lab.cluster().broker(leader)?.replicas.get(partition)?;
            Some(copy.log_end_offset().0 - replica.log_end_offset().0)
        },
    );
    lags.max().unwrap_or(0).max(0)
}

/// Most partitions whose lag is told one by one.
const MOST_LAGS: usize = 1_000;

/// How long the controller's work on brokers that came or went took, in whole milliseconds: each broker's own timer, as
/// in Kafka, begun anew with its process (`ControllerStats`, later `ControllerEventManager`).
pub(super) fn add_changes(lab: &Lab, metrics: &mut Vec<Metric>) {
    let timed = |id: NodeId| {
        let side = super::running(lab, id)?.zookeeper.as_deref()?;
        Some(side.controller.broker_changes)
    };
    let mean = |id| {
        timed(id).map_or(0, |all| (all.total.as_ms() as i64).checked_div(all.count).unwrap_or(0))
    };
    let longest = |id| timed(id).map_or(0, |all| all.longest.as_ms() as i64);
    let mut add = |name, words, of: &dyn Fn(NodeId) -> i64| {
        let brokers = per_broker(lab, of);
        let value = brokers.iter().map(|(_, value)| *value).max().unwrap_or(0);
        metrics.push(Metric { brokers, quiet: true, ..Metric::of(name, value, words) });
    };
    let words = ("ms that one such change took, on average", "处理一次上下线平均用时（毫秒）");
    add("LeaderElectionRateAndTimeMs(Mean)", words, &mean);
    let words = ("ms that the longest of them took", "其中最长一次用时（毫秒）");
    add("LeaderElectionRateAndTimeMs(Max)", words, &longest);
}

/// What each follower lacks of each partition (`FetcherLagMetrics`).
fn add_lags(lab: &Lab, metrics: &mut Vec<Metric>) {
    let Some(image) = super::common::image(lab) else { return };
    let words = ("offsets that a follower lacks", "follower 落后的偏移量");
    for (partition, registration) in image.partitions().take(MOST_LAGS) {
        let Some(leader) = registration.leader else { continue };
        let Some(led) = super::running(lab, leader).and_then(|b| b.replicas.get(&partition)) else {
            continue;
        };
        let end = led.log_end_offset().0;
        let follower = |id: &&NodeId| **id != leader;
        let lag = |id: &NodeId| {
            let own = super::running(lab, *id)?.replicas.get(&partition)?;
            Some((*id, (end - own.log_end_offset().0).max(0)))
        };
        let brokers: Vec<(NodeId, i64)> =
            registration.replicas.iter().filter(follower).filter_map(lag).collect();
        let value = brokers.iter().map(|(_, lag)| *lag).max().unwrap_or(0);
        let partition = Some(partition);
        let lag = Metric::of("ConsumerLag", value, words);
        metrics.push(Metric { partition, brokers, quiet: true, ..lag });
    }
}

/// Adds them to the others.
pub(super) fn add(lab: &Lab, metrics: &mut Vec<Metric>) {
    let tally = &lab.cluster().tally;
    let mut sum = |name: &'static str, words, of: &dyn Fn(NodeId) -> i64| {
        let brokers = per_broker(lab, of);
        let value = brokers.iter().map(|(_, value)| value).sum();
        metrics.push(Metric { brokers, quiet: true, ..Metric::of(name, value, words) });
    };
    sum(
        "MessagesInPerSec",
        ("records that leaders took so far", "至今 leader 收下的记录数"),
        &|id| tally.of_broker("MessagesInPerSec", id),
    );
    sum(
        "BytesInPerSec",
        ("bytes that leaders took so far", "至今 leader 收下的字节"),
        &|id| tally.of_broker("BytesInPerSec", id),
    );
    let queue = |id: NodeId| match lab.cluster().brokers.get(&id) {
        Some(node) if node.state == NodeState::Paused => node.inbox.len() as i64,
        _ => 0,
    };
    let words = ("requests that wait for a broker's threads", "等待 broker 线程的请求");
    sum("RequestQueueSize", words, &queue);
    let mut greatest = |name: &'static str, words, of: &dyn Fn(NodeId) -> i64| {
        let brokers = per_broker(lab, of);
        let value = brokers.iter().map(|(_, value)| *value).max().unwrap_or(0);
        metrics.push(Metric { brokers, quiet: true, ..Metric::of(name, value, words) });
    };
    let words = ("offsets that the slowest follower lacks", "最慢 follower 落后的偏移量");
    greatest("MaxLag", words, &|id| max_lag(lab, id));
    let metrics_of_lag = &mut Vec::new();
    add_lags(lab, metrics_of_lag);
    let words =
        ("last metadata record that each broker applied", "每个 broker 最后应用的元数据记录");
    greatest("last-applied-record-offset", words, &|id| {
        lab.cluster().broker(id).map_or(-1, |broker| broker.observer.image.offset.0)
    });
    let words = ("metadata records that a broker has not applied", "broker 尚未应用的元数据记录数");
    greatest("lab:MetadataLag", words, &|id| metadata_lag(lab, id));
    metrics.append(metrics_of_lag);
}
