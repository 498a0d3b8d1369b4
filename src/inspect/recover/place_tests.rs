//! `klab recover` on small directories of our own: of the ZooKeeper era, with a file for a directory, with links and
//! holes, with a tail that is cut.

use super::*;
use crate::batch::{BatchBuilder, NewRecord};
use crate::storage::META_PROPERTIES;
use crate::types::{Language, Offset};
use std::fs;

const PROPERTIES: &str = "node.id=1\nversion=1\ncluster.id=AAAAAAAAAAAAAAAAAAAAAQ\n";
const LOG: &str = "orders-0/00000000000000000000.log";

/// Two batches of two records each.
fn batches() -> Vec<u8> {
    let batch = |base| {
        let mut builder = BatchBuilder::new(Offset(base));
        for n in 0..2 {
            builder.push(&NewRecord { timestamp: Timestamp(n), ..NewRecord::default() });
        }
        builder.build()
    };
    [batch(0), batch(2)].concat()
}

fn log_directory(root: &Path, name: &str, properties: &str, log: &[u8]) -> PathBuf {
    let path = root.join(name);
    fs::create_dir_all(path.join("orders-0")).unwrap();
    fs::write(path.join(META_PROPERTIES), properties).unwrap();
    let id = "version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAABA";
    fs::write(path.join("orders-0/partition.metadata"), id).unwrap();
    fs::write(path.join(LOG), log).unwrap();
    path
}

/// The texts and the JSON of all brokers.
fn run(
    directories: &[PathBuf],
    to: &Path,
    kafka: &str,
    stop: bool,
) -> Result<(String, String), String> {
    let request = RecoverRequest {
        directories,
        to,
        node_id: None,
        metadata: None,
        now: Timestamp(0),
        config: LogConfig::of(crate::era::of(kafka).unwrap()),
        settings: &[],
        stop: &|| stop,
    };
    let mut told = (String::new(), String::new());
    recover(&request, &mut |broker| {
        told.0 += &recovered_text(broker, Language::English);
        told.1 += &recovered_json(broker);
    })?;
    Ok(told)
}

#[test]
fn a_directory_of_zookeepers_time_is_refused_untouched_unless_its_version_is_asked_for() {
    let root = tempfile::tempdir().unwrap();
    let properties = "#\nversion=0\nbroker.id=1\n";
    let from = log_directory(root.path(), "data", properties, &batches());
    fs::remove_file(from.join("orders-0/partition.metadata")).unwrap();
    let from = [from];
    let (text, lines) = run(&from, &root.path().join("new"), "4.3", false).unwrap();
    assert!(text.contains("does not start. data: meta.properties has no cluster.id"), "{text}");
    assert!(text.contains("--kafka 2.1"), "{text}");
    assert!(lines.lines().last().unwrap().contains("\"Refused\""), "{lines}");
    let left = fs::read_to_string(root.path().join("new/data").join(META_PROPERTIES)).unwrap();
    assert_eq!(left, properties);
    assert!(!text.contains("set aside") && root.path().join("new/data").join(LOG).exists());

    let (text, _) = run(&from, &root.path().join("old"), "2.1", false).unwrap();
    assert!(text.contains("The broker starts") && !text.contains("--kafka"), "{text}");
    assert!(text.contains("offsets 0 to 4 in 1 segment\n"), "{text}");
}

#[test]
fn a_file_or_nothing_in_the_place_of_one_of_several_directories_is_for_the_start_to_judge() {
    let root = tempfile::tempdir().unwrap();
    let one = log_directory(root.path(), "disk-1", PROPERTIES, &batches());
    let (file, nothing) = (root.path().join("disk-2"), root.path().join("disk-3"));
    fs::write(&file, "").unwrap();
    let (text, _) =
        run(&[one.clone(), file.clone()], &root.path().join("a"), "4.3", false).unwrap();
    assert!(text.contains("disk-2") && text.contains("goes offline: it is no directory"), "{text}");
    assert!(text.contains("The broker starts"), "{text}");
    let (text, _) = run(&[one, nothing.clone()], &root.path().join("b"), "4.3", false).unwrap();
    assert!(text.contains("does not start. disk-3: it has no meta.properties"), "{text}");
    assert!(run(&[file, nothing], &root.path().join("c"), "4.3", false).is_err());
}

#[test]
fn what_the_tail_lost_is_summed_up_and_an_interrupted_copy_is_told() {
    let root = tempfile::tempdir().unwrap();
    let whole = batches();
    let from = [log_directory(root.path(), "data", PROPERTIES, &whole[..whole.len() - 3])];
    let (text, lines) = run(&from, &root.path().join("a"), "4.3", false).unwrap();
    let bytes = whole.len() / 2 - 3;
    let lost =
        format!("orders-0: was 0-4, is 0-2: {bytes} bytes and 2 offsets at the tail are gone");
    assert!(text.contains(&lost) && lines.contains(&lost) && lines.contains("\"Lost\""), "{text}");
    let why = run(&from, &root.path().join("b"), "4.3", true).unwrap_err();
    assert!(why.contains("holds a part of the copy"), "{why}");
}

#[cfg(unix)]
#[test]
fn holes_stay_holes_and_links_are_named() {
    use std::os::unix::fs::{MetadataExt, symlink};
    let root = tempfile::tempdir().unwrap();
    let from = log_directory(root.path(), "data", PROPERTIES, &batches());
    symlink(from.join("orders-0"), from.join("billing-0")).unwrap();
    let sparse = fs::File::create(from.join("orders-0/notes.txt")).unwrap();
    sparse.set_len(64 << 20).unwrap();
    let to = root.path().join("a");
    let (text, lines) = run(&[from], &to, "4.3", false).unwrap();
    assert!(text.contains("data/billing-0 is a link: it was left out"), "{text}");
    assert!(lines.contains("\"LinkLeftOut\"") && !to.join("data/billing-0").exists());
    let copy = fs::metadata(to.join("data/orders-0/notes.txt")).unwrap();
    assert!(copy.len() == 64 << 20 && copy.blocks() * 512 < 1 << 20, "{} blocks", copy.blocks());
}
