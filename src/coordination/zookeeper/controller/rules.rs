//! What the controller of a version does and does not do yet, and its settings.
//!
//! ```text
//!   1.1  asks ZooKeeper for many things at once (KAFKA-5642)     2.4  adding and removing replicas (KIP-455)
//!   2.2  writes only while it is the controller (KAFKA-6082)     2.7  leaders ask it to change the ISR (KIP-497)
//!   2.2  knows brokers by the birth of their znode (KIP-380)     2.8  topics have ids (KIP-516)
//!   2.3  removes dead replicas when it takes office (KAFKA-8152) 3.2  leader recovery (KIP-704)
//! ```
//!
//! What always holds: a difference between versions is a field here, and whoever acts on it asks that field.

use crate::clock::Duration;
use crate::era::{Era, IsrPath};

/// What the controller of one version does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How many ZooKeeper requests are under way at once (`zookeeper.max.in.flight.requests`, 1.1; before: one).
    pub in_flight: usize,
    /// Whether a write is refused once another controller took over (KAFKA-6082), and `/controller` and
    /// `/controller_epoch` are written in one transaction.
    pub fenced_writes: bool,
    /// Whether what is under way goes on in a new session (until 1.1 the client retried whatever happened).
    pub survives_expiry: bool,
    /// Whether orders bear the broker's epoch (KIP-380).
    pub broker_epochs: bool,
    /// Whether a new controller moves dead replicas to `Offline`, hence out of their ISRs (KAFKA-8152).
    pub offline_at_start: bool,
    /// Whether an ISR may become empty when its last member dies and unclean election is allowed (until 1.1).
    pub empties_isr: bool,
    /// Whether leaders ask the controller to change the ISR (KIP-497), instead of writing the znode.
    pub alter_partition: bool,
    /// Which form a topic's znode has: 1; 2 since 2.4 (KIP-455); 3 since 2.8 (KIP-516).
    pub topic_form: u8,
    /// Whether it knows leader recovery (KIP-704).
    pub recovery: bool,
    /// Whether StopReplica names the leader's epoch (KIP-570).
    pub stop_epochs: bool,
    /// Whether `/controller` says that no KRaft controller wrote it (KIP-866).
    pub kraft_mark: bool,
    /// The default of `delete.topic.enable`.
    pub deletes_topics: bool,
}

impl Rules {
    /// The rules of an era.
    pub fn of(era: &Era) -> Rules {
        let mut parts = era.kafka.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
        let version = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
        Rules {
            in_flight: if version >= (1, 1) { 10 } else { 1 },
            fenced_writes: era.controller_writes_are_fenced,
            survives_expiry: version < (1, 1),
            broker_epochs: era.broker_epochs,
            offline_at_start: version >= (2, 3),
            empties_isr: version < (1, 1),
            alter_partition: era.isr_path == IsrPath::AlterPartition,
            topic_form: match version {
                v if v >= (2, 8) => 3,
                v if v >= (2, 4) => 2,
                _ => 1,
            },
            recovery: version >= (3, 2),
            stop_epochs: version >= (2, 6),
            kraft_mark: version >= (3, 4),
            deletes_topics: version >= (1, 0),
        }
    }
}

/// What a controller is told when its broker starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where its chance comes from (topic ids).
    pub seed: u64,
    /// What its version does.
    pub rules: Rules,
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
        let rules = Rules::of(era);
        let unclean = era.default_of("unclean.leader.election.enable") == Some("true");
        Settings {
            seed,
            rules,
            auto_leader_rebalance_enable: true,
            leader_imbalance_check_interval: Duration::from_ms(300_000),
            leader_imbalance_per_broker_percentage: 10,
            unclean_leader_election_enable: unclean,
            delete_topic_enable: rules.deletes_topics,
            election_per_partition: false,
            controller_socket_timeout: Duration::from_ms(30_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let rules = |kafka| Rules::of(&crate::era::of(kafka).unwrap());
        let (old, middle, new) = (rules("0.10.2"), rules("2.1"), rules("3.9"));
        assert!(!old.fenced_writes && !middle.fenced_writes && new.fenced_writes);
        assert!(old.empties_isr && !middle.empties_isr && !middle.offline_at_start);
        assert_eq!((old.in_flight, middle.in_flight, new.topic_form), (1, 10, 3));
        let settings = |kafka| Settings::of(&crate::era::of(kafka).unwrap(), 7);
        assert!(settings("0.10.2").unclean_leader_election_enable);
        assert!(!settings("2.1").unclean_leader_election_enable);
    }
}
