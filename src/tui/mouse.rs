//! The mouse: click chooses, a second click acts, the wheel scrolls, the time line is dragged, keys can be clicked.

use super::bench::{Bench, Wanted};
use super::stage::Pane;
use super::{hints, timeline, view};
use crate::trace::Target;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

impl Bench {
    /// Something with the mouse.
    pub fn mouse(&mut self, mouse: MouseEvent) -> Wanted {
        let at = Position { x: mouse.column, y: mouse.row };
        match mouse.kind {
            MouseEventKind::Down(_) if self.menu.is_some() => {
                self.click_menu(at);
                Wanted::Nothing
            }
            MouseEventKind::Down(MouseButton::Right) => {
                self.right_click(at);
                Wanted::Nothing
            }
            MouseEventKind::Down(MouseButton::Left) => self.click(at),
            MouseEventKind::Drag(MouseButton::Left) if self.dragging => {
                self.scrub(at.x);
                Wanted::Nothing
            }
            MouseEventKind::Up(_) => {
                self.dragging = false;
                Wanted::Nothing
            }
            MouseEventKind::ScrollDown => self.wheel(at, 3),
            MouseEventKind::ScrollUp => self.wheel(at, -3),
            _ => Wanted::Nothing,
        }
    }

    fn click(&mut self, at: Position) -> Wanted {
        let plan = self.plan();
        if plan.keys.contains(at) {
            let hints = hints::of_bench(self);
            let column = usize::from(at.x - plan.keys.x);
            let hint = hints::at(&hints, usize::from(plan.keys.width), column);
            return hint.map_or(Wanted::Nothing, |hint| self.key(hint.press()));
        }
        if self.asking.is_some() || self.working {
            return Wanted::Nothing;
        }
        if plan.timeline.contains(at) && !self.stage.status().read_only {
            self.dragging = true;
            self.playing = None;
            self.scrub(at.x);
        } else if let Some(tabs) = plan.tabs.filter(|tabs| tabs.contains(at)) {
            let column = usize::from(at.x - tabs.x);
            if let Some(pane) = view::tab_at(self, usize::from(tabs.width), column) {
                self.show(pane);
            }
        } else if plan.prompt.contains(at) {
            self.ask(super::bench::Asking::Command);
        } else if let Some(story) = plan.story.filter(|story| story.contains(at)) {
            self.click_story(story, at);
        } else if let Some((pane, rect)) = plan.panes.iter().find(|(_, r)| r.contains(at)).copied()
        {
            return self.click_pane(pane, rect, at);
        }
        Wanted::Nothing
    }

    /// The menu of the row under the mouse, or of the whole.
    fn right_click(&mut self, at: Position) {
        if self.asking.is_some() || self.working {
            return;
        }
        let plan = self.plan();
        let found = plan.panes.iter().find(|(_, rect)| rect.contains(at)).copied();
        let mut target = None;
        if let Some((pane, rect)) = found {
            let (picture, seen) = view::pane_view(self, pane, rect);
            self.active = pane;
            let row = usize::from(at.y - rect.y).checked_sub(1);
            target = row.and_then(|row| picture.lines.get(seen.first + row)?.target.clone());
            let sight = self.sights.entry(pane).or_default();
            sight.scroll = Some(seen.first);
            sight.chosen.clone_from(&target);
        }
        self.open_menu(target.as_ref(), at);
    }

    fn click_story(&mut self, rect: Rect, at: Position) {
        let picture = self.story_picture(rect);
        let rows = usize::from(rect.height);
        let scrolled = self.sights.get(&Pane::Lesson).and_then(|s| s.scroll);
        let first = scrolled.unwrap_or_else(|| super::story::first_row(&picture, rows));
        let row = first + usize::from(at.y - rect.y);
        self.active = Pane::Lesson;
        if let Some(Target::Choice(choice)) = picture.lines.get(row).and_then(|l| l.target.clone())
            && let Some(question) = self.stage.prose(self.language).open_question()
            && let Some(text) = question.choices.get(choice)
        {
            let pace = self.stage.answer(text);
            self.done(pace);
        }
    }

    fn click_pane(&mut self, pane: Pane, rect: Rect, at: Position) -> Wanted {
        let (picture, seen) = view::pane_view(self, pane, rect);
        self.active = pane;
        let Some(row) = usize::from(at.y - rect.y).checked_sub(1) else { return Wanted::Nothing };
        let Some(target) = picture.lines.get(seen.first + row).and_then(|l| l.target.clone())
        else {
            return Wanted::Nothing;
        };
        let sight = self.sights.entry(pane).or_default();
        if sight.chosen.as_ref() == Some(&target) {
            return self.act(&target);
        }
        sight.scroll = Some(seen.first);
        sight.chosen = Some(target);
        Wanted::Nothing
    }

    fn wheel(&mut self, at: Position, by: isize) -> Wanted {
        let plan = self.plan();
        if plan.timeline.contains(at) {
            let status = self.stage.status();
            let step = status.step.saturating_add_signed(by.signum() as i64);
            self.wanted_step = (!status.read_only).then_some(step.min(status.head));
        } else if plan.story.is_some_and(|story| story.contains(at)) {
            self.scroll(Pane::Lesson, by);
        } else if let Some((pane, _)) = plan.panes.iter().find(|(_, rect)| rect.contains(at)) {
            self.scroll(*pane, by);
        }
        Wanted::Nothing
    }

    fn scrub(&mut self, x: u16) {
        let plan = self.plan();
        let cells = view::scrubber_cells(usize::from(plan.timeline.width));
        let from = usize::from(plan.timeline.x) + view::scrubber_column(self);
        let cell = usize::from(x).saturating_sub(from).min(cells.saturating_sub(1));
        let head = self.stage.status().head;
        self.wanted_step = Some(timeline::step_of(cell, head, cells));
    }
}
