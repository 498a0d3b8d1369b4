//! The invariants by name, with what they promise.

use crate::types::Language;

/// How serious it is when it does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A promise is broken.
    Promise,
    /// Kafka allows it, and yet somebody should know.
    Finding,
}

/// Something that must always hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invariant {
    /// Its name, as `violated(NAME)` asks for it.
    pub name: &'static str,
    /// How serious it is when it does not hold.
    pub kind: Kind,
    english: &'static str,
    chinese: &'static str,
}

impl Invariant {
    /// What it promises.
    pub fn sentence(&self, language: Language) -> &'static str {
        language.pick(self.english, self.chinese)
    }
}

const fn promise(name: &'static str, english: &'static str, chinese: &'static str) -> Invariant {
    Invariant { name, kind: Kind::Promise, english, chinese }
}

/// All of them.
pub const INVARIANTS: &[Invariant] = &[
    promise(
        "one-leader-per-epoch",
        "a partition has at most one leader in each leader epoch",
        "一个分区在每个领导者纪元里至多有一个领导者",
    ),
    promise(
        "epochs-never-go-back",
        "a partition's leader epoch never goes back",
        "分区的领导者纪元从不倒退",
    ),
    promise(
        "high-watermark-within-isr",
        "the high watermark never passes the least log end of the in-sync replicas",
        "高水位从不超过同步副本中最小的日志末端",
    ),
    promise(
        "high-watermark-never-goes-back",
        "a leader's high watermark never goes back",
        "领导者的高水位从不倒退",
    ),
    promise(
        "no-lost-write",
        "what a producer was told is written (acks 1 or all) stays readable",
        "生产者被告知已写入的内容（acks=1 或 all）始终可读",
    ),
    promise(
        "no-committed-record-cut",
        "a replica never cuts a committed record, a new leader never lacks one",
        "副本从不截掉已提交的记录，新领导者从不缺少它们",
    ),
    promise(
        "logs-agree",
        "the replicas of a partition agree below the high watermark",
        "分区的各副本在高水位以下一致",
    ),
    promise(
        "no-skip",
        "a consumer is handed every record from its position on, none is left out",
        "消费者从其位置起逐条得到记录，不会漏掉",
    ),
    promise(
        "no-non-monotonic-poll",
        "a consumer that did not seek is never handed an older record again within one assignment",
        "没有 seek 的消费者在一次分配之内不会再次得到更早的记录",
    ),
    promise(
        "one-owner-per-generation",
        "a partition has one owner in each generation of a group, as one coordinator counts them",
        "每个分区在消费组的每一代里只有一个拥有者（以同一协调者的计数为准）",
    ),
    Invariant {
        name: "committed-offset-within-log",
        kind: Kind::Finding,
        english: "a committed offset lies within the log (a finding: Kafka allows it to lie beyond)",
        chinese: "已提交的偏移量在日志之内（仅为提示：Kafka 允许它超出）",
    },
    promise(
        "one-quorum-leader-per-epoch",
        "the quorum of controllers has at most one leader in each epoch",
        "控制器仲裁在每个 epoch 里至多有一个 leader",
    ),
    promise(
        "index-at-batch-boundary",
        "every index entry points at the beginning of a batch",
        "每个索引条目都指向批次的开头",
    ),
    promise(
        "bytes-decode",
        "the bytes of every file decode to what was appended, checksums included",
        "每个文件的字节都能解码成写入的内容，校验和正确",
    ),
];

/// Whether a name stands for a finding.
pub(super) fn is_finding(name: &str) -> bool {
    INVARIANTS.iter().any(|known| known.name == name && known.kind == Kind::Finding)
}
