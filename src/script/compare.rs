//! One script under two rules: the same commands, the same seed, one setting of the cluster different.
//!
//! ```text
//!                               ┌─▶ Side "0.10.2": a session with its own lab ─┐
//!   Statement ──▶ Comparison ───┤                                              ├──▶ Answer: one output a side, same?
//!                               └─▶ Side "4.3": another one ───────────────────┘
//! ```
//!
//! For a screen with two panes: [`Comparison::begin`] gives a [`Compared`] for a statement, whose `advance` takes one
//! happening of the side whose clock is behind, so that both panes move together; between two calls each side's
//! `session.lab` may be looked at. [`Comparison::play`] runs a whole script. What the sides say is put beside each
//! other by [`Answer::lines`].
//!
//! Always: each side gets every command, with nothing changed but the setting that is compared; chance is drawn by key
//! (`prng`), so what both sides send arrives at the same moments. A side that is done earlier (its broker started
//! faster, its request was refused at once) lets time pass until the others are done, so the next command comes at one
//! moment on all sides; only what walks by steps (`step`, `back`, `goto`, `switch`) leaves each clock where it is. What
//! is expected of one side only is no failure of the run, since showing that is what a comparison is for. Left out:
//! going back in both at once; who shows the sides goes back in each.

use super::command::{ClusterCommand, Command};
use super::error::ScriptError;
use super::execute::{Execution, Output, Progress, Status, time_to};
use super::parser::{parse_line, parse_script};
use super::runner::INTERRUPTED;
use super::session::Session;
use super::statement::Statement;
use crate::cluster::Lab;
use crate::era::{self, Owner};
use crate::trace::width;
use serde_json::{Value as Json, json};

/// The most sides.
const MOST_SIDES: usize = 4;
/// From this width on two sides stand beside each other.
pub const WIDTH_OF_COLUMNS: usize = 100;

/// What is compared: one setting of `cluster` and its values, as `kafka=0.10.2,4.3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedSetting {
    /// Its name: `brokers`, `controllers`, `kafka`, `coordination`, `seed`, or a setting of brokers.
    pub name: String,
    /// A value for each side.
    pub values: Vec<String>,
}

impl ComparedSetting {
    /// Reads `kafka=0.10.2,4.3`.
    pub fn parse(text: &str) -> Result<ComparedSetting, String> {
        let example = "for example kafka=0.10.2,4.3";
        let Some((name, values)) = text.split_once('=') else {
            return Err(format!("'{text}' is no setting with values: {example}"));
        };
        let values: Vec<String> = values.split(',').map(str::to_owned).collect();
        if name.is_empty() || values.iter().any(String::is_empty) {
            return Err(format!("'{text}' is no setting with values: {example}"));
        }
        if !(2..=MOST_SIDES).contains(&values.len()) {
            return Err(format!(
                "'{text}' compares {}: two to four values, {example}",
                values.len()
            ));
        }
        let twice = (1..).zip(&values).find(|(next, value)| values[*next..].contains(value));
        if let Some((_, value)) = twice {
            return Err(format!(
                "'{text}' names {value} twice: each side needs its own value, {example}"
            ));
        }
        let setting = ComparedSetting { name: name.to_owned(), values };
        for value in &setting.values {
            setting.check(value)?;
        }
        Ok(setting)
    }

    /// Whether `cluster` takes it: a name that it knows, a value of the right kind, a version that has it.
    fn check(&self, value: &str) -> Result<(), String> {
        let line = format!("cluster {}={value}", self.name);
        let placed = match parse_line(&line, 0) {
            Ok(Some(statement)) => statement.command,
            Ok(None) => return Err(format!("'{line}' is no command")),
            Err(fault) if fault.advice.is_empty() => return Err(fault.message),
            Err(fault) => return Err(format!("{}: {}", fault.message, fault.advice)),
        };
        match (placed, self.name.as_str()) {
            (Command::Cluster(cluster), "brokers" | "controllers" | "kafka" | "coordination") => {
                cluster.spec(1).broker_config().map(|_| ())
            }
            // Whether a version knows a broker's setting is seen when the script has said which version.
            _ => Ok(()),
        }
    }

