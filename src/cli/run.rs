//! `klab run FILE`: a script without a screen, its files where they were asked for, cleaned up on every way out.

use super::arguments::{Arguments, RunArguments};
use super::output::Output;
use super::place::FilesPlace;
use super::{ENDED, interrupt};
use crate::chinese::tell;
use crate::inspect::Samples;
use crate::script::{RunOptions, Session, decode, run_script};
use crate::simulate::perf::Live;
use std::cell::{Cell, RefCell};
use std::io::{BufRead, Read, Write};

/// A script is written by a person; more than this is something else.
const MOST_BYTES: u64 = 16 << 20;

/// The file's bytes; `-` is the standard input.
fn bytes(file: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let told = |error: std::io::Error| format!("{file}: the script cannot be read: {error}");
    let read = match file {
        "-" => std::io::stdin().lock().take(MOST_BYTES + 1).read_to_end(&mut bytes),
        _ => {
            let opened = std::fs::File::open(file).map_err(told)?;
            opened.take(MOST_BYTES + 1).read_to_end(&mut bytes)
        }
    };
    read.map_err(told)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(format!(
            "{file}: more than {MOST_BYTES} bytes are no script. Give a text file of commands."
        ));
    }
    Ok(bytes)
}

/// What the sandbox begins with, as on the screen.
const SANDBOX: &str = "cluster brokers=3 kafka=4.3";

/// The text of a script.
pub fn script(file: &str) -> Result<String, String> {
    let bytes = bytes(file)?;
    decode(file, &bytes).map(str::to_owned).map_err(|error| error.to_string())
}

/// `klab sandbox` without a screen: each line of `input` is a command, answered before the next one is read.
pub fn sandbox(
    arguments: &Arguments,
    from: Option<String>,
    input: &mut dyn BufRead,
    out: &mut Output,
    err: &mut dyn Write,
) -> Result<i32, String> {
    const INPUT: &str = "(standard input)";
    let options = &arguments.options;
    let place = FilesPlace::choose(options.dir.as_deref(), options.keep);
    let mut session = Session::new(arguments.language(), Box::new(place.maker()));
    session.seed = options.seed.unwrap_or(session.seed);
    session.measure = Some(Box::new(Live::new(None, arguments.canvas(), interrupt::asked)));
    session.inspector = Some(Box::new(Samples::default()));
    let begin = from.unwrap_or_else(|| SANDBOX.to_owned());
    let (mut line, mut number) = (begin.into_bytes(), 0_usize);
    let mut code = ENDED;
    loop {
        let text = decode(INPUT, &line).map_err(|error| error.to_string())?;
        let run = RunOptions { lines_before: number.saturating_sub(1), ..RunOptions::default() };
        let mut say = |line: &str| out.line(line);
        let end = run_script(INPUT, text, &mut session, run, &mut say, &interrupt::asked);
        out.flush();
        if end.exit_code != ENDED || out.is_closed() {
            code = end.exit_code;
            break;
        }
        line.clear();
        number += 1;
        let told = |error: std::io::Error| format!("the standard input cannot be read: {error}");
        let mut limited = (&mut *input).take(MOST_BYTES);
        if limited.read_until(b'\n', &mut line).map_err(told)? == 0 {
            break;
        }
    }
    if let (Some(lab), true) = (&mut session.lab, options.keep) {
        lab.close().map_err(|error| format!("the clean close failed: {error}"))?;
    }
    drop(session);
    if let Some(directory) = place.kept() {
        let told = format!("the files are in {}", directory.display());
        let _ = writeln!(err, "klab: {}", tell(arguments.language(), &told));
    }
    Ok(code)
}

/// `klab run`
pub fn run(
    arguments: &Arguments,
    asked: &RunArguments,
    out: &mut Output,
    err: &mut dyn Write,
) -> Result<i32, String> {
    let file = if asked.file == "-" { "(standard input)" } else { &asked.file };
    interrupt::listen();
    let bytes = bytes(&asked.file)?;
    let text = decode(file, &bytes).map_err(|error| error.to_string())?;
    if let Some(setting) = &asked.compare {
        return super::compare::run(arguments, asked, setting, (file, text), out);
    }
    let options = &arguments.options;
    let place = FilesPlace::choose(options.dir.as_deref(), options.keep);
    let mut session = Session::new(arguments.language(), Box::new(place.maker()));
    session.seed = options.seed.unwrap_or(session.seed);
    session.strict = asked.strict;
    session.measure = Some(Box::new(Live::new(None, arguments.canvas(), interrupt::asked)));
    session.inspector = Some(Box::new(Samples::default()));

    let closed = Cell::new(false);
    let output = RefCell::new(out);
    let mut say = |line: &str| {
        let mut output = output.borrow_mut();
        output.line(line);
        if !asked.json {
            output.flush(); // who watches sees each command's answer when it is there
        }
        closed.set(output.is_closed());
    };
    let run = RunOptions { json: asked.json, echo: asked.echo, ..RunOptions::default() };
    let stop = || closed.get() || interrupt::asked();
    let end = run_script(file, text, &mut session, run, &mut say, &stop);

    let mut code = end.exit_code;
    if code == interrupt::INTERRUPTED && !interrupt::asked() {
        code = ENDED; // the reader went away: they have seen what they wanted
    }
    if let (Some(lab), false, true) = (&mut session.lab, asked.no_close, options.keep) {
        lab.close().map_err(|error| format!("the clean close failed: {error}"))?;
    }
    drop(session);
    if let Some(directory) = place.kept() {
        // Not on the standard output: that is the script's, and the same wherever the files are.
        let told = format!("the files are in {}", directory.display());
        let _ = writeln!(err, "klab: {}", tell(arguments.language(), &told));
    }
    Ok(code)
}
