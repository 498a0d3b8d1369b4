//! Membership by the classic protocol, eager (classes `AbstractCoordinator`, `ConsumerCoordinator`).
//!
//! Before it joins again a member commits what it read (if `enable.auto.commit`) and gives its whole share back.

use super::*;
use crate::client::config::Assignor;
use crate::group::{
    AssignorMember, Subscription, decode_assignment, encode_assignment, range, round_robin,
};
use crate::protocol::{
    FindCoordinatorRequest, HeartbeatRequest, JoinGroupRequest, JoinGroupResponse,
    LeaveGroupRequest, Request, SyncGroupRequest, SyncGroupResponse,
};

/// A member as JoinGroup tells the leader: id, instance id, subscription.
type JoinedMember = (Arc<str>, Option<Arc<str>>, Arc<[u8]>);

impl Consumer {
    fn instance(&self) -> Option<Arc<str>> {
        self.config.group_instance_id.as_deref().map(Arc::from)
    }
    fn under_way(&self, is_it: impl Fn(&Purpose) -> bool) -> bool {
        self.connections.under_way().any(|(_, what)| is_it(what))
    }
    pub(super) fn ask(
        &mut self,
        now: Instant,
        to: NodeId,
        request: Request,
        what: Purpose,
        out: &mut Output<Event>,
    ) {
        let timeout = self.config.request_timeout_ms;
        self.connections.send(now, to, request, what, timeout, out);
    }

    /// The coordinator, once it is known; until then it is looked for.
    fn coordinator_now(
        &mut self,
        now: Instant,
        group: &Arc<str>,
        wake: &mut Instant,
        out: &mut Output<Event>,
    ) -> Option<NodeId> {
        if now < self.retry_at {
            *wake = (*wake).min(self.retry_at);
            return None;
        }
        if self.coordinator.is_none()
            && !self.under_way(|what| matches!(what, Purpose::Coordinator))
        {
            match self.connections.choose(self.metadata.brokers(), now) {
                Ok(to) => {
                    let group = group.clone();
                    let request = Request::FindCoordinator(FindCoordinatorRequest { group });
                    self.ask(now, to, request, Purpose::Coordinator, out);
                }
                Err(again) => *wake = (*wake).min(again),
            }
        }
        self.coordinator
    }

    /// The work of a consumer of 0.8: its round, and what it has to say to the coordinator, if that keeps its offsets.
    fn registry_work(&mut self, now: Instant, wake: &mut Instant, out: &mut Output<Event>) {
        self.go_on(now, out);
        if let Some(at) = self.registry_wake() {
            *wake = (*wake).min(at.max(now));
        }
        let (true, Some(group)) = (self.config.commits_to_kafka(), self.group.clone()) else {
            return;
        };
        self.give_up_commits(now, wake, out);
        if let Some(coordinator) = self.coordinator_now(now, &group, wake, out) {
            self.send_commits(now, coordinator, out);
            self.ask_committed(now, coordinator, out);
        }
    }

    /// Finds the coordinator, joins, sends waiting commits: whatever is due.
    pub(super) fn group_work(&mut self, now: Instant, wake: &mut Instant, out: &mut Output<Event>) {
        if self.registry.is_some() {
            return self.registry_work(now, wake, out);
        }
        let Some(group) = self.group.clone() else { return };
        let Some(coordinator) = self.coordinator_now(now, &group, wake, out) else { return };
        self.send_commits(now, coordinator, out);
        if !self.is_subscribed() || !self.is_active() {
            return;
        }
        if self.rejoin_wanted && self.membership == Membership::Stable {
            self.begin_rejoin(now, out);
        }
        if self.membership == Membership::Unjoined {
            self.join(now, coordinator, group, out);
        }
    }

    /// Gives the share back, after a last commit, and joins again.
    fn begin_rejoin(&mut self, now: Instant, out: &mut Output<Event>) {
        self.rejoin_wanted = false;
        if self.config.enable_auto_commit && self.commit_last(now, out) {
            self.membership = Membership::Committing;
        } else {
            self.revoke("the group rebalances", out);
            self.membership = Membership::Unjoined;
        }
    }
    /// The last commit before a rejoin or a stop has an answer, good or bad.
    pub(super) fn last_commit_done(&mut self, now: Instant, out: &mut Output<Event>) {
        match self.membership {
            Membership::Committing => {
                self.revoke("the group rebalances", out);
                self.membership = Membership::Unjoined;
            }
            _ if self.stopping.is_some() => self.leave(now, out),
            _ => {}
        }
    }

