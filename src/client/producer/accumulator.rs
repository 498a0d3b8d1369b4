//! Batches that wait to be sent, a queue for each partition (class `RecordAccumulator`).
//!
//! ```text
//!   orders-0: [full][full][open ◀── records]     the first goes first; a retried one goes back to the front
//!   orders-1: [open]
//! ```
//!
//! Always: only the last batch of a queue is open; a batch never exceeds `batch.size` unless it holds a single record.
//! With `batch.size=0` each record is a batch of its own.

use crate::batch::varint::size_i64;
use crate::batch::{BatchBuilder, Codec, HEADER_SIZE_BYTES, NewRecord, RecordBytes, records};
use crate::clock::{Duration, Instant};
use crate::types::{Offset, Timestamp, TopicName, TopicPartition};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// A record on its way into the log.
#[derive(Clone, Debug, PartialEq)]
pub struct ProducerRecord {
    /// The topic.
    pub topic: TopicName,
    /// The partition, when the sender chose it.
    pub partition: Option<u32>,
    /// The key, or null.
    pub key: Option<Vec<u8>>,
    /// The value, or null.
    pub value: Option<Vec<u8>>,
    /// Headers in order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// The time the record shall bear; else the time of sending.
    pub timestamp: Option<Timestamp>,
}

#[derive(Clone, Debug)]
enum Content {
    Open(BatchBuilder),
    Closed(RecordBytes),
}

/// A batch of one partition with everything its fate depends on.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub partition: TopicPartition,
    /// Codec and level.
    codec: (Codec, Option<i32>),
    content: Content,
    base_timestamp: Timestamp,
    /// When its first record came.
    pub created_at: Instant,
    /// How often it was sent in vain.
    pub attempts: u32,
    /// Not to be sent again before.
    pub wait_until: Instant,
    /// Whose records these are, in order.
    pub shares: Vec<(Option<u64>, u32)>,
    pub count: u32,
    /// What it takes of `buffer.memory`.
    pub memory: u64,
    /// Whether it is a part of a larger one.
    pub is_split: bool,
    /// Whether its outcome is known already.
    pub is_done: bool,
}

