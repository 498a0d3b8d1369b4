//! Metrics by Kafka's names, summed over the cluster where Kafka keeps them by broker.

use crate::cluster::{Lab, NodeState};
use crate::script::error::nearest;
use crate::script::expression::Value;
use crate::trace;

/// Every metric that can be asked for.
pub const METRICS: &[&str] = &[
    "ActiveBrokerCount",
    "ActiveControllerCount",
    "AtMinIsrPartitionCount",
    "BytesOutPerSec",
    "FencedBrokerCount",
    "FetchMessageConversionsPerSec",
    "GlobalPartitionCount",
    "GlobalTopicCount",
    "IsrExpandsPerSec",
    "IsrShrinksPerSec",
    "LeaderCount",
    "LeaderElectionRateAndTimeMs",
    "LogEndOffset",
    "LogFlushRateAndTimeMs",
    "LogStartOffset",
    "NumLogSegments",
    "OfflinePartitionsCount",
    "PartitionCount",
    "PreferredReplicaImbalanceCount",
    "ProduceMessageConversionsPerSec",
    "Size",
    "UncleanLeaderElectionsPerSec",
    "UnderMinIsrPartitionCount",
    "UnderReplicatedPartitions",
    "lab:UserSpaceBytesCopied",
    "max-dirty-percent",
    "uncleanable-partitions-count",
];

/// The value of a metric.
pub fn metric(lab: &Lab, name: &str) -> Result<Value, String> {
    let cluster = lab.cluster();
    if !METRICS.contains(&name) {
        return Err(match nearest(name, METRICS.iter().copied()) {
            Some(near) => format!("there is no metric '{name}': did you mean '{near}'?"),
            None => format!("there is no metric '{name}'; there are {}", METRICS.join(", ")),
        });
    }
    let alive = cluster.brokers.values().filter(|node| node.state == NodeState::Alive);
    let replicas =
        alive.filter_map(|node| node.broker.as_deref()).flat_map(|b| b.replicas.values());
    let user =
        |replica: &&crate::replica::Replica| !replica.partition.topic.as_str().starts_with("__");
    let controller = cluster.controller();
    let image = controller.map(|controller| &controller.image);
    let brokers = || image.into_iter().flat_map(|image| image.brokers.values());
    let partitions = || image.into_iter().flat_map(|image| image.partitions());
    let count = match name {
        "ActiveBrokerCount" => brokers().filter(|broker| !broker.fenced).count(),
        "ActiveControllerCount" => usize::from(controller.is_some()),
        "FencedBrokerCount" => brokers().filter(|broker| broker.fenced).count(),
        "GlobalPartitionCount" => partitions().count(),
        "GlobalTopicCount" => image.map_or(0, |image| image.topics.len()),
        "OfflinePartitionsCount" => partitions().filter(|(_, p)| p.leader.is_none()).count(),
        "PreferredReplicaImbalanceCount" => {
            partitions().filter(|(_, p)| p.leader != p.preferred_leader()).count()
        }
        "NumLogSegments" => replicas.filter(user).map(|r| r.log.segments().len()).sum(),
        "Size" => replicas.filter(user).map(|r| r.log.size_bytes() as usize).sum(),
        "LogStartOffset" => sum(replicas.filter(user).map(|r| r.log.log_start_offset())),
        "LogEndOffset" => sum(replicas.filter(user).map(|r| r.log.log_end_offset())),
        "LogFlushRateAndTimeMs" => replicas.map(|r| r.log.flushes() as usize).sum(),
        "max-dirty-percent" => max_dirty_percent(lab),
        "uncleanable-partitions-count" => uncleanable(lab),
        "LeaderCount" => replicas.filter(|replica| replica.is_leader()).count(),
        "PartitionCount" => replicas.count(),
        "UnderReplicatedPartitions" => replicas
            .filter_map(|replica| Some((replica.as_leader()?, replica)))
            .filter(|(leader, replica)| leader.isr.len() < replica.assigned.len())
            .count(),
        "UnderMinIsrPartitionCount" => replicas
            .filter_map(|replica| Some((replica.as_leader()?, replica)))
            .filter(|(leader, replica)| leader.isr.len() < replica.min_insync_replicas())
            .count(),
        counted => return Ok(Value::Number(trace::metrics::metric(lab, counted).unwrap_or(0))),
    };
    Ok(Value::Number(count as i64))
}

fn sum(offsets: impl Iterator<Item = crate::types::Offset>) -> usize {
    offsets.map(|offset| usize::try_from(offset.0).unwrap_or(0)).sum()
}

/// The dirtiest log's dirty part, in percent.
fn max_dirty_percent(lab: &Lab) -> usize {
    let brokers = lab.cluster().brokers.values().filter_map(|node| node.broker.as_deref());
    let ratios = brokers.flat_map(|broker| {
        broker.replicas.keys().filter_map(|p| broker.cleanable(p, lab.disk(), lab.now()))
    });
    ratios.map(|cleanable| (cleanable.dirty_ratio() * 100.0) as usize).max().unwrap_or(0)
}

fn uncleanable(lab: &Lab) -> usize {
    let brokers = lab.cluster().brokers.values().filter_map(|node| node.broker.as_deref());
    brokers.map(|broker| broker.uncleanable_count()).sum()
}
