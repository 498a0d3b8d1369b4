//! Start-up after a clean stop, after a kill, after damage; cutting; the small files.

use super::*;
use crate::types::Position;

fn filled(disk: &mut Disk) -> Log {
    let mut log = create(disk, &[("segment.bytes", "1000"), ("index.interval.bytes", "200")]);
    for n in 0..30 {
        let mut bytes = batch(1000 + n, &[30, 30]);
        let epoch = LeaderEpoch((n / 10) as i32);
        log.append_as_leader(disk, &mut bytes, epoch, NOW, &mut Vec::new()).unwrap();
    }
    assert!(log.segments().len() > 3);
    log
}

fn from(clean: bool, recovery_point: Offset) -> LoadFrom {
    if clean { LoadFrom::CLEAN } else { LoadFrom::unclean(recovery_point) }
}

fn open(disk: &mut Disk, log: &Log, clean: bool, point: Offset) -> (Log, Vec<Event>) {
    let mut events = Vec::new();
    let config = log.config().clone();
    let opened =
        Log::open(disk, log.directory(), log.partition(), config, from(clean, point), &mut events)
            .unwrap();
    (opened, events)
}

#[test]
fn clean_close_trims_and_opening_gives_the_same_log() {
    let mut disk = Disk::memory();
    let mut log = filled(&mut disk);
    log.close(&mut disk, &mut Vec::new()).unwrap();
    let before = disk.digest().unwrap();
    let active = log.active_segment();
    assert_eq!(disk.size(active.index.file), u64::from(active.index.used_bytes()));
    assert_eq!(disk.flushed(active.log), u64::from(active.size_bytes));
    let (mut opened, events) = open(&mut disk, &log, true, Offset(0));
    let scanned = |event: &Event| matches!(event, Event::SegmentRecovered { .. });
    assert!(!events.iter().any(scanned), "{events:?}");
    assert_eq!(opened.log_end_offset(), Offset(60));
    assert_eq!(opened.epochs(), log.epochs());
    assert_eq!(index_entries(&opened, &disk), index_entries(&log, &disk));
    assert_eq!(disk.size(opened.active_segment().index.file), 10_485_760);
    opened.close(&mut disk, &mut Vec::new()).unwrap();
    assert_eq!(disk.digest().unwrap(), before);
}

#[test]
fn after_a_kill_the_indexes_are_made_anew_and_are_the_same() {
    let mut disk = Disk::memory();
    let log = filled(&mut disk);
    let (opened, events) = open(&mut disk, &log, false, Offset(0));
    assert_eq!(opened.log_end_offset(), Offset(60));
    assert_eq!(index_entries(&opened, &disk), index_entries(&log, &disk));
    let recovered = events.iter().filter(|e| matches!(e, Event::SegmentRecovered { .. })).count();
    assert_eq!(recovered, log.segments().len());
    let (_, events) = open(&mut disk, &log, false, log.recovery_point());
    let recovered = events.iter().filter(|e| matches!(e, Event::SegmentRecovered { .. })).count();
    assert_eq!(recovered, 1);
}

#[test]
fn first_bad_batch_cuts_its_segment_and_drops_the_later_ones() {
    let mut disk = Disk::memory();
    let log = filled(&mut disk);
    let second = &log.segments()[1];
    let (position, header) = second.headers(&disk, Position(0)).nth(2).unwrap().unwrap();
    disk.write_at(second.log, u64::from(position.0) + 70, b"!").unwrap();

    let mark = disk.mark();
    let (unnoticed, _) = open(&mut disk, &log, false, log.recovery_point());
    assert_eq!(unnoticed.log_end_offset(), Offset(60));
    let (believed, _) = open(&mut disk, &log, true, Offset(0));
    assert_eq!(believed.log_end_offset(), Offset(60));
    disk.undo_to(mark).unwrap();

    let (opened, events) = open(&mut disk, &log, false, Offset(0));
    assert_eq!(opened.log_end_offset(), header.base_offset);
    assert_eq!((opened.segments().len(), opened.active_segment().size_bytes), (2, position.0));
    let why = events.iter().find_map(|event| match event {
        Event::BadBatchFound { position, why, .. } => Some((*position, why.clone())),
        _ => None,
    });
    let (found, why) = why.unwrap();
    assert!(found == position && why.starts_with("crc at bytes"), "{why}");
    assert_eq!(opened.latest_epoch(), LeaderEpoch(0));
    assert!(!disk.exists(&format!(
        "broker-1/orders-0/{}",
        file_name(log.segments()[2].base_offset, ".log")
    )));
}

