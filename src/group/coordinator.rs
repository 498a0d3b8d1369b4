//! The coordinator of one broker (classes `GroupCoordinatorService`, `GroupMetadataManager`, `OffsetMetadataManager`).
//!
//! It speaks to the log through its broker: what has to be written comes back as [`Append`] with a token, and the
//! broker says by [`Coordinator::appended`] when that batch is committed (the high watermark passed it)
//! or has failed. Answers
//! that promise something wait for that.
//!
//! Always: a group is served only while this broker leads its partition of `__consumer_offsets`; when leadership goes,
//! everybody who waits hears NOT_COORDINATOR.

mod join;
mod offsets;
mod rebalance;
mod sync;
#[cfg(test)]
mod tests;

use super::event::Event;
use super::hash::coordinator_partition;
use super::records::{GroupMetadata, GroupRecord, MemberMetadata};
use super::state::{Committed, Group, GroupState, Member, Reply};
use crate::batch::{BatchBuilder, NewRecord, Record};
use crate::clock::{Duration, Instant};
use crate::prng::{Purpose, bytes16};
use crate::protocol::*;
use crate::types::{NodeId, Offset, TopicName, TopicPartition, Uuid};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The broker's settings that concern groups.
#[derive(Clone, Debug, PartialEq)]
pub struct CoordinatorConfig {
    /// `offsets.topic.num.partitions`.
    pub partitions: u32,
    /// `group.initial.rebalance.delay.ms`.
    pub initial_rebalance_delay_ms: u64,
    /// `group.min.session.timeout.ms`.
    pub min_session_timeout_ms: u32,
    /// `group.max.session.timeout.ms`.
    pub max_session_timeout_ms: u32,
    /// `group.max.size`.
    pub max_size: u32,
    /// By how many microseconds the machine's clock is wrong: what is remembered is dated by it, sessions are not.
    pub clock_skew_us: i64,
}

impl Default for CoordinatorConfig {
    fn default() -> Self {
        CoordinatorConfig {
            partitions: 50,
            initial_rebalance_delay_ms: 3_000,
            min_session_timeout_ms: 6_000,
            max_session_timeout_ms: 1_800_000,
            max_size: i32::MAX as u32,
            clock_skew_us: 0,
        }
    }
}

/// One record batch to be appended to `__consumer_offsets` with acks=all.
#[derive(Clone, Debug, PartialEq)]
pub struct Append {
    /// To be told to [`Coordinator::appended`].
    pub token: u64,
    /// Which partition of `__consumer_offsets`.
    pub partition: u32,
    /// The batch; its base offset and epoch are the leader's to set.
    pub batch: Vec<u8>,
}

/// What waits for a write.
#[derive(Clone, Debug)]
enum Write {
    /// Nobody: a new group, or an empty generation.
    State,
    /// The leader's shares.
    Shares { generation: i32, shares: BTreeMap<Arc<str>, Arc<[u8]>> },
    /// A static member's new process, in a stable group.
    StaticJoin { member: Arc<str> },
    /// Committed offsets and whom to tell.
    Offsets { offsets: Vec<(TopicPartition, Committed)>, reply: Reply },
}

#[derive(Clone, Debug)]
struct Pending {
    group: Arc<str>,
    partition: u32,
    write: Write,
}

type Out = Output<Event>;

/// All groups whose partitions of `__consumer_offsets` this broker leads.
#[derive(Clone, Debug)]
pub struct Coordinator {
    id: NodeId,
    seed: u64,
    config: CoordinatorConfig,
    /// The groups by id.
    pub groups: BTreeMap<Arc<str>, Group>,
    /// Topic ids as the broker knows them; offset commits carry them (4.1 and later). The broker keeps this up to date.
    pub topic_ids: BTreeMap<TopicName, Uuid>,
    led: BTreeSet<u32>,
    pending: BTreeMap<u64, Pending>,
    next_token: u64,
    ids_drawn: u64,
}

