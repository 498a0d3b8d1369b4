//! The network and the queue of what may happen next.
//!
//! Each directed link keeps its order, as TCP does; its latency is drawn by (seed, sender, receiver, ordinal). A cut
//! link holds what is sent, as TCP's retransmission would, until it is healed or the sender gives up.

use crate::clock::{Duration, Instant};
use crate::prng::{self, Purpose};
use crate::protocol::{Body, Message, Request, Response, Timer};
use crate::types::NodeId;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

mod held;
mod snare;

pub(crate) use snare::Caught;
pub use snare::{Snare, SnareAct};

/// Least time that a message travels.
const LEAST_LATENCY_US: u64 = 400;
/// How much longer it may take.
const LATENCY_SPREAD_US: u64 = 400;

/// Longer than any message travels by itself: who is due later was held by hand.
const HELD: Duration = Duration::from_ms(10);

/// What waits in the queue.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// A message arrives.
    Deliver {
        /// Its sender.
        from: NodeId,
        /// Its receiver.
        to: NodeId,
        /// What it says.
        message: Message,
    },
    /// A timer fires.
    Timer {
        /// Whose.
        node: NodeId,
        /// Which.
        timer: Timer,
    },
    /// A node learns that a connection broke.
    Disconnected {
        /// Who learns it.
        node: NodeId,
        /// The other end.
        peer: NodeId,
    },
    /// A process begins.
    Start(NodeId),
    /// The next step of a lookup that is being watched.
    Walk,
}

impl Happening {
    /// The node that it happens to.
    pub fn node(&self) -> NodeId {
        match self {
            Happening::Deliver { to, .. } => *to,
            Happening::Timer { node, .. } | Happening::Disconnected { node, .. } => *node,
            Happening::Start(node) => *node,
            Happening::Walk => NodeId(0),
        }
    }
}

/// A happening in the queue.
#[derive(Clone, Debug)]
pub(crate) struct Queued {
    pub happening: Happening,
    pub cause: Option<u64>,
}

/// A happening as the learner sees it in the list of what may come next.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    /// Its number, for `message deliver ID` and `timer fire ID`.
    pub id: u64,
    /// When it is due.
    pub at: Instant,
    /// What it is.
    pub happening: Happening,
    /// The event that brought it about.
    pub cause: Option<u64>,
    /// Whether it is kept back by hand.
    pub held: bool,
}

/// One direction between two nodes.
#[derive(Clone, Debug, Default)]
pub struct Link {
    /// How many messages went over it.
    pub ordinal: u64,
    /// When the last one arrives.
    pub last_at: Instant,
    /// Whether it is cut.
    pub cut: bool,
    /// What waits behind the cut.
    pub(crate) held: VecDeque<(Message, Option<u64>)>,
}

/// Most messages that a cut link holds; TCP's buffers are bounded too.
const MOST_HELD: usize = 10_000;

/// All links, all timers, and the queue.
#[derive(Clone, Debug, Default)]
pub struct Network {
    pub(crate) queue: BTreeMap<(Instant, u64), Queued>,
    timers: BTreeMap<NodeId, BTreeMap<Timer, (Instant, u64)>>,
    links: BTreeMap<(NodeId, NodeId), Link>,
    next_sequence: u64,
    /// What is kept back by hand.
    held: BTreeSet<u64>,
    /// What is to be caught as soon as it is sent.
    snares: Vec<Snare>,
}

impl Network {
    /// When the next happening is due.
    pub fn next_at(&self) -> Option<Instant> {
        self.queue.first_key_value().map(|(&(at, _), _)| at)
    }

    /// Puts a happening into the queue.
    pub(crate) fn push(&mut self, at: Instant, happening: Happening, cause: Option<u64>) -> u64 {
        self.next_sequence += 1;
        let sequence = self.next_sequence;
        self.queue.insert((at, sequence), Queued { happening, cause });
        sequence
    }

