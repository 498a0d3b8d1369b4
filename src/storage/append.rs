//! Appending (`UnifiedLog.append`): check everything, roll if need be, write once, then count.
//!
//! ```text
//!   leader:    batch ── checksum, size ──► base offset := log end, leader epoch := mine ──► roll? ──► write ──► index
//!   follower:  batches as the leader wrote them, offsets and epochs included ─────────────► roll? ──► write ──► index
//! ```
//!
//! Nothing is written before all batches of the call were found good. All batches of one call go into one segment.
//! What the leader makes of a producer's bytes stands in `validate`.

use super::error::{INPUT, Result, StorageError, StorageErrorKind};
use super::event::{Event, RollReason};
use super::few::Few;
use super::log::Log;
use super::producer_state::AppendOrigin;
use super::transactions::Judged;
use crate::batch::{self, Entry, Header};
use crate::clock;
use crate::disk::Disk;
use crate::types::{LeaderEpoch, Offset, Position, Timestamp};

/// What an append did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Offset of the first record.
    pub first_offset: Offset,
    /// Offset of the last record.
    pub last_offset: Offset,
    /// Base offset of the segment that it went into.
    pub segment: Offset,
    /// Where in that segment's file.
    pub position: Position,
    /// How many bytes.
    pub size_bytes: u32,
    /// Greatest timestamp.
    pub max_timestamp: Timestamp,
    /// Why a new segment was begun for it, if so.
    pub rolled: Option<RollReason>,
    /// Nothing was written: these are the offsets of the same batch, written before.
    pub duplicate: bool,
}

/// What all batches of one call say together, and place and header of each in their bytes.
struct Summary {
    batches: Few<(Position, Header)>,
    first_offset: Offset,
    last_offset: Offset,
    max_timestamp: Timestamp,
}

impl Log {
    /// Appends batches as the partition's leader: their base offsets and epochs are set in place.
    pub fn append_as_leader(
        &mut self,
        disk: &mut Disk,
        bytes: &mut [u8],
        epoch: LeaderEpoch,
        now: clock::Instant,
        events: &mut Vec<Event>,
    ) -> Result<Appended> {
        self.check_total(bytes.len())?;
        let validated = self.validate(bytes, epoch, now, events)?;
        let first_offset = validated.first_offset;
        let last_offset = Offset(validated.next_offset.0 - 1);
        let bytes = validated.rewritten.as_deref().unwrap_or(bytes);
        self.check_total(bytes.len())?;
        let (batches, max_timestamp) = (validated.batches, validated.max_timestamp);
        let summary = Summary { batches, first_offset, last_offset, max_timestamp };
        // Formats 0 and 1 have no leader epoch: the cache knows nothing of them (`UnifiedLog.append`).
        if self.config.magic() >= 2 {
            self.assign_epoch(disk, epoch, first_offset, events)?;
        }
        self.write(disk, bytes, &summary, now, AppendOrigin::Client, events)
    }

    /// Appends batches that the leader has already given their offsets.
    pub fn append_as_follower(
        &mut self,
        disk: &mut Disk,
        bytes: &[u8],
        now: clock::Instant,
        events: &mut Vec<Event>,
    ) -> Result<Appended> {
        self.check_total(bytes.len())?;
        let mut expected = self.log_end_offset;
        let mut summary: Option<Summary> = None;
        let mut start = 0;
        while start < bytes.len() {
            let header = checked(&bytes[start..], start)?;
            if header.base_offset < expected {
                let what =
                    format!("offset {} comes before the expected {expected}", header.base_offset);
                return Err(StorageError::new(
                    StorageErrorKind::InvalidOffset,
                    self.directory(),
                    what,
                ));
            }
            expected = self.behind(header.base_offset, i64::from(header.last_offset_delta) + 1)?;
            let summary = summary.get_or_insert_with(|| Summary {
                batches: Few::new(),
                // A compressed set of format 0 or 1 tells its last offset alone: Kafka then rolls at the log end.
                first_offset: match header.is_message() {
                    true => self.log_end_offset,
                    false => header.base_offset,
                },
                last_offset: header.last_offset(),
                max_timestamp: header.max_timestamp,
            });
            summary.last_offset = header.last_offset();
            summary.max_timestamp = summary.max_timestamp.max(header.max_timestamp);
            summary.batches.push((Position(start as u32), header));
            start += header.size_bytes();
        }
        let summary = summary.expect("an empty append was refused above");
        for (_, header) in summary.batches.iter() {
            if header.partition_leader_epoch.0 >= 0 {
                let epoch = header.partition_leader_epoch;
                self.assign_epoch(disk, epoch, header.base_offset, events)?;
            }
        }
        self.write(disk, bytes, &summary, now, AppendOrigin::Replication, events)
    }

