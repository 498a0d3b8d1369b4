//! What the controller does, from outside: znodes, orders, events.

use super::harness::{Lab, ids, tp};
use super::*;
use crate::protocol::{
    AlterPartition, AlterPartitionReassignmentsRequest, AlterPartitionRequest,
    ControlledShutdownRequest, ElectLeadersRequest,
};
use crate::types::{BrokerEpoch, LeaderEpoch, PartitionEpoch};

fn alter(lab: &Lab, partition: &str, isr: &[u32]) -> Request {
    let (_, state) = lab.state(partition);
    let broker = state.leader.unwrap();
    let new_isr = isr.iter().map(|id| (NodeId(*id), BrokerEpoch(-1))).collect();
    Request::AlterPartition(AlterPartitionRequest {
        broker,
        broker_epoch: lab.nodes[&broker].epoch,
        partitions: vec![AlterPartition {
            partition: tp(partition),
            leader_epoch: state.leader_epoch,
            partition_epoch: state.partition_epoch,
            new_isr,
            recovering: false,
        }],
    })
}

#[test]
fn the_first_broker_is_controller_and_the_others_watch_it() {
    let lab = Lab::new("3.9", 3);
    assert_eq!(lab.controller(), 1);
    assert_eq!(lab.data("/controller_epoch"), Some("1"));
    assert!(lab.kinds().contains(&"ControllerElected"));
    assert!(lab.told().contains("2: broker 2 finds /controller taken by broker 1"));
    let (watchers, _) = lab.tree.watchers("/controller");
    assert_eq!(watchers.len(), 3);
    assert_eq!(lab.nodes[&NodeId(1)].controller.context().live.len(), 3);
}

#[test]
fn a_topic_gets_its_first_leaders_and_each_replica_hears_of_it() {
    for kafka in ["0.8.2", "0.10.2", "2.1", "3.9"] {
        let mut lab = Lab::new(kafka, 3);
        lab.create_topic("orders", &[&[2, 3, 1], &[3, 1, 2]]);
        assert_eq!(lab.leadership("orders-0"), (Some(2), vec![2, 3, 1], 0), "{kafka}");
        assert_eq!(lab.leadership("orders-1"), (Some(3), vec![3, 1, 2], 0));
        assert_eq!(lab.state("orders-0").0, 1);
        for id in 1..=3 {
            let told = &lab.nodes[&NodeId(id)].told[&tp("orders-0")];
            assert!(told.is_new && told.leader == Some(NodeId(2)), "{kafka}");
        }
        let node = lab.data("/brokers/topics/orders").unwrap();
        assert_eq!(node.contains("topic_id"), kafka == "3.9");
    }
}

#[test]
fn a_dead_leader_costs_one_epoch_and_a_dead_leader_that_was_controller_two() {
    let mut lab = Lab::new("3.9", 3);
    lab.create_topic("orders", &[&[2, 3, 1]]);
    lab.kill_and_expire(2);
    assert_eq!(lab.leadership("orders-0"), (Some(3), vec![3, 1], 1));
    let mut lab = Lab::new("3.9", 3);
    lab.create_topic("orders", &[&[1, 2, 3]]);
    lab.kill_and_expire(1);
    assert_eq!((lab.controller(), lab.data("/controller_epoch")), (2, Some("2")));
    assert_eq!(lab.leadership("orders-0"), (Some(2), vec![2, 3], 2));
    assert_eq!(lab.state("orders-0").0, 2);
    // Before 2.3 a new controller did not touch dead replicas: one epoch.
    let mut lab = Lab::new("2.1", 3);
    lab.create_topic("orders", &[&[1, 2, 3], &[2, 3, 1]]);
    lab.kill_and_expire(1);
    assert_eq!(lab.leadership("orders-0"), (Some(2), vec![2, 3], 1));
    assert_eq!(lab.leadership("orders-1"), (Some(2), vec![2, 3, 1], 0));
}

