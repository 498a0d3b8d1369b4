//! Joins a Chinese step with its English twin: prose from the one, commands and answers from the other.

use super::format::{Choice, Part, Race, Step};
use super::parse::{RawPart, RawStep};
use super::scan::Source;
use crate::script::ScriptError;

/// The step with Chinese prose and English commands; what does not pair is told.
pub fn join(source: &Source, raw: RawStep, english: &Step, errors: &mut Vec<ScriptError>) -> Step {
    let line = raw.step.line;
    let mut parts = Vec::new();
    let mut commands = english.commands();
    let mut predictions = english.predictions();
    let has_pictures = raw.parts.iter().any(|p| matches!(p, RawPart::Plain(Part::Picture { .. })));
    let mut pictures = Pictures { parts: if has_pictures { &[] } else { &english.parts }, at: 0 };
    for part in raw.parts {
        match part {
            RawPart::Plain(part) => parts.push(part),
            RawPart::Commands(own) => {
                let advice = "write <!-- klab --> where the English file has a block";
                errors.push(source.wrong(own.line, "the twin repeats no commands", advice));
            }
            RawPart::Mark(line) => match commands.next() {
                Some(block) => {
                    pictures.before_next(&mut parts);
                    parts.push(Part::Commands(block.clone()));
                }
                None => {
                    errors.push(source.wrong(
                        line,
                        "the English step has no more blocks of commands",
                        "",
                    ));
                }
            },
            RawPart::Predict(own) => match predictions.next() {
                Some(predict) => {
                    pictures.before_next(&mut parts);
                    if own.answer.is_some() {
                        errors.push(source.wrong(
                            own.line,
                            "the twin repeats no answer",
                            "leave answer: off",
                        ));
                    }
                    if own.options.len() != predict.options.len() {
                        let (here, there) = (own.options.len(), predict.options.len());
                        let message =
                            format!("{here} options, but the English question has {there}");
                        errors.push(source.wrong(own.line, message, ""));
                    }
                    let mut joined = predict.clone();
                    joined.question = own.question;
                    joined.why =
                        if own.why.is_empty() { predict.why.clone() } else { own.why.clone() };
                    if own.why.is_empty() && !predict.why.is_empty() {
                        errors.push(source.wrong(own.line, "'why:' is missing", ""));
                    }
                    let choice = |((text, ..), english): ((String, _, _), &Choice)| Choice {
                        text,
                        value: english.value.clone(),
                    };
                    joined.options =
                        own.options.into_iter().zip(&predict.options).map(choice).collect();
                    parts.push(Part::Predict(joined));
                }
                None => errors.push(source.wrong(
                    own.line,
                    "the English step has no more questions",
                    "",
                )),
            },
        }
    }
    pictures.before_next(&mut parts);
    let left = commands.count();
    if left > 0 {
        let message = format!("{left} blocks of commands of the English step have no place here");
        errors.push(source.wrong(line, message, "add <!-- klab --> for each"));
    }
    let left = predictions.count();
    if left > 0 {
        let message = format!("{left} questions of the English step are missing here");
        errors.push(source.wrong(line, message, "add a ```predict block for each"));
    }
    let pairs = [
        ("hints", raw.step.hints.len(), english.hints.len()),
        ("'in production'", raw.step.in_production.len(), english.in_production.len()),
        ("notes", raw.step.notes.len(), english.notes.len()),
        ("goals", usize::from(raw.step.goal.is_some()), usize::from(english.goal.is_some())),
    ];
    for (what, here, there) in pairs.into_iter().filter(|(_, here, there)| here != there) {
        errors.push(source.wrong(
            line,
            format!("{here} {what}, but the English step has {there}"),
            "",
        ));
    }
    let read_next = read_next(&raw.step.read_next, &english.read_next);
    let read_next = read_next.unwrap_or_else(|message| {
        errors.push(source.wrong(line, message, "name the same files in the same order, or none"));
        english.read_next.clone()
    });
    let races = races(source, line, &raw.step.races, &english.races, errors);
    Step { parts, panes: english.panes.clone(), read_next, races, ..raw.step }
}

/// Prepared schedules: titles of the twin, commands of the English file.
fn races(
    source: &Source,
    line: usize,
    own: &[Race],
    english: &[Race],
    errors: &mut Vec<ScriptError>,
) -> Vec<Race> {
    if own.len() != english.len() {
        let message = format!("{} races, but the English step has {}", own.len(), english.len());
        errors.push(source.wrong(line, message, "add <!-- race: title --> for each"));
    }
    if let Some(race) = own.iter().find(|race| !race.commands.is_empty()) {
        errors.push(source.wrong(race.line, "the twin repeats no commands", "leave the title"));
    }
    let join =
        |(own, english): (&Race, &Race)| Race { title: own.title.clone(), ..english.clone() };
    own.iter().zip(english).map(join).collect()
}

/// What to read next, in the twin's words if it has any: they begin with the same files.
fn read_next(own: &[String], english: &[String]) -> Result<Vec<String>, String> {
    let file = |text: &String| text.split_whitespace().next().unwrap_or("").to_owned();
    if own.is_empty() {
        return Ok(english.to_vec());
    }
    if own.len() != english.len() {
        return Err(format!(
            "{} 'read next', but the English step has {}",
            own.len(),
            english.len()
        ));
    }
    match own.iter().zip(english).find(|(own, english)| file(own) != file(english)) {
        Some((own, english)) => {
            Err(format!("'read next' names {}, the English step {}", file(own), file(english)))
        }
        None => Ok(own.to_vec()),
    }
}

/// English pictures, brought in where the twin has none of its own.
struct Pictures<'a> {
    parts: &'a [Part],
    at: usize,
}

impl Pictures<'_> {
    /// Adds the pictures that stand before the next block or question of the English step.
    fn before_next(&mut self, parts: &mut Vec<Part>) {
        while let Some(part) = self.parts.get(self.at) {
            self.at += 1;
            match part {
                Part::Picture { .. } => parts.push(part.clone()),
                Part::Commands(_) | Part::Predict(_) => break,
                Part::Prose { .. } => {}
            }
        }
    }
}
