//! How a partition gets other replicas (`onPartitionReassignment`, KIP-455).
//!
//! ```text
//!   [1,2,3] to [4,5,6]   replicas        adding   removing  leader  ISR
//!   A  write the way     [4,5,6,1,2,3]   [4,5,6]  [1,2,3]   1       [1,2,3]        new replicas begin to fetch
//!   …  they catch up                                        1       [1,2,3,4,5,6]
//!   B  another leader                                       4       [1,2,3,4,5,6]
//!      old ones leave                                       4       [4,5,6]        told to delete their copies
//!      write the end     [4,5,6]         []       []
//! ```
//!
//! It comes by request (2.4) or through `/admin/reassign_partitions`. Always: the znode of the topic has the old
//! replicas until the very end, so that a new controller can take it up at any step. Before 2.4 the topic's znode does
//! not say which ones are added and removed; the wish in `/admin/reassign_partitions` does, and stays until it is done.

use super::super::znodes::{self, Assignment};
use super::context::{PartitionState, Replica, ReplicaState};
use super::election::{LeaderAndIsr, Strategy};
use super::event::ControllerEvent;
use super::run::{Effect, Run, Step, Stop, Work};
use crate::coordination::ElectionReason;
use crate::protocol::{
    AlterPartitionReassignmentsResponse, CreateMode, ErrorCode, Response, ZooKeeperError,
    ZooKeeperOperation,
};
use crate::types::{NodeId, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};

type Outcome = (TopicPartition, ErrorCode, String);

