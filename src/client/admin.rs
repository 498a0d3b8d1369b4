//! The administrator's tool: one request at a time for each ticket, asked until an answer comes (`KafkaAdminClient`).
//!
//! ```text
//!   request ─▶ who can answer? ─┬ any live broker (it forwards to the controller)
//!                               ├ the leader of the partition (DeleteRecords, ListOffsets)
//!                               ├ the broker whose settings they are (IncrementalAlterConfigs)
//!                               └ the coordinator of the group (OffsetFetch, OffsetCommit, LeaveGroup)
//!   lost connection, NOT_CONTROLLER, NOT_LEADER_OR_FOLLOWER, NOT_COORDINATOR, … ─▶ pause, ask again
//!   after default.api.timeout.ms ─▶ TIMEOUT, with the last reason; how long that is the era knows
//! ```
//!
//! A request for several partitions with different leaders goes to the leader of the first; ask for one at a time.
//! Until 0.10 the tools wrote into ZooKeeper themselves; here any broker does it for them, and when none can reach
//! ZooKeeper for as long as a tool would try, the tool says that it could not connect. Left out: the pool of
//! connections, the many convenience calls of the Java class.

use super::config::backoff;
use super::connections::Connections;
use super::event::Event;
use super::metadata::Metadata;
use super::outcome::Outcomes;
use crate::clock::{Duration, Instant};
use crate::era::AdminTool;
use crate::protocol::{
    Body, ErrorCode, FindCoordinatorRequest, Input, Message, Output, Request, Response, Timer,
};
use crate::types::{NodeId, TopicPartition};
use std::collections::BTreeMap;
use std::sync::Arc;

mod answer;
#[cfg(test)]
mod tests;

pub use answer::error_of;

/// What became of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum AdminOutcome {
    /// The answer, whatever it says.
    Response(Response),
    /// No answer came in time, and why.
    Error(ErrorCode, String),
}

impl AdminOutcome {
    /// The first error in it, or NONE, with the message that came along.
    pub fn error(&self) -> (ErrorCode, String) {
        match self {
            AdminOutcome::Response(response) => error_of(response),
            AdminOutcome::Error(error, why) => (*error, why.clone()),
        }
    }
}

#[derive(Clone, Debug)]
enum Purpose {
    Metadata,
    Coordinator(u64),
    Call(u64),
}

#[derive(Clone, Debug, PartialEq)]
enum Route {
    Any,
    Leader(TopicPartition),
    /// This broker and no other.
    Node(NodeId),
    Coordinator(Arc<str>, Option<NodeId>),
}

#[derive(Clone, Debug)]
struct Call {
    request: Request,
    route: Route,
    deadline: Instant,
    not_before: Instant,
    tries: u32,
    asked: bool,
    /// Whom it asked last.
    last_asked: Option<NodeId>,
    /// The last error that was worth another try, told if time runs out.
    last_error: Option<(ErrorCode, String)>,
}

/// An administrator's tool, as a node of the cluster.
#[derive(Clone, Debug)]
pub struct Admin {
    id: NodeId,
    name: Arc<str>,
    connections: Connections<Purpose>,
    metadata: Metadata,
    calls: BTreeMap<u64, Call>,
    outcomes: Outcomes<AdminOutcome>,
    last_error: ErrorCode,
    timer: Option<Instant>,
    tool: AdminTool,
}

fn route_of(request: &Request) -> Route {
    let first = match request {
        Request::DeleteRecords(request) => request.partitions.first().map(|(p, _)| p),
        Request::ListOffsets(request) => request.partitions.first().map(|(p, _)| p),
        Request::Produce(request) => request.partitions.first().map(|(p, _)| p),
        Request::Fetch(request) => request.partitions.first().map(|p| &p.partition),
        Request::IncrementalAlterConfigs(request) if request.broker.is_some() => {
            return request.broker.map_or(Route::Any, Route::Node);
        }
        Request::OffsetFetch(request) => return Route::Coordinator(request.group.clone(), None),
        Request::OffsetCommit(request) => return Route::Coordinator(request.group.clone(), None),
        Request::LeaveGroup(request) => return Route::Coordinator(request.group.clone(), None),
        _ => None,
    };
    first.map_or(Route::Any, |partition| Route::Leader(partition.clone()))
}

/// Whether the tools of ZooKeeper's first years wrote this themselves.
fn is_for_topics(request: &Request) -> bool {
    matches!(
        request,
        Request::CreateTopics(_)
            | Request::DeleteTopics(_)
            | Request::CreatePartitions(_)
            | Request::IncrementalAlterConfigs(_)
            | Request::ElectLeaders(_)
            | Request::AlterPartitionReassignments(_)
    )
}

