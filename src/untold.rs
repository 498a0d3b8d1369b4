//! What a Chinese reader would still read in English: every script is played in Chinese, and what was said is searched
//! for sentences: two words and more that are neither names nor Kafka's own nouns, one of them such as `the` or `of`.
//!
//! ```text
//!   golden scripts, twins, lessons ── played in Chinese ──▶ lines, events, panes ── words ──▶ left over, listed
//! ```
//!
//! What always holds: names of things (brokers, topics, files, settings, commands in quotes, errors in CAPITALS) stay
//! as they are; what the script itself wrote is no sentence of ours. `KLAB_UNTOLD=FILE` writes whole lists beside it.

use crate::cluster::INVARIANTS;
use crate::lesson::{Library, Part};
use crate::quick::{by_track, of_track};
use crate::script::{Execution, Output, Session, Statement, Status, parse_golden, parse_script};
use crate::trace::{Canvas, KINDS};
use crate::types::Language;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Words that Chinese texts about Kafka leave in English, and those of this lab's commands and marks.
const KEPT: &str = include_str!("untold/kept.txt");
/// Never a name, whatever the script says.
const NEVER: &str = "the is are was were of an to no from at in on with by it its this that has have \
                     had does did be been which who what only than then there here for as if";

/// Whether a piece of text is a name rather than a word.
fn is_name(word: &str) -> bool {
    word.chars().count() < 2
        || word.chars().any(|c| c.is_ascii_digit() || "_/=.@$*#<>%".contains(c))
        || word.chars().skip(1).any(|c| c.is_ascii_uppercase())
}

/// English words of a line that are no names.
pub(crate) fn english(line: &str, names: &BTreeSet<String>) -> Vec<String> {
    let kept: BTreeSet<&str> = KEPT
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_whitespace)
        .collect();
    let never: BTreeSet<&str> = NEVER.split_whitespace().collect();
    let mut bare = String::new();
    let mut quote = None;
    let mut before = ' ';
    for c in line.chars() {
        let opens = matches!(c, '\'' | '`' | '"' | '“') && !before.is_alphanumeric();
        match quote {
            Some(end) if c == end => quote = None,
            Some(_) => {}
            None if opens => {
                quote = Some(if c == '“' { '”' } else { c });
                bare.push(' ');
            }
            None => bare.push(c),
        }
        before = c;
    }
    let parts = |c: char| !(c.is_ascii_alphanumeric() || "_/=.@$*#<>%-'".contains(c));
    // What is cut off (`lea…`) is no word; a suffix of files (`.deleted`) is a name.
    let bare = bare.split_inclusive('…').map(|part| match part.strip_suffix('…') {
        Some(part) => part.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '-'),
        None => part,
    });
    let bare = bare.collect::<Vec<_>>().join(" ");
    let words = bare.split(parts).filter(|word| !word.starts_with('.'));
    let words = words.map(|word| word.trim_matches(['.', '-', '\'', '=']));
    let promise = |word: &str| INVARIANTS.iter().any(|known| known.name == word);
    let known = |word: &str| {
        let lower = word.to_lowercase();
        !never.contains(lower.as_str())
            && (is_name(word)
                || kept.contains(lower.as_str())
                || kept.contains(word)
                || names.contains(word))
    };
    let all = |word: &str| known(word) || promise(word) || word.split('-').all(known);
    words.filter(|word| !word.is_empty() && !all(word)).map(str::to_owned).collect()
}

/// Whether a line shows bytes: a position of four digits, then pairs.
fn is_hex(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let digits = |word: &str, most: usize| {
        word.len() == most && word.chars().all(|c| c.is_ascii_hexdigit() && !c.is_ascii_uppercase())
    };
    words.next().is_some_and(|word| digits(word, 4))
        && words.next().is_some_and(|word| digits(word, 2))
}

/// What was found: for each shape of a line, an example and where.
#[derive(Default)]
pub(crate) struct Found(BTreeMap<String, (String, String)>);

impl Found {
    /// Looks for English words in a line.
    pub(crate) fn look(&mut self, place: &str, line: &str, names: &BTreeSet<String>) {
        let left = if is_hex(line) { Vec::new() } else { english(line, names) };
        let speaks = left.iter().any(|word| NEVER.split_whitespace().any(|never| never == word));
        if left.len() < 2 || !speaks {
            return;
        }
        self.0.entry(left.join(" ")).or_insert_with(|| (line.trim().into(), place.into()));
    }

    /// Fails if something was found, and lists it.
    pub(crate) fn report(self, what: &str) {
        let list: Vec<String> = self
            .0
            .iter()
            .map(|(words, (line, place))| format!("{place}: {line}   [{words}]"))
            .collect();
        if let Some(file) = std::env::var_os("KLAB_UNTOLD") {
            let file = Path::new(&file).with_extension(format!("{what}.txt"));
            std::fs::write(file, list.join("\n") + "\n").expect("a list");
        }
        let shown: Vec<&str> = list.iter().take(60).map(String::as_str).collect();
        assert!(list.is_empty(), "{} left in English in {what}:\n{}", list.len(), shown.join("\n"));
    }
}

/// The words that a script brings itself.
pub(crate) fn names_of(source: &str) -> BTreeSet<String> {
    let code = source.lines().map(|line| line.split('#').next().unwrap_or_default());
    let words = code.flat_map(|line| {
        line.split(|c: char| !(c.is_alphanumeric() || "-_".contains(c))).map(str::to_owned)
    });
    words.filter(|word| !word.is_empty()).collect()
}

