//! Fetch at the leader: check epochs, read, or hold the answer back until there is enough (long poll).
//!
//! A follower's fetch does double duty: its offset tells the leader how far the follower's log reaches. The answer
//! carries the high watermark *as it was before* this fetch was noted, so a follower learns one fetch later
//! (classes `ReplicaManager`, `Partition`, `DelayedFetch`). A diverging log is reported by the greatest common epoch
//! and its end (KIP-595). A reader with an old version of the request gets the batches in the format that it knows
//! (`KafkaApis.processFetchRequest`): they are copied and written anew, so nothing of zero-copy is left.

use super::{Broker, Event, Halt, Out};
use crate::batch;
use crate::clock::{Duration, Instant};
use crate::disk::Disk;
use crate::era::AcksAboveOne;
use crate::protocol::{
    ErrorCode, FetchPartition, FetchPartitionResponse, FetchRequest, FetchResponse, Message,
    RecordBytes, Response, Timer,
};
use crate::replica::{ReplicaFetch, Role, check_epoch};
use crate::types::{LeaderEpoch, NodeId, Offset, TopicPartition};

/// A fetch that waits for more bytes.
#[derive(Clone, Debug)]
pub struct DelayedFetch {
    /// Who waits.
    pub from: NodeId,
    /// Its request's number.
    pub correlation: u64,
    /// What it asked.
    pub request: FetchRequest,
}

/// What one look at the logs gives.
struct Look {
    partitions: Vec<FetchPartitionResponse>,
    bytes: usize,
    answer_now: bool,
}

fn empty() -> RecordBytes {
    RecordBytes::from(&[][..])
}

impl Broker {
    pub(super) fn fetch(
        &mut self,
        now: Instant,
        from: NodeId,
        correlation: u64,
        request: FetchRequest,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let mut look = self.look(&request, disk)?;
        if let Some(follower) = request.replica {
            for asked in &request.partitions {
                self.note_follower(now, follower, &request, asked, disk, out)?;
            }
        }
        for answer in look.partitions.iter().filter(|answer| !answer.error.is_none()) {
            out.events.push(Event::Refused {
                from,
                request: "Fetch",
                partition: Some(answer.partition.clone()),
                error: answer.error,
            });
        }
        let enough = look.answer_now
            || request.max_wait_ms == 0
            || look.bytes >= request.min_bytes as usize
            || request.partitions.is_empty();
        if enough {
            self.convert_down(from, &request, &mut look.partitions, out);
            self.count_copies(&request, &look.partitions);
            self.count_sent(&request, &look.partitions, out);
            let response = Response::Fetch(FetchResponse { partitions: look.partitions });
            out.send(from, Message::response(correlation, response));
            return Ok(());
        }
        self.next_waiting += 1;
        let id = self.next_waiting;
        for asked in &request.partitions {
            if let Some(replica) = self.replicas.get_mut(&asked.partition)
                && let Role::Leader(leader) = &mut replica.role
            {
                leader.waiting_fetches.push(id);
            }
        }
        let wait = Duration::from_ms(u64::from(request.max_wait_ms));
        out.set(Timer::DelayedFetch(id), now + wait);
        self.delayed_fetches.insert(id, DelayedFetch { from, correlation, request });
        Ok(())
    }

    /// Writes what an old reader does not know in a format that it knows; versions that this Kafka does not answer, and
    /// zstd before version 10 (KIP-110), are refused.
    fn convert_down(
        &mut self,
        from: NodeId,
        request: &FetchRequest,
        partitions: &mut [FetchPartitionResponse],
        out: &mut Out,
    ) {
        if request.version >= 10 {
            return;
        }
        let least = self.config.log.era.least_fetch_version;
        let magic = match request.version {
            ..=1 => 0,
            2..=3 => 1,
            _ => 2,
        };
        for (answer, asked) in partitions.iter_mut().zip(&request.partitions) {
            if answer.records.is_empty() {
                continue;
            }
            let zstd = |bytes: &[u8]| {
                batch::entries(bytes).flatten().any(|entry| entry.codec() == batch::Codec::Zstd)
            };
            // A topic may forbid what costs so much memory; followers are served all the same (KIP-283).
            let replica = self.replicas.get(&answer.partition);
            let forbidden = request.replica.is_none()
                && replica.is_some_and(|replica| {
                    let config = replica.log.config();
                    config.magic() > magic && !config.message_downconversion_enable
                });
            let converted = match request.version {
                version if version < least || forbidden => Err(ErrorCode::UNSUPPORTED_VERSION),
                _ if zstd(&answer.records) => Err(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE),
                _ => batch::down_convert(&answer.records, magic, asked.fetch_offset)
                    .map_err(|_| ErrorCode::CORRUPT_MESSAGE),
            };
            match converted {
                Ok(converted) if converted.records > 0 || converted.bytes.is_empty() => {
                    out.events.push(Event::DownConverted {
                        partition: answer.partition.clone(),
                        magic,
                        records: converted.records,
                        from_bytes: answer.records.len(),
                        to_bytes: converted.bytes.len(),
                    });
                    let (was, is) = (answer.records.len(), converted.bytes.len());
                    self.copies.in_user_space += (was + is) as u64; // read into memory, written anew
                    answer.records = RecordBytes::from(converted.bytes);
                }
                Ok(_) => {}
                Err(error) => {
                    answer.records = empty();
                    answer.error = error;
                    let partition = Some(answer.partition.clone());
                    out.events.push(Event::Refused { from, request: "Fetch", partition, error });
                }
            }
        }
    }

