//! The line where one types: cursor, history, completion, ghost text.
//!
//! The cursor is a byte of the text, always at a character's beginning; its column on the screen is the width of what
//! stands before it, so Chinese text moves it by two cells. The text is bounded ([`LIMIT`]), the history too.

use super::stage::Completion;
use crate::trace::width;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Bytes that a line may have.
pub const LIMIT: usize = 4096;
const HISTORY: usize = 500;

/// What a key did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// The text or the cursor changed: look up the completions anew.
    Changed,
    /// Enter: here is the line.
    Line(String),
    /// Esc: close the prompt.
    Close,
    /// Tab, and nothing was offered yet.
    Complete,
    /// Nothing.
    Nothing,
}

/// The line where one types.
#[derive(Clone, Debug, Default)]
pub struct Prompt {
    /// The text.
    pub text: String,
    /// The cursor, a byte of the text.
    pub cursor: usize,
    /// What may be put in.
    pub offers: Vec<Completion>,
    /// Which of them is chosen, once Tab or an arrow was pressed.
    pub chosen: Option<usize>,
    history: Vec<String>,
    recalled: Option<usize>,
    draft: String,
}

impl Prompt {
    /// Takes up lines typed in earlier sessions.
    pub fn remember(&mut self, line: &str) {
        if line.trim().is_empty() || self.history.last().is_some_and(|last| last == line) {
            return;
        }
        if self.history.len() == HISTORY {
            self.history.remove(0);
        }
        self.history.push(line.to_owned());
    }

    /// Whether there are earlier lines to recall.
    pub fn remembers(&self) -> bool {
        !self.history.is_empty()
    }

    /// Replaces the text; the cursor stands at its end.
    pub fn set(&mut self, text: &str) {
        self.text = width::clean(text);
        self.text.truncate(floor(&self.text, LIMIT));
        self.cursor = self.text.len();
        self.offers.clear();
        self.chosen = None;
    }

    /// Puts in text, as typed or pasted. Line ends become spaces: one command a line.
    pub fn insert(&mut self, text: &str) {
        let text = width::clean(&text.replace(['\n', '\r'], " "));
        let room = floor(&text, LIMIT.saturating_sub(self.text.len()));
        self.text.insert_str(self.cursor, &text[..room]);
        self.cursor += room;
        self.chosen = None;
    }

