//! Reads a `predict` block: question, options, answer, why.

use super::format::{Choice, Moment, Predict};
use super::scan::Source;
use crate::script::{Expression, ExpressionKind, Fault, ScriptError, Span, Value, parse_condition};
use crate::trace::prose::glue;

/// A question as it is written; the Chinese twin has no answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawPredict {
    /// The line of the opening fence.
    pub line: usize,
    /// The question.
    pub question: String,
    /// Options: text, the value behind `::`, the line.
    pub options: Vec<(String, Option<String>, usize)>,
    /// The answer and its line.
    pub answer: Option<(String, usize)>,
    /// When it is given.
    pub moment: Moment,
    /// The explanation.
    pub why: String,
}

/// Reads the inside of a block whose fence stands at `line`.
pub fn read(source: &Source, line: usize, inside: &str) -> Result<RawPredict, ScriptError> {
    let mut raw = RawPredict { line, ..RawPredict::default() };
    let mut last: Option<&'static str> = None;
    for (i, text) in inside.lines().enumerate() {
        let at = line + 1 + i;
        if text.trim().is_empty() {
            continue;
        }
        if let Some(option) = text.strip_prefix("- ") {
            let (text, value) = match option.split_once(" :: ") {
                Some((text, value)) => (text, Some(value.trim().to_string())),
                None => (option, None),
            };
            raw.options.push((text.trim().to_string(), value, at));
            last = None;
            continue;
        }
        if text.starts_with("  ") {
            let target = match last {
                Some("question") => &mut raw.question,
                Some("why") => &mut raw.why,
                _ => {
                    return Err(source.wrong(
                        at,
                        "this line continues nothing",
                        "question: or why: comes before",
                    ));
                }
            };
            glue(target, text.trim());
            continue;
        }
        let (name, value) = text.split_once(':').unwrap_or((text, ""));
        let value = value.trim().to_string();
        match name.trim() {
            "question" => (raw.question, last) = (value, Some("question")),
            "why" => (raw.why, last) = (value, Some("why")),
            "answer" | "answer now" | "answer then" => {
                raw.moment = match name.trim() {
                    "answer now" => Moment::Now,
                    "answer then" => Moment::Then,
                    _ => Moment::Either,
                };
                (raw.answer, last) = (Some((value, at)), None);
            }
            other => {
                let known = ["question", "answer", "answer now", "answer then", "why"].into_iter();
                let span = Span::new(0, other.chars().count().max(1));
                let mut fault = Fault::unknown(span, "name", other, known);
                if fault.advice.starts_with("known") {
                    fault.advice = "expected question:, answer:, why: or an option '- text'".into();
                }
                return Err(source.error(at, fault));
            }
        }
    }
    if raw.question.is_empty() {
        return Err(source.wrong(line, "'question:' is missing", ""));
    }
    if raw.options.len() == 1 || raw.options.len() > 5 {
        let message =
            format!("{} options; two to five are wanted, or none at all", raw.options.len());
        return Err(source.wrong(line, message, ""));
    }
    Ok(raw)
}

impl RawPredict {
    /// The English question: it must have an answer.
    pub fn complete(self, source: &Source) -> Result<Predict, ScriptError> {
        let Some((text, answer_line)) = &self.answer else {
            let advice = "an expression that the engine evaluates, like leader(orders-0)";
            return Err(source.wrong(self.line, "'answer:' is missing", advice));
        };
        let answer = parse_at(source, *answer_line, text)?;
        let mut options = Vec::new();
        for (text, value, line) in &self.options {
            let value = match value {
                Some(value) => constant(&parse_at(source, *line, value)?).ok_or_else(|| {
                    source.wrong(*line, "the value behind '::' must be a constant", "")
                })?,
                None => parse_condition(text)
                    .ok()
                    .and_then(|value| constant(&value))
                    .unwrap_or_else(|| Value::text(text)),
            };
            options.push(Choice { text: text.clone(), value });
        }
        Ok(Predict {
            line: self.line,
            question: self.question,
            options,
            answer,
            moment: self.moment,
            answer_line: *answer_line,
            why: self.why,
        })
    }
}

/// Reads an expression that stands at the end of a line; columns are the line's.
fn parse_at(source: &Source, line: usize, text: &str) -> Result<Expression, ScriptError> {
    parse_condition(text).map_err(|mut fault| {
        let whole = source.lines.get(line - 1).map_or("", String::as_str);
        let byte = whole.rfind(text).unwrap_or(0);
        fault.span.start += whole[..byte].chars().count();
        source.error(line, fault)
    })
}

/// What an expression comes to without asking the engine.
pub fn constant(expression: &Expression) -> Option<Value> {
    let all = |items: &[Expression]| items.iter().map(constant).collect::<Option<Vec<Value>>>();
    Some(match &expression.kind {
        ExpressionKind::Literal(value) => value.clone(),
        ExpressionKind::Set(items) => Value::Set(all(items)?),
        ExpressionKind::List(items) => Value::List(all(items)?),
        _ => return None,
    })
}
