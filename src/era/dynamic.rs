//! Settings of brokers that can be changed while they run, for one broker or for all of them (KIP-226; class
//! `DynamicBrokerConfig`).
//!
//! ```text
//!   of this broker, while it runs  >  of all brokers, while they run  >  what it was started with  >  the default
//! ```
//!
//! What always holds: what stands in no row here is read-only, as `kafka-configs --describe` of 2.1.1, 3.9.1 and 4.3.1
//! says. Until 1.1 only the brakes on replication could be changed (KIP-73). Left out: settings that the lab does not
//! model, among them the numbers of threads, listeners and everything about encryption.

use super::{Era, Owner, is_before, setting};

/// The brakes on replication (KIP-73): no settings of a file, there only to be changed.
pub const BRAKES: [&str; 2] =
    ["follower.replication.throttled.rate", "leader.replication.throttled.rate"];

/// Settings that can be changed, with the first version in which they could.
pub const DYNAMIC: &[(&str, &str)] = &[
    ("compression.type", "1.1"),
    ("log.cleaner.backoff.ms", "1.1"),
    ("log.cleaner.delete.retention.ms", "1.1"),
    ("log.cleaner.max.compaction.lag.ms", "2.3"),
    ("log.cleaner.min.cleanable.ratio", "1.1"),
    ("log.cleaner.min.compaction.lag.ms", "1.1"),
    ("log.cleanup.policy", "1.1"),
    ("log.flush.interval.messages", "1.1"),
    ("log.flush.interval.ms", "1.1"),
    ("log.index.interval.bytes", "1.1"),
    ("log.index.size.max.bytes", "1.1"),
    ("log.message.downconversion.enable", "2.0"),
    ("log.message.timestamp.after.max.ms", "3.6"),
    ("log.message.timestamp.before.max.ms", "3.6"),
    ("log.message.timestamp.type", "1.1"),
    ("log.retention.bytes", "1.1"),
    ("log.retention.ms", "1.1"),
    ("log.roll.jitter.ms", "1.1"),
    ("log.roll.ms", "1.1"),
    ("log.segment.bytes", "1.1"),
    ("log.segment.delete.delay.ms", "1.1"),
    ("message.max.bytes", "1.1"),
    ("min.insync.replicas", "1.1"),
    ("producer.id.expiration.ms", "3.5"),
    ("unclean.leader.election.enable", "1.1"),
];

/// Whether a broker of that version takes another value for this setting while it runs.
pub fn is_dynamic(name: &str, era: &Era) -> bool {
    if BRAKES.contains(&name) {
        return !is_before(era.kafka, "0.10.1");
    }
    let row = DYNAMIC.iter().find(|(known, _)| *known == name);
    row.is_some_and(|(_, since)| !is_before(era.kafka, since))
        && setting::is_known(Owner::Broker, name, era)
}

/// Whether all brokers can be given such a setting at once: `/config/brokers/<default>`, or the resource that has no
/// name.
pub fn has_cluster_defaults(era: &Era) -> bool {
    !is_before(era.kafka, "1.1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::era;

    #[test]
    fn what_can_be_changed_grew_with_the_versions() {
        let can = |kafka: &str, name: &str| is_dynamic(name, &era::of(kafka).unwrap());
        assert!(!can("0.10.2", "log.retention.ms") && can("2.1", "log.retention.ms"));
        assert!(!can("0.9.0", BRAKES[0]) && can("0.10.2", BRAKES[0]));
        assert!(
            !can("2.1", "producer.id.expiration.ms") && can("3.9", "producer.id.expiration.ms")
        );
        assert!(!can("4.3", "log.message.downconversion.enable"));
        assert!(!can("4.3", "num.partitions") && !can("4.3", "log.retention.hours"));
        assert!(DYNAMIC.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
