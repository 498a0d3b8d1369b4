//! Brakes on replication (KIP-73, since 0.10.1; `ReplicaManager.shouldLeaderThrottle`, `AbstractFetcherThread`).
//!
//! ```text
//!   topic   leader.replication.throttled.replicas=3:4,3:1     rate   leader.replication.throttled.rate=500000
//!           follower.replication.throttled.replicas=3:5              follower.replication.throttled.rate=500000
//!
//!   leader 4 ── reads nothing for a follower outside the ISR while above its rate ──▶ empty answers
//!   follower 5 ── leaves the partition out of its fetches while above its rate and not in sync
//! ```
//!
//! What always holds: replicas in sync are never held back, so a brake takes nobody out of the ISR; but what they copy
//! counts. Where a rate holds for all brokers at once, Kafka's tool sets it for each that takes part (ledger).

use super::{Broker, Event, Out};
use crate::clock::Instant;
use crate::coordination::kraft::ConfigResource;
use crate::protocol::{FetchPartitionResponse, FetchRequest};
use crate::replica::{ReplicationQuota, check_replica_list, names_replica};
use crate::types::TopicPartition;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To followers.
    Out,
    /// From leaders.
    In,
}

impl Way {
    /// Both.
    pub const ALL: [Way; 2] = [Way::Out, Way::In];

    /// Whether a throttle's setting has a value that makes sense; nothing: it is another setting.
    pub fn check(name: &str, value: &str) -> Option<Result<(), String>> {
        if Way::ALL.iter().any(|way| way.replicas() == name) {
            return Some(check_replica_list(value));
        }
        Way::ALL.iter().any(|way| way.rate() == name).then(|| {
            let fits = value.parse::<i64>().is_ok_and(|rate| rate >= 0);
            let needed = || format!("{name}={value}: bytes a second from 0 on are needed");
            fits.then_some(()).ok_or_else(needed)
        })
    }

    /// The setting of a topic that names the replicas.
    pub const fn replicas(self) -> &'static str {
        match self {
            Way::Out => "leader.replication.throttled.replicas",
            Way::In => "follower.replication.throttled.replicas",
        }
    }

    /// The setting of brokers that gives the rate.
    pub const fn rate(self) -> &'static str {
        match self {
            Way::Out => "leader.replication.throttled.rate",
            Way::In => "follower.replication.throttled.rate",
        }
    }
}

/// Both brakes of a broker.
#[derive(Clone, Debug, Default)]
pub struct Throttle {
    to_followers: ReplicationQuota,
    from_leaders: ReplicationQuota,
    /// The moment of the present step.
    pub(super) now: Instant,
}

impl Throttle {
    fn of(&mut self, way: Way) -> &mut ReplicationQuota {
        match way {
            Way::Out => &mut self.to_followers,
            Way::In => &mut self.from_leaders,
        }
    }
}

impl Broker {
    /// Bytes a second that may pass; nothing: no limit.
    pub fn throttle_rate(&self, way: Way) -> Option<u64> {
        let configs = &self.observer.image.configs;
        let own = configs.get(&ConfigResource::Broker(self.id.to_string()));
        let all = configs.get(&ConfigResource::cluster());
        own.into_iter().chain(all).find_map(|settings| settings.get(way.rate())?.parse().ok())
    }

    /// Whether this broker's copy is named as one to be held back.
    pub fn is_throttled(&self, way: Way, partition: &TopicPartition) -> bool {
        let configs = &self.observer.image.configs;
        let topic = configs.get(&ConfigResource::topic(&partition.topic));
        let list = topic.and_then(|settings| settings.get(way.replicas()));
        list.is_some_and(|list| names_replica(list, partition.partition, self.id.0))
    }

    /// Bytes a second that pass at present.
    pub fn replication_rate(&self, way: Way) -> u64 {
        match way {
            Way::Out => self.throttle.to_followers.rate(self.throttle.now),
            Way::In => self.throttle.from_leaders.rate(self.throttle.now),
        }
    }

    fn is_above(&self, way: Way) -> bool {
        self.throttle_rate(way).is_some_and(|limit| self.replication_rate(way) > limit)
    }

    /// Whether a follower outside the ISR gets nothing of this partition now (`shouldLeaderThrottle`).
    pub(super) fn holds_back(&self, partition: &TopicPartition, in_sync: bool) -> bool {
        !in_sync && self.is_above(Way::Out) && self.is_throttled(Way::Out, partition)
    }

    /// Whether this follower leaves the partition out of its next fetch (`shouldFollowerThrottle`). Kafka goes by the
    /// lag that the last answer showed; here the ISR says whether the follower is in sync.
    pub(super) fn leaves_out(&self, partition: &TopicPartition) -> bool {
        let registration = self.observer.image.partition(partition);
        let in_sync = registration.is_some_and(|known| known.isr.contains(&self.id));
        !in_sync && self.is_above(Way::In) && self.is_throttled(Way::In, partition)
    }

    /// Counts what an answer carries to a follower.
    pub(super) fn count_sent(
        &mut self,
        request: &FetchRequest,
        answers: &[FetchPartitionResponse],
        out: &mut Out,
    ) {
        if request.replica.is_none() || self.throttle_rate(Way::Out).is_none() {
            return;
        }
        let named = answers.iter().filter(|answer| self.is_throttled(Way::Out, &answer.partition));
        let bytes = named.map(|answer| answer.records.len() as u64).sum();
        self.count(Way::Out, bytes, out);
    }

    /// Counts what was copied from a leader.
    pub(super) fn count_copied(&mut self, partition: &TopicPartition, bytes: usize, out: &mut Out) {
        if self.throttle_rate(Way::In).is_some() && self.is_throttled(Way::In, partition) {
            self.count(Way::In, bytes as u64, out);
        }
    }

    fn count(&mut self, way: Way, bytes: u64, out: &mut Out) {
        let Some(limit) = self.throttle_rate(way) else { return };
        let now = self.throttle.now;
        let quota = self.throttle.of(way);
        quota.record(now, bytes);
        let (rate, is_above) = (quota.rate(now), quota.is_exceeded(now, limit));
        let was_above = std::mem::replace(&mut quota.is_holding, is_above);
        if is_above && !was_above {
            out.events.push(Event::ReplicationThrottled { way, rate, limit });
        }
    }
}