    /// Takes the next happening out.
    pub(crate) fn pop(&mut self) -> Option<(Instant, Queued)> {
        let ((at, sequence), queued) = self.queue.pop_first()?;
        self.held.remove(&sequence);
        self.forget_timer(&queued.happening, sequence);
        Some((at, queued))
    }

    /// Takes a certain happening out.
    pub(crate) fn take(&mut self, id: u64) -> Option<(Instant, Queued)> {
        let key = *self.queue.keys().find(|(_, sequence)| *sequence == id)?;
        let queued = self.queue.remove(&key)?;
        self.forget_timer(&queued.happening, id);
        self.held.remove(&id);
        Some((key.0, queued))
    }

    fn forget_timer(&mut self, happening: &Happening, sequence: u64) {
        if let Happening::Timer { node, timer } = happening
            && let Some(timers) = self.timers.get_mut(node)
            && timers.get(timer).is_some_and(|&(_, known)| known == sequence)
        {
            timers.remove(timer);
        }
    }

    /// Sets a timer, replacing an earlier one of its name; `None` cancels it.
    pub(crate) fn set_timer(
        &mut self,
        node: NodeId,
        timer: Timer,
        at: Option<Instant>,
        cause: Option<u64>,
    ) {
        let timers = self.timers.entry(node).or_default();
        match at {
            None => {
                if let Some(key) = timers.remove(&timer) {
                    self.queue.remove(&key);
                }
            }
            Some(at) => {
                self.next_sequence += 1;
                let key = (at, self.next_sequence);
                if let Some(old) = timers.insert(timer.clone(), key) {
                    self.queue.remove(&old);
                }
                let happening = Happening::Timer { node, timer };
                self.queue.insert(key, Queued { happening, cause });
            }
        }
    }

    /// Sends a message over its link: behind the one before, after a latency drawn by key. Its number, unless it waits
    /// behind a cut.
    pub(crate) fn send(
        &mut self,
        seed: u64,
        now: Instant,
        from: NodeId,
        to: NodeId,
        message: Message,
        cause: Option<u64>,
    ) -> Option<u64> {
        let link = self.links.entry((from, to)).or_default();
        if link.cut {
            if link.held.len() < MOST_HELD {
                link.held.push_back((message, cause));
            }
            return None;
        }
        let at = Self::arrival(link, seed, now, from, to);
        Some(self.push(at, Happening::Deliver { from, to, message }, cause))
    }

    fn arrival(link: &mut Link, seed: u64, now: Instant, from: NodeId, to: NodeId) -> Instant {
        link.ordinal += 1;
        let spread = prng::below(
            seed,
            Purpose::Latency,
            u64::from(from.0),
            u64::from(to.0),
            link.ordinal,
            LATENCY_SPREAD_US,
        );
        let at = now + Duration(LEAST_LATENCY_US + spread);
        let at = if at <= link.last_at { link.last_at + Duration(1) } else { at };
        link.last_at = at;
        at
    }

    /// Tells everybody who ever talked with `peer` that the connection broke.
    pub(crate) fn disconnect(&mut self, seed: u64, now: Instant, peer: NodeId, cause: Option<u64>) {
        let others: Vec<NodeId> = self
            .links
            .keys()
            .filter(|(from, to)| *from == peer || *to == peer)
            .map(|&(from, to)| if from == peer { to } else { from })
            .collect();
        let mut told = std::collections::BTreeSet::new();
        for node in others {
            if told.insert(node) {
                self.tell_disconnected(seed, now, node, peer, cause);
            }
        }
    }

    /// Tells `node` that its connection to `peer` broke (unless the link between them is cut: then it finds out late).
    pub(crate) fn tell_disconnected(
        &mut self,
        seed: u64,
        now: Instant,
        node: NodeId,
        peer: NodeId,
        cause: Option<u64>,
    ) {
        let link = self.links.entry((peer, node)).or_default();
        if link.cut {
            return;
        }
        let at = Self::arrival(link, seed, now, peer, node);
        self.push(at, Happening::Disconnected { node, peer }, cause);
    }

