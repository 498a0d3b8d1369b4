//! One partition on the disk of one broker: a log of segments, their indexes, the epochs, the checkpoints.
//!
//! ```text
//!  broker-1/orders-0/                              log start                                 log end (next offset)
//!   partition.metadata                                 │                                          │
//!   leader-epoch-checkpoint                            ▼                                          ▼
//!   00000000000000000000.log  .index  .timeindex    [batch][batch] …  closed: index files trimmed
//!   00000000000000000096.snapshot  (producers, at each roll)   .txnindex  (aborted transactions, if any)
//!   00000000000000000096.log  .index  .timeindex                   [batch][batch] …  active: preallocated
//!                      │        │        └ (timestamp i64, relative offset i32), at most one per index entry
//!                      │        └ (relative offset i32, position i32), one per index.interval.bytes
//!                      └ base offset of the segment's first record = the files' name
//! ```
//!
//! All state in memory is numbers and [`crate::disk::FileId`]s, so that a checkpoint of a cluster is a clone. What
//! always holds: offsets rise; every index entry points at a batch boundary; the log end is the last batch's last
//! offset plus one; only the last segment is written. Kafka's classes: `UnifiedLog`, `LocalLog`, `LogSegment`,
//! `OffsetIndex`, `TimeIndex`, `LeaderEpochFileCache`, `LogLoader`, as of 4.3.
//!
//! Left out so far: rolls and retention by the files' times (`era`).

mod append;
mod checkpoint;
mod cleaner;
mod config;
mod deleted;
mod epochs;
mod error;
mod event;
mod event_upkeep;
mod few;
mod flush;
mod log;
mod lookup;
mod lookup_sentence;
mod lookup_timestamp;
mod offset_index;
pub mod producer_snapshot;
mod offset_map;
mod producer_entry;
mod producer_snapshots;
mod producer_state;
mod read;
mod recovery;
mod recovery_files;
mod recovery_producers;
mod recovery_segment;
mod recovery_step;
mod retention;
mod search;
mod segment;
mod start;
mod start_properties;
mod start_step;
mod stop;
mod time_index;
pub mod transaction_index;
mod transactions;
mod truncate;
mod validate;
mod window;

#[cfg(test)]
mod tests;

pub use append::Appended;
pub use checkpoint::{
    CLEAN_SHUTDOWN, CLEANER_OFFSETS, LOG_START_OFFSETS, META_PROPERTIES, MetaProperties,
    OffsetCheckpoint, PARTITION_METADATA, RECOVERY_POINTS, REPLICATION_OFFSETS,
    read_clean_shutdown, read_meta_properties, read_offsets, read_partition_metadata,
    write_broker_properties, write_clean_shutdown, write_meta_properties, write_offsets,
    write_partition_metadata,
};
pub use cleaner::{
    ActiveProducers, BatchFate, CleanStep, Cleanable, Cleaning, CleaningPlan, CleaningResult,
    LastRecord, RecordFate, ToldCleaning,
};
pub use config::{BrokerCompression, CleanupPolicy, LogConfig, message_format_of};
pub use deleted::{DeletionReason, Doomed};
pub use epochs::{EpochCache, EpochEntry, LEADER_EPOCHS};
pub use error::{Result, StorageError, StorageErrorKind};
pub use event::{Event, RollReason};
pub use log::Log;
pub use lookup::{Lookup, LookupStep, Went};
pub use lookup_timestamp::{TimestampLookup, TimestampStep};
pub use offset_index::OffsetIndex;
pub use offset_map::OffsetMap;
pub use producer_entry::{BATCHES_REMEMBERED, ProducerEntry, RememberedBatch};
pub use producer_snapshots::SNAPSHOT_SUFFIX;
pub use producer_state::{
    AppendOrigin, CompletedTransaction, EndMarker, ProducerAppendInfo, ProducerState,
};
pub use read::Fetched;
pub use recovery::{LoadFrom, LogLoader};
pub use recovery_step::{Leftover, RecoveryStep, SnapshotGone};
pub use retention::{Retention, RetentionRule, RetentionStep, Verdict};
pub use segment::{Segment, file_name};
pub use start::{IsStray, StartPlan, StartRefused, Started, StartedDirectory, set_aside, start};
pub use start_step::{StartEvent, StartStep};
pub use time_index::TimeIndex;
