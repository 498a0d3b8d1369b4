//! The segments of a partition to scale, and its batches in the order of writing.

use super::super::{BatchRow, Inspection, Place};
use super::{MOST_ROWS, count, mark, time_text};
use crate::storage::file_name;
use crate::trace::width::number;
use crate::trace::{Align, Canvas, Line, Picture, Role, Table, Target};
use crate::types::{Language, Offset};

impl Inspection {
    /// The log of a partition: its segment files, to scale. `chosen` is an offset whose segment is marked.
    pub fn log_picture(&self, place: Place, chosen: Option<Offset>, canvas: &Canvas) -> Picture {
        let mut picture = Picture::new(canvas.word("log", "日志"));
        let Some(files) = self.partition(place) else { return picture };
        let mut caption = self.caption(place, canvas);
        if files.directory != files.partition.to_string() {
            caption = caption.span(format!("   {}", files.directory), Role::Dim);
        }
        picture = picture.caption(caption);
        let all = &files.segments;
        let marked = chosen.and_then(|offset| files.segment_of(offset));
        let greatest = all.iter().map(|segment| segment.log_bytes).max().unwrap_or(1).max(1);
        let bar = canvas.width.saturating_sub(60).clamp(4, 40);
        let (left, right) = (Align::Left, Align::Right);
        let mut table =
            Table::new(&[left, left, left, right, right, right, right]).gap(1).heads(&[
                "",
                canvas.word("segment", "日志段"),
                "",
                canvas.word("bytes", "字节"),
                canvas.word("index", "索引"),
                canvas.word("time", "时间"),
                canvas.word("aborted", "中止"),
            ]);
        let rows = MOST_ROWS;
        let first =
            marked.unwrap_or(0).saturating_sub(rows / 2).min(all.len().saturating_sub(rows));
        for (at, segment) in all.iter().enumerate().skip(first).take(rows) {
            let cells = (segment.log_bytes as u128 * bar as u128).div_ceil(u128::from(greatest));
            let missing = || Line::of(canvas.word("missing", "缺失"), Role::Bad);
            let entries = |found: Option<(u64, u64)>| match found {
                Some((used, room)) if used < room => {
                    Line::of(format!("{}/{}", number(used as i64), number(room as i64)), Role::Warn)
                }
                Some((used, _)) => count(used),
                None => missing(),
            };
            let aborted = segment.transaction_index_bytes.map(|bytes| bytes / 34);
            // Of many segments only the neighbours of the marked one, and the last ones, are asked how full they are.
            let asked = all.len() <= 60
                || at + 3 > all.len()
                || marked.is_some_and(|m| m.abs_diff(at) < 20);
            let used = |asking: Option<(u64, u64)>, bytes: Option<u64>, width: u64| match asked {
                true => asking,
                false => bytes.map(|bytes| (bytes / width, bytes / width)),
            };
            let index = used(self.offset_entries_if(asked, place, at), segment.index_bytes, 8);
            let time = used(self.time_entries_if(asked, place, at), segment.time_index_bytes, 12);
            table.row_to(
                vec![
                    Line::of(
                        if marked == Some(at) { canvas.glyphs.chosen } else { "" },
                        Role::Cursor,
                    ),
                    Line::of(file_name(segment.base_offset, ""), Role::Link),
                    Line::of(canvas.glyphs.flushed.repeat(cells as usize), Role::Flushed),
                    count(segment.log_bytes),
                    entries(index),
                    entries(time),
                    aborted.map_or_else(|| Line::of(canvas.glyphs.dash, Role::Dim), count),
                ],
                Target::Segment(segment.base_offset),
            );
        }
        picture.extend(table.lines(canvas.width, canvas.glyphs.ellipsis));
        picture.attention = marked.map(|at| at - first + 1);
        picture.push(self.marks(place, canvas));
        picture
    }

