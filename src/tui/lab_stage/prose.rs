//! The story beside the pictures: a lesson's step with its commands as far as they are, or what a sandbox says first.

use super::LabStage;
use crate::lesson::{self, Part};
use crate::tui::beats::{Beat, stands_beside};
use crate::tui::stage::{CommandLine, Done, Part as Shown, Prose, Question};
use crate::types::Language;

impl LabStage {
    pub(super) fn lesson_pane(&self, language: Language, prose: &mut Prose) -> Option<()> {
        let lesson = self.play.lesson(language)?;
        let step = lesson.steps.get(self.play.at)?;
        prose.heading.clone_from(&step.heading);
        if self.play.at == 0 {
            for part in &lesson.opening {
                prose.parts.extend(text_of(part));
            }
        }
        for (at, part) in step.parts.iter().enumerate() {
            match part {
                Part::Commands(commands) if commands.hidden => {}
                Part::Commands(_) => {
                    for beat in self.beats(at) {
                        prose.parts.push(Shown::Command(self.command_line(beat)));
                    }
                }
                Part::Predict(predict) => {
                    let Some(beat) = self.beats(at).next() else { continue };
                    prose.parts.push(Shown::Question(self.asked(beat, predict)));
                }
                part => prose.parts.extend(text_of(part)),
            }
            // What comes behind something that is still to be done is not told yet.
            if self.beats(at).any(|beat| !self.is_done(beat)) {
                break;
            }
        }
        let given = self.play.hints.get(&self.play.at).copied().unwrap_or(0).min(step.hints.len());
        prose.hints = step.hints[..given].to_vec();
        prose.hints_left = step.hints.len() - given;
        prose.done = (0..self.play.beats.len())
            .filter(|at| self.play.beats[*at].step == self.play.at)
            .all(|at| self.is_done(at));
        prose.begun = (0..self.play.beats.len())
            .filter(|at| {
                self.play.beats[*at].step == self.play.at && self.play.beats[*at].part.is_some()
            })
            .any(|at| match self.play.beats[at].beat {
                Beat::Question => self.play.records[at].began.is_some(),
                Beat::Command(_, hidden) => !hidden && self.play.state(at) != Done::ToDo,
            });
        let w = |english: &str, chinese: &str| language.pick(english, chinese).to_owned();
        let production =
            step.in_production.iter().map(|t| (w("in production", "在生产环境"), t.clone()));
        let read = step.read_next.iter().map(|t| (w("read next", "接着读"), t.clone()));
        prose.footnotes = production.chain(read).collect();
        Some(())
    }

    fn beats(&self, part: usize) -> impl Iterator<Item = usize> + '_ {
        let here = (self.play.at, Some(part));
        (0..self.play.beats.len())
            .filter(move |at| (self.play.beats[*at].step, self.play.beats[*at].part) == here)
    }

    fn is_done(&self, beat: usize) -> bool {
        match self.play.beats[beat].beat {
            Beat::Question => self.play.records[beat].said.is_some(),
            Beat::Command(..) => matches!(self.play.state(beat), Done::Done | Done::Failed),
        }
    }

    fn command_line(&self, beat: usize) -> CommandLine {
        let (command, beside) = match &self.play.beats[beat].beat {
            Beat::Command(statement, _) => (statement.text.clone(), stands_beside(statement)),
            Beat::Question => (String::new(), false),
        };
        let state = self.play.state(beat);
        let told = state == Done::Failed || (state == Done::Done && !beside);
        let output = if told { self.play.records[beat].output.clone() } else { Vec::new() };
        CommandLine { command, state, output }
    }

    fn asked(&self, beat: usize, predict: &lesson::Predict) -> Question {
        let record = &self.play.records[beat];
        let choices: Vec<String> = predict.options.iter().map(|o| o.text.clone()).collect();
        let text = |said: &String| match said.parse::<usize>().ok().and_then(|at| choices.get(at)) {
            Some(choice) => choice.clone(),
            None => said.clone(),
        };
        let truth = record.truth.as_ref();
        Question {
            text: predict.question.clone(),
            given: record.said.as_ref().map(text),
            truth: truth.map(|(truth, _)| text(truth)),
            right: truth.map(|(_, right)| *right),
            why: truth.map_or_else(String::new, |_| predict.why.clone()),
            choices,
        }
    }

    pub(super) fn sandbox_pane(&self, language: Language, prose: &mut Prose) {
        let w = |english: &'static str, chinese: &'static str| language.pick(english, chinese);
        prose.begun = !self.play.tries.is_empty();
        let count = self.play.session.lab.as_ref().map_or(3, |lab| lab.cluster().brokers.len());
        prose.heading = match count {
            1 => w("One broker, your commands", "一个 broker，命令由你").into(),
            3 => w("Three brokers, your commands", "三个 broker，命令由你").into(),
            _ if language == Language::Chinese => format!("{count} 个 broker，命令由你"),
            _ => format!("{count} brokers, your commands"),
        };
        if self.play.tries.is_empty() {
            prose.parts.push(Shown::Text(
                w(
                    "Press `:` and type. Tab completes, and every command has an example: `help produce`.\n\n\
                     Three to begin with:",
                    "按 `:` 输入命令。Tab 补全；每个命令都有例子：`help produce`。\n\n可以从这三条开始：",
                )
                .into(),
            ));
            prose.parts.push(Shown::Kept(
                "  topic create orders partitions=3 replication-factor=3\n  produce orders key=alice value=\"3 apples\"\n  \
                 broker kill 1"
                    .into(),
            ));
        }
    }
}

fn text_of(part: &Part) -> Option<Shown> {
    match part {
        Part::Prose { text, .. } => Some(Shown::Text(text.clone())),
        Part::Picture { text, .. } => Some(Shown::Kept(text.clone())),
        Part::Commands(_) | Part::Predict(_) => None,
    }
}
