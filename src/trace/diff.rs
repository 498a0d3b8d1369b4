//! Two branches against each other: what is so here and otherwise there.
//!
//! ```text
//!   diff   main at 96 | what-if at 120   9 differ
//!                                   main   what-if
//!     leaders
//!       leader(orders-0)               1         2
//!     offsets
//!       leo(orders-0, 2)               4         5
//!     files
//!       broker-2/orders-0/…0000.log    crc 1a…   crc 9f…
//! ```
//!
//! Rows bear the names by which a condition asks for them, so what is seen here can be expected in a script.

use super::common::finish;
use super::picture::{Canvas, Line, Picture, Role, Target};
use super::table::{Align, Table};
use crate::cluster::Difference;
use crate::types::{Language, TopicPartition};

/// One of the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// The branch.
    pub branch: String,
    /// At which step it is looked at.
    pub step: u64,
}

/// The groups, in order: how their keys begin, and their heads.
const GROUPS: &[(&[&str], &str, &str)] = &[
    (&["broker "], "brokers", "broker"),
    (&["controller ", "controller("], "controllers", "controller"),
    (&["leader("], "leaders", "leader"),
    (&["isr(", "elr("], "in-sync replicas", "同步副本"),
    (&["epoch("], "leader epochs", "leader epoch"),
    (&["leo(", "hw("], "offsets", "偏移量"),
    (&[""], "files", "文件"),
];

/// Most rows of one group.
const MOST: usize = 200;

/// Draws what differs.
pub fn draw(differences: &[Difference], here: &Side, there: &Side, canvas: &Canvas) -> Picture {
    let side = |side: &Side| match canvas.language {
        Language::English => format!("{} at {}", side.branch, side.step),
        Language::Chinese => format!("{} 第 {} 步", side.branch, side.step),
    };
    let count = match canvas.language {
        Language::English => format!("{} differ", differences.len()),
        Language::Chinese => format!("{} 处不同", differences.len()),
    };
    let caption = Line::of(side(here), Role::Strong)
        .span(" | ", Role::Dim)
        .span(side(there), Role::Link)
        .span(format!("   {count}"), Role::Dim);
    let mut picture = Picture::new(canvas.word("diff", "对比")).caption(caption);
    if differences.is_empty() {
        let text = canvas.word("  nothing differs", "  没有不同");
        picture.push(Line::of(text, Role::Good));
        return finish(picture, canvas);
    }
    let mut groups: Vec<Vec<&Difference>> = vec![Vec::new(); GROUPS.len()];
    for difference in differences {
        let begins = |(starts, ..): &(&[&str], &str, &str)| {
            starts.iter().any(|start| difference.what.starts_with(start))
        };
        let at = GROUPS.iter().position(begins).unwrap_or(GROUPS.len() - 1);
        groups[at].push(difference);
    }
    let mut table = Table::new(&[Align::Left, Align::Right, Align::Right]).heads(&[
        "",
        &here.branch,
        &there.branch,
    ]);
    for (group, (_, english, chinese)) in groups.iter().zip(GROUPS) {
        if group.is_empty() {
            continue;
        }
        table.row(vec![Line::of(canvas.word(english, chinese), Role::Heading)]);
        for difference in group.iter().take(MOST) {
            let cells = vec![
                Line::plain(format!("  {}", difference.what)),
                Line::plain(&difference.here),
                Line::of(&difference.there, Role::Link),
            ];
            match target(&difference.what) {
                Some(target) => table.row_to(cells, target),
                None => table.row(cells),
            }
        }
        if group.len() > MOST {
            let more = format!("  {} {}", canvas.glyphs.ellipsis, group.len() - MOST);
            table.row(vec![Line::of(more, Role::Dim)]);
        }
    }
    picture.extend(table.lines(canvas.width, canvas.glyphs.ellipsis));
    finish(picture, canvas)
}

/// What a row is about.
fn target(what: &str) -> Option<Target> {
    if let Some(inside) = what.split_once('(').map(|(_, rest)| rest.trim_end_matches(')')) {
        let partition = inside.split(',').next()?;
        return TopicPartition::parse(partition.trim()).map(Target::Partition);
    }
    what.contains('/').then(|| Target::File(what.to_owned()))
}
