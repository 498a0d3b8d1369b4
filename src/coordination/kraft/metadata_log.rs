//! The log of `__cluster_metadata-0` and the files around it: what a controller and an observer have in common.
//!
//! ```text
//!   controller-3001/meta.properties  bootstrap.checkpoint
//!   controller-3001/__cluster_metadata-0/quorum-state            {"leaderId":3001,"leaderEpoch":1,…}
//!                                        00000000000000000000.log [LeaderChange][bootstrap records][…]
//! ```
//!
//! Kafka's classes: `KafkaMetadataLog` (now `KafkaRaftLog`), `FileQuorumStateStore`, `BootstrapDirectory`,
//! `LeaderChangeMessage.json`. The log is recovered at every start, whether the last stop was clean or not.

use super::codec::Writer;
use super::record::{ConfigResource, MetadataRecord};
use super::release::MetadataRelease;
use crate::batch::{self, BatchBuilder, ControlType, NewRecord};
use crate::disk::Disk;
use crate::storage::{CleanupPolicy, LoadFrom, Log, LogConfig, StorageError, StorageErrorKind};
use crate::types::{LeaderEpoch, NodeId, Offset, Timestamp, TopicName, TopicPartition, Uuid};

/// The metadata topic.
pub const METADATA_TOPIC: &str = "__cluster_metadata";
/// Its fixed id (`Uuid.METADATA_TOPIC_ID`).
pub const METADATA_TOPIC_ID: Uuid = Uuid([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);

/// How much is read at once.
const READ_BYTES: usize = 1 << 20;

type Result<T> = std::result::Result<T, StorageError>;

/// `__cluster_metadata-0`.
pub fn metadata_partition() -> TopicPartition {
    TopicPartition::new(&TopicName::new(METADATA_TOPIC), 0)
}

/// Its directory below a node's.
pub(super) fn log_directory(directory: &str) -> String {
    format!("{directory}/{METADATA_TOPIC}-0")
}

fn log_config(segment_bytes: u64) -> LogConfig {
    LogConfig {
        segment_bytes: segment_bytes as _,
        retention_ms: -1,
        cleanup_policy: CleanupPolicy { compact: false, delete: false },
        max_message_bytes: 8 << 20,
        ..LogConfig::default()
    }
}

/// Opens the log, or begins it.
pub(super) fn open(disk: &mut Disk, directory: &str, segment_bytes: u64) -> Result<Log> {
    let (path, partition) = (log_directory(directory), metadata_partition());
    if !disk.exists(&format!("{path}/partition.metadata")) {
        return Log::create(disk, &path, &partition, METADATA_TOPIC_ID, log_config(segment_bytes));
    }
    let from = LoadFrom::unclean(Offset::ZERO);
    Log::open(disk, &path, &partition, log_config(segment_bytes), from, &mut Vec::new())
}

/// One batch read back: its records (none, if it is a control batch) and the leader that it names, if any.
pub(super) struct MetadataBatch {
    pub base_offset: Offset,
    pub last_offset: Offset,
    pub epoch: i32,
    pub records: Vec<MetadataRecord>,
    pub leader: Option<NodeId>,
    pub size_bytes: u64,
}

/// Reads the batches of `from..up_to`.
pub(super) fn read(
    log: &Log,
    disk: &Disk,
    from: Offset,
    up_to: Offset,
) -> Result<Vec<MetadataBatch>> {
    let mut found = Vec::new();
    let mut next = from;
    while next < up_to {
        let fetched = log.read(disk, next, READ_BYTES, up_to, true)?;
        if fetched.bytes.is_empty() {
            break;
        }
        for batch in batch::batches(&fetched.bytes) {
            let wrong = |what: String| corrupt(log, what);
            let (_, header, bytes) = batch.map_err(|error| wrong(error.to_string()))?;
            let last_offset = header.last_offset();
            if last_offset < next {
                continue;
            }
            let (mut records, mut leader) = (Vec::new(), None);
            for record in batch::records(bytes).map_err(|error| wrong(error.to_string()))? {
                let value = record.value.unwrap_or_default();
                if header.is_control() {
                    leader = leader_of(record.key.as_deref().unwrap_or_default(), &value);
                } else {
                    let record = MetadataRecord::decode(&value)
                        .map_err(|error| wrong(format!("offset {}: {error}", record.offset)))?;
                    records.push(record);
                }
            }
            let epoch = header.partition_leader_epoch.0;
            let base_offset = header.base_offset;
            let size_bytes = bytes.len() as u64;
            let batch =
                MetadataBatch { base_offset, last_offset, epoch, records, leader, size_bytes };
            found.push(batch);
            next = last_offset + 1;
        }
    }
    Ok(found)
}

/// The leader that a control record announces.
fn leader_of(key: &[u8], value: &[u8]) -> Option<NodeId> {
    let is_leader_change = ControlType::from_key(key) == Some(ControlType::LeaderChange);
    let id: [u8; 4] = value.get(2..6)?.try_into().ok()?;
    is_leader_change.then(|| NodeId(u32::from_be_bytes(id)))
}

fn corrupt(log: &Log, what: String) -> StorageError {
    StorageError {
        kind: StorageErrorKind::Corrupt,
        path: log.directory().to_owned(),
        start: 0,
        end: 0,
        field: "",
        what,
    }
}

/// One batch of records, written as this level of `metadata.version` asks.
pub(super) fn encode(
    base: Offset,
    epoch: i32,
    time: Timestamp,
    level: i16,
    records: &[MetadataRecord],
) -> Vec<u8> {
    let mut builder = BatchBuilder::new(base).with_epoch(LeaderEpoch(epoch));
    for record in records {
        let value = Some(record.encode_at(level));
        builder.push(&NewRecord { timestamp: time, key: None, value, headers: Vec::new() });
    }
    builder.build()
}

/// The control batch with which a reign begins: who leads, who may vote, who voted for it (`LeaderChangeMessage`,
/// version 0).
pub(super) fn leader_change(
    base: Offset,
    epoch: i32,
    time: Timestamp,
    leader: NodeId,
    voters: &[NodeId],
    granting: &[NodeId],
) -> Vec<u8> {
    let mut value = Writer::default();
    value.i16(0);
    value.node(leader);
    for some in [voters, granting] {
        value.array(some, |out, &voter| {
            out.node(voter);
            out.no_tags();
        });
    }
    value.no_tags();
    let record = NewRecord {
        timestamp: time,
        key: Some(ControlType::LeaderChange.key()),
        value: Some(value.bytes),
        headers: Vec::new(),
    };
    let mut builder = BatchBuilder::new(base).with_epoch(LeaderEpoch(epoch)).control();
    builder.push(&record);
    builder.build()
}

/// What the first controller writes into a new log, as one transaction (`ActivationRecordsGenerator`).
pub(super) fn bootstrap_records(
    release: &MetadataRelease,
    min_insync_replicas: u32,
) -> Vec<MetadataRecord> {
    let mut records =
        vec![MetadataRecord::BeginTransaction { name: Some("Bootstrap records".to_owned()) }];
    records.extend(release.feature_records());
    if release.names_migration {
        records.push(MetadataRecord::ZkMigrationState { state: 0 });
    }
    if release.names_min_insync_replicas {
        records.push(MetadataRecord::Config {
            resource: ConfigResource::cluster(),
            name: "min.insync.replicas".to_owned(),
            value: Some(min_insync_replicas.to_string()),
        });
    }
    records.push(MetadataRecord::EndTransaction);
    records
}

/// `bootstrap.checkpoint`: the features that a new cluster begins with (`BootstrapDirectory.writeBinaryFile`).
pub(super) fn bootstrap_checkpoint(release: &MetadataRelease, time: Timestamp) -> Vec<u8> {
    let features = release.feature_records();
    checkpoint(0, time, release.level(), &features, features.len())
}

/// A snapshot file: header, records, footer, each in batches of their own (`RecordsSnapshotWriter`).
pub(super) fn checkpoint(
    epoch: i32,
    time: Timestamp,
    level: i16,
    records: &[MetadataRecord],
    batch_records: usize,
) -> Vec<u8> {
    let control = |base: i64, kind: ControlType, value: Vec<u8>| {
        let mut builder = BatchBuilder::new(Offset(base)).with_epoch(LeaderEpoch(epoch)).control();
        builder.push(&NewRecord {
            timestamp: time,
            key: Some(kind.key()),
            value: Some(value),
            headers: Vec::new(),
        });
        builder.build()
    };
    // Version 0, last contained log timestamp, no tagged fields; the footer has the version alone.
    let mut header = vec![0; 2];
    let contained = if epoch == 0 { 0 } else { time.0 };
    header.extend_from_slice(&contained.to_be_bytes());
    header.push(0);
    let mut bytes = control(0, ControlType::SnapshotHeader, header);
    let mut next = 1;
    for some in records.chunks(batch_records.max(1)) {
        bytes.extend(encode(Offset(next), epoch, time, level, some));
        next += some.len() as i64;
    }
    bytes.extend(control(next, ControlType::SnapshotFooter, vec![0; 3]));
    bytes
}
