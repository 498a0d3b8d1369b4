//! Brokers fetch the metadata log from the controller as followers fetch a partition (`KafkaRaftClient`, KIP-595).
//!
//! ```text
//!   broker ── Fetch offset=42 lastFetchedEpoch=1 ──▶ newer records? answer at once : wait (max_wait_ms)
//!                                                    other history? answer with the diverging epoch
//! ```
//!
//! Always: what is handed out was written before; a waiting fetch is answered by the next write or by its timer.

use super::controller::{Controller, Out};
use super::metadata_log::metadata_partition;
use crate::clock::{Duration, Instant};
use crate::disk::Disk;
use crate::protocol::{
    ErrorCode, FetchPartition, FetchPartitionResponse, FetchRequest, FetchResponse, Message,
    Response, Timer,
};
use crate::storage::StorageError;
use crate::types::{LeaderEpoch, NodeId, Offset};
use std::sync::Arc;

/// No more fetches wait than this; a further one is answered at once.
const MAX_WAITING: usize = 10_000;

/// A fetch that waits for records.
#[derive(Clone, Debug)]
pub(super) struct WaitingFetch {
    from: NodeId,
    correlation: u64,
    request: FetchRequest,
}

impl Controller {
    pub(super) fn fetch(
        &mut self,
        now: Instant,
        from: NodeId,
        correlation: u64,
        request: FetchRequest,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), StorageError> {
        self.note_fetches(now, from, &request, disk, out)?;
        let response = self.read_for(from, &request, disk)?;
        let nothing = |p: &FetchPartitionResponse| {
            let news = p.diverging_epoch.is_some() || p.snapshot.is_some() || !p.records.is_empty();
            p.error.is_none() && !news && !self.has_news_for(from)
        };
        let wait = request.max_wait_ms > 0 && self.waiting.len() < MAX_WAITING;
        if !wait || !response.partitions.iter().all(nothing) {
            self.quorum.told.insert(from, self.quorum.high_watermark);
            out.send(from, Message::response(correlation, Response::Fetch(response)));
            return Ok(());
        }
        let id = self.next_waiting;
        self.next_waiting += 1;
        let deadline = now + Duration::from_ms(u64::from(request.max_wait_ms));
        out.set(Timer::DelayedFetch(id), deadline);
        self.waiting.insert(id, WaitingFetch { from, correlation, request });
        Ok(())
    }

    pub(super) fn answer_waiting(
        &mut self,
        id: u64,
        disk: &Disk,
        out: &mut Out,
    ) -> Result<(), StorageError> {
        if let Some(waiting) = self.waiting.remove(&id) {
            let response = Response::Fetch(self.read_for(waiting.from, &waiting.request, disk)?);
            self.quorum.told.insert(waiting.from, self.quorum.high_watermark);
            out.send(waiting.from, Message::response(waiting.correlation, response));
        }
        Ok(())
    }

    pub(super) fn answer_all_waiting(
        &mut self,
        disk: &Disk,
        out: &mut Out,
    ) -> Result<(), StorageError> {
        let ids: Vec<u64> = self.waiting.keys().copied().collect();
        for id in ids {
            out.cancel(Timer::DelayedFetch(id));
            self.answer_waiting(id, disk, out)?;
        }
        Ok(())
    }

    pub(super) fn forget_waiting(&mut self, peer: NodeId, out: &mut Out) {
        self.waiting.retain(|&id, waiting| {
            let keep = waiting.from != peer;
            if !keep {
                out.cancel(Timer::DelayedFetch(id));
            }
            keep
        });
    }

    /// Fetches that wait at a leader that is none any more are answered so.
    pub(super) fn refuse_waiting(&mut self, out: &mut Out) {
        for (id, waiting) in std::mem::take(&mut self.waiting) {
            out.cancel(Timer::DelayedFetch(id));
            let refused = |asked: &FetchPartition| {
                let mut answer = empty(asked);
                answer.error = ErrorCode::NOT_LEADER_OR_FOLLOWER;
                answer
            };
            let partitions = waiting.request.partitions.iter().map(refused).collect();
            let response = Response::Fetch(FetchResponse { partitions });
            out.send(waiting.from, Message::response(waiting.correlation, response));
        }
    }

    /// Whether a fetcher has not been told yet how much is committed (KIP-1166: answered at once).
    fn has_news_for(&self, from: NodeId) -> bool {
        let told = self.quorum.told.get(&from).copied().unwrap_or(Offset::NONE);
        !self.quorum.is_single() && self.leads() && told < self.quorum.high_watermark
    }

