//! Whether a broker has anything under way that is not periodic, and what moves when idle time is passed over.
//!
//! Always: heartbeats, empty fetches and pings do not count; whatever will change something without a new act does.

use super::{Broker, Life, Purpose};
use crate::clock::Duration;
use crate::replica::Role;

impl Broker {
    /// Whether something is under way that is not periodic; the sentence says what.
    pub fn unsettled(&self) -> Option<String> {
        match self.life {
            Life::Running | Life::Stopped => {}
            Life::Starting => return Some(format!("broker {} is starting", self.id)),
            Life::ShuttingDown => return Some(format!("broker {} is stopping", self.id)),
        }
        if !self.delayed_produces.is_empty() {
            return Some(format!("broker {} holds a produce that waits for replicas", self.id));
        }
        if !self.delayed_deletes.is_empty() {
            return Some(format!(
                "broker {} holds a DeleteRecords that waits for replicas",
                self.id
            ));
        }
        if let Some(reason) = self.zookeeper.as_ref().and_then(|side| side.unsettled(self.id)) {
            return Some(reason);
        }
        if !self.alter_queue.is_empty() {
            return Some(format!("broker {} wants to change an ISR", self.id));
        }
        for pending in self.in_flight.values() {
            match pending.purpose {
                Purpose::Metadata
                | Purpose::Heartbeat
                | Purpose::ReplicaFetch
                | Purpose::EpochEnds => {}
                _ => return Some(format!("broker {} waits for an answer", self.id)),
            }
        }
        for replica in self.replicas.values() {
            if let Role::Leader(leader) = &replica.role
                && leader.proposal.is_some()
            {
                return Some(format!("an ISR change of {} is under way", replica.partition));
            }
        }
        None
    }

    /// Idle time was passed over: everything that measures liveness moves with it.
    pub fn shift(&mut self, by: Duration) {
        for replica in self.replicas.values_mut() {
            if let Role::Leader(leader) = &mut replica.role {
                leader.shift(by);
            }
        }
        for pending in self.in_flight.values_mut() {
            pending.deadline = pending.deadline + by;
        }
        for fetcher in self.fetchers.values_mut() {
            fetcher.shift(by);
        }
        self.groups.shift(by);
        if let Some(side) = &mut self.zookeeper {
            side.shift(by);
        }
    }
}
