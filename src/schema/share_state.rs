//! `__share_group_state`: how far each share group is in each partition (KIP-932).
//!
//! Facts of Kafka 4.3.1 (`CoordinatorRecordType` of the share coordinator`).
//!
//! What always holds: ids are unique. Left out: what the fields mean, see Kafka's definitions.

use super::table::Default::Number;
use super::table::Kind::{Array, Int8, Int16, Int32, Int64, String, Struct, Uuid};
use super::table::{NEVER, RecordType, coordinator, field, message};

pub(super) static SHARE_STATE: &[RecordType] = &[
    coordinator(
        0,
        "SHARE_SNAPSHOT",
        message(
            "ShareSnapshotKey",
            0..=0,
            NEVER,
            &[field("groupId", String), field("topicId", Uuid), field("partition", Int32)],
        ),
        message(
            "ShareSnapshotValue",
            0..=0,
            0,
            &[
                field("snapshotEpoch", Int32),
                field("stateEpoch", Int32),
                field("leaderEpoch", Int32),
                field("startOffset", Int64),
                field("deliveryCompleteCount", Int32).tagged(0).default(Number(-1)),
                field("createTimestamp", Int64),
                field("writeTimestamp", Int64),
                field(
                    "stateBatches",
                    Array(&Struct(&[
                        field("firstOffset", Int64),
                        field("lastOffset", Int64),
                        field("deliveryState", Int8),
                        field("deliveryCount", Int16),
                    ])),
                ),
            ],
        ),
    ),
    coordinator(
        1,
        "SHARE_UPDATE",
        message(
            "ShareUpdateKey",
            0..=0,
            NEVER,
            &[field("groupId", String), field("topicId", Uuid), field("partition", Int32)],
        ),
        message(
            "ShareUpdateValue",
            0..=0,
            0,
            &[
                field("snapshotEpoch", Int32),
                field("leaderEpoch", Int32),
                field("startOffset", Int64),
                field("deliveryCompleteCount", Int32).tagged(0).default(Number(-1)),
                field(
                    "stateBatches",
                    Array(&Struct(&[
                        field("firstOffset", Int64),
                        field("lastOffset", Int64),
                        field("deliveryState", Int8),
                        field("deliveryCount", Int16),
                    ])),
                ),
            ],
        ),
    ),
];
