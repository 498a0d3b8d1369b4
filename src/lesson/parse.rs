//! From pieces to a lesson, and from a lesson and its Chinese twin to the Chinese lesson.

use super::format::*;
use super::predict::{RawPredict, read as read_predict};
use super::scan::{Piece, Pieces, Source, scan};
use crate::script::{Fault, ScriptError, Span, parse_script};
use crate::types::Language;

type Errors = Vec<ScriptError>;

/// Reads the English file.
pub fn parse(file: &str, text: &str) -> Result<Lesson, Errors> {
    let source = Source::new(file, text);
    let pieces = scan(&source).map_err(|error| vec![error])?;
    let mut lesson = front(&source, &pieces)?;
    let body = body(&source, &pieces)?;
    let mut errors = Vec::new();
    lesson.opening = body.opening;
    lesson.setup = body.setup;
    for raw in body.steps {
        let mut parts = Vec::new();
        for part in raw.parts {
            match part {
                RawPart::Plain(part) => parts.push(part),
                RawPart::Commands(commands) => parts.push(Part::Commands(commands)),
                RawPart::Predict(predict) => match predict.complete(&source) {
                    Ok(predict) => parts.push(Part::Predict(predict)),
                    Err(error) => errors.push(error),
                },
                RawPart::Mark(line) => {
                    let advice = "<!-- klab --> belongs into the Chinese twin";
                    errors.push(source.wrong(
                        line,
                        "here the commands themselves are wanted",
                        advice,
                    ));
                }
            }
        }
        let empty = raw.step.races.iter().find(|race| race.commands.is_empty());
        if let Some(race) = empty {
            let advice = "<!-- race: title: command; command -->";
            errors.push(source.wrong(race.line, "a race has one command at least", advice));
        }
        lesson.steps.push(Step { parts, ..raw.step });
    }
    if lesson.steps.is_empty() {
        errors.push(source.wrong(
            source.lines.len(),
            "a lesson has one step at least",
            "## heading",
        ));
    }
    if errors.is_empty() { Ok(lesson) } else { Err(errors) }
}

/// Reads the Chinese file and joins it with the English lesson.
pub fn parse_twin(file: &str, text: &str, english: &Lesson) -> Result<Lesson, Errors> {
    let source = Source::new(file, text);
    let pieces = scan(&source).map_err(|error| vec![error])?;
    let mut lesson = english.clone();
    lesson.language = Language::Chinese;
    for (name, value, line) in &pieces.front {
        match name.as_str() {
            "id" if *value != english.id => {
                return Err(vec![source.wrong(*line, "another id than the English file's", "")]);
            }
            "id" => {}
            "title" => lesson.title = value.clone(),
            "question" => lesson.question = value.clone(),
            other => {
                let known = ["id", "title", "question"].into_iter();
                let span = Span::new(0, other.chars().count());
                return Err(vec![source.error(*line, Fault::unknown(span, "name", other, known))]);
            }
        }
    }
    let body = body(&source, &pieces)?;
    if let Some(setup) = body.setup {
        return Err(vec![source.wrong(
            setup.line,
            "the twin repeats no commands",
            "leave the set-up off",
        )]);
    }
    lesson.opening = body.opening;
    let mut errors = Vec::new();
    if body.steps.len() != english.steps.len() {
        let line = body.steps.last().map_or(1, |step| step.step.line);
        let message =
            format!("{} steps, but {} has {}", body.steps.len(), english.file, english.steps.len());
        errors.push(source.wrong(line, message, "each ## has its twin"));
    }
    lesson.steps.clear();
    for (raw, english) in body.steps.into_iter().zip(&english.steps) {
        lesson.steps.push(super::twin::join(&source, raw, english, &mut errors));
    }
    if errors.is_empty() { Ok(lesson) } else { Err(errors) }
}

/// A step before it is known which language it is.
#[derive(Debug, Default)]
pub struct RawStep {
    /// Everything but the parts.
    pub step: Step,
    /// The parts.
    pub parts: Vec<RawPart>,
}

/// A part before it is known which language it is.
#[derive(Debug)]
pub enum RawPart {
    /// Prose or a picture.
    Plain(Part),
    /// Commands.
    Commands(Commands),
    /// `<!-- klab -->` with its line.
    Mark(usize),
    /// A question.
    Predict(RawPredict),
}

#[derive(Debug, Default)]
struct Body {
    opening: Vec<Part>,
    setup: Option<Commands>,
    steps: Vec<RawStep>,
}

