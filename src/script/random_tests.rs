//! Commands built at random from the table of forms, thrown at living labs.
//!
//! What must hold whatever is typed: no panic, no endless command, and whoever is refused hears a sentence. The seeds
//! are fixed; `KLAB_RANDOM_SEEDS=N` tries more of them.

use super::configs::Scope;
use super::form::{Form, Kind, Slot};
use super::*;
use crate::prng::{Purpose, below};
use crate::types::Language;

/// What each lab begins with; the last has no topic and nothing that runs yet.
const LABS: &[&str] = &[
    "cluster brokers=3 kafka=4.3 seed=7",
    "cluster brokers=3 kafka=2.1 seed=7",
    "cluster brokers=3 kafka=0.8.2 seed=7",
    "cluster brokers=2 kafka=4.3 controllers=3 seed=7",
    "cluster brokers=3 kafka=3.9 seed=7",
];
const WARM_UP: &[&str] = &[
    "topic create orders partitions=2 replication-factor=2",
    "produce orders key=a value=b count=5 acks=all",
    "producer start p1",
    "run 1s",
    "branch other",
];
/// Commands of one lab.
const COMMANDS: u64 = 90;
/// Happenings that one command may take before it is left.
const PATIENCE: usize = 150;

struct Dice {
    seed: u64,
    thrown: u64,
}

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.thrown += 1;
        below(self.seed, Purpose::Simulation, 0, 0, self.thrown, bound)
    }
    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len() as u64) as usize]
    }
    fn word(&mut self, kind: Kind) -> String {
        if self.below(12) == 0 {
            let odd = [
                "",
                "0",
                "-1",
                "99999999999999999999",
                "orders",
                "é集",
                "a=b",
                "1,,2",
                "\"",
                "{1,2}",
                "null",
            ];
            return self.of(&odd).to_owned();
        }
        let words: &[&str] = match kind {
            Kind::Topic => &["orders", "other", "orders-0", "__consumer_offsets"],
            Kind::Topics => &["orders", "orders,other", ","],
            Kind::Partition => {
                &["orders-0", "orders-1", "orders-9", "other-0", "__consumer_offsets-0"]
            }
            Kind::Partitions => &["orders-0", "orders-0,orders-1", "orders-9"],
            Kind::Broker => {
                &["1", "2", "3", "9", "leader(orders-0)", "controller()", "coordinator(g)"]
            }
            Kind::Node => &["1", "2", "3", "3001", "3002", "9", "0"],
            Kind::Producer => &["p1", "p2"],
            Kind::Consumer => &["c1", "c2"],
            Kind::Group => &["g", "h"],
            Kind::Count | Kind::Positive => &["0", "1", "2", "3", "7", "40", "200", "4294967296"],
            Kind::Integer => &["-9", "-1", "0", "1", "5", "9223372036854775807"],
            Kind::Duration => &["0ms", "1ms", "300ms", "2s", "1h", "100000d"],
            Kind::Bool => &["true", "false", "perhaps"],
            Kind::Choice(words) => words,
            Kind::Headers => &["a:b", "a:b,c:d", "a"],
            Kind::Nodes => &["1", "1,2", "2,1", "1,1", "9"],
            Kind::Assignment => &["1:2", "1:2,2:1", "1:1", "9"],
            Kind::MessageKind => &["Fetch", "Produce", "AlterPartition", "LeaderAndIsr", "Vote"],
            Kind::Branch => &["main", "other", "third"],
            Kind::File => {
                &["broker-1/orders-0/00000000000000000000.log", "broker-1", "nothing", "../x"]
            }
            Kind::Condition => &[
                "leader(orders-0) == 1",
                "isr(orders-0) == {1,2} and not violated()",
                "hw(orders-9) >= 1",
                "state(g) == Stable",
                "metric(\"UnderReplicatedPartitions\") == 0",
                "leader(",
            ],
            Kind::Text | Kind::Value | Kind::Rest => {
                &["a", "b", "1", "orders-0", "/brokers", "\"two words\""]
            }
        };
        self.of(words).to_owned()
    }
    fn slot(&mut self, slot: &Slot, line: &mut String, named: bool) {
        let likely = if slot.required { 25 } else { 3 };
        if self.below(likely) == 0 || (!slot.required && self.below(2) == 0) {
            return;
        }
        let word = self.word(slot.kind);
        match named {
            true => line.push_str(&format!(" {}={word}", slot.name)),
            false => line.push_str(&format!(" {word}")),
        }
    }
    fn command(&mut self, form: &Form) -> String {
        let mut line = form.words.to_owned();
        for slot in form.takes {
            self.slot(slot, &mut line, false);
        }
        for slot in form.keys {
            self.slot(slot, &mut line, true);
        }
        while form.configs != Scope::Nobody && self.below(2) == 0 {
            let names = [form.configs.names(), form.configs.unmodelled(), &["no.such", "orders-0"]];
            let names = names[self.below(9).saturating_sub(6) as usize];
            if let Some(name) = names.get(self.below(names.len() as u64) as usize) {
                let kind = if self.below(2) == 0 { Kind::Count } else { Kind::Bool };
                line.push_str(&format!(" {name}={}", self.word(kind)));
            }
        }
        if self.below(8) == 0 {
            line.push_str(" &");
        }
        line
    }
}

