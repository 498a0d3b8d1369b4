//! The controller: takes requests, decides, writes what it decided as one batch, applies it, answers
//! (`QuorumController`).
//!
//! ```text
//!   step ─▶ brokers.rs      registration, heartbeats, sessions, fencing
//!        ─▶ partitions.rs   ISR and leaders, AlterPartition, ElectLeaders, balance, reassignment
//!        ─▶ topics.rs       create, delete, grow, settings
//!        ─▶ serve.rs        brokers fetch the metadata log (long poll)
//!              │
//!              ▼ records
//!           write: one batch ▸ log ▸ image ▸ events ▸ waiting fetches answered
//! ```
//!
//! With one voter what is written is committed. With more, the active controller decides on a draft (the image and what
//! it wrote since), and answers once a majority has it (`deferred.rs`); the others apply what is committed. Always: the
//! image is what the committed log says; an answer leaves after the records that it promises are committed; the same
//! inputs give the same bytes. In memory alone, and begun anew after a restart: when each broker was last heard.

use super::config::ControllerConfig;
use super::deferred::Pending;
use super::image::{Image, PartitionRegistration};
use super::metadata_log;
use super::quorum::{
    Quorum, QuorumRole, QuorumState, Reign, read_quorum_state, write_quorum_state,
};
use super::record::*;
use super::snapshot::{self, Snapshots};
use crate::clock::{Duration, Instant};
use crate::coordination::{ElectionReason, Event};
use crate::disk::Disk;
use crate::prng::{self, Purpose};
use crate::protocol::{
    Body, ControllerRegistrationResponse, ErrorCode, Input, Message, Output, Request, Response,
    Send, Timer, not_controller,
};
use crate::storage::{Log, MetaProperties, StorageError, write_meta_properties};
use crate::types::{LeaderEpoch, NodeId, Offset, TopicPartition, Uuid};
use std::collections::{BTreeMap, VecDeque};

/// A metadata transaction may not have more records (`QuorumController.MAX_RECORDS_PER_USER_OP`).
pub(super) const MAX_RECORDS: usize = 10_000;

/// What a controller remembers of a broker's heartbeats (`BrokerHeartbeatManager`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// When it was last heard.
    pub last_contact: Instant,
    /// How far it said to have read the metadata log.
    pub metadata_offset: Offset,
    /// Offset of its registration record.
    pub registration_offset: Offset,
    /// While it is in controlled shutdown: how far the others must have read before it may stop.
    pub controlled_shutdown_offset: Option<Offset>,
}

impl Session {
    fn new(now: Instant, registration_offset: Offset) -> Session {
        Session {
            last_contact: now,
            metadata_offset: Offset::NONE,
            registration_offset,
            controlled_shutdown_offset: None,
        }
    }
}

/// A controller.
#[derive(Clone, Debug)]
pub struct Controller {
    /// Its id.
    pub id: NodeId,
    /// What its log says, as far as it is committed.
    pub image: Image,
    /// Its copy of `__cluster_metadata-0`.
    pub log: Log,
    /// Its settings.
    pub config: ControllerConfig,
    /// Its quorum epoch.
    pub epoch: i32,
    /// Brokers' heartbeats.
    pub sessions: BTreeMap<NodeId, Session>,
    /// What it is in the quorum.
    pub quorum: Quorum,
    /// Its snapshots.
    pub snapshots: Snapshots,
    /// The image and what was written since: the active controller decides on it.
    pub(super) draft: Option<Image>,
    pub(super) pending: VecDeque<Pending>,
    pub(super) waiting: BTreeMap<u64, super::serve::WaitingFetch>,
    pub(super) next_waiting: u64,
}

/// What one step gives back.
pub(super) type Out = Output<Event>;

/// Who wanted a change, and why; for the events.
#[derive(Clone, Copy)]
pub(super) struct Motive {
    pub by: NodeId,
    pub reason: ElectionReason,
}

