//! One round: from what a member owned to what it owns (`ZKRebalancerListener.syncedRebalance` and `rebalance`).
//!
//! Always: what is owned is committed (if `auto.commit.enable`) and given up before anything is computed, so that in
//! between nobody reads it; either the whole share is owned in the end, or nothing of it.

use super::*;
use crate::group::{AssignorMember, range};
use crate::protocol::{OffsetFetchRequest, Request};

impl Consumer {
    /// What an answer says.
    pub(super) fn heard(
        &mut self,
        now: Instant,
        lane: usize,
        ask: Ask,
        answer: Answer,
        out: &mut Output<Event>,
    ) {
        let group = self.group.clone().unwrap_or_else(|| Arc::from(""));
        let Some(registry) = &mut self.registry else { return };
        let path: Arc<str> = ask.operation.path().unwrap_or_default().into();
        match (ask.what, answer) {
            (What::Id, Err(_)) => {
                // Its own earlier session still has it: wait for its end
                // (`createEphemeralPathExpectConflictHandleZKBug`).
                registry.pause_until = now + registry.session.timeout;
                let consumer = registry.consumer_id.clone();
                tell(out, RegistryEvent::IdTaken { consumer });
            }
            (What::Id, Ok(_)) => {
                let consumer = registry.consumer_id.clone();
                registry.phase = Phase::Idle;
                registry.triggered = true;
                tell(out, RegistryEvent::Registered { group, consumer });
            }
            (What::Brokers, Ok(ZooKeeperReply::Children { names, .. })) => {
                registry.brokers = names.len();
                for name in names.iter().rev() {
                    let path = format!("{}/{name}", znodes::BROKER_IDS).into();
                    let read = ZooKeeperOperation::GetData { path, watch: false };
                    registry.lanes[lane].first(read, What::Broker);
                }
            }
            (What::Topic(topic), answer) => match answer {
                Ok(ZooKeeperReply::Data { data, .. }) => {
                    let partitions = znodes::read_topic(&data).unwrap_or_default().partitions;
                    registry.view.topics.insert(topic, partitions.len() as u32);
                }
                _ => {
                    // To be told when it comes.
                    let birth = ZooKeeperOperation::Exists { path, watch: true };
                    registry.lanes[lane].first(birth, What::Parent);
                }
            },
            (What::Members, Ok(ZooKeeperReply::Children { names, .. })) => {
                for name in names.iter().rev() {
                    let path = consumers::id_path(&group, name);
                    let read = ZooKeeperOperation::GetData { path, watch: false };
                    registry.lanes[lane].first(read, What::Member(name.clone()));
                }
            }
            (What::Member(name), Ok(ZooKeeperReply::Data { data, .. })) => {
                let streams = consumers::read_registration(&data).unwrap_or_default();
                registry.view.members.insert(name, streams);
            }
            // A node that went between two readings ends the try: "another rebalance will be triggered".
            (What::Member(_) | What::Own | What::Broker, Err(_)) => registry.vanished = Some(path),
            (What::Offset(partition), Ok(ZooKeeperReply::Data { data, .. })) => {
                let offset = consumers::read_offset(&data);
                let both = offset.max(registry.fetched.get(&partition).copied());
                registry.written.extend(offset.map(|offset| (partition.clone(), offset)));
                registry.fetched.extend(both.map(|offset| (partition, offset)));
            }
            (What::Write(partition, offset), answer) => match answer {
                Ok(_) => {
                    registry.written.insert(partition.clone(), offset);
                    self.committed.insert(partition.clone(), offset);
                    registry.news.push((partition, offset));
                }
                // Somebody made it in between (`updatePersistentPath`).
                Err(_) => self.write_offset(lane, partition, offset),
            },
            (What::Claim(partition), Ok(_)) => registry.claimed.push(partition),
            (What::Claim(partition), Err(_)) => {
                let read = ZooKeeperOperation::GetData { path, watch: false };
                registry.lanes[lane].first(read, What::Owner(partition));
            }
            (What::Owner(partition), answer) => {
                let own = consumers::thread(&registry.consumer_id, 0);
                match answer {
                    // Its own, of a request whose answer was lost (`createEphemeralPathExpectConflict`).
                    Ok(ZooKeeperReply::Data { data, .. }) if data == own => {
                        registry.claimed.push(partition);
                    }
                    other => {
                        let owner = match other {
                            Ok(ZooKeeperReply::Data { data, .. }) => data,
                            _ => "somebody".into(),
                        };
                        registry.conflicts += 1;
                        tell(out, RegistryEvent::OwnerConflict { partition, owner });
                    }
                }
            }
            (What::Noticed, _) => registry.triggered = true,
            _ => {}
        }
    }

