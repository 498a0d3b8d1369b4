//! The log of one replica: its segment files, to scale.
//!
//! ```text
//!   log   orders-0 on b2, leader                     /tmp/klab/broker-2/orders-0
//!     00000000000000000000   0–39    ████████████████   4 102 B
//!     00000000000000000040   40–95   █████▓▓▓▓▓▓▓▓▓▓▓   3 988 B
//!                                    ▾  ▾   ▾   ▾    6 index entries
//! ```
//!
//! `█` is on the platter, `▓` in the page cache only, a tick `▾` is an index entry at its position. A segment is named
//! after the offset of its first record.

use super::common::{self, Fresh, bytes, finish, more, window};
use super::gaps;
use super::glyphs::Glyphs;
use super::picture::{Canvas, Focus, Line, Picture, Role, Target};
use super::table::{Align, Table};
use crate::batch::Header;
use crate::cluster::Lab;
use crate::disk::Disk;
use crate::storage::{Log, Segment, file_name};
use crate::types::{Language, NodeId, Offset, Position, TopicPartition, counted};

/// Most ticks that are looked up for one bar.
const MOST_TICKS: u32 = 2_000;

/// `orders-0 on b2, leader` and the directory.
pub(super) fn caption(lab: &Lab, log: &Log, node: NodeId, canvas: &Canvas) -> Line {
    let partition = log.partition();
    let leads =
        lab.cluster().broker(node).and_then(|b| b.replicas.get(partition)).map(|r| r.is_leader());
    let name = common::node_name(lab, node);
    let text = match (canvas.language, leads) {
        (Language::English, Some(true)) => format!("{partition} on {name}, leader"),
        (Language::English, Some(false)) => format!("{partition} on {name}, follower"),
        (Language::English, None) => format!("{partition} on {name}"),
        (Language::Chinese, Some(true)) => format!("{partition} 在 {name}，leader"),
        (Language::Chinese, Some(false)) => format!("{partition} 在 {name}，follower"),
        (Language::Chinese, None) => format!("{partition} 在 {name}"),
    };
    Line::plain(text)
}

/// Where a path of the lab's disk is for other programs.
pub(super) fn real_path(disk: &Disk, path: &str) -> String {
    match disk.root() {
        Some(root) => root.join(path).display().to_string(),
        None => path.to_owned(),
    }
}

/// Draws the pane.
pub fn draw(lab: &Lab, focus: &Focus, canvas: &Canvas) -> Picture {
    let title = canvas.word("log", "日志");
    let Some(partition) = common::partition(lab, focus) else {
        let text =
            canvas.word("no partition yet; create a topic first", "还没有分区；请先创建 topic");
        return common::nothing(title, text, canvas);
    };
    let Some((node, log)) = common::log(lab, &partition, focus.node) else {
        let text = canvas.word("no broker has a log of it yet", "还没有 broker 有它的日志");
        return common::nothing(title, &format!("{partition}: {text}"), canvas);
    };
    let mut picture = Picture::new(title).caption(caption(lab, log, node, canvas));
    let path = real_path(lab.disk(), log.directory());
    picture.push(Line::of(path, Role::Dim).indent(2).to(Target::File(log.directory().to_owned())));
    segments(lab, &partition, node, log, focus, canvas, &mut picture);
    for line in super::upkeep::lines(lab, &partition, node, log, canvas) {
        picture.push(line);
    }
    picture.push(footer(lab, log, canvas));
    if log.size_bytes() == 0 && canvas.height < 10_000 {
        empty(log, canvas, &mut picture);
    }
    finish(picture, canvas)
}

