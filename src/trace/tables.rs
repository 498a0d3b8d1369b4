//! The plain tables of `show`: a topic, all ISRs, a log's epochs, the invariants.

use super::common::{self, Fresh, finish, is_internal};
use super::picture::{Canvas, Focus, Line, Picture, Role, Target};
use super::table::{Align, Table};
use crate::chinese::tell;
use crate::cluster::{INVARIANTS, Lab};
use crate::coordination::kraft::{ConfigResource, PartitionRegistration};
use crate::types::{Language, TopicName, TopicPartition, Uuid};

fn nodes(nodes: &[crate::types::NodeId]) -> String {
    let names: Vec<String> = nodes.iter().map(ToString::to_string).collect();
    names.join(",")
}

fn leader(registration: &PartitionRegistration, canvas: &Canvas) -> Line {
    match registration.leader {
        Some(leader) => Line::of(format!("b{leader}"), Role::Leader),
        None => Line::of(canvas.word("none", "无"), Role::Bad),
    }
}

/// `show topic T`: as `kafka-topics --describe` has it, with log ends and high watermarks.
pub fn topic(lab: &Lab, name: &str, canvas: &Canvas) -> Result<Picture, String> {
    let name = TopicName::new(name);
    let image = common::image(lab);
    let Some((image, topic)) = image.and_then(|i| Some((i, i.topics.get(&name)?))) else {
        let known =
            image.map(|i| i.topics.keys().map(TopicName::as_str).collect()).unwrap_or_default();
        let known: Vec<&str> = known;
        return Err(super::show::unknown("topic", name.as_str(), &known));
    };
    let g = &canvas.glyphs;
    let fresh = Fresh::of(lab);
    let count = topic.partitions.len();
    let factor = topic.partitions.first().map_or(0, |p| p.replicas.len());
    // Topics have ids since 2.8 (KIP-516).
    let id = match topic.id == Uuid::ZERO {
        true => String::new(),
        false => format!("   id {}", topic.id),
    };
    let caption = match canvas.language {
        Language::English => {
            format!("{name}   {}   RF {factor}{id}", crate::types::counted(count, "partition"))
        }
        Language::Chinese => format!("{name}   {count} 个分区   RF {factor}{id}"),
    };
    let mut picture = Picture::new(canvas.word("topic", "主题")).caption(caption);
    let columns = [
        Align::Left,
        Align::Left,
        Align::Left,
        Align::Left,
        Align::Right,
        Align::Right,
        Align::Right,
    ];
    let mut table = Table::new(&columns).heads(&match canvas.language {
        Language::English => ["partition", "leader", "replicas", "ISR", "epoch", "HW", "LEO"],
        Language::Chinese => ["分区", "leader", "副本", "ISR", "epoch", "HW", "LEO"],
    });
    for (number, registration) in topic.partitions.iter().enumerate() {
        let partition = TopicPartition::new(&name, number as u32);
        let replica = common::replica(lab, &partition, None).map(|(_, replica)| replica);
        let offset = |n: Option<i64>| n.map_or(g.dash.to_owned(), |n| n.to_string());
        let changed = registration.leader.and_then(|id| fresh.log_end(&partition, id)).is_some();
        table.row_to(
            vec![
                Line::plain(partition.to_string()),
                leader(registration, canvas).changed(fresh.leader(&partition), g),
                Line::plain(nodes(&registration.replicas)),
                Line::plain(common::set(&registration.isr)).changed(fresh.isr(&partition), g),
                Line::of(registration.leader_epoch.to_string(), Role::Epoch),
                Line::of(offset(replica.map(|r| r.high_watermark().0)), Role::HighWatermark),
                Line::of(offset(replica.map(|r| r.log_end_offset().0)), Role::Offset)
                    .changed(changed, g),
            ],
            Target::Partition(partition),
        );
    }
    picture.extend(table.lines(canvas.width, g.ellipsis));
    if let Some(words) = deletion(lab, &name, canvas.language) {
        picture.push(Line::of(format!("  {words}"), Role::Warn));
    }
    if let Some(configs) = image.configs.get(&ConfigResource::topic(&name)) {
        for (key, value) in configs {
            picture.push(Line::of(format!("  {key}"), Role::Dim).text(format!(" {value}")));
        }
    }
    Ok(finish(picture, canvas))
}

