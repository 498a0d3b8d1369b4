//! The leader's side: followers and their lag, the ISR and proposals for another one, the high watermark.
//!
//! A proposal to change the ISR travels to the controller and back. While it is under way the leader counts with the
//! *maximal* ISR, old and new together, so that a record is never called committed too early (class
//! `PartitionState`, KIP-497).

use super::LagLimits;
use crate::clock::{Duration, Instant};
use crate::era::Era;
use crate::types::{BrokerEpoch, LeaderEpoch, NodeId, Offset};
use std::collections::BTreeMap;

/// Before all time: nothing was heard since somebody began to lead. Long ago, however young the world is.
pub const NEVER: Instant = Instant(0);

/// What the leader knows of one follower (class `Replica`).
#[derive(Clone, Debug, PartialEq)]
pub struct FollowerState {
    /// The follower's log end: the offset that it last asked for. `-1` before its first fetch.
    pub log_end: Offset,
    /// First offset that the follower has.
    pub log_start: Offset,
    /// The leader's log end when the follower last fetched.
    pub leader_end_at_fetch: Offset,
    /// When it last fetched.
    pub fetched_at: Instant,
    /// The last moment at which it had everything that the leader had.
    pub caught_up_at: Instant,
    /// The follower's registration epoch, from its fetches (KIP-903).
    pub broker_epoch: BrokerEpoch,
}

/// A follower's fetch, as far as the leader's bookkeeping needs it.
#[derive(Clone, Copy, Debug)]
pub struct ReplicaFetch {
    /// Who.
    pub follower: NodeId,
    /// From where: that far its log reaches.
    pub offset: Offset,
    /// First offset that it has.
    pub log_start: Offset,
    /// Its registration epoch.
    pub broker_epoch: BrokerEpoch,
}

/// A change of the ISR that the controller has not answered yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// The ISR wanted.
    pub isr: Vec<NodeId>,
}

/// A partition's leader.
#[derive(Clone, Debug)]
pub struct Leader {
    /// Where this leader's epoch begins.
    pub epoch_start: Offset,
    /// In sync, as the controller has it.
    pub isr: Vec<NodeId>,
    /// Asked for, not answered.
    pub proposal: Option<Proposal>,
    /// The other replicas.
    pub followers: BTreeMap<NodeId, FollowerState>,
    /// Fetches that wait at this partition (ids into the broker's purgatory).
    pub waiting_fetches: Vec<u64>,
    /// Produces that wait for the high watermark (offset wanted, id).
    pub waiting_produces: Vec<(Offset, u64)>,
    /// Whether the partition recovers from an unclean election (KIP-704).
    pub recovering: bool,
    /// When this reign began.
    pub since: Instant,
    high_watermark: Offset,
}

impl Leader {
    /// A new leader. Followers in the ISR get the benefit of the doubt: they count as caught up now; the others as not
    /// caught up since ever (class `Partition`, makeLeader).
    pub fn new(
        me: NodeId,
        assigned: &[NodeId],
        isr: &[NodeId],
        epoch_start: Offset,
        high_watermark: Offset,
        now: Instant,
    ) -> Leader {
        let followers = assigned
            .iter()
            .filter(|&&node| node != me)
            .map(|&node| {
                let caught_up_at = if isr.contains(&node) { now } else { NEVER };
                let state = FollowerState {
                    log_end: Offset::NONE,
                    log_start: Offset::NONE,
                    leader_end_at_fetch: Offset::NONE,
                    fetched_at: NEVER,
                    caught_up_at,
                    broker_epoch: BrokerEpoch(-1),
                };
                (node, state)
            })
            .collect();
        Leader {
            epoch_start,
            isr: isr.to_vec(),
            proposal: None,
            followers,
            waiting_fetches: Vec::new(),
            waiting_produces: Vec::new(),
            recovering: false,
            since: now,
            high_watermark,
        }
    }

    /// What is committed.
    pub fn high_watermark(&self) -> Offset {
        self.high_watermark
    }

    /// Whether `node` counts for the high watermark: in the ISR, or in the one asked for.
    pub fn in_maximal_isr(&self, node: NodeId) -> bool {
        self.isr.contains(&node)
            || self.proposal.as_ref().is_some_and(|proposal| proposal.isr.contains(&node))
    }

