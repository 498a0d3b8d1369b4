//! What is worth knowing about a directory, besides what is in it: where, what, what follows, what to do.
//!
//! ```text
//!   ✕ index-off-boundary   broker-1/orders-0/00000000000000000083.index  bytes 8–16
//!     entry 1 points at byte 991, where no batch begins; readers from there fail  → delete the file: …
//! ```
//!
//! Every kind has a name that stays; tools may rely on it. `Note`: nothing is wrong. `Odd`: a broker copes with it, or
//! will clean it up, but somebody should know. `Bad`: data is lost or unreadable, or the broker refuses to start.

use crate::types::Language;
use serde_json::{Value, json};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Nothing is wrong.
    Note,
    /// Something that a broker copes with.
    Odd,
    /// Data is lost or unreadable, or the broker refuses to start.
    Bad,
}

impl Weight {
    /// `note`, `odd`, `bad`.
    pub fn name(self) -> &'static str {
        match self {
            Weight::Note => "note",
            Weight::Odd => "odd",
            Weight::Bad => "bad",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind of finding: a name that stays.
    pub kind: &'static str,
    /// How bad it is.
    pub weight: Weight,
    /// The file or directory, from the top of what was opened.
    pub place: String,
    /// The bytes of the file that it is about: from, up to but without.
    pub range: Option<(u64, u64)>,
    /// How many more of the same kind there are in the same file.
    pub more: u64,
    english: String,
    chinese: String,
    advice: (&'static str, &'static str),
}

impl Finding {
    pub(super) fn new(
        kind: &'static str,
        weight: Weight,
        place: impl Into<String>,
        english: impl Into<String>,
        chinese: impl Into<String>,
    ) -> Finding {
        let (english, chinese) = (english.into(), chinese.into());
        let (place, advice) = (place.into(), super::advice::of(kind));
        Finding { kind, weight, place, range: None, more: 0, english, chinese, advice }
    }

    pub(super) fn bytes(mut self, from: u64, to: u64) -> Finding {
        self.range = Some((from, to));
        self
    }

    /// What was found, as a sentence.
    pub fn sentence(&self, language: Language) -> String {
        let text = language.pick(&self.english, &self.chinese);
        match (self.more, language) {
            (0, _) => text.to_owned(),
            (more, Language::English) => format!("{text} (and {more} more like it in this file)"),
            (more, Language::Chinese) => format!("{text}（此文件中还有 {more} 处相同）"),
        }
    }

    /// What to do about it, or what a broker does; empty where nothing is to be done.
    pub fn advice(&self, language: Language) -> &'static str {
        language.pick(self.advice.0, self.advice.1)
    }

    /// With the fields `kind`, `weight`, `place`, `from`, `to`, `more`, `text`, `advice`.
    pub fn json(&self) -> Value {
        json!({
            "kind": self.kind,
            "weight": self.weight.name(),
            "place": self.place,
            "from": self.range.map(|(from, _)| from),
            "to": self.range.map(|(_, to)| to),
            "more": self.more,
            "text": self.sentence(Language::English),
            "advice": self.advice(Language::English),
        })
    }
}

/// Findings in the order in which they were made; the same kind in the same file is told once and counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    all: Vec<Finding>,
}

/// Most findings that are kept.
const MOST: usize = 5_000;

impl Findings {
    /// Adds one.
    pub fn add(&mut self, finding: Finding) {
        let recent = self.all.iter_mut().rev().take(64);
        for before in recent {
            if before.kind == finding.kind && before.place == finding.place {
                before.more += 1;
                return;
            }
        }
        if self.all.len() < MOST {
            self.all.push(finding);
        }
    }

    /// Adds many.
    pub fn extend(&mut self, others: impl IntoIterator<Item = Finding>) {
        others.into_iter().for_each(|finding| self.add(finding));
    }

    /// All of them, in the order of making.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.all.iter()
    }

    /// The worst first, else in the order of making.
    pub fn sorted(&self) -> Vec<&Finding> {
        let mut all: Vec<&Finding> = self.all.iter().collect();
        all.sort_by_key(|finding| std::cmp::Reverse(finding.weight));
        all
    }

    /// How many are of this weight.
    pub fn count(&self, weight: Weight) -> usize {
        self.all.iter().filter(|finding| finding.weight == weight).count()
    }

    /// The weight of the worst.
    pub fn worst(&self) -> Option<Weight> {
        self.all.iter().map(|finding| finding.weight).max()
    }
}
