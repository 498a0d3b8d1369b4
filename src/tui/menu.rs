//! The menu of what can be done to the chosen row: each offer shows the command that it runs, so that the language is
//! learnt on the way.
//!
//! ```text
//!     b2 ●
//!   ▸ kill          broker kill 2
//!     power off     broker power-off 2
//!     cut from …  ▸
//!     The process dies; the page cache stays.
//! ```
//!
//! What always holds: an offer is a command that the prompt would take as it stands; Enter runs it, `e` puts it into
//! the prompt to be changed first.

use super::bench::{Asking, Bench, Wanted};
use super::paint::Paint;
use crate::trace::{Line, Role, Target, width};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// What an offer does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Does {
    /// Runs a command.
    Run(String),
    /// Runs commands one after the other: a prepared schedule.
    All(Vec<String>),
    /// Opens the menu of something else.
    Open(Target),
    /// Opens a menu within this one.
    More(Vec<Offer>),
}

/// One thing that can be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// In a word or two.
    pub label: String,
    /// What it does.
    pub does: Does,
    /// In a sentence.
    pub doc: String,
}

/// What can be done to something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offers {
    /// What it is.
    pub title: String,
    /// The offers.
    pub offers: Vec<Offer>,
}

/// A menu that is open.
#[derive(Clone, Debug, Default)]
pub struct Menu {
    /// What it offers.
    pub offers: Offers,
    /// Which one is chosen.
    pub chosen: usize,
    /// Where the chosen row is: the menu stands below or above it.
    pub at: Position,
    /// The menu from which it was opened.
    before: Option<Box<Menu>>,
}

/// Most rows of offers; longer menus scroll.
const MOST_ROWS: usize = 16;

impl Menu {
    /// The offers in sight.
    fn rows(&self, area: Rect) -> std::ops::Range<usize> {
        let room = usize::from(area.height.saturating_sub(8)).clamp(1, MOST_ROWS);
        let all = self.offers.offers.len();
        let from = (self.chosen + 1).saturating_sub(room).min(all.saturating_sub(room));
        from..(from + room).min(all)
    }

    /// Where it stands.
    pub fn rect(&self, area: Rect) -> Rect {
        let offers = &self.offers.offers;
        let wide = |text: fn(&Offer) -> &str| {
            offers.iter().map(|offer| width::of(text(offer))).max().unwrap_or(0)
        };
        let cells = wide(|o| &o.label) + 3 + wide(Offer::command);
        let docs = wide(|o| &o.doc).min(60);
        let cells = cells.max(width::of(&self.offers.title)).max(docs) + 6;
        let cells = (cells as u16).min(area.width.saturating_sub(2));
        let rows = (self.rows(area).len() + 4) as u16;
        // The prompt, the time line and the keys stay in sight, the tabs of a narrow screen too.
        let end = area.height.saturating_sub(4).max(rows);
        let below = self.at.y + 1 + rows <= end;
        let y = if below { self.at.y + 1 } else { self.at.y.saturating_sub(rows) };
        let y = y.min(end - rows);
        let x = self.at.x.min(area.width.saturating_sub(cells + 1));
        Rect { x, y, width: cells, height: rows.min(area.height) }
    }

    /// The offer at a place of the screen.
    fn offer_at(&self, area: Rect, at: Position) -> Option<usize> {
        let rect = self.rect(area);
        let row = usize::from(at.y.checked_sub(rect.y + 2)?);
        let rows = self.rows(area);
        (rect.contains(at) && row < rows.len()).then(|| rows.start + row)
    }
}

impl Offer {
    /// One that runs a command.
    pub fn run(label: &str, command: String, doc: &str) -> Offer {
        Offer { label: label.into(), does: Does::Run(command), doc: doc.into() }
    }
    fn command(&self) -> &str {
        match &self.does {
            Does::Run(command) => command,
            Does::All(commands) => commands.first().map_or("", String::as_str),
            Does::Open(_) | Does::More(_) => "",
        }
    }
}

impl Bench {
    /// Opens the menu of the chosen row, or of the whole.
    pub(super) fn open_menu(&mut self, target: Option<&Target>, at: Position) {
        let Some(offers) = self.stage.offers(target, self.language) else {
            let w = super::words::words(self.language);
            self.note = Some(super::stage::Note::bad(w.nothing_to_do));
            return;
        };
        self.playing = None;
        self.menu = Some(Menu { offers, at, ..Menu::default() });
    }

    /// Opens the menu of the prepared schedules.
    pub(super) fn open_races(&mut self) {
        let offer = |(label, commands): (String, Vec<String>)| Offer {
            doc: commands.join("; "),
            label,
            does: Does::All(commands),
        };
        let offers: Vec<Offer> = self.stage.races(self.language).into_iter().map(offer).collect();
        if offers.is_empty() {
            self.idle(KeyCode::Char('R'));
        } else {
            let title = super::words::words(self.language).race.to_owned();
            let at = self.chosen_place();
            let offers = Offers { title, offers };
            self.menu = Some(Menu { offers, at, ..Menu::default() });
        }
    }