    /// Goes on as far as nothing has to be asked.
    pub(super) fn next_phase(&mut self, now: Instant, out: &mut Output<Event>) {
        for _ in 0..16 {
            let Some(registry) = &self.registry else { return };
            if !registry.lanes[REBALANCE].is_free()
                || registry.awaits_coordinator
                || self.stopping.is_some()
            {
                return;
            }
            match registry.phase {
                Phase::Away => return,
                Phase::Registering if now >= registry.pause_until => self.register(),
                Phase::Idle | Phase::Failed if registry.triggered => self.begin_round(1, out),
                Phase::Waiting if now >= registry.pause_until => self.next_try(out),
                Phase::Registering | Phase::Idle | Phase::Failed | Phase::Waiting => return,
                Phase::Cluster => self.cluster_read(now, out),
                Phase::Committing => self.release(out),
                Phase::Releasing => self.read_group(),
                Phase::Group => self.compute(now, out),
                Phase::Offsets => self.claim(),
                Phase::Claiming => self.claims_done(now, out),
                Phase::Undoing => self.pause(now, out),
            }
        }
    }

    fn begin_round(&mut self, attempt: u32, out: &mut Output<Event>) {
        let (Some(group), Some(registry)) = (self.group.clone(), &mut self.registry) else {
            return;
        };
        if attempt == 1 {
            registry.triggered = false;
            registry.rounds += 1;
        }
        registry.attempt = attempt;
        registry.brokers = 0;
        registry.vanished = None;
        registry.phase = Phase::Cluster;
        self.membership = Membership::Joining;
        let of = self.config.rebalance_max_retries as u32;
        tell(out, RegistryEvent::RebalanceBegun { group: group.clone(), attempt, of });
        // `getCluster` and `getAllBrokersInCluster` both read all of them.
        let (lane, watch) = (&mut registry.lanes[REBALANCE], registry.watches_brokers);
        lane.children(znodes::BROKER_IDS.into(), watch, What::Brokers);
        lane.read(consumers::id_path(&group, &registry.consumer_id), false, What::Own);
        lane.children(znodes::BROKER_IDS.into(), watch, What::Brokers);
    }

    /// The brokers are read: fetchers stop, and what they handed over is committed (`closeFetchers`).
    fn cluster_read(&mut self, now: Instant, out: &mut Output<Event>) {
        let Some(registry) = &mut self.registry else { return };
        if registry.vanished.is_some() {
            return self.pause(now, out);
        }
        if registry.brokers == 0 {
            if !registry.watches_brokers {
                registry.watches_brokers = true;
                let lane = &mut registry.lanes[REBALANCE];
                lane.children(znodes::BROKER_IDS.into(), true, What::Brokers);
                tell(out, RegistryEvent::NoBrokers);
                return;
            }
            registry.phase = Phase::Idle;
            self.membership = Membership::Stable;
            return;
        }
        registry.phase = Phase::Committing;
        for reading in self.readings.values_mut() {
            reading.stop_fetching();
        }
        if self.config.enable_auto_commit {
            self.commit_owned(now, REBALANCE, None);
        }
    }

