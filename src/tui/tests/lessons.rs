//! Real lessons and the sandbox on a real directory, played by keys.

use super::super::shop::Shop;
use super::super::{Library, Options, Start};
use super::*;
use crate::lesson;
use crate::quick::{self, by_track};
use crate::types::Language::{Chinese, English};
use std::collections::BTreeMap;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

fn shop(directory: &Path) -> Shop {
    let options = Options {
        lessons: lesson::Library::embedded(),
        dir: Some(directory.join("files")),
        progress: Some(directory.join("progress.json")),
        ..Options::default()
    };
    Shop::new(&options).0
}

fn open(shop: &mut Shop, start: &Start, language: Language) -> App {
    let area = Rect { x: 0, y: 0, width: 120, height: 36 };
    let shelf = shop.shelf(language);
    let mut app = App::new(shelf, language, Theme::Dark, Glyphs::unicode(), area);
    app.opened(Ok(shop.open(start, language).expect("it opens")));
    work(&mut app);
    app
}

/// Lets what is under way come to its end.
fn work(app: &mut App) {
    while app.wait_ms() == Some(0) {
        app.on_event(Event::Tick(0));
    }
}

fn key(app: &mut App, code: KeyCode) {
    press(app, code);
    work(app);
}

/// Plays a lesson to its end; gives how many questions were answered. What its commands print is held to the record by
/// `klab check`; here it is the keys that matter.
fn play(app: &mut App) -> usize {
    let mut answers = 0;
    for _ in 0..400 {
        let bench = app.bench.as_ref().expect("a bench");
        let prose = bench.stage.prose(English);
        match prose.open_question() {
            Some(question) if !question.choices.is_empty() => {
                answers += 1;
                key(app, KeyCode::Char('1'));
            }
            Some(_) => {
                answers += 1;
                press(app, KeyCode::Enter);
                kind(app, "0");
                key(app, KeyCode::Enter);
            }
            None => key(app, KeyCode::PageDown),
        }
        if frame(app).contains("The lesson is done") {
            return answers;
        }
    }
    panic!("the lesson does not end:\n{}", frame(app));
}

/// Every file below a directory, with its size and a digest of what is in it; an index is mostly hole.
fn digest(directory: &Path) -> BTreeMap<PathBuf, (u64, u32)> {
    let mut files = BTreeMap::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
            let path = entry.path();
            if path.is_dir() {
                directories.push(path);
            } else {
                files.insert(path.clone(), digest_of_file(&path));
            }
        }
    }
    files
}

/// The size of a file, and a digest of its data with their places; zeros are as good as a hole.
fn digest_of_file(path: &Path) -> (u64, u32) {
    use rustix::fs::{SeekFrom, seek};
    let file = std::fs::File::open(path).expect("a file");
    let size = file.metadata().expect("a file").len();
    let mut digest = crc32fast::Hasher::new();
    let (mut at, mut page) = (0, [0; 4096]);
    while at < size {
        // A file system that knows of no holes says that all is data; behind the last data it says that there is none.
        at = seek(&file, SeekFrom::Data(at)).map_or(size, |data| data / 4096 * 4096);
        let count = file.read_at(&mut page, at).expect("bytes");
        if page[..count].iter().any(|byte| *byte != 0) {
            digest.update(&at.to_be_bytes());
            digest.update(&page[..count]);
        }
        at += 4096;
    }
    (size, digest.finalize())
}

mod every_lesson_is_played_to_its_end_by_keys_and_walked_back {
    super::by_track!(super::play_track_there_and_back: a b c d e f g h m);
}

fn play_track_there_and_back(track: &str) {
    let library = lesson::Library::embedded();
    for id in quick::of_track(&library, track) {
        let directory = quick::directory();
        let mut shop = shop(directory.path());
        let mut app = open(&mut shop, &Start::Lesson(id.to_owned()), English);
        let answers = play(&mut app);
        assert!(answers > 0, "{id} asks nothing");
        let step = |app: &App| app.bench.as_ref().map(|b| b.stage.status().step);
        let end = step(&app);
        let files = directory.path().join("files");
        let disk = digest(&files);
        assert!(!disk.is_empty(), "{id} leaves no files");
        key(&mut app, KeyCode::Home);
        assert_eq!(step(&app), Some(0), "{id}");
        assert_ne!(digest(&files), disk, "{id}: the disk stays where it was");
        key(&mut app, KeyCode::End);
        assert_eq!(step(&app), end, "{id}");
        assert_eq!(digest(&files), disk, "{id}: the way there and back changes the disk");
        key(&mut app, KeyCode::Char('q'));
        let card = shop.shelf(English).cards.into_iter().find(|card| card.id == id);
        assert_eq!(card.map(|card| card.mastery), Some(super::super::home::Mastery::Done), "{id}");
    }
}