fn front(source: &Source, pieces: &Pieces) -> Result<Lesson, Errors> {
    let mut errors = Vec::new();
    let known = [
        "id",
        "title",
        "title_zh",
        "track",
        "minutes",
        "era",
        "panes",
        "seed",
        "question",
        "prerequisites",
        "sources",
    ];
    for (i, (name, _, line)) in pieces.front.iter().enumerate() {
        let span = Span::new(0, name.chars().count());
        if !known.contains(&name.as_str()) {
            errors.push(source.error(*line, Fault::unknown(span, "name", name, known.into_iter())));
        } else if pieces.front[..i].iter().any(|(other, ..)| other == name) {
            errors.push(
                source.error(*line, Fault::new(span, format!("'{name}' is given twice"), "")),
            );
        }
    }
    let find = |name: &str| pieces.front.iter().find(|(known, ..)| known == name);
    let mut get =
        |name: &str, required: bool, fits: &dyn Fn(&str) -> bool, advice: &str| -> String {
            match find(name) {
                Some((_, value, line)) if !fits(value) => {
                    errors.push(source.wrong(*line, format!("'{name}' has a wrong value"), advice));
                    String::new()
                }
                Some((_, value, _)) => value.clone(),
                None => {
                    if required {
                        errors.push(source.wrong(
                            1,
                            format!("'{name}:' is missing in the front matter"),
                            advice,
                        ));
                    }
                    String::new()
                }
            }
        };
    let filled = |value: &str| !value.is_empty();
    let list = |text: String, separator: char| -> Vec<String> {
        text.split(separator)
            .map(|item| item.trim().to_string())
            .filter(|item| !item.is_empty())
            .collect()
    };
    let is_track = |value: &str| TRACKS.iter().any(|(letter, ..)| value == letter.to_string());
    let is_minutes =
        |value: &str| value.parse::<u32>().is_ok_and(|minutes| (1..=90).contains(&minutes));
    let is_era = |value: &str| ["kraft", "zookeeper", "both", "either"].contains(&value);
    let lesson = Lesson {
        id: get("id", true, &is_id, "a letter, two digits, a dash, words: a05-offset-lookup"),
        title: get("title", true, &filled, "a few words"),
        title_zh: Some(get("title_zh", false, &filled, "a few words"))
            .filter(|title| !title.is_empty()),
        track: get("track", true, &is_track, "one of A to H, M").chars().next().unwrap_or('A'),
        minutes: get("minutes", true, &is_minutes, "a number from 1 to 90").parse().unwrap_or(1),
        era: get("era", true, &is_era, "one of kraft, zookeeper, both, either"),
        panes: list(get("panes", true, &are_panes, &format!("some of {}", PANES.join(", "))), ','),
        seed: get("seed", true, &|value| value.parse::<u64>().is_ok(), "a number")
            .parse()
            .unwrap_or(0),
        question: get("question", true, &filled, "the one question that the lesson answers"),
        prerequisites: list(get("prerequisites", false, &|_| true, ""), ','),
        sources: list(
            get("sources", true, &filled, "chapters, KIPs, classes, with ; between"),
            ';',
        ),
        opening: vec![],
        setup: None,
        steps: vec![],
        language: Language::English,
        file: source.file.to_string(),
    };
    if errors.is_empty() { Ok(lesson) } else { Err(errors) }
}

fn are_panes(value: &str) -> bool {
    !value.is_empty() && value.split(',').all(|pane| PANES.contains(&pane.trim()))
}

/// A letter, two digits, a dash, words.
pub fn is_id(value: &str) -> bool {
    let bytes = value.as_bytes();
    bytes.len() > 4
        && bytes[0].is_ascii_lowercase()
        && bytes[1].is_ascii_digit()
        && bytes[2].is_ascii_digit()
        && bytes[3] == b'-'
        && bytes[4..].iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
}