    fn join(
        &mut self,
        now: Instant,
        coordinator: NodeId,
        group: Arc<str>,
        out: &mut Output<Event>,
    ) {
        let Reads::Topics(topics) = &self.reads else { return };
        if topics.iter().any(|topic| self.metadata.topic(topic).is_none()) {
            self.metadata.request_update();
            return;
        }
        let subscription = Subscription::to(topics.iter().cloned()).encode();
        let protocols = self.config.assignors.iter();
        let protocols =
            protocols.map(|one| (Arc::from(one.name()), subscription.clone())).collect();
        let request = JoinGroupRequest {
            group: group.clone(),
            client_id: self.name.clone(),
            member_id: self.member_id.clone(),
            group_instance_id: self.instance(),
            session_timeout_ms: self.config.session_timeout_ms as u32,
            rebalance_timeout_ms: self.config.max_poll_interval_ms as u32,
            protocols,
        };
        out.events.push(Event::Joining { group, member_id: self.member_id.clone() });
        self.membership = Membership::Joining;
        self.set(Timer::ConsumerHeartbeat, None, out);
        // The coordinator may hold the answer back for the whole rebalance (AbstractCoordinator.sendJoinGroupRequest).
        let patience = self.config.max_poll_interval_ms + 5_000;
        let patience = patience.max(self.config.request_timeout_ms);
        let request = Request::JoinGroup(request);
        self.connections.send(now, coordinator, request, Purpose::Join, patience, out);
    }

    pub(super) fn joined(
        &mut self,
        now: Instant,
        response: JoinGroupResponse,
        out: &mut Output<Event>,
    ) {
        if self.membership != Membership::Joining {
            return;
        }
        self.membership = Membership::Unjoined;
        match response.error {
            ErrorCode::NONE => {}
            ErrorCode::MEMBER_ID_REQUIRED => {
                self.member_id = response.member_id;
                return;
            }
            error => return self.group_error(now, error, out),
        }
        let (Some(group), Some(coordinator)) = (self.group.clone(), self.coordinator) else {
            return;
        };
        self.tries = 0;
        (self.generation, self.member_id) = (response.generation, response.member_id.clone());
        self.is_leader = response.leader == response.member_id;
        out.events.push(Event::Joined {
            group: group.clone(),
            generation: self.generation,
            member_id: self.member_id.clone(),
            leader: self.is_leader,
        });
        let assignments = match self.is_leader {
            true => self.assign(response.protocol.as_deref(), &response.members, out),
            false => Vec::new(),
        };
        let request = Request::SyncGroup(SyncGroupRequest {
            group,
            generation: self.generation,
            member_id: self.member_id.clone(),
            group_instance_id: self.instance(),
            assignments,
        });
        self.membership = Membership::Syncing;
        self.beat(now, out);
        let patience = self.config.max_poll_interval_ms + 5_000;
        let patience = patience.max(self.config.request_timeout_ms);
        self.connections.send(now, coordinator, request, Purpose::Sync, patience, out);
    }

    /// The leader computes everybody's share.
    fn assign(
        &mut self,
        protocol: Option<&str>,
        members: &[JoinedMember],
        out: &mut Output<Event>,
    ) -> Vec<(Arc<str>, Arc<[u8]>)> {
        let members: Vec<AssignorMember> = members
            .iter()
            .map(|(id, instance_id, bytes)| AssignorMember {
                id: id.clone(),
                instance_id: instance_id.clone(),
                topics: Subscription::decode(bytes)
                    .unwrap_or_default()
                    .topics
                    .into_iter()
                    .collect(),
            })
            .collect();
        let mut counts = BTreeMap::new();
        for topic in members.iter().flat_map(|member| &member.topics) {
            self.metadata.want(topic);
            if let Some(count) = self.metadata.partition_count(topic) {
                counts.insert(topic.clone(), count);
            }
        }
        let assignor = match protocol {
            Some("roundrobin") => Assignor::RoundRobin,
            _ => Assignor::Range,
        };
        let shares = match assignor {
            Assignor::Range => range(&members, &counts),
            Assignor::RoundRobin => round_robin(&members, &counts),
        };
        out.events.push(Event::SharesComputed {
            assignor: assignor.name(),
            members: members.len(),
            partitions: shares.values().map(Vec::len).sum(),
        });
        self.counts = counts;
        shares.into_iter().map(|(id, share)| (id, encode_assignment(&share))).collect()
    }

