//! Start-up of one log (class `LogLoader`): what is believed, what is checked, what is cut; told step by step.
//!
//! ```text
//!   clean stop     believe everything; log end = walk the last segment from its last index entry
//!   otherwise      segments before the recovery point: believed
//!                  from it on: scan batch by batch, check the checksum, make the indexes anew
//!                  first bad batch: cut the segment there, all later segments become .deleted
//!   both           leftovers and swaps, orphans, epochs, log start, producers from the newest snapshot on
//! ```
//!
//! A missing offset index, or a transaction index that makes no sense, has its segment scanned in any case; a missing
//! time index is made empty; garbage in either index is noticed by nobody. [`LogLoader`] is an iterator of what
//! happens, [`Log::open`] its last step. Left out: a segment whose offsets are too far apart is not split (KAFKA-6264),
//! we refuse.

use super::checkpoint::read_partition_metadata;
use super::config::LogConfig;
use super::epochs::{EpochCache, LEADER_EPOCHS};
use super::error::{Result, StorageError, StorageErrorKind};
use super::event::Event;
use super::log::Log;
use super::producer_state::ProducerState;
use super::recovery_files::{complete, log_files, nonsense_in, remove_orphans, sweep};
use super::recovery_producers::Rebuild;
use super::recovery_step::{RecoveryStep, SnapshotGone};
use super::segment::{Segment, file_name};
use super::transaction_index;
use crate::disk::Disk;
use crate::era::Snapshots;
use crate::types::{Offset, Timestamp, TopicPartition, Uuid};
use std::collections::VecDeque;
use std::sync::Arc;

/// What a log is opened with: what the checkpoints and the clock say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadFrom {
    /// The last stop was clean.
    pub clean: bool,
    /// Up to here the log was flushed.
    pub recovery_point: Offset,
    /// Where `log-start-offset-checkpoint` lets the log begin.
    pub log_start_offset: Offset,
    /// The clock: producers expire by it.
    pub now: Timestamp,
}

impl LoadFrom {
    /// After a clean stop.
    pub const CLEAN: LoadFrom = LoadFrom {
        clean: true,
        recovery_point: Offset::ZERO,
        log_start_offset: Offset::ZERO,
        now: Timestamp(0),
    };

    /// After any other end of the process, flushed up to here.
    pub fn unclean(recovery_point: Offset) -> LoadFrom {
        LoadFrom { clean: false, recovery_point, ..LoadFrom::CLEAN }
    }
}

/// What comes next.
#[derive(Clone, Copy, Debug)]
enum Phase {
    Files,
    Segment(usize),
    Unflushed(usize),
    End,
    Producers,
    Loaded,
    Done,
}

/// Loads a log; yields what happens, one event after the other.
pub struct LogLoader<'a> {
    disk: &'a mut Disk,
    from: LoadFrom,
    log: Log,
    bases: Vec<Offset>,
    phase: Phase,
    told: VecDeque<Event>,
    being_deleted: bool,
    log_end_from_segments: bool,
}

