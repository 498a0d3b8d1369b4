//! A controller driven by messages on a memory disk.

use super::*;
use crate::clock::{Duration, Instant};
use crate::coordination::Event;
use crate::disk::Disk;
use crate::protocol::*;
use crate::types::*;

pub(super) fn at(ms: u64) -> Instant {
    Instant(ms * 1000)
}

pub(super) fn node(id: u32) -> NodeId {
    NodeId(id)
}

pub(super) fn nodes(ids: &[u32]) -> Vec<NodeId> {
    ids.iter().copied().map(NodeId).collect()
}

pub(super) fn orders(partition: u32) -> TopicPartition {
    TopicPartition::new(&TopicName::new("orders"), partition)
}

/// A controller with its disk, and what it said last.
pub(super) struct World {
    pub disk: Disk,
    pub controller: Controller,
    pub now: u64,
    pub events: Vec<Event>,
}

impl World {
    pub fn new() -> World {
        World::with(ControllerConfig { seed: 7, ..ControllerConfig::default() })
    }
    pub fn with(config: ControllerConfig) -> World {
        let mut disk = Disk::memory();
        Controller::format(&mut disk, node(3001), Uuid([7; 16]), 7, &crate::era::Era::default())
            .unwrap();
        let mut out = Output::default();
        let controller = Controller::start(node(3001), at(0), &mut disk, config, &mut out).unwrap();
        World { disk, controller, now: 0, events: out.events }
    }
    /// Three brokers, registered and unfenced.
    pub fn of_three() -> World {
        let mut world = World::new();
        for id in 1..=3 {
            world.register(id, 1, -1);
            world.live(id);
        }
        world
    }
    pub fn step(&mut self, input: Input) -> Output<Event> {
        let mut out = Output::default();
        self.controller.step(at(self.now), input, &mut self.disk, &mut out).unwrap();
        self.events.extend(out.events.iter().cloned());
        out
    }
    pub fn ask(&mut self, from: u32, request: Request) -> Response {
        let out =
            self.step(Input::Message { from: node(from), message: Message::request(5, request) });
        let answer =
            out.sends.into_iter().find(|s| s.to == node(from) && s.message.correlation == 5);
        match answer.expect("an answer").message.body {
            Body::Response(response) => response,
            Body::Request(_) => unreachable!("an answer is a response"),
        }
    }
    pub fn register(&mut self, id: u32, incarnation: u8, previous: i64) -> ErrorCode {
        let request = BrokerRegistrationRequest {
            broker: node(id),
            incarnation: Uuid([incarnation; 16]),
            rack: None,
            log_directory: Uuid([id as u8; 16]),
            previous_broker_epoch: BrokerEpoch(previous),
        };
        match self.ask(id, Request::BrokerRegistration(request)) {
            Response::BrokerRegistration(answer) => answer.error,
            other => panic!("{other:?}"),
        }
    }
    pub fn epoch(&self, id: u32) -> BrokerEpoch {
        self.controller.image.brokers[&node(id)].epoch
    }
    pub fn heartbeat(&mut self, id: u32, want_shut_down: bool) -> BrokerHeartbeatResponse {
        let request = BrokerHeartbeatRequest {
            broker: node(id),
            broker_epoch: self.epoch(id),
            current_metadata_offset: self.controller.image.offset,
            want_fence: false,
            want_shut_down,
        };
        match self.ask(id, Request::BrokerHeartbeat(request)) {
            Response::BrokerHeartbeat(answer) => answer,
            other => panic!("{other:?}"),
        }
    }
    pub fn live(&mut self, id: u32) {
        let answer = self.heartbeat(id, false);
        assert!(answer.error.is_none() && answer.is_caught_up && !answer.is_fenced);
    }
    pub fn create(&mut self, topic: NewTopic) -> (ErrorCode, String) {
        let topics = vec![topic];
        match self.ask(10_001, Request::CreateTopics(CreateTopicsRequest { topics })) {
            Response::CreateTopics(mut answer) => {
                let (_, error, text) = answer.topics.remove(0);
                (error, text)
            }
            other => panic!("{other:?}"),
        }
    }
    pub fn orders(&mut self, rows: &[&[u32]], configs: &[(&str, &str)]) {
        let topic = by_hand("orders", rows, configs);
        assert_eq!(self.create(topic), (ErrorCode::NONE, String::new()));
    }
    pub fn partition(&self, number: u32) -> &PartitionRegistration {
        self.controller.image.partition(&orders(number)).unwrap()
    }
    /// Lets time pass; `alive` keep their sessions, the timer fires.
    pub fn pass(&mut self, ms: u64, alive: &[u32]) {
        let end = self.now + ms;
        while self.now < end {
            self.now += 1_000;
            for &id in alive {
                self.heartbeat(id, false);
            }
            self.step(Input::Timer(Timer::SessionCheck));
        }
    }
    pub fn propose(
        &mut self,
        from: u32,
        isr: &[u32],
        partition_epoch: i32,
    ) -> AlterPartitionResult {
        let leader_epoch = self.partition(0).leader_epoch;
        let request = AlterPartitionRequest {
            broker: node(from),
            broker_epoch: self.epoch(from),
            partitions: vec![AlterPartition {
                partition: orders(0),
                leader_epoch,
                partition_epoch: PartitionEpoch(partition_epoch),
                new_isr: isr.iter().map(|&id| (node(id), self.epoch(id))).collect(),
                recovering: false,
            }],
        };
        match self.ask(from, Request::AlterPartition(request)) {
            Response::AlterPartition(mut answer) => answer.partitions.remove(0),
            other => panic!("{other:?}"),
        }
    }
    pub fn restart(&mut self) {
        let config = self.controller.config.clone();
        let mut out = Output::default();
        self.controller =
            Controller::start(node(3001), at(self.now), &mut self.disk, config, &mut out).unwrap();
        self.events.extend(out.events);
    }
    pub fn records(&self) -> Vec<MetadataRecord> {
        let log = &self.controller.log;
        let batches =
            metadata_log::read(log, &self.disk, Offset::ZERO, log.log_end_offset()).unwrap();
        batches.into_iter().flat_map(|batch| batch.records).collect()
    }
    pub fn names(&self) -> Vec<&'static str> {
        self.records().iter().map(MetadataRecord::name).collect()
    }
}

