//! The small text files of a log directory, read from their bytes; what is wrong with them, with byte ranges.
//!
//! ```text
//!   0                    version                 node.id=1
//!   2                    how many lines          version=1
//!   orders 0 225         topic partition offset  cluster.id=…
//! ```
//!
//! An empty checkpoint counts as none and CR LF does no harm, as in Kafka (`CheckpointFile`, `PropertiesUtils`).

use super::findings::{Finding, Weight};
use crate::storage::EpochEntry;
use crate::types::{LeaderEpoch, Offset, TopicName, TopicPartition, Uuid};
use serde_json::Value;

/// A fault in a small file: from, to, in English, in Chinese.
pub(super) type Fault = (u64, u64, String, String);

/// The lines of a text with the byte where each begins.
fn lines(bytes: &[u8]) -> Result<Vec<(u64, String)>, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to() as u64;
        (at, at + 1, "this byte is no UTF-8 text".to_owned(), "此字节不是 UTF-8 文本".to_owned())
    })?;
    let mut start = 0;
    let mut found = Vec::new();
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches('\n');
        found.push((start, content.strip_suffix('\r').unwrap_or(content).to_owned()));
        start += line.len() as u64;
    }
    Ok(found)
}

fn wrong(line: &(u64, String), english: String, chinese: String) -> Fault {
    (line.0, line.0 + line.1.len() as u64, english, chinese)
}

/// The lines of a checkpoint behind version and count, both checked.
fn checkpoint_lines(bytes: &[u8]) -> Result<Vec<(u64, String)>, Fault> {
    let mut lines = lines(bytes)?;
    let Some(version) = lines.first() else { return Ok(lines) };
    if version.1.trim() != "0" {
        let shown = clip(&version.1);
        return Err(wrong(
            version,
            format!("the first line is '{shown}', but should be the version, 0"),
            format!("第一行是“{shown}”，应为版本号 0"),
        ));
    }
    let Some(count) = lines.get(1) else { return Ok(Vec::new()) };
    let there = lines.len() - 2;
    match count.1.trim().parse::<usize>() {
        Ok(announced) if announced == there => {}
        _ => {
            let shown = clip(&count.1);
            return Err(wrong(
                count,
                format!("the second line announces {shown} entries, but there are {there}"),
                format!("第二行宣称有 {shown} 条，实际为 {there} 条"),
            ));
        }
    }
    lines.drain(..2);
    Ok(lines)
}

fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}

/// An offset checkpoint.
pub(super) fn offsets(bytes: &[u8]) -> Result<Vec<(TopicPartition, Offset)>, Fault> {
    let mut found = Vec::new();
    for line in checkpoint_lines(bytes)? {
        let mut words = line.1.split(' ');
        let read = (|| {
            let (topic, number, offset) = (words.next()?, words.next()?, words.next()?);
            let partition = TopicPartition::new(&TopicName::new(topic), number.parse().ok()?);
            let offset = offset.parse().ok()?;
            words.next().is_none().then_some((partition, Offset(offset)))
        })();
        found.push(read.ok_or_else(|| {
            let shown = clip(&line.1);
            wrong(
                &line,
                format!("'{shown}' should be a topic, a partition and an offset"),
                format!("“{shown}”应为主题、分区和偏移量"),
            )
        })?);
    }
    Ok(found)
}

/// A leader epoch checkpoint, as it stands.
pub(super) fn epochs(bytes: &[u8]) -> Result<Vec<EpochEntry>, Fault> {
    let mut found = Vec::new();
    for line in checkpoint_lines(bytes)? {
        let read = line.1.split_once(' ').and_then(|(epoch, offset)| {
            let entry = (epoch.parse::<i32>().ok()?, offset.parse::<i64>().ok()?);
            (entry.0 >= 0 && entry.1 >= 0).then_some(entry)
        });
        let (epoch, offset) = read.ok_or_else(|| {
            let shown = clip(&line.1);
            wrong(
                &line,
                format!("'{shown}' should be an epoch and an offset"),
                format!("“{shown}”应为纪元和偏移量"),
            )
        })?;
        found.push(EpochEntry { epoch: LeaderEpoch(epoch), start_offset: Offset(offset) });
    }
    Ok(found)
}

/// The topic's id in `partition.metadata`.
pub(super) fn topic_id(bytes: &[u8]) -> Result<Uuid, Fault> {
    let lines = lines(bytes)?;
    let whole = bytes.len() as u64;
    let value = |name: &str| {
        lines.iter().find_map(|(_, line)| Some(line.strip_prefix(name)?.trim().to_owned()))
    };
    let fault = |english: &str, chinese: &str| (0, whole, english.to_owned(), chinese.to_owned());
    if bytes.is_empty() {
        return Err(fault("the file is empty", "文件为空"));
    }
    let version = value("version:").or_else(|| value("version=")).unwrap_or_default();
    let id = value("topic_id:").or_else(|| value("topic_id="));
    let id = id.ok_or_else(|| fault("there is no line 'topic_id: …'", "缺少“topic_id: …”一行"))?;
    if version != "0" {
        return Err(fault("the version is not 0", "版本号不是 0"));
    }
    Uuid::parse(&id).ok_or_else(|| fault("the topic id is malformed", "主题 id 格式错误"))
}

/// `meta.properties` of any era.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties {
    /// 0 in the ZooKeeper era, 1 under KRaft.
    pub version: Option<u32>,
    /// `node.id`, or `broker.id`.
    pub node: Option<u32>,
    /// The cluster.
    pub cluster_id: Option<String>,
    /// This log directory.
    pub directory_id: Option<String>,
}

/// Reads `meta.properties`, with what is wrong with it.
pub(super) fn properties(bytes: &[u8], path: &str) -> (Properties, Vec<Finding>) {
    let mut found = Properties::default();
    let mut findings = Vec::new();
    let text = String::from_utf8_lossy(bytes);
    for line in text.lines() {
        let Some((name, value)) = line.split_once('=') else { continue };
        let value = value.trim().to_owned();
        match name.trim() {
            "version" => found.version = value.parse().ok(),
            "node.id" | "broker.id" => found.node = value.parse().ok(),
            "cluster.id" => found.cluster_id = Some(value),
            "directory.id" => found.directory_id = Some(value),
            _ => {}
        }
    }
    let mut say = |english: String, chinese: String| {
        let finding = Finding::new("meta-properties", Weight::Bad, path, english, chinese);
        findings.push(finding.bytes(0, bytes.len() as u64));
    };
    match found.version {
        Some(0 | 1) => {}
        Some(other) => {
            say(
                format!("version {other} is not known; 0 and 1 are"),
                format!("未知的版本 {other}；已知 0 和 1"),
            );
        }
        None => say("it names no version".into(), "没有版本号".into()),
    }
    if found.node.is_none() {
        say("it names no node".into(), "没有节点号".into());
    }
    if found.version == Some(1) && found.cluster_id.is_none() {
        say("it names no cluster".into(), "没有集群 id".into());
    }
    (found, findings)
}

/// `quorum-state`: JSON since KRaft began.
pub(super) fn quorum(bytes: &[u8]) -> Result<Value, Fault> {
    serde_json::from_slice(bytes).map_err(|error| {
        let (end, what) = (bytes.len() as u64, error.to_string());
        (0, end, format!("it is no JSON: {what}"), format!("不是 JSON：{what}"))
    })
}
