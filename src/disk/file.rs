//! What is done to one open file: append, read, cut, flush, write in place.
//!
//! None of it looks up a name. A change goes: may it? → record the old bytes it hits and the old shape → change the
//! bytes → change the shape; if the bytes refuse, the record is played back at once.

use super::real::Real;
use super::record::{PIECE, push_bytes, push_shape};
use super::{Disk, DiskError, DiskErrorKind, FileId, Node, Result, node_mut};

/// No file is larger than Kafka's largest segment or index (its positions are `int`).
const LARGEST: u64 = i32::MAX as u64;

fn out_of_range(
    doing: &'static str,
    path: &str,
    position: u64,
    length: u64,
    size: u64,
) -> DiskError {
    DiskError::new(doing, path, DiskErrorKind::OutOfRange { position, length, size })
}

/// Puts bytes where the kind of disk keeps them.
pub(super) fn put(
    real: Option<&Real>,
    file: FileId,
    node: &mut Node,
    position: u64,
    bytes: &[u8],
) -> Result<()> {
    match real {
        None => {
            node.content.write(position, bytes);
            Ok(())
        }
        Some(real) => real.write(file.0, node, position, bytes),
    }
}

impl Disk {
    /// The file's present path; a sentence if it was removed.
    pub fn path(&self, file: FileId) -> &str {
        self.node("name", file).map_or("(a file that was removed)", |node| &node.path)
    }

    /// How many bytes the file has (a mapped file: its capacity); 0 if it was removed.
    pub fn size(&self, file: FileId) -> u64 {
        self.node("size", file).map_or(0, |node| node.size)
    }

    /// How many bytes, from the start, are known to be on the platter.
    pub fn flushed(&self, file: FileId) -> u64 {
        self.node("size", file).map_or(0, |node| node.flushed)
    }

    /// Appends to a log file and answers where the bytes begin.
    pub fn append(&mut self, file: FileId, bytes: &[u8]) -> Result<u64> {
        let doing = "append to";
        self.may_grow_file(doing, file)?;
        let node = node_mut(&mut self.slots, doing, file)?;
        let (position, length) = (node.size, bytes.len() as u64);
        if node.mapped {
            let why = "it is a mapped file of fixed capacity. Write into it at a position instead.";
            return Err(DiskError::refused(doing, &node.path, why));
        }
        if position + length > LARGEST {
            return Err(out_of_range(doing, &node.path, position, length, LARGEST));
        }
        let before = self.tape.end();
        if self.reversible {
            push_shape(&mut self.tape, file, node);
        }
        let (old, done) = (node.shape(), put(self.real.as_ref(), file, node, position, bytes));
        node.size += length;
        node.written = node.size;
        self.or_take_back(before, done, file, old)?;
        Ok(position)
    }

    /// Reads up to `length` bytes; fewer only at the end of the file.
    pub fn read(&self, file: FileId, position: u64, length: usize) -> Result<Vec<u8>> {
        let mut into = Vec::new();
        self.read_into(file, position, &mut into, length)?;
        Ok(into)
    }

    /// Appends up to `length` bytes of the file to `into`; fewer only at the end of the file.
    pub fn read_into(
        &self,
        file: FileId,
        position: u64,
        into: &mut Vec<u8>,
        length: usize,
    ) -> Result<()> {
        let (node, length) = self.readable(file, position, length)?;
        match &self.real {
            None => node.content.read_into(position, length, into),
            Some(real) if real.ours && node.mapped && length > 0 => {
                let map = real.map(file.0, node)?;
                into.extend_from_slice(&map[position as usize..position as usize + length]);
            }
            Some(real) => {
                let start = into.len();
                into.resize(start + length, 0);
                real.read(file.0, node, position, &mut into[start..])
                    .inspect_err(|_| into.truncate(start))?;
            }
        }
        Ok(())
    }

    /// Fills `into` with the file's bytes from `position` on and answers how many there were: fewer only at the end.
    pub fn read_over(&self, file: FileId, position: u64, into: &mut [u8]) -> Result<usize> {
        let (node, length) = self.readable(file, position, into.len())?;
        let into = &mut into[..length];
        match &self.real {
            None => node.content.read_over(position, into),
            Some(real) if real.ours && node.mapped && length > 0 => {
                let map = real.map(file.0, node)?;
                into.copy_from_slice(&map[position as usize..position as usize + length]);
            }
            Some(real) => real.read(file.0, node, position, into)?,
        }
        Ok(length)
    }

    /// Shows up to `length` bytes of the file to `act`, without a copy where possible: a memory file's own bytes, a
    /// mapped file's map; a real log's bytes are read into a buffer that is used again.
    pub fn with_bytes<T>(
        &self,
        file: FileId,
        position: u64,
        length: usize,
        act: impl FnOnce(&[u8]) -> T,
    ) -> Result<T> {
        let (node, length) = self.readable(file, position, length)?;
        match &self.real {
            None => {
                if let Some(bytes) = node.content.slice(position, length) {
                    return Ok(act(bytes));
                }
            }
            Some(real) if real.ours && node.mapped && length > 0 => {
                let map = real.map(file.0, node)?;
                return Ok(act(&map[position as usize..position as usize + length]));
            }
            Some(_) => {}
        }
        let mut buffer = self.buffer.take(); // `act` may come back here: it then finds an empty buffer, not a lock
        if buffer.len() < length {
            buffer.resize(length, 0);
        }
        let read = self.read_over(file, position, &mut buffer[..length]);
        let answer = read.map(|length| act(&buffer[..length]));
        self.buffer.replace(buffer);
        answer
    }

