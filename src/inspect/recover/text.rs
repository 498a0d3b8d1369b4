//! What `klab recover` tells: a story with a chapter for each log, or lines of JSON.
//!
//! ```text
//!   broker-1, Kafka 4.3
//!     .kafka_cleanshutdown is missing: …           the directory as a whole
//!     orders-0
//!       segment 209 is bad from byte 1496: …       each step with its reason
//!       = offsets 0 to 223 in 6 segments, 124 bytes cut
//! ```
//!
//! What always holds: both forms tell the same events in the same order, and the last line of a broker says how it
//! ended.

use super::{Extent, RecoveredBroker, Taken};
use crate::chinese;
use crate::storage::{Event, StartEvent, StartRefused, StartStep};
use crate::trace::prose::wrap;
use crate::trace::{Role, Span};
use crate::types::{Language, TopicPartition, counted};
use serde_json::{Value, json};

/// Topics that are named at most where a setting is told.
const MOST_TOPICS: usize = 8;
/// Lines are at most so wide.
const WIDTH_CELLS: usize = 100;

/// What happened, as text to read from top to bottom.
pub fn recovered_text(broker: &RecoveredBroker, language: Language) -> String {
    let mut story = Story { text: String::new(), language };
    let mut directory: Option<&str> = None;
    let mut partition: Option<&TopicPartition> = None;
    let mut lost = Lost::default();
    if broker.events.is_empty() {
        story.heading(broker, &broker.directories.join(", "));
    }
    for event in &broker.events {
        if directory != Some(&event.directory) {
            story.heading(broker, &event.directory);
            if directory.is_none() {
                story.taken(&broker.taken);
            }
            (directory, partition) = (Some(event.directory.as_str()), None);
        }
        let StartStep::Log(event) = &event.step else {
            story.line(2, "", &event.step.sentence(language));
            partition = None;
            continue;
        };
        if partition != Some(event.partition()) {
            story.line(2, "", &event.partition().to_string());
            (partition, lost) = (Some(event.partition()), Lost::default());
        }
        lost.count(event);
        match event {
            Event::Loaded { .. } => story.line(4, "= ", &lost.loaded(event, language)),
            _ => story.line(4, mark(event), &without_partition(event, language)),
        }
    }
    broker.links.iter().for_each(|path| story.line(0, "", &link(path, language)));
    story.changed(broker);
    story.ending(broker);
    story.text
}

/// A sign in front of what was found wrong or taken away.
fn mark(event: &Event) -> &'static str {
    match event {
        Event::BadBatchFound { .. } | Event::IndexMissing { .. } => "! ",
        Event::SegmentRecovered { cut_bytes, .. } if *cut_bytes > 0 => "- ",
        Event::SegmentRemoved { .. } | Event::SegmentDeleted { .. } => "- ",
        Event::Recovery { step, .. } => match step.kind() {
            "FileRemoved" | "EpochsCut" | "SnapshotRemoved" => "- ",
            "TransactionIndexCorrupt"
            | "IndexCorrupt"
            | "LogStartBeyondEnd"
            | "SnapshotUnreadable"
            | "ProducersForgotten" => "! ",
            "SegmentCreated" | "SnapshotWritten" | "AbortedTransactionFound" | "EpochFound" => "+ ",
            _ => "",
        },
        _ => "",
    }
}

/// The sentence without the partition in front: it stands above.
fn without_partition(event: &Event, language: Language) -> String {
    let sentence = event.sentence(language);
    let partition = event.partition().to_string();
    let rest = sentence.strip_prefix(&partition).unwrap_or(&sentence);
    rest.trim_start_matches([':', '：', ' ']).to_string()
}

/// What one log lost.
#[derive(Default)]
struct Lost {
    bytes: u64,
    segments: u64,
}

impl Lost {
    fn count(&mut self, event: &Event) {
        match event {
            Event::SegmentRecovered { cut_bytes, .. } => self.bytes += u64::from(*cut_bytes),
            Event::SegmentRemoved { .. } => self.segments += 1,
            _ => {}
        }
    }

