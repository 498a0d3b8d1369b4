//! What can happen in the coordination of a cluster, for people: one sentence each, in both languages.

use super::kraft::QuorumEvent;
use super::zookeeper::controller::ControllerEvent;
use crate::chinese;
use crate::types::{Language, LeaderEpoch, NodeId, Offset, TopicName, TopicPartition};

/// Why a broker was fenced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FencingReason {
    /// It was silent for longer than `broker.session.timeout.ms`.
    SessionExpired {
        /// For how long, in ms.
        silent_ms: u64,
    },
    /// It asked to be.
    Asked,
    /// It stopped in good order.
    ControlledShutdown,
}

/// Why a leader was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElectionReason {
    /// The partition is new.
    Created,
    /// The leader before was fenced.
    LeaderFenced,
    /// The broker of the leader before is gone (ZooKeeper era: its znode).
    LeaderGone,
    /// The leader before is about to stop.
    ControlledShutdown,
    /// The leader before came back after a crash and may lack records.
    UncleanShutdown,
    /// A replica that may lead came back.
    ReplicaReturned,
    /// Somebody asked for it.
    Asked,
    /// Leaders are moved back to their preferred replicas.
    Balance,
    /// No replica in sync was left, and `unclean.leader.election.enable` allows it.
    Unclean,
    /// ISR and ELR are empty, and the leader that is known to be the last one came back (KIP-966).
    LastKnownLeader,
    /// It was the first to create the partition's znode (every broker for itself).
    Race,
    /// A reassignment.
    Reassignment,
    /// The ISR changed.
    IsrChange,
}

impl ElectionReason {
    /// The reason in words.
    pub fn words(self, language: Language) -> &'static str {
        let (english, chinese) = match self {
            ElectionReason::Created => ("the partition is new", "分区刚刚创建"),
            ElectionReason::LeaderFenced => ("its leader was fenced", "原 leader 被隔离"),
            ElectionReason::LeaderGone => {
                ("the broker that led it is gone", "原 leader 所在的 broker 已经不在")
            }
            ElectionReason::ControlledShutdown => ("its leader is stopping", "原 leader 正在停机"),
            ElectionReason::UncleanShutdown => {
                ("its leader came back after a crash", "原 leader 崩溃后重新启动")
            }
            ElectionReason::ReplicaReturned => ("a replica came back", "有副本恢复"),
            ElectionReason::Asked => ("somebody asked for it", "有人发起了选举"),
            ElectionReason::Balance => {
                ("leaders move back to preferred replicas", "leader 均衡到首选副本")
            }
            ElectionReason::Unclean => (
                "no in-sync replica is left and unclean election is allowed",
                "没有同步副本，且允许 unclean 选举",
            ),
            ElectionReason::LastKnownLeader => (
                "ISR and ELR are empty, and the last known leader came back",
                "ISR 与 ELR 均为空，最后已知的 leader 恢复了",
            ),
            ElectionReason::Race => ("it was the first to create the znode", "它最先创建了 znode"),
            ElectionReason::Reassignment => ("its replicas are reassigned", "副本正在重新分配"),
            ElectionReason::IsrChange => ("its ISR changed", "ISR 发生变化"),
        };
        language.pick(english, chinese)
    }
}

