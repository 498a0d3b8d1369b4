//! Who gets which partition: the assignors of the classic consumer, one named step after the other.
//!
//! ```text
//!   range, each topic for itself, 7 partitions, 3 members:     C0: 0 1 2   C1: 3 4   C2: 5 6
//!   round robin, all partitions in one line, dealt in turn:    C0: 0 3 6   C1: 1 4   C2: 2 5
//! ```
//!
//! Always: members are taken in the order static ones first (by instance id), then the others by member id
//! (`AbstractPartitionAssignor.MemberInfo`); the outcome depends on names alone. Kafka's classes: `RangeAssignor`,
//! `RoundRobinAssignor`. Left out: racks (KIP-881).

use crate::types::{Language, TopicName, TopicPartition, counted};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

/// A member as an assignor sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct AssignorMember {
    /// Its id.
    pub id: Arc<str>,
    /// Of a static member.
    pub instance_id: Option<Arc<str>>,
    /// What it subscribes to.
    pub topics: BTreeSet<TopicName>,
}

/// Everybody's share.
pub type Shares = BTreeMap<Arc<str>, Vec<TopicPartition>>;

/// One step of an assignment.
#[derive(Clone, Debug, PartialEq)]
pub enum AssignStep {
    /// The members are put in order.
    MembersOrdered {
        /// Their ids in order.
        members: Vec<Arc<str>>,
    },
    /// Range: a topic's turn; each of its subscribers gets `each`, the first `extra` of them one more.
    TopicDivided {
        /// The topic.
        topic: TopicName,
        /// How many partitions it has.
        partitions: u32,
        /// How many subscribe to it.
        members: u32,
        /// What everybody gets.
        each: u32,
        /// How many get one more.
        extra: u32,
    },
    /// Range: a run of partitions goes to a member.
    RangeGiven {
        /// Who.
        member: Arc<str>,
        /// The topic.
        topic: TopicName,
        /// First partition of the run.
        first: u32,
        /// Length of the run.
        count: u32,
    },
    /// Round robin: a partition goes to the member whose turn it is.
    Dealt {
        /// Who.
        member: Arc<str>,
        /// What.
        partition: TopicPartition,
        /// Those whose turn was passed over, since they do not subscribe to the topic.
        passed_over: Vec<Arc<str>>,
    },
    /// The outcome.
    Done {
        /// Everybody's share.
        shares: Shares,
    },
}

fn join(names: &[Arc<str>]) -> String {
    names.join(", ")
}

impl AssignStep {
    /// The step as a sentence.
    pub fn sentence(&self, language: Language) -> String {
        let english = language == Language::English;
        match self {
            AssignStep::MembersOrdered { members } if english => {
                format!("members in order: {}", join(members))
            }
            AssignStep::MembersOrdered { members } => format!("成员顺序：{}", join(members)),
            AssignStep::TopicDivided { topic, partitions, members, each, extra } if english => {
                let (partitions, members) =
                    (counted(partitions, "partition"), counted(members, "member"));
                match extra {
                    0 => format!("{topic}: {partitions} for {members}: {each} each"),
                    1 => format!(
                        "{topic}: {partitions} for {members}: {each} each, the first gets one more"
                    ),
                    _ => format!(
                        "{topic}: {partitions} for {members}: {each} each, the first {extra} get one more"
                    ),
                }
            }
            AssignStep::TopicDivided { topic, partitions, members, each, extra } => {
                let more = if *extra > 0 {
                    format!("，前 {extra} 个各多一个")
                } else {
                    String::new()
                };
                format!("{topic}：{partitions} 个分区分给 {members} 个成员：每人 {each} 个{more}")
            }
            AssignStep::RangeGiven { member, topic, first, count } => {
                let last = first + count - 1;
                let range = match count {
                    1 => format!("{topic}-{first}"),
                    _ => format!("{topic}-{first} … {topic}-{last}"),
                };
                if english {
                    format!("{member} gets {range}")
                } else {
                    format!("{member} 分到 {range}")
                }
            }
            AssignStep::Dealt { member, partition, passed_over } => {
                let mut text = match english {
                    true => format!("{partition} goes to {member}"),
                    false => format!("{partition} 分给 {member}"),
                };
                if !passed_over.is_empty() {
                    let _ = match english {
                        true => {
                            write!(text, " (passing over {}: not subscribed)", join(passed_over))
                        }
                        false => write!(text, "（跳过 {}：没有订阅）", join(passed_over)),
                    };
                }
                text
            }
            AssignStep::Done { shares } => {
                let total: usize = shares.values().map(Vec::len).sum();
                match english {
                    true => format!(
                        "done: {} for {}",
                        counted(total, "partition"),
                        counted(shares.len(), "member")
                    ),
                    false => format!("完成：{total} 个分区，{} 个成员", shares.len()),
                }
            }
        }
    }
}

