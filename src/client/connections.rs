//! Requests under way, by correlation number, and which nodes to leave alone for a while (class `NetworkClient`).
//!
//! Always: each request under way has its own time-out timer; when one strikes, the whole connection counts as broken,
//! as in `NetworkClient.handleTimedOutRequests`, and answers that come later are not recognised any more. A node that
//! broke the connection is avoided for `reconnect.backoff.ms` (50, doubling up to 1000).

use super::config::backoff;
use crate::clock::{Duration, Instant};
use crate::prng::{Purpose, below, draw};
use crate::protocol::{Message, Output, Request, Timer};
use crate::types::NodeId;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
struct Broken {
    until: Instant,
    times: u32,
}

/// What a client has asked and not yet heard; `W` says what each answer is for.
#[derive(Clone, Debug)]
pub struct Connections<W> {
    id: NodeId,
    seed: u64,
    next_correlation: u64,
    draws: u64,
    under_way: BTreeMap<u64, (NodeId, W)>,
    counts: BTreeMap<NodeId, usize>,
    broken: BTreeMap<NodeId, Broken>,
}

impl<W> Connections<W> {
    /// Nothing asked yet.
    pub fn new(id: NodeId, seed: u64) -> Connections<W> {
        Connections {
            id,
            seed,
            next_correlation: 0,
            draws: 0,
            under_way: BTreeMap::new(),
            counts: BTreeMap::new(),
            broken: BTreeMap::new(),
        }
    }
    /// 64 bits of chance that are this client's own.
    pub fn chance(&mut self) -> u64 {
        self.draws += 1;
        draw(self.seed, Purpose::Client, u64::from(self.id.0), 0, self.draws)
    }
    /// Sends `request`; its answer will come with `what`.
    pub fn send<E>(
        &mut self,
        now: Instant,
        to: NodeId,
        request: Request,
        what: W,
        timeout_ms: u64,
        out: &mut Output<E>,
    ) -> u64 {
        let correlation = self.send_only(to, request, out);
        self.under_way.insert(correlation, (to, what));
        *self.counts.entry(to).or_default() += 1;
        out.set(Timer::RequestTimeout(correlation), now + Duration::from_ms(timeout_ms));
        correlation
    }
    /// Sends a request that has no answer (`acks=0`).
    pub fn send_only<E>(&mut self, to: NodeId, request: Request, out: &mut Output<E>) -> u64 {
        self.next_correlation += 1;
        out.send(to, Message::request(self.next_correlation, request));
        self.next_correlation
    }
    /// The answer to request `correlation` came from `from`: what it is for; `None` if nobody waits for it any more.
    pub fn answered<E>(
        &mut self,
        from: NodeId,
        correlation: u64,
        out: &mut Output<E>,
    ) -> Option<W> {
        if self.under_way.get(&correlation)?.0 != from {
            return None;
        }
        self.broken.remove(&from);
        self.take(correlation, out)
    }
    fn take<E>(&mut self, correlation: u64, out: &mut Output<E>) -> Option<W> {
        let (to, what) = self.under_way.remove(&correlation)?;
        if let Some(count) = self.counts.get_mut(&to) {
            *count -= 1;
        }
        out.cancel(Timer::RequestTimeout(correlation));
        Some(what)
    }
    /// Who should have answered request `correlation`, if it is still under way.
    pub fn asked(&self, correlation: u64) -> Option<NodeId> {
        self.under_way.get(&correlation).map(|(to, _)| *to)
    }
    /// The connection to `peer` is gone: what was asked there, oldest first.
    pub fn lost<E>(&mut self, now: Instant, peer: NodeId, out: &mut Output<E>) -> Vec<W> {
        let gone: Vec<u64> = self
            .under_way
            .iter()
            .filter(|(_, (to, _))| *to == peer)
            .map(|(&correlation, _)| correlation)
            .collect();
        let chance = self.chance();
        let broken = self.broken.entry(peer).or_insert(Broken { until: now, times: 0 });
        broken.times = (broken.times + 1).min(30);
        broken.until = now + backoff(50, 1000, broken.times, chance);
        gone.into_iter().filter_map(|correlation| self.take(correlation, out)).collect()
    }
    /// How many requests are under way to `node`.
    pub fn count_to(&self, node: NodeId) -> usize {
        self.counts.get(&node).copied().unwrap_or(0)
    }
    /// What is under way, oldest first.
    pub fn under_way(&self) -> impl Iterator<Item = (NodeId, &W)> {
        self.under_way.values().map(|(to, what)| (*to, what))
    }
    /// The same, to be changed.
    pub fn under_way_mut(&mut self) -> impl Iterator<Item = &mut W> {
        self.under_way.values_mut().map(|(_, what)| what)
    }
    /// Forgets requests whose answers are of no use any more.
    pub fn forget<E>(&mut self, out: &mut Output<E>, useless: impl Fn(&W) -> bool) {
        let gone: Vec<u64> =
            self.under_way.iter().filter(|(_, (_, what))| useless(what)).map(|(&c, _)| c).collect();
        for correlation in gone {
            self.take(correlation, out);
        }
    }
    /// Until when `node` is to be left alone, if it is.
    pub fn avoided_until(&self, node: NodeId, now: Instant) -> Option<Instant> {
        self.broken.get(&node).map(|broken| broken.until).filter(|&until| until > now)
    }
    /// One of `nodes` with the fewest requests under way that may be asked now; `Err`: when one may be.
    pub fn choose(&mut self, nodes: &[NodeId], now: Instant) -> Result<NodeId, Instant> {
        let free: Vec<NodeId> =
            nodes.iter().copied().filter(|&n| self.avoided_until(n, now).is_none()).collect();
        let Some(least) = free.iter().map(|&node| self.count_to(node)).min() else {
            let soonest = nodes.iter().filter_map(|&node| self.avoided_until(node, now)).min();
            return Err(soonest.unwrap_or(now + Duration::from_ms(1000)));
        };
        let best: Vec<NodeId> =
            free.into_iter().filter(|&node| self.count_to(node) == least).collect();
        self.draws += 1;
        let from = u64::from(self.id.0);
        let index = below(self.seed, Purpose::Client, from, 1, self.draws, best.len() as u64);
        Ok(best[index as usize])
    }
    /// Idle time was skipped.
    pub fn shift(&mut self, by: Duration) {
        for broken in self.broken.values_mut() {
            broken.until = broken.until + by;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::FindCoordinatorRequest;

    fn ask(to: u32, connections: &mut Connections<u8>, what: u8) -> u64 {
        let mut out = Output::<()>::default();
        let request = Request::FindCoordinator(FindCoordinatorRequest { group: "g".into() });
        connections.send(Instant(0), NodeId(to), request, what, 30_000, &mut out)
    }

    #[test]
    fn a_broken_connection_loses_its_requests_and_is_avoided() {
        let mut connections = Connections::new(NodeId(10001), 1);
        let (first, other) = (ask(1, &mut connections, 7), ask(2, &mut connections, 8));
        let second = ask(1, &mut connections, 9);
        let mut out = Output::<()>::default();
        assert_eq!(connections.lost(Instant(0), NodeId(1), &mut out), [7, 9]);
        assert_eq!(connections.answered(NodeId(1), first, &mut out), None);
        assert_eq!(connections.asked(second), None);
        assert!(connections.avoided_until(NodeId(1), Instant(0)).is_some());
        assert_eq!(connections.choose(&[NodeId(1), NodeId(2)], Instant(0)), Ok(NodeId(2)));
        assert_eq!(connections.answered(NodeId(2), other, &mut out), Some(8));
        assert!(connections.choose(&[NodeId(1)], Instant(0)).is_err());
        assert_eq!(connections.choose(&[NodeId(1)], Instant(1_000_000)), Ok(NodeId(1)));
    }
}
