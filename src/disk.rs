//! The disk that a broker's log directories stand on: a real directory or memory, one behaviour, both reversible.
//!
//! ```text
//!            names ──────────────► slots (FileId)                     bytes
//!  broker-1/orders-0/0…0.log ───►  #7 size 4096, flushed 4000   ───►  memory: chunks that forks share
//!  broker-1/orders-0/0…0.index ─►  #8 size 10 MiB, written 24   ───►  real: a file, or a map of it
//!                                          │
//!                                          ▼ each change first records what takes it back
//!            undo tape   ◄───[old bytes][old shape]───  (spills to a scratch directory outside the root)
//! ```
//!
//! The catalogue (names, sizes, what was flushed) is the same code for both kinds; only where bytes lie differs. So the
//! kinds cannot disagree about what is there, and a real disk never asks the operating system for a size. Kafka's side
//! of it: `FileRecords` appends, `AbstractIndex` is preallocated to `segment.index.bytes` and mapped, checkpoint files
//! go through `Utils.atomicMoveWithFallback`.
//!
//! Always:
//! - a change happens whole or not at all, and undoing to a mark gives byte for byte what was: names, content, sizes,
//!   flushed boundaries, slots, faults. The same operations after an undo get the same slots;
//! - bytes from `written` on are zeros, so a preallocated index costs what it holds;
//! - the root holds nothing but the files asked for; their bytes depend on neither its path nor the wall clock.
//!
//! Left out: names are durable at once (no lost renames); the flushed part of a file is a prefix, so a byte rewritten
//! behind it counts everything after it as unflushed, and power loss turns unflushed map writes into zeros.

mod content;
mod directory;
mod error;
mod file;
mod power;
#[cfg(test)]
mod property;
mod real;
mod record;
mod scratch;
mod small;
mod tape;
#[cfg(test)]
mod tests;
mod undo;

pub use error::{DiskError, DiskErrorKind, Result};

use content::Content;
use real::Real;
use scratch::Scratch;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use tape::Tape;

/// A file on a disk: a slot, a plain number. It stays the file's from creation to removal, across closing, opening and
/// renaming, and is never given to another file (unless the creation itself was undone).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A place in the undo history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark(u64);

/// What `list` found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The last part of the path.
    pub name: String,
    /// Is it a directory?
    pub is_directory: bool,
    /// How many bytes a file has; 0 for a directory.
    pub size: u64,
}

/// What is broken under a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// No space is left (`ENOSPC`): nothing can be added; what is there can be read, written over, cut, removed.
    Full,
    /// The file system is mounted read-only (`EROFS`), as Linux does to one that found errors: nothing can be changed.
    ReadOnly,
}

/// What the catalogue knows of one file.
#[derive(Clone, Debug, Default)]
struct Node {
    path: String,
    size: u64,
    written: u64, // from here on there are only zeros
    flushed: u64,
    mapped: bool,
    paged: u64, // real kind: below this the file has no holes, so that a map may be written
    content: Content, // memory kind
}

/// Size, written, flushed.
type Shape = (u64, u64, u64);

impl Node {
    fn shape(&self) -> Shape {
        (self.size, self.written, self.flushed)
    }

    fn set_shape(&mut self, (size, written, flushed): Shape) {
        (self.size, self.written, self.flushed) = (size, written, flushed);
    }
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Directory,
    File(FileId),
}

/// A removed file that undo may bring back.
#[derive(Debug)]
struct Kept {
    at: u64,
    file: FileId,
    node: Box<Node>,
    aside: Option<PathBuf>, // real kind: where it lies now
}

/// A disk.
#[derive(Debug)]
pub struct Disk {
    real: Option<Real>, // nothing: the memory kind
    slots: Vec<Option<Box<Node>>>,
    names: BTreeMap<String, Name>,
    faults: BTreeMap<String, Fault>,
    tape: Tape,
    kept: VecDeque<Kept>,
    reversible: bool,
    buffer: RefCell<Vec<u8>>, // for `with_bytes` where a copy is needed
    #[cfg(test)]
    host_is_full: bool,
}

impl Disk {
    fn new(real: Option<Real>, scratch: Scratch) -> Disk {
        Disk {
            real,
            slots: Vec::new(),
            names: BTreeMap::new(),
            faults: BTreeMap::new(),
            tape: Tape::new(scratch),
            kept: VecDeque::new(),
            reversible: true,
            buffer: RefCell::new(Vec::new()),
            #[cfg(test)]
            host_is_full: false,
        }
    }

    /// An empty disk in memory.
    pub fn memory() -> Disk {
        Disk::new(None, Scratch::default())
    }

