//! A broker's settings, by Kafka's names and with the defaults of its version (4.3's, unless the era table has others).

use crate::clock::Duration;
use crate::coordination::kraft::SnapshotConfig;
use crate::era::{CHANGED_DEFAULTS, Era, IsrPath, Owner, Truncation, is_before};
use crate::replica::LagLimits;
use crate::storage::LogConfig;
use crate::types::NodeId;
use std::sync::Arc;

/// Settings of one broker.
#[derive(Clone, Debug)]
pub struct Config {
    /// `replica.lag.time.max.ms`: how long a follower may be behind.
    pub replica_lag_time_max: Duration,
    /// `replica.lag.max.messages`: how many messages a follower may be behind, in 0.8.
    pub replica_lag_max_messages: i64,
    /// `inter.broker.protocol.version`: brokers speak, and cut logs, as those of that version did.
    pub inter_broker_protocol: Option<String>,
    /// `replica.fetch.wait.max.ms`: how long a leader may hold a follower's fetch.
    pub replica_fetch_wait_max_ms: u32,
    /// `replica.fetch.min.bytes`.
    pub replica_fetch_min_bytes: u32,
    /// `replica.fetch.max.bytes`: for one partition.
    pub replica_fetch_max_bytes: u32,
    /// `replica.fetch.response.max.bytes`: for one answer.
    pub replica_fetch_response_max_bytes: u32,
    /// `replica.fetch.backoff.ms`: wait after an error.
    pub replica_fetch_backoff: Duration,
    /// `replica.socket.timeout.ms`: a fetch without answer.
    pub replica_socket_timeout: Duration,
    /// `replica.high.watermark.checkpoint.interval.ms`.
    pub checkpoint_interval: Duration,
    /// `broker.heartbeat.interval.ms`.
    pub heartbeat_interval: Duration,
    /// `broker.session.timeout.ms` (the controller's to enforce).
    pub session_timeout: Duration,
    /// `controller.quorum.request.timeout.ms` and other requests to the controller.
    pub request_timeout: Duration,
    /// `auto.create.topics.enable`.
    pub auto_create_topics: bool,
    /// `num.partitions`.
    pub num_partitions: i32,
    /// `default.replication.factor`.
    pub default_replication_factor: i32,
    /// `offsets.topic.num.partitions`.
    pub offsets_topic_partitions: i32,
    /// `offsets.topic.replication.factor`: at most the number of brokers here.
    pub offsets_topic_replication_factor: i32,
    /// `group.initial.rebalance.delay.ms`.
    pub group_initial_rebalance_delay_ms: u32,
    /// `security.inter.broker.protocol=SSL`: connections are encrypted, clients' too (one listener).
    pub is_ssl: bool,
    /// `log.retention.check.interval.ms`.
    pub retention_check_interval: Duration,
    /// `log.flush.scheduler.interval.ms`: how often logs are looked at for `flush.ms`; nothing: never.
    pub log_flush_interval: Option<Duration>,
    /// `producer.id.expiration.check.interval.ms`.
    pub producer_check_interval: Duration,
    /// `log.cleaner.backoff.ms`.
    pub log_cleaner_backoff: Duration,
    /// Snapshots of the metadata log.
    pub snapshots: SnapshotConfig,
    /// Settings of logs unless the topic says otherwise.
    pub log: LogConfig,
    /// Everything that was set by name, for those who read it: the controller, the group coordinator, `show`.
    pub given: Vec<(String, String)>,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            replica_lag_time_max: Duration::from_ms(30_000),
            replica_lag_max_messages: 4_000,
            inter_broker_protocol: None,
            replica_fetch_wait_max_ms: 500,
            replica_fetch_min_bytes: 1,
            replica_fetch_max_bytes: 1_048_576,
            replica_fetch_response_max_bytes: 10_485_760,
            replica_fetch_backoff: Duration::from_ms(1_000),
            replica_socket_timeout: Duration::from_ms(30_000),
            checkpoint_interval: Duration::from_ms(5_000),
            heartbeat_interval: Duration::from_ms(2_000),
            session_timeout: Duration::from_ms(9_000),
            request_timeout: Duration::from_ms(2_000),
            auto_create_topics: true,
            num_partitions: 1,
            default_replication_factor: 1,
            offsets_topic_partitions: 50,
            offsets_topic_replication_factor: 3,
            group_initial_rebalance_delay_ms: 3_000,
            is_ssl: false,
            retention_check_interval: Duration::from_ms(300_000),
            log_flush_interval: None,
            producer_check_interval: Duration::from_ms(600_000),
            log_cleaner_backoff: Duration::from_ms(15_000),
            snapshots: SnapshotConfig::default(),
            log: LogConfig::default(),
            given: Vec::new(),
        }
    }
}

