//! The language as a whole: golden scripts of errors, twins, hostile text.

use super::*;
use std::path::PathBuf;

fn errors_of(block: &Block) -> String {
    match parse_script("script.klab", &block.source, block.line) {
        Ok(_) => "all of it parses\n".into(),
        Err(errors) => errors.iter().map(|error| format!("{error}\n")).collect(),
    }
}

#[test]
fn errors_are_as_recorded() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/script/scripts/errors_name_the_place_and_the_nearest_word.klab"
    );
    let text = std::fs::read_to_string(path).unwrap();
    let mut blocks = parse_golden(&text);
    let recorded = blocks.clone();
    for block in &mut blocks {
        block.output = errors_of(block);
    }
    if std::env::var_os("KLAB_UPDATE").is_some() {
        std::fs::write(path, render_golden(&blocks)).unwrap();
        return;
    }
    for (block, recorded) in blocks.iter().zip(&recorded) {
        assert_eq!(block.output, recorded.output, "block at line {}", block.line);
    }
}

/// The scripts of all twins, by name.
pub fn twins() -> Vec<(String, String)> {
    let own = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/data/twins"));
    let directory = std::env::var_os("KLAB_TWINS").map_or(own, PathBuf::from);
    let entries = std::fs::read_dir(&directory).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut twins: Vec<(String, String)> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "klab"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect();
    twins.sort();
    twins
}

#[test]
fn every_twin_parses() {
    let twins = twins();
    assert!(twins.len() >= 40);
    for (name, text) in &twins {
        if let Err(errors) = parse_script(name, text, 1) {
            panic!("{}", errors[0]);
        }
    }
}

#[test]
fn every_prefix_of_a_script_is_read_or_refused() {
    let (_, text) = twins().swap_remove(0);
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)).step_by(3) {
        let _ = parse_script("prefix", &text[..end], 1);
    }
}

#[test]
fn a_binary_file_is_refused_with_its_place() {
    let error = decode("junk.klab", b"cluster brokers=3\ntopic \xff\xfe").unwrap_err();
    assert_eq!((error.line, error.column()), (2, 7));
    assert!(decode("junk.klab", b"cluster\0").unwrap_err().to_string().contains("not a text file"));
    assert!(decode("ok.klab", "cluster # 集群\n".as_bytes()).is_ok());
    assert_eq!(decode("mark.klab", "\u{feff}cluster".as_bytes()).unwrap(), "cluster");
}

proptest::proptest! {
    #[test]
    fn any_line_is_read_or_refused(line in ".{0,80}") {
        if let Err(fault) = parse_line(&line, 1) {
            let error = ScriptError { file: "x".into(), line: 1, source: line.as_str().into(), fault };
            proptest::prop_assert!(error.to_string().lines().count() == 3);
        }
    }

    #[test]
    fn any_words_of_the_language_are_read_or_refused(
        words in proptest::collection::vec(
            proptest::sample::select(vec![
                "until", "expect", "predict", "\"q\"", "topic", "create", "orders", "orders-0", "leader(orders-0)",
                "==", "{", "}", "[", ",", "(", ")", "1", "none", "not", "and", "=", "within=3s", "&", "key=", "#",
                "produce", "value=1", "coordinator(g)", "broker", "kill", "!", "\"",
            ]),
            0..12,
        )
    ) {
        let line = words.join(" ");
        let _ = parse_line(&line, 1);
        let _ = complete(&line, line.len(), &NoNames, crate::types::Language::English);
        let _ = ghost(&line, &NoNames, crate::types::Language::English);
    }
}

#[test]
fn show_draws_every_kind_or_says_what_does_not_exist() {
    let script = "cluster brokers=3 seed=7\ntopic create orders partitions=1 replication-factor=3\n\
        produce orders key=a value=b acks=all\nsettle\n";
    let mut session = Session::in_memory(crate::types::Language::English);
    let mut run = |text: &str| {
        let mut lines = Vec::new();
        let end = run_script(
            "x",
            text,
            &mut session,
            RunOptions::default(),
            &mut |l| lines.push(l.to_string()),
            &|| false,
        );
        (end, lines)
    };
    assert_eq!(run(script).0, RunEnd::default());
    for form in forms().filter(|form| form.verb() == "show" && form.needs.is_none()) {
        let (end, lines) = run(form.example);
        let said = end.error.map_or(lines.join("\n"), |error| error.fault.message);
        assert!(!said.is_empty() && !said.contains("cannot be drawn"), "{}: {said}", form.example);
    }
}

#[test]
fn exit_codes_are_those_of_the_contract() {
    for (script, code) in [
        ("topic create a\ntopic create a\n", 0),
        ("expect exists(a)\n", 1),
        ("until exists(a) within=1s\n", 1),
        ("predict \"Is it?\" exists(a) == true\n", 1),
        ("broker kill 9\n", 2),
        ("expect leo(a-0, 9) == 1\n", 2),
        ("consumer stop c1\n", 2),
        ("txn begin p1\n", 2),
        ("brokr\n", 2),
        ("cluster kafka=2.10\n", 2),
        ("cluster broker.session.timeout.ms=soon\n", 2),
    ] {
        let mut session = Session::in_memory(crate::types::Language::English);
        let end =
            run_script("x", script, &mut session, RunOptions::default(), &mut |_| {}, &|| false);
        assert_eq!(end.exit_code, code, "{script}: {:?}", end.error);
    }
    let mut session = Session::in_memory(crate::types::Language::English);
    let end =
        run_script("x", "run 5s\n", &mut session, RunOptions::default(), &mut |_| {}, &|| true);
    assert_eq!(end.exit_code, INTERRUPTED);
}

#[test]
fn json_lines_are_objects_with_a_type_and_end_with_the_exit_code() {
    let mut session = Session::in_memory(crate::types::Language::Chinese);
    let mut last = serde_json::Value::Null;
    let options = RunOptions { json: true, ..RunOptions::default() };
    let script =
        "topic create a\nproduce a value=1 acks=all\nbranch x\nback 3\nstep 2\nexpect exists(b)\n";
    let mut out = |line: &str| {
        last = serde_json::from_str(line).unwrap();
        assert!(last["type"].is_string());
    };
    let end = run_script("x", script, &mut session, options, &mut out, &|| false);
    assert_eq!((end.exit_code, &last["exit_code"]), (1, &1.into()));
}

#[test]
fn walks_and_workloads_are_bounded() {
    let error = |text| parse_script("script.klab", text, 1).unwrap_err()[0].to_string();
    assert!(error("step 99999999999").contains("at most 10000000"));
    assert!(error("back 10000001").contains("at most 10000000"));
    assert!(error("produce o every=0s").contains("every= takes 1ms at least"));
    assert!(parse_script("script.klab", "step 10000000\nproduce o every=1ms\n", 1).is_ok());
}

#[test]
fn what_does_not_hold_is_told_at_a_readable_length() {
    let told = |text: &str| {
        let mut session = Session::in_memory(crate::types::Language::English);
        let statement = parse_script("script.klab", text, 1).unwrap().remove(0);
        Execution::new(statement).finish(&mut session).lines.remove(0)
    };
    assert_eq!(told("until 1 == 2 within=1ms"), "not within 1.0 ms: 1 == 2");
    assert_eq!(told("expect 1 == 2"), "expected 1 == 2");
    let long = format!("expect 1 == 2{}", " or 1 == 2".repeat(50));
    assert!(told(&long).chars().count() < 300);
}
