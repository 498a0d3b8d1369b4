//! A broker's copy of the metadata log: it fetches, appends, and applies what is committed (`KafkaRaftClient` as an
//! observer, `MetadataLoader`).
//!
//! ```text
//!   log     ├──────── applied to the image ────────┤── appended, not yet committed ──┤
//!                                            image.offset          ▲ high watermark tells how far
//! ```
//!
//! Always: only committed records reach the image, in order, each once; the copy is the leader's bytes. After a restart
//! the image is built again from the copy, as soon as the controller has told the high watermark.

use super::config::SnapshotConfig;
use super::image::Image;
use super::metadata_log;
use super::quorum::{FetchingSnapshot, QuorumEvent, QuorumState, write_quorum_state};
use super::record::MetadataRecord;
use super::snapshot::{self, Snapshots};
use crate::clock::Instant;
use crate::coordination::Event;
use crate::disk::Disk;
use crate::protocol::{
    ErrorCode, FetchPartition, FetchPartitionResponse, FetchSnapshotRequest, FetchSnapshotResponse,
};
use crate::storage::{Log, StorageError};
use crate::types::{LeaderEpoch, NodeId, Offset, Uuid};

/// Most bytes that one fetch may bring (`KafkaRaftClient.MAX_FETCH_SIZE_BYTES` is larger).
const FETCH_BYTES: u32 = 1 << 20;

/// A broker's copy of the metadata log.
#[derive(Clone, Debug)]
pub struct Observer {
    /// The copy; absent in the ZooKeeper era.
    pub log: Log,
    /// What the committed part of it says.
    pub image: Image,
    /// How far the log is committed, as the leader told last.
    pub high_watermark: Offset,
    /// The controllers.
    pub voters: Vec<NodeId>,
    /// Its snapshots.
    pub snapshots: Snapshots,
    /// The snapshot that it fetches, since the leader's log begins too late.
    pub fetching: Option<FetchingSnapshot>,
    /// The image of the snapshot found at start, until the first answer.
    loaded: Option<Image>,
    config: SnapshotConfig,
    directory: String,
}

impl Observer {
    /// Prepares a broker's directory; the log itself begins at the first start.
    pub fn format(
        disk: &mut Disk,
        directory: &str,
        _id: NodeId,
        _cluster_id: Uuid,
    ) -> Result<(), StorageError> {
        if !disk.exists(directory) {
            disk.create_directory(directory)?;
        }
        Ok(())
    }

    /// What a broker of the ZooKeeper era has instead: an image that is filled by what controllers say.
    pub fn without_log(directory: &str) -> Observer {
        Observer {
            log: Log::absent(&metadata_log::metadata_partition()),
            high_watermark: Offset::ZERO,
            image: Image::default(),
            loaded: None,
            voters: Vec::new(),
            snapshots: Snapshots::default(),
            fetching: None,
            config: SnapshotConfig::default(),
            directory: directory.to_owned(),
        }
    }

    /// Opens the copy, or begins it, with its newest snapshot. Like Kafka's it is recovered after a clean stop, too.
    pub fn open(
        disk: &mut Disk,
        directory: &str,
        _id: NodeId,
        config: SnapshotConfig,
        now: Instant,
    ) -> Result<Observer, StorageError> {
        let log = metadata_log::open(disk, directory, config.segment_bytes)?;
        let snapshots = snapshot::find(disk, directory, now)?;
        let loaded = snapshots.latest.map(|_| snapshot::load(disk, directory, &snapshots));
        Ok(Observer {
            log,
            high_watermark: Offset::ZERO,
            image: Image::default(),
            loaded: loaded.transpose()?,
            voters: Vec::new(),
            snapshots,
            fetching: None,
            config,
            directory: directory.to_owned(),
        })
    }

