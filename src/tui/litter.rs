//! Directories that must be gone when the program is, whichever way it goes.
//!
//! ```text
//!   the disk was made ─► leave(path) ─► remove(path)   the stage is left, the shop is closed, a panic unwinds
//!                                    └► remove_all()   a second signal, or a loop that hears nothing any more
//! ```
//!
//! What always holds: only a directory that the lab itself filled is ever removed (a `--dir` that was refused because
//! somebody's files are in it is never in the list); one that was there before, empty, is there again. Left out:
//! SIGKILL, which nobody can answer.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The directories, and whether each was there before.
static LITTER: Mutex<BTreeMap<PathBuf, bool>> = Mutex::new(BTreeMap::new());

fn litter() -> MutexGuard<'static, BTreeMap<PathBuf, bool>> {
    LITTER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where this process puts its temporary directories.
pub fn parent() -> PathBuf {
    std::env::temp_dir().join(format!("klab-{}", std::process::id()))
}

/// This directory is the lab's from now on, and is to be removed in the end.
pub fn leave(path: &Path, was_there: bool) {
    litter().entry(path.to_owned()).or_insert(was_there);
}

/// Removes a directory, if it is the lab's to remove.
pub fn remove(path: &Path) {
    let found = litter().remove(path);
    if let Some(was_there) = found {
        clear(path, was_there);
    }
}

/// Removes everything at once: for a way out on which nothing is dropped.
pub fn remove_all() {
    let all = std::mem::take(&mut *litter());
    for (path, was_there) in all {
        clear(&path, was_there);
    }
    let undo = format!("klab-undo-{}-", std::process::id());
    for entry in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(&undo) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn clear(path: &Path, was_there: bool) {
    // Somebody may still be writing there when the program is torn down; then a second try does it.
    for _ in 0..3 {
        let _ = fs::remove_dir_all(path);
        if !path.exists() {
            break;
        }
    }
    if was_there {
        let _ = fs::create_dir(path);
    }
    let parent = parent();
    if path.starts_with(&parent) {
        let _ = fs::remove_dir(parent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_lab_filled_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let [theirs, new, old] = ["theirs", "new", "old"].map(|name| directory.path().join(name));
        for path in [&theirs, &new, &old] {
            fs::create_dir(path).unwrap();
            fs::write(path.join("file"), "x").unwrap();
        }
        leave(&new, false);
        leave(&old, true);
        for path in [&theirs, &new, &old] {
            remove(path);
        }
        assert!(theirs.join("file").exists());
        assert!(!new.exists());
        assert!(old.exists() && !old.join("file").exists());
    }
}
