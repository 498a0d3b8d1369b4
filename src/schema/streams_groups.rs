//! `__consumer_offsets`: streams groups (KIP-1071).
//!
//! Facts of Kafka 4.3.1 (`CoordinatorRecordType` of the group coordinator`).
//!
//! What always holds: ids are unique. Left out: what the fields mean, see Kafka's definitions.

use super::table::Default::{Null, Number};
use super::table::Kind::{Array, Int8, Int16, Int32, Int64, String, Struct, Uint16};
use super::table::{NEVER, RecordType, coordinator, field, message};

pub(super) static STREAMS_GROUPS: &[RecordType] = &[
    coordinator(
        17,
        "STREAMS_GROUP_METADATA",
        message("StreamsGroupMetadataKey", 0..=0, NEVER, &[field("groupId", String)]),
        message(
            "StreamsGroupMetadataValue",
            0..=0,
            0,
            &[
                field("epoch", Int32),
                field("metadataHash", Int64),
                field("validatedTopologyEpoch", Int32).tagged(0).default(Number(-1)),
                field(
                    "lastAssignmentConfigs",
                    Array(&Struct(&[field("key", String), field("value", String)])),
                )
                .nullable(0)
                .tagged(1),
            ],
        ),
    ),
    coordinator(
        19,
        "STREAMS_GROUP_MEMBER_METADATA",
        message(
            "StreamsGroupMemberMetadataKey",
            0..=0,
            NEVER,
            &[field("groupId", String), field("memberId", String)],
        ),
        message(
            "StreamsGroupMemberMetadataValue",
            0..=0,
            0,
            &[
                field("instanceId", String).nullable(0),
                field("rackId", String).nullable(0),
                field("clientId", String),
                field("clientHost", String),
                field("rebalanceTimeoutMs", Int32).default(Number(-1)),
                field("topologyEpoch", Int32),
                field("processId", String),
                field("userEndpoint", Struct(&[field("host", String), field("port", Uint16)]))
                    .nullable(0)
                    .default(Null),
                field(
                    "clientTags",
                    Array(&Struct(&[field("key", String), field("value", String)])),
                ),
            ],
        ),
    ),
    coordinator(
        20,
        "STREAMS_GROUP_TARGET_ASSIGNMENT_METADATA",
        message(
            "StreamsGroupTargetAssignmentMetadataKey",
            0..=0,
            NEVER,
            &[field("groupId", String)],
        ),
        message(
            "StreamsGroupTargetAssignmentMetadataValue",
            0..=0,
            0,
            &[field("assignmentEpoch", Int32), field("assignmentTimestamp", Int64).tagged(0)],
        ),
    ),
    coordinator(
        21,
        "STREAMS_GROUP_TARGET_ASSIGNMENT_MEMBER",
        message(
            "StreamsGroupTargetAssignmentMemberKey",
            0..=0,
            NEVER,
            &[field("groupId", String), field("memberId", String)],
        ),
        message(
            "StreamsGroupTargetAssignmentMemberValue",
            0..=0,
            0,
            &[
                field(
                    "activeTasks",
                    Array(&Struct(&[
                        field("subtopologyId", String),
                        field("partitions", Array(&Int32)),
                    ])),
                ),
                field(
                    "standbyTasks",
                    Array(&Struct(&[
                        field("subtopologyId", String),
                        field("partitions", Array(&Int32)),
                    ])),
                ),
                field(
                    "warmupTasks",
                    Array(&Struct(&[
                        field("subtopologyId", String),
                        field("partitions", Array(&Int32)),
                    ])),
                ),
            ],
        ),
    ),
    coordinator(
        22,
        "STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT",
        message(
            "StreamsGroupCurrentMemberAssignmentKey",
            0..=0,
            NEVER,
            &[field("groupId", String), field("memberId", String)],
        ),
        message(
            "StreamsGroupCurrentMemberAssignmentValue",
            0..=0,
            0,
            &[
                field("memberEpoch", Int32),
                field("previousMemberEpoch", Int32),
                field("state", Int8),
                field(
                    "activeTasks",
                    Array(&Struct(&[
                        field("subtopologyId", String),
                        field("partitions", Array(&Int32)),
                        field("assignmentEpochs", Array(&Int32)).nullable(0).tagged(0),
                    ])),
                ),
                field(
                    "standbyTasks",
                    Array(&Struct(&[
                        field("subtopologyId", String),
                        field("partitions", Array(&Int32)),
                        field("assignmentEpochs", Array(&Int32)).nullable(0).tagged(0),
                    ])),
                ),
                field(
                    "warmupTasks",
                    Array(&Struct(&[
                        field("subtopologyId", String),
                        field("partitions", Array(&Int32)),
                        field("assignmentEpochs", Array(&Int32)).nullable(0).tagged(0),
                    ])),
                ),
                field(
                    "activeTasksPendingRevocation",
                    Array(&Struct(&[
                        field("subtopologyId", String),
                        field("partitions", Array(&Int32)),
                        field("assignmentEpochs", Array(&Int32)).nullable(0).tagged(0),
                    ])),
                ),
                field(
                    "standbyTasksPendingRevocation",
                    Array(&Struct(&[
                        field("subtopologyId", String),
                        field("partitions", Array(&Int32)),
                        field("assignmentEpochs", Array(&Int32)).nullable(0).tagged(0),
                    ])),
                ),
                field(
                    "warmupTasksPendingRevocation",
                    Array(&Struct(&[
                        field("subtopologyId", String),
                        field("partitions", Array(&Int32)),
                        field("assignmentEpochs", Array(&Int32)).nullable(0).tagged(0),
                    ])),
                ),
            ],
        ),
    ),
    coordinator(
        23,
        "STREAMS_GROUP_TOPOLOGY",
        message("StreamsGroupTopologyKey", 0..=0, NEVER, &[field("groupId", String)]),
        message(
            "StreamsGroupTopologyValue",
            0..=0,
            0,
            &[
                field("epoch", Int32),
                field(
                    "subtopologies",
                    Array(&Struct(&[
                        field("subtopologyId", String),
                        field("sourceTopics", Array(&String)),
                        field("sourceTopicRegex", Array(&String)),
                        field(
                            "stateChangelogTopics",
                            Array(&Struct(&[
                                field("name", String),
                                field("partitions", Int32),
                                field("replicationFactor", Int16),
                                field(
                                    "topicConfigs",
                                    Array(&Struct(&[field("key", String), field("value", String)])),
                                ),
                            ])),
                        ),
                        field("repartitionSinkTopics", Array(&String)),
                        field(
                            "repartitionSourceTopics",
                            Array(&Struct(&[
                                field("name", String),
                                field("partitions", Int32),
                                field("replicationFactor", Int16),
                                field(
                                    "topicConfigs",
                                    Array(&Struct(&[field("key", String), field("value", String)])),
                                ),
                            ])),
                        ),
                        field(
                            "copartitionGroups",
                            Array(&Struct(&[
                                field("sourceTopics", Array(&Int16)),
                                field("sourceTopicRegex", Array(&Int16)),
                                field("repartitionSourceTopics", Array(&Int16)),
                            ])),
                        ),
                    ])),
                ),
            ],
        ),
    ),
];
