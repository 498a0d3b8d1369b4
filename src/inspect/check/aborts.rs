//! Aborted transactions: what the markers in the log tell, beside what the `.txnindex` says.
//!
//! ```text
//!   [tx-a data][tx-b data][ABORT tx-a]  →  .txnindex: (tx-a, first offset, offset of the marker, last stable offset)
//! ```
//!
//! A marker without data before it in this log has no entry. In compacted logs data and entries come and go at their
//! own pace, so there nothing is missed. Kafka's `ProducerAppendInfo`, `TransactionIndex`.

use super::super::findings::{Finding, Findings, Weight};
use super::super::{BatchRow, Inspection, Place};
use crate::batch::ControlType;
use crate::types::Offset;
use std::collections::BTreeMap;

/// Transactions that are open at some point of a log: producer to first offset.
pub(super) type Ongoing = BTreeMap<i64, Offset>;

/// Most markers of a segment that are remembered.
const MOST: usize = 100_000;

/// What the markers of one segment make one expect: (producer, first offset, offset of the marker).
#[derive(Debug, Default)]
pub(super) struct Expected {
    aborted: Vec<(i64, Offset, Offset)>,
}

impl Expected {
    pub fn see(&mut self, row: &BatchRow, control: Option<ControlType>, ongoing: &mut Ongoing) {
        let Some(header) = row.header.filter(|header| header.is_transactional()) else { return };
        if !header.is_control() {
            if ongoing.len() < MOST {
                ongoing.entry(header.producer_id).or_insert(row.base_offset);
            }
            return;
        }
        let begun = ongoing.remove(&header.producer_id);
        if control == Some(ControlType::Abort)
            && let Some(first) = begun
            && self.aborted.len() < MOST
        {
            self.aborted.push((header.producer_id, first, row.base_offset));
        }
    }

    pub fn end(
        self,
        inspection: &Inspection,
        (place, segment): (Place, usize),
        compacted: bool,
        findings: &mut Findings,
    ) {
        let Some(files) = inspection.partition(place) else { return };
        let Some(of) = files.segments.get(segment) else { return };
        let path = Inspection::segment_path(files, of.base_offset, ".txnindex");
        let entries = match inspection.aborted(place, segment) {
            Ok(entries) => entries,
            Err((from, to, english, chinese)) => {
                let kind = "txnindex-malformed";
                let finding = Finding::new(kind, Weight::Bad, &path, english, chinese);
                findings.add(finding.bytes(from, to));
                return;
            }
        };
        for (n, entry) in entries.iter().enumerate() {
            if entry.last_offset < of.base_offset || entry.first_offset > entry.last_offset {
                let n = n as u64;
                let finding = Finding::new(
                    "txnindex-malformed",
                    Weight::Bad,
                    &path,
                    format!(
                        "entry {n} names offsets {} to {}, which cannot be here",
                        entry.first_offset, entry.last_offset
                    ),
                    format!(
                        "条目 {n} 的偏移量 {} 至 {} 不可能在此",
                        entry.first_offset, entry.last_offset
                    ),
                );
                findings.add(finding.bytes(n * 34, n * 34 + 34));
            }
        }
        if compacted {
            return;
        }
        for (producer, first, last) in self.aborted {
            let known = entries.iter().any(|e| e.producer_id == producer && e.last_offset == last);
            if !known {
                findings.add(Finding::new(
                    "txnindex-missing-entry",
                    Weight::Bad,
                    &path,
                    format!("the transaction of producer {producer} from offset {first}, aborted at {last}, is not in it"),
                    format!("生产者 {producer} 从偏移量 {first} 开始、在 {last} 中止的事务不在其中"),
                ));
            }
        }
    }
}
