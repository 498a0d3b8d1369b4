//! The quorum of controllers: what each voter is, in which epoch, for whom it voted, how far its log goes; and how far
//! each broker has read what is committed.
//!
//! ```text
//!   quorum   3002 leads epoch 2   majority 2 of 3   log end 31   HW 31
//!     controller   role       epoch   leader   vote   log end   HW   behind   last fetch
//!     3001         ✗ down         1   3001     -           29   29        2   -
//!     3002         leader         2   3002     -           31   31        0   -
//!     3003         follower       2   3002     3002        31   31        0   0.2 s ago
//!     node   metadata applied   behind
//!     b1                   30        0
//! ```
//!
//! Like `kafka-metadata-quorum.sh describe --status` and `--replication`, with what only the process itself knows.

use super::common::{self, Fresh, finish};
use super::picture::{Canvas, Focus, Line, Picture, Role, Target};
use super::table::{Align, Table};
use crate::cluster::{Lab, NodeState};
use crate::coordination::kraft::{Controller, QuorumRole};
use crate::types::{Language, NodeId, Offset};

/// Draws the pane.
pub fn draw(lab: &Lab, _focus: &Focus, canvas: &Canvas) -> Picture {
    if lab.cluster().last_controller().is_none() {
        let text = canvas.word(
            "no controller has started yet; `step` goes on",
            "controller 尚未启动；`step` 继续",
        );
        return common::nothing(canvas.word("quorum", "仲裁组"), text, canvas);
    }
    let mut picture = Picture::new(canvas.word("quorum", "仲裁组")).caption(caption(lab, canvas));
    voters(lab, canvas, &mut picture);
    picture.blank();
    observers(lab, canvas, &mut picture);
    finish(picture, canvas)
}

/// Who leads, of those that run.
fn leader(lab: &Lab) -> Option<&Controller> {
    let alive = lab.cluster().controllers.values();
    alive
        .filter(|node| matches!(node.state, NodeState::Alive | NodeState::Paused))
        .filter_map(|node| node.controller.as_deref())
        .filter(|controller| controller.leads())
        .max_by_key(|controller| controller.epoch)
}

fn caption(lab: &Lab, canvas: &Canvas) -> Line {
    let count = lab.cluster().controllers.len();
    let line = match leader(lab) {
        Some(leader) => {
            let line = Line::plain(format!("{} ", leader.id))
                .span(canvas.word("leads", "任 leader"), Role::Good);
            line.text("   epoch ").span(leader.epoch.to_string(), Role::Epoch)
        }
        None => Line::of(canvas.word("no leader", "没有 leader"), Role::Bad),
    };
    let majority = format!("   {} {} / {count}", canvas.word("majority", "多数派"), count / 2 + 1);
    let line = line.text(majority);
    match leader(lab) {
        Some(leader) => line
            .text("   LEO ")
            .span(leader.log.log_end_offset().to_string(), Role::Offset)
            .text("  HW ")
            .span(mark(leader.quorum.high_watermark, canvas), Role::HighWatermark),
        None => line,
    }
}

fn mark(offset: Offset, canvas: &Canvas) -> String {
    if offset < Offset::ZERO { canvas.glyphs.dash.to_owned() } else { offset.to_string() }
}