    /// Reads for every partition of the request, within its limits.
    fn look(&self, request: &FetchRequest, disk: &Disk) -> Result<Look, Halt> {
        let mut look = Look {
            partitions: Vec::with_capacity(request.partitions.len()),
            bytes: 0,
            answer_now: false,
        };
        for asked in &request.partitions {
            let budget = (request.max_bytes as usize).saturating_sub(look.bytes);
            let answer = self.look_at(request, asked, budget, look.bytes == 0, disk)?;
            look.bytes += answer.records.len();
            look.answer_now |= !answer.error.is_none() || answer.diverging_epoch.is_some();
            look.partitions.push(answer);
        }
        Ok(look)
    }

    fn look_at(
        &self,
        request: &FetchRequest,
        asked: &FetchPartition,
        budget: usize,
        first: bool,
        disk: &Disk,
    ) -> Result<FetchPartitionResponse, Halt> {
        let mut answer = FetchPartitionResponse {
            partition: asked.partition.clone(),
            error: ErrorCode::NONE,
            high_watermark: Offset::NONE,
            last_stable_offset: Offset::NONE,
            log_start_offset: Offset::NONE,
            diverging_epoch: None,
            current_leader: None,
            snapshot: None,
            records: empty(),
        };
        let refuse = |mut answer: FetchPartitionResponse, error: ErrorCode| {
            answer.error = error;
            answer.current_leader = self.known_leader(&asked.partition);
            Ok(answer)
        };
        let Some(replica) = self.replicas.get(&asked.partition) else {
            let known = self.observer.image.partition(&asked.partition).is_some();
            return refuse(
                answer,
                if known {
                    ErrorCode::NOT_LEADER_OR_FOLLOWER
                } else {
                    ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
                },
            );
        };
        let epoch_error = check_epoch(asked.current_leader_epoch, replica.leader_epoch);
        if !epoch_error.is_none() {
            return refuse(answer, epoch_error);
        }
        let Role::Leader(leader) = &replica.role else {
            return refuse(answer, ErrorCode::NOT_LEADER_OR_FOLLOWER);
        };
        if let Some(follower) = request.replica
            && !leader.followers.contains_key(&follower)
        {
            return refuse(answer, ErrorCode::UNKNOWN_LEADER_EPOCH);
        }
        let log = &replica.log;
        answer.high_watermark = leader.high_watermark();
        answer.last_stable_offset = leader.high_watermark();
        answer.log_start_offset = log.log_start_offset();
        if asked.last_fetched_epoch != LeaderEpoch::NONE {
            let (epoch, end) = log.end_offset_for_epoch(asked.last_fetched_epoch);
            if epoch == LeaderEpoch::NONE && end == Offset::NONE {
                return refuse(answer, ErrorCode::OFFSET_OUT_OF_RANGE);
            }
            if epoch < asked.last_fetched_epoch || end < asked.fetch_offset {
                answer.diverging_epoch = Some((epoch, end));
                return Ok(answer);
            }
        }
        let up_to = match request.replica {
            Some(_) => log.log_end_offset(),
            None => leader.high_watermark(),
        };
        if asked.fetch_offset < log.log_start_offset() || asked.fetch_offset > log.log_end_offset()
        {
            return refuse(answer, ErrorCode::OFFSET_OUT_OF_RANGE);
        }
        let in_sync = |follower: NodeId| leader.isr.contains(&follower);
        let held = |follower| self.holds_back(&asked.partition, in_sync(follower));
        if asked.fetch_offset < up_to && (budget > 0 || first) && !request.replica.is_some_and(held)
        {
            let limit = (asked.max_bytes as usize).min(budget.max(1));
            match log.read(disk, asked.fetch_offset, limit, up_to, first) {
                Ok(fetched) => answer.records = fetched.bytes,
                // A header that makes no sense is the reader's trouble, not the broker's (`CorruptRecordException`).
                Err(error) if error.is_corrupt() => {
                    return refuse(answer, ErrorCode::CORRUPT_MESSAGE);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(answer)
    }

    /// The bookkeeping half of a follower's fetch: its log end, perhaps the ISR, perhaps the high watermark.
    fn note_follower(
        &mut self,
        now: Instant,
        follower: NodeId,
        request: &FetchRequest,
        asked: &FetchPartition,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let Some(replica) = self.replicas.get_mut(&asked.partition) else {
            return Ok(());
        };
        if !check_epoch(asked.current_leader_epoch, replica.leader_epoch).is_none() {
            return Ok(());
        }
        let end = replica.log.log_end_offset();
        if asked.fetch_offset > end {
            return Ok(());
        }
        if asked.last_fetched_epoch != LeaderEpoch::NONE {
            let (epoch, epoch_end) = replica.log.end_offset_for_epoch(asked.last_fetched_epoch);
            if epoch < asked.last_fetched_epoch || epoch_end < asked.fetch_offset {
                return Ok(()); // a diverging log does not count
            }
        }
        let Role::Leader(leader) = &mut replica.role else {
            return Ok(());
        };
        let before = leader.followers.get(&follower).map(|state| state.log_end);
        let fetch = ReplicaFetch {
            follower,
            offset: asked.fetch_offset,
            log_start: asked.log_start_offset,
            broker_epoch: request.replica_epoch,
        };
        if !leader.note_fetch(fetch, end, now) {
            return Ok(());
        }
        if leader.may_expand(follower, self.config.era())
            && self.may_join_isr(follower, request.replica_epoch)
        {
            self.propose_expansion(now, &asked.partition, follower, out);
        }
        if !self.delayed_deletes.is_empty() {
            self.complete_deletes(out);
        }
        if before != Some(asked.fetch_offset) {
            self.advance_high_watermark(now, &asked.partition, disk, out)?;
            if self.config.era().acks_above_one == AcksAboveOne::Counted {
                self.complete_produces(now, &asked.partition, disk, out)?;
            }
        }
        Ok(())
    }

    /// Waiting fetches of `partition` look again; those that have enough are answered.
    pub(super) fn complete_fetches(
        &mut self,
        partition: &TopicPartition,
        disk: &Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let waiting = match self.replicas.get(partition).map(|replica| &replica.role) {
            Some(Role::Leader(leader)) if !leader.waiting_fetches.is_empty() => {
                leader.waiting_fetches.clone()
            }
            _ => return Ok(()),
        };
        for id in waiting {
            self.complete_fetch(id, false, disk, out)?;
        }
        Ok(())
    }

    fn complete_fetch(
        &mut self,
        id: u64,
        expired: bool,
        disk: &Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let Some(delayed) = self.delayed_fetches.get(&id) else {
            return Ok(());
        };
        let mut look = self.look(&delayed.request, disk)?;
        if !expired && !look.answer_now && look.bytes < delayed.request.min_bytes as usize {
            return Ok(());
        }
        let (from, correlation) = (delayed.from, delayed.correlation);
        if !expired {
            out.cancel(Timer::DelayedFetch(id));
        }
        let request = delayed.request.clone();
        self.convert_down(from, &request, &mut look.partitions, out);
        self.forget_fetch(id);
        self.count_copies(&request, &look.partitions);
        self.count_sent(&request, &look.partitions, out);
        let response = Response::Fetch(FetchResponse { partitions: look.partitions });
        out.send(from, Message::response(correlation, response));
        Ok(())
    }

    fn forget_fetch(&mut self, id: u64) {
        let Some(delayed) = self.delayed_fetches.remove(&id) else {
            return;
        };
        for asked in &delayed.request.partitions {
            if let Some(replica) = self.replicas.get_mut(&asked.partition)
                && let Role::Leader(leader) = &mut replica.role
            {
                leader.waiting_fetches.retain(|&other| other != id);
            }
        }
    }

    /// The one who waited is gone.
    pub(super) fn drop_delayed_fetch(&mut self, id: u64, out: &mut Out) {
        self.forget_fetch(id);
        out.cancel(Timer::DelayedFetch(id));
    }

    pub(super) fn fetch_expired(
        &mut self,
        id: u64,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        self.complete_fetch(id, true, disk, out)
    }

    /// This broker does not lead `partition` any more: waiting fetches hear so.
    pub(super) fn fail_fetches(
        &mut self,
        waiting: Vec<u64>,
        disk: &Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        for id in waiting {
            self.complete_fetch(id, false, disk, out)?;
        }
        Ok(())
    }
}
