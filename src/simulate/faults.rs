//! The kinds of faults of a schedule, and what each does: it has a beginning and, mostly, an end.
//!
//! ```text
//!   kill 2 ─────────────── start 2          pause 1 ── resume 1          cut 1 3 ───────── heal 1 3
//!   power-off 3 ── start 3                  any broker, but what Kafka does not promise is held back (see `guard`)
//! ```
//!
//! What always holds: every fault that the language knows has a kind here (a test walks the list).

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
    /// Some nodes and all others cannot reach each other for a while.
    Split,
    /// A message arrives late.
    Delay,
    /// A message is lost.
    Drop,
    /// A broker answers slowly for a while.
    Slow,
    /// A broker's clock is wrong for a while.
    Skew,
    /// A broker loses power; what it had not flushed is gone.
    Power,
    /// All brokers lose power at once.
    Blackout,
    /// The active controller is killed, frozen, or cut off from the others, and comes back.
    Controller,
    /// ZooKeeper's years: the ensemble is gone or frozen for a while, a broker cannot reach it, a session ends, another
    /// broker is made controller.
    Zookeeper,
    /// A consumer is frozen for a while, or a client is killed and begun anew.
    Client,
    /// A broker's disk is full, or can only be read, for a while.
    Disk,
    /// A file of a dead broker has a flipped bit, a torn end, or is gone.
    Damage,
    /// A bit of the records in a message flips on its way.
    Corrupt,
}

/// Kinds of messages worth losing or delaying: those of all years, then those of KRaft, of ZooKeeper's.
const MESSAGES: [&str; 4] = ["Fetch", "FetchResponse", "Produce", "ProduceResponse"];
const MESSAGES_OF_KRAFT: [&str; 4] =
    ["AlterPartition", "AlterPartitionResponse", "BrokerHeartbeat", "Fetch"];
const MESSAGES_OF_ZOOKEEPER: [&str; 4] =
    ["LeaderAndIsr", "LeaderAndIsrResponse", "UpdateMetadata", "StopReplica"];
/// Those that carry records.
const MESSAGES_WITH_RECORDS: [&str; 2] = ["Produce", "FetchResponse"];

/// Files of a partition that may be damaged.
const FILES: [&str; 4] = [
    "00000000000000000000.log",
    "00000000000000000000.index",
    "00000000000000000000.timeindex",
    "leader-epoch-checkpoint",
];

/// The node that stands for ZooKeeper.
const ZOOKEEPER: u64 = 2181;

impl FaultKind {
    /// All kinds, in the order of the help.
    pub const ALL: [FaultKind; 17] = [
        FaultKind::Kill,
        FaultKind::Stop,
        FaultKind::Pause,
        FaultKind::Cut,
        FaultKind::Split,
        FaultKind::Delay,
        FaultKind::Drop,
        FaultKind::Slow,
        FaultKind::Skew,
        FaultKind::Power,
        FaultKind::Controller,
        FaultKind::Zookeeper,
        FaultKind::Client,
        FaultKind::Disk,
        FaultKind::Blackout,
        FaultKind::Damage,
        FaultKind::Corrupt,
    ];

    /// Those under which a safe configuration loses nothing: no disk or message is damaged, and not all power fails.
    pub fn safe() -> Vec<FaultKind> {
        let unsafe_ones = [FaultKind::Blackout, FaultKind::Damage, FaultKind::Corrupt];
        FaultKind::ALL.into_iter().filter(|kind| !unsafe_ones.contains(kind)).collect()
    }

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            FaultKind::Kill => "kill",
            FaultKind::Stop => "stop",
            FaultKind::Pause => "pause",
            FaultKind::Cut => "cut",
            FaultKind::Split => "split",
            FaultKind::Delay => "delay",
            FaultKind::Drop => "drop",
            FaultKind::Slow => "slow",
            FaultKind::Skew => "skew",
            FaultKind::Power => "power",
            FaultKind::Blackout => "blackout",
            FaultKind::Controller => "controller",
            FaultKind::Zookeeper => "zookeeper",
            FaultKind::Client => "client",
            FaultKind::Disk => "disk",
            FaultKind::Damage => "damage",
            FaultKind::Corrupt => "corrupt",
        }
    }

    /// Whether it takes one broker, which nothing else of the kind takes meanwhile.
    fn takes_broker(self) -> bool {
        use FaultKind::*;
        matches!(self, Kill | Stop | Pause | Slow | Skew | Power | Disk | Damage)
    }

    /// The kinds in a list with commas.
    pub fn parse_list(text: &str) -> Result<Vec<FaultKind>, String> {
        let one = |name: &str| {
            FaultKind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
                let all = FaultKind::ALL.map(FaultKind::name).join(", ");
                format!("'{name}' is no fault: there are {all}; or all, or none")
            })
        };
        match text {
            "none" => Ok(Vec::new()),
            "all" => Ok(FaultKind::ALL.to_vec()),
            _ => {
                let mut kinds = Vec::new();
                for name in text.split(',') {
                    let kind = one(name.trim())?;
                    if !kinds.contains(&kind) {
                        kinds.push(kind);
                    }
                }
                Ok(kinds)
            }
        }
    }
}

