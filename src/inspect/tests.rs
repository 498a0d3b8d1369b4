//! The directory that comes with the lab, against what Kafka's own dump tool says of it; and damaged directories.

use super::*;
use crate::trace::Canvas;
use crate::types::Language;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;

/// The dump tool's lines by `partition/file`.
fn dump() -> BTreeMap<String, Vec<String>> {
    let packed = include_bytes!("../../data/real-kafka-4.3.dump.txt.gz");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut text).unwrap();
    let mut files: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut file = String::new();
    for line in text.lines() {
        match line.strip_prefix("== ") {
            Some(name) => {
                file = name.to_owned();
                files.entry(file.clone()).or_default();
            }
            None => files.get_mut(&file).expect("a file").push(line.to_owned()),
        }
    }
    files
}

/// The word behind `name:` in a line of the dump tool.
fn word<'a>(line: &'a str, name: &str) -> &'a str {
    let (_, rest) =
        line.split_once(&format!("{name}: ")).unwrap_or_else(|| panic!("{name}: {line}"));
    rest.split(' ').next().unwrap()
}

fn sample_places(inspection: &Inspection) -> Vec<(Place, String)> {
    let name = |place| inspection.partition(place).unwrap().partition.to_string();
    inspection.places().map(|place| (place, name(place))).collect()
}

#[test]
fn every_batch_is_what_the_dump_tool_says() {
    let (inspection, dump) = (sample().unwrap(), dump());
    let mut seen = 0;
    for (place, name) in sample_places(&inspection) {
        for segment in &inspection.partition(place).unwrap().segments {
            let file = crate::storage::file_name(segment.base_offset, ".log");
            let lines = &dump[&format!("{name}/{file}")];
            let rows: Vec<BatchRow> =
                inspection.batches(place, segment).collect::<Result<_, _>>().unwrap();
            assert_eq!(rows.len(), lines.len(), "{name}/{file}");
            for (row, line) in rows.iter().zip(lines) {
                let header = row.header.unwrap();
                let ours = [
                    ("baseOffset", row.base_offset.to_string()),
                    ("lastOffset", row.last_offset.to_string()),
                    ("count", header.records_count.to_string()),
                    ("position", row.position.to_string()),
                    ("size", row.size_bytes.to_string()),
                    ("partitionLeaderEpoch", header.partition_leader_epoch.to_string()),
                    ("crc", header.crc.to_string()),
                    ("compresscodec", header.codec().to_string()),
                ];
                for (field, value) in ours {
                    assert_eq!(word(line, field), value, "{field}: {line}");
                }
                let decoded = inspection.verify(place, row).unwrap();
                if row.format.is_decoded() {
                    assert_eq!(decoded, Some(header.records_count as usize));
                }
                seen += 1;
            }
        }
    }
    assert!(seen > 300, "{seen}");
}

#[test]
fn index_entries_are_what_the_dump_tool_says() {
    let (inspection, dump) = (sample().unwrap(), dump());
    for (place, name) in sample_places(&inspection) {
        for segment in inspection.log(place).unwrap().segments() {
            let file = crate::storage::file_name(segment.base_offset, ".index");
            let ours: Vec<String> = (0..segment.index.entries())
                .map(|slot| {
                    let (offset, position) = segment.index.entry(inspection.disk(), slot).unwrap();
                    format!("offset: {offset} position: {}", position.0)
                })
                .collect();
            assert_eq!(ours, dump[&format!("{name}/{file}")], "{name}/{file}");
        }
    }
}

#[test]
fn a_lookup_finds_what_a_scan_finds() {
    let inspection = sample().unwrap();
    for (place, name) in sample_places(&inspection) {
        let Some((first, last)) = inspection.scan(place).offsets else { continue };
        for offset in (first.0..=last.0).map(Offset) {
            let row = inspection.batch_of(place, offset).unwrap();
            let steps = inspection.lookup(place, offset).unwrap();
            match steps.last().unwrap() {
                LookupStep::Found { segment, position, base_offset, .. } => {
                    let found = (*segment, u64::from(position.0), *base_offset);
                    assert_eq!(
                        found,
                        (row.segment, row.position, row.base_offset),
                        "{name} {offset}"
                    );
                }
                other => panic!("{name} {offset}: {other:?}"),
            }
        }
        let behind = inspection.lookup(place, Offset(last.0 + 1)).unwrap();
        assert!(matches!(behind.last(), Some(LookupStep::AtEnd { .. })), "{behind:?}");
    }
}

#[test]
fn the_listing_names_what_cannot_be_decoded() {
    let inspection = sample().unwrap();
    let text = inspection.overview(&Canvas::text(Language::English)).to_text();
    for wanted in ["plain-0", "0–394", "v2 gzip", "records cannot be opened yet", "stopped cleanly"]
    {
        assert!(text.contains(wanted), "{wanted}:\n{text}");
    }
    let json = inspection.json();
    let partitions = json["nodes"][0]["partitions"].as_array().unwrap();
    let plain = partitions.iter().find(|p| p["partition"] == "plain-0").unwrap();
    assert_eq!(plain["last_offset"], 394);
    assert_eq!(plain["high_watermark"], 395);
    assert!(!plain["epochs"].as_array().unwrap().is_empty());
}

