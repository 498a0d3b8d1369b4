//! Happenings that are kept back by hand: held until they are released, delivered or dropped.
//!
//! ```text
//!   link 2 → 1    #41 held    #44 waits behind it    #47 too        release 41 ─► 41, 44, 47 arrive now, in order
//! ```
//!
//! What always holds: a held one keeps its number and its place on its link, so what was sent behind it waits too
//! (TCP). In the queue it stands so far in the future that nothing else comes after it.

use super::{Happening, Network, Queued};
use crate::clock::{Duration, Instant};
use crate::protocol::Timer;
use crate::types::NodeId;

/// Nobody waits a year: it is released by hand or not at all.
const A_YEAR: Duration = Duration(365 * 86_400_000_000);

impl Network {
    /// Whether it is held by hand.
    pub fn is_held(&self, id: u64) -> bool {
        self.held.contains(&id)
    }

    /// The held message that must arrive before `id`, since both travel on the same link.
    pub fn waits_behind(&self, id: u64) -> Option<u64> {
        self.blocked_by(id).filter(|first| self.is_held(*first))
    }

    /// How many messages wait behind a cut.
    pub fn waiting(&self, from: NodeId, to: NodeId) -> usize {
        self.links.get(&(from, to)).map_or(0, |link| link.held.len())
    }

    /// Keeps a happening back.
    pub(crate) fn hold(&mut self, id: u64) -> bool {
        if self.is_held(id) {
            return true;
        }
        let done = self.delay(id, A_YEAR);
        if done {
            self.held.insert(id);
        }
        done
    }

    /// Lets a held happening go: it comes at once, but behind those of its link that were sent before it.
    pub(crate) fn let_go(&mut self, id: u64, now: Instant) -> bool {
        let Some(&key) = self.queue.keys().find(|(_, sequence)| *sequence == id) else {
            return false;
        };
        let Some((due, queued)) = self.take(id) else { return false };
        match &queued.happening {
            Happening::Deliver { from, to, .. } => {
                let (from, to) = (*from, *to);
                let before = self.queue.iter().filter(|((at, sequence), other)| {
                    *sequence < id
                        && (*at, *sequence) < key
                        && matches!(&other.happening, Happening::Deliver { from: f, to: t, .. }
                            if *f == from && *t == to)
                });
                let last = before.map(|((at, _), _)| *at).max();
                let at = last.map_or(now, |last| (last + Duration(1)).max(now));
                self.queue.insert((at, id), queued);
                self.release(at, from, to, due);
            }
            _ => self.put_back(now, id, queued),
        }
        true
    }

    /// Puts a happening back under its number; a timer's owner knows it by it.
    pub(super) fn put_back(&mut self, at: Instant, id: u64, queued: Queued) {
        if let Happening::Timer { node, timer } = &queued.happening {
            let (node, timer): (NodeId, Timer) = (*node, timer.clone());
            if let Some(old) = self.timers.entry(node).or_default().insert(timer, (at, id)) {
                self.queue.remove(&old);
            }
        }
        self.queue.insert((at, id), queued);
    }
}
