//! Metadata records: the sentences in which a KRaft cluster writes down what it knows (KIP-631 and later).
//!
//! Names, fields and meaning are those of Kafka's schemas (`metadata/src/main/resources/common/metadata`) at the
//! versions that 4.3 writes; the bytes are in `record_bytes`. A record of a kind or version that the lab has no use for
//! is kept as [`MetadataRecord::Unknown`], byte for byte, so a log written by a real cluster reads back whole.

use crate::types::{
    BrokerEpoch, LeaderEpoch, NodeId, PartitionEpoch, TopicName, TopicPartition, Uuid,
};
use std::fmt;
use std::sync::Arc;

/// What a setting belongs to (`ConfigResource`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConfigResource {
    /// One topic, by name.
    Topic(String),
    /// One broker, by id; empty: all brokers, the cluster's defaults.
    Broker(String),
    /// A kind that the lab has no use for, by Kafka's number and the resource's name.
    Other(i8, String),
}

impl ConfigResource {
    /// A topic.
    pub fn topic(name: &TopicName) -> ConfigResource {
        ConfigResource::Topic(name.as_str().to_owned())
    }
    /// All brokers.
    pub fn cluster() -> ConfigResource {
        ConfigResource::Broker(String::new())
    }
    /// Kafka's number of the kind (`ConfigResource.Type`) and the name.
    pub fn parts(&self) -> (i8, &str) {
        match self {
            ConfigResource::Topic(name) => (2, name),
            ConfigResource::Broker(name) => (4, name),
            ConfigResource::Other(kind, name) => (*kind, name),
        }
    }
    /// The resource of this kind and name.
    pub fn from_parts(kind: i8, name: String) -> ConfigResource {
        match kind {
            2 => ConfigResource::Topic(name),
            4 => ConfigResource::Broker(name),
            _ => ConfigResource::Other(kind, name),
        }
    }
}

impl fmt::Display for ConfigResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigResource::Topic(name) => write!(f, "topic {name}"),
            ConfigResource::Broker(name) if name.is_empty() => write!(f, "all brokers"),
            ConfigResource::Broker(name) => write!(f, "broker {name}"),
            ConfigResource::Other(kind, name) => write!(f, "resource {kind} {name}"),
        }
    }
}

/// Where a node can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The listener's name.
    pub name: String,
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// 0: PLAINTEXT.
    pub security_protocol: i16,
}

/// Which levels of a feature a node supports (KIP-584).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureRange {
    /// The feature.
    pub name: String,
    /// The least level.
    pub min: i16,
    /// The greatest level.
    pub max: i16,
}

/// `RegisterBrokerRecord`: a broker introduced itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterBroker {
    /// The broker.
    pub broker: NodeId,
    /// Drawn anew at each start.
    pub incarnation: Uuid,
    /// The epoch it was given.
    pub epoch: BrokerEpoch,
    /// Where it can be reached.
    pub endpoints: Vec<Endpoint>,
    /// What it supports.
    pub features: Vec<FeatureRange>,
    /// Its rack.
    pub rack: Option<Arc<str>>,
    /// Whether it may lead and be in an ISR.
    pub fenced: bool,
    /// Whether it is about to stop.
    pub in_controlled_shutdown: bool,
    /// Ids of its log directories (KIP-858).
    pub log_directories: Vec<Uuid>,
    /// Directories that take no new replicas (KIP-1066); not said at first.
    pub cordoned: Option<Vec<Uuid>>,
}

/// `BrokerRegistrationChangeRecord`: something about a broker changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerRegistrationChange {
    /// The broker.
    pub broker: NodeId,
    /// Its epoch.
    pub epoch: BrokerEpoch,
    /// Fenced now, unfenced now, or no change.
    pub fenced: Option<bool>,
    /// Whether it entered controlled shutdown with this record.
    pub in_controlled_shutdown: bool,
    /// The directories that are left, if that changed.
    pub log_directories: Option<Vec<Uuid>>,
    /// The cordoned directories, if that changed (KIP-1066).
    pub cordoned: Option<Vec<Uuid>>,
}

