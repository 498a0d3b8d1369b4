//! Hostile bytes for every decoder, seeded: the same seed, the same inputs, on every machine.
//!
//! ```text
//!   cargo bench --bench fuzz -- --list
//!   cargo bench --bench fuzz -- batch --minutes 10
//!   cargo bench --bench fuzz -- all --executions 20000 --seed 7
//!
//!   real file of a broker ─► flips, cuts, splices, lengths, numbers ─► checksum put right again (mostly) ─► decoder
//! ```
//!
//! A panic, an input that takes more than ten seconds, or one that takes more than 512 MiB is a finding: it is made
//! smaller, written to `target/fuzz/TARGET-N.bin`, and the exit code is 1. An allocation that is never touched shows
//! when this runs under `ulimit -v 8000000`: then the process ends, and the last line names the target and the seed.

#![allow(clippy::disallowed_methods)] // a fuzzer needs the wall clock

mod corpus;
mod mutate;
mod place;
mod targets;

use mutate::Chance;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use targets::{TARGETS, Target};

const LONGEST: Duration = Duration::from_secs(10);
const MOST_KIBIBYTES: u64 = 512 << 10;
/// How often memory is looked at.
const ROUND: u64 = 512;

/// What is wanted.
struct Wish {
    targets: Vec<&'static Target>,
    time: Duration,
    executions: u64,
    seed: u64,
}

fn wish() -> Result<Wish, String> {
    let mut wish =
        Wish { targets: Vec::new(), time: Duration::from_secs(2), executions: u64::MAX, seed: 1 };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = |what: &str| -> Result<f64, String> {
            let text = words.next().ok_or(format!("{what} wants a number"))?;
            text.parse().map_err(|_| format!("{what}: '{text}' is no number"))
        };
        match word.as_str() {
            "--bench" => {}
            "--minutes" => wish.time = Duration::from_secs_f64(60.0 * number("--minutes")?),
            "--seconds" => wish.time = Duration::from_secs_f64(number("--seconds")?),
            "--executions" => {
                wish.executions = number("--executions")? as u64;
                wish.time = Duration::from_secs(24 * 3600);
            }
            "--seed" => wish.seed = number("--seed")? as u64,
            "--list" => {
                TARGETS.iter().for_each(|target| println!("{:<20} {}", target.name, target.what));
                std::process::exit(0);
            }
            "all" => wish.targets = TARGETS.iter().collect(),
            name => match TARGETS.iter().find(|target| target.name == name) {
                Some(target) => wish.targets.push(target),
                None => return Err(format!("there is no target '{name}': --list names them")),
            },
        }
    }
    if wish.targets.is_empty() {
        wish.targets = TARGETS.iter().collect();
    }
    Ok(wish)
}

/// What was said by the last panic: place and words.
static SAID: Mutex<String> = Mutex::new(String::new());

fn main() {
    let wish = wish().unwrap_or_else(|sentence| {
        eprintln!("fuzz: {sentence}");
        std::process::exit(2)
    });
    std::panic::set_hook(Box::new(|panic| {
        if let Ok(mut said) = SAID.lock() {
            *said = panic.to_string().replace('\n', " ");
        }
    }));
    let beat = Arc::new(AtomicU64::new(0));
    watch(Arc::clone(&beat));
    let corpus = corpus::Corpus::load();
    let mut findings = 0;
    println!(
        "{:<20} {:>8} {:>12} {:>10} {:>8}  findings",
        "target", "seeds", "executions", "a second", "in code"
    );
    for target in &wish.targets {
        findings += fuzz(target, &wish, &corpus, &beat);
    }
    place::remove();
    std::process::exit(i32::from(findings > 0));
}

/// Ends the program when one input takes too long.
fn watch(beat: Arc<AtomicU64>) {
    std::thread::spawn(move || {
        let mut last = (0, Instant::now());
        loop {
            std::thread::sleep(Duration::from_millis(500));
            let now = beat.load(Ordering::Relaxed);
            if now != last.0 {
                last = (now, Instant::now());
            } else if now != 0 && last.1.elapsed() > LONGEST {
                println!(
                    "FINDING: execution {now} takes more than {LONGEST:?}; --executions {now} repeats it"
                );
                std::process::exit(1);
            }
        }
    });
}

