//! The producer against a made-up cluster: batches, linger, retries, leader changes, time-outs.

use super::*;
use crate::batch;
use crate::client::testing::{Driver, metadata_of, produced};
use crate::protocol::{Request, Response};
use crate::types::{LeaderEpoch, Timestamp};

fn record(value: &str) -> ProducerRecord {
    ProducerRecord {
        topic: TopicName::new("orders"),
        partition: Some(0),
        key: None,
        value: Some(value.as_bytes().to_vec()),
        headers: Vec::new(),
        timestamp: None,
    }
}

fn producer(settings: &[(&str, &str)]) -> Driver<Producer> {
    let mut config = ProducerConfig::default();
    for (name, value) in settings {
        assert_eq!(config.set(name, value), Ok(true));
    }
    let nodes = vec![NodeId(1), NodeId(2)];
    Driver::new(Producer::new(NodeId(10001), "p1", nodes, 7, config), Producer::step)
}

fn send(driver: &mut Driver<Producer>, ticket: u64, values: &[&str]) {
    let records = values.iter().map(|value| record(value)).collect();
    driver.act(|producer, now, out| producer.send(now, ticket, records, out));
}

/// Answers the metadata request that is under way: two partitions of `orders`, led by broker 1.
fn tell(driver: &mut Driver<Producer>, leader: u32, epoch: i32) {
    let (to, correlation, request) = driver.take_request();
    assert!(matches!(request, Request::Metadata(_)), "{request:?}");
    driver.answer(to, correlation, metadata_of("orders", &[(leader, epoch), (leader, epoch)]));
}

fn batch_values(request: &Request) -> Vec<Vec<String>> {
    let Request::Produce(request) = request else { panic!("{request:?}") };
    let mut found = Vec::new();
    for (_, bytes) in &request.partitions {
        for item in batch::batches(bytes) {
            let (_, _, one) = item.unwrap();
            batch::verify(one).unwrap();
            let text = |r: batch::Record| String::from_utf8(r.value.unwrap()).unwrap();
            found.push(batch::records(one).unwrap().into_iter().map(text).collect());
        }
    }
    found
}

#[test]
fn records_linger_and_go_together() {
    let mut driver = producer(&[]);
    send(&mut driver, 1, &["a", "b"]);
    tell(&mut driver, 1, 0);
    assert!(driver.requests.is_empty(), "the batch lingers");
    assert_eq!(driver.run_timer(Timer::ProducerSend), 5);
    let (to, correlation, request) = driver.take_request();
    assert_eq!((to, batch_values(&request)), (NodeId(1), vec![vec!["a".into(), "b".into()]]));
    assert_eq!(driver.machine.outcome(1), None);
    driver.answer(to, correlation, produced("orders", 0, ErrorCode::NONE, 40));
    let outcome = driver.machine.outcome(1).unwrap();
    let partition = TopicPartition::parse("orders-0").unwrap();
    assert_eq!(outcome.first, Some((partition.clone(), Offset(40))));
    assert_eq!(outcome.acknowledged, [(partition, Offset(40), 2)]);
    assert!(driver.machine.is_idle() && driver.machine.unsettled().is_none());
    assert_eq!(driver.machine.memory_used(), 0);
}

#[test]
fn batch_size_zero_makes_a_batch_of_each_record() {
    let mut driver = producer(&[("batch.size", "0"), ("linger.ms", "0")]);
    send(&mut driver, 1, &["a", "b", "c"]);
    tell(&mut driver, 1, 0);
    let mut seen = Vec::new();
    while !driver.requests.is_empty() {
        seen.extend(batch_values(&driver.take_request().2));
    }
    assert_eq!(seen, [vec!["a".to_owned()], vec!["b".to_owned()], vec!["c".to_owned()]]);
}

#[test]
fn batch_size_and_in_flight_limit_shape_the_requests() {
    let settings = [("batch.size", "100"), ("max.in.flight.requests.per.connection", "2")];
    let mut driver = producer(&settings);
    let value = "x".repeat(60);
    send(&mut driver, 1, &[&value, &value, &value, &value]);
    tell(&mut driver, 1, 0);
    assert_eq!(driver.requests.len(), 2, "two under way, the others wait");
    let (to, correlation, _) = driver.take_request();
    driver.answer(to, correlation, produced("orders", 0, ErrorCode::NONE, 0));
    assert_eq!(driver.requests.len(), 2);
}

#[test]
fn a_new_leader_is_followed_at_once_and_the_batch_is_the_same() {
    let mut driver = producer(&[("linger.ms", "0")]);
    send(&mut driver, 1, &["a"]);
    tell(&mut driver, 1, 0);
    let (to, correlation, first) = driver.take_request();
    let mut refusal = produced("orders", 0, ErrorCode::NOT_LEADER_OR_FOLLOWER, -1);
    if let Response::Produce(response) = &mut refusal {
        response.partitions[0].current_leader = Some((NodeId(2), LeaderEpoch(1)));
    }
    driver.answer(to, correlation, refusal);
    let (to, _, second) = driver.take_request();
    assert_eq!(to, NodeId(2));
    assert_eq!(batch_values(&first), batch_values(&second));
    assert!(driver.kinds().contains(&"Retrying"));
}

