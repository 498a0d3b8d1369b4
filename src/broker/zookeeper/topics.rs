//! What administrators ask for, written into the tree (`ZkAdminManager`, `AdminZkClient`; before 0.10.1 `AdminUtils` in
//! the tools themselves).
//!
//! ```text
//!   CreateTopics ─▶ /config/topics/orders, /brokers/topics/orders ─▶ the controller's watch ─▶ leaders
//!                               the answer waits for that ◀── UpdateMetadata ◀───────────────────┘
//! ```
//!
//! Always: this only writes wishes; the controller sees them by its watches and makes them true. Left out: the tools
//! of 0.8 and 0.9 wrote into ZooKeeper themselves; here a broker does it for them (ledger: `zookeeper-admin-tools`).

use super::Awaiting;
use super::job::{Done, Play, Step, create};
use super::tools::{marked, needs_controller, not_controller};
use crate::broker::Way;
use crate::broker::{Broker, Out};
use crate::clock::{Duration, Instant};
use crate::coordination::kraft::ConfigResource;
use crate::coordination::zookeeper::placement::{self, BrokerRack, Plan};
use crate::coordination::zookeeper::znodes::{self, Assignment, TopicNode};
use crate::era::is_before;
use crate::prng::{self, Purpose as Chance};
use crate::protocol::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, CreateMode,
    CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsResponse, DeleteTopicsRequest,
    DeleteTopicsResponse, ElectLeadersRequest, ElectLeadersResponse, ErrorCode,
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, NewTopic, Request, Response,
    Timer, ZooKeeperError, ZooKeeperOperation,
};
use crate::storage::LogConfig;
use crate::types::{NodeId, TopicName, Uuid};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How long the answer to a tool that writes for itself waits for brokers to hear of what was done: such a tool ended
/// at once, but whoever writes a script wants to use the topic.
const TOOLS_PATIENCE: Duration = Duration::from_ms(20_000);

type Refused = (ErrorCode, String);

fn refused<T>(error: ErrorCode, text: impl Into<String>) -> Result<T, Refused> {
    Err((error, text.into()))
}

impl Broker {
    /// Whether this broker writes into the tree for a request, rather than the controller.
    pub(super) fn writes_by_itself(&self, request: &Request) -> bool {
        let kafka = self.config.log.era.kafka;
        match request {
            Request::CreateTopics(_)
            | Request::DeleteTopics(_)
            | Request::CreatePartitions(_)
            | Request::IncrementalAlterConfigs(_) => true,
            Request::ElectLeaders(_) => is_before(kafka, "2.2"),
            Request::AlterPartitionReassignments(_) => is_before(kafka, "2.4"),
            _ => false,
        }
    }

    pub(super) fn play_admin(&self, request: &Request, play: &mut Play<'_>) -> Step<Done> {
        let nobody_decides = self.config.nobody_decides();
        let wants_controller = !self.serves_tools() && !nobody_decides;
        if wants_controller && !self.is_zookeeper_controller() && needs_controller(request) {
            return Ok(Done::Answer(not_controller(request), Vec::new()));
        }
        match request {
            Request::CreateTopics(request) => {
                let mut topics = Vec::new();
                let mut awaited = Vec::new();
                for topic in &request.topics {
                    let (error, text) = match self.create_topic(topic, play)? {
                        Ok(count) => {
                            awaited.push((topic.name.clone(), Some(count)));
                            (ErrorCode::NONE, String::new())
                        }
                        Err(refused) => refused,
                    };
                    topics.push((topic.name.clone(), error, text));
                }
                let response = Response::CreateTopics(CreateTopicsResponse { topics });
                Ok(Done::Answer(response, awaited))
            }
            Request::DeleteTopics(request) => self.delete_topics(request, play),
            Request::CreatePartitions(request) => self.create_partitions(request, play),
            Request::IncrementalAlterConfigs(request) => self.alter_configs(request, play),
            Request::ElectLeaders(request) => self.elect_by_znode(request, play),
            Request::AlterPartitionReassignments(request) => self.reassign_by_znode(request, play),
            _ => Ok(Done::Nothing),
        }
    }

