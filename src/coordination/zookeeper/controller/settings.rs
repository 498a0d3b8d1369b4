//! The settings of the controller, by Kafka's names; what differs between versions is a row of the era table.

use crate::clock::Duration;
use crate::era::{ControllerRules, Era, IsrPath};

/// What a controller is told when its broker starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where its chance comes from (topic ids).
    pub seed: u64,
    /// By how many microseconds its machine's clock is wrong.
    pub clock_skew_us: i64,
    /// What its version does.
    pub rules: ControllerRules,
    /// Whether leaders ask it to change the ISR (KIP-497), instead of writing the znode.
    pub alter_partition: bool,
    /// `auto.leader.rebalance.enable`.
    pub auto_leader_rebalance_enable: bool,
    /// `leader.imbalance.check.interval.seconds`.
    pub leader_imbalance_check_interval: Duration,
    /// `leader.imbalance.per.broker.percentage`.
    pub leader_imbalance_per_broker_percentage: u32,
    /// `unclean.leader.election.enable`: the default for topics.
    pub unclean_leader_election_enable: bool,
    /// `delete.topic.enable`.
    pub delete_topic_enable: bool,
    /// No controller: the replicas of each partition race for its leadership (`election=per-partition`, the lab's own).
    pub election_per_partition: bool,
    /// `controller.socket.timeout.ms`: how long a broker may take over an order before it is sent again.
    pub controller_socket_timeout: Duration,
}

impl Settings {
    /// Kafka's defaults in this era.
    pub fn of(era: &Era, seed: u64) -> Settings {
        let unclean = era.default_of("unclean.leader.election.enable") == Some("true");
        Settings {
            seed,
            clock_skew_us: 0,
            rules: era.controller,
            alter_partition: era.isr_path == IsrPath::AlterPartition,
            auto_leader_rebalance_enable: true,
            leader_imbalance_check_interval: Duration::from_ms(300_000),
            leader_imbalance_per_broker_percentage: 10,
            unclean_leader_election_enable: unclean,
            delete_topic_enable: era.default_of("delete.topic.enable") == Some("true"),
            election_per_partition: false,
            controller_socket_timeout: Duration::from_ms(30_000),
        }
    }

    /// Without a controller nobody raises `/controller_epoch`, so no write can be fenced by it, and nobody takes an
    /// AlterPartition: leaders write their ISR into the znode, whatever the version.
    pub fn set_election_per_partition(&mut self, on: bool) {
        self.election_per_partition = on;
        if on {
            self.rules.fenced_writes = false;
            self.alter_partition = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_follow_the_version() {
        let settings = |kafka| Settings::of(&crate::era::of(kafka).unwrap(), 7);
        let (old, middle, new) = (settings("0.10.2"), settings("2.1"), settings("3.9"));
        assert!(old.unclean_leader_election_enable && !middle.unclean_leader_election_enable);
        assert!(!old.delete_topic_enable && middle.delete_topic_enable);
        assert!(!middle.alter_partition && new.alter_partition);
        assert_eq!((old.rules.in_flight, middle.rules.in_flight, new.rules.topic_form), (1, 10, 3));
        assert!(!old.rules.fenced_writes && middle.rules.fenced_writes);
    }
}
