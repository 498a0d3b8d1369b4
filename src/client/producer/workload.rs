//! A standing workload: the same record again and again, at a steady pace.

use super::{Producer, ProducerRecord};
use crate::client::event::Event;
use crate::clock::{Duration, Instant};
use crate::protocol::{Output, Timer};

/// What to send, how often, how many times.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    /// The record; `{n}` in its key or value becomes 0, 1, 2, …
    pub template: ProducerRecord,
    /// The pause between two records.
    pub every: Duration,
    /// After how many it ends; `None`: never.
    pub count: Option<u64>,
}

#[derive(Clone, Debug)]
pub(super) struct Running {
    workload: Workload,
    sent: u64,
    numbered: bool,
}

fn is_numbered(bytes: Option<&Vec<u8>>) -> bool {
    bytes.is_some_and(|bytes| bytes.windows(3).any(|window| window == b"{n}"))
}

fn numbered(bytes: &[u8], number: u64) -> Vec<u8> {
    let mut filled = Vec::with_capacity(bytes.len() + 8);
    let mut rest = bytes;
    while let Some(at) = rest.windows(3).position(|window| window == b"{n}") {
        filled.extend_from_slice(&rest[..at]);
        filled.extend_from_slice(number.to_string().as_bytes());
        rest = &rest[at + 3..];
    }
    filled.extend_from_slice(rest);
    filled
}

impl Producer {
    /// Begins a workload with its first record at once; takes the place of one that runs.
    pub fn start_workload(&mut self, now: Instant, workload: Workload, out: &mut Output<Event>) {
        let numbered = is_numbered(workload.template.key.as_ref())
            || is_numbered(workload.template.value.as_ref());
        self.metadata.want(&workload.template.topic);
        self.workload = Some(Running { workload, sent: 0, numbered });
        self.workload_due(now, out);
        self.run(now, out);
    }
    /// Ends the workload, if one runs. What was sent stays sent.
    pub fn stop_workload(&mut self, out: &mut Output<Event>) {
        if self.workload.take().is_some() {
            out.cancel(Timer::Workload);
        }
    }
    /// The workload that runs, with how many records it has sent.
    pub fn workload(&self) -> Option<(&Workload, u64)> {
        self.workload.as_ref().map(|running| (&running.workload, running.sent))
    }
    /// The next record. While an earlier `send` is blocked the application stands still, so nothing is sent.
    pub(super) fn workload_due(&mut self, now: Instant, out: &mut Output<Event>) -> bool {
        let Some(mut running) = self.workload.take() else { return false };
        let mut look = false;
        if self.waiting.is_empty() {
            let mut record = running.workload.template.clone();
            if running.numbered {
                record.key = record.key.map(|key| numbered(&key, running.sent));
                record.value = record.value.map(|value| numbered(&value, running.sent));
            }
            running.sent += 1;
            look = self.offer(now, None, record, out);
        }
        if running.workload.count.is_none_or(|count| running.sent < count) {
            let pause = running.workload.every.max(Duration(1));
            out.set(Timer::Workload, now + pause);
            self.workload = Some(running);
        }
        look
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_the_place_of_braces() {
        assert_eq!(numbered(b"order {n} of {n}!", 12), b"order 12 of 12!");
        assert_eq!(numbered(b"{n", 1), b"{n");
        assert!(is_numbered(Some(&b"x{n}".to_vec())) && !is_numbered(Some(&b"xn".to_vec())));
    }
}
