//! The controller: who decides, how far everybody has read what was decided, and the last records of the metadata log.
//!
//! ```text
//!   controller   3001 active   epoch 1   __cluster_metadata-0 ends at 45, HW 45
//!     broker   epoch   state      heartbeat                 metadata   behind
//!     b1           8   fenced «   9.2 s ago, limit 9.0 s          40        5
//!     b2           9   unfenced   0.4 s ago, limit 9.0 s          45        0
//!     offset   record                   what
//!         44   PARTITION_CHANGE_RECORD  partition 0 of orders: isr [2,3] leader 2
//! ```
//!
//! With one voter what is written is committed, so the log's end is its high watermark; of several voters the state of
//! each is shown too, as in the pane of the quorum (KIP-595, KIP-631).

use super::common::{self, Fresh, finish};
use super::picture::{Canvas, Focus, Line, Picture, Role, Target};
use super::table::{Align, Table};
use crate::batch::{self, ControlType};
use crate::chinese::tell;
use crate::clock::Duration;
use crate::cluster::{Body, Lab, NodeState};
use crate::coordination::kraft::{Controller, MetadataRecord};
use crate::types::{Language, Offset, TopicPartition};

/// How many records are shown at most.
const MOST_RECORDS: usize = 12;

/// Draws the pane.
pub fn draw(lab: &Lab, _focus: &Focus, canvas: &Canvas) -> Picture {
    let Some(controller) = lab.cluster().last_controller() else {
        let text = canvas.word(
            "no controller has started yet; `step` goes on",
            "controller 尚未启动；`step` 继续",
        );
        return common::nothing("controller", text, canvas);
    };
    let mut picture =
        Picture::new(canvas.word("controller", "控制器")).caption(caption(lab, controller, canvas));
    if lab.cluster().deciding() == 0 {
        let (id, offset) = (controller.id, controller.image.offset);
        picture.push(Line::of(
            match canvas.language {
                Language::English => format!(
                    "  no controller is active: nothing is decided; below is what {id} knew at offset {offset}"
                ),
                Language::Chinese => {
                    format!("  没有活动的 controller：什么都不会被决定；以下是 {id} 在偏移量 {offset} 时所知")
                }
            },
            Role::Bad,
        ));
    }
    if lab.cluster().controllers.len() > 1 {
        super::quorum::voters(lab, canvas, &mut picture);
        picture.blank();
    }
    brokers(lab, controller, canvas, &mut picture);
    picture.blank();
    records(lab, controller, canvas, &mut picture);
    finish(picture, canvas)
}

fn caption(lab: &Lab, controller: &Controller, canvas: &Canvas) -> Line {
    let g = &canvas.glyphs;
    let id = controller.id;
    let line = Line::plain(format!("{id} "));
    let line = match lab.cluster().state(id) {
        NodeState::Alive if controller.is_active() => {
            line.span(canvas.word("active", "活动"), Role::Good)
        }
        NodeState::Alive => line.span(canvas.word("not active", "非活动"), Role::Warn),
        NodeState::Paused => {
            line.span(format!("{} {}", g.paused, canvas.word("frozen", "冻结")), Role::Warn)
        }
        _ => line.span(format!("{} {}", g.dead, canvas.word("down", "已停")), Role::Dead),
    };
    let end = controller.log.log_end_offset();
    line.changed(Fresh::of(lab).node(id), g)
        .text("   epoch ")
        .span(controller.epoch.to_string(), Role::Epoch)
        .text("   __cluster_metadata-0  LEO ")
        .span(end.to_string(), Role::Offset)
        .text("  HW ")
        .span(controller.quorum.high_watermark.max(Offset::ZERO).to_string(), Role::HighWatermark)
}

fn brokers(lab: &Lab, controller: &Controller, canvas: &Canvas, picture: &mut Picture) {
    let g = &canvas.glyphs;
    let fresh = Fresh::of(lab);
    let columns = [Align::Left, Align::Right, Align::Left, Align::Left, Align::Right, Align::Right];
    let mut table = Table::new(&columns).gap(2).heads(&match canvas.language {
        Language::English => ["broker", "epoch", "state", "last heartbeat", "metadata", "behind"],
        Language::Chinese => ["broker", "epoch", "状态", "最近心跳", "metadata", "落后"],
    });
    let end = controller.log.log_end_offset().0;
    let limit = controller.config.broker_session_timeout;
    let is_heard = lab.cluster().state(controller.id) == NodeState::Alive && controller.is_active();
    let room = canvas.height.saturating_sub(8).max(3);
    let all = &lab.cluster().brokers;
    for (&id, node) in all.iter().take(room) {
        let known = controller.image.brokers.get(&id);
        let (epoch, state, role) = match known {
            None => (g.dash.to_owned(), canvas.word("not registered", "未注册"), Role::Dim),
            Some(known) if known.in_controlled_shutdown && !known.fenced => {
                (known.epoch.to_string(), canvas.word("stopping", "停机中"), Role::Warn)
            }
            Some(known) if known.fenced => {
                (known.epoch.to_string(), canvas.word("fenced", "被隔离"), Role::Warn)
            }
            Some(known) => (known.epoch.to_string(), canvas.word("unfenced", "正常"), Role::Good),
        };
        let heartbeat = match controller.sessions.get(&id) {
            // Nobody counts the heartbeats of a controller that does not lead.
            Some(_) if !is_heard => Line::of(canvas.word("not counted", "不计"), Role::Dim),
            Some(session) if known.is_some_and(|known| !known.fenced) => {
                let since = lab.now().since(session.last_contact);
                age(since, limit, canvas)
            }
            _ => Line::of(g.dash, Role::Dim),
        };
        let applied = node.broker.as_ref().map(|broker| broker.observer.image.offset);
        let (offset, behind) = match applied {
            Some(offset) if offset >= Offset::ZERO => {
                (offset.to_string(), (end - 1 - offset.0).max(0))
            }
            _ => (g.dash.to_owned(), end),
        };
        let role_behind = if behind > 0 { Role::Warn } else { Role::Dim };
        table.row_to(
            vec![
                Line::of(format!("b{id}"), Role::Strong),
                Line::of(epoch, Role::Epoch),
                Line::of(state, role).changed(fresh.node(id), g),
                heartbeat,
                Line::of(offset, Role::Offset),
                Line::of(behind.to_string(), role_behind),
            ],
            Target::Node(id),
        );
    }
    picture.extend(table.lines(canvas.width, g.ellipsis));
    if all.len() > room {
        picture.push(common::more(all.len() - room, canvas));
    }
}

