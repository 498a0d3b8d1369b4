//! Measurements are not golden: only their shape is held, that they clean up, and that they stop when asked to.

use super::*;
use crate::trace::{Canvas, Glyphs};

fn brief(
    experiment: Experiment,
    directory: &std::path::Path,
    stop: &dyn Fn() -> bool,
) -> std::result::Result<Report, PerfError> {
    let wish = Wish {
        time: Duration::from_millis(200),
        directory: Some(directory.to_path_buf()),
        language: Language::English,
    };
    let mut last = 0.0;
    let mut progress = |done: f64, what: &str| {
        assert!(
            (0.0..=1.0).contains(&done) && done >= last && !what.is_empty(),
            "{done} after {last}"
        );
        last = done;
    };
    run(experiment, &wish, Ears { progress: &mut progress, stop })
}

fn is_empty(directory: &std::path::Path) -> bool {
    std::fs::read_dir(directory).unwrap().next().is_none()
}

#[test]
fn each_experiment_fills_its_tables_and_cleans_up() {
    let directory = tempfile::tempdir().unwrap();
    for experiment in Experiment::ALL {
        let report = brief(experiment, directory.path(), &|| false).unwrap();
        assert_eq!(report.experiment, experiment.name());
        assert!(is_empty(directory.path()), "{} left files", experiment.name());
        assert!(!report.notes.is_empty() && !report.sections.is_empty());
        for section in &report.sections {
            assert!(!section.rows.is_empty(), "{}", section.name);
            for row in &section.rows {
                assert_eq!(row.len(), section.columns.len(), "{}", section.name);
                for cell in row {
                    assert!(!matches!(cell, Cell::Number(value, _) if !value.is_finite()));
                }
            }
        }
        for language in [Language::English, Language::Chinese] {
            let canvas = Canvas { width: 80, glyphs: Glyphs::ascii(), ..Canvas::text(language) };
            for line in report.picture(&canvas).to_text().lines().skip(1) {
                assert!(crate::trace::width::of(line) <= 100, "{line}");
            }
        }
        let rows = &report.json()["sections"][0]["rows"];
        assert!(rows.as_array().is_some_and(|rows| !rows.is_empty()), "{rows}");
    }
}

#[test]
fn the_kernel_copies_past_the_program() {
    let directory = tempfile::tempdir().unwrap();
    let report = brief(Experiment::ZeroCopy, directory.path(), &|| false).unwrap();
    let through: Vec<&Cell> = report.sections[0].rows.iter().map(|row| &row[4]).collect();
    assert_eq!(through[0], &Cell::Number(2.0, 0), "read and write copy each byte in and out");
    if cfg!(target_os = "linux") {
        assert_eq!(
            through[1],
            &Cell::Number(0.0, 0),
            "sendfile copies nothing through the program"
        );
    }
}

#[test]
fn a_batch_of_many_takes_fewer_bytes_and_writes() {
    let directory = tempfile::tempdir().unwrap();
    let report = brief(Experiment::Batching, directory.path(), &|| false).unwrap();
    let number = |row: usize, column: usize| match report.sections[0].rows[row][column] {
        Cell::Number(value, _) => value,
        _ => panic!("a number is missing"),
    };
    assert!(number(0, 3) > number(2, 3) + 40.0, "61 bytes of header for each record");
    assert!(number(0, 4) > 100.0 * number(2, 4), "fewer writes");
}

#[test]
fn it_stops_when_asked_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    for experiment in Experiment::ALL {
        for asked_after in [0, 3] {
            let asked = std::cell::Cell::new(0);
            let stop = || {
                asked.set(asked.get() + 1);
                asked.get() > asked_after
            };
            let stopped = brief(experiment, directory.path(), &stop);
            assert!(matches!(stopped, Err(PerfError::Interrupted)), "{}", experiment.name());
            assert!(is_empty(directory.path()), "{} left files", experiment.name());
        }
    }
}

#[test]
fn words_behind_perf_are_checked() {
    let parse = |words| parse_words(words, Language::English);
    let (experiment, wish) = parse("sequential seconds=2").unwrap();
    assert_eq!((experiment, wish.time), (Experiment::Sequential, Duration::from_secs(2)));
    assert_eq!(parse("index --seconds 1").unwrap().1.time, Duration::from_secs(1));
    for (words, says) in [
        ("", "what to measure"),
        ("disk", "sequential"),
        ("index fast", "seconds=5"),
        ("index seconds=0", "600"),
        ("index --seconds", "600"),
    ] {
        let error = parse(words).unwrap_err();
        assert!(error.contains(says), "{words}: {error}");
    }
    let nowhere = Wish { directory: Some("/nowhere/at/all".into()), ..Wish::default() };
    let ears = Ears { progress: &mut |_, _| {}, stop: &|| false };
    let error = run(Experiment::Index, &nowhere, ears).unwrap_err().to_string();
    assert!(error.contains("/nowhere/at/all") && error.contains("--dir"), "{error}");
}
