//! The tables of a manager: brokers, topics, groups, as Kafka Manager (CMAK) laid them out.
//!
//! ```text
//!   broker    rack   replicas   skewed   leaders   skewed   in          out     behind
//!   b1        a             6   no             4   yes      3 102 B     411 B        0
//!   topic     partitions   RF   spread%   skew%   leader skew%   URP%   messages
//!   groups     state    coordinator   members   partitions   lag   offsets in
//! ```
//!
//! A broker is *skewed* for a topic when it has more of its replicas than the average rounded up; *spread* is the share
//! of brokers that have any of it (CMAK, `ActorModel.TopicIdentity`). *Behind* are
//! records of the metadata log that the broker has not applied. A reader that commits nothing is in no group and so in
//! no table: it is invisible, which surprises many.

use super::common::{self, bytes, finish, is_internal, more};
use super::group;
use super::picture::{Canvas, Line, Picture, Role, Target};
use super::registry;
use super::table::{Align, Table};
use super::width::number;
use crate::cluster::{Lab, NodeState};
use crate::coordination::kraft::{Image, TopicImage};
use crate::types::{Language, NodeId, TopicName, TopicPartition, counted};
use std::collections::BTreeMap;

/// Most rows of one table; the screen scrolls.
const MOST: usize = 1_000;

/// Draws the pane: all three.
pub fn draw(lab: &Lab, canvas: &Canvas) -> Picture {
    let mut picture = Picture::new(canvas.word("overview", "总览"));
    let image = common::image(lab);
    let brokers = lab.cluster().brokers.len();
    let topics = image.map_or(0, |image| image.topics.keys().filter(|t| !is_internal(t)).count());
    let groups = group::names(lab).len();
    picture.caption = Line::plain(match canvas.language {
        Language::English => [(brokers, "broker"), (topics, "topic"), (groups, "group")]
            .map(|(count, noun)| counted(count, noun))
            .join("   "),
        Language::Chinese => format!("{brokers} 个 broker   {topics} 个 topic   {groups} 个消费组"),
    });
    picture.extend(broker_rows(lab, canvas));
    picture.blank();
    picture.extend(topic_rows(lab, canvas));
    if groups > 0 {
        picture.blank();
        picture.extend(group_rows(lab, canvas));
    }
    finish(picture, canvas)
}

/// `show brokers`
pub fn brokers(lab: &Lab, canvas: &Canvas) -> Picture {
    let mut picture = Picture::new(canvas.word("brokers", "broker"));
    picture.extend(broker_rows(lab, canvas));
    finish(picture, canvas)
}

/// `show topics`
pub fn topics(lab: &Lab, canvas: &Canvas) -> Picture {
    let mut picture = Picture::new(canvas.word("topics", "主题"));
    picture.extend(topic_rows(lab, canvas));
    finish(picture, canvas)
}

/// `show groups`
pub fn groups(lab: &Lab, canvas: &Canvas) -> Picture {
    let mut picture = Picture::new(canvas.word("groups", "消费组"));
    picture.extend(group_rows(lab, canvas));
    finish(picture, canvas)
}

/// Replicas and leaders of each broker, of all topics or of one.
#[derive(Default)]
struct Load {
    replicas: BTreeMap<NodeId, usize>,
    leaders: BTreeMap<NodeId, usize>,
    partitions: usize,
    copies: usize,
    under: usize,
}

impl Load {
    fn add(&mut self, topic: &TopicImage) {
        for partition in &topic.partitions {
            self.partitions += 1;
            self.copies += partition.replicas.len();
            self.under += usize::from(partition.isr.len() < partition.replicas.len());
            for id in &partition.replicas {
                *self.replicas.entry(*id).or_default() += 1;
            }
            if let Some(leader) = partition.leader {
                *self.leaders.entry(leader).or_default() += 1;
            }
        }
    }
    fn average(count: usize, brokers: usize) -> usize {
        count.div_ceil(brokers.max(1))
    }
    fn skewed(&self, id: NodeId, brokers: usize) -> bool {
        self.replicas.get(&id).copied().unwrap_or(0) > Load::average(self.copies, brokers)
    }
    fn leader_skewed(&self, id: NodeId, brokers: usize) -> bool {
        self.leaders.get(&id).copied().unwrap_or(0) > Load::average(self.partitions, brokers)
    }
}