fn age(since: Duration, limit: Duration, canvas: &Canvas) -> Line {
    let role = if since >= limit { Role::Bad } else { Role::Plain };
    let text = match canvas.language {
        Language::English => format!("{since} ago"),
        Language::Chinese => format!("{since} 前"),
    };
    let limit = match canvas.language {
        Language::English => format!(", limit {limit}"),
        Language::Chinese => format!("，上限 {limit}"),
    };
    Line::of(text, role).span(limit, Role::Dim)
}

/// The last records of the metadata log, each with its offset.
fn last_records(lab: &Lab, controller: &Controller, count: usize) -> Vec<(Offset, String, String)> {
    let log = &controller.log;
    let end = log.log_end_offset();
    let mut found = Vec::new();
    let mut from = Offset((end.0 - count as i64).max(log.log_start_offset().0));
    let first = from;
    while from < end {
        let Ok(fetched) = log.read(lab.disk(), from, 1 << 20, end, true) else { break };
        let mut next = from;
        for (_, header, bytes) in batch::batches(&fetched.bytes).map_while(Result::ok) {
            next = header.next_offset();
            let Ok(records) = batch::records(bytes) else { break };
            for record in records.into_iter().filter(|record| record.offset >= first) {
                let (name, what) = if header.is_control() {
                    let kind = record.key.as_deref().and_then(ControlType::from_key);
                    (kind.map_or("CONTROL".to_owned(), |kind| kind.to_string()), String::new())
                } else {
                    match MetadataRecord::decode(record.value.as_deref().unwrap_or_default()) {
                        Ok(decoded) => (decoded.name().to_owned(), decoded.describe()),
                        Err(error) => ("?".to_owned(), error.to_string()),
                    }
                };
                found.push((record.offset, name, with_names(controller, &what)));
            }
        }
        if next <= from {
            break;
        }
        from = next;
    }
    found
}

/// Topic ids replaced by names, where they are known: 22 signs without a space are mostly one.
fn with_names(controller: &Controller, text: &str) -> String {
    let name = |word: &str| {
        let bare = word.trim_end_matches([':', ',']);
        let id = crate::types::Uuid::parse(bare)?;
        let name = controller.image.topic_names.get(&id)?;
        Some(format!("{name}{}", &word[bare.len()..]))
    };
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        // `topic orders id uGu0…` introduces the id itself
        let is_news =
            words.last().is_some_and(|before| before == "id") && !text.contains("removed");
        let named = if is_news { None } else { name(word) };
        words.push(named.unwrap_or_else(|| word.to_owned()));
    }
    words.join(" ")
}

fn records(lab: &Lab, controller: &Controller, canvas: &Canvas, picture: &mut Picture) {
    let g = &canvas.glyphs;
    let room = canvas.height.saturating_sub(picture.lines.len() + 2).clamp(2, MOST_RECORDS);
    let new_from = lab.step_events().find_map(|event| match &event.body {
        Body::Controller(crate::coordination::Event::RecordsAppended { first, .. }) => Some(*first),
        _ => None,
    });
    let mut table = Table::new(&[Align::Right, Align::Left, Align::Left]).gap(2).heads(
        &match canvas.language {
            Language::English => ["offset", "metadata record", "what"],
            Language::Chinese => ["offset", "元数据记录", "内容"],
        },
    );
    let metadata = TopicPartition::parse("__cluster_metadata-0");
    for (offset, name, what) in last_records(lab, controller, room) {
        let changed = new_from.is_some_and(|first| offset >= first);
        let mark = if changed { format!(" {}", g.changed) } else { String::new() };
        let cells = vec![
            Line::of(offset.to_string(), Role::Offset),
            Line::of(name, Role::Strong).span(mark, Role::Accent),
            Line::plain(&*tell(canvas.language, &what)),
        ];
        match &metadata {
            Some(_) => table.row_to(cells, Target::Offset(offset)),
            None => table.row(cells),
        }
    }
    picture.extend(table.lines(canvas.width, g.ellipsis));
}
