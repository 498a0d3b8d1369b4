//! Which metrics there were, in which version and with which coordination, as its own jars name them.
//!
//! ```text
//!   kafka=0.10.2   no UnderMinIsrPartitionCount yet (KIP-164)     LeaderElectionRateAndTimeMs counts broker changes
//!   kafka=4.3      FencedBrokerCount, last-applied-record-offset  no LeaderElectionRateAndTimeMs any more
//! ```
//!
//! Always: what a version does not have is neither listed nor answered, with the reason. Sources: the strings in
//! `KafkaController`, `ControllerStats`, `ControllerState`, `Partition`, `ReplicaManager`, `BrokerTopicMetrics`,
//! `LogCleanerManager` of 0.8.2.2, 0.10.2.2, 2.1.1 and 3.9.1, in `ControllerMetadataMetrics`, `QuorumControllerMetrics`
//! and `BrokerServerMetrics` of 4.3.1.

use crate::cluster::Lab;
use crate::era::{Coordination, is_before};

/// What a metric needs.
enum Needs {
    /// A quorum of controllers.
    Kraft,
    /// ZooKeeper.
    ZooKeeper,
    /// This version.
    Since(&'static str),
}

const NEEDS: &[(&str, Needs)] = &[
    ("ActiveBrokerCount", Needs::Kraft),
    ("AtMinIsrPartitionCount", Needs::Since("2.4")),
    ("FencedBrokerCount", Needs::Kraft),
    ("FetchMessageConversionsPerSec", Needs::Since("1.0")),
    ("GlobalPartitionCount", Needs::Since("1.0")),
    ("GlobalTopicCount", Needs::Since("1.0")),
    ("InvalidMessageCrcRecordsPerSec", Needs::Since("2.3")),
    ("LeaderElectionRateAndTimeMs", Needs::ZooKeeper),
    ("LeaderElectionRateAndTimeMs(Max)", Needs::ZooKeeper),
    ("LeaderElectionRateAndTimeMs(Mean)", Needs::ZooKeeper),
    ("ProduceMessageConversionsPerSec", Needs::Since("1.0")),
    ("UnderMinIsrPartitionCount", Needs::Since("1.0")),
    ("lab:MetadataLag", Needs::Kraft),
    ("last-applied-record-offset", Needs::Kraft),
    ("uncleanable-partitions-count", Needs::Since("2.1")),
];

/// Why this cluster does not have a metric; nothing, if it does.
pub fn lacks(name: &str, lab: &Lab) -> Option<String> {
    let (_, needs) = NEEDS.iter().find(|(known, _)| *known == name)?;
    let cluster = lab.cluster();
    let kraft = cluster.spec.coordination() == Coordination::Kraft;
    let kafka = cluster.config.log.era.kafka;
    match needs {
        Needs::Kraft if !kraft => {
            Some(format!("{name} came with KRaft: with ZooKeeper there is none"))
        }
        Needs::ZooKeeper if kraft => Some(format!("{name} went with ZooKeeper: KRaft has none")),
        Needs::Since(version) if is_before(kafka, version) => {
            Some(format!("{name} came after Kafka {kafka}"))
        }
        _ => None,
    }
}
