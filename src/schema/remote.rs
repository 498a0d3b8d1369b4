//! `__remote_log_metadata`: what lies in remote storage (KIP-405).
//!
//! Facts of Kafka 4.3.1 (`MetadataRecordType` of the topic-based metadata manager`).
//!
//! What always holds: ids are unique. Left out: what the fields mean, see Kafka's definitions.

use super::table::Default::Null;
use super::table::Kind::{Array, Bool, Bytes, Int8, Int32, Int64, String, Struct, Uuid};
use super::table::{RecordType, field, message, record};

pub(super) static REMOTE_LOG_METADATA: &[RecordType] = &[
    record(
        0,
        "REMOTE_LOG_SEGMENT_METADATA_RECORD",
        message(
            "RemoteLogSegmentMetadataRecord",
            0..=0,
            0,
            &[
                field(
                    "remoteLogSegmentId",
                    Struct(&[
                        field(
                            "topicIdPartition",
                            Struct(&[
                                field("name", String),
                                field("id", Uuid),
                                field("partition", Int32),
                            ]),
                        ),
                        field("id", Uuid),
                    ]),
                ),
                field("startOffset", Int64),
                field("endOffset", Int64),
                field("brokerId", Int32),
                field("maxTimestampMs", Int64),
                field("eventTimestampMs", Int64),
                field(
                    "segmentLeaderEpochs",
                    Array(&Struct(&[field("leaderEpoch", Int32), field("offset", Int64)])),
                ),
                field("segmentSizeInBytes", Int32),
                field("customMetadata", Bytes).nullable(0).default(Null),
                field("remoteLogSegmentState", Int8),
                field("txnIndexEmpty", Bool).tagged(0),
            ],
        ),
    ),
    record(
        1,
        "REMOTE_LOG_SEGMENT_METADATA_UPDATE_RECORD",
        message(
            "RemoteLogSegmentMetadataUpdateRecord",
            0..=0,
            0,
            &[
                field(
                    "remoteLogSegmentId",
                    Struct(&[
                        field(
                            "topicIdPartition",
                            Struct(&[
                                field("name", String),
                                field("id", Uuid),
                                field("partition", Int32),
                            ]),
                        ),
                        field("id", Uuid),
                    ]),
                ),
                field("brokerId", Int32),
                field("eventTimestampMs", Int64),
                field("customMetadata", Bytes).nullable(0).default(Null),
                field("remoteLogSegmentState", Int8),
            ],
        ),
    ),
    record(
        2,
        "REMOTE_PARTITION_DELETE_METADATA_RECORD",
        message(
            "RemotePartitionDeleteMetadataRecord",
            0..=0,
            0,
            &[
                field(
                    "topicIdPartition",
                    Struct(&[field("name", String), field("id", Uuid), field("partition", Int32)]),
                ),
                field("brokerId", Int32),
                field("eventTimestampMs", Int64),
                field("remotePartitionDeleteState", Int8),
            ],
        ),
    ),
    record(
        3,
        "REMOTE_LOG_SEGMENT_METADATA_SNAPSHOT_RECORD",
        message(
            "RemoteLogSegmentMetadataSnapshotRecord",
            0..=0,
            0,
            &[
                field("segmentId", Uuid),
                field("startOffset", Int64),
                field("endOffset", Int64),
                field("brokerId", Int32),
                field("maxTimestampMs", Int64),
                field("eventTimestampMs", Int64),
                field(
                    "segmentLeaderEpochs",
                    Array(&Struct(&[field("leaderEpoch", Int32), field("offset", Int64)])),
                ),
                field("segmentSizeInBytes", Int32),
                field("customMetadata", Bytes).nullable(0).default(Null),
                field("remoteLogSegmentState", Int8),
                field("txnIndexEmpty", Bool).tagged(0),
            ],
        ),
    ),
];
