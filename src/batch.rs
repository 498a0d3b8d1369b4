//! Record batches, byte by byte: format version 2 (KIP-98), the only one that Kafka writes since 0.11.
//!
//! ```text
//!   0        8      12     16 17   21   23     27        35        43        51   53     57      61
//!   ├────────┼──────┼──────┼──┼────┼────┼──────┼─────────┼─────────┼─────────┼────┼──────┼───────┼─ records …
//!   │  base  │batch │leader│m │crc │attr│ last │  base   │   max   │producer │prod│ base │records│ length, attr,
//!   │ offset │length│epoch │2 │    │    │offset│timestamp│timestamp│   id    │ ep.│ seq. │ count │ deltas, key, …
//!   └────────┴──────┴──────┴──┴────┴────┴──────┴─────────┴─────────┴─────────┴────┴──────┴───────┴─
//!      set by the leader        └─ CRC-32C covers everything from here to the end ─────────────────
//! ```
//!
//! The layout stands in one table, [`FIELDS`]; encoder, decoder, hex pane and lessons read it. What always holds:
//! a decoder trusts no length, an error names the field and its byte range, and an encoded batch decodes to what was
//! put in. Kafka's classes: `DefaultRecordBatch`, `DefaultRecord`, `MemoryRecordsBuilder`, `ByteUtils`.
//!
//! Left out so far: message sets of magic 0 and 1, and the codecs. Both are recognised and reported by name.

mod build;
mod control;
mod error;
mod fields;
mod header;
mod layout;
mod read;
pub mod varint;

#[cfg(test)]
mod tests;

pub use build::{BatchBuilder, NewRecord, set_base_offset_and_epoch, set_max_timestamp};
pub use control::ControlType;
pub use error::BatchError;
pub use fields::{FieldAt, fields};
pub use header::{Codec, Header, TimestampType};
pub use layout::{FIELDS, Field, HEADER_SIZE_BYTES, LOG_OVERHEAD_BYTES, RECORD_FIELDS};
pub use read::{
    Record, RecordIterator, RecordView, batch_size, batches, iterate, records, verify,
    verify_checksum,
};

/// Bytes of one or more batches, shared without copying between a log, a message and a screen.
pub type RecordBytes = std::sync::Arc<[u8]>;
