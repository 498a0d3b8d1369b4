//! What is known of one partition: the batches that were committed, what producers were told, and who led when.
//!
//! ```text
//!   committed   [0 … 4 crc a] [5 … 9 crc b] [10 … 10 crc c]        the newest 256
//!   told        p1: 5 … 9 crc b, acks=all, step 812                 the newest 512
//!   seats       broker 1: leader epoch 3, high watermark 11; broker 2: …
//! ```
//!
//! A batch is known by its place, its leader epoch and its checksum, as read from the disk of the broker in question;
//! so "the same record" means the same bytes.

use crate::batch::{HEADER_SIZE_BYTES, Header};
use crate::disk::{Disk, FileId};
use crate::storage::{Log, LookupStep};
use crate::types::{LeaderEpoch, NodeId, Offset};
use std::collections::VecDeque;
use std::sync::Arc;

/// Most committed batches that are remembered of a partition.
const MOST_COMMITTED: usize = 256;
/// Most acknowledgements that are remembered of a partition.
const MOST_TOLD: usize = 512;
/// Most leaders that are remembered of a partition.
const MOST_LEADERS: usize = 8;

/// A batch on a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Base offset as its header says.
    pub base: Offset,
    /// The offset behind it.
    pub next: Offset,
    /// The reign in which it was written; -1 in the old formats.
    pub epoch: LeaderEpoch,
    /// Its checksum.
    pub crc: u32,
}

/// What a producer was told.
#[derive(Clone, Debug)]
pub(super) struct Told {
    /// First offset.
    pub base: Offset,
    /// The offset behind the last one.
    pub end: Offset,
    /// The batch on the disk of the broker that said so; nothing: it was gone already.
    pub entry: Option<Entry>,
    /// 1 or -1.
    pub acks: i16,
    /// Who was told.
    pub producer: Arc<str>,
    /// When.
    pub step: u64,
}

/// What is known of one broker's copy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seat {
    pub node: NodeId,
    /// The newest leader epoch that it acted on since its process began.
    pub epoch: LeaderEpoch,
    /// Its high watermark, while it leads.
    pub high_watermark: Offset,
    /// It follows anew: all that it holds is to be compared once it has copied something.
    pub is_unchecked: bool,
    /// Where the next batch to be compared begins: offset, file, position.
    cursor: (Offset, FileId, u64),
}

/// What is known of one partition.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    pub committed: VecDeque<Entry>,
    pub told: VecDeque<Told>,
    /// Leaders by epoch, oldest first.
    pub leaders: Vec<(LeaderEpoch, NodeId, (u64, u64))>,
    seats: Vec<Seat>,
}

