//! What a member remembers for its group: offsets in ZooKeeper, or at the coordinator, or both (`commitOffsets`).
//!
//! ```text
//!   every auto.commit.interval.ms (60 s), before each release, at the end
//!     offsets.storage=zookeeper   one write for each partition that moved: /consumers/G/offsets/T/P
//!     offsets.storage=kafka       one OffsetCommit; with dual.commit.enabled the writes too
//! ```
//!
//! Always: what stands in ZooKeeper already is not written again. Left out: `offsets.commit.max.retries`;
//! a commit that failed is left to the next one.

use super::*;
use crate::client::consumer::offsets::Commit;

impl Consumer {
    /// Writes an offset on a lane.
    pub(super) fn write_offset(&mut self, lane: usize, partition: TopicPartition, offset: Offset) {
        let (Some(group), Some(registry)) = (&self.group, &mut self.registry) else { return };
        let path = consumers::offset_path(group, &partition);
        let data = offset.to_string().into();
        let operation = ZooKeeperOperation::SetData { path, data, version: None };
        let what = What::Write(partition, offset);
        registry.lanes[lane].todo.push_back(Ask { operation, what });
    }

    /// Positions of what it owns.
    fn owned_positions(&self) -> Vec<(TopicPartition, Offset, LeaderEpoch)> {
        let Some(registry) = &self.registry else { return Vec::new() };
        let known = |partition: &TopicPartition| {
            let reading = self.readings.get(partition)?;
            Some((partition.clone(), reading.position?, reading.epoch))
        };
        registry.owned.iter().filter_map(known).collect()
    }

    /// Commits what it owns; somebody may wait for it with a ticket.
    pub(super) fn commit_owned(&mut self, now: Instant, lane: usize, ticket: Option<u64>) {
        let offsets = self.owned_positions();
        self.commit_these(now, lane, ticket, offsets);
    }

    /// Commits these.
    pub(in crate::client::consumer) fn commit_these(
        &mut self,
        now: Instant,
        lane: usize,
        ticket: Option<u64>,
        offsets: Vec<(TopicPartition, Offset, LeaderEpoch)>,
    ) {
        if self.config.commits_to_kafka() {
            let waits = lane == REBALANCE;
            if offsets.is_empty() {
                if let Some(ticket) = ticket {
                    self.outcomes.put(ticket, ConsumerOutcome::of(ErrorCode::NONE));
                }
                return;
            }
            let until = now + Duration::from_ms(self.config.default_api_timeout_ms);
            self.commits.push_back(Commit { ticket, offsets, until, last: waits });
            if let (true, Some(registry)) = (waits, &mut self.registry) {
                registry.awaits_coordinator = true;
            }
            return;
        }
        let moved: Vec<(TopicPartition, Offset)> =
            offsets.into_iter().map(|(partition, offset, _)| (partition, offset)).collect();
        self.write_moved(lane, &moved);
        if let (Some(ticket), Some(registry)) = (ticket, &mut self.registry) {
            registry.tickets.push((ticket, moved));
        }
    }

    fn write_moved(&mut self, lane: usize, offsets: &[(TopicPartition, Offset)]) {
        for (partition, offset) in offsets {
            let written = self.registry.as_ref().and_then(|r| r.written.get(partition).copied());
            if written != Some(*offset) {
                self.write_offset(lane, partition.clone(), *offset);
            }
        }
    }

    /// The commit of every `auto.commit.interval.ms`.
    pub(in crate::client::consumer) fn registry_auto_commit(
        &mut self,
        now: Instant,
        out: &mut Output<Event>,
    ) {
        let free = self.registry.as_ref().is_some_and(|r| r.lanes[COMMIT].is_free());
        if free && self.stopping.is_none() && self.commits.is_empty() {
            self.commit_owned(now, COMMIT, None);
        }
        self.go_on(now, out);
    }

    /// `consumer commit`.
    pub(in crate::client::consumer) fn registry_commit(
        &mut self,
        now: Instant,
        ticket: u64,
        explicit: Option<(TopicPartition, Offset)>,
        out: &mut Output<Event>,
    ) {
        match explicit {
            None => self.commit_owned(now, COMMIT, Some(ticket)),
            Some((partition, offset)) => {
                let offsets = vec![(partition, offset, LeaderEpoch::NONE)];
                self.commit_these(now, COMMIT, Some(ticket), offsets);
            }
        }
        self.go_on(now, out);
    }

    /// The coordinator has answered a commit, or will not: the rest of it follows.
    pub(in crate::client::consumer) fn registry_committed(
        &mut self,
        now: Instant,
        offsets: &[(TopicPartition, Offset)],
        done: bool,
        waits: bool,
        out: &mut Output<Event>,
    ) {
        let lane = if waits { REBALANCE } else { COMMIT };
        if done && self.config.commits_to_zookeeper() {
            self.write_moved(lane, offsets);
        }
        if let (true, Some(registry)) = (waits, &mut self.registry) {
            registry.awaits_coordinator = false;
        }
        self.go_on(now, out);
    }

    /// Says what was written.
    pub(super) fn tell_committed(&mut self, out: &mut Output<Event>) {
        let Some(registry) = &mut self.registry else { return };
        let offsets = std::mem::take(&mut registry.news);
        if !offsets.is_empty() {
            out.events.push(Event::Committed { offsets });
        }
    }

    /// Whoever waits for a commit hears of it once all is written; a consumer that stops closes its session then.
    pub(super) fn commits_done(&mut self, now: Instant, out: &mut Output<Event>) {
        let Some(registry) = &mut self.registry else { return };
        if !registry.lanes[COMMIT].is_free() {
            return;
        }
        let tickets = std::mem::take(&mut registry.tickets);
        if registry.phase != Phase::Committing {
            self.tell_committed(out);
        }
        for (ticket, offsets) in tickets {
            let (error, records) = (ErrorCode::NONE, Vec::new());
            self.outcomes.put(ticket, ConsumerOutcome { error, records, offsets });
        }
        let Some(registry) = &mut self.registry else { return };
        let (stops, open) = (self.stopping.is_some(), !registry.is_disconnected());
        if stops && open && self.commits.is_empty() && !self.connections.under_way().any(is_commit)
        {
            registry.session.close(now, out);
            if let Some(group) = self.group.clone() {
                out.events.push(Event::Left { group });
            }
        }
    }

    /// Commits, closes its session, stops (`shutdown`).
    pub(in crate::client::consumer) fn registry_stop(
        &mut self,
        now: Instant,
        out: &mut Output<Event>,
    ) {
        let Some(registry) = &mut self.registry else { return };
        registry.lanes[REBALANCE].todo.clear();
        if registry.is_disconnected() {
            return self.left(out);
        }
        if self.config.enable_auto_commit {
            self.commit_owned(now, COMMIT, None);
        }
        self.go_on(now, out);
    }
}

fn is_commit((_, what): (NodeId, &Purpose)) -> bool {
    matches!(what, Purpose::Commit(_))
}