    /// `end 395   HW 395   recovery point 395`.
    pub(super) fn marks(&self, place: Place, canvas: &Canvas) -> Line {
        let mut line = Line::new().indent(2);
        let Some(files) = self.partition(place) else { return line };
        let end = self.end(place).offset;
        for (name, offset, role) in [
            (("end", "末端"), end, Role::Offset),
            (("HW", "HW"), files.high_watermark, Role::HighWatermark),
            (("flushed to", "已刷到"), files.recovery_point, Role::Offset),
            (("log start", "起点"), files.log_start_offset, Role::Offset),
            (("compacted to", "已压实到"), files.cleaned_up_to, Role::Offset),
        ] {
            line = mark(line, canvas, name, offset.map(|offset| offset.to_string()), role);
        }
        line
    }

    /// The batches of a partition in the order of writing, from the one that holds `from`.
    pub fn timeline_picture(&self, place: Place, from: Option<Offset>, canvas: &Canvas) -> Picture {
        let mut picture =
            Picture::new(canvas.word("batches", "批次")).caption(self.caption(place, canvas));
        let Some(files) = self.partition(place) else { return picture };
        let heads = match canvas.language {
            Language::English => {
                ["time (UTC)", "offsets", "records", "bytes", "epoch", "at", "format"]
            }
            Language::Chinese => ["时间 (UTC)", "偏移量", "记录数", "字节", "纪元", "位置", "格式"],
        };
        let (left, right) = (Align::Left, Align::Right);
        let mut table =
            Table::new(&[left, right, right, right, right, right, left]).gap(2).heads(&heads);
        let rows = canvas.height.clamp(MOST_ROWS / 2, MOST_ROWS);
        let start = from.or_else(|| files.start_offset()).unwrap_or(Offset(0));
        let mut shown = 0;
        let first = files.segment_of(start).unwrap_or(0);
        for segment in first..files.segments.len() {
            let near = if segment == first { self.near(place, segment, start) } else { 0 };
            let Some(mut walk) = self.walk(place, segment, near) else { break };
            while let Some(row) = self.next(&mut walk) {
                if row.last_offset < start && shown == 0 {
                    continue;
                }
                table.row_to(self.batch_cells(&row, canvas), Target::Offset(row.base_offset));
                shown += 1;
                if shown >= rows {
                    break;
                }
            }
            if let Some(stop) = &walk.stop
                && shown < rows
            {
                table.row(vec![Line::of(stop.sentence(), Role::Bad)]);
            }
            if shown >= rows {
                break;
            }
        }
        picture.extend(table.lines(canvas.width, canvas.glyphs.ellipsis));
        picture
    }

    fn batch_cells(&self, row: &BatchRow, canvas: &Canvas) -> Vec<Line> {
        let dash = || canvas.glyphs.dash.to_owned();
        let offsets = match row.base_offset == row.last_offset {
            true => row.base_offset.to_string(),
            false => format!("{}{}{}", row.base_offset, canvas.glyphs.range, row.last_offset),
        };
        let epoch = row.header.map(|header| header.partition_leader_epoch.to_string());
        let mut kind = row.format.name();
        if let Some(header) = row.header {
            let words = [
                (header.is_control(), canvas.word(" marker", " 标记")),
                (header.is_transactional() && !header.is_control(), canvas.word(" txn", " 事务")),
                (header.delete_horizon().is_some(), canvas.word(" horizon", " 删除期限")),
            ];
            words.iter().filter(|word| word.0).for_each(|word| kind.push_str(word.1));
        }
        vec![
            Line::of(
                row.timestamp.map_or_else(dash, |time| {
                    // A narrow screen has no room for milliseconds.
                    let text = time_text(time);
                    if canvas.width < 90 { text.chars().take(19).collect() } else { text }
                }),
                Role::Dim,
            ),
            Line::of(offsets, Role::Offset),
            Line::of(row.records().map_or_else(dash, |n| number(n as i64)), Role::Number),
            count(row.size_bytes),
            Line::of(epoch.unwrap_or_else(dash), Role::Epoch),
            Line::of(number(row.position as i64), Role::Position),
            Line::plain(kind),
        ]
    }
}
