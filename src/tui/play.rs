//! A lesson, or a sandbox, played by hand on a session: one happening at a time, forwards and backwards.
//!
//! ```text
//!   beats     setup  cmd  cmd │ question  cmd │ cmd        the lesson, flat; │ steps of the lesson
//!   history   0……12  ·13· ·14─19            ·20             each command remembers where it began and ended
//!                          ▲ going back to 16: the first is done, the second under way, the rest to do
//! ```
//!
//! The lab's step number says how far each command is, so going back in the lab goes back in the lesson. Whatever the
//! learner does besides happens on a branch of its own; returning to the lesson switches back to where it was left.

use super::beats::{Beat, Placed, Record, flatten, stands_beside};
use super::stage::{Done, Note, Pace};
use crate::cluster::Lab;
use crate::lesson::Lesson;
use crate::script::{Command, Execution, Output, Progress, Session, ShowCommand, Status};
use crate::types::Language;
use std::collections::{BTreeMap, VecDeque};

mod tries; // the learner's own commands
mod walk; // forwards and backwards by more than a step

pub use tries::Try;

/// Happenings that one call may deliver before it lets the screen look.
const SLICE: usize = 300;

/// What is under way.
struct Run {
    execution: Execution,
    /// Of the lesson, or one of the learner's own.
    beat: Option<usize>,
}

/// A lesson or a sandbox under way.
pub struct Play {
    /// The lab and its surroundings.
    pub session: Session,
    /// The lesson by language; English is there if there is any.
    pub lessons: BTreeMap<Language, Lesson>,
    /// The lesson, flat.
    pub beats: Vec<Placed>,
    /// What became of each beat.
    pub records: Vec<Record>,
    /// The step of the lesson that is read.
    pub at: usize,
    /// The lab's step at which each step of the lesson began.
    pub begins: Vec<u64>,
    /// The learner's own commands since the step of the lesson began.
    pub tries: Vec<Try>,
    /// Hints given, by step of the lesson.
    pub hints: BTreeMap<usize, usize>,
    /// Whether the end was reached.
    pub finished: bool,
    /// What the last `show` command showed, until somebody takes it.
    pub(super) shown: Option<ShowCommand>,
    pub(super) next: usize,
    /// Commands that follow the one under way: a prepared schedule.
    pub(super) queue: VecDeque<String>,
    run: Option<Run>,
    waiting: Option<Run>,
    /// The branch on which the lesson left the lab, and the step: its next command begins there. A lesson goes back
    /// and branches too, so this need not be the end of the history.
    home: String,
    left: u64,
    far: bool,
    resume_at: usize,
}

impl Play {
    /// A sandbox, or a lesson in its languages, that has not begun. It will be played up to the step `resume_at`.
    pub fn new(mut session: Session, lessons: BTreeMap<Language, Lesson>, resume: usize) -> Play {
        session.inspector.get_or_insert_with(|| Box::new(crate::inspect::Samples::default()));
        let beats = lessons.get(&Language::English).map_or_else(Vec::new, flatten);
        Play {
            session,
            lessons,
            records: vec![Record::default(); beats.len()],
            beats,
            at: 0,
            begins: Vec::new(),
            tries: Vec::new(),
            hints: BTreeMap::new(),
            finished: false,
            shown: None,
            next: 0,
            queue: VecDeque::new(),
            run: None,
            waiting: None,
            home: "main".into(),
            left: 0,
            far: false,
            resume_at: resume,
        }
    }

    /// The lesson in a language, or in English.
    pub fn lesson(&self, language: Language) -> Option<&Lesson> {
        self.lessons.get(&language).or_else(|| self.lessons.get(&Language::English))
    }

    /// The lab, once there is one.
    pub fn lab(&self) -> Option<&Lab> {
        self.session.lab.as_ref()
    }

