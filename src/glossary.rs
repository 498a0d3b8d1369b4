//! The words of Kafka and of this lab, in English and Chinese, every abbreviation included (`data/glossary.md`).
//!
//! ```text
//!   data/glossary.md ─ sections ─▶ Word { word, also, meaning } ─┬─ klab glossary [WORD], the command `glossary`
//!                                                                └─ the screen's help; Target::Word
//! ```
//!
//! What always holds: each word has both languages and is there once, its other names included. The reader of sections
//! also serves the fidelity ledger. Left out: links between entries; the text is searched instead.

use crate::trace::{Canvas, Line, Picture, Role, Target, prose, width};
use crate::types::Language;

/// One `## ` part of a file of entries: its heading and its `- name: text` items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The heading.
    pub name: String,
    /// The line that it stands on, from 1.
    pub line: usize,
    /// Its items in order; an item goes on over lines that begin with two spaces.
    pub items: Vec<(String, String)>,
}

impl Section {
    /// The text of an item, empty if there is none.
    pub fn get(&self, name: &str) -> &str {
        self.items.iter().find(|(n, _)| n == name).map_or("", |(_, text)| text)
    }
}

/// Reads a file of entries: `## name`, then `- item: text` with continuation lines; text before the first is skipped.
pub fn sections(text: &str) -> Vec<Section> {
    let mut found: Vec<Section> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if let Some(name) = line.strip_prefix("## ") {
            found.push(Section { name: name.trim().into(), line: at + 1, items: Vec::new() });
            continue;
        }
        let Some(section) = found.last_mut() else { continue };
        let item = line.strip_prefix("- ").and_then(|rest| rest.split_once(": "));
        if let Some((name, text)) = item {
            section.items.push((name.into(), text.trim().into()));
        } else if let (true, Some((_, text))) = (line.starts_with("  "), section.items.last_mut()) {
            // Between two Chinese signs a line's end is no space.
            let wide = |c: Option<char>| c.is_some_and(|c| width::of_char(c) > 1);
            if !(wide(text.chars().last()) && wide(line.trim().chars().next())) {
                text.push(' ');
            }
            text.push_str(line.trim());
        }
    }
    found
}

/// A word and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word, in English.
    pub word: String,
    /// The same in Chinese.
    pub chinese: String,
    /// Other names of it.
    pub also: Vec<String>,
    meaning: String,
    meaning_chinese: String,
}

impl Word {
    /// What it means.
    pub fn meaning(&self, language: Language) -> &str {
        language.pick(&self.meaning, &self.meaning_chinese)
    }

    /// The word in the language of the reader.
    pub fn name(&self, language: Language) -> &str {
        language.pick(&self.word, &self.chinese)
    }

    /// Is this one of its names?
    fn is_called(&self, name: &str) -> bool {
        let name = name.trim().to_lowercase();
        let chinese = self.chinese.split('（').next().unwrap_or_default();
        self.word.to_lowercase() == name
            || self.also.iter().any(|also| also.to_lowercase() == name)
            || self.chinese == name
            || chinese.to_lowercase() == name
    }
}

/// All words, in the order of the file: from the whole to its parts.
pub fn words() -> Vec<Word> {
    sections(include_str!("../data/glossary.md"))
        .into_iter()
        .map(|section| Word {
            chinese: section.get("zh").into(),
            also: section
                .get("also")
                .split(", ")
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect(),
            meaning: section.get("meaning").into(),
            meaning_chinese: section.get("meaning_zh").into(),
            word: section.name,
        })
        .collect()
}

/// The word of this name: English, Chinese, an abbreviation or another name, in any case.
pub fn find(name: &str) -> Option<Word> {
    words().into_iter().find(|word| word.is_called(name))
}

/// Words that a search for `text` should offer: those whose name or meaning holds it.
pub fn search(text: &str) -> Vec<Word> {
    let text = text.trim().to_lowercase();
    let holds = |word: &Word| {
        [&word.word, &word.chinese, &word.meaning, &word.meaning_chinese]
            .iter()
            .any(|field| field.to_lowercase().contains(&text))
            || word.also.iter().any(|also| also.to_lowercase().contains(&text))
    };
    words().into_iter().filter(holds).collect()
}

