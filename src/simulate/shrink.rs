//! From a schedule that breaks a promise to a short script that breaks it again.
//!
//! ```text
//!   41 lines, 6 200 steps ──▶ what came later is cut ──▶ groups of lines taken away, halves first
//!        ──▶ fewer brokers, partitions ──▶ settings left at their defaults ──▶ shorter pauses ──▶ 7 lines, 900 steps
//! ```
//!
//! Every try is played; it counts if the same invariant breaks. How much is tried is bounded by steps, not by time, so
//! that the same schedule always shrinks to the same script.

use super::plan::{Move, Plan};
use super::play::{Broken, Played, play, play_lines};
use crate::clock::Duration;

/// Most steps of all tries together.
const MOST_STEPS: u64 = 6_000_000;

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
    /// How many schedules were tried.
    pub tries: u64,
}

struct Shrinker<'a> {
    best: Plan,
    broken: Broken,
    steps: u64,
    tries: u64,
    budget: u64,
    stop: &'a dyn Fn() -> bool,
}

/// Shrinks a schedule that broke a promise.
pub fn shrink(plan: &Plan, played: &Played, stop: &dyn Fn() -> bool) -> Option<Shrunk> {
    let broken = played.broken.clone()?;
    let steps = played.steps;
    let mut shrinker =
        Shrinker { best: plan.clone(), broken, steps, tries: 0, budget: MOST_STEPS, stop };
    shrinker.cut_the_end();
    let mut before = usize::MAX;
    while shrinker.best.moves.len() < before && shrinker.budget > 0 {
        before = shrinker.best.moves.len();
        shrinker.fewer_groups();
        shrinker.fewer_lines();
    }
    shrinker.smaller_sides();
    shrinker.smaller_cluster();
    shrinker.fewer_settings();
    shrinker.shorter_pauses();
    shrinker.fewer_groups();
    shrinker.cut_the_end();
    shrinker.finish()
}

impl Shrinker<'_> {
    /// Whether a plan breaks the same promise; then it is the best so far.
    fn breaks(&mut self, plan: Plan) -> bool {
        if self.budget == 0 || (self.stop)() {
            return false;
        }
        let most = self.steps + self.steps / 2 + 500;
        let played = play(&plan, most, self.stop);
        self.tries += 1;
        self.budget = self.budget.saturating_sub(played.steps.max(50));
        match played.broken {
            Some(broken) if broken.name == self.broken.name => {
                (self.best, self.broken, self.steps) = (plan, broken, played.steps);
                true
            }
            _ => false,
        }
    }

    /// What came after the break, and what was refused.
    fn cut_the_end(&mut self) {
        let played = play(&self.best, self.steps, self.stop);
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
        let mut groups: Vec<u32> = self.best.moves.iter().map(|step| step.group).collect();
        groups.retain(|group| *group > 0);
        groups.sort_unstable();
        groups.dedup();
        let mut size = groups.len().div_ceil(2).max(1);
        loop {
            let mut at = 0;
            while at < groups.len() {
                let away = &groups[at..(at + size).min(groups.len())];
                let plan = without(&self.best, |step| away.contains(&step.group));
                if self.breaks(plan) {
                    groups.drain(at..(at + size).min(groups.len()));
                } else {
                    at += size;
                }
            }
            if size == 1 || self.budget == 0 {
                return;
            }
            size = size.div_ceil(2);
        }
    }

    /// Single lines: a broker that is not started again, a link that is not healed.
    fn fewer_lines(&mut self) {
        let mut at = self.best.moves.len();
        while at > 0 {
            at -= 1;
            if self.best.moves[at].group > 0 {
                let mut number = 0;
                let plan = without(&self.best, |_| {
                    number += 1;
                    number - 1 == at
                });
                self.breaks(plan);
            }
        }
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
        self.breaks(plan)
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

    /// The script, ended where the promise breaks, and played once more.
    fn finish(mut self) -> Option<Shrunk> {
        let lines = self.best.lines();
        let played = play_lines(&lines, self.best.is_guarded, self.steps, self.stop);
        let broken = played.broken.clone()?;
        self.tries += 1;
        let (at, into_us) = played.line;
        let mut kept: Vec<String> = Vec::new();
        for (number, line) in lines.into_iter().enumerate().take(at + 1) {
            if played.refused.contains(&number) {
                continue;
            }
            let time = line.strip_prefix("run ").and_then(Duration::parse);
            let time = if number == at { time.map(|_| Duration(into_us)) } else { time };
            match time {
                Some(time) => push_run(&mut kept, time),
                None => kept.push(line),
            }
        }
        kept.push(format!("expect violated(\"{}\")", broken.name));
        let count = kept.len();
        let mut script = kept.join("\n");
        script.push('\n');
        Some(Shrunk { script, broken, steps: played.steps, lines: count, tries: self.tries })
    }
}

/// How many `run` lines a pause takes.
fn runs(gap_ms: u64) -> usize {
    gap_ms.div_ceil(4_000) as usize
}

fn without(plan: &Plan, mut away: impl FnMut(&Move) -> bool) -> Plan {
    let mut new = plan.clone();
    let mut gap = 0;
    new.moves.clear();
    for step in &plan.moves {
        gap += step.gap_ms;
        if !away(step) {
            new.moves.push(Move { gap_ms: std::mem::take(&mut gap), ..step.clone() });
        }
    }
    new.tail_ms += gap;
    new
}

/// Two pauses in a row become one, as long as it stays one that is walked step by step.
fn push_run(lines: &mut Vec<String>, time: Duration) {
    let before = lines.last().and_then(|line| line.strip_prefix("run ")).and_then(Duration::parse);
    let sum = before.map_or(time, |before| before + time);
    if sum < Duration::from_ms(5_000) {
        if before.is_some() {
            lines.pop();
        }
        lines.push(format!("run {}", exact(sum)));
    } else {
        lines.push(format!("run {}", exact(time)));
    }
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

fn replace_number(text: &mut String, name: &str, value: u64) -> bool {
    let mut changed = false;
    let words = text.split_whitespace().map(|word| match word.split_once('=') {
        Some((known, old)) if known == name && old.parse::<u64>().is_ok_and(|old| value < old) => {
            changed = true;
            format!("{name}={value}")
        }
        _ => word.to_owned(),
    });
    let new = words.collect::<Vec<_>>().join(" ");
    *text = new;
    changed
}
