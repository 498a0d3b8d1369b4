//! What the screen needs of whatever stands on the stage: a lesson, a sandbox, a real broker's directory.
//!
//! ```text
//!   App ── keys, mouse ──► Stage: command, forward, back, goto, deliver …
//!   App ◄── status, prose, pictures, marks ── Stage
//! ```
//!
//! The screen knows no more of a lab than this, so that its tests can put paper on the stage, and a directory that
//! somebody else wrote is shown by the same code as a living cluster. What always holds: everything that is asked is
//! answered from what is there (no waiting); everything that does something does a bounded piece of it and says whether
//! more is to do ([`Pace`]), so that a key is never kept waiting.

use crate::clock::Instant;
use crate::trace::{Canvas, Focus, Picture, Target};
use crate::types::Language;

/// What a pane is a picture of. Each has its own digit or letter, always the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Pane {
    Lesson,
    Cluster,
    Partition,
    Log,
    Index,
    Bytes,
    Controller,
    Group,
    Network,
    Timeline,
    Why,
    Files,
    Findings,
    Results,
    Transactions,
    Metrics,
    Overview,
    Diff,
    Zookeeper,
}

impl Pane {
    /// All panes in the order of their digits.
    pub const ALL: [Pane; 19] = [
        Pane::Lesson,
        Pane::Cluster,
        Pane::Partition,
        Pane::Log,
        Pane::Index,
        Pane::Bytes,
        Pane::Controller,
        Pane::Group,
        Pane::Network,
        Pane::Timeline,
        Pane::Why,
        Pane::Files,
        Pane::Findings,
        Pane::Results,
        Pane::Transactions,
        Pane::Metrics,
        Pane::Overview,
        Pane::Diff,
        Pane::Zookeeper,
    ];
    /// The key that shows it.
    pub fn key(self) -> char {
        match self {
            Pane::Lesson => '1',
            Pane::Cluster => '2',
            Pane::Partition => '3',
            Pane::Log => '4',
            Pane::Index => '5',
            Pane::Bytes => '6',
            Pane::Controller => '7',
            Pane::Group => '8',
            Pane::Network => '9',
            Pane::Timeline => '0',
            Pane::Why => 'w',
            Pane::Files => 'f',
            Pane::Findings => '!',
            Pane::Results => 'r',
            Pane::Transactions => 't',
            Pane::Metrics => 'm',
            Pane::Overview => 'g',
            Pane::Diff => 'v',
            Pane::Zookeeper => 'z',
        }
    }
    /// Its name as lessons and `show` write it.
    pub fn name(self) -> &'static str {
        match self {
            Pane::Lesson => "lesson",
            Pane::Cluster => "cluster",
            Pane::Partition => "partition",
            Pane::Log => "log",
            Pane::Index => "index",
            Pane::Bytes => "bytes",
            Pane::Controller => "controller",
            Pane::Group => "group",
            Pane::Network => "network",
            Pane::Timeline => "timeline",
            Pane::Why => "why",
            Pane::Files => "files",
            Pane::Findings => "findings",
            Pane::Results => "results",
            Pane::Transactions => "transactions",
            Pane::Metrics => "metrics",
            Pane::Overview => "overview",
            Pane::Diff => "diff",
            Pane::Zookeeper => "zookeeper",
        }
    }
    /// The pane of a name.
    pub fn parse(name: &str) -> Option<Pane> {
        Pane::ALL.into_iter().find(|p| p.name() == name)
    }
}

/// What the top line says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The lesson's id, or nothing.
    pub id: String,
    /// What is on the stage.
    pub title: String,
    /// The lesson's step, from 1, and how many there are.
    pub progress: Option<(usize, usize)>,
    /// Kafka's version.
    pub kafka: String,
    /// The seed.
    pub seed: u64,
    /// The step of the history that is on the screen.
    pub step: u64,
    /// The last step of the history.
    pub head: u64,
    /// Virtual time.
    pub at: Instant,
    /// The branch of the history.
    pub branch: String,
    /// Where the files are.
    pub place: String,
    /// The command under way.
    pub under_way: Option<String>,
    /// Whether the stage can only be looked at (a real broker's directory).
    pub read_only: bool,
}

