//! What a command did, read from the events of its own step: a pass of the cleaner, a retention check, a roll, a start.
//!
//! ```text
//!   compact prices-0   compacted prices-0, dirty from offset 0 to 4: 3 of 5 records stay, 355 bytes became 213
//!   retention run      events-0: segments 0, 13 dropped, log start moved from 0 to 26
//!   roll events-0      nothing to roll: the active segment of events-0 is empty
//!   broker start 1     broker 1 did not start: …
//! ```
//!
//! Brokers that did the same are told in one line.

use super::error::clip;
use super::say::Said;
use crate::broker;
use crate::cluster::{Body, Lab, NodeState, WorldEvent};
use crate::storage::Event;
use crate::types::{NodeId, Offset, TopicPartition, counted};

use serde_json::json;
use std::collections::BTreeMap;

/// Most steps of the cleaner that are told.
const MOST_STEPS: usize = 100;
/// Most segments that are named.
const MOST_NAMED: usize = 8;

/// What the logs of each broker told in this step.
fn storage_events(lab: &Lab) -> impl Iterator<Item = (NodeId, &Event)> {
    lab.step_events().filter_map(|event| match &event.body {
        Body::Broker(broker::Event::Storage(told)) => Some((event.node, told)),
        _ => None,
    })
}

/// The same words of several brokers become one line, which names them if not all say it.
fn by_words(told: BTreeMap<NodeId, String>) -> Vec<String> {
    let all = told.len();
    let mut lines: Vec<(String, Vec<NodeId>)> = Vec::new();
    for (node, words) in told {
        match lines.iter_mut().find(|(other, _)| *other == words) {
            Some((_, nodes)) => nodes.push(node),
            None => lines.push((words, vec![node])),
        }
    }
    let line = |(words, nodes): (String, Vec<NodeId>)| match nodes.len() == all {
        true => words,
        false => {
            let names: Vec<String> = nodes.iter().map(NodeId::to_string).collect();
            format!("{words} (on broker {})", names.join(", "))
        }
    };
    lines.into_iter().map(line).collect()
}

/// A pass of the cleaner.
pub fn compacted(partition: &TopicPartition, steps: bool, lab: &Lab) -> Said {
    let (mut dirty, mut bytes) = (BTreeMap::new(), BTreeMap::<NodeId, (u64, u64)>::new());
    let (mut told, mut results) = (BTreeMap::new(), Vec::new());
    for (node, event) in storage_events(lab).filter(|(_, event)| event.partition() == partition) {
        match event {
            Event::CleaningBegun { from, to, .. } => {
                dirty.insert(node, (*from, *to));
            }
            Event::SegmentsCleaned { bytes_before, bytes_after, .. } => {
                let sum = bytes.entry(node).or_default();
                *sum = (sum.0 + bytes_before, sum.1 + bytes_after);
            }
            Event::Cleaned { records_before, records_after, .. } => {
                let (before, after) = bytes.get(&node).copied().unwrap_or_default();
                let (from, to) = dirty.get(&node).copied().unwrap_or_default();
                let words = format!(
                    "compacted {partition}, dirty from offset {from} to {}: {records_after} of {} stay, \
                     {} became {after}",
                    to.0 - 1,
                    counted(records_before, "record"),
                    counted(before, "byte"),
                );
                told.insert(node, words);
                results.push(json!({
                    "broker": node.0,
                    "records_before": records_before,
                    "records_after": records_after,
                    "bytes_before": before,
                    "bytes_after": after,
                }));
            }
            _ => {}
        }
    }
    let mut lines = match told.is_empty() {
        true => vec![format!("the cleaner could not clean {partition}: 'show why' tells more")],
        false => by_words(told),
    };
    let told: Vec<String> = match results.first() {
        Some(_) if steps => steps_of(partition, lab),
        _ => Vec::new(),
    };
    let result = json!({ "partition": partition.to_string(), "cleaned": results, "steps": told });
    lines.splice(0..0, told);
    Said::new(lines, result)
}

