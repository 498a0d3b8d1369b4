//! The records of `__consumer_offsets`, in Kafka's own schemas (`OffsetCommitKey`, `OffsetCommitValue`,
//! `GroupMetadataKey`, `GroupMetadataValue`; class `GroupCoordinatorRecordHelpers`).
//!
//! ```text
//!   key    00 01 │ group │ topic │ partition     value  00 04 │ offset │ epoch │ metadata │ time │ tags (topic id)
//!   key    00 02 │ group                         value  00 03 │ type │ generation │ protocol │ leader │ members …
//! ```
//!
//! The first two bytes of a key say what it is, those of a value its version. A null value is a tombstone. What a key
//! version beyond 2 means is not decoded here: such records (of the newer protocols, KIP-848 and KIP-932) come back as
//! [`GroupRecord::Unknown`] with their bytes. Left out: versions 0 to 2 of values are read but never written.

use super::bytes::*;
use crate::types::{LeaderEpoch, Offset, Timestamp, TopicName, TopicPartition, Uuid};
use std::sync::Arc;

/// One member inside a [`GroupMetadata`].
#[derive(Clone, Debug, PartialEq)]
pub struct MemberMetadata {
    /// Its id.
    pub member_id: Arc<str>,
    /// Of a static member.
    pub group_instance_id: Option<Arc<str>>,
    /// Its `client.id`.
    pub client_id: Arc<str>,
    /// Where it connected from.
    pub client_host: Arc<str>,
    /// Time to rejoin.
    pub rebalance_timeout_ms: i32,
    /// Time between heartbeats.
    pub session_timeout_ms: i32,
    /// Its subscription bytes.
    pub subscription: Arc<[u8]>,
    /// Its share.
    pub assignment: Arc<[u8]>,
}

/// `GroupMetadataValue`: a generation of a classic group.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupMetadata {
    /// The value's version as read, 3 when written.
    pub version: i16,
    /// `consumer`, or empty.
    pub protocol_type: Arc<str>,
    /// The generation.
    pub generation: i32,
    /// The assignor.
    pub protocol: Option<Arc<str>>,
    /// The leading member.
    pub leader: Option<Arc<str>>,
    /// When the group came into its state.
    pub current_state_timestamp: Timestamp,
    /// Its members.
    pub members: Vec<MemberMetadata>,
}

/// `OffsetCommitValue`: a position to remember.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetCommit {
    /// The value's version as read, 4 when written.
    pub version: i16,
    /// The next offset to read.
    pub offset: Offset,
    /// Epoch of the last record read; -1: not said.
    pub leader_epoch: LeaderEpoch,
    /// The committer's note.
    pub metadata: Arc<str>,
    /// When it was committed.
    pub commit_timestamp: Timestamp,
    /// Version 1 only.
    pub expire_timestamp: Timestamp,
    /// The topic's id, a tagged field of version 4.
    pub topic_id: Uuid,
}

/// A record of `__consumer_offsets`.
#[derive(Clone, Debug, PartialEq)]
pub enum GroupRecord {
    /// A committed offset, or (`None`) its tombstone.
    Offset {
        /// The key's version: 0 or 1.
        key_version: i16,
        /// The group.
        group: Arc<str>,
        /// Which partition.
        partition: TopicPartition,
        /// The position.
        value: Option<OffsetCommit>,
    },
    /// A group's generation, or (`None`) its tombstone.
    Group {
        /// The group.
        group: Arc<str>,
        /// The generation.
        value: Option<GroupMetadata>,
    },
    /// Something newer.
    Unknown {
        /// The key's version.
        key_version: i16,
        /// The whole key.
        key: Vec<u8>,
        /// The whole value.
        value: Option<Vec<u8>>,
    },
}

