//! Requests and responses, by the names of Kafka's own message schemas.

use super::ErrorCode;
use super::control::*;
use super::orders::*;
use super::quorum::*;
use super::zookeeper::*;
use crate::types::{
    BrokerEpoch, LeaderEpoch, NodeId, Offset, Timestamp, TopicName, TopicPartition, Uuid,
};
use std::sync::Arc;

/// Record batches as bytes; cheap to clone.
pub type RecordBytes = Arc<[u8]>;

/// The version of `FetchRequest` that everybody of today speaks (4.1: KIP-1166); the era table has that of others.
pub const FETCH_VERSION: i16 = 18;

/// One message: a request, or the response to one.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Chosen by the requester; the response repeats it.
    pub correlation: u64,
    /// Request or response.
    pub body: Body,
}

/// A message's body.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// A request.
    Request(Request),
    /// A response.
    Response(Response),
}

impl Message {
    /// A request.
    pub fn request(correlation: u64, request: Request) -> Message {
        Message { correlation, body: Body::Request(request) }
    }
    /// A response.
    pub fn response(correlation: u64, response: Response) -> Message {
        Message { correlation, body: Body::Response(response) }
    }
    /// The message's kind in Kafka's words: `Fetch`, `FetchResponse`, …
    pub fn kind(&self) -> &'static str {
        match &self.body {
            Body::Request(request) => request.kind(),
            Body::Response(response) => response.kind(),
        }
    }
}

macro_rules! messages {
    ($($(#[$doc:meta])* $name:ident: $request:ident, $response:ident;)*) => {
        /// Every request.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Request { $($(#[$doc])* $name($request),)* }
        /// Every response.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Response { $($(#[$doc])* $name($response),)* }
        impl Request {
            /// Kafka's name of this request.
            pub fn kind(&self) -> &'static str {
                if let Request::ZooKeeper(request) = self {
                    return request.operation.kind();
                }
                match self { $(Request::$name(_) => stringify!($name),)* }
            }
        }
        impl Response {
            /// Kafka's name of this response.
            pub fn kind(&self) -> &'static str {
                if let Response::ZooKeeper(response) = self {
                    return response.kind();
                }
                match self { $(Response::$name(_) => concat!(stringify!($name), "Response"),)* }
            }
        }
        /// The names of all requests, for scripts that speak of a kind of message.
        pub const KINDS: &[&str] = &[$(stringify!($name)),*];
    };
}

