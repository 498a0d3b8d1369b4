//! The offset and time index of a segment beside the batches that they should lead to.
//!
//! ```text
//!   .index   (83, 0x1F1) ──────────────▶ byte 497 of the .log: does a batch begin there? does it reach offset 83?
//! ```
//!
//! Entries must rise. An entry's key is a batch's first offset (up to 0.11) or its last (later; of several batches
//! appended at once, the last of them all), so it lies between the first offset of its batch and the segment's end.

use super::super::findings::{Finding, Findings, Weight};
use super::super::index::{OffsetEntry, TimeEntry};
use super::super::{BatchRow, Inspection, Place};
use crate::types::{Offset, Timestamp};

/// The entries of one segment, and how far the walk over the log has come in them.
#[derive(Debug)]
pub(super) struct Indexes {
    path: String,
    time_path: String,
    entries: Vec<OffsetEntry>,
    times: Vec<TimeEntry>,
    next: usize,
    base: Offset,
}

impl Indexes {
    pub fn read(
        inspection: &Inspection,
        (place, segment): (Place, usize),
        (last, clean): (bool, bool),
        findings: &mut Findings,
    ) -> Indexes {
        let files = inspection.partition(place);
        let base = files.and_then(|f| f.segments.get(segment)).map_or(Offset(0), |s| s.base_offset);
        let path = |suffix| {
            files.map_or(String::new(), |files| Inspection::segment_path(files, base, suffix))
        };
        let found = Indexes {
            path: path(".index"),
            time_path: path(".timeindex"),
            entries: inspection.offset_index(place, segment, 0, u64::MAX),
            times: inspection.time_index(place, segment, 0, u64::MAX),
            next: 0,
            base,
        };
        let zeros = [
            (inspection.offset_entries(place, segment), 8, &found.path),
            (inspection.time_entries(place, segment), 12, &found.time_path),
        ];
        for (entries, width, path) in zeros {
            let Some((used, all)) = entries.filter(|(used, all)| used < all) else { continue };
            let (kind, weight) = match (last, clean) {
                (true, false) => ("index-untrimmed", Weight::Note),
                _ => ("index-zeros", Weight::Odd),
            };
            let finding = Finding::new(
                kind,
                weight,
                path,
                format!("{used} entries, then room for {} more: it was never trimmed", all - used),
                format!("{used} 个条目，其后还有 {} 个空位：未被裁剪", all - used),
            );
            findings.add(finding.bytes(used * width, all * width));
        }
        found.in_order(findings);
        found
    }

    fn in_order(&self, findings: &mut Findings) {
        for (n, two) in self.entries.windows(2).enumerate() {
            let (a, b) = (two[0], two[1]);
            if b.offset <= a.offset || b.position <= a.position {
                let n = n as u64 + 1;
                let finding = Finding::new(
                    "index-order",
                    Weight::Bad,
                    &self.path,
                    format!(
                        "entry {n} ({}, {}) does not rise over the one before ({}, {})",
                        b.offset, b.position, a.offset, a.position
                    ),
                    format!(
                        "条目 {n}（{}, {}）没有大于前一条（{}, {}）",
                        b.offset, b.position, a.offset, a.position
                    ),
                );
                findings.add(finding.bytes(n * 8, n * 8 + 8));
            }
        }
        for (n, two) in self.times.windows(2).enumerate() {
            let (a, b) = (two[0], two[1]);
            if b.timestamp < a.timestamp || b.offset < a.offset {
                let n = n as u64 + 1;
                let finding = Finding::new(
                    "time-index-order",
                    Weight::Odd,
                    &self.time_path,
                    format!(
                        "entry {n} ({}, {}) is below the one before ({}, {})",
                        b.timestamp, b.offset, a.timestamp, a.offset
                    ),
                    format!(
                        "条目 {n}（{}, {}）小于前一条（{}, {}）",
                        b.timestamp, b.offset, a.timestamp, a.offset
                    ),
                );
                findings.add(finding.bytes(n * 12, n * 12 + 12));
            }
        }
    }

