//! From a schedule that breaks a promise to a short script that breaks it again.
//!
//! ```text
//!   41 lines, 6 200 steps ──▶ what came later is cut ──▶ groups of lines taken away, halves first; two at a time
//!        ──▶ single lines ──▶ fewer brokers, partitions ──▶ settings left at their defaults ──▶ shorter pauses
//!        ──▶ once more, as long as something goes; at last with other seeds ──▶ 7 lines, 900 steps
//! ```
//!
//! Every try is played; it counts if the same invariant breaks, in no more steps than the schedule took that was found.
//! How much is tried is bounded by steps, not by time, so that the same schedule always shrinks to the same script. Who
//! is interrupted, or finds nothing smaller, still ends with a script: the best so far, which was played as it stands.

use super::plan::{Move, Plan};
use super::play::{Broken, FILES_EVERY, Played, play_lines};
use crate::clock::Duration;

/// Most steps of all tries together.
const MOST_STEPS: u64 = 6_000_000;
/// Most rounds of all passes.
const MOST_ROUNDS: usize = 6;
/// Most groups of lines that are taken away two by two.
const MOST_PAIRED: usize = 30;
/// Other seeds that are tried.
const OTHER_SEEDS: std::ops::RangeInclusive<u64> = 1..=4;
/// What only whole files tell; while such a schedule shrinks, they are read after so many steps.
const OF_FILES: [&str; 3] = ["logs-agree", "bytes-decode", "index-at-batch-boundary"];
const FILES_WHILE_SHRINKING: u64 = 100;

/// A short script and what it breaks.
#[derive(Clone, Debug, PartialEq)]
pub struct Shrunk {
    /// The script: commands, and at the end the expectation that the promise is broken.
    pub script: String,
    /// What it breaks.
    pub broken: Broken,
    /// Its steps.
    pub steps: u64,
    /// Its lines.
    pub lines: usize,
    /// Lines of the schedule that was found, up to where it broke.
    pub of_lines: usize,
    /// How many schedules were tried.
    pub tries: u64,
    /// Whether somebody stopped it: it might have become smaller.
    pub is_interrupted: bool,
}

struct Shrinker<'a> {
    best: Plan,
    broken: Broken,
    steps: u64,
    /// Steps of the schedule that was found; none that is accepted takes more.
    most: u64,
    files_every: u64,
    tries: u64,
    budget: u64,
    stop: &'a dyn Fn() -> bool,
}

/// Shrinks a schedule that broke a promise; none if it broke none.
pub fn shrink(plan: &Plan, played: &Played, stop: &dyn Fn() -> bool) -> Option<Shrunk> {
    let broken = played.broken.clone()?;
    let steps = played.steps;
    let of_files = OF_FILES.contains(&broken.name);
    let mut shrinker = Shrinker {
        best: plan.clone(),
        broken,
        steps,
        most: steps,
        files_every: if of_files { FILES_WHILE_SHRINKING } else { FILES_EVERY },
        tries: 0,
        budget: MOST_STEPS,
        stop,
    };
    shrinker.cut_the_end();
    for _ in 0..MOST_ROUNDS {
        let before = shrinker.best.clone();
        shrinker.fewer_groups();
        shrinker.fewer_pairs();
        shrinker.fewer_lines();
        shrinker.smaller_sides();
        shrinker.smaller_cluster();
        shrinker.fewer_settings();
        shrinker.shorter_pauses();
        shrinker.cut_the_end();
        if shrinker.best == before && !shrinker.fewer_with_other_seeds() {
            break;
        }
        if shrinker.is_over() {
            break;
        }
    }
    shrinker.finish(plan, played)
}

