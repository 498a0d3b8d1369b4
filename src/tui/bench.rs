//! The screen on which one works: a stage, the panes that look at it, the prompt, playing. State and keys; drawing is
//! in `view`, the mouse in `mouse`.
//!
//! What always holds: a pane keeps its place on the screen (choosing one that is not shown puts it where the active one
//! is; only rows that nobody uses change hands); a chosen row is remembered by what it means, not by its number, so it
//! stays chosen when rows are added above it; nothing that takes long is done within a key (see [`Bench::tick`]).

use super::help::Help;
use super::layout;
use super::prompt::Prompt;
use super::speed::{Beat, FIRST, Playing, Speed};
use super::stage::{Note, Pace, Pane, Stage};
use super::words::words;
use crate::trace::{Canvas, Focus, Glyphs, Target};
use crate::types::Language;
use ratatui::layout::Rect;
use std::collections::BTreeMap;

/// What of a pane is seen.
#[derive(Clone, Debug, Default)]
pub struct Sight {
    /// The first row, if the reader scrolled.
    pub scroll: Option<usize>,
    /// What the chosen row means.
    pub chosen: Option<Target>,
    /// The first row of a long list, if the reader scrolled.
    pub top: Option<usize>,
    /// What rows must contain.
    pub filter: Option<String>,
}

/// What the prompt asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// A command.
    Command,
    /// The name of a branch.
    Branch,
    /// The answer to the question.
    Answer,
    /// What the rows of a pane must contain.
    Filter(Pane),
}

/// What a key or a click asks of the app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing.
    Nothing,
    /// To leave this screen.
    Leave,
    /// The help.
    Help(Help),
}

/// The screen on which one works.
pub struct Bench {
    /// What is worked on.
    pub stage: Box<dyn Stage>,
    /// All pictures; the first ones are on the screen.
    pub order: Vec<Pane>,
    /// The panes as the stage last named them.
    panes: Vec<Pane>,
    /// The lesson's step when it was last looked at.
    lesson_step: Option<usize>,
    /// Whether a `show` turned to a picture in this step of the lesson.
    turned: bool,
    /// What keys go to.
    pub active: Pane,
    /// What the pictures are about.
    pub focus: Focus,
    /// How many rows the pictures on the screen have wanted so far.
    pub(super) wishes: BTreeMap<Pane, u16>,
    /// What of each pane is seen.
    pub sights: BTreeMap<Pane, Sight>,
    /// Where one types.
    pub prompt: Prompt,
    /// Whether one types, and what.
    pub asking: Option<Asking>,
    /// What can be done to the chosen row, while it is asked.
    pub menu: Option<super::menu::Menu>,
    /// Playing, if it plays.
    pub playing: Option<Playing>,
    /// Which speed.
    pub speed: Speed,
    /// A lesson that plays by itself.
    pub(super) alone: Option<super::alone::Alone>,
    /// What shall be on the stage instead.
    pub wanted_start: Option<super::Start>,
    /// The step that dragging or clicking asked for.
    pub wanted_step: Option<u64>,
    /// Whether something is under way that `advance` goes on with.
    pub working: bool,
    /// What to tell the learner.
    pub note: Option<Note>,
    /// The language of labels.
    pub language: Language,
    /// The marks.
    pub glyphs: Glyphs,
    /// The screen.
    pub area: Rect,
    /// Whether the time line is being dragged.
    pub dragging: bool,
    /// Milliseconds since the stage was last polled.
    polled_ms: u64,
}

