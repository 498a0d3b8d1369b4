//! Settings that not every version of Kafka has had, or that count only under one kind of coordination.
//!
//! ```text
//!   cluster kafka=2.1 broker.session.timeout.ms=9000
//!                     └ KRaft's; here ZooKeeper coordinates and zookeeper.session.timeout.ms counts ── refused
//! ```
//!
//! What always holds: a setting that would change nothing is refused with the reason, so that nobody learns from a
//! difference that is not there. What stands in no row here has been known from 0.8.2 to 4.3 in both modes. The rows
//! were held against the names in the class files of 0.8.2.2, 0.9.0.1, 0.10.2.2, 2.1.1, 3.9.1 and 4.3.1. Left out: the
//! settings of clients, since the lab's clients are those of 4.3 in every version.

use super::{Coordination, ERAS, Era, Owner, is_before};

/// When a setting was known, and to whom it means something.
#[derive(Clone, Copy, Debug)]
pub struct Lifetime {
    /// Its name.
    pub name: &'static str,
    /// Whose it is.
    pub owner: Owner,
    /// The first version that knew it.
    pub since: &'static str,
    /// The first version that did not know it any more.
    pub until: Option<&'static str>,
    /// The only coordination under which it counts.
    pub only: Option<Coordination>,
    /// What takes its place where it does not count.
    pub instead: Option<&'static str>,
    /// Where Kafka says so.
    pub source: &'static str,
}

const KRAFT: Option<Coordination> = Some(Coordination::Kraft);
const ZOOKEEPER: Option<Coordination> = Some(Coordination::ZooKeeper);

macro_rules! lifetimes {
    ($($owner:ident $name:literal: $since:literal, $until:expr, $only:expr, $instead:expr; $source:literal;)*) => {
        &[$(Lifetime {
            name: $name,
            owner: Owner::$owner,
            since: $since,
            until: $until,
            only: $only,
            instead: $instead,
            source: $source,
        }),*]
    };
}

