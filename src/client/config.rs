//! Settings of producers and consumers, by Kafka's dotted names and with Kafka's defaults (4.3).
//!
//! One table each: field, name, default, how to read it. `set` reads by name, `get` shows, `NAMES` lists for
//! completion. What the lab cannot do yet is refused with a sentence instead of being taken and ignored.
//!
//! Left out: everything about sockets, security, metrics and serializers. One default differs from Kafka's:
//! `enable.idempotence` is false until producer ids exist here.

use crate::batch::Codec;
use crate::clock::Duration;

/// How a value is shown again.
trait Shown {
    fn shown(&self) -> String;
}
impl Shown for u64 {
    fn shown(&self) -> String {
        self.to_string()
    }
}
impl Shown for bool {
    fn shown(&self) -> String {
        self.to_string()
    }
}
impl Shown for i16 {
    fn shown(&self) -> String {
        if *self < 0 { "all".to_owned() } else { self.to_string() }
    }
}
impl<T: ToString> Shown for Option<T> {
    fn shown(&self) -> String {
        self.as_ref().map(T::to_string).unwrap_or_default()
    }
}
impl Shown for Codec {
    fn shown(&self) -> String {
        self.to_string()
    }
}
impl Shown for i64 {
    fn shown(&self) -> String {
        self.to_string()
    }
}
impl Shown for Vec<Assignor> {
    fn shown(&self) -> String {
        self.iter().map(|one| one.name()).collect::<Vec<_>>().join(",")
    }
}
impl Shown for Partitioner {
    fn shown(&self) -> String {
        match self {
            Partitioner::BuiltIn => "default",
            Partitioner::RoundRobin => "RoundRobinPartitioner",
        }
        .to_owned()
    }
}
impl Shown for OffsetReset {
    fn shown(&self) -> String {
        match self {
            OffsetReset::Earliest => "earliest",
            OffsetReset::Latest => "latest",
            OffsetReset::None => "none",
        }
        .to_owned()
    }
}

macro_rules! config {
    ($(#[$doc:meta])* $type:ident {
        $($(#[$field_doc:meta])* $field:ident: $kind:ty = $default:expr, $name:literal, $read:expr;)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $type { $($(#[$field_doc])* pub $field: $kind,)* }
        impl Default for $type {
            fn default() -> $type { $type { $($field: $default,)* } }
        }
        impl $type {
            /// All names, in the order of the table.
            pub const NAMES: &[&str] = &[$($name),*];
            /// Sets `name`. `Ok(false)`: there is no such setting here; `Err`: the value will not do, and why.
            pub fn set(&mut self, name: &str, value: &str) -> Result<bool, String> {
                match name {
                    $($name => {
                        let refused = |why: String| format!("{name}={value}: {why}");
                        self.$field = ($read)(value.trim()).map_err(refused)?;
                    })*
                    _ => return Ok(false),
                }
                Ok(true)
            }
            /// The value of `name` as `set` would read it.
            pub fn get(&self, name: &str) -> Option<String> {
                match name { $($name => Some(self.$field.shown()),)* _ => None }
            }
        }
    };
}

/// Which partition a record without partition number goes to (`partitioner.class`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partitioner {
    /// murmur2 of the key; without a key the partition sticks for `batch.size` bytes (KIP-480, KIP-794).
    BuiltIn,
    /// `RoundRobinPartitioner`: one after the other, keys or not.
    RoundRobin,
}

/// Where to begin without a committed offset (`auto.offset.reset`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetReset {
    /// At the first record that is still there.
    Earliest,
    /// Behind the last record.
    Latest,
    /// Nowhere: it is an error.
    None,
}

/// An assignor of the classic protocol (`partition.assignment.strategy`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assignor {
    /// Ranges of each topic's partitions.
    Range,
    /// All partitions dealt out in turn.
    RoundRobin,
}

impl Assignor {
    /// Its name in JoinGroup.
    pub fn name(self) -> &'static str {
        match self {
            Assignor::Range => "range",
            Assignor::RoundRobin => "roundrobin",
        }
    }
}

const INT_MAX: u64 = i32::MAX as u64;

fn number(low: u64, high: u64) -> impl Fn(&str) -> Result<u64, String> {
    move |text| match text.parse::<u64>() {
        Ok(number) if (low..=high).contains(&number) => Ok(number),
        _ => Err(format!("a whole number of {low} to {high} is expected")),
    }
}

fn flag(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| "true or false is expected".to_owned())
}

fn not_yet(text: &str) -> Result<bool, String> {
    match flag(text)? {
        false => Ok(false),
        true => Err("idempotent producers are not built yet; leave it at false".to_owned()),
    }
}

