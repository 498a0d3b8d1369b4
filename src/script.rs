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

mod acts;
mod arguments;
mod broker_acts;
mod build;
mod capability;
mod client_acts;
mod command;
mod compare;
mod complete;
mod condition;
mod configs;
mod crc;
mod did;
mod disk_acts;
mod error;
mod evaluate;
mod execute;
mod expect;
mod expression;
mod files;
mod form;
mod forms;
mod functions;
mod golden;
mod halts;
mod help;
mod inspected;
mod lexer;
mod look;
mod parser;
mod reassign;
mod runner;
mod say;
mod session;
mod show;
mod statement;
mod topic_acts;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(test)]
mod random_tests; // commands at random, thrown at labs
#[cfg(test)]
mod twins;
#[cfg(test)]
mod proof;
#[cfg(test)]
mod proof_broker;

pub use capability::{HERE, lacking};
pub use command::*;
pub use compare::{Answer, Compared, ComparedSetting, Comparison as ScriptComparison, Side};
pub use complete::{Completion, CompletionKind, Names, NoNames, complete, ghost};
pub use condition::parse_all as parse_condition;
pub use configs::Scope;
pub use error::{Fault, ScriptError, Span, clip, nearest};
pub use evaluate::{equal, evaluate, holds, is_condition, saw};
pub use execute::{Execution, Output, Progress, Status};
pub use expression::{Comparison, Expression, ExpressionKind, Value};
pub use files::{File, list as list_files};
pub use form::{Form, Kind, Slot};
pub use forms::{forms, later, verbs};
pub use functions::{FUNCTIONS, Function, Parameter, function};
pub use golden::{Block, parse_golden, render_golden};
pub use help::{help, help_lines, sentence_of};
pub use inspected::{evaluate_in, known};
pub use parser::{decode, parse_line, parse_script};
pub use runner::{INTERRUPTED, PlayedCommand, RunEnd, RunOptions, run_script, run_to_violation};
pub use session::{Inspect, MakeDisk, Measure, Session};
pub use statement::Statement;
