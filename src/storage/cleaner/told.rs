//! A pass of the cleaner told aloud: its first steps as they were, each as a sentence.
//!
//! ```text
//!   the dirty section is offsets 0 to 4
//!   offset map: batch 0 read from segment 0: k1 → 0
//!   …
//!   offset map built: 3 keys, of the records before offset 5
//!   1 segment becomes one: 0
//!   00000000000000000000.log.cleaned begins
//!   batch 0 dropped: offset 0 superseded by 2
//! ```
//!
//! No more than [`MOST_STEPS`] steps are remembered; how many were not is counted.

use super::{BatchFate, CleanStep, Cleaning, CleaningPlan, CleaningResult, RecordFate};
use crate::disk::Disk;
use crate::storage::{Event, Log, Result, file_name};
use crate::types::{Offset, Timestamp, counted};

/// The most steps of a pass that are remembered.
pub const MOST_STEPS: usize = 500;
/// Most records of one batch that a sentence names.
const MOST_RECORDS: usize = 12;

/// The steps of a pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToldCleaning {
    /// The first of them.
    pub steps: Vec<CleanStep>,
    /// How many more there were.
    pub left_out: u64,
}

impl Log {
    /// Runs a pass of the cleaner to its end; answers what it did, and its first steps.
    pub fn clean_and_tell(
        &mut self,
        disk: &mut Disk,
        plan: CleaningPlan,
        events: &mut Vec<Event>,
        told: &mut ToldCleaning,
    ) -> Result<CleaningResult> {
        let mut cleaning = Cleaning::new(plan);
        while let Some(step) = cleaning.step(self, disk, events)? {
            match told.steps.len() < MOST_STEPS {
                true => told.steps.push(step),
                false => told.left_out += 1,
            }
        }
        let (partition, result) = (self.partition.clone(), cleaning.result);
        events.push(Event::Cleaned {
            partition,
            end_offset: result.end_offset,
            records_before: result.records_read,
            records_after: result.records_kept,
        });
        Ok(result)
    }
}

fn list(offsets: &[Offset]) -> String {
    offsets.iter().map(Offset::to_string).collect::<Vec<_>>().join(", ")
}

/// `batch 3` or `batch 3 to 5`.
fn batch(base: Offset, last: Offset) -> String {
    if base == last { format!("batch {base}") } else { format!("batch {base} to {last}") }
}

fn fate(offset: Offset, fate: RecordFate, horizon: Option<Timestamp>) -> String {
    match fate {
        RecordFate::Kept => format!("{offset} kept"),
        RecordFate::TombstoneKept => match horizon {
            Some(until) => format!("{offset} tombstone, kept until {until}"),
            None => format!("{offset} tombstone, kept"),
        },
        RecordFate::MarkerKept => format!("{offset} marker, kept"),
        RecordFate::Beyond => format!("{offset} behind the offset map, kept"),
        RecordFate::Superseded(by) => format!("{offset} superseded by {by}"),
        RecordFate::TombstoneExpired => format!("{offset} tombstone, its time is over"),
        RecordFate::NoKey => format!("{offset} without key, gone"),
        RecordFate::Aborted => format!("{offset} of an aborted transaction, gone"),
        RecordFate::MarkerExpired => format!("{offset} marker, its time is over"),
    }
}

impl CleanStep {
    /// The step in one sentence.
    pub fn sentence(&self) -> String {
        match self {
            CleanStep::Begun { first_dirty_offset, first_uncleanable_offset } => format!(
                "the dirty section is offsets {first_dirty_offset} to {}",
                first_uncleanable_offset.0 - 1
            ),
            CleanStep::Mapped {
                segment, base_offset, last_offset, aborted, keys, newest, ..
            } => {
                let entries: Vec<String> =
                    newest.iter().map(|(key, offset)| format!("{key} → {offset}")).collect();
                let said = match (entries.is_empty(), aborted) {
                    (_, true) => "aborted, none of it counts".to_owned(),
                    (true, false) => counted(keys, "key"),
                    _ => entries.join(", "),
                };
                let name = batch(*base_offset, *last_offset);
                format!("offset map: {name} of segment {segment}: {said}")
            }
            CleanStep::MapBuilt { end_offset, keys, full } => {
                let full = if *full { "; it is full, the rest stays dirty" } else { "" };
                let keys = counted(keys, "key");
                format!("offset map built: {keys} of the records before offset {end_offset}{full}")
            }
            CleanStep::Grouped { groups } => {
                let all: Vec<String> = groups
                    .iter()
                    .map(|group| format!("{} into {}", list(group), group[0]))
                    .collect();
                format!("groups of segments: {}", all.join("; "))
            }
            CleanStep::Opened { into, .. } => {
                format!("{} begins", file_name(*into, ".log.cleaned"))
            }
            CleanStep::Judged {
                base_offset,
                last_offset,
                fate: of_batch,
                records,
                delete_horizon,
                ..
            } => {
                let mut said: Vec<String> = records
                    .iter()
                    .take(MOST_RECORDS)
                    .map(|&(offset, of)| fate(offset, of, *delete_horizon))
                    .collect();
                if records.len() > MOST_RECORDS {
                    said.push(format!("and {} more", records.len() - MOST_RECORDS));
                }
                let what = match of_batch {
                    BatchFate::Copied => "copied as it is",
                    BatchFate::Rewritten => "rewritten",
                    BatchFate::EmptiedForProducer => "kept empty, the last of its producer",
                    BatchFate::EmptiedAtEnd => "kept empty, the last of the section",
                    BatchFate::Dropped => "dropped",
                };
                let name = batch(*base_offset, *last_offset);
                match said.is_empty() {
                    true => format!("{name} {what}"),
                    false => format!("{name} {what}: {}", said.join(", ")),
                }
            }
            CleanStep::Written { into, size_bytes } => format!(
                "{} is complete and flushed, {}",
                file_name(*into, ".log.cleaned"),
                counted(size_bytes, "byte")
            ),
            CleanStep::Swapping { into } => {
                let (from, to) = (file_name(*into, ".log.cleaned"), file_name(*into, ".log.swap"));
                format!("{from} is called {to} now: from here on a start completes it")
            }
            CleanStep::Replaced { into, from, bytes_before, bytes_after } => format!(
                "segment {into} replaced {}: {} became {bytes_after}",
                list(from),
                counted(bytes_before, "byte")
            ),
            CleanStep::Done(result) => {
                format!("the log is clean before offset {}", result.end_offset)
            }
        }
    }
}
