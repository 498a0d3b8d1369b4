//! Produce: append at the leader, then wait for the in-sync replicas (classes `ReplicaManager`, `DelayedProduce`).
//!
//! | acks     | answered when                                                                   |
//! |----------|---------------------------------------------------------------------------------|
//! | 0        | never; an error closes the connection                                           |
//! | 1        | the leader has written it                                                       |
//! | all (-1) | the high watermark passed it; refused at once below `min.insync.replicas`, and   |
//! |          | with NOT_ENOUGH_REPLICAS_AFTER_APPEND when the ISR shrank meanwhile              |
//! | 2, 3, …  | in 0.8: so many in-sync replicas have it, the leader counted in; since then     |
//! |          | INVALID_REQUIRED_ACKS (KAFKA-1697)                                              |

use super::{Broker, Event, Halt, Out};
use crate::batch;
use crate::clock::{Duration, Instant};
use crate::disk::Disk;
use crate::era::{AcksAboveOne, is_before};
use crate::protocol::{
    ErrorCode, Message, ProducePartitionResponse, ProduceRequest, ProduceResponse, Response, Timer,
};
use crate::replica::{Leader, Role};
use crate::types::{NodeId, Offset, TopicPartition};

/// Who waits for a produce.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// A producer.
    Client {
        /// Its node.
        from: NodeId,
        /// Its request.
        correlation: u64,
    },
    /// The group coordinator of this broker.
    Coordinator {
        /// What it calls the write.
        token: u64,
    },
}

/// A produce that waits for replicas.
#[derive(Clone, Debug)]
pub struct DelayedProduce {
    /// Who waits.
    pub origin: Origin,
    /// -1: until it is committed; more than 1 (in 0.8): until so many in-sync replicas have it.
    pub acks: i16,
    /// Answer for each partition, and the offset that the high watermark must reach; `None`: this one is done.
    pub partitions: Vec<(ProducePartitionResponse, Option<Offset>)>,
}

impl Broker {
    pub(super) fn produce(
        &mut self,
        now: Instant,
        from: NodeId,
        correlation: u64,
        request: ProduceRequest,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let acks = request.acks;
        let origin = Origin::Client { from, correlation };
        let mut answers = Vec::with_capacity(request.partitions.len());
        let mut touched = Vec::with_capacity(request.partitions.len());
        for (partition, bytes) in request.partitions {
            let refuses = self.config.era().acks_above_one == AcksAboveOne::Refused;
            let error = if acks < -1 || acks > 1 && refuses {
                ErrorCode::INVALID_REQUIRED_ACKS
            } else if batch::entries(&bytes).flatten().any(|entry| entry.is_control()) {
                ErrorCode::INVALID_RECORD // clients may not write control records (`LogValidator.validateBatch`)
            } else {
                ErrorCode::NONE
            };
            let (answer, required) =
                self.append(now, &partition, &bytes, acks, error, disk, out)?;
            if !answer.error.is_none() {
                out.events.push(Event::Refused {
                    from,
                    request: "Produce",
                    partition: Some(partition.clone()),
                    error: answer.error,
                });
            } else {
                touched.push(partition);
            }
            answers.push((answer, required));
        }
        let timeout = Duration::from_ms(u64::from(request.timeout_ms));
        self.answer_or_wait(now, origin, acks, answers, timeout, out);
        for partition in touched {
            self.appended(now, &partition, disk, out)?;
        }
        Ok(())
    }

