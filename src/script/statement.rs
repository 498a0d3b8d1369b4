//! One line of a script, read.

use super::command::Command;

/// One line of a script.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// The line, from 1.
    pub line: usize,
    /// The line's text, as written.
    pub text: String,
    /// What it says.
    pub command: Command,
    /// Whether `&` ended the line: begin the act, do not wait for its answer.
    pub background: bool,
}

impl Statement {
    /// The verb, as written.
    pub fn verb(&self) -> &str {
        self.text.split_whitespace().next().unwrap_or("")
    }
}