    pub(super) fn synced(
        &mut self,
        now: Instant,
        response: SyncGroupResponse,
        out: &mut Output<Event>,
    ) {
        if self.membership != Membership::Syncing {
            return;
        }
        if !response.error.is_none() {
            self.membership = Membership::Unjoined;
            return self.group_error(now, response.error, out);
        }
        self.membership = Membership::Stable;
        let share = decode_assignment(&response.assignment).unwrap_or_default();
        self.take_share(now, share.clone());
        self.note("assigned", &share);
        out.events.push(Event::Assigned { partitions: share, generation: self.generation });
        self.counts_changed();
    }

    /// From now on these partitions are read; positions are to be found.
    pub(super) fn take_share(&mut self, now: Instant, share: Vec<TopicPartition>) {
        for partition in &share {
            self.metadata.want(&partition.topic);
        }
        self.readings = share.into_iter().map(|partition| (partition, Reading::new(now))).collect();
    }
    pub(super) fn note(&mut self, what: &str, share: &[TopicPartition]) {
        let names: Vec<String> = share.iter().map(ToString::to_string).collect();
        self.rebalances.push_back(format!("{what} {}", names.join(",")));
        if self.rebalances.len() > 1000 {
            self.rebalances.pop_front();
        }
    }
    pub(super) fn revoke(&mut self, reason: &'static str, out: &mut Output<Event>) {
        let readings = std::mem::take(&mut self.readings);
        if readings.is_empty() {
            return;
        }
        let partitions: Vec<TopicPartition> = readings.into_keys().collect();
        self.note("revoked", &partitions);
        out.events.push(Event::Revoked { partitions, reason });
    }

    /// The leader looks whether a topic has other partitions than when it assigned them.
    pub(super) fn counts_changed(&mut self) {
        let changed = |(topic, count): (&TopicName, &u32)| {
            self.metadata.partition_count(topic).is_some_and(|present| present != *count)
        };
        let Reads::Topics(topics) = &self.reads else { return };
        let appeared = topics.iter().any(|topic| {
            !self.counts.contains_key(topic) && self.metadata.partition_count(topic).is_some()
        });
        if self.is_leader
            && self.membership == Membership::Stable
            && (appeared || self.counts.iter().any(changed))
        {
            self.rejoin_wanted = true;
        }
    }

    fn beat(&mut self, now: Instant, out: &mut Output<Event>) {
        let interval = Duration::from_ms(self.config.heartbeat_interval_ms);
        self.set(Timer::ConsumerHeartbeat, Some(now + interval), out);
    }
    pub(super) fn heartbeat(&mut self, now: Instant, out: &mut Output<Event>) {
        let (Some(group), true) = (self.group.clone(), self.generation >= 0) else { return };
        self.beat(now, out);
        let Some(coordinator) = self.coordinator else { return };
        let member = matches!(
            self.membership,
            Membership::Stable | Membership::Syncing | Membership::Committing
        );
        if !member || self.under_way(|what| matches!(what, Purpose::Heartbeat)) {
            return;
        }
        let request = Request::Heartbeat(HeartbeatRequest {
            group,
            generation: self.generation,
            member_id: self.member_id.clone(),
            group_instance_id: self.instance(),
        });
        self.ask(now, coordinator, request, Purpose::Heartbeat, out);
    }

