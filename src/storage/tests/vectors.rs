//! Vectors of `OffsetIndex`, `TimeIndex` and `LeaderEpochFileCache`.

use super::*;
use crate::types::Position;
use crate::vectors::{hex, load};
use serde_json::Value;

fn int(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("number: {value}"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

/// The sort of error that Kafka's exception stands for.
fn assert_error(error: &StorageError, exception: &str, case: &Value) {
    use StorageErrorKind as K;
    let fits = match exception {
        "IllegalArgumentException" => matches!(error.kind, K::IndexFull | K::InvalidArgument),
        "BufferOverflowException" => error.kind == K::IndexFull,
        "InvalidOffsetException" => error.kind == K::InvalidOffset,
        "IndexOffsetOverflowException" => error.kind == K::OffsetOverflow,
        "IllegalStateException" => error.kind == K::InvalidArgument,
        _ => false,
    };
    assert!(fits, "{exception}: {error:?} in case {}", case["id"]);
}

#[test]
fn offset_index_vectors_of_kafka_hold() {
    for case in list(&load("offset_index")["cases"]) {
        let mut disk = Disk::memory();
        let base = Offset(int(&case["base_offset"]));
        let mut index =
            OffsetIndex::create(&mut disk, "i", base, int(&case["max_size"]) as u32).unwrap();
        for append in list(&case["appends"]) {
            let (offset, position) = (Offset(int(&append[0])), Position(int(&append[1]) as u32));
            match (index.append(&mut disk, offset, position), append[2].as_str()) {
                (Ok(()), None) => {}
                (Err(error), Some(exception)) => assert_error(&error, exception, case),
                other => panic!("{other:?} in case {}", case["id"]),
            }
        }
        assert_eq!(i64::from(index.entries()), int(&case["entries"]));
        assert_eq!(index.last_offset().0, int(&case["last_offset"]));
        assert_eq!(index.is_full(), case["full"] == true);
        for lookup in list(&case["lookups"]) {
            let (offset, position) = index.lookup(&disk, Offset(int(&lookup[0]))).unwrap();
            assert_eq!(
                (offset.0, i64::from(position.0)),
                (int(&lookup[1]), int(&lookup[2])),
                "{lookup}"
            );
        }
        for bound in list(&case["upper_bounds"]) {
            let from = Position(int(&bound[1]) as u32);
            let got = index.upper_bound(&disk, from, int(&bound[2]) as u32).unwrap();
            let want =
                bound[3].as_i64().map(|offset| (Offset(offset), Position(int(&bound[4]) as u32)));
            assert_eq!(got, want, "{bound} in case {}", case["id"]);
        }
        for truncation in list(&case["truncations"]) {
            let mark = disk.mark();
            let mut index = index;
            index.truncate_to(&disk, Offset(int(&truncation["to"]))).unwrap();
            assert_eq!(i64::from(index.entries()), int(&truncation["entries"]));
            assert_eq!(index.last_offset().0, int(&truncation["last_offset"]));
            index.trim(&mut disk).unwrap();
            assert_eq!(disk.read_small("i").unwrap(), hex(&truncation["bytes"]));
            disk.undo_to(mark).unwrap();
        }
        index.trim(&mut disk).unwrap();
        assert_eq!(disk.read_small("i").unwrap(), hex(&case["bytes"]));
        assert_eq!(
            OffsetIndex::open(&mut disk, "i", base).unwrap().last_offset(),
            index.last_offset()
        );
    }
}

#[test]
fn time_index_vectors_of_kafka_hold() {
    for case in list(&load("time_index")["cases"]) {
        let mut disk = Disk::memory();
        let base = Offset(int(&case["base_offset"]));
        let mut index =
            TimeIndex::create(&mut disk, "t", base, int(&case["max_size"]) as u32).unwrap();
        for append in list(&case["appends"]) {
            let (timestamp, offset) = (Timestamp(int(&append[0])), Offset(int(&append[1])));
            let got = index.maybe_append(&mut disk, timestamp, offset, append[2] == true);
            match (got, append[4].as_str()) {
                (Ok(_), None) => {}
                (Err(error), Some(exception)) => assert_error(&error, exception, case),
                other => panic!("{other:?} at {append} in case {}", case["id"]),
            }
            assert_eq!(i64::from(index.entries()), int(&append[3]));
        }
        let pair = |(timestamp, offset): (Timestamp, Offset)| [timestamp.0, offset.0];
        let want = |value: &Value| [int(&value[0]), int(&value[1])];
        assert_eq!(pair(index.last_entry()), want(&case["last_entry"]));
        assert_eq!(index.is_full(), case["full"] == true);
        for lookup in list(&case["lookups"]) {
            let got = index.lookup(&disk, Timestamp(int(&lookup[0]))).unwrap();
            assert_eq!(pair(got), [int(&lookup[1]), int(&lookup[2])]);
        }
        for truncation in list(&case["truncations"]) {
            let mark = disk.mark();
            let mut index = index;
            index.truncate_to(&disk, Offset(int(&truncation["to"]))).unwrap();
            assert_eq!(i64::from(index.entries()), int(&truncation["entries"]));
            assert_eq!(pair(index.last_entry()), want(&truncation["last_entry"]));
            index.trim(&mut disk).unwrap();
            assert_eq!(disk.read_small("t").unwrap(), hex(&truncation["bytes"]));
            disk.undo_to(mark).unwrap();
        }
        index.trim(&mut disk).unwrap();
        assert_eq!(disk.read_small("t").unwrap(), hex(&case["bytes"]));
    }
}

#[test]
fn leader_epoch_cache_vectors_of_kafka_hold() {
    let epoch = |value: &Value| LeaderEpoch(int(value) as i32);
    let or_null = |got: Option<LeaderEpoch>| got.map_or(Value::Null, |epoch| epoch.0.into());
    for case in list(&load("leader_epoch_cache")["cases"]) {
        let mut disk = Disk::memory();
        let mut cache = EpochCache::create(&mut disk, "e").unwrap();
        for op in list(&case["ops"]) {
            let offset = Offset(int(&op["offset"]));
            let done = match op["op"].as_str().unwrap() {
                "assign" => cache.assign(&mut disk, epoch(&op["epoch"]), offset),
                "truncate_from_end" => cache.truncate_from_end(&mut disk, offset),
                _ => cache.truncate_from_start(&mut disk, offset),
            };
            match (done, op["error"].as_str()) {
                (Ok(_), None) => {}
                (Err(error), Some(exception)) => assert_error(&error, exception, case),
                other => panic!("{other:?} at {op} in case {}", case["id"]),
            }
            let entries: Vec<_> = cache
                .entries()
                .iter()
                .map(|e| vec![i64::from(e.epoch.0), e.start_offset.0])
                .collect();
            assert_eq!(serde_json::json!(entries), op["entries"], "{op} in case {}", case["id"]);
        }
        assert_eq!(or_null(cache.latest_epoch()), case["latest_epoch"]);
        for ask in list(&case["end_offset_for"]) {
            let (got, end) = cache.end_offset_for(epoch(&ask[0]), Offset(int(&ask[1])));
            assert_eq!(
                (i64::from(got.0), end.0),
                (int(&ask[2]), int(&ask[3])),
                "{ask} in {}",
                case["id"]
            );
        }
        for ask in list(&case["epoch_for_offset"]) {
            assert_eq!(or_null(cache.epoch_for_offset(Offset(int(&ask[0])))), ask[1]);
        }
        for ask in list(&case["previous_next"]) {
            assert_eq!(or_null(cache.previous_epoch(epoch(&ask[0]))), ask[1], "{ask}");
            assert_eq!(or_null(cache.next_epoch(epoch(&ask[0]))), ask[2], "{ask}");
        }
        let text = String::from_utf8(disk.read_small("e").unwrap()).unwrap();
        assert_eq!(text, case["checkpoint"].as_str().unwrap(), "case {}", case["id"]);
        assert_eq!(EpochCache::open(&disk, "e").unwrap().entries(), cache.entries());
    }
}
