//! What can happen on a broker: its own life, and what its parts report.

use crate::chinese;
use crate::protocol::ErrorCode;
use crate::types::{BrokerEpoch, Language, NodeId, Offset, TopicPartition, counted};
use crate::{coordination, group, replica, storage};

/// Something that happened on one broker.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// In a log.
    Storage(storage::Event),
    /// To a replica.
    Replica(replica::Event),
    /// In the group coordinator.
    Group(group::Event),
    /// To the copy of the metadata log.
    Metadata(coordination::Event),
    /// The process began.
    Started {
        /// Whether the last stop was clean (`.kafka_cleanshutdown`).
        clean: bool,
    },
    /// The log directory was read, before any single log was.
    Directory(storage::StartStep),
    /// The controller knows this broker.
    Registered {
        /// Its registration epoch.
        epoch: BrokerEpoch,
    },
    /// The controller lets it work.
    Unfenced,
    /// The controller shut it out.
    Fenced,
    /// It asked the controller for permission to stop.
    ShutdownRequested,
    /// It stopped cleanly.
    Stopped,
    /// A write failed: the log directory is not served any more (KIP-112).
    LogDirectoryOffline {
        /// Which.
        directory: String,
        /// What the disk said.
        why: String,
    },
    /// It has read the metadata log up to here.
    MetadataApplied {
        /// Last offset.
        offset: Offset,
        /// How many records came at once.
        count: usize,
    },
    /// It found the active controller, another one than before.
    ControllerFound {
        /// Which.
        controller: NodeId,
    },
    /// A request was refused.
    Refused {
        /// Who asked.
        from: NodeId,
        /// What.
        request: &'static str,
        /// For which partition, if one.
        partition: Option<TopicPartition>,
        /// Why.
        error: ErrorCode,
    },
    /// An old reader's answer was written in an older message format.
    DownConverted {
        /// Of which partition.
        partition: TopicPartition,
        /// The format.
        magic: i8,
        /// How many records.
        records: u32,
        /// Bytes in the log.
        from_bytes: usize,
        /// Bytes in the answer.
        to_bytes: usize,
    },
    /// Many records were written at once.
    Filled {
        /// Into which partition.
        partition: TopicPartition,
        /// First offset.
        first: Offset,
        /// Last offset.
        last: Offset,
    },
    /// The cleaner met an error in a log and leaves it alone from now on.
    Uncleanable {
        /// Which log.
        partition: TopicPartition,
        /// What is wrong.
        why: String,
    },
    /// With ZooKeeper, and with the orders of its controller.
    ZooKeeper(super::ZooKeeperEvent),
    /// More was copied than the brake allows: what is named there waits.
    ReplicationThrottled {
        /// Which way.
        way: super::Way,
        /// Bytes a second, as counted.
        rate: u64,
        /// Bytes a second, as allowed.
        limit: u64,
    },
    /// Another value of a setting, given while the process runs, is in use from now on.
    Reconfigured {
        /// Which setting.
        name: &'static str,
        /// Its value before.
        before: String,
        /// Its value from now on.
        now: String,
    },
    /// A fetcher met an error and waits.
    FetchFailed {
        /// Whom it asked.
        leader: NodeId,
        /// What it heard.
        error: ErrorCode,
    },
}