    fn topic_form(&self) -> u8 {
        self.zookeeper.as_ref().map_or(1, |side| side.controller.settings.rules.topic_form)
    }

    fn chance(&self, topic: &TopicName, ordinal: u64, below: u64) -> u64 {
        let seed = self.zookeeper.as_ref().map_or(0, |side| side.controller.settings.seed);
        let hash = topic.as_str().bytes().fold(0_u64, |h, b| h.wrapping_mul(31) + u64::from(b));
        prng::below(seed, Chance::Placement, hash, ordinal, 0, below.max(1))
    }

    /// Brokers that are alive (`getBrokerMetadatas`); racks count only if all have one.
    fn brokers_to_place_on(&self, play: &mut Play<'_>) -> Step<Vec<BrokerRack>> {
        let names = play.children(znodes::BROKER_IDS, false)?;
        let mut ids: Vec<NodeId> =
            names.iter().filter_map(|n| n.parse().ok().map(NodeId)).collect();
        ids.sort();
        let data = play.data_of(ids.iter().map(|id| znodes::broker_path(*id)).collect())?;
        let rack =
            |data: Option<(Arc<str>, _)>| data.and_then(|(data, _)| znodes::broker_rack(&data));
        let mut brokers: Vec<BrokerRack> = ids
            .into_iter()
            .zip(data)
            .map(|(id, data)| BrokerRack { id, rack: rack(data) })
            .collect();
        if brokers.iter().any(|broker| broker.rack.is_none()) {
            brokers.iter_mut().for_each(|broker| broker.rack = None);
        }
        Ok(brokers)
    }

    fn create_topic(&self, topic: &NewTopic, play: &mut Play<'_>) -> Step<Result<usize, Refused>> {
        let name = &topic.name;
        if let Err(text) = TopicName::check(name.as_str()) {
            return Ok(refused(ErrorCode::INVALID_TOPIC_EXCEPTION, text));
        }
        let exists = ZooKeeperOperation::Exists { path: znodes::topic_path(name), watch: false };
        if play.ask_one(exists)?.is_ok() {
            let text = format!("Topic '{name}' already exists.");
            return Ok(refused(ErrorCode::TOPIC_ALREADY_EXISTS, text));
        }
        let brokers = self.brokers_to_place_on(play)?;
        let assignment = match &topic.assignment {
            Some(given) => check_assignment(given, &brokers).map(|()| given.clone()),
            None => {
                let or = |value: i32, default: i32| if value < 0 { default } else { value };
                let count = brokers.len() as u64;
                let plan = Plan {
                    partitions: or(topic.partitions, self.config.num_partitions),
                    replication_factor: or(
                        topic.replication_factor,
                        self.config.default_replication_factor,
                    ),
                    start_index: self.chance(name, 0, count) as usize,
                    first_shift: self.chance(name, 1, count) as usize,
                    first_partition: 0,
                };
                placement::place(&brokers, plan)
            }
        };
        let assignment = match assignment {
            Ok(assignment) => assignment,
            Err(refused) => return Ok(Err(refused)),
        };
        let settings: BTreeMap<String, String> = topic.configs.iter().cloned().collect();
        if let Err(text) = check_settings(&self.config.log, &settings) {
            return Ok(refused(ErrorCode::INVALID_CONFIG, text));
        }
        let path = znodes::topic_config_path(name);
        let data = znodes::config(&settings);
        if play.create(path.clone(), data.clone(), CreateMode::Persistent)?.is_err() {
            let version = None;
            play.ask_one(ZooKeeperOperation::SetData { path, data, version })?.ok();
        }
        let id = self.config.log.era.topic_ids.then(|| {
            let seed = self.zookeeper.as_ref().map_or(0, |side| side.controller.settings.seed);
            let of = name.as_str().bytes().fold(7_u64, |h, b| h.wrapping_mul(33) ^ u64::from(b));
            let birth = self.next_correlation;
            Uuid::from_chance(prng::bytes16(seed, Chance::Identity, of, 3, birth))
        });
        let count = assignment.len();
        let partitions = (0u32..).zip(assignment.into_iter().map(Assignment::of)).collect();
        let data = znodes::topic(self.topic_form(), &TopicNode { id, partitions });
        match play.create(znodes::topic_path(name), data, CreateMode::Persistent)? {
            Ok(_) => Ok(Ok(count)),
            Err(ZooKeeperError::NodeExists) => {
                let text = format!("Topic '{name}' already exists.");
                Ok(refused(ErrorCode::TOPIC_ALREADY_EXISTS, text))
            }
            Err(error) => Ok(refused(ErrorCode::UNKNOWN_SERVER_ERROR, error.to_string())),
        }
    }