    /// Appends one partition's batches; the offset that must be committed before a producer with acks=all may hear.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn append(
        &mut self,
        now: Instant,
        partition: &TopicPartition,
        bytes: &[u8],
        acks: i16,
        refused: ErrorCode,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(ProducePartitionResponse, Option<Offset>), Halt> {
        let mut answer = ProducePartitionResponse {
            partition: partition.clone(),
            error: refused,
            error_message: String::new(),
            base_offset: Offset::NONE,
            log_start_offset: Offset::NONE,
            current_leader: None,
        };
        if !refused.is_none() {
            return Ok((answer, None));
        }
        let kafka = self.config.era().kafka;
        let known_leader = self.known_leader(partition);
        let known = self.observer.image.partition(partition).is_some();
        let Some(replica) = self.replicas.get_mut(partition) else {
            answer.error = if known {
                ErrorCode::NOT_LEADER_OR_FOLLOWER
            } else {
                ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
            };
            answer.current_leader = known_leader;
            return Ok((answer, None));
        };
        let min_insync = replica.min_insync_replicas();
        let Role::Leader(leader) = &replica.role else {
            answer.error = ErrorCode::NOT_LEADER_OR_FOLLOWER;
            answer.current_leader = known_leader;
            return Ok((answer, None));
        };
        if acks == -1 && leader.isr.len() < min_insync {
            answer.error = ErrorCode::NOT_ENOUGH_REPLICAS;
            return Ok((answer, None));
        }
        let mut bytes = bytes.to_vec();
        let mut events = Vec::new();
        let epoch = replica.leader_epoch;
        let appended = replica.log.append_as_leader(disk, &mut bytes, epoch, now, &mut events);
        out.events.extend(events.into_iter().map(Event::Storage));
        match appended {
            Ok(appended) => {
                answer.base_offset = appended.first_offset;
                answer.log_start_offset = replica.log.log_start_offset();
                let required = (acks == -1 || acks > 1).then(|| appended.last_offset + 1);
                Ok((answer, required))
            }
            Err(error) => match error.refusal() {
                Some(code) => {
                    match code {
                        ErrorCode::MESSAGE_TOO_LARGE => self.rejected.bytes += bytes.len() as u64,
                        ErrorCode::CORRUPT_MESSAGE => self.rejected.corrupt += 1,
                        _ => {}
                    }
                    answer.error = code;
                    // Only what `LogValidator` finds in a record comes with words (`RecordValidationException`).
                    if matches!(code, ErrorCode::INVALID_RECORD | ErrorCode::INVALID_TIMESTAMP) {
                        answer.error_message = error.what;
                    }
                    Ok((answer, None))
                }
                // Told to the producer before the directory's failure is handled, which ends the process.
                None if error.broken_disk().is_some() && !is_before(kafka, "1.0") => {
                    answer.error = ErrorCode::KAFKA_STORAGE_ERROR;
                    self.disk_failure.get_or_insert(error);
                    Ok((answer, None))
                }
                None => Err(error),
            },
        }
    }

    fn answer_or_wait(
        &mut self,
        now: Instant,
        origin: Origin,
        acks: i16,
        partitions: Vec<(ProducePartitionResponse, Option<Offset>)>,
        timeout: Duration,
        out: &mut Out,
    ) {
        if let (Origin::Client { .. }, 0) = (&origin, acks) {
            return;
        }
        if partitions.iter().all(|(_, required)| required.is_none()) {
            if let Origin::Client { from, correlation } = origin {
                let partitions = partitions.into_iter().map(|(answer, _)| answer).collect();
                let response = Response::Produce(ProduceResponse { partitions });
                out.send(from, Message::response(correlation, response));
            }
            return;
        }
        self.wait_for_replicas(now, DelayedProduce { origin, acks, partitions }, timeout, out);
    }

    /// Parks a produce at its partitions.
    pub(super) fn wait_for_replicas(
        &mut self,
        now: Instant,
        delayed: DelayedProduce,
        timeout: Duration,
        out: &mut Out,
    ) {
        self.next_waiting += 1;
        let id = self.next_waiting;
        for (answer, required) in &delayed.partitions {
            if let Some(required) = required
                && let Some(replica) = self.replicas.get_mut(&answer.partition)
                && let Role::Leader(leader) = &mut replica.role
            {
                leader.waiting_produces.push((*required, id));
            }
        }
        out.set(Timer::DelayedProduce(id), now + timeout);
        self.delayed_produces.insert(id, delayed);
    }

    /// After an append: the high watermark may move at once (nobody else is in sync), and waiting fetches look again.
    pub(crate) fn appended(
        &mut self,
        now: Instant,
        partition: &TopicPartition,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        self.arm_flush(now, partition, out);
        self.advance_high_watermark(now, partition, disk, out)?;
        self.complete_fetches(partition, disk, out)
    }

