//! One broker: routes each input to its parts and each answer back.
//!
//! ```text
//!                      ┌──────────────── Broker ────────────────┐
//!   clients ─Produce──▶│ produce.rs   append, wait for the ISR   │
//!   clients ─Fetch────▶│ fetch.rs     read, or hold (long poll)  │◀─Fetch─ followers
//!   groups  ─Join…────▶│ groups.rs    coordinator, its log       │
//!   admin   ─Create…──▶│ admin.rs     forward to the controller  │──▶ controller
//!                      │ fetcher.rs   ask other leaders          │──Fetch─▶ leaders
//!                      │ isr.rs       who is in sync?            │──AlterPartition─▶ controller
//!                      │ metadata.rs  follow the metadata log    │──Fetch─▶ controller
//!                      │ lifecycle.rs register, heartbeat, stop  │──Heartbeat─▶ controller
//!                      └─────────────────────────────────────────┘
//! ```
//!
//! A broker knows the cluster only through the metadata log, which it reads a little later than it was written. Bytes
//! are in the log before the answer that promises them leaves. Sources: classes `BrokerServer`, `KafkaApis`,
//! `ReplicaManager`, `BrokerLifecycleManager`. Left out: fetch sessions (KIP-227), quotas, security, several listeners.

mod admin;
mod config;
mod controllers;
mod copies;
mod delete_records;
mod dynamic;
mod event;
mod fetch;
mod fetcher;
mod groups;
mod isr;
mod lifecycle;
mod metadata;
mod produce;
mod quiet;
mod replicas;
mod throttle;
mod truncate;
mod upkeep;
mod zookeeper;

pub use config::Config;
pub use copies::{Copies, Rejected};
pub use delete_records::DelayedDelete;
pub use dynamic::Source;
pub use event::Event;
pub use fetch::DelayedFetch;
pub use fetcher::{Fetcher, Following};
pub use lifecycle::{Boot, Life};
pub use produce::{DelayedProduce, Origin};
pub use replicas::Replicas;
pub use throttle::{Throttle, Way};
pub use upkeep::Upkeep;
pub use zookeeper::{ZooKeeperEvent, ZooKeeperSide};

use crate::clock::{Duration, Instant};
use crate::coordination::kraft::Observer;
use crate::disk::Disk;
use crate::group::Coordinator;
use crate::protocol::{Body, Input, Message, Output, Request, Response, Timer, is_not_controller};
use crate::storage::StorageError;
use crate::types::{BrokerEpoch, NodeId, Offset, TopicPartition, Uuid};
use std::collections::BTreeMap;

/// What a step of a broker gives back.
pub type Out = Output<Event>;

/// A broker that could not go on: its only log directory failed, and so it exits, as Kafka's does.
pub type Halt = StorageError;

/// A request of this broker that waits for its answer.
#[derive(Clone, Debug)]
struct InFlight {
    to: NodeId,
    deadline: Instant,
    purpose: Purpose,
}

#[derive(Clone, Debug)]
enum Purpose {
    Metadata,
    Registration,
    Heartbeat,
    AlterPartition(Vec<TopicPartition>),
    ReplicaFetch,
    EpochEnds,
    Forward { client: NodeId, correlation: u64, request: Box<Request> },
    AutoCreate,
    Order { ticket: u64 },
    ControlledShutdown,
}

/// A client's request that waits until it is known who the active controller is.
#[derive(Clone, Debug)]
struct Parked {
    client: NodeId,
    correlation: u64,
    request: Box<Request>,
    deadline: Instant,
}