    /// It owns nothing any more (`releasePartitionOwnership`).
    fn release(&mut self, out: &mut Output<Event>) {
        let Some(group) = self.group.clone() else { return };
        self.tell_committed(out);
        self.revoke("it rebalances", out);
        let Some(registry) = &mut self.registry else { return };
        registry.phase = Phase::Releasing;
        for partition in std::mem::take(&mut registry.owned) {
            let path = consumers::owner_path(&group, &partition);
            registry.lanes[REBALANCE].delete(path, What::Release);
        }
    }

    /// Everything that the share depends on, anew (`AssignmentContext`).
    fn read_group(&mut self) {
        let Some(group) = self.group.clone() else { return };
        let topics = self.subscription().to_vec();
        let Some(registry) = &mut self.registry else { return };
        registry.phase = Phase::Group;
        registry.view = View::default();
        let lane = &mut registry.lanes[REBALANCE];
        lane.read(consumers::id_path(&group, &registry.consumer_id), false, What::Own);
        for topic in topics {
            lane.read(znodes::topic_path(&topic), true, What::Topic(topic));
        }
        lane.children(consumers::ids_path(&group), true, What::Members);
        lane.children(consumers::ids_path(&group), true, What::MembersAgain);
    }

    /// Its share: for each topic a run of partitions to each thread, threads in the order of their names
    /// (`RangeAssignor`). Everybody who has read the same gets the same.
    fn compute(&mut self, now: Instant, out: &mut Output<Event>) {
        let Some(registry) = &mut self.registry else { return };
        if registry.vanished.is_some() {
            return self.pause(now, out);
        }
        let View { members, topics } = &registry.view;
        let mut threads: Vec<AssignorMember> = Vec::new();
        for (consumer, streams) in members {
            for number in 0..streams.values().copied().max().unwrap_or(0).min(100) {
                let has = |(topic, count): (&TopicName, &u32)| {
                    (*count > number && topics.contains_key(topic)).then(|| topic.clone())
                };
                let id = consumers::thread(consumer, number);
                let topics = streams.iter().filter_map(has).collect();
                threads.push(AssignorMember { id, instance_id: None, topics });
            }
        }
        threads.sort_by(|a, b| a.id.cmp(&b.id));
        let own = consumers::thread(&registry.consumer_id, 0);
        let share = range(&threads, topics).remove(&own).unwrap_or_default();
        tell(
            out,
            RegistryEvent::ShareComputed {
                threads: threads.into_iter().map(|thread| thread.id).collect(),
                partitions: topics.values().sum::<u32>() as usize,
                share: share.clone(),
            },
        );
        registry.phase = Phase::Offsets;
        registry.fetched.clear();
        registry.share = share;
        if self.config.commits_to_kafka() && !registry.share.is_empty() {
            registry.awaits_coordinator = true;
        } else {
            self.read_offsets();
        }
    }

    fn read_offsets(&mut self) {
        let (Some(group), Some(registry)) = (&self.group, &mut self.registry) else { return };
        if self.config.commits_to_zookeeper() {
            for partition in registry.share.clone() {
                let path = consumers::offset_path(group, &partition);
                registry.lanes[REBALANCE].read(path, false, What::Offset(partition));
            }
        }
    }

    /// With `offsets.storage=kafka`: asks the coordinator, once there is one.
    pub(in crate::client::consumer) fn ask_committed(
        &mut self,
        now: Instant,
        coordinator: NodeId,
        out: &mut Output<Event>,
    ) {
        let (Some(group), Some(registry)) = (self.group.clone(), &self.registry) else { return };
        let asked = |what: &Purpose| matches!(what, Purpose::OffsetFetch);
        let wanted = registry.phase == Phase::Offsets && registry.awaits_coordinator;
        if !wanted || self.connections.under_way().any(|(_, what)| asked(what)) {
            return;
        }
        let partitions = registry.share.clone();
        let request = Request::OffsetFetch(OffsetFetchRequest { group, partitions });
        self.ask(now, coordinator, request, Purpose::OffsetFetch, out);
    }

