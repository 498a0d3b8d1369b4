//! The start of a broker in the ZooKeeper era, and a new session after the old one expired (classes `KafkaServer`,
//! `KafkaZkClient.CheckedEphemeral`, `KafkaController.RegisterBrokerAndReelect`).
//!
//! ```text
//!   session ─▶ trunk of the tree ─▶ /cluster/id (0.10.1) ─▶ /brokers/ids/1, ephemeral ─▶ race for /controller
//!                                                             └ taken by the session of the process before:
//!                                                               wait until that ends
//! ```
//!
//! Always: whoever has no znode of its own races for nothing. Left out: Kafka's broker exits when its znode is taken,
//! and whoever watches over it starts it again; here it waits (ledger: `zookeeper-broker-waits`).

use super::job::{Done, Job, Play, Settings, Step, Task, create};
use super::{ZooKeeperEvent, ZooKeeperSide, told};
use crate::broker::{Broker, Halt, Life, Out};
use crate::clock::{Duration, Instant};
use crate::coordination::kraft::ConfigResource;
use crate::coordination::zookeeper::znodes;
use crate::disk::Disk;
use crate::era::is_before;
use crate::protocol::{
    CreateMode, Message, Timer, ZooKeeperError, ZooKeeperOperation, ZooKeeperReply,
};
use crate::storage;
use crate::types::{BrokerEpoch, Uuid};
use std::sync::Arc;

/// So many ms after its registration broker 1 races for `/controller`, broker 2 after twice as many, and so on: brokers
/// that are started one after the other, all of them registered before the first controller counts them.
const RACE: u64 = 50;
/// From this broker on all wait equally long.
const MOST_RACE: u32 = 20;

/// The cluster's id (KIP-78).
const CLUSTER_ID: &str = "/cluster/id";

impl Broker {
    /// Opens the session; everything else follows from it.
    pub(in crate::broker) fn open_zookeeper(
        &mut self,
        now: Instant,
        seed: u64,
        start_ordinal: u64,
        out: &mut Out,
    ) {
        let side = ZooKeeperSide::open(now, self.id, &self.config, seed, start_ordinal, out);
        self.zookeeper = Some(Box::new(side));
    }

    pub(super) fn session_began(&mut self, now: Instant, out: &mut Out) {
        let Some(side) = self.zookeeper_mut() else { return };
        let (session, timeout_ms) = (side.session.id, side.session.timeout.as_ms());
        let is_first = !side.started;
        told(out, ZooKeeperEvent::Connected { session, timeout_ms });
        self.begin_job(if is_first { Task::Start } else { Task::Register });
        let _ = now;
    }

    pub(super) fn session_expired(&mut self, now: Instant, out: &mut Out) {
        told(out, ZooKeeperEvent::Expired);
        let Some(side) = self.zookeeper_mut() else { return };
        side.registered = false;
        side.asked.clear();
        // Whoever asked for these has lost its answer with the session (`retryRequestUntilConnected` gives up then; a
        // topic asked for while ZooKeeper was frozen for longer than the session was never made by 3.9.1).
        side.jobs.retain(|_, job| !matches!(job.task, Task::Admin { .. }));
        side.jobs.values_mut().for_each(Job::reset);
        let mut actions = Vec::new();
        side.controller.session_expired(now, &mut actions);
        self.act(now, actions, out);
    }

    /// Plays a job; an error is what it has to ask first.
    pub(super) fn play(&self, now: Instant, job: &mut Job) -> Step<Done> {
        let task = job.task.clone();
        let mut play = job.play();
        match &task {
            Task::Start => self.play_start(now, &mut play),
            Task::Register => self.play_register(now, None, &mut play),
            Task::Obey { topics, .. } => {
                let topics: Vec<_> = topics.iter().map(ConfigResource::topic).collect();
                Ok(Done::Settings(play.settings(&topics)?, None))
            }
            Task::ConfigChanges => self.play_config_changes(&mut play),
            Task::WriteIsr { partition, data, version } => {
                self.play_write_isr(partition, data, *version, &mut play)
            }
            Task::NoteIsrs(partitions) => {
                let data = znodes::partition_list(partitions);
                let mode = CreateMode::PersistentSequential;
                play.create(znodes::ISR_CHANGE_PREFIX.into(), data, mode)?.ok();
                Ok(Done::Nothing)
            }
            Task::Admin { request, .. } => self.play_admin(request, &mut play),
            Task::Shutdown => {
                let data = play.data(znodes::CONTROLLER.into(), false)?;
                Ok(Done::Controller(data.and_then(|(data, _)| znodes::controller_id(&data))))
            }
        }
    }

