//! The znodes of the consumer of 0.8: who is in a group, who owns what, how far it has read (`ZKGroupDirs`,
//! `ZKGroupTopicDirs`, `TopicCount`).
//!
//! ```text
//!   /consumers/billing/ids/billing_c1                {"version":1,"subscription":{"orders":1},…}    ephemeral
//!   /consumers/billing/owners/orders/0               billing_c1-0                                   ephemeral
//!   /consumers/billing/offsets/orders/0              17
//! ```
//!
//! An owner is a *thread*: the consumer's id, a hyphen, the number of its stream. The lab's consumers have one stream
//! for each topic. Always: what is written here is read back here; what cannot be read is `None`. Left out: patterns
//! of topics (`white_list`, `black_list`).

use crate::types::{Offset, TopicName, TopicPartition};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Parent of the groups.
pub const CONSUMERS: &str = "/consumers";

/// Parent of a group's members.
pub fn ids_path(group: &str) -> Arc<str> {
    format!("{CONSUMERS}/{group}/ids").into()
}
/// A member.
pub fn id_path(group: &str, consumer: &str) -> Arc<str> {
    format!("{CONSUMERS}/{group}/ids/{consumer}").into()
}
/// Parent of a group's owners.
pub fn owners_path(group: &str) -> Arc<str> {
    format!("{CONSUMERS}/{group}/owners").into()
}
/// Who owns a partition in a group.
pub fn owner_path(group: &str, partition: &TopicPartition) -> Arc<str> {
    format!("{CONSUMERS}/{group}/owners/{}/{}", partition.topic, partition.partition).into()
}
/// Parent of a group's offsets.
pub fn offsets_path(group: &str) -> Arc<str> {
    format!("{CONSUMERS}/{group}/offsets").into()
}
/// How far a group has read a partition.
pub fn offset_path(group: &str, partition: &TopicPartition) -> Arc<str> {
    format!("{CONSUMERS}/{group}/offsets/{}/{}", partition.topic, partition.partition).into()
}

/// What a member writes about itself: how many streams it has for each topic.
pub fn registration(topics: &BTreeMap<TopicName, u32>, timestamp_ms: i64) -> Arc<str> {
    let streams: Map<String, Value> =
        topics.iter().map(|(topic, count)| (topic.to_string(), Value::from(*count))).collect();
    json!({"version": 1, "subscription": streams, "pattern": "static",
        "timestamp": timestamp_ms.to_string()})
    .to_string()
    .into()
}

/// Reads it.
pub fn read_registration(data: &str) -> Option<BTreeMap<TopicName, u32>> {
    let value: Value = serde_json::from_str(data).ok()?;
    let streams = value.get("subscription")?.as_object()?;
    let one = |(topic, count): (&String, &Value)| {
        Some((TopicName::new(topic), u32::try_from(count.as_u64()?).ok()?))
    };
    streams.iter().map(one).collect()
}

/// A committed offset.
pub fn read_offset(data: &str) -> Option<Offset> {
    data.trim().parse().ok().map(Offset)
}

/// A stream of a consumer (`ConsumerThreadId`).
pub fn thread(consumer: &str, number: u32) -> Arc<str> {
    format!("{consumer}-{number}").into()
}

/// The consumer of a stream.
pub fn consumer_of(thread: &str) -> &str {
    thread.rsplit_once('-').map_or(thread, |(consumer, _)| consumer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_looks_like_kafkas_and_reads_back() {
        let topics = BTreeMap::from([(TopicName::new("orders"), 1)]);
        let data = registration(&topics, 1795301396962);
        // As a real 0.8.2.2 writes it; its console consumer asks by a pattern instead (`white_list`).
        let text = r#"{"version":1,"subscription":{"orders":1},"pattern":"static","timestamp":"1795301396962"}"#;
        assert_eq!(&*data, text);
        assert_eq!(read_registration(&data), Some(topics));
        assert_eq!(read_registration("{}"), None);
        assert_eq!(read_registration("-"), None);
        assert_eq!((read_offset("12"), read_offset("x")), (Some(Offset(12)), None));
        let own = thread("billing_c1-7-8f", 0);
        assert_eq!((&*own, consumer_of(&own)), ("billing_c1-7-8f-0", "billing_c1-7-8f"));
        let partition = TopicPartition::new(&TopicName::new("orders"), 3);
        assert_eq!(&*owner_path("g", &partition), "/consumers/g/owners/orders/3");
        assert_eq!(&*offset_path("g", &partition), "/consumers/g/offsets/orders/3");
    }
}