fn acks(text: &str) -> Result<i16, String> {
    match text {
        "0" => Ok(0),
        "1" => Ok(1),
        "all" | "-1" => Ok(-1),
        // The brokers of 0.8 count so many copies; later ones refuse it. Java's producer no longer sends it (ledger).
        text => text.parse::<i16>().ok().filter(|&acks| acks > 1).ok_or_else(|| {
            "one of 0, 1, all is expected (or, in 0.8, a number of copies)".to_owned()
        }),
    }
}

fn compression(text: &str) -> Result<Codec, String> {
    Codec::from_name(text)
        .ok_or_else(|| "one of none, gzip, snappy, lz4, zstd is expected".to_owned())
}

/// A level of `compression.NAME.level` (KIP-390).
fn level(codec: Codec) -> impl Fn(&str) -> Result<i64, String> {
    move |text| {
        let (low, high, usual) = codec.levels().unwrap_or((0, 0, 0));
        match text.parse::<i32>() {
            Ok(number) if (low..=high).contains(&number) || number == usual => {
                Ok(i64::from(number))
            }
            _ => Err(format!("a level of {low} to {high} is expected")),
        }
    }
}

fn partitioner(text: &str) -> Result<Partitioner, String> {
    match text.rsplit('.').next().unwrap_or_default() {
        "default" | "" => Ok(Partitioner::BuiltIn),
        "RoundRobinPartitioner" | "roundrobin" => Ok(Partitioner::RoundRobin),
        _ => Err("default or RoundRobinPartitioner is expected".to_owned()),
    }
}

fn offset_reset(text: &str) -> Result<OffsetReset, String> {
    match text {
        // The consumer of 0.8 says smallest and largest.
        "earliest" | "smallest" => Ok(OffsetReset::Earliest),
        "latest" | "largest" => Ok(OffsetReset::Latest),
        "none" => Ok(OffsetReset::None),
        _ => Err("one of earliest, latest, none is expected".to_owned()),
    }
}

fn assignors(text: &str) -> Result<Vec<Assignor>, String> {
    let mut list = Vec::new();
    for word in text.split(',') {
        let one = match word.trim().rsplit('.').next().unwrap_or_default() {
            "range" | "RangeAssignor" => Assignor::Range,
            "roundrobin" | "RoundRobinAssignor" => Assignor::RoundRobin,
            _ => {
                return Err(
                    "range and roundrobin are expected (sticky and cooperative-sticky are not built yet)"
                        .to_owned(),
                );
            }
        };
        if !list.contains(&one) {
            list.push(one);
        }
    }
    Ok(list)
}

fn isolation(text: &str) -> Result<bool, String> {
    match text {
        "read_uncommitted" => Ok(false),
        "read_committed" => Ok(true),
        _ => Err("read_uncommitted or read_committed is expected".to_owned()),
    }
}

fn text(text: &str) -> Result<Option<String>, String> {
    Ok(if text.is_empty() { None } else { Some(text.to_owned()) })
}

fn group_protocol(text: &str) -> Result<Option<String>, String> {
    match text {
        "classic" => Ok(None),
        "registry" => Ok(Some(text.to_owned())),
        _ => Err("classic, or registry (the consumer of 0.8), is expected".to_owned()),
    }
}

/// A number that another one stands for while it is not given.
fn number_or_none(text: &str) -> Result<Option<u64>, String> {
    if text.is_empty() { Ok(None) } else { number(0, INT_MAX)(text).map(Some) }
}

fn flag_or_none(text: &str) -> Result<Option<bool>, String> {
    if text.is_empty() { Ok(None) } else { flag(text).map(Some) }
}

fn storage(text: &str) -> Result<Option<String>, String> {
    match text {
        "" | "zookeeper" => Ok(None),
        "kafka" => Ok(Some(text.to_owned())),
        _ => Err("zookeeper or kafka is expected".to_owned()),
    }
}

