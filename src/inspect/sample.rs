//! A real broker's directory that comes with the lab: unpacked into a temporary directory, gone when it is closed.
//!
//! An archive is a stranger, too: names must be plain and relative, entries files or directories, few and small.

use super::Inspection;
use std::fs;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Files of Kafka 4.3.1; `data/README.md` tells what is inside.
const SAMPLE: &[u8] = include_bytes!("../../data/real-kafka-4.3.tar.gz");
/// Most entries of an archive.
const MOST_ENTRIES: usize = 2_000;
/// Most bytes that come out of it.
const MOST_BYTES: u64 = 64 << 20;

/// A temporary directory that goes when this does.
#[derive(Debug)]
pub(super) struct Unpacked {
    directory: PathBuf,
}

impl Unpacked {
    fn create() -> Result<Unpacked, String> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let temporary = std::env::temp_dir();
        for _ in 0..1000 {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!("klab-real-kafka-{}-{number}", std::process::id());
            let directory = temporary.join(name);
            match fs::create_dir(&directory) {
                Ok(()) => return Ok(Unpacked { directory }),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    return Err(format!(
                        "{}: {error}. TMPDIR may name another directory.",
                        directory.display()
                    ));
                }
            }
        }
        Err(format!("{}: no free name for a temporary directory", temporary.display()))
    }
}

impl Drop for Unpacked {
    fn drop(&mut self) {
        // Nothing sensible can be done here about a directory that does not go.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Unpacks the directory that comes with the lab, and opens it.
pub fn sample() -> Result<Inspection, String> {
    let unpacked = Unpacked::create()?;
    unpack(SAMPLE, &unpacked.directory)?;
    let mut inspection = Inspection::open(&unpacked.directory)?;
    inspection.unpacked = Some(unpacked);
    Ok(inspection)
}

/// Unpacks a `.tar.gz` below a directory. Absolute names, names with `..`, links and the like are refused.
pub fn unpack(archive: &[u8], below: &Path) -> Result<(), String> {
    let bytes = flate2::read::GzDecoder::new(archive).take(MOST_BYTES);
    let mut tar = tar::Archive::new(bytes);
    let wrong = |error: std::io::Error| format!("the archive cannot be read: {error}");
    let (mut count, mut size) = (0, 0);
    for entry in tar.entries().map_err(wrong)? {
        let mut entry = entry.map_err(wrong)?;
        let name = entry.path().map_err(wrong)?.into_owned();
        let shown = name.display().to_string();
        count += 1;
        size += entry.size();
        if count > MOST_ENTRIES || size > MOST_BYTES {
            return Err(format!("{shown}: the archive holds too much"));
        }
        let plain =
            name.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
        if !plain {
            return Err(format!("{shown}: the name leads out of the archive"));
        }
        let path = below.join(&name);
        let failed = |error: std::io::Error| format!("{}: {error}", path.display());
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            fs::create_dir_all(&path).map_err(failed)?;
        } else if kind.is_file() {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(failed)?;
            }
            let mut file = fs::File::create(&path).map_err(failed)?;
            std::io::copy(&mut entry, &mut file).map_err(failed)?;
        } else {
            return Err(format!("{shown}: it is neither a file nor a directory"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(name: &[u8], kind: tar::EntryType) -> Vec<u8> {
        let mut header = tar::Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.set_entry_type(kind);
        header.set_size(3);
        header.set_cksum();
        let mut builder = tar::Builder::new(Vec::new());
        builder.append(&header, &b"abc"[..]).unwrap();
        let tar = builder.into_inner().unwrap();
        let mut gz = flate2::read::GzEncoder::new(&tar[..], flate2::Compression::fast());
        let mut out = Vec::new();
        gz.read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn an_archive_cannot_write_outside_its_place() {
        let directory = tempfile::tempdir().unwrap();
        let inside = directory.path().join("inside");
        fs::create_dir(&inside).unwrap();
        for (name, kind) in [
            (&b"../outside"[..], tar::EntryType::Regular),
            (b"/tmp/klab-outside", tar::EntryType::Regular),
            (b"link", tar::EntryType::Symlink),
            (b"pipe", tar::EntryType::Fifo),
        ] {
            assert!(unpack(&packed(name, kind), &inside).is_err(), "{name:?}");
        }
        unpack(&packed(b"./good/file", tar::EntryType::Regular), &inside).unwrap();
        assert_eq!(fs::read(inside.join("good/file")).unwrap(), b"abc");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        assert!(unpack(b"not an archive", &inside).is_err());
    }

    #[test]
    fn the_sample_goes_when_it_is_closed() {
        let inspection = sample().unwrap();
        let directory = inspection.directory.clone();
        assert!(directory.join("broker-1/plain-0").is_dir());
        drop(inspection);
        assert!(!directory.exists());
    }
}
