//! Where the lab meets the clock on the wall and all cores of the machine.
//!
//! ```text
//!   search     thousands of random schedules, all invariants after every step: klab simulate
//!     plan ──▶ play ──▶ a promise broke? ──▶ shrink ──▶ a short script that breaks it again
//!   perf       small honest experiments on the learner's machine: klab perf zero-copy
//! ```
//!
//! What always holds: nothing here feeds back into a run of the lab, whose time is virtual; a schedule depends on its
//! seed alone, so the seed that a search names breaks the promise on every machine. A plan is a script in the lab's own
//! language, so what was found can be run, taught and opened. The style is that of FoundationDB's and TigerBeetle's
//! simulators; no code is theirs.

mod admin;
mod chance;
mod faults;
mod guard;
pub mod perf; // what the learner's own machine says
mod plan;
mod play;
mod report;
mod search;
mod shrink;
#[cfg(test)]
mod tests;
mod wish;

pub use faults::FaultKind;
pub use plan::{Move, Plan};
pub use play::{Broken, Played, play};
pub use report::Report;
pub use search::{Progress, search};
pub use shrink::{Shrunk, shrink};
pub use wish::Wish;
