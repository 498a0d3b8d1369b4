//! `inspect SAMPLE …` of scripts and lessons: the directories of real brokers that come along.
//!
//! The one that was asked for last stays open, so a lesson that asks it ten things unpacks it once. Nothing else of the
//! machine can be read by a script: one's own directory is opened by `klab inspect DIR`.

use super::command::run;
use super::sample::{sample_named, samples};
use super::Inspection;
use crate::script::Inspect;
use crate::trace::Canvas;
use crate::types::Language;
use serde_json::Value;

/// The samples, opened as they are asked for.
#[derive(Default)]
pub struct Samples {
    open: Option<(String, Inspection)>,
}

impl Inspect for Samples {
    fn inspect(
        &mut self,
        words: &[String],
        language: Language,
    ) -> Result<(Vec<String>, Value), String> {
        let names = || samples().iter().map(|sample| sample.name).collect::<Vec<_>>().join(", ");
        let (name, rest) =
            words.split_first().ok_or_else(|| format!("which directory? There are {}", names()))?;
        if self.open.as_ref().is_none_or(|(open, _)| open != name) {
            self.open = None; // first the old one goes, then the new one comes
            self.open = Some((name.clone(), sample_named(name)?));
        }
        let Some((_, inspection)) = &self.open else { return Err("nothing is open".into()) };
        let canvas = Canvas::text(language);
        let mut go_on = |_, _| true;
        let text = run(inspection, rest, false, &canvas, &mut go_on)?.text;
        let told = run(inspection, rest, true, &canvas, &mut go_on)?.text;
        Ok((text.lines().map(str::to_owned).collect(), parsed(&told)))
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
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        Samples::default().inspect(&words, Language::English)
    }

    #[test]
    fn a_sample_is_asked_for_text_and_for_data() {
        let (lines, result) = ask("plain verify plain-0").unwrap();
        assert!(!lines.is_empty());
        assert!(result.as_array().unwrap().iter().all(|one| one["base_offset"].is_i64()));
    }

    #[test]
    fn only_samples_can_be_opened() {
        assert!(ask("/etc").unwrap_err().contains("no sample is called '/etc'"));
        assert!(ask("plain verify nobody-0").unwrap_err().contains("nobody-0"));
    }
}
