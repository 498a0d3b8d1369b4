//! The panes of a foreign directory: log, index, bytes, timeline. The same pictures of the same things as the lab's.

use super::directory::{PartitionFiles, SegmentFiles};
use super::{BatchRow, Inspection, Place};
use crate::batch;
use crate::storage::{LookupStep, Segment, file_name};
use crate::trace::width::number;
use crate::trace::{Align, Canvas, Line, Picture, Role, Table, Target, prose};
use crate::types::{Offset, Position};

/// Most rows of a picture's table, where the canvas would take more.
const MOST_ROWS: usize = 400;

impl Inspection {
    /// The log of a partition: its segment files, to scale. `chosen` is an offset whose segment is marked.
    pub fn log_picture(&self, place: Place, chosen: Option<Offset>, canvas: &Canvas) -> Picture {
        let mut picture = Picture::new(canvas.word("log", "日志"));
        let Some(files) = self.partition(place) else { return picture };
        picture = picture.caption(self.caption_with_path(place));
        let all = &files.segments;
        let marked = chosen.and_then(|offset| all.iter().rposition(|s| s.base_offset <= offset));
        let greatest = all.iter().map(|segment| segment.log_bytes).max().unwrap_or(1).max(1);
        let bar = canvas.width.saturating_sub(70).clamp(4, 40);
        let mut table = Table::new(&[
            Align::Left,
            Align::Left,
            Align::Left,
            Align::Right,
            Align::Right,
            Align::Right,
        ])
        .gap(2)
        .heads(&[
            "",
            canvas.word("segment", "日志段"),
            "",
            canvas.word("bytes", "字节"),
            canvas.word("index", "索引"),
            canvas.word("timeindex", "时间索引"),
        ]);
        let rows = canvas.height.saturating_sub(3).clamp(3, MOST_ROWS);
        let first =
            marked.unwrap_or(0).saturating_sub(rows / 2).min(all.len().saturating_sub(rows));
        for (at, segment) in all.iter().enumerate().skip(first).take(rows) {
            let cells = (segment.log_bytes as usize * bar).div_ceil(greatest as usize).min(bar);
            let entries = |bytes: Option<u64>, size: u64| match bytes {
                Some(bytes) => Line::of(number((bytes / size) as i64), Role::Number),
                None => Line::of(canvas.word("missing", "缺失"), Role::Bad),
            };
            let mark = if marked == Some(at) { canvas.glyphs.chosen } else { "" };
            table.row_to(
                vec![
                    Line::of(mark, Role::Cursor),
                    Line::of(file_name(segment.base_offset, ""), Role::Link),
                    Line::of(canvas.glyphs.flushed.repeat(cells), Role::Flushed),
                    Line::of(number(segment.log_bytes as i64), Role::Number),
                    entries(segment.index_bytes, 8),
                    entries(segment.time_index_bytes, 12),
                ],
                Target::Segment(segment.base_offset),
            );
        }
        picture.extend(table.lines(canvas.width, canvas.glyphs.ellipsis));
        picture.attention = marked.map(|at| at - first + 1);
        picture.extend(self.marks(files, canvas));
        picture
    }

    /// `HW 395   recovery point 395`, and below it `epochs 0 from 0, 1 from 57`.
    fn marks(&self, files: &PartitionFiles, canvas: &Canvas) -> Vec<Line> {
        let mut line = Line::new().indent(2);
        for (name, offset) in [
            ("HW ", files.high_watermark),
            ("recovery point ", files.recovery_point),
            ("log start ", files.log_start_offset),
        ] {
            if let Some(offset) = offset {
                line =
                    line.span(name, Role::Dim).span(offset.to_string(), Role::Offset).text("   ");
            }
        }
        let mut epochs = Line::new();
        for (at, entry) in files.epochs.iter().enumerate() {
            epochs = epochs
                .span(if at == 0 { "epochs " } else { ", " }, Role::Dim)
                .span(entry.epoch.to_string(), Role::Epoch)
                .span(" from ", Role::Dim)
                .span(entry.start_offset.to_string(), Role::Offset);
        }
        let mut lines = vec![line];
        if !epochs.spans.is_empty() {
            let rows = prose::wrap(&epochs.spans, canvas.width.saturating_sub(2));
            lines.extend(rows.into_iter().map(|row| row.indent(2)));
        }
        lines
    }

