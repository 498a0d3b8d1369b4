//! How fast the world turns: steps a second of three brokers under produce load on the memory disk, and how long one
//! step back takes at step 10,000.
//!
//! `cargo bench --bench steps`. Each figure stands beside its aim and, for steps, beside a bare queue of the same
//! number of pops and pushes in the same run.

#![allow(clippy::disallowed_methods)] // a benchmark needs a real clock

use klab::client::{ProducerRecord, Workload};
use klab::clock::Duration;
use klab::cluster::{Act, ClusterSpec, Lab};
use klab::disk::Disk;
use klab::protocol::{CreateTopicsRequest, NewTopic, Request};
use klab::types::TopicName;
use std::collections::BTreeMap;
use std::time::Instant;

fn lab() -> Lab {
    let mut lab = Lab::new(ClusterSpec::default(), Disk::memory()).expect("a cluster");
    run_for(&mut lab, Duration::from_ms(3_000));
    let topic = NewTopic {
        name: TopicName::new("orders"),
        partitions: 3,
        replication_factor: 3,
        assignment: None,
        configs: Vec::new(),
    };
    let request = Request::CreateTopics(CreateTopicsRequest { topics: vec![topic] });
    lab.act(Act::Admin(request), "topic create orders").expect("the lab works").expect("taken");
    run_for(&mut lab, Duration::from_ms(2_000));
    let record = ProducerRecord {
        topic: TopicName::new("orders"),
        partition: None,
        key: None,
        value: Some(vec![b'x'; 100]),
        headers: Vec::new(),
        timestamp: None,
    };
    for producer in ["p1", "p2", "p3"] {
        let workload =
            Workload { template: record.clone(), every: Duration::from_ms(1), count: None };
        let configs = vec![("linger.ms".to_owned(), "0".to_owned())];
        let act = Act::Workload { producer: producer.to_owned(), configs, workload };
        lab.act(act, "produce").expect("the lab works").expect("taken");
    }
    lab
}

fn run_for(lab: &mut Lab, time: Duration) {
    let until = lab.now() + time;
    while lab.next_at().is_some_and(|at| at <= until) {
        lab.step().expect("a step");
    }
}

fn main() {
    let steps: u64 = 300_000;
    let mut lab = lab();
    let from = lab.step_number();
    let begin = Instant::now();
    for _ in 0..steps {
        lab.step().expect("a step");
    }
    let took = begin.elapsed();
    let taken = lab.step_number() - from;
    let rate = taken as f64 / took.as_secs_f64();

    let mut queue: BTreeMap<(u64, u64), u64> = (0..64).map(|n| ((n, n), n)).collect();
    let begin = Instant::now();
    for n in 64..64 + steps {
        if let Some((key, value)) = queue.pop_first() {
            queue.insert((key.0 + 500 + value % 7, n), n);
        }
    }
    let bare = steps as f64 / begin.elapsed().as_secs_f64();
    println!(
        "steps a second          {rate:>12.0}   aim 500000   ratio to a bare queue {:.3}",
        rate / bare
    );

    lab.goto(10_000).expect("step 10,000");
    let mut worst = 0.0f64;
    let mut sum = 0.0f64;
    let rounds = 50;
    for _ in 0..rounds {
        let begin = Instant::now();
        lab.back(1).expect("one step back");
        let ms = begin.elapsed().as_secs_f64() * 1000.0;
        worst = worst.max(ms);
        sum += ms;
    }
    println!(
        "back one step at 10,000 {:>9.3} ms mean, {worst:.3} ms worst   aim 50 ms   ratio {:.4}",
        sum / f64::from(rounds),
        worst / 50.0
    );
}
