//! Kafka's znodes: their paths, and the JSON that is in them, both ways (`ZkData`).
//!
//! ```text
//!   /controller                                   {"version":1,"brokerid":1,"timestamp":"…"}       ephemeral
//!   /controller_epoch                             3
//!   /brokers/ids/1                                {"host":…,"port":…,"rack":…}                     ephemeral
//!   /brokers/topics/orders                        {"version":1,"partitions":{"0":[1,2,3]}}
//!   /brokers/topics/orders/partitions/0/state     {"controller_epoch":1,"leader":1,"version":1,"leader_epoch":0,…}
//!   /isr_change_notification/isr_change_0000000000   {"version":1,"partitions":[{"topic":…,"partition":…}]}
//!   /admin/delete_topics/orders   /admin/reassign_partitions   /admin/preferred_replica_election
//!   /config/topics/orders                         {"version":1,"config":{"retention.ms":"60000"}}
//! ```
//!
//! Always: what is written here is read back here; what cannot be read is `None`, since anybody may write into the
//! tree. The order of the fields is that of Kafka's own output. Left out: access lists, tokens, quotas, features.

use super::controller::LeaderAndIsr;
use crate::coordination::kraft::ConfigResource;
use crate::era::is_before;
use crate::types::{LeaderEpoch, NodeId, PartitionEpoch, TopicName, TopicPartition, Uuid};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Who is the controller.
pub const CONTROLLER: &str = "/controller";
/// How many controllers there were.
pub const CONTROLLER_EPOCH: &str = "/controller_epoch";
/// Parent of the brokers that are alive.
pub const BROKER_IDS: &str = "/brokers/ids";
/// Parent of the topics.
pub const TOPICS: &str = "/brokers/topics";
/// Parent of the topics to be deleted.
pub const DELETE_TOPICS: &str = "/admin/delete_topics";
/// What is to be reassigned.
pub const REASSIGN_PARTITIONS: &str = "/admin/reassign_partitions";
/// What is to go back to its preferred leader.
pub const PREFERRED_REPLICA_ELECTION: &str = "/admin/preferred_replica_election";
/// Parent of the leaders' notes about changed ISRs.
pub const ISR_CHANGE_NOTIFICATION: &str = "/isr_change_notification";
/// What a leader's note is called; ZooKeeper adds ten digits.
pub const ISR_CHANGE_PREFIX: &str = "/isr_change_notification/isr_change_";
/// The znode below `/config/brokers` whose settings are those of all brokers (since 1.1, KIP-226).
const ALL_BROKERS: &str = "<default>";
/// Settings of topics.
pub const TOPIC_CONFIGS: &str = "/config/topics";
/// What a note about a changed setting is called; ZooKeeper adds ten digits.
pub const CONFIG_CHANGE_PREFIX: &str = "/config/changes/config_change_";

/// Znodes that every broker makes sure of when it starts, with the first version that did (`ZkData.PersistentZkPaths`).
const PERSISTENT: &[(&str, &str)] = &[
    ("/consumers", "0.8"),
    ("/brokers", "0.8"),
    (BROKER_IDS, "0.8"),
    (TOPICS, "0.8"),
    ("/config", "0.8"),
    ("/config/changes", "0.8"),
    (TOPIC_CONFIGS, "0.8"),
    ("/config/brokers", "0.8"),
    ("/admin", "0.8"),
    (DELETE_TOPICS, "0.8"),
    ("/brokers/seqid", "0.8"),
    (ISR_CHANGE_NOTIFICATION, "0.9"),
];

/// Whether a path is of the trunk in any version.
pub fn is_persistent(path: &str) -> bool {
    PERSISTENT.iter().any(|(known, _)| *known == path)
}

/// The trunk of the tree in a version.
pub fn persistent(kafka: &str) -> impl Iterator<Item = &'static str> {
    PERSISTENT.iter().filter(move |(_, since)| !is_before(kafka, since)).map(|(path, _)| *path)
}

