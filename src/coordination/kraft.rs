//! KRaft: the controller that Kafka 4 has, with one voter (KIP-500, KIP-595, KIP-631, KIP-966).
//!
//! ```text
//!   requests ─▶ decide (change, placement) ─▶ records ─▶ one batch in __cluster_metadata-0 ─▶ image ─▶ responses
//!                                                              │
//!   brokers ── Fetch ──────────────────────────────────────────┴─▶ Observer: the same log, the same image, later
//! ```
//!
//! Always: nothing is answered before the records that it promises are in the log; the image is a function of the log;
//! a restarted controller reads its log and is where it was, but for the liveness of brokers, which it begins to
//! measure anew.

mod brokers;
mod change;
mod codec;
mod config;
mod controller;
#[cfg(test)]
mod controller_tests;
mod image;
mod metadata_log;
mod observer;
mod partitions;
mod placement;
mod record;
mod record_bytes;
#[cfg(test)]
mod record_tests;
mod serve;
mod settings;
mod topic_configs;
#[cfg(test)]
mod topic_tests;
mod topics;

pub use change::{ElectionStep, ElectionType, PartitionChangeBuilder};
pub use codec::RecordError;
pub use config::ControllerConfig;
pub use controller::{Controller, Session};
pub use image::{BrokerRegistration, Image, PartitionRegistration, TopicImage};
pub use metadata_log::{METADATA_TOPIC, METADATA_TOPIC_ID, metadata_partition};
pub use observer::Observer;
pub use placement::{UsableBroker, place};
pub use record::{
    BrokerRegistrationChange, ConfigResource, Endpoint, FeatureRange, MetadataRecord,
    PartitionChange, PartitionRecord, RegisterBroker, RegisterController,
};
