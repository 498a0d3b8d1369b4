//! Where an experiment keeps its files: a directory of its own that goes with it, and what is known of the device.
//!
//! ```text
//!   --dir D, or the system's place for temporary files ──► D/klab-perf-4711-0/ … ──► gone: end, error, Ctrl-C
//! ```
//!
//! What always holds: nothing is made unless it and a reserve fit; nothing is removed that was there before. A program
//! that is killed outright (`kill -9`) leaves its directory behind, under a name that says whose it was.

use super::bench::{PerfError, Result};
use crate::types::Language;
use std::fs;
use std::path::{Path, PathBuf};

/// What must be left on the device for everybody else.
const RESERVE_BYTES: u64 = 64 << 20;
/// The kind of file system that is only memory (`statfs`, Linux).
#[cfg(target_os = "linux")]
const TMPFS: i64 = 0x0102_1994;

/// A directory that goes when it is dropped.
#[derive(Debug)]
pub struct Place {
    directory: PathBuf,
    is_memory: bool,
}

impl Place {
    /// Makes one with room for `bytes`.
    pub fn make(parent: Option<&Path>, bytes: u64, language: Language) -> Result<Place> {
        let parent = parent.map_or_else(std::env::temp_dir, Path::to_path_buf);
        let told = |error: std::io::Error| {
            let advice = language.pick("Name another with --dir.", "请用 --dir 指定别的目录。");
            PerfError::Failed(format!("{}: {error}. {advice}", parent.display()))
        };
        let space = rustix::fs::statvfs(&parent).map_err(|error| told(error.into()))?;
        let (free, needed) = (space.f_bavail.saturating_mul(space.f_frsize), bytes + RESERVE_BYTES);
        if free < needed {
            let (free, needed) = (free >> 20, needed >> 20);
            return Err(PerfError::Failed(match language {
                Language::English => format!(
                    "{} has {free} MiB free and the experiment wants {needed}. Name another directory with --dir.",
                    parent.display()
                ),
                Language::Chinese => format!(
                    "{} 只剩 {free} MiB，实验需要 {needed} MiB。请用 --dir 指定别的目录。",
                    parent.display()
                ),
            }));
        }
        let directory = free_name(&parent);
        fs::create_dir(&directory).map_err(told)?;
        Ok(Place { is_memory: is_memory(&directory), directory })
    }

    /// A file's path.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// What is known of the device, in sentences.
    pub fn notes(&self, language: Language) -> Vec<String> {
        let parent = self.directory.parent().unwrap_or(Path::new("."));
        let mut notes = vec![match language {
            Language::English => format!("Files were in {}; they are gone.", parent.display()),
            Language::Chinese => format!("文件曾放在 {}，现已删除。", parent.display()),
        }];
        if self.is_memory {
            let note = language.pick(
                "That directory is memory (tmpfs), not a disk: fsync costs nothing there. Name one on a disk with --dir.",
                "该目录是内存（tmpfs）而不是磁盘：fsync 在那里没有代价。请用 --dir 指定磁盘上的目录。",
            );
            notes.push(note.to_owned());
        }
        notes
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What cannot be removed stays and is seen: its name says whose it is.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

#[cfg(target_os = "linux")]
fn is_memory(directory: &Path) -> bool {
    rustix::fs::statfs(directory).is_ok_and(|known| known.f_type == TMPFS)
}

#[cfg(not(target_os = "linux"))]
fn is_memory(_: &Path) -> bool {
    false
}

fn free_name(parent: &Path) -> PathBuf {
    let name = |number: u32| parent.join(format!("klab-perf-{}-{number}", std::process::id()));
    (0..).map(name).find(|path| !path.exists()).unwrap_or_else(|| name(0))
}
