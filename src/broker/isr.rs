//! Who is in sync: the leader notices, the controller decides (class `Partition`, `AlterPartitionManager`, KIP-497).
//!
//! ```text
//!   follower lags ─▶ proposal ─AlterPartition─▶ controller ─PartitionChangeRecord─▶ metadata log ─▶ all brokers
//!                       │                          │
//!                       └── until answered the leader counts with the maximal ISR (old ∪ new)
//! ```

use super::{Broker, Event, Halt, Out, Purpose};
use crate::clock::{Duration, Instant};
use crate::disk::Disk;
use crate::era::IsrPath;
use crate::protocol::{
    AlterPartition, AlterPartitionRequest, AlterPartitionResponse, ErrorCode, Request, Timer,
};
use crate::replica::{self, Proposal, Role};
use crate::types::{BrokerEpoch, NodeId, TopicPartition};

impl Broker {
    /// Whether the controller would take `node` into an ISR: registered with this epoch, unfenced, not about to stop.
    pub(super) fn may_join_isr(&self, node: NodeId, epoch: BrokerEpoch) -> bool {
        eligible(&self.observer.image, node, epoch)
    }

    /// Every half `replica.lag.time.max.ms` (until 0.9: once in it): does a member of an ISR lag?
    pub(super) fn check_isr(&mut self, now: Instant, out: &mut Out) {
        let limits = self.config.lag_limits();
        let mut shrink = Vec::new();
        for (partition, replica) in &self.replicas {
            if let Role::Leader(leader) = &replica.role {
                let mut events = Vec::new();
                let end = replica.log.log_end_offset();
                let lagging = leader.lagging(partition, end, now, limits, &mut events);
                out.events.extend(events.into_iter().map(Event::Replica));
                if !lagging.is_empty() {
                    let isr: Vec<NodeId> =
                        leader.isr.iter().copied().filter(|node| !lagging.contains(node)).collect();
                    shrink.push((partition.clone(), isr));
                }
            }
        }
        for (partition, isr) in shrink {
            self.propose(now, &partition, isr, out);
        }
        out.set(Timer::IsrCheck, now + self.config.lag_check_interval());
    }

    pub(super) fn propose_expansion(
        &mut self,
        now: Instant,
        partition: &TopicPartition,
        follower: NodeId,
        out: &mut Out,
    ) {
        if let Some(leader) = self.replicas.get(partition).and_then(|r| r.as_leader()) {
            let mut isr = leader.isr.clone();
            isr.push(follower);
            self.propose(now, partition, isr, out);
        }
    }

    fn propose(
        &mut self,
        now: Instant,
        partition: &TopicPartition,
        isr: Vec<NodeId>,
        out: &mut Out,
    ) {
        let Some(replica) = self.replicas.get_mut(partition) else {
            return;
        };
        let Role::Leader(leader) = &mut replica.role else {
            return;
        };
        let by_itself = self.zookeeper.is_some() && self.config.isr_path() == IsrPath::StateNode;
        out.events.push(Event::Replica(replica::Event::IsrProposed {
            partition: partition.clone(),
            from: leader.isr.clone(),
            to: isr.clone(),
            by_itself,
        }));
        leader.proposal = Some(Proposal { isr: isr.clone() });
        if by_itself {
            return self.write_isr(now, partition, &isr, out);
        }
        if !self.alter_queue.contains(partition) {
            self.alter_queue.push(partition.clone());
        }
        self.send_alter_partition(now, out);
    }

