//! Leaders, their epochs and their high watermarks: judged from events alone.

use super::super::event::Stamped;
use super::due::Task;
use super::{Brokers, Invariants, copy};
use crate::storage::Log;
use crate::types::{LeaderEpoch, NodeId, Offset, TopicPartition};

/// Why a promise breaks under the safest settings, before KIP-101.
pub(super) fn old_truncation(log: &Log) -> &'static str {
    match log.config().era.message_format < 2 {
        true => " (in this version a new follower cuts its log at its own high watermark: KIP-101)",
        false => "",
    }
}

impl Invariants {
    /// A controller was elected: nobody else was in this epoch.
    pub(super) fn quorum_leader(&mut self, event: &Stamped, epoch: i32) {
        const EPOCHS_KEPT: usize = 100;
        let other = self.quorum_leaders.insert(epoch, event.node);
        if let Some(other) = other.filter(|&other| other != event.node) {
            let node = event.node;
            let sentence = format!(
                "controller {node} leads the quorum in epoch {epoch} since step {}, and so did controller {other}",
                event.step
            );
            self.broken("one-quorum-leader-per-epoch", (event.id, event.step), sentence);
        }
        if self.quorum_leaders.len() > EPOCHS_KEPT {
            self.quorum_leaders.pop_first();
        }
    }

    /// A broker acts on a leader epoch. The epoch that a broker acts on never goes back while its process lives; which
    /// of two brokers hears first of two epochs is another matter.
    pub(super) fn new_epoch(
        &mut self,
        event: &Stamped,
        partition: &TopicPartition,
        epoch: LeaderEpoch,
    ) {
        let node = event.node;
        let seat = self.ledger_mut(partition).seat_mut(node);
        let known = seat.epoch;
        seat.epoch = epoch.max(known);
        if epoch < known {
            let sentence = format!(
                "broker {node} went from leader epoch {known} of {partition} back to {epoch} in step {}",
                event.step
            );
            self.broken("epochs-never-go-back", (event.id, event.step), sentence);
        }
    }

    pub(super) fn new_leader(
        &mut self,
        event: &Stamped,
        partition: &TopicPartition,
        epoch: LeaderEpoch,
        start: Offset,
    ) {
        let (node, step) = (event.node, event.step);
        self.new_epoch(event, partition, epoch);
        let ledger = self.ledger_mut(partition);
        let other = ledger.leaders.iter().find(|known| known.0 == epoch && known.1 != node);
        let doubled = other.map(|&(_, other, (_, since))| (other, since));
        let is_newest = ledger.leader().is_none_or(|(known, _)| known <= epoch);
        ledger.lead(epoch, node, (event.id, step));
        ledger.seat_mut(node).high_watermark = Offset::NONE;
        if let Some((other, since)) = doubled {
            let sentence = format!(
                "broker {node} leads {partition} in epoch {epoch} since step {step}, and so does broker {other} since \
                 step {since}"
            );
            self.broken("one-leader-per-epoch", (event.id, step), sentence);
        }
        // Whoever learns late that it led in an epoch long gone takes nothing away from anybody.
        if is_newest {
            self.due.push(Task::led(event, partition, epoch, start));
        }
    }

    pub(super) fn high_watermark(
        &mut self,
        event: &Stamped,
        partition: &TopicPartition,
        to: Offset,
        brokers: &Brokers,
    ) {
        let (node, at) = (event.node, (event.id, event.step));
        let seat = self.ledger_mut(partition).seat_mut(node);
        let before = seat.high_watermark;
        seat.high_watermark = to.max(before);
        if to < before {
            let sentence = format!(
                "the high watermark of {partition} at its leader, broker {node}, went from {before} back to {to} in \
                 step {}",
                event.step
            );
            self.broken("high-watermark-never-goes-back", at, sentence);
        }
        let Some(replica) = copy(brokers, node, partition) else { return };
        let Some(leader) = replica.as_leader() else { return };
        let mut behind: Vec<(NodeId, Offset)> = Vec::new();
        // A replica that is being taken away counts no more, though the ISR may still name it for a moment: whoever
        // leads next is one of the assigned (`Partition.maybeIncrementLeaderHW` looks at those alone).
        let counts = |member: &&NodeId| replica.assigned.contains(member);
        for &member in leader.isr.iter().filter(counts) {
            let Some(own) = copy(brokers, member, partition) else { continue };
            let end = own.log.log_end_offset();
            if end >= to {
                continue;
            }
            // A process that came back with less than it had: its leader cannot know before its first fetch.
            let believed = leader.followers.get(&member).map_or(Offset::NONE, |f| f.log_end);
            let came_back = brokers.get(&member).is_some_and(|entry| entry.starts > 1);
            if !(came_back && believed > end) {
                behind.push((member, end));
            }
        }
        let rule = old_truncation(&replica.log);
        for (member, end) in behind {
            let sentence = format!(
                "broker {node} moved the high watermark of {partition} to {to} in step {}, but broker {member}, in the \
                 ISR, ends at {end}{rule}",
                event.step
            );
            self.broken("high-watermark-within-isr", at, sentence);
        }
    }
}