config! {
    /// A producer's settings (class `ProducerConfig`).
    ProducerConfig {
        /// 0, 1 or -1 for all.
        acks: i16 = -1, "acks", acks;
        /// How long a batch waits for more records; 5 since 4.0 (KIP-1030).
        linger_ms: u64 = 5, "linger.ms", number(0, INT_MAX);
        /// Limit of a batch.
        batch_size: u64 = 16_384, "batch.size", number(0, INT_MAX);
        /// Requests under way on one connection.
        max_in_flight: u64 = 5, "max.in.flight.requests.per.connection", number(1, INT_MAX);
        /// How often a batch is sent again.
        retries: u64 = INT_MAX, "retries", number(0, INT_MAX);
        /// First pause before another try; doubles with each one.
        retry_backoff_ms: u64 = 100, "retry.backoff.ms", number(0, INT_MAX);
        /// Longest pause (KIP-580).
        retry_backoff_max_ms: u64 = 1_000, "retry.backoff.max.ms", number(0, INT_MAX);
        /// How long an answer may take.
        request_timeout_ms: u64 = 30_000, "request.timeout.ms", number(1, INT_MAX);
        /// How long a record may take from `send` to its outcome.
        delivery_timeout_ms: u64 = 120_000, "delivery.timeout.ms", number(0, INT_MAX);
        /// Memory for batches not yet answered.
        buffer_memory: u64 = 33_554_432, "buffer.memory", number(0, 1 << 40);
        /// Limit of a request and of a record.
        max_request_size: u64 = 1_048_576, "max.request.size", number(0, INT_MAX);
        /// How long `send` may wait for metadata or memory.
        max_block_ms: u64 = 60_000, "max.block.ms", number(0, INT_MAX);
        /// Age at which metadata is asked for anew.
        metadata_max_age_ms: u64 = 300_000, "metadata.max.age.ms", number(1, INT_MAX);
        /// How batches are compressed.
        compression: Codec = Codec::None, "compression.type", compression;
        /// Level of gzip; -1: the library's own.
        gzip_level: i64 = -1, "compression.gzip.level", level(Codec::Gzip);
        /// Level of lz4; our encoder has one speed only (ledger).
        lz4_level: i64 = 9, "compression.lz4.level", level(Codec::Lz4);
        /// Level of zstd.
        zstd_level: i64 = 3, "compression.zstd.level", level(Codec::Zstd);
        /// Always false: `true` is refused with a sentence (ledger).
        enable_idempotence: bool = false, "enable.idempotence", not_yet;
        /// Who chooses partitions.
        partitioner: Partitioner = Partitioner::BuiltIn, "partitioner.class", partitioner;
    }
}

config! {
    /// A consumer's settings (class `ConsumerConfig`).
    ConsumerConfig {
        /// How much is enough for an answer at once.
        fetch_min_bytes: u64 = 1, "fetch.min.bytes", number(0, INT_MAX);
        /// How long the leader may hold an answer back.
        fetch_max_wait_ms: u64 = 500, "fetch.max.wait.ms", number(0, INT_MAX);
        /// Limit of one answer.
        fetch_max_bytes: u64 = 52_428_800, "fetch.max.bytes", number(0, INT_MAX);
        /// Limit of one partition in one answer.
        max_partition_fetch_bytes: u64 = 1_048_576, "max.partition.fetch.bytes", number(0, INT_MAX);
        /// Records that one poll hands over.
        max_poll_records: u64 = 500, "max.poll.records", number(1, INT_MAX);
        /// How long the coordinator waits for a heartbeat.
        session_timeout_ms: u64 = 45_000, "session.timeout.ms", number(1, INT_MAX);
        /// Pause between heartbeats.
        heartbeat_interval_ms: u64 = 3_000, "heartbeat.interval.ms", number(1, INT_MAX);
        /// Longest pause between polls; also the time members have to rejoin (KIP-62).
        max_poll_interval_ms: u64 = 300_000, "max.poll.interval.ms", number(1, INT_MAX);
        /// Where to begin without a committed offset.
        auto_offset_reset: OffsetReset = OffsetReset::Latest, "auto.offset.reset", offset_reset;
        /// Whether the checksum of each batch is looked at.
        check_crcs: bool = true, "check.crcs", flag;
        /// Whether positions are committed by themselves.
        enable_auto_commit: bool = true, "enable.auto.commit", flag;
        /// How often.
        auto_commit_interval_ms: u64 = 5_000, "auto.commit.interval.ms", number(0, INT_MAX);
        /// Assignors, best first (cooperative-sticky, Kafka's second default, comes later).
        assignors: Vec<Assignor> = vec![Assignor::Range], "partition.assignment.strategy", assignors;
        /// A static member's name (KIP-345).
        group_instance_id: Option<String> = None, "group.instance.id", text;
        /// Whether only committed transactions are read.
        read_committed: bool = false, "isolation.level", isolation;
        /// Classic, or registry: that of 0.8. `consumer` is refused with a sentence (ledger).
        group_protocol: Option<String> = None, "group.protocol", group_protocol;
        /// Whether a subscription may create its topic.
        allow_auto_create_topics: bool = true, "allow.auto.create.topics", flag;
        /// How long an answer may take.
        request_timeout_ms: u64 = 30_000, "request.timeout.ms", number(1, INT_MAX);
        /// How long a commit or a look-up may take in all.
        default_api_timeout_ms: u64 = 60_000, "default.api.timeout.ms", number(0, INT_MAX);
        /// First pause before another try.
        retry_backoff_ms: u64 = 100, "retry.backoff.ms", number(0, INT_MAX);
        /// Longest pause (KIP-580).
        retry_backoff_max_ms: u64 = 1_000, "retry.backoff.max.ms", number(0, INT_MAX);
        /// Age at which metadata is asked for anew.
        metadata_max_age_ms: u64 = 300_000, "metadata.max.age.ms", number(1, INT_MAX);
        /// Registry: how long ZooKeeper waits for a sign of life.
        zookeeper_session_timeout_ms: u64 = 6_000, "zookeeper.session.timeout.ms", number(1, INT_MAX);
        /// Registry: how far a ZooKeeper follower may lag; the pause between tries of a rebalance.
        zookeeper_sync_time_ms: u64 = 2_000, "zookeeper.sync.time.ms", number(0, INT_MAX);
        /// Registry: how often a rebalance is tried.
        rebalance_max_retries: u64 = 4, "rebalance.max.retries", number(1, 1_000);
        /// Registry: the pause between tries, if it is not `zookeeper.sync.time.ms`.
        rebalance_backoff_ms: Option<u64> = None, "rebalance.backoff.ms", number_or_none;
        /// Registry: `kafka`, or ZooKeeper.
        offsets_storage: Option<String> = None, "offsets.storage", storage;
        /// Registry: whether offsets go to ZooKeeper too when they go to Kafka.
        dual_commit_enabled: Option<bool> = None, "dual.commit.enabled", flag_or_none;
        /// Registry: what stands behind the group in the member's id, instead of host, time and chance.
        consumer_id: Option<String> = None, "consumer.id", text;
        /// Registry: whether `/brokers/ids` is watched, as the documentation of 0.8 says; 0.8.2.2 does not (ledger).
        watch_brokers: bool = false, "watch.brokers", flag;
    }
}

