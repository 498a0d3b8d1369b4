//! Metrics by Kafka's names: the numbers that an operator of a real cluster watches, counted from the lab's state.
//!
//! ```text
//!   metrics
//!     UnderReplicatedPartitions     2   b2 1   b3 1    partitions whose ISR lacks a replica, counted by their leaders
//! ```
//!
//! A broker's metric is counted by that broker, as in Kafka: a dead broker counts nothing, so partitions without a
//! leader are nobody's under-replicated ones but the controller's `OfflinePartitionsCount`. Counters count since the
//! cluster was formatted (`cluster::Tally`). Whoever looked before sees what it was then, and the difference. The
//! metrics of logs, of flow and of lag are listed once they say something. Sources: classes `ReplicaManager`,
//! `ControllerMetrics`, `Partition`, `BrokerTopicMetrics`.

mod flow;
mod known;
mod logs;

pub use flow::metadata_lag;
pub use known::lacks;

use super::common::{self, finish};
use super::picture::{Canvas, Focus, Line, Picture, Role};
use super::table::{Align, Table};
use super::width::number;
use crate::broker;
use crate::cluster::{Lab, NodeState};
use crate::coordination::kraft::{ConfigResource, Image, TopicImage};
use crate::replica::Replica;
use crate::types::{Language, NodeId, TopicName, TopicPartition};
use std::collections::BTreeMap;
use std::sync::Arc;

type Topics = Arc<BTreeMap<TopicName, Arc<TopicImage>>>;
type Configs = Arc<BTreeMap<ConfigResource, BTreeMap<String, String>>>;

/// The few that the cluster pane shows too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// `UnderReplicatedPartitions` over all brokers.
    pub under_replicated: i64,
    /// `UnderMinIsrPartitionCount` over all brokers.
    pub under_min_isr: i64,
    /// `OfflinePartitionsCount`.
    pub offline: i64,
}

/// The counts, and the image that they were counted from: ten thousand partitions need not be looked at for each frame.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// What was counted.
    pub counts: Counts,
    from: Option<(Topics, Configs, u32)>,
}

impl Counted {
    /// Counts, unless it is still the image that was counted before.
    pub fn of(lab: &Lab, before: Option<Counted>) -> Counted {
        let image = common::image(lab);
        let least = lab.cluster().config.log.min_insync_replicas;
        let same = |(topics, configs, default): &(Topics, Configs, u32)| {
            let of = |i: &Image| Arc::ptr_eq(&i.topics, topics) && Arc::ptr_eq(&i.configs, configs);
            image.is_some_and(of) && least == *default
        };
        match before {
            Some(before) if before.from.as_ref().is_some_and(same) => before,
            _ => Counted {
                counts: counts(lab),
                from: image
                    .map(|image| (Arc::clone(&image.topics), Arc::clone(&image.configs), least)),
            },
        }
    }
}

/// The values of all metrics at one time, by label.
pub type Seen = BTreeMap<String, i64>;

/// One metric: the sum, and each broker's part if brokers count it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Kafka's name.
    pub name: &'static str,
    /// The partition that it is about, if it is about one.
    pub partition: Option<TopicPartition>,
    /// Whether it is listed only once it says something.
    pub quiet: bool,
    /// The number.
    pub value: i64,
    /// By broker.
    pub brokers: Vec<(NodeId, i64)>,
    /// Whether something other than 0 (or, for `ActiveControllerCount`, than 1) is a reason to look.
    pub alarming: bool,
    english: &'static str,
    chinese: &'static str,
}

impl Metric {
    fn of(
        name: &'static str,
        value: i64,
        (english, chinese): (&'static str, &'static str),
    ) -> Metric {
        let (brokers, partition) = (Vec::new(), None);
        Metric { name, partition, quiet: false, value, brokers, alarming: false, english, chinese }
    }

    /// Name and partition.
    pub fn label(&self) -> String {
        match &self.partition {
            Some(partition) => format!("{} {partition}", self.name),
            None => self.name.to_owned(),
        }
    }
}

/// What the metrics are now, to be compared with later.
pub fn seen(lab: &Lab) -> Seen {
    all(lab).into_iter().map(|metric| (metric.label(), metric.value)).collect()
}

