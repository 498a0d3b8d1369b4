//! Lessons: prose and script, played step by step on a real cluster.
//!
//! ```text
//! lessons/a05-offset-lookup.md     ─scan─▶ pieces ─parse─▶ Lesson ──┐
//! lessons/a05-offset-lookup.zh.md  ─scan─▶ pieces ─join──▶ Lesson ──┴─▶ Player ─▶ screen, --plain, --json
//! ```
//!
//! The format is described for authors in `lessons/README.md`. The Chinese file repeats no commands: it pairs with the
//! English one step by step, part by part, and whatever does not pair is an error with line and column.
//!
//! Always: an answer to a question comes from the engine. Left out: nothing is marked or graded beyond right and wrong.

mod check;
mod embedded;
mod format;
mod library;
mod parse;
mod plain;
mod player;
mod predict;
mod scan;
mod store;
mod twin;

pub use check::{Report, check};
pub use format::{Choice, Commands, Lesson, Moment, PANES, Part, Predict, Step, TRACKS};
pub use library::{Card, Library};
pub use parse::{is_id, parse, parse_twin};
pub use plain::plain;
pub use player::{Event, Player, engine_answer};
pub use store::{Answer, LessonProgress, Progress, SessionFile, data_directory};

#[cfg(test)]
mod play_tests;
#[cfg(test)]
mod tests;
