//! What the controller reads and writes in ZooKeeper, by Kafka's nouns (`KafkaZkClient`).
//!
//! Always: many znodes are asked for in one batch; a state is written only if its znode has the version that was read.

use super::super::znodes::{self, Assignment, TopicNode};
use super::context::LiveBroker;
use super::election::LeaderAndIsr;
use super::run::{Answer, Run, Step, Stop};
use crate::protocol::{CreateMode, Stat, ZooKeeperError, ZooKeeperOperation, ZooKeeperReply};
use crate::types::{BrokerEpoch, NodeId, PartitionEpoch, TopicName, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What came of writing states (`UpdateLeaderAndIsrResult`).
#[derive(Debug, Default)]
pub(super) struct Written {
    /// What is in the tree now, with its new version; or why not.
    pub finished: Vec<(TopicPartition, Result<LeaderAndIsr, String>)>,
    /// Somebody else wrote in between: read again.
    pub retry: Vec<TopicPartition>,
}

pub(super) fn create(path: Arc<str>, data: Arc<str>, mode: CreateMode) -> ZooKeeperOperation {
    ZooKeeperOperation::Create { path, data, mode }
}

impl Run<'_> {
    /// Who the controller is (`getControllerId`).
    pub fn controller_id(&mut self) -> Step<Option<NodeId>> {
        let data = self.data(znodes::CONTROLLER, true)?;
        Ok(data.and_then(|(data, _)| znodes::controller_id(&data)))
    }

    /// Brokers that are alive, with the birth of their znodes.
    pub fn brokers(&mut self) -> Step<BTreeMap<NodeId, LiveBroker>> {
        let names = self.children(znodes::BROKER_IDS, true)?;
        let mut ids: Vec<NodeId> =
            names.iter().filter_map(|n| n.parse().ok().map(NodeId)).collect();
        ids.sort();
        let data = self.data_of(ids.iter().map(|id| znodes::broker_path(*id)).collect(), false)?;
        let alive = ids.into_iter().zip(data).filter_map(|(id, data)| {
            let (data, stat) = data?;
            let (epoch, rack) = (BrokerEpoch(stat.czxid), znodes::broker_rack(&data));
            Some((id, LiveBroker { epoch, rack }))
        });
        Ok(alive.collect())
    }

    /// The names of all topics; the next one that comes or goes is told.
    pub fn topic_names(&mut self) -> Step<BTreeSet<TopicName>> {
        let names = self.children(znodes::TOPICS, true)?;
        Ok(names.iter().map(|name| TopicName(Arc::clone(name))).collect())
    }

    /// What topics' znodes say; the next change is told. Topics without id get one since 2.8 (`processTopicIds`).
    pub fn topic_nodes(&mut self, topics: &[TopicName]) -> Step<Vec<(TopicName, TopicNode)>> {
        let data = self.data_of(topics.iter().map(znodes::topic_path).collect(), true)?;
        let read = topics.iter().cloned().zip(data).filter_map(|(topic, data)| {
            let node = znodes::read_topic(&data?.0)?;
            Some((topic, node))
        });
        Ok(read.collect())
    }

    /// The states of partitions; `None`: there is no such znode.
    pub fn states(
        &mut self,
        partitions: &[TopicPartition],
        watch: bool,
    ) -> Step<Vec<Option<(i32, LeaderAndIsr)>>> {
        let paths = partitions.iter().map(znodes::state_path).collect();
        let read = |data: Option<(Arc<str>, Stat)>| {
            let (data, stat) = data?;
            znodes::read_state(&data, stat.version)
        };
        Ok(self.data_of(paths, watch)?.into_iter().map(read).collect())
    }

    /// Writes states over those of the versions they build on (`updateLeaderAndIsr`).
    pub fn update_states(&mut self, states: Vec<(TopicPartition, LeaderAndIsr)>) -> Step<Written> {
        let epoch = self.context.epoch;
        let writes = states.iter().map(|(partition, state)| ZooKeeperOperation::SetData {
            path: znodes::state_path(partition),
            data: znodes::state(epoch, state),
            version: Some(state.partition_epoch.0),
        });
        let answers = self.write(writes.collect())?;
        let mut written = Written::default();
        for ((partition, mut state), answer) in states.into_iter().zip(answers) {
            match answer {
                Ok(ZooKeeperReply::Set(stat)) => {
                    state.partition_epoch = PartitionEpoch(stat.version);
                    written.finished.push((partition, Ok(state)));
                }
                Err(ZooKeeperError::BadVersion) => written.retry.push(partition),
                Err(error) => written.finished.push((partition, Err(error.to_string()))),
                Ok(_) => written.finished.push((partition, Err("no answer".to_owned()))),
            }
        }
        Ok(written)
    }

    /// Makes the state znodes of new partitions, with the znodes above them (`createTopicPartitionStatesRaw`).
    pub fn create_states(
        &mut self,
        states: &[(TopicPartition, LeaderAndIsr)],
    ) -> Step<Vec<Answer>> {
        let topics: BTreeSet<&TopicName> = states.iter().map(|(p, _)| &p.topic).collect();
        let plain = |path| create(path, "".into(), CreateMode::Persistent);
        self.write(
            topics.into_iter().map(|topic| plain(znodes::partitions_path(topic))).collect(),
        )?;
        let parents = states.iter().map(|(p, _)| plain(znodes::partition_path(p)));
        self.write(parents.collect())?;
        let epoch = self.context.epoch;
        let nodes = states.iter().map(|(partition, state)| {
            let data = znodes::state(epoch, state);
            create(znodes::state_path(partition), data, CreateMode::Persistent)
        });
        self.write(nodes.collect())
    }

    /// Whether topics may be led by replicas that are not in sync.
    pub fn unclean_allowed(&mut self, topics: &BTreeSet<TopicName>) -> Step<BTreeSet<TopicName>> {
        let paths = topics.iter().map(znodes::topic_config_path).collect();
        let default = self.settings.unclean_leader_election_enable;
        let allowed = |data: Option<(Arc<str>, Stat)>| {
            let settings = data.map(|(data, _)| znodes::read_config(&data)).unwrap_or_default();
            let own = settings.get("unclean.leader.election.enable").map(|value| value == "true");
            own.unwrap_or(default)
        };
        let answers = self.data_of(paths, false)?;
        let of = topics.iter().zip(answers).filter(|(_, data)| allowed(data.clone()));
        Ok(of.map(|(topic, _)| topic.clone()).collect())
    }

    /// Writes a topic's replicas, one partition's changed (`setTopicAssignmentRaw`).
    pub fn write_assignment(
        &mut self,
        partition: &TopicPartition,
        assignment: &Assignment,
    ) -> Step<()> {
        let Some(topic) = self.context.topics.get(&partition.topic) else {
            return Err(Stop::Failed(format!("topic {} is not known", partition.topic)));
        };
        let of = topic.partitions.iter().map(|(number, one)| (*number, one.assignment.clone()));
        let mut node = TopicNode { id: topic.id, partitions: of.collect() };
        node.partitions.insert(partition.partition, assignment.clone());
        let write = ZooKeeperOperation::SetData {
            path: znodes::topic_path(&partition.topic),
            data: znodes::topic(self.settings.rules.topic_form, &node),
            version: None,
        };
        match self.write(vec![write])?.pop() {
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) => Err(Stop::Failed(error.to_string())),
            None => Err(Stop::Failed("no answer".to_owned())),
        }
    }

    /// Deletes znodes without children; those that are not there are passed over.
    pub fn delete(&mut self, paths: Vec<Arc<str>>) -> Step<()> {
        let delete = |path| ZooKeeperOperation::Delete { path, version: None };
        self.write(paths.into_iter().map(delete).collect()).map(|_| ())
    }

    /// Deletes a znode with all below it, leaves first (`deleteRecursive`).
    pub fn delete_recursive(&mut self, path: &str) -> Step<()> {
        let mut levels: Vec<Vec<Arc<str>>> = vec![vec![path.into()]];
        while let Some(level) = levels.last().filter(|level| !level.is_empty()).cloned() {
            let list = |path: &Arc<str>| ZooKeeperOperation::GetChildren {
                path: path.clone(),
                watch: false,
            };
            let answers = self.ask(level.iter().map(list).collect())?;
            let mut below: Vec<Arc<str>> = Vec::new();
            for (path, answer) in level.iter().zip(answers) {
                if let Ok(ZooKeeperReply::Children { names, .. }) = answer {
                    below.extend(names.iter().map(|name| Arc::from(format!("{path}/{name}"))));
                }
            }
            levels.push(below);
        }
        for level in levels.into_iter().rev() {
            self.delete(level)?;
        }
        Ok(())
    }
}
