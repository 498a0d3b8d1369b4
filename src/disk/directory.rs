//! Names: creating, opening, renaming and removing files and directories.
//!
//! The catalogue is one sorted map from path to slot or directory, so a directory's content is a range of it. A foreign
//! directory has no catalogue beforehand; each file enters it when it is opened.

use super::real::carry;
use super::record::{Undo, push};
use super::{
    Disk, DiskError, DiskErrorKind, FileId, Kept, Mark, Name, Node, Result, check_path, gone,
    lies_under,
};
use std::fs;
use std::ops::Bound;

impl Disk {
    /// Creates an empty log file; directories above it are made as needed.
    pub fn create(&mut self, path: &str) -> Result<FileId> {
        self.create_sized(path, 0, false)
    }

    /// Creates a file of `capacity` zeros (sparse) that is written through a map.
    pub fn create_mapped(&mut self, path: &str, capacity: u64) -> Result<FileId> {
        let size = i32::MAX as u64;
        if capacity > size {
            let what = DiskErrorKind::OutOfRange { position: 0, length: capacity, size };
            return Err(DiskError::new("create", path, what));
        }
        self.create_sized(path, capacity, true)
    }

    fn create_sized(&mut self, path: &str, size: u64, mapped: bool) -> Result<FileId> {
        self.may_grow("create", path)?;
        check_path("create", path)?;
        if self.names.contains_key(path) {
            return Err(DiskError::new("create", path, DiskErrorKind::AlreadyExists));
        }
        let before = self.mark();
        let file = FileId(self.slots.len() as u32);
        let made = self.make_parents("create", path).and_then(|()| match &self.real {
            None => Ok(()),
            Some(real) => real.create(file.0, path, size),
        });
        self.or_back_to(before, made)?;
        Ok(self.enter(Node { path: path.to_string(), size, mapped, ..Node::default() }))
    }

    /// Gives a new file its slot and name.
    pub(super) fn enter(&mut self, node: Node) -> FileId {
        let file = FileId(self.slots.len() as u32);
        self.names.insert(node.path.clone(), Name::File(file));
        self.slots.push(Some(Box::new(node)));
        self.record(&Undo::Made { file });
        file
    }

    pub(super) fn record(&mut self, undo: &Undo) {
        if self.reversible && self.foreign().is_none() {
            push(&mut self.tape, undo);
        }
    }

    /// Finds an existing file, log or mapped. Opening twice gives the same slot.
    pub fn open(&mut self, path: &str) -> Result<FileId> {
        check_path("open", path)?;
        if let Some(real) = self.foreign() {
            let found = fs::metadata(real.at(path)).map_err(|e| DiskError::io("open", path, &e))?;
            if found.is_dir() {
                return Err(is_a_directory("open", path));
            }
            let size = found.len();
            let shape = (size, size, size);
            if let Some(Name::File(file)) = self.names.get(path).copied() {
                super::node_mut(&mut self.slots, "open", file)?.set_shape(shape); // it may have grown
                return Ok(file);
            }
            let mut node = Node { path: path.to_string(), ..Node::default() };
            node.set_shape(shape);
            return Ok(self.enter(node));
        }
        self.file_named("open", path)
    }

    /// Closes what the operating system holds open for this file. Its slot stays good: what is done to it next, or
    /// `open` with its path, opens it again.
    pub fn close(&mut self, file: FileId) {
        if let Some(real) = &self.real {
            real.close(file.0);
        }
    }

    pub(super) fn file_named(&self, doing: &'static str, path: &str) -> Result<FileId> {
        match self.names.get(path) {
            Some(Name::File(file)) => Ok(*file),
            Some(Name::Directory) => Err(is_a_directory(doing, path)),
            None => Err(DiskError::new(doing, path, DiskErrorKind::NotFound)),
        }
    }

    /// Everything below a directory, by path.
    pub(super) fn below(&self, directory: &str) -> Vec<(String, Name)> {
        let first = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        self.names
            .range::<str, _>((Bound::Included(first.as_str()), Bound::Unbounded))
            .take_while(|(path, _)| path.starts_with(&first))
            .map(|(path, name)| (path.clone(), *name))
            .collect()
    }

    /// Makes the directories above `path`.
    pub(super) fn make_parents(&mut self, doing: &'static str, path: &str) -> Result<()> {
        for (end, _) in path.match_indices('/') {
            let above = &path[..end];
            match self.names.get(above) {
                Some(Name::Directory) => continue,
                Some(Name::File(_)) => {
                    let why = format!("{above} is a file, not a directory. Choose another name.");
                    return Err(DiskError::refused(doing, path, why));
                }
                None => {}
            }
            if let Some(real) = &self.real {
                fs::create_dir(real.at(above)).map_err(|e| DiskError::io(doing, above, &e))?;
            }
            self.names.insert(above.to_string(), Name::Directory);
            self.record(&Undo::MadeDirectory { path: above.to_string() });
        }
        Ok(())
    }