    fn play_start(&self, now: Instant, play: &mut Play<'_>) -> Step<Done> {
        let kafka = self.config.log.era.kafka;
        let has_cluster_id = !is_before(kafka, "0.10.1");
        let plain = |path: &&str| create((*path).into(), "".into(), CreateMode::Persistent);
        let mut trunk: Vec<&str> = znodes::persistent(kafka).collect();
        if has_cluster_id {
            trunk.push("/cluster");
        }
        play.ask(trunk.iter().map(plain).collect())?.len();
        let mut cluster_id = None;
        if has_cluster_id {
            let data = match play.data(CLUSTER_ID.into(), false)? {
                Some((data, _)) => data,
                None => {
                    let id = self.cluster_id.to_string();
                    let data: Arc<str> = format!("{{\"version\":\"1\",\"id\":\"{id}\"}}").into();
                    play.create(CLUSTER_ID.into(), data, CreateMode::Persistent)?.ok();
                    play.data(CLUSTER_ID.into(), false)?.map_or("".into(), |(data, _)| data)
                }
            };
            let id = data.split("\"id\":\"").nth(1).and_then(|rest| rest.split('"').next());
            cluster_id = Some(id.unwrap_or_default().to_owned());
        }
        self.play_register(now, cluster_id, play)
    }

    /// `KafkaZkClient.registerBroker`: what is there already may be this session's own.
    fn play_register(
        &self,
        now: Instant,
        cluster_id: Option<String>,
        play: &mut Play<'_>,
    ) -> Step<Done> {
        // Where nobody has left a note, nobody has changed a setting.
        let notes = play.children("/config/changes", true)?;
        let settings = match notes.is_empty() || is_before(self.config.log.era.kafka, "0.10.1") {
            true => Settings::new(),
            false => {
                let own = ConfigResource::Broker(self.id.to_string());
                play.settings(&[ConfigResource::cluster(), own])?
            }
        };
        let path = znodes::broker_path(self.id);
        let kafka = self.config.log.era.kafka;
        let form = [("0.9", 1), ("0.10", 2), ("2.7", 4)];
        let form = form.iter().find(|(version, _)| is_before(kafka, version)).map_or(5, |f| f.1);
        let rack = self.rack.clone();
        let port = 9_091_u16.saturating_add(self.id.0.min(50_000) as u16);
        let host = format!("broker-{}", self.id);
        let data = znodes::broker(form, &host, port, rack.as_deref(), self.config.log.wall(now).0);
        for _ in 0..3 {
            match play.create(path.clone(), data.clone(), CreateMode::Ephemeral)? {
                Ok(ZooKeeperReply::Created { stat, .. }) => {
                    let czxid = stat.czxid;
                    return Ok(Done::Registered { cluster_id, czxid, settings });
                }
                Err(ZooKeeperError::NodeExists) => {}
                _ => return Ok(Done::Taken),
            }
            let look = ZooKeeperOperation::Exists { path: path.clone(), watch: true };
            if let Ok(ZooKeeperReply::Exists(stat)) = play.ask_one(look)? {
                let own = self.zookeeper.as_ref().map(|side| side.session.id);
                return Ok(match own == Some(stat.ephemeral_owner) {
                    true => Done::Registered { cluster_id, czxid: stat.czxid, settings },
                    false => Done::Taken,
                });
            }
        }
        Ok(Done::Taken)
    }

