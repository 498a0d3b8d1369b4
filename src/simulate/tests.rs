//! Small searches: the safe configuration keeps its promises, the others are found to break them.

use super::*;
use crate::script::{RunOptions, Session, run_script};
use crate::types::Language;
use std::collections::BTreeMap;

fn wish(configs: &[(&str, &str)], faults: &str) -> Wish {
    let configs: BTreeMap<String, String> =
        configs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let faults = FaultKind::parse_list(faults).unwrap();
    Wish { configs, faults, seeds: 40, steps: 4_000, threads: 2, ..Wish::default() }
}

#[test]
fn the_safe_configuration_breaks_no_promise() {
    let wish = Wish { seeds: 6, steps: 3_000, threads: 2, ..Wish::default() };
    let report = search(&wish, &mut |_| {}, &|| false).unwrap();
    assert!(report.found.is_none(), "{}", report.text(Language::English));
    assert!(report.records > 0 && report.elections > 0);
    assert_eq!(report.schedules, 6);
}

#[test]
fn what_a_blackout_takes_had_been_committed_and_is_counted() {
    let report = search(&wish(&[], "blackout"), &mut |_| {}, &|| false).unwrap();
    assert!(report.found.is_some(), "{}", report.text(Language::English));
    assert!(report.records > 0, "{}", report.text(Language::English));
}

#[test]
fn the_same_seed_plays_the_same_schedule() {
    let wish = Wish::default();
    let (one, two) = (Plan::new(&wish, 7), Plan::new(&wish, 7));
    assert_eq!(one, two);
    assert_ne!(one, Plan::new(&wish, 8));
    assert_eq!(play(&one, 2_000, &|| false), play(&two, 2_000, &|| false));
}

#[test]
fn an_unsafe_one_is_found_and_its_short_script_breaks_the_promise_again() {
    let wish = wish(&[("acks", "1"), ("partitions", "1")], "kill");
    let report = search(&wish, &mut |_| {}, &|| false).unwrap();
    let shrunk = report.shrunk.as_ref().expect("a lost write is found");
    assert_eq!(shrunk.broken.name, "no-lost-write");
    assert!(shrunk.lines < 16, "{}", shrunk.script);
    let (_, played) = report.found.as_ref().unwrap();
    assert!(shrunk.steps <= played.steps, "{} {}", shrunk.steps, played.steps);
    let runs = |pair: &[&str]| pair.iter().all(|line| line.starts_with("run "));
    let lines: Vec<&str> = shrunk.script.lines().collect();
    assert!(!lines.windows(2).any(runs), "{}", shrunk.script);
    assert_eq!(run_again(&shrunk.script), shrunk.broken.step);
    assert!(report.json()["violation"]["script"]["text"].is_string());
    let lesson = report.lesson("b90-lost").unwrap();
    let parsed = crate::lesson::parse("b90-lost.md", &lesson).expect("a lesson");
    assert_eq!((parsed.id.as_str(), parsed.steps.len()), ("b90-lost", 1));
    assert!(report.lesson("lost").is_err());
}

/// Runs a script as `klab run` does; the step of the first broken promise.
fn run_again(script: &str) -> u64 {
    let mut session = Session::in_memory(Language::English);
    let mut said = Vec::new();
    let mut say = |line: &str| said.push(line.to_owned());
    let options = RunOptions::default();
    let end = run_script("f", script, &mut session, options, &mut say, &|| false);
    assert_eq!(end.exit_code, 0, "{said:?}\n{script}");
    session.lab.unwrap().violations().next().expect("a broken promise").step
}

#[test]
fn what_only_whole_files_tell_breaks_again_in_the_same_step() {
    let wish = wish(&[("partitions", "1"), ("acts", "0")], "none");
    let mut plan = Plan::new(&wish, 3);
    let file = |broker: u32| format!("broker-{broker}/t1-0/00000000000000000000.log");
    for broker in 1..=5 {
        let text = format!("disk flip-bit {} 64", file(broker));
        plan.moves.push(Move { gap_ms: 500, text, group: 90 });
    }
    let played = play(&plan, 3_000, &|| false);
    assert_eq!(played.broken.as_ref().map(|broken| broken.name), Some("bytes-decode"));
    let shrunk = shrink(&plan, &played, &|| true).unwrap();
    assert_eq!(run_again(&shrunk.script), shrunk.broken.step);
}

#[test]
fn who_interrupts_while_shrinking_keeps_the_best_so_far() {
    let wish = wish(&[("acks", "1"), ("partitions", "1")], "kill");
    let (plan, played) = (1..40)
        .find_map(|seed| {
            let plan = Plan::new(&wish, seed);
            let played = play(&plan, wish.steps, &|| false);
            played.broken.is_some().then_some((plan, played))
        })
        .expect("a lost write");
    let at_once = shrink(&plan, &played, &|| true).unwrap();
    let asked = std::cell::Cell::new(0);
    let later = shrink(&plan, &played, &|| {
        asked.set(asked.get() + 1);
        asked.get() > 60
    })
    .unwrap();
    for shrunk in [&at_once, &later] {
        assert!(shrunk.is_interrupted);
        assert!(shrunk.steps <= played.steps, "{} {}", shrunk.steps, played.steps);
        assert_eq!(run_again(&shrunk.script), shrunk.broken.step);
    }
    assert!(later.lines <= at_once.lines && at_once.lines <= at_once.of_lines);
    let found = Some((plan.seed, played));
    let report = Report { wish, found, shrunk: Some(at_once), ..Report::default() };
    let text = report.text(Language::English);
    assert!(text.contains("interrupted while shrinking"), "{text}");
    assert!(report.lesson("b90-lost").is_ok());
}

