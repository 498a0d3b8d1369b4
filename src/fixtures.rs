//! Directories that real Kafka brokers wrote, with what Kafka's own tools and brokers made of them, for tests of all
//! layers: `crate::fixtures::each("damage-", |case| …)`.
//!
//! ```text
//!   data/fixtures/real.tar.zst     NAME/data/broker-1/orders-0/….log   NAME/dump/data/…/….log.txt   NAME/facts.json
//!   data/fixtures/damage.tar.zst   NAME/before/broker-1/…  NAME/after/broker-1/…  NAME/dump/…  NAME/facts.json
//!                                  ▲ one case = everything below NAME/, in memory while the test looks at it
//! ```
//!
//! `KLAB_FIXTURES` names another directory with one `NAME.tar.gz` a case (what lies below NAME/ here is its root); a
//! folder `logs` in it is taken when there is one. Only tests see this module.

use crate::types::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

/// One case: a name and its files by their paths below the case's root.
#[derive(Default)]
pub(crate) struct Case {
    /// `kraft-4.3-txn`, `damage-cut-in-header`.
    pub name: String,
    /// Path to content, sorted.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Directories, empty ones among them, by their paths.
    pub directories: BTreeSet<String>,
}

impl Case {
    fn empty(name: &str) -> Case {
        Case { name: name.to_string(), files: BTreeMap::new(), directories: BTreeSet::new() }
    }

    fn put(&mut self, path: &str, bytes: Option<Vec<u8>>) {
        match bytes {
            Some(bytes) => drop(self.files.insert(path.to_string(), bytes)),
            None => drop(self.directories.insert(path.trim_end_matches('/').to_string())),
        }
    }

    /// The files below a directory, by their paths within it.
    pub fn below<'a>(&'a self, directory: &'a str) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        let inside = move |(path, bytes): (&'a String, &'a Vec<u8>)| {
            let rest = path.strip_prefix(directory)?.strip_prefix('/')?;
            Some((rest, bytes.as_slice()))
        };
        self.files.iter().filter_map(inside)
    }

    /// A text file of the case. Bytes that are not UTF-8 become U+FFFD, as Kafka's tools print them.
    pub fn text(&self, path: &str) -> String {
        let bytes = self.files.get(path).unwrap_or_else(|| panic!("{}: no {path}", self.name));
        String::from_utf8_lossy(bytes).into_owned()
    }

    /// What was noted down when the case was made: `facts.json`, or null where there is none.
    pub fn facts(&self) -> Value {
        let Some(bytes) = self.files.get("facts.json") else { return Value::Null };
        serde_json::from_slice(bytes).unwrap_or_else(|e| panic!("{}: facts.json: {e}", self.name))
    }

    /// The time of the first line that bears one, `[2026-11-21 03:46:17,210]`: the clock by which producers expired.
    pub fn started_at(&self) -> Timestamp {
        let log = self.text("broker-log.txt");
        let line = log
            .lines()
            .find_map(|line| line.strip_prefix('[')?.split_once(']').map(|(time, _)| time));
        let numbers: Vec<i64> = line
            .unwrap_or("")
            .split(|c: char| !c.is_ascii_digit())
            .filter_map(|n| n.parse().ok())
            .collect();
        let [year, month, day, hour, minute, second, ms] = numbers[..] else {
            return Timestamp(0);
        };
        // Days since 1970 by the civil calendar, March as the first month.
        let (y, m) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
        let days = y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719_468;
        Timestamp((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + ms)
    }
}

/// Whether the cases are those that come along: then it is known how many there are and what is in them.
pub(crate) fn are_ours() -> bool {
    std::env::var_os("KLAB_FIXTURES").is_none()
}

/// Calls `look` for each case whose name begins with `prefix`, in the order of the names, one in memory at a time.
pub(crate) fn each(prefix: &str, mut look: impl FnMut(Case)) {
    let mut seen = 0;
    let mut count = |case: Case| {
        seen += 1;
        look(case);
    };
    match std::env::var_os("KLAB_FIXTURES") {
        Some(directory) => each_packed_alone(Path::new(&directory), prefix, &mut count),
        None => each_packed_together(prefix, &mut count),
    }
    let place = std::env::var_os("KLAB_FIXTURES").unwrap_or("data/fixtures".into());
    assert!(seen > 0, "no case {prefix}… in {}", place.display());
}

