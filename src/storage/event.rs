//! What can happen to a log, as data and as a sentence in both languages.

use super::deleted::DeletionReason;
use super::recovery_step::RecoveryStep;
use crate::batch::Codec;
use crate::chinese;
use crate::clock::Duration;
use crate::types::{Language, LeaderEpoch, Offset, Position, Timestamp, TopicPartition, counted};

/// Why a segment was closed and a new one begun (`LogSegment.shouldRoll`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RollReason {
    /// The batch would not have fitted: size > segment.bytes − batch size.
    Size,
    /// The batch is later than the segment's first by more than segment.ms.
    Time,
    /// The offset index has no room left.
    OffsetIndexFull,
    /// The time index has only the closing slot left.
    TimeIndexFull,
    /// The offset is too far from the base offset for 32 bits.
    OffsetOverflow,
    /// Retention condemned every segment, the active one too.
    AllExpired,
    /// Somebody asked for it.
    Requested,
}

impl RollReason {
    /// The reason as part of a sentence.
    pub fn words(self, language: Language) -> &'static str {
        let (english, chinese) = match self {
            RollReason::Size => {
                ("the batch would not fit into segment.bytes", "该批次放不进 segment.bytes")
            }
            RollReason::Time => (
                "the segment's first record is older than segment.ms",
                "段内首条记录已超过 segment.ms",
            ),
            RollReason::OffsetIndexFull => ("its offset index is full", "偏移量索引已满"),
            RollReason::TimeIndexFull => ("its time index is full", "时间索引已满"),
            RollReason::OffsetOverflow => (
                "the offset is more than 2147483647 past the base offset",
                "偏移量超出基准 2147483647 以上",
            ),
            RollReason::AllExpired => ("all of its records have expired", "其中的记录已全部过期"),
            RollReason::Requested => ("it was asked for", "应要求滚动"),
        };
        language.pick(english, chinese)
    }
}

/// One happening in one log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the fields are Kafka's nouns, the variants say the rest
pub enum Event {
    /// Batches were appended.
    Appended {
        partition: TopicPartition,
        first_offset: Offset,
        last_offset: Offset,
        position: Position,
        size_bytes: u32,
    },
    /// The leader unpacked what a producer sent and packed it again: its topic has a codec of its own.
    Recompressed {
        partition: TopicPartition,
        from: Codec,
        to: Codec,
        from_bytes: u32,
        to_bytes: u32,
    },
    /// The leader wrote what a producer sent in the message format of its topic.
    Converted {
        partition: TopicPartition,
        from: i8,
        to: i8,
        records: u32,
        from_bytes: u32,
        to_bytes: u32,
    },
    /// The sparse offset index got an entry.
    IndexEntryAdded {
        partition: TopicPartition,
        segment: Offset,
        offset: Offset,
        position: Position,
    },
    /// The time index got an entry.
    TimeIndexEntryAdded {
        partition: TopicPartition,
        segment: Offset,
        timestamp: Timestamp,
        offset: Offset,
    },
    /// A new segment began at `base_offset`.
    Rolled { partition: TopicPartition, base_offset: Offset, reason: RollReason },
    /// The log was cut: records from `to` to `from` are gone.
    Truncated { partition: TopicPartition, from: Offset, to: Offset },
    /// A leader epoch began.
    EpochAssigned { partition: TopicPartition, epoch: LeaderEpoch, start_offset: Offset },
    /// Everything before `up_to` is on the platter; what that costs by the model, and whether an append waited for it.
    Flushed { partition: TopicPartition, up_to: Offset, price: Duration, waited: bool },
    /// At start-up: a segment was scanned and its indexes made anew.
    SegmentRecovered {
        partition: TopicPartition,
        base_offset: Offset,
        batches: u32,
        valid_bytes: u32,
        cut_bytes: u32,
    },
    /// At start-up: the batch that does not make sense, and why; from here on the segment was cut.
    BadBatchFound {
        partition: TopicPartition,
        base_offset: Offset,
        position: Position,
        why: String,
    },
    /// A whole segment went: its files are called `.deleted` until `file.delete.delay.ms` has passed.
    SegmentRemoved { partition: TopicPartition, base_offset: Offset },
    /// A segment is no longer part of the log: its files are called `.deleted` now.
    SegmentDeleted { partition: TopicPartition, base_offset: Offset, reason: DeletionReason },
    /// The delay is over: `.deleted` files went.
    DeletedFilesRemoved { partition: TopicPartition, files: u32 },
    /// The first offset that can be read moved up.
    LogStartMoved { partition: TopicPartition, from: Offset, to: Offset, on_request: bool },
    /// Producers that wrote nothing for `producer.id.expiration.ms` are forgotten.
    ProducersExpired { partition: TopicPartition, producer_ids: Vec<i64> },
    /// A pass of the cleaner began over this section.
    CleaningBegun { partition: TopicPartition, from: Offset, to: Offset },
    /// The cleaner knows the newest offset of each key up to here.
    OffsetMapBuilt { partition: TopicPartition, end_offset: Offset, keys: u64, full: bool },
    /// Cleaned segments took the place of old ones.
    SegmentsCleaned {
        partition: TopicPartition,
        into: Offset,
        segments: u32,
        bytes_before: u64,
        bytes_after: u64,
    },
    /// A pass of the cleaner is over.
    Cleaned {
        partition: TopicPartition,
        end_offset: Offset,
        records_before: u64,
        records_after: u64,
    },
    /// At start-up: a file was not there and was made anew.
    IndexMissing { partition: TopicPartition, base_offset: Offset },
    /// At start-up: what was found or done, and why.
    Recovery { partition: TopicPartition, step: RecoveryStep },
    /// At start-up: the log is open.
    Loaded {
        partition: TopicPartition,
        clean: bool,
        log_start_offset: Offset,
        log_end_offset: Offset,
        segments: u32,
    },
}

