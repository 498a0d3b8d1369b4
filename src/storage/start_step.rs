//! The named steps of a broker's start-up that concern its log directories as a whole, as data and as sentences.

use super::event::Event;
use crate::types::{Language, TopicPartition};

/// One step of a start-up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the variants say it
pub enum StartStep {
    /// `meta.properties` was read and fits.
    PropertiesRead { node_id: u32, cluster_id: String },
    /// `meta.properties` had no id of the directory: it got one.
    DirectoryIdGiven,
    /// The last stop was clean; the flag is removed at once, so that a crash from here on counts as unclean.
    CleanFlagFound { broker_epoch: i64 },
    /// There is no flag: the logs are recovered.
    CleanFlagMissing,
    /// A checkpoint was read.
    CheckpointRead { file: &'static str, partitions: usize },
    /// A checkpoint is not there, or empty.
    CheckpointMissing { file: &'static str },
    /// So many logs will be loaded.
    LogsFound { count: usize },
    /// A step of loading one log.
    Log(Event),
    /// A directory that a deletion left behind.
    DeletionPending { name: String },
    /// The controller does not know the partition: set aside.
    SetAside { partition: TopicPartition, to: String, why: String },
    /// A copy that was on its way to another directory.
    FutureFound { name: String },
    /// The directory fails: none of its partitions is served.
    Offline { why: String },
    /// A clean stop wrote everything down.
    Stopped { logs: usize, broker_epoch: i64 },
}

impl StartStep {
    /// A short name, the same in every language.
    pub fn kind(&self) -> &'static str {
        match self {
            StartStep::PropertiesRead { .. } => "PropertiesRead",
            StartStep::DirectoryIdGiven => "DirectoryIdGiven",
            StartStep::CleanFlagFound { .. } => "CleanFlagFound",
            StartStep::CleanFlagMissing => "CleanFlagMissing",
            StartStep::CheckpointRead { .. } => "CheckpointRead",
            StartStep::CheckpointMissing { .. } => "CheckpointMissing",
            StartStep::LogsFound { .. } => "LogsFound",
            StartStep::Log(event) => event.kind(),
            StartStep::DeletionPending { .. } => "DeletionPending",
            StartStep::SetAside { .. } => "SetAside",
            StartStep::FutureFound { .. } => "FutureFound",
            StartStep::Offline { .. } => "Offline",
            StartStep::Stopped { .. } => "Stopped",
        }
    }

    /// What happened and why, in one sentence.
    pub fn sentence(&self, language: Language) -> String {
        let (english, chinese) = match self {
            StartStep::PropertiesRead { node_id, cluster_id } => (
                format!("meta.properties: node {node_id} of cluster {cluster_id}"),
                format!("meta.properties：集群 {cluster_id} 的节点 {node_id}"),
            ),
            StartStep::DirectoryIdGiven => (
                "meta.properties has no directory.id: one is drawn and written".to_string(),
                "meta.properties 没有 directory.id：生成并写入".to_string(),
            ),
            StartStep::CleanFlagFound { broker_epoch } => (
                format!(
                    ".kafka_cleanshutdown found (broker epoch {broker_epoch}): nothing is scanned; the flag is removed"
                ),
                format!(
                    "找到 .kafka_cleanshutdown（broker epoch {broker_epoch}）：不扫描任何内容；标志文件随即删除"
                ),
            ),
            StartStep::CleanFlagMissing => (
                "no .kafka_cleanshutdown: the last stop was not clean, logs are recovered"
                    .to_string(),
                "没有 .kafka_cleanshutdown：上次不是正常停机，需要恢复日志".to_string(),
            ),
            StartStep::CheckpointRead { file, partitions } => {
                (format!("{file}: {partitions} partitions"), format!("{file}：{partitions} 个分区"))
            }
            StartStep::CheckpointMissing { file } => (
                format!("{file} is not there or empty: every partition counts from the beginning"),
                format!("{file} 不存在或为空：所有分区都从头算起"),
            ),
            StartStep::LogsFound { count } => {
                (format!("{count} logs to load"), format!("需载入 {count} 个日志"))
            }
            StartStep::Log(event) => return event.sentence(language),
            StartStep::DeletionPending { name } => (
                format!("{name}: its topic was deleted, it goes after file.delete.delay.ms"),
                format!("{name}：主题已删除，将在 file.delete.delay.ms 之后移除"),
            ),
            StartStep::SetAside { partition, to, why } => (
                format!("{partition} set aside as {to}: {why}"),
                format!("{partition} 改名为 {to} 搁置：{why}"),
            ),
            StartStep::FutureFound { name } => (
                format!("{name}: a move between directories had not ended"),
                format!("{name}：目录之间的迁移尚未完成"),
            ),
            StartStep::Offline { why } => {
                (format!("the directory goes offline: {why}"), format!("目录下线：{why}"))
            }
            StartStep::Stopped { logs, broker_epoch } => (
                format!(
                    "clean stop: {logs} logs closed, indexes trimmed, checkpoints and the flag written (broker epoch \
                     {broker_epoch})"
                ),
                format!(
                    "正常停机：关闭 {logs} 个日志，裁剪索引，写入检查点与标志文件（broker epoch {broker_epoch}）"
                ),
            ),
        };
        if language == Language::English { english } else { chinese }
    }
}

/// A step and the directory that it happened in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartEvent {
    /// The log directory, relative to the disk's root.
    pub directory: String,
    /// What happened.
    pub step: StartStep,
}
