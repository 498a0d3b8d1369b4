//! The real kind's hands: a directory, its open files and its maps, both under a limit.
//!
//! Handles and maps are opened when they are needed and the least recently used is closed when there are too many
//! (`RLIMIT_NOFILE`, `vm.max_map_count`). A map never keeps a handle. An index file is sparse; a store through a map
//! into a hole of a full disk would kill the process (`SIGBUS`), so the first touch of each page goes through `pwrite`,
//! which answers with an error instead.
//!
//! Always: what is read through a map lies inside the file as it is now (somebody else may have cut it).

use super::Node;
use super::error::{DiskError, Result};
use memmap2::MmapMut;
use rustix::fs::SeekFrom;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const HANDLES: usize = 128;
const MAPS: usize = 256;
const PAGE: u64 = 4096;

/// At most `limit` things by slot; the least recently used makes room.
#[derive(Debug)]
pub(super) struct Recent<T> {
    limit: usize,
    tick: u64,
    held: BTreeMap<u32, (u64, T)>,
}

impl<T> Recent<T> {
    fn new(limit: usize) -> Self {
        Recent { limit, tick: 0, held: BTreeMap::new() }
    }

    fn get_or<E>(
        &mut self,
        slot: u32,
        make: impl FnOnce() -> std::result::Result<T, E>,
    ) -> std::result::Result<&mut T, E> {
        self.tick += 1;
        let tick = self.tick;
        if !self.held.contains_key(&slot) {
            let thing = make()?;
            if self.held.len() >= self.limit {
                let oldest =
                    self.held.iter().min_by_key(|(_, (tick, _))| *tick).map(|(slot, _)| *slot);
                oldest.and_then(|oldest| self.held.remove(&oldest));
            }
            self.held.insert(slot, (tick, thing));
        }
        let entry = self.held.get_mut(&slot).expect("it was put in just now");
        entry.0 = tick;
        Ok(&mut entry.1)
    }
}

/// A directory, with what is open in it.
#[derive(Debug)]
pub(super) struct Real {
    /// The directory, absolute.
    pub root: PathBuf,
    /// Is it ours? In somebody else's directory nothing is mapped, locked or changed.
    pub ours: bool,
    handles: RefCell<Recent<File>>,
    maps: RefCell<Recent<Arc<MmapMut>>>,
}

impl Real {
    /// A directory of this absolute path.
    pub fn new(root: PathBuf, ours: bool) -> Self {
        let (handles, maps) = (RefCell::new(Recent::new(HANDLES)), RefCell::new(Recent::new(MAPS)));
        Real { root, ours, handles, maps }
    }

    /// Small limits, so that a test reaches them.
    #[cfg(test)]
    pub fn set_limits(&self, handles: usize, maps: usize) {
        self.handles.borrow_mut().limit = handles;
        self.maps.borrow_mut().limit = maps;
    }

    /// How many files are open and how many are mapped.
    #[cfg(test)]
    pub fn open_and_mapped(&self) -> (usize, usize) {
        (self.handles.borrow().held.len(), self.maps.borrow().held.len())
    }

    /// Where a path of the disk lies.
    pub fn at(&self, path: &str) -> PathBuf {
        if path.is_empty() { self.root.clone() } else { self.root.join(path) }
    }

    /// Closes what is open for this slot.
    pub fn close(&self, slot: u32) {
        self.handles.borrow_mut().held.remove(&slot);
        self.maps.borrow_mut().held.remove(&slot);
    }

    /// Runs `act` with the open file.
    fn with_file<T>(
        &self,
        slot: u32,
        node: &Node,
        doing: &'static str,
        act: impl FnOnce(&File) -> io::Result<T>,
    ) -> Result<T> {
        let mut handles = self.handles.borrow_mut();
        handles
            .get_or(slot, || {
                OpenOptions::new().read(true).write(self.ours).open(self.at(&node.path))
            })
            .and_then(|file| act(file))
            .map_err(|error| DiskError::io(doing, &node.path, &error))
    }

    /// Makes an empty file and keeps it open.
    pub fn create(&self, slot: u32, path: &str, size: u64) -> Result<()> {
        let error = |error: &io::Error| DiskError::io("create", path, error);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(self.at(path))
            .map_err(|e| error(&e))?;
        if size > 0
            && let Err(e) = file.set_len(size)
        {
            let _ = fs::remove_file(self.at(path));
            return Err(error(&e));
        }
        let mut handles = self.handles.borrow_mut();
        handles.get_or(slot, || Ok(file)).map_err(|e| error(&e))?;
        Ok(())
    }

    /// Fills `into` from `position` on. The file must hold so many bytes.
    pub fn read(&self, slot: u32, node: &Node, position: u64, into: &mut [u8]) -> Result<()> {
        self.with_file(slot, node, "read", |file| file.read_exact_at(into, position))
            .map_err(|error| self.explain_short(slot, node, error))
    }