/// The znode of a broker that is alive.
pub fn broker_path(broker: NodeId) -> Arc<str> {
    format!("{BROKER_IDS}/{broker}").into()
}
/// A topic's replicas.
pub fn topic_path(topic: &TopicName) -> Arc<str> {
    format!("{TOPICS}/{topic}").into()
}
/// Parent of a topic's partitions.
pub fn partitions_path(topic: &TopicName) -> Arc<str> {
    format!("{TOPICS}/{topic}/partitions").into()
}
/// A partition.
pub fn partition_path(partition: &TopicPartition) -> Arc<str> {
    format!("{TOPICS}/{}/partitions/{}", partition.topic, partition.partition).into()
}
/// Who leads a partition, and who is in sync.
pub fn state_path(partition: &TopicPartition) -> Arc<str> {
    format!("{TOPICS}/{}/partitions/{}/state", partition.topic, partition.partition).into()
}
/// The partition whose state lies at this path.
pub fn partition_of_state_path(path: &str) -> Option<TopicPartition> {
    let rest = path.strip_prefix("/brokers/topics/")?.strip_suffix("/state")?;
    let (topic, number) = rest.split_once("/partitions/")?;
    Some(TopicPartition::new(&TopicName::new(topic), number.parse().ok()?))
}
/// The topic whose replicas lie at this path.
pub fn topic_of_path(path: &str) -> Option<TopicName> {
    let name = path.strip_prefix("/brokers/topics/")?;
    (!name.contains('/')).then(|| TopicName::new(name))
}
/// The wish to delete a topic.
pub fn delete_topic_path(topic: &TopicName) -> Arc<str> {
    format!("{DELETE_TOPICS}/{topic}").into()
}
/// What settings belong to, as a note and the path below `/config` name it: `topics/orders`, `brokers/<default>`.
pub fn config_entity(resource: &ConfigResource) -> String {
    match resource {
        ConfigResource::Topic(name) => format!("topics/{name}"),
        ConfigResource::Broker(id) if id.is_empty() => format!("brokers/{ALL_BROKERS}"),
        ConfigResource::Broker(id) => format!("brokers/{id}"),
        ConfigResource::Other(kind, name) => format!("{kind}/{name}"),
    }
}
/// The way back; nothing: settings that are none of the lab's, of users or clients.
pub fn config_resource(entity: &str) -> Option<ConfigResource> {
    match entity.split_once('/')? {
        ("topics", topic) => Some(ConfigResource::Topic(topic.to_owned())),
        ("brokers", ALL_BROKERS) => Some(ConfigResource::cluster()),
        ("brokers", id) => id.parse::<u32>().ok().map(|id| ConfigResource::Broker(id.to_string())),
        _ => None,
    }
}
/// The settings of topics or brokers.
pub fn config_path(resource: &ConfigResource) -> Arc<str> {
    format!("/config/{}", config_entity(resource)).into()
}
/// A topic's settings.
pub fn topic_config_path(topic: &TopicName) -> Arc<str> {
    format!("{TOPIC_CONFIGS}/{topic}").into()
}

fn object(data: &str) -> Option<Map<String, Value>> {
    match serde_json::from_str(data).ok()? {
        Value::Object(map) => Some(map),
        _ => None,
    }
}

fn node(value: &Value) -> Option<NodeId> {
    u32::try_from(value.as_u64()?).ok().map(NodeId)
}

fn nodes(value: &Value) -> Option<Vec<NodeId>> {
    value.as_array()?.iter().map(node).collect()
}

fn ids(list: &[NodeId]) -> Vec<u32> {
    list.iter().map(|id| id.0).collect()
}

/// `/controller`. Since 3.4 it says that no KRaft controller wrote it.
pub fn controller(broker: NodeId, timestamp_ms: i64, kraft: bool) -> Arc<str> {
    let timestamp = timestamp_ms.to_string();
    let value = match kraft {
        true => json!({"version": 2, "brokerid": broker.0, "timestamp": timestamp,
            "kraftControllerEpoch": -1}),
        false => json!({"version": 1, "brokerid": broker.0, "timestamp": timestamp}),
    };
    value.to_string().into()
}

/// The broker that `/controller` names.
pub fn controller_id(data: &str) -> Option<NodeId> {
    node(object(data)?.get("brokerid")?)
}

