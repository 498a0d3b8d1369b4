//! A broker's life: start, registration, heartbeats, controlled shutdown (class `BrokerLifecycleManager`, KIP-631).

use super::metadata::configured;
use super::{Broker, Config, Event, Halt, Out, Purpose};
use crate::clock::{Duration, Instant};
use crate::coordination::kraft::Observer;
use crate::disk::Disk;
use crate::era::{CleanFlag, Coordination};
use crate::group::{Coordinator, CoordinatorConfig};
use crate::prng;
use crate::protocol::{
    BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest,
    BrokerRegistrationResponse, ErrorCode, Request, Timer,
};
use crate::storage::{self, MetaProperties, StartPlan, StartRefused, StartStep, StorageError};
use crate::types::{BrokerEpoch, NodeId, Uuid};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where a broker is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It reads its logs and the metadata log; the controller keeps it fenced.
    Starting,
    /// It works.
    Running,
    /// It asked for permission to stop and hands its leaderships over.
    ShuttingDown,
    /// It wrote everything down and ended.
    Stopped,
}

/// What a broker process is started with.
#[derive(Clone, Debug)]
pub struct Boot {
    /// Its id.
    pub id: NodeId,
    /// Its settings.
    pub config: Config,
    /// The controllers.
    pub controllers: Vec<NodeId>,
    /// Where it stands (`broker.rack`).
    pub rack: Option<Arc<str>>,
    /// Who coordinates the cluster.
    pub coordination: Coordination,
    /// The cluster's id.
    pub cluster_id: Uuid,
    /// What chance is drawn from.
    pub seed: u64,
    /// Tells one start from the next.
    pub start_ordinal: u64,
}

/// Draws the id of a broker's incarnation or directory.
fn identity(seed: u64, broker: NodeId, what: u64, ordinal: u64) -> Uuid {
    let bytes = prng::bytes16(seed, prng::Purpose::Identity, u64::from(broker.0), what, ordinal);
    Uuid::from_chance(bytes)
}

impl Broker {
    /// Prepares an empty log directory as `kafka-storage format` does: `meta.properties` and the metadata log's place.
    /// In the ZooKeeper era nobody did: the broker finds it empty.
    pub fn format(
        disk: &mut Disk,
        id: NodeId,
        cluster_id: Uuid,
        seed: u64,
        coordination: Coordination,
    ) -> Result<(), Halt> {
        let directory = format!("broker-{id}");
        if coordination == Coordination::ZooKeeper {
            return Observer::format(disk, &directory, id, cluster_id);
        }
        let directory_id = identity(seed, id, 1, 0);
        let meta =
            MetaProperties { cluster_id: cluster_id.to_string(), node_id: id.0, directory_id };
        let path = format!("{directory}/{}", storage::META_PROPERTIES);
        storage::write_meta_properties(disk, &path, &meta)?;
        Observer::format(disk, &directory, id, cluster_id)
    }

