//! What a partition's files hold, told before a start and after it; and which version left a log directory.
//!
//! ```text
//!   orders-0/  0.log  209.log     start: the first segment's name    end: behind the last header that can be read
//!                     [209-210][211-21        a batch that was cut still says where it would have ended
//! ```
//!
//! What always holds: headers alone are read, so a damaged batch counts as long as the way through the file leads to
//! it. Left out: directories that wait for their deletion or were set aside.

use super::copy::at;
use crate::disk::Disk;
use crate::storage::{
    CLEAN_SHUTDOWN, LOG_START_OFFSETS, META_PROPERTIES, PARTITION_METADATA, REPLICATION_OFFSETS,
};
use crate::types::TopicPartition;
use std::collections::BTreeMap;

/// From the offset in front of a batch to its last offset delta.
const HEADER_BYTES: usize = 27;
/// The same to its greatest timestamp, which formats 0 and 1 have not.
const WHOLE_BYTES: u64 = 43;
/// Bytes that are read at once.
const WINDOW_BYTES: usize = 1 << 16;

/// What lies in a partition's directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The base offset of the first segment.
    pub start: i64,
    /// The offset behind the last batch.
    pub end: i64,
    /// Of all `.log` files.
    pub bytes: u64,
    /// How many `.log` files there are.
    pub segments: u64,
}

/// All partitions of these log directories.
pub(super) fn extents(disk: &mut Disk, directories: &[String]) -> BTreeMap<TopicPartition, Extent> {
    let mut found = BTreeMap::new();
    for directory in directories {
        for entry in disk.list(directory).unwrap_or_default() {
            if entry.is_directory
                && entry.name != "__cluster_metadata-0"
                && let Some(partition) = TopicPartition::parse(&entry.name)
                && let Some(extent) = extent(disk, &at(directory, &entry.name))
            {
                found.insert(partition, extent);
            }
        }
    }
    found
}

fn extent(disk: &mut Disk, directory: &str) -> Option<Extent> {
    let mut logs: Vec<(i64, String, u64)> = Vec::new();
    for entry in disk.list(directory).ok()? {
        let base = entry.name.strip_suffix(".log").and_then(|base| base.parse().ok());
        logs.extend(base.map(|base| (base, entry.name, entry.size)));
    }
    logs.sort();
    let bytes = logs.iter().map(|(_, _, size)| size).sum();
    let (first, (last, name, _)) = (logs.first()?.0, logs.last()?);
    let end = end_of(disk, &at(directory, name), *last).unwrap_or(*last);
    Some(Extent { start: first, end, bytes, segments: logs.len() as u64 })
}

/// What the head of a batch says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    /// Where it begins.
    pub position: u64,
    /// Its first offset; of a message of format 0 or 1 the only one.
    pub offset: i64,
    /// Its last offset.
    pub last: i64,
    /// Its greatest timestamp; nothing for formats 0 and 1.
    pub max_timestamp: Option<i64>,
    /// Its leader epoch; nothing for formats 0 and 1.
    pub epoch: Option<i32>,
}

/// The offset behind the last batch of a segment, as the headers say.
fn end_of(disk: &mut Disk, path: &str, base: i64) -> Option<i64> {
    let mut end = base;
    heads(disk, path, base, &mut |head| {
        end = end.max(head.last.saturating_add(1));
        true
    })?;
    Some(end)
}

/// Walks the heads of a segment's batches as far as they make sense, or until `each` says false.
pub(super) fn heads(
    disk: &mut Disk,
    path: &str,
    base: i64,
    each: &mut dyn FnMut(Head) -> bool,
) -> Option<()> {
    let file = disk.open(path).ok()?;
    let size = disk.size(file);
    let (mut position, mut from) = (0, 0);
    let mut window: Vec<u8> = Vec::new();
    while position + HEADER_BYTES as u64 <= size {
        let needed = WHOLE_BYTES.min(size - position);
        if position < from || position + needed > from + window.len() as u64 {
            let length = WINDOW_BYTES.min((size - position) as usize);
            (window, from) = (disk.read(file, position, length).ok()?, position);
        }
        let Some(header) =
            window.get((position - from) as usize..).filter(|h| h.len() >= HEADER_BYTES)
        else {
            break;
        };
        let number = |at: usize| {
            i32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
        };
        let long = |at: usize| (i64::from(number(at)) << 32) | i64::from(number(at + 4) as u32);
        let (offset, length, magic) = (long(0), number(8), header[16]);
        let delta = if magic == 2 { number(23) } else { 0 };
        if length < 14 || magic > 2 || offset < base || delta < 0 {
            break;
        }
        let whole = magic == 2 && header.len() >= 43;
        let head = Head {
            position,
            offset,
            last: offset.saturating_add(i64::from(delta)),
            max_timestamp: whole.then(|| long(35)),
            epoch: whole.then(|| number(12)),
        };
        if !each(head) {
            break;
        }
        position += 12 + length as u64;
    }
    disk.close(file);
    Some(())
}

/// The newest version in the table that would have left this directory, if it had no KRaft (`broker.id` of version 0).
pub(super) fn looks_like(disk: &Disk, directory: &str) -> Option<&'static str> {
    let properties = disk.read_small(&at(directory, META_PROPERTIES)).ok()?;
    let properties = String::from_utf8_lossy(&properties);
    if !properties.lines().any(|line| line.trim() == "version=0") {
        return None;
    }
    let entries = disk.list(directory).ok()?;
    let has = |name: &str| entries.iter().any(|entry| entry.name == name);
    let inside = |wanted: &dyn Fn(&str) -> bool| {
        let partitions = entries.iter().filter(|entry| entry.is_directory);
        partitions
            .flat_map(|entry| disk.list(&at(directory, &entry.name)).unwrap_or_default())
            .any(|file| wanted(&file.name))
    };
    let flag = disk.read_small(&at(directory, CLEAN_SHUTDOWN)).unwrap_or_default();
    Some(if !flag.is_empty() || inside(&|name| name == PARTITION_METADATA) {
        "3.9"
    } else if has(LOG_START_OFFSETS) || !has(REPLICATION_OFFSETS) {
        "2.1"
    } else if inside(&|name| name.ends_with(".timeindex")) {
        "0.10.2"
    } else {
        "0.9.0"
    })
}
