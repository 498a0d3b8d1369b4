//! The network: what is under way and what may happen next; pick one.
//!
//! ```text
//!   network   3 messages, 9 timers   cut b1 | b3
//!     held by hand
//!     #809   ‖ held    Fetch           b1 → b2     orders-0 from 3
//!     under way
//!     #812   +0.6 ms   Fetch           b3 → b2     orders-0 from 4, epoch 1        ▸ next
//!     #815   +0.9 ms   FetchResponse   b2 → b3     orders-0 98 B, HW 4 «
//!     timers
//!     #790   +1.2 s    b1   broker heartbeat
//! ```
//!
//! The numbers are those of `message deliver|hold|release|drop ID` and `timer fire ID`. Under the one that is chosen
//! stands what it would do. Messages between two nodes
//! keep their order (TCP); across pairs any order is possible.

use super::common::{self, finish, more};
use super::picture::{Canvas, Focus, Line, Picture, Role, Target};
use super::table::{Align, Table};
use crate::chinese;
use crate::clock::{Duration, Instant};
use crate::cluster::{Happening, Lab, NodeState, Pending};
use crate::protocol::{Body, ErrorCode, Request, Response, Timer};
use crate::types::{Language, NodeId, TopicPartition};

mod would;

/// Most cut links that have rows of their own.
const MOST_CUTS: usize = 4;

/// No message takes a day by itself: it waits behind one that is held.
const FAR: Duration = Duration(86_400_000_000);

/// Draws the pane.
pub fn draw(lab: &Lab, focus: &Focus, canvas: &Canvas) -> Picture {
    let network = &lab.cluster().network;
    let chosen = focus.pending.filter(|id| network.queue.keys().any(|(_, known)| known == id));
    let filter = |happening: &Happening| match focus.filter.as_deref() {
        None | Some("") => true,
        Some(filter) => named(lab, happening).contains(filter),
    };
    let mut lists: [List; 3] = Default::default();
    let mut next = None;
    let all = || network.queue.iter().filter(|(_, queued)| filter(&queued.happening));
    let of = |id: u64, happening: &Happening| match happening {
        _ if network.is_held(id) => 0,
        Happening::Timer { .. } => 2,
        _ => 1,
    };
    for (&(_, id), queued) in all() {
        let list = &mut lists[of(id, &queued.happening)];
        if chosen == Some(id) {
            list.chosen = Some(list.all);
        }
        list.all += 1;
        next = next.or(Some(id));
    }
    let [held, under_way, timers] = &lists;
    let caption = caption(lab, under_way.all, timers.all, held.all, canvas);
    // Headings, "nothing", cut links, and below what the chosen one would do.
    let other_rows = 2 * usize::from(held.all > 0)
        + usize::from(under_way.all == 0)
        + usize::from(timers.all > 0)
        + network.cuts().len().min(MOST_CUTS)
        + 2 * usize::from(chosen.is_some());
    let room = canvas.height.saturating_sub(other_rows).clamp(4, 60);
    let held_rows = held.all.min(room / 3);
    let left = room - held_rows;
    let timer_rows =
        timers.all.min(left / 3).max(timers.all.min(left.saturating_sub(under_way.all)));
    let rooms = [held_rows, left - timer_rows, timer_rows];
    for (list, room) in lists.iter_mut().zip(rooms) {
        // A list that does not fit ends with a row that says so.
        let room = if list.all > room { room.saturating_sub(1) } else { room };
        list.shown = common::window(list.all, list.chosen, room.max(2));
    }
    let mut at = [0; 3];
    for (&(due, id), queued) in all() {
        if lists.iter().zip(at).all(|(list, at)| at >= list.shown.end) {
            break; // the rest is out of sight
        }
        let kind = of(id, &queued.happening);
        if lists[kind].shown.contains(&at[kind]) {
            let (happening, held) = (queued.happening.clone(), kind == 0);
            lists[kind].rows.push(Pending { id, at: due, happening, cause: queued.cause, held });
        }
        at[kind] += 1;
    }
    let mut picture = Picture::new(canvas.word("network", "网络")).caption(caption);
    cuts(lab, canvas, &mut picture);
    let first_event = lab.step_events().next().map_or(u64::MAX, |event| event.id);
    let [held, under_way, timers] = &lists;
    if held.all > 0 {
        let text = canvas.word("  held by hand", "  手动扣住");
        picture.push(Line::of(text, Role::Heading));
        rows(lab, held, next, first_event, canvas, &mut picture);
        let text = canvas.word("  under way", "  在途");
        picture.push(Line::of(text, Role::Heading));
    }
    rows(lab, under_way, next, first_event, canvas, &mut picture);
    if under_way.all == 0 {
        picture
            .push(Line::of(canvas.word("  no message is under way", "  没有在途消息"), Role::Dim));
    }
    if timers.all > 0 {
        picture.push(Line::of(canvas.word("  timers", "  定时器"), Role::Heading));
        rows(lab, timers, next, first_event, canvas, &mut picture);
    }
    if chosen.is_none() {
        let next = next.map(Target::Pending);
        picture.attention = picture.lines.iter().position(|l| next.is_some() && l.target == next);
    }
    let shown = lists.iter().flat_map(|list| &list.rows).find(|p| Some(p.id) == chosen);
    if let Some(pending) = shown {
        picture.attention =
            picture.lines.iter().position(|l| l.target == Some(Target::Pending(pending.id)));
        picture.blank();
        let text = would::would(lab, pending, canvas.language);
        let head = format!("  {} ", canvas.glyphs.message);
        picture.push(Line::of(head, Role::Accent).text(text));
    }
    finish(picture, canvas)
}

