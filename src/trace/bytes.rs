//! Bytes and what they mean: a batch as hex and as a tree of fields, an entry of an index, any other file.
//!
//! ```text
//!   bytes   orders-0 on b2   00000000000000000000.log @ 0x1d2 (466)   batch 5–7, 98 B
//!     0000   00 00 00 00 00 00 00 05 [00 00 00 56] 00 00 00 01   .......[...V]....
//!     0000–0007   base_offset     5
//!   ▸ 0008–000b   batch_length    86     bytes behind this field
//! ```
//!
//! Both directions: a byte in focus marks its field, a chosen field marks its bytes (in brackets, not by colour alone).
//! The fields are those of the one table of the format ([`crate::batch::fields`]).

use super::common::{self, bytes as size, finish, more, window};
use super::picture::{Canvas, Focus, Line, Picture, Role, Target};
use super::table::{Align, Table};
use super::width;
use crate::batch::{self, FieldAt};
use crate::chinese::tell;
use crate::cluster::Lab;
use crate::disk::FileId;
use crate::storage::{Log, LookupStep, OffsetIndex, Segment, TimeIndex, file_name};
use crate::types::{Language, NodeId, Offset, Position};
use std::ops::Range;

/// The largest part of a file that is looked at.
const MOST_BYTES: usize = 1 << 16;

/// Draws the pane.
pub fn draw(lab: &Lab, focus: &Focus, canvas: &Canvas) -> Picture {
    if let Some(path) = &focus.file {
        return file(lab, path, focus, canvas);
    }
    let title = canvas.word("bytes", "字节");
    let found = common::partition(lab, focus)
        .and_then(|partition| common::log(lab, &partition, focus.node));
    let Some((node, log)) = found else {
        let text = canvas.word("no log to show; create a topic first", "没有日志；请先创建 topic");
        return common::nothing(title, text, canvas);
    };
    if log.log_end_offset() <= log.log_start_offset() {
        let text = canvas.word("the log is empty", "日志为空");
        return common::nothing(title, &format!("{}: {text}", log.partition()), canvas);
    }
    let offset = focus.offset.unwrap_or(Offset(log.log_end_offset().0 - 1));
    match log.translate_offset(lab.disk(), offset) {
        LookupStep::Found { segment, position, size_bytes, .. } => {
            match log.segments().iter().find(|s| s.base_offset == segment) {
                Some(segment) => {
                    let focus = Focus { offset: Some(offset), ..focus.clone() };
                    one_batch(lab, node, log, segment, position, size_bytes, &focus, canvas)
                }
                None => {
                    common::nothing(title, canvas.word("the segment is gone", "段已不在"), canvas)
                }
            }
        }
        other => common::nothing(title, &other.sentence(canvas.language), canvas),
    }
}

#[allow(clippy::too_many_arguments)]
fn one_batch(
    lab: &Lab,
    node: NodeId,
    log: &Log,
    segment: &Segment,
    position: Position,
    size_bytes: u32,
    focus: &Focus,
    canvas: &Canvas,
) -> Picture {
    let title = canvas.word("bytes", "字节");
    let start = u64::from(position.0);
    let length = (size_bytes as usize).min(MOST_BYTES);
    let bytes = match lab.disk().read(segment.log, start, length) {
        Ok(bytes) => bytes,
        Err(error) => return common::nothing(title, &error.to_string(), canvas),
    };
    let fields = batch::fields(&bytes);
    let chosen = focus
        .byte
        .and_then(|byte| usize::try_from(byte.checked_sub(start)?).ok())
        .and_then(|byte| fields.iter().position(|f| (f.start..f.start + f.width).contains(&byte)));
    let caption = super::log::caption(lab, log, node, canvas)
        .text("   ")
        .span(file_name(segment.base_offset, ".log"), Role::Link)
        .span(format!(" @ {start}   {}", size(u64::from(size_bytes))), Role::Dim);
    let mut picture = Picture::new(title).caption(caption);
    let marked = chosen.map(|at| fields[at].start..fields[at].start + fields[at].width);
    let role = |at: usize| {
        let found = fields.partition_point(|field| field.start + field.width <= at);
        fields.get(found).map_or(Role::Plain, |field| role_of(field.name))
    };
    let hex_rows = (canvas.height / 3).clamp(4, 32);
    hex(&bytes, start, marked, role, hex_rows, canvas, &mut picture);
    picture.blank();
    tree(&fields, start, chosen, focus.offset, true, canvas, &mut picture);
    inside(&bytes, focus.offset, hex_rows, canvas, &mut picture);
    finish(picture, canvas)
}

