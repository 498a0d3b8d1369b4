//! The names of Kafka's settings that a script may give, by who takes them.
//!
//! Names only: what a value may be, and what it is by default, is known where the setting is used. A name that no list
//! holds is a slip and is refused before anything runs, with the nearest one that exists.

/// Whose settings a command takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// None.
    Nobody,
    /// A broker's, given on `cluster`.
    Broker,
    /// A topic's.
    Topic,
    /// A producer's.
    Producer,
    /// A consumer's.
    Consumer,
    /// `T-P=N`, as in `txn offsets`.
    Offsets,
}

impl Scope {
    /// The names.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Scope::Nobody | Scope::Offsets => &[],
            Scope::Broker => BROKER,
            Scope::Topic => TOPIC,
            Scope::Producer => PRODUCER,
            Scope::Consumer => CONSUMER,
        }
    }
    /// Names of Kafka's that the lab does not model.
    pub fn unmodelled(self) -> &'static [&'static str] {
        UNMODELLED.iter().find(|(scope, _)| *scope == self).map_or(&[], |(_, names)| *names)
    }
    /// What it is called in a message.
    pub fn noun(self) -> &'static str {
        match self {
            Scope::Nobody | Scope::Offsets => "key",
            Scope::Broker => "broker setting",
            Scope::Topic => "topic setting",
            Scope::Producer => "producer setting",
            Scope::Consumer => "consumer setting",
        }
    }
}

const TOPIC: &[&str] = &[
    "cleanup.policy",
    "compression.gzip.level",
    "compression.lz4.level",
    "compression.type",
    "compression.zstd.level",
    "delete.retention.ms",
    "file.delete.delay.ms",
    "flush.messages",
    "flush.ms",
    "index.interval.bytes",
    "max.compaction.lag.ms",
    "max.message.bytes",
    "message.downconversion.enable",
    "message.format.version",
    "message.timestamp.after.max.ms",
    "message.timestamp.before.max.ms",
    "message.timestamp.difference.max.ms",
    "message.timestamp.type",
    "min.cleanable.dirty.ratio",
    "min.compaction.lag.ms",
    "min.insync.replicas",
    "retention.bytes",
    "retention.ms",
    "segment.bytes",
    "segment.index.bytes",
    "segment.jitter.ms",
    "segment.ms",
    "unclean.leader.election.enable",
];

const BROKER: &[&str] = &[
    "auto.create.topics.enable",
    "auto.leader.rebalance.enable",
    "broker.heartbeat.interval.ms",
    "broker.rack",
    "broker.session.timeout.ms",
    "compression.type",
    "controller.quorum.election.backoff.max.ms",
    "controller.quorum.election.timeout.ms",
    "controller.quorum.fetch.timeout.ms",
    "controller.quorum.request.timeout.ms",
    "controller.quorum.retry.backoff.ms",
    "controller.socket.timeout.ms",
    "default.replication.factor",
    "delete.topic.enable",
    "election",
    "group.initial.rebalance.delay.ms",
    "group.max.session.timeout.ms",
    "group.max.size",
    "group.min.session.timeout.ms",
    "inter.broker.protocol.version",
    "leader.imbalance.check.interval.seconds",
    "leader.imbalance.per.broker.percentage",
    "log.cleaner.backoff.ms",
    "log.cleaner.delete.retention.ms",
    "log.cleaner.max.compaction.lag.ms",
    "log.cleaner.min.cleanable.ratio",
    "log.cleaner.min.compaction.lag.ms",
    "log.cleanup.policy",
    "log.flush.interval.messages",
    "log.flush.interval.ms",
    "log.flush.scheduler.interval.ms",
    "log.index.interval.bytes",
    "log.index.size.max.bytes",
    "log.message.downconversion.enable",
    "log.message.format.version",
    "log.message.timestamp.after.max.ms",
    "log.message.timestamp.before.max.ms",
    "log.message.timestamp.type",
    "log.retention.bytes",
    "log.retention.check.interval.ms",
    "log.retention.hours",
    "log.retention.minutes",
    "log.retention.ms",
    "log.roll.hours",
    "log.roll.jitter.ms",
    "log.roll.ms",
    "log.segment.bytes",
    "log.segment.delete.delay.ms",
    "message.max.bytes",
    "metadata.log.max.record.bytes.between.snapshots",
    "metadata.log.max.snapshot.interval.ms",
    "metadata.log.segment.bytes",
    "metadata.max.idle.interval.ms",
    "metadata.max.retention.bytes",
    "metadata.max.retention.ms",
    "min.insync.replicas",
    "num.partitions",
    "offsets.topic.num.partitions",
    "offsets.topic.replication.factor",
    "producer.id.expiration.check.interval.ms",
    "producer.id.expiration.ms",
    "replica.fetch.backoff.ms",
    "replica.fetch.max.bytes",
    "replica.fetch.min.bytes",
    "replica.fetch.response.max.bytes",
    "replica.fetch.wait.max.ms",
    "replica.high.watermark.checkpoint.interval.ms",
    "replica.lag.max.messages",
    "replica.lag.time.max.ms",
    "replica.socket.timeout.ms",
    "security.inter.broker.protocol",
    "unclean.leader.election.enable",
    "zookeeper.max.in.flight.requests",
    "zookeeper.session.timeout.ms",
];