/// Happenings of one sort, and which of them are in sight.
#[derive(Default)]
struct List {
    all: usize,
    chosen: Option<usize>,
    shown: std::ops::Range<usize>,
    rows: Vec<Pending>,
}

/// What a filter is held against: kind and nodes.
fn named(lab: &Lab, happening: &Happening) -> String {
    match happening {
        Happening::Deliver { from, to, message } => format!(
            "{} {} {}",
            message.kind(),
            common::node_name(lab, *from),
            common::node_name(lab, *to)
        ),
        Happening::Timer { node, timer } => format!("{} {timer}", common::node_name(lab, *node)),
        other => common::node_name(lab, other.node()),
    }
}

fn caption(lab: &Lab, messages: usize, timers: usize, held: usize, canvas: &Canvas) -> Line {
    let mut line = Line::plain(match canvas.language {
        Language::English => format!("{messages} under way, {timers} timers"),
        Language::Chinese => format!("{messages} 条在途，{timers} 个定时器"),
    });
    if held > 0 {
        let text = match canvas.language {
            Language::English => format!(", {held} held"),
            Language::Chinese => format!("，{held} 个被扣住"),
        };
        line = line.span(text, Role::Warn);
    }
    for (at, (a, b)) in lab.cluster().network.cuts().into_iter().take(6).enumerate() {
        let word = if at == 0 { canvas.word("   cut ", "   已切断 ") } else { ", " };
        let pair = format!("{} | {}", common::node_name(lab, a), common::node_name(lab, b));
        line = line.span(word, Role::Bad).span(pair, Role::Bad);
    }
    line
}

/// The links that are cut: rows of their own where somebody may choose them.
fn cuts(lab: &Lab, canvas: &Canvas, picture: &mut Picture) {
    let network = &lab.cluster().network;
    for (a, b) in network.cuts().into_iter().take(MOST_CUTS) {
        let waiting = network.waiting(a, b) + network.waiting(b, a);
        let (a_name, b_name) = (common::node_name(lab, a), common::node_name(lab, b));
        let text = match (waiting, canvas.language) {
            (0, _) => String::new(),
            (_, Language::English) => format!("   {waiting} wait behind it: healed, they arrive"),
            (_, Language::Chinese) => format!("   {waiting} 条在等待；修复后送达"),
        };
        let line = Line::of(format!("  {} {a_name} | {b_name}", canvas.glyphs.lost), Role::Bad);
        picture.push(line.span(text, Role::Dim).to(Target::Link(a, b)));
    }
}

