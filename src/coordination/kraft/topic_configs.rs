//! Which settings a topic or the cluster may be given, and what their values must be
//! (`ControllerConfigurationValidator`, `LogConfig`, `DynamicBrokerConfig`).
//!
//! What `storage` acts on is judged by `storage`; the rest of Kafka's names is accepted with a plain check of the value
//! and kept, so that a described topic looks as it was created.

use crate::era::{Era, dynamic};
use crate::storage::LogConfig;

/// Of what a setting is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Topic,
    /// Of all brokers.
    Cluster,
    /// Of one broker.
    Broker,
}

/// Settings of topics that no part of the lab acts on yet: name, and whether the value is a number.
const OTHER_TOPIC_CONFIGS: &[(&str, bool)] = &[
    ("delete.retention.ms", true),
    ("errors.deadletterqueue.group.enable", false),
    ("file.delete.delay.ms", true),
    ("follower.replication.throttled.replicas", false),
    ("leader.replication.throttled.replicas", false),
    ("local.retention.bytes", true),
    ("local.retention.ms", true),
    ("max.compaction.lag.ms", true),
    ("min.cleanable.dirty.ratio", true),
    ("min.compaction.lag.ms", true),
    ("preallocate", false),
    ("remote.log.copy.disable", false),
    ("remote.log.delete.on.disable", false),
    ("remote.storage.enable", false),
    ("segment.jitter.ms", true),
];

/// The topic setting that a cluster-wide one stands behind (`ServerTopicConfigSynonyms`).
fn topic_name_of(name: &str) -> &str {
    match name {
        "message.max.bytes" => "max.message.bytes",
        "log.roll.ms" => "segment.ms",
        "log.flush.interval.messages" => "flush.messages",
        "log.flush.interval.ms" => "flush.ms",
        "log.index.size.max.bytes" => "segment.index.bytes",
        "log.segment.delete.delay.ms" => "file.delete.delay.ms",
        "log.roll.jitter.ms" => "segment.jitter.ms",
        "log.cleaner.delete.retention.ms" => "delete.retention.ms",
        "log.cleaner.min.cleanable.ratio" => "min.cleanable.dirty.ratio",
        "log.cleaner.min.compaction.lag.ms" => "min.compaction.lag.ms",
        "log.cleaner.max.compaction.lag.ms" => "max.compaction.lag.ms",
        _ => name.strip_prefix("log.").unwrap_or(name),
    }
}

/// Whether the setting is known and the value fits; else a sentence.
pub(super) fn check(era: Era, scope: Scope, name: &str, value: &str) -> Result<(), String> {
    if scope != Scope::Topic && !dynamic::is_dynamic(name, &era) {
        return Err(format!("Cannot update these configs dynamically: [{name}]"));
    }
    let log_name = if scope == Scope::Topic { name } else { topic_name_of(name) };
    if LogConfig::of(era).set(log_name, value)? {
        return Ok(());
    }
    let other = OTHER_TOPIC_CONFIGS.iter().find(|(known, _)| *known == name);
    match (scope, other) {
        (Scope::Topic, Some((_, true))) if value.parse::<f64>().is_err() => {
            Err(format!("{name}={value}: a number is needed"))
        }
        (Scope::Topic, Some(_)) if name.ends_with("throttled.replicas") => {
            crate::replica::check_replica_list(value)
        }
        (Scope::Topic, Some(_)) => Ok(()),
        (Scope::Topic, None) => Err(format!("Unknown topic config name: {name}")),
        (_, _) if name.ends_with("throttled.rate") => {
            let fits = value.parse::<i64>().is_ok_and(|rate| rate >= 0);
            fits.then_some(())
                .ok_or_else(|| format!("{name}={value}: bytes a second from 0 on are needed"))
        }
        // What no log acts on: the broker that passed it on has judged the value.
        (Scope::Cluster | Scope::Broker, _) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(scope: Scope, name: &str, value: &str) -> Result<(), String> {
        super::check(Era::default(), scope, name, value)
    }

    #[test]
    fn names_and_values_are_checked() {
        assert_eq!(check(Scope::Topic, "retention.ms", "60000"), Ok(()));
        assert_eq!(check(Scope::Topic, "compression.type", "gzip"), Ok(()));
        assert_eq!(check(Scope::Cluster, "log.retention.ms", "60000"), Ok(()));
        assert!(check(Scope::Topic, "retention.ms", "long").is_err());
        assert!(check(Scope::Topic, "delete.retention.ms", "long").is_err());
        let sentence = check(Scope::Topic, "retention.sm", "1").unwrap_err();
        assert_eq!(sentence, "Unknown topic config name: retention.sm");
        assert!(check(Scope::Cluster, "broker.id", "1").is_err());
        let (name, value) = ("message.format.version", "0.10.0");
        assert!(check(Scope::Topic, name, value).unwrap_err().starts_with("Unknown topic config"));
        let old = crate::era::of("2.1").unwrap();
        assert_eq!(super::check(old, Scope::Topic, name, value), Ok(()));
        assert!(super::check(old, Scope::Topic, name, "1").is_err());
    }
}