#[test]
fn a_dead_follower_leaves_the_isr_and_raises_the_epoch() {
    let mut lab = Lab::new("3.9", 3);
    lab.create_topic("orders", &[&[2, 3, 1]]);
    lab.kill_and_expire(3);
    assert_eq!(lab.leadership("orders-0"), (Some(2), vec![2, 1], 1));
    assert_eq!(lab.nodes[&NodeId(2)].told[&tp("orders-0")].leader_epoch, LeaderEpoch(1));
}

#[test]
fn the_last_member_stays_in_the_isr_without_leader_until_it_returns() {
    let mut lab = Lab::new("3.9", 3);
    lab.create_topic("orders", &[&[2, 3, 1]]);
    lab.kill_and_expire(3);
    lab.kill_and_expire(1);
    assert_eq!(lab.leadership("orders-0"), (Some(2), vec![2], 2));
    lab.kill_and_expire(2);
    lab.start(3);
    assert_eq!(lab.leadership("orders-0"), (None, vec![2], 3));
    lab.start(2);
    assert_eq!(lab.leadership("orders-0"), (Some(2), vec![2], 4));
}

#[test]
fn unclean_elections_follow_the_topic_or_the_command() {
    let unclean = r#"{"version":1,"config":{"unclean.leader.election.enable":"true"}}"#;
    for (kafka, epoch) in [("0.10.2", 3), ("2.1", 3), ("3.9", 4)] {
        let mut lab = Lab::new(kafka, 3);
        lab.write("/config/topics/orders", unclean);
        lab.create_topic("orders", &[&[1, 2, 3]]);
        lab.kill_and_expire(2);
        lab.kill_and_expire(3);
        assert_eq!(lab.leadership("orders-0"), (Some(1), vec![1], 2), "{kafka}");
        lab.kill_and_expire(1);
        lab.start(2);
        assert_eq!(lab.leadership("orders-0"), (Some(2), vec![2], epoch), "{kafka}");
        let (_, state) = lab.state("orders-0");
        assert_eq!(state.recovering, kafka == "3.9");
    }
    let mut lab = Lab::new("3.9", 2);
    lab.create_topic("orders", &[&[2, 1]]);
    lab.request(1, alter(&lab.clone(), "orders-0", &[2]));
    lab.kill_and_expire(2);
    assert_eq!(lab.leadership("orders-0"), (None, vec![2], 1));
    let partitions = Some(vec![tp("orders-0")]);
    let asked = Request::ElectLeaders(ElectLeadersRequest { unclean: true, partitions });
    let Some(Response::ElectLeaders(answer)) = lab.request(1, asked) else { panic!() };
    assert_eq!(answer.partitions[0].1, ErrorCode::NONE);
    assert_eq!(lab.leadership("orders-0"), (Some(1), vec![1], 2));
    assert!(lab.told().contains("leader 1 elected uncleanly"));
}

#[test]
fn leaders_ask_for_another_isr_and_stale_wishes_are_refused() {
    let mut lab = Lab::new("3.9", 3);
    lab.create_topic("orders", &[&[2, 3, 1]]);
    let old = alter(&lab, "orders-0", &[2, 3]);
    let Some(Response::AlterPartition(answer)) =
        lab.request(1, alter(&lab.clone(), "orders-0", &[2, 1]))
    else {
        panic!()
    };
    let one = &answer.partitions[0];
    assert_eq!((one.error, one.partition_epoch), (ErrorCode::NONE, PartitionEpoch(1)));
    assert_eq!(lab.leadership("orders-0"), (Some(2), vec![2, 1], 0));
    let Some(Response::AlterPartition(answer)) = lab.request(1, old) else { panic!() };
    assert_eq!(answer.partitions[0].error, ErrorCode::INVALID_UPDATE_VERSION);
    lab.kill_and_expire(3);
    let Some(Response::AlterPartition(answer)) =
        lab.request(1, alter(&lab.clone(), "orders-0", &[2, 1, 3]))
    else {
        panic!()
    };
    assert_eq!(answer.partitions[0].error, ErrorCode::INELIGIBLE_REPLICA);
    let wish = alter(&lab, "orders-0", &[2]);
    let Some(Response::AlterPartition(answer)) = lab.request(2, wish) else { panic!() };
    assert_eq!(answer.error, ErrorCode::NOT_CONTROLLER);
}

