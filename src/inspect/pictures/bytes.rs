//! The bytes of a batch, field by field; and of any other file, entry by entry or sixteen a row.

use super::super::batches::MOST_BATCH_BYTES;
use super::super::metadata::{internal_of, is_snapshot_path};
use super::super::{BatchRow, Inspection, Place, index};
use super::internal::rest;
use super::{MOST_ROWS, time_text};
use crate::batch;
use crate::storage::file_name;
use crate::trace::width::number;
use crate::trace::{Align, Canvas, Line, Picture, Role, Table, Target, brief};
use crate::types::{Offset, TopicPartition};

impl Inspection {
    /// The batch that holds an offset, field by field, with its bytes.
    pub fn bytes_picture(&self, place: Place, offset: Offset, canvas: &Canvas) -> Picture {
        let mut picture = Picture::new(canvas.word("bytes", "字节"));
        let Some(row) = self.batch_of(place, offset) else {
            let text = canvas.word("no batch holds this offset", "没有批次包含这个偏移量");
            picture.push(Line::of(text, Role::Bad).indent(2));
            return picture;
        };
        let file = file_name(row.segment, ".log");
        let (at, size) = (number(row.position as i64), number(row.size_bytes as i64));
        picture = picture.caption(
            self.caption(place, canvas).span(format!("   {file} @ {at}   {size} B"), Role::Dim),
        );
        match self.bytes(place, &row) {
            Ok(bytes) => {
                let partition = self.partition(place).map(|files| &files.partition);
                self.fields(&bytes, &row, (partition, offset), canvas, &mut picture);
            }
            Err(why) => picture.push(Line::of(why, Role::Bad).indent(2)),
        }
        picture
    }

    fn fields(
        &self,
        bytes: &[u8],
        row: &BatchRow,
        (partition, wanted): (Option<&TopicPartition>, Offset),
        canvas: &Canvas,
        picture: &mut Picture,
    ) {
        if crate::batch::verify_checksum(bytes).is_err() {
            let text = canvas.word("the checksum does not fit these bytes", "校验和与这些字节不符");
            picture.push(Line::of(format!("  {} {text}", canvas.glyphs.bad), Role::Bad));
        }
        let internal = partition.and_then(|partition| internal_of(partition, bytes, wanted));
        if let Some(one) = internal {
            picture.extend(super::internal::whole(&one, canvas));
            picture.blank();
        }
        let (rows, chosen) = field_rows(bytes, row.position, Some(wanted), canvas);
        // A record that lies open further down is what the reader came for; a batch begins at its head.
        picture.attention =
            chosen.map(|at| picture.lines.len() + at).filter(|_| picture.lines.is_empty());
        picture.extend(rows);
        self.record_rows(bytes, row, wanted, canvas, picture);
    }

    /// The records of a batch whose bytes do not lie open: compressed, or of an old format.
    fn record_rows(
        &self,
        bytes: &[u8],
        row: &BatchRow,
        wanted: Offset,
        canvas: &Canvas,
        picture: &mut Picture,
    ) {
        use super::super::records::{records, shown};
        if row.format.codec == batch::Codec::None && row.format.magic == 2 {
            return;
        }
        picture.blank();
        let all = match records(bytes, row) {
            Ok(all) => all,
            Err(why) => {
                picture.push(Line::of(why, Role::Warn).indent(2));
                return;
            }
        };
        let head = canvas.word("records inside", "其中的记录");
        picture.push(Line::of(format!("  {head}   {}", all.len()), Role::Heading));
        let heads = [
            canvas.word("offset", "偏移量"),
            canvas.word("time (UTC)", "时间 (UTC)"),
            canvas.word("key", "键"),
            canvas.word("value", "值"),
        ];
        let left = Align::Left;
        let mut table = Table::new(&[Align::Right, left, left, left]).gap(2).heads(&heads);
        for record in all.iter().take(MOST_ROWS) {
            let dash = || canvas.glyphs.dash.to_owned();
            let chosen = record.offset == wanted && all.len() > 1;
            let role = if chosen { Role::Cursor } else { Role::Offset };
            table.row_to(
                vec![
                    Line::of(record.offset.to_string(), role),
                    Line::of(record.timestamp.map_or_else(dash, time_text), Role::Dim),
                    Line::of(shown(record.key.as_deref(), 40), Role::Key),
                    Line::of(shown(record.value.as_deref(), 120), Role::Value),
                ],
                Target::Offset(record.offset),
            );
        }
        picture.extend(table.lines(canvas.width, canvas.glyphs.ellipsis));
    }

