//! From a command to the acts that it is made of, and what is to be said when they are answered.

use super::broker_acts::broker_acts;
use super::command::*;
use super::evaluate::broker_of;
use super::session::Session;
use crate::client::{ProducerRecord, SeekTo, Workload};
use crate::cluster::{Act, Cluster, Happening, Lab, NewConsumer, Pending};
use crate::protocol::{
    AlterPartitionReassignmentsRequest, DeleteRecordsRequest, ElectLeadersRequest, FETCH_VERSION,
    FetchPartition, FetchRequest, Request,
};
use crate::types::{
    BrokerEpoch, LeaderEpoch, NodeId, Offset, Timestamp, TopicName, TopicPartition, counted,
};

/// The most records that one `produce` sends through a producer; `fill` writes more.
pub const MOST_PRODUCED: u64 = 100_000;
/// The longest value that one record may have.
pub const MOST_VALUE_BYTES: u64 = 16 << 20;

/// A command that acts: acts one after the other, the last one's answer is the command's.
#[derive(Clone, Debug, PartialEq)]
pub struct Acts {
    /// The acts.
    pub acts: Vec<Act>,
    /// What the answer is about.
    pub about: About,
}

/// What an answer is about.
#[derive(Clone, Debug, PartialEq)]
pub enum About {
    /// Nothing but these words.
    Words(String),
    /// A topic that was to be created.
    Created(TopicName),
    /// Records that were sent.
    Produced,
    /// A request of an administrator: these words if it was accepted.
    Admin(String),
    /// One fetch.
    Fetched,
    /// A consumer's act.
    Consumer {
        /// Its name.
        name: String,
        /// These words if there is nothing better to say.
        words: String,
    },
    /// A lookup.
    Lookup,
    /// A pass of the cleaner.
    Compacted {
        /// Of which log.
        partition: TopicPartition,
        /// Whether its steps are told.
        steps: bool,
    },
    /// A retention check.
    RetentionChecked,
    /// A new segment.
    Rolled(TopicPartition),
    /// A process that was to start.
    Started(NodeId),
}

pub(super) fn nodes(ids: &[u32]) -> Vec<NodeId> {
    ids.iter().map(|id| NodeId(*id)).collect()
}

pub(super) fn one(act: Act, words: impl Into<String>) -> Result<Acts, String> {
    Ok(Acts { acts: vec![act], about: About::Words(words.into()) })
}

pub(super) fn started(id: NodeId) -> Result<Acts, String> {
    Ok(Acts { acts: vec![Act::Start(id)], about: About::Started(id) })
}

/// The node that a word names.
pub(super) fn node_of(word: &NodeWord, lab: Option<&Lab>) -> Result<NodeId, String> {
    match (word, lab) {
        (NodeWord::Id(id), _) => Ok(NodeId(*id)),
        (NodeWord::Client(name), Some(lab)) => {
            let known = lab.cluster().names.get(name);
            known.copied().ok_or_else(|| super::session::no_client(lab, name))
        }
        (NodeWord::Client(name), None) => Err(format!("there is no client '{name}'")),
    }
}

fn pair_of(a: &NodeWord, b: &NodeWord, lab: Option<&Lab>) -> Result<(NodeId, NodeId), String> {
    Ok((node_of(a, lab)?, node_of(b, lab)?))
}