    /// The usual cluster with one value of the setting, as a line.
    pub fn cluster_line(&self, value: &str, seed: u64) -> String {
        let seed = seed.to_string();
        let usual = [("brokers", "3"), ("kafka", "4.3"), ("seed", seed.as_str())];
        let others = usual.into_iter().filter(|(name, _)| *name != self.name);
        let words: String = others.map(|(name, value)| format!(" {name}={value}")).collect();
        format!("cluster{words} {}={value}", self.name)
    }

    /// The `cluster` command of a side.
    fn applied(&self, cluster: &ClusterCommand, value: &str) -> ClusterCommand {
        let mut cluster = cluster.clone();
        match self.name.as_str() {
            "kafka" => {
                cluster.kafka = value.to_owned();
                let asked = cluster.coordination.as_deref();
                // A coordination that this version does not know is the other side's business.
                let known = era::of(value).is_ok_and(|era| {
                    asked == Some("kraft")
                        || era.coordination.iter().any(|it| asked == Some(&it.to_string()))
                });
                if !known {
                    cluster.coordination = None;
                }
            }
            "coordination" => cluster.coordination = Some(value.to_owned()),
            "seed" => cluster.seed = value.parse().ok().or(cluster.seed),
            "brokers" => cluster.brokers = value.parse().unwrap_or(cluster.brokers),
            "controllers" => cluster.controllers = value.parse().unwrap_or(cluster.controllers),
            name => {
                cluster.configs.retain(|(known, _)| known != name);
                cluster.configs.push((name.to_owned(), value.to_owned()));
            }
        }
        if matches!(self.name.as_str(), "kafka" | "coordination") {
            without_what_the_other_side_has(&mut cluster);
        }
        cluster
    }
}

/// Where versions are compared, a setting that only one of them knows is that side's business.
fn without_what_the_other_side_has(cluster: &mut ClusterCommand) {
    let spec = cluster.spec(1);
    let coordination = spec.coordination();
    if coordination == era::Coordination::ZooKeeper {
        cluster.controllers = 1;
    }
    if let Ok(era) = era::of(&cluster.kafka) {
        let counts = |name: &str| era::setting::counts(Owner::Broker, name, &era, coordination);
        cluster.configs.retain(|(name, _)| counts(name).is_ok());
    }
}

/// One of the clusters.
pub struct Side {
    /// Its value of the setting.
    pub value: String,
    /// Its session, with its lab.
    pub session: Session,
}

/// The same script in several clusters.
pub struct Comparison {
    /// What differs.
    pub setting: ComparedSetting,
    /// The clusters, in the order of the values.
    pub sides: Vec<Side>,
}

/// One statement under way on all sides.
pub struct Compared {
    executions: Vec<Execution>,
    outputs: Vec<Option<(Output, Vec<String>)>>,
    /// Whether clocks are left as they are.
    by_steps: bool,
}

/// What the sides said to one statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What each printed, and what it came to.
    pub outputs: Vec<Output>,
    /// Promises that broke on each side meanwhile, as sentences.
    pub violations: Vec<Vec<String>>,
}

impl Comparison {
    /// Sides without clusters yet; `make` gives each a session.
    pub fn new(setting: ComparedSetting, make: &mut dyn FnMut() -> Session) -> Comparison {
        let values = setting.values.clone();
        let sides = values.into_iter().map(|value| Side { value, session: make() }).collect();
        Comparison { setting, sides }
    }

