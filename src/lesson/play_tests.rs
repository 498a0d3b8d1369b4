//! The player and the checks, on the README's example.

use super::tests::{TWIN, example};
use super::*;
use crate::script::Session;
use crate::types::Language;
use std::sync::Arc;

fn player(text: &str) -> Player {
    let lesson = parse("x.md", text).unwrap_or_else(|errors| panic!("{}", errors[0]));
    Player::new(Arc::new(lesson), Session::in_memory(Language::English)).unwrap()
}

fn events(player: &mut Player, choose: Option<usize>) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        let event = player.advance();
        if let Event::Ask(_) = event {
            player.answer_option(choose);
        }
        let over = matches!(event, Event::End | Event::Stuck(_));
        if event != Event::Happened {
            events.push(event);
        }
        if over {
            return events;
        }
    }
}

#[test]
fn a_question_is_answered_after_the_commands_that_follow_it() {
    let mut player = player(&example());
    let events = events(&mut player, Some(1));
    let place = |wanted: fn(&Event) -> bool| events.iter().position(wanted).unwrap();
    let (ask, said) =
        (place(|e| matches!(e, Event::Ask(_))), place(|e| matches!(e, Event::Said(_))));
    let answer = place(|e| matches!(e, Event::Answer(..)));
    assert!(ask < said && said < answer, "{events:?}");
    let given = player.answer_of(0, 1).unwrap();
    assert!(given.right, "{given:?}");
    assert_eq!(events.last(), Some(&Event::End));
    assert!(player.progress().done);
}

#[test]
fn going_back_and_forward_gives_the_same_bytes() {
    let mut player = player(&example());
    events(&mut player, None);
    let digest = |player: &Player| player.session.lab.as_ref().unwrap().disk().digest().unwrap();
    let (end, step) = (digest(&player), player.session.lab.as_ref().unwrap().step_number());
    player.back_to(0).unwrap();
    assert_ne!(digest(&player), end);
    events(&mut player, None);
    assert_eq!(digest(&player), end);
    assert_eq!(player.session.lab.as_ref().unwrap().step_number(), step);
    assert_eq!(player.session.lab.as_ref().unwrap().branches().len(), 1);
}

#[test]
fn experiments_do_not_disturb_the_lesson() {
    let mut quiet = player(&example());
    events(&mut quiet, None);
    let mut player = player(&example());
    while !matches!(player.advance(), Event::Ask(_)) {}
    for command in ["broker kill 1", "run 20s", "produce orders value=mine acks=1"] {
        let execution = player.free(command).unwrap().unwrap();
        execution.finish(&mut player.session);
    }
    assert!(player.is_free());
    assert!(player.free("broker kil 1").unwrap_err().contains("did you mean 'kill'?"));
    events(&mut player, None);
    let digest = |player: &Player| player.session.lab.as_ref().unwrap().disk().digest().unwrap();
    assert_eq!(digest(&player), digest(&quiet));
}

#[test]
fn hints_come_one_by_one_and_are_counted() {
    let mut player = player(&example());
    player.advance();
    assert!(player.hint().is_some());
    assert_eq!(player.hint(), None);
    assert_eq!(player.session_file().hints, 1);
}

#[test]
fn plain_text_tells_all_of_it_without_waiting() {
    let english = parse("x.md", &example()).unwrap();
    let chinese = parse_twin("x.zh.md", TWIN, &english).unwrap();
    for (lesson, marked) in [(english, "answered by the engine"), (chinese, "由引擎作答")] {
        let language = lesson.language;
        let mut text = String::new();
        let lesson = Arc::new(lesson);
        let mut out = |line: &str| text.push_str(&format!("{line}\n"));
        assert!(plain(lesson.clone(), Session::in_memory(language), 80, false, &mut out));
        assert!(text.contains("> produce orders key=alice") && text.contains(marked), "{text}");
        let mut objects = 0;
        let mut out = |line: &str| {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(value["type"].is_string());
            objects += 1;
        };
        assert!(plain(lesson, Session::in_memory(language), 80, true, &mut out));
        assert!(objects > 8);
    }
}

#[test]
fn check_tells_what_differs_and_update_mends_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x01-first-record.md");
    let library = |text: &str| {
        std::fs::write(&path, text).unwrap();
        Library::of_directory(directory.path()).unwrap()
    };
    let good = library(&example());
    let report = check(&good, "x01-first-record", None, false);
    assert!(report.errors.is_empty(), "{}", report.errors[0]);
    let bad =
        library(&example().replace("produced orders-0 offset 0", "produced orders-0 offset 7"));
    let report = check(&bad, "x01-first-record", None, false);
    assert_eq!((report.errors.len(), report.errors[0].line), (1, 34));
    assert!(report.errors[0].to_string().contains("recorded 'produced orders-0 offset 7', now"));
    let report = check(&bad, "x01-first-record", None, true);
    assert!(report.errors.is_empty());
    assert_eq!(report.updated, [("x01-first-record".to_string(), example())]);
}

