//! Topics, elections by request, reassignment, and brokers that follow the metadata log: by messages on a memory disk.

use super::controller_tests::*;
use super::*;
use crate::disk::Disk;
use crate::protocol::*;
use crate::types::*;

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
            broker: None,
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
fn observers_follow_and_wait() {
    let mut world = World::of_three();
    let mut disk = Disk::memory();
    Observer::format(&mut disk, "broker-1", node(1), Uuid([7; 16])).unwrap();
    let mut observer =
        Observer::open(&mut disk, "broker-1", node(1), Default::default(), at(0)).unwrap();
    let fetch = |observer: &Observer| {
        Request::Fetch(FetchRequest {
            replica: Some(node(1)),
            replica_epoch: BrokerEpoch(-1),
            version: FETCH_VERSION,
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
    let mut observer =
        Observer::open(&mut disk, "broker-1", node(1), Default::default(), at(2)).unwrap();
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
