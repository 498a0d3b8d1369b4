//! From text to commands.
//!
//! ```text
//! line ──lexer──▶ words ──longest row of fixed words──▶ form ──arguments──▶ typed values ──build──▶ Command
//! ```
//!
//! `until`, `expect` and `predict` take a condition, which is read from the rest of the line as it stands.

use super::arguments::Arguments;
use super::build::build;
use super::command::Command;
use super::condition;
use super::error::{Fault, ScriptError, Span};
use super::form::Form;
use super::forms::{forms, verbs};
use super::lexer::{self, Line, Word, split};
use super::statement::Statement;
use crate::clock::Duration;
use std::sync::Arc;

/// How many errors of one script are told.
const ERROR_LIMIT: usize = 20;

/// How long `until` waits when nothing is said.
pub const WITHIN: Duration = Duration::from_ms(60_000);

/// Reads a whole script. `file` is what errors call it; the first line has the number `first_line`.
pub fn parse_script(
    file: &str,
    text: &str,
    first_line: usize,
) -> Result<Vec<Statement>, Vec<ScriptError>> {
    let file: Arc<str> = Arc::from(file);
    let (mut statements, mut errors) = (Vec::new(), Vec::new());
    for (i, source) in text.lines().enumerate() {
        match parse_line(source, first_line + i) {
            Ok(Some(statement)) => statements.push(statement),
            Ok(None) => {}
            Err(fault) if errors.len() < ERROR_LIMIT => errors.push(ScriptError {
                file: file.clone(),
                line: first_line + i,
                source: source.into(),
                fault,
            }),
            Err(_) => break,
        }
    }
    if errors.is_empty() { Ok(statements) } else { Err(errors) }
}

/// A file's bytes as text: a script is UTF-8 without control characters but tab and line ends.
pub fn decode<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, Box<ScriptError>> {
    let place = |valid: &[u8]| {
        let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
        let start = valid.rsplit(|byte| *byte == b'\n').next().unwrap_or(&[]);
        let source = String::from_utf8_lossy(start).into_owned();
        let span = Span::new(source.chars().count(), 1);
        let fault = Fault::new(span, "this is not a text file", "a script is UTF-8 text");
        Box::new(ScriptError { file: file.into(), line, source: source.into(), fault })
    };
    let text = std::str::from_utf8(bytes).map_err(|error| place(&bytes[..error.valid_up_to()]))?;
    // Some editors begin a file with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    match text.find(control) {
        Some(at) => Err(place(&text.as_bytes()[..at])),
        None => Ok(text),
    }
}

/// Reads one line; nothing, if it is empty or a comment.
pub fn parse_line(text: &str, line: usize) -> Result<Option<Statement>, Fault> {
    let trimmed = text.trim_start();
    if trimmed.is_empty() || trimmed.starts_with('#') {
        return Ok(None);
    }
    if text.len() > lexer::LINE_LIMIT_BYTES {
        return split(text).map(|_| None);
    }
    let start = text.chars().count() - trimmed.chars().count();
    let verb = trimmed.split_whitespace().next().unwrap_or("");
    let rest = start + verb.chars().count();
    let statement = |command, background| {
        let text = text.trim().to_string();
        Ok(Some(Statement { line, text, command, background }))
    };
    match verb {
        "until" => {
            let (condition, next) = condition::parse_at(text, rest)?;
            let within = tail(text, next, true)?.unwrap_or(WITHIN);
            statement(Command::Until { condition, within }, false)
        }
        "expect" => {
            let (condition, next) = condition::parse_at(text, rest)?;
            tail(text, next, false)?;
            statement(Command::Expect(condition), false)
        }
        "predict" => statement(predict(text, rest)?, false),
        _ => {
            let line = split(text)?;
            let command = command(&line, text.trim_end().chars().count())?;
            statement(command, line.background)
        }
    }
}

