//! A lesson laid out flat: its commands and questions in the order of playing, and what became of each.
//!
//! A question is answered by the engine once the next block of commands of its step has been played; where none
//! follows, or it asks about now, at once.

use super::play::Play;
use super::stage::{Pace, Pane};
use crate::lesson::{Lesson, Moment, Part, Predict};
use crate::script::{Command, Statement, equal, evaluate_in, parse_line};
use crate::trace::Focus;
use crate::types::{Language, NodeId, Offset};

/// One thing that the lesson does.
#[derive(Clone, Debug)]
pub enum Beat {
    /// A command; hidden ones are played without being shown.
    Command(Box<Statement>, bool),
    /// A question.
    Question,
}

/// A beat and where it stands in the lesson.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The step of the lesson.
    pub step: usize,
    /// The part of the step; `None` for the set-up.
    pub part: Option<usize>,
    /// What is to be done.
    pub beat: Beat,
}

/// What became of a beat.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The lab's step when it began.
    pub began: Option<u64>,
    /// The lab's step when it ended.
    pub ended: Option<u64>,
    /// What was printed.
    pub output: Vec<String>,
    /// Whether it failed.
    pub failed: bool,
    /// What the learner said.
    pub said: Option<String>,
    /// What the engine says, and whether the learner was right.
    pub truth: Option<(String, bool)>,
}

/// The pane that shows what a `show` of this kind prints.
fn pane_of(kind: &str) -> Option<Pane> {
    match kind {
        "topics" | "brokers" | "groups" => Some(Pane::Overview),
        "quorum" => Some(Pane::Controller),
        kind => Pane::parse(kind),
    }
}

/// Whether the picture that a command prints has a pane of its own: it stands beside the story then, not in it. (One
/// znode is no picture of the tree.)
pub(super) fn stands_beside(statement: &Statement) -> bool {
    match &statement.command {
        Command::Show(shown) => {
            let one = shown.kind == "zookeeper" && shown.subject.is_some();
            pane_of(shown.kind).is_some_and(|pane| pane != Pane::Transactions) && !one
        }
        _ => false,
    }
}

impl Play {
    /// The pane that the last `show` turned to, and what of it.
    pub fn take_shown(&mut self) -> Option<(Pane, Focus)> {
        let shown = self.shown.take()?;
        let focus = Focus {
            node: shown.broker.map(NodeId),
            offset: shown.offset.map(Offset),
            group: shown.subject.filter(|_| shown.kind == "group"),
            partition: shown.partition,
            ..Focus::default()
        };
        Some((pane_of(shown.kind)?, focus))
    }

    /// Answers the questions that this command was the last to wait for.
    pub(super) fn settle_questions(&mut self, ended: usize) {
        for at in 0..self.beats.len() {
            let waits =
                matches!(self.beats[at].beat, Beat::Question) && self.records[at].truth.is_none();
            if waits && self.records[at].said.is_some() && self.settles(at) == Some(ended) {
                self.ask_engine(at);
            }
        }
    }

    /// The command after which a question can be answered: the last of the next block in its step.
    fn settles(&self, question: usize) -> Option<usize> {
        let here = &self.beats[question];
        if self.asked(question).is_some_and(|predict| predict.moment == Moment::Now) {
            return None;
        }
        let next = self.beats[question + 1..]
            .iter()
            .find(|placed| placed.step == here.step && matches!(placed.beat, Beat::Command(..)))?;
        self.beats.iter().rposition(|placed| (placed.step, placed.part) == (next.step, next.part))
    }

    /// The question of a beat.
    fn asked(&self, question: usize) -> Option<&Predict> {
        let (step, part) = (self.beats[question].step, self.beats[question].part?);
        match self.lesson(Language::English)?.steps[step].parts.get(part) {
            Some(Part::Predict(predict)) => Some(predict),
            _ => None,
        }
    }

    fn ask_engine(&mut self, question: usize) {
        let Some(predict) = self.asked(question) else { return };
        let said = self.records[question].said.clone().unwrap_or_default();
        let truth = match evaluate_in(&predict.answer, &self.session) {
            Ok(value) => {
                let option = predict.options.iter().position(|option| equal(&option.value, &value));
                let right = match option {
                    Some(option) => said == option.to_string(),
                    None => predict.options.is_empty() && said.trim() == value.to_string(),
                };
                (option.map_or_else(|| value.to_string(), |option| option.to_string()), right)
            }
            Err(error) => (error, false),
        };
        self.records[question].truth = Some(truth);
    }

    /// The question that waits.
    pub fn question(&self) -> Option<usize> {
        let open = |at: &usize| {
            matches!(self.beats[*at].beat, Beat::Question)
                && self.beats[*at].step == self.at
                && self.records[*at].said.is_none()
        };
        Some(self.next).filter(|at| *at < self.beats.len()).filter(open)
    }

    /// An answer: the number of an option, or a value.
    pub fn answer(&mut self, said: String) -> Pace {
        let Some(question) = self.question() else { return Pace::Done(None) };
        self.records[question].said = Some(said);
        self.next = question + 1;
        if self.settles(question).is_none() {
            self.ask_engine(question);
        }
        Pace::Done(None)
    }
}

/// The lesson as one list: the set-up, then each step's commands and questions.
pub fn flatten(lesson: &Lesson) -> Vec<Placed> {
    let mut beats = Vec::new();
    for statement in lesson.setup.iter().flat_map(|setup| &setup.statements) {
        let beat = Beat::Command(Box::new(statement.clone()), true);
        beats.push(Placed { step: 0, part: None, beat });
    }
    if lesson.setup.is_none()
        && let Ok(Some(statement)) =
            parse_line(&format!("cluster brokers=3 kafka=4.3 seed={}", lesson.seed), 1)
    {
        beats.push(Placed { step: 0, part: None, beat: Beat::Command(Box::new(statement), true) });
    }
    for (step, content) in lesson.steps.iter().enumerate() {
        for (at, part) in content.parts.iter().enumerate() {
            let part_at = Some(at);
            match part {
                Part::Commands(commands) => {
                    beats.extend(commands.statements.iter().map(|s| Placed {
                        step,
                        part: part_at,
                        beat: Beat::Command(Box::new(s.clone()), commands.hidden),
                    }))
                }
                Part::Predict(_) => {
                    beats.push(Placed { step, part: part_at, beat: Beat::Question })
                }
                Part::Prose { .. } | Part::Picture { .. } => {}
            }
        }
    }
    beats
}
