//! `crc check`: the checksum of every batch or message of a log, computed anew and compared with the stored one.
//!
//! ```text
//!   orders-0 on broker 1   00000000000000000000.log
//!     byte  offsets  magic  checksum  covers       stored  computed
//!        0      0-2      2  CRC-32C       21-90  65734229  65734229  fits
//! ```
//!
//! Format 2 has one CRC-32C for a batch, from `attributes` on: the leader epoch and the base offset, which a broker
//! writes, stand before it. Formats 0 and 1 have a CRC-32 in each message, from `magic` on; a compressed set is a
//! message (its own checksum covers the packed bytes) full of messages with theirs.

use super::files;
use crate::batch::{Checksum, Codec, Entry, entries};
use crate::cluster::Lab;
use crate::types::{Language, TopicPartition, counted};
use serde_json::{Value as Json, json};

/// How many rows are shown.
const ROW_LIMIT: usize = 200;

/// Checks all segments of a replica's log: lines, and the same as data.
pub fn check(
    lab: &Lab,
    partition: &TopicPartition,
    broker: Option<u32>,
    language: Language,
) -> Result<(Vec<String>, Json), String> {
    let cluster = lab.cluster();
    let image = cluster.image();
    let registration = image.and_then(|image| image.partition(partition));
    let leader = registration.and_then(|r| r.leader.or_else(|| r.replicas.first().copied()));
    let broker = match (broker, leader) {
        (Some(broker), _) => broker,
        (None, Some(leader)) => leader.0,
        (None, None) => return Err(cluster.no_partition(partition)),
    };
    let directory = format!("broker-{broker}/{partition}");
    let names = files::entries_of(lab, &directory)?;
    let logs = names.iter().filter(|file| file.path.ends_with(".log"));
    let mut lines = Vec::new();
    let mut found = Found::default();
    for log in logs {
        let bytes = files::read(lab, &format!("{directory}/{}", log.path))?;
        lines.push(format!("{partition} on broker {broker}   {}", log.path));
        let mut table = Vec::new();
        for entry in entries(&bytes) {
            match entry {
                Ok(entry) => found.add(&log.path, &entry, &mut table, language)?,
                Err(error) => {
                    found.wrong += 1;
                    found.rows.push(json!({ "file": log.path, "error": error.to_string() }));
                    table.push(Row::Broken(error.to_string()));
                    break;
                }
            }
        }
        draw(&table, &mut lines, language);
    }
    let Found { checked, wrong, rows } = found;
    let entries = counted(checked, "checksum");
    lines.push(match (language, wrong) {
        (Language::English, 0) => format!("{entries} computed: all fit"),
        (Language::English, wrong) => format!("{entries} computed: {wrong} wrong"),
        (Language::Chinese, 0) => format!("计算了 {checked} 个校验和：全部相符"),
        (Language::Chinese, wrong) => format!("计算了 {checked} 个校验和：{wrong} 个不符"),
    });
    Ok((lines, json!({ "checked": checked, "wrong": wrong, "entries": rows })))
}

/// What was found so far.
#[derive(Default)]
struct Found {
    checked: i64,
    wrong: i64,
    rows: Vec<Json>,
}

impl Found {
    /// An entry, and what is packed in it if it is a compressed set of format 0 or 1.
    fn add(
        &mut self,
        file: &str,
        entry: &Entry,
        table: &mut Vec<Row>,
        language: Language,
    ) -> Result<(), String> {
        self.one(file, entry, false, table, language)?;
        if entry.header.is_message()
            && entry.header.codec() != Codec::None
            && let Ok(contents) = entry.contents()
        {
            for inner in entries(contents.bytes()).map_while(Result::ok) {
                self.one(file, &inner, true, table, language)?;
            }
        }
        Ok(())
    }

    fn one(
        &mut self,
        file: &str,
        entry: &Entry,
        deep: bool,
        table: &mut Vec<Row>,
        language: Language,
    ) -> Result<(), String> {
        let sum = Checksum::of(entry.bytes).map_err(|error| error.to_string())?;
        self.checked += 1;
        self.wrong += i64::from(!sum.holds());
        self.rows.push(data(file, entry, &sum, deep));
        table.push(Row::Sum(row(entry, &sum, deep, language)));
        Ok(())
    }
}

enum Row {
    Sum([String; 8]),
    Broken(String),
}

/// First and last byte that the checksum covers, counted as the position of the entry is.
fn covered(entry: &Entry, sum: &Checksum) -> (u64, u64) {
    let end = entry.position + entry.bytes.len() as u64;
    (entry.position + sum.covers_from as u64, end.saturating_sub(1))
}

fn data(file: &str, entry: &Entry, sum: &Checksum, deep: bool) -> Json {
    let (from, to) = covered(entry, sum);
    json!({
        "file": file, "position": entry.position, "inside": deep, "magic": entry.header.magic,
        "last_offset": entry.header.last_offset().0, "algorithm": sum.algorithm,
        "covers_from": from, "covers_to": to, "stored": sum.stored, "computed": sum.computed, "fits": sum.holds(),
    })
}

fn row(entry: &Entry, sum: &Checksum, deep: bool, language: Language) -> [String; 8] {
    let (from, to) = covered(entry, sum);
    let last = entry.header.last_offset();
    let first = if deep { last } else { entry.base_offset().unwrap_or(last) };
    let offsets = if first == last { last.to_string() } else { format!("{first}-{last}") };
    let verdict = match sum.holds() {
        true => language.pick("fits", "相符"),
        false => language.pick("WRONG", "不符"),
    };
    [
        format!("{}{}", if deep { "+" } else { "" }, entry.position),
        offsets,
        entry.header.magic.to_string(),
        entry.header.codec().to_string(),
        sum.algorithm.to_owned(),
        format!("{from}-{to}"),
        format!("{:08x}", sum.stored),
        format!("{:08x}  {verdict}", sum.computed),
    ]
}

fn draw(table: &[Row], lines: &mut Vec<String>, language: Language) {
    let heads = match language {
        Language::English => {
            ["byte", "offsets", "magic", "codec", "checksum", "of bytes", "stored", "computed"]
        }
        Language::Chinese => {
            ["字节", "偏移量", "magic", "压缩", "校验和", "覆盖字节", "存储值", "计算值"]
        }
    };
    let wide = |text: &str| crate::trace::width::of(text);
    let mut widths = heads.map(wide);
    for row in table {
        if let Row::Sum(cells) = row {
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = wide(cell).max(*width);
            }
        }
    }
    let line = |cells: [&str; 8]| {
        let mut text = String::from(" ");
        for (at, (cell, width)) in cells.iter().zip(widths).enumerate() {
            let pad = " ".repeat(width.saturating_sub(wide(cell)));
            let left = at == 3 || at == 4 || at == 7;
            text += &if left { format!("  {cell}{pad}") } else { format!("  {pad}{cell}") };
        }
        text.trim_end().to_owned()
    };
    lines.push(line(heads));
    for row in table.iter().take(ROW_LIMIT) {
        lines.push(match row {
            Row::Sum(cells) => line(cells.each_ref().map(String::as_str)),
            Row::Broken(error) => format!("   {error}"),
        });
    }
    if table.len() > ROW_LIMIT {
        let left = table.len() - ROW_LIMIT;
        let more = language.pick("more", "更多");
        lines.push(format!("   … {left} {more}"));
    }
}
