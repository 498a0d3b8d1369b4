//! Where the replicas of a new partition go in the ZooKeeper era (`AdminUtils.assignReplicasToBrokers`, KIP-36).
//!
//! ```text
//!   brokers  1  2  3  4  5      start index 0, shift 0
//!   p0       L  f  f            followers stand 1 + (shift + j) mod (brokers - 1) places behind the leader
//!   p1          L  f  f
//!   …
//!   p5       L     f  f         after each round of as many partitions as brokers the shift grows by one
//! ```
//!
//! With racks the brokers are first put into an order that alternates between racks, and a broker is passed over while
//! its rack has a replica and another rack has none. Always: the same brokers, start index and first partition give the
//! same rows. Kafka draws start index and first shift at random when none is given; whoever calls draws them here. The
//! tool that plans reassignments (`kafka-reassign-partitions --generate`) goes by this rule to this day; a KRaft
//! controller places new topics otherwise (`kraft::placement`).

use crate::protocol::ErrorCode;
use crate::types::NodeId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A broker that may get replicas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerRack {
    /// Which.
    pub id: NodeId,
    /// Its rack.
    pub rack: Option<Arc<str>>,
}

/// What is to be placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How many partitions.
    pub partitions: i32,
    /// Replicas of each.
    pub replication_factor: i32,
    /// Where in the list of brokers the first leader stands.
    pub start_index: usize,
    /// How far behind its leader the first follower begins; Kafka takes the start index when one is given.
    pub first_shift: usize,
    /// Number of the first partition: more than 0 when a topic grows.
    pub first_partition: u32,
}

/// Why a broker is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// Its rack has a replica already, and another rack has none.
    Rack,
    /// It has a replica already.
    Broker,
}

/// One step of the placement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A round is over: followers stand one place further from now on.
    Shift {
        /// The partition with which the new round begins.
        partition: u32,
        /// The shift now.
        shift: usize,
    },
    /// The preferred leader of a partition.
    Leader {
        /// Of which partition.
        partition: u32,
        /// Its place in the list of brokers.
        index: usize,
        /// The broker.
        broker: NodeId,
    },
    /// A broker that does not fit.
    Passed {
        /// For which partition.
        partition: u32,
        /// The broker.
        broker: NodeId,
        /// Why not.
        because: Skip,
    },
    /// A follower.
    Follower {
        /// Of which partition.
        partition: u32,
        /// Its place in the list of brokers.
        index: usize,
        /// The broker.
        broker: NodeId,
    },
    /// All replicas of a partition are chosen.
    Row {
        /// Which partition.
        partition: u32,
        /// Its replicas, the preferred leader first.
        replicas: Vec<NodeId>,
    },
}

/// The placement, step by step.
#[derive(Clone, Debug)]
pub struct Placement {
    brokers: Vec<NodeId>,
    /// Rack of each broker of `brokers`; empty without racks.
    racks: Vec<Arc<str>>,
    rack_count: usize,
    plan: Plan,
    next: u32,
    shift: usize,
    shifted: bool,
    row: Vec<NodeId>,
    /// How many places were looked at for this row.
    tries: usize,
}

impl Placement {
    /// Begins; or says in Kafka's words why there can be no placement.
    pub fn new(brokers: &[BrokerRack], plan: Plan) -> Result<Placement, (ErrorCode, String)> {
        if plan.partitions <= 0 {
            let told = "Number of partitions must be larger than 0.".to_owned();
            return Err((ErrorCode::INVALID_PARTITIONS, told));
        }
        if plan.replication_factor <= 0 {
            let told = "Replication factor must be larger than 0.".to_owned();
            return Err((ErrorCode::INVALID_REPLICATION_FACTOR, told));
        }
        if plan.replication_factor as usize > brokers.len() {
            let told = format!(
                "Replication factor: {} larger than available brokers: {}.",
                plan.replication_factor,
                brokers.len()
            );
            return Err((ErrorCode::INVALID_REPLICATION_FACTOR, told));
        }
        let with_rack = brokers.iter().filter(|broker| broker.rack.is_some()).count();
        if with_rack != 0 && with_rack != brokers.len() {
            let told = "Not all brokers have rack information for replica rack aware assignment.";
            return Err((ErrorCode::UNKNOWN_SERVER_ERROR, told.to_owned()));
        }
        let ordered: Vec<(NodeId, Option<Arc<str>>)> = match with_rack {
            0 => brokers.iter().map(|broker| (broker.id, None)).collect(),
            _ => alternate(brokers),
        };
        let racks: Vec<Arc<str>> = ordered.iter().filter_map(|(_, rack)| rack.clone()).collect();
        let rack_count = racks.iter().collect::<BTreeSet<_>>().len();
        Ok(Placement {
            brokers: ordered.into_iter().map(|(id, _)| id).collect(),
            racks,
            rack_count,
            plan,
            next: plan.first_partition,
            shift: plan.first_shift,
            shifted: false,
            row: Vec::new(),
            tries: 0,
        })
    }

    fn first_index(&self) -> usize {
        (self.next as usize + self.plan.start_index) % self.brokers.len()
    }

    /// The place of follower number `turn` (`AdminUtils.replicaIndex`).
    fn follower_index(&self, turn: usize) -> usize {
        let count = self.brokers.len();
        let shift = if self.racks.is_empty() { self.shift } else { self.shift * self.rack_count };
        (self.first_index() + 1 + (shift + turn) % (count - 1).max(1)) % count
    }

