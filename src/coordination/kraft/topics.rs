//! Topics: create, delete, grow (`ReplicationControlManager`).
//!
//! ```text
//!   CreateTopics ─▶ names ─▶ settings ─▶ placement ─▶ TOPIC ▸ CONFIG … ▸ CLEAR_ELR? ▸ PARTITION …   one batch
//! ```
//!
//! Always: a topic is created whole or not at all; of several topics in one request each is judged alone. Messages are
//! Kafka's. Left out: policies, quotas, cordoned directories.

use super::controller::{Controller, MAX_RECORDS, Motive, Out};
use super::image::PartitionRegistration;
use super::partitions::Refusal;
use super::placement::{UsableBroker, place};
use super::record::*;
use super::settings::clear_elr;
use super::topic_configs::{self, Scope};
use crate::clock::Instant;
use crate::coordination::{ElectionReason, Event};
use crate::disk::Disk;
use crate::prng::{self, Purpose};
use crate::protocol::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse,
    DeleteTopicsRequest, DeleteTopicsResponse, ErrorCode, NewTopic,
};
use crate::storage::StorageError;
use crate::types::{LeaderEpoch, NodeId, PartitionEpoch, TopicName, Uuid};
use std::collections::BTreeMap;

/// Kafka's `Topic.unifyCollisionChars`: metric names cannot tell the two apart.
fn unified(name: &str) -> String {
    name.replace('.', "_")
}

