//! What real brokers wrote, dumped here and by Kafka's own tool: every line the same.

use super::*;
use crate::fixtures::{self, Case};

/// The options of a dump text's first line.
fn options(flags: &str) -> Options {
    let mut options = Options::default();
    let mut words = flags.split_whitespace();
    while let Some(word) = words.next() {
        if word == "--max-bytes" {
            options.max_bytes = words.next().and_then(|number| number.parse().ok());
        } else {
            assert!(options.set(word), "an option that is not known: {word}");
        }
    }
    options
}

/// A file of a case, dumped: its lines and the report.
fn dumped(case: &Case, path: &str, options: &Options) -> (Vec<u8>, Report) {
    let (mut out, mut report) = (Vec::new(), Report::default());
    let stem = |path: &str| {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        format!("{directory}/{}", name.split('.').next().unwrap_or_default())
    };
    let beside = |ending: &str| -> Option<Box<dyn Source>> {
        let bytes = case.files.get(&format!("{}.{ending}", stem(path)))?;
        Some(Box::new(bytes.clone()))
    };
    let absolute = format!("<abs>/{path}");
    let place = Place { path, absolute: &absolute, beside: &beside };
    dump(options, &place, &case.files[path], &mut report, &mut |text| {
        out.extend_from_slice(text);
        true
    });
    (out, report)
}

/// Each dump text of each case: the case, the file that was dumped, the options, the tool's text.
fn each_text(prefix: &str, mut look: impl FnMut(&Case, &str, &Options, &str)) -> usize {
    let mut count = 0;
    fixtures::each(prefix, |case| {
        for (path, _) in case.below("dump") {
            let Some(bare) = path.strip_suffix(".txt") else { continue };
            // A tag of other options may stand before `.txt`.
            let file = match case.files.contains_key(bare) {
                true => bare,
                false => bare.rsplit_once('.').map_or(bare, |(file, _)| file),
            };
            if !case.files.contains_key(file) {
                continue;
            }
            let text = case.text(&format!("dump/{path}"));
            let Some((flags, text)) = text.split_once('\n') else { continue };
            let Some(flags) = flags.strip_prefix("# flags:") else { continue };
            look(&case, file, &options(flags), text);
            count += 1;
        }
    });
    count
}

/// What the tool printed, what it wrote to its error output, and whether it died.
fn parts(text: &str) -> (&str, Vec<&str>, bool) {
    let end = text.match_indices("# ").map(|(at, _)| at).find(|at| {
        let rest = &text[*at..];
        (*at == 0 || text.as_bytes()[at - 1] == b'\n' || rest.starts_with("# ended with"))
            && (rest.starts_with("# ended with exception") || rest.starts_with("# stderr:"))
    });
    let (printed, notes) = text.split_at(end.unwrap_or(text.len()));
    let told = notes.lines().filter_map(|line| line.strip_prefix("# stderr: "));
    (printed, told.collect(), notes.contains("# ended with exception"))
}

fn compare(prefix: &str) {
    let mut wrong = Vec::new();
    let count = each_text(prefix, |case, file, options, text| {
        let (printed, told, died) = parts(text);
        let (ours, report) = dumped(case, file, options);
        let ours = String::from_utf8(ours).expect("UTF-8");
        // Who took the tool's text down through a shell lost its zero bytes.
        let ours = if printed.contains('\0') { ours } else { ours.replace('\0', "") };
        let same = match died {
            true => ours.starts_with(printed.trim_end_matches('\n')),
            false => ours == printed,
        };
        if !same {
            let line = ours.lines().zip(printed.lines()).position(|(a, b)| a != b);
            let at = line.unwrap_or(ours.lines().count().min(printed.lines().count()));
            wrong.push(format!(
                "{} {file} {options:?} died={died} line {at}\n  ours {:?}\n  tool {:?}",
                case.name,
                ours.lines().nth(at),
                printed.lines().nth(at)
            ));
        }
        // What the tool says of gaps behind "-1" is its own mistake; everything else it finds is found here.
        // What it says of a broken snapshot is another sentence.
        if !died && !file.ends_with(".snapshot") {
            let ours = report.text();
            let lost = told.iter().find(|line| {
                let heading = line.starts_with("Non-consecutive");
                !heading && !line.starts_with("  -1 is followed by") && !ours.contains(**line)
            });
            if let Some(lost) = lost {
                wrong.push(format!("{} {file} {options:?}: not told: {lost}\n{ours}", case.name));
            }
        }
        // A time index can be read without the index beside it, and without the log behind its last entry.
        if died && !file.ends_with(".timeindex") && report.problems.is_empty() {
            wrong.push(format!("{} {file} {options:?}: the tool died, here is no word", case.name));
        }
    });
    assert!(count > 0, "no dump texts under {prefix}");
    let shown: Vec<&String> = wrong.iter().take(12).collect();
    assert!(wrong.is_empty(), "{} of {count} differ:\n{shown:#?}", wrong.len());
}

