//! A schedule: a cluster, what clients do, which faults strike when. It is a script.
//!
//! ```text
//!   cluster brokers=4 kafka=4.3 seed=17 replica.lag.time.max.ms=1500 …      group 0: never taken away
//!   run 3s
//!   topic create t1 partitions=2 replication-factor=3 …                      group 1
//!   produce t1 producer=p1 every=20ms acks=all … &                           group 2
//!   run 612ms
//!   broker kill 2                                                            group 7 ┐ taken away together
//!   run 1804ms                                                                       │
//!   broker start 2 &                                                         group 7 ┘
//! ```

use super::admin;
use super::chance::Chance;
use super::faults::{Stage, fault};
use super::wish::{Place, Wish};
use crate::era::{self, Owner};

/// One line of a schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Move {
    /// Time that passes before it, in milliseconds.
    pub gap_ms: u64,
    /// The command.
    pub text: String,
    /// Lines that belong together; those of group 0 stay.
    pub group: u32,
}

/// A schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Its seed.
    pub seed: u64,
    /// The first line: the cluster.
    pub cluster: String,
    /// The rest.
    pub moves: Vec<Move>,
    /// Time that passes at the end, in milliseconds.
    pub tail_ms: u64,
    /// Whether kills and losses of power are held back that go beyond what Kafka promises (see `guard`).
    pub is_guarded: bool,
}

/// The longest single `run`: longer ones would look at each step whether the cluster is idle.
const LONGEST_RUN_MS: u64 = 4_000;

impl Plan {
    /// The schedule of a seed.
    pub fn new(wish: &Wish, seed: u64) -> Plan {
        let mut chance = Chance::new(seed, 1);
        let factor = wish.number("replication.factor", 3);
        let brokers = wish.number("brokers", factor.max(chance.within(3, 5)));
        let factor = factor.min(brokers);
        let voters =
            if wish.is_zookeeper() { 1 } else { Chance::new(seed, 5).one_of(&[1, 1, 1, 3]) };
        let controllers = wish.number("controllers", voters);
        let cluster = cluster(wish, seed, brokers, controllers, &mut chance);
        let is_guarded = wish.is_guarded();
        let mut plan =
            Plan { seed, cluster, moves: Vec::new(), tail_ms: LONGEST_RUN_MS, is_guarded };
        plan.push(2_500, String::new(), 0);
        let mut group = 1;
        let topics = wish.number("topics", chance.within(1, 2));
        for topic in 1..=topics {
            let partitions = wish.number("partitions", chance.within(1, 3));
            let least = if factor >= 3 { 2 } else { 1 };
            let defaults = [
                ("min.insync.replicas", least.to_string()),
                ("unclean.leader.election.enable", "false".to_owned()),
            ];
            let words = wish.words(Place::Topic, &defaults);
            plan.push(
                0,
                format!("topic create t{topic} partitions={partitions} replication-factor={factor}{words}"),
                group,
            );
            group += 1;
        }
        plan.push(500, String::new(), 0);
        for number in 1..=wish.number("producers", chance.within(1, 2)) {
            let every = chance.one_of(&[8, 20, 50, 120]);
            let defaults = [
                ("acks", "all".to_owned()),
                ("linger.ms", chance.one_of(&[0, 0, 5, 30]).to_string()),
                ("request.timeout.ms", "1500".to_owned()),
                ("max.in.flight.requests.per.connection", chance.one_of(&[1, 5]).to_string()),
            ];
            let words = wish.words(Place::Producer, &defaults);
            let topic = chance.within(1, topics);
            let text = format!(
                "produce t{topic} producer=p{number} value=v{number} every={every}ms{words} &"
            );
            plan.push(0, text, group);
            group += 1;
        }
        for number in 1..=wish.number("consumers", chance.below(3)) {
            let defaults = [
                ("auto.offset.reset", "earliest".to_owned()),
                ("session.timeout.ms", "6000".to_owned()),
                ("heartbeat.interval.ms", "1000".to_owned()),
                ("auto.commit.interval.ms", chance.one_of(&[200, 1_000, 5_000]).to_string()),
            ];
            let words = wish.words(Place::Consumer, &defaults);
            let topics: Vec<String> = (1..=topics).map(|topic| format!("t{topic}")).collect();
            let topics = topics.join(",");
            plan.push(0, format!("consumer start c{number} group=g topics={topics}{words}"), group);
            group += 1;
        }
        plan.strike(wish, (brokers, controllers, topics), group);
        plan
    }

