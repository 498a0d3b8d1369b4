//! The steps of a lookup as sentences, in both languages: for `lookup`, the index pane and the lessons.

use super::lookup::{LookupStep, Went};
use super::lookup_timestamp::TimestampStep;
use crate::chinese;
use crate::types::{Language, Timestamp, counted};

impl LookupStep {
    /// The step in one sentence.
    pub fn sentence(&self, language: Language) -> String {
        match language {
            Language::English => self.english(),
            Language::Chinese => self.chinese(),
        }
    }

    fn english(&self) -> String {
        match self {
            LookupStep::ChooseSegment { target, candidates, base_offset, .. } => format!(
                "of {}, {base_offset} has the greatest base offset at or below {target}",
                counted(candidates, "segment")
            ),
            LookupStep::WarmSection { slot, entries, entry_offset, below } => {
                let rest = match below {
                    true => "below the target, so search only from here up",
                    false => "not below the target, so look before it",
                };
                format!(
                    "the warm section begins with entry {slot} of {entries}, offset {entry_offset}: {rest}"
                )
            }
            LookupStep::LeastEntry { entry_offset, beyond } => {
                let rest = if *beyond {
                    "beyond the target, so no entry helps"
                } else {
                    "not beyond the target"
                };
                format!("the first entry has offset {entry_offset}: {rest}")
            }
            LookupStep::Probe { low, high, middle, entry_offset, entry_position, went } => {
                let rest = match went {
                    Went::Lower => "too far, go on below",
                    Went::Upper => "not too far, go on from here up",
                    Went::Here => "exactly the target",
                };
                format!(
                    "low {low}, high {high}, middle {middle}: ({entry_offset}, {entry_position}) is {rest}"
                )
            }
            LookupStep::IndexAnswer { entry: Some((slot, offset)), position } => {
                format!(
                    "the index answers with entry {slot}: offset {offset} is at byte {position}"
                )
            }
            LookupStep::IndexAnswer { entry: None, .. } => {
                "the index has no entry at or below the target: begin at byte 0".to_string()
            }
            LookupStep::WithoutIndex => "no index is asked: begin at byte 0".to_string(),
            LookupStep::ScanBatch { position, base_offset, last_offset, size_bytes, taken } => {
                let rest =
                    if *taken { "it holds the target" } else { "before the target, skip it" };
                format!(
                    "batch at byte {position}, offsets {base_offset}-{last_offset}, {size_bytes} bytes: {rest}"
                )
            }
            LookupStep::NextSegment { base_offset } => {
                format!("the segment ends before the target: go on in segment {base_offset}")
            }
            LookupStep::Found {
                position,
                base_offset,
                last_offset,
                batches_skipped,
                bytes_scanned,
                ..
            } => {
                format!(
                    "found at byte {position}, batch {base_offset}-{last_offset}; skipped {}, {}",
                    counted(batches_skipped, "batch"),
                    counted(bytes_scanned, "byte")
                )
            }
            LookupStep::AtEnd { target, log_end_offset } => {
                format!("offset {target}: nothing is there yet, the log ends at {log_end_offset}")
            }
            LookupStep::OutOfRange { target, log_start_offset, log_end_offset } => format!(
                "OFFSET_OUT_OF_RANGE: {target} is outside the log, which begins at {log_start_offset} and ends at {log_end_offset}"
            ),
            LookupStep::Damaged { error } => format!("the search ends at a damaged place: {error}"),
        }
    }

    fn chinese(&self) -> String {
        match self {
            LookupStep::ChooseSegment { target, candidates, base_offset, .. } => {
                format!("{candidates} 个段中，{base_offset} 是不大于 {target} 的最大基准偏移量")
            }
            LookupStep::WarmSection { slot, entries, entry_offset, below } => {
                let rest = match below {
                    true => "小于目标，只在热区内查找",
                    false => "不小于目标，离开热区查找",
                };
                format!(
                    "先看热区开头的第 {slot} 项（共 {entries} 项）：偏移量 {entry_offset}，{rest}"
                )
            }
            LookupStep::LeastEntry { entry_offset, beyond } => {
                let rest = if *beyond {
                    "超过目标，没有可用的索引项"
                } else {
                    "未超过目标"
                };
                format!("第一项的偏移量为 {entry_offset}：{rest}")
            }
            LookupStep::Probe { low, high, middle, entry_offset, entry_position, went } => {
                let rest = match went {
                    Went::Lower => "太大，向前半部分查找",
                    Went::Upper => "不大，从这里向后查找",
                    Went::Here => "正好是目标",
                };
                format!(
                    "low {low},high {high},middle {middle}:({entry_offset}, {entry_position}) {rest}"
                )
            }
            LookupStep::IndexAnswer { entry: Some((slot, offset)), position } => {
                format!("索引给出第 {slot} 项：偏移量 {offset} 位于字节 {position}")
            }
            LookupStep::IndexAnswer { entry: None, .. } => {
                "索引中没有不大于目标的项：从字节 0 开始".to_string()
            }
            LookupStep::WithoutIndex => "不使用索引：从字节 0 开始".to_string(),
            LookupStep::ScanBatch { position, base_offset, last_offset, size_bytes, taken } => {
                let rest = if *taken { "目标就在其中" } else { "在目标之前，跳过" };
                format!(
                    "字节 {position} 处的批次，偏移量 {base_offset}-{last_offset}，{size_bytes} 字节：{rest}"
                )
            }
            LookupStep::NextSegment { base_offset } => {
                format!("本段在目标之前结束：继续查找段 {base_offset}")
            }
            LookupStep::Found {
                position,
                base_offset,
                last_offset,
                batches_skipped,
                bytes_scanned,
                ..
            } => {
                format!(
                    "在字节 {position} 找到，批次 {base_offset}-{last_offset}；跳过 {batches_skipped} 个批次共 {bytes_scanned} 字节"
                )
            }
            LookupStep::AtEnd { target, log_end_offset } => {
                format!("偏移量 {target} 处还没有记录，日志末端为 {log_end_offset}")
            }
            LookupStep::OutOfRange { target, log_start_offset, log_end_offset } => {
                format!(
                    "OFFSET_OUT_OF_RANGE：{target} 不在日志范围 {log_start_offset} 到 {log_end_offset} 之内"
                )
            }
            LookupStep::Damaged { error } => {
                format!("查找停在损坏之处：{error}", error = chinese::of(error))
            }
        }
    }
}

