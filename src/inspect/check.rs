//! The full check: every segment read, batch by batch, beside its indexes. In pieces, with progress.
//!
//! ```text
//!   for each partition, for each segment
//!     .log        sizes, format, checksum, offsets that rise, epochs, records that decode
//!     .index      entries in order, each at a batch boundary, inside the segment       (check::indexes)
//!     .timeindex  entries in order, no later than the records say
//!     .txnindex   readable; each aborted transaction that the markers tell is in it    (check::aborts)
//!   at the end of a partition: checkpoints, epochs and snapshots against the log's end (check::ends)
//!   at the end of all: topic ids and replicas against the metadata log                 (metadata)
//! ```
//!
//! What no look at a directory can tell, since a sound one may be just so (each was tried on directories that real
//! brokers had to start with):
//!
//! ```text
//!   index with fewer entries     how many there are depends on index.interval.bytes and on restarts
//!   recovery point, high         any offset up to the log's end may be right; after a kill so may none at all
//!     watermark, log start
//!   snapshot of producers gone   after a kill there is none at the log's end
//!   other cluster, node, topic   seen only beside a second log directory, or beside the metadata log
//!     id; directory lost
//!   directory of a partition     a checkpoint that still names it is a note: it may have been moved or deleted
//!     lost
//!   clean-stop flag with other   only its being there counts
//!     text
//!   record replaced by another   with a checksum that fits, of the same offsets and times
//! ```
//!
//! What always holds: a piece reads about as many bytes as it is given; nothing found is taken for granted, so damage
//! ends the walk of a segment, not the check.

mod aborts;
mod ends;
mod indexes;

use super::batches::{MOST_BATCH_BYTES, Stop, Walk};
use super::findings::{Finding, Findings, Weight};
use super::records;
use super::{BatchRow, Inspection, PartitionFiles, Place, SegmentFiles};
use crate::types::{LeaderEpoch, Offset, Timestamp};
use std::collections::BTreeMap;

/// What the batches of a partition sum up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Batches; in formats 0 and 1, messages as they lie (with a codec: wrappers).
    pub batches: u64,
    /// Records, those inside compressed wrappers included where they could be opened.
    pub records: u64,
    /// First and last offset.
    pub offsets: Option<(Offset, Offset)>,
    /// Least and greatest of the batches' times.
    pub timestamps: Option<(Timestamp, Timestamp)>,
    /// Batches by the name of their format.
    pub formats: BTreeMap<String, u64>,
    /// Bytes of the `.log` files that were read.
    pub bytes: u64,
}

impl Counts {
    fn take(&mut self, row: &BatchRow, records: u64) {
        self.batches += 1;
        self.records += records;
        *self.formats.entry(row.format.name()).or_default() += 1;
        let first = self.offsets.map_or(row.base_offset, |(first, _)| first);
        self.offsets = Some((first, row.last_offset));
        if let Some(time) = row.timestamp {
            let (least, most) = self.timestamps.unwrap_or((time, time));
            self.timestamps = Some((least.min(time), most.max(time)));
        }
    }

    /// `v2`, or `v1, v2 gzip`.
    pub fn format_names(&self) -> String {
        self.formats.keys().cloned().collect::<Vec<_>>().join(", ")
    }
}

/// A segment that is under way.
#[derive(Debug)]
struct Open {
    walk: Walk,
    indexes: indexes::Indexes,
    aborts: aborts::Expected,
    greatest: Option<Timestamp>,
    least_offset: Option<Offset>,
}

/// What is remembered from segment to segment of a partition.
#[derive(Debug, Default)]
struct Memory {
    counts: Counts,
    end: Option<Offset>,
    epoch: Option<LeaderEpoch>,
    ongoing: aborts::Ongoing,
    magics: u8,
    torn: bool,
    producers: bool,
}

