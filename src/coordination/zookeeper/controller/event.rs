//! What happens in the controller of the ZooKeeper era, for people: one sentence each, in both languages.

use crate::chinese;
use crate::types::{Language, NodeId, TopicName, TopicPartition, counted};
use std::sync::Arc;

/// Something that happened in the controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControllerEvent {
    /// A broker found `/controller` taken.
    Beaten {
        /// Which broker.
        broker: NodeId,
        /// Who has it; none: it is gone again.
        by: Option<NodeId>,
    },
    /// A broker created `/controller`.
    Elected {
        /// Which broker.
        broker: NodeId,
        /// The controller epoch that begins.
        epoch: i32,
    },
    /// The new controller has read what there is.
    Loaded {
        /// Which broker.
        broker: NodeId,
        /// Topics.
        topics: usize,
        /// Partitions.
        partitions: usize,
        /// Brokers that are alive.
        brokers: usize,
        /// How many requests to ZooKeeper that took.
        requests: usize,
    },
    /// A controller gives up its office.
    Resigned {
        /// Which broker.
        broker: NodeId,
        /// The epoch that ends.
        epoch: i32,
        /// Who is the controller now, as far as it knows.
        for_whom: Option<NodeId>,
    },
    /// ZooKeeper refused a write, since another controller took office (KAFKA-6082).
    WriteFenced {
        /// Whose write.
        broker: NodeId,
        /// The epoch that it believes in.
        epoch: i32,
        /// The first znode that it wanted to write.
        path: Arc<str>,
    },
    /// A state was written by a newer controller.
    StateNewer {
        /// Whose election stops.
        broker: NodeId,
        /// Of which partition.
        partition: TopicPartition,
        /// Its epoch.
        epoch: i32,
        /// The epoch in the znode.
        found: i32,
    },
    /// Brokers came.
    BrokersCame {
        /// Which.
        brokers: Vec<NodeId>,
    },
    /// Brokers are gone.
    BrokersGone {
        /// Which.
        brokers: Vec<NodeId>,
    },
    /// Brokers went and came back before the controller looked (KIP-380).
    BrokersBounced {
        /// Which.
        brokers: Vec<NodeId>,
    },
    /// No leader was found.
    NoLeader {
        /// For which partition.
        partition: TopicPartition,
        /// Why not.
        why: String,
    },
    /// A state changed under the controller's hands: it reads again.
    Retried {
        /// How many partitions.
        partitions: usize,
    },
    /// A topic's deletion must wait.
    DeletionHalted {
        /// The topic.
        topic: TopicName,
        /// For what.
        why: String,
    },
    /// A topic's deletion begins, or begins again.
    DeletionStarted {
        /// The topic.
        topic: TopicName,
    },
    /// A partition is on its way to other replicas.
    ReassignmentStarted {
        /// The partition.
        partition: TopicPartition,
        /// Replicas that are added.
        adding: Vec<NodeId>,
        /// Replicas that go in the end.
        removing: Vec<NodeId>,
    },
    /// A partition has its new replicas.
    ReassignmentDone {
        /// The partition.
        partition: TopicPartition,
        /// They.
        replicas: Vec<NodeId>,
    },
    /// A broker refused an order.
    OrderRefused {
        /// Which broker.
        broker: NodeId,
        /// What order.
        order: &'static str,
        /// With which error.
        error: crate::protocol::ErrorCode,
    },
    /// Every broker for itself: another broker's znode was there first.
    RaceLost {
        /// Who lost.
        broker: NodeId,
        /// Which partition.
        partition: TopicPartition,
        /// Who leads it.
        by: NodeId,
    },
    /// Every broker for itself: nobody leads, and this replica may not, since it is not in sync.
    RaceAwaited {
        /// Who waits.
        broker: NodeId,
        /// Which partition.
        partition: TopicPartition,
    },
    /// Something that Kafka would only write to its log.
    Trouble {
        /// In which event of the queue.
        during: &'static str,
        /// What.
        what: String,
    },
}

fn list(nodes: &[NodeId]) -> String {
    let names: Vec<String> = nodes.iter().map(NodeId::to_string).collect();
    format!("[{}]", names.join(","))
}

fn brokers(nodes: &[NodeId]) -> String {
    let names: Vec<String> = nodes.iter().map(NodeId::to_string).collect();
    format!("broker{} {}", if names.len() == 1 { "" } else { "s" }, names.join(", "))
}

