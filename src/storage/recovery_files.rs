//! First passes of a start-up: leftovers and interrupted swaps (`LogLoader.removeTempFilesAndCollectSwapFiles`).
//!
//! ```text
//!   83.log.deleted                      removed
//!   83.log.cleaned   83.index.cleaned   removed: the cleaning did not end, the old segments are still there
//!   83.log.swap      83.index.swap      complete: segments from 83 to the end of 83.log.swap go, the suffix goes
//! ```
//!
//! A `.swap` at or above the first `.cleaned` belongs to a split that did not end, and is removed instead.

use super::error::{Result, StorageError, StorageErrorKind};
use super::offset_index::OffsetIndex;
use super::recovery_step::{Leftover, RecoveryStep};
use super::segment::{Segment, file_name};
use super::time_index::TimeIndex;
use crate::disk::Disk;
use crate::era::IndexKey;
use crate::types::Offset;

/// The offset in front of the first dot of a name.
fn offset_of(name: &str) -> Option<Offset> {
    name.split('.').next()?.parse().ok().map(Offset)
}

fn bad_name(directory: &str, name: &str) -> StorageError {
    let what = "the name must begin with an offset";
    StorageError::new(StorageErrorKind::Corrupt, format!("{directory}/{name}"), what)
}

fn files(disk: &Disk, directory: &str) -> Result<Vec<String>> {
    let entries = disk.list(directory)?;
    Ok(entries.into_iter().filter(|entry| !entry.is_directory).map(|entry| entry.name).collect())
}

/// Removes what an earlier process left behind and completes interrupted swaps.
pub(super) fn sweep(
    disk: &mut Disk,
    directory: &str,
    room: u32,
    steps: &mut Vec<RecoveryStep>,
) -> Result<()> {
    let names = files(disk, directory)?;
    let with =
        |suffix: &'static str| names.iter().filter(move |name| name.ends_with(suffix)).cloned();
    for name in with(".deleted").filter(|name| !name.ends_with(".checkpoint.deleted")) {
        remove(disk, directory, name, Leftover::Deleted, steps)?;
    }
    let mut first_cleaned = Offset(i64::MAX);
    for name in with(".cleaned") {
        first_cleaned =
            first_cleaned.min(offset_of(&name).ok_or_else(|| bad_name(directory, &name))?);
    }
    let (mut from, mut to) = (Offset(i64::MAX), Offset(i64::MIN));
    for name in with(".swap") {
        let base = offset_of(&name).ok_or_else(|| bad_name(directory, &name))?;
        if base >= first_cleaned {
            remove(disk, directory, name, Leftover::Swap, steps)?;
        } else if name.ends_with(".log.swap") {
            from = from.min(base);
            to = to.max(Segment::next_offset_of_swap(disk, directory, base, room)?);
        }
    }
    for name in with(".cleaned") {
        remove(disk, directory, name, Leftover::Cleaned, steps)?;
    }
    for name in files(disk, directory)? {
        if !name.ends_with(".swap")
            && offset_of(&name).is_some_and(|base| from <= base && base < to)
        {
            remove(disk, directory, name, Leftover::Replaced, steps)?;
        }
    }
    for name in files(disk, directory)? {
        if let Some(plain) = name.strip_suffix(".swap") {
            disk.rename(&format!("{directory}/{name}"), &format!("{directory}/{plain}"))?;
            steps.push(RecoveryStep::SwapCompleted { file: name });
        }
    }
    Ok(())
}

fn remove(
    disk: &mut Disk,
    directory: &str,
    file: String,
    why: Leftover,
    steps: &mut Vec<RecoveryStep>,
) -> Result<()> {
    disk.remove(&format!("{directory}/{file}"))?;
    steps.push(RecoveryStep::FileRemoved { file, why });
    Ok(())
}

