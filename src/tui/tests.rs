//! Frames of every screen, drawn on paper: a stage that plays the drawings of the design.

mod chinese; // the same in Chinese: nothing is left in English
mod frames; // what the screens look like
mod inspect; // a real broker's directory on the screen
mod keys; // what keys and the mouse do
mod lessons; // real lessons, played to their end by keys
mod panes; // panes and menus over a living cluster
mod paper; // a stage made of paper
mod silence; // no key is passed over in silence
mod pty; // the real terminal: taken, and given back on every way out

use super::app::{App, Effect, Event};
use super::theme::Theme;
use crate::trace::Glyphs;
use crate::types::Language;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Rect;

fn app(language: Language, glyphs: Glyphs, width: u16, height: u16) -> App {
    let area = Rect { x: 0, y: 0, width, height };
    App::new(paper::shelf(), language, Theme::Dark, glyphs, area)
}

fn on_stage(language: Language, glyphs: Glyphs, width: u16, height: u16) -> App {
    let mut app = app(language, glyphs, width, height);
    app.opened(Ok(Box::new(paper::Paper::new())));
    app
}

fn frame(app: &App) -> String {
    let backend = TestBackend::new(app.area.width, app.area.height);
    let mut terminal = Terminal::new(backend).expect("a terminal on paper");
    terminal.draw(|frame| app.draw(frame)).expect("a frame on paper");
    let buffer = terminal.backend().buffer();
    let mut out = String::new();
    for row in buffer.content.chunks(usize::from(app.area.width)) {
        let mut skip = 0;
        let mut line = String::new();
        for cell in row {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            skip = crate::trace::width::of(cell.symbol()).saturating_sub(1);
            line.push_str(cell.symbol());
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn press(app: &mut App, code: KeyCode) -> Vec<Effect> {
    app.on_event(Event::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn kind(app: &mut App, text: &str) {
    for c in text.chars() {
        press(app, KeyCode::Char(c));
    }
}
