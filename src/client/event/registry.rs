//! What happens at a consumer of 0.8, as sentences in two languages.

use super::list;
use crate::types::{Language, TopicPartition, counted};
use std::sync::Arc;

/// One happening at a consumer that finds its share in ZooKeeper.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum RegistryEvent {
    /// Its session began, and its znode is made.
    Registered { group: Arc<str>, consumer: Arc<str> },
    /// Another session still has its znode.
    IdTaken { consumer: Arc<str> },
    /// The connection to ZooKeeper is gone; the session may live on.
    SessionLost,
    /// ZooKeeper said that the session ended some time ago.
    SessionExpired { partitions: Vec<TopicPartition> },
    /// A try of a rebalance begins.
    RebalanceBegun { group: Arc<str>, attempt: u32, of: u32 },
    /// No broker is registered: it will be told when one is.
    NoBrokers,
    /// A znode went while the group was read: the try is over.
    ReadFailed { path: Arc<str> },
    /// All members and partitions are read, and the share computed: threads in order, partitions in all, its own ones.
    ShareComputed { threads: Vec<Arc<str>>, partitions: usize, share: Vec<TopicPartition> },
    /// Somebody else's owner znode is in the way.
    OwnerConflict { partition: TopicPartition, owner: Arc<str> },
    /// It owns its share.
    Owned { partitions: Vec<TopicPartition> },
    /// Not all could be owned; it waits and tries again.
    RetryWaits { conflicts: u32, pause_ms: u64 },
    /// It has tried often enough.
    RebalanceFailed { consumer: Arc<str>, tries: u32 },
}

impl RegistryEvent {
    /// A short name that does not change.
    pub fn kind(&self) -> &'static str {
        match self {
            RegistryEvent::Registered { .. } => "Registered",
            RegistryEvent::IdTaken { .. } => "IdTaken",
            RegistryEvent::SessionLost => "SessionLost",
            RegistryEvent::SessionExpired { .. } => "ConsumerSessionExpired",
            RegistryEvent::RebalanceBegun { .. } => "RebalanceBegun",
            RegistryEvent::NoBrokers => "NoBrokers",
            RegistryEvent::ReadFailed { .. } => "ReadFailed",
            RegistryEvent::ShareComputed { .. } => "ShareComputed",
            RegistryEvent::OwnerConflict { .. } => "OwnerConflict",
            RegistryEvent::Owned { .. } => "Owned",
            RegistryEvent::RetryWaits { .. } => "RetryWaits",
            RegistryEvent::RebalanceFailed { .. } => "RebalanceFailed",
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
            RegistryEvent::Registered { group, consumer } => {
                format!("is registered in group {group} as {consumer}")
            }
            RegistryEvent::IdTaken { consumer } => {
                format!("finds {consumer} registered by an earlier session, and waits for its end")
            }
            RegistryEvent::SessionLost => {
                "loses the connection to ZooKeeper, and reads on".to_owned()
            }
            RegistryEvent::SessionExpired { partitions } => format!(
                "hears that its session has ended: {} may be another's since then",
                list(partitions)
            ),
            RegistryEvent::RebalanceBegun { group, attempt, of } => {
                format!("begins to rebalance group {group} for itself (try {attempt} of {of})")
            }
            RegistryEvent::NoBrokers => {
                "finds no broker, and watches /brokers/ids for one".to_owned()
            }
            RegistryEvent::ReadFailed { path } => {
                format!("finds that {path} has gone while it read the group")
            }
            RegistryEvent::ShareComputed { threads, partitions, share } => format!(
                "computes its share of {} for {}: {}",
                counted(partitions, "partition"),
                list(threads),
                list(share)
            ),
            RegistryEvent::OwnerConflict { partition, owner } => {
                format!("cannot own {partition}: {owner} still does")
            }
            RegistryEvent::Owned { partitions } if partitions.is_empty() => {
                "owns nothing: there are more threads than partitions".to_owned()
            }
            RegistryEvent::Owned { partitions } => format!("owns {}", list(partitions)),
            RegistryEvent::RetryWaits { conflicts: 0, pause_ms } => {
                format!("tries again in {pause_ms} ms")
            }
            RegistryEvent::RetryWaits { conflicts, pause_ms } => format!(
                "gives up what it took, since {} could not be had, and tries again in {pause_ms} ms",
                counted(conflicts, "partition")
            ),
            RegistryEvent::RebalanceFailed { consumer, tries } => format!(
                "gives up, and reads nothing: ConsumerRebalanceFailedException: {consumer} can't rebalance after {tries} retries"
            ),
        }
    }

    fn chinese(&self) -> String {
        match self {
            RegistryEvent::Registered { group, consumer } => {
                format!("以 {consumer} 之名登记在 group {group} 中")
            }
            RegistryEvent::IdTaken { consumer } => {
                format!("发现 {consumer} 已由先前的会话登记，等待其结束")
            }
            RegistryEvent::SessionLost => "失去与 ZooKeeper 的连接，但继续读取".to_owned(),
            RegistryEvent::SessionExpired { partitions } => {
                format!("得知自己的会话早已结束：{} 此后可能属于别人", list(partitions))
            }
            RegistryEvent::RebalanceBegun { group, attempt, of } => {
                format!("开始为自己重新平衡 group {group}（第 {attempt} 次，共 {of} 次）")
            }
            RegistryEvent::NoBrokers => "没有找到 broker，监视 /brokers/ids 等待".to_owned(),
            RegistryEvent::ReadFailed { path } => format!("读取消费组时发现 {path} 已消失"),
            RegistryEvent::ShareComputed { threads, partitions, share } => format!(
                "为 {} 计算 {partitions} 个分区中自己的份额：{}",
                list(threads),
                list(share)
            ),
            RegistryEvent::OwnerConflict { partition, owner } => {
                format!("无法拥有 {partition}：它仍属于 {owner}")
            }
            RegistryEvent::Owned { partitions } if partitions.is_empty() => {
                "什么也不拥有：线程比分区多".to_owned()
            }
            RegistryEvent::Owned { partitions } => format!("拥有 {}", list(partitions)),
            RegistryEvent::RetryWaits { conflicts: 0, pause_ms } => {
                format!("{pause_ms} 毫秒后重试")
            }
            RegistryEvent::RetryWaits { conflicts, pause_ms } => {
                format!("有 {conflicts} 个分区拿不到，放弃已拿到的，{pause_ms} 毫秒后重试")
            }
            RegistryEvent::RebalanceFailed { consumer, tries } => format!(
                "放弃，什么也不读：ConsumerRebalanceFailedException：{consumer} 重试 {tries} 次后仍无法重平衡"
            ),
        }
    }
}