/// Nothing is written yet: what will stand here, and how to bring it about.
fn empty(log: &Log, canvas: &Canvas, picture: &mut Picture) {
    let g = &canvas.glyphs;
    let topic = &log.partition().topic;
    let rows = [
        (g.flushed, "bytes on the platter, to scale", "已落盘的字节，按比例"),
        (
            g.cached,
            "bytes in the page cache only: a power cut takes them",
            "仅在页缓存中的字节：断电即失",
        ),
        (g.tick, "an entry of the sparse index, at its position", "稀疏索引的条目，位于其位置"),
        (
            "0",
            "a row for each segment; a new one begins at segment.bytes",
            "每个日志段一行；到 segment.bytes 时开始新段",
        ),
    ];
    if canvas.height < picture.lines.len() + rows.len() + 3 {
        return;
    }
    picture.blank();
    let head =
        canvas.word("nothing is written yet; what you will see:", "尚未写入；之后你会看到：");
    picture.push(Line::of(format!("  {head}"), Role::Heading));
    for (mark, english, chinese) in rows {
        let line = Line::of(format!("    {mark}  "), Role::Flushed);
        picture.push(line.span(canvas.word(english, chinese), Role::Dim));
    }
    let text = canvas.word("to begin: ", "开始：");
    let command = format!("produce {topic} value=hello");
    picture.push(Line::of(format!("  {text}"), Role::Dim).span(command, Role::Code));
}

fn segments(
    lab: &Lab,
    partition: &TopicPartition,
    node: NodeId,
    log: &Log,
    focus: &Focus,
    canvas: &Canvas,
    picture: &mut Picture,
) {
    let g = &canvas.glyphs;
    let (all, disk) = (log.segments(), lab.disk());
    let last = all.len() - 1;
    let chosen = focus.segment.or(focus.offset);
    let chosen = chosen.and_then(|wanted| all.iter().rposition(|s| s.base_offset <= wanted));
    let room = canvas.height.saturating_sub(5).clamp(1, 200);
    let shown = window(all.len(), Some(chosen.unwrap_or(last)), room);
    if shown.start > 0 {
        picture.push(more(shown.start, canvas));
    }
    let changed_from = Fresh::of(lab).log_end(partition, node);
    let greatest = all.iter().map(|segment| segment.size_bytes).max().unwrap_or(0);
    let short = canvas.width < 84;
    let cleaned = gaps::was_cleaned(lab, partition, node);
    let mut rows = Vec::new();
    for index in shown.clone() {
        let segment = &all[index];
        let next = all.get(index + 1).map_or(log.log_end_offset(), |next| next.base_offset);
        let name = match short {
            true => format!("{}{}", g.ellipsis, segment.base_offset),
            false => file_name(segment.base_offset, ""),
        };
        let range = match segment.size_bytes {
            0 => canvas.word("empty", "空").to_owned(),
            _ => {
                let range = format!("{}{}{}", segment.base_offset, g.range, next.0 - 1);
                let spans = next - segment.base_offset;
                let left = if cleaned { gaps::records(disk, segment) } else { None };
                match left.filter(|&left| left < spans) {
                    None => range,
                    Some(left) if canvas.language == Language::Chinese => {
                        format!("{range}，剩 {left} 条记录")
                    }
                    Some(left) => format!("{range}, {} left", counted(left, "record")),
                }
            }
        };
        let changed = index == last && changed_from.is_some();
        rows.push((index, name, range, bytes(u64::from(segment.size_bytes)), changed));
    }
    let width = |pick: fn(&(usize, String, String, String, bool)) -> &String| {
        rows.iter().map(|row| super::width::of(pick(row))).max().unwrap_or(0)
    };
    let (name, range, size) = (width(|r| &r.1), width(|r| &r.2), width(|r| &r.3));
    let bar = canvas.width.saturating_sub(2 + name + 3 + range + 3 + 3 + size + 4).clamp(4, 60);
    for (index, segment_name, offsets, size_bytes, changed) in rows {
        let segment = &all[index];
        let (solid, cached) = g.scale(
            disk.flushed(segment.log),
            u64::from(segment.size_bytes),
            u64::from(greatest),
            bar,
        );
        let marked = chosen == Some(index);
        let line = Line::of(if marked { g.chosen } else { " " }, Role::Cursor)
            .text(" ")
            .span(segment_name, Role::Link)
            .pad_to(2 + name)
            .text("   ")
            .span(offsets, Role::Offset)
            .pad_to(2 + name + 3 + range)
            .text("   ")
            .span(solid, Role::Flushed)
            .span(cached, Role::Cached)
            .pad_to(2 + name + 3 + range + 3 + bar)
            .text(" ".repeat(3 + size - super::width::of(&size_bytes)))
            .span(size_bytes, Role::Number)
            .changed(changed, g)
            .to(Target::Segment(segment.base_offset));
        picture.push(line);
        if marked || index == last {
            picture.attend();
        }
        if segment.size_bytes > 0 && (marked || shown.len() <= 3 || index == last) {
            let cells = (u128::from(segment.size_bytes) * bar as u128)
                .div_ceil(u128::from(greatest.max(1))) as usize;
            let ticks = ticks(disk, segment, cells, g);
            let count = segment.index.entries();
            let text = match (canvas.language, count) {
                (Language::English, 1) => "1 index entry".to_owned(),
                (Language::English, _) => format!("{count} index entries"),
                (Language::Chinese, _) => format!("{count} 个索引条目"),
            };
            let line = Line::new()
                .pad_to(2 + name + 3 + range + 3)
                .text(ticks)
                .text(if count == 0 { "" } else { " " })
                .span(text, Role::Dim)
                .to(Target::Segment(segment.base_offset));
            picture.push(line);
        }
    }
    if shown.end < all.len() {
        picture.push(more(all.len() - shown.end, canvas));
    }
}

