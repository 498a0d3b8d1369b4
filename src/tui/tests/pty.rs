//! The real terminal, by way of a pseudo-terminal: started, played, and given back on every way out.
//!
//! The program under test is this test binary itself: [`child`] runs the screen when it is started by one of the others
//! (they say so in the environment), and does nothing in an ordinary run.

use super::super::home::Shelf;
use super::super::stage::Stage;
use super::super::{Library, Look, Options, Start, run, run_with};
use super::paper;
use crate::lesson;
use crate::quick::{self, by_track};
use crate::types::Language;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

const MARK: &str = "KLAB_TEST_SCREEN";
/// What the child plays instead of paper: the id of a real lesson, or `sandbox`.
const REAL: &str = "KLAB_TEST_REAL";
const PATIENCE: Duration = Duration::from_secs(20);

struct Shop;

impl Library for Shop {
    fn shelf(&mut self, _: Language) -> Shelf {
        paper::shelf()
    }
    fn open(&mut self, start: &Start, _: Language) -> Result<Box<dyn Stage>, String> {
        assert_ne!(*start, Start::Sandbox, "the sandbox breaks, for the test of panics");
        Ok(Box::new(paper::Paper::new()))
    }
}

/// Runs the screen if one of the tests below started this binary for it.
#[test]
fn child() {
    let Some(directory) = std::env::var_os(MARK) else { return };
    let code = match std::env::var(REAL) {
        Err(_) => run_with(&mut Shop, &Start::Home, &Look::default()),
        Ok(real) => run(&Options {
            lessons: lesson::Library::embedded(),
            start: if real == "sandbox" { Start::Sandbox } else { Start::Lesson(real) },
            progress: Some(Path::new(&directory).join("progress.json")),
            ..Options::default()
        }),
    };
    std::process::exit(i32::from(code.unwrap_or(99)));
}

struct Screen {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    bytes: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    raw: Vec<u8>,
    modes: String,
}

const fn size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

impl Screen {
    fn start() -> Screen {
        Screen::of(size(80, 24), None)
    }

    fn real(what: &str, directory: &Path) -> Screen {
        Screen::of(size(120, 36), Some((what, directory)))
    }

    fn of(size: PtySize, real: Option<(&str, &Path)>) -> Screen {
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(std::env::current_exe().expect("this binary"));
        command.args(["--exact", "tui::tests::pty::child", "--nocapture", "--quiet"]);
        command.env(MARK, "1");
        command.env_remove(REAL);
        if let Some((what, directory)) = real {
            command.env(MARK, directory);
            command.env(REAL, what);
            command.env("TMPDIR", directory);
        }
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env_remove("LC_ALL");
        let modes = modes(pair.master.as_ref());
        let child = pair.slave.spawn_command(command).expect("the child starts");
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let (sender, bytes) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let writer = pair.master.take_writer().expect("a writer");
        let parser = vt100::Parser::new(size.rows, size.cols, 0);
        Screen { child, master: pair.master, writer, bytes, parser, raw: Vec::new(), modes }
    }

    fn wait(&mut self, what: &str, done: impl Fn(&Screen) -> bool) {
        while !done(self) {
            let Ok(bytes) = self.bytes.recv_timeout(PATIENCE) else {
                panic!("no {what} on the screen:\n{}", self.parser.screen().contents());
            };
            self.parser.process(&bytes);
            self.raw.extend(bytes);
        }
    }

    /// Waits for another picture, whole, of a lab that works no more; but not for ever, since a key may change nothing.
    fn changes(&mut self, shown: &str) {
        while !self.is_whole() || self.contents() == shown || self.works() {
            let limit = if self.works() { PATIENCE } else { Duration::from_millis(300) };
            let Ok(bytes) = self.bytes.recv_timeout(limit) else { return };
            self.parser.process(&bytes);
            self.raw.extend(bytes);
        }
    }

    /// Whether a picture has come to its end: after the last cell the cursor is hidden, or put where one types.
    fn is_whole(&self) -> bool {
        self.raw.ends_with(b"\x1b[?25l") || !self.parser.screen().hide_cursor()
    }

