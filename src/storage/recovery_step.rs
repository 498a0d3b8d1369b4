//! The named steps of a start-up, each with its reason, as data and as a sentence in both languages.

use super::transaction_index::AbortedTransaction;
use crate::chinese;
use crate::types::{Language, LeaderEpoch, Offset, counted};

/// Why a file is removed while a log is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// `.deleted`: its removal was due.
    Deleted,
    /// `.cleaned`: a cleaning that was interrupted before its swap.
    Cleaned,
    /// `.swap` at or above the first `.cleaned`: a split that was interrupted.
    Swap,
    /// A segment file whose offsets a `.swap` replaces.
    Replaced,
    /// An index without a log.
    Orphan,
}

impl Leftover {
    /// The reason as part of a sentence.
    pub fn words(self, language: Language) -> &'static str {
        let (english, chinese) = match self {
            Leftover::Deleted => {
                ("it was marked for deletion before the stop", "停机前已标记为待删除")
            }
            Leftover::Cleaned => ("the cleaning that wrote it did not end", "写出它的清理未完成"),
            Leftover::Swap => (
                "it lies at or above an unfinished .cleaned file",
                "其偏移量不低于未完成的 .cleaned 文件",
            ),
            Leftover::Replaced => {
                ("a .swap file holds its offsets", "其偏移量已包含在 .swap 文件中")
            }
            Leftover::Orphan => ("there is no .log of this name", "没有同名的 .log 文件"),
        };
        language.pick(english, chinese)
    }
}

/// Why a snapshot of producers is removed while a log is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotGone {
    /// It lies neither at the base offset of a segment nor behind the last one's.
    OfNoSegment,
    /// It lies behind this offset, from which the log is read anew.
    Behind(Offset),
    /// It lies at or before this offset, where the log begins.
    BeforeStart(Offset),
}

impl SnapshotGone {
    /// The reason as part of a sentence.
    pub fn words(self, language: Language) -> String {
        let (english, chinese) = match self {
            SnapshotGone::OfNoSegment => {
                ("no segment begins there".to_string(), "没有段从那里开始".to_string())
            }
            SnapshotGone::Behind(offset) => (
                format!("the log is read anew from {offset} on, and it lies behind that"),
                format!("日志从 {offset} 起重新读取，而它在其后"),
            ),
            SnapshotGone::BeforeStart(offset) => {
                (format!("the log begins at {offset}"), format!("日志从 {offset} 开始"))
            }
        };
        if language == Language::English { english } else { chinese }
    }
}

/// One step of loading a log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the fields are Kafka's nouns, the variants say the rest
pub enum RecoveryStep {
    /// A leftover was removed.
    FileRemoved { file: String, why: Leftover },
    /// A `.swap` file took its name without the suffix.
    SwapCompleted { file: String },
    /// A transaction index makes no sense, so its segment is scanned.
    TransactionIndexCorrupt { base_offset: Offset, why: String },
    /// An index makes no sense, so its segment is scanned: old brokers look at every start.
    IndexCorrupt { base_offset: Offset, file: String, why: String },
    /// No clean stop: segments from here on are scanned.
    RecoveryBegins { recovery_point: Offset, segments: usize, believed: usize },
    /// An aborted transaction was entered anew.
    AbortedTransactionFound { base_offset: Offset, entry: AbortedTransaction },
    /// A leader epoch was found in the batches.
    EpochFound { epoch: LeaderEpoch, start_offset: Offset },
    /// Epochs outside the log were dropped.
    EpochsCut { entries: usize },
    /// The checkpoint says that the log begins behind its end.
    LogStartBeyondEnd { log_start_offset: Offset, log_end_offset: Offset },
    /// There was no segment: an empty one begins here.
    SegmentCreated { base_offset: Offset },
    /// A snapshot that helps nobody went.
    SnapshotRemoved { offset: Offset, why: SnapshotGone },
    /// A snapshot was loaded.
    SnapshotLoaded { offset: Offset, producers: usize, expired: usize },
    /// A snapshot cannot be read: it is deleted and an older one tried.
    SnapshotUnreadable { offset: Offset, why: String },
    /// A clean stop but no snapshot at all: taken for an upgrade, producers are not looked for.
    ProducersForgotten,
    /// The log was read from the snapshot on.
    ProducersReplayed { from: Offset, to: Offset, batches: u64 },
    /// A snapshot was written.
    SnapshotWritten { offset: Offset, producers: usize },
}