/// One broker.
#[derive(Clone, Debug)]
pub struct Broker {
    /// Its id.
    pub id: NodeId,
    /// Its settings, with what was changed while it runs.
    pub config: Config,
    /// Those with which its process was started.
    pub started_with: std::sync::Arc<Config>,
    /// Its log directory, relative to the cluster's.
    pub directory: String,
    /// The log directory's id.
    pub directory_id: Uuid,
    /// The controller that it talks to: the active one, as far as it knows.
    pub controller: NodeId,
    /// All controllers.
    pub controllers: Vec<NodeId>,
    /// The epoch of the active one, as far as it knows.
    pub quorum_epoch: i32,
    /// The controller that it asks for metadata: the active one, or the next that may know who is.
    pub metadata_from: NodeId,
    parked: Vec<Parked>,
    /// Where it stands (`broker.rack`).
    pub rack: Option<std::sync::Arc<str>>,
    /// Drawn anew at each start.
    pub incarnation: Uuid,
    /// Its registration epoch; -1 before it is registered.
    pub epoch: BrokerEpoch,
    /// The epoch found in `.kafka_cleanshutdown`, else -1.
    pub previous_epoch: BrokerEpoch,
    /// Where it is in its life.
    pub life: Life,
    /// Its copy of the metadata log, and what it knows from it; in the ZooKeeper era what controllers told it.
    pub observer: Observer,
    /// What it has beyond that in the ZooKeeper era.
    pub zookeeper: Option<Box<ZooKeeperSide>>,
    /// The id of its cluster, if it is the first one to name it.
    pub cluster_id: Uuid,
    /// Its copies of partitions.
    pub replicas: Replicas,
    /// One fetcher for each leader that it follows.
    pub fetchers: BTreeMap<NodeId, Fetcher>,
    /// Whether its fetchers stand still, because the learner said so.
    pub fetchers_paused: bool,
    /// Extra wait before each fetch, because the learner said so.
    pub fetchers_slowed: Duration,
    /// Fetches that wait for more bytes.
    pub delayed_fetches: BTreeMap<u64, DelayedFetch>,
    /// Produces that wait for in-sync replicas.
    pub delayed_produces: BTreeMap<u64, DelayedProduce>,
    /// DeleteRecords that wait for followers.
    pub delayed_deletes: BTreeMap<u64, DelayedDelete>,
    /// Brakes on replication.
    pub(crate) throttle: Throttle,
    /// How bytes left for consumers.
    pub copies: Copies,
    /// What producers sent in vain.
    pub rejected: Rejected,
    /// The group coordinator.
    pub groups: Coordinator,
    /// Logs found at start that no registration has claimed yet.
    pub(crate) found: BTreeMap<TopicPartition, crate::storage::Log>,
    /// High watermarks found at start.
    pub(crate) found_high_watermarks: BTreeMap<TopicPartition, Offset>,
    /// Directories of deleted partitions that await `file.delete.delay.ms`.
    pub deleting: Vec<(Instant, String)>,
    /// What it does for its logs by the clock.
    pub upkeep: Upkeep,
    /// ISR changes that wait for the answer to the one before.
    pub(crate) alter_queue: Vec<TopicPartition>,
    /// Whether it acts on what the metadata log says; a starting broker only reads.
    acts_on_metadata: bool,
    in_flight: BTreeMap<u64, InFlight>,
    timeout_armed: bool,
    next_correlation: u64,
    next_waiting: u64,
    /// An append failed for its disk: the producer is told first, then the process ends.
    disk_failure: Option<Halt>,
    last_checkpoint: std::sync::Arc<Vec<(TopicPartition, Offset)>>,
}

impl Broker {
    /// Takes one input.
    pub fn step(
        &mut self,
        now: Instant,
        input: Input,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let told = out.events.len();
        self.throttle.now = now;
        let done = self.take(now, input, disk, out);
        let done = self.disk_failure.take().map_or(done, Err);
        out.busy = self.note_cuts(now, &out.events[told..]);
        done
    }

    fn take(
        &mut self,
        now: Instant,
        input: Input,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        match input {
            Input::Message { from, message: Message { correlation, body } } => match body {
                Body::Request(request) => self.request(now, from, correlation, request, disk, out),
                Body::Response(response) if from.is_zookeeper() => {
                    self.zookeeper_response(now, correlation, response, disk, out)
                }
                Body::Response(response) => {
                    self.response(now, from, correlation, response, disk, out)
                }
            },
            Input::Timer(timer) => self.timer(now, timer, disk, out),
            Input::Disconnected { peer } if peer.is_zookeeper() => {
                self.zookeeper_lost(now, disk, out)
            }
            Input::Disconnected { peer } => self.disconnected(now, peer, out),
        }
    }

