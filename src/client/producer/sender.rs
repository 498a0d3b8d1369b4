//! The sender: which batches go now, what the answers mean (class `Sender`).
//!
//! A node is due when the first batch of one of its partitions is full, has lingered, or is due for another try; then
//! the first batch of *each* of its partitions goes along in one request (`RecordAccumulator.ready` and `drain`).

use super::accumulator::Batch;
use super::{Producer, Purpose};
use crate::client::config::backoff;
use crate::client::event::Event;
use crate::clock::{Duration, Instant};
use crate::protocol::{
    Body, ErrorCode, Message, Output, ProducePartitionResponse, ProduceRequest, Request, Response,
    Timer,
};
use crate::types::{NodeId, Offset};

/// Errors that say that the client's knowledge is old (`InvalidMetadataException`).
pub(crate) fn is_stale_metadata(error: ErrorCode) -> bool {
    use ErrorCode::*;
    matches!(
        error,
        UNKNOWN_TOPIC_OR_PARTITION
            | LEADER_NOT_AVAILABLE
            | NOT_LEADER_OR_FOLLOWER
            | REPLICA_NOT_AVAILABLE
            | NETWORK_EXCEPTION
            | KAFKA_STORAGE_ERROR
            | FENCED_LEADER_EPOCH
            | UNKNOWN_LEADER_EPOCH
            | UNKNOWN_TOPIC_ID
    )
}

impl Producer {
    /// Does everything that can be done now and sets the timers for the rest.
    pub(super) fn run(&mut self, now: Instant, out: &mut Output<Event>) {
        self.admit_waiting(now, out);
        self.expire(now, out);
        let mut wake = self.send_ready(now, out);
        let metadata_at = self.metadata.poll(
            now,
            &mut self.connections,
            Purpose::Metadata,
            self.config.request_timeout_ms,
            out,
        );
        let delivery = Duration::from_ms(self.config.delivery_timeout_ms);
        for what in self.connections.under_way().map(|(_, what)| what) {
            if let Purpose::Produce(batches) = what {
                for batch in batches.iter().filter(|batch| !batch.is_done) {
                    wake = wake.min(batch.created_at + delivery);
                }
            }
        }
        if let Some(first) = self.waiting.front() {
            wake = wake.min(first.until);
        }
        let wake = (wake.0 != u64::MAX).then_some(wake);
        if wake != self.send_timer {
            out.timers.push((Timer::ProducerSend, wake));
            self.send_timer = wake;
        }
        if metadata_at != self.metadata_timer {
            out.timers.push((Timer::ClientMetadata, metadata_at));
            self.metadata_timer = metadata_at;
        }
        self.end_if_settled();
        if let Some(ticket) = self.closing
            && self.is_empty()
            && self.outcomes.get(ticket).is_none()
        {
            self.tickets.insert(
                ticket,
                super::Ticket {
                    left: 0,
                    outcome: super::SendOutcome {
                        error: ErrorCode::NONE,
                        message: String::new(),
                        acknowledged: Vec::new(),
                        failed: 0,
                        first: None,
                    },
                },
            );
            self.settle(Some(ticket), 0, |_| {});
        }
    }

    /// Lets in those who wait, in order, as far as it goes.
    fn admit_waiting(&mut self, now: Instant, out: &mut Output<Event>) {
        while let Some(first) = self.waiting.pop_front() {
            match self.admit(now, first.ticket, &first.record) {
                super::Admission::Added { .. } => {}
                super::Admission::Fail(error) => {
                    let (topic, partition) = (&first.record.topic, first.record.partition);
                    self.give_up(first.ticket, 1, topic, partition, error, out);
                }
                super::Admission::Wait if first.until <= now => {
                    let known = self.metadata.partition_count(&first.record.topic).is_some();
                    let error = match first.record.partition {
                        None if known => ErrorCode::BUFFER_EXHAUSTED,
                        _ => ErrorCode::TIMEOUT,
                    };
                    let (topic, partition) = (&first.record.topic, first.record.partition);
                    self.give_up(first.ticket, 1, topic, partition, error, out);
                }
                super::Admission::Wait => return self.waiting.push_front(first),
            }
        }
    }

    /// Gives up what is older than `delivery.timeout.ms`, waiting or under way (KIP-91).
    fn expire(&mut self, now: Instant, out: &mut Output<Event>) {
        let delivery = Duration::from_ms(self.config.delivery_timeout_ms);
        let Some(before) = now.0.checked_sub(delivery.0).map(Instant) else { return };
        let mut expired = self.accumulator.expired(before);
        for what in self.connections.under_way_mut() {
            let Purpose::Produce(batches) = what else { continue };
            for batch in batches.iter_mut().filter(|b| !b.is_done && b.created_at <= before) {
                expired.push(batch.clone());
                batch.is_done = true;
            }
        }
        for batch in expired {
            self.failed(batch, ErrorCode::TIMEOUT, out);
        }
    }