/// The acts of a command; none for commands that look, wait or walk.
pub fn acts_of(command: &Command, session: &Session) -> Option<Result<Acts, String>> {
    let lab = session.lab.as_ref();
    Some(match command {
        Command::Topic { topic, act } => Ok(super::topic_acts::topic_acts(topic, act, lab)),
        Command::Produce(produce) => produce_acts(produce, session),
        Command::Producer { name, act } => match act {
            ProducerAct::Start { configs } => {
                let act = Act::ProducerStart { name: name.clone(), configs: configs.clone() };
                one(act, format!("started producer {name}"))
            }
            ProducerAct::Stop => {
                one(Act::ProducerStop(name.clone()), format!("closed producer {name}"))
            }
            _ => client(lab, name, "producer").and_then(|()| {
                one(Act::ClientKill(name.clone()), format!("killed producer {name}"))
            }),
        },
        Command::Consumer { name, act } => consumer_acts(lab, name, act),
        Command::Broker { broker, act } => {
            broker_of(broker, lab).and_then(|id| broker_acts(id, *act))
        }
        Command::BrokerAdd { id, rack } => {
            let id = NodeId(*id);
            let act = Act::AddBroker { id, rack: rack.clone() };
            Ok(Acts { acts: vec![act], about: About::Started(id) })
        }
        Command::PartitionReassign { partition, replicas } => Ok(admin(
            Request::AlterPartitionReassignments(AlterPartitionReassignmentsRequest {
                partitions: vec![(partition.clone(), replicas.as_deref().map(nodes))],
            }),
            match replicas {
                Some(_) => format!("began to reassign {partition}"),
                None => format!("took the reassignment of {partition} back"),
            },
        )),
        Command::Controller(act) => controller_acts(act, lab),
        Command::ZookeeperExpire(node) => node_of(node, lab).and_then(|id| {
            let whose = if id.is_broker() { format!("broker {id}") } else { node.to_string() };
            one(Act::ExpireSession(id), format!("ended the session of {whose}"))
        }),
        Command::ZookeeperProcess(act) => zookeeper_acts(*act),
        Command::NetworkCut(a, b) => pair_of(a, b, lab)
            .and_then(|(x, y)| one(Act::Cut(x, y), format!("cut the link between {a} and {b}"))),
        Command::NetworkHeal(None) => one(Act::Heal(None), "healed all links"),
        Command::NetworkHeal(Some((a, b))) => pair_of(a, b, lab).and_then(|pair| {
            one(Act::Heal(Some(pair)), format!("healed the link between {a} and {b}"))
        }),
        Command::Fetcher { broker, act } => broker_of(broker, lab).and_then(|id| match act {
            FetcherAct::Pause => one(Act::FetcherPause(id), format!("broker {id} fetches no more")),
            FetcherAct::Resume => one(Act::FetcherResume(id), format!("broker {id} fetches again")),
            FetcherAct::Slow(by) => {
                one(Act::FetcherSlow(id, *by), format!("broker {id} waits {by} before each fetch"))
            }
        }),
        Command::Message { act, target: MessageTarget::Id(id) } => {
            message_act(*act, *id, &named(*id, session))
        }
        Command::TimerFire(id) => one(Act::Deliver(*id), format!("fired {id}")),
        Command::ElectLeader { partition, unclean } => Ok(admin(
            Request::ElectLeaders(ElectLeadersRequest {
                unclean: *unclean,
                partitions: Some(vec![partition.clone()]),
            }),
            format!("elected a leader of {partition}"),
        )),
        Command::Lookup { partition, target, broker, without_index } => {
            let (partition, broker) = (partition.clone(), broker.map(NodeId));
            let act = match target {
                LookupTarget::Offset(offset) => Act::Lookup {
                    partition,
                    broker,
                    offset: Offset(*offset),
                    without_index: *without_index,
                },
                LookupTarget::Timestamp(timestamp) => {
                    Act::LookupTimestamp { partition, broker, timestamp: Timestamp(*timestamp) }
                }
            };
            Ok(Acts { acts: vec![act], about: About::Lookup })
        }
        Command::LogFlush(partition) => {
            one(Act::Flush(partition.clone()), format!("flushed {partition}"))
        }
        Command::RecordsDelete { partition, before } => Ok(admin(
            Request::DeleteRecords(DeleteRecordsRequest {
                partitions: vec![(partition.clone(), Offset(*before))],
            }),
            match before {
                -1 => format!("deleted the records of {partition} before the high watermark"),
                _ => format!("deleted the records of {partition} before offset {before}"),
            },
        )),
        Command::RetentionRun => {
            Ok(Acts { acts: vec![Act::RetentionRun], about: About::RetentionChecked })
        }
        Command::Compact { partition, steps } => Ok(Acts {
            acts: vec![Act::Compact(partition.clone())],
            about: About::Compacted { partition: partition.clone(), steps: *steps },
        }),
        Command::Disk(act) => super::disk_acts::disk_acts(act, lab),
        Command::Fill { topic, partition, count, size, over } => {
            let partition = TopicPartition::new(&TopicName::new(topic), *partition);
            let words = format!("filled {partition} with {}", counted(count, "record"));
            let (count, over) = (*count, over.unwrap_or_default());
            usize::try_from(*size).map_err(|_| "size= is too large".to_string()).and_then(|size| {
                one(Act::Fill { partition, count, size, over, timestamp: None }, words)
            })
        }
        Command::StartLog { partition, at } => {
            let act = Act::StartLog { partition: partition.clone(), at: Offset(*at) };
            one(act, format!("{partition} begins at offset {at}"))
        }
        Command::Roll { partition, .. } => Ok(Acts {
            acts: vec![Act::Roll(partition.clone())],
            about: About::Rolled(partition.clone()),
        }),
        Command::Fetch { partition, offset, max_bytes, version, client_rack: None } => {
            let max_bytes =
                max_bytes.map_or(1 << 20, |bytes| u32::try_from(bytes).unwrap_or(u32::MAX));
            Ok(Acts {
                acts: vec![Act::Admin(Request::Fetch(FetchRequest {
                    replica: None,
                    replica_epoch: BrokerEpoch(-1),
                    version: version.map_or(FETCH_VERSION, |version| {
                        i16::try_from(version).unwrap_or(i16::MAX)
                    }),
                    max_wait_ms: 0,
                    min_bytes: 0,
                    max_bytes: max_bytes.max(1),
                    read_committed: false,
                    partitions: vec![FetchPartition {
                        partition: partition.clone(),
                        current_leader_epoch: LeaderEpoch::NONE,
                        fetch_offset: Offset(*offset),
                        last_fetched_epoch: LeaderEpoch::NONE,
                        log_start_offset: Offset::NONE,
                        max_bytes,
                    }],
                }))],
                about: About::Fetched,
            })
        }
        _ => return None,
    })
}

