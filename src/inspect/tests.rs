//! Directories of real brokers against what Kafka's tools say of them; damaged ones against what Kafka made of them.

mod damage;
mod growing;

use super::*;
use crate::fixtures::{Case, each};
use crate::storage::file_name;
use crate::trace::Canvas;
use crate::types::Language;
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

/// A case's directory, written out: below `data/`, `before/`, or wherever its logs lie.
fn written_out(case: &Case, below: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (path, bytes) in case.files.iter().filter(|(path, _)| path.starts_with(below)) {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    directory
}

fn tell_nothing(_: u64, _: u64) -> bool {
    true
}

fn run_words(inspection: &Inspection, text: &str, json: bool) -> Result<Answer, String> {
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    run(inspection, &words, json, &Canvas::text(Language::English), &mut tell_nothing)
}

#[test]
fn every_batch_and_entry_is_what_the_dump_tool_says() {
    let (inspection, dump) = (sample().unwrap(), dump());
    let mut seen = 0;
    for (place, name) in sample_places(&inspection) {
        for (at, segment) in inspection.partition(place).unwrap().segments.iter().enumerate() {
            let file = file_name(segment.base_offset, ".log");
            let lines = &dump[&format!("{name}/{file}")];
            let rows: Vec<BatchRow> = inspection.batches(place, at).collect();
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
                let bytes = inspection.bytes(place, row).unwrap();
                let all = records(&bytes, row).unwrap();
                assert_eq!(all.len(), header.records_count as usize, "{line}");
                seen += 1;
            }
            let file = file_name(segment.base_offset, ".index");
            let entries = inspection.offset_index(place, at, 0, u64::MAX);
            let ours: Vec<String> = entries
                .iter()
                .map(|entry| format!("offset: {} position: {}", entry.offset, entry.position))
                .collect();
            assert_eq!(ours, dump[&format!("{name}/{file}")], "{name}/{file}");
        }
    }
    assert!(seen > 300, "{seen}");
}

#[test]
fn a_lookup_finds_what_a_scan_finds() {
    let inspection = sample().unwrap();
    for (place, name) in sample_places(&inspection) {
        let end = inspection.end(place).offset.unwrap();
        let start = inspection.partition(place).unwrap().start_offset().unwrap();
        for offset in (start.0..end.0).step_by(7).map(Offset) {
            let row = inspection.batch_of(place, offset).unwrap();
            let steps = inspection.lookup(place, offset).unwrap();
            match steps.last().unwrap() {
                LookupStep::Found { segment, position, base_offset, .. } => {
                    let found = (*segment, u64::from(position.0), *base_offset);
                    let ours = (row.segment, row.position, row.base_offset);
                    assert_eq!(found, ours, "{name} {offset}");
                }
                other => panic!("{name} {offset}: {other:?}"),
            }
        }
        let behind = inspection.lookup(place, end).unwrap();
        assert!(matches!(behind.last(), Some(LookupStep::AtEnd { .. })), "{behind:?}");
    }
}

#[test]
fn real_directories_open_and_nothing_is_wrong_with_them() {
    let (mut all, mut identical) = (0, 0);
    each("", |case| {
        if case.name.starts_with("damage-") {
            return;
        }
        let directory = written_out(&case, "");
        let inspection =
            Inspection::open(directory.path()).unwrap_or_else(|e| panic!("{}: {e}", case.name));
        let check = inspection.check_all(None);
        let wrong: Vec<_> = check.findings.iter().filter(|f| f.weight != Weight::Note).collect();
        assert!(wrong.is_empty(), "{}: {wrong:?}", case.name);
        assert_eq!(check.progress.0, check.progress.1, "{}", case.name);
        for place in inspection.places() {
            for segment in 0..inspection.partition(place).unwrap().segments.len() {
                let one = inspection.verify(place, segment).unwrap();
                let directory = &inspection.partition(place).unwrap().directory;
                assert!(!one.is_wrong(), "{} {directory}: {one:?}", case.name);
                all += 1;
                identical += usize::from(one.index.0 == Verdict::Identical);
            }
        }
    });
    assert!(identical * 2 > all, "{identical} of {all} identical");
}

#[test]
fn every_picture_of_every_partition_fits() {
    for name in samples().iter().map(|sample| sample.name) {
        let inspection = sample_named(name).unwrap();
        for (language, width) in [(Language::English, 78), (Language::Chinese, 78)] {
            let canvas = Canvas { width, height: 20, ..Canvas::text(language) };
            let mut pictures = vec![
                inspection.overview(&canvas),
                inspection.groups_picture(&canvas),
                inspection.transactions_picture(&canvas),
                inspection.metadata_picture(&canvas),
            ];
            for place in inspection.places().step_by(3) {
                let end = inspection.end(place).offset.unwrap_or_default();
                pictures.push(inspection.partition_picture(place, None, &canvas));
                pictures.push(inspection.log_picture(place, Some(end), &canvas));
                pictures.push(inspection.index_picture(place, Some(end), Steps::None, &canvas));
                pictures.push(inspection.timeline_picture(place, None, &canvas));
                pictures.push(inspection.bytes_picture(place, end + -1, &canvas));
            }
            for picture in pictures {
                for line in &picture.lines {
                    assert!(line.width() <= width, "{name}: {}", line.to_text());
                }
            }
        }
    }
}

