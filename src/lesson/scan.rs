//! From Markdown to pieces, without yet asking what they mean: front matter, headings, fences, quotes, comments, prose.
//!
//! The same scanner reads the English file and its Chinese twin. Every piece knows its line; a file that is cut off or
//! made of nonsense gives errors with places, never a panic.

use crate::script::{Fault, ScriptError, Span};
use crate::trace::prose::glue;
use std::sync::Arc;

/// A piece of a lesson file.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// `## heading`.
    Heading(String),
    /// Paragraphs.
    Prose(String),
    /// A fenced block: what stands behind the fence, and the inside.
    Fence {
        /// The words behind the opening fence.
        info: String,
        /// The lines inside, each ended.
        body: String,
    },
    /// `> name: text`.
    Quote {
        /// `hint`, `goal`, `in production`, `read next`.
        name: &'static str,
        /// The text.
        text: String,
    },
    /// `<!-- name: text -->`.
    Comment {
        /// `note`, `panes`, `klab`, `race`.
        name: &'static str,
        /// The text.
        text: String,
    },
}

/// A file as pieces.
#[derive(Clone, Debug, Default)]
pub struct Pieces {
    /// `name: value` with its line, and the column of the value.
    pub front: Vec<(String, String, usize)>,
    /// The pieces with their first lines.
    pub pieces: Vec<(Piece, usize)>,
}

/// Names of quotes.
pub const QUOTES: &[&str] = &["hint", "goal", "in production", "read next"];
/// Names of comments.
pub const COMMENTS: &[&str] = &["note", "panes", "klab", "race"];

/// A file's lines, for errors that show them.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file's name.
    pub file: Arc<str>,
    /// Its lines.
    pub lines: Vec<String>,
}

impl Source {
    /// The lines of a file.
    pub fn new(file: &str, text: &str) -> Source {
        Source { file: file.into(), lines: text.lines().map(str::to_string).collect() }
    }
    /// An error at a line (from 1).
    pub fn error(&self, line: usize, fault: Fault) -> ScriptError {
        let source = self.lines.get(line.wrapping_sub(1)).cloned().unwrap_or_default();
        ScriptError { file: self.file.clone(), line, source: source.into(), fault }
    }
    /// An error about a whole line.
    pub fn wrong(
        &self,
        line: usize,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) -> ScriptError {
        let width = self.lines.get(line.wrapping_sub(1)).map_or(1, |text| text.chars().count());
        self.error(line, Fault::new(Span::new(0, width), message, advice))
    }
    fn text(&self, at: usize) -> Option<&str> {
        self.lines.get(at).map(String::as_str)
    }
}

/// Splits a file.
pub fn scan(source: &Source) -> Result<Pieces, ScriptError> {
    let mut pieces = Pieces::default();
    if source.text(0) != Some("---") {
        let advice = "a lesson begins with a line --- and its front matter";
        return Err(source.wrong(1, "expected '---'", advice));
    }
    let mut at = 1;
    loop {
        match source.text(at) {
            None => {
                return Err(source.wrong(at, "the front matter is not closed", "add a line ---"));
            }
            Some("---") => break,
            Some(text) if text.trim().is_empty() => {}
            Some(text) => match text.split_once(':') {
                Some((name, value)) => {
                    pieces.front.push((name.trim().into(), value.trim().into(), at + 1));
                }
                None => return Err(source.wrong(at + 1, "expected 'name: value'", "")),
            },
        }
        at += 1;
    }
    at += 1;
    while let Some(text) = source.text(at) {
        let line = at + 1;
        let (piece, next) = if text.trim().is_empty() {
            at += 1;
            continue;
        } else if let Some(heading) = text.strip_prefix("## ") {
            (Piece::Heading(heading.trim().to_string()), at + 1)
        } else if text.starts_with("# ") || text == "##" {
            return Err(source.wrong(line, "a step begins with '## ' and its heading", ""));
        } else if text.starts_with("```") {
            fence(source, at)?
        } else if text.starts_with("<!--") {
            comment(source, at)?
        } else if let Some((name, _)) = quote_name(text) {
            quote(source, at, name)?
        } else {
            prose(source, at)
        };
        pieces.pieces.push((piece, line));
        at = next;
    }
    Ok(pieces)
}

fn fence(source: &Source, open: usize) -> Result<(Piece, usize), ScriptError> {
    let text = source.text(open).unwrap_or("");
    let marks = text.chars().take_while(|c| *c == '`').count();
    let (fence, info) = text.split_at(marks);
    let mut body = String::new();
    let mut at = open + 1;
    loop {
        match source.text(at) {
            None => {
                return Err(source.wrong(
                    open + 1,
                    "the block is not closed",
                    format!("add a line {fence}"),
                ));
            }
            Some(line) if line.trim_end() == fence => break,
            Some(line) => {
                body.push_str(line);
                body.push('\n');
            }
        }
        at += 1;
    }
    Ok((Piece::Fence { info: info.trim().to_string(), body }, at + 1))
}

fn comment(source: &Source, open: usize) -> Result<(Piece, usize), ScriptError> {
    let mut text = String::new();
    let mut at = open;
    loop {
        let Some(line) = source.text(at) else {
            return Err(source.wrong(open + 1, "the comment is not closed", "add -->"));
        };
        let inside = if at == open { &line[4..] } else { line };
        at += 1;
        if let Some(end) = inside.find("-->") {
            text.push_str(&inside[..end]);
            break;
        }
        text.push_str(inside);
        text.push('\n');
    }
    let (name, body) = text.split_once(':').unwrap_or((&text, ""));
    let found = COMMENTS.iter().find(|known| **known == name.trim());
    match found {
        Some(name) => Ok((Piece::Comment { name, text: body.trim().to_string() }, at)),
        None => {
            let word = name.trim().split('\n').next().unwrap_or("");
            let span = Span::new(0, 4 + word.chars().count());
            let fault = Fault::unknown(span, "comment", word, COMMENTS.iter().copied());
            Err(source.error(open + 1, fault))
        }
    }
}

/// `> name: text`, if the name is one of ours.
fn quote_name(text: &str) -> Option<(&'static str, &str)> {
    let (name, rest) = text.strip_prefix("> ")?.split_once(':')?;
    let known = QUOTES.iter().find(|known| **known == name.trim())?;
    Some((known, rest.trim()))
}

fn quote(source: &Source, open: usize, name: &'static str) -> Result<(Piece, usize), ScriptError> {
    let first = source.text(open).and_then(quote_name).map_or("", |(_, text)| text);
    let mut text = first.to_string();
    let mut at = open + 1;
    while let Some(line) = source.text(at) {
        if !line.starts_with('>') || quote_name(line).is_some() {
            break;
        }
        match line.trim_start_matches('>').trim() {
            "" => text.push('\n'),
            row => glue(&mut text, row),
        }
        at += 1;
    }
    let text = text.trim().to_string();
    if text.is_empty() {
        return Err(source.wrong(open + 1, format!("'{name}:' says nothing"), ""));
    }
    Ok((Piece::Quote { name, text }, at))
}

fn prose(source: &Source, open: usize) -> (Piece, usize) {
    let special = |line: &str| {
        line.starts_with("## ")
            || line.starts_with("# ")
            || line == "##"
            || line.starts_with("```")
            || line.starts_with("<!--")
            || quote_name(line).is_some()
    };
    let mut at = open;
    let mut text = String::new();
    while let Some(line) = source.text(at).filter(|line| !special(line)) {
        text.push_str(line.trim_end());
        text.push('\n');
        at += 1;
    }
    (Piece::Prose(text.trim_end().to_string()), at)
}
