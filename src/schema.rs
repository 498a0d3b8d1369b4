//! The shapes of the records that Kafka writes for itself: into `__consumer_offsets`, `__transaction_state`,
//! `__share_group_state`, `__cluster_metadata`, into control batches and `quorum-state`. All types and versions of 4.3.
//!
//! ```text
//!   coordinators' topics      key   ┌ type:2 ┐┌ fields of the key … ┐
//!                             value ┌ version:2 ┐┌ fields of the value … ┐        no value: a tombstone
//!   metadata logs             value ┌ frame=1 ┐┌ type ┐┌ version ┐┌ fields … ┐    three varints, no key
//!
//!          bytes ──▶ table of the type, rows of the version ──▶ Value ──▶ JSON as Kafka's tools print it
//! ```
//!
//! [`decode`] takes a record of a [`Topic`] apart. The tables are data ([`RecordType`], [`Message`], [`Field`]); one
//! reader walks them. What always holds: an unknown type or version is told by its number ([`Undecoded`]), never fatal;
//! hostile bytes end in an error, never in a panic, and memory stays in proportion to the bytes given. Kafka's classes:
//! `CoordinatorRecordSerde`, `AbstractApiMessageSerde`, the generated `*JsonConverter`.
//!
//! Left out: writing by table (the lab's own coordinators write the few types that they use themselves).

mod consumer_groups;
mod control;
mod decode;
mod metadata;
mod metadata_access;
mod remote;
mod share_groups;
mod share_state;
mod streams_groups;
mod table;
#[cfg(test)]
mod tests;
pub mod text;
mod topic;
mod transaction_state;
mod value;

pub use decode::read;
pub use table::{Default, Field, Kind, Message, RecordType};
pub use topic::{Decoded, Topic, Undecoded, control_record, decode, quorum_state};
pub use value::Value;