/// One command of a lesson's step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// The command as written.
    pub command: String,
    /// How far it is.
    pub state: Done,
    /// What it printed.
    pub output: Vec<String>,
}

/// How far a command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Done {
    ToDo,
    UnderWay,
    Done,
    Failed,
}

/// A question that waits for, or has, its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The question.
    pub text: String,
    /// What can be chosen; empty when a value is to be typed.
    pub choices: Vec<String>,
    /// What was answered, if it was; empty when it is left to the engine.
    pub given: Option<String>,
    /// What the engine says, once it has.
    pub truth: Option<String>,
    /// Whether the answer was right, once it is known.
    pub right: Option<bool>,
    /// Why it is so; told with the answer.
    pub why: String,
}

/// A part of the story, in the order in which it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Paragraphs with inline markup.
    Text(String),
    /// Text shown as it stands.
    Kept(String),
    /// A command.
    Command(CommandLine),
    /// A question.
    Question(Question),
}

/// The story: what the left side of the screen says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prose {
    /// The head of the step.
    pub heading: String,
    /// What it says and does.
    pub parts: Vec<Part>,
    /// Hints asked for so far.
    pub hints: Vec<String>,
    /// How many more hints there are.
    pub hints_left: usize,
    /// What shows it in a real cluster, and where to read on.
    pub footnotes: Vec<(String, String)>,
    /// Whether anything of the step was done: then the story is read where it stands, before that from its top.
    pub begun: bool,
    /// Whether the step is done.
    pub done: bool,
}

impl Prose {
    /// The question that waits for its answer.
    pub fn open_question(&self) -> Option<&Question> {
        let questions = self.parts.iter().filter_map(|part| match part {
            Part::Question(question) => Some(question),
            _ => None,
        });
        questions.rev().find(|question| question.given.is_none())
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The event's id.
    pub id: u64,
    /// The step it came from.
    pub step: u64,
    /// What happened.
    pub sentence: String,
    /// Of what kind it is.
    pub mark: Mark,
}

/// The weight of a moment on the time line; the greatest of a cell is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Nothing to speak of: heartbeats, empty fetches.
    #[default]
    Quiet,
    /// Something happened.
    Event,
    /// Somebody did something.
    Act,
    /// Something broke.
    Fault,
}

/// A way to finish what is being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The text to put in.
    pub text: String,
    /// The byte of the line where it begins.
    pub from: usize,
    /// What it means.
    pub doc: String,
}

/// Whether there is more to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Call `advance` again.
    More,
    /// Done; with something to say, or not.
    Done(Option<Note>),
    /// Done, and playing should end here: a question waits, nothing is pending, something is wrong.
    Halt(Note),
}

/// A sentence for the learner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The sentence; it says what to do next.
    pub text: String,
    /// Whether something is wrong.
    pub bad: bool,
}

impl Note {
    /// Good news.
    pub fn good(text: impl Into<String>) -> Note {
        Note { text: text.into(), bad: false }
    }
    /// Bad news, with what to do about it.
    pub fn bad(text: impl Into<String>) -> Note {
        Note { text: text.into(), bad: true }
    }
}