    /// A key.
    pub fn key(&mut self, key: KeyEvent) -> Typed {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::Esc if self.chosen.is_some() => {
                self.chosen = None;
                return Typed::Nothing;
            }
            KeyCode::Esc => return Typed::Close,
            KeyCode::Enter if self.chosen.is_some() => self.accept(),
            KeyCode::Enter => return self.submit(),
            KeyCode::Tab if self.offers.is_empty() => return Typed::Complete,
            KeyCode::Tab if self.offers.len() == 1 => {
                self.chosen = Some(0);
                self.accept();
            }
            KeyCode::Tab => return self.choose(1),
            KeyCode::BackTab => return self.choose(-1),
            KeyCode::Up if self.chosen.is_some() => return self.choose(-1),
            KeyCode::Down if self.chosen.is_some() => return self.choose(1),
            KeyCode::Up => return self.recall(-1),
            KeyCode::Down => return self.recall(1),
            KeyCode::Left if control || alt => self.cursor = self.word_left(),
            KeyCode::Right if control || alt => self.cursor = self.word_right(),
            KeyCode::Left => self.cursor = self.left(),
            KeyCode::Right if self.cursor == self.text.len() => self.take_ghost(),
            KeyCode::Right => self.cursor = self.right(),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End if self.cursor == self.text.len() => self.take_ghost(),
            KeyCode::End => self.cursor = self.text.len(),
            KeyCode::Backspace if control || alt => self.cut(self.word_left(), self.cursor),
            KeyCode::Backspace => self.cut(self.left(), self.cursor),
            KeyCode::Delete => self.cut(self.cursor, self.right()),
            KeyCode::Char('a') if control => self.cursor = 0,
            KeyCode::Char('e') if control => self.cursor = self.text.len(),
            KeyCode::Char('u') if control => self.cut(0, self.cursor),
            KeyCode::Char('k') if control => self.cut(self.cursor, self.text.len()),
            KeyCode::Char('w') if control => self.cut(self.word_left(), self.cursor),
            KeyCode::Char('p') if control => return self.recall(-1),
            KeyCode::Char('n') if control => return self.recall(1),
            KeyCode::Char(c) if !control && !alt => {
                let mut buffer = [0; 4];
                self.insert(c.encode_utf8(&mut buffer));
            }
            _ => return Typed::Nothing,
        }
        Typed::Changed
    }

    /// What could follow, from the history: the rest of the latest line that begins like this one.
    pub fn ghost(&self) -> &str {
        if self.text.is_empty() || self.cursor != self.text.len() {
            return "";
        }
        if let Some(offer) = self.chosen.and_then(|at| self.offers.get(at)) {
            let typed = &self.text[floor(&self.text, offer.from)..];
            return offer.text.strip_prefix(typed).unwrap_or("");
        }
        let found =
            self.history.iter().rev().find_map(|line| line.strip_prefix(self.text.as_str()));
        match (found, self.offers.as_slice()) {
            (Some(rest), _) if !rest.is_empty() => rest,
            (_, [only]) => {
                only.text.strip_prefix(&self.text[floor(&self.text, only.from)..]).unwrap_or("")
            }
            _ => "",
        }
    }

    /// The cursor's column in the text.
    pub fn column(&self) -> usize {
        width::of(&self.text[..self.cursor])
    }

    /// The part of the text that `cells` show, and the cursor's column in it.
    pub fn window(&self, cells: usize) -> (&str, usize) {
        let mut from = 0;
        while width::of(&self.text[from..self.cursor]) >= cells.max(1) {
            from += self.text[from..].chars().next().map_or(1, char::len_utf8);
        }
        (width::fitting(&self.text[from..], cells).0, width::of(&self.text[from..self.cursor]))
    }

    fn submit(&mut self) -> Typed {
        let line = std::mem::take(&mut self.text);
        self.remember(&line);
        self.cursor = 0;
        self.recalled = None;
        self.offers.clear();
        Typed::Line(line)
    }

    fn accept(&mut self) {
        let Some(offer) = self.chosen.take().and_then(|at| self.offers.get(at).cloned()) else {
            return;
        };
        let from = floor(&self.text, offer.from.min(self.cursor));
        self.text.replace_range(from..self.cursor, &offer.text);
        self.cursor = from + offer.text.len();
        if self.cursor == self.text.len() && !offer.text.ends_with(['=', ' ', '(', '-']) {
            self.insert(" ");
        }
        self.offers.clear();
    }

    fn choose(&mut self, by: isize) -> Typed {
        let count = self.offers.len() as isize;
        if count > 0 {
            let at = self.chosen.map_or(if by > 0 { 0 } else { count - 1 }, |at| at as isize + by);
            self.chosen = Some(at.rem_euclid(count) as usize);
        }
        Typed::Nothing
    }

    fn recall(&mut self, by: isize) -> Typed {
        let last = self.history.len() as isize;
        let at = self.recalled.map_or(last, |at| at as isize) + by;
        if !(0..=last).contains(&at) || last == 0 {
            return Typed::Nothing;
        }
        if self.recalled.is_none() {
            self.draft = self.text.clone();
        }
        let line = self.history.get(at as usize).cloned();
        self.recalled = line.is_some().then_some(at as usize);
        let line = line.unwrap_or_else(|| std::mem::take(&mut self.draft));
        self.set(&line);
        Typed::Changed
    }

    fn take_ghost(&mut self) {
        let ghost = self.ghost().to_owned();
        self.insert(&ghost);
    }

    fn cut(&mut self, from: usize, to: usize) {
        self.text.replace_range(from..to, "");
        self.cursor = from;
        self.chosen = None;
    }

    fn left(&self) -> usize {
        self.text[..self.cursor].char_indices().next_back().map_or(0, |(at, _)| at)
    }

    fn right(&self) -> usize {
        self.cursor + self.text[self.cursor..].chars().next().map_or(0, char::len_utf8)
    }

    fn word_left(&self) -> usize {
        let before = self.text[..self.cursor].trim_end();
        before.rfind(' ').map_or(0, |at| at + 1)
    }

    fn word_right(&self) -> usize {
        let after = &self.text[self.cursor..];
        let skipped = after.len() - after.trim_start().len();
        after[skipped..].find(' ').map_or(self.text.len(), |at| self.cursor + skipped + at)
    }
}