fn directory(id: NodeId) -> String {
    format!("controller-{id}")
}

impl Controller {
    /// Prepares the directory as `kafka-storage format` does; no log is begun.
    pub fn format(
        disk: &mut Disk,
        id: NodeId,
        cluster_id: Uuid,
        seed: u64,
    ) -> Result<(), StorageError> {
        let directory = directory(id);
        disk.create_directory(&directory)?;
        let drawn = prng::bytes16(seed, Purpose::Identity, u64::from(id.0), 1, 0);
        let meta = MetaProperties {
            cluster_id: cluster_id.to_string(),
            node_id: id.0,
            directory_id: Uuid::from_chance(drawn),
        };
        write_meta_properties(disk, &format!("{directory}/meta.properties"), &meta)?;
        let checkpoint = metadata_log::bootstrap_checkpoint(Instant(0).timestamp());
        disk.replace(&format!("{directory}/bootstrap.checkpoint"), &checkpoint)?;
        Ok(())
    }

    /// Starts the process: loads its newest snapshot. The only voter reads its log again, begins a new epoch and is
    /// active at once; one of several first hears how much of its log is committed.
    pub fn start(
        id: NodeId,
        now: Instant,
        disk: &mut Disk,
        config: ControllerConfig,
        out: &mut Output<Event>,
    ) -> Result<Controller, StorageError> {
        let directory = directory(id);
        let log = metadata_log::open(disk, &directory, config.snapshots.segment_bytes)?;
        let snapshots = snapshot::find(disk, &directory, now)?;
        let image = snapshot::load(disk, &directory, &snapshots)?;
        let voters = if config.voters.is_empty() { vec![id] } else { config.voters.clone() };
        let mut controller = Controller {
            id,
            image,
            log,
            quorum: Quorum::new(voters, config.start_ordinal),
            config,
            epoch: 0,
            sessions: BTreeMap::new(),
            snapshots,
            draft: None,
            pending: VecDeque::new(),
            waiting: BTreeMap::new(),
            next_waiting: 0,
        };
        controller.remember_registrations(now);
        let before = read_quorum_state(disk, &directory)?;
        if !controller.quorum.is_single() {
            let ordinal = controller.config.start_ordinal;
            controller.quorum.incarnation = controller.draw_incarnation(ordinal | 1 << 32);
            if let Some((end, _)) = controller.snapshots.latest {
                controller.quorum.high_watermark = end;
            }
            controller.enter_quorum(now, before, disk, out)?;
            return Ok(controller);
        }
        controller.replay(now, disk)?;
        controller.epoch = before.epoch.max(controller.image.epoch).saturating_add(1);
        controller.quorum.leader = Some(id);
        let start = controller.log.log_end_offset();
        controller.quorum.role = QuorumRole::Leader(Reign::of_one(id, start));
        controller.save_quorum_state(disk)?;
        let epoch = controller.epoch;
        out.events.push(Event::ControllerActive { controller: id, epoch });
        controller.begin_reign(now, disk, out)?;
        out.set(Timer::LeaderBalance, now + controller.config.leader_imbalance_check_interval);
        controller.set_session_check(out);
        Ok(controller)
    }

    fn draw_incarnation(&self, ordinal: u64) -> Uuid {
        let (seed, id) = (self.config.seed, u64::from(self.id.0));
        Uuid::from_chance(prng::bytes16(seed, Purpose::Identity, id, 2, ordinal))
    }

    pub(super) fn directory(&self) -> String {
        directory(self.id)
    }

    pub(super) fn save_quorum_state(&self, disk: &mut Disk) -> Result<(), StorageError> {
        let state = QuorumState {
            leader: self.quorum.leader,
            epoch: self.epoch,
            voted: self.quorum.voted,
            voters: self.quorum.voters.clone(),
        };
        write_quorum_state(disk, &directory(self.id), &state)
    }

