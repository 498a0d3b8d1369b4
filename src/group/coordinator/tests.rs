//! The coordinator driven by hand: generations, expiry, failed writes, a change of coordinator, static members.

use super::*;
use crate::group::{decode_assignment, encode_assignment};
use crate::types::LeaderEpoch;
use std::collections::VecDeque;

struct World {
    coordinator: Coordinator,
    now: Instant,
    answers: VecDeque<(NodeId, u64, Response)>,
    timers: BTreeMap<Timer, Instant>,
    appends: VecDeque<Append>,
    log: Vec<Record>,
    kinds: Vec<&'static str>,
    next: u64,
}

fn group_id() -> Arc<str> {
    Arc::from("billing")
}

impl World {
    fn new() -> World {
        let mut world = World {
            coordinator: Coordinator::new(NodeId(1), 7, CoordinatorConfig::default()),
            now: Instant(0),
            answers: VecDeque::new(),
            timers: BTreeMap::new(),
            appends: VecDeque::new(),
            log: Vec::new(),
            kinds: Vec::new(),
            next: 0,
        };
        let partition = world.coordinator.partition_of("billing");
        world.run(|c, now, out| {
            c.load(partition, std::iter::empty(), now, out);
            Vec::new()
        });
        world
    }
    fn run(&mut self, act: impl FnOnce(&mut Coordinator, Instant, &mut Out) -> Vec<Append>) {
        let mut out = Out::default();
        self.appends.extend(act(&mut self.coordinator, self.now, &mut out));
        for send in out.sends {
            let Body::Response(response) = send.message.body else { panic!() };
            self.answers.push_back((send.to, send.message.correlation, response));
        }
        for (timer, at) in out.timers {
            match at {
                Some(at) => self.timers.insert(timer, at),
                None => self.timers.remove(&timer),
            };
        }
        self.kinds.extend(out.events.iter().map(Event::kind));
        assert!(out.events.iter().all(|e| !e.sentence(crate::types::Language::Chinese).is_empty()));
    }
    fn ask(&mut self, from: u32, request: Request) {
        self.next += 1;
        let correlation = self.next;
        self.run(|c, now, out| c.handle(now, NodeId(from), correlation, request, out));
    }
    /// The oldest append is committed, or fails.
    fn written(&mut self, result: ErrorCode) {
        let append = self.appends.pop_front().expect("something is written");
        crate::batch::verify(&append.batch).unwrap();
        if result.is_none() {
            self.log.extend(crate::batch::records(&append.batch).unwrap());
        }
        self.run(|c, now, out| c.appended(now, append.token, result, out));
    }
    fn all_written(&mut self) {
        while !self.appends.is_empty() {
            self.written(ErrorCode::NONE);
        }
    }
    fn next_timer(&mut self) -> Timer {
        let (timer, at) = self.timers.iter().min_by_key(|(_, at)| **at).expect("a timer is set");
        let (timer, at) = (timer.clone(), *at);
        self.timers.remove(&timer);
        self.now = self.now.max(at);
        self.run(|c, now, out| c.timer(now, &timer, out));
        timer
    }
    fn answer(&mut self, to: u32) -> Response {
        let at = self.answers.iter().position(|(node, ..)| node.0 == to).expect("an answer");
        self.answers.remove(at).unwrap().2
    }
    fn joined(&mut self, to: u32) -> JoinGroupResponse {
        let Response::JoinGroup(response) = self.answer(to) else { panic!() };
        response
    }
    fn synced(&mut self, to: u32) -> SyncGroupResponse {
        let Response::SyncGroup(response) = self.answer(to) else { panic!() };
        response
    }
    fn join(&mut self, from: u32, member_id: &str, instance: Option<&str>) {
        let request = JoinGroupRequest {
            group: group_id(),
            client_id: Arc::from(format!("c{from}")),
            member_id: member_id.into(),
            group_instance_id: instance.map(Arc::from),
            session_timeout_ms: 45_000,
            rebalance_timeout_ms: 300_000,
            protocols: vec![(Arc::from("range"), Arc::from([from as u8]))],
        };
        self.ask(from, Request::JoinGroup(request));
    }
    fn join_twice(&mut self, from: u32) -> Arc<str> {
        self.join(from, "", None);
        let response = self.joined(from);
        assert_eq!(response.error, ErrorCode::MEMBER_ID_REQUIRED);
        self.join(from, &response.member_id, None);
        response.member_id
    }
    fn sync(&mut self, from: u32, member: &str, generation: i32, shares: &[(&Arc<str>, &str)]) {
        let share = |text: &str| {
            let partitions: Vec<TopicPartition> =
                text.split_whitespace().map(|one| TopicPartition::parse(one).unwrap()).collect();
            encode_assignment(&partitions)
        };
        let request = SyncGroupRequest {
            group: group_id(),
            generation,
            member_id: member.into(),
            group_instance_id: None,
            assignments: shares.iter().map(|(id, text)| ((*id).clone(), share(text))).collect(),
        };
        self.ask(from, Request::SyncGroup(request));
    }
    fn heartbeat(&mut self, from: u32, member: &str, generation: i32) -> ErrorCode {
        let request = HeartbeatRequest {
            group: group_id(),
            generation,
            member_id: member.into(),
            group_instance_id: None,
        };
        self.ask(from, Request::Heartbeat(request));
        let Response::Heartbeat(response) = self.answer(from) else { panic!() };
        response.error
    }
    fn commit(&mut self, from: u32, member: &str, generation: i32, offset: i64) {
        let request = OffsetCommitRequest {
            group: group_id(),
            generation,
            member_id: member.into(),
            group_instance_id: None,
            offsets: vec![(
                TopicPartition::parse("orders-0").unwrap(),
                Offset(offset),
                LeaderEpoch(0),
            )],
        };
        self.ask(from, Request::OffsetCommit(request));
    }
    fn committed(&mut self, to: u32) -> ErrorCode {
        let Response::OffsetCommit(response) = self.answer(to) else { panic!() };
        response.partitions[0].1
    }
    fn group(&self) -> &Group {
        &self.coordinator.groups["billing"]
    }
    /// Two members, stable in generation 1.
    fn two() -> (World, Arc<str>, Arc<str>) {
        let mut world = World::new();
        let (a, b) = (world.join_twice(11), world.join_twice(12));
        world.all_written();
        while world.group().state != GroupState::CompletingRebalance {
            world.next_timer();
        }
        let (first, second) = (world.joined(11), world.joined(12));
        assert_eq!((first.generation, &first.leader, first.members.len()), (1, &a, 2));
        assert_eq!((second.members.len(), second.protocol.as_deref()), (0, Some("range")));
        world.sync(12, &b, 1, &[]);
        world.sync(11, &a, 1, &[(&a, "orders-0"), (&b, "orders-1")]);
        assert!(world.answers.is_empty(), "nobody gets a share before it is in the log");
        assert_eq!(world.group().state, GroupState::CompletingRebalance);
        world.all_written();
        let share = decode_assignment(&world.synced(12).assignment).unwrap();
        assert_eq!(share, [TopicPartition::parse("orders-1").unwrap()]);
        assert!(world.synced(11).error.is_none());
        assert_eq!(world.group().state, GroupState::Stable);
        (world, a, b)
    }
}

