//! Damage: whatever is there, nothing panics; what a broker stumbled over is found.

use super::*;

/// Did a `.log` of the case lose bytes between before and after?
fn lost_bytes(case: &Case) -> bool {
    let after: std::collections::BTreeMap<&str, &[u8]> = case.below("after").collect();
    case.below("before").any(|(path, bytes)| {
        path.ends_with(".log") && after.get(path).is_some_and(|after| after.len() < bytes.len())
    })
}

#[test]
fn what_a_real_broker_cut_off_or_choked_on_is_found() {
    let (mut judged, mut missed) = (0, Vec::new());
    each("damage-", |case| {
        let facts = case.facts();
        let directory = written_out(&case, "before/");
        let Ok(inspection) = Inspection::open(&directory.path().join("before")) else {
            missed.push(format!("{}: it does not open", case.name));
            return;
        };
        let check = inspection.check_all(None);
        let worst = check.findings.worst();
        let text = facts.to_string();
        let choked = text.contains("CorruptRecordException") && text.contains("\"read_error\"");
        // What was set aside as stray lost nothing: it lies under another name.
        let stray = case.below("after").any(|(path, _)| path.contains("-stray/"));
        if (lost_bytes(&case) && !stray) || choked {
            judged += 1;
            if worst < Some(Weight::Odd) {
                missed.push(format!("{}: {:?}", case.name, facts["damage"]));
            }
        }
        let untouched =
            facts["damage"].as_str().is_some_and(|damage| damage.starts_with("nothing"));
        if untouched && worst > Some(Weight::Note) {
            let found: Vec<_> =
                check.findings.iter().filter(|f| f.weight != Weight::Note).collect();
            missed.push(format!("{}: nothing is wrong, but {found:?}", case.name));
        }
        for finding in check.findings.iter() {
            assert!(!finding.advice(Language::English).is_empty(), "{}", finding.kind);
            assert!(!finding.advice(Language::Chinese).is_empty(), "{}", finding.kind);
        }
    });
    assert!(missed.is_empty(), "{missed:#?}");
    assert!(judged > 0);
}

#[test]
fn damaged_bytes_end_a_walk_with_their_place() {
    let whole = sample().unwrap();
    let log = whole.directory.join("broker-1/plain-0/00000000000000000000.log");
    let good = fs::read(log).unwrap();
    let canvas = Canvas::text(Language::English);
    let only = Place { node: 0, partition: 0 };
    let look = |bytes: &[u8], indexes: bool| {
        let directory = tempfile::tempdir().unwrap();
        let partition = directory.path().join("old-0");
        fs::create_dir(&partition).unwrap();
        fs::write(partition.join("00000000000000000000.log"), bytes).unwrap();
        if indexes {
            fs::write(partition.join("00000000000000000000.index"), [0xff; 40]).unwrap();
            fs::write(partition.join("00000000000000000000.timeindex"), [0x80; 36]).unwrap();
        }
        let inspection = Inspection::open(directory.path()).unwrap();
        let check = inspection.check_all(None);
        let _ = inspection.overview(&canvas).to_text();
        let _ = inspection.lookup(only, Offset(3));
        let _ = inspection.verify(only, 0);
        let _ = inspection.index_picture(only, None, Steps::None, &canvas);
        let _ = inspection.bytes_picture(only, Offset(0), &canvas);
        let _ = inspection.timeline_picture(only, None, &canvas);
        check.findings.worst()
    };
    for cut in (0..good.len()).step_by(397) {
        look(&good[..cut], true);
    }
    for at in (0..500).step_by(7) {
        let mut bytes = good[..1000].to_vec();
        bytes[at] ^= 0xff;
        look(&bytes, at % 2 == 0);
    }
    let mut flipped = good.clone();
    flipped[70] ^= 1;
    assert_eq!(look(&flipped, false), Some(Weight::Bad));
}

/// The log directories of a case that have their metadata log: before the damage, or as they were made.
fn with_metadata(case: &Case) -> Option<&'static str> {
    let has = |below: &str| {
        case.files
            .keys()
            .any(|path| path.starts_with(below) && path.contains("__cluster_metadata-0/0"))
    };
    ["before/", "data/"].into_iter().find(|below| has(below))
}

#[test]
fn what_the_metadata_log_does_not_know_is_found() {
    let mut judged = 0;
    each("", |case| {
        let Some(below) = with_metadata(&case) else { return };
        let directory = written_out(&case, below);
        let top = directory.path().join(below);
        let inspection = Inspection::open(&top).unwrap();
        let kinds = |inspection: &Inspection| -> Vec<(&'static str, String)> {
            let check = inspection.check_all(None);
            let of = ["stray-to-be", "topic-id-not-known", "log-dir-elsewhere"];
            let found = check.findings.iter().filter(|finding| of.contains(&finding.kind));
            found.map(|finding| (finding.kind, finding.place.clone())).collect()
        };
        assert_eq!(kinds(&inspection), [], "{}: nothing is stray yet", case.name);
        let with_id =
            inspection.places().filter_map(|place| inspection.partition(place)).find(|files| {
                files.topic_id.is_some() && files.state.is_none() && !files.is_metadata()
            });
        let Some(files) = with_id else { return };
        let from = top.join(&files.directory);
        for name in ["unheard-of-0", &format!("{}-4096", files.partition.topic)] {
            let to = from.parent().unwrap().join(name);
            fs::create_dir(&to).unwrap();
            for entry in fs::read_dir(&from).unwrap() {
                let entry = entry.unwrap();
                fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
            }
        }
        let other = "version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAABg";
        fs::write(from.join("partition.metadata"), other).unwrap();
        let found = kinds(&Inspection::open(&top).unwrap());
        let count = |kind: &str| found.iter().filter(|one| one.0 == kind).count();
        assert_eq!((count("stray-to-be"), count("topic-id-not-known")), (2, 1), "{found:?}");
        judged += 1;
    });
    assert!(judged > 0);
}

#[test]
fn snapshots_of_the_metadata_log_are_read_from_head_to_foot() {
    let mut seen = 0;
    each("", |case| {
        let Some(below) = with_metadata(&case) else { return };
        let directory = written_out(&case, below);
        let inspection = Inspection::open(&directory.path().join(below)).unwrap();
        for (_, files) in inspection.metadata_places() {
            for snapshot in inspection.metadata_snapshots(files) {
                let records = inspection.snapshot_records(&snapshot.path).unwrap();
                assert_eq!(records.first().unwrap().kind, "SnapshotHeader", "{}", case.name);
                assert_eq!(records.last().unwrap().kind, "SnapshotFooter", "{}", case.name);
                assert!(records.iter().all(|one| !one.kind.is_empty()), "{}", case.name);
                let canvas = Canvas::text(Language::English);
                let text = inspection.file_picture(&snapshot.path, 0, &canvas).to_text();
                assert!(text.contains("FEATURE_LEVEL_RECORD"), "{text}");
                seen += 1;
            }
        }
    });
    assert!(seen > 0);
}