    /// Notes about settings that were not read yet (`ZkNodeChangeNotificationListener`), and what they are about.
    fn play_config_changes(&self, play: &mut Play<'_>) -> Step<Done> {
        let names = play.children("/config/changes", true)?;
        let last = self.zookeeper.as_ref().and_then(|side| side.last_config_note.clone());
        let new: Vec<Arc<str>> =
            names.into_iter().filter(|name| Some(name) > last.as_ref()).collect();
        let paths = new.iter().map(|name| format!("/config/changes/{name}").into()).collect();
        let notes = play.data_of(paths)?;
        let of_note = |note: Option<(Arc<str>, _)>| {
            znodes::config_resource(&znodes::read_config_change(&note?.0)?)
        };
        // What another broker alone was given does not concern this one (`BrokerConfigHandler`).
        let own = ConfigResource::Broker(self.id.to_string());
        let concerns = |resource: &ConfigResource| match resource {
            ConfigResource::Broker(id) => id.is_empty() || *resource == own,
            _ => true,
        };
        let mut changed: Vec<_> = notes.into_iter().filter_map(of_note).filter(concerns).collect();
        changed.sort();
        changed.dedup();
        Ok(Done::Settings(play.settings(&changed)?, new.last().cloned().or(last)))
    }

    /// What follows from a job.
    pub(super) fn job_done(
        &mut self,
        now: Instant,
        job: Job,
        done: Done,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        match (job.task, done) {
            (_, Done::Registered { cluster_id, czxid, settings }) => {
                if !settings.is_empty() {
                    self.take_settings(settings);
                    self.reconfigure(now, disk, out);
                }
                self.registered_in_zookeeper(now, cluster_id, czxid, disk, out)?;
            }
            (_, Done::Taken) => told(out, ZooKeeperEvent::ZnodeTaken),
            (Task::Obey { from, correlation, order, .. }, Done::Settings(settings, _)) => {
                self.take_settings(settings);
                self.obey(now, from, correlation, order, disk, out)?;
            }
            (Task::ConfigChanges, Done::Settings(settings, last)) => {
                if let Some(side) = self.zookeeper_mut() {
                    side.last_config_note = last;
                }
                self.settings_changed(now, settings, disk, out);
            }
            (Task::WriteIsr { partition, .. }, Done::IsrWritten(version)) => {
                self.isr_written(now, &partition, version, disk, out)?;
            }
            (Task::Admin { client, correlation, .. }, Done::Answer(response, topics)) => {
                self.await_topics(now, client, correlation, response, topics, out);
            }
            (Task::Shutdown, Done::Controller(controller)) => {
                self.ask_for_shutdown(now, controller, out);
            }
            _ => {}
        }
        Ok(())
    }

    fn registered_in_zookeeper(
        &mut self,
        now: Instant,
        cluster_id: Option<String>,
        czxid: i64,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let era = self.config.log.era;
        let epoch = if era.controller.broker_epochs { czxid } else { -1 };
        self.epoch = BrokerEpoch(epoch);
        let Some(side) = self.zookeeper_mut() else { return Ok(()) };
        side.registered = true;
        let is_first = !std::mem::replace(&mut side.started, true);
        let mut actions = Vec::new();
        told(out, ZooKeeperEvent::Registered { czxid });
        if is_first {
            let path = format!("{}/{}", self.directory, storage::META_PROPERTIES);
            if !disk.exists(&path) {
                storage::write_broker_properties(disk, &path, self.id.0, cluster_id.as_deref())?;
            }
            if self.life == Life::Starting {
                self.life = Life::Running;
                told(out, ZooKeeperEvent::Ready);
            }
        }
        let lead = RACE * u64::from(self.id.0.min(MOST_RACE));
        let Some(side) = self.zookeeper_mut() else { return Ok(()) };
        if is_first {
            out.set(Timer::ControllerRace, now + Duration::from_ms(lead));
        } else if side.raced {
            side.controller.session_began(now, &mut actions);
        }
        self.act(now, actions, out);
        Ok(())
    }

    /// All parts of the broker are up, and those of the others too: who is controller?
    pub(super) fn race(&mut self, now: Instant, out: &mut Out) {
        let Some(side) = self.zookeeper_mut() else { return };
        side.raced = true;
        let mut actions = Vec::new();
        side.controller.start(now, &mut actions);
        self.act(now, actions, out);
    }

    /// Keeps settings as read.
    pub(super) fn take_settings(&mut self, settings: Settings) {
        Arc::make_mut(&mut self.observer.image.configs).extend(settings);
    }

