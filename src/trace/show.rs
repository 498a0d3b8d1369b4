//! `show`: the words of a script to a picture.
//!
//! `show partition orders-0`, `show log orders-0 broker=2`, `show bytes orders-0 offset=5`, `show why 812`: the first
//! word is the kind, the others are its arguments. What does not exist is an error that names what does.

use super::common;
use super::picture::{Canvas, Focus, Picture};
use super::{
    bytes, cluster, config, controller, files, group, index, log, metrics, network, overview,
};
use super::{partition, producer, quorum, reassignments, start, tables, timeline, why, zookeeper};
use crate::cluster::Lab;
use crate::types::{NodeId, Offset, TopicPartition};

/// What can be shown.
pub const KINDS: &[&str] = &[
    "cluster",
    "topic",
    "topics",
    "brokers",
    "groups",
    "overview",
    "partition",
    "isr",
    "reassignments",
    "log",
    "segment",
    "index",
    "bytes",
    "epochs",
    "config",
    "controller",
    "quorum",
    "zookeeper",
    "group",
    "offsets",
    "producer",
    "network",
    "metrics",
    "timeline",
    "why",
    "start",
    "files",
    "invariants",
];

/// `there is no topic 'x'; there are a, b`
pub(super) fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    const MOST: usize = 12;
    let mut list = known.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
    if known.len() > MOST {
        list.push_str(", …");
    }
    match (known.is_empty(), name.is_empty()) {
        (true, _) => {
            let how = match what {
                "topic" => ": 'topic create orders' makes one",
                "group" => ": 'consumer start c1 group=billing topics=orders' makes one",
                "producer" => ": 'producer start p1' makes one",
                _ => "",
            };
            format!("there is no {what} '{name}', and no other either{how}")
        }
        (_, true) => format!("which {what}? There are {list}"),
        _ => format!("there is no {what} '{name}'; there are {list}"),
    }
}

/// The arguments, as a focus and the one bare word.
struct Asked {
    bare: Option<String>,
    focus: Focus,
}

fn read(kind: &str, arguments: &[String], lab: &Lab) -> Result<Asked, String> {
    let mut asked = Asked { bare: None, focus: Focus::default() };
    for argument in arguments {
        match argument.split_once('=') {
            Some(("broker", value)) => asked.focus.node = Some(node(value, lab)?),
            Some(("offset", value)) => {
                let offset = value.parse::<i64>().ok().filter(|offset| *offset >= 0);
                let offset = offset.ok_or_else(|| {
                    format!(
                        "offset={value}: a whole number from 0 on is needed, for example offset=5"
                    )
                })?;
                asked.focus.offset = Some(Offset(offset));
            }
            Some((key, _)) => {
                return Err(format!(
                    "show {kind} has no argument '{key}='; it may have broker= and offset="
                ));
            }
            None if asked.bare.is_none() => asked.bare = Some(argument.clone()),
            None => return Err(format!("show {kind}: '{argument}' is one word too many")),
        }
    }
    Ok(asked)
}

fn node(value: &str, lab: &Lab) -> Result<NodeId, String> {
    let cluster = lab.cluster();
    let known = || cluster.brokers.keys().chain(cluster.controllers.keys());
    let id = value.parse::<u32>().map(NodeId).ok().filter(|id| known().any(|known| known == id));
    id.ok_or_else(|| {
        let names: Vec<String> = known().map(ToString::to_string).collect();
        unknown("broker", value, &names.iter().map(String::as_str).collect::<Vec<_>>())
    })
}

/// The partition that a script names; it must exist.
fn partition_of(kind: &str, text: Option<&str>, lab: &Lab) -> Result<TopicPartition, String> {
    let Some(text) = text else {
        return Err(format!("show {kind} needs a partition, for example: show {kind} orders-0"));
    };
    let Some(partition) = TopicPartition::parse(text) else {
        return Err(format!("'{text}' is no partition: write topic-number, for example orders-0"));
    };
    let known = common::image(lab).is_some_and(|image| image.partition(&partition).is_some());
    if known || common::log(lab, &partition, None).is_some() {
        return Ok(partition);
    }
    let image = common::image(lab);
    let topic = image.and_then(|image| image.topics.get(&partition.topic));
    Err(match topic {
        Some(topic) => format!(
            "there is no partition '{text}': {} has {}, 0 to {}",
            partition.topic,
            crate::types::counted(topic.partitions.len(), "partition"),
            topic.partitions.len().saturating_sub(1)
        ),
        None => {
            let known: Vec<&str> = image
                .map(|i| i.topics.keys().map(|name| name.as_str()).collect())
                .unwrap_or_default();
            unknown("topic", partition.topic.as_str(), &known)
        }
    })
}