/// Something that happened in the controller, or to a broker's copy of the metadata log.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A controller is active.
    ControllerActive {
        /// Which.
        controller: NodeId,
        /// Its quorum epoch.
        epoch: i32,
    },
    /// A broker introduced itself.
    BrokerRegistered {
        /// Which.
        broker: NodeId,
        /// Its epoch.
        epoch: i64,
    },
    /// A broker may lead from now on.
    BrokerUnfenced {
        /// Which.
        broker: NodeId,
    },
    /// A broker may not lead from now on.
    BrokerFenced {
        /// Which.
        broker: NodeId,
        /// Why.
        reason: FencingReason,
    },
    /// A broker is about to stop and gives its leaderships away.
    ControlledShutdownStarted {
        /// Which.
        broker: NodeId,
    },
    /// A partition has a new leader.
    LeaderElected {
        /// Which partition.
        partition: TopicPartition,
        /// Its leader.
        leader: NodeId,
        /// The leader's epoch.
        epoch: LeaderEpoch,
        /// Its ISR.
        isr: Vec<NodeId>,
        /// Why.
        reason: ElectionReason,
        /// Whether committed records may be lost.
        unclean: bool,
    },
    /// A partition has no leader any more.
    LeaderLost {
        /// Which partition.
        partition: TopicPartition,
        /// The epoch without a leader.
        epoch: LeaderEpoch,
        /// Who may lead it when it comes back: its ISR, else its eligible replicas.
        eligible: Vec<NodeId>,
    },
    /// The set of in-sync replicas changed.
    IsrChanged {
        /// Which partition.
        partition: TopicPartition,
        /// Before.
        before: Vec<NodeId>,
        /// After.
        after: Vec<NodeId>,
        /// The leader that wanted it; none: the controller.
        by: Option<NodeId>,
    },
    /// A topic was created.
    TopicCreated {
        /// Its name.
        topic: TopicName,
        /// How many partitions it has.
        partitions: u32,
    },
    /// A topic was deleted.
    TopicDeleted {
        /// Its name.
        topic: TopicName,
    },
    /// A topic got more partitions.
    PartitionsAdded {
        /// The topic.
        topic: TopicName,
        /// How many it has now.
        count: u32,
    },
    /// A setting changed.
    ConfigChanged {
        /// Of what.
        resource: String,
        /// Its name.
        name: String,
        /// Its value; none: the default.
        value: Option<String>,
    },
    /// Metadata records were written.
    RecordsAppended {
        /// Offset of the first.
        first: Offset,
        /// Offset of the last.
        last: Offset,
        /// Their names, one for each run of equal ones.
        what: String,
    },
    /// A broker's copy of the metadata log was cut, since it differed from the leader's.
    MetadataTruncated {
        /// To which end.
        to: Offset,
    },
    /// Something happened in a controller of the ZooKeeper era.
    Controller(ControllerEvent),
    /// Something in the quorum of controllers, or about a node's snapshots.
    Quorum(QuorumEvent),
    /// The controller refused a request.
    RequestRefused {
        /// Who asked.
        from: NodeId,
        /// For what.
        request: &'static str,
        /// The error's name.
        error: crate::protocol::ErrorCode,
        /// About what.
        about: String,
    },
}

