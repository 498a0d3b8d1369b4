//! One partition: its replicas as tapes of offsets.
//!
//! ```text
//!   partition   orders-0   ISR {2,3} «   epoch 1 «   min.insync.replicas 2
//!     offset             0    1    …    3    4
//!     b1 ✕ dead          e0   e0   …    e0          LEO 4     HW 4
//!     b2 ● leader        e0   e0   …    e0   e1     LEO 5 «   HW 4
//!     b3 ○ in ISR        e0   e0   …    e0          LEO 4     HW 3   caught up 0.3 s ago, limit 30.0 s
//!                                            ▲ HW 4
//! ```
//!
//! A box is a record, labelled with the leader epoch in which it was written; where tapes differ below both ends, the
//! logs diverge; a `·` is an offset whose record the cleaner took. Long tapes show both ends and `…` between. Each
//! replica's own high watermark stands beside it, since a follower learns it one fetch later (class `Partition`;
//! KIP-101 for the epochs).

use super::common::{self, Fresh, finish};
use super::gaps;
use super::picture::{Canvas, Focus, Line, Picture, Role, Target};
use crate::cluster::{Lab, NodeState};
use crate::coordination::kraft::PartitionRegistration;
use crate::replica::{Leader, Replica};
use crate::types::{NodeId, Offset, TopicPartition};
use std::collections::BTreeSet;

/// Draws the pane.
pub fn draw(lab: &Lab, focus: &Focus, canvas: &Canvas) -> Picture {
    let title = canvas.word("partition", "分区");
    let Some(partition) = common::partition(lab, focus) else {
        let text =
            canvas.word("no partition yet; create a topic first", "还没有分区；请先创建 topic");
        return common::nothing(title, text, canvas);
    };
    let registration = common::image(lab).and_then(|image| image.partition(&partition));
    let Some(registration) = registration else {
        let text = canvas.word(
            "the controller does not know this partition (yet)",
            "controller（还）不知道这个分区",
        );
        return common::nothing(title, &format!("{partition}: {text}"), canvas);
    };
    let fresh = Fresh::of(lab);
    let leader = registration.leader.and_then(|id| copy(lab, &partition, id));
    let mut picture =
        Picture::new(title).caption(caption(&partition, registration, leader, &fresh, canvas));
    tapes(lab, &partition, registration, leader, &fresh, canvas, &mut picture);
    picture.blank();
    for note in notes(lab, &partition, registration, leader, canvas) {
        for line in super::prose::wrap(&note.spans, canvas.width.saturating_sub(2).max(6)) {
            picture.push(line.indent(2));
        }
    }
    if picture.lines.last().is_some_and(|line| line.width() == 0) {
        picture.lines.pop();
    }
    finish(picture, canvas)
}

fn copy<'a>(lab: &'a Lab, partition: &TopicPartition, id: NodeId) -> Option<&'a Replica> {
    lab.cluster().broker(id)?.replicas.get(partition)
}

fn caption(
    partition: &TopicPartition,
    registration: &PartitionRegistration,
    leader: Option<&Replica>,
    fresh: &Fresh<'_>,
    canvas: &Canvas,
) -> Line {
    let g = &canvas.glyphs;
    let short = registration.isr.len() < registration.replicas.len();
    let mut line = Line::plain(format!("{partition}   ISR "))
        .span(common::set(&registration.isr), if short { Role::Warn } else { Role::Plain })
        .changed(fresh.isr(partition), g)
        .text("   epoch ")
        .span(registration.leader_epoch.to_string(), Role::Epoch)
        .changed(fresh.leader(partition), g);
    if let Some(leader) = leader {
        let least = leader.min_insync_replicas();
        line = line.span(format!("   min.insync.replicas {least}"), Role::Dim);
    }
    line
}

/// Which offsets are shown; `None` stands for those left out.
fn offsets(start: i64, end: i64, fitting: usize) -> Vec<Option<i64>> {
    let count = usize::try_from(end - start).unwrap_or(0);
    if count <= fitting {
        return (start..end).map(Some).collect();
    }
    let fitting = fitting.max(3);
    let head = ((fitting - 1) / 4).max(1) as i64;
    let tail = fitting as i64 - 1 - head;
    let first = (start..start + head).map(Some);
    first.chain([None]).chain((end - tail..end).map(Some)).collect()
}