/// A check under way.
#[derive(Debug)]
pub struct Check {
    places: Vec<Place>,
    at: usize,
    segment: usize,
    open: Option<Open>,
    memory: Memory,
    /// Whether the directories are still to be compared with the metadata log.
    whole: bool,
    /// What was found so far, what is seen from names alone included.
    pub findings: Findings,
    /// What was counted, by place.
    pub counts: BTreeMap<Place, Counts>,
    /// Bytes of `.log` files read, and how many there are.
    pub progress: (u64, u64),
}

impl Inspection {
    /// A check of everything, or of one partition.
    pub fn check(&self, only: Option<Place>) -> Check {
        let places: Vec<Place> =
            self.places().filter(|place| only.is_none_or(|only| only == *place)).collect();
        let all = places.iter().filter_map(|place| self.partition(*place));
        let total = all.map(PartitionFiles::log_bytes).sum();
        Check {
            places,
            at: 0,
            segment: 0,
            open: None,
            memory: Memory::default(),
            whole: only.is_none(),
            findings: self.findings.clone(),
            counts: BTreeMap::new(),
            progress: (0, total),
        }
    }

    /// A check of everything, carried out to its end.
    pub fn check_all(&self, only: Option<Place>) -> Check {
        let mut check = self.check(only);
        while check.piece(self, 64 << 20) {}
        check
    }
}

impl Check {
    /// Goes on for about so many bytes; says whether there is more to do.
    pub fn piece(&mut self, inspection: &Inspection, bytes: u64) -> bool {
        let mut left = bytes as i64;
        while left > 0 {
            let Some(place) = self.places.get(self.at).copied() else {
                if std::mem::take(&mut self.whole) {
                    inspection.strays(&mut self.findings);
                }
                return false;
            };
            let Some(files) = inspection.partition(place) else {
                self.at += 1;
                continue;
            };
            let Some(segment) = files.segments.get(self.segment).copied() else {
                self.end_partition(inspection, place, files);
                left -= 4096;
                continue;
            };
            left -= self.go_on(inspection, place, files, &segment);
        }
        self.at < self.places.len() || self.whole
    }

