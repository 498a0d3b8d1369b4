//! The controller's settings, by Kafka's names (`QuorumControllerOptions`, `KRaftConfigs`, `ReplicationConfigs`).

use crate::clock::Duration;
use crate::era::Era;
use crate::types::NodeId;

/// What a controller is told when it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControllerConfig {
    /// Where its chance comes from (topic ids, placement).
    pub seed: u64,
    /// The version, whose topics know some settings and not others.
    pub era: Era,
    /// `broker.session.timeout.ms`: a broker that is silent for longer is fenced.
    pub broker_session_timeout: Duration,
    /// `auto.leader.rebalance.enable`.
    pub auto_leader_rebalance_enable: bool,
    /// `delete.topic.enable`.
    pub delete_topic_enable: bool,
    /// `leader.imbalance.check.interval.seconds`.
    pub leader_imbalance_check_interval: Duration,
    /// `metadata.max.idle.interval.ms`; zero: no no-op records. Kafka's default is 500 ms; the lab's is zero (ledger).
    pub metadata_max_idle_interval: Duration,
    /// `num.partitions`.
    pub num_partitions: u32,
    /// `default.replication.factor`.
    pub default_replication_factor: u32,
    /// `min.insync.replicas`: becomes the cluster's default when the metadata log is new.
    pub min_insync_replicas: u32,
    /// `unclean.leader.election.enable`.
    pub unclean_leader_election_enable: bool,
    /// Who may vote; empty: this controller alone.
    pub voters: Vec<NodeId>,
    /// Tells one start of the process from the next.
    pub start_ordinal: u64,
    /// `controller.quorum.election.timeout.ms`.
    pub quorum_election_timeout: Duration,
    /// `controller.quorum.fetch.timeout.ms`.
    pub quorum_fetch_timeout: Duration,
    /// `controller.quorum.request.timeout.ms`.
    pub quorum_request_timeout: Duration,
    /// `controller.quorum.election.backoff.max.ms`.
    pub quorum_election_backoff_max: Duration,
    /// `controller.quorum.retry.backoff.ms`. Kafka's default is 20 ms; the lab's is 200 ms (ledger).
    pub quorum_retry_backoff: Duration,
    /// When a snapshot is taken, and when old ones go.
    pub snapshots: SnapshotConfig,
}

/// When a node takes a snapshot of the metadata log, and what it keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotConfig {
    /// `metadata.log.max.record.bytes.between.snapshots`.
    pub max_bytes: u64,
    /// `metadata.log.max.snapshot.interval.ms`; zero: never for its age.
    pub max_interval: Duration,
    /// `metadata.max.retention.bytes`; negative: any size.
    pub retention_bytes: i64,
    /// `metadata.max.retention.ms`; negative: any age.
    pub retention_ms: i64,
    /// `metadata.log.segment.bytes`.
    pub segment_bytes: u64,
}

impl Default for SnapshotConfig {
    fn default() -> SnapshotConfig {
        SnapshotConfig {
            max_bytes: 20 << 20,
            max_interval: Duration::from_ms(3_600_000),
            retention_bytes: 100 << 20,
            retention_ms: 7 * 24 * 3_600_000,
            segment_bytes: 1 << 30,
        }
    }
}

impl SnapshotConfig {
    /// The names that `set` knows.
    pub const NAMES: &'static [&'static str] = &[
        "metadata.log.max.record.bytes.between.snapshots",
        "metadata.log.max.snapshot.interval.ms",
        "metadata.log.segment.bytes",
        "metadata.max.retention.bytes",
        "metadata.max.retention.ms",
    ];

    /// Sets one setting by Kafka's name. `Ok(false)`: no such name here. `Err`: the value, and what is allowed.
    pub fn set(&mut self, name: &str, value: &str) -> Result<bool, String> {
        if !SnapshotConfig::NAMES.contains(&name) {
            return Ok(false);
        }
        let number = match value.parse::<i64>() {
            Ok(number) if number >= -1 => number,
            _ => return Err(format!("{name}={value}: a whole number from -1 on is needed")),
        };
        match name {
            "metadata.log.max.record.bytes.between.snapshots" => {
                self.max_bytes = number.max(1) as u64;
            }
            "metadata.log.max.snapshot.interval.ms" => {
                self.max_interval = Duration::from_ms(number.max(0) as u64);
            }
            // Kafka wants 8 MiB at least; the lab takes less, so that a segment ends within a lesson (ledger).
            "metadata.log.segment.bytes" => self.segment_bytes = number.clamp(1024, 1 << 30) as u64,
            "metadata.max.retention.bytes" => self.retention_bytes = number,
            _ => self.retention_ms = number,
        }
        Ok(true)
    }
}