    fn caption(&self, place: Place) -> Line {
        let Some(files) = self.partition(place) else { return Line::new() };
        let node = &self.nodes[place.node];
        let node = node.node.map_or(String::new(), |id| format!(" on b{id}"));
        Line::of(files.partition.to_string(), Role::Strong).span(node, Role::Plain)
    }

    /// The same with its directory, where no file's name has to fit in too.
    fn caption_with_path(&self, place: Place) -> Line {
        let Some(files) = self.partition(place) else { return Line::new() };
        let path = self.directory.join(&files.directory);
        self.caption(place).span(format!("   {}", path.display()), Role::Dim)
    }

    /// The index of the segment that holds an offset, with the steps of a lookup walked so far.
    pub fn index_picture(
        &self,
        place: Place,
        offset: Option<Offset>,
        steps: &[LookupStep],
        canvas: &Canvas,
    ) -> Picture {
        let mut picture = Picture::new(canvas.word("index", "索引"));
        let log = match self.log(place) {
            Ok(log) => log,
            Err(why) => {
                picture.push(Line::of(why, Role::Bad).indent(2));
                return picture;
            }
        };
        let walked = steps.iter().find_map(|step| match step {
            LookupStep::ChooseSegment { base_offset, .. } => Some(*base_offset),
            _ => None,
        });
        let at = walked.or(offset).unwrap_or(log.log_start_offset());
        let found = log.segments().iter().rfind(|segment| segment.base_offset <= at);
        let Some(segment) = found.or(log.segments().first()) else { return picture };
        let entries = segment.index.entries();
        let caption = self.caption(place).span(
            format!("   {}   {entries}", file_name(segment.base_offset, ".index")),
            Role::Dim,
        );
        picture = picture.caption(caption.text(canvas.word(" entries", " 项")));
        self.entries(segment, steps, canvas, &mut picture);
        for step in steps {
            let spans = prose::inline(&step.sentence(canvas.language), Role::Plain);
            let rows = prose::wrap(&spans, canvas.width.saturating_sub(4).max(20));
            picture.extend(rows.into_iter().map(|row| row.indent(2)));
        }
        if !steps.is_empty() {
            picture.attend();
        }
        picture
    }

    fn entries(&self, s: &Segment, steps: &[LookupStep], canvas: &Canvas, out: &mut Picture) {
        let probed = |slot: u32| {
            steps.iter().any(|step| match step {
                LookupStep::Probe { middle, .. } => *middle == slot,
                LookupStep::WarmSection { slot: at, .. } => *at == slot,
                LookupStep::LeastEntry { .. } => slot == 0,
                _ => false,
            })
        };
        let answer = |slot: u32| {
            let is = |step: &LookupStep| matches!(step, LookupStep::IndexAnswer { entry: Some((at, _)), .. } if *at == slot);
            steps.iter().any(is)
        };
        let heads = match canvas.language {
            crate::types::Language::English => ["entry", "relative", "offset", "position", ""],
            crate::types::Language::Chinese => ["条目", "相对", "偏移量", "位置", ""],
        };
        let columns = [Align::Right, Align::Right, Align::Right, Align::Right, Align::Left];
        let mut table = Table::new(&columns).heads(&heads);
        let count = s.index.entries();
        let rows = canvas.height.saturating_sub(steps.len() + 3).clamp(6, MOST_ROWS) as u32;
        let wanted = (0..count).find(|&slot| answer(slot)).unwrap_or(0);
        let first = wanted.saturating_sub(rows / 2).min(count.saturating_sub(rows));
        for slot in first..count.min(first + rows) {
            let Ok((offset, position)) = s.index.entry(&self.disk, slot) else { continue };
            let note = match (answer(slot), probed(slot)) {
                (true, _) => Line::of(
                    format!("{} {}", canvas.glyphs.good, canvas.word("the answer", "答案")),
                    Role::Good,
                ),
                (false, true) => Line::of(canvas.word("looked at", "查看过"), Role::Cursor),
                _ => Line::new(),
            };
            table.row_to(
                vec![
                    Line::of(slot.to_string(), Role::Number),
                    Line::of(number(offset.0 - s.base_offset.0), Role::Number),
                    Line::of(number(offset.0), Role::Offset),
                    Line::of(number(i64::from(position.0)), Role::Position),
                    note,
                ],
                Target::Entry(u64::from(slot)),
            );
        }
        out.extend(table.lines(canvas.width, canvas.glyphs.ellipsis));
    }