/// How a broker describes itself; the version of the form grows with Kafka's.
pub fn broker(form: u8, host: &str, port: u16, rack: Option<&str>, timestamp_ms: i64) -> Arc<str> {
    let timestamp = timestamp_ms.to_string();
    let endpoint = format!("PLAINTEXT://{host}:{port}");
    let mut value = match form {
        1 => json!({"jmx_port": -1, "timestamp": timestamp, "host": host, "version": 1,
            "port": port}),
        2 => json!({"jmx_port": -1, "timestamp": timestamp, "endpoints": [endpoint], "host": host,
            "version": 2, "port": port}),
        3 | 4 => json!({"listener_security_protocol_map": {"PLAINTEXT": "PLAINTEXT"},
            "endpoints": [endpoint], "jmx_port": -1, "host": host, "timestamp": timestamp,
            "port": port, "version": 4}),
        _ => json!({"features": {}, "listener_security_protocol_map": {"PLAINTEXT": "PLAINTEXT"},
            "endpoints": [endpoint], "jmx_port": -1, "port": port, "host": host, "version": 5,
            "timestamp": timestamp}),
    };
    if let (Some(rack), Value::Object(map), true) = (rack, &mut value, form > 2) {
        map.insert("rack".to_owned(), rack.into());
    }
    value.to_string().into()
}

/// A broker's rack.
pub fn broker_rack(data: &str) -> Option<Arc<str>> {
    object(data)?.get("rack")?.as_str().map(Arc::from)
}

/// The replicas of a partition, with those that a reassignment adds and takes away (`ReplicaAssignment`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assignment {
    /// All of them, the preferred leader first.
    pub replicas: Vec<NodeId>,
    /// Those that a reassignment adds.
    pub adding: Vec<NodeId>,
    /// Those that it takes away.
    pub removing: Vec<NodeId>,
}

/// `list` without the members of `other`.
fn without(list: &[NodeId], other: &[NodeId]) -> Vec<NodeId> {
    list.iter().copied().filter(|id| !other.contains(id)).collect()
}

impl Assignment {
    /// These replicas, and no reassignment.
    pub fn of(replicas: Vec<NodeId>) -> Assignment {
        Assignment { replicas, ..Assignment::default() }
    }
    /// Whether a reassignment is under way.
    pub fn is_reassigning(&self) -> bool {
        !self.adding.is_empty() || !self.removing.is_empty()
    }
    /// The replicas before the reassignment.
    pub fn origin(&self) -> Vec<NodeId> {
        without(&self.replicas, &self.adding)
    }
    /// The replicas after it.
    pub fn target(&self) -> Vec<NodeId> {
        without(&self.replicas, &self.removing)
    }
    /// The same partition on the way to other replicas: the new ones first (`reassignTo`).
    pub fn toward(&self, target: &[NodeId]) -> Assignment {
        let origin = self.origin();
        let mut replicas: Vec<NodeId> = Vec::new();
        for id in target.iter().chain(&origin) {
            if !replicas.contains(id) {
                replicas.push(*id);
            }
        }
        let (adding, removing) = (without(&replicas, &origin), without(&replicas, target));
        Assignment { replicas, adding, removing }
    }
    /// Without one replica.
    pub fn without(&self, replica: NodeId) -> Assignment {
        let rest = |list: &[NodeId]| without(list, &[replica]);
        Assignment {
            replicas: rest(&self.replicas),
            adding: rest(&self.adding),
            removing: rest(&self.removing),
        }
    }
}

/// What a topic's znode says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicNode {
    /// Its id, since 2.8 (KIP-516).
    pub id: Option<Uuid>,
    /// Replicas by partition.
    pub partitions: BTreeMap<u32, Assignment>,
}

