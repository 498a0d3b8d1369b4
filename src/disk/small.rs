//! Small files, replaced whole; and what is in a directory.
//!
//! Checkpoints, `meta.properties` and the like are never seen half written: the new content is written beside, synced,
//! and renamed over the old (Kafka: `CheckpointFile.write`). On a foreign directory names are asked of the directory
//! itself, each time.

use super::content::Content;
use super::directory::is_a_directory;
use super::record::push_shape;
use super::{Disk, DiskError, DiskErrorKind, Entry, Name, Node, Result, check_path, node_mut};
use std::fs::{self, File};
use std::io::Read;
use std::ops::Bound;

/// The largest file that is read whole.
const SMALL: u64 = 64 << 20;

impl Disk {
    /// Gives the file this content, whole or not at all; makes the file if it is not there.
    pub fn replace(&mut self, path: &str, bytes: &[u8]) -> Result<()> {
        self.may_grow("replace", path)?;
        check_path("replace", path)?;
        if bytes.len() as u64 > SMALL {
            return Err(too_large("replace", path, bytes.len() as u64));
        }
        let known = match self.names.get(path) {
            Some(Name::Directory) => return Err(is_a_directory("replace", path)),
            Some(Name::File(file)) => Some(*file),
            None => None,
        };
        let before = self.mark();
        let mut beside = format!("{path}.tmp");
        while self.names.contains_key(&beside) {
            beside.push('~');
        }
        if let Some(file) = known {
            self.record_bytes(file, 0, u64::MAX)?;
            if self.reversible {
                push_shape(&mut self.tape, file, node_mut(&mut self.slots, "replace", file)?);
            }
        }
        let done = self.make_parents("replace", path).and_then(|()| match &self.real {
            None => Ok(()),
            Some(real) => real.replace(path, &beside, bytes),
        });
        self.or_back_to(before, done)?;
        let file =
            known.unwrap_or_else(|| self.enter(Node { path: path.to_string(), ..Node::default() }));
        let node = node_mut(&mut self.slots, "replace", file)?;
        let size = bytes.len() as u64;
        node.set_shape((size, size, size));
        node.paged = 0;
        match &self.real {
            None => {
                node.content = Content::default();
                node.content.write(0, bytes);
            }
            Some(real) => real.close(file.0), // what was open is the old file
        }
        Ok(())
    }

    /// Reads a whole file of at most 64 MiB.
    pub fn read_small(&self, path: &str) -> Result<Vec<u8>> {
        check_path("read", path)?;
        if let Some(real) = self.foreign() {
            let error = |e| DiskError::io("read", path, &e);
            let size = fs::metadata(real.at(path)).map_err(error)?.len();
            if size > SMALL {
                return Err(too_large("read", path, size));
            }
            let mut bytes = Vec::new();
            let file = File::open(real.at(path)).map_err(error)?;
            file.take(SMALL).read_to_end(&mut bytes).map_err(error)?;
            return Ok(bytes);
        }
        let file = self.file_named("read", path)?;
        let size = self.size(file);
        if size > SMALL {
            return Err(too_large("read", path, size));
        }
        self.read(file, 0, size as usize)
    }

    /// Is there a file or directory of this name? (`""` is the root.)
    pub fn exists(&self, path: &str) -> bool {
        if path.is_empty() {
            return true;
        }
        match self.foreign() {
            Some(real) => check_path("look at", path).is_ok() && real.at(path).exists(),
            None => self.names.contains_key(path),
        }
    }

    /// What lies directly in a directory, by name. (`""` is the root.)
    pub fn list(&self, directory: &str) -> Result<Vec<Entry>> {
        if self.foreign().is_some() {
            return self.list_foreign(directory);
        }
        match self.names.get(directory) {
            None if !directory.is_empty() => {
                return Err(DiskError::new("list", directory, DiskErrorKind::NotFound));
            }
            Some(Name::File(_)) => return Err(is_a_file("list", directory)),
            _ => {}
        }
        let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        let from =
            |bound: Bound<&str>| self.names.range::<str, _>((bound, Bound::Unbounded)).next();
        let mut found = Vec::new();
        let mut next = from(Bound::Included(&prefix));
        while let Some((path, name)) = next {
            let Some(rest) = path.strip_prefix(&prefix) else { break };
            if let Some(slash) = rest.find('/') {
                // inside a directory that is listed already: jump behind it ('0' follows '/')
                let behind = format!("{prefix}{}0", &rest[..slash]);
                next = from(Bound::Included(&behind));
                continue;
            }
            let (is_directory, size) = match name {
                Name::Directory => (true, 0),
                Name::File(file) => (false, self.size(*file)),
            };
            found.push(Entry { name: rest.to_string(), is_directory, size });
            next = from(Bound::Excluded(path));
        }
        Ok(found)
    }

    fn list_foreign(&self, directory: &str) -> Result<Vec<Entry>> {
        let Some(real) = self.foreign() else { return Ok(Vec::new()) };
        if !directory.is_empty() {
            check_path("list", directory)?;
        }
        let error = |e| DiskError::io("list", directory, &e);
        let at = real.at(directory);
        if at.is_file() {
            return Err(is_a_file("list", directory));
        }
        let mut found = Vec::new();
        for entry in fs::read_dir(at).map_err(error)? {
            let entry = entry.map_err(error)?;
            // a name that is not UTF-8 is none of Kafka's, and what cannot be looked at (a dangling link) is skipped
            let (Ok(name), Ok(data)) =
                (entry.file_name().into_string(), fs::metadata(entry.path()))
            else {
                continue;
            };
            let is_directory = data.is_dir();
            if is_directory || data.is_file() {
                found.push(Entry {
                    name,
                    is_directory,
                    size: if is_directory { 0 } else { data.len() },
                });
            }
        }
        found.sort();
        Ok(found)
    }
}

fn is_a_file(doing: &'static str, path: &str) -> DiskError {
    DiskError::refused(
        doing,
        path,
        "it is a file, not a directory. Name the directory that holds it.",
    )
}

fn too_large(doing: &'static str, path: &str, size: u64) -> DiskError {
    let why =
        format!("{size} bytes are too many to handle whole (at most {SMALL}). Use it as a log.");
    DiskError::refused(doing, path, why)
}
