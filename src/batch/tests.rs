//! Vectors of Kafka's own classes, encode∘decode, and hostile bytes.

use super::*;
use crate::types::{LeaderEpoch, Offset, Timestamp};
use crate::vectors::{hex, hex_or_null, load};
use proptest::prelude::*;
use serde_json::Value;

fn int(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("number: {value}"))
}

fn headers(value: &Value) -> Vec<(String, Option<Vec<u8>>)> {
    let pair = |h: &Value| (h[0].as_str().unwrap().to_string(), hex_or_null(&h[1]));
    value.as_array().unwrap().iter().map(pair).collect()
}

/// Writes the input of a vector again.
fn rebuild(case: &Value) -> Vec<u8> {
    let mut builder = BatchBuilder::new(Offset(int(&case["base_offset"])))
        .with_epoch(LeaderEpoch(int(&case["leader_epoch"]) as i32))
        .with_producer(
            int(&case["producer_id"]),
            int(&case["producer_epoch"]) as i16,
            int(&case["base_sequence"]) as i32,
        );
    if case["transactional"] == true {
        builder = builder.transactional();
    }
    if case["control"] == true {
        builder = builder.control();
    }
    if let Some(time) = case["log_append_time"].as_i64() {
        builder = builder.with_log_append_time(Timestamp(time));
    }
    if let Some(time) = case["delete_horizon"].as_i64() {
        builder = builder.with_delete_horizon(Timestamp(time));
    }
    for record in case["records"].as_array().unwrap() {
        let new = NewRecord {
            timestamp: Timestamp(int(&record["timestamp"])),
            key: hex_or_null(&record["key"]),
            value: hex_or_null(&record["value"]),
            headers: headers(&record["headers"]),
        };
        let before = builder.clone();
        builder.push_at(Offset(int(&record["offset"])), &new);
        if before.next_offset() == Offset(int(&record["offset"])) {
            assert_eq!(before.estimate_with(&new), builder.size_bytes());
        }
    }
    let codec = Codec::from_name(case["compression"].as_str().unwrap()).unwrap();
    let builder = builder.compressed(codec, None);
    let size = builder.size_bytes();
    let bytes = builder.build();
    assert!(codec != Codec::None || size == bytes.len());
    bytes
}

/// The same for formats 0 and 1.
fn rebuild_messages(case: &Value) -> Vec<u8> {
    let codec = Codec::from_name(case["compression"].as_str().unwrap()).unwrap();
    let magic = int(&case["magic"]) as i8;
    let mut builder = MessageSetBuilder::new(magic, codec, Offset(int(&case["base_offset"])));
    if let Some(time) = case["log_append_time"].as_i64() {
        builder = builder.with_log_append_time(Timestamp(time));
    }
    for record in case["records"].as_array().unwrap() {
        let (key, value) = (hex_or_null(&record["key"]), hex_or_null(&record["value"]));
        let offset = Offset(int(&record["offset"]));
        let timestamp = Timestamp(int(&record["timestamp"]));
        builder.push_parts(offset, timestamp, key.as_deref(), value.as_deref());
    }
    builder.build()
}

fn check_read(entry: &Entry, want: &Value) {
    let header = &entry.header;
    assert_eq!(i64::from(header.magic), int(&want["magic"]));
    assert_eq!(header.size_bytes() as i64, int(&want["size"]));
    assert_eq!(i64::from(header.crc), int(&want["crc"]));
    assert_eq!(header.codec().to_string(), want["compression"]);
    assert_eq!(header.timestamp_type_name(), want["timestamp_type"]);
    assert_eq!(header.last_offset().0, int(&want["last_offset"]));
    assert_eq!(header.next_offset().0, int(&want["next_offset"]));
    assert_eq!(header.max_timestamp.0, int(&want["max_timestamp"]));
    if want["base_offset"].is_i64() {
        assert_eq!(header.base_offset.0, int(&want["base_offset"]));
    }
    if !header.is_message() {
        assert_eq!(i64::from(header.attributes), int(&want["attributes"]));
        assert_eq!(header.count().map(i64::from), want["count"].as_i64());
        assert_eq!(header.base_timestamp.0, int(&want["base_timestamp"]));
        assert_eq!(i64::from(header.partition_leader_epoch.0), int(&want["leader_epoch"]));
        assert_eq!(header.producer_id, int(&want["producer_id"]));
        assert_eq!(i64::from(header.producer_epoch), int(&want["producer_epoch"]));
        assert_eq!(i64::from(header.base_sequence), int(&want["base_sequence"]));
        assert_eq!(i64::from(header.last_sequence()), int(&want["last_sequence"]));
        assert_eq!(header.is_transactional(), want["transactional"] == true);
        assert_eq!(header.is_control(), want["control"] == true);
        assert_eq!(header.delete_horizon().map(|t| t.0), want["delete_horizon"].as_i64());
    }
    assert_eq!(entry.checksum_holds(), want["valid"] == true, "{want}");
    if want["valid"] != true {
        assert_eq!(verify(entry.bytes).unwrap_err().field, "crc");
        return;
    }
    let contents = entry.contents().unwrap();
    let got: Vec<_> = contents.iter().map(Result::unwrap).collect();
    let want = want["records"].as_array().unwrap();
    assert_eq!(got.len(), want.len());
    if let Some(first) = got.first()
        && header.is_message()
    {
        assert_eq!(entry.base_offset().unwrap(), first.offset);
    }
    for (got, want) in got.iter().zip(want) {
        assert_eq!(got.offset.0, int(&want["offset"]));
        assert_eq!(got.timestamp.0, int(&want["timestamp"]));
        assert_eq!(got.size_bytes as i64, int(&want["size"]));
        assert_eq!(i64::from(got.sequence), want["sequence"].as_i64().unwrap_or(-1));
        assert!(got.checksum_holds() && got.bytes().len() == got.size_bytes);
        assert_eq!(got.key.map(<[u8]>::to_vec), hex_or_null(&want["key"]));
        assert_eq!(got.value.map(<[u8]>::to_vec), hex_or_null(&want["value"]));
        assert_eq!(got.headers(), headers(&want["headers"]));
        if let Some(name) = want["control_type"].as_str() {
            let control = ControlType::from_key(got.key.unwrap()).unwrap();
            assert_eq!(control.to_string(), name);
            assert_eq!(control.key(), got.key.unwrap());
        }
    }
    check_fields_inside(entry);
}

