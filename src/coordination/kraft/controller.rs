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
use super::quorum::Quorum;
use super::record::*;
use super::release::MetadataRelease;
use super::snapshot::{self, Snapshots};
use crate::clock::{Duration, Instant};
use crate::coordination::{ElectionReason, Event};
use crate::disk::Disk;
use crate::protocol::{
    Body, ControllerRegistrationResponse, ErrorCode, Input, Message, Output, Request, Response,
    Send, Timer, not_controller,
};
use crate::storage::{Log, StorageError};
use crate::types::{LeaderEpoch, NodeId, Offset, TopicPartition};
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
    pub(super) fn new(now: Instant, registration_offset: Offset) -> Session {
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

impl Controller {
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
                let registration =
                    snapshot::registration(r.controller, r.incarnation, self.release());
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

    /// The release whose metadata it writes: that of the log, or its own while the log is new.
    pub(super) fn release(&self) -> &'static MetadataRelease {
        let level = self.state().features.get("metadata.version");
        level.map_or_else(
            || MetadataRelease::of(&self.config.era),
            |&level| MetadataRelease::of_level(level),
        )
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
        let level = self.release().level();
        let mut bytes = metadata_log::encode(base, self.epoch, now.timestamp(), level, &records);
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
