//! Which log directories are meant, and their copies.
//!
//! ```text
//!   DIR = a log directory            meta.properties, checkpoints, orders-0/ …   → OUT/its name
//!   DIR = a folder of them           broker-1/ broker-2/ …                       → OUT/broker-1, OUT/broker-2
//! ```
//!
//! What always holds: nothing is written below DIR; files are copied in pieces, and pieces of zeros (holes of a
//! sparse file, an index that was not trimmed) become holes. A directory of `log.dirs` that is a file or is not there
//! is so in the copy too: what a broker makes of that is the start's affair. Left out: `.lock`, links (they are
//! named), and what is neither file nor directory.

use crate::disk::Disk;
use crate::storage::META_PROPERTIES;
use crate::types::TopicPartition;
use std::path::{Path, PathBuf};

/// Bytes that are copied at once.
const PIECE_BYTES: usize = 1 << 16;
/// A piece of a hole.
static ZEROS: [u8; PIECE_BYTES] = [0; PIECE_BYTES];
/// Directories below one another are followed this far: a log directory has two levels.
const MOST_LEVELS: usize = 8;

/// One log directory that was found.
pub(super) struct Source {
    pub path: PathBuf,
    pub name: String,
    pub node: Option<String>,
    /// `cluster.id` in `meta.properties`.
    pub cluster: Option<String>,
    /// The metadata log of a controller lies in it.
    pub controls: bool,
}

/// The log directories that are meant, with names that differ.
pub(super) fn find(given: &[PathBuf]) -> Result<Vec<Source>, String> {
    let mut sources: Vec<Source> = Vec::new();
    for path in given {
        if given.len() > 1 && !path.is_dir() {
            let name = name_of(path, &sources);
            let path = path.clone();
            sources.push(Source { path, name, node: None, cluster: None, controls: false });
            continue;
        }
        let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let disk = Disk::read_only(path).map_err(|error| wrong(&error))?;
        let entries = disk.list("").map_err(|error| wrong(&error))?;
        if entries.iter().any(|entry| entry.name.ends_with(".log")) {
            return Err(wrong(&"this is one partition's directory. Give the directory above it."));
        }
        let mut found = Vec::new();
        if is_log_directory(&disk, "") {
            found.push((path.clone(), ""));
        } else {
            for entry in entries.iter().filter(|entry| entry.is_directory) {
                if is_log_directory(&disk, &entry.name) {
                    found.push((path.join(&entry.name), &entry.name));
                }
            }
        }
        let known = |path: &PathBuf| {
            let real = path.canonicalize().ok();
            sources.iter().any(|source| source.path.canonicalize().ok() == real)
        };
        if let Some((twice, _)) = found.iter().find(|(path, _)| known(path)) {
            return Err(format!("{}: this log directory is given twice", twice.display()));
        }
        if found.is_empty() {
            let why = "there is no log directory of a broker here (meta.properties, checkpoints, topic-0 …)";
            return Err(wrong(&why));
        }
        for (path, inside) in found {
            let name = name_of(&path, &sources);
            let node = node_of(&disk, inside);
            let number = node.as_deref().and_then(|node| node.parse().ok());
            let controls =
                number.is_some_and(|node| super::strays::is_controller(&disk, inside, node));
            let cluster = property(&disk, inside, "cluster.id");
            sources.push(Source { node, path, name, cluster, controls });
        }
    }
    if sources.iter().all(|source| !source.path.is_dir()) {
        let path = given.first().map(|path| path.display().to_string()).unwrap_or_default();
        return Err(format!("{path}: none of these is a directory"));
    }
    Ok(sources)
}

/// The name below OUT: the directory's own, with a number where it is taken.
fn name_of(path: &Path, sources: &[Source]) -> String {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let plain = real
        .file_name()
        .map_or_else(|| "log-dir".to_string(), |name| name.to_string_lossy().into_owned());
    let taken = |name: &str| sources.iter().any(|source| source.name == name);
    let (mut name, mut count) = (plain.clone(), 1);
    while taken(&name) {
        count += 1;
        name = format!("{plain}-{count}");
    }
    name
}

pub(super) fn at(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_string() } else { format!("{directory}/{name}") }
}

