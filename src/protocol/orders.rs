//! What the controller of the ZooKeeper era orders brokers to do, and what a broker that wants to stop asks of it.
//!
//! ```text
//!   controller ── LeaderAndIsr: lead this, follow that ───▶ broker   (schemas LeaderAndIsrRequest.json, …)
//!              ── UpdateMetadata: this is the cluster ────▶          (to every broker)
//!              ── StopReplica: let go of it, delete it ───▶
//!   broker ── ControlledShutdown: I want to stop ─────────▶ controller
//! ```
//!
//! Always: an order bears the controller's epoch, by which a broker tells an old controller from the present one, and
//! since 2.2 the broker's epoch, by which it tells an order meant for its life before (KIP-380). Left out: listeners
//! and offline log directories.

use super::ErrorCode;
use super::message::record;
use crate::types::{
    BrokerEpoch, LeaderEpoch, NodeId, PartitionEpoch, TopicName, TopicPartition, Uuid,
};
use std::sync::Arc;

record! {
    /// `LeaderAndIsrRequest`.
    LeaderAndIsrRequest {
        /// The controller's broker id.
        controller: NodeId,
        /// The reign of the controller.
        controller_epoch: i32,
        /// The epoch of the broker that is meant (KIP-380); -1 before 2.2.
        broker_epoch: BrokerEpoch,
        /// What shall be.
        partitions: Vec<LeaderAndIsrPartition>,
        /// Leaders that are alive.
        live_leaders: Vec<NodeId>,
    }
    /// `LeaderAndIsrPartitionState`: one partition's part of it.
    LeaderAndIsrPartition {
        /// Which one.
        partition: TopicPartition,
        /// Its topic's id (since version 5 of the request, KIP-516); the zero id before.
        topic_id: Uuid,
        /// The reign of the controller that chose this leader (from the state znode).
        controller_epoch: i32,
        /// Its leader; none is -1 in Kafka.
        leader: Option<NodeId>,
        /// The leader's epoch.
        leader_epoch: LeaderEpoch,
        /// Its ISR.
        isr: Vec<NodeId>,
        /// The version of its state znode (`zkVersion`, named `partitionEpoch` since 3.0).
        partition_epoch: PartitionEpoch,
        /// Its replicas, the preferred leader first.
        replicas: Vec<NodeId>,
        /// Those that a reassignment adds (KIP-455).
        adding: Vec<NodeId>,
        /// Those that a reassignment takes away.
        removing: Vec<NodeId>,
        /// Whether the replica is new: a broker may create its directory only then.
        is_new: bool,
        /// Whether the leader still recovers from an unclean election (KIP-704).
        recovering: bool,
    }
    /// `LeaderAndIsrResponse`.
    LeaderAndIsrResponse {
        /// Whether the order was taken at all: STALE_CONTROLLER_EPOCH, STALE_BROKER_EPOCH.
        error: ErrorCode,
        /// One answer for each partition.
        partitions: Vec<(TopicPartition, ErrorCode)>,
    }
    /// `UpdateMetadataRequest`.
    UpdateMetadataRequest {
        /// The controller's broker id.
        controller: NodeId,
        /// The reign of the controller.
        controller_epoch: i32,
        /// The epoch of the broker that is meant (KIP-380); -1 before 2.2.
        broker_epoch: BrokerEpoch,
        /// What changed; everything, to a broker that is new. Shared, since it goes to all brokers.
        partitions: Arc<Vec<UpdateMetadataPartition>>,
        /// Brokers that are alive: all of them, each time.
        live_brokers: Arc<Vec<LiveBroker>>,
        /// Topics' ids (since version 7 of the request, KIP-516); empty before.
        topic_ids: Arc<Vec<(TopicName, Uuid)>>,
    }
    /// `UpdateMetadataPartitionState`: one partition's part of it.
    UpdateMetadataPartition {
        /// Which one.
        partition: TopicPartition,
        /// The reign of the controller that chose this leader.
        controller_epoch: i32,
        /// Its leader; none is -1 in Kafka.
        leader: Option<NodeId>,
        /// Whether the partition is to be forgotten (a leader of -2, `LeaderDuringDelete`).
        is_deleted: bool,
        /// The leader's epoch.
        leader_epoch: LeaderEpoch,
        /// Its ISR.
        isr: Vec<NodeId>,
        /// The version of its state znode.
        partition_epoch: PartitionEpoch,
        /// Its replicas.
        replicas: Vec<NodeId>,
        /// Replicas whose broker is not alive.
        offline_replicas: Vec<NodeId>,
    }
    /// A broker that is alive (`UpdateMetadataBroker`).
    LiveBroker {
        /// Which one.
        id: NodeId,
        /// Its rack.
        rack: Option<Arc<str>>,
    }
    /// `UpdateMetadataResponse`.
    UpdateMetadataResponse {
        /// Whether the order was taken.
        error: ErrorCode,
    }
    /// `StopReplicaRequest`.
    StopReplicaRequest {
        /// The controller's broker id.
        controller: NodeId,
        /// The reign of the controller.
        controller_epoch: i32,
        /// The epoch of the broker that is meant (KIP-380); -1 before 2.2.
        broker_epoch: BrokerEpoch,
        /// Which copies.
        partitions: Vec<StopReplicaPartition>,
    }
    /// `StopReplicaPartitionState`: one partition's part of it.
    StopReplicaPartition {
        /// Which one.
        partition: TopicPartition,
        /// The leader's epoch (since version 3 of the request, KIP-570); -1 before, and -2 when the topic is deleted.
        leader_epoch: LeaderEpoch,
        /// Whether its files are to go too.
        delete: bool,
    }
    /// `StopReplicaResponse`.
    StopReplicaResponse {
        /// Whether the order was taken at all.
        error: ErrorCode,
        /// One answer for each partition.
        partitions: Vec<(TopicPartition, ErrorCode)>,
    }
    /// `ControlledShutdownRequest`.
    ControlledShutdownRequest {
        /// The broker that wants to stop.
        broker: NodeId,
        /// Its epoch (since version 2 of the request, KIP-380); -1 before.
        broker_epoch: BrokerEpoch,
    }
    /// `ControlledShutdownResponse`.
    ControlledShutdownResponse {
        /// Whether it was done.
        error: ErrorCode,
        /// Partitions that the broker still leads, though there is another replica.
        remaining: Vec<TopicPartition>,
    }
}
