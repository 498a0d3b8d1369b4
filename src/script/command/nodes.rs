//! Commands about the cluster and its processes.

use super::{BrokerReference, Configs};
use crate::clock::Duration;
use crate::cluster::ClusterSpec;
use crate::era::Coordination;

/// `cluster …`
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterCommand {
    /// How many brokers.
    pub brokers: u32,
    /// How many controllers.
    pub controllers: u32,
    /// The version, a row of the era table.
    pub kafka: String,
    /// Zookeeper or KRaft where the version knows both.
    pub coordination: Option<String>,
    /// The seed; none when it is not given.
    pub seed: Option<u64>,
    /// Settings of all brokers.
    pub configs: Configs,
}

/// What can be done to a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokerAct {
    /// Controlled shutdown.
    Stop,
    /// The process dies; the page cache stays.
    Kill,
    /// The machine loses power; what was not flushed is lost.
    PowerOff,
    /// Start, or start again.
    Start,
    /// The process freezes.
    Pause,
    /// And goes on.
    Resume,
    /// Everything it says takes so much longer.
    Slow(Duration),
    /// Its clock is wrong by so many microseconds.
    Skew(i64),
}

/// What can be done to the active controller.
#[derive(Clone, Debug, PartialEq)]
pub enum ControllerAct {
    /// Its process dies: the active one, or the one named.
    Kill(Option<u32>),
    /// It ends in good order.
    Stop(Option<u32>),
    /// Its machine loses power.
    PowerOff(Option<u32>),
    /// Its process freezes.
    Pause(Option<u32>),
    /// And goes on.
    Resume(Option<u32>),
    /// It is started again: the one that is down, or the one named.
    Start(Option<u32>),
    /// ZooKeeper era: this broker becomes controller.
    Move(BrokerReference),
}

impl ClusterCommand {
    /// The cluster that it asks for; the seed is that of a command which names none.
    pub fn spec(&self, seed: u64) -> ClusterSpec {
        ClusterSpec {
            brokers: self.brokers,
            controllers: self.controllers,
            kafka: self.kafka.clone(),
            coordination: match self.coordination.as_deref() {
                Some("kraft") => Some(Coordination::Kraft),
                Some("zookeeper") => Some(Coordination::ZooKeeper),
                _ => None,
            },
            seed: self.seed.unwrap_or(seed),
            configs: self.configs.clone(),
        }
    }
}
