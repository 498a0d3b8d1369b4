//! `klab lesson`: the list of lessons, and lessons without a screen.

use super::arguments::{Arguments, LessonArguments};
use super::output::Output;
use super::place::FilesPlace;
use super::{ENDED, FAILED};
use super::{interrupt, screen};
use crate::chinese::tell;
use crate::lesson::{self, Library, Progress, data_directory};
use crate::script::Session;
use crate::trace::{Align, Line, Role, Table};
use crate::tui::Start;
use serde_json::json;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// Cells of a line of prose: comfortable to read, and narrow enough for every terminal.
const WIDTH: usize = 80;

/// The lessons in the program, or those of a directory.
pub fn library(directory: Option<&Path>) -> Result<Library, String> {
    match directory {
        None => Ok(Library::embedded()),
        Some(directory) => Library::of_directory(directory).map_err(|error| {
            format!("{}: the lessons cannot be read: {error}", directory.display())
        }),
    }
}

/// `klab lesson`
pub fn lesson(
    arguments: &Arguments,
    asked: &LessonArguments,
    out: &mut Output,
    err: &mut dyn Write,
) -> Result<i32, String> {
    let library = library(asked.lessons.as_deref())?;
    match &asked.id {
        None => list(arguments, asked, &library, out, err),
        Some(word) if !asked.json && screen::is_there(arguments) => {
            let id = library.find(word)?.to_owned();
            let play = asked.play.then(|| asked.speed.unwrap_or(1_000));
            screen::open(arguments, Start::Lesson(id), asked.lessons.as_deref(), play)
        }
        Some(word) => plain(arguments, asked, &library, word, out),
    }
}

/// A lesson from beginning to end, without a screen: nothing is waited for, the engine answers the questions.
fn plain(
    arguments: &Arguments,
    asked: &LessonArguments,
    library: &Library,
    word: &str,
    out: &mut Output,
) -> Result<i32, String> {
    interrupt::listen();
    let id = library.find(word)?.to_owned();
    let lesson = library
        .load(&id, arguments.language())
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    let options = &arguments.options;
    let place = FilesPlace::choose(options.dir.as_deref(), options.keep);
    let mut session = Session::new(lesson.language, Box::new(place.maker()));
    session.seed = options.seed.unwrap_or(lesson.seed);
    let mut say = |line: &str| {
        out.line(line);
        out.flush();
    };
    let ended = lesson::plain(Arc::new(lesson), session, WIDTH, asked.json, &mut say);
    if let Some(directory) = place.kept() {
        say(&format!("files: {}", directory.display()));
    }
    Ok(if ended { ENDED } else { FAILED })
}

fn list(
    arguments: &Arguments,
    asked: &LessonArguments,
    library: &Library,
    out: &mut Output,
    err: &mut dyn Write,
) -> Result<i32, String> {
    let language = arguments.language();
    let canvas = arguments.canvas();
    let (progress, told) = data_directory()
        .and_then(|directory| Progress::load(&directory.join("progress.json")).ok())
        .unwrap_or_default();
    if let Some(told) = told {
        let _ = writeln!(err, "klab: {}", tell(arguments.language(), &told));
    }
    let mut table = Table::new(&[Align::Left, Align::Left, Align::Right, Align::Left]).indent(0);
    for id in library.ids() {
        // One lesson that cannot be read hides none of the others: `klab check` tells what is wrong with it.
        let Ok(lesson) = library.load(id, language) else {
            let wrong = canvas
                .word("cannot be read; klab check tells why", "无法读取；klab check 说明原因");
            match asked.json {
                true => out.line(&json!({ "id": id, "error": wrong }).to_string()),
                false => table.row(vec![Line::of(id, Role::Link), Line::of(wrong, Role::Bad)]),
            }
            continue;
        };
        let so_far = progress.lessons.get(id);
        if asked.json {
            let line = json!({
                "id": id,
                "title": lesson.title_in(language),
                "track": lesson.track.to_string(),
                "minutes": lesson.minutes,
                "steps": lesson.steps.len(),
                "done": so_far.is_some_and(|p| p.done),
                "step": so_far.map_or(0, |p| p.step),
                "chinese": library.has_chinese(id),
            });
            out.line(&line.to_string());
            continue;
        }
        let state = match so_far {
            Some(p) if p.done => canvas.word("done", "已完成").to_owned(),
            Some(p) => {
                format!("{} {}/{}", canvas.word("step", "步骤"), p.step + 1, lesson.steps.len())
            }
            None => String::new(),
        };
        table.row(vec![
            Line::of(id, Role::Link),
            Line::plain(lesson.title_in(language)),
            Line::of(format!("{} min", lesson.minutes), Role::Dim),
            Line::plain(state),
        ]);
    }
    for line in table.lines(canvas.width, canvas.glyphs.ellipsis) {
        out.line(&line.to_text());
    }
    Ok(ENDED)
}
