//! What a voter asks of the others: one request to each at a time, again after a while if nothing came of it
//! (`RequestManager`).
//!
//! Always: an answer to a request of an earlier role is not heard; who does not answer is asked again after
//! `controller.quorum.retry.backoff.ms`, and meanwhile a follower without leader, or a voter without anybody to follow,
//! asks the next voter who leads.

use super::super::controller::{Controller, Out};
use super::super::metadata_log::metadata_partition;
use super::QuorumRole;
use crate::clock::Instant;
use crate::disk::Disk;
use crate::protocol::{
    BeginQuorumEpochRequest, ControllerRegistrationRequest, EndQuorumEpochRequest, FETCH_VERSION,
    FetchPartition, FetchRequest, FetchSnapshotRequest, Message, Request, Response, Timer,
    VoteRequest,
};
use crate::storage::StorageError;
use crate::types::{BrokerEpoch, LeaderEpoch, NodeId};

/// Most bytes that one fetch of a snapshot brings (`controller.quorum.fetch.snapshot.max.bytes`).
const SNAPSHOT_BYTES: u32 = 1 << 20;

/// A request that waits for its answer.
#[derive(Clone, Debug)]
pub struct InFlight {
    pub correlation: u64,
    pub deadline: Instant,
    pub pre_vote: bool,
}

impl Controller {
    /// Asks whoever has to be asked, as the role wants it.
    pub(super) fn ask_around(&mut self, now: Instant, out: &mut Out) {
        let others = self.quorum.others(self.id);
        match &self.quorum.role {
            QuorumRole::Leader(_) => {}
            QuorumRole::Unattached => self.fetch_from_anybody(now, out),
            QuorumRole::Follower { .. } => {
                let leader = self.quorum.leader.filter(|&leader| leader != self.id);
                let busy = !self.quorum.in_flight.is_empty();
                match leader {
                    Some(leader) if !self.is_backing_off(leader, now) => {
                        if !busy {
                            self.fetch_metadata(now, leader, out);
                        }
                    }
                    _ => self.fetch_from_anybody(now, out),
                }
            }
            QuorumRole::Prospective { granted, rejected } => {
                let asked = |voter: &NodeId| !granted.contains(voter) && !rejected.contains(voter);
                let left: Vec<NodeId> = others.into_iter().filter(asked).collect();
                left.into_iter().for_each(|voter| self.ask_for_vote(now, voter, true, out));
            }
            QuorumRole::Candidate { granted, rejected } => {
                let asked = |voter: &NodeId| !granted.contains(voter) && !rejected.contains(voter);
                let left: Vec<NodeId> = others.into_iter().filter(asked).collect();
                left.into_iter().for_each(|voter| self.ask_for_vote(now, voter, false, out));
            }
            QuorumRole::Resigned { unacknowledged } => {
                let left: Vec<NodeId> = unacknowledged.iter().copied().collect();
                left.into_iter().for_each(|voter| self.tell_the_end(now, voter, out));
            }
        }
        let soonest = self.quorum.backing_off.values().filter(|&&at| at > now).min();
        match soonest {
            Some(&at) => out.set(Timer::QuorumRetry, at),
            None => out.cancel(Timer::QuorumRetry),
        }
    }

    pub(in crate::coordination::kraft) fn ask_again(&mut self, now: Instant, out: &mut Out) {
        self.quorum.backing_off.retain(|_, until| *until > now);
        self.ask_around(now, out);
    }

    fn is_backing_off(&self, voter: NodeId, now: Instant) -> bool {
        self.quorum.backing_off.get(&voter).is_some_and(|&until| until > now)
    }

    /// Sends a request, unless one is under way or failed a moment ago.
    fn ask(&mut self, now: Instant, to: NodeId, request: Request, out: &mut Out) {
        if self.quorum.in_flight.contains_key(&to) || self.is_backing_off(to, now) {
            return;
        }
        self.quorum.backing_off.remove(&to);
        self.quorum.next_correlation += 1;
        let correlation = self.quorum.next_correlation;
        let deadline = now + self.config.quorum_request_timeout;
        let pre_vote = matches!(&request, Request::Vote(vote) if vote.pre_vote);
        self.quorum.in_flight.insert(to, InFlight { correlation, deadline, pre_vote });
        self.set_request_timeout(out);
        out.send(to, Message::request(correlation, request));
    }

    fn set_request_timeout(&self, out: &mut Out) {
        match self.quorum.in_flight.values().map(|asked| asked.deadline).min() {
            Some(deadline) => out.set(Timer::RequestTimeout(0), deadline),
            None => out.cancel(Timer::RequestTimeout(0)),
        }
    }

    fn ask_for_vote(&mut self, now: Instant, voter: NodeId, pre_vote: bool, out: &mut Out) {
        let request = Request::Vote(VoteRequest {
            candidate: self.id,
            epoch: self.epoch,
            last_epoch: self.log.latest_epoch(),
            last_offset: self.log.log_end_offset(),
            pre_vote,
        });
        self.ask(now, voter, request, out);
    }

    pub(super) fn tell_the_beginning(&mut self, now: Instant, voter: NodeId, out: &mut Out) {
        let request = BeginQuorumEpochRequest { leader: self.id, epoch: self.epoch };
        self.ask(now, voter, Request::BeginQuorumEpoch(request), out);
    }

    fn tell_the_end(&mut self, now: Instant, voter: NodeId, out: &mut Out) {
        let request = self.end_of_epoch();
        self.ask(now, voter, Request::EndQuorumEpoch(request), out);
    }

    /// Who should stand first: those whose logs were longest when this reign ended.
    pub(super) fn end_of_epoch(&self) -> EndQuorumEpochRequest {
        let successors = self.quorum.successors.clone();
        EndQuorumEpochRequest { leader: self.id, epoch: self.epoch, successors }
    }

