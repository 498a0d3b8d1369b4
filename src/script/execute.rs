//! One command under way, one happening at a time.
//!
//! ```text
//!            begin                      advance, advance, …                     Done(Output)
//!   Statement ──▶ act ──▶ waiting for its answer ── the lab takes a step ──▶ said, printed
//!                 look ─────────────────────────────────────────────────────▶
//!                 until, run, settle, step ── the lab takes a step ──────────▶
//! ```
//!
//! Whoever holds an [`Execution`] decides the pace: `klab run` advances until it is done, the screen once for a key, a
//! lesson as fast as its player wants. Between two calls the lab may be looked at, but not changed.

use super::acts::{About, Acts, acts_of};
use super::capability::lacking;
use super::command::Command;
use super::error::{Fault, Span, clip};
use super::evaluate::{holds, saw};
use super::expect::{expect, predict};
use super::inspected::known;
use super::say::{Said, answer, refusal};
use super::session::Session;
use super::statement::Statement;
use crate::clock::{Duration, Instant};
use crate::cluster::{Act, ClusterSpec, Lab, LabError, Ticket};
use crate::trace::network;
use crate::types::{Language, counted};
use serde_json::{Value as Json, json};
use std::collections::VecDeque;

mod message; // the next message of a kind
mod ready; // a cluster that can be used

/// How long a command waits for an answer before it gives up by itself; clients give up earlier.
const PATIENCE: Duration = Duration::from_ms(5 * 60_000);
/// While `until` waits for a broken promise, whole files are read after so many steps.
const FILES_EVERY: u64 = 512;
/// The most steps of one `step` that are told one by one.
const MOST_TOLD: usize = 1_000;

/// What a command came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// It ended; a refusal by Kafka is an end too.
    #[default]
    Ended,
    /// What was expected is not so.
    Failed,
    /// The command itself is wrong: a name, a value, a capability.
    Wrong,
}

impl Status {
    /// The exit code of `klab run`.
    pub fn exit_code(self) -> i32 {
        match self {
            Status::Ended => 0,
            Status::Failed => 1,
            Status::Wrong => 2,
        }
    }
}

/// What a command printed, and what it came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    /// Lines for people.
    pub lines: Vec<String>,
    /// The same for programs.
    pub result: Json,
    /// What it came to.
    pub status: Status,
    /// The capability that is missing, if that is what is wrong.
    pub needs: Option<&'static str>,
}

/// What one call of `advance` did.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// The lab took a step; the command is not done.
    Stepped,
    /// The command is done.
    Done(Output),
}

/// What a command is doing.
#[derive(Debug)]
enum State {
    Begin,
    Ready(Said),
    Acting { left: VecDeque<Act>, about: About },
    Waiting { ticket: Ticket, about: About, since: Instant },
    Until { deadline: Instant },
    Run { until: Instant },
    Settle { deadline: Instant },
    Steps { left: u64, lines: Vec<String>, told: Vec<Json> },
    Message { since: Instant },
    Measuring,
    Done,
}

/// A command under way.
#[derive(Debug)]
pub struct Execution {
    statement: Statement,
    state: State,
    /// The newest event when the command began.
    last_event: u64,
}

type Step = Result<Progress, LabError>;

pub(super) fn done(said: Said) -> Progress {
    Progress::Done(Output { lines: said.lines, result: said.result, ..Output::default() })
}

pub(super) fn failed(line: String, result: Json) -> Progress {
    Progress::Done(Output { lines: vec![line], result, status: Status::Failed, needs: None })
}

pub(super) fn wrong(line: impl Into<String>) -> Progress {
    let line = line.into();
    let result = json!({ "wrong": line });
    Progress::Done(Output { lines: vec![line], result, status: Status::Wrong, needs: None })
}

impl Execution {
    /// A command that has not begun.
    pub fn new(statement: Statement) -> Execution {
        Execution { statement, state: State::Begin, last_event: 0 }
    }

