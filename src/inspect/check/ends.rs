//! Checkpoints, epochs and producer snapshots beside the log's real end.

use super::super::directory::join;
use super::super::findings::{Finding, Findings, Weight};
use super::super::{Inspection, PartitionFiles, Place};
use super::Memory;
use crate::storage::{
    LEADER_EPOCHS, LOG_START_OFFSETS, RECOVERY_POINTS, REPLICATION_OFFSETS, file_name,
};
use crate::types::Offset;

/// What is said of a partition once all of its segments were read.
pub(super) fn check(
    inspection: &Inspection,
    place: Place,
    files: &PartitionFiles,
    memory: &Memory,
    findings: &mut Findings,
) {
    let node = &inspection.nodes[place.node];
    formats(files, memory, findings);
    let Some(last) = files.segments.last() else { return };
    let end = memory.end.unwrap_or(last.base_offset).max(last.base_offset);
    let first = files.segments[0].base_offset;
    if memory.magics & 4 != 0 && memory.epoch.is_some_and(|e| e.0 >= 0) {
        let malformed = findings.iter().any(|finding| {
            finding.kind == "epochs-malformed" && finding.place.starts_with(&files.directory)
        });
        if files.epochs.is_empty() && !malformed && files.state.is_none() {
            findings.add(Finding::new(
                "no-epochs",
                Weight::Odd,
                join(&files.directory, LEADER_EPOCHS),
                "no leader epochs, though the batches have some",
                "批次带有领导者纪元，此文件却没有",
            ));
        }
    }
    if memory.torn || files.state.is_some() {
        return; // the end is not where it should be, so nothing can be said about what lies beyond
    }
    let checkpoints = [
        ("recovery-point-beyond-end", Weight::Odd, RECOVERY_POINTS, files.recovery_point),
        ("high-watermark-beyond-end", Weight::Odd, REPLICATION_OFFSETS, files.high_watermark),
        ("log-start-beyond-end", Weight::Bad, LOG_START_OFFSETS, files.log_start_offset),
    ];
    for (kind, weight, file, offset) in checkpoints {
        let Some(offset) = offset else { continue };
        let name = &files.partition;
        let path = join(&node.directory, file);
        if offset > end {
            findings.add(Finding::new(
                kind,
                weight,
                &path,
                format!("it says {offset} for {name}, but the log ends at {end}"),
                format!("其中 {name} 为 {offset}，但日志止于 {end}"),
            ));
        }
        if offset < Offset(0) {
            findings.add(Finding::new(
                "log-start-negative",
                Weight::Bad,
                &path,
                format!("it says {offset} for {name}"),
                format!("其中 {name} 为 {offset}"),
            ));
        }
    }
    epochs(files, (first, end), findings);
    snapshots(inspection, place, files, (end, memory.producers), findings);
}

fn formats(files: &PartitionFiles, memory: &Memory, findings: &mut Findings) {
    if memory.magics.count_ones() > 1 {
        let names: Vec<String> =
            (0..3).filter(|m| memory.magics & (1 << m) != 0).map(|m| m.to_string()).collect();
        let (and, and_zh) = (names.join(" and "), names.join("、"));
        findings.add(Finding::new(
            "mixed-formats",
            Weight::Note,
            &files.directory,
            format!("batches of formats {and} in one log"),
            format!("同一日志中有格式 {and_zh} 的批次"),
        ));
    }
}

fn epochs(files: &PartitionFiles, (first, end): (Offset, Offset), findings: &mut Findings) {
    let path = join(&files.directory, LEADER_EPOCHS);
    for entry in &files.epochs {
        if entry.start_offset > end {
            findings.add(Finding::new(
                "epochs-beyond-end",
                Weight::Odd,
                &path,
                format!(
                    "epoch {} begins at {}, but the log ends at {end}",
                    entry.epoch, entry.start_offset
                ),
                format!("纪元 {} 从 {} 开始，但日志止于 {end}", entry.epoch, entry.start_offset),
            ));
        }
    }
    // Whatever deletes the log's head moves the first epoch with it (`LeaderEpochFileCache.truncateFromStart…`).
    if let Some(entry) = files.epochs.first().filter(|entry| entry.start_offset < first) {
        findings.add(Finding::new(
            "epochs-before-start",
            Weight::Odd,
            &path,
            format!(
                "epoch {} begins at {}, but the first segment at {first}: older ones are missing",
                entry.epoch, entry.start_offset
            ),
            format!(
                "纪元 {} 从 {} 开始，而第一个日志段从 {first} 开始：更早的段已缺失",
                entry.epoch, entry.start_offset
            ),
        ));
    }
}

fn snapshots(
    inspection: &Inspection,
    place: Place,
    files: &PartitionFiles,
    (end, producers): (Offset, bool),
    findings: &mut Findings,
) {
    let clean = inspection.nodes[place.node].stopped_cleanly;
    let at_end = files.snapshots.iter().any(|(offset, _)| *offset == end);
    if clean && producers && !at_end {
        findings.add(Finding::new(
            "snapshot-missing",
            Weight::Odd,
            join(&files.directory, &file_name(end, ".snapshot")),
            "producers wrote here, but their state at the log's end is missing",
            "有生产者写入，却缺少日志末端的生产者状态",
        ));
    }
    for (offset, size) in &files.snapshots {
        let path = join(&files.directory, &file_name(*offset, ".snapshot"));
        if let Err((english, chinese)) = inspection.producers(place, *offset) {
            let finding = Finding::new("snapshot-broken", Weight::Odd, &path, english, chinese);
            findings.add(finding.bytes(0, *size));
        } else if *offset > end {
            findings.add(Finding::new(
                "snapshot-beyond-end",
                Weight::Odd,
                &path,
                format!("a snapshot of offset {offset}, but the log ends at {end}"),
                format!("偏移量 {offset} 的快照，但日志止于 {end}"),
            ));
        }
    }
}