/// Every setting of brokers and topics that has not always and everywhere been there.
pub const LIFETIMES: &[Lifetime] = lifetimes! {
    Broker "replica.lag.max.messages": "0.8", Some("0.9"), None, Some("replica.lag.time.max.ms"); "KIP-16";
    Broker "replica.fetch.backoff.ms": "0.9.0", None, None, None; "KAFKA-1461";
    Broker "replica.fetch.response.max.bytes": "0.10.1", None, None, Some("replica.fetch.max.bytes"); "KIP-74";
    Broker "security.inter.broker.protocol": "0.9.0", None, None, None; "KIP-12";
    Broker "compression.type": "0.9.0", None, None, None; "KAFKA-1499";
    Broker "broker.rack": "0.10.0", None, None, None; "KIP-36";
    Broker "inter.broker.protocol.version": "0.9.0", Some("4.0"), None, None; "KIP-778: metadata.version instead";
    Broker "group.min.session.timeout.ms": "0.9.0", None, None, None; "KAFKA-2017";
    Broker "group.max.session.timeout.ms": "0.9.0", None, None, None; "KAFKA-2017";
    Broker "group.initial.rebalance.delay.ms": "0.11", None, None, None; "KIP-134";
    Broker "group.max.size": "2.2", None, None, None; "KIP-389";
    Broker "log.message.format.version": "0.10.0", Some("4.0"), None, None; "KIP-31, KIP-724";
    Broker "log.message.downconversion.enable": "2.0", Some("4.0"), None, None; "KIP-283, KIP-724";
    Broker "producer.id.expiration.ms": "3.4", None, None, None; "KIP-854";
    Broker "producer.id.expiration.check.interval.ms": "3.4", None, None, None; "KIP-854";
    Broker "log.message.timestamp.type": "0.10.0", None, None, None; "KIP-32";
    Broker "log.message.timestamp.after.max.ms": "3.6", None, None, None; "KIP-937";
    Broker "log.message.timestamp.before.max.ms": "3.6", None, None, None; "KIP-937";
    Broker "log.cleaner.min.compaction.lag.ms": "0.10.1", None, None, None; "KIP-58";
    Broker "log.cleaner.max.compaction.lag.ms": "2.3", None, None, None; "KIP-354";
    Broker "election": "0.8", None, ZOOKEEPER, None; "the lab's own: how it would be without a controller";
    Broker "zookeeper.session.timeout.ms": "0.8", Some("4.0"), ZOOKEEPER, Some("broker.session.timeout.ms");
        "KIP-500";
    Broker "zookeeper.max.in.flight.requests": "1.1", Some("4.0"), ZOOKEEPER, None; "KIP-214";
    Broker "controller.socket.timeout.ms": "0.8", None, ZOOKEEPER, None; "class RequestSendThread";
    Broker "leader.imbalance.per.broker.percentage": "0.8", Some("4.0"), ZOOKEEPER, None;
        "KRaft moves every leader back (class ReplicationControlManager)";
    Broker "broker.heartbeat.interval.ms": "2.8", None, KRAFT, Some("zookeeper.session.timeout.ms"); "KIP-631";
    Broker "broker.session.timeout.ms": "2.8", None, KRAFT, Some("zookeeper.session.timeout.ms"); "KIP-631";
    Broker "controller.quorum.election.backoff.max.ms": "2.8", None, KRAFT, None; "KIP-595";
    Broker "controller.quorum.election.timeout.ms": "2.8", None, KRAFT, None; "KIP-595";
    Broker "controller.quorum.fetch.timeout.ms": "2.8", None, KRAFT, None; "KIP-595";
    Broker "controller.quorum.request.timeout.ms": "2.8", None, KRAFT, None; "KIP-595";
    Broker "controller.quorum.retry.backoff.ms": "2.8", None, KRAFT, None; "KIP-595";
    Broker "metadata.log.max.record.bytes.between.snapshots": "3.0", None, KRAFT, None; "KIP-630";
    Broker "metadata.log.max.snapshot.interval.ms": "3.4", None, KRAFT, None; "KIP-876";
    Broker "metadata.log.segment.bytes": "3.0", None, KRAFT, None; "KIP-630";
    Broker "metadata.max.idle.interval.ms": "3.3", None, KRAFT, None; "KIP-835";
    Broker "metadata.max.retention.bytes": "3.0", None, KRAFT, None; "KIP-630";
    Broker "metadata.max.retention.ms": "3.0", None, KRAFT, None; "KIP-630";
    Topic "compression.type": "0.9.0", None, None, None; "KAFKA-1499";
    Topic "compression.gzip.level": "3.8", None, None, None; "KIP-390";
    Topic "compression.lz4.level": "3.8", None, None, None; "KIP-390";
    Topic "compression.zstd.level": "3.8", None, None, None; "KIP-390";
    Topic "max.compaction.lag.ms": "2.3", None, None, None; "KIP-354";
    Topic "min.compaction.lag.ms": "0.10.1", None, None, None; "KIP-58";
    Topic "message.downconversion.enable": "2.0", Some("4.0"), None, None; "KIP-283, KIP-724";
    Topic "message.format.version": "0.10.0", Some("4.0"), None, None; "KIP-31, KIP-724";
    Topic "message.timestamp.after.max.ms": "3.6", None, None, Some("message.timestamp.difference.max.ms"); "KIP-937";
    Topic "message.timestamp.before.max.ms": "3.6", None, None, Some("message.timestamp.difference.max.ms"); "KIP-937";
    Topic "message.timestamp.difference.max.ms":
        "0.10.0", Some("4.0"), None, Some("message.timestamp.after.max.ms"); "KIP-32, KIP-937";
    Topic "message.timestamp.type": "0.10.0", None, None, None; "KIP-32";
};

impl Lifetime {
    /// Whether a version knows it. Where KRaft stands in for an older version's coordination, its settings count too.
    fn is_known(&self, era: &Era) -> bool {
        !is_before(era.kafka, self.since)
            && self.until.is_none_or(|until| is_before(era.kafka, until))
    }
}

/// The row of a setting; `None`: known everywhere, or nowhere.
pub fn lifetime(owner: Owner, name: &str) -> Option<&'static Lifetime> {
    LIFETIMES.iter().find(|life| life.owner == owner && life.name == name)
}

/// Whether a version knows a setting, whoever coordinates.
pub fn is_known(owner: Owner, name: &str, era: &Era) -> bool {
    lifetime(owner, name).is_none_or(|life| life.is_known(era))
}