impl Shrinker<'_> {
    fn is_over(&self) -> bool {
        self.budget == 0 || (self.stop)()
    }

    /// Whether a plan with fewer lines, or a smaller fault, breaks the same promise; then it is the best so far.
    fn breaks_with_less(&mut self, plan: Plan) -> bool {
        self.accepts(plan, self.most)
    }

    /// The same for one with as many lines: it may not take longer.
    fn breaks(&mut self, plan: Plan) -> bool {
        self.accepts(plan, self.steps)
    }

    fn accepts(&mut self, plan: Plan, most: u64) -> bool {
        if self.is_over() {
            return false;
        }
        let (lines, pace) = (plan.lines(), (most, self.files_every));
        let played = play_lines(&lines, plan.is_guarded, pace, self.stop);
        self.tries += 1;
        self.budget = self.budget.saturating_sub(played.steps.max(50));
        match played.broken {
            Some(broken) if broken.name == self.broken.name && played.steps <= most => {
                (self.best, self.broken, self.steps) = (plan, broken, played.steps);
                true
            }
            _ => false,
        }
    }

    /// Whether it breaks without some lines; their pauses stay, or go with them.
    fn breaks_without(&mut self, away: impl Fn(usize, &Move) -> bool) -> bool {
        let stays = without(&self.best, &away, true);
        let goes = without(&self.best, &away, false);
        stays != goes && self.breaks_with_less(goes) || self.breaks_with_less(stays)
    }

    fn groups(&self) -> Vec<u32> {
        let mut groups: Vec<u32> = self.best.moves.iter().map(|step| step.group).collect();
        groups.retain(|group| *group > 0);
        groups.sort_unstable();
        groups.dedup();
        groups
    }

    /// What came after the break, and what was refused.
    fn cut_the_end(&mut self) {
        if self.is_over() {
            return;
        }
        let (lines, pace) = (self.best.lines(), (self.steps, self.files_every));
        let played = play_lines(&lines, self.best.is_guarded, pace, self.stop);
        if played.broken.is_none() {
            return;
        }
        let mut plan = self.best.clone();
        let mut line = 1;
        let mut kept: Vec<Move> = Vec::new();
        let mut gap = 0;
        for mut step in plan.moves {
            line += runs(step.gap_ms);
            let own = line;
            line += usize::from(!step.text.is_empty());
            if own - runs(step.gap_ms) > played.line.0 {
                break;
            }
            if played.refused.contains(&own) && !step.text.is_empty() {
                gap += step.gap_ms;
                continue;
            }
            step.gap_ms += std::mem::take(&mut gap);
            kept.push(step);
        }
        plan.moves = kept;
        plan.tail_ms = 8_000;
        self.breaks(plan);
    }

    /// Groups of lines, halves first.
    fn fewer_groups(&mut self) {
        let mut groups = self.groups();
        let mut size = groups.len().div_ceil(2).max(1);
        loop {
            let mut at = 0;
            while at < groups.len() {
                let away = groups[at..(at + size).min(groups.len())].to_vec();
                if self.breaks_without(|_, step| away.contains(&step.group)) {
                    groups.drain(at..(at + size).min(groups.len()));
                } else {
                    at += size;
                }
            }
            if size == 1 || self.is_over() {
                return;
            }
            size = size.div_ceil(2);
        }
    }

    /// Two groups at a time: a fault and the one that makes up for it.
    fn fewer_pairs(&mut self) {
        let groups = self.groups();
        if groups.len() > MOST_PAIRED {
            return;
        }
        for (number, one) in groups.iter().enumerate() {
            for other in &groups[number + 1..] {
                let left = self.groups();
                if left.contains(one) && left.contains(other) && !self.is_over() {
                    self.breaks_without(|_, step| step.group == *one || step.group == *other);
                }
            }
        }
    }

    /// Single lines: a broker that is not started again, a link that is not healed.
    fn fewer_lines(&mut self) {
        let mut at = self.best.moves.len();
        while at > 0 {
            at -= 1;
            if self.best.moves.get(at).is_some_and(|step| step.group > 0) {
                self.breaks_without(|number, _| number == at);
            }
        }
    }

    /// A group less, with the chance of another seed. Whether one went.
    fn fewer_with_other_seeds(&mut self) -> bool {
        let before = self.best.moves.len();
        for group in self.groups() {
            for seed in OTHER_SEEDS {
                let mut plan = without(&self.best, &|_, step| step.group == group, true);
                set_number(&mut plan.cluster, "seed", |_| Some(seed));
                if self.breaks_with_less(plan) {
                    break;
                }
            }
        }
        self.best.moves.len() < before
    }

    /// A side with fewer nodes, and a single link instead of a side.
    fn smaller_sides(&mut self) {
        let mut words = self.best.cluster.split_whitespace();
        let brokers = words.find_map(|word| word.strip_prefix("brokers=")?.parse::<u64>().ok());
        let brokers = brokers.unwrap_or(0);
        for number in 0..self.best.moves.len() {
            let text = self.best.moves[number].text.clone();
            let Some(side) = text.strip_prefix("network split ") else { continue };
            let mut side: Vec<&str> = side.split(',').collect();
            let mut at = 0;
            while side.len() > 1 && at < side.len() {
                let mut less = side.clone();
                less.remove(at);
                match self.breaks_with(number, format!("network split {}", less.join(","))) {
                    true => side = less,
                    false => at += 1,
                }
            }
            let others = (1..=brokers).chain([3001, 2181]).map(|id| id.to_string());
            let others = others.filter(|other| !side.contains(&other.as_str()));
            let cuts: Vec<String> = side
                .iter()
                .flat_map(|one| {
                    others.clone().map(move |other| format!("network cut {one} {other}"))
                })
                .collect();
            cuts.into_iter().any(|cut| self.breaks_with(number, cut));
        }
    }

    /// Whether the plan breaks the promise with another line in this place.
    fn breaks_with(&mut self, number: usize, text: String) -> bool {
        let mut plan = self.best.clone();
        match plan.moves.get_mut(number) {
            Some(step) => step.text = text,
            None => return false,
        }
        self.breaks_with_less(plan)
    }

    fn smaller_cluster(&mut self) {
        for (name, values) in [("brokers", 2..5), ("controllers", 1..3)] {
            for value in values {
                let mut plan = self.best.clone();
                if replace_number(&mut plan.cluster, name, value) && self.breaks(plan) {
                    break;
                }
            }
        }
        for value in 1..3 {
            let mut plan = self.best.clone();
            let mut changed = false;
            for step in plan.moves.iter_mut().filter(|s| s.text.starts_with("topic create")) {
                changed |= replace_number(&mut step.text, "partitions", value);
            }
            if changed && self.breaks(plan) {
                break;
            }
        }
    }

    /// Settings that do not matter are left at their defaults; never one that makes a cluster safe, or else something
    /// easier would be found than what was looked for.
    fn fewer_settings(&mut self) {
        for name in settings(&self.best.cluster) {
            let mut plan = self.best.clone();
            plan.cluster = without_word(&plan.cluster, &name);
            self.breaks(plan);
        }
        for number in 0..self.best.moves.len() {
            let names = match self.best.moves.get(number) {
                Some(step) => settings(&step.text),
                None => break,
            };
            for name in names {
                let mut plan = self.best.clone();
                plan.moves[number].text = without_word(&plan.moves[number].text, &name);
                self.breaks(plan);
            }
        }
    }

    fn shorter_pauses(&mut self) {
        for number in 0..self.best.moves.len() {
            let gap = self.best.moves[number].gap_ms;
            let round = |to: u64| gap / to * to;
            for shorter in [0, gap / 4, gap / 2, round(1_000), round(100), round(10)] {
                if shorter < self.best.moves[number].gap_ms {
                    let mut plan = self.best.clone();
                    plan.moves[number].gap_ms = shorter;
                    if self.breaks(plan) {
                        break;
                    }
                }
            }
        }
    }

    /// The script, ended where the promise breaks, and played once more as it stands: of the best, or else of the
    /// schedule that was found. Whoever interrupts waits for it; it is one schedule.
    fn finish(mut self, found: &Plan, played: &Played) -> Option<Shrunk> {
        let is_interrupted = (self.stop)();
        let of_lines = played.line.0 + 2 - played.refused.len();
        let ways = [
            (self.best.clone(), self.steps, self.files_every),
            (found.clone(), self.most, FILES_EVERY),
        ];
        for (plan, most, files_every) in ways {
            let Some((lines, line)) = self.up_to_the_break(&plan, (most, files_every)) else {
                continue;
            };
            for longest in [Duration(u64::MAX), Duration::from_ms(5_000)] {
                let mut script = join_runs(&lines, line, longest);
                script.push(format!("expect violated(\"{}\")", self.broken.name));
                let again = play_lines(&script, false, (self.most + 100, u64::MAX), &|| false);
                self.tries += 1;
                let Some(broken) = again.broken.filter(|broken| broken.name == self.broken.name)
                else {
                    continue;
                };
                let (count, steps, tries) = (script.len(), again.steps, self.tries);
                let script = script.join("\n") + "\n";
                return Some(Shrunk {
                    script,
                    broken,
                    steps,
                    lines: count,
                    of_lines,
                    tries,
                    is_interrupted,
                });
            }
        }
        None
    }

    /// The lines of a plan up to where it breaks, without those that did nothing, and how long the last one runs.
    fn up_to_the_break(
        &mut self,
        plan: &Plan,
        pace: (u64, u64),
    ) -> Option<(Vec<String>, Duration)> {
        let lines = plan.lines();
        let played = play_lines(&lines, plan.is_guarded, pace, &|| false);
        self.tries += 1;
        played.broken.filter(|broken| broken.name == self.broken.name)?;
        let (at, into_us) = played.line;
        let kept = lines.into_iter().enumerate().take(at + 1);
        let kept = kept.filter(|(number, _)| !played.refused.contains(number));
        Some((kept.map(|(_, line)| line).collect(), Duration(into_us)))
    }
}

