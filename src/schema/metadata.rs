//! `__cluster_metadata`: brokers, controllers, topics, partitions, configs, features (KIP-631).
//!
//! Facts of Kafka 4.3.1 (`MetadataRecordType`).
//!
//! What always holds: ids are unique. Left out: what the fields mean, see Kafka's definitions.

use super::table::Default::{Null, Number, True};
use super::table::Kind::{Array, Bool, Int8, Int16, Int32, Int64, String, Struct, Uint16, Uuid};
use super::table::{RecordType, field, message, record};

pub(super) static METADATA: &[RecordType] = &[
    record(
        0,
        "REGISTER_BROKER_RECORD",
        message(
            "RegisterBrokerRecord",
            0..=4,
            0,
            &[
                field("brokerId", Int32),
                field("isMigratingZkBroker", Bool).from(2),
                field("incarnationId", Uuid),
                field("brokerEpoch", Int64),
                field(
                    "endPoints",
                    Array(&Struct(&[
                        field("name", String),
                        field("host", String),
                        field("port", Uint16),
                        field("securityProtocol", Int16),
                    ])),
                ),
                field(
                    "features",
                    Array(&Struct(&[
                        field("name", String),
                        field("minSupportedVersion", Int16),
                        field("maxSupportedVersion", Int16),
                    ])),
                ),
                field("rack", String).nullable(0),
                field("fenced", Bool).default(True),
                field("inControlledShutdown", Bool).from(1),
                field("logDirs", Array(&Uuid)).from(3).tagged(0),
                field("cordonedLogDirs", Array(&Uuid)).from(4).nullable(4).tagged(1).default(Null),
            ],
        ),
    ),
    record(
        1,
        "UNREGISTER_BROKER_RECORD",
        message(
            "UnregisterBrokerRecord",
            0..=0,
            0,
            &[field("brokerId", Int32), field("brokerEpoch", Int64)],
        ),
    ),
    record(
        2,
        "TOPIC_RECORD",
        message("TopicRecord", 0..=0, 0, &[field("name", String), field("topicId", Uuid)]),
    ),
    record(
        3,
        "PARTITION_RECORD",
        message(
            "PartitionRecord",
            0..=2,
            0,
            &[
                field("partitionId", Int32).default(Number(-1)),
                field("topicId", Uuid),
                field("replicas", Array(&Int32)),
                field("isr", Array(&Int32)),
                field("removingReplicas", Array(&Int32)),
                field("addingReplicas", Array(&Int32)),
                field("leader", Int32).default(Number(-1)),
                field("leaderRecoveryState", Int8).tagged(0),
                field("leaderEpoch", Int32).default(Number(-1)),
                field("partitionEpoch", Int32).default(Number(-1)),
                field("directories", Array(&Uuid)).from(1),
                field("eligibleLeaderReplicas", Array(&Int32))
                    .from(2)
                    .nullable(2)
                    .tagged(1)
                    .default(Null),
                field("lastKnownElr", Array(&Int32)).from(2).nullable(2).tagged(2).default(Null),
            ],
        ),
    ),
    record(
        4,
        "CONFIG_RECORD",
        message(
            "ConfigRecord",
            0..=0,
            0,
            &[
                field("resourceType", Int8),
                field("resourceName", String),
                field("name", String),
                field("value", String).nullable(0),
            ],
        ),
    ),
    record(
        5,
        "PARTITION_CHANGE_RECORD",
        message(
            "PartitionChangeRecord",
            0..=2,
            0,
            &[
                field("partitionId", Int32).default(Number(-1)),
                field("topicId", Uuid),
                field("isr", Array(&Int32)).nullable(0).tagged(0).default(Null),
                field("leader", Int32).tagged(1).default(Number(-2)),
                field("replicas", Array(&Int32)).nullable(0).tagged(2).default(Null),
                field("removingReplicas", Array(&Int32)).nullable(0).tagged(3).default(Null),
                field("addingReplicas", Array(&Int32)).nullable(0).tagged(4).default(Null),
                field("leaderRecoveryState", Int8).tagged(5).default(Number(-1)),
                field("directories", Array(&Uuid)).from(1).nullable(1).tagged(8).default(Null),
                field("eligibleLeaderReplicas", Array(&Int32))
                    .from(2)
                    .nullable(2)
                    .tagged(6)
                    .default(Null),
                field("lastKnownElr", Array(&Int32)).from(2).nullable(2).tagged(7).default(Null),
            ],
        ),
    ),
    record(
        7,
        "FENCE_BROKER_RECORD",
        message("FenceBrokerRecord", 0..=0, 0, &[field("id", Int32), field("epoch", Int64)]),
    ),
    record(
        8,
        "UNFENCE_BROKER_RECORD",
        message("UnfenceBrokerRecord", 0..=0, 0, &[field("id", Int32), field("epoch", Int64)]),
    ),
    record(
        9,
        "REMOVE_TOPIC_RECORD",
        message("RemoveTopicRecord", 0..=0, 0, &[field("topicId", Uuid)]),
    ),
    record(
        12,
        "FEATURE_LEVEL_RECORD",
        message(
            "FeatureLevelRecord",
            0..=0,
            0,
            &[field("name", String), field("featureLevel", Int16)],
        ),
    ),
    record(
        15,
        "PRODUCER_IDS_RECORD",
        message(
            "ProducerIdsRecord",
            0..=0,
            0,
            &[
                field("brokerId", Int32),
                field("brokerEpoch", Int64).default(Number(-1)),
                field("nextProducerId", Int64),
            ],
        ),
    ),
    record(
        17,
        "BROKER_REGISTRATION_CHANGE_RECORD",
        message(
            "BrokerRegistrationChangeRecord",
            0..=3,
            0,
            &[
                field("brokerId", Int32),
                field("brokerEpoch", Int64),
                field("fenced", Int8).tagged(0),
                field("inControlledShutdown", Int8).from(1).tagged(1),
                field("logDirs", Array(&Uuid)).from(2).tagged(2),
                field("cordonedLogDirs", Array(&Uuid)).from(3).nullable(3).tagged(3).default(Null),
            ],
        ),
    ),
    record(20, "NO_OP_RECORD", message("NoOpRecord", 0..=0, 0, &[])),
    record(
        21,
        "ZK_MIGRATION_STATE_RECORD",
        message("ZkMigrationStateRecord", 0..=0, 0, &[field("zkMigrationState", Int8)]),
    ),
    record(
        23,
        "BEGIN_TRANSACTION_RECORD",
        message(
            "BeginTransactionRecord",
            0..=0,
            0,
            &[field("name", String).nullable(0).tagged(0).default(Null)],
        ),
    ),
    record(24, "END_TRANSACTION_RECORD", message("EndTransactionRecord", 0..=0, 0, &[])),
    record(
        25,
        "ABORT_TRANSACTION_RECORD",
        message(
            "AbortTransactionRecord",
            0..=0,
            0,
            &[field("reason", String).nullable(0).tagged(0).default(Null)],
        ),
    ),
    record(
        27,
        "REGISTER_CONTROLLER_RECORD",
        message(
            "RegisterControllerRecord",
            0..=0,
            0,
            &[
                field("controllerId", Int32),
                field("incarnationId", Uuid),
                field("zkMigrationReady", Bool),
                field(
                    "endPoints",
                    Array(&Struct(&[
                        field("name", String),
                        field("host", String),
                        field("port", Uint16),
                        field("securityProtocol", Int16),
                    ])),
                ),
                field(
                    "features",
                    Array(&Struct(&[
                        field("name", String),
                        field("minSupportedVersion", Int16),
                        field("maxSupportedVersion", Int16),
                    ])),
                ),
            ],
        ),
    ),
    record(
        28,
        "CLEAR_ELR_RECORD",
        message("ClearElrRecord", 0..=0, 0, &[field("topicName", String)]),
    ),
];
