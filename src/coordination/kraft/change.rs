//! How the controller changes one partition: leader, ISR, eligible leader replicas, reassignment
//! (`PartitionChangeBuilder`, `PartitionReassignmentReplicas`; KIP-631, KIP-704, KIP-966).
//!
//! ```text
//!   wanted ISR ─▶ 1 finish a reassignment ─▶ 2 who is eligible (ELR)? ─▶ 3 elect ─▶ 4 epochs ─▶ PartitionChange
//! ```
//!
//! The election is a list of named steps; the leader is its last one. Always: a leader that may stay stays; a replica
//! outside ISR and ELR leads only after an unclean election, which leaves it alone in the ISR and marks the partition
//! as recovering. A smaller ISR alone does not raise the leader epoch (since 3.6, KAFKA-15021).

use super::image::PartitionRegistration;
use super::record::PartitionChange;
use crate::types::{NodeId, Uuid};
use std::collections::BTreeSet;

/// What kind of leader is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElectionType {
    /// Any replica of the ISR, the present leader first.
    Online,
    /// The first replica, if it may lead.
    Preferred,
    /// Like online, but in need any replica that is alive.
    Unclean,
}

/// One step of an election.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElectionStep {
    /// A replica was looked at and may not lead.
    Refused {
        /// Which.
        replica: NodeId,
        /// Whether it is in the ISR, or eligible while the ISR is empty.
        in_sync: bool,
        /// Whether it is alive.
        alive: bool,
    },
    /// This replica leads.
    Elected {
        /// Which.
        leader: NodeId,
        /// Whether committed records may be lost.
        unclean: bool,
    },
    /// Nobody may lead.
    NoLeader,
}

/// A change of one partition in the making.
pub struct PartitionChangeBuilder<'a> {
    partition: &'a PartitionRegistration,
    topic: Uuid,
    number: u32,
    is_acceptable: Box<dyn Fn(NodeId) -> bool + 'a>,
    directory_of: Box<dyn Fn(NodeId) -> Uuid + 'a>,
    min_isr: usize,
    election: ElectionType,
    elr_enabled: bool,
    last_known_leader_recovery: bool,
    unclean_shutdown: Vec<NodeId>,
    isr: Vec<NodeId>,
    replicas: Vec<NodeId>,
    removing: Vec<NodeId>,
    adding: Vec<NodeId>,
    elr: Vec<NodeId>,
    last_known_elr: Vec<NodeId>,
    recovering: bool,
}

