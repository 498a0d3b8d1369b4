//! The directory as JSON, with these fields. What is a list of like things is printed one object a line.
//!
//! ```text
//!   (listing)   { directory, nodes: [ { name, directory, node, cluster_id, directory_id, version, stopped_cleanly,
//!                 partitions: [ { partition, directory, state, topic_id, first_offset, last_offset, end_is_exact,
//!                 high_watermark, recovery_point, log_start_offset, cleaned_up_to, epochs: [[epoch, start]],
//!                 first_format, last_format, log_bytes, snapshots: [offset], other_files: [name],
//!                 segments: [ { base_offset, log_bytes, index_bytes, time_index_bytes,
//!                               transaction_index_bytes } ] } ] } ],
//!                 findings: [ … ] }            findings: see `Finding::json`, without reading the logs
//!   T-P         a line a batch: { segment, position, size_bytes, format, base_offset, last_offset, records, timestamp,
//!                 leader_epoch, producer_id, transactional, control }; ends with { segment, stopped } where it must
//!   partition   { …the partition's object of the listing…, producers: [ … ], aborted: [ … ] }
//!   index       a line an entry: { segment, entry, offset, position }
//!   bytes       a line a field: { position, width, name, value, depth }; then a line a record:
//!                 { offset, timestamp, key, value, headers } where they do not lie open
//! ```

use super::records::{records, shown};
use super::{Asked, BatchRow, Inspection, PartitionFiles, Place, Request};
use crate::batch;
use serde_json::{Value, json};

/// Most characters of a key or value in JSON.
const MOST_SHOWN: usize = 100_000;

impl Inspection {
    /// A request's answer as JSON; nothing for those that answer for themselves.
    pub(super) fn request_json(&self, request: &Request) -> Option<Result<String, String>> {
        Some(match request {
            Request::Listing => Ok(format!("{:#}\n", self.json())),
            Request::Whole(asked) | Request::Log(asked) | Request::Batches(asked) => {
                Ok(self.batches_json(*asked))
            }
            Request::Partition(asked) => Ok(format!("{:#}\n", self.facts_json(asked.place))),
            Request::Index(asked) => Ok(self.index_json(*asked)),
            Request::Bytes(asked) => self.bytes_json(*asked),
            Request::Groups => Ok(self.groups_json()),
            Request::Transactions => Ok(self.transactions_json()),
            Request::Metadata => Ok(self.metadata_json()),
            _ => return None,
        })
    }

    /// The listing as JSON.
    pub fn json(&self) -> Value {
        let mut nodes = Vec::new();
        for (at, node) in self.nodes.iter().enumerate() {
            let places = self.places().filter(|place| place.node == at);
            let partitions: Vec<Value> = places.map(|place| self.partition_json(place)).collect();
            nodes.push(json!({
                "name": node.name,
                "directory": node.directory,
                "node": node.properties.node,
                "cluster_id": node.properties.cluster_id,
                "directory_id": node.properties.directory_id,
                "version": node.properties.version,
                "stopped_cleanly": node.stopped_cleanly,
                "partitions": partitions,
            }));
        }
        let findings: Vec<Value> = self.findings.sorted().iter().map(|f| f.json()).collect();
        json!({
            "directory": self.directory.display().to_string(),
            "nodes": nodes,
            "findings": findings,
        })
    }

    fn partition_json(&self, place: Place) -> Value {
        let Some(files) = self.partition(place) else { return Value::Null };
        let end = self.end(place);
        let start = files.start_offset();
        let last = end.offset.filter(|end| Some(*end) > start).map(|end| end.0 - 1);
        let epochs: Vec<_> =
            files.epochs.iter().map(|e| json!([e.epoch.0, e.start_offset.0])).collect();
        json!({
            "partition": files.partition.to_string(),
            "directory": files.directory,
            "state": files.state,
            "topic_id": files.topic_id.map(|id| id.to_string()),
            "first_offset": last.and(start).map(|offset| offset.0),
            "last_offset": last,
            "end_is_exact": !end.at_least,
            "high_watermark": files.high_watermark.map(|offset| offset.0),
            "recovery_point": files.recovery_point.map(|offset| offset.0),
            "log_start_offset": files.log_start_offset.map(|offset| offset.0),
            "cleaned_up_to": files.cleaned_up_to.map(|offset| offset.0),
            "epochs": epochs,
            "first_format": end.first_format.map(|format| format.name()),
            "last_format": end.last_format.map(|format| format.name()),
            "log_bytes": files.log_bytes(),
            "snapshots": files.snapshots.iter().map(|(offset, _)| offset.0).collect::<Vec<_>>(),
            "other_files": files.others.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            "segments": segments_json(files),
        })
    }