/// The glossary, or the entry of one word. `None`: there is no such word, nor one whose text holds it.
pub fn picture(name: Option<&str>, canvas: &Canvas) -> Option<Picture> {
    let shown = match name {
        None => words(),
        Some(name) => match find(name) {
            Some(word) => vec![word],
            None => search(name),
        },
    };
    if shown.is_empty() {
        return None;
    }
    let mut picture = Picture::new(canvas.word("glossary", "术语"));
    let column = shown.iter().map(|w| width::of(w.name(canvas.language))).max().unwrap_or(0);
    let column = column.min(canvas.width / 3) + 2;
    for word in shown {
        let meaning = prose::inline(word.meaning(canvas.language), Role::Plain);
        let cells = canvas.width.saturating_sub(column + 2).max(20);
        for (at, row) in prose::wrap(&meaning, cells).into_iter().enumerate() {
            let head = if at == 0 { word.name(canvas.language) } else { "" };
            let head = width::cut(head, column - 1, '…');
            let line = Line::of(head, Role::Strong).indent(2).pad_to(column + 2).join(row);
            picture.push(line.to(Target::Word(word.word.clone())));
        }
        if word.also.is_empty() || name.is_none() {
            continue;
        }
        let also = format!("{} {}", canvas.word("also:", "又称："), word.also.join(", "));
        picture.push(Line::of(also, Role::Dim).indent(column + 2));
    }
    Some(picture)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn every_word_has_both_languages_and_is_there_once() {
        let words = words();
        assert!(words.len() > 50);
        let mut names = BTreeMap::new();
        for word in &words {
            assert!(!word.chinese.is_empty(), "{}: zh is missing", word.word);
            assert!(!word.meaning.is_empty(), "{}: meaning is missing", word.word);
            assert!(width::of(&word.meaning_chinese) > word.meaning_chinese.chars().count());
            for name in word.also.iter().chain([&word.word]) {
                let other = names.insert(name.to_lowercase(), word.word.clone());
                assert_eq!(other, None, "{name} is there twice");
            }
        }
        for section in sections(include_str!("../data/glossary.md")) {
            for (item, _) in &section.items {
                let known = ["zh", "also", "meaning", "meaning_zh"];
                assert!(known.contains(&item.as_str()), "line {}: {item}", section.line);
            }
        }
    }

    #[test]
    fn a_word_is_found_by_any_of_its_names() {
        for name in ["HW", "hw", "high watermark", "高水位", "高水位（high watermark）"] {
            assert_eq!(find(name).expect(name).word, "HW");
        }
        assert_eq!(find("压实").unwrap().word, "compaction");
        assert_eq!(find("压缩").unwrap().word, "compression");
        assert_eq!(find("nonsense"), None);
    }

    #[test]
    fn the_picture_fits_its_canvas_in_both_languages() {
        for language in [Language::English, Language::Chinese] {
            let canvas = Canvas { width: 60, ..Canvas::text(language) };
            let picture = picture(None, &canvas).unwrap();
            assert!(picture.lines.iter().all(|line| line.width() <= 60));
        }
        let canvas = Canvas::text(Language::English);
        assert!(
            picture(Some("isr"), &canvas).unwrap().to_text().contains("also: in-sync replicas")
        );
        assert!(picture(Some("unheard of"), &canvas).is_none());
    }

    #[test]
    fn a_section_goes_on_over_indented_lines() {
        let text = "intro\n- x: y\n## a\n\n- one: two\n  three\n- zh: 副本\n  同步\nstray\n## b\n";
        let found = sections(text);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].get("one"), "two three");
        assert_eq!(found[0].get("zh"), "副本同步");
        assert_eq!((found[1].line, found[1].items.len()), (10, 0));
    }
}
