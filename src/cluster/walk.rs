//! Lookups that are watched: all steps are computed when the lookup begins, and each is shown as a step of the history,
//! so that it can be walked forwards and backwards. Time stands still meanwhile.

use super::act::{Act, Refusal};
use super::event::WalkStep;
use super::network::Happening;
use super::perform::{Done, Waiting};
use super::world::{Cluster, Stage};
use crate::disk::Disk;
use crate::types::{NodeId, TopicPartition, counted};
use std::sync::Arc;

/// A lookup that is being watched.
#[derive(Clone, Debug)]
pub struct LookupWalk {
    /// In which partition.
    pub partition: TopicPartition,
    /// On which broker.
    pub broker: NodeId,
    /// All its steps.
    pub steps: Arc<[WalkStep]>,
    /// How many of them were shown.
    pub shown: usize,
}

/// Most steps of a lookup that are walked.
const MOST_WALKED: usize = 100_000;

impl Cluster {
    /// A sentence about a partition that is not there, or of which nobody has a copy.
    pub fn no_partition(&self, partition: &TopicPartition) -> String {
        let topic = &partition.topic;
        let count = self
            .image()
            .and_then(|image| image.topics.get(topic))
            .map(|known| known.partitions.len());
        match count {
            None => format!("there is no topic {topic}: 'topic create {topic}' makes one"),
            Some(count) if (partition.partition as usize) < count => {
                format!(
                    "no running broker has a copy of {partition}: 'show partition {partition}' names its replicas"
                )
            }
            Some(count) => format!(
                "there is no partition {partition}: {topic} has {}, 0 to {}",
                counted(count, "partition"),
                count.saturating_sub(1)
            ),
        }
    }

    /// The broker that leads `partition`, or the one named.
    pub(crate) fn holder(
        &self,
        partition: &TopicPartition,
        broker: Option<NodeId>,
    ) -> Result<NodeId, Refusal> {
        let image = self.image();
        let Some(registration) = image.and_then(|image| image.partition(partition)) else {
            return Err(Refusal::new(self.no_partition(partition)));
        };
        let id = match broker.or(registration.leader) {
            Some(id) => id,
            None => {
                return Err(Refusal::new(format!(
                    "{partition} has no leader at the moment: name a broker with broker=N"
                )));
            }
        };
        match self.broker(id) {
            Some(found) if found.replicas.contains_key(partition) => Ok(id),
            _ => Err(Refusal::new(format!("broker {id} has no copy of {partition}"))),
        }
    }

    pub(super) fn begin_lookup(&mut self, act: &Act, disk: &Disk, stage: &mut Stage<'_>) -> Done {
        let (partition, broker) = match act {
            Act::Lookup { partition, broker, .. }
            | Act::LookupTimestamp { partition, broker, .. } => (partition, *broker),
            _ => return Ok(Waiting::Nothing),
        };
        let id = self.holder(partition, broker)?;
        let Some(replica) = self.broker(id).and_then(|broker| broker.replicas.get(partition))
        else {
            return Ok(Waiting::Nothing);
        };
        let log = &replica.log;
        let steps: Vec<WalkStep> = match act {
            Act::Lookup { offset, without_index: true, .. } => log
                .lookup_without_index(disk, *offset)
                .take(MOST_WALKED)
                .map(WalkStep::Offset)
                .collect(),
            Act::Lookup { offset, .. } => {
                log.lookup(disk, *offset).take(MOST_WALKED).map(WalkStep::Offset).collect()
            }
            Act::LookupTimestamp { timestamp, .. } => log
                .lookup_timestamp(disk, *timestamp)
                .take(MOST_WALKED)
                .map(WalkStep::Timestamp)
                .collect(),
            _ => Vec::new(),
        };
        self.lookup = Some(LookupWalk {
            partition: partition.clone(),
            broker: id,
            steps: steps.into(),
            shown: 0,
        });
        self.network.push(self.now, Happening::Walk, stage.cause);
        Ok(Waiting::Walked)
    }
}
