//! `__cluster_metadata`: who may do what, and how much (ACLs, SCRAM, tokens, quotas).
//!
//! Facts of Kafka 4.3.1 (`MetadataRecordType`).
//!
//! What always holds: ids are unique. Left out: what the fields mean, see Kafka's definitions.

use super::table::Kind::{Array, Bool, Bytes, Float64, Int8, Int32, Int64, String, Struct, Uuid};
use super::table::{RecordType, field, message, record};

pub(super) static METADATA_ACCESS: &[RecordType] = &[
    record(
        10,
        "DELEGATION_TOKEN_RECORD",
        message(
            "DelegationTokenRecord",
            0..=0,
            0,
            &[
                field("owner", String),
                field("requester", String),
                field("renewers", Array(&String)),
                field("issueTimestamp", Int64),
                field("maxTimestamp", Int64),
                field("expirationTimestamp", Int64),
                field("tokenId", String),
            ],
        ),
    ),
    record(
        11,
        "USER_SCRAM_CREDENTIAL_RECORD",
        message(
            "UserScramCredentialRecord",
            0..=0,
            0,
            &[
                field("name", String),
                field("mechanism", Int8),
                field("salt", Bytes),
                field("storedKey", Bytes),
                field("serverKey", Bytes),
                field("iterations", Int32),
            ],
        ),
    ),
    record(
        14,
        "CLIENT_QUOTA_RECORD",
        message(
            "ClientQuotaRecord",
            0..=0,
            0,
            &[
                field(
                    "entity",
                    Array(&Struct(&[
                        field("entityType", String),
                        field("entityName", String).nullable(0),
                    ])),
                ),
                field("key", String),
                field("value", Float64),
                field("remove", Bool),
            ],
        ),
    ),
    record(
        18,
        "ACCESS_CONTROL_ENTRY_RECORD",
        message(
            "AccessControlEntryRecord",
            0..=0,
            0,
            &[
                field("id", Uuid),
                field("resourceType", Int8),
                field("resourceName", String),
                field("patternType", Int8),
                field("principal", String),
                field("host", String),
                field("operation", Int8),
                field("permissionType", Int8),
            ],
        ),
    ),
    record(
        19,
        "REMOVE_ACCESS_CONTROL_ENTRY_RECORD",
        message("RemoveAccessControlEntryRecord", 0..=0, 0, &[field("id", Uuid)]),
    ),
    record(
        22,
        "REMOVE_USER_SCRAM_CREDENTIAL_RECORD",
        message(
            "RemoveUserScramCredentialRecord",
            0..=0,
            0,
            &[field("name", String), field("mechanism", Int8)],
        ),
    ),
    record(
        26,
        "REMOVE_DELEGATION_TOKEN_RECORD",
        message("RemoveDelegationTokenRecord", 0..=0, 0, &[field("tokenId", String)]),
    ),
];