    /// Sends what is queued, one request at a time.
    pub(super) fn send_alter_partition(&mut self, now: Instant, out: &mut Out) {
        let under_way =
            self.in_flight.values().any(|f| matches!(f.purpose, Purpose::AlterPartition(_)));
        if under_way || self.alter_queue.is_empty() {
            return;
        }
        let queue = std::mem::take(&mut self.alter_queue);
        let mut partitions = Vec::new();
        for partition in &queue {
            let Some(replica) = self.replicas.get(partition) else {
                continue;
            };
            let Role::Leader(leader) = &replica.role else {
                continue;
            };
            let Some(proposal) = &leader.proposal else {
                continue;
            };
            let mut isr = proposal.isr.clone();
            if self.config.log.era.kafka.starts_with('4') {
                isr.sort(); // since 4 the set is Java's, which gives small numbers in order
            }
            let new_isr = isr.into_iter().map(|node| {
                let epoch = if node == self.id {
                    self.epoch
                } else {
                    let seen =
                        leader.followers.get(&node).map_or(BrokerEpoch(-1), |s| s.broker_epoch);
                    let known = self.observer.image.brokers.get(&node).map(|b| b.epoch);
                    if seen.0 >= 0 { seen } else { known.unwrap_or(seen) }
                };
                (node, epoch)
            });
            partitions.push(AlterPartition {
                partition: partition.clone(),
                leader_epoch: replica.leader_epoch,
                partition_epoch: replica.partition_epoch,
                new_isr: new_isr.collect(),
                recovering: false,
            });
        }
        if partitions.is_empty() {
            return;
        }
        let asked = partitions.iter().map(|p| p.partition.clone()).collect();
        let request = Request::AlterPartition(AlterPartitionRequest {
            broker: self.id,
            broker_epoch: self.epoch,
            partitions,
        });
        let timeout = Duration::from_ms(30_000);
        self.ask(now, self.controller, request, Purpose::AlterPartition(asked), timeout, out);
    }

    pub(super) fn alter_partition_answered(
        &mut self,
        now: Instant,
        asked: &[TopicPartition],
        response: AlterPartitionResponse,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        if !response.error.is_none() {
            for partition in asked {
                if !self.alter_queue.contains(partition) {
                    self.alter_queue.push(partition.clone());
                }
            }
            out.set(Timer::AlterPartitionRetry, now + Duration::from_ms(50));
            return Ok(());
        }
        let mut changed = Vec::new();
        for result in response.partitions {
            let Some(replica) = self.replicas.get_mut(&result.partition) else {
                continue;
            };
            let Role::Leader(leader) = &mut replica.role else {
                continue;
            };
            match result.error {
                ErrorCode::NONE if result.leader_epoch == replica.leader_epoch => {
                    if result.partition_epoch > replica.partition_epoch {
                        let before = std::mem::replace(&mut leader.isr, result.isr.clone());
                        replica.partition_epoch = result.partition_epoch;
                        leader.recovering = result.recovering;
                        out.events.push(Event::Replica(replica::Event::IsrChanged {
                            partition: result.partition.clone(),
                            from: before,
                            to: result.isr,
                        }));
                    }
                    leader.proposal = None;
                    changed.push(result.partition);
                }
                ErrorCode::NONE => {}
                error => {
                    leader.proposal = None;
                    out.events.push(Event::Refused {
                        from: self.id,
                        request: "AlterPartition",
                        partition: Some(result.partition),
                        error,
                    });
                }
            }
        }
        for partition in changed {
            self.advance_high_watermark(now, &partition, disk, out)?;
        }
        self.send_alter_partition(now, out);
        Ok(())
    }

    /// Tries to move the high watermark; whoever waits for it looks again.
    pub(super) fn advance_high_watermark(
        &mut self,
        now: Instant,
        partition: &TopicPartition,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let Some(replica) = self.replicas.get_mut(partition) else {
            return Ok(());
        };
        let end = replica.log.log_end_offset();
        let min_insync = replica.min_insync_replicas();
        let Role::Leader(leader) = &mut replica.role else {
            return Ok(());
        };
        let limits = self.config.lag_limits();
        let image = &self.observer.image;
        let moved = leader.advance_high_watermark(end, min_insync, now, limits, |node, epoch| {
            eligible(image, node, epoch)
        });
        if let Some((from, to)) = moved {
            out.events.push(Event::Replica(replica::Event::HighWatermarkAdvanced {
                partition: partition.clone(),
                from,
                to,
            }));
            self.complete_produces(now, partition, disk, out)?;
            self.complete_fetches(partition, disk, out)?;
        }
        Ok(())
    }
}

fn eligible(image: &crate::coordination::kraft::Image, node: NodeId, epoch: BrokerEpoch) -> bool {
    image.brokers.get(&node).is_some_and(|broker| {
        !broker.fenced
            && !broker.in_controlled_shutdown
            && (epoch.0 < 0 || broker.epoch.0 < 0 || epoch == broker.epoch)
    })
}
