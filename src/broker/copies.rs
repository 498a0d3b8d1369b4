//! How bytes leave for consumers: straight from the file, or through the broker's own memory.
//!
//! ```text
//!   PLAINTEXT   page cache ──sendfile──────────────────────► socket      0 bytes copied in user space
//!   SSL         page cache ─► broker's memory, encrypted ──► socket      each byte copied in and out: 2
//!   old reader  page cache ─► broker's memory, rewritten ──► socket      each byte copied in, each new one out
//! ```
//!
//! Kafka's classes: `FileRecords.writeTo`, `PlaintextTransportLayer.transferFrom` (`FileChannel.transferTo`),
//! `SslTransportLayer.transferFrom` (no `sendfile` there). What always holds: only answers to consumers are counted,
//! when they leave. Left out: nothing is really encrypted (ledger: `tls-counted-only`); the lab's own answers are
//! values in memory anyhow, so what is counted is what Kafka would copy. `klab perf zero-copy` measures the real thing.

use super::Broker;
use crate::protocol::{FetchPartitionResponse, FetchRequest};

/// Bytes that left for consumers, since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copies {
    /// Bytes of records in answers.
    pub bytes_out: u64,
    /// Bytes copied into the broker's memory and out of it on the way.
    pub in_user_space: u64,
}

/// What producers sent and was not taken, since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rejected {
    /// `BytesRejectedPerSec`: bytes of batches that are larger than `max.message.bytes`.
    pub bytes: u64,
    /// `InvalidMessageCrcRecordsPerSec`: batches whose checksum fails.
    pub corrupt: u64,
}

impl Broker {
    /// Counts an answer that is about to leave.
    pub(super) fn count_copies(
        &mut self,
        request: &FetchRequest,
        answers: &[FetchPartitionResponse],
    ) {
        if request.replica.is_some() {
            return;
        }
        for answer in answers {
            let bytes = answer.records.len() as u64;
            self.copies.bytes_out += bytes;
            self.copies.in_user_space += if self.config.is_ssl { 2 * bytes } else { 0 };
        }
    }
}
