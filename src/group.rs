//! Groups of consumers: who is in, who gets which partition, how far everybody has read.
//!
//! ```text
//!   member                     coordinator (leader of __consumer_offsets-N, N = hash of the group's name)
//!     │ JoinGroup ──────────────▶ │ waits for all members, then a generation begins
//!     │ ◀── members (leader only) │
//!     │ SyncGroup (shares) ─────▶ │ writes them to the log; only then is the group Stable
//!     │ ◀────────────── own share │
//!     │ Heartbeat ──────────────▶ │ REBALANCE_IN_PROGRESS: join again
//!     │ OffsetCommit ───────────▶ │ written with acks=all, answered when committed
//! ```
//!
//! The coordinator never looks into subscriptions and shares: the leading member computes them with an assignor. Both
//! are here, as are the bytes that travel and the records that are stored.
//!
//! Always: what a coordinator answers as done is in the log and replicated; a new leader of the partition reads it back
//! and goes on. Left out so far: the protocol of KIP-848, transactions on offsets, expiry of offsets.

mod assignor;
mod bytes;
mod coordinator;
mod event;
mod hash;
mod records;
mod state;
mod subscription;

pub use assignor::{
    AssignStep, AssignorMember, Shares, range, range_steps, round_robin, round_robin_steps,
};
pub use bytes::SchemaError;
pub use coordinator::{Append, Coordinator, CoordinatorConfig};
pub use event::Event;
pub use hash::{coordinator_partition, java_string_hash};
pub use records::{GroupMetadata, GroupRecord, MemberMetadata, OffsetCommit};
pub use state::{Committed, Group, GroupState, Member, Reply};
pub use subscription::{
    CONSUMER_PROTOCOL_VERSION, Subscription, decode_assignment, encode_assignment,
};
