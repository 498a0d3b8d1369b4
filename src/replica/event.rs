//! What can happen to a replica.

use super::TruncationStep;
use crate::chinese;
use crate::types::{Language, LeaderEpoch, NodeId, Offset, TopicPartition};

/// Something that happened to one copy of a partition.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// This broker leads the partition from now on.
    BecameLeader {
        /// Which partition.
        partition: TopicPartition,
        /// The new epoch.
        epoch: LeaderEpoch,
        /// Where the epoch begins: the leader's log end.
        start: Offset,
        /// Who is in sync.
        isr: Vec<NodeId>,
    },
    /// This broker copies `leader` from now on.
    BecameFollower {
        /// Which partition.
        partition: TopicPartition,
        /// Whom; `None`: nobody leads.
        leader: Option<NodeId>,
        /// The epoch.
        epoch: LeaderEpoch,
    },
    /// More records are committed.
    HighWatermarkAdvanced {
        /// Which partition.
        partition: TopicPartition,
        /// Before.
        from: Offset,
        /// Now.
        to: Offset,
    },
    /// A follower learned the leader's high watermark.
    HighWatermarkLearned {
        /// Which partition.
        partition: TopicPartition,
        /// Before.
        from: Offset,
        /// Now.
        to: Offset,
    },
    /// A follower has not been caught up for too long.
    FollowerLags {
        /// Which partition.
        partition: TopicPartition,
        /// The follower.
        follower: NodeId,
        /// How far its log reaches.
        follower_end: Offset,
        /// How far the leader's reaches.
        leader_end: Offset,
        /// Since when it is not caught up, in milliseconds.
        behind_ms: u64,
        /// The limit, `replica.lag.time.max.ms`.
        limit_ms: u64,
    },
    /// A follower has not fetched for too long (the rule of 0.8).
    FollowerSilent {
        /// Which partition.
        partition: TopicPartition,
        /// The follower.
        follower: NodeId,
        /// Since when it has not fetched, in milliseconds.
        silent_ms: u64,
        /// The limit, `replica.lag.time.max.ms`.
        limit_ms: u64,
    },
    /// A follower is too many messages behind (the rule of 0.8).
    FollowerBehind {
        /// Which partition.
        partition: TopicPartition,
        /// The follower.
        follower: NodeId,
        /// How many messages it lacks.
        behind: i64,
        /// The limit, `replica.lag.max.messages`.
        limit: i64,
    },
    /// The leader wants another ISR: it asks the controller, or before 2.7 writes the state znode itself (KIP-497).
    IsrProposed {
        /// Which partition.
        partition: TopicPartition,
        /// As it is.
        from: Vec<NodeId>,
        /// As it shall be.
        to: Vec<NodeId>,
        /// Whether it writes to ZooKeeper itself.
        by_itself: bool,
    },
    /// The controller took the proposal, or told of another change.
    IsrChanged {
        /// Which partition.
        partition: TopicPartition,
        /// As it was.
        from: Vec<NodeId>,
        /// As it is.
        to: Vec<NodeId>,
    },
    /// A new follower asks where the epoch of its last record ended (KIP-101).
    EpochAsked {
        /// Which partition.
        partition: TopicPartition,
        /// Whom.
        leader: NodeId,
        /// The epoch.
        epoch: LeaderEpoch,
    },
    /// A follower looks where to cut its log.
    Truncating {
        /// Which partition.
        partition: TopicPartition,
        /// The step.
        step: TruncationStep,
    },
    /// A follower cut its log, because the leader's differs from there on.
    Truncated {
        /// Which partition.
        partition: TopicPartition,
        /// Log end before.
        from: Offset,
        /// Log end now.
        to: Offset,
        /// Why, in Kafka's words.
        reason: &'static str,
    },
    /// A follower copied records.
    Replicated {
        /// Which partition.
        partition: TopicPartition,
        /// From whom.
        leader: NodeId,
        /// First offset.
        first: Offset,
        /// Last offset.
        last: Offset,
    },
}

/// `{1,2,3}`
pub fn set(nodes: &[NodeId]) -> String {
    let mut sorted: Vec<NodeId> = nodes.to_vec();
    sorted.sort_unstable();
    let names: Vec<String> = sorted.iter().map(NodeId::to_string).collect();
    format!("{{{}}}", names.join(","))
}