impl Ledger {
    pub fn seat(&self, node: NodeId) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.node == node)
    }

    pub fn seat_mut(&mut self, node: NodeId) -> &mut Seat {
        let at = self.seats.iter().position(|seat| seat.node == node).unwrap_or_else(|| {
            self.seats.push(Seat {
                node,
                epoch: LeaderEpoch::NONE,
                high_watermark: Offset::NONE,
                is_unchecked: false,
                cursor: (Offset::NONE, FileId(0), 0),
            });
            self.seats.len() - 1
        });
        &mut self.seats[at]
    }

    /// A process began: what its predecessor believed does not bind it.
    pub fn restarted(&mut self, node: NodeId) {
        let seat = self.seat_mut(node);
        (seat.epoch, seat.high_watermark) = (LeaderEpoch::NONE, Offset::NONE);
        seat.cursor.0 = Offset::NONE;
    }

    pub fn forget_records(&mut self) {
        self.committed.clear();
        self.told.clear();
        self.seats.clear();
    }

    /// The newest leader and its epoch.
    pub fn leader(&self) -> Option<(LeaderEpoch, NodeId)> {
        self.leaders.last().map(|&(epoch, node, _)| (epoch, node))
    }

    /// Since when, by event and step, this broker leads in this epoch.
    pub fn leads_since(&self, epoch: LeaderEpoch, node: NodeId) -> Option<(u64, u64)> {
        self.leaders.iter().find(|known| known.0 == epoch && known.1 == node).map(|known| known.2)
    }

    /// A broker leads since this event, in this step.
    pub fn lead(&mut self, epoch: LeaderEpoch, node: NodeId, since: (u64, u64)) {
        let at = self.leaders.partition_point(|&(known, ..)| known <= epoch);
        self.leaders.insert(at, (epoch, node, since));
        if self.leaders.len() > MOST_LEADERS {
            self.leaders.remove(0);
        }
    }

    /// The offset behind the last committed batch.
    pub fn end(&self) -> Offset {
        self.committed.back().map_or(Offset::ZERO, |entry| entry.next)
    }

    /// The committed batch that begins here.
    pub fn find(&self, base: Offset) -> Option<&Entry> {
        let at = self.committed.partition_point(|entry| entry.base < base);
        self.committed.get(at).filter(|entry| entry.base == base)
    }

    pub fn commit(&mut self, entry: Entry) {
        while self.committed.back().is_some_and(|last| last.next > entry.base) {
            self.committed.pop_back(); // another record takes its place
        }
        self.committed.push_back(entry);
        if self.committed.len() > MOST_COMMITTED {
            self.committed.pop_front();
        }
    }

    pub fn tell(&mut self, told: Told) {
        self.told.push_back(told);
        if self.told.len() > MOST_TOLD {
            self.told.pop_front();
        }
    }

    /// The batches of a log from the one that holds `from` up to those that end at `to`.
    pub fn batches(
        &mut self,
        node: NodeId,
        log: &Log,
        disk: &Disk,
        from: Offset,
        to: Offset,
    ) -> Vec<Entry> {
        let seat = self.seat_mut(node);
        let (known, file, position) = seat.cursor;
        let place = match known == from {
            true => log.segments().iter().position(|s| s.log == file).map(|n| (n, position)),
            false => None,
        };
        let mut found = Vec::new();
        let end = walk(log, disk, place, from, to, &mut found);
        if let Some((offset, file, position)) = end {
            seat.cursor = (offset, file, position);
        }
        found
    }
}

/// Reads headers from `from` on; the place behind the last one.
pub(super) fn walk(
    log: &Log,
    disk: &Disk,
    place: Option<(usize, u64)>,
    from: Offset,
    to: Offset,
    found: &mut Vec<Entry>,
) -> Option<(Offset, FileId, u64)> {
    let from = from.max(log.log_start_offset());
    if from >= to.min(log.log_end_offset()) {
        return None;
    }
    let (mut number, mut position) = match place {
        Some(place) => place,
        None => match log.translate_offset(disk, from) {
            LookupStep::Found { segment, position, .. } => {
                let number = log.segments().iter().position(|s| s.base_offset == segment)?;
                (number, u64::from(position.0))
            }
            _ => return None,
        },
    };
    let mut next = from;
    while next < to {
        let segment = log.segments().get(number)?;
        if position >= u64::from(segment.size_bytes) {
            (number, position) = (number + 1, 0);
            if number >= log.segments().len() {
                break;
            }
            continue;
        }
        let left = (u64::from(segment.size_bytes) - position).min(HEADER_SIZE_BYTES as u64);
        let read = disk.with_bytes(segment.log, position, left as usize, Header::read);
        let Ok(Ok(header)) = read else { return None };
        let epoch = match header.is_message() {
            true => LeaderEpoch::NONE,
            false => header.partition_leader_epoch,
        };
        let base = header.base_offset;
        let entry = Entry { base, next: header.next_offset(), epoch, crc: header.crc };
        if entry.next > to {
            break;
        }
        position += header.size_bytes() as u64;
        next = entry.next;
        found.push(entry);
    }
    let segment = log.segments().get(number)?;
    Some((next, segment.log, position))
}
