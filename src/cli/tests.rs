//! The program, called as a shell calls it, with its exit codes.

use super::*;

/// Exit code, output, error output.
fn klab(words: &[&str]) -> (i32, String, String) {
    let arguments: Vec<String> = ["klab", "--lang", "en", "--plain"]
        .iter()
        .chain(words)
        .map(|word| (*word).to_owned())
        .collect();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = main_with(&arguments, &mut out, &mut err);
    (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

#[test]
fn help_and_version_end_well() {
    let (code, out, err) = klab(&["--help"]);
    assert_eq!((code, err.as_str()), (ENDED, ""));
    assert!(out.contains("Examples:") && out.contains("Exit codes:"), "{out}");
    let (code, out, _) = klab(&["--version"]);
    assert_eq!((code, out), (ENDED, format!("klab {}\n", env!("CARGO_PKG_VERSION"))));
    for line in klab(&["inspect", "--help"]).1.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[test]
fn a_wrong_argument_is_a_sentence_and_two() {
    for words in [
        &["lessen"][..],
        &["lesson", "--play"],
        &["--seed", "x", "fidelity"],
        &["fidelity", "static-votersr"],
        &["glossary", "nonsense-word"],
        &["inspect"],
        &["inspect", "/nowhere/at/all"],
        &["inspect", "--sample", "lookup"],
        &["completions", "dos"],
        &["lesson", "h01", "--speed", "2"],
        &["lesson", "h01", "--play", "--speed", "0"],
        &["lesson", "h01", "--play", "--speed", "fast"],
    ] {
        let (code, out, err) = klab(words);
        assert_eq!((code, out.as_str()), (WRONG, ""), "{words:?}");
        assert!(err.len() > 20 && err.ends_with('\n'), "{words:?}: {err}");
    }
    assert!(klab(&["fidelity", "static-votersr"]).2.contains("did you mean 'static-voters'?"));
}

#[test]
fn looking_commands_print_what_they_were_asked() {
    let (code, out, _) = klab(&["fidelity"]);
    assert!(code == ENDED && out.contains("small-segments"), "{out}");
    let (code, out, _) = klab(&["glossary", "isr"]);
    assert!(code == ENDED && out.contains("In-sync replicas"), "{out}");
    let (code, out, _) = klab(&["inspect", "--sample"]);
    assert!(code == ENDED && out.contains("plain-0"), "{out}");
    let (code, out, _) = klab(&["inspect", "--sample", "lookup", "plain-0", "offset=150"]);
    assert!(code == ENDED && out.contains("the answer"), "{out}");
    let (code, out, _) = klab(&["inspect", "--sample", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert!(code == ENDED && json["nodes"][0]["node"] == 1);
    for shell in ["bash", "zsh", "fish"] {
        let (code, out, _) = klab(&["completions", shell]);
        assert!(code == ENDED && out.contains("glossary"), "{shell}");
    }
}

#[test]
fn ascii_is_ascii() {
    for words in [&["--ascii", "fidelity"][..], &["--ascii", "inspect", "--sample"]] {
        let (_, out, _) = klab(words);
        let odd: Vec<&str> = out.lines().filter(|line| !line.is_ascii()).collect();
        assert!(odd.is_empty(), "{odd:?}");
    }
}

/// A reader who goes away at once.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_is_no_error() {
    let arguments = ["klab", "fidelity"].map(str::to_owned);
    let mut err = Vec::new();
    assert_eq!(main_with(&arguments, &mut Closed, &mut err), ENDED);
    assert!(err.is_empty());
}

#[test]
fn the_language_follows_the_locale() {
    use crate::types::Language;
    let of = |name: &'static str, value: &'static str| {
        arguments::of_locale(move |asked| (asked == name).then(|| value.to_owned()))
    };
    assert_eq!(of("LANG", "zh_CN.UTF-8"), Language::Chinese);
    assert_eq!(of("LC_ALL", "en_US.UTF-8"), Language::English);
    assert_eq!(of("NONE", ""), Language::English);
    let arguments = ["klab", "--lang", "zh", "glossary", "HW"].map(str::to_owned);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    assert_eq!(main_with(&arguments, &mut out, &mut err), ENDED);
    assert!(String::from_utf8(out).unwrap().contains("高水位"));
}

/// Runs a script that lies in a file; the directory goes with it.
fn run(script: &[u8], more: &[&str]) -> (i32, String, String) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("script.klab");
    std::fs::write(&file, script).unwrap();
    let file = file.to_str().unwrap();
    let words: Vec<&str> = ["run", file].iter().chain(more).copied().collect();
    klab(&words)
}

const ORDERS: &[u8] = b"cluster brokers=3 kafka=4.3 seed=7
topic create orders partitions=1 replication-factor=3
produce orders key=alice value=apples acks=all
until hw(orders-0) == 1
expect leo(orders-0) == 1
";

#[test]
fn a_script_that_ends_is_zero_and_its_files_go_or_stay() {
    let (code, out, err) = run(ORDERS, &[]);
    assert_eq!((code, err.as_str()), (ENDED, ""), "{out}");
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("files");
    let place = directory.to_str().unwrap();
    let (code, with_files, _) = run(ORDERS, &["--dir", place]);
    assert_eq!((code, &with_files), (ENDED, &out), "the output does not depend on the place");
    assert!(!directory.exists());
    let (code, _, err) = run(ORDERS, &["--dir", place, "--keep"]);
    assert!(code == ENDED && err.contains(place), "{err}");
    assert!(directory.join("broker-1/.kafka_cleanshutdown").is_file());
    let index = directory.join("broker-1/orders-0/00000000000000000000.index");
    assert_eq!(std::fs::metadata(index).unwrap().len(), 0, "a clean close trims the index");
    let (code, _, err) = run(ORDERS, &["--dir", place]);
    assert!(code == WRONG || err.contains("not empty"), "{code} {err}");
    let (code, out, _) = klab(&["inspect", place, "--json"]);
    assert_eq!(code, ENDED);
    assert!(out.contains("\"orders-0\"") && !out.contains("missing"), "{out}");
}

#[test]
fn a_script_that_fails_is_one_and_a_wrong_one_is_two() {
    let failing = [ORDERS, b"expect hw(orders-0) == 5\n"].concat();
    assert_eq!(run(&failing, &[]).0, FAILED);
    for wrong in
        [&b"prodcue orders value=1\n"[..], b"cluster\nbroker kill 9\n", b"\x7fELF\x00\x01\xff"]
    {
        let (code, out, err) = run(wrong, &[]);
        assert_eq!(code, WRONG, "{wrong:?}: {out}");
        assert!(out.len() + err.len() > 20, "{wrong:?}");
    }
    let (code, _, err) = klab(&["run", "/nowhere/x.klab"]);
    assert!(code == WRONG && err.contains("cannot be read"), "{err}");
    let (code, _, err) = klab(&["run", "/"]);
    assert!(code == WRONG && err.contains("cannot be read"), "{err}");
}

#[test]
fn the_sandbox_without_a_screen_reads_commands_line_by_line() {
    let arguments =
        <Arguments as clap::Parser>::try_parse_from(["klab", "--lang", "en", "--plain", "sandbox"])
            .unwrap();
    let sandbox = |mut input: &[u8]| {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut output = Output::new(&mut out);
        let code = run::sandbox(&arguments, None, &mut input, &mut output, &mut err);
        (code, String::from_utf8(out).unwrap())
    };
    let (code, out) =
        sandbox("\u{feff}topic create orders\n\nexpect leo(orders-0) == 0".as_bytes());
    assert!(code == Ok(ENDED) && out.starts_with("cluster of 3 brokers"), "{code:?} {out}");
    let (code, out) = sandbox(b"topic create orders\nexpect leo(orders-0) == 5\n");
    assert!(code == Ok(FAILED) && out.contains("(standard input):2:1"), "{code:?} {out}");
    assert_eq!(sandbox(b"prodcue\n").0, Ok(WRONG));
    assert!(sandbox(b"\xff\n").0.is_err());
}

/// Where nothing more fits.
struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::StorageFull.into())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_output_that_takes_nothing_is_told() {
    let mut err = Vec::new();
    assert_eq!(main_with(&["klab", "fidelity"].map(str::to_owned), &mut Full, &mut err), WRONG);
    assert!(String::from_utf8(err).unwrap().contains("cannot be written"));
    let (code, _, err) = klab(&["lesson", "a"]);
    assert!(code == WRONG && err.contains("a02-record-batch, a03"), "{err}");
    let (code, _, err) = klab(&["inspect", "/nope"]);
    assert!(code == WRONG && err.contains("Check the path"), "{err}");
}

#[test]
fn json_lines_are_json() {
    let (code, out, _) = run(ORDERS, &["--json"]);
    assert_eq!(code, ENDED);
    let types: Vec<String> = out
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect(line))
        .map(|json| json["type"].as_str().expect("a type").to_owned())
        .collect();
    assert!(types.contains(&"event".into()) && types.contains(&"result".into()));
    assert_eq!(types.last().map(String::as_str), Some("end"));
}

#[test]
fn lessons_are_listed_and_told_by_their_beginning() {
    let (code, out, _) = klab(&["lesson", "--list"]);
    assert!(code == ENDED && out.contains("h01-tour"), "{out}");
    assert_eq!(klab(&["lesson"]).1, out, "no id: the list");
    let (_, out, _) = klab(&["lesson", "--list", "--json"]);
    for line in out.lines() {
        let json: serde_json::Value = serde_json::from_str(line).expect(line);
        assert!(json["id"].is_string() && (json["steps"].is_number() || json["error"].is_string()));
    }
    let (code, _, err) = klab(&["lesson", "z99"]);
    assert!(code == WRONG && err.contains("there is no lesson"), "{err}");
}

/// A lesson of one step, in a directory of its own.
fn own_lesson(output: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let text = format!(
        "---\nid: x01-own\ntitle: Own\ntrack: A\nminutes: 1\nera: kraft\npanes: cluster\nseed: 7\n\
         question: Does it end?\nsources: Design\n---\n\n```klab setup\ncluster brokers=1 kafka=4.3 seed=7\n```\n\n\
         ## One step\n\nText.\n\n```klab\ntopic create own partitions=1 replication-factor=1\n---\n{output}\n```\n"
    );
    std::fs::write(directory.path().join("x01-own.md"), text).unwrap();
    directory
}

#[test]
fn a_lesson_is_checked_updated_and_played() {
    let directory = own_lesson("what it never prints");
    let place = directory.path().to_str().unwrap();
    let (code, out, _) = klab(&["check", "--lessons", place]);
    assert!(code == FAILED && out.contains("x01-own.md:"), "{out}");
    let (code, out, _) = klab(&["check", "x01", "--update", "--lessons", place]);
    assert!(code == ENDED && out.contains("recorded anew"), "{out}");
    let (code, out, _) = klab(&["check", "--lessons", place]);
    assert!(code == ENDED && out.contains("nothing is wrong"), "{out}");
    let (code, out, err) = klab(&["lesson", "x01", "--lessons", place, "--plain"]);
    assert!(code == ENDED && out.contains("One step"), "{out}{err}");
    let (code, _, err) = klab(&["check", "x02", "--lessons", place]);
    assert!(code == WRONG && !err.is_empty());
    let (code, _, err) = klab(&["check", "--lessons", "/nowhere"]);
    assert!(code == WRONG && err.contains("/nowhere"), "{err}");
}

#[test]
fn without_a_screen_a_lesson_that_plays_by_itself_is_printed_at_once() {
    let (code, out, _) = klab(&["lesson", "a02", "--play", "--speed", "0.01"]);
    assert!(code == ENDED && out.contains("answered by the engine"), "{out}");
    assert_eq!(out, klab(&["lesson", "a02"]).1);
}

#[test]
fn dump_prints_what_is_in_files_and_refuses_what_it_cannot() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("00000000000000000005.log");
    let mut builder = crate::batch::BatchBuilder::new(crate::types::Offset(5));
    let time = crate::types::Timestamp(7);
    builder.push_parts(crate::types::Offset(5), time, Some(b"k"), Some(b"v"), &[]);
    let mut bytes = builder.build();
    std::fs::write(&path, &bytes).unwrap();
    let text = path.to_string_lossy().into_owned();
    let (code, out, err) = klab(&["dump", &text, "--print-data-log"]);
    assert_eq!((code, err.as_str()), (ENDED, ""), "{out}");
    assert!(out.contains("Log starting offset: 5\nbaseOffset: 5 lastOffset: 5 count: 1 "), "{out}");
    assert!(out.ends_with(" headerKeys: [] key: k payload: v\n"), "{out}");
    let (code, listed, _) = klab(&["dump", "--files", &text, "--print-data-log"]);
    assert_eq!((code, listed), (ENDED, out));
    let (_, out, _) = klab(&["dump", &text, "--json", "--deep-iteration"]);
    assert_eq!(out.lines().count(), 2, "{out}");
    bytes.truncate(11);
    bytes.extend([9, 0, 0, 0, 0, 0, 0, 0]);
    std::fs::write(&path, &bytes).unwrap();
    let (code, out, err) = klab(&["dump", &text]);
    assert!(code == WRONG && err.contains("at position 0"), "{out}{err}");
    assert!(out.ends_with("Found 19 invalid bytes at the end of 00000000000000000005.log\n"));
    for words in [&["--key-decoder-class", "x.Y"][..], &["--max-bytes", "x"], &["--nonsense"]] {
        let words: Vec<&str> = ["dump", &text].into_iter().chain(words.iter().copied()).collect();
        assert_eq!(klab(&words).0, WRONG, "{words:?}");
    }
    assert_eq!(klab(&["dump"]).0, WRONG);
    assert_eq!(klab(&["dump", "/nowhere/at/all.log"]).0, WRONG);
    for line in klab(&["dump", "--help"]).1.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}
