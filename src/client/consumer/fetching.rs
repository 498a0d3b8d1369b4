//! Fetches by long poll from each leader, and what is handed to the application (classes `Fetcher`, `CompletedFetch`).

use super::*;
use crate::batch;
use crate::client::producer::is_stale_metadata;
use crate::protocol::{
    FETCH_VERSION, FetchPartition, FetchPartitionResponse, FetchRequest, FetchResponse, Request,
};
use crate::types::BrokerEpoch;

impl Consumer {
    /// Asks every leader that is not being asked already for all partitions that have nothing buffered.
    pub(super) fn fetch(&mut self, now: Instant, wake: &mut Instant, out: &mut Output<Event>) {
        let mut by_leader: BTreeMap<NodeId, Vec<FetchPartition>> = BTreeMap::new();
        for (partition, reading) in &self.readings {
            if reading.position.is_none() || !reading.buffered.is_empty() || reading.is_stuck() {
                continue;
            }
            let Some((leader, epoch)) = self.metadata.leader(partition) else {
                self.metadata.request_update();
                continue;
            };
            let avoided = self.connections.avoided_until(leader, now).unwrap_or(now);
            let due = reading.not_before.max(avoided);
            if due > now {
                *wake = (*wake).min(due);
                continue;
            }
            by_leader.entry(leader).or_default().push(FetchPartition {
                partition: partition.clone(),
                current_leader_epoch: epoch,
                fetch_offset: reading.fetch_from,
                last_fetched_epoch: LeaderEpoch::NONE,
                log_start_offset: Offset::NONE,
                max_bytes: self.config.max_partition_fetch_bytes as u32,
            });
        }
        for (_, what) in self.connections.under_way() {
            let Purpose::Fetch(asked) = what else { continue };
            // The same partition is not asked for twice, even if its leader changed meanwhile.
            for partitions in by_leader.values_mut() {
                partitions.retain(|one| !asked.iter().any(|(tp, _)| *tp == one.partition));
            }
        }
        let busy: Vec<NodeId> = self
            .connections
            .under_way()
            .filter(|(_, what)| matches!(what, Purpose::Fetch(_)))
            .map(|(to, _)| to)
            .collect();
        for (leader, partitions) in by_leader {
            if partitions.is_empty() || busy.contains(&leader) {
                continue;
            }
            let asked = partitions.iter().map(|one| (one.partition.clone(), one.fetch_offset));
            let what = Purpose::Fetch(asked.collect());
            let request = Request::Fetch(FetchRequest {
                replica: None,
                replica_epoch: BrokerEpoch(-1),
                version: FETCH_VERSION,
                max_wait_ms: self.config.fetch_max_wait_ms as u32,
                min_bytes: self.config.fetch_min_bytes as u32,
                max_bytes: self.config.fetch_max_bytes as u32,
                read_committed: self.config.read_committed,
                partitions,
            });
            self.ask(now, leader, request, what, out);
        }
    }

    pub(super) fn fetched(
        &mut self,
        now: Instant,
        asked: Vec<(TopicPartition, Offset)>,
        response: FetchResponse,
        out: &mut Output<Event>,
    ) {
        for answer in response.partitions {
            let from = asked.iter().find(|(one, _)| *one == answer.partition).map(|(_, at)| *at);
            let Some(reading) = self.readings.get_mut(&answer.partition) else { continue };
            let awaited = reading.position.is_some() && reading.buffered.is_empty();
            let Some(from) = from.filter(|&at| awaited && at == reading.fetch_from) else {
                continue;
            };
            if !answer.error.is_none() {
                self.fetch_failed(now, answer, out);
                continue;
            }
            reading.high_watermark = answer.high_watermark;
            reading.empty_rounds += u32::from(answer.records.is_empty());
            match reading.take_in(&answer.records, from, self.config.check_crcs) {
                Ok(0) => {}
                Ok(count) => {
                    let partition = answer.partition;
                    out.events.push(Event::Fetched { partition, from, count });
                }
                Err(()) => {
                    // Kept until a seek (`CompletedFetch.fetchRecords`): each poll raises a KafkaException.
                    let offset = reading.fetch_from;
                    reading.corrupt_at = Some(offset);
                    self.last_error = ErrorCode::CORRUPT_MESSAGE;
                    let partition = answer.partition;
                    out.events.push(Event::RecordsUnreadable { partition, offset });
                }
            }
        }
    }