    /// Whether a command is under way: then there is only one key, which cancels.
    fn works(&self) -> bool {
        let shown = self.contents();
        shown.trim_end().lines().last().is_some_and(|keys| keys.trim_start().starts_with("Esc"))
    }

    fn until(&mut self, text: &str) {
        self.wait(text, |screen| screen.parser.screen().contents().contains(text));
    }

    fn send(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).expect("the child reads");
        self.writer.flush().expect("the child reads");
    }

    fn resize(&mut self, cols: u16, rows: u16) {
        self.master.resize(size(cols, rows)).expect("another size");
        self.parser.screen_mut().set_size(rows, cols);
    }

    fn contents(&self) -> String {
        self.parser.screen().contents()
    }

    fn signal(&self, name: &str) {
        let pid = self.child.process_id().expect("it runs").to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.expect("kill").success());
    }

    /// Waits until the system has stopped the child: a signal to go on that comes before would be lost.
    fn stopped(&self) {
        use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
        let pid = self.child.process_id().expect("it runs").cast_signed();
        let pid = WaitId::Pid(Pid::from_raw(pid).expect("a process"));
        let options = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let status = waitid(pid, options).expect("a child").expect("its state");
        assert!(status.stopped(), "it ended instead: {status:?}");
    }

    /// Everything is as it was: main screen, cursor, mouse, paste, line mode.
    fn given_back(&mut self) {
        self.wait("end of the other screen", |screen| {
            let screen = screen.parser.screen();
            !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste()
        });
        assert_eq!(self.parser.screen().mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    }

    fn ends(mut self, code: u32) {
        self.given_back();
        let (sender, ended) = channel();
        let mut child = self.child;
        std::thread::spawn(move || {
            let _ = sender.send(child.wait());
        });
        let status = ended.recv_timeout(PATIENCE).expect("it ends").expect("its status");
        assert_eq!(status.exit_code(), code, "{}", self.parser.screen().contents());
        assert_eq!(modes(self.master.as_ref()), self.modes);
    }
}

fn modes(master: &dyn MasterPty) -> String {
    format!(
        "{:?}",
        master.get_termios().map(|modes| (
            modes.local_flags,
            modes.input_flags,
            modes.output_flags
        ))
    )
}

#[test]
fn it_starts_plays_and_gives_the_terminal_back() {
    let mut screen = Screen::start();
    screen.until("Begin here");
    screen.send("\r");
    screen.until("Where will the scan");
    screen.send("\x1b[C");
    screen.until("413");
    screen.send("5");
    screen.until("relative");
    screen.send("q");
    screen.until("Begin here");
    screen.send("q");
    screen.ends(0);
}

#[test]
fn signals_and_ctrl_c_give_the_terminal_back() {
    for (name, code) in [("TERM", 143), ("HUP", 129), ("INT", 130)] {
        let mut screen = Screen::start();
        screen.until("Begin here");
        screen.signal(name);
        screen.ends(code);
    }
    let mut screen = Screen::start();
    screen.until("Begin here");
    screen.send("\x03");
    screen.ends(130);
}

#[test]
fn a_stopped_job_gives_the_terminal_back_and_takes_it_again() {
    let mut screen = Screen::start();
    screen.until("Begin here");
    screen.send("\x1a");
    screen.given_back();
    screen.stopped();
    screen.signal("CONT");
    screen.wait("the other screen", |screen| screen.parser.screen().alternate_screen());
    screen.until("Begin here");
    screen.send("q");
    screen.ends(0);
}

#[test]
fn a_panic_gives_the_terminal_back_and_then_speaks() {
    let mut screen = Screen::start();
    screen.until("Sandbox");
    screen.send("\x1b[F\x1b[A\x1b[A\x1b[A\r");
    screen.until("the sandbox breaks");
    screen.given_back();
}

