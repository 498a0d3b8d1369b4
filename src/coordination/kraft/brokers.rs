//! Brokers: registration, heartbeats, sessions, fencing (`ClusterControlManager`, `BrokerHeartbeatManager`; KIP-631,
//! KIP-841 for controlled shutdown, KIP-966 for unclean shutdown).
//!
//! ```text
//!   registered ─▶ FENCED ── has read its registration ──▶ UNFENCED ── wants to stop, leads ──▶ CONTROLLED_SHUTDOWN
//!                   ▲                                      │  │                                  │ leads nothing, and
//!                   ├─ silent for broker.session.timeout ──┘  └─ wants to stop, leads nothing ─┐ │ the others know it
//!                   │                                                                          ▼ ▼
//!                   └───────────────────────────────────────────────────────────────────── SHUTDOWN_NOW
//! ```
//!
//! Always: a broker that may not lead is in no ISR; one session at a time is ended, so that each fencing is seen before
//! the next is decided.

use super::controller::{Controller, Motive, Out, endpoint};
use super::record::*;
use crate::clock::{Duration, Instant};
use crate::coordination::{ElectionReason, Event, FencingReason};
use crate::disk::Disk;
use crate::protocol::{
    BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest,
    BrokerRegistrationResponse, ErrorCode, Timer,
};
use crate::storage::StorageError;
use crate::types::{BrokerEpoch, NodeId, Offset};

/// Where a broker stands with the controller (`BrokerControlState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ControlState {
    Fenced,
    Unfenced,
    ControlledShutdown,
    ShutdownNow,
}

