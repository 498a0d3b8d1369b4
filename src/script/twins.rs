//! Every twin is played: those that need what is here must hold, the others are told by the word that they lack.

use super::tests::twins;
use super::*;
use crate::types::Language;
use std::collections::BTreeMap;

/// What a twin says that it needs, in its head.
fn needs(text: &str) -> Vec<&str> {
    let line = text.lines().find_map(|line| line.strip_prefix("# needs: ")).unwrap_or("");
    line.split(", ").filter(|word| *word != "nothing beyond the core").collect()
}

fn play(name: &str, text: &str) -> (RunEnd, Vec<String>) {
    let mut session = Session::in_memory(Language::English);
    let mut lines = Vec::new();
    let end = run_script(
        name,
        text,
        &mut session,
        RunOptions { echo: true, ..RunOptions::default() },
        &mut |line| lines.push(line.to_string()),
        &|| false,
    );
    (end, lines)
}

#[test]
fn twins_that_need_only_what_is_here_hold() {
    let only = std::env::var("KLAB_TWIN").ok();
    let mut failed: BTreeMap<String, String> = BTreeMap::new();
    let mut held = Vec::new();
    for (name, text) in twins() {
        if only.as_ref().is_some_and(|only| *only != name) {
            continue;
        }
        let lacking: Vec<&str> =
            needs(&text).into_iter().filter(|word| !HERE.contains(word)).collect();
        if !lacking.is_empty() {
            eprintln!("{name}: not playable yet, it needs {}", lacking.join(", "));
            continue;
        }
        let (end, lines) = play(&name, &text);
        if only.is_some() {
            eprintln!("{}", lines.join("\n"));
        }
        match end.error {
            None => held.push(name),
            Some(error) => {
                failed.insert(name, error.to_string());
            }
        }
    }
    let told: Vec<String> = failed.values().cloned().collect();
    assert!(
        failed.is_empty(),
        "{} hold; {} do not:\n{}",
        held.len(),
        failed.len(),
        told.join("\n")
    );
    let others = std::env::var_os("KLAB_TWINS").is_some() || only.is_some();
    assert!(others || held.len() >= 40, "only {} were played", held.len());
}

/// Of the twins that only lack an idempotent producer: what the controllers do is the same without one.
#[test]
fn fail_overs_hold_without_idempotence_too() {
    const FAIL_OVERS: &[&str] = &["kraft-controller-killed", "zk-controller-killed"];
    let mut held = 0;
    for (name, text) in twins() {
        if !FAIL_OVERS.contains(&name.as_str()) {
            continue;
        }
        let text = text.replace("enable.idempotence=true", "enable.idempotence=false");
        let (end, lines) = play(&name, &text);
        assert!(end.error.is_none(), "{name}: {:?}\n{}", end.error, lines.join("\n"));
        held += 1;
    }
    assert!(held == FAIL_OVERS.len() || std::env::var_os("KLAB_TWINS").is_some(), "{held} held");
}

/// Some twins were played in an era that is not here yet, but show what no era changed: of them the same holds today.
#[test]
fn twins_of_storage_hold_whatever_the_era() {
    const STORAGE: &[&str] =
        &["compaction-keeps-last-of-each-key", "lookup-by-timestamp", "segments-and-sparse-index"];
    let mut held = 0;
    for (name, text) in twins() {
        if !STORAGE.contains(&name.as_str()) {
            continue;
        }
        let text =
            text.replace("kafka=3.9", "kafka=4.3").replace("zookeeper.session.timeout.ms=6000", "");
        let (end, lines) = play(&name, &text);
        assert!(end.error.is_none(), "{name}: {:?}\n{}", end.error, lines.join("\n"));
        held += 1;
    }
    assert!(held == STORAGE.len() || std::env::var_os("KLAB_TWINS").is_some(), "{held} held");
}

/// Twins that need more than this version has, with the words that they lack. A new capability shortens this list.
const NOT_YET: &[(&str, &str)] = &[
    ("group-cooperative-two-topics", "sticky-assignors"),
    ("group-kip848-uniform", "kip848"),
    ("group-sticky-two-topics", "sticky-assignors"),
    ("idempotence-duplicates-and-gaps", "idempotence"),
    ("idempotent-producer-over-failover", "idempotence"),
    ("kraft-controller-killed", "idempotence"),
    ("open-transaction-blocks-lso", "transactions"),
    ("static-member-restarts-without-rebalance", "static-membership"),
    ("transaction-commit-abort-markers", "transactions"),
    ("transaction-commit-abort-markers-zk", "transactions"),
    ("transaction-with-offsets", "transactions"),
    ("zk-controller-killed", "idempotence"),
    ("zombie-producer-fenced", "transactions"),
];

#[test]
fn twins_that_need_more_are_known_by_the_word_they_lack() {
    if std::env::var_os("KLAB_TWINS").is_some() {
        return;
    }
    let mut lacking = Vec::new();
    for (name, text) in twins() {
        let words: Vec<&str> =
            needs(&text).into_iter().filter(|word| !HERE.contains(word)).collect();
        if !words.is_empty() {
            lacking.push((name, words.join(", ")));
        }
    }
    let known: Vec<(String, String)> =
        NOT_YET.iter().map(|(name, words)| (name.to_string(), words.to_string())).collect();
    assert_eq!(lacking, known);
}

#[test]
fn a_twin_that_needs_more_says_so_itself() {
    for (name, text) in twins() {
        let words = needs(&text);
        if words.iter().all(|word| HERE.contains(word)) {
            continue;
        }
        let (end, _) = play(&name, &text);
        assert_eq!(end.exit_code, 2, "{name}");
        let named = end.needs.unwrap_or_else(|| panic!("{name}: {:?}", end.error));
        assert!(words.contains(&named), "{name} needs {words:?}, and was told {named}");
    }
}
