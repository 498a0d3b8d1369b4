//! Writing in order and at random, small blocks and large, never flushed, flushed at the end, flushed each time;
//! appends to a log that grows; reading what the page cache holds and what it was asked to drop.
//!
//! ```text
//!   no fsync      the page cache takes it all: order hardly matters, the disk has not been asked yet
//!   at the end    the disk gets everything at once and may sort it
//!   each write    the disk answers for every block: what it can really do
//! ```
//!
//! What always holds: each row writes to a file that was there in full before, so no row pays for growing it; a row
//! that flushes at the end writes no more than the disk takes in about its time, judged by the row that flushes
//! each time.
//! Left out: O_DIRECT, queue depth (one writer, as a partition has one), what a drive's own cache does.

use super::batching;
use super::bench::{Bench, Noise, PerfError, Result};
use super::report::{Cell, Report, Section};
use crate::clock;
use crate::storage::LogConfig;
use crate::types::LeaderEpoch;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

/// The file that is written to and read from.
const FILE_BYTES: u64 = 64 << 20;
/// How large the growing log gets at most.
const LOG_BYTES: u64 = 256 << 20;
/// The most that all files take at once.
pub const SPACE_BYTES: u64 = 2 * FILE_BYTES + LOG_BYTES;
/// What a read takes at once.
const READ_BYTES: usize = 64 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flush {
    Each,
    End,
    Never,
}

/// Measures the three tables.
pub fn run(bench: &mut Bench) -> Result<Report> {
    let language = bench.language;
    let say = |english: &'static str, chinese: &'static str| language.pick(english, chinese);
    let mut notes = Vec::new();
    let writes = writes(bench)?;
    let growth = growth(bench)?;
    let reads = reads(bench, &mut notes)?;
    notes.extend(
        [
            say(
                "\"Never\" is the page cache's speed, not the disk's: the bytes may not have left memory when the \
                 file was removed.",
                "“从不”是页缓存的速度而不是磁盘的：文件删除时这些字节可能还没离开内存。",
            ),
            say(
                "fsync is as honest as the device: a drive, a controller or a virtual machine with a cache of its own \
                 may answer early. On a solid-state drive random writes are near sequential ones; on a spinning disk \
                 they are hundreds of times slower.",
                "fsync 的可信程度取决于设备：带缓存的硬盘、控制器或虚拟机可能提前应答。固态硬盘上随机写接近顺序写；\
                 机械硬盘上会慢几百倍。",
            ),
        ]
        .map(str::to_owned),
    );
    Ok(Report {
        experiment: "sequential",
        question: say("Are writes in order faster, and when?", "顺序写更快吗？在什么情况下？")
            .to_owned(),
        sections: vec![writes, growth, reads],
        notes,
        ..Report::default()
    })
}

fn size_name(bytes: usize) -> &'static str {
    if bytes == 4096 { "4k" } else { "1m" }
}

/// A file with all its blocks on the disk.
fn filled(bench: &mut Bench, name: &str) -> Result<File> {
    let path = bench.place.file(name);
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path)?;
    let block = Noise::new(3).bytes(1 << 20);
    for at in 0..FILE_BYTES >> 20 {
        bench.check()?;
        file.write_all_at(&block, at << 20)?;
    }
    file.sync_data()?;
    Ok(file)
}

