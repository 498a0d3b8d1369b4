//! The administrator's tool: one request at a time for each ticket, asked until an answer comes (`KafkaAdminClient`).
//!
//! ```text
//!   request ─▶ who can answer? ─┬ any live broker (it forwards to the controller)
//!                               ├ the leader of the partition (DeleteRecords, ListOffsets)
//!                               └ the coordinator of the group (OffsetFetch, OffsetCommit, LeaveGroup)
//!   lost connection, NOT_CONTROLLER, NOT_LEADER_OR_FOLLOWER, NOT_COORDINATOR, … ─▶ pause, ask again
//!   after default.api.timeout.ms (60 s) ─▶ TIMEOUT
//! ```
//!
//! A request for several partitions with different leaders goes to the leader of the first; ask for one at a time.
//! Left out: the pool of connections, the many convenience calls of the Java class.

use super::config::backoff;
use super::connections::Connections;
use super::event::Event;
use super::metadata::Metadata;
use super::outcome::Outcomes;
use crate::clock::{Duration, Instant};
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

const API_TIMEOUT: Duration = Duration::from_ms(60_000);
const REQUEST_TIMEOUT_MS: u64 = 30_000;

/// What became of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum AdminOutcome {
    /// The answer, whatever it says.
    Response(Response),
    /// No answer came in time.
    Error(ErrorCode),
}

impl AdminOutcome {
    /// The first error in it, or NONE, with the message that came along.
    pub fn error(&self) -> (ErrorCode, String) {
        match self {
            AdminOutcome::Response(response) => error_of(response),
            AdminOutcome::Error(error) => (*error, String::new()),
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
    /// The last error that was worth another try, told if time runs out.
    last_response: Option<Response>,
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
}

fn route_of(request: &Request) -> Route {
    let first = match request {
        Request::DeleteRecords(request) => request.partitions.first().map(|(p, _)| p),
        Request::ListOffsets(request) => request.partitions.first().map(|(p, _)| p),
        Request::Produce(request) => request.partitions.first().map(|(p, _)| p),
        Request::Fetch(request) => request.partitions.first().map(|p| &p.partition),
        Request::OffsetFetch(request) => return Route::Coordinator(request.group.clone(), None),
        Request::OffsetCommit(request) => return Route::Coordinator(request.group.clone(), None),
        Request::LeaveGroup(request) => return Route::Coordinator(request.group.clone(), None),
        _ => None,
    };
    first.map_or(Route::Any, |partition| Route::Leader(partition.clone()))
}

impl Admin {
    /// A tool that knows nothing but its bootstrap brokers.
    pub fn new(id: NodeId, name: &str, bootstrap: Vec<NodeId>, seed: u64) -> Admin {
        Admin {
            id,
            name: Arc::from(name),
            connections: Connections::new(id, seed),
            metadata: Metadata::new(bootstrap, false, 300_000, (100, 1000)),
            calls: BTreeMap::new(),
            outcomes: Outcomes::default(),
            last_error: ErrorCode::NONE,
            timer: None,
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
            deadline: now + API_TIMEOUT,
            not_before: now,
            tries: 0,
            asked: false,
            last_response: None,
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
        call.asked = false;
        call.tries += 1;
        call.not_before = now + backoff(100, 1000, call.tries, chance);
        match &mut call.route {
            Route::Any => {}
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
                        call.last_response = Some(response);
                    }
                    return self.again(now, ticket);
                }
                self.finish(ticket, AdminOutcome::Response(response), out);
            }
            (what, _) => self.lost(now, what),
        }
    }

    fn run(&mut self, now: Instant, out: &mut Output<Event>) {
        let overdue = |call: &Call| call.deadline <= now;
        let late: Vec<u64> =
            self.calls.iter().filter(|(_, call)| overdue(call)).map(|(&t, _)| t).collect();
        for ticket in late {
            let last = self.calls.get_mut(&ticket).and_then(|call| call.last_response.take());
            let outcome =
                last.map_or(AdminOutcome::Error(ErrorCode::TIMEOUT), AdminOutcome::Response);
            self.finish(ticket, outcome, out);
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
                REQUEST_TIMEOUT_MS,
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
        self.connections.send(now, to, request, what, REQUEST_TIMEOUT_MS, out);
        if let Some(call) = self.calls.get_mut(&ticket) {
            call.asked = true;
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
