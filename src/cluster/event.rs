//! Stamped events: what happened, when, in which step, on which node, and because of what.

use crate::chinese;
use crate::clock::{Duration, Instant};
use crate::types::{Language, NodeId, TopicPartition};
use crate::{broker, client, coordination, disk, storage};

/// An event with its stamp.
#[derive(Clone, Debug, PartialEq)]
pub struct Stamped {
    /// Its number; grows by one.
    pub id: u64,
    /// The step in which it happened.
    pub step: u64,
    /// The moment.
    pub at: Instant,
    /// Where; node 0 is the world itself.
    pub node: NodeId,
    /// The event that brought it about.
    pub cause: Option<u64>,
    /// What.
    pub body: Body,
}

/// What happened, by layer.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// On a broker.
    Broker(broker::Event),
    /// On a controller.
    Controller(coordination::Event),
    /// In ZooKeeper.
    ZooKeeper(coordination::zookeeper::ServerEvent),
    /// At a client.
    Client(client::Event),
    /// In the world around them.
    World(WorldEvent),
}

/// How a reason begins when a broker's log directory failed, in English and Chinese: since 1.0 (KIP-112, class
/// `LogManager`), and before.
pub(super) const LOG_DIRECTORY_FAILED: [(&str, &str); 2] = [
    ("all its log directories have failed: ", "所有日志目录都已失效："),
    ("unrecoverable I/O error: ", "无法恢复的 I/O 错误："),
];

/// A fault that somebody brought about.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The process was killed; the page cache survives.
    Kill(NodeId),
    /// The process stopped in good order.
    Stop(NodeId),
    /// The power failed; what was not flushed is gone.
    PowerOff(NodeId),
    /// The process was frozen.
    Pause(NodeId),
    /// The process goes on.
    Resume(NodeId),
    /// Two nodes cannot reach each other.
    Cut(NodeId, NodeId),
    /// They can again.
    Heal(NodeId, NodeId),
    /// A broker's fetchers stand still.
    FetcherPause(NodeId),
    /// They go on.
    FetcherResume(NodeId),
    /// They wait before each fetch.
    FetcherSlow(NodeId),
    /// What a node says leaves so much later.
    Slow(NodeId, Duration),
    /// A broker's clock is wrong by so many microseconds.
    Skew(NodeId, i64),
    /// A message was lost.
    Drop {
        /// Its sender.
        from: NodeId,
        /// Its receiver.
        to: NodeId,
        /// Its kind.
        kind: &'static str,
    },
    /// A bit of the records in a message flipped on its way.
    Corrupt {
        /// Its sender.
        from: NodeId,
        /// Its receiver.
        to: NodeId,
        /// Its kind.
        kind: &'static str,
    },
    /// A node's disk is full, or can only be read; nothing: it is whole again.
    Disk(NodeId, Option<disk::Fault>),
    /// A bit on the platter changed by itself.
    FlipBit {
        /// The file.
        file: String,
        /// Which byte.
        position: u64,
    },
    /// The last write of a file reached the platter only in part.
    Tear {
        /// The file.
        file: String,
        /// How many bytes are left.
        size: u64,
    },
    /// A file is gone.
    DeleteFile {
        /// The file.
        file: String,
    },
}

impl Fault {
    /// The node that suffers from it, for those who later wonder why it is silent.
    pub fn victim(&self) -> Option<NodeId> {
        match self {
            Fault::Kill(node)
            | Fault::Stop(node)
            | Fault::PowerOff(node)
            | Fault::Pause(node)
            | Fault::FetcherPause(node)
            | Fault::FetcherSlow(node)
            | Fault::Slow(node, _)
            | Fault::Skew(node, _)
            | Fault::Disk(node, Some(_))
            | Fault::Cut(node, _) => Some(*node),
            Fault::Drop { from, .. } => Some(*from),
            Fault::Resume(_)
            | Fault::Heal(..)
            | Fault::FetcherResume(_)
            | Fault::Corrupt { .. }
            | Fault::Disk(_, None)
            | Fault::FlipBit { .. }
            | Fault::Tear { .. }
            | Fault::DeleteFile { .. } => None,
        }
    }
}

/// One step of a lookup by offset or by time.
#[derive(Clone, Debug, PartialEq)]
pub enum WalkStep {
    /// By offset.
    Offset(storage::LookupStep),
    /// By timestamp.
    Timestamp(storage::TimestampStep),
}