/// Base offsets of the `.log` files, ascending. A name that is no number is an error: Kafka does not start.
pub(super) fn log_files(disk: &Disk, directory: &str) -> Result<Vec<Offset>> {
    let mut bases = Vec::new();
    for name in files(disk, directory)? {
        let Some(stem) = name.strip_suffix(".log") else { continue };
        match stem.parse::<i64>() {
            // Offsets of the segment must fit, too.
            Ok(base) if (0..i64::MAX - (1 << 33)).contains(&base) => bases.push(Offset(base)),
            _ => {
                let path = format!("{directory}/{name}");
                let what = "the name of a .log file must be an offset of twenty digits";
                return Err(StorageError::new(StorageErrorKind::Corrupt, path, what));
            }
        }
    }
    bases.sort_unstable();
    bases.dedup();
    Ok(bases)
}

/// Removes indexes without a log, judged by the name of twenty digits; then `209.log` stands for an empty segment 209,
/// as Kafka has it.
pub(super) fn remove_orphans(
    disk: &mut Disk,
    directory: &str,
    bases: &[Offset],
    steps: &mut Vec<RecoveryStep>,
) -> Result<()> {
    for name in files(disk, directory)? {
        let index =
            [".index", ".timeindex", ".txnindex"].iter().any(|suffix| name.ends_with(suffix));
        if !index {
            continue;
        }
        let base = offset_of(&name).ok_or_else(|| bad_name(directory, &name))?;
        if !disk.exists(&format!("{directory}/{}", file_name(base, ".log"))) {
            remove(disk, directory, name, Leftover::Orphan, steps)?;
        }
    }
    for base in bases {
        let path = format!("{directory}/{}", file_name(*base, ".log"));
        if !disk.exists(&path) {
            disk.create(&path)?;
        }
    }
    Ok(())
}

/// Makes the index files that are missing, empty; says whether the offset index was among them: only that makes Kafka
/// scan the segment (`LogSegment.sanityCheck`).
pub(super) fn complete(disk: &mut Disk, directory: &str, base_offset: Offset) -> Result<bool> {
    let mut missing = false;
    for suffix in [".index", ".timeindex"] {
        let path = format!("{directory}/{}", file_name(base_offset, suffix));
        if !disk.exists(&path) {
            disk.create_mapped(&path, 0)?;
            missing |= suffix == ".index";
        }
    }
    Ok(missing)
}

/// What makes no sense in the indexes of a segment, as old brokers looked for it at every start
/// (`OffsetIndex.sanityCheck`, `TimeIndex.sanityCheck`): the file and the reason.
pub(super) fn nonsense_in(
    disk: &Disk,
    segment: &Segment,
    key: IndexKey,
) -> Result<Option<(String, String)>> {
    let (index, times, base) = (&segment.index, &segment.time_index, segment.base_offset);
    let odd = |file, entry: u32| !disk.size(file).is_multiple_of(u64::from(entry));
    let told = |suffix, why: String| Ok(Some((file_name(base, suffix), why)));
    // 0.10 takes the base offset itself for nonsense: the zeros of an untrimmed index look so.
    let least = if key == IndexKey::First { base + 1 } else { base };
    if index.entries() > 0 && index.last_offset() < least {
        return told(".index", format!("its last entry has offset {}", index.last_offset()));
    }
    if odd(index.file, OffsetIndex::ENTRY_SIZE_BYTES) {
        return told(".index", "its size is no multiple of 8".to_string());
    }
    let (last_time, last_offset) = times.last_entry();
    if times.entries() > 0 && last_time < times.entry(disk, 0)?.0 {
        return told(".timeindex", "its last time lies before its first".to_string());
    }
    if times.entries() > 0 && last_offset < base {
        return told(".timeindex", format!("its last entry has offset {last_offset}"));
    }
    if odd(times.file, TimeIndex::ENTRY_SIZE_BYTES) {
        return told(".timeindex", "its size is no multiple of 12".to_string());
    }
    Ok(None)
}
