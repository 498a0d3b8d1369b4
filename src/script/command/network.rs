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
        from: Option<u32>,
        /// To this node only.
        to: Option<u32>,
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
