//! DeleteRecords: the leader moves its log start at once and answers when every live replica has moved its own
//! (classes `DelayedDeleteRecords`, `Partition.lowWatermarkIfLeader`).
//!
//! ```text
//!   admin ── before 42 ─▶ leader   log start 0 → 42, low watermark still 0: the answer waits
//!                           ◀─ Fetch ── follower          its answer says: log start 42
//!                           ◀─ Fetch ── follower          says: mine too ─▶ low watermark 42 ─▶ admin
//! ```
//!
//! The low watermark is the least log start of the leader and of the followers whose brokers live.

use super::{Broker, Event, Halt, Out};
use crate::clock::{Duration, Instant};
use crate::disk::Disk;
use crate::era::is_before;
use crate::protocol::{
    DeleteRecordsRequest, DeleteRecordsResponse, ErrorCode, Message, Response, Timer,
};
use crate::replica::Role;
use crate::types::{NodeId, Offset, TopicPartition};

/// How long an administrator's request may take (`request.timeout.ms`).
const TIMEOUT: Duration = Duration::from_ms(30_000);

/// A DeleteRecords that waits for followers.
#[derive(Clone, Debug)]
pub struct DelayedDelete {
    /// Who waits.
    pub from: NodeId,
    /// Its request's number.
    pub correlation: u64,
    /// What is known for each partition; an offset: this low watermark is waited for.
    pub partitions: Vec<(TopicPartition, ErrorCode, Offset, Option<Offset>)>,
}

impl Broker {
    pub(super) fn delete_records(
        &mut self,
        now: Instant,
        from: NodeId,
        correlation: u64,
        request: DeleteRecordsRequest,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let mut partitions = Vec::with_capacity(request.partitions.len());
        for (partition, before) in request.partitions {
            let required = self.move_log_start(&partition, before, disk, out)?;
            partitions.push(match required {
                Ok(required) => (partition, ErrorCode::NONE, Offset::NONE, Some(required)),
                Err(error) => (partition, error, Offset::NONE, None),
            });
        }
        self.next_waiting += 1;
        let id = self.next_waiting;
        self.delayed_deletes.insert(id, DelayedDelete { from, correlation, partitions });
        if !self.complete_delete(id, out) {
            out.set(Timer::DelayedDelete(id), now + TIMEOUT);
        }
        Ok(())
    }

    /// The leader's own half; the offset that every replica has to reach.
    fn move_log_start(
        &mut self,
        partition: &TopicPartition,
        before: Offset,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<Result<Offset, ErrorCode>, Halt> {
        if is_before(self.config.log.era.kafka, "0.11") {
            return Ok(Err(ErrorCode::UNSUPPORTED_VERSION)); // KIP-107
        }
        let Some(replica) = self.replicas.get_mut(partition) else {
            return Ok(Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
        };
        let Role::Leader(leader) = &replica.role else {
            return Ok(Err(ErrorCode::NOT_LEADER_OR_FOLLOWER));
        };
        let committed = leader.high_watermark();
        let wanted = if before == Offset::NONE { committed } else { before };
        if wanted.0 < 0 || wanted > committed {
            return Ok(Err(ErrorCode::OFFSET_OUT_OF_RANGE));
        }
        let mut events = Vec::new();
        replica.log.advance_log_start(disk, wanted, &mut events)?;
        out.events.extend(events.into_iter().map(Event::Storage));
        Ok(Ok(wanted))
    }

    /// The least log start of the replicas whose brokers live, if this broker leads.
    fn low_watermark(&self, partition: &TopicPartition) -> Result<Offset, ErrorCode> {
        let Some(replica) = self.replicas.get(partition) else {
            return Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        };
        let leader = replica.as_leader().ok_or(ErrorCode::NOT_LEADER_OR_FOLLOWER)?;
        let brokers = &self.observer.image.brokers;
        let lives = |node: &NodeId| brokers.get(node).is_some_and(|broker| !broker.fenced);
        let followers = leader.followers.iter().filter(|(node, _)| lives(node));
        let least = followers.map(|(_, state)| state.log_start).min();
        let own = replica.log.log_start_offset();
        Ok(least.map_or(own, |least| least.min(own)))
    }

    /// Something moved: whoever waits for it looks again.
    pub(super) fn complete_deletes(&mut self, out: &mut Out) {
        for id in self.delayed_deletes.keys().copied().collect::<Vec<_>>() {
            if self.complete_delete(id, out) {
                out.cancel(Timer::DelayedDelete(id));
            }
        }
    }

    /// Answers if nothing is waited for any more; says whether.
    fn complete_delete(&mut self, id: u64, out: &mut Out) -> bool {
        let Some(mut delayed) = self.delayed_deletes.remove(&id) else { return false };
        for (partition, error, low, waits) in &mut delayed.partitions {
            let Some(required) = *waits else { continue };
            match self.low_watermark(partition) {
                Ok(reached) if reached < required => *low = reached,
                Ok(reached) => (*low, *waits) = (reached, None),
                Err(code) => (*error, *waits) = (code, None),
            }
        }
        if delayed.partitions.iter().any(|(.., waits)| waits.is_some()) {
            self.delayed_deletes.insert(id, delayed);
            return false;
        }
        Self::answer_delete(delayed, out);
        true
    }

    /// It took too long: a follower does not fetch.
    pub(super) fn delete_expired(&mut self, id: u64, out: &mut Out) {
        let Some(mut delayed) = self.delayed_deletes.remove(&id) else { return };
        for (_, error, _, waits) in &mut delayed.partitions {
            if waits.take().is_some() {
                *error = ErrorCode::REQUEST_TIMED_OUT;
            }
        }
        Self::answer_delete(delayed, out);
    }

    fn answer_delete(delayed: DelayedDelete, out: &mut Out) {
        let partitions = delayed.partitions.into_iter();
        let partitions = partitions.map(|(partition, error, low, _)| (partition, error, low));
        let response = DeleteRecordsResponse { partitions: partitions.collect() };
        let message = Message::response(delayed.correlation, Response::DeleteRecords(response));
        out.send(delayed.from, message);
    }
}