#[test]
fn check_refuses_questions_without_one_right_answer_and_failed_expectations() {
    let directory = tempfile::tempdir().unwrap();
    for (from, to, message) in [
        (":: 1\n", ":: 5\n", "the engine's answer is 1, which fits 0 options"),
        (
            "acks=all\n---",
            "acks=all\nexpect leader(orders-0) == 3\n---",
            "expected leader(orders-0) == 3",
        ),
        ("Prose before", &"wide ".repeat(30), "the line takes"),
        ("src/replica/leader.rs", "src/no/such.rs", "there is no file 'src/no/such.rs'"),
    ] {
        let text = example().replacen(from, to, 1);
        std::fs::write(directory.path().join("x01-first-record.md"), text).unwrap();
        let library = Library::of_directory(directory.path()).unwrap();
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let report = check(&library, "x01-first-record", Some(root), false);
        let found = report.errors.iter().any(|error| error.fault.message.contains(message));
        assert!(found, "{message}: {:?}", report.errors);
    }
}

#[test]
fn a_question_says_of_which_moment_it_asks_where_that_matters() {
    let text = example().replace("answer then:", "answer now:");
    let mut now = player(&text);
    let events = events(&mut now, Some(0));
    let place = |wanted: fn(&Event) -> bool| events.iter().position(wanted).unwrap();
    assert!(place(|e| matches!(e, Event::Answer(..))) < place(|e| matches!(e, Event::Said(_))));
    assert!(now.answer_of(0, 1).unwrap().right, "{events:?}");
    let directory = tempfile::tempdir().unwrap();
    for (answer, found) in [("answer:", 1), ("answer now:", 0), ("answer then:", 0)] {
        let text = example().replace("answer then:", answer);
        std::fs::write(directory.path().join("x01-first-record.md"), text).unwrap();
        let library = Library::of_directory(directory.path()).unwrap();
        let report = check(&library, "x01-first-record", None, false);
        assert_eq!(report.errors.len(), found, "{answer}: {:?}", report.errors);
        let line = report.errors.first().map(|error| (error.line, error.fault.message.as_str()));
        let two = "it is '0: it follows later' when it is asked, and '1: it has the record' after";
        assert!(line.is_none_or(|(at, told)| at == 30 && told.starts_with(two)), "{line:?}");
    }
}

#[test]
fn a_race_is_played_on_a_branch_of_its_own_and_the_lesson_goes_on_as_if_nothing_was() {
    let race = "<!-- race: broker 3 is late: fetcher pause 3;\nproduce orders value=b &; run 500ms;
expect leo(orders-0) == 2 and hw(orders-0) == 1; show partition orders-0 -->";
    let text = |race: &str| example().replace("<!-- note:", &format!("{race}\n<!-- note:"));
    let mut with = player(&text(race));
    events(&mut with, None);
    let lesson = with.lesson.clone();
    let place = |player: &Player| {
        let lab = player.session.lab.as_ref().unwrap();
        (lab.branch_name().to_owned(), lab.step_number(), lab.disk().digest().unwrap())
    };
    let before = place(&with);
    let said = with.race(&lesson.steps[0].races[0]).unwrap();
    assert_eq!((said.len(), said[0].0.as_str()), (5, "fetcher pause 3"));
    assert_eq!(place(&with), before);
    let mut told = String::new();
    let mut out = |line: &str| told.push_str(&format!("{line}\n"));
    assert!(plain(lesson, Session::in_memory(Language::English), 80, false, &mut out));
    let (race_at, next) =
        (told.find("A race: broker 3 is late"), told.find("2/2  What comes next"));
    assert!(race_at.is_some() && race_at < next && told.contains("b1 ● leader"), "{told}");

    let directory = tempfile::tempdir().unwrap();
    let twin = TWIN.replace("<!-- note:", "<!-- race: broker 3 迟到了 -->\n<!-- note:");
    for (race, twin, message) in [
        (race.to_owned(), twin.clone(), None),
        (race.replace("== 2", "== 3"), twin.clone(), Some("'broker 3 is late' fails at expect")),
        (race.to_owned(), TWIN.to_owned(), Some("0 races, but the English step has 1")),
        ("<!-- race: nothing -->".to_owned(), twin, Some("a race has one command at least")),
    ] {
        std::fs::write(directory.path().join("x01-first-record.md"), text(&race)).unwrap();
        std::fs::write(directory.path().join("x01-first-record.zh.md"), &twin).unwrap();
        let library = Library::of_directory(directory.path()).unwrap();
        let errors = check(&library, "x01-first-record", None, false).errors;
        let found = errors.first().map(|error| error.fault.message.clone());
        assert_eq!(errors.len(), usize::from(message.is_some()), "{errors:?}");
        assert!(message.is_none_or(|m| found.as_ref().unwrap().starts_with(m)), "{found:?}");
    }
}
