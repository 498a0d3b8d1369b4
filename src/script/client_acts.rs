//! What `produce …` and `consumer …` do: records to be sent, clients that begin, poll, commit, seek and end.

use super::acts::{About, Acts, MOST_PRODUCED, MOST_VALUE_BYTES, one};
use super::command::*;
use super::session::Session;
use crate::client::{ProducerRecord, SeekTo, Workload};
use crate::cluster::{Act, Lab, NewConsumer};
use crate::types::{Offset, Timestamp, TopicName};

pub(super) fn produce_acts(produce: &ProduceCommand, session: &Session) -> Result<Acts, String> {
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
pub(super) fn client(lab: Option<&Lab>, name: &str, kind: &str) -> Result<(), String> {
    match lab {
        Some(lab) if lab.cluster().client(name).is_some() => Ok(()),
        Some(lab) => Err(super::session::no_client(lab, name)),
        None => Err(format!("there is no client '{name}': '{kind} start {name}' makes it")),
    }
}

pub(super) fn consumer_acts(
    lab: Option<&Lab>,
    name: &str,
    act: &ConsumerAct,
) -> Result<Acts, String> {
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
