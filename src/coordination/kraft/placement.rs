//! Where the replicas of a new partition go (`StripedReplicaPlacer`, KIP-631).
//!
//! ```text
//!   racks   A: 1 4    B: 2 5    C: 3 6          offset 0:  A1 B2 C3
//!            ▲ start drawn by chance            offset 1:  B5 C6 A4     … after as many rows as brokers: shuffled
//! ```
//!
//! Rows begin one rack further each time and take the next broker of each rack; fenced brokers come last and never
//! lead. Chance is handed in as a function, so Kafka's own draws can be played again.

use crate::types::NodeId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A broker that may get replicas: not in controlled shutdown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsableBroker {
    /// Which.
    pub id: NodeId,
    /// Its rack.
    pub rack: Option<Arc<str>>,
    /// Whether it is fenced.
    pub fenced: bool,
}

#[derive(Default)]
struct BrokerList {
    brokers: Vec<NodeId>,
    index: usize,
    offset: usize,
    epoch: usize,
}

type Draw<'a> = &'a mut dyn FnMut(usize) -> usize;

impl BrokerList {
    fn initialize(&mut self, draw: Draw<'_>) {
        if !self.brokers.is_empty() {
            self.brokers.sort();
            self.offset = draw(self.brokers.len());
        }
    }
    fn next(&mut self, epoch: usize) -> Option<NodeId> {
        let count = self.brokers.len();
        if count == 0 {
            return None;
        }
        if self.epoch != epoch {
            self.epoch = epoch;
            self.index = 0;
            self.offset = (self.offset + 1) % count;
        }
        if self.index >= count {
            return None;
        }
        self.index += 1;
        Some(self.brokers[(self.index - 1 + self.offset) % count])
    }
}

#[derive(Default)]
struct Rack {
    fenced: BrokerList,
    unfenced: BrokerList,
}

/// As `Collections.shuffle`.
fn shuffle<T>(items: &mut [T], draw: Draw<'_>) {
    for bound in (2..=items.len()).rev() {
        items.swap(bound - 1, draw(bound));
    }
}

type RackName = Option<Arc<str>>;

struct RackList {
    racks: BTreeMap<RackName, Rack>,
    names: Vec<RackName>,
    drawing_order: Vec<RackName>,
    unfenced_count: usize,
    epoch: usize,
    offset: usize,
}

impl RackList {
    fn row(&mut self, replication_factor: usize, draw: Draw<'_>) -> Vec<NodeId> {
        if self.epoch == self.unfenced_count && self.unfenced_count > 1 {
            shuffle(&mut self.names, draw);
            for name in &self.drawing_order {
                if let Some(rack) = self.racks.get_mut(name) {
                    shuffle(&mut rack.fenced.brokers, draw);
                    shuffle(&mut rack.unfenced.brokers, draw);
                }
            }
            self.epoch = 0;
        }
        let count = self.names.len();
        self.offset %= count;
        let mut row = Vec::with_capacity(replication_factor);
        let mut skip = None; // the rack that gave the leader: passed over once
        for turn in 0..count {
            let at = (self.offset + turn) % count;
            let rack = self.racks.entry(self.names[at].clone()).or_default();
            if let Some(leader) = rack.unfenced.next(self.epoch) {
                row.push(leader);
                skip = Some(at);
                break;
            }
        }
        let mut at = self.offset;
        let mut barren = 0; // racks in a row that gave nobody: a bound, were a count ever wrong
        while row.len() < replication_factor && barren <= 2 * count {
            if skip == Some(at) {
                skip = None;
            } else {
                let rack = self.racks.entry(self.names[at].clone()).or_default();
                let next = rack.unfenced.next(self.epoch).or_else(|| rack.fenced.next(self.epoch));
                barren = if next.is_some() { 0 } else { barren + 1 };
                row.extend(next);
            }
            at = (at + 1) % count;
        }
        self.epoch += 1;
        self.offset += 1;
        row
    }
}

