//! What brokers and people ask of the controller: other leaders, a controlled shutdown, another ISR
//! (`processReplicaLeaderElection`, `doControlledShutdown`, `tryProcessAlterPartition`), and the automatic balance.
//!
//! ```text
//!   ElectLeaders        preferred or unclean; before 2.2 by /admin/preferred_replica_election
//!   ControlledShutdown  leaders move away, followers leave their ISRs; the answer names what stays
//!   AlterPartition      since 2.7: the leader's wish, written over the version that it knows
//! ```
//!
//! Always: who is not controller says so; the answer leaves after the write that it tells of.

use super::super::znodes;
use super::context::{PartitionState, Replica, ReplicaState};
use super::election::{LeaderAndIsr, Strategy};
use super::partitions::Elected;
use super::run::{Effect, Run, Step, Work};
use crate::coordination::{ElectionReason, Event};
use crate::protocol::{
    AlterPartition, AlterPartitionRequest, AlterPartitionResponse, AlterPartitionResult,
    ControlledShutdownRequest, ControlledShutdownResponse, ElectLeadersRequest,
    ElectLeadersResponse, ErrorCode, Timer,
};
use crate::types::{BrokerEpoch, LeaderEpoch, NodeId, PartitionEpoch, TopicPartition};
use std::collections::BTreeMap;