    fn push(&mut self, gap_ms: u64, text: String, group: u32) {
        self.moves.push(Move { gap_ms, text, group });
    }

    /// Faults from here on.
    fn strike(
        &mut self,
        wish: &Wish,
        (brokers, controllers, topics): (u64, u64, u64),
        mut group: u32,
    ) {
        let mut chance = Chance::new(self.seed, 2);
        let is_client = |text: &str| text.starts_with("produce ") || text.starts_with("consumer ");
        let clients = self.moves.iter().filter(|step| is_client(&step.text));
        let clients = clients.map(|step| step.text.clone()).collect();
        let busy = vec![0; brokers as usize];
        let mut stage = Stage { brokers, controllers, topics, clients, busy, controllers_busy: 0 };
        // Each seed has its favourites: some days have only cuts, some have everything.
        let kinds: Vec<_> = wish.faults.iter().copied().filter(|_| chance.happens(60)).collect();
        let kinds = if kinds.is_empty() { wish.faults.clone() } else { kinds };
        let pause = chance.one_of(&[150, 500, 1_500]);
        let (mut now, end) = (0, 2_000 + wish.steps * 4);
        let mut timed = Vec::new();
        while now < end && !kinds.is_empty() {
            now += chance.within(1, 2 * pause);
            let kind = chance.one_of(&kinds);
            timed.extend(fault(kind, now, group, &mut stage, &mut chance, wish));
            group += 1;
        }
        let acts = wish.number("acts", Chance::new(self.seed, 3).below(7));
        timed.extend(admin::acts(acts, end, group, self.seed, (brokers, topics), wish));
        timed.sort_by_key(|(at, _)| *at);
        let mut now = 0;
        for (at, mut step) in timed {
            step.gap_ms = at - now;
            now = at;
            self.moves.push(step);
        }
    }

    /// The lines of the script.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.cluster.clone()];
        for step in &self.moves {
            run(step.gap_ms, &mut lines);
            if !step.text.is_empty() {
                lines.push(step.text.clone());
            }
        }
        run(self.tail_ms, &mut lines);
        lines
    }
}

fn run(mut ms: u64, lines: &mut Vec<String>) {
    while ms > 0 {
        let part = ms.min(LONGEST_RUN_MS);
        lines.push(format!("run {part}ms"));
        ms -= part;
    }
}

fn cluster(wish: &Wish, seed: u64, brokers: u64, controllers: u64, chance: &mut Chance) -> String {
    let session = chance.one_of(&[1_000, 2_000, 4_000]);
    let mut defaults = vec![
        ("broker.session.timeout.ms", session.to_string()),
        ("broker.heartbeat.interval.ms", (session / 4).to_string()),
        ("replica.lag.time.max.ms", chance.one_of(&[400, 1_500, 4_000]).to_string()),
        ("replica.fetch.wait.max.ms", chance.one_of(&[50, 200, 350]).to_string()),
        ("replica.socket.timeout.ms", "1500".to_owned()),
        ("auto.create.topics.enable", "false".to_owned()),
        ("offsets.topic.num.partitions", "1".to_owned()),
        ("group.initial.rebalance.delay.ms", "200".to_owned()),
    ];
    let is_safe = wish.number("min.insync.replicas", 2) >= 2;
    if is_safe && wish.number("replication.factor", 3) > 1 {
        defaults.push(("min.insync.replicas", "2".to_owned())); // of the offsets, too
    }
    if wish.is_zookeeper() {
        defaults.push(("zookeeper.session.timeout.ms", (session * 2).to_string()));
    }
    let spec = wish.spec();
    let era = era::of(&spec.kafka).unwrap_or_default();
    let counts = |name| era::setting::counts(Owner::Broker, name, &era, spec.coordination());
    defaults.retain(|(name, _)| counts(name).is_ok());
    let words = wish.words(Place::Cluster, &defaults);
    let coordination = match wish.configs.get("coordination") {
        Some(coordination) => format!(" coordination={coordination}"),
        None => String::new(),
    };
    let more = if controllers > 1 { format!(" controllers={controllers}") } else { String::new() };
    format!("cluster brokers={brokers}{more} kafka={}{coordination} seed={seed}{words}", wish.kafka)
}
