//! What is wrong with a batch, and where: the field's name, its byte range, a sentence.

use std::fmt;

/// A batch that cannot be decoded. `position` counts from the start of the bytes that were handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchError {
    /// First byte of the field.
    pub position: u64,
    /// Width of the field in bytes (of a varint: what was read of it).
    pub width: u32,
    /// Name of the field as in [`super::FIELDS`] or [`super::RECORD_FIELDS`].
    pub field: &'static str,
    /// What is wrong with it.
    pub what: String,
    /// The bytes are well formed, but not what was asked for (an older format, or compressed).
    pub recognised: bool,
}

impl BatchError {
    pub(crate) fn new(
        position: usize,
        width: usize,
        field: &'static str,
        what: impl Into<String>,
    ) -> BatchError {
        BatchError {
            position: position as u64,
            width: width as u32,
            field,
            what: what.into(),
            recognised: false,
        }
    }

    pub(crate) fn recognised(mut self) -> BatchError {
        self.recognised = true;
        self
    }

    /// The same error, counted from `start` bytes earlier: for a batch that lies at `start` of a file.
    pub fn shifted(mut self, start: u64) -> BatchError {
        self.position += start;
        self
    }
}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.position + u64::from(self.width);
        write!(f, "{} at bytes {}..{}: {}", self.field, self.position, end, self.what)
    }
}

impl std::error::Error for BatchError {}