/// What a compressed batch holds: the records' bytes once unpacked, which count from 0 and lie in no file.
fn inside(
    bytes: &[u8],
    offset: Option<Offset>,
    hex_rows: usize,
    canvas: &Canvas,
    picture: &mut Picture,
) {
    let unpacked = match batch::unpacked(bytes) {
        Ok(Some(unpacked)) => unpacked,
        Ok(None) => return,
        Err(error) => {
            picture.blank();
            picture.push(Line::of(format!("  {error}"), Role::Bad));
            return;
        }
    };
    let packed = fields_width(bytes, "compressed_records");
    let total = unpacked.bytes.len();
    let head = match canvas.language {
        Language::English => format!("  unpacked: {packed} bytes become {total}, counted from 0"),
        Language::Chinese => format!("  解压后：{packed} 字节变为 {total} 字节，从 0 计数"),
    };
    picture.blank();
    picture.push(Line::of(head, Role::Heading));
    let cut = &unpacked.bytes[..total.min(MOST_BYTES)];
    let role = |at: usize| {
        let found = unpacked.fields.partition_point(|field| field.start + field.width <= at);
        unpacked.fields.get(found).map_or(Role::Plain, |field| role_of(field.name))
    };
    hex(cut, 0, None, role, hex_rows, canvas, picture);
    picture.blank();
    let attention = picture.attention;
    tree(&unpacked.fields, 0, None, offset, false, canvas, picture);
    picture.attention = attention.or(picture.attention);
}

/// Bytes of the field of this name.
fn fields_width(bytes: &[u8], name: &str) -> usize {
    batch::fields(bytes).iter().find(|field| field.name == name).map_or(0, |field| field.width)
}

fn role_of(field: &str) -> Role {
    match field {
        "key" | "header_key" => Role::Key,
        "value" | "header_value" | "compressed_records" => Role::Value,
        "base_offset" | "last_offset_delta" | "offset_delta" | "offset" => Role::Offset,
        "partition_leader_epoch" | "producer_epoch" => Role::Epoch,
        "crc" => Role::Number,
        "undecoded" => Role::Bad,
        _ => Role::Plain,
    }
}

/// Rows of hex and text; `marked` stands in brackets and stays in sight.
fn hex(
    bytes: &[u8],
    start: u64,
    marked: Option<Range<usize>>,
    role: impl Fn(usize) -> Role,
    most_rows: usize,
    canvas: &Canvas,
    picture: &mut Picture,
) {
    let each = if canvas.width >= 76 { 16 } else { 8 };
    let rows = bytes.len().div_ceil(each);
    let shown = window(rows, marked.as_ref().map(|m| m.start / each), most_rows);
    if shown.start > 0 {
        picture.push(more(shown.start, canvas));
    }
    let in_mark = |at: usize| marked.as_ref().is_some_and(|m| m.contains(&at));
    let digits = format!("{:x}", start + bytes.len() as u64).len().max(4);
    for row in shown.clone() {
        let from = row * each;
        let to = (from + each).min(bytes.len());
        let here = start + from as u64;
        let mut line = Line::of(format!("  {here:0digits$x}  "), Role::Dim);
        for at in from..from + each {
            let open = in_mark(at) && (at == from || !in_mark(at - 1));
            let close = at > from && in_mark(at - 1) && !in_mark(at);
            let gap = match (open, close, at % 8 == 0 && at > from) {
                (true, ..) => "[",
                (_, true, _) => "]",
                _ => " ",
            };
            line = line.span(gap, if open || close { Role::Cursor } else { Role::Plain });
            match bytes.get(at) {
                Some(byte) => {
                    let role = if in_mark(at) { Role::Cursor } else { role(at) };
                    line = line.span(format!("{byte:02x}"), role);
                }
                None => line = line.text("  "),
            }
        }
        let close = if to == from + each && in_mark(to - 1) { "]" } else { " " };
        line = line.span(close, Role::Cursor).text("  ");
        let text: String = bytes[from..to]
            .iter()
            .map(|&byte| if (0x20..0x7f).contains(&byte) { char::from(byte) } else { '.' })
            .collect();
        picture.push(line.span(text, Role::Dim).to(Target::Bytes(here, start + to as u64)));
    }
    if shown.end < rows {
        picture.push(more(rows - shown.end, canvas));
    }
}

