//! The bytes that members exchange through the coordinator, which never looks into them: ConsumerProtocolSubscription
//! and ConsumerProtocolAssignment (class `ConsumerProtocol`). Version 3 is written, as the Java client does; any
//! version is read by what it must have.

use super::bytes::*;
use crate::types::{TopicName, TopicPartition};
use std::sync::Arc;

/// The version that is written.
pub const CONSUMER_PROTOCOL_VERSION: i16 = 3;

/// What a member subscribes to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subscription {
    /// Topics, by name.
    pub topics: Vec<TopicName>,
    /// An assignor's own data.
    pub user_data: Option<Arc<[u8]>>,
    /// What the member holds (KIP-429).
    pub owned_partitions: Vec<TopicPartition>,
    /// In which generation it got that; -1: none.
    pub generation: i32,
    /// Its rack.
    pub rack: Option<Arc<str>>,
}

fn put_partitions(out: &mut Vec<u8>, partitions: &[TopicPartition]) {
    let mut sorted: Vec<&TopicPartition> = partitions.iter().collect();
    sorted.sort();
    let topics: Vec<&[&TopicPartition]> =
        sorted.chunk_by(|one, other| one.topic == other.topic).collect();
    put_count(out, false, topics.len());
    for of_topic in topics {
        put_string(out, of_topic[0].topic.as_str());
        put_count(out, false, of_topic.len());
        for partition in of_topic {
            out.extend((partition.partition as i32).to_be_bytes());
        }
    }
}

fn read_partitions(reader: &mut Reader<'_>) -> Result<Vec<TopicPartition>, SchemaError> {
    let mut partitions = Vec::new();
    for _ in 0..reader.count(false, 6, "topics")? {
        let topic = TopicName(reader.string("topic")?);
        for _ in 0..reader.count(false, 4, "partitions")? {
            let number = reader.i32("partition")?.max(0) as u32;
            partitions.push(TopicPartition::new(&topic, number));
        }
    }
    Ok(partitions)
}

impl Subscription {
    /// A subscription to `topics` of a member that holds nothing.
    pub fn to(topics: impl IntoIterator<Item = TopicName>) -> Subscription {
        let mut topics: Vec<TopicName> = topics.into_iter().collect();
        topics.sort();
        topics.dedup();
        Subscription { topics, generation: -1, ..Subscription::default() }
    }
    /// Its bytes.
    pub fn encode(&self) -> Arc<[u8]> {
        let mut out = Vec::new();
        out.extend(CONSUMER_PROTOCOL_VERSION.to_be_bytes());
        put_count(&mut out, false, self.topics.len());
        let mut topics: Vec<&TopicName> = self.topics.iter().collect();
        topics.sort();
        for topic in topics {
            put_string(&mut out, topic.as_str());
        }
        put_bytes(&mut out, self.user_data.as_deref());
        put_partitions(&mut out, &self.owned_partitions);
        out.extend(self.generation.to_be_bytes());
        put_nullable_string(&mut out, self.rack.as_deref());
        Arc::from(out)
    }
    /// Reads its bytes; a version beyond 3 is read as 3.
    pub fn decode(bytes: &[u8]) -> Result<Subscription, SchemaError> {
        let mut reader = Reader::new(bytes);
        let version = reader.i16("version")?;
        let mut topics = Vec::new();
        for _ in 0..reader.count(false, 2, "topics")? {
            topics.push(TopicName(reader.string("topic")?));
        }
        let user_data = reader.nullable_bytes("user data")?;
        let owned_partitions = match version {
            1.. => read_partitions(&mut reader)?,
            _ => Vec::new(),
        };
        let generation = if version >= 2 { reader.i32("generation id")? } else { -1 };
        let rack = if version >= 3 { reader.nullable_string("rack id")? } else { None };
        Ok(Subscription { topics, user_data, owned_partitions, generation, rack })
    }
}

/// The bytes of a member's share.
pub fn encode_assignment(partitions: &[TopicPartition]) -> Arc<[u8]> {
    let mut out = Vec::new();
    out.extend(CONSUMER_PROTOCOL_VERSION.to_be_bytes());
    put_partitions(&mut out, partitions);
    put_bytes(&mut out, None);
    Arc::from(out)
}

/// Reads the bytes of a share. No bytes at all: nothing.
pub fn decode_assignment(bytes: &[u8]) -> Result<Vec<TopicPartition>, SchemaError> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let mut reader = Reader::new(bytes);
    reader.i16("version")?;
    let partitions = read_partitions(&mut reader)?;
    reader.nullable_bytes("user data")?;
    let _ = reader.rest();
    Ok(partitions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unhex(text: &str) -> Vec<u8> {
        let digits = text.as_bytes();
        digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    #[test]
    fn the_bytes_are_those_of_a_real_client() {
        // Both from a group record that a 4.3 broker stored for the Java client.
        let stored = unhex("00030000000100087061796d656e747300000004ffffffff00000000ffffffffffff");
        let mut subscription = Subscription::to([TopicName::new("payments")]);
        subscription.user_data = Some(Arc::from([0xff; 4]));
        assert_eq!(Subscription::decode(&stored), Ok(subscription.clone()));
        assert_eq!(&*subscription.encode(), &stored[..]);
        let stored = unhex("00030000000100087061796d656e7473000000020000000000000001ffffffff");
        let share = ["payments-0", "payments-1"].map(|name| TopicPartition::parse(name).unwrap());
        assert_eq!(decode_assignment(&stored).unwrap(), share);
        assert_eq!(&*encode_assignment(&share), &stored[..]);
        for end in 1..stored.len() {
            assert!(decode_assignment(&stored[..end]).is_err());
        }
        assert_eq!(decode_assignment(&[]), Ok(Vec::new()));
    }
}