impl Default for ControllerConfig {
    fn default() -> ControllerConfig {
        ControllerConfig {
            seed: 0,
            era: Era::default(),
            broker_session_timeout: Duration::from_ms(9_000),
            auto_leader_rebalance_enable: true,
            delete_topic_enable: true,
            leader_imbalance_check_interval: Duration::from_ms(300_000),
            metadata_max_idle_interval: Duration::ZERO,
            num_partitions: 1,
            default_replication_factor: 1,
            min_insync_replicas: 1,
            unclean_leader_election_enable: false,
            voters: Vec::new(),
            start_ordinal: 0,
            quorum_election_timeout: Duration::from_ms(1_000),
            quorum_fetch_timeout: Duration::from_ms(2_000),
            quorum_request_timeout: Duration::from_ms(2_000),
            quorum_election_backoff_max: Duration::from_ms(1_000),
            quorum_retry_backoff: Duration::from_ms(200),
            snapshots: SnapshotConfig::default(),
        }
    }
}

impl ControllerConfig {
    /// The names that `set` knows, for completion.
    pub const NAMES: &'static [&'static str] = &[
        "auto.leader.rebalance.enable",
        "broker.session.timeout.ms",
        "controller.quorum.election.backoff.max.ms",
        "controller.quorum.election.timeout.ms",
        "controller.quorum.fetch.timeout.ms",
        "controller.quorum.request.timeout.ms",
        "controller.quorum.retry.backoff.ms",
        "default.replication.factor",
        "delete.topic.enable",
        "leader.imbalance.check.interval.seconds",
        "leader.imbalance.per.broker.percentage",
        "metadata.max.idle.interval.ms",
        "min.insync.replicas",
        "num.partitions",
        "unclean.leader.election.enable",
    ];

    /// Sets one setting by Kafka's name. `Ok(false)`: no such name here. `Err`: the value, and what is allowed.
    pub fn set(&mut self, name: &str, value: &str) -> Result<bool, String> {
        let number = |least: u64| match value.parse::<u64>() {
            Ok(number) if (least..=i32::MAX as u64).contains(&number) => Ok(number),
            _ => Err(format!(
                "{name}={value}: a whole number from {least} to {} is needed",
                i32::MAX
            )),
        };
        let switch = || match value {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(format!("{name}={value}: true or false is needed")),
        };
        match name {
            "broker.session.timeout.ms" => {
                self.broker_session_timeout = Duration::from_ms(number(1)?);
            }
            "auto.leader.rebalance.enable" => self.auto_leader_rebalance_enable = switch()?,
            "delete.topic.enable" => self.delete_topic_enable = switch()?,
            "leader.imbalance.check.interval.seconds" => {
                self.leader_imbalance_check_interval = Duration::from_ms(number(1)? * 1000);
            }
            // KRaft balances every partition and asks for no percentage (`maybeBalancePartitionLeaders`).
            "leader.imbalance.per.broker.percentage" => {
                number(0)?;
            }
            "metadata.max.idle.interval.ms" => {
                self.metadata_max_idle_interval = Duration::from_ms(number(0)?);
            }
            "num.partitions" => self.num_partitions = number(1)? as u32,
            "default.replication.factor" => self.default_replication_factor = number(1)? as u32,
            "min.insync.replicas" => self.min_insync_replicas = number(1)? as u32,
            "unclean.leader.election.enable" => self.unclean_leader_election_enable = switch()?,
            "controller.quorum.election.timeout.ms" => {
                self.quorum_election_timeout = Duration::from_ms(number(1)?);
            }
            "controller.quorum.fetch.timeout.ms" => {
                self.quorum_fetch_timeout = Duration::from_ms(number(2)?);
            }
            "controller.quorum.request.timeout.ms" => {
                self.quorum_request_timeout = Duration::from_ms(number(1)?);
            }
            "controller.quorum.election.backoff.max.ms" => {
                self.quorum_election_backoff_max = Duration::from_ms(number(1)?);
            }
            "controller.quorum.retry.backoff.ms" => {
                self.quorum_retry_backoff = Duration::from_ms(number(1)?);
            }
            _ => return self.snapshots.set(name, value),
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_known_and_a_bad_value_says_what_is_needed() {
        let mut config = ControllerConfig::default();
        for name in ControllerConfig::NAMES {
            assert!(
                ["2", "true"].iter().any(|value| config.set(name, value) == Ok(true)),
                "{name}"
            );
        }
        assert_eq!(config.set("no.such", "1"), Ok(false));
        assert!(config.set("num.partitions", "none").unwrap_err().contains("num.partitions=none"));
    }
}
