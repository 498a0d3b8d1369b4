//! `show reassignments`: what moves, how far it is, and how long it will take.
//!
//! ```text
//!   orders-3   [4,1] to [4,5]   leader b4
//!     b5   ███████░░░░░░░░░   4 096 of 10 000 offsets   590 kB to go   98 000 B/s   6 s
//! ```
//!
//! The rate is the receiver's, of throttled replicas; with a limit the time left is what is missing divided by it. A
//! fetch is never cut, and the rate is the mean of eleven seconds at most, so the first burst stands above the limit.
//! A broker that does not run copies nothing: it is named, and so is every replica of the target that is waited for.

use super::common::{self, finish};
use super::picture::{Canvas, Line, Picture, Role, Target};
use crate::broker::Way;
use crate::cluster::{Lab, NodeState};
use crate::coordination::kraft::PartitionRegistration;
use crate::types::{NodeId, TopicPartition};

/// Cells of the bar.
const BAR: u64 = 16;

/// How far one new copy is.
struct Copying {
    has: i64,
    of: i64,
    bytes_left: u64,
    rate: Option<u64>,
    limit: Option<u64>,
    /// Why nothing is copied.
    halted: Option<&'static str>,
}

impl Copying {
    /// Whether a burst let more pass than the limit.
    fn is_above_limit(&self) -> bool {
        let above = |(rate, limit)| limit > 0 && rate > limit;
        self.halted.is_none() && self.rate.zip(self.limit).is_some_and(above)
    }
}

/// Why a broker copies nothing at the moment, if it is for its process.
fn halted(lab: &Lab, node: NodeId, canvas: &Canvas) -> Option<&'static str> {
    match lab.cluster().state(node) {
        NodeState::Alive => None,
        NodeState::Paused => Some(canvas.word("is frozen", "被冻结")),
        NodeState::New => Some(canvas.word("is starting", "正在启动")),
        NodeState::Dead | NodeState::Stopped => Some(canvas.word("is down", "没有运行")),
    }
}

fn copying(
    lab: &Lab,
    partition: &TopicPartition,
    state: &PartitionRegistration,
    node: NodeId,
    canvas: &Canvas,
) -> Option<Copying> {
    let cluster = lab.cluster();
    let leader = cluster.broker(state.leader?)?.replicas.get(partition)?;
    let (start, end) = (leader.log.log_start_offset(), leader.log.log_end_offset());
    let broker = cluster.broker(node);
    let own = broker.and_then(|broker| broker.replicas.get(partition));
    let has = own.map_or(start, |own| own.log.log_end_offset().max(start));
    let size = own.map_or(0, |own| own.log.size_bytes());
    let throttled = broker.filter(|broker| broker.is_throttled(Way::In, partition));
    Some(Copying {
        has: has - start,
        of: end - start,
        bytes_left: leader.log.size_bytes().saturating_sub(size),
        rate: throttled.map(|broker| broker.replication_rate(Way::In)),
        limit: throttled.and_then(|broker| broker.throttle_rate(Way::In)),
        halted: halted(lab, node, canvas),
    })
}

fn list(nodes: &[NodeId]) -> String {
    let names: Vec<String> = nodes.iter().map(ToString::to_string).collect();
    format!("[{}]", names.join(","))
}