/// The greatest beginning of a character at or before `byte`.
fn floor(text: &str, byte: usize) -> usize {
    let mut at = byte.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(prompt: &mut Prompt, code: KeyCode) -> Typed {
        prompt.key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    fn kind(prompt: &mut Prompt, text: &str) {
        for c in text.chars() {
            press(prompt, KeyCode::Char(c));
        }
    }

    #[test]
    fn the_cursor_moves_by_whole_characters_and_counts_cells() {
        let mut prompt = Prompt::default();
        kind(&mut prompt, "值=苹果");
        assert_eq!((prompt.column(), prompt.cursor), (7, 10));
        press(&mut prompt, KeyCode::Left);
        assert_eq!(prompt.column(), 5);
        press(&mut prompt, KeyCode::Backspace);
        assert_eq!(prompt.text, "值=果");
        press(&mut prompt, KeyCode::Delete);
        press(&mut prompt, KeyCode::Delete);
        assert_eq!(prompt.text, "值=");
        assert_eq!(prompt.window(2), ("=", 1));
    }

    #[test]
    fn history_is_walked_and_the_draft_comes_back() {
        let mut prompt = Prompt::default();
        for line in ["step", "back", "back"] {
            kind(&mut prompt, line);
            assert_eq!(press(&mut prompt, KeyCode::Enter), Typed::Line(line.into()));
        }
        kind(&mut prompt, "b");
        assert_eq!(prompt.ghost(), "ack");
        press(&mut prompt, KeyCode::Up);
        assert_eq!(prompt.text, "back");
        press(&mut prompt, KeyCode::Up);
        assert_eq!(prompt.text, "step");
        press(&mut prompt, KeyCode::Up);
        press(&mut prompt, KeyCode::Down);
        press(&mut prompt, KeyCode::Down);
        assert_eq!(prompt.text, "b");
        press(&mut prompt, KeyCode::Right);
        assert_eq!(prompt.text, "back");
    }

    #[test]
    fn tab_walks_the_offers_and_enter_takes_one() {
        let mut prompt = Prompt::default();
        kind(&mut prompt, "show c");
        assert_eq!(press(&mut prompt, KeyCode::Tab), Typed::Complete);
        let offer = |text: &str| Completion { text: text.into(), from: 5, doc: String::new() };
        prompt.offers = vec![offer("cluster"), offer("controller")];
        press(&mut prompt, KeyCode::Tab);
        press(&mut prompt, KeyCode::Tab);
        assert_eq!(prompt.ghost(), "ontroller");
        assert_eq!(press(&mut prompt, KeyCode::Enter), Typed::Changed);
        assert_eq!(prompt.text, "show controller ");
    }

    #[test]
    fn a_paste_is_one_clean_bounded_line() {
        let mut prompt = Prompt::default();
        prompt.insert("a\nb\u{1b}[31m");
        assert_eq!(prompt.text, "a b·[31m");
        prompt.insert(&"副".repeat(LIMIT));
        assert!(prompt.text.len() <= LIMIT);
        press(&mut prompt, KeyCode::Esc);
        assert_eq!(press(&mut prompt, KeyCode::Esc), Typed::Close);
    }
}
