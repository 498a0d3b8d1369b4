//! A whole file, whatever it is: its first lines, its content, its last line.
//!
//! ```text
//!   Dumping data/broker-1/orders-0/00000000000000000000.log
//!   Log starting offset: 0
//!   baseOffset: 0 lastOffset: 2 …
//!   Found 74 invalid bytes at the end of 00000000000000000000.log
//! ```
//!
//! What always holds: one span of a log is in memory at a time. Whoever wants several threads walks the spans alone,
//! between [`start_log`] and [`end_log`]; the lines are the same. Left out: which files there are.

use super::entries::{Seen, write_entries};
use super::json::Line;
use super::source::{Source, Spans};
use super::{FileKind, Options, Report, index, small};

/// A file and what is beside it.
pub struct Place<'a> {
    /// As it is printed.
    pub path: &'a str,
    /// As the report names it.
    pub absolute: &'a str,
    /// The file of the same name with another ending (`log`, `index`), if there is one.
    pub beside: &'a dyn Fn(&str) -> Option<Box<dyn Source>>,
}

impl Place<'_> {
    /// The last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }
    /// The offset that the name begins with.
    fn base_offset(&self) -> Result<i64, String> {
        let number = self.name().split('.').next().unwrap_or_default();
        number.parse().map_err(|_| format!("its name does not begin with an offset: '{number}'"))
    }
}

/// The most bytes of a file that is not a log: all of it is looked at together.
const MOST_BYTES: u64 = 1 << 30;

/// The lines before the first batch of a log or a snapshot of the metadata log.
pub fn start_log(
    kind: FileKind,
    options: &Options,
    place: &Place<'_>,
    out: &mut Vec<u8>,
    report: &mut Report,
) {
    let line = match kind {
        FileKind::Checkpoint if place.name() == "bootstrap.checkpoint" => {
            Ok("KRaft bootstrap snapshot".to_string())
        }
        FileKind::Checkpoint => match snapshot_id(place.name()) {
            Some((offset, epoch)) => Ok(format!("Snapshot end offset: {offset}, epoch: {epoch}")),
            None => Err("its name is not that of a snapshot (OFFSET-EPOCH.checkpoint)".into()),
        },
        _ => place.base_offset().map(|offset| format!("Log starting offset: {offset}")),
    };
    match line {
        Ok(line) if !options.json => out.extend_from_slice(format!("{line}\n").as_bytes()),
        Ok(_) => {}
        Err(what) => report.problem(place.path, what),
    }
}

/// `Snapshots.parse`: twenty digits, a dash, ten digits.
fn snapshot_id(name: &str) -> Option<(i64, i32)> {
    let (offset, epoch) = name.strip_suffix(".checkpoint")?.split_once('-')?;
    if offset.len() != 20 || epoch.len() != 10 {
        return None;
    }
    Some((offset.parse().ok()?, epoch.parse().ok()?))
}

/// The line behind the last batch of a log, whose whole entries end at `spans.position`.
pub fn end_log(
    options: &Options,
    place: &Place<'_>,
    size_bytes: u64,
    spans: &Spans<'_>,
    out: &mut Vec<u8>,
    report: &mut Report,
) {
    if let Some(what) = spans.trouble() {
        report.problem(place.path, what);
    }
    let left = size_bytes.saturating_sub(spans.position);
    if left == 0 || options.max_bytes.is_some() {
        return;
    }
    report.invalid_tail();
    if options.json {
        let mut line = Line::new(out, place.path, "invalid");
        line.number("position", spans.position as i64);
        line.number("sizeBytes", left as i64);
        line.end();
    } else {
        let line = format!("Found {left} invalid bytes at the end of {}\n", place.name());
        out.extend_from_slice(line.as_bytes());
    }
}

/// Puts what a span's records told behind what those before it told.
pub fn follow(last: &mut Option<i64>, seen: Seen, place: &Place<'_>, report: &mut Report) {
    if let (Some(last), Some(first)) = (*last, seen.first)
        && last.wrapping_add(1) != first
    {
        report.gap(place.absolute, last, first);
    }
    seen.gaps.iter().for_each(|(offset, next)| report.gap(place.absolute, *offset, *next));
    report.wrong_checksums(place.path, seen.wrong_checksums);
    seen.problems.iter().for_each(|what| report.problem(place.path, what));
    *last = seen.last.or(*last);
}

/// All lines of a file, handed to `take` piece by piece; ends early when `take` says false.
pub fn dump(
    options: &Options,
    place: &Place<'_>,
    source: &dyn Source,
    report: &mut Report,
    take: &mut dyn FnMut(&[u8]) -> bool,
) {
    let mut out = Vec::new();
    if !options.json {
        out.extend_from_slice(format!("Dumping {}\n", place.path).as_bytes());
    }
    let Some(kind) = FileKind::of(place.name()) else {
        report.ignored(place.path);
        take(&out);
        return;
    };
    if matches!(kind, FileKind::Log | FileKind::Checkpoint) {
        start_log(kind, options, place, &mut out, report);
        let mut spans = Spans::new(source, 0, options.max_bytes);
        let (mut bytes, mut last) = (Vec::new(), None);
        for span in spans.by_ref() {
            bytes.resize(span.size_bytes as usize, 0);
            let mut seen = Seen::default();
            match source.read_at(span.position, &mut bytes) {
                Ok(_) => {
                    write_entries(options, place.path, &bytes, span.position, &mut out, &mut seen);
                }
                Err(error) => seen.problem(span.position, error),
            }
            follow(&mut last, seen, place, report);
            if !take(&out) {
                return;
            }
            out.clear();
        }
        end_log(options, place, source.size_bytes(), &spans, &mut out, report);
        take(&out);
        return;
    }
    let size = source.size_bytes();
    if size > MOST_BYTES {
        report.problem(place.path, format!("{size} bytes are more than any file of its kind has"));
        take(&out);
        return;
    }
    let mut bytes = vec![0; size as usize];
    match source.read_at(0, &mut bytes) {
        Ok(read) => bytes.truncate(read),
        Err(error) => {
            report.problem(place.path, format!("cannot be read: {error}"));
            bytes.clear();
        }
    }
    match (kind, place.base_offset()) {
        (FileKind::ProducerSnapshot, _) => {
            small::producers(options, place.path, &bytes, &mut out, report);
        }
        (FileKind::TransactionIndex, _) => {
            small::aborted(options, place.path, &bytes, &mut out, report);
        }
        (_, Err(what)) => report.problem(place.path, what),
        (FileKind::OffsetIndex, Ok(base)) => {
            index::offsets(options, place, &bytes, base, &mut out, report);
        }
        (_, Ok(base)) => index::times(options, place, &bytes, base, &mut out, report),
    }
    take(&out);
}
