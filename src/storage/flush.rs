//! Flushing: which bytes go from the page cache to the platter, when, and what it costs (`UnifiedLog.flush`,
//! `LogManager.flushDirtyLogs`).
//!
//! ```text
//!   [ 0 ‥ 42 ][ 43 ‥ 82 ][ 83 ‥ 96 ]
//!    on the platter ──────┘└ page cache only: lost with the power, kept when the process dies
//!                          └ recovery point: a start after a crash reads the log from here
//!
//!   at a roll · at a clean stop · flush.messages records behind the recovery point · flush.ms after the last flush
//!                                 (the append waits for it)                          (in rounds of their own)
//! ```
//!
//! The last two are off unless they are set, since replicas on other machines guard better than a platter does.
//!
//! The price is a model, the same on every machine (ledger: `flush-price`): 2 ms for each file that has something to
//! write, and 5 ms for each MiB of a log, as on a plain SSD. Who waits for a flush, waits so long in virtual time.

use super::error::Result;
use super::event::Event;
use super::log::Log;
use crate::clock::{Duration, Instant};
use crate::disk::{Disk, FileId};
use crate::types::Offset;

/// What one fsync costs.
const FSYNC: Duration = Duration::from_ms(2);
/// Bytes written in a second.
const BYTES_A_SECOND: u64 = 200 << 20;

impl Log {
    /// Fsyncs everything up to the log end.
    pub fn flush(&mut self, disk: &mut Disk, now: Instant, events: &mut Vec<Event>) -> Result<()> {
        self.flush_before(disk, self.log_end_offset, now, false, events)
    }

    /// Fsyncs the segments that hold offsets from the recovery point to `up_to`; `waited`: an append waits for it.
    pub(super) fn flush_before(
        &mut self,
        disk: &mut Disk,
        up_to: Offset,
        now: Instant,
        waited: bool,
        events: &mut Vec<Event>,
    ) -> Result<()> {
        if up_to <= self.recovery_point {
            return Ok(());
        }
        let from = self.floor_segment(self.recovery_point).unwrap_or(0);
        let mut price = Duration::ZERO;
        for segment in &self.segments[from..] {
            if segment.base_offset < up_to || segment.size_bytes == 0 {
                let bytes = disk.size(segment.log).saturating_sub(disk.flushed(segment.log));
                price = price + Duration(bytes.saturating_mul(1_000_000) / BYTES_A_SECOND);
                let files = [segment.log, segment.index.file, segment.time_index.file];
                for file in files.into_iter().chain(segment.transaction_index) {
                    price = price + fsync_price(disk, file);
                    disk.flush(file)?;
                }
            }
        }
        self.recovery_point = up_to;
        self.flushes += 1;
        self.flush_time = self.flush_time + price;
        self.last_flush = now;
        events.push(Event::Flushed { partition: self.partition.clone(), up_to, price, waited });
        Ok(())
    }

    /// The process has the log since `now`: the time of `flush.ms` counts from there.
    pub fn opened(&mut self, now: Instant) {
        self.last_flush = now;
        self.date_deleted(now);
    }

    /// From when on a round of the flusher would flush this log; nothing while all is flushed, or `flush.ms` is off.
    pub fn flush_due(&self) -> Option<Instant> {
        let wait_ms = u64::try_from(self.config.flush_ms).unwrap_or(0);
        if self.config.flush_ms == i64::MAX || self.log_end_offset <= self.recovery_point {
            return None;
        }
        Some(Instant(self.last_flush.0.saturating_add(wait_ms.saturating_mul(1_000))))
    }
}

fn fsync_price(disk: &Disk, file: FileId) -> Duration {
    if disk.flushed(file) == disk.size(file) { Duration::ZERO } else { FSYNC }
}