pub(super) fn admin(request: Request, words: impl Into<String>) -> Acts {
    Acts { acts: vec![Act::Admin(request)], about: About::Admin(words.into()) }
}

fn produce_acts(produce: &ProduceCommand, session: &Session) -> Result<Acts, String> {
    let by_hand = produce.producer.as_ref().is_some_and(|name| session.started_by_hand(name));
    if by_hand && !produce.configs.is_empty() {
        let (name, setting) = (produce.producer.as_deref().unwrap_or(""), &produce.configs[0].0);
        return Err(format!(
            "producer {name} was started with its own settings: leave {setting}= off here"
        ));
    }
    let known =
        |name: &str| session.lab.as_ref().is_some_and(|lab| lab.cluster().client(name).is_some());
    let mut fresh = vec![("retries".to_string(), "0".to_string())];
    fresh.extend(produce.configs.iter().filter(|(name, _)| name != "enable.idempotence").cloned());
    if let Some(every) = produce.every {
        let producer = produce.producer.clone().unwrap_or_else(|| "producer".into());
        let count = (produce.count != u64::MAX).then_some(produce.count);
        let template = record(produce, 0)?;
        let words = format!("{producer} writes to {} every {every}", produce.topic);
        let workload = Workload { template, every, count };
        return one(Act::Workload { producer, configs: produce.configs.clone(), workload }, words);
    }
    if produce.count > MOST_PRODUCED {
        return Err(format!(
            "count={} is more than {MOST_PRODUCED}: 'fill' writes more in one step",
            produce.count
        ));
    }
    let records =
        (0..produce.count).map(|n| record(produce, n)).collect::<Result<Vec<_>, String>>()?;
    let mut acts = Vec::new();
    if let Some(name) = &produce.producer
        && !by_hand
        && (!known(name) || !produce.configs.is_empty())
    {
        acts.push(Act::ProducerStart { name: name.clone(), configs: fresh.clone() });
    }
    acts.push(Act::Produce { producer: produce.producer.clone(), configs: fresh, records });
    Ok(Acts { acts, about: About::Produced })
}