    /// What a fetch says about the fetcher: it has everything before the offset that it asks for. More may be committed
    /// by that.
    fn note_fetches(
        &mut self,
        now: Instant,
        from: NodeId,
        request: &FetchRequest,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), StorageError> {
        let Some(asked) = request.partitions.first() else { return Ok(()) };
        if self.quorum.is_single() || !self.leads() || request.replica != Some(from) {
            return Ok(());
        }
        if !self.refusal(asked).is_none()
            || self.diverging(asked).is_some()
            || self.needs_snapshot(asked)
            || asked.fetch_offset > self.log.log_end_offset()
        {
            return Ok(());
        }
        let before = self.quorum.high_watermark;
        self.note_fetch(now, from, asked.fetch_offset, out);
        if self.quorum.high_watermark > before {
            self.apply_committed(now, disk, out)?;
            self.answer_all_waiting(disk, out)?;
        }
        Ok(())
    }

    fn refusal(&self, asked: &FetchPartition) -> ErrorCode {
        let (epoch, believed) = (LeaderEpoch(self.epoch), asked.current_leader_epoch);
        if asked.partition != metadata_partition() {
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        } else if believed != LeaderEpoch::NONE && believed < epoch {
            ErrorCode::FENCED_LEADER_EPOCH
        } else if believed != LeaderEpoch::NONE && believed > epoch {
            ErrorCode::UNKNOWN_LEADER_EPOCH
        } else if !self.leads() {
            ErrorCode::NOT_LEADER_OR_FOLLOWER
        } else {
            ErrorCode::NONE
        }
    }

    /// Its log ends before this one begins, or has nothing while there is a snapshot (`tryCompleteFetchRequest`).
    fn needs_snapshot(&self, asked: &FetchPartition) -> bool {
        let Some((end, _)) = self.snapshots.latest else { return false };
        let nothing = asked.fetch_offset <= Offset::ZERO;
        (nothing && end > Offset::ZERO) || asked.fetch_offset < self.log.log_start_offset()
    }

    fn read_for(
        &self,
        from: NodeId,
        request: &FetchRequest,
        disk: &Disk,
    ) -> Result<FetchResponse, StorageError> {
        let mut partitions = Vec::with_capacity(request.partitions.len().min(16));
        for asked in &request.partitions {
            partitions.push(self.read_partition(from, asked, request.max_bytes, disk)?);
        }
        Ok(FetchResponse { partitions })
    }

    fn read_partition(
        &self,
        from: NodeId,
        asked: &FetchPartition,
        max_bytes: u32,
        disk: &Disk,
    ) -> Result<FetchPartitionResponse, StorageError> {
        let end = self.log.log_end_offset();
        let mut answer = empty(asked);
        answer.error = self.refusal(asked);
        answer.log_start_offset = self.log.log_start_offset();
        answer.high_watermark = self.quorum.high_watermark;
        answer.last_stable_offset = self.quorum.high_watermark;
        if !answer.error.is_none() {
            let leader = self.quorum.leader.filter(|&leader| leader != self.id || self.leads());
            let told =
                |leader: NodeId| (leader != from).then_some((leader, LeaderEpoch(self.epoch)));
            answer.current_leader = leader.and_then(told);
        } else if self.needs_snapshot(asked) {
            answer.snapshot = self.snapshots.latest;
        } else if let Some(diverging) = self.diverging(asked) {
            answer.diverging_epoch = Some(diverging);
        } else if asked.fetch_offset < answer.log_start_offset || asked.fetch_offset > end {
            answer.error = ErrorCode::OFFSET_OUT_OF_RANGE;
        } else {
            let limit = max_bytes.min(asked.max_bytes) as usize;
            let fetched = self.log.read(disk, asked.fetch_offset, limit, end, true)?;
            answer.records = fetched.bytes;
        }
        Ok(answer)
    }

    /// Whether the asker's log ends in a history that this one does not have (`validateOffsetAndEpoch`).
    fn diverging(&self, asked: &FetchPartition) -> Option<(LeaderEpoch, Offset)> {
        if asked.last_fetched_epoch == LeaderEpoch::NONE || asked.fetch_offset <= Offset::ZERO {
            return None;
        }
        if self.snapshots.latest == Some((asked.fetch_offset, asked.last_fetched_epoch)) {
            return None; // it has that snapshot and nothing behind it
        }
        let (epoch, end) = self.log.end_offset_for_epoch(asked.last_fetched_epoch);
        let same = epoch == asked.last_fetched_epoch && end >= asked.fetch_offset;
        (!same).then_some((epoch, end))
    }
}

/// An answer without anything in it.
fn empty(asked: &FetchPartition) -> FetchPartitionResponse {
    FetchPartitionResponse {
        partition: asked.partition.clone(),
        error: ErrorCode::NONE,
        high_watermark: Offset::NONE,
        last_stable_offset: Offset::NONE,
        log_start_offset: Offset::NONE,
        diverging_epoch: None,
        current_leader: None,
        snapshot: None,
        records: Arc::from([]),
    }
}
