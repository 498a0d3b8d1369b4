//! The table of Kafka versions: which rules a cluster of that version plays by.
//!
//! ```text
//!   0.8.2  2015  ZooKeeper decides nothing, it only tells; the broker that holds /controller decides. Copies are
//!                compared by high watermark. A follower lags by messages. acks=2 has a meaning.
//!   0.9.0  2015  Lag is measured in time (KIP-16). Groups get a coordinator and leave ZooKeeper.
//!   0.10.2 2017  Records have timestamps (KIP-32). Still: cut to the high watermark, and lose (KIP-101).
//!   2.1    2018  Leader epochs: a follower asks where its last epoch ended, then cuts (0.11, KIP-279 in 2.0).
//!                Idempotence and transactions (0.11). An unclean election must be asked for (0.11). What a controller
//!                writes that has been replaced is refused (KAFKA-6082).
//!   3.9    2024  The last with ZooKeeper, and KRaft beside it. The ISR changes through the controller (2.7).
//!                The leader says in the fetch where logs part (2.7). Below min.insync nothing is committed (3.7).
//!   4.3    2026  KRaft only. Eligible leader replicas (KIP-966). Groups by heartbeat (KIP-848).
//! ```
//!
//! What always holds: a rule that differs between versions stands here and nowhere else; whoever acts on it asks its
//! row. Each rule names its KIP or class (`table`), each default that changed its version (`default`). `klab eras`
//! prints all of it. Versions between the rows are not there: a row's rules are those of its own version.

mod controller;
mod default;
pub mod dynamic;
mod rule;
pub mod setting;
mod table;
mod words;

pub use controller::ControllerRules;
pub use default::{CHANGED_DEFAULTS, ChangedDefault, Owner, is_before};
pub use rule::*;
pub use table::{RULES, Rule, Theme, table};

/// The rules of one version of Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Era {
    /// The version.
    pub kafka: &'static str,
    /// The message format in which a leader writes unless told otherwise.
    pub message_format: i8,
    /// What `message.format.version` does.
    pub format_setting: FormatSetting,
    /// The key of an index entry.
    pub index_key: IndexKey,
    /// What the interval counter counts.
    pub index_counter: IndexCounter,
    /// Whether the index search looks at the warm section first.
    pub warm_search: bool,
    /// Which clock rolls and retires segments.
    pub time_base: TimeBase,
    /// Whether a start looks at every index for sense, and scans its segment when there is none.
    pub index_check: bool,
    /// The mark of a clean stop.
    pub clean_flag: CleanFlag,
    /// Snapshots of producers.
    pub snapshots: Snapshots,
    /// Whether logs know leader epochs (`leader-epoch-checkpoint`).
    pub leader_epochs: bool,
    /// How a new follower finds where its log leaves the leader's.
    pub truncation: Truncation,
    /// Whether a fetch names the epoch of the leader that the follower believes in, so that others refuse it.
    pub fetch_is_fenced: bool,
    /// When a follower has fallen behind.
    pub lag_rule: LagRule,
    /// How often in `replica.lag.time.max.ms` a leader looks for followers that lag.
    pub lag_checks_per_limit: u64,
    /// Whether a follower needs the beginning of the leader's epoch, besides all that is committed, to join the ISR.
    pub isr_joins_at_epoch_start: bool,
    /// Whether the high watermark waits for followers that are caught up but not in the ISR yet.
    pub high_watermark_counts_caught_up: bool,
    /// How a leader changes its ISR.
    pub isr_path: IsrPath,
    /// Whether the leader counts with the old and the new ISR while a change is under way.
    pub maximal_isr: bool,
    /// Whether the controller refuses an ISR member that has restarted meanwhile.
    pub isr_has_broker_epochs: bool,
    /// Whether `min.insync.replicas` is known.
    pub knows_min_insync_replicas: bool,
    /// Whether the high watermark stands still while fewer than `min.insync.replicas` are in sync.
    pub high_watermark_awaits_min_insync: bool,
    /// Whether the controller remembers who may lead without loss although out of the ISR.
    pub eligible_leader_replicas: bool,
    /// What acks=2 and more mean.
    pub acks_above_one: AcksAboveOne,
    /// Whether consumers may read from followers.
    pub follower_fetching: bool,
    /// Least fetch version that is answered: below, the log would have to be converted down.
    pub least_fetch_version: i16,
    /// The newest fetch version: brokers and clients of that version use it.
    pub fetch_version: i16,
    /// What can coordinate the cluster; the first unless told otherwise.
    pub coordination: &'static [Coordination],
    /// What its controller does, where ZooKeeper coordinates; where it no longer does, as the last that did.
    pub controller: ControllerRules,
    /// Whether a KRaft voter asks whether it would win before it stands (KIP-996).
    pub pre_vote: bool,
    /// Whether topics have ids besides names.
    pub topic_ids: bool,
    /// How tools make, change and delete topics.
    pub admin_tool: AdminTool,
    /// Where groups keep their offsets unless told otherwise.
    pub offsets_storage: OffsetsStorage,
    /// How groups share partitions.
    pub group_protocols: &'static [GroupProtocol],
    /// Where the producer puts a record without a key.
    pub keyless_partitioner: KeylessPartitioner,
    /// Which transactions there are.
    pub transactions: Transactions,
}

