//! Producer state against Kafka's own (vectors `producer_state`), and hostile snapshots.

use super::*;
use crate::batch::Header;
use crate::protocol::ErrorCode;
use crate::vectors;
use serde_json::{Value, json};

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap()
}

/// The header of a batch that says what the operation says.
fn header(op: &Value, control: bool) -> Header {
    let count = op["count"].as_i64().unwrap_or(1);
    let mut builder = BatchBuilder::new(Offset(0));
    builder.push(&NewRecord {
        timestamp: Timestamp(number(&op["timestamp"])),
        ..NewRecord::default()
    });
    let mut header = Header::parse(&builder.build()).unwrap();
    header.base_offset = Offset(number(&op["offset"]));
    header.last_offset_delta = (count - 1) as i32;
    header.records_count = count as i32;
    header.producer_id = number(&op["pid"]);
    header.producer_epoch = number(&op["epoch"]) as i16;
    header.base_sequence = op["seq"].as_i64().unwrap_or(-1) as i32;
    header.max_timestamp = Timestamp(number(&op["timestamp"]));
    let transactional = control || op["txn"] == Value::Bool(true);
    header.attributes |= if transactional { 0x10 } else { 0 } | if control { 0x20 } else { 0 };
    header
}

fn batch_as_json(batch: &RememberedBatch) -> Value {
    let (first, last) = (batch.first_sequence(), batch.last_sequence);
    json!([first, last, batch.first_offset().0, batch.last_offset.0, batch.timestamp.0])
}

fn entry_as_json(entry: Option<&ProducerEntry>) -> Value {
    let Some(entry) = entry else { return Value::Null };
    json!({
        "producer_id": entry.producer_id,
        "epoch": entry.producer_epoch,
        "coordinator_epoch": entry.coordinator_epoch,
        "last_timestamp": entry.last_timestamp.0,
        "current_txn_first_offset": entry.current_txn_first_offset.map(|offset| offset.0),
        "batches": entry.batches.iter().map(batch_as_json).collect::<Vec<_>>(),
    })
}

fn error_name(error: &StorageError) -> &'static str {
    match error.refusal() {
        Some(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER) => "OutOfOrderSequenceException",
        Some(ErrorCode::INVALID_PRODUCER_EPOCH) => "InvalidProducerEpochException",
        Some(ErrorCode::INVALID_TXN_STATE) => "InvalidTxnStateException",
        Some(ErrorCode::TRANSACTION_COORDINATOR_FENCED) => "TransactionCoordinatorFencedException",
        _ => "another error",
    }
}

struct Play {
    state: ProducerState,
    disk: Disk,
    expiration_ms: i64,
}

impl Play {
    fn data(&mut self, op: &Value) -> Value {
        let origin = match op["origin"].as_str() {
            Some("replication") => AppendOrigin::Replication,
            _ => AppendOrigin::Client,
        };
        let header = header(op, false);
        let known = self.state.producer(header.producer_id);
        if origin == AppendOrigin::Client
            && let Some(duplicate) = known.and_then(|entry| entry.duplicate_of(&header))
        {
            return json!({ "result": "duplicate", "cached": batch_as_json(&duplicate) });
        }
        let mut info = self.state.prepare(header.producer_id, origin);
        match info.append(&header, None) {
            Err(error) => json!({ "result": error_name(&error), "cached": null }),
            Ok(_) => {
                self.state.update(info);
                self.state.set_map_end_offset(header.next_offset());
                json!({ "result": "ok", "cached": null })
            }
        }
    }

    fn marker(&mut self, op: &Value) -> Value {
        let header = header(op, true);
        let marker = EndMarker {
            aborted: op["type"] == "ABORT",
            coordinator_epoch: number(&op["coordinator_epoch"]) as i32,
            timestamp: Timestamp(number(&op["timestamp"])),
        };
        let mut info = self.state.prepare(header.producer_id, AppendOrigin::Coordinator);
        let completed = match info.append(&header, Some(marker)) {
            Err(error) => {
                let none = Value::Null;
                return json!({
                    "result": error_name(&error), "completed": none, "last_stable_offset": none
                });
            }
            Ok(completed) => completed,
        };
        self.state.update(info);
        let stable = completed.map(|completed| {
            let stable = self.state.last_stable_offset_with(&completed);
            self.state.complete(&completed);
            stable.0
        });
        self.state.set_map_end_offset(header.next_offset());
        let completed = completed.map(|c| json!([c.first_offset.0, c.last_offset.0, c.aborted]));
        json!({ "result": "ok", "completed": completed, "last_stable_offset": stable })
    }

