//! A lesson that plays by itself (`klab lesson ID --play`).
//!
//! ```text
//!   new text ─► time to read it ─► a question? the engine is to answer it ─► the next happening ─► new text …
//! ```
//!
//! It goes on with what happens, never with how long that took: a command that needs a thousand happenings gets them
//! one by one, and nothing is passed over because time is up. Text that appears stays as long as it takes to read it
//! aloud. Every key works as always; Space stops and goes on.

use super::bench::Bench;
use super::speed::{Playing, Speed};
use super::story;
use crate::trace::Canvas;

/// Cells of text that are read while one happening is looked at.
const CELLS: u64 = 25;
/// No text stays longer than so many happenings.
const LONGEST: u64 = 30;

/// How far the reader of a lesson that plays by itself is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Alone {
    /// The lesson's step.
    step: usize,
    /// Cells of its text that were there the last time.
    told: usize,
    /// Time that the text on the screen is still given.
    left_ms: u64,
}

impl Bench {
    /// Lets the lesson play by itself, so many milliseconds for each happening.
    pub fn play_alone(&mut self, happening_ms: u64) {
        self.speed = Speed::Each(happening_ms.max(1));
        self.alone = Some(Alone::default());
        self.playing = Some(Playing::from(self.stage.status().at));
    }

    /// Whether the next happening waits for the text to be read. Real time went by.
    pub(super) fn reads(&mut self, elapsed_ms: u64) -> bool {
        let Some(mut alone) = self.alone else { return false };
        let prose = self.stage.prose(self.language);
        let step = self.stage.status().progress.map_or(0, |(at, _)| at);
        let told = story::draw(&prose, &Canvas::text(self.language));
        let told: usize = told.lines.iter().map(crate::trace::Line::width).sum();
        let before = if step == alone.step { alone.told } else { 0 };
        let happening_ms = match self.speed {
            Speed::Each(ms) => ms,
            Speed::Times(_) => 100,
        };
        let new = told.saturating_sub(before) as u64 * happening_ms / CELLS;
        alone.left_ms =
            (alone.left_ms.saturating_sub(elapsed_ms) + new).min(LONGEST * happening_ms);
        (alone.step, alone.told) = (step, told);
        self.alone = Some(alone);
        if alone.left_ms > 0 {
            return true;
        }
        if prose.open_question().is_some() {
            let pace = self.stage.answer("");
            self.done(pace);
            return true;
        }
        false
    }
}