    /// Everything that waits for `node` is gone: its process ended.
    pub(crate) fn forget_node(&mut self, node: NodeId) {
        self.timers.remove(&node);
        self.queue.retain(|_, queued| match &queued.happening {
            Happening::Timer { node: of, .. } => *of != node,
            Happening::Deliver { to, .. } => *to != node,
            Happening::Disconnected { node: of, .. } => *of != node,
            Happening::Start(_) | Happening::Walk => true,
        });
        let Network { held, queue, links, .. } = self;
        held.retain(|id| queue.keys().any(|(_, sequence)| sequence == id));
        for (&(from, to), link) in links {
            if from == node || to == node {
                link.held.clear();
            }
            if to == node {
                // Nothing is under way to it any more: what is sent from now on waits behind nobody.
                link.last_at = Instant(0);
            }
        }
    }

    /// Nobody will talk with `node` again, nor hear that it is gone.
    pub(crate) fn forget_links(&mut self, node: NodeId) {
        self.links.retain(|(from, to), _| *from != node && *to != node);
    }

    /// Flips a bit of the records that a message carries: between whom, and what it is. Nothing: it carries none.
    pub(crate) fn corrupt(&mut self, id: u64) -> Option<(NodeId, NodeId, &'static str)> {
        let queued = self.queue.iter_mut().find(|((_, sequence), _)| *sequence == id)?.1;
        let Happening::Deliver { from, to, message } = &mut queued.happening else { return None };
        let kind = message.kind();
        let records = match &mut message.body {
            Body::Request(Request::Produce(request)) => &mut request.partitions.first_mut()?.1,
            Body::Response(Response::Fetch(response)) => {
                let mut all = response.partitions.iter_mut().map(|answer| &mut answer.records);
                all.find(|records| !records.is_empty())?
            }
            _ => return None,
        };
        let mut bytes = records.to_vec();
        *bytes.last_mut()? ^= 1;
        *records = bytes.into();
        Some((*from, *to, kind))
    }

    /// Cuts both directions; what is on its way is held.
    pub(crate) fn cut(&mut self, a: NodeId, b: NodeId) {
        for (from, to) in [(a, b), (b, a)] {
            let mut held = VecDeque::new();
            let keys: Vec<(Instant, u64)> = self
                .queue
                .iter()
                .filter(|(_, queued)| {
                    matches!(&queued.happening, Happening::Deliver { from: f, to: t, .. }
                        if *f == from && *t == to)
                })
                .map(|(&key, _)| key)
                .collect();
            for key in keys {
                self.held.remove(&key.1);
                if let Some(Queued { happening: Happening::Deliver { message, .. }, cause }) =
                    self.queue.remove(&key)
                {
                    held.push_back((message, cause));
                }
            }
            let link = self.links.entry((from, to)).or_default();
            link.cut = true;
            link.held.append(&mut held);
        }
    }

    /// Heals both directions; what was held arrives.
    pub(crate) fn heal(&mut self, seed: u64, now: Instant, a: NodeId, b: NodeId) {
        for (from, to) in [(a, b), (b, a)] {
            let Some(link) = self.links.get_mut(&(from, to)) else {
                continue;
            };
            link.cut = false;
            for (message, cause) in std::mem::take(&mut link.held) {
                self.send(seed, now, from, to, message, cause);
            }
        }
    }

    /// The links that are cut, each once.
    pub fn cuts(&self) -> Vec<(NodeId, NodeId)> {
        let cut = self.links.iter().filter(|((from, to), link)| link.cut && from < to);
        cut.map(|(&pair, _)| pair).collect()
    }

    /// Whether two nodes cannot reach each other.
    pub fn is_cut(&self, a: NodeId, b: NodeId) -> bool {
        self.links.get(&(a, b)).is_some_and(|link| link.cut)
    }

    /// A requester gave up: what it sent (to `peer`, or to anybody) and what is still held by a cut link is gone.
    pub(crate) fn give_up(&mut self, from: NodeId, peer: Option<NodeId>) {
        for (&(sender, receiver), link) in &mut self.links {
            if sender == from && peer.is_none_or(|peer| peer == receiver) && link.cut {
                link.held.clear();
            }
        }
    }

