//! The producers of a log, brought up to an offset: newest snapshot, then the batches behind it
//! (`UnifiedLog.rebuildProducerState`).
//!
//! ```text
//!   snapshot 83 (newest that can be read)      segments 83, 124, 166 … up to the log end
//!        └──── load ──► producers ◄── replay, batch by batch; a snapshot at the base of each of the last two segments
//! ```
//!
//! After a clean stop without any snapshot Kafka takes the log for one of a broker from before idempotence: it writes
//! empty snapshots and knows no producers.

use super::error::Result;
use super::event::Event;
use super::log::Log;
use super::producer_state::{
    AppendOrigin, CompletedTransaction, ProducerAppendInfo, ProducerState,
};
use super::recovery_step::RecoveryStep;
use super::segment::Segment;
use crate::disk::Disk;
use crate::era::Snapshots;
use crate::types::{Offset, Timestamp};
use std::collections::BTreeMap;

/// Up to where, and how, producers are brought.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rebuild {
    /// Only the first so many segments count.
    pub segments: usize,
    /// First readable offset.
    pub log_start: Offset,
    /// Up to here.
    pub up_to: Offset,
    /// The last stop was clean.
    pub clean: bool,
    /// The clock, for expiry.
    pub now: Timestamp,
}

impl Log {
    /// Brings `producers` up to an offset and writes the snapshots that are due.
    pub(super) fn rebuild_producers(
        &self,
        disk: &mut Disk,
        producers: &mut ProducerState,
        rebuild: Rebuild,
        events: &mut Vec<Event>,
    ) -> Result<()> {
        let Rebuild { log_start, up_to, now, .. } = rebuild;
        if self.config.era.snapshots == Snapshots::Unknown {
            producers.map_end_offset = up_to;
            return Ok(());
        }
        let segments = &self.segments[..rebuild.segments];
        let last_two = &segments[segments.len().saturating_sub(2)..];
        if producers.snapshots.is_empty() && rebuild.clean {
            self.tell(RecoveryStep::ProducersForgotten, events);
            for offset in last_two.iter().map(|segment| segment.base_offset).chain([up_to]) {
                producers.map_end_offset = offset;
                self.snapshot(disk, producers, events)?;
            }
            return Ok(());
        }
        let known_empty = producers.is_empty() && producers.map_end_offset >= up_to;
        let mut steps = Vec::new();
        let expiry = (now, self.config.producer_id_expiration_ms);
        producers.truncate_and_reload(
            disk,
            &self.directory,
            (log_start, up_to),
            expiry,
            &mut steps,
        )?;
        steps.into_iter().for_each(|step| self.tell(step, events));
        if up_to > producers.map_end_offset && !known_empty {
            let from = producers.map_end_offset;
            let floor = segments.partition_point(|segment| segment.base_offset <= from);
            let end = segments.partition_point(|segment| segment.base_offset < up_to);
            let mut batches = 0;
            for segment in segments.get(floor.saturating_sub(1)..end).unwrap_or_default() {
                let start = segment.base_offset.max(producers.map_end_offset).max(log_start);
                producers.map_end_offset = start;
                if last_two.iter().any(|other| other.base_offset == segment.base_offset) {
                    self.snapshot(disk, producers, events)?;
                }
                batches += replay(disk, segment, producers, start, up_to)?;
            }
            self.tell(RecoveryStep::ProducersReplayed { from, to: up_to, batches }, events);
        }
        producers.map_end_offset = up_to;
        self.snapshot(disk, producers, events)
    }

    pub(super) fn snapshot(
        &self,
        disk: &mut Disk,
        producers: &mut ProducerState,
        events: &mut Vec<Event>,
    ) -> Result<()> {
        if self.config.era.snapshots == Snapshots::Unknown {
            return Ok(());
        }
        if producers.take_snapshot(disk, &self.directory)? {
            let (offset, count) = (producers.map_end_offset, producers.producers.len());
            self.tell(RecoveryStep::SnapshotWritten { offset, producers: count }, events);
        }
        Ok(())
    }
}

/// Reads the batches of one segment from `start` to `up_to`; says how many there were.
fn replay(
    disk: &Disk,
    segment: &Segment,
    producers: &mut ProducerState,
    start: Offset,
    up_to: Offset,
) -> Result<u64> {
    let Some((position, _)) = segment.translate(disk, start)? else { return Ok(0) };
    let mut prepared: BTreeMap<i64, ProducerAppendInfo> = BTreeMap::new();
    let mut completed: Vec<CompletedTransaction> = Vec::new();
    let mut batches = 0;
    for found in segment.headers(disk, position) {
        let (position, header) = found?;
        if header.last_offset() >= up_to {
            break;
        }
        batches += 1;
        if header.has_producer_id() {
            let marker = segment.marker_at(disk, position, &header)?;
            let info = prepared.entry(header.producer_id).or_insert_with(|| {
                producers.prepare(header.producer_id, AppendOrigin::Replication)
            });
            completed.extend(info.append(&header, marker)?);
        }
    }
    prepared.into_values().for_each(|info| producers.update(info));
    completed.iter().for_each(|completed| producers.complete(completed));
    Ok(batches)
}