struct Row {
    label: Line,
    info: Line,
}

fn rows(
    lab: &Lab,
    partition: &TopicPartition,
    registration: &PartitionRegistration,
    leader: Option<&Replica>,
    fresh: &Fresh<'_>,
    canvas: &Canvas,
) -> Vec<Row> {
    let g = &canvas.glyphs;
    let ends = registration.replicas.iter().filter_map(|&id| copy(lab, partition, id));
    let digits = ends.map(|r| r.log_end_offset().to_string().len()).max().unwrap_or(1);
    let mut rows = Vec::new();
    for &id in &registration.replicas {
        let (mark, role, word) = common::state_of(lab, id, registration, canvas);
        let mut label =
            Line::plain(format!("b{id} ")).span(mark, role).span(format!(" {word}"), role);
        if let Some(node) = lab.cluster().brokers.get(&id)
            && node.state != NodeState::Alive
        {
            label = label.span(format!(" {}", common::ago(lab, node.since)), Role::Dim);
        }
        let mut info = Line::new();
        if let Some(replica) = copy(lab, partition, id) {
            let end = format!("{:>digits$}", replica.log_end_offset().0);
            let high = format!("{:>digits$}", replica.high_watermark().0);
            let flag = |on: bool| if on { format!(" {}", g.changed) } else { "  ".to_owned() };
            info = info
                .span("LEO ", Role::Dim)
                .span(end, Role::Offset)
                .span(flag(fresh.log_end(partition, id).is_some()), Role::Accent)
                .span("  HW ", Role::Dim)
                .span(high, Role::HighWatermark)
                .span(flag(fresh.high_watermark(partition, id)), Role::Accent);
            if let Some(state) = leader.and_then(Replica::as_leader) {
                info = info.join(lag(lab, state, leader, id, canvas));
            }
        } else {
            info = info.span(canvas.word("no log here yet", "这里还没有日志"), Role::Dim);
        }
        rows.push(Row { label, info });
    }
    rows
}

/// What the leader knows about a follower's progress.
fn lag(lab: &Lab, state: &Leader, leader: Option<&Replica>, id: NodeId, canvas: &Canvas) -> Line {
    let Some(follower) = state.followers.get(&id) else {
        return Line::new();
    };
    let limit = lab.cluster().config.replica_lag_time_max;
    let behind = leader.map_or(0, |l| l.log_end_offset().0 - follower.log_end.0);
    if follower.log_end == Offset::NONE {
        let text = canvas.word("  has not fetched from this leader", "  尚未向该 leader 拉取");
        return Line::of(text, Role::Dim);
    }
    let node = lab.cluster().brokers.get(&id);
    if behind <= 0 && node.is_none_or(|node| node.state != NodeState::Alive) {
        let text = canvas.word("  had everything, when last heard", "  最后一次拉取时什么也不缺");
        return Line::of(text, Role::Dim);
    }
    if behind <= 0 {
        return Line::of(canvas.word("  caught up", "  已追上"), Role::Good);
    }
    let since = lab.now().since(follower.caught_up_at);
    let role = if since > limit { Role::Bad } else { Role::Warn };
    let text = match canvas.language {
        crate::types::Language::English => {
            format!("  {behind} behind, caught up {since} ago, limit {limit}")
        }
        crate::types::Language::Chinese => {
            format!("  落后 {behind}，{since} 前追上过，上限 {limit}")
        }
    };
    Line::of(text, role)
}

