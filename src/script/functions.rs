//! The functions of conditions: name, parameters, what they say, what they need.
//!
//! The table is read by the parser (number and kind of arguments), by `help`, by the completion at the prompt, and by a
//! test that asks the executor for every row.

/// What kind of thing an argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// A partition, `orders-0`.
    Partition,
    /// A broker's id, or an expression that gives one.
    Broker,
    /// A topic's name.
    Topic,
    /// A group's name.
    Group,
    /// A client's name, or `admin`.
    Client,
    /// Any word.
    Word,
    /// A number.
    Number,
}

impl Parameter {
    /// How it is written in the usage line.
    pub fn name(self) -> &'static str {
        match self {
            Parameter::Partition => "T-P",
            Parameter::Broker => "B",
            Parameter::Topic => "T",
            Parameter::Group => "G",
            Parameter::Client => "NAME",
            Parameter::Word => "WORD",
            Parameter::Number => "N",
        }
    }
}

/// One function.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// What it takes; the first `required` must be there.
    pub takes: &'static [Parameter],
    /// How many of them must be there.
    pub required: usize,
    /// Arguments by name.
    pub named: &'static [&'static str],
    /// The capability that it takes, when this version lacks it.
    pub needs: Option<&'static str>,
    /// What it says.
    pub english: &'static str,
    /// The same in Chinese.
    pub chinese: &'static str,
}

impl Function {
    /// `leo(T-P[, B])`.
    pub fn usage(&self) -> String {
        let mut text = format!("{}(", self.name);
        for (i, parameter) in self.takes.iter().enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            let optional = i >= self.required;
            let (open, close) = if optional { ("[", "]") } else { ("", "") };
            text.push_str(&format!("{open}{comma}{}{close}", parameter.name()));
        }
        for name in self.named {
            text.push_str(&format!(", {name}=N"));
        }
        text.push(')');
        text
    }
}