    fn replay(&mut self, now: Instant, disk: &Disk) -> Result<(), StorageError> {
        let start = self.log.log_start_offset().max(self.image.offset + 1);
        let end = self.log.log_end_offset();
        for batch in metadata_log::read(&self.log, disk, start, end)? {
            for (at, record) in (0i64..).zip(&batch.records) {
                self.apply(now, batch.base_offset + at, record);
            }
            self.image.offset = batch.last_offset;
            self.image.epoch = batch.epoch;
            self.snapshots.bytes_since += batch.size_bytes;
        }
        Ok(())
    }

    /// What a loaded snapshot says of brokers: they are heard anew.
    pub(super) fn remember_registrations(&mut self, now: Instant) {
        self.sessions.clear();
        for (&broker, known) in self.image.brokers.iter() {
            let session = Session::new(now, Offset(known.epoch.0));
            self.sessions.insert(broker, session);
        }
    }

    /// The first batches of a reign: who leads, and in a new log what the cluster begins with.
    fn begin_reign(
        &mut self,
        now: Instant,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), StorageError> {
        let base = self.log.log_end_offset();
        let (time, me) = (now.timestamp(), [self.id]);
        let mut bytes = metadata_log::leader_change(base, self.epoch, time, self.id, &me, &me);
        self.append_bytes(now, &mut bytes, "LEADER_CHANGE".to_owned(), disk, out)?;
        self.quorum.incarnation = self.draw_incarnation(self.epoch as u64);
        self.introduce_cluster(now, disk, out)
    }

    /// What a new log begins with, and who this controller is (`ActivationRecordsGenerator`).
    pub(super) fn introduce_cluster(
        &mut self,
        now: Instant,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), StorageError> {
        let motive = Motive { by: self.id, reason: ElectionReason::Asked };
        if self.state().features.is_empty() {
            let records = metadata_log::bootstrap_records(self.config.min_insync_replicas);
            self.write(now, records, motive, disk, out)?;
        }
        let incarnation = self.quorum.incarnation;
        if self.state().controllers.get(&self.id) == Some(&incarnation) {
            return Ok(());
        }
        let registration = snapshot::registration(self.id, incarnation);
        self.write(now, vec![MetadataRecord::RegisterController(registration)], motive, disk, out)
    }

    /// What decisions are made on: the image, and what was written since.
    pub(super) fn state(&self) -> &Image {
        self.draft.as_ref().unwrap_or(&self.image)
    }

    fn state_mut(&mut self) -> &mut Image {
        self.draft.as_mut().unwrap_or(&mut self.image)
    }

    /// Takes one input.
    pub fn step(
        &mut self,
        now: Instant,
        input: Input,
        disk: &mut Disk,
        out: &mut Output<Event>,
    ) -> Result<(), StorageError> {
        match input {
            Input::Message { from, message: Message { correlation, body } } => match body {
                Body::Request(request) => {
                    self.request(now, from, correlation, request, disk, out)?;
                }
                Body::Response(response) => {
                    self.quorum_answered(now, from, correlation, response, disk, out)?;
                }
            },
            Input::Timer(
                timer @ (Timer::SessionCheck | Timer::LeaderBalance | Timer::MetadataNoOp),
            ) => self.own_work(now, timer, disk, out)?,
            Input::Timer(Timer::DelayedFetch(id)) => self.answer_waiting(id, disk, out)?,
            Input::Timer(Timer::QuorumElection) => self.election_due(now, disk, out)?,
            Input::Timer(Timer::QuorumFetchTimeout) => self.leader_silent(now, disk, out)?,
            Input::Timer(Timer::QuorumCheck) => self.check_quorum(now, disk, out)?,
            Input::Timer(Timer::QuorumBegin) => self.begin_again(now, out),
            Input::Timer(Timer::QuorumRetry) => self.ask_again(now, out),
            Input::Timer(Timer::RequestTimeout(_)) => self.give_up_overdue(now, out),
            Input::Timer(_) => {}
            Input::Disconnected { peer } => {
                self.forget_waiting(peer, out);
                self.voter_lost(now, peer, out);
            }
        }
        Ok(())
    }

