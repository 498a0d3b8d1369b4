//! Interactions of voters, told step by step: who fires, who hears, what comes of it.

use super::*;
use crate::coordination::Event;
use crate::coordination::kraft::ControllerConfig;
use crate::disk::Disk;
use crate::protocol::{
    Body, ErrorCode, IncrementalAlterConfigsRequest, Input, Message, Output, Request, Response,
    VoteRequest,
};
use crate::types::{LeaderEpoch, Uuid};
use std::collections::VecDeque;

const A: NodeId = NodeId(3001);
const B: NodeId = NodeId(3002);
const C: NodeId = NodeId(3003);
/// A broker that asks.
const BROKER: NodeId = NodeId(1);

/// Three voters on one disk, and the messages between them.
struct Three {
    disk: Disk,
    voters: BTreeMap<NodeId, Controller>,
    queue: VecDeque<(NodeId, NodeId, Message)>,
    answers: Vec<Response>,
    told: Vec<(NodeId, Event)>,
    cut: BTreeSet<NodeId>,
    now: Instant,
    starts: u64,
}

impl Three {
    fn new() -> Three {
        let mut three = Three {
            disk: Disk::memory(),
            voters: BTreeMap::new(),
            queue: VecDeque::new(),
            answers: Vec::new(),
            told: Vec::new(),
            cut: BTreeSet::new(),
            now: Instant(0),
            starts: 0,
        };
        for id in [A, B, C] {
            Controller::format(&mut three.disk, id, Uuid::ZERO, 1, &crate::era::Era::default())
                .unwrap();
            three.start(id);
        }
        three
    }

    /// Three voters of which A leads.
    fn led_by_a() -> Three {
        let mut three = Three::new();
        three.fire(A, Timer::QuorumElection);
        three.deliver();
        assert!(three.at(A).is_active());
        three
    }

    fn start(&mut self, id: NodeId) {
        self.starts += 1;
        let config = ControllerConfig {
            voters: vec![A, B, C],
            start_ordinal: self.starts,
            seed: 1,
            ..ControllerConfig::default()
        };
        let mut out = Output::default();
        let started = Controller::start(id, self.now, &mut self.disk, config, &mut out).unwrap();
        self.voters.insert(id, started);
        self.take(id, out);
    }

    fn at(&self, id: NodeId) -> &Controller {
        &self.voters[&id]
    }

    fn role(&self, id: NodeId) -> &'static str {
        self.at(id).quorum.role.name()
    }

    fn take(&mut self, id: NodeId, out: Out) {
        self.told.extend(out.events.into_iter().map(|event| (id, event)));
        for send in out.sends {
            match send.message.body {
                Body::Response(response) if send.to == BROKER => self.answers.push(response),
                _ => self.queue.push_back((id, send.to, send.message)),
            }
        }
    }

    fn feed(&mut self, id: NodeId, input: Input) {
        let mut out = Output::default();
        let now = self.now;
        self.voters.get_mut(&id).unwrap().step(now, input, &mut self.disk, &mut out).unwrap();
        self.take(id, out);
    }

    fn fire(&mut self, id: NodeId, timer: Timer) {
        self.feed(id, Input::Timer(timer));
    }

    fn ask(&mut self, id: NodeId, request: Request) {
        self.feed(id, Input::Message { from: BROKER, message: Message::request(7, request) });
    }

    /// A decision: another default of the cluster.
    fn decide(&mut self, id: NodeId, value: &str) {
        let configs = vec![("min.insync.replicas".to_owned(), Some(value.to_owned()))];
        let request = IncrementalAlterConfigsRequest { topic: None, broker: None, configs };
        self.ask(id, Request::IncrementalAlterConfigs(request));
    }

    /// Delivers what is under way, and what comes of it; fetches without end stop after a while.
    fn deliver(&mut self) {
        for _ in 0..200 {
            let Some((from, to, message)) = self.queue.pop_front() else { return };
            if self.cut.contains(&from) != self.cut.contains(&to) {
                continue;
            }
            self.now = self.now + Duration::from_ms(1);
            self.feed(to, Input::Message { from, message });
        }
    }

    fn leads(&self) -> Vec<NodeId> {
        self.voters.values().filter(|voter| voter.leads()).map(|voter| voter.id).collect()
    }
}

#[test]
fn three_begin_without_a_leader_and_the_first_whose_time_is_over_is_elected() {
    let mut three = Three::new();
    assert_eq!([A, B, C].map(|id| three.role(id)), ["unattached"; 3]);
    three.fire(B, Timer::QuorumElection);
    assert_eq!((three.role(B), three.at(B).epoch), ("prospective", 0));
    three.deliver();
    assert_eq!(three.leads(), [B]);
    assert_eq!([A, B, C].map(|id| three.at(id).epoch), [1; 3]);
    assert_eq!([three.role(A), three.role(C)], ["follower"; 2]);
    assert!(three.at(B).is_active());
    let ends = [A, B, C].map(|id| three.at(id).log.log_end_offset());
    assert!(ends[0] == ends[1] && ends[1] == ends[2] && ends[0] > Offset(8), "{ends:?}");
    assert_eq!(three.at(A).image, three.at(B).image);
    assert_eq!(three.at(C).image.controllers.len(), 3); // each of them is registered
}

