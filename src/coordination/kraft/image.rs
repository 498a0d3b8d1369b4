//! The image: what the metadata log says, applied record by record (`MetadataImage`, `TopicsDelta`, `ClusterDelta`).
//!
//! ```text
//!   __cluster_metadata-0:  Topic orders ▸ Partition 0 ▸ PartitionChange 0 ▸ … ▸ BrokerRegistrationChange 1 ▸
//!                                                                                   ▲ offset: applied up to here
//!   Image { brokers, topics, configs, features, offset, epoch }
//! ```
//!
//! The controller and each broker have one, each from its own copy of the log; a broker's may be older. Always: equal
//! logs give equal images. Cloning costs a few counters, since unchanged parts are shared.

use super::record::*;
use super::release::MetadataRelease;
use crate::era::Era;
use crate::types::{
    BrokerEpoch, LeaderEpoch, NodeId, Offset, PartitionEpoch, TopicName, TopicPartition, Uuid,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the log says about a broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerRegistration {
    /// Its registration epoch.
    pub epoch: BrokerEpoch,
    /// Which start of the process it is.
    pub incarnation: Uuid,
    /// Whether it may lead and be in an ISR.
    pub fenced: bool,
    /// Whether it is about to stop.
    pub in_controlled_shutdown: bool,
    /// Its rack.
    pub rack: Option<Arc<str>>,
    /// Its log directory's id; the zero id if it named none.
    pub log_directory: Uuid,
}

impl BrokerRegistration {
    /// Whether it may lead: neither fenced nor about to stop (`ClusterControlManager.isActive`).
    pub fn is_active(&self) -> bool {
        !self.fenced && !self.in_controlled_shutdown
    }
}

/// What the log says about a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicImage {
    /// Its id.
    pub id: Uuid,
    /// Its partitions in order.
    pub partitions: Vec<Arc<PartitionRegistration>>,
}

/// What the log says about a partition (`PartitionRegistration`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionRegistration {
    /// Its replicas, the preferred leader first.
    pub replicas: Vec<NodeId>,
    /// Those that a reassignment adds.
    pub adding: Vec<NodeId>,
    /// Those that a reassignment takes away.
    pub removing: Vec<NodeId>,
    /// Those in sync.
    pub isr: Vec<NodeId>,
    /// Replicas outside the ISR that hold all committed records (KIP-966).
    pub elr: Vec<NodeId>,
    /// The last leader of a partition that has none (KIP-966, balanced recovery).
    pub last_known_elr: Vec<NodeId>,
    /// Its leader.
    pub leader: Option<NodeId>,
    /// The leader's epoch.
    pub leader_epoch: LeaderEpoch,
    /// Grows with every change.
    pub partition_epoch: PartitionEpoch,
    /// Whether the leader still recovers from an unclean election (KIP-704).
    pub recovering: bool,
    /// The log directory of each replica.
    pub directories: Vec<Uuid>,
}

impl PartitionRegistration {
    /// The registration that a record describes.
    pub fn from_record(record: &PartitionRecord) -> PartitionRegistration {
        PartitionRegistration {
            replicas: record.replicas.clone(),
            adding: record.adding.clone(),
            removing: record.removing.clone(),
            isr: record.isr.clone(),
            elr: record.elr.clone().unwrap_or_default(),
            last_known_elr: record.last_known_elr.clone().unwrap_or_default(),
            leader: record.leader,
            leader_epoch: record.leader_epoch,
            partition_epoch: record.partition_epoch,
            recovering: record.recovering,
            directories: record.directories.clone(),
        }
    }

    /// The record that describes it.
    pub fn to_record(&self, topic: Uuid, partition: u32) -> PartitionRecord {
        let unless_empty = |nodes: &Vec<NodeId>| (!nodes.is_empty()).then(|| nodes.clone());
        PartitionRecord {
            partition,
            topic,
            replicas: self.replicas.clone(),
            isr: self.isr.clone(),
            removing: self.removing.clone(),
            adding: self.adding.clone(),
            leader: self.leader,
            recovering: self.recovering,
            leader_epoch: self.leader_epoch,
            partition_epoch: self.partition_epoch,
            directories: self.directories.clone(),
            elr: unless_empty(&self.elr),
            last_known_elr: unless_empty(&self.last_known_elr),
        }
    }

