//! The command line: picks one of the things that the library can do.
//!
//! ```text
//!   klab                      the first screen
//!   klab lesson | sandbox     the screen, or without it (--plain, --list)
//!   klab run FILE             a script, without a screen
//!   klab check                holds lessons to what they say
//!   klab inspect DIR          a real broker's directory
//!   klab dump PATH…           its files, as Kafka's own tool prints them
//!   klab perf WHAT            measurements on this machine
//!   klab simulate             random schedules of faults, all invariants
//!   klab recover DIR --to OUT  a copy of it, recovered, and every step told
//!   klab fidelity | glossary  what is simplified; what words mean
//!   klab eras                 which rules hold in which version of Kafka
//! ```
//!
//! What always holds: the exit code is 0 (ended), 1 (an `expect`, `until` or `predict` failed), 2 (a script, an
//! argument, a name, a file or a directory is wrong) or 130 (Ctrl-C); what went wrong is a sentence on the error
//! output; a reader who closes the pipe ends the program quietly. Left out: configuration files.

mod arguments;
mod check;
mod compare;
mod dump;
mod help;
mod interrupt;
mod lessons;
mod look;
mod output;
mod perf;
mod place;
mod recover;
mod run;
mod screen;
mod simulate;
#[cfg(test)]
mod tests;

use crate::chinese::tell;
use crate::tui::Start;
use arguments::{Arguments, Command, SandboxArguments};
use clap::CommandFactory;
use output::Output;
use std::io::Write;

/// It ended as it should.
pub const ENDED: i32 = 0;
/// An `expect`, `until` or `predict` failed.
pub const FAILED: i32 = 1;
/// A script, an argument, a name, a file or a directory is wrong.
pub const WRONG: i32 = 2;

/// The program: real arguments, real streams, signals. Gives the exit code.
pub fn main() -> i32 {
    interrupt::allow();
    let arguments: Vec<String> =
        std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let (out, err) = (std::io::stdout(), std::io::stderr());
    main_with(&arguments, &mut std::io::BufWriter::new(out.lock()), &mut err.lock())
}

/// The same with given arguments (the program's name first) and streams: what tests call.
pub fn main_with(arguments: &[String], out: &mut dyn Write, err: &mut dyn Write) -> i32 {
    let mut out = Output::new(out);
    let language = help::language(arguments);
    let arguments = match help::parse(arguments, language) {
        Ok(arguments) => arguments,
        Err(told) if !told.use_stderr() => {
            out.text(&told.to_string());
            return out.end(ENDED, err);
        }
        Err(told) => {
            // The one who reads errors may be gone as well; then there is nobody left to tell.
            let _ = err.write_all(help::error(&told, language).as_bytes());
            return WRONG;
        }
    };
    let code = match carry_out(&arguments, &mut out, err) {
        Ok(code) => code,
        Err(sentence) => {
            out.flush();
            let _ = writeln!(err, "klab: {}", tell(arguments.language(), &sentence));
            WRONG
        }
    };
    out.end(code, err)
}

/// What is asked for. An error is a sentence: something that was given is wrong.
fn carry_out(arguments: &Arguments, out: &mut Output, err: &mut dyn Write) -> Result<i32, String> {
    let canvas = arguments.canvas();
    match &arguments.command {
        None if screen::is_there(arguments) => screen::open(arguments, Start::Home, None, None),
        None => {
            out.text(&help::command(arguments.language()).render_help().to_string());
            Ok(ENDED)
        }
        Some(Command::Sandbox(sandbox)) if screen::is_there(arguments) => {
            let start = match (&sandbox.from, &sandbox.compare) {
                (Some(file), _) => Start::Script(run::script(&file.display().to_string())?),
                (None, Some(setting)) => Start::Compare(setting.clone()),
                (None, None) => Start::Sandbox,
            };
            screen::open(arguments, start, None, None)
        }
        Some(Command::Sandbox(SandboxArguments { compare: Some(_), .. })) => Err(
            "two clusters side by side need a terminal; without one: klab run FILE --compare kafka=0.10.2,4.3"
                .into(),
        ),
        Some(Command::Sandbox(SandboxArguments { from, .. })) => {
            let from = from.as_ref().map(|file| run::script(&file.display().to_string()));
            let from = from.transpose()?;
            run::sandbox(arguments, from, &mut std::io::stdin().lock(), out, err)
        }
        Some(Command::Lesson(asked)) => lessons::lesson(arguments, asked, out, err),
        Some(Command::Check(asked)) => check::check(asked, out),
        Some(Command::Run(asked)) => run::run(arguments, asked, out, err),
        Some(Command::Inspect(asked)) => look::inspect(arguments, asked, &canvas, out),
        Some(Command::Perf(asked)) => perf::perf(arguments, asked, &canvas, out, err),
        Some(Command::Simulate(asked)) => simulate::simulate(arguments, asked, &canvas, out, err),
        Some(Command::Dump(asked)) => dump::dump(asked, out, err),
        Some(Command::Recover(asked)) => recover::run(arguments, asked, out, err),
        Some(Command::Fidelity { id }) => look::fidelity(id.as_deref(), &canvas, out),
        Some(Command::Eras { json }) => {
            out.text(&look::eras(*json, look::terminal_width(), arguments.language()));
            Ok(ENDED)
        }
        Some(Command::Glossary { word }) => look::glossary(word.as_deref(), &canvas, out),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "klab", &mut script);
            out.text(&String::from_utf8_lossy(&script));
            Ok(ENDED)
        }
    }
}