fn record(produce: &ProduceCommand, number: u64) -> Result<ProducerRecord, String> {
    let value = match produce.size {
        Some(size) if size > MOST_VALUE_BYTES => {
            return Err(format!("size={size} is more than {MOST_VALUE_BYTES} bytes"));
        }
        Some(size) => Some(vec![b'x'; size as usize]),
        None => produce.value.clone().map(String::into_bytes),
    };
    let step = i64::try_from(number).unwrap_or(0).saturating_mul(produce.timestamp_step);
    let timestamp = produce.timestamp.map(|first| first.saturating_add(step));
    // Class `ProducerRecord` refuses it before anything is sent.
    if let Some(negative) = timestamp.filter(|timestamp| *timestamp < 0) {
        return Err(format!(
            "invalid timestamp {negative}: a producer's record has one of 0 or later, or none"
        ));
    }
    let headers = produce.headers.iter();
    Ok(ProducerRecord {
        topic: TopicName::new(&produce.topic),
        partition: produce.partition,
        key: produce.key.clone().map(String::into_bytes),
        value,
        headers: headers.map(|(k, v)| (k.clone(), Some(v.clone().into_bytes()))).collect(),
        timestamp: timestamp.map(Timestamp),
    })
}

/// Whether a client exists; refused with a sentence before anything happens.
fn client(lab: Option<&Lab>, name: &str, kind: &str) -> Result<(), String> {
    match lab {
        Some(lab) if lab.cluster().client(name).is_some() => Ok(()),
        Some(lab) => Err(super::session::no_client(lab, name)),
        None => Err(format!("there is no client '{name}': '{kind} start {name}' makes it")),
    }
}

fn consumer_acts(lab: Option<&Lab>, name: &str, act: &ConsumerAct) -> Result<Acts, String> {
    let owned = name.to_string();
    let about = |words: String| About::Consumer { name: name.to_string(), words };
    let acts = |act: Act, words: String| Ok(Acts { acts: vec![act], about: about(words) });
    match act {
        ConsumerAct::Start { group, topics, assign, paused, configs } => {
            let words = match group {
                Some(group) if !topics.is_empty() => {
                    format!("started consumer {name} in group {group}, topics {}", topics.join(","))
                }
                _ => {
                    let all: Vec<String> =
                        assign.iter().map(|partition| partition.to_string()).collect();
                    format!("started consumer {name} with {}", all.join(","))
                }
            };
            let new = NewConsumer {
                name: owned,
                group: group.clone(),
                topics: topics.iter().map(|topic| TopicName::new(topic)).collect(),
                assign: assign.clone(),
                paused: *paused,
                configs: configs.clone(),
            };
            one(Act::ConsumerStart(new), words)
        }
        ConsumerAct::Stop => acts(Act::ConsumerStop(owned), format!("closed consumer {name}")),
        ConsumerAct::Kill => {
            client(lab, name, "consumer")?;
            one(Act::ClientKill(owned), format!("killed consumer {name}"))
        }
        ConsumerAct::Pause => {
            one(Act::ConsumerPause(owned), format!("consumer {name} polls no more"))
        }
        ConsumerAct::Resume => {
            one(Act::ConsumerResume(owned), format!("consumer {name} polls again"))
        }
        ConsumerAct::Poll { max } => {
            acts(Act::ConsumerPoll { name: owned, max: *max }, format!("{name} polled nothing"))
        }
        ConsumerAct::Commit { offset } => {
            let offset = offset.clone().map(|(partition, offset)| (partition, Offset(offset)));
            acts(Act::ConsumerCommit { name: owned, offset }, format!("{name} committed"))
        }
        ConsumerAct::Seek { partition, target } => {
            let to = match target {
                LookupTarget::Offset(offset) => SeekTo::Offset(Offset(*offset)),
                LookupTarget::Timestamp(timestamp) => SeekTo::Timestamp(Timestamp(*timestamp)),
            };
            let act = Act::ConsumerSeek { name: owned, partition: partition.clone(), to };
            acts(act, format!("{name} moved"))
        }
    }
}

fn zookeeper_acts(act: BrokerAct) -> Result<Acts, String> {
    let id = NodeId::ZOOKEEPER;
    match act {
        BrokerAct::Start => started(id),
        BrokerAct::Pause => one(Act::Pause(id), "froze ZooKeeper"),
        BrokerAct::Resume => one(Act::Resume(id), "ZooKeeper goes on"),
        _ => one(Act::Kill(id), "killed ZooKeeper"),
    }
}