    fn delete_topics(&self, request: &DeleteTopicsRequest, play: &mut Play<'_>) -> Step<Done> {
        let is_on = |side: &super::ZooKeeperSide| side.controller.settings.delete_topic_enable;
        let enabled = self.zookeeper.as_deref().is_some_and(is_on);
        let mut topics = Vec::new();
        let mut awaited = Vec::new();
        for name in &request.topics {
            let path = znodes::topic_path(name);
            let exists = ZooKeeperOperation::Exists { path, watch: false };
            let (error, text) = if play.ask_one(exists)?.is_err() {
                let text = format!("Topic '{name}' does not exist.");
                (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, text)
            } else if !enabled && !is_before(self.config.log.era.kafka, "2.1") {
                let text = "Topic deletion is disabled.".to_owned();
                (ErrorCode::TOPIC_DELETION_DISABLED, text)
            } else {
                let mode = CreateMode::Persistent;
                let path = znodes::delete_topic_path(name);
                let is_new = play.create(path, "".into(), mode)?.is_ok();
                if enabled {
                    awaited.push((name.clone(), None));
                }
                (ErrorCode::NONE, marked(name, is_new, enabled))
            };
            topics.push((name.clone(), error, text));
        }
        Ok(Done::Answer(Response::DeleteTopics(DeleteTopicsResponse { topics }), awaited))
    }

    fn create_partitions(
        &self,
        request: &CreatePartitionsRequest,
        play: &mut Play<'_>,
    ) -> Step<Done> {
        let (result, awaited) = match self.more_partitions(request, play)? {
            Ok(count) => {
                ((ErrorCode::NONE, String::new()), vec![(request.topic.clone(), Some(count))])
            }
            Err(refused) => (refused, Vec::new()),
        };
        let (error, message) = result;
        let response = Response::CreatePartitions(CreatePartitionsResponse { error, message });
        Ok(Done::Answer(response, awaited))
    }

    fn more_partitions(
        &self,
        request: &CreatePartitionsRequest,
        play: &mut Play<'_>,
    ) -> Step<Result<usize, Refused>> {
        let name = &request.topic;
        let path = znodes::topic_path(name);
        let node = play.data(path.clone(), false)?.and_then(|(data, _)| znodes::read_topic(&data));
        let Some(mut node) = node else {
            let text = format!("The topic '{name}' does not exist.");
            return Ok(refused(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, text));
        };
        if node.partitions.values().any(Assignment::is_reassigning) {
            let text = format!("A partition reassignment is in progress for the topic '{name}'.");
            return Ok(refused(ErrorCode::REASSIGNMENT_IN_PROGRESS, text));
        }
        let old = node.partitions.len();
        let added = i64::from(request.count) - old as i64;
        if added <= 0 {
            let text = match added {
                0 => format!("Topic already has {old} partitions."),
                _ => format!(
                    "Topic currently has {old} partitions, which is higher than the requested {}.",
                    request.count
                ),
            };
            return Ok(refused(ErrorCode::INVALID_PARTITIONS, text));
        }
        let brokers = self.brokers_to_place_on(play)?;
        let first = node.partitions.get(&0).map(|a| a.replicas.clone()).unwrap_or_default();
        let new = match &request.assignment {
            Some(given) if given.len() as i64 != added => {
                let text = format!(
                    "Increasing the number of partitions by {added} but {} assignments provided.",
                    given.len()
                );
                refused(ErrorCode::INVALID_REPLICA_ASSIGNMENT, text)
            }
            Some(given) => match given.iter().find(|row| row.len() != first.len()) {
                Some(odd) => {
                    let text = format!(
                        "Partition 0 has {} replicas, a new one would have {}: all partitions of a topic \
                         have as many.",
                        first.len(),
                        odd.len()
                    );
                    refused(ErrorCode::INVALID_REPLICA_ASSIGNMENT, text)
                }
                None => check_assignment(given, &brokers).map(|()| given.clone()),
            },
            None => {
                let leader = first.first().copied().unwrap_or(NodeId(0));
                let start = brokers.iter().position(|broker| broker.id >= leader).unwrap_or(0);
                let plan = Plan {
                    partitions: added as i32,
                    replication_factor: first.len() as i32,
                    start_index: start,
                    first_shift: start,
                    first_partition: old as u32,
                };
                placement::place(&brokers, plan)
            }
        };
        let new = match new {
            Ok(new) => new,
            Err(refused) => return Ok(Err(refused)),
        };
        let numbered = (old as u32..).zip(new.into_iter().map(Assignment::of));
        node.partitions.extend(numbered);
        let count = node.partitions.len();
        let data = znodes::topic(self.topic_form(), &node);
        play.ask_one(ZooKeeperOperation::SetData { path, data, version: None })?.ok();
        Ok(Ok(count))
    }