    /// Moves everything in the queue by `by`: idle time is passed over.
    pub(crate) fn shift(&mut self, by: Duration) {
        let queue = std::mem::take(&mut self.queue);
        self.queue = queue.into_iter().map(|((at, seq), q)| ((at + by, seq), q)).collect();
        for timers in self.timers.values_mut() {
            for (at, _) in timers.values_mut() {
                *at = *at + by;
            }
        }
        for link in self.links.values_mut() {
            link.last_at = link.last_at + by;
        }
    }

    /// Delays a happening.
    pub(crate) fn delay(&mut self, id: u64, by: Duration) -> bool {
        let Some((at, queued)) = self.take(id) else {
            return false;
        };
        let at = at + by;
        match queued.happening {
            Happening::Timer { .. } => self.put_back(at, id, queued),
            Happening::Deliver { from, to, message } => {
                // Those behind it on the same link must not overtake it.
                let link = self.links.entry((from, to)).or_default();
                link.last_at = link.last_at.max(at);
                let later: Vec<u64> = self
                    .queue
                    .iter()
                    .filter(|((when, _), q)| {
                        *when < at
                            && matches!(&q.happening, Happening::Deliver { from: f, to: t, .. }
                                if *f == from && *t == to)
                    })
                    .map(|((_, seq), _)| *seq)
                    .collect();
                // It keeps its number: the learner knows it by that.
                let happening = Happening::Deliver { from, to, message };
                self.queue.insert((at, id), Queued { happening, cause: queued.cause });
                for other in later {
                    if other > id
                        && let Some((_, moved)) = self.take(other)
                    {
                        self.queue.insert((at, other), moved);
                    }
                }
            }
            other => {
                self.push(at, other, queued.cause);
            }
        }
        true
    }

    /// A message that was held is taken out before its time: what waited behind it follows at once.
    pub(crate) fn release(&mut self, now: Instant, from: NodeId, to: NodeId, was_due: Instant) {
        if was_due.since(now) < HELD {
            return;
        }
        let behind: Vec<(Instant, u64)> = self
            .queue
            .iter()
            .filter(|((at, _), queued)| {
                *at >= was_due
                    && matches!(&queued.happening, Happening::Deliver { from: f, to: t, .. }
                        if *f == from && *t == to)
            })
            .map(|(&key, _)| key)
            .collect();
        let link = self.links.entry((from, to)).or_default();
        link.last_at = now;
        let last = behind.last().map_or(now, |(at, _)| *at);
        for key in behind {
            let Some(queued) = self.queue.remove(&key) else { continue };
            if self.held.contains(&key.1) {
                // The next one that is held, and what waits behind it, stay.
                let link = self.links.entry((from, to)).or_default();
                link.last_at = link.last_at.max(last);
                self.queue.insert(key, queued);
                break;
            }
            let link = self.links.entry((from, to)).or_default();
            link.last_at = link.last_at + Duration(1);
            self.queue.insert((link.last_at, key.1), queued);
        }
    }

    /// Everything that may happen next, soonest first.
    pub fn pending(&self) -> impl Iterator<Item = Pending> + '_ {
        self.queue.iter().map(|(&(at, id), queued)| Pending {
            id,
            at,
            happening: queued.happening.clone(),
            cause: queued.cause,
            held: self.held.contains(&id),
        })
    }

    /// The message that must arrive before `id`, since both travel on the same link.
    pub(crate) fn blocked_by(&self, id: u64) -> Option<u64> {
        let wanted = self.queue.iter().find(|((_, seq), _)| *seq == id)?;
        let Happening::Deliver { from, to, .. } = &wanted.1.happening else {
            return None;
        };
        self.queue
            .iter()
            .take_while(|((_, seq), _)| *seq != id)
            .find(|(_, q)| {
                matches!(&q.happening, Happening::Deliver { from: f, to: t, .. } if f == from && t == to)
            })
            .map(|((_, seq), _)| *seq)
    }
}