    /// The offset behind `count` records that begin at `first`; the last of 64 bits is never given out.
    pub(super) fn behind(&self, first: Offset, count: i64) -> Result<Offset> {
        first.0.checked_add(count).map(Offset).ok_or_else(|| {
            let what = format!("{count} records behind offset {first} leave no offsets");
            StorageError::new(StorageErrorKind::InvalidOffset, self.directory(), what)
        })
    }

    fn check_total(&self, size: usize) -> Result<()> {
        if size == 0 {
            let what = "there is nothing to append";
            return Err(StorageError::new(StorageErrorKind::InvalidArgument, INPUT, what));
        }
        if size > self.config.segment_bytes as usize {
            let what =
                format!("{size} bytes do not fit into segment.bytes={}", self.config.segment_bytes);
            return Err(StorageError::new(StorageErrorKind::RecordBatchTooLarge, INPUT, what));
        }
        Ok(())
    }

    fn write(
        &mut self,
        disk: &mut Disk,
        bytes: &[u8],
        summary: &Summary,
        now: clock::Instant,
        origin: AppendOrigin,
        events: &mut Vec<Event>,
    ) -> Result<Appended> {
        let &Summary { ref batches, first_offset, last_offset, max_timestamp } = summary;
        let (active, config) = self.active_and_config();
        let reason = active.should_roll(disk, config, bytes.len(), max_timestamp, last_offset)?;
        let fresh = active.size_bytes == 0 && active.base_offset == first_offset;
        if let Some(reason) = reason {
            self.roll_at(disk, now, first_offset, reason, events)?;
        }
        let (prepared, completed) = match self.judge(bytes, batches, origin)? {
            Judged::Good(prepared, completed) => (prepared, completed),
            Judged::Duplicate(known) => {
                let active = self.active_segment();
                return Ok(Appended {
                    first_offset: known.first_offset(),
                    last_offset: known.last_offset,
                    segment: active.base_offset,
                    position: Position(active.size_bytes),
                    size_bytes: 0,
                    max_timestamp: known.timestamp,
                    rolled: reason.filter(|_| !fresh),
                    duplicate: true,
                });
            }
        };
        let size_bytes = bytes.len() as u32;
        let appended = events.len();
        let partition = self.partition.clone();
        let (active, config) = self.active_and_config();
        let position =
            active.append(disk, bytes, batches, last_offset, config, &partition, events)?;
        let segment = active.base_offset;
        let event = Event::Appended { partition, first_offset, last_offset, position, size_bytes };
        events.insert(appended, event);
        self.log_end_offset = last_offset + 1;
        self.take_in_judged(disk, prepared, &completed)?;
        if self.log_end_offset - self.recovery_point >= self.config.flush_messages {
            self.flush_before(disk, self.log_end_offset, now, true, events)?;
        }
        let rolled = reason.filter(|_| !fresh);
        Ok(Appended {
            first_offset,
            last_offset,
            segment,
            position,
            size_bytes,
            max_timestamp,
            rolled,
            duplicate: false,
        })
    }
}

/// Header of the batch at the start of `rest`, with size and checksum checked.
fn checked(rest: &[u8], start: usize) -> Result<Header> {
    let wrong = |error| StorageError::batch(INPUT, start as u64, error);
    let size = batch::batch_size(rest).map_err(wrong)?.min(rest.len());
    let entry = Entry::parse(&rest[..size]).map_err(wrong)?;
    entry.verify().map_err(wrong)?;
    Ok(entry.header)
}
