//! Commits and positions: what is remembered, where reading begins (classes `ConsumerCoordinator`, `OffsetFetcher`).

use super::*;
use crate::client::config::OffsetReset;
use crate::protocol::{
    ListOffsetsRequest, ListOffsetsResponse, OffsetCommitRequest, OffsetCommitResponse,
    OffsetFetchRequest, OffsetFetchResponse, Request,
};

const LATEST: Timestamp = Timestamp(-1);
const EARLIEST: Timestamp = Timestamp(-2);
/// A position that will never be looked for by itself.
const NEVER: Instant = Instant(u64::MAX);

/// A commit that waits for the coordinator, or for its answer.
#[derive(Clone, Debug)]
pub(super) struct Commit {
    pub ticket: Option<u64>,
    pub offsets: Vec<(TopicPartition, Offset, LeaderEpoch)>,
    pub until: Instant,
    /// Whether a rejoin or a stop waits for it.
    pub last: bool,
}

impl Reading {
    pub(super) fn new(now: Instant) -> Reading {
        Reading {
            position: None,
            epoch: LeaderEpoch::NONE,
            buffered: VecDeque::new(),
            high_watermark: Offset::ZERO,
            reset: None,
            not_before: now,
            fetch_from: Offset::ZERO,
            empty_rounds: 0,
            corrupt_at: None,
        }
    }
    /// Nothing more is fetched, and what was fetched and not handed over is thrown away.
    pub(super) fn stop_fetching(&mut self) {
        self.buffered.clear();
        if let Some(position) = self.position {
            self.fetch_from = position;
        }
    }
    fn go_to(&mut self, offset: Offset) {
        (self.position, self.fetch_from, self.reset) = (Some(offset), offset, None);
        self.buffered.clear();
    }
    /// Whether it stands before a batch that cannot be read: every poll fails until it seeks.
    pub(super) fn is_stuck(&self) -> bool {
        self.position.is_some()
            && self.buffered.is_empty()
            && self.corrupt_at == Some(self.fetch_from)
    }
    /// Whether it has no position and will not look for one.
    pub(super) fn is_lost(&self) -> bool {
        self.position.is_none() && self.not_before == NEVER
    }
}

