//! Commands that only look: pictures, files, help. They take no step and change nothing.

use super::command::{Command, PartitionCommand, ShowCommand};
use super::error::nearest;
use super::execute::{Output, Progress, Status};
use super::files;
use super::help::help_lines;
use super::session::Session;
use super::statement::Statement;
use crate::glossary;
use crate::trace::{Canvas, Line};
use serde_json::{Value as Json, json};

fn lines(lines: Vec<String>) -> Progress {
    let result = json!({ "lines": lines });
    Progress::Done(Output { lines, result, ..Output::default() })
}

fn with(lines: Vec<String>, result: Json) -> Progress {
    Progress::Done(Output { lines, result, ..Output::default() })
}

fn wrong(line: String) -> Progress {
    let result = json!({ "wrong": line });
    Progress::Done(Output { lines: vec![line], result, status: Status::Wrong, needs: None })
}

/// Begins to measure; what is printed if there is nothing to wait for.
pub fn perf(words: &str, session: &mut Session) -> Option<Progress> {
    let language = session.language;
    match &mut session.measure {
        None => {
            let words = if words.is_empty() { "sequential" } else { words };
            let text = language.pick("measured live, on your machine", "在你的机器上现场测量");
            Some(lines(vec![format!("{text}: klab perf {words}")]))
        }
        Some(measure) => measure.begin(words, language).err().map(wrong),
    }
}

/// What was measured, if it is done.
pub fn measured(session: &mut Session) -> Option<Progress> {
    match session.measure.as_mut()?.poll()? {
        Ok((lines, result)) => Some(with(lines, result)),
        Err(sentence) => Some(wrong(sentence)),
    }
}

/// Looks into a directory that a real broker wrote.
pub fn inspect(statement: &Statement, session: &mut Session) -> Progress {
    let language = session.language;
    // As written: the words have a grammar of their own, `offset=5` and `value~apples`.
    let words = statement.text.trim().strip_prefix("inspect").unwrap_or_default().trim();
    match &mut session.inspector {
        None => wrong(format!("in a shell: klab inspect --sample {words}")),
        Some(inspector) => match inspector.inspect(words, language) {
            Err(sentence) => wrong(sentence),
            Ok((lines, result)) => with(lines, result),
        },
    }
}

/// Carries out a command that looks.
pub fn look(statement: &Statement, session: &Session) -> Progress {
    match &statement.command {
        Command::Help(words) => return lines(help_lines(words, session.language)),
        Command::Glossary(word) => return glossary(word.as_deref(), session),
        Command::Hint | Command::Goal | Command::Reset => {
            return wrong(format!(
                "'{}' belongs to a lesson: 'klab lesson' plays one",
                statement.verb()
            ));
        }
        _ => {}
    }
    let Some(lab) = &session.lab else { return wrong("there is no cluster yet".into()) };
    let read = |path: &str| files::read(lab, path);
    match &statement.command {
        Command::Show(show) => picture(show, session),
        Command::Partition(PartitionCommand::Verify(partition)) => {
            match super::reassign::verified(partition, lab) {
                Ok(line) => lines(vec![line]),
                Err(sentence) => wrong(sentence),
            }
        }
        Command::Partition(PartitionCommand::Plan { topic, brokers, start_index }) => {
            match super::reassign::plan(topic, brokers, *start_index, lab) {
                Ok(plan) => lines(plan),
                Err(sentence) => wrong(sentence),
            }
        }
        Command::Diff(name) => match lab.diff(name) {
            Err(error) => wrong(error.to_string()),
            Ok(differences) if differences.is_empty() => lines(vec!["nothing differs".into()]),
            Ok(differences) => {
                let wide =
                    differences.iter().map(|d| d.what.chars().count()).max().unwrap_or(0).min(80);
                let here = lab.branch_name();
                let row = |d: &crate::cluster::Difference| {
                    format!("{:<wide$}  {here}: {}  {name}: {}", d.what, d.here, d.there)
                };
                lines(differences.iter().map(row).collect())
            }
        },
        Command::Files { directory, broker } => {
            let all = match directory {
                None => files::list(lab, *broker),
                Some(directory) => match files::entries_of(lab, directory) {
                    Ok(entries) => entries,
                    Err(error) => return wrong(error),
                },
            };
            if all.is_empty() {
                return match directory {
                    Some(directory) => lines(vec![format!("{directory} is empty")]),
                    None => wrong("there are no files of such a node".into()),
                };
            }
            let wide = all.iter().map(|file| file.path.len()).max().unwrap_or(0).min(90);
            let rows = all.iter().map(|file| match file.path.ends_with('/') {
                true => file.path.clone(),
                false => format!("{:<wide$}  {:>10}", file.path, file.size_bytes),
            });
            let result: Vec<Json> =
                all.iter().map(|f| json!({ "path": f.path, "size_bytes": f.size_bytes })).collect();
            with(rows.collect(), result.into())
        }
        Command::Cat(path) => read(path).map_or_else(wrong, |bytes| lines(files::cat(&bytes))),
        Command::Dump { file, options } if options.is_empty() => {
            read(file).map_or_else(wrong, |bytes| lines(files::dump(file, &bytes)))
        }
        Command::Dump { file, options } => {
            files::dump_as_kafka(lab, file, options).map_or_else(wrong, lines)
        }
        Command::FilesDiff(a, b) => match (read(a), read(b)) {
            (Ok(a), Ok(b)) => lines(vec![files::diff(&a, &b)]),
            (Err(error), _) | (_, Err(error)) => wrong(error),
        },
        Command::CrcCheck { partition, broker } => {
            match super::crc::check(lab, partition, *broker, session.language) {
                Ok((text, result)) => with(text, result),
                Err(error) => wrong(error),
            }
        }
        Command::Where => match lab.disk().root() {
            Some(root) => lines(vec![root.display().to_string()]),
            None => lines(vec!["in memory: --dir D puts the files into a directory".into()]),
        },
        _ => wrong(format!("'{}' cannot be run in this version", statement.verb())),
    }
}

fn glossary(word: Option<&str>, session: &Session) -> Progress {
    if let Some(picture) = glossary::picture(word, &Canvas::text(session.language)) {
        return lines(picture.lines.iter().map(Line::to_text).collect());
    }
    let (known, word) = (glossary::words(), word.unwrap_or_default());
    wrong(match nearest(word, known.iter().map(|known| known.word.as_str())) {
        Some(near) => format!("the glossary has no '{word}': did you mean '{near}'?"),
        None => format!("the glossary has no '{word}': 'glossary' lists its words"),
    })
}

fn picture(show: &ShowCommand, session: &Session) -> Progress {
    match super::show::show(show, session) {
        Ok(text) => {
            let lines: Vec<String> = text.lines().map(str::to_string).collect();
            let result = json!({ "picture": show.kind, "lines": lines });
            with(lines, result)
        }
        Err(error) => wrong(error),
    }
}
