//! `show reassignments`: what moves, how far it is, and how long it will take.
//!
//! ```text
//!   orders-3   [4,1] to [4,5]   leader b4
//!     b5   ███████░░░░░░░░░   4 096 of 10 000 offsets   590 kB to go   98 000 B/s   6 s
//! ```
//!
//! The rate is the receiver's, of throttled replicas; with a limit the time left is what is missing divided by it.

use super::common::{self, finish};
use super::picture::{Canvas, Line, Picture, Role, Target};
use crate::broker::Way;
use crate::cluster::Lab;
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
}

fn copying(
    lab: &Lab,
    partition: &TopicPartition,
    state: &PartitionRegistration,
    node: NodeId,
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
            if let Some(copying) = copying(lab, partition, state, *node) {
                picture.push(line(*node, &copying, state.isr.contains(node), canvas));
            }
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
    if let (Some(rate), false) = (copying.rate, in_sync) {
        text.push_str(&format!(", {rate} B/s"));
        if let Some(limit) = copying.limit.filter(|limit| *limit > 0) {
            let left = copying.bytes_left.div_ceil(limit);
            text.push_str(&match canvas.word("en", "zh") {
                "zh" => format!("（上限 {limit}），{left} 秒"),
                _ => format!(" (limit {limit}), {left} s"),
            });
        }
    }
    Line::plain(format!("    b{node}   {bar}   {text}"))
}
