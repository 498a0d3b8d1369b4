//! Where inputs come from: files of real brokers (`data/fixtures`), by their endings; lessons and golden scripts.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// No seed is larger: a mutation in a megabyte hits nothing.
const MOST_BYTES: usize = 24 << 10;
/// So many seeds of a kind.
const MOST_SEEDS: usize = 400;

/// All files.
pub struct Corpus {
    /// Path to content.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Texts of the language: golden scripts, lessons.
    pub scripts: Vec<Vec<u8>>,
    /// Lesson files.
    pub lessons: Vec<Vec<u8>>,
}

impl Corpus {
    /// Reads everything.
    pub fn load() -> Corpus {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = BTreeMap::new();
        for pack in ["real", "damage"] {
            let path = root.join(format!("data/fixtures/{pack}.tar.zst"));
            let file = std::fs::File::open(&path).expect("data/fixtures");
            let stream = zstd::Decoder::new(file).expect("a zstd stream");
            let mut archive = tar::Archive::new(stream);
            for entry in archive.entries().expect("a tar stream") {
                let mut entry = entry.expect("an entry");
                let name = entry.path().expect("a path").to_string_lossy().into_owned();
                let is_file = entry.header().entry_type().is_file();
                // What the tools printed of them is no input, and of the damaged ones a part is enough.
                let wanted = (name.contains("/data/") || name.contains("/before/"))
                    && !name.contains("/dump/");
                if is_file && wanted {
                    let mut bytes = Vec::new();
                    entry.read_to_end(&mut bytes).expect("its bytes");
                    files.insert(name, bytes);
                }
            }
        }
        let mut texts = BTreeMap::new();
        gather(&root.join("lessons"), &mut texts);
        gather(&root.join("src"), &mut texts);
        let of = |ends: &[&str]| -> Vec<Vec<u8>> {
            let fits = |path: &&String| ends.iter().any(|end| path.ends_with(end));
            texts.keys().filter(fits).map(|path| texts[path].clone()).collect()
        };
        Corpus { files, scripts: of(&[".klab", ".txt", ".golden"]), lessons: of(&[".md"]) }
    }

    /// Files whose names end so, the shorter ones first, none twice.
    pub fn ending(&self, end: &str) -> Vec<Vec<u8>> {
        self.matching(|path| path.ends_with(end))
    }

    /// Files whose paths fit.
    pub fn matching(&self, fits: impl Fn(&str) -> bool) -> Vec<Vec<u8>> {
        let mut found: Vec<Vec<u8>> = self
            .files
            .iter()
            .filter(|(path, _)| fits(path))
            .map(|(_, bytes)| bytes[..bytes.len().min(MOST_BYTES)].to_vec())
            .collect();
        found.sort_by_key(Vec::len);
        found.dedup();
        thin(found)
    }

    /// Entries of logs, each alone: some of every format and codec.
    pub fn entries(&self) -> Vec<Vec<u8>> {
        thin(self.all_entries())
    }

    /// Entries of logs, each alone.
    pub fn all_entries(&self) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        for (_, bytes) in self.files.iter().filter(|(path, _)| path.ends_with(".log")) {
            let mut at = 0;
            while let Some(four) = bytes.get(at + 8..at + 12) {
                let length = u32::from_be_bytes([four[0], four[1], four[2], four[3]]) as usize;
                let Some(entry) = bytes.get(at..at + 12 + length) else { break };
                if length < 14 {
                    break;
                }
                if entry.len() <= MOST_BYTES {
                    found.push(entry.to_vec());
                }
                at += 12 + length;
            }
        }
        found.sort_by_key(|entry| (entry.get(16).copied(), entry.get(22).copied(), entry.len()));
        found.dedup();
        found
    }
}

/// Not more than there is use for, evenly taken.
fn thin(found: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let every = found.len().div_ceil(MOST_SEEDS).max(1);
    found.into_iter().step_by(every).collect()
}

fn gather(directory: &Path, into: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            gather(&path, into);
        } else if !path.to_string_lossy().ends_with(".rs") {
            let bytes = std::fs::read(&path).expect("a file");
            into.insert(path.to_string_lossy().into_owned(), bytes);
        }
    }
}