impl Event {
    /// A short name, the same in every language.
    pub fn kind(&self) -> &'static str {
        match self {
            Event::Storage(event) => event.kind(),
            Event::Replica(event) => event.kind(),
            Event::Group(event) => event.kind(),
            Event::Metadata(event) => event.kind(),
            Event::Started { .. } => "BrokerStarted",
            Event::Directory(step) => step.kind(),
            Event::Registered { .. } => "BrokerRegistered",
            Event::Unfenced => "BrokerUnfenced",
            Event::Fenced => "BrokerFenced",
            Event::ShutdownRequested => "ShutdownRequested",
            Event::Stopped => "BrokerStopped",
            Event::LogDirectoryOffline { .. } => "LogDirectoryOffline",
            Event::MetadataApplied { .. } => "MetadataApplied",
            Event::ControllerFound { .. } => "ControllerFound",
            Event::Refused { .. } => "Refused",
            Event::DownConverted { .. } => "DownConverted",
            Event::Filled { .. } => "Filled",
            Event::Uncleanable { .. } => "Uncleanable",
            Event::FetchFailed { .. } => "FetchFailed",
            Event::Reconfigured { .. } => "Reconfigured",
            Event::ReplicationThrottled { .. } => "ReplicationThrottled",
            Event::ZooKeeper(event) => event.kind(),
        }
    }

    /// One sentence that can be read aloud.
    pub fn sentence(&self, language: Language) -> String {
        let zh = language == Language::Chinese;
        match self {
            Event::Storage(event) => event.sentence(language),
            Event::Replica(event) => event.sentence(language),
            Event::Group(event) => event.sentence(language),
            Event::Metadata(event) => event.sentence(language),
            Event::ZooKeeper(event) => event.sentence(language),
            Event::Started { clean: true } => {
                language.pick("starts after a clean stop", "在干净停止之后启动").to_owned()
            }
            Event::Started { clean: false } => language
                .pick("starts without a clean-shutdown flag", "启动，没有干净停止标记")
                .to_owned(),
            Event::Directory(step) => step.sentence(language),
            Event::Registered { epoch } if zh => format!("已在控制器注册，broker 纪元 {epoch}"),
            Event::Registered { epoch } => {
                format!("is registered with the controller, broker epoch {epoch}")
            }
            Event::ControllerFound { controller } if zh => {
                format!("找到活动控制器 {controller}")
            }
            Event::ControllerFound { controller } => {
                format!("finds the active controller {controller}")
            }
            Event::Unfenced => {
                language.pick("is unfenced: it may work now", "解除隔离，可以工作").to_owned()
            }
            Event::Fenced => language.pick("hears that it is fenced", "得知自己被隔离").to_owned(),
            Event::ShutdownRequested => language
                .pick("asks the controller for a controlled shutdown", "请求受控停机")
                .to_owned(),
            Event::Stopped => language.pick("stopped cleanly", "已干净停止").to_owned(),
            Event::LogDirectoryOffline { directory, why } if zh => {
                format!("日志目录 {directory} 下线：{why}", why = chinese::of(why))
            }
            Event::LogDirectoryOffline { directory, why } => {
                format!("takes its log directory {directory} offline: {why}")
            }
            Event::MetadataApplied { offset, count } if zh => {
                format!("应用了 {count} 条元数据记录，直到偏移量 {offset}")
            }
            Event::MetadataApplied { offset, count } => {
                format!("applied {count} metadata records, up to offset {offset}")
            }
            Event::Refused { from, request, partition, error } => {
                let about = partition.as_ref().map(|p| format!(" {p}")).unwrap_or_default();
                if zh {
                    format!("拒绝 {from} 的 {request}{about}：{error}")
                } else {
                    format!("refuses {request}{about} of {from}: {error}, {}", error.sentence())
                }
            }
            Event::DownConverted { partition, magic, records, from_bytes, to_bytes } if zh => {
                format!(
                    "为旧客户端把 {partition} 的 {records} 条记录转换为消息格式 {magic}：{from_bytes} 字节变为 {to_bytes} 字节，无零拷贝"
                )
            }
            Event::DownConverted { partition, magic, records, from_bytes, to_bytes } => format!(
                "converts {} of {partition} to message format {magic} for an old reader: {from_bytes} bytes become \
                 {to_bytes}, without zero-copy",
                counted(i64::from(*records), "record")
            ),
            Event::Filled { partition, first, last } if zh => {
                format!("写满 {partition} 的 {first}–{last}")
            }
            Event::Filled { partition, first, last } => {
                format!("filled {partition} {first}–{last}")
            }
            Event::Uncleanable { partition, why } if zh => {
                format!("{partition} 无法清理：{why}", why = chinese::of(why))
            }
            Event::Uncleanable { partition, why } => {
                format!("{partition} cannot be cleaned: {why}")
            }
            Event::ReplicationThrottled { way, rate, limit } => {
                let out = *way == super::Way::Out;
                match (zh, out) {
                    (true, true) => {
                        format!("发往追随者每秒 {rate} 字节，高于 {limit}：限速的副本要等")
                    }
                    (true, false) => {
                        format!("从 leader 复制每秒 {rate} 字节，高于 {limit}：限速的分区要等")
                    }
                    (false, true) => format!(
                        "sends {rate} bytes a second to throttled followers, {limit} are allowed: they wait"
                    ),
                    (false, false) => format!(
                        "copies {rate} bytes a second of throttled partitions, {limit} are allowed: they wait"
                    ),
                }
            }
            Event::Reconfigured { name, before, now } if zh => {
                format!("{name} 从 {before} 改为 {now}，无需重启")
            }
            Event::Reconfigured { name, before, now } => {
                format!("takes {name}={now} instead of {before}, without a restart")
            }
            Event::FetchFailed { leader, error } if zh => format!("从 {leader} 拉取失败：{error}"),
            Event::FetchFailed { leader, error } => {
                format!("fetching from {leader} failed: {error}")
            }
        }
    }
}