impl Admin {
    /// A tool of some version that knows nothing but its bootstrap brokers.
    pub fn new(
        id: NodeId,
        name: &str,
        bootstrap: Vec<NodeId>,
        seed: u64,
        tool: AdminTool,
    ) -> Admin {
        Admin {
            id,
            name: Arc::from(name),
            connections: Connections::new(id, seed),
            metadata: Metadata::new(bootstrap, false, 300_000, (100, 1000)),
            calls: BTreeMap::new(),
            outcomes: Outcomes::default(),
            last_error: ErrorCode::NONE,
            timer: None,
            tool,
        }
    }
    /// Its node id.
    pub fn id(&self) -> NodeId {
        self.id
    }
    /// Its name in commands.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// What became of ticket `ticket`.
    pub fn outcome(&self, ticket: u64) -> Option<&AdminOutcome> {
        self.outcomes.get(ticket)
    }
    /// The error of the newest outcome.
    pub fn last_error(&self) -> ErrorCode {
        self.last_error
    }
    /// Whether nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.calls.is_empty()
    }
    /// What is still under way, as a sentence.
    pub fn unsettled(&self) -> Option<String> {
        let call = self.calls.values().next()?;
        Some(format!("{} waits for the answer to {}", self.name, call.request.kind()))
    }

    /// Asks; the outcome will be found under `ticket`.
    pub fn request(
        &mut self,
        now: Instant,
        ticket: u64,
        request: Request,
        out: &mut Output<Event>,
    ) {
        let call = Call {
            route: route_of(&request),
            request,
            deadline: now + Duration::from_ms(self.tool.api_timeout_ms()),
            not_before: now,
            tries: 0,
            asked: false,
            last_asked: None,
            last_error: None,
        };
        self.calls.insert(ticket, call);
        self.run(now, out);
    }

    /// Takes one input.
    pub fn step(&mut self, now: Instant, input: Input, out: &mut Output<Event>) {
        match input {
            Input::Message { from, message } => self.response(now, from, message, out),
            Input::Timer(Timer::ClientMetadata) => self.timer = None,
            Input::Timer(Timer::RequestTimeout(correlation)) => {
                if let Some(peer) = self.connections.asked(correlation) {
                    self.disconnected(now, peer, out);
                }
            }
            Input::Timer(_) => return,
            Input::Disconnected { peer } => self.disconnected(now, peer, out),
        }
        self.run(now, out);
    }

    fn disconnected(&mut self, now: Instant, peer: NodeId, out: &mut Output<Event>) {
        let lost = self.connections.lost(now, peer, out);
        if !lost.is_empty() {
            out.events.push(Event::ConnectionLost { to: peer, requests: lost.len() });
        }
        for what in lost {
            self.lost(now, what);
        }
    }

    fn lost(&mut self, now: Instant, what: Purpose) {
        match what {
            Purpose::Metadata => self.metadata.failed(now, &mut self.connections),
            Purpose::Coordinator(ticket) | Purpose::Call(ticket) => self.again(now, ticket),
        }
    }

    fn again(&mut self, now: Instant, ticket: u64) {
        let chance = self.connections.chance();
        let Some(call) = self.calls.get_mut(&ticket) else { return };
        if std::mem::take(&mut call.asked) && call.last_error.is_none() {
            call.last_error = Some((ErrorCode::NETWORK_EXCEPTION, String::new()));
        }
        call.tries += 1;
        call.not_before = now + backoff(100, 1000, call.tries, chance);
        match &mut call.route {
            Route::Any | Route::Node(_) => {}
            Route::Leader(_) => self.metadata.request_update(),
            Route::Coordinator(_, node) => *node = None,
        }
    }

    fn finish(&mut self, ticket: u64, outcome: AdminOutcome, out: &mut Output<Event>) {
        let Some(call) = self.calls.remove(&ticket) else { return };
        self.last_error = outcome.error().0;
        out.events.push(Event::Answered { kind: call.request.kind(), error: self.last_error });
        self.outcomes.put(ticket, outcome);
    }

    fn response(&mut self, now: Instant, from: NodeId, message: Message, out: &mut Output<Event>) {
        let Body::Response(response) = message.body else { return };
        let Some(what) = self.connections.answered(from, message.correlation, out) else { return };
        match (what, response) {
            (Purpose::Metadata, Response::Metadata(response)) => {
                self.metadata.update(now, response, &mut self.connections, out);
            }
            (Purpose::Coordinator(ticket), Response::FindCoordinator(response)) => {
                let node = response.coordinator.filter(|_| response.error.is_none());
                let Some(node) = node else { return self.again(now, ticket) };
                let Some(call) = self.calls.get_mut(&ticket) else { return };
                call.asked = false;
                if let Route::Coordinator(_, known) = &mut call.route {
                    *known = Some(node);
                }
            }
            (Purpose::Call(ticket), response) => {
                if answer::wants_another_try(&response) {
                    if let Some(call) = self.calls.get_mut(&ticket) {
                        call.last_error = Some(error_of(&response));
                    }
                    return self.again(now, ticket);
                }
                self.finish(ticket, AdminOutcome::Response(response), out);
            }
            (what, _) => self.lost(now, what),
        }
    }

    /// Why a call has come to nothing (`Call.handleTimeoutFailure`; `ZkClient.connect`).
    fn why_late(&self, call: &Call) -> String {
        let by_znode = self.tool == AdminTool::ZooKeeper && is_for_topics(&call.request);
        let silent = ErrorCode::NETWORK_EXCEPTION;
        let refused = call.last_error.as_ref().filter(|(e, _)| !call.asked && *e != silent);
        let limit_ms = self.tool.api_timeout_ms();
        if by_znode
            && call.last_asked.is_some()
            && refused.is_none_or(|(error, _)| *error == ErrorCode::BROKER_NOT_AVAILABLE)
        {
            return format!(
                "the tool could not connect to ZooKeeper within {limit_ms} ms (ZkTimeoutException): nothing was \
                 written"
            );
        }
        let last = match (refused, call.last_asked) {
            (_, None) => "no broker could be reached".to_owned(),
            (Some((error, _)), _) => format!("the last answer was {}", error.name()),
            (None, Some(node)) => format!("broker {node} took it and has not answered"),
        };
        let kind = call.request.kind();
        if let (Route::Node(node), None | Some((ErrorCode::NETWORK_EXCEPTION, _))) =
            (&call.route, &call.last_error)
        {
            return format!(
                "timed out after {} s waiting for broker {node}, whose settings no other broker changes; it does not \
                 answer",
                limit_ms / 1_000
            );
        }
        format!("{kind} timed out after {} s: {last}", limit_ms / 1_000)
    }

    fn run(&mut self, now: Instant, out: &mut Output<Event>) {
        let overdue = |call: &Call| call.deadline <= now;
        let late: Vec<u64> =
            self.calls.iter().filter(|(_, call)| overdue(call)).map(|(&t, _)| t).collect();
        for ticket in late {
            let why = self.calls.get(&ticket).map(|call| self.why_late(call)).unwrap_or_default();
            self.finish(ticket, AdminOutcome::Error(ErrorCode::TIMEOUT, why), out);
        }
        let mut wake = Instant(u64::MAX);
        let tickets: Vec<u64> =
            self.calls.iter().filter(|(_, call)| !call.asked).map(|(&t, _)| t).collect();
        for ticket in tickets {
            if let Some(again) = self.ask(now, ticket, out) {
                wake = wake.min(again);
            }
        }
        let metadata_at = match self.calls.is_empty() {
            true => None,
            false => self.metadata.poll(
                now,
                &mut self.connections,
                Purpose::Metadata,
                self.tool.request_timeout_ms(),
                out,
            ),
        };
        wake = wake.min(metadata_at.unwrap_or(Instant(u64::MAX)));
        for call in self.calls.values() {
            wake = wake.min(call.deadline);
        }
        let wake = (wake.0 != u64::MAX).then_some(wake);
        if wake != self.timer {
            out.timers.push((Timer::ClientMetadata, wake));
            self.timer = wake;
        }
    }

    /// Asks for ticket `ticket` if it may be asked now; else says when.
    fn ask(&mut self, now: Instant, ticket: u64, out: &mut Output<Event>) -> Option<Instant> {
        let call = self.calls.get_mut(&ticket)?;
        if call.not_before > now {
            return Some(call.not_before);
        }
        let mut request = call.request.clone();
        let mut what = Purpose::Call(ticket);
        let any = match &call.route {
            Route::Any => None,
            Route::Node(node) if self.metadata.brokers().contains(node) => Some(*node),
            // Its tool waits until the broker is among those that are known (`Timed out waiting for a node`).
            Route::Node(_) => {
                self.metadata.request_update();
                return None;
            }
            Route::Coordinator(_, Some(node)) => Some(*node),
            Route::Coordinator(group, None) => {
                let group = group.clone();
                request = Request::FindCoordinator(FindCoordinatorRequest { group });
                what = Purpose::Coordinator(ticket);
                None
            }
            Route::Leader(partition) => match self.metadata.leader(partition) {
                Some((leader, _)) if !self.metadata.is_pending() => Some(leader),
                _ => {
                    self.metadata.want(&partition.topic);
                    return None;
                }
            },
        };
        let to = match any {
            Some(node) => node,
            None => match self.connections.choose(self.metadata.brokers(), now) {
                Ok(node) => node,
                Err(again) => return Some(again),
            },
        };
        if let Some(until) = self.connections.avoided_until(to, now) {
            return Some(until);
        }
        if let Purpose::Call(_) = what {
            out.events.push(Event::Requested { kind: request.kind(), to });
        }
        let timeout_ms = self.tool.request_timeout_ms();
        self.connections.send(now, to, request, what, timeout_ms, out);
        if let Some(call) = self.calls.get_mut(&ticket) {
            call.asked = true;
            call.last_asked = Some(to);
        }
        None
    }

    /// Idle time was skipped.
    pub fn shift(&mut self, by: Duration) {
        self.connections.shift(by);
        self.metadata.shift(by);
        for call in self.calls.values_mut() {
            call.deadline = call.deadline + by;
            call.not_before = call.not_before + by;
        }
        self.timer = self.timer.map(|at| at + by);
    }
}