#[test]
fn a_terminal_with_wide_signs_gets_ascii_and_keys_typed_meanwhile_count() {
    let mut screen = Screen::start();
    screen.wait("question", |screen| screen.raw.windows(4).any(|w| w == b"\x1b[6n"));
    screen.send("\x1b[1;3R\r");
    screen.until("Where will the scan");
    screen.until("#");
    assert!(!screen.parser.screen().contents().contains('▸'));
    screen.send("qq");
    screen.ends(0);
}

#[test]
fn a_closed_terminal_ends_it() {
    let mut screen = Screen::start();
    screen.until("Begin here");
    screen.send("\x1b[B");
    // The reader ends with the next thing it cannot pass on; then nobody holds the terminal any more.
    let Screen { mut child, master, writer, bytes, .. } = screen;
    drop((master, writer, bytes));
    let (sender, ended) = channel();
    std::thread::spawn(move || {
        let _ = sender.send(child.wait());
    });
    assert!(ended.recv_timeout(PATIENCE).expect("it ends").is_ok());
}

/// The lab's own directories are gone.
fn nothing_left(directory: &Path) {
    let left = std::fs::read_dir(directory).expect("the directory").flatten();
    let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
    assert!(left.iter().all(|name| name == "progress.json"), "{left:?}");
}

#[test]
fn resized_while_it_plays_it_still_hears() {
    // A key and a change of size that come in together: the key must not be lost (see `input`).
    let directory = quick::directory();
    for key in ["q", "\x03"] {
        let mut screen = Screen::real("h01", directory.path());
        screen.until("1/");
        screen.send(" ");
        for (cols, rows) in [(200, 60), (20, 5), (100, 30)] {
            screen.resize(cols, rows);
            screen.send("T");
        }
        screen.send(key);
        screen.ends(if key == "q" { 0 } else { 130 });
        nothing_left(directory.path());
    }
}

#[test]
fn a_signal_at_any_moment_leaves_nothing_behind() {
    let directory = quick::directory();
    for (name, code) in [("TERM", 143), ("HUP", 129), ("INT", 130)] {
        // As soon as the terminal is taken: the lab is on the disk, and the screen has not been drawn yet.
        let mut screen = Screen::real("sandbox", directory.path());
        screen.wait("the other screen", |screen| screen.parser.screen().alternate_screen());
        screen.signal(name);
        screen.ends(code);
        nothing_left(directory.path());
    }
    let mut screen = Screen::real("sandbox", directory.path());
    screen.wait("the other screen", |screen| screen.parser.screen().alternate_screen());
    screen.send("\x03");
    screen.ends(130);
    nothing_left(directory.path());
}

mod real_lessons_are_played_to_their_end_on_a_real_terminal {
    super::by_track!(super::play_track: a b c d e f g h m);
}

fn play_track(track: &str) {
    let library = lesson::Library::embedded();
    for id in quick::of_track(&library, track) {
        let directory = quick::directory();
        let mut screen = Screen::real(id, directory.path());
        screen.until("1/");
        let mut keys = 0;
        while !screen.contents().contains("The lesson is done") {
            keys += 1;
            assert!(keys < 600, "{id} does not end:\n{}", screen.contents());
            let shown = screen.contents();
            let last = shown.trim_end().lines().last().unwrap_or_default().trim();
            let asked = last.starts_with("1-") || last.starts_with("1 ");
            let typed = last.starts_with("Enter answer");
            screen.send(if typed {
                "\r0\r"
            } else if asked {
                "1"
            } else {
                "\x1b[6~"
            });
            screen.changes(&shown);
        }
        screen.send("q");
        screen.ends(0);
        nothing_left(directory.path());
    }
}

#[test]
fn the_cell_that_the_question_was_written_over_is_drawn_again() {
    let mut screen = Screen::of(size(20, 5), None);
    screen.wait("question", |screen| screen.raw.windows(4).any(|w| w == b"\x1b[6n"));
    screen.send("\x1b[1;2R");
    screen.wait("blank", |screen| screen.raw.windows(8).any(|w| w == b"\x1b[1;1H \x1b"));
    screen.wait("first letter", |screen| screen.contents().starts_with("terminal too"));
    screen.send("q");
    screen.ends(0);
}
