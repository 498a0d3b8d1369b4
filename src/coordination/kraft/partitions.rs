//! Leaders and ISRs: what follows from a broker's coming and going, and what brokers and administrators ask for
//! (`ReplicationControlManager`).
//!
//! Always: every change goes through [`PartitionChangeBuilder`]; a leader's proposal must build on the registration
//! that the controller has (leader epoch and partition epoch), and may name active brokers only.

use super::change::{ElectionType, PartitionChangeBuilder};
use super::controller::{Controller, MAX_RECORDS, Motive, Out};
use super::image::PartitionRegistration;
use super::record::*;
use crate::clock::Instant;
use crate::coordination::{ElectionReason, Event};
use crate::disk::Disk;
use crate::protocol::{
    AlterPartition, AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse,
    AlterPartitionRequest, AlterPartitionResponse, AlterPartitionResult, ElectLeadersRequest,
    ElectLeadersResponse, ErrorCode, Timer,
};
use crate::storage::StorageError;
use crate::types::{
    BrokerEpoch, LeaderEpoch, NodeId, PartitionEpoch, TopicName, TopicPartition, Uuid,
};

/// An error and a sentence, as the administrator gets it.
pub(super) type Refusal = (ErrorCode, String);

impl Controller {
    /// `eligible.leader.replicas.version` is on.
    fn elr_enabled(&self) -> bool {
        self.state()
            .features
            .get("eligible.leader.replicas.version")
            .is_some_and(|&level| level > 0)
    }

    /// `min.insync.replicas` of the topic, at most its replication factor (`getTopicEffectiveMinIsr`).
    fn effective_min_isr(&self, topic: &TopicName) -> usize {
        let configured = self.state().topic_config(topic, "min.insync.replicas");
        let min = configured
            .and_then(|value| value.parse().ok())
            .unwrap_or(self.config.min_insync_replicas as usize);
        let first = self.state().topics.get(topic).and_then(|topic| topic.partitions.first());
        first.map_or(min, |partition| min.min(partition.replicas.len()))
    }

    fn unclean_allowed(&self, topic: &TopicName) -> bool {
        match self.state().topic_config(topic, "unclean.leader.election.enable") {
            Some(value) => value == "true",
            None => self.config.unclean_leader_election_enable,
        }
    }

    fn election_for(&self, topic: &TopicName) -> ElectionType {
        if self.unclean_allowed(topic) { ElectionType::Unclean } else { ElectionType::Online }
    }

