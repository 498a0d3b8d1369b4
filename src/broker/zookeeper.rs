//! A broker of the ZooKeeper era: its session, its znode, and the controller that lives in it.
//!
//! ```text
//!   ZooKeeper ──answers, watches──▶ session ─┬─▶ jobs        start, register, write an ISR, serve an administrator
//!             ◀──operations──────────────────┤
//!                                            └─▶ controller  (in every broker; one of them decides)
//!   controller of any broker ──LeaderAndIsr, UpdateMetadata, StopReplica──▶ orders ──▶ replicas, metadata cache
//! ```
//!
//! Files: `job` (a piece of work that waits for ZooKeeper), `startup`, `orders`, `isr`, `topics` and `tools` (what
//! administrators ask for), `shutdown`, `event`. Always: the metadata cache is the same
//! [`Image`](crate::coordination::kraft::Image) that a KRaft broker reads from its log, so that clients are answered
//! by the same code; it is filled by UpdateMetadata alone. Sources: classes `KafkaServer`, `KafkaZkClient`,
//! `ZooKeeperClient`, `ReplicaManager`, `MetadataCache`.

mod event;
mod isr;
mod job;
mod orders;
mod shutdown;
mod startup;
mod tools;
mod topics;

pub use event::ZooKeeperEvent;

use super::{Broker, Event, Halt, Out, Purpose};
use crate::clock::{Duration, Instant};
use crate::coordination::zookeeper::controller::{Action, Controller, Settings};
use crate::coordination::zookeeper::{News, Session, znodes};
use crate::disk::Disk;
use crate::era::Era;
use crate::protocol::{
    ErrorCode, Message, Request, Response, Timer, WatchEvent, ZooKeeperOperation,
};
use crate::types::{NodeId, TopicName, TopicPartition};
use job::{Job, Task};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Who asked ZooKeeper, and waits for the answer.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Asker {
    Controller,
    Job(u64),
}

/// An answer to an administrator that waits until this broker has heard of what was done.
#[derive(Clone, Debug, PartialEq)]
struct Awaiting {
    to: NodeId,
    correlation: u64,
    response: Response,
    /// Topics with the number of partitions that shall have a leader; none: the topic shall be gone.
    topics: Vec<(TopicName, Option<usize>)>,
    deadline: Instant,
}

/// What a broker of this era has beyond the others.
#[derive(Clone, Debug)]
pub struct ZooKeeperSide {
    /// Its session.
    pub session: Session,
    /// The controller in it.
    pub controller: Controller,
    /// The greatest controller epoch of an order that it obeyed; orders of a smaller one are refused.
    pub controller_epoch: i32,
    /// Whether it has a znode of its own in this session.
    pub registered: bool,
    /// Whether a controller has told it what its replicas are; before, no high watermark is written down.
    pub ordered: bool,
    asked: BTreeMap<u64, Asker>,
    jobs: BTreeMap<u64, Job>,
    next_job: u64,
    awaiting: Vec<Awaiting>,
    /// ISRs changed, of which the controller has not been told yet (`isrChangeSet`).
    isr_changes: BTreeSet<TopicPartition>,
    last_isr_change: Instant,
    last_isr_note: Instant,
    /// The last note about settings that was read.
    last_config_note: Option<Arc<str>>,
    shutdown_tries: u32,
    /// Whether this process was registered once; before that it takes no requests.
    pub started: bool,
    raced: bool,
}