/// The voters, one a row.
pub(super) fn voters(lab: &Lab, canvas: &Canvas, picture: &mut Picture) {
    let g = &canvas.glyphs;
    let fresh = Fresh::of(lab);
    let mut columns = vec![Align::Left, Align::Left];
    columns.extend([Align::Right; 7]);
    columns.push(Align::Left);
    let mut table = Table::new(&columns).gap(2).heads(&match canvas.language {
        Language::English => {
            ["voter", "role", "epoch", "leader", "vote", "start", "LEO", "HW", "behind", "fetched"]
        }
        Language::Chinese => {
            ["投票者", "角色", "epoch", "leader", "投票", "起点", "LEO", "HW", "落后", "拉取于"]
        }
    });
    let leading = leader(lab);
    let end = leading.map(|leader| leader.log.log_end_offset());
    for (&id, node) in &lab.cluster().controllers {
        let dash = || Line::of(g.dash, Role::Dim);
        let Some(controller) = &node.controller else {
            let mut row = vec![Line::of(id.to_string(), Role::Strong), dash()];
            row.extend((0..8).map(|_| dash()));
            table.row_to(row, Target::Node(id));
            continue;
        };
        let runs = node.state == NodeState::Alive;
        let role = role(node.state, controller, canvas).changed(fresh.node(id), g);
        let or_dash = |node: Option<NodeId>| match node {
            Some(node) => Line::plain(node.to_string()),
            None => dash(),
        };
        let own = controller.log.log_end_offset();
        let behind = end.map(|end| (end.0 - own.0).max(0));
        let fetched = leading
            .and_then(|leader| leader.quorum.reign()?.voters.get(&id))
            .filter(|progress| runs && progress.log_end >= Offset::ZERO)
            .map(|progress| lab.now().since(progress.last_fetch));
        let ago = |since: crate::clock::Duration| match canvas.language {
            Language::English => format!("{since} ago"),
            Language::Chinese => format!("{since} 前"),
        };
        table.row_to(
            vec![
                Line::of(id.to_string(), Role::Strong),
                role,
                Line::of(controller.epoch.to_string(), Role::Epoch),
                or_dash(controller.quorum.leader),
                or_dash(controller.quorum.voted),
                Line::of(controller.log.log_start_offset().to_string(), Role::Dim),
                Line::of(own.to_string(), Role::Offset),
                Line::of(mark(controller.quorum.high_watermark, canvas), Role::HighWatermark),
                match behind {
                    Some(0) => Line::of("0", Role::Dim),
                    Some(behind) => Line::of(behind.to_string(), Role::Warn),
                    None => dash(),
                },
                fetched.map_or_else(dash, |since| Line::plain(ago(since))),
            ],
            Target::Node(id),
        );
    }
    picture.extend(table.lines(canvas.width, g.ellipsis));
}

fn role(state: NodeState, controller: &Controller, canvas: &Canvas) -> Line {
    let g = &canvas.glyphs;
    match state {
        NodeState::Alive => {}
        NodeState::Paused => {
            return Line::of(format!("{} {}", g.paused, canvas.word("frozen", "冻结")), Role::Warn);
        }
        _ => {
            return Line::of(format!("{} {}", g.dead, canvas.word("down", "已停")), Role::Dead);
        }
    }
    let (english, chinese, role) = match &controller.quorum.role {
        QuorumRole::Unattached => ("unattached", "无归属", Role::Warn),
        QuorumRole::Follower { snapshot: Some(_), .. } => {
            ("loads snapshot", "载入快照", Role::Warn)
        }
        QuorumRole::Follower { .. } => ("follower", "跟随者", Role::Plain),
        QuorumRole::Prospective { .. } => ("prospective", "预备候选", Role::Warn),
        QuorumRole::Candidate { .. } => ("candidate", "候选人", Role::Warn),
        QuorumRole::Leader(reign) if !reign.active => {
            ("leader, waits", "leader 等待中", Role::Good)
        }
        QuorumRole::Leader(_) => ("leader", "leader", Role::Good),
        QuorumRole::Resigned { .. } => ("resigned", "已辞任", Role::Bad),
    };
    Line::of(canvas.word(english, chinese), role)
}

/// How far each broker has read.
fn observers(lab: &Lab, canvas: &Canvas, picture: &mut Picture) {
    let g = &canvas.glyphs;
    let columns = [Align::Left, Align::Right, Align::Right, Align::Right, Align::Left];
    let mut table = Table::new(&columns).gap(2).heads(&match canvas.language {
        Language::English => ["broker", "LEO", "applied", "behind", "talks to"],
        Language::Chinese => ["broker", "LEO", "已应用", "落后", "联系"],
    });
    let committed = lab.cluster().image().map_or(-1, |image| image.offset.0);
    let room = canvas.height.saturating_sub(picture.lines.len() + 3).max(3);
    let all = &lab.cluster().brokers;
    for (&id, node) in all.iter().take(room) {
        let Some(broker) = &node.broker else { continue };
        let applied = broker.observer.image.offset;
        let behind = (committed - applied.0).max(0);
        let talks = match node.state {
            NodeState::Alive => Line::plain(broker.controller.to_string()),
            NodeState::Paused => Line::of(canvas.word("frozen", "冻结"), Role::Warn),
            _ => Line::of(canvas.word("down", "已停"), Role::Dead),
        };
        table.row_to(
            vec![
                Line::of(format!("b{id}"), Role::Strong),
                Line::of(broker.observer.log.log_end_offset().to_string(), Role::Offset),
                Line::of(mark(applied, canvas), Role::Offset),
                Line::of(behind.to_string(), if behind > 0 { Role::Warn } else { Role::Dim }),
                talks,
            ],
            Target::Node(id),
        );
    }
    picture.extend(table.lines(canvas.width, g.ellipsis));
    if all.len() > room {
        picture.push(common::more(all.len() - room, canvas));
    }
}