    /// Any file of the directory around a byte: entries of indexes, lines of text, batches, or bytes.
    pub fn file_picture(&self, path: &str, at: u64, canvas: &Canvas) -> Picture {
        let size = self.files.size(path).unwrap_or(0);
        let caption = Line::of(path, Role::Strong)
            .span(format!(" @ {}   {} B", number(at as i64), number(size as i64)), Role::Dim)
            .cut(canvas.width.saturating_sub(8), &canvas.glyphs);
        let mut picture = Picture::new(canvas.word("bytes", "字节")).caption(caption);
        let base =
            path.rsplit('/').next().and_then(|name| name.get(..20)?.parse().ok()).map(Offset);
        let rows = canvas.height.saturating_sub(2).clamp(4, MOST_ROWS) as u64;
        match (path.rsplit('.').next(), base) {
            (Some("log"), Some(_)) => self.batch_at(path, at, canvas, &mut picture),
            (Some("index"), Some(base)) => {
                let entry = |bytes: &[u8]| {
                    let entry = index::offset_entry(base, bytes)?;
                    Some((number(entry.offset.0), number(i64::from(entry.position))))
                };
                self.entry_rows(path, (at, 8, rows), entry, canvas, &mut picture);
            }
            (Some("timeindex"), Some(base)) => {
                let entry = |bytes: &[u8]| {
                    let entry = index::time_entry(base, bytes)?;
                    Some((time_text(entry.timestamp), number(entry.offset.0)))
                };
                self.entry_rows(path, (at, 12, rows), entry, canvas, &mut picture);
            }
            _ if is_snapshot_path(path) => match self.snapshot_records(path) {
                Ok(all) if !all.is_empty() => picture.extend(rest(all.iter(), canvas)),
                Ok(_) => self.any(path, at, rows, canvas, &mut picture),
                Err(why) => {
                    picture.push(Line::of(why, Role::Bad).indent(2));
                    self.any(path, at, rows, canvas, &mut picture);
                }
            },
            _ => self.any(path, at, rows, canvas, &mut picture),
        }
        picture
    }

    fn batch_at(&self, path: &str, at: u64, canvas: &Canvas, picture: &mut Picture) {
        let head = self.files.read(path, at, 12).unwrap_or_default();
        let length = head.get(8..12).map(|b| i32::from_be_bytes(b.try_into().expect("four bytes")));
        let size = length.filter(|length| *length >= 14).map_or(0, |length| 12 + length as usize);
        let size = size.min(MOST_BATCH_BYTES);
        match self.files.read(path, at, size) {
            Ok(bytes) if size > 0 && bytes.len() == size => {
                picture.extend(field_rows(&bytes, at, None, canvas).0);
            }
            _ => {
                let bytes = self.files.read(path, at, 16 * canvas.height.min(MOST_ROWS));
                picture.extend(hex(&bytes.unwrap_or_default(), at, canvas));
            }
        }
    }

    fn entry_rows(
        &self,
        path: &str,
        (at, width, rows): (u64, u64, u64),
        entry: impl Fn(&[u8]) -> Option<(String, String)>,
        canvas: &Canvas,
        picture: &mut Picture,
    ) {
        let n = at / width;
        let first = n.saturating_sub(rows / 2);
        let bytes = self.files.read(path, first * width, (rows * width) as usize);
        let (left, right) = (Align::Left, Align::Right);
        let mut table = Table::new(&[left, right, right, left, right, right]).gap(2).heads(&[
            "",
            canvas.word("entry", "条目"),
            canvas.word("byte", "字节"),
            "",
            if width == 8 {
                canvas.word("offset", "偏移量")
            } else {
                canvas.word("time", "时间")
            },
            if width == 8 {
                canvas.word("position", "位置")
            } else {
                canvas.word("offset", "偏移量")
            },
        ]);
        for (row, bytes) in bytes.unwrap_or_default().chunks(width as usize).enumerate() {
            let here = first + row as u64;
            let codes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let (one, two) = entry(bytes).unwrap_or_default();
            let chosen = here == n;
            if chosen {
                picture.attention = Some(row + 1);
            }
            table.row_to(
                vec![
                    Line::of(if chosen { canvas.glyphs.chosen } else { "" }, Role::Cursor),
                    Line::of(here.to_string(), Role::Number),
                    Line::of(number((here * width) as i64), Role::Position),
                    Line::of(codes.join(" "), Role::Value),
                    Line::of(one, Role::Offset),
                    Line::of(two, Role::Position),
                ],
                Target::Bytes(here * width, here * width + width),
            );
        }
        picture.extend(table.lines(canvas.width, canvas.glyphs.ellipsis));
    }

