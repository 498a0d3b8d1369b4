//! Settings that change while a broker runs, of this broker or of all (KIP-226; classes `DynamicBrokerConfig`,
//! `ConfigAdminManager`, `BrokerConfigHandler`).
//!
//! ```text
//!   broker config all log.retention.ms=60000 ─▶ any broker judges it ─▶ controller: ConfigRecord (4, "")    KRaft
//!                                                                   └▶ /config/brokers/<default>, a note    ZooKeeper
//!                                             every broker hears of it ─▶ the effective settings are made anew
//!
//!   this broker's  >  those of all brokers  >  what it was started with  >  the default
//! ```
//!
//! What always holds: the settings in use are made from the start's, never from the last ones, so a setting that is
//! taken away falls back to what stands behind it. A broker reads them when it starts; until then it goes by its own.
//! What cannot be changed, and what does not fit, is refused by the broker that is asked, and nothing is written.

use super::{Broker, Config, Event, Out, Way};
use crate::clock::Instant;
use crate::coordination::kraft::{ConfigResource, Image};
use crate::disk::Disk;
use crate::era::{dynamic, is_before};
use crate::protocol::{
    ErrorCode, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, Message, Request,
    Response,
};
use crate::storage::CleanupPolicy;
use crate::types::NodeId;
use std::collections::BTreeSet;

/// An error and its sentence.
pub(super) type Refusal = (ErrorCode, String);

/// From where a broker has a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Given to it alone while it runs.
    ThisBroker,
    /// Given to all brokers while they run.
    AllBrokers,
    /// It was started with it.
    Start,
    /// The version's default.
    Default,
}

/// What was given while brokers run, strongest first.
fn layers(
    image: &Image,
    id: NodeId,
) -> [(Source, Option<&std::collections::BTreeMap<String, String>>); 2] {
    [
        (Source::ThisBroker, image.configs.get(&ConfigResource::Broker(id.to_string()))),
        (Source::AllBrokers, image.configs.get(&ConfigResource::cluster())),
    ]
}

/// The settings of a broker that was started with `own` and knows this metadata.
pub(super) fn effective(own: &Config, image: &Image, id: NodeId) -> Config {
    let mut config = own.clone();
    for (_, settings) in layers(image, id).into_iter().rev() {
        for (name, value) in settings.into_iter().flatten() {
            if dynamic::is_dynamic(name, own.era()) && !dynamic::BRAKES.contains(&name.as_str()) {
                // What does not fit is left out, as Kafka does with what stands in ZooKeeper.
                let mut tried = config.clone();
                if tried.set(name, value) == Ok(true) {
                    config = tried;
                }
            }
        }
    }
    config.given.clone_from(&own.given);
    config
}

/// Whether these settings can be given to a broker that was started with `own`, or to all of them.
pub(super) fn judge(
    own: &Config,
    of_one: bool,
    changes: &[(String, Option<String>)],
) -> Result<(), Refusal> {
    let refused = |text: String| Err((ErrorCode::INVALID_REQUEST, text));
    let kafka = own.era().kafka;
    if !of_one && !dynamic::has_cluster_defaults(own.era()) && kafka.starts_with("0.8") {
        return refused("brokers of Kafka 0.8 take no other settings while they run".to_owned());
    }
    let set: Vec<(&str, &str)> = changes
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.as_deref()?)))
        .collect();
    let fixed: BTreeSet<&str> = set
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| !dynamic::is_dynamic(name, own.era()))
        .collect();
    if !fixed.is_empty() {
        let names = fixed.into_iter().collect::<Vec<_>>().join(", ");
        return refused(match is_before(kafka, "4.0") {
            _ if is_before(kafka, "0.10.1") => {
                format!("brokers of Kafka {kafka} take no other settings while they run: {names}")
            }
            _ if is_before(kafka, "1.1") => format!("Unknown Dynamic Configuration {names}."),
            true => format!("Cannot update these configs dynamically: Set({names})"),
            false => format!("Cannot update these configs dynamically: [{names}]"),
        });
    }
    let mut tried = own.clone();
    for (name, value) in set {
        let judged = match Way::check(name, value) {
            Some(judged) => judged,
            None => tried.set(name, value).map(|_| ()),
        };
        if let Err(text) = judged {
            let why = text.split_once(": ").map_or(text.as_str(), |(_, why)| why);
            return refused(format!("Invalid value {value} for configuration {name}: {why}"));
        }
    }
    Ok(())
}