fn each_packed_together(prefix: &str, look: &mut impl FnMut(Case)) {
    let damage = prefix.starts_with("damage");
    let pack = if damage { "damage.tar.zst" } else { "real.tar.zst" };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/fixtures").join(pack);
    let file = std::fs::File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let stream = zstd::Decoder::new(file).expect("a zstd stream");
    let mut case: Option<Case> = None;
    entries(stream, |path, bytes| {
        let Some((name, rest)) = path.split_once('/') else { return };
        if !name.starts_with(prefix) {
            return;
        }
        if case.as_ref().is_none_or(|case| case.name != name) {
            let next = Case::empty(name);
            if let Some(whole) = case.replace(next) {
                look(whole);
            }
        }
        if let Some(case) = &mut case {
            case.put(rest, bytes);
        }
    });
    if let Some(whole) = case {
        look(whole);
    }
}

fn each_packed_alone(directory: &Path, prefix: &str, look: &mut impl FnMut(Case)) {
    let inner = directory.join("logs");
    let directory = if inner.is_dir() { inner } else { directory.to_path_buf() };
    let listed = std::fs::read_dir(&directory);
    let listed = listed.unwrap_or_else(|e| panic!("KLAB_FIXTURES: {}: {e}", directory.display()));
    let mut packs: Vec<PathBuf> = listed.map(|entry| entry.expect("an entry").path()).collect();
    packs.sort();
    for pack in packs {
        let file_name = pack.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(name) = file_name.strip_suffix(".tar.gz") else { continue };
        // Without a prefix, sound directories are meant.
        if !name.starts_with(prefix) || prefix.is_empty() && name.starts_with("damage") {
            continue;
        }
        let file = std::fs::File::open(&pack).unwrap_or_else(|e| panic!("{}: {e}", pack.display()));
        let mut case = Case::empty(name);
        entries(flate2::read::GzDecoder::new(file), |path, bytes| {
            case.put(path, bytes);
        });
        look(case);
    }
}

/// The whole metadata log of a real controller: all segments from offset 0 on, one behind the other.
pub(crate) fn metadata_log() -> Vec<u8> {
    let mut log = Vec::new();
    each("", |case| {
        let is_segment =
            |path: &str| path.contains("controller-") && path.contains("/__cluster_metadata-0/");
        let logs = case.files.iter().filter(|(path, _)| is_segment(path) && path.ends_with(".log"));
        let logs: Vec<_> = logs.collect();
        let whole =
            logs.first().is_some_and(|(path, _)| path.ends_with("/00000000000000000000.log"));
        if whole && log.is_empty() {
            log = logs.into_iter().flat_map(|(_, bytes)| bytes.iter().copied()).collect();
        }
    });
    log
}

/// Calls `take` with path and content of each file of a tar stream; a directory has no content.
fn entries(stream: impl Read, mut take: impl FnMut(&str, Option<Vec<u8>>)) {
    let mut archive = tar::Archive::new(stream);
    for entry in archive.entries().expect("a tar stream") {
        let mut entry = entry.expect("a tar entry");
        let kind = entry.header().entry_type();
        let path = entry.path().expect("a path").to_string_lossy().into_owned();
        let path = path.strip_prefix("./").unwrap_or(&path);
        if kind.is_file() {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("the bytes of an entry");
            take(path, Some(bytes));
        } else if kind.is_dir() {
            take(path, None);
        }
    }
}

#[test]
fn every_case_is_there() {
    let mut damaged = 0;
    each("damage-", |case| {
        assert!(
            !case.facts().is_null() && !case.text("broker-log.txt").is_empty(),
            "{}",
            case.name
        );
        damaged += 1;
    });
    let mut real = Vec::new();
    each("", |case| real.push(case.name));
    if are_ours() {
        assert_eq!((damaged, real.len()), (196, 8), "{real:?}");
    }
}
