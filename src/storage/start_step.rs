//! The named steps of a broker's start-up that concern its log directories as a whole, as data and as sentences.

use super::checkpoint::CLEAN_SHUTDOWN;
use super::event::Event;
use crate::chinese;
use crate::types::{Language, LeaderEpoch, Offset, TopicPartition, counted};

/// One step of a start-up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the variants say it
pub enum StartStep {
    /// `meta.properties` was read and fits.
    PropertiesRead { node_id: u32, cluster_id: String },
    /// `meta.properties` had no id of the directory: it got one.
    DirectoryIdGiven,
    /// The last stop was clean. The flag is removed at once, so that a crash from here on counts as unclean; old
    /// brokers remove it later.
    CleanFlagFound { broker_epoch: i64, at_once: bool },
    /// All logs are loaded, so an old broker removes the flag.
    CleanFlagRemoved,
    /// There is no flag: the logs are recovered.
    CleanFlagMissing,
    /// A checkpoint was read.
    CheckpointRead { file: &'static str, partitions: usize },
    /// A checkpoint is not there, or empty.
    CheckpointMissing { file: &'static str, clean: bool },
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
    /// The controller has a partition here that does not lie here: an empty log is made.
    PartitionMade { partition: TopicPartition },
    /// No other broker is there, so this one leads; its log notes the new epoch.
    Elected { partition: TopicPartition, epoch: LeaderEpoch, log_end_offset: Offset },
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
            StartStep::CleanFlagRemoved => "CleanFlagRemoved",
            StartStep::CleanFlagMissing => "CleanFlagMissing",
            StartStep::CheckpointRead { .. } => "CheckpointRead",
            StartStep::CheckpointMissing { .. } => "CheckpointMissing",
            StartStep::LogsFound { .. } => "LogsFound",
            StartStep::Log(event) => event.kind(),
            StartStep::DeletionPending { .. } => "DeletionPending",
            StartStep::SetAside { .. } => "SetAside",
            StartStep::FutureFound { .. } => "FutureFound",
            StartStep::Offline { .. } => "Offline",
            StartStep::PartitionMade { .. } => "PartitionMade",
            StartStep::Elected { .. } => "Elected",
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
            StartStep::CleanFlagFound { broker_epoch, at_once } => {
                let (epoch, epoch_zh) = match *broker_epoch {
                    ..0 => Default::default(),
                    epoch => {
                        (format!(" (broker epoch {epoch})"), format!("（broker epoch {epoch}）"))
                    }
                };
                let (goes, goes_zh) = match at_once {
                    true => (
                        "removed at once: a crash from here on counts as unclean",
                        "立即删除：此后若崩溃即视为非正常停机",
                    ),
                    false => ("it stays until all logs are loaded", "所有日志载入之后才删除"),
                };
                (
                    format!("{CLEAN_SHUTDOWN} found{epoch}: the last stop was clean; {goes}"),
                    format!("找到 {CLEAN_SHUTDOWN}{epoch_zh}：上次为正常停机；{goes_zh}"),
                )
            }
            StartStep::CleanFlagRemoved => (
                format!("{CLEAN_SHUTDOWN} removed: all logs are loaded"),
                format!("删除 {CLEAN_SHUTDOWN}：所有日志均已载入"),
            ),
            StartStep::CleanFlagMissing => (
                format!(
                    "{CLEAN_SHUTDOWN} is missing: the last stop was not clean, so logs are recovered"
                ),
                format!("没有 {CLEAN_SHUTDOWN}：上次不是正常停机，需要恢复日志"),
            ),
            StartStep::CheckpointRead { file, partitions } => (
                format!("{file}: {}", counted(*partitions as i64, "partition")),
                format!("{file}：{partitions} 个分区"),
            ),
            StartStep::CheckpointMissing { file, clean: true } => (
                format!("{file} is missing or empty: no harm after a clean stop"),
                format!("{file} 不存在或为空：正常停机之后并无妨碍"),
            ),
            StartStep::CheckpointMissing { file, clean: false } => (
                format!("{file} is missing or empty: every segment of every log is scanned"),
                format!("{file} 不存在或为空：扫描所有日志的所有段"),
            ),
            StartStep::LogsFound { count } => (
                format!("{} to load", counted(*count as i64, "log")),
                format!("需载入 {count} 个日志"),
            ),
            StartStep::Log(event) => return event.sentence(language),
            StartStep::DeletionPending { name } => (
                format!("{name}: its topic was deleted, it goes after file.delete.delay.ms"),
                format!("{name}：主题已删除，将在 file.delete.delay.ms 之后移除"),
            ),
            StartStep::SetAside { partition, to, why } => (
                format!("{partition} set aside as {to}: {why}"),
                format!("{partition} 改名为 {to} 搁置：{why}", why = chinese::of(why)),
            ),
            StartStep::FutureFound { name } => (
                format!("{name}: a move between directories had not ended"),
                format!("{name}：目录之间的迁移尚未完成"),
            ),
            StartStep::Offline { why } => (
                format!("the directory goes offline: {why}"),
                format!("目录下线：{why}", why = chinese::of(why)),
            ),
            StartStep::PartitionMade { partition } => (
                format!(
                    "{partition} is this broker's, but does not lie here: an empty log is made"
                ),
                format!("{partition} 属于该 broker，但这里没有：新建一个空日志"),
            ),
            StartStep::Elected { partition, epoch, log_end_offset } => (
                format!(
                    "{partition}: no other broker is registered, so this one leads, with epoch {epoch} from offset \
                     {log_end_offset} on; nobody else must be in sync, so that is the high watermark, too"
                ),
                format!(
                    "{partition}：没有注册其他 broker，由它任 leader，epoch {epoch} 始于偏移量 {log_end_offset}；\
                     没有别的同步副本，所以高水位也在此"
                ),
            ),
            StartStep::Stopped { logs, .. } => (
                format!(
                    "clean stop: {} closed, indexes trimmed, checkpoints written, and {CLEAN_SHUTDOWN} last of all",
                    counted(*logs as i64, "log")
                ),
                format!(
                    "正常停机：关闭 {logs} 个日志，裁剪索引，写入检查点，最后写入 {CLEAN_SHUTDOWN}"
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
