//! Panes and menus over a living cluster: the scheduler, faults, branches, metrics, the cluster large and small.

use super::super::lab_stage::LabStage;
use super::super::play::Play;
use super::super::stage::Pane;
use super::*;
use crate::script::{Execution, Session, parse_line};
use crate::types::Language::{Chinese, English};
use std::collections::BTreeMap;

const SIZES: [(u16, u16); 2] = [(80, 24), (160, 50)];

/// A sandbox in memory in which these commands were run.
pub(super) fn sandbox(language: Language, commands: &[&str]) -> App {
    let mut session = Session::in_memory(language);
    session.seed = 7;
    for line in commands {
        let statement = parse_line(line, 1).expect("it parses").expect("a command");
        let output = Execution::new(statement).finish(&mut session);
        assert_eq!(output.status, crate::script::Status::Ended, "{line}: {:?}", output.lines);
    }
    let play = Play::new(session, BTreeMap::new(), 0);
    let mut app = app(language, Glyphs::unicode(), 160, 50);
    app.opened(Ok(Box::new(LabStage::new(play, "", None, None))));
    work(&mut app);
    app
}

pub(super) fn work(app: &mut App) {
    while app.wait_ms() == Some(0) {
        app.on_event(Event::Tick(0));
    }
}

pub(super) fn keys(app: &mut App, text: &str) {
    for c in text.chars() {
        press(app, KeyCode::Char(c));
        work(app);
    }
}

pub(super) fn type_command(app: &mut App, line: &str) {
    keys(app, ":");
    keys(app, line);
    press(app, KeyCode::Enter);
    work(app);
}

pub(super) fn resize(app: &mut App, (width, height): (u16, u16)) {
    app.on_event(Event::Resize(width, height));
}

/// A picture at both sizes, and one in ASCII.
fn pictures(name: &str, app: &mut App) {
    for (width, height) in SIZES {
        resize(app, (width, height));
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), frame(app));
    }
    press(app, KeyCode::Char('A'));
    insta::assert_snapshot!(format!("{name}_ascii"), frame(app));
    press(app, KeyCode::Char('A'));
}

pub(super) const ORDERS: [&str; 4] = [
    "cluster brokers=3 kafka=4.3 seed=7",
    "topic create orders partitions=3 replication-factor=3 min.insync.replicas=2",
    "produce orders key=alice value=\"3 apples\" count=5",
    "settle",
];

#[test]
fn the_page_of_a_sandbox_counts_its_brokers() {
    let app = sandbox(English, &["cluster brokers=4 kafka=4.3 seed=7"]);
    assert!(frame(&app).contains("4 brokers, your commands"), "{}", frame(&app));
}

#[test]
fn pending_happenings_are_held_and_released_by_keys() {
    let mut app = sandbox(English, &ORDERS);
    type_command(&mut app, "produce orders partition=0 value=hi acks=all &");
    keys(&mut app, "9");
    press(&mut app, KeyCode::Down);
    pictures("network_chosen", &mut app);
    keys(&mut app, "o");
    pictures("network_held", &mut app);
    let held = |app: &App| {
        let bench = app.bench.as_ref().expect("a bench");
        let canvas = bench.canvas(app.area);
        bench.stage.picture(Pane::Network, &bench.focus, &canvas).to_text().contains("1 held")
    };
    assert!(held(&app));
    keys(&mut app, "o");
    assert!(!held(&app), "the same key lets it go");
}

#[test]
fn a_menu_shows_the_command_that_it_runs() {
    let mut app = sandbox(English, &ORDERS);
    keys(&mut app, "2a");
    pictures("menu_cluster", &mut app);
    press(&mut app, KeyCode::Enter);
    pictures("menu_broker", &mut app);
    press(&mut app, KeyCode::Enter);
    work(&mut app);
    assert!(frame(&app).contains("killed broker 1"), "{}", frame(&app));
    // `e` puts the command into the prompt instead.
    keys(&mut app, "a");
    press(&mut app, KeyCode::Down);
    press(&mut app, KeyCode::Enter);
    keys(&mut app, "e");
    assert!(frame(&app).contains("> broker kill 2"), "{}", frame(&app));
}