/// What `klab simulate --save` leaves is opened at the step where the promise breaks; its commands stand there, the
/// keys ask why and walk back.
#[test]
fn a_script_that_breaks_a_promise_is_opened_where_it_does() {
    let directory = quick::directory();
    let mut shop = shop(directory.path());
    let script = "cluster brokers=3 seed=1\ntopic create orders assignment=1:2:3\nnetwork cut 1 2\n\
                  network cut 1 3\nnetwork cut 1 3001\nproduce orders value=x acks=1 &\nrun 200ms\n\
                  until leader(orders-0) != 1 within=60s\nnetwork heal\nsettle\ntopic delete orders\n";
    let mut app = open(&mut shop, &Start::Script(script.into()), English);
    let picture = frame(&app);
    assert!(picture.contains("broken promise no-lost-write"), "{picture}");
    assert!(picture.contains("✓ network cut 1 3001"), "{picture}");
    assert!(!picture.contains("topic delete"), "{picture}");
    press(&mut app, KeyCode::Char('w'));
    assert!(frame(&app).contains("why"), "{}", frame(&app));
    for _ in 0..400 {
        press(&mut app, KeyCode::Left);
    }
    assert!(!frame(&app).contains("✓ network heal"), "{}", frame(&app));
}

#[test]
fn the_sandbox_obeys_and_its_files_go_in_the_end() {
    let directory = quick::directory();
    let mut shop = shop(directory.path());
    let mut app = open(&mut shop, &Start::Sandbox, Chinese);
    for line in ["topic create orders partitions=1 replication-factor=3", "produce orders value=hi"]
    {
        press(&mut app, KeyCode::Char(':'));
        kind(&mut app, line);
        key(&mut app, KeyCode::Enter);
    }
    let picture = frame(&app);
    assert!(picture.contains("已写入 orders-0，偏移量 0"), "{picture}");
    assert!(directory.path().join("files/broker-1/orders-0").is_dir());
    key(&mut app, KeyCode::Left);
    key(&mut app, KeyCode::Char('q'));
    assert!(!directory.path().join("files").exists());
}

#[test]
fn a_lesson_left_is_taken_up_where_it_was() {
    let directory = quick::directory();
    let mut shop = shop(directory.path());
    let mut app = open(&mut shop, &Start::Lesson("h01".into()), English);
    let at = |app: &App| app.bench.as_ref().and_then(|b| b.stage.status().progress).map(|p| p.0);
    while at(&app) != Some(2) {
        key(&mut app, KeyCode::PageDown);
    }
    key(&mut app, KeyCode::Char('q'));
    let app = open(&mut shop, &Start::Lesson("h01".into()), Chinese);
    assert_eq!(at(&app), Some(2));
}

#[test]
fn the_real_directory_is_looked_at_and_an_offset_looked_up() {
    let directory = quick::directory();
    let mut shop = shop(directory.path());
    let mut app = open(&mut shop, &Start::Sample(String::new()), English);
    assert!(frame(&app).contains("plain-0"));
    press(&mut app, KeyCode::Char(':'));
    kind(&mut app, "lookup plain-0 offset=100");
    key(&mut app, KeyCode::Enter);
    key(&mut app, KeyCode::Right);
    let bench = app.bench.as_ref().expect("a bench");
    assert_eq!(bench.stage.status().step, 2);
    kind(&mut app, "5");
    assert!(frame(&app).contains("plain-0"));
}

#[test]
fn a_lesson_plays_by_itself_to_its_end_and_leaves_the_progress_alone() {
    let directory = quick::directory();
    let options = Options {
        lessons: lesson::Library::embedded(),
        dir: Some(directory.path().join("files")),
        progress: Some(directory.path().join("progress.json")),
        play: Some(10),
        ..Options::default()
    };
    let mut shop = Shop::new(&options).0;
    let mut app = open(&mut shop, &Start::Lesson("e02".into()), English);
    app.bench.as_mut().expect("a bench").play_alone(10);
    let (mut by_engine, mut beats) = (false, 0);
    let mut shown = frame(&app);
    while !shown.contains("The lesson is done") {
        beats += 1;
        assert!(beats < 20_000, "it does not end:\n{shown}");
        app.on_event(Event::Tick(if app.wait_ms() == Some(0) { 0 } else { 33 }));
        shown = frame(&app);
        by_engine |= shown.contains("answered by the engine: ");
        assert!(!shown.contains("not quite"), "{shown}");
    }
    assert!(by_engine && beats > 100, "{beats}");
    assert_eq!(app.wait_ms(), None, "it stands at the end");
    key(&mut app, KeyCode::Char('q'));
    assert!(!directory.path().join("progress.json").exists());
}