fn writes(bench: &mut Bench) -> Result<Section> {
    let language = bench.language;
    let say = |english: &'static str, chinese: &'static str| language.pick(english, chinese);
    let mut section = Section::new(
        "write",
        say("Writes over a file of 64 MiB", "在 64 MiB 的文件上写入"),
        &[
            ("order", say("order", "次序")),
            ("block", say("block", "块")),
            ("fsync", "fsync"),
            ("megabytes_per_second", "MB/s"),
            ("us_per_write", say("us/write", "微秒/次")),
        ],
    );
    section.unit = "MB/s".to_owned();
    bench.prepare(say("making a file", "准备文件"))?;
    let (flushed, cached) = (filled(bench, "flushed")?, filled(bench, "cached")?);
    let mut noise = Noise::new(11);
    for flush in [Flush::Each, Flush::End, Flush::Never] {
        for (row, (random, block)) in
            [(false, 4096_usize), (true, 4096), (false, 1 << 20), (true, 1 << 20)]
                .into_iter()
                .enumerate()
        {
            let bytes = noise.bytes(block);
            let order = if random { say("random", "随机") } else { say("in order", "顺序") };
            let how = match flush {
                Flush::Each => say("each write", "每次写"),
                Flush::End => say("at the end", "结束时"),
                Flush::Never => say("never", "从不"),
            };
            let file = if flush == Flush::Never { &cached } else { &flushed };
            let blocks = FILE_BYTES / block as u64;
            // What the disk surely takes: it is asked for every block in the first four rows.
            let most = match flush {
                Flush::End => most_at_end(&section, row, block, bench.share(0.06)),
                _ => u64::MAX,
            };
            let what = format!("{order} {} fsync {how}", size_name(block));
            let written = bench.repeat(0.06, &what, most, |round| {
                let at = if random { noise.below(blocks) } else { round % blocks };
                file.write_all_at(&bytes, at * block as u64)?;
                if flush == Flush::Each {
                    file.sync_data()?;
                }
                Ok(())
            })?;
            let mut measured = written;
            if flush == Flush::End {
                measured.wall += timed(|| file.sync_data())?;
            }
            let rate = measured.megabytes(measured.rounds * block as u64);
            section.rows.push(vec![
                order.into(),
                size_name(block).into(),
                how.into(),
                Cell::Number(rate, if rate < 10.0 { 2 } else { 0 }),
                Cell::Number(measured.each_us(), 1),
            ]);
            section.bar(format!("{order} {} {how}", size_name(block)), rate);
        }
    }
    drop((flushed, cached));
    for name in ["flushed", "cached"] {
        std::fs::remove_file(bench.place.file(name))?;
    }
    Ok(section)
}

/// How many blocks the row that flushes each time would manage in four times that long; at least a few.
fn most_at_end(section: &Section, row: usize, block: usize, time: Duration) -> u64 {
    let rate = match section.rows.get(row).and_then(|row| row.get(3)) {
        Some(Cell::Number(megabytes, _)) => *megabytes,
        _ => 0.0,
    };
    ((rate * 1e6 * time.as_secs_f64() * 4.0 / block as f64) as u64).max(16)
}

#[allow(clippy::disallowed_methods)] // a measurement is about the clock on the wall
fn now() -> Instant {
    Instant::now()
}

fn timed(once: impl FnOnce() -> std::io::Result<()>) -> Result<Duration> {
    let began = now();
    once()?;
    Ok(began.elapsed())
}

/// Appends of one size to the lab's log while it grows: the time for one stays.
fn growth(bench: &mut Bench) -> Result<Section> {
    let language = bench.language;
    let say = |english: &'static str, chinese: &'static str| language.pick(english, chinese);
    let mut section = Section::new(
        "append_by_size",
        say("Appends of 16 KB to a log that grows", "向不断增长的日志追加 16 KB"),
        &[
            ("log_size_mebibytes", say("log size up to, MiB", "日志大小至 MiB")),
            ("us_per_append", say("us/append, middle one", "微秒/次（中位）")),
        ],
    );
    section.unit = say("us/append", "微秒/次").to_owned();
    let config = LogConfig { segment_bytes: 64 << 20, ..LogConfig::default() };
    let (mut disk, mut log) = batching::log(bench, "grows", config)?;
    let (made, _) = batching::batch(&mut Noise::new(5), 1000, 16_384);
    let (mut events, mut made) = (Vec::new(), made);
    let what = say("appends to a growing log", "向增长的日志追加");
    for mebibytes in [1_u64, 2, 4, 8, 16, 32, 64, 128, 256] {
        let missing = (mebibytes << 20).saturating_sub(log.size_bytes());
        let rounds = (missing / made.len() as u64).max(1);
        let mut times = Vec::new();
        let measured = bench.repeat(0.15 / 9.0, what, rounds, |_| {
            let began = now();
            log.append_as_leader(
                &mut disk,
                &mut made,
                LeaderEpoch(0),
                clock::Instant(0),
                &mut events,
            )?;
            events.clear();
            times.push(began.elapsed());
            Ok(())
        })?;
        times.sort_unstable(); // the middle one: what else runs on the machine only adds
        let middle = times[times.len() / 2].as_secs_f64() * 1e6;
        let reached = log.size_bytes() as f64 / f64::from(1 << 20);
        section.rows.push(vec![Cell::Number(reached, 0), Cell::Number(middle, 1)]);
        section.bar(format!("{reached:.0} MiB"), middle);
        if measured.rounds < rounds {
            break; // no time to grow further
        }
    }
    drop(disk);
    std::fs::remove_dir_all(bench.place.file("grows"))?;
    Ok(section)
}

