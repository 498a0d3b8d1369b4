//! Reading the world: what is, drawn once, for every eye.
//!
//! Each pane is the picture of one thing. It is drawn once, as styled text without a terminal ([`Picture`]), and then
//! shown twice: `show` in a script prints its plain text, the screen paints the same lines in colour. So the two can
//! never tell different stories.
//!
//! ```text
//!             ┌─ to_text() ─► klab run, --plain, golden files
//!   Lab ─ draw ─► Picture
//!             └─ roles ─────► tui: theme, mouse targets
//! ```
//!
//! What always holds: a picture depends only on the lab, the focus and the canvas; every glyph is one cell wide;
//! meaning stands in glyphs and words, roles only repeat it.

mod branches; // the tree of branches, to scale
pub mod bytes; // hex and fields, both directions
pub mod cluster; // brokers as columns, partitions as rows
mod common; // what just changed, names, windows
mod config; // settings of brokers, and where from
pub mod controller; // who decides, and the last metadata records
pub mod diff; // two branches against each other
pub mod files; // what lies in the directories
mod gaps; // offsets without a record, after compaction
pub mod glyphs; // the marks of state, in Unicode and in ASCII
pub mod group; // members and their shares, before and after; lag
pub mod index; // entries of an index and a search in it
pub mod log; // segment files to scale
pub mod metrics; // numbers by Kafka's names
pub mod network; // what is under way
pub mod overview; // a manager's tables: brokers, topics, groups
pub mod partition; // replicas as tapes of offsets
pub mod picture; // roles, spans, lines, pictures, canvas and focus
pub mod producer; // what waits and what is in flight
pub mod prose; // wrapping of text, Chinese included, and inline markup
pub mod quorum; // voters: roles, epochs, votes, log ends
pub mod registry; // a group of consumers of 0.8: owners, and what each member believes
pub mod show; // the words of a script to a picture
pub mod table; // aligned columns, pictures side by side
mod reassignments; // what moves, how far it is
mod start; // how a broker's last start went
mod tables; // topic, isr, epochs, invariants
pub mod timeline; // acts, faults, branches, last events
mod upkeep;
pub mod why; // the chain of causes
pub mod width; // how many cells a text takes; cutting and padding to cells
pub mod zookeeper; // the old coordination: znodes, sessions, watches

#[cfg(test)]
mod tests;

pub(crate) use bytes::brief;
pub(crate) use common::to_ascii;
pub use glyphs::Glyphs;
pub use picture::{Canvas, Focus, Line, Picture, Role, Span, Target};
pub use show::{KINDS, draw, show};
pub use table::{Align, Table, beside};
