//! A controller driven by messages on a memory disk.

use super::*;
use crate::clock::{Duration, Instant};
use crate::coordination::Event;
use crate::disk::Disk;
use crate::protocol::*;
use crate::types::*;

fn at(ms: u64) -> Instant {
    Instant(ms * 1000)
}

fn node(id: u32) -> NodeId {
    NodeId(id)
}

fn nodes(ids: &[u32]) -> Vec<NodeId> {
    ids.iter().copied().map(NodeId).collect()
}

fn orders(partition: u32) -> TopicPartition {
    TopicPartition::new(&TopicName::new("orders"), partition)
}

/// A controller with its disk, and what it said last.
struct World {
    disk: Disk,
    controller: Controller,
    now: u64,
    events: Vec<Event>,
}

impl World {
    fn new() -> World {
        World::with(ControllerConfig { seed: 7, ..ControllerConfig::default() })
    }
    fn with(config: ControllerConfig) -> World {
        let mut disk = Disk::memory();
        Controller::format(&mut disk, node(3001), Uuid([7; 16]), 7).unwrap();
        let mut out = Output::default();
        let controller = Controller::start(node(3001), at(0), &mut disk, config, &mut out).unwrap();
        World { disk, controller, now: 0, events: out.events }
    }
    /// Three brokers, registered and unfenced.
    fn of_three() -> World {
        let mut world = World::new();
        for id in 1..=3 {
            world.register(id, 1, -1);
            world.live(id);
        }
        world
    }
    fn step(&mut self, input: Input) -> Output<Event> {
        let mut out = Output::default();
        self.controller.step(at(self.now), input, &mut self.disk, &mut out).unwrap();
        self.events.extend(out.events.iter().cloned());
        out
    }
    fn ask(&mut self, from: u32, request: Request) -> Response {
        let out =
            self.step(Input::Message { from: node(from), message: Message::request(5, request) });
        let answer =
            out.sends.into_iter().find(|s| s.to == node(from) && s.message.correlation == 5);
        match answer.expect("an answer").message.body {
            Body::Response(response) => response,
            Body::Request(_) => unreachable!("an answer is a response"),
        }
    }
    fn register(&mut self, id: u32, incarnation: u8, previous: i64) -> ErrorCode {
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
    fn epoch(&self, id: u32) -> BrokerEpoch {
        self.controller.image.brokers[&node(id)].epoch
    }
    fn heartbeat(&mut self, id: u32, want_shut_down: bool) -> BrokerHeartbeatResponse {
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
    fn live(&mut self, id: u32) {
        let answer = self.heartbeat(id, false);
        assert!(answer.error.is_none() && answer.is_caught_up && !answer.is_fenced);
    }
    fn create(&mut self, topic: NewTopic) -> (ErrorCode, String) {
        let topics = vec![topic];
        match self.ask(10_001, Request::CreateTopics(CreateTopicsRequest { topics })) {
            Response::CreateTopics(mut answer) => {
                let (_, error, text) = answer.topics.remove(0);
                (error, text)
            }
            other => panic!("{other:?}"),
        }
    }
    fn orders(&mut self, rows: &[&[u32]], configs: &[(&str, &str)]) {
        let topic = by_hand("orders", rows, configs);
        assert_eq!(self.create(topic), (ErrorCode::NONE, String::new()));
    }
    fn partition(&self, number: u32) -> &PartitionRegistration {
        self.controller.image.partition(&orders(number)).unwrap()
    }
    /// Lets time pass; `alive` keep their sessions, the timer fires.
    fn pass(&mut self, ms: u64, alive: &[u32]) {
        let end = self.now + ms;
        while self.now < end {
            self.now += 1_000;
            for &id in alive {
                self.heartbeat(id, false);
            }
            self.step(Input::Timer(Timer::SessionCheck));
        }
    }
    fn propose(&mut self, from: u32, isr: &[u32], partition_epoch: i32) -> AlterPartitionResult {
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
    fn restart(&mut self) {
        let config = self.controller.config.clone();
        let mut out = Output::default();
        self.controller =
            Controller::start(node(3001), at(self.now), &mut self.disk, config, &mut out).unwrap();
        self.events.extend(out.events);
    }
    fn records(&self) -> Vec<MetadataRecord> {
        let log = &self.controller.log;
        let batches =
            metadata_log::read(log, &self.disk, Offset::ZERO, log.log_end_offset()).unwrap();
        batches.into_iter().flat_map(|batch| batch.records).collect()
    }
    fn names(&self) -> Vec<&'static str> {
        self.records().iter().map(MetadataRecord::name).collect()
    }
}

fn by_hand(name: &str, rows: &[&[u32]], configs: &[(&str, &str)]) -> NewTopic {
    let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
    NewTopic {
        name: TopicName::new(name),
        partitions: -1,
        replication_factor: -1,
        assignment: Some(rows.iter().map(|row| nodes(row)).collect()),
        configs: configs.iter().map(owned).collect(),
    }
}

fn placed(name: &str, partitions: i32, replication_factor: i32) -> NewTopic {
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
    let mut real = Vec::new();
    let packed = include_bytes!("../../../data/logs/cluster-metadata-4.3.log.gz");
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&packed[..]), &mut real).unwrap();
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
fn topics_are_refused_in_kafkas_words() {
    let mut world = World::of_three();
    let mut error = |topic| world.create(topic);
    assert_eq!(error(placed("orders", 2, 3)).0, ErrorCode::NONE);
    let (code, text) = error(placed("orders", 1, 1));
    assert_eq!(
        (code, &text[..]),
        (ErrorCode::TOPIC_ALREADY_EXISTS, "Topic 'orders' already exists.")
    );
    let (code, text) = error(placed("more", 1, 4));
    assert_eq!(code, ErrorCode::INVALID_REPLICATION_FACTOR);
    assert!(text.ends_with("cannot be reached because only 3 broker(s) are registered."), "{text}");
    assert_eq!(error(placed("none", 0, 1)).0, ErrorCode::INVALID_PARTITIONS);
    assert_eq!(error(placed("a b", 1, 1)).0, ErrorCode::INVALID_TOPIC_EXCEPTION);
    assert_eq!(error(by_hand("x", &[&[1, 9]], &[])).0, ErrorCode::INVALID_REPLICA_ASSIGNMENT);
    assert_eq!(error(by_hand("x", &[&[1, 1]], &[])).0, ErrorCode::INVALID_REPLICA_ASSIGNMENT);
    assert_eq!(error(by_hand("x", &[&[1, 2], &[1]], &[])).0, ErrorCode::INVALID_REPLICA_ASSIGNMENT);
    assert_eq!(error(by_hand("x", &[&[1]], &[("retention", "1")])).0, ErrorCode::INVALID_CONFIG);
    assert_eq!(error(by_hand("a.b", &[&[1]], &[])).0, ErrorCode::NONE);
    assert_eq!(error(by_hand("a_b", &[&[1]], &[])).0, ErrorCode::INVALID_TOPIC_EXCEPTION);
}

#[test]
fn topics_grow_are_configured_and_go() {
    let mut world = World::of_three();
    world.orders(&[&[1, 2, 3]], &[("min.insync.replicas", "2")]);
    let expected = ["TOPIC_RECORD", "CONFIG_RECORD", "CLEAR_ELR_RECORD", "PARTITION_RECORD"];
    assert!(world.names().ends_with(&expected), "{:?}", world.names());
    let mut grow = |count| {
        let topic = TopicName::new("orders");
        let request = CreatePartitionsRequest { topic, count, assignment: None };
        match world.ask(10_001, Request::CreatePartitions(request)) {
            Response::CreatePartitions(answer) => answer.error,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((grow(1), grow(0)), (ErrorCode::INVALID_PARTITIONS, ErrorCode::INVALID_PARTITIONS));
    assert_eq!(grow(4), ErrorCode::NONE);
    assert_eq!(world.controller.image.topics[&TopicName::new("orders")].partitions.len(), 4);
    let mut alter = |name: &str, value: Option<&str>| {
        let request = IncrementalAlterConfigsRequest {
            topic: Some(TopicName::new("orders")),
            configs: vec![(name.to_owned(), value.map(str::to_owned))],
        };
        match world.ask(10_001, Request::IncrementalAlterConfigs(request)) {
            Response::IncrementalAlterConfigs(answer) => answer.error,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(alter("retention.ms", Some("60000")), ErrorCode::NONE);
    assert_eq!(alter("retention.ms", Some("x")), ErrorCode::INVALID_CONFIG);
    assert_eq!(alter("min.insync.replicas", None), ErrorCode::NONE);
    let topic = TopicName::new("orders");
    let image = &world.controller.image;
    assert_eq!(image.topic_config(&topic, "retention.ms"), Some("60000"));
    assert_eq!(image.topic_config(&topic, "min.insync.replicas"), Some("1"), "the cluster's");
    let topics = vec![topic.clone()];
    world.ask(10_001, Request::DeleteTopics(DeleteTopicsRequest { topics }));
    assert!(world.controller.image.topics.is_empty());
    assert!(world.controller.image.configs_of(&ConfigResource::topic(&topic)).is_empty());
}

#[test]
fn preferred_leaders_by_request_and_by_balance() {
    let mut world = World::of_three();
    world.orders(&[&[1, 2, 3]], &[]);
    let ask = |world: &mut World| {
        let partitions = Some(vec![orders(0)]);
        let request = ElectLeadersRequest { unclean: false, partitions };
        match world.ask(10_001, Request::ElectLeaders(request)) {
            Response::ElectLeaders(answer) => answer.partitions[0].1,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(ask(&mut world), ErrorCode::ELECTION_NOT_NEEDED);
    world.pass(10_000, &[2, 3]);
    assert_eq!(ask(&mut world), ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE);
    world.register(1, 2, -1);
    world.live(1);
    let epoch = world.partition(0).partition_epoch.0;
    assert_eq!(world.propose(2, &[1, 2, 3], epoch).error, ErrorCode::NONE);
    let mut balanced = World {
        disk: world.disk.fork().unwrap(),
        controller: world.controller.clone(),
        now: world.now,
        events: Vec::new(),
    };
    assert_eq!(ask(&mut world), ErrorCode::NONE);
    balanced.step(Input::Timer(Timer::LeaderBalance));
    for world in [&world, &balanced] {
        assert_eq!(
            (world.partition(0).leader, world.partition(0).leader_epoch),
            (Some(node(1)), LeaderEpoch(2))
        );
    }
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
fn a_reassignment_ends_when_the_new_replicas_are_in_sync() {
    let mut world = World::of_three();
    world.orders(&[&[1]], &[]);
    let partitions = vec![(orders(0), Some(nodes(&[2, 3])))];
    let request = AlterPartitionReassignmentsRequest { partitions };
    world.ask(10_001, Request::AlterPartitionReassignments(request));
    assert_eq!(world.partition(0).replicas, nodes(&[2, 3, 1]));
    let epoch = world.partition(0).partition_epoch.0;
    assert_eq!(world.propose(1, &[1, 2, 3], epoch).error, ErrorCode::NEW_LEADER_ELECTED);
    let partition = world.partition(0);
    assert_eq!((&partition.replicas, &partition.isr), (&nodes(&[2, 3]), &nodes(&[2, 3])));
    assert_eq!((partition.leader, partition.is_reassigning()), (Some(node(2)), false));
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
fn observers_follow_and_wait() {
    let mut world = World::of_three();
    let mut disk = Disk::memory();
    Observer::format(&mut disk, "broker-1", node(1), Uuid([7; 16])).unwrap();
    let mut observer = Observer::open(&mut disk, "broker-1", node(1), false, at(0)).unwrap();
    let fetch = |observer: &Observer| {
        Request::Fetch(FetchRequest {
            replica: Some(node(1)),
            replica_epoch: BrokerEpoch(-1),
            max_wait_ms: 500,
            min_bytes: 1,
            max_bytes: 1 << 20,
            read_committed: false,
            partitions: vec![observer.fetch_partition()],
        })
    };
    let take = |observer: &mut Observer, disk: &mut Disk, response: Response| {
        let Response::Fetch(response) = response else { panic!("a fetch's answer") };
        observer.handle(at(1), &response.partitions[0], disk, &mut Vec::new()).unwrap()
    };
    let answer = world.ask(1, fetch(&observer));
    let records = take(&mut observer, &mut disk, answer);
    assert_eq!(records, world.records());
    assert_eq!(observer.image, world.controller.image);
    // Nothing new: it waits, until something is written.
    let message = Message::request(9, fetch(&observer));
    let out = world.step(Input::Message { from: node(1), message });
    assert!(out.sends.is_empty());
    let timer = Timer::DelayedFetch(0);
    assert_eq!(out.timers, [(timer.clone(), Some(at(500)))]);
    let topics = vec![by_hand("orders", &[&[1, 2]], &[])];
    let message = Message::request(10, Request::CreateTopics(CreateTopicsRequest { topics }));
    let out = world.step(Input::Message { from: node(10_001), message });
    assert_eq!(out.timers, [(timer, None)]);
    let Body::Response(answer) = out.sends[0].message.body.clone() else { panic!("a response") };
    assert_eq!(take(&mut observer, &mut disk, answer).len(), 2);
    assert_eq!(observer.image, world.controller.image);
    // After a restart the image is built again once the high watermark is known.
    let mut observer = Observer::open(&mut disk, "broker-1", node(1), false, at(2)).unwrap();
    assert_eq!(observer.image, Image::default());
    let message = Message::request(11, fetch(&observer));
    let out = world.step(Input::Message { from: node(1), message });
    assert!(out.sends.is_empty());
    let out = world.step(Input::Timer(Timer::DelayedFetch(1)));
    let Body::Response(answer) = out.sends[0].message.body.clone() else { panic!("a response") };
    assert_eq!(take(&mut observer, &mut disk, answer).len(), world.records().len());
    assert_eq!(observer.image, world.controller.image);
    assert_eq!(
        disk.digest().unwrap()["broker-1/__cluster_metadata-0/00000000000000000000.log"],
        world.disk.digest().unwrap()["controller-3001/__cluster_metadata-0/00000000000000000000.log"]
    );
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
