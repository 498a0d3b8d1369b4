//! Vectors of Kafka's `Cleaner`: the log is built as they say, cleaned round by round, and compared batch by batch.

use super::*;
use crate::batch::ControlType;
use crate::storage::transaction_index::{self, AbortedTransaction};
use crate::storage::{Segment, file_name};
use serde_json::Value;
use std::sync::Arc;

fn int(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("number: {value}"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

/// One batch as a vector tells it.
fn build(batch: &Value) -> Vec<u8> {
    let mut builder = BatchBuilder::new(Offset(int(&batch["base_offset"])))
        .with_epoch(LeaderEpoch(int(&batch["leader_epoch"]) as i32))
        .with_producer(
            int(&batch["producer_id"]),
            int(&batch["producer_epoch"]) as i16,
            int(&batch["base_sequence"]) as i32,
        );
    if batch["transactional"] == true {
        builder = builder.transactional();
    }
    if let Some(control) = batch["control"].as_str() {
        let kind = if control == "COMMIT" { ControlType::Commit } else { ControlType::Abort };
        let epoch = int(&batch["coordinator_epoch"]) as i32;
        builder = builder.control();
        builder.push(&NewRecord {
            timestamp: Timestamp(int(&batch["timestamp"])),
            key: Some(kind.key()),
            value: Some([&[0, 0], &epoch.to_be_bytes()[..]].concat()),
            ..NewRecord::default()
        });
    } else {
        for record in list(&batch["records"]) {
            let record_at = Offset(int(&record[0]));
            let record = NewRecord {
                timestamp: Timestamp(int(&record[1])),
                key: record[2].as_str().map(Into::into),
                value: record[3].as_str().map(Into::into),
                ..NewRecord::default()
            };
            builder.push_at(record_at, &record);
        }
    }
    builder.build()
}

/// Makes the segments of the vector's log that are not there yet, with their batches and aborted transactions.
fn grow(log: &mut Log, disk: &mut Disk, case: &Value, wanted: &[Value]) {
    let (partition, directory) = (log.partition().clone(), log.directory().to_string());
    for described in wanted {
        let base_offset = Offset(int(&described["base_offset"]));
        let config = log.config().clone();
        let segments = Arc::make_mut(&mut log.segments);
        if segments.iter().all(|segment| segment.base_offset != base_offset) {
            if base_offset < segments.last().unwrap().base_offset {
                continue; // merged into another one by an earlier round
            }
            segments.last_mut().unwrap().finish(disk, &partition, &mut Vec::new()).unwrap();
            segments.push(Segment::create(disk, &directory, base_offset, &config).unwrap());
        }
        let segment = segments.last_mut().unwrap();
        for batch in list(&described["batches"]) {
            let last_offset = Offset(int(&batch["last_offset"]));
            if base_offset != segment.base_offset || last_offset < log.log_end_offset {
                continue;
            }
            let bytes = build(batch);
            let header = batch::Header::parse(&bytes).unwrap();
            let id = (&case["id"], header.base_offset);
            assert_eq!(i64::from(header.crc), int(&batch["crc"]), "batch of case {id:?}");
            let config = LogConfig::default();
            let batches = [(Position(0), header)].into_iter().collect();
            segment
                .append(disk, &bytes, &batches, last_offset, &config, &partition, &mut Vec::new())
                .unwrap();
            log.log_end_offset = last_offset + 1;
        }
        let entries: Vec<AbortedTransaction> = list(&described["aborted"])
            .iter()
            .map(|a| {
                let at = |n: usize| Offset(int(&a[n]));
                AbortedTransaction::new(int(&a[0]), at(1), at(2), at(3))
            })
            .collect();
        let path = format!("{directory}/{}", file_name(base_offset, ".txnindex"));
        if !entries.is_empty() {
            disk.replace(&path, &transaction_index::write(&entries)).unwrap();
        }
    }
}

/// What a segment has, in the form of the vectors.
fn told(segment: &Segment, log: &Log, disk: &Disk) -> Value {
    let bytes = disk.read(segment.log, 0, segment.size_bytes as usize).unwrap();
    let batches: Vec<Value> = batch::batches(&bytes)
        .map(|found| {
            let (_, header, bytes) = found.unwrap();
            batch::verify(bytes).unwrap();
            let records: Vec<i64> =
                batch::records(bytes).unwrap().iter().map(|record| record.offset.0).collect();
            serde_json::json!({
                "base_offset": header.base_offset.0,
                "last_offset": header.last_offset().0,
                "delete_horizon": header.delete_horizon().map(|horizon| horizon.0),
                "size": bytes.len(),
                "crc": header.crc,
                "records": records,
            })
        })
        .collect();
    let path = format!("{}/{}", log.directory(), file_name(segment.base_offset, ".txnindex"));
    let index = if disk.exists(&path) { disk.read_small(&path).unwrap() } else { Vec::new() };
    let aborted: Vec<[i64; 4]> = transaction_index::read(&index)
        .map(|a| [a.producer_id, a.first_offset.0, a.last_offset.0, a.last_stable_offset.0])
        .collect();
    serde_json::json!({
        "base_offset": segment.base_offset.0,
        "size": segment.size_bytes,
        "aborted": aborted,
        "batches": batches,
    })
}

/// The last records of all producers by the batches: these logs were written without producer state.
fn last_records(log: &Log, disk: &Disk) -> crate::storage::cleaner::ActiveProducers {
    let mut seen = crate::storage::cleaner::ActiveProducers::new();
    for segment in log.segments.iter() {
        for found in segment.headers(disk, crate::types::Position(0)) {
            let (_, header) = found.unwrap();
            if !header.has_producer_id() {
                continue;
            }
            let (last_data_offset, producer_epoch) = (None, header.producer_epoch);
            let fresh = crate::storage::cleaner::LastRecord { last_data_offset, producer_epoch };
            let last = seen.entry(header.producer_id).or_insert(fresh);
            if last.producer_epoch != header.producer_epoch {
                *last = fresh;
            }
            if !header.is_control() {
                last.last_data_offset = Some(header.last_offset());
            }
        }
    }
    seen
}

#[test]
fn cleaner_vectors_of_kafka_hold() {
    for case in list(&crate::vectors::load("log_cleaner")["cases"]) {
        let mut disk = Disk::memory();
        let mut log = log(&mut disk, &[("cleanup.policy", "compact")]);
        let mut config = log.config().clone();
        config.segment_bytes = int(&case["segment_bytes"]) as u32;
        config.delete_retention_ms = int(&case["delete_retention_ms"]);
        log.set_config(config);
        let mut expired = std::collections::BTreeMap::new(); // producer → log end when it was forgotten
        for (n, round) in list(&case["rounds"]).iter().enumerate() {
            let place = format!("case {}, round {n}", case["id"]);
            grow(&mut log, &mut disk, case, list(&round["log"]));
            let now = Timestamp(int(&round["now"]));
            let end = log.log_end_offset;
            expired.extend(list(&round["expired_producers"]).iter().map(|id| (int(id), end)));
            let mut producers = last_records(&log, &disk);
            for (id, &end) in &expired {
                // Forgotten, unless it has written since; then only what it wrote since counts.
                let since =
                    |b: &&Value| int(&b["base_offset"]) >= end.0 && int(&b["producer_id"]) == *id;
                let segments = list(&round["log"]).iter();
                let again = segments.flat_map(|s| list(&s["batches"])).filter(since).count() > 0;
                if let Some(last) = producers.get_mut(id) {
                    last.last_data_offset = last.last_data_offset.filter(|offset| *offset >= end);
                }
                if !again {
                    producers.remove(id);
                }
            }
            let plan = CleaningPlan {
                first_dirty_offset: Offset(int(&round["first_dirty_offset"])),
                first_uncleanable_offset: log
                    .uncleanable_segment(Offset(int(&round["first_uncleanable_offset"]))),
                producers,
                buffer_bytes: OffsetMap::BUFFER_BYTES,
                now: NOW,
                timestamp: now,
            };
            let result = log.clean(&mut disk, plan, &mut Vec::new()).unwrap();
            assert_eq!(result.end_offset.0, int(&round["end_offset"]), "{place}");
            let after: Vec<Value> = log.segments().iter().map(|s| told(s, &log, &disk)).collect();
            for (got, want) in after.iter().zip(list(&round["after"])) {
                assert_eq!(got, want, "{place}");
            }
            assert_eq!(after.len(), list(&round["after"]).len(), "{place}");
        }
    }
}