    fn misfit(&self, index: usize) -> Option<Skip> {
        if self.racks.is_empty() {
            return None;
        }
        let rack_of = |id: &NodeId| {
            let at = self.brokers.iter().position(|broker| broker == id);
            at.map(|at| &self.racks[at])
        };
        let taken: BTreeSet<_> = self.row.iter().filter_map(rack_of).collect();
        if taken.contains(&self.racks[index]) && taken.len() < self.rack_count {
            Some(Skip::Rack)
        } else if self.row.contains(&self.brokers[index]) && self.row.len() < self.brokers.len() {
            Some(Skip::Broker)
        } else {
            None
        }
    }
}

/// Brokers so that neighbours stand in different racks (`AdminUtils.getRackAlternatedBrokerList`).
fn alternate(brokers: &[BrokerRack]) -> Vec<(NodeId, Option<Arc<str>>)> {
    let mut racks: BTreeMap<&Arc<str>, Vec<NodeId>> = BTreeMap::new();
    for broker in brokers {
        if let Some(rack) = &broker.rack {
            racks.entry(rack).or_default().push(broker.id);
        }
    }
    racks.values_mut().for_each(|members| members.sort());
    let longest = racks.values().map(Vec::len).max().unwrap_or(0);
    let mut result = Vec::with_capacity(brokers.len());
    for turn in 0..longest {
        for (rack, members) in &racks {
            if let Some(broker) = members.get(turn) {
                result.push((*broker, Some((*rack).clone())));
            }
        }
    }
    result
}

impl Iterator for Placement {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let partition = self.next;
        if partition - self.plan.first_partition >= self.plan.partitions as u32 {
            return None;
        }
        let round = partition as usize % self.brokers.len();
        if partition > 0 && round == 0 && !self.shifted {
            self.shifted = true;
            self.shift += 1;
            return Some(Step::Shift { partition, shift: self.shift });
        }
        if self.row.is_empty() {
            let index = self.first_index();
            let broker = self.brokers[index];
            self.row.push(broker);
            return Some(Step::Leader { partition, index, broker });
        }
        if self.row.len() == self.plan.replication_factor as usize {
            let replicas = std::mem::take(&mut self.row);
            self.tries = 0;
            self.shifted = false;
            self.next += 1;
            return Some(Step::Row { partition, replicas });
        }
        let index = self.follower_index(self.tries);
        let broker = self.brokers[index];
        self.tries += 1;
        if let Some(because) = self.misfit(index) {
            return Some(Step::Passed { partition, broker, because });
        }
        self.row.push(broker);
        Some(Step::Follower { partition, index, broker })
    }
}

/// The replicas of each new partition.
pub fn place(brokers: &[BrokerRack], plan: Plan) -> Result<Vec<Vec<NodeId>>, (ErrorCode, String)> {
    let rows = Placement::new(brokers, plan)?.filter_map(|step| match step {
        Step::Row { replicas, .. } => Some(replicas),
        _ => None,
    });
    Ok(rows.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kafkas_brokers_and_start_give_kafkas_rows() {
        let vectors = crate::vectors::load("replica_assignment");
        for case in vectors["cases"].as_array().unwrap() {
            let brokers: Vec<BrokerRack> = case["brokers"]
                .as_array()
                .unwrap()
                .iter()
                .map(|broker| BrokerRack {
                    id: NodeId(broker[0].as_u64().unwrap() as u32),
                    rack: broker[1].as_str().map(Arc::from),
                })
                .collect();
            let number = |name: &str| case[name].as_i64().unwrap();
            let start = number("fixed_start_index") as usize;
            let plan = Plan {
                partitions: number("partitions") as i32,
                replication_factor: number("replication_factor") as i32,
                start_index: start,
                first_shift: start,
                first_partition: number("start_partition_id").max(0) as u32,
            };
            match place(&brokers, plan) {
                Err(_) => assert!(!case["error"].is_null(), "case {}", case["id"]),
                Ok(rows) => {
                    let rows: Vec<Vec<u32>> =
                        rows.iter().map(|row| row.iter().map(|id| id.0).collect()).collect();
                    let expected: Option<Vec<Vec<u32>>> =
                        serde_json::from_value(case["assignment"].clone()).unwrap();
                    assert_eq!(Some(rows), expected, "case {}", case["id"]);
                }
            }
        }
    }

    #[test]
    fn the_shift_grows_with_every_round() {
        let brokers: Vec<BrokerRack> =
            (1..=3).map(|id| BrokerRack { id: NodeId(id), rack: None }).collect();
        let plan = Plan {
            partitions: 4,
            replication_factor: 2,
            start_index: 0,
            first_shift: 0,
            first_partition: 0,
        };
        let steps: Vec<Step> = Placement::new(&brokers, plan).unwrap().collect();
        assert!(steps.contains(&Step::Shift { partition: 3, shift: 1 }));
        let row = |ids: [u32; 2]| ids.map(NodeId).to_vec();
        let rows = place(&brokers, plan).unwrap();
        assert_eq!(rows, [row([1, 2]), row([2, 3]), row([3, 1]), row([1, 3])]);
    }
}
