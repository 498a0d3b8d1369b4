//! What can happen at a group coordinator, as sentences in two languages.

use crate::chinese;
use crate::protocol::ErrorCode;
use crate::types::{Language, Offset, TopicPartition, counted};
use std::sync::Arc;

/// One happening at a coordinator.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Event {
    /// A newcomer got its id and is to join again with it (KIP-394).
    MemberIdGiven { group: Arc<str>, member: Arc<str> },
    /// A member is in the group.
    MemberJoined { group: Arc<str>, member: Arc<str>, members: usize },
    /// A static member's new process took the place of its old one.
    MemberReplaced { group: Arc<str>, instance: Arc<str>, old: Arc<str>, new: Arc<str> },
    /// A member left.
    MemberLeft { group: Arc<str>, member: Arc<str> },
    /// A member's session ended, or it did not rejoin in time.
    MemberExpired { group: Arc<str>, member: Arc<str>, reason: &'static str },
    /// All members have to join again.
    RebalanceStarted { group: Arc<str>, reason: &'static str },
    /// The first rebalance waits for more members.
    RebalanceDelayed { group: Arc<str>, delay_ms: u64 },
    /// The members of a generation are known.
    GenerationBegan {
        group: Arc<str>,
        generation: i32,
        members: usize,
        leader: Option<Arc<str>>,
        protocol: Option<Arc<str>>,
    },
    /// The leader's shares are in the log.
    AssignmentStored { group: Arc<str>, generation: i32 },
    /// The group has no members any more.
    GroupEmpty { group: Arc<str>, generation: i32 },
    /// An offset is committed.
    OffsetCommitted { group: Arc<str>, partition: TopicPartition, offset: Offset },
    /// A write to `__consumer_offsets` failed.
    WriteFailed { group: Arc<str>, error: ErrorCode },
    /// A request was refused.
    Refused { group: Arc<str>, request: &'static str, error: ErrorCode },
    /// A group was read from the log.
    GroupLoaded { group: Arc<str>, generation: i32, members: usize, offsets: usize },
    /// A partition of `__consumer_offsets` is this broker's no more.
    PartitionUnloaded { partition: u32, groups: usize },
}

impl Event {
    /// A short name that does not change.
    pub fn kind(&self) -> &'static str {
        match self {
            Event::MemberIdGiven { .. } => "MemberIdGiven",
            Event::MemberJoined { .. } => "MemberJoined",
            Event::MemberReplaced { .. } => "MemberReplaced",
            Event::MemberLeft { .. } => "MemberLeft",
            Event::MemberExpired { .. } => "MemberExpired",
            Event::RebalanceStarted { .. } => "RebalanceStarted",
            Event::RebalanceDelayed { .. } => "RebalanceDelayed",
            Event::GenerationBegan { .. } => "GenerationBegan",
            Event::AssignmentStored { .. } => "AssignmentStored",
            Event::GroupEmpty { .. } => "GroupEmpty",
            Event::OffsetCommitted { .. } => "OffsetCommitted",
            Event::WriteFailed { .. } => "WriteFailed",
            Event::Refused { .. } => "Refused",
            Event::GroupLoaded { .. } => "GroupLoaded",
            Event::PartitionUnloaded { .. } => "PartitionUnloaded",
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
            Event::MemberIdGiven { group, member } => {
                format!("group {group}: a newcomer is called {member} and is to join again with it")
            }
            Event::MemberJoined { group, member, members } => {
                format!("group {group}: {member} is in ({})", counted(members, "member"))
            }
            Event::MemberReplaced { group, instance, old, new } => {
                format!("group {group}: static member {instance} is {new} now; {old} is fenced")
            }
            Event::MemberLeft { group, member } => format!("group {group}: {member} leaves"),
            Event::MemberExpired { group, member, reason } => {
                format!("group {group}: {member} is removed: {reason}")
            }
            Event::RebalanceStarted { group, reason } => {
                format!("group {group}: a rebalance begins: {reason}")
            }
            Event::RebalanceDelayed { group, delay_ms } => {
                format!("group {group}: waits {delay_ms} ms for more members")
            }
            Event::GenerationBegan { group, generation, members, leader, protocol } => format!(
                "group {group}: generation {generation} begins with {}; {} leads and assigns by {}",
                counted(members, "member"),
                leader.as_deref().unwrap_or("nobody"),
                protocol.as_deref().unwrap_or("nothing")
            ),
            Event::AssignmentStored { group, generation } => {
                format!("group {group}: the shares of generation {generation} are in the log")
            }
            Event::GroupEmpty { group, generation } => {
                format!("group {group}: empty since generation {generation}")
            }
            Event::OffsetCommitted { group, partition, offset } => {
                format!("group {group}: committed {partition} at {offset}")
            }
            Event::WriteFailed { group, error } => {
                format!("group {group}: the write to __consumer_offsets failed: {error}")
            }
            Event::Refused { group, request, error } => {
                format!("group {group}: {request} is refused: {error}")
            }
            Event::GroupLoaded { group, generation, members, offsets } => format!(
                "group {group}: read from the log: generation {generation}, {members} members, {offsets} offsets"
            ),
            Event::PartitionUnloaded { partition, groups } => {
                format!("gives __consumer_offsets-{partition} up with {groups} groups")
            }
        }
    }

    fn chinese(&self) -> String {
        match self {
            Event::MemberIdGiven { group, member } => {
                format!("group {group}：新成员得到 id {member}，要用它重新加入")
            }
            Event::MemberJoined { group, member, members } => {
                format!("group {group}：{member} 已加入（共 {members} 个成员）")
            }
            Event::MemberReplaced { group, instance, old, new } => {
                format!("group {group}：静态成员 {instance} 现在是 {new}；{old} 被隔离")
            }
            Event::MemberLeft { group, member } => format!("group {group}：{member} 离开"),
            Event::MemberExpired { group, member, reason } => {
                format!("group {group}：移除 {member}：{reason}", reason = chinese::of(reason))
            }
            Event::RebalanceStarted { group, reason } => {
                format!("group {group}：开始重平衡：{reason}", reason = chinese::of(reason))
            }
            Event::RebalanceDelayed { group, delay_ms } => {
                format!("group {group}：等待 {delay_ms} 毫秒，看是否还有成员加入")
            }
            Event::GenerationBegan { group, generation, members, leader, protocol } => format!(
                "group {group}：第 {generation} 代开始，共 {members} 个成员；组长 {}，分配策略 {}",
                leader.as_deref().unwrap_or("无"),
                protocol.as_deref().unwrap_or("无")
            ),
            Event::AssignmentStored { group, generation } => {
                format!("group {group}：第 {generation} 代的分配已写入日志")
            }
            Event::GroupEmpty { group, generation } => {
                format!("group {group}：第 {generation} 代起没有成员")
            }
            Event::OffsetCommitted { group, partition, offset } => {
                format!("group {group}：已提交 {partition} 的 offset {offset}")
            }
            Event::WriteFailed { group, error } => {
                format!("group {group}：写 __consumer_offsets 失败：{error}")
            }
            Event::Refused { group, request, error } => {
                format!("group {group}：拒绝 {request}：{error}")
            }
            Event::GroupLoaded { group, generation, members, offsets } => format!(
                "group {group}：从日志读出：第 {generation} 代，{members} 个成员，{offsets} 个 offset"
            ),
            Event::PartitionUnloaded { partition, groups } => {
                format!("交出 __consumer_offsets-{partition} 及其 {groups} 个 group")
            }
        }
    }
}
