//! A record of one of Kafka's own topics, taken apart: which type, which version, what is in it.
//!
//! What always holds: what cannot be decoded says why in the words that Kafka's own tool prints ([`Undecoded`]). Left
//! out: groups whose protocol is not `consumer` keep the bytes of their members as bytes (Connect's are its own).

use super::control::*;
use super::decode::read;
use super::table::{Message, RecordType};
use super::value::Value;
use std::fmt;

/// A topic (or log) that Kafka keeps for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// `__consumer_offsets`
    ConsumerOffsets,
    /// `__transaction_state`
    TransactionState,
    /// `__share_group_state`
    ShareGroupState,
    /// `__cluster_metadata` and its snapshots
    ClusterMetadata,
    /// `__remote_log_metadata`
    RemoteLogMetadata,
}

impl Topic {
    /// The topic of this name, if its records have a shape that Kafka prescribes.
    pub fn of(name: &str) -> Option<Topic> {
        let all = [
            Topic::ConsumerOffsets,
            Topic::TransactionState,
            Topic::ShareGroupState,
            Topic::ClusterMetadata,
            Topic::RemoteLogMetadata,
        ];
        all.into_iter().find(|topic| topic.name() == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Topic::ConsumerOffsets => "__consumer_offsets",
            Topic::TransactionState => "__transaction_state",
            Topic::ShareGroupState => "__share_group_state",
            Topic::ClusterMetadata => "__cluster_metadata",
            Topic::RemoteLogMetadata => "__remote_log_metadata",
        }
    }

    /// All types of records that it holds.
    pub fn record_types(self) -> impl Iterator<Item = &'static RecordType> {
        let tables: Vec<&'static [RecordType]> = match self {
            Topic::ConsumerOffsets => vec![
                super::consumer_groups::CONSUMER_GROUPS,
                super::share_groups::SHARE_GROUPS,
                super::streams_groups::STREAMS_GROUPS,
            ],
            Topic::TransactionState => vec![super::transaction_state::TRANSACTION_STATE],
            Topic::ShareGroupState => vec![super::share_state::SHARE_STATE],
            Topic::ClusterMetadata => {
                vec![super::metadata::METADATA, super::metadata_access::METADATA_ACCESS]
            }
            Topic::RemoteLogMetadata => vec![super::remote::REMOTE_LOG_METADATA],
        };
        tables.into_iter().flatten()
    }

    fn record_type(self, id: i16) -> Option<&'static RecordType> {
        self.record_types().find(|record_type| record_type.id == id)
    }
}

/// A record that could be taken apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The number of its type.
    pub type_id: i16,
    /// Kafka's name of its type.
    pub type_name: &'static str,
    /// The version of its value; a tombstone has none.
    pub version: Option<i16>,
    /// Its key; records of the metadata log have none.
    pub key: Option<Value>,
    /// Its value; a tombstone has none.
    pub value: Option<Value>,
}

/// Why a record could not be taken apart. As text it is what Kafka's exception says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undecoded {
    /// A record of a coordinator needs a key.
    NoKey,
    /// No type of 4.3 has this number.
    UnknownType(i16),
    /// The type is known, this version of its value is not.
    UnknownVersion {
        /// The number of the type.
        type_id: i16,
        /// The version that the value claims.
        version: i16,
    },
    /// The bytes are not what the table says.
    Broken(String),
}

impl fmt::Display for Undecoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Undecoded::NoKey => f.write_str("message had a missing key"),
            Undecoded::UnknownType(id) => write!(f, "Found an unknown record type {id}"),
            Undecoded::UnknownVersion { type_id, version } => {
                write!(f, "Found an unknown record version {version} for {type_id} type")
            }
            Undecoded::Broken(why) => f.write_str(why),
        }
    }
}

/// Takes a record of a topic apart.
pub fn decode(
    topic: Topic,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
) -> Result<Decoded, Undecoded> {
    match topic {
        Topic::ClusterMetadata | Topic::RemoteLogMetadata => {
            let missing = || Undecoded::Broken("the record has no value".into());
            framed(topic, value.ok_or_else(missing)?)
        }
        _ => coordinated(topic, key.ok_or(Undecoded::NoKey)?, value),
    }
}

/// `CoordinatorRecordSerde.deserialize`
fn coordinated(topic: Topic, key: &[u8], value: Option<&[u8]>) -> Result<Decoded, Undecoded> {
    let (id, key) = leading_version(key, "key")?;
    let record_type = topic.record_type(id).ok_or(Undecoded::UnknownType(id))?;
    let broken = |version: i16, part: &str, why: String| {
        Undecoded::Broken(format!(
            "Could not read record with version {version} from {part}'s buffer due to: {why}."
        ))
    };
    let key = match &record_type.key {
        Some(shape) => Some(read(shape, 0, key).map_err(|why| broken(id, "key", why))?.0),
        None => None,
    };
    let mut decoded =
        Decoded { type_id: id, type_name: record_type.name, version: None, key, value: None };
    let Some(value) = value else { return Ok(decoded) };
    let (version, value) = leading_version(value, "value")?;
    if !record_type.value.versions.contains(&version) {
        return Err(Undecoded::UnknownVersion { type_id: id, version });
    }
    let read = read(&record_type.value, version, value);
    let (mut value, _) = read.map_err(|why| broken(version, "value", why))?;
    if record_type.name == "GROUP_METADATA" {
        show_members(&mut value);
    }
    decoded.version = Some(version);
    decoded.value = Some(value);
    Ok(decoded)
}