/// How many `run` lines a pause takes.
fn runs(gap_ms: u64) -> usize {
    gap_ms.div_ceil(4_000) as usize
}

fn without(plan: &Plan, away: &dyn Fn(usize, &Move) -> bool, pauses_stay: bool) -> Plan {
    let mut new = plan.clone();
    let mut gap = 0;
    new.moves.clear();
    for (number, step) in plan.moves.iter().enumerate() {
        if away(number, step) {
            gap += if pauses_stay { step.gap_ms } else { 0 };
        } else {
            let gap_ms = step.gap_ms + std::mem::take(&mut gap);
            new.moves.push(Move { gap_ms, ..step.clone() });
        }
    }
    new.tail_ms += gap;
    new
}

/// Pauses in a row become one, as long as it is no longer than `longest`; the last one takes `last`.
fn join_runs(lines: &[String], last: Duration, longest: Duration) -> Vec<String> {
    let time_of = |line: &String| line.strip_prefix("run ").and_then(Duration::parse);
    let mut joined: Vec<String> = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let Some(time) = time_of(line) else {
            joined.push(line.clone());
            continue;
        };
        let time = if number + 1 == lines.len() { last } else { time };
        let before = joined.last().and_then(time_of);
        let sum = before.map_or(time, |before| before + time);
        if before.is_some() && sum < longest {
            joined.pop();
            joined.push(format!("run {}", exact(sum)));
        } else {
            joined.push(format!("run {}", exact(time)));
        }
    }
    joined
}