messages! {
    /// Records from a producer.
    Produce: ProduceRequest, ProduceResponse;
    /// Records for a follower, a consumer, or a broker that follows the metadata log.
    Fetch: FetchRequest, FetchResponse;
    /// Where leader epochs ended (KIP-101).
    OffsetForLeaderEpoch: OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse;
    /// Offsets by timestamp.
    ListOffsets: ListOffsetsRequest, ListOffsetsResponse;
    /// Who leads what.
    Metadata: MetadataRequest, MetadataResponse;
    /// Who coordinates a group.
    FindCoordinator: FindCoordinatorRequest, FindCoordinatorResponse;
    /// A member wants in.
    JoinGroup: JoinGroupRequest, JoinGroupResponse;
    /// A member asks for its share; the group's leader brings all shares.
    SyncGroup: SyncGroupRequest, SyncGroupResponse;
    /// A member lives.
    Heartbeat: HeartbeatRequest, HeartbeatResponse;
    /// A member leaves.
    LeaveGroup: LeaveGroupRequest, LeaveGroupResponse;
    /// Positions to remember.
    OffsetCommit: OffsetCommitRequest, OffsetCommitResponse;
    /// Positions remembered.
    OffsetFetch: OffsetFetchRequest, OffsetFetchResponse;
    /// New topics (a broker forwards it to the controller).
    CreateTopics: CreateTopicsRequest, CreateTopicsResponse;
    /// Topics to delete (forwarded).
    DeleteTopics: DeleteTopicsRequest, DeleteTopicsResponse;
    /// More partitions for a topic (forwarded).
    CreatePartitions: CreatePartitionsRequest, CreatePartitionsResponse;
    /// New settings (forwarded).
    IncrementalAlterConfigs: IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse;
    /// Choose leaders anew (forwarded).
    ElectLeaders: ElectLeadersRequest, ElectLeadersResponse;
    /// Other replicas for partitions (forwarded).
    AlterPartitionReassignments:
        AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse;
    /// Forget the records before an offset.
    DeleteRecords: DeleteRecordsRequest, DeleteRecordsResponse;
    /// A leader proposes another ISR to the controller (KIP-497).
    AlterPartition: AlterPartitionRequest, AlterPartitionResponse;
    /// A broker introduces itself to the controller (KIP-631).
    BrokerRegistration: BrokerRegistrationRequest, BrokerRegistrationResponse;
    /// A broker lives (KIP-631).
    BrokerHeartbeat: BrokerHeartbeatRequest, BrokerHeartbeatResponse;
    /// The controller of the ZooKeeper era tells a broker what it leads and follows.
    LeaderAndIsr: LeaderAndIsrRequest, LeaderAndIsrResponse;
    /// That controller tells a broker what to answer to clients that ask for metadata.
    UpdateMetadata: UpdateMetadataRequest, UpdateMetadataResponse;
    /// That controller takes copies of partitions away from a broker.
    StopReplica: StopReplicaRequest, StopReplicaResponse;
    /// A broker asks that controller to move its leaderships away, since it wants to stop.
    ControlledShutdown: ControlledShutdownRequest, ControlledShutdownResponse;
    /// A process opens a session with ZooKeeper, or takes up the one it had.
    ZooKeeperConnect: ZooKeeperConnectRequest, ZooKeeperConnectResponse;
    /// An operation on ZooKeeper's tree; its answer, or the notice that a watch fired.
    ZooKeeper: ZooKeeperRequest, ZooKeeperResponse;
    /// A voter wants to lead the metadata quorum (KIP-595, KIP-996).
    Vote: VoteRequest, VoteResponse;
    /// A voter leads the metadata quorum.
    BeginQuorumEpoch: BeginQuorumEpochRequest, BeginQuorumEpochResponse;
    /// A voter leads the metadata quorum no more.
    EndQuorumEpoch: EndQuorumEpochRequest, EndQuorumEpochResponse;
    /// Part of a snapshot of the metadata log (KIP-630).
    FetchSnapshot: FetchSnapshotRequest, FetchSnapshotResponse;
    /// A controller introduces itself to the active one (KIP-919).
    ControllerRegistration: ControllerRegistrationRequest, ControllerRegistrationResponse;
}

macro_rules! record {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq)]
            pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }
        )*
    };
}

pub(super) use record;

