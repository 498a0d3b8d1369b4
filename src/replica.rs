//! One replica of a partition: leader or follower, what is in sync, what is committed.
//!
//! ```text
//!   leader    0 1 2 3 4 5 6      log end 7
//!   follower  0 1 2 3 4          log end 5   ← fetched up to here, asks for 5
//!   follower  0 1 2 3 4 5        log end 6
//!                       ▲
//!              high watermark 5 = least log end of the in-sync replicas
//! ```
//!
//! Followers ask; nobody pushes. A follower's fetch offset tells the leader how far that follower's log reaches, and so
//! the leader advances the high watermark; the follower learns it with the next answer, one fetch later.
//!
//! Roles are types: [`Leader`] advances a high watermark, [`Follower`] can only learn one. What always holds: the high
//! watermark never passes the leader's log end; a leader's ISR names the leader itself.
//!
//! What it takes to stay in sync (`lag`) and where a new follower cuts its log (`truncation`) have changed with the
//! versions: the era's row says how.
//!
//! Sources: classes `Partition`, `Replica`; KIP-497 (AlterPartition), KIP-903 (broker epochs in the ISR), KIP-966
//! (the high watermark stands still below `min.insync.replicas`). Left out: remote replicas (tiered storage), several
//! log directories per broker.

mod event;
mod lag;
mod leader;
mod quota;
mod truncation;
#[cfg(test)]
mod truncation_tests;

pub use event::{Event, set};
pub use lag::LagLimits;
pub use leader::{FollowerState, Leader, Proposal, ReplicaFetch, check_epoch};
pub use quota::{ReplicationQuota, check_replica_list, names_replica};
pub use truncation::{Cut, Guide, Reason, TruncationStep, TruncationSteps, cut, truncation_steps};

use crate::storage::Log;
use crate::types::{LeaderEpoch, NodeId, Offset, PartitionEpoch, TopicPartition};

/// One broker's copy of a partition.
#[derive(Clone, Debug)]
pub struct Replica {
    /// Which partition.
    pub partition: TopicPartition,
    /// The broker that holds this copy.
    pub broker: NodeId,
    /// All brokers that shall hold a copy, preferred leader first.
    pub assigned: Vec<NodeId>,
    /// Epoch of the registration that this broker acts on.
    pub partition_epoch: PartitionEpoch,
    /// Epoch of the leader that this broker believes in.
    pub leader_epoch: LeaderEpoch,
    /// The bytes.
    pub log: Log,
    /// What this copy is at the moment.
    pub role: Role,
}

/// What a copy is.
#[derive(Clone, Debug)]
pub enum Role {
    /// It answers producers and consumers.
    Leader(Leader),
    /// It copies the leader.
    Follower(Follower),
}

/// What a follower knows beyond its log.
#[derive(Clone, Debug)]
pub struct Follower {
    /// Whom it copies; `None` while the partition has no leader.
    pub leader: Option<NodeId>,
    /// The high watermark as last heard.
    high_watermark: Offset,
}

impl Follower {
    /// A follower of `leader` that begins with this high watermark.
    pub fn new(leader: Option<NodeId>, high_watermark: Offset) -> Follower {
        Follower { leader, high_watermark }
    }

    /// Learns the leader's high watermark; it can never lie beyond the follower's own log end
    /// (class `ReplicaFetcherThread`). If it moved, says from where.
    pub fn learn_high_watermark(&mut self, leaders: Offset, log: &Log) -> Option<Offset> {
        let learned = leaders.min(log.log_end_offset());
        let before = self.high_watermark;
        self.high_watermark = learned;
        (learned != before).then_some(before)
    }

    /// The high watermark as last heard.
    pub fn high_watermark(&self) -> Offset {
        self.high_watermark
    }
}

impl Replica {
    /// What is committed, as far as this copy knows.
    pub fn high_watermark(&self) -> Offset {
        match &self.role {
            Role::Leader(leader) => leader.high_watermark(),
            Role::Follower(follower) => follower.high_watermark,
        }
    }

    /// The offset that the next record will get.
    pub fn log_end_offset(&self) -> Offset {
        self.log.log_end_offset()
    }

    /// The leader's view, if this copy leads.
    pub fn as_leader(&self) -> Option<&Leader> {
        match &self.role {
            Role::Leader(leader) => Some(leader),
            Role::Follower(_) => None,
        }
    }

    /// Whether this copy leads.
    pub fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }

    /// Who leads, as far as this copy knows.
    pub fn leader(&self) -> Option<NodeId> {
        match &self.role {
            Role::Leader(_) => Some(self.broker),
            Role::Follower(follower) => follower.leader,
        }
    }

    /// The log was cut or begun anew around the network: the marks follow it.
    pub(crate) fn restart_marks(&mut self) {
        let (start, end) = (self.log.log_start_offset(), self.log.log_end_offset());
        match &mut self.role {
            Role::Leader(leader) => leader.restart_marks(start, end),
            Role::Follower(follower) => {
                follower.high_watermark = follower.high_watermark.max(start).min(end);
            }
        }
    }

    /// How many replicas must be in sync: as many as was said; since KIP-966 (3.7) never more than there are (class
    /// `Partition`, effectiveMinIsr: in the jar of 3.9.1, not in that of 2.1.1).
    pub fn min_insync_replicas(&self) -> usize {
        let config = self.log.config();
        let wanted = config.min_insync_replicas as usize;
        match config.era.high_watermark_awaits_min_insync {
            true => wanted.min(self.assigned.len()),
            false => wanted,
        }
    }
}
