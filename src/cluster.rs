//! The world: nodes, network, schedule, faults, invariants, and time that runs both ways.
//!
//! ```text
//!   Lab ── history: acts by step, checkpoints, branches ── back, goto, switch
//!    └── Cluster ── brokers, controllers, clients          (plain, cloneable: a checkpoint is a clone)
//!          ├── queue of happenings by (instant, sequence)  one step delivers one of them
//!          └── links: order, latency, cuts                 two nodes' messages keep their order
//!    └── Disk ── reversible                                 back to step n: undo, clone, run forward
//! ```
//!
//! Everything that the learner does is an [`Act`]; everything else follows from the seed. So the history is just the
//! acts with the step at which each was done, and running forward from a checkpoint gives the same bytes again.
//! The simulator's style follows what FoundationDB and TigerBeetle made known; no code is theirs.

mod act;
mod branches;
mod bulk;
mod causes;
mod consumers;
mod event;
mod faults;
mod file_check;
mod invariant;
mod lab;
mod names;
mod network;
mod perform;
mod process;
mod quorum;
mod settle;
mod spec;
mod step;
mod tally;
mod upkeep;
mod walk;
mod world;
mod zookeeper;

#[cfg(test)]
mod producer_expiry_tests;
#[cfg(test)]
mod tests;

pub use act::{Act, NewConsumer, Outcome, Refusal, Ticket};
pub use branches::{BranchInfo, Difference};
pub use event::{Body, Fault, Stamped, WalkStep, WorldEvent};
pub use invariant::{INVARIANTS, Invariant, Invariants, Kind, Violation};
pub use lab::{Lab, LabError};
pub use network::{Happening, Link, Network, Pending};
pub use spec::ClusterSpec;
pub use tally::Tally;
pub use walk::LookupWalk;
pub use world::{BrokerNode, Cluster, ControllerNode, NodeState};
pub use zookeeper::ZooKeeperNode;