/// The fields, record by record; far records are one line each. `in_file`: their bytes can be gone to.
fn tree(
    fields: &[FieldAt],
    start: u64,
    chosen: Option<usize>,
    offset: Option<Offset>,
    in_file: bool,
    canvas: &Canvas,
    picture: &mut Picture,
) {
    let mut groups: Vec<Range<usize>> = Vec::new();
    for (at, field) in fields.iter().enumerate() {
        let begins = at == 0 || (field.depth == 1 && ["length", "offset"].contains(&field.name));
        match groups.last_mut() {
            Some(group) if !begins => group.end = at + 1,
            _ => groups.push(at..at + 1),
        }
    }
    let offset_of = |group: &Range<usize>| {
        let names = ["offset_delta", "offset"];
        let field = fields[group.clone()].iter().find(|field| names.contains(&field.name))?;
        let told = field.value.split_once("(offset ").and_then(|(_, rest)| rest.strip_suffix(')'));
        told.unwrap_or(&field.value).parse::<i64>().ok()
    };
    let wanted = |group: &Range<usize>| {
        chosen.is_some_and(|chosen| group.contains(&chosen))
            || (offset.is_some() && offset_of(group) == offset.map(|o| o.0))
    };
    // The first group is the header of a batch; what was unpacked has none.
    let head = usize::from(fields.first().is_some_and(|field| field.depth == 0));
    let records = groups.len().saturating_sub(head);
    let focused = groups.iter().position(&wanted).filter(|&at| at >= head);
    let room = 12.min(canvas.height.max(20) - 8);
    let shown = window(records, focused.map(|at| at - head), room);
    let g = &canvas.glyphs;
    let columns = [Align::Left, Align::Left, Align::Left, Align::Left];
    let mut table = Table::new(&columns).indent(0).gap(2);
    let mut attention = None;
    let widest = |of: &dyn Fn(&FieldAt) -> usize| fields.iter().map(of).max().unwrap_or(0);
    let others = widest(&|field| field.name.len() + 2 * usize::from(field.depth.min(3)))
        + widest(&|field| width::of(&field.value));
    let room_for_meaning = canvas.width.saturating_sub(others + 20);
    for (number, group) in groups.iter().enumerate() {
        if number >= head && !shown.contains(&(number - head)) {
            if number - head == shown.end || number == head {
                let count = if number == head { shown.start } else { records - shown.end };
                table.row(vec![more(count, canvas)]);
            }
            continue;
        }
        let (first, last) = (&fields[group.start], &fields[group.end - 1]);
        let span = start + first.start as u64..start + (last.start + last.width) as u64;
        if number >= head {
            let at = offset_of(group).map_or(String::new(), |offset| format!(", offset {offset}"));
            let name = format!("{} {}{at}", canvas.word("record", "记录"), number - head);
            let size = format!("{} B", span.end - span.start);
            let range = format!("  {:04x}{}{:04x}", span.start, g.range, span.end - 1);
            let row = vec![
                Line::of(range, Role::Position),
                Line::of(name, Role::Heading),
                Line::of(size, Role::Dim),
            ];
            match in_file {
                true => table.row_to(row, Target::Bytes(span.start, span.end)),
                false => table.row(row),
            }
        }
        let open = number < head || records <= 2 || wanted(group);
        if !open {
            continue;
        }
        for at in group.clone() {
            let field = &fields[at];
            let (from, to) =
                (start + field.start as u64, start + (field.start + field.width) as u64);
            let here = chosen == Some(at);
            if here {
                attention = Some(table.len());
            }
            let range = match field.width {
                1 => format!("{from:04x}"),
                _ => format!("{from:04x}{}{:04x}", g.range, to - 1),
            };
            let mark = if here { g.chosen } else { " " };
            let indent = "  ".repeat(usize::from(field.depth.min(3)));
            let row = vec![
                Line::of(mark, Role::Cursor).span(format!(" {range}"), Role::Position),
                Line::of(indent, Role::Plain)
                    .span(field.name, if here { Role::Cursor } else { Role::Plain }),
                Line::of(&*tell(canvas.language, &field.value), role_of(field.name)),
                Line::of(brief(field.meaning(canvas.language), room_for_meaning), Role::Dim),
            ];
            match in_file {
                true => table.row_to(row, Target::Bytes(from, to)),
                false => table.row(row),
            }
        }
    }
    let base = picture.lines.len();
    picture.extend(table.lines(canvas.width, g.ellipsis));
    picture.attention = attention.map(|row| base + row);
}