/// Lines that are told as Kafka's own tools tell them, or are a file's text.
fn is_verbatim(statement: &Statement) -> bool {
    matches!(statement.verb(), "dump" | "cat")
}

/// Everything that can be seen of a lab: its events and its panes.
fn panes(place: &str, session: &Session, names: &BTreeSet<String>, found: &mut Found) {
    let Some(lab) = &session.lab else { return };
    for event in lab.events() {
        let sentence = lab.cluster().sentence(event, Language::Chinese);
        found.look(&format!("{place} event {}", event.body.kind()), &sentence, names);
    }
    let canvas = Canvas::text(Language::Chinese);
    for kind in KINDS {
        if let Ok(picture) = crate::trace::show(kind, &[], lab, &canvas) {
            for line in picture.to_text().lines() {
                found.look(&format!("{place} show {kind}"), line, names);
            }
        }
    }
}

fn listen(
    place: &str,
    statement: &Statement,
    output: &Output,
    names: &BTreeSet<String>,
    found: &mut Found,
) {
    if is_verbatim(statement) {
        return;
    }
    // A question of the script is the script's own text.
    let asked = statement.text.split('"').nth(1).filter(|_| statement.verb() == "predict");
    for line in &output.lines {
        let line = asked.and_then(|asked| line.strip_prefix(asked)).unwrap_or(line);
        found.look(&format!("{place}:{} {}", statement.line, statement.verb()), line, names);
    }
}

/// Plays blocks of commands in Chinese; one that fails ends its block.
fn play(place: &str, blocks: &[String], found: &mut Found) {
    let names = names_of(&blocks.join("\n"));
    let mut session = Session::in_memory(Language::Chinese);
    session.inspector = Some(Box::new(crate::inspect::Samples::default()));
    for block in blocks {
        let statements = match parse_script(place, block, 1) {
            Ok(statements) => statements,
            Err(errors) => {
                for error in errors {
                    let text = error.text(Language::Chinese);
                    let mut lines = text.lines();
                    found.look(place, lines.next().unwrap_or_default(), &names);
                    found.look(place, lines.nth(1).unwrap_or_default(), &names);
                }
                continue;
            }
        };
        for statement in statements {
            let output = Execution::new(statement.clone()).finish(&mut session);
            listen(place, &statement, &output, &names, found);
            session.new_violations().iter().for_each(|line| found.look(place, line, &names));
            if output.status != Status::Ended {
                break;
            }
        }
    }
    panes(place, &session, &names, found);
}

fn scripts(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "klab"))
        .collect();
    found.sort();
    found
}

fn play_all(what: &str, paths: &[PathBuf]) {
    let only = std::env::var("KLAB_SCRIPT").ok();
    let mut found = Found::default();
    for path in paths {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            continue;
        }
        let text = std::fs::read_to_string(path).expect("a script");
        let blocks: Vec<String> =
            parse_golden(&text).into_iter().map(|block| block.source).collect();
        play(&name, &blocks, &mut found);
    }
    found.report(what);
}

/// The golden scripts of these rooms.
fn golden(what: &str, fits: impl Fn(&str) -> bool) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut rooms: Vec<PathBuf> = std::fs::read_dir(source)
        .expect("the sources")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| fits(&path.file_name().expect("a name").to_string_lossy()))
        .collect();
    rooms.sort();
    let paths: Vec<PathBuf> =
        rooms.iter().flat_map(|room| scripts(&room.join("scripts"))).collect();
    play_all(what, &paths);
}

#[test]
fn golden_scripts_of_the_script_room_are_told_in_chinese() {
    golden("script", |room| room == "script");
}

#[test]
fn golden_scripts_of_all_other_rooms_are_told_in_chinese() {
    golden("others", |room| room != "script");
}

#[test]
fn twins_are_told_in_chinese() {
    play_all("twins", &scripts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("data/twins")));
}

mod every_lesson_is_told_in_chinese {
    super::by_track!(super::lessons: a b c d e f g h m);
}

fn lessons(track: &str) {
    let library = Library::embedded();
    let mut found = Found::default();
    for id in of_track(&library, track) {
        let lesson = library.load(id, Language::Chinese).expect("a lesson");
        let setup = lesson.setup.iter().flat_map(|commands| commands.source.lines());
        let mut lines: Vec<String> = setup.map(str::to_owned).collect();
        for step in &lesson.steps {
            for part in &step.parts {
                if let Part::Commands(commands) = part {
                    lines.extend(commands.source.lines().map(str::to_owned));
                }
            }
        }
        play(id, &[lines.join("\n")], &mut found);
    }
    found.report(&format!("lessons of track {track}"));
}

#[test]
fn the_search_sees_sentences_and_passes_names_over() {
    let none = BTreeSet::new();
    assert!(english("分区 orders-0 的 leader 是 broker 2，ISR {1,2}", &none).is_empty());
    assert!(english("NOT_ENOUGH_REPLICAS：'show why 5' 说明原因", &none).is_empty());
    assert_eq!(english("there is no topic 'x'", &none).join(" "), "there is no");
    let names = names_of("topic create fruit # the comment");
    assert!(english("已创建 fruit", &names).is_empty());
    assert_eq!(english("comment", &names), ["comment"]);
}
