//! Defaults that changed: for each setting, since which version which value holds.
//!
//! What always holds: the values of a setting stand oldest first; a setting without a value in a version is not known
//! there. Read as history: most of these changes made a cluster slower and safer, when machines and links had become
//! fast enough to afford it.

use super::Era;

/// Whose setting it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A broker's.
    Broker,
    /// A topic's, with a synonym at the broker.
    Topic,
    /// A producer's.
    Producer,
    /// A consumer's.
    Consumer,
}

impl Owner {
    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Owner::Broker => "broker",
            Owner::Topic => "topic",
            Owner::Producer => "producer",
            Owner::Consumer => "consumer",
        }
    }
}

/// A setting whose default is not the same in all versions.
pub struct ChangedDefault {
    /// Its name.
    pub name: &'static str,
    /// Whose it is.
    pub owner: Owner,
    /// Since which version which value holds; no value: the setting is gone.
    pub values: &'static [(&'static str, Option<&'static str>)],
    /// Where Kafka says so.
    pub source: &'static str,
}

impl ChangedDefault {
    /// The value in a version.
    pub fn of(&self, era: &Era) -> Option<&'static str> {
        let holds = |(since, _): &&(&str, Option<&'static str>)| !is_before(era.kafka, since);
        self.values.iter().rev().find(holds).and_then(|(_, value)| *value)
    }
}

/// Whether the first version is older than the second: `0.10.2` is older than `2.1`.
pub fn is_before(version: &str, other: &str) -> bool {
    let numbers = |version: &str| -> Vec<u32> {
        version.split('.').map(|part| part.parse().unwrap_or(0)).collect()
    };
    numbers(version) < numbers(other)
}

macro_rules! changed {
    ($($owner:ident $name:literal: $($since:literal $value:expr),*; $source:literal;)*) => {
        &[$(ChangedDefault {
            name: $name,
            owner: Owner::$owner,
            values: &[$(($since, $value)),*],
            source: $source,
        }),*]
    };
}

/// Every default that changed and that something in the lab, or a lesson, depends on.
pub const CHANGED_DEFAULTS: &[ChangedDefault] = changed! {
    Broker "replica.lag.max.messages": "0.8" Some("4000"), "0.9" None; "KIP-16 (0.9): gone";
    Broker "replica.lag.time.max.ms": "0.8" Some("10000"), "2.5" Some("30000"); "KIP-537 (2.5)";
    Broker "zookeeper.session.timeout.ms": "0.8" Some("6000"), "2.5" Some("18000"), "4.0" None;
        "KIP-537 (2.5), KIP-500 (4.0): gone";
    Broker "broker.session.timeout.ms": "2.8" Some("9000"); "KIP-631 (2.8), KRaft only";
    Broker "offsets.retention.minutes": "0.8.2" Some("1440"), "2.0" Some("10080"); "KIP-186 (2.0)";
    Broker "group.initial.rebalance.delay.ms": "0.11" Some("3000"); "KIP-134 (0.11)";
    Broker "log.cleaner.enable": "0.8" Some("false"), "0.9.0" Some("true");
        "KAFKA-2988 (0.9.0.1)";
    Broker "delete.topic.enable": "0.8" Some("false"), "1.0" Some("true"); "KAFKA-5384 (1.0)";
    Broker "num.recovery.threads.per.data.dir": "0.8.2" Some("1"), "4.0" Some("2"); "KIP-1030 (4.0)";
    Topic "unclean.leader.election.enable": "0.8.2" Some("true"), "0.11" Some("false");
        "KAFKA-1028 (0.8.2), KIP-106 (0.11)";
    Topic "max.message.bytes": "0.8" Some("1000012"), "2.5" Some("1048588"); "KAFKA-4203 (2.5)";
    Topic "message.timestamp.after.max.ms": "3.6" Some("9223372036854775807"), "4.0" Some("3600000");
        "KIP-937 (3.6), KIP-1030 (4.0)";
    Broker "group.max.session.timeout.ms": "0.9" Some("30000"), "0.10.1" Some("300000"), "2.3" Some("1800000");
        "KIP-62 (0.10.1), KAFKA-7610 (2.3)";
    Producer "acks": "0.8" Some("1"), "3.0" Some("all"); "KIP-679 (3.0)";
    Producer "enable.idempotence": "0.11" Some("false"), "3.0" Some("true"); "KIP-98, KIP-679 (3.0)";
    Producer "retries": "0.8.2" Some("0"), "2.1" Some("2147483647"); "KIP-91 (2.1)";
    Producer "delivery.timeout.ms": "2.1" Some("120000"); "KIP-91 (2.1)";
    Producer "linger.ms": "0.8.2" Some("0"), "4.0" Some("5"); "KIP-1030 (4.0)";
    Consumer "session.timeout.ms": "0.9" Some("30000"), "0.10.1" Some("10000"), "3.0" Some("45000");
        "KIP-62 (0.10.1), KIP-735 (3.0)";
    Consumer "max.poll.interval.ms": "0.10.1" Some("300000"); "KIP-62 (0.10.1)";
    Consumer "request.timeout.ms": "0.9" Some("40000"), "0.10.1" Some("305000"), "2.0" Some("30000");
        "KIP-62 (0.10.1), KIP-266 (2.0)";
    Consumer "auto.commit.interval.ms": "0.8" Some("60000"), "0.9" Some("5000"); "jars; the new consumer (0.9)";
    Consumer "rebalance.max.retries": "0.8" Some("4"), "2.0" None; "KAFKA-2983 (2.0): gone";
    Consumer "rebalance.backoff.ms": "0.8" Some("2000"), "2.0" None; "zookeeper.sync.time.ms; KAFKA-2983 (2.0): gone";
    Consumer "partition.assignment.strategy":
        "0.8" Some("range"), "3.0" Some("range, cooperative-sticky"); "KIP-726 (3.0)";
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::era;

    #[test]
    fn versions_are_compared_by_number_and_values_stand_oldest_first() {
        assert!(
            is_before("0.8.2", "0.10") && is_before("0.10.2", "2.1") && !is_before("2.1", "2.1")
        );
        for changed in CHANGED_DEFAULTS {
            assert!(changed.values.is_sorted_by(|a, b| is_before(a.0, b.0)), "{}", changed.name);
        }
    }

    #[test]
    fn a_default_is_what_it_was_in_that_version() {
        let value = |kafka: &str, name: &str| era::of(kafka).unwrap().default_of(name);
        assert_eq!(value("0.8.2", "replica.lag.max.messages"), Some("4000"));
        assert_eq!(value("0.9.0", "replica.lag.max.messages"), None);
        assert_eq!(value("2.1", "zookeeper.session.timeout.ms"), Some("6000"));
        assert_eq!(value("3.9", "zookeeper.session.timeout.ms"), Some("18000"));
        assert_eq!(value("0.8.2", "session.timeout.ms"), None);
        assert_eq!(value("0.10.2", "unclean.leader.election.enable"), Some("true"));
    }
}
