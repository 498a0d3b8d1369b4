//! Plays a lesson: one call, one happening.
//!
//! ```text
//!   advance ─▶ Step ─▶ Read ─▶ Ask … answer() … ─▶ Command ─▶ Happened* ─▶ Said ─▶ Answer ─▶ … ─▶ End
//! ```
//!
//! The lesson's own history is kept apart from the learner's experiments: a free command begins a branch, and
//! [`Player::return_to_lesson`] goes back to where the lesson stood. Parts that were played once are walked through the
//! recorded history when they are seen again, so going back and forward gives the same bytes.
//!
//! Always: a question is answered by the engine, in the moment that it names: now, or after the next commands. Left
//! out: pace, which the caller decides.

use super::format::{Lesson, Moment, Part, Predict, Race};
use super::store::{Answer, LessonProgress, SessionFile};
use crate::inspect::Samples;
use crate::script::{
    Execution, Output, Progress, Session, Status, Value, equal, evaluate_in, parse_line,
};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// What one call of `advance` brought.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A step begins: its number, from 0.
    Step(usize),
    /// Prose or a picture is to be read: the part's number in the step.
    Read(usize),
    /// A question is asked: the part's number. It waits for [`Player::answer`].
    Ask(usize),
    /// A command begins.
    Command(String),
    /// The lab took a step for the command under way.
    Happened,
    /// A command is done.
    Said(Output),
    /// The engine answered a question: the part's number, and the answer.
    Answer(usize, Answer),
    /// A command failed; the lesson cannot go on from here.
    Stuck(String),
    /// The lesson is over.
    End,
}

/// A place in the lab's history.
#[derive(Clone, Debug, PartialEq)]
struct Mark {
    branch: String,
    step: u64,
}

/// A block that was played.
#[derive(Clone, Debug)]
struct Played {
    end: Mark,
    outputs: Vec<(String, Output)>,
}

/// A block under way.
#[derive(Debug)]
struct Block {
    part: usize,
    left: VecDeque<crate::script::Statement>,
    now: Option<Execution>,
    outputs: Vec<(String, Output)>,
    hidden: bool,
    replay: bool,
}

/// A lesson being played.
pub struct Player {
    /// The lesson.
    pub lesson: Arc<Lesson>,
    /// The session with the lab.
    pub session: Session,
    step: usize,
    part: usize,
    told_step: bool,
    block: Option<Block>,
    said: BTreeMap<(usize, usize), Option<String>>,
    open: VecDeque<usize>,
    answers: BTreeMap<(usize, usize), Answer>,
    played: BTreeMap<(usize, usize), Played>,
    marks: BTreeMap<usize, Mark>,
    hints: BTreeMap<usize, usize>,
    free: Option<Mark>,
    ended: bool,
}

impl Player {
    /// Prepares the lesson: its set-up is played at once. `Err`: the set-up does not run.
    pub fn new(lesson: Arc<Lesson>, mut session: Session) -> Result<Player, String> {
        session.inspector.get_or_insert_with(|| Box::new(Samples::default()));
        session.seed = lesson.seed;
        session.lab = None;
        let default = format!("cluster brokers=3 kafka=4.3 seed={}", lesson.seed);
        let statements = match &lesson.setup {
            Some(setup) => setup.statements.clone(),
            None => parse_line(&default, 1).ok().flatten().into_iter().collect(),
        };
        for statement in statements {
            let text = statement.text.clone();
            let output = Execution::new(statement).finish(&mut session);
            if output.status != Status::Ended {
                return Err(format!(
                    "the set-up of {} fails at '{text}': {}",
                    lesson.id,
                    output.lines.join("; ")
                ));
            }
        }
        Ok(Player {
            lesson,
            session,
            step: 0,
            part: 0,
            told_step: false,
            block: None,
            said: BTreeMap::new(),
            open: VecDeque::new(),
            answers: BTreeMap::new(),
            played: BTreeMap::new(),
            marks: BTreeMap::new(),
            hints: BTreeMap::new(),
            free: None,
            ended: false,
        })
    }

