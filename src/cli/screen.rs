//! What needs the screen: the first one, lessons, the sandbox, a directory.

use super::arguments::Arguments;
use super::lessons;
use crate::tui::{self, Start};
use std::io::IsTerminal;
use std::path::Path;

/// Is there a screen, and is it wanted? A terminal that calls itself dumb can only print lines.
pub fn is_there(arguments: &Arguments) -> bool {
    let dumb = std::env::var_os("TERM").is_some_and(|name| name == "dumb");
    !arguments.options.plain
        && !dumb
        && std::io::stdin().is_terminal()
        && std::io::stdout().is_terminal()
}

/// Runs the screen until the learner leaves; gives the exit code. With `play` a lesson plays by itself, so many
/// milliseconds for each happening.
pub fn open(
    arguments: &Arguments,
    start: Start,
    library: Option<&Path>,
    play: Option<u64>,
) -> Result<i32, String> {
    let options = tui::Options {
        lessons: lessons::library(library)?,
        language: arguments.language(),
        ascii: arguments.options.ascii,
        no_color: arguments.options.no_color,
        seed: arguments.options.seed,
        dir: arguments.options.dir.clone(),
        keep: arguments.options.keep,
        start,
        play,
        progress: None,
    };
    tui::run(&options).map(i32::from)
}