#[test]
fn a_cut_tail_goes_without_the_flag_and_stays_with_it() {
    let mut disk = Disk::memory();
    let mut log = filled(&mut disk);
    log.close(&mut disk, &mut Vec::new()).unwrap();
    let active = log.active_segment().clone();
    disk.truncate(active.log, u64::from(active.size_bytes) - 5).unwrap();
    let mark = disk.mark();
    let (believed, _) = open(&mut disk, &log, true, Offset(0));
    assert_eq!(
        (believed.log_end_offset(), believed.active_segment().size_bytes),
        (Offset(58), active.size_bytes - 5)
    );
    disk.undo_to(mark).unwrap();
    let (cut, _) = open(&mut disk, &log, false, Offset(0));
    assert_eq!(cut.log_end_offset(), Offset(58));
    assert!(cut.active_segment().size_bytes < active.size_bytes - 5);
    // Zeros behind the last batch keep a broker from starting after a clean stop.
    disk.append(active.log, &[0; 70]).unwrap();
    let config = log.config().clone();
    let error = Log::open(
        &mut disk,
        log.directory(),
        &partition(),
        config,
        LoadFrom::CLEAN,
        &mut Vec::new(),
    );
    let error = error.unwrap_err();
    assert_eq!(error.field, "batch_length");
    assert!(error.path.ends_with(".log") && error.end == error.start + 4, "{error}");
}