fn leaders(lab: &Lab, id: NodeId) -> impl Iterator<Item = (&Replica, &crate::replica::Leader)> {
    let broker = match lab.cluster().state(id) {
        NodeState::Alive | NodeState::Paused => lab.cluster().broker(id),
        _ => None,
    };
    let replicas = broker.into_iter().flat_map(|broker| broker.replicas.values());
    replicas.filter_map(|replica| Some((replica, replica.as_leader()?)))
}

fn per_broker(lab: &Lab, count: impl Fn(NodeId) -> i64) -> Vec<(NodeId, i64)> {
    lab.cluster().brokers.keys().map(|&id| (id, count(id))).collect()
}

fn under_replicated((replica, leader): &(&Replica, &crate::replica::Leader)) -> bool {
    leader.isr.len() < replica.assigned.len()
}

fn under_min_isr((replica, leader): &(&Replica, &crate::replica::Leader)) -> bool {
    leader.isr.len() < replica.min_insync_replicas()
}

fn offline(lab: &Lab) -> i64 {
    let topics = common::image(lab).into_iter().flat_map(|image| image.topics.values());
    topics.flat_map(|topic| &topic.partitions).filter(|p| p.leader.is_none()).count() as i64
}

/// The few numbers that say how the cluster is, as its controller knows: cheap enough for every frame.
pub fn counts(lab: &Lab) -> Counts {
    let mut counts = Counts::default();
    let Some(image) = common::image(lab) else { return counts };
    let default = lab.cluster().config.log.min_insync_replicas;
    for (name, topic) in image.topics.iter() {
        let own = image.topic_config(name, "min.insync.replicas");
        let least = own.and_then(|text| text.parse().ok()).unwrap_or(default as usize);
        for partition in &topic.partitions {
            match partition.leader {
                None => counts.offline += 1,
                Some(_) => {
                    let (isr, all) = (partition.isr.len(), partition.replicas.len());
                    counts.under_replicated += i64::from(isr < all);
                    counts.under_min_isr += i64::from(isr < least.min(all));
                }
            }
        }
    }
    counts
}

/// The broker's process, if it runs.
fn running(lab: &Lab, id: NodeId) -> Option<&broker::Broker> {
    match lab.cluster().state(id) {
        NodeState::Alive | NodeState::Paused => lab.cluster().broker(id),
        _ => None,
    }
}