    fn request(
        &mut self,
        now: Instant,
        from: NodeId,
        correlation: u64,
        request: Request,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        match request {
            Request::Produce(request) => self.produce(now, from, correlation, request, disk, out),
            Request::Fetch(request) => self.fetch(now, from, correlation, request, disk, out),
            Request::OffsetForLeaderEpoch(request) => {
                self.where_epochs_ended(from, correlation, request, out);
                Ok(())
            }
            Request::ListOffsets(request) => {
                self.list_offsets(from, correlation, request, disk, out)
            }
            Request::Metadata(request) => {
                self.metadata_request(now, from, correlation, request, out);
                Ok(())
            }
            Request::FindCoordinator(request) => {
                self.find_coordinator(now, from, correlation, request, out);
                Ok(())
            }
            Request::JoinGroup(_)
            | Request::SyncGroup(_)
            | Request::Heartbeat(_)
            | Request::LeaveGroup(_)
            | Request::OffsetCommit(_)
            | Request::OffsetFetch(_) => {
                self.group_request(now, from, correlation, request, disk, out)
            }
            Request::DeleteRecords(request) => {
                self.delete_records(now, from, correlation, request, disk, out)
            }
            other => match self.judge_settings(&other) {
                Err(refused) => {
                    self.refuse_settings(from, correlation, refused, out);
                    Ok(())
                }
                Ok(()) if self.zookeeper.is_some() => {
                    self.zookeeper_request(now, from, correlation, other, disk, out)
                }
                Ok(()) => {
                    self.forward(now, from, correlation, other, out);
                    Ok(())
                }
            },
        }
    }

