//! What a message of Kafka's is made of: one row per field (the `*.json` definitions from which Kafka generates its
//! classes; KIP-482 for flexible versions and tagged fields).
//!
//! ```text
//!   field("topicId", Uuid).from(4).tagged(0)
//!          │         │      │       └ not in the row of fields but behind it, by number, if it is not its default
//!          │         │      └ since version 4
//!          │         └ how it is written
//!          └ its name, as in Kafka's JSON
//! ```
//!
//! What always holds: a table says nothing twice, and names are unique within a message. Left out: the sentences about
//! each field, which stand in Kafka's sources.

use std::ops::RangeInclusive;

/// How a field is written.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// One byte, 0 or 1.
    Bool,
    /// One byte with sign.
    Int8,
    /// Two bytes with sign.
    Int16,
    /// Two bytes without sign.
    Uint16,
    /// Four bytes with sign.
    Int32,
    /// Four bytes without sign.
    Uint32,
    /// Eight bytes with sign.
    Int64,
    /// An IEEE number of eight bytes.
    Float64,
    /// Sixteen bytes.
    Uuid,
    /// A length and UTF-8.
    String,
    /// A length and bytes.
    Bytes,
    /// A count and so many of these.
    Array(&'static Kind),
    /// These fields, one after the other.
    Struct(&'static [Field]),
}

/// What a field is when it is not there.
#[derive(Clone, Copy, Debug)]
pub enum Default {
    /// Zero, false, empty.
    Zero,
    /// True.
    True,
    /// Null.
    Null,
    /// This number.
    Number(i64),
}

/// One field of a message.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name, as Kafka's JSON has it.
    pub name: &'static str,
    /// How it is written.
    pub kind: Kind,
    /// The first version that has it.
    pub first_version: i16,
    /// The last version that has it.
    pub last_version: i16,
    /// The first version in which it may be null.
    pub nullable_from: Option<i16>,
    /// Its number, if it is a tagged field.
    pub tag: Option<u32>,
    /// What it is when it is not there.
    pub default: Default,
}

impl Field {
    /// Is it part of this version?
    pub const fn is_in(&self, version: i16) -> bool {
        self.first_version <= version && version <= self.last_version
    }
    /// May it be null in this version?
    pub const fn may_be_null(&self, version: i16) -> bool {
        matches!(self.nullable_from, Some(first) if first <= version)
    }
    pub(super) const fn from(mut self, version: i16) -> Field {
        self.first_version = version;
        self
    }
    pub(super) const fn until(mut self, version: i16) -> Field {
        self.last_version = version;
        self
    }
    pub(super) const fn nullable(mut self, from: i16) -> Field {
        self.nullable_from = Some(from);
        self
    }
    pub(super) const fn tagged(mut self, tag: u32) -> Field {
        self.tag = Some(tag);
        self
    }
    pub(super) const fn default(mut self, default: Default) -> Field {
        self.default = default;
        self
    }
}

/// A message: its name, its versions, its fields in the order of writing.
#[derive(Clone, Debug)]
pub struct Message {
    /// Kafka's name of it.
    pub name: &'static str,
    /// The versions that Kafka 4.3 reads.
    pub versions: RangeInclusive<i16>,
    /// The first version with compact lengths and tagged fields.
    pub flexible_from: i16,
    /// Its fields.
    pub fields: &'static [Field],
}

/// No version of the message has compact lengths.
pub(super) const NEVER: i16 = i16::MAX;

/// A record type of a topic that Kafka keeps for itself.
#[derive(Clone, Debug)]
pub struct RecordType {
    /// The number that stands at the beginning of its key (or, in the metadata log, of its value).
    pub id: i16,
    /// Kafka's name of it.
    pub name: &'static str,
    /// The key; records of the metadata log have none.
    pub key: Option<Message>,
    /// The value.
    pub value: Message,
}

pub(super) const fn field(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        first_version: 0,
        last_version: i16::MAX,
        nullable_from: None,
        tag: None,
        default: Default::Zero,
    }
}

pub(super) const fn message(
    name: &'static str,
    versions: RangeInclusive<i16>,
    flexible_from: i16,
    fields: &'static [Field],
) -> Message {
    Message { name, versions, flexible_from, fields }
}

/// A record type of a coordinator's topic: the type stands in the key, the version in the value.
pub(super) const fn coordinator(
    id: i16,
    name: &'static str,
    key: Message,
    value: Message,
) -> RecordType {
    RecordType { id, name, key: Some(key), value }
}

/// A record type of a metadata log: type and version stand in the value.
pub(super) const fn record(id: i16, name: &'static str, value: Message) -> RecordType {
    RecordType { id, name, key: None, value }
}
