//! One partition's facts: who it is, where it stands, its epochs, producers, aborted transactions, other files.

use super::super::check::Counts;
use super::super::{Inspection, Place};
use super::{MOST_ROWS, bytes_text, count, time_text};
use crate::trace::width::{self, number};
use crate::trace::{Align, Canvas, Line, Picture, Role, Table, Target, prose};
use crate::types::Language;

impl Inspection {
    /// The facts of a partition; counts of batches and records, once a check has made them.
    pub fn partition_picture(
        &self,
        place: Place,
        counts: Option<&Counts>,
        canvas: &Canvas,
    ) -> Picture {
        let mut picture = Picture::new(canvas.word("partition", "分区"));
        let Some(files) = self.partition(place) else { return picture };
        let path = self.directory.join(&files.directory);
        let caption = self.caption(place, canvas).span(format!("   {}", path.display()), Role::Dim);
        picture = picture.caption(caption.cut(canvas.width.saturating_sub(12), &canvas.glyphs));
        let mut fact = |name: (&str, &str), value: Line| {
            let head = format!("  {}", width::pad(canvas.word(name.0, name.1), 16));
            picture.push(Line::of(head, Role::Dim).join(value).cut(canvas.width, &canvas.glyphs));
        };
        let segments = if files.segments.len() == 1 { "segment" } else { "segments" };
        let sizes = format!("{} {}", files.segments.len(), canvas.word(segments, "个日志段"));
        let offsets = Line::of(self.offsets_text(place, canvas), Role::Offset);
        fact(
            ("offsets", "偏移量"),
            offsets.span(format!("   {sizes}   {}", bytes_text(files.log_bytes())), Role::Dim),
        );
        fact(("marks", "标记"), strip(self.marks(place, canvas)));
        if let Some(id) = files.topic_id {
            fact(("topic id", "主题 id"), Line::plain(id.to_string()));
        }
        if let Some(counts) = counts {
            let text = match canvas.language {
                Language::English => format!(
                    "{} records in {} batches",
                    number(counts.records as i64),
                    number(counts.batches as i64)
                ),
                Language::Chinese => format!(
                    "{} 条记录，{} 个批次",
                    number(counts.records as i64),
                    number(counts.batches as i64)
                ),
            };
            fact(
                ("counted", "统计"),
                Line::plain(text).span(format!("   {}", counts.format_names()), Role::Dim),
            );
            if let Some((least, most)) = counts.timestamps {
                let text =
                    format!("{} {} {}", time_text(least), canvas.glyphs.range, time_text(most));
                fact(("times (UTC)", "时间 (UTC)"), Line::plain(text));
            }
        }
        self.epochs(place, canvas, &mut picture);
        self.producer_rows(place, canvas, &mut picture);
        self.aborted_rows(place, canvas, &mut picture);
        let plain = files.others.iter().filter(|(name, _)| {
            !["partition.metadata", "leader-epoch-checkpoint"].contains(&name.as_str())
        });
        let others: Vec<_> = plain.collect();
        if !others.is_empty() {
            picture.blank();
            picture.push(Line::of(canvas.word("other files", "其他文件"), Role::Heading));
            for (name, size) in others.into_iter().take(MOST_ROWS) {
                let file = format!("{}/{name}", files.directory);
                let line = Line::of(format!("  {name}"), Role::Link);
                picture.push(
                    line.span(format!("   {}", bytes_text(*size)), Role::Dim)
                        .to(Target::File(file)),
                );
            }
        }
        picture
    }

    fn epochs(&self, place: Place, canvas: &Canvas, picture: &mut Picture) {
        let Some(files) = self.partition(place) else { return };
        if files.epochs.is_empty() {
            return;
        }
        picture.blank();
        picture.push(Line::of(canvas.word("leader epochs", "领导者纪元"), Role::Heading));
        let end = self.end(place).offset;
        let ends = files.epochs.iter().skip(1).map(|next| Some(next.start_offset));
        let rows: Vec<Vec<_>> = files
            .epochs
            .iter()
            .zip(ends.chain([end]))
            .map(|(entry, end)| {
                let start = entry.start_offset;
                // An epoch that has written nothing yet is open behind its beginning.
                let end = end.filter(|end| *end > start);
                let end = end.map_or(String::new(), |end| (end + -1).to_string());
                let offsets = format!("{start}{}{end}", canvas.glyphs.range);
                let epoch = Line::of(format!("e{}:", entry.epoch), Role::Epoch);
                // One word, so that an epoch and its offsets are never on two rows.
                epoch.span(format!("{offsets}   "), Role::Offset).spans
            })
            .collect();
        let most = MOST_ROWS.min(rows.len());
        let spans: Vec<_> = rows.into_iter().take(most).flatten().collect();
        let wrapped = prose::wrap(&spans, canvas.width.saturating_sub(4).max(20));
        picture.extend(wrapped.into_iter().map(|row| row.indent(2)));
    }

