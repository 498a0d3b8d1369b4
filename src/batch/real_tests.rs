//! Round trip over everything that real brokers wrote: each entry of each log is taken apart and put together again.

use super::*;
use crate::fixtures::each;
use crate::types::Offset;
use std::collections::BTreeMap;

/// The entry, made anew from what was read: identical bytes where nothing is compressed; else the same header around
/// the same compressed bytes, and the records inside encoded to what was unpacked.
fn check_again(entry: &Entry, path: &str) {
    let at = || format!("{path} at {}: {:?}", entry.position, entry.header);
    let header = entry.header;
    let contents = entry.contents().unwrap_or_else(|error| panic!("{}: {error}", at()));
    let records: Vec<_> = contents.iter().collect::<Result<_, _>>().unwrap_or_else(|error| {
        panic!("{}: {error}", at());
    });
    if header.is_message() {
        let mut again = Vec::new();
        for record in &records {
            let inner = record.message.unwrap();
            let mut one = MessageSetBuilder::new(inner.magic, Codec::None, inner.base_offset);
            if inner.timestamp_type() == TimestampType::LogAppendTime {
                one = one.with_log_append_time(inner.max_timestamp);
            }
            one.push_parts(inner.base_offset, inner.max_timestamp, record.key, record.value);
            again.extend(one.build());
        }
        assert!(again == contents.bytes(), "{}", at());
        if let Some(packed) = entry.compressed().unwrap() {
            // The wrapper is a message like another, whose value happens to be a set.
            let mut wrapper = MessageSetBuilder::new(header.magic, Codec::None, header.base_offset);
            if header.timestamp_type() == TimestampType::LogAppendTime {
                wrapper = wrapper.with_log_append_time(header.max_timestamp);
            }
            let time = header.max_timestamp;
            wrapper.push_parts(header.base_offset, time, None, Some(packed));
            let mut wrapper = wrapper.build();
            wrapper[17] = header.attributes as u8;
            message::put_message_crc(&mut wrapper);
            assert!(wrapper == entry.bytes, "{}", at());
        }
        return;
    }
    let start = if contents.is_unpacked() { 0 } else { HEADER_SIZE_BYTES };
    let mut builder = BatchBuilder::new(header.base_offset);
    builder = builder.with_delete_horizon(header.base_timestamp); // whatever it is: the deltas count from it
    for record in &records {
        let mut time = record.timestamp;
        if header.timestamp_type() == TimestampType::LogAppendTime {
            let mut at = 0;
            let bytes = record.bytes();
            varint::read_i32(bytes, &mut at).unwrap();
            at += 1;
            let delta = varint::read_i64(bytes, &mut at).unwrap();
            time = crate::types::Timestamp(header.base_timestamp.0 + delta);
        }
        builder.push_parts(record.offset, time, record.key, record.value, &record.headers());
    }
    let again = builder.build();
    assert!(again[HEADER_SIZE_BYTES..] == contents.bytes()[start..], "{}", at());
    assert!(header.wrap(&entry.bytes[HEADER_SIZE_BYTES..]) == entry.bytes, "{}", at());
}

#[test]
fn every_entry_of_every_real_log_is_encoded_to_its_own_bytes() {
    let mut seen: BTreeMap<(i8, String), u32> = BTreeMap::new();
    each("", |case| {
        for (path, bytes) in &case.files {
            let is_log = path.ends_with(".log") || path.ends_with(".checkpoint");
            if !is_log || path.starts_with("dump/") {
                continue;
            }
            let place = format!("{}/{path}", case.name);
            let mut last = Offset::NONE;
            for entry in entries(bytes) {
                let Ok(entry) = entry else { break }; // a torn tail is the business of recovery
                if !entry.checksum_holds() {
                    break;
                }
                assert!(entry.last_offset() > last, "{place}: offsets rise");
                last = entry.last_offset();
                check_again(&entry, &place);
                let total: usize = fields(entry.bytes).iter().map(|field| field.width).sum();
                assert_eq!(total, entry.bytes.len());
                *seen.entry((entry.magic, entry.codec().to_string())).or_default() += 1;
            }
        }
    });
    assert!(!seen.is_empty());
    if std::env::var_os("KLAB_FIXTURES").is_none() {
        assert!(seen.len() >= 13, "all formats and codecs: {seen:?}");
    }
}