impl Config {
    /// The value of a setting that can be changed while a broker runs, as text.
    pub fn dynamic_value(&self, name: &str) -> Option<String> {
        let log = &self.log;
        let whole = |number: i64| Some(number.to_string());
        match name {
            "compression.type" => Some(match log.compression.codec {
                None => "producer".to_owned(),
                Some(crate::batch::Codec::None) => "uncompressed".to_owned(),
                Some(codec) => codec.name().to_owned(),
            }),
            "log.cleaner.backoff.ms" => whole(self.log_cleaner_backoff.as_ms() as i64),
            "log.cleaner.delete.retention.ms" => whole(log.delete_retention_ms),
            "log.cleaner.max.compaction.lag.ms" => whole(log.max_compaction_lag_ms),
            "log.cleaner.min.cleanable.ratio" => Some(log.min_cleanable_dirty_ratio().to_string()),
            "log.cleaner.min.compaction.lag.ms" => whole(log.min_compaction_lag_ms),
            "log.cleanup.policy" => {
                let CleanupPolicy { compact, delete } = log.cleanup_policy;
                Some(match (compact, delete) {
                    (true, true) => "compact,delete".to_owned(),
                    (true, false) => "compact".to_owned(),
                    _ => "delete".to_owned(),
                })
            }
            "log.flush.interval.messages" => whole(log.flush_messages),
            "log.flush.interval.ms" => whole(log.flush_ms),
            "log.index.interval.bytes" => whole(i64::from(log.index_interval_bytes)),
            "log.index.size.max.bytes" => whole(i64::from(log.segment_index_bytes)),
            "log.message.downconversion.enable" => {
                Some(log.message_downconversion_enable.to_string())
            }
            "log.message.timestamp.after.max.ms" => whole(log.message_timestamp_after_max_ms),
            "log.message.timestamp.before.max.ms" => whole(log.message_timestamp_before_max_ms),
            "log.message.timestamp.type" => Some(format!("{:?}", log.message_timestamp_type)),
            "log.retention.bytes" => whole(log.retention_bytes),
            "log.retention.ms" => whole(log.retention_ms),
            "log.roll.jitter.ms" => whole(log.segment_jitter_ms),
            "log.roll.ms" => whole(log.segment_ms),
            "log.segment.bytes" => whole(i64::from(log.segment_bytes)),
            "log.segment.delete.delay.ms" => whole(log.file_delete_delay_ms),
            "message.max.bytes" => whole(i64::from(log.max_message_bytes)),
            "min.insync.replicas" => whole(i64::from(log.min_insync_replicas)),
            "producer.id.expiration.ms" => whole(log.producer_id_expiration_ms),
            "unclean.leader.election.enable" => {
                Some(log.unclean_leader_election_enable.to_string())
            }
            _ => None,
        }
    }
}

impl Broker {
    /// The values of a setting that can be changed, the one in use first and then those behind it.
    pub fn setting(&self, name: &str) -> Vec<(Source, String)> {
        let given = layers(&self.observer.image, self.id).into_iter();
        let mut all: Vec<(Source, String)> = given
            .filter_map(|(source, settings)| Some((source, settings?.get(name)?.clone())))
            .collect();
        let (start, standard) = (&self.started_with, Config::of(*self.config.era()));
        let (start, standard) = (start.dynamic_value(name), standard.dynamic_value(name));
        if let Some(start) = start.filter(|start| Some(start) != standard.as_ref()) {
            all.push((Source::Start, start));
        }
        all.extend(standard.map(|value| (Source::Default, value)));
        all
    }

    /// Whether this request may be passed on, as far as it is about settings of brokers
    /// (`ConfigAdminManager.preprocess`).
    pub(super) fn judge_settings(&self, request: &Request) -> Result<(), Refusal> {
        let Request::IncrementalAlterConfigs(request) = request else { return Ok(()) };
        let IncrementalAlterConfigsRequest { topic: None, broker, configs } = request else {
            return Ok(());
        };
        if let Some(other) = broker.filter(|other| *other != self.id) {
            let id = self.id;
            return Err((
                ErrorCode::INVALID_REQUEST,
                format!(
                    "Unexpected broker id, expected {id} or empty string, but received {other}"
                ),
            ));
        }
        judge(&self.started_with, broker.is_some(), configs)
    }