impl Bench {
    /// Puts a stage on the screen.
    pub fn new(stage: Box<dyn Stage>, language: Language, glyphs: Glyphs, area: Rect) -> Bench {
        let panes = stage.panes();
        let order: Vec<Pane> = panes.iter().copied().filter(|p| *p != Pane::Lesson).collect();
        let story = panes.contains(&Pane::Lesson);
        let active = if story { Pane::Lesson } else { order.first().copied().unwrap_or(Pane::Log) };
        Bench {
            stage,
            order,
            panes,
            lesson_step: None,
            turned: false,
            active,
            focus: Focus::default(),
            wishes: BTreeMap::new(),
            sights: BTreeMap::new(),
            prompt: Prompt::default(),
            asking: None,
            menu: None,
            playing: None,
            speed: FIRST,
            alone: None,
            wanted_start: None,
            wanted_step: None,
            working: false,
            note: None,
            language,
            glyphs,
            area,
            dragging: false,
            polled_ms: 0,
        }
    }

    /// Begins: what must be done before the learner can.
    pub fn begin(&mut self) {
        let pace = self.stage.begin();
        self.done(pace);
    }

    /// Whether there is a story beside the pictures.
    pub fn has_story(&self) -> bool {
        self.stage.panes().contains(&Pane::Lesson)
    }

    /// The canvas for a picture in a rectangle with a title row and a margin of two.
    pub fn canvas(&self, rect: Rect) -> Canvas {
        Canvas {
            width: usize::from(rect.width.saturating_sub(2)),
            height: usize::from(rect.height.saturating_sub(1)),
            glyphs: self.glyphs,
            language: self.language,
        }
    }

    /// Shows a pane and gives it the keys.
    pub fn show(&mut self, pane: Pane) {
        if pane == Pane::Lesson && self.has_story() {
            self.active = pane;
            return;
        }
        let Some(at) = self.order.iter().position(|p| *p == pane) else {
            let w = words(self.language);
            self.note = Some(Note::bad(match pane {
                Pane::Zookeeper => w.no_zookeeper,
                _ => w.no_such_pane,
            }));
            return;
        };
        let was = self.active;
        self.active = pane;
        let shown = self.plan().panes.len().max(1);
        if at >= shown {
            let slot = self.order[..shown].iter().position(|p| *p == was).unwrap_or(0);
            self.order.swap(at, slot);
        }
    }

    /// Real time went by: plays, goes on with what is under way. Bounded work.
    pub fn tick(&mut self, elapsed_ms: u64) {
        self.polled_ms = self.polled_ms.saturating_add(elapsed_ms);
        if self.stage.poll_ms().is_some_and(|every_ms| self.polled_ms >= every_ms) {
            self.polled_ms = 0;
            self.stage.poll();
        }
        if let Some(step) = self.wanted_step.take() {
            let pace = self.stage.goto(step);
            self.done(pace);
        } else if self.working {
            let pace = self.stage.advance();
            self.done(pace);
        } else if self.playing.is_some() && !self.reads(elapsed_ms) {
            self.play(elapsed_ms);
        }
    }

    fn play(&mut self, elapsed_ms: u64) {
        let Some(playing) = &mut self.playing else { return };
        match playing.beat(self.speed, elapsed_ms, self.stage.status().at) {
            Beat::Wait => {}
            Beat::Step(count) => {
                for _ in 0..count {
                    let pace = self.stage.forward();
                    self.done(pace);
                    if self.playing.is_none() || self.working || self.reads(0) {
                        break;
                    }
                }
            }
            Beat::Until(until) => {
                let pace = self.stage.play_until(until);
                self.done(pace);
            }
        }
    }

    /// How soon `tick` wants to be called again, in milliseconds.
    pub fn wait_ms(&self) -> Option<u64> {
        if self.working || self.wanted_step.is_some() {
            return Some(0);
        }
        let playing = self.playing.map(|_| 33);
        let poll =
            self.stage.poll_ms().map(|every_ms| every_ms.saturating_sub(self.polled_ms).max(1));
        playing.into_iter().chain(poll).min()
    }

