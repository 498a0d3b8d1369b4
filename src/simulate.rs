//! Where the lab meets the clock on the wall and all cores of the machine.
//!
//! ```text
//!   perf       small honest experiments on the learner's machine: klab perf zero-copy
//! ```
//!
//! What always holds: nothing here feeds back into a run of the lab, whose time is virtual; a number is never compared
//! with a promise, only with its neighbour in the same run. Left out so far: many seeds on all cores, shrinking.

pub mod perf; // what the learner's own machine says