record! {
    /// `ProduceRequest`.
    ProduceRequest {
        /// 0: no answer; 1: the leader has it; -1 (all): every in-sync replica has it.
        acks: i16,
        /// How long the leader may wait for the others.
        timeout_ms: u32,
        /// One or more batches for each partition.
        partitions: Vec<(TopicPartition, RecordBytes)>,
    }
    /// `ProduceResponse`.
    ProduceResponse {
        /// One answer for each partition.
        partitions: Vec<ProducePartitionResponse>,
    }
    /// One partition's part of a [`ProduceResponse`].
    ProducePartitionResponse {
        /// Which one.
        partition: TopicPartition,
        /// Whether it worked.
        error: ErrorCode,
        /// What exactly was refused; empty: the code says it all (KIP-467).
        error_message: String,
        /// Offset of the first record; -1 on an error.
        base_offset: Offset,
        /// First offset that the leader still has.
        log_start_offset: Offset,
        /// On NOT_LEADER_OR_FOLLOWER: who leads now (KIP-951).
        current_leader: Option<(NodeId, LeaderEpoch)>,
    }
    /// `FetchRequest`.
    FetchRequest {
        /// The follower (or the broker that follows the metadata log); `None` for a consumer.
        replica: Option<NodeId>,
        /// The follower's registration epoch (KIP-903).
        replica_epoch: BrokerEpoch,
        /// Version of the request: below 4 the reader knows no format 2, below 2 no format 1, below 10 no zstd.
        version: i16,
        /// How long the leader may hold the answer back while there is too little.
        max_wait_ms: u32,
        /// How much is enough to answer at once.
        min_bytes: u32,
        /// Limit of the whole answer (the first batch always fits).
        max_bytes: u32,
        /// Whether only committed transactions are wanted.
        read_committed: bool,
        /// From where, for each partition.
        partitions: Vec<FetchPartition>,
    }
    /// One partition's part of a [`FetchRequest`].
    FetchPartition {
        /// Which one.
        partition: TopicPartition,
        /// The epoch that the requester believes in (KIP-320); -1: it does not say.
        current_leader_epoch: LeaderEpoch,
        /// The first offset wanted.
        fetch_offset: Offset,
        /// Epoch of the requester's last record (KIP-595); -1: it does not say.
        last_fetched_epoch: LeaderEpoch,
        /// First offset that the follower has; -1 from a consumer.
        log_start_offset: Offset,
        /// Limit for this partition.
        max_bytes: u32,
    }
    /// `FetchResponse`.
    FetchResponse {
        /// One answer for each partition.
        partitions: Vec<FetchPartitionResponse>,
    }
    /// One partition's part of a [`FetchResponse`].
    FetchPartitionResponse {
        /// Which one.
        partition: TopicPartition,
        /// Whether it worked.
        error: ErrorCode,
        /// What is committed.
        high_watermark: Offset,
        /// Up to where no transaction is open.
        last_stable_offset: Offset,
        /// First offset that the leader still has.
        log_start_offset: Offset,
        /// The requester's log differs: greatest common epoch and its end (KIP-595).
        diverging_epoch: Option<(LeaderEpoch, Offset)>,
        /// On a fencing error: who leads now (KIP-951).
        current_leader: Option<(NodeId, LeaderEpoch)>,
        /// The leader has no such offset any more: fetch this snapshot instead, end offset and epoch (KIP-630).
        snapshot: Option<(Offset, LeaderEpoch)>,
        /// Whole batches.
        records: RecordBytes,
    }
    /// `OffsetForLeaderEpochRequest`.
    OffsetForLeaderEpochRequest {
        /// The follower that asks.
        replica: NodeId,
        /// Version of the request: 0 gives the end alone (0.11), 1 names its epoch too (KIP-279).
        version: i16,
        /// For each partition the leader's epoch as the follower has it (-1: it does not say), and the one asked for.
        partitions: Vec<(TopicPartition, LeaderEpoch, LeaderEpoch)>,
    }
    /// `OffsetForLeaderEpochResponse`.
    OffsetForLeaderEpochResponse {
        /// For each partition the greatest epoch at or below the one asked for (-1 in version 0) and its end (-1: the
        /// leader does not know).
        partitions: Vec<(TopicPartition, ErrorCode, LeaderEpoch, Offset)>,
    }
    /// `ListOffsetsRequest`.
    ListOffsetsRequest {
        /// Timestamp for each partition: -1 latest, -2 earliest, -3 greatest timestamp, else the first record at or
        /// after it.
        partitions: Vec<(TopicPartition, Timestamp)>,
        /// Whether "latest" means the last stable offset.
        read_committed: bool,
    }
    /// `ListOffsetsResponse`.
    ListOffsetsResponse {
        /// Error, timestamp and offset (-1: none) for each partition.
        partitions: Vec<(TopicPartition, ErrorCode, Timestamp, Offset, LeaderEpoch)>,
    }
    /// `MetadataRequest`.
    MetadataRequest {
        /// Which topics; `None`: all.
        topics: Option<Vec<TopicName>>,
        /// Whether an unknown topic may be created (`auto.create.topics.enable`).
        allow_auto_topic_creation: bool,
    }
    /// `MetadataResponse`.
    MetadataResponse {
        /// Brokers that are alive.
        brokers: Vec<NodeId>,
        /// A broker that forwards to the controller (KRaft names any one).
        controller: Option<NodeId>,
        /// The topics asked for.
        topics: Vec<TopicMetadata>,
    }
    /// One topic's part of a [`MetadataResponse`].
    TopicMetadata {
        /// Whether it is known.
        error: ErrorCode,
        /// Its name.
        name: TopicName,
        /// Its id (KIP-516).
        id: Uuid,
        /// Its partitions in order.
        partitions: Vec<PartitionMetadata>,
    }
    /// One partition's part of a [`TopicMetadata`].
    PartitionMetadata {
        /// Whether it has a leader.
        error: ErrorCode,
        /// Its number.
        partition: u32,
        /// Its leader.
        leader: Option<NodeId>,
        /// The leader's epoch.
        leader_epoch: LeaderEpoch,
        /// All replicas, preferred leader first.
        replicas: Vec<NodeId>,
        /// Those in sync.
        isr: Vec<NodeId>,
    }
    /// `FindCoordinatorRequest`.
    FindCoordinatorRequest {
        /// The group.
        group: Arc<str>,
    }
    /// `FindCoordinatorResponse`.
    FindCoordinatorResponse {
        /// Whether it is known.
        error: ErrorCode,
        /// The broker that leads the group's partition of `__consumer_offsets`.
        coordinator: Option<NodeId>,
    }
    /// `JoinGroupRequest`.
    JoinGroupRequest {
        /// The group.
        group: Arc<str>,
        /// The member's `client.id`; its member id begins with it.
        client_id: Arc<str>,
        /// Empty on the first try (KIP-394).
        member_id: Arc<str>,
        /// Of a static member (KIP-345).
        group_instance_id: Option<Arc<str>>,
        /// How long the coordinator waits for a heartbeat.
        session_timeout_ms: u32,
        /// How long it waits for members to rejoin.
        rebalance_timeout_ms: u32,
        /// Assignors that the member knows, best first, each with its subscription
        /// (ConsumerProtocolSubscription bytes).
        protocols: Vec<(Arc<str>, Arc<[u8]>)>,
    }
    /// `JoinGroupResponse`.
    JoinGroupResponse {
        /// Whether it worked.
        error: ErrorCode,
        /// The generation that begins.
        generation: i32,
        /// The assignor chosen.
        protocol: Option<Arc<str>>,
        /// The member that computes the shares.
        leader: Arc<str>,
        /// This member's id.
        member_id: Arc<str>,
        /// For the leader only: all members (id, instance id, subscription).
        members: Vec<(Arc<str>, Option<Arc<str>>, Arc<[u8]>)>,
    }
    /// `SyncGroupRequest`.
    SyncGroupRequest {
        /// The group.
        group: Arc<str>,
        /// The generation.
        generation: i32,
        /// The member.
        member_id: Arc<str>,
        /// Of a static member.
        group_instance_id: Option<Arc<str>>,
        /// From the leader only: each member's share (ConsumerProtocolAssignment bytes).
        assignments: Vec<(Arc<str>, Arc<[u8]>)>,
    }
    /// `SyncGroupResponse`.
    SyncGroupResponse {
        /// Whether it worked.
        error: ErrorCode,
        /// This member's share.
        assignment: Arc<[u8]>,
    }
    /// `HeartbeatRequest`.
    HeartbeatRequest {
        /// The group.
        group: Arc<str>,
        /// The generation.
        generation: i32,
        /// The member.
        member_id: Arc<str>,
        /// Of a static member.
        group_instance_id: Option<Arc<str>>,
    }
    /// `HeartbeatResponse`.
    HeartbeatResponse {
        /// NONE, REBALANCE_IN_PROGRESS, ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID, …
        error: ErrorCode,
    }
    /// `LeaveGroupRequest`.
    LeaveGroupRequest {
        /// The group.
        group: Arc<str>,
        /// The member.
        member_id: Arc<str>,
    }
    /// `LeaveGroupResponse`.
    LeaveGroupResponse {
        /// Whether it worked.
        error: ErrorCode,
    }
    /// `OffsetCommitRequest`.
    OffsetCommitRequest {
        /// The group.
        group: Arc<str>,
        /// The generation; -1 from a consumer without subscription.
        generation: i32,
        /// The member; empty from a consumer without subscription.
        member_id: Arc<str>,
        /// Of a static member.
        group_instance_id: Option<Arc<str>>,
        /// The next offset to read, with the leader epoch of the last one read.
        offsets: Vec<(TopicPartition, Offset, LeaderEpoch)>,
    }
    /// `OffsetCommitResponse`.
    OffsetCommitResponse {
        /// One answer for each partition.
        partitions: Vec<(TopicPartition, ErrorCode)>,
    }
    /// `OffsetFetchRequest`.
    OffsetFetchRequest {
        /// The group.
        group: Arc<str>,
        /// Which partitions.
        partitions: Vec<TopicPartition>,
    }
    /// `OffsetFetchResponse`.
    OffsetFetchResponse {
        /// Whether the coordinator could answer.
        error: ErrorCode,
        /// Committed offset (-1: none) of each partition.
        partitions: Vec<(TopicPartition, Offset)>,
    }
}
