//! Every invariant is fed what it forbids, and must see it.

use super::super::Lab;
use super::super::event::{Body, Stamped};
use super::super::tests::{act, consumer, partition, produce, run_for, with_topic};
use super::{INVARIANTS, Invariants};
use crate::broker;
use crate::client::Event as ClientEvent;
use crate::clock::Instant;
use crate::coordination::{self, kraft::QuorumEvent};
use crate::replica::Event as ReplicaEvent;
use crate::types::{LeaderEpoch, NodeId, Offset};
use std::sync::Arc;

fn feed(invariants: &mut Invariants, lab: &Lab, node: u32, body: Body) {
    let (cluster, node) = (lab.cluster(), NodeId(node));
    let event = Stamped { id: 1, step: 1, at: Instant(0), node, cause: None, body };
    let client = cluster.clients.get(&node).map(|client| &**client);
    invariants.watch(&event, &cluster.brokers, client);
    invariants.check(&cluster.brokers, lab.disk());
}

fn replica(event: ReplicaEvent) -> Body {
    Body::Broker(broker::Event::Replica(event))
}

fn leads(epoch: i32, start: i64) -> Body {
    let (epoch, start) = (LeaderEpoch(epoch), Offset(start));
    replica(ReplicaEvent::BecameLeader { partition: partition(), epoch, start, isr: vec![] })
}

fn marks(to: i64) -> Body {
    let (from, to) = (Offset(0), Offset(to));
    replica(ReplicaEvent::HighWatermarkAdvanced { partition: partition(), from, to })
}

fn learns(to: i64) -> Body {
    let (from, to) = (Offset(0), Offset(to));
    replica(ReplicaEvent::HighWatermarkLearned { partition: partition(), from, to })
}

fn cuts(to: i64) -> Body {
    let (partition, from, to) = (partition(), Offset(9), Offset(to));
    replica(ReplicaEvent::Truncated { partition, from, to, reason: "" })
}

fn acknowledged(acks: i16, base: i64) -> Body {
    let (partition, base_offset, by) = (partition(), Offset(base), NodeId(1));
    Body::Client(ClientEvent::Acknowledged { partition, base_offset, count: 1, acks, by })
}

fn elected(epoch: i32) -> Body {
    Body::Controller(coordination::Event::Quorum(QuorumEvent::Elected { epoch, votes: vec![] }))
}

fn assigned() -> Body {
    Body::Client(ClientEvent::Assigned { partitions: vec![partition()], generation: 7 })
}

fn polled(from: i64) -> Body {
    Body::Client(ClientEvent::Polled { count: 1, from: vec![(partition(), Offset(from))] })
}

fn stands_at(offset: i64) -> Body {
    let (partition, offset) = (partition(), Offset(offset));
    Body::Client(ClientEvent::PositionFetched { partition, offset })
}

fn commits(offset: i64) -> Body {
    Body::Client(ClientEvent::Committed { offsets: vec![(partition(), Offset(offset))] })
}

/// One record in orders-0, on all three brokers; two consumers.
fn lab() -> Lab {
    let mut lab = with_topic(3);
    produce(&mut lab, "a", "all");
    act(&mut lab, consumer("c1", "billing"));
    act(&mut lab, consumer("c2", "billing"));
    run_for(&mut lab, 5_000);
    lab
}

/// A broker's log loses its record behind everybody's back.
fn empty(lab: &mut Lab, broker: u32) {
    let node = lab.cluster.brokers.get_mut(&NodeId(broker)).unwrap();
    let broker = Arc::make_mut(node.broker.as_mut().unwrap());
    let log = &mut broker.replicas.get_mut(&partition()).unwrap().log;
    log.truncate_to(&mut lab.disk, Offset(0), &mut Vec::new()).unwrap();
}

/// A broker's record becomes another one.
fn bend(lab: &mut Lab, broker: u32) {
    let file = format!("broker-{broker}/orders-0/00000000000000000000.log");
    lab.disk_mut().flip_bit(&file, 20, 0).unwrap();
}