pub(super) fn by_hand(name: &str, rows: &[&[u32]], configs: &[(&str, &str)]) -> NewTopic {
    let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
    NewTopic {
        name: TopicName::new(name),
        partitions: -1,
        replication_factor: -1,
        assignment: Some(rows.iter().map(|row| nodes(row)).collect()),
        configs: configs.iter().map(owned).collect(),
    }
}

pub(super) fn placed(name: &str, partitions: i32, replication_factor: i32) -> NewTopic {
    NewTopic { partitions, replication_factor, assignment: None, ..by_hand(name, &[], &[]) }
}

#[test]
fn a_new_log_begins_as_a_real_one() {
    let world = World::new();
    let expected = [
        "BEGIN_TRANSACTION_RECORD",
        "FEATURE_LEVEL_RECORD",
        "FEATURE_LEVEL_RECORD",
        "FEATURE_LEVEL_RECORD",
        "FEATURE_LEVEL_RECORD",
        "FEATURE_LEVEL_RECORD",
        "FEATURE_LEVEL_RECORD",
        "CONFIG_RECORD",
        "END_TRANSACTION_RECORD",
        "REGISTER_CONTROLLER_RECORD",
    ];
    assert_eq!(world.names(), expected);
    assert_eq!(world.controller.image.offset, Offset(10));
    assert_eq!(world.controller.log.log_end_offset(), Offset(11));
    let state = world.disk.read_small("controller-3001/__cluster_metadata-0/quorum-state").unwrap();
    let state = String::from_utf8(state).unwrap();
    assert!(state.contains("\"leaderEpoch\":1,"), "{state}");
}

#[test]
fn the_first_batches_hold_the_records_that_kafka_wrote() {
    use crate::batch::{batches, records};
    let real = crate::fixtures::metadata_log();
    let world = World::new();
    let end = world.controller.log.log_end_offset();
    let ours =
        world.controller.log.read(&world.disk, Offset::ZERO, 1 << 20, end, true).unwrap().bytes;
    for (ours, theirs) in batches(&ours).zip(batches(&real)).take(2) {
        let ((_, header, ours), (_, real_header, theirs)) = (ours.unwrap(), theirs.unwrap());
        assert_eq!(header.attributes, real_header.attributes);
        assert_eq!(header.partition_leader_epoch, real_header.partition_leader_epoch);
        assert_eq!(header.producer_id, real_header.producer_id);
        let plain = |batch: &[u8]| -> Vec<_> {
            let all = records(batch).unwrap().into_iter();
            all.map(|record| (record.offset, record.key, record.value)).collect()
        };
        assert_eq!(plain(ours), plain(theirs));
    }
}