    fn loaded(&self, event: &Event, language: Language) -> String {
        let Event::Loaded { log_start_offset, log_end_offset, segments, .. } = event else {
            return without_partition(event, language);
        };
        let english = language == Language::English;
        let mut text = match english {
            true => format!(
                "offsets {log_start_offset} to {log_end_offset} in {}",
                counted(segments, "segment")
            ),
            false => format!("偏移量 {log_start_offset} 到 {log_end_offset}，共 {segments} 个段"),
        };
        if self.bytes > 0 {
            text += &match english {
                true => format!(", {} cut", counted(self.bytes, "byte")),
                false => format!("，截去 {} 字节", self.bytes),
            };
        }
        if self.segments > 0 {
            text += &match english {
                true => format!(", {} removed", counted(self.segments, "segment")),
                false => format!("，移除 {} 个段", self.segments),
            };
        }
        text
    }
}

struct Story {
    text: String,
    language: Language,
}

impl Story {
    fn heading(&mut self, broker: &RecoveredBroker, directory: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.line(0, "", &format!("{directory}, Kafka {}", broker.kafka));
    }

    /// Settings that the files show, a line for each value.
    fn taken(&mut self, taken: &[Taken]) {
        let mut values: Vec<(&str, u32)> = taken.iter().map(|one| (one.name, one.value)).collect();
        values.sort();
        values.dedup();
        for (name, value) in values {
            let of = taken.iter().filter(|one| (one.name, one.value) == (name, value));
            let mut topics: Vec<&str> = of.map(|one| one.topic.as_str()).collect();
            topics.sort();
            topics.dedup();
            let more = topics.len().saturating_sub(MOST_TOPICS);
            topics.truncate(MOST_TOPICS);
            let (more, topics) =
                (if more > 0 { format!(" +{more}") } else { String::new() }, topics);
            let sentence = match self.language {
                Language::English => format!(
                    "{name}={value}, as the indexes show, for {}{more}; no setting says otherwise",
                    topics.join(", ")
                ),
                _ => format!(
                    "{name}={value}，由索引推知，用于 {}{more}；没有设置另作说明",
                    topics.join("、")
                ),
            };
            self.line(2, "", &sentence);
        }
    }

    /// One line, or several with the later ones further in.
    fn line(&mut self, indent: usize, mark: &str, sentence: &str) {
        let inside = indent + 2;
        let role = Role::Plain;
        let lines = wrap(&[Span::new(sentence, role)], WIDTH_CELLS - inside);
        for (n, line) in lines.iter().enumerate() {
            let words: String = line.spans.iter().map(|span| span.text.as_str()).collect();
            let front = match n {
                0 => format!("{:indent$}{mark}", ""),
                _ => " ".repeat(inside),
            };
            self.text.push_str(&format!("{front}{words}\n"));
        }
    }

    /// What each partition lost, all in one place.
    fn changed(&mut self, broker: &RecoveredBroker) {
        for (partition, was, is) in &broker.changed {
            if let Some(sentence) = lost(partition, *was, *is, self.language) {
                self.line(0, "", &sentence);
            }
        }
    }

    fn ending(&mut self, broker: &RecoveredBroker) {
        let english = self.language == Language::English;
        let sentence = match &broker.refused {
            Some(StartRefused { directory, why }) => {
                let place = match directory.is_empty() {
                    true => broker.directories.join(", "),
                    false => directory.clone(),
                };
                match english {
                    true => format!("The broker does not start. {place}: {why}"),
                    false => format!("该 broker 无法启动。{place}：{why}", why = chinese::of(why)),
                }
            }
            None if english => "The broker starts, and was stopped cleanly.".to_string(),
            None => "该 broker 能够启动，并已正常停机。".to_string(),
        };
        self.line(0, "", &sentence);
        if let Some(version) = broker.looks_like {
            self.line(0, "", &older(version, self.language));
        }
        if broker.without_metadata && broker.refused.is_none() {
            self.line(0, "", without_metadata(self.language));
        }
    }
}

