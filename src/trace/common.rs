//! What all pictures need: what just changed, which partition to show, names of nodes, windows onto long lists.

use super::glyphs::Glyphs;
use super::picture::{Canvas, Focus, Line, Picture, Role};
use super::width;
use crate::broker;
use crate::clock::Instant;
use crate::cluster::{Body, Lab, NodeState, WorldEvent};
use crate::coordination::kraft::{Image, PartitionRegistration};
use crate::coordination::{self};
use crate::replica::{self, Replica};
use crate::storage::{self, Log};
use crate::types::{Language, NodeId, Offset, TopicName, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// What the present step changed: drawn with `«`.
#[derive(Default)]
pub(super) struct Fresh<'a> {
    ends: BTreeMap<(&'a TopicPartition, NodeId), Offset>,
    high_watermarks: BTreeSet<(&'a TopicPartition, NodeId)>,
    isrs: BTreeSet<&'a TopicPartition>,
    leaders: BTreeSet<&'a TopicPartition>,
    nodes: BTreeSet<NodeId>,
    first: Option<&'a TopicPartition>,
}

impl<'a> Fresh<'a> {
    /// Reads the events of the present step.
    pub fn of(lab: &'a Lab) -> Fresh<'a> {
        let mut fresh = Fresh::default();
        for event in lab.step_events() {
            match &event.body {
                Body::Broker(body) => fresh.broker(event.node, body),
                Body::Controller(body) => fresh.controller(body),
                Body::World(WorldEvent::Fault(fault)) => fresh.nodes.extend(fault.victim()),
                Body::World(
                    WorldEvent::NodeStarted(node) | WorldEvent::NodeHalted { node, .. },
                ) => {
                    fresh.nodes.insert(*node);
                }
                Body::World(WorldEvent::Lookup { partition, .. }) => {
                    fresh.first = Some(partition);
                }
                _ => {}
            }
        }
        fresh
    }

    fn broker(&mut self, node: NodeId, event: &'a broker::Event) {
        match event {
            broker::Event::Storage(storage::Event::Appended {
                partition, first_offset, ..
            }) => {
                self.end(partition, node, *first_offset);
            }
            broker::Event::Filled { partition, first, .. }
            | broker::Event::Replica(replica::Event::Replicated { partition, first, .. }) => {
                self.end(partition, node, *first);
            }
            broker::Event::Storage(storage::Event::Truncated { partition, to, .. })
            | broker::Event::Replica(replica::Event::Truncated { partition, to, .. }) => {
                self.end(partition, node, *to);
            }
            broker::Event::Replica(
                replica::Event::HighWatermarkAdvanced { partition, .. }
                | replica::Event::HighWatermarkLearned { partition, .. },
            ) => {
                self.high_watermarks.insert((partition, node));
                self.first.get_or_insert(partition);
            }
            broker::Event::Started { .. } | broker::Event::Stopped => {
                self.nodes.insert(node);
            }
            _ => {}
        }
    }

    fn end(&mut self, partition: &'a TopicPartition, node: NodeId, first: Offset) {
        let known = self.ends.entry((partition, node)).or_insert(first);
        *known = (*known).min(first);
        self.first.get_or_insert(partition);
    }

    fn controller(&mut self, event: &'a coordination::Event) {
        match event {
            coordination::Event::LeaderElected { partition, .. }
            | coordination::Event::LeaderLost { partition, .. } => {
                self.leaders.insert(partition);
                self.first.get_or_insert(partition);
            }
            coordination::Event::IsrChanged { partition, .. } => {
                self.isrs.insert(partition);
                self.first.get_or_insert(partition);
            }
            coordination::Event::BrokerFenced { broker, .. }
            | coordination::Event::BrokerUnfenced { broker }
            | coordination::Event::BrokerRegistered { broker, .. } => {
                self.nodes.insert(*broker);
            }
            _ => {}
        }
    }

    /// From which offset on a replica's log is other than a step before.
    pub fn log_end(&self, partition: &TopicPartition, node: NodeId) -> Option<Offset> {
        self.ends.get(&(partition, node)).copied()
    }
    /// Whether a replica's high watermark moved.
    pub fn high_watermark(&self, partition: &TopicPartition, node: NodeId) -> bool {
        self.high_watermarks.contains(&(partition, node))
    }
    /// Whether the ISR changed.
    pub fn isr(&self, partition: &TopicPartition) -> bool {
        self.isrs.contains(partition)
    }
    /// Whether the leader or its epoch changed.
    pub fn leader(&self, partition: &TopicPartition) -> bool {
        self.leaders.contains(partition)
    }
    /// Whether a node came, went, or was fenced or let in.
    pub fn node(&self, node: NodeId) -> bool {
        self.nodes.contains(&node)
    }
}

/// The partition that an event is about.
pub(super) fn partition_of(body: &Body) -> Option<&TopicPartition> {
    match body {
        Body::Broker(broker::Event::Storage(event)) => Some(event.partition()),
        Body::Broker(broker::Event::Replica(event)) => Some(event.partition()),
        Body::Broker(broker::Event::Filled { partition, .. })
        | Body::World(WorldEvent::Lookup { partition, .. })
        | Body::Controller(
            coordination::Event::LeaderElected { partition, .. }
            | coordination::Event::LeaderLost { partition, .. }
            | coordination::Event::IsrChanged { partition, .. },
        ) => Some(partition),
        _ => None,
    }
}

/// What the controller knows; nothing before it started.
pub(super) fn image(lab: &Lab) -> Option<&Image> {
    lab.cluster().image()
}

/// Whether a topic is Kafka's own.
pub(super) fn is_internal(topic: &TopicName) -> bool {
    topic.as_str().starts_with("__")
}

/// How far back the partition that was written or looked at last is searched for.
const RECENT_EVENTS: usize = 200;

/// The partition to show: the one in focus, the one that just changed, the one that was written or looked at last, or
/// the first.
pub(super) fn partition(lab: &Lab, focus: &Focus) -> Option<TopicPartition> {
    if focus.partition.is_some() {
        return focus.partition.clone();
    }
    let fresh = Fresh::of(lab);
    if let Some(partition) = fresh.first.filter(|partition| !is_internal(&partition.topic)) {
        return Some(partition.clone());
    }
    let topics = &image(lab)?.topics;
    let step = lab.cluster().step;
    let past = lab.events().iter().rev().skip_while(|event| event.step > step);
    let last = past.take(RECENT_EVENTS).find_map(|event| match &event.body {
        Body::Broker(broker::Event::Storage(storage::Event::Appended { partition, .. }))
        | Body::Broker(broker::Event::Filled { partition, .. })
        | Body::World(WorldEvent::Lookup { partition, .. }) => {
            let shown = !is_internal(&partition.topic) && topics.contains_key(&partition.topic);
            shown.then(|| partition.clone())
        }
        _ => None,
    });
    if last.is_some() {
        return last;
    }
    let topic = topics.keys().find(|name| !is_internal(name)).or_else(|| topics.keys().next())?;
    Some(TopicPartition::new(topic, 0))
}

/// A copy of a partition: on the node asked for, else on its leader, else anywhere.
pub(super) fn replica<'a>(
    lab: &'a Lab,
    partition: &TopicPartition,
    node: Option<NodeId>,
) -> Option<(NodeId, &'a Replica)> {
    let cluster = lab.cluster();
    let on = |id: NodeId| Some((id, cluster.broker(id)?.replicas.get(partition)?));
    let leader = image(lab).and_then(|image| image.partition(partition)).and_then(|p| p.leader);
    node.and_then(on)
        .or_else(|| leader.and_then(on))
        .or_else(|| cluster.brokers.keys().find_map(|&id| on(id)))
}

/// A log of a partition and the node that holds it; the metadata log lies on controllers too.
pub(super) fn log<'a>(
    lab: &'a Lab,
    partition: &TopicPartition,
    node: Option<NodeId>,
) -> Option<(NodeId, &'a Log)> {
    if let Some((id, replica)) = replica(lab, partition, node) {
        return Some((id, &replica.log));
    }
    let of = |id: NodeId| {
        let controller = lab.cluster().controllers.get(&id)?.controller.as_ref()?;
        (controller.log.partition() == partition).then_some((id, &controller.log))
    };
    node.and_then(of).or_else(|| lab.cluster().controllers.keys().find_map(|&id| of(id)))
}

/// A node's short name: `b2`, `3001`, `p1`.
pub(super) fn node_name(lab: &Lab, node: NodeId) -> String {
    if node.0 > 0 && node.is_broker() {
        format!("b{node}")
    } else if node.is_controller() {
        node.to_string()
    } else {
        lab.cluster().name(node)
    }
}

/// What a replica is at the moment: its mark, its role, and a word for it.
pub(super) fn state_of(
    lab: &Lab,
    node: NodeId,
    registration: &PartitionRegistration,
    canvas: &Canvas,
) -> (&'static str, Role, &'static str) {
    let g = &canvas.glyphs;
    let word =
        |english: &'static str, chinese: &'static str| canvas.language.pick(english, chinese);
    match lab.cluster().state(node) {
        NodeState::Dead => (g.dead, Role::Dead, word("dead", "已死")),
        NodeState::New => (g.dead, Role::Dead, word("not started", "未启动")),
        NodeState::Paused => (g.paused, Role::Warn, word("frozen", "冻结")),
        NodeState::Stopped => (g.stopped, Role::Dead, word("stopped", "已停止")),
        NodeState::Alive if registration.leader == Some(node) => (g.leader, Role::Leader, "leader"),
        NodeState::Alive if registration.isr.contains(&node) => {
            (g.follower, Role::Follower, word("in ISR", "在 ISR 中"))
        }
        NodeState::Alive => (g.out_of_sync, Role::OutOfSync, word("out of ISR", "不在 ISR 中")),
    }
}

/// `{1,2,3}`
pub(super) fn set(nodes: &[NodeId]) -> String {
    replica::set(nodes)
}

/// The rows of a long list that fit into `room`, with `attention` in sight.
pub(super) fn window(total: usize, attention: Option<usize>, room: usize) -> Range<usize> {
    let room = room.max(1);
    if total <= room {
        return 0..total;
    }
    let from = attention.map_or(0, |row| row.saturating_sub(room / 2)).min(total - room);
    from..from + room
}

/// `… 12 more rows`
pub(super) fn more(count: usize, canvas: &Canvas) -> Line {
    let text = match canvas.language {
        Language::English => format!("  {} {count} more", canvas.glyphs.ellipsis),
        Language::Chinese => format!("  {} 还有 {count} 项", canvas.glyphs.ellipsis),
    };
    Line::of(text, Role::Dim)
}

/// Makes the picture fit: rows no wider than the canvas, and ASCII alone where that is asked for.
pub(super) fn finish(mut picture: Picture, canvas: &Canvas) -> Picture {
    let g = &canvas.glyphs;
    if g.is_ascii() {
        let caption = picture.caption.spans.iter_mut();
        for span in picture.lines.iter_mut().flat_map(|line| &mut line.spans).chain(caption) {
            if !span.text.is_ascii() {
                span.text = to_ascii(&span.text);
            }
        }
    }
    for line in &mut picture.lines {
        if line.width() > canvas.width {
            *line = std::mem::take(line).cut(canvas.width, g);
        }
    }
    let room = canvas.width.saturating_sub(width::of(&picture.title) + 3);
    picture.caption = std::mem::take(&mut picture.caption).cut(room, g);
    picture
}

/// A sentence with the marks that ASCII has instead; words of other languages stay.
pub(crate) fn to_ascii(text: &str) -> String {
    let unicode = Glyphs::unicode();
    let ascii = Glyphs::ascii();
    let pairs = [(unicode.message, ascii.message), (unicode.message_back, ascii.message_back)];
    let of = |c: char| match c {
        '…' => '~',
        '–' | '·' | '−' => '-',
        'µ' => 'u',
        '×' | '✕' => 'x',
        '∅' => '0',
        '≤' | '«' => '<',
        other => {
            let found = pairs.iter().find(|(from, _)| from.starts_with(other));
            found.and_then(|(_, to)| to.chars().next()).unwrap_or(other)
        }
    };
    text.chars().map(of).collect()
}

/// How long ago: `9.0 s`.
pub(super) fn ago(lab: &Lab, since: Instant) -> String {
    lab.now().since(since).to_string()
}

/// `1 655 B`
pub(super) fn bytes(count: u64) -> String {
    format!("{} B", width::number(i64::try_from(count).unwrap_or(i64::MAX)))
}

/// A picture that says that there is nothing to show, and what to do.
pub(super) fn nothing(title: &str, text: &str, canvas: &Canvas) -> Picture {
    let mut picture = Picture::new(title);
    for line in super::prose::wrap(&[super::Span::new(text, Role::Dim)], canvas.width.max(6) - 2) {
        picture.push(line.indent(2));
    }
    picture
}