impl<'a> LogLoader<'a> {
    /// Begins to load the log in `directory`.
    pub fn new(
        disk: &'a mut Disk,
        directory: &str,
        partition: &TopicPartition,
        config: LogConfig,
        from: LoadFrom,
    ) -> Result<LogLoader<'a>> {
        let log = Log::empty(disk, directory, partition, config)?;
        let being_deleted = directory.ends_with("-delete");
        let (bases, told) = (Vec::new(), VecDeque::new());
        let (phase, log_end_from_segments) = (Phase::Files, true);
        Ok(LogLoader { disk, from, log, bases, phase, told, being_deleted, log_end_from_segments })
    }

    /// Goes on to the end; the log.
    pub fn finish(mut self, events: &mut Vec<Event>) -> Result<Log> {
        for event in self.by_ref() {
            events.push(event?);
        }
        Ok(self.log)
    }

    fn step(&mut self, events: &mut Vec<Event>) -> Result<Phase> {
        match self.phase {
            Phase::Files => self.files(events),
            Phase::Segment(n) => self.load_segment(n, events),
            Phase::Unflushed(n) => self.recover_unflushed(n, events),
            Phase::End => self.end(events),
            Phase::Producers => self.producers(events),
            Phase::Loaded => self.loaded(events),
            Phase::Done => Ok(Phase::Done),
        }
    }

    fn files(&mut self, events: &mut Vec<Event>) -> Result<Phase> {
        let mut steps = Vec::new();
        let room = self.log.config.segment_index_bytes;
        sweep(self.disk, &self.log.directory, room, &mut steps)?;
        self.bases = log_files(self.disk, &self.log.directory)?;
        remove_orphans(self.disk, &self.log.directory, &self.bases, &mut steps)?;
        steps.into_iter().for_each(|step| self.log.tell(step, events));
        Ok(Phase::Segment(0))
    }

    fn load_segment(&mut self, n: usize, events: &mut Vec<Event>) -> Result<Phase> {
        let Some(&base_offset) = self.bases.get(n) else {
            return Ok(if self.being_deleted { Phase::End } else { self.begin_recovery(events) });
        };
        let directory = self.log.directory.clone();
        let missing = complete(self.disk, &directory, base_offset)?;
        let segment = Segment::open(self.disk, &directory, base_offset)?;
        let mut scan = missing;
        if missing {
            let partition = self.log.partition.clone();
            events.push(Event::IndexMissing { partition, base_offset });
        } else if let Some(file) = segment.transaction_index {
            let path = format!("{directory}/{}", file_name(base_offset, ".txnindex"));
            let size = self.disk.size(file) as usize;
            let check = |bytes: &[u8]| transaction_index::check(bytes, base_offset);
            if let Err(error) = self.disk.with_bytes(file, 0, size, check)? {
                let why = StorageError { path, ..error }.to_string();
                let step = RecoveryStep::TransactionIndexCorrupt { base_offset, why };
                self.log.tell(step, events);
                scan = true;
            }
        }
        let era = self.log.config.era;
        if era.index_check
            && !scan
            && let Some((file, why)) = nonsense_in(self.disk, &segment, era.index_key)?
        {
            self.log.tell(RecoveryStep::IndexCorrupt { base_offset, file, why }, events);
            scan = true;
        }
        Arc::make_mut(&mut self.log.segments).push(segment);
        if scan {
            self.recover(n, n, events)?;
        }
        Ok(Phase::Segment(n + 1))
    }

    /// Scans segment `n`, with the producers as the first `before` segments leave them.
    fn recover(&mut self, n: usize, before: usize, events: &mut Vec<Event>) -> Result<u32> {
        let mut producers = ProducerState::open(self.disk, &self.log.directory)?;
        let rebuild = Rebuild {
            segments: before,
            log_start: self.from.log_start_offset,
            up_to: self.log.segments[n].base_offset,
            clean: false,
            now: self.from.now,
        };
        self.log.rebuild_producers(self.disk, &mut producers, rebuild, events)?;
        let cut = self.log.recover_segment(self.disk, n, &mut producers, events)?;
        if cut == 0 || self.log.segments[n].size_bytes > 0 {
            self.log.snapshot(self.disk, &mut producers, events)?;
        }
        Ok(cut)
    }

    fn begin_recovery(&self, events: &mut Vec<Event>) -> Phase {
        if self.from.clean {
            return Phase::End;
        }
        let recovery_point = self.from.recovery_point;
        let first = self.log.floor_segment(recovery_point).unwrap_or(0);
        let segments = self.log.segments.len() - first.min(self.log.segments.len());
        let step = RecoveryStep::RecoveryBegins { recovery_point, segments, believed: first };
        self.log.tell(step, events);
        Phase::Unflushed(first)
    }

    fn recover_unflushed(&mut self, n: usize, events: &mut Vec<Event>) -> Result<Phase> {
        if n >= self.log.segments.len() {
            return Ok(Phase::End);
        }
        if self.recover(n, self.log.segments.len(), events)? > 0 {
            self.log.remove_segments(self.disk, n + 1, events)?;
            return Ok(Phase::End);
        }
        Ok(Phase::Unflushed(n + 1))
    }

    /// Log end and log start, and what contradicts them.
    fn end(&mut self, events: &mut Vec<Event>) -> Result<Phase> {
        let LoadFrom { clean, recovery_point, log_start_offset, .. } = self.from;
        if self.being_deleted {
            if self.log.segments.is_empty() {
                self.create_segment(Offset::ZERO, events)?;
            }
        } else {
            if let Some(last) = self.log.segments.last() {
                let log_end_offset = last.read_next_offset(self.disk)?;
                self.log.log_end_offset = log_end_offset;
                if log_end_offset < log_start_offset {
                    let step = RecoveryStep::LogStartBeyondEnd { log_start_offset, log_end_offset };
                    self.log.tell(step, events);
                    self.log.remove_segments(self.disk, 0, events)?;
                    self.log.epochs.clear(self.disk)?;
                    let directory = self.log.directory.clone();
                    let mut producers = ProducerState::open(self.disk, &directory)?;
                    let start = log_start_offset;
                    producers.truncate_fully_and_start_at(self.disk, &directory, start)?;
                    self.log.producers = producers;
                }
            }
            if self.log.segments.is_empty() {
                self.create_segment(log_start_offset, events)?;
                self.log.log_end_offset = log_start_offset;
                self.log_end_from_segments = false;
            }
            let room = self.log.config.segment_index_bytes;
            let active = self.log.active_mut();
            active.index.resize(self.disk, room)?;
            active.time_index.resize(self.disk, room)?;
        }
        let end = self.log.log_end_offset;
        let found = clean && self.log_end_from_segments && !self.being_deleted;
        self.log.recovery_point = if found { end } else { recovery_point.min(end) };
        self.log.log_start_offset = log_start_offset.max(self.log.segments[0].base_offset);
        let before = self.log.epochs.entries().len();
        self.log.epochs.truncate_from_end(self.disk, end)?;
        self.log.epochs.truncate_from_start(self.disk, log_start_offset)?;
        let entries = before - self.log.epochs.entries().len();
        if entries > 0 {
            self.log.tell(RecoveryStep::EpochsCut { entries }, events);
        }
        Ok(Phase::Producers)
    }

    fn create_segment(&mut self, base_offset: Offset, events: &mut Vec<Event>) -> Result<()> {
        let segment =
            Segment::create(self.disk, &self.log.directory, base_offset, &self.log.config)?;
        Arc::make_mut(&mut self.log.segments).push(segment);
        self.log.tell(RecoveryStep::SegmentCreated { base_offset }, events);
        Ok(())
    }

    fn producers(&mut self, events: &mut Vec<Event>) -> Result<Phase> {
        let mut producers = std::mem::take(&mut self.log.producers);
        let bases: Vec<Offset> = self.log.segments.iter().map(|s| s.base_offset).collect();
        let directory = self.log.directory.clone();
        let gone = match self.log.config.era.snapshots {
            Snapshots::EachSegment => {
                producers.remove_stray_snapshots(self.disk, &directory, &bases)?
            }
            _ => {
                producers.list_snapshots(self.disk, &directory)?;
                Vec::new()
            }
        };
        let why = SnapshotGone::OfNoSegment;
        for offset in gone {
            self.log.tell(RecoveryStep::SnapshotRemoved { offset, why }, events);
        }
        let rebuild = Rebuild {
            segments: bases.len(),
            log_start: self.log.log_start_offset,
            up_to: self.log.log_end_offset,
            clean: self.from.clean,
            now: self.from.now,
        };
        self.log.rebuild_producers(self.disk, &mut producers, rebuild, events)?;
        self.log.producers = producers;
        Ok(Phase::Loaded)
    }

    fn loaded(&mut self, events: &mut Vec<Event>) -> Result<Phase> {
        // Read last: when it makes no sense, the log was brought in order nevertheless.
        let directory = self.log.directory.clone();
        self.log.topic_id = read_partition_metadata(self.disk, &directory)?.unwrap_or_default();
        events.push(Event::Loaded {
            partition: self.log.partition.clone(),
            clean: self.from.clean,
            log_start_offset: self.log.log_start_offset,
            log_end_offset: self.log.log_end_offset,
            segments: self.log.segments.len() as u32,
        });
        Ok(Phase::Done)
    }
}

