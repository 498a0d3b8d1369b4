//! A classic group and its members (classes `ClassicGroup`, `ClassicGroupMember`, `ClassicGroupState`).
//!
//! ```text
//!            ┌──────────────── last member left ◀──────────────┐
//!            ▼                                                  │
//!          Empty ── join ─▶ PreparingRebalance ── all in, or time over ─▶ CompletingRebalance
//!                               ▲      ▲                                      │ leader's shares are in the log
//!                               │      └── join, leave, expiry ───────────────┤
//!                               └───────── join, leave, expiry ─── Stable ◀───┘
//! ```

use crate::clock::Instant;
use crate::types::{LeaderEpoch, NodeId, Offset, Timestamp, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// Where a group stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupState {
    /// No members; offsets are kept.
    Empty,
    /// Members are to join.
    PreparingRebalance,
    /// The generation has begun, the shares are awaited.
    CompletingRebalance,
    /// Everybody has a share.
    Stable,
    /// Removed.
    Dead,
}

impl fmt::Display for GroupState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Whom to answer: the node and the correlation of its request.
pub type Reply = (NodeId, u64);

/// A position remembered for a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Committed {
    /// The next offset to read.
    pub offset: Offset,
    /// Epoch of the last record read.
    pub leader_epoch: LeaderEpoch,
    /// When it was committed.
    pub timestamp: Timestamp,
}

/// One member.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Its id.
    pub id: Arc<str>,
    /// Of a static member (KIP-345).
    pub instance_id: Option<Arc<str>>,
    /// Its `client.id`.
    pub client_id: Arc<str>,
    /// Time between heartbeats.
    pub session_timeout_ms: u32,
    /// Time to rejoin.
    pub rebalance_timeout_ms: u32,
    /// Assignors it knows with its subscription, best first.
    pub protocols: Vec<(Arc<str>, Arc<[u8]>)>,
    /// Its share as the leader wrote it.
    pub assignment: Arc<[u8]>,
    /// Its JoinGroup waits for an answer.
    pub awaiting_join: Option<Reply>,
    /// Its SyncGroup waits for an answer.
    pub awaiting_sync: Option<Reply>,
    /// Whether it has never been in a generation.
    pub is_new: bool,
    /// When its session ends, unless it is heard of.
    pub session_ends: Instant,
}

impl Member {
    /// Its subscription under `protocol`.
    pub fn subscription(&self, protocol: &str) -> Option<&Arc<[u8]>> {
        self.protocols.iter().find(|(name, _)| &**name == protocol).map(|(_, bytes)| bytes)
    }
}

/// One group.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Its id.
    pub id: Arc<str>,
    /// Where it stands.
    pub state: GroupState,
    /// Where it stood before.
    pub previous_state: GroupState,
    /// Since when.
    pub state_since: Timestamp,
    /// The generation; grows with each rebalance.
    pub generation: i32,
    /// `consumer`, once a member came.
    pub protocol_type: Option<Arc<str>>,
    /// The assignor of this generation.
    pub protocol: Option<Arc<str>>,
    /// The member that computes the shares.
    pub leader: Option<Arc<str>>,
    /// The members by id.
    pub members: BTreeMap<Arc<str>, Member>,
    /// The id of each static member by its instance id.
    pub static_members: BTreeMap<Arc<str>, Arc<str>>,
    /// Newcomers that got an id and have not come back with it yet.
    pub pending_members: BTreeSet<Arc<str>>,
    /// Members of this generation whose SyncGroup has not come.
    pub pending_sync: BTreeSet<Arc<str>>,
    /// Committed offsets.
    pub offsets: BTreeMap<TopicPartition, Committed>,
    /// What is left of the time that the first rebalance may wait.
    pub(super) initial_left_ms: Option<u64>,
    pub(super) new_member_added: bool,
}

