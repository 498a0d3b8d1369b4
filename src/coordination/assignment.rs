//! Where replicas go by the rule of the ZooKeeper years (`AdminUtils.assignReplicasToBrokers`, racks: KIP-36).
//!
//! ```text
//!   4 brokers, 2 replicas, start 0          partition      0      1      2      3   |   4      5   …
//!   leader: (partition + start) mod 4       first          1      2      3      4   |   1      2
//!   shift:  grows after each round          second        +1     +1     +1     +1   |  +2     +2
//!                                                       [1,2]  [2,3]  [3,4]  [4,1]  | [1,3]  [2,4]
//! ```
//!
//! The start and the first shift were one random number each, unless fixed. Today the tool that plans reassignments
//! (`kafka-reassign-partitions --generate`) still uses this rule; a KRaft controller places new topics by another
//! (`kraft::placement`). Always: no broker twice in a row; with racks, no rack twice before each has one.

use crate::types::NodeId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A broker and its rack.
pub type Placed = (NodeId, Option<Arc<str>>);

/// One partition's row, with the numbers that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignmentRow {
    /// The partition.
    pub partition: u32,
    /// Where its first replica stands in the list of brokers.
    pub first: usize,
    /// The shift of the followers in this round.
    pub shift: usize,
    /// The replicas, preferred leader first.
    pub replicas: Vec<NodeId>,
}

/// The rows one by one: an iterator without an end, since each partition follows from the one before.
#[derive(Debug)]
pub struct AssignmentRows {
    brokers: Vec<NodeId>,
    /// Empty when there are no racks.
    racks: BTreeMap<NodeId, Arc<str>>,
    rack_count: usize,
    replication_factor: usize,
    start_index: usize,
    shift: usize,
    partition: u32,
}

impl AssignmentRows {
    /// Rows from `first_partition` on; the words of a refusal are Kafka's.
    pub fn new(
        brokers: &[Placed],
        replication_factor: usize,
        start_index: usize,
        first_partition: u32,
    ) -> Result<Self, String> {
        if replication_factor == 0 {
            return Err("Replication factor must be larger than 0.".to_owned());
        }
        if replication_factor > brokers.len() {
            let count = brokers.len();
            return Err(format!(
                "Replication factor: {replication_factor} larger than available brokers: {count}."
            ));
        }
        let racks: BTreeMap<NodeId, Arc<str>> =
            brokers.iter().filter_map(|(id, rack)| rack.clone().map(|rack| (*id, rack))).collect();
        let listed: BTreeSet<NodeId> = brokers.iter().map(|(id, _)| *id).collect();
        if !racks.is_empty() && racks.len() < listed.len() {
            let why = "Not all brokers have rack information for replica rack aware assignment.";
            return Err(why.to_owned());
        }
        let ordered = match racks.is_empty() {
            true => brokers.iter().map(|(id, _)| *id).collect(),
            false => alternated(&racks),
        };
        let rack_count = racks.values().collect::<BTreeSet<_>>().len();
        Ok(AssignmentRows {
            brokers: ordered,
            racks,
            rack_count,
            replication_factor,
            start_index,
            shift: start_index,
            partition: first_partition,
        })
    }

    /// The broker `turn` places behind the first one, `replicaIndex`.
    fn follower(&self, first: usize, shift: usize, turn: usize) -> NodeId {
        let count = self.brokers.len();
        self.brokers[(first + 1 + (shift + turn) % (count - 1)) % count]
    }

    /// Whether a follower may go there: every rack gets one before any gets a second, and so do brokers.
    fn fits(&self, broker: NodeId, row: &[NodeId]) -> bool {
        if self.racks.is_empty() {
            return true;
        }
        let used: BTreeSet<_> = row.iter().filter_map(|id| self.racks.get(id)).collect();
        let rack_is_new = self.racks.get(&broker).is_some_and(|rack| !used.contains(rack));
        (rack_is_new || used.len() == self.rack_count) && !row.contains(&broker)
    }
}