impl Batch {
    fn new(
        partition: TopicPartition,
        created_at: Instant,
        memory: u64,
        (codec, level): (Codec, Option<i32>),
    ) -> Batch {
        let builder = BatchBuilder::new(Offset::ZERO).compressed(codec, level);
        Batch {
            partition,
            codec: (codec, level),
            content: Content::Open(builder),
            base_timestamp: Timestamp::NONE,
            created_at,
            attempts: 0,
            wait_until: created_at,
            shares: Vec::new(),
            count: 0,
            memory,
            is_split: false,
            is_done: false,
        }
    }
    fn add(&mut self, ticket: Option<u64>, record: &ProducerRecord, timestamp: Timestamp) {
        let Content::Open(builder) = &mut self.content else { return };
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        if self.count == 0 {
            self.base_timestamp = timestamp;
        }
        builder.push_parts(builder.next_offset(), timestamp, key, value, &record.headers);
        self.count += 1;
        match self.shares.last_mut() {
            Some((last, count)) if *last == ticket => *count += 1,
            _ => self.shares.push((ticket, 1)),
        }
    }
    /// Whether `record` fits as well (`MemoryRecordsBuilder.hasRoomFor`).
    fn has_room_for(&self, record: &ProducerRecord, time: Timestamp, batch_size: u64) -> bool {
        let Content::Open(builder) = &self.content else { return false };
        if self.is_full(batch_size) {
            return false;
        }
        let time_delta = time.0.wrapping_sub(self.base_timestamp.0);
        let size = record_size_bytes(record, time_delta, i64::from(self.count));
        (self.estimate(builder) + size) as u64 <= batch_size
    }
    /// What the batch is thought to weigh once compressed (`MemoryRecordsBuilder.estimatedBytesWritten`): Kafka begins
    /// with a ratio of 1 and adds 5 % of safety.
    fn estimate(&self, builder: &BatchBuilder) -> usize {
        let size = builder.size_bytes();
        match self.codec.0 {
            Codec::None => size,
            _ => HEADER_SIZE_BYTES + (size - HEADER_SIZE_BYTES) * 105 / 100,
        }
    }
    pub fn size_bytes(&self) -> usize {
        match &self.content {
            Content::Open(builder) => builder.size_bytes(),
            Content::Closed(bytes) => bytes.len(),
        }
    }
    pub fn is_full(&self, batch_size: u64) -> bool {
        match &self.content {
            Content::Closed(_) => true,
            Content::Open(builder) => {
                batch_size == 0 || self.estimate(builder) as u64 >= batch_size
            }
        }
    }
    /// Closes the batch for good and gives its bytes.
    pub fn close(&mut self) -> RecordBytes {
        if let Content::Open(builder) = &mut self.content {
            let builder = std::mem::replace(builder, BatchBuilder::new(Offset::ZERO));
            self.content = Content::Closed(Arc::from(builder.build()));
        }
        match &self.content {
            Content::Closed(bytes) => bytes.clone(),
            Content::Open(_) => Arc::from([]),
        }
    }
    /// Parts of at most `limit` bytes, or one record each (`ProducerBatch.split`).
    pub fn split(mut self, limit: usize) -> Vec<Batch> {
        let bytes = self.close();
        let Ok(records) = records(&bytes) else { return vec![self] };
        let mut owners = self.shares.iter().flat_map(|&(ticket, n)| (0..n).map(move |_| ticket));
        let mut parts: Vec<Batch> = Vec::new();
        for record in records {
            let new = NewRecord {
                timestamp: record.timestamp,
                key: record.key,
                value: record.value,
                headers: record.headers,
            };
            let fits = parts.last().is_some_and(|part| match &part.content {
                Content::Open(builder) => builder.estimate_with(&new) <= limit,
                Content::Closed(_) => false,
            });
            if !fits {
                let mut part = Batch::new(self.partition.clone(), self.created_at, 0, self.codec);
                (part.attempts, part.is_split) = (self.attempts, true);
                parts.push(part);
            }
            let ticket = owners.next().flatten();
            let producer_record = ProducerRecord {
                topic: self.partition.topic.clone(),
                partition: None,
                key: new.key,
                value: new.value,
                headers: new.headers,
                timestamp: None,
            };
            if let Some(part) = parts.last_mut() {
                part.add(ticket, &producer_record, new.timestamp);
            }
        }
        for part in &mut parts {
            part.close();
        }
        if let Some(first) = parts.first_mut() {
            first.memory = self.memory;
        }
        parts
    }
}

/// The queue of one partition.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    pub batches: VecDeque<Batch>,
    /// Batches of this partition under way.
    pub under_way: u32,
}

impl Queue {
    /// When the first batch may go: at once, or at the instant given (`RecordAccumulator.batchReady`).
    pub fn ready_at(&self, linger: Duration, batch_size: u64, flush: bool) -> Instant {
        let Some(first) = self.batches.front() else { return Instant(u64::MAX) };
        if first.attempts > 0 {
            return first.wait_until;
        }
        let full = self.batches.len() > 1 || first.is_full(batch_size);
        if full || flush { first.created_at } else { first.created_at + linger }
    }
}

/// What became of a record that was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Appended {
    /// By how much the batch grew.
    pub bytes: u64,
    /// Whether a new batch was begun.
    pub new_batch: bool,
    /// Whether the last batch is full now.
    pub full: bool,
}

/// All queues.
#[derive(Clone, Debug)]
pub(super) struct Accumulator {
    pub queues: BTreeMap<TopicPartition, Queue>,
    /// How many batches wait.
    pub waiting: usize,
    memory_used: u64,
    memory_limit: u64,
    batch_size: u64,
    codec: (Codec, Option<i32>),
}

