//! Every byte of a message of format 0 or 1 with its name, alone or in a set that was unpacked.
//!
//! As for batches, the fields cover the bytes completely and without overlap, whatever they are.

use super::codec::Codec;
use super::fields::{FieldAt, at, rest, text};
use super::header::{Header, TimestampType};
use super::layout::Field;
use super::message_layout::*;

/// The fields of one message, and of what lies behind its end.
pub(super) fn message(header: &Header, bytes: &[u8]) -> Vec<FieldAt> {
    let size = header.size_bytes().min(bytes.len());
    let mut fields = Vec::new();
    one(header, bytes, 0, size, 0, None, &mut fields);
    if size < bytes.len() {
        fields.push(rest(size, bytes.len() - size, "behind the end of the message".to_string()));
    }
    fields
}

/// The fields of all messages in what `wrapper` held. Format 1 counts offsets from the first one inside.
pub(super) fn messages(wrapper: &Header, bytes: &[u8]) -> Vec<FieldAt> {
    let mut places = Vec::new();
    let mut start = 0;
    let mut problem = "no message claims these bytes".to_string();
    while start < bytes.len() {
        match Header::read(&bytes[start..]) {
            Ok(header) if header.is_message() && header.size_bytes() <= bytes.len() - start => {
                places.push((start, header));
                start += header.size_bytes();
            }
            Ok(_) => {
                problem = "a message that reaches beyond the end of the set".to_string();
                break;
            }
            Err(error) => {
                problem = error.to_string();
                break;
            }
        }
    }
    let last = places.last().map_or(0, |(_, header)| header.base_offset.0);
    let relative = wrapper.magic > 0 && wrapper.base_offset.0 > 0;
    let base = relative.then(|| wrapper.base_offset.0.wrapping_sub(last));
    let mut fields = Vec::new();
    for (start, header) in &places {
        one(header, bytes, *start, start + header.size_bytes(), 1, base, &mut fields);
    }
    if start < bytes.len() {
        fields.push(rest(start, bytes.len() - start, problem));
    }
    fields
}

/// The row of the tail's table with this name.
fn tail(name: &'static str) -> &'static Field {
    let found = MESSAGE_TAIL_FIELDS.iter().find(|field| field.name == name);
    found.expect("tail fields are named in the table")
}

fn one(
    header: &Header,
    bytes: &[u8],
    start: usize,
    end: usize,
    depth: u8,
    base: Option<i64>,
    fields: &mut Vec<FieldAt>,
) {
    let here = &bytes[start..end];
    let table = message_fields(header.magic);
    for field in &table[..table.len() - 1] {
        let value = value(field.name, field, header, here, base);
        fields.push(at(field, start + field.start, field.width, value, depth));
    }
    let key_length = &table[table.len() - 1];
    let mut place = key_length.start;
    let compressed = header.codec() != Codec::None;
    for (length_row, name) in [
        (key_length, "key"),
        (tail("value_length"), if compressed { "compressed_records" } else { "value" }),
    ] {
        let Some(length) = here.get(place..place + 4) else {
            break;
        };
        let length = i32::from_be_bytes([length[0], length[1], length[2], length[3]]);
        let said = if length == -1 { "-1 (null)".to_string() } else { length.to_string() };
        fields.push(at(length_row, start + place, 4, said, depth));
        place += 4;
        if length < 1 {
            continue;
        }
        let Some(content) = here.get(place..).and_then(|left| left.get(..length as usize)) else {
            break;
        };
        let shown = match name {
            "compressed_records" => format!("a message set compressed with {}", header.codec()),
            _ => text(content),
        };
        fields.push(at(tail(name), start + place, content.len(), shown, depth + 1));
        place += content.len();
    }
    if place < here.len() {
        let what = "the message's lengths do not fit".to_string();
        fields.push(rest(start + place, here.len() - place, what));
    }
}

fn value(name: &str, field: &Field, header: &Header, bytes: &[u8], base: Option<i64>) -> String {
    match (name, base) {
        ("crc", _) => format!("{:#010x}", header.crc),
        ("offset", Some(base)) => {
            let offset = header.base_offset.0;
            format!("{offset} (offset {})", offset.wrapping_add(base))
        }
        ("attributes", _) => {
            let kind = match (header.magic, header.timestamp_type()) {
                (0, _) => "",
                (_, TimestampType::CreateTime) => ", CreateTime",
                (_, TimestampType::LogAppendTime) => ", LogAppendTime",
            };
            format!("{} ({}{kind})", header.attributes, header.codec())
        }
        _ => field.get(bytes).to_string(),
    }
}
