//! What is in a file of a log directory, line by line, as Kafka 4.3's own dump tool prints it.
//!
//! ```text
//!   .log .checkpoint ──▶ Spans: some entries at a time ──▶ entries ──▶ records ──▶ form: text, or JSON lines
//!   .index .timeindex ──▶ each entry, held against the log beside it ────────────▶ lines
//!   .snapshot .txnindex ─────────────────────────────────────────────────────────▶ lines
//!                                                         └──▶ Report: what does not fit together
//! ```
//!
//! This is the pure half: bytes in ([`Source`]), bytes out. Files, threads and progress are `inspect`'s; the lab's
//! prompt dumps its own files with the same code. What always holds: lines equal those of `kafka.tools.DumpLogSegments`
//! byte for byte as far as that one gets; where it dies with an exception, this tells what is wrong in the [`Report`]
//! and goes on. A log is read in spans of about [`SPAN_BYTES`], never as a whole. Bad bytes are never a panic.
//!
//! Left out: decoder classes (`--key-decoder-class`), which would need a JVM.

mod entries;
mod form;
mod index;
mod json;
mod record;
mod report;
mod small;
mod source;
#[cfg(test)]
mod tests;
mod whole;

pub use entries::{Seen, write_entries};
pub use report::Report;
pub use source::{SPAN_BYTES, Source, Span, Spans};
pub use whole::{Place, dump, end_log, follow, start_log};

use crate::schema::Topic;

/// What to print. The names are those of the tool's options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Keys and values.
    pub print_data_log: bool,
    /// Each record, not only each batch.
    pub deep_iteration: bool,
    /// Keys and values only.
    pub skip_record_metadata: bool,
    /// Stop a log at this many bytes.
    pub max_bytes: Option<u64>,
    /// How far an index entry's batch may reach.
    pub max_message_size_bytes: u64,
    /// Check indexes, print nothing of them.
    pub verify_index_only: bool,
    /// Only whether an index would pass a broker's check.
    pub index_sanity_check: bool,
    /// Keys and values have the shape of this topic's.
    pub decoder: Option<Topic>,
    /// JSON lines instead of text.
    pub json: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            print_data_log: false,
            deep_iteration: false,
            skip_record_metadata: false,
            max_bytes: None,
            max_message_size_bytes: 5 << 20,
            verify_index_only: false,
            index_sanity_check: false,
            decoder: None,
            json: false,
        }
    }
}

impl Options {
    /// Are keys and values printed? A decoder says so as well.
    pub fn prints_data(&self) -> bool {
        self.print_data_log || self.decoder.is_some()
    }
    /// Is each record printed?
    pub fn is_deep(&self) -> bool {
        self.deep_iteration || self.prints_data()
    }
    /// Takes one word of the tool's command line that has no value; false: no such option.
    pub fn set(&mut self, word: &str) -> bool {
        match word {
            "--print-data-log" => self.print_data_log = true,
            "--deep-iteration" => self.deep_iteration = true,
            "--skip-record-metadata" => self.skip_record_metadata = true,
            "--verify-index-only" => self.verify_index_only = true,
            "--index-sanity-check" => self.index_sanity_check = true,
            "--offsets-decoder" => self.decoder = Some(Topic::ConsumerOffsets),
            "--transaction-log-decoder" => self.decoder = Some(Topic::TransactionState),
            "--cluster-metadata-decoder" => self.decoder = Some(Topic::ClusterMetadata),
            "--remote-log-metadata-decoder" => self.decoder = Some(Topic::RemoteLogMetadata),
            "--share-group-state-decoder" => self.decoder = Some(Topic::ShareGroupState),
            "--json" => self.json = true,
            _ => return false,
        }
        true
    }
}

/// What a file is, by the end of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// `.log`
    Log,
    /// `.checkpoint`, a snapshot of the metadata log
    Checkpoint,
    /// `.index`
    OffsetIndex,
    /// `.timeindex`
    TimeIndex,
    /// `.snapshot`, of a partition's producers
    ProducerSnapshot,
    /// `.txnindex`
    TransactionIndex,
}

impl FileKind {
    /// The kind of a file of this name; None: not one that is dumped.
    pub fn of(name: &str) -> Option<FileKind> {
        Some(match name.rsplit_once('.')?.1 {
            "log" => FileKind::Log,
            "checkpoint" => FileKind::Checkpoint,
            "index" => FileKind::OffsetIndex,
            "timeindex" => FileKind::TimeIndex,
            "snapshot" => FileKind::ProducerSnapshot,
            "txnindex" => FileKind::TransactionIndex,
            _ => return None,
        })
    }
}