/// One of each rack in turn.
fn alternated(racks: &BTreeMap<NodeId, Arc<str>>) -> Vec<NodeId> {
    let mut by_rack: BTreeMap<&Arc<str>, Vec<NodeId>> = BTreeMap::new();
    for (id, rack) in racks {
        by_rack.entry(rack).or_default().push(*id);
    }
    let most = by_rack.values().map(Vec::len).max().unwrap_or(0);
    (0..most).flat_map(|at| by_rack.values().filter_map(move |ids| ids.get(at).copied())).collect()
}

impl Iterator for AssignmentRows {
    type Item = AssignmentRow;

    fn next(&mut self) -> Option<AssignmentRow> {
        let count = self.brokers.len();
        if self.partition > 0 && self.partition as usize % count == 0 {
            self.shift += 1;
        }
        let first = (self.partition as usize + self.start_index) % count;
        let mut replicas = vec![self.brokers[first]];
        let scale = self.rack_count.max(1);
        // Every broker comes by once in count - 1 turns, so twice as many find a place for each replica.
        for turn in 0..2 * count * self.replication_factor {
            if replicas.len() == self.replication_factor {
                break;
            }
            let broker = self.follower(first, self.shift * scale, turn);
            if self.fits(broker, &replicas) {
                replicas.push(broker);
            }
        }
        let row = AssignmentRow { partition: self.partition, first, shift: self.shift, replicas };
        self.partition = self.partition.checked_add(1)?;
        Some(row)
    }
}

/// The replicas of `partitions` partitions.
pub fn assign_replicas(
    brokers: &[Placed],
    partitions: usize,
    replication_factor: usize,
    start_index: usize,
    first_partition: u32,
) -> Result<Vec<Vec<NodeId>>, String> {
    if partitions == 0 {
        return Err("Number of partitions must be larger than 0.".to_owned());
    }
    let rows = AssignmentRows::new(brokers, replication_factor, start_index, first_partition)?;
    Ok(rows.take(partitions).map(|row| row.replicas).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(brokers: u32, partitions: usize, factor: usize, start: usize) -> Vec<Vec<u32>> {
        let brokers: Vec<Placed> = (1..=brokers).map(|id| (NodeId(id), None)).collect();
        let rows = assign_replicas(&brokers, partitions, factor, start, 0).unwrap();
        rows.iter().map(|row| row.iter().map(|id| id.0).collect()).collect()
    }

    #[test]
    fn the_shift_grows_with_each_round() {
        let rows = of(4, 8, 2, 0);
        assert_eq!(rows[..4], [[1, 2], [2, 3], [3, 4], [4, 1]]);
        assert_eq!(rows[4..], [[1, 3], [2, 4], [3, 1], [4, 2]]);
    }

    #[test]
    fn kafkas_own_placements() {
        let vectors = crate::vectors::load("replica_assignment");
        for case in vectors["cases"].as_array().unwrap() {
            let number = |name: &str| case[name].as_i64().unwrap();
            let brokers: Vec<Placed> = case["brokers"]
                .as_array()
                .unwrap()
                .iter()
                .map(|pair| {
                    (NodeId(pair[0].as_u64().unwrap() as u32), pair[1].as_str().map(Arc::from))
                })
                .collect();
            let placed = assign_replicas(
                &brokers,
                number("partitions").max(0) as usize,
                number("replication_factor").max(0) as usize,
                number("fixed_start_index") as usize,
                number("start_partition_id").max(0) as u32,
            );
            match placed {
                Err(_) => assert!(!case["error"].is_null(), "case {}", case["id"]),
                Ok(rows) => {
                    let rows: Vec<Vec<u32>> =
                        rows.iter().map(|row| row.iter().map(|id| id.0).collect()).collect();
                    assert_eq!(serde_json::json!(rows), case["assignment"], "case {}", case["id"]);
                }
            }
        }
    }
}