    /// The command under way.
    pub fn under_way(&self) -> Option<&str> {
        let run = self.run.as_ref()?;
        match run.beat.map(|at| &self.beats[at].beat) {
            Some(Beat::Command(_, true)) => None,
            _ => Some(&run.execution.statement().text),
        }
    }

    /// Whether no command is under way.
    pub fn is_idle(&self) -> bool {
        self.run.is_none()
    }

    /// Whether the learner tries something besides the lesson.
    pub fn astray(&self) -> bool {
        !self.lessons.is_empty() && self.lab().is_some_and(|lab| lab.branch_name() != self.home)
    }

    /// Whether the lab stands where the lesson left it.
    fn stands(&self) -> bool {
        !self.lessons.is_empty()
            && !self.astray()
            && self.lab().is_none_or(|lab| lab.step_number() == self.left)
    }

    /// Whether the step of the lesson that is read was played to its end, and the lab stands there.
    pub fn at_end_of_step(&self) -> bool {
        self.is_idle()
            && self.stands()
            && self.at + 1 == self.begins.len()
            && self.beats.get(self.next).is_none_or(|placed| placed.step != self.at)
    }

    /// The lesson did something: this is where it leaves the lab.
    fn leave(&mut self) {
        if let Some(lab) = &self.session.lab {
            self.left = lab.step_number();
            lab.branch_name().clone_into(&mut self.home);
        }
    }

    /// How far a command of the lesson is.
    pub fn state(&self, beat: usize) -> Done {
        let record = &self.records[beat];
        let step = match self.lab() {
            Some(lab) if !self.astray() => lab.step_number(),
            _ => u64::MAX,
        };
        match (record.began, record.ended) {
            (None, _) => Done::ToDo,
            (Some(_), None) if self.stands() => Done::UnderWay,
            (Some(_), Some(_)) if self.stands() && !record.failed => Done::Done,
            (Some(began), _) if step < began => Done::ToDo,
            (_, Some(ended)) if step >= ended => {
                if record.failed {
                    Done::Failed
                } else {
                    Done::Done
                }
            }
            _ => Done::UnderWay,
        }
    }

    /// Plays the set-up, and what was done before.
    pub fn begin(&mut self) -> Pace {
        self.far = true;
        Pace::More
    }

    /// One happening further.
    pub fn forward(&mut self) -> Pace {
        let in_past = self.lab().is_some_and(Lab::in_past);
        let left = self.left;
        if !self.lessons.is_empty()
            && !self.astray()
            && self.lab().is_some_and(|lab| lab.step_number() > left)
        {
            return self.walk(|lab| lab.goto(left));
        }
        if in_past && !self.stands() {
            return self.walk(|lab| lab.step().map(|_| ()));
        }
        if self.run.is_some()
            && (!self.astray() || self.run.as_ref().is_some_and(|r| r.beat.is_none()))
        {
            return self.go_on();
        }
        if self.lessons.is_empty() || self.astray() {
            return self.free_step();
        }
        if self.at + 1 < self.begins.len() {
            self.at += 1;
            return Pace::Done(None);
        }
        self.next_beat()
    }

    /// A happening that belongs to no command.
    fn free_step(&mut self) -> Pace {
        let Some(lab) = self.session.lab.as_mut() else { return Pace::Done(None) };
        match lab.step() {
            Ok(true) => Pace::Done(None),
            Ok(false) => halt(
                "nothing is pending: type a command with ':'",
                "没有待发生的事件：按 ':' 输入命令",
                self,
            ),
            Err(error) => Pace::Halt(Note::bad(error.to_string())),
        }
    }

    fn next_beat(&mut self) -> Pace {
        let here = self.beats.get(self.next).filter(|placed| placed.step == self.at).cloned();
        let Some(placed) = here else { return self.next_step() };
        let step = self.lab().map_or(0, Lab::step_number);
        match placed.beat {
            Beat::Question if self.records[self.next].said.is_none() => {
                self.records[self.next].began = Some(step);
                halt(
                    "answer the question first: what do you expect?",
                    "请先回答问题：你预计会怎样？",
                    self,
                )
            }
            Beat::Question => {
                self.next += 1;
                self.next_beat()
            }
            Beat::Command(statement, _) => {
                self.records[self.next].began = Some(step);
                self.run =
                    Some(Run { execution: Execution::new(*statement), beat: Some(self.next) });
                self.next += 1;
                self.go_on()
            }
        }
    }