    /// Sends to every node that is due. Returns when the next batch will be.
    fn send_ready(&mut self, now: Instant, out: &mut Output<Event>) -> Instant {
        let never = Instant(u64::MAX);
        if self.accumulator.waiting == 0 {
            return never;
        }
        let linger = Duration::from_ms(self.config.linger_ms);
        let delivery = Duration::from_ms(self.config.delivery_timeout_ms);
        let no_memory = self
            .waiting
            .front()
            .is_some_and(|first| self.metadata.partition_count(&first.record.topic).is_some());
        let flush = self.closing.is_some() || no_memory;
        let one_at_a_time = self.config.max_in_flight == 1;
        let most = self.config.max_in_flight as usize;
        loop {
            let mut wake = never;
            let mut due: Option<NodeId> = None;
            for (partition, queue) in &self.accumulator.queues {
                let Some(first) = queue.batches.front() else { continue };
                wake = wake.min(first.created_at + delivery);
                let Some((leader, _)) = self.metadata.leader(partition) else {
                    self.metadata.request_update();
                    continue;
                };
                let ready_at = queue.ready_at(linger, self.config.batch_size, flush);
                if ready_at > now {
                    wake = wake.min(ready_at);
                } else if let Some(until) = self.connections.avoided_until(leader, now) {
                    self.metadata.request_update();
                    wake = wake.min(until);
                } else if self.connections.count_to(leader) < most
                    && !(one_at_a_time && queue.under_way > 0)
                {
                    due = Some(leader);
                    break;
                }
            }
            let Some(node) = due else { return wake };
            let metadata = &self.metadata;
            let leads = |partition: &_| metadata.leader(partition).is_some_and(|(l, _)| l == node);
            let limit = self.config.max_request_size;
            let batches = self.accumulator.drain(now, limit, one_at_a_time, leads);
            if batches.is_empty() {
                return wake;
            }
            self.send_batches(now, node, batches, out);
        }
    }

    fn send_batches(
        &mut self,
        now: Instant,
        node: NodeId,
        mut batches: Vec<Batch>,
        out: &mut Output<Event>,
    ) {
        let mut partitions = Vec::with_capacity(batches.len());
        for batch in &mut batches {
            let bytes = batch.close();
            out.events.push(Event::Sent {
                partition: batch.partition.clone(),
                to: node,
                count: batch.count,
                size_bytes: bytes.len() as u32,
            });
            partitions.push((batch.partition.clone(), bytes));
        }
        let acks = self.config.acks;
        let timeout_ms = self.config.request_timeout_ms;
        let request =
            Request::Produce(ProduceRequest { acks, timeout_ms: timeout_ms as u32, partitions });
        if acks == 0 {
            self.connections.send_only(node, request, out);
            for batch in batches {
                self.accumulator.returned(&batch.partition);
                self.acknowledged(batch, Offset::NONE, node, out);
            }
        } else {
            let what = Purpose::Produce(batches);
            self.connections.send(now, node, request, what, timeout_ms, out);
        }
    }

    /// An answer came. Says whether anybody waited for it.
    pub(super) fn response(
        &mut self,
        now: Instant,
        from: NodeId,
        message: Message,
        out: &mut Output<Event>,
    ) -> bool {
        let Body::Response(response) = message.body else { return false };
        match (self.connections.answered(from, message.correlation, out), response) {
            (Some(Purpose::Metadata), Response::Metadata(response)) => {
                self.metadata.update(now, response, &mut self.connections, out);
            }
            (Some(Purpose::Produce(batches)), Response::Produce(response)) => {
                self.produced(now, from, batches, response.partitions, out);
            }
            (Some(what), _) => self.lost(now, what, out),
            (None, _) => return false,
        }
        true
    }

