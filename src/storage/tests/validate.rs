//! What a leader makes of what it is sent: kept, corrected, written anew or refused, and the log is untouched by a
//! refusal.

use super::*;
use crate::batch::{BatchBuilder, Codec, Entry, MessageSetBuilder, entries};
use crate::era;

fn log_of(kafka: &str, settings: &[(&str, &str)]) -> (Disk, Log) {
    let mut disk = Disk::memory();
    let mut log = create(&mut disk, &[]);
    let mut config = LogConfig::of(era::of(kafka).unwrap());
    for (name, value) in settings {
        assert_eq!(config.set(name, value), Ok(true), "{name}");
    }
    log.set_config(config);
    (disk, log)
}

fn append(disk: &mut Disk, log: &mut Log, bytes: &[u8]) -> Result<Vec<Event>> {
    let mut events = Vec::new();
    log.append_as_leader(disk, &mut bytes.to_vec(), LeaderEpoch(4), NOW, &mut events)?;
    Ok(events)
}

fn stored(disk: &Disk, log: &Log) -> Vec<u8> {
    log.read(disk, log.log_start_offset(), 1 << 20, log.log_end_offset(), true)
        .unwrap()
        .bytes
        .to_vec()
}

fn set(magic: i8, codec: Codec, offsets: &[i64]) -> Vec<u8> {
    let mut set = MessageSetBuilder::new(magic, codec, Offset(offsets[0]));
    for &offset in offsets {
        set.push_parts(Offset(offset), Timestamp(5), Some(b"k"), Some(b"v"));
    }
    set.build()
}

#[test]
fn a_set_of_format_1_stays_where_its_inner_offsets_count_from_0() {
    let (mut disk, mut log) = log_of("0.10.2", &[]);
    let good = set(1, Codec::Gzip, &[0, 1, 2]);
    let events = append(&mut disk, &mut log, &good).unwrap();
    assert!(events.iter().all(|event| event.kind() != "Recompressed"));
    let gap = set(1, Codec::Gzip, &[0, 1, 7]);
    let events = append(&mut disk, &mut log, &gap).unwrap();
    assert!(events.iter().any(|event| event.kind() == "Recompressed"));
    let bytes = stored(&disk, &log);
    let all: Vec<Entry> = entries(&bytes).map(|entry| entry.unwrap()).collect();
    assert_eq!(all[0].bytes[12..], good[12..], "only the wrapper's offset is set");
    let offsets = all.iter().flat_map(|entry| entry.records().unwrap()).map(|r| r.offset.0);
    assert_eq!(offsets.collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    assert_eq!(log.latest_epoch(), LeaderEpoch::NONE, "format 1 knows no leader epoch");
}

#[test]
fn sets_of_format_0_and_1_become_batches_of_format_2() {
    for magic in [0, 1] {
        for codec in [Codec::None, Codec::Snappy] {
            let (mut disk, mut log) = log_of("2.1", &[]);
            let events = append(&mut disk, &mut log, &set(magic, codec, &[0, 1, 2])).unwrap();
            assert!(events.iter().any(|event| event.kind() == "Converted"));
            let bytes = stored(&disk, &log);
            let entry = Entry::parse(&bytes).unwrap();
            assert_eq!((entry.magic, entry.codec(), entry.records_count), (2, codec, 3));
            assert_eq!(entry.partition_leader_epoch, LeaderEpoch(4));
            let time = if magic == 0 { Timestamp::NONE } else { Timestamp(5) };
            assert!(entry.records().unwrap().iter().all(|record| record.timestamp == time));
        }
    }
}

#[test]
fn a_wrong_greatest_time_is_corrected() {
    let (mut disk, mut log) = log_of("4.3", &[]);
    let mut builder = BatchBuilder::new(Offset(0));
    builder.push(&NewRecord { timestamp: Timestamp(9), ..NewRecord::default() });
    let mut bytes = builder.build();
    crate::batch::set_max_timestamp(&mut bytes, false, Timestamp(1 << 40));
    append(&mut disk, &mut log, &bytes).unwrap();
    let bytes = stored(&disk, &log);
    assert_eq!(Entry::parse(&bytes).unwrap().max_timestamp, Timestamp(9));
}

#[test]
fn what_is_refused_leaves_the_log_alone() {
    use StorageErrorKind::*;
    let keyless = {
        let mut builder = BatchBuilder::new(Offset(0));
        builder.push(&NewRecord::default());
        builder.build()
    };
    let two_formats = [set(0, Codec::None, &[0]), set(1, Codec::None, &[1])].concat();
    let idempotent = {
        let mut builder = BatchBuilder::new(Offset(0)).with_producer(7, 0, 0);
        builder.push(&NewRecord::default());
        builder.build()
    };
    let zstd = {
        let mut builder = BatchBuilder::new(Offset(0)).compressed(Codec::Zstd, None);
        builder.push(&NewRecord::default());
        builder.build()
    };
    let two_compressed = [zstd.clone(), zstd.clone()].concat();
    let mut flipped = keyless.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let old = [("message.format.version", "0.10.0")];
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [u8], StorageErrorKind);
    let cases: [Case; 7] = [
        ("4.3", &[("cleanup.policy", "compact")], &keyless, InvalidRecord),
        ("4.3", &[("max.message.bytes", "60")], &keyless, RecordTooLarge),
        ("4.3", &[], &two_formats, InvalidRecord),
        ("4.3", &[], &two_compressed, InvalidRecord),
        ("4.3", &[], &flipped, Corrupt),
        ("2.1", &old, &idempotent, UnsupportedForMessageFormat),
        ("2.1", &old, &zstd, UnsupportedCompressionType),
    ];
    for (number, (kafka, settings, bytes, kind)) in cases.into_iter().enumerate() {
        let (mut disk, mut log) = log_of(kafka, settings);
        let error = append(&mut disk, &mut log, bytes).unwrap_err();
        assert_eq!(error.kind, kind, "case {number}: {error}");
        assert!(error.refusal().is_some());
        assert_eq!((log.log_end_offset(), log.size_bytes()), (Offset(0), 0));
    }
}
