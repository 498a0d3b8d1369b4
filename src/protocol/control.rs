//! Requests to the controller and their answers: topics, elections, reassignments, the ISR, the life of brokers. The
//! enums that hold them, and what clients and followers ask, are in `message`.

use super::ErrorCode;
use super::message::record;
use crate::types::{
    BrokerEpoch, LeaderEpoch, NodeId, Offset, PartitionEpoch, TopicName, TopicPartition, Uuid,
};
use std::sync::Arc;

record! {
    /// `CreateTopicsRequest`.
    CreateTopicsRequest {
        /// The topics.
        topics: Vec<NewTopic>,
    }
    /// One topic to create.
    NewTopic {
        /// Its name.
        name: TopicName,
        /// How many partitions; -1: the broker's `num.partitions`.
        partitions: i32,
        /// How many replicas; -1: the broker's `default.replication.factor`.
        replication_factor: i32,
        /// Replicas of each partition, when placed by hand.
        assignment: Option<Vec<Vec<NodeId>>>,
        /// Topic settings by Kafka's names.
        configs: Vec<(String, String)>,
    }
    /// `CreateTopicsResponse`.
    CreateTopicsResponse {
        /// One answer for each topic.
        topics: Vec<(TopicName, ErrorCode, String)>,
    }
    /// `DeleteTopicsRequest`.
    DeleteTopicsRequest {
        /// Which.
        topics: Vec<TopicName>,
    }
    /// `DeleteTopicsResponse`.
    DeleteTopicsResponse {
        /// One answer for each.
        topics: Vec<(TopicName, ErrorCode, String)>,
    }
    /// `CreatePartitionsRequest`.
    CreatePartitionsRequest {
        /// The topic.
        topic: TopicName,
        /// How many it shall have in the end.
        count: i32,
        /// Replicas of the new ones, when placed by hand.
        assignment: Option<Vec<Vec<NodeId>>>,
    }
    /// `CreatePartitionsResponse`.
    CreatePartitionsResponse {
        /// Whether it worked.
        error: ErrorCode,
        /// Why not.
        message: String,
    }
    /// `IncrementalAlterConfigsRequest`.
    IncrementalAlterConfigsRequest {
        /// A topic's settings; `None`: those of brokers.
        topic: Option<TopicName>,
        /// One broker's settings; without a topic and without a broker: those of all brokers.
        broker: Option<NodeId>,
        /// Name and value; no value: back to the default.
        configs: Vec<(String, Option<String>)>,
    }
    /// `IncrementalAlterConfigsResponse`.
    IncrementalAlterConfigsResponse {
        /// Whether it worked.
        error: ErrorCode,
        /// Why not.
        message: String,
    }
    /// `ElectLeadersRequest`.
    ElectLeadersRequest {
        /// Whether a replica that is not in sync may be chosen; else the preferred one.
        unclean: bool,
        /// Which partitions; `None`: all.
        partitions: Option<Vec<TopicPartition>>,
    }
    /// `ElectLeadersResponse`.
    ElectLeadersResponse {
        /// One answer for each.
        partitions: Vec<(TopicPartition, ErrorCode, String)>,
    }
    /// `AlterPartitionReassignmentsRequest`.
    AlterPartitionReassignmentsRequest {
        /// The replicas wanted; `None` cancels.
        partitions: Vec<(TopicPartition, Option<Vec<NodeId>>)>,
    }
    /// `AlterPartitionReassignmentsResponse`.
    AlterPartitionReassignmentsResponse {
        /// One answer for each.
        partitions: Vec<(TopicPartition, ErrorCode, String)>,
    }
    /// `DeleteRecordsRequest`.
    DeleteRecordsRequest {
        /// New first offset; -1: the high watermark.
        partitions: Vec<(TopicPartition, Offset)>,
    }
    /// `DeleteRecordsResponse`.
    DeleteRecordsResponse {
        /// One answer for each, with the new first offset.
        partitions: Vec<(TopicPartition, ErrorCode, Offset)>,
    }
    /// `AlterPartitionRequest` (KIP-497, broker epochs by KIP-903).
    AlterPartitionRequest {
        /// The leader that asks.
        broker: NodeId,
        /// Its registration epoch.
        broker_epoch: BrokerEpoch,
        /// One proposal for each partition.
        partitions: Vec<AlterPartition>,
    }
    /// One proposal.
    AlterPartition {
        /// Which partition.
        partition: TopicPartition,
        /// The leader's epoch.
        leader_epoch: LeaderEpoch,
        /// The registration's epoch that the proposal builds on.
        partition_epoch: PartitionEpoch,
        /// The ISR proposed, with the registration epochs that the leader knows.
        new_isr: Vec<(NodeId, BrokerEpoch)>,
        /// Whether the leader is still recovering from an unclean election (KIP-704).
        recovering: bool,
    }
    /// `AlterPartitionResponse`.
    AlterPartitionResponse {
        /// Whether the controller took the request at all.
        error: ErrorCode,
        /// One answer for each partition.
        partitions: Vec<AlterPartitionResult>,
    }
    /// One answer of the controller.
    AlterPartitionResult {
        /// Which partition.
        partition: TopicPartition,
        /// Whether it was changed.
        error: ErrorCode,
        /// Its leader.
        leader: Option<NodeId>,
        /// The leader's epoch.
        leader_epoch: LeaderEpoch,
        /// Its ISR.
        isr: Vec<NodeId>,
        /// Its registration's epoch.
        partition_epoch: PartitionEpoch,
        /// Whether it is recovering from an unclean election.
        recovering: bool,
    }
    /// `BrokerRegistrationRequest`.
    BrokerRegistrationRequest {
        /// The broker.
        broker: NodeId,
        /// Drawn anew at each start.
        incarnation: Uuid,
        /// Its rack.
        rack: Option<Arc<str>>,
        /// Its log directory's id (KIP-858).
        log_directory: Uuid,
        /// The epoch it had when it last stopped cleanly (from `.kafka_cleanshutdown`), else -1 (KIP-966).
        previous_broker_epoch: BrokerEpoch,
    }
    /// `BrokerRegistrationResponse`.
    BrokerRegistrationResponse {
        /// Whether it worked.
        error: ErrorCode,
        /// The new registration epoch.
        broker_epoch: BrokerEpoch,
    }
    /// `BrokerHeartbeatRequest`.
    BrokerHeartbeatRequest {
        /// The broker.
        broker: NodeId,
        /// Its registration epoch.
        broker_epoch: BrokerEpoch,
        /// How far it has read the metadata log.
        current_metadata_offset: Offset,
        /// Whether it wants to stay fenced.
        want_fence: bool,
        /// Whether it wants to stop.
        want_shut_down: bool,
    }
    /// `BrokerHeartbeatResponse`.
    BrokerHeartbeatResponse {
        /// Whether it worked.
        error: ErrorCode,
        /// Whether the broker has read enough of the metadata log.
        is_caught_up: bool,
        /// Whether it is fenced.
        is_fenced: bool,
        /// Whether it may stop now.
        should_shut_down: bool,
    }
}