    /// The coordinator said how far its share was read.
    pub(in crate::client::consumer) fn registry_fetched(
        &mut self,
        now: Instant,
        offsets: &[(TopicPartition, Offset)],
        out: &mut Output<Event>,
    ) {
        let Some(registry) = &mut self.registry else { return };
        if registry.phase != Phase::Offsets || !registry.awaits_coordinator {
            return;
        }
        registry.awaits_coordinator = false;
        let known = offsets.iter().filter(|(_, offset)| *offset >= Offset::ZERO);
        registry.fetched.extend(known.cloned());
        self.read_offsets();
        self.go_on(now, out);
    }

    /// An owner znode for each partition of its share (`reflectPartitionOwnershipDecision`).
    fn claim(&mut self) {
        let (Some(group), Some(registry)) = (self.group.clone(), &mut self.registry) else {
            return;
        };
        registry.phase = Phase::Claiming;
        registry.claimed.clear();
        registry.conflicts = 0;
        let thread = consumers::thread(&registry.consumer_id, 0);
        for partition in registry.share.clone() {
            let path = consumers::owner_path(&group, &partition);
            let operation = create(path, thread.clone(), CreateMode::Ephemeral);
            let what = What::Claim(partition);
            registry.lanes[REBALANCE].todo.push_back(Ask { operation, what });
        }
    }

    fn claims_done(&mut self, now: Instant, out: &mut Output<Event>) {
        let (Some(group), Some(registry)) = (self.group.clone(), &mut self.registry) else {
            return;
        };
        if registry.conflicts > 0 {
            registry.phase = Phase::Undoing;
            for partition in std::mem::take(&mut registry.claimed) {
                let path = consumers::owner_path(&group, &partition);
                registry.lanes[REBALANCE].delete(path, What::Release);
            }
            return;
        }
        registry.phase = Phase::Idle;
        let share = std::mem::take(&mut registry.share);
        let fetched = std::mem::take(&mut registry.fetched);
        registry.owned = share.iter().cloned().collect();
        self.membership = Membership::Stable;
        self.take_share(now, share.clone());
        self.note("assigned", &share);
        tell(out, RegistryEvent::Owned { partitions: share.clone() });
        for partition in share {
            match fetched.get(&partition) {
                Some(&offset) => self.continue_at(partition, offset, out),
                None => self.reset_by_policy(&partition, ErrorCode::NO_OFFSET_FOR_PARTITION),
            }
        }
    }

    /// The try was in vain.
    fn pause(&mut self, now: Instant, out: &mut Output<Event>) {
        let pause_ms = self.config.rebalance_pause_ms();
        let Some(registry) = &mut self.registry else { return };
        registry.phase = Phase::Waiting;
        registry.pause_until = now + Duration::from_ms(pause_ms);
        if let Some(path) = registry.vanished.take() {
            tell(out, RegistryEvent::ReadFailed { path });
        }
        let conflicts = std::mem::take(&mut registry.conflicts);
        tell(out, RegistryEvent::RetryWaits { conflicts, pause_ms });
    }

    fn next_try(&mut self, out: &mut Output<Event>) {
        let tries = self.config.rebalance_max_retries as u32;
        let Some(registry) = &mut self.registry else { return };
        if registry.attempt < tries {
            let attempt = registry.attempt + 1;
            return self.begin_round(attempt, out);
        }
        registry.phase = Phase::Failed;
        self.membership = Membership::None;
        let consumer = registry.consumer_id.clone();
        tell(out, RegistryEvent::RebalanceFailed { consumer, tries });
    }

    /// When it has to be woken.
    pub(in crate::client::consumer) fn registry_wake(&self) -> Option<Instant> {
        let registry = self.registry.as_ref()?;
        let waits = matches!(registry.phase, Phase::Waiting | Phase::Registering);
        (waits && registry.lanes[REBALANCE].is_free()).then_some(registry.pause_until)
    }
}
