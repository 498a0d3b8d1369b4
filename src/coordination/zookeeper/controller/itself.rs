//! Every broker for itself: the election that early designs of replication had, and Kafka never shipped. No controller;
//! the replicas of each partition race for an ephemeral znode. Here as the contrast (`election=per-partition`).
//!
//! ```text
//!   /brokers/topics/orders/partitions/0/leader   {"leader":1,"leader_epoch":3}   ephemeral, the leader's
//!        watched by every follower ─▶ gone ─▶ all of them at once: read the state, create …/leader
//!                                                  first one leads, writes the state, tells everybody
//!                                                  others read …/leader, watch it, follow
//! ```
//!
//! Always: one znode, one leader; but each partition costs as many watches as it has followers, each death of a broker
//! as many events, and the order of arrival chooses the leader, not the order of the replicas. Left out: everything
//! that needs somebody who decides for all: reassignment, deletion, preferred leaders, controlled shutdown.

use super::super::znodes;
use super::client::create;
use super::context::PartitionContext;
use super::election::LeaderAndIsr;
use super::event::ControllerEvent;
use super::run::{Effect, Run, Step};
use crate::coordination::ElectionReason;
use crate::protocol::CreateMode;
use crate::types::{LeaderEpoch, NodeId, TopicName, TopicPartition};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The znode that the replicas of a partition race for.
pub(super) fn leader_path(partition: &TopicPartition) -> Arc<str> {
    format!("{}/leader", znodes::partition_path(partition)).into()
}

/// The partition whose leader lies at this path.
pub(super) fn partition_of_leader_path(path: &str) -> Option<TopicPartition> {
    let state = format!("{}/state", path.strip_suffix("/leader")?);
    znodes::partition_of_state_path(&state)
}

fn read_leader(data: &str) -> Option<(NodeId, LeaderEpoch)> {
    let value: Value = serde_json::from_str(data).ok()?;
    let leader = u32::try_from(value.get("leader")?.as_u64()?).ok()?;
    let epoch = i32::try_from(value.get("leader_epoch")?.as_i64()?).ok()?;
    Some((NodeId(leader), LeaderEpoch(epoch)))
}

