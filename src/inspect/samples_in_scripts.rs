//! `inspect` at the prompt, in scripts and in lessons: directories that real brokers wrote.
//!
//! The sample that was asked for last stays open, so a lesson that asks it ten things unpacks it once. A directory of
//! one's own is opened anew each time, since its broker may run.

use super::Inspection;
use super::command::run;
use super::sample::{Sample, sample_named, samples};
use crate::script::Inspect;
use crate::trace::Canvas;
use crate::types::Language;
use serde_json::{Value, json};
use std::path::Path;

/// The samples, opened as they are asked for, and other directories by their paths.
#[derive(Default)]
pub struct Samples {
    open: Option<(String, Inspection)>,
}

impl Inspect for Samples {
    fn inspect(&mut self, words: &str, language: Language) -> Result<(Vec<String>, Value), String> {
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        let Some((name, rest)) = words.split_first() else {
            let row = |one: &Sample| format!("{:<13} {}", one.name, one.about(language));
            let data = samples().iter().map(|one| json!({ "name": one.name })).collect();
            return Ok((samples().iter().map(row).collect(), data));
        };
        if self.open.as_ref().is_none_or(|(open, _)| open != name) || Path::new(name).is_dir() {
            self.open = None; // first the old one goes, then the new one comes
            let inspection = match sample_named(name) {
                Err(_) if Path::new(name).is_dir() => Inspection::open(Path::new(name))?,
                opened => opened?,
            };
            self.open = Some((name.clone(), inspection));
        }
        let Some((_, inspection)) = &self.open else { return Err("nothing is open".into()) };
        let canvas = Canvas::text(language);
        let mut go_on = |_, _| true;
        let text = run(inspection, rest, false, &canvas, &mut go_on)?.text;
        let told = run(inspection, rest, true, &canvas, &mut go_on)?.text;
        Ok((text.lines().map(|line| line.trim_end().to_owned()).collect(), parsed(&told)))
    }
}

/// One object, or a list of as many as there are lines.
fn parsed(text: &str) -> Value {
    if let Ok(whole) = serde_json::from_str(text) {
        return match whole {
            one @ Value::Object(_) if text.trim().lines().count() == 1 => Value::Array(vec![one]),
            whole => whole,
        };
    }
    text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(words: &str) -> Result<(Vec<String>, Value), String> {
        Samples::default().inspect(words, Language::English)
    }

    #[test]
    fn a_sample_is_asked_for_text_and_for_data() {
        let (lines, result) = ask("plain verify plain-0").unwrap();
        assert!(!lines.is_empty());
        assert!(result.as_array().unwrap().iter().all(|one| one["base_offset"].is_i64()));
    }

    #[test]
    fn what_is_not_there_is_named() {
        assert_eq!(ask("").unwrap().0.len(), samples().len());
        assert!(ask("/no/such").unwrap_err().contains("no sample is called '/no/such'"));
        assert!(ask("plain verify nobody-0").unwrap_err().contains("nobody-0"));
    }
}