    /// The step, from 0.
    pub fn step(&self) -> usize {
        self.step
    }
    /// How many parts of the step were reached.
    pub fn part(&self) -> usize {
        self.part
    }
    /// Whether the end was reached.
    pub fn is_ended(&self) -> bool {
        self.ended
    }
    /// The command under way.
    pub fn under_way(&self) -> Option<&str> {
        let execution = self.block.as_ref()?.now.as_ref()?;
        Some(&execution.statement().text)
    }
    /// Whether the learner experiments.
    pub fn is_free(&self) -> bool {
        self.free.is_some()
    }
    /// The engine's answer to a question that was revealed.
    pub fn answer_of(&self, step: usize, part: usize) -> Option<&Answer> {
        self.answers.get(&(step, part))
    }
    /// What a block printed when it was played.
    pub fn outputs_of(&self, step: usize, part: usize) -> &[(String, Output)] {
        self.played.get(&(step, part)).map_or(&[], |played| &played.outputs)
    }
    /// The question that waits for the learner.
    pub fn asking(&self) -> Option<&Predict> {
        match self.lesson.steps.get(self.step)?.parts.get(self.part)? {
            Part::Predict(predict) if !self.said.contains_key(&(self.step, self.part)) => {
                Some(predict)
            }
            _ => None,
        }
    }

    /// The learner's answer to the question that waits: an option's number from 0, or `None` to let the engine answer.
    pub fn answer_option(&mut self, option: Option<usize>) {
        let text = option.and_then(|at| Some(self.asking()?.options.get(at)?.text.clone()));
        self.answer(text);
    }

    /// The learner's answer in words; `None` lets the engine answer.
    pub fn answer(&mut self, said: Option<String>) {
        if self.asking().is_some() {
            self.said.insert((self.step, self.part), said);
        }
    }

    /// Goes on by one happening at most.
    pub fn advance(&mut self) -> Event {
        if self.free.is_some() {
            self.return_to_lesson();
        }
        if self.block.is_some() {
            return self.play();
        }
        let lesson = self.lesson.clone();
        let Some(step) = lesson.steps.get(self.step) else {
            self.ended = true;
            return Event::End;
        };
        if !self.told_step {
            self.told_step = true;
            if let Some(mark) = self.mark() {
                self.marks.entry(self.step).or_insert(mark);
            }
            return Event::Step(self.step);
        }
        if let Some(event) = self.reveal(step.parts.get(self.part..).unwrap_or(&[])) {
            return event;
        }
        let at = self.part;
        match step.parts.get(at) {
            None => {
                self.step += 1;
                self.part = 0;
                self.told_step = false;
                self.advance()
            }
            Some(Part::Prose { .. } | Part::Picture { .. }) => {
                self.part += 1;
                Event::Read(at)
            }
            Some(Part::Predict(_)) => {
                if self.said.contains_key(&(self.step, at)) {
                    self.open.push_back(at);
                    self.part += 1;
                    return self.advance();
                }
                Event::Ask(at)
            }
            Some(Part::Commands(commands)) => {
                let replay = self.played.contains_key(&(self.step, at));
                self.block = Some(Block {
                    part: at,
                    left: commands.statements.clone().into(),
                    now: None,
                    outputs: vec![],
                    hidden: commands.hidden,
                    replay,
                });
                self.play()
            }
        }
    }

