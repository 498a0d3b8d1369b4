//! Time on the disk: marks, and going back to them.
//!
//! Going back plays the tape from its end: shapes, bytes and names become what they were. On a real disk many appends
//! to one file come back as one cut: the new length is put off until something else touches the file's bytes or name.

use super::file::put;
use super::real::carry;
use super::record::{Undo, pop};
use super::{Disk, DiskError, FileId, Kept, Mark, Name, Result, Shape, gone, node_mut};
use std::collections::BTreeSet;
use std::fs;

impl Disk {
    /// The present place in the undo history.
    pub fn mark(&self) -> Mark {
        Mark(self.tape.end())
    }

    /// Makes everything byte for byte what it was at `mark`: names, content, sizes, flushed boundaries, slots, faults.
    pub fn undo_to(&mut self, mark: Mark) -> Result<()> {
        let why = if !self.reversible {
            "this run records no history. Switch recording on before the run."
        } else if mark.0 < self.tape.start() {
            "that moment was forgotten. Go back to a later one."
        } else if mark.0 > self.tape.end() {
            "that moment lies ahead, or was undone. Go back to an earlier one."
        } else {
            return self.play_back(mark.0);
        };
        Err(DiskError::refused("go back on", "the disk", why))
    }

    /// Drops undo material older than `mark`: nobody goes back there any more.
    pub fn forget_before(&mut self, mark: Mark) {
        self.tape.forget(mark.0);
        self.drop_kept();
    }

    fn drop_kept(&mut self) {
        while self.kept.front().is_some_and(|kept| kept.at < self.tape.start()) {
            if let Some(Kept { aside: Some(aside), .. }) = self.kept.pop_front() {
                let _ = fs::remove_file(aside); // the scratch directory goes in the end anyway
            }
        }
    }

    /// How many bytes of undo material are held, in memory and in scratch files.
    pub fn undo_bytes(&self) -> u64 {
        let kept: u64 = self.kept.iter().map(|kept| kept.node.written).sum();
        self.tape.end() - self.tape.start() + kept
    }

    /// Switches recording. Off, changes cost no undo material, and no mark from before can be reached again.
    pub fn set_reversible(&mut self, on: bool) {
        if on != self.reversible {
            self.tape.cut();
            self.drop_kept();
            self.reversible = on;
        }
    }

    /// After a change of one file: if the bytes refused, everything is as before.
    pub(super) fn or_take_back(
        &mut self,
        before: u64,
        done: Result<()>,
        file: FileId,
        old: Shape,
    ) -> Result<()> {
        if done.is_err() {
            if self.reversible {
                let _ = self.play_back(before); // the first error is the one to tell
            } else if let Ok(node) = node_mut(&mut self.slots, "undo", file) {
                node.set_shape(old);
            }
        }
        done
    }

    /// Plays the tape back to a position. What cannot be brought back does not stop the rest; the first error is told.
    pub(super) fn play_back(&mut self, to: u64) -> Result<()> {
        let mut lengths = BTreeSet::new(); // real kind: files whose length is still to be set
        let mut first_error = Ok(());
        while self.tape.end() > to {
            let Some(undo) = pop(&mut self.tape)? else { break };
            let done = match undo {
                Undo::Shape { file, size, written, flushed } => {
                    self.undo_shape(&mut lengths, file, (size, written, flushed))
                }
                other => self.settle(&mut lengths).and(self.undo_one(other)),
            };
            first_error = first_error.and(done);
        }
        first_error.and(self.settle(&mut lengths))
    }

    fn undo_shape(
        &mut self,
        lengths: &mut BTreeSet<FileId>,
        file: FileId,
        old: Shape,
    ) -> Result<()> {
        let grows = old.0 > self.size(file);
        if grows {
            self.settle(lengths)?; // what grows back is zeros, not what was cut only on paper
        }
        let node = node_mut(&mut self.slots, "undo", file)?;
        let (dirty_from, dirty_to) = (old.1, node.written.min(old.0));
        let resized = old.0 != node.size;
        node.set_shape(old);
        match &self.real {
            None => node.content.truncate(old.1),
            Some(real) => {
                if grows {
                    real.set_length(file.0, node, old.0)?; // the zeros below need room
                } else if resized {
                    lengths.insert(file);
                }
                if dirty_from < dirty_to {
                    let zeros = vec![0; (dirty_to - dirty_from) as usize];
                    real.write(file.0, node, dirty_from, &zeros)?;
                }
            }
        }
        Ok(())
    }

    /// Gives the files their lengths.
    fn settle(&mut self, lengths: &mut BTreeSet<FileId>) -> Result<()> {
        let mut first_error = Ok(());
        for file in std::mem::take(lengths) {
            if let (Some(real), Ok(node)) = (&self.real, node_mut(&mut self.slots, "undo", file)) {
                first_error = first_error.and(real.set_length(file.0, node, node.size));
            }
        }
        first_error
    }

    fn undo_one(&mut self, undo: Undo) -> Result<()> {
        match undo {
            Undo::Shape { file, size, written, flushed } => {
                self.undo_shape(&mut BTreeSet::new(), file, (size, written, flushed))
            }
            Undo::Bytes { file, position, bytes } => {
                let node = node_mut(&mut self.slots, "undo", file)?;
                put(self.real.as_ref(), file, node, position, &bytes)
            }
            Undo::Made { file } => {
                let node = self.slots.get_mut(file.0 as usize).and_then(Option::take);
                self.slots.truncate(file.0 as usize);
                let Some(node) = node else { return Err(gone("undo", file)) };
                self.names.remove(&node.path);
                let Some(real) = &self.real else { return Ok(()) };
                real.close(file.0);
                fs::remove_file(real.at(&node.path))
                    .map_err(|e| DiskError::io("undo", &node.path, &e))
            }
            Undo::Removed { file } => {
                let Some(mut kept) = self.kept.pop_back().filter(|kept| kept.file == file) else {
                    return Err(gone("undo", file));
                };
                kept.node.paged = 0; // it may have been copied, with other holes
                let path = kept.node.path.clone();
                let mut done = Ok(());
                if let (Some(real), Some(aside)) = (&self.real, &kept.aside) {
                    done = carry(aside, &real.at(&path), kept.node.written)
                        .map_err(|e| DiskError::io("undo", &path, &e));
                }
                self.slots[file.0 as usize] = Some(kept.node);
                self.names.insert(path, Name::File(file));
                done
            }
            Undo::Renamed { from, to } => self.move_name(&to, &from),
            Undo::MadeDirectory { path } => {
                self.names.remove(&path);
                let Some(real) = &self.real else { return Ok(()) };
                fs::remove_dir(real.at(&path)).map_err(|e| DiskError::io("undo", &path, &e))
            }
            Undo::RemovedDirectory { path } => {
                let mut done = Ok(());
                if let Some(real) = &self.real {
                    done = fs::create_dir(real.at(&path))
                        .map_err(|e| DiskError::io("undo", &path, &e));
                }
                self.names.insert(path, Name::Directory);
                done
            }
            Undo::Fault { prefix, fault } => {
                match fault {
                    Some(fault) => self.faults.insert(prefix, fault),
                    None => self.faults.remove(&prefix),
                };
                Ok(())
            }
        }
    }
}
