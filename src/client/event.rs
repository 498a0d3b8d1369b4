//! What can happen at a client, as sentences in two languages.

mod registry;

pub use registry::RegistryEvent;

use crate::chinese;
use crate::protocol::ErrorCode;
use crate::types::{Language, NodeId, Offset, TopicName, TopicPartition, counted};
use std::fmt::Write;
use std::sync::Arc;

/// One happening at a producer, a consumer or an administrator's tool.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Event {
    /// What is known of the cluster was asked for and came.
    MetadataRefreshed { brokers: usize, topics: usize },
    /// A batch left in a produce request.
    Sent { partition: TopicPartition, to: NodeId, count: u32, size_bytes: u32 },
    /// A batch was acknowledged (with acks=0: taken as written).
    Acknowledged {
        partition: TopicPartition,
        base_offset: Offset,
        count: u32,
        acks: i16,
        by: NodeId,
    },
    /// Records were given up.
    SendFailed { topic: TopicName, partition: Option<u32>, count: u32, error: ErrorCode },
    /// A batch goes back into the queue.
    Retrying { partition: TopicPartition, count: u32, error: ErrorCode, attempt: u32 },
    /// A batch was too large and goes on in parts.
    BatchSplit { partition: TopicPartition, parts: u32 },
    /// The connection to a broker broke with requests under way.
    ConnectionLost { to: NodeId, requests: usize },
    /// An administrative request left.
    Requested { kind: &'static str, to: NodeId },
    /// Its answer came.
    Answered { kind: &'static str, error: ErrorCode },
    /// The coordinator of the group was found.
    CoordinatorFound { group: Arc<str>, coordinator: NodeId },
    /// The consumer asks to be a member.
    Joining { group: Arc<str>, member_id: Arc<str> },
    /// A generation began for this member.
    Joined { group: Arc<str>, generation: i32, member_id: Arc<str>, leader: bool },
    /// This member, the leader, computed all shares.
    SharesComputed { assignor: &'static str, members: usize, partitions: usize },
    /// The share of this member.
    Assigned { partitions: Vec<TopicPartition>, generation: i32 },
    /// The share is given back.
    Revoked { partitions: Vec<TopicPartition>, reason: &'static str },
    /// The member left its group.
    Left { group: Arc<str> },
    /// The coordinator refused something.
    GroupError { error: ErrorCode },
    /// A position comes from the committed offset.
    PositionFetched { partition: TopicPartition, offset: Offset },
    /// A position was found by a look-up, or set by a seek.
    PositionReset { partition: TopicPartition, offset: Offset, reason: &'static str },
    /// Records came from a leader.
    Fetched { partition: TopicPartition, from: Offset, count: u32 },
    /// A fetch was refused.
    FetchFailed { partition: TopicPartition, error: ErrorCode },
    /// A batch that came does not stand its checksum, or makes no sense.
    RecordsUnreadable { partition: TopicPartition, offset: Offset },
    /// Records were handed to the application.
    Polled { count: u32, from: Vec<(TopicPartition, Offset)> },
    /// Positions were committed.
    Committed { offsets: Vec<(TopicPartition, Offset)> },
    /// A commit failed.
    CommitFailed { error: ErrorCode },
    /// Something happened at a consumer of 0.8.
    Registry(RegistryEvent),
}

fn list<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let mut text = String::new();
    for item in items {
        let comma = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{comma}{item}");
    }
    if text.is_empty() { "∅".to_owned() } else { text }
}

fn at<'a>(offsets: &'a [(TopicPartition, Offset)]) -> impl Iterator<Item = String> + 'a {
    offsets.iter().map(|(partition, offset)| format!("{partition}@{offset}"))
}

fn acks_text(acks: i16) -> &'static str {
    match acks {
        0 => "0",
        1 => "1",
        _ => "all",
    }
}

