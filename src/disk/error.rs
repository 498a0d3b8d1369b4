//! What can go wrong on a disk, as sentences: what happened, where, what to do.
//!
//! A `DiskError` is data first (`path`, `doing`, `what`), so that a broker can tell a full disk from a missing file,
//! and a sentence second. Paths are relative to the root of the disk: the same mishap reads the same on both kinds.

use super::Fault;
use std::fmt;
use std::io;

/// What a disk answers.
pub type Result<T> = std::result::Result<T, DiskError>;

/// Why a disk refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskError {
    /// The path below the root; for a root that is refused, the root itself.
    pub path: String,
    /// What was tried, as a verb that the path follows: "append to", "open".
    pub doing: &'static str,
    /// What is wrong.
    pub what: DiskErrorKind,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiskErrorKind {
    /// There is nothing under this name.
    NotFound,
    /// The name is taken.
    AlreadyExists,
    /// No space is left on the machine that runs the lab (`ENOSPC`, a quota).
    Full,
    /// Nothing may be changed there (`EROFS`, `EACCES`), or it is a foreign directory.
    ReadOnly,
    /// The lab's own fault: a learner broke this disk.
    Broken(Fault),
    /// The range does not lie inside the file.
    OutOfRange {
        /// Where the range begins.
        position: u64,
        /// How long it is, in bytes.
        length: u64,
        /// How long the file (or the limit) is, in bytes.
        size: u64,
    },
    /// A request that this disk never grants, with the reason and the advice.
    Refused(String),
    /// Whatever else the operating system said.
    Io(String),
}

impl DiskError {
    pub(super) fn new(doing: &'static str, path: impl Into<String>, what: DiskErrorKind) -> Self {
        DiskError { path: path.into(), doing, what }
    }

    pub(super) fn refused(doing: &'static str, path: &str, why: impl Into<String>) -> Self {
        Self::new(doing, path, DiskErrorKind::Refused(why.into()))
    }

    /// Sorts what the operating system said into our kinds.
    pub(super) fn io(doing: &'static str, path: &str, error: &io::Error) -> Self {
        use io::ErrorKind as K;
        let what = match error.kind() {
            K::NotFound => DiskErrorKind::NotFound,
            K::AlreadyExists => DiskErrorKind::AlreadyExists,
            K::StorageFull | K::QuotaExceeded => DiskErrorKind::Full,
            K::ReadOnlyFilesystem | K::PermissionDenied => DiskErrorKind::ReadOnly,
            _ => DiskErrorKind::Io(error.to_string()),
        };
        Self::new(doing, path, what)
    }
}

impl fmt::Display for DiskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cannot {} {}: ",
            self.doing,
            if self.path.is_empty() { "." } else { &self.path }
        )?;
        match &self.what {
            DiskErrorKind::NotFound if self.doing == "open the directory" => {
                write!(f, "it is not there. Check the path.")
            }
            DiskErrorKind::NotFound if self.doing == "use the directory" => write!(
                f,
                "it is not there and cannot be made there. Choose one in a place that you may write to, such as /tmp."
            ),
            DiskErrorKind::NotFound => {
                write!(
                    f,
                    "it is not there. Look at what is there with `files`, and check the name."
                )
            }
            DiskErrorKind::AlreadyExists => {
                write!(f, "the name is taken. Choose another name, or remove what is there first.")
            }
            DiskErrorKind::Full => {
                write!(f, "the disk is full. Free some space, or choose another directory.")
            }
            DiskErrorKind::ReadOnly => write!(
                f,
                "nothing may be changed there. Choose a directory that you may write to, or work on a copy."
            ),
            // In the words of the operating system, as a real broker's log has them.
            DiskErrorKind::Broken(Fault::Full) => f.write_str("No space left on device"),
            DiskErrorKind::Broken(Fault::ReadOnly) => f.write_str("Read-only file system"),
            DiskErrorKind::OutOfRange { position, length, size } => write!(
                f,
                "{length} bytes at position {position} do not lie within its {size} bytes. Ask for a range inside it."
            ),
            DiskErrorKind::Refused(why) => f.write_str(why),
            DiskErrorKind::Io(why) => {
                write!(f, "the operating system says \"{why}\". Check the disk and try again.")
            }
        }
    }
}

impl std::error::Error for DiskError {}