fn body(source: &Source, pieces: &Pieces) -> Result<Body, Errors> {
    let mut body = Body::default();
    let mut errors = Vec::new();
    for (piece, line) in &pieces.pieces {
        let line = *line;
        let part = match piece {
            Piece::Heading(heading) => {
                let step = Step { heading: heading.clone(), line, ..Step::default() };
                body.steps.push(RawStep { step, parts: vec![] });
                continue;
            }
            Piece::Fence { info, body: inside } => match info.as_str() {
                "klab setup" => {
                    match commands(source, line, inside, true) {
                        Ok(_) if !body.steps.is_empty() => {
                            errors.push(source.wrong(
                                line,
                                "the set-up stands before the first step",
                                "",
                            ));
                        }
                        Ok(_) if body.setup.is_some() => {
                            errors.push(source.wrong(line, "a lesson has one set-up", ""));
                        }
                        Ok(commands) => body.setup = Some(commands),
                        Err(more) => errors.extend(more),
                    }
                    continue;
                }
                "klab" | "klab hidden" => {
                    match commands(source, line, inside, info == "klab hidden") {
                        Ok(commands) => RawPart::Commands(commands),
                        Err(more) => {
                            errors.extend(more);
                            continue;
                        }
                    }
                }
                "predict" => match read_predict(source, line, inside) {
                    Ok(predict) => RawPart::Predict(predict),
                    Err(error) => {
                        errors.push(error);
                        continue;
                    }
                },
                "text" | "" => RawPart::Plain(Part::Picture { text: inside.clone(), line }),
                other => {
                    let known = ["klab", "klab setup", "klab hidden", "predict", "text"];
                    let span = Span::new(3, other.chars().count());
                    errors.push(
                        source.error(line, Fault::unknown(span, "block", other, known.into_iter())),
                    );
                    continue;
                }
            },
            Piece::Prose(text) => RawPart::Plain(Part::Prose { text: text.clone(), line }),
            Piece::Comment { name: "klab", .. } => RawPart::Mark(line),
            Piece::Comment { .. } | Piece::Quote { .. } => {
                match body.steps.last_mut() {
                    Some(step) => aside(source, piece, line, &mut step.step, &mut errors),
                    None => errors.push(source.wrong(
                        line,
                        "this belongs into a step",
                        "put it behind a ##",
                    )),
                }
                continue;
            }
        };
        match (body.steps.last_mut(), part) {
            (Some(step), part) => step.parts.push(part),
            (None, RawPart::Plain(part)) => body.opening.push(part),
            (None, _) => errors.push(source.wrong(
                line,
                "only prose and the set-up stand before the first step",
                "put it behind a ##, or write ```klab setup",
            )),
        }
    }
    if errors.is_empty() { Ok(body) } else { Err(errors) }
}

/// Hints, goals, notes and the like.
fn aside(source: &Source, piece: &Piece, line: usize, step: &mut Step, errors: &mut Errors) {
    match piece {
        Piece::Quote { name: "hint", text } => step.hints.push(text.clone()),
        Piece::Quote { name: "goal", text } => step.goal = Some(text.clone()),
        Piece::Quote { name: "in production", text } => step.in_production.push(text.clone()),
        Piece::Quote { text, .. } => step.read_next.push(text.clone()),
        Piece::Comment { name: "note", text } => step.notes.push(text.clone()),
        Piece::Comment { name: "race", text } => match race(source, line, text) {
            Ok(race) => step.races.push(race),
            Err(error) => errors.push(error),
        },
        Piece::Comment { text, .. } if are_panes(text) => {
            step.panes = Some(text.split(',').map(|pane| pane.trim().to_string()).collect());
        }
        _ => {
            let advice = format!("some of {}", PANES.join(", "));
            errors.push(source.wrong(line, "unknown pane", advice));
        }
    }
}

/// `title: command; command; …`, in a twin the title alone.
fn race(source: &Source, line: usize, text: &str) -> Result<Race, ScriptError> {
    let (title, commands) = text.split_once(':').unwrap_or((text, ""));
    let commands = commands.split(';').map(|command| command.trim().to_owned());
    let commands: Vec<String> = commands.filter(|command| !command.is_empty()).collect();
    for command in &commands {
        crate::script::parse_line(command, line)
            .map_err(|fault| source.wrong(line, fault.message, fault.advice))?;
    }
    Ok(Race { title: title.trim().to_owned(), commands, line })
}

/// Commands, `---`, output.
fn commands(source: &Source, line: usize, inside: &str, hidden: bool) -> Result<Commands, Errors> {
    let (script, output) = match inside.strip_prefix("---\n") {
        Some(output) => ("", output),
        None => match inside.split_once("\n---\n") {
            Some((script, output)) => (script, output),
            None => (inside, ""),
        },
    };
    let statements = parse_script(&source.file, script, line + 1)?;
    if statements.is_empty() {
        return Err(vec![source.wrong(line, "a block of commands has one command at least", "")]);
    }
    if hidden && !output.is_empty() {
        return Err(vec![source.wrong(
            line,
            "hidden commands have no recorded output",
            "leave --- off",
        )]);
    }
    let source = script.trim_end_matches('\n').to_string() + "\n";
    Ok(Commands { line, source, statements, output: output.to_string(), hidden })
}
