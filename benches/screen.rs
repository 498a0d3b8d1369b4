//! How fast the screen is: one frame at 200×60, the start of a lesson, and the time from the start of the program to
//! its first frame beside a bare ratatui program in the same run.
//!
//! `cargo bench --bench screen`. The program is run in a pseudo-terminal; this bench runs itself with `--bare` for the
//! peer, which draws one line of text and leaves.

#![allow(clippy::disallowed_methods)] // a benchmark needs a real clock

use klab::lesson::{Event, Library, Player};
use klab::script::Session;
use klab::tui::app::Event as ScreenEvent;
use klab::tui::{Options, Start, paper};
use klab::types::Language;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::io::{Read, Write};
use std::time::{Duration, Instant};

fn percentile(times: &mut [Duration], part: f64) -> Duration {
    times.sort_unstable();
    times[((times.len() - 1) as f64 * part) as usize]
}

/// The peer: as little as a ratatui program can be.
fn bare() {
    let mut terminal = ratatui::init();
    let _ = terminal.draw(|frame| frame.render_widget("bare ratatui", frame.area()));
    ratatui::restore();
}

/// From the start of `program` to its first frame: until `marker`, a word without blanks, is on the screen.
fn first_frame(program: &str, arguments: &[&str], marker: &str) -> Duration {
    let size = PtySize { rows: 60, cols: 200, pixel_width: 0, pixel_height: 0 };
    let pty = native_pty_system().openpty(size).expect("a pseudo-terminal");
    let mut command = CommandBuilder::new(program);
    command.args(arguments);
    command.env("TERM", "xterm-256color");
    let mut reader = pty.master.try_clone_reader().expect("its reading end");
    let begin = Instant::now();
    let mut child = pty.slave.spawn_command(command).expect("the program");
    drop(pty.slave); // so that reading ends when the program does
    let mut seen = Vec::new();
    let mut part = [0; 4096];
    let took = loop {
        let read = reader.read(&mut part).unwrap_or(0);
        seen.extend_from_slice(&part[..read]);
        if read == 0 || String::from_utf8_lossy(&seen).contains(marker) {
            break begin.elapsed();
        }
    };
    if let Ok(mut writer) = pty.master.take_writer() {
        let _ = writer.write_all(b"q");
    }
    let _ = child.kill();
    let _ = child.wait();
    took
}

fn lesson(id: &str) -> Player {
    let library = Library::embedded();
    let lesson = library.load(id, Language::English).expect("an embedded lesson");
    Player::new(lesson.into(), Session::in_memory(Language::English)).expect("a lesson that begins")
}

/// Frames of the cluster pane over 100 brokers and 10,000 partitions: still, scrolled, filtered, and while it runs.
fn many_partitions(options: &Options) {
    // Thirty thousand directories: where there is a disk of memory, there.
    let memory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    let directory = memory.expect("a directory");
    let options = Options { dir: Some(directory.path().join("files")), ..options.clone() };
    let (mut app, _shop) =
        paper::open(&options, &Start::Sandbox, Language::English, (160, 50)).expect("a sandbox");
    let key = |code| ScreenEvent::Key(crossterm::event::KeyEvent::from(code));
    use crossterm::event::KeyCode::{Char, Down, Enter, Right};
    let press = |app: &mut klab::tui::app::App, code| {
        app.on_event(key(code));
        paper::settle(app);
    };
    let begin = Instant::now();
    // Kafka takes no more than so many partitions in one request.
    let topics =
        (0..10).map(|n| format!("topic create wide{n} partitions=1000 replication-factor=3"));
    for line in std::iter::once("cluster brokers=100".to_owned()).chain(topics) {
        for c in format!(":{line}").chars() {
            press(&mut app, Char(c));
        }
        press(&mut app, Enter);
    }
    let rows = {
        press(&mut app, Char('2'));
        let bench = app.bench.as_ref().expect("a bench");
        let canvas = bench.canvas(app.area);
        let focus = bench.focus_of(klab::tui::stage::Pane::Cluster);
        let picture = bench.stage.picture(klab::tui::stage::Pane::Cluster, &focus, &canvas);
        picture.part.map_or(0, |(_, _, total)| total)
    };
    assert_eq!(rows, 10_000, "rows of the cluster pane");
    println!("100 brokers x 10,000 partitions made on the screen in {:.1?}", begin.elapsed());
    press(&mut app, Char('2'));
    press(&mut app, Down);
    let mut terminal = Terminal::new(TestBackend::new(160, 50)).expect("a paper terminal");
    let mut measure = |name: &str,
                       app: &mut klab::tui::app::App,
                       keys: &[crossterm::event::KeyCode]| {
        let mut times: Vec<Duration> = (0..300)
            .map(|at| {
                if let Some(code) = keys.get(at % keys.len().max(1)) {
                    press(app, *code);
                }
                let begin = Instant::now();
                let _ = terminal.draw(|frame| app.draw(frame));
                begin.elapsed()
            })
            .collect();
        let (half, most) = (percentile(&mut times, 0.5), percentile(&mut times, 0.99));
        println!(
            "  a frame, {name:<10}     {half:>10.1?} median, {most:.1?} p99   aim 2 ms   ratio {:.2}",
            most.as_secs_f64() / 0.002
        );
    };
    measure("still", &mut app, &[]);
    measure("scrolled", &mut app, &[Char('J')]);
    measure("running", &mut app, &[Right]);
    for code in [Char('/'), Char('!'), Enter] {
        press(&mut app, code);
    }
    measure("filtered", &mut app, &[]);
}

