//! Producer snapshots and transaction indexes (`dumpProducerIdSnapshot`, `dumpTxnIndex`).
//!
//! What always holds: what can be read is printed. The tool prints nothing of a transaction index with one unknown
//! version in it; here the known entries are printed and the others told.

use super::form::push_optional;
use super::json::Line;
use super::{Options, Report};
use crate::schema::text::push_i64;
use crate::storage::{producer_snapshot, transaction_index};

fn put(out: &mut Vec<u8>, fields: &[(&str, i64)]) {
    for (number, (label, value)) in fields.iter().enumerate() {
        if number > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(label.as_bytes());
        out.extend_from_slice(b": ");
        push_i64(out, *value);
    }
}

pub(super) fn producers(
    options: &Options,
    path: &str,
    bytes: &[u8],
    out: &mut Vec<u8>,
    report: &mut Report,
) {
    let entries = match producer_snapshot::read(bytes) {
        Ok(entries) => entries,
        Err(error) => return report.problem(path, error.what),
    };
    for entry in entries {
        let first = entry.current_txn_first_offset.map(|offset| offset.0);
        let head = [
            ("producerId", entry.producer_id),
            ("producerEpoch", entry.producer_epoch.into()),
            ("coordinatorEpoch", entry.coordinator_epoch.into()),
        ];
        let batch = [
            ("firstSequence", first_sequence(entry.last_sequence, entry.offset_delta)),
            ("lastSequence", entry.last_sequence.into()),
            ("lastOffset", entry.last_offset.0),
            ("offsetDelta", entry.offset_delta.into()),
            ("timestamp", entry.timestamp.0),
        ];
        let has_batch = entry.last_offset.0 >= 0;
        if options.json {
            let mut line = Line::new(out, path, "snapshot");
            head.iter().for_each(|(name, number)| line.number(name, *number));
            line.optional("currentTxnFirstOffset", first);
            line.number("lastTimestamp", entry.timestamp.0);
            if has_batch {
                batch.iter().for_each(|(name, number)| line.number(name, *number));
            }
            line.end();
            continue;
        }
        put(out, &head);
        out.extend_from_slice(b" currentTxnFirstOffset: ");
        push_optional(out, first);
        out.push(b' ');
        put(out, &[("lastTimestamp", entry.timestamp.0)]);
        if has_batch {
            out.push(b' ');
            put(out, &batch);
        }
        out.push(b'\n');
    }
}

/// `DefaultRecordBatch.decrementSequence`
fn first_sequence(last: i32, delta: i32) -> i64 {
    match last < delta {
        true => (i64::from(i32::MAX) - (i64::from(delta) - i64::from(last)) + 1) as i32 as i64,
        false => last.wrapping_sub(delta).into(),
    }
}

pub(super) fn aborted(
    options: &Options,
    path: &str,
    bytes: &[u8],
    out: &mut Vec<u8>,
    report: &mut Report,
) {
    for (number, entry) in transaction_index::read(bytes).enumerate() {
        // `AbortedTxn.version` is two bytes wide and reads one, the upper.
        let version = (entry.version >> 8) as i8;
        if version > 0 {
            report.problem(path, format!("entry {number}: version {version} is not known, 0 is"));
            continue;
        }
        let fields = [
            ("version", version.into()),
            ("producerId", entry.producer_id),
            ("firstOffset", entry.first_offset.0),
            ("lastOffset", entry.last_offset.0),
            ("lastStableOffset", entry.last_stable_offset.0),
        ];
        if options.json {
            let mut line = Line::new(out, path, "txnindex");
            fields.iter().for_each(|(name, value)| line.number(name, *value));
            line.end();
        } else {
            put(out, &fields);
            out.push(b'\n');
        }
    }
}
