//! What a script may do to messages on their way and to those who fetch.

use crate::clock::Duration;

/// What can be done to a message on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageAct {
    /// It arrives now.
    Deliver,
    /// It never arrives.
    Drop,
    /// A bit of the records that it carries flips.
    Corrupt,
    /// It waits until it is delivered by hand.
    Hold,
    /// What was held comes now.
    Release,
    /// It arrives so much later.
    Delay(Duration),
}

/// A node as people name it: a number, or a client's name.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeWord {
    /// A broker, a controller, ZooKeeper.
    Id(u32),
    /// A producer or a consumer.
    Client(String),
}

impl std::fmt::Display for NodeWord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NodeWord::Id(id) => write!(f, "{id}"),
            NodeWord::Client(name) => f.write_str(name),
        }
    }
}

/// Which message.
#[derive(Clone, Debug, PartialEq)]
pub enum MessageTarget {
    /// One that is under way, by its id in `show network`.
    Id(u64),
    /// The next one of a kind.
    Next {
        /// The request's name, such as `Fetch`.
        kind: String,
        /// From this node only.
        from: Option<NodeWord>,
        /// To this node only.
        to: Option<NodeWord>,
    },
}

/// What can be done to a replica fetcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetcherAct {
    /// It fetches no more.
    Pause,
    /// It goes on.
    Resume,
    /// It waits so long between fetches.
    Slow(Duration),
}