    /// Where the chosen row of the active pane stands on the screen.
    pub(super) fn chosen_place(&self) -> Position {
        let plan = self.plan();
        let found = plan.panes.iter().find(|(pane, _)| *pane == self.active);
        let Some((pane, rect)) = found else {
            return Position { x: self.area.width / 4, y: self.area.height / 4 };
        };
        let (_, seen) = super::view::pane_view(self, *pane, *rect);
        let row = seen.chosen.map_or(1, |row| row.saturating_sub(seen.first) + 1);
        Position { x: rect.x + 4, y: rect.y + (row as u16).min(rect.height.saturating_sub(1)) }
    }

    pub(super) fn menu_key(&mut self, key: KeyEvent) -> Wanted {
        self.note = None;
        let Some(menu) = &mut self.menu else { return Wanted::Nothing };
        let last = menu.offers.offers.len().saturating_sub(1);
        match key.code {
            // Past its end a menu begins anew, so that no arrow is pressed in vain.
            KeyCode::Up | KeyCode::Char('k') => {
                menu.chosen = menu.chosen.checked_sub(1).unwrap_or(last);
            }
            KeyCode::Down | KeyCode::Char('j') => {
                menu.chosen = if menu.chosen < last { menu.chosen + 1 } else { 0 };
            }
            KeyCode::Home => menu.chosen = 0,
            KeyCode::End => menu.chosen = last,
            KeyCode::Enter | KeyCode::Right => self.take_offer(false),
            KeyCode::Char('e') => self.take_offer(true),
            KeyCode::Esc | KeyCode::Left | KeyCode::Char('q' | 'a') => {
                self.menu = self.menu.take().and_then(|menu| menu.before).map(|menu| *menu);
            }
            _ => self.say((
                "the menu is open: Enter runs the chosen one, e changes it first, Esc closes",
                "菜单已打开：Enter 执行所选项，e 先修改，Esc 关闭",
            )),
        }
        Wanted::Nothing
    }

    fn take_offer(&mut self, change: bool) {
        let Some(menu) = self.menu.take() else { return };
        let Some(offer) = menu.offers.offers.get(menu.chosen).cloned() else { return };
        let title = format!("{}  {}", menu.offers.title, offer.label);
        let at = menu.at;
        match offer.does {
            Does::Run(command) if change => {
                self.ask(Asking::Command);
                self.prompt.set(&command);
                self.offer();
            }
            Does::Run(command) => {
                let pace = self.stage.command(&command);
                self.done(pace);
            }
            Does::All(commands) => {
                let pace = self.stage.commands(&commands);
                self.done(pace);
            }
            Does::Open(target) => {
                let offers = self.stage.offers(Some(&target), self.language).unwrap_or_default();
                self.menu = Some(Menu { offers, chosen: 0, at, before: Some(Box::new(menu)) });
            }
            Does::More(offers) => {
                let offers = Offers { title, offers };
                self.menu = Some(Menu { offers, chosen: 0, at, before: Some(Box::new(menu)) });
            }
        }
    }

    /// A click while a menu is open.
    pub(super) fn click_menu(&mut self, at: Position) {
        let Some(menu) = &mut self.menu else { return };
        match menu.offer_at(self.area, at) {
            Some(offer) => {
                menu.chosen = offer;
                self.take_offer(false);
            }
            None if menu.rect(self.area).contains(at) => {}
            None => self.menu = None,
        }
    }
}

/// Draws it over everything.
pub fn draw(menu: &Menu, paint: &Paint, area: Rect, buffer: &mut Buffer) {
    let rect = menu.rect(area);
    ratatui::widgets::Widget::render(ratatui::widgets::Clear, rect, buffer);
    let g = &paint.glyphs;
    paint.frame(buffer, rect);
    let inner = Rect { x: rect.x + 1, width: rect.width.saturating_sub(2), ..rect };
    paint.line(buffer, inner, 1, &Line::of(format!(" {}", menu.offers.title), Role::Heading));
    let rows = menu.rows(area);
    let all = menu.offers.offers.len();
    if all > rows.len() {
        let text = format!("{}{} {}{}", g.up, rows.start, g.down, all - rows.end);
        let line = Line::of(format!(" {}", menu.offers.title), Role::Heading);
        let cells = usize::from(inner.width);
        paint.line(buffer, inner, 1, &line.right(Line::of(text, Role::Dim), cells));
    }
    let labels = menu.offers.offers.iter().map(|offer| width::of(&offer.label)).max().unwrap_or(0);
    for (row, at) in rows.clone().enumerate() {
        let offer = &menu.offers.offers[at];
        let mark = if at == menu.chosen { g.chosen } else { " " };
        let end = match offer.does {
            Does::Run(_) => Line::of(offer.command(), Role::Code),
            Does::All(_) => {
                Line::of(offer.command(), Role::Code).span(format!(" {}", g.ellipsis), Role::Dim)
            }
            Does::Open(_) | Does::More(_) => Line::of(g.chosen, Role::Dim),
        };
        let line = Line::of(format!("{mark} {}   ", width::pad(&offer.label, labels)), Role::Plain);
        paint.line(buffer, inner, row as u16 + 2, &line.join(end));
        if at == menu.chosen {
            paint.choose(buffer, inner, row as u16 + 2);
        }
    }
    let doc = menu.offers.offers.get(menu.chosen).map_or("", |offer| offer.doc.as_str());
    let bottom = rows.len() as u16 + 2;
    let room = usize::from(inner.width).saturating_sub(3);
    paint.line(buffer, inner, bottom, &Line::of(format!("  {doc}"), Role::Dim).cut(room, g));
}
