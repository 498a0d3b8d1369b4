//! `partition reassign`, `partition reassign verify`, `partition plan`: what `kafka-reassign-partitions` does
//! (`--execute`, `--verify`, `--generate`; KIP-455, KIP-73).
//!
//! ```text
//!   throttle=500000   1 the topic's lists of throttled replicas: the present ones send, the new ones receive
//!                     2 the rate, both ways, for all brokers           3 the reassignment itself
//!   verify            is it done?  then 1 and 2 are taken away: who forgets that keeps the brake for ever
//! ```
//!
//! Always: what is asked for is asked by requests, as a tool would, one after the other. Left out: `--throttle` alone
//! (it changes the rate of moves under way) is another `partition reassign` of the same partition.

use super::acts::{About, Acts, nodes};
use super::topic_acts::placed_on;
use crate::broker::Way;
use crate::cluster::{Act, Cluster, Lab};
use crate::coordination::kraft::{ConfigResource, Image};
use crate::protocol::{
    AlterPartitionReassignmentsRequest, IncrementalAlterConfigsRequest, Request,
};
use crate::types::{NodeId, TopicName, TopicPartition};
use std::collections::BTreeSet;

fn alter(topic: Option<&TopicName>, configs: Vec<(String, Option<String>)>) -> Act {
    let topic = topic.cloned();
    Act::Admin(Request::IncrementalAlterConfigs(IncrementalAlterConfigsRequest {
        topic,
        broker: None,
        configs,
    }))
}

/// The list of a topic, with more replicas in it.
fn with(image: &Image, partition: &TopicPartition, way: Way, more: &[NodeId]) -> String {
    let resource = ConfigResource::topic(&partition.topic);
    let old = image.configs.get(&resource).and_then(|settings| settings.get(way.replicas()));
    let mut list: BTreeSet<String> =
        old.iter().flat_map(|list| list.split(',')).map(|entry| entry.trim().to_owned()).collect();
    list.extend(more.iter().map(|node| format!("{}:{node}", partition.partition)));
    list.remove("");
    list.into_iter().collect::<Vec<_>>().join(",")
}

/// The acts of `partition reassign`.
pub(super) fn reassign(
    partition: &TopicPartition,
    replicas: Option<&[u32]>,
    throttle: Option<u64>,
    lab: Option<&Lab>,
) -> Result<Acts, String> {
    let request = Request::AlterPartitionReassignments(AlterPartitionReassignmentsRequest {
        partitions: vec![(partition.clone(), replicas.map(nodes))],
    });
    if let Some(lab) = lab {
        lab.cluster().may_be_decided(&request).map_err(|refusal| refusal.text)?;
    }
    let mut acts = Vec::new();
    let image = lab.and_then(|lab| lab.cluster().image());
    let present = image.and_then(|image| Some((image, image.partition(partition)?)));
    if let (Some(rate), Some(target), Some((image, present))) = (throttle, replicas, present) {
        let stays = |node: &&NodeId| !present.adding.contains(node);
        let senders: Vec<NodeId> = present.replicas.iter().filter(stays).copied().collect();
        let mut receivers = nodes(target);
        receivers.retain(|node| !senders.contains(node));
        let list = |way, nodes: &[NodeId]| {
            (Way::replicas(way).to_owned(), Some(with(image, partition, way, nodes)))
        };
        let lists = vec![list(Way::Out, &senders), list(Way::In, &receivers)];
        acts.push(alter(Some(&partition.topic), lists));
        let rates = Way::ALL.map(|way| (way.rate().to_owned(), Some(rate.to_string())));
        acts.push(alter(None, rates.to_vec()));
    }
    let words = match (replicas, throttle) {
        (Some(_), Some(rate)) => {
            format!("began to reassign {partition}, at most {rate} bytes a second each way")
        }
        (Some(_), None) => format!("began to reassign {partition}"),
        (None, _) => format!("took the reassignment of {partition} back"),
    };
    acts.push(Act::Admin(request));
    Ok(Acts { acts, about: About::Admin(words) })
}

/// Settings that still hold something back, if the reassignment is over: of the topic, of all brokers.
struct Left {
    lists: Vec<(String, Option<String>)>,
    rates: Vec<(String, Option<String>)>,
}

