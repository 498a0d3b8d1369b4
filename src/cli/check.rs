//! `klab check`: holds lessons to the format and to the engine, or records their outputs anew.

use super::arguments::CheckArguments;
use super::output::Output;
use super::{ENDED, FAILED, interrupt, lessons};
use crate::lesson;
use crate::types::{Language, counted};
use std::path::{Path, PathBuf};

/// Where lesson files and the sources that they name are: here, if this is the project's directory.
fn project() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    (here.join("lessons").is_dir() && here.join("src/lib.rs").is_file()).then_some(here)
}

/// `klab check`
pub fn check(asked: &CheckArguments, out: &mut Output) -> Result<i32, String> {
    interrupt::listen();
    let root = project();
    let own = root.as_deref().map(|root| root.join("lessons")).filter(|_| asked.update);
    let directory = asked.lessons.clone().or(own);
    if asked.update && directory.is_none() {
        return Err("--update writes lesson files: go to the project's directory, or name one with --lessons DIR".into());
    }
    let library = lessons::library(directory.as_deref())?;
    let ids: Vec<String> = match &asked.id {
        Some(word) => vec![library.find(word)?.to_owned()],
        None => library.ids().into_iter().map(str::to_owned).collect(),
    };
    let (mut wrong, mut played, mut updated) = (0, 0, 0);
    for id in &ids {
        if interrupt::asked() {
            return Ok(interrupt::INTERRUPTED);
        }
        let report = lesson::check(&library, id, root.as_deref(), asked.update);
        for error in &report.errors {
            out.line(error.to_string().trim_end());
        }
        for (id, text) in report.updated.iter().filter(|_| asked.update) {
            let file = library.file(id, Language::English);
            std::fs::write(Path::new(&file), text).map_err(|error| format!("{file}: {error}"))?;
            out.line(&format!("{file}: outputs recorded anew"));
        }
        wrong += report.errors.len();
        played += report.played;
        updated += if asked.update { report.updated.len() } else { 0 };
        out.flush();
    }
    let fate = match (wrong, updated) {
        (0, 0) => "nothing is wrong".to_owned(),
        (0, n) => format!("{n} recorded anew"),
        (1, _) => "1 thing is wrong".to_owned(),
        (n, _) => format!("{n} things are wrong"),
    };
    out.line(&format!("{}, {played} played through, {fate}", counted(ids.len(), "lesson")));
    Ok(if wrong == 0 { ENDED } else { FAILED })
}