    /// Answers that settings are not changed.
    pub(super) fn refuse_settings(
        &self,
        to: NodeId,
        correlation: u64,
        (error, message): Refusal,
        out: &mut Out,
    ) {
        let request = "IncrementalAlterConfigs";
        out.events.push(Event::Refused { from: to, request, partition: None, error });
        let response = IncrementalAlterConfigsResponse { error, message };
        out.send(to, Message::response(correlation, Response::IncrementalAlterConfigs(response)));
    }

    /// Other settings came: what is in use is made anew, and every log has it from now on
    /// (`DynamicBrokerConfig.processReconfiguration`).
    pub(super) fn reconfigure(&mut self, now: Instant, disk: &Disk, out: &mut Out) {
        let mut config = effective(&self.started_with, &self.observer.image, self.id);
        config.log.clock_skew_us = self.config.log.clock_skew_us;
        let before = std::mem::replace(&mut self.config, config);
        let mut changed = false;
        for (name, _) in dynamic::DYNAMIC {
            let (old, new) = (before.dynamic_value(name), self.config.dynamic_value(name));
            if let (Some(before), Some(now)) = (old, new)
                && before != now
            {
                changed = true;
                out.events.push(Event::Reconfigured { name, before, now });
            }
        }
        if !changed {
            return;
        }
        let names: BTreeSet<_> = self.replicas.keys().map(|p| p.topic.clone()).collect();
        for topic in names {
            let config = self.log_config(&topic);
            let of_topic = self.replicas.keys().filter(|partition| partition.topic == topic);
            for partition in of_topic.cloned().collect::<Vec<_>>() {
                if let Some(replica) = self.replicas.get_mut(&partition) {
                    replica.log.set_config(config.clone());
                }
            }
        }
        self.unclean_by_default(now, &before, out);
        self.arm_upkeep(now, disk, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::era;

    fn config(kafka: &str) -> Config {
        Config::of(era::of(kafka).unwrap())
    }

    #[test]
    fn every_setting_that_can_be_changed_has_a_value_and_takes_it() {
        for era in era::ERAS {
            let own = Config::of(*era);
            for (name, _) in dynamic::DYNAMIC {
                if dynamic::is_dynamic(name, era) {
                    let value = own.dynamic_value(name).unwrap_or_else(|| panic!("{name}"));
                    assert_eq!(own.clone().set(name, &value), Ok(true), "{name}={value}");
                }
            }
        }
    }

    #[test]
    fn what_is_given_last_to_whom_wins_and_what_is_taken_away_uncovers_the_one_behind() {
        let mut own = config("4.3");
        own.set("log.retention.ms", "3").unwrap();
        let mut image = Image::default();
        let id = NodeId(2);
        let value = |image: &Image| effective(&own, image, id).log.retention_ms;
        assert_eq!(value(&image), 3);
        let configs = std::sync::Arc::make_mut(&mut image.configs);
        let one = |value: &str| [("log.retention.ms".to_owned(), value.to_owned())].into();
        configs.insert(ConfigResource::cluster(), one("2"));
        configs.insert(ConfigResource::Broker("2".into()), one("1"));
        configs.insert(ConfigResource::Broker("1".into()), one("9"));
        assert_eq!(value(&image), 1);
        std::sync::Arc::make_mut(&mut image.configs).remove(&ConfigResource::Broker("2".into()));
        assert_eq!(value(&image), 2);
    }

    #[test]
    fn what_is_read_only_is_refused_in_the_words_of_the_version() {
        let told = |kafka: &str, name: &str, value: &str| {
            let change = [(name.to_owned(), Some(value.to_owned()))];
            judge(&config(kafka), false, &change).map_err(|(_, text)| text)
        };
        let dynamically = "Cannot update these configs dynamically";
        assert_eq!(
            told("4.3", "num.partitions", "3"),
            Err(format!("{dynamically}: [num.partitions]"))
        );
        assert_eq!(
            told("2.1", "num.partitions", "3"),
            Err(format!("{dynamically}: Set(num.partitions)"))
        );
        assert!(
            told("0.10.2", "log.retention.ms", "3").unwrap_err().starts_with("Unknown Dynamic")
        );
        assert_eq!(told("0.10.2", dynamic::BRAKES[0], "3"), Ok(()));
        assert_eq!(told("4.3", "log.retention.ms", "3"), Ok(()));
        assert!(told("4.3", "log.retention.ms", "soon").is_err());
        assert!(told("4.3", dynamic::BRAKES[1], "-1").is_err());
    }
}
