//! The files of one partition's directory: segments with their companions, snapshots, small files, strays.
//!
//! ```text
//!   00000000000000000083.log .index .timeindex .txnindex    one segment
//!   00000000000000000124.snapshot                           producers' state at that offset
//!   ….deleted ….cleaned ….swap                              renamed: going, half made, almost there
//! ```

use super::directory::{NodeFiles, PartitionFiles, SegmentFiles, join, malformed};
use super::files::{Entry, Files, Kind};
use super::findings::{Finding, Findings, Weight};
use super::small;
use crate::storage::{
    CLEANER_OFFSETS, LEADER_EPOCHS, LOG_START_OFFSETS, PARTITION_METADATA, RECOVERY_POINTS,
    REPLICATION_OFFSETS, file_name,
};
use crate::types::{Offset, TopicPartition};
use std::collections::BTreeMap;

/// The base offset in a segment file's name.
pub(super) fn segment_name(name: &str, suffix: &str) -> Option<Offset> {
    let digits = name.strip_suffix(suffix)?;
    let good = digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit());
    good.then(|| digits.parse().ok()).flatten().map(Offset)
}

/// Reads the listing of a partition's directory. The `.log` files are not opened.
pub(super) fn read(
    files: &Files,
    node: &NodeFiles,
    name: &str,
    (partition, state): (TopicPartition, Option<String>),
    findings: &mut Findings,
) -> PartitionFiles {
    let directory = join(&node.directory, name);
    let checkpoint = |file: &str| {
        let offsets = node.checkpoints.get(file)?;
        offsets.iter().find(|(p, _)| *p == partition).map(|(_, offset)| *offset)
    };
    let mut found = PartitionFiles {
        high_watermark: checkpoint(REPLICATION_OFFSETS),
        recovery_point: checkpoint(RECOVERY_POINTS),
        log_start_offset: checkpoint(LOG_START_OFFSETS),
        cleaned_up_to: checkpoint(CLEANER_OFFSETS),
        directory,
        state,
        topic_id: None,
        epochs: Vec::new(),
        segments: Vec::new(),
        others: Vec::new(),
        snapshots: Vec::new(),
        partition,
    };
    let entries = match files.list(&found.directory) {
        Ok(entries) => entries,
        Err(why) => {
            let place = found.directory.clone();
            findings.add(Finding::new("unreadable", Weight::Odd, place, why.clone(), why));
            return found;
        }
    };
    sort_out(&mut found, &entries, findings);
    small_files(files, &mut found, &entries, findings);
    missing_files(&found, findings);
    state_of(&found, findings);
    found
}

fn sort_out(found: &mut PartitionFiles, entries: &[Entry], findings: &mut Findings) {
    let mut segments: BTreeMap<Offset, SegmentFiles> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.kind == Kind::File) {
        if let Some(base_offset) = segment_name(&entry.name, ".log") {
            let segment = SegmentFiles {
                base_offset,
                log_bytes: entry.size,
                index_bytes: None,
                time_index_bytes: None,
                transaction_index_bytes: None,
            };
            segments.insert(base_offset, segment);
        }
    }
    for entry in entries {
        let (name, size) = (entry.name.as_str(), entry.size);
        let of = |suffix| segment_name(name, suffix);
        if entry.kind != Kind::File {
            found.others.push((name.to_owned(), size));
            continue;
        }
        if of(".log").is_some() {
            continue;
        }
        if let Some(offset) = of(".snapshot") {
            found.snapshots.push((offset, size));
            continue;
        }
        let companion = of(".index")
            .map(|base| (base, 0))
            .or_else(|| of(".timeindex").map(|base| (base, 1)))
            .or_else(|| of(".txnindex").map(|base| (base, 2)));
        if let Some((base, which)) = companion {
            match (segments.get_mut(&base), which) {
                (Some(segment), 0) => segment.index_bytes = Some(size),
                (Some(segment), 1) => segment.time_index_bytes = Some(size),
                (Some(segment), _) => segment.transaction_index_bytes = Some(size),
                (None, _) => {
                    findings.add(Finding::new(
                        "orphan-file",
                        Weight::Odd,
                        join(&found.directory, name),
                        "an index without its .log file",
                        "没有对应 .log 文件的索引",
                    ));
                    found.others.push((name.to_owned(), size));
                }
            }
            continue;
        }
        strange(found, name, findings);
        found.others.push((name.to_owned(), size));
    }
    found.segments = segments.into_values().collect();
}