#[test]
fn kills_and_losses_of_power_meet_in_one_schedule_and_lose_nothing() {
    let wish = Wish { steps: 3_000, ..wish(&[("acts", "4")], "kill,power,stop,pause") };
    let mut both = 0;
    for seed in 1..9 {
        let plan = Plan::new(&wish, seed);
        assert!(plan.is_guarded);
        let played = play(&plan, wish.steps, &|| false);
        assert_eq!(played.broken, None, "seed {seed}");
        let lines = plan.lines();
        let struck = |what: &str| {
            let mut all = lines.iter().enumerate().filter(|(_, line)| line.starts_with(what));
            all.any(|(number, _)| !played.refused.contains(&number))
        };
        both += usize::from(struck("broker kill") && struck("broker power-off"));
    }
    assert!(both > 0);
}

#[test]
fn every_era_is_searched_with_its_own_faults() {
    for (kafka, faults) in
        [("2.1", "kill,cut,controller,zookeeper"), ("3.9", "pause,stop,zookeeper,delay,drop")]
    {
        let wish = Wish { kafka: kafka.into(), seeds: 4, steps: 2_500, ..wish(&[], faults) };
        let report = search(&wish, &mut |_| {}, &|| false).unwrap();
        assert!(report.found.is_none(), "{}", report.text(Language::English));
        assert!(report.records > 0);
    }
}

#[test]
fn wrong_wishes_are_refused_with_a_sentence() {
    for (name, value) in [("acks", "many"), ("no.such.setting", "1"), ("partitions", "0")] {
        let wish = wish(&[(name, value)], "kill");
        assert!(search(&wish, &mut |_| {}, &|| false).is_err(), "{name}");
    }
    assert!(FaultKind::parse_list("kill,quake").is_err());
    assert_eq!(FaultKind::parse_list("none"), Ok(vec![]));
    let refused = |wish: &Wish| search(wish, &mut |_| {}, &|| false).err();
    for (kafka, configs, faults) in [
        ("4.3", vec![("acks", "7")], "kill"),
        ("2.1", vec![("acks", "2")], "kill"),
        ("0.8.2", vec![("acks", "4")], "kill"),
        ("4.3", vec![("coordination", "zookeeper")], "kill"),
        ("2.1", vec![("controllers", "3")], "kill"),
        ("4.3", vec![], "zookeeper"),
        ("4.3", vec![("brokers", "2"), ("replication.factor", "3")], "kill"),
        ("4.3", vec![("topics", "0")], "kill"),
        ("4.3", vec![("replica.lag.time.max.ms", "soon")], "kill"),
    ] {
        let wish = Wish { kafka: kafka.into(), ..wish(&configs, faults) };
        assert!(refused(&wish).is_some(), "{kafka} {configs:?} {faults}");
    }
    let far = Wish { seed: u64::MAX, seeds: 5, ..Wish::default() };
    assert!(refused(&far).unwrap().contains("last seed"));
    for wish in [Wish { steps: 0, ..Wish::default() }, Wish { seeds: 0, ..Wish::default() }] {
        assert!(refused(&wish).unwrap().contains("begin at 1"));
    }
    let wish = Wish { kafka: "9.9".into(), ..Wish::default() };
    assert!(search(&wish, &mut |_| {}, &|| false).is_err());
}

#[test]
fn a_side_that_is_split_off_loses_what_only_it_took() {
    let wish = wish(&[("acks", "1"), ("partitions", "1")], "split");
    let report = search(&wish, &mut |_| {}, &|| false).unwrap();
    let shrunk = report.shrunk.as_ref().expect("a lost write is found");
    assert_eq!(shrunk.broken.name, "no-lost-write");
    let side = shrunk.script.lines().find_map(|line| line.strip_prefix("network split "));
    assert!(side.is_none_or(|side| !side.contains(',')), "one node is enough: {}", shrunk.script);
}

#[test]
fn every_kind_of_fault_makes_schedules_that_can_be_played() {
    for kind in FaultKind::ALL {
        let kafka = if kind == FaultKind::Zookeeper { "2.1" } else { "4.3" };
        let faults = vec![kind];
        let configs = BTreeMap::from([("acts".into(), "2".into())]);
        let wish = Wish { kafka: kafka.into(), faults, configs, steps: 1_200, ..Wish::default() };
        for seed in 1..3 {
            let played = play(&Plan::new(&wish, seed), wish.steps, &|| false);
            assert_eq!(played.wrong, None, "{} seed {seed}", kind.name());
            assert!(played.steps >= wish.steps || played.broken.is_some(), "{}", kind.name());
        }
    }
}

#[test]
fn an_older_version_that_loses_by_power_says_why() {
    let faults = "kill,stop,pause,power";
    let wish = Wish { kafka: "2.1".into(), seeds: 120, ..wish(&[], faults) };
    let report = search(&wish, &mut |_| {}, &|| false).unwrap();
    assert!(report.found.is_some(), "one loss of power is enough before KIP-966");
    for language in [Language::English, Language::Chinese] {
        assert!(report.text(language).contains("simulator-before-elr"));
    }
}