    /// The batch that holds an offset, field by field, with its bytes.
    pub fn bytes_picture(&self, place: Place, offset: Offset, canvas: &Canvas) -> Picture {
        let mut picture = Picture::new(canvas.word("bytes", "字节"));
        let Some(row) = self.batch_of(place, offset) else {
            let text = canvas.word("no batch holds this offset", "没有批次包含这个偏移量");
            picture.push(Line::of(text, Role::Bad).indent(2));
            return picture;
        };
        let file = file_name(row.segment, ".log");
        picture = picture.caption(self.caption(place).span(
            format!(
                "   {file} @ {}   {} B",
                number(row.position as i64),
                number(row.size_bytes as i64)
            ),
            Role::Dim,
        ));
        let bytes = match self.bytes(place, &row) {
            Ok(bytes) => bytes,
            Err(why) => {
                picture.push(Line::of(why, Role::Bad).indent(2));
                return picture;
            }
        };
        if row.header.is_none() {
            picture.push(Line::of(not_decoded(&row, canvas), Role::Warn).indent(2));
            picture.extend(hex(&bytes, row.position, canvas));
            return picture;
        }
        if !row.format.is_decoded() {
            picture.push(Line::of(not_decoded(&row, canvas), Role::Warn).indent(2));
        }
        let columns = [Align::Right, Align::Left, Align::Left, Align::Left];
        let mut table = Table::new(&columns).gap(2);
        for field in batch::fields(&bytes).into_iter().take(MOST_ROWS) {
            let end = field.start + field.width.min(8);
            let shown: Vec<String> = bytes
                .get(field.start..end)
                .unwrap_or_default()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            let more = if field.width > 8 { canvas.glyphs.ellipsis } else { "" };
            let at = row.position + field.start as u64;
            table.row_to(
                vec![
                    Line::of(number(at as i64), Role::Position),
                    Line::of(format!("{}{more}", shown.join(" ")), Role::Value),
                    Line::of(field.name, Role::Key).indent(2 * usize::from(field.depth)),
                    Line::plain(field.value),
                ],
                Target::Bytes(at, at + field.width as u64),
            );
        }
        picture.extend(table.lines(canvas.width, canvas.glyphs.ellipsis));
        picture
    }

