//! A broker's copies of partitions: a sorted map whose clone costs a counter for each copy.
//!
//! A checkpoint of the cluster is a clone, and of the hundreds of copies at a broker a few change between two
//! checkpoints. So each copy is shared until somebody changes it; who asks for `&mut` gets one of their own.

use crate::replica::Replica;
use crate::types::TopicPartition;
use std::collections::{BTreeMap, btree_map};
use std::sync::Arc;

/// Copies by partition.
#[derive(Clone, Debug, Default)]
pub struct Replicas(BTreeMap<TopicPartition, Arc<Replica>>);

impl Replicas {
    /// No copies.
    pub fn new() -> Replicas {
        Replicas::default()
    }
    /// The copy of a partition.
    pub fn get(&self, partition: &TopicPartition) -> Option<&Replica> {
        self.0.get(partition).map(Arc::as_ref)
    }
    /// The same, to be changed.
    pub fn get_mut(&mut self, partition: &TopicPartition) -> Option<&mut Replica> {
        self.0.get_mut(partition).map(Arc::make_mut)
    }
    /// Whether there is one.
    pub fn contains_key(&self, partition: &TopicPartition) -> bool {
        self.0.contains_key(partition)
    }
    /// Puts a copy in place.
    pub fn insert(&mut self, partition: TopicPartition, replica: Replica) {
        self.0.insert(partition, Arc::new(replica));
    }
    /// Takes a copy out.
    pub fn remove(&mut self, partition: &TopicPartition) -> Option<Replica> {
        self.0.remove(partition).map(Arc::unwrap_or_clone)
    }
    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The partitions in order.
    pub fn keys(&self) -> btree_map::Keys<'_, TopicPartition, Arc<Replica>> {
        self.0.keys()
    }
    /// The copies in order.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Replica> + Clone {
        self.0.values().map(Arc::as_ref)
    }
    /// The copies in order, to be changed; each becomes the broker's own.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Replica> {
        self.0.values_mut().map(Arc::make_mut)
    }
    /// Both, in order.
    pub fn iter(&self) -> Iter<'_> {
        Iter(self.0.iter())
    }
    /// Both, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&TopicPartition, &mut Replica)> {
        self.0.iter_mut().map(|(partition, replica)| (partition, Arc::make_mut(replica)))
    }
}

/// Partitions and copies, in order.
#[derive(Clone, Debug)]
pub struct Iter<'a>(btree_map::Iter<'a, TopicPartition, Arc<Replica>>);

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a TopicPartition, &'a Replica);
    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(partition, replica)| (partition, replica.as_ref()))
    }
}

impl<'a> IntoIterator for &'a Replicas {
    type Item = (&'a TopicPartition, &'a Replica);
    type IntoIter = Iter<'a>;
    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl std::ops::Index<&TopicPartition> for Replicas {
    type Output = Replica;
    fn index(&self, partition: &TopicPartition) -> &Replica {
        &self.0[partition]
    }
}
