//! `show`: a pane as text, drawn by `trace` as the screen shows it.

use super::command::ShowCommand;
use super::session::Session;
use crate::trace::{self, Canvas};

/// The picture that a `show` command asks for, or a sentence about what does not exist.
pub fn show(show: &ShowCommand, session: &Session) -> Result<String, String> {
    let Some(lab) = &session.lab else { return Err("there is no cluster yet".into()) };
    let mut arguments: Vec<String> = Vec::new();
    arguments.extend(show.subject.clone());
    arguments.extend(show.partition.as_ref().map(|partition| partition.to_string()));
    arguments.extend(show.broker.map(|broker| format!("broker={broker}")));
    arguments.extend(show.offset.map(|offset| format!("offset={offset}")));
    let canvas = Canvas::text(session.language);
    trace::show(show.kind, &arguments, lab, &canvas).map(|picture| picture.to_text())
}
