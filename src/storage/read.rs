//! Reading (`LocalLog.read`, `LogSegment.read`): from the batch that holds an offset, whole batches, one segment
//! at most.
//!
//! ```text
//!   from = 368776        ┌───────── batch ─────────┐┌── batch ──┐┌── batch ──┐ … up to: nothing at or beyond it
//!                        368770 … 368776 … 368779    …           …
//!                        └ the answer begins here: batches are never cut open; the client skips what it did not ask
//! ```
//!
//! Deviation: Kafka may end an answer inside a batch, which the client then drops; ours ends behind the last whole one.

use super::error::{Result, StorageError, StorageErrorKind};
use super::log::Log;
use super::lookup::{Lookup, LookupStep};
use crate::batch::{Header, RecordBytes};
use crate::disk::Disk;
use crate::types::{Offset, Position};

/// What a read gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Whole batches; empty if there is nothing (yet), or if the first batch was too large.
    pub bytes: RecordBytes,
    /// Base offset of the first batch, or the offset asked for.
    pub base_offset: Offset,
    /// The offset behind the last batch, or the offset asked for.
    pub next_offset: Offset,
    /// Base offset of the segment.
    pub segment: Offset,
    /// Where the bytes begin in that segment.
    pub position: Position,
    /// The first batch is larger than the limit and was not given.
    pub first_entry_incomplete: bool,
}

impl Log {
    /// Reads from the batch that holds `from`, at most `max_bytes`, only batches wholly below `up_to`. With
    /// `at_least_one` the first batch is given even if it is larger.
    pub fn read(
        &self,
        disk: &Disk,
        from: Offset,
        max_bytes: usize,
        up_to: Offset,
        at_least_one: bool,
    ) -> Result<Fetched> {
        if from < self.log_start_offset || from > self.log_end_offset {
            let (start, end) = (self.log_start_offset, self.log_end_offset);
            let has = match end.0 - start.0 {
                ..=0 => "is empty".to_owned(),
                1 => format!("has only {start}"),
                _ => format!("has {start} to {}", end.0 - 1),
            };
            let what = format!("offset {from} is outside the log, which {has}, log end {end}");
            return Err(StorageError::new(
                StorageErrorKind::OffsetOutOfRange,
                self.directory(),
                what,
            ));
        }
        let nothing = Fetched {
            bytes: RecordBytes::default(),
            base_offset: from,
            next_offset: from,
            segment: self.active_segment().base_offset,
            position: Position(self.active_segment().size_bytes),
            first_entry_incomplete: false,
        };
        if from >= up_to.min(self.log_end_offset) {
            return Ok(nothing);
        }
        let Some((index, position, first_size)) = self.place(disk, from)? else {
            return Ok(nothing);
        };
        if first_size > max_bytes && !at_least_one {
            return Ok(Fetched { first_entry_incomplete: true, ..nothing });
        }
        let segment = &self.segments[index];
        let left = segment.size_bytes.saturating_sub(position.0) as usize;
        let length = max_bytes.max(first_size).min(left);
        let start = u64::from(position.0);
        let (bytes, base_offset, next_offset) =
            disk.with_bytes(segment.log, start, length, |bytes| {
                let (end, base, next) = whole_batches(bytes, up_to);
                (RecordBytes::from(&bytes[..end]), base, next)
            })?;
        let base_offset = base_offset.unwrap_or(from);
        let next_offset = next_offset.unwrap_or(from);
        let segment = segment.base_offset;
        Ok(Fetched {
            bytes,
            base_offset,
            next_offset,
            segment,
            position,
            first_entry_incomplete: false,
        })
    }

    /// Segment, position and size of the batch that holds `from`. A reader at the end mostly wants the batch appended
    /// last, whose place is known without a search.
    fn place(&self, disk: &Disk, from: Offset) -> Result<Option<(usize, Position, usize)>> {
        let active = self.active_segment();
        if let Some((base, position)) = active.last_batch
            && from >= base
            && from < self.log_end_offset
        {
            let size = (active.size_bytes - position.0) as usize;
            return Ok(Some((self.segments.len() - 1, position, size)));
        }
        match self.translate_offset(disk, from) {
            LookupStep::Found { segment, position, size_bytes, .. } => {
                let index = self.floor_segment(segment).unwrap_or(0);
                Ok(Some((index, position, size_bytes as usize)))
            }
            LookupStep::Damaged { error } => Err(*error),
            _ => self.behind_hole(disk, from),
        }
    }

    /// Compaction may leave nothing at the end of a segment: the next batch is the first of a later one
    /// (`LocalLog.read` goes on to the higher segment).
    fn behind_hole(&self, disk: &Disk, from: Offset) -> Result<Option<(usize, Position, usize)>> {
        let first = self.floor_segment(from).map_or(0, |n| n + 1);
        for (n, segment) in self.segments.iter().enumerate().skip(first) {
            if let Some(header) = segment.header_at(disk, Position(0))? {
                return Ok(Some((n, Position(0), header.size_bytes())));
            }
        }
        Ok(None)
    }

    /// Where `offset` is: the last step of [`Log::lookup`].
    pub fn translate_offset(&self, disk: &Disk, offset: Offset) -> LookupStep {
        let end = LookupStep::AtEnd { target: offset, log_end_offset: self.log_end_offset };
        Lookup::new(self, disk, offset, true).last().unwrap_or(end)
    }
}

/// How many bytes are whole batches below `up_to`, the first one's base offset and the offset behind the last one.
fn whole_batches(bytes: &[u8], up_to: Offset) -> (usize, Option<Offset>, Option<Offset>) {
    let (mut end, mut base, mut next) = (0, None, None);
    while let Ok(header) = Header::read(&bytes[end..]) {
        if header.size_bytes() > bytes.len() - end || header.next_offset() > up_to {
            break;
        }
        base = base.or(Some(header.base_offset));
        next = Some(header.next_offset());
        end += header.size_bytes();
    }
    (end, base, next)
}