    fn reload(&mut self, op: &Value) {
        self.state.take_snapshot(&mut self.disk, "p-0").unwrap();
        self.state = ProducerState::open(&self.disk, "p-0").unwrap();
        let end = Offset(number(&op["offset"]));
        let expiry = (Timestamp(number(&op["now"])), self.expiration_ms);
        let range = (Offset(0), end);
        self.state
            .truncate_and_reload(&mut self.disk, "p-0", range, expiry, &mut Vec::new())
            .unwrap();
    }
}

#[test]
fn producers_are_judged_as_kafka_judges_them() {
    let vectors = vectors::load("producer_state");
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len() as i64, number(&vectors["header"]["count"]));
    for case in cases {
        let mut disk = Disk::memory();
        disk.create_directory("p-0").unwrap();
        let expiration_ms = number(&case["producer_id_expiration_ms"]);
        let mut play = Play { state: ProducerState::default(), disk, expiration_ms };
        for (n, op) in case["ops"].as_array().unwrap().iter().enumerate() {
            let answer = match op["op"].as_str().unwrap() {
                "data" => play.data(op),
                "marker" => play.marker(op),
                "expire" => {
                    play.state.remove_expired(Timestamp(number(&op["now"])), expiration_ms);
                    let left: Vec<i64> = play.state.producers().map(|e| e.producer_id).collect();
                    json!({ "left": left })
                }
                "high_watermark" => {
                    play.state.forget_ended_below(Offset(number(&op["offset"])));
                    json!({})
                }
                "reload" => {
                    play.reload(op);
                    json!({})
                }
                other => panic!("operation {other}"),
            };
            let place = format!("case {} op {n}: {op}", case["id"]);
            for (name, ours) in answer.as_object().unwrap() {
                assert_eq!(&op[name], ours, "{name}, {place}");
            }
            if let Some(id) = op["pid"].as_i64() {
                assert_eq!(op["entry"], entry_as_json(play.state.producer(id)), "{place}");
            }
            let unstable = play.state.first_unstable_offset().map(|offset| offset.0);
            assert_eq!(op["first_unstable"], json!(unstable), "{place}");
        }
        let all: Vec<Value> =
            play.state.producers().map(|entry| entry_as_json(Some(entry))).collect();
        assert_eq!(case["producers"], Value::Array(all), "case {}", case["id"]);
        assert_eq!(number(&case["map_end_offset"]), play.state.map_end_offset().0);
        let bytes = vectors::hex(&case["snapshot"]);
        let mut entries = play.state.snapshot_entries();
        if case["big_ids"] != Value::Bool(true) {
            assert_eq!(producer_snapshot::write(&entries), bytes, "case {}", case["id"]);
        }
        let mut read = producer_snapshot::read(&bytes).unwrap();
        read.sort_by_key(|entry| entry.producer_id);
        entries.sort_by_key(|entry| entry.producer_id);
        assert_eq!(read, entries, "case {}", case["id"]);
    }
}

#[test]
fn a_duplicate_is_answered_with_its_offsets_and_not_written() {
    let mut disk = Disk::memory();
    let mut log = create(&mut disk, &[]);
    let send = |log: &mut Log, disk: &mut Disk, sequence| {
        let mut builder = BatchBuilder::new(Offset(0)).with_producer(7, 0, sequence);
        builder.push(&NewRecord::default());
        let mut bytes = builder.build();
        log.append_as_leader(disk, &mut bytes, LeaderEpoch(0), NOW, &mut Vec::new())
    };
    assert_eq!(send(&mut log, &mut disk, 0).unwrap().first_offset, Offset(0));
    assert_eq!(send(&mut log, &mut disk, 1).unwrap().first_offset, Offset(1));
    let size = log.size_bytes();
    let again = send(&mut log, &mut disk, 0).unwrap();
    assert!(again.duplicate && again.first_offset == Offset(0) && log.size_bytes() == size);
    let refused = send(&mut log, &mut disk, 5).unwrap_err();
    assert_eq!(refused.refusal(), Some(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    assert_eq!((log.log_end_offset(), log.size_bytes()), (Offset(2), size));
    log.truncate_to(&mut disk, Offset(1), &mut Vec::new()).unwrap();
    assert_eq!(log.producers().producer(7).unwrap().last_sequence(), 0);
    assert_eq!(send(&mut log, &mut disk, 1).unwrap().first_offset, Offset(1));
}
