//! How administrators' tools of each version are answered: by whom, when it was not done in time, and what they print.
//!
//! ```text
//!   0.8 … 0.10  the tool itself ─▶ ZooKeeper             any broker that is connected lends it its session
//!   0.11 …      the tool ─▶ the controller ─▶ ZooKeeper  another broker: NOT_CONTROLLER
//! ```
//!
//! Always: a refusal here changes nothing, and says whether to ask again.

use crate::broker::Broker;
use crate::coordination::zookeeper::SessionState;
use crate::era::AdminTool;
use crate::protocol::{
    AlterPartitionReassignmentsResponse, CreatePartitionsResponse, CreateTopicsResponse,
    DeleteTopicsResponse, ElectLeadersResponse, ErrorCode, IncrementalAlterConfigsResponse,
    NewTopic, Request, Response,
};
use crate::types::TopicName;

impl Broker {
    /// Whether tools write for themselves in this version, so that this broker only lends them its session.
    pub(super) fn serves_tools(&self) -> bool {
        self.config.log.era.admin_tool == AdminTool::ZooKeeper
    }

    /// Whether a tool that would write for itself asks a broker that cannot lend it a session.
    pub(super) fn is_cut_off_tool(&self, request: &Request) -> bool {
        let connected = |side: &super::ZooKeeperSide| side.session.state == SessionState::Connected;
        self.serves_tools()
            && self.writes_by_itself(request)
            && !self.zookeeper.as_deref().is_some_and(connected)
    }
}

/// The answer when its time was over before everybody had heard of it (`DelayedCreatePartitions`,
/// `DelayedDeleteTopics`).
pub(super) fn timed_out(response: Response, late: &dyn Fn(&TopicName) -> bool) -> Response {
    let error = ErrorCode::REQUEST_TIMED_OUT;
    let told = |topics: Vec<(TopicName, ErrorCode, String)>| {
        let one = |(name, was, text): (TopicName, ErrorCode, String)| match late(&name) {
            true => (name, error, String::new()),
            false => (name, was, text),
        };
        topics.into_iter().map(one).collect()
    };
    match response {
        Response::CreateTopics(all) => {
            Response::CreateTopics(CreateTopicsResponse { topics: told(all.topics) })
        }
        Response::DeleteTopics(all) => {
            Response::DeleteTopics(DeleteTopicsResponse { topics: told(all.topics) })
        }
        other => other,
    }
}

/// The answer when everybody has heard of it: a topic that was marked for deletion is gone.
pub(super) fn done(mut response: Response) -> Response {
    if let Response::DeleteTopics(all) = &mut response {
        let done = all.topics.iter_mut().filter(|(_, error, _)| error.is_none());
        done.for_each(|(.., text)| text.clear());
    }
    response
}

/// What a tool says that has marked a topic (`TopicCommand.deleteTopic`).
pub(super) fn marked(topic: &TopicName, is_new: bool, enabled: bool) -> String {
    match (is_new, enabled) {
        (false, _) => format!("{topic} is already marked for deletion"),
        (true, true) => format!("{topic} is marked for deletion"),
        (true, false) => format!(
            "{topic} is marked for deletion, which has no effect here: delete.topic.enable is not true"
        ),
    }
}

/// Whether any broker would not do.
pub(super) fn needs_controller(request: &Request) -> bool {
    matches!(
        request,
        Request::CreateTopics(_) | Request::DeleteTopics(_) | Request::CreatePartitions(_)
    )
}

/// The answer of a broker that is not the controller.
pub(super) fn not_controller(request: &Request) -> Response {
    refusal(request, ErrorCode::NOT_CONTROLLER)
}

/// The answer of a broker that cannot reach ZooKeeper: the tool tries another.
pub(super) fn not_available(request: &Request) -> Response {
    refusal(request, ErrorCode::BROKER_NOT_AVAILABLE)
}

/// One error for all that was asked for.
fn refusal(request: &Request, error: ErrorCode) -> Response {
    let message = String::new();
    match request {
        Request::CreateTopics(request) => {
            let one = |topic: &NewTopic| (topic.name.clone(), error, String::new());
            let topics = request.topics.iter().map(one).collect();
            Response::CreateTopics(CreateTopicsResponse { topics })
        }
        Request::DeleteTopics(request) => {
            let one = |topic: &TopicName| (topic.clone(), error, String::new());
            let topics = request.topics.iter().map(one).collect();
            Response::DeleteTopics(DeleteTopicsResponse { topics })
        }
        Request::ElectLeaders(request) => {
            let all = request.partitions.clone().unwrap_or_default();
            let partitions = all.into_iter().map(|of| (of, error, String::new())).collect();
            Response::ElectLeaders(ElectLeadersResponse { partitions })
        }
        Request::AlterPartitionReassignments(request) => {
            let all = request.partitions.iter();
            let partitions = all.map(|(of, _)| (of.clone(), error, String::new())).collect();
            Response::AlterPartitionReassignments(AlterPartitionReassignmentsResponse {
                partitions,
            })
        }
        Request::IncrementalAlterConfigs(_) => {
            Response::IncrementalAlterConfigs(IncrementalAlterConfigsResponse { error, message })
        }
        _ => Response::CreatePartitions(CreatePartitionsResponse { error, message }),
    }
}
