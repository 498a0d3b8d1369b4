//! The states of replicas and how they change (`ZkReplicaStateMachine`).
//!
//! ```text
//!   NonExistent ─▶ New ─▶ Online ◀─▶ Offline ─▶ DeletionStarted ─▶ DeletionSuccessful ─▶ NonExistent
//!                                      ▲              │
//!                                      └ DeletionIneligible ◀┘
//! ```
//!
//! `Offline` is where a dead replica leaves the ISR: the state is read, written without it (with the leader -1 if it
//! led), and the leader epoch grows. The last member of an ISR stays in it. When this finds a replica that the ISR has
//! already lost, nothing is written. That is why the death of a leader raises the epoch by one when the controller
//! lives (the election comes first and takes it out), and by two when the controller died with it: a new controller
//! changes the replicas' states first, and then finds a partition without leader. Always: the state is in the tree
//! before a broker hears of it.

use super::context::{Replica, ReplicaState};
use super::election::LeaderAndIsr;
use super::event::ControllerEvent;
use super::run::{Effect, Run, Step, Stop};
use crate::coordination::Event;
use crate::types::{NodeId, TopicName, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};

impl Run<'_> {
    /// Changes replicas to a state, and sends the orders that follow (`handleStateChanges`).
    pub fn change_replicas(&mut self, replicas: &[Replica], target: ReplicaState) -> Step<()> {
        if replicas.is_empty() {
            return Ok(());
        }
        self.new_batch();
        let mut by_broker: BTreeMap<NodeId, Vec<Replica>> = BTreeMap::new();
        for replica in replicas {
            by_broker.entry(replica.broker).or_default().push(replica.clone());
        }
        for (broker, replicas) in by_broker {
            match self.do_change_replicas(broker, replicas, target) {
                Err(Stop::Failed(what)) => {
                    let during = "a change of replicas' states";
                    self.tell(ControllerEvent::Trouble { during, what });
                }
                other => other?,
            }
        }
        self.send_orders();
        Ok(())
    }

    fn do_change_replicas(
        &mut self,
        broker: NodeId,
        replicas: Vec<Replica>,
        target: ReplicaState,
    ) -> Step<()> {
        let valid: Vec<Replica> = replicas
            .into_iter()
            .filter(|replica| self.context.replica_state(replica).may_become(target))
            .collect();
        match target {
            ReplicaState::New => self.replicas_new(&valid),
            ReplicaState::Online => self.replicas_online(&valid),
            ReplicaState::Offline => return self.replicas_offline(broker, valid),
            ReplicaState::DeletionStarted => {
                for replica in &valid {
                    self.context.put_replica_state(replica, target);
                    self.order_stop(broker, &replica.partition, true);
                }
            }
            ReplicaState::DeletionSuccessful | ReplicaState::DeletionIneligible => {
                for replica in &valid {
                    self.context.put_replica_state(replica, target);
                }
            }
            ReplicaState::NonExistent => {
                for replica in &valid {
                    let partition = self.context.partition_mut(&replica.partition);
                    partition.assignment = partition.assignment.without(broker);
                    self.context.put_replica_state(replica, target);
                }
            }
        }
        Ok(())
    }

    fn order_present(&mut self, replica: &Replica, is_new: bool) {
        let leadership = self.context.leadership(&replica.partition).cloned();
        if let Some(leadership) = leadership {
            let assignment = self.context.assignment(&replica.partition);
            let to = [replica.broker];
            self.order_leader_and_isr(&to, &replica.partition, &leadership, &assignment, is_new);
        }
    }

    fn replicas_new(&mut self, replicas: &[Replica]) {
        for replica in replicas {
            if self.context.leader(&replica.partition) == Some(replica.broker) {
                continue; // it is asked to lead already
            }
            self.order_present(replica, true);
            self.context.put_replica_state(replica, ReplicaState::New);
        }
    }

    fn replicas_online(&mut self, replicas: &[Replica]) {
        for replica in replicas {
            if self.context.replica_state(replica) == ReplicaState::New {
                let assignment = &mut self.context.partition_mut(&replica.partition).assignment;
                if !assignment.replicas.contains(&replica.broker) {
                    assignment.replicas.push(replica.broker);
                }
            } else {
                self.order_present(replica, false);
            }
            self.context.put_replica_state(replica, ReplicaState::Online);
        }
    }

    fn replicas_offline(&mut self, broker: NodeId, replicas: Vec<Replica>) -> Step<()> {
        for replica in &replicas {
            self.order_stop(broker, &replica.partition, false);
        }
        let (led, never): (Vec<Replica>, Vec<Replica>) =
            replicas.into_iter().partition(|r| self.context.leadership(&r.partition).is_some());
        let partitions = led.into_iter().map(|replica| replica.partition).collect();
        for (partition, leadership) in self.remove_from_isr(broker, partitions)? {
            if !self.context.is_to_be_deleted(&partition.topic) {
                let assignment = self.context.assignment(&partition);
                let to = assignment.without(broker).replicas;
                self.order_leader_and_isr(&to, &partition, &leadership, &assignment, false);
            }
            self.context.put_replica_state(&Replica { broker, partition }, ReplicaState::Offline);
        }
        for replica in never {
            let everybody = self.context.live_or_shutting_down();
            self.order_metadata(&everybody, std::slice::from_ref(&replica.partition));
            self.context.put_replica_state(&replica, ReplicaState::Offline);
        }
        Ok(())
    }

    /// Takes a replica out of the ISRs of partitions, tried again as long as somebody else writes in between.
    fn remove_from_isr(
        &mut self,
        broker: NodeId,
        partitions: Vec<TopicPartition>,
    ) -> Step<Vec<(TopicPartition, (i32, LeaderAndIsr))>> {
        let mut results = Vec::new();
        let mut remaining = partitions;
        while !remaining.is_empty() {
            let mut changed = Vec::new();
            let mut before = BTreeMap::new();
            let emptied = self.may_empty_isr(&remaining)?;
            for (partition, state) in self.present_states(&remaining)? {
                match state {
                    Ok(state) if state.isr.contains(&broker) => {
                        let leader = state.leader.filter(|id| *id != broker);
                        let last = state.isr.len() == 1 && !emptied.contains(&partition.topic);
                        let mut isr = state.isr.clone();
                        isr.retain(|id| last || *id != broker);
                        changed.push((partition.clone(), state.next(leader, isr)));
                        before.insert(partition, state);
                    }
                    Ok(state) => results.push((partition, state)),
                    Err(_) => {} // without state, or written by a newer controller: left as it is
                }
            }
            let written = self.update_states(changed)?;
            for (partition, result) in written.finished {
                if let (Ok(state), Some(before)) = (result, before.get(&partition)) {
                    self.tell_isr(&partition, before, &state);
                    if before.leader.is_some() && state.leader.is_none() {
                        self.effects.push(Effect::Event(Event::LeaderLost {
                            partition: partition.clone(),
                            epoch: state.leader_epoch,
                            eligible: state.isr.clone(),
                        }));
                    }
                    results.push((partition, state));
                }
            }
            if !written.retry.is_empty() {
                self.tell(ControllerEvent::Retried { partitions: written.retry.len() });
            }
            remaining = written.retry;
        }
        let epoch = self.context.epoch;
        let mut led = Vec::new();
        for (partition, state) in results {
            self.context.partition_mut(&partition).leadership = Some((epoch, state.clone()));
            led.push((partition, (epoch, state)));
        }
        Ok(led)
    }

    /// Until 1.1: topics whose ISR may become empty, since unclean election is allowed (`removeReplicaFromIsr`).
    fn may_empty_isr(&mut self, partitions: &[TopicPartition]) -> Step<BTreeSet<TopicName>> {
        if !self.settings.rules.empties_isr {
            return Ok(BTreeSet::new());
        }
        let topics = partitions.iter().map(|one| one.topic.clone()).collect();
        self.unclean_allowed(&topics)
    }

    /// The states with which a controller begins (`ReplicaStateMachine.startup`).
    pub fn begin_replicas(&mut self) -> Step<()> {
        let all: Vec<TopicPartition> = self.context.partitions().map(|(one, _)| one).collect();
        let (online, offline): (Vec<Replica>, Vec<Replica>) = self
            .context
            .replicas_of(&all)
            .into_iter()
            .partition(|replica| self.context.is_live(replica.broker));
        for replica in &online {
            self.context.put_replica_state(replica, ReplicaState::Online);
        }
        for replica in &offline {
            self.context.put_replica_state(replica, ReplicaState::DeletionIneligible);
        }
        self.change_replicas(&online, ReplicaState::Online)?;
        match self.settings.rules.offline_at_start {
            true => self.change_replicas(&offline, ReplicaState::Offline),
            false => Ok(()),
        }
    }
}
