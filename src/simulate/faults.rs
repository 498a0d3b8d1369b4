//! The faults of a schedule: each has a beginning and, mostly, an end.
//!
//! ```text
//!   kill 2 ─────────────── start 2          pause 1 ── resume 1          cut 1 3 ───────── heal 1 3
//!   power-off 3 ── start 3                  always the same broker: at most one replica of a partition loses bytes
//! ```

use super::chance::Chance;
use super::plan::Move;
use super::wish::Wish;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// A broker's process is killed and started again.
    Kill,
    /// A broker is stopped as it should be and started again.
    Stop,
    /// A broker is frozen for a while.
    Pause,
    /// Two nodes, or one and all others, cannot reach each other for a while.
    Cut,
    /// A message arrives late.
    Delay,
    /// A message is lost.
    Drop,
    /// A broker answers slowly for a while.
    Slow,
    /// A broker's clock is wrong for a while.
    Skew,
    /// One broker, always the same, loses power; what it had not flushed is gone.
    Power,
    /// All brokers lose power at once.
    Blackout,
    /// The active controller is killed, frozen, or cut off from the others, and comes back.
    Controller,
    /// ZooKeeper's years: the ensemble is gone or frozen for a while, a broker cannot reach it, a session ends, another
    /// broker is made controller.
    Zookeeper,
}

/// Kinds of messages worth losing or delaying: those of all years, then those of KRaft, of ZooKeeper's.
const MESSAGES: [&str; 4] = ["Fetch", "FetchResponse", "Produce", "ProduceResponse"];
const MESSAGES_OF_KRAFT: [&str; 4] =
    ["AlterPartition", "AlterPartitionResponse", "BrokerHeartbeat", "Fetch"];
const MESSAGES_OF_ZOOKEEPER: [&str; 4] =
    ["LeaderAndIsr", "LeaderAndIsrResponse", "UpdateMetadata", "StopReplica"];

/// The node that stands for ZooKeeper.
const ZOOKEEPER: u64 = 2181;

impl FaultKind {
    /// All kinds, in the order of the help.
    pub const ALL: [FaultKind; 12] = [
        FaultKind::Kill,
        FaultKind::Stop,
        FaultKind::Pause,
        FaultKind::Cut,
        FaultKind::Delay,
        FaultKind::Drop,
        FaultKind::Slow,
        FaultKind::Skew,
        FaultKind::Power,
        FaultKind::Blackout,
        FaultKind::Controller,
        FaultKind::Zookeeper,
    ];

    /// Those under which a safe configuration loses nothing: all but the blackout.
    pub const SAFE: [FaultKind; 11] = [
        FaultKind::Kill,
        FaultKind::Stop,
        FaultKind::Pause,
        FaultKind::Cut,
        FaultKind::Delay,
        FaultKind::Drop,
        FaultKind::Slow,
        FaultKind::Skew,
        FaultKind::Power,
        FaultKind::Controller,
        FaultKind::Zookeeper,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            FaultKind::Kill => "kill",
            FaultKind::Stop => "stop",
            FaultKind::Pause => "pause",
            FaultKind::Cut => "cut",
            FaultKind::Delay => "delay",
            FaultKind::Drop => "drop",
            FaultKind::Slow => "slow",
            FaultKind::Skew => "skew",
            FaultKind::Power => "power",
            FaultKind::Blackout => "blackout",
            FaultKind::Controller => "controller",
            FaultKind::Zookeeper => "zookeeper",
        }
    }

    /// The kinds in a list with commas.
    pub fn parse_list(text: &str) -> Result<Vec<FaultKind>, String> {
        let one = |name: &str| {
            FaultKind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
                let all = FaultKind::ALL.map(FaultKind::name).join(", ");
                format!("'{name}' is no fault: there are {all}, and none")
            })
        };
        match text {
            "none" => Ok(Vec::new()),
            _ => text.split(',').map(|name| one(name.trim())).collect(),
        }
    }
}

/// What is known of the cluster while a schedule is thought up.
pub(super) struct Stage {
    pub brokers: u64,
    pub controllers: u64,
    /// Until when each broker is busy with a fault, in milliseconds.
    pub busy: Vec<u64>,
    /// The broker that may lose power.
    pub victim: u64,
    pub controllers_busy: u64,
}