    fn next_step(&mut self) -> Pace {
        let Some(lesson) = self.lesson(Language::English) else { return Pace::Done(None) };
        if self.at + 1 >= lesson.steps.len() {
            self.finished = true;
            self.far = false;
            return halt(
                "The lesson is done. Try what you like; q goes back to the list.",
                "课程完成。可以随意尝试；按 q 返回列表。",
                self,
            );
        }
        self.at += 1;
        self.tries.clear();
        self.begins.push(self.lab().map_or(0, Lab::step_number));
        if self.hidden_next() { self.next_beat() } else { Pace::Done(None) }
    }

    fn hidden_next(&self) -> bool {
        let next = self.beats.get(self.next).filter(|placed| placed.step == self.at);
        next.is_some_and(|placed| matches!(placed.beat, Beat::Command(_, true)))
    }

    fn go_on(&mut self) -> Pace {
        let Some(run) = self.run.as_mut() else { return Pace::Done(None) };
        let hidden =
            run.beat.is_some_and(|at| matches!(self.beats[at].beat, Beat::Command(_, true)));
        let slice = if hidden || self.far { SLICE } else { 1 };
        let of_lesson = run.beat.is_some();
        let mut done = None;
        for _ in 0..slice {
            if let Progress::Done(output) = run.execution.advance(&mut self.session) {
                done = Some(output);
                break;
            }
            if run.execution.is_measuring() {
                break; // that takes wall time: the screen looks after its keys in between
            }
        }
        let measuring = run.execution.is_measuring();
        if of_lesson {
            self.leave();
        }
        if let Some(output) = done {
            return self.ended(output);
        }
        if hidden || self.far || measuring { Pace::More } else { Pace::Done(None) }
    }

    fn ended(&mut self, output: Output) -> Pace {
        let Some(run) = self.run.take() else { return Pace::Done(None) };
        self.far = false;
        let failed = output.status != Status::Ended;
        if let Command::Show(shown) = &run.execution.statement().command {
            self.shown = Some(shown.clone());
        }
        let step = self.lab().map_or(0, Lab::step_number);
        let Some(beat) = run.beat else {
            let told = output.lines.first().cloned();
            let on = self.lab().map(|lab| lab.branch_name().to_owned());
            if let Some(Try { line, place, .. }) = self.tries.last_mut() {
                place.0 = on.unwrap_or_default();
                line.state = if failed { Done::Failed } else { Done::Done };
                // What stands in a pane is not told beside it once more.
                let beside = !failed && stands_beside(run.execution.statement());
                line.output = if beside { Vec::new() } else { output.lines };
            }
            self.run = self.waiting.take();
            if failed {
                self.queue.clear();
            } else if let Some(next) = self.queue.pop_front() {
                return self.command(&next);
            }
            let bad = told.filter(|_| failed).map(Note::bad);
            return Pace::Done(bad);
        };
        let record = &mut self.records[beat];
        record.ended = Some(step);
        record.output = output.lines.clone();
        record.failed = failed;
        self.settle_questions(beat);
        if failed {
            let told = output.lines.first().cloned().unwrap_or_default();
            return Pace::Halt(Note::bad(told));
        }
        if self.begins.is_empty() && !self.hidden_next() {
            self.begins.push(step);
        }
        if self.hidden_next() { self.next_beat() } else { Pace::Done(None) }
    }
}

fn halt(english: &str, chinese: &str, play: &Play) -> Pace {
    Pace::Halt(Note::good(play.session.language.pick(english, chinese)))
}
