//! Groups on this broker: whoever leads a partition of `__consumer_offsets` coordinates the groups that hash to it
//! (classes `GroupCoordinatorService`, `CoordinatorRuntime`). What the coordinator wants remembered is written as
//! acks=all to that partition and counts once committed.

use super::{Broker, DelayedProduce, Event, Halt, Origin, Out, Purpose};
use crate::batch;
use crate::clock::{Duration, Instant};
use crate::disk::Disk;
use crate::era::is_before;
use crate::group::{self, Append};
use crate::protocol::{
    CreateTopicsRequest, ErrorCode, FindCoordinatorRequest, FindCoordinatorResponse, Message,
    NewTopic, Output, Request, Response, Timer,
};
use crate::types::{NodeId, Offset, TopicName, TopicPartition};

/// Where groups remember.
pub const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// How long a coordinator waits for its own write. What was appended counts once it is committed, however late (class
/// `CoordinatorRuntime`); a client that lost patience (`offsets.commit.timeout.ms`, its own time-out) asks again.
const COMMIT_TIMEOUT: Duration = Duration::from_ms(60_000);

impl Broker {
    pub(super) fn find_coordinator(
        &mut self,
        now: Instant,
        from: NodeId,
        correlation: u64,
        request: FindCoordinatorRequest,
        out: &mut Out,
    ) {
        let topic = TopicName::new(OFFSETS_TOPIC);
        let image = &self.observer.image;
        let (error, coordinator) = match image.topics.get(&topic) {
            None => {
                self.create_offsets_topic(now, out);
                (ErrorCode::COORDINATOR_NOT_AVAILABLE, None)
            }
            Some(registered) => {
                let count = registered.partitions.len() as u32;
                let number = group::coordinator_partition(&request.group, count);
                let leader = image
                    .partition(&TopicPartition::new(&topic, number))
                    .and_then(|partition| partition.leader)
                    .filter(|leader| image.brokers.get(leader).is_some_and(|b| !b.fenced));
                match leader {
                    Some(leader) => (ErrorCode::NONE, Some(leader)),
                    None => (ErrorCode::COORDINATOR_NOT_AVAILABLE, None),
                }
            }
        };
        let response = Response::FindCoordinator(FindCoordinatorResponse { error, coordinator });
        out.send(from, Message::response(correlation, response));
    }

    /// The first group makes the topic that remembers all groups (class `AutoTopicCreationManager`).
    fn create_offsets_topic(&mut self, now: Instant, out: &mut Out) {
        let brokers = self.observer.image.brokers.len() as i32;
        let mut configs = vec![
            ("cleanup.policy".to_owned(), "compact".to_owned()),
            ("segment.bytes".to_owned(), "104857600".to_owned()),
        ];
        // Topics know it since 0.9 (KAFKA-1374); `OffsetManager.offsetsTopicConfig` had not named it before.
        if !is_before(self.config.era().kafka, "0.9") {
            configs.insert(1, ("compression.type".to_owned(), "producer".to_owned()));
        }
        let topic = NewTopic {
            name: TopicName::new(OFFSETS_TOPIC),
            partitions: self.config.offsets_topic_partitions,
            replication_factor: self.config.offsets_topic_replication_factor.min(brokers),
            assignment: None,
            configs,
        };
        self.auto_create(now, topic, out);
    }

    /// Asks the controller for a topic that somebody needs; once at a time.
    pub(super) fn auto_create(&mut self, now: Instant, topic: NewTopic, out: &mut Out) {
        let under_way = self.in_flight.values().any(|f| matches!(f.purpose, Purpose::AutoCreate));
        if !under_way {
            let request = Request::CreateTopics(CreateTopicsRequest { topics: vec![topic] });
            let timeout = self.config.request_timeout;
            self.ask(now, self.controller, request, Purpose::AutoCreate, timeout, out);
        }
    }

    pub(super) fn group_request(
        &mut self,
        now: Instant,
        from: NodeId,
        correlation: u64,
        request: Request,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let mut answers = Output::default();
        let appends = self.groups.handle(now, from, correlation, request, &mut answers);
        out.absorb(answers, Event::Group);
        self.coordinator_writes(now, appends, disk, out)
    }

    pub(super) fn group_timer(
        &mut self,
        now: Instant,
        timer: Timer,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let mut answers = Output::default();
        let appends = self.groups.timer(now, &timer, &mut answers);
        out.absorb(answers, Event::Group);
        self.coordinator_writes(now, appends, disk, out)
    }

    fn coordinator_writes(
        &mut self,
        now: Instant,
        appends: Vec<Append>,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        for Append { token, partition, batch } in appends {
            let partition = TopicPartition::new(&TopicName::new(OFFSETS_TOPIC), partition);
            let (answer, required) =
                self.append(now, &partition, &batch, -1, ErrorCode::NONE, disk, out)?;
            if answer.error.is_none() {
                let delayed = DelayedProduce {
                    origin: Origin::Coordinator { token },
                    acks: -1,
                    partitions: vec![(answer, required)],
                };
                self.wait_for_replicas(now, delayed, COMMIT_TIMEOUT, out);
                self.appended(now, &partition, disk, out)?;
            } else {
                self.coordinator_write_done(now, token, answer.error, disk, out)?;
            }
        }
        Ok(())
    }

    /// A write of the coordinator is committed, or failed.
    pub(super) fn coordinator_write_done(
        &mut self,
        now: Instant,
        token: u64,
        error: ErrorCode,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let mut answers = Output::default();
        let appends = self.groups.appended(now, token, error, &mut answers);
        out.absorb(answers, Event::Group);
        self.coordinator_writes(now, appends, disk, out)
    }

    /// This broker leads `partition` now: if it is one of `__consumer_offsets`, its groups are read from the log.
    pub(super) fn leads_offsets(
        &mut self,
        now: Instant,
        partition: &TopicPartition,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        if partition.topic.as_str() != OFFSETS_TOPIC {
            return Ok(());
        }
        let Some(replica) = self.replicas.get(partition) else {
            return Ok(());
        };
        let end = replica.log.log_end_offset();
        let mut from = replica.log.log_start_offset();
        let mut records = Vec::new();
        while from < end {
            let bytes = replica.log.read(disk, from, 1 << 20, end, true)?.bytes;
            let mut next = from;
            for item in batch::batches(&bytes) {
                let Ok((_, header, bytes)) = item else {
                    break;
                };
                next = Offset(header.last_offset().0 + 1);
                if !header.is_control()
                    && let Ok(batch) = batch::records(bytes)
                {
                    records.extend(batch);
                }
            }
            if next <= from {
                break;
            }
            from = next;
        }
        let mut answers = Output::default();
        self.groups.load(partition.partition, records.into_iter(), now, &mut answers);
        out.absorb(answers, Event::Group);
        Ok(())
    }

    /// This broker leads `partition` no more: its groups are coordinated elsewhere.
    pub(super) fn lost_offsets(&mut self, now: Instant, partition: &TopicPartition, out: &mut Out) {
        if partition.topic.as_str() == OFFSETS_TOPIC {
            let mut answers = Output::default();
            self.groups.unload(partition.partition, now, &mut answers);
            out.absorb(answers, Event::Group);
        }
    }
}