    pub(super) fn done(&mut self, pace: Pace) {
        self.working = pace == Pace::More;
        match pace {
            Pace::More | Pace::Done(None) => {}
            Pace::Done(Some(note)) => self.note = Some(note),
            Pace::Halt(note) => {
                self.playing = None;
                self.note = Some(note);
            }
        }
        for sight in self.sights.values_mut() {
            sight.scroll = None;
        }
        let panes = self.stage.panes();
        let at = self.stage.status().progress.map(|(at, _)| at);
        if panes != self.panes || (self.turned && at != self.lesson_step) {
            self.panes = panes;
            self.set_out();
        }
        self.lesson_step = at;
        if let Some((text, event)) = self.stage.take_broken() {
            self.playing = None;
            self.note = Some(Note::bad(text));
            self.focus.event = Some(event);
        }
        if let Some((pane, focus)) = self.stage.take_shown() {
            let active = self.active;
            self.show(pane);
            if self.area.width >= layout::WIDE {
                self.active = active;
            }
            self.focus = focus;
            self.turned = true;
        }
    }

    /// Another step of the lesson wants other pictures, and no longer what the last one turned to.
    fn set_out(&mut self) {
        self.order = self.panes.iter().copied().filter(|p| *p != Pane::Lesson).collect();
        self.wishes.clear();
        if std::mem::take(&mut self.turned) {
            self.focus = Focus::default();
        }
        let seen = self.plan().panes.iter().any(|(pane, _)| *pane == self.active);
        if self.active != Pane::Lesson && !seen {
            let wide = self.area.width >= layout::WIDE && self.has_story();
            let first = self.order.first().copied().filter(|_| !wide);
            self.active = first.unwrap_or(Pane::Lesson);
        }
    }

    pub(super) fn next_pane(&mut self, by: isize) {
        let plan = self.plan();
        let mut ring: Vec<Pane> = Vec::new();
        if self.has_story() {
            ring.push(Pane::Lesson);
        }
        let one = self.area.width < layout::WIDE;
        let all: Vec<Pane> = if one {
            Pane::ALL.into_iter().filter(|p| self.order.contains(p)).collect()
        } else {
            plan.panes.iter().map(|(pane, _)| *pane).collect()
        };
        ring.extend(all);
        let at = ring.iter().position(|p| *p == self.active).unwrap_or(0) as isize;
        if !ring.is_empty() {
            let next = ring[(at + by).rem_euclid(ring.len() as isize) as usize];
            self.show(next);
        }
    }

    /// What a pane is about: what all are about, and what of it is chosen, scrolled, filtered.
    pub fn focus_of(&self, pane: Pane) -> Focus {
        let mut focus = self.focus.clone();
        if let Some(sight) = self.sights.get(&pane) {
            focus.chosen.clone_from(&sight.chosen);
            focus.top = sight.top;
            focus.filter.clone_from(&sight.filter);
            if let Some(Target::Pending(id)) = sight.chosen {
                focus.pending = Some(id);
            }
        }
        focus
    }

    /// The rows of a long list move by one where the choice leaves them.
    fn follow(&mut self, pane: Pane, by: isize, rect: Rect) -> Option<crate::trace::Picture> {
        let canvas = self.canvas(rect);
        let picture = self.stage.picture(pane, &self.focus_of(pane), &canvas);
        let Some((first, shown, total)) = picture.part.filter(|part| part.1 < part.2) else {
            return Some(picture);
        };
        let targets: Vec<&Target> =
            picture.lines.iter().filter_map(|l| l.target.as_ref()).collect();
        let sight = self.sights.entry(pane).or_default();
        let at = sight.chosen.as_ref().and_then(|t| targets.iter().position(|other| *other == t));
        let next = at? as isize + by;
        if (0..targets.len() as isize).contains(&next) {
            sight.top = Some(first);
            return Some(picture);
        }
        let over = if next < 0 { next } else { next + 1 - targets.len() as isize };
        let top = (first as isize + over).clamp(0, (total - shown) as isize) as usize;
        sight.top = Some(top);
        sight.chosen = None;
        let picture = self.stage.picture(pane, &self.focus_of(pane), &canvas);
        let mut targets = picture.lines.into_iter().filter_map(|line| line.target);
        let edge = if by < 0 { targets.next() } else { targets.next_back() };
        self.sights.entry(pane).or_default().chosen = edge;
        None
    }