    /// Begins a statement on all sides.
    pub fn begin(&self, statement: &Statement) -> Compared {
        let of_side = |side: &Side| {
            let mut statement = statement.clone();
            if let Command::Cluster(cluster) = &mut statement.command {
                *cluster = self.setting.applied(cluster, &side.value);
            }
            Execution::new(statement)
        };
        let executions: Vec<Execution> = self.sides.iter().map(of_side).collect();
        let by_steps = matches!(
            statement.command,
            Command::Step(_) | Command::Back(_) | Command::Goto(_) | Command::Switch(_)
        );
        Compared { outputs: vec![None; executions.len()], executions, by_steps }
    }

    /// Runs one statement to its end on all sides; `None`: interrupted.
    pub fn run(&mut self, statement: &Statement, interrupted: &dyn Fn() -> bool) -> Option<Answer> {
        let mut compared = self.begin(statement);
        loop {
            if interrupted() {
                return None;
            }
            if let Some(answer) = compared.advance(self) {
                return Some(answer);
            }
        }
    }

    /// Runs a whole script: each statement and what the sides said go to `told`. The exit code: 0; 1 when something was
    /// expected that holds on no side; 2 when the script is wrong.
    pub fn play(
        &mut self,
        file: &str,
        text: &str,
        told: &mut dyn FnMut(&Statement, &Answer),
        interrupted: &dyn Fn() -> bool,
    ) -> Result<i32, ScriptError> {
        let mut statements = parse_script(file, text, 1)
            .map_err(|errors| errors.into_iter().next().expect("an error has a place"))?;
        let names_cluster = |s: &Statement| matches!(s.command, Command::Cluster(_));
        if !statements.first().is_some_and(names_cluster)
            && let Ok(Some(cluster)) = parse_line("cluster brokers=3", 0)
        {
            statements.insert(0, cluster);
        }
        let mut code = Status::Ended.exit_code();
        for statement in &statements {
            let Some(answer) = self.run(statement, interrupted) else {
                return Ok(INTERRUPTED);
            };
            told(statement, &answer);
            if answer.outputs.iter().any(|output| output.status == Status::Wrong) {
                return Ok(Status::Wrong.exit_code());
            }
            if answer.outputs.iter().all(|output| output.status == Status::Failed) {
                code = Status::Failed.exit_code();
            }
        }
        Ok(code)
    }
}

impl Compared {
    /// One happening of the side whose clock is behind; the answer when all are done.
    pub fn advance(&mut self, comparison: &mut Comparison) -> Option<Answer> {
        let now = |side: &Side| side.session.lab.as_ref().map(|lab| lab.now());
        let next = (0..self.executions.len())
            .filter(|&at| self.outputs[at].is_none())
            .min_by_key(|&at| now(&comparison.sides[at]));
        if let Some(at) = next {
            let session = &mut comparison.sides[at].session;
            if let Progress::Done(output) = self.executions[at].advance(session) {
                self.outputs[at] = Some((output, session.new_violations()));
            }
        }
        if self.outputs.iter().any(Option::is_none) || self.is_behind(comparison) {
            return None;
        }
        for (side, output) in comparison.sides.iter_mut().zip(&mut self.outputs) {
            let (_, violations) = output.as_mut().expect("all are done");
            violations.extend(side.session.new_violations());
        }
        let (outputs, violations) = self.outputs.drain(..).flatten().unzip();
        Some(Answer { outputs, violations })
    }
}

impl Compared {
    /// Whether the side whose clock is behind had to take a step towards the others.
    fn is_behind(&self, comparison: &mut Comparison) -> bool {
        let labs = || comparison.sides.iter().filter_map(|side| side.session.lab.as_ref());
        let Some(latest) = labs().map(Lab::now).max() else { return false };
        if self.by_steps || labs().any(Lab::in_past) {
            return false;
        }
        let labs = comparison.sides.iter_mut().filter_map(|side| side.session.lab.as_mut());
        // A side that cannot go on says so at the next command.
        let mut behind = labs.filter(|lab| lab.now() < latest);
        behind.any(|lab| time_to(lab, latest).unwrap_or(false))
    }
}