impl Coordinator {
    /// A coordinator that leads nothing yet.
    pub fn new(id: NodeId, seed: u64, config: CoordinatorConfig) -> Coordinator {
        Coordinator {
            id,
            seed,
            config,
            groups: BTreeMap::new(),
            topic_ids: BTreeMap::new(),
            led: BTreeSet::new(),
            pending: BTreeMap::new(),
            next_token: 0,
            ids_drawn: 0,
        }
    }
    /// Its settings.
    pub fn config(&self) -> &CoordinatorConfig {
        &self.config
    }
    /// The partition of `__consumer_offsets` that keeps `group`.
    pub fn partition_of(&self, group: &str) -> u32 {
        coordinator_partition(group, self.config.partitions)
    }
    /// Whether this broker serves `group` now.
    pub fn serves(&self, group: &str) -> bool {
        self.led.contains(&self.partition_of(group))
    }
    /// Whether a rebalance or a write is under way, as a sentence.
    pub fn unsettled(&self) -> Option<String> {
        use GroupState::*;
        let group = self.groups.values().find(|group| {
            matches!(group.state, PreparingRebalance | CompletingRebalance)
                || !group.pending_members.is_empty()
        });
        match group {
            Some(group) => Some(format!("group {} is in {}", group.id, group.state)),
            None => {
                let pending = self.pending.values().next()?;
                Some(format!("group {} waits for a write to __consumer_offsets", pending.group))
            }
        }
    }

