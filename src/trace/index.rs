//! The offset index of one segment, and a search in it, one look at a time.
//!
//! ```text
//!   index   orders-0 on b2, leader   00000000000000000040.index   6 entries, 48 B
//!     entry   relative   offset   position
//!         0          4       44        389   low
//!         …                                  2 more
//!         3         31       71      2 288   middle « 71 ≤ 87: go on from here up
//!         5         53       93      3 812   high
//!     scan   from position 2 288, batch by batch
//! ```
//!
//! The search is the one that the broker runs ([`crate::storage::LookupStep`], class `AbstractIndex`): the picture
//! shows its own steps, so it cannot drift from it. Long tables show what the search touches and both ends.

use super::common::{self, finish};
use super::picture::{Canvas, Focus, Line, Picture, Role, Target};
use super::table::{Align, Table};
use super::width::number;
use crate::cluster::{Lab, LookupWalk, WalkStep};
use crate::disk::Disk;
use crate::storage::{Log, LookupStep, Segment, TimestampStep, Went, file_name};
use crate::types::{Language, NodeId, Offset, Position, counted};
use std::collections::{BTreeMap, BTreeSet};

/// A batch that the scan came by.
struct Scanned {
    position: Position,
    base_offset: Offset,
    last_offset: Offset,
    size_bytes: u32,
    taken: bool,
}

/// How far a search has come.
#[derive(Default)]
struct Walked {
    target: Option<Offset>,
    segment: Option<Offset>,
    range: Option<(u32, u32)>,
    probed: BTreeMap<u32, (Offset, Option<Went>)>,
    latest: Option<u32>,
    answer: Option<(Option<u32>, Position)>,
    scanned: Vec<Scanned>,
    /// Steps of a lookup by time, as sentences.
    told: Vec<String>,
    /// The newest step, as a sentence.
    said: Option<String>,
    ended: bool,
}

impl Walked {
    fn of(walk: &LookupWalk, canvas: &Canvas) -> Walked {
        let mut walked = Walked::default();
        for step in walk.steps.iter().take(walk.shown) {
            match step {
                WalkStep::Offset(step) => walked.take(step, canvas),
                WalkStep::Timestamp(step) => walked.take_timestamp(step, canvas),
            }
        }
        walked
    }

    fn take_timestamp(&mut self, step: &TimestampStep, canvas: &Canvas) {
        if let TimestampStep::ChooseSegment { base_offset, chosen: true, .. } = step {
            self.segment = Some(*base_offset);
        }
        self.told.push(step.sentence(canvas.language));
    }

    fn take(&mut self, step: &LookupStep, canvas: &Canvas) {
        self.latest = None;
        match step {
            LookupStep::ChooseSegment { target, base_offset, .. } => {
                self.target = Some(*target);
                self.segment = Some(*base_offset);
            }
            LookupStep::WarmSection { slot, entry_offset, .. } => {
                self.probed.insert(*slot, (*entry_offset, None));
                self.latest = Some(*slot);
            }
            LookupStep::LeastEntry { entry_offset, .. } => {
                self.probed.insert(0, (*entry_offset, None));
                self.latest = Some(0);
            }
            LookupStep::Probe { low, high, middle, entry_offset, went, .. } => {
                self.range = Some((*low, *high));
                self.probed.insert(*middle, (*entry_offset, Some(*went)));
                self.latest = Some(*middle);
            }
            LookupStep::IndexAnswer { entry, position } => {
                self.range = None;
                self.answer = Some((entry.map(|(slot, _)| slot), *position));
            }
            LookupStep::WithoutIndex => self.answer = Some((None, Position(0))),
            LookupStep::ScanBatch { position, base_offset, last_offset, size_bytes, taken } => {
                self.scanned.push(Scanned {
                    position: *position,
                    base_offset: *base_offset,
                    last_offset: *last_offset,
                    size_bytes: *size_bytes,
                    taken: *taken,
                });
            }
            LookupStep::NextSegment { base_offset } => {
                let target = self.target;
                *self = Walked { target, segment: Some(*base_offset), ..Walked::default() };
                self.answer = Some((None, Position(0)));
            }
            LookupStep::Found { .. }
            | LookupStep::AtEnd { .. }
            | LookupStep::OutOfRange { .. }
            | LookupStep::Damaged { .. } => self.ended = true,
        }
        self.said = Some(step.sentence(canvas.language));
    }
}

