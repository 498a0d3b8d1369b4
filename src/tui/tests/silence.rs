//! No key is passed over in silence: wherever one is, a key changes what is seen, or the screen says why it does not.

use super::super::compare_stage::CompareStage;
use super::super::hints;
use super::super::inspect_stage::InspectStage;
use super::super::lab_stage::LabStage;
use super::super::play::Play;
use super::super::stage::{Pane, Stage};
use super::*;
use crate::inspect::sample_named;
use crate::script::{Execution, Session, parse_line};
use crate::types::Language::English;
use std::collections::BTreeMap;

/// Every key that the help and the last line name, and some that they do not. (`q` leaves.)
fn all_keys() -> Vec<KeyCode> {
    let letters = "nlphkjJK +-:bHdoycxsaR[]v?/wfgmzrt!0123456789uUBZ=";
    let others = [
        KeyCode::Right,
        KeyCode::Left,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::Tab,
        KeyCode::BackTab,
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Backspace,
        KeyCode::Delete,
        KeyCode::Insert,
        KeyCode::F(5),
    ];
    letters.chars().map(KeyCode::Char).chain(others).collect()
}

fn lab(commands: &[&str]) -> LabStage {
    let mut session = Session::in_memory(English);
    session.seed = 7;
    for line in commands {
        let statement = parse_line(line, 1).expect("it parses").expect("a command");
        Execution::new(statement).finish(&mut session);
    }
    LabStage::new(Play::new(session, BTreeMap::new(), 0), "", None, None)
}

fn put(stage: impl Stage + 'static, width: u16, height: u16) -> App {
    let mut app = app(English, Glyphs::unicode(), width, height);
    app.opened(Ok(Box::new(stage)));
    work(&mut app);
    app
}

fn work(app: &mut App) {
    for _ in 0..10_000 {
        if app.wait_ms() != Some(0) {
            return;
        }
        app.on_event(Event::Tick(0));
    }
}

/// Closes what the key before opened.
fn calm(app: &mut App) {
    app.help = None;
    let bench = app.bench.as_mut().expect("a bench");
    bench.playing = None;
    bench.menu = None;
    bench.asking = None;
    bench.note = None;
}

/// Presses every key in every pane; gives those that changed nothing that is seen.
fn silent(app: &mut App) -> Vec<String> {
    let mut silent = Vec::new();
    let panes = app.bench.as_ref().expect("a bench").stage.panes();
    for pane in panes {
        for key in all_keys() {
            calm(app);
            app.bench.as_mut().expect("a bench").show(pane);
            calm(app);
            let before = frame(app);
            let effects = press(app, key);
            work(app);
            let told = app.bench.as_ref().is_some_and(|bench| bench.note.is_some());
            if effects.is_empty() && !told && app.help.is_none() && frame(app) == before {
                silent.push(format!("{key:?} in {}", pane.name()));
            }
        }
    }
    silent
}

#[test]
fn in_a_sandbox_every_key_is_heard() {
    let mut app = put(
        lab(&[
            "cluster brokers=3 kafka=4.3 seed=7",
            "topic create orders partitions=2 replication-factor=3",
            "produce orders key=alice value=hi count=5",
        ]),
        120,
        36,
    );
    assert_eq!(silent(&mut app), Vec::<String>::new());
}

#[test]
fn in_a_cluster_that_has_not_begun_every_key_is_heard() {
    let mut app = put(lab(&["cluster brokers=1 kafka=2.1 seed=7"]), 80, 24);
    assert_eq!(silent(&mut app), Vec::<String>::new());
}

#[test]
fn side_by_side_every_key_is_heard() {
    let side =
        |kafka| lab(&[&format!("cluster brokers=2 kafka={kafka} seed=7"), "topic create orders"]);
    let values = ["2.1".to_owned(), "4.3".to_owned()];
    let mut app = put(CompareStage::new(side("2.1"), side("4.3"), "kafka", values), 160, 40);
    assert_eq!(silent(&mut app), Vec::<String>::new());
}

#[test]
fn in_a_directory_every_key_is_heard() {
    let inspection = sample_named("transactions").expect("a sample");
    let mut app = put(InspectStage::new(inspection, English), 80, 24);
    assert_eq!(silent(&mut app), Vec::<String>::new());
}

#[test]
fn on_the_first_screen_every_key_is_heard() {
    let mut app = app(English, Glyphs::unicode(), 80, 24);
    let mut silent = Vec::new();
    for key in all_keys() {
        for row in [0, 3, 6] {
            (app.help, app.path, app.note, app.home.search) = (None, None, None, None);
            app.home.chosen = row;
            let before = frame(&app);
            let effects = press(&mut app, key);
            let told = app.note.is_some();
            if effects.is_empty() && !told && app.help.is_none() && frame(&app) == before {
                silent.push(format!("{key:?} in row {row}"));
            }
        }
    }
    assert_eq!(silent, ["Home in row 0"], "it is there already");
}

#[test]
fn in_a_menu_every_key_is_heard() {
    let mut app = put(lab(&["cluster brokers=3 kafka=4.3 seed=7", "settle"]), 80, 24);
    for key in all_keys() {
        calm(&mut app);
        app.bench.as_mut().expect("a bench").show(Pane::Cluster);
        press(&mut app, KeyCode::Char('a'));
        let before = frame(&app);
        press(&mut app, key);
        let heard = frame(&app) != before || key == KeyCode::Home;
        assert!(heard, "{key:?}");
    }
}

/// What the last line offers does something: it never leads to a sentence that says why not.
#[test]
fn the_last_line_offers_nothing_in_vain() {
    let commands =
        ["cluster brokers=3 kafka=4.3 seed=7", "topic create orders partitions=2", "settle"];
    let mut app = put(lab(&commands), 160, 50);
    for pane in [Pane::Lesson, Pane::Cluster, Pane::Network, Pane::Timeline, Pane::Log] {
        for down in 0..3 {
            calm(&mut app);
            app.bench.as_mut().expect("a bench").show(pane);
            for _ in 0..down {
                press(&mut app, KeyCode::Down);
            }
            calm(&mut app);
            let offered = hints::of_bench(app.bench.as_ref().expect("a bench"));
            for hint in offered.into_iter().filter(|hint| hint.key != KeyCode::Char('q')) {
                calm(&mut app);
                app.bench.as_mut().expect("a bench").show(pane);
                let before = frame(&app);
                press(&mut app, hint.press().code);
                work(&mut app);
                let seen = frame(&app) != before;
                assert!(seen, "{} {} in {}", hint.shown, hint.label, pane.name());
            }
        }
    }
}
