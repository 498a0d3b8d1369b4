//! Kafka's error codes (class `Errors`) with a sentence each. A refusal by Kafka is data, not a failure of the lab.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        /// An answer's error code, by Kafka's name.
        #[allow(non_camel_case_types)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum ErrorCode { $(#[doc = $text] $name,)* }
        impl ErrorCode {
            /// All codes, by number.
            pub const ALL: &[ErrorCode] = &[$(ErrorCode::$name),*];
            /// Kafka's number. Errors that only a client raises have numbers below -1000 here: Kafka gives them none.
            pub fn code(self) -> i16 {
                match self { $(ErrorCode::$name => $code,)* }
            }
            /// Kafka's name.
            pub fn name(self) -> &'static str {
                match self { $(ErrorCode::$name => stringify!($name),)* }
            }
            /// A sentence that says what it means.
            pub fn sentence(self) -> &'static str {
                match self { $(ErrorCode::$name => $text,)* }
            }
        }
    };
}

codes! {
    UNKNOWN_SERVER_ERROR = -1, "the server met an error it has no name for";
    NONE = 0, "no error";
    OFFSET_OUT_OF_RANGE = 1, "the requested offset lies outside the log";
    CORRUPT_MESSAGE = 2, "a batch fails its checksum or is malformed";
    UNKNOWN_TOPIC_OR_PARTITION = 3, "this broker does not know the topic or partition";
    INVALID_FETCH_SIZE = 4, "the fetch size is not valid";
    LEADER_NOT_AVAILABLE = 5, "there is no leader at the moment";
    NOT_LEADER_OR_FOLLOWER = 6, "this broker is not the leader, or not a replica, of the partition";
    REQUEST_TIMED_OUT = 7, "the request was not satisfied within its time";
    BROKER_NOT_AVAILABLE = 8, "the broker is not available";
    REPLICA_NOT_AVAILABLE = 9, "the replica is not available";
    MESSAGE_TOO_LARGE = 10, "the batch is larger than max.message.bytes allows";
    STALE_CONTROLLER_EPOCH = 11, "the controller moved on";
    OFFSET_METADATA_TOO_LARGE = 12, "the metadata of the committed offset is too long";
    NETWORK_EXCEPTION = 13, "the connection broke before the answer came";
    COORDINATOR_LOAD_IN_PROGRESS = 14, "the coordinator is still reading its log";
    COORDINATOR_NOT_AVAILABLE = 15, "the coordinator is not available";
    NOT_COORDINATOR = 16, "this broker is not the group's coordinator";
    INVALID_TOPIC_EXCEPTION = 17, "the topic name is not valid";
    RECORD_LIST_TOO_LARGE = 18, "the batch is larger than a segment may be";
    NOT_ENOUGH_REPLICAS = 19, "fewer replicas are in sync than min.insync.replicas asks for; nothing was written";
    NOT_ENOUGH_REPLICAS_AFTER_APPEND = 20, "the record was written, but then fewer replicas were in sync than asked for";
    INVALID_REQUIRED_ACKS = 21, "acks is not one of 0, 1, all";
    ILLEGAL_GENERATION = 22, "the generation is not the group's present one";
    INCONSISTENT_GROUP_PROTOCOL = 23, "the member's assignors do not fit those of the group";
    INVALID_GROUP_ID = 24, "the group id is not valid";
    UNKNOWN_MEMBER_ID = 25, "the coordinator does not know this member";
    INVALID_SESSION_TIMEOUT = 26, "the session timeout lies outside what the broker allows";
    REBALANCE_IN_PROGRESS = 27, "the group is rebalancing: join again";
    TOPIC_AUTHORIZATION_FAILED = 29, "access to the topic is not allowed";
    GROUP_AUTHORIZATION_FAILED = 30, "access to the group is not allowed";
    INVALID_TIMESTAMP = 32, "the timestamp lies outside what is accepted";
    UNSUPPORTED_VERSION = 35, "this version of the request is not supported";
    TOPIC_ALREADY_EXISTS = 36, "a topic of this name already exists";
    INVALID_PARTITIONS = 37, "the number of partitions is not valid";
    INVALID_REPLICATION_FACTOR = 38, "the replication factor is below 1 or larger than the number of available brokers";
    INVALID_REPLICA_ASSIGNMENT = 39, "the replica assignment is not valid";
    INVALID_CONFIG = 40, "a setting is not valid";
    NOT_CONTROLLER = 41, "this node is not the active controller";
    INVALID_REQUEST = 42, "the request is not valid";
    UNSUPPORTED_FOR_MESSAGE_FORMAT = 43, "the message format does not support this";
    POLICY_VIOLATION = 44, "a policy of the cluster refuses it";
    OUT_OF_ORDER_SEQUENCE_NUMBER = 45, "the batch's sequence number does not follow the last one";
    DUPLICATE_SEQUENCE_NUMBER = 46, "the batch was written already";
    INVALID_PRODUCER_EPOCH = 47, "a newer producer with this id exists";
    INVALID_TXN_STATE = 48, "the transaction is not in a state that allows this";
    TRANSACTION_COORDINATOR_FENCED = 52, "a newer transaction coordinator wrote here";
    KAFKA_STORAGE_ERROR = 56, "the broker's disk failed";
    UNKNOWN_PRODUCER_ID = 59, "the broker does not know this producer id";
    REASSIGNMENT_IN_PROGRESS = 60, "a reassignment is under way";
    TOPIC_DELETION_DISABLED = 73, "topics may not be deleted: delete.topic.enable is false";
    FETCH_SESSION_ID_NOT_FOUND = 70, "the fetch session is not known";
    FENCED_LEADER_EPOCH = 74, "the leader epoch in the request is older than the broker's";
    UNKNOWN_LEADER_EPOCH = 75, "the leader epoch in the request is newer than the broker's";
    STALE_BROKER_EPOCH = 77, "the broker's registration is older than the controller's";
    OFFSET_NOT_AVAILABLE = 78, "the leader cannot name the end offset yet";
    MEMBER_ID_REQUIRED = 79, "join again with the member id that is given here";
    PREFERRED_LEADER_NOT_AVAILABLE = 80, "the preferred leader is not alive or not in sync";
    GROUP_MAX_SIZE_REACHED = 81, "the group is full";
    FENCED_INSTANCE_ID = 82, "another process has taken this group.instance.id";
    ELIGIBLE_LEADERS_NOT_AVAILABLE = 83, "no replica may lead";
    UNSUPPORTED_COMPRESSION_TYPE = 76, "the codec is not supported here";
    ELECTION_NOT_NEEDED = 84, "the partition has the right leader already";
    NO_REASSIGNMENT_IN_PROGRESS = 85, "no reassignment is under way";
    INVALID_RECORD = 87, "a record is not valid";
    UNSTABLE_OFFSET_COMMIT = 88, "a transaction on these offsets is still open";
    PRODUCER_FENCED = 90, "a newer producer with this transactional id exists";
    INVALID_UPDATE_VERSION = 95, "the partition changed since the proposal was made";
    SNAPSHOT_NOT_FOUND = 98, "this snapshot is not there any more";
    POSITION_OUT_OF_RANGE = 99, "the position lies outside the snapshot";
    UNKNOWN_TOPIC_ID = 100, "this broker does not know the topic id";
    DUPLICATE_BROKER_REGISTRATION = 101, "another broker with this id is alive";
    BROKER_ID_NOT_REGISTERED = 102, "the controller does not know this broker";
    INCONSISTENT_TOPIC_ID = 103, "the topic id differs from that of the log";
    NEW_LEADER_ELECTED = 106, "the leader changed because of this request";
    INELIGIBLE_REPLICA = 107, "a replica of the proposal may not be in the ISR";
    FENCED_MEMBER_EPOCH = 110, "the member epoch is not the present one";
    RECORD_TOO_LARGE = -1004, "the record is larger than max.request.size (the client's own RecordTooLargeException)";
    BUFFER_EXHAUSTED = -1003, "the producer's buffer.memory is full (the client's own error)";
    TIMEOUT = -1002, "the client gave up waiting (the client's own error)";
    NO_OFFSET_FOR_PARTITION = -1001, "no committed offset, and auto.offset.reset=none (the consumer's own error)";
}

