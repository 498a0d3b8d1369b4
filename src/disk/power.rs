//! Power, faults, and copies: what happens to a disk, and what may be compared.

use super::content::{Content, hash_zeros};
use super::record::{PIECE, Undo, push_shape};
use super::{
    Disk, DiskError, DiskErrorKind, Fault, FileId, Name, Node, Result, lies_under, node_mut,
};
use crc32fast::Hasher;
use std::collections::BTreeMap;

/// A foreign directory with more bytes than this is not copied into memory.
const COPIED: u64 = 1 << 30;

impl Disk {
    /// The power fails under `prefix`: each file keeps its flushed bytes and as much of the unflushed tail as `keep`
    /// says (it is told the path and how many bytes are at stake; files without an unflushed tail are not asked about).
    /// A log is cut; a mapped file keeps its size and what is lost becomes zeros. What is left is on the platter.
    pub fn power_off(
        &mut self,
        prefix: &str,
        mut keep: impl FnMut(&str, u64) -> u64,
    ) -> Result<()> {
        if self.foreign().is_some() {
            return Err(DiskError::new("cut the power of", prefix, DiskErrorKind::ReadOnly));
        }
        let hit: Vec<FileId> = self
            .names
            .iter()
            .filter(|(path, _)| lies_under(path, prefix))
            .filter_map(|(_, name)| if let Name::File(file) = name { Some(*file) } else { None })
            .collect();
        let before = self.mark();
        let mut done = Ok(());
        for file in hit {
            let node = self.node("cut the power of", file)?;
            let end = if node.mapped { node.written } else { node.size };
            let unflushed = end.saturating_sub(node.flushed);
            if unflushed > 0 {
                let kept = keep(&node.path, unflushed).min(unflushed);
                let boundary = node.flushed + kept;
                done = done.and_then(|()| self.lose(file, boundary, end));
            }
        }
        self.or_back_to(before, done)
    }

    /// Loses what `file` holds from `boundary` to `end`.
    fn lose(&mut self, file: FileId, boundary: u64, end: u64) -> Result<()> {
        let doing = "cut the power of";
        if self.node(doing, file)?.mapped {
            let mut from = boundary;
            while from < end {
                let length = (end - from).min(PIECE as u64);
                self.overwrite(doing, file, from, &vec![0; length as usize])?;
                from += length;
            }
        } else {
            self.reshape(doing, file, boundary)?;
        }
        let node = node_mut(&mut self.slots, doing, file)?;
        if self.reversible {
            push_shape(&mut self.tape, file, node);
        }
        node.written = node.written.min(boundary);
        node.content.truncate(node.written);
        node.flushed = node.size;
        Ok(())
    }

    /// Breaks the disk under `prefix` (`""`: all of it), or mends it. Reversible as everything else.
    pub fn set_fault(&mut self, prefix: &str, fault: Option<Fault>) {
        let prefix = prefix.trim_end_matches('/').to_string();
        let old = match fault {
            Some(fault) => self.faults.insert(prefix.clone(), fault),
            None => self.faults.remove(&prefix),
        };
        if old != fault {
            self.record(&Undo::Fault { prefix, fault: old });
        }
    }

    /// Flips one bit (0 is the least) of one byte, no matter who has the file open.
    pub fn flip_bit(&mut self, path: &str, position: u64, bit: u8) -> Result<()> {
        let doing = "flip a bit of";
        if self.foreign().is_some() {
            return Err(DiskError::new(doing, path, DiskErrorKind::ReadOnly));
        }
        let file = self.file_named(doing, path)?;
        if bit > 7 {
            return Err(DiskError::refused(
                doing,
                path,
                "a byte has the bits 0 to 7. Choose one of them.",
            ));
        }
        let size = self.size(file);
        let Some(byte) = (if position < size { self.read(file, position, 1)?.pop() } else { None })
        else {
            let what = DiskErrorKind::OutOfRange { position, length: 1, size };
            return Err(DiskError::new(doing, path, what));
        };
        let flushed = self.flushed(file);
        self.overwrite(doing, file, position, &[byte ^ (1 << bit)])?;
        node_mut(&mut self.slots, doing, file)?.flushed = flushed; // it was the platter that changed
        Ok(())
    }

