//! How a broker becomes controller, takes office, and leaves it (`KafkaController.elect`, `onControllerFailover`,
//! `onControllerResignation`).
//!
//! ```text
//!   1  exists /controller, watched        whoever loses hears of its end
//!   2  read /controller_epoch: 4          version 4
//!   3  create /controller, ephemeral      ┐ since 2.1 one transaction: both or none
//!      write  /controller_epoch 5 over 4  ┘
//!   4  watch and read brokers, topics, replicas, states
//!   5  UpdateMetadata to all; replicas' states; partitions' states
//!   6  take up reassignments, deletions, elections that were asked for
//! ```
//!
//! Always: at most one broker has `/controller`; the controller epoch grows with each reign, the first one is 1.

use super::super::znodes;
use super::client::create;
use super::context::TopicContext;
use super::event::ControllerEvent;
use super::run::{Effect, Run, Step, Stop, Work};
use crate::clock::Duration;
use crate::coordination::ElectionReason;
use crate::prng::{self, Purpose};
use crate::protocol::{CreateMode, Timer, ZooKeeperOperation, ZooKeeperReply};
use crate::types::{TopicName, TopicPartition, Uuid};
use std::collections::BTreeSet;
use std::sync::Arc;

/// When a new controller looks at the balance of leaders for the first time (`onControllerFailover`).
const FIRST_BALANCE: Duration = Duration::from_ms(5_000);

