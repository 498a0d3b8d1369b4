//! The first screen: lessons by track, with progress; sandbox; a directory; what was left unfinished.
//!
//! ```text
//!   ▸ Begin here     the lab in five minutes
//!
//!   Lessons
//!     A  Files         ▰▰▱▱   2/4    what is on the disk, byte by byte
//! ```
//!
//! The first row that can be chosen is the one that a newcomer needs: Enter begins the tour. Once something was left
//! unfinished, it stands first in line instead.

use super::stage::Note;
use super::words::{self, words};
use crate::trace::{Canvas, Line, Picture, Role, Target, width};
use crate::types::Language;

/// How far a lesson is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mastery {
    /// Not begun.
    #[default]
    New,
    /// At a step, of so many.
    At(usize, usize),
    /// Done.
    Done,
}

/// One lesson on the shelf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Card {
    /// Its id, `a05-offset-lookup`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The letter of its track.
    pub track: char,
    /// How long it takes, in minutes.
    pub minutes: u32,
    /// How far it is.
    pub mastery: Mastery,
}

/// A directory of a real broker that comes along.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SampleCard {
    /// Its name.
    pub name: String,
    /// What wrote it.
    pub origin: String,
    /// What is worth seeing in it.
    pub about: String,
}

/// What stands for the samples where tracks have their letters.
const SAMPLES: char = '*';

/// Everything that can be begun.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shelf {
    /// The lessons, in their order.
    pub cards: Vec<Card>,
    /// The lesson that was left unfinished last.
    pub unfinished: Option<String>,
    /// The directories of real brokers that come along.
    pub samples: Vec<SampleCard>,
    /// The lesson of "Begin here".
    pub tour: Option<String>,
}

/// What a row of the first screen is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// The tour.
    Tour(String),
    /// A track.
    Track(char),
    /// A lesson.
    Lesson(String),
    /// The sandbox.
    Sandbox,
    /// Two clusters that differ in one setting, to be named.
    Compare,
    /// A directory to be named.
    Directory,
    /// The directories that come along, to be unfolded.
    Samples,
    /// One of them, by its name.
    Sample(String),
    /// What was left unfinished.
    Continue(String),
}

/// The state of the first screen.
#[derive(Clone, Debug, Default)]
pub struct Home {
    /// The chosen row, counted among those that can be chosen.
    pub chosen: usize,
    /// The open track.
    pub open: Option<char>,
    /// What is searched for, if anything.
    pub search: Option<String>,
}

impl Home {
    /// The rows that can be chosen, top to bottom.
    pub fn rows(&self, shelf: &Shelf) -> Vec<Row> {
        if let Some(search) = &self.search {
            return found(shelf, search).map(|card| Row::Lesson(card.id.clone())).collect();
        }
        let mut rows = Vec::new();
        rows.extend(shelf.unfinished.clone().map(Row::Continue));
        rows.extend(shelf.tour.clone().map(Row::Tour));
        for letter in tracks(shelf) {
            rows.push(Row::Track(letter));
            if self.open == Some(letter) {
                rows.extend(of_track(shelf, letter).map(|card| Row::Lesson(card.id.clone())));
            }
        }
        rows.push(Row::Sandbox);
        rows.push(Row::Compare);
        rows.push(Row::Directory);
        if !shelf.samples.is_empty() {
            rows.push(Row::Samples);
            if self.open == Some(SAMPLES) {
                rows.extend(shelf.samples.iter().map(|sample| Row::Sample(sample.name.clone())));
            }
        }
        rows
    }

    /// The chosen row.
    pub fn row(&self, shelf: &Shelf) -> Option<Row> {
        let mut rows = self.rows(shelf);
        if rows.is_empty() { None } else { Some(rows.swap_remove(self.chosen.min(rows.len() - 1))) }
    }

    /// Opens or closes a track, keeping the choice on it.
    pub fn toggle(&mut self, letter: char, shelf: &Shelf) {
        self.open = if self.open == Some(letter) { None } else { Some(letter) };
        let wanted = if letter == SAMPLES { Row::Samples } else { Row::Track(letter) };
        let at = self.rows(shelf).iter().position(|row| *row == wanted);
        self.chosen = at.unwrap_or(0);
    }

    /// Opens or closes the list of samples.
    pub fn toggle_samples(&mut self, shelf: &Shelf) {
        self.toggle(SAMPLES, shelf);
    }

    /// Is the list of samples open?
    pub fn shows_samples(&self) -> bool {
        self.open == Some(SAMPLES)
    }