    /// Starts the process: opens every log in the directory (recovering it, unless the last stop was clean) and begins
    /// to follow the metadata log.
    pub fn start(boot: Boot, now: Instant, disk: &mut Disk, out: &mut Out) -> Result<Broker, Halt> {
        let Boot { id, config, controllers, rack, coordination, cluster_id, seed, start_ordinal } =
            boot;
        let is_kraft = coordination == Coordination::Kraft;
        let directory = format!("broker-{id}");
        let mut told = Vec::new();
        let mut observer = match is_kraft {
            true => Observer::open(disk, &directory, id, config.snapshots.clone(), now)?,
            false => Observer::without_log(&directory),
        };
        // In the ZooKeeper era it will hear who the controller is.
        let controller = controllers.first().copied().unwrap_or(id);
        if controllers.len() > 1 {
            observer.voters.clone_from(&controllers);
        }
        let remembered = observer.remembered(disk)?;
        let known = super::dynamic::effective(&config, &remembered, id);
        let plan = StartPlan {
            directories: std::slice::from_ref(&directory),
            node_id: Some(id.0),
            now: config.log.wall(now),
            config: &|partition| configured(&known.log, &remembered, &partition.topic),
            is_stray: &|_, _| None, // the metadata log is not read yet: judged when its replica is made
            era: config.log.era,
            needs_properties: is_kraft,
        };
        let started = storage::start(disk, &plan, &mut told).map_err(|refused| {
            let StartRefused { directory, why } = refused;
            StorageError::refused_start(&directory, why)
        })?;
        let clean_epoch = started.directories[0].clean_epoch;
        let clean = clean_epoch.is_some();
        out.events.push(Event::Started { clean });
        // A directory without a log has nothing to tell: the first start of a broker.
        let has_logs = told.iter().any(|event| matches!(event.step, StartStep::Log(_)));
        out.events.extend(told.into_iter().filter_map(|event| match event.step {
            StartStep::Log(event) => Some(Event::Storage(event)),
            StartStep::CheckpointRead { file, .. } if file != storage::RECOVERY_POINTS => None,
            StartStep::PropertiesRead { .. } | StartStep::LogsFound { .. } => None,
            step => has_logs.then_some(Event::Directory(step)),
        }));
        let path = format!("{directory}/{}", storage::CLEANER_OFFSETS);
        let cleaned = storage::read_offsets(disk, &path)?.into_iter().collect();
        let given = |name: &str| config.given(name).and_then(|value| value.parse().ok());
        let standard = CoordinatorConfig::default();
        let group_config = CoordinatorConfig {
            partitions: config.offsets_topic_partitions as u32,
            initial_rebalance_delay_ms: u64::from(config.group_initial_rebalance_delay_ms),
            min_session_timeout_ms: given("group.min.session.timeout.ms")
                .unwrap_or(standard.min_session_timeout_ms),
            max_session_timeout_ms: given("group.max.session.timeout.ms")
                .or_else(|| config.era().default_of("group.max.session.timeout.ms")?.parse().ok())
                .unwrap_or(standard.max_session_timeout_ms),
            max_size: given("group.max.size").unwrap_or(standard.max_size),
            clock_skew_us: config.log.clock_skew_us,
        };
        let groups = Coordinator::new(id, seed, group_config);
        let mut broker = Broker {
            id,
            directory,
            directory_id: identity(seed, id, 1, 0),
            controller,
            metadata_from: controller,
            controllers,
            quorum_epoch: 0,
            parked: Vec::new(),
            rack,
            incarnation: identity(seed, id, 2, start_ordinal),
            epoch: BrokerEpoch(-1),
            previous_epoch: BrokerEpoch(clean_epoch.unwrap_or(-1)),
            life: Life::Starting,
            observer,
            zookeeper: None,
            cluster_id,
            replicas: super::Replicas::new(),
            fetchers: BTreeMap::new(),
            fetchers_paused: false,
            fetchers_slowed: Duration::ZERO,
            delayed_fetches: BTreeMap::new(),
            delayed_deletes: BTreeMap::new(),
            throttle: super::Throttle::default(),
            copies: super::Copies::default(),
            rejected: super::Rejected::default(),
            delayed_produces: BTreeMap::new(),
            groups,
            found: started.logs,
            found_high_watermarks: started.high_watermarks,
            deleting: started
                .deleting
                .into_iter()
                .map(|path| (now + Duration::from_ms(60_000), path))
                .collect(),
            upkeep: super::Upkeep::begin(now, cleaned),
            alter_queue: Vec::new(),
            acts_on_metadata: false,
            in_flight: BTreeMap::new(),
            timeout_armed: false,
            next_correlation: start_ordinal << 40,
            next_waiting: 0,
            disk_failure: None,
            last_checkpoint: std::sync::Arc::default(),
            started_with: std::sync::Arc::new(config.clone()),
            config,
        };
        if is_kraft {
            broker.fetch_metadata(now, out);
            broker.register(now, out);
        } else {
            broker.open_zookeeper(now, seed, start_ordinal, out);
        }
        out.set(Timer::IsrCheck, now + broker.config.lag_check_interval());
        out.set(Timer::Checkpoint, now + broker.config.checkpoint_interval);
        Ok(broker)
    }

    pub(super) fn register(&mut self, now: Instant, out: &mut Out) {
        let request = Request::BrokerRegistration(BrokerRegistrationRequest {
            broker: self.id,
            incarnation: self.incarnation,
            rack: self.rack.clone().or_else(|| self.config.rack(self.id)),
            log_directory: self.directory_id,
            previous_broker_epoch: self.previous_epoch,
        });
        let timeout = self.config.request_timeout;
        self.ask(now, self.controller, request, Purpose::Registration, timeout, out);
    }

    pub(super) fn registered(
        &mut self,
        now: Instant,
        response: BrokerRegistrationResponse,
        out: &mut Out,
    ) {
        if response.error.is_none() {
            self.epoch = response.broker_epoch;
            out.events.push(Event::Registered { epoch: self.epoch });
            self.heartbeat(now, out);
        } else {
            out.events.push(Event::Refused {
                from: self.controller,
                request: "BrokerRegistration",
                partition: None,
                error: response.error,
            });
            out.set(Timer::Register, now + Duration::from_ms(500));
        }
    }

    /// Tells the controller that this broker lives, how far it has read, and what it wants.
    pub(super) fn heartbeat(&mut self, now: Instant, out: &mut Out) {
        let behind = self.observer.image.offset.0 < self.epoch.0;
        let request = Request::BrokerHeartbeat(BrokerHeartbeatRequest {
            broker: self.id,
            broker_epoch: self.epoch,
            current_metadata_offset: self.observer.image.offset,
            want_fence: self.life == Life::Starting && behind,
            want_shut_down: self.life == Life::ShuttingDown,
        });
        let timeout = self.config.request_timeout;
        self.ask(now, self.controller, request, Purpose::Heartbeat, timeout, out);
        out.set(Timer::BrokerHeartbeat, now + self.config.heartbeat_interval);
    }

