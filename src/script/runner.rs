//! `klab run`: a whole script, without a screen.
//!
//! Everything that is wrong in the script is told before anything runs. Then line by line; what a command says goes to
//! `out` at once. The first failed expectation or wrong name ends the run.
//!
//! With JSON each line of the output is an object with a `type`:
//!
//! | type        | fields                                                                                   |
//! |-------------|------------------------------------------------------------------------------------------|
//! | `event`     | `id`, `step`, `at_us`, `node`, `cause` (an id or null), `kind`, `text`                     |
//! | `result`    | `line`, `command`, `status` (`ended`, `failed`, `wrong`), `lines`, `result`              |
//! | `violation` | `text`                                                                                   |
//! | `error`     | `file`, `line`, `column`, `source`, `message`, `advice`                                  |
//! | `end`       | `exit_code`, `step`, `at_us`                                                             |

use super::error::{Fault, ScriptError, Span};
use super::execute::{Execution, Output, Progress, Status};
use super::parser::parse_script;
use super::session::Session;
use super::statement::Statement;
use crate::chinese::tell;
use crate::types::Language;
use serde_json::{Value as Json, json};

/// The exit code after Ctrl-C.
pub const INTERRUPTED: i32 = 130;

/// How a script is run.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunOptions {
    /// JSON lines instead of text.
    pub json: bool,
    /// Each command is printed before what it says.
    pub echo: bool,
    /// How many lines of the file came before `text`.
    pub lines_before: usize,
}

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunEnd {
    /// The exit code.
    pub exit_code: i32,
    /// What went wrong, with its place.
    pub error: Option<ScriptError>,
    /// The capability that is missing, if that is what went wrong.
    pub needs: Option<&'static str>,
}

/// Runs a script. `interrupted` is asked after each happening.
pub fn run_script(
    file: &str,
    text: &str,
    session: &mut Session,
    options: RunOptions,
    out: &mut dyn FnMut(&str),
    interrupted: &dyn Fn() -> bool,
) -> RunEnd {
    let language = session.language;
    let mut runner = Runner { options, out, language, last_event: 0 };
    let end = match parse_script(file, text, options.lines_before + 1) {
        Err(errors) => {
            errors.iter().for_each(|error| runner.error(error));
            let error = errors.into_iter().next();
            let needs = error.as_ref().and_then(|error| error.fault.needs);
            RunEnd { exit_code: Status::Wrong.exit_code(), error, needs }
        }
        Ok(statements) => runner.run(file, statements, session, interrupted),
    };
    if options.json {
        let (step, at) =
            session.lab.as_ref().map_or((0, 0), |lab| (lab.step_number(), lab.now().0));
        runner
            .json(json!({ "type": "end", "exit_code": end.exit_code, "step": step, "at_us": at }));
    }
    end
}

/// A command of a script that was played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlayedCommand {
    /// The command as written.
    pub text: String,
    /// The step before it.
    pub from: u64,
    /// What it printed; nothing, if it was still under way when a promise broke.
    pub output: Vec<String>,
}

/// Runs a script up to the step in which a promise breaks, or to its end, and tells what was played. An error is a
/// sentence.
pub fn run_to_violation(text: &str, session: &mut Session) -> Result<Vec<PlayedCommand>, String> {
    let statements = parse_script("script", text, 1).map_err(|errors| {
        errors.first().map(|error| error.text(session.language)).unwrap_or_default()
    })?;
    let mut played = Vec::new();
    for statement in statements {
        let from = session.lab.as_ref().map_or(0, |lab| lab.step_number());
        let text = statement.text.clone();
        played.push(PlayedCommand { text, from, output: Vec::new() });
        let mut execution = Execution::new(statement);
        loop {
            let progress = execution.advance(session);
            let broken = session
                .lab
                .as_ref()
                .is_some_and(|lab| !lab.cluster().invariants.violations().is_empty());
            if let (Progress::Done(output), Some(last)) = (&progress, played.last_mut()) {
                last.output.clone_from(&output.lines);
            }
            if broken {
                return Ok(played);
            }
            match progress {
                Progress::Stepped => {}
                Progress::Done(output) if output.status == Status::Ended => break,
                Progress::Done(output) => return Err(output.lines.join(" ")),
            }
        }
    }
    Ok(played)
}