#[test]
fn a_lost_connection_is_retried_and_without_retries_it_is_the_outcome() {
    for (retries, ends) in [("0", true), ("3", false)] {
        let mut driver = producer(&[("linger.ms", "0"), ("retries", retries)]);
        send(&mut driver, 1, &["a"]);
        tell(&mut driver, 1, 0);
        driver.take_request();
        driver.input(Input::Disconnected { peer: NodeId(1) });
        if ends {
            assert_eq!(driver.machine.outcome(1).unwrap().error, ErrorCode::NETWORK_EXCEPTION);
            continue;
        }
        assert_eq!(driver.machine.outcome(1), None);
        driver.run_timers_until(|driver| !driver.requests.is_empty());
        tell(&mut driver, 2, 1);
        driver.run_timers_until(|driver| !driver.requests.is_empty());
        let (to, correlation, request) = driver.take_request();
        assert_eq!((to, batch_values(&request)), (NodeId(2), vec![vec!["a".to_owned()]]));
        driver.answer(to, correlation, produced("orders", 0, ErrorCode::NONE, 3));
        assert!(driver.machine.outcome(1).unwrap().error.is_none());
    }
}

#[test]
fn a_silent_broker_costs_a_request_timeout_and_then_the_delivery_timeout() {
    let mut driver = producer(&[("delivery.timeout.ms", "40000")]);
    send(&mut driver, 1, &["a"]);
    tell(&mut driver, 1, 0);
    for _ in 0..10_000 {
        if driver.machine.outcome(1).is_some() {
            break;
        }
        if let Some(at) = driver.requests.iter().position(|r| matches!(r.2, Request::Metadata(_))) {
            let (to, correlation, _) = driver.requests.remove(at).unwrap();
            driver.answer(to, correlation, metadata_of("orders", &[(1, 0), (1, 0)]));
        } else {
            driver.run_next_timer();
        }
    }
    assert_eq!(driver.machine.outcome(1).unwrap().error, ErrorCode::TIMEOUT);
    assert_eq!(driver.now.0 / 1_000_000, 40);
    assert!(driver.machine.is_idle());
}

#[test]
fn an_unknown_topic_times_out_after_max_block() {
    let mut driver = producer(&[("max.block.ms", "2000")]);
    send(&mut driver, 1, &["a"]);
    for _ in 0..10_000 {
        if driver.machine.outcome(1).is_some() {
            break;
        }
        if driver.requests.is_empty() {
            driver.run_next_timer();
        } else {
            let (to, correlation, _) = driver.take_request();
            driver.answer(to, correlation, metadata_of("orders", &[]));
        }
    }
    assert_eq!(driver.machine.outcome(1).unwrap().error, ErrorCode::TIMEOUT);
    assert_eq!(driver.now.0 / 1_000_000, 2);
}

#[test]
fn a_batch_that_is_too_large_is_split_down_to_one_record() {
    let mut driver = producer(&[("linger.ms", "0")]);
    send(&mut driver, 1, &["a", "b"]);
    tell(&mut driver, 1, 0);
    let mut written = Vec::new();
    for _ in 0..20 {
        if driver.requests.is_empty() {
            if driver.machine.is_idle() {
                break;
            }
            driver.run_next_timer();
            continue;
        }
        let (to, correlation, request) = driver.take_request();
        let values = batch_values(&request).remove(0);
        let error = match values.len() {
            1 => ErrorCode::NONE,
            _ => ErrorCode::MESSAGE_TOO_LARGE,
        };
        if error.is_none() {
            written.extend(values);
        }
        driver.answer(to, correlation, produced("orders", 0, error, 0));
    }
    assert_eq!(written, ["a", "b"]);
    assert_eq!(driver.machine.memory_used(), 0);
    assert!(driver.machine.outcome(1).unwrap().error.is_none());
}

#[test]
fn acks_0_waits_for_nothing_and_closing_flushes() {
    let mut driver = producer(&[("acks", "0"), ("linger.ms", "60000")]);
    send(&mut driver, 1, &["a"]);
    tell(&mut driver, 1, 0);
    driver.act(|producer, now, out| producer.close(now, 2, out));
    let (_, _, request) = driver.take_request();
    assert_eq!(batch_values(&request), [vec!["a".to_owned()]]);
    assert!(driver.machine.outcome(1).unwrap().error.is_none());
    assert!(driver.machine.outcome(2).is_some() && driver.machine.is_closed());
}

#[test]
fn a_workload_numbers_its_records_and_ends() {
    let mut driver = producer(&[("linger.ms", "0"), ("acks", "0")]);
    let workload = Workload {
        template: ProducerRecord { timestamp: Some(Timestamp(5)), ..record("n{n}") },
        every: Duration::from_ms(10),
        count: Some(3),
    };
    driver.act(|producer, now, out| producer.start_workload(now, workload, out));
    tell(&mut driver, 1, 0);
    driver.run_timers_until(|driver| driver.machine.is_idle());
    let mut seen = Vec::new();
    while !driver.requests.is_empty() {
        seen.extend(batch_values(&driver.take_request().2).concat());
    }
    assert_eq!(seen, ["n0", "n1", "n2"]);
    assert_eq!(driver.now.0, 20_000);
}
