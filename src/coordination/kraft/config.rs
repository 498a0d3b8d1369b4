//! The controller's settings, by Kafka's names (`QuorumControllerOptions`, `KRaftConfigs`, `ReplicationConfigs`).

use crate::clock::Duration;
use crate::era::Era;

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
}

impl Default for ControllerConfig {
    fn default() -> ControllerConfig {
        ControllerConfig {
            seed: 0,
            era: Era::default(),
            broker_session_timeout: Duration::from_ms(9_000),
            auto_leader_rebalance_enable: true,
            leader_imbalance_check_interval: Duration::from_ms(300_000),
            metadata_max_idle_interval: Duration::ZERO,
            num_partitions: 1,
            default_replication_factor: 1,
            min_insync_replicas: 1,
            unclean_leader_election_enable: false,
        }
    }
}

impl ControllerConfig {
    /// The names that `set` knows, for completion.
    pub const NAMES: &'static [&'static str] = &[
        "auto.leader.rebalance.enable",
        "broker.session.timeout.ms",
        "default.replication.factor",
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
            _ => return Ok(false),
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
                ["1", "true"].iter().any(|value| config.set(name, value) == Ok(true)),
                "{name}"
            );
        }
        assert_eq!(config.set("no.such", "1"), Ok(false));
        assert!(config.set("num.partitions", "none").unwrap_err().contains("num.partitions=none"));
    }
}
