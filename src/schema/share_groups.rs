//! `__consumer_offsets`: share groups (KIP-932).
//!
//! Facts of Kafka 4.3.1 (`CoordinatorRecordType` of the group coordinator`).
//!
//! What always holds: ids are unique. Left out: what the fields mean, see Kafka's definitions.

use super::table::Kind::{Array, Int8, Int32, Int64, String, Struct, Uuid};
use super::table::{NEVER, RecordType, coordinator, field, message};

pub(super) static SHARE_GROUPS: &[RecordType] = &[
    coordinator(
        10,
        "SHARE_GROUP_MEMBER_METADATA",
        message(
            "ShareGroupMemberMetadataKey",
            0..=0,
            NEVER,
            &[field("groupId", String), field("memberId", String)],
        ),
        message(
            "ShareGroupMemberMetadataValue",
            0..=0,
            0,
            &[
                field("rackId", String).nullable(0),
                field("clientId", String),
                field("clientHost", String),
                field("subscribedTopicNames", Array(&String)),
            ],
        ),
    ),
    coordinator(
        11,
        "SHARE_GROUP_METADATA",
        message("ShareGroupMetadataKey", 0..=0, NEVER, &[field("groupId", String)]),
        message(
            "ShareGroupMetadataValue",
            0..=0,
            0,
            &[field("epoch", Int32), field("metadataHash", Int64)],
        ),
    ),
    coordinator(
        12,
        "SHARE_GROUP_TARGET_ASSIGNMENT_METADATA",
        message("ShareGroupTargetAssignmentMetadataKey", 0..=0, NEVER, &[field("groupId", String)]),
        message(
            "ShareGroupTargetAssignmentMetadataValue",
            0..=0,
            0,
            &[field("assignmentEpoch", Int32), field("assignmentTimestamp", Int64).tagged(0)],
        ),
    ),
    coordinator(
        13,
        "SHARE_GROUP_TARGET_ASSIGNMENT_MEMBER",
        message(
            "ShareGroupTargetAssignmentMemberKey",
            0..=0,
            NEVER,
            &[field("groupId", String), field("memberId", String)],
        ),
        message(
            "ShareGroupTargetAssignmentMemberValue",
            0..=0,
            0,
            &[field(
                "topicPartitions",
                Array(&Struct(&[field("topicId", Uuid), field("partitions", Array(&Int32))])),
            )],
        ),
    ),
    coordinator(
        14,
        "SHARE_GROUP_CURRENT_MEMBER_ASSIGNMENT",
        message(
            "ShareGroupCurrentMemberAssignmentKey",
            0..=0,
            NEVER,
            &[field("groupId", String), field("memberId", String)],
        ),
        message(
            "ShareGroupCurrentMemberAssignmentValue",
            0..=0,
            0,
            &[
                field("memberEpoch", Int32),
                field("previousMemberEpoch", Int32),
                field("state", Int8),
                field(
                    "assignedPartitions",
                    Array(&Struct(&[field("topicId", Uuid), field("partitions", Array(&Int32))])),
                ),
            ],
        ),
    ),
    coordinator(
        15,
        "SHARE_GROUP_STATE_PARTITION_METADATA",
        message("ShareGroupStatePartitionMetadataKey", 0..=0, NEVER, &[field("groupId", String)]),
        message(
            "ShareGroupStatePartitionMetadataValue",
            0..=0,
            0,
            &[
                field(
                    "initializingTopics",
                    Array(&Struct(&[
                        field("topicId", Uuid),
                        field("topicName", String),
                        field("partitions", Array(&Int32)),
                    ])),
                ),
                field(
                    "initializedTopics",
                    Array(&Struct(&[
                        field("topicId", Uuid),
                        field("topicName", String),
                        field("partitions", Array(&Int32)),
                    ])),
                ),
                field(
                    "deletingTopics",
                    Array(&Struct(&[field("topicId", Uuid), field("topicName", String)])),
                ),
            ],
        ),
    ),
];
