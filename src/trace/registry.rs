//! A group of consumers of 0.8: what stands in ZooKeeper, and what each member believes.
//!
//! ```text
//!   group   billing   in ZooKeeper   2 members   4 partitions, 2 without an owner
//!     member   session   asked   knows of   stands                     owns
//!     c1         6.1 s      41   c1 c2      idle                       orders-0 orders-1
//!     c2         5.9 s      30   c1 c2      try 2/4 failed             –
//!     partition   owner   position   committed   end   lag
//! ```
//!
//! "asked" counts a member's questions to ZooKeeper. Nobody has the whole of it but the tree, and nobody reads it as a
//! whole: "knows of" is what a member read when it last rebalanced, so two members may differ, and a partition may have
//! no owner, or a reader that is not its owner.

use super::common::{self, finish, more};
use super::picture::{Canvas, Line, Picture, Role, Target};
use super::table::{Align, Table};
use crate::client::{self, Client, Consumer, Phase, Registry};
use crate::cluster::{Body, Lab};
use crate::coordination::zookeeper::{Server, consumers};
use crate::group::{AssignorMember, range_steps};
use crate::types::{Language, NodeId, Offset, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the tree says about a group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// Members with the node whose session each is.
    pub members: BTreeMap<Arc<str>, NodeId>,
    /// Who owns what, by consumer id.
    pub owners: BTreeMap<TopicPartition, Arc<str>>,
    /// How far it was read.
    pub offsets: BTreeMap<TopicPartition, Offset>,
}

impl Group {
    /// The partitions of a member.
    pub fn share(&self, consumer: &str) -> Vec<TopicPartition> {
        let owners = self.owners.iter().filter(|(_, owner)| &***owner == consumer);
        owners.map(|(partition, _)| partition.clone()).collect()
    }
}

/// The groups in ZooKeeper.
pub fn names(lab: &Lab) -> Vec<Arc<str>> {
    let Some(node) = lab.cluster().zookeeper().and_then(|s| s.tree.get(consumers::CONSUMERS))
    else {
        return Vec::new();
    };
    node.children.iter().cloned().collect()
}

fn below(server: &Server, path: Arc<str>) -> impl Iterator<Item = (TopicPartition, &Arc<str>)> {
    let topics = server.tree.get(&path).map(|node| &node.children).into_iter().flatten();
    topics.flat_map(move |topic| {
        let at = format!("{path}/{topic}");
        let numbers = server.tree.get(&at).map(|node| &node.children).into_iter().flatten();
        numbers.filter_map(move |number| {
            let partition = TopicPartition::parse(&format!("{topic}-{number}"))?;
            Some((partition, &server.tree.get(&format!("{at}/{number}"))?.data))
        })
    })
}

/// A group as the tree has it.
pub fn find(lab: &Lab, name: &str) -> Option<Group> {
    let server = lab.cluster().zookeeper()?;
    server.tree.get(&format!("{}/{name}", consumers::CONSUMERS))?;
    let ids = server.tree.get(&consumers::ids_path(name)).map(|node| &node.children);
    let node_of = |id: &Arc<str>| {
        let owner = server.tree.get(&consumers::id_path(name, id))?.stat().ephemeral_owner;
        Some((id.clone(), server.sessions.get(&owner)?.node))
    };
    let owner = |(partition, data): (TopicPartition, &Arc<str>)| {
        (partition, Arc::from(consumers::consumer_of(data)))
    };
    let offset = |(partition, data): (TopicPartition, &Arc<str>)| {
        Some((partition, consumers::read_offset(data)?))
    };
    Some(Group {
        members: ids.into_iter().flatten().filter_map(node_of).collect(),
        owners: below(server, consumers::owners_path(name)).map(owner).collect(),
        offsets: below(server, consumers::offsets_path(name)).filter_map(offset).collect(),
    })
}

/// The consumers of a group that run, registered or not.
fn processes<'a>(
    lab: &'a Lab,
    name: &'a str,
) -> impl Iterator<Item = (&'a Consumer, &'a Registry)> {
    lab.cluster().clients.values().filter_map(move |client| match &**client {
        Client::Consumer(consumer) if consumer.group().is_some_and(|group| **group == *name) => {
            Some((consumer, consumer.registry().filter(|_| !consumer.is_stopped())?))
        }
        _ => None,
    })
}

/// Whether some member is in the middle of a round, as its own process knows.
pub fn rebalances(lab: &Lab, name: &str) -> bool {
    let still = |registry: &Registry| matches!(registry.phase, Phase::Idle | Phase::Failed);
    processes(lab, name).any(|(_, registry)| !still(registry))
}

