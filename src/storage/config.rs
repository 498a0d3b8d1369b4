//! The configuration of a topic as its log sees it (class `LogConfig`): Kafka's names, Kafka's defaults.
//!
//! Deviations, both in the ledger: a small `segment.bytes` is accepted (Kafka 4 refuses less than 1 MiB), and a
//! timestamp far from the clock is not refused.

use crate::batch::TimestampType;

/// What happens to old segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CleanupPolicy {
    /// Only the newest record of each key is kept.
    pub compact: bool,
    /// Old segments are deleted by time and size.
    pub delete: bool,
}

/// Configuration of one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
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
    /// `flush.messages`: flush after so many records.
    pub flush_messages: i64,
    /// `flush.ms`: flush after so long.
    pub flush_ms: i64,
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
    /// `min.insync.replicas`.
    pub min_insync_replicas: u32,
    /// `unclean.leader.election.enable`.
    pub unclean_leader_election_enable: bool,
}

impl Default for LogConfig {
    fn default() -> LogConfig {
        const WEEK_MS: i64 = 7 * 24 * 60 * 60 * 1000;
        LogConfig {
            segment_bytes: 1 << 30,
            segment_ms: WEEK_MS,
            segment_index_bytes: 10 << 20,
            index_interval_bytes: 4096,
            message_timestamp_type: TimestampType::CreateTime,
            max_message_bytes: 1_048_588,
            flush_messages: i64::MAX,
            flush_ms: i64::MAX,
            retention_ms: WEEK_MS,
            retention_bytes: -1,
            segment_jitter_ms: 0,
            file_delete_delay_ms: 60_000,
            delete_retention_ms: 24 * 60 * 60 * 1000,
            min_compaction_lag_ms: 0,
            max_compaction_lag_ms: i64::MAX,
            min_cleanable_dirty_millionths: 500_000,
            cleanup_policy: CleanupPolicy { compact: false, delete: true },
            min_insync_replicas: 1,
            unclean_leader_election_enable: false,
        }
    }
}

impl LogConfig {
    /// The names that `set` knows and acts on, for completion.
    pub const NAMES: &'static [&'static str] = &[
        "cleanup.policy",
        "delete.retention.ms",
        "file.delete.delay.ms",
        "flush.messages",
        "flush.ms",
        "index.interval.bytes",
        "internal.segment.bytes",
        "max.compaction.lag.ms",
        "max.message.bytes",
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
        let int = i64::from(i32::MAX);
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
            "unclean.leader.election.enable" => {
                self.unclean_leader_election_enable = match value {
                    "true" => true,
                    "false" => false,
                    _ => return Err(format!("{name}={value}: true or false is needed")),
                }
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
        let samples = ["delete", "1", "true", "CreateTime", "100"];
        for name in LogConfig::NAMES {
            assert!(samples.iter().any(|value| config.set(name, value) == Ok(true)), "{name}");
        }
    }
}