    fn alter_configs(
        &self,
        request: &IncrementalAlterConfigsRequest,
        play: &mut Play<'_>,
    ) -> Step<Done> {
        let (error, message) = match self.new_settings(request, play)? {
            Ok(()) => (ErrorCode::NONE, String::new()),
            Err(refused) => refused,
        };
        let response = IncrementalAlterConfigsResponse { error, message };
        Ok(Done::Answer(Response::IncrementalAlterConfigs(response), Vec::new()))
    }

    fn new_settings(
        &self,
        request: &IncrementalAlterConfigsRequest,
        play: &mut Play<'_>,
    ) -> Step<Result<(), Refused>> {
        let resource = match (&request.topic, request.broker) {
            (Some(topic), _) => ConfigResource::topic(topic),
            (None, Some(broker)) => ConfigResource::Broker(broker.to_string()),
            (None, None) => ConfigResource::cluster(),
        };
        if let Some(topic) = &request.topic {
            let path = znodes::topic_path(topic);
            if play.ask_one(ZooKeeperOperation::Exists { path, watch: false })?.is_err() {
                let text = format!("The topic '{topic}' does not exist.");
                return Ok(refused(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, text));
            }
        }
        let path = znodes::config_path(&resource);
        let old = play.data(path.clone(), false)?;
        let is_new = old.is_none();
        let mut settings = old.map(|(data, _)| znodes::read_config(&data)).unwrap_or_default();
        for (name, value) in &request.configs {
            match value {
                Some(value) => drop(settings.insert(name.clone(), value.clone())),
                None => drop(settings.remove(name)),
            }
        }
        if request.topic.is_some()
            && let Err(text) = check_settings(&self.config.log, &settings)
        {
            return Ok(refused(ErrorCode::INVALID_CONFIG, text));
        }
        let data = znodes::config(&settings);
        let write = match is_new {
            true => create(path, data, CreateMode::Persistent),
            false => ZooKeeperOperation::SetData { path, data, version: None },
        };
        play.ask_one(write)?.ok();
        let note = znodes::config_change(&znodes::config_entity(&resource));
        let mode = CreateMode::PersistentSequential;
        play.create(znodes::CONFIG_CHANGE_PREFIX.into(), note, mode)?.ok();
        Ok(Ok(()))
    }

    /// Until 2.1 the tool wrote down its wish (`PreferredReplicaLeaderElectionCommand`).
    fn elect_by_znode(&self, request: &ElectLeadersRequest, play: &mut Play<'_>) -> Step<Done> {
        let image = &self.observer.image;
        let all = || image.partitions().map(|(partition, _)| partition).collect();
        let partitions = request.partitions.clone().unwrap_or_else(all);
        let (error, text) = if request.unclean {
            let text = "this version elects uncleanly by unclean.leader.election.enable only";
            (ErrorCode::UNSUPPORTED_VERSION, text.to_owned())
        } else {
            let data = znodes::partition_list(&partitions);
            let path = znodes::PREFERRED_REPLICA_ELECTION.into();
            match play.create(path, data, CreateMode::Persistent)? {
                Ok(_) => (ErrorCode::NONE, String::new()),
                Err(_) => {
                    let text = "Preferred replica leader election currently in progress";
                    (ErrorCode::INVALID_REQUEST, text.to_owned())
                }
            }
        };
        let one = |partition| (partition, error, text.clone());
        let partitions = partitions.into_iter().map(one).collect();
        Ok(Done::Answer(Response::ElectLeaders(ElectLeadersResponse { partitions }), Vec::new()))
    }

