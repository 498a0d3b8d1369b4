//! The states of partitions and how they change (`ZkPartitionStateMachine`).
//!
//! ```text
//!   NonExistent ──▶ New ── first leader: create the state znode ──▶ Online ◀─┐ another leader: read the state, elect,
//!        ▲                                                           │       │ write it if nobody wrote in between
//!        └───────────────────────────── Offline ◀── leader is dead ──┘───────┘
//! ```
//!
//! Always: the state is in the tree before a broker hears of it. A partition whose election fails stays as it is.

use super::context::PartitionState;
use super::election::{self, Ballot, Election, LeaderAndIsr, Strategy};
use super::event::ControllerEvent;
use super::run::{Effect, Run, Step, Stop};
use crate::coordination::{ElectionReason, Event};
use crate::protocol::ZooKeeperReply;
use crate::types::{NodeId, TopicName, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};

/// What came of elections: the new state, or why there is none.
pub(super) type Elected = BTreeMap<TopicPartition, Result<LeaderAndIsr, String>>;

/// The states in the tree; or why one is of no use (none: it is not there).
pub(super) type Present = Vec<(TopicPartition, Result<LeaderAndIsr, Option<String>>)>;

impl Run<'_> {
    /// Changes partitions to a state, and sends the orders that follow (`handleStateChanges`).
    pub fn change_partitions(
        &mut self,
        partitions: &[TopicPartition],
        target: PartitionState,
        strategy: Strategy,
    ) -> Step<Elected> {
        if partitions.is_empty() {
            return Ok(Elected::new());
        }
        self.new_batch();
        match self.do_change_partitions(partitions, target, strategy) {
            Ok(elected) => {
                self.send_orders();
                Ok(elected)
            }
            Err(Stop::Failed(why)) => {
                self.tell(ControllerEvent::Trouble {
                    during: "a change of partitions' states",
                    what: why.clone(),
                });
                Ok(partitions.iter().map(|one| (one.clone(), Err(why.clone()))).collect())
            }
            Err(stop) => Err(stop),
        }
    }

    fn do_change_partitions(
        &mut self,
        partitions: &[TopicPartition],
        target: PartitionState,
        strategy: Strategy,
    ) -> Step<Elected> {
        let state = |run: &Self, one: &TopicPartition| {
            run.context.partition(one).map(|one| one.state).unwrap_or_default()
        };
        let known = partitions.iter().filter(|one| self.context.partition(one).is_some());
        let valid: Vec<TopicPartition> =
            known.filter(|one| state(self, one).may_become(target)).cloned().collect();
        if target != PartitionState::Online {
            for partition in &valid {
                self.context.partition_mut(partition).state = target;
            }
            return Ok(Elected::new());
        }
        let (new, old): (Vec<_>, Vec<_>) =
            valid.into_iter().partition(|one| state(self, one) == PartitionState::New);
        let mut elected = self.first_leaders(new)?;
        elected.extend(self.elect_leaders(old, strategy)?);
        for (partition, result) in &elected {
            if result.is_ok() {
                self.context.partition_mut(partition).state = PartitionState::Online;
            }
        }
        Ok(elected)
    }

    /// New partitions: the first live replica leads, all live ones are in sync (`initializeLeaderAndIsrForPartitions`).
    fn first_leaders(&mut self, partitions: Vec<TopicPartition>) -> Step<Elected> {
        let mut states = Vec::new();
        for partition in partitions {
            let replicas = self.context.assignment(&partition).replicas;
            let live: Vec<NodeId> =
                replicas.into_iter().filter(|id| self.context.is_live(*id)).collect();
            match live.is_empty() {
                true => {
                    let why = "no assigned replica is alive".to_owned();
                    self.tell(ControllerEvent::NoLeader { partition, why });
                }
                false => states.push((partition, LeaderAndIsr::first(live))),
            }
        }
        let mut elected = Elected::new();
        let answers = self.create_states(&states)?;
        for ((partition, state), answer) in states.into_iter().zip(answers) {
            match answer {
                Ok(ZooKeeperReply::Created { .. }) => {
                    let assignment = self.context.assignment(&partition);
                    let leadership = (self.context.epoch, state.clone());
                    self.context.partition_mut(&partition).leadership = Some(leadership.clone());
                    let to = state.isr.clone();
                    self.order_leader_and_isr(&to, &partition, &leadership, &assignment, true);
                    self.tell_elected(&partition, &state, ElectionReason::Created, false);
                    elected.insert(partition, Ok(state));
                }
                Ok(_) => {}
                Err(error) => {
                    let why = format!("its state cannot be created: {error}");
                    self.tell(ControllerEvent::NoLeader { partition, why });
                }
            }
        }
        Ok(elected)
    }

    pub(super) fn tell_elected(
        &mut self,
        partition: &TopicPartition,
        state: &LeaderAndIsr,
        reason: ElectionReason,
        unclean: bool,
    ) {
        let Some(leader) = state.leader else { return };
        self.effects.push(Effect::Event(Event::LeaderElected {
            partition: partition.clone(),
            leader,
            epoch: state.leader_epoch,
            isr: state.isr.clone(),
            reason: if unclean { ElectionReason::Unclean } else { reason },
            unclean,
        }));
    }

    /// Other leaders, tried again as long as somebody else writes in between (`electLeaderForPartitions`).
    fn elect_leaders(
        &mut self,
        partitions: Vec<TopicPartition>,
        strategy: Strategy,
    ) -> Step<Elected> {
        let mut elected = Elected::new();
        let mut remaining = partitions;
        while !remaining.is_empty() {
            let retry = self.elect_once(&remaining, strategy, &mut elected)?;
            if !retry.is_empty() {
                self.tell(ControllerEvent::Retried { partitions: retry.len() });
            }
            remaining = retry;
        }
        for (partition, result) in &elected {
            if let Err(why) = result {
                let (partition, why) = (partition.clone(), why.clone());
                self.tell(ControllerEvent::NoLeader { partition, why });
            }
        }
        Ok(elected)
    }

    /// The states as they are in the tree, but for those that a newer controller wrote.
    pub(super) fn present_states(&mut self, partitions: &[TopicPartition]) -> Step<Present> {
        let states = self.states(partitions, false)?;
        let mut result = Vec::new();
        for (partition, state) in partitions.iter().cloned().zip(states) {
            let found = match state {
                None => Err(None),
                Some((epoch, _)) if epoch > self.context.epoch => {
                    self.tell(ControllerEvent::StateNewer {
                        broker: self.broker,
                        partition: partition.clone(),
                        epoch: self.context.epoch,
                        found: epoch,
                    });
                    Err(Some(format!("controller epoch {epoch} wrote its state already")))
                }
                Some((_, state)) => Ok(state),
            };
            result.push((partition, found));
        }
        Ok(result)
    }

    fn elect_once(
        &mut self,
        partitions: &[TopicPartition],
        strategy: Strategy,
        elected: &mut Elected,
    ) -> Step<Vec<TopicPartition>> {
        let mut valid = Vec::new();
        for (partition, state) in self.present_states(partitions)? {
            match state {
                Ok(state) => valid.push((partition, state)),
                Err(why) => {
                    let why = why.unwrap_or_else(|| "it has no state in ZooKeeper".to_owned());
                    elected.insert(partition, Err(why));
                }
            }
        }
        let unclean = self.who_may_be_unclean(&valid, strategy)?;
        let mut states = Vec::new();
        let mut facts = BTreeMap::new();
        for (partition, current) in valid {
            let is_unclean = unclean.contains(&partition.topic);
            let (ballot, to) = self.ballot(&partition, &current, strategy, is_unclean);
            match Election::new(ballot).last() {
                Some(election::Step::Elected { state, unclean }) => {
                    facts.insert(partition.clone(), (to, current, unclean));
                    states.push((partition, state));
                }
                _ => {
                    let why = self.why_nobody(&partition, &current, strategy);
                    elected.insert(partition, Err(why));
                }
            }
        }
        let written = self.update_states(states)?;
        for (partition, result) in written.finished {
            if let (Ok(state), Some((to, before, unclean))) = (&result, facts.get(&partition)) {
                let assignment = self.context.assignment(&partition);
                let leadership = (self.context.epoch, state.clone());
                self.context.partition_mut(&partition).leadership = Some(leadership.clone());
                self.order_leader_and_isr(to, &partition, &leadership, &assignment, false);
                self.tell_isr(&partition, before, state);
                self.tell_elected(&partition, state, self.reason, *unclean);
            }
            elected.insert(partition, result);
        }
        Ok(written.retry)
    }

    pub(super) fn tell_isr(
        &mut self,
        partition: &TopicPartition,
        before: &LeaderAndIsr,
        after: &LeaderAndIsr,
    ) {
        if before.isr != after.isr {
            self.effects.push(Effect::Event(Event::IsrChanged {
                partition: partition.clone(),
                before: before.isr.clone(),
                after: after.isr.clone(),
                by: None,
            }));
        }
    }

    /// Topics that may be led uncleanly: asked of ZooKeeper only where nobody in sync is alive
    /// (`collectUncleanLeaderElectionState`).
    fn who_may_be_unclean(
        &mut self,
        states: &[(TopicPartition, LeaderAndIsr)],
        strategy: Strategy,
    ) -> Step<BTreeSet<TopicName>> {
        let Strategy::Offline { allow_unclean } = strategy else { return Ok(BTreeSet::new()) };
        let lost = states
            .iter()
            .filter(|(_, state)| !state.isr.iter().any(|id| self.context.is_live(*id)));
        let topics: BTreeSet<TopicName> = lost.map(|(p, _)| p.topic.clone()).collect();
        match allow_unclean || topics.is_empty() {
            true => Ok(topics),
            false => self.unclean_allowed(&topics),
        }
    }

    /// What an election looks at, and who is told of its outcome.
    fn ballot(
        &self,
        partition: &TopicPartition,
        current: &LeaderAndIsr,
        strategy: Strategy,
        topic_unclean: bool,
    ) -> (Ballot, Vec<NodeId>) {
        let context = &self.context;
        let assignment = context.assignment(partition);
        let assignment = match strategy {
            Strategy::Reassign => assignment.target(),
            _ => assignment.replicas,
        };
        let alive = |id: &NodeId| match strategy {
            Strategy::ControlledShutdown => context.live.contains_key(id),
            _ => context.is_live(*id),
        };
        let live: Vec<NodeId> = assignment.iter().copied().filter(alive).collect();
        let to = match strategy {
            Strategy::Offline { .. } | Strategy::ControlledShutdown => live.clone(),
            Strategy::Reassign | Strategy::Preferred => assignment.clone(),
        };
        let ballot = Ballot {
            strategy,
            assignment,
            live,
            shutting_down: context.shutting_down.iter().copied().collect(),
            unclean: topic_unclean,
            recovery: self.settings.rules.recovery,
            current: current.clone(),
        };
        (ballot, to)
    }

    fn why_nobody(
        &self,
        partition: &TopicPartition,
        state: &LeaderAndIsr,
        strategy: Strategy,
    ) -> String {
        let isr: Vec<String> = state.isr.iter().map(NodeId::to_string).collect();
        let isr = isr.join(",");
        let preferred = self.context.assignment(partition).replicas.first().copied();
        match (strategy, preferred) {
            (Strategy::Preferred, Some(first)) => {
                format!("its preferred leader {first} is not alive or not in the ISR {{{isr}}}")
            }
            (Strategy::ControlledShutdown, _) => {
                format!("nobody else in the ISR {{{isr}}} is alive and stays")
            }
            _ => format!("nobody in the ISR {{{isr}}} is alive"),
        }
    }

    /// Tries to find leaders for all partitions without one (`triggerOnlinePartitionStateChange`).
    pub fn trigger_online(&mut self, topic: Option<&TopicName>) -> Step<Elected> {
        let states = [PartitionState::New, PartitionState::Offline];
        let mut partitions = self.context.partitions_in(&states);
        partitions.retain(|one| {
            topic.is_none_or(|topic| one.topic == *topic)
                && !self.context.is_to_be_deleted(&one.topic)
        });
        let strategy = Strategy::Offline { allow_unclean: false };
        self.change_partitions(&partitions, PartitionState::Online, strategy)
    }

    /// The states with which a controller begins: by what the tree says of each leader (`initializePartitionState`).
    pub fn begin_partitions(&mut self) -> Step<()> {
        let all: Vec<(TopicPartition, PartitionState)> = self
            .context
            .partitions()
            .map(|(partition, one)| {
                let state = match &one.leadership {
                    None => PartitionState::New,
                    Some((_, state)) if state.leader.is_some_and(|id| self.context.is_live(id)) => {
                        PartitionState::Online
                    }
                    Some(_) => PartitionState::Offline,
                };
                (partition, state)
            })
            .collect();
        for (partition, state) in all {
            self.context.partition_mut(&partition).state = state;
        }
        self.trigger_online(None).map(|_| ())
    }
}