/// `RegisterControllerRecord`: a controller introduced itself (KIP-919).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterController {
    /// The controller.
    pub controller: NodeId,
    /// Drawn anew at each start.
    pub incarnation: Uuid,
    /// Whether it could take over from ZooKeeper.
    pub migration_ready: bool,
    /// Where it can be reached.
    pub endpoints: Vec<Endpoint>,
    /// What it supports.
    pub features: Vec<FeatureRange>,
}

/// `PartitionRecord`: a new partition, whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionRecord {
    /// Its number.
    pub partition: u32,
    /// Its topic.
    pub topic: Uuid,
    /// Its replicas, the preferred leader first.
    pub replicas: Vec<NodeId>,
    /// Those in sync.
    pub isr: Vec<NodeId>,
    /// Those that a reassignment takes away.
    pub removing: Vec<NodeId>,
    /// Those that a reassignment adds.
    pub adding: Vec<NodeId>,
    /// The leader.
    pub leader: Option<NodeId>,
    /// Whether it recovers from an unclean election (KIP-704).
    pub recovering: bool,
    /// The leader's epoch.
    pub leader_epoch: LeaderEpoch,
    /// The registration's epoch.
    pub partition_epoch: PartitionEpoch,
    /// The log directory of each replica, in the same order.
    pub directories: Vec<Uuid>,
    /// Replicas outside the ISR that hold all committed records (KIP-966).
    pub elr: Option<Vec<NodeId>>,
    /// Those that were last known to be eligible, or the last leader.
    pub last_known_elr: Option<Vec<NodeId>>,
}

/// `PartitionChangeRecord`: what changed about a partition; everything that is `None` stayed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionChange {
    /// Its number.
    pub partition: u32,
    /// Its topic.
    pub topic: Uuid,
    /// The new ISR.
    pub isr: Option<Vec<NodeId>>,
    /// The new leader; `Some(None)`: there is none now. Even the old leader's name raises the leader epoch.
    pub leader: Option<Option<NodeId>>,
    /// The new replicas.
    pub replicas: Option<Vec<NodeId>>,
    /// The new removing replicas.
    pub removing: Option<Vec<NodeId>>,
    /// The new adding replicas.
    pub adding: Option<Vec<NodeId>>,
    /// The new recovery state.
    pub recovering: Option<bool>,
    /// The new eligible leader replicas.
    pub elr: Option<Vec<NodeId>>,
    /// The new last known eligible leader replicas.
    pub last_known_elr: Option<Vec<NodeId>>,
    /// The new directories.
    pub directories: Option<Vec<Uuid>>,
}

impl PartitionChange {
    /// Whether it says nothing (`PartitionChangeBuilder.changeRecordIsNoOp`).
    pub fn is_no_op(&self) -> bool {
        let blank = PartitionChange {
            partition: self.partition,
            topic: self.topic,
            ..PartitionChange::default()
        };
        *self == blank
    }
}