    /// The next voter in turn: it may know who leads (`maybeSendFetchToAnyBootstrap`).
    fn fetch_from_anybody(&mut self, now: Instant, out: &mut Out) {
        if !self.quorum.in_flight.is_empty() {
            return;
        }
        let others = self.quorum.others(self.id);
        for _ in 0..others.len() {
            let at = self.quorum.next_voter % others.len();
            self.quorum.next_voter = at + 1;
            if !self.is_backing_off(others[at], now) {
                return self.fetch_metadata(now, others[at], out);
            }
        }
    }

    fn fetch_metadata(&mut self, now: Instant, from: NodeId, out: &mut Out) {
        if let QuorumRole::Follower { snapshot: Some(snapshot), .. } = &self.quorum.role
            && self.quorum.leader == Some(from)
        {
            let request = Request::FetchSnapshot(FetchSnapshotRequest {
                replica: self.id,
                epoch: self.epoch,
                snapshot: snapshot.id,
                position: snapshot.bytes.len() as u64,
                max_bytes: SNAPSHOT_BYTES,
            });
            return self.ask(now, from, request, out);
        }
        let request = Request::Fetch(FetchRequest {
            replica: Some(self.id),
            replica_epoch: BrokerEpoch(-1),
            version: FETCH_VERSION,
            max_wait_ms: 500, // KafkaRaftClient.MAX_FETCH_WAIT_MS
            min_bytes: 1,
            max_bytes: 1_048_576,
            read_committed: false,
            partitions: vec![FetchPartition {
                partition: metadata_partition(),
                current_leader_epoch: LeaderEpoch(self.epoch),
                fetch_offset: self.log.log_end_offset(),
                last_fetched_epoch: self.last_epoch(),
                log_start_offset: self.log.log_start_offset(),
                max_bytes: 1_048_576,
            }],
        });
        self.ask(now, from, request, out);
    }

    /// A standby that the committed log does not know in this incarnation asks to be registered
    /// (`ControllerRegistrationManager`, KIP-919).
    pub(super) fn register_itself(&mut self, now: Instant, out: &mut Out) {
        let known = self.image.controllers.get(&self.id) == Some(&self.quorum.incarnation);
        let asked = self.quorum.registering.is_some_and(|until| until > now);
        let ready = !self.image.features.is_empty();
        let Some(leader) = self.quorum.leader.filter(|&leader| leader != self.id) else { return };
        if known || asked || !ready {
            return;
        }
        self.quorum.registering = Some(now + self.config.quorum_request_timeout);
        self.quorum.next_correlation += 1;
        let (correlation, controller) = (self.quorum.next_correlation, self.id);
        let incarnation = self.quorum.incarnation;
        let request = ControllerRegistrationRequest { controller, incarnation };
        let request = Request::ControllerRegistration(request);
        out.send(leader, Message::request(correlation, request));
    }

    /// An answer to something that this voter asked.
    pub(in crate::coordination::kraft) fn quorum_answered(
        &mut self,
        now: Instant,
        from: NodeId,
        correlation: u64,
        response: Response,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), StorageError> {
        let fits = |asked: &InFlight| asked.correlation == correlation;
        if !self.quorum.in_flight.get(&from).is_some_and(fits) {
            return Ok(()); // an answer that came too late
        }
        let Some(asked) = self.quorum.in_flight.remove(&from) else { return Ok(()) };
        self.set_request_timeout(out);
        match response {
            Response::Vote(r) => self.vote_answered(now, from, asked.pre_vote, &r, disk, out)?,
            Response::BeginQuorumEpoch(r) => {
                self.hear_of_epoch(now, r.epoch, r.leader, disk, out)?;
            }
            Response::EndQuorumEpoch(r) => {
                let heard = self.hear_of_epoch(now, r.epoch, r.leader, disk, out)?;
                if let QuorumRole::Resigned { unacknowledged } = &mut self.quorum.role
                    && !heard
                {
                    unacknowledged.remove(&from);
                }
            }
            Response::Fetch(r) => self.metadata_fetched(now, from, &r, disk, out)?,
            Response::FetchSnapshot(r) => self.snapshot_fetched(now, from, r, disk, out)?,
            _ => {}
        }
        self.ask_around(now, out);
        Ok(())
    }

    /// Nothing came of it: once more after a while.
    pub(super) fn back_off(&mut self, now: Instant, voter: NodeId) {
        self.quorum.backing_off.insert(voter, now + self.config.quorum_retry_backoff);
    }

    /// A connection broke.
    pub(in crate::coordination::kraft) fn voter_lost(
        &mut self,
        now: Instant,
        peer: NodeId,
        out: &mut Out,
    ) {
        self.quorum.told.remove(&peer);
        if self.quorum.leader == Some(peer) {
            self.quorum.registering = None;
        }
        if self.quorum.in_flight.remove(&peer).is_some() {
            self.back_off(now, peer);
            self.set_request_timeout(out);
            self.ask_around(now, out);
        }
    }

    /// Who should have answered by now and has not.
    pub fn overdue(&self, now: Instant) -> impl Iterator<Item = NodeId> + '_ {
        let late = self.quorum.in_flight.iter().filter(move |(_, asked)| asked.deadline <= now);
        late.map(|(&voter, _)| voter)
    }

    pub(in crate::coordination::kraft) fn give_up_overdue(&mut self, now: Instant, out: &mut Out) {
        let late: Vec<NodeId> = self.overdue(now).collect();
        for voter in late {
            self.quorum.in_flight.remove(&voter);
            self.back_off(now, voter);
        }
        self.set_request_timeout(out);
        self.ask_around(now, out);
    }
}
