//! What is wrong with a script, and where.
//!
//! ```text
//! orders.klab:3:1: unknown verb 'prodcue'
//!     prodcue orders value=1
//!     ^^^^^^^ did you mean 'produce'?
//! ```
//!
//! An error names the file, the line and the column (both from 1, columns count characters), shows the line itself
//! with a caret under the place, and says what to do. Long lines are cut to a window around the place.

use crate::chinese::tell;
use crate::types::Language;
use std::fmt;
use std::sync::Arc;
use unicode_width::UnicodeWidthStr;

/// A piece of one line: from which character (from 0), and how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The first character, from 0.
    pub start: usize,
    /// How many characters.
    pub width: usize,
}

impl Span {
    /// From `start`, `width` characters.
    pub fn new(start: usize, width: usize) -> Span {
        Span { start, width }
    }
}

/// Something wrong in one line, before it is known which line of which file that is.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Where in the line.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What to do about it; stands beside the caret.
    pub advice: String,
    /// The capability that this version lacks, if that is what is wrong.
    pub needs: Option<&'static str>,
}

impl Fault {
    /// A fault with its advice.
    pub fn new(span: Span, message: impl Into<String>, advice: impl Into<String>) -> Fault {
        Fault { span, message: message.into(), advice: advice.into(), needs: None }
    }

    /// An unknown word: the advice names the nearest known one, or else what could stand here.
    pub fn unknown<'a>(
        span: Span,
        what: &str,
        word: &str,
        known: impl Iterator<Item = &'a str> + Clone,
    ) -> Fault {
        let advice = match nearest(word, known.clone()) {
            Some(near) => format!("did you mean '{near}'?"),
            None => {
                let mut all: Vec<&str> = known.collect();
                all.sort_unstable();
                all.dedup();
                match all.len() {
                    0 => String::new(),
                    _ if what == "verb" => "'help' lists the commands".into(),
                    1..=64 => format!("known: {}", all.join(", ")),
                    _ => "'help' lists what is known".into(),
                }
            }
        };
        Fault::new(span, format!("unknown {what} '{}'", clip(word, 40)), advice)
    }

    /// Something that the language has and this version of the lab cannot do yet.
    pub fn needs(span: Span, capability: &'static str) -> Fault {
        Fault {
            needs: Some(capability),
            ..Fault::new(
                span,
                format!("needs {capability}, which this version does not have yet"),
                "",
            )
        }
    }
}

/// An error in a script: the place, the line itself, what is wrong, what to do.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptError {
    /// The file, as the caller named it (`prompt` for a line typed by hand).
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: usize,
    /// The line's text.
    pub source: Box<str>,
    /// What is wrong, and where in the line.
    pub fault: Fault,
}

impl ScriptError {
    /// The column, from 1.
    pub fn column(&self) -> usize {
        self.fault.span.start + 1
    }

    /// The whole message in this language.
    pub fn text(&self, language: Language) -> String {
        let message = tell(language, &self.fault.message);
        let mut text = format!("{}:{}:{}: {message}", self.file, self.line, self.column());
        for line in self.picture(language) {
            text.push('\n');
            text.push_str(&line);
        }
        text
    }

    /// The line and the caret under it, without the first line of the message.
    pub fn picture(&self, language: Language) -> Vec<String> {
        let characters: Vec<char> =
            self.source.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let indent = characters.iter().take_while(|c| c.is_whitespace()).count();
        let span = self.fault.span;
        let start = span.start.min(characters.len());
        let from = if start > indent + 60 { start - 40 } else { indent.min(start) };
        let to = characters.len().min(from + 100);
        let mut shown: String = characters[from..to].iter().collect();
        let mut before: String = characters[from..start.max(from)].iter().collect();
        if from > indent {
            shown.insert_str(0, "… ");
            before.insert_str(0, "… ");
        }
        if to < characters.len() {
            shown.push_str(" …");
        }
        let under: String =
            characters[start..to.max(start).min(start + span.width)].iter().collect();
        let advice = tell(language, &self.fault.advice);
        let carets = "^".repeat(under.width().max(1));
        let caret_line = format!("    {}{carets} {advice}", " ".repeat(before.width()));
        vec![format!("    {}", shown.trim_end()), caret_line.trim_end().to_string()]
    }
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Language::English))
    }
}

impl std::error::Error for ScriptError {}

/// The first `most` characters of a word, with `…` where some were left off.
pub fn clip(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_string(),
    }
}

/// The known word nearest to `word`, if one is near enough to be a slip: one change in short
/// words, a third of long ones.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    if length == 0 || length > 60 {
        return None;
    }
    let most = (length / 3).clamp(1, 4);
    known
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Edit distance in which an exchange of neighbours counts once (optimal string alignment), case apart.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().flat_map(char::to_lowercase).collect();
    let b: Vec<char> = b.chars().flat_map(char::to_lowercase).collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replace = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replace.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(source: &str, start: usize, width: usize, message: &str, advice: &str) -> String {
        ScriptError {
            file: "orders.klab".into(),
            line: 3,
            source: source.into(),
            fault: Fault::new(Span::new(start, width), message, advice),
        }
        .to_string()
    }

    #[test]
    fn shows_the_line_and_a_caret() {
        let text = error(
            "        prodcue orders value=1",
            8,
            7,
            "unknown verb 'prodcue'",
            "did you mean 'produce'?",
        );
        assert_eq!(
            text,
            "orders.klab:3:9: unknown verb 'prodcue'\n    prodcue orders value=1\n    ^^^^^^^ did you mean 'produce'?"
        );
    }

    #[test]
    fn carets_stand_under_wide_characters() {
        let text = error("produce 订单 valu=1", 11, 4, "unknown key 'valu'", "");
        assert!(text.ends_with(&format!("\n{}^^^^", " ".repeat(17))), "{text}");
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let long = format!("produce t value={} x=1", "y".repeat(5000));
        let text = error(&long, 5017, 1, "unknown key 'x'", "");
        assert!(text.lines().all(|line| line.width() < 120), "{text}");
        assert!(text.ends_with('^'));
    }

    #[test]
    fn a_place_beyond_the_line_does_no_harm() {
        assert!(error("", 7, 3, "expected a condition", "").contains('^'));
    }

    #[test]
    fn nearest_word_is_a_slip_not_a_guess() {
        let known = ["produce", "producer", "broker", "back"];
        assert_eq!(nearest("prodcue", known.into_iter()), Some("produce"));
        assert_eq!(nearest("brokre", known.into_iter()), Some("broker"));
        assert_eq!(nearest("zookeeper", known.into_iter()), None);
        assert_eq!(nearest("", known.into_iter()), None);
    }
}
