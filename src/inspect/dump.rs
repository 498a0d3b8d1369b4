//! `klab dump`: files of log directories through [`crate::dump`], at the speed of the machine, in constant memory.
//!
//! ```text
//!   this thread   walks the headers ─ span 0 ─ span 1 ─ span 2 ─ …            … writes 0, 1, 2, … in order
//!                                       │        │        │                          ▲
//!   workers                             ▼        ▼        ▼                          │
//!                               read, checksum, unpack, format ──────────────────────┘
//! ```
//!
//! What always holds: files are opened for reading only; at most a few spans and their lines are in memory; the lines
//! come in the order of the file, however many threads there are. Left out: nothing is followed through a symbolic link
//! to a directory.

mod parallel;
#[cfg(test)]
mod tests;

use crate::dump::{FileKind, Options, Place, Report, Source, dump};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Logs from this size on are given to several threads.
const LARGE_BYTES: u64 = 8 << 20;

/// How deep directories are walked.
const MOST_LEVELS: usize = 16;

/// A file that is only read.
pub struct ReadFile {
    file: File,
    size_bytes: u64,
}

impl ReadFile {
    /// Opens it.
    pub fn open(path: &Path) -> io::Result<ReadFile> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        Ok(ReadFile { file, size_bytes: metadata.len() })
    }
}

impl Source for ReadFile {
    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }
    fn read_at(&self, position: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut read = 0;
        while read < buffer.len() {
            match self.file.read_at(&mut buffer[read..], position + read as u64) {
                Ok(0) => break,
                Ok(some) => read += some,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }
}

/// The files that paths name: a file stands for itself, a directory for all below it that can be dumped, in the order
/// of their names.
pub fn files(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in paths {
        match path.is_dir() {
            true => below(path, 0, &mut found),
            false => found.push(path.clone()),
        }
    }
    found
}

fn below(directory: &Path, level: usize, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(directory) else {
        found.push(directory.to_path_buf()); // it is told when it is opened
        return;
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let is_link = path.is_symlink();
        if path.is_dir() {
            if !is_link && level < MOST_LEVELS {
                below(&path, level + 1, found);
            }
        } else if FileKind::of(&path.to_string_lossy()).is_some() {
            found.push(path);
        }
    }
}

/// Dumps files one after the other. `take` gets the lines and says whether to go on; `progress` gets the file and how
/// many of its bytes are done.
pub fn dump_files(
    paths: &[PathBuf],
    options: &Options,
    take: &mut dyn FnMut(&[u8]) -> bool,
    progress: &mut dyn FnMut(&Path, u64, u64),
) -> Report {
    let mut report = Report::default();
    let mut open = true;
    for path in files(paths) {
        let mut hand_on = |text: &[u8]| {
            open = open && take(text);
            open
        };
        one(&path, options, &mut report, &mut hand_on, progress);
        if !open {
            break;
        }
    }
    report
}

fn one(
    path: &Path,
    options: &Options,
    report: &mut Report,
    take: &mut dyn FnMut(&[u8]) -> bool,
    progress: &mut dyn FnMut(&Path, u64, u64),
) {
    let text = path.to_string_lossy();
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let absolute = absolute.to_string_lossy();
    let beside = |ending: &str| -> Option<Box<dyn Source>> {
        let name = path.file_name()?.to_string_lossy();
        let stem = name.split('.').next().unwrap_or_default();
        let source = ReadFile::open(&path.with_file_name(format!("{stem}.{ending}"))).ok()?;
        Some(Box::new(source))
    };
    let place = Place { path: &text, absolute: &absolute, beside: &beside };
    let source = match ReadFile::open(path) {
        Ok(source) => source,
        Err(error) => {
            if !options.json {
                take(format!("Dumping {text}\n").as_bytes());
            }
            return report.problem(&text, format!("cannot be opened: {error}"));
        }
    };
    let kind = FileKind::of(&text);
    let is_log = matches!(kind, Some(FileKind::Log | FileKind::Checkpoint));
    let size = options.max_bytes.unwrap_or(u64::MAX).min(source.size_bytes);
    match kind {
        Some(kind) if is_log && size >= LARGE_BYTES => {
            let mut done = |bytes: u64| progress(path, bytes, size);
            parallel::dump_log(kind, options, &place, &source, report, take, &mut done);
        }
        _ => dump(options, &place, &source, report, take),
    }
}
