//! The lines of a log as the tool writes them (`printBatchLevel`, `printRecordMetadata`, `printRecordContents`,
//! `printControlRecord`).
//!
//! What always holds: everything is appended to one buffer, nothing is allocated for a record that is shown as text.
//! Left out: a format of our own; that is `json`.

use super::Options;
use super::entries::Batch;
use super::record::{Row, header_name};
use crate::schema::text::{push_i64, push_java_utf8, push_u64};
use crate::schema::{Decoded, Topic, Undecoded, Value, control_record, decode};

macro_rules! put {
    ($out:expr, $($label:literal $number:expr),+ $(,)?) => {
        $( $out.extend_from_slice($label); push_i64($out, i64::from($number)); )+
    };
}

fn push_bool(out: &mut Vec<u8>, it: bool) {
    out.extend_from_slice(if it { b"true" } else { b"false" });
}

/// The line of a batch, or of an outer message.
pub(super) fn batch(out: &mut Vec<u8>, batch: &Batch) {
    if batch.magic >= 2 {
        put!(out, b"baseOffset: " batch.base_offset, b" lastOffset: " batch.last_offset,
            b" count: " batch.count, b" baseSequence: " batch.base_sequence,
            b" lastSequence: " batch.last_sequence, b" producerId: " batch.producer_id,
            b" producerEpoch: " batch.producer_epoch,
            b" partitionLeaderEpoch: " batch.leader_epoch);
        out.extend_from_slice(b" isTransactional: ");
        push_bool(out, batch.is_transactional);
        out.extend_from_slice(b" isControl: ");
        push_bool(out, batch.is_control);
        out.extend_from_slice(b" deleteHorizonMs: ");
        push_optional(out, batch.delete_horizon);
    } else {
        put!(out, b"offset: " batch.last_offset);
    }
    out.extend_from_slice(b" position: ");
    push_u64(out, batch.position);
    out.push(b' ');
    out.extend_from_slice(batch.timestamp_type.as_bytes());
    put!(out, b": " batch.max_timestamp);
    out.extend_from_slice(b" size: ");
    push_u64(out, batch.size_bytes);
    put!(out, b" magic: " batch.magic);
    out.extend_from_slice(b" compresscodec: ");
    out.extend_from_slice(batch.codec.name().as_bytes());
    put!(out, b" crc: " batch.crc);
    out.extend_from_slice(b" isvalid: ");
    push_bool(out, batch.is_valid);
    out.push(b'\n');
}

/// A number that may be missing, as `OptionalLong.toString`.
pub(super) fn push_optional(out: &mut Vec<u8>, number: Option<i64>) {
    match number {
        Some(number) => {
            put!(out, b"OptionalLong[" number);
            out.push(b']');
        }
        None => out.extend_from_slice(b"OptionalLong.empty"),
    }
}

fn length(part: Option<&[u8]>) -> i64 {
    part.map_or(-1, |bytes| bytes.len() as i64)
}

/// The line of a record. The error says what could not be shown; the line is there all the same.
#[inline]
pub(super) fn record(
    out: &mut Vec<u8>,
    options: &Options,
    batch: &Batch,
    row: &Row<'_>,
) -> Result<(), String> {
    let mut result = Ok(());
    let mut prefix: &[u8] = b"| ";
    if !options.skip_record_metadata {
        put!(out, b"| offset: " row.offset);
        out.push(b' ');
        out.extend_from_slice(batch.timestamp_type.as_bytes());
        put!(out, b": " row.timestamp, b" keySize: " length(row.key),
            b" valueSize: " length(row.value));
        if batch.magic >= 2 {
            put!(out, b" sequence: " row.sequence);
            out.extend_from_slice(b" headerKeys: [");
            let mut at = 0;
            for number in 0..row.headers_count {
                let Some(name) = header_name(row.headers, &mut at) else { break };
                if number > 0 {
                    out.push(b',');
                }
                push_java_utf8(out, name);
            }
            out.push(b']');
        }
        if let Some((holds, crc)) = row.message {
            out.extend_from_slice(b" isValid: ");
            push_bool(out, holds);
            put!(out, b" crc: " crc);
        }
        if batch.is_control {
            result = control(out, row);
        }
        prefix = b" ";
    }
    if options.prints_data() && !batch.is_control {
        match options.decoder {
            None => {
                if let Some(key) = row.key {
                    out.extend_from_slice(prefix);
                    out.extend_from_slice(b"key: ");
                    push_java_utf8(out, key);
                    prefix = b" ";
                }
                if let Some(value) = row.value {
                    out.extend_from_slice(prefix);
                    out.extend_from_slice(b"payload: ");
                    push_java_utf8(out, value);
                }
            }
            Some(topic) => result = decoded(out, topic, row, prefix),
        }
    }
    out.push(b'\n');
    result
}

