//! Small stories of whole clusters on the memory disk.

use super::*;
use crate::client::ProducerRecord;
use crate::clock::{Duration, Instant};
use crate::disk::Disk;
use crate::protocol::{CreateTopicsRequest, ErrorCode, NewTopic, Request};
use crate::types::{Language, NodeId, Offset, TopicName, TopicPartition};

pub(super) fn partition() -> TopicPartition {
    TopicPartition::parse("orders-0").unwrap()
}

pub(super) fn run_for(lab: &mut Lab, ms: u64) {
    let until = lab.now() + Duration::from_ms(ms);
    run_until(lab, until);
}

fn run_until(lab: &mut Lab, until: Instant) {
    while lab.next_at().is_some_and(|at| at <= until) {
        assert!(lab.step().unwrap());
    }
    lab.wait_until(until).unwrap();
}

pub(super) fn finish(lab: &mut Lab, ticket: Ticket) -> Outcome {
    for _ in 0..100_000 {
        if let Some(outcome) = lab.outcome(ticket) {
            return outcome;
        }
        assert!(lab.step().unwrap(), "nothing is pending and the outcome is missing");
    }
    panic!("no outcome after 100,000 steps");
}

pub(super) fn act(lab: &mut Lab, act: Act) -> Outcome {
    let ticket = lab.act(act, "test").unwrap().unwrap();
    finish(lab, ticket)
}

pub(super) fn ready(spec: ClusterSpec) -> Lab {
    let brokers = spec.brokers as usize;
    let mut lab = Lab::new(spec, Disk::memory()).unwrap();
    for _ in 0..10_000 {
        let unfenced = lab
            .cluster()
            .controller()
            .map_or(0, |c| c.image.brokers.values().filter(|b| !b.fenced).count());
        if unfenced == brokers {
            return lab;
        }
        assert!(lab.step().unwrap());
    }
    let told: Vec<String> = lab
        .events()
        .iter()
        .map(|e| format!("{} {} {}", e.at, e.node, e.body.sentence(Language::English)))
        .collect();
    panic!("the brokers were never unfenced:\n{}", told.join("\n"));
}

pub(super) fn with_topic(replication_factor: i32) -> Lab {
    let mut lab = ready(ClusterSpec::default());
    let replicas = (1..=replication_factor as u32).map(NodeId).collect();
    let topic = NewTopic {
        name: TopicName::new("orders"),
        partitions: -1,
        replication_factor: -1,
        assignment: Some(vec![replicas]),
        configs: Vec::new(),
    };
    let request = Request::CreateTopics(CreateTopicsRequest { topics: vec![topic] });
    let outcome = act(&mut lab, Act::Admin(request));
    assert!(matches!(&outcome, Outcome::Admin(o) if o.error().0 == ErrorCode::NONE), "{outcome:?}");
    lab
}

pub(super) fn produce(lab: &mut Lab, value: &str, acks: &str) -> Outcome {
    let record = ProducerRecord {
        topic: TopicName::new("orders"),
        partition: None,
        key: None,
        value: Some(value.as_bytes().to_vec()),
        headers: Vec::new(),
        timestamp: None,
    };
    let configs = vec![("acks".to_owned(), acks.to_owned())];
    act(lab, Act::Produce { producer: None, configs, records: vec![record] })
}

pub(super) fn end(lab: &Lab, broker: u32) -> Offset {
    lab.cluster().broker(NodeId(broker)).unwrap().replicas[&partition()].log_end_offset()
}

fn isr(lab: &Lab) -> Vec<u32> {
    let controller = lab.cluster().last_controller().unwrap();
    let registration = controller.image.partition(&partition()).unwrap();
    let mut isr: Vec<u32> = registration.isr.iter().map(|n| n.0).collect();
    isr.sort_unstable();
    isr
}

fn leader(lab: &Lab) -> Option<u32> {
    let controller = lab.cluster().last_controller().unwrap();
    controller.image.partition(&partition()).unwrap().leader.map(|n| n.0)
}

fn settle(lab: &mut Lab) {
    for _ in 0..200_000 {
        if lab.settled().is_ok() {
            return;
        }
        assert!(lab.step().unwrap());
    }
    panic!("never settled: {:?}", lab.settled());
}

