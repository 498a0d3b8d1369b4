//! KRaft: the controllers that Kafka 4 has, one, three or five (KIP-500, KIP-595, KIP-630, KIP-631, KIP-966,
//! KIP-996).
//!
//! ```text
//!   requests ─▶ decide (change, placement) ─▶ records ─▶ one batch in __cluster_metadata-0 ─▶ image ─▶ responses
//!                                                              │
//!   brokers ── Fetch ──────────────────────────────────────────┴─▶ Observer: the same log, the same image, later
//! ```
//!
//! Of several controllers one leads (`quorum`), the others fetch its log as brokers do. Always: nothing is answered
//! before the records that it promises are in the logs of a majority; the image is a function of the committed log; a
//! restarted controller is where its snapshot and its log are, but for the liveness of brokers, which the active one
//! begins to measure anew.

mod brokers;
mod change;
mod codec;
mod config;
mod controller;
#[cfg(test)]
mod controller_tests;
mod deferred;
mod image;
mod metadata_log;
mod observer;
mod partitions;
mod placement;
mod quorum;
mod record;
mod record_bytes;
#[cfg(test)]
mod record_tests;
mod release;
mod serve;
mod settings;
mod snapshot;
mod start;
mod topic_configs;
#[cfg(test)]
mod topic_tests;
mod topics;

pub use change::{ElectionStep, ElectionType, PartitionChangeBuilder};
pub use codec::RecordError;
pub use config::{ControllerConfig, SnapshotConfig};
pub use controller::{Controller, Session};
pub use image::{BrokerRegistration, Image, PartitionRegistration, TopicImage};
pub use metadata_log::{METADATA_TOPIC, METADATA_TOPIC_ID, metadata_partition};
pub use observer::Observer;
pub use placement::{UsableBroker, place};
pub use quorum::{Progress, Quorum, QuorumEvent, QuorumRole, Reign, ResignReason};
pub use record::{
    BrokerRegistrationChange, ConfigResource, Endpoint, FeatureRange, MetadataRecord,
    PartitionChange, PartitionRecord, RegisterBroker, RegisterController,
};
pub use snapshot::Snapshots;
