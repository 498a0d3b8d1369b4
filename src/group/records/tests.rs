//! Records against the logs of a real 4.3 broker, and against damage.

use super::*;
use crate::batch;
use crate::fixtures;

/// Every record that real brokers of 4.x wrote into their `__consumer_offsets` logs.
fn real_records() -> Vec<batch::Record> {
    let mut found = Vec::new();
    fixtures::each("", |case| {
        if !case.facts()["kafka_version"].as_str().is_some_and(|kafka| kafka.starts_with("4.")) {
            return;
        }
        for (path, bytes) in &case.files {
            if !path.contains("__consumer_offsets-") || !path.ends_with(".log") {
                continue;
            }
            for entry in batch::entries(bytes) {
                let entry = entry.unwrap();
                if !entry.is_control() {
                    found.extend(entry.records().unwrap());
                }
            }
        }
    });
    found
}

#[test]
fn what_a_real_broker_wrote_reads_and_writes_back_the_same() {
    let (mut offsets, mut groups, mut tombstones, mut unknown) = (0, 0, 0, 0);
    let mut with_topic_id = 0;
    for record in real_records() {
        let key = record.key.as_deref().unwrap();
        let decoded = GroupRecord::decode(key, record.value.as_deref()).unwrap();
        assert_eq!(decoded.encode(), (key.to_vec(), record.value.clone()));
        match decoded {
            GroupRecord::Offset { value: Some(value), .. } => {
                assert_eq!(value.version, 4);
                with_topic_id += usize::from(value.topic_id != Uuid::ZERO);
                offsets += 1;
            }
            GroupRecord::Group { value: Some(value), .. } => {
                assert_eq!(value.version, 3);
                groups += 1;
            }
            GroupRecord::Unknown { key_version, .. } => {
                assert!(key_version > 2);
                unknown += 1;
            }
            _ => tombstones += 1,
        }
    }
    if !fixtures::are_ours() {
        return;
    }
    assert!(offsets > 0 && groups > 0 && tombstones > 0, "{offsets} {groups} {tombstones}");
    assert!(unknown > 20);
    assert!((1..offsets).contains(&with_topic_id), "an unknown topic id is left out of version 4");
}

#[test]
fn older_and_newer_versions_read_and_write_back() {
    for version in 0..=4 {
        let value = OffsetCommit {
            version,
            offset: Offset(7),
            leader_epoch: LeaderEpoch(if version >= 3 { 2 } else { -1 }),
            metadata: "note".into(),
            commit_timestamp: Timestamp(5),
            expire_timestamp: Timestamp(if version == 1 { 9 } else { -1 }),
            topic_id: Uuid([version as u8 / 4; 16]),
        };
        let partition = TopicPartition::parse("t-1").unwrap();
        let record = GroupRecord::Offset {
            key_version: 1,
            group: "g".into(),
            partition,
            value: Some(value),
        };
        let (key, value) = record.encode();
        assert_eq!(GroupRecord::decode(&key, value.as_deref()), Ok(record));
        let member = MemberMetadata {
            member_id: "m".into(),
            group_instance_id: (version >= 3).then(|| "i".into()),
            client_id: "c".into(),
            client_host: "/127.0.0.1".into(),
            rebalance_timeout_ms: if version >= 1 { 300 } else { -1 },
            session_timeout_ms: 45,
            subscription: Arc::from([1u8, 2]),
            assignment: Arc::from([]),
        };
        let value = GroupMetadata {
            version,
            protocol_type: "consumer".into(),
            generation: 3,
            protocol: Some("range".into()),
            leader: None,
            current_state_timestamp: Timestamp(if version >= 2 { 8 } else { -1 }),
            members: vec![member],
        };
        let record = GroupRecord::Group { group: "g".into(), value: Some(value) };
        let (key, value) = record.encode();
        assert_eq!(GroupRecord::decode(&key, value.as_deref()), Ok(record));
    }
}

#[test]
fn damaged_bytes_are_errors_that_name_a_field() {
    for record in real_records() {
        let (key, value) = (record.key.unwrap(), record.value);
        for end in 0..key.len() {
            let _ = GroupRecord::decode(&key[..end], value.as_deref());
        }
        let Some(value) = value else { continue };
        for end in 0..value.len() {
            let cut = GroupRecord::decode(&key, Some(&value[..end]));
            let newer = matches!(cut, Ok(GroupRecord::Unknown { .. }));
            assert!(newer || !cut.unwrap_err().field.is_empty());
        }
        for at in 0..value.len() {
            for change in [0xff, 0x80, 0x01] {
                let mut bad = value.clone();
                bad[at] ^= change;
                let _ = GroupRecord::decode(&key, Some(&bad));
            }
        }
    }
}