    /// What the copy on the disk tells, before the controller is heard: logs are opened with the settings in it. (In
    /// Kafka a broker first hears how much of it is committed, then opens its logs, `BrokerMetadataPublisher`.)
    pub fn remembered(&self, disk: &Disk) -> Result<Image, StorageError> {
        let mut image = self.loaded.clone().unwrap_or_default();
        let from = self.log.log_start_offset().max(image.offset + 1);
        let up_to = self.log.log_end_offset();
        for batch in metadata_log::read(&self.log, disk, from, up_to)? {
            batch.records.iter().for_each(|record| image.apply(record));
        }
        Ok(image)
    }

    /// What to ask the controller for next.
    pub fn fetch_partition(&self) -> FetchPartition {
        FetchPartition {
            partition: metadata_log::metadata_partition(),
            // Whoever leads answers; the epoch is learnt from the batches.
            current_leader_epoch: LeaderEpoch::NONE,
            fetch_offset: self.log.log_end_offset(),
            last_fetched_epoch: self.last_epoch(),
            log_start_offset: self.log.log_start_offset(),
            max_bytes: FETCH_BYTES,
        }
    }

    fn last_epoch(&self) -> LeaderEpoch {
        let empty = self.log.log_end_offset() == self.log.log_start_offset();
        match self.snapshots.latest {
            Some((_, epoch)) if empty => self.log.latest_epoch().max(epoch),
            _ => self.log.latest_epoch(),
        }
    }

    /// Takes an answer; gives back the records that are newly committed, in order, already applied to the image.
    pub fn handle(
        &mut self,
        now: Instant,
        answer: &FetchPartitionResponse,
        disk: &mut Disk,
        events: &mut Vec<Event>,
    ) -> Result<Vec<MetadataRecord>, StorageError> {
        if let Some(id) = answer.snapshot {
            self.fetching = Some(FetchingSnapshot { id, bytes: Vec::new() });
            let (offset, epoch) = (id.0, id.1.0);
            events.push(Event::Quorum(QuorumEvent::NeedsSnapshot { offset, epoch }));
            return Ok(Vec::new());
        }
        let known = self.loaded.as_ref().unwrap_or(&self.image).offset + 1;
        match take_fetched(&mut self.log, known, now, answer, disk)? {
            Fetched::Cut { to } => events.push(Event::MetadataTruncated { to }),
            Fetched::Appended => {
                let mut records = Vec::new();
                if let Some(image) = self.loaded.take() {
                    records = snapshot::records(&image);
                    self.image = image;
                }
                self.high_watermark = self.high_watermark.max(answer.high_watermark);
                records.extend(self.apply_committed(now, disk, events)?);
                return Ok(records);
            }
            Fetched::Nothing => {}
        }
        Ok(Vec::new())
    }

    /// The part of a snapshot to ask for next, while one is being fetched.
    pub fn fetch_snapshot(
        &self,
        replica: NodeId,
        leader_epoch: i32,
    ) -> Option<FetchSnapshotRequest> {
        let under_way = self.fetching.as_ref()?;
        Some(FetchSnapshotRequest {
            replica,
            epoch: leader_epoch,
            snapshot: under_way.id,
            position: under_way.bytes.len() as u64,
            max_bytes: FETCH_BYTES,
        })
    }

    /// Takes a part of a snapshot; with the last one it gives back what differs from before, as records.
    pub fn handle_snapshot(
        &mut self,
        now: Instant,
        answer: &FetchSnapshotResponse,
        disk: &mut Disk,
        events: &mut Vec<Event>,
    ) -> Result<Vec<MetadataRecord>, StorageError> {
        let Some(mut under_way) = self.fetching.take() else { return Ok(Vec::new()) };
        let fits =
            under_way.id == answer.snapshot && under_way.bytes.len() as u64 == answer.position;
        if !answer.error.is_none() || !fits || answer.size_bytes > snapshot::LARGEST {
            return Ok(Vec::new()); // gone at the leader: begin again with a fetch
        }
        under_way.bytes.extend_from_slice(&answer.bytes);
        if (under_way.bytes.len() as u64) < answer.size_bytes {
            self.fetching = Some(under_way);
            return Ok(Vec::new());
        }
        let FetchingSnapshot { id, bytes } = under_way;
        let image = snapshot::install(&mut self.log, &self.directory, id, &bytes, disk)?;
        let mut records = snapshot::records(&image);
        let gone = |id: &&Uuid| !image.topic_names.contains_key(id);
        let removed = self.image.topic_names.keys().filter(gone);
        records.extend(removed.map(|&id| MetadataRecord::RemoveTopic { id }));
        self.image = image;
        self.loaded = None;
        self.snapshots.taken(id, now);
        self.high_watermark = self.high_watermark.max(id.0);
        let (offset, epoch) = (id.0, id.1.0);
        events.push(Event::Quorum(QuorumEvent::SnapshotLoaded { offset, epoch }));
        Ok(records)
    }