/// The steps of the pass, on the first broker that has one.
fn steps_of(partition: &TopicPartition, lab: &Lab) -> Vec<String> {
    let brokers = lab.cluster().brokers.keys();
    let told = brokers
        .filter_map(|&id| lab.cluster().broker(id).map(|broker| (id, broker)))
        .find_map(|(id, broker)| Some((id, broker.told_cleaning(partition)?)));
    let Some((id, told)) = told else { return Vec::new() };
    let mut lines = vec![format!("the cleaner on broker {id}, {partition}:")];
    let shown = told.steps.len().min(MOST_STEPS);
    lines.extend(told.steps[..shown].iter().map(|step| format!("  {}", step.sentence())));
    let left_out = told.left_out + (told.steps.len() - shown) as u64;
    if left_out > 0 {
        lines.push(format!("  … {}", counted(left_out, "more step")));
    }
    lines
}

/// A retention check of all logs.
pub fn retention(lab: &Lab) -> Said {
    type Gone = (Vec<Offset>, Option<(Offset, Offset)>);
    let mut gone: BTreeMap<&TopicPartition, BTreeMap<NodeId, Gone>> = BTreeMap::new();
    for (node, event) in storage_events(lab) {
        let entry = gone.entry(event.partition()).or_default().entry(node).or_default();
        match event {
            Event::SegmentDeleted { base_offset, .. } => entry.0.push(*base_offset),
            Event::LogStartMoved { from, to, .. } => entry.1 = Some((*from, *to)),
            _ => {}
        }
    }
    let (mut lines, mut results) = (Vec::new(), Vec::new());
    for (partition, brokers) in gone {
        let mut told = BTreeMap::new();
        for (node, (segments, moved)) in brokers {
            if segments.is_empty() {
                continue;
            }
            let named: Vec<String> =
                segments.iter().take(MOST_NAMED).map(Offset::to_string).collect();
            let more = match segments.len().saturating_sub(MOST_NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let word = if segments.len() == 1 { "segment" } else { "segments" };
            let start = match moved {
                Some((from, to)) => format!(", log start moved from {from} to {to}"),
                None => String::new(),
            };
            let named = named.join(", ");
            told.insert(node, format!("{partition}: {word} {named}{more} dropped{start}"));
            results.push(json!({
                "partition": partition.to_string(),
                "broker": node.0,
                "segments": segments.iter().map(|base| base.0).collect::<Vec<_>>(),
                "log_start": moved.map(|(_, to)| to.0),
            }));
        }
        lines.extend(by_words(told));
    }
    if lines.is_empty() {
        lines.push("retention check: nothing to drop".into());
    }
    Said::new(lines, json!({ "dropped": results }))
}

/// A new segment, where one was needed.
pub fn rolled(partition: &TopicPartition, lab: &Lab) -> Said {
    let bases = storage_events(lab).filter_map(|(_, event)| match event {
        Event::Rolled { partition: rolled, base_offset, .. } if rolled == partition => {
            Some(*base_offset)
        }
        _ => None,
    });
    match bases.max() {
        Some(base) => Said::new(
            vec![format!("rolled {partition}")],
            json!({ "partition": partition.to_string(), "segment": base.0 }),
        ),
        None => Said::new(
            vec![format!("nothing to roll: the active segment of {partition} is empty")],
            json!({ "partition": partition.to_string(), "segment": null }),
        ),
    }
}

/// A process that was to start, and whether it did.
pub fn started(id: NodeId, lab: &Lab) -> Said {
    let name = lab.cluster().name(id);
    if lab.cluster().state(id) == NodeState::Alive {
        return Said::line(format!("{name} runs"));
    }
    let reason = lab.events().iter().rev().find_map(|event| match &event.body {
        Body::World(WorldEvent::NodeHalted { node, reason, .. }) if *node == id => {
            Some(clip(reason, 1_000))
        }
        _ => None,
    });
    let reason = reason.unwrap_or_else(|| "it ended before it was ready".into());
    let line = format!("{name} did not start: {reason}");
    Said::new(vec![line], json!({ "node": id.0, "started": false, "reason": reason }))
}
