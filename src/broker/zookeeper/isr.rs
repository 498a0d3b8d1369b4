//! The ISR before KIP-497: the leader writes the partition's state znode itself and leaves a note for the controller
//! (`Partition.updateIsr`, `ReplicationUtils.updateLeaderAndIsr`, `ReplicaManager.maybePropagateIsrChanges`).
//!
//! ```text
//!   leader ── setData …/state, version 3 ─▶ ZooKeeper    BadVersion: somebody else wrote, the ISR stays as it is
//!          ── create /isr_change_notification/isr_change_0000000007 ─▶ (batched, 0.9) ─▶ controller ─▶ UpdateMetadata
//! ```
//!
//! Always: one write under way for a partition; until it is answered the old ISR counts. A leader that believes in an
//! outdated version tries in vain until the controller orders anew.

use super::job::{Done, Play, Step, Task};
use super::{ZooKeeperEvent, told};
use crate::broker::{Broker, Event, Halt, Out};
use crate::clock::{Duration, Instant};
use crate::coordination::zookeeper::controller::LeaderAndIsr;
use crate::coordination::zookeeper::znodes;
use crate::disk::Disk;
use crate::era::is_before;
use crate::protocol::{Timer, ZooKeeperError, ZooKeeperOperation, ZooKeeperReply};
use crate::replica::{self, Role};
use crate::types::{NodeId, PartitionEpoch, TopicPartition};
use std::sync::Arc;

/// How often it is looked for ISRs to tell of (`isr-change-propagation`).
const LOOK: Duration = Duration::from_ms(2_500);
/// No change for so long: now they are told (`IsrChangePropagationBlackOut`).
const QUIET: Duration = Duration::from_ms(5_000);
/// Told at the latest after so long (`IsrChangePropagationInterval`).
const LONGEST: Duration = Duration::from_ms(60_000);

impl Broker {
    /// Writes `isr` into the state znode of `partition`, which this broker leads.
    pub(in crate::broker) fn write_isr(
        &mut self,
        now: Instant,
        partition: &TopicPartition,
        isr: &[NodeId],
        out: &mut Out,
    ) {
        let Some(replica) = self.replicas.get(partition) else { return };
        let state = LeaderAndIsr {
            leader: Some(self.id),
            leader_epoch: replica.leader_epoch,
            isr: isr.to_vec(),
            recovering: false,
            partition_epoch: replica.partition_epoch,
        };
        let version = replica.partition_epoch.0;
        let Some(side) = self.zookeeper_mut() else { return };
        let data = znodes::state(side.controller_epoch, &state);
        self.begin_job(Task::WriteIsr { partition: partition.clone(), data, version });
        // It is played with this step's other jobs, or with those of the next answer.
        out.set(Timer::IsrChangeNotification, now);
    }

    pub(super) fn play_write_isr(
        &self,
        partition: &TopicPartition,
        data: &Arc<str>,
        version: i32,
        play: &mut Play<'_>,
    ) -> Step<Done> {
        let path = znodes::state_path(partition);
        let write = ZooKeeperOperation::SetData {
            path: path.clone(),
            data: data.clone(),
            version: Some(version),
        };
        match play.ask_one(write)? {
            Ok(ZooKeeperReply::Set(stat)) => Ok(Done::IsrWritten(Some(stat.version))),
            // Perhaps the write was done and its answer lost (`checkLeaderAndIsrZkData`).
            Err(ZooKeeperError::BadVersion) => {
                let found = play.data(path, false)?.filter(|(found, _)| found == data);
                Ok(Done::IsrWritten(found.map(|(_, stat)| stat.version)))
            }
            _ => Ok(Done::IsrWritten(None)),
        }
    }

    pub(super) fn isr_written(
        &mut self,
        now: Instant,
        partition: &TopicPartition,
        version: Option<i32>,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let Some(replica) = self.replicas.get_mut(partition) else { return Ok(()) };
        let believed = replica.partition_epoch.0;
        let Role::Leader(leader) = &mut replica.role else { return Ok(()) };
        let Some(proposal) = leader.proposal.take() else { return Ok(()) };
        let Some(version) = version.filter(|version| *version > believed) else {
            let partition = partition.clone();
            told(out, ZooKeeperEvent::IsrNotWritten { partition, version: believed });
            return Ok(());
        };
        let before = std::mem::replace(&mut leader.isr, proposal.isr.clone());
        replica.partition_epoch = PartitionEpoch(version);
        out.events.push(Event::Replica(replica::Event::IsrChanged {
            partition: partition.clone(),
            from: before,
            to: proposal.isr,
        }));
        if !is_before(self.config.log.era.kafka, "0.9")
            && let Some(side) = self.zookeeper_mut()
        {
            if side.isr_changes.is_empty() {
                out.set(Timer::IsrChangeNotification, now + LOOK);
            }
            side.isr_changes.insert(partition.clone());
            side.last_isr_change = now;
        }
        self.advance_high_watermark(now, partition, disk, out)?;
        self.complete_produces(now, partition, disk, out)
    }

    /// Tells the controller of ISRs that changed, once they are quiet.
    pub(super) fn note_isr_changes(&mut self, now: Instant, out: &mut Out) {
        let Some(side) = self.zookeeper_mut() else { return };
        if side.isr_changes.is_empty() {
            return;
        }
        let due =
            now.since(side.last_isr_change) >= QUIET || now.since(side.last_isr_note) >= LONGEST;
        if !due {
            out.set(Timer::IsrChangeNotification, now + LOOK);
            return;
        }
        side.last_isr_note = now;
        let partitions: Vec<TopicPartition> =
            std::mem::take(&mut side.isr_changes).into_iter().collect();
        told(out, ZooKeeperEvent::IsrsNoted { partitions: partitions.len() });
        self.begin_job(Task::NoteIsrs(partitions));
    }
}
