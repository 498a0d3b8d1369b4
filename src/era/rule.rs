//! The kinds of answers that a rule can have in one version: what each means, and what it does to a cluster.

use std::fmt;

macro_rules! answers {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
            pub enum $name { $($(#[$variant_doc])* $variant,)* }
            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.pad(match self { $($name::$variant => $word,)* })
                }
            }
        )*
    };
}

answers! {
    /// Which offset of a batch an entry of the offset index bears.
    IndexKey {
        /// The first one.
        First = "first",
        /// The last one.
        Last = "last",
    }
    /// What the interval counter of the sparse index counts.
    IndexCounter {
        /// All that one append call brought: at most one entry for all of it.
        Append = "append",
        /// Each batch.
        Batch = "batch",
    }
    /// Which clock decides when a segment is old.
    TimeBase {
        /// The file's: when the segment was made (roll) and last written (retention).
        File = "file",
        /// The records' own timestamps (KIP-33).
        Records = "records",
    }
    /// What a broker leaves behind at a clean stop, and when the next start takes it away.
    CleanFlag {
        /// An empty file; it goes once all logs are loaded.
        Empty = "empty",
        /// The broker's epoch as JSON (KIP-966); it goes before the first log is loaded (KAFKA-10471).
        Epoch = "epoch",
    }
    /// Which snapshots of producers lie beside a log.
    Snapshots {
        /// None: there are no idempotent producers, no transactions and no leader epochs yet.
        Unknown = "-",
        /// The newest few, wherever they lie.
        Newest = "newest",
        /// One at the base offset of each segment, and the newest (KAFKA-9393).
        EachSegment = "segment",
    }
    /// What `message.format.version` does.
    FormatSetting {
        /// There is no such setting.
        Unknown = "-",
        /// The leader writes in that format.
        Obeyed = "obeyed",
        /// It is accepted and passed over (KIP-724).
        Ignored = "ignored",
    }
    /// Who keeps what a cluster knows about itself, and decides.
    Coordination {
        /// A tree of znodes; the broker that holds `/controller` decides.
        ZooKeeper = "zookeeper",
        /// A quorum of controllers with one log, `__cluster_metadata` (KIP-500).
        Kraft = "kraft",
    }
    /// How a new follower finds out which of its records the leader does not have.
    Truncation {
        /// It does not: it cuts to its own high watermark, which lags behind, and so loses or keeps the wrong records.
        HighWatermark = "high wm",
        /// It asks where the epoch of its last record ended, before it fetches (KIP-101, KIP-279).
        OffsetsForLeaderEpoch = "epoch asked",
        /// The leader says so in the answer to a fetch that names the epoch of the last record (KIP-595).
        FetchDivergence = "in fetch",
    }
    /// When a follower has fallen behind.
    LagRule {
        /// When it is more than `replica.lag.max.messages` behind, or has not fetched for `replica.lag.time.max.ms`.
        MessagesAndSilence = "messages+silence",
        /// When it has not caught up with the log end for `replica.lag.time.max.ms` (KIP-16), even if nothing came.
        CaughtUpTime = "time",
        /// When, besides, it lacks something that the leader has.
        BehindAndTime = "behind+time",
    }
    /// How a leader changes its ISR.
    IsrPath {
        /// It writes the partition's state znode itself; the controller hears of it later.
        StateNode = "state znode",
        /// It asks the controller, and counts with the old and the new ISR until it is answered (KIP-497).
        AlterPartition = "AlterPartition",
    }
    /// What `acks=2` and more mean.
    AcksAboveOne {
        /// So many in-sync replicas have the record, the leader counted in.
        Counted = "counted",
        /// Nothing: INVALID_REQUIRED_ACKS (KAFKA-1697).
        Refused = "refused",
    }
    /// How an administrator's tool makes, changes and deletes topics.
    AdminTool {
        /// It writes into ZooKeeper itself, and gives up when it cannot connect for 30 s (`TopicCommand`).
        ZooKeeper = "writes znodes",
        /// It asks the controller; one request, and so the call, may take 120 s (`AdminClientConfig` before 2.5).
        OneTimeout = "asks, 120 s",
        /// It asks the controller; a request may take 30 s, the call with its retries 60 s (KIP-533).
        TwoTimeouts = "asks, 60 s",
    }
    /// Where a consumer group remembers its place, unless told otherwise.
    OffsetsStorage {
        /// In `/consumers/GROUP/offsets`.
        ZooKeeper = "zookeeper",
        /// In the compacted topic `__consumer_offsets`.
        Topic = "topic",
    }
    /// How members of a group find out who reads what.
    GroupProtocol {
        /// Each member reads the registry in ZooKeeper and computes its own share.
        Registry = "registry",
        /// A coordinator gathers all, one member computes (JoinGroup, SyncGroup).
        Classic = "classic",
        /// The coordinator computes, members learn by heartbeat (KIP-848).
        Consumer = "consumer",
        /// Several members of a group read one partition (KIP-932).
        Share = "share",
        /// The coordinator gives tasks of a topology to members (KIP-1071).
        Streams = "streams",
    }
    /// Where the producer puts a record without a key.
    KeylessPartitioner {
        /// On each partition in turn.
        RoundRobin = "round robin",
        /// On one partition until its batch is full; slow brokers get more of it than fast ones (KIP-480).
        Sticky = "sticky",
        /// On one partition until it has got `batch.size`, then on another, less often on a slow one (KIP-794).
        UniformSticky = "uniform sticky",
    }
    /// Which transactions there are.
    Transactions {
        /// None.
        Unknown = "-",
        /// One producer epoch for many transactions (KIP-98).
        First = "v1",
        /// A new producer epoch for each (KIP-890).
        Second = "v2",
    }
}

impl AdminTool {
    /// How long one request may take (`request.timeout.ms`), in ms.
    pub fn request_timeout_ms(self) -> u64 {
        match self {
            AdminTool::OneTimeout => 120_000,
            AdminTool::ZooKeeper | AdminTool::TwoTimeouts => 30_000,
        }
    }

    /// How long a call may take with all its retries (`default.api.timeout.ms`), in ms.
    pub fn api_timeout_ms(self) -> u64 {
        match self {
            AdminTool::OneTimeout => 120_000,
            AdminTool::ZooKeeper => 30_000,
            AdminTool::TwoTimeouts => 60_000,
        }
    }
}
