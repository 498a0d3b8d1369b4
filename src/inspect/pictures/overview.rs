//! Everything that is in the directory, partition by partition: names, sizes, ends; no log is read through.

use super::super::findings::Weight;
use super::super::{Inspection, Place};
use super::{bytes_text, count};
use crate::trace::{Align, Canvas, Line, Picture, Role, Table, Target, width};
use crate::types::{Language, NodeId};

impl Inspection {
    /// The listing.
    pub fn overview(&self, canvas: &Canvas) -> Picture {
        let partitions = self.nodes.iter().map(|node| node.partitions.len()).sum::<usize>();
        let segments = self.segment_count();
        let size = bytes_text(self.log_bytes());
        let sums = match canvas.language {
            Language::English => format!(
                "{} {}   {} {}   {} {}   {size}",
                self.nodes.len(),
                if self.nodes.len() == 1 { "log directory" } else { "log directories" },
                width::number(partitions as i64),
                if partitions == 1 { "partition" } else { "partitions" },
                width::number(segments as i64),
                if segments == 1 { "segment" } else { "segments" },
            ),
            Language::Chinese => format!(
                "{} 个日志目录   {} 个分区   {} 个日志段   {size}",
                self.nodes.len(),
                width::number(partitions as i64),
                width::number(segments as i64)
            ),
        };
        let mut picture = Picture::new(canvas.word("directory", "目录")).caption(sums);
        picture.push(self.weights(canvas));
        for at in 0..self.nodes.len() {
            picture.blank();
            picture.push(self.node_head(at, canvas));
            picture.extend(self.table(at, canvas));
        }
        picture
    }

    /// `2 bad, 1 odd, 4 notes: f shows them`.
    fn weights(&self, canvas: &Canvas) -> Line {
        let g = &canvas.glyphs;
        let of = |weight| self.findings.count(weight);
        let (bad, odd, notes) = (of(Weight::Bad), of(Weight::Odd), of(Weight::Note));
        let text = match canvas.language {
            Language::English => {
                format!("{bad} bad, {odd} odd, {notes} to note by names and small files alone")
            }
            Language::Chinese => {
                format!("仅看文件名和小文件：{bad} 处损坏，{odd} 处异常，{notes} 处提示")
            }
        };
        let (mark, role) = match (bad, odd) {
            (0, 0) => (g.good, Role::Good),
            (0, _) => (g.bullet, Role::Warn),
            _ => (g.bad, Role::Bad),
        };
        Line::of(format!("  {mark} "), role).span(text, if bad > 0 { Role::Bad } else { Role::Dim })
    }

    fn node_head(&self, at: usize, canvas: &Canvas) -> Line {
        let node = &self.nodes[at];
        let id = node.properties.node.map_or(String::new(), |id| format!("  b{id}"));
        let kind = match node.properties.version {
            Some(0) => canvas.word("ZooKeeper", "ZooKeeper"),
            Some(_) => "KRaft",
            None => "",
        };
        let stop = match node.stopped_cleanly {
            true => canvas.word("stopped cleanly", "正常停止"),
            false => canvas.word("no flag of a clean stop", "没有正常停止的标志"),
        };
        let cluster = node.properties.cluster_id.as_deref().unwrap_or_default();
        let rest = [kind, cluster, stop].into_iter().filter(|part| !part.is_empty());
        let rest = rest.collect::<Vec<_>>().join("  ");
        Line::of(&node.name, Role::Heading)
            .span(id, Role::Strong)
            .span(format!("  {rest}"), Role::Dim)
            .cut(canvas.width, &canvas.glyphs)
    }

    fn table(&self, node: usize, canvas: &Canvas) -> Vec<Line> {
        let heads = match canvas.language {
            Language::English => ["partition", "offsets", "segments", "bytes", "HW", "format"],
            Language::Chinese => ["分区", "偏移量", "日志段", "字节", "HW", "格式"],
        };
        let (left, right) = (Align::Left, Align::Right);
        let mut table = Table::new(&[left, right, right, right, right, left]).gap(2).heads(&heads);
        let id = self.nodes[node].properties.node.map(NodeId);
        for place in self.places().filter(|place| place.node == node) {
            let Some(files) = self.partition(place) else { continue };
            let name = match &files.state {
                Some(state) => format!("{} ({state})", files.partition),
                None => files.partition.to_string(),
            };
            let dash = || canvas.glyphs.dash.to_owned();
            let high = files.high_watermark.map_or_else(dash, |offset| offset.to_string());
            let target = match id {
                Some(id) => Target::Replica(files.partition.clone(), id),
                None => Target::Partition(files.partition.clone()),
            };
            table.row_to(
                vec![
                    Line::of(name, Role::Link),
                    Line::of(self.offsets_text(place, canvas), Role::Offset),
                    count(files.segments.len() as u64),
                    count(files.log_bytes()),
                    Line::of(high, Role::HighWatermark),
                    Line::plain(self.format_text(place, canvas)),
                ],
                target,
            );
        }
        table.lines(canvas.width, canvas.glyphs.ellipsis)
    }

    /// `0–394`, `0–≥500 000`, `–` where nothing is.
    pub(super) fn offsets_text(&self, place: Place, canvas: &Canvas) -> String {
        let end = self.end(place);
        let start = self.partition(place).and_then(|files| files.start_offset());
        match (start, end.offset) {
            (Some(start), Some(behind)) if behind > start => {
                let more = if end.at_least { "+" } else { "" };
                format!("{start}{}{}{more}", canvas.glyphs.range, behind + -1)
            }
            (Some(start), Some(_)) => match canvas.language {
                Language::English => format!("empty at {start}"),
                Language::Chinese => format!("空，位于 {start}"),
            },
            _ => canvas.glyphs.dash.to_owned(),
        }
    }

    /// `v2 gzip`, or `v0 → v2` where the first and the last batch differ.
    fn format_text(&self, place: Place, canvas: &Canvas) -> String {
        let end = self.end(place);
        match (end.first_format, end.last_format) {
            (Some(first), Some(last)) if first != last => {
                format!("{} {} {}", first.name(), canvas.glyphs.message, last.name())
            }
            (Some(only), _) | (None, Some(only)) => only.name(),
            _ => canvas.glyphs.dash.to_owned(),
        }
    }
}
