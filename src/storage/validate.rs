//! What a leader makes of what a producer sent (class `LogValidator`): look at every record, give offsets and times,
//! and write anew only if it must.
//!
//! ```text
//!   is the format the topic's?  ── no ──► convert: every record written anew
//!   is the codec the topic's?   ── no ──► unpack, pack again with the topic's codec      (events tell of both)
//!   else                        ──────► in place: base offset, leader epoch, greatest time; the producer's bytes stay
//! ```
//!
//! What always holds: either every record of the call is good, or nothing is appended; records of one call have
//! consecutive offsets. A compressed set of format 0 is always written anew, since its offsets lie inside.

use super::config::LogConfig;
use super::error::{INPUT, Result, StorageError, StorageErrorKind};
use super::event::Event;
use super::few::Few;
use super::log::Log;
use crate::batch::{
    self, AnyBuilder, BatchError, Codec, Contents, Entry, Header, RecordIterator, TimestampType,
    entries,
};
use crate::clock;
use crate::types::{LeaderEpoch, Offset, Position, Timestamp};

/// What came of it.
pub(super) struct Validated {
    /// The bytes to append, if they could not stay what they were.
    pub rewritten: Option<Vec<u8>>,
    /// Place and header of each batch in the bytes to append, as they are now.
    pub batches: Few<(Position, Header)>,
    /// Offset of the first record.
    pub first_offset: Offset,
    /// The offset behind the last record.
    pub next_offset: Offset,
    /// Greatest timestamp.
    pub max_timestamp: Timestamp,
}

/// An error about what a producer sent: `field` of the record or batch at `start`.
fn refused(kind: StorageErrorKind, what: impl Into<String>) -> StorageError {
    StorageError::new(kind, INPUT, what)
}

/// The batch that `error` is about begins at `start` of what was sent.
fn corrupt(start: u64, error: BatchError) -> StorageError {
    StorageError::batch(INPUT, start, error)
}

/// One batch that was sent, and what its records turned out to be.
struct Sent {
    header: Header,
    position: u64,
    count: i64,
    greatest: Timestamp,
}

impl Sent {
    fn range(&self) -> std::ops::Range<usize> {
        let start = self.position as usize;
        start..start + self.header.size_bytes()
    }

    fn entry<'a>(&self, bytes: &'a [u8]) -> Entry<'a> {
        Entry { position: self.position, bytes: &bytes[self.range()], header: self.header }
    }
}

/// What the checks of all records of one call share.
struct Rules<'a> {
    config: &'a LogConfig,
    now: Timestamp,
    /// The earliest and the latest time that a record may bear.
    earliest: Timestamp,
    latest: Timestamp,
}