#[test]
fn a_record_with_acks_all_reaches_every_replica() {
    let mut lab = with_topic(3);
    let outcome = produce(&mut lab, "a1", "all");
    assert!(
        matches!(&outcome, Outcome::Sent(sent) if sent.error == ErrorCode::NONE),
        "{outcome:?}"
    );
    settle(&mut lab);
    for broker in 1..=3 {
        assert_eq!(end(&lab, broker), Offset(1));
        let replica = &lab.cluster().broker(NodeId(broker)).unwrap().replicas[&partition()];
        assert_eq!(replica.high_watermark(), Offset(1), "broker {broker}");
    }
    assert!(lab.cluster().invariants.violations().is_empty());
}

#[test]
fn a_killed_leader_is_followed_by_the_next_in_the_isr() {
    let mut lab = with_topic(3);
    produce(&mut lab, "a1", "all");
    act(&mut lab, Act::Kill(NodeId(1)));
    settle(&mut lab);
    assert_eq!((leader(&lab), isr(&lab)), (Some(2), vec![2, 3]));
    produce(&mut lab, "b1", "all");
    act(&mut lab, Act::Start(NodeId(1)));
    settle(&mut lab);
    assert_eq!((leader(&lab), isr(&lab)), (Some(2), vec![1, 2, 3]));
    assert_eq!(end(&lab, 1), Offset(2));
    assert_eq!(lab.cluster().invariants.violations(), &[]);
}

#[test]
fn a_follower_that_stops_fetching_leaves_by_the_lag_rule_and_returns() {
    let mut lab = with_topic(3);
    produce(&mut lab, "a1", "all");
    act(&mut lab, Act::FetcherPause(NodeId(3)));
    run_for(&mut lab, 1_000);
    produce(&mut lab, "a2", "1");
    let from = lab.now();
    while isr(&lab).len() == 3 {
        assert!(lab.step().unwrap());
    }
    let waited = lab.now().since(from).as_ms();
    assert!((29_000..46_000).contains(&waited), "{waited} ms");
    act(&mut lab, Act::FetcherResume(NodeId(3)));
    settle(&mut lab);
    assert_eq!(isr(&lab), vec![1, 2, 3]);
}

#[test]
fn going_back_gives_the_same_bytes_and_forward_again_too() {
    let mut lab = with_topic(3);
    produce(&mut lab, "a1", "all");
    act(&mut lab, Act::Kill(NodeId(1)));
    run_for(&mut lab, 15_000);
    let (head, digest) = (lab.step_number(), lab.disk().digest().unwrap());
    let middle = head / 2;
    lab.goto(middle).unwrap();
    let half = lab.disk().digest().unwrap();
    lab.goto(0).unwrap();
    assert!(lab.disk().digest().unwrap().keys().all(|path| !path.ends_with(".log")));
    lab.goto(middle).unwrap();
    assert_eq!(lab.disk().digest().unwrap(), half);
    lab.goto(head).unwrap();
    assert_eq!(lab.disk().digest().unwrap(), digest);
}

#[test]
fn an_act_in_the_past_begins_a_branch_and_both_can_be_visited() {
    let mut lab = with_topic(3);
    let fork = lab.step_number();
    act(&mut lab, Act::Kill(NodeId(1)));
    run_for(&mut lab, 12_000);
    let main = (lab.step_number(), lab.disk().digest().unwrap());
    lab.goto(fork).unwrap();
    produce(&mut lab, "other", "all");
    assert_eq!(lab.branch_name(), "what-if");
    let other = (lab.step_number(), lab.disk().digest().unwrap());
    assert!(!lab.diff("main").unwrap().is_empty());
    lab.switch("main").unwrap();
    assert_eq!((lab.step_number(), lab.disk().digest().unwrap()), main);
    lab.switch("what-if").unwrap();
    assert_eq!((lab.step_number(), lab.disk().digest().unwrap()), other);
}

