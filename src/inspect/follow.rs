//! `klab inspect DIR --follow`: what a running broker adds, a line each, until the reader ends it.

use super::pictures::time_text;
use super::{Grown, Inspection, Place};
use serde_json::json;

impl Grown {
    /// One line of text.
    pub fn line(&self) -> String {
        match self {
            Grown::Batch { directory, row, wrong, .. } => {
                let time = row.timestamp.map_or_else(String::new, time_text);
                let records = match row.records() {
                    Some(1) => "1 record".to_owned(),
                    Some(count) => format!("{count} records"),
                    None => "? records".to_owned(),
                };
                let wrong =
                    wrong.as_ref().map_or_else(String::new, |what| format!("  WRONG: {what}"));
                format!(
                    "{directory}  {}-{}  {records}  {} B at {}  {}  {time}{wrong}",
                    row.base_offset,
                    row.last_offset,
                    row.size_bytes,
                    row.position,
                    row.format.name()
                )
            }
            Grown::Cut { directory, base_offset, bytes: (seen, now), .. } => {
                format!(
                    "{directory}  segment {base_offset} was cut: {seen} bytes were seen, {now} are left"
                )
            }
            Grown::Segment { directory, base_offset, .. } => {
                format!("{directory}  new segment {base_offset}")
            }
            Grown::SegmentGone { directory, base_offset, .. } => {
                format!("{directory}  segment {base_offset} is gone")
            }
            Grown::Partition { directory, .. } => match directory.rsplit('-').next() {
                Some("delete") => format!("{directory}  renamed for deletion"),
                Some("stray") => format!("{directory}  set aside as stray"),
                Some("future") => format!("{directory}  a copy for another log directory begins"),
                _ => format!("{directory}  new partition"),
            },
            Grown::PartitionGone { directory, .. } if directory.ends_with("-delete") => {
                format!("{directory}  is deleted")
            }
            Grown::PartitionGone { directory, .. } => format!("{directory}  is gone or renamed"),
        }
    }

    /// With the field `what` (`batch`, `cut`, `segment`, `segment_gone`, `partition`, `partition_gone`) and its own.
    pub fn json(&self) -> serde_json::Value {
        match self {
            Grown::Cut { directory, partition, base_offset, bytes } => json!({
                "what": "cut", "directory": directory, "partition": partition.to_string(),
                "base_offset": base_offset.0, "seen_bytes": bytes.0, "size_bytes": bytes.1,
            }),
            Grown::Batch { directory, partition, row, wrong } => json!({
                "what": "batch", "directory": directory, "partition": partition.to_string(),
                "segment": row.segment.0, "position": row.position, "size_bytes": row.size_bytes,
                "format": row.format.name(), "base_offset": row.base_offset.0,
                "last_offset": row.last_offset.0, "records": row.records(),
                "timestamp": row.timestamp.map(|time| time.0), "wrong": wrong,
            }),
            Grown::Segment { directory, partition, base_offset } => json!({
                "what": "segment", "directory": directory, "partition": partition.to_string(),
                "base_offset": base_offset.0,
            }),
            Grown::SegmentGone { directory, partition, base_offset } => json!({
                "what": "segment_gone", "directory": directory, "partition": partition.to_string(),
                "base_offset": base_offset.0,
            }),
            Grown::Partition { directory, partition } => json!({
                "what": "partition", "directory": directory, "partition": partition.to_string(),
            }),
            Grown::PartitionGone { directory, partition } => json!({
                "what": "partition_gone", "directory": directory, "partition": partition.to_string(),
            }),
        }
    }
}

/// Looks again and again, tells what is new of one partition or of all, until `wait` says that it is enough.
pub fn follow(
    inspection: &mut Inspection,
    only: Option<Place>,
    as_json: bool,
    mut wait: impl FnMut() -> bool,
    mut tell: impl FnMut(&str),
) {
    let only = only.and_then(|place| inspection.partition(place)).map(|f| f.directory.clone());
    while wait() {
        for grown in inspection.refresh() {
            let directory = match &grown {
                Grown::Batch { directory, .. }
                | Grown::Cut { directory, .. }
                | Grown::Segment { directory, .. }
                | Grown::SegmentGone { directory, .. }
                | Grown::Partition { directory, .. }
                | Grown::PartitionGone { directory, .. } => directory,
            };
            if only.as_ref().is_some_and(|only| only != directory) {
                continue;
            }
            let line = if as_json { grown.json().to_string() } else { grown.line() };
            tell(&format!("{line}\n"));
        }
    }
}
