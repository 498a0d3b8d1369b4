//! Broken promises: the sentences of the invariants, and what is said around them.

use super::Row;

/// The sentence around comes first, then each invariant's own, then the parts of which they are made.
pub(super) const ROWS: &[Row] = &[
    (
        "broken promise {w}: {}; 'show why {#}' tells why",
        "承诺被打破 {}：{~}；'show why {}' 说明原因",
    ),
    ("broken promise {w}: {} (step {#})", "承诺被打破 {}：{~}（第 {} 步）"),
    (
        "{} (in this version a new follower cuts its log at its own high watermark: KIP-101)",
        "{~}（此版本中，新的追随者按自己的高水位截断日志：KIP-101）",
    ),
    (
        "offset {#} of {w} is committed twice with different records: one of leader epoch {#}, and in step {#} another of epoch {#} at broker {#}",
        "{2} 的偏移量 {1} 提交了两次，记录不同：一条属于领导者纪元 {3}，第 {4} 步在 broker {6} 上又有一条属于纪元 {5}",
    ),
    (
        "broker {#} holds another record at offset {#} of {w}, below the high watermark {#}, in step {#}: its own \
         is of leader epoch {#}, the committed one of epoch {#}",
        "第 {5} 步，broker {1} 在 {3} 的偏移量 {2}（高水位 {4} 以下）存着另一条记录：它自己的属于领导者纪元 {6}，已提交的属于纪元 {7}",
    ),
    (
        "group {w} has committed offset {#} of {w}, but the log of the new leader, broker {#}, ends at {#} in step {#}",
        "消费组 {} 已提交 {3} 的偏移量 {2}，但第 {6} 步时新领导者 broker {4} 的日志止于 {5}",
    ),
    (
        "{} of {}, acknowledged to {} with {} in step {#}, gone: {} and {}",
        "丢失了 {2~} 的{1~}：第 {5} 步已向 {3} 确认（{4~}），而 {6~}，{7~}",
    ),
    (
        "offset {#} of {w}, of leader epoch {#}, was committed and is gone: {}, and its log ends at {#}",
        "{2} 的偏移量 {1}（领导者纪元 {3}）已提交，却丢失了：{4~}，其日志止于 {5}",
    ),
    (
        "broker {#} cut {w} to {#} in step {#}, although everything below {#} was committed, and the leader does not have it either",
        "第 {4} 步，broker {1} 把 {2} 截断到 {3}，而 {5} 以下都已提交，领导者也没有这些记录",
    ),
    (
        "controller {#} leads the quorum in epoch {#} since step {#}, and so did controller {#}",
        "控制器 {1} 自第 {3} 步起在纪元 {2} 领导仲裁组，而控制器 {4} 在同一纪元也领导过",
    ),
    (
        "broker {#} went from leader epoch {#} of {w} back to {#} in step {#}",
        "第 {5} 步，broker {1} 从 {3} 的领导者纪元 {2} 退回到 {4}",
    ),
    (
        "broker {#} leads {w} in epoch {#} since step {#}, and so does broker {#} since step {#}",
        "broker {1} 自第 {4} 步起在纪元 {3} 领导 {2}，而 broker {5} 自第 {6} 步起也在同一纪元领导它",
    ),
    (
        "the high watermark of {w} at its leader, broker {#}, went from {#} back to {#} in step {#}",
        "第 {5} 步，{1} 在领导者 broker {2} 上的高水位从 {3} 退回到 {4}",
    ),
    (
        "broker {#} moved the high watermark of {w} to {#} in step {#}, but broker {#}, in the ISR, ends at {}",
        "第 {4} 步，broker {1} 把 {2} 的高水位移到 {3}，但 ISR 中的 broker {5} 止于 {6}",
    ),
    (
        "group {w} committed offset {#} of {w} in step {#}, whose log ends at {#}",
        "第 {4} 步，消费组 {1} 提交了 {3} 的偏移量 {2}，而其日志止于 {5}",
    ),
    (
        "{w} was handed {w} from {#} in step {#}, although {#} was next",
        "第 {4} 步，{1} 得到 {2} 从 {3} 起的记录，而下一条应是 {5}",
    ),
    (
        "{w} was handed {w} from {#} again in step {#}, although it had reached {#}",
        "第 {4} 步，{1} 又得到 {2} 从 {3} 起的记录，而它已读到 {5}",
    ),
    (
        "{w} has two owners in generation {#} of {w} since step {#}: {w} and {w}",
        "自第 {4} 步起，{1} 在消费组 {3} 的第 {2} 代有两个拥有者：{5} 和 {6}",
    ),
    ("{w} from byte {#}: {}", "{} 从字节 {} 起：{~}"),
    ("{w} at byte {#}: {}", "{} 字节 {}：{~}"),
    (
        "entry {#} of the index of {w} (offset {#}) points at byte {#}, which is no batch boundary",
        "{2} 的索引条目 {1}（偏移量 {3}）指向字节 {4}，那里不是批次的开头",
    ),
    (
        "brokers {#} and {#} differ in {w} at offset {#}, below the high watermark {#}",
        "broker {} 与 {} 的 {} 在偏移量 {} 不同，位于高水位 {} 以下",
    ),
    (
        "broker {#} leads in epoch {#} since step {#} ('show why {#}')",
        "broker {1} 自第 {3} 步起在纪元 {2} 任领导者（'show why {4}'）",
    ),
    ("broker {#} leads in epoch {#} since step {#}", "broker {1} 自第 {3} 步起在纪元 {2} 任领导者"),
    (
        "acks=1 (which promises no more than the leader's own log)",
        "acks=1：只保证写入领导者自己的日志",
    ),
    ("its log ends at {#}", "其日志止于 {}"),
    ("has other records there", "那里是别的记录"),
    ("offset {#}", "偏移量 {}"),
    ("offsets {#} to {#}", "偏移量 {} 到 {}"),
    ("{w} (and {#} more batch)", "{}（另有 {} 个批次）"),
    ("{w} (and {#} more batches)", "{}（另有 {} 个批次）"),
];