impl Rules<'_> {
    fn new(config: &LogConfig, now: Timestamp) -> Rules<'_> {
        let mut rules =
            Rules { config, now, earliest: Timestamp(i64::MIN), latest: Timestamp(i64::MAX) };
        if rules.append_time().is_none() {
            let before = config.message_timestamp_before_max_ms;
            if before < i64::MAX {
                rules.earliest = Timestamp(now.0.saturating_sub(before));
            }
            rules.latest = Timestamp(now.0.saturating_add(config.message_timestamp_after_max_ms));
        }
        rules
    }

    fn append_time(&self) -> Option<Timestamp> {
        let append = self.config.message_timestamp_type == TimestampType::LogAppendTime;
        append.then_some(self.now)
    }

    /// Key and time of one record (`LogValidator.validateRecord`); gives its time.
    fn record(&self, control: bool, has_key: bool, time: Timestamp) -> Result<Timestamp> {
        if control {
            return Ok(time);
        }
        if self.config.cleanup_policy.compact && !has_key {
            let what = "a compacted topic cannot accept a record without key";
            return Err(refused(StorageErrorKind::InvalidRecord, what));
        }
        if (time < self.earliest || time > self.latest) && time != Timestamp::NONE {
            return Err(self.out_of_range(time));
        }
        Ok(time)
    }

    #[cold]
    fn out_of_range(&self, time: Timestamp) -> StorageError {
        let (earliest, latest) = (self.earliest, self.latest);
        let what =
            format!("timestamp {time} is out of range: from {earliest} to {latest} is allowed");
        refused(StorageErrorKind::InvalidTimestamp, what)
    }

    /// All records of a batch of format 2: how many, and the greatest time. Most are looked at in runs; where a run is
    /// not as it must be, all of them are looked at again one by one, to say what is wrong.
    fn batch(&self, records: &RecordIterator, start: u64) -> Result<(i64, Timestamp)> {
        let control = records.header().is_control();
        let (mut ahead, mut count, mut greatest) = (records.clone(), 0, Timestamp::NONE);
        let mut next = None;
        loop {
            let run = ahead.run();
            if run.count > 0 {
                let allowed = run.least >= self.earliest
                    && run.greatest <= self.latest
                    && (run.all_keys || !self.config.cleanup_policy.compact);
                let follows = run.first_offset == next.unwrap_or(run.first_offset);
                if !follows || !(allowed || control) {
                    return self.one_by_one(records, start);
                }
                count += i64::from(run.count);
                greatest = greatest.max(run.greatest);
                next = Some(run.first_offset + i64::from(run.count));
            }
            let Some(record) = ahead.next() else { return Ok((count, greatest)) };
            let Ok(record) = record else { return self.one_by_one(records, start) };
            if record.offset != next.unwrap_or(record.offset) {
                return self.one_by_one(records, start);
            }
            greatest =
                greatest.max(self.record(control, record.key.is_some(), record.timestamp)?);
            next = Some(Offset(record.offset.0.saturating_add(1)));
            count += 1;
        }
    }

    #[cold]
    fn one_by_one(&self, records: &RecordIterator, start: u64) -> Result<(i64, Timestamp)> {
        let control = records.header().is_control();
        let (mut count, mut greatest, mut next) = (0, Timestamp::NONE, None);
        for record in records.clone() {
            let record = record.map_err(|error| corrupt(start, error))?;
            greatest =
                greatest.max(self.record(control, record.key.is_some(), record.timestamp)?);
            if record.offset != next.unwrap_or(record.offset) {
                let what = format!("offset {} inside a batch is out of order", record.offset);
                return Err(refused(StorageErrorKind::InvalidRecord, what));
            }
            next = Some(Offset(record.offset.0.saturating_add(1)));
            count += 1;
        }
        Ok((count, greatest))
    }

    /// The messages of an entry of format 0 or 1: how many, the greatest time, and whether their offsets may stay.
    fn messages(&self, entry: &Entry, contents: &Contents) -> Result<(i64, Timestamp, bool)> {
        let (mut count, mut greatest, mut in_place) = (0i64, Timestamp::NONE, true);
        let packed = entry.codec() != Codec::None;
        for record in contents {
            let record = record.map_err(|error| corrupt(entry.position, error))?;
            if packed && !record.checksum_holds() {
                let crc = record.message.map_or(0, |inner| inner.crc);
                let what =
                    format!("the message inside a compressed set has crc {crc:#010x}, not its own");
                return Err(StorageError::at(INPUT, (0, 0), "crc", what));
            }
            greatest = greatest.max(self.record(false, record.key.is_some(), record.timestamp)?);
            // Offsets inside a wrapper of format 1 must be 0, 1, 2, … to stay as they are.
            let relative = record.message.map_or(count, |inner| inner.base_offset.0);
            in_place &= !packed || relative == count;
            count += 1;
        }
        Ok((count, greatest, in_place))
    }
}

/// What the batch's header alone must fulfil (`LogValidator.validateBatch`, `UnifiedLog.analyzeAndValidateRecords`).
fn check_batch(entry: &Entry, first: &Header, config: &LogConfig, to_magic: i8) -> Result<()> {
    entry.verify().map_err(|error| corrupt(entry.position, error))?;
    check_size(entry.bytes.len(), config)?;
    let invalid = |what: String| Err(refused(StorageErrorKind::InvalidRecord, what));
    if entry.magic != first.magic {
        return invalid(format!(
            "batches of format {} and {} in one request",
            first.magic, entry.magic
        ));
    }
    if let Codec::Unknown(number) = entry.codec() {
        let what = format!("codec {number} does not exist");
        return Err(refused(StorageErrorKind::UnsupportedCompressionType, what));
    }
    if to_magic < 2 && (entry.is_transactional() || entry.has_producer_id()) {
        let what = format!("format {to_magic} has no place for producer ids");
        return Err(refused(StorageErrorKind::UnsupportedForMessageFormat, what));
    }
    if !entry.is_message() {
        let from_offsets = i64::from(entry.last_offset_delta) + 1;
        if from_offsets != i64::from(entry.records_count) || entry.records_count < 1 {
            let what = format!(
                "records_count is {}, but last_offset_delta is {}",
                entry.records_count, entry.last_offset_delta
            );
            return Err(StorageError::at(INPUT, (57, 61), "records_count", what));
        }
        if entry.has_producer_id() && entry.base_sequence < 0 && !entry.is_control() {
            return invalid(format!("sequence {} of a producer with id", entry.base_sequence));
        }
    }
    Ok(())
}

/// `max.message.bytes` counts the batch as it is stored, compressed if it is.
fn check_size(size: usize, config: &LogConfig) -> Result<()> {
    if size > config.max_message_bytes as usize {
        let limit = config.max_message_bytes;
        let what = format!("the batch has {size} bytes, max.message.bytes={limit} allows no more");
        return Err(refused(StorageErrorKind::RecordTooLarge, what));
    }
    Ok(())
}