fn leading_version<'a>(bytes: &'a [u8], part: &str) -> Result<(i16, &'a [u8]), Undecoded> {
    let unread = || Undecoded::Broken(format!("Could not read version from {part}'s buffer."));
    let (version, rest) = bytes.split_first_chunk::<2>().ok_or_else(unread)?;
    Ok((i16::from_be_bytes(*version), rest))
}

/// Members of a classic group of consumers: what they subscribe to and were assigned is in the consumers' own format.
fn show_members(group: &mut Value) {
    if group.get("protocolType").and_then(Value::as_text) != Some("consumer") {
        return;
    }
    let Value::Object(fields) = group else { return };
    let members = fields.iter_mut().find(|(name, _)| *name == "members");
    let Some((_, Value::List(members))) = members else { return };
    for member in members {
        let Value::Object(fields) = member else { continue };
        for (name, value) in fields {
            let shape = match *name {
                "subscription" => &CONSUMER_PROTOCOL_SUBSCRIPTION,
                "assignment" => &CONSUMER_PROTOCOL_ASSIGNMENT,
                _ => continue,
            };
            let Value::Bytes(bytes) = &*value else { continue };
            let Some((version, rest)) = bytes.split_first_chunk::<2>() else { continue };
            if let Ok((shown, _)) = read(shape, i16::from_be_bytes(*version).max(0), rest) {
                *value = shown;
            }
        }
    }
}

/// `AbstractApiMessageSerde.read`
fn framed(topic: Topic, bytes: &[u8]) -> Result<Decoded, Undecoded> {
    let mut at = 0;
    let broken = |why: String| Undecoded::Broken(why);
    let frame = varint(bytes, &mut at, "frame version")?;
    match frame {
        1 => {}
        0 => {
            return Err(broken(
                "Could not deserialize metadata record with frame version 0. Note that upgrades \
                 from the preview release of KRaft in 2.8 to newer versions are not supported."
                    .into(),
            ));
        }
        _ => {
            return Err(broken(format!(
                "Could not deserialize metadata record due to unknown frame version \
                 {frame}(only frame version 1 is supported)"
            )));
        }
    }
    let id = varint(bytes, &mut at, "type")?;
    let version = varint(bytes, &mut at, "version")?;
    let record_type = topic.record_type(id).ok_or(Undecoded::UnknownType(id))?;
    let shape: &Message = &record_type.value;
    let read = read(shape, version, &bytes[at..]);
    let unread = |_| broken(format!("Failed to deserialize record with type {id}"));
    let (value, taken) = read.map_err(unread)?;
    let left = bytes.len() - at - taken;
    if left > 0 {
        // A newer version has more fields: its number says more than its bytes would.
        if !shape.versions.contains(&version) {
            return Err(Undecoded::UnknownVersion { type_id: id, version });
        }
        return Err(broken(format!("Found {left} byte(s) of garbage after {id}")));
    }
    Ok(Decoded {
        type_id: id,
        type_name: record_type.name,
        version: Some(version),
        key: None,
        value: Some(value),
    })
}

fn varint(bytes: &[u8], at: &mut usize, what: &str) -> Result<i16, Undecoded> {
    let mut number = 0u32;
    for shift in [0, 7, 14, 21, 28] {
        let unread = || Undecoded::Broken(format!("Error while reading {what}"));
        let byte = *bytes.get(*at).ok_or_else(unread)?;
        *at += 1;
        number |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            let large = |_| Undecoded::Broken(format!("Value for {what} was too large."));
            return i16::try_from(number as i32).map_err(large);
        }
    }
    Err(Undecoded::Broken(format!("Error while reading {what}")))
}

/// The content of a control record that is not the end of a transaction: its name as the dump tool has it, and its
/// value. None: no such type, or the value is not what its table says.
pub fn control_record(type_id: i16, value: &[u8]) -> Option<(&'static str, Value)> {
    let (name, shape) = match type_id {
        2 => ("LeaderChange", &LEADER_CHANGE_MESSAGE),
        3 => ("SnapshotHeader", &SNAPSHOT_HEADER_RECORD),
        4 => ("SnapshotFooter", &SNAPSHOT_FOOTER_RECORD),
        5 => ("KRaftVersion", &KRAFT_VERSION_RECORD),
        6 => ("KRaftVoters", &VOTERS_RECORD),
        _ => return None,
    };
    let version = i16::from_be_bytes(*value.first_chunk()?);
    let version = if shape.versions.contains(&version) { version } else { 0 };
    Some((name, read(shape, version, value).ok()?.0))
}

/// What must be in a `quorum-state` file of this version: its fields by name (the file is JSON already).
pub fn quorum_state() -> &'static Message {
    &QUORUM_STATE_DATA
}
