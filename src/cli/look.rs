//! Commands that only look: a real broker's directory, the ledger, the glossary.

use super::arguments::{Arguments, InspectArguments};
use super::output::Output;
use super::{ENDED, FAILED};
use super::{interrupt, screen};
use crate::inspect::{self, Inspection};
use crate::lesson::Library;
use crate::trace::{Canvas, width};
use crate::tui::Start;
use crate::types::Language;
use crate::{era, fidelity, glossary, script};
use std::io::IsTerminal;
use std::path::Path;

/// `klab inspect`
pub fn inspect(
    arguments: &Arguments,
    asked: &InspectArguments,
    canvas: &Canvas,
    out: &mut Output,
) -> Result<i32, String> {
    let headless = asked.json || asked.follow || asked.list_samples;
    if asked.words.is_empty() && !headless && screen::is_there(arguments) {
        match (&asked.directory, asked.sample) {
            (None, true) => {
                return screen::open(arguments, Start::Sample(String::new()), None, None);
            }
            (Some(name), true) if is_sample(&name.to_string_lossy()) => {
                let name = name.to_string_lossy().into_owned();
                return screen::open(arguments, Start::Sample(name), None, None);
            }
            (Some(directory), false) => {
                return screen::open(arguments, Start::Inspect(directory.clone()), None, None);
            }
            _ => {}
        }
    }
    interrupt::listen();
    if asked.list_samples {
        return Ok(list_samples(asked.json, canvas, out));
    }
    let mut words = asked.words.clone();
    let mut inspection = match (&asked.directory, asked.sample) {
        (directory, true) => {
            // With --sample the first word is no directory: the sample's name, or it belongs to what is asked.
            let first =
                directory.as_deref().map(Path::to_string_lossy).map(|word| word.into_owned());
            match first {
                Some(name) if is_sample(&name) => inspect::sample_named(&name)?,
                first => {
                    words.splice(0..0, first);
                    inspect::sample()?
                }
            }
        }
        (Some(directory), false) => Inspection::open(directory)?,
        (None, false) => return Err("inspect wants a directory, or --sample".into()),
    };
    if asked.follow {
        return follow(&mut inspection, &words, asked.json, out);
    }
    let mut progress = Progress::new();
    let answer = inspect::run(&inspection, &words, asked.json, canvas, &mut |done, all| {
        progress.tell(done, all);
        !interrupt::asked()
    });
    progress.end();
    if interrupt::asked() {
        return Ok(interrupt::INTERRUPTED);
    }
    let answer = answer?;
    out.text(&answer.text);
    Ok(if answer.wrong { FAILED } else { ENDED })
}

fn is_sample(name: &str) -> bool {
    inspect::samples().iter().any(|sample| sample.name == name)
}

/// `klab inspect --list-samples`
fn list_samples(as_json: bool, canvas: &Canvas, out: &mut Output) -> i32 {
    for sample in inspect::samples() {
        let (name, origin, about) = (sample.name, sample.origin, sample.about(canvas.language));
        out.text(&match as_json {
            true => {
                format!("{}\n", serde_json::json!({"name": name, "origin": origin, "about": about}))
            }
            false => format!("{}{}{about}\n", width::pad(name, 14), width::pad(origin, 16)),
        });
    }
    ENDED
}