impl Consumer {
    /// Commits `explicit` or, without it, all positions.
    pub fn commit(
        &mut self,
        now: Instant,
        ticket: u64,
        explicit: Option<(TopicPartition, Offset)>,
        out: &mut Output<Event>,
    ) {
        if self.group.is_none() || self.stopped {
            let error = ErrorCode::INVALID_GROUP_ID;
            self.last_error = error;
            return self.outcomes.put(ticket, ConsumerOutcome::of(error));
        }
        if self.registry.is_some() {
            self.registry_commit(now, ticket, explicit, out);
            return self.run(now, out);
        }
        // Who was a member and is none any more may not commit (Java's CommitFailedException).
        if self.is_subscribed() && self.generation < 0 && !self.rebalances.is_empty() {
            let error = ErrorCode::UNKNOWN_MEMBER_ID;
            self.last_error = error;
            out.events.push(Event::CommitFailed { error });
            return self.outcomes.put(ticket, ConsumerOutcome::of(error));
        }
        let offsets = match explicit {
            None => self.positions(),
            Some((partition, offset)) => vec![(partition, offset, LeaderEpoch::NONE)],
        };
        if offsets.is_empty() {
            return self.outcomes.put(ticket, ConsumerOutcome::of(ErrorCode::NONE));
        }
        let until = now + Duration::from_ms(self.config.default_api_timeout_ms);
        self.commits.push_back(Commit { ticket: Some(ticket), offsets, until, last: false });
        self.run(now, out);
    }
    fn positions(&self) -> Vec<(TopicPartition, Offset, LeaderEpoch)> {
        let known = |(partition, reading): (&TopicPartition, &Reading)| {
            reading.position.map(|at| (partition.clone(), at, reading.epoch))
        };
        self.readings.iter().filter_map(known).collect()
    }
    /// The commit of every `auto.commit.interval.ms`.
    pub(super) fn auto_commit(&mut self, now: Instant, out: &mut Output<Event>) {
        let interval = Duration::from_ms(self.config.auto_commit_interval_ms.max(1));
        self.set(Timer::ConsumerAutoCommit, Some(now + interval), out);
        if self.registry.is_some() {
            return self.registry_auto_commit(now, out);
        }
        let member = !self.is_subscribed() || self.membership == Membership::Stable;
        let offsets = self.positions();
        let under_way =
            self.connections.under_way().any(|(_, what)| matches!(what, Purpose::Commit(_)));
        // Kafka commits from within poll: an application that does not poll does not commit.
        if self.is_active() && member && !offsets.is_empty() && !under_way {
            self.commits.push_back(Commit { ticket: None, offsets, until: now, last: false });
        }
    }
    /// The commit before a rejoin or a stop. `false`: there is nothing to commit, or nobody to tell.
    pub(super) fn commit_last(&mut self, now: Instant, out: &mut Output<Event>) -> bool {
        let offsets = self.positions();
        let Some(coordinator) = self.coordinator else { return false };
        if offsets.is_empty() || (self.is_subscribed() && self.generation < 0) {
            return false;
        }
        self.commits.push_front(Commit { ticket: None, offsets, until: now, last: true });
        self.send_commits(now, coordinator, out);
        true
    }
    pub(super) fn send_commits(
        &mut self,
        now: Instant,
        coordinator: NodeId,
        out: &mut Output<Event>,
    ) {
        let Some(group) = self.group.clone() else { return };
        while let Some(commit) = self.commits.pop_front() {
            // The consumer of 0.8 is no member of anything that a coordinator knows.
            let member = self.is_subscribed() && self.registry.is_none();
            let request = Request::OffsetCommit(OffsetCommitRequest {
                group: group.clone(),
                generation: if member { self.generation } else { -1 },
                member_id: if member { self.member_id.clone() } else { Arc::from("") },
                group_instance_id: match &self.config.group_instance_id {
                    Some(instance) if member => Some(Arc::from(instance.as_str())),
                    _ => None,
                },
                offsets: commit.offsets.clone(),
            });
            self.ask(now, coordinator, request, Purpose::Commit(commit), out);
        }
    }
    /// The answer to a commit, or (`None`) the news that none will come.
    pub(super) fn commit_answered(
        &mut self,
        now: Instant,
        commit: Commit,
        response: Option<OffsetCommitResponse>,
        out: &mut Output<Event>,
    ) {
        let failed = |answer: &OffsetCommitResponse| {
            answer.partitions.iter().map(|(_, error)| *error).find(|error| !error.is_none())
        };
        let error = match &response {
            None => ErrorCode::NETWORK_EXCEPTION,
            Some(answer) => failed(answer).unwrap_or(ErrorCode::NONE),
        };
        let offsets: Vec<(TopicPartition, Offset)> =
            commit.offsets.iter().map(|(tp, offset, _)| (tp.clone(), *offset)).collect();
        if error.is_none() {
            self.tries = 0;
            self.committed.extend(offsets.iter().cloned());
            out.events.push(Event::Committed { offsets: offsets.clone() });
        } else {
            out.events.push(Event::CommitFailed { error });
            self.group_error(now, error, out);
            if error.is_retriable() && commit.ticket.is_some() && now < commit.until {
                self.back_off(now);
                return self.commits.push_front(commit);
            }
        }
        if let Some(ticket) = commit.ticket {
            let offsets = if error.is_none() { offsets } else { Vec::new() };
            self.outcomes.put(ticket, ConsumerOutcome { error, records: Vec::new(), offsets });
        }
        if self.registry.is_some() {
            let offsets: Vec<(TopicPartition, Offset)> = commit
                .offsets
                .into_iter()
                .map(|(partition, offset, _)| (partition, offset))
                .collect();
            self.registry_committed(now, &offsets, error.is_none(), commit.last, out);
        } else if commit.last {
            self.last_commit_done(now, out);
        }
    }
    /// Commits of a consumer of 0.8 that found no coordinator in time are left to the next one.
    pub(super) fn give_up_commits(
        &mut self,
        now: Instant,
        wake: &mut Instant,
        out: &mut Output<Event>,
    ) {
        while let Some(commit) = self.commits.pop_front_if(|commit| commit.until <= now) {
            if let Some(ticket) = commit.ticket {
                self.outcomes.put(ticket, ConsumerOutcome::of(ErrorCode::TIMEOUT));
            }
            out.events.push(Event::CommitFailed { error: ErrorCode::TIMEOUT });
            self.registry_committed(now, &[], false, commit.last, out);
        }
        if let Some(commit) = self.commits.front() {
            *wake = (*wake).min(commit.until);
        }
    }

