//! A follower of the quorum: it fetches, cuts what differs, flushes, and applies what is committed
//! (`handleFetchResponse`, `handleFetchSnapshotResponse`).
//!
//! ```text
//!   log  ├──── committed: applied ────┤── fetched, not yet committed ──┤     or, after another epoch wrote elsewhere:
//!                                     ▲ high watermark                       ├───────────┤xxxxx cut at the divergence
//! ```
//!
//! Always: a voter has flushed what it fetched before it fetches again, since the next fetch says that it has it.

use super::super::controller::{Controller, Out};
use super::super::observer::{Fetched, take_fetched};
use super::super::snapshot;
use super::{FetchingSnapshot, QuorumEvent, QuorumRole};
use crate::clock::Instant;
use crate::coordination::Event;
use crate::disk::Disk;
use crate::protocol::{
    ErrorCode, FetchResponse, FetchSnapshotRequest, FetchSnapshotResponse, Message, Response, Timer,
};
use crate::storage::StorageError;
use crate::types::{LeaderEpoch, NodeId};
use std::sync::Arc;

impl Controller {
    pub(super) fn metadata_fetched(
        &mut self,
        now: Instant,
        from: NodeId,
        response: &FetchResponse,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), StorageError> {
        let Some(answer) = response.partitions.first() else { return Ok(()) };
        if !answer.error.is_none() {
            if let Some((leader, epoch)) = answer.current_leader
                && self.hear_of_epoch(now, epoch.0, Some(leader), disk, out)?
            {
                return Ok(());
            }
            self.back_off(now, from);
            return Ok(());
        }
        let leads = self.quorum.leader == Some(from);
        let QuorumRole::Follower { has_fetched, snapshot } = &mut self.quorum.role else {
            return Ok(());
        };
        if !leads {
            return Ok(());
        }
        *has_fetched = true;
        out.set(Timer::QuorumFetchTimeout, now + self.config.quorum_fetch_timeout);
        if let Some(id) = answer.snapshot {
            *snapshot = Some(FetchingSnapshot { id, bytes: Vec::new() });
            let (offset, epoch) = (id.0, id.1.0);
            out.events.push(Event::Quorum(QuorumEvent::NeedsSnapshot { offset, epoch }));
            return Ok(());
        }
        let committed = self.quorum.high_watermark;
        match take_fetched(&mut self.log, committed, now, answer, disk)? {
            Fetched::Cut { to } => out.events.push(Event::MetadataTruncated { to }),
            Fetched::Appended => {
                self.log.flush(disk, now, &mut Vec::new())?;
                let known = answer.high_watermark.min(self.log.log_end_offset());
                if known > self.quorum.high_watermark {
                    self.quorum.high_watermark = known;
                    self.apply_committed(now, disk, out)?;
                }
                self.register_itself(now, out);
            }
            Fetched::Nothing => self.back_off(now, from),
        }
        Ok(())
    }

    /// A part of a snapshot arrived; with the last one the log begins anew behind it.
    pub(super) fn snapshot_fetched(
        &mut self,
        now: Instant,
        from: NodeId,
        answer: FetchSnapshotResponse,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), StorageError> {
        if self.hear_of_epoch(now, answer.epoch, answer.leader, disk, out)? {
            return Ok(());
        }
        let QuorumRole::Follower { snapshot, .. } = &mut self.quorum.role else { return Ok(()) };
        let fits = snapshot.as_ref().is_some_and(|under_way| {
            under_way.id == answer.snapshot && under_way.bytes.len() as u64 == answer.position
        });
        if !answer.error.is_none() || !fits || answer.size_bytes > snapshot::LARGEST {
            *snapshot = None; // gone at the leader: begin again with a fetch
            self.back_off(now, from);
            return Ok(());
        }
        out.set(Timer::QuorumFetchTimeout, now + self.config.quorum_fetch_timeout);
        let Some(under_way) = snapshot else { return Ok(()) };
        under_way.bytes.extend_from_slice(&answer.bytes);
        if (under_way.bytes.len() as u64) < answer.size_bytes {
            return Ok(());
        }
        let Some(FetchingSnapshot { id, bytes }) = snapshot.take() else { return Ok(()) };
        let directory = self.directory();
        let image = snapshot::install(&mut self.log, &directory, id, &bytes, disk)?;
        self.image = image;
        self.remember_registrations(now);
        self.snapshots.taken(id, now);
        self.quorum.high_watermark = self.quorum.high_watermark.max(id.0);
        let (offset, epoch) = (id.0, id.1.0);
        out.events.push(Event::Quorum(QuorumEvent::SnapshotLoaded { offset, epoch }));
        Ok(())
    }

    /// Somebody is too far behind: a part of a snapshot (`handleFetchSnapshotRequest`).
    pub(in crate::coordination::kraft) fn snapshot_asked(
        &mut self,
        now: Instant,
        from: NodeId,
        correlation: u64,
        r: FetchSnapshotRequest,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), StorageError> {
        let mut answer = FetchSnapshotResponse {
            error: ErrorCode::NONE,
            epoch: self.epoch,
            leader: self.quorum.leader,
            snapshot: r.snapshot,
            size_bytes: 0,
            position: r.position,
            bytes: Arc::from([]),
        };
        let path = snapshot::path(&self.directory(), r.snapshot);
        if !self.leads() {
            answer.error = ErrorCode::NOT_LEADER_OR_FOLLOWER;
        } else if r.epoch != self.epoch {
            answer.error = match r.epoch < self.epoch {
                true => ErrorCode::FENCED_LEADER_EPOCH,
                false => ErrorCode::UNKNOWN_LEADER_EPOCH,
            };
        } else if !disk.exists(&path) {
            answer.error = ErrorCode::SNAPSHOT_NOT_FOUND;
        } else {
            let whole = disk.read_small(&path)?;
            answer.size_bytes = whole.len() as u64;
            match usize::try_from(r.position).ok().and_then(|at| whole.get(at..)) {
                Some(rest) => {
                    let part = &rest[..rest.len().min(r.max_bytes as usize)];
                    answer.bytes = Arc::from(part);
                    if self.quorum.voters.contains(&from) {
                        self.note_heard(now, from, out);
                    }
                }
                None => answer.error = ErrorCode::POSITION_OUT_OF_RANGE,
            }
        }
        out.send(from, Message::response(correlation, Response::FetchSnapshot(answer)));
        Ok(())
    }

    /// The epoch of its last record; of its snapshot, when the log behind that is empty.
    pub(super) fn last_epoch(&self) -> LeaderEpoch {
        let latest = self.log.latest_epoch();
        let empty = self.log.log_end_offset() == self.log.log_start_offset();
        match self.snapshots.latest {
            Some((_, epoch)) if empty || latest == LeaderEpoch::NONE => latest.max(epoch),
            _ => latest,
        }
    }
}