/// The fields of the records in a compressed entry cover what was unpacked, and each record is among them.
fn check_fields_inside(entry: &Entry) {
    let Some(unpacked) = unpacked(entry.bytes).unwrap() else { return };
    let mut end = 0;
    for field in &unpacked.fields {
        assert_eq!(field.start, end, "{field:?}");
        end += field.width;
    }
    assert_eq!(end, unpacked.bytes.len());
    let first = if entry.header.is_message() { "offset" } else { "length" };
    let begun = unpacked.fields.iter().filter(|field| field.name == first).count();
    assert_eq!(begun, entry.records().unwrap().len());
}

#[test]
fn record_batch_vectors_of_kafka_hold() {
    let vectors = load("record_batches");
    let (mut exact, mut read) = (0, 0);
    for case in vectors["cases"].as_array().unwrap() {
        let bytes = hex(&case["bytes"]);
        if case["records"].is_array() && case["magic"].is_i64() {
            let rebuilt = if case["magic"] == 2 { rebuild(case) } else { rebuild_messages(case) };
            if case["exact"] == true {
                assert_eq!(rebuilt, bytes, "case {}", case["id"]);
                exact += 1;
            }
            // Another compressor, the same records: both are read back to what was put in.
            let all = |bytes: &[u8]| -> Vec<Record> {
                entries(bytes).flat_map(|entry| entry.unwrap().records().unwrap()).collect()
            };
            assert_eq!(all(&rebuilt), all(&bytes), "case {}", case["id"]);
        }
        let mut wanted = case["batches"].as_array().unwrap().iter();
        for entry in entries(&bytes) {
            match entry {
                Ok(entry) => {
                    check_read(&entry, wanted.next().unwrap());
                    let start = entry.position as usize;
                    assert_eq!(&bytes[start..start + entry.bytes.len()], entry.bytes);
                    assert_cover(entry.bytes);
                    read += 1;
                }
                Err(error) => assert!(case["about"].as_str().unwrap().contains("cut"), "{error}"),
            }
        }
        assert_eq!(wanted.next(), None, "case {}", case["id"]);
    }
    assert!(exact > 0 && read >= exact, "{exact} {read}");
}

/// The fields of a batch cover it completely and without overlap.
fn assert_cover(batch: &[u8]) {
    let mut end = 0;
    for field in fields(batch) {
        assert_eq!(field.start, end, "{field:?}");
        assert!(field.width > 0, "{field:?}");
        end += field.width;
    }
    assert_eq!(end, batch.len());
}

fn sample() -> Vec<u8> {
    let mut builder =
        BatchBuilder::new(Offset(300)).with_epoch(LeaderEpoch(7)).with_producer(9, 1, 5);
    for (n, key) in [Some("a"), None, Some("")].into_iter().enumerate() {
        builder.push(&NewRecord {
            timestamp: Timestamp(1_704_067_200_000 + 100 * n as i64),
            key: key.map(|key| key.as_bytes().to_vec()),
            value: (n != 2).then(|| "订单".as_bytes().to_vec()),
            headers: vec![("h".into(), Some(b"1".to_vec())), ("h".into(), None)],
        });
    }
    builder.build()
}

#[test]
fn layout_table_has_no_gap_and_ends_at_61() {
    let mut end = 0;
    for field in FIELDS {
        assert_eq!(field.start, end, "{}", field.name);
        end += field.width;
    }
    assert_eq!(end, HEADER_SIZE_BYTES);
}