impl GroupRecord {
    /// Reads a record.
    pub fn decode(key: &[u8], value: Option<&[u8]>) -> Result<GroupRecord, SchemaError> {
        let mut reader = Reader::new(key);
        let key_version = reader.i16("key version")?;
        match key_version {
            0 | 1 => {
                let group = reader.string("group")?;
                let topic = TopicName(reader.string("topic")?);
                let partition = reader.i32("partition")?;
                reader.end()?;
                let Ok(partition) = u32::try_from(partition) else {
                    return Err(SchemaError {
                        position: key.len() - 4,
                        field: "partition",
                        what: "the number is negative",
                    });
                };
                let partition = TopicPartition { topic, partition };
                let value = value.map(OffsetCommit::decode).transpose()?;
                Ok(GroupRecord::Offset { key_version, group, partition, value })
            }
            2 => {
                let group = reader.string("group")?;
                reader.end()?;
                let value = value.map(GroupMetadata::decode).transpose()?;
                Ok(GroupRecord::Group { group, value })
            }
            _ => Ok(GroupRecord::Unknown {
                key_version,
                key: key.to_vec(),
                value: value.map(<[u8]>::to_vec),
            }),
        }
    }

    /// Writes key and value.
    pub fn encode(&self) -> (Vec<u8>, Option<Vec<u8>>) {
        let mut key = Vec::new();
        match self {
            GroupRecord::Offset { key_version, group, partition, value } => {
                key.extend(key_version.to_be_bytes());
                put_string(&mut key, group);
                put_string(&mut key, partition.topic.as_str());
                key.extend((partition.partition as i32).to_be_bytes());
                (key, value.as_ref().map(OffsetCommit::encode))
            }
            GroupRecord::Group { group, value } => {
                key.extend(2i16.to_be_bytes());
                put_string(&mut key, group);
                (key, value.as_ref().map(GroupMetadata::encode))
            }
            GroupRecord::Unknown { key, value, .. } => (key.clone(), value.clone()),
        }
    }
}

fn known_version(reader: &mut Reader<'_>) -> Result<i16, SchemaError> {
    let version = reader.i16("value version")?;
    match version {
        0..=4 => Ok(version),
        _ => Err(SchemaError {
            position: 0,
            field: "value version",
            what: "only versions 0 to 4 are known",
        }),
    }
}

/// Tagged fields: each tag with its bytes.
fn tags<'a>(reader: &mut Reader<'a>) -> Result<Vec<(u32, &'a [u8])>, SchemaError> {
    let count = reader.compact("number of tagged fields")?;
    let mut fields = Vec::new();
    for _ in 0..count {
        let tag = reader.compact("tag")?;
        let size = reader.compact("size of a tagged field")?;
        fields.push((tag, reader.raw(size as usize, "tagged field")?));
    }
    Ok(fields)
}

impl OffsetCommit {
    fn decode(bytes: &[u8]) -> Result<OffsetCommit, SchemaError> {
        let mut reader = Reader::new(bytes);
        let version = known_version(&mut reader)?;
        let offset = Offset(reader.i64("offset")?);
        let leader_epoch = match version {
            3.. => LeaderEpoch(reader.i32("leader epoch")?),
            _ => LeaderEpoch::NONE,
        };
        let metadata = reader.flexible_string(version >= 4, "metadata")?;
        let commit_timestamp = Timestamp(reader.i64("commit timestamp")?);
        let expire_timestamp = match version {
            1 => Timestamp(reader.i64("expire timestamp")?),
            _ => Timestamp::NONE,
        };
        let mut topic_id = Uuid::ZERO;
        if version >= 4 {
            for (tag, bytes) in tags(&mut reader)? {
                if tag == 0 {
                    topic_id = Uuid(Reader::new(bytes).uuid("topic id")?);
                }
            }
        }
        reader.end()?;
        Ok(OffsetCommit {
            version,
            offset,
            leader_epoch,
            metadata,
            commit_timestamp,
            expire_timestamp,
            topic_id,
        })
    }
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(48);
        out.extend(self.version.to_be_bytes());
        out.extend(self.offset.0.to_be_bytes());
        if self.version >= 3 {
            out.extend(self.leader_epoch.0.to_be_bytes());
        }
        put_flexible_string(&mut out, self.version >= 4, Some(&self.metadata));
        out.extend(self.commit_timestamp.0.to_be_bytes());
        if self.version == 1 {
            out.extend(self.expire_timestamp.0.to_be_bytes());
        }
        if self.version >= 4 {
            match self.topic_id == Uuid::ZERO {
                true => out.push(0),
                false => {
                    out.extend([1, 0, 16]);
                    out.extend(self.topic_id.0);
                }
            }
        }
        out
    }
}

