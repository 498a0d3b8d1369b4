//! What a search found, as text and as JSON.

use super::faults::FaultKind;
use super::play::Played;
use super::shrink::Shrunk;
use super::wish::Wish;
use crate::chinese;
use crate::lesson;
use crate::types::{Language, counted};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// What a search found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What was asked for.
    pub wish: Wish,
    /// Schedules played.
    pub schedules: u64,
    /// Steps taken.
    pub steps: u64,
    /// How long it took.
    pub seconds: f64,
    /// How often somebody became leader of a partition.
    pub elections: u64,
    /// Records that were committed.
    pub records: u64,
    /// What Kafka allows and somebody should know, by name.
    pub findings: BTreeMap<&'static str, u64>,
    /// The least seed that broke a promise, and what happened.
    pub found: Option<(u64, Played)>,
    /// The short script.
    pub shrunk: Option<Shrunk>,
    /// Whether somebody stopped it.
    pub is_interrupted: bool,
    pub(super) wrong: Option<String>,
}

impl Report {
    /// Steps a second.
    pub fn steps_per_second(&self) -> f64 {
        if self.seconds > 0.0 { self.steps as f64 / self.seconds } else { 0.0 }
    }

    /// The fields: kafka, configs, faults, seed, seeds, stepsPerSchedule, threads; schedules, steps, seconds,
    /// schedulesPerMinute, stepsPerSecond, elections, recordsCommitted, findings (by name), interrupted; violation:
    /// null, or seed, invariant, sentence, step, atUs and script: null, or text, lines, steps, step, sentence, tries,
    /// interrupted.
    pub fn json(&self) -> Json {
        let wish = &self.wish;
        let violation = self.found.as_ref().and_then(|(seed, played)| {
            let broken = played.broken.as_ref()?;
            let script = self.shrunk.as_ref().map(|shrunk| {
                json!({
                    "text": shrunk.script,
                    "lines": shrunk.lines,
                    "steps": shrunk.steps,
                    "step": shrunk.broken.step,
                    "sentence": shrunk.broken.sentence,
                    "tries": shrunk.tries,
                    "interrupted": shrunk.is_interrupted,
                })
            });
            Some(json!({
                "seed": seed,
                "invariant": broken.name,
                "sentence": broken.sentence,
                "step": broken.step,
                "atUs": broken.at_us,
                "script": script,
            }))
        });
        let minutes = self.seconds / 60.0;
        json!({
            "kafka": wish.kafka,
            "configs": wish.configs,
            "faults": wish.faults.iter().map(|kind| kind.name()).collect::<Vec<_>>(),
            "seed": wish.seed,
            "seeds": wish.seeds,
            "stepsPerSchedule": wish.steps,
            "threads": wish.threads,
            "schedules": self.schedules,
            "steps": self.steps,
            "seconds": self.seconds,
            "schedulesPerMinute": if minutes > 0.0 { self.schedules as f64 / minutes } else { 0.0 },
            "stepsPerSecond": self.steps_per_second(),
            "elections": self.elections,
            "recordsCommitted": self.records,
            "findings": self.findings,
            "interrupted": self.is_interrupted,
            "violation": violation,
        })
    }