impl<'a> PartitionChangeBuilder<'a> {
    /// A change of `partition`; `is_acceptable` says who is alive, `min_isr` is the effective `min.insync.replicas`.
    pub fn new(
        partition: &'a PartitionRegistration,
        topic: Uuid,
        number: u32,
        is_acceptable: impl Fn(NodeId) -> bool + 'a,
        min_isr: usize,
    ) -> PartitionChangeBuilder<'a> {
        PartitionChangeBuilder {
            partition,
            topic,
            number,
            is_acceptable: Box::new(is_acceptable),
            directory_of: Box::new(|_| Uuid::ZERO),
            min_isr,
            election: ElectionType::Online,
            elr_enabled: false,
            last_known_leader_recovery: true,
            unclean_shutdown: Vec::new(),
            isr: partition.isr.clone(),
            replicas: partition.replicas.clone(),
            removing: partition.removing.clone(),
            adding: partition.adding.clone(),
            elr: partition.elr.clone(),
            last_known_elr: partition.last_known_elr.clone(),
            recovering: partition.recovering,
        }
    }
    /// The kind of election.
    pub fn election(mut self, election: ElectionType) -> Self {
        self.election = election;
        self
    }
    /// Whether eligible leader replicas are kept (feature `eligible.leader.replicas.version`).
    pub fn elr_enabled(mut self, enabled: bool) -> Self {
        self.elr_enabled = enabled;
        self
    }
    /// Whether the last leader of a partition may be elected when ISR and ELR are empty.
    pub fn last_known_leader_recovery(mut self, enabled: bool) -> Self {
        self.last_known_leader_recovery = enabled;
        self
    }
    /// The ISR wanted.
    pub fn target_isr(mut self, isr: Vec<NodeId>) -> Self {
        self.isr = isr;
        self
    }
    /// The recovery state wanted.
    pub fn target_recovering(mut self, recovering: bool) -> Self {
        self.recovering = recovering;
        self
    }
    /// Replicas that came back after an unclean shutdown: they lose their eligibility.
    pub fn unclean_shutdown(mut self, replicas: Vec<NodeId>) -> Self {
        self.unclean_shutdown = replicas;
        self
    }
    /// Replicas, removing and adding ones wanted.
    pub fn target_replicas(
        mut self,
        replicas: Vec<NodeId>,
        removing: Vec<NodeId>,
        adding: Vec<NodeId>,
    ) -> Self {
        (self.replicas, self.removing, self.adding) = (replicas, removing, adding);
        self
    }
    /// Begins a reassignment to `target`: what is new is added, what is old stays until the new ones are in sync.
    pub fn reassign_to(self, target: &[NodeId]) -> Self {
        let current = &self.partition.replicas;
        let difference = |of: &[NodeId], without: &[NodeId]| -> Vec<NodeId> {
            let sorted: BTreeSet<NodeId> = of.iter().copied().collect();
            sorted.into_iter().filter(|node| !without.contains(node)).collect()
        };
        let removing = difference(current, target);
        let adding = difference(target, current);
        let replicas = target.iter().chain(&removing).copied().collect();
        // An empty list is not set: what an earlier reassignment wanted stays (`changePartitionReassignment`).
        let removing = if removing.is_empty() { self.removing.clone() } else { removing };
        let adding = if adding.is_empty() { self.adding.clone() } else { adding };
        self.target_replicas(replicas, removing, adding)
    }
    /// Which log directory a broker would use for a new replica.
    pub fn directory_of(mut self, directory_of: impl Fn(NodeId) -> Uuid + 'a) -> Self {
        self.directory_of = Box::new(directory_of);
        self
    }

    /// The steps of the election, as the targets stand now; the last one names the outcome.
    pub fn election_steps(&self) -> impl Iterator<Item = ElectionStep> {
        let mut steps = Vec::new();
        let outcome = self.elect(&mut steps);
        steps.push(match outcome {
            (Some(leader), unclean) => ElectionStep::Elected { leader, unclean },
            (None, _) => ElectionStep::NoLeader,
        });
        steps.into_iter()
    }

    /// Who leads, and whether that is unclean.
    pub fn elect_leader(&self) -> (Option<NodeId>, bool) {
        match self.election_steps().last() {
            Some(ElectionStep::Elected { leader, unclean }) => (Some(leader), unclean),
            _ => (None, false),
        }
    }

    fn elect(&self, steps: &mut Vec<ElectionStep>) -> (Option<NodeId>, bool) {
        let leader = self.partition.leader;
        let (first, rest) = match self.election {
            ElectionType::Preferred => (self.replicas.first().copied(), leader),
            ElectionType::Online | ElectionType::Unclean => (leader, None),
        };
        for candidate in first.into_iter().chain(rest).chain(self.replicas.iter().copied()) {
            if self.is_valid_leader(candidate) {
                return (Some(candidate), false);
            }
            let step = ElectionStep::Refused {
                replica: candidate,
                in_sync: self.is_in_sync(candidate),
                alive: (self.is_acceptable)(candidate),
            };
            if !steps.contains(&step) {
                steps.push(step);
            }
        }
        if let Some(last) = self.last_known_leader() {
            return (Some(last), true);
        }
        if self.election == ElectionType::Unclean {
            let any = self.replicas.iter().copied().find(|&replica| (self.is_acceptable)(replica));
            if any.is_some() {
                return (any, true);
            }
        }
        (None, false)
    }

    /// The last leader, when ISR and ELR are empty and it is known and alive.
    fn last_known_leader(&self) -> Option<NodeId> {
        let possible = self.elr_enabled
            && self.last_known_leader_recovery
            && self.elr.is_empty()
            && self.isr.is_empty();
        match self.partition.last_known_elr[..] {
            [last] if possible && (self.is_acceptable)(last) => Some(last),
            _ => None,
        }
    }

    fn is_in_sync(&self, replica: NodeId) -> bool {
        self.isr.contains(&replica) || (self.isr.is_empty() && self.elr.contains(&replica))
    }

    fn is_valid_leader(&self, replica: NodeId) -> bool {
        self.is_in_sync(replica) && (self.is_acceptable)(replica)
    }

    /// The change, or `None` when nothing would change.
    pub fn build(mut self) -> Option<PartitionChange> {
        let mut change = PartitionChange {
            partition: self.number,
            topic: self.topic,
            ..PartitionChange::default()
        };
        self.complete_reassignment();
        self.populate_elr();
        self.try_election(&mut change);
        // When a replica is taken away, naming the old leader again raises the leader epoch.
        let keeps_all = self.partition.replicas.iter().all(|r| self.replicas.contains(r));
        if change.leader.is_none() && !keeps_all {
            change.leader = Some(self.partition.leader);
        }
        self.update_elr(&mut change);
        let may_set_isr = !self.isr.is_empty() || self.elr_enabled;
        if change.isr.is_none() && may_set_isr && self.isr != self.partition.isr {
            change.isr = Some(self.isr.clone());
        }
        self.update_last_known_leader(&mut change);
        self.set_assignment(&mut change);
        if self.recovering != self.partition.recovering {
            change.recovering = Some(self.recovering);
        }
        (!change.is_no_op()).then_some(change)
    }

    /// When all that are added are in sync, those being removed go; when none is added, all that stay must be in sync
    /// (`maybeCompleteReassignment`, as 4.3.1 answers).
    fn complete_reassignment(&mut self) {
        if self.removing.is_empty() && self.adding.is_empty() {
            return;
        }
        let stays = |nodes: &[NodeId]| -> Vec<NodeId> {
            nodes.iter().copied().filter(|node| !self.removing.contains(node)).collect()
        };
        let (isr, replicas) = (stays(&self.isr), stays(&self.replicas));
        let emptied = !self.removing.is_empty() && (isr.is_empty() || replicas.is_empty());
        let awaited = if self.adding.is_empty() { &replicas } else { &self.adding };
        if emptied || !awaited.iter().all(|replica| isr.contains(replica)) {
            return;
        }
        (self.isr, self.replicas) = (isr, replicas);
        self.removing.clear();
        self.adding.clear();
    }

    /// Below `min.insync.replicas` whoever leaves the ISR stays eligible: nothing is committed without it (KIP-966).
    fn populate_elr(&mut self) {
        if !self.elr_enabled {
            return;
        }
        if self.isr.len() >= self.min_isr {
            self.elr.clear();
            self.last_known_elr.clear();
            return;
        }
        let mut candidates: BTreeSet<NodeId> = self.elr.iter().copied().collect();
        candidates.extend(&self.partition.isr);
        self.elr = candidates
            .iter()
            .copied()
            .filter(|node| !self.isr.contains(node) && !self.unclean_shutdown.contains(node))
            .collect();
        candidates.extend(&self.last_known_elr);
        self.last_known_elr = candidates
            .into_iter()
            .filter(|node| !self.isr.contains(node) && !self.elr.contains(node))
            .collect();
    }

    fn try_election(&mut self, change: &mut PartitionChange) {
        let (leader, unclean) = self.elect_leader();
        if leader == self.partition.leader {
            return;
        }
        if let Some(leader) = leader.filter(|leader| self.elr.contains(leader)) {
            self.isr = vec![leader];
            self.elr.retain(|&node| node != leader);
        }
        change.leader = Some(leader);
        if unclean {
            change.isr = Some(leader.into_iter().collect());
            if !self.partition.recovering {
                change.recovering = Some(true);
            }
        }
    }

    fn update_elr(&mut self, change: &mut PartitionChange) {
        if change.isr.is_some() || !self.elr_enabled {
            self.elr.clear();
            self.last_known_elr.clear();
        }
        if self.elr != self.partition.elr {
            change.elr = Some(self.elr.clone());
        }
        // With balanced recovery the field holds the last leader, and is set in the next step.
        if !self.last_known_leader_recovery && self.last_known_elr != self.partition.last_known_elr
        {
            change.last_known_elr = Some(self.last_known_elr.clone());
        }
    }

    /// A partition that loses its leader remembers it; one that gets a leader forgets.
    fn update_last_known_leader(&self, change: &mut PartitionChange) {
        if !self.last_known_leader_recovery || !self.elr_enabled {
            return;
        }
        let old = self.partition;
        match change.leader {
            Some(None) if old.last_known_elr.len() != 1 => {
                change.last_known_elr = Some(old.leader.into_iter().collect());
            }
            Some(Some(_)) if !old.last_known_elr.is_empty() => {
                change.last_known_elr = Some(Vec::new());
            }
            _ => {}
        }
    }

    fn set_assignment(&self, change: &mut PartitionChange) {
        let old = self.partition;
        if !self.replicas.is_empty() {
            let directories: Vec<Uuid> =
                self.replicas.iter().map(|&replica| self.directory(replica)).collect();
            if directories != old.directories {
                change.directories = Some(directories);
            }
            if self.replicas != old.replicas {
                change.replicas = Some(self.replicas.clone());
            }
        }
        if self.removing != old.removing {
            change.removing = Some(self.removing.clone());
        }
        if self.adding != old.adding {
            change.adding = Some(self.adding.clone());
        }
    }

    /// Where a replica lies: where it lay, or where its broker would put it.
    fn directory(&self, replica: NodeId) -> Uuid {
        let at = self.partition.replicas.iter().position(|&node| node == replica);
        let known = at.and_then(|at| self.partition.directories.get(at)).copied();
        known.unwrap_or_else(|| (self.directory_of)(replica))
    }
}
