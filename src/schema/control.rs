//! Messages that stand elsewhere than in a topic of records: control records (KIP-595, 630, 853), the bytes that
//! consumers of a classic group hand to each other through the coordinator, and `quorum-state`.
//!
//! Facts of Kafka 4.3.1 (`LeaderChangeMessage` and its like`).
//!
//! What always holds: ids are unique. Left out: what the fields mean, see Kafka's definitions.

use super::table::Default::{Null, Number};
use super::table::Kind::{Array, Bytes, Int16, Int32, Int64, String, Struct, Uint16, Uuid};
use super::table::{Message, NEVER, field, message};

pub(super) static LEADER_CHANGE_MESSAGE: Message = message(
    "LeaderChangeMessage",
    0..=1,
    0,
    &[
        field("version", Int16),
        field("leaderId", Int32),
        field(
            "voters",
            Array(&Struct(&[field("voterId", Int32), field("voterDirectoryId", Uuid).from(1)])),
        ),
        field(
            "grantingVoters",
            Array(&Struct(&[field("voterId", Int32), field("voterDirectoryId", Uuid).from(1)])),
        ),
    ],
);

pub(super) static SNAPSHOT_HEADER_RECORD: Message = message(
    "SnapshotHeaderRecord",
    0..=0,
    0,
    &[field("version", Int16), field("lastContainedLogTimestamp", Int64)],
);

pub(super) static SNAPSHOT_FOOTER_RECORD: Message =
    message("SnapshotFooterRecord", 0..=0, 0, &[field("version", Int16)]);

pub(super) static KRAFT_VERSION_RECORD: Message = message(
    "KRaftVersionRecord",
    0..=0,
    0,
    &[field("version", Int16), field("kRaftVersion", Int16)],
);

pub(super) static VOTERS_RECORD: Message = message(
    "VotersRecord",
    0..=0,
    0,
    &[
        field("version", Int16),
        field(
            "voters",
            Array(&Struct(&[
                field("voterId", Int32),
                field("voterDirectoryId", Uuid),
                field(
                    "endpoints",
                    Array(&Struct(&[
                        field("name", String),
                        field("host", String),
                        field("port", Uint16),
                    ])),
                ),
                field(
                    "kRaftVersionFeature",
                    Struct(&[
                        field("minSupportedVersion", Int16),
                        field("maxSupportedVersion", Int16),
                    ]),
                ),
            ])),
        ),
    ],
);

pub(super) static CONSUMER_PROTOCOL_SUBSCRIPTION: Message = message(
    "ConsumerProtocolSubscription",
    0..=3,
    NEVER,
    &[
        field("topics", Array(&String)),
        field("userData", Bytes).nullable(0).default(Null),
        field(
            "ownedPartitions",
            Array(&Struct(&[
                field("topic", String).from(1),
                field("partitions", Array(&Int32)).from(1),
            ])),
        )
        .from(1),
        field("generationId", Int32).from(2).default(Number(-1)),
        field("rackId", String).from(3).nullable(3).default(Null),
    ],
);

pub(super) static CONSUMER_PROTOCOL_ASSIGNMENT: Message = message(
    "ConsumerProtocolAssignment",
    0..=3,
    NEVER,
    &[
        field(
            "assignedPartitions",
            Array(&Struct(&[field("topic", String), field("partitions", Array(&Int32))])),
        ),
        field("userData", Bytes).nullable(0).default(Null),
    ],
);

pub(super) static QUORUM_STATE_DATA: Message = message(
    "QuorumStateData",
    0..=1,
    0,
    &[
        field("clusterId", String).until(0),
        field("leaderId", Int32).default(Number(-1)),
        field("leaderEpoch", Int32).default(Number(-1)),
        field("votedId", Int32).default(Number(-1)),
        field("votedDirectoryId", Uuid).from(1),
        field("appliedOffset", Int64).until(0),
        field("currentVoters", Array(&Struct(&[field("voterId", Int32).until(0)])))
            .until(0)
            .nullable(0),
    ],
);