    /// Moves the position in `partition`. A look-up takes until its answer.
    pub fn seek(
        &mut self,
        now: Instant,
        ticket: u64,
        partition: TopicPartition,
        to: SeekTo,
        out: &mut Output<Event>,
    ) {
        let Some(reading) = self.readings.get_mut(&partition) else {
            let error = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
            self.last_error = error;
            return self.outcomes.put(ticket, ConsumerOutcome::of(error));
        };
        reading.not_before = now;
        reading.buffered.clear();
        let wanted = match to {
            SeekTo::Offset(offset) => {
                self.found(partition, offset, "seek", Some(ticket), out);
                return self.run(now, out);
            }
            SeekTo::Timestamp(time) => time,
            SeekTo::Beginning => EARLIEST,
            SeekTo::End => LATEST,
        };
        (reading.reset, reading.position) = (Some(wanted), None);
        self.seeks.insert(partition, ticket);
        self.run(now, out);
    }
    fn found(
        &mut self,
        partition: TopicPartition,
        offset: Offset,
        reason: &'static str,
        ticket: Option<u64>,
        out: &mut Output<Event>,
    ) {
        if let Some(reading) = self.readings.get_mut(&partition) {
            reading.go_to(offset);
        }
        if let Some(ticket) = ticket {
            let mut outcome = ConsumerOutcome::of(ErrorCode::NONE);
            outcome.offsets.push((partition.clone(), offset));
            self.outcomes.put(ticket, outcome);
        }
        out.events.push(Event::PositionReset { partition, offset, reason });
    }

    /// Without a usable position: what `auto.offset.reset` says.
    pub(super) fn reset_by_policy(&mut self, partition: &TopicPartition, error: ErrorCode) {
        let policy = self.config.auto_offset_reset;
        let Some(reading) = self.readings.get_mut(partition) else { return };
        reading.position = None;
        reading.buffered.clear();
        match policy {
            OffsetReset::Earliest => reading.reset = Some(EARLIEST),
            OffsetReset::Latest => reading.reset = Some(LATEST),
            OffsetReset::None => {
                reading.not_before = NEVER;
                self.last_error = error;
                if let Some(poll) = self.poll.take() {
                    self.outcomes.put(poll.ticket, ConsumerOutcome::of(error));
                }
            }
        }
    }

