//! `__consumer_offsets`: committed offsets, classic groups, and consumer groups of KIP-848.
//!
//! Facts of Kafka 4.3.1 (`CoordinatorRecordType` of the group coordinator`).
//!
//! What always holds: ids are unique. Left out: what the fields mean, see Kafka's definitions.

use super::table::Default::{Null, Number};
use super::table::Kind::{Array, Bytes, Int8, Int32, Int64, String, Struct, Uuid};
use super::table::{NEVER, RecordType, coordinator, field, message};

pub(super) static CONSUMER_GROUPS: &[RecordType] = &[
    coordinator(
        0,
        "LEGACY_OFFSET_COMMIT",
        message(
            "LegacyOffsetCommitKey",
            0..=0,
            NEVER,
            &[field("group", String), field("topic", String), field("partition", Int32)],
        ),
        message(
            "LegacyOffsetCommitValue",
            0..=0,
            NEVER,
            &[field("offset", Int64), field("metadata", String), field("commitTimestamp", Int64)],
        ),
    ),
    coordinator(
        1,
        "OFFSET_COMMIT",
        message(
            "OffsetCommitKey",
            0..=0,
            NEVER,
            &[field("group", String), field("topic", String), field("partition", Int32)],
        ),
        message(
            "OffsetCommitValue",
            0..=4,
            4,
            &[
                field("offset", Int64),
                field("leaderEpoch", Int32).from(3).default(Number(-1)),
                field("metadata", String),
                field("commitTimestamp", Int64),
                field("expireTimestamp", Int64).from(1).until(1).default(Number(-1)),
                field("topicId", Uuid).from(4).tagged(0),
            ],
        ),
    ),
    coordinator(
        2,
        "GROUP_METADATA",
        message("GroupMetadataKey", 0..=0, NEVER, &[field("group", String)]),
        message(
            "GroupMetadataValue",
            0..=4,
            4,
            &[
                field("protocolType", String),
                field("generation", Int32),
                field("protocol", String).nullable(0),
                field("leader", String).nullable(0),
                field("currentStateTimestamp", Int64).from(2).default(Number(-1)),
                field(
                    "members",
                    Array(&Struct(&[
                        field("memberId", String),
                        field("groupInstanceId", String).from(3).nullable(3).default(Null),
                        field("clientId", String),
                        field("clientHost", String),
                        field("rebalanceTimeout", Int32).from(1).default(Number(-1)),
                        field("sessionTimeout", Int32),
                        field("subscription", Bytes),
                        field("assignment", Bytes),
                    ])),
                ),
            ],
        ),
    ),
    coordinator(
        3,
        "CONSUMER_GROUP_METADATA",
        message("ConsumerGroupMetadataKey", 0..=0, NEVER, &[field("groupId", String)]),
        message(
            "ConsumerGroupMetadataValue",
            0..=0,
            0,
            &[field("epoch", Int32), field("metadataHash", Int64).tagged(0)],
        ),
    ),
    coordinator(
        4,
        "CONSUMER_GROUP_PARTITION_METADATA",
        message("ConsumerGroupPartitionMetadataKey", 0..=0, NEVER, &[field("groupId", String)]),
        message(
            "ConsumerGroupPartitionMetadataValue",
            0..=0,
            0,
            &[field(
                "topics",
                Array(&Struct(&[
                    field("topicId", Uuid),
                    field("topicName", String),
                    field("numPartitions", Int32),
                    field(
                        "partitionMetadata",
                        Array(&Struct(&[
                            field("partition", Int32),
                            field("racks", Array(&String)),
                        ])),
                    ),
                ])),
            )],
        ),
    ),
    coordinator(
        5,
        "CONSUMER_GROUP_MEMBER_METADATA",
        message(
            "ConsumerGroupMemberMetadataKey",
            0..=0,
            NEVER,
            &[field("groupId", String), field("memberId", String)],
        ),
        message(
            "ConsumerGroupMemberMetadataValue",
            0..=0,
            0,
            &[
                field("instanceId", String).nullable(0),
                field("rackId", String).nullable(0),
                field("clientId", String),
                field("clientHost", String),
                field("subscribedTopicNames", Array(&String)),
                field("subscribedTopicRegex", String).nullable(0),
                field("rebalanceTimeoutMs", Int32).default(Number(-1)),
                field("serverAssignor", String).nullable(0),
                field(
                    "classicMemberMetadata",
                    Struct(&[
                        field("sessionTimeoutMs", Int32),
                        field(
                            "supportedProtocols",
                            Array(&Struct(&[field("name", String), field("metadata", Bytes)])),
                        ),
                    ]),
                )
                .nullable(0)
                .tagged(0),
            ],
        ),
    ),
    coordinator(
        6,
        "CONSUMER_GROUP_TARGET_ASSIGNMENT_METADATA",
        message(
            "ConsumerGroupTargetAssignmentMetadataKey",
            0..=0,
            NEVER,
            &[field("groupId", String)],
        ),
        message(
            "ConsumerGroupTargetAssignmentMetadataValue",
            0..=0,
            0,
            &[field("assignmentEpoch", Int32), field("assignmentTimestamp", Int64).tagged(0)],
        ),
    ),
    coordinator(
        7,
        "CONSUMER_GROUP_TARGET_ASSIGNMENT_MEMBER",
        message(
            "ConsumerGroupTargetAssignmentMemberKey",
            0..=0,
            NEVER,
            &[field("groupId", String), field("memberId", String)],
        ),
        message(
            "ConsumerGroupTargetAssignmentMemberValue",
            0..=0,
            0,
            &[field(
                "topicPartitions",
                Array(&Struct(&[field("topicId", Uuid), field("partitions", Array(&Int32))])),
            )],
        ),
    ),
    coordinator(
        8,
        "CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT",
        message(
            "ConsumerGroupCurrentMemberAssignmentKey",
            0..=0,
            NEVER,
            &[field("groupId", String), field("memberId", String)],
        ),
        message(
            "ConsumerGroupCurrentMemberAssignmentValue",
            0..=0,
            0,
            &[
                field("memberEpoch", Int32),
                field("previousMemberEpoch", Int32),
                field("state", Int8),
                field(
                    "assignedPartitions",
                    Array(&Struct(&[
                        field("topicId", Uuid),
                        field("partitions", Array(&Int32)),
                        field("assignmentEpochs", Array(&Int32)).nullable(0).tagged(0),
                    ])),
                ),
                field(
                    "partitionsPendingRevocation",
                    Array(&Struct(&[
                        field("topicId", Uuid),
                        field("partitions", Array(&Int32)),
                        field("assignmentEpochs", Array(&Int32)).nullable(0).tagged(0),
                    ])),
                ),
            ],
        ),
    ),
    coordinator(
        16,
        "CONSUMER_GROUP_REGULAR_EXPRESSION",
        message(
            "ConsumerGroupRegularExpressionKey",
            0..=0,
            NEVER,
            &[field("groupId", String), field("regularExpression", String)],
        ),
        message(
            "ConsumerGroupRegularExpressionValue",
            0..=0,
            0,
            &[field("topics", Array(&String)), field("version", Int64), field("timestamp", Int64)],
        ),
    ),
];