/// The text, or as many of its clauses as fit.
pub(crate) fn brief(text: &str, cells: usize) -> &str {
    let ends = text.char_indices().filter(|(_, c)| ";:,；：，。".contains(*c)).map(|(at, _)| at);
    let fits = |at: &usize| width::of(&text[..*at]) <= cells;
    match width::of(text) <= cells {
        true => text,
        false => ends.take_while(fits).last().map_or(text, |at| &text[..at]),
    }
}

/// The log, its segment and the file's kind, if a path is one of a segment's files.
fn segment_of<'a>(lab: &'a Lab, path: &str) -> Option<(NodeId, &'a Log, &'a Segment)> {
    let (directory, name) = path.rsplit_once('/')?;
    let base = Offset(name.split_once('.')?.0.parse().ok()?);
    let cluster = lab.cluster();
    let of_brokers =
        cluster.brokers.iter().filter_map(|(&id, node)| Some((id, node.broker.as_ref()?)));
    let mut logs = of_brokers
        .flat_map(|(id, broker)| broker.replicas.values().map(move |replica| (id, &replica.log)));
    let of_controllers = || {
        cluster.controllers.iter().filter_map(|(&id, n)| Some((id, &n.controller.as_ref()?.log)))
    };
    let is_it = |(_, log): &(NodeId, &Log)| log.directory() == directory;
    let (node, log) = logs.find(is_it).or_else(|| of_controllers().find(is_it))?;
    let segment = log.segments().iter().find(|segment| segment.base_offset == base)?;
    Some((node, log, segment))
}

/// The bytes of any file.
fn file(lab: &Lab, path: &str, focus: &Focus, canvas: &Canvas) -> Picture {
    let title = canvas.word("bytes", "字节");
    if let Some((node, log, segment)) = segment_of(lab, path) {
        if path.ends_with(".index") {
            let id = segment.index.file;
            return entries(lab, path, id, segment, OffsetIndex::ENTRY_SIZE_BYTES, focus, canvas);
        }
        if path.ends_with(".timeindex") {
            let id = segment.time_index.file;
            return entries(lab, path, id, segment, TimeIndex::ENTRY_SIZE_BYTES, focus, canvas);
        }
        let byte = focus.byte.unwrap_or(0);
        let placed = segment
            .headers(lab.disk(), Position(0))
            .map_while(Result::ok)
            .find(|(position, header)| byte < u64::from(position.0) + header.size_bytes() as u64);
        if let Some((position, header)) = placed {
            let size_bytes = header.size_bytes() as u32;
            return one_batch(lab, node, log, segment, position, size_bytes, focus, canvas);
        }
        return common::nothing(title, &format!("{path}: {}", canvas.word("empty", "空")), canvas);
    }
    let bytes = match lab.disk().read_small(path) {
        Ok(bytes) => bytes,
        Err(error) => return common::nothing(title, &error.to_string(), canvas),
    };
    let caption =
        Line::of(path, Role::Link).span(format!("   {}", size(bytes.len() as u64)), Role::Dim);
    let mut picture = Picture::new(title).caption(caption);
    let room = canvas.height.clamp(4, 64);
    match std::str::from_utf8(&bytes) {
        Ok(text) if !text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') => {
            let mut lines = text.lines();
            for line in lines.by_ref().take(room) {
                picture.push(Line::plain(line).indent(2));
            }
            let rest = lines.count();
            if rest > 0 {
                picture.push(more(rest, canvas));
            }
            if bytes.is_empty() {
                picture.push(Line::of(canvas.word("  empty", "  空"), Role::Dim));
            }
        }
        _ => {
            let cut = &bytes[..bytes.len().min(MOST_BYTES)];
            let marked = focus.byte.and_then(|b| usize::try_from(b).ok()).map(|b| b..b + 1);
            hex(cut, 0, marked, |_| Role::Plain, room, canvas, &mut picture);
        }
    }
    finish(picture, canvas)
}

