//! Finding an offset with and without the sparse index, for several `index.interval.bytes`.
//!
//! ```text
//!   interval 256      an entry for (nearly) every batch   many looks, hardly a scan
//!   interval 4096     the usual                           some looks, then at most about 4 KB of batches
//!   interval 1 MiB    thin                                few looks, a long scan
//!   no index                                              every batch from the segment's first byte
//! ```
//!
//! What always holds: the same log, the same offsets, the same code that the panes walk step by step; what is counted
//! is what it looked at. Left out: a cold index (its pages stay in memory, as a broker's busy ones do).

use super::batching;
use super::bench::{Bench, Noise, Result};
use super::report::{Cell, Report, Section};
use crate::batch::HEADER_SIZE_BYTES;
use crate::clock;
use crate::storage::{LogConfig, LookupStep};
use crate::types::{LeaderEpoch, Offset};

/// What one log holds.
const LOG_BYTES: u64 = 16 << 20;
/// What all logs hold, with their indexes.
pub const SPACE_BYTES: u64 = 5 * (LOG_BYTES + (12 << 20));

/// Measures the rows.
pub fn run(bench: &mut Bench) -> Result<Report> {
    let language = bench.language;
    let say = |english: &'static str, chinese: &'static str| language.pick(english, chinese);
    let mut section = Section::new(
        "index",
        say(
            "Random offsets in one segment of 16 MiB, batches of about 1 KB",
            "在一个 16 MiB 的段（每批约 1 KB）中随机查找偏移量",
        ),
        &[
            ("index_interval_bytes", "index.interval.bytes"),
            ("index_bytes", say("index bytes", "索引字节")),
            ("looks_per_lookup", say("looks", "索引查看次数")),
            ("batches_per_lookup", say("batches passed", "扫过批次")),
            ("bytes_read_per_lookup", say("bytes read", "读取字节")),
            ("us_per_lookup", say("us/lookup", "微秒/次")),
        ],
    );
    section.unit = say("us/lookup", "微秒/次").to_owned();
    let rows: [(&str, u32, bool); 5] = [
        ("256", 256, true),
        ("4096", 4096, true),
        ("65536", 65_536, true),
        ("1048576", 1 << 20, true),
        ("", 4096, false),
    ];
    for (name, interval, with_index) in rows {
        let name = if with_index { name } else { say("no index", "不用索引") };
        let config = LogConfig { index_interval_bytes: interval, ..LogConfig::default() };
        let directory = format!("index-{interval}-{with_index}");
        bench.prepare(say("writing a log", "写入日志"))?;
        let (mut disk, mut log) = batching::log(bench, &directory, config)?;
        let (mut noise, mut events) = (Noise::new(7), Vec::new());
        while log.size_bytes() < LOG_BYTES {
            let (mut made, _) = batching::batch(&mut noise, 9, usize::MAX);
            log.append_as_leader(
                &mut disk,
                &mut made,
                LeaderEpoch(0),
                clock::Instant(0),
                &mut events,
            )?;
            events.clear();
        }
        let (mut looks, mut passed, mut read) = (0_u64, 0_u64, 0_u64);
        let end = log.log_end_offset().0 as u64;
        let what = format!("index.interval.bytes {name}");
        let measured = bench.repeat(0.16, &what, u64::MAX, |_| {
            let target = Offset(noise.below(end) as i64);
            let steps = match with_index {
                true => log.lookup(&disk, target),
                false => log.lookup_without_index(&disk, target),
            };
            for step in steps {
                match step {
                    LookupStep::WarmSection { .. }
                    | LookupStep::LeastEntry { .. }
                    | LookupStep::Probe { .. } => (looks, read) = (looks + 1, read + 8),
                    LookupStep::ScanBatch { taken, .. } => {
                        passed += u64::from(!taken);
                        read += HEADER_SIZE_BYTES as u64;
                    }
                    LookupStep::Damaged { error } => return Err((*error).into()),
                    _ => {}
                }
            }
            Ok(())
        })?;
        let each = |count: u64| count as f64 / measured.rounds as f64;
        let index_bytes =
            if with_index { f64::from(log.active_segment().index.used_bytes()) } else { 0.0 };
        section.rows.push(vec![
            name.into(),
            Cell::Number(index_bytes, 0),
            Cell::Number(each(looks), 1),
            Cell::Number(each(passed), 1),
            Cell::Number(each(read), 0),
            Cell::Number(measured.each_us(), 2),
        ]);
        section.bar(name, measured.each_us());
        drop(disk);
        std::fs::remove_dir_all(bench.place.file(&directory))?;
    }
    Ok(Report {
        experiment: "index",
        question: say("What does the sparse index save?", "稀疏索引省下了什么？").to_owned(),
        sections: vec![section],
        notes: [
            say(
                "Index and log were in the page cache (hot). From a cold disk the bytes read would count for more, \
                 since they come in pages of 4 KB and more.",
                "索引与日志都在页缓存中（热读）。冷读时读取量的影响更大，因为磁盘按 4 KB 以上的页读取。",
            ),
            say(
                "Batches are passed by reading their headers (61 bytes each), as Kafka does.",
                "跳过批次只读其头部（每批 61 字节），与 Kafka 相同。",
            ),
        ]
        .map(str::to_owned)
        .to_vec(),
        ..Report::default()
    })
}
