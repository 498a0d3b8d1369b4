//! The log of one partition on one broker: its segments, its ends, its epochs (classes `UnifiedLog`, `LocalLog`).
//!
//! Appending, reading, cutting, looking up and start-up are in files of their own; here is what they share: making a
//! log, rolling, flushing, closing.

use super::checkpoint::write_partition_metadata;
use super::config::LogConfig;
use super::deleted::Doomed;
use super::epochs::{EpochCache, LEADER_EPOCHS};
use super::error::{Result, StorageErrorKind};
use super::event::{Event, RollReason};
use super::producer_state::ProducerState;
use super::segment::Segment;
use crate::clock;
use crate::disk::Disk;
use crate::era::Snapshots;
use crate::types::{LeaderEpoch, Offset, Timestamp, TopicPartition, Uuid};
use std::sync::Arc;

/// One partition's log. Cheap to clone: numbers, shared while nothing changes.
#[derive(Clone, Debug)]
pub struct Log {
    pub(super) directory: Arc<str>,
    pub(super) partition: TopicPartition,
    pub(super) topic_id: Uuid,
    pub(super) config: Arc<LogConfig>,
    /// Ascending by base offset, never empty; the last one is active.
    pub(super) segments: Arc<Vec<Segment>>,
    pub(super) log_start_offset: Offset,
    pub(super) log_end_offset: Offset,
    pub(super) recovery_point: Offset,
    pub(super) epochs: EpochCache,
    /// Files that were renamed to `.deleted` and go later.
    pub(super) doomed: Arc<Vec<Doomed>>,
    /// How often the log was flushed since it was opened, and what that would have cost.
    pub(super) flushes: u64,
    pub(super) flush_time: clock::Duration,
    pub(super) last_flush: clock::Instant,
    pub(super) producers: ProducerState,
}

impl Log {
    /// Makes the directory of a new partition: `partition.metadata` (unless the topic has no id), an empty
    /// `leader-epoch-checkpoint` (since 0.11), and a first segment at offset 0 with preallocated indexes.
    pub fn create(
        disk: &mut Disk,
        directory: &str,
        partition: &TopicPartition,
        topic_id: Uuid,
        config: LogConfig,
    ) -> Result<Log> {
        disk.create_directory(directory)?;
        if topic_id != Uuid::ZERO {
            write_partition_metadata(disk, directory, topic_id)?;
        }
        let epochs = format!("{directory}/{LEADER_EPOCHS}");
        let epochs = match config.era.leader_epochs {
            true => EpochCache::create(disk, &epochs)?,
            false => EpochCache::open(disk, &epochs)?,
        };
        let segment = Segment::create(disk, directory, Offset::ZERO, &config)?;
        Ok(Log {
            directory: directory.into(),
            partition: partition.clone(),
            topic_id,
            config: Arc::new(config),
            segments: Arc::new(vec![segment]),
            log_start_offset: Offset::ZERO,
            log_end_offset: Offset::ZERO,
            recovery_point: Offset::ZERO,
            epochs,
            doomed: Arc::default(),
            flushes: 0,
            flush_time: clock::Duration::ZERO,
            last_flush: clock::Instant(0),
            producers: ProducerState::default(),
        })
    }

    /// A log that is nowhere, for a broker that has none of this kind: nothing is read from it or written to it.
    pub fn absent(partition: &TopicPartition) -> Log {
        Log {
            directory: "".into(),
            partition: partition.clone(),
            topic_id: Uuid::ZERO,
            config: Arc::default(),
            segments: Arc::default(),
            log_start_offset: Offset::ZERO,
            log_end_offset: Offset::ZERO,
            recovery_point: Offset::ZERO,
            epochs: EpochCache::absent(),
            doomed: Arc::default(),
            flushes: 0,
            flush_time: clock::Duration::ZERO,
            last_flush: clock::Instant(0),
            producers: ProducerState::default(),
        }
    }