#[test]
fn brokers_register_and_are_unfenced_when_caught_up() {
    let mut world = World::new();
    assert_eq!(world.register(1, 1, -1), ErrorCode::NONE);
    assert_eq!(world.epoch(1), BrokerEpoch(11));
    assert!(world.controller.image.brokers[&node(1)].fenced);
    let early = BrokerHeartbeatRequest {
        broker: node(1),
        broker_epoch: BrokerEpoch(11),
        current_metadata_offset: Offset(10),
        want_fence: false,
        want_shut_down: false,
    };
    let Response::BrokerHeartbeat(answer) = world.ask(1, Request::BrokerHeartbeat(early.clone()))
    else {
        panic!("a heartbeat's answer")
    };
    assert!(answer.is_fenced && !answer.is_caught_up);
    world.live(1);
    assert!(world.controller.image.is_active(node(1)));
    let stale = BrokerHeartbeatRequest { broker_epoch: BrokerEpoch(3), ..early };
    let Response::BrokerHeartbeat(answer) = world.ask(1, Request::BrokerHeartbeat(stale)) else {
        panic!("a heartbeat's answer")
    };
    assert_eq!(answer.error, ErrorCode::STALE_BROKER_EPOCH);
}

#[test]
fn a_second_process_waits_until_the_first_ones_session_ended() {
    let mut world = World::of_three();
    assert_eq!(world.register(1, 2, -1), ErrorCode::DUPLICATE_BROKER_REGISTRATION);
    world.pass(10_000, &[2, 3]);
    assert_eq!(world.register(1, 2, -1), ErrorCode::NONE);
}

#[test]
fn a_silent_broker_is_fenced_and_another_replica_leads() {
    let mut world = World::of_three();
    world.orders(&[&[1, 2, 3]], &[("min.insync.replicas", "1")]);
    world.pass(9_000, &[2, 3]);
    assert_eq!(world.partition(0).leader, Some(node(1)), "9 s is not longer than 9 s");
    world.pass(1_000, &[2, 3]);
    let partition = world.partition(0);
    assert_eq!((partition.leader, &partition.isr), (Some(node(2)), &nodes(&[2, 3])));
    assert_eq!(
        (partition.leader_epoch, partition.partition_epoch),
        (LeaderEpoch(1), PartitionEpoch(1))
    );
    let sentences: Vec<String> =
        world.events.iter().map(|e| e.sentence(Language::English)).collect();
    let told =
        sentences.iter().any(|s| s.contains("orders-0: leader 2 elected, epoch 1, ISR {2,3}"));
    assert!(told, "{sentences:#?}");
    // As in `metadata_records` of the real cluster: the change, then the fencing; back: unfenced, no new leader.
    assert_eq!(world.names().last(), Some(&"BROKER_REGISTRATION_CHANGE_RECORD"));
    assert_eq!(world.register(1, 2, -1), ErrorCode::NONE);
    world.live(1);
    assert_eq!(world.partition(0).isr, nodes(&[2, 3]));
}

#[test]
fn without_leader_the_epoch_grows_and_grows_again() {
    let mut world = World::of_three();
    world.orders(&[&[1, 2]], &[]);
    world.pass(11_000, &[2, 3]);
    assert_eq!(world.partition(0).leader, Some(node(2)));
    world.pass(11_000, &[3]);
    let partition = world.partition(0);
    assert_eq!((partition.leader, partition.leader_epoch), (None, LeaderEpoch(2)));
    assert_eq!((&partition.isr, &partition.elr), (&Vec::new(), &nodes(&[2])));
    // Broker 1 is no eligible replica: it waits.
    world.register(1, 2, -1);
    world.live(1);
    assert_eq!(world.partition(0).leader, None);
    // Broker 2 was killed: back after an unclean shutdown it is struck off the ELR, but was the last known leader.
    world.register(2, 2, -1);
    assert_eq!(world.partition(0).elr, nodes(&[]));
    world.live(2);
    let partition = world.partition(0);
    assert_eq!((partition.leader, partition.leader_epoch), (Some(node(2)), LeaderEpoch(3)));
    assert!(partition.recovering);
    let told = world.events.iter().rev().find(|event| matches!(event, Event::LeaderElected { .. }));
    let sentence = told.expect("it was elected").sentence(Language::English);
    assert!(sentence.ends_with("the last known leader came back"), "{sentence}");
}