fn exact(time: Duration) -> String {
    match (time.0 % 1_000_000, time.0 % 1_000) {
        (0, _) => format!("{}s", time.0 / 1_000_000),
        (_, 0) => format!("{}ms", time.0 / 1_000),
        _ => format!("{}us", time.0),
    }
}

/// Settings that keep a cluster safe, or that were asked for.
const KEPT: [&str; 3] =
    ["min.insync.replicas", "unclean.leader.election.enable", "auto.create.topics.enable"];

/// Settings of a line that may go: words with `=` whose name has a dot.
fn settings(text: &str) -> Vec<String> {
    let words = text.split_whitespace().filter_map(|word| word.split_once('='));
    let names = words.map(|(name, _)| name).filter(|name| name.contains('.'));
    names.filter(|name| !KEPT.contains(name)).map(str::to_owned).collect()
}

fn without_word(text: &str, name: &str) -> String {
    let other = |word: &&str| word.split_once('=').is_none_or(|(known, _)| known != name);
    text.split_whitespace().filter(other).collect::<Vec<_>>().join(" ")
}

/// Writes a smaller number.
fn replace_number(text: &mut String, name: &str, value: u64) -> bool {
    set_number(text, name, |old| (value < old).then_some(value))
}

fn set_number(text: &mut String, name: &str, new: impl Fn(u64) -> Option<u64>) -> bool {
    let mut changed = false;
    let words = text.split_whitespace().map(|word| {
        let value = word.split_once('=').filter(|(known, _)| *known == name);
        let value = value.and_then(|(_, old)| new(old.parse().ok()?));
        changed |= value.is_some();
        value.map_or_else(|| word.to_owned(), |value| format!("{name}={value}"))
    });
    *text = words.collect::<Vec<_>>().join(" ");
    changed
}
