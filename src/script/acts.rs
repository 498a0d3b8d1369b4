//! From a command to the acts that it is made of, and what is to be said when they are answered.

use super::broker_acts::{broker_acts, controller_acts, node_of, pair_of, zookeeper_acts};
use super::client_acts::{client, consumer_acts, produce_acts};
use super::command::*;
use super::evaluate::broker_of;
use super::session::Session;
use crate::cluster::{Act, Cluster, Happening, Lab, Pending};
use crate::era::is_before;
use crate::protocol::{
    DeleteRecordsRequest, ElectLeadersRequest, FETCH_VERSION, FetchPartition, FetchRequest, Request,
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
    /// A topic that was to be deleted.
    Deleted(TopicName),
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
        Command::BrokerConfig { broker, configs } => {
            super::broker_acts::broker_config(broker.map(NodeId), configs, lab)
        }
        Command::Broker { broker, act } => {
            broker_of(broker, lab).and_then(|id| broker_acts(id, *act, lab))
        }
        Command::BrokerAdd { id, rack } => {
            let id = NodeId(*id);
            let act = Act::AddBroker { id, rack: rack.clone() };
            Ok(Acts { acts: vec![act], about: About::Started(id) })
        }
        Command::Partition(PartitionCommand::Reassign { partition, replicas, throttle }) => {
            super::reassign::reassign(partition, replicas.as_deref(), *throttle, lab)
        }
        Command::Partition(PartitionCommand::Verify(partition)) => {
            return super::reassign::verify(partition, lab).map(Ok);
        }
        Command::Controller(act) => controller_acts(act, lab),
        Command::ZookeeperExpire(node) => node_of(node, lab).and_then(|id| {
            let whose = if id.is_broker() { format!("broker {id}") } else { node.to_string() };
            one(Act::ExpireSession(id), format!("ended the session of {whose}"))
        }),
        Command::ZookeeperProcess(act) => zookeeper_acts(*act),
        Command::NetworkCut(a, b) => pair_of(a, b, lab)
            .and_then(|(x, y)| one(Act::Cut(x, y), format!("cut the link between {a} and {b}"))),
        Command::NetworkSplit(side) => super::broker_acts::split(&nodes(side), lab),
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
            elected(partition, *unclean, lab),
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

/// What an answer without an error means: until 2.1 only that the wish is written down, in
/// `/admin/preferred_replica_election`; whoever asked does not wait for what becomes of it.
fn elected(partition: &TopicPartition, unclean: bool, lab: Option<&Lab>) -> String {
    let done = format!("elected a leader of {partition}");
    let Some(cluster) = lab.map(Lab::cluster).filter(|cluster| cluster.zookeeper().is_some())
    else {
        return done;
    };
    let era = cluster.config.log.era;
    if unclean || !is_before(era.kafka, "2.2") {
        return done;
    }
    let known = cluster.active_image().and_then(|image| image.partition(partition));
    let Some((preferred, leader)) = known.map(|known| (known.preferred_leader(), known.leader))
    else {
        return format!("asked for the preferred leader of {partition}");
    };
    match (leader, preferred) {
        (Some(leader), Some(preferred)) if leader == preferred => {
            let then = match era.controller.elects_again {
                true => "the controller gives it a new epoch all the same",
                false => "nothing changes",
            };
            format!(
                "broker {leader} is the preferred leader of {partition} and leads it already: {then}"
            )
        }
        (_, Some(preferred)) => format!(
            "asked for broker {preferred} as the leader of {partition}; this version does not wait for the outcome"
        ),
        _ => format!("asked for the preferred leader of {partition}"),
    }
}

pub(super) fn admin(request: Request, words: impl Into<String>) -> Acts {
    Acts { acts: vec![Act::Admin(request)], about: About::Admin(words.into()) }
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
