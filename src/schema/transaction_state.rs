//! `__transaction_state`: what a transaction coordinator knows of each transactional id (KIP-98, KIP-890).
//!
//! Facts of Kafka 4.3.1 (`CoordinatorRecordType` of the transaction coordinator`).
//!
//! What always holds: ids are unique. Left out: what the fields mean, see Kafka's definitions.

use super::table::Default::Number;
use super::table::Kind::{Array, Int8, Int16, Int32, Int64, String, Struct};
use super::table::{NEVER, RecordType, coordinator, field, message};

pub(super) static TRANSACTION_STATE: &[RecordType] = &[coordinator(
    0,
    "TRANSACTION_LOG",
    message("TransactionLogKey", 0..=0, NEVER, &[field("transactionalId", String)]),
    message(
        "TransactionLogValue",
        0..=1,
        1,
        &[
            field("producerId", Int64),
            field("previousProducerId", Int64).from(1).tagged(0).default(Number(-1)),
            field("nextProducerId", Int64).from(1).tagged(1).default(Number(-1)),
            field("producerEpoch", Int16),
            field("nextProducerEpoch", Int16).from(1).tagged(3).default(Number(-1)),
            field("transactionTimeoutMs", Int32),
            field("transactionStatus", Int8),
            field(
                "transactionPartitions",
                Array(&Struct(&[field("topic", String), field("partitionIds", Array(&Int32))])),
            )
            .nullable(0),
            field("transactionLastUpdateTimestampMs", Int64),
            field("transactionStartTimestampMs", Int64),
            field("clientTransactionVersion", Int16).from(1).tagged(2),
        ],
    ),
)];