impl TimestampStep {
    /// The step in one sentence.
    pub fn sentence(&self, language: Language) -> String {
        let english = language == Language::English;
        match self {
            TimestampStep::ChooseSegment { base_offset, max_timestamp, chosen } => {
                match (english, chosen) {
                    (true, true) => format!(
                        "segment {base_offset} reaches the time: its greatest timestamp is {max_timestamp}"
                    ),
                    (true, false) => format!(
                        "segment {base_offset} is too old: its greatest timestamp is {max_timestamp}"
                    ),
                    (false, true) => {
                        format!("段 {base_offset} 到达该时间：最大时间戳为 {max_timestamp}")
                    }
                    (false, false) => {
                        format!("段 {base_offset} 太旧：最大时间戳为 {max_timestamp}")
                    }
                }
            }
            TimestampStep::Probe { slot, entry_timestamp, entry_offset, later } => {
                match (english, later) {
                    (true, true) => format!(
                        "time index entry {slot}: {entry_timestamp} up to offset {entry_offset} is too late"
                    ),
                    (true, false) => format!(
                        "time index entry {slot}: {entry_timestamp} up to offset {entry_offset} is not too late"
                    ),
                    (false, true) => format!(
                        "时间索引第 {slot} 项：截至偏移量 {entry_offset} 为 {entry_timestamp}，太晚"
                    ),
                    (false, false) => format!(
                        "时间索引第 {slot} 项：截至偏移量 {entry_offset} 为 {entry_timestamp}，不太晚"
                    ),
                }
            }
            TimestampStep::TimeIndexAnswer { timestamp: Timestamp::NONE, offset } => {
                match english {
                    true => format!(
                        "the time index has no entry at or before the time: begin at offset {offset}"
                    ),
                    false => format!("时间索引中没有不晚于该时间的项：从偏移量 {offset} 开始"),
                }
            }
            TimestampStep::TimeIndexAnswer { timestamp, offset } => match english {
                true => format!("the time index answers: {timestamp} up to offset {offset}"),
                false => format!("时间索引给出：截至偏移量 {offset} 为 {timestamp}"),
            },
            TimestampStep::OffsetIndexAnswer { offset, position } => match english {
                true => format!(
                    "the offset index answers: scan for offset {offset} from byte {position}"
                ),
                false => format!("偏移量索引给出：从字节 {position} 开始查找偏移量 {offset}"),
            },
            TimestampStep::ScanBatch { position, base_offset, max_timestamp, taken } => {
                match (english, taken) {
                    (true, true) => format!(
                        "batch {base_offset} at byte {position} reaches {max_timestamp}: look inside"
                    ),
                    (true, false) => format!(
                        "batch {base_offset} at byte {position} ends at {max_timestamp}: skip it"
                    ),
                    (false, true) => format!(
                        "字节 {position} 处的批次 {base_offset} 到达 {max_timestamp}：查看其中记录"
                    ),
                    (false, false) => {
                        format!("字节 {position} 处的批次 {base_offset} 止于 {max_timestamp}：跳过")
                    }
                }
            }
            TimestampStep::Found { offset, timestamp, .. } => match english {
                true => format!("found: offset {offset} has timestamp {timestamp}"),
                false => format!("找到：偏移量 {offset} 的时间戳为 {timestamp}"),
            },
            TimestampStep::NotFound { target } => match english {
                true => format!("no record is at or after {target}"),
                false => format!("没有不早于 {target} 的记录"),
            },
            TimestampStep::Damaged { error } => match english {
                true => format!("the search ends at a damaged place: {error}"),
                false => format!("查找停在损坏之处：{error}"),
            },
        }
    }
}