impl Run<'_> {
    /// `/admin/reassign_partitions` was created (`processZkPartitionReassignment`).
    pub fn zookeeper_reassignment(&mut self) -> Step<()> {
        let todo = self.wanted_reassignments()?;
        if !todo.is_empty() {
            let done = Vec::new();
            self.effects.push(Effect::Next(Work::Reassign { todo, done, answer_to: None }));
        }
        Ok(())
    }

    /// What `/admin/reassign_partitions` asks for.
    pub fn wanted_reassignments(&mut self) -> Step<Vec<(TopicPartition, Assignment)>> {
        if !self.exists(znodes::REASSIGN_PARTITIONS, true)? {
            return Ok(Vec::new());
        }
        let data = self.data(znodes::REASSIGN_PARTITIONS, true)?;
        let wanted =
            data.and_then(|(data, _)| znodes::read_reassignment(&data)).unwrap_or_default();
        let toward = |(partition, target): (TopicPartition, Vec<NodeId>)| {
            let assignment = self.context.assignment(&partition).toward(&target);
            (partition, assignment)
        };
        Ok(wanted.into_iter().map(toward).collect())
    }

    /// A request (`processApiPartitionReassignment`).
    pub fn alter_reassignments(
        &mut self,
        wanted: &[(TopicPartition, Option<Vec<NodeId>>)],
        answer_to: (NodeId, u64),
    ) -> Step<()> {
        let (mut todo, mut done): (Vec<(TopicPartition, Assignment)>, Vec<Outcome>) =
            Default::default();
        for (partition, target) in wanted {
            let present = self.context.assignment(partition);
            let refused = match target {
                Some(target) => self.refuse_target(&present, target),
                None if present.is_reassigning() => None,
                None => Some((ErrorCode::NO_REASSIGNMENT_IN_PROGRESS, String::new())),
            };
            match refused {
                Some((error, why)) => done.push((partition.clone(), error, why)),
                None => {
                    let target = target.clone().unwrap_or_else(|| present.origin());
                    todo.push((partition.clone(), present.toward(&target)));
                }
            }
        }
        let named: BTreeSet<&TopicPartition> = todo.iter().map(|(one, _)| one).collect();
        self.withdraw_wishes(|partition, _| named.contains(partition))?;
        let answer_to = Some(answer_to);
        self.effects.push(Effect::Next(Work::Reassign { todo, done, answer_to }));
        Ok(())
    }

    /// Why these replicas may not be asked for (`validateReplicas`).
    fn refuse_target(
        &self,
        present: &Assignment,
        target: &[NodeId],
    ) -> Option<(ErrorCode, String)> {
        let set: BTreeSet<&NodeId> = target.iter().collect();
        let adding = present.toward(target).adding;
        let why = if target.is_empty() {
            "Empty replica list specified in partition reassignment.".to_owned()
        } else if set.len() != target.len() {
            "Duplicate replica ids in partition reassignment replica list.".to_owned()
        } else if let Some(dead) = adding.iter().find(|id| !self.context.is_live(**id)) {
            format!("Replica assignment has brokers that are not alive: {dead}.")
        } else {
            return None;
        };
        Some((ErrorCode::INVALID_REPLICA_ASSIGNMENT, why))
    }

    /// Begins or takes up the first reassignment of a list; the rest is the next work.
    pub fn reassign(
        &mut self,
        todo: &[(TopicPartition, Assignment)],
        done: &[Outcome],
        answer_to: Option<(NodeId, u64)>,
    ) -> Step<()> {
        let mut done = done.to_vec();
        let Some(((partition, assignment), rest)) = todo.split_first() else {
            return self.reassigned(done, answer_to);
        };
        let missing = self.context.assignment(partition).replicas.is_empty();
        let outcome = if missing || self.context.is_to_be_deleted(&partition.topic) {
            let why = "The partition does not exist.".to_owned();
            (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, why)
        } else {
            match self.reassign_one(partition, assignment) {
                Ok(()) => (ErrorCode::NONE, String::new()),
                Err(Stop::Failed(why)) => (ErrorCode::UNKNOWN_SERVER_ERROR, why),
                Err(stop) => return Err(stop),
            }
        };
        done.push((partition.clone(), outcome.0, outcome.1));
        let todo = rest.to_vec();
        self.effects.push(Effect::Next(Work::Reassign { todo, done, answer_to }));
        Ok(())
    }

    fn reassigned(&mut self, done: Vec<Outcome>, answer_to: Option<(NodeId, u64)>) -> Step<()> {
        match answer_to {
            Some((to, correlation)) => {
                let response = AlterPartitionReassignmentsResponse { partitions: done };
                self.answer(to, correlation, Response::AlterPartitionReassignments(response));
                Ok(())
            }
            None => {
                let failed = done.into_iter().filter(|(_, error, _)| !error.is_none());
                let failed: BTreeSet<TopicPartition> = failed.map(|(one, ..)| one).collect();
                match failed.is_empty() {
                    true => Ok(()),
                    false => self.withdraw_wishes(|partition, _| failed.contains(partition)),
                }
            }
        }
    }

    /// One partition, as far as it goes now.
    pub fn reassign_one(&mut self, partition: &TopicPartition, wanted: &Assignment) -> Step<()> {
        self.reason = ElectionReason::Reassignment;
        self.halt_for_reassignment(&partition.topic);
        self.write_way(partition, wanted)?;
        match self.is_complete(partition, wanted)? {
            false => {
                // A: the way to the new replicas.
                self.raise_epoch(partition, wanted)?;
                for broker in &wanted.adding {
                    let replica = Replica { broker: *broker, partition: partition.clone() };
                    self.change_replicas(&[replica], ReplicaState::New)?;
                }
                Ok(())
            }
            true => self.finish_reassignment(partition, wanted),
        }
    }

    /// U: the replicas on the way, in the tree and in memory (`updateCurrentReassignment`).
    fn write_way(&mut self, partition: &TopicPartition, wanted: &Assignment) -> Step<()> {
        let present = self.context.assignment(partition);
        if present != *wanted {
            self.write_assignment(partition, wanted)?;
            self.context.partition_mut(partition).assignment = wanted.clone();
            self.tell(ControllerEvent::ReassignmentStarted {
                partition: partition.clone(),
                adding: wanted.adding.clone(),
                removing: wanted.removing.clone(),
            });
            let unneeded: Vec<NodeId> = present
                .replicas
                .iter()
                .copied()
                .filter(|id| !wanted.replicas.contains(id))
                .collect();
            self.stop_replicas(partition, &unneeded)?;
        }
        self.context.reassigning.insert(partition.clone());
        Ok(())
    }

    /// Whether all replicas wanted are in sync (`isReassignmentComplete`).
    fn is_complete(&mut self, partition: &TopicPartition, wanted: &Assignment) -> Step<bool> {
        if !wanted.is_reassigning() {
            return Ok(true);
        }
        let watch = !self.settings.alter_partition;
        let state = self.states(std::slice::from_ref(partition), watch)?.pop().flatten();
        let target = wanted.target();
        Ok(state.is_some_and(|(_, state)| target.iter().all(|id| state.isr.contains(id))))
    }

    /// B: new replicas are in sync.
    fn finish_reassignment(&mut self, partition: &TopicPartition, wanted: &Assignment) -> Step<()> {
        let of = |broker: &NodeId| Replica { broker: *broker, partition: partition.clone() };
        let added: Vec<Replica> = wanted.adding.iter().map(of).collect();
        self.change_replicas(&added, ReplicaState::Online)?;
        let done = Assignment::of(wanted.target());
        self.context.partition_mut(partition).assignment = done.clone();
        self.move_leader(partition, &done)?;
        self.stop_replicas(partition, &wanted.removing)?;
        self.write_assignment(partition, &done)?;
        self.context.reassigning.remove(partition);
        self.withdraw_wishes(|one, replicas| one == partition && *replicas == done.replicas)?;
        self.tell(ControllerEvent::ReassignmentDone {
            partition: partition.clone(),
            replicas: done.replicas,
        });
        let everybody = self.context.live_or_shutting_down();
        self.send_metadata(&everybody, std::slice::from_ref(partition));
        self.resume_deletions_of(&BTreeSet::from([partition.topic.clone()]))
    }

    /// B3: a leader among the new replicas, and the new list to all (`moveReassignedPartitionLeaderIfRequired`).
    fn move_leader(&mut self, partition: &TopicPartition, done: &Assignment) -> Step<()> {
        match self.context.leader(partition) {
            Some(leader) if done.replicas.contains(&leader) && self.context.is_live(leader) => {
                self.raise_epoch(partition, done)
            }
            _ => {
                let one = std::slice::from_ref(partition);
                self.change_partitions(one, PartitionState::Online, Strategy::Reassign).map(|_| ())
            }
        }
    }

    /// Replicas go: out of the ISR, then from the disk (`stopRemovedReplicasOfReassignedPartition`). Nobody waits for
    /// the answers.
    fn stop_replicas(&mut self, partition: &TopicPartition, brokers: &[NodeId]) -> Step<()> {
        let of = |broker: &NodeId| Replica { broker: *broker, partition: partition.clone() };
        let replicas: Vec<Replica> = brokers.iter().map(of).collect();
        for state in [
            ReplicaState::Offline,
            ReplicaState::DeletionStarted,
            ReplicaState::DeletionSuccessful,
            ReplicaState::NonExistent,
        ] {
            self.change_replicas(&replicas, state)?;
        }
        Ok(())
    }

    /// The same leader and ISR in a new epoch, so that the leader takes the new list of replicas
    /// (`updateLeaderEpochAndSendRequest`).
    fn raise_epoch(&mut self, partition: &TopicPartition, assignment: &Assignment) -> Step<()> {
        let state: LeaderAndIsr = loop {
            let present = self.present_states(std::slice::from_ref(partition))?.pop();
            let Some((_, Ok(state))) = present else {
                return Err(Stop::Failed(format!("{partition} has no state, or a newer one")));
            };
            let next = state.next(state.leader, state.isr.clone());
            match self.update_states(vec![(partition.clone(), next)])?.finished.pop() {
                Some((_, Ok(state))) => break state,
                Some((_, Err(why))) => return Err(Stop::Failed(why)),
                None => self.tell(ControllerEvent::Retried { partitions: 1 }),
            }
        };
        let leadership = (self.context.epoch, state);
        self.context.partition_mut(partition).leadership = Some(leadership.clone());
        self.new_batch();
        self.order_leader_and_isr(&assignment.origin(), partition, &leadership, assignment, false);
        self.order_leader_and_isr(&assignment.adding, partition, &leadership, assignment, true);
        self.send_orders();
        Ok(())
    }

    /// Takes wishes out of `/admin/reassign_partitions` (`maybeRemoveFromZkReassignment`).
    fn withdraw_wishes(
        &mut self,
        withdrawn: impl Fn(&TopicPartition, &Vec<NodeId>) -> bool,
    ) -> Step<()> {
        let Some((data, _)) = self.data(znodes::REASSIGN_PARTITIONS, true)? else { return Ok(()) };
        let mut wanted: BTreeMap<TopicPartition, Vec<NodeId>> =
            znodes::read_reassignment(&data).unwrap_or_default();
        wanted.retain(|partition, replicas| !withdrawn(partition, replicas));
        if wanted.is_empty() {
            self.delete(vec![znodes::REASSIGN_PARTITIONS.into()])?;
            self.effects.push(Effect::Later(Work::ZooKeeperReassignment)); // sets the watch again
            return Ok(());
        }
        let (path, data) = (znodes::REASSIGN_PARTITIONS, znodes::reassignment(&wanted));
        let set =
            ZooKeeperOperation::SetData { path: path.into(), data: data.clone(), version: None };
        if let Some(Err(ZooKeeperError::NoNode)) = self.write(vec![set])?.pop() {
            let mode = CreateMode::Persistent;
            self.write(vec![ZooKeeperOperation::Create { path: path.into(), data, mode }])?;
        }
        Ok(())
    }

    /// An ISR changed: perhaps that was what a reassignment waited for (`maybeCompleteReassignment`).
    pub fn complete_reassignment_if_due(&mut self, partition: &TopicPartition) -> Step<()> {
        if !self.context.reassigning.contains(partition) {
            return Ok(());
        }
        let assignment = self.context.assignment(partition);
        match self.is_complete(partition, &assignment)? {
            true => self.reassign_one(partition, &assignment),
            false => Ok(()),
        }
    }

    /// Takes up those reassignments that a returned broker may bring forward (`maybeResumeReassignments`).
    pub fn resume_reassignments(&mut self, due: impl Fn(&Assignment) -> bool) {
        let mut todo = Vec::new();
        for partition in &self.context.reassigning {
            let assignment = self.context.assignment(partition);
            if due(&assignment) {
                todo.push((partition.clone(), assignment));
            }
        }
        if !todo.is_empty() {
            let done = Vec::new();
            self.effects.push(Effect::Next(Work::Reassign { todo, done, answer_to: None }));
        }
    }
}
