//! `klab lesson`: the list of lessons, and lessons without a screen.

use super::ENDED;
use super::arguments::{Arguments, LessonArguments};
use super::output::Output;
use crate::lesson::{Library, Progress, data_directory};
use crate::trace::{Align, Line, Role, Table};
use serde_json::json;
use std::path::Path;

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
) -> Result<i32, String> {
    let library = library(asked.lessons.as_deref())?;
    match &asked.id {
        None => list(arguments, asked, &library, out),
        Some(word) => {
            let id = library.find(word)?;
            let text = library
                .text(id, arguments.language())
                .or(library.text(id, crate::types::Language::English));
            out.text(text.unwrap_or_default());
            Ok(ENDED)
        }
    }
}

fn list(
    arguments: &Arguments,
    asked: &LessonArguments,
    library: &Library,
    out: &mut Output,
) -> Result<i32, String> {
    let language = arguments.language();
    let canvas = arguments.canvas();
    let progress = data_directory()
        .and_then(|directory| Progress::load(&directory.join("progress.json")).ok())
        .map(|(progress, _)| progress)
        .unwrap_or_default();
    let mut table = Table::new(&[Align::Left, Align::Left, Align::Right, Align::Left]).indent(0);
    for id in library.ids() {
        let lesson = library.load(id, language).map_err(|errors| {
            errors.first().map_or_else(|| format!("{id} cannot be read"), ToString::to_string)
        })?;
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