fn main() {
    if std::env::args().any(|argument| argument == "--bare") {
        return bare();
    }
    // One frame of the real screen in the middle of a lesson.
    let directory = tempfile::tempdir().expect("a directory");
    let options = Options {
        lessons: Library::embedded(),
        dir: Some(directory.path().join("files")),
        progress: Some(directory.path().join("progress.json")),
        ..Options::default()
    };
    let start = Start::Lesson("b07-leader-failover".to_owned());
    let (mut app, _shop) =
        paper::open(&options, &start, Language::English, (200, 60)).expect("a lesson on paper");
    let page_down = crossterm::event::KeyEvent::from(crossterm::event::KeyCode::PageDown);
    for _ in 0..12 {
        app.on_event(ScreenEvent::Key(page_down));
        paper::settle(&mut app);
    }
    let mut terminal = Terminal::new(TestBackend::new(200, 60)).expect("a paper terminal");
    let mut times: Vec<Duration> = (0..2_000)
        .map(|_| {
            let begin = Instant::now();
            let _ = terminal.draw(|frame| app.draw(frame));
            begin.elapsed()
        })
        .collect();
    let (half, most) = (percentile(&mut times, 0.5), percentile(&mut times, 0.99));
    println!(
        "a frame at 200x60       {half:>10.1?} median, {most:.1?} p99   aim 2 ms   ratio {:.2}",
        most.as_secs_f64() / 0.002
    );

    many_partitions(&options);

    for id in Library::embedded().ids() {
        let begin = Instant::now();
        let mut player = lesson(id);
        while !matches!(player.advance(), Event::Read(_) | Event::Ask(_) | Event::Stuck(_)) {}
        let took = begin.elapsed();
        println!(
            "{id:<22}  {took:>10.1?} to its first page   aim 100 ms   ratio {:.2}",
            took.as_secs_f64() / 0.1
        );
    }

    let klab = env!("CARGO_BIN_EXE_klab");
    let own = std::env::current_exe().expect("this bench").to_string_lossy().into_owned();
    let mut ours = Vec::new();
    let mut peers = Vec::new();
    for _ in 0..20 {
        peers.push(first_frame(&own, &["--bare"], "ratatui"));
        ours.push(first_frame(klab, &[], "Sandbox"));
    }
    let (ours, peer) = (percentile(&mut ours, 0.5), percentile(&mut peers, 0.5));
    println!(
        "first frame             {ours:>10.1?} median, bare ratatui {peer:.1?}   aim 1.5x   ratio {:.2}",
        ours.as_secs_f64() / peer.as_secs_f64()
    );
}