    /// The screen as a picture; its attention is the chosen row. Targets are the numbers of the rows.
    pub fn draw(&self, shelf: &Shelf, canvas: &Canvas) -> Picture {
        let mut picture = Picture::default();
        let rows = self.rows(shelf);
        let mut section = 0;
        if let Some(search) = &self.search {
            let w = words(canvas.language);
            picture.push(
                Line::of(format!("  / {search}"), Role::Strong)
                    .span(canvas.glyphs.cursor, Role::Dim),
            );
            picture.blank();
            if rows.is_empty() {
                picture.push(Line::of(format!("    {}", w.nothing_found), Role::Dim));
            }
        }
        for (at, row) in rows.iter().enumerate() {
            let now = part(row);
            if at > 0 && now != section && !(section == 0 && now == 0) {
                picture.blank();
            }
            if now == 1 && section != 1 && self.search.is_none() {
                picture.push(lessons_head(shelf, canvas));
            }
            section = now;
            picture.push(self.line(row, at, shelf, canvas).to(Target::Choice(at)));
            if at == self.chosen.min(rows.len() - 1) {
                picture.attend();
            }
        }
        picture
    }

    fn line(&self, row: &Row, at: usize, shelf: &Shelf, canvas: &Canvas) -> Line {
        let w = words(canvas.language);
        let chosen = at == self.chosen;
        let strong = if chosen { Role::Strong } else { Role::Plain };
        let mark = if chosen { canvas.glyphs.chosen } else { " " };
        let head = |name: &str| {
            Line::of(format!("  {mark} "), Role::Heading).span(width::pad(name, 19), strong)
        };
        match row {
            Row::Tour(id) => {
                let state = card(shelf, id).map_or(Line::new(), |c| mastery(c.mastery, canvas));
                head(w.begin_here).span(w.tour, Role::Plain).right(state, canvas.width)
            }
            Row::Continue(id) => {
                let Some(card) = card(shelf, id) else { return head(w.continue_it) };
                let state = mastery(card.mastery, canvas);
                let name = short(&card.id);
                head(w.continue_it)
                    .span(format!("{name} "), Role::Dim)
                    .text(&card.title)
                    .right(state, canvas.width)
            }
            Row::Track(letter) => self.track(*letter, chosen, shelf, canvas),
            Row::Lesson(id) => match card(shelf, id) {
                Some(card) => lesson(card, mark, strong, canvas),
                None => Line::new(),
            },
            Row::Sandbox => head(w.sandbox).text(w.sandbox_is),
            Row::Compare => head(w.compare_eras).text(w.compare_eras_is),
            Row::Directory => head(w.open_directory).text(w.open_directory_is),
            Row::Samples => {
                let count = format!("{}", shelf.samples.len());
                head(w.sample).text(w.sample_is).right(Line::of(count, Role::Dim), canvas.width)
            }
            Row::Sample(name) => {
                let found = shelf.samples.iter().find(|sample| sample.name == *name);
                let (origin, about) =
                    found.map_or(("", ""), |s| (s.origin.as_str(), s.about.as_str()));
                Line::of(format!("  {mark}    "), Role::Heading)
                    .span(width::pad(name, 14), strong)
                    .text(about)
                    .right(Line::of(origin, Role::Dim), canvas.width)
                    .cut(canvas.width, &canvas.glyphs)
            }
        }
    }

    fn track(&self, letter: char, chosen: bool, shelf: &Shelf, canvas: &Canvas) -> Line {
        let (name, about) = words::track(letter, canvas.language);
        let all = of_track(shelf, letter).count();
        let done = of_track(shelf, letter).filter(|c| c.mastery == Mastery::Done).count();
        let most = if canvas.width < 84 { 6 } else { 12 };
        let cells = all.clamp(4, most);
        let widest = tracks(shelf).into_iter().map(|l| of_track(shelf, l).count().clamp(4, most));
        let widest = widest.max().unwrap_or(4);
        let mark = if chosen { canvas.glyphs.chosen } else { " " };
        let arrow = if self.open == Some(letter) { canvas.glyphs.tick } else { " " };
        let role = if chosen { Role::Strong } else { Role::Plain };
        let bar = canvas.glyphs.bar(done, all, cells);
        let filled: String = bar.chars().filter(|c| canvas.glyphs.done.starts_with(*c)).collect();
        let rest: String = bar.chars().skip(filled.chars().count()).collect();
        Line::of(format!("  {mark} "), Role::Heading)
            .span(format!("{letter}{arrow} "), Role::Dim)
            .span(width::pad(name, 19), role)
            .span(filled, Role::Good)
            .span(rest, Role::Dim)
            .pad_to(26 + widest)
            .span(format!("{:>6}", format!("{done}/{all}")), Role::Number)
            .span(format!("   {about}"), Role::Dim)
            .cut(canvas.width, &canvas.glyphs)
    }
}

fn part(row: &Row) -> u8 {
    match row {
        Row::Continue(_) | Row::Tour(_) => 0,
        Row::Track(_) | Row::Lesson(_) => 1,
        Row::Sandbox | Row::Compare | Row::Directory | Row::Samples | Row::Sample(_) => 2,
    }
}

