//! What retention and the cleaner did, as sentences in both languages: the second half of [`Event::sentence`].

use super::event::Event;
use crate::types::{Language, counted};

impl Event {
    pub(super) fn sentence_of_upkeep(&self, english: bool) -> String {
        let language = if english { Language::English } else { Language::Chinese };
        match self {
            Event::SegmentDeleted { partition, base_offset, reason } => {
                let why = reason.words(language);
                match english {
                    true => format!(
                        "{partition}: segment {base_offset} dropped, files renamed to .deleted, since {why}"
                    ),
                    false => format!(
                        "{partition}：段 {base_offset} 移出日志，文件改名为 .deleted，原因：{why}"
                    ),
                }
            }
            Event::DeletedFilesRemoved { partition, files } => match english {
                true => format!("{partition}: {} removed", counted(files, ".deleted file")),
                false => format!("{partition}：删除了 {files} 个 .deleted 文件"),
            },
            Event::LogStartMoved { partition, from, to, on_request } => {
                let why = match (english, on_request) {
                    (true, true) => "records before it were deleted on request",
                    (true, false) => "the segments before it were dropped",
                    (false, true) => "应请求删除了之前的记录",
                    (false, false) => "之前的段已移出",
                };
                match english {
                    true => {
                        format!("{partition}: log start offset moved from {from} to {to}, {why}")
                    }
                    false => format!("{partition}：日志起始偏移量从 {from} 移到 {to}，{why}"),
                }
            }
            Event::ProducersExpired { partition, producer_ids } => {
                let ids: Vec<String> = producer_ids.iter().take(5).map(i64::to_string).collect();
                let more = if producer_ids.len() > ids.len() { ", …" } else { "" };
                let ids = ids.join(", ");
                match english {
                    true => format!(
                        "{partition}: {} forgotten, silent for producer.id.expiration.ms: {ids}{more}",
                        counted(producer_ids.len(), "producer")
                    ),
                    false => format!(
                        "{partition}：{} 个 producer 超过 producer.id.expiration.ms 未写入，已被遗忘：{ids}{more}",
                        producer_ids.len()
                    ),
                }
            }
            Event::CleaningBegun { partition, from, to } => match english {
                true => format!(
                    "{partition}: the cleaner begins, the dirty section is offsets {from} to {to}"
                ),
                false => format!("{partition}：清理开始，脏区为偏移量 {from} 到 {to}"),
            },
            Event::OffsetMapBuilt { partition, end_offset, keys, full } => {
                let full = match (english, full) {
                    (_, false) => "",
                    (true, true) => "; it is full, the rest stays dirty",
                    (false, true) => "；映射已满，其余仍为脏区",
                };
                match english {
                    true => format!(
                        "{partition}: offset map built, {} of the records before offset {end_offset}{full}",
                        counted(keys, "key")
                    ),
                    false => format!(
                        "{partition}：偏移量映射建成，到偏移量 {end_offset} 共 {keys} 个键{full}"
                    ),
                }
            }
            Event::SegmentsCleaned { partition, into, segments, bytes_before, bytes_after } => {
                match english {
                    true => format!(
                        "{partition}: .cleaned became .swap and replaced {} from {into} on, \
                         {} became {bytes_after}",
                        counted(segments, "segment"),
                        counted(bytes_before, "byte")
                    ),
                    false => format!(
                        "{partition}：.cleaned 改名 .swap 后替换了从 {into} 起的 {segments} 个段，\
                         {bytes_before} 字节变为 {bytes_after}"
                    ),
                }
            }
            Event::Cleaned { partition, end_offset, records_before, records_after } => {
                match english {
                    true => format!(
                        "{partition}: clean before offset {end_offset}, {records_after} of {} stay",
                        counted(records_before, "record")
                    ),
                    false => format!(
                        "{partition}：偏移量 {end_offset} 之前已清理，{records_before} 条记录保留 {records_after} 条"
                    ),
                }
            }
            _ => String::new(),
        }
    }
}
