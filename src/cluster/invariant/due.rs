//! What is compared when a step is over, with the disk at hand: what was committed, what was promised, what is left.
//!
//! ```text
//!   leader commits 5…9      its batches 5…9 go into the ledger; another batch there before: logs-agree is broken
//!   follower learns 5…9     its batches 5…9 must be those of the ledger
//!   a producer is told 5…9  remembered, with the batch as it lies on the disk of the broker that said so
//!   a broker leads          every batch told or committed must be on its disk
//! ```

use super::super::event::Stamped;
use super::super::world::NodeState;
use super::leaders::old_truncation;
use super::ledger::{Entry, Told, walk};
use super::{Brokers, Invariants, copy};
use crate::disk::Disk;
use crate::storage::Log;
use crate::types::{LeaderEpoch, NodeId, Offset, TopicPartition, counted};
use std::sync::Arc;

/// A comparison to be made.
#[derive(Clone, Debug)]
pub(super) struct Task {
    at: (u64, u64),
    node: NodeId,
    partition: TopicPartition,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Committed { from: Offset, to: Offset },
    Learned { from: Offset, to: Offset },
    Told { base: Offset, count: u32, acks: i16, by: NodeId, producer: Arc<str> },
    Led { epoch: LeaderEpoch, start: Offset },
    Cut { to: Offset },
}

impl Task {
    fn new(event: &Stamped, partition: &TopicPartition, what: What) -> Task {
        let at = (event.id, event.step);
        Task { at, node: event.node, partition: partition.clone(), what }
    }
    pub fn committed(e: &Stamped, partition: &TopicPartition, from: Offset, to: Offset) -> Task {
        Task::new(e, partition, What::Committed { from, to })
    }
    pub fn learned(e: &Stamped, partition: &TopicPartition, from: Offset, to: Offset) -> Task {
        Task::new(e, partition, What::Learned { from, to })
    }
    pub fn told(
        event: &Stamped,
        partition: &TopicPartition,
        base: Offset,
        count: u32,
        acks: i16,
        by: NodeId,
        producer: &str,
    ) -> Task {
        let producer = Arc::from(producer);
        Task::new(event, partition, What::Told { base, count, acks, by, producer })
    }
    pub fn led(e: &Stamped, p: &TopicPartition, epoch: LeaderEpoch, start: Offset) -> Task {
        Task::new(e, p, What::Led { epoch, start })
    }
    pub fn cut(e: &Stamped, partition: &TopicPartition, to: Offset) -> Task {
        Task::new(e, partition, What::Cut { to })
    }
}

/// Whether the cleaner may have rewritten batches: then their checksums say nothing.
fn is_compacted(log: &Log) -> bool {
    log.config().cleanup_policy.compact
}

/// Whether a version cuts at the high watermark, and so cuts committed records by rule (before KIP-101).
fn cuts_by_rule(log: &Log) -> bool {
    log.config().era.message_format < 2
}

impl Invariants {
    /// Makes the comparisons that the step's events asked for.
    pub(crate) fn check(&mut self, brokers: &Brokers, disk: &Disk) {
        for task in std::mem::take(&mut self.due) {
            let (node, partition) = (task.node, &task.partition);
            let Some(replica) = copy(brokers, node, partition) else {
                if let What::Told { .. } = task.what {
                    self.told(&task, brokers, disk);
                }
                continue;
            };
            let log = &replica.log;
            match task.what {
                What::Committed { from, to } => self.committed(&task, log, disk, from, to),
                What::Learned { from, to } => self.learned(&task, log, disk, from, to),
                What::Told { .. } => self.told(&task, brokers, disk),
                What::Led { epoch, start } => self.led(&task, log, disk, epoch, start),
                What::Cut { to } => self.cut(&task, brokers, log, to),
            }
        }
    }

