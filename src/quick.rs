//! For tests that play much: where their files lie, and one test for each track of lessons.
//!
//! A file system that keeps a journal takes its time over ten thousand small files that come and go; one in memory does
//! not, and to the lab it is a real directory all the same. Only tests see this module.

use std::path::PathBuf;
use std::sync::OnceLock;

/// Room that must be there for a file system in memory to be taken.
const ROOM_BYTES: u64 = 1 << 30;

/// Where temporary files of tests lie: `TMPDIR` if it is named, a file system in memory if there is a roomy one, or
/// where the system has them.
pub(crate) fn temporary() -> PathBuf {
    static MEMORY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let memory = || {
        let path = PathBuf::from("/dev/shm");
        let room = rustix::fs::statvfs(&path).ok()?;
        let roomy = room.f_bavail.saturating_mul(room.f_frsize) >= ROOM_BYTES;
        (roomy && tempfile::tempdir_in(&path).is_ok()).then_some(path)
    };
    match std::env::var_os("TMPDIR") {
        Some(named) => named.into(),
        None => MEMORY.get_or_init(memory).clone().unwrap_or_else(std::env::temp_dir),
    }
}

/// A directory there, gone when it is dropped.
pub(crate) fn directory() -> tempfile::TempDir {
    tempfile::tempdir_in(temporary()).expect("a directory")
}

/// One test for each track, by its letter in lower case, so that they run beside each other.
macro_rules! by_track {
    ($play:path: $($letter:ident)*) => {
        $(#[test]
        fn $letter() {
            $play(stringify!($letter));
        })*

        #[test]
        fn no_track_is_left_out() {
            let tracks = crate::lesson::TRACKS.iter().map(|track| track.0.to_ascii_lowercase());
            assert_eq!(tracks.collect::<String>(), [$(stringify!($letter)),*].concat());
        }
    };
}
pub(crate) use by_track;

/// The lessons of a track.
pub(crate) fn of_track<'a>(library: &'a crate::lesson::Library, letter: &str) -> Vec<&'a str> {
    library.ids().into_iter().filter(|id| id.starts_with(letter)).collect()
}
