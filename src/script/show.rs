//! `show`: a pane as text, drawn by `trace` as the screen shows it.

use super::command::ShowCommand;
use super::session::Session;
use crate::trace::{self, Canvas, Focus, metrics};
use std::sync::Arc;

/// The picture that a `show` command asks for, or a sentence about what does not exist.
pub fn show(show: &ShowCommand, session: &Session) -> Result<String, String> {
    let Some(lab) = &session.lab else { return Err("there is no cluster yet".into()) };
    let mut arguments: Vec<String> = Vec::new();
    arguments.extend(show.subject.clone());
    arguments.extend(show.partition.as_ref().map(|partition| partition.to_string()));
    arguments.extend(show.broker.map(|broker| format!("broker={broker}")));
    arguments.extend(show.offset.map(|offset| format!("offset={offset}")));
    let canvas = Canvas::text(session.language);
    if show.kind == "metrics" {
        // The next look compares with this one.
        let was = session.metrics_seen.replace(Some(Arc::new(metrics::seen(lab))));
        let focus = Focus { was, ..Focus::default() };
        return Ok(metrics::draw(lab, &focus, &canvas).to_text());
    }
    trace::show(show.kind, &arguments, lab, &canvas).map(|picture| picture.to_text())
}