fn ordered(members: &[AssignorMember]) -> Vec<AssignorMember> {
    let mut members = members.to_vec();
    members.sort_by(|one, other| match (&one.instance_id, &other.instance_id) {
        (Some(one), Some(other)) => one.cmp(other),
        (Some(_), None) => std::cmp::Ordering::Less,
        (None, Some(_)) => std::cmp::Ordering::Greater,
        (None, None) => one.id.cmp(&other.id),
    });
    members
}

fn empty_shares(members: &[AssignorMember]) -> Shares {
    members.iter().map(|member| (member.id.clone(), Vec::new())).collect()
}

/// The topics that somebody subscribes to and that exist, with their partition counts.
fn subscribed(
    members: &[AssignorMember],
    counts: &BTreeMap<TopicName, u32>,
) -> Vec<(TopicName, u32)> {
    let wanted: BTreeSet<&TopicName> = members.iter().flat_map(|m| &m.topics).collect();
    wanted
        .into_iter()
        .filter_map(|topic| counts.get(topic).map(|&count| (topic.clone(), count)))
        .filter(|(_, count)| *count > 0)
        .collect()
}

fn ids(members: &[AssignorMember]) -> Vec<Arc<str>> {
    members.iter().map(|member| member.id.clone()).collect()
}

/// The steps of the range assignor.
pub fn range_steps(
    members: &[AssignorMember],
    counts: &BTreeMap<TopicName, u32>,
) -> impl Iterator<Item = AssignStep> + use<> {
    let members = ordered(members);
    let topics = subscribed(&members, counts);
    let mut shares = empty_shares(&members);
    let mut stage = 0;
    let (mut topic_index, mut turn, mut next) = (0, 0u32, 0u32);
    let mut subscribers: Vec<Arc<str>> = Vec::new();
    std::iter::from_fn(move || {
        if stage == 0 {
            stage = 1;
            return Some(AssignStep::MembersOrdered { members: ids(&members) });
        }
        while let Some((topic, partitions)) = topics.get(topic_index) {
            let count = subscribers.len() as u32;
            if count == 0 {
                let takers = members.iter().filter(|member| member.topics.contains(topic));
                subscribers = takers.map(|member| member.id.clone()).collect();
                (turn, next) = (0, 0);
                let members = subscribers.len() as u32;
                return Some(AssignStep::TopicDivided {
                    topic: topic.clone(),
                    partitions: *partitions,
                    members,
                    each: partitions / members,
                    extra: partitions % members,
                });
            }
            let share = partitions / count + u32::from(turn < partitions % count);
            if turn == count || share == 0 {
                topic_index += 1;
                subscribers.clear();
                continue;
            }
            let (member, first) = (subscribers[turn as usize].clone(), next);
            (turn, next) = (turn + 1, next + share);
            if let Some(list) = shares.get_mut(&member) {
                list.extend((first..next).map(|number| TopicPartition::new(topic, number)));
            }
            let topic = topic.clone();
            return Some(AssignStep::RangeGiven { member, topic, first, count: share });
        }
        (stage == 1).then(|| {
            stage = 2;
            AssignStep::Done { shares: std::mem::take(&mut shares) }
        })
    })
}