    /// The command.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// Goes on by one happening at most.
    pub fn advance(&mut self, session: &mut Session) -> Progress {
        if matches!(self.state, State::Begin)
            && !matches!(self.statement.command, Command::Cluster(_))
        {
            let newest = session.lab.as_ref().and_then(|lab| lab.events().back());
            self.last_event = newest.map_or(0, |event| event.id);
        }
        let mut progress = self.go_on(session).unwrap_or_else(|error| wrong(error.to_string()));
        if let Progress::Done(output) = &mut progress {
            self.state = State::Done;
            if matches!(self.statement.command, Command::Inspect | Command::CrcCheck { .. }) {
                session.inspected = output.result.clone();
            }
            if let Some(lab) = &session.lab {
                super::halts::tell(lab, self.last_event, session.language, output);
            }
            if session.language == Language::Chinese {
                output.lines = output.lines.iter().map(|line| crate::chinese::told(line)).collect();
            }
        }
        progress
    }

    /// Goes on to the end.
    pub fn finish(mut self, session: &mut Session) -> Output {
        loop {
            if let Progress::Done(output) = self.advance(session) {
                return output;
            }
        }
    }

    fn go_on(&mut self, session: &mut Session) -> Step {
        match std::mem::replace(&mut self.state, State::Done) {
            State::Begin => self.begin(session),
            State::Acting { left, about } => self.act(session, left, about),
            State::Done => Ok(done(Said::default())),
            State::Waiting { ticket, about, since } => self.wait(session, ticket, about, since),
            State::Until { deadline } => self.until(session, deadline),
            State::Run { until } => self.run(session, until),
            State::Ready(said) => self.ready(session, said),
            State::Settle { deadline } => self.settle(session, deadline),
            State::Steps { left, lines, told } => self.steps(session, left, lines, told),
            State::Message { since } => self.message(session, since),
            State::Measuring => {
                self.state = State::Measuring;
                Ok(super::look::measured(session).unwrap_or(Progress::Stepped))
            }
        }
    }

    fn begin(&mut self, session: &mut Session) -> Step {
        session.commands.push(self.statement.text.clone());
        if let Some(capability) = lacking(&self.statement) {
            let fault = Fault::needs(Span::default(), capability);
            let result = json!({ "wrong": fault.message, "needs": capability });
            let (status, needs) = (Status::Wrong, Some(capability));
            return Ok(Progress::Done(Output {
                lines: vec![fault.message],
                result,
                status,
                needs,
            }));
        }
        if let Command::Cluster(cluster) = &self.statement.command {
            let spec = cluster.spec(session.seed);
            return Ok(self.begin_cluster(session, spec));
        }
        let text = &self.statement.command;
        match text {
            Command::Inspect => return Ok(super::look::inspect(&self.statement, session)),
            Command::Perf(words) => {
                self.state = State::Measuring;
                return Ok(super::look::perf(words, session).unwrap_or(Progress::Stepped));
            }
            _ => {}
        }
        if !matches!(text, Command::Help(_) | Command::Glossary(_) | Command::Hint | Command::Goal)
            && let Err(error) = session.ensure_lab()
        {
            return Ok(wrong(error));
        }
        match acts_of(&self.statement.command, session) {
            Some(Ok(Acts { acts, about })) => self.act(session, acts.into(), about),
            Some(Err(error)) => Ok(wrong(error)),
            None => self.begin_walk(session),
        }
    }

    /// Whether it waits for a measurement, which takes wall time and no steps of the lab.
    pub fn is_measuring(&self) -> bool {
        matches!(self.state, State::Measuring)
    }

    fn begin_cluster(&mut self, session: &mut Session, spec: ClusterSpec) -> Progress {
        let brokers = counted(spec.brokers, "broker");
        let words = format!("cluster of {brokers}, kafka {}, seed {}", spec.kafka, spec.seed);
        let result = json!({ "brokers": spec.brokers, "kafka": spec.kafka, "seed": spec.seed });
        let awaited = spec.controllers > 1 && !self.statement.background;
        let lines = vec![words];
        match session.begin(spec) {
            Ok(()) if awaited => {
                self.state = State::Ready(Said::new(lines, result));
                Progress::Stepped
            }
            Ok(()) => done(Said::new(lines, result)),
            Err(error) => wrong(error),
        }
    }