#[test]
fn space_stops_a_lesson_that_plays_by_itself() {
    let directory = quick::directory();
    let mut shop = shop(directory.path());
    let mut app = open(&mut shop, &Start::Lesson("h01".into()), Chinese);
    app.bench.as_mut().expect("a bench").play_alone(1_000);
    app.on_event(Event::Tick(33));
    let step = |app: &App| app.bench.as_ref().map(|bench| bench.stage.status().step);
    let before = step(&app);
    for _ in 0..10 {
        app.on_event(Event::Tick(33));
    }
    assert_eq!(step(&app), before, "the text is read first");
    assert!(app.wait_ms().is_some());
    press(&mut app, KeyCode::Char(' '));
    assert_eq!(app.wait_ms(), None);
}

#[test]
fn what_a_step_shows_is_on_the_screen_until_the_next_step() {
    let directory = quick::directory();
    let mut shop = shop(directory.path());
    let mut app = open(&mut shop, &Start::Lesson("e02".into()), English);
    let at = |app: &App| app.bench.as_ref().and_then(|b| b.stage.status().progress).map(|p| p.0);
    let asked = "partition   __consumer_offsets-24";
    for _ in 0..60 {
        if frame(&app).contains(asked) {
            break;
        }
        let question = app.bench.as_ref().expect("a bench").stage.prose(English);
        let code =
            if question.open_question().is_some() { KeyCode::Char('1') } else { KeyCode::PageDown };
        key(&mut app, code);
    }
    let step = at(&app);
    assert!(frame(&app).contains(asked), "{}", frame(&app));
    while at(&app) == step {
        key(&mut app, KeyCode::PageDown);
    }
    assert!(!frame(&app).contains(asked), "{}", frame(&app));
}

/// What the screen plays is what `klab check` recorded, also where a lesson goes back or branches.
mod the_screen_prints_what_was_recorded {
    super::by_track!(super::play_track_as_recorded: a b c d e f g h m);
}

fn play_track_as_recorded(track: &str) {
    use super::super::play::Play;
    use super::super::stage::Pace;
    let library = lesson::Library::embedded();
    for id in quick::of_track(&library, track) {
        let lesson = library.load(id, English).expect("a lesson");
        let mut session = crate::script::Session::in_memory(English);
        session.seed = lesson.seed;
        let mut play = Play::new(session, [(English, lesson.clone())].into(), 0);
        let mut pace = play.begin();
        for _ in 0..100_000 {
            pace = match pace {
                Pace::More => play.advance(),
                _ if play.finished => break,
                _ if play.question().is_some() => play.answer("0".into()),
                _ => play.forward(),
            };
        }
        assert!(play.finished, "{id} does not end: {pace:?}");
        for (step, content) in lesson.steps.iter().enumerate() {
            for (part, content) in content.parts.iter().enumerate() {
                let lesson::Part::Commands(commands) = content else { continue };
                let beats = play.beats.iter().zip(&play.records);
                let here = beats.filter(|(b, _)| (b.step, b.part) == (step, Some(part)));
                let lines = here.flat_map(|(_, record)| &record.output);
                let printed: String = lines.map(|line| format!("{}\n", line.trim_end())).collect();
                assert!(
                    commands.hidden || printed == commands.output,
                    "{id}, step {}: {printed}\nrecorded: {}",
                    step + 1,
                    commands.output
                );
            }
        }
    }
}

/// A race of a lesson is offered in the line of keys, played on a branch of its own, and left again.
#[test]
fn a_race_is_set_up_by_its_key() {
    let directory = quick::directory();
    let mut shop = shop(directory.path());
    let mut app = open(&mut shop, &Start::Lesson("b08".into()), Chinese);
    for _ in 0..60 {
        if frame(&app).contains("R 布置竞态") {
            break;
        }
        let prose = app.bench.as_ref().expect("a bench").stage.prose(English);
        let asked = prose.open_question().is_some();
        key(&mut app, if asked { KeyCode::Char('1') } else { KeyCode::PageDown });
    }
    let astray = |app: &App| app.bench.as_ref().expect("a bench").stage.status().branch != "main";
    assert!(frame(&app).contains("R 布置竞态") && !astray(&app), "{}", frame(&app));
    press(&mut app, KeyCode::Char('R'));
    assert!(frame(&app).contains("别人死之前，broker 3 又拉取了一次"), "{}", frame(&app));
    key(&mut app, KeyCode::Enter);
    let picture = frame(&app);
    assert!(astray(&app) && picture.contains("✓ expect not violated()"), "{picture}");
    assert!(!picture.contains("R 布置竞态"), "{picture}");
    key(&mut app, KeyCode::PageDown);
    assert!(!astray(&app), "{}", frame(&app));
}