    /// How many count.
    pub fn maximal_isr_len(&self) -> usize {
        match &self.proposal {
            None => self.isr.len(),
            Some(proposal) => {
                self.isr.len() + proposal.isr.iter().filter(|node| !self.isr.contains(node)).count()
            }
        }
    }

    /// Notes how far a follower is (class `Replica`, updateFetchStateOrThrow). It counts as caught up now when it asks
    /// for the log end, and as caught up *at its previous fetch* when it asks for what was the end then.
    pub fn note_fetch(&mut self, fetch: ReplicaFetch, leader_end: Offset, now: Instant) -> bool {
        let Some(state) = self.followers.get_mut(&fetch.follower) else {
            return false;
        };
        if fetch.offset >= leader_end {
            state.caught_up_at = state.caught_up_at.max(now);
        } else if fetch.offset >= state.leader_end_at_fetch {
            state.caught_up_at = state.caught_up_at.max(state.fetched_at);
        }
        state.log_end = fetch.offset;
        state.log_start = fetch.log_start;
        state.leader_end_at_fetch = leader_end;
        state.fetched_at = now;
        state.broker_epoch = fetch.broker_epoch;
        true
    }

    /// Moves the high watermark to the least log end of those that count: the leader, the (maximal) ISR, and, since
    /// 0.10.2, followers that are about to join it because they are caught up and `eligible` (class `Partition`,
    /// maybeIncrementLeaderHW). Since 3.7 it stands still while fewer than `min_insync` are in sync (KIP-966).
    pub fn advance_high_watermark(
        &mut self,
        leader_end: Offset,
        min_insync: usize,
        now: Instant,
        limits: LagLimits<'_>,
        eligible: impl Fn(NodeId, BrokerEpoch) -> bool,
    ) -> Option<(Offset, Offset)> {
        if limits.era.high_watermark_awaits_min_insync && self.isr.len() < min_insync {
            return None;
        }
        let mut least = leader_end;
        for (&node, state) in &self.followers {
            if state.log_end >= least {
                continue;
            }
            let counts = self.in_maximal_isr(node)
                || (limits.era.high_watermark_counts_caught_up
                    && limits.is_caught_up(state, leader_end, now)
                    && eligible(node, state.broker_epoch));
            if counts {
                least = state.log_end;
            }
        }
        if least > self.high_watermark {
            let from = self.high_watermark;
            self.high_watermark = least;
            Some((from, least))
        } else {
            None
        }
    }

    /// Whether `follower` may be asked into the ISR: it has everything committed, and, since 2.0.1, something of this
    /// epoch's beginning (class `Partition`, needsExpandIsr; KAFKA-7128).
    pub fn may_expand(&self, follower: NodeId, era: &Era) -> bool {
        let Some(state) = self.followers.get(&follower) else {
            return false;
        };
        self.proposal.is_none()
            && !self.isr.contains(&follower)
            && state.log_end >= self.high_watermark
            && (state.log_end >= self.epoch_start || !era.isr_joins_at_epoch_start)
    }

    /// In-sync replicas that have everything before `offset`, the leader counted in: what acks=2 and more ask for in
    /// 0.8 (class `Partition`, checkEnoughReplicasReachOffset).
    pub fn copies_before(&self, offset: Offset) -> usize {
        let has =
            |node: &&NodeId| self.followers.get(node).is_none_or(|state| state.log_end >= offset);
        self.isr.iter().filter(has).count()
    }

    /// Moves every stamp of liveness: idle time was passed over.
    pub fn shift(&mut self, by: Duration) {
        self.since = self.since + by;
        for state in self.followers.values_mut() {
            for at in [&mut state.fetched_at, &mut state.caught_up_at] {
                if *at != NEVER {
                    *at = *at + by;
                }
            }
        }
    }

    /// The log was cut or begun anew: the marks follow it, and what is known of followers' ends is forgotten.
    pub(super) fn restart_marks(&mut self, start: Offset, end: Offset) {
        if self.high_watermark < start || self.high_watermark > end {
            self.high_watermark = self.high_watermark.max(start).min(end);
            self.epoch_start = self.epoch_start.min(start);
            for state in self.followers.values_mut() {
                state.log_end = state.log_end.max(start).min(end);
                state.leader_end_at_fetch = end;
            }
        }
    }

