//! The format, from the README's own example to nonsense.

use super::*;
use crate::quick::{by_track, of_track};
use crate::script::Value;
use crate::types::Language;

/// The example of `lessons/README.md`, which therefore always works.
pub fn example() -> String {
    let readme = include_str!("../../lessons/README.md");
    let begin = readme.find("`````markdown\n").unwrap() + "`````markdown\n".len();
    let end = begin + readme[begin..].find("\n`````\n").unwrap() + 1;
    readme[begin..end].to_string()
}

pub const TWIN: &str = "---
id: x01-first-record
title: 第一条记录
question: 生产者得到答复时，记录在哪里？
---

## 一条记录

生产者写入**一条**记录，并等待 `acks=all`。

```predict
question: 得到答复时，broker 3 的日志写到了哪里？
- 0：稍后才跟上
- 1：已有这条记录
why: `acks=all` 时，领导者要等 ISR 全部写入才答复。
```

<!-- klab -->

> hint: 看 `cluster` 面板的 LEO 一列。
> goal: 三个 broker 上都有这条记录。

<!-- note: 先问大家：acks=1 会怎样？ -->

## 接下来

> in production: 跟随者缺记录时 `UnderReplicatedPartitions` 大于 0。
";

fn errors(text: &str) -> Vec<String> {
    match parse("x.md", text) {
        Ok(_) => vec![],
        Err(errors) => errors
            .iter()
            .map(|e| format!("{}:{} {}", e.line, e.column(), e.fault.message))
            .collect(),
    }
}

#[test]
fn the_example_of_the_readme_is_a_lesson() {
    let lesson = parse("x01-first-record.md", &example()).unwrap_or_else(|e| panic!("{}", e[0]));
    assert_eq!((lesson.id.as_str(), lesson.track, lesson.seed), ("x01-first-record", 'A', 7));
    assert_eq!(lesson.steps.len(), 2);
    assert_eq!(lesson.setup.as_ref().unwrap().statements.len(), 2);
    let step = &lesson.steps[0];
    assert_eq!(step.parts.len(), 3);
    assert_eq!(step.hints, ["Look at the column LEO of the pane `cluster`."]);
    assert_eq!(step.goal(), "The record is on all three brokers.");
    assert_eq!(step.notes.len(), 1);
    assert_eq!(step.commands().next().unwrap().output, "produced orders-0 offset 0\n");
    assert_eq!(lesson.steps[1].read_next, ["src/replica/leader.rs"]);
    assert_eq!(lesson.title_in(Language::Chinese), "第一条记录");
}

#[test]
fn the_twin_takes_commands_and_answers_from_the_english_file() {
    let english = parse("x01-first-record.md", &example()).unwrap();
    let chinese =
        parse_twin("x01-first-record.zh.md", TWIN, &english).unwrap_or_else(|e| panic!("{}", e[0]));
    assert_eq!(chinese.title, "第一条记录");
    assert_eq!(chinese.steps[0].commands().next(), english.steps[0].commands().next());
    let (own, other) = (
        chinese.steps[0].predictions().next().unwrap(),
        english.steps[0].predictions().next().unwrap(),
    );
    assert_eq!(own.answer, other.answer);
    assert_eq!(own.options[1].text, "1：已有这条记录");
    assert_eq!(own.options[1].value, other.options[1].value);
    assert_eq!(chinese.steps[1].read_next, english.steps[1].read_next);
    let own = format!("{TWIN}> read next: src/replica/leader.rs — 领导者\n");
    let chinese =
        parse_twin("x01-first-record.zh.md", &own, &english).unwrap_or_else(|e| panic!("{}", e[0]));
    assert_eq!(chinese.steps[1].read_next, ["src/replica/leader.rs — 领导者"]);
    let other = own.replace("leader.rs", "follower.rs");
    let errors = parse_twin("x01-first-record.zh.md", &other, &english).unwrap_err();
    assert!(errors[0].to_string().contains("src/replica/follower.rs"), "{}", errors[0]);
}

#[test]
fn what_does_not_pair_is_told_with_its_line() {
    let english = parse("x01-first-record.md", &example()).unwrap();
    for (from, to, message) in [
        ("## 接下来\n", "", "1 steps, but x01-first-record.md has 2"),
        ("<!-- klab -->\n", "", "1 blocks of commands of the English step have no place here"),
        (
            "<!-- klab -->\n",
            "<!-- klab -->\n<!-- klab -->\n",
            "the English step has no more blocks of commands",
        ),
        (
            "- 1：已有这条记录\n",
            "- 1：已有这条记录\n- 2\n",
            "3 options, but the English question has 2",
        ),
        ("> hint: 看 `cluster` 面板的 LEO 一列。\n", "", "0 hints, but the English step has 1"),
        ("why: `acks=all` 时，", "answer: leo(orders-0, 3)\nwhy: ", "the twin repeats no answer"),
        ("<!-- klab -->\n", "```klab\nstep\n```\n", "the twin repeats no commands"),
        ("id: x01-first-record", "id: x02-other", "another id than the English file's"),
    ] {
        let text = TWIN.replacen(from, to, 1);
        let errors = parse_twin("x.zh.md", &text, &english).unwrap_err();
        assert!(errors.iter().any(|e| e.fault.message == message), "{message}: {errors:?}");
    }
}

