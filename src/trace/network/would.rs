//! What a pending happening would do, in one sentence: told for the one that is chosen, before it happens.

use crate::cluster::{Happening, Lab, NodeState, Pending};
use crate::protocol::{Body, Request, Response, Timer};
use crate::trace::common;
use crate::types::{Language, NodeId, TopicPartition};

/// One sentence.
pub(super) fn would(lab: &Lab, pending: &Pending, language: Language) -> String {
    let zh = language == Language::Chinese;
    let name = |node: NodeId| common::node_name(lab, node);
    match &pending.happening {
        Happening::Deliver { from, to, message } => {
            let (from, to) = (name(*from), name(*to));
            match lab.cluster().state(pending.happening.node()) {
                NodeState::Alive => {}
                NodeState::Paused if zh => {
                    return format!("{to} 已冻结：消息会在它的 socket 中等待");
                }
                NodeState::Paused => {
                    return format!("{to} is frozen: the message would wait in its socket");
                }
                _ if zh => return format!("{to} 不在：消息丢失，{from} 得知连接断开"),
                _ => {
                    return format!(
                        "{to} is not there: lost, and {from} learns that the connection broke"
                    );
                }
            }
            match &message.body {
                Body::Request(request) => of_request(lab, request, &from, &to, pending, zh),
                Body::Response(response) => of_response(response, &to, zh),
            }
        }
        Happening::Timer { node, timer } => of_timer(timer, &name(*node), zh),
        Happening::Disconnected { node, peer } => match zh {
            true => format!("{} 得知与 {} 的连接断开，放弃在途的请求", name(*node), name(*peer)),
            false => {
                let (node, peer) = (name(*node), name(*peer));
                format!(
                    "{node} learns that the connection to {peer} broke, and gives up what it asked there"
                )
            }
        },
        Happening::Start(node) => match zh {
            true => format!("{} 的进程启动，打开它的日志", name(*node)),
            false => format!("the process of {} begins and opens its logs", name(*node)),
        },
        Happening::Walk => match zh {
            true => "查找前进一步".into(),
            false => "the lookup takes its next step".into(),
        },
    }
}

fn log_end(lab: &Lab, node: NodeId, partition: &TopicPartition) -> Option<i64> {
    let replica = lab.cluster().broker(node)?.replicas.get(partition)?;
    Some(replica.log_end_offset().0)
}

fn of_request(
    lab: &Lab,
    request: &Request,
    from: &str,
    to: &str,
    pending: &Pending,
    zh: bool,
) -> String {
    match request {
        Request::Produce(r) => {
            let bytes: usize = r.partitions.iter().map(|(_, records)| records.len()).sum();
            match (r.acks, zh) {
                (0, false) => format!("{to} appends {bytes} bytes and answers nothing"),
                (0, true) => format!("{to} 追加 {bytes} 字节，不作应答"),
                (1, false) => format!("{to} appends {bytes} bytes and answers at once"),
                (1, true) => format!("{to} 追加 {bytes} 字节并立即应答"),
                (_, false) => {
                    format!("{to} appends {bytes} bytes and answers once the whole ISR has them")
                }
                (_, true) => format!("{to} 追加 {bytes} 字节，待整个 ISR 都有后才应答"),
            }
        }
        Request::Fetch(r) => {
            let Some(first) = r.partitions.first() else {
                return match zh {
                    true => format!("{to} 应答一次空的 fetch"),
                    false => format!("{to} answers an empty fetch"),
                };
            };
            let (partition, offset) = (&first.partition, first.fetch_offset);
            let all = r.partitions.len();
            let more = match (all, zh) {
                (0 | 1, _) => String::new(),
                (_, true) => format!("（另有 {} 个分区）", all - 1),
                (_, false) => format!(" (and {} more partitions)", all - 1),
            };
            let end = log_end(lab, pending.happening.node(), partition).unwrap_or(offset.0);
            match (end > offset.0, zh) {
                (true, false) => format!(
                    "{to} learns that {from} has {partition} before {offset}, and sends {offset} to {}{more}",
                    end - 1
                ),
                (true, true) => format!(
                    "{to} 得知 {from} 已有 {partition} 的 {offset} 之前，并发送 {offset} 到 {}{more}",
                    end - 1
                ),
                (false, false) => format!(
                    "{to} learns that {from} has {partition} before {offset}; nothing new to send, so the fetch waits{more}"
                ),
                (false, true) => format!(
                    "{to} 得知 {from} 已有 {partition} 的 {offset} 之前；没有新数据，fetch 等待{more}"
                ),
            }
        }
        Request::AlterPartition(r) => {
            let isr = r.partitions.first().map(|p| {
                let isr: Vec<NodeId> = p.new_isr.iter().map(|(node, _)| *node).collect();
                format!("{} {}", p.partition, common::set(&isr))
            });
            let isr = isr.unwrap_or_default();
            match zh {
                true => format!("{to} 决定 ISR：{isr}"),
                false => format!("{to} decides on a new ISR: {isr}"),
            }
        }
        Request::BrokerHeartbeat(_) => match zh {
            true => format!("{to} 得知 {from} 存活：会话重新计时"),
            false => format!("{to} hears that {from} lives: its session begins anew"),
        },
        _ => match zh {
            true => format!("{to} 处理并应答 {from}"),
            false => format!("{to} carries it out and answers {from}"),
        },
    }
}