/// `klab inspect DIR [T-P] --follow`: until Ctrl-C, or until nobody reads.
fn follow(
    inspection: &mut Inspection,
    words: &[String],
    as_json: bool,
    out: &mut Output,
) -> Result<i32, String> {
    let only = match inspect::Request::parse(inspection, words)? {
        inspect::Request::Listing => None,
        inspect::Request::Whole(asked) => Some(asked.place),
        _ => return Err("--follow takes a partition, or nothing".into()),
    };
    let out = std::cell::RefCell::new(out);
    let wait = || {
        out.borrow_mut().flush();
        for _ in 0..5 {
            if interrupt::asked() || out.borrow().is_closed() {
                return false;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        true
    };
    inspect::follow(inspection, only, as_json, wait, |line| out.borrow_mut().text(line));
    Ok(if interrupt::asked() { interrupt::INTERRUPTED } else { ENDED })
}

/// A line on the error output that says how far a long search or check is; only on a terminal.
struct Progress {
    shown: bool,
    terminal: bool,
}

impl Progress {
    fn new() -> Progress {
        Progress { shown: false, terminal: std::io::stderr().is_terminal() }
    }

    fn tell(&mut self, done: u64, all: u64) {
        if self.terminal {
            self.shown = true;
            eprint!("\r{:>3} %  {} of {} MB ", done * 100 / all.max(1), done >> 20, all >> 20);
        }
    }

    fn end(&self) {
        if self.shown {
            eprint!("\r{:40}\r", "");
        }
    }
}

/// `klab fidelity`
pub fn fidelity(id: Option<&str>, canvas: &Canvas, out: &mut Output) -> Result<i32, String> {
    let ids: Vec<String> = fidelity::entries().into_iter().map(|entry| entry.id).collect();
    let library = Library::embedded();
    let picture = fidelity::picture(id, &library.ids(), &fitting(canvas)).ok_or_else(|| {
        let near = script::nearest(id.unwrap_or_default(), ids.iter().map(String::as_str));
        unknown("entry of the ledger", id, near, "klab fidelity")
    })?;
    out.text(&picture.to_text());
    Ok(ENDED)
}

/// How wide lines may be: as the terminal; in a file or a pipe as `COLUMNS` says, or else wide enough for a table.
pub fn terminal_width() -> usize {
    const OF_A_FILE: usize = 160;
    if !std::io::stdout().is_terminal() {
        let asked = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        return asked.filter(|columns| *columns >= 40).unwrap_or(OF_A_FILE);
    }
    crossterm::terminal::size().map_or(OF_A_FILE, |(columns, _)| usize::from(columns).max(1))
}

/// The canvas, no wider than the terminal.
fn fitting(canvas: &Canvas) -> Canvas {
    Canvas { width: canvas.width.min(terminal_width()), ..*canvas }
}

/// `klab eras`: the table, or one object with a list of versions and one of rules (`theme`, `name`, `source`, `values`
/// by version).
pub fn eras(json: bool, width: usize, language: Language) -> String {
    if !json {
        return era::table(width, language).join("\n") + "\n";
    }
    let versions: Vec<&str> = era::ERAS.iter().map(|era| era.kafka).collect();
    let object = |theme: &str, name: &str, source: &str, cell: &dyn Fn(&era::Era) -> String| {
        let values: serde_json::Map<String, serde_json::Value> =
            era::ERAS.iter().map(|era| (era.kafka.to_owned(), cell(era).into())).collect();
        serde_json::json!({ "theme": theme, "name": name, "source": source, "values": values })
    };
    let rules = era::RULES
        .iter()
        .map(|rule| object(rule.theme.word(), rule.name, rule.source, &rule.cell))
        .chain(era::CHANGED_DEFAULTS.iter().map(|changed| {
            let theme = format!("defaults of a {}", changed.owner.word());
            object(&theme, changed.name, changed.source, &|era| {
                changed.of(era).unwrap_or("-").to_owned()
            })
        }));
    let rules: Vec<serde_json::Value> = rules.collect();
    format!("{:#}\n", serde_json::json!({ "versions": versions, "rules": rules }))
}

/// `klab glossary`
pub fn glossary(word: Option<&str>, canvas: &Canvas, out: &mut Output) -> Result<i32, String> {
    let words: Vec<String> = glossary::words().into_iter().map(|word| word.word).collect();
    let picture = glossary::picture(word, &fitting(canvas)).ok_or_else(|| {
        let near = script::nearest(word.unwrap_or_default(), words.iter().map(String::as_str));
        unknown("word", word, near, "klab glossary")
    })?;
    out.text(&picture.to_text());
    Ok(ENDED)
}

fn unknown(what: &str, asked: Option<&str>, near: Option<&str>, list: &str) -> String {
    let asked = script::clip(asked.unwrap_or_default(), 40);
    match near {
        Some(near) => format!("there is no {what} '{asked}': did you mean '{near}'?"),
        None => format!("there is no {what} '{asked}': '{list}' lists them"),
    }
}