/// One record of `__cluster_metadata-0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataRecord {
    /// A broker introduced itself.
    RegisterBroker(RegisterBroker),
    /// A broker is forgotten.
    UnregisterBroker {
        /// Which.
        broker: NodeId,
        /// Its epoch.
        epoch: BrokerEpoch,
    },
    /// A new topic.
    Topic {
        /// Its name.
        name: TopicName,
        /// Its id (KIP-516).
        id: Uuid,
    },
    /// A new partition.
    Partition(PartitionRecord),
    /// A setting.
    Config {
        /// Of what.
        resource: ConfigResource,
        /// Its name.
        name: String,
        /// Its value; none: back to the default.
        value: Option<String>,
    },
    /// A partition changed.
    PartitionChange(PartitionChange),
    /// A topic is gone, with all partitions.
    RemoveTopic {
        /// Its id.
        id: Uuid,
    },
    /// The level of a feature.
    FeatureLevel {
        /// The feature.
        name: String,
        /// The level; 0 means that it is off.
        level: i16,
    },
    /// A block of producer ids was given to a broker.
    ProducerIds {
        /// To whom.
        broker: NodeId,
        /// Its epoch.
        epoch: BrokerEpoch,
        /// The first id of the next block.
        next_producer_id: i64,
    },
    /// Something about a broker changed.
    BrokerRegistrationChange(BrokerRegistrationChange),
    /// Nothing, so that the log's end moves (KIP-835).
    NoOp,
    /// The records up to the end record belong together (KIP-868).
    BeginTransaction {
        /// What for.
        name: Option<String>,
    },
    /// The transaction is complete.
    EndTransaction,
    /// How far a cluster has come on its way from ZooKeeper (KIP-866): nothing was moved, in the lab (until 3.9).
    ZkMigrationState {
        /// 0: none.
        state: i8,
    },
    /// A controller introduced itself.
    RegisterController(RegisterController),
    /// ELRs are forgotten, since `min.insync.replicas` changed (KIP-966).
    ClearElr {
        /// Of this topic; empty: of all.
        topic: String,
    },
    /// A record that the lab does not interpret.
    Unknown {
        /// Its API key.
        kind: u32,
        /// Its version.
        version: u32,
        /// The whole record, frame included.
        bytes: Vec<u8>,
    },
}

impl MetadataRecord {
    /// Kafka's name, as its dump tool prints it.
    pub fn name(&self) -> &'static str {
        match self {
            MetadataRecord::RegisterBroker(_) => "REGISTER_BROKER_RECORD",
            MetadataRecord::UnregisterBroker { .. } => "UNREGISTER_BROKER_RECORD",
            MetadataRecord::Topic { .. } => "TOPIC_RECORD",
            MetadataRecord::Partition(_) => "PARTITION_RECORD",
            MetadataRecord::Config { .. } => "CONFIG_RECORD",
            MetadataRecord::PartitionChange(_) => "PARTITION_CHANGE_RECORD",
            MetadataRecord::RemoveTopic { .. } => "REMOVE_TOPIC_RECORD",
            MetadataRecord::FeatureLevel { .. } => "FEATURE_LEVEL_RECORD",
            MetadataRecord::ProducerIds { .. } => "PRODUCER_IDS_RECORD",
            MetadataRecord::BrokerRegistrationChange(_) => "BROKER_REGISTRATION_CHANGE_RECORD",
            MetadataRecord::NoOp => "NO_OP_RECORD",
            MetadataRecord::ZkMigrationState { .. } => "ZK_MIGRATION_STATE_RECORD",
            MetadataRecord::BeginTransaction { .. } => "BEGIN_TRANSACTION_RECORD",
            MetadataRecord::EndTransaction => "END_TRANSACTION_RECORD",
            MetadataRecord::RegisterController(_) => "REGISTER_CONTROLLER_RECORD",
            MetadataRecord::ClearElr { .. } => "CLEAR_ELR_RECORD",
            MetadataRecord::Unknown { .. } => "UNKNOWN_RECORD",
        }
    }

    /// The fields that say something, in one line.
    pub fn describe(&self) -> String {
        match self {
            MetadataRecord::RegisterBroker(r) => {
                let fenced = if r.fenced { "fenced" } else { "unfenced" };
                format!("broker {} registers with epoch {}, {fenced}", r.broker, r.epoch)
            }
            MetadataRecord::UnregisterBroker { broker, epoch } => {
                format!("broker {broker} (epoch {epoch}) is unregistered")
            }
            MetadataRecord::Topic { name, id } => format!("topic {name} id {id}"),
            MetadataRecord::Partition(r) => format!(
                "partition {} of {}: replicas {} isr {} leader {} leader epoch {} partition epoch {}",
                r.partition,
                r.topic,
                list(&r.replicas),
                list(&r.isr),
                leader(r.leader),
                r.leader_epoch,
                r.partition_epoch
            ),
            MetadataRecord::Config { resource, name, value } => match value {
                Some(value) => format!("{resource}: {name}={value}"),
                None => format!("{resource}: {name} back to its default"),
            },
            MetadataRecord::PartitionChange(r) => describe_change(r),
            MetadataRecord::RemoveTopic { id } => format!("topic with id {id} is removed"),
            MetadataRecord::FeatureLevel { name, level } => format!("{name} is {level}"),
            MetadataRecord::ProducerIds { broker, next_producer_id, .. } => {
                format!("broker {broker} got producer ids below {next_producer_id}")
            }
            MetadataRecord::BrokerRegistrationChange(r) => describe_registration_change(r),
            MetadataRecord::NoOp => "nothing".to_owned(),
            MetadataRecord::ZkMigrationState { state: 0 } => {
                "nothing comes from ZooKeeper".to_owned()
            }
            MetadataRecord::ZkMigrationState { state } => {
                format!("on the way from ZooKeeper: {state}")
            }
            MetadataRecord::BeginTransaction { name } => {
                format!("begin: {}", name.as_deref().unwrap_or("without a name"))
            }
            MetadataRecord::EndTransaction => "end".to_owned(),
            MetadataRecord::RegisterController(r) => {
                format!("controller {} registers", r.controller)
            }
            MetadataRecord::ClearElr { topic } if topic.is_empty() => {
                "all eligible leader replicas are forgotten".to_owned()
            }
            MetadataRecord::ClearElr { topic } => {
                format!("eligible leader replicas of {topic} are forgotten")
            }
            MetadataRecord::Unknown { kind, version, bytes } => {
                format!("api key {kind} version {version}, {} bytes not decoded", bytes.len())
            }
        }
    }

    /// The partition of a record about one, its topic's name looked up by `name_of`.
    pub fn partition(&self, name_of: impl Fn(Uuid) -> Option<TopicName>) -> Option<TopicPartition> {
        let (topic, partition) = match self {
            MetadataRecord::Partition(r) => (r.topic, r.partition),
            MetadataRecord::PartitionChange(r) => (r.topic, r.partition),
            _ => return None,
        };
        Some(TopicPartition { topic: name_of(topic)?, partition })
    }
}

