//! The whole screen as a state machine: events in, effects out, and a picture at any time.
//!
//! ```text
//!   Key, Mouse, Paste, Resize, Tick ──► on_event ──► Quit, Suspend, Open(Start), Shelf
//!                                       draw ──► one frame
//! ```
//!
//! It touches no terminal and no clock: tests feed it events and look at the frames.

use super::bench::{Bench, Wanted};
use super::help::{self, Help};
use super::hints::{self, Hint};
use super::home::{Home, Shelf};
use super::layout;
use super::paint::{Paint, View};
use super::prompt::Prompt;
use super::stage::{Note, Stage};
use super::theme::Theme;
use super::words::words;
use super::{Start, view};
use crate::trace::{Canvas, Glyphs, Picture, width};
use crate::types::Language;
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseEvent, MouseEventKind};
use ratatui::Frame;
use ratatui::layout::Rect;

/// What comes in.
#[derive(Clone, Debug)]
pub enum Event {
    /// A key.
    Key(KeyEvent),
    /// The mouse.
    Mouse(MouseEvent),
    /// Pasted text.
    Paste(String),
    /// The terminal has another size.
    Resize(u16, u16),
    /// Real time went by, in milliseconds.
    Tick(u64),
    /// The terminal draws ambiguous signs two cells wide.
    AmbiguousIsWide,
}

/// What the shell is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// End, with this exit code.
    Quit(u8),
    /// Give the terminal back and stop, as ctrl-z does.
    Suspend,
    /// Put this on the stage.
    Open(Start),
    /// Read the shelf anew: progress or language changed.
    Shelf,
}

/// The whole screen.
pub struct App {
    /// The language.
    pub language: Language,
    /// The colours and marks.
    pub paint: Paint,
    /// The screen.
    pub area: Rect,
    /// What can be begun.
    pub shelf: Shelf,
    /// The first screen.
    pub home: Home,
    /// What is worked on; nothing on the first screen.
    pub bench: Option<Bench>,
    /// The help, if it is open.
    pub help: Option<Help>,
    /// The path of a directory, or what is to be compared, while it is typed.
    pub path: Option<Prompt>,
    /// Whether it is what is to be compared.
    pub comparing: bool,
    /// What to tell on the first screen.
    pub note: Option<Note>,
    /// Whether leaving the bench ends the program (it was started with a lesson).
    pub direct: bool,
}

impl App {
    /// The screen before anything happened.
    pub fn new(shelf: Shelf, language: Language, theme: Theme, glyphs: Glyphs, area: Rect) -> App {
        App {
            language,
            paint: Paint { theme, glyphs },
            area,
            shelf,
            home: Home::default(),
            bench: None,
            help: None,
            path: None,
            comparing: false,
            note: None,
            direct: false,
        }
    }

    /// What was asked for is on the stage, or could not be put there.
    pub fn opened(&mut self, stage: Result<Box<dyn Stage>, String>) {
        match stage {
            Ok(stage) => {
                self.note = None;
                let glyphs = self.paint.glyphs;
                let mut bench = Bench::new(stage, self.language, glyphs, self.area);
                bench.begin();
                if !layout::too_small(self.area) {
                    bench.fit();
                }
                self.bench = Some(bench);
            }
            Err(text) => match &mut self.bench {
                Some(bench) => bench.note = Some(Note::bad(text)),
                None => self.note = Some(Note::bad(text)),
            },
        }
    }

    /// How soon a tick is wanted, in milliseconds.
    pub fn wait_ms(&self) -> Option<u64> {
        self.bench.as_ref().and_then(Bench::wait_ms)
    }

    /// Something came in.
    pub fn on_event(&mut self, event: Event) -> Vec<Effect> {
        // While one types the pictures stay as they are.
        let typing = |app: &App| app.bench.as_ref().is_some_and(|bench| bench.asking.is_some());
        let typed = matches!(event, Event::Key(_)) && typing(self);
        let effects = self.take(event);
        let typed = typed && typing(self);
        if let Some(bench) = &mut self.bench
            && !layout::too_small(self.area)
            && !typed
        {
            bench.fit();
        }
        effects
    }

