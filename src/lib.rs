//! klab: a learning lab that runs a real Kafka cluster inside one process, one happening at a time.
//!
//! Read the modules in this order; each imports only modules above it (`tidy` reads this list and holds everybody to
//! it). The lower half is a Kafka written as pure state machines over a reversible disk; `cluster` is the world that
//! delivers one happening per step and can walk back; the upper half looks at it and talks to it.

#![warn(missing_docs)]

pub mod types; // offsets, positions, epochs, ids: distinct types, so that they cannot be mixed up
pub mod chinese; // sentences told again in Chinese: one table
pub mod clock; // virtual time: instants and durations in microseconds
pub mod prng; // chance drawn by key, not from a stream
pub mod era; // the table of Kafka versions: which rules hold when
pub mod disk; // files, twice: a real directory and memory; reversible; can lose power
pub mod batch; // record bytes: messages v0 and v1, record batches v2, codecs, byte by byte
pub mod schema; // the shapes of the records that Kafka keeps for itself, as tables
pub mod protocol; // what nodes say to each other, as values; Kafka's error codes
pub mod storage; // one partition on disk: segments, indexes, checkpoints, recovery
pub mod dump; // what is in a file, line by line, as Kafka's own tool prints it
pub mod replica; // leader, follower, in-sync replicas, high watermark, leader epochs
pub mod coordination; // the controller: who decides, and the log that says what was decided
pub mod group; // group coordinator, membership, assignors, committed offsets
pub mod broker; // one node: routes each request to the parts above
pub mod client; // producer, consumer, admin: they speak to brokers by messages alone
pub mod cluster; // the world: nodes, network, schedule, faults, invariants, going back
pub mod trace; // what is, drawn as styled text: for scripts and for the screen
pub mod glossary; // every abbreviation and noun, in English and Chinese
pub mod fidelity; // the ledger of what is otherwise than in Kafka
pub mod script; // the one command language
pub mod inspect; // a directory that somebody else wrote, through the same drawings
pub mod lesson; // prose and script, played step by step; checks for authors; progress
pub mod simulate; // many seeds on all cores; measured experiments
pub mod tui; // the eyes: the screen on which one learns
pub mod cli; // the command line: picks one

#[cfg(test)]
mod fixtures; // what real brokers wrote, and what was made of it
#[cfg(test)]
mod quick; // where the files of tests lie; one test for each track of lessons
#[cfg(test)]
mod vectors; // what Kafka's own classes answered
#[cfg(test)]
mod untold; // what a Chinese reader would still read in English
#[cfg(test)]
mod tidy; // the rules of the house, held by reading the sources