fn carried_out(line: &str, session: &mut Session) -> Option<Output> {
    let statement = match parse_line(line, 1) {
        Ok(Some(statement)) => statement,
        Ok(None) => return None,
        Err(fault) => {
            assert!(!fault.message.is_empty(), "'{line}' is refused without a word");
            return None;
        }
    };
    let mut execution = Execution::new(statement);
    (0..PATIENCE).find_map(|_| match execution.advance(session) {
        Progress::Done(output) => Some(output),
        Progress::Stepped => None,
    })
}

#[test]
fn whatever_is_typed_nothing_panics_and_a_refusal_has_words() {
    let seeds =
        std::env::var("KLAB_RANDOM_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(2);
    let forms: Vec<&Form> =
        forms().filter(|form| !["cluster", "perf", "inspect"].contains(&form.verb())).collect();
    for seed in 0..seeds {
        for (at, lab) in LABS.iter().enumerate() {
            let mut dice = Dice { seed: seed * 100 + at as u64, thrown: 0 };
            let mut session = Session::in_memory(Language::English);
            let warm_up = if dice.below(8) == 0 { &[] } else { WARM_UP };
            for line in std::iter::once(lab).chain(warm_up) {
                carried_out(line, &mut session);
            }
            let mut typed = Vec::new();
            for _ in 0..COMMANDS {
                let form = forms[dice.below(forms.len() as u64) as usize];
                let line = dice.command(form);
                typed.push(line.clone());
                let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    carried_out(&line, &mut session)
                }));
                let Ok(output) = caught else {
                    panic!("seed {seed}, {lab}: '{line}' panics after\n{}", typed.join("\n"));
                };
                let silent =
                    |output: &Output| output.lines.iter().all(|line| line.trim().is_empty());
                if let Some(output) = output.filter(|output| output.status != Status::Ended) {
                    assert!(!silent(&output), "seed {seed}, {lab}: '{line}' fails without a word");
                }
            }
        }
    }
}

#[test]
fn every_form_of_cluster_begins_or_says_why_not() {
    let form = forms().find(|form| form.words == "cluster").expect("the form is there");
    let mut dice = Dice { seed: 5, thrown: 0 };
    for _ in 0..300 {
        let line = dice.command(form);
        let mut session = Session::in_memory(Language::English);
        if let Some(output) = carried_out(&line, &mut session) {
            assert!(!output.lines.is_empty(), "'{line}' says nothing");
        }
    }
}