    fn take(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Resize(width, height) => {
                self.area = Rect { x: 0, y: 0, width, height };
                if let Some(bench) = &mut self.bench {
                    bench.resized(self.area);
                }
                Vec::new()
            }
            Event::AmbiguousIsWide => {
                self.set_glyphs(Glyphs::ascii());
                Vec::new()
            }
            Event::Tick(elapsed_ms) => {
                if let Some(bench) = &mut self.bench {
                    bench.tick(elapsed_ms);
                }
                Vec::new()
            }
            Event::Paste(text) => {
                if let Some(path) = &mut self.path {
                    path.insert(text.trim());
                } else if let Some(help) = &mut self.help {
                    help.search.push_str(&width::clean(text.trim()));
                } else if let Some(bench) = &mut self.bench
                    && !layout::too_small(self.area)
                {
                    bench.paste(&text);
                }
                Vec::new()
            }
            Event::Mouse(_) if layout::too_small(self.area) => Vec::new(),
            Event::Mouse(mouse) => self.mouse(mouse),
            Event::Key(key) if key.kind == KeyEventKind::Release => Vec::new(),
            Event::Key(key) => self.key(key),
        }
    }

    pub(super) fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if control => {
                self.save();
                return vec![Effect::Quit(130)];
            }
            KeyCode::Char('z') if control => return vec![Effect::Suspend],
            KeyCode::Char('q') if layout::too_small(self.area) => {
                self.save();
                return vec![Effect::Quit(0)];
            }
            _ if layout::too_small(self.area) => return Vec::new(),
            _ => {}
        }
        if self.help.is_some() {
            self.help_key(key);
            return Vec::new();
        }
        if self.path.is_some() {
            return self.path_key(key);
        }
        let typing = self.bench.as_ref().is_some_and(|b| b.asking.is_some())
            || self.home.search.is_some() && self.bench.is_none();
        if !typing && !control {
            match key.code {
                KeyCode::Char('L') => return self.change_language(),
                KeyCode::Char('T') => {
                    self.paint.theme = self.paint.theme.next();
                    return Vec::new();
                }
                KeyCode::Char('A') => {
                    let ascii = self.paint.glyphs.is_ascii();
                    self.set_glyphs(if ascii { Glyphs::unicode() } else { Glyphs::ascii() });
                    return Vec::new();
                }
                _ => {}
            }
        }
        match &mut self.bench {
            Some(bench) => {
                let wanted = bench.key(key);
                if let Some(start) = bench.wanted_start.take() {
                    return vec![Effect::Open(start)];
                }
                self.wanted(wanted)
            }
            None => self.home_key(key),
        }
    }

    fn wanted(&mut self, wanted: Wanted) -> Vec<Effect> {
        match wanted {
            Wanted::Nothing => Vec::new(),
            Wanted::Help(help) => {
                self.help = Some(help);
                Vec::new()
            }
            Wanted::Leave => {
                self.save();
                self.bench = None;
                if self.direct { vec![Effect::Quit(0)] } else { vec![Effect::Shelf] }
            }
        }
    }

    /// Saves the progress; what goes wrong is told on the first screen.
    pub fn save(&mut self) {
        if let Some(bench) = &mut self.bench
            && let Err(text) = bench.stage.save()
        {
            self.note = Some(Note::bad(text));
        }
    }

    fn set_glyphs(&mut self, glyphs: Glyphs) {
        self.paint.glyphs = glyphs;
        if let Some(bench) = &mut self.bench {
            bench.glyphs = glyphs;
        }
    }

    fn change_language(&mut self) -> Vec<Effect> {
        self.language = match self.language {
            Language::English => Language::Chinese,
            Language::Chinese => Language::English,
        };
        if let Some(bench) = &mut self.bench {
            bench.language = self.language;
            bench.stage.set_language(self.language);
        }
        vec![Effect::Shelf]
    }

    fn help_key(&mut self, key: KeyEvent) {
        let Some(help) = &self.help else { return };
        let last = self.help_last(help);
        let Some(help) = &mut self.help else { return };
        help.first = help.first.min(last);
        match key.code {
            KeyCode::Esc if !help.search.is_empty() => {
                *help = Help { read_only: help.read_only, ..Help::default() };
            }
            KeyCode::Esc | KeyCode::Enter => self.help = None,
            KeyCode::Char('q' | '?') if help.search.is_empty() => self.help = None,
            KeyCode::Up => help.first = help.first.saturating_sub(1),
            KeyCode::Down => help.first = (help.first + 1).min(last),
            KeyCode::PageUp => help.first = help.first.saturating_sub(10),
            KeyCode::PageDown => help.first = (help.first + 10).min(last),
            KeyCode::Home => help.first = 0,
            KeyCode::End => help.first = last,
            KeyCode::Backspace => {
                help.search.pop();
            }
            KeyCode::Char(c) if !c.is_control() && help.search.len() < 60 => {
                help.search.push(c);
                help.first = 0;
            }
            _ => {}
        }
    }

    fn mouse(&mut self, mouse: MouseEvent) -> Vec<Effect> {
        let last = self.help.as_ref().map_or(0, |help| self.help_last(help));
        if let Some(help) = &mut self.help {
            match mouse.kind {
                MouseEventKind::ScrollDown => help.first = (help.first + 3).min(last),
                MouseEventKind::ScrollUp => help.first = help.first.min(last).saturating_sub(3),
                MouseEventKind::Down(_) => self.help = None,
                _ => {}
            }
            return Vec::new();
        }
        if let Some(bench) = &mut self.bench {
            let wanted = bench.mouse(mouse);
            return self.wanted(wanted);
        }
        match mouse.kind {
            MouseEventKind::ScrollDown => {
                let last = self.home.rows(&self.shelf).len().saturating_sub(1);
                self.home.chosen = (self.home.chosen + 1).min(last);
            }
            MouseEventKind::ScrollUp => self.home.chosen = self.home.chosen.saturating_sub(1),
            MouseEventKind::Down(_) => return self.home_click(mouse.column, mouse.row),
            _ => {}
        }
        Vec::new()
    }

    pub(super) fn canvas(&self, rect: Rect) -> Canvas {
        Canvas {
            width: usize::from(rect.width),
            height: usize::from(rect.height),
            glyphs: self.paint.glyphs,
            language: self.language,
        }
    }

    pub(super) fn keys_rect(&self) -> Rect {
        let area = self.area;
        Rect { x: 1, y: area.height - 1, width: area.width - 2, height: 1 }
    }

    /// Draws one frame.
    pub fn draw(&self, frame: &mut Frame<'_>) {
        let area = frame.area();
        if layout::too_small(area) {
            self.draw_too_small(frame);
            return;
        }
        if area != self.area {
            return; // a resize is on its way
        }
        match &self.bench {
            Some(bench) => view::draw(bench, &self.paint, frame),
            None => self.draw_home(frame),
        }
        if let Some(help) = &self.help {
            self.draw_help(help, frame);
        }
    }

    fn draw_too_small(&self, frame: &mut Frame<'_>) {
        let area = frame.area();
        let w = words(self.language);
        let text = format!("{} {}×{}  (q {})", w.too_small, area.width, area.height, w.quit);
        let rows = crate::trace::prose::wrap(&[text.into()], usize::from(area.width));
        for (row, line) in rows.iter().enumerate().take(usize::from(area.height)) {
            self.paint.line(frame.buffer_mut(), area, row as u16, line);
        }
    }

    /// The help's rows, and where they stand.
    fn help_picture(&self, help: &Help) -> (Picture, Rect) {
        let area = self.area;
        let wide = area.width.saturating_sub(4).min(100);
        let inner = Rect { x: (area.width - wide) / 2, y: 2, width: wide, height: area.height - 4 };
        let glossary = help::glossary_of(self.language);
        (help::draw(help, &glossary, &self.canvas(inner)), inner)
    }

    /// The first row of the help when its last one is on the screen.
    fn help_last(&self, help: &Help) -> usize {
        let (picture, inner) = self.help_picture(help);
        picture.lines.len().saturating_sub(usize::from(inner.height.saturating_sub(1)))
    }

    fn draw_help(&self, help: &Help, frame: &mut Frame<'_>) {
        let body = Rect { y: 1, height: self.area.height - 1, ..self.area };
        let buffer = frame.buffer_mut();
        ratatui::widgets::Widget::render(ratatui::widgets::Clear, body, buffer);
        let (picture, inner) = self.help_picture(help);
        let rows = usize::from(inner.height.saturating_sub(1));
        let last = picture.lines.len().saturating_sub(rows);
        let view = View { first: help.first.min(last), chosen: None, active: false };
        self.paint.picture(buffer, inner, &picture, view);
        let keys = self.keys_rect();
        let w = words(self.language);
        let hints = [
            Hint::new(KeyCode::Esc, "Esc", w.back_to),
            Hint::new(
                KeyCode::Down,
                if self.paint.glyphs.is_ascii() { "Up Down" } else { "↑↓" },
                w.scroll,
            ),
            Hint::new(KeyCode::Char('/'), "abc", w.type_to_search),
        ];
        self.paint.line(buffer, keys, 0, &hints::line(&hints, usize::from(keys.width)));
    }
}