/// That a topic is marked for deletion, and for what that waits.
fn deletion(lab: &Lab, topic: &TopicName, language: Language) -> Option<String> {
    let missing = lab.cluster().deletion_waits_for(topic)?;
    let names: Vec<String> = missing.iter().map(ToString::to_string).collect();
    let (names, many) = (names.join(", "), names.len() > 1);
    Some(match (language, missing.is_empty(), lab.cluster().deletes_topics()) {
        (Language::English, _, false) => {
            "marked for deletion, which has no effect: delete.topic.enable is not true".into()
        }
        (Language::Chinese, _, false) => {
            "已标记删除，但不生效：delete.topic.enable 不为 true".into()
        }
        (Language::English, true, _) => "marked for deletion".into(),
        (Language::Chinese, true, _) => "已标记删除".into(),
        (Language::English, false, _) => {
            let (word, has, is) = match many {
                true => ("brokers", "have replicas", "are"),
                false => ("broker", "has a replica", "is"),
            };
            format!(
                "marked for deletion; it waits for {word} {names}, which {has} and {is} not there"
            )
        }
        (Language::Chinese, false, _) => {
            format!("已标记删除；等待 broker {names}：它有副本但不在线")
        }
    })
}

/// `show isr`: the ISR of every partition.
pub fn isr(lab: &Lab, canvas: &Canvas) -> Picture {
    let g = &canvas.glyphs;
    let mut picture = Picture::new(canvas.word("isr", "ISR"));
    let fresh = Fresh::of(lab);
    // KIP-966: versions before know no eligible leader replicas.
    let has_elr = lab.cluster().config.log.era.eligible_leader_replicas;
    let count = if has_elr { 5 } else { 4 };
    let heads = match canvas.language {
        Language::English => ["partition", "leader", "ISR", "not in sync", "ELR"],
        Language::Chinese => ["分区", "leader", "ISR", "不同步", "ELR"],
    };
    let mut table = Table::new(&[Align::Left; 5][..count]).heads(&heads[..count]);
    let topics = common::image(lab).into_iter().flat_map(|image| image.topics.iter());
    for (name, topic) in topics.filter(|(name, _)| !is_internal(name)) {
        for (number, registration) in topic.partitions.iter().enumerate() {
            let partition = TopicPartition::new(name, number as u32);
            let out: Vec<_> = registration
                .replicas
                .iter()
                .filter(|id| !registration.isr.contains(id))
                .copied()
                .collect();
            let show = |list: &[crate::types::NodeId]| match list.is_empty() {
                true => Line::of(g.dash, Role::Dim),
                false => Line::of(common::set(list), Role::Warn),
            };
            let mut cells = vec![
                Line::plain(partition.to_string()),
                leader(registration, canvas).changed(fresh.leader(&partition), g),
                Line::plain(common::set(&registration.isr)).changed(fresh.isr(&partition), g),
                show(&out),
            ];
            if has_elr {
                cells.push(show(&registration.elr));
            }
            table.row_to(cells, Target::Partition(partition));
        }
    }
    if table.is_empty() {
        picture.push(Line::of(canvas.word("  no topics yet", "  还没有 topic"), Role::Dim));
    } else {
        picture.extend(table.lines(canvas.width, g.ellipsis));
    }
    finish(picture, canvas)
}

