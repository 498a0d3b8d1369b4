//! The same facts as JSON, one object a line. Every object has `file` and `kind`:
//!
//! ```text
//!   batch      position sizeBytes magic baseOffset lastOffset count baseSequence lastSequence producerId producerEpoch
//!              partitionLeaderEpoch isTransactional isControl deleteHorizonMs timestampType maxTimestamp codec crc
//!              isValid                       what format 0 and 1 do not have is null
//!   record     offset timestamp keySize valueSize sequence headerKeys isValid crc; control, or type version key value
//!   index      offset position | timeindex  timestamp offset | snapshot, txnindex  as in the text
//!   mismatch   what (offset, timestamp, order, notFound) indexed found: an index entry and what the log says
//!   sanity     passed reason (null: passed) | empty  an index without an entry
//!   invalid    position sizeBytes: bytes at the end of a log that are no whole entry
//! ```
//!
//! Keys and values are text, `{"base64": …}` where they are not UTF-8, and objects where a decoder was asked for; what
//! a decoder cannot read is `error`. What always holds: each line is valid JSON. Left out: gaps between
//! offsets and what cannot be read; the error output has those.

use super::Options;
use super::entries::Batch;
use super::form::{Control, control_of};
use super::record::{Row, header_name};
use crate::schema::decode;
use crate::schema::text::{java_utf8, push_base64, push_i64, push_json_string};

/// One object under construction.
pub(super) struct Line<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Line<'a> {
    pub fn new(out: &'a mut Vec<u8>, path: &str, kind: &str) -> Line<'a> {
        out.extend_from_slice(b"{\"file\":");
        push_json_string(out, path);
        let mut line = Line { out };
        line.text("kind", kind);
        line
    }
    fn name(&mut self, name: &str) {
        self.out.extend_from_slice(b",\"");
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }
    pub fn number(&mut self, name: &str, number: impl Into<i64>) {
        self.optional(name, Some(number.into()));
    }
    pub fn optional(&mut self, name: &str, number: Option<i64>) {
        self.name(name);
        match number {
            Some(number) => push_i64(self.out, number),
            None => self.out.extend_from_slice(b"null"),
        }
    }
    pub fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        push_json_string(self.out, text);
    }
    pub fn optional_text(&mut self, name: &str, text: Option<&str>) {
        match text {
            Some(text) => self.text(name, text),
            None => self.optional(name, None),
        }
    }
    pub fn boolean(&mut self, name: &str, it: bool) {
        self.name(name);
        self.out.extend_from_slice(if it { b"true" } else { b"false" });
    }
    fn bytes(&mut self, name: &str, bytes: Option<&[u8]>) {
        self.name(name);
        match bytes.map(|bytes| (bytes, std::str::from_utf8(bytes))) {
            None => self.out.extend_from_slice(b"null"),
            Some((_, Ok(text))) => push_json_string(self.out, text),
            Some((bytes, Err(_))) => {
                self.out.extend_from_slice(b"{\"base64\":\"");
                push_base64(self.out, bytes);
                self.out.extend_from_slice(b"\"}");
            }
        }
    }
    pub fn end(self) {
        self.out.extend_from_slice(b"}\n");
    }
}

pub(super) fn batch(out: &mut Vec<u8>, path: &str, batch: &Batch) {
    let new = batch.magic >= 2;
    let only_new = |number: i64| new.then_some(number);
    let mut line = Line::new(out, path, "batch");
    line.number("position", batch.position as i64);
    line.number("sizeBytes", batch.size_bytes as i64);
    line.number("magic", batch.magic);
    line.optional("baseOffset", only_new(batch.base_offset));
    line.number("lastOffset", batch.last_offset);
    line.optional("count", only_new(batch.count.into()));
    line.optional("baseSequence", only_new(batch.base_sequence.into()));
    line.optional("lastSequence", only_new(batch.last_sequence.into()));
    line.optional("producerId", only_new(batch.producer_id));
    line.optional("producerEpoch", only_new(batch.producer_epoch.into()));
    line.optional("partitionLeaderEpoch", only_new(batch.leader_epoch.into()));
    line.boolean("isTransactional", batch.is_transactional);
    line.boolean("isControl", batch.is_control);
    line.optional("deleteHorizonMs", batch.delete_horizon);
    line.text("timestampType", batch.timestamp_type);
    line.number("maxTimestamp", batch.max_timestamp);
    line.text("codec", batch.codec.name());
    line.number("crc", batch.crc);
    line.boolean("isValid", batch.is_valid);
    line.end();
}

pub(super) fn record(
    out: &mut Vec<u8>,
    path: &str,
    options: &Options,
    batch: &Batch,
    row: &Row<'_>,
) -> Result<(), String> {
    let size = |part: Option<&[u8]>| part.map_or(-1, |bytes| bytes.len() as i64);
    let mut line = Line::new(out, path, "record");
    line.number("offset", row.offset);
    line.number("timestamp", row.timestamp);
    line.number("keySize", size(row.key));
    line.number("valueSize", size(row.value));
    if batch.magic >= 2 {
        line.number("sequence", row.sequence);
        line.name("headerKeys");
        line.out.push(b'[');
        let mut at = 0;
        for number in 0..row.headers_count {
            let Some(name) = header_name(row.headers, &mut at) else { break };
            if number > 0 {
                line.out.push(b',');
            }
            push_json_string(line.out, &java_utf8(name));
        }
        line.out.push(b']');
    }
    if let Some((holds, crc)) = row.message {
        line.boolean("isValid", holds);
        line.number("crc", crc);
    }
    let result = match (batch.is_control, options.prints_data(), options.decoder) {
        (true, _, _) => control(&mut line, row),
        (_, false, _) => Ok(()),
        (_, _, None) => {
            line.bytes("key", row.key);
            line.bytes("value", row.value);
            Ok(())
        }
        (_, _, Some(topic)) => {
            match decode(topic, row.key, row.value) {
                Ok(decoded) => {
                    line.text("type", decoded.type_name);
                    line.optional("version", decoded.version.map(i64::from));
                    for (name, part) in [("key", decoded.key), ("value", decoded.value)] {
                        line.name(name);
                        part.unwrap_or(crate::schema::Value::Null).write_json(line.out);
                    }
                }
                Err(why) => {
                    line.bytes("key", row.key);
                    line.bytes("value", row.value);
                    line.text("error", &why.to_string());
                }
            }
            Ok(())
        }
    };
    line.end();
    result
}

fn control(line: &mut Line<'_>, row: &Row<'_>) -> Result<(), String> {
    let said = control_of(row);
    line.name("control");
    match said {
        Ok(Control::Marker(name, epoch)) => {
            let text = format!("{{\"type\":\"{name}\",\"coordinatorEpoch\":{epoch}}}");
            line.out.extend_from_slice(text.as_bytes());
        }
        Ok(Control::Known(name, value)) => {
            let text = format!("{{\"type\":\"{name}\",\"data\":");
            line.out.extend_from_slice(text.as_bytes());
            value.write_json(line.out);
            line.out.push(b'}');
        }
        Ok(Control::Unknown(number)) => push_i64(line.out, number.into()),
        Err(why) => {
            line.out.extend_from_slice(b"null");
            return Err(why);
        }
    }
    Ok(())
}