/// Draws the pane.
pub fn draw(lab: &Lab, focus: &Focus, canvas: &Canvas) -> Picture {
    let title = canvas.word("index", "索引");
    let walk = lab.cluster().lookup.as_ref().filter(|walk| {
        focus.partition.as_ref().is_none_or(|partition| *partition == walk.partition)
            && focus.node.is_none_or(|node| node == walk.broker)
    });
    let found = match walk {
        Some(walk) => common::log(lab, &walk.partition, Some(walk.broker)),
        None => common::partition(lab, focus).and_then(|p| common::log(lab, &p, focus.node)),
    };
    let Some((node, log)) = found else {
        let text = canvas.word("no log to show; create a topic first", "没有日志；请先创建 topic");
        return common::nothing(title, text, canvas);
    };
    let walked = walk.map(|walk| Walked::of(walk, canvas)).unwrap_or_default();
    let wanted = walked.segment.or(focus.segment).or(focus.offset);
    let segment = wanted
        .and_then(|wanted| log.segments().iter().rfind(|s| s.base_offset <= wanted))
        .or_else(|| log.segments().iter().rfind(|s| s.index.entries() > 0))
        .unwrap_or_else(|| log.active_segment());
    let mut picture = Picture::new(title).caption(caption(lab, log, node, segment, canvas));
    if let Some(target) = walked.target {
        let text = canvas.word("looking for offset ", "查找 offset ");
        picture
            .push(Line::of(format!("  {text}"), Role::Dim).span(target.to_string(), Role::Offset));
    }
    if walked.told.is_empty() {
        entries(lab.disk(), segment, &walked, canvas, &mut picture);
        scan(&walked, canvas, &mut picture);
    } else {
        told(&walked, canvas, &mut picture);
    }
    if walk.is_none() || !walked.told.is_empty() {
        time_entries(lab.disk(), segment, canvas, &mut picture);
    }
    finish(picture, canvas)
}

fn caption(lab: &Lab, log: &Log, node: NodeId, segment: &Segment, canvas: &Canvas) -> Line {
    let count = segment.index.entries();
    let used = segment.index.used_bytes();
    let name = match canvas.width < 84 {
        true => format!("{}{}.index", canvas.glyphs.ellipsis, segment.base_offset),
        false => file_name(segment.base_offset, ".index"),
    };
    let text = match canvas.language {
        Language::English if count == 1 => format!("   1 entry, {used} B"),
        Language::English => format!("   {count} entries, {used} B"),
        Language::Chinese => format!("   {count} 个条目，{used} B"),
    };
    super::log::caption(lab, log, node, canvas)
        .text("   ")
        .span(name, Role::Link)
        .span(text, Role::Dim)
}

/// The entries worth showing: what the search touches, both ends, and as many from the start as fit.
fn worth_showing(count: u32, walked: &Walked, room: usize) -> BTreeSet<u32> {
    if count as usize <= room {
        return (0..count).collect();
    }
    let mut wanted: BTreeSet<u32> = walked.probed.keys().copied().collect();
    wanted.extend(walked.range.iter().flat_map(|&(low, high)| [low, high]));
    if let Some((Some(slot), _)) = walked.answer {
        wanted.extend([slot.saturating_sub(1), slot, slot + 1]);
    }
    wanted.extend([0, count - 1]);
    wanted.retain(|&slot| slot < count);
    let near = walked.latest.unwrap_or(count - 1);
    for distance in 0..=count {
        if wanted.len() + 2 >= room {
            break;
        }
        wanted.insert(near.saturating_sub(distance));
        wanted.insert((near + distance).min(count - 1));
    }
    wanted
}

