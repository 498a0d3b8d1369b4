//! The quorum of controllers: who leads the metadata log, and how far it is committed (`KafkaRaftClient`, KIP-595,
//! KIP-996).
//!
//! ```text
//!                   election time-out            pre-votes of a majority              votes of a majority
//!   UNATTACHED ───────────────────▶ PROSPECTIVE ────────────────────▶ CANDIDATE ────────────────────▶ LEADER
//!      ▲   ▲                          ▲  │  ▲      (epoch grows here)     │                            │ no majority
//!      │   └── nobody to follow ──────│──┘  └──── election time-out ──────┘                            │ fetches
//!      │                              │ fetch time-out                                                 ▼
//!      │                           FOLLOWER ◀── BeginQuorumEpoch, a Fetch answer that names the leader
//!      └──────────────────────────────────────── election time-out, epoch grows ─────────────────── RESIGNED
//! ```
//!
//! Followers fetch, as those of any partition do, and the leader counts: what a majority has, counting from the
//! leader's own epoch on, is committed. Always: a voter gives one vote an epoch, and says so in `quorum-state` before
//! it answers; a log that lacks committed records gets no majority; nothing is applied, nor any request answered,
//! before its records are committed. Left out: voters that come and go (KIP-853).

mod ask;
mod election;
mod event;
mod follower;
mod leader;
mod state_file;
#[cfg(test)]
mod tests;

pub use event::{QuorumEvent, ResignReason};
pub(super) use state_file::{QuorumState, read_quorum_state, write_quorum_state};

use super::controller::{Controller, Out};
use crate::clock::{Duration, Instant};
use crate::prng::{self, Purpose};
use crate::protocol::Timer;
use crate::types::{NodeId, Offset};
use ask::InFlight;
use std::collections::{BTreeMap, BTreeSet};

/// How far a replica of the metadata log has fetched, as the leader knows (`ReplicaState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Its log end; -1: it has not fetched yet.
    pub log_end: Offset,
    /// When it last fetched.
    pub last_fetch: Instant,
    /// When it last had all that the leader had.
    pub last_caught_up: Instant,
}

/// A reign (`LeaderState`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reign {
    /// Where its epoch begins in the log.
    pub start: Offset,
    /// Who voted for it.
    pub granting: Vec<NodeId>,
    /// The other voters.
    pub voters: BTreeMap<NodeId, Progress>,
    /// Brokers, and whoever else fetches.
    pub observers: BTreeMap<NodeId, Progress>,
    /// Whether it takes requests: all before its epoch is committed and applied.
    pub active: bool,
    pub(super) fetched: BTreeSet<NodeId>,
}

impl Reign {
    /// The reign of the only voter: whatever it writes is committed.
    pub(super) fn of_one(id: NodeId, start: Offset) -> Reign {
        Reign {
            start,
            granting: vec![id],
            voters: BTreeMap::new(),
            observers: BTreeMap::new(),
            active: true,
            fetched: BTreeSet::new(),
        }
    }
}

/// A snapshot that is being fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchingSnapshot {
    /// Its end offset and epoch.
    pub id: (Offset, crate::types::LeaderEpoch),
    /// The bytes that are here.
    pub bytes: Vec<u8>,
}

/// What a voter is at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuorumRole {
    /// It knows its epoch, but nobody to follow.
    Unattached,
    /// It fetches from the leader.
    Follower {
        /// Whether the leader has answered.
        has_fetched: bool,
        /// The snapshot under way, if the leader's log begins too late.
        snapshot: Option<FetchingSnapshot>,
    },
    /// It asks whether it could be elected (KIP-996).
    Prospective {
        /// Who would vote for it.
        granted: BTreeSet<NodeId>,
        /// Who would not.
        rejected: BTreeSet<NodeId>,
    },
    /// It stands for election.
    Candidate {
        /// Who voted for it.
        granted: BTreeSet<NodeId>,
        /// Who did not.
        rejected: BTreeSet<NodeId>,
    },
    /// It leads.
    Leader(Reign),
    /// It led, and tells the others that it does no more.
    Resigned {
        /// Who has not heard it yet.
        unacknowledged: BTreeSet<NodeId>,
    },
}

impl QuorumRole {
    /// The state's name, as Kafka's metric `current-state` has it.
    pub fn name(&self) -> &'static str {
        match self {
            QuorumRole::Unattached => "unattached",
            QuorumRole::Follower { .. } => "follower",
            QuorumRole::Prospective { .. } => "prospective",
            QuorumRole::Candidate { .. } => "candidate",
            QuorumRole::Leader(_) => "leader",
            QuorumRole::Resigned { .. } => "resigned",
        }
    }
}