/// All metrics.
pub fn all(lab: &Lab) -> Vec<Metric> {
    let cluster = lab.cluster();
    let mut metrics = Vec::new();
    let image = common::image(lab);
    let active = cluster.deciding() as i64;
    let registered = image.map_or(0, |image| image.brokers.len()) as i64;
    let fenced =
        image.map_or(0, |image| image.brokers.values().filter(|b| b.fenced).count()) as i64;
    let topics = image.map_or(0, |image| image.topics.len()) as i64;
    let partitions =
        || image.into_iter().flat_map(|i| i.topics.values()).flat_map(|t| &t.partitions);
    let imbalanced = partitions().filter(|p| p.leader != p.preferred_leader()).count() as i64;
    let mut whole = |name, value, alarming, english, chinese| {
        metrics.push(Metric { alarming, ..Metric::of(name, value, (english, chinese)) });
    };
    whole(
        "ActiveControllerCount",
        active,
        active != 1,
        "controllers that decide; one is right",
        "起决定作用的 controller 数；应为 1",
    );
    whole(
        "ActiveBrokerCount",
        registered - fenced,
        false,
        "brokers that are registered and not fenced",
        "已注册且未被隔离的 broker",
    );
    whole(
        "FencedBrokerCount",
        fenced,
        fenced > 0,
        "registered brokers that may not lead",
        "已注册但被隔离的 broker",
    );
    whole("GlobalTopicCount", topics, false, "topics", "topic 数");
    whole("GlobalPartitionCount", partitions().count() as i64, false, "partitions", "分区数");
    let count = offline(lab);
    whole(
        "OfflinePartitionsCount",
        count,
        count > 0,
        "partitions without a leader",
        "没有 leader 的分区",
    );
    whole(
        "PreferredReplicaImbalanceCount",
        imbalanced,
        false,
        "partitions that another than the first replica leads",
        "leader 不是首选副本的分区",
    );
    let count = |metrics: &mut Vec<Metric>,
                 name,
                 alarm: bool,
                 english,
                 chinese,
                 of: &dyn Fn(NodeId) -> i64| {
        let brokers = per_broker(lab, of);
        let value = brokers.iter().map(|(_, n)| n).sum();
        let alarming = alarm && value > 0;
        metrics.push(Metric { brokers, alarming, ..Metric::of(name, value, (english, chinese)) });
    };
    let running = |id| running(lab, id);
    let replicas = |id| running(id).map_or(0, |b| b.replicas.len()) as i64;
    let leading = |id| leaders(lab, id).count() as i64;
    let under = |id| leaders(lab, id).filter(under_replicated).count() as i64;
    let below = |id| leaders(lab, id).filter(under_min_isr).count() as i64;
    let at = |id| {
        leaders(lab, id).filter(|(r, l)| l.isr.len() == r.min_insync_replicas()).count() as i64
    };
    let produces = |id| running(id).map_or(0, |b| b.delayed_produces.len()) as i64;
    let fetches = |id| running(id).map_or(0, |b| b.delayed_fetches.len()) as i64;
    let m = &mut metrics;
    count(
        m,
        "PartitionCount",
        false,
        "replicas on each broker",
        "每个 broker 上的副本数",
        &replicas,
    );
    count(
        m,
        "LeaderCount",
        false,
        "partitions that each broker leads",
        "每个 broker 领导的分区数",
        &leading,
    );
    count(
        m,
        "UnderReplicatedPartitions",
        true,
        "partitions whose ISR lacks a replica",
        "ISR 缺少副本的分区",
        &under,
    );
    count(
        m,
        "UnderMinIsrPartitionCount",
        true,
        "partitions that refuse acks=all",
        "拒绝 acks=all 的分区",
        &below,
    );
    count(
        m,
        "AtMinIsrPartitionCount",
        false,
        "partitions that one more loss would stop",
        "再失去一个副本就会停止写入的分区",
        &at,
    );
    count(
        m,
        "PurgatorySize(Produce)",
        false,
        "produces that wait for in-sync replicas",
        "等待同步副本的 produce",
        &produces,
    );
    count(
        m,
        "PurgatorySize(Fetch)",
        false,
        "fetches that wait for bytes",
        "等待数据的 fetch",
        &fetches,
    );
    let copies = |id| running(id).map(|b| b.copies).unwrap_or_default();
    let out = |id| copies(id).bytes_out as i64;
    count(
        m,
        "BytesOutPerSec",
        false,
        "bytes sent to consumers so far",
        "至今发给消费者的字节",
        &out,
    );
    let copied = |id| copies(id).in_user_space as i64;
    count(
        m,
        "lab:UserSpaceBytesCopied",
        false,
        "of them copied in user space: 0 is zero-copy",
        "其中在用户空间拷贝的字节：0 即零拷贝",
        &copied,
    );
    let shrunk = |id| cluster.tally.of_broker("IsrShrinksPerSec", id);
    count(
        m,
        "IsrShrinksPerSec",
        false,
        "times a leader took a follower out of its ISR so far",
        "至今 leader 将 follower 移出 ISR 的次数",
        &shrunk,
    );
    let grown = |id| cluster.tally.of_broker("IsrExpandsPerSec", id);
    count(
        m,
        "IsrExpandsPerSec",
        false,
        "times a leader let a follower into its ISR so far",
        "至今 leader 将 follower 加入 ISR 的次数",
        &grown,
    );
    flow::add(lab, &mut metrics);
    let mut counter = |name: &'static str, alarm: bool, english, chinese| {
        let value = cluster.tally.of(name);
        let alarming = alarm && value > 0;
        metrics.push(Metric { alarming, ..Metric::of(name, value, (english, chinese)) });
    };
    counter(
        "LeaderElectionRateAndTimeMs",
        false,
        "times the controller saw brokers come or go",
        "controller 至今处理的 broker 上下线次数",
    );
    counter(
        "UncleanLeaderElectionsPerSec",
        true,
        "elections so far that may have lost records",
        "至今可能丢失记录的选举次数",
    );
    counter(
        "ProduceMessageConversionsPerSec",
        false,
        "records converted by leaders so far",
        "至今 leader 改写为其他消息格式的记录数",
    );
    counter(
        "FetchMessageConversionsPerSec",
        false,
        "records converted for old readers so far",
        "至今为旧客户端转换的记录数",
    );
    flow::add_changes(lab, &mut metrics);
    logs::add(lab, &mut metrics);
    metrics.retain(|metric| lacks(metric.name, lab).is_none());
    metrics
}