fn left(partition: &TopicPartition, cluster: &Cluster, image: &Image) -> Left {
    let has = |resource: &ConfigResource, name: &str| {
        image.configs.get(resource).is_some_and(|settings| settings.contains_key(name))
    };
    let gone = |resource: ConfigResource, name: fn(Way) -> &'static str| {
        let there = Way::ALL.into_iter().map(name).filter(|name| has(&resource, name));
        there.map(|name| (name.to_owned(), None)).collect::<Vec<_>>()
    };
    let of_topic = |other: &TopicPartition| other.topic == partition.topic;
    let all = || image.partitions().map(|(other, _)| other);
    let moving = || all().filter(|other| cluster.reassignment(other).is_some());
    let lists = match moving().any(|other| of_topic(&other)) {
        true => Vec::new(),
        false => gone(ConfigResource::topic(&partition.topic), Way::replicas),
    };
    let rates = match moving().next() {
        Some(_) => Vec::new(),
        None => gone(ConfigResource::cluster(), Way::rate),
    };
    Left { lists, rates }
}

/// The acts of `partition reassign verify`; none if there is nothing to take away.
pub(super) fn verify(partition: &TopicPartition, lab: Option<&Lab>) -> Option<Acts> {
    let cluster = lab?.cluster();
    let image = cluster.image()?;
    image.partition(partition)?;
    if cluster.reassignment(partition).is_some() {
        return None;
    }
    let Left { lists, rates } = left(partition, cluster, image);
    let mut acts = Vec::new();
    if !lists.is_empty() {
        acts.push(alter(Some(&partition.topic), lists));
    }
    if !rates.is_empty() {
        acts.push(alter(None, rates));
    }
    let words = format!("reassignment of {partition} is complete; its throttles are gone");
    (!acts.is_empty()).then_some(Acts { acts, about: About::Admin(words) })
}

/// The line of `partition reassign verify` when there is nothing to take away.
pub(super) fn verified(partition: &TopicPartition, lab: &Lab) -> Result<String, String> {
    let image = lab.cluster().image().ok_or("nobody coordinates this cluster")?;
    match image.partition(partition) {
        None => Err(format!("there is no partition {partition}")),
        Some(_) if lab.cluster().reassignment(partition).is_some() => {
            Ok(format!("reassignment of {partition} is still in progress"))
        }
        Some(_) => Ok(format!("reassignment of {partition} is complete")),
    }
}

/// The lines of `partition plan`.
pub(super) fn plan(
    topic: &str,
    brokers: &[u32],
    start: Option<usize>,
    lab: &Lab,
) -> Result<Vec<String>, String> {
    let name = TopicName::new(topic);
    let image = lab.cluster().image().ok_or("nobody coordinates this cluster")?;
    let known = image.topics.get(&name).ok_or_else(|| format!("there is no topic '{topic}'"))?;
    let factor = known.partitions.first().map_or(0, |first| first.replicas.len());
    let ids = nodes(brokers);
    let rows = placed_on(lab, &ids, known.partitions.len(), factor, start.unwrap_or(0))?;
    let text =
        |nodes: &[NodeId]| nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let mut lines = Vec::new();
    let (mut commands, mut bytes, mut copies) = (Vec::new(), 0, 0);
    let wide = rows.iter().map(|row| text(row).len()).max().unwrap_or(0).max(3);
    for (number, (row, old)) in (0..).zip(rows.iter().zip(&known.partitions)) {
        let partition = TopicPartition::new(&name, number);
        let new = row.iter().filter(|node| !old.replicas.contains(node)).count() as u64;
        let leader = old.leader.and_then(|leader| lab.cluster().broker(leader));
        let log = leader.and_then(|broker| broker.replicas.get(&partition));
        let size = log.map_or(0, |replica| replica.log.size_bytes());
        let what = match (new, old.replicas == *row) {
            (0, true) => "stays".to_owned(),
            (0, false) => "another order, nothing to copy".to_owned(),
            _ => format!("{} bytes to copy", size * new),
        };
        let (now, then) = (text(&old.replicas), text(row));
        lines.push(format!("  {partition}  {now:<wide$} -> {then:<wide$}  {what}"));
        if old.replicas != *row {
            commands.push(format!("  partition reassign {partition} replicas={then}"));
        }
        (bytes, copies) = (bytes + size * new, copies + new);
    }
    lines.insert(0, format!("plan for {topic} on brokers {}", text(&ids)));
    match commands.is_empty() {
        true => lines.push("nothing to do".into()),
        false => {
            lines.push(format!(
                "{copies} new copies, {bytes} bytes; add throttle=BYTES to each, or not:"
            ));
            lines.extend(commands);
        }
    }
    Ok(lines)
}
