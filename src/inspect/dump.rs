//! `klab dump`: files of log directories through [`crate::dump`], at the speed of the machine, in constant memory.
//!
//! ```text
//!   this thread   walks the headers ─ span 0 ─ span 1 ─ span 2 ─ …            … writes 0, 1, 2, … in order
//!                                       │        │        │                          ▲
//!   workers                             ▼        ▼        ▼                          │
//!                               read, checksum, unpack, format ──────────────────────┘
//! ```
//!
//! What always holds: only regular files are opened, for reading; at most a few spans and their lines are in memory;
//! the lines come in the order of the file, however many threads there are. Left out: nothing is followed through a
//! symbolic link to a directory.

mod parallel;
#[cfg(test)]
mod tests;

use crate::dump::{FileKind, Options, Place, Report, Source, dump};
use rustix::fs::OFlags;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
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
    /// Opens it if it is a regular file: a pipe would wait for a writer, a device may act on being opened.
    pub fn open(path: &Path) -> io::Result<ReadFile> {
        let regular = |metadata: Metadata| match metadata.is_file() {
            true => Ok(metadata),
            false => Err(io::Error::other("it is no regular file")),
        };
        regular(std::fs::metadata(path)?)?;
        // Should a pipe have come in between, opening it does not wait.
        let flags = OFlags::NONBLOCK.bits() as i32;
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
        let size_bytes = regular(file.metadata()?)?.len();
        Ok(ReadFile { file, size_bytes })
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
    let mut found = Vec::new();
    for path in paths {
        let inside = files(std::slice::from_ref(path));
        if inside.is_empty() {
            let what = "nothing in it can be dumped (.log .index .timeindex .txnindex .snapshot .checkpoint)";
            report.problem(&path.to_string_lossy(), what);
        }
        found.extend(inside);
    }
    for path in found {
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
