//! Where a headless run keeps the cluster's files, and how they go.
//!
//! ```text
//!   (nothing)      memory: nobody could look in anyhow
//!   --keep         a new temporary directory, named at the end, left there
//!   --dir D        D, new or empty; emptied again at the end (removed, if it was new)
//!   --dir D --keep D, left there
//! ```
//!
//! What always holds: nothing is removed that was there before; a second `cluster` of the same script begins in the
//! same place, anew.

use crate::disk::Disk;
use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// The place of a run's files. What must go, goes when it is dropped.
#[derive(Debug)]
pub struct FilesPlace {
    directory: Option<PathBuf>,
    keep: bool,
    was_there: bool,
    used: Rc<Cell<bool>>,
}

impl FilesPlace {
    /// Chooses the place; nothing is made yet.
    pub fn choose(directory: Option<&Path>, keep: bool) -> FilesPlace {
        let directory = match (directory, keep) {
            (Some(directory), _) => Some(directory.to_path_buf()),
            (None, true) => Some(free_name(&std::env::temp_dir())),
            (None, false) => None,
        };
        let was_there = directory.as_deref().is_some_and(Path::exists);
        FilesPlace { directory, keep, was_there, used: Rc::default() }
    }

    /// The directory, if the files stay.
    pub fn kept(&self) -> Option<&Path> {
        self.directory.as_deref().filter(|_| self.keep && self.used.get())
    }

    /// What makes a disk there, each time that it is called.
    pub fn maker(&self) -> impl FnMut() -> Result<Disk, String> + 'static {
        let (directory, used) = (self.directory.clone(), Rc::clone(&self.used));
        move || {
            let Some(directory) = &directory else { return Ok(Disk::memory()) };
            if used.get() {
                empty(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
            }
            let disk = Disk::real(directory).map_err(|error| error.to_string())?;
            used.set(true);
            Ok(disk)
        }
    }
}

impl Drop for FilesPlace {
    fn drop(&mut self) {
        let Some(directory) = self.directory.as_deref().filter(|_| !self.keep && self.used.get())
        else {
            return;
        };
        // What cannot be removed stays and is seen; the run itself is over.
        let _ = match self.was_there {
            true => empty(directory),
            false => fs::remove_dir_all(directory),
        };
    }
}

/// Removes what lies in a directory that held nothing before us.
fn empty(directory: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() { fs::remove_dir_all(path)? } else { fs::remove_file(path)? }
    }
    Ok(())
}

fn free_name(parent: &Path) -> PathBuf {
    let mut number = 0;
    loop {
        let name = parent.join(format!("klab-{}-{number}", std::process::id()));
        if !name.exists() {
            return name;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_go_unless_they_are_kept_and_what_was_there_stays() {
        let parent = tempfile::tempdir().unwrap();
        for (name, was_there) in [("new", false), ("empty", true)] {
            let directory = parent.path().join(name);
            if was_there {
                fs::create_dir(&directory).unwrap();
            }
            for keep in [false, true] {
                let place = FilesPlace::choose(Some(&directory), keep);
                let mut make = place.maker();
                make().unwrap().create("broker-1/meta.properties").unwrap();
                make().unwrap().create("broker-2/meta.properties").unwrap();
                assert!(!directory.join("broker-1").exists(), "the second one begins anew");
                assert_eq!(place.kept(), Some(directory.as_path()).filter(|_| keep));
                drop(place);
                assert_eq!(directory.join("broker-2").exists(), keep);
                assert_eq!(directory.exists(), keep || was_there);
            }
        }
        let full = FilesPlace::choose(Some(&parent.path().join("new")), false);
        let error = full.maker()().unwrap_err();
        assert!(error.contains("not empty"), "{error}");
        drop(full);
        assert!(parent.path().join("new/broker-2").exists(), "what was refused is left alone");
    }

    #[test]
    fn without_a_directory_the_files_are_in_memory() {
        let place = FilesPlace::choose(None, false);
        assert!(place.maker()().unwrap().is_memory());
        assert_eq!(place.kept(), None);
    }
}
