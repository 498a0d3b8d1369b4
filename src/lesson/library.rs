//! All lessons there are: embedded in the binary, or read from a directory while they are written.

use super::format::Lesson;
use super::parse::{is_id, parse, parse_twin};
use crate::script::{Fault, ScriptError, Span, nearest};
use crate::types::Language;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Texts of lessons by id: English, and Chinese if there is a twin.
#[derive(Clone, Debug, Default)]
pub struct Library {
    /// Where the files are; nothing for embedded ones.
    pub directory: Option<PathBuf>,
    texts: BTreeMap<String, (String, Option<String>)>,
}

/// A lesson as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// A few words, in the language asked for.
    pub title: String,
    /// The letter of its track.
    pub track: char,
    /// How long it takes.
    pub minutes: u32,
    /// How many steps it has.
    pub steps: usize,
}

/// The value of `name` in the front matter of a lesson.
fn front<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let rows = text.lines().skip(1).take_while(|line| *line != "---");
    rows.filter_map(|line| line.split_once(':'))
        .find(|(key, _)| *key == name)
        .map(|(_, v)| v.trim())
}

impl Library {
    /// The lessons in the binary.
    pub fn embedded() -> Library {
        let mut library = Library::default();
        for (id, english, chinese) in super::embedded::LESSONS {
            let chinese = (!chinese.is_empty()).then(|| chinese.to_string());
            library.texts.insert(id.to_string(), (english.to_string(), chinese));
        }
        library
    }

    /// The lessons of a directory: all `<id>.md` with their `<id>.zh.md`.
    pub fn of_directory(directory: &Path) -> io::Result<Library> {
        let mut library =
            Library { directory: Some(directory.to_path_buf()), ..Library::default() };
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
            let Some(id) = name.strip_suffix(".md").filter(|id| is_id(id)) else { continue };
            let english = text(&path)?;
            let twin = directory.join(format!("{id}.zh.md"));
            let chinese = if twin.exists() { Some(text(&twin)?) } else { None };
            library.texts.insert(id.to_string(), (english, chinese));
        }
        Ok(library)
    }

    /// The ids, in order.
    pub fn ids(&self) -> Vec<&str> {
        self.texts.keys().map(String::as_str).collect()
    }

    /// The id that a learner means: whole, or its beginning (`a05`). Otherwise a sentence with the nearest one.
    pub fn find(&self, word: &str) -> Result<&str, String> {
        let mut begin = self.texts.keys().filter(|id| id.starts_with(word));
        let ids = || self.texts.keys().map(String::as_str);
        match (self.texts.get_key_value(word), begin.next(), begin.next()) {
            (Some((id, _)), ..) => Ok(id),
            (None, Some(id), None) if !word.is_empty() => Ok(id),
            (None, Some(one), Some(two)) if !word.is_empty() => {
                let all: Vec<&str> = [one, two]
                    .into_iter()
                    .map(String::as_str)
                    .chain(begin.map(String::as_str))
                    .collect();
                Err(format!("'{word}' is the beginning of {}: type more of one", all.join(", ")))
            }
            _ => Err(match nearest(word, ids().chain(ids().map(|id| &id[..3]))) {
                Some(near) => format!("there is no lesson '{word}': did you mean '{near}'?"),
                None => format!("there is no lesson '{word}': 'klab lesson --list' shows them"),
            }),
        }
    }

    /// Whether the lesson has a Chinese twin.
    pub fn has_chinese(&self, id: &str) -> bool {
        self.texts.get(id).is_some_and(|(_, chinese)| chinese.is_some())
    }

    /// How messages name a lesson's file.
    pub fn file(&self, id: &str, language: Language) -> String {
        let ending = language.pick(".md", ".zh.md");
        match &self.directory {
            Some(directory) => directory.join(format!("{id}{ending}")).display().to_string(),
            None => format!("lessons/{id}{ending}"),
        }
    }

    /// The text of a lesson's file.
    pub fn text(&self, id: &str, language: Language) -> Option<&str> {
        let (english, chinese) = self.texts.get(id)?;
        match language {
            Language::English => Some(english),
            Language::Chinese => chinese.as_deref(),
        }
    }

    /// What a list needs of a lesson, without reading all of it: the first screen is to come at once.
    pub fn card(&self, id: &str, language: Language) -> Option<Card> {
        let english = self.text(id, Language::English)?;
        let track = front(english, "track")?.chars().next()?;
        let minutes = front(english, "minutes")?.parse().ok()?;
        let mut in_block = false;
        let mut steps = 0;
        for line in english.lines() {
            in_block ^= line.starts_with("```");
            steps += usize::from(!in_block && line.starts_with("## "));
        }
        let twin = self.text(id, language).and_then(|text| front(text, "title"));
        let named = match language {
            Language::Chinese => twin.or_else(|| front(english, "title_zh")),
            Language::English => None,
        };
        let title = named.or_else(|| front(english, "title"))?.to_owned();
        (steps > 0).then_some(Card { title, track, minutes, steps })
    }

    /// Reads a lesson; in English where there is no twin in the language.
    pub fn load(&self, id: &str, language: Language) -> Result<Lesson, Vec<ScriptError>> {
        let file = self.file(id, Language::English);
        let Some(text) = self.text(id, Language::English) else {
            let fault = Fault::new(Span::default(), format!("there is no lesson '{id}'"), "");
            return Err(vec![ScriptError {
                file: file.as_str().into(),
                line: 1,
                source: "".into(),
                fault,
            }]);
        };
        let english = parse(&file, text)?;
        if english.id != id {
            let source = super::scan::Source::new(&file, text);
            let line =
                source.lines.iter().position(|line| line.starts_with("id:")).map_or(1, |at| at + 1);
            return Err(vec![source.wrong(
                line,
                "the id is not the file's name",
                format!("expected {id}"),
            )]);
        }
        match self.text(id, language) {
            Some(text) if language == Language::Chinese => {
                parse_twin(&self.file(id, Language::Chinese), text, &english)
            }
            _ => Ok(english),
        }
    }
}

fn text(path: &Path) -> io::Result<String> {
    let bytes = fs::read(path)?;
    let invalid =
        |error: Box<ScriptError>| io::Error::new(io::ErrorKind::InvalidData, error.to_string());
    crate::script::decode(&path.display().to_string(), &bytes).map(str::to_string).map_err(invalid)
}