#[test]
fn preferred_leaders_return_on_request_by_znode_and_by_themselves() {
    let mut lab = Lab::new("3.9", 3);
    let bounce = |lab: &mut Lab| {
        lab.kill_and_expire(2);
        lab.start(2);
        let wish = alter(lab, "orders-0", &[3, 1, 2]);
        lab.request(1, wish);
        assert_eq!(lab.leadership("orders-0").0, Some(3));
    };
    lab.create_topic("orders", &[&[2, 3, 1]]);
    bounce(&mut lab);
    let partitions = Some(vec![tp("orders-0")]);
    let asked = ElectLeadersRequest { unclean: false, partitions };
    lab.request(1, Request::ElectLeaders(asked.clone()));
    assert_eq!(lab.leadership("orders-0"), (Some(2), vec![3, 1, 2], 2));
    let Some(Response::ElectLeaders(answer)) = lab.request(1, Request::ElectLeaders(asked)) else {
        panic!()
    };
    assert_eq!(answer.partitions[0].1, ErrorCode::ELECTION_NOT_NEEDED);
    bounce(&mut lab);
    let data = znodes::partition_list(&[tp("orders-0")]);
    lab.write(znodes::PREFERRED_REPLICA_ELECTION, &data);
    lab.run();
    assert_eq!(lab.leadership("orders-0").0, Some(2));
    assert_eq!(lab.data(znodes::PREFERRED_REPLICA_ELECTION), None);
    bounce(&mut lab);
    lab.advance(301_000);
    assert_eq!(lab.leadership("orders-0").0, Some(2));
    assert!(lab.told().contains("leaders move back to preferred replicas"));
}

#[test]
fn a_broker_that_stops_gives_its_leaders_away_first() {
    let mut lab = Lab::new("3.9", 3);
    lab.create_topic("orders", &[&[2, 3, 1], &[1, 2, 3], &[2]]);
    let broker_epoch = lab.nodes[&NodeId(2)].epoch;
    let asked = ControlledShutdownRequest { broker: NodeId(2), broker_epoch };
    let Some(Response::ControlledShutdown(answer)) =
        lab.request(1, Request::ControlledShutdown(asked))
    else {
        panic!()
    };
    assert_eq!((answer.error, answer.remaining), (ErrorCode::NONE, Vec::new()));
    assert_eq!(lab.leadership("orders-0"), (Some(3), vec![3, 1], 1));
    assert_eq!(lab.leadership("orders-1"), (Some(1), vec![1, 3], 1));
    assert_eq!(lab.leadership("orders-2"), (Some(2), vec![2], 0));
    lab.kill_and_expire(2);
    assert_eq!(lab.leadership("orders-0"), (Some(3), vec![3, 1], 1));
    assert_eq!(lab.leadership("orders-2"), (None, vec![2], 1));
}

#[test]
fn a_topic_is_deleted_when_its_last_copy_is() {
    let mut lab = Lab::new("3.9", 3);
    lab.create_topic("orders", &[&[2, 3], &[1, 2]]);
    lab.create_topic("other", &[&[1]]);
    lab.write("/config/topics/orders", "{}");
    lab.kill_and_expire(3);
    lab.write("/admin/delete_topics/orders", "");
    lab.run();
    assert!(lab.told().contains("the deletion of topic orders has to wait"));
    assert!(lab.data("/brokers/topics/orders").is_some());
    lab.start(3);
    for path in ["/brokers/topics/orders", "/config/topics/orders", "/admin/delete_topics/orders"] {
        assert_eq!(lab.data(path), None, "{path}\n{}", lab.told());
    }
    assert!(lab.nodes.values().all(|node| !node.told.contains_key(&tp("orders-0"))));
    assert!(lab.kinds().contains(&"TopicDeleted"));
    lab.write("/admin/delete_topics/never", "");
    lab.run();
    assert_eq!(lab.data("/admin/delete_topics/never"), None);
}

#[test]
fn a_topic_grows() {
    let mut lab = Lab::new("2.1", 3);
    lab.create_topic("orders", &[&[2, 3]]);
    lab.create_topic("orders", &[&[2, 3], &[3, 1]]);
    assert_eq!(lab.leadership("orders-1"), (Some(3), vec![3, 1], 0));
}