impl ZooKeeperSide {
    /// The side of a broker whose process begins.
    pub(super) fn open(
        now: Instant,
        id: NodeId,
        config: &super::Config,
        seed: u64,
        start_ordinal: u64,
        out: &mut Out,
    ) -> ZooKeeperSide {
        let era = config.log.era;
        let standard = era.default_of("zookeeper.session.timeout.ms").unwrap_or("18000");
        let given = |name: &str| config.given(name);
        let timeout = given("zookeeper.session.timeout.ms").unwrap_or(standard);
        let session =
            Session::open(now, timeout.parse().unwrap_or(18_000), start_ordinal << 40, out);
        ZooKeeperSide {
            session,
            controller: Controller::new(id, settings(&era, config, seed)),
            controller_epoch: 0,
            registered: false,
            ordered: false,
            asked: BTreeMap::new(),
            jobs: BTreeMap::new(),
            next_job: 0,
            awaiting: Vec::new(),
            isr_changes: BTreeSet::new(),
            last_isr_change: now,
            last_isr_note: now,
            last_config_note: None,
            shutdown_tries: 0,
            started: false,
            raced: false,
        }
    }

    /// Whether it takes part in the race for `/controller`.
    pub fn is_racing(&self) -> bool {
        self.raced
    }

    /// What is under way that is not periodic.
    pub fn unsettled(&self, id: NodeId) -> Option<String> {
        if !self.registered || !self.raced {
            return Some(format!("broker {id} has no znode yet"));
        }
        if !self.jobs.is_empty() || self.session.outstanding() > 0 {
            return Some(format!("broker {id} waits for ZooKeeper"));
        }
        if !self.awaiting.is_empty() {
            return Some(format!("broker {id} waits to hear of a topic"));
        }
        if !self.isr_changes.is_empty() {
            return Some(format!("broker {id} has not told the controller of an ISR yet"));
        }
        if !self.controller.is_idle() {
            return Some(format!("the controller in broker {id} is at work"));
        }
        None
    }

    /// Idle time was passed over.
    pub fn shift(&mut self, by: Duration) {
        self.session.shift(by);
        for waiting in &mut self.awaiting {
            waiting.deadline = waiting.deadline + by;
        }
    }
}

/// The controller's settings, by Kafka's names.
fn settings(era: &Era, config: &super::Config, seed: u64) -> Settings {
    let mut settings = Settings::of(era, seed);
    settings.clock_skew_us = config.log.clock_skew_us;
    let rules = settings.rules;
    let number = |name: &str| config.given(name).and_then(|value| value.parse::<u64>().ok());
    let switch = |name: &str, into: &mut bool| {
        if let Some(value) = config.given(name) {
            *into = value == "true";
        }
    };
    switch("auto.leader.rebalance.enable", &mut settings.auto_leader_rebalance_enable);
    switch("unclean.leader.election.enable", &mut settings.unclean_leader_election_enable);
    switch("delete.topic.enable", &mut settings.delete_topic_enable);
    settings.set_election_per_partition(config.nobody_decides());
    if let Some(ms) = number("controller.socket.timeout.ms") {
        settings.controller_socket_timeout = Duration::from_ms(ms.max(1));
    }
    if let Some(count) =
        number("zookeeper.max.in.flight.requests").filter(|_| !rules.survives_expiry)
    {
        settings.rules.in_flight = count.clamp(1, 1_000) as usize;
    }
    if let Some(seconds) = number("leader.imbalance.check.interval.seconds") {
        settings.leader_imbalance_check_interval = Duration::from_ms(seconds.saturating_mul(1_000));
    }
    if let Some(percent) = number("leader.imbalance.per.broker.percentage") {
        settings.leader_imbalance_per_broker_percentage = percent.min(100) as u32;
    }
    settings
}

impl Broker {
    /// Does something with what a broker of this era has; nothing in the other one.
    pub(super) fn zookeeper_mut(&mut self) -> Option<&mut ZooKeeperSide> {
        self.zookeeper.as_deref_mut()
    }

    /// Whether this broker is the controller, as far as it knows.
    pub fn is_zookeeper_controller(&self) -> bool {
        self.zookeeper.as_ref().is_some_and(|side| side.controller.is_active())
    }

