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
        if needs(&text).iter().any(|word| !HERE.contains(word)) {
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
    assert!(failed.is_empty(), "{} hold; {} do not:\n{}", held.len(), failed.len(), told.join("\n"));
}
