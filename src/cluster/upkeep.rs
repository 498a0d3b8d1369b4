//! Upkeep on request, and damage by hand: `retention run`, `compact`, `disk flip-bit`, `disk tear`, `disk delete`.
//!
//! The first two do at once what the brokers do by the clock. The others reach around every process to the platter, as
//! a failing disk does; nobody is told, and that is the lesson.

use super::act::{Act, Refusal};
use super::event::Fault;
use super::lab::LabError;
use super::world::{Cluster, NodeState, Stage};
use crate::batch;
use crate::disk::Disk;
use crate::types::{NodeId, Offset, TopicPartition};

impl Cluster {
    pub(super) fn upkeep(
        &mut self,
        act: &Act,
        disk: &mut Disk,
        stage: &mut Stage<'_>,
    ) -> Result<Result<(), Refusal>, LabError> {
        match act {
            Act::RetentionRun => {
                for id in self.running(None) {
                    self.with_broker(id, stage, |broker, now, out| {
                        broker.run_retention(now, disk, out)
                    });
                }
                Ok(Ok(()))
            }
            Act::Compact(partition) => Ok(self.compact(partition, disk, stage)),
            Act::FlipBit { file, position } => {
                let done = disk.flip_bit(file, *position, 0);
                Ok(self
                    .struck(done, file, stage, |file| Fault::FlipBit { file, position: *position }))
            }
            Act::Tear { file, bytes } => {
                if let Some(refusal) = self.in_use(file) {
                    return Ok(Err(refusal));
                }
                let torn = match self.tear_at(disk, file, *bytes) {
                    Ok(size) => size,
                    Err(text) => return Ok(Err(Refusal::new(text))),
                };
                let done = disk.open(file).and_then(|id| disk.truncate(id, torn));
                Ok(self.struck(done, file, stage, |file| Fault::Tear { file, size: torn }))
            }
            Act::DeleteFile(file) => {
                if let Some(refusal) = self.in_use(file) {
                    return Ok(Err(refusal));
                }
                let done = disk.remove(file);
                Ok(self.struck(done, file, stage, |file| Fault::DeleteFile { file }))
            }
            _ => Ok(Ok(())),
        }
    }

    /// The brokers that run, or those of them with a copy of this partition.
    fn running(&self, partition: Option<&TopicPartition>) -> Vec<NodeId> {
        self.brokers
            .iter()
            .filter(|(_, node)| node.state == NodeState::Alive)
            .filter(|(_, node)| {
                let has = |p| node.broker.as_ref().is_some_and(|b| b.replicas.contains_key(p));
                partition.is_none_or(has)
            })
            .map(|(&id, _)| id)
            .collect()
    }

    fn compact(
        &mut self,
        partition: &TopicPartition,
        disk: &mut Disk,
        stage: &mut Stage<'_>,
    ) -> Result<(), Refusal> {
        let ids = self.running(Some(partition));
        let log = |id: NodeId| self.broker(id).and_then(|broker| broker.replicas.get(partition));
        let Some(replica) = ids.first().and_then(|&id| log(id)) else {
            return Err(Refusal::new(self.no_partition(partition)));
        };
        if !replica.log.config().cleanup_policy.compact {
            return Err(Refusal::new(format!(
                "{} is not compacted: 'topic config {} cleanup.policy=compact' first",
                partition.topic, partition.topic
            )));
        }
        let (mut any, first) = (false, ids[0]);
        for id in ids {
            let done = self
                .with_broker(id, stage, |broker, now, out| broker.clean(now, partition, disk, out));
            any |= done.unwrap_or(false);
        }
        match any {
            true => Ok(()),
            false => Err(Refusal::new(format!(
                "nothing of {partition} can be cleaned: {}",
                self.why_nothing(partition, first, disk)
            ))),
        }
    }