    /// A builder for one partition with everything that follows from the topic.
    fn builder<'a>(
        &'a self,
        partition: &TopicPartition,
        registration: &'a PartitionRegistration,
        is_acceptable: impl Fn(NodeId) -> bool + 'a,
    ) -> PartitionChangeBuilder<'a> {
        let topic = self.state().topics.get(&partition.topic).map_or(Uuid::ZERO, |topic| topic.id);
        let min_isr = self.effective_min_isr(&partition.topic);
        let number = partition.partition;
        PartitionChangeBuilder::new(registration, topic, number, is_acceptable, min_isr)
            .elr_enabled(self.elr_enabled())
            .directory_of(|node| self.directory_of(node))
    }

    /// Where a broker puts a new replica: into its log directory.
    pub(super) fn directory_of(&self, node: NodeId) -> Uuid {
        self.state().brokers.get(&node).map_or(Uuid::ZERO, |broker| broker.log_directory)
    }

    /// Changes of leaders and ISRs when a broker leaves, returns, or came back after an unclean shutdown
    /// (`generateLeaderAndIsrUpdates`).
    pub(super) fn leader_and_isr_updates(
        &self,
        to_remove: Option<NodeId>,
        to_add: Option<NodeId>,
        unclean_shutdown: Option<NodeId>,
        records: &mut Vec<MetadataRecord>,
    ) {
        let is_acceptable = |node: NodeId| {
            let gone = Some(node) == to_remove || Some(node) == unclean_shutdown;
            !gone && (Some(node) == to_add || self.state().is_active(node))
        };
        for (partition, registration) in self.state().partitions() {
            let concerned = match (to_remove, unclean_shutdown) {
                (Some(node), _) => registration.isr.contains(&node),
                (None, Some(node)) => {
                    registration.isr.contains(&node) || registration.elr.contains(&node)
                }
                (None, None) => registration.leader.is_none(),
            };
            if !concerned {
                continue;
            }
            let stays = |node: &NodeId| Some(*node) != to_remove && Some(*node) != unclean_shutdown;
            let isr = registration.isr.iter().copied().filter(stays).collect();
            let change = self
                .builder(&partition, registration, is_acceptable)
                .election(self.election_for(&partition.topic))
                .unclean_shutdown(unclean_shutdown.into_iter().collect())
                .target_isr(isr)
                .build();
            records.extend(change.map(MetadataRecord::PartitionChange));
        }
    }

    pub(super) fn alter_partition(
        &mut self,
        now: Instant,
        request: AlterPartitionRequest,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<AlterPartitionResponse, StorageError> {
        let from = request.broker;
        let error = self.check_broker_epoch(from, request.broker_epoch);
        if !error.is_none() {
            let about =
                format!("the registration with epoch {} is not valid", request.broker_epoch);
            out.events.push(Event::RequestRefused {
                from,
                request: "AlterPartition",
                error,
                about,
            });
            return Ok(AlterPartitionResponse { error, partitions: Vec::new() });
        }
        let mut records = Vec::new();
        let mut partitions = Vec::new();
        for proposal in &request.partitions {
            let result =
                self.propose(from, proposal, &mut records).unwrap_or_else(|(error, about)| {
                    let about = format!("{}: {about}", proposal.partition);
                    out.events.push(Event::RequestRefused {
                        from,
                        request: "AlterPartition",
                        error,
                        about,
                    });
                    refused(proposal, error)
                });
            partitions.push(result);
        }
        let motive = Motive { by: from, reason: ElectionReason::IsrChange };
        self.write(now, records, motive, disk, out)?;
        Ok(AlterPartitionResponse { error: ErrorCode::NONE, partitions })
    }

    fn propose(
        &self,
        from: NodeId,
        proposal: &AlterPartition,
        records: &mut Vec<MetadataRecord>,
    ) -> Result<AlterPartitionResult, Refusal> {
        let Some(registration) = self.state().partition(&proposal.partition) else {
            return Err((ErrorCode::UNKNOWN_TOPIC_ID, "there is no such partition".to_owned()));
        };
        self.validate(from, proposal, registration)?;
        let isr = proposal.new_isr.iter().map(|&(node, _)| node).collect();
        let change = self
            .builder(&proposal.partition, registration, |node| self.state().is_active(node))
            .election(self.election_for(&proposal.partition.topic))
            .target_isr(isr)
            .target_recovering(proposal.recovering)
            .build();
        let after = match &change {
            Some(change) => registration.merge(change),
            None => registration.clone(),
        };
        let taken_away = change.as_ref().and_then(|c| c.leader).is_some_and(|to| to != Some(from));
        records.extend(change.map(MetadataRecord::PartitionChange));
        if taken_away {
            // The ISR change completed a reassignment and with it the leader changed: written, and answered so.
            return Ok(refused(proposal, ErrorCode::NEW_LEADER_ELECTED));
        }
        Ok(AlterPartitionResult {
            partition: proposal.partition.clone(),
            error: ErrorCode::NONE,
            leader: after.leader,
            leader_epoch: after.leader_epoch,
            isr: after.isr,
            partition_epoch: after.partition_epoch,
            recovering: after.recovering,
        })
    }

    /// `validateAlterPartitionData`, in Kafka's order.
    fn validate(
        &self,
        from: NodeId,
        proposal: &AlterPartition,
        current: &PartitionRegistration,
    ) -> Result<(), Refusal> {
        let refuse = |error, about: String| Err((error, about));
        if proposal.leader_epoch > current.leader_epoch
            || proposal.partition_epoch > current.partition_epoch
        {
            let about = "the proposal is newer than what this controller knows".to_owned();
            return refuse(ErrorCode::NOT_CONTROLLER, about);
        }
        if proposal.leader_epoch < current.leader_epoch {
            let (new, old) = (current.leader_epoch, proposal.leader_epoch);
            return refuse(
                ErrorCode::FENCED_LEADER_EPOCH,
                format!("the leader epoch is {new}, not {old}"),
            );
        }
        if current.leader != Some(from) {
            let about = format!("the leader is {}", leader(current.leader));
            return refuse(ErrorCode::INVALID_REQUEST, about);
        }
        if proposal.partition_epoch < current.partition_epoch {
            let (new, old) = (current.partition_epoch, proposal.partition_epoch);
            let about = format!("the partition epoch is {new}, not {old}");
            return refuse(ErrorCode::INVALID_UPDATE_VERSION, about);
        }
        let isr: Vec<NodeId> = proposal.new_isr.iter().map(|&(node, _)| node).collect();
        let repeated = isr.iter().enumerate().any(|(at, node)| isr[..at].contains(node));
        if isr.is_empty() || repeated || !isr.iter().all(|node| current.replicas.contains(node)) {
            let about = format!("{} is no ISR of replicas {}", list(&isr), list(&current.replicas));
            return refuse(ErrorCode::INVALID_REQUEST, about);
        }
        if !isr.contains(&from) {
            let about = format!("the ISR {} lacks the leader", list(&isr));
            return refuse(ErrorCode::INVALID_REQUEST, about);
        }
        if proposal.recovering && (isr.len() > 1 || !current.recovering) {
            let about =
                "a recovering leader is alone, and a recovered one stays recovered".to_owned();
            return refuse(ErrorCode::INVALID_REQUEST, about);
        }
        for &(node, epoch) in &proposal.new_isr {
            if let Some(why) = self.ineligible(node, epoch) {
                return refuse(ErrorCode::INELIGIBLE_REPLICA, format!("broker {node} is {why}"));
            }
        }
        Ok(())
    }

    fn ineligible(&self, node: NodeId, epoch: BrokerEpoch) -> Option<&'static str> {
        match self.state().brokers.get(&node) {
            None => Some("not registered"),
            Some(broker) if broker.in_controlled_shutdown => Some("shutting down"),
            Some(broker) if broker.fenced => Some("fenced"),
            Some(broker) if epoch.0 != -1 && epoch != broker.epoch => Some("registered anew"),
            Some(_) => None,
        }
    }

    pub(super) fn elect_leaders(
        &mut self,
        now: Instant,
        from: NodeId,
        request: ElectLeadersRequest,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<ElectLeadersResponse, StorageError> {
        let all = request.partitions.is_none();
        let wanted = request
            .partitions
            .unwrap_or_else(|| self.state().partitions().map(|(partition, _)| partition).collect());
        let mut records = Vec::new();
        let mut partitions = Vec::new();
        for partition in wanted {
            match self.elect_leader(&partition, request.unclean) {
                Ok(change) if records.len() < MAX_RECORDS => {
                    records.push(MetadataRecord::PartitionChange(change));
                    partitions.push((partition, ErrorCode::NONE, String::new()));
                }
                Ok(_) => {
                    let about = "too many elections in one request".to_owned();
                    partitions.push((partition, ErrorCode::POLICY_VIOLATION, about));
                }
                // Of all partitions only those are answered for that lack the right leader.
                Err((ErrorCode::ELECTION_NOT_NEEDED, _)) if all => {}
                Err((error, about)) => {
                    self.tell_refusal(from, "ElectLeaders", error, &partition, &about, out);
                    partitions.push((partition, error, about));
                }
            }
        }
        let motive = Motive { by: self.id, reason: ElectionReason::Asked };
        self.write(now, records, motive, disk, out)?;
        Ok(ElectLeadersResponse { partitions })
    }

    fn tell_refusal(
        &self,
        from: NodeId,
        request: &'static str,
        error: ErrorCode,
        partition: &TopicPartition,
        about: &str,
        out: &mut Out,
    ) {
        let about = format!("{partition}: {about}");
        out.events.push(Event::RequestRefused { from, request, error, about });
    }

    fn elect_leader(
        &self,
        partition: &TopicPartition,
        unclean: bool,
    ) -> Result<PartitionChange, Refusal> {
        let Some(registration) = self.state().partition(partition) else {
            let about = match self.state().topics.contains_key(&partition.topic) {
                true => format!("No such partition as {partition}"),
                false => format!("No such topic as {}", partition.topic),
            };
            return Err((ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, about));
        };
        let needed = match unclean {
            true => registration.leader.is_none(),
            false => registration.leader != registration.preferred_leader(),
        };
        let sentence = |error: ErrorCode| (error, error.sentence().to_owned());
        if !needed {
            return Err(sentence(ErrorCode::ELECTION_NOT_NEEDED));
        }
        let election = if unclean { ElectionType::Unclean } else { ElectionType::Preferred };
        self.builder(partition, registration, |node| self.state().is_active(node))
            .election(election)
            .build()
            .ok_or_else(|| {
                sentence(match unclean {
                    true => ErrorCode::ELIGIBLE_LEADERS_NOT_AVAILABLE,
                    false => ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE,
                })
            })
    }

    /// Leaders back to their preferred replicas, and leaders for partitions without one where an unclean election is
    /// allowed (`maybeBalancePartitionLeaders`, `maybeElectUncleanLeaders`).
    pub(super) fn balance(
        &mut self,
        now: Instant,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), StorageError> {
        const MAX_ELECTIONS: usize = 1_000; // ReplicationControlManager.MAX_ELECTIONS_PER_IMBALANCE
        let imbalanced: Vec<TopicPartition> = self
            .image
            .partitions()
            .filter(|(_, p)| p.leader.is_some() && p.leader != p.preferred_leader())
            .filter(|_| self.config.auto_leader_rebalance_enable)
            .map(|(partition, _)| partition)
            .collect();
        let elected = imbalanced.iter().filter_map(|p| self.elect_leader(p, false).ok());
        let records = elected.take(MAX_ELECTIONS).map(MetadataRecord::PartitionChange).collect();
        self.write(
            now,
            records,
            Motive { by: self.id, reason: ElectionReason::Balance },
            disk,
            out,
        )?;
        let leaderless: Vec<TopicPartition> = self
            .image
            .partitions()
            .filter(|(partition, p)| p.leader.is_none() && self.unclean_allowed(&partition.topic))
            .map(|(partition, _)| partition)
            .collect();
        let elected = leaderless.iter().filter_map(|p| self.elect_leader(p, true).ok());
        let records = elected.take(MAX_ELECTIONS).map(MetadataRecord::PartitionChange).collect();
        self.write(
            now,
            records,
            Motive { by: self.id, reason: ElectionReason::Unclean },
            disk,
            out,
        )?;
        out.set(Timer::LeaderBalance, now + self.config.leader_imbalance_check_interval);
        Ok(())
    }

    pub(super) fn alter_reassignments(
        &mut self,
        now: Instant,
        from: NodeId,
        request: AlterPartitionReassignmentsRequest,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<AlterPartitionReassignmentsResponse, StorageError> {
        let mut records = Vec::new();
        let mut partitions = Vec::new();
        for (partition, target) in request.partitions.into_iter().take(MAX_RECORDS) {
            match self.reassign(&partition, target.as_deref()) {
                Ok(change) => {
                    records.extend(change.map(MetadataRecord::PartitionChange));
                    partitions.push((partition, ErrorCode::NONE, String::new()));
                }
                Err((error, about)) => {
                    let request = "AlterPartitionReassignments";
                    self.tell_refusal(from, request, error, &partition, &about, out);
                    partitions.push((partition, error, about));
                }
            }
        }
        let motive = Motive { by: self.id, reason: ElectionReason::Reassignment };
        self.write(now, records, motive, disk, out)?;
        Ok(AlterPartitionReassignmentsResponse { partitions })
    }

    fn reassign(
        &self,
        partition: &TopicPartition,
        target: Option<&[NodeId]>,
    ) -> Result<Option<PartitionChange>, Refusal> {
        let Some(current) = self.state().partition(partition) else {
            let about =
                format!("Unable to find partition {}:{}.", partition.topic, partition.partition);
            return Err((ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, about));
        };
        let builder = self.builder(partition, current, |node| self.state().is_active(node));
        if let Some(target) = target {
            self.validate_manual(target, None)?;
            return Ok(builder.reassign_to(target).build());
        }
        if !current.is_reassigning() {
            let error = ErrorCode::NO_REASSIGNMENT_IN_PROGRESS;
            return Err((error, error.sentence().to_owned()));
        }
        // Back to before: without what was being added (`PartitionReassignmentRevert`).
        let without = |nodes: &[NodeId]| -> Vec<NodeId> {
            nodes.iter().copied().filter(|node| !current.adding.contains(node)).collect()
        };
        let (replicas, mut isr) = (without(&current.replicas), without(&current.isr));
        if isr.is_empty() {
            if !self.unclean_allowed(&partition.topic) {
                let about = format!(
                    "Unable to revert partition assignment for {}:{} because it would require an unclean leader election.",
                    partition.topic, partition.partition
                );
                return Err((ErrorCode::INVALID_REPLICA_ASSIGNMENT, about));
            }
            isr.extend(replicas.first());
        }
        let builder = builder.election(self.election_for(&partition.topic));
        Ok(builder.target_isr(isr).target_replicas(replicas, Vec::new(), Vec::new()).build())
    }
}

fn refused(proposal: &AlterPartition, error: ErrorCode) -> AlterPartitionResult {
    AlterPartitionResult {
        partition: proposal.partition.clone(),
        error,
        leader: None,
        leader_epoch: LeaderEpoch::NONE,
        isr: Vec::new(),
        partition_epoch: PartitionEpoch(-1),
        recovering: false,
    }
}
