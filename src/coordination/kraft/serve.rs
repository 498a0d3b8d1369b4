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
        let response = self.read_for(&request, disk)?;
        let nothing = |p: &FetchPartitionResponse| {
            p.error.is_none() && p.diverging_epoch.is_none() && p.records.is_empty()
        };
        let wait = request.max_wait_ms > 0 && self.waiting.len() < MAX_WAITING;
        if !wait || !response.partitions.iter().all(nothing) {
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
            let response = Response::Fetch(self.read_for(&waiting.request, disk)?);
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

    fn read_for(&self, request: &FetchRequest, disk: &Disk) -> Result<FetchResponse, StorageError> {
        let mut partitions = Vec::with_capacity(request.partitions.len().min(16));
        for asked in &request.partitions {
            partitions.push(self.read_partition(asked, request.max_bytes, disk)?);
        }
        Ok(FetchResponse { partitions })
    }

    fn read_partition(
        &self,
        asked: &FetchPartition,
        max_bytes: u32,
        disk: &Disk,
    ) -> Result<FetchPartitionResponse, StorageError> {
        let end = self.log.log_end_offset();
        let mut answer = FetchPartitionResponse {
            partition: asked.partition.clone(),
            error: ErrorCode::NONE,
            high_watermark: end,
            last_stable_offset: end,
            log_start_offset: self.log.log_start_offset(),
            diverging_epoch: None,
            current_leader: None,
            records: Arc::from([]),
        };
        let epoch = LeaderEpoch(self.epoch);
        if asked.partition != metadata_partition() {
            answer.error = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
        } else if asked.current_leader_epoch != LeaderEpoch::NONE
            && asked.current_leader_epoch != epoch
        {
            let older = asked.current_leader_epoch < epoch;
            let error = if older {
                ErrorCode::FENCED_LEADER_EPOCH
            } else {
                ErrorCode::UNKNOWN_LEADER_EPOCH
            };
            answer.error = error;
            answer.current_leader = Some((self.id, epoch));
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
        let (epoch, end) = self.log.end_offset_for_epoch(asked.last_fetched_epoch);
        let same = epoch == asked.last_fetched_epoch && end >= asked.fetch_offset;
        (!same).then_some((epoch, end))
    }
}
