//! The one command language: prompt, lessons, tests, recorded sessions.
//!
//! ```text
//! text ──parser──▶ Statement ──Execution──▶ acts and steps of the Lab ──▶ Output (lines, JSON)
//!                      ▲                          ▲
//!                 forms (table)             functions (table) ── conditions of until, expect, predict
//! ```
//!
//! One command a line, `verb [object] [name] key=value …`; `help` lists them from the same table that the parser reads.
//! Errors name file, line, column, the line itself and the nearest known word. What Kafka refuses is data: it is
//! printed with its code and can be asked for; the script goes on.
//!
//! Always: parsing never panics and never runs without bound, whatever the bytes. Left out: variables, loops, files
//! that include files; a script is a list of acts.

mod arguments;
mod build;
mod command;
mod complete;
mod condition;
mod configs;
mod error;
mod expression;
mod form;
mod forms;
mod functions;
mod golden;
mod help;
mod lexer;
mod parser;
mod statement;
#[cfg(test)]
pub(crate) mod tests;

pub use command::*;
pub use complete::{Completion, CompletionKind, Names, NoNames, complete, ghost};
pub use condition::parse_all as parse_condition;
pub use configs::Scope;
pub use error::{Fault, ScriptError, Span, clip, nearest};
pub use expression::{Comparison, Expression, ExpressionKind, Value};
pub use form::{Form, Kind, Slot};
pub use forms::{forms, later, verbs};
pub use functions::{FUNCTIONS, Function, Parameter, function};
pub use golden::{Block, parse_golden, render_golden};
pub use help::{help, help_lines};
pub use statement::Statement;
pub use parser::{decode, parse_line, parse_script};