struct Runner<'a> {
    options: RunOptions,
    out: &'a mut dyn FnMut(&str),
    language: Language,
    last_event: u64,
}

impl Runner<'_> {
    fn json(&mut self, value: Json) {
        (self.out)(&value.to_string());
    }

    fn error(&mut self, error: &ScriptError) {
        if self.options.json {
            self.json(json!({
                "type": "error",
                "file": &*error.file,
                "line": error.line,
                "column": error.column(),
                "source": error.source,
                "message": tell(self.language, &error.fault.message),
                "advice": tell(self.language, &error.fault.advice),
            }));
        } else {
            error.text(self.language).lines().for_each(|line| (self.out)(line));
        }
    }

    fn run(
        &mut self,
        file: &str,
        statements: Vec<Statement>,
        session: &mut Session,
        interrupted: &dyn Fn() -> bool,
    ) -> RunEnd {
        for statement in statements {
            if self.options.echo && !self.options.json {
                (self.out)(&format!("> {}", statement.text));
            }
            let mut execution = Execution::new(statement.clone());
            let output = loop {
                let progress = execution.advance(session);
                self.events(session);
                if interrupted() {
                    return RunEnd { exit_code: INTERRUPTED, ..RunEnd::default() };
                }
                if let Progress::Done(output) = progress {
                    break output;
                }
            };
            let violations = session.new_violations();
            self.result(&statement, &output, &violations);
            let broken = session.strict && !violations.is_empty();
            if output.status != Status::Ended || broken {
                let status = if broken { Status::Failed } else { output.status };
                let message =
                    output.lines.first().or(violations.first()).cloned().unwrap_or_default();
                let span = Span::new(0, statement.text.chars().count());
                let fault = Fault { needs: output.needs, ..Fault::new(span, message, "") };
                let (line, source) = (statement.line, statement.text.into());
                let error = ScriptError { file: file.into(), line, source, fault };
                self.error(&error);
                return RunEnd {
                    exit_code: status.exit_code(),
                    needs: output.needs,
                    error: Some(error),
                };
            }
        }
        RunEnd::default()
    }

    fn result(&mut self, statement: &Statement, output: &Output, violations: &[String]) {
        if self.options.json {
            let status = match output.status {
                Status::Ended => "ended",
                Status::Failed => "failed",
                Status::Wrong => "wrong",
            };
            self.json(json!({
                "type": "result",
                "line": statement.line,
                "command": statement.text,
                "status": status,
                "lines": output.lines,
                "result": output.result,
            }));
            violations
                .iter()
                .for_each(|text| self.json(json!({ "type": "violation", "text": text })));
            return;
        }
        // What failed is told once, with its place.
        if output.status == Status::Ended {
            output.lines.iter().for_each(|line| (self.out)(line));
        }
        violations.iter().for_each(|line| (self.out)(line));
    }

    /// Events since the last call; after going back they are told again from there.
    fn events(&mut self, session: &Session) {
        let Some(lab) = session.lab.as_ref().filter(|_| self.options.json) else { return };
        let newest = lab.events().back().map_or(0, |event| event.id);
        if newest < self.last_event {
            self.last_event = newest;
        }
        let from = lab.events().partition_point(|event| event.id <= self.last_event);
        let language = session.language;
        let told: Vec<Json> = lab
            .events()
            .range(from..)
            .map(|event| {
                json!({
                    "type": "event",
                    "id": event.id,
                    "step": event.step,
                    "at_us": event.at.0,
                    "node": event.node.0,
                    "cause": event.cause,
                    "kind": event.body.kind(),
                    "text": lab.cluster().sentence(event, language),
                })
            })
            .collect();
        self.last_event = newest;
        told.into_iter().for_each(|event| self.json(event));
    }
}
