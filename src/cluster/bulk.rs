//! Acts on whole logs that a running cluster would take long for, each one step: `fill`, `start-log`, `roll`,
//! `log flush`. They go around the network on purpose, and the ledger says so.

use super::act::{Act, Refusal};
use super::lab::LabError;
use super::world::{Cluster, NodeState, Stage};
use crate::batch::{BatchBuilder, NewRecord};
use crate::broker;
use crate::clock::Duration;
use crate::disk::Disk;
use crate::storage::{Event, RollReason, StorageError};
use crate::types::{NodeId, Offset, Timestamp, TopicPartition};

/// Size of the batches that `fill` writes: a producer's default `batch.size`.
const FILL_BATCH_BYTES: usize = 16_384;

/// Records of a `fill` that lie so far apart are batches of their own.
const FILL_APART_MS: u64 = 1_000;

/// Most records in one `fill`.
pub const MOST_FILL: u64 = 10_000_000;

/// Most bytes of values in one `fill`: it is one step, which nobody can interrupt.
pub const MOST_FILL_BYTES: u64 = 1 << 30;

/// Highest offset at which a log may be begun: whatever is appended later stays far from the end of 64 bits.
pub const HIGHEST_START: Offset = Offset(1 << 62);

impl Cluster {
    pub(super) fn bulk(
        &mut self,
        act: &Act,
        disk: &mut Disk,
        stage: &mut Stage<'_>,
    ) -> Result<Result<(), Refusal>, LabError> {
        match act {
            Act::Fill { partition, count, size, over, timestamp } => {
                self.invariants.forget(partition);
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
                let bytes = count.saturating_mul(*size as u64);
                if bytes > MOST_FILL_BYTES {
                    return Ok(Err(Refusal::new(format!(
                        "count={count} of size={size} are {bytes} bytes: one fill writes at most {MOST_FILL_BYTES}; \
                         take fewer or smaller records, or fill several times"
                    ))));
                }
                let end = self.now.timestamp();
                let first = timestamp.unwrap_or(Timestamp(end.0 - over.as_ms() as i64));
                let fill = Fill { count: *count, size: *size, first, over: *over };
                let filled = self.with_broker(leader, stage, |broker, now, out| {
                    broker.fill(now, partition, disk, out, &fill)
                });
                Ok(self.refused(filled, leader))
            }
            Act::StartLog { partition, at } => {
                self.invariants.forget(partition);
                if !(Offset::ZERO..=HIGHEST_START).contains(at) {
                    return Ok(Err(Refusal::new(format!(
                        "at={at} is out of range: a log may begin at 0 to {HIGHEST_START}"
                    ))));
                }
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
                let now = self.now;
                self.on_all_copies(partition, disk, stage, |replica, disk, events| {
                    replica.log.flush(disk, now, events)
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
            &mut Vec<Event>,
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
            return Ok(Err(Refusal::new(self.no_partition(partition))));
        }
        for id in ids {
            let done = self.with_broker(id, stage, |broker, now, out| {
                let mut events = Vec::new();
                if let Some(replica) = broker.replicas.get_mut(partition) {
                    match each(replica, disk, &mut events) {
                        Err(error) if error.refusal().is_some() => return Ok(Err(error)),
                        done => done?,
                    }
                    replica.restart_marks();
                    replica.log.date_deleted(now);
                }
                out.events.extend(events.into_iter().map(broker::Event::Storage));
                broker.look_again(now, partition, disk, out).map(Ok)
            });
            if let Err(refusal) = self.refused(done, id) {
                return Ok(Err(refusal));
            }
        }
        Ok(Ok(()))
    }

    /// What came of an act on a broker's log: its refusal with Kafka's code, or the reason for which the broker ended.
    fn refused(
        &self,
        done: Option<Result<(), StorageError>>,
        broker: NodeId,
    ) -> Result<(), Refusal> {
        match done {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(Refusal { error: error.refusal(), text: error.to_string() }),
            None => Err(Refusal::new(format!(
                "broker {broker} could not do it and exited; 'show why' tells the reason"
            ))),
        }
    }
}

/// What `fill` writes.
pub(crate) struct Fill {
    count: u64,
    size: usize,
    first: Timestamp,
    over: Duration,
}

impl Fill {
    /// The batch that begins with record number `from`, with `most` records at most: how many it has, and its bytes.
    fn batch(&self, from: u64, most: u64, value: &mut [u8]) -> (u64, Vec<u8>) {
        let mut builder = BatchBuilder::new(Offset::ZERO);
        // Records far apart in time never met in a producer's batch.
        let apart_ms = self.over.as_ms() / self.count.max(1);
        let most = if apart_ms >= FILL_APART_MS { most.min(1) } else { most };
        let mut count = 0;
        while count < most && builder.size_bytes() < FILL_BATCH_BYTES {
            let number = from + count;
            let step = self.over.as_ms() as i128 * i128::from(number) / i128::from(self.count);
            stamp_value(value, number);
            builder.push(&NewRecord {
                timestamp: Timestamp(self.first.0.saturating_add(step as i64)),
                key: None,
                value: Some(value.to_vec()),
                headers: Vec::new(),
            });
            count += 1;
        }
        (count, builder.build())
    }
}

impl broker::Broker {
    /// Writes many small records straight into the leader's log, in batches as a producer would make them; in smaller
    /// ones where the topic allows no such batches. Inside: what Kafka refuses; what was written before it stays.
    pub(crate) fn fill(
        &mut self,
        now: crate::clock::Instant,
        partition: &TopicPartition,
        disk: &mut Disk,
        out: &mut broker::Out,
        fill: &Fill,
    ) -> Result<Result<(), StorageError>, StorageError> {
        let Some(replica) = self.replicas.get_mut(partition) else {
            return Ok(Ok(()));
        };
        let mut rolled = Vec::new();
        let mut value = vec![b'x'; fill.size];
        let (mut written, mut most_records) = (0u64, u64::MAX);
        let (mut first_offset, mut last_offset) = (Offset::NONE, Offset::NONE);
        let mut filled = Ok(());
        while written < fill.count {
            let most = most_records.min(fill.count - written);
            let (count, mut bytes) = fill.batch(written, most, &mut value);
            let mut events = Vec::new();
            let epoch = replica.leader_epoch;
            match replica.log.append_as_leader(disk, &mut bytes, epoch, now, &mut events) {
                Ok(appended) => {
                    if first_offset == Offset::NONE {
                        first_offset = appended.first_offset;
                    }
                    last_offset = appended.last_offset;
                    written += count;
                    let is_roll = |event: &Event| matches!(event, Event::Rolled { .. });
                    rolled.extend(events.into_iter().filter(is_roll));
                }
                Err(error) if error.refusal().is_none() => return Err(error),
                Err(error) if count > 1 && error.is_too_large() => most_records = count / 2,
                Err(error) => {
                    filled = Err(error);
                    break;
                }
            }
        }
        out.events.extend(rolled.into_iter().map(broker::Event::Storage));
        if written > 0 {
            out.events.push(broker::Event::Filled {
                partition: partition.clone(),
                first: first_offset,
                last: last_offset,
            });
            self.look_again(now, partition, disk, out)?;
        }
        Ok(filled)
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

#[cfg(test)]
mod tests {
    use super::super::tests::{partition, with_topic};
    use super::*;
    use crate::cluster::Lab;
    use crate::protocol::{ErrorCode, IncrementalAlterConfigsRequest, Request};

    fn fill(lab: &mut Lab, count: u64, size: usize) -> Result<(), Refusal> {
        let partition = partition();
        let act = Act::Fill { partition, count, size, over: Duration::ZERO, timestamp: None };
        lab.act(act, "fill").unwrap().map(|_| ())
    }

    fn set(lab: &mut Lab, name: &str, value: &str) {
        let request = IncrementalAlterConfigsRequest {
            topic: Some(partition().topic),
            broker: None,
            configs: vec![(name.into(), Some(value.into()))],
        };
        super::super::tests::act(lab, Act::Admin(Request::IncrementalAlterConfigs(request)));
        super::super::tests::run_for(lab, 1_000);
    }

    fn end(lab: &Lab) -> Offset {
        lab.cluster().broker(NodeId(1)).unwrap().replicas[&partition()].log_end_offset()
    }

    #[test]
    fn one_fill_is_bounded_in_bytes() {
        let mut lab = with_topic(1);
        let refusal = fill(&mut lab, 1_000_000, 524_288).unwrap_err();
        assert!(refusal.text.contains("at most 1073741824"), "{refusal}");
        assert_eq!(end(&lab), Offset(0));
    }

    #[test]
    fn small_segments_get_small_batches_and_too_small_ones_are_refused() {
        let mut lab = with_topic(1);
        set(&mut lab, "segment.bytes", "1000");
        fill(&mut lab, 100, 100).unwrap();
        assert_eq!(end(&lab), Offset(100));
        set(&mut lab, "segment.bytes", "14");
        let refusal = fill(&mut lab, 2_000, 100).unwrap_err();
        assert_eq!(refusal.error, Some(ErrorCode::RECORD_LIST_TOO_LARGE));
        assert_eq!(end(&lab), Offset(100));
        assert_eq!(lab.cluster().state(NodeId(1)), NodeState::Alive);
    }

    #[test]
    fn a_log_begins_far_from_the_end_of_all_offsets() {
        let mut lab = with_topic(1);
        let start = |at| Act::StartLog { partition: partition(), at: Offset(at) };
        let refusal = lab.act(start(i64::MAX), "start-log").unwrap().unwrap_err();
        assert!(refusal.text.contains("out of range"), "{refusal}");
        lab.act(start(1 << 62), "start-log").unwrap().unwrap();
        fill(&mut lab, 10, 10).unwrap();
        assert_eq!(end(&lab), HIGHEST_START + 10);
    }
}
