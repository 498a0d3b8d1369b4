//! `show`: a pane as text.

use super::command::ShowCommand;
use super::session::Session;

/// The picture that a `show` command asks for, or a sentence about what does not exist.
pub fn show(show: &ShowCommand, session: &Session) -> Result<String, String> {
    let Some(lab) = &session.lab else { return Err("there is no cluster yet".into()) };
    Err(format!("show {} cannot be drawn yet at step {}", show.kind, lab.step_number()))
}