const PRODUCER: &[&str] = &[
    "acks",
    "batch.size",
    "buffer.memory",
    "compression.gzip.level",
    "compression.lz4.level",
    "compression.type",
    "compression.zstd.level",
    "delivery.timeout.ms",
    "enable.idempotence",
    "linger.ms",
    "max.block.ms",
    "max.in.flight.requests.per.connection",
    "max.request.size",
    "metadata.max.age.ms",
    "partitioner.class",
    "request.timeout.ms",
    "retries",
    "retry.backoff.max.ms",
    "retry.backoff.ms",
    "transaction.timeout.ms",
    "transactional.id",
];

const CONSUMER: &[&str] = &[
    "allow.auto.create.topics",
    "auto.commit.enable",
    "auto.commit.interval.ms",
    "auto.offset.reset",
    "check.crcs",
    "consumer.id",
    "default.api.timeout.ms",
    "dual.commit.enabled",
    "enable.auto.commit",
    "fetch.max.bytes",
    "fetch.max.wait.ms",
    "fetch.message.max.bytes",
    "fetch.min.bytes",
    "fetch.wait.max.ms",
    "group.instance.id",
    "group.protocol",
    "group.remote.assignor",
    "heartbeat.interval.ms",
    "isolation.level",
    "max.partition.fetch.bytes",
    "max.poll.interval.ms",
    "max.poll.records",
    "metadata.max.age.ms",
    "offsets.storage",
    "partition.assignment.strategy",
    "rebalance.backoff.ms",
    "rebalance.max.retries",
    "refresh.leader.backoff.ms",
    "request.timeout.ms",
    "retry.backoff.ms",
    "session.timeout.ms",
    "socket.timeout.ms",
    "watch.brokers",
    "zookeeper.session.timeout.ms",
    "zookeeper.sync.time.ms",
];

