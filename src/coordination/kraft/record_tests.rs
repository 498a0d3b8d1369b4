//! Records and changes against what Kafka 4.3.1 wrote and answered.

use super::release::MetadataRelease;
use super::*;
use crate::types::{LeaderEpoch, NodeId, PartitionEpoch, Uuid};
use serde_json::Value;

fn nodes(value: &Value) -> Vec<NodeId> {
    value.as_array().unwrap().iter().map(|n| NodeId(n.as_u64().unwrap() as u32)).collect()
}

fn leader(value: &Value) -> Option<NodeId> {
    u32::try_from(value.as_i64().unwrap()).ok().map(NodeId)
}

fn registration(value: &Value) -> PartitionRegistration {
    PartitionRegistration {
        replicas: nodes(&value["replicas"]),
        adding: nodes(&value["adding"]),
        removing: nodes(&value["removing"]),
        isr: nodes(&value["isr"]),
        elr: nodes(&value["elr"]),
        last_known_elr: nodes(&value["last_known_elr"]),
        leader: leader(&value["leader"]),
        leader_epoch: LeaderEpoch(value["leader_epoch"].as_i64().unwrap() as i32),
        partition_epoch: PartitionEpoch(value["partition_epoch"].as_i64().unwrap() as i32),
        recovering: value["recovery"] == "RECOVERING",
        directories: Vec::new(),
    }
}

fn sorted(mut nodes: Vec<NodeId>) -> Vec<NodeId> {
    nodes.sort();
    nodes
}

/// The vectors name no directories: each replica lies in a directory named after it.
fn with_directories(mut partition: PartitionRegistration) -> PartitionRegistration {
    partition.directories = partition.replicas.iter().map(|&node| directory(node)).collect();
    partition
}

fn directory(node: NodeId) -> Uuid {
    Uuid([node.0 as u8 + 100; 16])
}

#[test]
fn kafkas_partition_changes() {
    let vectors = crate::vectors::load("leader_election_kraft");
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 620);
    for case in cases {
        let id = &case["id"];
        let before = with_directories(registration(&case["partition"]));
        let acceptable = nodes(&case["acceptable"]);
        let min_isr = case["min_isr"].as_u64().unwrap() as usize;
        let is_acceptable = |node: NodeId| acceptable.contains(&node);
        let mut builder =
            PartitionChangeBuilder::new(&before, Uuid::ZERO, 0, is_acceptable, min_isr)
                .election(match case["election"].as_str().unwrap() {
                    "PREFERRED" => ElectionType::Preferred,
                    "UNCLEAN" => ElectionType::Unclean,
                    _ => ElectionType::Online,
                })
                .elr_enabled(case["elr_enabled"].as_bool().unwrap())
                .last_known_leader_recovery(case["last_known_leader_recovery"].as_bool().unwrap())
                .directory_of(directory);
        if !case["target_isr"].is_null() {
            builder = builder.target_isr(nodes(&case["target_isr"]));
        }
        if !case["unclean_shutdown"].is_null() {
            builder = builder.unclean_shutdown(nodes(&case["unclean_shutdown"]));
        }
        if !case["reassign_to"].is_null() {
            builder = builder.reassign_to(&nodes(&case["reassign_to"]));
        }
        if !case["target_recovery"].is_null() {
            builder = builder.target_recovering(case["target_recovery"] == "RECOVERING");
        }
        if !case["elected"].is_null() {
            let elected = (leader(&case["elected"][0]), case["elected"][1].as_bool().unwrap());
            assert_eq!(builder.elect_leader(), elected, "case {id}");
        }
        let change = builder.build();
        compare_change(id, change.as_ref(), &case["record"]);
        let mut after = change.map_or(before.clone(), |change| before.merge(&change));
        after.elr.sort();
        after.last_known_elr.sort();
        let mut expected = with_directories(registration(&case["after"]));
        expected.elr.sort();
        expected.last_known_elr.sort();
        assert_eq!(after, expected, "case {id}");
    }
}

fn compare_change(id: &Value, change: Option<&PartitionChange>, expected: &Value) {
    assert_eq!(change.is_none(), expected.is_null(), "case {id}: {change:?}");
    let Some(change) = change else { return };
    let list = |field: &str| (!expected[field].is_null()).then(|| nodes(&expected[field]));
    let set = |field: &str| list(field).map(sorted);
    let expected_leader = match expected["leader"].as_i64().unwrap() {
        -2 => None,
        _ => Some(leader(&expected["leader"])),
    };
    let recovering = match expected["recovery"].as_i64().unwrap() {
        -1 => None,
        state => Some(state == 1),
    };
    assert_eq!(change.leader, expected_leader, "case {id}: leader");
    assert_eq!(change.isr, list("isr"), "case {id}: isr");
    assert_eq!(change.replicas, list("replicas"), "case {id}: replicas");
    assert_eq!(change.removing, list("removing"), "case {id}: removing");
    assert_eq!(change.adding, list("adding"), "case {id}: adding");
    assert_eq!(change.elr.clone().map(sorted), set("elr"), "case {id}: elr");
    let last_known = change.last_known_elr.clone().map(sorted);
    assert_eq!(last_known, set("last_known_elr"), "case {id}: last known elr");
    assert_eq!(change.recovering, recovering, "case {id}: recovery");
}

