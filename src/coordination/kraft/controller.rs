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
//! With one voter what is written is committed. Always: the image is what the log says; an answer leaves after the
//! records that it promises; the same inputs give the same bytes. In memory alone, and begun anew after a restart: when
//! each broker was last heard.

use super::config::ControllerConfig;
use super::image::{Image, PartitionRegistration};
use super::metadata_log;
use super::record::*;
use crate::clock::{Duration, Instant};
use crate::coordination::{ElectionReason, Event};
use crate::disk::Disk;
use crate::prng::{self, Purpose};
use crate::protocol::{Body, ErrorCode, Input, Message, Output, Request, Response, Timer};
use crate::storage::{Log, MetaProperties, StorageError, write_meta_properties};
use crate::types::{LeaderEpoch, NodeId, Offset, TopicPartition, Uuid};
use std::collections::BTreeMap;

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

/// A controller, the only voter of its quorum.
#[derive(Clone, Debug)]
pub struct Controller {
    /// Its id.
    pub id: NodeId,
    /// What its log says.
    pub image: Image,
    /// Its copy of `__cluster_metadata-0`.
    pub log: Log,
    /// Its settings.
    pub config: ControllerConfig,
    /// Its quorum epoch.
    pub epoch: i32,
    /// Brokers' heartbeats.
    pub sessions: BTreeMap<NodeId, Session>,
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

    /// Starts the process: reads its log again, begins a new epoch, and is active at once.
    pub fn start(
        id: NodeId,
        now: Instant,
        disk: &mut Disk,
        config: ControllerConfig,
        out: &mut Output<Event>,
    ) -> Result<Controller, StorageError> {
        let directory = directory(id);
        let log = metadata_log::open(disk, &directory)?;
        let mut controller = Controller {
            id,
            image: Image::default(),
            log,
            config,
            epoch: 0,
            sessions: BTreeMap::new(),
            waiting: BTreeMap::new(),
            next_waiting: 0,
        };
        controller.replay(now, disk)?;
        let before = metadata_log::read_quorum_epoch(disk, &directory)?;
        controller.epoch = before.max(controller.image.epoch).saturating_add(1);
        metadata_log::write_quorum_state(disk, &directory, id, controller.epoch, id)?;
        out.events.push(Event::ControllerActive { controller: id, epoch: controller.epoch });
        controller.begin_reign(now, disk, out)?;
        out.set(Timer::LeaderBalance, now + controller.config.leader_imbalance_check_interval);
        controller.set_session_check(out);
        Ok(controller)
    }

    fn replay(&mut self, now: Instant, disk: &Disk) -> Result<(), StorageError> {
        let (start, end) = (self.log.log_start_offset(), self.log.log_end_offset());
        for batch in metadata_log::read(&self.log, disk, start, end)? {
            for (at, record) in (0i64..).zip(&batch.records) {
                self.apply(now, batch.base_offset + at, record);
            }
            self.image.offset = batch.last_offset;
            self.image.epoch = batch.epoch;
        }
        Ok(())
    }

    /// The first batches of a reign: who leads, and in a new log what the cluster begins with.
    fn begin_reign(
        &mut self,
        now: Instant,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), StorageError> {
        let base = self.log.log_end_offset();
        let mut bytes = metadata_log::leader_change(base, self.epoch, now.timestamp(), self.id);
        self.append(now, &mut bytes, "LEADER_CHANGE".to_owned(), disk, out)?;
        let motive = Motive { by: self.id, reason: ElectionReason::Asked };
        if self.image.features.is_empty() {
            let records = metadata_log::bootstrap_records(self.config.min_insync_replicas);
            self.write(now, records, motive, disk, out)?;
        }
        let incarnation = prng::bytes16(
            self.config.seed,
            Purpose::Identity,
            u64::from(self.id.0),
            2,
            self.epoch as u64,
        );
        let registration = RegisterController {
            controller: self.id,
            incarnation: Uuid::from_chance(incarnation),
            migration_ready: false,
            endpoints: vec![endpoint("CONTROLLER", self.id)],
            features: supported_features(),
        };
        self.write(now, vec![MetadataRecord::RegisterController(registration)], motive, disk, out)
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
            Input::Message { from, message } => {
                if let Body::Request(request) = message.body {
                    self.request(now, from, message.correlation, request, disk, out)?;
                }
            }
            Input::Timer(Timer::SessionCheck) => self.fence_silent_brokers(now, disk, out)?,
            Input::Timer(Timer::LeaderBalance) => self.balance(now, disk, out)?,
            Input::Timer(Timer::MetadataNoOp) => {
                let motive = Motive { by: self.id, reason: ElectionReason::Asked };
                self.write(now, vec![MetadataRecord::NoOp], motive, disk, out)?;
            }
            Input::Timer(Timer::DelayedFetch(id)) => self.answer_waiting(id, disk, out)?,
            Input::Timer(_) => {}
            Input::Disconnected { peer } => self.forget_waiting(peer, out),
        }
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
        let response = match request {
            Request::Fetch(fetch) => return self.fetch(now, from, correlation, fetch, disk, out),
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
        let base = self.log.log_end_offset();
        let mut bytes = metadata_log::encode(base, self.epoch, now.timestamp(), &records);
        self.append(now, &mut bytes, summary(&records), disk, out)?;
        for (at, record) in (0i64..).zip(&records) {
            let before = record
                .partition(|id| self.image.topic_names.get(&id).cloned())
                .and_then(|partition| Some((self.image.partition(&partition)?.clone(), partition)));
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
        self.answer_all_waiting(disk, out)
    }

    fn append(
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
        self.image.offset = last;
        self.image.epoch = self.epoch;
        out.events.push(Event::RecordsAppended { first, last, what });
        Ok(())
    }

    /// Applies a record to the image and to what is remembered of brokers.
    fn apply(&mut self, now: Instant, offset: Offset, record: &MetadataRecord) {
        self.image.apply(record);
        match record {
            MetadataRecord::RegisterBroker(registration) => {
                let session = Session {
                    last_contact: now,
                    metadata_offset: Offset::NONE,
                    registration_offset: offset,
                    controlled_shutdown_offset: None,
                };
                self.sessions.insert(registration.broker, session);
            }
            MetadataRecord::UnregisterBroker { broker, .. } => {
                self.sessions.remove(broker);
            }
            _ => {}
        }
    }

    fn tell_created(&self, record: &PartitionRecord, out: &mut Out) {
        let Some(topic) = self.image.topic_names.get(&record.topic) else { return };
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

    /// Moves what it remembers of brokers' heartbeats forward: idle time is skipped that way.
    pub fn shift(&mut self, by: Duration) {
        for session in self.sessions.values_mut() {
            session.last_contact = session.last_contact + by;
        }
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