    /// One batch of the segment under way, or its beginning or end; gives what it cost.
    fn go_on(
        &mut self,
        inspection: &Inspection,
        place: Place,
        files: &PartitionFiles,
        segment: &SegmentFiles,
    ) -> i64 {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => {
                let Some(walk) = inspection.walk(place, self.segment, 0) else {
                    self.segment += 1;
                    return 1;
                };
                let last = self.segment + 1 == files.segments.len();
                // A directory that was set aside was never closed by a clean stop.
                let clean = inspection.nodes[place.node].stopped_cleanly && files.state.is_none();
                let indexes = indexes::Indexes::read(
                    inspection,
                    (place, self.segment),
                    (last, clean),
                    &mut self.findings,
                );
                Open {
                    walk,
                    indexes,
                    aborts: aborts::Expected::default(),
                    greatest: None,
                    least_offset: None,
                }
            }
        };
        match inspection.next(&mut open.walk) {
            Some(row) => {
                let cost = self.batch(inspection, place, files, &mut open, &row);
                self.progress.0 += row.size_bytes;
                self.open = Some(open);
                cost
            }
            None => {
                self.end_segment(inspection, (place, files), segment, open);
                self.segment += 1;
                4096
            }
        }
    }

    fn batch(
        &mut self,
        inspection: &Inspection,
        place: Place,
        files: &PartitionFiles,
        open: &mut Open,
        row: &BatchRow,
    ) -> i64 {
        let path = open.walk.path().to_owned();
        let (from, to) = (row.position, row.end());
        let mut say = |kind, weight, english: String, chinese: String| {
            self.findings.add(Finding::new(kind, weight, &path, english, chinese).bytes(from, to));
        };
        let size = (row.size_bytes as usize).min(MOST_BATCH_BYTES);
        let bytes = match open.walk.bytes(inspection, from, size) {
            Ok(bytes) => bytes,
            Err(why) => {
                say("unreadable", Weight::Bad, why.clone(), why);
                return 1 << 20;
            }
        };
        let whole = bytes.len() as u64 == row.size_bytes;
        let mut count = row.records().unwrap_or(1);
        let mut first = row.base_offset;
        if whole && crate::batch::verify_checksum(bytes).is_err() {
            say(
                "crc",
                Weight::Bad,
                format!(
                    "the checksum of the batch at byte {from} (offset {}) does not fit",
                    row.base_offset
                ),
                format!("字节 {from} 处的批次（偏移量 {}）校验和不符", row.base_offset),
            );
        } else if whole {
            match records::look(bytes, row) {
                Ok(look) => {
                    count = look.count;
                    first = look.first.unwrap_or(first);
                    open.aborts.see(row, look.control, &mut self.memory.ongoing);
                }
                Err(why) => say(
                    "records",
                    Weight::Bad,
                    format!(
                        "the records of the batch at offset {} cannot be read: {why}",
                        row.base_offset
                    ),
                    format!(
                        "偏移量 {} 处批次的记录无法读取：{}",
                        row.base_offset,
                        crate::chinese::of(why)
                    ),
                ),
            }
        }
        self.offsets(files, &path, first, row);
        self.epoch(files, &path, row);
        let memory = &mut self.memory;
        memory.producers |= row.header.is_some_and(|header| header.has_producer_id());
        memory.magics |= 1 << row.format.magic.min(7);
        memory.end =
            Some(memory.end.map_or(row.last_offset + 1, |end| end.max(row.last_offset + 1)));
        open.greatest = open.greatest.max(row.timestamp);
        open.least_offset = Some(open.least_offset.map_or(first, |least| least.min(first)));
        open.indexes.see(row, first, &mut self.findings);
        memory.counts.take(row, count);
        memory.counts.bytes += row.size_bytes;
        let _ = place;
        row.size_bytes.max(64) as i64
    }

    /// Do offsets rise, and without a hole?
    fn offsets(&mut self, files: &PartitionFiles, path: &str, first: Offset, row: &BatchRow) {
        let (from, to) = (row.position, row.end());
        let finding = |kind, weight, english: String, chinese: String| {
            Finding::new(kind, weight, path, english, chinese).bytes(from, to)
        };
        if row.last_offset < row.segment {
            let (offset, base) = (row.last_offset, row.segment);
            self.findings.add(finding(
                "offset-below-segment",
                Weight::Bad,
                format!("offset {offset} is below the segment's own {base}"),
                format!("偏移量 {offset} 低于段的基准 {base}"),
            ));
            return;
        }
        let Some(end) = self.memory.end else { return };
        let begins = row.position == 0;
        let exact = row.format.magic == 2 || first != row.last_offset;
        if row.last_offset < end || (exact && first < end) {
            let kind = if begins { "segment-overlap" } else { "offset-back" };
            self.findings.add(finding(
                kind,
                Weight::Bad,
                format!("offset {first} comes after {}", end + -1),
                format!("偏移量 {first} 出现在 {} 之后", end + -1),
            ));
        } else if first > end && !files.is_compacted() && self.memory.magics & 4 != 0 {
            let missing = first.0 - end.0;
            let kind = if begins { "segment-gap" } else { "offset-gap" };
            self.findings.add(finding(
                kind,
                Weight::Odd,
                format!("{missing} offsets are missing: after {} comes {first}", end + -1),
                format!("缺少 {missing} 个偏移量：{} 之后是 {first}", end + -1),
            ));
        }
    }

    fn epoch(&mut self, files: &PartitionFiles, path: &str, row: &BatchRow) {
        let Some(epoch) = row.header.map(|header| header.partition_leader_epoch) else { return };
        let (from, to) = (row.position + 12, row.position + 16);
        if self.memory.epoch.is_some_and(|before| epoch < before) {
            let before = self.memory.epoch.unwrap_or(epoch);
            self.findings.add(
                Finding::new(
                    "epoch-back",
                    Weight::Odd,
                    path,
                    format!("leader epoch {epoch} comes after {before}"),
                    format!("领导者纪元 {epoch} 出现在 {before} 之后"),
                )
                .bytes(from, to),
            );
        }
        let known = files.epochs.last().map(|entry| entry.epoch);
        if known.is_some_and(|known| epoch > known) {
            let known = known.unwrap_or(epoch);
            self.findings.add(
                Finding::new(
                    "epoch-unknown",
                    Weight::Odd,
                    path,
                    format!("leader epoch {epoch}, but leader-epoch-checkpoint ends with {known}"),
                    format!("领导者纪元为 {epoch}，而 leader-epoch-checkpoint 止于 {known}"),
                )
                .bytes(from, to),
            );
        }
        self.memory.epoch = self.memory.epoch.max(Some(epoch));
    }

    fn end_segment(
        &mut self,
        inspection: &Inspection,
        (place, files): (Place, &PartitionFiles),
        segment: &SegmentFiles,
        open: Open,
    ) {
        let last = self.segment + 1 == files.segments.len();
        let path = open.walk.path().to_owned();
        if segment.log_bytes == 0 && !last && !files.is_compacted() {
            self.findings.add(Finding::new(
                "segment-empty",
                Weight::Odd,
                &path,
                "this segment is empty, though another follows",
                "此段为空，其后却还有段",
            ));
        }
        if let Some(stop) = &open.walk.stop {
            self.progress.0 += segment.log_bytes - open.walk.position();
            self.memory.torn = true;
            let clean = inspection.nodes[place.node].stopped_cleanly;
            self.findings.add(stopped(stop, &path, last, clean));
        }
        let walked = open.walk.position();
        let whole = open.walk.stop.is_none();
        let end = self.memory.end.filter(|_| segment.log_bytes > 0);
        open.indexes.end((walked, whole), end, open.greatest, &mut self.findings);
        open.aborts.end(
            inspection,
            (place, self.segment),
            files.is_compacted(),
            &mut self.findings,
        );
    }

    fn end_partition(&mut self, inspection: &Inspection, place: Place, files: &PartitionFiles) {
        let memory = std::mem::take(&mut self.memory);
        ends::check(inspection, place, files, &memory, &mut self.findings);
        self.counts.insert(place, memory.counts);
        (self.segment, self.open) = (0, None);
        self.at += 1;
    }
}