    /// What the active controller does by the clock.
    fn own_work(
        &mut self,
        now: Instant,
        timer: Timer,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), StorageError> {
        if !self.is_active() {
            return Ok(());
        }
        let mut done = Out::default();
        match timer {
            Timer::SessionCheck => self.fence_silent_brokers(now, disk, &mut done)?,
            Timer::LeaderBalance => self.balance(now, disk, &mut done)?,
            _ => {
                let motive = Motive { by: self.id, reason: ElectionReason::Asked };
                self.write(now, vec![MetadataRecord::NoOp], motive, disk, &mut done)?;
            }
        }
        self.hand_out(done, Vec::new(), out);
        Ok(())
    }

    fn request(
        &mut self,
        now: Instant,
        from: NodeId,
        correlation: u64,
        request: Request,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), StorageError> {
        match request {
            Request::Fetch(fetch) => self.fetch(now, from, correlation, fetch, disk, out),
            Request::Vote(r) => self.vote_asked(now, from, correlation, &r, disk, out),
            Request::BeginQuorumEpoch(r) => self.epoch_begun(now, from, correlation, &r, disk, out),
            Request::EndQuorumEpoch(r) => self.epoch_ended(now, from, correlation, &r, disk, out),
            Request::FetchSnapshot(r) => self.snapshot_asked(now, from, correlation, r, disk, out),
            request if !self.is_active() => {
                if let Some(response) = not_controller(&request) {
                    out.send(from, Message::response(correlation, response));
                }
                Ok(())
            }
            request => {
                let several = !self.quorum.is_single();
                let refusal = if several { not_controller(&request) } else { None };
                let refusal = refusal.map(|response| Message::response(correlation, response));
                let refusals = refusal.map(|message| Send { to: from, message });
                let mut done = Out::default();
                self.serve(now, from, correlation, request, disk, &mut done)?;
                self.hand_out(done, refusals.into_iter().collect(), out);
                Ok(())
            }
        }
    }

    fn serve(
        &mut self,
        now: Instant,
        from: NodeId,
        correlation: u64,
        request: Request,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), StorageError> {
        let response = match request {
            Request::ControllerRegistration(r) => {
                let registration = snapshot::registration(r.controller, r.incarnation);
                let records = vec![MetadataRecord::RegisterController(registration)];
                let motive = Motive { by: self.id, reason: ElectionReason::Asked };
                self.write(now, records, motive, disk, out)?;
                let error = ErrorCode::NONE;
                Response::ControllerRegistration(ControllerRegistrationResponse { error })
            }
            Request::BrokerRegistration(r) => {
                Response::BrokerRegistration(self.register_broker(now, r, disk, out)?)
            }
            Request::BrokerHeartbeat(r) => {
                Response::BrokerHeartbeat(self.heartbeat(now, r, disk, out)?)
            }
            Request::AlterPartition(r) => {
                Response::AlterPartition(self.alter_partition(now, r, disk, out)?)
            }
            Request::ElectLeaders(r) => {
                Response::ElectLeaders(self.elect_leaders(now, from, r, disk, out)?)
            }
            Request::AlterPartitionReassignments(r) => {
                let answer = self.alter_reassignments(now, from, r, disk, out)?;
                Response::AlterPartitionReassignments(answer)
            }
            Request::CreateTopics(r) => {
                Response::CreateTopics(self.create_topics(now, from, r, disk, out)?)
            }
            Request::DeleteTopics(r) => {
                Response::DeleteTopics(self.delete_topics(now, from, r, disk, out)?)
            }
            Request::CreatePartitions(r) => {
                Response::CreatePartitions(self.create_partitions(now, from, r, disk, out)?)
            }
            Request::IncrementalAlterConfigs(r) => {
                Response::IncrementalAlterConfigs(self.alter_configs(now, from, r, disk, out)?)
            }
            other => {
                // A controller's listener does not speak these (`ControllerApis`): no answer, the peer times out.
                let about = "a controller does not answer it; ask a broker".to_owned();
                let (request, error) = (other.kind(), ErrorCode::UNSUPPORTED_VERSION);
                out.events.push(Event::RequestRefused { from, request, error, about });
                return Ok(());
            }
        };
        out.send(from, Message::response(correlation, response));
        Ok(())
    }