#[test]
fn replicas_are_replaced_by_request() {
    let mut lab = Lab::new("3.9", 4);
    lab.create_topic("orders", &[&[2, 3]]);
    let wanted = vec![(tp("orders-0"), Some(ids(&[4, 3])))];
    let asked = AlterPartitionReassignmentsRequest { partitions: wanted };
    let Some(Response::AlterPartitionReassignments(answer)) =
        lab.request(1, Request::AlterPartitionReassignments(asked))
    else {
        panic!()
    };
    assert_eq!(answer.partitions[0].1, ErrorCode::NONE);
    let node = znodes::read_topic(lab.data("/brokers/topics/orders").unwrap()).unwrap();
    let on_the_way = &node.partitions[&0];
    assert_eq!(on_the_way.replicas, ids(&[4, 3, 2]));
    assert_eq!((&on_the_way.adding, &on_the_way.removing), (&ids(&[4]), &ids(&[2])));
    assert_eq!(lab.leadership("orders-0"), (Some(2), vec![2, 3], 1));
    assert!(lab.nodes[&NodeId(4)].told[&tp("orders-0")].is_new);
    // A change of office does not lose it.
    lab.kill_and_expire(1);
    let controller = lab.controller();
    let wish = alter(&lab, "orders-0", &[2, 3, 4]);
    lab.request(controller, wish);
    let node = znodes::read_topic(lab.data("/brokers/topics/orders").unwrap()).unwrap();
    assert_eq!(node.partitions[&0], znodes::Assignment::of(ids(&[4, 3])));
    let (leader, isr, _) = lab.leadership("orders-0");
    assert_eq!((leader, isr), (Some(4), vec![3, 4]));
    assert!(!lab.nodes[&NodeId(2)].told.contains_key(&tp("orders-0")));
    assert!(lab.kinds().contains(&"ReassignmentDone"));
}

#[test]
fn replicas_are_replaced_by_znode_before_there_was_a_request() {
    let mut lab = Lab::new("2.1", 4);
    lab.create_topic("orders", &[&[2, 3]]);
    let wanted = std::collections::BTreeMap::from([(tp("orders-0"), ids(&[3, 4]))]);
    lab.write(znodes::REASSIGN_PARTITIONS, &znodes::reassignment(&wanted));
    lab.run();
    assert_eq!(lab.leadership("orders-0").2, 1);
    lab.kill_and_expire(1);
    // The leader writes the state itself; the controller watches the znode.
    let (epoch, mut state) = lab.state("orders-0");
    state.isr = ids(&[2, 3, 4]);
    lab.write(&znodes::state_path(&tp("orders-0")), &znodes::state(epoch, &state));
    lab.run();
    let node = znodes::read_topic(lab.data("/brokers/topics/orders").unwrap()).unwrap();
    assert_eq!(node.partitions[&0], znodes::Assignment::of(ids(&[3, 4])));
    assert_eq!(lab.leadership("orders-0").0, Some(3));
    assert_eq!(lab.data(znodes::REASSIGN_PARTITIONS), None);
}

#[test]
fn a_reassignment_can_be_cancelled() {
    let mut lab = Lab::new("3.9", 4);
    lab.create_topic("orders", &[&[2, 3]]);
    for target in [Some(ids(&[3, 4])), None] {
        let partitions = vec![(tp("orders-0"), target)];
        let asked = AlterPartitionReassignmentsRequest { partitions };
        lab.request(1, Request::AlterPartitionReassignments(asked));
    }
    let node = znodes::read_topic(lab.data("/brokers/topics/orders").unwrap()).unwrap();
    assert_eq!(node.partitions[&0].replicas.len(), 2);
    assert!(!node.partitions[&0].is_reassigning());
    assert!(!lab.nodes[&NodeId(4)].told.contains_key(&tp("orders-0")));
    let partitions = vec![(tp("orders-0"), None), (tp("orders-0"), Some(ids(&[9])))];
    let asked = AlterPartitionReassignmentsRequest { partitions };
    let Some(Response::AlterPartitionReassignments(answer)) =
        lab.request(1, Request::AlterPartitionReassignments(asked))
    else {
        panic!()
    };
    assert_eq!(answer.partitions[0].1, ErrorCode::NO_REASSIGNMENT_IN_PROGRESS);
    assert_eq!(answer.partitions[1].1, ErrorCode::INVALID_REPLICA_ASSIGNMENT);
}