#[test]
fn the_pictures_fit_and_tell_the_offsets() {
    let inspection = sample().unwrap();
    let place = inspection.find(&TopicPartition::parse("plain-0").unwrap(), Some(1)).unwrap();
    assert!(inspection.first().is_some());
    let offset = Some(Offset(150));
    for (language, width) in [(Language::English, 100), (Language::Chinese, 80)] {
        let canvas = Canvas { width, height: 20, ..Canvas::text(language) };
        let steps = inspection.lookup(place, Offset(150)).unwrap();
        for picture in [
            inspection.log_picture(place, offset, &canvas),
            inspection.index_picture(place, offset, &steps, &canvas),
            inspection.timeline_picture(place, offset, &canvas),
            inspection.bytes_picture(place, Offset(150), &canvas),
        ] {
            assert!(picture.lines.len() > 3, "{}", picture.to_text());
            assert!(
                picture.lines.iter().all(|line| line.width() <= width),
                "{}",
                picture.to_text()
            );
        }
    }
}

#[test]
fn each_kind_of_directory_is_known_and_anything_else_is_refused() {
    let whole = sample().unwrap();
    let broker = Inspection::open(&whole.directory.join("broker-1")).unwrap();
    assert_eq!(broker.nodes[0].node, Some(1));
    assert_eq!(broker.places().count(), whole.places().count());
    let one = Inspection::open(&whole.directory.join("broker-1/plain-0")).unwrap();
    assert_eq!(one.places().count(), 1);
    assert_eq!(one.scan(Place { node: 0, partition: 0 }).records, 395);
    assert!(one.lookup(Place { node: 0, partition: 0 }, Offset(200)).is_ok());

    let empty = tempfile::tempdir().unwrap();
    let error = Inspection::open(empty.path()).unwrap_err();
    assert!(error.contains("log.dirs"), "{error}");
    let file = empty.path().join("file");
    fs::write(&file, b"x").unwrap();
    assert!(Inspection::open(&file).is_err());
    assert!(Inspection::open(&empty.path().join("missing")).is_err());
}

#[test]
fn words_behind_the_directory_are_carried_out_or_refused() {
    let inspection = sample().unwrap();
    let canvas = Canvas::text(Language::English);
    let run = |text: &str, json: bool| {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        super::run(&inspection, &words, json, &canvas)
    };
    assert!(run("lookup plain-0 offset=150", false).unwrap().contains("the answer"));
    assert!(run("lookup plain-0 offset=150", true).unwrap().starts_with("{\"step\":1"));
    assert!(run("bytes c-gzip-0 offset=3", false).unwrap().contains("cannot be opened yet"));
    assert!(run("plain-0", false).unwrap().contains("timeline"));
    assert!(run("plain-0", true).unwrap().lines().count() > 50);
    for bad in ["plain", "lookup", "lookup plain-0", "plain-7", "plain-0 x=1", "plain-0 broker=9"] {
        assert!(run(bad, false).is_err(), "{bad}");
    }
}

/// A partition directory with these bytes as its log, and indexes that are garbage or missing.
fn with_log(bytes: &[u8], indexes: bool) -> (tempfile::TempDir, Inspection) {
    let directory = tempfile::tempdir().unwrap();
    let partition = directory.path().join("old-0");
    fs::create_dir(&partition).unwrap();
    fs::write(partition.join("00000000000000000000.log"), bytes).unwrap();
    if indexes {
        fs::write(partition.join("00000000000000000000.index"), [0xff; 40]).unwrap();
        fs::write(partition.join("00000000000000000000.timeindex"), [0x80; 36]).unwrap();
    }
    let inspection = Inspection::open(directory.path()).unwrap();
    (directory, inspection)
}

const ONLY: Place = Place { node: 0, partition: 0 };

#[test]
fn message_sets_of_older_formats_are_named() {
    let mut bytes = Vec::new();
    for (offset, magic) in [(0i64, 0u8), (1, 1)] {
        bytes.extend(offset.to_be_bytes());
        bytes.extend(22i32.to_be_bytes());
        bytes.extend([0, 0, 0, 0, magic]);
        bytes.extend([0; 17]);
    }
    let (_directory, inspection) = with_log(&bytes, false);
    let scan = inspection.scan(ONLY);
    assert_eq!(scan.format_names(), "message set v0 x1, message set v1 x1");
    let canvas = Canvas::text(Language::English);
    let text = inspection.overview(&canvas).to_text();
    assert!(text.contains("message set v1: recognised, not decoded yet"), "{text}");
    assert!(text.contains(".index: missing"), "{text}");
    let bytes = inspection.bytes_picture(ONLY, Offset(1), &canvas).to_text();
    assert!(bytes.contains("message set v1"), "{bytes}");
}

#[test]
fn damaged_bytes_end_a_walk_with_their_place() {
    let whole = sample().unwrap();
    let log = whole.directory.join("broker-1/plain-0/00000000000000000000.log");
    let good = fs::read(log).unwrap();
    let canvas = Canvas::text(Language::English);
    for cut in (0..good.len()).step_by(97) {
        let (_directory, inspection) = with_log(&good[..cut], true);
        let scan = inspection.scan(ONLY);
        assert!(scan.errors.len() <= 1);
        let _ = inspection.overview(&canvas).to_text();
        let _ = inspection.lookup(ONLY, Offset(3));
        let _ = inspection.index_picture(ONLY, None, &[], &canvas);
    }
    for at in (0..500).step_by(3) {
        let mut bytes = good[..1000].to_vec();
        bytes[at] ^= 0xff;
        let (_directory, inspection) = with_log(&bytes, at % 2 == 0);
        let _ = inspection.scan(ONLY);
        let _ = inspection.bytes_picture(ONLY, Offset(0), &canvas);
        let _ = inspection.lookup(ONLY, Offset(3));
    }
}
