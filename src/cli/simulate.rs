//! `klab simulate`: searches, tells on the error output how far it is, prints a report, saves the script it found.
//!
//! What always holds: exit code 0 when nothing was violated, 1 when a promise broke, 2 for wrong use, 130 after Ctrl-C;
//! progress is shown on a terminal only and wiped away at the end.

use super::arguments::Arguments;
use super::output::Output;
use super::{ENDED, FAILED, interrupt};
use crate::simulate::{FaultKind, Progress, Report, Wish, search};
use crate::trace::Canvas;
use clap::Args;
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

/// Cells of the bar that grows.
const BAR: usize = 20;

/// Text that ends `klab simulate --help`.
pub const EXAMPLES: &str = "\
Each seed makes a cluster, clients and a schedule of faults; it is played on a disk in memory, and
after every step all invariants are checked (`show invariants` lists them). The first promise that
breaks ends the search; its schedule is made small and printed as a script for `klab run`, and for a
fenced block of a lesson. The same seed does the same everywhere.

Without options: RF 3, acks=all, min.insync.replicas=2, unclean elections off, Kafka 4.3, under all
faults but blackout, damage and corrupt. That never loses a record, and logs never diverge. Any
broker may lose power, and any number may be killed, frozen or cut off; but while a replica that
lost power is not back in the ISR, no other one of its partition is killed or has a full disk, and
none loses power while such a one is not back. To a controller a killed process and a lost page
cache are the same, and Kafka promises for min.insync.replicas - 1 unclean ends at a time (KIP-966):
a real 4.3.1 loses acknowledged records beyond that, see 'klab fidelity simulator-one-unclean-end'.
Before KIP-966 (4.0) a single loss of power is too much ('klab fidelity simulator-before-elr'): the
search finds it; leave `power` out of --faults to look for anything else in older versions.

--config takes settings of topics, producers, consumers and brokers by Kafka's names, and brokers,
controllers, coordination, topics, partitions, replication.factor, producers, consumers, and acts
(how often an administrator moves, adds or deletes something).

--faults, those of the default first:
  kill stop pause slow skew power   a broker: its process, its answers, its clock, what it had not flushed
  disk                              a broker's disk is full, or can only be read
  cut split                         a link, or all links between some nodes and the others
  delay drop                        one message
  controller                        the active one is killed, frozen, cut off
  zookeeper                         it is gone or frozen, a session ends, the controller moves
  client                            a consumer is frozen, a client killed and begun anew
  blackout                          all brokers lose power
  damage corrupt                    a bit of a file or a message flips, a file is torn or gone
  all, none

A finding is no broken promise: a group may have committed an offset that the new leader's log does
not reach. Kafka keeps committed offsets apart from logs and allows it; it follows a lost record.

--json prints one object: kafka configs faults seed seeds stepsPerSchedule threads, schedules steps
seconds schedulesPerMinute stepsPerSecond elections recordsCommitted findings interrupted, and
violation: null or {seed invariant sentence step atUs script: {text lines steps step sentence tries
interrupted}}.

Examples:
  klab simulate                                        the safe configuration
  klab simulate --config acks=1 --faults kill          finds a lost write
  klab simulate --config unclean.leader.election.enable=true
  klab simulate --config min.insync.replicas=1 --faults kill,power
  klab simulate --config acts=20 --faults kill,stop    much is moved, added and deleted
  klab simulate --faults blackout --save lost.klab     then: klab sandbox --from lost.klab
  klab simulate --seed 42 --seeds 1 --json             one schedule

Exit codes: 0 nothing violated; 1 a promise broke; 2 wrong use; 130 after Ctrl-C.";

/// `klab simulate`
#[derive(Debug, Args)]
pub struct SimulateArguments {
    /// How many seeds, from --seed on
    #[arg(long, value_name = "N", default_value_t = 500)]
    pub seeds: u64,
    /// Steps of each schedule
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub steps: u64,
    /// The version, one of `klab eras`
    #[arg(long, value_name = "V", default_value = "4.3")]
    pub kafka: String,
    /// A setting (more than once, if need be)
    #[arg(long = "config", value_name = "NAME=VALUE", value_parser = setting)]
    pub configs: Vec<(String, String)>,
    /// Which faults strike, with commas
    #[arg(long, value_name = "A,B", value_parser = faults)]
    pub faults: Option<Faults>,
    /// How many threads [default: one for each core]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Where the script goes that breaks the promise again; FILE.md is a lesson, b90-lost.md say
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// JSON instead of text
    #[arg(long)]
    pub json: bool,
}

