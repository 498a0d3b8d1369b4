//! `klab check`: holds an author to the format, and the lesson to the engine.
//!
//! ```text
//! lessons/a05-offset-lookup.md:41:1: the output of this block differs
//!     ```klab
//!     ^^^^^^^ klab check --update records it anew
//!       offset 368776 found at position 897
//!     - offset 368776 found at byte 897
//! ```

use super::format::{Commands, Lesson, Moment, Part, Predict};
use super::library::Library;
use super::player::{Event, Player};
use super::scan::Source;
use crate::script::{ScriptError, Session, equal};
use crate::trace::width;
use crate::types::Language;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The widest line of a lesson file, in cells.
const WIDEST: usize = 120;

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What is wrong, in the order of files and lines.
    pub errors: Vec<ScriptError>,
    /// Lessons whose recorded outputs differ: id and the text with new ones.
    pub updated: Vec<(String, String)>,
    /// How many lessons were played, languages counted apart.
    pub played: usize,
}

/// Checks one lesson in all its languages. `root` is where source files and links are looked for; `update` makes
/// differing outputs no errors but a new text.
pub fn check(library: &Library, id: &str, root: Option<&Path>, update: bool) -> Report {
    let mut report = Report::default();
    for language in [Language::English, Language::Chinese] {
        let Some(text) = library.text(id, language) else { continue };
        let source = Source::new(&library.file(id, language), text);
        match library.load(id, language) {
            Err(errors) => {
                report.errors.extend(errors);
                return report;
            }
            Ok(lesson) => {
                lines(&source, &mut report);
                references(&source, &lesson, library, root, &mut report);
                let lesson = Arc::new(lesson);
                play(&source, lesson.clone(), update, &mut report);
                races(&source, &lesson, &mut report);
            }
        }
    }
    report
}

fn lines(source: &Source, report: &mut Report) {
    for (at, line) in source.lines.iter().enumerate() {
        let cells = width::of(line);
        // A table or a link cannot be broken; everything else can.
        if cells > WIDEST && !line.starts_with('|') && !line.contains("](http") {
            let message = format!("the line takes {cells} cells, {WIDEST} are allowed");
            report.errors.push(source.wrong(at + 1, message, "break it"));
        }
    }
}

/// Lessons, source files and relative links that are named must exist.
fn references(
    source: &Source,
    lesson: &Lesson,
    library: &Library,
    root: Option<&Path>,
    report: &mut Report,
) {
    let line_of = |text: &str| {
        source.lines.iter().position(|line| line.contains(text)).map_or(1, |at| at + 1)
    };
    for id in &lesson.prerequisites {
        if lesson.language == Language::English
            && library.text(id, Language::English).is_none()
            && library.directory.is_none()
        {
            let message = format!("there is no lesson '{id}'");
            report.errors.push(source.wrong(line_of(id), message, "look at prerequisites:"));
        }
    }
    let Some(root) = root else { return };
    if lesson.language == Language::English {
        for text in lesson.steps.iter().flat_map(|step| &step.read_next) {
            let file = text
                .split_whitespace()
                .next()
                .unwrap_or("")
                .trim_matches(|c| matches!(c, '`' | ',' | '.'));
            if !root.join(file).is_file() {
                let message = format!("there is no file '{file}'");
                report.errors.push(source.wrong(
                    line_of(file),
                    message,
                    "'read next:' begins with a source file",
                ));
            }
        }
    }
    for (at, line) in source.lines.iter().enumerate() {
        for link in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let outside =
                link.contains("://") || link.starts_with('#') || link.starts_with("mailto:");
            if !outside && !root.join("lessons").join(link).exists() {
                report.errors.push(source.wrong(
                    at + 1,
                    format!("the link leads nowhere: {link}"),
                    "",
                ));
            }
        }
    }
}

/// Each prepared schedule is played from the end of its step. The lesson is played anew for that: its own outputs know
/// nothing of the branches.
fn races(source: &Source, lesson: &Arc<Lesson>, report: &mut Report) {
    let none = lesson.steps.iter().all(|step| step.races.is_empty());
    if none || lesson.language != Language::English || !report.errors.is_empty() {
        return;
    }
    let session = Session::in_memory(lesson.language);
    let Ok(mut player) = Player::new(lesson.clone(), session) else { return };
    loop {
        let ended = match player.advance() {
            Event::End => lesson.steps.last(),
            Event::Step(step) => step.checked_sub(1).and_then(|step| lesson.steps.get(step)),
            Event::Ask(_) => {
                player.answer(None);
                continue;
            }
            Event::Stuck(_) => return,
            _ => continue,
        };
        for race in ended.iter().flat_map(|step| &step.races) {
            if let Err(error) = player.race(race) {
                let message = format!("'{}' fails at {error}", race.title);
                report.errors.push(source.wrong(
                    race.line,
                    message,
                    "it is played at the step's end",
                ));
            }
        }
        if player.is_ended() {
            return;
        }
    }
}