/// Draws what moves.
pub fn draw(lab: &Lab, canvas: &Canvas) -> Picture {
    let mut picture = Picture::new(canvas.word("reassignments", "重新分配"));
    let Some(image) = common::image(lab) else { return finish(picture, canvas) };
    let cluster = lab.cluster();
    let moving: Vec<_> = image
        .partitions()
        .filter_map(|(partition, state)| {
            cluster.reassignment(&partition).map(|moves| (partition, state, moves))
        })
        .collect();
    let mut burst = false;
    for (partition, state, (adding, removing)) in &moving {
        let without = |gone: &[NodeId]| -> Vec<NodeId> {
            state.replicas.iter().filter(|node| !gone.contains(node)).copied().collect()
        };
        let (old, new) = (without(adding), without(removing));
        let leader =
            state.leader.map_or(canvas.word("none", "无").to_owned(), |id| format!("b{id}"));
        let (to, leads) = (canvas.word("to", "到"), canvas.word("leader", "leader"));
        picture.push(
            Line::plain(format!(
                "  {partition}   {} {to} {}   {leads} {leader}",
                list(&old),
                list(&new)
            ))
            .to(Target::Partition(partition.clone())),
        );
        for node in adding {
            if let Some(copying) = copying(lab, partition, state, *node, canvas) {
                burst |= copying.is_above_limit();
                picture.push(line(*node, &copying, state.isr.contains(node), canvas));
            }
        }
        for node in new.iter().filter(|node| !adding.contains(node) && !state.isr.contains(node)) {
            let why = halted(lab, *node, canvas)
                .unwrap_or(canvas.word("is not in the ISR", "不在 ISR 中"));
            let waits = canvas.word(
                ": the reassignment ends when it is in the ISR",
                "：它进入 ISR 后重新分配才会结束",
            );
            picture.push(Line::of(format!("    b{node} {why}{waits}"), Role::Warn));
        }
        if state.leader.is_none_or(|leader| lab.cluster().broker(leader).is_none()) {
            let words =
                canvas.word("no leader runs: nothing is copied", "没有可用的 leader：什么都不复制");
            picture.push(Line::of(format!("    {words}"), Role::Warn));
        }
        if !removing.is_empty() {
            let words =
                canvas.word("leave when all new ones are in the ISR", "新副本都进入 ISR 后离开");
            picture.push(Line::of(format!("    {} {words}", list(removing)), Role::Dim));
        }
    }
    if moving.is_empty() {
        let words = canvas.word("  nothing moves", "  没有正在进行的迁移");
        picture.push(Line::of(words, Role::Dim));
    }
    let broker = lab.cluster().brokers.values().find_map(|node| node.broker.as_deref());
    for way in Way::ALL {
        if let Some(limit) = broker.and_then(|broker| broker.throttle_rate(way)) {
            picture.push(Line::of(format!("  {} {limit}", way.rate()), Role::Dim));
        }
    }
    if burst {
        for words in [
            canvas.word(
                "  above the limit: a fetch is never cut, so a burst passes first, and then nothing until",
                "  高于上限：一次拉取不会被截断，所以先通过一批数据，然后停下，",
            ),
            canvas.word("  the mean of the last 11 s is below it", "  直到最近 11 秒的平均值低于上限"),
        ] {
            picture.push(Line::of(words, Role::Dim));
        }
    }
    finish(picture, canvas)
}

fn line(node: NodeId, copying: &Copying, in_sync: bool, canvas: &Canvas) -> Line {
    let g = &canvas.glyphs;
    let full = match copying.of {
        0 => BAR,
        of => (copying.has.max(0) as u64 * BAR) / of as u64,
    };
    let bar = g.flushed.repeat(full as usize) + &g.empty.repeat((BAR - full.min(BAR)) as usize);
    let mut text = match canvas.word("en", "zh") {
        "zh" => {
            format!("{} / {}，还差 {} B", copying.has, copying.of, copying.bytes_left)
        }
        _ => {
            format!("{} of {}, {} B to go", copying.has, copying.of, copying.bytes_left)
        }
    };
    if in_sync {
        text.push_str(canvas.word(", in the ISR", "，已进入 ISR"));
    }
    if let Some(why) = copying.halted {
        text.push_str(&match canvas.word("en", "zh") {
            "zh" => format!("；b{node} {why}：什么都不复制"),
            _ => format!("; b{node} {why}: nothing is copied"),
        });
        return Line::of(format!("    b{node}   {bar}   {text}"), Role::Warn);
    }
    if let (Some(rate), false) = (copying.rate, in_sync) {
        text.push_str(&format!(", {rate} B/s"));
        if let Some(limit) = copying.limit.filter(|limit| *limit > 0) {
            let left = copying.bytes_left.div_ceil(limit);
            let at_least = match copying.is_above_limit() {
                true => canvas.word("at least ", "至少 "),
                false => "",
            };
            text.push_str(&match canvas.word("en", "zh") {
                "zh" => format!("（上限 {limit}），{at_least}{left} 秒"),
                _ => format!(" (limit {limit}), {at_least}{left} s"),
            });
        }
    }
    Line::plain(format!("    b{node}   {bar}   {text}"))
}
