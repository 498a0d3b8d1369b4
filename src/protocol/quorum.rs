//! What the voters of the metadata quorum say to each other, besides Fetch (KIP-595, KIP-630, KIP-996), and how a
//! controller that is not the active one answers.
//!
//! ```text
//!   Vote ──▶ may I lead epoch 3? (preVote: could I?)      BeginQuorumEpoch ──▶ I lead epoch 3: fetch from me
//!   EndQuorumEpoch ──▶ I lead no more; 3002, you first    FetchSnapshot ──▶ the bytes of 25-2.checkpoint from 4096 on
//! ```
//!
//! Left out: cluster id, directory ids and endpoints, since all of them are known and never change here (kraft.version
//! 0, static voters).

use super::ErrorCode;
use super::control::*;
use super::message::{RecordBytes, Request, Response, record};
use crate::types::{BrokerEpoch, LeaderEpoch, NodeId, Offset, Uuid};

record! {
    /// `VoteRequest`.
    VoteRequest {
        /// Who asks.
        candidate: NodeId,
        /// The epoch that it wants to lead; in a pre-vote its present one.
        epoch: i32,
        /// Epoch of its last record.
        last_epoch: LeaderEpoch,
        /// Its log end.
        last_offset: Offset,
        /// Whether it only asks what the answer would be (KIP-996).
        pre_vote: bool,
    }
    /// `VoteResponse`.
    VoteResponse {
        /// NONE, FENCED_LEADER_EPOCH, …
        error: ErrorCode,
        /// The voter's epoch.
        epoch: i32,
        /// The leader that it knows.
        leader: Option<NodeId>,
        /// Whether the vote is given.
        granted: bool,
    }
    /// `BeginQuorumEpochRequest`.
    BeginQuorumEpochRequest {
        /// Who leads.
        leader: NodeId,
        /// Its epoch.
        epoch: i32,
    }
    /// `BeginQuorumEpochResponse`.
    BeginQuorumEpochResponse {
        /// NONE, FENCED_LEADER_EPOCH, …
        error: ErrorCode,
        /// The voter's epoch.
        epoch: i32,
        /// The leader that it knows.
        leader: Option<NodeId>,
    }
    /// `EndQuorumEpochRequest`.
    EndQuorumEpochRequest {
        /// Who led.
        leader: NodeId,
        /// Its epoch.
        epoch: i32,
        /// Who should stand first, second, …: those whose logs are longest come first.
        successors: Vec<NodeId>,
    }
    /// `EndQuorumEpochResponse`.
    EndQuorumEpochResponse {
        /// NONE, FENCED_LEADER_EPOCH, …
        error: ErrorCode,
        /// The voter's epoch.
        epoch: i32,
        /// The leader that it knows.
        leader: Option<NodeId>,
    }
    /// `FetchSnapshotRequest`.
    FetchSnapshotRequest {
        /// Who asks.
        replica: NodeId,
        /// The leader's epoch that it knows.
        epoch: i32,
        /// Which snapshot: end offset and epoch.
        snapshot: (Offset, LeaderEpoch),
        /// From which byte on.
        position: u64,
        /// How many bytes at most.
        max_bytes: u32,
    }
    /// `FetchSnapshotResponse`.
    FetchSnapshotResponse {
        /// NONE, SNAPSHOT_NOT_FOUND, …
        error: ErrorCode,
        /// The answerer's epoch.
        epoch: i32,
        /// The leader that it knows.
        leader: Option<NodeId>,
        /// Which snapshot.
        snapshot: (Offset, LeaderEpoch),
        /// Size of the whole file.
        size_bytes: u64,
        /// Where these bytes begin.
        position: u64,
        /// The bytes.
        bytes: RecordBytes,
    }
    /// `ControllerRegistrationRequest`.
    ControllerRegistrationRequest {
        /// The controller.
        controller: NodeId,
        /// Drawn anew at each start.
        incarnation: Uuid,
    }
    /// `ControllerRegistrationResponse`.
    ControllerRegistrationResponse {
        /// Whether it worked.
        error: ErrorCode,
    }
}

/// How a controller that is not the active one answers; nothing, if it does not speak this request at all.
pub fn not_controller(request: &Request) -> Option<Response> {
    let error = ErrorCode::NOT_CONTROLLER;
    let about = || error.sentence().to_owned();
    Some(match request {
        Request::BrokerRegistration(_) => {
            let broker_epoch = BrokerEpoch(-1);
            Response::BrokerRegistration(BrokerRegistrationResponse { error, broker_epoch })
        }
        Request::BrokerHeartbeat(_) => Response::BrokerHeartbeat(BrokerHeartbeatResponse {
            error,
            is_caught_up: false,
            is_fenced: true,
            should_shut_down: false,
        }),
        Request::AlterPartition(_) => {
            Response::AlterPartition(AlterPartitionResponse { error, partitions: Vec::new() })
        }
        Request::ControllerRegistration(_) => {
            Response::ControllerRegistration(ControllerRegistrationResponse { error })
        }
        Request::CreateTopics(r) => {
            let one = |topic: &NewTopic| (topic.name.clone(), error, about());
            Response::CreateTopics(CreateTopicsResponse {
                topics: r.topics.iter().map(one).collect(),
            })
        }
        Request::DeleteTopics(r) => {
            let one = |name: &crate::types::TopicName| (name.clone(), error, about());
            Response::DeleteTopics(DeleteTopicsResponse {
                topics: r.topics.iter().map(one).collect(),
            })
        }
        Request::CreatePartitions(_) => {
            Response::CreatePartitions(CreatePartitionsResponse { error, message: about() })
        }
        Request::IncrementalAlterConfigs(_) => {
            let message = about();
            Response::IncrementalAlterConfigs(IncrementalAlterConfigsResponse { error, message })
        }
        Request::ElectLeaders(r) => {
            let all = r.partitions.iter().flatten();
            Response::ElectLeaders(ElectLeadersResponse {
                partitions: all.map(|partition| (partition.clone(), error, about())).collect(),
            })
        }
        Request::AlterPartitionReassignments(r) => {
            let one = |(partition, _): &(_, _)| (Clone::clone(partition), error, about());
            Response::AlterPartitionReassignments(AlterPartitionReassignmentsResponse {
                partitions: r.partitions.iter().map(one).collect(),
            })
        }
        _ => return None,
    })
}

/// Whether an answer says that the active controller is somebody else.
pub fn is_not_controller(response: &Response) -> bool {
    let not = |error: ErrorCode| error == ErrorCode::NOT_CONTROLLER;
    match response {
        Response::BrokerRegistration(r) => not(r.error),
        Response::BrokerHeartbeat(r) => not(r.error),
        Response::AlterPartition(r) => not(r.error),
        Response::ControllerRegistration(r) => not(r.error),
        Response::CreateTopics(r) => r.topics.iter().any(|topic| not(topic.1)),
        Response::DeleteTopics(r) => r.topics.iter().any(|topic| not(topic.1)),
        Response::CreatePartitions(r) => not(r.error),
        Response::IncrementalAlterConfigs(r) => not(r.error),
        Response::ElectLeaders(r) => r.partitions.iter().any(|partition| not(partition.1)),
        Response::AlterPartitionReassignments(r) => {
            r.partitions.iter().any(|partition| not(partition.1))
        }
        _ => false,
    }
}
