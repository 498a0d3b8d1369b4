//! What can go wrong with a log: always with the file, the byte range and the field, so that a pane can point at it.

use crate::batch::BatchError;
use crate::disk::{DiskError, DiskErrorKind};
use crate::protocol::ErrorCode;
use std::fmt;

/// What errors about bytes that came from outside name as their file.
pub(super) const INPUT: &str = "the batch to append";

/// What storage answers.
pub type Result<T> = std::result::Result<T, StorageError>;

/// Which sort of wrong it is: a broker turns some of them into error codes of the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StorageErrorKind {
    /// The disk refused.
    Disk(Box<DiskError>),
    /// The bytes of a file make no sense (`CORRUPT_MESSAGE`, or a malformed checkpoint).
    Corrupt,
    /// The offset is not in the log (`OFFSET_OUT_OF_RANGE`).
    OffsetOutOfRange,
    /// A batch is larger than `max.message.bytes` (`MESSAGE_TOO_LARGE`).
    RecordTooLarge,
    /// What is appended at once is larger than a segment (`RECORD_LIST_TOO_LARGE`).
    RecordBatchTooLarge,
    /// The offsets do not continue the log or the index (`UnexpectedAppendOffsetException`, `InvalidOffsetException`).
    InvalidOffset,
    /// An index has no room for another entry.
    IndexFull,
    /// An offset is too far from its segment's base for 32 bits (`IndexOffsetOverflowException`).
    OffsetOverflow,
    /// A record that its topic does not take (`INVALID_RECORD`).
    InvalidRecord,
    /// A time too far from the clock (`INVALID_TIMESTAMP`).
    InvalidTimestamp,
    /// A codec that does not exist or does not fit the format (`UNSUPPORTED_COMPRESSION_TYPE`).
    UnsupportedCompressionType,
    /// Something that the topic's message format cannot hold (`UNSUPPORTED_FOR_MESSAGE_FORMAT`).
    UnsupportedForMessageFormat,
    /// A producer's batch is not what must come next (the code says why).
    Producer(ErrorCode),
    /// A number that is never allowed there (a negative epoch or offset).
    InvalidArgument,
}

/// An error with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageError {
    /// What sort.
    pub kind: StorageErrorKind,
    /// The file, relative to the root of the disk; empty if it is about no file.
    pub path: String,
    /// First byte concerned.
    pub start: u64,
    /// The byte behind the last one concerned.
    pub end: u64,
    /// The field; empty if it is about no field.
    pub field: &'static str,
    /// What is wrong, as a sentence.
    pub what: String,
}

impl StorageError {
    /// An error about no particular bytes of a file.
    pub(crate) fn new(
        kind: StorageErrorKind,
        path: impl Into<String>,
        what: impl Into<String>,
    ) -> StorageError {
        StorageError { kind, path: path.into(), start: 0, end: 0, field: "", what: what.into() }
    }

    /// An error about a field at `start..end` of a file.
    pub(crate) fn at(
        path: impl Into<String>,
        (start, end): (u64, u64),
        field: &'static str,
        what: impl Into<String>,
    ) -> StorageError {
        let kind = StorageErrorKind::Corrupt;
        StorageError { kind, path: path.into(), start, end, field, what: what.into() }
    }

    /// A batch that cannot be decoded, where the bytes it was decoded from begin at `base` of the file `path`.
    pub(crate) fn batch(path: impl Into<String>, base: u64, error: BatchError) -> StorageError {
        let start = base + error.position;
        let range = (start, start + u64::from(error.width));
        StorageError::at(path, range, error.field, error.what)
    }
}

impl StorageError {
    /// A broker that does not start, and why.
    pub fn refused_start(directory: &str, why: String) -> StorageError {
        StorageError::new(StorageErrorKind::Corrupt, directory, why)
    }

    /// Whether the bytes of a file make no sense.
    pub fn is_corrupt(&self) -> bool {
        self.kind == StorageErrorKind::Corrupt
    }

    /// The code with which a broker refuses a request for this reason; nothing: the broker itself is in trouble.
    pub fn refusal(&self) -> Option<ErrorCode> {
        match self.kind {
            StorageErrorKind::Corrupt if self.path.is_empty() || self.path == INPUT => {
                Some(ErrorCode::CORRUPT_MESSAGE)
            }
            StorageErrorKind::OffsetOutOfRange => Some(ErrorCode::OFFSET_OUT_OF_RANGE),
            StorageErrorKind::RecordTooLarge => Some(ErrorCode::MESSAGE_TOO_LARGE),
            StorageErrorKind::RecordBatchTooLarge => Some(ErrorCode::RECORD_LIST_TOO_LARGE),
            StorageErrorKind::InvalidRecord => Some(ErrorCode::INVALID_RECORD),
            StorageErrorKind::InvalidTimestamp => Some(ErrorCode::INVALID_TIMESTAMP),
            StorageErrorKind::UnsupportedCompressionType => {
                Some(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE)
            }
            StorageErrorKind::UnsupportedForMessageFormat => {
                Some(ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT)
            }
            StorageErrorKind::InvalidOffset => Some(ErrorCode::OFFSET_OUT_OF_RANGE),
            StorageErrorKind::Producer(code) => Some(code),
            _ => None,
        }
    }
}

impl StorageError {
    /// Whether the machine that holds the files failed: no space, no permission, a broken device.
    pub fn is_of_the_host(&self) -> bool {
        use DiskErrorKind::{Full, Io, ReadOnly};
        matches!(&self.kind, StorageErrorKind::Disk(error) if matches!(error.what, Full | ReadOnly | Io(_)))
    }

    /// The path that the lab's own broken disk refused to write; nothing: another reason.
    pub fn broken_disk(&self) -> Option<&str> {
        match &self.kind {
            StorageErrorKind::Disk(error) if matches!(error.what, DiskErrorKind::Broken(_)) => {
                Some(&error.path)
            }
            _ => None,
        }
    }

    /// Whether fewer records at once might have been taken.
    pub fn is_too_large(&self) -> bool {
        matches!(
            self.kind,
            StorageErrorKind::RecordTooLarge | StorageErrorKind::RecordBatchTooLarge
        )
    }
}

impl From<DiskError> for StorageError {
    fn from(error: DiskError) -> StorageError {
        let what = error.to_string();
        StorageError::new(StorageErrorKind::Disk(Box::new(error)), "", what)
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        if !self.field.is_empty() {
            write!(f, "{} at bytes {}..{}: ", self.field, self.start, self.end)?;
        }
        f.write_str(&self.what)
    }
}

impl std::error::Error for StorageError {}