#[test]
fn the_mouse_opens_a_menu_and_chooses_from_it() {
    use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
    let mut app = sandbox(Chinese, &ORDERS);
    keys(&mut app, "2");
    let place = app.bench.as_ref().expect("a bench").plan();
    let (_, rect) = place.panes.iter().find(|(pane, _)| *pane == Pane::Cluster).expect("it");
    let click = |app: &mut App, column, row, button| {
        let kind = MouseEventKind::Down(button);
        let modifiers = KeyModifiers::NONE;
        app.on_event(Event::Mouse(MouseEvent { kind, column, row, modifiers }));
        work(app);
    };
    click(&mut app, rect.x + 6, rect.y + 2, MouseButton::Right);
    insta::assert_snapshot!("menu_partition_chinese", frame(&app));
    let menu = app.bench.as_ref().and_then(|bench| bench.menu.clone()).expect("a menu");
    let area = menu.rect(app.area);
    click(&mut app, area.x + 4, area.y + 2, MouseButton::Left);
    assert!(app.bench.as_ref().is_some_and(|bench| bench.menu.is_some()), "a menu of the broker");
    click(&mut app, 0, 0, MouseButton::Left);
    assert!(app.bench.as_ref().is_some_and(|bench| bench.menu.is_none()));
}

#[test]
fn branches_are_a_tree_and_are_compared() {
    let mut app = sandbox(English, &ORDERS);
    type_command(&mut app, "branch what-if");
    type_command(&mut app, "broker kill 1");
    type_command(&mut app, "until leader(orders-0) == 2");
    type_command(&mut app, "switch main");
    type_command(&mut app, "produce orders partition=0 value=more");
    keys(&mut app, "0");
    press(&mut app, KeyCode::Down);
    pictures("timeline_branches", &mut app);
    press(&mut app, KeyCode::Down);
    keys(&mut app, "v");
    pictures("diff", &mut app);
    keys(&mut app, "]");
    let branch = |app: &App| app.bench.as_ref().map(|bench| bench.stage.status().branch);
    assert_eq!(branch(&app).as_deref(), Some("what-if"));
    keys(&mut app, "[");
    assert_eq!(branch(&app).as_deref(), Some("main"));
}

#[test]
fn metrics_and_overview_beside_the_cluster() {
    let mut app = sandbox(English, &ORDERS);
    keys(&mut app, "m");
    let _ = frame(&app);
    type_command(&mut app, "broker kill 2");
    type_command(&mut app, "until isr(orders-0) == {1,3}");
    pictures("metrics", &mut app);
    keys(&mut app, "g");
    pictures("overview", &mut app);
    keys(&mut app, "2");
    pictures("cluster", &mut app);
    keys(&mut app, "7");
    pictures("controller", &mut app);
    let mut chinese = sandbox(Chinese, &ORDERS);
    keys(&mut chinese, "m");
    insta::assert_snapshot!("metrics_chinese", frame(&chinese));
    keys(&mut chinese, "2");
    type_command(&mut chinese, "broker kill 1");
    insta::assert_snapshot!("cluster_chinese", frame(&chinese));
    keys(&mut chinese, "9");
    insta::assert_snapshot!("network_chinese", frame(&chinese));
}

#[test]
fn many_partitions_are_scrolled_and_filtered() {
    let mut app = sandbox(
        English,
        &[
            "cluster brokers=12 kafka=4.3 seed=7",
            "topic create orders partitions=200 replication-factor=3",
            "topic create pay partitions=100 replication-factor=3",
            "settle",
        ],
    );
    keys(&mut app, "2");
    press(&mut app, KeyCode::Down);
    for _ in 0..15 {
        keys(&mut app, "J");
    }
    pictures("cluster_many", &mut app);
    let at = |app: &App| app.bench.as_ref().and_then(|bench| bench.chosen_in(Pane::Cluster));
    assert!(format!("{:?}", at(&app)).contains("orders"), "{:?}", at(&app));
    keys(&mut app, "/pay-9");
    press(&mut app, KeyCode::Enter);
    let picture = frame(&app);
    assert!(picture.contains("pay-99") && !picture.contains("orders-1"), "{picture}");
    insta::assert_snapshot!("cluster_filtered", picture);
    press(&mut app, KeyCode::Esc);
    press(&mut app, KeyCode::Esc);
    assert!(frame(&app).contains("orders-0"));
}

