//! The panes of a foreign directory: the same pictures of the same things as the lab's, where the lab has them.
//!
//! ```text
//!   overview ▸ partition ▸ log ▸ index ▸ bytes       batches in the order of writing: timeline
//!   findings, hits: rows that lead into the bytes    groups, transactions, metadata: internal topics read
//! ```

mod bytes;
mod index;
mod internal;
mod log;
mod overview;
mod partition;
mod results;

pub use index::Steps;

use super::{Inspection, Place};
use crate::trace::width::number;
use crate::trace::{Canvas, Line, Role};
use crate::types::Timestamp;

/// Most rows of a picture's table, where the canvas would take more.
const MOST_ROWS: usize = 400;

impl Inspection {
    /// `plain-0 on b1`.
    fn caption(&self, place: Place, canvas: &Canvas) -> Line {
        let Some(files) = self.partition(place) else { return Line::new() };
        let node = &self.nodes[place.node];
        let on = canvas.word("on", "在");
        let node = node.properties.node.map_or(String::new(), |id| format!(" {on} b{id}"));
        let state = files.state.as_ref().map_or(String::new(), |state| format!(" ({state})"));
        Line::of(format!("{}{state}", files.partition), Role::Strong).span(node, Role::Plain)
    }
}

/// A count with thin groups.
fn count(n: u64) -> Line {
    Line::of(number(n as i64), Role::Number)
}

/// `4 102 B`, `1.4 MB`.
fn bytes_text(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} B", number(bytes as i64)),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// A record's time by the clock of UTC: `2026-09-21 14:13:20.005`.
pub(super) fn time_text(time: Timestamp) -> String {
    let ms = time.0;
    if !(0..=253_402_300_799_999).contains(&ms) {
        return ms.to_string();
    }
    let (days, of_day) = (ms / 86_400_000, ms % 86_400_000);
    // The day of a count since 1970, years beginning in March (Howard Hinnant's civil_from_days).
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let of_years = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * of_years + of_years / 4 - of_years / 100);
    let month_shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_shifted + 2) / 5 + 1;
    let month = if month_shifted < 10 { month_shifted + 3 } else { month_shifted - 9 };
    let year = of_years + era * 400 + i64::from(month <= 2);
    let (hour, minute) = (of_day / 3_600_000, of_day / 60_000 % 60);
    let (second, ms) = (of_day / 1000 % 60, of_day % 1000);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{ms:03}")
}

/// A labelled value of a row of such: `HW 395`.
fn mark(
    line: Line,
    canvas: &Canvas,
    name: (&str, &str),
    value: Option<String>,
    role: Role,
) -> Line {
    let Some(value) = value else { return line };
    line.span(format!("{} ", canvas.word(name.0, name.1)), Role::Dim).span(value, role).text("   ")
}

/// A time; without its milliseconds where the screen is narrow.
fn short_time(time: crate::types::Timestamp, canvas: &Canvas) -> String {
    let text = time_text(time);
    if canvas.width < 90 { text.chars().take(19).collect() } else { text }
}