#[test]
fn notes_about_isrs_reach_everybody_and_go() {
    let mut lab = Lab::new("2.1", 3);
    lab.create_topic("orders", &[&[2, 3, 1]]);
    let (epoch, mut state) = lab.state("orders-0");
    state.isr = ids(&[2, 1]);
    lab.write(&znodes::state_path(&tp("orders-0")), &znodes::state(epoch, &state));
    let before = lab.orders.len();
    let note = format!("{}0000000000", znodes::ISR_CHANGE_PREFIX);
    lab.write(&note, &znodes::partition_list(&[tp("orders-0")]));
    lab.run();
    assert_eq!(lab.data(&note), None);
    let told = |(_, _, request): &&(NodeId, NodeId, Request)| matches!(request, Request::UpdateMetadata(order) if order.partitions[0].isr == ids(&[2, 1]));
    assert_eq!(lab.orders[before..].iter().filter(told).count(), 3);
}

#[test]
fn a_broker_that_bounced_is_gone_and_new() {
    let mut lab = Lab::new("3.9", 3);
    lab.create_topic("orders", &[&[2, 3, 1]]);
    lab.pause(1);
    lab.kill_and_expire(2);
    lab.start(2);
    lab.resume(1);
    assert!(lab.kinds().contains(&"BrokersBounced"));
    assert_eq!(lab.leadership("orders-0"), (Some(3), vec![3, 1], 1));
}

#[test]
fn a_controller_whose_office_is_taken_resigns_and_its_writes_are_refused_since_2_1() {
    for (kafka, fenced) in [("0.10.2", false), ("2.1", true), ("3.9", true)] {
        let mut lab = Lab::new(kafka, 3);
        lab.pause(1);
        lab.create_topic("orders", &[&[3, 2]]);
        // 1 has to create the first leader, but sleeps; somebody deletes /controller, and 2 does it.
        lab.delete("/controller");
        lab.run();
        assert_eq!((lab.controller(), lab.leadership("orders-0").0), (2, Some(3)));
        lab.resume(1);
        assert_eq!(
            lab.kinds().contains(&"ZooKeeperWriteFenced"),
            fenced,
            "{kafka}\n{}",
            lab.told()
        );
        assert_eq!(lab.kinds().contains(&"NoLeaderFound"), !fenced, "{kafka}\n{}", lab.told());
        assert_eq!(lab.state("orders-0").0, 2, "{kafka}");
        assert!(!lab.nodes[&NodeId(1)].controller.is_active());
        assert!(lab.kinds().contains(&"ControllerResigned"));
    }
}

#[test]
fn a_state_that_a_newer_controller_wrote_is_left_alone() {
    let mut lab = Lab::new("2.1", 3);
    lab.create_topic("orders", &[&[3, 2]]);
    lab.pause(1);
    lab.expire(3);
    lab.nodes.get_mut(&NodeId(3)).unwrap().up = false;
    lab.delete("/controller");
    lab.run();
    let written = lab.leadership("orders-0");
    assert_eq!(written, (Some(2), vec![2], 1));
    lab.resume(1);
    assert!(lab.kinds().contains(&"StateNewer"), "{}", lab.told());
    assert_eq!(lab.leadership("orders-0"), written);
}

/// A controller falls asleep between reading a state and writing it. Its session ends, another one takes office, the
/// leader that it took for dead is back; then it wakes up.
fn zombie(kafka: &str) -> Lab {
    let mut lab = Lab::new(kafka, 3);
    lab.create_topic("orders", &[&[3, 2]]);
    lab.kill(3);
    let session = lab.nodes[&NodeId(3)].session;
    lab.end_session(session);
    while lab.nodes[&NodeId(1)].controller.asks()
        != Some("/brokers/topics/orders/partitions/0/state")
    {
        assert!(lab.step());
    }
    lab.pause(1);
    lab.start(3);
    lab.expire(1);
    lab.resume(1);
    lab.learn_of_expiry(1);
    lab
}