/// A file that is no segment's: known by its ending, or not at all.
fn strange(found: &PartitionFiles, name: &str, findings: &mut Findings) {
    let mut say = |kind, weight, english: &str, chinese: &str| {
        let place = join(&found.directory, name);
        findings.add(Finding::new(kind, weight, place, english, chinese));
    };
    match name.rsplit('.').next() {
        Some("deleted") => {
            say("file-deleted", Weight::Note, "renamed for deletion", "已改名待删除");
        }
        Some("cleaned") => {
            say("file-cleaned", Weight::Odd, "half made by the cleaner", "清理器未完成的文件");
        }
        Some("swap") => say(
            "file-swap",
            Weight::Odd,
            "made by the cleaner, not yet put in place",
            "清理器已写好，尚未替换到位",
        ),
        Some("log") => say(
            "bad-log-name",
            Weight::Bad,
            "the name of a .log file must be its base offset in twenty digits",
            ".log 文件名必须是二十位的基准偏移量",
        ),
        _ => {
            let known = [PARTITION_METADATA, LEADER_EPOCHS, "quorum-state"].contains(&name)
                || name.ends_with(".checkpoint")
                || name.ends_with(".snapshot")
                || name.starts_with('.');
            if !known {
                say("file-unknown", Weight::Note, "no file of Kafka's", "不是 Kafka 的文件");
            }
        }
    }
}

fn small_files(
    files: &Files,
    found: &mut PartitionFiles,
    entries: &[Entry],
    findings: &mut Findings,
) {
    let there = |name: &str| entries.iter().any(|entry| entry.name == name);
    for name in [PARTITION_METADATA, LEADER_EPOCHS, "quorum-state"] {
        if !there(name) {
            continue;
        }
        let path = join(&found.directory, name);
        let bytes = match files.small(&path) {
            Ok(bytes) => bytes.unwrap_or_default(),
            Err(why) => {
                findings.add(Finding::new("unreadable", Weight::Odd, path, why.clone(), why));
                continue;
            }
        };
        match name {
            PARTITION_METADATA => match small::topic_id(&bytes) {
                Ok(id) => found.topic_id = Some(id),
                Err(fault) => findings.add(malformed("partition-metadata", &path, fault)),
            },
            LEADER_EPOCHS => match small::epochs(&bytes) {
                Ok(epochs) => found.epochs = epochs,
                Err(fault) => findings.add(malformed("epochs-malformed", &path, fault)),
            },
            _ => {
                if let Err(fault) = small::quorum(&bytes) {
                    findings.add(malformed("quorum-state", &path, fault));
                }
            }
        }
    }
    let rising = found
        .epochs
        .windows(2)
        .all(|two| two[0].epoch < two[1].epoch && two[0].start_offset < two[1].start_offset);
    if !rising {
        findings.add(Finding::new(
            "epochs-not-rising",
            Weight::Odd,
            join(&found.directory, LEADER_EPOCHS),
            "epochs or offsets do not rise from line to line",
            "纪元或偏移量没有逐行递增",
        ));
    }
}

fn missing_files(found: &PartitionFiles, findings: &mut Findings) {
    if found.state.is_some() {
        return;
    }
    if found.segments.is_empty() {
        findings.add(Finding::new(
            "no-log",
            Weight::Odd,
            &found.directory,
            "there is no .log file",
            "没有 .log 文件",
        ));
    }
    for segment in &found.segments {
        let name = |suffix| join(&found.directory, &file_name(segment.base_offset, suffix));
        if segment.index_bytes.is_none() {
            let (english, chinese) = ("the offset index is missing", "缺少偏移量索引");
            findings.add(Finding::new(
                "index-missing",
                Weight::Odd,
                name(".index"),
                english,
                chinese,
            ));
        }
        if segment.time_index_bytes.is_none() {
            let (english, chinese) = ("the time index is missing", "缺少时间索引");
            let kind = "time-index-missing";
            findings.add(Finding::new(kind, Weight::Odd, name(".timeindex"), english, chinese));
        }
        for (suffix, size, entry) in
            [(".index", segment.index_bytes, 8), (".timeindex", segment.time_index_bytes, 12)]
        {
            if let Some(size) = size.filter(|size| size % entry != 0) {
                let finding = Finding::new(
                    "index-size",
                    Weight::Odd,
                    name(suffix),
                    format!("{size} bytes are no multiple of {entry}, the size of an entry"),
                    format!("{size} 字节不是条目大小 {entry} 的倍数"),
                );
                findings.add(finding.bytes(size - size % entry, size));
            }
        }
    }
}

fn state_of(found: &PartitionFiles, findings: &mut Findings) {
    let Some(state) = &found.state else { return };
    let (kind, weight, english, chinese) = match state.as_str() {
        "delete" => ("directory-deleted", Weight::Note, "renamed for deletion", "已改名待删除"),
        "future" => (
            "directory-future",
            Weight::Odd,
            "a copy that is being made for another log directory",
            "正在为另一日志目录建立的拷贝",
        ),
        _ => (
            "directory-stray",
            Weight::Odd,
            "set aside: the controller did not know it",
            "已被搁置：控制器不认识它",
        ),
    };
    findings.add(Finding::new(kind, weight, &found.directory, english, chinese));
}
