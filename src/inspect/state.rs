//! The binary companions of a partition: aborted transactions (`.txnindex`) and producers (`.snapshot`).

use super::{Inspection, Place};
use crate::chinese;
use crate::storage::file_name;
use crate::storage::producer_snapshot::{self, ProducerSnapshotEntry};
use crate::storage::transaction_index::{self, AbortedTransaction};
use crate::types::Offset;

/// Bytes of an entry of a transaction index.
const ENTRY_BYTES: u64 = transaction_index::ABORTED_TRANSACTION_BYTES as u64;

impl Inspection {
    /// The aborted transactions of a segment, by its number. The error is a byte range and a sentence, twice.
    pub fn aborted(
        &self,
        place: Place,
        segment: usize,
    ) -> Result<Vec<AbortedTransaction>, (u64, u64, String, String)> {
        let none = Ok(Vec::new());
        let Some(files) = self.partition(place) else { return none };
        let Some(of) = files.segments.get(segment) else { return none };
        let path = Inspection::segment_path(files, of.base_offset, ".txnindex");
        let bytes = match self.files.small(&path) {
            Ok(bytes) => bytes.unwrap_or_default(),
            Err(why) => return Err((0, 0, why.clone(), why)),
        };
        let size = bytes.len() as u64;
        let rest = size % ENTRY_BYTES;
        if rest != 0 {
            return Err((
                size - rest,
                size,
                format!("{size} bytes are no multiple of {ENTRY_BYTES}, the size of an entry"),
                format!("{size} 字节不是条目大小 {ENTRY_BYTES} 的倍数"),
            ));
        }
        let mut found = Vec::new();
        for (n, bytes) in bytes.chunks_exact(ENTRY_BYTES as usize).enumerate() {
            let entry: &[u8; ENTRY_BYTES as usize] = bytes.try_into().expect("whole entries");
            let entry = AbortedTransaction::from_bytes(entry);
            if entry.version != 0 {
                let at = n as u64 * ENTRY_BYTES;
                let version = entry.version;
                return Err((
                    at,
                    at + 2,
                    format!("entry {n} has version {version}; only 0 is known"),
                    format!("条目 {n} 的版本为 {version}；只认识 0"),
                ));
            }
            found.push(entry);
        }
        Ok(found)
    }

    /// The producers in the snapshot of an offset. The error is a sentence in both languages.
    pub fn producers(
        &self,
        place: Place,
        offset: Offset,
    ) -> Result<Vec<ProducerSnapshotEntry>, (String, String)> {
        let Some(files) = self.partition(place) else { return Ok(Vec::new()) };
        let path = super::directory::join(&files.directory, &file_name(offset, ".snapshot"));
        let twice = |why: String| (why.clone(), chinese::told(&why));
        let bytes = self.files.small(&path).map_err(twice)?.unwrap_or_default();
        producer_snapshot::read(&bytes).map_err(|error| {
            let why = error.what.to_string();
            (
                format!("the snapshot cannot be read: {why}"),
                format!("快照无法读取：{why}", why = chinese::of(why)),
            )
        })
    }
}