impl Event {
    /// What kind of happening it is: a stable word.
    pub fn kind(&self) -> &'static str {
        match self {
            Event::ControllerActive { .. } => "ControllerActive",
            Event::BrokerRegistered { .. } => "BrokerRegistered",
            Event::BrokerUnfenced { .. } => "BrokerUnfenced",
            Event::BrokerFenced { .. } => "BrokerFenced",
            Event::ControlledShutdownStarted { .. } => "ControlledShutdown",
            Event::LeaderElected { .. } => "LeaderElected",
            Event::LeaderLost { .. } => "LeaderLost",
            Event::IsrChanged { .. } => "IsrChanged",
            Event::TopicCreated { .. } => "TopicCreated",
            Event::TopicDeleted { .. } => "TopicDeleted",
            Event::PartitionsAdded { .. } => "PartitionsAdded",
            Event::ConfigChanged { .. } => "ConfigChanged",
            Event::RecordsAppended { .. } => "MetadataAppended",
            Event::MetadataTruncated { .. } => "MetadataTruncated",
            Event::Controller(event) => event.kind(),
            Event::Quorum(event) => event.kind(),
            Event::RequestRefused { .. } => "RequestRefused",
        }
    }

    /// What happened, in one sentence.
    pub fn sentence(&self, language: Language) -> String {
        match language {
            Language::English => self.english(),
            Language::Chinese => self.chinese(),
        }
    }

    fn english(&self) -> String {
        match self {
            Event::ControllerActive { controller, epoch } => {
                format!("controller {controller} is active in epoch {epoch}")
            }
            Event::BrokerRegistered { broker, epoch } => {
                format!("broker {broker} is registered with epoch {epoch}, still fenced")
            }
            Event::BrokerUnfenced { broker } => format!("broker {broker} is unfenced: it may lead"),
            Event::BrokerFenced { broker, reason } => match reason {
                FencingReason::SessionExpired { silent_ms } => {
                    format!("broker {broker} is fenced: no heartbeat for {silent_ms} ms")
                }
                FencingReason::Asked => format!("broker {broker} is fenced: it asked to be"),
                FencingReason::ControlledShutdown => {
                    format!("broker {broker} is fenced and may stop: it leads nothing")
                }
            },
            Event::ControlledShutdownStarted { broker } => {
                format!("broker {broker} is about to stop: its leaderships move away")
            }
            Event::LeaderElected { partition, leader, epoch, isr, reason, unclean } => {
                let how = if *unclean { " uncleanly" } else { "" };
                let (why, isr) = (reason.words(Language::English), set(isr));
                format!(
                    "{partition}: leader {leader} elected{how}, epoch {epoch}, ISR {isr}: {why}"
                )
            }
            Event::LeaderLost { partition, epoch, eligible } => {
                format!(
                    "{partition} has no leader in epoch {epoch}; it waits for one of {}",
                    set(eligible)
                )
            }
            Event::IsrChanged { partition, before, after, by } => {
                let who = if by.is_none() { "the controller" } else { "its leader" };
                let verb = if after.len() < before.len() { "shrinks" } else { "grows" };
                format!("{partition}: {who} {verb} the ISR from {} to {}", set(before), set(after))
            }
            Event::TopicCreated { topic, partitions } => {
                format!(
                    "topic {topic} is created with {partitions} {}",
                    plural(*partitions, "partition")
                )
            }
            Event::TopicDeleted { topic } => format!("topic {topic} is deleted"),
            Event::PartitionsAdded { topic, count } => {
                format!("topic {topic} has {count} {} now", plural(*count, "partition"))
            }
            Event::ConfigChanged { resource, name, value } => match value {
                Some(value) => format!("{resource}: {name} is {value} now"),
                None => format!("{resource}: {name} is back at its default"),
            },
            Event::RecordsAppended { first, last, what } if first == last => {
                format!("metadata log: {what} at offset {first}")
            }
            Event::RecordsAppended { first, last, what } => {
                format!("metadata log: {what} at offsets {first} to {last}")
            }
            Event::MetadataTruncated { to } => {
                format!("the copy of the metadata log is cut to end at {to}: it differed")
            }
            Event::Controller(event) => event.sentence(Language::English),
            Event::Quorum(event) => event.sentence(Language::English),
            Event::RequestRefused { from, request, error, about } => {
                format!("{request} of {from} is refused with {error}: {about}")
            }
        }
    }

    fn chinese(&self) -> String {
        match self {
            Event::ControllerActive { controller, epoch } => {
                format!("controller {controller} 成为活动 controller，epoch {epoch}")
            }
            Event::BrokerRegistered { broker, epoch } => {
                format!("broker {broker} 注册成功，epoch {epoch}，仍处于隔离状态")
            }
            Event::BrokerUnfenced { broker } => {
                format!("broker {broker} 解除隔离，可以担任 leader")
            }
            Event::BrokerFenced { broker, reason } => match reason {
                FencingReason::SessionExpired { silent_ms } => {
                    format!("broker {broker} 被隔离：{silent_ms} ms 没有心跳")
                }
                FencingReason::Asked => format!("broker {broker} 应自己的要求被隔离"),
                FencingReason::ControlledShutdown => {
                    format!("broker {broker} 被隔离，可以停机：它不再领导任何分区")
                }
            },
            Event::ControlledShutdownStarted { broker } => {
                format!("broker {broker} 准备停机，它的 leader 角色正在移走")
            }
            Event::LeaderElected { partition, leader, epoch, isr, reason, unclean } => {
                let how = if *unclean { "（unclean）" } else { "" };
                let (why, isr) = (reason.words(Language::Chinese), set(isr));
                format!("{partition}：选出 leader {leader}{how}，epoch {epoch}，ISR {isr}：{why}")
            }
            Event::LeaderLost { partition, epoch, eligible } => {
                format!("{partition} 在 epoch {epoch} 没有 leader，等待 {} 之一恢复", set(eligible))
            }
            Event::IsrChanged { partition, before, after, by } => {
                let who = if by.is_none() { "controller" } else { "leader" };
                let verb = if after.len() < before.len() { "缩小" } else { "扩大" };
                format!("{partition}：{who} 把 ISR 从 {} {verb}为 {}", set(before), set(after))
            }
            Event::TopicCreated { topic, partitions } => {
                format!("创建了 topic {topic}，共 {partitions} 个分区")
            }
            Event::TopicDeleted { topic } => format!("删除了 topic {topic}"),
            Event::PartitionsAdded { topic, count } => {
                format!("topic {topic} 现在有 {count} 个分区")
            }
            Event::ConfigChanged { resource, name, value } => match value {
                Some(value) => format!("{resource}：{name} 改为 {value}"),
                None => format!("{resource}：{name} 恢复默认值"),
            },
            Event::RecordsAppended { first, last, what } if first == last => {
                format!("元数据日志：offset {first} 写入 {what}", what = chinese::of(what))
            }
            Event::RecordsAppended { first, last, what } => {
                format!(
                    "元数据日志：offset {first} 到 {last} 写入 {what}",
                    what = chinese::of(what)
                )
            }
            Event::MetadataTruncated { to } => {
                format!("元数据日志副本与 leader 不一致，截断到 {to}")
            }
            Event::Controller(event) => event.sentence(Language::Chinese),
            Event::Quorum(event) => event.sentence(Language::Chinese),
            Event::RequestRefused { from, request, error, about } => {
                format!(
                    "拒绝了 {from} 的 {request}，错误 {error}：{about}",
                    about = chinese::of(about)
                )
            }
        }
    }
}

fn set(nodes: &[NodeId]) -> String {
    let names: Vec<String> = nodes.iter().map(NodeId::to_string).collect();
    format!("{{{}}}", names.join(","))
}

fn plural(count: u32, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}