    /// Asks for committed offsets, then for what the resets need.
    pub(super) fn find_positions(
        &mut self,
        now: Instant,
        wake: &mut Instant,
        out: &mut Output<Event>,
    ) {
        let missing = |reading: &Reading| {
            reading.position.is_none() && reading.reset.is_none() && reading.not_before != NEVER
        };
        let unknown: Vec<TopicPartition> = self
            .readings
            .iter()
            .filter(|(_, reading)| missing(reading))
            .map(|(partition, _)| partition.clone())
            .collect();
        if !unknown.is_empty() && self.is_active() {
            match self.group.clone().filter(|_| self.registry.is_none()) {
                None => {
                    for partition in &unknown {
                        self.reset_by_policy(partition, ErrorCode::NO_OFFSET_FOR_PARTITION);
                    }
                }
                Some(group) => self.fetch_committed(now, group, unknown, out),
            }
        }
        self.list_offsets(now, wake, out);
    }
    fn fetch_committed(
        &mut self,
        now: Instant,
        group: Arc<str>,
        partitions: Vec<TopicPartition>,
        out: &mut Output<Event>,
    ) {
        let asked =
            self.connections.under_way().any(|(_, what)| matches!(what, Purpose::OffsetFetch));
        let Some(coordinator) = self.coordinator.filter(|_| !asked && now >= self.retry_at) else {
            return;
        };
        let request = Request::OffsetFetch(OffsetFetchRequest { group, partitions });
        self.ask(now, coordinator, request, Purpose::OffsetFetch, out);
    }
    pub(super) fn committed_fetched(
        &mut self,
        now: Instant,
        response: OffsetFetchResponse,
        out: &mut Output<Event>,
    ) {
        if !response.error.is_none() {
            return self.group_error(now, response.error, out);
        }
        self.tries = 0;
        if self.registry.is_some() {
            return self.registry_fetched(now, &response.partitions, out);
        }
        for (partition, offset) in response.partitions {
            let Some(reading) = self.readings.get(&partition) else { continue };
            if reading.position.is_some() || reading.reset.is_some() {
                continue;
            }
            if offset < Offset::ZERO {
                self.reset_by_policy(&partition, ErrorCode::NO_OFFSET_FOR_PARTITION);
                continue;
            }
            self.continue_at(partition, offset, out);
        }
    }
    /// Reading goes on where the group has committed.
    pub(super) fn continue_at(
        &mut self,
        partition: TopicPartition,
        offset: Offset,
        out: &mut Output<Event>,
    ) {
        if let Some(reading) = self.readings.get_mut(&partition) {
            reading.go_to(offset);
        }
        self.committed.insert(partition.clone(), offset);
        out.events.push(Event::PositionFetched { partition, offset });
    }

    fn list_offsets(&mut self, now: Instant, wake: &mut Instant, out: &mut Output<Event>) {
        let mut asked: Vec<TopicPartition> = Vec::new();
        for (_, what) in self.connections.under_way() {
            if let Purpose::ListOffsets(partitions) = what {
                asked.extend(partitions.iter().map(|(partition, _)| partition.clone()));
            }
        }
        let mut by_leader: BTreeMap<NodeId, Vec<(TopicPartition, Timestamp)>> = BTreeMap::new();
        for (partition, reading) in &self.readings {
            let Some(time) = reading.reset else { continue };
            if asked.contains(partition) {
                continue;
            }
            let Some((leader, _)) = self.metadata.leader(partition) else {
                self.metadata.request_update();
                continue;
            };
            let avoided = self.connections.avoided_until(leader, now).unwrap_or(now);
            let due = reading.not_before.max(avoided);
            if due > now {
                *wake = (*wake).min(due);
                continue;
            }
            by_leader.entry(leader).or_default().push((partition.clone(), time));
        }
        for (leader, partitions) in by_leader {
            let request = Request::ListOffsets(ListOffsetsRequest {
                partitions: partitions.clone(),
                read_committed: self.config.read_committed,
            });
            self.ask(now, leader, request, Purpose::ListOffsets(partitions), out);
        }
    }
    pub(super) fn offsets_listed(
        &mut self,
        now: Instant,
        asked: Vec<(TopicPartition, Timestamp)>,
        response: ListOffsetsResponse,
        out: &mut Output<Event>,
    ) {
        for (partition, error, _, offset, _) in response.partitions {
            let asked = asked.iter().find(|(one, _)| *one == partition).map(|(_, time)| *time);
            let Some(reading) = self.readings.get_mut(&partition) else { continue };
            if reading.reset.is_none() || reading.reset != asked {
                continue; // another seek came in between
            }
            if !error.is_none() {
                let pause = self.config.retry_backoff_ms;
                reading.not_before = now + Duration::from_ms(pause);
                self.last_error = error;
                self.metadata.request_update();
            } else if offset < Offset::ZERO {
                // No record is that young: read on behind the last one.
                reading.reset = Some(LATEST);
            } else {
                let reason = match asked {
                    Some(EARLIEST) => "earliest",
                    Some(LATEST) => "latest",
                    _ => "by timestamp",
                };
                if asked == Some(LATEST) {
                    reading.high_watermark = offset;
                }
                let ticket = self.seeks.remove(&partition);
                self.found(partition, offset, reason, ticket, out);
            }
        }
    }
}