    fn settings_changed(&mut self, now: Instant, settings: Settings, disk: &Disk, out: &mut Out) {
        let is_of_brokers =
            |resource: &ConfigResource| matches!(resource, ConfigResource::Broker(_));
        let (brokers, others): (Settings, Settings) =
            settings.into_iter().partition(|(resource, _)| is_of_brokers(resource));
        if !brokers.is_empty() {
            self.take_settings(brokers);
            self.reconfigure(now, disk, out);
        }
        for (resource, settings) in others {
            let ConfigResource::Topic(topic) = &resource else { continue };
            let topic = crate::types::TopicName::new(topic);
            const UNCLEAN: &str = "unclean.leader.election.enable";
            let is_on = |all: &std::collections::BTreeMap<String, String>| {
                all.get(UNCLEAN).is_some_and(|value| value == "true")
            };
            let was_on = self.observer.image.configs.get(&resource).is_some_and(is_on);
            let turned_on = is_on(&settings) && !was_on;
            self.take_settings([(resource, settings)].into());
            let config = self.log_config(&topic);
            let of_topic = self.replicas.keys().filter(|partition| partition.topic == topic);
            for partition in of_topic.cloned().collect::<Vec<_>>() {
                if let Some(replica) = self.replicas.get_mut(&partition) {
                    replica.log.set_config(config.clone());
                }
            }
            if turned_on && let Some(side) = self.zookeeper_mut() {
                let mut actions = Vec::new();
                side.controller.unclean_enabled(now, Some(topic), &mut actions);
                self.act(now, actions, out);
            }
        }
    }

    /// Perhaps all topics may be led uncleanly now (`enableDefaultUncleanLeaderElection`).
    pub(in crate::broker) fn unclean_by_default(
        &mut self,
        now: Instant,
        before: &crate::broker::Config,
        out: &mut Out,
    ) {
        let is_on = self.config.log.unclean_leader_election_enable;
        let Some(side) = self.zookeeper_mut() else { return };
        side.controller.settings.unclean_leader_election_enable = is_on;
        if is_on && !before.log.unclean_leader_election_enable {
            let mut actions = Vec::new();
            side.controller.unclean_enabled(now, None, &mut actions);
            self.act(now, actions, out);
        }
    }

    /// Answers who waited for topics to be heard of, and who has waited too long.
    pub(super) fn answer_awaiting(&mut self, now: Instant, out: &mut Out) {
        let Some(side) = self.zookeeper_mut() else { return };
        let all = std::mem::take(&mut side.awaiting);
        let image = &self.observer.image;
        let heard = |(topic, wanted): &(crate::types::TopicName, Option<usize>)| match (
            image.topics.get(topic),
            wanted,
        ) {
            (topic, None) => topic.is_none(),
            (None, Some(_)) => false,
            (Some(topic), Some(count)) => {
                let led = topic.partitions.iter().filter(|p| p.leader.is_some());
                led.count() >= *count
            }
        };
        let (done, waiting): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|one| one.deadline <= now || one.topics.iter().all(heard));
        let serves_tools = self.serves_tools();
        for mut one in done {
            if one.deadline <= now && !serves_tools {
                let late = |topic: &crate::types::TopicName| {
                    one.topics.iter().any(|waited| waited.0 == *topic && !heard(waited))
                };
                one.response = super::tools::timed_out(one.response, &late);
            } else if one.topics.iter().all(heard) && !one.topics.is_empty() {
                one.response = super::tools::done(one.response);
            }
            out.send(one.to, Message::response(one.correlation, one.response));
        }
        if let Some(side) = self.zookeeper_mut() {
            side.awaiting = waiting;
        }
    }

    /// An id for a directory that is about to go: topics of this era may have none.
    pub(in crate::broker) fn deletion_id(&mut self, topic_id: Uuid, now: Instant) -> Uuid {
        if topic_id != Uuid::ZERO {
            return topic_id;
        }
        self.next_waiting += 1;
        let mut bytes = self.incarnation.0;
        for (byte, of) in bytes.iter_mut().zip(self.next_waiting.to_be_bytes()) {
            *byte ^= of;
        }
        for (byte, of) in bytes.iter_mut().rev().zip(now.0.to_le_bytes()) {
            *byte ^= of;
        }
        Uuid(bytes)
    }
}
