//! The numbers that lessons tell: sparse index, lookup of 368776, rolls, the twin on segments.

use super::*;
use crate::types::{Language, Position};

/// The log of lesson a04: begins at 368769, seven batches of 165, 166, 166 and four times 100 bytes.
fn a04(disk: &mut Disk) -> Log {
    let mut log = create(disk, &[("index.interval.bytes", "400")]);
    log.truncate_fully_and_start_at(disk, Offset(368_769), &mut Vec::new()).unwrap();
    let sizes: Vec<u32> = [95, 96, 96, 32, 32, 32, 32]
        .iter()
        .map(|&size| append(&mut log, disk, 1, &[size]).size_bytes)
        .collect();
    assert_eq!(sizes, [165, 166, 166, 100, 100, 100, 100]);
    log
}

#[test]
fn sparse_index_gets_entry_3_497_and_no_other() {
    let mut disk = Disk::memory();
    let log = a04(&mut disk);
    assert_eq!(index_entries(&log, &disk), [[(368_772, 497)]]);
    let bytes = disk.read(log.segments()[0].index.file, 0, 8).unwrap();
    assert_eq!(bytes, [0, 0, 0, 3, 0, 0, 1, 0xf1]);
    assert_eq!(log.segments()[0].bytes_since_last_index_entry, 400);
    assert_eq!(disk.size(log.segments()[0].index.file), 10_485_760);
    assert_eq!(disk.size(log.segments()[0].time_index.file), 10_485_756);
}

#[test]
fn lookup_of_368776_goes_through_entry_3_497_to_byte_897() {
    let mut disk = Disk::memory();
    let mut log = a04(&mut disk);
    append(&mut log, &mut disk, 1, &[32]);
    let steps: Vec<LookupStep> = log.lookup(&disk, Offset(368_776)).collect();
    assert!(matches!(steps[0], LookupStep::ChooseSegment { base_offset: Offset(368_769), .. }));
    let answer =
        LookupStep::IndexAnswer { entry: Some((0, Offset(368_772))), position: Position(497) };
    assert!(steps.contains(&answer), "{steps:?}");
    let scanned = steps.iter().filter(|step| matches!(step, LookupStep::ScanBatch { .. })).count();
    assert_eq!(scanned, 5);
    let found = |batches_skipped, bytes_scanned| LookupStep::Found {
        segment: Offset(368_769),
        position: Position(897),
        base_offset: Offset(368_776),
        last_offset: Offset(368_776),
        size_bytes: 100,
        batches_skipped,
        bytes_scanned,
    };
    assert_eq!(steps.last(), Some(&found(4, 400)));
    assert_eq!(log.translate_offset(&disk, Offset(368_776)), found(4, 400));
    assert_eq!(log.lookup_without_index(&disk, Offset(368_776)).last(), Some(found(7, 897)));
    for step in &steps {
        assert!(step.sentence(Language::English).is_ascii());
        assert!(!step.sentence(Language::Chinese).is_ascii());
    }
    let outside = log.lookup(&disk, Offset(999_999)).last().unwrap();
    assert!(outside.sentence(Language::English).starts_with("OFFSET_OUT_OF_RANGE"));
    assert!(matches!(log.lookup(&disk, Offset(368_777)).last(), Some(LookupStep::AtEnd { .. })));
}

#[test]
fn read_begins_at_the_batch_and_gives_it_whole_even_over_the_limit() {
    let mut disk = Disk::memory();
    let mut log = create(&mut disk, &[]);
    for _ in 0..4 {
        append(&mut log, &mut disk, 1, &[20, 20, 20]);
    }
    let size = log.active_segment().size_bytes as usize / 4;
    let end = log.log_end_offset();
    let first = log.read(&disk, Offset(4), 10, end, true).unwrap();
    assert_eq!(
        (first.base_offset, first.next_offset, first.bytes.len()),
        (Offset(3), Offset(6), size)
    );
    assert_eq!(first.position, Position(size as u32));
    let none = log.read(&disk, Offset(4), 10, end, false).unwrap();
    assert!(none.bytes.is_empty() && none.first_entry_incomplete);
    let two = log.read(&disk, Offset(3), 2 * size + 5, end, true).unwrap();
    assert_eq!((two.next_offset, two.bytes.len()), (Offset(9), 2 * size));
    let below = log.read(&disk, Offset(3), 1 << 20, Offset(6), true).unwrap();
    assert_eq!((below.next_offset, below.bytes.len()), (Offset(6), size));
    assert!(log.read(&disk, Offset(6), 1 << 20, Offset(6), true).unwrap().bytes.is_empty());
    assert!(log.read(&disk, end, 1 << 20, end, true).unwrap().bytes.is_empty());
    let error = log.read(&disk, end + 1, 1 << 20, end, true).unwrap_err();
    assert_eq!(error.kind, StorageErrorKind::OffsetOutOfRange);
}