impl WalkStep {
    /// One sentence that can be read aloud.
    pub fn sentence(&self, language: Language) -> String {
        match self {
            WalkStep::Offset(step) => step.sentence(language),
            WalkStep::Timestamp(step) => step.sentence(language),
        }
    }
}

/// What happened in the world around the nodes.
#[derive(Clone, Debug, PartialEq)]
pub enum WorldEvent {
    /// The learner, or a script, did something.
    Act {
        /// As a command.
        command: String,
    },
    /// A fault struck.
    Fault(Fault),
    /// A process began.
    NodeStarted(NodeId),
    /// A process ended by itself, because its disk failed.
    NodeHalted {
        /// Which.
        node: NodeId,
        /// Why.
        reason: String,
        /// Whether it was the machine under the lab that failed, not something in the lab.
        host: bool,
    },
    /// Nobody was there to receive a message.
    MessageLost {
        /// Its sender.
        from: NodeId,
        /// Its receiver.
        to: NodeId,
        /// Its kind.
        kind: &'static str,
    },
    /// Idle rounds were passed over.
    IdlePassed {
        /// How long, in milliseconds.
        ms: u64,
    },
    /// One step of a lookup that is being watched.
    Lookup {
        /// Which partition.
        partition: TopicPartition,
        /// What was looked at.
        step: WalkStep,
    },
    /// Something that Kafka allows and somebody should know.
    Found {
        /// Which invariant.
        name: &'static str,
        /// What exactly.
        sentence: String,
    },
    /// A promise was broken.
    Violated {
        /// Which invariant.
        name: &'static str,
        /// What exactly.
        sentence: String,
    },
}