    /// What an error of the coordinator means for the membership.
    pub(super) fn group_error(&mut self, now: Instant, error: ErrorCode, out: &mut Output<Event>) {
        use ErrorCode::*;
        self.last_error = error;
        out.events.push(Event::GroupError { error });
        match error {
            REBALANCE_IN_PROGRESS => self.rejoin_wanted = self.membership == Membership::Stable,
            NOT_COORDINATOR | COORDINATOR_NOT_AVAILABLE => {
                self.coordinator = None;
                self.back_off(now);
            }
            ILLEGAL_GENERATION | UNKNOWN_MEMBER_ID => {
                // The membership is lost, and with it the share; nothing may be committed any more.
                if error == UNKNOWN_MEMBER_ID {
                    self.member_id = Arc::from("");
                }
                self.generation = -1;
                self.revoke("the membership is lost", out);
                if self.is_subscribed() {
                    self.membership = Membership::Unjoined;
                }
            }
            COORDINATOR_LOAD_IN_PROGRESS | NETWORK_EXCEPTION | REQUEST_TIMED_OUT => {
                self.back_off(now);
            }
            _ => {
                // FENCED_INSTANCE_ID, INCONSISTENT_GROUP_PROTOCOL and the like end the membership for good.
                self.generation = -1;
                self.revoke("the coordinator refuses this member", out);
                self.membership = Membership::None;
                self.set(Timer::ConsumerHeartbeat, None, out);
            }
        }
    }

    /// Whether it is a member only as long as its application polls (KIP-62); in 0.8 nobody asks for that.
    pub(super) fn polls_or_leaves(&self) -> bool {
        self.membership == Membership::Stable && self.registry.is_none()
    }

    /// An application that has not polled for `max.poll.interval.ms` loses its membership (KIP-62).
    pub(super) fn check_poll_interval(&mut self, now: Instant, out: &mut Output<Event>) {
        let patience = Duration::from_ms(self.config.max_poll_interval_ms);
        let late = self.paused && self.poll.is_none() && now >= self.last_poll + patience;
        if !late || !self.polls_or_leaves() || self.stopping.is_some() {
            return;
        }
        self.send_leave(now, out);
        self.forget_membership(out);
        self.revoke("max.poll.interval.ms passed without a poll", out);
        self.membership = Membership::Unjoined;
    }
    fn forget_membership(&mut self, out: &mut Output<Event>) {
        (self.generation, self.member_id) = (-1, Arc::from(""));
        self.set(Timer::ConsumerHeartbeat, None, out);
    }
    fn send_leave(&mut self, now: Instant, out: &mut Output<Event>) -> bool {
        // Static members do not say goodbye (KIP-345).
        let is_static = self.config.group_instance_id.is_some();
        let (Some(group), Some(coordinator)) = (self.group.clone(), self.coordinator) else {
            return false;
        };
        if is_static || self.member_id.is_empty() {
            return false;
        }
        out.events.push(Event::Left { group: group.clone() });
        let member_id = self.member_id.clone();
        let request = Request::LeaveGroup(LeaveGroupRequest { group, member_id });
        self.ask(now, coordinator, request, Purpose::Leave, out);
        true
    }

    pub(super) fn begin_stop(&mut self, now: Instant, out: &mut Output<Event>) {
        if let Some(poll) = self.poll.take() {
            self.outcomes.put(poll.ticket, ConsumerOutcome::of(ErrorCode::NONE));
        }
        if self.registry.is_some() {
            return self.registry_stop(now, out);
        }
        if !(self.config.enable_auto_commit && self.commit_last(now, out)) {
            self.leave(now, out);
        }
    }
    fn leave(&mut self, now: Instant, out: &mut Output<Event>) {
        if self.membership == Membership::Leaving {
            return;
        }
        self.membership = Membership::Leaving;
        if !self.send_leave(now, out) {
            self.left(out);
        }
    }
    /// The last answer is there: the consumer ends.
    pub(super) fn left(&mut self, out: &mut Output<Event>) {
        let Some(ticket) = self.stopping.take() else { return };
        self.revoke("the consumer stops", out);
        self.forget_membership(out);
        self.stopped = true;
        out.cancel(Timer::ZooKeeperSession);
        for timer in std::mem::take(&mut self.timers).into_keys() {
            out.cancel(timer);
        }
        self.connections.forget(out, |_| true);
        for commit in std::mem::take(&mut self.commits) {
            if let Some(ticket) = commit.ticket {
                self.outcomes.put(ticket, ConsumerOutcome::of(ErrorCode::TIMEOUT));
            }
        }
        self.outcomes.put(ticket, ConsumerOutcome::of(ErrorCode::NONE));
    }
}
