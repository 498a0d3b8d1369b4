//! A directory that a real broker wrote, looked at through the same eyes as the lab's own.
//!
//! ```text
//!   DIR ── what is it? ─┬ broker-1/ broker-2/ …   several nodes, or several log directories of one (JBOD)
//!                       ├ meta.properties, orders-0/ …   one log directory
//!                       └ 00000000000000000000.log …     one partition
//!        Files (read-only) ─▶ nodes ▸ partitions ▸ segments ─┬─▶ pictures: log, index, bytes, batches, partition …
//!           ▲ names and sizes first; headers when asked      ├─▶ lookup, step by step (storage::Lookup)
//!           │                                                ├─▶ check: findings · find: search · verify: rebuild
//!        refresh: what a running broker added since          └─▶ report: text, JSON
//! ```
//!
//! What always holds: not a byte is written and nothing is locked; nothing is trusted, so whatever is there gives a
//! listing and findings, never a panic; opening reads names, sizes and small files only, so that ten thousand segments
//! open in a moment; what takes long (check, search) is done in bounded pieces that tell their progress.
//! Left out: tiered storage (`remote-log-index-cache`, KIP-405).

mod across;
mod advice;
mod batches;
mod check;
mod command;
mod directory;
mod dump;
mod ends;
mod files;
mod find;
mod findings;
mod follow;
mod index;
mod internal;
mod metadata;
mod partition_files;
mod pictures;
mod records;
mod recover;
mod report;
mod sample;
mod samples_in_scripts;
mod small;
mod state;
mod tail;
#[cfg(test)]
mod tests;
mod verify;

pub use advice::kinds;
pub use batches::{BatchRow, Format, Walk};
pub use check::{Check, Counts};
pub use command::{Answer, Asked, Request, VERBS, run};
pub use directory::{CHECKPOINTS, NodeFiles, PartitionFiles, Place, SegmentFiles};
pub use dump::{ReadFile, dump_files, files};
pub use find::{Find, Hit, Wanted};
pub use findings::{Finding, Findings, Weight};
pub use follow::follow;
pub use index::{OffsetEntry, TimeEntry};
pub use internal::Internal;
pub use metadata::MetadataSnapshot;
pub use pictures::Steps;
pub use records::{RecordRow, records};
pub use recover::{
    Extent, RecoverRequest, RecoveredBroker, Taken, recover, recovered_json, recovered_text,
};
pub use sample::{Sample, sample, sample_named, samples, unpack};
pub use samples_in_scripts::Samples;
pub use small::Properties;
pub use tail::Grown;
pub use verify::{Verdict, Verified};

use crate::disk::Disk;
use crate::storage::{Log, LogConfig, LookupStep, TimestampStep};
use crate::types::{Offset, Timestamp, TopicPartition};
use files::Files;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// An opened directory.
#[derive(Debug)]
pub struct Inspection {
    files: Files,
    /// The directory as it was given.
    pub directory: PathBuf,
    /// The log directories in it, and whose they are.
    pub nodes: Vec<NodeFiles>,
    /// What names, sizes and small files alone tell.
    pub findings: Findings,
    /// The log directories by their paths from the top.
    below: Vec<String>,
    /// The one partition directory that was given.
    only: Option<String>,
    ends: RefCell<BTreeMap<String, ends::Known>>,
    stamps: BTreeMap<String, tail::Stamp>,
    kept: RefCell<internal::Kept>,
    /// Which of the samples it is, if it is one.
    pub sample: Option<Sample>,
    unpacked: Option<sample::Unpacked>,
}

/// Most steps of one lookup; a sane log takes a few dozen.
const MOST_STEPS: usize = 100_000;

impl Inspection {
    /// Opens a directory: of several brokers, of one broker, or of one partition. The error is a sentence.
    pub fn open(directory: &Path) -> Result<Inspection, String> {
        directory::open(directory)
    }

    fn empty(given: &Path, files: Files, below: Vec<String>, only: Option<String>) -> Inspection {
        Inspection {
            files,
            directory: given.into(),
            nodes: Vec::new(),
            findings: Findings::default(),
            below,
            only,
            ends: RefCell::default(),
            stamps: BTreeMap::new(),
            kept: RefCell::default(),
            sample: None,
            unpacked: None,
        }
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
    pub fn find_partition(&self, partition: &TopicPartition, node: Option<u32>) -> Option<Place> {
        let fits = |place: &Place| {
            let files = self.partition(*place);
            files.is_some_and(|files| files.partition == *partition)
                && (node.is_none() || self.nodes[place.node].properties.node == node)
        };
        let alive = |place: &Place| self.partition(*place).is_some_and(|f| f.state.is_none());
        let mut all = self.places().filter(fits);
        let first = all.next()?;
        if alive(&first) { Some(first) } else { all.find(alive).or(Some(first)) }
    }

    /// The place to show first: a partition with several segments that a person made, if there is one.
    pub fn first(&self) -> Option<Place> {
        let size = |place: &Place| {
            let files = self.partition(*place)?;
            let internal = files.partition.topic.as_str().starts_with("__");
            let written = files.segments.iter().any(|segment| segment.log_bytes > 0);
            Some((!internal && files.state.is_none() && written, files.segments.len().min(3)))
        };
        let best = self.places().map(|place| size(&place)).max()?;
        self.places().find(|place| size(place) == best)
    }

    /// Another name for the directory, where the real one would only confuse.
    pub fn shown_as(&mut self, directory: &str) {
        self.directory = directory.into();
    }

    /// Is there a file of this path below the top?
    pub fn is_file(&self, path: &str) -> bool {
        self.files.size(path).is_some()
    }

    /// How many segments there are.
    pub fn segment_count(&self) -> usize {
        self.nodes.iter().flat_map(|node| &node.partitions).map(|p| p.segments.len()).sum()
    }

    /// Bytes of all `.log` files.
    pub fn log_bytes(&self) -> u64 {
        self.nodes.iter().flat_map(|node| &node.partitions).map(PartitionFiles::log_bytes).sum()
    }

    /// The steps of finding an offset, made by the code that the lab's brokers run. The error is a sentence.
    pub fn lookup(&self, place: Place, offset: Offset) -> Result<Vec<LookupStep>, String> {
        let (disk, log) = self.log(place)?;
        Ok(log.lookup(&disk, offset).take(MOST_STEPS).collect())
    }

    /// The same for the first record at or after a time.
    pub fn lookup_timestamp(
        &self,
        place: Place,
        timestamp: Timestamp,
    ) -> Result<Vec<TimestampStep>, String> {
        let (disk, log) = self.log(place)?;
        Ok(log.lookup_timestamp(&disk, timestamp).take(MOST_STEPS).collect())
    }

    /// The log at a place as the lab's brokers see one.
    fn log(&self, place: Place) -> Result<(Disk, Log), String> {
        let files = self.partition(place).ok_or("there is no such partition")?;
        let mut disk = Disk::read_only(self.files.root()).map_err(|error| error.to_string())?;
        let log = Log::look(&mut disk, &files.directory, &files.partition, LogConfig::default());
        log.map(|log| (disk, log)).map_err(|error| error.to_string())
    }
}
