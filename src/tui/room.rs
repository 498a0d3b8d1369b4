//! Who gets how much of the screen: the plan of the bench, and what its pictures want of it.
//!
//! ```text
//!   something came in ─► fit ─► a picture wants more rows ─► plan ─► those that others do not use are its own
//! ```
//!
//! What always holds: a picture's wish only grows while it stays on the screen, so that playing does not move the
//! others up and down; a new size of the terminal and a new step of the lesson begin afresh.

use super::bench::Bench;
use super::layout::{self, Plan, Wish};
use super::stage::Pane;
use crate::trace::{Canvas, Target};
use ratatui::layout::Rect;

impl Bench {
    /// Where everything stands.
    pub fn plan(&self) -> Plan {
        let story = self.has_story();
        let story_rows = if story && self.area.width < layout::WIDE && self.active != Pane::Lesson {
            let canvas = self.canvas(Rect { width: layout::story_width(self.area), ..self.area });
            let canvas = Canvas { width: canvas.width + 2, ..canvas };
            super::story::draw(&self.stage.prose(self.language), &canvas).lines.len()
        } else {
            0
        };
        let wished = |pane| self.wishes.get(pane).copied().unwrap_or(0);
        let rows: Vec<u16> = self.order.iter().map(wished).collect();
        layout::plan(
            self.area,
            &Wish {
                panes: &self.order,
                rows: &rows,
                story,
                story_active: self.active == Pane::Lesson,
                story_cells: self.stage.story_cells(self.area.width),
                story_rows: story_rows.min(200) as u16,
            },
        )
    }

    /// After anything came in: pictures that grew may get the rows that others do not use. What a picture once wanted
    /// it keeps while it stays on the screen, so that the others do not go up and down. In the network something is
    /// always chosen, so that its keys do something at once.
    pub fn fit(&mut self) {
        let plan = self.plan();
        // Pictures that share the rows with others, or with the story above them.
        let stacked = plan.panes.len() > 1 || (plan.tabs.is_some() && self.has_story());
        for (pane, rect) in &plan.panes {
            if *pane == Pane::Network {
                self.choose_next(*rect);
            }
            let most = self.area.height;
            if !stacked || self.wishes.get(pane).is_some_and(|wish| *wish >= most) {
                continue;
            }
            let canvas = self.canvas(Rect { height: most, ..*rect });
            let picture = self.stage.picture(*pane, &self.focus_of(*pane), &canvas);
            let hidden = picture.part.map_or(0, |(_, shown, total)| total.saturating_sub(shown));
            let rows = (picture.lines.len() + hidden + 1).min(usize::from(most)) as u16;
            let known = self.wishes.entry(*pane).or_default();
            *known = rows.max(*known);
        }
        self.wishes.retain(|pane, _| plan.panes.iter().any(|(shown, _)| shown == pane));
    }

    /// The next happening is chosen where none is, or where the chosen one is over.
    fn choose_next(&mut self, rect: Rect) {
        let asked = self.stage.prose(self.language).open_question().is_some();
        if self.active != Pane::Network || asked || self.stage.status().read_only {
            return;
        }
        let picture =
            self.stage.picture(Pane::Network, &self.focus_of(Pane::Network), &self.canvas(rect));
        let there =
            |target: &Target| picture.lines.iter().any(|l| l.target.as_ref() == Some(target));
        let sight = self.sights.entry(Pane::Network).or_default();
        if !sight.chosen.as_ref().is_some_and(there) {
            let next = picture.attention.and_then(|row| picture.lines.get(row));
            sight.chosen = next.and_then(|line| line.target.clone());
        }
    }

    /// The screen has another size: what keys go to stays in sight.
    pub fn resized(&mut self, area: Rect) {
        self.area = area;
        self.wishes.clear();
        if self.active != Pane::Lesson {
            let active = self.active;
            self.show(active);
        }
    }
}
