//! What a broker does for its logs by the clock: retention, compaction, `.deleted` files, checkpoints. Classes
//! `LogManager` and `LogCleaner`.
//!
//! ```text
//!   every log.retention.check.interval.ms (5 min)     which segments go?
//!   every log.cleaner.backoff.ms (15 s)               is a compacted log dirty enough? the dirtiest one first
//!   file.delete.delay.ms after a segment went         its .deleted files go
//!   every log.flush.scheduler.interval.ms (off)       has a log waited flush.ms with bytes in the page cache alone?
//!   every producer.id.expiration.check.interval.ms    who wrote nothing for producer.id.expiration.ms is forgotten
//!   every minute                                      recovery-point- and log-start-offset-checkpoint
//! ```
//!
//! Most rounds find nothing, so none is played for nothing: [`Broker::next_upkeep`] says when the next round would find
//! something, and only a little before that a timer is set, for the round's own time. The rounds count from the
//! broker's start.

use super::{Broker, Event, Halt, Out};
use crate::clock::{Duration, Instant};
use crate::disk::Disk;
use crate::protocol::Timer;
use crate::storage::{self, Cleanable, CleaningPlan, LogConfig, OffsetMap, ToldCleaning};
use crate::types::{Offset, TopicPartition};
use std::collections::BTreeMap;
use std::sync::Arc;

/// `log.initial.task.delay.ms`.
const INITIAL_DELAY: Duration = Duration::from_ms(30_000);
/// `log.flush.offset.checkpoint.interval.ms` and `log.flush.start.offset.checkpoint.interval.ms`.
const CHECKPOINT_INTERVAL: Duration = Duration::from_ms(60_000);

/// What a broker remembers of its upkeep.
#[derive(Clone, Debug, Default)]
pub struct Upkeep {
    /// When the process began: its rounds count from there.
    pub(super) began: Instant,
    /// How far the cleaner came, as `cleaner-offset-checkpoint` says.
    pub(super) cleaned: BTreeMap<TopicPartition, Offset>,
    /// Logs that the cleaner met an error in and leaves alone.
    pub(super) uncleanable: BTreeMap<TopicPartition, String>,
    armed: [Option<Instant>; 5],
    /// The steps of the last pass of the cleaner.
    told: Option<(TopicPartition, Arc<ToldCleaning>)>,
    checkpoint_rounds: u64,
    pub(super) points: Arc<Vec<(TopicPartition, Offset)>>,
    pub(super) starts: Arc<Vec<(TopicPartition, Offset)>>,
}

impl Upkeep {
    /// A process begins with what the cleaner's checkpoint says.
    pub(super) fn begin(now: Instant, cleaned: BTreeMap<TopicPartition, Offset>) -> Upkeep {
        Upkeep { began: now, cleaned, ..Upkeep::default() }
    }
}

/// The first round at or after `due`, when rounds are `every` apart and the first one is `delay` after `began`.
fn round(began: Instant, delay: Duration, every: Duration, due: Instant) -> Instant {
    let first = began + delay;
    let passed = due.since(first).0;
    // A due time may lie at the end of all time: records carry whatever timestamp a producer gives them.
    first + Duration(passed.div_ceil(every.0.max(1)).saturating_mul(every.0.max(1)))
}

impl Broker {
    /// How far the cleaner came in a log.
    pub fn cleaned_up_to(&self, partition: &TopicPartition) -> Option<Offset> {
        self.upkeep.cleaned.get(partition).copied()
    }

    /// The steps of the cleaner's last pass, if it was over this log.
    pub fn told_cleaning(&self, partition: &TopicPartition) -> Option<&ToldCleaning> {
        self.upkeep.told.as_ref().filter(|(of, _)| of == partition).map(|(_, told)| told.as_ref())
    }

    /// Logs that the cleaner leaves alone since it met an error in them.
    pub fn uncleanable_count(&self) -> usize {
        self.upkeep.uncleanable.len()
    }