    /// Takes a request of a member. What is to be written comes back; answers leave through `out`, now or later.
    pub fn handle(
        &mut self,
        now: Instant,
        from: NodeId,
        correlation: u64,
        request: Request,
        out: &mut Out,
    ) -> Vec<Append> {
        let reply = (from, correlation);
        match request {
            Request::JoinGroup(request) => self.join(now, reply, request, out),
            Request::SyncGroup(request) => self.sync(now, reply, request, out),
            Request::Heartbeat(request) => {
                let error = self.heartbeat(now, &request, out);
                self.answer(reply, Response::Heartbeat(HeartbeatResponse { error }), out);
                Vec::new()
            }
            Request::LeaveGroup(request) => self.leave(now, reply, request, out),
            Request::OffsetCommit(request) => self.commit(now, reply, request, out),
            Request::OffsetFetch(request) => {
                self.fetch_offsets(reply, request, out);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// A timer of a group has struck.
    pub fn timer(&mut self, now: Instant, timer: &Timer, out: &mut Out) -> Vec<Append> {
        match timer {
            Timer::GroupSession { group, member } => self.session_over(now, group, member, out),
            Timer::GroupRebalance { group } => self.phase_over(now, group, out),
            _ => Vec::new(),
        }
    }

    /// The broker says what became of the batch with `token`.
    pub fn appended(
        &mut self,
        now: Instant,
        token: u64,
        result: ErrorCode,
        out: &mut Out,
    ) -> Vec<Append> {
        let Some(Pending { group, write, .. }) = self.pending.remove(&token) else {
            return Vec::new();
        };
        if !result.is_none() {
            out.events.push(Event::WriteFailed { group: group.clone(), error: result });
        }
        match write {
            Write::State => Vec::new(),
            Write::Shares { generation, shares } => {
                self.shares_written(now, &group, generation, shares, result, out)
            }
            Write::StaticJoin { member } => {
                self.static_join_written(&group, &member, result, out);
                Vec::new()
            }
            Write::Offsets { offsets, reply } => {
                self.offsets_written(&group, offsets, reply, result, out);
                Vec::new()
            }
        }
    }

    /// This broker leads partition `partition` of `__consumer_offsets` now; `records` is all that is in it.
    pub fn load(
        &mut self,
        partition: u32,
        records: impl Iterator<Item = Record>,
        now: Instant,
        out: &mut Out,
    ) {
        self.led.insert(partition);
        let mut seen = BTreeSet::new();
        for record in records {
            let Some(key) = &record.key else { continue };
            let Ok(record) = GroupRecord::decode(key, record.value.as_deref()) else { continue };
            match record {
                GroupRecord::Offset { group, partition, value, .. } => {
                    seen.insert(group.clone());
                    let group = self.group_or_new(&group, now);
                    match value {
                        None => group.offsets.remove(&partition),
                        Some(value) => group.offsets.insert(
                            partition,
                            Committed {
                                offset: value.offset,
                                leader_epoch: value.leader_epoch,
                                timestamp: value.commit_timestamp,
                            },
                        ),
                    };
                }
                GroupRecord::Group { group, value: Some(value) } => {
                    seen.insert(group.clone());
                    self.group_or_new(&group, now).restore(value, now);
                }
                GroupRecord::Group { group, value: None } => {
                    self.groups.remove(&group);
                }
                GroupRecord::Unknown { .. } => {}
            }
        }
        for id in seen {
            let Some(group) = self.groups.get_mut(&id) else { continue };
            for member in group.members.values_mut() {
                member.heard_of(&id, now, out);
            }
            out.events.push(Event::GroupLoaded {
                group: id.clone(),
                generation: group.generation,
                members: group.members.len(),
                offsets: group.offsets.len(),
            });
        }
    }

    /// This broker does not lead partition `partition` of `__consumer_offsets` any more.
    pub fn unload(&mut self, partition: u32, _now: Instant, out: &mut Out) {
        if !self.led.remove(&partition) {
            return;
        }
        let error = ErrorCode::NOT_COORDINATOR;
        let tokens: Vec<u64> = self
            .pending
            .iter()
            .filter(|(_, p)| p.partition == partition)
            .map(|(&t, _)| t)
            .collect();
        for token in tokens {
            if let Some(Pending { group, write: Write::Offsets { offsets, reply }, .. }) =
                self.pending.remove(&token)
            {
                self.offsets_written(&group, offsets, reply, error, out);
            }
        }
        let gone: Vec<Arc<str>> =
            self.groups.keys().filter(|id| self.partition_of(id) == partition).cloned().collect();
        for id in &gone {
            let Some(group) = self.groups.remove(id) else { continue };
            out.cancel(Timer::GroupRebalance { group: id.clone() });
            for pending in &group.pending_members {
                out.cancel(session_timer(id, pending));
            }
            for (member_id, mut member) in group.members {
                out.cancel(session_timer(id, &member_id));
                member.refuse_waiting(error, out);
            }
        }
        out.events.push(Event::PartitionUnloaded { partition, groups: gone.len() });
    }

    /// Idle time was skipped: all liveness deadlines move.
    pub fn shift(&mut self, by: Duration) {
        for member in self.groups.values_mut().flat_map(|group| group.members.values_mut()) {
            member.session_ends = member.session_ends + by;
        }
    }

    /// The machine's clock is wrong by so much from now on.
    pub fn skew_clock(&mut self, by_us: i64) {
        self.config.clock_skew_us = by_us;
    }

    fn group_or_new(&mut self, id: &Arc<str>, now: Instant) -> &mut Group {
        let wall = now.off_by(self.config.clock_skew_us).timestamp();
        self.groups.entry(id.clone()).or_insert_with(|| Group::new(id.clone(), wall))
    }
    fn answer(&self, reply: Reply, response: Response, out: &mut Out) {
        out.send(reply.0, Message::response(reply.1, response));
    }
    /// `client.id-uuid`, or `group.instance.id-uuid` (`ClassicGroup.generateMemberId`).
    fn draw_member_id(&mut self, now: Instant, prefix: &str) -> Arc<str> {
        self.ids_drawn += 1;
        let from = u64::from(self.id.0);
        let Uuid(bytes) = Uuid::from_chance(bytes16(
            self.seed,
            Purpose::Identity,
            from,
            now.0, // a restarted broker must not draw the ids of its former life
            self.ids_drawn,
        ));
        let mut text = String::with_capacity(prefix.len() + 37);
        text.push_str(prefix);
        for (index, byte) in bytes.iter().enumerate() {
            if matches!(index, 0 | 4 | 6 | 8 | 10) {
                text.push('-');
            }
            text.push_str(&format!("{byte:02x}"));
        }
        Arc::from(text)
    }
    fn write(
        &mut self,
        now: Instant,
        group: &Arc<str>,
        records: &[GroupRecord],
        write: Write,
    ) -> Append {
        let mut builder = BatchBuilder::new(Offset::ZERO);
        for record in records {
            let (key, value) = record.encode();
            let key = Some(key);
            builder.push(&NewRecord {
                timestamp: now.off_by(self.config.clock_skew_us).timestamp(),
                key,
                value,
                headers: Vec::new(),
            });
        }
        self.next_token += 1;
        let (token, partition) = (self.next_token, self.partition_of(group));
        self.pending.insert(token, Pending { group: group.clone(), partition, write });
        Append { token, partition, batch: builder.build() }
    }
}

fn session_timer(group: &Arc<str>, member: &Arc<str>) -> Timer {
    Timer::GroupSession { group: group.clone(), member: member.clone() }
}

impl Member {
    /// The member was heard of: its session begins anew.
    fn heard_of(&mut self, group: &Arc<str>, now: Instant, out: &mut Out) {
        self.session_for(u64::from(self.session_timeout_ms), group, now, out);
    }
    fn session_for(&mut self, ms: u64, group: &Arc<str>, now: Instant, out: &mut Out) {
        self.session_ends = now + Duration::from_ms(ms);
        out.set(session_timer(group, &self.id), self.session_ends);
    }
    /// Tells whoever waits that it was in vain.
    fn refuse_waiting(&mut self, error: ErrorCode, out: &mut Out) {
        if let Some((to, correlation)) = self.awaiting_join.take() {
            let response = join::refusal(error, self.id.clone());
            out.send(to, Message::response(correlation, response));
        }
        self.refuse_sync(error, out);
    }
    fn refuse_sync(&mut self, error: ErrorCode, out: &mut Out) {
        if let Some((to, correlation)) = self.awaiting_sync.take() {
            let response = SyncGroupResponse { error, assignment: Arc::from([]) };
            out.send(to, Message::response(correlation, Response::SyncGroup(response)));
        }
    }
}

impl Group {
    /// Becomes what a record says (`GroupMetadataManager.replay`).
    fn restore(&mut self, value: GroupMetadata, now: Instant) {
        self.generation = value.generation;
        self.protocol_type = Some(value.protocol_type).filter(|text| !text.is_empty());
        self.protocol = value.protocol;
        self.leader = value.leader;
        self.members.clear();
        self.static_members.clear();
        self.state = match value.members.is_empty() {
            true => GroupState::Empty,
            false => GroupState::Stable,
        };
        self.state_since = value.current_state_timestamp;
        for stored in value.members {
            let protocol = self.protocol.clone().unwrap_or_else(|| Arc::from(""));
            if let Some(instance) = &stored.group_instance_id {
                self.static_members.insert(instance.clone(), stored.member_id.clone());
            }
            let member = Member {
                id: stored.member_id,
                instance_id: stored.group_instance_id,
                client_id: stored.client_id,
                session_timeout_ms: stored.session_timeout_ms.max(0) as u32,
                rebalance_timeout_ms: stored.rebalance_timeout_ms.max(0) as u32,
                protocols: vec![(protocol, stored.subscription)],
                assignment: stored.assignment,
                awaiting_join: None,
                awaiting_sync: None,
                is_new: false,
                session_ends: now,
            };
            self.members.insert(member.id.clone(), member);
        }
    }
    /// The record that keeps this generation, with `shares`.
    fn to_record(&self, shares: &BTreeMap<Arc<str>, Arc<[u8]>>) -> GroupRecord {
        let empty: Arc<[u8]> = Arc::from([]);
        let protocol = self.protocol.as_deref().unwrap_or_default();
        let members = self.members.values().map(|member| MemberMetadata {
            member_id: member.id.clone(),
            group_instance_id: member.instance_id.clone(),
            client_id: member.client_id.clone(),
            client_host: Arc::from("/127.0.0.1"),
            rebalance_timeout_ms: member.rebalance_timeout_ms as i32,
            session_timeout_ms: member.session_timeout_ms as i32,
            subscription: member.subscription(protocol).unwrap_or(&empty).clone(),
            assignment: shares.get(&member.id).unwrap_or(&empty).clone(),
        });
        let value = GroupMetadata {
            version: 3,
            protocol_type: self.protocol_type.clone().unwrap_or_else(|| Arc::from("")),
            generation: self.generation,
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            current_state_timestamp: self.state_since,
            members: members.collect(),
        };
        GroupRecord::Group { group: self.id.clone(), value: Some(value) }
    }
}
