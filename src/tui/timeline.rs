//! The time line: where in the history the screen stands, and what happened around it.
//!
//! ```text
//!   ──▪──▪▪──✕──◆┃▫▫·▫▫     412 Probe entry 4   ← 411 Probe entry 3
//!   past         now  future that was already walked
//! ```
//!
//! As long as the history has no more steps than there are cells, each step has its own cell; then each cell stands for
//! equally many steps and shows the weightiest of them. A cell that is clicked, or dragged to, is a step to go to.

use super::stage::{Mark, Moment};
use crate::trace::{Glyphs, Line, Role};

/// The cell of a step.
pub fn cell_of(step: u64, head: u64, cells: usize) -> usize {
    let last = cells.saturating_sub(1) as u64;
    let cell = if head <= last { step } else { scale(step, last, head) };
    cell.min(last) as usize
}

/// The step that a cell stands for.
pub fn step_of(cell: usize, head: u64, cells: usize) -> u64 {
    let last = cells.saturating_sub(1) as u64;
    let cell = (cell as u64).min(last);
    if head <= last { cell.min(head) } else { scale(cell, head, last.max(1)) }
}

fn scale(n: u64, by: u64, of: u64) -> u64 {
    (u128::from(n) * u128::from(by) / u128::from(of.max(1))) as u64
}

/// The line of cells.
pub fn scrubber(marks: &[Mark], step: u64, head: u64, glyphs: &Glyphs) -> Line {
    let cells = marks.len();
    let now = cell_of(step, head, cells);
    let end = cell_of(head, head, cells);
    let mut line = Line::new();
    for (cell, mark) in marks.iter().enumerate() {
        let past = cell < now;
        let (glyph, role) = match mark {
            _ if cell == now => (glyphs.now, Role::Accent),
            _ if cell > end => (" ", Role::Dim),
            Mark::Quiet if past => (glyphs.past, Role::Dim),
            Mark::Quiet => (glyphs.future, Role::Dim),
            Mark::Event if past => (glyphs.past_event, Role::Number),
            Mark::Event => (glyphs.future_event, Role::Dim),
            Mark::Act => (glyphs.act, if past { Role::Heading } else { Role::Dim }),
            Mark::Fault => (glyphs.dead, if past { Role::Bad } else { Role::Dim }),
        };
        match line.spans.last_mut() {
            Some(span) if span.role == role => span.text.push_str(glyph),
            _ => line = line.span(glyph, role),
        }
    }
    line
}

/// What happened last, latest first: `412 Probe entry 4   ← 411 Probe entry 3`.
pub fn recent(moments: &[Moment], glyphs: &Glyphs) -> Line {
    let mut line = Line::new();
    for (at, moment) in moments.iter().enumerate() {
        if at > 0 {
            line = line.span(format!("   {} ", glyphs.cause), Role::Dim);
        }
        let role = match (at, moment.mark) {
            (0, _) => Role::Strong,
            (_, Mark::Fault) => Role::Bad,
            _ => Role::Dim,
        };
        line = line.span(format!("{} ", moment.step), Role::Dim).span(&moment.sentence, role);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_histories_have_a_cell_for_each_step() {
        for step in 0..=9 {
            assert_eq!(cell_of(step, 9, 40), step as usize);
            assert_eq!(step_of(step as usize, 9, 40), step);
        }
        assert_eq!(step_of(39, 9, 40), 9);
    }

    #[test]
    fn long_histories_reach_from_edge_to_edge() {
        let (head, cells) = (1_000_000, 40);
        assert_eq!((cell_of(0, head, cells), cell_of(head, head, cells)), (0, 39));
        assert_eq!((step_of(0, head, cells), step_of(39, head, cells)), (0, head));
        assert_eq!(step_of(0, u64::MAX, 0), 0);
        assert_eq!(cell_of(u64::MAX, u64::MAX, 7), 6);
    }

    #[test]
    fn the_line_shows_past_now_and_future() {
        let marks = [Mark::Quiet, Mark::Event, Mark::Fault, Mark::Act, Mark::Event, Mark::Quiet];
        let text = scrubber(&marks, 3, 4, &Glyphs::unicode()).to_text();
        assert_eq!(text, "─▪✕┃▫");
    }
}