    fn fetch_failed(
        &mut self,
        now: Instant,
        answer: FetchPartitionResponse,
        out: &mut Output<Event>,
    ) {
        let FetchPartitionResponse { partition, error, current_leader, .. } = answer;
        out.events.push(Event::FetchFailed { partition: partition.clone(), error });
        if error == ErrorCode::OFFSET_OUT_OF_RANGE {
            return self.reset_by_policy(&partition, error);
        }
        let news = current_leader
            .is_some_and(|(leader, epoch)| self.metadata.learn_leader(&partition, leader, epoch));
        if is_stale_metadata(error) && !news {
            self.metadata.request_update();
        }
        let pause = Duration::from_ms(self.config.retry_backoff_ms);
        if let Some(reading) = self.readings.get_mut(&partition).filter(|_| !news) {
            reading.not_before = now + pause;
        }
        if !error.is_retriable() {
            self.last_error = error;
        }
    }

    /// Hands over what is buffered: to a poll that waits, and to an application that polls in a loop.
    pub(super) fn hand_over(&mut self, now: Instant, out: &mut Output<Event>) {
        self.last_poll = now;
        let ready = |reading: &Reading| !reading.buffered.is_empty();
        if let Some(poll) = self.poll.take_if(|_| self.readings.values().any(ready)) {
            let mut outcome = ConsumerOutcome::of(ErrorCode::NONE);
            self.hand_over_round(poll.max, Some(&mut outcome.records), out);
            self.outcomes.put(poll.ticket, outcome);
        }
        let most = self.config.max_poll_records as usize;
        while !self.paused && self.readings.values().any(ready) {
            self.hand_over_round(most, None, out);
        }
    }
    /// What one `poll` returns: at most `most` records, partition by partition.
    fn hand_over_round(
        &mut self,
        most: usize,
        mut into: Option<&mut Vec<(TopicPartition, Record)>>,
        out: &mut Output<Event>,
    ) {
        let mut left = most.max(1);
        let mut from = Vec::new();
        for (partition, reading) in &mut self.readings {
            if left == 0 {
                break;
            }
            if let Some((first, _)) = reading.buffered.front() {
                from.push((partition.clone(), first.offset));
            }
            while left > 0
                && let Some((record, epoch)) = reading.buffered.pop_front()
            {
                left -= 1;
                self.count += 1;
                reading.epoch = epoch;
                reading.position = match reading.buffered.is_empty() {
                    true => Some(reading.fetch_from),
                    false => Some(record.offset + 1),
                };
                if let Some(records) = &mut into {
                    records.push((partition.clone(), record.clone()));
                }
                self.values.push_back((partition.clone(), record));
                if self.values.len() > VALUES_KEPT {
                    self.values.pop_front();
                }
            }
        }
        out.events.push(Event::Polled { count: (most.max(1) - left) as u32, from });
    }
    /// Ends a poll that found nothing: every partition was asked in vain, or its time is over.
    pub(super) fn finish_poll(&mut self, now: Instant, out: &mut Output<Event>) {
        let Some(poll) = &self.poll else { return };
        if self.readings.values().any(Reading::is_stuck) {
            self.last_error = ErrorCode::CORRUPT_MESSAGE;
            self.outcomes.put(poll.ticket, ConsumerOutcome::of(self.last_error));
            self.poll = None;
            return;
        }
        let has_share = !self.is_subscribed() || self.membership == Membership::Stable;
        let in_vain = |reading: &Reading| reading.empty_rounds > 0 || reading.is_lost();
        if now < poll.until && !(has_share && self.readings.values().all(in_vain)) {
            return;
        }
        self.outcomes.put(poll.ticket, ConsumerOutcome::of(ErrorCode::NONE));
        out.events.push(Event::Polled { count: 0, from: Vec::new() });
        self.poll = None;
    }
}

impl Reading {
    /// Buffers the records of whole batches from offset `from` on; how many there were. A bad batch ends it: what stood
    /// before it is handed over, and the next fetch begins with the bad one (`CompletedFetch.nextFetchedRecord`).
    fn take_in(&mut self, bytes: &[u8], from: Offset, check_crcs: bool) -> Result<u32, ()> {
        let mut count = 0;
        let mut next = from;
        for item in batch::batches(bytes) {
            let Ok((_, header, one)) = item else {
                // A batch cut short behind whole ones is no error: the answer was full.
                return if next > from { self.took(next, count) } else { Err(()) };
            };
            let last = header.base_offset + i64::from(header.last_offset_delta);
            let sound = !check_crcs || batch::verify_checksum(one).is_ok();
            let Some(records) = sound.then(|| batch::records(one)).and_then(Result::ok) else {
                return if next > from { self.took(next, count) } else { Err(()) };
            };
            if !header.is_control() {
                for record in records.into_iter().filter(|record| record.offset >= from) {
                    self.buffered.push_back((record, header.partition_leader_epoch));
                    count += 1;
                }
            }
            next = next.max(last + 1);
        }
        self.took(next, count)
    }
    fn took(&mut self, next: Offset, count: u32) -> Result<u32, ()> {
        self.fetch_from = next;
        if self.buffered.is_empty() {
            // Nothing but markers, or records removed by compaction: the position passes over them.
            self.position = Some(next);
        }
        Ok(count)
    }
}