#[test]
fn faults_of_the_english_file_have_line_and_column() {
    let good = example();
    assert!(errors(&good).is_empty());
    for (from, to, error) in [
        ("track: A", "track: Q", "5:1 'track' has a wrong value"),
        ("seed: 7\n", "", "1:1 'seed:' is missing in the front matter"),
        ("panes: cluster, log", "panes: cluster, lgo", "8:1 'panes' has a wrong value"),
        ("minutes: 5", "minuets: 5", "6:1 unknown name 'minuets'"),
        ("produce orders key", "prodcue orders key", "35:1 unknown verb 'prodcue'"),
        (
            "answer then: leo(orders-0, 3)",
            "answer then: leo(orders, 3)",
            "30:18 expected a partition like orders-0",
        ),
        ("answer then: leo(orders-0, 3)\n", "", "26:1 'answer:' is missing"),
        (
            "- 0: it follows later :: 0\n",
            "",
            "26:1 1 options; two to five are wanted, or none at all",
        ),
        ("```predict", "```perdict", "26:4 unknown block 'perdict'"),
        ("<!-- note: Ask", "<!-- nte: Ask", "43:1 unknown comment 'nte'"),
        ("```klab setup", "```klab", "17:1 only prose and the set-up stand before the first step"),
        ("## One record", "# One record", "22:1 a step begins with '## ' and its heading"),
    ] {
        assert!(good.contains(from), "{from}");
        let found = errors(&good.replacen(from, to, 1));
        assert!(found.contains(&error.to_string()), "{error}: {found:?}");
    }
}

#[test]
fn options_read_as_values_or_as_text() {
    let text = example().replace(
        "- 0: it follows later :: 0\n- 1: it has the record :: 1\n",
        "- nobody :: none\n- three of them :: 3\n- all\n",
    );
    let lesson = parse("x.md", &text).unwrap();
    let options = &lesson.steps[0].predictions().next().unwrap().options;
    assert_eq!(options[0].value, Value::None);
    assert_eq!(options[1].value, Value::Number(3));
    assert_eq!(options[2].value, Value::text("all"));
}

#[test]
fn every_prefix_and_every_lost_line_is_read_or_refused() {
    let good = example();
    let english = parse("x.md", &good).unwrap();
    for text in [good.as_str(), TWIN] {
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            let _ = parse("x.md", &text[..end]);
            let _ = parse_twin("x.zh.md", &text[..end], &english);
        }
        let lines: Vec<&str> = text.lines().collect();
        for lost in 0..lines.len() {
            let rest: Vec<&str> = lines
                .iter()
                .enumerate()
                .filter(|(i, _)| *i != lost)
                .map(|(_, line)| *line)
                .collect();
            let _ = parse("x.md", &rest.join("\n"));
            let _ = parse_twin("x.zh.md", &rest.join("\n"), &english);
        }
    }
}

#[test]
fn lessons_are_found_by_the_beginning_of_their_id() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("x01-first-record.md"), example()).unwrap();
    std::fs::write(directory.path().join("x01-first-record.zh.md"), TWIN).unwrap();
    std::fs::write(directory.path().join("README.md"), "not a lesson").unwrap();
    let library = Library::of_directory(directory.path()).unwrap();
    assert_eq!(library.ids(), ["x01-first-record"]);
    assert_eq!(library.find("x01"), Ok("x01-first-record"));
    assert!(library.find("x02").unwrap_err().contains("did you mean 'x01'"));
    assert_eq!(
        library.load("x01-first-record", Language::Chinese).unwrap().language,
        Language::Chinese
    );
}

/// Plays all lessons. `KLAB_LESSONS` names another directory; `KLAB_UPDATE=1` records their outputs anew.
mod every_lesson_plays_in_every_language {
    super::by_track!(super::check_track: a b c d e f g h m);
}

fn check_track(track: &str) {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let directory = std::env::var_os("KLAB_LESSONS").map(std::path::PathBuf::from);
    let update = std::env::var_os("KLAB_UPDATE").is_some();
    let library = match &directory {
        Some(directory) => Library::of_directory(directory).unwrap(),
        None => Library::embedded(),
    };
    let mut wrong = Vec::new();
    for id in of_track(&library, track) {
        let report = check(&library, id, Some(root), update);
        wrong.extend(report.errors.iter().map(ToString::to_string));
        for (id, text) in &report.updated {
            if update {
                let lessons = directory.clone().unwrap_or_else(|| root.join("lessons"));
                std::fs::write(lessons.join(format!("{id}.md")), text).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_card_says_what_the_whole_lesson_says() {
    let library = Library::embedded();
    for id in library.ids() {
        for language in [Language::English, Language::Chinese] {
            let lesson = library.load(id, language).unwrap();
            let card = library.card(id, language).unwrap();
            assert_eq!(card.title, lesson.title_in(language), "{id}");
            assert_eq!(
                (card.track, card.minutes, card.steps),
                (lesson.track, lesson.minutes, lesson.steps.len()),
                "{id}"
            );
        }
    }
}