fn tapes(
    lab: &Lab,
    partition: &TopicPartition,
    registration: &PartitionRegistration,
    leader: Option<&Replica>,
    fresh: &Fresh<'_>,
    canvas: &Canvas,
    picture: &mut Picture,
) {
    let g = &canvas.glyphs;
    let rows = rows(lab, partition, registration, leader, fresh, canvas);
    let copies: Vec<Option<&Replica>> =
        registration.replicas.iter().map(|&id| copy(lab, partition, id)).collect();
    let there = || copies.iter().flatten();
    let start = there().map(|r| r.log.log_start_offset().0).min().unwrap_or(0);
    let end = there().map(|r| r.log_end_offset().0).max().unwrap_or(0);
    let newest = there().map(|r| r.log.latest_epoch().0).max().unwrap_or(0).max(0);
    let cell = (end - 1).max(0).to_string().len().max(newest.to_string().len() + 1) + 2;
    let label = rows.iter().map(|row| row.label.width()).max().unwrap_or(0).max(8) + 2;
    let info = rows.iter().map(|row| row.info.width()).max().unwrap_or(0) + 2;
    let beside = canvas.width >= 2 + label + info + 6 * cell
        || canvas.width
            >= 2 + label + info + cell * usize::try_from(end - start).unwrap_or(99).max(1);
    let room = canvas.width.saturating_sub(2 + label + if beside { info } else { 0 });
    let shown = offsets(start, end, room / cell);
    let mut head = Line::of(canvas.word("offset", "offset"), Role::Dim).indent(2).pad_to(2 + label);
    for offset in &shown {
        let text = offset.map_or(g.ellipsis.to_owned(), |offset| offset.to_string());
        head = head.span(format!("{text:<cell$}"), Role::Offset);
    }
    picture.push(head);
    let width = 2 + label + shown.len() * cell;
    let mut compacted = false;
    for ((row, copy), &id) in rows.iter().zip(&copies).zip(&registration.replicas) {
        let mut line = row.label.clone().indent(2).pad_to(2 + label);
        if let Some(replica) = copy {
            let wanted = shown.iter().copied().flatten();
            let gone = gaps::missing(lab, partition, id, &replica.log, wanted);
            compacted |= !gone.is_empty();
            let tape = Tape { partition, replica, leader, gone };
            line = line.join(tape.draw(&shown, cell, fresh, canvas));
        }
        line = line.pad_to(width);
        if beside {
            line = line.text("  ").join(row.info.clone());
        }
        picture.push(line.to(Target::Replica(partition.clone(), id)));
    }
    if let Some(leader) = leader {
        let high = leader.high_watermark().0;
        let at = shown.iter().position(|&offset| offset == Some(high)).unwrap_or_else(|| {
            let elided = shown.iter().position(Option::is_none);
            if high >= end { shown.len() } else { elided.unwrap_or(0) }
        });
        let text = format!("{} HW {high}", g.high_watermark);
        let column = (2 + label + at * cell).min(canvas.width.saturating_sub(text.len()));
        picture.push(Line::new().pad_to(column).span(text, Role::HighWatermark));
    }
    if compacted {
        let text = canvas.word("compacted away", "已被压实移除");
        let line = Line::new().pad_to(2 + label).span(g.bullet, Role::Dim);
        picture.push(line.span(format!(" {text}"), Role::Dim));
    }
    if !beside {
        for (row, &id) in rows.iter().zip(&registration.replicas) {
            let line = Line::plain(format!("  b{id}  ")).join(row.info.clone());
            picture.push(line.to(Target::Replica(partition.clone(), id)));
        }
    }
}

/// One replica's row of boxes.
struct Tape<'a> {
    partition: &'a TopicPartition,
    replica: &'a Replica,
    leader: Option<&'a Replica>,
    /// Offsets whose records the cleaner took.
    gone: BTreeSet<i64>,
}

impl Tape<'_> {
    fn draw(&self, shown: &[Option<i64>], cell: usize, fresh: &Fresh<'_>, canvas: &Canvas) -> Line {
        let Tape { partition, replica, leader, .. } = *self;
        let (start, end) = (replica.log.log_start_offset().0, replica.log_end_offset().0);
        let epoch = |of: &Replica, offset: i64| of.log.epochs().epoch_for_offset(Offset(offset));
        let new_from = fresh.log_end(partition, replica.broker).map_or(i64::MAX, |offset| offset.0);
        let mut line = Line::new();
        for &offset in shown {
            let Some(offset) = offset else {
                let text = if end > start { canvas.glyphs.ellipsis } else { " " };
                line = line.span(format!("{text:<cell$}"), Role::Dim);
                continue;
            };
            if offset < start || offset >= end {
                line = line.text(" ".repeat(cell));
                continue;
            }
            if self.gone.contains(&offset) {
                line = line.span(format!("{:<cell$}", canvas.glyphs.bullet), Role::Dim);
                continue;
            }
            let here = epoch(replica, offset);
            let text = here.map_or("e?".to_owned(), |epoch| format!("e{epoch}"));
            let theirs = leader.filter(|l| offset < l.log_end_offset().0);
            let differs = theirs
                .is_some_and(|l| epoch(l, offset) != here && offset >= l.log.log_start_offset().0);
            let beyond = leader.is_some_and(|l| offset >= l.log_end_offset().0);
            let (text, role) = match (differs || beyond, offset >= new_from) {
                (true, _) => (format!("{text}!"), Role::Bad),
                (_, true) => (text, Role::Accent),
                _ if offset < replica.high_watermark().0 => (text, Role::Epoch),
                _ => (text, Role::Warn),
            };
            line = line.span(format!("{text:<cell$}"), role);
        }
        line
    }
}