/// What one broker counts; `Err` if brokers do not count it, nothing if there is no such metric.
pub fn metric_of(lab: &Lab, name: &str, broker: NodeId) -> Option<Result<i64, ()>> {
    let mut found = None;
    for metric in all(lab).into_iter().filter(|metric| metric.name == name) {
        let own = metric.brokers.iter().find(|(id, _)| *id == broker).map(|(_, value)| *value);
        if metric.brokers.is_empty() {
            return Some(Err(()));
        }
        found = Some(found.unwrap_or(0) + own.unwrap_or(0));
    }
    found.map(Ok)
}

/// The value of one metric by Kafka's name (or the short names `LeaderElections`, `UncleanLeaderElections`).
pub fn metric(lab: &Lab, name: &str) -> Option<i64> {
    let name = match name {
        "LeaderElections" => "LeaderElectionRateAndTimeMs",
        "UncleanLeaderElections" => "UncleanLeaderElectionsPerSec",
        "ReplicaLag" => "MaxLag",
        other => other,
    };
    let of_name = all(lab).into_iter().filter(|metric| metric.name == name);
    of_name.map(|metric| metric.value).reduce(|sum, value| sum + value)
}

/// Draws the pane.
pub fn draw(lab: &Lab, focus: &Focus, canvas: &Canvas) -> Picture {
    let mut picture = Picture::new(canvas.word("metrics", "指标"));
    let was = focus.was.as_deref();
    let before =
        |metric: &Metric| was.and_then(|was| was.get(&metric.label())).copied().unwrap_or(0);
    let (metrics, more) = logs::worth_listing(all(lab), was.is_some(), &before);
    let brokers: Vec<NodeId> = lab.cluster().brokers.keys().copied().collect();
    let with_brokers = brokers.len() <= 8 && canvas.width >= 60 + 5 * brokers.len();
    // The names matter more than what they mean: a narrow pane leaves the meanings out.
    let with_meaning = canvas.width >= 66 + if with_brokers { 6 * brokers.len() } else { 0 };
    let mut columns = vec![Align::Left];
    let mut heads = vec![canvas.word("metric", "指标").to_owned()];
    if was.is_some() {
        columns.extend([Align::Right; 2]);
        heads.push(canvas.word("was", "之前").to_owned());
    } else {
        columns.push(Align::Right);
    }
    heads.push(canvas.word("now", "现在").to_owned());
    if was.is_some() {
        columns.push(Align::Right);
        heads.push(canvas.word("delta", "变化").to_owned());
    }
    if with_brokers {
        for id in &brokers {
            columns.push(Align::Right);
            heads.push(format!("b{id}"));
        }
    }
    if with_meaning {
        columns.push(Align::Left);
    }
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let mut table = Table::new(&columns).gap(2).heads(&heads);
    for metric in metrics {
        let role = if metric.alarming { Role::Warn } else { Role::Number };
        let mut cells = vec![Line::plain(metric.label())];
        let now = Line::of(number(metric.value), role);
        match was {
            None => cells.push(now),
            Some(_) => {
                let was = before(&metric);
                let delta = metric.value - was;
                let sign = if delta > 0 { "+" } else { "" };
                let delta =
                    if delta == 0 { String::new() } else { format!("{sign}{}", number(delta)) };
                let was = Line::of(number(was), Role::Dim);
                cells.extend([was, now, Line::of(delta, Role::Accent)]);
            }
        }
        if with_brokers {
            for id in &brokers {
                let value = metric.brokers.iter().find(|(broker, _)| broker == id);
                cells.push(match value {
                    Some((_, value)) => Line::plain(number(*value)),
                    None => Line::new(),
                });
            }
        }
        if with_meaning {
            cells.push(Line::of(canvas.language.pick(metric.english, metric.chinese), Role::Dim));
        }
        table.row(cells);
    }
    picture.extend(table.lines(canvas.width, canvas.glyphs.ellipsis));
    if more > 0 {
        let text = match canvas.language {
            Language::English => format!("  and {more} of logs"),
            Language::Chinese => format!("  另有 {more} 项日志指标"),
        };
        picture.push(Line::of(text, Role::Dim));
    }
    finish(picture, canvas)
}