impl Accumulator {
    pub fn new(memory_limit: u64, batch_size: u64, codec: (Codec, Option<i32>)) -> Accumulator {
        Accumulator {
            queues: BTreeMap::new(),
            waiting: 0,
            memory_used: 0,
            memory_limit,
            batch_size,
            codec,
        }
    }
    /// Adds `record`; `None`: `buffer.memory` is used up.
    pub fn append(
        &mut self,
        now: Instant,
        partition: u32,
        ticket: Option<u64>,
        record: &ProducerRecord,
    ) -> Option<Appended> {
        let timestamp = record.timestamp.unwrap_or_else(|| now.timestamp());
        let partition = TopicPartition::new(&record.topic, partition);
        if let Some(queue) = self.queues.get_mut(&partition)
            && let Some(last) = queue.batches.back_mut()
            && last.has_room_for(record, timestamp, self.batch_size)
        {
            let before = last.size_bytes();
            last.add(ticket, record, timestamp);
            let bytes = (last.size_bytes() - before) as u64;
            return Some(Appended { bytes, new_batch: false, full: last.is_full(self.batch_size) });
        }
        let memory = self.batch_size.max(batch_size_upper_bound(record));
        if self.memory_used + memory > self.memory_limit {
            return None;
        }
        self.memory_used += memory;
        let mut batch = Batch::new(partition.clone(), now, memory, self.codec);
        batch.add(ticket, record, timestamp);
        let (bytes, full) = (batch.size_bytes() as u64, batch.is_full(self.batch_size));
        self.queues.entry(partition).or_default().batches.push_back(batch);
        self.waiting += 1;
        Some(Appended { bytes, new_batch: true, full })
    }
    /// Puts batches back to the front of their queue, in order.
    pub fn requeue(&mut self, batches: Vec<Batch>) {
        self.waiting += batches.len();
        for batch in batches.into_iter().rev() {
            self.queues.entry(batch.partition.clone()).or_default().batches.push_front(batch);
        }
    }
    /// Takes the first batches for `node` that need not pause, one for each partition (`drainBatchesForOneNode`).
    pub fn drain(
        &mut self,
        now: Instant,
        limit_bytes: u64,
        one_at_a_time: bool,
        leads: impl Fn(&TopicPartition) -> bool,
    ) -> Vec<Batch> {
        let mut size = 0;
        let mut drained = Vec::new();
        for (partition, queue) in &mut self.queues {
            let Some(first) = queue.batches.front() else { continue };
            let pauses = first.attempts > 0 && first.wait_until > now;
            if pauses || (one_at_a_time && queue.under_way > 0) || !leads(partition) {
                continue;
            }
            size += first.size_bytes() as u64;
            if size > limit_bytes && !drained.is_empty() {
                break;
            }
            drained.extend(queue.batches.pop_front());
            queue.under_way += 1;
            self.waiting -= 1;
        }
        drained
    }
    /// A batch is no longer under way.
    pub fn returned(&mut self, partition: &TopicPartition) {
        if let Some(queue) = self.queues.get_mut(partition) {
            queue.under_way = queue.under_way.saturating_sub(1);
        }
    }
    /// A batch's fate is known: its memory is free.
    pub fn free(&mut self, batch: &Batch) {
        self.memory_used = self.memory_used.saturating_sub(batch.memory);
    }
    /// Takes out waiting batches that began before `before`.
    pub fn expired(&mut self, before: Instant) -> Vec<Batch> {
        let mut expired = Vec::new();
        for queue in self.queues.values_mut() {
            while queue.batches.front().is_some_and(|batch| batch.created_at <= before) {
                expired.extend(queue.batches.pop_front());
                self.waiting -= 1;
            }
        }
        expired
    }
    /// How much of `buffer.memory` is in use.
    pub fn memory_used(&self) -> u64 {
        self.memory_used
    }
}

/// Exact size of a record in a batch, its length field included (`DefaultRecord.sizeInBytes`).
fn record_size_bytes(record: &ProducerRecord, time_delta: i64, offset_delta: i64) -> usize {
    let part =
        |bytes: Option<&[u8]>| bytes.map_or(1, |bytes| size_i64(bytes.len() as i64) + bytes.len());
    let headers: usize = record
        .headers
        .iter()
        .map(|(name, value)| part(Some(name.as_bytes())) + part(value.as_deref()))
        .sum();
    let body = 1
        + size_i64(time_delta)
        + size_i64(offset_delta)
        + part(record.key.as_deref())
        + part(record.value.as_deref())
        + size_i64(record.headers.len() as i64)
        + headers;
    size_i64(body as i64) + body
}

/// An upper bound of the size of a batch with this record alone (`estimateSizeInBytesUpperBound`).
pub(super) fn batch_size_upper_bound(record: &ProducerRecord) -> u64 {
    let part = |bytes: Option<&Vec<u8>>| bytes.map_or(0, Vec::len) as u64;
    let headers: u64 = record
        .headers
        .iter()
        .map(|(name, value)| 10 + name.len() as u64 + part(value.as_ref()))
        .sum();
    HEADER_SIZE_BYTES as u64
        + 21
        + part(record.key.as_ref())
        + part(record.value.as_ref())
        + headers
}