impl WorldEvent {
    fn kind(&self) -> &'static str {
        match self {
            WorldEvent::Act { .. } => "Act",
            WorldEvent::Fault(Fault::Kill(_)) => "Kill",
            WorldEvent::Fault(Fault::Stop(_)) => "Stop",
            WorldEvent::Fault(Fault::PowerOff(_)) => "PowerOff",
            WorldEvent::Fault(Fault::Pause(_)) => "Pause",
            WorldEvent::Fault(Fault::Resume(_)) => "Resume",
            WorldEvent::Fault(Fault::Cut(..)) => "Cut",
            WorldEvent::Fault(Fault::Heal(..)) => "Heal",
            WorldEvent::Fault(Fault::FetcherPause(_)) => "FetcherPause",
            WorldEvent::Fault(Fault::FetcherResume(_)) => "FetcherResume",
            WorldEvent::Fault(Fault::FetcherSlow(_)) => "FetcherSlow",
            WorldEvent::Fault(Fault::Slow(..)) => "Slow",
            WorldEvent::Fault(Fault::Skew(..)) => "ClockSkewed",
            WorldEvent::Fault(Fault::Drop { .. }) => "MessageDropped",
            WorldEvent::Fault(Fault::Corrupt { .. }) => "MessageCorrupted",
            WorldEvent::Fault(Fault::Disk(_, Some(disk::Fault::Full))) => "DiskFull",
            WorldEvent::Fault(Fault::Disk(_, Some(disk::Fault::ReadOnly))) => "DiskReadOnly",
            WorldEvent::Fault(Fault::Disk(_, None)) => "DiskHealed",
            WorldEvent::Fault(Fault::FlipBit { .. }) => "BitFlipped",
            WorldEvent::Fault(Fault::Tear { .. }) => "WriteTorn",
            WorldEvent::Fault(Fault::DeleteFile { .. }) => "FileDeleted",
            WorldEvent::NodeStarted(_) => "NodeStarted",
            WorldEvent::NodeHalted { .. } => "NodeHalted",
            WorldEvent::MessageLost { .. } => "MessageLost",
            WorldEvent::IdlePassed { .. } => "IdlePassed",
            WorldEvent::Lookup { .. } => "Lookup",
            WorldEvent::Found { .. } => "Found",
            WorldEvent::Violated { .. } => "Violated",
        }
    }

    fn sentence(&self, language: Language) -> String {
        let say = |english: String, chinese: String| match language {
            Language::English => english,
            Language::Chinese => chinese,
        };
        match self {
            WorldEvent::Act { command } => match command.strip_prefix('#').map(str::trim) {
                // What the lab does by itself so that time passes.
                Some("time passes") => say("time passes".into(), "时间流逝".into()),
                Some("files are checked") => say("files are checked".into(), "检查文件".into()),
                Some(by) => match by.strip_prefix("idle for ") {
                    Some(time) => say(by.into(), format!("空闲 {time}")),
                    None => say(by.into(), by.into()),
                },
                None => say(format!("you: {command}"), format!("你：{command}")),
            },
            WorldEvent::Fault(fault) => match fault {
                Fault::Kill(n) => {
                    say(format!("{} is killed", process(*n)), format!("{} 被杀死", process(*n)))
                }
                Fault::Stop(n) => {
                    say(format!("{} stops", process(*n)), format!("{} 停止", process(*n)))
                }
                Fault::PowerOff(n) => say(
                    format!("{} loses power: what was not flushed is gone", process(*n)),
                    format!("{} 断电：未刷盘的内容丢失", process(*n)),
                ),
                Fault::Pause(n) => {
                    say(format!("{} is frozen", process(*n)), format!("{} 被冻结", process(*n)))
                }
                Fault::Resume(n) => {
                    say(format!("{} goes on", process(*n)), format!("{} 恢复运行", process(*n)))
                }
                Fault::Cut(a, b) => {
                    say(format!("the link {a} – {b} is cut"), format!("{a} – {b} 的链路被切断"))
                }
                Fault::Heal(a, b) => say(
                    format!("the link {a} – {b} is whole again"),
                    format!("{a} – {b} 的链路恢复"),
                ),
                Fault::FetcherPause(n) => say(
                    format!("{} stops fetching", process(*n)),
                    format!("{} 停止拉取", process(*n)),
                ),
                Fault::FetcherResume(n) => say(
                    format!("{} fetches again", process(*n)),
                    format!("{} 重新拉取", process(*n)),
                ),
                Fault::FetcherSlow(n) => say(
                    format!("{} fetches slowly", process(*n)),
                    format!("{} 缓慢拉取", process(*n)),
                ),
                Fault::Slow(n, Duration::ZERO) => say(
                    format!("{} is as fast as ever", process(*n)),
                    format!("{} 恢复正常速度", process(*n)),
                ),
                Fault::Slow(n, by) => say(
                    format!("{} is slow: what it says leaves {by} later", process(*n)),
                    format!("{} 变慢：发出的一切晚 {by}", process(*n)),
                ),
                Fault::Skew(n, 0) => say(
                    format!("the clock of {} is right again", process(*n)),
                    format!("{} 的时钟恢复正确", process(*n)),
                ),
                Fault::Skew(n, by) => {
                    let (off, ahead) = (Duration(by.unsigned_abs()), *by > 0);
                    let (how, zh) = if ahead { ("fast", "快") } else { ("slow", "慢") };
                    say(
                        format!("the clock of {} is {off} {how}", process(*n)),
                        format!("{} 的时钟{zh}了 {off}", process(*n)),
                    )
                }
                Fault::Disk(n, Some(disk::Fault::Full)) => say(
                    format!("no space is left on the disk of {}", process(*n)),
                    format!("{} 的磁盘已写满", process(*n)),
                ),
                Fault::Disk(n, Some(disk::Fault::ReadOnly)) => say(
                    format!("the disk of {} can only be read", process(*n)),
                    format!("{} 的磁盘变为只读", process(*n)),
                ),
                Fault::Disk(n, None) => say(
                    format!("the disk of {} can be written again", process(*n)),
                    format!("{} 的磁盘恢复可写", process(*n)),
                ),
                Fault::FlipBit { file, position } => say(
                    format!("a bit of byte {position} of {file} flipped"),
                    format!("{file} 第 {position} 字节有一位翻转"),
                ),
                Fault::Tear { file, size } => say(
                    format!(
                        "the last write of {file} was torn, {} left",
                        crate::types::counted(size, "byte")
                    ),
                    format!("{file} 的最后一次写入被撕裂，剩 {size} 字节"),
                ),
                Fault::DeleteFile { file } => {
                    say(format!("{file} is gone"), format!("{file} 消失了"))
                }
                Fault::Corrupt { from, to, kind } => say(
                    format!("a bit of the records in {kind} {from} → {to} flips on its way"),
                    format!("{kind} {from} → {to} 携带的记录有一位在途中翻转"),
                ),
                Fault::Drop { from, to, kind } => say(
                    format!("{kind} {from} → {to} is lost"),
                    format!("{kind} {from} → {to} 丢失"),
                ),
            },
            WorldEvent::NodeStarted(n) => {
                say(format!("{} starts", process(*n)), format!("{} 启动", process(*n)))
            }
            WorldEvent::NodeHalted { node, reason, .. } => {
                let node = process(*node);
                let chinese = LOG_DIRECTORY_FAILED.iter().find_map(|(english, chinese)| {
                    Some(format!("{chinese}{}", chinese::of(reason.strip_prefix(english)?)))
                });
                let chinese = chinese.unwrap_or_else(|| chinese::of(reason));
                say(format!("{node} exits: {reason}"), format!("{node} 退出：{chinese}"))
            }
            WorldEvent::MessageLost { from, to, kind } => say(
                format!("{kind} {from} → {to}: nobody is there"),
                format!("{kind} {from} → {to}：对方不在"),
            ),
            WorldEvent::IdlePassed { ms } => say(
                format!("{} of idle rounds", crate::clock::Duration::from_ms(*ms)),
                format!("空闲轮次 {}", crate::clock::Duration::from_ms(*ms)),
            ),
            WorldEvent::Lookup { partition, step } => {
                format!("{partition}: {}", step.sentence(language))
            }
            WorldEvent::Found { name, sentence } => say(
                format!("finding {name}: {sentence}"),
                format!("提示 {name}：{sentence}", sentence = chinese::of(sentence)),
            ),
            WorldEvent::Violated { name, sentence } => say(
                format!("broken promise {name}: {sentence}"),
                format!("承诺被打破 {name}：{sentence}", sentence = chinese::of(sentence)),
            ),
        }
    }
}