/// Replicas of `partitions` new partitions. `order` may put the racks into another order for drawing (Kafka's is that
/// of a hash map; ours that of names).
pub(super) fn place_ordered(
    brokers: &[UsableBroker],
    partitions: usize,
    replication_factor: usize,
    order: impl FnOnce(&mut Vec<RackName>),
    draw: Draw<'_>,
) -> Result<Vec<Vec<NodeId>>, String> {
    let mut racks: BTreeMap<RackName, Rack> = BTreeMap::new();
    for broker in brokers {
        let rack = racks.entry(broker.rack.clone()).or_default();
        let list = if broker.fenced { &mut rack.fenced } else { &mut rack.unfenced };
        list.brokers.push(broker.id);
    }
    let names: Vec<RackName> = racks.keys().cloned().collect();
    let mut drawing_order = names.clone();
    order(&mut drawing_order);
    for name in &drawing_order {
        if let Some(rack) = racks.get_mut(name) {
            rack.fenced.initialize(draw);
            rack.unfenced.initialize(draw);
        }
    }
    let offset = if names.is_empty() { 0 } else { draw(names.len()) };
    let unfenced_count = brokers.iter().filter(|broker| !broker.fenced).count();
    if replication_factor == 0 {
        return Err("Invalid replication factor 0: the replication factor must be positive.".into());
    }
    if unfenced_count == 0 {
        return Err("All brokers are currently fenced.".into());
    }
    if replication_factor > brokers.len() {
        return Err(format!(
            "The target replication factor of {replication_factor} cannot be reached because only {} broker(s) are registered.",
            brokers.len()
        ));
    }
    let mut list = RackList { racks, names, drawing_order, unfenced_count, epoch: 0, offset };
    Ok((0..partitions).map(|_| list.row(replication_factor, draw)).collect())
}

/// Replicas of `partitions` new partitions, or why there can be none, in Kafka's words.
pub fn place(
    brokers: &[UsableBroker],
    partitions: usize,
    replication_factor: usize,
    mut draw: impl FnMut(usize) -> usize,
) -> Result<Vec<Vec<NodeId>>, String> {
    place_ordered(brokers, partitions, replication_factor, |_| {}, &mut draw)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Java's hash map visits "r0" … "r9" by `hashCode & (buckets - 1)`, the rack without a name at bucket 0.
    fn java_order(names: &mut [RackName], brokers: &[UsableBroker]) {
        let bucket = |name: &RackName| {
            let hash = name.as_deref().map_or(0, |text| {
                text.bytes().fold(0u32, |hash, byte| hash.wrapping_mul(31) + u32::from(byte))
            });
            (hash ^ (hash >> 16)) & 15
        };
        let first = |name: &RackName| brokers.iter().position(|broker| broker.rack == *name);
        names.sort_by_key(|name| (bucket(name), first(name)));
    }

    #[test]
    fn kafkas_draws_give_kafkas_placement() {
        let vectors = crate::vectors::load("replica_assignment_kraft");
        for case in vectors["cases"].as_array().unwrap() {
            let number = |value: &serde_json::Value| value.as_u64().unwrap() as usize;
            let brokers: Vec<UsableBroker> = case["brokers"]
                .as_array()
                .unwrap()
                .iter()
                .map(|broker| UsableBroker {
                    id: NodeId(number(&broker[0]) as u32),
                    rack: broker[1].as_str().map(Arc::from),
                    fenced: broker[2].as_bool().unwrap(),
                })
                .collect();
            let mut draws = case["draws"].as_array().unwrap().iter();
            let mut draw = |bound: usize| {
                let next = draws.next().expect("a draw more than Kafka made");
                assert_eq!(number(&next[0]), bound, "case {}", case["id"]);
                number(&next[1])
            };
            let placed = place_ordered(
                &brokers,
                number(&case["partitions"]),
                number(&case["replication_factor"]),
                |names| java_order(names, &brokers),
                &mut draw,
            );
            match placed {
                Err(_) => assert!(!case["error"].is_null(), "case {}", case["id"]),
                Ok(rows) => {
                    let rows: Vec<Vec<u32>> =
                        rows.iter().map(|row| row.iter().map(|node| node.0).collect()).collect();
                    let expected: Vec<Vec<u32>> =
                        serde_json::from_value(case["assignment"].clone()).unwrap();
                    assert_eq!(rows, expected, "case {}", case["id"]);
                }
            }
        }
    }
}
