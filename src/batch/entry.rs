//! An entry: whatever stands next in a log file, of any format, and the records inside.
//!
//! ```text
//!   a log that was upgraded twice:   │ v0 │ v0 │ v0 wrapper │ v1 │ v1 wrapper │ v2 batch │ v2 batch │
//!                                      ▲ an entry ┄┄┄┄┄┄┄┄┄┄▲    ▲ each one checked, counted, indexed alone
//!   entry.contents()  →  the bytes of its records, unpacked if need be  →  contents.iter()  →  records
//! ```
//!
//! Kafka's `RecordBatch` is this: of formats 0 and 1 every outer message is one, of format 2 every batch. What always
//! holds: nothing is unpacked beyond [`super::DECOMPRESSED_LIMIT_BYTES`], and no length is believed unchecked.

use super::codec::{Codec, DECOMPRESSED_LIMIT_BYTES, decompress};
use super::error::BatchError;
use super::header::Header;
use super::layout::HEADER_SIZE_BYTES;
use super::message::{MessageIterator, key_and_value};
use super::read::{Record, RecordIterator, RecordView, batches, verify_checksum_of, whole};
use crate::types::Offset;
use std::borrow::Cow;
use std::ops::Deref;

/// What the first bytes of an entry tell, of any format: at most [`HEADER_SIZE_BYTES`] are needed.
pub type EntryHeader = Header;

/// One batch of format 2, or one outer message of format 0 or 1. It dereferences to its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// First byte, counted from the start of what was handed in.
    pub position: u64,
    /// All its bytes.
    pub bytes: &'a [u8],
    /// What its header says.
    pub header: Header,
}

impl Deref for Entry<'_> {
    type Target = Header;
    fn deref(&self) -> &Header {
        &self.header
    }
}

/// The bytes of an entry's records, unpacked if they were compressed.
#[derive(Clone, Debug)]
pub struct Contents<'a> {
    header: Header,
    bytes: Cow<'a, [u8]>,
    start: usize,
}

/// Walks the records of an entry without collecting them; ends after the first error.
pub struct Records<'a>(Kind<'a>);

enum Kind<'a> {
    Batch(RecordIterator<'a>),
    Messages(MessageIterator<'a>),
    Broken(Option<BatchError>),
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<RecordView<'a>, BatchError>;
    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Kind::Batch(records) => records.next(),
            Kind::Messages(messages) => messages.next(),
            Kind::Broken(error) => error.take().map(Err),
        }
    }
}

impl Contents<'_> {
    /// The records, in order.
    pub fn iter(&self) -> Records<'_> {
        Records(match (self.header.is_message(), self.header.codec()) {
            (false, _) => Kind::Batch(RecordIterator::new(self.header, &self.bytes, self.start)),
            (true, Codec::None) => Kind::Messages(MessageIterator::plain(&self.bytes)),
            (true, _) => match MessageIterator::inside(self.header, &self.bytes) {
                Ok(messages) => Kind::Messages(messages),
                Err(error) => Kind::Broken(Some(error)),
            },
        })
    }

    /// The records of a batch of format 2, for [`RecordIterator::run`].
    pub(crate) fn batch(&self) -> Option<RecordIterator<'_>> {
        let batch = !self.header.is_message();
        batch.then(|| RecordIterator::new(self.header, &self.bytes, self.start))
    }

    /// The bytes in which the records' positions count: the entry itself, or what was unpacked.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether the bytes were unpacked: then positions do not count in the entry.
    pub fn is_unpacked(&self) -> bool {
        matches!(self.bytes, Cow::Owned(_))
    }
}

impl<'a> IntoIterator for &'a Contents<'_> {
    type Item = Result<RecordView<'a>, BatchError>;
    type IntoIter = Records<'a>;
    fn into_iter(self) -> Records<'a> {
        self.iter()
    }
}

impl<'a> Entry<'a> {
    /// The entry that `bytes` is, exactly.
    pub fn parse(bytes: &'a [u8]) -> Result<Entry<'a>, BatchError> {
        Ok(Entry { position: 0, bytes, header: whole(bytes)? })
    }

    /// The compressed bytes, where the entry is compressed: behind the header, or the value of the wrapper.
    pub fn compressed(&self) -> Result<Option<&'a [u8]>, BatchError> {
        if self.header.codec() == Codec::None {
            return Ok(None);
        }
        if !self.header.is_message() {
            return Ok(Some(&self.bytes[HEADER_SIZE_BYTES..]));
        }
        if self.header.codec() == Codec::Zstd {
            let what = "zstd came with format 2: no message set is compressed with it";
            return Err(BatchError::new(17, 1, "attributes", what));
        }
        let (_, value) = key_and_value(&self.header, self.bytes)?;
        value.map(Some).ok_or_else(|| {
            BatchError::new(18, 0, "value_length", "the wrapper of a compressed set has no value")
        })
    }

    /// The bytes of the records, unpacked up to the usual limit.
    pub fn contents(&self) -> Result<Contents<'a>, BatchError> {
        self.contents_within(DECOMPRESSED_LIMIT_BYTES)
    }

    /// The same with another limit.
    pub fn contents_within(&self, limit: usize) -> Result<Contents<'a>, BatchError> {
        let header = self.header;
        // Kafka opens no stream for an empty batch (`DefaultRecordBatch.iterator`).
        let empty = !header.is_message() && self.bytes.len() == HEADER_SIZE_BYTES;
        Ok(match self.compressed()? {
            Some(packed) if !empty => {
                let bytes = decompress(header.codec(), header.magic, packed, limit)?;
                Contents { header, bytes: Cow::Owned(bytes), start: 0 }
            }
            _ => {
                let start = if header.is_message() { 0 } else { HEADER_SIZE_BYTES };
                Contents { header, bytes: Cow::Borrowed(self.bytes), start }
            }
        })
    }

    /// All records, unpacked, control records included.
    pub fn records(&self) -> Result<Vec<Record>, BatchError> {
        self.contents()?.iter().map(|view| view.map(|view| view.to_record())).collect()
    }

    /// Offset of the first record. A compressed set of format 0 or 1 must be unpacked for it, as in Kafka
    /// (`AbstractLegacyRecordBatch.baseOffset`).
    pub fn base_offset(&self) -> Result<Offset, BatchError> {
        if !self.header.is_message() || self.header.codec() == Codec::None {
            return Ok(self.header.base_offset);
        }
        match self.contents()?.iter().next() {
            Some(first) => Ok(first?.offset),
            None => Ok(self.header.base_offset),
        }
    }

    /// The stored checksum: CRC-32C of a batch, CRC-32 of a message.
    pub fn checksum(&self) -> u32 {
        self.header.crc
    }

    /// Whether the stored checksum is that of the bytes.
    pub fn checksum_holds(&self) -> bool {
        self.verify().is_ok()
    }

    /// What is wrong with the checksum, if anything.
    pub fn verify(&self) -> Result<(), BatchError> {
        verify_checksum_of(&self.header, self.bytes)
    }
}

/// Walks the entries in `bytes`, of any format; ends after the first error. A last one that is cut short is an error.
pub fn entries(bytes: &[u8]) -> impl Iterator<Item = Result<Entry<'_>, BatchError>> {
    batches(bytes).map(|item| {
        item.map(|(position, header, bytes)| Entry { position: position.0.into(), bytes, header })
    })
}
