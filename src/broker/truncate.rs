//! Cutting a new follower's log, and the leader's answer to those who ask where (KIP-101, KIP-279).
//!
//! ```text
//!   follower of 0.11 … 2.6                                leader
//!     becomes a follower, fetches nothing yet
//!     ── OffsetForLeaderEpoch: epoch 2 ──────────────────▶
//!     ◀───────────── epoch 1 ended at 4 ──────────────────  its greatest epoch up to 2, and where the next one began
//!     cuts to 4 (`replica::truncation`), then fetches
//! ```
//!
//! Before 0.11 a follower cuts to its high watermark at once; since 2.7 it cuts when a fetch is answered with a
//! diverging epoch. Always: what is cut is told, with the steps that led there. Classes `ReplicaManager`
//! (`makeFollowers`, `lastOffsetForLeaderEpoch`), `AbstractFetcherThread` (`maybeTruncate`).

use super::{Broker, Event, Halt, Out, Purpose};
use crate::clock::Instant;
use crate::disk::Disk;
use crate::era::Truncation;
use crate::protocol::{
    ErrorCode, Message, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, Request,
    Response,
};
use crate::replica::{self, Guide, Replica, Role, TruncationStep, check_epoch, truncation_steps};
use crate::types::{LeaderEpoch, NodeId, Offset, TopicPartition};

/// Cuts the log of a follower by this guide; whether it agrees with the leader's now.
pub(super) fn cut_by(
    replica: &mut Replica,
    guide: Guide,
    disk: &mut Disk,
    events: &mut Vec<Event>,
) -> Result<bool, Halt> {
    let from = replica.log.log_end_offset();
    let steps: Vec<TruncationStep> =
        truncation_steps(&replica.log, replica.high_watermark(), guide).collect();
    let Some(TruncationStep::Cut(cut)) = steps.last().cloned() else {
        return Ok(true);
    };
    if cut.to == from {
        // An epoch in which nothing was written may still stand at the log end (`UnifiedLog.truncateTo`).
        replica.log.truncate_to(disk, from, &mut Vec::new())?;
        return Ok(cut.complete);
    }
    let partition = replica.partition.clone();
    events.extend(steps.into_iter().map(|step| {
        Event::Replica(replica::Event::Truncating { partition: partition.clone(), step })
    }));
    let mut told = Vec::new();
    replica.log.truncate_to(disk, cut.to, &mut told)?;
    events.extend(told.into_iter().map(Event::Storage));
    events.push(Event::Replica(replica::Event::Truncated {
        partition,
        from,
        to: cut.to,
        reason: cut.reason,
    }));
    if let Role::Follower(follower) = &mut replica.role {
        follower.learn_high_watermark(follower.high_watermark(), &replica.log);
    }
    Ok(cut.complete)
}

impl Broker {
    /// Whether this follower begins by asking where its last epoch ended.
    pub(super) fn must_ask(&self, partition: &TopicPartition) -> bool {
        self.config.truncation() == Truncation::OffsetsForLeaderEpoch
            && self
                .replicas
                .get(partition)
                .is_some_and(|replica| replica.log.latest_epoch() != LeaderEpoch::NONE)
    }

    /// Cuts what a new follower cuts before it asks anybody: everything above its high watermark, where it knows no
    /// better.
    pub(super) fn cut_before_following(
        &mut self,
        partition: &TopicPartition,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let knows_better = self.config.truncation() != Truncation::HighWatermark;
        let Some(replica) = self.replicas.get_mut(partition) else {
            return Ok(());
        };
        if knows_better && replica.log.latest_epoch() != LeaderEpoch::NONE {
            return Ok(());
        }
        cut_by(replica, Guide::HighWatermark, disk, &mut out.events)?;
        Ok(())
    }

