//! `klab perf WHAT`: measures on this machine, tells on the error output how far it is, prints a table or JSON.
//!
//! What always holds: progress is shown on a terminal only and wiped away at the end; Ctrl-C ends it between two pieces
//! of work, with its files gone and exit code 130.

use super::arguments::{Arguments, PerfArguments};
use super::output::Output;
use super::{ENDED, interrupt};
use crate::simulate::perf::{self, Ears, PerfError, Wish};
use crate::trace::{Canvas, width};
use std::io::{IsTerminal, Write};

/// Cells of the bar that grows.
const BAR: usize = 20;

/// `klab perf`
pub fn perf(
    arguments: &Arguments,
    asked: &PerfArguments,
    canvas: &Canvas,
    out: &mut Output,
    err: &mut dyn Write,
) -> Result<i32, String> {
    interrupt::listen();
    let mut wish = Wish {
        directory: arguments.options.dir.clone(),
        language: arguments.language(),
        ..Wish::default()
    };
    wish.time = asked.seconds.unwrap_or(wish.time);
    let shown = std::io::stderr().is_terminal();
    let glyphs = canvas.glyphs;
    let mut progress = |done: f64, what: &str| {
        if shown {
            let cells = (done * BAR as f64).round() as usize;
            let (full, empty) = (glyphs.flushed.repeat(cells), glyphs.empty.repeat(BAR - cells));
            let what = width::pad(&width::cut(what, 44, '~'), 44);
            let percent = (done * 100.0).round();
            let _ = write!(err, "\r{full}{empty} {percent:>3}%  {what}");
            let _ = err.flush();
        }
    };
    let ears = Ears { progress: &mut progress, stop: &interrupt::asked };
    let report = perf::run(asked.experiment, &wish, ears);
    if shown {
        let _ = write!(err, "\r{}\r", " ".repeat(BAR + 52));
    }
    match report {
        Ok(report) if asked.json => {
            let text = serde_json::to_string_pretty(&report.json());
            out.line(&text.map_err(|error| error.to_string())?);
            Ok(ENDED)
        }
        Ok(report) => {
            out.text(&report.picture(canvas).to_text());
            Ok(ENDED)
        }
        Err(PerfError::Interrupted) => {
            let _ = writeln!(err, "klab: {}", PerfError::Interrupted);
            Ok(interrupt::INTERRUPTED)
        }
        Err(PerfError::Failed(sentence)) => Err(sentence),
    }
}
