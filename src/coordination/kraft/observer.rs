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

use super::image::Image;
use super::metadata_log;
use super::record::MetadataRecord;
use crate::clock::Instant;
use crate::coordination::Event;
use crate::disk::Disk;
use crate::protocol::{ErrorCode, FetchPartition, FetchPartitionResponse};
use crate::storage::{Log, StorageError};
use crate::types::{LeaderEpoch, NodeId, Offset, Uuid};

/// Most bytes that one fetch may bring (`KafkaRaftClient.MAX_FETCH_SIZE_BYTES` is larger).
const FETCH_BYTES: u32 = 1 << 20;

/// A broker's copy of the metadata log.
#[derive(Clone, Debug)]
pub struct Observer {
    /// The copy.
    pub log: Log,
    /// What the committed part of it says.
    pub image: Image,
    /// How far the log is committed, as the leader told last.
    pub high_watermark: Offset,
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

    /// Opens the copy, or begins it. Like Kafka's it is recovered after a clean stop, too.
    pub fn open(
        disk: &mut Disk,
        directory: &str,
        _id: NodeId,
        _clean: bool,
        _now: Instant,
    ) -> Result<Observer, StorageError> {
        let log = metadata_log::open(disk, directory)?;
        Ok(Observer {
            log,
            image: Image::default(),
            high_watermark: Offset::ZERO,
            directory: directory.to_owned(),
        })
    }

    /// What the copy on the disk tells, before the controller is heard: logs are opened with the settings in it. (In
    /// Kafka a broker first hears how much of it is committed, then opens its logs, `BrokerMetadataPublisher`.)
    pub fn remembered(&self, disk: &Disk) -> Result<Image, StorageError> {
        let mut image = Image::default();
        let (from, up_to) = (self.log.log_start_offset(), self.log.log_end_offset());
        for batch in metadata_log::read(&self.log, disk, from, up_to)? {
            batch.records.iter().for_each(|record| image.apply(record));
        }
        Ok(image)
    }

    /// What to ask the controller for next.
    pub fn fetch_partition(&self) -> FetchPartition {
        FetchPartition {
            partition: metadata_log::metadata_partition(),
            // With one voter there is one leader whoever asks; its epoch is learnt from its batches.
            current_leader_epoch: LeaderEpoch::NONE,
            fetch_offset: self.log.log_end_offset(),
            last_fetched_epoch: self.log.latest_epoch(),
            log_start_offset: self.log.log_start_offset(),
            max_bytes: FETCH_BYTES,
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
        let mut log_events = Vec::new();
        if let Some((epoch, end)) = answer.diverging_epoch {
            let own = self.log.end_offset_for_epoch(epoch).1;
            let to = if own < Offset::ZERO { end } else { end.min(own) };
            // What was applied is committed, and what is committed never diverges.
            let to = to.max(self.image.offset + 1);
            self.log.truncate_to(disk, to, &mut log_events)?;
            events.push(Event::MetadataTruncated { to });
            return Ok(Vec::new());
        }
        if answer.error == ErrorCode::OFFSET_OUT_OF_RANGE {
            let to = answer.high_watermark.max(self.image.offset + 1);
            if to < self.log.log_end_offset() {
                self.log.truncate_to(disk, to, &mut log_events)?;
                events.push(Event::MetadataTruncated { to });
            }
            return Ok(Vec::new());
        }
        if !answer.error.is_none() {
            return Ok(Vec::new());
        }
        if !answer.records.is_empty() {
            self.log.append_as_follower(disk, &answer.records, now, &mut log_events)?;
        }
        self.high_watermark = self.high_watermark.max(answer.high_watermark);
        self.apply_committed(disk)
    }

    fn apply_committed(&mut self, disk: &mut Disk) -> Result<Vec<MetadataRecord>, StorageError> {
        let from = (self.image.offset + 1).max(self.log.log_start_offset());
        let up_to = self.high_watermark.min(self.log.log_end_offset());
        let mut applied = Vec::new();
        for batch in metadata_log::read(&self.log, disk, from, up_to)? {
            if batch.epoch != self.image.epoch {
                self.image.epoch = batch.epoch;
            }
            if let Some(leader) = batch.leader {
                let (directory, epoch) = (&self.directory, batch.epoch);
                metadata_log::write_quorum_state(disk, directory, leader, epoch, leader)?;
            }
            for record in batch.records {
                self.image.apply(&record);
                applied.push(record);
            }
            self.image.offset = batch.last_offset;
        }
        Ok(applied)
    }
}
