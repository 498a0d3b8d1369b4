//! Where inputs lie that a target reads as files: one directory for the whole run, in memory where the machine has such
//! a place (`/dev/shm`), so that the time goes into the code and not into making and removing directories.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use tempfile::TempDir;

static PLACE: Mutex<Option<TempDir>> = Mutex::new(None);

/// A directory of this name that holds just these files. Files that were there before are written over or removed.
pub fn with(name: &str, files: &[(&str, &[u8])]) -> PathBuf {
    let mut place = PLACE.lock().unwrap_or_else(|broken| broken.into_inner());
    let root = place.get_or_insert_with(|| {
        let builder = || tempfile::Builder::new().prefix("klab-fuzz-").to_owned();
        builder().tempdir_in("/dev/shm").or_else(|_| builder().tempdir()).expect("a directory")
    });
    let directory = root.path().join(name);
    for (name, bytes) in files {
        let path = directory.join(name);
        if std::fs::write(&path, bytes).is_err() {
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a new directory");
            std::fs::write(&path, bytes).expect("room");
        }
    }
    remove_others(&directory, &directory, files);
    directory
}

fn remove_others(top: &Path, directory: &Path, files: &[(&str, &[u8])]) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            remove_others(top, &path, files);
        } else if !files.iter().any(|(name, _)| top.join(name) == path) {
            let _ = std::fs::remove_file(&path);
        }
    }
}

/// The end of the run: the directory goes.
pub fn remove() {
    if let Ok(mut place) = PLACE.lock() {
        place.take();
    }
}