#[test]
fn every_cut_and_every_flipped_byte_of_a_segment_is_recovered_from() {
    let mut disk = Disk::memory();
    let mut log = create(&mut disk, &[("index.interval.bytes", "100")]);
    for n in 0..4 {
        append(&mut log, &mut disk, n, &[3]);
    }
    let active = log.active_segment().clone();
    let mark = disk.mark();
    for at in 0..u64::from(active.size_bytes) {
        disk.truncate(active.log, at).unwrap();
        let (opened, _) = open(&mut disk, &log, false, Offset(0));
        assert_eq!(opened.log_end_offset().0, at as i64 * 4 / i64::from(active.size_bytes));
        disk.undo_to(mark).unwrap();
        let byte = disk.read(active.log, at, 1).unwrap()[0];
        disk.write_at(active.log, at, &[byte ^ 0x55]).unwrap();
        for clean in [false, true] {
            let config = log.config().clone();
            let mut events = Vec::new();
            match Log::open(
                &mut disk,
                log.directory(),
                &partition(),
                config,
                from(clean, Offset(0)),
                &mut events,
            ) {
                Ok(opened) => {
                    for offset in 0..5 {
                        let _ =
                            opened.read(&disk, Offset(offset), 1000, opened.log_end_offset(), true);
                        let _ = opened.lookup(&disk, Offset(offset)).count();
                        let _ = opened.lookup_timestamp(&disk, Timestamp(offset)).count();
                    }
                }
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
        disk.undo_to(mark).unwrap();
    }
}

#[test]
fn missing_indexes_are_made_anew_and_leftovers_removed() {
    let mut disk = Disk::memory();
    let mut log = filled(&mut disk);
    log.close(&mut disk, &mut Vec::new()).unwrap();
    let files = |disk: &Disk| {
        let mut files = disk.digest().unwrap();
        // A scan of an older segment takes the snapshots behind it along, as in Kafka.
        files.retain(|path, _| !path.ends_with(".snapshot"));
        files
    };
    let before = files(&disk);
    let at = |name: &str| format!("broker-1/orders-0/{name}");
    disk.remove(&at("00000000000000000000.index")).unwrap();
    disk.replace(&at("00000000000000000007.index"), b"orphan").unwrap();
    disk.replace(&at("00000000000000000000.log.deleted"), b"gone").unwrap();
    let (mut opened, events) = open(&mut disk, &log, true, Offset(0));
    let missing =
        |event: &Event| matches!(event, Event::IndexMissing { base_offset: Offset(0), .. });
    assert!(events.iter().any(missing), "{events:?}");
    opened.close(&mut disk, &mut Vec::new()).unwrap();
    assert_eq!(files(&disk), before);
    disk.replace(&at("7.log"), b"").unwrap();
    let error =
        Log::look(&mut disk, log.directory(), &partition(), LogConfig::default()).unwrap_err();
    assert!(error.to_string().contains("7.log"));
}

#[test]
fn cutting_drops_the_batch_that_holds_the_offset() {
    let mut disk = Disk::memory();
    let mut log = filled(&mut disk);
    let mut events = Vec::new();
    log.truncate_to(&mut disk, Offset(60), &mut events).unwrap();
    assert!(events.is_empty());
    log.truncate_to(&mut disk, Offset(41), &mut events).unwrap();
    assert_eq!(log.log_end_offset(), Offset(41));
    let last = log.active_segment().headers(&disk, Position(0)).last().unwrap().unwrap().1;
    assert_eq!(last.last_offset(), Offset(39));
    assert_eq!((log.latest_epoch(), log.recovery_point() <= Offset(41)), (LeaderEpoch(2), true));
    assert_eq!(log.end_offset_for_epoch(LeaderEpoch(1)), (LeaderEpoch(1), Offset(40)));
    log.truncate_to(&mut disk, Offset(40), &mut events).unwrap();
    assert_eq!(log.latest_epoch(), LeaderEpoch(1));
    let mut bytes = batch(9, &[1]);
    log.append_as_leader(&mut disk, &mut bytes, LeaderEpoch(5), NOW, &mut events).unwrap();
    assert_eq!(log.epochs().latest().unwrap().start_offset, Offset(40));
    let refused = log.append_as_follower(&mut disk, &bytes, NOW, &mut events).unwrap_err();
    assert_eq!(refused.kind, StorageErrorKind::InvalidOffset);
    log.truncate_fully_and_start_at(&mut disk, Offset(100), &mut events).unwrap();
    assert_eq!((log.log_start_offset(), log.log_end_offset()), (Offset(100), Offset(100)));
    assert!(log.epochs().entries().is_empty());
}

#[test]
fn small_files_are_written_as_kafka_writes_them() {
    let mut disk = Disk::memory();
    let tp = |text| TopicPartition::parse(text).unwrap();
    let offsets = vec![(tp("orders-0"), Offset(12)), (tp("__consumer_offsets-3"), Offset(0))];
    write_offsets(&mut disk, RECOVERY_POINTS, &offsets).unwrap();
    let text = disk.read_small(RECOVERY_POINTS).unwrap();
    assert_eq!(text, b"0\n2\norders 0 12\n__consumer_offsets 3 0\n");
    assert_eq!(read_offsets(&disk, RECOVERY_POINTS).unwrap(), offsets);
    assert_eq!(read_offsets(&disk, "missing").unwrap(), []);
    for (text, field) in [
        ("1\n0\n", "version"),
        ("0\n2\na 0 1\n", "count"),
        ("0\nx\n", "count"),
        ("0\n1\na 0 one\n", "offset line"),
    ] {
        disk.replace("bad", text.as_bytes()).unwrap();
        assert_eq!(read_offsets(&disk, "bad").unwrap_err().field, field, "{text:?}");
    }
    disk.replace("crlf", b"0\r\n1\r\na 0 7\r\n").unwrap();
    assert_eq!(read_offsets(&disk, "crlf").unwrap()[0].1, Offset(7));
    disk.replace("empty", b"").unwrap();
    assert_eq!(read_offsets(&disk, "empty").unwrap(), []);

    let meta = MetaProperties {
        cluster_id: "c".into(),
        node_id: 1,
        directory_id: Uuid::from_chance([7; 16]),
    };
    write_meta_properties(&mut disk, META_PROPERTIES, &meta).unwrap();
    assert_eq!(read_meta_properties(&disk, META_PROPERTIES).unwrap(), meta);
    disk.replace("m", b"version=2\n").unwrap();
    assert!(read_meta_properties(&disk, "m").is_err());

    let id = Uuid::parse("_k1b40DUR2S61TG8E4J64A").unwrap();
    write_partition_metadata(&mut disk, "d", id).unwrap();
    let text = disk.read_small("d/partition.metadata").unwrap();
    assert_eq!(text, b"version: 0\ntopic_id: _k1b40DUR2S61TG8E4J64A");
    assert_eq!(read_partition_metadata(&disk, "d").unwrap(), Some(id));
    write_clean_shutdown(&mut disk, "d", 218).unwrap();
    assert_eq!(
        disk.read_small("d/.kafka_cleanshutdown").unwrap(),
        b"{\"version\":0,\"brokerEpoch\":218}"
    );
    assert_eq!(read_clean_shutdown(&disk, "d"), Some(218));
    assert_eq!(read_clean_shutdown(&disk, "elsewhere"), None);
}

#[test]
fn a_look_leaves_out_the_zeros_of_an_untrimmed_index() {
    let mut disk = Disk::memory();
    let mut log = create(&mut disk, &[]);
    for timestamp in 1..=40 {
        append(&mut log, &mut disk, timestamp, &[1_000]);
    }
    let (offsets, times) = (index_entries(&log, &disk), time_entries(&log, &disk));
    assert!(!offsets[0].is_empty());
    // The broker still runs, so the files have their preallocated size.
    let looked = Log::look(&mut disk, "broker-1/orders-0", &partition(), config(&[])).unwrap();
    assert_eq!(index_entries(&looked, &disk), offsets);
    assert_eq!(time_entries(&looked, &disk), times);
    assert_eq!(looked.log_end_offset(), Offset(40));
}

#[test]
fn a_look_at_an_untrimmed_index_without_entries_finds_none() {
    let mut disk = Disk::memory();
    let mut log = create(&mut disk, &[]);
    append(&mut log, &mut disk, 1, &[10]);
    let looked = Log::look(&mut disk, "broker-1/orders-0", &partition(), config(&[])).unwrap();
    assert_eq!(index_entries(&looked, &disk), [vec![]]);
}

#[test]
fn an_append_at_the_end_of_all_offsets_is_refused() {
    let mut disk = Disk::memory();
    let mut log = create(&mut disk, &[]);
    let start = Offset(i64::MAX - 1);
    log.truncate_fully_and_start_at(&mut disk, start, &mut Vec::new()).unwrap();
    let mut bytes = batch(1, &[1, 1]);
    let refused = log.append_as_leader(&mut disk, &mut bytes, LeaderEpoch(0), NOW, &mut Vec::new());
    assert!(refused.unwrap_err().refusal().is_some());
    assert_eq!(log.log_end_offset(), start);
    crate::batch::set_base_offset_and_epoch(&mut bytes, start, LeaderEpoch(0));
    let refused = log.append_as_follower(&mut disk, &bytes, NOW, &mut Vec::new());
    assert!(refused.unwrap_err().refusal().is_some());
    assert_eq!(log.log_end_offset(), start);
}
