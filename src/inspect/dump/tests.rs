//! Files on a disk: several threads say what one says, directories stand for what is in them.

use super::*;
use crate::batch::{BatchBuilder, Codec};
use crate::types::{Offset, Timestamp};

/// A log of at least this many bytes, every fourth batch compressed.
fn log(size_bytes: usize) -> Vec<u8> {
    let (mut bytes, mut offset) = (Vec::new(), 0);
    while bytes.len() < size_bytes {
        let mut builder = BatchBuilder::new(Offset(offset));
        if offset % 4 == 0 {
            builder = builder.compressed(Codec::Lz4, None);
        }
        let count = 1 + offset % 97;
        for _ in 0..count {
            let value = vec![b'a' + (offset % 26) as u8; 150];
            let time = Timestamp(1_700_000_000_000 + offset);
            builder.push_parts(Offset(offset), time, None, Some(&value), &[]);
            offset += 1;
        }
        bytes.extend(builder.build());
    }
    bytes
}

fn dumped(path: &Path, options: &Options) -> (String, Report) {
    let mut out = Vec::new();
    let mut take = |text: &[u8]| {
        out.extend_from_slice(text);
        true
    };
    let report = dump_files(&[path.to_path_buf()], options, &mut take, &mut |_, _, _| {});
    (String::from_utf8(out).expect("UTF-8"), report)
}

#[test]
fn several_threads_say_what_one_says() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("00000000000000000000.log");
    let mut bytes = log(LARGE_BYTES as usize);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x55; // one batch whose checksum does not hold
    bytes.extend([0; 11]);
    std::fs::write(&path, &bytes).expect("a file");
    for options in [
        Options::default(),
        Options { print_data_log: true, ..Options::default() },
        Options { deep_iteration: true, json: true, ..Options::default() },
    ] {
        let (ours, report) = dumped(&path, &options);
        let (mut one, mut quiet) = (Vec::new(), Report::default());
        let text = path.to_string_lossy();
        let place = Place { path: &text, absolute: &text, beside: &|_: &str| None };
        dump(&options, &place, &bytes, &mut quiet, &mut |some| {
            one.extend_from_slice(some);
            true
        });
        assert!(ours.as_bytes() == one, "{options:?}");
        assert_eq!(report.problems, quiet.problems);
        assert!(options.json || ours.contains("Found 11 invalid bytes at the end of 0000"));
    }
}

#[test]
fn a_reader_who_leaves_ends_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("00000000000000000000.log");
    std::fs::write(&path, log(LARGE_BYTES as usize)).expect("a file");
    let mut calls = 0;
    let mut take = |_: &[u8]| {
        calls += 1;
        calls < 2
    };
    let all = [path.clone(), path];
    dump_files(&all, &Options::default(), &mut take, &mut |_, _, _| {});
    assert_eq!(calls, 2);
}

#[test]
fn a_directory_stands_for_its_files_in_order() {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(directory.path().join("b-0")).expect("a directory");
    for name in ["b-0/00000000000000000007.log", "a.index", "a.log", "notes", "x.log.deleted"] {
        std::fs::write(directory.path().join(name), b"").expect("a file");
    }
    let found = files(&[directory.path().to_path_buf()]);
    let names: Vec<_> = found.iter().map(|it| it.file_name().unwrap_or_default()).collect();
    assert_eq!(names, ["a.index", "a.log", "00000000000000000007.log"]);
    let (text, report) = dumped(&directory.path().join("notes"), &Options::default());
    assert!(text.starts_with("Dumping ") && report.text().starts_with("Ignoring unknown file"));
    let (_, report) = dumped(Path::new("/nowhere/0.log"), &Options::default());
    assert!(report.problems[0].starts_with("/nowhere/0.log: cannot be opened"));
}

#[test]
fn a_pipe_is_no_file_and_an_empty_directory_nothing_to_dump() {
    let directory = tempfile::tempdir().expect("a directory");
    let pipe = |name: &str| {
        let path = directory.path().join(name);
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &path, kind, mode, 0).expect("a pipe");
        path
    };
    let direct = pipe("00000000000000000000.log");
    let (_, report) = dumped(&direct, &Options::default());
    assert!(report.problems[0].ends_with("it is no regular file"), "{:?}", report.problems);
    let (_, report) = dumped(directory.path(), &Options::default());
    assert!(report.problems[0].ends_with("it is no regular file"), "{:?}", report.problems);
    // The log beside an index is a pipe.
    let index = direct.with_extension("index");
    std::fs::write(&index, [0, 0, 0, 1, 0, 0, 0, 0]).expect("a file");
    let (_, report) = dumped(&index, &Options::default());
    assert!(!report.problems.is_empty());
    let empty = directory.path().join("empty");
    std::fs::create_dir(&empty).expect("a directory");
    std::fs::write(empty.join("notes"), b"").expect("a file");
    let (_, report) = dumped(&empty, &Options::default());
    assert!(report.problems[0].contains("nothing in it can be dumped"), "{:?}", report.problems);
}

#[test]
fn what_does_not_hold_together_is_told_in_json_and_at_the_end() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("00000000000000000000.log");
    let json = Options { json: true, ..Options::default() };
    let good = log(1);
    std::fs::write(&path, &good).expect("a file");
    assert!(dumped(&path, &json).1.holds());
    std::fs::write(&path, [&good[..], &[0; 5]].concat()).expect("a file");
    let (text, report) = dumped(&path, &json);
    assert!(
        !report.holds()
            && text.contains("\"kind\":\"invalid\"")
            && text.contains("\"sizeBytes\":5")
    );
    let mut bent = good.clone();
    bent[70] ^= 1;
    std::fs::write(&path, &bent).expect("a file");
    let (_, report) = dumped(&path, &Options::default());
    assert!(
        !report.holds() && report.text().contains("1 checksum does not hold"),
        "{}",
        report.text()
    );
    std::fs::write(&path, &good).expect("a file");
    let index = path.with_extension("index");
    std::fs::write(&index, [0, 0, 0, 9, 0, 0, 0, 0]).expect("a file");
    let (text, report) = dumped(&index, &json);
    assert!(
        !report.holds() && text.contains("\"kind\":\"mismatch\",\"what\":\"offset\",\"indexed\":9"),
        "{text}"
    );
    let sanity = Options { index_sanity_check: true, ..json };
    let (text, report) = dumped(&index, &sanity);
    assert!(report.holds() && text.contains("\"passed\":true,\"reason\":null"), "{text}");
}
