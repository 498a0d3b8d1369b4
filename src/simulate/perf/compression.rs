//! Five codecs, records like JSON and records of noise, batches of 1, 10 and 500 records: ratio and speed.
//!
//! ```text
//!   batch of 1     {"user":…}                     each batch is its own dictionary: little repeats inside it
//!   batch of 500   {"user":…}{"user":…}{"user":…  the same names again and again: what codecs live on
//! ```
//!
//! What always holds: what was compressed is decompressed again and compared; MB/s counts uncompressed bytes; records
//! are the bytes behind a batch's header, as Kafka compresses them. Left out: levels (each codec's usual one), several
//! cores.

use super::bench::{Bench, Noise, PerfError, Result};
use super::report::{Cell, Report, Section};
use crate::batch::{self, BatchBuilder, Codec, HEADER_SIZE_BYTES};
use crate::clock;
use crate::types::{Offset, Timestamp};

const CODECS: [Codec; 5] = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];
/// How many different batches each row goes through, so that no row lives on one lucky batch.
const BATCHES: usize = 8;

fn value(noise: &mut Noise, json: bool) -> Vec<u8> {
    if !json {
        return noise.bytes(120);
    }
    const CITIES: [&str; 6] = ["Shanghai", "Berlin", "Lima", "Osaka", "Nairobi", "Toronto"];
    format!(
        "{{\"user\":\"user-{}\",\"city\":\"{}\",\"item\":\"apple\",\"count\":{},\"price\":{}.{:02},\"time\":{}}}",
        noise.below(10_000),
        CITIES[noise.below(6) as usize],
        noise.below(9) + 1,
        noise.below(100),
        noise.below(100),
        clock::EPOCH_MS + noise.below(86_400_000) as i64,
    )
    .into_bytes()
}

/// The records of a batch, as they stand behind its header.
fn records(noise: &mut Noise, count: usize, json: bool) -> Vec<u8> {
    let mut builder = BatchBuilder::new(Offset::ZERO);
    for _ in 0..count {
        let (offset, value) = (builder.next_offset(), value(noise, json));
        builder.push_parts(offset, Timestamp(clock::EPOCH_MS), None, Some(&value), &[]);
    }
    builder.build().split_off(HEADER_SIZE_BYTES)
}

/// Measures all rows.
pub fn run(bench: &mut Bench) -> Result<Report> {
    let language = bench.language;
    let say = |english: &'static str, chinese: &'static str| language.pick(english, chinese);
    let mut sections = Vec::new();
    for (json, name, title) in [
        (
            true,
            "json",
            say("Records like JSON, about 100 bytes each", "类 JSON 记录，每条约 100 字节"),
        ),
        (false, "random", say("Records of noise, 120 bytes each", "随机记录，每条 120 字节")),
    ] {
        let mut section = Section::new(
            name,
            title,
            &[
                ("codec", "compression.type"),
                ("records_per_batch", say("a batch holds", "每批")),
                ("size_ratio", say("size, of before", "大小比例")),
                ("compress_megabytes_per_second", say("compress MB/s", "压缩 MB/s")),
                ("decompress_megabytes_per_second", say("decompress MB/s", "解压 MB/s")),
            ],
        );
        section.unit = say("of the size before", "（压缩后/压缩前）").to_owned();
        for count in [1, 10, 500] {
            let mut noise = Noise::new(17);
            let plain: Vec<Vec<u8>> =
                (0..BATCHES).map(|_| records(&mut noise, count, json)).collect();
            for codec in CODECS {
                row(bench, &mut section, &plain, codec, count)?;
            }
        }
        sections.push(section);
    }
    Ok(Report {
        experiment: "compression",
        question: say("What does compressing a batch save, and cost?", "压缩批次省下什么，又花费什么？").to_owned(),
        sections,
        notes: [
            say(
                "Everything was in memory, on one core. The codecs are this program's (Rust); Kafka's are other code, \
                 so compare the rows, not the numbers with a broker's.",
                "全部在内存中、单核运行。编解码器是本程序的（Rust），与 Kafka 所用不同：请比较各行而非绝对数值。",
            ),
            say(
                "A ratio above 1 means that compressing made it larger.",
                "比例大于 1 表示压缩后反而更大。",
            ),
        ]
        .map(str::to_owned)
        .to_vec(),
        ..Report::default()
    })
}

fn row(
    bench: &mut Bench,
    section: &mut Section,
    plain: &[Vec<u8>],
    codec: Codec,
    count: usize,
) -> Result<()> {
    let failed = |what: String| PerfError::Failed(format!("{codec}: {what}"));
    let packed: Vec<Vec<u8>> = plain.iter().map(|bytes| batch::compress(codec, 2, bytes)).collect();
    for (bytes, packed) in plain.iter().zip(&packed) {
        let back = batch::decompress(codec, 2, packed, bytes.len());
        if back.map_err(|error| failed(error.to_string()))?[..] != bytes[..] {
            return Err(failed("what comes back is something else".to_owned()));
        }
    }
    let bytes: usize = plain.iter().map(Vec::len).sum();
    let ratio = packed.iter().map(Vec::len).sum::<usize>() as f64 / bytes as f64;
    // Two kinds, three sizes, five codecs, two directions: sixty shares.
    let share = 0.95 / 60.0;
    let mut made = 0;
    let compressed = bench.repeat(share, &format!("{codec} {count}"), u64::MAX, |_| {
        made += plain.iter().map(|bytes| batch::compress(codec, 2, bytes).len()).sum::<usize>();
        Ok(())
    })?;
    let decompressed = bench.repeat(share, &format!("{codec} {count}"), u64::MAX, |_| {
        for (bytes, packed) in plain.iter().zip(&packed) {
            let back = batch::decompress(codec, 2, packed, bytes.len());
            made += back.map_err(|error| failed(error.to_string()))?.len();
        }
        Ok(())
    })?;
    std::hint::black_box(made);
    section.rows.push(vec![
        codec.to_string().into(),
        Cell::Number(count as f64, 0),
        Cell::Number(ratio, 2),
        Cell::Number(compressed.megabytes(compressed.rounds * bytes as u64), 0),
        Cell::Number(decompressed.megabytes(decompressed.rounds * bytes as u64), 0),
    ]);
    section.bar(format!("{codec} {count}"), ratio);
    Ok(())
}