impl Event {
    /// A short name, the same in every language.
    pub fn kind(&self) -> &'static str {
        match self {
            Event::Appended { .. } => "Appended",
            Event::Recompressed { .. } => "Recompressed",
            Event::Converted { .. } => "Converted",
            Event::IndexEntryAdded { .. } => "IndexEntryAdded",
            Event::TimeIndexEntryAdded { .. } => "TimeIndexEntryAdded",
            Event::Rolled { .. } => "Rolled",
            Event::Truncated { .. } => "Truncated",
            Event::EpochAssigned { .. } => "EpochAssigned",
            Event::Flushed { .. } => "Flushed",
            Event::SegmentRecovered { .. } => "SegmentRecovered",
            Event::BadBatchFound { .. } => "BadBatchFound",
            Event::SegmentRemoved { .. } => "SegmentRemoved",
            Event::SegmentDeleted { .. } => "SegmentDeleted",
            Event::DeletedFilesRemoved { .. } => "DeletedFilesRemoved",
            Event::LogStartMoved { .. } => "LogStartMoved",
            Event::ProducersExpired { .. } => "ProducersExpired",
            Event::CleaningBegun { .. } => "CleaningBegun",
            Event::OffsetMapBuilt { .. } => "OffsetMapBuilt",
            Event::SegmentsCleaned { .. } => "SegmentsCleaned",
            Event::Cleaned { .. } => "Cleaned",
            Event::IndexMissing { .. } => "IndexMissing",
            Event::Recovery { step, .. } => step.kind(),
            Event::Loaded { .. } => "Loaded",
        }
    }

    /// The partition that it happened to.
    pub fn partition(&self) -> &TopicPartition {
        match self {
            Event::Appended { partition, .. }
            | Event::Recompressed { partition, .. }
            | Event::Converted { partition, .. }
            | Event::IndexEntryAdded { partition, .. }
            | Event::TimeIndexEntryAdded { partition, .. }
            | Event::Rolled { partition, .. }
            | Event::Truncated { partition, .. }
            | Event::EpochAssigned { partition, .. }
            | Event::Flushed { partition, .. }
            | Event::SegmentRecovered { partition, .. }
            | Event::BadBatchFound { partition, .. }
            | Event::SegmentRemoved { partition, .. }
            | Event::SegmentDeleted { partition, .. }
            | Event::DeletedFilesRemoved { partition, .. }
            | Event::LogStartMoved { partition, .. }
            | Event::ProducersExpired { partition, .. }
            | Event::CleaningBegun { partition, .. }
            | Event::OffsetMapBuilt { partition, .. }
            | Event::SegmentsCleaned { partition, .. }
            | Event::Cleaned { partition, .. }
            | Event::IndexMissing { partition, .. }
            | Event::Recovery { partition, .. }
            | Event::Loaded { partition, .. } => partition,
        }
    }

    /// What happened, in one sentence.
    pub fn sentence(&self, language: Language) -> String {
        let english = language == Language::English;
        match self {
            Event::Appended { partition, first_offset, last_offset, position, size_bytes } => {
                let offsets = match first_offset == last_offset {
                    true => first_offset.to_string(),
                    false => format!("{first_offset}-{last_offset}"),
                };
                match english {
                    true => format!(
                        "{partition}: offset {offsets} appended at byte {position}, {}",
                        counted(size_bytes, "byte")
                    ),
                    false => format!(
                        "{partition}：偏移量 {offsets} 追加到字节 {position}，共 {size_bytes} 字节"
                    ),
                }
            }
            Event::Recompressed { partition, from, to, from_bytes, to_bytes } => match english {
                true => format!(
                    "{partition}: recompressed from {from} to {to}, {from_bytes} bytes became {to_bytes}"
                ),
                false => format!(
                    "{partition}：由 {from} 重新压缩为 {to}，{from_bytes} 字节变为 {to_bytes} 字节"
                ),
            },
            Event::Converted { partition, from, to, records, from_bytes, to_bytes } => {
                match english {
                    true => format!(
                        "{partition}: {} converted from message format {from} to {to}, {from_bytes} bytes became {to_bytes}",
                        counted(i64::from(*records), "record")
                    ),
                    false => format!(
                        "{partition}：{records} 条记录由消息格式 {from} 转换为 {to}，{from_bytes} 字节变为 {to_bytes} 字节"
                    ),
                }
            }
            Event::IndexEntryAdded { partition, offset, position, .. } => match english {
                true => format!("{partition}: index entry, offset {offset} is at byte {position}"),
                false => format!("{partition}：新增索引项，偏移量 {offset} 位于字节 {position}"),
            },
            Event::TimeIndexEntryAdded { partition, timestamp, offset, .. } => match english {
                true => format!(
                    "{partition}: time index entry, {timestamp} is the greatest time up to offset {offset}"
                ),
                false => format!(
                    "{partition}：新增时间索引项，截至偏移量 {offset} 的最大时间戳为 {timestamp}"
                ),
            },
            Event::Rolled { partition, base_offset, reason } => match english {
                true => format!(
                    "{partition}: segment {base_offset} begins, since {}",
                    reason.words(language)
                ),
                false => {
                    format!(
                        "{partition}：新段 {base_offset} 开始，原因：{}",
                        reason.words(language)
                    )
                }
            },
            Event::Recovery { partition, step } => match english {
                true => format!("{partition}: {}", step.sentence(language)),
                false => format!("{partition}：{}", step.sentence(language)),
            },
            Event::Truncated { partition, from, to } => match english {
                true => format!("{partition}: cut from log end {from} back to {to}"),
                false => format!("{partition}：日志末端从 {from} 截断到 {to}"),
            },
            Event::EpochAssigned { partition, epoch, start_offset } => match english {
                true => {
                    format!("{partition}: leader epoch {epoch} begins at offset {start_offset}")
                }
                false => format!("{partition}：领导者纪元 {epoch} 从偏移量 {start_offset} 开始"),
            },
            Event::Flushed { partition, up_to, price, .. } => match english {
                true => format!("{partition}: flushed up to offset {up_to}, for {price}"),
                false => format!("{partition}：偏移量 {up_to} 之前已刷盘，用时 {price}"),
            },
            Event::SegmentRecovered { partition, base_offset, batches, valid_bytes, cut_bytes } => {
                match english {
                    true => format!(
                        "{partition}: segment {base_offset} recovered: {} in {} good, {} cut",
                        counted(batches, "batch"),
                        counted(valid_bytes, "byte"),
                        counted(cut_bytes, "byte")
                    ),
                    false => format!(
                        "{partition}：段 {base_offset} 已恢复，{batches} 个批次共 {valid_bytes} 字节有效，截去 {cut_bytes} 字节"
                    ),
                }
            }
            Event::BadBatchFound { partition, base_offset, position, why } => match english {
                true => {
                    format!("{partition}: segment {base_offset} is bad from byte {position}: {why}")
                }
                false => format!(
                    "{partition}：段 {base_offset} 从字节 {position} 起损坏：{why}",
                    why = chinese::of(why)
                ),
            },
            Event::SegmentRemoved { partition, base_offset } => match english {
                true => format!("{partition}: segment {base_offset} removed"),
                false => format!("{partition}：段 {base_offset} 已删除"),
            },
            Event::SegmentDeleted { .. }
            | Event::DeletedFilesRemoved { .. }
            | Event::LogStartMoved { .. }
            | Event::ProducersExpired { .. }
            | Event::CleaningBegun { .. }
            | Event::OffsetMapBuilt { .. }
            | Event::SegmentsCleaned { .. }
            | Event::Cleaned { .. } => self.sentence_of_upkeep(english),
            Event::IndexMissing { partition, base_offset } => match english {
                true => format!(
                    "{partition}: an index file of segment {base_offset} is missing and is made anew"
                ),
                false => format!("{partition}：段 {base_offset} 缺少索引文件，将重建"),
            },
            Event::Loaded { partition, clean, log_start_offset, log_end_offset, segments } => {
                let how = match (english, clean) {
                    (true, true) => "believed after a clean stop",
                    (true, false) => "after an unclean stop",
                    (false, true) => "正常停机后直接采信",
                    (false, false) => "非正常停机之后",
                };
                match english {
                    true => format!(
                        "{partition}: log opened {how}, offsets {log_start_offset} to {log_end_offset} in {}",
                        counted(segments, "segment")
                    ),
                    false => format!(
                        "{partition}：日志已打开（{how}），偏移量 {log_start_offset} 到 {log_end_offset}，{segments} 个段"
                    ),
                }
            }
        }
    }
}