/// The name of a member: that of the client whose session it is.
fn member_name(lab: &Lab, group: &Group, id: &str) -> String {
    match group.members.get(id) {
        Some(node) => common::node_name(lab, *node),
        None => {
            // One that is gone: what its id has of a name.
            let name = id.split_once('_').map_or(id, |(_, name)| name);
            let mut parts = name.rsplitn(3, '-');
            let is_made = |part: Option<&str>| part.is_some_and(|part| part.len() > 7);
            let (chance, time) = (parts.next(), parts.next());
            match (is_made(chance) && is_made(time), parts.next()) {
                (true, Some(host)) => host.to_owned(),
                _ => name.to_owned(),
            }
        }
    }
}

fn stands(consumer: &Consumer, registry: &Registry, canvas: &Canvas) -> Line {
    let of = consumer.config().rebalance_max_retries;
    let attempt = registry.attempt;
    let (text, role) = match registry.phase {
        Phase::Away => (canvas.word("no session", "没有会话").to_owned(), Role::Bad),
        Phase::Registering => (canvas.word("registers", "登记中").to_owned(), Role::Warn),
        Phase::Idle => (canvas.word("idle", "空闲").to_owned(), Role::Good),
        Phase::Failed => (
            match canvas.language {
                Language::English => format!("gave up after {of}"),
                Language::Chinese => format!("{of} 次后放弃"),
            },
            Role::Bad,
        ),
        Phase::Waiting => (
            match canvas.language {
                Language::English => format!("try {attempt}/{of} failed"),
                Language::Chinese => format!("第 {attempt}/{of} 次失败"),
            },
            Role::Warn,
        ),
        _ => (
            match canvas.language {
                Language::English => format!("rebalances, {attempt}/{of}"),
                Language::Chinese => format!("重平衡 {attempt}/{of}"),
            },
            Role::Warn,
        ),
    };
    let line = Line::of(text, role);
    match registry.is_disconnected() && registry.phase != Phase::Away {
        true => line.span(canvas.word(", no connection", "，无连接"), Role::Bad),
        false => line,
    }
}

fn list(partitions: &[TopicPartition], canvas: &Canvas) -> String {
    let names: Vec<String> = partitions.iter().map(TopicPartition::to_string).collect();
    if names.is_empty() { canvas.glyphs.dash.to_owned() } else { names.join(" ") }
}

/// `show group` of such a group, and the pane.
pub fn draw(lab: &Lab, name: &str, canvas: &Canvas) -> Option<Picture> {
    let group = find(lab, name)?;
    let title = canvas.word("group", "消费组");
    let mut picture = Picture::new(title).caption(caption(lab, name, &group, canvas));
    members(lab, name, &group, canvas, &mut picture);
    steps(lab, name, canvas, &mut picture);
    picture.blank();
    positions(lab, name, &group, canvas, &mut picture);
    Some(finish(picture, canvas))
}

/// All partitions of what its members subscribe to.
fn partitions(lab: &Lab, name: &str, group: &Group) -> BTreeSet<TopicPartition> {
    let mut all: BTreeSet<TopicPartition> =
        group.owners.keys().chain(group.offsets.keys()).cloned().collect();
    let Some(image) = common::image(lab) else { return all };
    for topic in processes(lab, name).flat_map(|(consumer, _)| consumer.subscription()) {
        let count = image.topics.get(topic).map_or(0, |known| known.partitions.len() as u32);
        all.extend((0..count).map(|number| TopicPartition::new(topic, number)));
    }
    all
}

fn caption(lab: &Lab, name: &str, group: &Group, canvas: &Canvas) -> Line {
    let all = partitions(lab, name, group);
    let without = all.iter().filter(|p| !group.owners.contains_key(*p)).count();
    let (members, count) = (group.members.len(), all.len());
    let text = match canvas.language {
        Language::English => format!(
            "   in ZooKeeper, no coordinator   {}   {}",
            crate::types::counted(members, "member"),
            crate::types::counted(count, "partition"),
        ),
        Language::Chinese => {
            format!("   在 ZooKeeper 中，没有协调者   {members} 个成员   {count} 个分区")
        }
    };
    let line = Line::of(name, Role::Strong).text(text);
    match (without, canvas.language) {
        (0, _) => line,
        (_, Language::English) => line.span(format!(", {without} without an owner"), Role::Warn),
        (_, Language::Chinese) => line.span(format!("，{without} 个没有所有者"), Role::Warn),
    }
}

