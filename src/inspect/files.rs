//! The eyes on a foreign directory: names, sizes, bytes. Nothing is locked, mapped, created or changed.
//!
//! ```text
//!   list("orders-0")      names with sizes          read(path, position, length)      as many bytes as there are
//! ```
//!
//! A broker may write, rename and remove while we look: every answer is about the moment of asking, a read beyond the
//! end gives what is there, and only regular files are opened (a pipe would never answer). At most [`MOST_HANDLES`]
//! files are open at a time. Kafka holds a lock on `.lock`; looking needs none.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Most files that are open at a time.
const MOST_HANDLES: usize = 48;
/// The largest file that is read whole.
const SMALL_BYTES: u64 = 16 << 20;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Directory,
    File,
    /// A link that leads nowhere, a pipe, a socket.
    Other,
}

/// A name in a directory.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub name: String,
    pub kind: Kind,
    pub size: u64,
}

/// A directory that is only looked at.
#[derive(Debug)]
pub(super) struct Files {
    root: PathBuf,
    handles: RefCell<BTreeMap<String, (u64, File)>>,
    uses: RefCell<u64>,
}

fn told(path: &Path, error: &std::io::Error) -> String {
    use std::io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
    let advice = match error.kind() {
        NotFound => "there is no such file or directory. Check the path.",
        PermissionDenied => "you may not read it; try as the user that runs the broker",
        NotADirectory => "it is a file, not a directory",
        _ => return format!("{}: {error}", path.display()),
    };
    format!("{}: {advice}", path.display())
}

impl Files {
    /// Looks at a directory. The error is a sentence.
    pub fn new(root: &Path) -> Result<Files, String> {
        let found = root.canonicalize().map_err(|error| told(root, &error))?;
        if !found.is_dir() {
            return Err(format!(
                "{}: it is a file; give the directory that holds it, or 'klab dump' the file",
                root.display()
            ));
        }
        Ok(Files { root: found, handles: RefCell::default(), uses: RefCell::new(0) })
    }

    /// The directory, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn at(&self, path: &str) -> PathBuf {
        if path.is_empty() { self.root.clone() } else { self.root.join(path) }
    }

    /// What is in a directory, by name. The error is a sentence.
    pub fn list(&self, directory: &str) -> Result<Vec<Entry>, String> {
        let path = self.at(directory);
        let mut found = Vec::new();
        for entry in fs::read_dir(&path).map_err(|error| told(&path, &error))? {
            let Ok(entry) = entry else { continue };
            let name = entry.file_name().to_string_lossy().into_owned();
            // Of a link the thing that it leads to counts.
            let data = match entry.file_type() {
                Ok(kind) if kind.is_symlink() => fs::metadata(entry.path()),
                _ => entry.metadata(),
            };
            let (kind, size) = match &data {
                Ok(data) if data.is_dir() => (Kind::Directory, 0),
                Ok(data) if data.is_file() => (Kind::File, data.len()),
                _ => (Kind::Other, 0),
            };
            found.push(Entry { name, kind, size });
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// Is there a file in a directory whose name passes?
    pub fn any(&self, directory: &str, passes: impl Fn(&str) -> bool) -> bool {
        let Ok(entries) = fs::read_dir(self.at(directory)) else { return false };
        entries.flatten().any(|entry| passes(&entry.file_name().to_string_lossy()))
    }

    /// When something was last added to, removed from or written into a file or directory.
    pub fn stamp(&self, path: &str) -> Option<(u64, SystemTime)> {
        let data = fs::metadata(self.at(path)).ok()?;
        Some((data.len(), data.modified().ok()?))
    }

    /// Size of a file.
    pub fn size(&self, path: &str) -> Option<u64> {
        fs::metadata(self.at(path)).ok().filter(fs::Metadata::is_file).map(|data| data.len())
    }

    /// The bytes from a position on: as many as are there, at most `length`. The error is a sentence.
    pub fn read(&self, path: &str, position: u64, length: usize) -> Result<Vec<u8>, String> {
        let mut bytes = vec![0; length];
        let read = self.read_into(path, position, &mut bytes)?;
        bytes.truncate(read);
        Ok(bytes)
    }

    /// The same into a buffer; gives how many bytes were there.
    pub fn read_into(&self, path: &str, position: u64, into: &mut [u8]) -> Result<usize, String> {
        let mut handles = self.handles.borrow_mut();
        let mut uses = self.uses.borrow_mut();
        *uses += 1;
        if !handles.contains_key(path) {
            let full = self.at(path);
            let regular = fs::metadata(&full).map_err(|error| told(&full, &error))?.is_file();
            if !regular {
                return Err(format!("{}: it is no regular file", full.display()));
            }
            let file = File::open(&full).map_err(|error| told(&full, &error))?;
            if handles.len() >= MOST_HANDLES {
                let oldest =
                    handles.iter().min_by_key(|(_, (used, _))| *used).map(|(p, _)| p.clone());
                oldest.and_then(|path| handles.remove(&path));
            }
            handles.insert(path.to_owned(), (*uses, file));
        }
        let Some((used, file)) = handles.get_mut(path) else { return Ok(0) };
        *used = *uses;
        let mut read = 0;
        while read < into.len() {
            match file.read_at(&mut into[read..], position + read as u64) {
                Ok(0) => break,
                Ok(count) => read += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(told(&self.at(path), &error)),
            }
        }
        Ok(read)
    }

    /// A whole small file, nothing if there is none. The error is a sentence.
    pub fn small(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        let full = self.at(path);
        match fs::metadata(&full) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(told(&full, &error)),
            Ok(data) if !data.is_file() => {
                Err(format!("{}: it is no regular file", full.display()))
            }
            Ok(data) if data.len() > SMALL_BYTES => Err(format!(
                "{}: {} bytes are too many for such a file",
                full.display(),
                data.len()
            )),
            Ok(_) => fs::read(&full).map(Some).map_err(|error| told(&full, &error)),
        }
    }

    /// Closes all files: names may stand for other files now.
    pub fn forget(&self) {
        self.handles.borrow_mut().clear();
    }
}