/// A fault that begins at `now` (in milliseconds); when and what, in order.
pub(super) fn fault(
    kind: FaultKind,
    now: u64,
    group: u32,
    stage: &mut Stage,
    chance: &mut Chance,
    wish: &Wish,
) -> Vec<(u64, Move)> {
    let step = |at: u64, text: String| (at, Move { gap_ms: 0, text, group });
    let broker = match kind {
        FaultKind::Power => stage.victim,
        _ => chance.within(1, stage.brokers),
    };
    let until = now + lasting(chance);
    let takes_broker = matches!(
        kind,
        FaultKind::Kill
            | FaultKind::Stop
            | FaultKind::Pause
            | FaultKind::Slow
            | FaultKind::Skew
            | FaultKind::Power
    );
    if takes_broker {
        let busy = &mut stage.busy[broker as usize - 1];
        if *busy > now {
            return Vec::new();
        }
        *busy = until + 1;
    }
    let start = |id: u64| format!("broker start {id} &");
    match kind {
        FaultKind::Kill => {
            vec![step(now, format!("broker kill {broker}")), step(until, start(broker))]
        }
        FaultKind::Stop => {
            vec![step(now, format!("broker stop {broker} &")), step(until, start(broker))]
        }
        FaultKind::Power => {
            vec![step(now, format!("broker power-off {broker}")), step(until, start(broker))]
        }
        FaultKind::Pause => vec![
            step(now, format!("broker pause {broker}")),
            step(until, format!("broker resume {broker}")),
        ],
        FaultKind::Slow => vec![
            step(now, format!("broker slow {broker} by={}ms", chance.within(5, 400))),
            step(until, format!("broker slow {broker} by=0ms")),
        ],
        FaultKind::Skew => {
            let side = if chance.happens(50) { "by" } else { "behind" };
            let by = chance.one_of(&[50, 500, 3_000, 20_000, 90_000]);
            vec![
                step(now, format!("broker skew {broker} {side}={by}ms")),
                step(until, format!("broker skew {broker}")),
            ]
        }
        FaultKind::Cut => {
            let mut others: Vec<u64> = (1..=stage.brokers).filter(|id| *id != broker).collect();
            match wish.is_zookeeper() {
                true => others.push(ZOOKEEPER),
                false => others.extend((0..stage.controllers).map(|n| 3001 + n)),
            }
            if chance.happens(60) {
                others = vec![chance.one_of(&others)];
            }
            let cut = |id: &u64| step(now, format!("network cut {broker} {id}"));
            let heal = |id: &u64| step(until, format!("network heal {broker} {id}"));
            others.iter().map(cut).chain(others.iter().map(heal)).collect()
        }
        FaultKind::Delay => {
            let by = chance.one_of(&[5, 50, 400, 2_000, 6_000]);
            vec![step(now, format!("message delay next {} by={by}ms", message(chance, wish)))]
        }
        FaultKind::Drop => {
            vec![step(now, format!("message drop next {}", message(chance, wish)))]
        }
        FaultKind::Blackout => {
            let all = 1..=stage.brokers;
            let off = all.clone().map(|id| step(now, format!("broker power-off {id}")));
            let mut moves: Vec<_> = off.collect();
            moves.extend(all.map(|id| step(until + chance.below(300), start(id))));
            stage.busy.iter_mut().for_each(|busy| *busy = until + 301);
            moves
        }
        FaultKind::Controller | FaultKind::Zookeeper if stage.controllers_busy > now => Vec::new(),
        FaultKind::Controller => {
            stage.controllers_busy = until + 1;
            let voters = if wish.is_zookeeper() { 0 } else { stage.controllers };
            let pair = |one: u64, all: u64| (3001 + one, 3001 + (one + 1) % all);
            let (kill, more) = (chance.happens(50), chance.happens(50));
            match (kill, voters) {
                (true, _) => vec![
                    step(now, "controller kill".into()),
                    step(until, "controller start &".into()),
                ],
                (false, 2..) if more => {
                    let (a, b) = pair(chance.below(voters), voters);
                    vec![
                        step(now, format!("network cut {a} {b}")),
                        step(until, format!("network heal {a} {b}")),
                    ]
                }
                _ => vec![
                    step(now, "controller pause".into()),
                    step(until, "controller resume".into()),
                ],
            }
        }
        FaultKind::Zookeeper if !wish.is_zookeeper() => Vec::new(),
        FaultKind::Zookeeper => {
            let pair = |begin: &str, end: &str| {
                vec![step(now, begin.to_owned()), step(until, end.to_owned())]
            };
            let all = chance.happens(40);
            if all {
                stage.controllers_busy = until + 1;
            }
            match (all, chance.below(3)) {
                (true, 0) => pair("zookeeper kill", "zookeeper start"),
                (true, _) => pair("zookeeper pause", "zookeeper resume"),
                (false, 0) => vec![step(now, format!("zookeeper expire {broker}"))],
                (false, 1) => vec![step(now, format!("controller move {broker} &"))],
                (false, _) => pair(
                    &format!("network cut {broker} {ZOOKEEPER}"),
                    &format!("network heal {broker} {ZOOKEEPER}"),
                ),
            }
        }
    }
}

fn message(chance: &mut Chance, wish: &Wish) -> &'static str {
    let own = if wish.is_zookeeper() { &MESSAGES_OF_ZOOKEEPER } else { &MESSAGES_OF_KRAFT };
    let list = if chance.happens(40) { own } else { &MESSAGES };
    chance.one_of(list)
}

/// How long a fault lasts, in milliseconds: mostly short, sometimes longer than every timeout.
fn lasting(chance: &mut Chance) -> u64 {
    match chance.below(10) {
        0..3 => chance.within(20, 400),
        3..7 => chance.within(400, 2_500),
        _ => chance.within(2_500, 8_000),
    }
}
