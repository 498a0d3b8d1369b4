//! The fidelity ledger: what the lab does otherwise than Kafka, or not yet (`data/fidelity.md`).
//!
//! ```text
//!   data/fidelity.md ─▶ Entry { id, title, lessons, what, why } ─▶ klab fidelity [ID]; a mark in a pane leads here
//! ```
//!
//! What always holds: ids are unique and stay; each entry has both languages and says what and why. Left out: nothing;
//! a simplification that is not here is a fault of the lab.

use crate::glossary::sections;
use crate::trace::{Canvas, Line, Picture, Role, prose};
use crate::types::Language;

/// One simplification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name in links and on the command line.
    pub id: String,
    /// The lessons that it touches: the beginnings of their ids (`a03`).
    pub lessons: Vec<String>,
    english: [String; 3],
    chinese: [String; 3],
}

impl Entry {
    fn text(&self, language: Language, at: usize) -> &str {
        language.pick(&self.english[at], &self.chinese[at])
    }

    /// A few words.
    pub fn title(&self, language: Language) -> &str {
        self.text(language, 0)
    }

    /// What is otherwise than in Kafka.
    pub fn what(&self, language: Language) -> &str {
        self.text(language, 1)
    }

    /// Why it is so.
    pub fn why(&self, language: Language) -> &str {
        self.text(language, 2)
    }
}

/// All entries, in the order of the file: files, world, coordination, clients.
pub fn entries() -> Vec<Entry> {
    sections(include_str!("../data/fidelity.md"))
        .into_iter()
        .map(|section| {
            let text = |name: &str| section.get(name).to_owned();
            Entry {
                lessons: section.get("lessons").split(", ").map(str::to_owned).collect(),
                english: ["title", "what", "why"].map(text),
                chinese: ["title_zh", "what_zh", "why_zh"].map(text),
                id: section.name.clone(),
            }
        })
        .collect()
}

/// The entry of this id.
pub fn find(id: &str) -> Option<Entry> {
    entries().into_iter().find(|entry| entry.id == id)
}

/// The entries that touch a lesson, by its id (`a03-segment-roll`).
pub fn of_lesson(id: &str) -> Vec<Entry> {
    let touches = |entry: &Entry| entry.lessons.iter().any(|start| id.starts_with(start.as_str()));
    entries().into_iter().filter(touches).collect()
}

/// The ledger, or one entry of it; `written` are the ids of the lessons that exist, others are called planned. `None`:
/// there is no such entry.
pub fn picture(id: Option<&str>, written: &[&str], canvas: &Canvas) -> Option<Picture> {
    let shown = match id {
        None => entries(),
        Some(id) => vec![find(id)?],
    };
    let caption = canvas.word(
        "what klab does otherwise than Kafka, or not yet",
        "klab 与 Kafka 不同、或尚未做到之处",
    );
    let mut picture = Picture::new(canvas.word("fidelity", "忠实度")).caption(caption);
    for entry in shown {
        picture.blank();
        let head = Line::of(&entry.id, Role::Heading).text("   ");
        picture.push(head.span(entry.title(canvas.language), Role::Strong));
        let why = format!("{} {}", canvas.word("Why:", "原因："), entry.why(canvas.language));
        for text in [entry.what(canvas.language), &why] {
            let spans = prose::inline(text, Role::Plain);
            let rows = prose::wrap(&spans, canvas.width.saturating_sub(4).max(20));
            picture.extend(rows.into_iter().map(|row| row.indent(4)));
        }
        let lessons = canvas.word("lessons: ", "课程：");
        let named = entry.lessons.iter().map(|start| {
            match written.iter().any(|id| id.starts_with(start.as_str())) {
                true => start.clone(),
                false => format!("{start} {}", canvas.word("(planned)", "（计划中）")),
            }
        });
        let named = format!("{lessons}{}", named.collect::<Vec<_>>().join(", "));
        let rows =
            prose::wrap(&prose::inline(&named, Role::Dim), canvas.width.saturating_sub(4).max(20));
        picture.extend(rows.into_iter().map(|row| row.indent(4)));
    }
    Some(picture)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::width;
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_unique_and_both_languages_are_there() {
        let mut ids = BTreeSet::new();
        for entry in entries() {
            let id = &entry.id;
            assert!(ids.insert(id.clone()), "{id} is there twice");
            assert!(id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{id}");
            assert!(!entry.lessons.is_empty(), "{id}: lessons");
            for lesson in &entry.lessons {
                let mut signs = lesson.chars();
                let good = lesson.len() == 3
                    && signs.next().is_some_and(|c| "abcdefghm".contains(c))
                    && signs.all(|c| c.is_ascii_digit());
                assert!(good, "{id}: '{lesson}' is no lesson");
            }
            for (english, chinese) in entry.english.iter().zip(&entry.chinese) {
                let wide = |text: &str| text.chars().any(|c| width::of_char(c) > 1);
                assert!(!english.is_empty() && !wide(english), "{id}: {english}");
                let wide = wide(chinese);
                assert!(wide, "{id}: '{chinese}' is not Chinese");
            }
        }
        assert!(ids.len() > 20);
    }

    #[test]
    fn one_entry_is_printed_or_refused() {
        let canvas = Canvas::text(Language::English);
        let text = picture(Some("static-voters"), &["c06-quorum"], &canvas).unwrap().to_text();
        assert!(
            text.contains("The voters of the quorum are fixed") && !text.contains("small-segments"),
            "{text}"
        );
        assert!(text.contains("lessons: c06, c08 (planned)"), "{text}");
        assert!(picture(Some("two-voters"), &[], &canvas).is_none());
        let all =
            picture(None, &[], &Canvas { width: 80, ..Canvas::text(Language::Chinese) }).unwrap();
        assert!(all.lines.iter().all(|line| line.width() <= 80));
    }

    #[test]
    fn a_lesson_knows_what_touches_it() {
        let ids: Vec<String> = of_lesson("a03-segment-roll").into_iter().map(|e| e.id).collect();
        assert!(ids.contains(&"small-segments".to_owned()), "{ids:?}");
    }
}
