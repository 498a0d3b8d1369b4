//! What one release of Kafka puts into the metadata log: the levels of the features that a new cluster begins with,
//! what its nodes support, and the versions of the records that follow from `metadata.version`.
//!
//! ```text
//!          metadata.version   PARTITION, PARTITION_CHANGE   REGISTER_BROKER   a new log begins with
//!   3.9    21                 1                             3                 level, ZooKeeper migration: none
//!   4.3    30                 2: eligible replicas          4: cordoned       six levels, min.insync.replicas
//! ```
//!
//! What always holds: the level in the log decides, as in Kafka (`MetadataVersion`), so a snapshot or log is written
//! with the versions that its first records name. The versions differ in tagged fields only, which are absent while
//! they are empty: the same record differs in one byte. As 3.9.1 and 4.3.1 wrote it.
//!
//! Left out: other levels, and upgrades from one to the next.

use super::record::{FeatureRange, MetadataRecord};
use crate::era::Era;

/// The level of `metadata.version` from which on partitions have eligible leader replicas (4.0-IV1).
const ELIGIBLE_LEADER_REPLICAS: i16 = 23;

/// The level from which on a registration names cordoned directories (4.3-IV0).
const CORDONED: i16 = 30;

/// The levels of `metadata.version` that the lab writes.
pub(super) const LEVELS: [i16; 2] = [21, 30];

/// A release, as the metadata log shows it.
#[derive(Debug)]
pub struct MetadataRelease {
    /// Levels that a new cluster begins with; `metadata.version` first.
    pub levels: &'static [(&'static str, i16)],
    /// What its nodes support: name, least, greatest.
    supported: &'static [(&'static str, i16, i16)],
    /// Whether a new log says that nothing was moved from ZooKeeper (until 3.9).
    pub(super) names_migration: bool,
    /// Whether `min.insync.replicas` becomes the cluster's setting in a new log (KIP-966, 4.1).
    pub(super) names_min_insync_replicas: bool,
}

static OF_3_9: MetadataRelease = MetadataRelease {
    levels: &[("metadata.version", 21)],
    supported: &[("kraft.version", 0, 1), ("metadata.version", 1, 21)],
    names_migration: true,
    names_min_insync_replicas: false,
};

static OF_4_3: MetadataRelease = MetadataRelease {
    levels: &[
        ("metadata.version", 30),
        ("eligible.leader.replicas.version", 1),
        ("group.version", 1),
        ("share.version", 1),
        ("streams.version", 1),
        ("transaction.version", 2),
    ],
    supported: &[
        ("group.version", 0, 1),
        ("kraft.version", 0, 1),
        ("metadata.version", 7, 30),
        ("share.version", 0, 1),
        ("streams.version", 0, 1),
        ("transaction.version", 0, 2),
        ("eligible.leader.replicas.version", 0, 1),
    ],
    names_migration: false,
    names_min_insync_replicas: true,
};

impl MetadataRelease {
    /// The release of a row; before 3.9 nothing is recorded, those rows are taken for 3.9.
    pub fn of(era: &Era) -> &'static MetadataRelease {
        if era.eligible_leader_replicas { &OF_4_3 } else { &OF_3_9 }
    }

    /// The release whose cluster has this level of `metadata.version`.
    pub fn of_level(level: i16) -> &'static MetadataRelease {
        if level >= ELIGIBLE_LEADER_REPLICAS { &OF_4_3 } else { &OF_3_9 }
    }

    /// Its level of `metadata.version`.
    pub fn level(&self) -> i16 {
        self.levels[0].1
    }

    /// What a node of it supports.
    pub fn supported(&self) -> Vec<FeatureRange> {
        let range =
            |&(name, min, max): &(&str, i16, i16)| FeatureRange { name: name.to_owned(), min, max };
        self.supported.iter().map(range).collect()
    }

    /// The feature records of `bootstrap.checkpoint` (`BootstrapMetadata`).
    pub fn feature_records(&self) -> Vec<MetadataRecord> {
        let record = |&(name, level): &(&str, i16)| MetadataRecord::FeatureLevel {
            name: name.to_owned(),
            level,
        };
        self.levels.iter().map(record).collect()
    }
}

/// The version of a record of this kind at a level of `metadata.version`, for those whose version follows from it.
pub(super) fn record_version(kind: u32, level: i16) -> Option<u32> {
    match kind {
        0 => Some(if level >= CORDONED { 4 } else { 3 }),
        3 | 5 => Some(if level >= ELIGIBLE_LEADER_REPLICAS { 2 } else { 1 }),
        _ => None,
    }
}