    /// The walk over the log has come to this batch, whose first record is at `first`.
    pub fn see(&mut self, row: &BatchRow, first: Offset, findings: &mut Findings) {
        while let Some(entry) = self.entries.get(self.next) {
            let at = u64::from(entry.position);
            if at > row.position {
                return;
            }
            if at == row.position {
                let known = row.format.magic == 2;
                if entry.offset < first || (known && entry.offset < row.base_offset) {
                    self.say(
                        ("index-offset", Weight::Bad),
                        format!(
                            "says offset {} at byte {at}, but the batch there begins with {first}",
                            entry.offset
                        ),
                        format!(
                            "称偏移量 {} 在字节 {at}，但那里的批次从 {first} 开始",
                            entry.offset
                        ),
                        findings,
                    );
                }
            } else {
                self.off_boundary(findings);
            }
            self.next += 1;
        }
    }

    fn off_boundary(&self, findings: &mut Findings) {
        let Some(entry) = self.entries.get(self.next) else { return };
        self.say(
            ("index-off-boundary", Weight::Bad),
            format!("points at byte {}, where no batch begins", entry.position),
            format!("指向字节 {}，那里没有批次开始", entry.position),
            findings,
        );
    }

    fn say(
        &self,
        (kind, weight): (&'static str, Weight),
        english: String,
        chinese: String,
        findings: &mut Findings,
    ) {
        let n = self.next as u64;
        let finding = Finding::new(
            kind,
            weight,
            &self.path,
            format!("entry {n} {english}"),
            format!("条目 {n} {chinese}"),
        );
        findings.add(finding.bytes(n * 8, n * 8 + 8));
    }

    /// The walk ended at a byte; the log's end is at this offset.
    pub fn end(
        mut self,
        (walked, whole): (u64, bool),
        end: Option<Offset>,
        greatest: Option<Timestamp>,
        findings: &mut Findings,
    ) {
        while let Some(entry) = self.entries.get(self.next).copied() {
            if u64::from(entry.position) < walked {
                self.off_boundary(findings);
            } else if whole || u64::from(entry.position) == walked {
                self.say(
                    ("index-beyond-end", Weight::Bad),
                    format!("points at byte {}, but the batches end at {walked}", entry.position),
                    format!("指向字节 {}，而批次止于 {walked}", entry.position),
                    findings,
                );
            }
            self.next += 1;
        }
        if !whole {
            return;
        }
        let end = end.unwrap_or(self.base);
        for (n, entry) in self.entries.iter().enumerate() {
            if entry.offset >= end {
                self.next = n;
                self.say(
                    ("index-beyond-end", Weight::Bad),
                    format!("says offset {}, but the segment ends before {end}", entry.offset),
                    format!("称偏移量 {}，但该段在 {end} 之前结束", entry.offset),
                    findings,
                );
                break;
            }
        }
        for (n, entry) in self.times.iter().enumerate() {
            // An empty segment is closed with the entry (-1, base offset) or none.
            let inside =
                entry.offset >= self.base && (entry.offset < end || entry.timestamp.0 <= 0);
            let late = greatest.is_some_and(|greatest| entry.timestamp > greatest);
            let n = n as u64;
            let mut say = |kind, english: String, chinese: String| {
                let finding = Finding::new(kind, Weight::Odd, &self.time_path, english, chinese);
                findings.add(finding.bytes(n * 12, n * 12 + 12));
            };
            if !inside {
                say(
                    "time-index-offset",
                    format!("entry {n} names offset {}, outside the segment", entry.offset),
                    format!("条目 {n} 指向偏移量 {}，不在该段内", entry.offset),
                );
            } else if late {
                say(
                    "time-index-time",
                    format!(
                        "entry {n} says {}, later than any record of the segment",
                        entry.timestamp
                    ),
                    format!("条目 {n} 为 {}，晚于该段任何记录", entry.timestamp),
                );
            }
        }
    }
}
