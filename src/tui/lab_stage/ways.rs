//! Every fault from everywhere: as a command (so in lessons, too), by keys in a menu, in a random schedule.
//!
//! ```text
//!   fault            command            menu of                    klab simulate --faults
//!   a side           network split      a node                     split
//!   a flipped bit    disk flip-bit      a replica                  damage
//! ```
//!
//! Whoever adds a kind of fault to the search, or one to the language, adds a row: the tests say what is missing.

use super::offers::offers;
use crate::cluster::{Happening, Lab};
use crate::script::{RunOptions, Session, forms, parse_line, run_script};
use crate::simulate::{FaultKind, Plan, Wish};
use crate::trace::Target;
use crate::tui::menu::{Does, Offer};
use crate::types::{Language, NodeId, TopicName, TopicPartition};
use std::collections::BTreeSet;

/// What a menu is opened on.
#[derive(Clone, Copy, Debug)]
enum On {
    Node(u32),
    Link(u32, u32),
    Replica(u32),
    /// A message of this kind under way.
    Message(&'static str),
    /// The node of a client of this name.
    Client(&'static str),
}

/// A fault: a command that begins or ends it, the menu that has it, the kind that the search draws.
struct Row(&'static str, &'static str, On, FaultKind);

/// Broker 2 is dead, 3 is frozen, and 1 is cut off from 3.
const KRAFT: &str = "\
cluster brokers=4 kafka=4.3 seed=7
topic create orders partitions=1 replication-factor=3 assignment=1:2:4
produce orders value=first acks=all
consumer start c1 group=g topics=orders paused=true
produce orders producer=p1 value=hi acks=all &
message hold next Produce
broker kill 2
broker pause 3
network cut 1 3
";
const ZOOKEEPER: &str = "cluster brokers=2 kafka=2.1 seed=7\nrun 5s\n";

/// Faults of KRaft's cluster, then those that only ZooKeeper's has.
const ROWS: &[Row] = &[
    Row("kill", "broker kill 1", On::Node(1), FaultKind::Kill),
    Row("start", "broker start 2", On::Node(2), FaultKind::Kill),
    Row("stop", "broker stop 1", On::Node(1), FaultKind::Stop),
    Row("pause", "broker pause 1", On::Node(1), FaultKind::Pause),
    Row("resume", "broker resume 3", On::Node(3), FaultKind::Pause),
    Row("power-off", "broker power-off 1", On::Node(1), FaultKind::Power),
    Row("power-off of all", "broker power-off 1", On::Node(1), FaultKind::Blackout),
    Row("slow", "broker slow 1 by=50ms", On::Node(1), FaultKind::Slow),
    Row("skew", "broker skew 1 by=5s", On::Node(1), FaultKind::Skew),
    Row("cut", "network cut 1 4", On::Link(1, 4), FaultKind::Cut),
    Row("cut, by its node", "network cut 1 4", On::Node(1), FaultKind::Cut),
    Row("heal", "network heal 1 3", On::Link(1, 3), FaultKind::Cut),
    Row("a side", "network split 1", On::Node(1), FaultKind::Split),
    Row("drop", "message drop 1", On::Message("Produce"), FaultKind::Drop),
    Row("delay", "message delay 1 by=1s", On::Message("Produce"), FaultKind::Delay),
    Row("a bit on its way", "message corrupt 1", On::Message("Produce"), FaultKind::Corrupt),
    Row("disk full", "disk full 1", On::Node(1), FaultKind::Disk),
    Row("disk read-only", "disk read-only 1", On::Node(1), FaultKind::Disk),
    Row("a flipped bit", "disk flip-bit f 1", On::Replica(1), FaultKind::Damage),
    Row("a missing file", "disk delete f", On::Replica(1), FaultKind::Damage),
    Row("a file cut short", "disk tear f", On::Replica(1), FaultKind::Damage),
    Row("controller kill", "controller kill 3001", On::Node(3001), FaultKind::Controller),
    Row("zombie controller", "controller pause 3001", On::Node(3001), FaultKind::Controller),
    Row("zombie leader", "broker pause 1", On::Replica(1), FaultKind::Pause),
    Row("zombie member", "consumer pause c1", On::Client("c1"), FaultKind::Client),
    Row("killed member", "consumer kill c1", On::Client("c1"), FaultKind::Client),
    Row("killed producer", "producer kill p1", On::Client("p1"), FaultKind::Client),
    Row("session expiry", "zookeeper expire 1", On::Node(1), FaultKind::Zookeeper),
    Row("another controller", "controller move 1", On::Node(1), FaultKind::Zookeeper),
    Row("no ZooKeeper", "zookeeper kill", On::Node(2181), FaultKind::Zookeeper),
    Row("frozen ZooKeeper", "zookeeper pause", On::Node(2181), FaultKind::Zookeeper),
];

/// The fixed words of a command: `broker kill`, `message drop`.
fn words(command: &str) -> String {
    command.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

fn session(script: &str) -> Session {
    let mut session = Session::in_memory(Language::English);
    let mut said = Vec::new();
    let mut say = |line: &str| said.push(line.to_owned());
    let end = run_script("f", script, &mut session, RunOptions::default(), &mut say, &|| false);
    assert_eq!(end.exit_code, 0, "{said:?}");
    session
}

fn target(on: On, lab: &Lab) -> Target {
    let message = |kind: &str| {
        let mut pending = lab.cluster().network.pending();
        pending.find(|pending| match &pending.happening {
            Happening::Deliver { message, .. } => message.kind() == kind,
            _ => false,
        })
    };
    match on {
        On::Node(id) => Target::Node(NodeId(id)),
        On::Link(a, b) => Target::Link(NodeId(a), NodeId(b)),
        On::Replica(id) => {
            Target::Replica(TopicPartition::new(&TopicName::new("orders"), 0), NodeId(id))
        }
        On::Message(kind) => Target::Pending(message(kind).expect("one is under way").id),
        On::Client(name) => Target::Node(lab.cluster().names[name]),
    }
}

/// All commands of a menu and of those that open from it.
fn commands(offers: &[Offer]) -> Vec<String> {
    let of = |offer: &Offer| match &offer.does {
        Does::Run(command) => vec![command.clone()],
        Does::More(more) => commands(more),
        Does::All(commands) => commands.clone(),
        Does::Open(_) => vec![],
    };
    offers.iter().flat_map(of).collect()
}

#[test]
fn every_fault_is_a_command_and_in_a_menu() {
    let (kraft, zookeeper) = (session(KRAFT), session(ZOOKEEPER));
    for Row(fault, command, on, kind) in ROWS {
        assert!(matches!(parse_line(command, 1), Ok(Some(_))), "{fault}: no command {command}");
        let session = if *kind == FaultKind::Zookeeper { &zookeeper } else { &kraft };
        let lab = session.lab.as_ref().expect("a cluster");
        let menu = offers(lab, Some(&target(*on, lab)), Language::English).expect("a menu");
        let all = commands(&menu.offers);
        let found = all.iter().any(|offered| words(offered) == words(command));
        assert!(found, "{fault}: {} is not in the menu of {on:?}: {all:?}", words(command));
    }
}

#[test]
fn every_fault_is_drawn_by_the_search() {
    for Row(fault, command, _, kind) in ROWS {
        let kafka = if *kind == FaultKind::Zookeeper { "2.1" } else { "4.3" };
        let wish = Wish { kafka: kafka.into(), faults: vec![*kind], ..Wish::default() };
        let drawn = |seed: u64| {
            let lines = Plan::new(&wish, seed).lines();
            lines.iter().any(|line| line.starts_with(&words(command)))
        };
        assert!((1..60).any(drawn), "{fault}: no schedule of {} has {command}", kind.name());
    }
}

#[test]
fn every_kind_of_the_search_and_every_form_of_a_fault_has_a_row() {
    for kind in FaultKind::ALL {
        assert!(ROWS.iter().any(|row| row.3 == kind), "no row for {}", kind.name());
    }
    // What ends a fault, what is the administrator's, and what stands beside Kafka: the scheduler's own acts.
    let other = [
        "broker add",
        "broker config",
        "zookeeper start",
        "zookeeper resume",
        "network heal",
        "controller start",
        "controller resume",
        "controller stop",
        "controller power-off",
        "disk heal",
    ];
    let verbs = ["broker", "network", "disk", "zookeeper", "controller"];
    let known: BTreeSet<String> = ROWS.iter().map(|row| words(row.1)).collect();
    for form in forms().filter(|form| verbs.contains(&form.verb())) {
        let has_row = known.contains(form.words) || other.contains(&form.words);
        assert!(has_row, "no row for '{}'", form.words);
    }
}
