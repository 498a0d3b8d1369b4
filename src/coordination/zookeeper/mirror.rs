//! The tree as an image of the cluster, for those who look at it: panes, `show`, conditions.
//!
//! ```text
//!   /brokers/ids/1 comes           ▸ broker 1 is there        (goes: it is marked as fenced, its name stays)
//!   /brokers/topics/orders         ▸ the replicas of its partitions
//!   …/partitions/0/state           ▸ leader, epoch, ISR; the znode's version is the partition's epoch
//!   /config/topics/orders          ▸ settings
//! ```
//!
//! Always: no broker and no controller reads this; they know only what they were told. Left out: everything that no
//! pane shows.

use super::tree::Tree;
use super::znodes;
use crate::coordination::kraft::{BrokerRegistration, Image, PartitionRegistration, TopicImage};
use crate::types::{BrokerEpoch, LeaderEpoch, NodeId, TopicName, TopicPartition, Uuid};
use std::sync::Arc;

/// Most partitions of a topic that the image holds.
const MOST_PARTITIONS: u32 = 1_000_000;

/// A znode came, changed or went: the image follows.
pub fn reflect(image: &mut Image, tree: &Tree, path: &str) {
    if let Some(id) = path.strip_prefix("/brokers/ids/") {
        reflect_broker(image, tree, path, id);
    } else if let Some(topic) = znodes::topic_of_path(path) {
        reflect_topic(image, tree, path, &topic);
    } else if let Some(partition) = znodes::partition_of_state_path(path) {
        reflect_state(image, tree, path, &partition);
    } else if let Some(entity) = path.strip_prefix("/config/") {
        let Some(resource) = znodes::config_resource(entity) else { return };
        let configs = Arc::make_mut(&mut image.configs);
        match tree.get(path).map(|node| znodes::read_config(&node.data)) {
            Some(settings) if !settings.is_empty() => drop(configs.insert(resource, settings)),
            _ => drop(configs.remove(&resource)),
        }
    }
}

fn reflect_broker(image: &mut Image, tree: &Tree, path: &str, id: &str) {
    let Some(id) = id.parse().ok().map(NodeId) else { return };
    let brokers = Arc::make_mut(&mut image.brokers);
    match tree.get(path) {
        Some(node) => {
            let registration = BrokerRegistration {
                epoch: BrokerEpoch(node.stat().czxid),
                incarnation: Uuid::ZERO,
                fenced: false,
                in_controlled_shutdown: false,
                rack: znodes::broker_rack(&node.data),
                log_directory: Uuid::ZERO,
            };
            brokers.insert(id, registration);
        }
        None => {
            if let Some(broker) = brokers.get_mut(&id) {
                broker.fenced = true;
            }
        }
    }
}

fn reflect_topic(image: &mut Image, tree: &Tree, path: &str, topic: &TopicName) {
    let Some(node) = tree.get(path).and_then(|node| znodes::read_topic(&node.data)) else {
        if let Some(old) = Arc::make_mut(&mut image.topics).remove(topic) {
            Arc::make_mut(&mut image.topic_names).remove(&old.id);
        }
        return;
    };
    let id = node.id.unwrap_or(Uuid::ZERO);
    let topics = Arc::make_mut(&mut image.topics);
    let slot = topics
        .entry(topic.clone())
        .or_insert_with(|| Arc::new(TopicImage { id, partitions: Vec::new() }));
    let slot = Arc::make_mut(slot);
    slot.id = id;
    for (number, assignment) in node.partitions {
        // Numbers without a gap, as Kafka's own.
        if number > slot.partitions.len() as u32 || number > MOST_PARTITIONS {
            continue;
        }
        if number == slot.partitions.len() as u32 {
            let leader_epoch = LeaderEpoch::NONE;
            let new = PartitionRegistration { leader_epoch, ..PartitionRegistration::default() };
            slot.partitions.push(Arc::new(new));
        }
        let partition = Arc::make_mut(&mut slot.partitions[number as usize]);
        partition.replicas = assignment.replicas;
        partition.adding = assignment.adding;
        partition.removing = assignment.removing;
    }
    if id != Uuid::ZERO {
        Arc::make_mut(&mut image.topic_names).insert(id, topic.clone());
    }
}

fn reflect_state(image: &mut Image, tree: &Tree, path: &str, of: &TopicPartition) {
    let state = tree.get(path).and_then(|node| znodes::read_state(&node.data, node.stat().version));
    let Some((_, state)) = state else { return };
    let topics = Arc::make_mut(&mut image.topics);
    let Some(topic) = topics.get_mut(&of.topic).map(Arc::make_mut) else { return };
    let Some(partition) = topic.partitions.get_mut(of.partition as usize).map(Arc::make_mut) else {
        return;
    };
    partition.leader = state.leader;
    partition.leader_epoch = state.leader_epoch;
    partition.isr = state.isr;
    partition.recovering = state.recovering;
    partition.partition_epoch = state.partition_epoch;
}
