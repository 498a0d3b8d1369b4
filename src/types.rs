//! The nouns of Kafka as distinct types.
//!
//! An offset counts records, a position counts bytes, an epoch counts reigns. All three are integers in Kafka's source
//! and all three get mixed up by readers; here the compiler keeps them apart. Every type is plain, small and ordered.
//!
//! | type             | counts                                   | unit      |
//! |------------------|------------------------------------------|-----------|
//! | `Offset`         | records of a partition, from 0           | records   |
//! | `Position`       | bytes from the start of one segment file | bytes     |
//! | `LeaderEpoch`    | reigns of a partition's leader           | reigns    |
//! | `PartitionEpoch` | changes of a partition's registration    | changes   |
//! | `BrokerEpoch`    | offset of a broker's registration record | records   |
//! | `Timestamp`      | milliseconds since 1970 (record time)    | ms        |

use std::fmt;
use std::sync::Arc;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl std::ops::Add<$inner> for $name {
            type Output = $name;
            fn add(self, by: $inner) -> $name {
                $name(self.0 + by)
            }
        }
        impl std::ops::Sub<$name> for $name {
            type Output = $inner;
            fn sub(self, other: $name) -> $inner {
                self.0 - other.0
            }
        }
    };
}

number! {
    /// A record's place in its partition. `-1` stands for "none", as in Kafka.
    Offset(i64)
}
number! {
    /// A byte position in one segment file (Kafka keeps it in 32 bits, so segments stay under 2 GiB).
    Position(u32)
}
number! {
    /// The reign of one leader of a partition (KIP-101). `-1` stands for "none".
    LeaderEpoch(i32)
}
number! {
    /// Grows with every change of a partition's registration in the controller (KIP-497).
    PartitionEpoch(i32)
}
number! {
    /// The metadata offset of a broker's registration record (KIP-631): a restarted broker has a greater one.
    BrokerEpoch(i64)
}
number! {
    /// Milliseconds since 1970-01-01T00:00:00Z, as records bear them. `-1` stands for "none".
    Timestamp(i64)
}
number! {
    /// A node of the cluster: brokers are 1, 2, …, ZooKeeper is 2181, controllers 3001, 3002, …, clients 10001, …
    NodeId(u32)
}

impl Offset {
    /// Kafka's "no offset".
    pub const NONE: Offset = Offset(-1);
    /// The first offset there is.
    pub const ZERO: Offset = Offset(0);
}

impl LeaderEpoch {
    /// Kafka's "no epoch".
    pub const NONE: LeaderEpoch = LeaderEpoch(-1);
}

impl Timestamp {
    /// Kafka's "no timestamp".
    pub const NONE: Timestamp = Timestamp(-1);
}

impl NodeId {
    /// ZooKeeper, by its port. It stands for the whole ensemble.
    pub const ZOOKEEPER: NodeId = NodeId(2181);
    /// The id of the first controller.
    pub const FIRST_CONTROLLER: u32 = 3001;
    /// The id of the first client.
    pub const FIRST_CLIENT: u32 = 10001;
    /// Whether this node is a broker.
    pub fn is_broker(self) -> bool {
        self.0 < Self::FIRST_CONTROLLER && self != Self::ZOOKEEPER
    }
    /// Whether this node is ZooKeeper.
    pub fn is_zookeeper(self) -> bool {
        self == Self::ZOOKEEPER
    }
    /// Whether this node is a controller.
    pub fn is_controller(self) -> bool {
        (Self::FIRST_CONTROLLER..Self::FIRST_CLIENT).contains(&self.0)
    }
    /// Whether this node is a producer, a consumer or an administrator's tool.
    pub fn is_client(self) -> bool {
        self.0 >= Self::FIRST_CLIENT
    }
}

/// `1 record`, `2 records`.
pub fn counted(count: impl fmt::Display, noun: &str) -> String {
    match count.to_string().as_str() {
        "1" => format!("1 {noun}"),
        many if noun.ends_with("ch") => format!("{many} {noun}es"),
        many if noun.ends_with('y') && !noun.ends_with("ey") => {
            format!("{many} {}ies", &noun[..noun.len() - 1])
        }
        many => format!("{many} {noun}s"),
    }
}