/// Why a setting would change nothing in a cluster of that version, and what to do; `Ok`: it counts.
pub fn counts(
    owner: Owner,
    name: &str,
    era: &Era,
    coordination: Coordination,
) -> Result<(), String> {
    let Some(life) = lifetime(owner, name) else { return Ok(()) };
    let kafka = era.kafka;
    let instead = life.instead.filter(|instead| {
        lifetime(owner, instead).is_none_or(|other| {
            other.is_known(era) && other.only.is_none_or(|only| only == coordination)
        })
    });
    let instead = instead.map_or("leave it out".to_owned(), |name| format!("use {name}"));
    let known_in = || {
        let row = ERAS.iter().rev().find(|row| life.is_known(row));
        row.map_or(String::new(), |row| format!(", or take kafka={}", row.kafka))
    };
    match life.only {
        Some(only) if only != coordination => {
            let (whose, here) = match only {
                Coordination::Kraft => ("KRaft", "ZooKeeper"),
                Coordination::ZooKeeper => ("ZooKeeper", "KRaft"),
            };
            return Err(format!(
                "{name} counts where {whose} coordinates ({}); in this cluster of kafka {kafka} {here} does: {instead}",
                life.source
            ));
        }
        // KRaft in an older version is today's, standing in.
        Some(Coordination::Kraft) => return Ok(()),
        _ => {}
    }
    if life.is_known(era) {
        return Ok(());
    }
    let gone = life.until.filter(|until| !is_before(kafka, until));
    Err(match gone {
        Some(until) => format!(
            "{name} is gone since Kafka {until} ({}), and this is kafka {kafka}: {instead}{}",
            life.source,
            known_in()
        ),
        None => format!(
            "{name} is known since Kafka {} ({}), and this is kafka {kafka}: {instead}{}",
            life.since,
            life.source,
            known_in()
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::era;

    #[test]
    fn what_would_change_nothing_is_refused_with_reason_and_advice() {
        let told = |kafka: &str, coordination, name: &str| {
            counts(Owner::Broker, name, &era::of(kafka).unwrap(), coordination)
        };
        let (zookeeper, kraft) = (Coordination::ZooKeeper, Coordination::Kraft);
        let why = told("2.1", zookeeper, "broker.session.timeout.ms").unwrap_err();
        assert!(why.contains("KRaft coordinates (KIP-631)"), "{why}");
        assert!(why.ends_with("use zookeeper.session.timeout.ms"), "{why}");
        let why = told("4.3", kraft, "zookeeper.session.timeout.ms").unwrap_err();
        assert!(why.ends_with("use broker.session.timeout.ms"), "{why}");
        let why = told("4.3", kraft, "replica.lag.max.messages").unwrap_err();
        assert!(why.contains("gone since Kafka 0.9") && why.contains("kafka=0.8.2"), "{why}");
        let why = told("0.8.2", zookeeper, "broker.rack").unwrap_err();
        assert!(why.contains("known since Kafka 0.10.0") && why.contains("kafka=4.3"), "{why}");
        assert_eq!(told("2.1", kraft, "broker.session.timeout.ms"), Ok(()));
        assert_eq!(told("0.8.2", zookeeper, "replica.lag.max.messages"), Ok(()));
        assert_eq!(told("4.3", kraft, "num.partitions"), Ok(()));
    }

    #[test]
    fn each_stands_once_counts_somewhere_and_agrees_with_the_defaults() {
        for (at, life) in LIFETIMES.iter().enumerate() {
            let twice = |other: &Lifetime| other.name == life.name && other.owner == life.owner;
            assert!(!LIFETIMES[at + 1..].iter().any(twice), "{} stands twice", life.name);
            let both = [Coordination::ZooKeeper, Coordination::Kraft];
            let somewhere = ERAS
                .iter()
                .any(|era| both.iter().any(|it| counts(life.owner, life.name, era, *it).is_ok()));
            assert!(somewhere, "{} counts nowhere", life.name);
            for era in ERAS {
                let changed = era::CHANGED_DEFAULTS.iter().find(|it| it.name == life.name);
                if let Some(changed) = changed.filter(|it| it.owner == life.owner) {
                    assert_eq!(changed.of(era).is_some(), life.is_known(era), "{}", life.name);
                }
            }
        }
    }
}
