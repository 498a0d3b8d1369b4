//! A directory that a real broker wrote, looked at through the same eyes as the lab's own.
//!
//! ```text
//!   DIR ── what is it? ─┬ broker-1/ broker-2/ …   several nodes
//!                       ├ meta.properties, orders-0/ …   the log.dirs of one broker
//!                       └ 00000000000000000000.log …     one partition
//!        Disk::read_only ─▶ nodes ▸ partitions ▸ segments ─┬─▶ pictures: log, index, bytes, timeline
//!                                                          ├─▶ lookup, step by step (storage::Lookup)
//!                                                          └─▶ report: text, JSON
//! ```
//!
//! What always holds: not a byte is written; nothing is trusted, so whatever is there gives a listing and findings,
//! never a panic; a listing reads names and headers, and no more than [`MOST_BATCHES`] batches of a partition. What
//! cannot be decoded yet is shown as such, by name: message sets of magic 0 and 1, the records of compressed batches.
//! Left out: producer snapshots, transaction indexes and metadata snapshots are listed by name and size only.

mod batches;
mod command;
mod directory;
mod dump;
mod findings;
mod pictures;
mod report;
mod sample;
#[cfg(test)]
mod tests;

pub use batches::{BatchRow, Format, MOST_BATCHES, Scan};
pub use command::run;
pub use directory::{NodeFiles, PartitionFiles, Place, SegmentFiles};
pub use dump::{ReadFile, dump_files, files};
pub use findings::Finding;
pub use sample::{sample, unpack};

use crate::disk::{Disk, DiskError};
use crate::storage::{Log, LookupStep};
use crate::types::{Offset, TopicPartition};
use std::path::{Path, PathBuf};

/// An opened directory.
#[derive(Debug)]
pub struct Inspection {
    disk: Disk,
    /// The directory as it was given.
    pub directory: PathBuf,
    /// The nodes whose files are in it.
    pub nodes: Vec<NodeFiles>,
    /// What is worth knowing about what was found.
    pub findings: Vec<Finding>,
    unpacked: Option<sample::Unpacked>,
}

impl Inspection {
    /// Opens a directory: of several brokers, of one broker, or of one partition. The error is a sentence.
    pub fn open(directory: &Path) -> Result<Inspection, String> {
        directory::open(directory)
    }

    /// The disk that it stands on.
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// The partition at a place.
    pub fn partition(&self, place: Place) -> Option<&PartitionFiles> {
        self.nodes.get(place.node)?.partitions.get(place.partition)
    }

    /// All places, in the order of the listing.
    pub fn places(&self) -> impl Iterator<Item = Place> + '_ {
        self.nodes.iter().enumerate().flat_map(|(node, files)| {
            (0..files.partitions.len()).map(move |partition| Place { node, partition })
        })
    }

    /// Where a partition is: on the node of this id, or on the first that has it.
    pub fn find(&self, partition: &TopicPartition, node: Option<u32>) -> Option<Place> {
        self.places().find(|&place| {
            let files = self.partition(place);
            files.is_some_and(|files| files.partition == *partition && files.state.is_none())
                && (node.is_none() || self.nodes[place.node].node == node)
        })
    }

    /// The place to show first: a partition with several segments that a person made, if there is one.
    pub fn first(&self) -> Option<Place> {
        let size = |place: &Place| {
            let files = self.partition(*place)?;
            let internal = files.partition.topic.as_str().starts_with("__");
            Some((!internal && files.state.is_none(), files.segments.len().min(3)))
        };
        let best = self.places().map(|place| size(&place)).max()?;
        self.places().find(|place| size(place) == best)
    }

    /// The steps of finding an offset, made by the code that the lab's brokers run. The error is a sentence.
    pub fn lookup(&self, place: Place, offset: Offset) -> Result<Vec<LookupStep>, String> {
        let log = self.log(place)?;
        Ok(log.lookup(&self.disk, offset).take(MOST_STEPS).collect())
    }

    /// The log at a place as the lab's brokers see one.
    fn log(&self, place: Place) -> Result<&Log, String> {
        let files = self.partition(place).ok_or("there is no such partition")?;
        files.log.as_ref().map_err(Clone::clone)
    }
}

/// Most steps of one lookup; a sane log takes a few dozen.
const MOST_STEPS: usize = 100_000;

/// What the disk says, as a sentence.
fn sentence(error: &DiskError) -> String {
    error.to_string()
}