impl Iterator for LogLoader<'_> {
    type Item = Result<Event>;

    fn next(&mut self) -> Option<Result<Event>> {
        while self.told.is_empty() {
            if matches!(self.phase, Phase::Done) {
                return None;
            }
            let mut events = Vec::new();
            match self.step(&mut events) {
                Ok(phase) => self.phase = phase,
                Err(error) => {
                    self.phase = Phase::Done;
                    return Some(Err(error));
                }
            }
            self.told.extend(events);
        }
        self.told.pop_front().map(Ok)
    }
}

impl Log {
    /// Opens the log of a partition at start-up: every step of a [`LogLoader`].
    pub fn open(
        disk: &mut Disk,
        directory: &str,
        partition: &TopicPartition,
        config: LogConfig,
        from: LoadFrom,
        events: &mut Vec<Event>,
    ) -> Result<Log> {
        LogLoader::new(disk, directory, partition, config, from)?.finish(events)
    }

    /// Opens somebody else's log without changing a byte: everything is believed, nothing is made, and the zeros at the
    /// end of an index that was not trimmed are no entries. Where the log end cannot be read (older formats, damage),
    /// it is taken from the index.
    pub fn look(
        disk: &mut Disk,
        directory: &str,
        partition: &TopicPartition,
        config: LogConfig,
    ) -> Result<Log> {
        let mut log = Log::empty(disk, directory, partition, config)?;
        for base_offset in log_files(disk, directory)? {
            let mut segment = Segment::open(disk, directory, base_offset)?;
            segment.index.leave_out_zeros(disk)?;
            segment.time_index.leave_out_zeros(disk)?;
            segment.max_timestamp = segment.time_index.last_entry();
            Arc::make_mut(&mut log.segments).push(segment);
        }
        let Some(last) = log.segments.last() else {
            let what = "there is no .log file in this directory";
            return Err(StorageError::new(StorageErrorKind::Corrupt, directory, what));
        };
        log.log_end_offset = last.read_next_offset(disk).unwrap_or(match last.index.entries() {
            0 => last.base_offset,
            _ => last.index.last_offset() + 1,
        });
        log.recovery_point = log.log_end_offset;
        log.log_start_offset = log.segments[0].base_offset;
        log.topic_id = read_partition_metadata(disk, directory)?.unwrap_or_default();
        Ok(log)
    }

    fn empty(
        disk: &mut Disk,
        directory: &str,
        partition: &TopicPartition,
        config: LogConfig,
    ) -> Result<Log> {
        Ok(Log {
            directory: directory.into(),
            partition: partition.clone(),
            topic_id: Uuid::ZERO,
            config: Arc::new(config),
            segments: Arc::new(Vec::new()),
            log_start_offset: Offset::ZERO,
            log_end_offset: Offset::ZERO,
            recovery_point: Offset::ZERO,
            epochs: EpochCache::open(disk, &format!("{directory}/{LEADER_EPOCHS}"))?,
            doomed: Arc::default(),
            flushes: 0,
            flush_time: crate::clock::Duration::ZERO,
            last_flush: crate::clock::Instant(0),
            producers: ProducerState::default(),
        })
    }
}
