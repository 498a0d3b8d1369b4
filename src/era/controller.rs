//! The controller of the ZooKeeper years, version by version: what it does, and does not do yet.
//!
//! ```text
//!   0.10.1  takes marks of forbidden deletions away (KAFKA-3175)
//!   1.0  topics may be deleted by default (KAFKA-5384)           2.4  adding and removing replicas (KIP-455)
//!   1.1  asks ZooKeeper for many things at once (KAFKA-5642)     2.6  StopReplica names the leader's epoch (KIP-570)
//!   2.1  writes only while it is the controller (KAFKA-6082)     2.7  leaders ask it to change the ISR (KIP-497)
//!   2.2  knows brokers by the birth of their znode (KIP-380)     2.8  topics have ids (KIP-516)
//!   2.3  removes dead replicas when it takes office (KAFKA-8152) 3.2  leader recovery (KIP-704)
//! ```
//!
//! What always holds: these are fields of a row like any other; they have a struct of their own because the controller
//! carries them with it. Fencing by KAFKA-6082 was found in 2.1.1's own `KafkaZkClient`
//! (`expectedControllerEpochZkVersion`).

/// What the controller of one version does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControllerRules {
    /// How many ZooKeeper requests are under way at once (`zookeeper.max.in.flight.requests`, 1.1; before: one).
    pub in_flight: usize,
    /// Whether a write is refused once another controller took over (KAFKA-6082), and `/controller` and
    /// `/controller_epoch` are written in one transaction.
    pub fenced_writes: bool,
    /// Whether what is under way goes on in a new session (until 1.1 the client retried whatever happened).
    pub survives_expiry: bool,
    /// Whether a broker that restarted is told from the one that it was, and orders bear its epoch (KIP-380).
    pub broker_epochs: bool,
    /// Whether a new controller moves dead replicas to `Offline`, hence out of their ISRs (KAFKA-8152).
    pub offline_at_start: bool,
    /// Whether an ISR may become empty when its last member dies and unclean election is allowed (until 1.1).
    pub empties_isr: bool,
    /// Which form a topic's znode has: 1; 2 since 2.4 (KIP-455); 3 since 2.8 (KIP-516).
    pub topic_form: u8,
    /// Whether it knows leader recovery (KIP-704).
    pub recovery: bool,
    /// Whether StopReplica names the leader's epoch (KIP-570).
    pub stop_epochs: bool,
    /// Whether it takes the mark of a deletion away again where topics may not be deleted (KAFKA-3175).
    pub unmarks_deletions: bool,
    /// Whether a preferred election that is not needed gives the leader a new epoch all the same: 1.1 to 2.1, as 2.1.1
    /// did (`PartitionStateMachine.leaderForPreferredReplica`; since 2.2 refused, KIP-183).
    pub elects_again: bool,
    /// Whether `/controller` says that no KRaft controller wrote it (KIP-866).
    pub kraft_mark: bool,
}

/// Until 1.1: one question at a time, and nothing that tells an old controller from the new one.
pub(super) const FIRST: ControllerRules = ControllerRules {
    in_flight: 1,
    fenced_writes: false,
    survives_expiry: true,
    broker_epochs: false,
    offline_at_start: false,
    empties_isr: true,
    topic_form: 1,
    recovery: false,
    stop_epochs: false,
    unmarks_deletions: false,
    elects_again: false,
    kraft_mark: false,
};

/// 0.10.2: a deletion that is not allowed leaves no mark.
pub(super) const OF_0_10_2: ControllerRules = ControllerRules { unmarks_deletions: true, ..FIRST };

/// 2.1: many questions at once, writes fenced.
pub(super) const OF_2_1: ControllerRules = ControllerRules {
    in_flight: 10,
    fenced_writes: true,
    survives_expiry: false,
    empties_isr: false,
    elects_again: true,
    ..OF_0_10_2
};

/// 3.9, the last one.
pub(super) const OF_3_9: ControllerRules = ControllerRules {
    broker_epochs: true,
    offline_at_start: true,
    topic_form: 3,
    recovery: true,
    stop_epochs: true,
    elects_again: false,
    kraft_mark: true,
    ..OF_2_1
};