impl Era {
    /// The coordination of a cluster that names none.
    pub fn default_coordination(&self) -> Coordination {
        self.coordination[0]
    }

    /// The default of a setting that has not always had the same; `None`: this version does not know it.
    pub fn default_of(&self, name: &str) -> Option<&'static str> {
        CHANGED_DEFAULTS.iter().find(|changed| changed.name == name)?.of(self)
    }
}

const V0_8_2: Era = Era {
    kafka: "0.8.2",
    message_format: 0,
    format_setting: FormatSetting::Unknown,
    index_key: IndexKey::First,
    index_counter: IndexCounter::Append,
    warm_search: false,
    time_base: TimeBase::File,
    index_check: true,
    clean_flag: CleanFlag::Empty,
    snapshots: Snapshots::Unknown,
    leader_epochs: false,
    truncation: Truncation::HighWatermark,
    fetch_is_fenced: false,
    lag_rule: LagRule::MessagesAndSilence,
    lag_checks_per_limit: 1,
    isr_joins_at_epoch_start: false,
    high_watermark_counts_caught_up: false,
    isr_path: IsrPath::StateNode,
    maximal_isr: false,
    isr_has_broker_epochs: false,
    knows_min_insync_replicas: true,
    high_watermark_awaits_min_insync: false,
    eligible_leader_replicas: false,
    acks_above_one: AcksAboveOne::Counted,
    follower_fetching: false,
    least_fetch_version: 0,
    fetch_version: 0,
    coordination: &[Coordination::ZooKeeper],
    controller: controller::FIRST,
    pre_vote: false,
    topic_ids: false,
    admin_tool: AdminTool::ZooKeeper,
    offsets_storage: OffsetsStorage::ZooKeeper,
    group_protocols: &[GroupProtocol::Registry],
    keyless_partitioner: KeylessPartitioner::RoundRobin,
    transactions: Transactions::Unknown,
};
const V0_9_0: Era = Era {
    kafka: "0.9.0",
    lag_rule: LagRule::CaughtUpTime,
    acks_above_one: AcksAboveOne::Refused,
    fetch_version: 1,
    offsets_storage: OffsetsStorage::Topic,
    group_protocols: &[GroupProtocol::Registry, GroupProtocol::Classic],
    ..V0_8_2
};
const V0_10_2: Era = Era {
    kafka: "0.10.2",
    lag_checks_per_limit: 2,
    high_watermark_counts_caught_up: true,
    fetch_version: 3,
    controller: controller::OF_0_10_2,
    message_format: 1,
    format_setting: FormatSetting::Obeyed,
    time_base: TimeBase::Records,
    ..V0_9_0
};
const V2_1: Era = Era {
    kafka: "2.1",
    message_format: 2,
    index_key: IndexKey::Last,
    warm_search: true,
    snapshots: Snapshots::Newest,
    leader_epochs: true,
    truncation: Truncation::OffsetsForLeaderEpoch,
    lag_rule: LagRule::BehindAndTime,
    isr_joins_at_epoch_start: true,
    fetch_is_fenced: true,
    fetch_version: 10,
    controller: controller::OF_2_1,
    admin_tool: AdminTool::OneTimeout,
    group_protocols: &[GroupProtocol::Classic],
    transactions: Transactions::First,
    ..V0_10_2
};
const V3_9: Era = Era {
    kafka: "3.9",
    format_setting: FormatSetting::Ignored,
    index_counter: IndexCounter::Batch,
    index_check: false,
    clean_flag: CleanFlag::Epoch,
    snapshots: Snapshots::EachSegment,
    truncation: Truncation::FetchDivergence,
    isr_path: IsrPath::AlterPartition,
    maximal_isr: true,
    isr_has_broker_epochs: true,
    high_watermark_awaits_min_insync: true,
    follower_fetching: true,
    fetch_version: 17,
    coordination: &[Coordination::ZooKeeper, Coordination::Kraft],
    controller: controller::OF_3_9,
    admin_tool: AdminTool::TwoTimeouts,
    topic_ids: true,
    keyless_partitioner: KeylessPartitioner::UniformSticky,
    ..V2_1
};
const V4_3: Era = Era {
    kafka: "4.3",
    format_setting: FormatSetting::Unknown,
    eligible_leader_replicas: true,
    pre_vote: true,
    least_fetch_version: 4,
    fetch_version: 18,
    coordination: &[Coordination::Kraft],
    group_protocols: &[
        GroupProtocol::Classic,
        GroupProtocol::Consumer,
        GroupProtocol::Streams,
        GroupProtocol::Share,
    ],
    transactions: Transactions::Second,
    ..V3_9
};