    fn committed(&mut self, task: &Task, log: &Log, disk: &Disk, from: Offset, to: Offset) {
        if is_compacted(log) {
            return;
        }
        let (node, partition) = (task.node, &task.partition);
        let ledger = self.ledger_mut(partition);
        let oldest = ledger.committed.front().map_or(from, |entry| entry.base);
        let mut wrong = None;
        for entry in ledger.batches(node, log, disk, from.max(oldest.min(to)), to) {
            match ledger.find(entry.base) {
                Some(known) if *known == entry => {}
                Some(known) => {
                    wrong = wrong.or(Some((*known, entry)));
                    ledger.commit(entry);
                }
                None if entry.base >= ledger.end() => ledger.commit(entry),
                None => {}
            }
        }
        if let Some((known, entry)) = wrong {
            let sentence = format!(
                "offset {} of {partition} is committed twice with different records: one of leader epoch {}, and in \
                 step {} another of epoch {} at broker {node}{}",
                entry.base,
                known.epoch,
                task.at.1,
                entry.epoch,
                old_truncation(log)
            );
            self.broken("logs-agree", task.at, sentence);
        }
    }

    fn learned(&mut self, task: &Task, log: &Log, disk: &Disk, from: Offset, to: Offset) {
        if is_compacted(log) {
            return;
        }
        let (node, partition) = (task.node, &task.partition);
        let ledger = self.ledger_mut(partition);
        let oldest = ledger.committed.front().map_or(from, |entry| entry.base);
        let unchecked = std::mem::take(&mut ledger.seat_mut(node).is_unchecked);
        let from = if unchecked { oldest } else { from.max(oldest) };
        let wrong = ledger.batches(node, log, disk, from, to).into_iter().find_map(|entry| {
            ledger.find(entry.base).filter(|known| **known != entry).map(|known| (*known, entry))
        });
        if let Some((known, entry)) = wrong {
            let sentence = format!(
                "broker {node} holds another record at offset {} of {partition}, below the high watermark {to}, in \
                 step {}: its own is of leader epoch {}, the committed one of epoch {}{}",
                entry.base,
                task.at.1,
                entry.epoch,
                known.epoch,
                old_truncation(log)
            );
            self.broken("logs-agree", task.at, sentence);
        }
    }

    fn told(&mut self, task: &Task, brokers: &Brokers, disk: &Disk) {
        let What::Told { base, count, acks, by, producer } = &task.what else { return };
        let partition = &task.partition;
        let end = *base + i64::from(*count);
        let mut found = Vec::new();
        if let Some(replica) = copy(brokers, *by, partition) {
            walk(&replica.log, disk, None, *base, end, &mut found);
        }
        let entry = found.first().copied();
        let told = Told {
            base: *base,
            end,
            entry,
            acks: *acks,
            producer: producer.clone(),
            step: task.at.1,
        };
        let ledger = self.ledger_mut(partition);
        let leader = ledger.leader().filter(|(_, leader)| leader != by);
        ledger.tell(told.clone());
        // The answer may have been under way while another took the lead.
        let Some((epoch, leader)) = leader else { return };
        let runs = brokers.get(&leader).is_some_and(|entry| entry.state == NodeState::Alive);
        let Some(replica) = copy(brokers, leader, partition).filter(|_| runs) else { return };
        let newer = copy(brokers, *by, partition).is_none_or(|own| own.leader_epoch < epoch);
        if newer || entry.is_some_and(|entry| entry.epoch < epoch) {
            let task = Task { node: leader, ..task.clone() };
            self.judge(&task, &replica.log, disk, epoch, replica.log.log_end_offset());
        }
    }

    fn led(&mut self, task: &Task, log: &Log, disk: &Disk, epoch: LeaderEpoch, start: Offset) {
        self.judge(task, log, disk, epoch, start);
        let fresh = self.readers.beyond(&task.partition, log.log_end_offset());
        for (group, offset) in fresh {
            let sentence = format!(
                "group {group} has committed offset {offset} of {}, but the log of the new leader, broker {}, ends at \
                 {} in step {}",
                task.partition,
                task.node,
                log.log_end_offset(),
                task.at.1
            );
            self.broken("committed-offset-within-log", task.at, sentence);
        }
    }

