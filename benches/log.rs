//! What one partition's log costs beside its limit, as ratios measured in one run: appending beside a bare write and
//! a CRC-32C of the same bytes, scanning and verifying beside a bare read and as many CRCs, looking up an offset beside
//! a bare binary search in the index's bytes and the same scan.
//!
//! Each pair takes turns. What counts is the processor's time of this thread, in the kernel and outside, and of all
//! rounds the one with the median ratio. `cargo bench --bench log -- append scan lookup` chooses among them.

use klab::batch::BatchBuilder;
use klab::clock;
use klab::disk::Disk;
use klab::storage::{Log, LogConfig, LookupStep};
use klab::types::{LeaderEpoch, Offset, Timestamp, TopicName, TopicPartition, Uuid};
use rustix::time::{ClockId, clock_gettime};
use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

const TOTAL_BYTES: usize = 96 << 20;
const LOOKUPS: u64 = 40_000;
const ROUNDS: usize = 15;

/// A batch of records of 100 bytes, about that large.
fn batch(size_bytes: usize) -> Vec<u8> {
    let (mut builder, value) = (BatchBuilder::new(Offset::ZERO), [7; 100]);
    while builder.is_empty() || builder.size_bytes() + 112 <= size_bytes {
        let offset = builder.next_offset();
        builder.push_parts(offset, Timestamp(clock::EPOCH_MS), None, Some(&value), &[]);
    }
    builder.build()
}

fn partition() -> TopicPartition {
    TopicPartition::new(&TopicName::new("orders"), 0)
}

fn spent() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

fn timed(once: impl FnOnce()) -> Duration {
    let began = spent();
    once();
    spent() - began
}

/// Both take turns: the round whose ratio is the median of all.
fn duel(
    mut ours: impl FnMut() -> Duration,
    mut limit: impl FnMut() -> Duration,
) -> (Duration, Duration) {
    let mut rounds: Vec<_> = (0..ROUNDS).map(|_| (ours(), limit())).collect();
    let ratio = |round: &(Duration, Duration)| round.0.as_secs_f64() / round.1.as_secs_f64();
    rounds.sort_by(|one, other| ratio(one).total_cmp(&ratio(other)));
    rounds[ROUNDS / 2]
}

fn row(name: &str, (ours, limit): (Duration, Duration), bytes: usize, wanted: &str) {
    let rate = |time: Duration| bytes as f64 / 1e6 / time.as_secs_f64();
    let ratio = limit.as_secs_f64() / ours.as_secs_f64();
    println!(
        "{name:<44} {:>7.0} MB/s of {:>7.0} MB/s   {ratio:.2}× ({wanted})",
        rate(ours),
        rate(limit)
    );
}

fn create(directory: &Path, config: LogConfig) -> (Disk, Log) {
    let mut disk = Disk::real(directory).expect("an empty directory");
    disk.set_reversible(false);
    let log = Log::create(&mut disk, "orders-0", &partition(), Uuid([7; 16]), config);
    (disk, log.expect("a new log"))
}

fn fill(disk: &mut Disk, log: &mut Log, batch: &mut [u8], total: usize) {
    let mut events = Vec::new();
    for _ in 0..total / batch.len() {
        let now = clock::Instant(0);
        log.append_as_leader(disk, batch, LeaderEpoch(0), now, &mut events).expect("space");
        events.clear();
    }
}

fn append(size_bytes: usize) {
    let mut copy = batch(size_bytes);
    let total = TOTAL_BYTES / copy.len() * copy.len();
    let mut made = copy.clone();
    let both = duel(
        || {
            let directory = tempfile::tempdir().expect("a temporary directory");
            let (mut disk, mut log) = create(directory.path(), LogConfig::default());
            timed(|| fill(&mut disk, &mut log, &mut made, total))
        },
        || {
            let directory = tempfile::tempdir().expect("a temporary directory");
            let mut file = File::create(directory.path().join("raw")).expect("a new file");
            timed(|| {
                for at in 0..total / copy.len() {
                    copy[0] = at as u8;
                    black_box(crc32c::crc32c(&copy[21..]));
                    file.write_all(black_box(&copy)).expect("space");
                }
            })
        },
    );
    let name = format!("append, batches of {} bytes", made.len());
    row(&name, both, total, "wanted: 0.9");
}

