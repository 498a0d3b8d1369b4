//! Whom a broker asks: the active controller, found by asking any of them, and followed when another one takes over
//! (classes `RaftControllerNodeProvider`, `NodeToControllerChannelManager`, `ForwardingManager`; KIP-590, KIP-595).
//!
//! ```text
//!   Fetch ──▶ 3001: not the leader, 3002 is (epoch 2) ──▶ 3002: metadata, heartbeats, and what was kept for clients
//!   Fetch ──▶ 3001: no answer ──▶ 3002: I know no leader ──▶ 3003 … until one of them does
//! ```
//!
//! Always: a broker that finds no active controller goes on serving with what it knows; a client's request waits for
//! the active controller until its own time is over.

use super::{Broker, Event, Halt, Life, Out, Parked, Purpose};
use crate::clock::{Duration, Instant};
use crate::disk::Disk;
use crate::protocol::{
    ErrorCode, FETCH_VERSION, FetchPartitionResponse, FetchRequest, FetchSnapshotResponse, Request,
    Timer,
};
use crate::types::NodeId;

/// How long a forwarded request may take.
const FORWARD_TIMEOUT: Duration = Duration::from_ms(30_000);

/// No more requests of clients wait for an active controller.
const MOST_PARKED: usize = 1_000;

impl Broker {
    /// Asks for the next metadata records.
    pub(super) fn fetch_metadata(&mut self, now: Instant, out: &mut Out) {
        if self.in_flight.values().any(|f| matches!(f.purpose, Purpose::Metadata)) {
            return;
        }
        let snapshot = self.observer.fetch_snapshot(self.id, self.quorum_epoch);
        let request = match snapshot {
            Some(request) => Request::FetchSnapshot(request),
            None => Request::Fetch(FetchRequest {
                replica: Some(self.id),
                replica_epoch: self.epoch,
                version: FETCH_VERSION,
                max_wait_ms: 500,
                min_bytes: 1,
                max_bytes: 1_048_576,
                read_committed: false,
                partitions: vec![self.observer.fetch_partition()],
            }),
        };
        let timeout = self.config.request_timeout;
        self.ask(now, self.metadata_from, request, Purpose::Metadata, timeout, out);
    }

    /// No answer: of several controllers the next one may know who is active.
    pub(super) fn metadata_lost(&mut self, now: Instant, out: &mut Out) {
        let several = self.controllers.len() > 1;
        self.ask_next_controller();
        out.set(Timer::MetadataBackoff, now + Duration::from_ms(if several { 200 } else { 50 }));
    }

    fn ask_next_controller(&mut self) {
        let at = self.controllers.iter().position(|&id| id == self.metadata_from);
        let next = at.map_or(0, |at| (at + 1) % self.controllers.len().max(1));
        if let Some(&next) = self.controllers.get(next) {
            self.metadata_from = next;
        }
    }

    /// An error instead of metadata.
    pub(super) fn metadata_refused(
        &mut self,
        now: Instant,
        from: NodeId,
        answer: &FetchPartitionResponse,
        out: &mut Out,
    ) {
        let named = answer.current_leader.filter(|&(leader, epoch)| {
            epoch.0 >= self.quorum_epoch && leader != from && self.controllers.contains(&leader)
        });
        if let Some((leader, epoch)) = named {
            // A name alone is no sign of life: whoever is named is asked once, then the others again.
            let news = epoch.0 > self.quorum_epoch || leader != self.controller;
            self.quorum_epoch = epoch.0;
            self.controller = leader;
            if news {
                self.metadata_from = leader;
                return self.fetch_metadata(now, out);
            }
        }
        if self.controllers.len() < 2 {
            out.events.push(Event::FetchFailed { leader: from, error: answer.error });
            return out.set(Timer::MetadataBackoff, now + Duration::from_ms(100));
        }
        self.ask_next_controller();
        out.set(Timer::MetadataBackoff, now + Duration::from_ms(200));
    }

    /// Metadata came: whoever sent it leads.
    pub(super) fn controller_answers(&mut self, now: Instant, from: NodeId, out: &mut Out) {
        if self.controllers.len() < 2 {
            return;
        }
        let before = std::mem::replace(&mut self.controller, from);
        self.metadata_from = from;
        self.quorum_epoch = self.quorum_epoch.max(self.observer.image.epoch);
        if before != from {
            out.events.push(Event::ControllerFound { controller: from });
        }
        let waits = |purpose: fn(&Purpose) -> bool| {
            !self.in_flight.values().any(|f| purpose(&f.purpose) && f.to == from)
        };
        if before != from && waits(|purpose| matches!(purpose, Purpose::Heartbeat)) {
            match self.epoch.0 >= 0 {
                true if self.life != Life::Stopped => self.heartbeat(now, out),
                _ => {}
            }
        }
        for parked in std::mem::take(&mut self.parked) {
            let Parked { client, correlation, request, deadline } = parked;
            if deadline > now {
                let purpose = Purpose::Forward { client, correlation, request: request.clone() };
                self.ask(now, from, *request, purpose, deadline.since(now), out);
            }
        }
    }

    pub(super) fn snapshot_fetched(
        &mut self,
        now: Instant,
        answer: FetchSnapshotResponse,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        if let Some(leader) = answer.leader.filter(|_| answer.epoch >= self.quorum_epoch) {
            self.quorum_epoch = answer.epoch;
            self.controller = leader;
            self.metadata_from = leader;
        }
        let mut events = Vec::new();
        let refused = !answer.error.is_none();
        let records = self.observer.handle_snapshot(now, &answer, disk, &mut events)?;
        out.events.extend(events.into_iter().map(Event::Metadata));
        self.metadata_applied(now, &records, disk, out)?;
        if refused {
            out.set(Timer::MetadataBackoff, now + Duration::from_ms(100));
            return Ok(());
        }
        self.fetch_metadata(now, out);
        Ok(())
    }

    /// Passes a request on to the controller.
    pub(super) fn forward(
        &mut self,
        now: Instant,
        client: NodeId,
        correlation: u64,
        request: Request,
        out: &mut Out,
    ) {
        let kept = Box::new(request.clone());
        let purpose = Purpose::Forward { client, correlation, request: kept };
        self.ask(now, self.controller, request, purpose, FORWARD_TIMEOUT, out);
    }

    /// The only controller did not answer: neither does this broker; the client's own time-out tells it to ask another
    /// one. Of several, the next active one gets the request.
    pub(super) fn forward_lost(&mut self, now: Instant, parked: Parked, out: &mut Out) {
        let several = self.controllers.len() > 1 && self.parked.len() < MOST_PARKED;
        if several && parked.deadline > now {
            return self.parked.push(parked);
        }
        out.events.push(Event::Refused {
            from: parked.client,
            request: "Forward",
            partition: None,
            error: ErrorCode::REQUEST_TIMED_OUT,
        });
    }
}