/// What stands on the stage.
pub trait Stage {
    /// What the top line says.
    fn status(&self) -> Status;
    /// Called once, when it is put on the stage: what must be done before the learner begins.
    fn begin(&mut self) -> Pace {
        Pace::Done(None)
    }
    /// The panes it has, in the order in which they should be shown.
    fn panes(&self) -> Vec<Pane>;
    /// What a pane is called here.
    fn pane_name(&self, pane: Pane, language: Language) -> &'static str {
        super::words::pane(pane, language)
    }
    /// The cells that the story wants on a wide screen; nothing: as many as prose is read well with.
    fn story_cells(&self, _screen: u16) -> Option<u16> {
        None
    }
    /// The story; nothing in a directory.
    fn prose(&self, language: Language) -> Prose;
    /// The picture of a pane (never asked for `Lesson`).
    fn picture(&self, pane: Pane, focus: &Focus, canvas: &Canvas) -> Picture;
    /// For each of `cells` equal parts of the history 0..=head, its weightiest mark.
    fn marks(&self, cells: usize) -> Vec<Mark>;
    /// The last things that happened up to the step on the screen, latest first.
    fn recent(&self, count: usize, language: Language) -> Vec<Moment>;
    /// Why: what happened last (or what is in focus), then its cause, then the cause of that; a few.
    fn causes(&self, focus: &Focus, language: Language) -> Vec<String>;

    /// One happening further; in a lesson, the next command when none is under way.
    fn forward(&mut self) -> Pace;
    /// To the end of the command under way, or on to the next step of the lesson.
    fn forward_far(&mut self) -> Pace;
    /// One happening back.
    fn back(&mut self) -> Pace;
    /// To the beginning of this step of the lesson, or of the one before.
    fn back_far(&mut self) -> Pace;
    /// To a step of the history.
    fn goto(&mut self, step: u64) -> Pace;
    /// Begins a command as typed.
    fn command(&mut self, line: &str) -> Pace;
    /// Does a bounded piece of what is under way.
    fn advance(&mut self) -> Pace;
    /// Stops what is under way; what was done stays.
    fn cancel(&mut self);
    /// Plays up to the virtual instant; a bounded piece of it.
    fn play_until(&mut self, until: Instant) -> Pace;
    /// The virtual time of the next happening, if one is pending.
    fn next_at(&self) -> Option<Instant>;
    /// Answers the question: a choice, or a value as typed; nothing leaves it to the engine.
    fn answer(&mut self, answer: &str) -> Pace;
    /// Asks for a hint.
    fn hint(&mut self) -> Pace;
    /// Delivers a pending happening now, or drops it.
    fn pending(&mut self, id: u64, deliver: bool) -> Pace;
    /// What can be done to a row, or (without one) to the whole; nothing: nothing.
    fn offers(&self, _target: Option<&Target>, _language: Language) -> Option<super::menu::Offers> {
        None
    }
    /// Prepared schedules of this step of the lesson: what they bring about, and their commands.
    fn races(&self, _language: Language) -> Vec<(String, Vec<String>)> {
        Vec::new()
    }
    /// Commands one after the other.
    fn commands(&mut self, lines: &[String]) -> Pace {
        lines.first().map_or(Pace::Done(None), |line| self.command(line))
    }
    /// The names of all branches.
    fn branches(&self) -> Vec<String> {
        Vec::new()
    }
    /// A promise that broke since this was last asked: a sentence that says what to do, and the event.
    fn take_broken(&mut self) -> Option<(String, u64)> {
        None
    }
    /// What is typed so far, finished: `cursor` is a byte of the line.
    fn complete(&self, line: &str, cursor: usize) -> Vec<Completion>;
    /// What the chosen row means for the focus; `None` if nothing.
    fn focus(&self, target: &Target, focus: &Focus) -> Option<(Pane, Focus)>;
    /// The pane that a `show` command asked for since this was last asked, and of what.
    fn take_shown(&mut self) -> Option<(Pane, Focus)> {
        None
    }
    /// The learner chose another language.
    fn set_language(&mut self, _language: Language) {}
    /// How often [`Stage::poll`] wants to be called, in milliseconds; nothing: never.
    fn poll_ms(&self) -> Option<u64> {
        None
    }
    /// Looks whether the world outside changed, or goes on with work between the keys. Bounded; moves nothing in sight.
    fn poll(&mut self) {}
    /// Saves the progress; called when the screen is left.
    fn save(&mut self) -> Result<(), String>;
}