    /// What keeps the cleaner from a log (`LogCleanerManager.cleanableOffsets`).
    fn why_nothing(&self, partition: &TopicPartition, id: NodeId, disk: &Disk) -> String {
        let broker = self.broker(id);
        let replica = broker.and_then(|broker| broker.replicas.get(partition));
        let cleanable = broker.and_then(|broker| broker.cleanable(partition, disk, self.now));
        let (Some(replica), Some(cleanable)) = (replica, cleanable) else {
            return format!("its log on broker {id} cannot be read");
        };
        let (active, high) = (replica.log.active_segment(), replica.high_watermark());
        if replica.log.log_start_offset() == replica.log.log_end_offset() {
            return "its log is empty".into();
        }
        if replica.log.segments().len() == 1 {
            return format!(
                "its only segment is the active one, which never is; 'roll {partition}' closes it"
            );
        }
        if cleanable.first_dirty_offset >= active.base_offset {
            return format!(
                "the active segment never is, and what lies before it, up to offset {}, is clean; \
                 'roll {partition}' closes the active one",
                active.base_offset.0 - 1
            );
        }
        if high < active.base_offset {
            return format!("the high watermark, {high}, has not passed the first dirty segment");
        }
        let (lag_ms, from) =
            (replica.log.config().min_compaction_lag_ms, cleanable.first_uncleanable_offset);
        format!("the records from offset {from} on are younger than min.compaction.lag.ms {lag_ms}")
    }

    /// A refusal if the process that has the file open runs: it would not notice what was done behind its back.
    fn in_use(&self, file: &str) -> Option<Refusal> {
        let owner = file.split('/').next()?.rsplit('-').next()?.parse().ok().map(NodeId)?;
        matches!(self.state(owner), NodeState::Alive | NodeState::Paused).then(|| {
            let kind = if owner.is_broker() { "broker" } else { "controller" };
            Refusal::new(format!("{kind} {owner} has {file} open: '{kind} kill {owner}' first"))
        })
    }

    /// How long a file is once its last write is torn: half of its last batch is left, or `bytes` are missing.
    fn tear_at(&self, disk: &mut Disk, file: &str, bytes: Option<u64>) -> Result<u64, String> {
        let id = disk.open(file).map_err(|error| error.to_string())?;
        let size = disk.size(id);
        if bytes == Some(0) {
            return Err("bytes=0 would tear nothing: say how many are missing, at least 1".into());
        }
        if let Some(bytes) = bytes {
            return size
                .checked_sub(bytes)
                .ok_or(format!("{file} has only {}", crate::types::counted(size, "byte")));
        }
        let (mut at, mut last) = (0u64, 0u64);
        while at < size {
            let step = disk.with_bytes(id, at, 61, batch::batch_size).map_err(|e| e.to_string())?;
            let Ok(step) = step else { break };
            if at + step as u64 > size {
                break;
            }
            (last, at) = (at, at + step as u64);
        }
        match at {
            0 => Err(format!("{file} holds no whole batch: say how much with bytes=N")),
            _ => Ok(last + (size - last) / 2),
        }
    }

    fn struck(
        &mut self,
        done: crate::disk::Result<()>,
        file: &str,
        stage: &mut Stage<'_>,
        fault: impl FnOnce(String) -> Fault,
    ) -> Result<(), Refusal> {
        done.map_err(|error| Refusal::new(error.to_string()))?;
        self.strike(fault(file.to_owned()), stage);
        Ok(())
    }

    /// When idle time has to end, so that a running broker's upkeep finds what there is to do.
    pub(crate) fn next_upkeep(&self, disk: &Disk) -> Option<crate::clock::Instant> {
        let running = self.brokers.values().filter(|node| node.state == NodeState::Alive);
        let brokers = running.filter_map(|node| node.broker.as_ref());
        let times = brokers.filter_map(|broker| {
            let at = broker.next_upkeep(self.now, disk)?;
            Some(crate::clock::Instant(at.0.saturating_sub(broker.upkeep_margin().0)))
        });
        times.min()
    }

    /// Up to where a replica of this partition was compacted: below it copies may differ, and offsets are missing.
    pub(crate) fn compacted_up_to(
        brokers: &std::collections::BTreeMap<NodeId, super::world::BrokerNode>,
        partition: &TopicPartition,
    ) -> Offset {
        let brokers = brokers.values().filter_map(|node| node.broker.as_ref());
        brokers.filter_map(|broker| broker.cleaned_up_to(partition)).max().unwrap_or(Offset::ZERO)
    }
}