#[test]
fn a_voter_gives_one_vote_an_epoch_and_remembers_it_when_it_starts_again() {
    let mut three = Three::new();
    let vote = |candidate: NodeId, epoch: i32| {
        let (last_epoch, last_offset) = (LeaderEpoch::NONE, Offset::ZERO);
        Request::Vote(VoteRequest { candidate, epoch, last_epoch, last_offset, pre_vote: false })
    };
    let granted = |three: &Three| match three.answers.last() {
        Some(Response::Vote(vote)) => vote.granted,
        other => panic!("{other:?}"),
    };
    three.ask(C, vote(A, 5));
    assert!(granted(&three));
    three.ask(C, vote(B, 5));
    assert!(!granted(&three));
    three.start(C);
    assert_eq!((three.at(C).epoch, three.at(C).quorum.voted), (5, Some(A)));
    three.ask(C, vote(B, 5));
    assert!(!granted(&three));
    three.ask(C, vote(A, 5));
    assert!(granted(&three));
    three.ask(C, vote(B, 4));
    assert!(matches!(three.answers.last(), Some(Response::Vote(vote))
        if vote.error == ErrorCode::FENCED_LEADER_EPOCH && vote.epoch == 5));
}

#[test]
fn who_stands_at_the_same_time_splits_the_votes_and_tries_again() {
    let mut three = Three::new();
    three.cut.insert(C);
    three.fire(A, Timer::QuorumElection);
    three.fire(B, Timer::QuorumElection);
    three.deliver();
    // Each got the other's pre-vote before it stood, voted for itself, and got no more.
    assert_eq!(three.leads(), []);
    assert_eq!([A, B].map(|id| three.at(id).epoch), [1; 2]);
    three.fire(A, Timer::QuorumElection);
    three.deliver();
    three.fire(A, Timer::QuorumElection);
    three.deliver();
    assert_eq!(three.leads(), [A]);
}

#[test]
fn a_voter_that_hears_nobody_asks_and_asks_but_raises_no_epoch() {
    let mut three = Three::led_by_a();
    three.cut.insert(C);
    for _ in 0..5 {
        three.fire(C, Timer::QuorumFetchTimeout);
        three.deliver();
        assert_eq!(three.role(C), "prospective");
        three.fire(C, Timer::QuorumElection);
        assert_eq!(three.role(C), "follower"); // it knows the leader still
    }
    assert_eq!(three.at(C).epoch, 1);
    three.cut.clear();
    three.fire(C, Timer::QuorumFetchTimeout);
    three.deliver();
    // The others hear from their leader, so they would not vote for C.
    assert_eq!((three.leads(), three.at(A).epoch), (vec![A], 1));
}

#[test]
fn nothing_is_answered_before_a_majority_has_it_and_not_at_all_if_none_gets_it() {
    let mut three = Three::led_by_a();
    three.cut.insert(A);
    let before = three.at(A).image.clone();
    three.decide(A, "2");
    three.deliver();
    assert_eq!(three.answers, []);
    assert_eq!(three.at(A).image, before);
    assert!(three.at(A).log.log_end_offset() > before.offset + 1);
    three.fire(A, Timer::QuorumCheck);
    assert_eq!(three.role(A), "resigned");
    assert!(crate::protocol::is_not_controller(three.answers.last().unwrap()));
    three.fire(C, Timer::QuorumFetchTimeout);
    three.deliver(); // B still hears from A, as far as it knows: it would not vote for C
    three.fire(B, Timer::QuorumFetchTimeout);
    three.deliver();
    assert_eq!((three.leads(), three.at(B).epoch), (vec![B], 2));
    // A comes back: its tail differs and goes.
    three.cut.clear();
    three.fire(A, Timer::QuorumElection);
    three.deliver();
    three.fire(A, Timer::QuorumRetry);
    three.fire(B, Timer::QuorumBegin);
    three.deliver();
    let cut = |(id, event): &(NodeId, Event)| {
        *id == A && matches!(event, Event::MetadataTruncated { to } if *to == before.offset + 1)
    };
    assert!(three.told.iter().any(cut), "{:#?}", three.told.last());
    let leader = three.leads()[0];
    assert_eq!(three.at(A).image.configs, three.at(leader).image.configs);
}

#[test]
fn a_log_that_lacks_committed_records_gets_no_majority() {
    let mut three = Three::led_by_a();
    three.cut.insert(C);
    three.decide(A, "2"); // on A and B
    three.deliver();
    three.cut.clear();
    three.cut.insert(A);
    three.voters.remove(&A); // dies
    three.queue.clear();
    three.fire(B, Timer::QuorumFetchTimeout);
    three.fire(C, Timer::QuorumFetchTimeout);
    three.queue.retain(|(from, to, _)| *from != B && *to != A); // C's questions come through, B's do not
    three.deliver();
    assert_eq!(three.leads(), []);
}

#[test]
fn who_led_an_epoch_before_it_started_again_does_not_lead_it_again() {
    let mut three = Three::led_by_a();
    three.queue.clear();
    three.start(A);
    assert_eq!((three.role(A), three.at(A).epoch), ("resigned", 1));
    three.fire(A, Timer::QuorumElection);
    assert_eq!((three.role(A), three.at(A).epoch), ("unattached", 2));
}

#[test]
fn a_leader_that_stops_says_so_and_the_next_one_stands_at_once() {
    let mut three = Three::led_by_a();
    let mut out = Output::default();
    let now = three.now;
    three.voters.get_mut(&A).unwrap().stop(now, &mut three.disk, &mut out).unwrap();
    let successors = out.sends.iter().find_map(|send| match &send.message.body {
        Body::Request(Request::EndQuorumEpoch(end)) => Some(end.successors.clone()),
        _ => None,
    });
    assert_eq!(successors.map(|all| all.len()), Some(2));
}
