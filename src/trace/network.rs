//! The network: what is under way and what may happen next; pick one.
//!
//! ```text
//!   network   3 messages, 9 timers   cut b1 | b3
//!     #812   +0.6 ms   Fetch           b3 → b2     orders-0 from 4, epoch 1        ▸ next
//!     #815   +0.9 ms   FetchResponse   b2 → b3     orders-0 98 B, HW 4 «
//!     timers
//!     #790   +1.2 s    b1   broker heartbeat
//! ```
//!
//! The numbers are those of `message deliver ID`, `message drop ID` and `timer fire ID`. Messages between two nodes
//! keep their order (TCP); across pairs any order is possible.

use super::common::{self, finish, more};
use super::picture::{Canvas, Focus, Line, Picture, Role, Target};
use super::table::{Align, Table};
use crate::clock::Instant;
use crate::cluster::{Happening, Lab, NodeState, Pending};
use crate::protocol::{Body, ErrorCode, Request, Response, Timer};
use crate::types::{Language, NodeId, TopicPartition};

/// Draws the pane.
pub fn draw(lab: &Lab, focus: &Focus, canvas: &Canvas) -> Picture {
    let network = &lab.cluster().network;
    let room = canvas.height.saturating_sub(3).clamp(4, 60);
    let (mut messages, mut timers) = (Vec::new(), Vec::new());
    let (mut all_messages, mut all_timers) = (0, 0);
    let mut next = None;
    for (&(at, id), queued) in &network.queue {
        next = next.or(Some(id));
        let (list, count) = match queued.happening {
            Happening::Timer { .. } => (&mut timers, &mut all_timers),
            _ => (&mut messages, &mut all_messages),
        };
        *count += 1;
        if list.len() < room || focus.pending == Some(id) {
            let happening = queued.happening.clone();
            list.push(Pending { id, at, happening, cause: queued.cause });
        }
    }
    let caption = caption(lab, all_messages, all_timers, canvas);
    let mut picture = Picture::new(canvas.word("network", "网络")).caption(caption);
    let first_event = lab.step_events().next().map_or(u64::MAX, |event| event.id);
    let most = room.saturating_sub(all_timers.min(room / 3) + 1).max(2);
    rows(lab, &messages, most, all_messages, focus, next, first_event, canvas, &mut picture);
    if messages.is_empty() {
        picture
            .push(Line::of(canvas.word("  no message is under way", "  没有在途消息"), Role::Dim));
    }
    if !timers.is_empty() {
        picture.push(Line::of(canvas.word("  timers", "  定时器"), Role::Heading));
        let left = room.saturating_sub(picture.lines.len()).max(2);
        rows(lab, &timers, left, all_timers, focus, next, first_event, canvas, &mut picture);
    }
    finish(picture, canvas)
}

fn caption(lab: &Lab, messages: usize, timers: usize, canvas: &Canvas) -> Line {
    let mut line = Line::plain(match canvas.language {
        Language::English => format!("{messages} under way, {timers} timers"),
        Language::Chinese => format!("{messages} 条在途，{timers} 个定时器"),
    });
    for (at, (a, b)) in lab.cluster().network.cuts().into_iter().take(6).enumerate() {
        let word = if at == 0 { canvas.word("   cut ", "   已切断 ") } else { ", " };
        let pair = format!("{} | {}", common::node_name(lab, a), common::node_name(lab, b));
        line = line.span(word, Role::Bad).span(pair, Role::Bad);
    }
    line
}

#[allow(clippy::too_many_arguments)]
fn rows(
    lab: &Lab,
    list: &[Pending],
    most: usize,
    all: usize,
    focus: &Focus,
    next: Option<u64>,
    first_event: u64,
    canvas: &Canvas,
    picture: &mut Picture,
) {
    let g = &canvas.glyphs;
    let chosen = list.iter().position(|pending| Some(pending.id) == focus.pending);
    let shown = common::window(list.len(), chosen, most);
    let columns = [Align::Right, Align::Left, Align::Left, Align::Left, Align::Left];
    let mut table = Table::new(&columns).gap(2);
    let base = picture.lines.len();
    for (at, pending) in list[shown.clone()].iter().enumerate() {
        let (kind, who, what) = describe(lab, pending, canvas);
        let mut content = what;
        if Some(pending.id) == next {
            let text = format!("  {} {}", g.chosen, canvas.word("next", "下一个"));
            content = content.span(text, Role::Cursor);
        }
        let new = pending.cause.is_some_and(|cause| cause >= first_event);
        table.row_to(
            vec![
                Line::of(format!("#{}", pending.id), Role::Dim),
                Line::of(due(lab.now(), pending.at), Role::Number),
                Line::of(kind, Role::Strong),
                who,
                content.changed(new, g),
            ],
            Target::Pending(pending.id),
        );
        if chosen == Some(shown.start + at) {
            picture.attention = Some(base + at);
        }
    }
    picture.extend(table.lines(canvas.width, g.ellipsis));
    if all > shown.len() {
        picture.push(more(all - shown.len(), canvas));
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
        Timer::RequestTimeout(id) => return format!("请求 {id} 超时"),
        Timer::Checkpoint => "写 offset checkpoint 文件",
        Timer::LogRetention => "检查日志保留",
        Timer::LogCleaner => "日志清理",
        Timer::FileDelete => "删除 .deleted 文件",
        Timer::LogFlush => "刷盘",
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
        other => return other.to_string(),
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
