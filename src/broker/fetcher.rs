//! The follower's side: ask each leader for what comes next, append it, cut what differs
//! (classes `ReplicaFetcherThread`, `AbstractFetcherThread`).
//!
//! One fetcher serves all partitions that are led by the same broker, with one request under way at a time. A
//! partition that met an error waits `replica.fetch.backoff.ms` by itself; the others go on. From 0.11 to 2.6 a
//! partition begins by asking where its last epoch ended, and is fetched once its log is cut (`truncate`).

use super::{Broker, Event, Halt, Out, Purpose};
use crate::clock::{Duration, Instant};
use crate::disk::Disk;
use crate::era::Truncation;
use crate::protocol::{
    ErrorCode, FetchPartition, FetchPartitionResponse, FetchRequest, FetchResponse, Request, Timer,
};
use crate::replica::{self, Guide, Role};
use crate::types::{BrokerEpoch, LeaderEpoch, NodeId, TopicPartition};
use std::collections::BTreeMap;

/// One partition of a fetcher.
#[derive(Clone, Copy, Debug)]
pub struct Following {
    /// The moment before which it is not asked for.
    pub until: Instant,
    /// The leader epoch that the follower believes in.
    pub epoch: LeaderEpoch,
    /// Whether the leader must first be asked where the last epoch ended.
    pub truncating: bool,
}

/// What one fetcher does.
#[derive(Clone, Debug, Default)]
pub struct Fetcher {
    /// The partitions that it asks for.
    pub partitions: BTreeMap<TopicPartition, Following>,
    /// The request under way.
    pub in_flight: Option<u64>,
    /// Whether a timer will start the next request.
    pub waiting: bool,
}

impl Fetcher {
    /// Idle time was passed over.
    pub(super) fn shift(&mut self, by: Duration) {
        for following in self.partitions.values_mut() {
            if following.until.0 > 0 {
                following.until = following.until + by;
            }
        }
    }
}

impl Broker {
    /// Begins to copy `partition` from `leader`.
    pub(super) fn follow(
        &mut self,
        now: Instant,
        partition: &TopicPartition,
        leader: NodeId,
        epoch: LeaderEpoch,
        out: &mut Out,
    ) {
        let truncating = self.must_ask(partition);
        let fetcher = self.fetchers.entry(leader).or_default();
        let following = Following { until: Instant(0), epoch, truncating };
        fetcher.partitions.insert(partition.clone(), following);
        if fetcher.in_flight.is_none() && !fetcher.waiting {
            self.fetch_from(now, leader, out);
        }
    }

    /// Stops copying `partition`, from whomever.
    pub(super) fn unfollow(&mut self, partition: &TopicPartition, out: &mut Out) {
        for (&leader, fetcher) in &mut self.fetchers {
            if fetcher.partitions.remove(partition).is_some()
                && fetcher.partitions.is_empty()
                && fetcher.waiting
            {
                fetcher.waiting = false;
                out.cancel(Timer::FetcherBackoff(leader));
            }
        }
        self.fetchers
            .retain(|_, fetcher| !fetcher.partitions.is_empty() || fetcher.in_flight.is_some());
    }