impl Log {
    /// Checks what a producer sent and gives it offsets from the log end on, in place or anew.
    pub(super) fn validate(
        &self,
        bytes: &mut [u8],
        epoch: LeaderEpoch,
        now: clock::Instant,
        events: &mut Vec<Event>,
    ) -> Result<Validated> {
        let config = &self.config;
        let rules = Rules::new(config, config.wall(now));
        let to_magic = config.magic();
        let mut sent: Few<Sent> = Few::new();
        for entry in entries(bytes) {
            let entry = entry.map_err(|error| corrupt(0, error))?;
            let first = sent.first().map_or(&entry.header, |first| &first.header);
            check_batch(&entry, first, config, to_magic)?;
            let Entry { header, position, .. } = entry;
            sent.push(Sent { header, position, count: 0, greatest: Timestamp::NONE });
        }
        let Some(first) = sent.first().map(|sent| sent.header) else {
            return Err(refused(StorageErrorKind::InvalidArgument, "there is nothing to append"));
        };
        // The codec of the last compressed batch stands for all (`UnifiedLog.analyzeAndValidateRecords`).
        let source =
            sent.iter().map(|sent| sent.header.codec()).rfind(|&codec| codec != Codec::None);
        let source = source.unwrap_or(Codec::None);
        let (target, level) = config.compression.target(source);
        if to_magic < 2 && target == Codec::Zstd {
            let what = "zstd needs message format 2 (KIP-110)";
            return Err(refused(StorageErrorKind::UnsupportedCompressionType, what));
        }
        let plain = source == Codec::None && target == Codec::None;
        if !plain && !first.is_message() && sent.len() != 1 {
            let what =
                format!("{} batches of one partition, of which one is compressed", sent.len());
            return Err(refused(StorageErrorKind::InvalidRecord, what));
        }
        let mut in_place = first.magic == to_magic && source == target && (plain || to_magic > 0);
        let mut next = self.log_end_offset;
        let mut max_timestamp = Timestamp::NONE;
        for one in sent.iter_mut() {
            let entry = one.entry(bytes);
            let contents = entry.contents().map_err(|error| corrupt(entry.position, error))?;
            (one.count, one.greatest) = match contents.batch() {
                Some(records) => rules.batch(&records, entry.position)?,
                None => {
                    let (count, greatest, stay) = rules.messages(&entry, &contents)?;
                    in_place &= stay;
                    (count, greatest)
                }
            };
            max_timestamp = max_timestamp.max(one.greatest);
            next = self.behind(next, one.count)?;
        }
        let first_offset = self.log_end_offset;
        if let Some(time) = rules.append_time() {
            max_timestamp = time;
        }
        if in_place {
            let (mut at, append) = (first_offset, rules.append_time());
            let mut batches = Few::new();
            for one in sent.iter() {
                let (mut header, bytes) = (one.header, &mut bytes[one.range()]);
                let stored = if header.is_message() { Offset(at.0 + one.count - 1) } else { at };
                batch::set_place(&mut header, bytes, stored, epoch);
                if !header.is_control() {
                    let time = append.unwrap_or(one.greatest);
                    batch::set_time(&mut header, bytes, append.is_some(), time);
                }
                at = at + one.count;
                batches.push((Position(one.position as u32), header));
            }
            let (rewritten, next_offset) = (None, next);
            return Ok(Validated { rewritten, batches, first_offset, next_offset, max_timestamp });
        }
        let was = bytes.len();
        let mut builder =
            AnyBuilder::new(to_magic, target, level, first_offset, rules.append_time());
        if let AnyBuilder::Batch(batch) = builder {
            let mut batch = batch.with_epoch(epoch).with_producer(
                first.producer_id,
                first.producer_epoch,
                first.base_sequence,
            );
            if first.is_transactional() {
                batch = batch.transactional();
            }
            builder = AnyBuilder::Batch(batch);
        }
        let mut at = first_offset;
        for one in sent.iter() {
            let entry = one.entry(bytes);
            let contents = entry.contents().map_err(|error| corrupt(entry.position, error))?;
            for record in &contents {
                let record = record.map_err(|error| corrupt(entry.position, error))?;
                builder.push(at, &record);
                at = at + 1;
            }
        }
        let rewritten = builder.build();
        let mut batches = Few::new();
        for entry in entries(&rewritten).flatten() {
            check_size(entry.bytes.len(), config)?;
            batches.push((Position(entry.position as u32), entry.header));
        }
        let partition = self.partition.clone();
        let (from_bytes, to_bytes) = (was as u32, rewritten.len() as u32);
        if first.magic != to_magic {
            let records = (next - first_offset) as u32;
            let (from, to) = (first.magic, to_magic);
            events.push(Event::Converted { partition, from, to, records, from_bytes, to_bytes });
        } else {
            events.push(Event::Recompressed {
                partition,
                from: source,
                to: target,
                from_bytes,
                to_bytes,
            });
        }
        let (rewritten, next_offset) = (Some(rewritten), next);
        Ok(Validated { rewritten, batches, first_offset, next_offset, max_timestamp })
    }
}
