//! Is the consumer still busy, and what moves when idle time is passed over.
//!
//! Always: a paused consumer's poll timer stays where it is, since it is the end of `max.poll.interval.ms`.

use super::{Consumer, Membership, Phase};
use crate::clock::Duration;
use crate::protocol::Timer;
use crate::types::Offset;

impl Consumer {
    /// Whether the next automatic commit will say something new.
    pub fn has_uncommitted(&self) -> bool {
        self.group.is_some()
            && self.config.enable_auto_commit
            && (!self.paused || self.registry.is_some())
            && self.readings.iter().any(|(partition, reading)| {
                reading.position.is_some()
                    && reading.position != self.committed.get(partition).copied()
            })
    }
    /// Whether nothing is under way but periodic traffic.
    pub fn is_idle(&self) -> bool {
        self.unsettled().is_none()
    }
    /// What is still under way, as a sentence.
    pub fn unsettled(&self) -> Option<String> {
        let name = &self.name;
        if self.stopped {
            return None;
        }
        if self.stopping.is_some() {
            return Some(format!("{name} is stopping"));
        }
        if let Some(registry) = &self.registry
            && !registry.is_disconnected()
            && !registry.is_idle()
        {
            return Some(match registry.phase {
                Phase::Away | Phase::Registering => format!("{name} is not registered yet"),
                _ => format!("{name} rebalances"),
            });
        }
        if self.poll.is_some() || !self.commits.is_empty() || !self.seeks.is_empty() {
            return Some(format!("{name} waits for an answer"));
        }
        if !self.is_active() {
            return None;
        }
        if self.registry.is_none()
            && self.is_subscribed()
            && self.membership != Membership::Stable
            && self.group.is_some()
        {
            return Some(format!("{name} is not a member of its group yet"));
        }
        self.readings.iter().find_map(|(partition, reading)| match reading.position {
            None if reading.is_lost() => None,
            None => Some(format!("{name} has no position in {partition} yet")),
            Some(position) if position < reading.high_watermark && !reading.is_stuck() => {
                Some(format!("{name} has not read all of {partition}"))
            }
            Some(_) if reading.high_watermark == Offset::ZERO && reading.empty_rounds == 0 => {
                Some(format!("{name} has not heard of {partition} from its leader yet"))
            }
            Some(_) => None,
        })
    }

    /// Idle time was skipped: everything that lies ahead moves along.
    pub fn shift(&mut self, by: Duration) {
        self.connections.shift(by);
        if let Some(registry) = &mut self.registry {
            registry.shift(by);
        }
        self.metadata.shift(by);
        self.retry_at = self.retry_at + by;
        if !self.paused {
            self.last_poll = self.last_poll + by;
        }
        if let Some(poll) = &mut self.poll {
            poll.until = poll.until + by;
        }
        for reading in self.readings.values_mut() {
            reading.not_before = reading.not_before + by;
        }
        for commit in &mut self.commits {
            commit.until = commit.until + by;
        }
        // Who polls no more leaves the group after max.poll.interval.ms, idle or not.
        for (timer, at) in &mut self.timers {
            if !self.paused || *timer != Timer::ConsumerPoll {
                *at = *at + by;
            }
        }
    }
}