/// A tick in each cell of the bar that an index entry points into.
fn ticks(disk: &Disk, segment: &Segment, cells: usize, g: &Glyphs) -> String {
    let mut marks = vec![false; cells];
    let entries = segment.index.entries();
    let stride = entries.div_ceil(MOST_TICKS).max(1);
    let mut slot = 0;
    while slot < entries {
        if let Ok((_, position)) = segment.index.entry(disk, slot) {
            let at = u64::from(position.0) * cells as u64 / u64::from(segment.size_bytes.max(1));
            if let Some(mark) = marks.get_mut(at as usize) {
                *mark = true;
            }
        }
        slot += stride;
    }
    let text: String = marks.iter().map(|&mark| if mark { g.tick } else { " " }).collect();
    text.trim_end().to_owned()
}

fn footer(lab: &Lab, log: &Log, canvas: &Canvas) -> Line {
    let g = &canvas.glyphs;
    let config = log.config();
    let unflushed =
        log.segments().iter().any(|s| lab.disk().flushed(s.log) < u64::from(s.size_bytes));
    let mut line = Line::of("  log start ", Role::Dim)
        .span(log.log_start_offset().to_string(), Role::Offset)
        .span("   LEO ", Role::Dim)
        .span(log.log_end_offset().to_string(), Role::Offset)
        .span(format!("   {} ", canvas.word("flushed to", "已刷盘至")), Role::Dim)
        .span(log.recovery_point().to_string(), Role::Offset);
    if unflushed {
        let text = canvas.word("page cache only", "仅在页缓存");
        line = line.text("   ").span(g.cached, Role::Cached).span(format!(" {text}"), Role::Dim);
    }
    let limit = format!("   segment.bytes {}", bytes(u64::from(config.segment_bytes)));
    // A number that is cut off would be another number.
    match line.width() + super::width::of(&limit) <= canvas.width {
        true => line.span(limit, Role::Dim),
        false => line,
    }
}