/// A list of faults.
#[derive(Clone, Debug)]
pub struct Faults(Vec<FaultKind>);

fn faults(text: &str) -> Result<Faults, String> {
    FaultKind::parse_list(text).map(Faults)
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("say NAME=VALUE, for example acks=1".into()),
    }
}

/// Settings by name; none may be given twice.
fn configs_of(given: &[(String, String)]) -> Result<BTreeMap<String, String>, String> {
    let mut configs = BTreeMap::new();
    for (name, value) in given {
        if let Some(before) = configs.insert(name.clone(), value.clone()) {
            return Err(format!("--config {name} is given twice: {before} and {value}"));
        }
    }
    Ok(configs)
}

/// `klab simulate`
pub fn simulate(
    arguments: &Arguments,
    asked: &SimulateArguments,
    canvas: &Canvas,
    out: &mut Output,
    err: &mut dyn Write,
) -> Result<i32, String> {
    interrupt::listen();
    let mut wish = Wish {
        kafka: asked.kafka.clone(),
        configs: configs_of(&asked.configs)?,
        seeds: asked.seeds,
        steps: asked.steps,
        ..Wish::default()
    };
    wish.seed = arguments.options.seed.unwrap_or(wish.seed);
    wish.threads = asked.threads.unwrap_or(wish.threads);
    if let Some(Faults(kinds)) = &asked.faults {
        wish.faults.clone_from(kinds);
    }
    let shown = std::io::stderr().is_terminal();
    let glyphs = canvas.glyphs;
    let mut progress = |far: Progress| {
        if shown {
            let cells = (far.done as usize * BAR).div_ceil((far.of as usize).max(1)).min(BAR);
            let (full, empty) = (glyphs.flushed.repeat(cells), glyphs.empty.repeat(BAR - cells));
            let what = if far.is_shrinking { "found one, making it smaller" } else { "" };
            let _ = write!(
                err,
                "\r{full}{empty} {}/{}, {} steps {what:<30}",
                far.done, far.of, far.steps
            );
            let _ = err.flush();
        }
    };
    if let Some((id, _)) = asked.save.as_deref().and_then(lesson_of)
        && !crate::lesson::is_id(&id)
    {
        return Err(format!("--save {id}.md: a lesson's id is like b90-lost, as b90-lost.md"));
    }
    let found = search(&wish, &mut progress, &interrupt::asked);
    if shown {
        let _ = write!(err, "\r{}\r", " ".repeat(BAR + 78));
    }
    let report = found?;
    if let Some(file) = &asked.save {
        save(&report, file)?;
    }
    if asked.json {
        let text = serde_json::to_string_pretty(&report.json());
        out.line(&text.map_err(|error| error.to_string())?);
    } else {
        out.text(&report.text(arguments.language()));
        if report.shrunk.is_some()
            && let Some((id, place)) = asked.save.as_deref().and_then(lesson_of)
        {
            out.line(&format!("klab lesson {id} --lessons {place}"));
        } else if report.shrunk.is_some() {
            let file = match &asked.save {
                Some(file) => file.display().to_string(),
                None => "FILE (--save FILE writes it)".into(),
            };
            out.line(&format!("klab run {file}"));
            out.line(&format!("klab sandbox --from {file}"));
        }
    }
    Ok(match report.found {
        Some(_) => FAILED,
        None if report.is_interrupted => interrupt::INTERRUPTED,
        None => ENDED,
    })
}

/// The id of the lesson that a file `DIR/ID.md` holds, and `DIR`.
fn lesson_of(file: &Path) -> Option<(String, String)> {
    let id = file.file_name()?.to_str()?.strip_suffix(".md")?.to_owned();
    let place = file.parent().filter(|place| !place.as_os_str().is_empty());
    Some((id, place.map_or(".".into(), |place| place.display().to_string())))
}

/// Writes what was found: a lesson if the file's name ends with `.md`, else a script.
fn save(report: &Report, file: &Path) -> Result<(), String> {
    let Some(shrunk) = &report.shrunk else { return Ok(()) };
    let text = match lesson_of(file) {
        Some((id, _)) => report.lesson(&id)?,
        None => format!(
            "# found by klab simulate, seed {}: broken promise {}\n{}",
            report.found.as_ref().map_or(0, |found| found.0),
            shrunk.broken.name,
            shrunk.script
        ),
    };
    std::fs::write(file, text)
        .map_err(|error| format!("{}: it cannot be saved: {error}", file.display()))
}
