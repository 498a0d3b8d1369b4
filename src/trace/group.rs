//! A consumer group: who reads what, before and after, and how far.
//!
//! ```text
//!   group   billing   Stable «   generation 3   coordinator b2   range
//!     member         subscribed   before (generation 2)   now (generation 3)
//!     c1-7f3a lead   orders       orders-0 orders-1       orders-0               gave orders-1
//!     c2-91bc new    orders       –                       orders-1 «             got orders-1
//!     partition   member    position   committed   end   lag
//!     orders-0    c1-7f3a         14          12    14     2
//! ```
//!
//! The lag is counted as `kafka-consumer-groups` does: high watermark minus committed offset. The assignor's steps are
//! those of [`crate::group`], drawn anew from the members' own subscriptions.

use super::common::{self, finish, more};
use super::picture::{Canvas, Focus, Line, Picture, Role, Target};
use super::registry;
use super::table::{Align, Table};
use crate::client;
use crate::cluster::{Body, Lab, Stamped};
use crate::group::{self, AssignorMember, Group, Member, Subscription};
use crate::types::{Language, NodeId, TopicName, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many events are searched for earlier shares.
const LOOK_BACK: usize = 20_000;

/// All groups, each with the broker that coordinates it.
pub(super) fn all(lab: &Lab) -> BTreeMap<Arc<str>, (NodeId, &Group)> {
    let mut groups: BTreeMap<Arc<str>, (NodeId, &Group)> = BTreeMap::new();
    for (&id, node) in &lab.cluster().brokers {
        let Some(broker) = &node.broker else { continue };
        let runs = lab.cluster().state(id) == crate::cluster::NodeState::Alive;
        for (name, group) in &broker.groups.groups {
            if runs || !groups.contains_key(name) {
                groups.insert(name.clone(), (id, group));
            }
        }
    }
    groups
}

/// The names of all groups: a coordinator's, and those that live in ZooKeeper.
pub(super) fn names(lab: &Lab) -> BTreeSet<Arc<str>> {
    all(lab).into_keys().chain(registry::names(lab)).collect()
}

/// Draws the pane.
pub fn draw(lab: &Lab, focus: &Focus, canvas: &Canvas) -> Picture {
    let title = canvas.word("group", "消费组");
    let groups = all(lab);
    let fresh = lab.step_events().find_map(|event| group_of(&event.body));
    let first = || names(lab).into_iter().next();
    let name = focus.group.as_deref().map(Arc::from).or(fresh).or_else(first);
    if let Some(picture) = name.as_deref().and_then(|name| registry::draw(lab, name, canvas)) {
        return picture;
    }
    let name = name.as_deref();
    let chosen = match name {
        Some(name) => groups.get(name).map(|&found| (Arc::from(name), found)),
        None => groups.iter().next().map(|(name, &found)| (name.clone(), found)),
    };
    let Some((name, (coordinator, group))) = chosen else {
        let text = canvas.word(
            "no consumer group yet; `consumer start c1 group=billing topics=orders` makes one",
            "还没有消费组；用 `consumer start c1 group=billing topics=orders` 创建",
        );
        return common::nothing(title, text, canvas);
    };
    let mut picture = Picture::new(title).caption(caption(lab, &name, coordinator, group, canvas));
    members(lab, &name, group, canvas, &mut picture);
    steps(lab, &name, group, canvas, &mut picture);
    picture.blank();
    positions(lab, &name, group, canvas, &mut picture);
    if groups.len() > 1 {
        let names: Vec<&str> = groups.keys().filter(|n| **n != name).map(AsRef::as_ref).collect();
        let text =
            format!("  {} {}", canvas.word("other groups:", "其他消费组："), names.join(" "));
        picture.push(Line::of(text, Role::Dim));
    }
    finish(picture, canvas)
}

/// The group that an event is about.
fn group_of(body: &Body) -> Option<Arc<str>> {
    use group::Event::*;
    match body {
        Body::Broker(crate::broker::Event::Group(event)) => match event {
            MemberIdGiven { group, .. }
            | MemberJoined { group, .. }
            | MemberReplaced { group, .. }
            | MemberLeft { group, .. }
            | MemberExpired { group, .. }
            | RebalanceStarted { group, .. }
            | RebalanceDelayed { group, .. }
            | GenerationBegan { group, .. }
            | AssignmentStored { group, .. }
            | GroupEmpty { group, .. }
            | OffsetCommitted { group, .. }
            | WriteFailed { group, .. }
            | Refused { group, .. }
            | GroupLoaded { group, .. } => Some(group.clone()),
            PartitionUnloaded { .. } => None,
        },
        Body::Client(
            client::Event::Joining { group, .. }
            | client::Event::Joined { group, .. }
            | client::Event::Registry(
                client::RegistryEvent::Registered { group, .. }
                | client::RegistryEvent::RebalanceBegun { group, .. },
            ),
        ) => Some(group.clone()),
        _ => None,
    }
}

fn about<'a>(lab: &'a Lab, name: &'a str) -> impl Iterator<Item = &'a Stamped> {
    lab.step_events().filter(move |event| group_of(&event.body).as_deref() == Some(name))
}

fn caption(lab: &Lab, name: &str, coordinator: NodeId, group: &Group, canvas: &Canvas) -> Line {
    let g = &canvas.glyphs;
    let state_changed = about(lab, name).any(|event| {
        matches!(
            event.body.kind(),
            "RebalanceStarted"
                | "GenerationBegan"
                | "AssignmentStored"
                | "GroupEmpty"
                | "MemberJoined"
        )
    });
    let mut line = Line::of(name, Role::Strong).text("   ");
    if state_changed && group.previous_state != group.state {
        line = line.span(format!("{} {} ", group.previous_state, g.message), Role::Dim);
    }
    let line = line
        .text(group.state.to_string())
        .changed(state_changed, g)
        .text(format!("   {} {}", canvas.word("generation", "generation"), group.generation))
        .text(format!("   coordinator {}", common::node_name(lab, coordinator)));
    match &group.protocol {
        Some(protocol) => line.text(format!("   {protocol}")),
        None => line,
    }
}

/// A member's id as people can read it: its `client.id` and as much of the rest as tells it from others.
fn short(group: &Group, id: &str) -> String {
    let Some(member) = group.members.get(id) else { return id.to_owned() };
    for length in [4, 8] {
        let cells = member.client_id.chars().count() + 1 + length;
        let head: String = id.chars().take(cells).collect();
        if group.members.keys().filter(|other| other.starts_with(&head)).count() == 1 {
            return head;
        }
    }
    id.to_owned()
}

fn share(member: &Member) -> BTreeSet<TopicPartition> {
    group::decode_assignment(&member.assignment).unwrap_or_default().into_iter().collect()
}

fn subscription(group: &Group, member: &Member) -> Vec<TopicName> {
    let protocol = group.protocol.as_deref();
    let bytes = protocol
        .and_then(|protocol| member.subscription(protocol))
        .or_else(|| member.protocols.first().map(|(_, bytes)| bytes));
    bytes.and_then(|b| Subscription::decode(b).ok()).map(|s| s.topics).unwrap_or_default()
}

/// What each member held in the generation before, from what consumers told.
fn earlier(lab: &Lab, group: &Group) -> BTreeMap<Arc<str>, (i32, BTreeSet<TopicPartition>)> {
    let mut found = BTreeMap::new();
    let of: BTreeMap<NodeId, &Arc<str>> = group
        .members
        .values()
        .filter_map(|m| Some((*lab.cluster().names.get(&*m.client_id)?, &m.id)))
        .collect();
    for event in lab.events().iter().rev().take(LOOK_BACK) {
        if let Body::Client(client::Event::Assigned { partitions, generation, .. }) = &event.body
            && *generation < group.generation
            && let Some(&member) = of.get(&event.node)
            && !found.contains_key(member)
        {
            found.insert(member.clone(), (*generation, partitions.iter().cloned().collect()));
        }
    }
    found
}

fn list(partitions: &BTreeSet<TopicPartition>, canvas: &Canvas) -> String {
    if partitions.is_empty() {
        return canvas.glyphs.dash.to_owned();
    }
    let names: Vec<String> = partitions.iter().map(TopicPartition::to_string).collect();
    names.join(" ")
}

fn members(lab: &Lab, name: &str, group: &Group, canvas: &Canvas, picture: &mut Picture) {
    let g = &canvas.glyphs;
    if group.members.is_empty() {
        picture.push(Line::of(canvas.word("  no members", "  没有成员"), Role::Dim));
        return;
    }
    let before = earlier(lab, group);
    let shared = about(lab, name).any(|event| event.body.kind() == "AssignmentStored");
    let old = before.values().map(|(generation, _)| *generation).max();
    let columns = [Align::Left; 5];
    let with_before = old.is_some() && canvas.width >= 60;
    let head_before = match (canvas.language, old) {
        (_, None) => String::new(),
        (Language::English, Some(old)) => format!("before (generation {old})"),
        (Language::Chinese, Some(old)) => format!("之前（generation {old}）"),
    };
    let head_now = match canvas.language {
        Language::English => format!("now (generation {})", group.generation),
        Language::Chinese => format!("现在（generation {}）", group.generation),
    };
    let mut heads = vec![canvas.word("member", "成员"), canvas.word("subscribed", "订阅")];
    if with_before {
        heads.push(&head_before);
    }
    heads.push(&head_now);
    let mut table = Table::new(&columns[..heads.len()]).gap(2).heads(&heads);
    for member in group.members.values() {
        let held = share(member);
        let had = before.get(&member.id).map(|(_, had)| had.clone()).unwrap_or_default();
        let mut who = Line::of(short(group, &member.id), Role::Strong);
        if group.is_leader(&member.id) {
            who = who.span(canvas.word(" leads", " 组长"), Role::Leader);
        }
        if member.is_new {
            who = who.span(canvas.word(" new", " 新"), Role::Accent);
        }
        if member.awaiting_join.is_some() {
            who = who.span(canvas.word(" joining", " 加入中"), Role::Warn);
        } else if member.awaiting_sync.is_some() {
            who = who.span(canvas.word(" awaits its share", " 等待分配"), Role::Warn);
        }
        let topics: Vec<String> =
            subscription(group, member).iter().map(TopicName::to_string).collect();
        let mut cells = vec![who, Line::of(topics.join(" "), Role::Dim)];
        if with_before {
            cells.push(Line::of(list(&had, canvas), Role::Dim));
        }
        cells.push(Line::plain(list(&held, canvas)).changed(shared && held != had, g));
        if old.is_some() && held != had {
            let got: BTreeSet<TopicPartition> = held.difference(&had).cloned().collect();
            let gave: BTreeSet<TopicPartition> = had.difference(&held).cloned().collect();
            let mut words = Vec::new();
            if !gave.is_empty() {
                words.push(format!("{} {}", canvas.word("gave", "交出"), list(&gave, canvas)));
            }
            if !got.is_empty() {
                words.push(format!("{} {}", canvas.word("got", "得到"), list(&got, canvas)));
            }
            cells.push(Line::of(format!("  {}", words.join(", ")), Role::Accent));
        }
        table.row(cells);
    }
    picture.extend(table.lines(canvas.width, g.ellipsis));
    if !group.pending_members.is_empty() {
        let count = group.pending_members.len();
        picture.push(Line::of(
            match canvas.language {
                Language::English => {
                    format!("  {count} newcomer(s) got an id and are to join with it")
                }
                Language::Chinese => format!("  {count} 个新成员已得到 id，等待其重新加入"),
            },
            Role::Warn,
        ));
    }
}

/// The assignor at work, when that is what just happened.
fn steps(lab: &Lab, name: &str, group: &Group, canvas: &Canvas, picture: &mut Picture) {
    let computed = lab.step_events().any(|event| event.body.kind() == "SharesComputed");
    let stored = about(lab, name).any(|event| event.body.kind() == "AssignmentStored");
    let (true, Some(protocol)) = (computed || stored, group.protocol.as_deref()) else { return };
    let Some(image) = common::image(lab) else { return };
    let members: Vec<AssignorMember> = group
        .members
        .values()
        .map(|member| AssignorMember {
            id: member.id.clone(),
            instance_id: member.instance_id.clone(),
            topics: subscription(group, member).into_iter().collect(),
        })
        .collect();
    let counts: BTreeMap<TopicName, u32> = image
        .topics
        .iter()
        .map(|(name, topic)| (name.clone(), topic.partitions.len() as u32))
        .collect();
    let sentences: Vec<String> = match protocol {
        "range" => group::range_steps(&members, &counts)
            .map(|s| s.sentence(canvas.language))
            .take(40)
            .collect(),
        "roundrobin" => group::round_robin_steps(&members, &counts)
            .map(|s| s.sentence(canvas.language))
            .take(40)
            .collect(),
        _ => return,
    };
    picture.blank();
    picture
        .push(Line::of(format!("  {protocol}"), Role::Heading).changed(computed, &canvas.glyphs));
    let room = canvas.height.saturating_sub(picture.lines.len() + 4).max(3);
    let count = sentences.len();
    for mut sentence in sentences.into_iter().take(room) {
        for id in group.members.keys() {
            sentence = sentence.replace(&**id, &short(group, id));
        }
        picture.push(Line::plain(sentence).indent(4));
    }
    if count > room {
        picture.push(more(count - room, canvas));
    }
}

/// Where a member reads on, as its own process knows.
fn position(lab: &Lab, member: &Member, partition: &TopicPartition) -> Option<i64> {
    match lab.cluster().client(&member.client_id)? {
        client::Client::Consumer(consumer) => Some(consumer.position(partition)?.0),
        _ => None,
    }
}

/// Positions, committed offsets, log ends and the lag between.
pub(super) fn positions(
    lab: &Lab,
    name: &str,
    group: &Group,
    canvas: &Canvas,
    picture: &mut Picture,
) {
    let g = &canvas.glyphs;
    let mut owners: BTreeMap<TopicPartition, &Arc<str>> = BTreeMap::new();
    for member in group.members.values() {
        owners.extend(share(member).into_iter().map(|partition| (partition, &member.id)));
    }
    let partitions: BTreeSet<&TopicPartition> = owners.keys().chain(group.offsets.keys()).collect();
    if partitions.is_empty() {
        let text =
            canvas.word("  nothing assigned and nothing committed yet", "  尚未分配，也没有提交");
        picture.push(Line::of(text, Role::Dim));
        return;
    }
    let fresh: BTreeSet<&TopicPartition> = about(lab, name)
        .filter_map(|event| match &event.body {
            Body::Broker(crate::broker::Event::Group(group::Event::OffsetCommitted {
                partition,
                ..
            })) => Some(partition),
            _ => None,
        })
        .collect();
    let columns =
        [Align::Left, Align::Left, Align::Right, Align::Right, Align::Right, Align::Right];
    let mut table = Table::new(&columns).gap(2).heads(&match canvas.language {
        Language::English => ["partition", "member", "position", "committed", "end", "lag"],
        Language::Chinese => ["分区", "成员", "读取位置", "已提交", "末端", "lag"],
    });
    let room = canvas.height.saturating_sub(picture.lines.len() + 2).max(5);
    let count = partitions.len();
    for partition in partitions.into_iter().take(room) {
        let committed = group.offsets.get(partition).map(|committed| committed.offset.0);
        let end = common::replica(lab, partition, None).map(|(_, r)| r.high_watermark().0);
        let lag = committed.zip(end).map(|(committed, end)| end - committed);
        let show = |n: Option<i64>| n.map_or(g.dash.to_owned(), |n| n.to_string());
        let role = match lag {
            Some(lag) if lag != 0 => Role::Warn,
            _ => Role::Plain,
        };
        let owner = owners.get(partition).map_or(g.dash.to_owned(), |id| short(group, id));
        let member = owners.get(partition).and_then(|id| group.members.get(*id));
        let position = member.and_then(|member| position(lab, member, partition));
        table.row_to(
            vec![
                Line::plain(partition.to_string()),
                Line::plain(owner),
                Line::of(show(position), Role::Offset),
                Line::of(show(committed), Role::Offset),
                Line::of(show(end), Role::Offset),
                Line::of(show(lag), role).changed(fresh.contains(partition), g),
            ],
            Target::Partition(partition.clone()),
        );
    }
    picture.extend(table.lines(canvas.width, g.ellipsis));
    if count > room {
        picture.push(more(count - room, canvas));
    }
}

/// `show offsets`: what a group has committed.
pub fn offsets(lab: &Lab, name: &str, canvas: &Canvas) -> Result<Picture, String> {
    if let Some(picture) = registry::offsets(lab, name, canvas) {
        return Ok(picture);
    }
    let groups = all(lab);
    let Some((_, group)) = groups.get(name) else {
        let known = names(lab);
        let known: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
        return Err(super::show::unknown("group", name, &known));
    };
    let mut picture = Picture::new(canvas.word("offsets", "偏移量")).caption(name);
    positions(lab, name, group, canvas, &mut picture);
    Ok(finish(picture, canvas))
}