    /// Commands that walk in time, or only look.
    fn begin_walk(&mut self, session: &mut Session) -> Step {
        let Some(lab) = session.lab.as_mut() else {
            return Ok(super::look::look(&self.statement, session));
        };
        if super::inspected::asks_files(&self.statement.command) {
            lab.ask_files()?;
        }
        let (now, told) = (lab.now(), &session.inspected);
        self.state = match &self.statement.command {
            Command::Until { within, .. } => State::Until { deadline: now + *within },
            Command::Run(time) => State::Run { until: now + *time },
            Command::Settle { within } => State::Settle { deadline: now + *within },
            Command::Step(steps) => State::Steps { left: *steps, lines: vec![], told: vec![] },
            Command::Message { .. } => State::Message { since: now },
            Command::Back(steps) => return lab.back(*steps).map(|()| place(lab)),
            Command::Goto(step) => return lab.goto(*step).map(|()| place(lab)),
            Command::Branch(name) => {
                let words = format!("branch {name} begins at step {}", lab.step_number());
                return lab.branch(name).map(|()| done(Said::line(words)));
            }
            Command::Switch(name) => return lab.switch(name).map(|()| place(lab)),
            Command::Expect(condition) => return Ok(expect(&known(condition, told), lab)),
            Command::Predict { question, answer } => {
                return Ok(predict(question, &known(answer, told), lab));
            }
            _ => return Ok(super::look::look(&self.statement, session)),
        };
        self.go_on(session)
    }

    fn act(&mut self, session: &mut Session, mut left: VecDeque<Act>, about: About) -> Step {
        let Some(lab) = session.lab.as_mut() else { return Ok(wrong("there is no cluster")) };
        let Some(act) = left.pop_front() else { return Ok(done(Said::default())) };
        let ticket = match lab.act(act, &self.statement.text)? {
            Ok(ticket) => ticket,
            Err(said) => {
                return Ok(match said.error {
                    Some(error) => done(refusal(error, &said.text)),
                    None => wrong(said.text),
                });
            }
        };
        if !left.is_empty() {
            self.state = State::Acting { left, about };
            return Ok(Progress::Stepped);
        }
        let at_once =
            matches!(about, About::Compacted { .. } | About::RetentionChecked | About::Rolled(_));
        if self.statement.background && !at_once {
            let words = match about {
                About::Words(words) => vec![words],
                About::Started(id) => {
                    vec![format!("{} starts", lab.cluster().name(id))]
                }
                About::Admin(_) | About::Deleted(_) | About::Consumer { .. } => {
                    vec!["begun; it goes on in the background".to_string()]
                }
                _ => vec![],
            };
            return Ok(done(Said::new(words, json!({ "background": true }))));
        }
        let since = lab.now();
        self.answered(session, ticket, about, since)
    }

    /// Done if the answer is there; otherwise the next call takes a step.
    fn answered(
        &mut self,
        session: &Session,
        ticket: Ticket,
        about: About,
        since: Instant,
    ) -> Step {
        let Some(lab) = &session.lab else { return Ok(wrong("there is no cluster")) };
        if let Some(outcome) = lab.outcome(ticket) {
            return Ok(done(answer(&about, &outcome, lab, session.language)));
        }
        self.state = State::Waiting { ticket, about, since };
        Ok(Progress::Stepped)
    }

    fn wait(
        &mut self,
        session: &mut Session,
        ticket: Ticket,
        about: About,
        since: Instant,
    ) -> Step {
        let Some(lab) = session.lab.as_mut() else { return Ok(wrong("there is no cluster")) };
        let patient = lab.now() < since + PATIENCE;
        if !patient || !lab.step()? {
            let waited = lab.now().since(since);
            let words = format!("no answer after {waited}: it goes on in the background");
            return Ok(done(Said::new(vec![words], json!({ "answer": null }))));
        }
        self.answered(session, ticket, about, since)
    }

    fn until(&mut self, session: &mut Session, deadline: Instant) -> Step {
        let Command::Until { condition, within } = &self.statement.command else {
            return Ok(done(Said::default()));
        };
        let Some(lab) = session.lab.as_mut() else { return Ok(wrong("there is no cluster")) };
        if lab.step_number() % FILES_EVERY == 0
            && super::inspected::asks_files(&self.statement.command)
        {
            lab.ask_files()?;
        }
        match holds(condition, lab) {
            Err(error) => return Ok(wrong(error)),
            Ok(true) => {
                let waited = lab.now().since(Instant(deadline.0.saturating_sub(within.0)));
                let result =
                    json!({ "condition": condition.to_string(), "waited_ms": waited.as_ms() });
                let line = format!("after {waited}: {condition}");
                let lines = if waited == Duration::ZERO { vec![] } else { vec![line] };
                return Ok(done(Said::new(lines, result)));
            }
            Ok(false) => {}
        }
        if !time_to(lab, deadline)? {
            let saw = saw(condition, lab);
            let line = format!("not within {within}: {}", wanted(condition, &saw));
            return Ok(failed(line, json!({ "condition": condition.to_string(), "saw": saw })));
        }
        self.state = State::Until { deadline };
        Ok(Progress::Stepped)
    }

