//! How a controller begins: its directory formatted, its snapshot and log read, its place in the quorum taken up
//! (`BootstrapDirectory`, `QuorumState.initialize`, `ActivationRecordsGenerator`).
//!
//! ```text
//!   newest .checkpoint ▶ image ▶ the only voter: the rest of the log ▶ a new epoch ▶ active
//!                              ▶ one of several: quorum-state ▶ follower, unattached, resigned … and hears the rest
//! ```

use super::config::ControllerConfig;
use super::controller::{Controller, Motive, Out, Session};
use super::metadata_log;
use super::quorum::{
    Quorum, QuorumRole, QuorumState, Reign, read_quorum_state, write_quorum_state,
};
use super::record::MetadataRecord;
use super::release::MetadataRelease;
use super::snapshot;
use crate::clock::Instant;
use crate::coordination::{ElectionReason, Event};
use crate::disk::Disk;
use crate::era::Era;
use crate::prng::{self, Purpose};
use crate::protocol::{Output, Timer};
use crate::storage::{MetaProperties, StorageError, write_meta_properties};
use crate::types::{NodeId, Offset, Uuid};
use std::collections::{BTreeMap, VecDeque};

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
        era: &Era,
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
        let checkpoint =
            metadata_log::bootstrap_checkpoint(MetadataRelease::of(era), Instant(0).timestamp());
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
            let records =
                metadata_log::bootstrap_records(self.release(), self.config.min_insync_replicas);
            self.write(now, records, motive, disk, out)?;
        }
        let incarnation = self.quorum.incarnation;
        if self.state().controllers.get(&self.id) == Some(&incarnation) {
            return Ok(());
        }
        let registration = snapshot::registration(self.id, incarnation, self.release());
        self.write(now, vec![MetadataRecord::RegisterController(registration)], motive, disk, out)
    }
}