    /// The producers in the newest snapshot that can be read.
    fn producer_rows(&self, place: Place, canvas: &Canvas, picture: &mut Picture) {
        let Some(files) = self.partition(place) else { return };
        let readable = files
            .snapshots
            .iter()
            .rev()
            .find_map(|(offset, _)| Some((*offset, self.producers(place, *offset).ok()?)));
        let Some((offset, producers)) = readable.filter(|(_, all)| !all.is_empty()) else { return };
        picture.blank();
        let of = format!("   {} {offset}", canvas.word("as of offset", "截至偏移量"));
        picture
            .push(Line::of(canvas.word("producers", "生产者"), Role::Heading).span(of, Role::Dim));
        let right = Align::Right;
        let mut table =
            Table::new(&[right, right, right, right, Align::Left, right]).gap(2).heads(&[
                canvas.word("id", "id"),
                canvas.word("epoch", "纪元"),
                canvas.word("sequence", "序号"),
                canvas.word("offset", "偏移量"),
                canvas.word("last time (UTC)", "最后时间 (UTC)"),
                canvas.word("open since", "事务始于"),
            ]);
        for producer in producers.iter().take(MOST_ROWS) {
            let open = producer.current_txn_first_offset.map(|offset| offset.to_string());
            table.row(vec![
                count(producer.producer_id.max(0) as u64),
                Line::of(producer.producer_epoch.to_string(), Role::Epoch),
                Line::of(producer.last_sequence.to_string(), Role::Number),
                Line::of(producer.last_offset.to_string(), Role::Offset),
                Line::of(time_text(producer.timestamp), Role::Dim),
                Line::of(open.unwrap_or_else(|| canvas.glyphs.dash.to_owned()), Role::Offset),
            ]);
        }
        picture.extend(table.lines(canvas.width, canvas.glyphs.ellipsis));
    }

    fn aborted_rows(&self, place: Place, canvas: &Canvas, picture: &mut Picture) {
        let Some(files) = self.partition(place) else { return };
        let mut all = Vec::new();
        let with = (0..files.segments.len()).filter(|at| {
            files.segments[*at].transaction_index_bytes.is_some_and(|bytes| bytes > 0)
        });
        for at in with.take(MOST_ROWS) {
            all.extend(self.aborted(place, at).unwrap_or_default());
        }
        if all.is_empty() {
            return;
        }
        picture.blank();
        picture.push(Line::of(canvas.word("aborted transactions", "已中止的事务"), Role::Heading));
        let right = Align::Right;
        let mut table = Table::new(&[right, right, right, right]).gap(2).heads(&[
            canvas.word("producer", "生产者"),
            canvas.word("first offset", "首个偏移量"),
            canvas.word("marker at", "标记位于"),
            canvas.word("last stable", "最后稳定"),
        ]);
        for entry in all.iter().take(MOST_ROWS) {
            table.row_to(
                vec![
                    count(entry.producer_id.max(0) as u64),
                    Line::of(entry.first_offset.to_string(), Role::Offset),
                    Line::of(entry.last_offset.to_string(), Role::Offset),
                    Line::of(entry.last_stable_offset.to_string(), Role::Offset),
                ],
                Target::Offset(entry.first_offset),
            );
        }
        picture.extend(table.lines(canvas.width, canvas.glyphs.ellipsis));
    }
}

/// Without the spaces in front.
fn strip(mut line: Line) -> Line {
    if line.spans.first().is_some_and(|span| span.text.trim().is_empty()) {
        line.spans.remove(0);
    }
    line
}