/// The whole metadata log of a real 4.3.1 controller: all segments, one behind the other.
fn real_log() -> Vec<u8> {
    crate::fixtures::metadata_log()
}

fn real_records() -> Vec<Vec<u8>> {
    values_of(&real_log())
}

/// Whether a release that the lab knows writes the record like this.
fn is_written_so(record: &MetadataRecord, bytes: &[u8]) -> bool {
    [21, 30].iter().any(|&level| record.encode_at(level) == bytes)
}

fn values_of(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut values = Vec::new();
    for batch in crate::batch::batches(bytes) {
        let (_, header, batch) = batch.unwrap();
        if !header.is_control() {
            let records = crate::batch::records(batch).unwrap();
            values.extend(records.into_iter().map(|record| record.value.unwrap()));
        }
    }
    values
}

#[test]
fn a_real_metadata_log_reads_and_writes_back() {
    let mut counts = std::collections::BTreeMap::new();
    for bytes in real_records() {
        let record = MetadataRecord::decode(&bytes).unwrap();
        assert!(is_written_so(&record, &bytes), "{}", record.describe());
        *counts.entry(record.name()).or_insert(0) += 1;
    }
    if !crate::fixtures::are_ours() {
        return;
    }
    // What Kafka's dump tool counts in the same files.
    let expected = [
        ("BEGIN_TRANSACTION_RECORD", 1),
        ("BROKER_REGISTRATION_CHANGE_RECORD", 28),
        ("CLEAR_ELR_RECORD", 11),
        ("CONFIG_RECORD", 102),
        ("END_TRANSACTION_RECORD", 1),
        ("FEATURE_LEVEL_RECORD", 6),
        ("NO_OP_RECORD", 80),
        ("PARTITION_CHANGE_RECORD", 170),
        ("PARTITION_RECORD", 25),
        ("PRODUCER_IDS_RECORD", 2),
        ("REGISTER_BROKER_RECORD", 8),
        ("REGISTER_CONTROLLER_RECORD", 1),
        ("REMOVE_TOPIC_RECORD", 5),
        ("TOPIC_RECORD", 17),
    ];
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_real_metadata_log_makes_the_image_that_the_real_cluster_ended_with() {
    let mut image = Image::default();
    for bytes in real_records() {
        image.apply(&MetadataRecord::decode(&bytes).unwrap());
    }
    if !crate::fixtures::are_ours() {
        return;
    }
    assert_eq!(image.brokers.len(), 3);
    assert!(image.brokers.values().all(|broker| broker.fenced));
    let plain = image.topics.iter().find(|(name, _)| name.as_str() == "plain").unwrap().1;
    assert_eq!(plain.id.to_string(), "_k1b40DUR2S61TG8E4J64A");
    // The last broker to stop left with nobody: no leader, empty ISR, it alone stays eligible.
    let partition = &plain.partitions[0];
    assert_eq!((partition.leader, &partition.isr[..]), (None, &[][..]));
    assert_eq!(
        (&partition.elr[..], &partition.last_known_elr[..]),
        (&[NodeId(2)][..], &[NodeId(2)][..])
    );
}

/// What a controller of 3.9.1 wrote: one topic of two replicas, its leader killed, the follower stopped and started.
#[test]
fn what_3_9_wrote_is_read_and_written_back() {
    let log = include_bytes!("../../../data/proof/kraft-3.9.1-metadata.log");
    let real = values_of(log);
    for bytes in &real {
        let record = MetadataRecord::decode(bytes).unwrap();
        assert!(!matches!(record, MetadataRecord::Unknown { .. }), "{bytes:?}");
        assert_eq!(&record.encode_at(21), bytes, "{}", record.describe());
    }
    let release = MetadataRelease::of(&crate::era::of("3.9").unwrap());
    let first = super::metadata_log::bootstrap_records(release, 1);
    let ours: Vec<_> = first.iter().map(|record| record.encode_at(release.level())).collect();
    assert_eq!(&ours[..], &real[..ours.len()]);
    let known = real.iter().find_map(|bytes| match MetadataRecord::decode(bytes) {
        Ok(MetadataRecord::RegisterController(record)) => Some(record.features),
        _ => None,
    });
    assert_eq!(known.unwrap(), release.supported());
}

#[test]
fn hostile_bytes_are_errors_with_a_field_and_never_a_panic() {
    for bytes in real_records().iter().step_by(7) {
        for end in 0..bytes.len() {
            if let Ok(record) = MetadataRecord::decode(&bytes[..end]) {
                assert!(is_written_so(&record, &bytes[..end]));
            }
        }
        for at in 0..bytes.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut bent = bytes.clone();
                bent[at] ^= flip;
                if let Ok(record) = MetadataRecord::decode(&bent) {
                    assert!(is_written_so(&record, &bent));
                }
            }
        }
    }
    let error = MetadataRecord::decode(&[1, 2, 0, 200]).unwrap_err();
    assert_eq!((error.field, error.position), ("Name", 4));
}