/// The function of this name.
pub fn function(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

macro_rules! functions {
    ($($name:ident($($takes:ident),*) $required:literal $([$($named:literal),*])? $(needs $needs:literal)?
        : $english:literal, $chinese:literal;)*) => {
        /// All functions.
        pub const FUNCTIONS: &[Function] = &[$(Function {
            name: stringify!($name),
            takes: &[$(Parameter::$takes),*],
            required: $required,
            named: &[$($($named),*)?],
            needs: [$(Some($needs),)? None][0],
            english: $english,
            chinese: $chinese,
        }),*];
    };
}

functions! {
    leader(Partition) 1: "the leader's broker id, or none", "领导者的 broker 编号，没有则为 none";
    isr(Partition) 1: "the in-sync replicas, a set", "同步副本集合";
    elr(Partition) 1: "the eligible leader replicas (KIP-966), a set", "合格领导者副本集合（KIP-966）";
    last_known_elr(Partition) 1: "the last known eligible leader (KIP-966), a set", "最后已知的合格领导者（KIP-966）";
    replicas(Partition) 1: "the replicas in assignment order, a list", "按分配顺序的副本列表";
    epoch(Partition) 1: "the leader epoch", "领导者纪元";
    hw(Partition, Broker) 1: "the high watermark at the leader, or at a replica", "高水位（领导者的，或某个副本的）";
    leo(Partition, Broker) 1: "the log end offset at the leader, or at a replica", "日志末端偏移量（领导者的，或某个副本的）";
    lso(Partition) 1: "the last stable offset", "最后稳定偏移量";
    log_start(Partition, Broker) 1: "the log start offset", "日志起始偏移量";
    flushed(Partition, Broker) 1: "everything before this offset is on the platter (the recovery point)", "此偏移量之前的内容都已落盘（恢复点）";
    cleaned(Partition, Broker) 1: "whether the cleaner has nothing left to do in a compacted log", "压实日志中清理线程是否已无事可做";
    records(Partition, Broker) 1: "the values in a replica's log, in order", "某副本日志中的值，按顺序";
    keys(Partition, Broker) 1: "the keys in a replica's log, in order", "某副本日志中的键，按顺序";
    offsets(Partition, Broker) 1: "the offsets of all records in a replica's log", "某副本日志中所有记录的偏移量";
    controls(Partition, Broker) 1: "control records as offset:COMMIT or offset:ABORT", "控制记录，写作 偏移量:COMMIT 或 偏移量:ABORT";
    sequences(Partition, Broker) 1: "the base sequence of each batch", "每个批次的起始序号";
    producer_epochs(Partition, Broker) 1: "the producer epoch of each batch", "每个批次的生产者纪元";
    batch_epochs(Partition, Broker) 1: "the leader epoch in each batch", "每个批次中的领导者纪元";
    epochs(Partition, Broker) 1: "leader-epoch-checkpoint as epoch:start_offset", "leader-epoch-checkpoint，写作 纪元:起始偏移量";
    segments(Partition, Broker) 1: "how many segments a replica's log has", "某副本日志的段数";
    segment_bases(Partition, Broker) 1: "the base offsets of the segments", "各日志段的起始偏移量";
    segment_sizes(Partition, Broker) 1: "the sizes of the .log files in bytes", "各 .log 文件的字节数";
    index(Partition, Broker) 1: "per segment the offset index entries offset:position", "各段的偏移量索引项 偏移量:位置";
    index_entries(Partition, Broker) 1: "per segment the number of offset index entries", "各段偏移量索引项的数目";
    time_index(Partition, Broker) 1: "per segment the time index entries timestamp:offset", "各段的时间索引项 时间戳:偏移量";
    offset_at(Partition) 1 ["timestamp"]: "the first offset whose record is at or after a timestamp", "时间戳不早于给定值的第一条记录的偏移量";
    max_timestamp_offset(Partition) 1: "the offset of the greatest timestamp (KIP-734)", "最大时间戳所在的偏移量（KIP-734）";
    scan_from(Partition) 1 ["offset"]: "the byte where a lookup of an offset begins to scan its segment", "查找某偏移量时从段内哪个字节开始扫描";
    found_at(Partition) 1 ["offset"]: "the byte of the segment where a lookup finds an offset", "在段内哪个字节找到某偏移量";
    directory(Partition, Broker) 1: "the name of a replica's directory", "某副本的目录名";
    directories(Broker) 1: "how many partition directories a broker has, Kafka's own topics apart", "某 broker 有几个分区目录（不含 Kafka 自己的主题）";
    file_size(Word) 1: "the bytes of a file as 'files' names it, or none", "某文件的字节数（文件名同 'files'），没有则为 none";
    exists(Topic) 1: "whether the topic is there", "主题是否存在";
    partitions(Topic) 1: "how many partitions the topic has", "主题的分区数";
    reassigning(Partition) 1: "whether a reassignment is under way", "是否正在重新分配副本";
    error(Client) 1: "the outcome of a client's last request; NONE when it was accepted", "客户端上一次请求的结果，成功为 NONE";
    acked_offset(Client) 1 needs "idempotence": "the base offset in the last produce response", "上一次生产响应中的起始偏移量";
    alive(Broker) 1: "whether the broker runs and is not fenced", "broker 是否在运行且未被隔离";
    controller() 0: "the active controller's id", "活动控制器的编号";
    controller_epoch() 0: "the controller epoch of the ZooKeeper era", "ZooKeeper 时代的控制器纪元";
    state(Group) 1: "the group's state: Empty, PreparingRebalance, CompletingRebalance, Stable, Dead", "消费组状态";
    generation(Group) 1: "the group's generation", "消费组的代次";
    members(Group) 1: "the members by client id, a set", "成员集合（按 client id）";
    assignment(Group, Client) 2: "the partitions of a member, a set", "某成员的分区集合";
    assigned(Group, Client) 2: "how many partitions a member has", "某成员的分区数";
    rebalances(Client) 1: "a consumer's rebalance callbacks in order", "消费者的重平衡回调，按顺序";
    rounds(Client) 1: "how often a consumer of 0.8 has begun to rebalance", "0.8 的消费者开始重平衡的次数";
    asked(Client) 1: "how much a consumer of 0.8 has asked ZooKeeper", "0.8 的消费者向 ZooKeeper 提问的次数";
    coordinator(Group) 1: "the broker that coordinates the group", "消费组的协调者 broker";
    committed(Group, Partition) 2: "the committed offset, or none", "已提交的偏移量，没有则为 none";
    lag(Group, Partition) 2: "log end (high watermark) less committed offset", "高水位减去已提交偏移量";
    position(Client, Partition) 2: "the next offset that a consumer will read", "消费者下一条要读的偏移量";
    values(Client) 1: "all values a consumer was handed so far", "消费者至今收到的所有值";
    metric(Word, Broker) 1: "a metric by Kafka's name, of the cluster or of one broker", "按 Kafka 名称取指标：整个集群的，或某个 broker 的";
    violated(Word) 0: "whether an invariant was violated (any, or the one named)", "是否有不变式被破坏";
    scanned(Partition, Broker) 1: "how many segments the broker read through at its last start", "broker 最近一次启动时扫描了几个段";
    inspected(Word) 1: "a field of what the last 'inspect' or 'crc check' brought", "上一次 'inspect' 或 'crc check' 结果中的某个字段";
    metadata_records(Topic) 1: "types of the topic's records in __cluster_metadata", "__cluster_metadata 中该主题的记录类型";
    partition_change(Partition, Number, Word) 3: "a field of the N-th PartitionChangeRecord", "第 N 条 PartitionChangeRecord 的字段";
    last_sequence(Partition, Client) 2 needs "idempotence": "the producer's last sequence in the partition", "生产者在该分区的最后序号";
    producer_epoch(Client) 1 needs "transactions": "the producer's epoch", "生产者纪元";
    txn_state(Word) 1 needs "transactions": "a transaction's state", "事务状态";
    group_epoch(Group) 1 needs "kip848": "the group epoch (KIP-848)", "消费组纪元（KIP-848）";
    member_epoch(Group, Client) 2 needs "kip848": "a member's epoch (KIP-848)", "成员纪元（KIP-848）";
    znode(Word, Word) 1: "a znode's content, or a field of it", "znode 的内容或其中一个字段";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_shows_what_may_be_left_off() {
        assert_eq!(function("leo").unwrap().usage(), "leo(T-P[, B])");
        assert_eq!(function("offset_at").unwrap().usage(), "offset_at(T-P, timestamp=N)");
        assert_eq!(function("controller").unwrap().usage(), "controller()");
    }

    #[test]
    fn names_are_there_once() {
        let mut names: Vec<&str> = FUNCTIONS.iter().map(|f| f.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FUNCTIONS.len());
    }
}