fn load<'a>(topics: impl Iterator<Item = &'a TopicImage>) -> Load {
    let mut load = Load::default();
    topics.for_each(|topic| load.add(topic));
    load
}

fn own(image: &Image) -> impl Iterator<Item = (&TopicName, &TopicImage)> {
    image.topics.iter().filter(|(name, _)| !is_internal(name)).map(|(name, topic)| (name, &**topic))
}

/// The brokers, as rows of a table with its heads.
pub(super) fn broker_rows(lab: &Lab, canvas: &Canvas) -> Vec<Line> {
    let g = &canvas.glyphs;
    let nothing = Image::default();
    let image = common::image(lab).unwrap_or(&nothing);
    let all = load(own(image).map(|(_, topic)| topic));
    let count = lab.cluster().brokers.len();
    let columns = [
        Align::Left,
        Align::Left,
        Align::Right,
        Align::Left,
        Align::Right,
        Align::Left,
        Align::Right,
        Align::Right,
        Align::Right,
    ];
    let heads = match canvas.language {
        Language::English => {
            ["broker", "rack", "replicas", "skewed", "leaders", "skewed", "in", "out", "behind"]
        }
        Language::Chinese => {
            ["broker", "机架", "副本", "倾斜", "leader", "倾斜", "流入", "流出", "落后"]
        }
    };
    let mut table = Table::new(&columns).gap(2).heads(&heads);
    for (&id, node) in lab.cluster().brokers.iter().take(MOST) {
        let (mark, role) = match node.state {
            NodeState::Alive => (g.leader, Role::Good),
            NodeState::Paused => (g.paused, Role::Warn),
            NodeState::Stopped => (g.stopped, Role::Dead),
            NodeState::Dead | NodeState::New => (g.dead, Role::Dead),
        };
        let rack = image.brokers.get(&id).and_then(|known| known.rack.as_deref());
        let flag = |yes: bool| match yes {
            true => Line::of(canvas.word("yes", "是"), Role::Warn),
            false => Line::of(canvas.word("no", "否"), Role::Dim),
        };
        let count_of = |map: &BTreeMap<NodeId, usize>| {
            Line::of(map.get(&id).copied().unwrap_or(0).to_string(), Role::Number)
        };
        let tally = &lab.cluster().tally;
        let flow = |n: i64| Line::plain(bytes(u64::try_from(n).unwrap_or(0)));
        let out = lab.cluster().broker(id).map_or(0, |broker| broker.copies.bytes_out as i64);
        let lag = super::metrics::metadata_lag(lab, id);
        table.row_to(
            vec![
                Line::of(format!("b{id} "), Role::Strong).span(mark, role),
                Line::of(rack.unwrap_or(g.dash), Role::Dim),
                count_of(&all.replicas),
                flag(all.skewed(id, count)),
                count_of(&all.leaders),
                flag(all.leader_skewed(id, count)),
                flow(tally.of_broker("BytesInPerSec", id)),
                flow(out),
                Line::of(number(lag), if lag > 0 { Role::Warn } else { Role::Dim }),
            ],
            Target::Node(id),
        );
    }
    table.lines(canvas.width, g.ellipsis)
}