    fn facts_json(&self, place: Place) -> Value {
        let mut facts = self.partition_json(place);
        let Some(files) = self.partition(place) else { return facts };
        let mut aborted = Vec::new();
        for at in 0..files.segments.len() {
            for entry in self.aborted(place, at).unwrap_or_default() {
                aborted.push(json!({
                    "producer_id": entry.producer_id,
                    "first_offset": entry.first_offset.0,
                    "last_offset": entry.last_offset.0,
                    "last_stable_offset": entry.last_stable_offset.0,
                }));
            }
        }
        let newest = files
            .snapshots
            .iter()
            .rev()
            .find_map(|(offset, _)| self.producers(place, *offset).ok());
        let producers: Vec<Value> = newest
            .unwrap_or_default()
            .iter()
            .map(|producer| {
                json!({
                    "producer_id": producer.producer_id,
                    "producer_epoch": producer.producer_epoch,
                    "last_sequence": producer.last_sequence,
                    "last_offset": producer.last_offset.0,
                    "timestamp": producer.timestamp.0,
                    "coordinator_epoch": producer.coordinator_epoch,
                    "current_txn_first_offset": producer.current_txn_first_offset.map(|o| o.0),
                })
            })
            .collect();
        facts["producers"] = producers.into();
        facts["aborted"] = aborted.into();
        facts
    }

    fn batches_json(&self, asked: Asked) -> String {
        let mut lines = String::new();
        let Some(files) = self.partition(asked.place) else { return lines };
        let first = asked.offset.and_then(|offset| files.segment_of(offset)).unwrap_or(0);
        for at in first..files.segments.len() {
            let Some(mut walk) = self.walk(asked.place, at, 0) else { break };
            while let Some(row) = self.next(&mut walk) {
                if asked.offset.is_none_or(|offset| row.last_offset >= offset) {
                    lines.push_str(&format!("{}\n", batch_json(&row)));
                }
            }
            if let Some(stop) = &walk.stop {
                let base = files.segments[at].base_offset.0;
                let line = json!({"segment": base, "stopped": stop.sentence()});
                lines.push_str(&format!("{line}\n"));
            }
        }
        lines
    }

    fn index_json(&self, asked: Asked) -> String {
        let mut lines = String::new();
        let Some(files) = self.partition(asked.place) else { return lines };
        let only = asked.offset.and_then(|offset| files.segment_of(offset));
        for (at, segment) in files.segments.iter().enumerate() {
            if only.is_some_and(|only| only != at) {
                continue;
            }
            for (n, entry) in self.offset_index(asked.place, at, 0, u64::MAX).iter().enumerate() {
                let line = json!({
                    "segment": segment.base_offset.0, "entry": n,
                    "offset": entry.offset.0, "position": entry.position,
                });
                lines.push_str(&format!("{line}\n"));
            }
        }
        lines
    }

    fn bytes_json(&self, asked: Asked) -> Result<String, String> {
        let start = self.partition(asked.place).and_then(PartitionFiles::start_offset);
        let offset = asked.offset.or(start).unwrap_or_default();
        let row = self.batch_of(asked.place, offset).ok_or("no batch holds this offset")?;
        let bytes = self.bytes(asked.place, &row)?;
        let mut lines = String::new();
        for field in batch::fields(&bytes) {
            let line = json!({
                "position": row.position + field.start as u64, "width": field.width,
                "name": field.name, "value": field.value, "depth": field.depth,
            });
            lines.push_str(&format!("{line}\n"));
        }
        if row.format.magic == 2 && row.format.codec == batch::Codec::None {
            return Ok(lines);
        }
        for record in records(&bytes, &row)? {
            let headers: Vec<_> = record
                .headers
                .iter()
                .map(|(name, value)| {
                    json!([name, value.as_ref().map(|v| shown(Some(v), MOST_SHOWN))])
                })
                .collect();
            let text = |bytes: &Option<Vec<u8>>| bytes.as_ref().map(|b| shown(Some(b), MOST_SHOWN));
            let line = json!({
                "offset": record.offset.0, "timestamp": record.timestamp.map(|time| time.0),
                "key": text(&record.key), "value": text(&record.value), "headers": headers,
            });
            lines.push_str(&format!("{line}\n"));
        }
        Ok(lines)
    }
}

fn segments_json(files: &PartitionFiles) -> Vec<Value> {
    let one = |segment: &super::SegmentFiles| {
        json!({
            "base_offset": segment.base_offset.0,
            "log_bytes": segment.log_bytes,
            "index_bytes": segment.index_bytes,
            "time_index_bytes": segment.time_index_bytes,
            "transaction_index_bytes": segment.transaction_index_bytes,
        })
    };
    files.segments.iter().map(one).collect()
}

fn batch_json(row: &BatchRow) -> Value {
    json!({
        "segment": row.segment.0,
        "position": row.position,
        "size_bytes": row.size_bytes,
        "format": row.format.name(),
        "base_offset": row.base_offset.0,
        "last_offset": row.last_offset.0,
        "records": row.records(),
        "timestamp": row.timestamp.map(|time| time.0),
        "leader_epoch": row.header.map(|header| header.partition_leader_epoch.0),
        "producer_id": row.header.filter(|h| h.has_producer_id()).map(|header| header.producer_id),
        "transactional": row.header.is_some_and(|header| header.is_transactional()),
        "control": row.header.is_some_and(|header| header.is_control()),
    })
}
