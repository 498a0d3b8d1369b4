//! The tree of branches, to scale: where each leaves which, and how far it was walked.
//!
//! ```text
//!   ▸ main      ●─────────────┬──────────● 120
//!     what-if                 └────● 96      from main at 85
//!     try-2             …
//! ```
//!
//! Choosing a row and Enter goes there; `v` compares it with the branch on the screen.

use super::picture::{Canvas, Line, Role, Target};
use super::width;
use crate::cluster::Lab;
use crate::types::Language;

/// One branch as it is drawn.
struct Row {
    name: String,
    from: Option<(String, u64)>,
    head: u64,
    current: bool,
}

/// The rows of the tree, at most `most` of them, the branch on the screen among them; nothing while there is one only.
pub(super) fn tree(lab: &Lab, canvas: &Canvas, most: usize) -> Vec<Line> {
    let mut left: Vec<Row> = lab
        .forks()
        .map(|(name, from, head, current)| Row {
            name: name.to_owned(),
            from: from.map(|(parent, step)| (parent.to_owned(), step)),
            head: if current { lab.head() } else { head },
            current,
        })
        .collect();
    if left.len() < 2 || most < 2 {
        return Vec::new();
    }
    // A branch stands below its parent, behind what else left it before.
    let mut rows: Vec<Row> = Vec::new();
    while !left.is_empty() {
        let at = left.iter().position(|row| match (&row.from, rows.is_empty()) {
            (None, _) => true,
            (Some(_), true) => false,
            (Some((parent, _)), false) => rows.iter().any(|known| known.name == *parent),
        });
        let row = left.remove(at.unwrap_or(0));
        let place = row.from.as_ref().and_then(|(parent, _)| {
            let parent = rows.iter().position(|known| known.name == *parent)?;
            let children = rows[parent + 1..].iter().take_while(|other| other.from.is_some());
            Some(parent + 1 + children.count())
        });
        rows.insert(place.unwrap_or(rows.len()), row);
    }
    let here = rows.iter().position(|row| row.current);
    let shown = super::common::window(rows.len(), here, most);
    let longest = rows.iter().map(|row| row.head).max().unwrap_or(1).max(1);
    let name = rows.iter().map(|row| width::of(&row.name)).max().unwrap_or(4).min(24);
    let cells = canvas.width.saturating_sub(name + 34).clamp(8, 80);
    let cell = |step: u64| (u128::from(step) * (cells as u128 - 1) / u128::from(longest)) as usize;
    let mut lines = Vec::new();
    for row in &rows[shown.clone()] {
        let g = &canvas.glyphs;
        let (mark, role) = match row.current {
            true => (g.chosen, Role::Strong),
            false => (" ", Role::Plain),
        };
        let from = row.from.as_ref().map_or(0, |(_, step)| cell(*step));
        let to = cell(row.head).max(from + usize::from(row.from.is_some())).min(cells);
        let forks = |at: usize| {
            rows.iter().any(|other| {
                other.from.as_ref().is_some_and(|(of, step)| *of == row.name && cell(*step) == at)
            })
        };
        let mut bar = " ".repeat(from);
        for at in from..=to {
            bar.push_str(match at {
                _ if at == from && row.from.is_some() => g.corner,
                _ if at == to => g.leader,
                _ if forks(at) => g.branch,
                _ => g.rule,
            });
        }
        let now = row.current.then(|| cell(lab.step_number())).filter(|now| *now < to);
        let mut line = Line::of(format!("  {mark} "), Role::Heading)
            .span(width::pad(&row.name, name), role)
            .text("  ");
        match now {
            Some(now) => {
                let before: String = bar.chars().take(now).collect();
                let after: String = bar.chars().skip(now + 1).collect();
                line =
                    line.span(before, Role::Link).span(g.now, Role::Accent).span(after, Role::Dim);
            }
            None => line = line.span(bar, if row.current { Role::Link } else { Role::Dim }),
        }
        line = line.span(format!(" {}", row.head), Role::Number);
        if let Some((parent, step)) = &row.from {
            let text = match canvas.language {
                Language::English => format!("   from {parent} at {step}"),
                Language::Chinese => format!("   自 {parent} 的第 {step} 步"),
            };
            line = line.span(text, Role::Dim);
        }
        lines.push(line.to(Target::Branch(row.name.clone())));
    }
    if rows.len() > shown.len() {
        lines.push(super::common::more(rows.len() - shown.len(), canvas));
    }
    lines
}
