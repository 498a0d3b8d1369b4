//! The same records, packed differently: one a batch, 500 a batch, 64 KB a batch, through the lab's own log.
//!
//! ```text
//!   1 record:    [61 B header|record] [61 B header|record] [61 B header|record] …    a write and a checksum each
//!   500 records: [61 B header|record record record …                      ]          one for all
//! ```
//!
//! What always holds: records are the same in all rows (100 bytes of value); building the batch and its checksum are
//! part of the time, since somebody pays for them. Left out: the network and requests, which batching saves as well.

use super::bench::{Bench, Measured, Noise, Result};
use super::report::{Cell, Report, Section};
use crate::batch::BatchBuilder;
use crate::clock;
use crate::disk::Disk;
use crate::storage::{Log, LogConfig};
use crate::types::{LeaderEpoch, Offset, Timestamp, TopicName, TopicPartition, Uuid};

/// Bytes of a record's value.
const VALUE_BYTES: usize = 100;
/// What one row writes at most.
const ROW_BYTES: u64 = 256 << 20;
/// What all rows write at most.
pub const SPACE_BYTES: u64 = 4 * ROW_BYTES;

/// Bounds of a batch: records, bytes.
const ROWS: [(&str, usize, usize); 4] = [
    ("1", 1, usize::MAX),
    ("10", 10, usize::MAX),
    ("500", 500, usize::MAX),
    ("64 KB", 100_000, 65_536),
];

/// An empty log on a real disk of its own.
pub(super) fn log(bench: &Bench, name: &str, config: LogConfig) -> Result<(Disk, Log)> {
    let directory = bench.place.file(name);
    let mut disk = Disk::real(&directory)?;
    disk.set_reversible(false); // a broker keeps no way back
    let partition = TopicPartition::new(&TopicName::new("orders"), 0);
    let log = Log::create(&mut disk, "orders-0", &partition, Uuid([7; 16]), config)?;
    Ok((disk, log))
}

/// A batch of the next records.
pub(super) fn batch(value: &mut Noise, records: usize, size_bytes: usize) -> (Vec<u8>, usize) {
    let mut builder = BatchBuilder::new(Offset::ZERO);
    let mut bytes = [0; VALUE_BYTES];
    while builder.count() < records
        && (builder.is_empty() || builder.size_bytes() + VALUE_BYTES + 12 <= size_bytes)
    {
        bytes[..8].copy_from_slice(&value.next().to_le_bytes());
        let offset = builder.next_offset();
        builder.push_parts(offset, Timestamp(clock::EPOCH_MS), None, Some(&bytes), &[]);
    }
    let count = builder.count();
    (builder.build(), count)
}

/// Measures the rows.
pub fn run(bench: &mut Bench) -> Result<Report> {
    let language = bench.language;
    let say = |english: &'static str, chinese: &'static str| language.pick(english, chinese);
    let mut section = Section::new(
        "batching",
        say("Records of 100 bytes through the lab's log", "100 字节的记录写入实验台的日志"),
        &[
            ("records_per_batch", say("a batch holds", "每批")),
            ("records_per_second", say("records/s", "记录/秒")),
            ("megabytes_per_second", "MB/s"),
            ("bytes_per_record", say("bytes/record", "字节/记录")),
            ("appends_per_1000_records", say("writes/1000 records", "写入次数/千条")),
            ("processor_us_per_record", say("CPU us/record", "CPU 微秒/条")),
        ],
    );
    section.unit = say("records/s", "记录/秒").to_owned();
    for (name, records, size_bytes) in ROWS {
        let (mut disk, mut log) = log(bench, &format!("batch-{records}"), LogConfig::default())?;
        let (mut noise, mut events) = (Noise::new(7), Vec::new());
        let (mut count, mut bytes) = (0_u64, 0_u64);
        let what = format!("{} {name}", say("a batch holds", "每批"));
        let smallest = batch(&mut Noise::new(7), records, size_bytes).0.len() as u64;
        let most = ROW_BYTES / smallest;
        let measured: Measured = bench.repeat(0.24, &what, most, |_| {
            let (mut made, held) = batch(&mut noise, records, size_bytes);
            log.append_as_leader(
                &mut disk,
                &mut made,
                LeaderEpoch(0),
                clock::Instant(0),
                &mut events,
            )?;
            events.clear();
            count += held as u64;
            bytes += made.len() as u64;
            Ok(())
        })?;
        let rate = measured.a_second(count);
        section.rows.push(vec![
            name.into(),
            Cell::Number(rate, 0),
            Cell::Number(measured.megabytes(bytes), 1),
            Cell::Number(bytes as f64 / count as f64, 1),
            Cell::Number(1000.0 * measured.rounds as f64 / count as f64, 1),
            Cell::Number(measured.processor.as_secs_f64() * 1e6 / count as f64, 2),
        ]);
        section.bar(name, rate);
        drop(disk);
        std::fs::remove_dir_all(bench.place.file(&format!("batch-{records}")))?;
    }
    Ok(Report {
        experiment: "batching",
        question: say("What does packing records together save?", "把记录打包能省下什么？").to_owned(),
        sections: vec![section],
        notes: [
            say(
                "Writes went to the page cache; nothing was flushed, as in Kafka by default.",
                "写入只到页缓存，没有刷盘，与 Kafka 默认一致。",
            ),
            say(
                "One process, one thread, no network: a real producer saves requests and round trips on top of this.",
                "单进程、单线程、没有网络：真实的生产者还能省下请求与往返。",
            ),
            say(
                "This is the lab's log, not Kafka's: compare the rows, not the numbers with a broker's.",
                "这是实验台的日志而非 Kafka：请比较各行之间的比例，不要与真实 broker 比较数值。",
            ),
        ]
        .map(str::to_owned)
        .to_vec(),
        ..Report::default()
    })
}