    /// An open question is answered at once, or when the next block of commands was played, if there is one.
    fn reveal(&mut self, rest: &[Part]) -> Option<Event> {
        let at = *self.open.front()?;
        let lesson = self.lesson.clone();
        let parts = &lesson.steps.get(self.step)?.parts;
        let now = matches!(parts.get(at), Some(Part::Predict(p)) if p.moment == Moment::Now);
        let played = parts.get(at..self.part)?.iter().any(|part| matches!(part, Part::Commands(_)));
        let follows = rest.iter().any(|part| matches!(part, Part::Commands(_)));
        if !now && !played && follows {
            return None;
        }
        self.open.pop_front();
        let Part::Predict(predict) = parts.get(at)? else { return None };
        let said = self.said.get(&(self.step, at)).cloned().flatten();
        let answer = match engine_answer(predict, &self.session) {
            Ok(value) => judge(predict, said, &value),
            Err(error) => return Some(Event::Stuck(error)),
        };
        self.answers.insert((self.step, at), answer.clone());
        Some(Event::Answer(at, answer))
    }

    fn play(&mut self) -> Event {
        let Some(mut block) = self.block.take() else { return Event::Happened };
        if block.replay {
            return self.replay(block);
        }
        if let Some(execution) = &mut block.now {
            let text = execution.statement().text.clone();
            let event = match execution.advance(&mut self.session) {
                Progress::Stepped => Event::Happened,
                Progress::Done(output) if output.status != Status::Ended => {
                    return Event::Stuck(format!("{text}: {}", output.lines.join("; ")));
                }
                Progress::Done(output) => {
                    block.now = None;
                    block.outputs.push((text, output.clone()));
                    if block.hidden { Event::Happened } else { Event::Said(output) }
                }
            };
            self.block = Some(block);
            return event;
        }
        match block.left.pop_front() {
            Some(statement) => {
                let text = statement.text.clone();
                block.now = Some(Execution::new(statement));
                let hidden = block.hidden;
                self.block = Some(block);
                if hidden { Event::Happened } else { Event::Command(text) }
            }
            None => {
                if let Some(end) = self.mark() {
                    let played = Played { end, outputs: block.outputs };
                    self.played.insert((self.step, block.part), played);
                }
                self.part = block.part + 1;
                self.advance()
            }
        }
    }

    /// Walks through a block that was played before, along the recorded history.
    fn replay(&mut self, block: Block) -> Event {
        let Some(played) = self.played.get(&(self.step, block.part)).cloned() else {
            return Event::End;
        };
        let Some(lab) = &mut self.session.lab else { return Event::End };
        let same = lab.branch_name() == played.end.branch;
        if same && lab.step_number() < played.end.step && lab.step().is_ok_and(|moved| moved) {
            self.block = Some(block);
            return Event::Happened;
        }
        if let Err(error) = self.restore(&played.end) {
            return Event::Stuck(error);
        }
        self.part = block.part + 1;
        let lines = played.outputs.iter().flat_map(|(_, output)| output.lines.clone()).collect();
        Event::Said(Output { lines, ..Output::default() })
    }

    fn mark(&self) -> Option<Mark> {
        let lab = self.session.lab.as_ref()?;
        Some(Mark { branch: lab.branch_name().to_string(), step: lab.step_number() })
    }

    fn restore(&mut self, mark: &Mark) -> Result<(), String> {
        let Some(lab) = &mut self.session.lab else { return Ok(()) };
        let gone = lab.switch(&mark.branch).and_then(|()| lab.goto(mark.step));
        gone.map_err(|error| error.to_string())
    }

    /// Goes back to the beginning of a step that was reached before; the lab and its disk too.
    pub fn back_to(&mut self, step: usize) -> Result<(), String> {
        let Some(mark) = self.marks.get(&step).cloned() else {
            return Err(format!("step {} was not reached yet", step + 1));
        };
        self.free = None;
        self.block = None;
        self.open.clear();
        self.restore(&mark)?;
        (self.step, self.part, self.told_step, self.ended) = (step, 0, false, false);
        Ok(())
    }

    /// Puts the present step back as it was (`reset`).
    pub fn reset(&mut self) -> Result<(), String> {
        self.back_to(self.step)
    }