    /// Sends the next fetch to `leader`, or sets a timer when every partition must wait.
    pub(super) fn fetch_from(&mut self, now: Instant, leader: NodeId, out: &mut Out) {
        if self.ask_where_epochs_ended(now, leader, out) {
            return;
        }
        let truncation = self.config.truncation();
        let fenced = self.config.fetch_is_fenced();
        let version = self.config.era().fetch_version;
        let held = self.held_back(leader);
        let wait = self.config.replica_fetch_backoff;
        let Some(fetcher) = self.fetchers.get_mut(&leader) else {
            return;
        };
        fetcher.waiting = false;
        if self.fetchers_paused || fetcher.in_flight.is_some() || fetcher.partitions.is_empty() {
            return;
        }
        let mut partitions = Vec::with_capacity(fetcher.partitions.len());
        let mut earliest: Option<Instant> = None;
        for (partition, &Following { until, epoch, truncating }) in &fetcher.partitions {
            if until > now {
                earliest = Some(earliest.map_or(until, |at| at.min(until)));
                continue;
            }
            if truncating {
                continue;
            }
            if held.contains(partition) {
                earliest = Some(earliest.map_or(now + wait, |at| at.min(now + wait)));
                continue;
            }
            let Some(replica) = self.replicas.get(partition) else {
                continue;
            };
            partitions.push(FetchPartition {
                partition: partition.clone(),
                current_leader_epoch: if fenced { epoch } else { LeaderEpoch::NONE },
                fetch_offset: replica.log.log_end_offset(),
                last_fetched_epoch: match truncation {
                    Truncation::FetchDivergence => replica.log.latest_epoch(),
                    _ => LeaderEpoch::NONE,
                },
                log_start_offset: replica.log.log_start_offset(),
                max_bytes: self.config.replica_fetch_max_bytes,
            });
        }
        if partitions.is_empty() {
            if let Some(at) = earliest {
                fetcher.waiting = true;
                out.set(Timer::FetcherBackoff(leader), at);
            }
            return;
        }
        let request = Request::Fetch(FetchRequest {
            replica: Some(self.id),
            replica_epoch: match self.config.era().isr_has_broker_epochs {
                true => self.epoch,
                false => BrokerEpoch(-1),
            },
            version,
            max_wait_ms: self.config.replica_fetch_wait_max_ms,
            min_bytes: self.config.replica_fetch_min_bytes,
            max_bytes: self.config.replica_fetch_response_max_bytes,
            read_committed: false,
            partitions,
        });
        let timeout = self.config.replica_socket_timeout;
        let correlation = self.ask(now, leader, request, Purpose::ReplicaFetch, timeout, out);
        if let Some(fetcher) = self.fetchers.get_mut(&leader) {
            fetcher.in_flight = Some(correlation);
        }
    }

    /// Partitions that are above their rate; mostly none has a rate.
    fn held_back(&self, leader: NodeId) -> Vec<TopicPartition> {
        if self.throttle_rate(super::Way::In).is_none() {
            return Vec::new();
        }
        let all = self.fetchers.get(&leader).into_iter().flat_map(|f| f.partitions.keys());
        all.filter(|partition| self.leaves_out(partition)).cloned().collect()
    }

    /// The fetch to `leader` will not be answered: all its partitions wait.
    pub(super) fn fetch_lost(&mut self, now: Instant, leader: NodeId, out: &mut Out) {
        let until = now + self.config.replica_fetch_backoff;
        if let Some(fetcher) = self.fetchers.get_mut(&leader) {
            fetcher.in_flight = None;
            if fetcher.partitions.is_empty() {
                self.fetchers.remove(&leader);
                return;
            }
            for following in fetcher.partitions.values_mut() {
                following.until = until;
            }
            fetcher.waiting = true;
            out.set(Timer::FetcherBackoff(leader), until);
        }
    }

    pub(super) fn replica_fetched(
        &mut self,
        now: Instant,
        leader: NodeId,
        response: FetchResponse,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        if let Some(fetcher) = self.fetchers.get_mut(&leader) {
            fetcher.in_flight = None;
        }
        for answer in response.partitions {
            self.take_fetched(now, leader, answer, disk, out)?;
        }
        let gone = self.fetchers.get(&leader).is_some_and(|f| f.partitions.is_empty());
        if gone {
            self.fetchers.remove(&leader);
        } else if self.fetchers_slowed > Duration::ZERO {
            if let Some(fetcher) = self.fetchers.get_mut(&leader) {
                fetcher.waiting = true;
                out.set(Timer::FetcherBackoff(leader), now + self.fetchers_slowed);
            }
        } else {
            self.fetch_from(now, leader, out);
        }
        Ok(())
    }