impl Controller {
    pub(super) fn register_broker(
        &mut self,
        now: Instant,
        request: BrokerRegistrationRequest,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<BrokerRegistrationResponse, StorageError> {
        let id = request.broker;
        let existing = self.state().brokers.get(&id).cloned();
        let same_process = existing.as_ref().is_some_and(|b| b.incarnation == request.incarnation);
        let stopping = existing.as_ref().is_some_and(|b| b.in_controlled_shutdown);
        if existing.is_some() && !same_process && !stopping && self.has_valid_session(id, now) {
            let about =
                format!("another process with id {id} has a session that has not ended yet");
            let (request, error) = ("BrokerRegistration", ErrorCode::DUPLICATE_BROKER_REGISTRATION);
            out.events.push(Event::RequestRefused { from: id, request, error, about });
            return Ok(BrokerRegistrationResponse { error, broker_epoch: BrokerEpoch(-1) });
        }
        let mut records = Vec::new();
        let mut registration = RegisterBroker {
            broker: id,
            incarnation: request.incarnation,
            epoch: BrokerEpoch(self.log.log_end_offset().0),
            endpoints: vec![endpoint("PLAINTEXT", id)],
            features: self.release().supported(),
            rack: request.rack,
            fenced: true,
            in_controlled_shutdown: false,
            log_directories: vec![request.log_directory],
            cordoned: None,
        };
        let mut reason = ElectionReason::LeaderFenced;
        match &existing {
            Some(existing) if same_process => {
                registration.fenced = existing.fenced;
                registration.in_controlled_shutdown = existing.in_controlled_shutdown;
                registration.epoch = existing.epoch;
            }
            Some(existing) if existing.epoch == request.previous_broker_epoch => {
                self.leader_and_isr_updates(Some(id), None, None, &mut records);
            }
            Some(_) => {
                // It did not stop cleanly: what it holds may lack records that were committed (KIP-966).
                reason = ElectionReason::UncleanShutdown;
                self.leader_and_isr_updates(None, None, Some(id), &mut records);
            }
            None => {}
        }
        let epoch = registration.epoch;
        records.push(MetadataRecord::RegisterBroker(registration));
        let motive = Motive { by: self.id, reason };
        self.write(now, records, motive, disk, out)?;
        out.events.push(Event::BrokerRegistered { broker: id, epoch: epoch.0 });
        self.set_session_check(out);
        Ok(BrokerRegistrationResponse { error: ErrorCode::NONE, broker_epoch: epoch })
    }

    pub(super) fn heartbeat(
        &mut self,
        now: Instant,
        request: BrokerHeartbeatRequest,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<BrokerHeartbeatResponse, StorageError> {
        let id = request.broker;
        let error = self.check_broker_epoch(id, request.broker_epoch);
        let registered = self.sessions.get(&id).map(|session| session.registration_offset);
        let (ErrorCode::NONE, Some(registered)) = (error, registered) else {
            let about =
                format!("the registration with epoch {} is not valid", request.broker_epoch);
            let request = "BrokerHeartbeat";
            let error = ErrorCode::STALE_BROKER_EPOCH;
            out.events.push(Event::RequestRefused { from: id, request, error, about });
            return Ok(BrokerHeartbeatResponse {
                error,
                is_caught_up: false,
                is_fenced: true,
                should_shut_down: false,
            });
        };
        let is_caught_up = request.current_metadata_offset >= registered;
        let current = self.control_state(id);
        let next = self.next_state(&request, current, is_caught_up);
        if current != next {
            self.change_state(now, &request, current, next, disk, out)?;
        }
        let is_fenced = matches!(next, ControlState::Fenced | ControlState::ShutdownNow);
        let written = self.state().offset;
        if let Some(session) = self.sessions.get_mut(&id) {
            session.last_contact = now;
            session.metadata_offset = request.current_metadata_offset;
            if is_fenced {
                session.controlled_shutdown_offset = None;
            } else if next == ControlState::ControlledShutdown {
                session.controlled_shutdown_offset.get_or_insert(written);
            }
        }
        self.set_session_check(out);
        Ok(BrokerHeartbeatResponse {
            error: ErrorCode::NONE,
            is_caught_up,
            is_fenced,
            should_shut_down: next == ControlState::ShutdownNow,
        })
    }

    pub(super) fn check_broker_epoch(&self, broker: NodeId, epoch: BrokerEpoch) -> ErrorCode {
        match self.state().brokers.get(&broker) {
            Some(registration) if registration.epoch == epoch => ErrorCode::NONE,
            _ => ErrorCode::STALE_BROKER_EPOCH,
        }
    }

    fn control_state(&self, id: NodeId) -> ControlState {
        let stopping = self
            .sessions
            .get(&id)
            .is_some_and(|session| session.controlled_shutdown_offset.is_some());
        match self.state().brokers.get(&id) {
            _ if stopping => ControlState::ControlledShutdown,
            Some(broker) if !broker.fenced => ControlState::Unfenced,
            _ => ControlState::Fenced,
        }
    }

    /// `BrokerHeartbeatManager.calculateNextBrokerState`.
    fn next_state(
        &self,
        request: &BrokerHeartbeatRequest,
        current: ControlState,
        is_caught_up: bool,
    ) -> ControlState {
        let leads = || self.state().partitions().any(|(_, p)| p.leader == Some(request.broker));
        match current {
            ControlState::Fenced if request.want_shut_down => ControlState::ShutdownNow,
            ControlState::Fenced if !request.want_fence && is_caught_up => ControlState::Unfenced,
            ControlState::Fenced => ControlState::Fenced,
            ControlState::Unfenced if request.want_fence => {
                if request.want_shut_down {
                    ControlState::ShutdownNow
                } else {
                    ControlState::Fenced
                }
            }
            ControlState::Unfenced if request.want_shut_down => {
                if leads() {
                    ControlState::ControlledShutdown
                } else {
                    ControlState::ShutdownNow
                }
            }
            ControlState::Unfenced => ControlState::Unfenced,
            ControlState::ControlledShutdown if leads() => ControlState::ControlledShutdown,
            ControlState::ControlledShutdown => {
                let own = self.sessions.get(&request.broker);
                let wanted = own.and_then(|session| session.controlled_shutdown_offset);
                match wanted <= self.lowest_active_offset() {
                    true => ControlState::ShutdownNow,
                    false => ControlState::ControlledShutdown,
                }
            }
            ControlState::ShutdownNow => ControlState::ShutdownNow,
        }
    }

    /// How far the slowest broker has read that is neither fenced nor about to stop; beyond all offsets if none is.
    fn lowest_active_offset(&self) -> Option<Offset> {
        let active = self.sessions.iter().filter(|(id, session)| {
            session.controlled_shutdown_offset.is_none()
                && self.state().brokers.get(id).is_some_and(|broker| !broker.fenced)
        });
        Some(active.map(|(_, s)| s.metadata_offset).min().unwrap_or(Offset(i64::MAX)))
    }

    fn change_state(
        &mut self,
        now: Instant,
        request: &BrokerHeartbeatRequest,
        current: ControlState,
        next: ControlState,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), StorageError> {
        let id = request.broker;
        let was_fenced = current == ControlState::Fenced;
        let mut records = Vec::new();
        let reason = match next {
            ControlState::Fenced | ControlState::ShutdownNow => {
                // Kafka writes the fencing of a broker that is fenced already once more when it stops.
                self.fence_records(id, &mut records);
                ElectionReason::ControlledShutdown
            }
            ControlState::Unfenced => {
                records.push(self.registration_change(id, |change| change.fenced = Some(false)));
                self.leader_and_isr_updates(None, Some(id), None, &mut records);
                // Together with the first unfencing 4.3 notes that no directory is cordoned (KIP-1066).
                records.push(self.registration_change(id, |c| c.cordoned = Some(Vec::new())));
                ElectionReason::ReplicaReturned
            }
            ControlState::ControlledShutdown => {
                let known = self.state().brokers.get(&id).is_some_and(|b| b.in_controlled_shutdown);
                if !known {
                    records.push(self.registration_change(id, |c| c.in_controlled_shutdown = true));
                }
                self.leader_and_isr_updates(Some(id), None, None, &mut records);
                ElectionReason::ControlledShutdown
            }
        };
        let motive = Motive { by: self.id, reason };
        self.write(now, records, motive, disk, out)?;
        out.events.push(match next {
            ControlState::Unfenced => Event::BrokerUnfenced { broker: id },
            ControlState::ControlledShutdown => Event::ControlledShutdownStarted { broker: id },
            _ if was_fenced => return Ok(()),
            ControlState::Fenced => {
                Event::BrokerFenced { broker: id, reason: FencingReason::Asked }
            }
            ControlState::ShutdownNow => {
                Event::BrokerFenced { broker: id, reason: FencingReason::ControlledShutdown }
            }
        });
        Ok(())
    }

    fn registration_change(
        &self,
        broker: NodeId,
        say: impl FnOnce(&mut BrokerRegistrationChange),
    ) -> MetadataRecord {
        let epoch = self.state().brokers.get(&broker).map_or(BrokerEpoch(-1), |b| b.epoch);
        let mut change = BrokerRegistrationChange {
            broker,
            epoch,
            fenced: None,
            in_controlled_shutdown: false,
            log_directories: None,
            cordoned: None,
        };
        say(&mut change);
        MetadataRecord::BrokerRegistrationChange(change)
    }

    /// Out of every ISR, then fenced (`handleBrokerFenced`).
    fn fence_records(&self, id: NodeId, records: &mut Vec<MetadataRecord>) {
        self.leader_and_isr_updates(Some(id), None, None, records);
        records.push(self.registration_change(id, |change| change.fenced = Some(true)));
    }

    fn session_end(&self, id: NodeId) -> Option<Instant> {
        let session = self.sessions.get(&id)?;
        Some(session.last_contact + self.config.broker_session_timeout)
    }

    /// Whether it was heard recently enough; at the very end it still counts (`hasValidSession`).
    fn has_valid_session(&self, id: NodeId, now: Instant) -> bool {
        self.session_end(id).is_some_and(|end| end >= now)
    }

    /// Sets the timer for the earliest end of a session of a broker that is not fenced.
    pub(super) fn set_session_check(&self, out: &mut Out) {
        let ends = self.state().alive().filter_map(|id| self.session_end(id));
        match ends.min() {
            Some(end) => out.set(Timer::SessionCheck, end + Duration(1)),
            None => out.cancel(Timer::SessionCheck),
        }
    }

    pub(super) fn fence_silent_brokers(
        &mut self,
        now: Instant,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), StorageError> {
        let mut silent: Vec<(Instant, NodeId)> = self
            .image
            .alive()
            .filter(|&id| !self.has_valid_session(id, now))
            .map(|id| (self.sessions.get(&id).map_or(now, |s| s.last_contact), id))
            .collect();
        silent.sort();
        for (last_contact, id) in silent {
            let mut records = Vec::new();
            self.fence_records(id, &mut records);
            let silent_ms = now.since(last_contact).as_ms();
            let reason = FencingReason::SessionExpired { silent_ms };
            out.events.push(Event::BrokerFenced { broker: id, reason });
            let motive = Motive { by: self.id, reason: ElectionReason::LeaderFenced };
            self.write(now, records, motive, disk, out)?;
            if let Some(session) = self.sessions.get_mut(&id) {
                session.controlled_shutdown_offset = None;
            }
        }
        self.set_session_check(out);
        Ok(())
    }
}