impl Answer {
    /// Whether all sides said the same.
    pub fn is_same(&self) -> bool {
        self.outputs.windows(2).all(|pair| pair[0] == pair[1])
            && self.violations.windows(2).all(|pair| pair[0] == pair[1])
    }

    fn side(&self, at: usize) -> Vec<String> {
        let mut lines = self.outputs[at].lines.clone();
        lines.extend(self.violations[at].iter().cloned());
        lines
    }

    /// What the sides said, within `width` cells: once, if it is the same; two sides beside each other with a mark
    /// between lines that differ, if they fit; else one below the other.
    pub fn lines(&self, values: &[String], width: usize, ascii: bool) -> Vec<String> {
        let sides: Vec<Vec<String>> = (0..self.outputs.len()).map(|at| self.side(at)).collect();
        if self.is_same() {
            return sides.into_iter().next().unwrap_or_default();
        }
        let column = width.saturating_sub(3) / 2;
        let fit = sides.iter().flatten().all(|line| width::of(line) <= column);
        if sides.len() == 2 && width >= WIDTH_OF_COLUMNS && fit {
            return beside(&sides[0], &sides[1], column, ascii);
        }
        let mut lines = Vec::new();
        for (value, said) in values.iter().zip(&sides) {
            lines.push(format!("  [{value}]"));
            lines.extend(said.iter().map(|line| format!("    {line}")));
        }
        lines
    }

    /// The same for programs.
    pub fn json(&self, statement: &Statement, values: &[String]) -> Json {
        let status = |status: Status| match status {
            Status::Ended => "ended",
            Status::Failed => "failed",
            Status::Wrong => "wrong",
        };
        let sides: Vec<Json> = values
            .iter()
            .zip(self.outputs.iter().zip(&self.violations))
            .map(|(value, (output, violations))| {
                json!({
                    "value": value,
                    "status": status(output.status),
                    "lines": output.lines,
                    "result": output.result,
                    "violations": violations,
                })
            })
            .collect();
        json!({
            "type": "result",
            "line": statement.line,
            "command": statement.text,
            "same": self.is_same(),
            "sides": sides,
        })
    }
}

