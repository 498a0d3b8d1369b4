//! What can be done to a node, a link, a message, a partition, a branch: as commands.
//!
//! Candidates are written down here in one list per thing; those that this version does not know, or that make no sense
//! at the moment (a dead broker cannot be killed), are left out. Their sentences are those of `help`.

use crate::chinese::tell;
use crate::cluster::{Happening, Lab, NodeState};
use crate::script;
use crate::trace::Target;
use crate::tui::menu::{Does, Offer, Offers};
use crate::types::{Language, NodeId, TopicPartition};

/// The node that keeps the tree in the ZooKeeper era.
const ZOOKEEPER: NodeId = NodeId(2181);
/// Most nodes of one menu.
const MOST: usize = 200;

struct List<'a> {
    language: Language,
    lab: &'a Lab,
    offers: Vec<Offer>,
}

impl List<'_> {
    fn word(&self, english: &'static str, chinese: &'static str) -> &'static str {
        self.language.pick(english, chinese)
    }
    fn name(&self, node: NodeId) -> String {
        self.lab.cluster().name(node)
    }
    /// An offer, if this version can carry it out.
    fn offer(&self, label: &str, command: String) -> Option<Offer> {
        let statement = script::parse_line(&command, 1).ok().flatten()?;
        if script::lacking(&statement).is_some() {
            return None;
        }
        let doc = script::sentence_of(&command, self.language).unwrap_or_default();
        Some(Offer::run(label, command, doc))
    }
    fn add(&mut self, english: &'static str, chinese: &'static str, command: String) {
        self.offers.extend(self.offer(self.word(english, chinese), command));
    }
    fn open(&mut self, label: String, target: Target) {
        self.offers.push(Offer { label, does: Does::Open(target), doc: String::new() });
    }
    fn more(&mut self, english: &'static str, chinese: &'static str, offers: Vec<Offer>) {
        let label = self.word(english, chinese);
        if !offers.is_empty() {
            let does = Does::More(offers);
            self.offers.push(Offer { label: label.into(), does, doc: String::new() });
        }
    }
}

/// The offers for what is chosen; without anything: for the whole cluster.
pub(super) fn offers(lab: &Lab, target: Option<&Target>, language: Language) -> Option<Offers> {
    let mut list = List { language, lab, offers: Vec::new() };
    let title = match target {
        None => whole(&mut list),
        Some(Target::Node(node)) => of_node(&mut list, *node),
        Some(Target::Replica(partition, node)) => {
            of_node(&mut list, *node);
            damage(&mut list, partition, *node);
            format!("{} {partition}", list.name(*node))
        }
        Some(Target::Partition(partition)) => of_partition(&mut list, partition),
        Some(Target::Pending(id)) => of_pending(&mut list, *id)?,
        Some(Target::Link(a, b)) => of_link(&mut list, *a, *b),
        Some(Target::Branch(name)) => of_branch(&mut list, name),
        Some(Target::Event(id)) => {
            list.add("why", "原因", format!("show why {id}"));
            if let Some(event) = lab.event(*id) {
                list.add("go to this step", "回到这一步", format!("goto {}", event.step));
            }
            format!("#{id}")
        }
        Some(Target::Group(name)) => {
            list.add("look", "查看", format!("show group {name}"));
            list.add("offsets", "偏移量", format!("show offsets {name}"));
            name.clone()
        }
        Some(_) => return None,
    };
    (!list.offers.is_empty()).then_some(Offers { title, offers: list.offers })
}

fn nodes(lab: &Lab) -> impl Iterator<Item = NodeId> + '_ {
    let cluster = lab.cluster();
    // Without controllers of their own brokers ask ZooKeeper.
    let zookeeper = cluster.controllers.is_empty().then_some(ZOOKEEPER);
    cluster.brokers.keys().chain(cluster.controllers.keys()).copied().chain(zookeeper)
}