    /// For people.
    pub fn text(&self, language: Language) -> String {
        let chinese = language == Language::Chinese;
        let mut text = String::new();
        let mut say = |english: String, other: String| {
            text.push_str(if chinese { &other } else { &english });
            text.push('\n');
        };
        let wish = &self.wish;
        let faults: Vec<&str> = wish.faults.iter().map(|kind: &FaultKind| kind.name()).collect();
        let faults = if faults.is_empty() { "none".to_owned() } else { faults.join(", ") };
        let configs: String = wish.configs.iter().map(|(k, v)| format!(" {k}={v}")).collect();
        say(
            format!("kafka {}{configs}; faults: {faults}", wish.kafka),
            format!("kafka {}{configs}；故障：{faults}", wish.kafka),
        );
        say(
            format!(
                "{} from seed {}, {} in {:.1} s ({:.0} a second); {}, {} committed",
                counted(self.schedules, "schedule"),
                wish.seed,
                counted(self.steps, "step"),
                self.seconds,
                self.steps_per_second(),
                counted(self.elections, "election"),
                counted(self.records, "record"),
            ),
            format!(
                "从种子 {} 起 {} 个调度，{} 步，{:.1} 秒（每秒 {:.0} 步）；{} 次选举，提交 {} 条记录",
                wish.seed,
                self.schedules,
                self.steps,
                self.seconds,
                self.steps_per_second(),
                self.elections,
                self.records,
            ),
        );
        for (name, count) in &self.findings {
            say(
                format!("finding {name}: {} (Kafka allows it)", counted(*count, "time")),
                format!("提示 {name}：{count} 次（Kafka 允许）"),
            );
        }
        let Some((seed, played)) = &self.found else {
            match self.is_interrupted {
                true => say(
                    "stopped before the end; nothing violated so far".into(),
                    "提前停止；尚无违反".into(),
                ),
                false => say("nothing violated".into(), "没有违反".into()),
            }
            return text;
        };
        if let Some(broken) = &played.broken {
            say(
                format!(
                    "seed {seed}, step {}: broken promise {}: {}",
                    broken.step, broken.name, broken.sentence
                ),
                format!(
                    "种子 {seed}，第 {} 步：承诺被打破 {}：{}",
                    broken.step,
                    broken.name,
                    chinese::told(&broken.sentence)
                ),
            );
        }
        let lost = played.broken.as_ref().is_some_and(|broken| broken.name == "no-lost-write");
        if lost && wish.faults.contains(&FaultKind::Power) && !wish.has_elr() {
            let where_to = "klab fidelity simulator-before-elr";
            say(
                format!("before KIP-966 (4.0) one loss of power may lose records: {where_to}"),
                format!("KIP-966（4.0）之前，一次断电就可能丢失记录：{where_to}"),
            );
        }
        match &self.shrunk {
            None => say(
                "its script alone does not break it again: play its seed once more".into(),
                "单独运行其脚本不会再次打破承诺：请用同一种子重放".into(),
            ),
            Some(shrunk) => {
                if shrunk.is_interrupted {
                    say(
                        "interrupted while shrinking: this is the least so far".into(),
                        "缩小时被中断：这是目前最小的".into(),
                    );
                }
                let (lines, steps) = (counted(shrunk.lines, "line"), counted(shrunk.steps, "step"));
                let found = (counted(shrunk.of_lines, "line"), counted(played.steps, "step"));
                if shrunk.lines >= shrunk.of_lines && shrunk.steps >= played.steps {
                    say(
                        format!("it was not made smaller: {lines}, {steps}:\n"),
                        format!("未能缩小：{} 行、{} 步：\n", shrunk.lines, shrunk.steps),
                    );
                } else {
                    say(
                        format!("shrunk from {}, {} to {lines}, {steps}:\n", found.0, found.1),
                        format!(
                            "从 {} 行、{} 步缩小到 {} 行、{} 步：\n",
                            shrunk.of_lines, played.steps, shrunk.lines, shrunk.steps
                        ),
                    );
                }
                say(shrunk.script.clone(), shrunk.script.clone());
                let broken = &shrunk.broken;
                say(
                    format!("there: {}", broken.sentence),
                    format!("其中：{}", chinese::told(&broken.sentence)),
                );
            }
        }
        text
    }

    /// What was found as a lesson of this id: the script, and what it breaks. An error is a sentence.
    pub fn lesson(&self, id: &str) -> Result<String, String> {
        let (Some((seed, _)), Some(shrunk)) = (&self.found, &self.shrunk) else {
            return Err("nothing was found that could be a lesson".into());
        };
        if !lesson::is_id(id) {
            return Err(format!(
                "'{id}' is no lesson's id: take one like b90-lost, as b90-lost.md"
            ));
        }
        let track = id.chars().next().map_or('B', |letter| letter.to_ascii_uppercase());
        let track = if lesson::TRACKS.iter().any(|row| row.0 == track) { track } else { 'B' };
        let era = if self.wish.is_zookeeper() { "zookeeper" } else { "kraft" };
        let (name, sentence) = (shrunk.broken.name, &shrunk.broken.sentence);
        let kafka = &self.wish.kafka;
        Ok(format!(
            "---\nid: {id}\ntitle: A broken promise, {name}\ntrack: {track}\nminutes: 5\nera: {era}\n\
             panes: partition, timeline\nseed: {seed}\nquestion: How does this schedule break {name}?\n\
             sources: klab simulate, kafka {kafka}, seed {seed}\n---\n\n\
             A schedule of faults, found by `klab simulate` and made small. Step through it, and ask why.\n\n\
             ## The schedule\n\n```klab\n{}```\n\nWhat broke: {sentence}\n",
            shrunk.script
        ))
    }
}