#[test]
fn real_directories_are_dumped_as_by_the_tool() {
    compare("");
}

#[test]
fn damaged_directories_are_dumped_as_by_the_tool() {
    compare("damage-");
}

#[test]
fn the_walk_of_spans_finds_what_one_walk_finds() {
    let mut log = Vec::new();
    fixtures::each("", |case| {
        let logs = case.files.iter().filter(|(path, _)| path.ends_with(".log"));
        for (_, bytes) in logs {
            if log.len() > 200_000 {
                break;
            }
            let whole = Spans::new(bytes, 0, None)
                .last()
                .map_or(0, |last| (last.position + last.size_bytes) as usize);
            log.extend_from_slice(&bytes[..whole]);
        }
    });
    assert!(!log.is_empty());
    let mut large = Vec::new();
    while large.len() < 3 * SPAN_BYTES as usize {
        large.extend_from_slice(&log);
    }
    large.truncate(large.len() - 5);
    let spans: Vec<Span> = Spans::new(&large, 0, None).collect();
    assert!(spans.len() > 2 && spans.iter().all(|span| span.size_bytes <= SPAN_BYTES));
    assert!(spans.windows(2).all(|pair| pair[0].position + pair[0].size_bytes == pair[1].position));
    let options = Options { print_data_log: true, ..Options::default() };
    let (mut one, mut many) = (Vec::new(), Vec::new());
    write_entries(&options, "x", &large, 0, &mut one, &mut Seen::default());
    for span in spans {
        let bytes = &large[span.position as usize..(span.position + span.size_bytes) as usize];
        write_entries(&options, "x", bytes, span.position, &mut many, &mut Seen::default());
    }
    assert!(one == many);
}

/// Small files of every kind, to be bent.
fn samples() -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<(String, Vec<u8>)> = Vec::new();
    let mut take = |case: Case| {
        for (path, bytes) in &case.files {
            let Some(kind) = FileKind::of(path) else { continue };
            let few = found.iter().filter(|(name, _)| FileKind::of(name) == Some(kind)).count() < 3;
            if few && (20..1500).contains(&bytes.len()) && !path.starts_with("dump/") {
                found.push((path.clone(), bytes.clone()));
            }
        }
    };
    fixtures::each("", &mut take);
    found
}

#[test]
fn every_prefix_and_flipped_byte_of_every_kind_of_file_is_an_answer() {
    let forms = [
        Options { deep_iteration: true, ..Options::default() },
        Options { print_data_log: true, json: true, ..Options::default() },
        Options { decoder: Some(Topic::ConsumerOffsets), ..Options::default() },
        Options { decoder: Some(Topic::ClusterMetadata), json: true, ..Options::default() },
        Options { index_sanity_check: true, ..Options::default() },
    ];
    let mut lines = 0;
    let mut look = |path: &str, bytes: Vec<u8>, options: &Options| {
        let beside = |_: &str| -> Option<Box<dyn Source>> { Some(Box::new(bytes.clone())) };
        let place = Place { path, absolute: path, beside: &beside };
        dump(options, &place, &bytes, &mut Report::default(), &mut |text| {
            lines += text.iter().filter(|byte| **byte == b'\n').count();
            if options.json {
                for line in String::from_utf8_lossy(text).lines() {
                    serde_json::from_str::<serde_json::Value>(line).expect("a JSON line");
                }
            }
            true
        });
    };
    for (path, bytes) in samples() {
        for end in (0..bytes.len()).step_by(3) {
            look(&path, bytes[..end].to_vec(), &forms[end % forms.len()]);
        }
        for at in 0..bytes.len() {
            for (form, bits) in [1, 0x80, 0xff].into_iter().enumerate() {
                let mut bent = bytes.clone();
                bent[at] ^= bits;
                look(&path, bent, &forms[(at + form) % forms.len()]);
            }
        }
    }
    assert!(lines > 0);
}