    /// Makes a directory and those above it; one that is there already is left as it is.
    pub fn create_directory(&mut self, path: &str) -> Result<()> {
        self.may_grow("create", path)?;
        check_path("create", path)?;
        if matches!(self.names.get(path), Some(Name::File(_))) {
            return Err(DiskError::new("create", path, DiskErrorKind::AlreadyExists));
        }
        let before = self.mark();
        let made = self.make_parents("create", &format!("{path}/"));
        self.or_back_to(before, made)
    }

    /// Renames a file or a directory; slots follow. A file may take another file's name, which is then gone (as
    /// Kafka's `Utils.atomicMoveWithFallback`).
    pub fn rename(&mut self, from: &str, to: &str) -> Result<()> {
        self.may_change("rename", from)?;
        self.may_change("rename", to)?;
        check_path("rename", to)?;
        let Some(source) = self.names.get(from).copied() else {
            return Err(DiskError::new("rename", from, DiskErrorKind::NotFound));
        };
        if from == to {
            return Ok(());
        }
        if lies_under(to, from) {
            let why = format!("{to} lies inside it. Choose a name outside.");
            return Err(DiskError::refused("rename", from, why));
        }
        let target = self.names.get(to).copied();
        if target == Some(Name::Directory) || (target.is_some() && source == Name::Directory) {
            return Err(DiskError::new("rename", to, DiskErrorKind::AlreadyExists));
        }
        let before = self.mark();
        let moved = self
            .make_parents("rename", to)
            .and_then(|()| if target.is_some() { self.remove_file(to) } else { Ok(()) })
            .and_then(|()| self.move_name(from, to));
        self.or_back_to(before, moved)?;
        self.record(&Undo::Renamed { from: from.to_string(), to: to.to_string() });
        Ok(())
    }

    /// Moves a name and everything below it.
    pub(super) fn move_name(&mut self, from: &str, to: &str) -> Result<()> {
        if let Some(real) = &self.real {
            fs::rename(real.at(from), real.at(to))
                .map_err(|e| DiskError::io("rename", from, &e))?;
        }
        let mut moving = self.below(from);
        moving.extend(self.names.get(from).map(|name| (from.to_string(), *name)));
        for (path, name) in moving {
            self.names.remove(&path);
            let path = format!("{to}{}", &path[from.len()..]);
            if let Name::File(file) = name
                && let Ok(node) = super::node_mut(&mut self.slots, "rename", file)
            {
                node.path.clone_from(&path);
            }
            self.names.insert(path, name);
        }
        Ok(())
    }

    /// Removes a file.
    pub fn remove(&mut self, path: &str) -> Result<()> {
        self.may_change("remove", path)?;
        self.remove_file(path)
    }

    fn remove_file(&mut self, path: &str) -> Result<()> {
        let file = self.file_named("remove", path)?;
        let slot = &mut self.slots[file.0 as usize];
        let Some(node) = slot.as_deref() else { return Err(gone("remove", file)) };
        let at = self.tape.end();
        let mut aside = None;
        if let Some(real) = &self.real {
            let from = real.at(path);
            let done = if self.reversible {
                let to = self.tape.scratch.file(&format!("removed-{at}"))?;
                carry(&from, &to, node.written).map(|()| aside = Some(to))
            } else {
                fs::remove_file(&from)
            };
            done.map_err(|e| DiskError::io("remove", path, &e))?;
            real.close(file.0);
        }
        if let (Some(node), true) = (slot.take(), self.reversible) {
            self.kept.push_back(Kept { at, file, node, aside });
            self.record(&Undo::Removed { file });
        }
        self.names.remove(path);
        Ok(())
    }

    /// Removes a directory with everything in it.
    pub fn remove_directory(&mut self, path: &str) -> Result<()> {
        self.may_change("remove", path)?;
        match self.names.get(path) {
            Some(Name::Directory) => {}
            Some(Name::File(_)) => {
                let why = "it is a file, not a directory. Remove it as a file.";
                return Err(DiskError::refused("remove", path, why));
            }
            None => return Err(DiskError::new("remove", path, DiskErrorKind::NotFound)),
        }
        let before = self.mark();
        let done = self.remove_all(path);
        self.or_back_to(before, done)
    }

    fn remove_all(&mut self, path: &str) -> Result<()> {
        let mut all = vec![(path.to_string(), Name::Directory)];
        all.extend(self.below(path));
        for (path, _) in all.iter().filter(|(_, name)| *name != Name::Directory) {
            self.remove(path)?; // a fault may lie deeper than the directory
        }
        for (path, _) in all.iter().rev().filter(|(_, name)| *name == Name::Directory) {
            self.may_change("remove", path)?;
            if let Some(real) = &self.real {
                fs::remove_dir(real.at(path)).map_err(|e| DiskError::io("remove", path, &e))?;
            }
            self.names.remove(path);
            self.record(&Undo::RemovedDirectory { path: path.clone() });
        }
        Ok(())
    }

    /// If `done` failed half way, takes back what was recorded since `before`.
    pub(super) fn or_back_to(&mut self, before: Mark, done: Result<()>) -> Result<()> {
        if done.is_err() && self.reversible {
            let _ = self.play_back(before.0); // the first error is the one to tell
        }
        done
    }
}

pub(super) fn is_a_directory(doing: &'static str, path: &str) -> DiskError {
    DiskError::refused(doing, path, "it is a directory. Name a file in it.")
}
