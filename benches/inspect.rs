//! How soon a directory of ten thousand segments is open, drawn and looked at again, and how much memory that takes.
//!
//! `cargo bench --bench inspect`. The directory is made in the system's place for temporary files and removed.

#![allow(clippy::disallowed_methods)] // a benchmark needs the wall clock

use klab::inspect::Inspection;
use klab::trace::Canvas;
use klab::types::Language;
use std::time::Instant;

const PARTITIONS: usize = 100;
const SEGMENTS: usize = 100;

/// Resident memory of this process in MB, where the system tells it.
fn resident_mb() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<f64>().ok());
    pages.unwrap_or(0.0) * 4096.0 / 1e6
}

fn make(directory: &std::path::Path) -> std::io::Result<()> {
    let sample = klab::inspect::sample().map_err(std::io::Error::other)?;
    let source = sample.directory.join("broker-1/plain-0/00000000000000000000");
    let log = std::fs::read(source.with_extension("log"))?;
    let index = std::fs::read(source.with_extension("index"))?;
    let times = std::fs::read(source.with_extension("timeindex"))?;
    std::fs::create_dir_all(directory)?;
    std::fs::write(directory.join("meta.properties"), "version=1\nnode.id=1\ncluster.id=bench\n")?;
    for partition in 0..PARTITIONS {
        let place = directory.join(format!("wide-{partition}"));
        std::fs::create_dir(&place)?;
        for segment in 0..SEGMENTS {
            let base = place.join(format!("{:020}", segment * 1000));
            std::fs::write(base.with_extension("log"), &log)?;
            std::fs::write(base.with_extension("index"), &index)?;
            std::fs::write(base.with_extension("timeindex"), &times)?;
        }
    }
    Ok(())
}

fn main() {
    let directory = std::env::temp_dir().join(format!("klab-bench-inspect-{}", std::process::id()));
    make(&directory).expect("a directory of ten thousand segments");
    let before_mb = resident_mb();
    let begun = Instant::now();
    let mut inspection = Inspection::open(&directory).expect("it opens");
    let opened = begun.elapsed();
    let begun = Instant::now();
    let rows = inspection.overview(&Canvas::text(Language::English)).lines.len();
    let drawn = begun.elapsed();
    let begun = Instant::now();
    let news = inspection.refresh().len();
    let again = begun.elapsed();
    println!("{} segments in {PARTITIONS} partitions", inspection.segment_count());
    println!("open      {:>8.1} ms", opened.as_secs_f64() * 1e3);
    println!("overview  {:>8.1} ms   {rows} rows", drawn.as_secs_f64() * 1e3);
    println!("refresh   {:>8.1} ms   {news} new", again.as_secs_f64() * 1e3);
    println!(
        "memory    {:>8.1} MB more, {:.1} MB in all",
        resident_mb() - before_mb,
        resident_mb()
    );
    let _ = std::fs::remove_dir_all(&directory);
}