    /// The directory, relative to the root of the disk.
    pub fn directory(&self) -> &str {
        &self.directory
    }
    /// The partition.
    pub fn partition(&self) -> &TopicPartition {
        &self.partition
    }
    /// The id of its topic; zero if `partition.metadata` is not there.
    pub fn topic_id(&self) -> Uuid {
        self.topic_id
    }
    /// The configuration in force.
    pub fn config(&self) -> &LogConfig {
        &self.config
    }
    /// Another configuration: counts from the next append on; files that are there keep their size.
    pub fn set_config(&mut self, config: LogConfig) {
        self.config = Arc::new(config);
    }
    /// All segments, oldest first; the last one is active.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }
    /// The segment that is written.
    pub fn active_segment(&self) -> &Segment {
        self.segments.last().expect("a log has at least one segment")
    }
    /// The segment that is written, to be changed, and the configuration that it is to follow.
    pub(super) fn active_and_config(&mut self) -> (&mut Segment, &LogConfig) {
        let segments = Arc::make_mut(&mut self.segments);
        (segments.last_mut().expect("a log has at least one segment"), &self.config)
    }
    pub(super) fn active_mut(&mut self) -> &mut Segment {
        Arc::make_mut(&mut self.segments).last_mut().expect("a log has at least one segment")
    }
    /// The first offset that can be read.
    pub fn log_start_offset(&self) -> Offset {
        self.log_start_offset
    }
    /// The offset that the next record gets.
    pub fn log_end_offset(&self) -> Offset {
        self.log_end_offset
    }
    /// Everything before it was flushed.
    pub fn recovery_point(&self) -> Offset {
        self.recovery_point
    }
    /// How often it was flushed since it was opened (`LogFlushRateAndTimeMs`).
    pub fn flushes(&self) -> u64 {
        self.flushes
    }
    /// What those flushes cost by the model of `flush`.
    pub fn flush_time(&self) -> clock::Duration {
        self.flush_time
    }
    /// Bytes of all segments.
    pub fn size_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| u64::from(segment.size_bytes)).sum()
    }
    /// The epochs of this log.
    pub fn epochs(&self) -> &EpochCache {
        &self.epochs
    }
    /// What is known of the producers.
    pub fn producers(&self) -> &ProducerState {
        &self.producers
    }
    /// The newest epoch; -1 if there is none.
    pub fn latest_epoch(&self) -> LeaderEpoch {
        self.epochs.latest_epoch().unwrap_or(LeaderEpoch::NONE)
    }
    /// The answer to OffsetForLeaderEpoch (see [`EpochCache::end_offset_for`]).
    pub fn end_offset_for_epoch(&self, epoch: LeaderEpoch) -> (LeaderEpoch, Offset) {
        self.epochs.end_offset_for(epoch, self.log_end_offset)
    }

    /// Notes that `epoch` begins at `start`: a new leader does this before its first append.
    pub fn assign_epoch(
        &mut self,
        disk: &mut Disk,
        epoch: LeaderEpoch,
        start: Offset,
        events: &mut Vec<Event>,
    ) -> Result<()> {
        // The same epoch as before at a later offset is the usual case and changes nothing.
        if self
            .epochs
            .latest()
            .is_some_and(|last| last.epoch == epoch && last.start_offset <= start)
        {
            return Ok(());
        }
        if self.epochs.assign(disk, epoch, start)? {
            let partition = self.partition.clone();
            events.push(Event::EpochAssigned { partition, epoch, start_offset: start });
        }
        Ok(())
    }

    /// Moves the first readable offset up (records deleted on request); whole segments before it stay until retention.
    /// Beyond the log end the log is emptied and begins there, as Kafka does with such a checkpoint at start-up.
    pub fn advance_log_start(
        &mut self,
        disk: &mut Disk,
        offset: Offset,
        events: &mut Vec<Event>,
    ) -> Result<()> {
        if offset > self.log_end_offset {
            return self.truncate_fully_and_start_at(disk, offset, events);
        }
        self.increment_log_start(disk, offset, true, events)
    }

    /// Closes the active segment and begins a new one at the log end. An empty active segment stays: its name would be
    /// the same (`LocalLog.roll` replaces it by an equal one).
    pub fn roll(
        &mut self,
        disk: &mut Disk,
        now: clock::Instant,
        reason: RollReason,
        events: &mut Vec<Event>,
    ) -> Result<()> {
        self.roll_at(disk, now, self.log_end_offset, reason, events)
    }

    pub(super) fn roll_at(
        &mut self,
        disk: &mut Disk,
        now: clock::Instant,
        offset: Offset,
        reason: RollReason,
        events: &mut Vec<Event>,
    ) -> Result<()> {
        let base_offset = offset.max(self.log_end_offset);
        let (config, partition) = (self.config.clone(), self.partition.clone());
        let active = self.active_mut();
        if active.size_bytes == 0 && active.base_offset == base_offset {
            active.index.reset(disk, config.segment_index_bytes)?;
            return active.time_index.reset(disk, config.segment_index_bytes);
        }
        active.finish(disk, &partition, events)?;
        let segment = Segment::create(disk, &self.directory, base_offset, &config)?;
        Arc::make_mut(&mut self.segments).push(segment);
        self.log_end_offset = base_offset;
        self.producers.set_map_end_offset(base_offset);
        self.snapshot_producers(disk)?;
        events.push(Event::Rolled { partition, base_offset, reason });
        self.flush_before(disk, base_offset, now, false, events)
    }

    /// A clean close: the closing time index entry, indexes trimmed, everything flushed. The log can be opened again.
    pub fn close(&mut self, disk: &mut Disk, events: &mut Vec<Event>) -> Result<()> {
        self.flush(disk, self.last_flush, events)?;
        self.snapshot_producers(disk)?;
        let partition = self.partition.clone();
        match self.active_mut().finish(disk, &partition, events) {
            // Offsets that go back have no closing entry; Kafka swallows it here (`LogSegment.close`).
            Err(error) if error.kind == StorageErrorKind::InvalidOffset => {}
            done => done?,
        }
        for segment in Arc::make_mut(&mut self.segments) {
            segment.index.trim(disk)?; // an odd size of a closed index is mended here, as in Kafka
            segment.time_index.trim(disk)?;
        }
        self.forget(disk);
        Ok(())
    }

    /// Writes a snapshot of the producers, in versions that have any.
    fn snapshot_producers(&mut self, disk: &mut Disk) -> Result<()> {
        if self.config.era.snapshots != Snapshots::Unknown {
            self.producers.take_snapshot(disk, &self.directory)?;
        }
        Ok(())
    }

    /// Lets go of the files without writing anything: the directory is about to be renamed or removed.
    pub fn forget(&self, disk: &mut Disk) {
        for segment in self.segments.iter() {
            let files = [segment.log, segment.index.file, segment.time_index.file];
            files.into_iter().chain(segment.transaction_index).for_each(|file| disk.close(file));
        }
    }

    /// The greatest timestamp and its offset (ListOffsets with MAX_TIMESTAMP, KIP-734); nothing in an empty log.
    pub fn max_timestamp(&self) -> Option<(Timestamp, Offset)> {
        let greatest =
            self.segments.iter().map(|segment| segment.max_timestamp).max_by_key(|m| m.0)?;
        (greatest.0 != Timestamp::NONE).then_some(greatest)
    }

    /// Position in `segments` of the one that holds `offset` or would hold it.
    pub(super) fn floor_segment(&self, offset: Offset) -> Option<usize> {
        self.segments.partition_point(|segment| segment.base_offset <= offset).checked_sub(1)
    }
}
