//! What an answer says as a whole: its first error, and whether to ask again.

use crate::protocol::{ErrorCode, Response};

fn first<'a>(mut items: impl Iterator<Item = (ErrorCode, &'a str)>) -> (ErrorCode, String) {
    items
        .find(|(error, _)| !error.is_none())
        .map_or((ErrorCode::NONE, String::new()), |(error, text)| (error, text.to_owned()))
}

/// The first error in `response`, with the message that came along.
pub fn error_of(response: &Response) -> (ErrorCode, String) {
    use Response::*;
    match response {
        Produce(r) => first(r.partitions.iter().map(|p| (p.error, ""))),
        Fetch(r) => first(r.partitions.iter().map(|p| (p.error, ""))),
        OffsetForLeaderEpoch(r) => first(r.partitions.iter().map(|p| (p.1, ""))),
        ListOffsets(r) => first(r.partitions.iter().map(|p| (p.1, ""))),
        Metadata(r) => first(r.topics.iter().map(|t| (t.error, ""))),
        FindCoordinator(r) => (r.error, String::new()),
        JoinGroup(r) => (r.error, String::new()),
        SyncGroup(r) => (r.error, String::new()),
        Heartbeat(r) => (r.error, String::new()),
        LeaveGroup(r) => (r.error, String::new()),
        OffsetCommit(r) => first(r.partitions.iter().map(|p| (p.1, ""))),
        OffsetFetch(r) => (r.error, String::new()),
        CreateTopics(r) => first(r.topics.iter().map(|t| (t.1, t.2.as_str()))),
        DeleteTopics(r) => first(r.topics.iter().map(|t| (t.1, t.2.as_str()))),
        CreatePartitions(r) => (r.error, r.message.clone()),
        IncrementalAlterConfigs(r) => (r.error, r.message.clone()),
        ElectLeaders(r) => first(r.partitions.iter().map(|p| (p.1, p.2.as_str()))),
        AlterPartitionReassignments(r) => first(r.partitions.iter().map(|p| (p.1, p.2.as_str()))),
        DeleteRecords(r) => first(r.partitions.iter().map(|p| (p.1, ""))),
        AlterPartition(r) => (r.error, String::new()),
        BrokerRegistration(r) => (r.error, String::new()),
        BrokerHeartbeat(r) => (r.error, String::new()),
        Vote(r) => (r.error, String::new()),
        BeginQuorumEpoch(r) => (r.error, String::new()),
        EndQuorumEpoch(r) => (r.error, String::new()),
        FetchSnapshot(r) => (r.error, String::new()),
        ControllerRegistration(r) => (r.error, String::new()),
        LeaderAndIsr(r) => (r.error, String::new()),
        UpdateMetadata(r) => (r.error, String::new()),
        StopReplica(r) => (r.error, String::new()),
        ControlledShutdown(r) => (r.error, String::new()),
        ZooKeeperConnect(_) | ZooKeeper(_) => (ErrorCode::NONE, String::new()),
    }
}

/// Whether the answer only says that another node, or a later moment, is the right one.
pub(super) fn wants_another_try(response: &Response) -> bool {
    use ErrorCode::*;
    matches!(
        error_of(response).0,
        NOT_CONTROLLER
            | NOT_LEADER_OR_FOLLOWER
            | LEADER_NOT_AVAILABLE
            | NOT_COORDINATOR
            | COORDINATOR_NOT_AVAILABLE
            | COORDINATOR_LOAD_IN_PROGRESS
            | FENCED_LEADER_EPOCH
            | UNKNOWN_LEADER_EPOCH
            | REQUEST_TIMED_OUT
            | BROKER_NOT_AVAILABLE
    ) && !matches!(response, Response::Metadata(_) | Response::Fetch(_) | Response::Produce(_))
}