/// `[1,2,3]`.
pub(super) fn list(nodes: &[NodeId]) -> String {
    let names: Vec<String> = nodes.iter().map(NodeId::to_string).collect();
    format!("[{}]", names.join(","))
}

/// A leader, or `none`.
pub(super) fn leader(node: Option<NodeId>) -> String {
    node.map_or("none".to_owned(), |node| node.to_string())
}

fn describe_change(change: &PartitionChange) -> String {
    let mut text = format!("partition {} of {}:", change.partition, change.topic);
    let mut say = |name: &str, nodes: &Option<Vec<NodeId>>| {
        if let Some(nodes) = nodes {
            text += &format!(" {name} {}", list(nodes));
        }
    };
    say("isr", &change.isr);
    say("replicas", &change.replicas);
    say("removing", &change.removing);
    say("adding", &change.adding);
    say("elr", &change.elr);
    say("last known elr", &change.last_known_elr);
    if let Some(new) = change.leader {
        text += &format!(" leader {}", leader(new));
    }
    match change.recovering {
        Some(true) => text += " recovering",
        Some(false) => text += " recovered",
        None => {}
    }
    if change.directories.is_some() {
        text += " directories";
    }
    text
}

fn describe_registration_change(change: &BrokerRegistrationChange) -> String {
    let mut text = format!("broker {} (epoch {}):", change.broker, change.epoch);
    match change.fenced {
        Some(true) => text += " fenced",
        Some(false) => text += " unfenced",
        None => {}
    }
    if change.in_controlled_shutdown {
        text += " in controlled shutdown";
    }
    if let Some(directories) = &change.log_directories {
        text += &format!(" {} log directories", directories.len());
    }
    if let Some(cordoned) = &change.cordoned {
        text += &format!(" {} cordoned log directories", cordoned.len());
    }
    text
}