/// What is known of the cluster while a schedule is thought up.
pub(super) struct Stage {
    pub brokers: u64,
    pub controllers: u64,
    pub topics: u64,
    /// The lines that began the clients: `produce t1 producer=p1 …`, `consumer start c1 …`.
    pub clients: Vec<String>,
    /// Until when each broker is busy with a fault, in milliseconds.
    pub busy: Vec<u64>,
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
    let broker = chance.within(1, stage.brokers);
    let until = now + lasting(chance);
    if kind.takes_broker() {
        let busy = &mut stage.busy[broker as usize - 1];
        if *busy > now {
            return Vec::new();
        }
        *busy = until + 1;
    }
    let lasts = |begin: String, end: String| vec![step(now, begin), step(until, end)];
    let once = |text: String| vec![step(now, text)];
    let start = |id: u64| format!("broker start {id} &");
    match kind {
        FaultKind::Kill => lasts(format!("broker kill {broker}"), start(broker)),
        FaultKind::Stop => lasts(format!("broker stop {broker} &"), start(broker)),
        FaultKind::Power => lasts(format!("broker power-off {broker}"), start(broker)),
        FaultKind::Pause => {
            lasts(format!("broker pause {broker}"), format!("broker resume {broker}"))
        }
        FaultKind::Slow => lasts(
            format!("broker slow {broker} by={}ms", chance.within(5, 400)),
            format!("broker slow {broker} by=0ms"),
        ),
        FaultKind::Skew => {
            let side = if chance.happens(50) { "by" } else { "behind" };
            let by = chance.one_of(&[50, 500, 3_000, 20_000, 90_000]);
            let begin = format!("broker skew {broker} {side}={by}ms");
            lasts(begin, format!("broker skew {broker}"))
        }
        FaultKind::Cut => {
            let mut others = stage.nodes(wish);
            others.retain(|id| *id != broker);
            if chance.happens(60) {
                others = vec![chance.one_of(&others)];
            }
            let cut = |id: &u64| step(now, format!("network cut {broker} {id}"));
            let heal = |id: &u64| step(until, format!("network heal {broker} {id}"));
            others.iter().map(cut).chain(others.iter().map(heal)).collect()
        }
        FaultKind::Split => {
            let mut all = stage.nodes(wish);
            let side = chance.within(1, (all.len() as u64 / 2).max(1));
            let side = (0..side).map(|_| all.remove(chance.below(all.len() as u64) as usize));
            let side: Vec<String> = side.map(|id| id.to_string()).collect();
            lasts(format!("network split {}", side.join(",")), "network heal".into())
        }
        FaultKind::Delay => {
            let by = chance.one_of(&[5, 50, 400, 2_000, 6_000]);
            once(format!("message delay next {} by={by}ms", message(chance, wish)))
        }
        FaultKind::Drop => once(format!("message drop next {}", message(chance, wish))),
        FaultKind::Corrupt => {
            once(format!("message corrupt next {}", chance.one_of(&MESSAGES_WITH_RECORDS)))
        }
        FaultKind::Blackout => {
            let all = 1..=stage.brokers;
            let off = all.clone().map(|id| step(now, format!("broker power-off {id}")));
            let mut moves: Vec<_> = off.collect();
            moves.extend(all.map(|id| step(until + chance.below(300), start(id))));
            stage.busy.iter_mut().for_each(|busy| *busy = until + 301);
            moves
        }
        FaultKind::Disk => {
            let fault = chance.one_of(&["full", "read-only"]);
            let mut moves = lasts(format!("disk {fault} {broker}"), format!("disk heal {broker}"));
            moves.push(step(until, start(broker)));
            moves
        }
        FaultKind::Damage => {
            let topic = chance.within(1, stage.topics);
            let file = format!("broker-{broker}/t{topic}-0/{}", chance.one_of(&FILES));
            let damage = match chance.below(3) {
                0 => format!("disk flip-bit {file} {}", chance.below(400)),
                1 => format!("disk tear {file}"),
                _ => format!("disk delete {file}"),
            };
            let mut moves = lasts(format!("broker kill {broker}"), start(broker));
            moves.insert(1, step(now, damage));
            moves
        }
        FaultKind::Client => client(&step, (now, until), stage, chance),
        FaultKind::Controller | FaultKind::Zookeeper if stage.controllers_busy > now => Vec::new(),
        FaultKind::Controller => {
            stage.controllers_busy = until + 1;
            let voters = if wish.is_zookeeper() { 0 } else { stage.controllers };
            let pair = |one: u64, all: u64| (3001 + one, 3001 + (one + 1) % all);
            let (kill, more) = (chance.happens(50), chance.happens(50));
            match (kill, voters) {
                (true, _) => lasts("controller kill".into(), "controller start &".into()),
                (false, 2..) if more => {
                    let (a, b) = pair(chance.below(voters), voters);
                    lasts(format!("network cut {a} {b}"), format!("network heal {a} {b}"))
                }
                _ => lasts("controller pause".into(), "controller resume".into()),
            }
        }
        FaultKind::Zookeeper if !wish.is_zookeeper() => Vec::new(),
        FaultKind::Zookeeper => {
            let all = chance.happens(40);
            if all {
                stage.controllers_busy = until + 1;
            }
            match (all, chance.below(3)) {
                (true, 0) => lasts("zookeeper kill".into(), "zookeeper start".into()),
                (true, _) => lasts("zookeeper pause".into(), "zookeeper resume".into()),
                (false, 0) => once(format!("zookeeper expire {broker}")),
                (false, 1) => once(format!("controller move {broker} &")),
                (false, _) => lasts(
                    format!("network cut {broker} {ZOOKEEPER}"),
                    format!("network heal {broker} {ZOOKEEPER}"),
                ),
            }
        }
    }
}

