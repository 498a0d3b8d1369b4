//! `disk …` as a value.

use super::NodeWord;
use crate::disk::Fault;

/// What can be done to a disk.
#[derive(Clone, Debug, PartialEq)]
pub enum DiskAct {
    /// `disk flip-bit FILE POS`
    FlipBit {
        /// The file, as `files` names it.
        file: String,
        /// The byte.
        position: u64,
    },
    /// `disk tear FILE`
    Tear {
        /// The file.
        file: String,
        /// How many bytes are missing.
        bytes: Option<u64>,
    },
    /// `disk delete FILE`
    Delete(String),
    /// `disk full N`, `disk read-only N`, `disk heal N`
    Break(NodeWord, Option<Fault>),
}