/// What a control record says.
pub(super) enum Control {
    /// The end of a transaction.
    Marker(&'static str, i32),
    /// Another known type.
    Known(&'static str, Value),
    /// A number that Kafka does not know.
    Unknown(i16),
}

/// `ControlRecordType.parseTypeId`, `EndTransactionMarker.deserialize` and the readers of the others.
pub(super) fn control_of(row: &Row<'_>) -> Result<Control, String> {
    let key = row.key.unwrap_or_default();
    let Some(&[_, _, high, low]) = key.first_chunk::<4>() else {
        return Err(format!(
            "Invalid value size found for control record key. Must have at least 4 bytes, but \
             found only {}",
            key.len()
        ));
    };
    if key[0] & 0x80 != 0 {
        return Err("Invalid version found for control record".into());
    }
    let number = i16::from_be_bytes([high, low]);
    let value = row.value.ok_or("the control record has no value")?;
    match number {
        0 | 1 => {
            let Some(bytes) = value.first_chunk::<6>() else {
                return Err("the end of a transaction needs 6 bytes".into());
            };
            if bytes[0] & 0x80 != 0 {
                return Err("Invalid version found for end transaction marker".into());
            }
            let epoch = i32::from_be_bytes([bytes[2], bytes[3], bytes[4], bytes[5]]);
            Ok(Control::Marker(if number == 0 { "ABORT" } else { "COMMIT" }, epoch))
        }
        2..=6 => match control_record(number, value) {
            Some((name, value)) => Ok(Control::Known(name, value)),
            None => Err(format!("a control record of type {number} that cannot be read")),
        },
        _ => Ok(Control::Unknown(number)),
    }
}

fn control(out: &mut Vec<u8>, row: &Row<'_>) -> Result<(), String> {
    match control_of(row)? {
        Control::Marker(name, epoch) => {
            out.extend_from_slice(b" endTxnMarker: ");
            out.extend_from_slice(name.as_bytes());
            put!(out, b" coordinatorEpoch: " epoch);
        }
        Control::Known(name, value) => {
            out.push(b' ');
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(if name == "LeaderChange" { b": " } else { b" " });
            value.write_json(out);
        }
        Control::Unknown(number) => {
            out.extend_from_slice(b" controlType: UNKNOWN(");
            push_i64(out, number.into());
            out.push(b')');
        }
    }
    Ok(())
}

/// Key and value by the shapes of Kafka's own topics (`CoordinatorRecordMessageParser`,
/// `ClusterMetadataLogMessageParser`).
fn decoded(out: &mut Vec<u8>, topic: Topic, row: &Row<'_>, prefix: &[u8]) -> Result<(), String> {
    let read = decode(topic, row.key, row.value);
    if matches!(topic, Topic::ClusterMetadata | Topic::RemoteLogMetadata) {
        out.extend_from_slice(prefix);
        out.extend_from_slice(b"payload: ");
        match read {
            Ok(Decoded { type_name, version, value, .. }) => {
                put_text(out, &format!("{{\"type\":\"{type_name}\",\"version\":"));
                push_i64(out, version.unwrap_or(0).into());
                out.extend_from_slice(b",\"data\":");
                value.unwrap_or(Value::Null).write_json(out);
                out.push(b'}');
            }
            Err(Undecoded::UnknownType(id)) => {
                let class = "org.apache.kafka.common.errors.UnsupportedVersionException";
                let what = format!("{class}: Unknown metadata id {id}");
                put_text(out, &format!("Error at {}, skipping. {what}", row.offset));
            }
            Err(why) => put_text(out, &format!("Error at {}, skipping. {why}", row.offset)),
        }
        return Ok(());
    }
    let told = match read {
        Ok(decoded) => {
            out.extend_from_slice(prefix);
            put_text(out, &format!("key: {{\"type\":\"{}\",\"data\":", decoded.type_id));
            decoded.key.unwrap_or(Value::Null).write_json(out);
            out.extend_from_slice(b"} payload: ");
            match (decoded.version, decoded.value) {
                (Some(version), Some(value)) => {
                    put_text(out, &format!("{{\"version\":\"{version}\",\"data\":"));
                    value.write_json(out);
                    out.push(b'}');
                }
                _ => out.extend_from_slice(b"<DELETE>"),
            }
            return Ok(());
        }
        Err(Undecoded::NoKey) => {
            return Err("message had a missing key: no record of a coordinator".into());
        }
        Err(Undecoded::UnknownType(id)) => {
            format!("Unknown record type {id} at offset {}, skipping.", row.offset)
        }
        Err(why) => format!("Error at offset {}, skipping. {why}", row.offset),
    };
    out.extend_from_slice(prefix);
    put_text(out, &format!("key: {told}"));
    Ok(())
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}