#[test]
fn the_first_rebalance_waits_for_more_members() {
    let mut world = World::new();
    let id = world.join_twice(11);
    assert!(id.starts_with("c11-") && id.len() == 4 + 36, "{id}");
    assert_eq!(world.appends.len(), 1, "a new group is written down");
    assert!(matches!(world.next_timer(), Timer::GroupRebalance { .. }));
    assert_eq!(world.now, Instant(3_000_000));
    assert_eq!(world.group().state, GroupState::CompletingRebalance);
    let (world, ..) = World::two();
    assert_eq!(world.now, Instant(6_000_000), "somebody came during the delay: twice as long");
}

#[test]
fn a_late_member_makes_everybody_join_again() {
    let (mut world, a, b) = World::two();
    let c = world.join_twice(13);
    assert_eq!(world.heartbeat(11, &a, 1), ErrorCode::REBALANCE_IN_PROGRESS);
    world.commit(11, &a, 1, 5);
    world.all_written();
    assert_eq!(world.committed(11), ErrorCode::NONE, "commits are still taken");
    world.join(11, &a, None);
    world.join(12, &b, None);
    let response = world.joined(11);
    assert_eq!((response.generation, response.members.len()), (2, 3));
    assert_eq!(world.joined(13).member_id, c);
    assert!(world.joined(12).members.is_empty());
    assert_eq!(world.heartbeat(12, &b, 1), ErrorCode::ILLEGAL_GENERATION);
    world.commit(12, &b, 2, 5);
    assert_eq!(world.committed(12), ErrorCode::REBALANCE_IN_PROGRESS);
    assert_eq!(world.heartbeat(12, "nobody", 2), ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn a_silent_member_is_removed_when_its_session_ends() {
    let (mut world, a, b) = World::two();
    while world.now < Instant(30_000_000) {
        world.now = world.now + Duration::from_ms(3_000);
        assert_eq!(world.heartbeat(11, &a, 1), ErrorCode::NONE);
    }
    let timer = world.next_timer();
    assert_eq!(timer, session_timer(&group_id(), &b));
    assert_eq!(world.now, Instant(51_000_000));
    assert_eq!(world.heartbeat(11, &a, 1), ErrorCode::REBALANCE_IN_PROGRESS);
    world.join(11, &a, None);
    assert_eq!(world.joined(11).generation, 2);
    assert!(world.kinds.contains(&"MemberExpired"));
}

#[test]
fn shares_that_cannot_be_written_start_another_rebalance() {
    let (mut world, a, b) = World::two();
    world.join(11, &a, None);
    world.join(12, &b, None);
    world.sync(11, &a, 2, &[]);
    world.written(ErrorCode::NOT_ENOUGH_REPLICAS);
    world.answers.retain(|answer| matches!(answer.2, Response::SyncGroup(_)));
    assert_eq!(world.synced(11).error, ErrorCode::COORDINATOR_NOT_AVAILABLE);
    assert_eq!(world.group().state, GroupState::PreparingRebalance);
}

#[test]
fn offsets_are_visible_once_committed_and_survive_a_change_of_coordinator() {
    let (mut world, a, _) = World::two();
    world.commit(11, &a, 1, 42);
    assert!(world.group().offsets.is_empty() && world.answers.is_empty());
    world.all_written();
    assert_eq!(world.committed(11), ErrorCode::NONE);
    world.commit(11, &a, 1, 50);
    world.written(ErrorCode::NOT_ENOUGH_REPLICAS);
    assert_eq!(world.committed(11), ErrorCode::COORDINATOR_NOT_AVAILABLE);
    let before = world.group().clone();
    let partition = world.coordinator.partition_of("billing");
    world.run(|c, now, out| {
        c.unload(partition, now, out);
        Vec::new()
    });
    assert_eq!(world.heartbeat(11, &a, 1), ErrorCode::NOT_COORDINATOR);
    assert!(world.timers.is_empty());
    let log = std::mem::take(&mut world.log);
    world.run(|c, now, out| {
        c.load(partition, log.into_iter(), now, out);
        Vec::new()
    });
    let after = world.group();
    assert_eq!((after.state, after.generation), (GroupState::Stable, 1));
    assert_eq!((&after.offsets, &after.leader), (&before.offsets, &before.leader));
    assert_eq!(after.shares(), before.shares());
    assert_eq!(world.heartbeat(11, &a, 1), ErrorCode::NONE);
    assert_eq!(world.timers.len(), 2, "both sessions run");
}

#[test]
fn those_who_wait_hear_of_lost_leadership() {
    let (mut world, a, b) = World::two();
    world.join(11, &a, None);
    world.commit(12, &b, 1, 3);
    let partition = world.coordinator.partition_of("billing");
    world.run(|c, now, out| {
        c.unload(partition, now, out);
        Vec::new()
    });
    assert_eq!(world.joined(11).error, ErrorCode::NOT_COORDINATOR);
    assert_eq!(world.committed(12), ErrorCode::NOT_COORDINATOR);
}

#[test]
fn without_a_subscription_offsets_are_committed_by_generation_minus_one() {
    let mut world = World::new();
    world.commit(11, "", -1, 9);
    world.all_written();
    assert_eq!(world.committed(11), ErrorCode::NONE);
    world.commit(11, "", 3, 9);
    assert_eq!(world.committed(11), ErrorCode::UNKNOWN_MEMBER_ID);
    let (mut world, ..) = World::two();
    world.commit(13, "", -1, 9);
    assert_eq!(world.committed(13), ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn the_last_member_leaves_an_empty_group_with_its_offsets() {
    let (mut world, a, b) = World::two();
    world.commit(11, &a, 1, 42);
    world.all_written();
    for (node, member) in [(11, &a), (12, &b)] {
        let member_id = member.clone();
        let request = LeaveGroupRequest { group: group_id(), member_id };
        world.ask(node, Request::LeaveGroup(request));
    }
    world.all_written();
    assert_eq!((world.group().state, world.group().generation), (GroupState::Empty, 2));
    assert_eq!(world.group().offsets.len(), 1);
    assert!(world.timers.is_empty() && world.coordinator.unsettled().is_none());
}

#[test]
fn a_static_member_returns_without_a_rebalance_and_fences_its_old_self() {
    let mut world = World::new();
    world.join(11, "", Some("desk"));
    world.all_written();
    world.next_timer();
    let first = world.joined(11).member_id;
    assert!(first.starts_with("desk-"));
    world.sync(11, &first, 1, &[(&first, "orders-0")]);
    world.all_written();
    assert!(world.synced(11).error.is_none());
    world.join(12, "", Some("desk"));
    world.all_written();
    let second = world.joined(12);
    assert_eq!((second.error, second.generation), (ErrorCode::NONE, 1));
    assert_eq!(world.group().state, GroupState::Stable);
    let old = world.group().validate(&first, Some("desk"));
    assert_eq!(old, ErrorCode::FENCED_INSTANCE_ID);
}

#[test]
fn wrong_requests_are_refused() {
    let mut world = World::new();
    world.join(11, "c11-made-up", None);
    assert_eq!(world.joined(11).error, ErrorCode::UNKNOWN_MEMBER_ID);
    let id = world.join_twice(11);
    let request = JoinGroupRequest {
        group: group_id(),
        client_id: "x".into(),
        member_id: "".into(),
        group_instance_id: None,
        session_timeout_ms: 45_000,
        rebalance_timeout_ms: 1_000,
        protocols: vec![("other".into(), Arc::from([]))],
    };
    world.ask(12, Request::JoinGroup(request.clone()));
    assert_eq!(world.joined(12).error, ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
    let request = JoinGroupRequest { session_timeout_ms: 1, ..request };
    world.ask(12, Request::JoinGroup(request.clone()));
    assert_eq!(world.joined(12).error, ErrorCode::INVALID_SESSION_TIMEOUT);
    let request = JoinGroupRequest { group: "".into(), ..request };
    world.ask(12, Request::JoinGroup(request));
    assert_eq!(world.joined(12).error, ErrorCode::INVALID_GROUP_ID);
    world.sync(11, &id, 9, &[]);
    assert_eq!(world.synced(11).error, ErrorCode::ILLEGAL_GENERATION);
}