impl RecoveryStep {
    /// A short name, the same in every language.
    pub fn kind(&self) -> &'static str {
        match self {
            RecoveryStep::FileRemoved { .. } => "FileRemoved",
            RecoveryStep::SwapCompleted { .. } => "SwapCompleted",
            RecoveryStep::TransactionIndexCorrupt { .. } => "TransactionIndexCorrupt",
            RecoveryStep::IndexCorrupt { .. } => "IndexCorrupt",
            RecoveryStep::RecoveryBegins { .. } => "RecoveryBegins",
            RecoveryStep::AbortedTransactionFound { .. } => "AbortedTransactionFound",
            RecoveryStep::EpochFound { .. } => "EpochFound",
            RecoveryStep::EpochsCut { .. } => "EpochsCut",
            RecoveryStep::LogStartBeyondEnd { .. } => "LogStartBeyondEnd",
            RecoveryStep::SegmentCreated { .. } => "SegmentCreated",
            RecoveryStep::SnapshotRemoved { .. } => "SnapshotRemoved",
            RecoveryStep::SnapshotLoaded { .. } => "SnapshotLoaded",
            RecoveryStep::SnapshotUnreadable { .. } => "SnapshotUnreadable",
            RecoveryStep::ProducersForgotten => "ProducersForgotten",
            RecoveryStep::ProducersReplayed { .. } => "ProducersReplayed",
            RecoveryStep::SnapshotWritten { .. } => "SnapshotWritten",
        }
    }

    /// What happened and why, in one sentence.
    pub fn sentence(&self, language: Language) -> String {
        let (english, chinese) = match self {
            RecoveryStep::FileRemoved { file, why } => (
                format!("{file} removed: {}", why.words(language)),
                format!("删除 {file}：{}", why.words(language)),
            ),
            RecoveryStep::SwapCompleted { file } => (
                format!("{file} takes its name without .swap: the cleaning that wrote it was complete"),
                format!("{file} 去掉 .swap 后缀：写出它的清理已经完成"),
            ),
            RecoveryStep::TransactionIndexCorrupt { base_offset, why } => (
                format!("transaction index of segment {base_offset} is wrong ({why}), so the segment is scanned"),
                format!("段 {base_offset} 的事务索引有误（{why}），因此重新扫描该段", why = chinese::of(why)),
            ),
            RecoveryStep::IndexCorrupt { file, why, .. } => (
                format!("{file} makes no sense ({why}), so its segment is scanned"),
                format!("{file} 有误（{why}），因此重新扫描该段", why = chinese::of(why)),
            ),
            RecoveryStep::RecoveryBegins { recovery_point, segments, believed } => (
                format!(
                    "no clean stop: {} scanned, from recovery point {recovery_point} on; {believed} before it believed",
                    counted(*segments as i64, "segment")
                ),
                format!(
                    "未正常停机：从恢复点 {recovery_point} 起扫描 {segments} 个段，此前的 {believed} 个段不检查"
                ),
            ),
            RecoveryStep::AbortedTransactionFound { base_offset, entry } => (
                format!(
                    "segment {base_offset}: aborted transaction of producer {}, offsets {}-{}, entered anew",
                    entry.producer_id, entry.first_offset, entry.last_offset
                ),
                format!(
                    "段 {base_offset}：重新登记生产者 {} 的已中止事务，偏移量 {}-{}",
                    entry.producer_id, entry.first_offset, entry.last_offset
                ),
            ),
            RecoveryStep::EpochFound { epoch, start_offset } => (
                format!("leader epoch {epoch} begins at {start_offset}: read off a batch"),
                format!("从批次得知 leader epoch {epoch} 始于 {start_offset}"),
            ),
            RecoveryStep::EpochsCut { entries } => (
                format!("{} dropped: outside the log", counted(*entries as i64, "leader epoch")),
                format!("丢弃 {entries} 条 leader epoch 记录：它们不在日志范围内"),
            ),
            RecoveryStep::LogStartBeyondEnd { log_start_offset, log_end_offset } => (
                format!(
                    "the log should begin at {log_start_offset} but ends at {log_end_offset}: all segments go"
                ),
                format!("日志应始于 {log_start_offset}，却止于 {log_end_offset}：删除所有段"),
            ),
            RecoveryStep::SegmentCreated { base_offset } => (
                format!("no segment is there: an empty one begins at {base_offset}"),
                format!("没有任何段：从 {base_offset} 新建空段"),
            ),
            RecoveryStep::SnapshotRemoved { offset, why } => (
                format!("producer snapshot {offset} removed: {}", why.words(language)),
                format!("删除生产者快照 {offset}：{}", why.words(language)),
            ),
            RecoveryStep::SnapshotLoaded { offset, producers, expired } => (
                format!(
                    "producer snapshot {offset} loaded: {}{}",
                    counted(*producers as i64, "producer"),
                    if *expired > 0 { format!(", {expired} expired") } else { String::new() }
                ),
                format!("载入生产者快照 {offset}：{producers} 个生产者，{expired} 个已过期"),
            ),
            RecoveryStep::SnapshotUnreadable { offset, why } => (
                format!("producer snapshot {offset} deleted, an older one is tried: {why}"),
                format!("删除生产者快照 {offset}，改用更早的快照：{why}", why = chinese::of(why)),
            ),
            RecoveryStep::ProducersForgotten => (
                "a clean stop but no producer snapshot: empty ones are written, producers are forgotten".into(),
                "正常停机但没有生产者快照：写入空快照，不再记得任何生产者".into(),
            ),
            RecoveryStep::ProducersReplayed { from, to, batches } => (
                format!(
                    "producers: {} read from offset {from} to {to}",
                    counted(*batches as i64, "batch")
                ),
                format!("生产者状态：从偏移量 {from} 到 {to} 读取 {batches} 个批次"),
            ),
            RecoveryStep::SnapshotWritten { offset, producers } => (
                format!(
                    "producer snapshot {offset} written: {}",
                    counted(*producers as i64, "producer")
                ),
                format!("写入生产者快照 {offset}：{producers} 个生产者"),
            ),
        };
        if language == Language::English { english } else { chinese }
    }
}