/// A directory of the time of ZooKeeper, and a broker that knows it not.
fn older(version: &str, language: Language) -> String {
    match language {
        Language::English => format!(
            "meta.properties is of version 0, so a broker with ZooKeeper left this; it looks like {version}. Give \
             --kafka {version} to see what that one would do."
        ),
        _ => format!(
            "meta.properties 为版本 0，由使用 ZooKeeper 的 broker 留下，看来是 {version}。加上 --kafka {version} \
             可以看到那个版本会怎么做。"
        ),
    }
}

/// What is not known without the controller's log.
fn without_metadata(language: Language) -> &'static str {
    match language {
        Language::English => {
            "There is no metadata log of a controller here: no leader epoch is given, and partitions that the \
             controller does not know stay. --metadata DIR names a log directory that has one."
        }
        _ => {
            "这里没有控制器的元数据日志：不产生新的 leader epoch，控制器不认识的分区原样保留。用 --metadata DIR \
             指出含有它的日志目录。"
        }
    }
}

fn link(path: &str, language: Language) -> String {
    match language {
        Language::English => format!("{path} is a link: it was left out"),
        _ => format!("{path} 是链接：未复制"),
    }
}

/// What a partition lost; nothing if it lost nothing.
fn lost(partition: &TopicPartition, was: Extent, is: Extent, language: Language) -> Option<String> {
    let bytes = was.bytes.saturating_sub(is.bytes);
    let offsets = was.end.saturating_sub(is.end).max(0);
    if bytes == 0 && offsets == 0 {
        return None;
    }
    let Extent { start, end, .. } = was;
    let tail = match (offsets, language == Language::English) {
        (0, true) => format!("{} of no whole batch are gone", counted(bytes, "byte")),
        (0, false) => format!("不成批次的 {bytes} 字节已丢弃"),
        (_, true) => {
            format!(
                "{} and {} at the tail are gone",
                counted(bytes, "byte"),
                counted(offsets, "offset")
            )
        }
        (_, false) => format!("尾部的 {bytes} 字节、{offsets} 个偏移量已丢失"),
    };
    Some(match language {
        Language::English => {
            format!("{partition}: was {start}-{end}, is {}-{}: {tail}", is.start, is.end)
        }
        _ => format!("{partition}：原为 {start}-{end}，现为 {}-{}：{tail}", is.start, is.end),
    })
}

/// What happened, as lines of JSON: `directory`, `step`, `partition` (null: the directory as a whole), `sentence`; the
/// last line of a broker has the step `Stopped` or `Refused`.
pub fn recovered_json(broker: &RecoveredBroker) -> String {
    let mut text = String::new();
    let mut tell = |directory: &str, step: &str, partition: Value, sentence: &str| {
        let line = json!({
            "directory": directory, "step": step, "partition": partition, "sentence": sentence
        });
        text.push_str(&format!("{line}\n"));
    };
    for Taken { directory, topic, name, value } in &broker.taken {
        let sentence = format!("{topic}: {name}={value}, as the indexes show");
        tell(directory, "SettingTaken", Value::Null, &sentence);
    }
    let english = Language::English;
    let stopped = |event: &&StartEvent| event.step.kind() == "Stopped";
    let place = broker.directories.first().map(String::as_str).unwrap_or_default();
    if let Some(version) = broker.looks_like {
        tell(place, "LooksOlder", Value::Null, &older(version, english));
    }
    for path in &broker.links {
        tell(place, "LinkLeftOut", Value::Null, &link(path, english));
    }
    let ending = broker.events.iter().find(stopped);
    for StartEvent { directory, step } in &broker.events {
        if ending.is_some_and(|event| event.step == *step && event.directory == *directory) {
            for (partition, was, is) in &broker.changed {
                if let Some(sentence) = lost(partition, *was, *is, english) {
                    tell(directory, "Lost", json!(partition.to_string()), &sentence);
                }
            }
        }
        let partition = match step {
            StartStep::Log(event) => json!(event.partition().to_string()),
            StartStep::SetAside { partition, .. }
            | StartStep::PartitionMade { partition }
            | StartStep::Elected { partition, .. } => json!(partition.to_string()),
            _ => Value::Null,
        };
        tell(directory, step.kind(), partition, &step.sentence(Language::English));
    }
    if let Some(StartRefused { directory, why }) = &broker.refused {
        tell(directory, "Refused", Value::Null, why);
    }
    text
}