/// `show segment`: the batches of one segment.
pub fn segment(lab: &Lab, focus: &Focus, canvas: &Canvas) -> Picture {
    let title = canvas.word("segment", "段");
    let found = common::partition(lab, focus)
        .and_then(|partition| common::log(lab, &partition, focus.node));
    let Some((node, log)) = found else {
        let text = canvas.word("no log to show; create a topic first", "没有日志；请先创建 topic");
        return common::nothing(title, text, canvas);
    };
    let wanted = focus.segment.or(focus.offset);
    let segment = wanted
        .and_then(|wanted| log.segments().iter().rfind(|s| s.base_offset <= wanted))
        .unwrap_or_else(|| log.active_segment());
    let g = &canvas.glyphs;
    let mut picture = Picture::new(title).caption(
        caption(lab, log, node, canvas)
            .text("   ")
            .span(file_name(segment.base_offset, ".log"), Role::Link)
            .span(format!("   {}", bytes(u64::from(segment.size_bytes))), Role::Dim),
    );
    let all = log.segments();
    if all.len() > 1 {
        picture.push(neighbours(all, segment.base_offset, canvas));
    }
    let room = canvas.height.saturating_sub(if all.len() > 1 { 4 } else { 3 }).clamp(4, 40);
    let (first, last, count) = ends(lab.disk(), segment, room);
    let mut table = Table::new(&[Align::Right; 6]).heads(&match canvas.language {
        Language::English => ["position", "offsets", "records", "bytes", "epoch", "producer"],
        Language::Chinese => ["位置", "offset", "记录数", "字节", "epoch", "producer"],
    });
    let row = |(position, header): &(Position, Header)| {
        let offsets = match header.base_offset == header.last_offset() {
            true => header.base_offset.to_string(),
            false => format!("{}{}{}", header.base_offset, g.range, header.last_offset()),
        };
        let number = |n: i64| super::width::number(n);
        let producer = match header.has_producer_id() {
            true => format!("{} seq {}", header.producer_id, header.base_sequence),
            false => g.dash.to_owned(),
        };
        let kind = if header.is_control() { "   control" } else { "" };
        let cells = vec![
            Line::of(number(i64::from(position.0)), Role::Position),
            Line::of(offsets, Role::Offset),
            Line::plain(number(i64::from(header.records_count))),
            Line::plain(number(header.size_bytes() as i64)),
            Line::of(header.partition_leader_epoch.to_string(), Role::Epoch),
            Line::of(format!("{producer}{kind}"), Role::Dim),
        ];
        (cells, Target::Offset(header.base_offset))
    };
    for entry in &first {
        let (cells, target) = row(entry);
        table.row_to(cells, target);
    }
    if count > first.len() + last.len() {
        table.row(vec![Line::of(
            format!("{} {}", g.ellipsis, count - first.len() - last.len()),
            Role::Dim,
        )]);
    }
    for entry in &last {
        let (cells, target) = row(entry);
        table.row_to(cells, target);
    }
    if count == 0 {
        picture.push(Line::of(canvas.word("  no batch in it yet", "  还没有批次"), Role::Dim));
    } else {
        picture.extend(table.lines(canvas.width, g.ellipsis));
    }
    finish(picture, canvas)
}

/// The segments of the log around the one whose batches are listed, the active one marked.
fn neighbours(all: &[Segment], chosen: Offset, canvas: &Canvas) -> Line {
    let g = &canvas.glyphs;
    let at = all.iter().position(|segment| segment.base_offset == chosen);
    let shown = window(all.len(), at, (canvas.width.saturating_sub(24) / 18).clamp(1, 12));
    let mut line = Line::of(canvas.word("  segments ", "  段 "), Role::Dim);
    if shown.start > 0 {
        line = line.span(format!("{} ", g.ellipsis), Role::Dim);
    }
    for index in shown.clone() {
        let segment = &all[index];
        let role = if Some(index) == at { Role::Strong } else { Role::Link };
        line = line
            .span(if Some(index) == at { g.chosen } else { " " }, Role::Cursor)
            .span(segment.base_offset.to_string(), role)
            .span(format!(" {}", bytes(u64::from(segment.size_bytes))), Role::Dim);
        if index + 1 == all.len() {
            line = line.span(canvas.word(" active", " 活动"), Role::Strong);
        }
        line = line.text("  ");
    }
    if shown.end < all.len() {
        line = line.span(g.ellipsis, Role::Dim);
    }
    line
}

type Placed = (Position, Header);

/// The first and the last batches, and how many there are in all.
fn ends(disk: &Disk, segment: &Segment, room: usize) -> (Vec<Placed>, Vec<Placed>, usize) {
    let half = room / 2;
    let mut first = Vec::new();
    let mut last = std::collections::VecDeque::new();
    let mut count = 0;
    for entry in segment.headers(disk, Position(0)).map_while(Result::ok) {
        count += 1;
        if first.len() < half {
            first.push(entry);
        } else {
            if last.len() == half {
                last.pop_front();
            }
            last.push_back(entry);
        }
    }
    (first, last.into(), count)
}
