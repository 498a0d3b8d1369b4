//! The eyes: the screen on which one learns.
//!
//! ```text
//!   keys, mouse, signals ─ input ─► App (pure) ─ draw ─► one frame ─ terminal
//!                                    │   ▲
//!                              Stage ◄   └ pictures of `trace`, story of `lesson`
//! ```
//!
//! [`app::App`] is a state machine without a terminal; `terminal`, `input` and `probe` are the only files that touch
//! one. The loop here carries events in and effects out. What always holds: the terminal is given back whole, on every
//! way out; a frame is drawn only when something came in; work within one turn of the loop is bounded.

mod alone; // a lesson that plays by itself
pub mod app; // the whole screen as a state machine
mod beats; // a lesson laid out flat
pub mod bench; // the screen on which one works: state and keys
mod front; // the first screen at work
pub mod help; // keys and glossary
pub mod hints; // the last line: keys that do something now
pub mod home; // the first screen: lessons, progress
mod compare_stage; // two clusters side by side
mod inspect_stage; // a directory that somebody else wrote, on the stage
mod lab_stage; // a living cluster on the stage
mod play; // a lesson or a sandbox, one happening at a time
mod room; // who gets how much of the screen
mod shop; // where lessons, sandboxes and directories come from
mod input; // keys, mouse and signals from outside
mod keys; // what the keys do on the bench
pub mod layout; // where everything stands, for any size
mod litter; // directories that must be gone in the end
pub mod menu; // what can be done to the chosen row
mod mouse; // clicking, scrolling, dragging
pub mod paper; // the screen without a terminal, for measurements
pub mod paint; // lines of a picture onto cells
mod probe; // how wide the terminal draws ambiguous signs
pub mod prompt; // the line where one types
pub mod speed; // how fast it plays
pub mod stage; // what the screen needs of a lab
mod story; // the story of a lesson's step as lines
pub mod terminal; // taking the terminal and giving it back
pub mod theme; // roles to colours
pub mod timeline; // where in the history the screen stands
mod view; // draws the bench
mod why_not; // why a key does nothing here
pub mod words; // labels in both languages

#[cfg(test)]
mod tests; // frames of every screen, on paper

use crate::trace::Glyphs;
use crate::types::Language;
use app::{App, Effect, Event};
use crossterm::event::Event as TerminalEvent;
use home::Shelf;
use input::Input;
use ratatui::layout::Rect;
use signal_hook::consts::{SIGCONT, SIGTSTP, SIGWINCH};
use stage::Stage;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use theme::Theme;
use tokio::sync::mpsc::{Receiver, Sender};

/// What to begin with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// The first screen.
    #[default]
    Home,
    /// A lesson, by its id.
    Lesson(String),
    /// The sandbox.
    Sandbox,
    /// A sandbox in which a script has run, up to the step in which a promise broke.
    Script(String),
    /// Two sandboxes side by side, which differ in one setting: `kafka=0.10.2,4.3`.
    Compare(String),
    /// A directory that somebody else wrote.
    Inspect(PathBuf),
    /// The directory of a real broker that comes with the lab, by its name; empty: the first.
    Sample(String),
}

/// Where lessons, sandboxes and directories come from.
pub trait Library {
    /// What can be begun.
    fn shelf(&mut self, language: Language) -> Shelf;
    /// Puts something on the stage; the error says what to do about it.
    fn open(&mut self, start: &Start, language: Language) -> Result<Box<dyn Stage>, String>;
}

/// How the screen looks.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// The language.
    pub language: Language,
    /// Only ASCII marks.
    pub ascii: bool,
    /// No colours.
    pub no_color: bool,
    /// The lesson plays by itself, so many milliseconds for each happening.
    pub play: Option<u64>,
}

/// What the program was started with.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The lessons.
    pub lessons: crate::lesson::Library,
    /// The language.
    pub language: Language,
    /// Only ASCII marks.
    pub ascii: bool,
    /// No colours.
    pub no_color: bool,
    /// The seed, instead of the lesson's.
    pub seed: Option<u64>,
    /// Where the files shall be, instead of a temporary directory.
    pub dir: Option<PathBuf>,
    /// Whether the files stay.
    pub keep: bool,
    /// What to begin with.
    pub start: Start,
    /// The lesson plays by itself, so many milliseconds for each happening; the learner's file is left alone.
    pub play: Option<u64>,
    /// The learner's file, instead of the usual one.
    pub progress: Option<PathBuf>,
}

/// Runs the screen on real lessons until the learner leaves; gives the exit code.
pub fn run(options: &Options) -> Result<u8, String> {
    let look = Look {
        language: options.language,
        ascii: options.ascii,
        no_color: options.no_color,
        play: options.play,
    };
    let heard = listen()?;
    let (mut shop, told) = shop::Shop::new(options);
    let code = run_on(&mut shop, &options.start, &look, heard)?;
    for text in told.into_iter().chain(shop.kept().map(|path| format!("files: {}", path.display())))
    {
        println!("{text}");
    }
    Ok(code)
}

/// Runs the screen until the learner leaves; gives the exit code.
pub fn run_with(library: &mut dyn Library, start: &Start, look: &Look) -> Result<u8, String> {
    run_on(library, start, look, listen()?)
}