fn members(lab: &Lab, name: &str, group: &Group, canvas: &Canvas, picture: &mut Picture) {
    let g = &canvas.glyphs;
    let Some(server) = lab.cluster().zookeeper() else { return };
    let running: BTreeMap<NodeId, (&Consumer, &Registry)> =
        processes(lab, name).map(|both| (both.0.id(), both)).collect();
    let mut rows: BTreeMap<NodeId, Option<&Arc<str>>> =
        group.members.iter().map(|(id, node)| (*node, Some(id))).collect();
    for node in running.keys() {
        rows.entry(*node).or_insert(None);
    }
    let mut rows: Vec<(String, NodeId, Option<&Arc<str>>)> =
        rows.into_iter().map(|(node, id)| (common::node_name(lab, node), node, id)).collect();
    rows.sort();
    if rows.is_empty() {
        picture.push(Line::of(canvas.word("  no members", "  没有成员"), Role::Dim));
        return;
    }
    let columns = [Align::Left, Align::Right, Align::Right, Align::Left, Align::Left, Align::Left];
    let mut table = Table::new(&columns).gap(2).heads(&match canvas.language {
        Language::English => ["member", "session", "asked", "knows of", "stands", "owns"],
        Language::Chinese => ["成员", "会话", "请求数", "所知成员", "状态", "拥有"],
    });
    let owned_now = |node: NodeId| {
        lab.step_events().any(|event| event.node == node && event.body.kind() == "Owned")
    };
    for (who, node, id) in rows {
        let session = server.session_of(node);
        let left = session.map(|(_, session)| session.expires_at.since(lab.now()));
        let left = left.map_or(g.dash.to_owned(), |left| format!("{:.1} s", left.0 as f64 / 1e6));
        let asked = running.get(&node).map(|(_, registry)| registry.requests.to_string());
        let asked = asked.unwrap_or_else(|| g.dash.to_owned());
        let (knows, stands) = match running.get(&node) {
            Some((consumer, registry)) => {
                let known = registry.view.members.keys();
                let known: Vec<String> = known.map(|id| member_name(lab, group, id)).collect();
                let known = if known.is_empty() { g.dash.to_owned() } else { known.join(" ") };
                (Line::of(known, Role::Dim), stands(consumer, registry, canvas))
            }
            None => {
                let word = canvas.word("gone, session lives", "已消失，会话还在");
                (Line::of(g.dash, Role::Dim), Line::of(word, Role::Dead))
            }
        };
        let share = id.map(|id| group.share(id)).unwrap_or_default();
        table.row_to(
            vec![
                Line::of(who, Role::Strong),
                Line::plain(left),
                Line::of(asked, Role::Number),
                knows,
                stands,
                Line::plain(list(&share, canvas)).changed(owned_now(node), g),
            ],
            Target::Node(node),
        );
    }
    picture.extend(table.lines(canvas.width, g.ellipsis));
    for (consumer, _) in running.values() {
        let id = group.members.iter().find(|(_, node)| **node == consumer.id()).map(|(id, _)| id);
        let owns = id.map(|id| group.share(id)).unwrap_or_default();
        let others: Vec<TopicPartition> =
            consumer.assignment().filter(|p| !owns.contains(p)).cloned().collect();
        if !others.is_empty() {
            let (who, what) = (consumer.name(), list(&others, canvas));
            let text = match canvas.language {
                Language::English => format!("  {who} still reads {what}, which it does not own"),
                Language::Chinese => format!("  {who} 仍在读取不属于它的 {what}"),
            };
            picture.push(Line::of(text, Role::Bad));
        }
    }
}

/// The assignor at work, when a member has just computed its share: with what that member knows.
fn steps(lab: &Lab, name: &str, canvas: &Canvas, picture: &mut Picture) {
    let computes = |event: &&crate::cluster::Stamped| {
        matches!(
            &event.body,
            Body::Client(client::Event::Registry(client::RegistryEvent::ShareComputed { .. }))
        )
    };
    let Some(event) = lab.step_events().find(computes) else { return };
    let Some((consumer, registry)) = processes(lab, name).find(|(c, _)| c.id() == event.node)
    else {
        return;
    };
    let view = &registry.view;
    let threads = view.members.iter().map(|(id, streams)| AssignorMember {
        id: consumers::thread(id, 0),
        instance_id: None,
        topics: streams.keys().filter(|topic| view.topics.contains_key(*topic)).cloned().collect(),
    });
    let threads: Vec<AssignorMember> = threads.collect();
    let head = match canvas.language {
        Language::English => format!("  range, as {} sees it", consumer.name()),
        Language::Chinese => format!("  range，依 {} 所见", consumer.name()),
    };
    picture.blank();
    picture.push(Line::of(head, Role::Heading).changed(true, &canvas.glyphs));
    let sentences: Vec<String> = range_steps(&threads, &view.topics)
        .map(|step| step.sentence(canvas.language))
        .take(40)
        .collect();
    let room = canvas.height.saturating_sub(picture.lines.len() + 6).max(3);
    let count = sentences.len();
    for sentence in sentences.into_iter().take(room) {
        picture.push(Line::plain(sentence).indent(4));
    }
    if count > room {
        picture.push(more(count - room, canvas));
    }
}