    /// The registration after a change. The leader epoch goes up exactly when the change names a leader (even the same
    /// one, even none), the partition epoch always (`PartitionRegistration.merge`).
    pub fn merge(&self, change: &PartitionChange) -> PartitionRegistration {
        let mut new = self.clone();
        let take = |field: &mut Vec<NodeId>, value: &Option<Vec<NodeId>>| {
            if let Some(value) = value {
                field.clone_from(value);
            }
        };
        take(&mut new.replicas, &change.replicas);
        take(&mut new.adding, &change.adding);
        take(&mut new.removing, &change.removing);
        take(&mut new.isr, &change.isr);
        take(&mut new.elr, &change.elr);
        take(&mut new.last_known_elr, &change.last_known_elr);
        if let Some(leader) = change.leader {
            new.leader = leader;
            new.leader_epoch = LeaderEpoch(self.leader_epoch.0.saturating_add(1));
        }
        if let Some(recovering) = change.recovering {
            new.recovering = recovering;
        }
        if let Some(directories) = &change.directories {
            new.directories.clone_from(directories);
        }
        new.partition_epoch = PartitionEpoch(self.partition_epoch.0.saturating_add(1));
        new
    }

    /// Whether a reassignment is under way.
    pub fn is_reassigning(&self) -> bool {
        !self.adding.is_empty() || !self.removing.is_empty()
    }

    /// The replica that leads when all is well: the first one.
    pub fn preferred_leader(&self) -> Option<NodeId> {
        self.replicas.first().copied()
    }
}

/// What everybody can know by reading the metadata log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Brokers that ever registered.
    pub brokers: Arc<BTreeMap<NodeId, BrokerRegistration>>,
    /// Controllers that ever registered, with their incarnations (KIP-919).
    pub controllers: Arc<BTreeMap<NodeId, Uuid>>,
    /// Topics by name.
    pub topics: Arc<BTreeMap<TopicName, Arc<TopicImage>>>,
    /// Names of topics by id.
    pub topic_names: Arc<BTreeMap<Uuid, TopicName>>,
    /// Settings that differ from the defaults.
    pub configs: Arc<BTreeMap<ConfigResource, BTreeMap<String, String>>>,
    /// Levels of the features.
    pub features: Arc<BTreeMap<String, i16>>,
    /// The last offset applied; -1 before the first.
    pub offset: Offset,
    /// The epoch of the quorum's leader that wrote it.
    pub epoch: i32,
}

impl Default for Image {
    fn default() -> Image {
        Image {
            brokers: Arc::default(),
            controllers: Arc::default(),
            topics: Arc::default(),
            topic_names: Arc::default(),
            configs: Arc::default(),
            features: Arc::default(),
            offset: Offset::NONE,
            epoch: 0,
        }
    }
}