type Story = (&'static str, fn(&mut Lab), Vec<(u32, Body)>, fn(&mut Lab), Vec<(u32, Body)>);

#[test]
fn every_invariant_over_events_sees_what_it_forbids() {
    let clients = lab();
    let (one, two) = (clients.cluster().names["c1"].0, clients.cluster().names["c2"].0);
    let as_it_is = |_: &mut Lab| {};
    let simple = |name, story| (name, as_it_is as fn(&mut Lab), story, as_it_is as _, vec![]);
    let stories: Vec<Story> = vec![
        simple("one-leader-per-epoch", vec![(1, leads(3, 1)), (2, leads(3, 1))]),
        simple("epochs-never-go-back", vec![(1, leads(3, 1)), (1, leads(2, 1))]),
        simple("high-watermark-within-isr", vec![(1, marks(99))]),
        simple("high-watermark-never-goes-back", vec![(1, marks(1)), (1, marks(0))]),
        simple(
            "no-lost-write",
            vec![(1, leads(0, 0)), (one, acknowledged(-1, 5)), (2, leads(1, 1))],
        ),
        (
            "no-lost-write",
            as_it_is,
            vec![(1, leads(0, 0)), (one, acknowledged(1, 0))],
            |lab| empty(lab, 2),
            vec![(2, leads(1, 0))],
        ),
        (
            "no-lost-write",
            |lab| empty(lab, 2),
            vec![(1, leads(0, 0)), (2, leads(1, 0))],
            as_it_is,
            vec![(one, acknowledged(1, 0))],
        ),
        (
            "no-committed-record-cut",
            as_it_is,
            vec![(1, leads(0, 0)), (1, marks(1))],
            |lab| empty(lab, 1),
            vec![(2, cuts(0))],
        ),
        (
            "no-committed-record-cut",
            as_it_is,
            vec![(1, leads(0, 0)), (1, marks(1))],
            |lab| empty(lab, 2),
            vec![(2, leads(1, 0))],
        ),
        ("logs-agree", |lab| bend(lab, 2), vec![(1, marks(1)), (2, learns(1))], as_it_is, vec![]),
        ("logs-agree", |lab| bend(lab, 2), vec![(1, marks(1)), (2, marks(1))], as_it_is, vec![]),
        simple("no-skip", vec![(one, stands_at(3)), (one, polled(5))]),
        simple("no-non-monotonic-poll", vec![(one, stands_at(3)), (one, polled(2))]),
        simple("one-owner-per-generation", vec![(one, assigned()), (two, assigned())]),
        simple("one-quorum-leader-per-epoch", vec![(3001, elected(4)), (3002, elected(4))]),
        simple("committed-offset-within-log", vec![(1, leads(0, 0)), (one, commits(9))]),
        (
            "committed-offset-within-log",
            as_it_is,
            vec![(1, leads(0, 0)), (one, commits(1))],
            |lab| empty(lab, 2),
            vec![(2, leads(1, 0))],
        ),
    ];
    let of_files = ["index-at-batch-boundary", "bytes-decode"];
    for invariant in INVARIANTS {
        let name = invariant.name;
        assert!(stories.iter().any(|story| story.0 == name) || of_files.contains(&name), "{name}");
    }
    for (number, (name, before, story, between, rest)) in stories.into_iter().enumerate() {
        let mut lab = lab();
        let mut invariants = Invariants::default();
        before(&mut lab);
        for (node, body) in story {
            feed(&mut invariants, &lab, node, body);
        }
        between(&mut lab);
        for (node, body) in rest {
            feed(&mut invariants, &lab, node, body);
        }
        let broken = &invariants.fresh;
        assert!(broken.iter().any(|broken| broken.name == name), "{number} {name}: {broken:?}");
        let about = |sentence: &str| sentence.contains("orders-0") || sentence.contains("quorum");
        assert!(broken.iter().all(|broken| about(&broken.sentence)), "{broken:?}");
    }
}

#[test]
fn what_was_never_promised_is_not_missed() {
    let mut lab = lab();
    let mut invariants = Invariants::default();
    feed(&mut invariants, &lab, 1, leads(0, 0));
    let producer = lab.cluster().names["c1"].0;
    feed(&mut invariants, &lab, producer, acknowledged(0, 0));
    empty(&mut lab, 2);
    feed(&mut invariants, &lab, 2, leads(1, 0));
    assert_eq!(invariants.fresh, vec![]);
}
