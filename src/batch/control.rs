//! Control records: what brokers and controllers write between the data, never shown to a consumer.
//!
//! The key of a control record is two 16-bit numbers, a version and a type (class `ControlRecordType`); the value
//! depends on the type and is decoded by whoever owns it.

use std::fmt;

/// What a control record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlType {
    /// A transaction was aborted.
    Abort,
    /// A transaction was committed.
    Commit,
    /// A new leader of a KRaft quorum.
    LeaderChange,
    /// First record of a KRaft snapshot.
    SnapshotHeader,
    /// Last record of a KRaft snapshot.
    SnapshotFooter,
    /// Feature level of KRaft (KIP-853).
    KRaftVersion,
    /// The voters of the quorum (KIP-853).
    KRaftVoters,
    /// A number that Kafka does not know.
    Unknown(i16),
}

impl ControlType {
    /// Reads the key of a control record; `None` when it has not at least four bytes.
    pub fn from_key(key: &[u8]) -> Option<ControlType> {
        let number = i16::from_be_bytes([*key.get(2)?, *key.get(3)?]);
        Some(match number {
            0 => ControlType::Abort,
            1 => ControlType::Commit,
            2 => ControlType::LeaderChange,
            3 => ControlType::SnapshotHeader,
            4 => ControlType::SnapshotFooter,
            5 => ControlType::KRaftVersion,
            6 => ControlType::KRaftVoters,
            other => ControlType::Unknown(other),
        })
    }

    /// The key of a control record of this type, version 0.
    pub fn key(self) -> Vec<u8> {
        let number: i16 = match self {
            ControlType::Abort => 0,
            ControlType::Commit => 1,
            ControlType::LeaderChange => 2,
            ControlType::SnapshotHeader => 3,
            ControlType::SnapshotFooter => 4,
            ControlType::KRaftVersion => 5,
            ControlType::KRaftVoters => 6,
            ControlType::Unknown(number) => number,
        };
        [[0, 0], number.to_be_bytes()].concat()
    }
}

impl fmt::Display for ControlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ControlType::Abort => f.write_str("ABORT"),
            ControlType::Commit => f.write_str("COMMIT"),
            ControlType::LeaderChange => f.write_str("LEADER_CHANGE"),
            ControlType::SnapshotHeader => f.write_str("SNAPSHOT_HEADER"),
            ControlType::SnapshotFooter => f.write_str("SNAPSHOT_FOOTER"),
            ControlType::KRaftVersion => f.write_str("KRAFT_VERSION"),
            ControlType::KRaftVoters => f.write_str("KRAFT_VOTERS"),
            ControlType::Unknown(number) => write!(f, "control type {number}"),
        }
    }
}
