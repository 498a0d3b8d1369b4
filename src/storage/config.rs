//! The configuration of a topic as its log sees it (class `LogConfig`): Kafka's names, Kafka's defaults.
//!
//! Deviations, both in the ledger: a small `segment.bytes` is accepted (Kafka 4 refuses less than 1 MiB), and a
//! timestamp far from the clock is refused only where a limit was set.

use crate::batch::{Codec, TimestampType};
use crate::clock::Instant;
use crate::era::{self, CHANGED_DEFAULTS, Era, FormatSetting, Owner};
use crate::types::Timestamp;

/// What happens to old segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CleanupPolicy {
    /// Only the newest record of each key is kept.
    pub compact: bool,
    /// Old segments are deleted by time and size.
    pub delete: bool,
}

/// What a broker does with the codec of what it is sent: `compression.type` of the topic (class
/// `BrokerCompressionType`), with the levels of KIP-390.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BrokerCompression {
    /// The topic's own codec; nothing: the producer's stays (`producer`).
    pub codec: Option<Codec>,
    /// `compression.gzip.level`.
    pub gzip_level: Option<i32>,
    /// `compression.lz4.level`.
    pub lz4_level: Option<i32>,
    /// `compression.zstd.level`.
    pub zstd_level: Option<i32>,
}

impl BrokerCompression {
    /// Codec and level in which a batch that came with `source` is stored.
    pub fn target(&self, source: Codec) -> (Codec, Option<i32>) {
        let codec = self.codec.unwrap_or(source);
        let level = match codec {
            Codec::Gzip => self.gzip_level,
            Codec::Lz4 => self.lz4_level,
            Codec::Zstd => self.zstd_level,
            _ => None,
        };
        (codec, level)
    }
}

/// Message format of a version, as `message.format.version` names it (`RecordVersion`, `MetadataVersion`): 0 up to
/// 0.9, 1 in 0.10, 2 since 0.11.
pub fn message_format_of(version: &str) -> Option<i8> {
    let mut numbers = version.split(['.', '-']).map(|part| part.parse::<u32>().ok());
    Some(match (numbers.next()??, numbers.next().flatten()) {
        (0, Some(8..=9)) => 0,
        (0, Some(10)) => 1,
        (0, Some(11)) | (1..=9, Some(_)) => 2,
        _ => return None,
    })
}

