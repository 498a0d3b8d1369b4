//! Who decides: the coordination of a cluster, apart from the brokers that serve it.
//!
//! Kafka has had two. Since 3.3 (KIP-500) a quorum of controllers keeps everything that the cluster knows about itself
//! in one log, `__cluster_metadata-0`, and brokers replicate that log like followers: that is [`kraft`]. Before, the
//! same facts were nodes of a ZooKeeper tree, and one of the brokers was the controller.
//!
//! ```text
//!   broker ── BrokerRegistration, BrokerHeartbeat, AlterPartition ──▶ controller ──▶ records in __cluster_metadata-0
//!   broker ◀───────────── Fetch: the same records, applied to an Image ─────────────┘
//! ```
//!
//! Always: whatever a node learns, it learns from a message or from its own log. Left out so far: ZooKeeper.

mod event;
pub mod kraft;
pub mod zookeeper;

pub use event::{ElectionReason, Event, FencingReason};
