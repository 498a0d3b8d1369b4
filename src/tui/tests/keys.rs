//! What keys and the mouse do.

use super::super::Start;
use super::super::stage::Pane;
use super::*;
use crate::types::Language::English;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

fn lesson() -> App {
    on_stage(English, Glyphs::unicode(), 120, 36)
}

fn step(app: &App) -> u64 {
    app.bench.as_ref().map_or(0, |b| b.stage.status().step)
}

fn mouse(app: &mut App, kind: MouseEventKind, column: usize, row: usize) -> Vec<Effect> {
    let (column, row) = (column as u16, row as u16);
    app.on_event(Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }))
}

/// Where a text stands on the screen.
fn find(app: &App, text: &str) -> (usize, usize) {
    let frame = frame(app);
    let found = frame.lines().enumerate().find_map(|(row, line)| {
        line.find(text).map(|at| (crate::trace::width::of(&line[..at]), row))
    });
    found.unwrap_or_else(|| panic!("'{text}' is not on the screen:\n{frame}"))
}

#[test]
fn arrows_step_and_q_leaves_to_the_first_screen() {
    let mut app = lesson();
    press(&mut app, KeyCode::Right);
    kind(&mut app, "n");
    press(&mut app, KeyCode::Left);
    assert_eq!(step(&app), 413);
    assert_eq!(press(&mut app, KeyCode::Char('q')), [Effect::Shelf]);
    assert!(app.bench.is_none());
    assert_eq!(press(&mut app, KeyCode::Char('q')), [Effect::Quit(0)]);
}

#[test]
fn ctrl_c_ends_with_130_wherever_one_is() {
    for keys in ["", "?", ":abc", "/"] {
        let mut app = lesson();
        kind(&mut app, keys);
        let key = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(app.on_event(Event::Key(key)), [Effect::Quit(130)], "{keys}");
    }
}

#[test]
fn enter_on_the_first_screen_goes_on_where_one_left() {
    let mut app = app(English, Glyphs::unicode(), 80, 24);
    let begun = press(&mut app, KeyCode::Enter);
    assert_eq!(begun, [Effect::Open(Start::Lesson("a05-offset-lookup".into()))]);
    press(&mut app, KeyCode::Down);
    let begun = press(&mut app, KeyCode::Enter);
    assert_eq!(begun, [Effect::Open(Start::Lesson("h01-tour".into()))]);
}

#[test]
fn a_directory_is_named_at_the_prompt() {
    let mut app = app(English, Glyphs::unicode(), 80, 24);
    press(&mut app, KeyCode::End);
    press(&mut app, KeyCode::Up);
    press(&mut app, KeyCode::Enter);
    kind(&mut app, "/tmp/日志");
    assert!(frame(&app).contains("path: /tmp/日志"));
    let effects = press(&mut app, KeyCode::Enter);
    assert_eq!(effects, [Effect::Open(Start::Inspect("/tmp/日志".into()))]);
    app.opened(Err("no log directory: it holds no topic-partition".into()));
    assert!(frame(&app).contains("no log directory"));
}

#[test]
fn digits_answer_first_and_then_choose_panes() {
    let mut app = lesson();
    kind(&mut app, "2");
    assert!(frame(&app).contains("✓ right"));
    kind(&mut app, "2");
    let bench = app.bench.as_ref().unwrap();
    assert_eq!(bench.active, Pane::Cluster);
    assert_eq!(bench.order[1], Pane::Index, "the other pane keeps its place");
}

#[test]
fn a_pending_message_is_chosen_and_delivered_or_dropped() {
    let mut app = lesson();
    kind(&mut app, "9");
    press(&mut app, KeyCode::Down);
    press(&mut app, KeyCode::Down);
    assert!(frame(&app).contains("Enter deliver"));
    press(&mut app, KeyCode::Enter);
    assert!(frame(&app).contains("deliver 8"));
    press(&mut app, KeyCode::Up);
    kind(&mut app, "d");
    assert!(frame(&app).contains("drop 7"));
}