    /// Until 2.3 the tool wrote down its wish (`ReassignPartitionsCommand`).
    fn reassign_by_znode(
        &self,
        request: &AlterPartitionReassignmentsRequest,
        play: &mut Play<'_>,
    ) -> Step<Done> {
        let mut wanted = BTreeMap::new();
        for (partition, replicas) in &request.partitions {
            if let Some(replicas) = replicas {
                wanted.insert(partition.clone(), replicas.clone());
            }
        }
        let (error, text) = if wanted.len() != request.partitions.len() {
            let text = "this version cannot take a reassignment back";
            (ErrorCode::UNSUPPORTED_VERSION, text.to_owned())
        } else {
            let data = znodes::reassignment(&wanted);
            match play.create(znodes::REASSIGN_PARTITIONS.into(), data, CreateMode::Persistent)? {
                Ok(_) => (ErrorCode::NONE, String::new()),
                Err(_) => {
                    let text = "There is an existing assignment running.";
                    (ErrorCode::REASSIGNMENT_IN_PROGRESS, text.to_owned())
                }
            }
        };
        let one = |(partition, _): &(_, _)| (Clone::clone(partition), error, text.clone());
        let partitions = request.partitions.iter().map(one).collect();
        let response = AlterPartitionReassignmentsResponse { partitions };
        Ok(Done::Answer(Response::AlterPartitionReassignments(response), Vec::new()))
    }

    /// Answers once this broker has heard of the topics.
    pub(super) fn await_topics(
        &mut self,
        now: Instant,
        to: NodeId,
        correlation: u64,
        response: Response,
        topics: Vec<(TopicName, Option<usize>)>,
        out: &mut Out,
    ) {
        let patience = match self.serves_tools() {
            true => TOOLS_PATIENCE,
            // `timeout.ms` of the request: what its sender waits for.
            false => Duration::from_ms(self.config.log.era.admin_tool.request_timeout_ms()),
        };
        let deadline = now + patience;
        let Some(side) = self.zookeeper_mut() else { return };
        if !topics.is_empty() {
            out.set(Timer::TopicWait, deadline);
        }
        side.awaiting.push(Awaiting { to, correlation, response, topics, deadline });
        self.answer_awaiting(now, out);
    }
}

/// Replicas placed by hand: brokers that are there, none twice, the same number everywhere.
fn check_assignment(given: &[Vec<NodeId>], brokers: &[BrokerRack]) -> Result<(), Refused> {
    let count = given.first().map_or(0, Vec::len);
    for replicas in given {
        let mut seen = replicas.clone();
        seen.sort();
        seen.dedup();
        let unknown = replicas.iter().find(|id| !brokers.iter().any(|broker| broker.id == **id));
        if seen.len() != replicas.len() {
            let text = "Duplicate brokers not allowed in replica assignment";
            return refused(ErrorCode::INVALID_REPLICA_ASSIGNMENT, text);
        } else if replicas.is_empty() || replicas.len() != count {
            let text = "All partitions should have the same number of replicas.";
            return refused(ErrorCode::INVALID_REPLICA_ASSIGNMENT, text);
        } else if let Some(id) = unknown {
            let text = format!("Unknown broker(s) in replica assignment: {id}.");
            return refused(ErrorCode::INVALID_REPLICA_ASSIGNMENT, text);
        }
    }
    Ok(())
}

fn check_settings(own: &LogConfig, settings: &BTreeMap<String, String>) -> Result<(), String> {
    let mut config = own.clone();
    let throttles = !is_before(own.era.kafka, "0.10.1");
    for (name, value) in settings {
        if throttles && let Some(judged) = Way::check(name, value) {
            judged?;
        } else if !config.set(name, value)? {
            return Err(format!("Unknown topic config name: {name}"));
        }
    }
    Ok(())
}