/// Listens to signals: before anything is made that has to be taken away again, so that none can end us in between.
fn listen() -> Result<Heard, String> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(
            "the screen needs a terminal; without one use --plain, or `klab run FILE`".into()
        );
    }
    input::signals().map_err(|error| format!("cannot listen to signals: {error}"))
}

type Heard = (Sender<Input>, Receiver<Input>);

fn run_on(
    library: &mut dyn Library,
    start: &Start,
    look: &Look,
    heard: Heard,
) -> Result<u8, String> {
    let (sender, inputs) = heard;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(|error| format!("cannot start the screen's loop: {error}"))?;
    let told = |error: io::Error| format!("the terminal failed: {error}; try --plain");
    let variable = |name: &str| std::env::var(name).ok();
    let theme = Theme::detect(look.no_color, variable);
    let ascii = look.ascii || !speaks_utf8(variable);
    let glyphs = if ascii { Glyphs::ascii() } else { Glyphs::unicode() };
    let (width, height) = crossterm::terminal::size().unwrap_or((80, 24));
    let area = Rect { x: 0, y: 0, width, height };
    let mut app = App::new(library.shelf(look.language), look.language, theme, glyphs, area);
    if *start != Start::Home {
        app.opened(Ok(library.open(start, look.language)?));
        app.direct = true;
        if let (Some(bench), Some(happening_ms)) = (&mut app.bench, look.play) {
            bench.play_alone(happening_ms);
        }
    }
    let mut guard = terminal::Guard::take().map_err(told)?;
    guard.terminal.draw(|frame| app.draw(frame)).map_err(told)?;
    let mut first = Vec::new();
    if !ascii {
        let answer = probe::ask().map_err(told)?;
        first = answer.keys;
        if answer.cells.is_some_and(|cells| cells > 1) {
            app.on_event(Event::AmbiguousIsWide);
        }
        // The question was written over the first cell, and two of them if the sign is wide.
        guard.repaint().map_err(told)?;
    }
    input::keys(sender, first).map_err(told)?;
    let code = runtime.block_on(turn(&mut app, library, &mut guard, inputs)).map_err(told)?;
    app.save();
    Ok(code)
}

/// Whether the locale says UTF-8. One that says nothing is taken to.
fn speaks_utf8(variable: impl Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| variable(name).filter(|value| !value.is_empty()));
    locale.is_none_or(|locale| {
        let locale = locale.to_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

#[allow(clippy::disallowed_methods, reason = "playing maps virtual time to the clock on the wall")]
async fn turn(
    app: &mut App,
    library: &mut dyn Library,
    guard: &mut terminal::Guard,
    mut inputs: Receiver<Input>,
) -> io::Result<u8> {
    const TURN: usize = 256;
    let mut ticked = Instant::now();
    loop {
        guard.terminal.draw(|frame| app.draw(frame))?;
        let wait = app.wait_ms();
        let came = match wait {
            Some(0) => inputs.try_recv().ok(),
            Some(ms) => {
                let limit = Duration::from_millis(ms);
                tokio::time::timeout(limit, inputs.recv()).await.ok().flatten()
            }
            None => {
                let input = inputs.recv().await;
                ticked = Instant::now();
                Some(input.unwrap_or(Input::Closed))
            }
        };
        let mut next = came;
        for _ in 0..TURN {
            let Some(input) = next else { break };
            if let Some(code) = take(app, library, guard, input)? {
                return Ok(code);
            }
            next = inputs.try_recv().ok();
        }
        if app.wait_ms().is_some() {
            let elapsed = ticked.elapsed().as_millis() as u64;
            if elapsed > 0 || app.wait_ms() == Some(0) {
                ticked = Instant::now();
                app.on_event(Event::Tick(elapsed));
            }
        }
    }
}

/// One input; gives the exit code when it is the last.
fn take(
    app: &mut App,
    library: &mut dyn Library,
    guard: &mut terminal::Guard,
    input: Input,
) -> io::Result<Option<u8>> {
    let event = match input {
        Input::Terminal(TerminalEvent::Key(key)) => Event::Key(key),
        Input::Terminal(TerminalEvent::Mouse(mouse)) => Event::Mouse(mouse),
        Input::Terminal(TerminalEvent::Paste(text)) => Event::Paste(text),
        Input::Terminal(_) => return Ok(None),
        Input::Closed => return Ok(Some(129)),
        Input::Signal(SIGWINCH) => {
            let (width, height) = crossterm::terminal::size()?;
            Event::Resize(width, height)
        }
        Input::Signal(SIGTSTP) => return suspend(guard).map(|()| None),
        Input::Signal(SIGCONT) => return guard.take_again().map(|()| None),
        Input::Signal(signal) => return Ok(Some(128 + signal as u8)),
    };
    for effect in app.on_event(event) {
        match effect {
            Effect::Quit(code) => return Ok(Some(code)),
            Effect::Suspend => suspend(guard)?,
            Effect::Open(start) => app.opened(library.open(&start, app.language)),
            Effect::Shelf => app.shelf = library.shelf(app.language),
        }
    }
    Ok(None)
}

fn suspend(guard: &mut terminal::Guard) -> io::Result<()> {
    terminal::give_back();
    signal_hook::low_level::emulate_default_handler(SIGTSTP)?;
    guard.take_again()
}