#[test]
fn what_was_tried_later_is_not_yet_done_after_going_back() {
    let mut app = sandbox(English, &ORDERS);
    type_command(&mut app, "produce orders partition=0 value=a");
    type_command(&mut app, "broker kill 1");
    assert!(frame(&app).contains("killed broker 1"));
    press(&mut app, KeyCode::Left);
    let picture = frame(&app);
    assert!(!picture.contains("killed broker 1"), "{picture}");
    assert!(picture.contains("· broker kill 1"), "{picture}");
    press(&mut app, KeyCode::Right);
    assert!(frame(&app).contains("killed broker 1"));
}

#[test]
fn an_empty_log_says_what_will_stand_there() {
    let mut app = sandbox(
        English,
        &["cluster brokers=3 kafka=4.3 seed=7", "topic create orders partitions=1", "settle"],
    );
    keys(&mut app, "4");
    insta::assert_snapshot!("log_empty_160x50", frame(&app));
    let mut app = sandbox(Chinese, &["cluster brokers=1 seed=7", "topic create o partitions=1"]);
    keys(&mut app, "4");
    assert!(frame(&app).contains("produce o value=hello"), "{}", frame(&app));
}

#[test]
fn two_versions_stand_side_by_side_and_take_the_same_commands() {
    use super::super::compare_stage::CompareStage;
    let stage = |kafka: &str| {
        let mut session = Session::in_memory(English);
        session.seed = 7;
        let line = format!("cluster brokers=3 kafka={kafka} coordination=kraft seed=7");
        let statement = parse_line(&line, 1).expect("it parses").expect("a command");
        Execution::new(statement).finish(&mut session);
        LabStage::new(Play::new(session, BTreeMap::new(), 0), "", None, None)
    };
    let values = ["2.1".to_owned(), "4.3".to_owned()];
    let both = CompareStage::new(stage("2.1"), stage("4.3"), "kafka", values);
    let mut app = app(English, Glyphs::unicode(), 160, 50);
    app.opened(Ok(Box::new(both)));
    work(&mut app);
    type_command(&mut app, "topic create orders partitions=2 replication-factor=3");
    type_command(&mut app, "produce orders key=alice value=hi count=5");
    keys(&mut app, "2");
    pictures("compare", &mut app);
    resize(&mut app, (160, 50));
    press(&mut app, KeyCode::Left);
    press(&mut app, KeyCode::Right);
    press(&mut app, KeyCode::Home);
    work(&mut app);
    app.on_event(Event::Tick(0));
    assert!(frame(&app).contains("step 0"), "{}", frame(&app));
}

/// A cluster in which an unclean election has just lost a record.
pub(super) fn broken_promise(language: Language) -> App {
    let mut app = sandbox(
        language,
        &[
            "cluster brokers=2 kafka=4.3 seed=7",
            "topic create orders partitions=1 assignment=1:2 unclean.leader.election.enable=true",
            "settle",
        ],
    );
    for line in [
        "fetcher pause 2",
        "produce orders value=a acks=1",
        "until isr(orders-0) == {1} within=60s",
        "produce orders value=b acks=all",
        "broker kill 1",
        "until leader(orders-0) == 2 within=60s",
        "run 1s",
    ] {
        type_command(&mut app, line);
    }
    app
}

#[test]
fn a_broken_promise_is_told_and_w_asks_why() {
    let mut app = broken_promise(English);
    let told = frame(&app);
    assert!(told.contains("broken promise") && told.contains("w tells why"), "{told}");
    insta::assert_snapshot!("broken_promise", told);
    keys(&mut app, "w");
    insta::assert_snapshot!("broken_promise_why", frame(&app));
}

#[test]
fn zookeeper_has_a_pane_and_a_menu() {
    let mut app = sandbox(
        English,
        &[
            "cluster brokers=3 kafka=2.1 seed=7",
            "topic create orders partitions=1 replication-factor=3",
        ],
    );
    keys(&mut app, "z");
    pictures("zookeeper", &mut app);
    keys(&mut app, "7");
    pictures("controller_zookeeper", &mut app);
    keys(&mut app, "2a");
    press(&mut app, KeyCode::Enter);
    insta::assert_snapshot!("menu_broker_zookeeper", frame(&app));
}