    fn any(&self, path: &str, at: u64, rows: u64, canvas: &Canvas, picture: &mut Picture) {
        let size = self.files.size(path).unwrap_or(0);
        let bytes = self.files.read(path, 0, size.min(64 << 10) as usize).unwrap_or_default();
        let text = std::str::from_utf8(&bytes).ok().filter(|text| {
            size < (64 << 10) && text.chars().all(|c| !c.is_control() || c == '\n' || c == '\r')
        });
        let Some(text) = text else {
            let from = (at / 16).saturating_sub(rows / 2) * 16;
            let bytes = self.files.read(path, from, (rows * 16) as usize).unwrap_or_default();
            picture.extend(hex(&bytes, from, canvas));
            return;
        };
        let mut start = 0;
        for (n, line) in text.split_inclusive('\n').enumerate() {
            let end = start + line.len() as u64;
            let chosen = (start..end).contains(&at);
            if chosen {
                picture.attention = Some(n);
            }
            let mark = if chosen { canvas.glyphs.chosen } else { " " };
            let content = line.trim_end();
            picture.push(
                Line::of(format!("  {mark} {:>6}  ", number(start as i64)), Role::Position)
                    .span(content, Role::Value)
                    .cut(canvas.width, &canvas.glyphs)
                    .to(Target::Bytes(start, end)),
            );
            start = end;
        }
    }
}

/// How many bytes of a field are shown: as many as leave room for its name and value; and the cells left for what it
/// means.
fn most_bytes(fields: &[batch::FieldAt], position: u64, width: usize) -> (usize, usize) {
    const MEANING: usize = 44;
    let name = |field: &batch::FieldAt| field.name.len() + 2 * usize::from(field.depth);
    let names = fields.iter().map(name).max().unwrap_or(0);
    let values = fields.iter().map(|field| field.value.chars().count().min(MEANING));
    let last = fields.last().map_or(0, |field| position + field.start as u64);
    let fixed = 2 + number(last as i64).len() + 6 + names + values.max().unwrap_or(0);
    let room = width.saturating_sub(fixed);
    let most = [8, 6].into_iter().find(|most| 3 * most < room).unwrap_or(4);
    (most, room.saturating_sub(3 * most + 2))
}

/// The fields of a batch, one a row; and the row in which the record of an offset begins, where it is not the first.
fn field_rows(
    bytes: &[u8],
    position: u64,
    wanted: Option<Offset>,
    canvas: &Canvas,
) -> (Vec<Line>, Option<usize>) {
    let left = Align::Left;
    let mut table = Table::new(&[Align::Right, left, left, left, left]).gap(2);
    let fields: Vec<_> = batch::fields(bytes).into_iter().take(MOST_ROWS).collect();
    let (most, room) = most_bytes(&fields, position, canvas.width);
    let named = wanted.map(|offset| format!("(offset {offset})"));
    let inside = fields.iter().position(|field| {
        field.name == "offset_delta"
            && named.as_ref().is_some_and(|named| field.value.ends_with(named.as_str()))
    });
    let begins = |at: usize| fields[..at].iter().rposition(|field| field.name == "length");
    let several = fields.iter().filter(|field| field.name == "offset_delta").count() > 1;
    let chosen = inside.and_then(begins).filter(|_| several);
    // Where not even a word of it would fit, nothing is said.
    let meaning = |field: &batch::FieldAt| match room {
        0..12 => "",
        _ => brief(field.meaning(canvas.language), room),
    };
    for (at, field) in fields.iter().enumerate() {
        let end = field.start + field.width.min(most);
        let shown: Vec<String> = bytes
            .get(field.start..end)
            .unwrap_or_default()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let more = if field.width > most { canvas.glyphs.ellipsis } else { "" };
        let from = position + field.start as u64;
        let role = if chosen == Some(at) { Role::Cursor } else { Role::Key };
        table.row_to(
            vec![
                Line::of(number(from as i64), Role::Position),
                Line::of(format!("{}{more}", shown.join(" ")), Role::Value),
                Line::of(field.name, role).indent(2 * usize::from(field.depth)),
                Line::plain(&*crate::chinese::tell(canvas.language, &field.value)),
                Line::of(meaning(field), Role::Dim),
            ],
            Target::Bytes(from, from + field.width as u64),
        );
    }
    (table.lines(canvas.width, canvas.glyphs.ellipsis), chosen)
}

/// Sixteen bytes a row; eight where sixteen have no room.
fn hex(bytes: &[u8], position: u64, canvas: &Canvas) -> Vec<Line> {
    let rows = canvas.height.saturating_sub(2).clamp(4, MOST_ROWS);
    let wide = if canvas.width >= 78 { 16 } else { 8 };
    let row = |(at, chunk): (usize, &[u8])| {
        let codes: Vec<String> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = |byte: &u8| if (32..127).contains(byte) { char::from(*byte) } else { '.' };
        let text: String = chunk.iter().map(text).collect();
        let start = position + (wide * at) as u64;
        Line::of(format!("  {start:08x}  "), Role::Position)
            .span(format!("{:<1$}  ", codes.join(" "), 3 * wide - 1), Role::Value)
            .span(text, Role::Dim)
            .to(Target::Bytes(start, start + chunk.len() as u64))
    };
    bytes.chunks(wide).enumerate().take(rows).map(row).collect()
}