fn rows(
    lab: &Lab,
    list: &List,
    next: Option<u64>,
    first_event: u64,
    canvas: &Canvas,
    picture: &mut Picture,
) {
    let g = &canvas.glyphs;
    let columns = [Align::Right, Align::Left, Align::Left, Align::Left, Align::Left];
    let mut table = Table::new(&columns).gap(2);
    let network = &lab.cluster().network;
    for pending in &list.rows {
        let (kind, who, what) = describe(lab, pending, canvas);
        let mut content = what;
        if Some(pending.id) == next && !pending.held {
            let text = format!("  {} {}", g.chosen, canvas.word("next", "下一个"));
            content = content.span(text, Role::Cursor);
        }
        let new = pending.cause.is_some_and(|cause| cause >= first_event);
        let behind = (!pending.held && pending.at.since(lab.now()) >= FAR)
            .then(|| network.waits_behind(pending.id))
            .flatten();
        let when = match (pending.held, behind) {
            (true, _) => {
                Line::of(format!("{} {}", g.paused, canvas.word("held", "扣住")), Role::Warn)
            }
            (false, Some(first)) => {
                let text = canvas.word("behind", "排在其后");
                Line::of(format!("{text} #{first}"), Role::Warn)
            }
            (false, None) => Line::of(due(lab.now(), pending.at), Role::Number),
        };
        table.row_to(
            vec![
                Line::of(format!("#{}", pending.id), Role::Dim),
                when,
                Line::of(kind, Role::Strong),
                who,
                content.changed(new, g),
            ],
            Target::Pending(pending.id),
        );
    }
    picture.extend(table.lines(canvas.width, g.ellipsis));
    if list.all > list.shown.len() {
        picture.push(more(list.all - list.shown.len(), canvas));
    }
}

fn due(now: Instant, at: Instant) -> String {
    match at > now {
        true => format!("+{}", at.since(now)),
        false => "now".to_owned(),
    }
}

/// What the next step delivers, in a few words: for steps that leave no trace of their own.
pub fn coming(lab: &Lab, language: Language) -> Option<String> {
    let next = lab.cluster().network.pending().next()?;
    let (what, way, _) = describe(lab, &next, &Canvas::text(language));
    let way = way.to_text();
    Some(match next.happening {
        Happening::Deliver { .. } => format!("{what} {way}"),
        Happening::Timer { .. } => format!("{what}: {} {way}", language.pick("timer", "定时器")),
        _ => format!("{what}: {way}"),
    })
}

fn describe(lab: &Lab, pending: &Pending, canvas: &Canvas) -> (String, Line, Line) {
    let g = &canvas.glyphs;
    let name = |node: NodeId| common::node_name(lab, node);
    match &pending.happening {
        Happening::Deliver { from, to, message } => {
            let way = Line::plain(name(*from))
                .span(format!(" {} ", g.message), Role::Dim)
                .text(name(*to));
            let mut content = Line::plain(match &message.body {
                Body::Request(request) => of_request(request, canvas),
                Body::Response(response) => of_response(response, canvas),
            });
            match lab.cluster().state(*to) {
                NodeState::Alive => {}
                NodeState::Paused => {
                    let text = canvas.word("  waits: the process is frozen", "  等待：进程已冻结");
                    content = content.span(text, Role::Warn);
                }
                _ => {
                    let text = canvas.word("nobody is there", "对方不在");
                    content = content.span(format!("  {} {text}", g.lost), Role::Bad);
                }
            }
            (message.kind().to_owned(), way, content)
        }
        Happening::Timer { node, timer } => {
            let words = match canvas.language {
                Language::English => timer.to_string(),
                Language::Chinese => in_chinese(timer),
            };
            (name(*node), Line::plain(words), Line::new())
        }
        Happening::Disconnected { node, peer } => {
            let text = match canvas.language {
                Language::English => format!("the connection to {} broke", name(*peer)),
                Language::Chinese => format!("与 {} 的连接断开", name(*peer)),
            };
            ("Disconnected".to_owned(), Line::plain(name(*node)), Line::of(text, Role::Warn))
        }
        Happening::Start(node) => {
            let text = canvas.word("the process begins", "进程启动");
            ("Start".to_owned(), Line::plain(name(*node)), Line::plain(text))
        }
        Happening::Walk => {
            let walk = lab.cluster().lookup.as_ref();
            let what = walk.map(|walk| walk.partition.to_string()).unwrap_or_default();
            let text = canvas.word("the next look of the lookup", "查找的下一步");
            ("Lookup".to_owned(), Line::plain(what), Line::plain(text))
        }
    }
}