fn lessons_head(shelf: &Shelf, canvas: &Canvas) -> Line {
    let w = words(canvas.language);
    let done = shelf.cards.iter().filter(|c| c.mastery == Mastery::Done).count();
    let all = shelf.cards.len();
    let count = match canvas.language {
        Language::English => format!("{done} of {all} {}", w.of_done),
        Language::Chinese => format!("{} {done}/{all}", w.of_done),
    };
    Line::of(format!("  {}", w.lessons), Role::Heading)
        .right(Line::of(count, Role::Dim), canvas.width)
}

fn lesson(card: &Card, mark: &str, role: Role, canvas: &Canvas) -> Line {
    let w = words(canvas.language);
    let minutes = if card.minutes > 0 {
        format!("{:>3} {}   ", card.minutes, w.minutes)
    } else {
        String::new()
    };
    let state = Line::of(minutes, Role::Dim).join(mastery(card.mastery, canvas).pad_to(12));
    Line::of(format!("  {mark}    "), Role::Heading)
        .span(width::pad(short(&card.id), 5), Role::Dim)
        .span(&card.title, role)
        .right(state, canvas.width)
}

fn mastery(mastery: Mastery, canvas: &Canvas) -> Line {
    let w = words(canvas.language);
    match mastery {
        Mastery::New => Line::of(w.not_started, Role::Dim),
        Mastery::At(step, of) => Line::of(format!("{} {step}/{of}", w.step), Role::Plain),
        Mastery::Done => Line::of(format!("{} {}", canvas.glyphs.good, w.done), Role::Good),
    }
}

/// The short name of a lesson: `a05` of `a05-offset-lookup`.
pub fn short(id: &str) -> &str {
    id.split_once('-').map_or(id, |(head, _)| head)
}

/// The lesson of an id.
pub fn card<'a>(shelf: &'a Shelf, id: &str) -> Option<&'a Card> {
    shelf.cards.iter().find(|card| card.id == id)
}

fn tracks(shelf: &Shelf) -> Vec<char> {
    let mut letters: Vec<char> = shelf.cards.iter().map(|card| card.track).collect();
    letters.sort_unstable();
    letters.dedup();
    letters
}

fn of_track(shelf: &Shelf, letter: char) -> impl Iterator<Item = &Card> {
    shelf.cards.iter().filter(move |card| card.track == letter)
}

fn found<'a>(shelf: &'a Shelf, search: &str) -> impl Iterator<Item = &'a Card> {
    let wanted = search.to_lowercase();
    shelf.cards.iter().filter(move |card| {
        card.id.contains(&wanted) || card.title.to_lowercase().contains(&wanted)
    })
}

/// The greeting under the name, or what went wrong.
pub fn greeting(note: Option<&Note>, language: Language) -> Line {
    match note {
        Some(note) => Line::of(
            &*crate::chinese::tell(language, &note.text),
            if note.bad { Role::Bad } else { Role::Good },
        ),
        None => Line::of(words(language).tagline, Role::Dim),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shelf() -> Shelf {
        let card = |id: &str, track, mastery| Card {
            id: id.into(),
            title: id.to_uppercase(),
            track,
            minutes: 5,
            mastery,
        };
        Shelf {
            cards: vec![
                card("a02-record-batch", 'A', Mastery::Done),
                card("a05-offset-lookup", 'A', Mastery::At(3, 7)),
                card("h01-tour", 'H', Mastery::New),
            ],
            unfinished: None,
            samples: Vec::new(),
            tour: Some("h01-tour".into()),
        }
    }

    #[test]
    fn enter_on_the_first_screen_begins_the_tour() {
        assert_eq!(Home::default().row(&shelf()), Some(Row::Tour("h01-tour".into())));
    }

    #[test]
    fn tracks_open_and_close_in_place() {
        let (mut home, shelf) = (Home::default(), shelf());
        home.toggle('A', &shelf);
        assert_eq!(home.row(&shelf), Some(Row::Track('A')));
        assert_eq!(home.rows(&shelf).len(), 8);
        home.toggle('A', &shelf);
        assert_eq!(home.rows(&shelf).len(), 6);
    }

    #[test]
    fn searching_finds_by_id_and_title_and_says_when_nothing() {
        let shelf = shelf();
        let mut home = Home { search: Some("LOOKUP".into()), ..Home::default() };
        assert_eq!(home.rows(&shelf), [Row::Lesson("a05-offset-lookup".into())]);
        home.search = Some("zzz".into());
        assert_eq!(home.row(&shelf), None);
        let canvas = Canvas::text(Language::English);
        assert!(home.draw(&shelf, &canvas).to_text().contains("nothing found"));
    }
}