fn state_word(list: &List<'_>, node: NodeId) -> &'static str {
    match list.lab.cluster().state(node) {
        NodeState::Alive => list.word("runs", "运行中"),
        NodeState::Paused => list.word("frozen", "已冻结"),
        NodeState::Stopped => list.word("stopped", "已停止"),
        NodeState::Dead => list.word("dead", "已死"),
        NodeState::New => list.word("not started", "未启动"),
    }
}

fn whole(list: &mut List<'_>) -> String {
    let all: Vec<NodeId> = nodes(list.lab).take(MOST).collect();
    for node in all {
        let label = format!("{}, {}", list.name(node), state_word(list, node));
        list.open(label, Target::Node(node));
    }
    if !list.lab.cluster().network.cuts().is_empty() {
        list.add("heal all links", "修复所有链路", "network heal".into());
    }
    let cluster = list.lab.cluster();
    let open = |name: &String| {
        name != "admin" && cluster.client(name).is_some_and(|client| !client.is_closed())
    };
    let clients = cluster.names.iter().filter(|(name, _)| open(name)).take(MOST);
    let clients: Vec<(String, NodeId)> = clients.map(|(name, id)| (name.clone(), *id)).collect();
    for (name, id) in clients {
        list.open(name, Target::Node(id));
    }
    list.word("the cluster", "集群").to_owned()
}

fn of_node(list: &mut List<'_>, node: NodeId) -> String {
    let state = list.lab.cluster().state(node);
    let title = format!("{}, {}", list.name(node), state_word(list, node));
    if list.lab.cluster().clients.contains_key(&node) {
        let name = list.name(node);
        for kind in ["producer", "consumer"] {
            let is_a = list.lab.cluster().client(&name).is_some_and(|client| match client {
                crate::client::Client::Producer(_) => kind == "producer",
                crate::client::Client::Consumer(_) => kind == "consumer",
                crate::client::Client::Admin(_) => false,
            });
            if is_a {
                list.add("stop", "停止", format!("{kind} stop {name}"));
                list.add("kill", "杀掉", format!("{kind} kill {name}"));
                list.add("pause", "暂停", format!("{kind} pause {name}"));
                list.add("resume", "恢复", format!("{kind} resume {name}"));
            }
        }
        return title;
    }
    let zookeeper = node == ZOOKEEPER;
    let (kind, id) = match (zookeeper, node.is_controller()) {
        (true, _) => ("zookeeper", String::new()),
        (_, true) => ("controller", format!(" {node}")),
        _ => ("broker", format!(" {node}")),
    };
    let command = |verb: &str| format!("{kind} {verb}{id}");
    match state {
        NodeState::Alive => {
            list.add("kill", "杀掉", command("kill"));
            if node.is_controller() && list.offers.is_empty() {
                list.add("kill", "杀掉", "controller kill".into());
            }
            list.add("power off", "断电", command("power-off"));
            list.add("stop", "受控关闭", command("stop"));
            list.add("pause", "冻结", command("pause"));
            match list.lab.cluster().is_slow(node) {
                false => list.add("slow down", "变慢", format!("{} by=50ms", command("slow"))),
                true => list.add("make it fast", "恢复速度", format!("{} by=0ms", command("slow"))),
            }
            match list.lab.cluster().is_skewed(node) {
                false => {
                    list.add("skew its clock", "拨偏时钟", format!("{} by=5s", command("skew")))
                }
                true => list.add("set its clock right", "校准时钟", command("skew")),
            }
        }
        NodeState::Paused => {
            list.add("resume", "恢复", command("resume"));
            list.add("kill", "杀掉", command("kill"));
        }
        NodeState::Dead | NodeState::Stopped | NodeState::New => {
            list.add("start", "启动", command("start"));
            if node.is_controller() && list.offers.is_empty() {
                list.add("start", "启动", "controller start".into());
            }
        }
    }
    if kind == "broker" && state == NodeState::Alive {
        let paused = list.lab.cluster().broker(node).is_some_and(|b| b.fetchers_paused);
        match paused {
            false => {
                list.add("pause its fetchers", "暂停拉取", format!("fetcher pause {node}"));
                list.add("slow its fetchers", "放慢拉取", format!("fetcher slow {node} by=2s"));
            }
            true => list.add("resume its fetchers", "恢复拉取", format!("fetcher resume {node}")),
        }
    }
    if !zookeeper {
        match list.lab.cluster().disk_fault(node) {
            None => {
                list.add("fill its disk", "写满磁盘", format!("disk full {node}"));
                list.add("make its disk read-only", "磁盘只读", format!("disk read-only {node}"));
            }
            Some(_) => list.add("heal its disk", "修复磁盘", format!("disk heal {node}")),
        }
    }
    let in_zookeeper = kind == "broker" && list.lab.cluster().controllers.is_empty();
    if in_zookeeper && state == NodeState::Alive {
        list.add("expire its session", "会话过期", format!("zookeeper expire {node}"));
        list.add("make it controller", "成为 controller", format!("controller move {node}"));
    }
    links(list, node);
    title
}

/// What may befall the files of a replica: the newest segment's log, and its index.
fn damage(list: &mut List<'_>, partition: &TopicPartition, node: NodeId) {
    let directory = format!("broker-{node}/{partition}");
    let files = list.lab.disk().list(&directory).unwrap_or_default();
    let mut logs: Vec<_> = files.iter().filter(|file| file.name.ends_with(".log")).collect();
    logs.sort_by(|a, b| a.name.cmp(&b.name));
    let Some(newest) = logs.last() else { return };
    let (log, half) = (format!("{directory}/{}", newest.name), newest.size / 2);
    let index = log.replace(".log", ".index");
    let wanted = [
        (
            "flip a bit of its log",
            "翻转日志中的一位",
            format!("disk flip-bit {log} {half}"),
            half > 0,
        ),
        ("tear its last write", "撕裂最后一次写入", format!("disk tear {log}"), half > 0),
        ("lose its index", "丢失索引", format!("disk delete {index}"), true),
        ("lose its log", "丢失日志段", format!("disk delete {log}"), true),
    ];
    let wanted = wanted.into_iter().filter(|(.., makes_sense)| *makes_sense);
    let offers: Vec<Offer> = wanted
        .filter_map(|(english, chinese, command, _)| {
            list.offer(list.word(english, chinese), command)
        })
        .collect();
    list.more("damage its files", "损坏文件", offers);
}

/// Cutting it from others, and healing what is cut.
fn links(list: &mut List<'_>, node: NodeId) {
    let network = &list.lab.cluster().network;
    let others: Vec<NodeId> = nodes(list.lab).filter(|other| *other != node).take(MOST).collect();
    let (cut, whole): (Vec<NodeId>, Vec<NodeId>) =
        others.into_iter().partition(|other| network.is_cut(node, *other));
    let cuts = whole
        .iter()
        .filter_map(|other| list.offer(&list.name(*other), format!("network cut {node} {other}")));
    let cuts: Vec<Offer> = cuts.collect();
    let heals = cut
        .iter()
        .filter_map(|other| list.offer(&list.name(*other), format!("network heal {node} {other}")));
    let heals: Vec<Offer> = heals.collect();
    if cuts.len() > 1 {
        list.add("split it from all others", "与其余节点隔开", format!("network split {node}"));
    }
    list.more("cut it from", "切断与…的链路", cuts);
    list.more("heal its link to", "修复与…的链路", heals);
}

fn of_link(list: &mut List<'_>, a: NodeId, b: NodeId) -> String {
    match list.lab.cluster().network.is_cut(a, b) {
        true => list.add("heal", "修复", format!("network heal {a} {b}")),
        false => list.add("cut", "切断", format!("network cut {a} {b}")),
    }
    for node in [a, b] {
        list.open(list.name(node), Target::Node(node));
    }
    format!("{} | {}", list.name(a), list.name(b))
}

fn of_pending(list: &mut List<'_>, id: u64) -> Option<String> {
    let found = list.lab.cluster().network.pending().find(|pending| pending.id == id)?;
    let title = match &found.happening {
        Happening::Deliver { from, to, message } => {
            list.add("deliver now", "立即送达", format!("message deliver {id}"));
            match found.held {
                true => list.add("release", "放行", format!("message release {id}")),
                false => list.add("hold", "扣住", format!("message hold {id}")),
            }
            list.add("lose it", "丢弃", format!("message drop {id}"));
            list.add("delay", "延迟", format!("message delay {id} by=100ms"));
            let carries = matches!(message.kind(), "Produce" | "FetchResponse");
            if carries {
                list.add("flip a bit", "翻转一位", format!("message corrupt {id}"));
            }
            list.add("cut its link", "切断链路", format!("network cut {from} {to}"));
            format!("#{id} {} {} > {}", message.kind(), list.name(*from), list.name(*to))
        }
        Happening::Timer { node, timer } => {
            list.add("fire now", "立即触发", format!("timer fire {id}"));
            match found.held {
                true => list.add("release", "放行", format!("timer release {id}")),
                false => list.add("hold", "扣住", format!("timer hold {id}")),
            }
            list.add("delay", "推迟", format!("timer delay {id} by=2s"));
            format!("#{id} {}, {}", tell(list.language, &timer.to_string()), list.name(*node))
        }
        other => {
            list.add("now", "立即", format!("message deliver {id}"));
            list.add("delay", "推迟", format!("message delay {id} by=2s"));
            format!("#{id} {}", list.name(other.node()))
        }
    };
    let node = found.happening.node();
    if node.0 > 0 {
        list.open(list.name(node), Target::Node(node));
    }
    Some(title)
}

fn of_partition(list: &mut List<'_>, partition: &TopicPartition) -> String {
    let image = list.lab.cluster().last_controller().map(|controller| &controller.image);
    let registration = image.and_then(|image| image.partition(partition)).cloned();
    if let Some(registration) = registration {
        for id in &registration.replicas {
            let role = match (registration.leader == Some(*id), registration.isr.contains(id)) {
                (true, _) => list.word("leader", "leader"),
                (_, true) => list.word("follower", "follower"),
                _ => list.word("out of sync", "不同步"),
            };
            let label = format!("{}, {role}, {}", list.name(*id), state_word(list, *id));
            list.open(label, Target::Node(*id));
        }
        if registration.leader != registration.preferred_leader() {
            let command = format!("elect leader {partition} type=preferred");
            list.add("elect the preferred leader", "选举首选 leader", command);
        }
        if registration.leader.is_none() {
            let command = format!("elect leader {partition} type=unclean");
            list.add("elect anybody", "不干净选举", command);
        }
        if !registration.adding.is_empty() || !registration.removing.is_empty() {
            list.add("how far it moved", "搬移进度", "show reassignments".into());
        }
        let replicas: Vec<String> =
            registration.replicas.iter().rev().map(ToString::to_string).collect();
        let command = format!("partition reassign {partition} replicas={}", replicas.join(","));
        list.add("reassign", "重新分配", command);
    }
    list.add("flush its log", "刷盘", format!("log flush {partition}"));
    list.add("roll its segment", "滚动日志段", format!("roll {partition}"));
    partition.to_string()
}

fn of_branch(list: &mut List<'_>, name: &str) -> String {
    if list.lab.branch_name() != name {
        list.add("go there", "切换到此", format!("switch {name}"));
        list.add("compare", "对比", format!("diff {name}"));
    }
    name.to_owned()
}
