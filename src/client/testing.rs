//! Drives a client by hand in tests: collects what it sends, keeps its timers, answers as told.

use super::event::Event;
use crate::clock::Instant;
use crate::protocol::*;
use crate::types::{LeaderEpoch, NodeId, Offset, TopicName, TopicPartition, Uuid};
use std::collections::{BTreeMap, VecDeque};

pub(crate) struct Driver<M> {
    pub machine: M,
    pub now: Instant,
    pub requests: VecDeque<(NodeId, u64, Request)>,
    pub timers: BTreeMap<Timer, Instant>,
    pub events: Vec<Event>,
    step: fn(&mut M, Instant, Input, &mut Output<Event>),
}

impl<M> Driver<M> {
    pub fn new(machine: M, step: fn(&mut M, Instant, Input, &mut Output<Event>)) -> Driver<M> {
        Driver {
            machine,
            now: Instant(0),
            requests: VecDeque::new(),
            timers: BTreeMap::new(),
            events: Vec::new(),
            step,
        }
    }
    pub fn act(&mut self, act: impl FnOnce(&mut M, Instant, &mut Output<Event>)) {
        let mut out = Output::default();
        act(&mut self.machine, self.now, &mut out);
        self.take(out);
    }
    fn take(&mut self, out: Output<Event>) {
        for send in out.sends {
            let Body::Request(request) = send.message.body else { panic!("a client answers") };
            self.requests.push_back((send.to, send.message.correlation, request));
        }
        for (timer, at) in out.timers {
            match at {
                Some(at) => self.timers.insert(timer, at),
                None => self.timers.remove(&timer),
            };
        }
        self.events.extend(out.events);
    }
    pub fn input(&mut self, input: Input) {
        let mut out = Output::default();
        (self.step)(&mut self.machine, self.now, input, &mut out);
        self.take(out);
    }
    pub fn take_request(&mut self) -> (NodeId, u64, Request) {
        self.requests.pop_front().expect("a request is under way")
    }
    pub fn answer(&mut self, from: NodeId, correlation: u64, response: Response) {
        let message = Message::response(correlation, response);
        self.input(Input::Message { from, message });
    }
    /// Lets the timer that is due first strike.
    pub fn run_next_timer(&mut self) -> Timer {
        let next = self.timers.iter().min_by_key(|(timer, at)| (**at, (*timer).clone()));
        let (timer, at) = next.map(|(timer, at)| (timer.clone(), *at)).expect("a timer is set");
        self.timers.remove(&timer);
        self.now = self.now.max(at);
        self.input(Input::Timer(timer.clone()));
        timer
    }
    /// Lets `timer` strike at its time; the milliseconds that passed.
    pub fn run_timer(&mut self, timer: Timer) -> u64 {
        let at = self.timers.remove(&timer).expect("the timer is set");
        let passed = at.since(self.now).as_ms();
        self.now = self.now.max(at);
        self.input(Input::Timer(timer));
        passed
    }
    pub fn run_timers_until(&mut self, done: impl Fn(&Driver<M>) -> bool) {
        for _ in 0..100_000 {
            if done(self) {
                return;
            }
            self.run_next_timer();
        }
        panic!("never happened");
    }
    pub fn kinds(&self) -> Vec<&'static str> {
        self.events.iter().map(Event::kind).collect()
    }
}

/// Brokers 1 and 2, one topic; for each partition its leader (0: none) and epoch. No partitions: the topic is unknown.
pub(crate) fn metadata_of(topic: &str, partitions: &[(u32, i32)]) -> Response {
    let error = match partitions.is_empty() {
        true => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        false => ErrorCode::NONE,
    };
    let partitions = partitions.iter().enumerate().map(|(number, &(leader, epoch))| {
        let leader = (leader > 0).then_some(NodeId(leader));
        PartitionMetadata {
            error: if leader.is_some() { ErrorCode::NONE } else { ErrorCode::LEADER_NOT_AVAILABLE },
            partition: number as u32,
            leader,
            leader_epoch: LeaderEpoch(epoch),
            replicas: vec![NodeId(1), NodeId(2)],
            isr: leader.into_iter().collect(),
        }
    });
    Response::Metadata(MetadataResponse {
        brokers: vec![NodeId(1), NodeId(2)],
        controller: Some(NodeId(1)),
        topics: vec![TopicMetadata {
            error,
            name: TopicName::new(topic),
            id: Uuid([1; 16]),
            partitions: partitions.collect(),
        }],
    })
}

/// The answer to a produce request for one partition.
pub(crate) fn produced(topic: &str, partition: u32, error: ErrorCode, base: i64) -> Response {
    Response::Produce(ProduceResponse {
        partitions: vec![ProducePartitionResponse {
            partition: TopicPartition::new(&TopicName::new(topic), partition),
            error,
            error_message: String::new(),
            base_offset: Offset(base),
            log_start_offset: Offset(0),
            current_leader: None,
        }],
    })
}