    fn run(&mut self, session: &mut Session, until: Instant) -> Step {
        let Some(lab) = session.lab.as_mut() else { return Ok(wrong("there is no cluster")) };
        if !time_to(lab, until)? {
            return Ok(done(Said::new(vec![], json!({ "now_us": lab.now().0 }))));
        }
        self.state = State::Run { until };
        Ok(Progress::Stepped)
    }

    fn settle(&mut self, session: &mut Session, deadline: Instant) -> Step {
        let Some(lab) = session.lab.as_mut() else { return Ok(wrong("there is no cluster")) };
        let Err(reason) = lab.settled() else {
            return Ok(done(Said::new(vec![], json!({ "settled": true }))));
        };
        let due = lab.next_at().is_some_and(|at| at <= deadline);
        if !due || !lab.step()? {
            let line = format!("did not settle: {reason}");
            return Ok(failed(line, json!({ "settled": false, "reason": reason })));
        }
        self.state = State::Settle { deadline };
        Ok(Progress::Stepped)
    }

    fn steps(
        &mut self,
        session: &mut Session,
        left: u64,
        mut lines: Vec<String>,
        mut told: Vec<Json>,
    ) -> Step {
        let language = session.language;
        let Some(lab) = session.lab.as_mut() else { return Ok(wrong("there is no cluster")) };
        let coming = network::coming(lab, language);
        if left > 0 && lab.step()? {
            let head = format!("step {}, {}", lab.step_number(), lab.now());
            let events: Vec<String> =
                lab.step_events().map(|event| lab.cluster().sentence(event, language)).collect();
            if lines.len() < MOST_TOLD {
                let sentences = events.join("; ");
                let said =
                    if sentences.is_empty() { coming.unwrap_or_default() } else { sentences };
                lines.push(format!("{head}: {said}"));
            }
            if told.len() < MOST_TOLD {
                told.push(
                    json!({ "step": lab.step_number(), "at_us": lab.now().0, "events": events }),
                );
            }
            self.state = State::Steps { left: left - 1, lines, told };
            return Ok(Progress::Stepped);
        }
        let untold = self.steps_asked().saturating_sub(left + lines.len() as u64);
        if untold > 0 {
            let (untold, step, now) = (counted(untold, "more step"), lab.step_number(), lab.now());
            lines.push(format!("… {untold} taken, not told: now at step {step}, {now}"));
        }
        if left > 0 {
            lines.push("nothing is pending".into());
        }
        Ok(done(Said::new(lines, told.into())))
    }

    fn steps_asked(&self) -> u64 {
        match self.statement.command {
            Command::Step(steps) => steps,
            _ => 0,
        }
    }
}

/// One step towards a moment, idle time passed over; `false`: the moment is there.
pub(super) fn time_to(lab: &mut Lab, until: Instant) -> Result<bool, LabError> {
    if lab.now() >= until && lab.next_at().is_none_or(|at| at > until) {
        return Ok(false);
    }
    if lab.skip_idle(until)? {
        return Ok(true);
    }
    if lab.next_at().is_some_and(|at| at <= until) || lab.in_past() {
        return lab.step();
    }
    lab.wait_until(until)?;
    Ok(lab.now() < until)
}

/// Where the lab is, after walking.
fn place(lab: &Lab) -> Progress {
    let line = format!(
        "step {} of {} on {}, {}",
        lab.step_number(),
        lab.head(),
        lab.branch_name(),
        lab.now()
    );
    let result = json!({
        "step": lab.step_number(),
        "head": lab.head(),
        "branch": lab.branch_name(),
        "at_us": lab.now().0,
    });
    done(Said::new(vec![line], result))
}

/// A condition that does not hold, cut to a readable length, and what was there instead.
pub(super) fn wanted(condition: &super::expression::Expression, saw: &str) -> String {
    let condition = clip(&condition.to_string(), 200);
    if saw.is_empty() { condition } else { format!("{condition}; {}", clip(saw, 1_000)) }
}
