//! What happens to a broker because of ZooKeeper and of the controller's orders, for people, in both languages.

use crate::protocol::{ErrorCode, SessionId};
use crate::types::{Language, NodeId, TopicPartition, counted};

/// Something that happened to a broker of the ZooKeeper era.
#[derive(Clone, Debug, PartialEq)]
pub enum ZooKeeperEvent {
    /// It has a session.
    Connected {
        /// Its number.
        session: SessionId,
        /// What was agreed on.
        timeout_ms: u64,
    },
    /// Its session goes on over a new connection.
    Reconnected {
        /// Its number.
        session: SessionId,
    },
    /// The connection is gone.
    Disconnected,
    /// It hears that its session has ended.
    Expired,
    /// It has its znode.
    Registered {
        /// The transaction that made it.
        czxid: i64,
    },
    /// The session of the process before still holds its znode.
    ZnodeTaken,
    /// It works.
    Ready,
    /// It obeys an order.
    Obeyed {
        /// Which.
        order: &'static str,
        /// Of which controller.
        controller: NodeId,
        /// That controller's epoch.
        epoch: i32,
        /// For how many partitions.
        partitions: usize,
    },
    /// It does not obey.
    OrderRefused {
        /// Which.
        order: &'static str,
        /// Of which controller.
        controller: NodeId,
        /// The epoch in the order.
        epoch: i64,
        /// The epoch that the broker knows.
        known: i64,
        /// Why.
        error: ErrorCode,
    },
    /// The state znode has another version than the leader believed: the ISR stays as it is.
    IsrNotWritten {
        /// Of which partition.
        partition: TopicPartition,
        /// The version it believed in.
        version: i32,
    },
    /// It told the controller of ISRs that changed.
    IsrsNoted {
        /// How many.
        partitions: usize,
    },
    /// It asks the controller to take its leaderships away.
    ShutdownAsked {
        /// The controller.
        controller: NodeId,
    },
    /// The controller could not move everything.
    ShutdownUnfinished {
        /// What it still leads.
        remaining: usize,
        /// How often it will ask again.
        left: u32,
    },
}

