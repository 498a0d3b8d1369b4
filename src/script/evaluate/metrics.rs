//! Metrics by Kafka's names, summed over the cluster where Kafka keeps them by broker.

use crate::cluster::{Lab, NodeState};
use crate::script::error::nearest;
use crate::script::expression::Value;
use crate::trace;
use crate::types::NodeId;

/// Every metric that can be asked for.
pub const METRICS: &[&str] = &[
    "ActiveBrokerCount",
    "ActiveControllerCount",
    "AtMinIsrPartitionCount",
    "BytesInPerSec",
    "BytesOutPerSec",
    "BytesRejectedPerSec",
    "ConsumerLag",
    "FencedBrokerCount",
    "FetchMessageConversionsPerSec",
    "GlobalPartitionCount",
    "GlobalTopicCount",
    "InvalidMessageCrcRecordsPerSec",
    "IsrExpandsPerSec",
    "IsrShrinksPerSec",
    "LeaderCount",
    "LeaderElectionRateAndTimeMs",
    "LeaderElectionRateAndTimeMs(Max)",
    "LeaderElectionRateAndTimeMs(Mean)",
    "LogEndOffset",
    "LogFlushRateAndTimeMs",
    "LogStartOffset",
    "MaxLag",
    "MessagesInPerSec",
    "NumLogSegments",
    "OfflinePartitionsCount",
    "PartitionCount",
    "PreferredReplicaImbalanceCount",
    "ProduceMessageConversionsPerSec",
    "PurgatorySize(Fetch)",
    "PurgatorySize(Produce)",
    "ReplicaLag",
    "RequestQueueSize",
    "Size",
    "UncleanLeaderElectionsPerSec",
    "UnderMinIsrPartitionCount",
    "UnderReplicatedPartitions",
    "lab:LogFlushMs",
    "lab:MetadataLag",
    "lab:UserSpaceBytesCopied",
    "last-applied-record-offset",
    "max-dirty-percent",
    "uncleanable-partitions-count",
];

/// The value of a metric: over the cluster, or what one broker counts.
pub fn metric(lab: &Lab, name: &str, broker: Option<NodeId>) -> Result<Value, String> {
    let cluster = lab.cluster();
    if !METRICS.contains(&name) {
        return Err(match nearest(name, METRICS.iter().copied()) {
            Some(near) => format!("there is no metric '{name}': did you mean '{near}'?"),
            None => format!("there is no metric '{name}'; there are {}", METRICS.join(", ")),
        });
    }
    if let Some(reason) = trace::metrics::lacks(name, lab) {
        return Err(reason);
    }
    if let Some(broker) = broker {
        return match trace::metrics::metric_of(lab, name, broker) {
            Some(Ok(value)) => Ok(Value::Number(value)),
            _ => Err(format!("{name} is the controller's to count: write metric(\"{name}\")")),
        };
    }
    let alive = cluster.brokers.values().filter(|node| node.state == NodeState::Alive);
    let replicas =
        alive.filter_map(|node| node.broker.as_deref()).flat_map(|b| b.replicas.values());
    let image = cluster.active_image();
    let brokers = || image.into_iter().flat_map(|image| image.brokers.values());
    let partitions = || image.into_iter().flat_map(|image| image.partitions());
    let count = match name {
        "ActiveBrokerCount" => brokers().filter(|broker| !broker.fenced).count(),
        "ActiveControllerCount" => cluster.deciding(),
        "FencedBrokerCount" => brokers().filter(|broker| broker.fenced).count(),
        "GlobalPartitionCount" => partitions().count(),
        "GlobalTopicCount" => image.map_or(0, |image| image.topics.len()),
        "OfflinePartitionsCount" => partitions().filter(|(_, p)| p.leader.is_none()).count(),
        "PreferredReplicaImbalanceCount" => {
            partitions().filter(|(_, p)| p.leader != p.preferred_leader()).count()
        }
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