fn is_log_directory(disk: &Disk, directory: &str) -> bool {
    let entries = disk.list(directory).unwrap_or_default();
    entries.iter().any(|entry| match entry.is_directory {
        false => entry.name == META_PROPERTIES || entry.name.ends_with("-offset-checkpoint"),
        true => {
            let inside = || disk.list(&at(directory, &entry.name)).unwrap_or_default();
            TopicPartition::parse(&entry.name).is_some()
                && inside().iter().any(|entry| entry.name.ends_with(".log"))
        }
    })
}

/// The number of the node whose directories these copies are, if one of them says it.
pub(super) fn node_id(disk: &Disk, directories: &[String]) -> Option<u32> {
    directories.iter().find_map(|name| node_of(disk, name)?.parse().ok())
}

/// Whose directory it is, if `meta.properties` says so.
fn node_of(disk: &Disk, directory: &str) -> Option<String> {
    property(disk, directory, "node.id").or_else(|| property(disk, directory, "broker.id"))
}

/// A line of `meta.properties`.
pub(super) fn property(disk: &Disk, directory: &str, name: &str) -> Option<String> {
    let bytes = disk.read_small(&at(directory, META_PROPERTIES)).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let value = |line: &str| line.strip_prefix(name)?.strip_prefix('=').map(str::to_string);
    text.lines().find_map(value)
}

/// Copies one log directory; answers the links that were left out. `stop` is asked before each piece.
pub(super) fn copy(
    from: &Path,
    name: &str,
    disk: &mut Disk,
    stop: &dyn Fn() -> bool,
) -> Result<Vec<String>, String> {
    let wrong = |error: crate::disk::DiskError| error.to_string();
    let mut links = Vec::new();
    if !from.is_dir() {
        if let (true, Some(above), Some(own)) = (from.is_file(), from.parent(), from.file_name()) {
            let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
            let mut source = Disk::read_only(above).map_err(wrong)?;
            let own = own.to_string_lossy();
            if !copy_file(&mut source, &own, disk, name, stop).map_err(wrong)? {
                return Err("interrupted".to_string());
            }
        }
        return Ok(links);
    }
    let mut source = Disk::read_only(from).map_err(wrong)?;
    disk.create_directory(name).map_err(wrong)?;
    let mut waiting = vec![(String::new(), 0)];
    while let Some((directory, level)) = waiting.pop() {
        for entry in source.list(&directory).map_err(wrong)? {
            let path = at(&directory, &entry.name);
            let target = format!("{name}/{path}");
            if from.join(&path).is_symlink() {
                links.push(path);
            } else if entry.is_directory {
                if level >= MOST_LEVELS {
                    return Err(format!(
                        "{}: directories lie too deep in one another",
                        from.display()
                    ));
                }
                disk.create_directory(&target).map_err(wrong)?;
                waiting.push((path, level + 1));
            } else if entry.name != ".lock"
                && !copy_file(&mut source, &path, disk, &target, stop).map_err(wrong)?
            {
                return Err("interrupted".to_string());
            }
        }
    }
    Ok(links)
}

/// Copies one file; false: it was told to stop.
fn copy_file(
    source: &mut Disk,
    path: &str,
    disk: &mut Disk,
    target: &str,
    stop: &dyn Fn() -> bool,
) -> crate::disk::Result<bool> {
    let from = source.open(path)?;
    let size = source.size(from);
    let mapped = target.ends_with(".index") || target.ends_with(".timeindex");
    let mapped = mapped && size <= i32::MAX as u64;
    let to = if mapped { disk.create_mapped(target, size)? } else { disk.create(target)? };
    let mut position = 0;
    while position < size {
        if stop() {
            return Ok(false);
        }
        let piece = source.read(from, position, PIECE_BYTES.min((size - position) as usize))?;
        if piece.is_empty() {
            break;
        }
        let filled = piece[..] != ZEROS[..piece.len()];
        if let (true, Some(last)) = (filled, piece.iter().rposition(|byte| *byte != 0)) {
            if mapped {
                disk.write_at(to, position, &piece[..=last])?;
            } else {
                disk.resize(to, position)?; // zeros that were passed over
                disk.append(to, &piece[..=last])?;
            }
        }
        position += piece.len() as u64;
    }
    if !mapped {
        disk.resize(to, position)?;
    }
    source.close(from);
    disk.close(to);
    Ok(true)
}