    /// ZooKeeper answered, or a watch fired.
    pub(super) fn zookeeper_response(
        &mut self,
        now: Instant,
        correlation: u64,
        response: Response,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let Some(side) = self.zookeeper_mut() else { return Ok(()) };
        let news = match response {
            Response::ZooKeeperConnect(response) => {
                side.session.connected(now, correlation, &response, out)
            }
            Response::ZooKeeper(response) => side.session.heard(now, correlation, response, out),
            _ => Vec::new(),
        };
        self.session_news(now, news, disk, out)
    }

    /// Timers of this era.
    pub(super) fn zookeeper_timer(
        &mut self,
        now: Instant,
        timer: &Timer,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let Some(side) = self.zookeeper_mut() else { return Ok(()) };
        match timer {
            Timer::ZooKeeperSession => {
                let news = side.session.timer(now, out);
                self.session_news(now, news, disk, out)
            }
            Timer::IsrChangeNotification => {
                self.note_isr_changes(now, out);
                self.play_jobs(now, disk, out)
            }
            Timer::ControllerRace => {
                self.race(now, out);
                Ok(())
            }
            Timer::TopicWait => {
                self.answer_awaiting(now, out);
                Ok(())
            }
            Timer::ControlledShutdown => {
                self.shutdown_due(now, disk, out)?;
                self.play_jobs(now, disk, out)
            }
            timer => {
                let mut actions = Vec::new();
                side.controller.timer(now, timer, &mut actions);
                self.act(now, actions, out);
                Ok(())
            }
        }
    }

    /// The connection to ZooKeeper broke.
    pub(super) fn zookeeper_lost(
        &mut self,
        now: Instant,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let Some(side) = self.zookeeper_mut() else { return Ok(()) };
        let news = side.session.broken(now, out);
        self.session_news(now, news, disk, out)
    }

    fn session_news(
        &mut self,
        now: Instant,
        news: Vec<News>,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        for news in news {
            match news {
                News::Began => self.session_began(now, out),
                News::Resumed => {
                    let Some(side) = self.zookeeper_mut() else { continue };
                    let session = side.session.id;
                    told(out, ZooKeeperEvent::Reconnected { session });
                }
                News::Disconnected => told(out, ZooKeeperEvent::Disconnected),
                News::Expired => self.session_expired(now, out),
                News::Answered { token, answer } => {
                    let Some(side) = self.zookeeper_mut() else { continue };
                    match side.asked.remove(&token) {
                        Some(Asker::Controller) => {
                            let mut actions = Vec::new();
                            side.controller.zookeeper_answered(now, answer, &mut actions);
                            self.act(now, actions, out);
                        }
                        Some(Asker::Job(id)) => {
                            if let Some(job) = side.jobs.get_mut(&id) {
                                job.answered(answer);
                            }
                        }
                        None => {}
                    }
                }
                News::Watch(event) => self.watch_fired(now, &event, out),
            }
            self.play_jobs(now, disk, out)?;
        }
        Ok(())
    }

    fn watch_fired(&mut self, now: Instant, event: &WatchEvent, out: &mut Out) {
        let own = znodes::broker_path(self.id);
        let Some(side) = self.zookeeper_mut() else { return };
        let mut actions = Vec::new();
        side.controller.watch_fired(now, event, &mut actions);
        if event.path == own && !side.registered {
            self.begin_job(Task::Register);
        } else if &*event.path == "/config/changes" {
            self.begin_job(Task::ConfigChanges);
        }
        self.act(now, actions, out);
    }

    /// Does what the controller in this broker wants.
    fn act(&mut self, now: Instant, actions: Vec<Action>, out: &mut Out) {
        for action in actions {
            match action {
                Action::ZooKeeper(operation) => {
                    self.ask_zookeeper(now, Asker::Controller, operation, out);
                }
                Action::Order { to, ticket, request } => {
                    let timeout = Duration::from_ms(30_000);
                    self.ask(now, to, request, Purpose::Order { ticket }, timeout, out);
                }
                Action::Answer { to, correlation, response } => {
                    out.send(to, Message::response(correlation, response));
                }
                Action::Event(event) => out.events.push(Event::Metadata(event)),
                Action::Timer(timer, at) => out.timers.push((timer, at)),
            }
        }
    }