/// What Kafka knows and the lab does not model: refused with that reason, so that nobody waits for its effect.
const UNMODELLED: &[(Scope, &[&str])] = &[
    (
        Scope::Broker,
        &[
            "background.threads",
            "controlled.shutdown.enable",
            "controlled.shutdown.max.retries",
            "controlled.shutdown.retry.backoff.ms",
            "eligible.leader.replicas.enable",
            "fetch.max.bytes",
            "group.consumer.heartbeat.interval.ms",
            "group.consumer.session.timeout.ms",
            "initial.broker.registration.timeout.ms",
            "listeners",
            "log.cleaner.enable",
            "log.cleaner.threads",
            "log.flush.offset.checkpoint.interval.ms",
            "log.initial.task.delay.ms",
            "max.connections",
            "max.connections.per.ip",
            "num.io.threads",
            "num.network.threads",
            "num.recovery.threads.per.data.dir",
            "num.replica.fetchers",
            "offset.metadata.max.bytes",
            "offsets.commit.required.acks",
            "offsets.commit.timeout.ms",
            "offsets.retention.check.interval.ms",
            "offsets.retention.minutes",
            "offsets.topic.segment.bytes",
            "queued.max.requests",
            "replica.selector.class",
            "request.timeout.ms",
            "transaction.max.timeout.ms",
            "transaction.state.log.min.isr",
            "transaction.state.log.num.partitions",
            "transaction.state.log.replication.factor",
            "transactional.id.expiration.ms",
            "unclean.leader.election.interval.ms",
            "zookeeper.connection.timeout.ms",
        ],
    ),
    (Scope::Topic, &["preallocate"]),
    (
        Scope::Producer,
        &["client.id", "partitioner.adaptive.partitioning.enable", "partitioner.ignore.keys"],
    ),
    (Scope::Consumer, &["client.id", "client.rack"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{ConsumerConfig, ProducerConfig};
    use crate::cluster::ClusterSpec;
    use crate::era::{self, ERAS, Owner};
    use crate::storage::LogConfig;

    /// Values of all kinds: each setting takes one of them.
    const SAMPLES: [&str; 10] = [
        "1000",
        "true",
        "0.5",
        "CreateTime",
        "delete",
        "SSL",
        "gzip",
        "0.10.0",
        "0.8.2",
        "controller",
    ];

    #[test]
    fn lists_are_sorted_and_hold_no_name_twice() {
        for scope in [Scope::Broker, Scope::Topic, Scope::Producer, Scope::Consumer] {
            for names in [scope.names(), scope.unmodelled()] {
                assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "{scope:?}");
            }
            assert!(!scope.unmodelled().iter().any(|name| scope.names().contains(name)));
        }
    }

    /// Every setting in every version: it is taken, or refused with a sentence that names it and says what to do.
    #[test]
    fn no_setting_of_brokers_is_taken_and_ignored() {
        for era in ERAS {
            for &coordination in era.coordination {
                for &name in Scope::Broker.names() {
                    let spec = |value: &str| ClusterSpec {
                        kafka: era.kafka.to_owned(),
                        coordination: Some(coordination),
                        configs: vec![(name.to_owned(), value.to_owned())],
                        ..ClusterSpec::default()
                    };
                    let told = SAMPLES.map(|value| spec(value).broker_config().err());
                    let counts = era::setting::counts(Owner::Broker, name, era, coordination);
                    let place = format!("{name}, kafka {}, {coordination}", era.kafka);
                    match counts {
                        Ok(()) => assert!(told.contains(&None), "{place}: {told:?}"),
                        Err(why) => {
                            assert!(why.starts_with(name), "{place}: {why}");
                            assert!(
                                why.contains("leave it out") || why.contains("use "),
                                "{place}: {why}"
                            );
                            assert!(told.iter().all(|told| told.as_ref() == Some(&why)), "{place}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn every_name_is_taken_by_whom_it_belongs_to() {
        let (log, producer) = (LogConfig::default(), ProducerConfig::default());
        let takes = |scope: Scope, name: &str, value: &str| match scope {
            // 4.3 knows these no more; the versions that do are tried too.
            Scope::Topic => ERAS
                .iter()
                .any(|era| LogConfig { era: *era, ..log.clone() }.set(name, value) != Ok(false)),
            Scope::Producer => producer.clone().set(name, value) != Ok(false),
            _ => ConsumerConfig::default().set_known(name, value) != Ok(false),
        };
        // Told by `capability`: they belong to transactions and to the new group protocol.
        let later = ["transaction.timeout.ms", "transactional.id", "group.remote.assignor"];
        for scope in [Scope::Topic, Scope::Producer, Scope::Consumer] {
            for name in scope.names().iter().filter(|name| !later.contains(name)) {
                assert!(takes(scope, name, "1"), "{name} is in the list and nobody takes it");
            }
            for name in scope.unmodelled() {
                assert!(!takes(scope, name, "1"), "{name} is taken: move it to the other list");
            }
        }
    }
}