fn controller_acts(act: &ControllerAct, lab: Option<&Lab>) -> Result<Acts, String> {
    use crate::cluster::NodeState::{Dead, Paused, Stopped};
    let Some(lab) = lab else { return Err("there is no cluster yet".into()) };
    let cluster = lab.cluster();
    // In the ZooKeeper era a controller is a broker; of several that are down, the one that went last is meant.
    let in_brokers = cluster.zookeeper().is_some();
    let by_state = |wanted: &[crate::cluster::NodeState]| {
        let controllers =
            cluster.controllers.iter().filter(|(_, node)| wanted.contains(&node.state));
        let brokers = cluster.brokers.iter().filter(|(_, node)| wanted.contains(&node.state));
        let last = brokers.max_by_key(|(_, node)| node.since).filter(|_| in_brokers);
        controllers.map(|(&id, _)| id).next().or(last.map(|(&id, _)| id))
    };
    let is_one = |id: NodeId| {
        cluster.controllers.contains_key(&id) || (in_brokers && cluster.brokers.contains_key(&id))
    };
    let named = |node: &Option<u32>| match node.map(NodeId) {
        Some(id) if is_one(id) => Ok(Some(id)),
        Some(id) => {
            let known: Vec<String> = cluster.controllers.keys().map(NodeId::to_string).collect();
            Err(format!("there is no controller {id}; there are {}", known.join(", ")))
        }
        None => Ok(None),
    };
    let active = |node: &Option<u32>| -> Result<NodeId, String> {
        let id = named(node)?.or_else(|| cluster.active_controller());
        id.ok_or_else(|| "no controller is active: name one".to_owned())
    };
    match act {
        ControllerAct::Kill(node) => {
            let id = active(node)?;
            one(Act::Kill(id), format!("killed {}", cluster.name(id)))
        }
        ControllerAct::Stop(node) => {
            let id = active(node)?;
            one(Act::Stop(id), format!("{} stopped", cluster.name(id)))
        }
        ControllerAct::PowerOff(node) => {
            let id = active(node)?;
            one(Act::PowerOff(id), format!("{} lost its power", cluster.name(id)))
        }
        ControllerAct::Pause(node) => {
            let id = active(node)?;
            one(Act::Pause(id), format!("{} is frozen", cluster.name(id)))
        }
        ControllerAct::Resume(node) => match named(node)?.or_else(|| by_state(&[Paused])) {
            Some(id) => one(Act::Resume(id), format!("{} goes on", cluster.name(id))),
            None => Err("no controller is frozen".into()),
        },
        ControllerAct::Start(node) => match named(node)?.or_else(|| by_state(&[Dead, Stopped])) {
            Some(id) => started(id),
            None => Err("every controller runs".into()),
        },
        ControllerAct::Move(broker) => {
            let id = broker_of(broker, Some(lab))?;
            one(Act::MoveController(id), format!("broker {id} is the controller"))
        }
    }
}

/// A message as people name it: its number, its kind, from whom to whom.
fn named(id: u64, session: &Session) -> String {
    let Some(cluster) = session.lab.as_ref().map(Lab::cluster) else { return id.to_string() };
    let found = cluster.network.pending().find(|pending| pending.id == id);
    found.map_or_else(|| id.to_string(), |pending| name_of(&pending, cluster))
}

/// The same for one that was found.
pub fn name_of(pending: &Pending, cluster: &Cluster) -> String {
    match &pending.happening {
        Happening::Deliver { from, to, message } => {
            let (from, to) = (cluster.name(*from), cluster.name(*to));
            format!("{} {} from {from} to {to}", message.kind(), pending.id)
        }
        Happening::Timer { node, timer } => {
            format!("timer {} of {} ({timer})", pending.id, cluster.name(*node))
        }
        _ => pending.id.to_string(),
    }
}

/// What is done to one message; `what` names it.
pub fn message_act(act: MessageAct, id: u64, what: &str) -> Result<Acts, String> {
    match act {
        MessageAct::Deliver => one(Act::Deliver(id), format!("delivered {what}")),
        MessageAct::Drop => one(Act::Drop(id), format!("lost {what}")),
        MessageAct::Corrupt => one(Act::Corrupt(id), format!("flipped a bit of {what}")),
        MessageAct::Hold => {
            one(Act::Hold(id), format!("holding {what}: 'message deliver {id}' lets it go"))
        }
        MessageAct::Release => one(Act::Release(id), format!("released {what}")),
        MessageAct::Delay(by) => one(Act::Delay(id, by), format!("{what} arrives {by} later")),
    }
}
