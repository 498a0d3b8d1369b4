//! What does not fit together: the tool prints it behind all files, on its error output.
//!
//! What always holds: nothing here grows without a limit, though a compacted log has a gap at every other record. Left
//! out, on purpose: the tool's claim that "-1 is followed by" the first offset of each segment but the first.

use std::collections::BTreeMap;

/// How many findings of one kind are kept for one file.
const MOST: usize = 10_000;

/// The pairs of numbers found in one file, and how many more were left out.
type FindingsOfFile = (String, Vec<(i64, i64)>, usize);

/// Findings of one kind, by file.
#[derive(Clone, Debug, Default)]
struct Findings(Vec<FindingsOfFile>);

impl Findings {
    fn add(&mut self, file: &str, pair: (i64, i64)) {
        if self.0.last().is_none_or(|(name, ..)| name != file) {
            self.0.push((file.to_string(), Vec::new(), 0));
        }
        let Some((_, pairs, more)) = self.0.last_mut() else { return };
        if pairs.len() < MOST { pairs.push(pair) } else { *more += 1 }
    }
}

/// What was found in all files so far.
#[derive(Clone, Debug, Default)]
pub struct Report {
    index: Findings,
    time: Findings,
    order: Findings,
    missing: Findings,
    gaps: Findings,
    /// What the tool would have died of, in sentences.
    pub problems: Vec<String>,
    more_problems: usize,
    ignored: Vec<String>,
    /// Entries and records whose checksum does not hold, by file.
    checksums: BTreeMap<String, usize>,
    /// A log ends with bytes that are no whole entry.
    has_tail: bool,
}

impl Report {
    /// A file whose name says that it is none of those that are dumped.
    pub fn ignored(&mut self, path: &str) {
        self.ignored.push(path.to_string());
    }
    /// An index entry whose batch ends with another offset.
    pub fn index_mismatch(&mut self, file: &str, indexed: i64, found: i64) {
        self.index.add(file, (indexed, found));
    }
    /// A time index entry that does not have the largest timestamp of its batch.
    pub fn time_mismatch(&mut self, file: &str, indexed: i64, found: i64) {
        self.time.add(file, (indexed, found));
    }
    /// A time index entry that is not later than the one before it.
    pub fn out_of_order(&mut self, file: &str, timestamp: i64, previous: i64) {
        self.order.add(file, (timestamp, previous));
    }
    /// A time index entry whose offset ends no batch.
    pub fn offset_not_found(&mut self, file: &str, indexed: i64, found: i64) {
        self.missing.add(file, (indexed, found));
    }
    /// A record that does not follow the one before it.
    pub fn gap(&mut self, file: &str, offset: i64, next: i64) {
        self.gaps.add(file, (offset, next));
    }
    /// Entries or records of a file whose checksum does not hold.
    pub fn wrong_checksums(&mut self, path: &str, count: usize) {
        if count > 0 {
            *self.checksums.entry(path.to_string()).or_default() += count;
        }
    }
    /// A log ends with bytes that are no whole entry.
    pub fn invalid_tail(&mut self) {
        self.has_tail = true;
    }
    /// Do all files hold together? A gap between offsets is no fault: compaction leaves them.
    pub fn holds(&self) -> bool {
        let findings = [&self.index, &self.time, &self.order, &self.missing];
        let none = findings.iter().all(|findings| findings.0.is_empty());
        none && self.problems.is_empty() && self.checksums.is_empty() && !self.has_tail
    }
    /// Something that cannot be read.
    pub fn problem(&mut self, path: &str, what: impl std::fmt::Display) {
        if self.problems.len() < MOST {
            self.problems.push(format!("{path}: {what}"));
        } else {
            self.more_problems += 1;
        }
    }

    /// The lines of the error output.
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.ignored.iter().for_each(|path| text += &format!("Ignoring unknown file {path}\n"));
        let mut list = |findings: &Findings, head: &str, line: &dyn Fn(i64, i64) -> String| {
            for (file, pairs, more) in &findings.0 {
                text += &format!("{head}{file}\n");
                pairs.iter().for_each(|(a, b)| text += &format!("{}\n", line(*a, *b)));
                if *more > 0 {
                    text += &format!("  and {more} more\n");
                }
            }
        };
        let sorted = |findings: &Findings, backwards: bool| {
            let once = |(file, pairs, more): &(String, Vec<(i64, i64)>, usize)| {
                let pairs: BTreeMap<i64, i64> = pairs.iter().copied().collect();
                let mut pairs: Vec<(i64, i64)> = pairs.into_iter().collect();
                if backwards {
                    pairs.reverse();
                }
                (file.clone(), pairs, *more)
            };
            Findings(findings.0.iter().map(once).collect())
        };
        list(&sorted(&self.index, true), "Mismatches in :", &|indexed, found| {
            format!("  Index offset: {indexed}, log offset: {found}")
        });
        list(&self.time, "Found timestamp mismatch in :", &|indexed, found| {
            format!("  Index timestamp: {indexed}, log timestamp: {found}")
        });
        list(&self.order, "Found out of order timestamp in :", &|timestamp, previous| {
            format!("  Index timestamp: {timestamp}, Previously indexed timestamp: {previous}")
        });
        let head = "The following indexed offsets are not found in :";
        list(&self.missing, head, &|indexed, found| {
            format!("Indexed offset: {indexed}, found log offset: {found}")
        });
        list(&sorted(&self.gaps, false), "Non-consecutive offsets in ", &|offset, next| {
            format!("  {offset} is followed by {next}")
        });
        for (path, count) in &self.checksums {
            let (noun, verb) = if *count == 1 { ("checksum", "does") } else { ("checksums", "do") };
            text += &format!("klab: {path}: {count} {noun} {verb} not hold\n");
        }
        for problem in &self.problems {
            text += &format!("klab: {problem}\n");
        }
        if self.more_problems > 0 {
            text += &format!("klab: and {} more\n", self.more_problems);
        }
        text
    }
}