    /// A disk on a directory that is new or empty.
    pub fn real(root: &Path) -> Result<Disk> {
        let shown = root.display().to_string();
        let error = |e| DiskError::io("use the directory", &shown, &e);
        fs::create_dir_all(root).map_err(error)?;
        if fs::read_dir(root).map_err(error)?.next().is_some() {
            let why = "it is not empty, and what is in it would be mixed with the lab's files. Give a new or empty \
                       directory.";
            return Err(DiskError::refused("use the directory", &shown, why));
        }
        let root = root.canonicalize().map_err(error)?;
        let scratch = Scratch::outside(&root);
        Ok(Disk::new(Some(Real::new(root, true)), scratch))
    }

    /// Somebody else's directory: it is looked at as it lies, and every change is refused with `ReadOnly`.
    pub fn read_only(root: &Path) -> Result<Disk> {
        let shown = root.display().to_string();
        let error = |e| DiskError::io("open the directory", &shown, &e);
        let root = root.canonicalize().map_err(error)?;
        if !root.is_dir() {
            let why = "it is a file. Give the directory that holds it.";
            return Err(DiskError::refused("open the directory", &shown, why));
        }
        Ok(Disk::new(Some(Real::new(root, false)), Scratch::default()))
    }

    /// The directory of a real disk.
    pub fn root(&self) -> Option<&Path> {
        self.real.as_ref().map(|real| real.root.as_path())
    }

    /// Is this the memory kind?
    pub fn is_memory(&self) -> bool {
        self.real.is_none()
    }

    /// The real directory, if it is somebody else's.
    fn foreign(&self) -> Option<&Real> {
        self.real.as_ref().filter(|real| !real.ours)
    }

    /// For tests: the machine under the lab has no space left.
    #[cfg(test)]
    pub fn fill_host(&mut self) {
        self.host_is_full = true;
        self.set_fault("/", Some(Fault::Full)); // so that every change is asked about
    }

    /// The fault that a path suffers from now.
    pub fn fault_of(&self, path: &str) -> Option<Fault> {
        let hit = self.faults.iter().filter(|(prefix, _)| lies_under(path, prefix));
        hit.map(|(_, fault)| *fault).max() // whoever can only be read has no space to offer either
    }

    /// May this path be changed now, without taking more space?
    fn may_change(&self, doing: &'static str, path: &str) -> Result<()> {
        if self.foreign().is_some() {
            return Err(DiskError::new(doing, path, DiskErrorKind::ReadOnly));
        }
        match self.fault_of(path) {
            Some(Fault::ReadOnly) => Err(broken(doing, path, Fault::ReadOnly)),
            _ => Ok(()),
        }
    }

    /// May this path take more space now?
    fn may_grow(&self, doing: &'static str, path: &str) -> Result<()> {
        self.may_change(doing, path)?;
        #[cfg(test)]
        if self.host_is_full {
            return Err(DiskError::new(doing, path, DiskErrorKind::Full));
        }
        match self.fault_of(path) {
            Some(fault) => Err(broken(doing, path, fault)),
            None => Ok(()),
        }
    }

    fn node(&self, doing: &'static str, file: FileId) -> Result<&Node> {
        self.slots
            .get(file.0 as usize)
            .and_then(|slot| slot.as_deref())
            .ok_or_else(|| gone(doing, file))
    }
}

fn broken(doing: &'static str, path: &str, fault: Fault) -> DiskError {
    DiskError::new(doing, path, DiskErrorKind::Broken(fault))
}

fn gone(doing: &'static str, file: FileId) -> DiskError {
    DiskError::new(doing, format!("file #{}", file.0), DiskErrorKind::NotFound)
}

/// The node of a slot that may be changed; a function of the field alone, so that other fields stay free.
fn node_mut<'a>(
    slots: &'a mut [Option<Box<Node>>],
    doing: &'static str,
    file: FileId,
) -> Result<&'a mut Node> {
    slots
        .get_mut(file.0 as usize)
        .and_then(|slot| slot.as_deref_mut())
        .ok_or_else(|| gone(doing, file))
}

/// Is `path` the prefix itself or below it, by whole parts (`broker-1` is not above `broker-10`)?
fn lies_under(path: &str, prefix: &str) -> bool {
    let prefix = prefix.trim_end_matches('/');
    prefix.is_empty()
        || path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Holds a path to our rules: relative, '/'-separated, no part empty, `.` or `..`.
fn check_path(doing: &'static str, path: &str) -> Result<()> {
    let good = path.len() <= 4096
        && path.split('/').all(|part| {
            !matches!(part, "" | "." | "..") && part.len() <= 255 && !part.contains(['\0', '\\'])
        });
    if good {
        return Ok(());
    }
    let why = "this is no path inside the disk. Write names separated by '/', without '.', '..' or a '/' in front.";
    Err(DiskError::refused(doing, path, why))
}