impl Run<'_> {
    /// The broker has started, or has a new session.
    pub fn itself_start(&mut self) -> Step<()> {
        self.context = Default::default();
        self.itself_brokers()?;
        self.itself_topics()
    }

    /// Brokers came or went: whoever wins a race tells those that are there.
    pub fn itself_brokers(&mut self) -> Step<()> {
        let present = self.brokers()?;
        let known = &self.context.live;
        let gone = known.keys().copied().filter(|id| !present.contains_key(id)).collect();
        let new: Vec<NodeId> =
            present.keys().copied().filter(|id| !known.contains_key(id)).collect();
        self.effects.push(Effect::Disconnect(gone));
        self.effects.push(Effect::Connect(new.clone()));
        self.context.live = present;
        // Each leader tells the new ones of the partitions that it leads, and itself who is there.
        let me = self.broker;
        let mine = self.context.partitions().filter(|(_, one)| {
            one.leadership.as_ref().is_some_and(|(_, state)| state.leader == Some(me))
        });
        let mine: Vec<TopicPartition> = mine.map(|(partition, _)| partition).collect();
        self.send_metadata(&new, &mine);
        self.send_metadata(&[me], &[]);
        Ok(())
    }

    /// Topics came or went.
    pub fn itself_topics(&mut self) -> Step<()> {
        let present = self.topic_names()?;
        let known: BTreeSet<TopicName> = self.context.topics.keys().cloned().collect();
        for topic in known.difference(&present) {
            self.context.remove_topic(topic);
        }
        let new: Vec<TopicName> = present.difference(&known).cloned().collect();
        let partitions = self.add_topics(&new)?;
        self.race(partitions)
    }

    /// A leader's znode is gone, or a topic has more partitions.
    pub fn itself_again(&mut self, topic: &TopicName) -> Step<()> {
        let known: BTreeSet<TopicPartition> =
            self.context.partitions_of(topic).into_iter().collect();
        let partitions = self.add_topics(std::slice::from_ref(topic))?;
        self.race(partitions.into_iter().filter(|one| !known.contains(one)).collect())
    }

    /// Tries to lead partitions: as many as this broker has a replica of.
    pub fn race(&mut self, partitions: Vec<TopicPartition>) -> Step<()> {
        let me = self.broker;
        let mut remaining: Vec<TopicPartition> = partitions
            .into_iter()
            .filter(|one| self.context.assignment(one).replicas.contains(&me))
            .collect();
        while !remaining.is_empty() {
            remaining = self.race_once(&remaining)?;
        }
        Ok(())
    }

    /// One round; the partitions whose new leader was gone again when it was looked for.
    fn race_once(&mut self, partitions: &[TopicPartition]) -> Step<Vec<TopicPartition>> {
        let states = self.states(partitions, false)?;
        // A partition that never had a state lacks the znodes above it too.
        let plain = |path| create(path, "".into(), CreateMode::Persistent);
        let new = partitions.iter().zip(&states).filter(|(_, state)| state.is_none());
        let new: Vec<&TopicPartition> = new.map(|(partition, _)| partition).collect();
        let topics: BTreeSet<&TopicName> = new.iter().map(|one| &one.topic).collect();
        self.ask(topics.into_iter().map(|topic| plain(znodes::partitions_path(topic))).collect())?;
        self.ask(new.iter().map(|one| plain(znodes::partition_path(one))).collect())?;
        let (mut runners, mut others) = (Vec::new(), Vec::new());
        for (partition, state) in partitions.iter().cloned().zip(states) {
            match state {
                Some((_, state)) if !state.isr.contains(&self.broker) => {
                    others.push((partition, Some(state)));
                }
                state => runners.push((partition, state.map(|(_, state)| state))),
            }
        }
        let epoch = |state: &Option<LeaderAndIsr>| {
            state.as_ref().map_or(0, |state| state.leader_epoch.0.saturating_add(1))
        };
        let claims = runners.iter().map(|(partition, state)| {
            let data = json!({"leader": self.broker.0, "leader_epoch": epoch(state)}).to_string();
            create(leader_path(partition), data.into(), CreateMode::Ephemeral)
        });
        let claims = claims.collect();
        let answers = self.ask(claims)?;
        let mut won = Vec::new();
        for ((partition, state), answer) in runners.into_iter().zip(answers) {
            match answer {
                Ok(_) => won.push((partition, state)),
                Err(_) => others.push((partition, state)),
            }
        }
        self.lead(won)?;
        self.follow(others)
    }

    /// What the winner does: writes the state, leads, tells everybody.
    fn lead(&mut self, won: Vec<(TopicPartition, Option<LeaderAndIsr>)>) -> Step<()> {
        let me = self.broker;
        let (mut first, mut later) = (Vec::new(), Vec::new());
        for (partition, before) in won {
            let isr = match &before {
                Some(state) => state.isr.clone(),
                None => self.context.assignment(&partition).replicas,
            };
            let isr = isr.into_iter().filter(|id| *id == me || self.context.is_live(*id)).collect();
            match before {
                Some(state) => later.push((partition, state.next(Some(me), isr))),
                None => {
                    let state = LeaderAndIsr::first(isr);
                    first.push((partition, LeaderAndIsr { leader: Some(me), ..state }));
                }
            }
        }
        self.create_states(&first)?;
        let written = self.update_states(later)?;
        let changed =
            written.finished.into_iter().filter_map(|(one, state)| Some((one, state.ok()?)));
        let all: Vec<(TopicPartition, LeaderAndIsr)> = first.into_iter().chain(changed).collect();
        self.new_batch();
        for (partition, state) in all {
            self.tell_elected(&partition, &state, ElectionReason::Race, false);
            self.take_leadership(&partition, state);
        }
        self.send_orders();
        Ok(())
    }

    fn take_leadership(&mut self, partition: &TopicPartition, state: LeaderAndIsr) {
        let is_new = self.context.leadership(partition).is_none();
        let leadership = (0, state);
        let one: &mut PartitionContext = self.context.partition_mut(partition);
        one.leadership = Some(leadership.clone());
        let (me, assignment) = ([self.broker], one.assignment.clone());
        let leads = leadership.1.leader == Some(self.broker);
        self.order_leader_and_isr(&me, partition, &leadership, &assignment, is_new);
        if !leads {
            self.forget_metadata_order(partition);
        }
    }

    /// What the others do: find the winner, watch it, follow it.
    fn follow(
        &mut self,
        others: Vec<(TopicPartition, Option<LeaderAndIsr>)>,
    ) -> Step<Vec<TopicPartition>> {
        let paths = others.iter().map(|(partition, _)| leader_path(partition)).collect();
        let found = self.data_of(paths, true)?;
        let mut again = Vec::new();
        self.new_batch();
        for ((partition, state), data) in others.into_iter().zip(found) {
            let Some((leader, epoch)) = data.and_then(|(data, _)| read_leader(&data)) else {
                // Nobody leads it: whoever is in sync runs again, whoever is not waits for a leader.
                match state.is_none_or(|state| state.isr.contains(&self.broker)) {
                    true => again.push(partition),
                    false => {
                        self.tell(ControllerEvent::RaceAwaited { broker: self.broker, partition })
                    }
                }
                continue;
            };
            self.tell(ControllerEvent::RaceLost {
                broker: self.broker,
                partition: partition.clone(),
                by: leader,
            });
            let replicas = self.context.assignment(&partition).replicas;
            let state = state.unwrap_or_else(|| LeaderAndIsr::first(replicas));
            let state = LeaderAndIsr { leader: Some(leader), leader_epoch: epoch, ..state };
            self.take_leadership(&partition, state);
        }
        self.send_orders();
        Ok(again)
    }
}

