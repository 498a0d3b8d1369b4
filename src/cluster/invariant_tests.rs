//! Every invariant is fed what it forbids, and must see it.

use super::event::{Body, Stamped};
use super::invariant::{INVARIANTS, Invariants};
use super::tests::{act, consumer, partition, produce, run_for, with_topic};
use super::world::Cluster;
use crate::broker;
use crate::client::Event as ClientEvent;
use crate::clock::Instant;
use crate::replica::Event as ReplicaEvent;
use crate::types::{LeaderEpoch, NodeId, Offset};

fn feed(invariants: &mut Invariants, cluster: &Cluster, node: u32, body: Body) {
    let node = NodeId(node);
    let event = Stamped { id: 1, step: 1, at: Instant(0), node, cause: None, body };
    let client = cluster.clients.get(&node).map(|client| &**client);
    invariants.watch(&event, &cluster.brokers, client);
}

fn leads(epoch: i32, start: i64) -> Body {
    Body::Broker(broker::Event::Replica(ReplicaEvent::BecameLeader {
        partition: partition(),
        epoch: LeaderEpoch(epoch),
        start: Offset(start),
        isr: vec![],
    }))
}

fn marks(to: i64) -> Body {
    let (from, to) = (Offset(0), Offset(to));
    let event = ReplicaEvent::HighWatermarkAdvanced { partition: partition(), from, to };
    Body::Broker(broker::Event::Replica(event))
}

fn cuts(to: i64) -> Body {
    let (partition, from, to) = (partition(), Offset(9), Offset(to));
    Body::Broker(broker::Event::Replica(ReplicaEvent::Truncated {
        partition,
        from,
        to,
        reason: "",
    }))
}

fn acknowledged(acks: i16) -> Body {
    let (partition, base_offset) = (partition(), Offset(0));
    Body::Client(ClientEvent::Acknowledged { partition, base_offset, count: 9, acks })
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

#[test]
fn every_invariant_over_events_sees_what_it_forbids() {
    let mut lab = with_topic(3);
    produce(&mut lab, "a", "all");
    act(&mut lab, consumer("c1", "billing"));
    act(&mut lab, consumer("c2", "billing"));
    run_for(&mut lab, 5_000);
    let cluster = lab.cluster();
    let (one, two) = (cluster.names["c1"].0, cluster.names["c2"].0);
    let stories: Vec<(&str, Vec<(u32, Body)>)> = vec![
        ("one-leader-per-epoch", vec![(1, leads(3, 1)), (2, leads(3, 1))]),
        ("epochs-never-go-back", vec![(1, leads(3, 1)), (2, leads(2, 1))]),
        ("high-watermark-within-isr", vec![(1, marks(99))]),
        ("high-watermark-never-goes-back", vec![(1, marks(1)), (1, marks(0))]),
        ("no-lost-write", vec![(1, leads(0, 0)), (one, acknowledged(-1)), (2, leads(1, 1))]),
        ("no-committed-record-cut", vec![(1, leads(0, 0)), (1, marks(99)), (2, cuts(50))]),
        ("no-skip", vec![(one, stands_at(3)), (one, polled(5))]),
        ("no-non-monotonic-poll", vec![(one, stands_at(3)), (one, polled(2))]),
        ("one-owner-per-generation", vec![(one, assigned()), (two, assigned())]),
    ];
    let of_files = ["logs-agree", "index-at-batch-boundary", "bytes-decode"];
    for (name, _, _) in INVARIANTS {
        assert!(stories.iter().any(|story| story.0 == *name) || of_files.contains(name), "{name}");
    }
    for (name, story) in stories {
        let mut invariants = Invariants::default();
        for (node, body) in story {
            feed(&mut invariants, cluster, node, body);
        }
        assert!(invariants.fresh.iter().any(|broken| broken.name == name), "{name}");
    }
}