/// A topic's znode. Form 2 (KIP-455, 2.4) names adding and removing replicas, form 3 (KIP-516, 2.8) the topic's id.
pub fn topic(form: u8, topic: &TopicNode) -> Arc<str> {
    let lists = |pick: fn(&Assignment) -> &Vec<NodeId>, all: bool| -> Value {
        let some = topic.partitions.iter().filter(|(_, a)| all || !pick(a).is_empty());
        some.map(|(number, a)| (number.to_string(), Value::from(ids(pick(a)))))
            .collect::<Map<_, _>>()
            .into()
    };
    let partitions = lists(|a| &a.replicas, true);
    let adding = lists(|a| &a.adding, false);
    let removing = lists(|a| &a.removing, false);
    let value = match (form, topic.id) {
        (1, _) => json!({"version": 1, "partitions": partitions}),
        (2, _) => json!({"version": 2, "partitions": partitions, "adding_replicas": adding,
            "removing_replicas": removing}),
        (_, None) => json!({"version": 3, "partitions": partitions, "adding_replicas": adding,
            "removing_replicas": removing}),
        (_, Some(id)) => json!({"removing_replicas": removing, "partitions": partitions,
            "topic_id": id.to_string(), "adding_replicas": adding, "version": 3}),
    };
    value.to_string().into()
}

/// Reads a topic's znode.
pub fn read_topic(data: &str) -> Option<TopicNode> {
    let map = object(data)?;
    let mut result = TopicNode {
        id: map.get("topic_id").and_then(Value::as_str).and_then(Uuid::parse),
        partitions: BTreeMap::new(),
    };
    for (number, replicas) in map.get("partitions")?.as_object()? {
        let list = |name: &str| {
            let of = map.get(name).and_then(|lists| lists.get(number));
            of.and_then(nodes).unwrap_or_default()
        };
        let assignment = Assignment {
            replicas: nodes(replicas)?,
            adding: list("adding_replicas"),
            removing: list("removing_replicas"),
        };
        result.partitions.insert(number.parse().ok()?, assignment);
    }
    Some(result)
}

/// A partition's state.
pub fn state(controller_epoch: i32, state: &LeaderAndIsr) -> Arc<str> {
    let leader = state.leader.map_or(-1, |id| i64::from(id.0));
    let mut value = json!({"controller_epoch": controller_epoch, "leader": leader, "version": 1,
        "leader_epoch": state.leader_epoch.0, "isr": ids(&state.isr)});
    if let (true, Value::Object(map)) = (state.recovering, &mut value) {
        map.insert("leader_recovery_state".to_owned(), 1.into());
    }
    value.to_string().into()
}

/// Reads a partition's state: the controller epoch, and the state with the znode's version.
pub fn read_state(data: &str, version: i32) -> Option<(i32, LeaderAndIsr)> {
    let map = object(data)?;
    let number = |name: &str| map.get(name)?.as_i64()?.try_into().ok();
    let leader: i32 = number("leader")?;
    let state = LeaderAndIsr {
        leader: (leader >= 0).then_some(NodeId(leader as u32)),
        leader_epoch: LeaderEpoch(number("leader_epoch")?),
        isr: nodes(map.get("isr")?)?,
        recovering: map.get("leader_recovery_state").and_then(Value::as_i64) == Some(1),
        partition_epoch: PartitionEpoch(version),
    };
    Some((number("controller_epoch")?, state))
}

fn named(partition: &TopicPartition) -> Value {
    json!({"topic": partition.topic.as_str(), "partition": partition.partition})
}

fn read_named(value: &Value) -> Option<TopicPartition> {
    let topic = TopicName::new(value.get("topic")?.as_str()?);
    Some(TopicPartition::new(&topic, value.get("partition")?.as_u64()?.try_into().ok()?))
}

/// A list of partitions: a note about ISRs that changed, or the wish for preferred leaders.
pub fn partition_list(partitions: &[TopicPartition]) -> Arc<str> {
    let list: Vec<Value> = partitions.iter().map(named).collect();
    json!({"version": 1, "partitions": list}).to_string().into()
}

/// Reads such a list.
pub fn read_partition_list(data: &str) -> Option<Vec<TopicPartition>> {
    object(data)?.get("partitions")?.as_array()?.iter().map(read_named).collect()
}

/// `/admin/reassign_partitions`.
pub fn reassignment(wanted: &BTreeMap<TopicPartition, Vec<NodeId>>) -> Arc<str> {
    let one = |(partition, replicas): (&TopicPartition, &Vec<NodeId>)| {
        json!({"topic": partition.topic.as_str(), "partition": partition.partition,
            "replicas": ids(replicas)})
    };
    let list: Vec<Value> = wanted.iter().map(one).collect();
    json!({"version": 1, "partitions": list}).to_string().into()
}