    /// The batches of a partition in the order of writing, from the one that holds `from`.
    pub fn timeline_picture(&self, place: Place, from: Option<Offset>, canvas: &Canvas) -> Picture {
        let mut picture =
            Picture::new(canvas.word("timeline", "时间线")).caption(self.caption_with_path(place));
        let Some(files) = self.partition(place) else { return picture };
        let heads = match canvas.language {
            crate::types::Language::English => {
                ["time", "offsets", "records", "bytes", "epoch", "position", "format"]
            }
            crate::types::Language::Chinese => {
                ["时间", "偏移量", "记录数", "字节", "纪元", "位置", "格式"]
            }
        };
        let columns = [
            Align::Left,
            Align::Right,
            Align::Right,
            Align::Right,
            Align::Right,
            Align::Right,
            Align::Left,
        ];
        let mut table = Table::new(&columns).gap(2).heads(&heads);
        let rows = canvas.height.saturating_sub(2).clamp(3, MOST_ROWS);
        let start = from.unwrap_or(Offset(0));
        let at = files.segments.iter().rposition(|s| s.base_offset <= start).unwrap_or(0);
        let batches = files.segments[at.min(files.segments.len())..]
            .iter()
            .flat_map(|segment: &SegmentFiles| self.batches(place, segment));
        let shown = batches.skip_while(|row| row.as_ref().is_ok_and(|r| r.last_offset < start));
        for row in shown.take(rows) {
            match row {
                Ok(row) => {
                    table.row_to(self.batch_cells(&row, canvas), Target::Offset(row.base_offset))
                }
                Err(why) => table.row(vec![Line::of(why, Role::Bad)]),
            }
        }
        picture.extend(table.lines(canvas.width, canvas.glyphs.ellipsis));
        picture
    }

    fn batch_cells(&self, row: &BatchRow, canvas: &Canvas) -> Vec<Line> {
        let dash = || canvas.glyphs.dash.to_owned();
        let offsets = format!("{}{}{}", row.base_offset, canvas.glyphs.range, row.last_offset);
        let epoch = row.header.map(|header| header.partition_leader_epoch.to_string());
        let kind = match row.header {
            Some(header) if header.is_control() => canvas.word(" control", " 控制"),
            _ => "",
        };
        vec![
            Line::of(row.timestamp().map_or_else(dash, |time| time.to_string()), Role::Dim),
            Line::of(offsets, Role::Offset),
            Line::of(row.records().map_or_else(dash, |n| number(n as i64)), Role::Number),
            Line::of(number(row.size_bytes as i64), Role::Number),
            Line::of(epoch.unwrap_or_else(dash), Role::Epoch),
            Line::of(number(i64::from(Position(row.position as u32).0)), Role::Position),
            Line::of(
                format!("{}{kind}", row.format.name()),
                if row.format.is_decoded() { Role::Plain } else { Role::Warn },
            ),
        ]
    }
}

/// What is said in place of records that cannot be read here yet.
fn not_decoded(row: &BatchRow, canvas: &Canvas) -> String {
    let name = row.format.name();
    match (canvas.language, row.header.is_some()) {
        (crate::types::Language::English, true) => {
            format!("{name}: the header is decoded, its records cannot be opened yet")
        }
        (crate::types::Language::English, false) => {
            format!("{name}: recognised, but not decoded yet; these are its bytes")
        }
        (crate::types::Language::Chinese, true) => {
            format!("{name}：头部已解码，其中的记录还不能打开")
        }
        (crate::types::Language::Chinese, false) => {
            format!("{name}：已识别，但还不能解码；以下是其字节")
        }
    }
}

/// Sixteen bytes a row.
fn hex(bytes: &[u8], position: u64, canvas: &Canvas) -> Vec<Line> {
    let rows = canvas.height.saturating_sub(2).clamp(4, MOST_ROWS);
    let row = |(at, chunk): (usize, &[u8])| {
        let codes: Vec<String> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = |byte: &u8| if (32..127).contains(byte) { char::from(*byte) } else { '.' };
        let text: String = chunk.iter().map(text).collect();
        let start = position + 16 * at as u64;
        Line::of(format!("  {start:08x}  "), Role::Position)
            .span(format!("{:<47}  ", codes.join(" ")), Role::Value)
            .span(text, Role::Dim)
            .to(Target::Bytes(start, start + chunk.len() as u64))
    };
    bytes.chunks(16).enumerate().take(rows).map(row).collect()
}