fn in_chinese(timer: &Timer) -> String {
    let text = match timer {
        Timer::Register => "向 controller 注册",
        Timer::BrokerHeartbeat => "broker 心跳",
        Timer::IsrCheck => "检查落后的 follower",
        Timer::FetcherBackoff(leader) => return format!("重新向 {leader} 拉取"),
        Timer::MetadataBackoff => "重新拉取元数据",
        Timer::DelayedFetch(id) => return format!("等待中的 fetch {id} 到期"),
        Timer::DelayedProduce(id) => return format!("等待中的 produce {id} 到期"),
        Timer::RequestTimeout(0) => "查看应答超时",
        Timer::RequestTimeout(id) => return format!("等待应答 {id}"),
        Timer::Checkpoint => "写 offset checkpoint 文件",
        Timer::LogRetention => "检查日志保留",
        Timer::LogCleaner => "日志清理",
        Timer::FileDelete => "删除 .deleted 文件",
        Timer::LogFlush => "刷盘",
        Timer::ProducerExpiry => "清除过期的 producer",
        Timer::DelayedDelete(_) => "DeleteRecords 的等待结束",
        Timer::AlterPartitionRetry => "重试 AlterPartition",
        Timer::GroupSession { group, member } => return format!("{group} 中 {member} 的会话到期"),
        Timer::GroupRebalance { group } => return format!("{group} 的加入阶段结束"),
        Timer::SessionCheck => "检查失联的 broker",
        Timer::LeaderBalance => "均衡 leader",
        Timer::MetadataNoOp => "写元数据 no-op",
        Timer::ProducerSend => "producer 发送",
        Timer::Workload => "持续负载的下一条记录",
        Timer::ConsumerPoll => "consumer 轮询",
        Timer::ConsumerHeartbeat => "consumer 心跳",
        Timer::ConsumerAutoCommit => "consumer 提交",
        Timer::ClientMetadata => "客户端刷新元数据",
        Timer::ConsumerJoin => "consumer 加入",
        other => return chinese::of(other),
    };
    text.to_owned()
}

/// The first few of a list, and how many more.
fn some<T>(items: &[T], canvas: &Canvas, show: impl Fn(&T) -> String) -> String {
    const SHOWN: usize = 2;
    let mut text: Vec<String> = items.iter().take(SHOWN).map(show).collect();
    if items.len() > SHOWN {
        text.push(format!("{}{}", canvas.glyphs.ellipsis, items.len() - SHOWN));
    }
    match text.is_empty() {
        true => canvas.word("nothing", "无").to_owned(),
        false => text.join(", "),
    }
}

fn failed(error: ErrorCode) -> String {
    if error.is_none() { String::new() } else { format!(" {error}") }
}

fn of_request(request: &Request, canvas: &Canvas) -> String {
    match request {
        Request::Produce(r) => {
            let acks = if r.acks == -1 { "all".to_owned() } else { r.acks.to_string() };
            let show = |(partition, bytes): &(TopicPartition, crate::protocol::RecordBytes)| {
                format!("{partition} {} B", bytes.len())
            };
            format!("{}, acks={acks}", some(&r.partitions, canvas, show))
        }
        Request::Fetch(r) => some(&r.partitions, canvas, |p| {
            let from = canvas.word("from", "从");
            match p.current_leader_epoch.0 {
                -1 => format!("{} {from} {}", p.partition, p.fetch_offset),
                epoch => format!("{} {from} {}, epoch {epoch}", p.partition, p.fetch_offset),
            }
        }),
        Request::OffsetForLeaderEpoch(r) => {
            let of = canvas.word("end of epoch", "问纪元末端");
            some(&r.partitions, canvas, |(p, _, epoch)| format!("{p} {of} {epoch}"))
        }
        Request::ListOffsets(r) => {
            some(&r.partitions, canvas, |(p, time)| format!("{p} at {time}"))
        }
        Request::Metadata(r) => match &r.topics {
            Some(topics) => some(topics, canvas, ToString::to_string),
            None => canvas.word("all topics", "所有 topic").to_owned(),
        },
        Request::FindCoordinator(r) => r.group.to_string(),
        Request::JoinGroup(r) => format!("{} {}", r.group, r.member_id),
        Request::SyncGroup(r) => format!("{} {} generation {}", r.group, r.member_id, r.generation),
        Request::Heartbeat(r) => format!("{} {} generation {}", r.group, r.member_id, r.generation),
        Request::LeaveGroup(r) => format!("{} {}", r.group, r.member_id),
        Request::OffsetCommit(r) => {
            format!(
                "{} {}",
                r.group,
                some(&r.offsets, canvas, |(p, offset, _)| format!("{p}@{offset}"))
            )
        }
        Request::OffsetFetch(r) => {
            format!("{} {}", r.group, some(&r.partitions, canvas, ToString::to_string))
        }
        Request::CreateTopics(r) => some(&r.topics, canvas, |t| t.name.to_string()),
        Request::DeleteTopics(r) => some(&r.topics, canvas, ToString::to_string),
        Request::AlterPartition(r) => of_alter_partition(r, canvas),
        Request::BrokerHeartbeat(r) => of_heartbeat(r, canvas),
        Request::LeaderAndIsr(r) => some(&r.partitions, canvas, |p| {
            let leader = p.leader.map_or("none".to_owned(), |leader| leader.to_string());
            format!("{} leader {leader} epoch {}", p.partition, p.leader_epoch)
        }),
        Request::UpdateMetadata(r) => some(&r.partitions, canvas, |p| p.partition.to_string()),
        Request::StopReplica(r) => some(&r.partitions, canvas, |p| p.partition.to_string()),
        Request::ZooKeeper(r) => r.operation.path().unwrap_or_default().to_owned(),
        _ => String::new(),
    }
}