    /// Takes over assignment and ISR from a newer registration of the same leader epoch; new replicas begin unknown.
    pub fn update(&mut self, me: NodeId, assigned: &[NodeId], isr: &[NodeId]) {
        self.isr = isr.to_vec();
        self.proposal = None;
        self.followers.retain(|node, _| assigned.contains(node));
        for &node in assigned.iter().filter(|&&node| node != me) {
            self.followers.entry(node).or_insert(FollowerState {
                log_end: Offset::NONE,
                log_start: Offset::NONE,
                leader_end_at_fetch: Offset::NONE,
                fetched_at: NEVER,
                caught_up_at: NEVER,
                broker_epoch: BrokerEpoch(-1),
            });
        }
    }
}

/// Whether the requester's leader epoch fits (KIP-320): older is fenced, newer is unknown here.
pub fn check_epoch(requested: LeaderEpoch, here: LeaderEpoch) -> crate::protocol::ErrorCode {
    use crate::protocol::ErrorCode;
    if requested == LeaderEpoch::NONE || requested == here {
        ErrorCode::NONE
    } else if requested < here {
        ErrorCode::FENCED_LEADER_EPOCH
    } else {
        ErrorCode::UNKNOWN_LEADER_EPOCH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(numbers: &[u32]) -> Vec<NodeId> {
        numbers.iter().map(|&n| NodeId(n)).collect()
    }

    fn leader() -> Leader {
        let all = ids(&[1, 2, 3]);
        Leader::new(NodeId(1), &all, &all, Offset(0), Offset(0), Instant(0))
    }

    fn fetch(follower: u32, offset: i64) -> ReplicaFetch {
        ReplicaFetch {
            follower: NodeId(follower),
            offset: Offset(offset),
            log_start: Offset(0),
            broker_epoch: BrokerEpoch(1),
        }
    }

    const LIMIT: LagLimits<'static> =
        LagLimits { time: Duration::from_ms(30_000), ..LagLimits::TODAY };

    #[test]
    fn high_watermark_is_the_least_log_end_of_the_isr() {
        let mut leader = leader();
        leader.note_fetch(fetch(2, 5), Offset(7), Instant(1));
        leader.note_fetch(fetch(3, 6), Offset(7), Instant(1));
        let moved = leader.advance_high_watermark(Offset(7), 1, Instant(1), LIMIT, |_, _| true);
        assert_eq!(moved, Some((Offset(0), Offset(5))));
        assert_eq!(
            leader.advance_high_watermark(Offset(7), 1, Instant(1), LIMIT, |_, _| true),
            None
        );
    }

    #[test]
    fn high_watermark_stands_still_below_min_insync() {
        let all = ids(&[1, 2, 3]);
        let mut leader = Leader::new(NodeId(1), &all, &ids(&[1]), Offset(0), Offset(0), Instant(0));
        let now = Instant(60_000_000);
        assert_eq!(leader.advance_high_watermark(Offset(1), 2, now, LIMIT, |_, _| true), None);
        assert!(leader.advance_high_watermark(Offset(1), 1, now, LIMIT, |_, _| true).is_some());
    }

    #[test]
    fn asking_for_what_was_the_end_counts_as_caught_up_at_the_previous_fetch() {
        let mut leader = leader();
        leader.note_fetch(fetch(2, 5), Offset(10), Instant(1_000));
        assert_eq!(leader.followers[&NodeId(2)].caught_up_at, Instant(0));
        leader.note_fetch(fetch(2, 10), Offset(20), Instant(2_000));
        assert_eq!(leader.followers[&NodeId(2)].caught_up_at, Instant(1_000));
    }

    #[test]
    fn a_follower_outside_may_come_back_once_it_has_everything_committed() {
        let all = ids(&[1, 2, 3]);
        let mut leader =
            Leader::new(NodeId(1), &all, &ids(&[1, 2]), Offset(4), Offset(5), Instant(0));
        leader.note_fetch(fetch(3, 4), Offset(6), Instant(1));
        assert!(!leader.may_expand(NodeId(3), LIMIT.era));
        leader.note_fetch(fetch(3, 5), Offset(6), Instant(2));
        assert!(leader.may_expand(NodeId(3), LIMIT.era));
    }
}