    /// Writes records as one batch, applies them, tells what they mean, and answers waiting fetches.
    pub(super) fn write(
        &mut self,
        now: Instant,
        records: Vec<MetadataRecord>,
        motive: Motive,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), StorageError> {
        if records.is_empty() {
            return Ok(());
        }
        self.begin_draft();
        let base = self.log.log_end_offset();
        let mut bytes = metadata_log::encode(base, self.epoch, now.timestamp(), &records);
        self.append_bytes(now, &mut bytes, summary(&records), disk, out)?;
        for (at, record) in (0i64..).zip(&records) {
            let state = self.state();
            let before = record
                .partition(|id| state.topic_names.get(&id).cloned())
                .and_then(|partition| Some((state.partition(&partition)?.clone(), partition)));
            self.apply(now, base + at, record);
            match (record, before) {
                (MetadataRecord::PartitionChange(change), Some((before, partition))) => {
                    self.tell_change(change, &before, partition, motive, out);
                }
                (MetadataRecord::Partition(record), _) => self.tell_created(record, out),
                _ => {}
            }
        }
        self.set_no_op(now, out);
        if self.quorum.is_single() {
            self.maybe_take_snapshot(now, bytes.len() as u64, disk, out)?;
        }
        self.answer_all_waiting(disk, out)
    }

    pub(super) fn append_bytes(
        &mut self,
        now: Instant,
        bytes: &mut [u8],
        what: String,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), StorageError> {
        let mut storage_events = Vec::new();
        let epoch = LeaderEpoch(self.epoch);
        let appended = self.log.append_as_leader(disk, bytes, epoch, now, &mut storage_events)?;
        self.log.flush(disk, now, &mut storage_events)?; // KafkaRaftLog flushes before it counts as written
        let (first, last) = (appended.first_offset, appended.last_offset);
        if self.quorum.is_single() {
            self.quorum.high_watermark = self.log.log_end_offset();
            (self.image.offset, self.image.epoch) = (last, self.epoch);
        } else {
            let epoch = self.epoch;
            if let Some(draft) = &mut self.draft {
                (draft.offset, draft.epoch) = (last, epoch);
            }
            self.note_written(last);
        }
        out.events.push(Event::RecordsAppended { first, last, what });
        Ok(())
    }

    /// Applies a record to the state and to what is remembered of brokers.
    pub(super) fn apply(&mut self, now: Instant, offset: Offset, record: &MetadataRecord) {
        self.state_mut().apply(record);
        match record {
            MetadataRecord::RegisterBroker(registration) => {
                self.sessions.insert(registration.broker, Session::new(now, offset));
            }
            MetadataRecord::UnregisterBroker { broker, .. } => {
                self.sessions.remove(broker);
            }
            _ => {}
        }
    }

    fn tell_created(&self, record: &PartitionRecord, out: &mut Out) {
        let Some(topic) = self.state().topic_names.get(&record.topic) else { return };
        let Some(leader) = record.leader else { return };
        out.events.push(Event::LeaderElected {
            partition: TopicPartition::new(topic, record.partition),
            leader,
            epoch: record.leader_epoch,
            isr: record.isr.clone(),
            reason: ElectionReason::Created,
            unclean: false,
        });
    }