    /// Everything that was told or committed must be on the leader's disk.
    fn judge(&mut self, task: &Task, log: &Log, disk: &Disk, epoch: LeaderEpoch, start: Offset) {
        let (node, partition) = (task.node, &task.partition);
        let Some(ledger) = self.ledger(partition) else { return };
        let first_told = ledger.told.iter().map(|told| told.base).min();
        let first = ledger.committed.front().map(|entry| entry.base);
        let Some(from) = [first_told, first].into_iter().flatten().min() else { return };
        let (log_start, log_end) = (log.log_start_offset(), log.log_end_offset());
        let compacted = is_compacted(log);
        let mut there: Vec<Entry> = Vec::new();
        if !compacted {
            walk(log, disk, None, from, log_end, &mut there);
        }
        let holds = |entry: &Entry| {
            entry.next <= log_start
                || (compacted && entry.next <= log_end)
                || there
                    .binary_search_by_key(&entry.base, |own| own.base)
                    .is_ok_and(|at| there[at].crc == entry.crc && there[at].epoch == entry.epoch)
        };
        let is_lost = |told: &Told| match &told.entry {
            Some(entry) => !holds(entry),
            None => told.end > log_end,
        };
        let lost: Vec<Told> = ledger.told.iter().filter(|told| is_lost(told)).cloned().collect();
        let cut = ledger.committed.iter().find(|entry| !holds(entry)).copied();
        if lost.is_empty() && cut.is_none() {
            return;
        }
        let (led, step) = ledger.leads_since(epoch, node).unwrap_or(task.at);
        let why = if led == task.at.0 { String::new() } else { format!(" ('show why {led}')") };
        let here = format!("broker {node} leads in epoch {epoch} since step {step}{why}");
        if let Some(first) = lost.first() {
            let promise = match first.acks {
                1 => "acks=1 (which promises no more than the leader's own log)",
                _ => "acks=all",
            };
            let what = match first.end.0 - first.base.0 {
                1 => format!("offset {}", first.base),
                _ => format!("offsets {} to {}", first.base, first.end.0 - 1),
            };
            let more = match lost.len() {
                1 => String::new(),
                n => format!(" (and {})", counted(n - 1, "more batch")),
            };
            let instead = match first.base < log_end {
                true => "has other records there".to_owned(),
                false => format!("its log ends at {start}"),
            };
            let sentence = format!(
                "{what} of {partition}{more}, acknowledged to {} with {promise} in step {}, gone: {here} and \
                 {instead}{}",
                first.producer,
                first.step,
                old_truncation(log)
            );
            self.broken("no-lost-write", task.at, sentence);
        } else if let Some(entry) = cut {
            let sentence = format!(
                "offset {} of {partition}, of leader epoch {}, was committed and is gone: {here}, and its log ends at \
                 {start}{}",
                entry.base,
                entry.epoch,
                old_truncation(log)
            );
            self.broken("no-committed-record-cut", task.at, sentence);
        }
        let ledger = self.ledger_mut(partition);
        ledger.told.retain(|told| !lost.iter().any(|gone| gone.base == told.base));
        if let Some(cut) = cut {
            ledger.committed.retain(|entry| entry.base < cut.base);
        }
    }

    /// A replica cut its log: what is committed must still be at the leader, and the cut must be by rule.
    fn cut(&mut self, task: &Task, brokers: &Brokers, log: &Log, to: Offset) {
        let (node, partition) = (task.node, &task.partition);
        let Some(ledger) = self.ledger(partition) else { return };
        let end = ledger.end();
        if to >= end || cuts_by_rule(log) {
            return;
        }
        let leader = ledger.leader().and_then(|(_, leader)| copy(brokers, leader, partition));
        if leader.is_some_and(|leader| leader.log.log_end_offset() <= to) {
            let sentence = format!(
                "broker {node} cut {partition} to {to} in step {}, although everything below {end} was committed, and \
                 the leader does not have it either",
                task.at.1
            );
            self.broken("no-committed-record-cut", task.at, sentence);
        }
    }
}