#[test]
fn a_broker_that_stopped_in_good_order_stays_eligible() {
    let mut world = World::of_three();
    world.orders(&[&[1]], &[]);
    let answer = world.heartbeat(1, true);
    assert!(!answer.should_shut_down);
    assert_eq!((world.partition(0).leader, &world.partition(0).elr), (None, &nodes(&[1])));
    for id in [2, 3] {
        world.live(id);
    }
    assert!(world.heartbeat(1, true).should_shut_down);
    let epoch = world.epoch(1).0;
    assert_eq!(world.register(1, 2, epoch), ErrorCode::NONE, "its session does not matter");
    world.live(1);
    let partition = world.partition(0);
    assert_eq!((partition.leader, partition.recovering), (Some(node(1)), false));
    assert_eq!(partition.isr, nodes(&[1]));
}

#[test]
fn controlled_shutdown_moves_leaders_first() {
    let mut world = World::of_three();
    world.orders(&[&[1, 2, 3], &[2, 3, 1]], &[]);
    assert!(!world.heartbeat(1, true).should_shut_down);
    assert_eq!(
        (world.partition(0).leader, &world.partition(0).isr),
        (Some(node(2)), &nodes(&[2, 3]))
    );
    assert_eq!(world.partition(1).isr, nodes(&[2, 3]));
    assert!(world.controller.image.brokers[&node(1)].in_controlled_shutdown);
    // The others must have read it first.
    assert!(!world.heartbeat(1, true).should_shut_down);
    world.live(2);
    world.live(3);
    let answer = world.heartbeat(1, true);
    assert!(answer.should_shut_down && answer.is_fenced);
    assert!(world.controller.image.brokers[&node(1)].fenced);
}

#[test]
fn a_leaders_proposal_must_build_on_what_the_controller_knows() {
    let mut world = World::of_three();
    world.orders(&[&[1, 2, 3]], &[]);
    let accepted = world.propose(1, &[1, 2], 0);
    assert_eq!((accepted.error, accepted.partition_epoch), (ErrorCode::NONE, PartitionEpoch(1)));
    assert_eq!((accepted.isr, accepted.leader_epoch), (nodes(&[1, 2]), LeaderEpoch(0)));
    assert_eq!(world.propose(1, &[1], 0).error, ErrorCode::INVALID_UPDATE_VERSION);
    assert_eq!(world.propose(1, &[1], 9).error, ErrorCode::NOT_CONTROLLER);
    assert_eq!(world.propose(2, &[2], 1).error, ErrorCode::INVALID_REQUEST);
    assert_eq!(world.propose(1, &[2], 1).error, ErrorCode::INVALID_REQUEST);
    world.pass(10_000, &[1, 2]);
    assert_eq!(world.propose(1, &[1, 2, 3], 1).error, ErrorCode::INELIGIBLE_REPLICA);
}

#[test]
fn an_unclean_election_takes_whoever_lives() {
    let mut world = World::of_three();
    world.orders(&[&[1, 2]], &[("unclean.leader.election.enable", "true")]);
    assert_eq!(world.propose(1, &[1], 0).error, ErrorCode::NONE);
    world.pass(10_000, &[2, 3]);
    let partition = world.partition(0);
    assert_eq!((partition.leader, &partition.isr), (Some(node(2)), &nodes(&[2])));
    assert!(partition.recovering && partition.elr.is_empty());
}

#[test]
fn a_restarted_controller_reads_its_log_and_is_where_it_was() {
    let mut world = World::of_three();
    world.orders(&[&[1, 2, 3], &[3, 1, 2]], &[("retention.ms", "5")]);
    world.pass(10_000, &[1, 2]);
    let before = world.controller.image.clone();
    world.restart();
    let mut after = world.controller.image.clone();
    assert_eq!(after.epoch, 2);
    assert_eq!(after.offset, before.offset + 2, "its leadership and its registration");
    (after.offset, after.epoch) = (before.offset, before.epoch);
    after.controllers = before.controllers.clone();
    assert_eq!(after, before);
    world.live(1); // sessions begin anew
}

#[test]
fn idle_time_is_skipped_by_moving_the_stamps() {
    let mut world = World::of_three();
    world.orders(&[&[1, 2, 3]], &[]);
    world.now += 3_600_000;
    world.controller.shift(Duration::from_ms(3_600_000));
    world.step(Input::Timer(Timer::SessionCheck));
    assert_eq!(world.partition(0).isr.len(), 3);
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    let run = || {
        let mut world = World::of_three();
        assert_eq!(world.create(placed("orders", 6, 2)).0, ErrorCode::NONE);
        world.pass(11_000, &[1, 3]);
        world.disk.digest().unwrap()
    };
    assert_eq!(run(), run());
}