/// How far a group of 0.8 has committed: the newer of what ZooKeeper and what a coordinator has.
pub fn committed(lab: &Lab, name: &str, partition: &TopicPartition) -> Option<Offset> {
    let here = find(lab, name).and_then(|group| group.offsets.get(partition).copied());
    let groups = super::group::all(lab);
    let there = groups.get(name).and_then(|(_, group)| group.offsets.get(partition));
    here.max(there.map(|committed| committed.offset))
}

fn positions(lab: &Lab, name: &str, group: &Group, canvas: &Canvas, picture: &mut Picture) {
    let g = &canvas.glyphs;
    let all = partitions(lab, name, group);
    if all.is_empty() {
        let text =
            canvas.word("  nothing owned and nothing committed yet", "  尚无所有者，也没有提交");
        picture.push(Line::of(text, Role::Dim));
        return;
    }
    let columns =
        [Align::Left, Align::Left, Align::Right, Align::Right, Align::Right, Align::Right];
    let mut table = Table::new(&columns).gap(2).heads(&match canvas.language {
        Language::English => ["partition", "owner", "position", "committed", "end", "lag"],
        Language::Chinese => ["分区", "所有者", "读取位置", "已提交", "末端", "lag"],
    });
    let room = canvas.height.saturating_sub(picture.lines.len() + 2).max(5);
    let count = all.len();
    for partition in all.into_iter().take(room) {
        let committed = committed(lab, name, &partition).map(|offset| offset.0);
        let end = common::replica(lab, &partition, None).map(|(_, r)| r.high_watermark().0);
        let lag = committed.zip(end).map(|(committed, end)| end - committed);
        let show = |n: Option<i64>| n.map_or(g.dash.to_owned(), |n| n.to_string());
        let owner = group.owners.get(&partition);
        let node = owner.and_then(|id| group.members.get(id));
        let position = processes(lab, name)
            .find(|(consumer, _)| Some(&consumer.id()) == node)
            .and_then(|(consumer, _)| consumer.position(&partition));
        let owner = match owner {
            Some(id) => Line::plain(member_name(lab, group, id)),
            None => Line::of(canvas.word("nobody", "无"), Role::Warn),
        };
        let role = if lag.is_some_and(|lag| lag != 0) { Role::Warn } else { Role::Plain };
        table.row_to(
            vec![
                Line::plain(partition.to_string()),
                owner,
                Line::of(show(position.map(|offset| offset.0)), Role::Offset),
                Line::of(show(committed), Role::Offset),
                Line::of(show(end), Role::Offset),
                Line::of(show(lag), role),
            ],
            Target::Partition(partition.clone()),
        );
    }
    picture.extend(table.lines(canvas.width, g.ellipsis));
    if count > room {
        picture.push(more(count - room, canvas));
    }
}

/// `show offsets` of such a group.
pub fn offsets(lab: &Lab, name: &str, canvas: &Canvas) -> Option<Picture> {
    let group = find(lab, name)?;
    let mut picture = Picture::new(canvas.word("offsets", "偏移量")).caption(name);
    positions(lab, name, &group, canvas, &mut picture);
    Some(finish(picture, canvas))
}

/// A row of the manager's table.
pub(super) struct Summary {
    pub state: &'static str,
    pub members: usize,
    pub partitions: usize,
    pub lag: i64,
    /// Where its offsets are.
    pub offsets: String,
}

/// What the manager's table says of such a group.
pub(super) fn summary(lab: &Lab, name: &str) -> Option<Summary> {
    let group = find(lab, name)?;
    let coordinators = super::group::all(lab);
    let there = coordinators.get(name).map(|(_, group)| group.offsets.keys().cloned());
    let there: BTreeSet<TopicPartition> = there.into_iter().flatten().collect();
    let all: BTreeSet<TopicPartition> =
        group.offsets.keys().cloned().chain(there.clone()).collect();
    let lag = all.iter().filter_map(|partition| {
        let (_, replica) = common::replica(lab, partition, None)?;
        Some((replica.high_watermark().0 - committed(lab, name, partition)?.0).max(0))
    });
    let offsets = match (group.offsets.is_empty(), there.is_empty()) {
        (_, true) => format!("/consumers/{name}/offsets"),
        (true, false) => "__consumer_offsets".to_owned(),
        (false, false) => format!("/consumers/{name}/offsets, __consumer_offsets"),
    };
    Some(Summary {
        lag: lag.sum(),
        state: state(lab, name, &group),
        members: group.members.len(),
        partitions: all.len(),
        offsets,
    })
}

/// In the words of a coordinator's states, though nobody keeps one here.
pub fn state(lab: &Lab, name: &str, group: &Group) -> &'static str {
    match (group.members.is_empty(), rebalances(lab, name)) {
        (_, true) => "PreparingRebalance",
        (true, false) => "Empty",
        (false, false) => "Stable",
    }
}
