//! The listing of a directory: as text, and as JSON with these fields.
//!
//! ```text
//!   { directory, nodes: [ { name, node, cluster_id, stopped_cleanly, partitions: [ { partition, directory, state,
//!     topic_id, high_watermark, recovery_point, log_start_offset, epochs: [[epoch, start]], batches, records,
//!     first_offset, last_offset, formats: { name: count }, cut_short,
//!     segments: [ { base_offset, log_bytes, index_bytes, time_index_bytes } ] } ] } ],
//!     findings: [ { place, text } ] }
//! ```

use super::{Finding, Inspection, MOST_BATCHES, Scan};
use crate::trace::width::number;
use crate::trace::{Align, Canvas, Line, Picture, Role, Table, Target};
use crate::types::Language;
use serde_json::{Value, json};

impl Inspection {
    /// Everything that was found, partition by partition. Walks the headers of all batches.
    pub fn overview(&self, canvas: &Canvas) -> Picture {
        let title = canvas.word("inspect", "检查");
        let caption = self.directory.display().to_string();
        let mut picture = Picture::new(title).caption(Line::of(caption, Role::Dim));
        let mut findings = self.findings.clone();
        for (at, node) in self.nodes.iter().enumerate() {
            picture.blank();
            let id = node.node.map_or(String::new(), |id| format!("   b{id}"));
            let cluster = node.cluster_id.as_deref().unwrap_or_default();
            let stop = match node.stopped_cleanly {
                true => canvas.word("stopped cleanly", "正常停止"),
                false => canvas.word("no flag of a clean stop", "没有正常停止的标志"),
            };
            picture.push(
                Line::of(&node.name, Role::Heading)
                    .span(id, Role::Strong)
                    .span(format!("   {cluster}   {stop}"), Role::Dim),
            );
            picture.extend(self.table(at, canvas, &mut findings));
        }
        picture.blank();
        let heading = canvas.word("findings", "发现");
        let none = canvas.word("none", "无");
        let head = Line::of(heading, Role::Heading);
        picture.push(if findings.is_empty() { head.text(format!("   {none}")) } else { head });
        for finding in &findings {
            let text = finding.sentence(canvas.language);
            picture.push(Line::of(&finding.place, Role::Link).indent(2).text(format!(": {text}")));
        }
        picture
    }

    fn table(&self, node: usize, canvas: &Canvas, findings: &mut Vec<Finding>) -> Vec<Line> {
        let heads = match canvas.language {
            Language::English => {
                ["partition", "offsets", "segments", "batches", "records", "bytes", "HW", "format"]
            }
            Language::Chinese => ["分区", "偏移量", "日志段", "批次", "记录", "字节", "HW", "格式"],
        };
        let (left, right) = (Align::Left, Align::Right);
        let columns = [left, right, right, right, right, right, right, left];
        let mut table = Table::new(&columns).gap(2).heads(&heads);
        for place in self.places().filter(|place| place.node == node) {
            let Some(files) = self.partition(place) else { continue };
            let scan = self.scan(place);
            findings.extend(of_scan(&files.directory, &scan));
            let dash = || canvas.glyphs.dash.to_owned();
            let offsets =
                scan.offsets.map(|(first, last)| format!("{first}{}{last}", canvas.glyphs.range));
            let name = match &files.state {
                Some(state) => format!("{} ({state})", files.partition),
                None => files.partition.to_string(),
            };
            let count = |n: u64| Line::of(number(n as i64), Role::Number);
            let size = files.segments.iter().map(|segment| segment.log_bytes).sum();
            table.row_to(
                vec![
                    Line::of(name, Role::Link),
                    Line::of(offsets.unwrap_or_else(dash), Role::Offset),
                    count(files.segments.len() as u64),
                    count(scan.batches),
                    count(scan.records),
                    count(size),
                    Line::of(
                        files.high_watermark.map_or_else(dash, |offset| offset.to_string()),
                        Role::HighWatermark,
                    ),
                    Line::plain(scan.format_names()),
                ],
                Target::Partition(files.partition.clone()),
            );
        }
        table.lines(canvas.width, canvas.glyphs.ellipsis)
    }

    /// The listing as JSON.
    pub fn json(&self) -> Value {
        let mut findings = self.findings.clone();
        let mut nodes = Vec::new();
        for (at, node) in self.nodes.iter().enumerate() {
            let mut partitions = Vec::new();
            for place in self.places().filter(|place| place.node == at) {
                let Some(files) = self.partition(place) else { continue };
                let scan = self.scan(place);
                findings.extend(of_scan(&files.directory, &scan));
                let epochs: Vec<_> =
                    files.epochs.iter().map(|e| json!([e.epoch.0, e.start_offset.0])).collect();
                let segments: Vec<_> = files
                    .segments
                    .iter()
                    .map(|segment| {
                        json!({
                            "base_offset": segment.base_offset.0,
                            "log_bytes": segment.log_bytes,
                            "index_bytes": segment.index_bytes,
                            "time_index_bytes": segment.time_index_bytes,
                        })
                    })
                    .collect();
                partitions.push(json!({
                    "partition": files.partition.to_string(),
                    "directory": files.directory,
                    "state": files.state,
                    "topic_id": files.topic_id.map(|id| id.to_string()),
                    "high_watermark": files.high_watermark.map(|offset| offset.0),
                    "recovery_point": files.recovery_point.map(|offset| offset.0),
                    "log_start_offset": files.log_start_offset.map(|offset| offset.0),
                    "epochs": epochs,
                    "batches": scan.batches,
                    "records": scan.records,
                    "first_offset": scan.offsets.map(|(first, _)| first.0),
                    "last_offset": scan.offsets.map(|(_, last)| last.0),
                    "formats": scan.formats,
                    "cut_short": scan.cut_short,
                    "segments": segments,
                }));
            }
            nodes.push(json!({
                "name": node.name,
                "node": node.node,
                "cluster_id": node.cluster_id,
                "stopped_cleanly": node.stopped_cleanly,
                "partitions": partitions,
            }));
        }
        let findings: Vec<_> = findings
            .iter()
            .map(|f| json!({"place": f.place, "text": f.sentence(Language::English)}))
            .collect();
        json!({
            "directory": self.directory.display().to_string(),
            "nodes": nodes,
            "findings": findings,
        })
    }
}

/// What a walk over the batches found that a reader should know.
fn of_scan(directory: &str, scan: &Scan) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, count) in scan.formats.iter().filter(|(name, _)| *name != "v2") {
        let (english, chinese) = match name.starts_with("v2") {
            true => ("their records cannot be opened yet", "其中的记录还不能打开"),
            false => ("recognised, not decoded yet", "已识别，还不能解码"),
        };
        found.push(Finding::new(
            directory,
            format!("{count} x {name}: {english}"),
            format!("{count} 个 {name}：{chinese}"),
        ));
    }
    for (place, what) in &scan.errors {
        found.push(Finding::new(place, what, what));
    }
    if scan.cut_short {
        found.push(Finding::new(
            directory,
            format!("only the first {MOST_BATCHES} batches were counted"),
            format!("只统计了前 {MOST_BATCHES} 个批次"),
        ));
    }
    found
}
