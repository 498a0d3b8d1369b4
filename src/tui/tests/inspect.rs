//! The screen of a real broker's directory: what it looks like, and what its keys do.

use super::*;
use crate::inspect::sample_named;
use crate::tui::inspect_stage::InspectStage;
use crate::types::Language::{Chinese, English};

fn opened(name: &str, language: Language, glyphs: Glyphs, (width, height): (u16, u16)) -> App {
    let mut app = app(language, glyphs, width, height);
    let mut inspection = sample_named(name).expect("a sample");
    // Where it was unpacked differs from run to run.
    inspection.shown_as("/var/lib/kafka");
    app.opened(Ok(Box::new(InspectStage::new(inspection, language))));
    app
}

fn until_done(app: &mut App) {
    while app.bench.as_ref().is_some_and(|bench| bench.stage.status().under_way.is_some()) {
        app.on_event(Event::Tick(1));
    }
}

fn typed(app: &mut App, line: &str) {
    kind(app, line);
    press(app, KeyCode::Enter);
    until_done(app);
}

#[test]
fn panes_of_a_directory() {
    for (width, height) in [(80, 24), (160, 50)] {
        let mut app = opened("transactions", English, Glyphs::unicode(), (width, height));
        insta::assert_snapshot!(format!("inspect_open_{width}x{height}"), frame(&app));
        typed(&mut app, ":log payments-0");
        insta::assert_snapshot!(format!("inspect_log_{width}x{height}"), frame(&app));
        for (key, name) in [('3', "partition"), ('0', "batches"), ('5', "index"), ('6', "bytes")] {
            if width > 80 {
                break; // they are all on the screen
            }
            press(&mut app, KeyCode::Char(key));
            insta::assert_snapshot!(format!("inspect_{name}_{width}x{height}"), frame(&app));
        }
        typed(&mut app, ":lookup payments-0 offset=100");
        press(&mut app, KeyCode::PageDown);
        insta::assert_snapshot!(format!("inspect_lookup_{width}x{height}"), frame(&app));
        press(&mut app, KeyCode::Char('/'));
        typed(&mut app, "value~a limit=30");
        insta::assert_snapshot!(format!("inspect_find_{width}x{height}"), frame(&app));
        typed(&mut app, ":verify payments-0");
        insta::assert_snapshot!(format!("inspect_verify_{width}x{height}"), frame(&app));
        typed(&mut app, ":check");
        insta::assert_snapshot!(format!("inspect_check_{width}x{height}"), frame(&app));
    }
    let mut ascii = opened("mixed", English, Glyphs::ascii(), (80, 24));
    insta::assert_snapshot!("inspect_ascii", frame(&ascii));
    typed(&mut ascii, ":check");
    let text = frame(&ascii);
    assert!(text.is_ascii(), "{text}");
    insta::assert_snapshot!("inspect_check_ascii", text);
    let mut chinese = opened("2.1", Chinese, Glyphs::unicode(), (80, 24));
    insta::assert_snapshot!("inspect_chinese", frame(&chinese));
    press(&mut chinese, KeyCode::Char('r'));
    insta::assert_snapshot!("inspect_results_chinese", frame(&chinese));
}

#[test]
fn a_hit_and_a_finding_lead_into_the_bytes() {
    let mut app = opened("transactions", English, Glyphs::unicode(), (80, 24));
    press(&mut app, KeyCode::Char('/'));
    typed(&mut app, "offset=12 payments-0");
    press(&mut app, KeyCode::Down);
    press(&mut app, KeyCode::Enter);
    let text = frame(&app);
    assert!(text.contains("(offset 12)") && text.contains("payments-0"), "{text}");
    typed(&mut app, ":find value~a");
    press(&mut app, KeyCode::Char('/'));
    kind(&mut app, "value~zzz");
    press(&mut app, KeyCode::Enter);
    press(&mut app, KeyCode::Esc);
    assert!(app.bench.as_ref().is_some_and(|bench| bench.stage.status().under_way.is_none()));
    typed(&mut app, ":find nonsense");
    assert!(frame(&app).contains("nonsense"));
}
