//! Settings of the consumer of 0.8, by its own names and with its own defaults (class `kafka.consumer.ConsumerConfig`,
//! jar 0.8.2.2).
//!
//! Five of its names say what another name says today; what has no meaning there is refused with a sentence, in both
//! directions. Left out: everything about sockets, queues and streams.

use super::config::{ConsumerConfig, OffsetReset};

/// Its names, and today's.
const RENAMED: &[(&str, &str)] = &[
    ("auto.commit.enable", "enable.auto.commit"),
    ("fetch.message.max.bytes", "max.partition.fetch.bytes"),
    ("fetch.wait.max.ms", "fetch.max.wait.ms"),
    ("refresh.leader.backoff.ms", "retry.backoff.ms"),
    ("socket.timeout.ms", "request.timeout.ms"),
];

/// Names that only it has.
const ITS_OWN: &[&str] = &[
    "consumer.id",
    "dual.commit.enabled",
    "offsets.storage",
    "rebalance.backoff.ms",
    "rebalance.max.retries",
    "watch.brokers",
    "zookeeper.session.timeout.ms",
    "zookeeper.sync.time.ms",
];

/// Names that have the same meaning for both.
const SHARED: &[&str] = &[
    "auto.commit.interval.ms",
    "auto.offset.reset",
    "fetch.min.bytes",
    "group.protocol",
    "partition.assignment.strategy",
];

impl ConsumerConfig {
    /// The defaults of the consumer of 0.8.
    pub fn of_registry() -> ConsumerConfig {
        ConsumerConfig {
            auto_commit_interval_ms: 60_000,
            auto_offset_reset: OffsetReset::Latest,
            fetch_max_wait_ms: 100,
            retry_backoff_ms: 200,
            retry_backoff_max_ms: 200,
            // It asks for leaders only when it lacks one; how many partitions there are it reads in ZooKeeper.
            metadata_max_age_ms: i32::MAX as u64,
            allow_auto_create_topics: false,
            group_protocol: Some("registry".to_owned()),
            ..ConsumerConfig::default()
        }
    }

    /// Whether this is a consumer of 0.8.
    pub fn is_registry(&self) -> bool {
        self.group_protocol.is_some()
    }

    /// The pause between two tries of a rebalance.
    pub fn rebalance_pause_ms(&self) -> u64 {
        self.rebalance_backoff_ms.unwrap_or(self.zookeeper_sync_time_ms)
    }

    /// Whether offsets go to the coordinator.
    pub fn commits_to_kafka(&self) -> bool {
        self.offsets_storage.is_some()
    }

    /// Whether offsets go to ZooKeeper.
    pub fn commits_to_zookeeper(&self) -> bool {
        !self.commits_to_kafka() || self.dual_commit_enabled.unwrap_or(true)
    }

    /// Sets what a consumer of its protocol knows; a name of the other one is refused with the name that this one has.
    pub fn set_known(&mut self, name: &str, value: &str) -> Result<bool, String> {
        let renamed = RENAMED.iter().find(|(old, _)| *old == name).map(|(_, new)| *new);
        if !self.is_registry() {
            if let Some(new) = renamed {
                return Err(format!("'{name}' is a setting of 0.8; today it is '{new}'"));
            }
            if ITS_OWN.contains(&name) {
                return Err(format!(
                    "'{name}' is a setting of the consumer of 0.8: kafka=0.8.2 has it, and group.protocol=registry in 0.9.0 and 0.10.2"
                ));
            }
            return self.set(name, value);
        }
        if let Some(new) = renamed {
            return self.set(new, value).map_err(|text| text.replace(new, name));
        }
        if name == "partition.assignment.strategy" && value != "range" {
            return Err(format!("{name}={value}: the consumer of 0.8 has only range here"));
        }
        let old = RENAMED.iter().find(|(_, new)| *new == name).map(|(old, _)| *old);
        if ITS_OWN.contains(&name) || SHARED.contains(&name) || old.is_some() {
            return self.set(name, value);
        }
        match ConsumerConfig::NAMES.contains(&name) {
            true => Err(match name {
                "session.timeout.ms" | "heartbeat.interval.ms" => format!(
                    "'{name}' is a setting of newer consumers; that of 0.8 has zookeeper.session.timeout.ms"
                ),
                _ => format!("'{name}' is a setting of newer consumers, not of that of 0.8"),
            }),
            false => Ok(false),
        }
    }
}

/// Names that `consumer start` takes besides today's.
pub fn old_names() -> impl Iterator<Item = &'static str> {
    RENAMED.iter().map(|(old, _)| *old)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_consumer_knows_its_own_names_and_says_so_of_the_others() {
        let mut old = ConsumerConfig::of_registry();
        assert_eq!((old.rebalance_pause_ms(), old.commits_to_zookeeper()), (2_000, true));
        assert_eq!(old.set_known("auto.commit.enable", "false"), Ok(true));
        assert_eq!(old.set_known("auto.offset.reset", "smallest"), Ok(true));
        assert_eq!(old.set_known("offsets.storage", "kafka"), Ok(true));
        assert!(!old.enable_auto_commit && old.commits_to_kafka() && old.commits_to_zookeeper());
        assert_eq!(old.set_known("dual.commit.enabled", "false"), Ok(true));
        assert!(!old.commits_to_zookeeper());
        assert!(
            old.set_known("session.timeout.ms", "9").unwrap_err().contains("zookeeper.session")
        );
        assert!(old.set_known("fetch.wait.max.ms", "x").unwrap_err().starts_with("fetch.wait"));
        assert_eq!(old.set_known("no.such.name", "9"), Ok(false));
        assert!(old.set_known("partition.assignment.strategy", "roundrobin").is_err());
        let mut new = ConsumerConfig::default();
        assert!(new.set_known("auto.commit.enable", "false").unwrap_err().contains("enable.auto"));
        assert!(new.set_known("offsets.storage", "kafka").unwrap_err().contains("0.8"));
        assert_eq!(new.set_known("session.timeout.ms", "9000"), Ok(true));
        assert!(old_names().all(|name| !ConsumerConfig::NAMES.contains(&name)));
    }
}