impl ZooKeeperEvent {
    /// A stable word.
    pub fn kind(&self) -> &'static str {
        match self {
            ZooKeeperEvent::Connected { .. } => "ZooKeeperConnected",
            ZooKeeperEvent::Reconnected { .. } => "ZooKeeperReconnected",
            ZooKeeperEvent::Disconnected => "ZooKeeperDisconnected",
            ZooKeeperEvent::Expired => "ZooKeeperExpired",
            ZooKeeperEvent::Registered { .. } => "BrokerRegistered",
            ZooKeeperEvent::ZnodeTaken => "ZnodeTaken",
            ZooKeeperEvent::Ready => "BrokerReady",
            ZooKeeperEvent::Obeyed { order: "UpdateMetadata", .. } => "MetadataApplied",
            ZooKeeperEvent::Obeyed { .. } => "OrderObeyed",
            ZooKeeperEvent::OrderRefused { .. } => "OrderRefused",
            ZooKeeperEvent::IsrNotWritten { .. } => "IsrNotWritten",
            ZooKeeperEvent::IsrsNoted { .. } => "IsrsNoted",
            ZooKeeperEvent::ShutdownAsked { .. } => "ShutdownAsked",
            ZooKeeperEvent::ShutdownUnfinished { .. } => "ShutdownUnfinished",
        }
    }

    /// One sentence that can be read aloud.
    pub fn sentence(&self, language: Language) -> String {
        match language {
            Language::English => self.english(),
            Language::Chinese => self.chinese(),
        }
    }

    fn english(&self) -> String {
        match self {
            ZooKeeperEvent::Connected { session, timeout_ms } => {
                format!(
                    "has ZooKeeper session {session}; silent for {timeout_ms} ms, it would lose it"
                )
            }
            ZooKeeperEvent::Reconnected { session } => {
                format!("is connected with ZooKeeper again, still in session {session}")
            }
            ZooKeeperEvent::Disconnected => {
                "has lost the connection with ZooKeeper; its session may live on".to_owned()
            }
            ZooKeeperEvent::Expired => {
                "hears that its session has ended: its znodes are gone, it begins a new one"
                    .to_owned()
            }
            ZooKeeperEvent::Registered { czxid } => {
                format!("is registered under /brokers/ids by transaction {czxid}")
            }
            ZooKeeperEvent::ZnodeTaken => {
                "finds its znode taken by a session that has not ended yet, and waits".to_owned()
            }
            ZooKeeperEvent::Ready => "works; it waits for orders of a controller".to_owned(),
            ZooKeeperEvent::Obeyed { order, controller, epoch, partitions } => format!(
                "obeys {order} of controller {controller}, epoch {epoch}, for {}",
                counted(*partitions, "partition")
            ),
            ZooKeeperEvent::OrderRefused { order, controller, epoch, known, error } => format!(
                "does not obey {order} of {controller} with epoch {epoch}, since it knows {known}: {error}"
            ),
            ZooKeeperEvent::IsrNotWritten { partition, version } => format!(
                "{partition}: cached version {version} is not that of the state znode, the ISR is not written"
            ),
            ZooKeeperEvent::IsrsNoted { partitions } => format!(
                "leaves a note for the controller: the ISR of {} changed",
                counted(*partitions, "partition")
            ),
            ZooKeeperEvent::ShutdownAsked { controller } => {
                format!("asks controller {controller} for a controlled shutdown")
            }
            ZooKeeperEvent::ShutdownUnfinished { remaining, left } => format!(
                "still leads {}; it will ask {} more",
                counted(*remaining, "partition"),
                counted(*left, "time")
            ),
        }
    }

    fn chinese(&self) -> String {
        match self {
            ZooKeeperEvent::Connected { session, timeout_ms } => {
                format!("获得 ZooKeeper 会话 {session}，静默 {timeout_ms} ms 会话即过期")
            }
            ZooKeeperEvent::Reconnected { session } => {
                format!("重新连上 ZooKeeper，会话仍是 {session}")
            }
            ZooKeeperEvent::Disconnected => "与 ZooKeeper 的连接断开，会话可能仍在".to_owned(),
            ZooKeeperEvent::Expired => "得知会话已过期：临时节点已消失，开始新会话".to_owned(),
            ZooKeeperEvent::Registered { czxid } => {
                format!("已在 /brokers/ids 下注册，事务号 {czxid}")
            }
            ZooKeeperEvent::ZnodeTaken => "发现自己的节点仍被旧会话占用，等待其结束".to_owned(),
            ZooKeeperEvent::Ready => "开始工作，等待 controller 的指令".to_owned(),
            ZooKeeperEvent::Obeyed { order, controller, epoch, partitions } => {
                format!(
                    "执行 controller {controller}（epoch {epoch}）的 {order}，{partitions} 个分区"
                )
            }
            ZooKeeperEvent::OrderRefused { order, controller, epoch, known, error } => {
                format!("拒绝 {controller} 的 {order}：epoch {epoch}，已知 {known}：{error}")
            }
            ZooKeeperEvent::IsrNotWritten { partition, version } => {
                format!("{partition}：缓存的版本 {version} 与 state 节点不符，ISR 未写入")
            }
            ZooKeeperEvent::IsrsNoted { partitions } => {
                format!("通知 controller：{partitions} 个分区的 ISR 有变化")
            }
            ZooKeeperEvent::ShutdownAsked { controller } => {
                format!("向 controller {controller} 请求受控停机")
            }
            ZooKeeperEvent::ShutdownUnfinished { remaining, left } => {
                format!("仍领导 {remaining} 个分区，还会再请求 {left} 次")
            }
        }
    }
}