fn reads(bench: &mut Bench, notes: &mut Vec<String>) -> Result<Section> {
    let language = bench.language;
    let say = |english: &'static str, chinese: &'static str| language.pick(english, chinese);
    let mut section = Section::new(
        "read",
        say("Reads of a file of 64 MiB, 64 KB at a time", "读取 64 MiB 的文件，每次 64 KB"),
        &[
            ("cache", say("page cache", "页缓存")),
            ("order", say("order", "次序")),
            ("megabytes_per_second", "MB/s"),
        ],
    );
    section.unit = "MB/s".to_owned();
    bench.prepare(say("making a file", "准备文件"))?;
    let file = filled(bench, "read")?;
    let (mut buffer, blocks) = (vec![0; READ_BYTES], FILE_BYTES / READ_BYTES as u64);
    let mut noise = Noise::new(13);
    for cold in [true, false] {
        for random in [false, true] {
            let order = if random { say("random", "随机") } else { say("in order", "顺序") };
            let cache =
                if cold { say("asked to drop", "已请求丢弃") } else { say("hot", "热") };
            let mut most = u64::MAX;
            if cold {
                if let Err(error) = drop_pages(&file) {
                    notes.push(format!(
                        "{}: {error}",
                        say(
                            "The page cache could not be asked to drop the file",
                            "无法请求页缓存丢弃该文件"
                        )
                    ));
                    section.rows.push(vec![cache.into(), order.into(), Cell::None]);
                    continue;
                }
                most = blocks; // a second time round it would be hot
            }
            let what = format!("{} {cache} {order}", say("reads", "读"));
            let measured = bench.repeat(0.03, &what, most, |round| {
                let at = if random { noise.below(blocks) } else { round % blocks };
                Ok(file.read_exact_at(&mut buffer, at * READ_BYTES as u64)?)
            })?;
            let rate = measured.megabytes(measured.rounds * READ_BYTES as u64);
            section.rows.push(vec![cache.into(), order.into(), Cell::Number(rate, 0)]);
            section.bar(format!("{cache}, {order}"), rate);
        }
    }
    drop(file);
    std::fs::remove_file(bench.place.file("read"))?;
    notes.push(
        say(
            "\"Asked to drop\" is posix_fadvise(DONTNEED): advice, which the system may ignore; a host below a \
             virtual machine and the drive itself keep caches that nobody here can empty.",
            "“已请求丢弃”指 posix_fadvise(DONTNEED)：只是建议，系统可以忽略；虚拟机的宿主与硬盘自身的缓存无法在此清空。",
        )
        .to_owned(),
    );
    Ok(section)
}

#[cfg(target_os = "linux")]
fn drop_pages(file: &File) -> Result<()> {
    rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed)
        .map_err(|error| PerfError::from(std::io::Error::from(error)))
}

#[cfg(not(target_os = "linux"))]
fn drop_pages(_: &File) -> Result<()> {
    Err(PerfError::Failed("this system has no posix_fadvise that drops pages".to_owned()))
}
