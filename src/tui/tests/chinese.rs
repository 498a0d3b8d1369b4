//! The screens in Chinese: no sentence is left in English, whatever is opened.

use super::panes::{ORDERS, broken_promise, keys, resize, sandbox, type_command, work};
use super::*;
use crate::tui::inspect_stage::InspectStage;
use crate::types::Language::Chinese;
use crate::untold::{Found, names_of};
use std::collections::BTreeSet;

/// What the learner, or the world, brought along.
fn names() -> BTreeSet<String> {
    let mut names = names_of(&ORDERS.join("\n"));
    let more = "alice apples hello orders pay payments page user enter tab esc space pageup pagedown home end del \
                ctrl shift click bash try what-if var lib temp acks-all first-record first tape kraft dark light";
    names.extend(more.split_whitespace().map(str::to_owned));
    names
}

/// Looks at a frame in both sizes. What was typed (`>` and `·` in front) and the bytes of files are no sentences.
fn look(place: &str, app: &mut App, found: &mut Found) {
    let names = names();
    for (width, height) in [(80, 24), (160, 50)] {
        resize(app, (width, height));
        let shown = frame(app);
        for line in shown.lines() {
            for part in line.split(['│', '┃', '|', '║']) {
                let part = part.trim();
                if !part.starts_with(['>', '·']) && !part.contains("a05 From an offset") {
                    found.look(&format!("{place} {width}x{height}"), part, &names);
                }
            }
        }
    }
}

/// Every pane of what is open, its help and its menus.
fn walk(place: &str, app: &mut App, found: &mut Found) {
    for key in "1234567890wmgzv".chars() {
        keys(app, &key.to_string());
        look(&format!("{place} {key}"), app, found);
        for _ in 0..2 {
            press(app, KeyCode::Down);
        }
        keys(app, "a");
        look(&format!("{place} {key} menu"), app, found);
        press(app, KeyCode::Esc);
        press(app, KeyCode::Esc);
    }
    keys(app, "?");
    look(&format!("{place} help"), app, found);
    press(app, KeyCode::Esc);
    keys(app, ":");
    look(&format!("{place} prompt"), app, found);
    keys(app, "broker ");
    press(app, KeyCode::Tab);
    look(&format!("{place} offers"), app, found);
    press(app, KeyCode::Esc);
    press(app, KeyCode::Esc);
}

#[test]
fn a_sandbox_is_told_in_chinese() {
    let mut found = Found::default();
    let mut home = app(Chinese, Glyphs::unicode(), 160, 50);
    look("home", &mut home, &mut found);
    let mut app = sandbox(Chinese, &ORDERS);
    type_command(&mut app, "consumer start c1 group=billing topics=orders");
    type_command(&mut app, "produce orders partition=0 value=hi &");
    walk("kraft", &mut app, &mut found);
    for line in [
        "branch what-if",
        "broker kill 1",
        "until leader(orders-0) == 2",
        "network cut 2 3",
        "produce nowhere value=a",
        "prodcue orders",
        "show partition nowhere-3",
        "expect leader(orders-0) == 9",
        "broker kill 9",
        "goto 99999",
    ] {
        type_command(&mut app, line);
        look(line, &mut app, &mut found);
    }
    walk("a broker gone", &mut app, &mut found);
    found.report("the screen");
}

#[test]
fn zookeeper_and_broken_promises_are_told_in_chinese() {
    let mut found = Found::default();
    let old = [
        "cluster brokers=3 kafka=2.1 seed=7",
        "topic create orders partitions=1 replication-factor=3",
        "settle",
    ];
    let mut app = sandbox(Chinese, &old);
    type_command(&mut app, "broker kill 2");
    type_command(&mut app, "run 10s");
    walk("zookeeper", &mut app, &mut found);
    let mut app = broken_promise(Chinese);
    look("a broken promise", &mut app, &mut found);
    keys(&mut app, "w");
    look("its causes", &mut app, &mut found);
    found.report("the screen of old clusters");
}

#[test]
fn a_directory_is_told_in_chinese() {
    let mut found = Found::default();
    for sample in ["2.1", "transactions"] {
        let mut app = app(Chinese, Glyphs::unicode(), 160, 50);
        let mut inspection = crate::inspect::sample_named(sample).expect("a sample");
        inspection.shown_as("/var/lib/kafka");
        app.opened(Ok(Box::new(InspectStage::new(inspection, Chinese))));
        work(&mut app);
        for key in "1234567890wr".chars() {
            keys(&mut app, &key.to_string());
            look(&format!("{sample} {key}"), &mut app, &mut found);
        }
        keys(&mut app, "?");
        look(&format!("{sample} help"), &mut app, &mut found);
        press(&mut app, KeyCode::Esc);
        for line in ["check", "groups", "nonsense", "log nowhere-0", "lookup"] {
            type_command(&mut app, line);
            while app.bench.as_ref().is_some_and(|b| b.stage.status().under_way.is_some()) {
                app.on_event(Event::Tick(1));
            }
            look(&format!("{sample} :{line}"), &mut app, &mut found);
        }
    }
    found.report("the screen of a directory");
}