impl ControllerEvent {
    /// What kind of happening it is: a stable word.
    pub fn kind(&self) -> &'static str {
        match self {
            ControllerEvent::Beaten { .. } => "ControllerElectionLost",
            ControllerEvent::Elected { .. } => "ControllerElected",
            ControllerEvent::Loaded { .. } => "ControllerLoaded",
            ControllerEvent::Resigned { .. } => "ControllerResigned",
            ControllerEvent::WriteFenced { .. } => "ZooKeeperWriteFenced",
            ControllerEvent::StateNewer { .. } => "StateNewer",
            ControllerEvent::BrokersCame { .. } => "BrokersCame",
            ControllerEvent::BrokersGone { .. } => "BrokersGone",
            ControllerEvent::BrokersBounced { .. } => "BrokersBounced",
            ControllerEvent::NoLeader { .. } => "NoLeaderFound",
            ControllerEvent::Retried { .. } => "StateWriteRetried",
            ControllerEvent::DeletionHalted { .. } => "DeletionHalted",
            ControllerEvent::DeletionStarted { .. } => "DeletionStarted",
            ControllerEvent::ReassignmentStarted { .. } => "ReassignmentStarted",
            ControllerEvent::ReassignmentDone { .. } => "ReassignmentDone",
            ControllerEvent::OrderRefused { .. } => "OrderRefused",
            ControllerEvent::RaceLost { .. } => "RaceLost",
            ControllerEvent::RaceAwaited { .. } => "RaceAwaited",
            ControllerEvent::Trouble { .. } => "ControllerTrouble",
        }
    }

    /// The partition that it is about.
    pub fn partition(&self) -> Option<&TopicPartition> {
        match self {
            ControllerEvent::StateNewer { partition, .. }
            | ControllerEvent::NoLeader { partition, .. }
            | ControllerEvent::RaceLost { partition, .. }
            | ControllerEvent::RaceAwaited { partition, .. }
            | ControllerEvent::ReassignmentStarted { partition, .. }
            | ControllerEvent::ReassignmentDone { partition, .. } => Some(partition),
            _ => None,
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
            ControllerEvent::Beaten { broker, by: Some(by) } => {
                format!("broker {broker} finds /controller taken by broker {by} and watches it")
            }
            ControllerEvent::Beaten { broker, by: None } => {
                format!("broker {broker} did not get /controller, and nobody has it now")
            }
            ControllerEvent::Elected { broker, epoch } => {
                format!("broker {broker} created /controller: it is controller in epoch {epoch}")
            }
            ControllerEvent::Loaded { broker, topics, partitions, brokers, requests } => format!(
                "controller {broker} has read {}, {} and {} in {} to ZooKeeper",
                counted(brokers, "broker"),
                counted(topics, "topic"),
                counted(partitions, "partition"),
                counted(requests, "request")
            ),
            ControllerEvent::Resigned { broker, epoch, for_whom } => {
                let now = for_whom.map_or_else(
                    || "nobody is controller, as far as it knows".to_owned(),
                    |id| format!("broker {id} is controller now"),
                );
                format!("broker {broker} resigns as controller of epoch {epoch}: {now}")
            }
            ControllerEvent::WriteFenced { broker, epoch, path } => format!(
                "ZooKeeper refuses what broker {broker} writes to {path}: its controller epoch \
                 {epoch} is over"
            ),
            ControllerEvent::StateNewer { broker, partition, epoch, found } => format!(
                "{partition}: controller {broker} of epoch {epoch} stops: epoch {found} wrote its \
                 state already"
            ),
            ControllerEvent::BrokersCame { brokers: who } => {
                format!("the controller finds {} new under /brokers/ids", brokers(who))
            }
            ControllerEvent::BrokersGone { brokers: who } => {
                format!("the controller finds {} gone from /brokers/ids", brokers(who))
            }
            ControllerEvent::BrokersBounced { brokers: who } => format!(
                "the controller finds {} with a younger znode: gone and back meanwhile",
                brokers(who)
            ),
            ControllerEvent::NoLeader { partition, why } => {
                format!("{partition}: no leader can be elected: {why}")
            }
            ControllerEvent::Retried { partitions } => format!(
                "the state of {} changed meanwhile: the controller reads again",
                counted(partitions, "partition")
            ),
            ControllerEvent::DeletionHalted { topic, why } => {
                format!("the deletion of topic {topic} has to wait: {why}")
            }
            ControllerEvent::DeletionStarted { topic } => {
                format!("the deletion of topic {topic} begins")
            }
            ControllerEvent::ReassignmentStarted { partition, adding, removing } => format!(
                "{partition} is reassigned: adding {}, removing {}",
                list(adding),
                list(removing)
            ),
            ControllerEvent::ReassignmentDone { partition, replicas } => {
                format!("{partition} is reassigned: its replicas are {} now", list(replicas))
            }
            ControllerEvent::OrderRefused { broker, order, error } => {
                format!("broker {broker} refuses {order} with {error}")
            }
            ControllerEvent::RaceLost { broker, partition, by } => {
                format!("{partition}: broker {broker} comes too late: {by} leads, and is watched")
            }
            ControllerEvent::RaceAwaited { broker, partition } => {
                format!("{partition}: nobody leads, and broker {broker} may not: it is not in sync")
            }
            ControllerEvent::Trouble { during, what } => {
                format!("the controller gives up on {during}: {what}")
            }
        }
    }

    fn chinese(&self) -> String {
        match self {
            ControllerEvent::Beaten { broker, by: Some(by) } => {
                format!("broker {broker} 发现 /controller 已被 broker {by} 占有，于是监视它")
            }
            ControllerEvent::Beaten { broker, by: None } => {
                format!("broker {broker} 没有抢到 /controller，目前也无人占有")
            }
            ControllerEvent::Elected { broker, epoch } => {
                format!("broker {broker} 创建了 /controller，成为 epoch {epoch} 的 controller")
            }
            ControllerEvent::Loaded { broker, topics, partitions, brokers, requests } => format!(
                "controller {broker} 用 {requests} 次 ZooKeeper 请求读取了 {brokers} 个 broker、\
                 {topics} 个 topic、{partitions} 个分区"
            ),
            ControllerEvent::Resigned { broker, epoch, for_whom } => {
                let now = for_whom.map_or_else(
                    || "据它所知目前没有 controller".to_owned(),
                    |id| format!("现在 broker {id} 是 controller"),
                );
                format!("broker {broker} 卸任 epoch {epoch} 的 controller：{now}")
            }
            ControllerEvent::WriteFenced { broker, epoch, path } => format!(
                "ZooKeeper 拒绝 broker {broker} 写 {path}：它的 controller epoch {epoch} 已经过期"
            ),
            ControllerEvent::StateNewer { broker, partition, epoch, found } => format!(
                "{partition}：epoch {epoch} 的 controller {broker} 停手，状态已由 epoch {found} 写过"
            ),
            ControllerEvent::BrokersCame { brokers } => {
                format!("controller 发现 /brokers/ids 下新增 broker {}", list(brokers))
            }
            ControllerEvent::BrokersGone { brokers } => {
                format!("controller 发现 broker {} 已从 /brokers/ids 消失", list(brokers))
            }
            ControllerEvent::BrokersBounced { brokers } => {
                format!("controller 发现 broker {} 的 znode 更新了：其间离开又回来", list(brokers))
            }
            ControllerEvent::NoLeader { partition, why } => {
                format!("{partition}：无法选出 leader：{why}", why = chinese::of(why))
            }
            ControllerEvent::Retried { partitions } => {
                format!("{partitions} 个分区的状态其间被改写，controller 重新读取")
            }
            ControllerEvent::DeletionHalted { topic, why } => {
                format!("topic {topic} 的删除需要等待：{why}", why = chinese::of(why))
            }
            ControllerEvent::DeletionStarted { topic } => format!("开始删除 topic {topic}"),
            ControllerEvent::ReassignmentStarted { partition, adding, removing } => {
                format!("{partition} 重新分配副本：加入 {}，移除 {}", list(adding), list(removing))
            }
            ControllerEvent::ReassignmentDone { partition, replicas } => {
                format!("{partition} 重新分配完成，副本为 {}", list(replicas))
            }
            ControllerEvent::OrderRefused { broker, order, error } => {
                format!("broker {broker} 拒绝 {order}，错误 {error}")
            }
            ControllerEvent::RaceLost { broker, partition, by } => {
                format!("{partition}：broker {broker} 来迟一步，由 {by} 领导，于是监视它")
            }
            ControllerEvent::RaceAwaited { broker, partition } => {
                format!("{partition}：无人领导，而 broker {broker} 不同步，不能担任 leader")
            }
            ControllerEvent::Trouble { during, what } => {
                format!("controller 放弃处理 {during}：{what}", what = chinese::of(what))
            }
        }
    }
}