    pub(super) fn heartbeat_answered(
        &mut self,
        now: Instant,
        response: BrokerHeartbeatResponse,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        match response.error {
            ErrorCode::NONE => {}
            ErrorCode::STALE_BROKER_EPOCH | ErrorCode::BROKER_ID_NOT_REGISTERED => {
                out.set(Timer::Register, now + Duration::from_ms(100));
                return Ok(());
            }
            _ => return Ok(()),
        }
        match self.life {
            Life::Starting if !response.is_fenced => {
                self.life = Life::Running;
                out.events.push(Event::Unfenced);
            }
            Life::Running if response.is_fenced => out.events.push(Event::Fenced),
            Life::ShuttingDown if response.should_shut_down => return self.finish(disk, out),
            Life::ShuttingDown => {
                out.set(Timer::BrokerHeartbeat, now + Duration::from_ms(50));
            }
            _ => {}
        }
        Ok(())
    }

    /// Once it has read its own registration, a starting broker says so at once.
    pub(super) fn caught_up_with_metadata(&mut self, now: Instant, out: &mut Out) {
        if self.life == Life::Starting
            && self.epoch.0 >= 0
            && self.observer.image.offset.0 >= self.epoch.0
        {
            self.heartbeat(now, out);
        }
    }

    /// Begins a controlled shutdown: leaderships are handed over before the process ends (KIP-631).
    pub fn stop(&mut self, now: Instant, out: &mut Out) {
        if matches!(self.life, Life::Running | Life::Starting) {
            self.life = Life::ShuttingDown;
            out.events.push(Event::ShutdownRequested);
            match self.zookeeper.is_some() {
                true => self.stop_in_zookeeper(now, out),
                false => self.heartbeat(now, out),
            }
        }
    }

    /// Writes everything down: logs closed, indexes trimmed, checkpoints and the clean-shutdown flag written.
    pub fn finish(&mut self, disk: &mut Disk, out: &mut Out) -> Result<(), Halt> {
        let mut points = Vec::new();
        let mut starts = Vec::new();
        let mut events = Vec::new();
        let logs =
            self.replicas.iter_mut().map(|(partition, replica)| (partition, &mut replica.log));
        for (partition, log) in logs.chain(self.found.iter_mut()) {
            log.close(disk, &mut events)?;
            points.push((partition.clone(), log.log_end_offset()));
            if log.log_start_offset() > log.segments()[0].base_offset {
                starts.push((partition.clone(), log.log_start_offset()));
            }
        }
        if self.zookeeper.is_none() {
            self.observer.log.close(disk, &mut events)?;
        }
        out.events.extend(events.into_iter().map(Event::Storage));
        let path = |name: &str| format!("{}/{name}", self.directory);
        storage::write_offsets(disk, &path(storage::RECOVERY_POINTS), &points)?;
        let era = self.config.log.era;
        if era.leader_epochs {
            storage::write_offsets(disk, &path(storage::LOG_START_OFFSETS), &starts)?;
        }
        self.write_high_watermarks(disk)?;
        match era.clean_flag {
            CleanFlag::Epoch => {
                storage::write_clean_shutdown(disk, &self.directory, self.epoch.0)?;
            }
            CleanFlag::Empty => {
                disk.replace(&format!("{}/{}", self.directory, storage::CLEAN_SHUTDOWN), &[])?;
            }
        }
        self.life = Life::Stopped;
        out.events.push(Event::Stopped);
        Ok(())
    }

    /// Whether a high watermark is not on the disk as it is.
    pub(crate) fn has_marks_to_write(&self) -> bool {
        let marks =
            self.replicas.iter().map(|(partition, replica)| (partition, replica.high_watermark()));
        !marks.eq(self.last_checkpoint.iter().map(|(partition, mark)| (partition, *mark)))
    }

    pub(crate) fn write_high_watermarks(&mut self, disk: &mut Disk) -> Result<(), Halt> {
        if self.zookeeper.as_ref().is_some_and(|side| !side.ordered) {
            return Ok(()); // those found at the start are still the truth
        }
        let marks =
            self.replicas.iter().map(|(partition, replica)| (partition, replica.high_watermark()));
        let same = marks
            .clone()
            .eq(self.last_checkpoint.iter().map(|(partition, mark)| (partition, *mark)));
        // Kafka writes them whether they changed or not, and so an idle broker finds out that its disk is broken.
        if same && (self.replicas.is_empty() || disk.fault_of(&self.directory).is_none()) {
            return Ok(());
        }
        let marks: Vec<_> = marks.map(|(partition, mark)| (partition.clone(), mark)).collect();
        let path = format!("{}/{}", self.directory, storage::REPLICATION_OFFSETS);
        storage::write_offsets(disk, &path, &marks)?;
        self.last_checkpoint = std::sync::Arc::new(marks);
        Ok(())
    }

    /// Writes the checkpoints that changed, and looks whether upkeep is near.
    pub(super) fn checkpoint(
        &mut self,
        now: Instant,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        self.write_high_watermarks(disk)?;
        for replica in self.replicas.values_mut() {
            let high_watermark = replica.high_watermark();
            replica.log.high_watermark_moved(high_watermark);
        }
        self.checkpoint_logs(now, disk)?;
        self.arm_upkeep(now, disk, out);
        out.set(Timer::Checkpoint, now + self.config.checkpoint_interval);
        Ok(())
    }
}