    /// What the cleaner could do in a log now; nothing if it is not compacted here.
    pub fn cleanable(
        &self,
        partition: &TopicPartition,
        disk: &Disk,
        now: Instant,
    ) -> Option<Cleanable> {
        let replica = self.replicas.get(partition)?;
        if !replica.log.config().cleanup_policy.compact {
            return None;
        }
        let checkpoint = self.upkeep.cleaned.get(partition).copied();
        replica.log.cleanable(disk, checkpoint, replica.high_watermark(), now).ok()
    }

    /// The machine's clock is wrong by so many microseconds from now on. Only what is dated heeds it: records,
    /// retention, the cleaner, committed offsets, znodes with a time in them. Whatever waits is timed by a clock
    /// that is never set (`Time.hiResClockMs`, `System.nanoTime`): requests, heartbeats, sessions, purgatories,
    /// the scheduler.
    pub fn skew_clock(&mut self, now: Instant, by_us: i64, disk: &Disk, out: &mut Out) {
        self.config.log.clock_skew_us = by_us;
        for replica in self.replicas.values_mut() {
            let config = LogConfig { clock_skew_us: by_us, ..replica.log.config().clone() };
            replica.log.set_config(config);
        }
        self.groups.skew_clock(by_us);
        if let Some(side) = self.zookeeper.as_deref_mut() {
            side.controller.settings.clock_skew_us = by_us;
        }
        self.arm_upkeep(now, disk, out);
    }

    /// When upkeep would find something to do: retention, the cleaner, the removal of files, flushing, producers.
    fn upkeep_times(&self, now: Instant, disk: &Disk) -> [Option<Instant>; 5] {
        let (mut retention, mut cleaner, mut removal) = (None::<Instant>, None, None::<Instant>);
        let (mut flush, mut producers) = (None::<Instant>, None::<Instant>);
        for (partition, replica) in &self.replicas {
            let log = &replica.log;
            if let Some(due) = log.next_producer_expiry() {
                producers = Some(producers.map_or(due, |other| other.min(due)));
            }
            if let Some(due) = log.next_retention(replica.high_watermark(), now) {
                retention = Some(retention.map_or(due, |other| other.min(due)));
            }
            if let Some(due) = log.next_removal() {
                removal = Some(removal.map_or(due, |other| other.min(due)));
            }
            if let Some(at) = self.flush_round(now, log) {
                flush = Some(flush.map_or(at, |other| other.min(at)));
            }
            let waits = cleaner.is_none() && !self.upkeep.uncleanable.contains_key(partition);
            if waits && self.cleanable(partition, disk, now).is_some_and(|c| c.is_due(log)) {
                cleaner = Some(now);
            }
        }
        for (due, _) in &self.deleting {
            removal = Some(removal.map_or(*due, |other| other.min(*due)));
        }
        let began = self.upkeep.began;
        let (check, backoff) =
            (self.config.retention_check_interval, self.config.log_cleaner_backoff);
        [
            retention.map(|due| round(began, INITIAL_DELAY, check, due.max(now))),
            cleaner.map(|due| round(began, Duration::ZERO, backoff, due)),
            removal.map(|due| due.max(now)),
            flush,
            producers.map(|due| {
                let every = self.config.producer_check_interval;
                round(began, every, every, due.max(now))
            }),
        ]
    }

    /// The round in which a log is flushed if nothing else flushes it before.
    fn flush_round(&self, now: Instant, log: &storage::Log) -> Option<Instant> {
        let every = self.config.log_flush_interval?;
        Some(round(self.upkeep.began, INITIAL_DELAY, every, log.flush_due()?.max(now)))
    }

    /// A log was written: its round may come before the next look at all logs.
    pub(super) fn arm_flush(&mut self, now: Instant, partition: &TopicPartition, out: &mut Out) {
        let log = self.replicas.get(partition).map(|replica| &replica.log);
        let Some(at) = log.and_then(|log| self.flush_round(now, log)) else { return };
        if self.upkeep.armed[3].is_none_or(|armed| at < armed) {
            self.upkeep.armed[3] = Some(at);
            out.set(Timer::LogFlush, at);
        }
    }