    fn tell_change(
        &self,
        change: &PartitionChange,
        before: &PartitionRegistration,
        partition: TopicPartition,
        motive: Motive,
        out: &mut Out,
    ) {
        let after = before.merge(change);
        if after.isr != before.isr {
            out.events.push(Event::IsrChanged {
                partition: partition.clone(),
                before: before.isr.clone(),
                after: after.isr.clone(),
                by: Some(motive.by).filter(|by| !by.is_controller()),
            });
        }
        if after.leader == before.leader {
            return;
        }
        let epoch = after.leader_epoch;
        out.events.push(match after.leader {
            Some(leader) => {
                let unclean = change.recovering == Some(true);
                // The last known leader goes before anybody that may lead uncleanly (KIP-966).
                let nobody = before.isr.is_empty() && before.elr.is_empty();
                let reason = match unclean {
                    true if nobody && before.last_known_elr == [leader] => {
                        ElectionReason::LastKnownLeader
                    }
                    true => ElectionReason::Unclean,
                    false => motive.reason,
                };
                Event::LeaderElected { partition, leader, epoch, isr: after.isr, reason, unclean }
            }
            None => {
                let eligible = if after.isr.is_empty() { after.elr } else { after.isr };
                Event::LeaderLost { partition, epoch, eligible }
            }
        });
    }

    fn set_no_op(&self, now: Instant, out: &mut Out) {
        if self.config.metadata_max_idle_interval > Duration::ZERO {
            out.set(Timer::MetadataNoOp, now + self.config.metadata_max_idle_interval);
        }
    }

    /// The records of its log that are committed, each with its offset.
    pub fn committed_records(
        &self,
        disk: &Disk,
    ) -> Result<Vec<(Offset, MetadataRecord)>, StorageError> {
        let (start, end) = (self.log.log_start_offset(), self.image.offset + 1);
        let mut found = Vec::new();
        for batch in metadata_log::read(&self.log, disk, start, end)? {
            let first = batch.base_offset;
            found.extend((0i64..).map(|at| first + at).zip(batch.records));
        }
        Ok(found)
    }

    /// Moves what it remembers of brokers' heartbeats forward: idle time is skipped that way.
    pub fn shift(&mut self, by: Duration) {
        for session in self.sessions.values_mut() {
            session.last_contact = session.last_contact + by;
        }
        self.quorum.shift(by);
    }
}

/// The names of records, one for each run of equal ones: `TOPIC_RECORD, 3 × PARTITION_RECORD`.
fn summary(records: &[MetadataRecord]) -> String {
    let mut runs: Vec<(usize, &str)> = Vec::new();
    for record in records {
        match runs.last_mut() {
            Some((count, name)) if *name == record.name() => *count += 1,
            _ => runs.push((1, record.name())),
        }
    }
    let show = |&(count, name): &(usize, &str)| match count {
        1 => name.to_owned(),
        _ => format!("{count} × {name}"),
    };
    runs.iter().map(show).collect::<Vec<_>>().join(", ")
}

/// Where a node of the lab would listen: names matter to readers of the log, nobody connects.
pub(super) fn endpoint(listener: &str, node: NodeId) -> Endpoint {
    Endpoint {
        name: listener.to_owned(),
        host: "localhost".to_owned(),
        port: 9091u32.saturating_add(node.0).try_into().unwrap_or(u16::MAX),
        security_protocol: 0,
    }
}

/// What a node of 4.3 supports.
pub(super) fn supported_features() -> Vec<FeatureRange> {
    let range =
        |(name, min, max): (&str, i16, i16)| FeatureRange { name: name.to_owned(), min, max };
    [
        ("group.version", 0, 1),
        ("kraft.version", 0, 1),
        ("metadata.version", 7, 30),
        ("share.version", 0, 1),
        ("streams.version", 0, 1),
        ("transaction.version", 0, 2),
        ("eligible.leader.replicas.version", 0, 1),
    ]
    .map(range)
    .into()
}