#[test]
fn the_same_seed_gives_the_same_trace_and_another_seed_another() {
    let told = |seed: u64| {
        let mut lab = ready(ClusterSpec { seed, ..ClusterSpec::default() });
        run_for(&mut lab, 5_000);
        let events: Vec<Stamped> = lab.events().iter().cloned().collect();
        (events, lab.disk().digest().unwrap())
    };
    assert_eq!(told(7), told(7));
    assert_ne!(told(7).0, told(8).0);
}

#[test]
fn a_week_of_idleness_is_one_step() {
    let mut lab = with_topic(3);
    settle(&mut lab);
    let week = lab.now() + Duration::from_ms(7 * 24 * 3_600_000);
    let before = lab.step_number();
    assert!(lab.skip_idle(week).unwrap());
    assert_eq!(lab.step_number(), before + 1);
    run_until(&mut lab, week);
    assert_eq!(lab.now(), week);
    assert!(lab.settled().is_ok(), "{:?}", lab.settled());
    assert_eq!((leader(&lab), isr(&lab)), (Some(1), vec![1, 2, 3]));
}

#[test]
fn a_lookup_is_walked_step_by_step_and_back() {
    let mut lab = with_topic(1);
    act(
        &mut lab,
        Act::Fill {
            partition: partition(),
            count: 10_000,
            size: 50,
            over: Duration::ZERO,
            timestamp: None,
        },
    );
    let lookup = Act::Lookup {
        partition: partition(),
        broker: None,
        offset: Offset(7_777),
        without_index: false,
    };
    act(&mut lab, lookup);
    let walk = lab.cluster().lookup.clone().unwrap();
    assert!(walk.shown > 3 && walk.shown == walk.steps.len());
    lab.back(2).unwrap();
    assert!(lab.cluster().lookup.as_ref().unwrap().shown < walk.shown);
}

#[test]
fn names_that_do_not_exist_are_refused_without_a_step() {
    let mut lab = ready(ClusterSpec::default());
    let step = lab.step_number();
    for wrong in [
        Act::Kill(NodeId(9)),
        Act::Resume(NodeId(1)),
        Act::Start(NodeId(1)),
        Act::ProducerStop("p9".to_owned()),
        Act::Deliver(999_999),
        Act::Cut(NodeId(1), NodeId(1)),
    ] {
        assert!(lab.act(wrong.clone(), "test").unwrap().is_err(), "{wrong:?}");
    }
    assert_eq!(lab.step_number(), step);
    assert!(lab.goto(step + 1_000_000).is_err());
    assert!(lab.switch("nowhere").is_err());
}

#[test]
fn a_cut_link_holds_messages_until_it_is_healed() {
    let mut lab = with_topic(3);
    act(&mut lab, Act::Cut(NodeId(1), NodeId(3)));
    produce(&mut lab, "a1", "1");
    run_for(&mut lab, 2_000);
    assert_eq!((end(&lab, 2), end(&lab, 3)), (Offset(1), Offset(0)));
    act(&mut lab, Act::Heal(None));
    settle(&mut lab);
    assert_eq!(end(&lab, 3), Offset(1));
}

pub(super) fn consumer(name: &str, group: &str) -> Act {
    Act::ConsumerStart(NewConsumer {
        name: name.to_owned(),
        group: Some(group.to_owned()),
        topics: vec![TopicName::new("orders")],
        configs: vec![("auto.offset.reset".to_owned(), "earliest".to_owned())],
        ..NewConsumer::default()
    })
}

fn read(lab: &Lab, name: &str) -> (u64, usize, i32) {
    match lab.cluster().client(name) {
        Some(crate::client::Client::Consumer(consumer)) => {
            (consumer.count(), consumer.assignment().count(), consumer.generation())
        }
        _ => panic!("no consumer {name}"),
    }
}

#[test]
fn a_group_shares_a_partition_and_the_idle_member_takes_over() {
    let mut lab = with_topic(3);
    for value in ["a1", "a2", "a3"] {
        produce(&mut lab, value, "all");
    }
    act(&mut lab, consumer("c1", "billing"));
    settle(&mut lab);
    assert_eq!(read(&lab, "c1"), (3, 1, 1));
    act(&mut lab, consumer("c2", "billing"));
    settle(&mut lab);
    assert_eq!((read(&lab, "c1").1, read(&lab, "c2").1), (1, 0));
    act(&mut lab, Act::ClientKill("c1".to_owned()));
    settle(&mut lab);
    assert_eq!(read(&lab, "c2").1, 1);
    produce(&mut lab, "a4", "all");
    settle(&mut lab);
    assert!(read(&lab, "c2").0 >= 1);
    assert_eq!(lab.cluster().invariants.violations(), &[]);
}

