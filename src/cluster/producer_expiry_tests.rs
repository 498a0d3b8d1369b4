//! Producers that fall silent are forgotten by the clock, and idle time stays cheap meanwhile.

use super::tests::{act, partition, ready};
use super::*;
use crate::batch::BatchBuilder;
use crate::clock::Duration;
use crate::protocol::{CreateTopicsRequest, NewTopic, ProduceRequest, Request};
use crate::types::{Language, NodeId, Offset};

/// A lab with one broker, and a topic into which producers 7 and 8 wrote one batch each, 8 five minutes later.
fn written(configs: &[(&str, &str)]) -> Lab {
    let configs = configs.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    let spec = ClusterSpec { brokers: 1, configs: configs.collect(), ..ClusterSpec::default() };
    let mut lab = ready(spec);
    let topic = NewTopic {
        name: partition().topic,
        partitions: 1,
        replication_factor: 1,
        assignment: None,
        configs: Vec::new(),
    };
    act(&mut lab, Act::Admin(Request::CreateTopics(CreateTopicsRequest { topics: vec![topic] })));
    for id in [7, 8] {
        let mut batch = BatchBuilder::new(Offset::ZERO).with_producer(id, 0, 0);
        let time = lab.now().timestamp();
        batch.push_parts(Offset::ZERO, time, None, Some(b"v"), &[]);
        let partitions = vec![(partition(), batch.build().into())];
        let request = ProduceRequest { acks: -1, timeout_ms: 1000, partitions };
        act(&mut lab, Act::Admin(Request::Produce(request)));
        pass(&mut lab, Duration::from_ms(300_000));
    }
    lab
}

/// Lets time pass, idle rounds at once; answers how many steps that took.
fn pass(lab: &mut Lab, time: Duration) -> u64 {
    let (until, before) = (lab.now() + time, lab.step_number());
    while lab.now() < until {
        let due = lab.next_at().is_some_and(|at| at <= until);
        match lab.skip_idle(until).unwrap() {
            true => {}
            false if due => assert!(lab.step().unwrap()),
            false => lab.wait_until(until).unwrap(),
        }
    }
    lab.step_number() - before
}

fn known(lab: &Lab) -> Vec<i64> {
    let broker = lab.cluster().broker(NodeId(1)).unwrap();
    let producers = broker.replicas[&partition()].log.producers();
    producers.producers().map(|entry| entry.producer_id).collect()
}

#[test]
fn silent_producers_are_forgotten_in_the_round_after_a_day() {
    let mut lab = written(&[]);
    assert_eq!(known(&lab), [7, 8]);
    pass(&mut lab, Duration::from_ms(86_400_000 - 700_000));
    assert_eq!(known(&lab), [7, 8]);
    let steps = pass(&mut lab, Duration::from_ms(1_500_000));
    assert_eq!(known(&lab), [0; 0]);
    assert!(steps < 2_000, "{steps} steps for 25 minutes");
    let told = |event: &&Stamped| event.body.kind() == "ProducersExpired";
    let told: Vec<String> = lab
        .events()
        .iter()
        .filter(told)
        .map(|event| event.body.sentence(Language::English))
        .collect();
    let forgotten = "forgotten, silent for producer.id.expiration.ms";
    let one = |id: i64| format!("orders-0: 1 producer {forgotten}: {id}");
    assert!(
        told == [one(7), one(8)] || told == [format!("orders-0: 2 producers {forgotten}: 7, 8")],
        "{told:?}"
    );
}

#[test]
fn the_settings_say_how_long_and_how_often() {
    let mut lab = written(&[
        ("producer.id.expiration.ms", "200000"),
        ("producer.id.expiration.check.interval.ms", "1000"),
    ]);
    assert_eq!(known(&lab), [0; 0]);
    lab = written(&[("producer.id.expiration.ms", "400000")]);
    assert_eq!(known(&lab), [8], "producer 7 was silent for ten minutes, 8 for five");
}
