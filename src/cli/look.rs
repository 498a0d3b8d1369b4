//! Commands that only look: a real broker's directory, the ledger, the glossary.

use super::ENDED;
use super::arguments::{Arguments, InspectArguments};
use super::output::Output;
use super::{interrupt, screen};
use crate::inspect::{self, Inspection};
use crate::trace::Canvas;
use crate::tui::Start;
use crate::{era, fidelity, glossary, script};
use std::path::Path;

/// `klab inspect`
pub fn inspect(
    arguments: &Arguments,
    asked: &InspectArguments,
    canvas: &Canvas,
    out: &mut Output,
) -> Result<i32, String> {
    if asked.words.is_empty() && !asked.json && screen::is_there(arguments) {
        match (&asked.directory, asked.sample) {
            (None, true) => return screen::open(arguments, Start::Sample, None, None),
            (Some(directory), false) => {
                return screen::open(arguments, Start::Inspect(directory.clone()), None, None);
            }
            _ => {}
        }
    }
    interrupt::listen();
    let mut words = asked.words.clone();
    let inspection = match (&asked.directory, asked.sample) {
        (directory, true) => {
            // With --sample the first word is no directory but belongs to what is asked.
            let first = directory.as_deref().map(Path::to_string_lossy);
            words.splice(0..0, first.map(|word| word.into_owned()));
            inspect::sample()?
        }
        (Some(directory), false) => Inspection::open(directory)?,
        (None, false) => return Err("inspect wants a directory, or --sample".into()),
    };
    out.text(&inspect::run(&inspection, &words, asked.json, canvas)?);
    Ok(ENDED)
}

/// `klab fidelity`
pub fn fidelity(id: Option<&str>, canvas: &Canvas, out: &mut Output) -> Result<i32, String> {
    let ids: Vec<String> = fidelity::entries().into_iter().map(|entry| entry.id).collect();
    let picture = fidelity::picture(id, canvas).ok_or_else(|| {
        let near = script::nearest(id.unwrap_or_default(), ids.iter().map(String::as_str));
        unknown("entry of the ledger", id, near, "klab fidelity")
    })?;
    out.text(&picture.to_text());
    Ok(ENDED)
}

/// `klab eras`: the table, or one object with a list of versions and one of rules (`name`, `source`, `values` by
/// version).
pub fn eras(json: bool) -> String {
    if !json {
        return era::table().join("\n") + "\n";
    }
    let versions: Vec<&str> = era::ERAS.iter().map(|era| era.kafka).collect();
    let rule = |rule: &era::Rule| {
        let values: serde_json::Map<String, serde_json::Value> =
            era::ERAS.iter().map(|era| (era.kafka.to_owned(), (rule.cell)(era).into())).collect();
        serde_json::json!({ "name": rule.name, "source": rule.source, "values": values })
    };
    let rules: Vec<serde_json::Value> = era::RULES.iter().map(rule).collect();
    format!("{:#}\n", serde_json::json!({ "versions": versions, "rules": rules }))
}

/// `klab glossary`
pub fn glossary(word: Option<&str>, canvas: &Canvas, out: &mut Output) -> Result<i32, String> {
    let words: Vec<String> = glossary::words().into_iter().map(|word| word.word).collect();
    let picture = glossary::picture(word, canvas).ok_or_else(|| {
        let near = script::nearest(word.unwrap_or_default(), words.iter().map(String::as_str));
        unknown("word", word, near, "klab glossary")
    })?;
    out.text(&picture.to_text());
    Ok(ENDED)
}

fn unknown(what: &str, asked: Option<&str>, near: Option<&str>, list: &str) -> String {
    let asked = script::clip(asked.unwrap_or_default(), 40);
    match near {
        Some(near) => format!("there is no {what} '{asked}': did you mean '{near}'?"),
        None => format!("there is no {what} '{asked}': '{list}' lists them"),
    }
}