/// The picture that `show KIND ARGUMENTS…` asks for.
pub fn show(
    kind: &str,
    arguments: &[String],
    lab: &Lab,
    canvas: &Canvas,
) -> Result<Picture, String> {
    if !KINDS.contains(&kind) {
        return Err(format!("there is no picture '{kind}'; there are {}", KINDS.join(", ")));
    }
    let Asked { bare, mut focus } = read(kind, arguments, lab)?;
    let bare = bare.as_deref();
    let needs_partition =
        matches!(kind, "partition" | "log" | "segment" | "index" | "bytes" | "epochs");
    if needs_partition {
        focus.partition = Some(partition_of(kind, bare, lab)?);
    }
    if kind == "why"
        && let Some(text) = bare
    {
        let id = text.trim_start_matches('#').parse::<u64>().ok();
        let id = id.filter(|&id| lab.event(id).is_some());
        let id = id.ok_or_else(|| {
            format!(
                "there is no event '{text}' up to this step; `show timeline` lists events by step"
            )
        })?;
        focus.event = Some(id);
    }
    if matches!(kind, "group" | "offsets" | "producer" | "topic") {
        focus.group = bare.map(str::to_owned);
    }
    let name = bare.unwrap_or_default();
    Ok(match kind {
        "topic" => tables::topic(lab, name, canvas)?,
        "zookeeper" => zookeeper::tree(lab, bare, canvas)?,
        "isr" => tables::isr(lab, canvas),
        "config" => config::draw(lab, focus.node, canvas)?,
        "reassignments" => reassignments::draw(lab, canvas),
        "topics" => overview::topics(lab, canvas),
        "brokers" => overview::brokers(lab, canvas),
        "groups" => overview::groups(lab, canvas),
        "segment" => log::segment(lab, &focus, canvas),
        "epochs" => tables::epochs(lab, &focus, canvas),
        "offsets" => group::offsets(lab, name, canvas)?,
        "producer" => producer::named(lab, name, canvas)?,
        "invariants" => tables::invariants(lab, canvas),
        "start" => start::draw(lab, &focus, canvas),
        "group" => {
            let groups = group::names(lab);
            if !groups.contains(name) {
                let known: Vec<&str> = groups.iter().map(AsRef::as_ref).collect();
                return Err(unknown("group", name, &known));
            }
            group::draw(lab, &focus, canvas)
        }
        other => match draw(other, lab, &focus, canvas) {
            Some(picture) => picture,
            None => return Err(format!("there is no picture '{other}'")),
        },
    })
}

/// The picture of a pane, by the pane's name.
pub fn draw(pane: &str, lab: &Lab, focus: &Focus, canvas: &Canvas) -> Option<Picture> {
    Some(match pane {
        "cluster" => cluster::draw(lab, focus, canvas),
        "partition" => partition::draw(lab, focus, canvas),
        "log" => log::draw(lab, focus, canvas),
        "index" => index::draw(lab, focus, canvas),
        "bytes" => bytes::draw(lab, focus, canvas),
        "controller" | "quorum" if lab.cluster().zookeeper().is_some() => {
            zookeeper::controller(lab, focus, canvas)
        }
        "controller" => controller::draw(lab, focus, canvas),
        "quorum" => quorum::draw(lab, focus, canvas),
        "group" => group::draw(lab, focus, canvas),
        "producer" => producer::draw(lab, focus, canvas),
        "network" => network::draw(lab, focus, canvas),
        "metrics" => metrics::draw(lab, focus, canvas),
        "timeline" => timeline::draw(lab, focus, canvas),
        "why" => why::draw(lab, focus, canvas),
        "overview" => overview::draw(lab, canvas),
        "files" => files::draw(lab, focus, canvas),
        _ => return None,
    })
}