#[test]
fn segments_roll_by_size_time_and_full_time_index() {
    let mut disk = Disk::memory();
    let mut log = create(&mut disk, &[("segment.bytes", "300"), ("segment.ms", "1000")]);
    assert_eq!(append(&mut log, &mut disk, 5, &[31]).size_bytes, 99);
    assert_eq!(append(&mut log, &mut disk, 1005, &[32]).rolled, None);
    assert_eq!(append(&mut log, &mut disk, 5, &[33]).rolled, None);
    assert_eq!(log.active_segment().size_bytes, 300);
    let rolled = append(&mut log, &mut disk, 1006, &[32]);
    assert_eq!((rolled.rolled, rolled.segment), (Some(RollReason::Size), Offset(3)));
    assert_eq!(append(&mut log, &mut disk, 2006, &[32]).rolled, None);
    assert_eq!(append(&mut log, &mut disk, 2007, &[32]).rolled, Some(RollReason::Time));
    assert_eq!(log.segments().iter().map(|s| s.base_offset.0).collect::<Vec<_>>(), [0, 3, 5]);
    assert_eq!(time_entries(&log, &disk)[..2], [[(1005, 1)], [(2006, 4)]]);

    let settings = [("index.interval.bytes", "0"), ("segment.index.bytes", "48")];
    let mut disk = Disk::memory();
    let mut log = create(&mut disk, &settings);
    for n in 0..4 {
        assert_eq!(append(&mut log, &mut disk, 10 + n, &[10]).rolled, None);
    }
    assert_eq!(log.active_segment().time_index.entries(), 3);
    assert_eq!(append(&mut log, &mut disk, 20, &[10]).rolled, Some(RollReason::TimeIndexFull));
    let mut events = Vec::new();
    log.roll(&mut disk, NOW, RollReason::Requested, &mut events).unwrap();
    assert_eq!((log.segments().len(), log.recovery_point()), (3, Offset(5)));
    for event in &events {
        let sentences = [event.sentence(Language::English), event.sentence(Language::Chinese)];
        assert!(sentences.iter().all(|sentence| sentence.starts_with("orders-0")));
    }
}

#[test]
fn too_large_batches_are_refused_and_leave_nothing() {
    let mut disk = Disk::memory();
    let mut log = create(&mut disk, &[("segment.bytes", "200"), ("max.message.bytes", "150")]);
    let mut append = |sizes: &[usize]| {
        let mut bytes = batch(1, sizes);
        log.append_as_leader(&mut disk, &mut bytes, LeaderEpoch(0), NOW, &mut Vec::new())
            .map_err(|e| e.kind)
    };
    assert_eq!(append(&[300]), Err(StorageErrorKind::RecordBatchTooLarge));
    assert_eq!(append(&[100]), Err(StorageErrorKind::RecordTooLarge));
    assert!(append(&[30]).is_ok());
    assert_eq!(log.log_end_offset(), Offset(1));
}

/// The twin `segments-and-sparse-index`, recorded on a real cluster.
#[test]
fn five_hundred_records_make_the_segments_and_entries_of_the_real_cluster() {
    let mut disk = Disk::memory();
    let settings =
        [("segment.bytes", "16384"), ("index.interval.bytes", "4096"), ("retention.ms", "-1")];
    let mut log = create(&mut disk, &settings);
    for n in 0..500 {
        append(&mut log, &mut disk, 1_700_000_000_000 + 10 * n, &[100]);
    }
    let bases = [0, 96, 192, 288, 384, 480];
    assert_eq!(log.segments().iter().map(|s| s.base_offset.0).collect::<Vec<_>>(), bases);
    let sizes: Vec<u32> = log.segments().iter().map(|s| s.size_bytes).collect();
    assert_eq!(sizes, [16320, 16320, 16320, 16320, 16320, 3400]);
    let (index, times) = (index_entries(&log, &disk), time_entries(&log, &disk));
    for (n, base) in bases[..5].iter().enumerate() {
        assert_eq!(index[n], [(base + 25, 4250), (base + 50, 8500), (base + 75, 12750)]);
        let entry = |offset: i64| (1_700_000_000_000 + 10 * offset, offset);
        assert_eq!(
            times[n],
            [entry(base + 25), entry(base + 50), entry(base + 75), entry(base + 95)]
        );
    }
    assert!(index[5].is_empty() && times[5].is_empty());
    assert_eq!(disk.size(log.segments()[0].index.file), 24);
    assert_eq!(disk.size(log.segments()[0].time_index.file), 48);
}
