//! Acts on consumers and on client processes.

use super::act::{Act, NewConsumer, Refusal};
use super::event::{Body, Fault, WorldEvent};
use super::perform::{Done, Waiting};
use super::world::{Cluster, NodeState, Stage};
use crate::client::{Client, Consumer, ConsumerConfig};
use crate::types::NodeId;

impl Cluster {
    fn new_consumer(&mut self, new: &NewConsumer) -> Result<NodeId, Refusal> {
        let mut config = ConsumerConfig::default();
        for (key, value) in &new.configs {
            match config.set(key, value) {
                Ok(true) => {}
                Ok(false) => {
                    return Err(Refusal::new(format!("'{key}' is not a consumer setting")));
                }
                Err(text) => return Err(Refusal::new(text)),
            }
        }
        let (seed, bootstrap) = (self.spec.seed, self.bootstrap());
        let consumer = |id| Consumer::new(id, &new.name, bootstrap, seed, config);
        let made = |id| {
            let mut consumer = consumer(id);
            consumer.subscribe(new.group.as_deref(), &new.topics, &new.assign, new.paused);
            Client::Consumer(consumer)
        };
        Ok(self.add_client(&new.name, made))
    }

    pub(super) fn consumer_act(&mut self, ticket: u64, act: &Act, stage: &mut Stage<'_>) -> Done {
        if let Act::ConsumerStart(new) = act {
            let id = self.new_consumer(new)?;
            self.with_client(id, stage, |client, now, out| {
                if let Client::Consumer(consumer) = client {
                    consumer.start(now, out);
                }
            });
            return Ok(Waiting::Nothing);
        }
        if let Act::ClientKill(name) = act {
            let Some(&id) = self.names.get(name) else {
                return Err(Refusal::new(format!("there is no client '{name}'")));
            };
            let event = self.emit(stage, id, Body::World(WorldEvent::Fault(Fault::Kill(id))));
            self.last_fault.insert(id, event);
            self.ended(id, NodeState::Dead, stage.cause);
            self.clients.remove(&id);
            self.names.remove(name);
            return Ok(Waiting::Nothing);
        }
        let name = match act {
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
                Act::ConsumerPoll { max, .. } => consumer.poll(now, ticket, *max, out),
                Act::ConsumerCommit { offset, .. } => {
                    consumer.commit(now, ticket, offset.clone(), out);
                }
                Act::ConsumerSeek { partition, to, .. } => {
                    consumer.seek(now, ticket, partition.clone(), *to, out);
                }
                _ => {}
            }
        });
        match act {
            Act::ConsumerPause(_) | Act::ConsumerResume(_) => Ok(Waiting::Nothing),
            _ => Ok(Waiting::Client(id)),
        }
    }
}