    /// A read that ended too early means that somebody else cut the file.
    fn explain_short(&self, slot: u32, node: &Node, error: DiskError) -> DiskError {
        let held =
            self.with_file(slot, node, "read", |file| file.metadata()).map_or(0, |m| m.len());
        if held >= node.size || error.what == super::DiskErrorKind::NotFound {
            return error;
        }
        let why = format!(
            "another program cut it from {} to {held} bytes. Put it back, or start again in an empty directory.",
            node.size
        );
        DiskError::refused("read", &node.path, why)
    }

    /// The map of a mapped file, if the file still holds all of its bytes.
    pub fn map(&self, slot: u32, node: &Node) -> Result<Arc<MmapMut>> {
        let held = self.with_file(slot, node, "map", |file| {
            // Cheaper than `fstat`, and the cursor that it moves is nobody's: every access here has its position.
            Ok(rustix::fs::seek(file, SeekFrom::End(0))?)
        })?;
        if held < node.size {
            let short = DiskError::refused("read", &node.path, "it was cut.");
            return Err(self.explain_short(slot, node, short));
        }
        let mut maps = self.maps.borrow_mut();
        let map = maps.get_or(slot, || self.with_file(slot, node, "map", map_file))?;
        Ok(Arc::clone(map))
    }

    /// Writes inside the file, or (a log) at its end.
    pub fn write(&self, slot: u32, node: &mut Node, position: u64, bytes: &[u8]) -> Result<()> {
        let end = position + bytes.len() as u64;
        if node.mapped && end <= node.size {
            if end > node.paged && position <= node.paged && node.written <= node.paged {
                let upto = end.next_multiple_of(PAGE).min(node.size);
                let zeros = vec![0; (upto - node.paged) as usize];
                self.with_file(slot, node, "write to", |file| {
                    file.write_all_at(&zeros, node.paged)
                })?;
                node.paged = upto;
            }
            if end <= node.paged {
                drop(self.map(slot, node)?); // opens it, and looks at the size
                let mut maps = self.maps.borrow_mut();
                let map = maps.held.get_mut(&slot).and_then(|(_, map)| Arc::get_mut(map));
                if let Some(map) = map {
                    map[position as usize..end as usize].copy_from_slice(bytes);
                    return Ok(());
                }
            }
        }
        self.with_file(slot, node, "write to", |file| {
            file.write_all_at(bytes, position).inspect_err(|_| {
                if end > node.size {
                    let _ = file.set_len(node.size); // a torn append is taken back
                }
            })
        })
    }

    /// Cuts or grows the file; its map is opened anew when it is next needed.
    pub fn set_length(&self, slot: u32, node: &mut Node, size: u64) -> Result<()> {
        self.maps.borrow_mut().held.remove(&slot);
        node.paged = node.paged.min(size);
        self.with_file(slot, node, "resize", |file| file.set_len(size))
    }

    /// Brings the file's bytes to the platter.
    pub fn sync(&self, slot: u32, node: &Node) -> Result<()> {
        if let Some((_, map)) = self.maps.borrow().held.get(&slot) {
            map.flush().map_err(|error| DiskError::io("flush", &node.path, &error))?;
        }
        self.with_file(slot, node, "flush", |file| file.sync_data())
    }

    /// Puts a whole new content under a name: write beside it, sync, rename.
    pub fn replace(&self, path: &str, beside: &str, bytes: &[u8]) -> Result<()> {
        let (to, from) = (self.at(path), self.at(beside));
        let written = (|| {
            let file = OpenOptions::new().write(true).create_new(true).open(&from)?;
            file.write_all_at(bytes, 0)?;
            file.sync_data()?;
            fs::rename(&from, &to)
        })();
        written.map_err(|error| {
            let _ = fs::remove_file(&from);
            DiskError::io("replace", path, &error)
        })
    }
}

fn map_file(file: &File) -> io::Result<Arc<MmapMut>> {
    // SAFETY: the file lies in a directory of our own and is cut only by `set_length`, which drops the map before; all
    // access goes through `Real`, which compares the file's present size first and never keeps a slice across a write.
    unsafe { MmapMut::map_mut(file) }.map(Arc::new)
}

/// Moves a file, also to another file system (where it is copied; its holes are kept by copying only `held` bytes).
pub(super) fn carry(from: &Path, to: &Path, held: u64) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {}
        other => return other,
    }
    let source = File::open(from)?;
    let target = OpenOptions::new().write(true).create_new(true).open(to)?;
    let copied = (|| {
        io::copy(&mut io::Read::take(&source, held), &mut &target)?;
        target.set_len(source.metadata()?.len())
    })();
    match copied.and_then(|()| fs::remove_file(from)) {
        Ok(()) => Ok(()),
        Err(error) => {
            let _ = fs::remove_file(to);
            Err(error)
        }
    }
}
