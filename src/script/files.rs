//! The files of the lab, for `files`, `cat`, `dump` and `files diff`.

use crate::batch::{self, Header};
use crate::cluster::Lab;
use crate::disk::Disk;
use crate::dump;

/// How many files are listed at most.
const FILE_LIMIT: usize = 10_000;
/// How much of a file is shown.
const SHOWN_BYTES: usize = 4096;
/// How many rows of a dump are shown.
const ROW_LIMIT: usize = 200;
/// How much text of a dump in Kafka's own form is made, more or less.
const KAFKA_TEXT_BYTES: usize = 4 << 20;

/// A file.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// Its path under the cluster's directory.
    pub path: String,
    /// Its size.
    pub size_bytes: u64,
}

/// The files of one node, or of all, in the order of their paths.
pub fn list(lab: &Lab, node: Option<u32>) -> Vec<File> {
    let mut files = Vec::new();
    let nodes = lab.cluster().brokers.keys().chain(lab.cluster().controllers.keys());
    for id in nodes.filter(|id| node.is_none_or(|node| id.0 == node)) {
        let kind = if id.is_broker() { "broker" } else { "controller" };
        walk(lab.disk(), &format!("{kind}-{id}"), 0, &mut files);
    }
    files
}

fn walk(disk: &Disk, directory: &str, depth: usize, files: &mut Vec<File>) {
    let Ok(mut entries) = disk.list(directory) else { return };
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    for entry in entries {
        if files.len() >= FILE_LIMIT {
            return;
        }
        let path = format!("{directory}/{}", entry.name);
        if entry.is_directory {
            if depth < 4 {
                walk(disk, &path, depth + 1, files);
            }
        } else {
            files.push(File { path, size_bytes: entry.size });
        }
    }
}

/// What stands in one directory, files and directories (their paths end with `/`), or a sentence with the nearest name.
pub fn entries_of(lab: &Lab, directory: &str) -> Result<Vec<File>, String> {
    let path = directory.trim_end_matches('/');
    let there = |path: &str| -> Option<Vec<crate::disk::Entry>> {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let entries = lab.disk().list(parent).ok()?;
        let found = entries.iter().any(|entry| entry.is_directory && entry.name == name);
        if found { lab.disk().list(path).ok() } else { None }
    };
    let Some(mut entries) = there(path) else {
        let files = list(lab, None);
        let mut known: Vec<&str> =
            files.iter().filter_map(|file| Some(file.path.rsplit_once('/')?.0)).collect();
        known.dedup();
        return Err(match super::error::nearest(path, known.into_iter()) {
            Some(near) => format!("there is no directory '{path}': did you mean '{near}'?"),
            None => format!("there is no directory '{path}': 'files' lists them"),
        });
    };
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let ending = |entry: &crate::disk::Entry| if entry.is_directory { "/" } else { "" };
    let file = |entry: crate::disk::Entry| File {
        path: format!("{}{}", entry.name, ending(&entry)),
        size_bytes: entry.size,
    };
    Ok(entries.into_iter().take(FILE_LIMIT).map(file).collect())
}

/// The content of a file, or a sentence with the nearest name.
pub fn read(lab: &Lab, path: &str) -> Result<Vec<u8>, String> {
    find(lab, path)?;
    lab.disk().read_small(path).map_err(|error| error.to_string())
}

/// Whether a file is there; if not, a sentence with the nearest name.
pub fn find(lab: &Lab, path: &str) -> Result<(), String> {
    let files = list(lab, None);
    if !files.iter().any(|file| file.path == path) {
        let near = super::error::nearest(path, files.iter().map(|file| file.path.as_str()));
        let ending =
            files.iter().find(|file| file.path.ends_with(path)).map(|file| file.path.as_str());
        return Err(match ending.or(near) {
            Some(near) => format!("there is no file '{path}': did you mean '{near}'?"),
            None => format!("there is no file '{path}': 'files' lists them"),
        });
    }
    Ok(())
}

/// A file as lines: text as text, the rest as hex.
pub fn cat(bytes: &[u8]) -> Vec<String> {
    let shown = &bytes[..bytes.len().min(SHOWN_BYTES)];
    let mut lines: Vec<String> = match std::str::from_utf8(shown) {
        Ok(text) if !text.chars().any(|c| c.is_control() && c != '\n') => {
            text.lines().map(str::to_string).collect()
        }
        _ => hex(shown),
    };
    if bytes.len() > shown.len() {
        lines.push(format!("… {}", crate::types::counted(bytes.len() - shown.len(), "more byte")));
    }
    lines
}

/// Sixteen bytes a line: position, hex, letters; rows like the one before them are one `*`.
pub fn hex(bytes: &[u8]) -> Vec<String> {
    let rows: Vec<&[u8]> = bytes.chunks(16).collect();
    let again = |number: usize| number > 0 && rows[number] == rows[number - 1];
    let row = |(number, row): (usize, &[u8])| {
        if again(number) {
            return (!again(number - 1)).then(|| "*".to_owned());
        }
        let digits: Vec<String> = row.iter().map(|byte| format!("{byte:02x}")).collect();
        let letter = |byte: &u8| if (32..127).contains(byte) { *byte as char } else { '.' };
        let letters: String = row.iter().map(letter).collect();
        Some(format!("{:08x}  {:<47}  {letters}", number * 16, digits.join(" ")))
    };
    rows.iter().copied().enumerate().filter_map(row).collect()
}