    /// Answers the produces of `partition` whose records are committed by now.
    pub(super) fn complete_produces(
        &mut self,
        now: Instant,
        partition: &TopicPartition,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let Some(replica) = self.replicas.get_mut(partition) else {
            return Ok(());
        };
        let min_insync = replica.min_insync_replicas();
        let Role::Leader(leader) = &mut replica.role else {
            return Ok(());
        };
        if leader.waiting_produces.is_empty() {
            return Ok(());
        }
        let reached = leader.high_watermark();
        let produces = &self.delayed_produces;
        let has_copies = |leader: &Leader, required: Offset, id: u64| match produces.get(&id) {
            Some(produce) if produce.acks > 1 => {
                leader.copies_before(required) >= produce.acks as usize
            }
            _ => required <= reached,
        };
        let error = if leader.maximal_isr_len() >= min_insync {
            ErrorCode::NONE
        } else {
            ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND
        };
        let mut waiting = std::mem::take(&mut leader.waiting_produces);
        let mut done = Vec::new();
        waiting.retain(|&(required, id)| {
            let ready = has_copies(leader, required, id);
            if ready {
                done.push(id);
            }
            !ready
        });
        leader.waiting_produces = waiting;
        for id in done {
            let counted = self.delayed_produces.get(&id).is_some_and(|produce| produce.acks > 1);
            let error = if counted { ErrorCode::NONE } else { error };
            self.settle_produce(now, id, partition, error, disk, out)?;
        }
        Ok(())
    }

    /// One partition of a waiting produce is decided; the last one sends the answer.
    pub(super) fn settle_produce(
        &mut self,
        now: Instant,
        id: u64,
        partition: &TopicPartition,
        error: ErrorCode,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let Some(delayed) = self.delayed_produces.get_mut(&id) else {
            return Ok(());
        };
        for (answer, required) in &mut delayed.partitions {
            if &answer.partition == partition {
                *required = None;
                answer.error = error;
            }
        }
        if delayed.partitions.iter().any(|(_, required)| required.is_some()) {
            return Ok(());
        }
        out.cancel(Timer::DelayedProduce(id));
        self.finish_produce(now, id, disk, out)
    }

    fn finish_produce(
        &mut self,
        now: Instant,
        id: u64,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let Some(delayed) = self.delayed_produces.remove(&id) else {
            return Ok(());
        };
        match delayed.origin {
            Origin::Client { from, correlation } => {
                let partitions = delayed.partitions.into_iter().map(|(answer, _)| answer);
                let response =
                    Response::Produce(ProduceResponse { partitions: partitions.collect() });
                out.send(from, Message::response(correlation, response));
                Ok(())
            }
            Origin::Coordinator { token } => {
                let error = delayed.partitions.first().map_or(ErrorCode::NONE, |(a, _)| a.error);
                self.coordinator_write_done(now, token, error, disk, out)
            }
        }
    }

    pub(super) fn produce_expired(
        &mut self,
        now: Instant,
        id: u64,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let Some(delayed) = self.delayed_produces.get_mut(&id) else {
            return Ok(());
        };
        let mut waiting = Vec::new();
        for (answer, required) in &mut delayed.partitions {
            if required.take().is_some() {
                answer.error = ErrorCode::REQUEST_TIMED_OUT;
                waiting.push(answer.partition.clone());
            }
        }
        for partition in waiting {
            if let Some(replica) = self.replicas.get_mut(&partition)
                && let Role::Leader(leader) = &mut replica.role
            {
                leader.waiting_produces.retain(|&(_, other)| other != id);
            }
        }
        self.finish_produce(now, id, disk, out)
    }

    /// This broker does not lead `partition` any more: whoever waits here must look elsewhere.
    pub(super) fn fail_produces(
        &mut self,
        now: Instant,
        waiting: Vec<(Offset, u64)>,
        partition: &TopicPartition,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        for (_, id) in waiting {
            self.settle_produce(now, id, partition, ErrorCode::NOT_LEADER_OR_FOLLOWER, disk, out)?;
        }
        Ok(())
    }
}