fn entries(
    disk: &Disk,
    segment: &Segment,
    walked: &Walked,
    canvas: &Canvas,
    picture: &mut Picture,
) {
    let g = &canvas.glyphs;
    let count = segment.index.entries();
    if count == 0 {
        let text = canvas.word(
            "no entry yet: the index is sparse, one entry for each index.interval.bytes of log",
            "还没有条目：索引是稀疏的，每 index.interval.bytes 字节日志才有一项",
        );
        for line in
            super::prose::wrap(&[super::Span::new(text, Role::Dim)], canvas.width.max(8) - 2)
        {
            picture.push(line.indent(2));
        }
        return;
    }
    let room = canvas.height.saturating_sub(7 + walked.scanned.len().min(6)).clamp(5, 24);
    let shown = worth_showing(count, walked, room);
    let columns = [Align::Right, Align::Right, Align::Right, Align::Right, Align::Left];
    let mut table = Table::new(&columns).heads(&match canvas.language {
        Language::English => ["entry", "relative", "offset", "position"],
        Language::Chinese => ["条目", "相对", "offset", "位置"],
    });
    let mut expected = 0;
    let mut attention = None;
    for slot in shown {
        if slot > expected {
            let text = match canvas.language {
                Language::English => format!("{} more", slot - expected),
                Language::Chinese => format!("还有 {} 项", slot - expected),
            };
            table.row(vec![
                Line::of(g.ellipsis, Role::Dim),
                Line::new(),
                Line::new(),
                Line::new(),
                Line::of(text, Role::Dim),
            ]);
        }
        expected = slot + 1;
        let Ok((offset, position)) = segment.index.entry(disk, slot) else {
            table.row(vec![Line::of(slot.to_string(), Role::Bad), Line::of("?", Role::Bad)]);
            continue;
        };
        if walked.latest == Some(slot) {
            attention = Some(table.len());
        }
        table.row_to(
            vec![
                Line::plain(slot.to_string()),
                Line::of(number(offset.0 - segment.base_offset.0), Role::Dim),
                Line::of(number(offset.0), Role::Offset),
                Line::of(number(i64::from(position.0)), Role::Position),
                markers(slot, walked, canvas),
            ],
            Target::Entry(u64::from(slot)),
        );
    }
    let first = picture.lines.len() + 1;
    picture.extend(table.lines(canvas.width, g.ellipsis));
    picture.attention = attention.map(|row| row + first);
}

/// What the search says about an entry.
fn markers(slot: u32, walked: &Walked, canvas: &Canvas) -> Line {
    let g = &canvas.glyphs;
    let mut words = Vec::new();
    if let Some((low, high)) = walked.range {
        words.extend((slot == low).then_some("low"));
        words.extend((walked.latest == Some(slot)).then_some("middle"));
        words.extend((slot == high).then_some("high"));
    }
    let mut line = Line::of(words.join(" "), Role::Cursor);
    let gap = |line: Line| if line.width() > 0 { line.text("  ") } else { line };
    if let (Some(&(offset, went)), Some(target)) = (walked.probed.get(&slot), walked.target) {
        let verdict = match offset.cmp(&target) {
            std::cmp::Ordering::Greater => format!("{} {offset} > {target}", g.bad),
            std::cmp::Ordering::Less => format!("{} {offset} < {target}", g.good),
            std::cmp::Ordering::Equal => format!("{} {offset} = {target}", g.good),
        };
        line = gap(line).span(verdict, if offset > target { Role::Bad } else { Role::Good });
        if walked.latest == Some(slot) {
            let way = match went {
                Some(Went::Lower) => canvas.word(": go on below", "：往前找"),
                Some(Went::Upper) => canvas.word(": go on from here up", "：从这里往后找"),
                Some(Went::Here) => canvas.word(": exactly", "：正好"),
                None => "",
            };
            line = line.span(way, Role::Dim).changed(true, g);
        }
    }
    if walked.answer.is_some_and(|(answer, _)| answer == Some(slot)) {
        line = gap(line).span(canvas.word("the answer", "答案"), Role::Accent);
    }
    line
}

