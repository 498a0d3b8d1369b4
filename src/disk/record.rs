//! One record of the undo tape: what takes one change back.
//!
//! ```text
//! Bytes            │ the old bytes … │ position 8 │ length 4 │ file 4 │ 2 │     read from the right
//! Shape            │ size 8 │ written 8 │ flushed 8 │ file 4 │ 1 │
//! names            │ first … │ second … │ length 4 │ length 4 │ tag │
//! ```
//!
//! A change of bytes is always recorded as the old bytes that it hits (in pieces of at most `PIECE`), then the old
//! shape; undone, the shape comes back first and the bytes land inside it.

use super::error::Result;
use super::tape::Tape;
use super::{Fault, FileId, Node};

/// Old bytes are recorded in pieces of at most this many.
pub(super) const PIECE: usize = 256 * 1024;

const SHAPE: u8 = 1;
const BYTES: u8 = 2;
const MADE: u8 = 3;
const REMOVED: u8 = 4;
const RENAMED: u8 = 5;
const MADE_DIRECTORY: u8 = 6;
const REMOVED_DIRECTORY: u8 = 7;
const FAULT: u8 = 8; // + 0 none, 1 full, 2 read-only

/// What takes one change back.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Undo {
    /// The file had this shape.
    Shape { file: FileId, size: u64, written: u64, flushed: u64 },
    /// These bytes were here.
    Bytes { file: FileId, position: u64, bytes: Vec<u8> },
    /// The file was not there.
    Made { file: FileId },
    /// The file was there, and was put aside.
    Removed { file: FileId },
    /// `to` was called `from`.
    Renamed { from: String, to: String },
    /// The directory was not there.
    MadeDirectory { path: String },
    /// The directory was there.
    RemovedDirectory { path: String },
    /// The fault under this prefix was this one.
    Fault { prefix: String, fault: Option<Fault> },
}

/// Records the shape of a file: the one record that every append makes, so it is written without detours.
pub(super) fn push_shape(tape: &mut Tape, file: FileId, node: &Node) {
    let mut bytes = [0; 29];
    bytes[..8].copy_from_slice(&node.size.to_le_bytes());
    bytes[8..16].copy_from_slice(&node.written.to_le_bytes());
    bytes[16..24].copy_from_slice(&node.flushed.to_le_bytes());
    bytes[24..28].copy_from_slice(&file.0.to_le_bytes());
    bytes[28] = SHAPE;
    tape.push([&[], &bytes]);
}

/// Records old bytes.
pub(super) fn push_bytes(tape: &mut Tape, file: FileId, position: u64, old: &[u8]) {
    let mut tail = [0; 17];
    tail[..8].copy_from_slice(&position.to_le_bytes());
    tail[8..12].copy_from_slice(&(old.len() as u32).to_le_bytes());
    tail[12..16].copy_from_slice(&file.0.to_le_bytes());
    tail[16] = BYTES;
    tape.push([old, &tail]);
}

/// Records everything else.
pub(super) fn push(tape: &mut Tape, undo: &Undo) {
    let names = |tape: &mut Tape, first: &str, second: &str, tag: u8| {
        let mut bytes = Vec::with_capacity(first.len() + second.len() + 9);
        bytes.extend_from_slice(first.as_bytes());
        bytes.extend_from_slice(second.as_bytes());
        bytes.extend_from_slice(&(first.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&(second.len() as u32).to_le_bytes());
        bytes.push(tag);
        tape.push([&[], &bytes]);
    };
    let slot = |tape: &mut Tape, file: FileId, tag: u8| tape.push([&file.0.to_le_bytes(), &[tag]]);
    match undo {
        Undo::Shape { file, size, written, flushed } => {
            let node =
                Node { size: *size, written: *written, flushed: *flushed, ..Node::default() };
            push_shape(tape, *file, &node);
        }
        Undo::Bytes { file, position, bytes } => push_bytes(tape, *file, *position, bytes),
        Undo::Made { file } => slot(tape, *file, MADE),
        Undo::Removed { file } => slot(tape, *file, REMOVED),
        Undo::Renamed { from, to } => names(tape, from, to, RENAMED),
        Undo::MadeDirectory { path } => names(tape, path, "", MADE_DIRECTORY),
        Undo::RemovedDirectory { path } => names(tape, path, "", REMOVED_DIRECTORY),
        Undo::Fault { prefix, fault } => {
            let which = match fault {
                None => 0,
                Some(Fault::Full) => 1,
                Some(Fault::ReadOnly) => 2,
            };
            names(tape, prefix, "", FAULT + which);
        }
    }
}

/// Reads one block of the tape from its right end.
struct Backwards<'a> {
    bytes: &'a [u8],
    taken: usize,
}

