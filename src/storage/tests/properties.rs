//! Search against plain scan, on logs of any shape; and what cutting and reopening leave.

use super::*;
use crate::types::Position;
use proptest::prelude::*;

/// Plain scan: all batches of the log as (segment, position, base, last, max timestamp), and all records.
type Batches = Vec<(Offset, Position, Offset, Offset)>;

fn scan(log: &Log, disk: &Disk) -> (Batches, Vec<(Offset, Timestamp)>) {
    let (mut batches, mut records) = (Vec::new(), Vec::new());
    for segment in log.segments() {
        for found in segment.headers(disk, Position(0)) {
            let (position, header) = found.unwrap();
            batches.push((segment.base_offset, position, header.base_offset, header.last_offset()));
            let bytes = disk.read(segment.log, u64::from(position.0), header.size_bytes()).unwrap();
            let decoded = crate::batch::records(&bytes).unwrap();
            records.extend(decoded.iter().map(|record| (record.offset, record.timestamp)));
        }
    }
    (batches, records)
}

fn check(log: &Log, disk: &Disk) {
    let (batches, records) = scan(log, disk);
    let end = log.log_end_offset();
    for offset in log.log_start_offset().0..end.0 {
        let want = batches.iter().find(|batch| batch.3.0 >= offset);
        let found = log.translate_offset(disk, Offset(offset));
        let without = log.lookup_without_index(disk, Offset(offset)).last().unwrap();
        let read = log.read(disk, Offset(offset), 1, end, true).unwrap();
        let Some(&(segment, position, base, last)) = want else {
            assert!(matches!(found, LookupStep::AtEnd { .. }) && read.bytes.is_empty());
            continue;
        };
        for found in [found, without] {
            let LookupStep::Found { segment: s, position: p, base_offset, last_offset, .. } = found
            else {
                panic!("{offset}: {found:?}")
            };
            assert_eq!((s, p, base_offset, last_offset), (segment, position, base, last));
        }
        assert_eq!((read.segment, read.position, read.base_offset), (segment, position, base));
        assert_eq!(read.next_offset, last + 1);
    }
    for segment in log.segments() {
        for n in 0..segment.index.entries() {
            let (offset, position) = segment.index.entry(disk, n).unwrap();
            let batch = (segment.base_offset, position, offset);
            assert!(
                batches.iter().any(|b| (b.0, b.1, b.3) == batch),
                "entry {batch:?} is no batch"
            );
        }
    }
    for timestamp in -1..60 {
        let want = records.iter().find(|record| record.1.0 >= timestamp).copied();
        let got = log.offset_for_timestamp(disk, Timestamp(timestamp)).unwrap();
        assert_eq!(got.map(|(offset, time, _)| (offset, time)), want, "timestamp {timestamp}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn search_finds_what_a_plain_scan_finds(
        appends in prop::collection::vec((prop::collection::vec((0i64..50, 0usize..60), 1..5), 0i64..8), 1..40),
        interval in 0u32..600,
        segment_bytes in 600u32..3000,
        cut in 0i64..120,
    ) {
        let mut disk = Disk::memory();
        let config = [("index.interval.bytes", interval), ("segment.bytes", segment_bytes)];
        let config = config.map(|(name, value)| (name, value.to_string()));
        let mut log = create(&mut disk, &[(config[0].0, &config[0].1), (config[1].0, &config[1].1)]);
        let mut events = Vec::new();
        for (records, gap) in appends {
            // As a follower of a compacted leader: gaps between batches, and times out of order.
            let mut builder = BatchBuilder::new(log.log_end_offset() + gap);
            for (timestamp, size) in records {
                let value = Some(vec![0; size]);
                builder.push(&NewRecord { timestamp: Timestamp(timestamp), value, ..NewRecord::default() });
            }
            log.append_as_follower(&mut disk, &builder.build(), NOW, &mut events).unwrap();
        }
        check(&log, &disk);
        let entries = index_entries(&log, &disk);
        let (end, config) = (log.log_end_offset(), log.config().clone());

        // Recovery from nothing gives the same.
        let mark = disk.mark();
        let opened = Log::open(
            &mut disk, log.directory(), &partition(), config.clone(), LoadFrom::unclean(Offset(0)), &mut events,
        ).unwrap();
        prop_assert_eq!(opened.log_end_offset(), end);
        prop_assert_eq!(index_entries(&opened, &disk), entries.clone());
        check(&opened, &disk);
        disk.undo_to(mark).unwrap();

        // A clean stop, too.
        let mut closed = log.clone();
        closed.close(&mut disk, &mut events).unwrap();
        let opened = Log::open(
            &mut disk, log.directory(), &partition(), config, LoadFrom::CLEAN, &mut events,
        ).unwrap();
        prop_assert_eq!(opened.log_end_offset(), end);
        prop_assert_eq!(index_entries(&opened, &disk), entries);
        check(&opened, &disk);
        disk.undo_to(mark).unwrap();

        log.truncate_to(&mut disk, Offset(cut), &mut events).unwrap();
        prop_assert_eq!(log.log_end_offset(), end.min(Offset(cut)));
        check(&log, &disk);
    }
}