/// What else is worth knowing, a sentence each.
fn notes(
    lab: &Lab,
    partition: &TopicPartition,
    registration: &PartitionRegistration,
    leader: Option<&Replica>,
    canvas: &Canvas,
) -> Vec<Line> {
    let zh = canvas.language == crate::types::Language::Chinese;
    let mut notes = Vec::new();
    if registration.leader.is_none() {
        let eligible =
            if registration.isr.is_empty() { &registration.elr } else { &registration.isr };
        let set = common::set(eligible);
        notes.push(Line::of(
            match zh {
                true => format!("没有 leader：等待 {set} 之一恢复"),
                false => format!("no leader: waits for one of {set} to come back"),
            },
            Role::Bad,
        ));
    }
    for &id in &registration.replicas {
        if Some(id) == registration.leader {
            continue;
        }
        if let Some(stale) = copy(lab, partition, id).filter(|r| r.is_leader())
            && matches!(lab.cluster().state(id), NodeState::Alive | NodeState::Paused)
        {
            let epoch = stale.leader_epoch;
            notes.push(Line::of(
                match zh {
                    true => format!("b{id} 仍以为自己是 epoch {epoch} 的 leader"),
                    false => format!("b{id} still believes that it leads, in epoch {epoch}"),
                },
                Role::Warn,
            ));
        }
    }
    if let Some(state) = leader.and_then(Replica::as_leader) {
        if let Some(proposal) = &state.proposal {
            let (from, to) = (common::set(&state.isr), common::set(&proposal.isr));
            let writes_itself = lab.cluster().zookeeper().is_some()
                && lab.cluster().config.isr_path() == crate::era::IsrPath::StateNode;
            let who = if writes_itself { "ZooKeeper" } else { "controller" };
            let asked = if writes_itself { "ZooKeeper" } else { "the controller" };
            notes.push(Line::of(
                match zh {
                    true => format!("leader 已提议 ISR {from} → {to}，等待 {who} 答复"),
                    false => {
                        format!("the leader asked for ISR {from} → {to}; {asked} has not answered")
                    }
                },
                Role::Warn,
            ));
        }
        if let Some((wanted, _)) = state.waiting_produces.iter().min() {
            let count = state.waiting_produces.len();
            notes.push(Line::of(
                match zh {
                    true => format!("{count} 个 acks=all 的 produce 在等待 HW 到达 {wanted}"),
                    false => format!("waiting with acks=all: {count} produce, the first until HW reaches {wanted}"),
                },
                Role::Accent,
            ));
        }
    }
    let mut say = |english: &str, chinese: &str, nodes: &[NodeId]| {
        if !nodes.is_empty() {
            let word = if zh { chinese } else { english };
            notes.push(Line::plain(format!("{word} {}", common::set(nodes))));
        }
    };
    say("eligible leader replicas", "ELR（合格 leader 副本）", &registration.elr);
    say("reassignment adds", "重新分配：加入", &registration.adding);
    say("reassignment removes", "重新分配：移除", &registration.removing);
    notes
}

#[cfg(test)]
mod tests {
    use super::offsets;

    #[test]
    fn a_long_tape_keeps_both_ends() {
        assert_eq!(offsets(0, 3, 8), [Some(0), Some(1), Some(2)]);
        assert_eq!(offsets(0, 100, 6), [Some(0), None, Some(96), Some(97), Some(98), Some(99)]);
        assert_eq!(offsets(5, 100, 0), [Some(5), None, Some(99)]);
        assert!(offsets(0, 0, 8).is_empty());
    }
}