#[test]
fn leader_edit_leaves_the_checksum_alone() {
    let mut batch = sample();
    let before = Header::parse(&batch).unwrap();
    set_base_offset_and_epoch(&mut batch, Offset(1 << 40), LeaderEpoch(12));
    verify(&batch).unwrap();
    let after = Header::parse(&batch).unwrap();
    assert_eq!(after.crc, before.crc);
    assert_eq!(
        (after.base_offset, after.partition_leader_epoch),
        (Offset(1 << 40), LeaderEpoch(12))
    );
    assert_eq!(records(&batch).unwrap()[2].offset, Offset((1 << 40) + 2));

    set_max_timestamp(&mut batch, true, Timestamp(5));
    verify(&batch).unwrap();
    assert!(records(&batch).unwrap().iter().all(|record| record.timestamp == Timestamp(5)));
}

#[test]
fn every_prefix_is_an_error_that_names_a_field() {
    let batch = sample();
    for cut in 0..batch.len() {
        let error = verify(&batch[..cut]).unwrap_err();
        assert!(!error.field.is_empty() && !error.to_string().is_empty());
        assert!(records(&batch[..cut]).is_err());
        assert!(batches(&batch[..cut]).all(|batch| batch.is_err()));
        assert_cover_of_any(&batch[..cut]);
    }
    assert_eq!(verify(&batch[..5]).unwrap_err().field, "base_offset");
    assert_eq!(verify(&batch[..18]).unwrap_err().field, "crc");
    assert_eq!(verify(&batch[..60]).unwrap_err().field, "records_count");
}

fn assert_cover_of_any(bytes: &[u8]) {
    let total: usize = fields(bytes).iter().map(|field| field.width).sum();
    assert_eq!(total, bytes.len());
}

#[test]
fn every_flipped_bit_is_found_where_the_checksum_reaches() {
    let good = sample();
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            let _ = (records(&bad), batches(&bad).count());
            assert_cover_of_any(&bad);
            match verify(&bad) {
                // Base offset and leader epoch are the leader's to change: no checksum covers them.
                Ok(()) => assert!(at < 8 || (12..16).contains(&at), "byte {at} bit {bit}"),
                Err(error) => assert!(!error.field.is_empty()),
            }
        }
    }
}

#[test]
fn lengths_of_nothing_minus_one_and_most_are_refused() {
    for value in [i32::MIN, -1, 0, 13, 14, 48, i32::MAX] {
        let mut bad = sample();
        bad[8..12].copy_from_slice(&value.to_be_bytes());
        assert_eq!(verify(&bad).unwrap_err().field, "batch_length");
        let error = batches(&bad).next().unwrap().unwrap_err();
        assert_eq!(error.field, "batch_length", "{value}");
    }
    for value in [i32::MIN, -1, 0, 2, 4, i32::MAX] {
        let mut bad = sample();
        bad[57..61].copy_from_slice(&value.to_be_bytes());
        assert!(records(&bad).is_err(), "{value}");
        assert_cover_of_any(&bad);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn decode_gives_what_was_encoded(
        base in 0i64..1 << 50,
        input in prop::collection::vec((
            any::<i32>(),
            prop::option::of(prop::collection::vec(any::<u8>(), 0..200)),
            prop::option::of(prop::collection::vec(any::<u8>(), 0..200)),
            prop::collection::vec((".{0,5}", prop::option::of(prop::collection::vec(any::<u8>(), 0..9))), 0..3),
        ), 1..20),
    ) {
        let mut builder = BatchBuilder::new(Offset(base));
        let mut want = Vec::new();
        for (time, key, value, headers) in input {
            let new = NewRecord { timestamp: Timestamp(time.into()), key, value, headers };
            prop_assert_eq!(builder.estimate_with(&new), {
                let mut copy = builder.clone();
                copy.push(&new);
                copy.size_bytes()
            });
            let offset = builder.push(&new);
            let NewRecord { timestamp, key, value, headers } = new;
            want.push(Record { offset, timestamp, key, value, headers });
        }
        let batch = builder.build();
        verify(&batch).unwrap();
        prop_assert_eq!(records(&batch).unwrap(), want);
        assert_cover(&batch);
    }

    #[test]
    fn any_bytes_decode_or_fail_with_a_field(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        tail in any::<bool>(),
    ) {
        let mut bytes = bytes;
        if tail {
            let mut batch = sample();
            let keep = batch.len().min(HEADER_SIZE_BYTES);
            batch.truncate(keep);
            batch.extend(&bytes);
            let length = (batch.len() - LOG_OVERHEAD_BYTES) as i32;
            batch[8..12].copy_from_slice(&length.to_be_bytes());
            bytes = batch;
        }
        let _ = (records(&bytes), verify(&bytes), batches(&bytes).count());
        assert_cover_of_any(&bytes);
    }
}