    fn produced(
        &mut self,
        now: Instant,
        from: NodeId,
        batches: Vec<Batch>,
        mut answers: Vec<ProducePartitionResponse>,
        out: &mut Output<Event>,
    ) {
        let mut again = Vec::new();
        for batch in batches {
            self.accumulator.returned(&batch.partition);
            if batch.is_done {
                continue;
            }
            let at = answers.iter().position(|answer| answer.partition == batch.partition);
            let Some(answer) = at.map(|at| answers.swap_remove(at)) else {
                again.extend(self.refused(now, batch, ErrorCode::UNKNOWN_SERVER_ERROR, false, out));
                continue;
            };
            if answer.error.is_none() {
                self.acknowledged(batch, answer.base_offset, from, out);
                continue;
            }
            for &(ticket, _) in &batch.shares {
                let message = &answer.error_message;
                self.settle(ticket, 0, |outcome| message.clone_into(&mut outcome.message));
            }
            let leader_is_news = answer.current_leader.is_some_and(|(leader, epoch)| {
                self.metadata.learn_leader(&batch.partition, leader, epoch)
            });
            again.extend(self.refused(now, batch, answer.error, leader_is_news, out));
        }
        self.accumulator.requeue(again);
    }

    /// A batch came back with an error: what goes into the queue again (`Sender.completeBatch`).
    fn refused(
        &mut self,
        now: Instant,
        mut batch: Batch,
        error: ErrorCode,
        leader_is_news: bool,
        out: &mut Output<Event>,
    ) -> Vec<Batch> {
        if is_stale_metadata(error) && !leader_is_news {
            self.metadata.request_update();
        }
        if error == ErrorCode::MESSAGE_TOO_LARGE && batch.count > 1 {
            let limit = match batch.is_split {
                true => batch.size_bytes() / 2,
                false => (self.config.batch_size as usize).min(batch.size_bytes()),
            };
            let partition = batch.partition.clone();
            let parts = batch.split(limit);
            out.events.push(Event::BatchSplit { partition, parts: parts.len() as u32 });
            return parts;
        }
        if !error.is_retriable() || u64::from(batch.attempts) >= self.config.retries {
            self.failed(batch, error, out);
            return Vec::new();
        }
        batch.attempts += 1;
        let pause = backoff(
            self.config.retry_backoff_ms,
            self.config.retry_backoff_max_ms,
            batch.attempts,
            self.connections.chance(),
        );
        // A leader just named is asked at once (KIP-951).
        batch.wait_until = if leader_is_news { now } else { now + pause };
        out.events.push(Event::Retrying {
            partition: batch.partition.clone(),
            count: batch.count,
            error,
            attempt: batch.attempts,
        });
        vec![batch]
    }

    fn acknowledged(
        &mut self,
        batch: Batch,
        base_offset: Offset,
        by: NodeId,
        out: &mut Output<Event>,
    ) {
        self.accumulator.free(&batch);
        self.last_error = ErrorCode::NONE;
        self.records_acknowledged += u64::from(batch.count);
        let (count, acks) = (batch.count, self.config.acks);
        let mut offset = base_offset;
        for &(ticket, count) in &batch.shares {
            self.settle(ticket, count, |outcome| {
                let partition = &batch.partition;
                outcome.first.get_or_insert_with(|| (partition.clone(), offset));
                outcome.acknowledged.push((partition.clone(), offset, count));
            });
            if offset != Offset::NONE {
                offset = offset + i64::from(count);
            }
        }
        let partition = batch.partition;
        out.events.push(Event::Acknowledged { partition, base_offset, count, acks, by });
    }

    fn failed(&mut self, batch: Batch, error: ErrorCode, out: &mut Output<Event>) {
        self.accumulator.free(&batch);
        let (topic, partition) = (&batch.partition.topic, Some(batch.partition.partition));
        for (ticket, count) in &batch.shares {
            self.give_up(*ticket, *count, topic, partition, error, out);
        }
    }

    /// The connection to `peer` broke.
    pub(super) fn disconnected(&mut self, now: Instant, peer: NodeId, out: &mut Output<Event>) {
        let lost = self.connections.lost(now, peer, out);
        out.events.push(Event::ConnectionLost { to: peer, requests: lost.len() });
        self.metadata.request_update();
        // Later requests first, so that earlier batches end up in front of them.
        for what in lost.into_iter().rev() {
            self.lost(now, what, out);
        }
    }

    fn lost(&mut self, now: Instant, what: Purpose, out: &mut Output<Event>) {
        match what {
            Purpose::Metadata => self.metadata.failed(now, &mut self.connections),
            Purpose::Produce(batches) => {
                let mut again = Vec::new();
                for batch in batches {
                    self.accumulator.returned(&batch.partition);
                    if !batch.is_done {
                        let error = ErrorCode::NETWORK_EXCEPTION;
                        again.extend(self.refused(now, batch, error, false, out));
                    }
                }
                self.accumulator.requeue(again);
            }
        }
    }
}
