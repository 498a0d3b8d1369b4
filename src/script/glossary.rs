//! Every abbreviation and noun that the lab shows, in one sentence, in both languages.

use crate::types::Language;

/// One word.
#[derive(Debug)]
pub struct Entry {
    /// The word.
    pub word: &'static str,
    /// What it means.
    pub english: &'static str,
    /// The same in Chinese.
    pub chinese: &'static str,
}

impl Entry {
    /// The word and its meaning.
    pub fn line(&self, language: Language) -> String {
        format!("{}: {}", self.word, language.pick(self.english, self.chinese))
    }
}

macro_rules! entries {
    ($($word:literal: $english:literal, $chinese:literal;)*) => {
        /// All words, sorted without regard to case.
        pub const ENTRIES: &[Entry] =
            &[$(Entry { word: $word, english: $english, chinese: $chinese }),*];
    };
}

/// The entry of a word, whatever its case.
pub fn explain(word: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.word.eq_ignore_ascii_case(word))
}

entries! {
    "acks": "how many replicas must have a record before the producer is told: 0, 1 or all in-sync ones", "生产者得到答复前须写入的副本数：0、1 或全部同步副本";
    "assignor": "the rule by which a group's partitions are given to its members", "把分区分给消费组成员的规则";
    "batch": "records that are written, sent and stored together under one header", "共用一个头部、一起写入、发送和存储的若干记录";
    "broker": "one Kafka server: it stores partitions and answers clients", "一台 Kafka 服务器：存储分区并响应客户端";
    "committed": "of a record: every in-sync replica has it; of a group: the offset it remembered", "对记录：所有同步副本都已拥有；对消费组：它记住的偏移量";
    "controller": "the node that decides who leads and records it in the metadata log", "决定谁是领导者并写入元数据日志的节点";
    "coordinator": "the broker that leads a group's partition of __consumer_offsets and so manages the group", "领导该组所在 __consumer_offsets 分区、因而管理该组的 broker";
    "ELR": "eligible leader replicas: out of the ISR, yet known to have all committed records (KIP-966)", "合格领导者副本：已不在 ISR，但确知拥有全部已提交记录（KIP-966）";
    "epoch": "the number of a reign: it grows with each new leader, so that an old one is recognised", "任期编号：每有新领导者就增长，用来识别旧领导者";
    "fenced": "known to the cluster but not let in: its session ended or it has not caught up with metadata", "集群知道它，但不让它参与：会话已结束或元数据尚未跟上";
    "follower": "a replica that copies the leader by fetching", "通过拉取来复制领导者的副本";
    "generation": "the number of a group's membership: it grows with each rebalance", "消费组成员关系的编号：每次重平衡都会增长";
    "HW": "high watermark: records below it are committed and may be read", "高水位：其下的记录已提交，可以被读取";
    "index": "a sparse list from offset to position in a segment file", "段文件中从偏移量到位置的稀疏列表";
    "ISR": "in-sync replicas: those that have kept up with the leader, the leader included", "同步副本：跟上领导者的副本，包括领导者自己";
    "KRaft": "Kafka's own quorum of controllers, instead of ZooKeeper", "Kafka 自己的控制器仲裁，取代 ZooKeeper";
    "lag": "how far a reader or a follower is behind", "读者或追随者落后多少";
    "leader": "the replica that takes writes for a partition", "接受某分区写入的副本";
    "LEO": "log end offset: the offset that the next record will get", "日志末端偏移量：下一条记录将得到的偏移量";
    "log": "the records of one partition on one broker, in order, as files", "一个分区在一个 broker 上按序存成文件的记录";
    "LSO": "last stable offset: below it no transaction is open", "最后稳定偏移量：其下没有未完成的事务";
    "offset": "a record's number in its partition", "记录在分区中的编号";
    "partition": "one of the logs that a topic consists of; order holds within it", "组成主题的日志之一；顺序只在其内部成立";
    "position": "of a consumer: the next offset it reads; in a file: a byte", "对消费者：下一个要读的偏移量；对文件：字节位置";
    "rebalance": "a group shares out its partitions anew", "消费组重新分配分区";
    "replica": "one copy of a partition, on one broker", "分区在某个 broker 上的一份副本";
    "segment": "one file of a log with its indexes, named by the first offset", "日志的一个文件及其索引，以首个偏移量命名";
    "session": "how long a node may be silent before it counts as dead", "节点沉默多久就被视为死亡";
    "tombstone": "a record without a value: compaction deletes its key", "没有值的记录：压实时删除该键";
    "topic": "a named stream of records, split into partitions", "有名字的记录流，分为若干分区";
    "unclean": "of an election: the new leader was not in sync, so committed records may be lost", "对选举：新领导者不在同步副本中，可能丢失已提交的记录";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_sorted_and_found_in_any_case() {
        let lower: Vec<String> = ENTRIES.iter().map(|entry| entry.word.to_lowercase()).collect();
        assert!(lower.windows(2).all(|pair| pair[0] < pair[1]), "{lower:?}");
        assert_eq!(explain("isr").map(|entry| entry.word), Some("ISR"));
    }
}
