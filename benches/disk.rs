//! What the disk costs beside what it stands on, as ratios measured in one run: an append to a real disk beside a bare
//! write of the same bytes, an append to memory beside `Vec::extend_from_slice`, with and without recording.

#![allow(clippy::disallowed_methods)] // a benchmark needs the wall clock

use klab::disk::Disk;
use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

const ROUNDS: usize = 20_000;

/// The best of five, since everything else on the machine only adds.
fn best(mut once: impl FnMut() -> Duration) -> Duration {
    (0..5).map(|_| once()).min().unwrap_or_default()
}

fn disk(mut disk: Disk, bytes: &[u8], reversible: bool) -> Duration {
    disk.set_reversible(reversible);
    let file = disk.create("orders-0/00000000000000000000.log").expect("a new file");
    let start = Instant::now();
    for _ in 0..ROUNDS {
        black_box(disk.append(file, bytes).expect("space"));
    }
    start.elapsed()
}

fn row(name: &str, ours: Duration, peer: Duration) {
    let each = ours.as_nanos() / ROUNDS as u128;
    println!("{name:<52} {each:>7} ns   {:>5.2}×", ours.as_secs_f64() / peer.as_secs_f64());
}

fn main() {
    for size in [100, 1000, 16_384] {
        let bytes = vec![7u8; size];
        let vector = best(|| {
            let start = Instant::now();
            let mut all = Vec::new();
            for _ in 0..ROUNDS {
                all.extend_from_slice(black_box(&bytes));
            }
            black_box(all);
            start.elapsed()
        });
        let write = best(|| {
            let directory = tempfile::tempdir().expect("a temporary directory");
            let mut file = std::fs::File::create(directory.path().join("raw")).expect("a new file");
            let start = Instant::now();
            for _ in 0..ROUNDS {
                file.write_all(black_box(&bytes)).expect("space");
            }
            start.elapsed()
        });
        for reversible in [true, false] {
            let how = if reversible { "recorded" } else { "not recorded" };
            let memory = best(|| disk(Disk::memory(), &bytes, reversible));
            row(&format!("memory append, {size} bytes, {how} / Vec::extend"), memory, vector);
            let real = best(|| {
                let directory = tempfile::tempdir().expect("a temporary directory");
                disk(Disk::real(directory.path()).expect("an empty directory"), &bytes, reversible)
            });
            row(&format!("real append, {size} bytes, {how} / File write"), real, write);
        }
    }
}
