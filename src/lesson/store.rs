//! Progress and sessions: small JSON files of the learner, written whole or not at all.
//!
//! ```text
//!   $XDG_DATA_HOME/klab/progress.json      (~/.local/share/klab/… where it is not set)
//! ```
//!
//! A file is written beside, then renamed over the old one, so a crash leaves the old one. A file that cannot be read
//! is moved aside (`progress.json.bad`) before a new one is begun: nothing of the learner's is lost.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The largest file that is read.
const FILE_LIMIT_BYTES: u64 = 16 << 20;

/// Where the learner's files are, if the environment says it.
pub fn data_directory() -> Option<PathBuf> {
    let from =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    from("XDG_DATA_HOME")
        .or_else(|| from("HOME").map(|home| home.join(".local/share")))
        .map(|d| d.join("klab"))
}

/// How far the learner is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The format of this file.
    #[serde(default)]
    pub version: u32,
    /// By lesson.
    #[serde(default)]
    pub lessons: BTreeMap<String, LessonProgress>,
    /// The lesson that was open last.
    #[serde(default)]
    pub last: Option<String>,
    /// The language that was chosen: `en` or `zh`.
    #[serde(default)]
    pub language: Option<String>,
}

/// How far the learner is in one lesson.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LessonProgress {
    /// The step, from 0.
    #[serde(default)]
    pub step: usize,
    /// How many steps it has.
    #[serde(default)]
    pub steps: usize,
    /// Whether the end was reached once.
    #[serde(default)]
    pub done: bool,
    /// Answers by question number.
    #[serde(default)]
    pub answers: BTreeMap<usize, Answer>,
    /// How many hints were asked for.
    #[serde(default)]
    pub hints: usize,
}

/// What the learner predicted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The question.
    pub question: String,
    /// What was said; nothing when the engine answered alone.
    pub said: Option<String>,
    /// What the engine answered.
    pub engine: String,
    /// Whether they agree.
    pub right: bool,
}

/// A session: enough to play it again, hand it in, or make a lesson of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionFile {
    /// The version of klab that wrote it.
    pub klab: String,
    /// The seed.
    pub seed: u64,
    /// The lesson that was played, if one was.
    #[serde(default)]
    pub lesson: Option<String>,
    /// The step of it.
    #[serde(default)]
    pub step: usize,
    /// The commands that were run, the set-up's first.
    pub script: Vec<String>,
    /// Predictions.
    #[serde(default)]
    pub answers: Vec<Answer>,
    /// How many hints were asked for.
    #[serde(default)]
    pub hints: usize,
}

impl Progress {
    /// Reads the file; a fresh one if there is none. A broken one is moved aside, and the second value says so.
    pub fn load(path: &Path) -> io::Result<(Progress, Option<String>)> {
        let fresh = Progress { version: 1, ..Progress::default() };
        match read::<Progress>(path) {
            Ok(progress) => Ok((progress, None)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((fresh, None)),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                let mut aside = path.as_os_str().to_owned();
                aside.push(".bad");
                fs::rename(path, &aside)?;
                let told = format!("{error}; it was kept as {}", Path::new(&aside).display());
                Ok((fresh, Some(told)))
            }
            Err(error) => Err(error),
        }
    }
    /// Writes the file.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        write(path, self)
    }
}

impl SessionFile {
    /// Reads a session.
    pub fn load(path: &Path) -> io::Result<SessionFile> {
        read(path)
    }
    /// Writes a session.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        write(path, self)
    }
    /// The session as a script that can be run.
    pub fn to_script(&self) -> String {
        let mut text = format!("# a session of klab {}, seed {}\n", self.klab, self.seed);
        for line in &self.script {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}

fn read<T: for<'a> Deserialize<'a>>(path: &Path) -> io::Result<T> {
    let invalid = |why: String| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{} cannot be read: {why}", path.display()),
        )
    };
    let size_bytes = fs::metadata(path)?.len();
    if size_bytes > FILE_LIMIT_BYTES {
        return Err(invalid(format!("it has {size_bytes} bytes, {FILE_LIMIT_BYTES} are allowed")));
    }
    serde_json::from_slice(&fs::read(path)?).map_err(|error| invalid(error.to_string()))
}

fn write<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let mut text = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
    text.push('\n');
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.new", std::process::id()));
    let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_comes_back_as_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("deep/progress.json");
        let mut progress = Progress::load(&path).unwrap().0;
        let lesson = LessonProgress { step: 3, steps: 7, ..LessonProgress::default() };
        progress.lessons.insert("a05-offset-lookup".into(), lesson);
        progress.save(&path).unwrap();
        assert_eq!(Progress::load(&path).unwrap(), (progress, None));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_broken_file_is_kept_aside() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("progress.json");
        fs::write(&path, "{\"lessons\": 5").unwrap();
        let (progress, told) = Progress::load(&path).unwrap();
        assert!(progress.lessons.is_empty());
        assert!(told.unwrap().contains("progress.json.bad"));
        assert_eq!(
            fs::read(directory.path().join("progress.json.bad")).unwrap(),
            b"{\"lessons\": 5"
        );
    }

    #[test]
    fn a_session_becomes_a_script() {
        let session = SessionFile {
            klab: "0.1.0".into(),
            seed: 7,
            script: vec!["cluster brokers=3".into(), "topic create orders".into()],
            ..SessionFile::default()
        };
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s.json");
        session.save(&path).unwrap();
        let back = SessionFile::load(&path).unwrap();
        assert_eq!(back, session);
        assert!(crate::script::parse_script("s", &back.to_script(), 1).is_ok());
    }
}