#[test]
fn a_week_passes_over_a_group_that_has_nothing_to_read() {
    let mut lab = with_topic(3);
    act(&mut lab, consumer("c1", "billing"));
    settle(&mut lab);
    // The first automatic commit says where the group begins; until then time is not idle.
    let commit = lab.now() + Duration::from_ms(6_000);
    run_until(&mut lab, commit);
    let week = lab.now() + Duration::from_ms(7 * 24 * 3_600_000);
    assert!(lab.skip_idle(week).unwrap(), "{:?}", lab.settled());
    run_until(&mut lab, week);
    assert_eq!(read(&lab, "c1").1, 1);
    assert!(lab.settled().is_ok(), "{:?}", lab.settled());
}

#[test]
fn whole_files_keep_their_promises_until_a_bit_flips() {
    let mut lab = with_topic(3);
    for number in 0..20 {
        produce(&mut lab, &format!("value {number}"), "all");
    }
    settle(&mut lab);
    assert_eq!(lab.check_files(), vec![]);
    let file = "broker-2/orders-0/00000000000000000000.log";
    lab.disk_mut().flip_bit(file, 100, 3).unwrap();
    assert_eq!(broken(&lab), ["bytes-decode"]);
}

#[test]
fn who_asks_the_files_hears_it_once_as_an_event_and_again_after_going_back() {
    let mut lab = with_topic(3);
    produce(&mut lab, "value", "all");
    settle(&mut lab);
    let sound = lab.step_number();
    lab.ask_files().unwrap();
    assert_eq!((lab.step_number(), lab.violations().count()), (sound, 0), "a look at sound files");
    let file = "broker-2/orders-0/00000000000000000000.log".to_owned();
    act(&mut lab, Act::FlipBit { file, position: 64 });
    let flipped = lab.step_number();
    lab.ask_files().unwrap();
    let told: Vec<_> = lab.violations().map(|broken| (broken.name, broken.step)).collect();
    assert_eq!(told, [("bytes-decode", flipped + 1)]);
    assert!(lab.step_events().any(|event| {
        matches!(&event.body, Body::World(WorldEvent::Violated { name: "bytes-decode", .. }))
    }));
    lab.ask_files().unwrap();
    assert_eq!(lab.step_number(), flipped + 1, "it is told once");
    lab.back(1).unwrap();
    assert_eq!(lab.violations().count(), 0);
    lab.ask_files().unwrap();
    assert_eq!((lab.step_number(), lab.violations().count()), (flipped, 1), "seen, without a step");
    lab.step().unwrap();
    assert_eq!((lab.violations().count(), lab.branch_name()), (1, "main"));
}

/// The names of the promises about files that are broken.
fn broken(lab: &Lab) -> Vec<&'static str> {
    lab.check_files().iter().map(|broken| broken.name).collect()
}

#[test]
fn replicas_that_differ_and_entries_that_point_astray_are_found() {
    let mut lab = with_topic(3);
    for number in 0..60 {
        produce(&mut lab, &format!("{number:0>100}"), "all");
    }
    settle(&mut lab);
    assert_eq!(broken(&lab), Vec::<&str>::new());
    let copy = "broker-2/orders-0/00000000000000000000";
    // The position of the first index entry is its bytes 4 to 7.
    lab.disk_mut().flip_bit(&format!("{copy}.index"), 7, 0).unwrap();
    assert_eq!(broken(&lab), ["index-at-batch-boundary"]);
    lab.disk_mut().flip_bit(&format!("{copy}.index"), 7, 0).unwrap();
    // The stored checksum of the first batch is its bytes 17 to 20.
    lab.disk_mut().flip_bit(&format!("{copy}.log"), 20, 0).unwrap();
    assert_eq!(broken(&lab), ["bytes-decode", "logs-agree"]);
}