impl Group {
    pub(super) fn new(id: Arc<str>, now: Timestamp) -> Group {
        Group {
            id,
            state: GroupState::Empty,
            previous_state: GroupState::Dead,
            state_since: now,
            generation: 0,
            protocol_type: None,
            protocol: None,
            leader: None,
            members: BTreeMap::new(),
            static_members: BTreeMap::new(),
            pending_members: BTreeSet::new(),
            pending_sync: BTreeSet::new(),
            offsets: BTreeMap::new(),
            initial_left_ms: None,
            new_member_added: false,
        }
    }
    pub(super) fn transition(&mut self, to: GroupState, now: Timestamp) {
        (self.previous_state, self.state, self.state_since) = (self.state, to, now);
    }
    /// Whether `member` leads.
    pub fn is_leader(&self, member: &str) -> bool {
        self.leader.as_deref() == Some(member)
    }
    /// The longest time any member wants to have for rejoining.
    pub fn rebalance_timeout_ms(&self) -> u64 {
        self.members.values().map(|m| u64::from(m.rebalance_timeout_ms)).max().unwrap_or(0)
    }
    pub(super) fn can_rebalance(&self) -> bool {
        use GroupState::*;
        matches!(self.state, Empty | CompletingRebalance | Stable)
    }
    pub(super) fn all_joined(&self) -> bool {
        self.pending_members.is_empty() && self.members.values().all(|m| m.awaiting_join.is_some())
    }
    /// Assignors that all members know.
    fn candidates(&self) -> BTreeSet<&Arc<str>> {
        let mut members = self.members.values();
        let Some(first) = members.next() else { return BTreeSet::new() };
        let mut names: BTreeSet<&Arc<str>> = first.protocols.iter().map(|(name, _)| name).collect();
        for member in members {
            names.retain(|name| member.subscription(name).is_some());
        }
        names
    }
    /// Whether somebody with these assignors may come in.
    pub(super) fn supports(&self, protocols: &[(Arc<str>, Arc<[u8]>)], except: &str) -> bool {
        if protocols.is_empty() {
            return false;
        }
        let others: Vec<&Member> = self.members.values().filter(|m| &*m.id != except).collect();
        others.is_empty()
            || protocols
                .iter()
                .any(|(name, _)| others.iter().all(|m| m.subscription(name).is_some()))
    }
    /// The assignor with most votes among those that all know; each member votes for its best
    /// (`ClassicGroup.selectProtocol`; a tie goes to the first name here).
    pub(super) fn select_protocol(&self) -> Option<Arc<str>> {
        let candidates = self.candidates();
        let mut votes: BTreeMap<&Arc<str>, usize> = BTreeMap::new();
        for member in self.members.values() {
            let best = member.protocols.iter().map(|(name, _)| name);
            if let Some(name) = best.into_iter().find(|name| candidates.contains(name)) {
                *votes.entry(name).or_default() += 1;
            }
        }
        let most = votes.values().copied().max()?;
        votes.into_iter().find(|(_, count)| *count == most).map(|(name, _)| name.clone())
    }
    pub(super) fn remove(&mut self, id: &str) -> Option<Member> {
        self.pending_members.remove(id);
        self.pending_sync.remove(id);
        let member = self.members.remove(id)?;
        if let Some(instance) = &member.instance_id {
            self.static_members.remove(instance);
        }
        if self.is_leader(id) {
            self.leader = self.members.keys().next().cloned();
        }
        Some(member)
    }
    /// Whether a present leader, or another member in its place, has joined (`maybeElectNewJoinedLeader`).
    pub(super) fn elect_joined_leader(&mut self) -> bool {
        let joined = |member: &Member| member.awaiting_join.is_some();
        let leader = self.leader.as_ref().and_then(|leader| self.members.get(leader));
        if leader.is_some_and(joined) {
            return true;
        }
        let other = self.members.values().find(|member| joined(member)).map(|m| m.id.clone());
        if other.is_some() {
            self.leader = other;
            return true;
        }
        false
    }
}