/// Configuration of one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// The rules of the version.
    pub era: Era,
    /// By how many microseconds the clock on the wall of its machine is wrong; no setting of Kafka's. Records are dated
    /// and retired by that clock, while all that waits is timed by another, which is never set.
    pub clock_skew_us: i64,
    /// `segment.bytes`: a batch that would make the segment larger opens a new one.
    pub segment_bytes: u32,
    /// `segment.ms`: a record that is later than the segment's first by more than this opens a new one.
    pub segment_ms: i64,
    /// `segment.index.bytes`: size of the preallocated index files.
    pub segment_index_bytes: u32,
    /// `index.interval.bytes`: an index entry falls due after more than this.
    pub index_interval_bytes: u32,
    /// `message.timestamp.type`.
    pub message_timestamp_type: TimestampType,
    /// `max.message.bytes`: largest batch.
    pub max_message_bytes: u32,
    /// `compression.type` and its levels.
    pub compression: BrokerCompression,
    /// The message format in which a leader writes (`message.format.version`); nothing: the version's own.
    pub message_format: Option<i8>,
    /// `message.timestamp.before.max.ms` (KIP-937): how far before the clock a record's time may lie.
    pub message_timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`: how far behind it.
    pub message_timestamp_after_max_ms: i64,
    /// `flush.messages`: flush after so many records.
    pub flush_messages: i64,
    /// `flush.ms`: flush after so long.
    pub flush_ms: i64,
    /// `producer.id.expiration.ms` (of the broker): a producer that wrote nothing for so long is forgotten.
    pub producer_id_expiration_ms: i64,
    /// `retention.ms`: -1 keeps for ever.
    pub retention_ms: i64,
    /// `retention.bytes`: -1 keeps everything.
    pub retention_bytes: i64,
    /// `segment.jitter.ms`: so much is taken off `segment.ms` at most, drawn anew for each segment.
    pub segment_jitter_ms: i64,
    /// `file.delete.delay.ms`: so long a dropped segment's files stay as `.deleted`.
    pub file_delete_delay_ms: i64,
    /// `delete.retention.ms`: so long a tombstone stays in a compacted log.
    pub delete_retention_ms: i64,
    /// `min.compaction.lag.ms`: younger records are not compacted.
    pub min_compaction_lag_ms: i64,
    /// `max.compaction.lag.ms`: older ones are, however clean the log is.
    pub max_compaction_lag_ms: i64,
    /// `min.cleanable.dirty.ratio`, in millionths.
    pub min_cleanable_dirty_millionths: u32,
    /// `cleanup.policy`.
    pub cleanup_policy: CleanupPolicy,
    /// `message.downconversion.enable` (KIP-283, 2.0 to 3.x): whether old readers get a format that they know.
    pub message_downconversion_enable: bool,
    /// `min.insync.replicas`.
    pub min_insync_replicas: u32,
    /// `unclean.leader.election.enable`.
    pub unclean_leader_election_enable: bool,
}

impl Default for LogConfig {
    fn default() -> LogConfig {
        const WEEK_MS: i64 = 7 * 24 * 60 * 60 * 1000;
        LogConfig {
            era: Era::default(),
            clock_skew_us: 0,
            segment_bytes: 1 << 30,
            segment_ms: WEEK_MS,
            segment_index_bytes: 10 << 20,
            index_interval_bytes: 4096,
            message_timestamp_type: TimestampType::CreateTime,
            max_message_bytes: 1_048_588,
            compression: BrokerCompression::default(),
            message_format: None,
            message_timestamp_before_max_ms: i64::MAX,
            message_timestamp_after_max_ms: i64::MAX,
            flush_messages: i64::MAX,
            flush_ms: i64::MAX,
            producer_id_expiration_ms: 24 * 60 * 60 * 1000,
            retention_ms: WEEK_MS,
            retention_bytes: -1,
            segment_jitter_ms: 0,
            file_delete_delay_ms: 60_000,
            delete_retention_ms: 24 * 60 * 60 * 1000,
            min_compaction_lag_ms: 0,
            max_compaction_lag_ms: i64::MAX,
            min_cleanable_dirty_millionths: 500_000,
            cleanup_policy: CleanupPolicy { compact: false, delete: true },
            message_downconversion_enable: true,
            min_insync_replicas: 1,
            unclean_leader_election_enable: false,
        }
    }
}

impl LogConfig {
    /// What the clock on the wall shows now (`Time.milliseconds`).
    pub fn wall(&self, now: Instant) -> Timestamp {
        now.off_by(self.clock_skew_us).timestamp()
    }

    /// The defaults of a version.
    pub fn of(era: Era) -> LogConfig {
        let mut config = LogConfig { era, ..LogConfig::default() };
        let of_topics = CHANGED_DEFAULTS.iter().filter(|changed| changed.owner == Owner::Topic);
        for changed in of_topics {
            let Some(value) = changed.of(&era) else { continue };
            let known = config.set(changed.name, value);
            assert_eq!(known, Ok(true), "the table of versions holds settings that exist");
        }
        config
    }

    /// The message format in which a leader writes.
    pub fn magic(&self) -> i8 {
        self.message_format.unwrap_or(self.era.message_format)
    }

    /// The names that `set` knows and acts on, for completion.
    pub const NAMES: &'static [&'static str] = &[
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
        "internal.segment.bytes",
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

    /// `min.cleanable.dirty.ratio`: a log is cleaned when a greater part of it is dirty.
    pub fn min_cleanable_dirty_ratio(&self) -> f64 {
        f64::from(self.min_cleanable_dirty_millionths) / 1e6
    }

    /// The age at which a segment rolls: in a compacted log `max.compaction.lag.ms` counts too
    /// (`LogConfig.maxSegmentMs`).
    pub fn max_segment_ms(&self) -> i64 {
        match self.cleanup_policy.compact {
            true => self.segment_ms.min(self.max_compaction_lag_ms),
            false => self.segment_ms,
        }
    }

    /// Sets one configuration by Kafka's name. `Ok(false)`: no such name here. `Err`: the value, and what is allowed.
    pub fn set(&mut self, name: &str, value: &str) -> Result<bool, String> {
        let number = |least: i64, most: i64| -> Result<i64, String> {
            match value.parse::<i64>() {
                Ok(number) if (least..=most).contains(&number) => Ok(number),
                _ if most == i64::MAX => {
                    Err(format!("{name}={value}: a whole number from {least} is needed"))
                }
                _ => {
                    Err(format!("{name}={value}: a whole number from {least} to {most} is needed"))
                }
            }
        };
        let switch = || match value {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(format!("{name}={value}: true or false is needed")),
        };
        let int = i64::from(i32::MAX);
        if !era::setting::is_known(Owner::Topic, name, &self.era) {
            return Ok(false);
        }
        match name {
            "segment.bytes" | "internal.segment.bytes" => {
                self.segment_bytes = number(14, int)? as u32
            }
            "segment.ms" => self.segment_ms = number(1, i64::MAX)?,
            "segment.index.bytes" => self.segment_index_bytes = number(4, int)? as u32,
            "index.interval.bytes" => self.index_interval_bytes = number(0, int)? as u32,
            "max.message.bytes" => self.max_message_bytes = number(0, int)? as u32,
            "flush.messages" => self.flush_messages = number(1, i64::MAX)?,
            "flush.ms" => self.flush_ms = number(0, i64::MAX)?,
            "retention.ms" => self.retention_ms = number(-1, i64::MAX)?,
            "retention.bytes" => self.retention_bytes = number(-1, i64::MAX)?,
            "segment.jitter.ms" => self.segment_jitter_ms = number(0, i64::MAX)?,
            "file.delete.delay.ms" => self.file_delete_delay_ms = number(0, i64::MAX)?,
            "delete.retention.ms" => self.delete_retention_ms = number(0, i64::MAX)?,
            "min.compaction.lag.ms" => self.min_compaction_lag_ms = number(0, i64::MAX)?,
            "max.compaction.lag.ms" => self.max_compaction_lag_ms = number(1, i64::MAX)?,
            "min.cleanable.dirty.ratio" => {
                let ratio = value.parse::<f64>().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
                let ratio = ratio
                    .ok_or_else(|| format!("{name}={value}: a number from 0 to 1 is needed"))?;
                self.min_cleanable_dirty_millionths = (ratio * 1e6).round() as u32;
            }
            "min.insync.replicas" => self.min_insync_replicas = number(1, int)? as u32,
            "unclean.leader.election.enable" => self.unclean_leader_election_enable = switch()?,
            "message.downconversion.enable" => {
                self.message_downconversion_enable = switch()?;
            }
            "compression.type" => {
                self.compression.codec = match (value, Codec::from_name(value)) {
                    ("producer", _) => None,
                    ("uncompressed", _) => Some(Codec::None),
                    (_, Some(codec)) if codec != Codec::None => Some(codec),
                    _ => {
                        let known = "producer, uncompressed, gzip, snappy, lz4 or zstd";
                        return Err(format!("{name}={value}: {known} is needed"));
                    }
                }
            }
            "compression.gzip.level" => {
                let level = if value == "-1" { -1 } else { number(1, 9)? };
                self.compression.gzip_level = Some(level as i32);
            }
            "compression.lz4.level" => {
                self.compression.lz4_level = Some(number(1, 17)? as i32);
            }
            "compression.zstd.level" => {
                self.compression.zstd_level = Some(number(-131_072, 22)? as i32);
            }
            "message.format.version" => match message_format_of(value) {
                Some(_) if self.era.format_setting == FormatSetting::Ignored => {}
                Some(format) => self.message_format = Some(format),
                None => {
                    let known = "a version of Kafka is needed, such as 0.9.0, 0.10.0 or 0.11.0";
                    return Err(format!("{name}={value}: {known}"));
                }
            },
            "message.timestamp.after.max.ms" => {
                self.message_timestamp_after_max_ms = number(0, i64::MAX)?;
            }
            "message.timestamp.before.max.ms" => {
                self.message_timestamp_before_max_ms = number(0, i64::MAX)?;
            }
            "message.timestamp.difference.max.ms" => {
                let most = number(0, i64::MAX)?; // the one limit before KIP-937
                self.message_timestamp_after_max_ms = most;
                self.message_timestamp_before_max_ms = most;
            }
            "message.timestamp.type" => {
                self.message_timestamp_type = match value {
                    "CreateTime" => TimestampType::CreateTime,
                    "LogAppendTime" => TimestampType::LogAppendTime,
                    _ => {
                        return Err(format!(
                            "{name}={value}: CreateTime or LogAppendTime is needed"
                        ));
                    }
                }
            }
            "cleanup.policy" => {
                let mut policy = CleanupPolicy::default();
                for word in value.split(',').filter(|word| !word.is_empty()) {
                    match word.trim() {
                        "compact" => policy.compact = true,
                        "delete" => policy.delete = true,
                        _ => {
                            return Err(format!(
                                "{name}={value}: compact, delete or both are needed"
                            ));
                        }
                    }
                }
                self.cleanup_policy = policy;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn config_names_are_kafkas_and_bad_values_say_what_is_needed() {
        let mut config = LogConfig::default();
        for (name, value) in [("segment.bytes", "1024"), ("cleanup.policy", "compact,delete")] {
            assert_eq!(config.set(name, value), Ok(true));
        }
        assert_eq!(config.segment_bytes, 1024);
        assert!(config.cleanup_policy.compact && config.cleanup_policy.delete);
        assert_eq!(config.set("segment.byte", "1"), Ok(false));
        let message = config.set("segment.bytes", "many").unwrap_err();
        assert!(message.contains("segment.bytes=many") && message.contains("14"), "{message}");
        let samples = ["delete", "1", "true", "CreateTime", "100", "gzip", "0.10.0"];
        let takes = |era: &Era, name| {
            samples.iter().any(|value| LogConfig::of(*era).set(name, value) == Ok(true))
        };
        for name in LogConfig::NAMES {
            assert!(era::ERAS.iter().any(|era| takes(era, name)), "{name}");
        }
        let of = |kafka| era::of(kafka).unwrap();
        assert!(takes(&of("2.1"), "message.format.version"));
        assert!(!takes(&of("4.3"), "message.format.version"));
        assert!(!takes(&of("2.1"), "compression.gzip.level"));
    }
}