/// Runs one input; what a panic said, if there was one.
fn run(target: &Target, input: &[u8]) -> Option<String> {
    let went = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    went.err().map(|_| SAID.lock().map(|said| said.clone()).unwrap_or_default())
}

/// The panic's place and words without numbers, so that one fault counts once.
fn kind(said: &str) -> String {
    said.chars().filter(|c| !c.is_ascii_digit()).take(160).collect()
}

fn fuzz(target: &Target, wish: &Wish, corpus: &corpus::Corpus, beat: &AtomicU64) -> usize {
    let seeds = (target.seeds)(corpus);
    assert!(!seeds.is_empty(), "{}: no seeds", target.name);
    let mut known: Vec<String> = Vec::new();
    for seed in &seeds {
        if let Some(said) = run(target, seed) {
            finding(target, seed, &said, &mut known);
        }
    }
    let (began, mut executions) = (Instant::now(), 0_u64);
    let ticks_before = user_ticks();
    while executions < wish.executions && (began.elapsed() < wish.time || executions == 0) {
        reset_peak();
        let round = executions..(executions + ROUND).min(wish.executions);
        for number in round.clone() {
            let input = input(target, wish.seed, number, &seeds);
            beat.store(number + 1, Ordering::Relaxed);
            if let Some(said) = run(target, &input) {
                finding(target, &input, &said, &mut known);
            }
            executions += 1;
            if began.elapsed() > wish.time {
                break;
            }
        }
        beat.store(0, Ordering::Relaxed);
        if peak_kibibytes() > MOST_KIBIBYTES + held_kibibytes() {
            for number in round.start..executions {
                let input = input(target, wish.seed, number, &seeds);
                reset_peak();
                run(target, &input);
                if peak_kibibytes() > MOST_KIBIBYTES + held_kibibytes() {
                    finding(target, &input, "more than 512 MiB", &mut known);
                }
            }
        }
    }
    let a_second = executions as f64 / began.elapsed().as_secs_f64();
    let in_code = format!("{} s", (user_ticks() - ticks_before) / 100);
    println!(
        "{:<20} {:>8} {executions:>12} {a_second:>10.0} {in_code:>8}  {}",
        target.name,
        seeds.len(),
        known.len()
    );
    known.len()
}

fn input(target: &Target, seed: u64, number: u64, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut chance = Chance::new(seed, target.name, number);
    mutate::mutate(&mut chance, seeds, target.repair)
}

fn finding(target: &Target, input: &[u8], said: &str, known: &mut Vec<String>) {
    let kind = kind(said);
    if known.contains(&kind) {
        return;
    }
    known.push(kind.clone());
    let same = |input: &[u8]| run(target, input).is_some_and(|said| self::kind(&said) == kind);
    let small = mutate::smaller(input, same);
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/fuzz");
    let path = path.join(format!("{}-{}.bin", target.name, known.len()));
    let _ = std::fs::create_dir_all(path.parent().expect("a parent"));
    let _ = std::fs::write(&path, &small);
    println!("FINDING {}: {said}\n  {} bytes, in {}", target.name, small.len(), path.display());
    if small.len() <= 64 {
        println!("  {small:?}");
    }
}

/// A line of `/proc/self/status` in kibibytes; 0 where there is none.
fn status(name: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// The processor's time that this process spent outside the kernel, in hundredths of a second; 0 where nobody says.
fn user_ticks() -> u64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = text.rsplit(')').next().unwrap_or_default();
    behind_name.split_whitespace().nth(11).and_then(|ticks| ticks.parse().ok()).unwrap_or(0)
}

fn peak_kibibytes() -> u64 {
    status("VmHWM")
}

fn held_kibibytes() -> u64 {
    status("VmRSS")
}

fn reset_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}