/// Why a segment could not be walked to its end, as a finding.
fn stopped(stop: &Stop, path: &str, last: bool, clean: bool) -> Finding {
    let weight = if last && !clean { Weight::Odd } else { Weight::Bad };
    match stop {
        Stop::Torn { position, left, wanted } => Finding::new(
            "torn-tail",
            weight,
            path,
            format!("a batch of {wanted} bytes begins at byte {position}, but the file ends after {left}"),
            format!("字节 {position} 处开始一个 {wanted} 字节的批次，但文件在 {left} 字节后结束"),
        )
        .bytes(*position, position + left),
        Stop::Zeros { position, left } => Finding::new(
            "zeros-at-end",
            weight,
            path,
            format!("{left} zero bytes from byte {position} to the end"),
            format!("从字节 {position} 到结尾有 {left} 个零字节"),
        )
        .bytes(*position, position + left),
        Stop::Garbage { position, left, english, chinese } => Finding::new(
            if english.contains("magic") { "magic" } else { "garbage" },
            Weight::Bad,
            path,
            format!("no batch can begin at byte {position}: {english}"),
            format!("字节 {position} 处不可能是批次开头：{chinese}"),
        )
        .bytes(*position, position + left),
        Stop::Unreadable(why) => Finding::new("unreadable", Weight::Odd, path, why, why),
    }
}
