//! From a line of text to words.
//!
//! A command is words between blanks. A word is plain (`orders-0`, `coordinator(billing)`) or a setting
//! (`value="3 apples"`). Quotes keep blanks together and know `\"`, `\\`, `\n`, `\t`; `#` at the beginning of a word
//! starts a comment; a last word `&` sends the command to the background. Blanks inside round brackets belong to the
//! word. Columns count characters.

use super::error::{Fault, Span};

/// The longest line that is read, in bytes; values are records, and records have limits too.
pub const LINE_LIMIT_BYTES: usize = 1 << 20;

/// One word of a command.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// The key of `key=value`, if it is a setting.
    pub key: Option<String>,
    /// The word, or the setting's value, quotes taken off.
    pub text: String,
    /// Whether the text stood in quotes (`value="null"` is text, `value=null` is a tombstone).
    pub quoted: bool,
    /// Where the whole word stands.
    pub span: Span,
    /// Where the value stands (the whole word, when it is plain).
    pub value_span: Span,
}

/// A command line as words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// The words, comment and `&` left off.
    pub words: Vec<Word>,
    /// Whether `&` ended the line.
    pub background: bool,
}

/// Characters that may stand in a key.
fn is_key(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

/// Splits a line into words.
pub fn split(text: &str) -> Result<Line, Fault> {
    if text.len() > LINE_LIMIT_BYTES {
        let message = format!("the line is longer than {LINE_LIMIT_BYTES} bytes");
        return Err(Fault::new(Span::new(0, 1), message, "use count= and size= for bulk"));
    }
    let characters: Vec<char> = text.chars().collect();
    let mut line = Line::default();
    let mut at = 0;
    while at < characters.len() {
        let c = characters[at];
        if c.is_whitespace() {
            at += 1;
        } else if c == '#' {
            break;
        } else {
            let (word, next) = word(&characters, at)?;
            line.words.push(word);
            at = next;
        }
    }
    if let Some(last) = line.words.last()
        && last.key.is_none()
        && last.text == "&"
        && !last.quoted
    {
        line.words.pop();
        line.background = true;
    }
    Ok(line)
}

/// Reads one word that begins at `start`.
fn word(characters: &[char], start: usize) -> Result<(Word, usize), Fault> {
    let mut key_end = start;
    while key_end < characters.len() && is_key(characters[key_end]) {
        key_end += 1;
    }
    let is_setting = key_end > start
        && characters.get(key_end) == Some(&'=')
        && characters.get(key_end + 1) != Some(&'=');
    let key = is_setting.then(|| characters[start..key_end].iter().collect::<String>());
    let value_start = if is_setting { key_end + 1 } else { start };
    let mut text = String::new();
    let mut at = value_start;
    let mut quoted = false;
    let mut depth = 0usize;
    while let Some(&c) = characters.get(at) {
        if c == '"' {
            let (inside, next) = quotes(characters, at)?;
            // Inside brackets the quotes belong to the expression that is read later.
            if depth > 0 {
                text.extend(&characters[at..next]);
            } else {
                text.push_str(&inside);
                quoted = true;
            }
            at = next;
            continue;
        }
        if c.is_whitespace() && depth == 0 {
            break;
        }
        match c {
            '(' if !is_setting => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        text.push(c);
        at += 1;
    }
    let span = Span::new(start, at - start);
    let value_span = Span::new(value_start, at - value_start);
    Ok((Word { key, text, quoted, span, value_span }, at))
}

/// Reads `"…"` from its opening quote; gives the inside and the place behind it.
pub fn quotes(characters: &[char], open: usize) -> Result<(String, usize), Fault> {
    let mut inside = String::new();
    let mut at = open + 1;
    loop {
        match characters.get(at) {
            None => {
                let span = Span::new(open, characters.len() - open);
                return Err(Fault::new(span, "the quote is not closed", "add \" at its end"));
            }
            Some('"') => return Ok((inside, at + 1)),
            Some('\\') => {
                inside.push(match characters.get(at + 1) {
                    Some('n') => '\n',
                    Some('t') => '\t',
                    Some(&c @ ('"' | '\\')) => c,
                    _ => {
                        let span = Span::new(at, 2);
                        let advice = "\\\" \\\\ \\n \\t are known";
                        return Err(Fault::new(span, "unknown escape", advice));
                    }
                });
                at += 2;
            }
            Some(&c) => {
                inside.push(c);
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let show = |w: &Word| match &w.key {
            Some(key) => format!("{key}={}", w.text),
            None => w.text.clone(),
        };
        split(text).unwrap().words.iter().map(show).collect()
    }

    #[test]
    fn splits_at_blanks_but_not_in_quotes_or_brackets() {
        assert_eq!(
            words("produce orders value=\"3 apples\" key=#1 # a comment"),
            ["produce", "orders", "value=3 apples", "key=#1"]
        );
        assert_eq!(words("broker kill coordinator( g )"), ["broker", "kill", "coordinator( g )"]);
        assert_eq!(words("say \"a \\\" b\""), ["say", "a \" b"]);
        assert_eq!(words("  "), Vec::<String>::new());
        assert_eq!(words("x a==b"), ["x", "a==b"]);
    }

    #[test]
    fn ampersand_at_the_end_is_background() {
        let line = split("produce orders every=1s &").unwrap();
        assert!(line.background);
        assert_eq!(line.words.len(), 3);
        assert!(!split("produce orders value=\"&\"").unwrap().background);
    }

    #[test]
    fn open_quote_and_unknown_escape_are_faults() {
        assert_eq!(split("produce t value=\"3").unwrap_err().span, Span::new(16, 2));
        assert_eq!(split("produce t value=\"\\q\"").unwrap_err().span, Span::new(17, 2));
    }

    #[test]
    fn columns_count_characters() {
        let line = split("produce 订单 key=甲").unwrap();
        assert_eq!(line.words[2].span, Span::new(11, 5));
        assert_eq!(line.words[2].value_span, Span::new(15, 1));
    }
}
