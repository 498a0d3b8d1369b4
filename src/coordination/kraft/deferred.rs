//! What is written but not committed yet: nobody hears of it before a majority has it (`QuorumController`'s deferred
//! events, `DeferredEventQueue`).
//!
//! ```text
//!   request ─▶ decision on the draft ─▶ records 48, 49 in the leader's log ┈┈┈┈┈┈ a majority has fetched up to 50
//!                                         answer and events are kept with 49 ┈┈▶ image, events, answer
//! ```
//!
//! Always: answers leave in the order of the log; a request that wrote nothing was answered from the draft, and so
//! waits for what is in it; a reign that ends answers what it kept with NOT_CONTROLLER, since nothing of it may have
//! happened.

use super::controller::{Controller, Out};
use super::metadata_log;
use super::quorum::QuorumEvent;
use crate::clock::Instant;
use crate::coordination::Event;
use crate::disk::Disk;
use crate::protocol::{Body, Response, Send, Timer};
use crate::storage::StorageError;
use crate::types::Offset;

/// What waits for an offset to be committed.
#[derive(Clone, Debug)]
pub struct Pending {
    last: Offset,
    events: Vec<Event>,
    sends: Vec<Send>,
    /// The answers if it never is.
    pub refusals: Vec<Send>,
}

impl Controller {
    /// Decisions of one of several voters are made on a draft.
    pub(super) fn begin_draft(&mut self) {
        if !self.quorum.is_single() && self.draft.is_none() {
            self.draft = Some(self.image.clone());
        }
    }

    pub(super) fn note_written(&mut self, last: Offset) {
        let (events, sends, refusals) = (Vec::new(), Vec::new(), Vec::new());
        self.pending.push_back(Pending { last, events, sends, refusals });
    }

    /// What a decision brought about: at once when all is committed, otherwise when it is. Only the log itself, and
    /// those who fetch it, see it before.
    pub(super) fn hand_out(&mut self, done: Out, refusals: Vec<Send>, out: &mut Out) {
        let Some(pending) = self.pending.back_mut() else {
            return out.absorb(done, |event| event);
        };
        out.timers.extend(done.timers);
        for event in done.events {
            match event {
                Event::RecordsAppended { .. } => out.events.push(event),
                _ => pending.events.push(event),
            }
        }
        for send in done.sends {
            match send.message.body {
                Body::Response(Response::Fetch(_)) => out.sends.push(send),
                _ => pending.sends.push(send),
            }
        }
        pending.refusals.extend(refusals);
    }

    /// The high watermark moved: what is below it is applied, told and answered.
    pub(super) fn apply_committed(
        &mut self,
        now: Instant,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), StorageError> {
        let up_to = self.quorum.high_watermark.min(self.log.log_end_offset());
        let from = (self.image.offset + 1).max(self.log.log_start_offset());
        let (leads, draft) = (self.leads(), self.draft.take());
        let mut bytes = 0;
        for batch in metadata_log::read(&self.log, disk, from, up_to)? {
            for (at, record) in (0i64..).zip(&batch.records) {
                // The draft of a leader has it already, and its memory of the brokers too.
                match leads && draft.is_some() {
                    true => self.image.apply(record),
                    false => self.apply(now, batch.base_offset + at, record),
                }
            }
            self.image.offset = batch.last_offset;
            self.image.epoch = batch.epoch;
            bytes += batch.size_bytes;
        }
        while self.pending.front().is_some_and(|pending| pending.last < up_to) {
            let Some(pending) = self.pending.pop_front() else { break };
            out.events.extend(pending.events);
            out.sends.extend(pending.sends);
        }
        self.draft = draft.filter(|_| !self.pending.is_empty());
        self.maybe_take_snapshot(now, bytes, disk, out)?;
        let ready = self.quorum.reign().is_some_and(|reign| !reign.active && up_to > reign.start);
        if ready {
            self.activate(now, disk, out)?;
        }
        Ok(())
    }

    /// All that was decided before its reign is applied: it takes requests now (`QuorumController.claim`). Sessions of
    /// brokers begin anew.
    fn activate(
        &mut self,
        now: Instant,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), StorageError> {
        if let Some(reign) = self.quorum.reign_mut() {
            reign.active = true;
        }
        let (controller, epoch) = (self.id, self.epoch);
        out.events.push(Event::ControllerActive { controller, epoch });
        for session in self.sessions.values_mut() {
            session.last_contact = now;
            session.metadata_offset = Offset::NONE;
            session.controlled_shutdown_offset = None;
        }
        let mut done = Out::default();
        self.introduce_cluster(now, disk, &mut done)?;
        self.hand_out(done, Vec::new(), out);
        out.set(Timer::LeaderBalance, now + self.config.leader_imbalance_check_interval);
        self.set_session_check(out);
        Ok(())
    }

    pub(super) fn maybe_take_snapshot(
        &mut self,
        now: Instant,
        bytes: u64,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), StorageError> {
        if !self.snapshots.is_due(bytes, now, &self.config.snapshots) {
            return Ok(());
        }
        let (directory, config) = (self.directory(), self.config.snapshots.clone());
        let Controller { snapshots, image, log, .. } = self;
        let (offset, epoch) = snapshots.take(image, log, &directory, now, &config, disk)?;
        let (offset, epoch, starts) = (offset, epoch.0, log.log_start_offset());
        out.events.push(Event::Quorum(QuorumEvent::SnapshotTaken { offset, epoch, starts }));
        Ok(())
    }
}
