//! Elections: how a voter comes to stand, and whom it gives its vote (`handleVoteRequest`, `handleVoteResponse`,
//! `pollCandidate`, `pollProspective`; KIP-595, pre-vote by KIP-996).
//!
//! ```text
//!   vote for it?   epoch older than mine ──▶ no        voted for another, or follow a leader ──▶ no
//!                  its log (last epoch, end) shorter than mine ──▶ no        else ──▶ yes, written down first
//!   pre-vote?      the log is long enough, and I do not hear from a leader either
//! ```

use super::super::controller::{Controller, Out};
use super::{QuorumEvent, QuorumRole, ResignReason};
use crate::clock::Instant;
use crate::coordination::Event;
use crate::disk::Disk;
use crate::protocol::{
    BeginQuorumEpochRequest, BeginQuorumEpochResponse, EndQuorumEpochRequest,
    EndQuorumEpochResponse, ErrorCode, Message, Response, Timer, VoteRequest, VoteResponse,
};
use crate::storage::StorageError;
use crate::types::NodeId;
use std::collections::BTreeSet;

type Done = Result<(), StorageError>;

impl Controller {
    fn tell(&self, event: QuorumEvent, out: &mut Out) {
        out.events.push(Event::Quorum(event));
    }

    /// Begins as the file `quorum-state` says (`QuorumState.initialize`).
    pub(in crate::coordination::kraft) fn enter_quorum(
        &mut self,
        now: Instant,
        before: super::QuorumState,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Done {
        self.epoch = before.epoch;
        self.quorum.voted = before.voted;
        let id = self.id;
        if before.leader == Some(id) {
            // It may not go on as the leader that it was: it could write two histories into one epoch.
            self.become_resigned(now, ResignReason::Restarted, out);
            return Ok(());
        }
        match before.leader.filter(|leader| self.quorum.voters.contains(leader)) {
            Some(leader) => self.become_follower(now, before.epoch, leader, disk, out),
            None if before.voted == Some(id) => self.become_candidate_again(now, disk, out),
            None => self.become_unattached(now, before.epoch, None, disk, out),
        }
    }

    pub(super) fn become_unattached(
        &mut self,
        now: Instant,
        epoch: i32,
        leader: Option<NodeId>,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Done {
        self.turn(epoch, leader, QuorumRole::Unattached, out);
        self.save_quorum_state(disk)?;
        self.tell(QuorumEvent::Unattached { epoch }, out);
        let timeout = self.election_timeout();
        out.set(Timer::QuorumElection, now + timeout);
        self.ask_around(now, out);
        Ok(())
    }

    pub(super) fn become_follower(
        &mut self,
        now: Instant,
        epoch: i32,
        leader: NodeId,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Done {
        let role = QuorumRole::Follower { has_fetched: false, snapshot: None };
        self.turn(epoch, Some(leader), role, out);
        self.save_quorum_state(disk)?;
        self.tell(QuorumEvent::Follows { leader, epoch }, out);
        out.set(Timer::QuorumFetchTimeout, now + self.config.quorum_fetch_timeout);
        self.ask_around(now, out);
        Ok(())
    }

    /// Asks first whether it would win (KIP-996); until 3.9 it stands at once, and its epoch grows each time.
    fn become_prospective(&mut self, now: Instant, disk: &mut Disk, out: &mut Out) -> Done {
        if !self.config.era.pre_vote {
            return self.become_candidate(now, disk, out);
        }
        let granted = BTreeSet::from([self.id]);
        let role = QuorumRole::Prospective { granted, rejected: BTreeSet::new() };
        let (epoch, leader) = (self.epoch, self.quorum.leader);
        self.turn(epoch, leader, role, out);
        self.save_quorum_state(disk)?;
        self.tell(QuorumEvent::Prospective { epoch }, out);
        let timeout = self.election_timeout();
        out.set(Timer::QuorumElection, now + timeout);
        self.ask_around(now, out);
        Ok(())
    }

    fn become_candidate(&mut self, now: Instant, disk: &mut Disk, out: &mut Out) -> Done {
        let epoch = self.epoch.saturating_add(1);
        self.turn(epoch, None, QuorumRole::Unattached, out);
        self.become_candidate_again(now, disk, out)
    }

    /// The vote for itself stands in the file already when the process died as a candidate.
    fn become_candidate_again(&mut self, now: Instant, disk: &mut Disk, out: &mut Out) -> Done {
        let granted = BTreeSet::from([self.id]);
        self.quorum.role = QuorumRole::Candidate { granted, rejected: BTreeSet::new() };
        self.quorum.voted = Some(self.id);
        self.save_quorum_state(disk)?;
        let (epoch, end) = (self.epoch, self.log.log_end_offset());
        self.tell(QuorumEvent::Stands { epoch, end }, out);
        let timeout = self.election_timeout();
        out.set(Timer::QuorumElection, now + timeout);
        self.ask_around(now, out);
        Ok(())
    }

    pub(super) fn become_resigned(&mut self, now: Instant, why: ResignReason, out: &mut Out) {
        let unacknowledged = self.quorum.others(self.id).into_iter().collect();
        if let Some(reign) = self.quorum.reign() {
            let mut ends: Vec<_> =
                reign.voters.iter().map(|(&id, p)| (std::cmp::Reverse(p.log_end), id)).collect();
            ends.sort();
            self.quorum.successors = ends.into_iter().map(|(_, id)| id).collect();
        }
        let (epoch, id) = (self.epoch, self.id);
        self.turn(epoch, Some(id), QuorumRole::Resigned { unacknowledged }, out);
        self.tell(QuorumEvent::Resigned { epoch, why }, out);
        let timeout = self.election_timeout();
        out.set(Timer::QuorumElection, now + timeout);
        self.ask_around(now, out);
    }

    /// Nobody leads, and this voter has waited long enough.
    pub(in crate::coordination::kraft) fn election_due(
        &mut self,
        now: Instant,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Done {
        match self.quorum.role {
            QuorumRole::Unattached | QuorumRole::Candidate { .. } => {
                self.become_prospective(now, disk, out)
            }
            QuorumRole::Prospective { .. } => self.not_electable(now, disk, out),
            QuorumRole::Resigned { .. } => {
                let epoch = self.epoch.saturating_add(1);
                self.become_unattached(now, epoch, None, disk, out)
            }
            QuorumRole::Leader(_) | QuorumRole::Follower { .. } => Ok(()),
        }
    }

    /// The leader has been silent for too long.
    pub(in crate::coordination::kraft) fn leader_silent(
        &mut self,
        now: Instant,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Done {
        match self.quorum.role {
            QuorumRole::Follower { .. } => self.become_prospective(now, disk, out),
            _ => Ok(()),
        }
    }

    /// The pre-votes were refused, or did not come: back to where it was (`prospectiveTransitionAfterElectionLoss`).
    fn not_electable(&mut self, now: Instant, disk: &mut Disk, out: &mut Out) -> Done {
        let epoch = self.epoch;
        match self.quorum.leader.filter(|&leader| leader != self.id) {
            Some(leader) => self.become_follower(now, epoch, leader, disk, out),
            None => self.become_unattached(now, epoch, None, disk, out),
        }
    }

    pub(in crate::coordination::kraft) fn vote_asked(
        &mut self,
        now: Instant,
        from: NodeId,
        correlation: u64,
        r: &VoteRequest,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Done {
        let mut error = ErrorCode::NONE;
        let mut granted = false;
        if r.epoch < self.epoch {
            error = ErrorCode::FENCED_LEADER_EPOCH;
        } else {
            if r.epoch > self.epoch {
                self.become_unattached(now, r.epoch, None, disk, out)?;
            }
            let own = (self.last_epoch(), self.log.log_end_offset());
            let long_enough = (r.last_epoch, r.last_offset) >= own;
            granted = self.gives_vote(r.candidate, long_enough, r.pre_vote);
            if granted && !r.pre_vote && self.quorum.voted.is_none() {
                self.quorum.voted = Some(r.candidate);
                self.save_quorum_state(disk)?;
                let timeout = self.election_timeout();
                out.set(Timer::QuorumElection, now + timeout);
            }
        }
        let (candidate, epoch, pre_vote) = (r.candidate, r.epoch, r.pre_vote);
        self.tell(QuorumEvent::Vote { candidate, epoch, pre_vote, granted }, out);
        let (epoch, leader) = (self.epoch, self.quorum.leader);
        let response = Response::Vote(VoteResponse { error, epoch, leader, granted });
        out.send(from, Message::response(correlation, response));
        Ok(())
    }

    /// `EpochState.canGrantVote` of each state.
    fn gives_vote(&self, candidate: NodeId, long_enough: bool, pre_vote: bool) -> bool {
        match &self.quorum.role {
            QuorumRole::Unattached | QuorumRole::Prospective { .. } if pre_vote => long_enough,
            QuorumRole::Unattached | QuorumRole::Prospective { .. } => match self.quorum.voted {
                Some(voted) => voted == candidate,
                None => self.quorum.leader.is_none() && long_enough,
            },
            QuorumRole::Follower { has_fetched, .. } => pre_vote && !has_fetched && long_enough,
            QuorumRole::Candidate { .. } | QuorumRole::Resigned { .. } => pre_vote && long_enough,
            QuorumRole::Leader(_) => false,
        }
    }

    pub(super) fn vote_answered(
        &mut self,
        now: Instant,
        from: NodeId,
        asked_pre_vote: bool,
        r: &VoteResponse,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Done {
        if self.hear_of_epoch(now, r.epoch, r.leader, disk, out)? {
            return Ok(());
        }
        let (majority, count) = (self.quorum.majority(), self.quorum.voters.len());
        let is_pre_vote = matches!(self.quorum.role, QuorumRole::Prospective { .. });
        let (QuorumRole::Prospective { granted, rejected }
        | QuorumRole::Candidate { granted, rejected }) = &mut self.quorum.role
        else {
            return Ok(());
        };
        if is_pre_vote != asked_pre_vote {
            return Ok(());
        }
        if r.granted {
            granted.insert(from)
        } else {
            rejected.insert(from)
        };
        let won = granted.len() >= majority;
        let lost = rejected.len() > count - majority;
        let granting: Vec<NodeId> = granted.iter().copied().collect();
        match is_pre_vote {
            true if won => self.become_candidate(now, disk, out),
            true if lost => self.not_electable(now, disk, out),
            false if won => self.become_leader(now, granting, disk, out),
            _ => Ok(()), // a candidate that lost waits for its time-out
        }
    }

    /// What any message tells of a newer epoch, or of a leader in this one (`maybeHandleCommonResponse`). `true`: the
    /// message has nothing more to say.
    pub(super) fn hear_of_epoch(
        &mut self,
        now: Instant,
        epoch: i32,
        leader: Option<NodeId>,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<bool, StorageError> {
        let leader = leader.filter(|&leader| leader != self.id);
        if epoch > self.epoch {
            match leader {
                Some(leader) => self.become_follower(now, epoch, leader, disk, out)?,
                None => self.become_unattached(now, epoch, None, disk, out)?,
            }
            return Ok(true);
        }
        if epoch < self.epoch {
            return Ok(true);
        }
        match leader {
            Some(leader) if self.quorum.leader.is_none() => {
                self.become_follower(now, epoch, leader, disk, out)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    pub(in crate::coordination::kraft) fn epoch_begun(
        &mut self,
        now: Instant,
        from: NodeId,
        correlation: u64,
        r: &BeginQuorumEpochRequest,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Done {
        let error = if r.epoch < self.epoch {
            ErrorCode::FENCED_LEADER_EPOCH
        } else {
            let follows = matches!(self.quorum.role, QuorumRole::Follower { .. })
                && self.quorum.leader == Some(r.leader);
            let is_news = r.epoch > self.epoch || !(follows || self.leads());
            if is_news {
                self.become_follower(now, r.epoch, r.leader, disk, out)?;
            }
            ErrorCode::NONE
        };
        let (epoch, leader) = (self.epoch, self.quorum.leader);
        let answer = BeginQuorumEpochResponse { error, epoch, leader };
        out.send(from, Message::response(correlation, Response::BeginQuorumEpoch(answer)));
        Ok(())
    }

    /// The leader goes: the one whose log is longest stands at once, the others a little later
    /// (`endEpochElectionBackoff`).
    pub(in crate::coordination::kraft) fn epoch_ended(
        &mut self,
        now: Instant,
        from: NodeId,
        correlation: u64,
        r: &EndQuorumEpochRequest,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Done {
        let error = if r.epoch < self.epoch {
            ErrorCode::FENCED_LEADER_EPOCH
        } else {
            if r.epoch > self.epoch {
                self.become_follower(now, r.epoch, r.leader, disk, out)?;
            }
            if matches!(self.quorum.role, QuorumRole::Follower { .. })
                && self.quorum.leader == Some(r.leader)
            {
                let most = self.config.quorum_election_backoff_max;
                let count = r.successors.len();
                let wait = match r.successors.iter().position(|&node| node == self.id) {
                    Some(0) => 0,
                    Some(at) => ((most.0 >> (count - 1)) << (at - 1)).min(most.0),
                    None => most.0,
                };
                out.set(Timer::QuorumFetchTimeout, now + crate::clock::Duration(wait));
            }
            ErrorCode::NONE
        };
        let (epoch, leader) = (self.epoch, self.quorum.leader);
        let answer = EndQuorumEpochResponse { error, epoch, leader };
        out.send(from, Message::response(correlation, Response::EndQuorumEpoch(answer)));
        Ok(())
    }
}