/// `show epochs T-P`: which leader epoch began at which offset, on every replica.
pub fn epochs(lab: &Lab, focus: &Focus, canvas: &Canvas) -> Picture {
    let g = &canvas.glyphs;
    let Some(partition) = common::partition(lab, focus) else {
        let text =
            canvas.word("no partition yet; create a topic first", "还没有分区；请先创建 topic");
        return common::nothing("epochs", text, canvas);
    };
    let mut picture = Picture::new(canvas.word("epochs", "纪元"))
        .caption(format!("{partition}   leader-epoch-checkpoint"));
    let assigned = common::image(lab)
        .and_then(|image| image.partition(&partition))
        .map(|registration| registration.replicas.clone())
        .unwrap_or_default();
    let mut all = std::collections::BTreeSet::new();
    let mut logs = Vec::new();
    for id in assigned {
        if focus.node.is_some_and(|node| node != id) {
            continue;
        }
        let Some(replica) = lab.cluster().broker(id).and_then(|b| b.replicas.get(&partition))
        else {
            continue;
        };
        all.extend(replica.log.epochs().entries().iter().map(|entry| entry.epoch));
        logs.push((id, &replica.log));
    }
    let mut columns = vec![Align::Right];
    let mut heads = vec!["epoch".to_owned()];
    for (id, _) in &logs {
        columns.push(Align::Left);
        heads.push(format!("b{id}"));
    }
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let mut table = Table::new(&columns).heads(&heads);
    for epoch in all {
        let mut cells = vec![Line::of(epoch.to_string(), Role::Epoch)];
        for (_, log) in &logs {
            let entries = log.epochs().entries();
            let at = entries.iter().position(|entry| entry.epoch == epoch);
            cells.push(match at {
                None => Line::of(g.dash, Role::Dim),
                Some(at) => {
                    let end =
                        entries.get(at + 1).map_or(log.log_end_offset(), |next| next.start_offset);
                    let start = entries[at].start_offset;
                    match end.0 - start.0 {
                        0 => Line::plain(match canvas.language {
                            Language::English => format!("from {start}, nothing yet"),
                            Language::Chinese => format!("自 {start}，尚无记录"),
                        }),
                        1 => Line::of(start.to_string(), Role::Offset),
                        _ => Line::of(format!("{start}{}{}", g.range, end.0 - 1), Role::Offset),
                    }
                }
            });
        }
        table.row(cells);
    }
    if table.is_empty() {
        let text =
            canvas.word("  no epoch has begun: nothing was written", "  还没有 epoch：尚未写入");
        picture.push(Line::of(text, Role::Dim));
    } else {
        picture.extend(table.lines(canvas.width, g.ellipsis));
    }
    finish(picture, canvas)
}

/// `show invariants`: what must always hold, and what broke.
pub fn invariants(lab: &Lab, canvas: &Canvas) -> Picture {
    let g = &canvas.glyphs;
    let mut picture = Picture::new(canvas.word("invariants", "不变式"));
    let broken: Vec<_> = lab.violations().collect();
    let mut table = Table::new(&[Align::Left, Align::Left, Align::Left]).gap(2);
    let findings = lab.cluster().invariants.findings();
    for invariant in INVARIANTS {
        let name = invariant.name;
        let all = broken.iter().copied().chain(findings);
        let count = all.filter(|violation| violation.name == name).count();
        let (mark, role) = if count == 0 { (g.good, Role::Good) } else { (g.bad, Role::Bad) };
        table.row(vec![
            Line::of(mark, role),
            Line::plain(name),
            Line::of(invariant.sentence(canvas.language), Role::Dim),
        ]);
    }
    picture.extend(table.lines(canvas.width, g.ellipsis));
    if lab.unread_segments() > 0 {
        let unread = lab.unread_segments();
        let text = match canvas.language {
            Language::English => {
                format!("  too much to read at once: {unread} segments were left out")
            }
            Language::Chinese => format!("  一次读不完：有 {unread} 个段没有读"),
        };
        picture.push(Line::of(text, Role::Dim));
    }
    for violation in broken.iter().rev().take(20) {
        let told = tell(canvas.language, &violation.sentence);
        let text = format!("{}{}{told}", violation.name, canvas.word(": ", "："));
        let head = format!("{} {} ", canvas.word("step", "步骤"), violation.step);
        let spans = [super::Span::new(head, Role::Dim), super::Span::new(text, Role::Bad)];
        for line in super::prose::wrap(&spans, canvas.width.saturating_sub(4).max(8)) {
            picture.push(line.indent(4).to(Target::Event(violation.event)));
        }
    }
    finish(picture, canvas)
}
