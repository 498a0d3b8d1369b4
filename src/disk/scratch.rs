//! A directory of our own for undo material, outside everybody's root, gone when its disk is dropped.
//!
//! It is made when it is first needed and lies in the system's directory for temporary files (or beside the root, if
//! that directory lies inside the root).

use super::error::{DiskError, Result};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

static COUNT: AtomicU64 = AtomicU64::new(0);

/// A scratch directory, perhaps not made yet.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    directory: Option<PathBuf>,
    avoid: Option<PathBuf>,
}

impl Scratch {
    /// A scratch directory that will not lie inside `root`.
    pub fn outside(root: &Path) -> Self {
        Scratch { directory: None, avoid: Some(root.to_path_buf()) }
    }

    /// The directory, if it was needed so far.
    #[cfg(test)]
    pub fn directory(&self) -> Option<&Path> {
        self.directory.as_deref()
    }

    /// The path of a scratch file with this name.
    pub fn file(&mut self, name: &str) -> Result<PathBuf> {
        if let Some(directory) = &self.directory {
            return Ok(directory.join(name));
        }
        #[cfg(not(test))]
        let mut parent = std::env::temp_dir();
        #[cfg(test)]
        let mut parent = crate::quick::temporary();
        if let Some(root) = &self.avoid {
            let inside = parent.canonicalize().is_ok_and(|parent| parent.starts_with(root));
            if let (true, Some(beside)) = (inside, root.parent()) {
                parent = beside.to_path_buf();
            }
        }
        loop {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let directory = parent.join(format!("klab-undo-{}-{number}", std::process::id()));
            match fs::create_dir(&directory) {
                Ok(()) => {
                    let file = directory.join(name);
                    self.directory = Some(directory);
                    return Ok(file);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    let path = directory.display().to_string();
                    return Err(DiskError::io("make the scratch directory", &path, &error));
                }
            }
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some(directory) = &self.directory {
            let _ = fs::remove_dir_all(directory); // at the end there is nobody left to tell
        }
    }
}