/// Two texts beside each other; `≠` marks the lines that differ.
fn beside(left: &[String], right: &[String], column: usize, ascii: bool) -> Vec<String> {
    let (same, differs) = if ascii { ('|', '#') } else { ('│', '≠') };
    let line = |at: usize| {
        let (l, r) = (left.get(at), right.get(at));
        let mark = if l == r { same } else { differs };
        let l = l.map_or("", String::as_str);
        let gap = " ".repeat(column.saturating_sub(width::of(l)));
        format!("{l}{gap} {mark} {}", r.map_or("", String::as_str)).trim_end().to_owned()
    };
    (0..left.len().max(right.len())).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Language;

    const SCRIPT: &str = "\
        cluster brokers=3 seed=5 coordination=kraft\n\
        topic create orders replication-factor=3\n\
        produce orders value=a acks=all\n\
        run 2s\n\
        show isr\n";

    fn played(setting: &str, script: &str) -> (i32, Vec<(String, Answer)>, Comparison) {
        let setting = ComparedSetting::parse(setting).unwrap();
        let mut make = || Session::in_memory(Language::English);
        let mut comparison = Comparison::new(setting, &mut make);
        let mut answers = Vec::new();
        let mut told = |statement: &Statement, answer: &Answer| {
            answers.push((statement.text.clone(), answer.clone()));
        };
        let code = comparison.play("test", script, &mut told, &|| false).unwrap();
        (code, answers, comparison)
    }

    #[test]
    fn two_versions_hear_the_same_commands_at_the_same_moments() {
        let (code, answers, comparison) = played("kafka=0.10.2,4.3", SCRIPT);
        assert_eq!(code, 0);
        let show = &answers.last().unwrap().1;
        assert!(answers[2].1.is_same(), "{:?}", answers[2]);
        let now = |at: usize| comparison.sides[at].session.lab.as_ref().unwrap().now();
        assert_eq!(now(0), now(1));
        let text = show.lines(&comparison.setting.values, 160, false).join("\n");
        assert!(text.contains("orders-0"), "{text}");
    }

    #[test]
    fn a_side_that_is_done_earlier_waits_for_the_other() {
        let script = format!("{SCRIPT}broker kill 1\nuntil isr(orders-0) == {{2,3}} within=60s\n");
        let script = script.replace("replication-factor=3", "assignment=1:2:3");
        let settings = "broker.session.timeout.ms=5000,9000";
        let (_, answers, comparison) = played(settings, &script);
        assert!(!answers.last().unwrap().1.is_same(), "one waits longer");
        let now = |at: usize| comparison.sides[at].session.lab.as_ref().unwrap().now();
        assert_eq!(now(0), now(1));
        let walked = played(settings, &format!("{script}step 1\n")).2;
        let now = |at: usize| walked.sides[at].session.lab.as_ref().unwrap().now();
        assert_ne!(now(0), now(1), "what walks by steps leaves the clocks alone");
    }

    #[test]
    fn what_holds_on_one_side_only_is_shown_and_fails_nothing() {
        let script =
            format!("{SCRIPT}produce orders value=b acks=2\nexpect leo(orders-0, 1) == 2\n");
        let (code, answers, comparison) = played("kafka=0.8.2,4.3", &script);
        assert_eq!(code, 0);
        let expected = &answers.last().unwrap().1;
        assert!(!expected.is_same());
        let values = &comparison.setting.values;
        let beside = expected.lines(values, 160, true);
        assert!(beside.iter().any(|line| line.contains(" # ")), "{beside:?}");
        let below = expected.lines(values, 80, true);
        assert_eq!(below[0], "  [0.8.2]");
        let nowhere = format!("{SCRIPT}expect leo(orders-0, 1) == 9\n");
        assert_eq!(played("kafka=0.10.2,4.3", &nowhere).0, 1);
    }

    #[test]
    fn a_setting_of_brokers_can_be_compared_and_nonsense_is_refused() {
        let (code, answers, _) = played("replica.lag.time.max.ms=10000,30000", SCRIPT);
        assert_eq!((code, answers.len()), (0, 5));
        for wrong in [
            "kafka=2.1,4.3,2.1",
            "kafka",
            "kafka=4.3",
            "kafka=4.3,",
            "kafka=4.3,9.9",
            "=1,2",
            "a=1,2,3,4,5",
        ] {
            assert!(ComparedSetting::parse(wrong).is_err(), "{wrong}");
        }
        let told = |text: &str| ComparedSetting::parse(text).unwrap_err();
        assert!(told("brokrs=1,3").contains("did you mean 'brokers'"), "{}", told("brokrs=1,3"));
        assert!(told("brokers=1,many").contains("'many'"), "{}", told("brokers=1,many"));
        assert!(told("queued.max.requests=1,2").contains("does not model it"));
    }

    #[test]
    fn the_shape_can_be_compared_and_what_one_version_knows_stays_on_its_side() {
        let script = "cluster brokers=3\ntopic create orders\nrun 1s\nshow cluster\n";
        let (code, answers, _) = played("brokers=1,3", script);
        assert_eq!((code, answers.last().unwrap().1.is_same()), (0, false));
        let script =
            "cluster controllers=3 zookeeper.session.timeout.ms=4000\ntopic create orders\n";
        let (code, _, comparison) = played("kafka=2.1,4.3", script);
        let spec = |at: usize| comparison.sides[at].session.lab.as_ref().unwrap().spec().clone();
        assert_eq!((code, spec(0).controllers, spec(1).controllers), (0, 1, 3));
        assert_eq!((spec(0).configs.len(), spec(1).configs.len()), (1, 0));
    }
}
