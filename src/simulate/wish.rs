//! What is to be searched: the cluster, the settings, the faults, how much.

use super::faults::FaultKind;
use crate::broker;
use crate::client::{ConsumerConfig, ProducerConfig};
use crate::cluster::ClusterSpec;
use crate::era::{self, AcksAboveOne, Coordination};
use crate::storage::LogConfig;
use std::collections::BTreeMap;

/// What a search is asked for. The default is the safe configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// Kafka's version.
    pub kafka: String,
    /// Settings by Kafka's names; `brokers`, `controllers`, `coordination`, `topics`, `partitions`,
    /// `replication.factor`, `producers`, `consumers` and `acts` (of an administrator) are the cluster's.
    pub configs: BTreeMap<String, String>,
    /// Which faults strike.
    pub faults: Vec<FaultKind>,
    /// The first seed.
    pub seed: u64,
    /// How many seeds.
    pub seeds: u64,
    /// Steps of each schedule.
    pub steps: u64,
    /// How many threads.
    pub threads: usize,
}

impl Default for Wish {
    fn default() -> Wish {
        Wish {
            kafka: "4.3".into(),
            configs: BTreeMap::new(),
            faults: FaultKind::safe(),
            seed: 1,
            seeds: 500,
            steps: 10_000,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// Most steps of one schedule: whole files are read now and then, and everything is kept in memory.
const MOST_STEPS: u64 = 10_000_000;

/// Numbers of the cluster's shape, with their bounds.
const SHAPE: &[(&str, u64, u64)] = &[
    ("brokers", 1, 9),
    ("controllers", 1, 5),
    ("topics", 1, 4),
    ("partitions", 1, 8),
    ("replication.factor", 1, 5),
    ("producers", 1, 5),
    ("consumers", 0, 5),
    ("acts", 0, 50),
];

/// Where a setting belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Shape,
    Cluster,
    Topic,
    Producer,
    Consumer,
}

/// Where a setting belongs, if its value makes sense.
pub(super) fn place_of(name: &str, value: &str) -> Result<Place, String> {
    if let Some(&(_, least, most)) = SHAPE.iter().find(|known| known.0 == name) {
        return match value.parse::<u64>() {
            Ok(number) if (least..=most).contains(&number) => Ok(Place::Shape),
            _ => Err(format!("{name}={value}: a whole number of {least} to {most} is expected")),
        };
    }
    if name == "coordination" {
        return match value {
            "kraft" | "zookeeper" => Ok(Place::Shape),
            _ => Err(format!("coordination={value}: kraft or zookeeper is expected")),
        };
    }
    if ProducerConfig::default().set(name, value)? {
        return Ok(Place::Producer);
    }
    if LogConfig::default().set(name, value)? {
        return Ok(Place::Topic);
    }
    if ConsumerConfig::default().set(name, value)? {
        return Ok(Place::Consumer);
    }
    if broker::Config::default().set(name, value)? {
        return Ok(Place::Cluster);
    }
    Err(format!(
        "'{name}' is no setting of a broker, topic, producer or consumer that the lab knows, nor one of {}",
        SHAPE.iter().map(|known| known.0).collect::<Vec<_>>().join(", ")
    ))
}

impl Wish {
    /// Holds the wish to what is possible; the error is a sentence.
    pub fn check(&self) -> Result<(), String> {
        let era = era::of(&self.kafka)?;
        for (name, value) in &self.configs {
            place_of(name, value)?;
        }
        self.spec().broker_config()?;
        let (brokers, factor) = (self.number("brokers", 9), self.number("replication.factor", 1));
        if factor > brokers {
            return Err(format!("replication.factor={factor} takes as many brokers"));
        }
        self.check_acks(era.acks_above_one == AcksAboveOne::Counted)?;
        self.check_coordination()?;
        if self.seeds == 0 || self.steps == 0 || self.threads == 0 {
            return Err("--seeds, --steps and --threads begin at 1".into());
        }
        if self.seed.checked_add(self.seeds - 1).is_none() {
            return Err(format!(
                "--seed {} with --seeds {} goes beyond the last seed, {}",
                self.seed,
                self.seeds,
                u64::MAX
            ));
        }
        if self.steps > MOST_STEPS {
            return Err(format!("--steps {} is too much: take at most {MOST_STEPS}", self.steps));
        }
        Ok(())
    }

    /// The cluster that is asked for, as far as it is.
    pub(super) fn spec(&self) -> ClusterSpec {
        let of_brokers =
            |(name, value): &(&String, &String)| place_of(name, value) == Ok(Place::Cluster);
        ClusterSpec {
            controllers: self.number("controllers", 1) as u32,
            kafka: self.kafka.clone(),
            coordination: match self.configs.get("coordination").map(String::as_str) {
                Some("kraft") => Some(era::Coordination::Kraft),
                Some("zookeeper") => Some(era::Coordination::ZooKeeper),
                _ => None,
            },
            configs: self
                .configs
                .iter()
                .filter(of_brokers)
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            ..ClusterSpec::default()
        }
    }

    fn check_acks(&self, is_counted: bool) -> Result<(), String> {
        let Some(acks) = self.configs.get("acks") else { return Ok(()) };
        let factor = self.number("replication.factor", 3);
        let counts = |n: u64| is_counted && (2..=factor).contains(&n);
        if matches!(acks.as_str(), "0" | "1" | "-1" | "all") || acks.parse().is_ok_and(counts) {
            return Ok(());
        }
        let more = if is_counted { format!(", or a number up to {factor}") } else { String::new() };
        Err(format!("acks={acks}: Kafka {} takes 0, 1 and all (-1){more}", self.kafka))
    }

    fn check_coordination(&self) -> Result<(), String> {
        if self.has_elr() && self.is_zookeeper() {
            let kafka = &self.kafka;
            return Err(format!("coordination=zookeeper: Kafka {kafka} knows only KRaft"));
        }
        if self.is_zookeeper() && self.configs.contains_key("controllers") {
            return Err("controllers= is KRaft's: with ZooKeeper one of the brokers decides".into());
        }
        // The default list has it; who asks for nothing else would wait for something that never comes.
        if !self.is_zookeeper() && self.faults == [FaultKind::Zookeeper] {
            return Err("--faults zookeeper: there is no ZooKeeper in this cluster".into());
        }
        Ok(())
    }

    /// Whether ZooKeeper coordinates.
    pub(super) fn is_zookeeper(&self) -> bool {
        match self.configs.get("coordination").map(String::as_str) {
            Some(name) => name == "zookeeper",
            None => era::of(&self.kafka)
                .is_ok_and(|era| era.default_coordination() == Coordination::ZooKeeper),
        }
    }

    /// Whether schedules keep to what Kafka promises: power fails one replica of a partition at a time, and two must be
    /// in sync (see `guard`).
    pub(super) fn is_guarded(&self) -> bool {
        self.faults.contains(&FaultKind::Power)
            && !self.faults.contains(&FaultKind::Blackout)
            && self.number("min.insync.replicas", 2) >= 2
            && self.number("replication.factor", 3) >= 2
    }

    /// Whether the controller keeps eligible leader replicas (KIP-966).
    pub(super) fn has_elr(&self) -> bool {
        self.kafka.starts_with('4')
    }

    /// A number of the cluster's shape.
    pub(super) fn number(&self, name: &str, otherwise: u64) -> u64 {
        self.configs.get(name).and_then(|value| value.parse().ok()).unwrap_or(otherwise)
    }

    /// `name=value` of all settings that belong there, over the defaults given.
    pub(super) fn words(&self, place: Place, defaults: &[(&str, String)]) -> String {
        let mut all: BTreeMap<&str, &str> =
            defaults.iter().map(|(name, value)| (*name, value.as_str())).collect();
        for (name, value) in &self.configs {
            if place_of(name, value) == Ok(place) {
                all.insert(name, value);
            }
        }
        all.into_iter().map(|(name, value)| format!(" {name}={value}")).collect()
    }
}