    /// A free command: an experiment on a branch of its own. `hint`, `goal`, `reset` speak to the lesson.
    pub fn free(&mut self, text: &str) -> Result<Option<Execution>, String> {
        let statement = match parse_line(text, 1) {
            Ok(Some(statement)) => statement,
            Ok(None) => return Ok(None),
            Err(fault) => {
                let line = crate::script::ScriptError {
                    file: "prompt".into(),
                    line: 1,
                    source: text.into(),
                    fault,
                };
                return Err(line.to_string());
            }
        };
        if self.free.is_none() {
            self.free = self.mark();
            if let Some(lab) = &mut self.session.lab {
                let taken: Vec<String> =
                    lab.branches().into_iter().map(|branch| branch.name).collect();
                let name = (1..).map(|n| format!("try-{n}")).find(|name| !taken.contains(name));
                lab.branch(&name.unwrap_or_default()).map_err(|error| error.to_string())?;
            }
        }
        Ok(Some(Execution::new(statement)))
    }

    /// Plays a prepared schedule from where the lesson stands, on a branch of its own, and goes back; each of its
    /// commands with what it printed. `Err`: a command failed.
    pub fn race(&mut self, race: &Race) -> Result<Vec<(String, Output)>, String> {
        self.return_to_lesson();
        let mut said = Vec::new();
        let mut failed = None;
        for text in &race.commands {
            let Some(execution) = self.free(text)? else { continue };
            let output = execution.finish(&mut self.session);
            if output.status != Status::Ended {
                failed = Some(format!("{text}: {}", output.lines.join("; ")));
                break;
            }
            said.push((text.clone(), output));
        }
        self.return_to_lesson();
        failed.map_or(Ok(said), Err)
    }

    /// Ends the experiments: the lab is as the lesson left it.
    pub fn return_to_lesson(&mut self) {
        if let Some(mark) = self.free.take() {
            // The mark was made by this lab, so it can be gone back to.
            let _ = self.restore(&mark);
        }
    }

    /// The next hint of this step, if there is one more.
    pub fn hint(&mut self) -> Option<String> {
        let hints = &self.lesson.steps.get(self.step)?.hints;
        let used = self.hints.entry(self.step).or_default();
        let hint = hints.get(*used).cloned()?;
        *used += 1;
        Some(hint)
    }

    /// How many hints were asked for.
    pub fn hints_used(&self) -> usize {
        self.hints.values().sum()
    }

    /// What is to be remembered of this lesson.
    pub fn progress(&self) -> LessonProgress {
        LessonProgress {
            step: self.step.min(self.lesson.steps.len()),
            steps: self.lesson.steps.len(),
            done: self.ended,
            answers: self.answers.values().cloned().enumerate().collect(),
            hints: self.hints_used(),
        }
    }

    /// The session as a file.
    pub fn session_file(&self) -> SessionFile {
        SessionFile {
            klab: env!("CARGO_PKG_VERSION").to_string(),
            seed: self.lesson.seed,
            lesson: Some(self.lesson.id.clone()),
            step: self.step,
            script: self.session.commands.clone(),
            answers: self.answers.values().cloned().collect(),
            hints: self.hints_used(),
        }
    }
}

/// What the engine says to a question now.
pub fn engine_answer(predict: &Predict, session: &Session) -> Result<Value, String> {
    evaluate_in(&predict.answer, session)
}

/// Compares the learner's word with the engine's.
fn judge(predict: &Predict, said: Option<String>, value: &Value) -> Answer {
    let right_options = || predict.options.iter().filter(|option| equal(&option.value, value));
    let engine =
        right_options().next().map_or_else(|| value.to_string(), |option| option.text.clone());
    let right = said.as_ref().is_some_and(|said| {
        right_options().any(|option| option.text == *said)
            || (predict.options.is_empty()
                && crate::script::parse_condition(said)
                    .ok()
                    .and_then(|typed| super::predict::constant(&typed))
                    .is_some_and(|typed| equal(&typed, value)))
    });
    Answer { question: predict.question.clone(), said, engine, right }
}
