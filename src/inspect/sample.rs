//! Directories of real brokers that come with the lab: unpacked into a temporary directory, gone when it is closed.
//!
//! An archive is a stranger, too: names must be plain and relative, entries files or directories, few and small.

use super::Inspection;
use crate::types::Language;
use std::fs;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Files of Kafka 4.3.1; `data/README.md` tells what is inside.
const SAMPLE: &[u8] = include_bytes!("../../data/real-kafka-4.3.tar.gz");
/// Directories of brokers of several versions, the same that the tests read; `data/fixtures` holds them.
const PACK: &[u8] = include_bytes!("../../data/fixtures/real.tar.zst");
/// Most entries of an archive.
const MOST_ENTRIES: usize = 4_000;
/// Most bytes that come out of it.
const MOST_BYTES: u64 = 128 << 20;

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

/// A directory of a real broker that comes with the lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// What `--sample` calls it.
    pub name: &'static str,
    /// Who wrote it.
    pub origin: &'static str,
    english: &'static str,
    chinese: &'static str,
    /// Where it lies in the pack of all; empty: in an archive of its own.
    inside: &'static str,
}

impl Sample {
    /// What is worth seeing in it.
    pub fn about(&self, language: Language) -> &'static str {
        language.pick(self.english, self.chinese)
    }
}

const fn packed(
    name: &'static str,
    origin: &'static str,
    english: &'static str,
    chinese: &'static str,
    inside: &'static str,
) -> Sample {
    Sample { name, origin, english, chinese, inside }
}

/// All of them. The first is the one that is opened when none is named.
const SAMPLES: [Sample; 8] = [
    packed(
        "plain",
        "Kafka 4.3.1",
        "one broker: codecs, leader epochs, times out of order",
        "一个 broker：压缩、领导者纪元、乱序时间",
        "",
    ),
    packed(
        "transactions",
        "Kafka 4.3.1",
        "transactions, groups of all kinds, internal topics",
        "事务、各种消费组、内部主题",
        "kraft-4.3-txn/data/",
    ),
    packed(
        "compaction",
        "Kafka 4.3.1",
        "compacted logs, tombstones, what the cleaner left",
        "压实日志、墓碑、清理器留下的文件",
        "kraft-4.3-compact/data/",
    ),
    packed(
        "retention",
        "Kafka 4.3.1",
        "retention, deleted records and topics",
        "保留策略、被删除的记录和主题",
        "kraft-4.3-retention/data/",
    ),
    packed(
        "zookeeper",
        "Kafka 3.9.1",
        "three brokers in ZooKeeper mode",
        "ZooKeeper 模式的三个 broker",
        "zk-3.9/data/",
    ),
    packed(
        "mixed",
        "Kafka 3.9.1",
        "formats 0, 1 and 2 in one log: upgrades in mid-log",
        "同一日志中有 0、1、2 三种格式：中途升级",
        "mixed-format/data/",
    ),
    packed(
        "2.1",
        "Kafka 2.1.1",
        "three brokers: formats 0, 1 and 2, five codecs",
        "三个 broker：0、1、2 三种格式，五种压缩",
        "kafka-2.1.1-3broker-realdata/",
    ),
    packed(
        "0.10",
        "Kafka 0.10.2.1",
        "message sets of format 0 and 1, four codecs",
        "0 和 1 格式的消息集，四种压缩",
        "kafka-0.10.2.1-realdata/data/",
    ),
];

/// The directories of real brokers that come with the lab.
pub fn samples() -> &'static [Sample] {
    &SAMPLES
}

/// Unpacks the directory that comes with the lab, and opens it.
pub fn sample() -> Result<Inspection, String> {
    sample_named(SAMPLES[0].name)
}

/// The same by name. The error is a sentence.
pub fn sample_named(name: &str) -> Result<Inspection, String> {
    let names = || SAMPLES.map(|sample| sample.name).join(", ");
    let sample = SAMPLES.iter().find(|sample| sample.name == name);
    let sample =
        sample.ok_or_else(|| format!("no sample is called '{name}'; there are {}", names()))?;
    let unpacked = Unpacked::create()?;
    let below = unpacked.directory.as_path();
    match sample.inside {
        "" => unpack(SAMPLE, below)?,
        inside => {
            let wrong = |error: std::io::Error| format!("the pack cannot be read: {error}");
            let stream = zstd::Decoder::new(PACK).map_err(wrong)?;
            unpack_stream(stream, below, inside)?;
        }
    }
    let mut inspection = Inspection::open(below)?;
    inspection.sample = Some(*sample);
    inspection.unpacked = Some(unpacked);
    Ok(inspection)
}

/// Unpacks a `.tar.gz` below a directory. Absolute names, names with `..`, links and the like are refused.
pub fn unpack(archive: &[u8], below: &Path) -> Result<(), String> {
    unpack_stream(flate2::read::GzDecoder::new(archive), below, "")
}

/// Unpacks what lies under a prefix of a tar stream, without the prefix.
fn unpack_stream(stream: impl Read, below: &Path, prefix: &str) -> Result<(), String> {
    let mut tar = tar::Archive::new(stream.take(MOST_BYTES));
    let wrong = |error: std::io::Error| format!("the archive cannot be read: {error}");
    let (mut count, mut size) = (0, 0);
    for entry in tar.entries().map_err(wrong)? {
        let mut entry = entry.map_err(wrong)?;
        let name = entry.path().map_err(wrong)?.into_owned();
        let shown = name.display().to_string();
        let Ok(name) = name.strip_prefix(prefix).map(Path::to_path_buf) else { continue };
        if name.as_os_str().is_empty() {
            continue;
        }
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
