//! The undo tape: a stack of bytes whose old end can be forgotten and whose middle may lie in scratch files.
//!
//! ```text
//!  forgotten │ spilled to scratch files      │ in memory            │
//!            start ──────────────────────────────────────────────── end    a Mark is a position on this line
//!            [ block ][ block ][ block ] … [ block ][ block ][ block ]
//! ```
//!
//! Always: one push lies whole in one block; positions never go back except by popping; at most `limit` bytes (and one
//! block) are in memory, unless the scratch directory cannot be written, in which case memory is used instead.

use super::error::{DiskError, Result};
use super::scratch::Scratch;
use std::collections::VecDeque;
use std::fs;
use std::path::PathBuf;

/// A block is closed when it would grow beyond this many bytes.
const BLOCK: usize = 1 << 20;
/// How many bytes of undo material stay in memory.
const LIMIT: usize = 16 << 20;

#[derive(Debug)]
struct Block {
    base: u64,
    length: usize,
    bytes: Vec<u8>,
    spilled: Option<PathBuf>,
}

/// The undo tape.
#[derive(Debug)]
pub(super) struct Tape {
    blocks: VecDeque<Block>,
    spilled: usize, // how many blocks at the old end lie in scratch files
    in_memory: usize,
    limit: usize,
    block: usize,
    start: u64,
    end: u64,
    /// Where spilled blocks and removed files lie.
    pub scratch: Scratch,
}

impl Tape {
    /// An empty tape.
    pub fn new(scratch: Scratch) -> Self {
        Tape {
            blocks: VecDeque::new(),
            spilled: 0,
            in_memory: 0,
            limit: LIMIT,
            block: BLOCK,
            start: 0,
            end: 0,
            scratch,
        }
    }

    /// Small limits, so that a test spills early.
    #[cfg(test)]
    pub fn set_limits(&mut self, block: usize, limit: usize) {
        self.block = block;
        self.limit = limit;
    }

    /// The oldest position that can still be reached.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The present position.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// How many blocks lie in scratch files.
    #[cfg(test)]
    pub fn spilled(&self) -> usize {
        self.spilled
    }

    /// Puts the parts, one after the other, on top.
    pub fn push(&mut self, parts: [&[u8]; 2]) {
        let total = parts[0].len() + parts[1].len();
        let fits = self
            .blocks
            .back()
            .is_some_and(|last| last.spilled.is_none() && last.length + total <= self.block);
        if !fits {
            self.spill();
            let base = self.end;
            self.blocks.push_back(Block { base, length: 0, bytes: Vec::new(), spilled: None });
        }
        if let Some(last) = self.blocks.back_mut() {
            last.bytes.extend_from_slice(parts[0]);
            last.bytes.extend_from_slice(parts[1]);
            last.length += total;
        }
        self.in_memory += total;
        self.end += total as u64;
    }

    /// Moves the oldest blocks out of memory while there is too much of it. A scratch directory that refuses is no
    /// reason to fail the caller: the block stays in memory.
    fn spill(&mut self) {
        while self.in_memory > self.limit && self.spilled < self.blocks.len() {
            let block = &mut self.blocks[self.spilled];
            let Ok(path) = self.scratch.file(&format!("undo-{}", block.base)) else { return };
            if fs::write(&path, &block.bytes).is_err() {
                let _ = fs::remove_file(&path);
                return;
            }
            self.in_memory -= block.length;
            block.bytes = Vec::new();
            block.spilled = Some(path);
            self.spilled += 1;
        }
    }

    /// The bytes of the newest block, the newest last; fetched back if they were spilled. Nothing if the tape is empty.
    pub fn top(&mut self) -> Result<&[u8]> {
        while self.blocks.back().is_some_and(|last| last.length == 0) {
            self.blocks.pop_back();
        }
        self.spilled = self.spilled.min(self.blocks.len());
        let Some(last) = self.blocks.back_mut() else { return Ok(&[]) };
        if let Some(path) = &last.spilled {
            let name = path.display().to_string();
            let bytes =
                fs::read(path).map_err(|error| DiskError::io("undo from", &name, &error))?;
            if bytes.len() != last.length {
                let why = "the scratch file was changed by another program. What happened before cannot be undone: \
                           start the run again.";
                return Err(DiskError::refused("undo from", &name, why));
            }
            let _ = fs::remove_file(path);
            last.bytes = bytes;
            last.spilled = None;
            self.in_memory += last.length;
            self.spilled -= 1;
        }
        Ok(&last.bytes)
    }

    /// Takes `length` bytes, all of one push, from the top.
    pub fn pop(&mut self, length: usize) {
        if let Some(last) = self.blocks.back_mut() {
            last.length -= length;
            last.bytes.truncate(last.length);
            self.in_memory -= length;
            self.end -= length as u64;
        }
    }

    /// Forgets what is older than `position`.
    pub fn forget(&mut self, position: u64) {
        self.start = self.start.max(position.min(self.end));
        while self.blocks.front().is_some_and(|b| b.base + b.length as u64 <= self.start) {
            if let Some(block) = self.blocks.pop_front() {
                if let Some(path) = block.spilled {
                    let _ = fs::remove_file(path);
                    self.spilled -= 1;
                } else {
                    self.in_memory -= block.length;
                }
            }
        }
    }

    /// Forgets everything, and makes every position given out so far unreachable.
    pub fn cut(&mut self) {
        self.forget(self.end);
        self.end += 1;
        self.start = self.end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tape() -> Tape {
        let mut tape = Tape::new(Scratch::default());
        tape.set_limits(10, 30);
        tape
    }

    #[test]
    fn what_was_spilled_comes_back_in_order() {
        let mut tape = tape();
        for number in 0..100u8 {
            tape.push([&[number], &[number; 2]]);
        }
        assert!(tape.spilled() > 10);
        let directory = tape.scratch.directory().unwrap().to_path_buf();
        for number in (0..100u8).rev() {
            assert!(tape.top().unwrap().ends_with(&[number; 3]));
            tape.pop(3);
        }
        assert_eq!((tape.top().unwrap().len(), tape.end(), tape.spilled()), (0, 0, 0));
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
        drop(tape);
        assert!(!directory.exists());
    }

    #[test]
    fn forgetting_deletes_scratch_files_and_a_large_push_stays_whole() {
        let mut tape = tape();
        for _ in 0..50 {
            tape.push([b"abc", b""]);
        }
        tape.push([&[9; 64], b"!"]);
        tape.push([b"z", b""]);
        tape.forget(150);
        assert_eq!((tape.start(), tape.end(), tape.spilled()), (150, 216, 1)); // the large one, when "z" came
        tape.pop(1);
        assert_eq!(tape.top().unwrap().len(), 65);
        tape.cut();
        assert_eq!(tape.start(), tape.end());
    }
}