/// An index file, an entry a row.
fn entries(
    lab: &Lab,
    path: &str,
    id: FileId,
    segment: &Segment,
    each: u32,
    focus: &Focus,
    canvas: &Canvas,
) -> Picture {
    let offsets = each == OffsetIndex::ENTRY_SIZE_BYTES;
    let count = if offsets { segment.index.entries() } else { segment.time_index.entries() };
    let used = u64::from(count * each);
    let caption = Line::of(path, Role::Link).span(
        match canvas.language {
            Language::English => format!("   {used} B used of {}", size(lab.disk().size(id))),
            Language::Chinese => format!("   已用 {used} B，共 {}", size(lab.disk().size(id))),
        },
        Role::Dim,
    );
    let mut picture = Picture::new(canvas.word("bytes", "字节")).caption(caption);
    let chosen = focus.byte.map(|byte| (byte / u64::from(each)) as usize);
    let shown = window(count as usize, chosen, canvas.height.saturating_sub(2).clamp(3, 40));
    if shown.start > 0 {
        picture.push(more(shown.start, canvas));
    }
    for slot in shown.clone() {
        let start = slot as u64 * u64::from(each);
        let Ok(bytes) = lab.disk().read(id, start, each as usize) else { break };
        let here = chosen == Some(slot);
        let (left, right) = bytes.split_at(bytes.len() - 4);
        let show =
            |part: &[u8]| -> String { part.iter().map(|byte| format!("{byte:02x} ")).collect() };
        let mark = if here { canvas.glyphs.chosen } else { " " };
        let mut line = Line::of(mark, Role::Cursor).span(format!(" {start:04x}  "), Role::Dim);
        let number =
            |part: &[u8]| part.iter().fold(0i64, |sum, &byte| (sum << 8) | i64::from(byte));
        let (a, b) = (number(left), number(right));
        let base = segment.base_offset.0;
        if offsets {
            line = line
                .span(show(left), Role::Offset)
                .text(" ")
                .span(show(right), Role::Position)
                .text("  ")
                .span(
                    match canvas.language {
                        Language::English => {
                            format!("relative offset {a} (+{base} = {}), position {b}", base + a)
                        }
                        Language::Chinese => {
                            format!("相对 offset {a}（+{base} = {}），位置 {b}", base + a)
                        }
                    },
                    Role::Plain,
                );
        } else {
            line = line
                .span(show(left), Role::Number)
                .text(" ")
                .span(show(right), Role::Offset)
                .text("  ");
            let text = match canvas.language {
                Language::English => {
                    format!("timestamp {a}, relative offset {b} (+{base} = {})", base + b)
                }
                Language::Chinese => {
                    format!("时间戳 {a}，相对 offset {b}（+{base} = {}）", base + b)
                }
            };
            line = line.span(text, Role::Plain);
        }
        picture.push(line.to(Target::Bytes(start, start + u64::from(each))));
        if here {
            picture.attend();
        }
    }
    if shown.end < count as usize {
        picture.push(more(count as usize - shown.end, canvas));
    }
    finish(picture, canvas)
}