fn of_response(response: &Response, to: &str, zh: bool) -> String {
    match response {
        Response::Fetch(r) => {
            let bytes: usize = r.partitions.iter().map(|p| p.records.len()).sum();
            let mark = r.partitions.first().map_or(0, |p| p.high_watermark.0);
            let bad = r.partitions.iter().find(|p| !p.error.is_none());
            match (bad, bytes, zh) {
                (Some(bad), _, false) => {
                    format!("{to} learns {}: {}", bad.error.name(), bad.partition)
                }
                (Some(bad), _, true) => {
                    format!("{to} 得知 {}：{}", bad.error.name(), bad.partition)
                }
                (None, 0, false) => {
                    format!("{to} learns the high watermark {mark}; no bytes come along")
                }
                (None, 0, true) => format!("{to} 得知高水位 {mark}；没有字节"),
                (None, _, false) => {
                    format!("{to} takes {bytes} bytes and learns the high watermark {mark}")
                }
                (None, _, true) => format!("{to} 收下 {bytes} 字节并得知高水位 {mark}"),
            }
        }
        Response::Produce(r) => match (r.partitions.iter().find(|p| !p.error.is_none()), zh) {
            (Some(bad), false) => {
                format!("{to} learns that {} was refused: {}", bad.partition, bad.error.name())
            }
            (Some(bad), true) => {
                format!("{to} 得知 {} 被拒绝：{}", bad.partition, bad.error.name())
            }
            (None, false) => format!("{to} learns that its records were taken"),
            (None, true) => format!("{to} 得知记录已被接受"),
        },
        _ if zh => format!("{to} 得到应答"),
        _ => format!("{to} has its answer"),
    }
}

fn of_timer(timer: &Timer, node: &str, zh: bool) -> String {
    let (english, chinese) = match timer {
        Timer::BrokerHeartbeat => ("tells the controller that it lives", "向 controller 报告存活"),
        Timer::IsrCheck => (
            "takes followers that have not caught up for replica.lag.time.max.ms out of the ISR",
            "把超过 replica.lag.time.max.ms 未追上的 follower 移出 ISR",
        ),
        Timer::SessionCheck => (
            "fences brokers that were silent for longer than their session",
            "隔离沉默时间超过会话的 broker",
        ),
        Timer::FetcherBackoff(_) => ("fetches again", "再次拉取"),
        Timer::DelayedFetch(_) => {
            ("answers the waiting fetch with what there is", "用现有数据应答等待中的 fetch")
        }
        Timer::DelayedProduce(_) => (
            "gives up waiting for the ISR: the producer gets REQUEST_TIMED_OUT",
            "不再等待 ISR：producer 得到 REQUEST_TIMED_OUT",
        ),
        Timer::RequestTimeout(_) => (
            "gives up what has had no answer for too long; what was answered in time is past",
            "放弃太久没有应答的请求；按时应答的不受影响",
        ),
        Timer::GroupSession { .. } => {
            ("throws the silent member out of the group", "把沉默的成员移出消费组")
        }
        Timer::LeaderBalance => (
            "moves leadership back to preferred replicas where too many have strayed",
            "把偏离过多的 leader 移回首选副本",
        ),
        _ => {
            return match zh {
                true => format!("{node}：{}", super::in_chinese(timer)),
                false => format!("{node}: {timer}"),
            };
        }
    };
    match zh {
        true => format!("{node} {chinese}"),
        false => format!("{node} {english}"),
    }
}