/// Reads `/admin/reassign_partitions`.
pub fn read_reassignment(data: &str) -> Option<BTreeMap<TopicPartition, Vec<NodeId>>> {
    let one = |value: &Value| Some((read_named(value)?, nodes(value.get("replicas")?)?));
    object(data)?.get("partitions")?.as_array()?.iter().map(one).collect()
}

/// Settings of a topic or broker.
pub fn config(settings: &BTreeMap<String, String>) -> Arc<str> {
    json!({"version": 1, "config": settings}).to_string().into()
}

/// Reads settings; what is not there says nothing.
pub fn read_config(data: &str) -> BTreeMap<String, String> {
    let settings = object(data).and_then(|map| map.get("config")?.as_object().cloned());
    let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    settings.into_iter().flatten().map(|(name, value)| (name, text(value))).collect()
}

/// A note that settings changed; `entity` is `topics/orders`.
pub fn config_change(entity: &str) -> Arc<str> {
    json!({"version": 2, "entity_path": entity}).to_string().into()
}

/// What a note about settings is about.
pub fn read_config_change(data: &str) -> Option<String> {
    object(data)?.get("entity_path")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(of: &[u32]) -> Vec<NodeId> {
        of.iter().copied().map(NodeId).collect()
    }

    #[test]
    fn a_state_looks_like_kafkas_and_reads_back() {
        let first = LeaderAndIsr::first(list(&[2, 3, 1]));
        let data = state(1, &first);
        let text =
            r#"{"controller_epoch":1,"leader":2,"version":1,"leader_epoch":0,"isr":[2,3,1]}"#;
        assert_eq!(&*data, text);
        assert_eq!(read_state(&data, 0), Some((1, first.clone())));
        let none = LeaderAndIsr { recovering: true, ..first.next(None, list(&[2])) };
        let data = state(7, &none);
        assert!(data.contains(r#""leader":-1"#) && data.contains("leader_recovery_state"));
        assert_eq!(read_state(&data, 0), Some((7, none)));
        assert_eq!(read_state("{}", 0), None);
        assert_eq!(read_state("no json", 0), None);
    }

    #[test]
    fn a_topic_has_three_forms() {
        let moved = Assignment::of(list(&[1, 2, 3])).toward(&list(&[4, 1]));
        assert_eq!(moved.replicas, list(&[4, 1, 2, 3]));
        assert_eq!((moved.origin(), moved.target()), (list(&[1, 2, 3]), list(&[4, 1])));
        let node = TopicNode { id: None, partitions: BTreeMap::from([(0, moved)]) };
        assert_eq!(&*topic(1, &node), r#"{"version":1,"partitions":{"0":[4,1,2,3]}}"#);
        assert_eq!(read_topic(&topic(2, &node)), Some(node.clone()));
        let node = TopicNode { id: Some(Uuid([7; 16])), ..node };
        assert_eq!(read_topic(&topic(3, &node)), Some(node));
    }

    #[test]
    fn lists_and_settings_read_back() {
        let partition = TopicPartition::new(&TopicName::new("orders"), 3);
        let data = partition_list(std::slice::from_ref(&partition));
        assert_eq!(read_partition_list(&data), Some(vec![partition.clone()]));
        let wanted = BTreeMap::from([(partition.clone(), list(&[4, 5]))]);
        assert_eq!(read_reassignment(&reassignment(&wanted)), Some(wanted));
        let settings = BTreeMap::from([("retention.ms".to_owned(), "60000".to_owned())]);
        assert_eq!(read_config(&config(&settings)), settings);
        assert_eq!(read_config(""), BTreeMap::new());
        assert_eq!(partition_of_state_path(&state_path(&partition)), Some(partition.clone()));
        assert_eq!(topic_of_path(&topic_path(&partition.topic)), Some(partition.topic));
        assert_eq!(topic_of_path("/brokers/topics/orders/partitions"), None);
        assert_eq!(controller_id(&controller(NodeId(3), 5, false)), Some(NodeId(3)));
        let rack = broker(5, "localhost", 9092, Some("a"), 5);
        assert_eq!(broker_rack(&rack).as_deref(), Some("a"));
    }
}
