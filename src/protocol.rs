//! What nodes say to each other, as values.
//!
//! Requests and responses bear the names and the fields of Kafka's own (`clients/src/main/resources/common/message`);
//! fields that the lab has no use for are left out, and values travel as Rust types instead of encoded bytes. Record
//! data inside them, however, is real: a produce request carries the very bytes that land in the `.log`.
//!
//! ```text
//!   node ──Output.sends──▶ cluster (latency, order per link) ──Input::Message──▶ node
//!        ──Output.timers─▶ cluster (virtual time)            ──Input::Timer────▶ node
//!        ──Output.events─▶ trace, screen, tests
//! ```
//!
//! Always: a response has the correlation number of its request; between two nodes messages keep their order.

mod control;
mod error_code;
mod message;
mod orders;
mod output;
mod zookeeper;
mod quorum;

pub use control::*;
pub use error_code::ErrorCode;
pub use message::*;
pub use orders::*;
pub use output::{Input, Output, Send, Timer};
pub use quorum::*;
pub use zookeeper::*;
