//! Acts on whole logs that a running cluster would take long for, each one step: `fill`, `start-log`, `roll`,
//! `log flush`. They go around the network on purpose, and the ledger says so.

use super::act::{Act, Refusal};
use super::lab::LabError;
use super::world::{Cluster, NodeState, Stage};
use crate::batch::{BatchBuilder, NewRecord};
use crate::broker;
use crate::clock::Duration;
use crate::disk::Disk;
use crate::storage::{RollReason, StorageError};
use crate::types::{NodeId, Offset, Timestamp, TopicPartition};

/// Size of the batches that `fill` writes: a producer's default `batch.size`.
const FILL_BATCH_BYTES: usize = 16_384;

/// Most records in one `fill`.
pub const MOST_FILL: u64 = 10_000_000;

impl Cluster {
    pub(super) fn bulk(
        &mut self,
        act: &Act,
        disk: &mut Disk,
        stage: &mut Stage<'_>,
    ) -> Result<Result<(), Refusal>, LabError> {
        match act {
            Act::Fill { partition, count, size, over, timestamp } => {
                let leader = match self.holder(partition, None) {
                    Ok(leader) => leader,
                    Err(refusal) => return Ok(Err(refusal)),
                };
                if self.state(leader) != NodeState::Alive {
                    let text = format!("the leader of {partition}, broker {leader}, does not run");
                    return Ok(Err(Refusal::new(text)));
                }
                if *count == 0 || *count > MOST_FILL {
                    return Ok(Err(Refusal::new(format!(
                        "count={count} is out of range: take 1 to {MOST_FILL}"
                    ))));
                }
                if *size > 512 * 1024 {
                    return Ok(Err(Refusal::new(format!(
                        "size={size} is out of range: take at most 524288 bytes for each value"
                    ))));
                }
                let end = self.now.timestamp();
                let first = timestamp.unwrap_or(Timestamp(end.0 - over.as_ms() as i64));
                let fill = Fill { count: *count, size: *size, first, over: *over };
                self.with_broker(leader, stage, |broker, now, out| {
                    broker.fill(now, partition, disk, out, &fill)
                });
                Ok(Ok(()))
            }
            Act::StartLog { partition, at } => {
                self.on_all_copies(partition, disk, stage, |replica, disk, events| {
                    replica.log.truncate_fully_and_start_at(disk, *at, events)
                })
            }
            Act::Roll(partition) => {
                let now = self.now;
                self.on_all_copies(partition, disk, stage, |replica, disk, events| {
                    replica.log.roll(disk, now, RollReason::Requested, events)
                })
            }
            Act::Flush(partition) => {
                self.on_all_copies(partition, disk, stage, |replica, disk, events| {
                    replica.log.flush(disk, events)
                })
            }
            _ => Ok(Ok(())),
        }
    }

    fn on_all_copies(
        &mut self,
        partition: &TopicPartition,
        disk: &mut Disk,
        stage: &mut Stage<'_>,
        each: impl Fn(
            &mut crate::replica::Replica,
            &mut Disk,
            &mut Vec<crate::storage::Event>,
        ) -> Result<(), StorageError>,
    ) -> Result<Result<(), Refusal>, LabError> {
        let ids: Vec<NodeId> = self
            .brokers
            .iter()
            .filter(|(_, node)| node.state == NodeState::Alive)
            .filter(|(_, node)| {
                node.broker.as_ref().is_some_and(|b| b.replicas.contains_key(partition))
            })
            .map(|(&id, _)| id)
            .collect();
        if ids.is_empty() {
            return Ok(Err(Refusal::new(format!("no running broker has a copy of {partition}"))));
        }
        for id in ids {
            self.with_broker(id, stage, |broker, now, out| {
                let mut events = Vec::new();
                if let Some(replica) = broker.replicas.get_mut(partition) {
                    each(replica, disk, &mut events)?;
                    replica.restart_marks();
                }
                out.events.extend(events.into_iter().map(broker::Event::Storage));
                broker.look_again(now, partition, disk, out)
            });
        }
        Ok(Ok(()))
    }
}

/// What `fill` writes.
pub(crate) struct Fill {
    count: u64,
    size: usize,
    first: Timestamp,
    over: Duration,
}

impl broker::Broker {
    /// Writes many small records straight into the leader's log, in batches as a producer would make them.
    pub(crate) fn fill(
        &mut self,
        now: crate::clock::Instant,
        partition: &TopicPartition,
        disk: &mut Disk,
        out: &mut broker::Out,
        fill: &Fill,
    ) -> Result<(), StorageError> {
        let Some(replica) = self.replicas.get_mut(partition) else {
            return Ok(());
        };
        let mut events = Vec::new();
        let mut value = vec![b'x'; fill.size];
        let mut written = 0u64;
        let (mut first_offset, mut last_offset) = (Offset::NONE, Offset::NONE);
        while written < fill.count {
            let mut builder = BatchBuilder::new(Offset::ZERO);
            while written < fill.count && builder.size_bytes() < FILL_BATCH_BYTES {
                let step = fill.over.as_ms() as i128 * i128::from(written) / i128::from(fill.count);
                stamp_value(&mut value, written);
                builder.push(&NewRecord {
                    timestamp: Timestamp(fill.first.0 + step as i64),
                    key: None,
                    value: Some(value.clone()),
                    headers: Vec::new(),
                });
                written += 1;
            }
            let mut bytes = builder.build();
            let mut batch_events = Vec::new();
            let epoch = replica.leader_epoch;
            let appended =
                replica.log.append_as_leader(disk, &mut bytes, epoch, now, &mut batch_events)?;
            if first_offset == Offset::NONE {
                first_offset = appended.first_offset;
            }
            last_offset = appended.last_offset;
            events.extend(
                batch_events
                    .into_iter()
                    .filter(|event| matches!(event, crate::storage::Event::Rolled { .. })),
            );
        }
        out.events.extend(events.into_iter().map(broker::Event::Storage));
        out.events.push(broker::Event::Filled {
            partition: partition.clone(),
            first: first_offset,
            last: last_offset,
        });
        self.look_again(now, partition, disk, out)
    }

    /// After an act around the network: marks and waiting requests look again.
    pub(crate) fn look_again(
        &mut self,
        now: crate::clock::Instant,
        partition: &TopicPartition,
        disk: &mut Disk,
        out: &mut broker::Out,
    ) -> Result<(), StorageError> {
        self.appended(now, partition, disk, out)
    }
}

/// Writes the record's number into its value, as far as it fits, so that records differ.
fn stamp_value(value: &mut [u8], number: u64) {
    let digits = number.to_string();
    let width = digits.len().min(value.len());
    value[..width].copy_from_slice(&digits.as_bytes()[digits.len() - width..]);
}