/// A number that stands for a name in the key of a draw (FNV-1a).
fn name_key(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

pub(super) fn refuse<T>(error: ErrorCode, about: impl Into<String>) -> Result<T, Refusal> {
    Err((error, about.into()))
}

impl Controller {
    pub(super) fn asked(&self) -> Motive {
        Motive { by: self.id, reason: ElectionReason::Asked }
    }

    pub(super) fn create_topics(
        &mut self,
        now: Instant,
        from: NodeId,
        request: CreateTopicsRequest,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<CreateTopicsResponse, StorageError> {
        let mut records: Vec<MetadataRecord> = Vec::new();
        let (mut topics, mut created) = (Vec::new(), Vec::new());
        for topic in &request.topics {
            let twice = request.topics.iter().filter(|other| other.name == topic.name).count() > 1;
            let made = match twice {
                true => refuse(ErrorCode::INVALID_REQUEST, "Duplicate topic name."),
                false => self.create_topic(topic, &created),
            };
            let made = made.and_then(|made| match records.len() + made.len() > MAX_RECORDS {
                true => refuse(
                    ErrorCode::POLICY_VIOLATION,
                    "Excessively large number of partitions per request.",
                ),
                false => Ok(made),
            });
            let (error, about) = match made {
                Ok(made) => {
                    let is_partition =
                        |r: &&MetadataRecord| matches!(r, MetadataRecord::Partition(_));
                    created.push((
                        topic.name.clone(),
                        made.iter().filter(is_partition).count() as u32,
                    ));
                    records.extend(made);
                    (ErrorCode::NONE, String::new())
                }
                Err((error, about)) => {
                    let (request, told) = ("CreateTopics", about.clone());
                    out.events.push(Event::RequestRefused { from, request, error, about: told });
                    (error, about)
                }
            };
            if !topics.iter().any(|(name, _, _)| *name == topic.name) {
                topics.push((topic.name.clone(), error, about));
            }
        }
        for (topic, partitions) in created {
            out.events.push(Event::TopicCreated { topic, partitions });
        }
        self.write(now, records, self.asked(), disk, out)?;
        Ok(CreateTopicsResponse { topics })
    }

    fn create_topic(
        &self,
        topic: &NewTopic,
        created: &[(TopicName, u32)],
    ) -> Result<Vec<MetadataRecord>, Refusal> {
        let name = topic.name.as_str();
        if let Err(about) = TopicName::check(name) {
            return refuse(ErrorCode::INVALID_TOPIC_EXCEPTION, about);
        }
        if self.state().topics.contains_key(&topic.name) {
            return refuse(
                ErrorCode::TOPIC_ALREADY_EXISTS,
                format!("Topic '{name}' already exists."),
            );
        }
        let known = self.state().topics.keys().chain(created.iter().map(|(name, _)| name));
        let mut others = known.filter(|other| unified(other.as_str()) == unified(name));
        if let Some(other) = others.next() {
            let about = format!("Topic '{name}' collides with existing topic: {other}");
            return refuse(ErrorCode::INVALID_TOPIC_EXCEPTION, about);
        }
        let configs = self.new_configs(topic)?;
        let rows = self.assignment(topic)?;
        let end = self.log.log_end_offset().0 as u64;
        let drawn = prng::bytes16(self.config.seed, Purpose::Identity, name_key(name), 3, end);
        let id = Uuid::from_chance(drawn);
        let mut records = vec![MetadataRecord::Topic { name: topic.name.clone(), id }];
        records.extend(configs);
        for (number, replicas) in (0u32..).zip(&rows) {
            let isr = self.active_of(replicas);
            if isr.is_empty() {
                return match topic.assignment {
                    Some(_) => self.all_fenced(number),
                    None => refuse(
                        ErrorCode::INVALID_REPLICATION_FACTOR,
                        format!(
                            "Unable to replicate the partition {} time(s): All brokers are currently fenced or in controlled shutdown.",
                            replicas.len()
                        ),
                    ),
                };
            }
            records.push(self.new_partition(id, number, replicas, isr));
        }
        Ok(records)
    }

    fn all_fenced<T>(&self, partition: u32) -> Result<T, Refusal> {
        refuse(
            ErrorCode::INVALID_REPLICA_ASSIGNMENT,
            format!(
                "All brokers specified in the manual partition assignment for partition {partition} are fenced or in controlled shutdown."
            ),
        )
    }

    fn active_of(&self, replicas: &[NodeId]) -> Vec<NodeId> {
        replicas.iter().copied().filter(|&node| self.state().is_active(node)).collect()
    }

    fn new_partition(
        &self,
        topic: Uuid,
        number: u32,
        replicas: &[NodeId],
        isr: Vec<NodeId>,
    ) -> MetadataRecord {
        let registration = PartitionRegistration {
            replicas: replicas.to_vec(),
            leader: isr.first().copied(),
            isr,
            leader_epoch: LeaderEpoch(0),
            partition_epoch: PartitionEpoch(0),
            directories: replicas.iter().map(|&node| self.directory_of(node)).collect(),
            ..PartitionRegistration::default()
        };
        MetadataRecord::Partition(registration.to_record(topic, number))
    }

    fn new_configs(&self, topic: &NewTopic) -> Result<Vec<MetadataRecord>, Refusal> {
        let resource = ConfigResource::topic(&topic.name);
        let mut last: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, (name, value)) in topic.configs.iter().enumerate() {
            topic_configs::check(self.config.era, Scope::Topic, name, value)
                .map_err(|about| (ErrorCode::INVALID_CONFIG, about))?;
            last.insert(name, at); // a name given twice: the last one counts
        }
        let chosen =
            topic.configs.iter().enumerate().filter(|(at, (name, _))| last[name.as_str()] == *at);
        let mut records: Vec<MetadataRecord> = chosen
            .map(|(_, (name, value))| MetadataRecord::Config {
                resource: resource.clone(),
                name: name.clone(),
                value: Some(value.clone()),
            })
            .collect();
        records.extend(clear_elr(&records));
        Ok(records)
    }

    /// The replicas of each partition of a new topic, given by hand or placed.
    fn assignment(&self, topic: &NewTopic) -> Result<Vec<Vec<NodeId>>, Refusal> {
        if let Some(rows) = &topic.assignment {
            if topic.replication_factor != -1
                && !rows.iter().all(|row| row.len() as i32 == topic.replication_factor)
            {
                return refuse(
                    ErrorCode::INVALID_REQUEST,
                    "A manual partition assignment was specified, but replication factor was not set to -1.",
                );
            }
            if topic.partitions != -1 && rows.len() as i32 != topic.partitions {
                return refuse(
                    ErrorCode::INVALID_REQUEST,
                    "A manual partition assignment was specified, but numPartitions was not set to -1.",
                );
            }
            if rows.is_empty() {
                return refuse(
                    ErrorCode::INVALID_PARTITIONS,
                    "The manual partition assignment is empty.",
                );
            }
            let mut replication_factor = None;
            for row in rows {
                self.validate_manual(row, replication_factor)?;
                replication_factor = Some(row.len());
            }
            return Ok(rows.clone());
        }
        let replication_factor = match topic.replication_factor {
            -1 => self.config.default_replication_factor,
            count @ 1.. => count as u32,
            _ => {
                return refuse(
                    ErrorCode::INVALID_REPLICATION_FACTOR,
                    "Replication factor must be larger than 0, or -1 to use the default value.",
                );
            }
        };
        let partitions = match topic.partitions {
            -1 => self.config.num_partitions,
            count @ 1.. => count as u32,
            _ => {
                return refuse(
                    ErrorCode::INVALID_PARTITIONS,
                    "Number of partitions was set to an invalid non-positive value.",
                );
            }
        };
        self.place(&topic.name, 0, partitions as usize, replication_factor as usize)
    }

    fn place(
        &self,
        topic: &TopicName,
        first: u32,
        partitions: usize,
        replication_factor: usize,
    ) -> Result<Vec<Vec<NodeId>>, Refusal> {
        if partitions > MAX_RECORDS {
            let about = "Excessively large number of partitions per request.";
            return refuse(ErrorCode::POLICY_VIOLATION, about);
        }
        let usable =
            self.state().brokers.iter().filter(|(_, broker)| !broker.in_controlled_shutdown);
        let brokers: Vec<UsableBroker> = usable
            .map(|(&id, broker)| UsableBroker {
                id,
                rack: broker.rack.clone(),
                fenced: broker.fenced,
            })
            .collect();
        let (seed, key) = (self.config.seed, name_key(topic.as_str()));
        let mut ordinal = 0;
        let draw = |bound: usize| {
            ordinal += 1;
            prng::below(seed, Purpose::Placement, key, u64::from(first), ordinal, bound as u64)
                as usize
        };
        place(&brokers, partitions, replication_factor, draw).map_err(|why| {
            let about =
                format!("Unable to replicate the partition {replication_factor} time(s): {why}");
            (ErrorCode::INVALID_REPLICATION_FACTOR, about)
        })
    }

    /// `validateManualPartitionAssignment`.
    pub(super) fn validate_manual(
        &self,
        row: &[NodeId],
        replication_factor: Option<usize>,
    ) -> Result<(), Refusal> {
        let wrong = |about: String| refuse(ErrorCode::INVALID_REPLICA_ASSIGNMENT, about);
        if row.is_empty() {
            return wrong(
                "The manual partition assignment includes an empty replica list.".to_owned(),
            );
        }
        let mut sorted = row.to_vec();
        sorted.sort();
        if let Some(node) = sorted.iter().find(|node| !self.state().brokers.contains_key(node)) {
            return wrong(format!(
                "The manual partition assignment includes broker {node}, but no such broker is registered."
            ));
        }
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            let node = pair[0];
            return wrong(format!(
                "The manual partition assignment includes the broker {node} more than once."
            ));
        }
        match replication_factor {
            Some(count) if count != row.len() => wrong(format!(
                "The manual partition assignment includes a partition with {} replica(s), but this is not consistent with \
                 previous partitions, which have {count} replica(s).",
                row.len()
            )),
            _ => Ok(()),
        }
    }

    pub(super) fn delete_topics(
        &mut self,
        now: Instant,
        from: NodeId,
        request: DeleteTopicsRequest,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<DeleteTopicsResponse, StorageError> {
        let (mut records, mut topics) = (Vec::new(), Vec::new());
        for name in request.topics.into_iter().take(MAX_RECORDS) {
            if topics.iter().any(|(known, _, _)| *known == name) {
                continue;
            }
            let (error, about) = match self.state().topics.get(&name) {
                // `ControllerApis.deleteTopics`.
                _ if !self.config.delete_topic_enable => {
                    let error = ErrorCode::TOPIC_DELETION_DISABLED;
                    (error, "Topic deletion is disabled.".to_owned())
                }
                Some(topic) => {
                    records.push(MetadataRecord::RemoveTopic { id: topic.id });
                    out.events.push(Event::TopicDeleted { topic: name.clone() });
                    (ErrorCode::NONE, String::new())
                }
                None => {
                    let error = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
                    let about = format!("there is no topic {name}");
                    let told = about.clone();
                    out.events.push(Event::RequestRefused {
                        from,
                        request: "DeleteTopics",
                        error,
                        about: told,
                    });
                    (error, about)
                }
            };
            topics.push((name, error, about));
        }
        self.write(now, records, self.asked(), disk, out)?;
        Ok(DeleteTopicsResponse { topics })
    }

    pub(super) fn create_partitions(
        &mut self,
        now: Instant,
        from: NodeId,
        request: CreatePartitionsRequest,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<CreatePartitionsResponse, StorageError> {
        match self.more_partitions(&request) {
            Ok(records) => {
                let (topic, count) = (request.topic, request.count as u32);
                out.events.push(Event::PartitionsAdded { topic, count });
                self.write(now, records, self.asked(), disk, out)?;
                Ok(CreatePartitionsResponse { error: ErrorCode::NONE, message: String::new() })
            }
            Err((error, message)) => {
                let (request, about) = ("CreatePartitions", message.clone());
                out.events.push(Event::RequestRefused { from, request, error, about });
                Ok(CreatePartitionsResponse { error, message })
            }
        }
    }

    fn more_partitions(
        &self,
        request: &CreatePartitionsRequest,
    ) -> Result<Vec<MetadataRecord>, Refusal> {
        let name = &request.topic;
        let Some(topic) = self.state().topics.get(name) else {
            let about = format!("there is no topic {name}");
            return refuse(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, about);
        };
        let count = topic.partitions.len();
        let wanted = usize::try_from(request.count).unwrap_or(0);
        if wanted == count {
            let about = format!("Topic already has {count} partition(s).");
            return refuse(ErrorCode::INVALID_PARTITIONS, about);
        }
        if wanted < count {
            return refuse(
                ErrorCode::INVALID_PARTITIONS,
                format!(
                    "The topic {name} currently has {count} partition(s); {} would not be an increase.",
                    request.count
                ),
            );
        }
        let additional = wanted - count;
        let replication_factor = topic.partitions.first().map_or(1, |p| p.replicas.len());
        let rows = match &request.assignment {
            Some(rows) => {
                if rows.len() != additional {
                    return refuse(
                        ErrorCode::INVALID_REPLICA_ASSIGNMENT,
                        format!(
                            "Attempted to add {additional} additional partition(s), but only {} assignment(s) were specified.",
                            rows.len()
                        ),
                    );
                }
                for row in rows {
                    self.validate_manual(row, Some(replication_factor))?;
                }
                rows.clone()
            }
            None => self.place(name, count as u32, additional, replication_factor)?,
        };
        let mut records = Vec::new();
        for (number, replicas) in (count as u32..).zip(&rows) {
            let isr = self.active_of(replicas);
            if isr.is_empty() {
                return self.all_fenced(number);
            }
            records.push(self.new_partition(topic.id, number, replicas, isr));
        }
        Ok(records)
    }
}