    /// Moves the choice in the active pane, or scrolls it if it has nothing to choose.
    pub fn choose(&mut self, by: isize) {
        let plan = self.plan();
        let found = plan.panes.iter().find(|(pane, _)| *pane == self.active);
        let Some((pane, rect)) = found else {
            self.scroll(Pane::Lesson, by);
            return;
        };
        let (pane, rect) = (*pane, *rect);
        let chosen = self.sights.get(&pane).and_then(|sight| sight.chosen.as_ref()).is_some();
        let picture = match chosen {
            true => match self.follow(pane, by, rect) {
                Some(picture) => picture,
                None => return,
            },
            false => self.stage.picture(pane, &self.focus_of(pane), &self.canvas(rect)),
        };
        let targets: Vec<&Target> =
            picture.lines.iter().filter_map(|l| l.target.as_ref()).collect();
        if targets.is_empty() {
            self.scroll(pane, by);
            return;
        }
        let sight = self.sights.entry(pane).or_default();
        let at = sight.chosen.as_ref().and_then(|t| targets.iter().position(|other| *other == t));
        let last = targets.len() as isize - 1;
        let next = match at {
            Some(at) => (at as isize + by).clamp(0, last),
            None if by > 0 => 0,
            None => last,
        };
        sight.chosen = Some(targets[next as usize].clone());
        sight.scroll = None;
    }

    /// Scrolls a pane by rows.
    pub fn scroll(&mut self, pane: Pane, by: isize) {
        let plan = self.plan();
        if let Some((_, rect)) = plan.panes.iter().find(|(known, _)| *known == pane) {
            let focus = self.focus_of(pane);
            let part = self.stage.picture(pane, &focus, &self.canvas(*rect)).part;
            if let Some((first, shown, total)) = part.filter(|part| part.1 < part.2) {
                let top = (first as isize + by).clamp(0, (total - shown) as isize) as usize;
                self.sights.entry(pane).or_default().top = Some(top);
                return;
            }
        }
        let (first, last) = self.scroll_range(pane);
        let sight = self.sights.entry(pane).or_default();
        let at = sight.scroll.unwrap_or(first) as isize + by;
        sight.scroll = Some((at.max(0) as usize).min(last));
    }

    fn scroll_range(&self, pane: Pane) -> (usize, usize) {
        let plan = self.plan();
        if pane == Pane::Lesson {
            let Some(rect) = plan.story else { return (0, 0) };
            let (picture, rows) = (self.story_picture(rect), usize::from(rect.height));
            return (
                super::story::first_row(&picture, rows),
                picture.lines.len().saturating_sub(rows),
            );
        }
        let Some((_, rect)) = plan.panes.iter().find(|(p, _)| *p == pane) else {
            return (0, 0);
        };
        let canvas = self.canvas(*rect);
        let picture = self.stage.picture(pane, &self.focus_of(pane), &canvas);
        (picture.first_row(canvas.height), picture.lines.len().saturating_sub(canvas.height))
    }

    /// The story for its rectangle.
    pub fn story_picture(&self, rect: Rect) -> crate::trace::Picture {
        let (width, height) = (usize::from(rect.width), usize::from(rect.height));
        let canvas = Canvas { width, height, ..self.canvas(rect) };
        super::story::draw(&self.stage.prose(self.language), &canvas)
    }

    /// What is chosen in a pane, if keys go to it.
    pub fn chosen_in(&self, pane: Pane) -> Option<Target> {
        (self.active == pane).then(|| self.sights.get(&pane)?.chosen.clone()).flatten()
    }
}