#[test]
fn each_kind_of_directory_is_known_and_anything_else_is_refused() {
    let whole = sample().unwrap();
    let broker = Inspection::open(&whole.directory.join("broker-1")).unwrap();
    assert_eq!(broker.nodes[0].properties.node, Some(1));
    assert_eq!(broker.places().count(), whole.places().count());
    let one = Inspection::open(&whole.directory.join("broker-1/plain-0")).unwrap();
    assert_eq!(one.places().count(), 1);
    let only = Place { node: 0, partition: 0 };
    assert_eq!(one.check_all(None).counts[&only].records, 395);
    assert!(one.lookup(only, Offset(200)).is_ok());

    let empty = tempfile::tempdir().unwrap();
    let error = Inspection::open(empty.path()).unwrap_err();
    assert!(error.contains("log.dirs"), "{error}");
    let file = empty.path().join("file");
    fs::write(&file, b"x").unwrap();
    assert!(Inspection::open(&file).is_err());
    assert!(Inspection::open(&empty.path().join("missing")).is_err());
    std::os::unix::fs::symlink(empty.path().join("nowhere"), empty.path().join("link")).unwrap();
    assert!(Inspection::open(empty.path()).is_err());
    let linked = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(whole.directory.join("broker-1"), linked.path().join("b")).unwrap();
    assert_eq!(Inspection::open(linked.path()).unwrap().places().count(), whole.places().count());
}

#[test]
fn words_behind_the_directory_are_carried_out_or_refused() {
    let inspection = sample().unwrap();
    let run = |text: &str, json: bool| run_words(&inspection, text, json);
    assert!(run("lookup plain-0 offset=150", false).unwrap().text.contains("the answer"));
    assert!(run("lookup plain-0 offset=150", true).unwrap().text.starts_with("{\"step\":1"));
    assert!(run("lookup plain-0 timestamp=2020-01-01", false).unwrap().text.contains("timeindex"));
    assert!(run("bytes c-gzip-0 offset=3", false).unwrap().text.contains("records inside"));
    assert!(run("plain-0", false).unwrap().text.contains("batches"));
    assert!(run("plain-0", true).unwrap().text.lines().count() > 50);
    assert!(!run("verify plain-0", true).unwrap().wrong);
    assert!(!run("findings", false).unwrap().wrong);
    let all = run("find offset=0.. c-gzip-0 limit=5000", true).unwrap();
    assert_eq!(all.text.lines().count(), 204);
    assert!(run("find key=no-such-key", false).unwrap().wrong);
    for json in [false, true] {
        for text in
            ["partition plain-0", "index plain-0", "log plain-0", "groups", "batches plain-0"]
        {
            assert!(!run(text, json).unwrap().text.is_empty(), "{text}");
        }
    }
    for bad in [
        "plain",
        "lookup",
        "lookup plain-0",
        "plain-7",
        "plain-0 x=1",
        "plain-0 broker=9",
        "find",
        "find x=1",
    ] {
        assert!(run(bad, false).is_err(), "{bad}");
    }
}

#[test]
fn a_search_finds_each_record_by_its_key_in_every_format() {
    for name in ["0.10", "mixed"] {
        let inspection = sample_named(name).unwrap();
        let all = run_words(&inspection, "find offset=7", true).unwrap().text;
        let mut searched = 0;
        for line in all.lines().take(6) {
            let hit: serde_json::Value = serde_json::from_str(line).unwrap();
            let key = hit["key"].as_str().unwrap();
            if key == "null" || key.starts_with("0x") || key.contains(' ') || key.is_empty() {
                continue;
            }
            let partition = hit["partition"].as_str().unwrap();
            let found =
                run_words(&inspection, &format!("find {partition} key={key}"), true).unwrap().text;
            assert!(found.lines().any(|line| line.contains("\"offset\":7,")), "{line}");
            searched += 1;
        }
        assert!(searched > 0, "{name}: {all}");
    }
}

#[test]
fn an_emptied_index_is_not_identical() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path().join("orders-0");
    fs::create_dir(&here).unwrap();
    let mut log = Vec::new();
    for n in 0..60 {
        let mut builder = crate::batch::BatchBuilder::new(Offset(n));
        builder.push_parts(Offset(n), crate::types::Timestamp(n), None, Some(&[7; 500]), &[]);
        log.extend(builder.build());
    }
    fs::write(here.join(file_name(Offset(0), ".log")), &log).unwrap();
    for suffix in [".index", ".timeindex"] {
        fs::write(here.join(file_name(Offset(0), suffix)), b"").unwrap();
    }
    let inspection = Inspection::open(directory.path()).unwrap();
    let one = inspection.verify(Place { node: 0, partition: 0 }, 0).unwrap();
    assert_eq!((one.index.0, one.time_index.0), (Verdict::Missing, Verdict::Missing), "{one:?}");
    assert!(one.index.2 > 5 && one.lacks_entries(), "{one:?}");
    let answer = run_words(&inspection, "verify orders-0", true).unwrap();
    assert!(answer.wrong, "{}", answer.text);
    let none = run_words(&inspection, "find offset=900", true).unwrap();
    assert_eq!(none.text, "{\"hits\":0}\n");
}
