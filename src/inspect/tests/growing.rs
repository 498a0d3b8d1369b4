//! A directory that grows while it is watched: what is new is told once, what is half written not yet.

use super::*;
use std::io::Write;

fn append(path: &std::path::Path, bytes: &[u8]) {
    let mut file = fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn batches_segments_and_partitions_are_told_once() {
    let whole = sample().unwrap();
    let source = whole.directory.join("broker-1/plain-0");
    let good = fs::read(source.join("00000000000000000000.log")).unwrap();
    let place = whole.find_partition(&TopicPartition::parse("plain-0").unwrap(), None).unwrap();
    let rows: Vec<BatchRow> = whole.batches(place, 0).take(3).collect();
    let part = |row: &BatchRow| &good[row.position as usize..row.end() as usize];

    let directory = tempfile::tempdir().unwrap();
    let here = directory.path().join("grow-0");
    fs::create_dir(&here).unwrap();
    let log = here.join("00000000000000000000.log");
    append(&log, part(&rows[0]));
    let mut inspection = Inspection::open(directory.path()).unwrap();
    assert_eq!(inspection.refresh(), []);

    append(&log, &part(&rows[1])[..30]);
    assert_eq!(inspection.refresh(), [], "half a batch is not told");
    append(&log, &part(&rows[1])[30..]);
    let told = inspection.refresh();
    assert!(
        matches!(&told[..], [Grown::Batch { row, .. }] if row.base_offset == rows[1].base_offset)
    );
    assert_eq!(inspection.refresh(), []);
    let only = Place { node: 0, partition: 0 };
    assert_eq!(inspection.end(only).offset, Some(rows[1].last_offset + 1));

    let next = here.join(file_name(rows[2].base_offset, ".log"));
    append(&next, part(&rows[2]));
    let told = inspection.refresh();
    assert!(matches!(&told[..], [Grown::Segment { .. }, Grown::Batch { .. }]), "{told:?}");
    assert!(told.iter().all(|one| one.json()["partition"] == "grow-0" && !one.line().is_empty()));

    let other = directory.path().join("new-0");
    fs::create_dir(&other).unwrap();
    append(&other.join("00000000000000000000.log"), part(&rows[0]));
    let told = inspection.refresh();
    assert!(told.iter().any(|one| matches!(one, Grown::Partition { .. })), "{told:?}");
    assert!(told.iter().any(|one| matches!(one, Grown::Batch { .. })), "{told:?}");

    let mut bent = part(&rows[2]).to_vec();
    bent[70] ^= 1;
    append(&next, &bent);
    let told = inspection.refresh();
    assert!(matches!(&told[..], [Grown::Batch { wrong: Some(_), .. }]), "{told:?}");
    assert!(told[0].line().contains("WRONG"), "{}", told[0].line());
    fs::OpenOptions::new().write(true).open(&next).unwrap().set_len(5).unwrap();
    let told = inspection.refresh();
    assert!(matches!(&told[..], [Grown::Cut { bytes: (_, 5), .. }]), "{told:?}");
    assert_eq!((told[0].json()["what"].as_str(), inspection.refresh()), (Some("cut"), vec![]));

    let gone = directory.path().join("new-0.0123456789abcdef0123456789abcdef-delete");
    fs::rename(&other, &gone).unwrap();
    let told = inspection.refresh();
    assert!(!told.iter().any(|one| matches!(one, Grown::Batch { .. })), "{told:?}");
    assert!(told.iter().any(|one| one.line().contains("renamed for deletion")), "{told:?}");
    fs::rename(&gone, &other).unwrap();
    inspection.refresh();

    fs::remove_file(&log).unwrap();
    fs::remove_dir_all(&other).unwrap();
    let told = inspection.refresh();
    assert!(told.iter().any(|one| matches!(one, Grown::PartitionGone { .. })), "{told:?}");
    assert!(told.iter().any(|one| matches!(one, Grown::SegmentGone { .. })), "{told:?}");
    assert_eq!(inspection.refresh(), []);
}