    /// An independent memory disk with the same content, slots, flushed boundaries and faults, and no history yet. From
    /// a memory disk this is cheap: the bytes are shared until one side writes.
    pub fn fork(&self) -> Result<Disk> {
        let mut copy = Disk::memory();
        copy.slots = self.slots.clone();
        copy.names = self.names.clone();
        copy.faults = self.faults.clone();
        if let Some(real) = &self.real {
            let mut rest = COPIED;
            for (path, is_directory, size) in self.walk_foreign()? {
                if is_directory {
                    copy.names.insert(path, Name::Directory);
                    continue;
                }
                let why =
                    "it holds more than a gibibyte. Copy the part that you need, and open that.";
                rest = rest.checked_sub(size).ok_or_else(|| {
                    DiskError::refused("copy", &real.root.display().to_string(), why)
                })?;
                if !copy.names.contains_key(&path) {
                    let mut node = Node { path, ..Node::default() };
                    node.set_shape((size, size, size));
                    copy.enter(node);
                }
            }
            for (slot, node) in copy.slots.iter_mut().enumerate() {
                let Some(node) = node.as_deref_mut() else { continue };
                let mut content = Content::default();
                self.pieces(FileId(slot as u32), node, |at, bytes| content.write(at, bytes))?;
                node.paged = 0;
                node.content = content;
            }
            copy.tape.cut();
        }
        copy.reversible = self.reversible;
        Ok(copy)
    }

    /// CRC-32 of every file, by path.
    pub fn digest(&self) -> Result<BTreeMap<String, u32>> {
        let mut digest = BTreeMap::new();
        let mut add = |slot: u32, node: &Node| -> Result<()> {
            let crc = if self.is_memory() {
                node.content.crc(node.size)
            } else {
                let mut hasher = Hasher::new();
                self.pieces(FileId(slot), node, |_, bytes| hasher.update(bytes))?;
                hash_zeros(&mut hasher, node.size - node.written);
                hasher.finalize()
            };
            digest.insert(node.path.clone(), crc);
            Ok(())
        };
        if self.foreign().is_some() {
            for (path, is_directory, size) in self.walk_foreign()? {
                if !is_directory {
                    let mut node = Node { path, ..Node::default() };
                    node.set_shape((size, size, size));
                    add(u32::MAX, &node)?;
                    self.real.iter().for_each(|real| real.close(u32::MAX));
                }
            }
            return Ok(digest);
        }
        for (slot, node) in self.slots.iter().enumerate() {
            if let Some(node) = node {
                add(slot as u32, node)?;
            }
        }
        Ok(digest)
    }

    /// Reads what was written of a real file, piece by piece.
    fn pieces(&self, file: FileId, node: &Node, mut each: impl FnMut(u64, &[u8])) -> Result<()> {
        let Some(real) = &self.real else { return Ok(()) };
        let mut buffer = Vec::new();
        let mut at = 0;
        while at < node.written {
            let length = (node.written - at).min(PIECE as u64) as usize;
            buffer.resize(length, 0);
            real.read(file.0, node, at, &mut buffer)?;
            each(at, &buffer);
            at += length as u64;
        }
        Ok(())
    }

    /// Path, is it a directory, size: everything in a foreign directory; nothing of other kinds.
    fn walk_foreign(&self) -> Result<Vec<(String, bool, u64)>> {
        let mut found = Vec::new();
        let mut open = Vec::from_iter(self.foreign().map(|_| String::new()));
        while let Some(directory) = open.pop() {
            if directory.matches('/').count() > 32 {
                let why = "it is nested deeper than 32 directories; perhaps a link leads back. Open a part of it.";
                return Err(DiskError::refused("walk", &directory, why));
            }
            for entry in self.list(&directory)? {
                let slash = if directory.is_empty() { "" } else { "/" };
                let path = format!("{directory}{slash}{}", entry.name);
                if entry.is_directory {
                    open.push(path.clone());
                }
                found.push((path, entry.is_directory, entry.size));
            }
        }
        found.sort();
        Ok(found)
    }
}
