//! What the screens look like. Read each picture before it is accepted.

use super::*;
use crate::types::Language::{Chinese, English};

const SIZES: [(u16, u16); 4] = [(80, 24), (120, 36), (160, 50), (200, 60)];

#[test]
fn home() {
    for (width, height) in SIZES {
        let app = app(English, Glyphs::unicode(), width, height);
        insta::assert_snapshot!(format!("home_{width}x{height}"), frame(&app));
    }
    let mut chinese = app(Chinese, Glyphs::unicode(), 100, 28);
    chinese.home.toggle('A', &chinese.shelf);
    insta::assert_snapshot!("home_chinese_track_open", frame(&chinese));
    insta::assert_snapshot!("home_ascii", frame(&app(English, Glyphs::ascii(), 80, 24)));
}

#[test]
fn lesson() {
    for (width, height) in SIZES {
        let mut app = on_stage(English, Glyphs::unicode(), width, height);
        insta::assert_snapshot!(format!("lesson_{width}x{height}"), frame(&app));
        press(&mut app, KeyCode::Char('5'));
        insta::assert_snapshot!(format!("lesson_index_{width}x{height}"), frame(&app));
    }
    for (width, height) in [(80, 24), (120, 36)] {
        let app = on_stage(Chinese, Glyphs::unicode(), width, height);
        insta::assert_snapshot!(format!("lesson_chinese_{width}x{height}"), frame(&app));
        let mut app = on_stage(English, Glyphs::ascii(), width, height);
        press(&mut app, KeyCode::Char('5'));
        insta::assert_snapshot!(format!("lesson_ascii_{width}x{height}"), frame(&app));
    }
}

#[test]
fn help_prompt_and_answer() {
    let mut app = on_stage(English, Glyphs::unicode(), 120, 36);
    press(&mut app, KeyCode::Char('?'));
    insta::assert_snapshot!("help", frame(&app));
    press(&mut app, KeyCode::Esc);
    kind(&mut app, ":s");
    press(&mut app, KeyCode::Tab);
    insta::assert_snapshot!("prompt_with_offers", frame(&app));
    press(&mut app, KeyCode::Esc);
    press(&mut app, KeyCode::Esc);
    kind(&mut app, "3");
    insta::assert_snapshot!("wrong_answer", frame(&app));
}

#[test]
fn every_size_draws_without_a_panic_and_in_line() {
    for (width, height) in [
        (1, 1),
        (5, 2),
        (20, 5),
        (39, 10),
        (40, 10),
        (41, 11),
        (60, 15),
        (109, 19),
        (110, 12),
        (300, 90),
    ] {
        for language in [English, Chinese] {
            for mut app in [
                app(language, Glyphs::unicode(), width, height),
                on_stage(language, Glyphs::ascii(), width, height),
            ] {
                for key in ['?', 'q', '9', '0', '1', ':', 'x'] {
                    frame(&app);
                    if !(key == 'q' && app.help.is_none()) {
                        press(&mut app, KeyCode::Char(key));
                    }
                }
                frame(&app);
            }
        }
    }
    let small = app(English, Glyphs::unicode(), 20, 5);
    insta::assert_snapshot!("too_small", frame(&small));
}