/// A node by its role: `broker 1`, `controller 3001`.
fn process(node: NodeId) -> String {
    match node.is_controller() {
        _ if node.is_zookeeper() => "ZooKeeper".to_owned(),
        true => format!("controller {node}"),
        false => format!("broker {node}"),
    }
}

impl Body {
    /// An event of a broker; what the controller in it decided is told as a controller's.
    pub fn of_broker(event: broker::Event) -> Body {
        match event {
            broker::Event::Metadata(coordination::Event::MetadataTruncated { .. }) => {
                Body::Broker(event)
            }
            broker::Event::Metadata(event) => Body::Controller(event),
            event => Body::Broker(event),
        }
    }

    /// The partition that it is about, if it is about one.
    pub fn partition(&self) -> Option<&TopicPartition> {
        use coordination::Event::{IsrChanged, LeaderElected, LeaderLost};
        match self {
            Body::Broker(broker::Event::Storage(event)) => Some(event.partition()),
            Body::Broker(broker::Event::Replica(event)) => Some(event.partition()),
            Body::Controller(
                LeaderElected { partition, .. }
                | LeaderLost { partition, .. }
                | IsrChanged { partition, .. },
            ) => Some(partition),
            _ => None,
        }
    }

    /// A short name, the same in every language.
    pub fn kind(&self) -> &'static str {
        match self {
            Body::Broker(event) => event.kind(),
            Body::Controller(event) => event.kind(),
            Body::ZooKeeper(event) => event.kind(),
            Body::Client(event) => event.kind(),
            Body::World(event) => event.kind(),
        }
    }

    /// One sentence that can be read aloud.
    pub fn sentence(&self, language: Language) -> String {
        match self {
            Body::Broker(event) => event.sentence(language),
            Body::Controller(event) => event.sentence(language),
            Body::ZooKeeper(event) => event.sentence(language),
            Body::Client(event) => event.sentence(language),
            Body::World(event) => event.sentence(language),
        }
    }

    /// Whether it belongs to the never-ending background (bytes flushed, metadata applied, time that passes, …).
    pub fn is_background(&self) -> bool {
        if let Body::World(WorldEvent::Act { command }) = self {
            return command.starts_with('#');
        }
        if let Body::Client(client::Event::ConnectionLost { requests: 0, .. }) = self {
            return true; // told when the first request was lost with it
        }
        matches!(
            self.kind(),
            "MetadataApplied"
                | "HighWatermarkLearned"
                | "MetadataRefreshed"
                | "Flushed"
                | "RecordsAppended"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_lab_does_by_itself_is_not_told_of_you() {
        let say = |command: &str| {
            let body = Body::World(WorldEvent::Act { command: command.into() });
            [body.sentence(Language::English), body.sentence(Language::Chinese)]
        };
        assert_eq!(say("# time passes"), ["time passes", "时间流逝"]);
        assert_eq!(say("# idle for 7 d 23 h"), ["idle for 7 d 23 h", "空闲 7 d 23 h"]);
        assert_eq!(say("broker kill 1"), ["you: broker kill 1", "你：broker kill 1"]);
    }
}
