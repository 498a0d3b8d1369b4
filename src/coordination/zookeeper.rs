//! The old coordination (up to 3.9): a tree of znodes in ZooKeeper, and one of the brokers as controller.
//!
//! ```text
//!   broker 1 ─┐ session: /brokers/ids/1 (ephemeral)          ┌────────────── ZooKeeper ───────────────┐
//!   broker 2 ─┼─ create /controller ────────────────────────▶│ tree      znodes, versions, zxid       │
//!   broker 3 ─┘ NodeExists, hence watch it                   │ sessions  ticks, expiry                │
//!       ▲                                                    │ watches   one-shot, told before reads  │
//!       └── LeaderAndIsr, UpdateMetadata ── controller ◀─────┴────────────────────────────────────────┘
//! ```
//!
//! Files: `tree` is the data with its rules, `server` gives it sessions and watches, `session` is the half of a session
//! that a process holds, `znodes` and `consumers` are Kafka's paths and JSON. Sources: ZooKeeper's classes `DataTree`,
//! `SessionTrackerImpl`, `ZooKeeperServer`, `ClientCnxn`; Kafka's `ZooKeeperClient`, `KafkaZkClient`, `ZkData`. Left
//! out: the ensemble; the one node stands for a majority that agrees (ledger: `zookeeper-one-node`).

pub mod consumers;
pub mod controller;
mod event;
mod mirror;
mod multi;
pub mod placement;
mod server;
mod session;
mod tree;
pub mod znodes;

pub use event::ServerEvent;
pub use server::{Counts, Server, ServerSession, TICK};
pub use session::{News, Session, SessionState};
pub use tree::{Applied, MOST_DATA, MOST_NODES, Notice, Tree, Znode, parent};