#[test]
fn a_zombie_of_old_writes_and_state_and_brokers_disagree() {
    let lab = zombie("0.10.2");
    assert_eq!(lab.controller(), 2, "{}", lab.told());
    assert_eq!(lab.state("orders-0").0, 1, "the old controller wrote it\n{}", lab.told());
    assert_eq!(lab.leadership("orders-0").0, Some(2));
    assert_eq!(lab.nodes[&NodeId(3)].told[&tp("orders-0")].leader, Some(NodeId(3)));
    assert!(
        lab.told().contains("refuses LeaderAndIsr with STALE_CONTROLLER_EPOCH"),
        "{}",
        lab.told()
    );
}

#[test]
fn a_zombie_of_today_writes_nothing() {
    for kafka in ["2.1", "3.9"] {
        let lab = zombie(kafka);
        assert_eq!(lab.controller(), 2, "{kafka}");
        let (epoch, state) = lab.state("orders-0");
        assert_eq!((epoch, state.leader), (1, Some(NodeId(3))), "{kafka}\n{}", lab.told());
    }
}

#[test]
fn a_session_that_ends_costs_the_office() {
    let mut lab = Lab::new("3.9", 3);
    lab.create_topic("orders", &[&[1, 2, 3]]);
    lab.expire(1);
    assert_eq!(lab.controller(), 2);
    assert!(lab.nodes[&NodeId(1)].controller.is_active(), "it has not heard yet");
    lab.learn_of_expiry(1);
    assert!(!lab.nodes[&NodeId(1)].controller.is_active());
    assert_eq!(lab.controller(), 2);
    assert_eq!(lab.leadership("orders-0"), (Some(2), vec![2, 3], 2));
    assert_eq!(lab.nodes[&NodeId(2)].controller.context().live.len(), 3);
}

#[test]
fn brokers_refuse_the_orders_of_an_old_controller() {
    let mut lab = Lab::new("0.10.2", 3);
    lab.create_topic("orders", &[&[1, 2, 3]]);
    lab.expire(1);
    assert_eq!(lab.controller(), 2);
    // The old one still believes in its office; a note makes it tell everybody something.
    lab.with(NodeId(1), |controller, now, out| {
        controller.put(now, Work::UncleanEnabled(None), out);
        controller.put(now, Work::IsrChangeNotification, out);
    });
    lab.run();
    let before = lab.nodes[&NodeId(3)].heard;
    lab.with(NodeId(1), |controller, now, out| controller.put(now, Work::BrokerChange, out));
    lab.run();
    assert_eq!(lab.nodes[&NodeId(3)].heard, before);
}

#[test]
fn one_order_at_a_time_and_again_after_a_failure() {
    let mut lab = Lab::new("3.9", 3);
    lab.pause(3);
    lab.create_topic("a", &[&[3, 1]]);
    lab.create_topic("b", &[&[3, 1]]);
    let line = |lab: &Lab| {
        let (_, line) =
            lab.nodes[&NodeId(1)].controller.channels().find(|(id, _)| id.0 == 3).unwrap();
        (line.under_way.as_ref().map(Request::kind), line.waiting.len())
    };
    assert_eq!(line(&lab), (Some("LeaderAndIsr"), 3));
    lab.resume(3);
    assert_eq!(line(&lab), (None, 0));
    assert_eq!(lab.nodes[&NodeId(3)].told.len(), 2);
}

#[test]
fn taking_office_reads_everything_and_says_how_much() {
    let mut lab = Lab::new("3.9", 3);
    let rows: Vec<&[u32]> = (0..50).map(|_| &[2, 3][..]).collect();
    lab.create_topic("orders", &rows);
    let before = lab.asked;
    lab.kill_and_expire(1);
    let read = lab.events.iter().find_map(|(_, event)| match event {
        Event::Controller(ControllerEvent::Loaded { partitions: 50, requests, .. }) => {
            Some(*requests)
        }
        _ => None,
    });
    assert!(read.is_some_and(|requests| requests > 50), "{}", lab.told());
    assert!(lab.asked - before > 50);
}