impl Run<'_> {
    /// The broker has started (`processStartup`).
    pub fn startup(&mut self) -> Step<()> {
        self.exists(znodes::CONTROLLER, true)?;
        self.elect()
    }

    /// Looks who is controller now, and gives up the office if it is somebody else (`maybeResign`).
    pub fn maybe_resign(&mut self) -> Step<()> {
        let was_active = self.is_active();
        self.exists(znodes::CONTROLLER, true)?;
        self.context.active = self.controller_id()?;
        if was_active && !self.is_active() {
            self.resign();
        }
        Ok(())
    }

    /// Gives up the office.
    pub fn resign(&mut self) {
        let (broker, epoch) = (self.broker, self.context.epoch);
        let for_whom = self.context.active;
        self.tell(ControllerEvent::Resigned { broker, epoch, for_whom });
        let brokers = self.context.live_or_shutting_down();
        self.effects.push(Effect::Disconnect(brokers));
        self.effects.push(Effect::Timer(Timer::LeaderBalance, None));
        self.context.reset();
    }

    /// The session ended (`processExpire`).
    pub fn expire(&mut self) {
        let was_active = self.is_active();
        self.context.active = None;
        if was_active {
            self.resign();
        }
    }

    /// Forces another election (`triggerControllerMove`).
    fn move_away(&mut self) -> Step<()> {
        self.context.active = self.controller_id()?;
        if !self.is_active() {
            return Ok(());
        }
        let delete = ZooKeeperOperation::Delete { path: znodes::CONTROLLER.into(), version: None };
        match self.write(vec![delete]) {
            Err(Stop::Waiting) => return Err(Stop::Waiting),
            _ => self.context.active = None,
        }
        self.resign();
        Ok(())
    }

    /// Tries to become controller (`elect`).
    pub fn elect(&mut self) -> Step<()> {
        self.context.active = self.controller_id()?;
        if let Some(by) = self.context.active {
            if by != self.broker {
                self.tell(ControllerEvent::Beaten { broker: self.broker, by: Some(by) });
            }
            return Ok(());
        }
        match self.register().and_then(|()| self.take_office()) {
            Err(Stop::Moved) => {
                self.maybe_resign()?;
                let by = self.context.active;
                self.tell(ControllerEvent::Beaten { broker: self.broker, by });
                Ok(())
            }
            Err(Stop::Failed(what)) => {
                self.tell(ControllerEvent::Trouble { during: "taking office", what });
                self.move_away()
            }
            other => other,
        }
    }

    /// Creates `/controller` and raises `/controller_epoch` (`registerControllerAndIncrementControllerEpoch`).
    fn register(&mut self) -> Step<()> {
        let (epoch, version) = match self.data(znodes::CONTROLLER_EPOCH, false)? {
            Some((data, stat)) => (data.parse::<i32>().unwrap_or(0), stat.version),
            None => {
                let path = znodes::CONTROLLER_EPOCH.into();
                match self.ask_one(create(path, "0".into(), CreateMode::Persistent))? {
                    Ok(ZooKeeperReply::Created { stat, .. }) => (0, stat.version),
                    _ => {
                        let again = self.data(znodes::CONTROLLER_EPOCH, false)?;
                        let Some((data, stat)) = again else { return Err(Stop::Moved) };
                        (data.parse::<i32>().unwrap_or(0), stat.version)
                    }
                }
            }
        };
        let next = epoch.saturating_add(1);
        let timestamp = self.began.off_by(self.settings.clock_skew_us).timestamp().0;
        let data = znodes::controller(self.broker, timestamp, self.settings.rules.kraft_mark);
        let claim = create(znodes::CONTROLLER.into(), data, CreateMode::Ephemeral);
        let raise = ZooKeeperOperation::SetData {
            path: znodes::CONTROLLER_EPOCH.into(),
            data: next.to_string().into(),
            version: Some(version),
        };
        let parts = match self.settings.rules.fenced_writes {
            true => match self.ask_one(ZooKeeperOperation::Multi(vec![claim, raise]))? {
                Ok(ZooKeeperReply::Multi(parts)) => parts,
                _ => Vec::new(),
            },
            // Before 2.1: two writes. Who fails the second one has `/controller` nevertheless, and resigns.
            false => match self.ask_one(claim)? {
                Ok(created) => vec![Ok(created), self.ask_one(raise)?],
                Err(error) => vec![Err(error)],
            },
        };
        let version = match &parts[..] {
            [Ok(_), Ok(ZooKeeperReply::Set(stat))] => stat.version,
            [Ok(_), Err(_)] => {
                let why = "another broker raised /controller_epoch meanwhile".to_owned();
                return Err(Stop::Failed(why));
            }
            _ => self.check_office(next)?,
        };
        self.context.epoch = next;
        self.context.epoch_version = version;
        self.context.active = Some(self.broker);
        self.tell(ControllerEvent::Elected { broker: self.broker, epoch: next });
        Ok(())
    }

    /// `/controller` is taken: perhaps by this broker, whose answer got lost (`checkControllerAndEpoch`).
    fn check_office(&mut self, epoch: i32) -> Step<i32> {
        if self.controller_id()? == Some(self.broker)
            && let Some((data, stat)) = self.data(znodes::CONTROLLER_EPOCH, false)?
            && data.parse() == Ok(epoch)
        {
            return Ok(stat.version);
        }
        Err(Stop::Moved)
    }

    /// Reads everything and sees to everything (`onControllerFailover`).
    fn take_office(&mut self) -> Step<()> {
        let asked = self.requests_so_far();
        self.exists(znodes::PREFERRED_REPLICA_ELECTION, true)?;
        self.exists(znodes::REASSIGN_PARTITIONS, true)?;
        let notes = self.children(znodes::ISR_CHANGE_NOTIFICATION, true)?;
        self.delete_notes(&notes)?;
        self.load()?;
        let deletions = self.children(znodes::DELETE_TOPICS, true)?;
        let (broker, requests) = (self.broker, self.requests_so_far() - asked);
        self.tell(ControllerEvent::Loaded {
            broker,
            topics: self.context.topics.len(),
            partitions: self.context.partitions().count(),
            brokers: self.context.live.len(),
            requests,
        });
        self.begin_deletions(&deletions)?;
        let everybody = self.context.live_or_shutting_down();
        self.effects.push(Effect::Connect(everybody.clone()));
        self.send_metadata(&everybody, &[]);
        self.reason = ElectionReason::LeaderGone;
        self.begin_replicas()?;
        self.begin_partitions()?;
        // What takes many round trips goes on as work of its own, before anything else in the queue.
        self.effects.push(Effect::Next(Work::InOffice));
        Ok(())
    }

    /// The second half of taking office: what was asked of earlier controllers.
    pub fn in_office(&mut self) -> Step<()> {
        let wanted = self.wanted_reassignments()?;
        let resumed: BTreeSet<&TopicPartition> = wanted.iter().map(|(one, _)| one).collect();
        let mut todo: Vec<(TopicPartition, znodes::Assignment)> = Vec::new();
        for partition in self.context.reassigning.iter().filter(|one| !resumed.contains(one)) {
            todo.push((partition.clone(), self.context.assignment(partition)));
        }
        todo.extend(wanted);
        self.resume_deletions()?;
        if self.settings.auto_leader_rebalance_enable {
            self.effects.push(Effect::Timer(Timer::LeaderBalance, Some(FIRST_BALANCE)));
        }
        self.effects.push(Effect::Next(Work::ZooKeeperElection));
        if !todo.is_empty() {
            let done = Vec::new();
            self.effects.push(Effect::Next(Work::Reassign { todo, done, answer_to: None }));
        }
        Ok(())
    }

    /// How many single requests the answered batches had.
    fn requests_so_far(&self) -> usize {
        self.answers.iter().take(self.asked).map(Vec::len).sum()
    }

    /// Reads brokers, topics, replicas and states (`initializeControllerContext`).
    fn load(&mut self) -> Step<()> {
        self.context.live = self.brokers()?;
        let names: Vec<TopicName> = self.topic_names()?.into_iter().collect();
        self.context.topics = Arc::default();
        self.add_topics(&names)?;
        self.context.shutting_down.clear();
        let all: Vec<TopicPartition> = self.context.partitions().map(|(one, _)| one).collect();
        self.refresh_states(&all)
    }

    /// Reads topics that are new to the controller; their partitions.
    pub fn add_topics(&mut self, names: &[TopicName]) -> Step<Vec<TopicPartition>> {
        for name in names {
            self.context.topic_mut(name);
        }
        let mut nodes = self.topic_nodes(names)?;
        if self.settings.rules.topic_form >= 3 {
            let mut writes = Vec::new();
            for (name, node) in nodes.iter_mut().filter(|(_, node)| node.id.is_none()) {
                node.id = Some(self.draw_topic_id(name));
                writes.push(ZooKeeperOperation::SetData {
                    path: znodes::topic_path(name),
                    data: znodes::topic(3, node),
                    version: None,
                });
            }
            self.write(writes)?;
        }
        let mut partitions = Vec::new();
        for (name, node) in nodes {
            let topic: &mut TopicContext = self.context.topic_mut(&name);
            topic.id = node.id;
            for (number, assignment) in node.partitions {
                let partition = TopicPartition::new(&name, number);
                if assignment.is_reassigning() {
                    self.context.reassigning.insert(partition.clone());
                }
                self.context.partition_mut(&partition).assignment = assignment;
                partitions.push(partition);
            }
        }
        Ok(partitions)
    }

    /// A topic's id: chance drawn by its name and this reign.
    fn draw_topic_id(&self, name: &TopicName) -> Uuid {
        let mut key = 0u64;
        for byte in name.as_str().bytes() {
            key = key.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte);
        }
        let reign = (self.context.epoch as u64) << 32 | self.began.0 & 0xffff_ffff;
        Uuid::from_chance(prng::bytes16(self.settings.seed, Purpose::Identity, key, 7, reign))
    }

    /// Reads states again (`updateLeaderAndIsrCache`).
    pub fn refresh_states(&mut self, partitions: &[TopicPartition]) -> Step<()> {
        let states = self.states(partitions, false)?;
        for (partition, state) in partitions.iter().zip(states) {
            if let (Some(state), Some(_)) = (state, self.context.partition(partition)) {
                self.context.partition_mut(partition).leadership = Some(state);
            }
        }
        Ok(())
    }

    /// Deletes leaders' notes about ISRs.
    pub fn delete_notes(&mut self, names: &[Arc<str>]) -> Step<()> {
        let path = |name| Arc::from(format!("{}/{name}", znodes::ISR_CHANGE_NOTIFICATION));
        self.delete(names.iter().map(path).collect())
    }
}