    fn ask_zookeeper(
        &mut self,
        now: Instant,
        asker: Asker,
        operation: ZooKeeperOperation,
        out: &mut Out,
    ) {
        let Some(side) = self.zookeeper_mut() else { return };
        let token = side.session.ask(now, operation, out);
        side.asked.insert(token, asker);
    }

    /// A broker answered an order of the controller in this one.
    pub(super) fn order_answered(
        &mut self,
        now: Instant,
        from: NodeId,
        ticket: u64,
        response: &Response,
        out: &mut Out,
    ) {
        let Some(side) = self.zookeeper_mut() else { return };
        let mut actions = Vec::new();
        side.controller.broker_answered(now, from, ticket, response, &mut actions);
        self.act(now, actions, out);
    }

    /// An order will not be answered.
    pub(super) fn order_lost(&mut self, now: Instant, to: NodeId, out: &mut Out) {
        let Some(side) = self.zookeeper_mut() else { return };
        let mut actions = Vec::new();
        side.controller.broker_lost(now, to, &mut actions);
        self.act(now, actions, out);
    }

    /// Whether a request is one of this era; if so it is served.
    pub(super) fn zookeeper_request(
        &mut self,
        now: Instant,
        from: NodeId,
        correlation: u64,
        request: Request,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        match request {
            Request::LeaderAndIsr(order) => {
                self.leader_and_isr(now, from, correlation, order, disk, out)?;
            }
            Request::UpdateMetadata(order) => {
                self.update_metadata(now, from, correlation, &order, out);
            }
            Request::StopReplica(order) => {
                self.stop_replica(now, from, correlation, &order, disk, out)?;
            }
            request if self.is_cut_off_tool(&request) => {
                let response = tools::not_available(&request);
                out.send(from, Message::response(correlation, response));
            }
            request if self.writes_by_itself(&request) => {
                let task = Task::Admin { client: from, correlation, request };
                self.begin_job(task);
            }
            request if Controller::serves(&request) => {
                let Some(side) = self.zookeeper_mut() else { return Ok(()) };
                let mut actions = Vec::new();
                side.controller.request(now, from, correlation, request, &mut actions);
                self.act(now, actions, out);
            }
            request => {
                let request = request.kind();
                let error = ErrorCode::UNSUPPORTED_VERSION;
                out.events.push(Event::Refused { from, request, partition: None, error });
            }
        }
        self.play_jobs(now, disk, out)
    }

    pub(super) fn begin_job(&mut self, task: Task) {
        let Some(side) = self.zookeeper_mut() else { return };
        let is_there = |job: &Job| job.is_like(&task);
        if side.jobs.values().any(is_there) {
            return;
        }
        side.next_job += 1;
        side.jobs.insert(side.next_job, Job::new(task));
    }

    /// Plays every job that has what it waited for.
    fn play_jobs(&mut self, now: Instant, disk: &mut Disk, out: &mut Out) -> Result<(), Halt> {
        loop {
            let Some(side) = self.zookeeper_mut() else { return Ok(()) };
            let ready = side.jobs.iter().find(|(_, job)| job.is_ready()).map(|(&id, _)| id);
            let Some(id) = ready else { return Ok(()) };
            let Some(mut job) = side.jobs.remove(&id) else { return Ok(()) };
            match self.play(now, &mut job) {
                Ok(done) => self.job_done(now, job, done, disk, out)?,
                Err(wanted) => {
                    job.asked(wanted.len());
                    for operation in wanted {
                        self.ask_zookeeper(now, Asker::Job(id), operation, out);
                    }
                    if let Some(side) = self.zookeeper_mut() {
                        side.jobs.insert(id, job);
                    }
                }
            }
        }
    }
}

/// Tells people.
fn told(out: &mut Out, event: ZooKeeperEvent) {
    out.events.push(Event::ZooKeeper(event));
}