/// The second half of a lookup: the log itself, batch by batch.
fn scan(walked: &Walked, canvas: &Canvas, picture: &mut Picture) {
    let g = &canvas.glyphs;
    if let Some((_, position)) = walked.answer {
        let text = match canvas.language {
            Language::English => {
                format!("  scan   from position {}, batch by batch", number(i64::from(position.0)))
            }
            Language::Chinese => {
                format!("  扫描   从位置 {} 起逐批查看", number(i64::from(position.0)))
            }
        };
        picture.push(Line::of(text, Role::Heading));
        let skipped = walked.scanned.len().saturating_sub(6);
        if skipped > 0 {
            picture.push(super::common::more(skipped, canvas));
        }
        let columns = [Align::Right, Align::Right, Align::Right, Align::Left];
        let mut table = Table::new(&columns).indent(4);
        let last = walked.scanned.len().saturating_sub(1);
        for (at, batch) in walked.scanned.iter().enumerate().skip(skipped) {
            let offsets = format!("{}{}{}", batch.base_offset, g.range, batch.last_offset);
            let verdict = match batch.taken {
                true => Line::of(
                    format!("{} {}", g.good, canvas.word("holds it", "目标在此")),
                    Role::Good,
                ),
                false => Line::of(canvas.word("before it, skipped", "在目标之前，跳过"), Role::Dim),
            };
            table.row_to(
                vec![
                    Line::of(number(i64::from(batch.position.0)), Role::Position),
                    Line::of(offsets, Role::Offset),
                    Line::of(super::common::bytes(u64::from(batch.size_bytes)), Role::Dim),
                    verdict.changed(at == last && !walked.ended, g),
                ],
                Target::Offset(batch.base_offset),
            );
        }
        if !table.is_empty() {
            picture.extend(table.lines(canvas.width, g.ellipsis));
            picture.attend();
        }
    }
    if let Some(said) = &walked.said {
        for line in
            super::prose::wrap(&[super::Span::new(said, Role::Strong)], canvas.width.max(8) - 2)
        {
            picture.push(line.indent(2));
        }
        picture.attend();
    }
}

/// A lookup by time, step by step, the newest marked.
fn told(walked: &Walked, canvas: &Canvas, picture: &mut Picture) {
    let room = canvas.height.saturating_sub(8).clamp(4, 24);
    let skipped = walked.told.len().saturating_sub(room);
    if skipped > 0 {
        picture.push(common::more(skipped, canvas));
    }
    for (at, sentence) in walked.told.iter().enumerate().skip(skipped) {
        let new = at + 1 == walked.told.len();
        let role = if new { Role::Strong } else { Role::Plain };
        let spans = [super::Span::new(sentence, role)];
        let mut lines = super::prose::wrap(&spans, canvas.width.max(12) - 4);
        if let Some(last) = lines.pop() {
            lines.push(last.changed(new, &canvas.glyphs));
        }
        picture.extend(lines.into_iter().map(|line| line.indent(2)));
    }
    picture.attend();
}

fn time_entries(disk: &Disk, segment: &Segment, canvas: &Canvas, picture: &mut Picture) {
    // Above the entries stand a blank row, a heading, the heads of the columns; between them perhaps an ellipsis.
    const AROUND: usize = 5;
    const MOST_AT_AN_END: usize = 4;
    let count = segment.time_index.entries();
    let room = canvas.height.saturating_sub(picture.lines.len() + AROUND);
    if count == 0 || room < 2 {
        return;
    }
    let end = u32::try_from(MOST_AT_AN_END.min(room / 2)).unwrap_or(1);
    let text = match canvas.language {
        Language::English => {
            let entries = counted(count, "entry");
            format!("timeindex   {entries}: up to this offset no record is later")
        }
        Language::Chinese => format!("timeindex   {count} 个条目：到此 offset 为止没有更晚的记录"),
    };
    picture.blank();
    picture.push(Line::of(format!("  {text}"), Role::Heading));
    let mut table =
        Table::new(&[Align::Right, Align::Right, Align::Right]).heads(&match canvas.language {
            Language::English => ["entry", "timestamp", "offset"],
            Language::Chinese => ["条目", "时间戳", "offset"],
        });
    let shown: BTreeSet<u32> =
        (0..count.min(end)).chain(count.saturating_sub(end)..count).collect();
    let mut expected = 0;
    for slot in shown {
        if slot > expected {
            table.row(vec![Line::of(canvas.glyphs.ellipsis, Role::Dim)]);
        }
        expected = slot + 1;
        if let Ok((timestamp, offset)) = segment.time_index.entry(disk, slot) {
            table.row(vec![
                Line::plain(slot.to_string()),
                Line::plain(timestamp.to_string()),
                Line::of(number(offset.0), Role::Offset),
            ]);
        }
    }
    picture.extend(table.lines(canvas.width, canvas.glyphs.ellipsis));
}
