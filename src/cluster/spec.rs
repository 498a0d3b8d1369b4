//! What a cluster is made of, as a script asks for it.

use crate::{broker, era};

/// The greatest number of brokers; beyond it a teaching cluster teaches nothing more.
pub const MOST_BROKERS: u32 = 200;

/// The greatest number of controllers: a larger quorum is only slower.
pub const MOST_CONTROLLERS: u32 = 9;

/// A cluster to be.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterSpec {
    /// How many brokers (ids 1, 2, …).
    pub brokers: u32,
    /// How many controllers (ids 3001, …): voters of the quorum.
    pub controllers: u32,
    /// Kafka's version: picks the rules.
    pub kafka: String,
    /// Who coordinates; none: whoever did in that version.
    pub coordination: Option<era::Coordination>,
    /// What chance is drawn from.
    pub seed: u64,
    /// Broker settings by Kafka's names.
    pub configs: Vec<(String, String)>,
}

impl Default for ClusterSpec {
    fn default() -> Self {
        ClusterSpec {
            brokers: 3,
            controllers: 1,
            kafka: "4.3".to_owned(),
            coordination: None,
            seed: 1,
            configs: Vec::new(),
        }
    }
}

impl ClusterSpec {
    /// Who coordinates this cluster. An older version with KRaft has its rules of files, while a KRaft controller of
    /// today stands in.
    pub fn coordination(&self) -> era::Coordination {
        let standard = || era::of(&self.kafka).map(|era| era.default_coordination());
        self.coordination.or_else(|| standard().ok()).unwrap_or(era::Coordination::Kraft)
    }

    /// Whether ZooKeeper can coordinate this cluster.
    fn check_zookeeper(&self, era: &era::Era) -> Result<(), String> {
        let kafka = era.kafka;
        if !era.coordination.contains(&era::Coordination::ZooKeeper) {
            return Err(format!(
                "coordination=zookeeper: ZooKeeper is gone since Kafka 4.0 (KIP-500), and this is kafka {kafka}: \
                 leave it out, or take kafka=3.9"
            ));
        }
        if self.controllers > 1 {
            return Err(format!(
                "controllers={}: in this cluster of kafka {kafka} ZooKeeper coordinates, and one of the brokers is \
                 the controller; leave it out, or take kafka=4.3 for a quorum (or kafka=3.9 \
                 coordination=kraft)",
                self.controllers
            ));
        }
        Ok(())
    }

    /// Checks the numbers and names, and gives the broker settings.
    pub fn broker_config(&self) -> Result<broker::Config, String> {
        if self.brokers == 0 || self.brokers > MOST_BROKERS {
            return Err(format!(
                "brokers={} is out of range: take 1 to {MOST_BROKERS}",
                self.brokers
            ));
        }
        if self.controllers == 0 || self.controllers > MOST_CONTROLLERS {
            return Err(format!(
                "controllers={} is out of range: take 1 to {MOST_CONTROLLERS}, 3 or 5 to survive one or two",
                self.controllers
            ));
        }
        let era = era::of(&self.kafka)?;
        let coordination = self.coordination();
        if coordination == era::Coordination::ZooKeeper {
            self.check_zookeeper(&era)?;
        }
        let mut config = broker::Config::of(era);
        for (name, value) in &self.configs {
            era::setting::counts(era::Owner::Broker, name, &era, coordination)?;
            if !config.set(name, value)? {
                return Err(format!(
                    "'{name}' would change nothing: the lab does not model it; leave it out"
                ));
            }
        }
        Ok(config)
    }
}

impl super::Cluster {
    /// The controllers' settings: those of the brokers' that concern them.
    pub(crate) fn controller_config(&self) -> crate::coordination::kraft::ControllerConfig {
        let mut config = crate::coordination::kraft::ControllerConfig {
            seed: self.spec.seed,
            era: self.config.log.era,
            ..Default::default()
        };
        for (name, value) in &self.config.given {
            // What concerns only brokers is none of the controllers' business, and values were checked before.
            let _ = config.set(name, value);
        }
        config.voters = self.controllers.keys().copied().collect();
        config
    }
}
