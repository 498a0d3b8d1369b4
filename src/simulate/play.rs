//! One schedule played, all invariants after every step.

use super::guard::Guard;
use super::plan::Plan;
use crate::script::{Execution, Progress, Session, Status, parse_script};
use crate::types::Language;
use std::collections::BTreeMap;

/// Whole files are read after so many steps.
pub(super) const FILES_EVERY: u64 = 2_500;

/// A promise that broke.
#[derive(Clone, Debug, PartialEq)]
pub struct Broken {
    /// Which invariant.
    pub name: &'static str,
    /// What exactly.
    pub sentence: String,
    /// In which step.
    pub step: u64,
    /// When, in microseconds of virtual time.
    pub at_us: u64,
}

/// What came of a schedule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Played {
    /// Steps taken.
    pub steps: u64,
    /// The first promise that broke.
    pub broken: Option<Broken>,
    /// The line under way when it broke, and how far into it, in microseconds.
    pub line: (usize, u64),
    /// Lines that did nothing: nobody was there to be killed, say, or the guard held them back.
    pub refused: Vec<usize>,
    /// What Kafka allows and somebody should know, by name.
    pub findings: BTreeMap<&'static str, u64>,
    /// How often somebody became leader of a partition.
    pub elections: u64,
    /// Records that were committed.
    pub records: u64,
    /// What is wrong with the schedule itself.
    pub wrong: Option<String>,
}

/// Plays a schedule for `most_steps` at most. `stop` is asked now and then.
pub fn play(plan: &Plan, most_steps: u64, stop: &dyn Fn() -> bool) -> Played {
    play_lines(&plan.lines(), plan.is_guarded, (most_steps, FILES_EVERY), stop)
}

/// The same with lines, and with how often whole files are read; a guarded schedule leaves out what goes beyond Kafka's
/// promises.
pub(super) fn play_lines(
    lines: &[String],
    is_guarded: bool,
    (most_steps, files_every): (u64, u64),
    stop: &dyn Fn() -> bool,
) -> Played {
    let mut played = Played::default();
    let mut session = Session::in_memory(Language::English);
    session.has_history = false;
    let statements = match parse_script("schedule", &lines.join("\n"), 1) {
        Ok(statements) => statements,
        Err(errors) => {
            played.wrong = errors.first().map(ToString::to_string);
            return played;
        }
    };
    let mut next_files = files_every;
    let mut guard = Guard::default();
    'lines: for (number, statement) in statements.into_iter().enumerate() {
        let begin = session.lab.as_ref().map_or(0, |lab| lab.now().0);
        if let Some(lab) = session.lab.as_ref().filter(|_| is_guarded)
            && !guard.allows(&lines[number], lab.cluster())
        {
            played.refused.push(number);
            continue;
        }
        let mut execution = Execution::new(statement);
        loop {
            let progress = execution.advance(&mut session);
            let Some(lab) = &mut session.lab else { break };
            played.steps = lab.step_number();
            let files = played.steps >= next_files || played.steps >= most_steps;
            let sound = lab.cluster().invariants.violations().is_empty();
            if sound && files {
                next_files = played.steps + files_every;
                if let Err(error) = lab.ask_files() {
                    played.wrong = Some(error.to_string());
                    break 'lines;
                }
                played.steps = lab.step_number();
            }
            let all = lab.cluster().invariants.violations().first().cloned();
            if let Some(first) = all {
                let (name, sentence, step) = (first.name, first.sentence, first.step);
                played.broken = Some(Broken { name, sentence, step, at_us: lab.now().0 });
                played.line = (number, lab.now().0 - begin);
                break 'lines;
            }
            if let Progress::Done(output) = progress {
                if output.status == Status::Wrong {
                    if number == 0 || output.needs.is_some() {
                        played.wrong = output.lines.first().cloned();
                        break 'lines;
                    }
                    played.refused.push(number);
                }
                break;
            }
            if played.steps >= most_steps || (played.steps % 1_024 == 0 && stop()) {
                break 'lines;
            }
        }
    }
    sum_up(&session, &mut played);
    played
}

fn sum_up(session: &Session, played: &mut Played) {
    let Some(lab) = &session.lab else { return };
    for finding in lab.cluster().invariants.findings() {
        *played.findings.entry(finding.name).or_default() += 1;
    }
    let committed = lab.cluster().invariants.committed_ends();
    let mut marks: BTreeMap<_, (i64, i32)> =
        committed.map(|(partition, next)| (partition.clone(), (next.0, -1))).collect();
    for broker in lab.cluster().brokers.values().filter_map(|node| node.broker.as_deref()) {
        for (partition, replica) in &broker.replicas {
            let mark = (replica.high_watermark().0, replica.leader_epoch.0);
            let known = marks.entry(partition.clone()).or_insert(mark);
            *known = (known.0.max(mark.0), known.1.max(mark.1));
        }
    }
    for (mark, epoch) in marks.values() {
        played.records += (*mark).max(0) as u64;
        played.elections += (*epoch + 1).max(0) as u64;
    }
}