#[cfg(test)]
mod tests {
    use super::super::harness::{Lab, tp};
    use super::*;
    use crate::era::Coordination;

    fn lab_of(kafka: &str, brokers: u32) -> Lab {
        Lab::with_settings(kafka, brokers, |settings| settings.set_election_per_partition(true))
    }

    fn lab(brokers: u32) -> Lab {
        lab_of("0.8.2", brokers)
    }

    #[test]
    fn no_controller_epoch_is_in_the_way_in_any_version() {
        for era in crate::era::ERAS
            .iter()
            .filter(|era| era.coordination.contains(&Coordination::ZooKeeper))
        {
            let mut lab = lab_of(era.kafka, 3);
            lab.create_topic("orders", &[&[1, 2, 3]]);
            let (leader, isr, epoch) = lab.leadership("orders-0");
            assert_eq!((isr, epoch), (vec![1, 2, 3], 0), "{}: {}", era.kafka, lab.told());
            lab.kill_and_expire(leader.unwrap());
            let (next, isr, epoch) = lab.leadership("orders-0");
            assert_eq!((isr.len(), epoch), (2, 1), "{}: {}", era.kafka, lab.told());
            assert!(next.is_some() && next != leader, "{}: {}", era.kafka, lab.told());
        }
    }

    #[test]
    fn replicas_race_and_followers_watch_the_winner() {
        let mut lab = lab(4);
        let rows: Vec<&[u32]> = (0..50).map(|_| &[1, 2, 3][..]).collect();
        lab.create_topic("orders", &rows);
        assert_eq!(lab.controller(), 0, "nobody decides for all");
        let watched = |lab: &Lab| -> usize {
            let of =
                (0..50).map(|p| leader_path(&TopicPartition::new(&TopicName::new("orders"), p)));
            of.map(|path| lab.tree.watchers(&path).0.len()).sum()
        };
        assert_eq!(watched(&lab), 100, "two followers for each partition");
        let (leader, isr, epoch) = lab.leadership("orders-7");
        assert_eq!((isr, epoch), (vec![1, 2, 3], 0));
        let leader = leader.unwrap();
        let before = lab.events.len();
        lab.kill_and_expire(leader);
        let (next, isr, epoch) = lab.leadership("orders-7");
        assert!(next.is_some_and(|next| next != leader && isr.contains(&next)), "{}", lab.told());
        assert_eq!((isr.len(), epoch), (2, 1), "{}", lab.told());
        let won = lab.events[before..].iter().filter(|(_, event)| event.kind() == "LeaderElected");
        assert!(won.count() > 0);
        let follower = [1, 2, 3].into_iter().find(|id| Some(*id) != next && *id != leader).unwrap();
        let told = &lab.nodes[&NodeId(follower)].told[&tp("orders-7")];
        assert_eq!((told.leader, told.leader_epoch), (next.map(NodeId), LeaderEpoch(1)));
    }

    #[test]
    fn a_slow_replica_still_follows_the_dead_leader() {
        let mut lab = lab(3);
        lab.create_topic("orders", &[&[1, 2, 3]]);
        let leader = lab.leadership("orders-0").0.unwrap();
        let slow = if leader == 3 { 2 } else { 3 };
        lab.pause(slow);
        lab.kill_and_expire(leader);
        let told = |lab: &Lab| lab.nodes[&NodeId(slow)].told[&tp("orders-0")].leader;
        assert_eq!(told(&lab), Some(NodeId(leader)), "split view");
        lab.resume(slow);
        assert_ne!(told(&lab), Some(NodeId(leader)));
    }

    #[test]
    fn a_replica_that_is_not_in_sync_waits() {
        let mut lab = lab(2);
        lab.create_topic("orders", &[&[1, 2]]);
        let leader = lab.leadership("orders-0").0.unwrap();
        let other = 3 - leader;
        lab.kill_and_expire(other);
        let (epoch, mut state) = lab.state("orders-0");
        state.isr = vec![NodeId(leader)];
        lab.write(&znodes::state_path(&tp("orders-0")), &znodes::state(epoch, &state));
        lab.kill_and_expire(leader);
        lab.start(other);
        assert!(lab.kinds().contains(&"RaceAwaited"), "{}", lab.told());
        lab.start(leader);
        assert_eq!(lab.leadership("orders-0").0, Some(leader));
    }
}
