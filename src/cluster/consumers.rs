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