impl<'a> Backwards<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (rest, taken) = self.bytes.split_at(self.bytes.len() - length);
        self.bytes = rest;
        self.taken += length;
        taken
    }

    fn u32(&mut self) -> u32 {
        self.take(4).iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte))
    }

    fn u64(&mut self) -> u64 {
        self.take(8).iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    }

    fn names(&mut self) -> (String, String) {
        let (second, first) = (self.u32() as usize, self.u32() as usize);
        let second = String::from_utf8_lossy(self.take(second)).into_owned();
        (String::from_utf8_lossy(self.take(first)).into_owned(), second)
    }
}

/// Takes the newest record from the tape.
pub(super) fn pop(tape: &mut Tape) -> Result<Option<Undo>> {
    let top = tape.top()?;
    if top.is_empty() {
        return Ok(None);
    }
    let mut from = Backwards { bytes: top, taken: 0 };
    let tag = from.take(1)[0];
    let undo = match tag {
        SHAPE => {
            let file = FileId(from.u32());
            let (flushed, written, size) = (from.u64(), from.u64(), from.u64());
            Undo::Shape { file, size, written, flushed }
        }
        BYTES => {
            let file = FileId(from.u32());
            let length = from.u32() as usize;
            let position = from.u64();
            Undo::Bytes { file, position, bytes: from.take(length).to_vec() }
        }
        MADE => Undo::Made { file: FileId(from.u32()) },
        REMOVED => Undo::Removed { file: FileId(from.u32()) },
        RENAMED => {
            let (from, to) = from.names();
            Undo::Renamed { from, to }
        }
        MADE_DIRECTORY => Undo::MadeDirectory { path: from.names().0 },
        REMOVED_DIRECTORY => Undo::RemovedDirectory { path: from.names().0 },
        _ => {
            let fault = match tag {
                FAULT => None,
                n if n == FAULT + 1 => Some(Fault::Full),
                _ => Some(Fault::ReadOnly),
            };
            Undo::Fault { prefix: from.names().0, fault }
        }
    };
    let taken = from.taken;
    tape.pop(taken);
    Ok(Some(undo))
}

#[cfg(test)]
mod tests {
    use super::super::scratch::Scratch;
    use super::*;

    #[test]
    fn every_record_comes_back_as_it_went() {
        let file = FileId(70_000);
        let (from, to) = ("a/b".to_string(), "c".to_string());
        let all = [
            Undo::Shape { file, size: 1, written: u64::MAX, flushed: 3 },
            Undo::Bytes { file, position: 1 << 40, bytes: vec![1, 2, 3] },
            Undo::Made { file },
            Undo::Removed { file },
            Undo::Renamed { from: from.clone(), to: to.clone() },
            Undo::MadeDirectory { path: from.clone() },
            Undo::RemovedDirectory { path: to.clone() },
            Undo::Fault { prefix: from.clone(), fault: None },
            Undo::Fault { prefix: String::new(), fault: Some(Fault::Full) },
            Undo::Fault { prefix: to, fault: Some(Fault::ReadOnly) },
        ];
        let mut tape = Tape::new(Scratch::default());
        all.iter().for_each(|undo| push(&mut tape, undo));
        for undo in all.iter().rev() {
            assert_eq!(pop(&mut tape).unwrap().as_ref(), Some(undo));
        }
        assert_eq!(pop(&mut tape).unwrap(), None);
        assert_eq!(tape.end(), 0);
    }
}