    /// Flushes what has waited for `flush.ms` (`LogManager.flushDirtyLogs`); nobody waits for it.
    fn flush_logs(&mut self, now: Instant, disk: &mut Disk, out: &mut Out) -> Result<(), Halt> {
        let mut events = Vec::new();
        for replica in self.replicas.values_mut() {
            if replica.log.flush_due().is_some_and(|due| due <= now) {
                replica.log.flush(disk, now, &mut events)?;
            }
        }
        out.events.extend(events.into_iter().map(Event::Storage));
        Ok(())
    }

    /// When upkeep has to run next, if nothing else happens before.
    pub fn next_upkeep(&self, now: Instant, disk: &Disk) -> Option<Instant> {
        self.upkeep_times(now, disk).into_iter().flatten().chain(self.checkpoint_due()).min()
    }

    /// When the checkpoints of logs are to be written again, if they would say something else: idle time ends there.
    fn checkpoint_due(&self) -> Option<Instant> {
        // A recovery point of 0 says no more than a line that is missing.
        let says_something = |point: &(&TopicPartition, Offset)| point.1 > Offset::ZERO;
        let written = |offsets: &'_ [(TopicPartition, Offset)]| -> Vec<(TopicPartition, Offset)> {
            offsets.iter().filter(|(_, at)| *at > Offset::ZERO).cloned().collect()
        };
        let same = |now: &mut dyn Iterator<Item = (&TopicPartition, Offset)>, before| {
            now.map(|(partition, at)| (partition.clone(), at)).collect::<Vec<_>>()
                == written(before)
        };
        let points = same(&mut self.log_points().filter(says_something), &self.upkeep.points);
        let starts = same(&mut self.log_starts(), &self.upkeep.starts);
        let round = CHECKPOINT_INTERVAL.0.saturating_mul(self.upkeep.checkpoint_rounds + 1);
        (!points || !starts).then(|| self.upkeep.began + Duration(round))
    }

    fn log_points(&self) -> impl Iterator<Item = (&TopicPartition, Offset)> {
        self.replicas.iter().map(|(partition, replica)| (partition, replica.log.recovery_point()))
    }

    /// Only logs that do not begin with a file have a line.
    fn log_starts(&self) -> impl Iterator<Item = (&TopicPartition, Offset)> {
        let logs = self.replicas.iter().map(|(partition, replica)| (partition, &replica.log));
        logs.filter(|(_, log)| log.log_start_offset() > log.segments()[0].base_offset)
            .map(|(partition, log)| (partition, log.log_start_offset()))
    }

    /// So long before a round its timer is set: the next look at all logs comes before that is over.
    pub fn upkeep_margin(&self) -> Duration {
        Duration(self.config.checkpoint_interval.0.saturating_mul(2))
    }

    /// Sets the timers of the rounds that will find something.
    pub(super) fn arm_upkeep(&mut self, now: Instant, disk: &Disk, out: &mut Out) {
        let soon = now + self.upkeep_margin();
        let times = self.upkeep_times(now, disk).map(|time| time.filter(|at| *at <= soon));
        let names = [
            Timer::LogRetention,
            Timer::LogCleaner,
            Timer::FileDelete,
            Timer::LogFlush,
            Timer::ProducerExpiry,
        ];
        for ((name, time), armed) in names.into_iter().zip(times).zip(&mut self.upkeep.armed) {
            if *armed != time {
                *armed = time;
                out.timers.push((name, time));
            }
        }
    }

    /// One of the five timers fired.
    pub(super) fn upkeep_timer(
        &mut self,
        now: Instant,
        timer: &Timer,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        match timer {
            Timer::LogRetention => {
                self.upkeep.armed[0] = None;
                self.run_retention(now, disk, out)?;
            }
            Timer::LogCleaner => {
                self.upkeep.armed[1] = None;
                self.run_cleaner(now, disk, out)?;
            }
            Timer::LogFlush => {
                self.upkeep.armed[3] = None;
                self.flush_logs(now, disk, out)?;
            }
            Timer::ProducerExpiry => {
                self.upkeep.armed[4] = None;
                for replica in self.replicas.values_mut() {
                    let event = replica.log.forget_expired_producers(now.timestamp());
                    out.events.extend(event.map(Event::Storage));
                }
            }
            _ => {
                self.upkeep.armed[2] = None;
                let mut events = Vec::new();
                for replica in self.replicas.values_mut() {
                    replica.log.remove_due(disk, now, &mut events)?;
                }
                out.events.extend(events.into_iter().map(Event::Storage));
                self.remove_directories(now, disk)?;
            }
        }
        self.arm_upkeep(now, disk, out);
        Ok(())
    }

    /// Removes the directories of deleted partitions whose time has come.
    fn remove_directories(&mut self, now: Instant, disk: &mut Disk) -> Result<(), Halt> {
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.deleting).into_iter().partition(|(at, _)| *at <= now);
        self.deleting = later;
        for (_, path) in due {
            if disk.exists(&path) {
                disk.remove_directory(&path)?;
            }
        }
        Ok(())
    }

    /// The retention check of all logs (`LogManager.cleanupLogs`); answers how many segments went.
    pub fn run_retention(
        &mut self,
        now: Instant,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<usize, Halt> {
        let (mut events, mut gone) = (Vec::new(), 0);
        for replica in self.replicas.values_mut() {
            let mark = replica.high_watermark();
            let timestamp = self.config.log.wall(now);
            gone += replica.log.apply_retention(disk, mark, now, timestamp, &mut events)?;
        }
        out.events.extend(events.into_iter().map(Event::Storage));
        self.arm_upkeep(now, disk, out);
        Ok(gone)
    }

    /// Cleans every log that is dirty enough, the dirtiest first (`LogCleaner.cleanFilthiestLog`).
    fn run_cleaner(&mut self, now: Instant, disk: &mut Disk, out: &mut Out) -> Result<(), Halt> {
        loop {
            let mut filthiest: Option<(f64, TopicPartition)> = None;
            for (partition, replica) in &self.replicas {
                if self.upkeep.uncleanable.contains_key(partition) {
                    continue;
                }
                let Some(cleanable) = self.cleanable(partition, disk, now) else { continue };
                let ratio = cleanable.dirty_ratio();
                if cleanable.is_due(&replica.log)
                    && filthiest.as_ref().is_none_or(|(most, _)| ratio > *most)
                {
                    filthiest = Some((ratio, partition.clone()));
                }
            }
            let Some((_, partition)) = filthiest else { return Ok(()) };
            self.clean(now, &partition, disk, out)?;
        }
    }

    /// One pass of the cleaner over one log, if something of it may be cleaned; answers whether.
    pub fn clean(
        &mut self,
        now: Instant,
        partition: &TopicPartition,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<bool, Halt> {
        let Some(cleanable) = self.cleanable(partition, disk, now) else { return Ok(false) };
        let Some(replica) = self.replicas.get_mut(partition) else { return Ok(false) };
        if cleanable.first_dirty_offset >= cleanable.first_uncleanable_offset {
            return Ok(false);
        }
        let timestamp = self.config.log.wall(now);
        let expiration_ms = replica.log.config().producer_id_expiration_ms;
        let plan = CleaningPlan {
            first_dirty_offset: cleanable.first_dirty_offset,
            first_uncleanable_offset: cleanable.first_uncleanable_offset,
            producers: replica.log.last_records_of_producers(timestamp, expiration_ms),
            buffer_bytes: OffsetMap::BUFFER_BYTES,
            now,
            timestamp,
        };
        let mut events = Vec::new();
        let mut told = ToldCleaning::default();
        let done = replica.log.clean_and_tell(disk, plan, &mut events, &mut told);
        self.upkeep.told = Some((partition.clone(), Arc::new(told)));
        out.events.extend(events.into_iter().map(Event::Storage));
        match done {
            Ok(result) => {
                let end = result.end_offset.max(cleanable.first_dirty_offset);
                self.upkeep.cleaned.insert(partition.clone(), end);
                self.write_cleaned(disk)?;
            }
            Err(error) if error.is_of_the_host() || error.broken_disk().is_some() => {
                return Err(error);
            }
            Err(error) => {
                self.upkeep.uncleanable.insert(partition.clone(), error.to_string());
                let (partition, why) = (partition.clone(), error.to_string());
                out.events.push(Event::Uncleanable { partition, why });
            }
        }
        self.arm_upkeep(now, disk, out);
        Ok(true)
    }

    /// What a step did to logs: one that was cut is dirty again from there (`LogCleaner.maybeTruncateCheckpoint`), and
    /// dropped files get their date. Answers how long the disk was waited for.
    pub(super) fn note_cuts(&mut self, now: Instant, events: &[Event]) -> Duration {
        let mut waited_for = Duration::ZERO;
        for event in events {
            match event {
                Event::Storage(storage::Event::Flushed { price, waited: true, .. }) => {
                    waited_for = waited_for + *price;
                }
                Event::Storage(storage::Event::SegmentRemoved { partition, .. }) => {
                    if let Some(replica) = self.replicas.get_mut(partition) {
                        replica.log.date_deleted(now);
                    }
                }
                _ => {}
            }
            if let Event::Storage(storage::Event::Truncated { partition, to, .. }) = event
                && let Some(cleaned) = self.upkeep.cleaned.get_mut(partition)
            {
                *cleaned = (*cleaned).min(*to);
            }
        }
        waited_for
    }

    fn write_cleaned(&self, disk: &mut Disk) -> Result<(), Halt> {
        let offsets: Vec<_> = self.upkeep.cleaned.iter().map(|(p, o)| (p.clone(), *o)).collect();
        let path = format!("{}/{}", self.directory, storage::CLEANER_OFFSETS);
        storage::write_offsets(disk, &path, &offsets)
    }

    /// A copy is gone from here: its line in the cleaner's checkpoint too.
    pub(super) fn forget_cleaned(
        &mut self,
        partition: &TopicPartition,
        disk: &mut Disk,
    ) -> Result<(), Halt> {
        self.upkeep.uncleanable.remove(partition);
        match self.upkeep.cleaned.remove(partition) {
            Some(_) => self.write_cleaned(disk),
            None => Ok(()),
        }
    }

    /// Writes `recovery-point-offset-checkpoint` and `log-start-offset-checkpoint` where they changed, once a minute.
    pub(super) fn checkpoint_logs(&mut self, now: Instant, disk: &mut Disk) -> Result<(), Halt> {
        let rounds = now.since(self.upkeep.began).0 / CHECKPOINT_INTERVAL.0;
        if rounds == self.upkeep.checkpoint_rounds {
            return Ok(());
        }
        self.upkeep.checkpoint_rounds = rounds;
        let path = |name: &str| format!("{}/{name}", self.directory);
        let points: Vec<_> = self.log_points().map(|(p, at)| (p.clone(), at)).collect();
        let starts: Vec<_> = self.log_starts().map(|(p, at)| (p.clone(), at)).collect();
        if points != *self.upkeep.points {
            storage::write_offsets(disk, &path(storage::RECOVERY_POINTS), &points)?;
            self.upkeep.points = Arc::new(points);
        }
        if starts != *self.upkeep.starts {
            storage::write_offsets(disk, &path(storage::LOG_START_OFFSETS), &starts)?;
            self.upkeep.starts = Arc::new(starts);
        }
        Ok(())
    }
}