/// The steps of the round-robin assignor.
pub fn round_robin_steps(
    members: &[AssignorMember],
    counts: &BTreeMap<TopicName, u32>,
) -> impl Iterator<Item = AssignStep> + use<> {
    let members = ordered(members);
    let topics = subscribed(&members, counts);
    let mut partitions = topics.into_iter().flat_map(|(topic, count)| {
        (0..count).map(move |number| TopicPartition::new(&topic, number))
    });
    let mut shares = empty_shares(&members);
    let (mut stage, mut turn) = (0, 0);
    std::iter::from_fn(move || {
        if stage == 0 {
            stage = 1;
            return Some(AssignStep::MembersOrdered { members: ids(&members) });
        }
        if let Some(partition) = partitions.next() {
            let mut passed_over = Vec::new();
            while !members[turn].topics.contains(&partition.topic) {
                passed_over.push(members[turn].id.clone());
                turn = (turn + 1) % members.len();
            }
            let member = members[turn].id.clone();
            turn = (turn + 1) % members.len();
            if let Some(list) = shares.get_mut(&member) {
                list.push(partition.clone());
            }
            return Some(AssignStep::Dealt { member, partition, passed_over });
        }
        (stage == 1).then(|| {
            stage = 2;
            AssignStep::Done { shares: std::mem::take(&mut shares) }
        })
    })
}

fn last(steps: impl Iterator<Item = AssignStep>) -> Shares {
    match steps.last() {
        Some(AssignStep::Done { shares }) => shares,
        _ => Shares::new(),
    }
}

/// What the range assignor gives to whom.
pub fn range(members: &[AssignorMember], counts: &BTreeMap<TopicName, u32>) -> Shares {
    last(range_steps(members, counts))
}

/// What the round-robin assignor gives to whom.
pub fn round_robin(members: &[AssignorMember], counts: &BTreeMap<TopicName, u32>) -> Shares {
    last(round_robin_steps(members, counts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors;
    use serde_json::Value;

    fn texts(value: &Value) -> impl Iterator<Item = &str> {
        value.as_array().unwrap().iter().map(|text| text.as_str().unwrap())
    }

    fn check(name: &str, assign: fn(&[AssignorMember], &BTreeMap<TopicName, u32>) -> Shares) {
        let vectors = vectors::load(name);
        for case in vectors["cases"].as_array().unwrap() {
            let counts: BTreeMap<TopicName, u32> = case["topics"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(topic, count)| (TopicName::new(topic), count.as_u64().unwrap() as u32))
                .collect();
            let members = case["members"].as_array().unwrap().iter().map(|member| AssignorMember {
                id: member["id"].as_str().unwrap().into(),
                instance_id: member["instance"].as_str().map(Arc::from),
                topics: texts(&member["topics"]).map(TopicName::new).collect(),
            });
            let members: Vec<AssignorMember> = members.collect();
            let mut shares = assign(&members, &counts);
            for (id, wanted) in case["assignment"].as_object().unwrap() {
                let mut wanted: Vec<TopicPartition> = wanted
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|pair| {
                        let topic = TopicName::new(pair[0].as_str().unwrap());
                        TopicPartition::new(&topic, pair[1].as_u64().unwrap() as u32)
                    })
                    .collect();
                let mut share = shares.remove(id.as_str()).unwrap();
                share.sort();
                wanted.sort();
                assert_eq!(share, wanted, "{name} case {}", case["id"]);
            }
            assert!(shares.is_empty());
        }
    }

    #[test]
    fn range_as_kafka_assigns() {
        check("assignor_range", range);
    }

    #[test]
    fn round_robin_as_kafka_assigns() {
        check("assignor_roundrobin", round_robin);
    }

    #[test]
    fn steps_can_be_read_aloud() {
        let member = |id: &str, topics: &[&str]| AssignorMember {
            id: id.into(),
            instance_id: None,
            topics: topics.iter().map(|topic| TopicName::new(topic)).collect(),
        };
        let members = [member("c1", &["orders"]), member("c0", &["orders", "logs"])];
        let counts = BTreeMap::from([(TopicName::new("orders"), 3), (TopicName::new("logs"), 2)]);
        let english = |step: AssignStep| step.sentence(Language::English);
        let told: Vec<String> = range_steps(&members, &counts).map(english).collect();
        assert_eq!(
            told,
            [
                "members in order: c0, c1",
                "logs: 2 partitions for 1 member: 2 each",
                "c0 gets logs-0 … logs-1",
                "orders: 3 partitions for 2 members: 1 each, the first gets one more",
                "c0 gets orders-0 … orders-1",
                "c1 gets orders-2",
                "done: 5 partitions for 2 members",
            ]
        );
        let told: Vec<String> = round_robin_steps(&members, &counts)
            .map(|step| step.sentence(Language::Chinese))
            .collect();
        assert_eq!(told[2], "logs-1 分给 c0（跳过 c1：没有订阅）");
        assert_eq!(round_robin(&[], &counts), Shares::new());
    }
}
