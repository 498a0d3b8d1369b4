//! The leader of the quorum: it counts who has fetched how far, and resigns when no majority fetches any more
//! (`LeaderState`, KAFKA-15489).
//!
//! ```text
//!   3001 (leader)  log end 50 ┐
//!   3002                   48 ├─ sorted: 50 48 31 ─▶ the middle one, 48, is on a majority ─▶ high watermark 48,
//!   3003                   31 ┘                       if it lies in the leader's own epoch
//! ```
//!
//! Always: records of earlier epochs are committed only together with one of its own; what it wrote and did not get
//! committed is forgotten with its reign, and whoever waits for it hears NOT_CONTROLLER.

use super::super::controller::{Controller, Out};
use super::super::metadata_log;
use super::{Progress, QuorumEvent, QuorumRole, Reign, ResignReason};
use crate::clock::{Duration, Instant};
use crate::coordination::Event;
use crate::disk::Disk;
use crate::protocol::Timer;
use crate::storage::StorageError;
use crate::types::{NodeId, Offset};
use std::collections::{BTreeMap, BTreeSet};

/// A fetcher that is no voter and has been silent for so long is forgotten (`LeaderState.OBSERVER_SESSION_TIMEOUT_MS`).
const OBSERVER_SESSION: Duration = Duration::from_ms(300_000);

impl Controller {
    pub(super) fn become_leader(
        &mut self,
        now: Instant,
        granting: Vec<NodeId>,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), StorageError> {
        let start = self.log.log_end_offset();
        let others = self.quorum.others(self.id);
        let nothing = Progress { log_end: Offset::NONE, last_fetch: now, last_caught_up: now };
        let reign = Reign {
            start,
            granting: granting.clone(),
            voters: others.iter().map(|&voter| (voter, nothing)).collect(),
            observers: BTreeMap::new(),
            active: false,
            fetched: BTreeSet::new(),
        };
        let (epoch, id) = (self.epoch, self.id);
        self.turn(epoch, Some(id), QuorumRole::Leader(reign), out);
        self.quorum.voted = None;
        self.quorum.told.clear();
        self.save_quorum_state(disk)?;
        out.events.push(Event::Quorum(QuorumEvent::Elected { epoch, votes: granting.clone() }));
        let voters = self.quorum.voters.clone();
        let time = now.timestamp();
        let mut bytes = metadata_log::leader_change(start, epoch, time, id, &voters, &granting);
        self.append_bytes(now, &mut bytes, "LEADER_CHANGE".to_owned(), disk, out)?;
        out.set(Timer::QuorumCheck, now + self.check_quorum_timeout());
        others.into_iter().for_each(|voter| self.tell_the_beginning(now, voter, out));
        out.set(Timer::QuorumBegin, now + Duration(self.config.quorum_fetch_timeout.0 / 2));
        Ok(())
    }

    /// One and a half times the fetch time-out (`CHECK_QUORUM_TIMEOUT_FACTOR`).
    fn check_quorum_timeout(&self) -> Duration {
        Duration(self.config.quorum_fetch_timeout.0 * 3 / 2)
    }

    /// Those that did not fetch since hear once more who leads.
    pub(in crate::coordination::kraft) fn begin_again(&mut self, now: Instant, out: &mut Out) {
        let every = Duration(self.config.quorum_fetch_timeout.0 / 2);
        let Some(reign) = self.quorum.reign() else { return };
        let silent = |p: &Progress| p.log_end == Offset::NONE || now.since(p.last_fetch) >= every;
        let silent: Vec<NodeId> =
            reign.voters.iter().filter(|(_, p)| silent(p)).map(|(&id, _)| id).collect();
        silent.into_iter().for_each(|voter| self.tell_the_beginning(now, voter, out));
        out.set(Timer::QuorumBegin, now + every);
    }

    /// No majority has fetched for too long: somebody else may lead already, and this one knows it is not heard.
    pub(in crate::coordination::kraft) fn check_quorum(
        &mut self,
        now: Instant,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), StorageError> {
        if self.leads() {
            self.become_resigned(now, ResignReason::NoMajority, out);
            self.save_quorum_state(disk)?;
        }
        Ok(())
    }

    /// A replica has everything before `offset`.
    pub(in crate::coordination::kraft) fn note_fetch(
        &mut self,
        now: Instant,
        from: NodeId,
        offset: Offset,
        out: &mut Out,
    ) {
        let end = self.log.log_end_offset();
        let majority = self.quorum.majority();
        let is_voter = self.quorum.voters.contains(&from);
        let Some(reign) = self.quorum.reign_mut() else { return };
        let nothing = Progress { log_end: Offset::NONE, last_fetch: now, last_caught_up: now };
        let known = if is_voter { &mut reign.voters } else { &mut reign.observers };
        let progress = known.entry(from).or_insert(nothing);
        progress.log_end = offset;
        progress.last_fetch = now;
        if offset >= end {
            progress.last_caught_up = now;
        }
        if !is_voter {
            reign.observers.retain(|_, p| now.since(p.last_fetch) < OBSERVER_SESSION);
            return;
        }
        self.note_heard(now, from, out);
        let Some(reign) = self.quorum.reign() else { return };
        let mut ends: Vec<Offset> = reign.voters.values().map(|p| p.log_end).collect();
        ends.push(end);
        ends.sort_by(|a, b| b.cmp(a));
        let reached = ends.get(majority - 1).copied().unwrap_or(Offset::NONE);
        if reached > reign.start && reached > self.quorum.high_watermark {
            self.quorum.high_watermark = reached;
            out.events.push(Event::Quorum(QuorumEvent::Committed { up_to: reached }));
        }
    }

    /// A voter fetched: with a majority the reign goes on (`updateCheckQuorumForFollowingVoter`).
    pub(super) fn note_heard(&mut self, now: Instant, from: NodeId, out: &mut Out) {
        let (majority, check) = (self.quorum.majority(), self.check_quorum_timeout());
        let Some(reign) = self.quorum.reign_mut() else { return };
        if let Some(progress) = reign.voters.get_mut(&from) {
            progress.last_fetch = now;
        }
        reign.fetched.insert(from);
        if reign.fetched.len() + 1 >= majority {
            reign.fetched.clear();
            out.set(Timer::QuorumCheck, now + check);
        }
    }

    /// It leads no more: what is not committed is not decided.
    pub(super) fn abdicate(&mut self, out: &mut Out) {
        let was_active = self.is_active();
        for timer in [Timer::SessionCheck, Timer::LeaderBalance, Timer::MetadataNoOp] {
            out.cancel(timer);
        }
        let mut undecided = 0;
        for pending in std::mem::take(&mut self.pending) {
            undecided += 1;
            out.sends.extend(pending.refusals);
        }
        self.draft = None;
        if was_active {
            let epoch = self.epoch;
            out.events.push(Event::Quorum(QuorumEvent::Abdicates { epoch, undecided }));
        }
        self.refuse_waiting(out);
    }

    /// Closes its log, as the end of its process does.
    pub fn close(&mut self, disk: &mut Disk) -> Result<(), StorageError> {
        self.log.close(disk, &mut Vec::new())
    }

    /// Ends in good order: the others hear it and need not wait for a time-out.
    pub fn stop(
        &mut self,
        now: Instant,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), StorageError> {
        if self.leads() && !self.quorum.is_single() {
            self.become_resigned(now, ResignReason::Stopping, out);
            self.save_quorum_state(disk)?;
        }
        Ok(())
    }
}