#[test]
fn a_broker_is_chosen_and_killed() {
    let mut app = lesson();
    kind(&mut app, "1");
    kind(&mut app, "2");
    press(&mut app, KeyCode::Down);
    kind(&mut app, "x");
    assert!(frame(&app).contains("done: broker kill 1"));
}

#[test]
fn commands_are_typed_and_mistakes_are_told() {
    let mut app = lesson();
    kind(&mut app, ":nonsense");
    press(&mut app, KeyCode::Enter);
    assert!(frame(&app).contains("the nearest is: network"));
    kind(&mut app, "bwhat-if");
    press(&mut app, KeyCode::Enter);
    assert!(frame(&app).contains("done: branch what-if"));
    app.on_event(Event::Paste("show cluster\n".into()));
    assert!(frame(&app).contains("> show cluster"));
}

#[test]
fn playing_steps_at_its_pace_and_stops_when_nothing_is_pending() {
    let mut app = lesson();
    kind(&mut app, " ");
    assert_eq!(app.wait_ms(), Some(33));
    app.on_event(Event::Tick(33));
    assert_eq!(step(&app), 413, "the first step comes at once");
    app.on_event(Event::Tick(900));
    assert_eq!(step(&app), 413);
    app.on_event(Event::Tick(100));
    assert_eq!(step(&app), 414);
    kind(&mut app, "++++++");
    app.on_event(Event::Tick(33));
    assert!(frame(&app).contains("nothing is pending"));
    assert_eq!(app.wait_ms(), None);
}

#[test]
fn long_work_is_done_in_pieces_and_can_be_cancelled() {
    let mut app = lesson();
    press(&mut app, KeyCode::PageDown);
    assert_eq!(app.wait_ms(), Some(0));
    assert!(frame(&app).contains("working"));
    press(&mut app, KeyCode::Esc);
    assert_eq!(app.wait_ms(), None);
    press(&mut app, KeyCode::PageDown);
    app.on_event(Event::Tick(0));
    assert_eq!(app.wait_ms(), None);
}

#[test]
fn the_time_line_is_clicked_and_dragged() {
    let mut app = lesson();
    let (column, row) = find(&app, "timeline");
    let from = column + "timeline  ".len();
    mouse(&mut app, MouseEventKind::Down(MouseButton::Left), from, row);
    app.on_event(Event::Tick(0));
    assert_eq!(step(&app), 0);
    mouse(&mut app, MouseEventKind::Drag(MouseButton::Left), from + 47, 3);
    app.on_event(Event::Tick(0));
    assert_eq!(step(&app), 418);
    mouse(&mut app, MouseEventKind::Up(MouseButton::Left), 0, 0);
    mouse(&mut app, MouseEventKind::Drag(MouseButton::Left), from, row);
    assert_eq!(app.wait_ms(), None);
}

#[test]
fn a_click_chooses_a_second_one_acts() {
    let mut app = lesson();
    let (column, row) = find(&app, "00000000000000000096");
    let down = MouseEventKind::Down(MouseButton::Left);
    mouse(&mut app, down, column, row);
    assert_eq!(app.bench.as_ref().unwrap().active, Pane::Log);
    mouse(&mut app, down, column, row);
    let bench = app.bench.as_ref().unwrap();
    assert_eq!((bench.active, bench.focus.segment), (Pane::Index, Some(crate::types::Offset(96))));
    let (column, row) = find(&app, "3  position 3 451");
    mouse(&mut app, down, column, row);
    assert!(frame(&app).contains("not quite"));
    let (column, row) = find(&app, "q leave");
    assert_eq!(mouse(&mut app, down, column, row), [Effect::Shelf]);
}

#[test]
fn language_theme_and_marks_change_at_once() {
    let mut app = lesson();
    assert_eq!(press(&mut app, KeyCode::Char('L')), [Effect::Shelf]);
    assert!(frame(&app).contains("时间线"));
    kind(&mut app, "TA");
    assert!(frame(&app).contains("#"));
    app.on_event(Event::AmbiguousIsWide);
    assert!(app.paint.glyphs.is_ascii());
}