impl GroupMetadata {
    fn decode(bytes: &[u8]) -> Result<GroupMetadata, SchemaError> {
        let mut reader = Reader::new(bytes);
        let version = known_version(&mut reader)?;
        let compact = version >= 4;
        let protocol_type = reader.flexible_string(compact, "protocol type")?;
        let generation = reader.i32("generation")?;
        let protocol = reader.flexible_nullable_string(compact, "protocol")?;
        let leader = reader.flexible_nullable_string(compact, "leader")?;
        let current_state_timestamp = match version {
            2.. => Timestamp(reader.i64("current state timestamp")?),
            _ => Timestamp::NONE,
        };
        let count = reader.count(compact, 8, "members")?;
        let mut members = Vec::with_capacity(count);
        for _ in 0..count {
            members.push(MemberMetadata {
                member_id: reader.flexible_string(compact, "member id")?,
                group_instance_id: match version {
                    3.. => reader.flexible_nullable_string(compact, "group instance id")?,
                    _ => None,
                },
                client_id: reader.flexible_string(compact, "client id")?,
                client_host: reader.flexible_string(compact, "client host")?,
                rebalance_timeout_ms: match version {
                    1.. => reader.i32("rebalance timeout")?,
                    _ => -1,
                },
                session_timeout_ms: reader.i32("session timeout")?,
                subscription: reader.flexible_bytes(compact, "subscription")?,
                assignment: reader.flexible_bytes(compact, "assignment")?,
            });
            if compact {
                tags(&mut reader)?;
            }
        }
        if compact {
            tags(&mut reader)?;
        }
        reader.end()?;
        Ok(GroupMetadata {
            version,
            protocol_type,
            generation,
            protocol,
            leader,
            current_state_timestamp,
            members,
        })
    }
    fn encode(&self) -> Vec<u8> {
        let (version, compact) = (self.version, self.version >= 4);
        let mut out = Vec::with_capacity(64 + 256 * self.members.len());
        out.extend(version.to_be_bytes());
        put_flexible_string(&mut out, compact, Some(&self.protocol_type));
        out.extend(self.generation.to_be_bytes());
        put_flexible_string(&mut out, compact, self.protocol.as_deref());
        put_flexible_string(&mut out, compact, self.leader.as_deref());
        if version >= 2 {
            out.extend(self.current_state_timestamp.0.to_be_bytes());
        }
        put_count(&mut out, compact, self.members.len());
        for member in &self.members {
            put_flexible_string(&mut out, compact, Some(&member.member_id));
            if version >= 3 {
                put_flexible_string(&mut out, compact, member.group_instance_id.as_deref());
            }
            put_flexible_string(&mut out, compact, Some(&member.client_id));
            put_flexible_string(&mut out, compact, Some(&member.client_host));
            if version >= 1 {
                out.extend(member.rebalance_timeout_ms.to_be_bytes());
            }
            out.extend(member.session_timeout_ms.to_be_bytes());
            put_flexible_bytes(&mut out, compact, &member.subscription);
            put_flexible_bytes(&mut out, compact, &member.assignment);
            if compact {
                out.push(0);
            }
        }
        if compact {
            out.push(0);
        }
        out
    }
}

#[cfg(test)]
mod tests;
