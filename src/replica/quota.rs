//! How many bytes a second replication may pass, one way (KIP-73; class `ReplicationQuotaManager`).
//!
//! ```text
//!   windows of a second   │ 40 kB │ 900 kB │ 0 │ 0 │ …      at most eleven, the oldest ones are forgotten
//!   rate = all their bytes / time since the oldest began (one second at least)
//!   above the limit: nothing of a throttled replica passes until enough time went by
//! ```
//!
//! It is a brake, not a hose: one fetch still brings what a fetch may bring, and then there is silence until the mean
//! is below the limit again. What always holds: without a limit nothing is counted.

use crate::clock::{Duration, Instant};
use std::collections::VecDeque;

/// `replication.quota.window.num`.
const WINDOWS: usize = 11;
/// `replication.quota.window.size.seconds`.
const WINDOW: Duration = Duration::from_ms(1_000);

/// The brake of one broker, one way.
#[derive(Clone, Debug, Default)]
pub struct ReplicationQuota {
    windows: VecDeque<(Instant, u64)>,
    /// Whether it held something back when last asked.
    pub is_holding: bool,
}

impl ReplicationQuota {
    /// So many bytes have passed.
    pub fn record(&mut self, now: Instant, bytes: u64) {
        if bytes == 0 {
            return;
        }
        match self.windows.back_mut() {
            Some((began, sum)) if now.since(*began) < WINDOW => *sum += bytes,
            _ => self.windows.push_back((now, bytes)),
        }
        let oldest = Duration(WINDOW.0 * WINDOWS as u64);
        while self.windows.front().is_some_and(|(began, _)| now.since(*began) >= oldest) {
            self.windows.pop_front();
        }
    }

    /// Bytes a second, as the mean over the windows (`SimpleRate`).
    pub fn rate(&self, now: Instant) -> u64 {
        let oldest = Duration(WINDOW.0 * WINDOWS as u64);
        let counted = || self.windows.iter().filter(|(began, _)| now.since(*began) < oldest);
        let Some((began, _)) = counted().next() else { return 0 };
        let passed = now.since(*began).max(WINDOW);
        let bytes: u64 = counted().map(|(_, bytes)| bytes).sum();
        (u128::from(bytes) * 1_000_000 / u128::from(passed.0)) as u64
    }

    /// Whether more passed than may (`isQuotaExceeded`).
    pub fn is_exceeded(&self, now: Instant, limit: u64) -> bool {
        self.rate(now) > limit
    }
}

/// Whether a list like `0:1,0:2`, or `*`, names the replica of a partition on a broker
/// (`ReplicationConfigs.ThrottledReplicaListValidator`).
pub fn names_replica(list: &str, partition: u32, broker: u32) -> bool {
    list.split(',').map(str::trim).any(|entry| {
        entry == "*"
            || entry.split_once(':').is_some_and(|(number, id)| {
                number.parse() == Ok(partition) && id.parse() == Ok(broker)
            })
    })
}

/// What is wrong with such a list; nothing when it is right.
pub fn check_replica_list(list: &str) -> Result<(), String> {
    let is_pair = |entry: &str| {
        entry.split_once(':').is_some_and(|(partition, broker)| {
            partition.parse::<u32>().is_ok() && broker.parse::<u32>().is_ok()
        })
    };
    let list = list.trim();
    if list.is_empty() || list == "*" || list.split(',').all(|entry| is_pair(entry.trim())) {
        return Ok(());
    }
    Err(format!(
        "{list} must be the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],…"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant(ms * 1_000)
    }

    #[test]
    fn a_burst_is_paid_for_with_silence() {
        let mut quota = ReplicationQuota::default();
        assert!(!quota.is_exceeded(at(0), 100));
        quota.record(at(5_000), 1_000);
        assert_eq!(quota.rate(at(5_000)), 1_000);
        assert!(quota.is_exceeded(at(5_500), 100));
        assert_eq!(quota.rate(at(9_000)), 250);
        assert!(quota.is_exceeded(at(14_800), 100));
        assert!(!quota.is_exceeded(at(15_000), 100));
        assert_eq!(quota.rate(at(16_000)), 0); // forgotten after eleven seconds
        quota.record(at(16_000), 50);
        assert_eq!(quota.rate(at(16_000)), 50);
    }

    #[test]
    fn a_list_names_replicas() {
        assert!(names_replica("*", 3, 1));
        assert!(names_replica("0:1, 3:1", 3, 1));
        assert!(!names_replica("0:1,3:2", 3, 1));
        assert!(!names_replica("", 3, 1));
        assert_eq!(check_replica_list("0:1,3:2"), Ok(()));
        assert_eq!(check_replica_list("*"), Ok(()));
        assert!(check_replica_list("0-1").is_err());
    }
}