impl Image {
    /// The registration of a partition.
    pub fn partition(&self, partition: &TopicPartition) -> Option<&PartitionRegistration> {
        let topic = self.topics.get(&partition.topic)?;
        topic.partitions.get(partition.partition as usize).map(Arc::as_ref)
    }
    /// The release whose metadata this is; nothing said so yet: the newest one's.
    pub(super) fn release(&self) -> &'static MetadataRelease {
        let level = self.features.get("metadata.version");
        level.map_or_else(
            || MetadataRelease::of(&Era::default()),
            |&level| MetadataRelease::of_level(level),
        )
    }
    /// The topic with this id.
    pub fn topic_by_id(&self, id: Uuid) -> Option<(&TopicName, &TopicImage)> {
        let name = self.topic_names.get(&id)?;
        self.topics.get(name).map(|topic| (name, topic.as_ref()))
    }
    /// All partitions, by topic name and number.
    pub fn partitions(&self) -> impl Iterator<Item = (TopicPartition, &PartitionRegistration)> {
        self.topics.iter().flat_map(|(name, topic)| {
            let numbered = (0u32..).zip(&topic.partitions);
            numbered.map(|(number, registration)| {
                (TopicPartition::new(name, number), registration.as_ref())
            })
        })
    }
    /// Whether a broker is registered and may lead.
    pub fn is_active(&self, broker: NodeId) -> bool {
        self.brokers.get(&broker).is_some_and(BrokerRegistration::is_active)
    }
    /// Brokers that are not fenced.
    pub fn alive(&self) -> impl Iterator<Item = NodeId> {
        self.brokers.iter().filter(|(_, broker)| !broker.fenced).map(|(&id, _)| id)
    }
    /// A topic's setting, else the cluster's; `None`: the default holds.
    pub fn topic_config(&self, topic: &TopicName, name: &str) -> Option<&str> {
        let of = |resource| self.configs.get(&resource).and_then(|settings| settings.get(name));
        of(ConfigResource::topic(topic))
            .or_else(|| of(ConfigResource::cluster()))
            .map(String::as_str)
    }
    /// The settings of one resource.
    pub fn configs_of(&self, resource: &ConfigResource) -> BTreeMap<String, String> {
        self.configs.get(resource).cloned().unwrap_or_default()
    }

    /// Applies one record. A record about something that is not there changes nothing.
    pub fn apply(&mut self, record: &MetadataRecord) {
        match record {
            MetadataRecord::RegisterBroker(record) => {
                let registration = BrokerRegistration {
                    epoch: record.epoch,
                    incarnation: record.incarnation,
                    fenced: record.fenced,
                    in_controlled_shutdown: record.in_controlled_shutdown,
                    rack: record.rack.clone(),
                    log_directory: record.log_directories.first().copied().unwrap_or(Uuid::ZERO),
                };
                Arc::make_mut(&mut self.brokers).insert(record.broker, registration);
            }
            MetadataRecord::UnregisterBroker { broker, .. } => {
                Arc::make_mut(&mut self.brokers).remove(broker);
            }
            MetadataRecord::BrokerRegistrationChange(change) => self.change_broker(change),
            MetadataRecord::Topic { name, id } => {
                let topic = TopicImage { id: *id, partitions: Vec::new() };
                Arc::make_mut(&mut self.topics).insert(name.clone(), Arc::new(topic));
                Arc::make_mut(&mut self.topic_names).insert(*id, name.clone());
            }
            MetadataRecord::RemoveTopic { id } => self.remove_topic(*id),
            MetadataRecord::Partition(record) => {
                let Some(topic) = self.topic_mut(record.topic) else { return };
                let new = Arc::new(PartitionRegistration::from_record(record));
                let (number, count) = (record.partition as usize, topic.partitions.len());
                if number < count {
                    topic.partitions[number] = new;
                } else if number == count {
                    topic.partitions.push(new);
                }
            }
            MetadataRecord::PartitionChange(change) => {
                let Some(topic) = self.topic_mut(change.topic) else { return };
                if let Some(slot) = topic.partitions.get_mut(change.partition as usize) {
                    *slot = Arc::new(slot.merge(change));
                }
            }
            MetadataRecord::Config { resource, name, value } => {
                let configs = Arc::make_mut(&mut self.configs);
                match value {
                    Some(value) => {
                        let settings = configs.entry(resource.clone()).or_default();
                        settings.insert(name.clone(), value.clone());
                    }
                    None => {
                        if let Some(settings) = configs.get_mut(resource) {
                            settings.remove(name);
                            if settings.is_empty() {
                                configs.remove(resource);
                            }
                        }
                    }
                }
            }
            MetadataRecord::FeatureLevel { name, level } => {
                let features = Arc::make_mut(&mut self.features);
                match level {
                    0 => features.remove(name),
                    _ => features.insert(name.clone(), *level),
                };
            }
            MetadataRecord::RegisterController(record) => {
                Arc::make_mut(&mut self.controllers).insert(record.controller, record.incarnation);
            }
            MetadataRecord::ClearElr { topic } => self.clear_elr(topic),
            MetadataRecord::ProducerIds { .. }
            | MetadataRecord::NoOp
            | MetadataRecord::ZkMigrationState { .. }
            | MetadataRecord::BeginTransaction { .. }
            | MetadataRecord::EndTransaction
            | MetadataRecord::Unknown { .. } => {}
        }
    }

    fn topic_mut(&mut self, id: Uuid) -> Option<&mut TopicImage> {
        let name = self.topic_names.get(&id)?;
        Arc::make_mut(&mut self.topics).get_mut(name).map(Arc::make_mut)
    }

    fn change_broker(&mut self, change: &BrokerRegistrationChange) {
        let brokers = Arc::make_mut(&mut self.brokers);
        let Some(broker) = brokers.get_mut(&change.broker) else { return };
        if broker.epoch != change.epoch {
            return; // about an earlier registration
        }
        if let Some(fenced) = change.fenced {
            broker.fenced = fenced;
        }
        broker.in_controlled_shutdown |= change.in_controlled_shutdown;
    }

    fn remove_topic(&mut self, id: Uuid) {
        if let Some(name) = Arc::make_mut(&mut self.topic_names).remove(&id) {
            Arc::make_mut(&mut self.topics).remove(&name);
            Arc::make_mut(&mut self.configs).remove(&ConfigResource::topic(&name));
        }
    }

    /// Forgets ELRs without touching an epoch (`ReplicationControlManager.removeTopicElrs`).
    fn clear_elr(&mut self, of: &str) {
        let topics = Arc::make_mut(&mut self.topics);
        for (_, topic) in topics.iter_mut().filter(|(name, _)| of.is_empty() || name.as_str() == of)
        {
            let has_elr =
                |p: &Arc<PartitionRegistration>| !p.elr.is_empty() || !p.last_known_elr.is_empty();
            if !topic.partitions.iter().any(has_elr) {
                continue;
            }
            for slot in Arc::make_mut(topic).partitions.iter_mut().filter(|p| has_elr(p)) {
                let partition = Arc::make_mut(slot);
                partition.elr.clear();
                partition.last_known_elr.clear();
            }
        }
    }
}