    /// Asks `leader` about all partitions that must be cut before they are fetched; whether there are any.
    pub(super) fn ask_where_epochs_ended(
        &mut self,
        now: Instant,
        leader: NodeId,
        out: &mut Out,
    ) -> bool {
        let fenced = self.config.fetch_is_fenced();
        let Some(fetcher) = self.fetchers.get_mut(&leader) else {
            return false;
        };
        if self.fetchers_paused || fetcher.in_flight.is_some() {
            return false;
        }
        let mut partitions = Vec::new();
        for (partition, following) in &mut fetcher.partitions {
            if !following.truncating || following.until > now {
                continue;
            }
            let Some(replica) = self.replicas.get(partition) else {
                continue;
            };
            let epoch = replica.log.latest_epoch();
            if epoch == LeaderEpoch::NONE {
                following.truncating = false; // everything was cut: there is nothing left to ask about
                continue;
            }
            let current = if fenced { following.epoch } else { LeaderEpoch::NONE };
            out.events.push(Event::Replica(replica::Event::EpochAsked {
                partition: partition.clone(),
                leader,
                epoch,
            }));
            partitions.push((partition.clone(), current, epoch));
        }
        if partitions.is_empty() {
            return false;
        }
        fetcher.waiting = false;
        let request = Request::OffsetForLeaderEpoch(OffsetForLeaderEpochRequest {
            replica: self.id,
            version: self.config.epoch_request_version(),
            partitions,
        });
        let timeout = self.config.replica_socket_timeout;
        let correlation = self.ask(now, leader, request, Purpose::EpochEnds, timeout, out);
        if let Some(fetcher) = self.fetchers.get_mut(&leader) {
            fetcher.in_flight = Some(correlation);
        }
        true
    }

    /// The leader's answer: cut, and fetch from now on; or ask again, when the leader named an epoch unknown here.
    pub(super) fn epoch_ends_answered(
        &mut self,
        now: Instant,
        leader: NodeId,
        response: OffsetForLeaderEpochResponse,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let backoff = now + self.config.replica_fetch_backoff;
        let Some(fetcher) = self.fetchers.get_mut(&leader) else {
            return Ok(());
        };
        fetcher.in_flight = None;
        for (partition, error, epoch, end) in response.partitions {
            let Some(following) = fetcher.partitions.get_mut(&partition) else {
                continue;
            };
            let Some(replica) = self.replicas.get_mut(&partition) else {
                continue;
            };
            if following.epoch != replica.leader_epoch || replica.leader() != Some(leader) {
                continue;
            }
            if !error.is_none() {
                following.until = backoff;
                out.events.push(Event::FetchFailed { leader, error });
                continue;
            }
            let guide = Guide::Answer { epoch, end };
            following.truncating = !cut_by(replica, guide, disk, &mut out.events)?;
        }
        self.fetch_from(now, leader, out);
        Ok(())
    }

    /// The leader's side: where did this epoch end?
    pub(super) fn where_epochs_ended(
        &mut self,
        from: NodeId,
        correlation: u64,
        request: OffsetForLeaderEpochRequest,
        out: &mut Out,
    ) {
        let mut answers = Vec::with_capacity(request.partitions.len());
        for (partition, current, epoch) in request.partitions {
            let unknown = (LeaderEpoch::NONE, Offset::NONE);
            let (error, (found, end)) = match self.replicas.get(&partition) {
                None => (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, unknown),
                Some(replica) => match check_epoch(current, replica.leader_epoch) {
                    ErrorCode::NONE if !replica.is_leader() => {
                        (ErrorCode::NOT_LEADER_OR_FOLLOWER, unknown)
                    }
                    ErrorCode::NONE => (ErrorCode::NONE, replica.log.end_offset_for_epoch(epoch)),
                    error => (error, unknown),
                },
            };
            if !error.is_none() {
                out.events.push(Event::Refused {
                    from,
                    request: "OffsetForLeaderEpoch",
                    partition: Some(partition.clone()),
                    error,
                });
            }
            let named = if request.version == 0 { LeaderEpoch::NONE } else { found };
            answers.push((partition, error, named, end));
        }
        let response = OffsetForLeaderEpochResponse { partitions: answers };
        out.send(from, Message::response(correlation, Response::OffsetForLeaderEpoch(response)));
    }
}