    fn take_fetched(
        &mut self,
        now: Instant,
        leader: NodeId,
        answer: FetchPartitionResponse,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let partition = answer.partition.clone();
        let backoff = now + self.config.replica_fetch_backoff;
        let Some(fetcher) = self.fetchers.get_mut(&leader) else {
            return Ok(());
        };
        let Some(following) = fetcher.partitions.get_mut(&partition) else {
            return Ok(());
        };
        let Some(replica) = self.replicas.get_mut(&partition) else {
            return Ok(());
        };
        if following.epoch != replica.leader_epoch || replica.leader() != Some(leader) {
            return Ok(());
        }
        match answer.error {
            ErrorCode::NONE => {}
            ErrorCode::OFFSET_OUT_OF_RANGE => {
                let events = &mut out.events;
                return Self::out_of_range(replica, &answer, disk, events);
            }
            error => {
                following.until = backoff;
                out.events.push(Event::FetchFailed { leader, error });
                return Ok(());
            }
        }
        if let Some((epoch, end)) = answer.diverging_epoch {
            let guide = Guide::Answer { epoch, end };
            super::truncate::cut_by(replica, guide, disk, &mut out.events)?;
            return Ok(());
        }
        let Role::Follower(follower) = &mut replica.role else {
            return Ok(());
        };
        let copied = answer.records.len();
        if !answer.records.is_empty() {
            let mut events = Vec::new();
            let first = replica.log.log_end_offset();
            match replica.log.append_as_follower(disk, &answer.records, now, &mut events) {
                Ok(appended) => {
                    out.events.extend(events.into_iter().map(Event::Storage));
                    out.events.push(Event::Replica(replica::Event::Replicated {
                        partition: partition.clone(),
                        leader,
                        first: first.max(appended.first_offset),
                        last: appended.last_offset,
                    }));
                }
                Err(error) => match error.refusal() {
                    Some(code) => {
                        following.until = backoff;
                        out.events.push(Event::FetchFailed { leader, error: code });
                        return Ok(());
                    }
                    None => return Err(error),
                },
            }
        }
        let before = follower.learn_high_watermark(answer.high_watermark, &replica.log);
        if let Some(from) = before {
            out.events.push(Event::Replica(replica::Event::HighWatermarkLearned {
                partition: partition.clone(),
                from,
                to: replica.high_watermark(),
            }));
        }
        if answer.log_start_offset > replica.log.log_start_offset() {
            let mut events = Vec::new();
            let start = answer.log_start_offset.min(replica.high_watermark());
            replica.log.advance_log_start(disk, start, &mut events)?;
            out.events.extend(events.into_iter().map(Event::Storage));
        }
        self.count_copied(&partition, copied, out);
        self.arm_flush(now, &partition, out);
        Ok(())
    }

    /// The leader does not have the offset that this follower asks for: the follower's log is too long, or lies wholly
    /// before the leader's start (class `AbstractFetcherThread`, fetchOffsetAndTruncate).
    fn out_of_range(
        replica: &mut replica::Replica,
        answer: &FetchPartitionResponse,
        disk: &mut Disk,
        events: &mut Vec<Event>,
    ) -> Result<(), Halt> {
        let end = replica.log.log_end_offset();
        let mut storage_events = Vec::new();
        let (to, reason) = if answer.log_start_offset > end {
            replica.log.truncate_fully_and_start_at(
                disk,
                answer.log_start_offset,
                &mut storage_events,
            )?;
            (answer.log_start_offset, "the leader's log begins later")
        } else {
            let to = answer.high_watermark.max(replica.log.log_start_offset()).min(end);
            replica.log.truncate_to(disk, to, &mut storage_events)?;
            (to, "the leader's log ends earlier")
        };
        events.extend(storage_events.into_iter().map(Event::Storage));
        events.push(Event::Replica(replica::Event::Truncated {
            partition: replica.partition.clone(),
            from: end,
            to,
            reason,
        }));
        Ok(())
    }

    /// The learner lets all fetchers stand still, or go on.
    pub fn pause_fetchers(&mut self, paused: bool, now: Instant, out: &mut Out) {
        self.fetchers_paused = paused;
        if !paused {
            for leader in self.fetchers.keys().copied().collect::<Vec<_>>() {
                self.fetch_from(now, leader, out);
            }
        }
    }
}