/// Numbers that a broker hands on to its parts, which read them by name.
const OTHERS: &[&str] = &[
    "leader.imbalance.check.interval.seconds",
    "leader.imbalance.per.broker.percentage",
    "metadata.max.idle.interval.ms",
    "group.min.session.timeout.ms",
    "group.max.session.timeout.ms",
    "group.max.size",
    "controller.quorum.election.backoff.max.ms",
    "controller.quorum.election.timeout.ms",
    "controller.quorum.fetch.timeout.ms",
    "controller.quorum.retry.backoff.ms",
    "zookeeper.session.timeout.ms",
    "zookeeper.max.in.flight.requests",
    "controller.socket.timeout.ms",
];

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| match value.parse::<i128>() {
        Ok(0..) if size_of::<T>() <= 4 => {
            format!("{name}={value} is too large: at most {} is taken", i32::MAX)
        }
        Ok(0..) => format!("{name}={value} is too large: at most {} is taken", i64::MAX),
        Ok(_) => format!("{name}={value} is too small: 0 is the least"),
        Err(_) => format!("{name} wants a whole number, not '{value}'"),
    })
}

fn milliseconds(name: &str, value: &str) -> Result<Duration, String> {
    number::<u64>(name, value).map(Duration::from_ms)
}

fn switch(name: &str, value: &str) -> Result<bool, String> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(format!("{name} is true or false, not '{value}'")),
    }
}

/// Broker-wide names of topic settings (class `ServerTopicConfigSynonyms`).
fn topic_synonym(name: &str) -> Option<&str> {
    match name {
        "log.index.size.max.bytes" => Some("segment.index.bytes"),
        "log.roll.ms" => Some("segment.ms"),
        "log.segment.delete.delay.ms" => Some("file.delete.delay.ms"),
        "log.flush.interval.messages" => Some("flush.messages"),
        "log.flush.interval.ms" => Some("flush.ms"),
        "log.roll.jitter.ms" => Some("segment.jitter.ms"),
        "log.cleaner.delete.retention.ms" => Some("delete.retention.ms"),
        "log.cleaner.min.cleanable.ratio" => Some("min.cleanable.dirty.ratio"),
        "log.cleaner.min.compaction.lag.ms" => Some("min.compaction.lag.ms"),
        "log.cleaner.max.compaction.lag.ms" => Some("max.compaction.lag.ms"),
        "log.message.timestamp.type" => Some("message.timestamp.type"),
        "min.insync.replicas" | "unclean.leader.election.enable" => Some(name),
        "message.max.bytes" => Some("max.message.bytes"),
        "compression.type" => Some(name),
        _ => {
            let rest = name.strip_prefix("log.")?;
            let known =
                ["segment.bytes", "index.interval.bytes", "retention.ms", "retention.bytes"];
            let more = [
                "cleanup.policy",
                "segment.ms",
                "message.downconversion.enable",
                "message.format.version",
                "message.timestamp.after.max.ms",
                "message.timestamp.before.max.ms",
            ];
            (known.contains(&rest) || more.contains(&rest)).then_some(rest)
        }
    }
}

impl Config {
    /// The defaults of a version.
    pub fn of(era: Era) -> Config {
        let mut config = Config { log: LogConfig::of(era), ..Config::default() };
        for changed in CHANGED_DEFAULTS.iter().filter(|changed| changed.owner == Owner::Broker) {
            if let Some(value) = changed.of(&era) {
                // Some are there for readers of the table only; nothing in the lab depends on them.
                let taken = config.set(changed.name, value);
                assert!(taken.is_ok(), "{}: {taken:?}", changed.name);
            }
        }
        if is_before(era.kafka, "3.4") {
            // Forgotten when their transactional ids are: transactional.id.expiration.ms (KIP-854).
            config.log.producer_id_expiration_ms = 7 * 24 * 60 * 60 * 1000;
        }
        if era.default_of("group.initial.rebalance.delay.ms").is_none() {
            config.group_initial_rebalance_delay_ms = 0;
        }
        config.given.clear();
        config
    }

