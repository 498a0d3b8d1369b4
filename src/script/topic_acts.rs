//! From `topic create`, `alter`, `config`, `delete` to the requests that a tool would send.
//!
//! Left out: the tools' own checks; the broker or the controller refuses what is wrong, and says why.

use super::acts::{About, Acts, admin, nodes};
use super::command::TopicAct;
use crate::cluster::{Act, Lab, NodeState};
use crate::coordination::zookeeper::placement::{BrokerRack, Plan, place};
use crate::protocol::{
    CreatePartitionsRequest, CreateTopicsRequest, DeleteTopicsRequest,
    IncrementalAlterConfigsRequest, NewTopic, Request,
};
use crate::types::{NodeId, TopicName, counted};

fn assignment(given: &Option<Vec<Vec<u32>>>) -> Option<Vec<Vec<NodeId>>> {
    given.as_ref().map(|all| all.iter().map(|replicas| nodes(replicas)).collect())
}

/// The replicas that a tool of the ZooKeeper years would ask for; nothing when it could not, and then the controller
/// says why.
fn placed(
    lab: Option<&Lab>,
    start: Option<usize>,
    partitions: i32,
    replication_factor: usize,
    first: usize,
) -> Option<Vec<Vec<NodeId>>> {
    let cluster = lab?.cluster();
    // In the very first moment nobody runs yet; the request will find them running.
    let none = cluster.brokers.keys().all(|id| cluster.state(*id) != NodeState::Alive);
    let alive = |id: &&NodeId| none || cluster.state(**id) == NodeState::Alive;
    let alive = cluster.brokers.keys().filter(alive);
    let rack = |id| cluster.broker(id).and_then(|broker| broker.config.rack(id));
    let brokers: Vec<_> = alive.map(|id| BrokerRack { id: *id, rack: rack(*id) }).collect();
    let count = usize::try_from(partitions).ok()?.checked_sub(first)?;
    let count = Some(count).filter(|count| *count <= 100_000)?;
    let plan = Plan {
        partitions: i32::try_from(count).ok()?,
        replication_factor: i32::try_from(replication_factor).ok()?,
        start_index: start?,
        first_shift: start?,
        first_partition: first as u32,
    };
    place(&brokers, plan).ok()
}

/// Where a topic's partitions would lie on these brokers (`kafka-reassign-partitions --generate`).
pub(super) fn placed_on(
    lab: &Lab,
    ids: &[NodeId],
    partitions: usize,
    replication_factor: usize,
    start: usize,
) -> Result<Vec<Vec<NodeId>>, String> {
    let cluster = lab.cluster();
    if let Some(unknown) = ids.iter().find(|id| !cluster.brokers.contains_key(id)) {
        return Err(format!("there is no broker {unknown}"));
    }
    let rack = |id| cluster.broker(id).and_then(|broker| broker.config.rack(id));
    let brokers: Vec<_> = ids.iter().map(|id| BrokerRack { id: *id, rack: rack(*id) }).collect();
    let plan = Plan {
        partitions: partitions as i32,
        replication_factor: replication_factor as i32,
        start_index: start,
        first_shift: start,
        first_partition: 0,
    };
    place(&brokers, plan).map_err(|(error, text)| format!("{error}: {text}"))
}

/// The acts of one `topic` command.
pub(super) fn topic_acts(topic: &str, act: &TopicAct, lab: Option<&Lab>) -> Acts {
    let name = TopicName::new(topic);
    match act {
        TopicAct::Create {
            partitions,
            replication_factor,
            assignment: given,
            start_index,
            configs,
        } => {
            let factor = replication_factor.unwrap_or(1).max(0) as usize;
            let given = assignment(given)
                .or_else(|| placed(lab, *start_index, partitions.unwrap_or(1), factor, 0));
            let by_hand = given.is_some();
            let number = |given: Option<i32>| given.filter(|_| !by_hand).unwrap_or(-1);
            let request = Request::CreateTopics(CreateTopicsRequest {
                topics: vec![NewTopic {
                    name: name.clone(),
                    partitions: number(*partitions),
                    replication_factor: number(*replication_factor),
                    assignment: given,
                    configs: configs.clone(),
                }],
            });
            Acts { acts: vec![Act::Admin(request)], about: About::Created(name) }
        }
        TopicAct::Alter { partitions, assignment: given, start_index } => {
            let given = assignment(given).or_else(|| {
                let old = lab?.cluster().image()?.topics.get(&name)?;
                let factor = old.partitions.first()?.replicas.len();
                placed(lab, *start_index, *partitions, factor, old.partitions.len())
            });
            admin(
                Request::CreatePartitions(CreatePartitionsRequest {
                    topic: name,
                    count: *partitions,
                    assignment: given,
                }),
                format!("{topic} has {}", counted(partitions, "partition")),
            )
        }
        TopicAct::Config { configs } => admin(
            Request::IncrementalAlterConfigs(IncrementalAlterConfigsRequest {
                topic: Some(name),
                broker: None,
                configs: configs
                    .iter()
                    .map(|(name, value)| (name.clone(), Some(value.clone())))
                    .collect(),
            }),
            format!(
                "{topic}: {}",
                configs
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect::<Vec<_>>()
                    .join(" ")
            ),
        ),
        TopicAct::Delete => {
            let request = Request::DeleteTopics(DeleteTopicsRequest { topics: vec![name.clone()] });
            Acts { acts: vec![Act::Admin(request)], about: About::Deleted(name) }
        }
    }
}
