//! Offset and time indexes, each entry held against the log beside it (`dumpIndex`, `dumpTimeIndex`).
//!
//! ```text
//!   .index      relative offset 4, position 4      the batch at that position must end with that offset
//!   .timeindex  timestamp 8, relative offset 4     the batch that ends there must have that largest timestamp
//! ```
//!
//! What always holds: an index that was never trimmed ends at its first entry of zeros; the log is read only where an
//! entry points. The tool reads from there to the end of the log for each entry of a time index, and dies of whatever
//! it meets on the way; this stops at the batch it looks for. Left out: rebuilding, which is recovery's.

use super::entries::largest_timestamp;
use super::json::Line;
use super::source::{Source, Spans};
use super::{Options, Place, Report};
use crate::schema::text::push_i64;

/// The most bytes of an entry that are read to compare its timestamps.
const MOST_BYTES: u64 = 256 << 20;

/// Entries of an index up to the first of zeros behind the first: key or timestamp, and the other half.
fn entries<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = &[u8; N]> {
    bytes.as_chunks::<N>().0.iter()
}

fn offset_entry(bytes: &[u8; 8], base: i64) -> (i64, i32) {
    let relative = i32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    let position = i32::from_be_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
    (base.wrapping_add(relative.into()), position)
}

/// The offset that the entry at `position` ends with.
fn last_offset(log: &dyn Source, position: u64, end: Option<u64>) -> Result<(i64, u64), String> {
    let mut walk = Spans::new(log, position, end);
    let Some(size) = walk.next_entry() else {
        return Err(walk.trouble().map_or("no whole batch begins there".into(), str::to_string));
    };
    let mut head = [0u8; 27];
    let wanted = head.len().min(size as usize);
    let read = log.read_at(position, &mut head[..wanted]).map_err(|error| error.to_string())?;
    let base = i64::from_be_bytes(head[..8].try_into().expect("8 bytes"));
    if (head[16] as i8) < 2 {
        return Ok((base, size));
    }
    if read < 27 {
        return Err("the batch there is shorter than its header".into());
    }
    let delta = i32::from_be_bytes(head[23..27].try_into().expect("4 bytes"));
    Ok((base.wrapping_add(delta.into()), size))
}

pub(super) fn offsets(
    options: &Options,
    place: &Place<'_>,
    bytes: &[u8],
    base: i64,
    out: &mut Vec<u8>,
    report: &mut Report,
) {
    let count = bytes.len() / 8;
    if count == 0 {
        match options.json {
            true => Line::new(out, place.path, "empty").end(),
            false => out.extend_from_slice(format!("{} is empty.\n", place.path).as_bytes()),
        }
        return;
    }
    if options.index_sanity_check {
        let last = entries::<8>(bytes).last().map_or(base, |last| offset_entry(last, base).0);
        let wrong = match () {
            _ if last < base => Some(format!("its last offset {last} is below its base {base}")),
            _ if !bytes.len().is_multiple_of(8) => Some(odd(bytes.len(), 8)),
            _ => None,
        };
        return sanity(options, place, wrong, out, report);
    }
    let log = (place.beside)("log");
    if log.is_none() {
        report.problem(place.path, "there is no log beside it to hold it against");
    }
    for (number, entry) in entries::<8>(bytes).enumerate() {
        let (offset, position) = offset_entry(entry, base);
        if offset == base && number > 0 {
            return;
        }
        if let Some(log) = log.as_deref() {
            match checked(log, position, options.max_message_size_bytes) {
                Ok(found) if found != offset => {
                    report.index_mismatch(place.absolute, offset, found);
                    mismatch(options, place, "offset", (offset, found), out);
                }
                Ok(_) => {}
                Err(what) => {
                    let at = format!("entry {number} (offset {offset}, position {position})");
                    report.problem(place.path, format!("{at}: {what}"));
                }
            }
        }
        if options.verify_index_only {
            continue;
        }
        if options.json {
            let mut line = Line::new(out, place.path, "index");
            line.number("offset", offset);
            line.number("position", position);
            line.end();
            continue;
        }
        out.extend_from_slice(b"offset: ");
        push_i64(out, offset);
        out.extend_from_slice(b" position: ");
        push_i64(out, position.into());
        out.push(b'\n');
    }
}

fn checked(log: &dyn Source, position: i32, most: u64) -> Result<i64, String> {
    let Ok(position) = u64::try_from(position) else {
        return Err("the position is negative".into());
    };
    if position > log.size_bytes() {
        return Err(format!("points beyond the log, which has {} bytes", log.size_bytes()));
    }
    Ok(last_offset(log, position, Some(position.saturating_add(most)))?.0)
}

fn odd(length: usize, entry: usize) -> String {
    format!("found {length} bytes which is neither positive nor a multiple of {entry}")
}

fn sanity(
    options: &Options,
    place: &Place<'_>,
    wrong: Option<String>,
    out: &mut Vec<u8>,
    report: &mut Report,
) {
    if options.json {
        let mut line = Line::new(out, place.path, "sanity");
        line.boolean("passed", wrong.is_none());
        line.optional_text("reason", wrong.as_deref());
        line.end();
    }
    match wrong {
        Some(what) => report.problem(place.path, what),
        None if options.json => {}
        None => out.extend_from_slice(format!("{} passed sanity check.\n", place.path).as_bytes()),
    }
}

