//! A lesson as text from beginning to end: for a pipe, a screen reader, a printer; or as JSON lines for a program.
//!
//! Nothing is waited for: questions are answered by the engine and marked so. A race that a step has prepared is played
//! at its end, on a branch of its own.

use super::format::{Lesson, Part};
use super::player::{Event, Player};
use crate::cluster::Lab;
use crate::script::{Output, Session};
use crate::trace::{Role, prose};
use crate::types::Language;
use serde_json::json;
use std::sync::Arc;

/// Plays the whole lesson. `false`: it got stuck; the last lines say where.
pub fn plain(
    lesson: Arc<Lesson>,
    session: Session,
    width: usize,
    json: bool,
    out: &mut dyn FnMut(&str),
) -> bool {
    let language = lesson.language;
    let mut player = match Player::new(lesson.clone(), session) {
        Ok(player) => player,
        Err(error) => {
            out(&if json { json!({ "type": "error", "text": error }).to_string() } else { error });
            return false;
        }
    };
    let mut writer = Writer { out, width, json, language };
    writer.head(&lesson);
    loop {
        match player.advance() {
            Event::End => {
                writer.races(&mut player, lesson.steps.len() - 1);
                // Whoever keeps the files finds them as a clean stop leaves them.
                if let Some(Err(error)) = player.session.lab.as_mut().map(Lab::close) {
                    (writer.out)(&format!("the clean close failed: {error}"));
                }
                writer.asides(&lesson, lesson.steps.len() - 1);
                writer.object(json!({ "type": "end", "lesson": lesson.id }));
                return true;
            }
            Event::Stuck(error) => {
                writer
                    .both(json!({ "type": "error", "text": error }), std::slice::from_ref(&error));
                return false;
            }
            Event::Step(step) => {
                if step > 0 {
                    writer.races(&mut player, step - 1);
                    writer.asides(&lesson, step - 1);
                }
                let heading = &lesson.steps[step].heading;
                let line = format!("{}/{}  {heading}", step + 1, lesson.steps.len());
                writer.both(
                    json!({ "type": "step", "step": step + 1, "heading": heading }),
                    &[String::new(), line],
                );
            }
            Event::Read(part) => writer.read(&lesson.steps[player.step()].parts[part]),
            Event::Ask(part) => {
                if let Part::Predict(predict) = &lesson.steps[player.step()].parts[part] {
                    let mut lines = vec![String::new(), format!("? {}", predict.question)];
                    for (number, option) in predict.options.iter().enumerate() {
                        lines.push(format!("  {}  {}", number + 1, option.text));
                    }
                    let options: Vec<&str> =
                        predict.options.iter().map(|option| option.text.as_str()).collect();
                    writer.both(json!({ "type": "question", "question": predict.question, "options": options }), &lines);
                }
                player.answer(None);
            }
            Event::Command(command) => writer.command(&command),
            Event::Happened => {}
            Event::Said(output) => writer.said(&output),
            Event::Answer(part, answer) => {
                let why = match &lesson.steps[player.step()].parts[part] {
                    Part::Predict(predict) => predict.why.clone(),
                    _ => String::new(),
                };
                let marked = language.pick("answered by the engine", "由引擎作答");
                let (open, close) = (language.pick("  (", "（"), language.pick(")", "）"));
                let line = format!("! {}{open}{marked}{close}", answer.engine);
                writer.both(
                    json!({ "type": "answer", "answer": answer.engine, "why": why }),
                    &[String::new(), line],
                );
                writer.prose(&why);
            }
        }
    }
}

struct Writer<'a> {
    out: &'a mut dyn FnMut(&str),
    width: usize,
    json: bool,
    language: Language,
}

impl Writer<'_> {
    fn object(&mut self, value: serde_json::Value) {
        if self.json {
            (self.out)(&value.to_string());
        }
    }
    fn both(&mut self, value: serde_json::Value, lines: &[String]) {
        match self.json {
            true => self.object(value),
            false => lines.iter().for_each(|line| (self.out)(line)),
        }
    }
    fn prose(&mut self, text: &str) {
        if self.json || text.is_empty() {
            return;
        }
        for line in prose::paragraphs(text, self.width, Role::Plain) {
            (self.out)(&line.to_text());
        }
    }
    fn head(&mut self, lesson: &Lesson) {
        let about = json!({ "type": "lesson", "id": lesson.id, "title": lesson.title, "question": lesson.question });
        self.both(about, &[format!("{}  {}", lesson.id, lesson.title), lesson.question.clone()]);
        lesson.opening.iter().for_each(|part| self.read(part));
    }
    fn read(&mut self, part: &Part) {
        let (text, is_prose) = match part {
            Part::Prose { text, .. } => (text, true),
            Part::Picture { text, .. } => (text, false),
            _ => return,
        };
        self.object(json!({ "type": if is_prose { "prose" } else { "picture" }, "text": text }));
        if self.json {
            return;
        }
        (self.out)("");
        match is_prose {
            true => self.prose(text),
            false => text.lines().for_each(|line| (self.out)(line)),
        }
    }
    /// The races of a step: what they are called, their commands, and what these print.
    fn races(&mut self, player: &mut Player, step: usize) {
        let lesson = player.lesson.clone();
        for race in &lesson.steps[step].races {
            let word = self.language.pick("A race", "一场竞态");
            let colon = self.language.pick(": ", "：");
            let lines = [String::new(), format!("{word}{colon}{}", race.title)];
            self.both(json!({ "type": "race", "title": race.title }), &lines);
            match player.race(race) {
                Ok(said) => {
                    for (command, output) in said {
                        self.command(&command);
                        self.said(&output);
                    }
                }
                Err(error) => {
                    let object = json!({ "type": "error", "text": error });
                    self.both(object, std::slice::from_ref(&error));
                }
            }
        }
    }
    fn command(&mut self, command: &str) {
        self.both(
            json!({ "type": "command", "command": command }),
            &[String::new(), format!("> {command}")],
        );
    }
    fn said(&mut self, output: &Output) {
        let lines: Vec<String> = output.lines.iter().map(|line| format!("  {line}")).collect();
        self.both(
            json!({ "type": "said", "lines": output.lines, "result": output.result }),
            &lines,
        );
    }
    /// "In production" and "read next" of a step.
    fn asides(&mut self, lesson: &Lesson, step: usize) {
        let step = &lesson.steps[step];
        let words = [
            (self.language.pick("In production", "在生产环境中"), &step.in_production),
            (self.language.pick("Read next", "接着读"), &step.read_next),
        ];
        for (word, texts) in words {
            for text in texts {
                self.object(json!({ "type": "aside", "about": word, "text": text }));
                if !self.json {
                    (self.out)("");
                    let colon = self.language.pick(": ", "：");
                    self.prose(&format!("{word}{colon}{text}"));
                }
            }
        }
    }
}