    /// Whether [`Disk::with_bytes`] shows this file's bytes through a map, so that a look at all of them costs no more
    /// than a look at a few.
    pub fn shows_in_place(&self, file: FileId) -> bool {
        let mapped = self.node("look at", file).is_ok_and(|node| node.mapped);
        mapped && self.real.as_ref().is_some_and(|real| real.ours)
    }

    fn readable(&self, file: FileId, position: u64, length: usize) -> Result<(&Node, usize)> {
        let node = self.node("read", file)?;
        let Some(rest) = node.size.checked_sub(position) else {
            return Err(out_of_range("read", &node.path, position, length as u64, node.size));
        };
        Ok((node, rest.min(length as u64) as usize))
    }

    /// Cuts the file to `size` bytes.
    pub fn truncate(&mut self, file: FileId, size: u64) -> Result<()> {
        let node = self.node("truncate", file)?;
        if size > node.size {
            return Err(out_of_range("truncate", &node.path, size, 0, node.size));
        }
        self.set_size("truncate", file, size)
    }

    /// Trims or grows a file; what is added is zeros. (Kafka's `AbstractIndex.resize`.)
    pub fn resize(&mut self, file: FileId, size: u64) -> Result<()> {
        self.set_size("resize", file, size)
    }

    /// Fsync: everything written so far is on the platter.
    pub fn flush(&mut self, file: FileId) -> Result<()> {
        self.may_change_file("flush", file)?;
        let node = node_mut(&mut self.slots, "flush", file)?;
        if node.flushed == node.size {
            return Ok(());
        }
        if let Some(real) = &self.real {
            real.sync(file.0, node)?;
        }
        if self.reversible {
            push_shape(&mut self.tape, file, node);
        }
        node.flushed = node.size;
        Ok(())
    }

    /// Writes inside a file, at a position; this is how index entries get into a mapped file.
    pub fn write_at(&mut self, file: FileId, position: u64, bytes: &[u8]) -> Result<()> {
        let doing = "write to";
        self.may_change_file(doing, file)?;
        self.overwrite(doing, file, position, bytes)
    }

    /// `write_at` without asking for faults: a bit flips on a full disk too.
    pub(super) fn overwrite(
        &mut self,
        doing: &'static str,
        file: FileId,
        position: u64,
        bytes: &[u8],
    ) -> Result<()> {
        let node = self.node(doing, file)?;
        let end = position.saturating_add(bytes.len() as u64);
        if end > node.size {
            return Err(out_of_range(doing, &node.path, position, bytes.len() as u64, node.size));
        }
        if bytes.is_empty() {
            return Ok(());
        }
        let before = self.tape.end();
        self.record_bytes(file, position, end)?;
        let node = node_mut(&mut self.slots, doing, file)?;
        let (written, flushed) = (node.written.max(end), node.flushed.min(position));
        if self.reversible && (written, flushed) != (node.written, node.flushed) {
            push_shape(&mut self.tape, file, node);
        }
        let (old, done) = (node.shape(), put(self.real.as_ref(), file, node, position, bytes));
        node.written = written;
        node.flushed = flushed;
        self.or_take_back(before, done, file, old)
    }

    fn set_size(&mut self, doing: &'static str, file: FileId, size: u64) -> Result<()> {
        self.may_change_file(doing, file)?;
        if size > self.size(file) {
            self.may_grow_file(doing, file)?;
        }
        self.reshape(doing, file, size)
    }

    /// `set_size` without asking for faults: power loss cuts files on a full disk too.
    pub(super) fn reshape(&mut self, doing: &'static str, file: FileId, size: u64) -> Result<()> {
        let node = self.node(doing, file)?;
        if size > LARGEST {
            return Err(out_of_range(doing, &node.path, size, 0, LARGEST));
        }
        if size == node.size {
            return Ok(());
        }
        let (before, cut_to) = (self.tape.end(), node.written);
        self.record_bytes(file, size, cut_to)?;
        let node = node_mut(&mut self.slots, doing, file)?;
        if self.reversible {
            push_shape(&mut self.tape, file, node);
        }
        let old = node.shape();
        let done = match &self.real {
            None => {
                node.content.truncate(size);
                Ok(())
            }
            Some(real) => real.set_length(file.0, node, size),
        };
        node.size = size;
        node.written = node.written.min(size);
        node.flushed = node.flushed.min(size);
        self.or_take_back(before, done, file, old)
    }

    /// Records the bytes from `from` to `to` (as far as any were written) before they change, newest piece last.
    pub(super) fn record_bytes(&mut self, file: FileId, mut from: u64, to: u64) -> Result<()> {
        let to = to.min(self.node("read", file)?.written);
        if !self.reversible {
            return Ok(());
        }
        let mut old = self.buffer.take();
        while from < to {
            let length = (to - from).min(PIECE as u64) as usize;
            old.clear();
            self.read_into(file, from, &mut old, length)?;
            push_bytes(&mut self.tape, file, from, &old);
            from += length as u64;
        }
        self.buffer.replace(old);
        Ok(())
    }

    /// Whether nothing at all is broken, so that nobody need be asked.
    fn is_whole(&self) -> bool {
        self.faults.is_empty() && self.real.as_ref().is_none_or(|real| real.ours)
    }

    pub(super) fn may_change_file(&self, doing: &'static str, file: FileId) -> Result<()> {
        match self.is_whole() {
            true => Ok(()),
            false => self.may_change(doing, &self.node(doing, file)?.path),
        }
    }

    fn may_grow_file(&self, doing: &'static str, file: FileId) -> Result<()> {
        match self.is_whole() {
            true => Ok(()),
            false => self.may_grow(doing, &self.node(doing, file)?.path),
        }
    }
}