fn play(source: &Source, lesson: Arc<Lesson>, update: bool, report: &mut Report) {
    // Recorded outputs are those of the English session; the Chinese one must play, not print the same.
    let session = Session::in_memory(lesson.language);
    let mut player = match Player::new(lesson.clone(), session) {
        Ok(player) => player,
        Err(error) => {
            let line = lesson.setup.as_ref().map_or(1, |setup| setup.line);
            report.errors.push(source.wrong(line, error, ""));
            return;
        }
    };
    report.played += 1;
    let mut fitted = BTreeMap::new();
    loop {
        match player.advance() {
            Event::End => break,
            Event::Ask(part) => {
                fitted.insert(part, player.asking().and_then(|predict| fits(predict, &player)));
                player.answer(None);
            }
            Event::Stuck(error) => {
                let line = stuck_line(&lesson, player.step(), player.part());
                report.errors.push(source.wrong(line, error, "the lesson cannot go on from here"));
                return;
            }
            Event::Answer(part, _) => {
                if let Some(Part::Predict(predict)) = lesson.steps[player.step()].parts.get(part) {
                    let now = fitted.remove(&part).flatten();
                    one_right(source, predict, &player, report);
                    if lesson.language == Language::English {
                        one_moment(source, predict, now, fits(predict, &player), report);
                    }
                }
            }
            _ => {}
        }
    }
    if lesson.language == Language::English {
        outputs(source, &lesson, &player, update, report);
    }
}

fn stuck_line(lesson: &Lesson, step: usize, part: usize) -> usize {
    let step = lesson.steps.get(step);
    match step.and_then(|step| step.parts.get(part)) {
        Some(Part::Commands(commands)) => commands.line,
        Some(Part::Predict(predict)) => predict.answer_line,
        _ => step.map_or(1, |step| step.line),
    }
}

/// Exactly one option must be the engine's answer.
fn one_right(source: &Source, predict: &Predict, player: &Player, report: &mut Report) {
    let Ok(value) = super::player::engine_answer(predict, &player.session) else { return };
    let right = predict.options.iter().filter(|option| equal(&option.value, &value)).count();
    if right != 1 && !predict.options.is_empty() {
        let message = format!("the engine's answer is {value}, which fits {right} options");
        report.errors.push(source.wrong(predict.line, message, "exactly one option must be right"));
    }
}

/// The first option that fits what holds at this moment.
fn fits(predict: &Predict, player: &Player) -> Option<usize> {
    let value = super::player::engine_answer(predict, &player.session).ok()?;
    predict.options.iter().position(|option| equal(&option.value, &value))
}

/// Where one option fits in the moment of the question and another one after the commands, the author says which
/// moment is asked about; where nothing changes, nothing is to be said.
fn one_moment(
    source: &Source,
    predict: &Predict,
    now: Option<usize>,
    then: Option<usize>,
    report: &mut Report,
) {
    let two = now.zip(then).filter(|(now, then)| now != then);
    if let (Moment::Either, Some((now, then))) = (predict.moment, two) {
        let (now, then) = (&predict.options[now].text, &predict.options[then].text);
        let message = format!("it is '{now}' when it is asked, and '{then}' after the commands");
        let advice = "say which with 'answer now:' or 'answer then:'";
        report.errors.push(source.wrong(predict.answer_line, message, advice));
    }
}

/// Compares what was printed with what was recorded.
fn outputs(source: &Source, lesson: &Lesson, player: &Player, update: bool, report: &mut Report) {
    let mut changes: Vec<(&Commands, String)> = Vec::new();
    for (number, step) in lesson.steps.iter().enumerate() {
        for (at, part) in step.parts.iter().enumerate() {
            let Part::Commands(commands) = part else { continue };
            if commands.hidden {
                continue;
            }
            let said = player.outputs_of(number, at).iter().flat_map(|(_, output)| &output.lines);
            let printed: String = said.map(|line| format!("{}\n", line.trim_end())).collect();
            if printed == commands.output {
                continue;
            }
            if !update {
                let mut message = "the output of this block differs".to_string();
                message.push_str(&difference(&commands.output, &printed));
                let advice = "klab check --update records it anew";
                report.errors.push(source.wrong(commands.line, message, advice));
            }
            changes.push((commands, printed));
        }
    }
    if !changes.is_empty() {
        report.updated.push((lesson.id.clone(), rewritten(source, &changes)));
    }
}

/// The first line in which two outputs differ.
fn difference(recorded: &str, printed: &str) -> String {
    let (mut old, mut new) = (recorded.lines(), printed.lines());
    loop {
        match (old.next(), new.next()) {
            (None, None) => return String::new(),
            (a, b) if a == b => {}
            (a, b) => {
                let or_nothing = |line: Option<&str>| line.unwrap_or("(nothing)").to_string();
                return format!(": recorded '{}', now '{}'", or_nothing(a), or_nothing(b));
            }
        }
    }
}

/// The file's text with new outputs.
fn rewritten(source: &Source, changes: &[(&Commands, String)]) -> String {
    let mut lines = source.lines.clone();
    for (commands, printed) in changes.iter().rev() {
        let open = commands.line; // the first line inside the fence, from 0
        let fence: String = lines[open - 1].chars().take_while(|c| *c == '`').collect();
        let length = lines[open..].iter().position(|line| line.trim_end() == fence).unwrap_or(0);
        let mut inside: Vec<String> = commands.source.lines().map(str::to_string).collect();
        if !printed.is_empty() {
            inside.push("---".to_string());
            inside.extend(printed.lines().map(str::to_string));
        }
        lines.splice(open..open + length, inside);
    }
    lines.join("\n") + "\n"
}