    fn response(
        &mut self,
        now: Instant,
        from: NodeId,
        correlation: u64,
        response: Response,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let Some(pending) = self.in_flight.remove(&correlation) else {
            return Ok(()); // an answer that came too late
        };
        if is_not_controller(&response) && self.controllers.len() > 1 {
            self.lost(now, pending, out);
            return Ok(());
        }
        match (pending.purpose, response) {
            (Purpose::Metadata, Response::Fetch(response)) => {
                self.metadata_fetched(now, from, response, disk, out)
            }
            (Purpose::Metadata, Response::FetchSnapshot(response)) => {
                self.snapshot_fetched(now, response, disk, out)
            }
            (Purpose::Registration, Response::BrokerRegistration(response)) => {
                self.registered(now, response, out);
                self.begin_to_act(now, disk, out)
            }
            (Purpose::Heartbeat, Response::BrokerHeartbeat(response)) => {
                self.heartbeat_answered(now, response, disk, out)
            }
            (Purpose::AlterPartition(asked), Response::AlterPartition(response)) => {
                self.alter_partition_answered(now, &asked, response, disk, out)
            }
            (Purpose::ReplicaFetch, Response::Fetch(response)) => {
                self.replica_fetched(now, from, response, disk, out)
            }
            (Purpose::EpochEnds, Response::OffsetForLeaderEpoch(response)) => {
                self.epoch_ends_answered(now, from, response, disk, out)
            }
            (Purpose::Order { ticket }, response) => {
                self.order_answered(now, from, ticket, &response, out);
                Ok(())
            }
            (Purpose::ControlledShutdown, Response::ControlledShutdown(response)) => {
                self.shutdown_answered(now, &response, disk, out)
            }
            (Purpose::Forward { client, correlation, .. }, response) => {
                out.send(client, Message::response(correlation, response));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn timer(
        &mut self,
        now: Instant,
        timer: Timer,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        match timer {
            Timer::Register => self.register(now, out),
            Timer::BrokerHeartbeat => self.heartbeat(now, out),
            Timer::IsrCheck => self.check_isr(now, out),
            Timer::FetcherBackoff(leader) => self.fetch_from(now, leader, out),
            Timer::MetadataBackoff => self.fetch_metadata(now, out),
            Timer::DelayedFetch(id) => return self.fetch_expired(id, disk, out),
            Timer::DelayedProduce(id) => return self.produce_expired(now, id, disk, out),
            Timer::DelayedDelete(id) => self.delete_expired(id, out),
            Timer::RequestTimeout(_) => return self.requests_overdue(now, out),
            Timer::Checkpoint => return self.checkpoint(now, disk, out),
            Timer::LogRetention
            | Timer::LogCleaner
            | Timer::FileDelete
            | Timer::LogFlush
            | Timer::ProducerExpiry => return self.upkeep_timer(now, &timer, disk, out),
            Timer::AlterPartitionRetry => self.send_alter_partition(now, out),
            Timer::GroupSession { .. } | Timer::GroupRebalance { .. } => {
                return self.group_timer(now, timer, disk, out);
            }
            timer if self.zookeeper.is_some() => {
                return self.zookeeper_timer(now, &timer, disk, out);
            }
            _ => {}
        }
        Ok(())
    }

    /// Sends a request of this broker and remembers what for.
    fn ask(
        &mut self,
        now: Instant,
        to: NodeId,
        request: Request,
        purpose: Purpose,
        timeout: Duration,
        out: &mut Out,
    ) -> u64 {
        self.next_correlation += 1;
        let correlation = self.next_correlation;
        let deadline = now + timeout;
        self.in_flight.insert(correlation, InFlight { to, deadline, purpose });
        if !self.timeout_armed {
            self.timeout_armed = true;
            out.set(Timer::RequestTimeout(0), deadline);
        }
        out.send(to, Message::request(correlation, request));
        correlation
    }

    /// Who should have answered by now and has not.
    pub fn overdue(&self, now: Instant) -> impl Iterator<Item = NodeId> + '_ {
        self.in_flight.values().filter(move |f| f.deadline <= now).map(|f| f.to)
    }

    /// One timer serves all requests: it looks who is overdue and waits for the next.
    fn requests_overdue(&mut self, now: Instant, out: &mut Out) -> Result<(), Halt> {
        self.timeout_armed = false;
        let overdue: Vec<u64> =
            self.in_flight.iter().filter(|(_, f)| f.deadline <= now).map(|(&id, _)| id).collect();
        for id in overdue {
            if let Some(lost) = self.in_flight.remove(&id) {
                self.lost(now, lost, out);
            }
        }
        if let Some(next) = self.in_flight.values().map(|f| f.deadline).min()
            && !self.timeout_armed
        {
            self.timeout_armed = true;
            out.set(Timer::RequestTimeout(0), next);
        }
        Ok(())
    }

    fn disconnected(&mut self, now: Instant, peer: NodeId, out: &mut Out) -> Result<(), Halt> {
        let gone: Vec<u64> =
            self.in_flight.iter().filter(|(_, f)| f.to == peer).map(|(&id, _)| id).collect();
        for id in gone {
            if let Some(lost) = self.in_flight.remove(&id) {
                self.lost(now, lost, out);
            }
        }
        let held: Vec<u64> = self
            .delayed_fetches
            .iter()
            .filter(|(_, fetch)| fetch.from == peer)
            .map(|(&id, _)| id)
            .collect();
        for id in held {
            self.drop_delayed_fetch(id, out);
        }
        Ok(())
    }

    /// A request will not be answered any more.
    fn lost(&mut self, now: Instant, lost: InFlight, out: &mut Out) {
        use crate::protocol::ErrorCode;
        match lost.purpose {
            Purpose::Metadata => self.metadata_lost(now, out),
            Purpose::Registration => out.set(Timer::Register, now + Duration::from_ms(100)),
            Purpose::Heartbeat => out.set(Timer::BrokerHeartbeat, now + Duration::from_ms(200)),
            Purpose::AlterPartition(partitions) => {
                for partition in partitions {
                    if !self.alter_queue.contains(&partition) {
                        self.alter_queue.push(partition);
                    }
                }
                out.set(Timer::AlterPartitionRetry, now + Duration::from_ms(50));
            }
            Purpose::ReplicaFetch | Purpose::EpochEnds => {
                out.events.push(Event::FetchFailed {
                    leader: lost.to,
                    error: ErrorCode::NETWORK_EXCEPTION,
                });
                self.fetch_lost(now, lost.to, out);
            }
            Purpose::Forward { client, correlation, request } => {
                let parked = Parked { client, correlation, request, deadline: lost.deadline };
                self.forward_lost(now, parked, out);
            }
            Purpose::AutoCreate => {}
            Purpose::Order { .. } => self.order_lost(now, lost.to, out),
            Purpose::ControlledShutdown => self.shutdown_lost(now, out),
        }
    }

    /// Who leads `partition`, as far as this broker knows from the metadata log.
    pub(crate) fn known_leader(
        &self,
        partition: &TopicPartition,
    ) -> Option<(NodeId, crate::types::LeaderEpoch)> {
        let registration = self.observer.image.partition(partition)?;
        registration.leader.map(|leader| (leader, registration.leader_epoch))
    }
}