fn of_alter_partition(request: &crate::protocol::AlterPartitionRequest, canvas: &Canvas) -> String {
    some(&request.partitions, canvas, |p| {
        let isr: Vec<NodeId> = p.new_isr.iter().map(|(node, _)| *node).collect();
        format!("{} ISR {}", p.partition, common::set(&isr))
    })
}

fn of_heartbeat(request: &crate::protocol::BrokerHeartbeatRequest, canvas: &Canvas) -> String {
    let mut text = format!("metadata {}", request.current_metadata_offset);
    if request.want_shut_down {
        text += canvas.word(", wants to stop", "，请求停机");
    }
    text
}

fn of_response(response: &Response, canvas: &Canvas) -> String {
    match response {
        Response::Produce(r) => some(&r.partitions, canvas, |p| match p.error.is_none() {
            true => format!("{} offset {}", p.partition, p.base_offset),
            false => format!("{}{}", p.partition, failed(p.error)),
        }),
        Response::Fetch(r) => some(&r.partitions, canvas, |p| match p.error.is_none() {
            true => format!("{} {} B, HW {}", p.partition, p.records.len(), p.high_watermark),
            false => format!("{}{}", p.partition, failed(p.error)),
        }),
        Response::ListOffsets(r) => some(&r.partitions, canvas, |(p, error, _, offset, _)| {
            format!("{p} {offset}{}", failed(*error))
        }),
        Response::Metadata(r) => match canvas.language {
            Language::English => format!(
                "{}, {}",
                crate::types::counted(r.brokers.len(), "broker"),
                crate::types::counted(r.topics.len(), "topic")
            ),
            Language::Chinese => {
                format!("{} 个 broker，{} 个 topic", r.brokers.len(), r.topics.len())
            }
        },
        Response::FindCoordinator(r) => match r.coordinator {
            Some(node) => format!("b{node}"),
            None => r.error.to_string(),
        },
        Response::JoinGroup(r) => {
            format!("{} generation {}{}", r.member_id, r.generation, failed(r.error))
        }
        Response::SyncGroup(r) => match crate::group::decode_assignment(&r.assignment) {
            Ok(share) if r.error.is_none() => some(&share, canvas, ToString::to_string),
            _ => r.error.to_string(),
        },
        Response::Heartbeat(r) => r.error.to_string(),
        Response::LeaveGroup(r) => r.error.to_string(),
        Response::OffsetCommit(r) => {
            some(&r.partitions, canvas, |(p, error)| format!("{p}{}", failed(*error)))
        }
        Response::OffsetFetch(r) => {
            some(&r.partitions, canvas, |(p, offset)| format!("{p}@{offset}"))
        }
        Response::CreateTopics(r) => {
            some(&r.topics, canvas, |(name, error, _)| format!("{name}{}", failed(*error)))
        }
        _ => String::new(),
    }
}
