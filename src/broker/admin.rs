//! What any broker answers from what it knows: Metadata, ListOffsets (class `KafkaApis`).

use super::{Broker, Halt, Out};
use crate::clock::Instant;
use crate::disk::Disk;
use crate::protocol::{
    ErrorCode, ListOffsetsRequest, ListOffsetsResponse, Message, MetadataRequest, MetadataResponse,
    NewTopic, PartitionMetadata, Response, TopicMetadata,
};
use crate::replica::Role;
use crate::types::{LeaderEpoch, NodeId, Offset, Timestamp, TopicName, TopicPartition, Uuid};

impl Broker {
    pub(super) fn metadata_request(
        &mut self,
        now: Instant,
        from: NodeId,
        correlation: u64,
        request: MetadataRequest,
        out: &mut Out,
    ) {
        let names: Vec<TopicName> = match &request.topics {
            Some(names) => names.clone(),
            None => self.observer.image.topics.keys().cloned().collect(),
        };
        let mut topics = Vec::with_capacity(names.len());
        for name in names {
            topics.push(self.describe(now, name, request.allow_auto_topic_creation, out));
        }
        let image = &self.observer.image;
        let brokers = image.brokers.iter().filter(|(_, b)| !b.fenced).map(|(&id, _)| id).collect();
        let response =
            Response::Metadata(MetadataResponse { brokers, controller: Some(self.id), topics });
        out.send(from, Message::response(correlation, response));
    }

    fn describe(
        &mut self,
        now: Instant,
        name: TopicName,
        may_create: bool,
        out: &mut Out,
    ) -> TopicMetadata {
        let image = &self.observer.image;
        if let Some(topic) = image.topics.get(&name) {
            let alive = |node: NodeId| image.brokers.get(&node).is_some_and(|b| !b.fenced);
            let partitions = topic.partitions.iter().enumerate().map(|(number, registration)| {
                let leader = registration.leader.filter(|&leader| alive(leader));
                PartitionMetadata {
                    error: if leader.is_some() {
                        ErrorCode::NONE
                    } else {
                        ErrorCode::LEADER_NOT_AVAILABLE
                    },
                    partition: number as u32,
                    leader,
                    leader_epoch: registration.leader_epoch,
                    replicas: registration.replicas.clone(),
                    isr: registration.isr.clone(),
                }
            });
            let (id, partitions) = (topic.id, partitions.collect());
            return TopicMetadata { error: ErrorCode::NONE, name, id, partitions };
        }
        let mut error = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
        if TopicName::check(name.as_str()).is_err() {
            error = ErrorCode::INVALID_TOPIC_EXCEPTION;
        } else if may_create && self.config.auto_create_topics {
            let topic = NewTopic {
                name: name.clone(),
                partitions: self.config.num_partitions,
                replication_factor: self.config.default_replication_factor,
                assignment: None,
                configs: Vec::new(),
            };
            self.auto_create(now, topic, out);
        }
        TopicMetadata { error, name, id: Uuid::ZERO, partitions: Vec::new() }
    }

    pub(super) fn list_offsets(
        &mut self,
        from: NodeId,
        correlation: u64,
        request: ListOffsetsRequest,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let mut partitions = Vec::with_capacity(request.partitions.len());
        for (partition, timestamp) in request.partitions {
            partitions.push(self.list_offset(partition, timestamp, disk)?);
        }
        let response = Response::ListOffsets(ListOffsetsResponse { partitions });
        out.send(from, Message::response(correlation, response));
        Ok(())
    }

    fn list_offset(
        &self,
        partition: TopicPartition,
        timestamp: Timestamp,
        disk: &Disk,
    ) -> Result<(TopicPartition, ErrorCode, Timestamp, Offset, LeaderEpoch), Halt> {
        let none = (Timestamp::NONE, Offset::NONE);
        let Some(replica) = self.replicas.get(&partition) else {
            let error = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
            return Ok((partition, error, none.0, none.1, LeaderEpoch::NONE));
        };
        let epoch = replica.leader_epoch;
        let Role::Leader(leader) = &replica.role else {
            let error = ErrorCode::NOT_LEADER_OR_FOLLOWER;
            return Ok((partition, error, none.0, none.1, epoch));
        };
        let (at, offset) = match timestamp.0 {
            -1 => (Timestamp::NONE, leader.high_watermark()),
            -2 => (Timestamp::NONE, replica.log.log_start_offset()),
            -3 => replica.log.max_timestamp().unwrap_or(none),
            _ => match replica.log.offset_for_timestamp(disk, timestamp) {
                Ok(Some((offset, at, _))) if offset < leader.high_watermark() => (at, offset),
                Ok(_) => none,
                Err(error) if error.is_corrupt() => {
                    return Ok((partition, ErrorCode::CORRUPT_MESSAGE, none.0, none.1, epoch));
                }
                Err(error) => return Err(error),
            },
        };
        Ok((partition, ErrorCode::NONE, at, offset, epoch))
    }
}