/// A topic's name, cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicName(pub Arc<str>);

impl TopicName {
    /// A name as given; see [`TopicName::check`] for what Kafka accepts.
    pub fn new(name: &str) -> TopicName {
        TopicName(Arc::from(name))
    }
    /// Kafka's rule for topic names (class `Topic`): 1–249 of `[a-zA-Z0-9._-]`, not `.` or `..`.
    pub fn check(name: &str) -> Result<(), String> {
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if name.is_empty() || name == "." || name == ".." {
            Err(format!("topic name '{name}' is not allowed: it may not be empty, '.' or '..'"))
        } else if name.len() > 249 {
            Err(format!("topic name has {} characters, 249 at most are allowed", name.len()))
        } else if !name.chars().all(legal) {
            Err(format!(
                "topic name '{name}' may hold only ASCII letters, digits, '.', '_' and '-'"
            ))
        } else {
            Ok(())
        }
    }
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

/// One partition of a topic, written `orders-0` everywhere: on the disk, on the screen, in scripts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic.
    pub topic: TopicName,
    /// The partition's number, from 0.
    pub partition: u32,
}

impl TopicPartition {
    /// Partition `partition` of `topic`.
    pub fn new(topic: &TopicName, partition: u32) -> TopicPartition {
        TopicPartition { topic: topic.clone(), partition }
    }
    /// Reads `orders-0`: everything behind the last dash is the partition's number.
    pub fn parse(text: &str) -> Option<TopicPartition> {
        let (topic, number) = text.rsplit_once('-')?;
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        TopicName::check(topic).ok()?;
        Some(TopicPartition { topic: TopicName::new(topic), partition: number.parse().ok()? })
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

impl fmt::Debug for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A Kafka UUID: 16 bytes, written in URL-safe base64 without padding (class `org.apache.kafka.common.Uuid`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(pub [u8; 16]);

impl Uuid {
    /// The all-zero id, Kafka's "none".
    pub const ZERO: Uuid = Uuid([0; 16]);

    /// A version-4 id made from 16 bytes of chance.
    pub fn from_chance(mut bytes: [u8; 16]) -> Uuid {
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Uuid(bytes)
    }

    /// Reads the 22 characters that [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Uuid> {
        let mut bits: u128 = 0;
        if text.len() != 22 {
            return None;
        }
        let mut rest = 0u32;
        for (i, c) in text.bytes().enumerate() {
            let digit = BASE64.iter().position(|&b| b == c)? as u32;
            if i < 21 {
                bits = (bits << 6) | u128::from(digit);
            } else {
                rest = digit;
            }
        }
        bits = (bits << 2) | u128::from(rest >> 4);
        (rest & 0x0f == 0).then_some(Uuid(bits.to_be_bytes()))
    }
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.chunks(3) {
            let mut word = [0u8; 4];
            word[1..1 + chunk.len()].copy_from_slice(chunk);
            let word = u32::from_be_bytes(word);
            for digit in 0..=chunk.len() {
                let at = (word >> (18 - 6 * digit)) & 0x3f;
                write!(f, "{}", BASE64[at as usize] as char)?;
            }
        }
        Ok(())
    }
}

/// The language of prose, labels and event sentences. Command words and Kafka's nouns are the same in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    /// Picks the text of this language.
    pub fn pick<'a>(self, english: &'a str, chinese: &'a str) -> &'a str {
        match self {
            Language::English => english,
            Language::Chinese => chinese,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partition_name_splits_at_the_last_dash() {
        let tp = TopicPartition::parse("my-topic-12").unwrap();
        assert_eq!((tp.topic.as_str(), tp.partition), ("my-topic", 12));
        for bad in ["orders", "orders-", "-1", "orders--", "a b-1", "orders-99999999999"] {
            assert!(TopicPartition::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn uuid_is_22_characters_and_reads_back() {
        let id = Uuid::from_chance([0xab; 16]);
        let text = id.to_string();
        assert_eq!(text.len(), 22);
        assert_eq!(Uuid::parse(&text), Some(id));
        assert_eq!(Uuid::ZERO.to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(Uuid::parse("short"), None);
    }
}
