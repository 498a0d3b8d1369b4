//! `klab run --compare kafka=0.10.2,4.3 FILE`: the same script in clusters that differ in one setting, side by side.

use super::arguments::{Arguments, RunArguments};
use super::look::terminal_width;
use super::output::Output;
use super::{FAILED, interrupt};
use crate::inspect::Samples;
use crate::script::{Answer, ComparedSetting, ScriptComparison, Session, Statement};
use serde_json::json;
use std::cell::{Cell, RefCell};

/// Runs the comparison; the clusters live in memory.
pub fn run(
    arguments: &Arguments,
    asked: &RunArguments,
    setting: &str,
    (file, text): (&str, &str),
    out: &mut Output,
) -> Result<i32, String> {
    let options = &arguments.options;
    if options.dir.is_some() || options.keep {
        return Err("--compare keeps no files: leave --dir and --keep off".into());
    }
    let setting = ComparedSetting::parse(setting).map_err(|why| format!("--compare: {why}"))?;
    let values = setting.values.clone();
    let titles: Vec<String> =
        values.iter().map(|value| format!("{}={value}", setting.name)).collect();
    let mut make = || {
        let mut session = Session::in_memory(arguments.language());
        session.seed = options.seed.unwrap_or(session.seed);
        session.inspector = Some(Box::new(Samples::default()));
        session
    };
    let mut comparison = ScriptComparison::new(setting, &mut make);
    let (width, ascii) = (terminal_width(), options.ascii);
    let (all, different, broken) = (Cell::new(0), Cell::new(0), Cell::new(false));
    let output = RefCell::new(out);
    let mut told = |statement: &Statement, answer: &Answer| {
        let mut out = output.borrow_mut();
        all.set(all.get() + 1);
        different.set(different.get() + u32::from(!answer.is_same()));
        broken.set(broken.get() || answer.violations.iter().any(|told| !told.is_empty()));
        if asked.json {
            out.line(&answer.json(statement, &values).to_string());
        } else {
            out.line(&format!("> {}", statement.text));
            answer.lines(&titles, width, ascii).iter().for_each(|line| out.line(line));
            out.flush();
        }
    };
    let stop = || output.borrow().is_closed() || interrupt::asked();
    if !asked.json {
        let sides = match titles.as_slice() {
            [left, right] => format!("{left} (left) and {right} (right)"),
            titles => titles.join(", "),
        };
        output.borrow_mut().line(&format!("comparing {sides}"));
    }
    let code = comparison.play(file, text, &mut told, &stop).map_err(|error| error.to_string())?;
    let code = if asked.strict && broken.get() { code.max(FAILED) } else { code };
    let mut out = output.borrow_mut();
    let (different, all) = (different.get(), all.get());
    if asked.json {
        let end =
            json!({ "type": "end", "exit_code": code, "answers": all, "different": different });
        out.line(&end.to_string());
    } else {
        out.line(&format!("{different} of {all} answers differ between {}", titles.join(" and ")));
    }
    Ok(code)
}