/// A consumer that is frozen for a while, and a zombie when it goes on; or a client that is killed, and begun anew by
/// the line it began by.
fn client(
    step: &dyn Fn(u64, String) -> (u64, Move),
    (now, until): (u64, u64),
    stage: &Stage,
    chance: &mut Chance,
) -> Vec<(u64, Move)> {
    let line = &stage.clients[chance.below(stage.clients.len() as u64) as usize];
    let mut words = line.split_whitespace();
    let (kind, name) = match words.next() {
        Some("consumer") => ("consumer", words.nth(1)),
        _ => ("producer", words.find_map(|word| word.strip_prefix("producer="))),
    };
    let name = name.unwrap_or_default();
    match kind == "consumer" && chance.happens(60) {
        true => vec![
            step(now, format!("{kind} pause {name}")),
            step(until, format!("{kind} resume {name}")),
        ],
        false => vec![step(now, format!("{kind} kill {name}")), step(until, line.clone())],
    }
}

impl Stage {
    /// Brokers, and controllers or ZooKeeper.
    fn nodes(&self, wish: &Wish) -> Vec<u64> {
        let mut all: Vec<u64> = (1..=self.brokers).collect();
        match wish.is_zookeeper() {
            true => all.push(ZOOKEEPER),
            false => all.extend((0..self.controllers).map(|number| 3001 + number)),
        }
        all
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

#[cfg(test)]
mod tests {
    use super::FaultKind;

    #[test]
    fn a_fault_named_twice_counts_once() {
        let both = FaultKind::parse_list("kill,stop, kill,kill");
        assert_eq!(both, Ok(vec![FaultKind::Kill, FaultKind::Stop]));
    }
}