fn topic_rows(lab: &Lab, canvas: &Canvas) -> Vec<Line> {
    let g = &canvas.glyphs;
    let Some(image) = common::image(lab).filter(|image| own(image).next().is_some()) else {
        let text = canvas.word("  no topics yet", "  还没有 topic");
        return vec![Line::of(text, Role::Dim)];
    };
    let brokers = lab.cluster().brokers.len();
    let columns = [
        Align::Left,
        Align::Right,
        Align::Right,
        Align::Right,
        Align::Right,
        Align::Right,
        Align::Right,
        Align::Right,
    ];
    let heads = match canvas.language {
        Language::English => {
            ["topic", "partitions", "RF", "spread%", "skew%", "leader skew%", "URP%", "messages"]
        }
        Language::Chinese => {
            ["topic", "分区", "RF", "覆盖%", "倾斜%", "leader 倾斜%", "URP%", "消息"]
        }
    };
    let mut table = Table::new(&columns).gap(2).heads(&heads);
    let count = own(image).count();
    for (name, topic) in own(image).take(MOST) {
        let load = load([topic].into_iter());
        let having = load.replicas.len().max(1);
        let skewed = load.replicas.keys().filter(|id| load.skewed(**id, brokers)).count();
        let leading = load.replicas.keys().filter(|id| load.leader_skewed(**id, brokers)).count();
        let percent = |part: usize, of: usize| part * 100 / of.max(1);
        let warn = |percent: usize| {
            Line::of(percent.to_string(), if percent > 0 { Role::Warn } else { Role::Dim })
        };
        let ends = (0..topic.partitions.len() as u32).filter_map(|at| {
            let (_, replica) = common::replica(lab, &TopicPartition::new(name, at), None)?;
            Some(replica.log_end_offset().0 - replica.log.log_start_offset().0)
        });
        let factor = topic.partitions.first().map_or(0, |p| p.replicas.len());
        table.row_to(
            vec![
                Line::plain(name.as_str()),
                Line::of(load.partitions.to_string(), Role::Number),
                Line::plain(factor.to_string()),
                Line::plain(percent(load.replicas.len(), brokers).to_string()),
                warn(percent(skewed, having)),
                warn(percent(leading, having)),
                warn(percent(load.under, load.partitions)),
                Line::of(number(ends.sum()), Role::Number),
            ],
            Target::Partition(TopicPartition::new(name, 0)),
        );
    }
    let mut lines = table.lines(canvas.width, g.ellipsis);
    if count > MOST {
        lines.push(more(count - MOST, canvas));
    }
    lines
}

fn group_rows(lab: &Lab, canvas: &Canvas) -> Vec<Line> {
    let mut groups = group::all(lab);
    let registries = registry::names(lab);
    groups.retain(|name, _| !registries.contains(name));
    if groups.is_empty() && registries.is_empty() {
        let text = canvas.word(
            "  no groups: a reader that commits nothing is not listed",
            "  没有消费组：不提交偏移量的读者不会出现在这里",
        );
        return vec![Line::of(text, Role::Dim)];
    }
    let columns = [
        Align::Left,
        Align::Left,
        Align::Left,
        Align::Right,
        Align::Right,
        Align::Right,
        Align::Left,
    ];
    let heads = match canvas.language {
        Language::English => {
            ["group", "state", "coordinator", "members", "partitions", "lag", "offsets in"]
        }
        Language::Chinese => ["消费组", "状态", "协调者", "成员", "分区", "滞后", "偏移量存于"],
    };
    let mut table = Table::new(&columns).gap(2).heads(&heads);
    for (name, (coordinator, group)) in groups.into_iter().take(MOST) {
        let lags = group.offsets.iter().filter_map(|(partition, committed)| {
            let (_, replica) = common::replica(lab, partition, None)?;
            Some((replica.high_watermark().0 - committed.offset.0).max(0))
        });
        let lag: i64 = lags.sum();
        table.row_to(
            vec![
                Line::plain(&*name),
                Line::plain(group.state.to_string()),
                Line::of(format!("b{coordinator}"), Role::Leader),
                Line::of(group.members.len().to_string(), Role::Number),
                Line::of(group.offsets.len().to_string(), Role::Number),
                Line::of(number(lag), if lag > 0 { Role::Warn } else { Role::Dim }),
                Line::of("__consumer_offsets", Role::Dim),
            ],
            Target::Group(name.to_string()),
        );
    }
    for name in registries.into_iter().take(MOST) {
        let Some(group) = registry::summary(lab, &name) else { continue };
        let lag = group.lag;
        table.row_to(
            vec![
                Line::plain(&*name),
                Line::plain(group.state),
                Line::of("-", Role::Dim),
                Line::of(group.members.to_string(), Role::Number),
                Line::of(group.partitions.to_string(), Role::Number),
                Line::of(number(lag), if lag > 0 { Role::Warn } else { Role::Dim }),
                Line::of(group.offsets, Role::Dim),
            ],
            Target::Group(name.to_string()),
        );
    }
    table.lines(canvas.width, canvas.glyphs.ellipsis)
}
