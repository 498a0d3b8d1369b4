//! What is worth knowing about a directory, besides what is in it.

use crate::types::Language;

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file or directory, from the top of what was opened.
    pub place: String,
    english: String,
    chinese: String,
}

impl Finding {
    pub(super) fn new(
        place: impl Into<String>,
        english: impl Into<String>,
        chinese: impl Into<String>,
    ) -> Finding {
        Finding { place: place.into(), english: english.into(), chinese: chinese.into() }
    }

    /// The sentence.
    pub fn sentence(&self, language: Language) -> &str {
        language.pick(&self.english, &self.chinese)
    }
}