fn scan(size_bytes: usize) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut made = batch(size_bytes);
    {
        let (mut disk, mut log) = create(directory.path(), LogConfig::default());
        fill(&mut disk, &mut log, &mut made, TOTAL_BYTES);
        log.close(&mut disk, &mut Vec::new()).expect("space");
    }
    let path = directory.path().join("orders-0/00000000000000000000.log");
    let total = std::fs::metadata(&path).expect("the log").len() as usize;
    let both = duel(
        || {
            let mut disk = Disk::read_only(directory.path()).expect("a directory");
            let log = Log::look(&mut disk, "orders-0", &partition(), LogConfig::default());
            let log = log.expect("a log");
            timed(|| {
                black_box(verify(&disk, &log));
            })
        },
        || {
            let mut file = File::open(&path).expect("the log");
            let mut buffer = vec![0; 1 << 20];
            timed(|| {
                while let Ok(count @ 1..) = file.read(&mut buffer) {
                    for piece in buffer[..count].chunks(made.len()) {
                        black_box(crc32c::crc32c(piece));
                    }
                }
            })
        },
    );
    let name = format!("scan and verify, batches of {} bytes", made.len());
    row(&name, both, total, "wanted: 0.9");
}

/// Every batch of every segment, its checksum compared.
fn verify(disk: &Disk, log: &Log) -> u64 {
    let mut good = 0;
    for segment in log.segments() {
        for header in segment.sound_headers(disk, klab::types::Position(0)) {
            header.expect("whole batches with their checksums");
            good += 1;
        }
    }
    assert!(good > 0);
    good
}

fn lookup() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (mut disk, mut log) = create(directory.path(), LogConfig::default());
    let mut made = batch(1024);
    fill(&mut disk, &mut log, &mut made, TOTAL_BYTES);
    let records = log.log_end_offset().0 as u64;
    let used = log.active_segment().index.used_bytes() as usize;
    let place = directory.path().join("orders-0");
    let index = std::fs::read(place.join("00000000000000000000.index")).expect("the index");
    let file = File::open(place.join("00000000000000000000.log")).expect("the log");
    let target = |n: u64| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20) % records;
    let (ours, bare) = duel(
        || {
            timed(|| {
                for n in 0..LOOKUPS {
                    let step = log.translate_offset(&disk, Offset(target(n) as i64));
                    assert!(matches!(black_box(step), LookupStep::Found { .. }));
                }
            })
        },
        || {
            timed(|| {
                for n in 0..LOOKUPS {
                    black_box(bare_lookup(&index[..used], &file, target(n)));
                }
            })
        },
    );
    let each = |time: Duration| time.as_nanos() as f64 / LOOKUPS as f64 / 1000.0;
    let ratio = ours.as_secs_f64() / bare.as_secs_f64();
    let name = "lookup, index of 96 MiB, batches of 1 KB";
    println!(
        "{name:<44} {:>7.2} us beside {:>6.2} us   {ratio:.2}× (wanted: 1.2)",
        each(ours),
        each(bare)
    );
}

/// A binary search in the bytes of the index, then header after header: nothing checked, nothing told.
fn bare_lookup(index: &[u8], file: &File, target: u64) -> u64 {
    let number = |at: usize| u32::from_be_bytes(index[at..at + 4].try_into().expect("four"));
    let (mut low, mut high) = (0, index.len() / 8);
    while low < high {
        let middle = (low + high) / 2;
        if u64::from(number(middle * 8)) <= target {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    let mut position = if low == 0 { 0 } else { u64::from(number(low * 8 - 4)) };
    let mut header = [0; 61];
    loop {
        file.read_exact_at(&mut header, position).expect("a header");
        let base = u64::from_be_bytes(header[..8].try_into().expect("eight"));
        let length = u32::from_be_bytes(header[8..12].try_into().expect("four"));
        let delta = u32::from_be_bytes(header[23..27].try_into().expect("four"));
        if base + u64::from(delta) >= target {
            return position;
        }
        position += 12 + u64::from(length);
    }
}

fn main() {
    let names: Vec<String> =
        std::env::args().skip(1).filter(|name| !name.starts_with('-')).collect();
    let chosen = |name: &str| names.is_empty() || names.iter().any(|asked| asked == name);
    for size in [1024, 16_384, 65_536] {
        if chosen("append") {
            append(size);
        }
    }
    for size in [1024, 16_384, 65_536] {
        if chosen("scan") {
            scan(size);
        }
    }
    if chosen("lookup") {
        lookup();
    }
}
