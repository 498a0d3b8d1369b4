//! The learner's own commands: done besides the lesson, on a branch of their own, and told as far as the history is.

use super::{Play, Run};
use crate::script::{Execution, PlayedCommand, parse_line};
use crate::tui::stage::{CommandLine, Done, Note, Pace};

/// Commands of the learner's own that are remembered on the screen.
const TRIES: usize = 12;
/// Commands that only look, or walk in the history: they need no branch.
const LOOKS: &[&str] = &[
    "show", "help", "glossary", "files", "cat", "dump", "where", "diff", "expect", "back", "goto",
    "switch", "branch", "perf", "inspect",
];

/// A command of the learner's own.
#[derive(Clone, Debug)]
pub struct Try {
    /// The command and what it printed.
    pub line: CommandLine,
    /// On which branch and from which step on it was done.
    pub(super) place: (String, u64),
    /// Whether it only looked.
    pub(super) looks: bool,
}

impl Play {
    /// A command of the learner's own.
    pub fn command(&mut self, line: &str) -> Pace {
        let statement = match parse_line(line, 1) {
            Ok(Some(statement)) => statement,
            Ok(None) => return Pace::Done(None),
            Err(fault) => {
                let language = self.session.language;
                let told = |text| crate::chinese::tell(language, text);
                let parts = [told(&fault.message), told(&fault.advice)];
                let said: Vec<&str> =
                    parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
                return Pace::Halt(Note::bad(said.join(" – ")));
            }
        };
        let looks = LOOKS.contains(&statement.verb());
        if !looks && !self.lessons.is_empty() && !self.astray() && self.lab().is_some() {
            let name = format!("try-{}", self.lab().map_or(1, |lab| lab.branches().len()));
            if let Some(Err(error)) = self.session.lab.as_mut().map(|lab| lab.branch(&name)) {
                return Pace::Halt(Note::bad(error.to_string()));
            }
        }
        if self.run.as_ref().is_some_and(|run| run.beat.is_some()) {
            self.waiting = self.run.take();
        }
        if self.tries.len() == TRIES {
            self.tries.remove(0);
        }
        let place = self
            .lab()
            .map_or((String::new(), 0), |lab| (lab.branch_name().to_owned(), lab.step_number()));
        let shown = CommandLine { command: line.into(), state: Done::UnderWay, output: Vec::new() };
        self.tries.push(Try { line: shown, place, looks });
        self.run = Some(Run { execution: Execution::new(statement), beat: None });
        self.far = true;
        let pace = self.go_on();
        self.walk(|_| Ok(()));
        pace
    }

    /// What a script did before the learner came: the last of it stands there as if the learner had typed it.
    pub fn was_played(&mut self, commands: Vec<PlayedCommand>) {
        let on = self.lab().map_or(String::new(), |lab| lab.branch_name().to_owned());
        let surplus = commands.len().saturating_sub(TRIES);
        self.tries.extend(commands.into_iter().skip(surplus).map(|played| {
            let looks = LOOKS.contains(&played.text.split_whitespace().next().unwrap_or(""));
            let (command, output) = (played.text, played.output);
            let line = CommandLine { command, state: Done::Done, output };
            Try { line, place: (on.clone(), played.from), looks }
        }));
    }

    /// The learner's own commands as they stand now: those that were done later than the present step are to do again.
    pub fn tried(&self) -> impl Iterator<Item = CommandLine> + '_ {
        let here = self.lab().map(|lab| (lab.branch_name(), lab.step_number()));
        self.tries.iter().map(move |tried| {
            let later = here.is_some_and(|(branch, step)| {
                let (on, from) = &tried.place;
                !tried.looks && branch == on && step <= *from
            });
            match later && tried.line.state != Done::UnderWay {
                true => CommandLine {
                    state: Done::ToDo,
                    output: Vec::new(),
                    command: tried.line.command.clone(),
                },
                false => tried.line.clone(),
            }
        })
    }
}