    /// The rules of this version.
    pub fn era(&self) -> &Era {
        &self.log.era
    }

    /// The version as which brokers speak to each other (`inter.broker.protocol.version`; 4.0 knows it no more).
    fn spoken(&self) -> &str {
        match &self.inter_broker_protocol {
            Some(version) if is_before(self.era().kafka, "4.0") => version,
            _ => self.era().kafka,
        }
    }

    /// How a new follower finds where its log leaves the leader's (class `ReplicaFetcherThread`).
    pub fn truncation(&self) -> Truncation {
        let spoken = self.spoken();
        match self.era().truncation {
            Truncation::HighWatermark => Truncation::HighWatermark,
            _ if is_before(spoken, "0.11") => Truncation::HighWatermark,
            _ if is_before(spoken, "2.7") => Truncation::OffsetsForLeaderEpoch,
            asked => asked,
        }
    }

    /// Version of the question where an epoch ended: 0 in 0.11 and 1.x, whose answer names no epoch (KIP-279).
    pub fn epoch_request_version(&self) -> i16 {
        if is_before(self.spoken(), "2.0") { 0 } else { 1 }
    }

    /// Whether a follower's fetch names the leader epoch that it believes in (KIP-320).
    pub fn fetch_is_fenced(&self) -> bool {
        self.era().fetch_is_fenced && !is_before(self.spoken(), "2.1")
    }