impl ErrorCode {
    /// Whether nothing went wrong.
    pub fn is_none(self) -> bool {
        self == ErrorCode::NONE
    }
    /// The code of this name.
    pub fn parse(name: &str) -> Option<ErrorCode> {
        ErrorCode::ALL.iter().copied().find(|code| code.name() == name)
    }
    /// Whether a client may try again (`RetriableException`).
    pub fn is_retriable(self) -> bool {
        use ErrorCode::*;
        matches!(
            self,
            CORRUPT_MESSAGE
                | UNKNOWN_TOPIC_OR_PARTITION
                | LEADER_NOT_AVAILABLE
                | NOT_LEADER_OR_FOLLOWER
                | REQUEST_TIMED_OUT
                | REPLICA_NOT_AVAILABLE
                | NETWORK_EXCEPTION
                | COORDINATOR_LOAD_IN_PROGRESS
                | COORDINATOR_NOT_AVAILABLE
                | NOT_COORDINATOR
                | NOT_ENOUGH_REPLICAS
                | NOT_ENOUGH_REPLICAS_AFTER_APPEND
                | NOT_CONTROLLER
                | KAFKA_STORAGE_ERROR
                | FENCED_LEADER_EPOCH
                | UNKNOWN_LEADER_EPOCH
                | OFFSET_NOT_AVAILABLE
                | UNKNOWN_TOPIC_ID
                | UNSTABLE_OFFSET_COMMIT
        )
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_read_back() {
        let mut seen = std::collections::BTreeSet::new();
        for &code in ErrorCode::ALL {
            assert!(seen.insert(code.code()), "{code} has the number of another one");
            assert_eq!(ErrorCode::parse(code.name()), Some(code));
        }
        assert_eq!(ErrorCode::NOT_ENOUGH_REPLICAS.code(), 19);
        assert_eq!(ErrorCode::parse("NO_SUCH"), None);
    }
}