/// What the report tells behind all files, told at once in JSON.
fn mismatch(
    options: &Options,
    place: &Place<'_>,
    what: &str,
    (indexed, found): (i64, i64),
    out: &mut Vec<u8>,
) {
    if options.json {
        let mut line = Line::new(out, place.path, "mismatch");
        line.text("what", what);
        line.number("indexed", indexed);
        line.number("found", found);
        line.end();
    }
}

fn time_entry(bytes: &[u8; 12], base: i64) -> (i64, i64) {
    let (timestamp, relative) = bytes.split_at(8);
    let timestamp = i64::from_be_bytes(timestamp.try_into().expect("8 bytes"));
    let relative = i32::from_be_bytes(relative.try_into().expect("4 bytes"));
    (timestamp, base.wrapping_add(relative.into()))
}

pub(super) fn times(
    options: &Options,
    place: &Place<'_>,
    bytes: &[u8],
    base: i64,
    out: &mut Vec<u8>,
    report: &mut Report,
) {
    if options.index_sanity_check {
        let mut all = entries::<12>(bytes);
        let first = all.next().map_or((-1, base), |first| time_entry(first, base));
        let last = all.last().map_or(first, |last| time_entry(last, base));
        let wrong = match () {
            _ if last.0 < first.0 => {
                Some(format!("its last timestamp {} is before its first {}", last.0, first.0))
            }
            _ if last.1 < base => {
                Some(format!("its last offset {} is below its base {base}", last.1))
            }
            _ if !bytes.len().is_multiple_of(12) => Some(odd(bytes.len(), 12)),
            _ => None,
        };
        return sanity(options, place, wrong, out, report);
    }
    let log = (place.beside)("log");
    if log.is_none() {
        report.problem(place.path, "there is no log beside it to hold it against");
    }
    let index = (place.beside)("index").map(|index| positions(index.as_ref(), base));
    let index = index.unwrap_or_default();
    let mut previous = -1;
    for (number, entry) in entries::<12>(bytes).enumerate() {
        let (timestamp, offset) = time_entry(entry, base);
        if offset == base && number > 0 {
            return;
        }
        if let Some(log) = log.as_deref() {
            let slot = index.partition_point(|(indexed, _)| *indexed <= offset);
            let position = slot.checked_sub(1).map_or(0, |slot| index[slot].1);
            match matching(log, position, offset) {
                Ok(Found::Largest(largest)) => {
                    if largest != timestamp {
                        report.time_mismatch(place.absolute, timestamp, largest);
                        mismatch(options, place, "timestamp", (timestamp, largest), out);
                    }
                    if previous >= timestamp {
                        report.out_of_order(place.absolute, timestamp, previous);
                        mismatch(options, place, "order", (timestamp, previous), out);
                    }
                }
                Ok(Found::Other(found)) => {
                    report.offset_not_found(place.absolute, offset, found);
                    mismatch(options, place, "notFound", (offset, found), out);
                }
                Err(what) => {
                    report.problem(place.path, format!("entry {number} (offset {offset}): {what}"));
                }
            }
        }
        previous = timestamp;
        if options.verify_index_only {
            continue;
        }
        if options.json {
            let mut line = Line::new(out, place.path, "timeindex");
            line.number("timestamp", timestamp);
            line.number("offset", offset);
            line.end();
            continue;
        }
        out.extend_from_slice(b"timestamp: ");
        push_i64(out, timestamp);
        out.extend_from_slice(b" offset: ");
        push_i64(out, offset);
        out.push(b'\n');
    }
}

/// The entries of the offset index as far as they rise: what a search in it can land on.
fn positions(index: &dyn Source, base: i64) -> Vec<(i64, u64)> {
    let length = index.size_bytes().min(64 << 20) as usize;
    let mut bytes = vec![0; length];
    let read = index.read_at(0, &mut bytes).unwrap_or(0);
    let mut found: Vec<(i64, u64)> = Vec::new();
    for entry in entries::<8>(&bytes[..read]) {
        let (offset, position) = offset_entry(entry, base);
        let rises = found.last().is_none_or(|(last, _)| *last < offset);
        let (true, Ok(position)) = (rises, u64::try_from(position)) else { break };
        found.push((offset, position));
    }
    found
}

enum Found {
    /// The batch that ends with the offset has this largest timestamp.
    Largest(i64),
    /// No batch ends with it; the first behind ends here (-1: there is none).
    Other(i64),
}

/// Walks from `position` to the first batch that ends with `offset` or behind it.
fn matching(log: &dyn Source, mut position: u64, offset: i64) -> Result<Found, String> {
    if position > log.size_bytes() {
        return Err(format!("its index points beyond the log ({} bytes)", log.size_bytes()));
    }
    let mut walk = Spans::new(log, position, None);
    while let Some(size) = walk.next_entry() {
        let (last, _) = last_offset(log, position, None)?;
        if last == offset {
            let mut entry = vec![0; size.min(MOST_BYTES) as usize];
            let read = log.read_at(position, &mut entry).map_err(|error| error.to_string())?;
            if (read as u64) < size {
                return Err(format!("a batch of {size} bytes is too large to be compared"));
            }
            return largest_timestamp(&entry).map(Found::Largest);
        }
        if last > offset {
            return Ok(Found::Other(last));
        }
        position += size;
    }
    match walk.trouble() {
        Some(what) => Err(what.to_string()),
        None => Ok(Found::Other(-1)),
    }
}