impl Event {
    /// A short name, the same in every language.
    pub fn kind(&self) -> &'static str {
        match self {
            Event::BecameLeader { .. } => "BecameLeader",
            Event::BecameFollower { .. } => "BecameFollower",
            Event::HighWatermarkAdvanced { .. } => "HighWatermarkAdvanced",
            Event::HighWatermarkLearned { .. } => "HighWatermarkLearned",
            Event::FollowerLags { .. } => "FollowerLags",
            Event::FollowerSilent { .. } => "FollowerSilent",
            Event::FollowerBehind { .. } => "FollowerBehind",
            Event::EpochAsked { .. } => "EpochAsked",
            Event::Truncating { step, .. } => step.kind(),
            Event::IsrProposed { .. } => "IsrProposed",
            Event::IsrChanged { .. } => "IsrChanged",
            Event::Truncated { .. } => "Truncated",
            Event::Replicated { .. } => "Replicated",
        }
    }

    /// Which partition it concerns.
    pub fn partition(&self) -> &TopicPartition {
        match self {
            Event::BecameLeader { partition, .. }
            | Event::BecameFollower { partition, .. }
            | Event::HighWatermarkAdvanced { partition, .. }
            | Event::HighWatermarkLearned { partition, .. }
            | Event::FollowerLags { partition, .. }
            | Event::FollowerSilent { partition, .. }
            | Event::FollowerBehind { partition, .. }
            | Event::EpochAsked { partition, .. }
            | Event::Truncating { partition, .. }
            | Event::IsrProposed { partition, .. }
            | Event::IsrChanged { partition, .. }
            | Event::Truncated { partition, .. }
            | Event::Replicated { partition, .. } => partition,
        }
    }

    /// One sentence that can be read aloud.
    pub fn sentence(&self, language: Language) -> String {
        let zh = language == Language::Chinese;
        match self {
            Event::BecameLeader { partition, epoch, start, isr } if zh => {
                format!(
                    "成为 {partition} 的领导者，纪元 {epoch} 从偏移量 {start} 开始，ISR {}",
                    set(isr)
                )
            }
            Event::BecameLeader { partition, epoch, start, isr } => {
                format!(
                    "leads {partition}, epoch {epoch} begins at offset {start}, ISR {}",
                    set(isr)
                )
            }
            Event::BecameFollower { partition, leader: Some(leader), epoch } if zh => {
                format!("成为 {partition} 的追随者，领导者 {leader}，纪元 {epoch}")
            }
            Event::BecameFollower { partition, leader: Some(leader), epoch } => {
                format!("follows {leader} for {partition}, epoch {epoch}")
            }
            Event::BecameFollower { partition, epoch, .. } if zh => {
                format!("{partition} 没有领导者，纪元 {epoch}")
            }
            Event::BecameFollower { partition, epoch, .. } => {
                format!("{partition} has no leader, epoch {epoch}")
            }
            Event::HighWatermarkAdvanced { partition, from, to } if zh => {
                format!("{partition} 的高水位 {from} → {to}")
            }
            Event::HighWatermarkAdvanced { partition, from, to } => {
                format!("high watermark of {partition} {from} → {to}")
            }
            Event::HighWatermarkLearned { partition, from, to } if zh => {
                format!("得知 {partition} 的高水位 {from} → {to}")
            }
            Event::HighWatermarkLearned { partition, from, to } => {
                format!("learned the high watermark of {partition} {from} → {to}")
            }
            Event::FollowerLags {
                partition,
                follower,
                follower_end,
                leader_end,
                behind_ms,
                limit_ms,
            } if zh => format!(
                "{partition} 的追随者 {follower} 停在 {follower_end}（领导者 {leader_end}），已有 {behind_ms} 毫秒未追上，超过 \
                 replica.lag.time.max.ms={limit_ms}"
            ),
            Event::FollowerLags {
                partition,
                follower,
                follower_end,
                leader_end,
                behind_ms,
                limit_ms,
            } => format!(
                "follower {follower} of {partition} is at {follower_end} (leader {leader_end}), not caught up for \
                 {behind_ms} ms, more than replica.lag.time.max.ms={limit_ms}"
            ),
            Event::FollowerSilent { partition, follower, silent_ms, limit_ms } if zh => format!(
                "{partition} 的追随者 {follower} 已有 {silent_ms} 毫秒没有拉取，超过 replica.lag.time.max.ms={limit_ms}"
            ),
            Event::FollowerSilent { partition, follower, silent_ms, limit_ms } => format!(
                "follower {follower} of {partition} has not fetched for {silent_ms} ms, more than \
                 replica.lag.time.max.ms={limit_ms}"
            ),
            Event::FollowerBehind { partition, follower, behind, limit } if zh => format!(
                "{partition} 的追随者 {follower} 落后 {behind} 条消息，超过 replica.lag.max.messages={limit}"
            ),
            Event::FollowerBehind { partition, follower, behind, limit } => format!(
                "follower {follower} of {partition} is {behind} messages behind, more than \
                 replica.lag.max.messages={limit}"
            ),
            Event::EpochAsked { partition, leader, epoch } if zh => {
                format!("问 {leader}：{partition} 的纪元 {epoch} 止于哪里？")
            }
            Event::EpochAsked { partition, leader, epoch } => {
                format!("asks {leader} where epoch {epoch} of {partition} ended")
            }
            Event::Truncating { partition, step } if zh => {
                format!("{partition} 的截断：{}", step.sentence(language))
            }
            Event::Truncating { partition, step } => {
                format!("truncation of {partition}: {}", step.sentence(language))
            }
            Event::IsrProposed { partition, from, to, by_itself } => {
                let (from, to) = (set(from), set(to));
                match (by_itself, zh) {
                    (false, false) => {
                        format!("asks the controller for ISR {from} → {to} of {partition}")
                    }
                    (true, false) => {
                        format!("writes ISR {from} → {to} of {partition} into ZooKeeper itself")
                    }
                    (false, true) => format!("向控制器提议 {partition} 的 ISR {from} → {to}"),
                    (true, true) => {
                        format!("自己向 ZooKeeper 写入 {partition} 的 ISR {from} → {to}")
                    }
                }
            }
            Event::IsrChanged { partition, from, to } if zh => {
                format!("{partition} 的 ISR {} → {}", set(from), set(to))
            }
            Event::IsrChanged { partition, from, to } => {
                format!("ISR of {partition} {} → {}", set(from), set(to))
            }
            Event::Truncated { partition, from, to, reason } if zh => {
                format!(
                    "截断 {partition}，日志末端 {from} → {to}（{reason}）",
                    reason = chinese::of(reason)
                )
            }
            Event::Truncated { partition, from, to, reason } => {
                format!("cut {partition} from log end {from} to {to} ({reason})")
            }
            Event::Replicated { partition, leader, first, last } if zh => {
                format!("从 {leader} 复制 {partition} 的 {first}–{last}")
            }
            Event::Replicated { partition, leader, first, last } => {
                format!("copied {partition} {first}–{last} from {leader}")
            }
        }
    }
}