/// What a controller knows of its quorum.
#[derive(Clone, Debug)]
pub struct Quorum {
    /// All voters, this one too.
    pub voters: Vec<NodeId>,
    /// What this one is.
    pub role: QuorumRole,
    /// Who leads, as far as it knows.
    pub leader: Option<NodeId>,
    /// Whom it voted for in this epoch.
    pub voted: Option<NodeId>,
    /// How far the log is committed, as far as it knows; -1: it does not.
    pub high_watermark: Offset,
    /// Drawn anew at each start.
    pub incarnation: crate::types::Uuid,
    pub(super) in_flight: BTreeMap<NodeId, InFlight>,
    pub(super) backing_off: BTreeMap<NodeId, Instant>,
    /// The high watermark that each fetcher was told last (KIP-1166 has it in the request).
    pub(super) told: BTreeMap<NodeId, Offset>,
    /// When it last asked the active controller to be registered.
    pub(super) registering: Option<Instant>,
    /// Who should stand first when this reign ends.
    pub(super) successors: Vec<NodeId>,
    draws: u64,
    next_correlation: u64,
    next_voter: usize,
}

impl Quorum {
    pub(super) fn new(voters: Vec<NodeId>, start_ordinal: u64) -> Quorum {
        Quorum {
            voters,
            role: QuorumRole::Unattached,
            leader: None,
            voted: None,
            high_watermark: Offset::NONE,
            incarnation: crate::types::Uuid::ZERO,
            in_flight: BTreeMap::new(),
            backing_off: BTreeMap::new(),
            told: BTreeMap::new(),
            registering: None,
            successors: Vec::new(),
            draws: start_ordinal << 20,
            next_correlation: start_ordinal << 40,
            next_voter: 0,
        }
    }

    /// Whether there is nobody to ask.
    pub fn is_single(&self) -> bool {
        self.voters.len() < 2
    }

    /// How many voters decide.
    pub fn majority(&self) -> usize {
        self.voters.len() / 2 + 1
    }

    /// The reign, while it leads.
    pub fn reign(&self) -> Option<&Reign> {
        match &self.role {
            QuorumRole::Leader(reign) => Some(reign),
            _ => None,
        }
    }

    pub(super) fn reign_mut(&mut self) -> Option<&mut Reign> {
        match &mut self.role {
            QuorumRole::Leader(reign) => Some(reign),
            _ => None,
        }
    }

    /// Moves what it remembers of fetches forward: idle time is skipped that way.
    pub(super) fn shift(&mut self, by: Duration) {
        if let Some(reign) = self.reign_mut() {
            for progress in reign.voters.values_mut().chain(reign.observers.values_mut()) {
                progress.last_fetch = progress.last_fetch + by;
                progress.last_caught_up = progress.last_caught_up + by;
            }
        }
        self.in_flight.values_mut().for_each(|asked| asked.deadline = asked.deadline + by);
        self.backing_off.values_mut().for_each(|until| *until = *until + by);
        self.registering = self.registering.map(|until| until + by);
    }

    fn others(&self, id: NodeId) -> Vec<NodeId> {
        self.voters.iter().copied().filter(|&voter| voter != id).collect()
    }
}

impl Controller {
    /// Whether it is the active controller: it leads, and has applied all that was decided before.
    pub fn is_active(&self) -> bool {
        self.quorum.reign().is_some_and(|reign| reign.active)
    }

    /// Whether it leads the quorum.
    pub fn leads(&self) -> bool {
        self.quorum.reign().is_some()
    }

    /// `randomElectionTimeoutMs`: one to two election time-outs, drawn by voter and turn.
    fn election_timeout(&mut self) -> Duration {
        self.quorum.draws += 1;
        let least = self.config.quorum_election_timeout.0;
        let (seed, from) = (self.config.seed, u64::from(self.id.0));
        let more = prng::below(seed, Purpose::Election, from, 0, self.quorum.draws, least);
        Duration(least + more)
    }

    /// Leaves the role before; the new one is `role`, in `epoch`.
    fn turn(&mut self, epoch: i32, leader: Option<NodeId>, role: QuorumRole, out: &mut Out) {
        if self.leads() {
            self.abdicate(out);
        }
        if epoch > self.epoch {
            self.quorum.voted = None;
        }
        self.epoch = epoch;
        self.quorum.leader = leader;
        self.quorum.role = role;
        self.quorum.in_flight.clear();
        self.quorum.backing_off.clear();
        for timer in [
            Timer::QuorumElection,
            Timer::QuorumFetchTimeout,
            Timer::QuorumCheck,
            Timer::QuorumBegin,
            Timer::QuorumRetry,
            Timer::RequestTimeout(0),
        ] {
            out.cancel(timer);
        }
    }
}