impl Event {
    /// A short name that does not change.
    pub fn kind(&self) -> &'static str {
        match self {
            Event::MetadataRefreshed { .. } => "MetadataRefreshed",
            Event::Sent { .. } => "Sent",
            Event::Acknowledged { .. } => "Acknowledged",
            Event::SendFailed { .. } => "SendFailed",
            Event::Retrying { .. } => "Retrying",
            Event::BatchSplit { .. } => "BatchSplit",
            Event::ConnectionLost { .. } => "ConnectionLost",
            Event::Requested { .. } => "Requested",
            Event::Answered { .. } => "Answered",
            Event::CoordinatorFound { .. } => "CoordinatorFound",
            Event::Joining { .. } => "Joining",
            Event::Joined { .. } => "Joined",
            Event::SharesComputed { .. } => "SharesComputed",
            Event::Assigned { .. } => "Assigned",
            Event::Revoked { .. } => "Revoked",
            Event::Left { .. } => "Left",
            Event::GroupError { .. } => "GroupError",
            Event::PositionFetched { .. } => "PositionFetched",
            Event::PositionReset { .. } => "PositionReset",
            Event::Fetched { .. } => "Fetched",
            Event::FetchFailed { .. } => "FetchFailed",
            Event::RecordsUnreadable { .. } => "RecordsUnreadable",
            Event::Polled { .. } => "Polled",
            Event::Committed { .. } => "Committed",
            Event::CommitFailed { .. } => "CommitFailed",
            Event::Registry(event) => event.kind(),
        }
    }

    /// The happening as a sentence.
    pub fn sentence(&self, language: Language) -> String {
        match language {
            Language::English => self.english(),
            Language::Chinese => self.chinese(),
        }
    }

    fn english(&self) -> String {
        match self {
            Event::MetadataRefreshed { brokers, topics } => {
                format!("learns of {} and {}", counted(brokers, "broker"), counted(topics, "topic"))
            }
            Event::Sent { partition, to, count, size_bytes } => {
                format!(
                    "sends {} ({size_bytes} B) for {partition} to broker {to}",
                    counted(count, "record")
                )
            }
            Event::Acknowledged { partition, count, acks: 0, .. } => {
                format!(
                    "takes {} for {partition} as written (acks=0: no answer)",
                    counted(count, "record")
                )
            }
            Event::Acknowledged { partition, base_offset, count, acks, .. } => {
                let acks = acks_text(*acks);
                match count {
                    1 => format!("hears that offset {base_offset} is in {partition} (acks={acks})"),
                    _ => format!(
                        "hears that {count} records are in {partition} from offset {base_offset} (acks={acks})"
                    ),
                }
            }
            Event::SendFailed { topic, partition, count, error } => {
                let partition = partition.map(|number| format!("-{number}")).unwrap_or_default();
                format!("gives {} for {topic}{partition} up: {error}", counted(count, "record"))
            }
            Event::Retrying { partition, count, error, attempt } => {
                format!(
                    "queues {} for {partition} again after {error} (try {attempt})",
                    counted(count, "record")
                )
            }
            Event::BatchSplit { partition, parts } => {
                format!("splits a batch for {partition} that is too large into {parts}")
            }
            Event::ConnectionLost { to, requests: 0 } => format!("loses the connection to {to}"),
            Event::ConnectionLost { to, requests } => {
                format!(
                    "loses the connection to {to} with {} under way",
                    counted(requests, "request")
                )
            }
            Event::Requested { kind, to } => format!("asks broker {to}: {kind}"),
            Event::Answered { kind, error } => format!("hears the answer to {kind}: {error}"),
            Event::CoordinatorFound { group, coordinator } => {
                format!("learns that broker {coordinator} coordinates group {group}")
            }
            Event::Joining { group, member_id } if member_id.is_empty() => {
                format!("asks to join group {group}, without a member id yet")
            }
            Event::Joining { group, member_id } => {
                format!("asks to join group {group} as {member_id}")
            }
            Event::Joined { group, generation, member_id, leader } => format!(
                "is {} of group {group} in generation {generation} as {member_id}",
                if *leader { "the leader" } else { "a member" }
            ),
            Event::SharesComputed { assignor, members, partitions } => {
                format!(
                    "shares {} out to {} ({assignor})",
                    counted(partitions, "partition"),
                    counted(members, "member")
                )
            }
            Event::Assigned { partitions, generation } => {
                format!("is assigned {} (generation {generation})", list(partitions))
            }
            Event::Revoked { partitions, reason } => {
                format!("gives {} back: {reason}", list(partitions))
            }
            Event::Left { group } => format!("leaves group {group}"),
            Event::GroupError { error } => format!("hears {error} from the coordinator"),
            Event::PositionFetched { partition, offset } => {
                format!("continues {partition} at the committed offset {offset}")
            }
            Event::PositionReset { partition, offset, reason } => {
                format!("sets its position in {partition} to {offset} ({reason})")
            }
            Event::Fetched { partition, from, count } => {
                format!("receives {} of {partition} from offset {from}", counted(count, "record"))
            }
            Event::FetchFailed { partition, error } => format!("cannot fetch {partition}: {error}"),
            Event::RecordsUnreadable { partition, offset } => format!(
                "cannot read {partition} from offset {offset}: CORRUPT_MESSAGE, each poll fails until it seeks past it"
            ),
            Event::Polled { count, from } => {
                format!("hands {} to the application: {}", counted(count, "record"), list(at(from)))
            }
            Event::Committed { offsets } => format!("has committed {}", list(at(offsets))),
            Event::CommitFailed { error } => format!("could not commit: {error}"),
            Event::Registry(event) => event.sentence(Language::English),
        }
    }

    fn chinese(&self) -> String {
        match self {
            Event::MetadataRefreshed { brokers, topics } => {
                format!("得知 {brokers} 个 broker 和 {topics} 个 topic")
            }
            Event::Sent { partition, to, count, size_bytes } => {
                format!("向 broker {to} 发送 {partition} 的 {count} 条记录（{size_bytes} 字节）")
            }
            Event::Acknowledged { partition, count, acks: 0, .. } => {
                format!("认为 {partition} 的 {count} 条记录已写入（acks=0：没有应答）")
            }
            Event::Acknowledged { partition, base_offset, count, acks, .. } => format!(
                "得知 {count} 条记录已写入 {partition}，从 offset {base_offset} 起（acks={}）",
                acks_text(*acks)
            ),
            Event::SendFailed { topic, partition, count, error } => {
                let partition = partition.map(|number| format!("-{number}")).unwrap_or_default();
                format!("放弃发往 {topic}{partition} 的 {count} 条记录：{error}")
            }
            Event::Retrying { partition, count, error, attempt } => {
                format!(
                    "因 {error} 将 {partition} 的 {count} 条记录重新排队（第 {attempt} 次重试）"
                )
            }
            Event::BatchSplit { partition, parts } => {
                format!("将 {partition} 过大的 batch 拆成 {parts} 个")
            }
            Event::ConnectionLost { to, requests: 0 } => format!("与 {to} 的连接断开"),
            Event::ConnectionLost { to, requests } => {
                format!("与 {to} 的连接断开，{requests} 个请求没有应答")
            }
            Event::Requested { kind, to } => format!("向 broker {to} 发出请求：{kind}"),
            Event::Answered { kind, error } => format!("收到 {kind} 的应答：{error}"),
            Event::CoordinatorFound { group, coordinator } => {
                format!("得知 group {group} 的协调者是 broker {coordinator}")
            }
            Event::Joining { group, member_id } if member_id.is_empty() => {
                format!("请求加入 group {group}，还没有 member id")
            }
            Event::Joining { group, member_id } => {
                format!("以 {member_id} 的身份请求加入 group {group}")
            }
            Event::Joined { group, generation, member_id, leader } => format!(
                "在第 {generation} 代成为 group {group} 的{}（{member_id}）",
                if *leader { "组长" } else { "成员" }
            ),
            Event::SharesComputed { assignor, members, partitions } => {
                format!("把 {partitions} 个分区分给 {members} 个成员（{assignor}）")
            }
            Event::Assigned { partitions, generation } => {
                format!("分到 {}（第 {generation} 代）", list(partitions))
            }
            Event::Revoked { partitions, reason } => {
                format!("交还 {}：{}", list(partitions), chinese::of(reason))
            }
            Event::Left { group } => format!("离开 group {group}"),
            Event::GroupError { error } => format!("协调者返回 {error}"),
            Event::PositionFetched { partition, offset } => {
                format!("从已提交的 offset {offset} 继续读 {partition}")
            }
            Event::PositionReset { partition, offset, reason } => {
                format!(
                    "将 {partition} 的读取位置设为 {offset}（{reason}）",
                    reason = chinese::of(reason)
                )
            }
            Event::Fetched { partition, from, count } => {
                format!("收到 {partition} 从 offset {from} 起的 {count} 条记录")
            }
            Event::FetchFailed { partition, error } => format!("无法读取 {partition}：{error}"),
            Event::RecordsUnreadable { partition, offset } => format!(
                "无法从偏移量 {offset} 读取 {partition}：CORRUPT_MESSAGE，在 seek 越过它之前每次 poll 都失败"
            ),
            Event::Polled { count, from } => {
                format!("把 {count} 条记录交给应用程序：{}", list(at(from)))
            }
            Event::Committed { offsets } => format!("已提交 {}", list(at(offsets))),
            Event::CommitFailed { error } => format!("提交失败：{error}"),
            Event::Registry(event) => event.sentence(Language::Chinese),
        }
    }
}