/// What may follow a condition: nothing, or `within=30s`.
fn tail(text: &str, from: usize, within: bool) -> Result<Option<Duration>, Fault> {
    let padding: String = " ".repeat(from);
    let rest: String = text.chars().skip(from).collect();
    let line = split(&(padding + &rest))?;
    let [word, more @ ..] = line.words.as_slice() else { return Ok(None) };
    let unexpected = |word: &Word| {
        let advice = if within { "within=30s could follow" } else { "'and' or 'or' could follow" };
        Err(Fault::new(word.span, format!("unexpected '{}'", word.text), advice))
    };
    if let Some(extra) = more.first() {
        return unexpected(extra);
    }
    match &word.key {
        Some(key) if key == "within" && within => match Duration::parse(&word.text) {
            Some(duration) => Ok(Some(duration)),
            None => {
                let advice = "expected a time like 600ms, 30s, 2h, 7d";
                Err(Fault::new(word.value_span, format!("'{}' is not a time", word.text), advice))
            }
        },
        Some(key) => {
            let known = if within { ["within"].as_slice() } else { &[] };
            Err(Fault::unknown(word.span, "key", key, known.iter().copied()))
        }
        None => unexpected(word),
    }
}

fn predict(text: &str, from: usize) -> Result<Command, Fault> {
    let characters: Vec<char> = text.chars().collect();
    let open = (from..characters.len()).find(|at| !characters[*at].is_whitespace());
    let Some(open) = open.filter(|at| characters[*at] == '"') else {
        let span = Span::new(open.unwrap_or(characters.len()), 1);
        let advice = "for example predict \"Who leads?\" leader(orders-0)";
        return Err(Fault::new(span, "expected a question in quotes", advice));
    };
    let (question, next) = lexer::quotes(&characters, open)?;
    let (answer, next) = condition::parse_at(text, next)?;
    tail(text, next, false)?;
    Ok(Command::Predict { question, answer })
}

fn command(line: &Line, end: usize) -> Result<Command, Fault> {
    let Some(first) = line.words.first() else {
        return Err(Fault::new(Span::new(0, end), "expected a command", "'help' lists them"));
    };
    let form = find(&line.words, end)?;
    let count = form.parts().count();
    let last = line.words[count - 1].span;
    let whole = Span::new(first.span.start, last.start + last.width - first.span.start);
    let arguments = Arguments::read(form, &line.words[count..], whole, end + 1)?;
    build(form, &arguments)
}

/// The form with the longest row of fixed words that the line begins with.
fn find(words: &[Word], end: usize) -> Result<&'static Form, Fault> {
    let first = &words[0];
    if first.key.is_some() || !verbs().contains(&first.text.as_str()) {
        let word = first.key.as_deref().unwrap_or(&first.text);
        return Err(Fault::unknown(first.span, "verb", word, verbs().into_iter()));
    }
    let fits = |form: &&Form| {
        let mut given =
            words.iter().filter(|word| word.key.is_none()).map(|word| word.text.as_str());
        form.parts().all(|part| given.next() == Some(part))
            && words.iter().take(form.parts().count()).all(|word| word.key.is_none())
    };
    let best = forms().filter(fits).max_by_key(|form| form.parts().count());
    best.ok_or_else(|| {
        let next = |form: &'static Form| form.parts().nth(1);
        let known = forms().filter(|form| form.verb() == first.text).filter_map(next);
        match words.get(1).filter(|word| word.key.is_none()) {
            Some(word) => {
                let mut fault = Fault::unknown(word.span, "word", &word.text, known);
                fault.message += &format!(" after '{}'", first.text);
                fault
            }
            None => {
                let mut known: Vec<&str> = known.collect();
                known.dedup();
                let advice = format!("one of {}", known.join(", "));
                let span = words.get(1).map_or(Span::new(end + 1, 1), |word| word.span);
                Fault::new(span, format!("expected a word after '{}'", first.text), advice)
            }
        }
    })
}