/// A log or index file, decoded.
pub fn dump(path: &str, bytes: &[u8]) -> Vec<String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (stem, ending) = name.split_once('.').unwrap_or((name, ""));
    let base: i64 = stem.parse().unwrap_or(0);
    let mut lines = match ending {
        "log" => dump_log(bytes),
        "index" => entries(bytes, 8, |entry| {
            let relative = i64::from(u32::from_be_bytes([entry[0], entry[1], entry[2], entry[3]]));
            let position = u32::from_be_bytes([entry[4], entry[5], entry[6], entry[7]]);
            format!("offset {} position {position}", base + relative)
        }),
        "timeindex" => entries(bytes, 12, |entry| {
            let mut time = [0; 8];
            time.copy_from_slice(&entry[..8]);
            let relative =
                i64::from(u32::from_be_bytes([entry[8], entry[9], entry[10], entry[11]]));
            format!("timestamp {} offset {}", i64::from_be_bytes(time), base + relative)
        }),
        _ => return cat(bytes),
    };
    if lines.len() > ROW_LIMIT {
        let left = lines.len() - ROW_LIMIT;
        lines.truncate(ROW_LIMIT);
        lines.push(format!("… {left} more"));
    }
    if lines.is_empty() {
        lines.push("empty".into());
    }
    lines
}

/// A file as Kafka's own dump tool prints it, with that one's options (`--kafka` alone: with none), and what it would
/// write to its error output.
pub fn dump_as_kafka(lab: &Lab, path: &str, options: &[String]) -> Result<Vec<String>, String> {
    let mut asked = dump::Options::default();
    for option in options.iter().filter(|option| *option != "--kafka") {
        if !asked.set(option) {
            return Err(format!(
                "dump does not know '{option}': --kafka, --print-data-log, --deep-iteration, \
                 --skip-record-metadata, --index-sanity-check, --verify-index-only, \
                 --offsets-decoder, --cluster-metadata-decoder and --json it does"
            ));
        }
    }
    let bytes = read(lab, path)?;
    let beside = |ending: &str| -> Option<Box<dyn dump::Source>> {
        let (directory, name) = path.rsplit_once('/')?;
        let stem = name.split('.').next().unwrap_or_default();
        let bytes = lab.disk().read_small(&format!("{directory}/{stem}.{ending}")).ok()?;
        Some(Box::new(bytes))
    };
    let place = dump::Place { path, absolute: path, beside: &beside };
    let (mut text, mut report) = (Vec::new(), dump::Report::default());
    dump::dump(&asked, &place, &bytes, &mut report, &mut |some| {
        text.extend_from_slice(some);
        text.len() < KAFKA_TEXT_BYTES
    });
    let mut lines: Vec<String> =
        String::from_utf8_lossy(&text).lines().map(str::to_string).collect();
    if text.len() >= KAFKA_TEXT_BYTES {
        lines.push("… and more".into());
    }
    lines.extend(report.text().lines().map(str::to_string));
    Ok(lines)
}

/// Entries of an index up to the first one that is all zero (the file is longer than what it holds).
fn entries(bytes: &[u8], width: usize, row: impl Fn(&[u8]) -> String) -> Vec<String> {
    let used = bytes.chunks_exact(width).enumerate();
    used.take_while(|(_, entry)| entry.iter().any(|byte| *byte != 0))
        .map(|(_, entry)| row(entry))
        .collect()
}

fn dump_log(bytes: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut position = 0;
    while position < bytes.len() && lines.len() <= ROW_LIMIT {
        let rest = &bytes[position..];
        let parsed = batch::batch_size(rest).and_then(|size| {
            let batch = rest.get(..size).unwrap_or(rest);
            Ok((size, Header::parse(batch)?, batch::records(batch)?))
        });
        match parsed {
            Err(error) => {
                lines.push(format!("position {position}: {error}"));
                return lines;
            }
            Ok((size, header, records)) => {
                lines.push(format!(
                    "position {position}  offsets {} to {}  epoch {}  magic {}  size {size}  crc {}  records {}",
                    header.base_offset,
                    header.last_offset(),
                    header.partition_leader_epoch,
                    header.magic,
                    header.crc,
                    records.len(),
                ));
                for record in &records {
                    let key = super::evaluate::text_of(record.key.as_ref());
                    let value = super::evaluate::text_of(record.value.as_ref()).to_string();
                    let value = super::error::clip(&value, 60);
                    lines.push(format!(
                        "  offset {}  timestamp {}  key {key}  value {value}",
                        record.offset, record.timestamp
                    ));
                }
                position += size;
            }
        }
    }
    lines
}

/// What differs between two files.
pub fn diff(a: &[u8], b: &[u8]) -> String {
    let common = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    if common == a.len() && common == b.len() {
        return format!("equal, {common} bytes");
    }
    if common == a.len() || common == b.len() {
        return format!(
            "equal up to byte {common}; then one goes on: {} and {} bytes",
            a.len(),
            b.len()
        );
    }
    let many = a.iter().zip(b).filter(|(x, y)| x != y).count() + a.len().abs_diff(b.len());
    format!(
        "first difference at byte {common}: {:02x} and {:02x}; {many} bytes differ",
        a[common], b[common]
    )
}
