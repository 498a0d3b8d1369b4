//! Snares: what is to be done to the next message of a kind, laid before it is sent.
//!
//! ```text
//!   message hold next ZkSetData from=1 &     lays the snare, and goes on
//!   produce orders value=a acks=all          the world runs; as soon as 1 sends a ZkSetData, it is held
//! ```
//!
//! Always: a snare catches one message, at the moment when it is sent, and is gone then; the one that was laid first
//! catches first. What waits behind a cut link is not sent, so it is not caught.

use super::Network;
use crate::clock::Duration;
use crate::types::NodeId;

/// Most snares at once.
const MOST_SNARES: usize = 100;

/// What is done to the message that is caught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnareAct {
    /// It is held.
    Hold,
    /// It is lost.
    Drop,
    /// A bit of its records flips.
    Corrupt,
    /// It arrives so much later.
    Delay(Duration),
}

/// One snare.
#[derive(Clone, Debug, PartialEq)]
pub struct Snare {
    /// What is done.
    pub act: SnareAct,
    /// To a message of this kind.
    pub kind: String,
    /// From this node only.
    pub from: Option<NodeId>,
    /// To this node only.
    pub to: Option<NodeId>,
}

/// What a snare caught, for those who tell of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caught {
    /// It is lost.
    Lost,
    /// A bit of it flipped.
    Corrupted,
}

impl Network {
    /// The snares that have caught nothing yet.
    pub fn snares(&self) -> &[Snare] {
        &self.snares
    }

    /// Lays a snare. `false`: there are too many.
    pub(crate) fn lay(&mut self, snare: Snare) -> bool {
        let room = self.snares.len() < MOST_SNARES;
        if room {
            self.snares.push(snare);
        }
        room
    }

    /// A message was sent, and is in the queue under `id`.
    pub(crate) fn pass_snares(
        &mut self,
        from: NodeId,
        to: NodeId,
        kind: &str,
        id: u64,
    ) -> Option<Caught> {
        let fits = |snare: &Snare| {
            snare.kind == kind
                && snare.from.is_none_or(|node| node == from)
                && snare.to.is_none_or(|node| node == to)
        };
        let at = self.snares.iter().position(fits)?;
        match self.snares.remove(at).act {
            SnareAct::Hold => {
                self.hold(id);
                None
            }
            SnareAct::Delay(by) => {
                self.delay(id, by);
                None
            }
            SnareAct::Drop => self.take(id).map(|_| Caught::Lost),
            SnareAct::Corrupt => self.corrupt(id).map(|_| Caught::Corrupted),
        }
    }
}
