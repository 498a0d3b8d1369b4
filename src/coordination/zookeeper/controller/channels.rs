//! The lines to brokers: one order under way on each, the others wait in order (`ControllerChannelManager`,
//! `RequestSendThread`).
//!
//! ```text
//!   broker 2   under way: LeaderAndIsr     waiting: UpdateMetadata, StopReplica
//!   broker 3   under way: –  (connection broke: again in 100 ms, until the broker's znode is gone)
//! ```
//!
//! Always: orders reach a broker in the order of the decisions; one that is not answered is sent again, since brokers
//! tell by epochs what they have heard already.

use crate::clock::{Duration, Instant};
use crate::protocol::{Request, Timer};
use crate::types::NodeId;
use std::collections::{BTreeMap, VecDeque};

/// How long a sender waits after a failure (`RequestSendThread.backoff`).
const BACKOFF: Duration = Duration::from_ms(100);

/// The line to one broker.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Channel {
    /// Orders that wait.
    pub waiting: VecDeque<Request>,
    /// The order under way.
    pub under_way: Option<Request>,
    /// Its ticket; 0 while the sender waits after a failure.
    pub ticket: u64,
}

/// What a line wants of the broker in which the controller lives.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum LineAct {
    Send { to: NodeId, ticket: u64, request: Request },
    Timer(Timer, Option<Instant>),
}

/// All lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Channels {
    pub lines: BTreeMap<NodeId, Channel>,
    next_ticket: u64,
}

impl Channels {
    pub fn connect(&mut self, broker: NodeId) {
        self.lines.entry(broker).or_default();
    }

    pub fn disconnect(&mut self, broker: NodeId, acts: &mut Vec<LineAct>) {
        if self.lines.remove(&broker).is_some() {
            acts.push(LineAct::Timer(Timer::ControllerChannel(broker), None));
        }
    }

    /// Another order; dropped if there is no line.
    pub fn order(
        &mut self,
        now: Instant,
        patience: Duration,
        to: NodeId,
        request: Request,
        acts: &mut Vec<LineAct>,
    ) {
        if let Some(line) = self.lines.get_mut(&to) {
            line.waiting.push_back(request);
            self.go_on(now, patience, to, acts);
        }
    }

    fn go_on(&mut self, now: Instant, patience: Duration, to: NodeId, acts: &mut Vec<LineAct>) {
        let Some(line) = self.lines.get_mut(&to) else { return };
        if line.under_way.is_none() {
            line.under_way = line.waiting.pop_front();
            line.ticket = 0;
            self.send(now, patience, to, acts);
        }
    }

    fn send(&mut self, now: Instant, patience: Duration, to: NodeId, acts: &mut Vec<LineAct>) {
        let Some(line) = self.lines.get_mut(&to) else { return };
        let timer = Timer::ControllerChannel(to);
        match &line.under_way {
            Some(request) => {
                self.next_ticket += 1;
                line.ticket = self.next_ticket;
                let (ticket, request) = (line.ticket, request.clone());
                acts.push(LineAct::Send { to, ticket, request });
                acts.push(LineAct::Timer(timer, Some(now + patience)));
            }
            None => acts.push(LineAct::Timer(timer, None)),
        }
    }

    /// The order that this is the answer to; the next one is sent.
    pub fn answered(
        &mut self,
        now: Instant,
        patience: Duration,
        from: NodeId,
        ticket: u64,
        acts: &mut Vec<LineAct>,
    ) -> Option<Request> {
        let line = self.lines.get_mut(&from).filter(|line| line.ticket == ticket)?;
        let order = line.under_way.take();
        line.ticket = 0;
        acts.push(LineAct::Timer(Timer::ControllerChannel(from), None));
        self.go_on(now, patience, from, acts);
        order
    }

    /// The connection broke.
    pub fn broken(&mut self, now: Instant, to: NodeId, acts: &mut Vec<LineAct>) {
        if let Some(line) = self.lines.get_mut(&to).filter(|line| line.under_way.is_some()) {
            line.ticket = 0;
            acts.push(LineAct::Timer(Timer::ControllerChannel(to), Some(now + BACKOFF)));
        }
    }

    /// The wait after a failure, or the patience with an answer, is over.
    pub fn due(&mut self, now: Instant, patience: Duration, to: NodeId, acts: &mut Vec<LineAct>) {
        if self.lines.get(&to).is_some_and(|line| line.under_way.is_some()) {
            self.send(now, patience, to, acts);
        }
    }
}