    fn apply_committed(
        &mut self,
        now: Instant,
        disk: &mut Disk,
        events: &mut Vec<Event>,
    ) -> Result<Vec<MetadataRecord>, StorageError> {
        let from = (self.image.offset + 1).max(self.log.log_start_offset());
        let up_to = self.high_watermark.min(self.log.log_end_offset());
        let (mut applied, mut bytes) = (Vec::new(), 0);
        for batch in metadata_log::read(&self.log, disk, from, up_to)? {
            if batch.epoch != self.image.epoch {
                self.image.epoch = batch.epoch;
            }
            if let Some(leader) = batch.leader {
                let voters =
                    if self.voters.is_empty() { vec![leader] } else { self.voters.clone() };
                let (epoch, leader) = (batch.epoch, Some(leader));
                let state = QuorumState { leader, epoch, voted: None, voters };
                write_quorum_state(disk, &self.directory, &state)?;
            }
            for record in batch.records {
                self.image.apply(&record);
                applied.push(record);
            }
            self.image.offset = batch.last_offset;
            bytes += batch.size_bytes;
        }
        if !applied.is_empty() && self.snapshots.is_due(bytes, now, &self.config) {
            let Observer { snapshots, image, log, directory, config, .. } = self;
            let (offset, epoch) = snapshots.take(image, log, directory, now, config, disk)?;
            let (epoch, starts) = (epoch.0, log.log_start_offset());
            events.push(Event::Quorum(QuorumEvent::SnapshotTaken { offset, epoch, starts }));
        }
        Ok(applied)
    }
}

/// What became of an answer to a fetch.
pub(super) enum Fetched {
    /// The log differed and was cut.
    Cut {
        /// To which end.
        to: Offset,
    },
    /// What came, if anything, is appended.
    Appended,
    /// Nothing can be done with it.
    Nothing,
}

/// Makes a copy of the metadata log follow its leader's answer: a broker's and a voter's alike. What is committed is
/// never cut.
pub(super) fn take_fetched(
    log: &mut Log,
    committed: Offset,
    now: Instant,
    answer: &FetchPartitionResponse,
    disk: &mut Disk,
) -> Result<Fetched, StorageError> {
    let mut log_events = Vec::new();
    if let Some((epoch, end)) = answer.diverging_epoch {
        let (known, own) = log.end_offset_for_epoch(epoch);
        let to = match own < Offset::ZERO {
            true => end,
            false if known == epoch => end.min(own),
            false => own,
        };
        let to = to.max(committed);
        log.truncate_to(disk, to, &mut log_events)?;
        return Ok(Fetched::Cut { to });
    }
    if answer.error == ErrorCode::OFFSET_OUT_OF_RANGE {
        let to = answer.high_watermark.max(committed);
        if to < log.log_end_offset() {
            log.truncate_to(disk, to, &mut log_events)?;
            return Ok(Fetched::Cut { to });
        }
        return Ok(Fetched::Nothing);
    }
    if !answer.error.is_none() {
        return Ok(Fetched::Nothing);
    }
    if !answer.records.is_empty() {
        log.append_as_follower(disk, &answer.records, now, &mut log_events)?;
    }
    Ok(Fetched::Appended)
}