impl Run<'_> {
    /// Chooses leaders as asked.
    pub fn elect_as_asked(&mut self, request: &ElectLeadersRequest) -> Step<ElectLeadersResponse> {
        let all = request.partitions.is_none();
        let asked = request
            .partitions
            .clone()
            .unwrap_or_else(|| self.context.partitions().map(|(partition, _)| partition).collect());
        let (mut partitions, mut electable) = (Vec::new(), Vec::new());
        for partition in asked {
            let known = self.context.partition(&partition).and_then(|one| one.leadership.as_ref());
            let refused = match known {
                None => {
                    Some((ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, "The partition does not exist."))
                }
                Some(_) if self.context.is_to_be_deleted(&partition.topic) => {
                    Some((ErrorCode::INVALID_TOPIC_EXCEPTION, "The topic is being deleted"))
                }
                Some((_, state)) => {
                    let needed = match request.unclean {
                        true => !state.leader.is_some_and(|id| self.context.is_live(id)),
                        false => state.leader != self.preferred(&partition),
                    };
                    (!needed).then_some((ErrorCode::ELECTION_NOT_NEEDED, ""))
                }
            };
            match refused {
                Some((ErrorCode::ELECTION_NOT_NEEDED, _)) if all => {}
                Some((error, why)) => partitions.push((partition, error, why.to_owned())),
                None => electable.push(partition),
            }
        }
        let strategy = match request.unclean {
            true => Strategy::Offline { allow_unclean: true },
            false => Strategy::Preferred,
        };
        self.reason = ElectionReason::Asked;
        let elected = self.change_partitions(&electable, PartitionState::Online, strategy)?;
        let refusal = match request.unclean {
            true => ErrorCode::ELIGIBLE_LEADERS_NOT_AVAILABLE,
            false => ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE,
        };
        for (partition, result) in elected {
            partitions.push(match result {
                Ok(_) => (partition, ErrorCode::NONE, String::new()),
                Err(why) => (partition, refusal, why),
            });
        }
        partitions.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(ElectLeadersResponse { partitions })
    }

    fn preferred(&self, partition: &TopicPartition) -> Option<NodeId> {
        self.context.partition(partition)?.assignment.replicas.first().copied()
    }

    /// `/admin/preferred_replica_election` was created, or may be there.
    pub fn zookeeper_election(&mut self) -> Step<()> {
        if !self.exists(znodes::PREFERRED_REPLICA_ELECTION, true)? {
            return Ok(());
        }
        let data = self.data(znodes::PREFERRED_REPLICA_ELECTION, true)?;
        let wanted = data.and_then(|(data, _)| znodes::read_partition_list(&data));
        let electable: Vec<TopicPartition> = wanted
            .unwrap_or_default()
            .into_iter()
            .filter(|partition| {
                self.context.leadership(partition).is_some_and(|(_, state)| {
                    let needed = state.leader != self.preferred(partition);
                    (needed || self.settings.rules.elects_again)
                        && !self.context.is_to_be_deleted(&partition.topic)
                })
            })
            .collect();
        self.reason = ElectionReason::Asked;
        self.change_partitions(&electable, PartitionState::Online, Strategy::Preferred)?;
        self.delete(vec![znodes::PREFERRED_REPLICA_ELECTION.into()])?;
        self.effects.push(Effect::Later(Work::ZooKeeperElection)); // sets the watch again
        Ok(())
    }

    /// Moves leadership back where too much of it is elsewhere (`checkAndTriggerAutoLeaderRebalance`).
    pub fn balance(&mut self) -> Step<()> {
        let again = self.settings.leader_imbalance_check_interval;
        self.effects.push(Effect::Timer(Timer::LeaderBalance, Some(again)));
        let mut by_broker: BTreeMap<NodeId, (usize, Vec<TopicPartition>)> = BTreeMap::new();
        for (partition, one) in self.context.partitions() {
            let Some(&preferred) = one.assignment.replicas.first() else { continue };
            if self.context.is_to_be_deleted(&partition.topic) {
                continue;
            }
            let entry = by_broker.entry(preferred).or_default();
            entry.0 += 1;
            if one.leadership.as_ref().is_some_and(|(_, state)| state.leader != Some(preferred)) {
                entry.1.push(partition);
            }
        }
        let percentage = self.settings.leader_imbalance_per_broker_percentage as usize;
        self.reason = ElectionReason::Balance;
        for (preferred, (count, elsewhere)) in by_broker {
            if elsewhere.len() * 100 <= count * percentage {
                continue;
            }
            let able = |partition: &TopicPartition| {
                let state = self.context.leadership(partition);
                state.is_some_and(|(_, state)| state.isr.contains(&preferred))
                    && self.context.is_live(preferred)
            };
            let candidates: Vec<TopicPartition> = elsewhere.into_iter().filter(able).collect();
            self.change_partitions(&candidates, PartitionState::Online, Strategy::Preferred)?;
        }
        Ok(())
    }

    /// A broker wants to stop.
    pub fn controlled_shutdown(
        &mut self,
        request: &ControlledShutdownRequest,
    ) -> Step<ControlledShutdownResponse> {
        let id = request.broker;
        let refuse = |error| Ok(ControlledShutdownResponse { error, remaining: Vec::new() });
        let Some(known) = self.context.live.get(&id) else {
            return refuse(ErrorCode::BROKER_NOT_AVAILABLE);
        };
        if request.broker_epoch != BrokerEpoch(-1) && request.broker_epoch < known.epoch {
            return refuse(ErrorCode::STALE_BROKER_EPOCH);
        }
        self.reason = ElectionReason::ControlledShutdown;
        self.effects.push(Effect::Event(Event::ControlledShutdownStarted { broker: id }));
        self.context.shutting_down.insert(id);
        let concerned = self.context.partitions().filter(|(partition, one)| {
            one.assignment.replicas.len() > 1
                && one.assignment.replicas.contains(&id)
                && one.leadership.is_some()
                && !self.context.is_to_be_deleted(&partition.topic)
        });
        let concerned: Vec<TopicPartition> = concerned.map(|(partition, _)| partition).collect();
        let (led, followed): (Vec<TopicPartition>, Vec<TopicPartition>) =
            concerned.into_iter().partition(|one| self.context.leader(one) == Some(id));
        let strategy = Strategy::ControlledShutdown;
        let _: Elected = self.change_partitions(&led, PartitionState::Online, strategy)?;
        self.new_batch();
        for partition in &followed {
            self.order_stop(id, partition, false);
        }
        self.send_orders();
        let of = |partition: TopicPartition| Replica { broker: id, partition };
        let followers: Vec<Replica> = followed.into_iter().map(of).collect();
        self.change_replicas(&followers, ReplicaState::Offline)?;
        let still = self.context.partitions().filter(|(partition, one)| {
            one.assignment.replicas.len() > 1
                && one.leadership.as_ref().is_some_and(|(_, state)| state.leader == Some(id))
                && !self.context.is_to_be_deleted(&partition.topic)
        });
        let remaining = still.map(|(partition, _)| partition).collect();
        Ok(ControlledShutdownResponse { error: ErrorCode::NONE, remaining })
    }

    /// Leaders' wishes for other ISRs; those that came about.
    pub fn alter_isrs(
        &mut self,
        request: &AlterPartitionRequest,
    ) -> Step<(AlterPartitionResponse, Vec<TopicPartition>)> {
        let known = self.context.live.get(&request.broker).map(|live| live.epoch);
        if known != Some(request.broker_epoch) {
            let error = ErrorCode::STALE_BROKER_EPOCH;
            return Ok((AlterPartitionResponse { error, partitions: Vec::new() }, Vec::new()));
        }
        let mut results: BTreeMap<TopicPartition, Result<LeaderAndIsr, ErrorCode>> =
            BTreeMap::new();
        let (mut writes, mut before) = (Vec::new(), BTreeMap::new());
        for wish in &request.partitions {
            match self.judge(request.broker, wish) {
                Ok((state, true)) => {
                    before.insert(wish.partition.clone(), state);
                    writes.push((wish.partition.clone(), wished(request.broker, wish)));
                }
                Ok((state, false)) => drop(results.insert(wish.partition.clone(), Ok(state))),
                Err(error) => drop(results.insert(wish.partition.clone(), Err(error))),
            }
        }
        let written = self.update_states(writes)?;
        let mut changed = Vec::new();
        for (partition, result) in written.finished {
            if let (Ok(state), Some(before)) = (&result, before.get(&partition)) {
                self.effects.push(Effect::Event(Event::IsrChanged {
                    partition: partition.clone(),
                    before: before.isr.clone(),
                    after: state.isr.clone(),
                    by: Some(request.broker),
                }));
                changed.push(partition.clone());
            }
            results.insert(partition, result.map_err(|_| ErrorCode::UNKNOWN_SERVER_ERROR));
        }
        for partition in written.retry {
            results.insert(partition, Err(ErrorCode::INVALID_UPDATE_VERSION));
        }
        self.refresh_states(&changed)?;
        let everybody = self.context.live_or_shutting_down();
        let named: Vec<TopicPartition> = results.keys().cloned().collect();
        self.send_metadata(&everybody, &named);
        let answered = named.iter().filter(|one| results[one].is_ok()).cloned().collect();
        let partitions = results.into_iter().map(|(partition, result)| answer(partition, result));
        let error = ErrorCode::NONE;
        Ok((AlterPartitionResponse { error, partitions: partitions.collect() }, answered))
    }

    /// The present state and whether the wish changes it; or why it is refused.
    fn judge(
        &self,
        broker: NodeId,
        wish: &AlterPartition,
    ) -> Result<(LeaderAndIsr, bool), ErrorCode> {
        let known = self.context.leadership(&wish.partition);
        let (_, now) = known.ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        let isr: Vec<NodeId> = wish.new_isr.iter().map(|(id, _)| *id).collect();
        if wish.partition_epoch > now.partition_epoch || wish.leader_epoch > now.leader_epoch {
            Err(ErrorCode::NOT_CONTROLLER) // it knows more: this one is probably not controller any more
        } else if wish.leader_epoch < now.leader_epoch {
            Err(ErrorCode::FENCED_LEADER_EPOCH)
        } else if now.leader == Some(broker) && now.isr == isr && now.recovering == wish.recovering
        {
            Ok((now.clone(), false))
        } else if wish.partition_epoch < now.partition_epoch {
            Err(ErrorCode::INVALID_UPDATE_VERSION)
        } else if wish.recovering && (isr.len() > 1 || !now.recovering) {
            Err(ErrorCode::INVALID_REQUEST)
        } else if isr.iter().any(|id| !self.context.is_live(*id)) {
            Err(ErrorCode::INELIGIBLE_REPLICA) // KIP-841
        } else {
            Ok((now.clone(), true))
        }
    }
}

fn wished(broker: NodeId, wish: &AlterPartition) -> LeaderAndIsr {
    LeaderAndIsr {
        leader: Some(broker),
        leader_epoch: wish.leader_epoch,
        isr: wish.new_isr.iter().map(|(id, _)| *id).collect(),
        recovering: wish.recovering,
        partition_epoch: wish.partition_epoch,
    }
}

fn answer(
    partition: TopicPartition,
    result: Result<LeaderAndIsr, ErrorCode>,
) -> AlterPartitionResult {
    match result {
        Ok(state) => AlterPartitionResult {
            partition,
            error: ErrorCode::NONE,
            leader: state.leader,
            leader_epoch: state.leader_epoch,
            isr: state.isr,
            partition_epoch: state.partition_epoch,
            recovering: state.recovering,
        },
        Err(error) => AlterPartitionResult {
            partition,
            error,
            leader: None,
            leader_epoch: LeaderEpoch(0),
            isr: Vec::new(),
            partition_epoch: PartitionEpoch(0),
            recovering: false,
        },
    }
}
