//! Small honest experiments: what Kafka's reasons for being fast come to on the machine at hand.
//!
//! ```text
//!   klab perf zero-copy     file ──► socket: through the program, or by sendfile
//!   klab perf sequential    in order or at random; small blocks or large; fsync never, at the end, each; hot, cold
//!   klab perf batching      the same records, one a batch, 500 a batch, 64 KB a batch: through the lab's own log
//!   klab perf compression   five codecs, two kinds of records, three sizes of batches: through the lab's own batches
//!   klab perf index         finding an offset with a dense, the usual, a thin index, and with none
//!
//!   Experiment ─ run(wish, ears) ─► Report ─► picture (table, bars, notes) | JSON
//! ```
//!
//! What always holds: each experiment ends in about the time that was asked for (10 s unless said otherwise); its
//! files are in one directory of its own, gone on every way out; it says which cache was in play and what the machine
//! cannot tell. Left out: a network (loopback only), several processes, Kafka's own speed: this measures the lab and
//! the machine.

mod batching;
mod bench;
mod compression;
mod index;
mod live;
mod place;
mod report;
mod sequential;
#[cfg(test)]
mod tests;
mod zero_copy;

pub use bench::{Ears, PerfError};
pub use live::Live;
pub use report::{Bar, Cell, Column, Report, Section};

use crate::types::Language;
use bench::Bench;
use place::Place;
use std::path::PathBuf;
use std::time::Duration;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Experiment {
    /// File to socket: through the program, or by sendfile.
    ZeroCopy,
    /// In order or at random, small or large blocks, with and without fsync; hot and cold.
    Sequential,
    /// One record a batch or many.
    Batching,
    /// Codecs by kind of records and size of batches.
    Compression,
    /// Finding an offset with and without the sparse index.
    Index,
}

impl Experiment {
    /// All of them, in the order of the help.
    pub const ALL: [Experiment; 5] = [
        Experiment::ZeroCopy,
        Experiment::Sequential,
        Experiment::Batching,
        Experiment::Compression,
        Experiment::Index,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Experiment::ZeroCopy => "zero-copy",
            Experiment::Sequential => "sequential",
            Experiment::Batching => "batching",
            Experiment::Compression => "compression",
            Experiment::Index => "index",
        }
    }

    /// The experiment of that name.
    pub fn parse(name: &str) -> Option<Experiment> {
        Experiment::ALL.into_iter().find(|experiment| experiment.name() == name)
    }

    /// The most that its files take.
    fn space_bytes(self) -> u64 {
        match self {
            Experiment::ZeroCopy => zero_copy::FILE_BYTES,
            Experiment::Sequential => sequential::SPACE_BYTES,
            Experiment::Batching => batching::SPACE_BYTES,
            Experiment::Compression => 0,
            Experiment::Index => index::SPACE_BYTES,
        }
    }
}

/// How one wants it measured.
#[derive(Clone, Debug)]
pub struct Wish {
    /// About how long.
    pub time: Duration,
    /// In which directory files are made; the system's place for temporary files otherwise.
    pub directory: Option<PathBuf>,
    /// The language of heads and notes.
    pub language: Language,
}

impl Default for Wish {
    fn default() -> Wish {
        Wish { time: Duration::from_secs(8), directory: None, language: Language::English }
    }
}

/// Carries out an experiment. Its files are gone afterwards, whatever happened.
pub fn run(experiment: Experiment, wish: &Wish, ears: Ears<'_>) -> Result<Report, PerfError> {
    let place = Place::make(wish.directory.as_deref(), experiment.space_bytes(), wish.language)?;
    let mut bench = Bench::new(wish.time, wish.language, place, ears);
    let mut report = match experiment {
        Experiment::ZeroCopy => zero_copy::run(&mut bench)?,
        Experiment::Sequential => sequential::run(&mut bench)?,
        Experiment::Batching => batching::run(&mut bench)?,
        Experiment::Compression => compression::run(&mut bench)?,
        Experiment::Index => index::run(&mut bench)?,
    };
    report.seconds = bench.elapsed().as_secs_f64();
    report.notes.extend(bench.place.notes(wish.language));
    Ok(report)
}

/// What the words behind `perf` ask for: the experiment's name, and `seconds=3` or `--seconds 3`.
pub fn parse_words(words: &str, language: Language) -> Result<(Experiment, Wish), String> {
    let names = || Experiment::ALL.map(Experiment::name).join(", ");
    let mut wish = Wish { language, ..Wish::default() };
    let mut words = words.split_whitespace();
    let name = words.next().ok_or_else(|| format!("perf wants what to measure: {}", names()))?;
    let experiment = Experiment::parse(name)
        .ok_or_else(|| format!("perf knows no '{name}': it measures {}", names()))?;
    while let Some(word) = words.next() {
        let value = match word.strip_prefix("seconds=") {
            Some(value) => Some(value),
            None if word == "--seconds" => words.next(),
            None => return Err(format!("perf {name} does not know '{word}': say seconds=5")),
        };
        wish.time = seconds(value.unwrap_or_default())?;
    }
    Ok((experiment, wish))
}

/// A time from seconds as text.
pub fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.1..=600.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err(format!("'{text}' is no time to measure: from 0.1 to 600 seconds")),
    }
}
