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

pub mod glyphs; // the marks of state, in Unicode and in ASCII
pub mod picture; // roles, spans, lines, pictures, canvas and focus
pub mod prose; // wrapping of text, Chinese included, and inline markup
pub mod table; // aligned columns, pictures side by side
pub mod width; // how many cells a text takes; cutting and padding to cells

pub use glyphs::Glyphs;
pub use picture::{Canvas, Focus, Line, Picture, Role, Span, Target};
pub use table::{Align, Table, beside};