/// All rows, oldest first.
pub const ERAS: &[Era] = &[V0_8_2, V0_9_0, V0_10_2, V2_1, V3_9, V4_3];

impl Default for Era {
    fn default() -> Era {
        V4_3
    }
}

/// The row of a version: `2.1` and `2.1.1` have one. The error names the rows.
pub fn of(kafka: &str) -> Result<Era, String> {
    let fits = |era: &&Era| {
        kafka.strip_prefix(era.kafka).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    ERAS.iter().find(fits).copied().ok_or_else(|| {
        let rows: Vec<&str> = ERAS.iter().map(|era| era.kafka).collect();
        format!("kafka={kafka} is not in the table of versions: take one of {}", rows.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_finds_its_row_and_an_unknown_one_hears_which_there_are() {
        assert_eq!(of("2.1.1").unwrap().kafka, "2.1");
        assert_eq!(of("0.10.2.1").unwrap().message_format, 1);
        assert_eq!(of("4.3").unwrap(), Era::default());
        let told = of("2.10").unwrap_err();
        assert!(told.contains("kafka=2.10") && told.contains("0.8.2, 0.9.0"), "{told}");
    }

    #[test]
    fn rules_that_need_each_other_stand_in_the_same_rows() {
        for era in ERAS {
            let asks = era.truncation != Truncation::HighWatermark;
            assert_eq!(
                asks, era.leader_epochs,
                "{}: without epochs there is nothing to ask",
                era.kafka
            );
            let asked = era.isr_path == IsrPath::AlterPartition;
            assert_eq!(
                asked, era.maximal_isr,
                "{}: between question and answer both count",
                era.kafka
            );
            assert!(
                !era.coordination.is_empty() && !era.group_protocols.is_empty(),
                "{}",
                era.kafka
            );
        }
        assert!(ERAS.windows(2).all(|pair| is_before(pair[0].kafka, pair[1].kafka)));
    }
}