impl ProducerConfig {
    /// Codec and level of this producer's batches.
    pub fn codec_and_level(&self) -> (Codec, Option<i32>) {
        let level = match self.compression {
            Codec::Gzip => Some(self.gzip_level as i32),
            Codec::Lz4 => Some(self.lz4_level as i32),
            Codec::Zstd => Some(self.zstd_level as i32),
            _ => None,
        };
        (self.compression, level)
    }
}

/// The pause before try number `attempts` (1: the second try): doubled each time, 20 % of chance around it (KIP-580,
/// class `ExponentialBackoff`). `chance` is any 64 bits.
pub fn backoff(first_ms: u64, longest_ms: u64, attempts: u32, chance: u64) -> Duration {
    let doubled = first_ms.saturating_mul(1 << attempts.saturating_sub(1).min(20));
    let us = doubled.min(longest_ms).saturating_mul(1000);
    let spread = us / 5;
    let shift = if spread == 0 { 0 } else { chance % (2 * spread + 1) };
    Duration((us - spread).saturating_add(shift).min(longest_ms.saturating_mul(1000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_reads_back() {
        let (producer, consumer) = (ProducerConfig::default(), ConsumerConfig::default());
        for &name in ProducerConfig::NAMES {
            let mut copy = producer.clone();
            let shown = producer.get(name).unwrap();
            assert_eq!(copy.set(name, &shown), Ok(true), "{name}");
            assert_eq!(copy, producer);
        }
        assert_eq!(producer.get("linger.ms").as_deref(), Some("5"));
        assert_eq!(consumer.get("session.timeout.ms").as_deref(), Some("45000"));
        assert_eq!(consumer.get("partition.assignment.strategy").as_deref(), Some("range"));
    }

    #[test]
    fn wrong_values_are_refused_with_a_sentence() {
        let mut producer = ProducerConfig::default();
        assert_eq!(producer.set("no.such", "1"), Ok(false));
        for (name, value) in [
            ("acks", "-2"),
            ("linger.ms", "-1"),
            ("compression.type", "zip"),
            ("compression.gzip.level", "10"),
            ("enable.idempotence", "true"),
            ("max.in.flight.requests.per.connection", "0"),
        ] {
            let why = producer.set(name, value).unwrap_err();
            assert!(why.starts_with(&format!("{name}={value}: ")), "{why}");
        }
        let mut consumer = ConsumerConfig::default();
        assert!(consumer.set("partition.assignment.strategy", "sticky").is_err());
        assert_eq!(consumer.set("partition.assignment.strategy", "roundrobin,range"), Ok(true));
        assert_eq!(consumer.assignors, [Assignor::RoundRobin, Assignor::Range]);
    }

    #[test]
    fn backoff_doubles_up_to_its_limit() {
        for (attempts, low, high) in [(1, 80, 120), (2, 160, 240), (4, 640, 960), (9, 800, 1000)] {
            for chance in [0, 1 << 20, u64::MAX] {
                let ms = backoff(100, 1000, attempts, chance).as_ms();
                assert!((low..=high).contains(&ms), "{attempts}: {ms}");
            }
        }
        assert_eq!(backoff(0, 0, 3, 9), Duration::ZERO);
    }
}
