//! The first screen at work: keys, clicks and drawing of `home`.

use super::Start;
use super::app::{App, Effect};
use super::help::Help;
use super::hints::{self, Hint};
use super::home::{self, Row};
use super::prompt::{Prompt, Typed};
use super::stage::Note;
use super::words::words;
use crate::trace::{Line, Role, Target, width};
use crate::types::Language;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Frame;
use ratatui::layout::Rect;

/// The name, in two rows.
const LOGO: [&str; 2] = ["█▄▀ █   ▄▀█ █▄▄", "█ █ █▄▄ █▀█ █▄█"];

impl App {
    pub(super) fn path_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let Some(prompt) = &mut self.path else { return Vec::new() };
        match prompt.key(key) {
            Typed::Close => self.path = None,
            Typed::Line(line) => {
                self.path = None;
                let line = line.trim();
                if line.is_empty() {
                    let w = words(self.language);
                    self.note = Some(Note::good(w.nothing_typed));
                } else {
                    return vec![Effect::Open(match self.comparing {
                        true => Start::Compare(line.into()),
                        false => Start::Inspect(line.into()),
                    })];
                }
            }
            _ => {}
        }
        Vec::new()
    }

    pub(super) fn home_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        self.note = None;
        if let Some(search) = &mut self.home.search {
            match key.code {
                KeyCode::Esc => {
                    self.home.search = None;
                    self.home.chosen = 0;
                    return Vec::new();
                }
                KeyCode::Backspace => {
                    search.pop();
                    return Vec::new();
                }
                KeyCode::Char(c) if !key.modifiers.contains(KeyModifiers::CONTROL) => {
                    if search.len() < 60 {
                        search.push(c);
                    }
                    self.home.chosen = 0;
                    return Vec::new();
                }
                _ => {}
            }
        }
        let rows = self.home.rows(&self.shelf).len();
        match key.code {
            KeyCode::Up | KeyCode::Char('k') | KeyCode::BackTab => {
                self.home.chosen =
                    self.home.chosen.checked_sub(1).unwrap_or(rows.saturating_sub(1));
            }
            // Past its end the list begins anew, so that no arrow is pressed in vain.
            KeyCode::Down | KeyCode::Char('j') | KeyCode::Tab => {
                self.home.chosen =
                    if self.home.chosen + 1 < rows { self.home.chosen + 1 } else { 0 };
            }
            KeyCode::Home => self.home.chosen = 0,
            KeyCode::End => self.home.chosen = rows.saturating_sub(1),
            KeyCode::Enter | KeyCode::PageDown => return self.begin(),
            KeyCode::Right | KeyCode::Left | KeyCode::Char('l' | 'h' | ' ') => {
                let forward = !matches!(key.code, KeyCode::Left | KeyCode::Char('h'));
                self.fold(forward);
            }
            KeyCode::Char('/') => {
                self.home.search = Some(String::new());
                self.home.chosen = 0;
            }
            KeyCode::Char('?') => self.help = Some(Help::default()),
            KeyCode::Char('q') | KeyCode::Esc => return vec![Effect::Quit(0)],
            _ => self.note = Some(Note::good(words(self.language).no_such_key)),
        }
        Vec::new()
    }

    pub(super) fn fold(&mut self, open: bool) {
        match self.home.row(&self.shelf) {
            Some(Row::Samples) if self.home.shows_samples() != open => {
                self.home.toggle_samples(&self.shelf);
            }
            Some(Row::Sample(_)) if !open => self.home.toggle_samples(&self.shelf),
            Some(Row::Track(letter)) if (self.home.open == Some(letter)) != open => {
                self.home.toggle(letter, &self.shelf);
            }
            Some(Row::Lesson(_)) if !open => {
                if let Some(letter) = self.home.open {
                    self.home.toggle(letter, &self.shelf);
                }
            }
            _ => self.note = Some(Note::good(words(self.language).nothing_to_fold)),
        }
    }

    pub(super) fn begin(&mut self) -> Vec<Effect> {
        match self.home.row(&self.shelf) {
            Some(Row::Tour(id) | Row::Lesson(id) | Row::Continue(id)) => {
                vec![Effect::Open(Start::Lesson(id))]
            }
            Some(Row::Track(letter)) => {
                self.home.toggle(letter, &self.shelf);
                Vec::new()
            }
            Some(Row::Sandbox) => vec![Effect::Open(Start::Sandbox)],
            Some(Row::Samples) => {
                self.home.toggle_samples(&self.shelf);
                Vec::new()
            }
            Some(Row::Sample(name)) => vec![Effect::Open(Start::Sample(name))],
            Some(row @ (Row::Directory | Row::Compare)) => {
                let mut prompt = Prompt::default();
                self.comparing = row == Row::Compare;
                if self.comparing {
                    prompt.set("kafka=0.10.2,4.3");
                }
                self.path = Some(prompt);
                Vec::new()
            }
            None => {
                self.note = Some(Note::good(words(self.language).nothing_found_search));
                Vec::new()
            }
        }
    }

    pub(super) fn home_click(&mut self, column: u16, row: u16) -> Vec<Effect> {
        let keys = self.keys_rect();
        if row == keys.y {
            let hints = self.home_hints();
            let at = usize::from(column.saturating_sub(keys.x));
            let hint = hints::at(&hints, usize::from(keys.width), at).cloned();
            return hint.map_or(Vec::new(), |hint| self.key(hint.press()));
        }
        let body = self.home_body();
        let picture = self.home.draw(&self.shelf, &self.canvas(body));
        let Some(at) = row.checked_sub(body.y).filter(|at| *at < body.height) else {
            return Vec::new();
        };
        let at = usize::from(at) + picture.first_row(usize::from(body.height));
        if let Some(Target::Choice(choice)) = picture.lines.get(at).and_then(|l| l.target.clone()) {
            self.home.chosen = choice;
            return self.begin();
        }
        Vec::new()
    }

    /// Where the rows of the first screen stand: in the middle of large screens, with a margin.
    pub(super) fn home_body(&self) -> Rect {
        let area = self.area;
        let wide = area.width.saturating_sub(4).min(104);
        let top = match area.height {
            0..20 => 2,
            20..30 => 4,
            height => 5 + (height - 30) / 6,
        };
        let high = area.height - top - 2;
        Rect { x: (area.width - wide) / 2, y: top, width: wide, height: high }
    }

    pub(super) fn home_hints(&self) -> Vec<Hint> {
        let w = words(self.language);
        let ascii = self.paint.glyphs.is_ascii();
        let mut out =
            vec![Hint::new(KeyCode::Down, if ascii { "Up Down" } else { "↑↓" }, w.choose)];
        let enter = match self.home.row(&self.shelf) {
            Some(Row::Track(letter)) if self.home.open == Some(letter) => w.close,
            Some(Row::Samples) if self.home.shows_samples() => w.close,
            Some(Row::Track(_) | Row::Directory | Row::Samples | Row::Sample(_)) => w.open,
            _ => w.start,
        };
        out.push(Hint::new(KeyCode::Enter, "Enter", enter));
        if self.home.search.is_some() {
            out.push(Hint::new(KeyCode::Esc, "Esc", w.cancel));
            return out;
        }
        for (key, label) in
            [('/', w.search), ('L', w.language), ('T', w.theme), ('?', w.help), ('q', w.quit)]
        {
            out.push(Hint::new(KeyCode::Char(key), key.to_string(), label));
        }
        out
    }

    pub(super) fn draw_home(&self, frame: &mut Frame<'_>) {
        let body = self.home_body();
        let cells = usize::from(body.width);
        let above = if self.area.height >= 20 { 3 } else { 2 };
        let head = Rect { y: body.y - above, height: above, ..body };
        let languages = match self.language {
            Language::English => Line::of("English", Role::Strong).span("  中文", Role::Dim),
            Language::Chinese => Line::of("English  ", Role::Dim).span("中文", Role::Strong),
        };
        let greeting = home::greeting(self.note.as_ref(), self.language);
        let large = self.area.height >= 20 && !self.paint.glyphs.is_ascii();
        let name: &[&str] = if large { &LOGO } else { &["klab"] };
        let buffer = frame.buffer_mut();
        for (row, text) in name.iter().enumerate() {
            let mut line = Line::of(format!("  {text}"), Role::Heading);
            if row + 1 == name.len() {
                line = line.text("   ").join(greeting.clone()).right(languages.clone(), cells);
            }
            self.paint.line(buffer, head, row as u16, &line);
        }
        let picture = self.home.draw(&self.shelf, &self.canvas(body));
        let first = picture.first_row(usize::from(body.height));
        for (row, line) in
            picture.lines.iter().skip(first).take(usize::from(body.height)).enumerate()
        {
            self.paint.line(buffer, body, row as u16, line);
        }
        let keys = self.keys_rect();
        let line = hints::line(&self.home_hints(), usize::from(keys.width));
        self.paint.line(buffer, keys, 0, &line);
        if let Some(prompt) = &self.path {
            let w = words(self.language);
            let lead = if self.comparing { w.compare_what } else { w.path };
            let lead = format!("{lead}{}", w.colon);
            let from = width::of(&lead);
            let row = Rect { y: keys.y - 1, ..keys };
            let (text, column) = prompt.window(usize::from(row.width).saturating_sub(from + 1));
            let line = Line::of(lead, Role::Heading).span(text, Role::Strong);
            self.paint.line(buffer, row, 0, &line);
            frame.set_cursor_position((row.x + (from + column) as u16, row.y));
        }
    }
}