    /// When a follower lags.
    pub fn lag_limits(&self) -> LagLimits<'_> {
        LagLimits {
            time: self.replica_lag_time_max,
            messages: self.replica_lag_max_messages,
            era: self.era(),
        }
    }

    /// How long a leader waits between two looks for followers that lag.
    pub fn lag_check_interval(&self) -> Duration {
        Duration(self.replica_lag_time_max.0 / self.era().lag_checks_per_limit)
    }

    /// Sets `name`; `Ok(false)`: Kafka has no such broker setting, as far as the lab knows.
    pub fn set(&mut self, name: &str, value: &str) -> Result<bool, String> {
        match name {
            "replica.lag.time.max.ms" => self.replica_lag_time_max = milliseconds(name, value)?,
            "replica.lag.max.messages" => self.replica_lag_max_messages = number(name, value)?,
            "inter.broker.protocol.version" => {
                let is_version = value.split('.').all(|part| part.parse::<u16>().is_ok());
                if !is_version || is_before(self.era().kafka, value) {
                    let kafka = self.era().kafka;
                    return Err(format!(
                        "{name}={value}: a version of Kafka up to {kafka} is needed"
                    ));
                }
                self.inter_broker_protocol = Some(value.to_owned());
            }
            "replica.fetch.wait.max.ms" => self.replica_fetch_wait_max_ms = number(name, value)?,
            "replica.fetch.min.bytes" => self.replica_fetch_min_bytes = number(name, value)?,
            "replica.fetch.max.bytes" => self.replica_fetch_max_bytes = number(name, value)?,
            "replica.fetch.response.max.bytes" => {
                self.replica_fetch_response_max_bytes = number(name, value)?;
            }
            "replica.fetch.backoff.ms" => self.replica_fetch_backoff = milliseconds(name, value)?,
            "replica.socket.timeout.ms" => self.replica_socket_timeout = milliseconds(name, value)?,
            "replica.high.watermark.checkpoint.interval.ms" => {
                self.checkpoint_interval = milliseconds(name, value)?;
            }
            "broker.heartbeat.interval.ms" => self.heartbeat_interval = milliseconds(name, value)?,
            "broker.session.timeout.ms" => self.session_timeout = milliseconds(name, value)?,
            "controller.quorum.request.timeout.ms" => {
                self.request_timeout = milliseconds(name, value)?;
            }
            "security.inter.broker.protocol" => {
                self.is_ssl = match value {
                    "PLAINTEXT" => false,
                    "SSL" => true,
                    _ => return Err(format!("{name} is PLAINTEXT or SSL, not '{value}'")),
                }
            }
            "auto.create.topics.enable" => self.auto_create_topics = switch(name, value)?,
            "num.partitions" => self.num_partitions = number(name, value)?,
            "default.replication.factor" => self.default_replication_factor = number(name, value)?,
            "offsets.topic.num.partitions" => self.offsets_topic_partitions = number(name, value)?,
            "offsets.topic.replication.factor" => {
                self.offsets_topic_replication_factor = number(name, value)?;
            }
            "log.retention.check.interval.ms" => {
                self.retention_check_interval = milliseconds(name, value)?;
            }
            "log.flush.scheduler.interval.ms" => {
                let every = number::<i64>(name, value)?;
                let is_off = every == i64::MAX;
                self.log_flush_interval =
                    (!is_off).then_some(Duration::from_ms(every.max(0) as u64));
            }
            "producer.id.expiration.check.interval.ms" => {
                self.producer_check_interval = milliseconds(name, value)?;
            }
            "producer.id.expiration.ms" => {
                self.log.producer_id_expiration_ms = i64::from(number::<i32>(name, value)?.max(1));
            }
            "log.cleaner.backoff.ms" => self.log_cleaner_backoff = milliseconds(name, value)?,
            "log.retention.minutes" | "log.retention.hours" | "log.roll.hours" => {
                let minutes = if name.ends_with("hours") { 60 } else { 1 };
                let ms = number::<i64>(name, value)?.saturating_mul(minutes * 60_000);
                let topic_name =
                    if name.starts_with("log.roll") { "segment.ms" } else { "retention.ms" };
                self.log.set(topic_name, &ms.max(-1).to_string())?;
            }
            "group.initial.rebalance.delay.ms" => {
                self.group_initial_rebalance_delay_ms = number(name, value)?;
            }
            _ if SnapshotConfig::NAMES.contains(&name) => {
                self.snapshots.set(name, value)?;
            }
            "auto.leader.rebalance.enable" | "delete.topic.enable" => drop(switch(name, value)?),
            "broker.rack" => {}
            // The lab's own: whether there is a controller at all, in the ZooKeeper era.
            "election" if matches!(value, "controller" | "per-partition") => {}
            "election" => {
                return Err(format!("{name} is controller or per-partition, not '{value}'"));
            }
            _ if OTHERS.contains(&name) => drop(number::<u32>(name, value)?),
            _ => match topic_synonym(name) {
                Some(topic_name) if self.log.set(topic_name, value)? => {}
                _ => return Ok(false),
            },
        }
        for duration in [
            self.heartbeat_interval,
            self.checkpoint_interval,
            self.replica_lag_time_max,
            self.retention_check_interval,
            self.log_flush_interval.unwrap_or(Duration::from_ms(1)),
            self.producer_check_interval,
        ] {
            if duration < Duration::from_ms(1) {
                return Err(format!("{name} must be 1 ms or more"));
            }
        }
        if self.offsets_topic_partitions < 1 || self.offsets_topic_partitions > 10_000 {
            return Err(format!("{name} must lie between 1 and 10000"));
        }
        self.given.retain(|(known, _)| known != name);
        self.given.push((name.to_owned(), value.to_owned()));
        Ok(true)
    }

    /// `broker.rack`: one name for all brokers, or `a,b,c` in turn.
    pub fn rack(&self, broker: NodeId) -> Option<Arc<str>> {
        let names: Vec<&str> = self.given("broker.rack")?.split(',').collect();
        let at = (broker.0.max(1) as usize - 1) % names.len();
        Some(names[at].trim()).filter(|name| !name.is_empty()).map(Arc::from)
    }

    /// No controller: the replicas of each partition race for its leadership (`election=per-partition`, the lab's own).
    pub fn nobody_decides(&self) -> bool {
        self.given("election") == Some("per-partition")
    }

    /// Where leaders take a change of an ISR: without a controller to the znode, whatever the version.
    pub fn isr_path(&self) -> IsrPath {
        match self.nobody_decides() {
            true => IsrPath::StateNode,
            false => self.log.era.isr_path,
        }
    }

    /// The value given for `name`, if any.
    pub fn given(&self, name: &str) -> Option<&str> {
        self.given.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_held_to_their_kind() {
        assert_eq!(Config::default().set("replica.lag.time.max", "1"), Ok(false));
        let error = Config::default().set("replica.lag.time.max.ms", "soon").unwrap_err();
        assert!(error.contains("whole number"), "{error}");
        for name in OTHERS {
            assert!(Config::default().set(name, "soon").unwrap_err().contains(name));
        }
        assert!(Config::default().set("delete.topic.enable", "no").is_err());
    }
}
