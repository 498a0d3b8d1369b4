//! `klab dump` of a log of 840 MB and 4 million records beside Kafka's own tool, in the same run: time of the whole
//! process with the output thrown away, and the most memory that it had.
//!
//! The log is written to a temporary directory and removed. `KLAB_REAL_KAFKA` names the `real-kafka` tool (its
//! `tool dump-log` is run); without it only klab is timed. `KLAB_DUMP_RECORDS` makes a smaller log.

#![allow(clippy::disallowed_methods)] // a benchmark needs the wall clock

use klab::batch::BatchBuilder;
use klab::types::{LeaderEpoch, Offset, Timestamp};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const RECORDS: i64 = 4_000_000;
/// A producer's `batch.size`.
const BATCH_BYTES: usize = 16_384;

/// The log: keys of 8 to 11 bytes, values of 190 letters, no codec.
fn write_log(path: &Path, records: i64) -> u64 {
    let file = std::fs::File::create(path).expect("a file in the temporary directory");
    let mut out = BufWriter::with_capacity(1 << 20, file);
    let value: Vec<u8> = (0..190u8).map(|i| b'a' + i % 26).collect();
    let (mut offset, mut size) = (0, 0);
    while offset < records {
        let mut builder = BatchBuilder::new(Offset(offset)).with_epoch(LeaderEpoch(3));
        while offset < records && builder.size_bytes() + 218 < BATCH_BYTES {
            let key = format!("key-{}", offset % 1_000_003);
            let time = Timestamp(1_700_000_000_000 + offset / 4);
            builder.push_parts(Offset(offset), time, Some(key.as_bytes()), Some(&value), &[]);
            offset += 1;
        }
        let bytes = builder.build();
        size += bytes.len() as u64;
        out.write_all(&bytes).expect("room for the log");
    }
    out.flush().expect("room for the log");
    size
}

/// Runs a program with its output thrown away: its time, and the most memory it had in MiB (0: not known).
fn run(program: &str, arguments: &[&str]) -> (Duration, u64) {
    let began = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let (mut most, status) = (0, format!("/proc/{}/status", child.id()));
    let took = loop {
        if let Some(code) = child.try_wait().expect("a child") {
            assert!(code.success(), "{program} {arguments:?}: {code}");
            break began.elapsed();
        }
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|it| it.split_whitespace().next()?.parse::<u64>().ok());
        most = most.max(kib.unwrap_or(0) >> 10);
        std::thread::sleep(Duration::from_millis(2));
    };
    (took, most)
}

fn main() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("00000000000000000000.log");
    let records = std::env::var("KLAB_DUMP_RECORDS").ok().and_then(|it| it.parse().ok());
    let records = records.unwrap_or(RECORDS);
    let size = write_log(&path, records);
    println!("a log of {} MB with {records} records, output to /dev/null", size / 1_000_000);
    let path = path.to_string_lossy().into_owned();
    let real = std::env::var("KLAB_REAL_KAFKA").ok();
    let cases: [(&str, &[&str], &str); 3] = [
        ("(no option)", &[], "at least 8x"),
        ("--deep-iteration", &["--deep-iteration"], "at least 20x"),
        ("--print-data-log", &["--print-data-log"], "at least 20x"),
    ];
    for (name, options, wanted) in cases {
        let arguments = [&["dump", &path], options].concat();
        let runs = (0..5).map(|_| run(env!("CARGO_BIN_EXE_klab"), &arguments));
        let runs: Vec<(Duration, u64)> = runs.collect();
        let ours = runs.iter().map(|it| it.0).min().unwrap_or_default();
        let memory = runs.iter().map(|it| it.1).max().unwrap_or(0);
        let rate = size as f64 / 1e6 / ours.as_secs_f64();
        print!("{name:<18} klab {:>7.3} s ({rate:>5.0} MB/s, {memory} MiB)", ours.as_secs_f64());
        if let Some(real) = &real {
            let arguments = [&["tool", "dump-log", "--files", &path], options].concat();
            let (theirs, _) = (0..2).map(|_| run(real, &arguments)).min().expect("two runs");
            let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
            print!("   Kafka {:>7.3} s   {ratio:.1}x ({wanted})", theirs.as_secs_f64());
        }
        println!();
    }
}
