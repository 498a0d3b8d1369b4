//! Record bytes: batches of format 2 (KIP-98), which Kafka writes since 0.11, and the messages of formats 0 and 1
//! before it, in every codec. A log may hold all three; an [`Entry`] is whatever stands next in it.
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
//! Each layout stands in one table, [`FIELDS`], [`MESSAGE_V0_FIELDS`] and [`MESSAGE_V1_FIELDS`] (drawn there);
//! encoder, decoder, hex pane and lessons read it. What always holds:
//! a decoder trusts no length, an error names the field and its byte range, and an encoded batch decodes to what was
//! put in. Kafka's classes: `DefaultRecordBatch`, `DefaultRecord`, `MemoryRecordsBuilder`, `ByteUtils`.
//!
//! Left out: lz4 frames whose blocks depend on each other, which Kafka does not read either.

mod build;
mod codec;
mod control;
mod convert;
mod entry;
mod error;
mod fields;
mod header;
mod layout;
mod lz4;
mod message;
mod message_fields;
mod message_layout;
mod read;
mod snappy;
mod retain;
mod run;
pub mod varint;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod real_tests;
#[cfg(test)]
mod tests;

pub use build::{BatchBuilder, NewRecord, set_base_offset_and_epoch, set_max_timestamp};
pub(crate) use build::{set_place, set_time};
pub use codec::{Codec, DECOMPRESSED_LIMIT_BYTES, compress, compress_at, decompress};
pub use control::ControlType;
pub use convert::{AnyBuilder, Converted, down_convert};
pub use entry::{Contents, Entry, EntryHeader, Records, entries};
pub use error::BatchError;
pub use fields::{FieldAt, Unpacked, fields, unpacked};
pub use header::{Header, TimestampType};
pub use layout::{FIELDS, Field, HEADER_SIZE_BYTES, LOG_OVERHEAD_BYTES, RECORD_FIELDS};
pub use message::MessageSetBuilder;
pub use message_layout::{
    MESSAGE_TAIL_FIELDS, MESSAGE_V0_FIELDS, MESSAGE_V1_FIELDS, message_fields,
};
pub(crate) use read::verify_checksum_of;
pub use read::{
    Checksum, Record, RecordIterator, RecordView, batch_size, batches, iterate, records, verify,
    verify_checksum,
};

pub use retain::{emptied, retained};

/// Bytes of one or more batches, shared without copying between a log, a message and a screen.
pub type RecordBytes = std::sync::Arc<[u8]>;
