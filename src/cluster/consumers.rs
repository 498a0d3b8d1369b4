//! Acts on consumers and on client processes.

use super::act::{Act, NewConsumer, Refusal};
use super::event::{Body, Fault, WorldEvent};
use super::perform::{Done, Waiting};
use super::world::{Cluster, NodeState, Stage};
use crate::client::{Client, Consumer, ConsumerConfig};
use crate::era::GroupProtocol;
use crate::types::NodeId;

impl Cluster {
    /// Which consumer this version starts: since 0.9 the coordinator's, unless that of 0.8 is asked for.
    fn consumer_config(&self, new: &NewConsumer) -> Result<ConsumerConfig, Refusal> {
        let era = self.config.era();
        let known = |protocol| era.group_protocols.contains(&protocol);
        let asked = new.configs.iter().find(|(key, _)| key == "group.protocol");
        let registry = match asked.map(|(_, value)| value.as_str()) {
            Some(word) => word == "registry",
            None => !known(GroupProtocol::Classic),
        };
        if !registry || new.topics.is_empty() {
            return Ok(ConsumerConfig::default());
        }
        let kafka = era.kafka;
        match (known(GroupProtocol::Registry), self.zookeeper.is_some()) {
            (true, true) => Ok(ConsumerConfig::of_registry()),
            (true, false) if asked.is_none() => Ok(ConsumerConfig::default()),
            (true, false) => Err(Refusal::new(
                "group.protocol=registry lives in ZooKeeper, and this cluster has none",
            )),
            (false, _) => Err(Refusal::new(format!(
                "Kafka {kafka} has no consumer with a registry in ZooKeeper: 0.8.2, 0.9.0 and 0.10.2 have (removed in 2.0)"
            ))),
        }
    }

    fn new_consumer(&mut self, new: &NewConsumer) -> Result<NodeId, Refusal> {
        let mut config = self.consumer_config(new)?;
        for (key, value) in &new.configs {
            match config.set_known(key, value) {
                Ok(true) => {}
                Ok(false) => {
                    return Err(Refusal::new(format!("'{key}' is not a consumer setting")));
                }
                Err(text) => return Err(Refusal::new(text)),
            }
        }
        if new.topics.is_empty() == new.assign.is_empty() {
            return Err(Refusal::new(
                "a consumer reads topics=… with its group, or assign=… of its own choice: give one of them",
            ));
        }
        if new.group.is_none() && new.assign.is_empty() {
            return Err(Refusal::new("a consumer that subscribes needs group=NAME"));
        }
        let (seed, bootstrap) = (self.spec.seed, self.bootstrap());
        Ok(self.add_client(&new.name, |id| {
            Client::Consumer(Consumer::new(id, &new.name, bootstrap, seed, config))
        }))
    }

    fn start_consumer(&mut self, new: &NewConsumer, stage: &mut Stage<'_>) -> Done {
        let id = self.new_consumer(new)?;
        self.with_client(id, stage, |client, now, out| {
            if let Client::Consumer(consumer) = client {
                consumer.subscribe(new.group.as_deref(), &new.topics, &new.assign, new.paused);
                consumer.start(now, out);
            }
        });
        Ok(Waiting::Nothing)
    }

    fn kill_client(&mut self, name: &str, stage: &mut Stage<'_>) -> Done {
        let Some(&id) = self.names.get(name) else {
            return Err(Refusal::new(format!("there is no client '{name}'")));
        };
        let event = self.emit(stage, id, Body::World(WorldEvent::Fault(Fault::Kill(id))));
        self.killed_clients.insert(name.to_owned(), event);
        self.last_fault.insert(id, event);
        self.ended(id, NodeState::Dead, stage.cause);
        self.clients.remove(&id);
        self.names.remove(name);
        Ok(Waiting::Nothing)
    }

    pub(super) fn consumer_act(&mut self, ticket: u64, act: &Act, stage: &mut Stage<'_>) -> Done {
        let name = match act {
            Act::ConsumerStart(new) => return self.start_consumer(new, stage),
            Act::ClientKill(name) => return self.kill_client(name, stage),
            Act::ConsumerStop(name)
            | Act::ConsumerPause(name)
            | Act::ConsumerResume(name)
            | Act::ConsumerPoll { name, .. }
            | Act::ConsumerCommit { name, .. }
            | Act::ConsumerSeek { name, .. } => name,
            _ => return Ok(Waiting::Nothing),
        };
        let id = self.is_a(name, "consumer")?;
        self.with_client(id, stage, |client, now, out| {
            let Client::Consumer(consumer) = client else {
                return;
            };
            match act {
                Act::ConsumerStop(_) => consumer.stop(now, ticket, out),
                Act::ConsumerPause(_) => consumer.set_paused(now, true, out),
                Act::ConsumerResume(_) => consumer.set_paused(now, false, out),
                Act::ConsumerPoll { max, .. } => {
                    consumer.poll(now, ticket, *max, out);
                }
                Act::ConsumerCommit { offset, .. } => {
                    consumer.commit(now, ticket, offset.clone(), out);
                }
                Act::ConsumerSeek { partition, to, .. } => {
                    consumer.seek(now, ticket, partition.clone(), *to, out);
                }
                _ => {}
            }
        });
        self.reap(id);
        match act {
            Act::ConsumerPause(_) | Act::ConsumerResume(_) => Ok(Waiting::Nothing),
            _ => Ok(Waiting::Client(id)),
        }
    }
}
