//! What is wrong with a setting: its value, its place, its time.

use super::Row;

/// By what is asked for; the names of settings stay as they are.
pub(super) const ROWS: &[Row] = &[
    ("{w}={} is too large: at most {#} is taken", "{}={} 太大：至多 {}"),
    ("{w}={} is too small: 0 is the least", "{}={} 太小：最小为 0"),
    ("{w} wants a whole number, not '{}'", "{} 需要整数，而不是 '{}'"),
    ("{w} is true or false, not '{}'", "{} 只能是 true 或 false，而不是 '{}'"),
    ("{w} is PLAINTEXT or SSL, not '{}'", "{} 只能是 PLAINTEXT 或 SSL，而不是 '{}'"),
    (
        "{w} is controller or per-partition, not '{}'",
        "{} 只能是 controller 或 per-partition，而不是 '{}'",
    ),
    ("{w} must be {#} ms or more", "{} 至少为 {} 毫秒"),
    ("{w} must lie between {#} and {#}", "{} 必须在 {} 与 {} 之间"),
    ("{w}={}: a version of Kafka up to {w} is needed", "{}={}：需要不高于 {} 的 Kafka 版本"),
    (
        "{w}={}: a version of Kafka is needed, such as 0.9.0, 0.10.0 or 0.11.0",
        "{}={}：需要 Kafka 版本，例如 0.9.0、0.10.0 或 0.11.0",
    ),
    (
        "{w}={}: a whole number from {#} on is needed, for example offset={#}",
        "{}={}：需要不小于 {} 的整数，例如 offset={}",
    ),
    ("{w}={}: a whole number from {#} on is needed", "{}={}：需要不小于 {} 的整数"),
    ("{w}={}: a whole number from {#} to {#} is needed", "{}={}：需要 {} 到 {} 的整数"),
    ("{w}={}: a whole number from {#} is needed", "{}={}：需要不小于 {} 的整数"),
    ("{w}={}: a number from 0 to 1 is needed", "{}={}：需要 0 到 1 的数"),
    ("{w}={}: a number is needed", "{}={}：需要一个数"),
    ("{w}={}: true or false is needed", "{}={}：需要 true 或 false"),
    ("{w}={}: bytes a second from 0 on are needed", "{}={}：需要每秒字节数，不小于 0"),
    ("{w}={}: CreateTime or LogAppendTime is needed", "{}={}：需要 CreateTime 或 LogAppendTime"),
    ("{w}={}: compact, delete or both are needed", "{}={}：需要 compact、delete 或两者"),
    (
        "{w}={}: producer, uncompressed, gzip, snappy, lz4 or zstd is needed",
        "{}={}：需要 producer、uncompressed、gzip、snappy、lz4 或 zstd",
    ),
    ("{w}={}: {} is needed", "{}={}：需要 {~}"),
    ("{w}={}: {} are needed", "{}={}：需要 {~}"),
    ("{w}={}: the consumer of 0.8 has only range here", "{}={}：0.8 的消费者在这里只有 range"),
    ("{w}={}: a whole number of {#} to {#} is expected", "{}={}：应为 {} 到 {} 的整数"),
    ("{w}={}: true or false is expected", "{}={}：应为 true 或 false"),
    (
        "{w}={}: idempotent producers are not built yet; leave it at false",
        "{}={}：尚未实现幂等生产者；请保持 false",
    ),
    (
        "{w}={}: one of 0, 1, all is expected (or, in 0.8, a number of copies)",
        "{}={}：应为 0、1、all 之一（0.8 中也可以是副本数）",
    ),
    (
        "{w}={}: one of none, gzip, snappy, lz4, zstd is expected",
        "{}={}：应为 none、gzip、snappy、lz4、zstd 之一",
    ),
    ("{w}={}: a level of {#} to {#} is expected", "{}={}：应为 {} 到 {} 的级别"),
    (
        "{w}={}: default or RoundRobinPartitioner is expected",
        "{}={}：应为 default 或 RoundRobinPartitioner",
    ),
    (
        "{w}={}: one of earliest, latest, none is expected",
        "{}={}：应为 earliest、latest、none 之一",
    ),
    (
        "{w}={}: range and roundrobin are expected (sticky and cooperative-sticky are not built yet)",
        "{}={}：应为 range 或 roundrobin（尚未实现 sticky 与 cooperative-sticky）",
    ),
    (
        "{w}={}: read_uncommitted or read_committed is expected",
        "{}={}：应为 read_uncommitted 或 read_committed",
    ),
    (
        "{w}={}: classic, or registry (the consumer of 0.8), is expected",
        "{}={}：应为 classic，或 registry（0.8 的消费者）",
    ),
    ("{w}={}: zookeeper or kafka is expected", "{}={}：应为 zookeeper 或 kafka"),
    ("'{w}' is a setting of 0.8; today it is '{w}'", "'{}' 是 0.8 的配置；现在叫 '{}'"),
    (
        "'{w}' is a setting of the consumer of 0.8: kafka=0.8.2 has it, and group.protocol=registry in 0.9.0 and 0.10.2",
        "'{}' 是 0.8 消费者的配置：kafka=0.8.2 有它，0.9.0 与 0.10.2 中用 group.protocol=registry",
    ),
    (
        "'{w}' is a setting of newer consumers; that of 0.8 has zookeeper.session.timeout.ms",
        "'{}' 是较新消费者的配置；0.8 的消费者用 zookeeper.session.timeout.ms",
    ),
    (
        "'{w}' is a setting of newer consumers, not of that of 0.8",
        "'{}' 是较新消费者的配置，0.8 的消费者没有",
    ),
    ("brokers={#} is out of range: take 1 to {#}", "brokers={} 超出范围：取 1 到 {}"),
    (
        "controllers={#} is out of range: take 1 to {#}, 3 or 5 to survive one or two",
        "controllers={} 超出范围：取 1 到 {}；3 或 5 可容忍一个或两个失效",
    ),
    (
        "coordination=zookeeper: ZooKeeper is gone since Kafka 4.0 (KIP-500), and this is kafka {w}: leave it out, or take kafka=3.9",
        "coordination=zookeeper：Kafka 4.0 起已没有 ZooKeeper（KIP-500），而这是 kafka {}：请去掉，或取 kafka=3.9",
    ),
    (
        "controllers={#}: in this cluster of kafka {w} ZooKeeper coordinates, and one of the brokers is the \
         controller; leave it out, or take kafka=4.3 for a quorum (or kafka=3.9 coordination=kraft)",
        "controllers={}：在这个 kafka {} 集群中由 ZooKeeper 协调，控制器是其中一个 broker；请去掉，或取 kafka=4.3 使用仲裁组（或 kafka=3.9 coordination=kraft）",
    ),
    (
        "group.protocol=registry lives in ZooKeeper, and this cluster has none",
        "group.protocol=registry 依赖 ZooKeeper，而这个集群没有",
    ),
    (
        "Kafka {w} has no consumer with a registry in ZooKeeper: 0.8.2, 0.9.0 and 0.10.2 have (removed in 2.0)",
        "Kafka {} 没有在 ZooKeeper 中注册的消费者：0.8.2、0.9.0 与 0.10.2 有（2.0 中移除）",
    ),
    (
        "topic name '{}' is not allowed: it may not be empty, '.' or '..'",
        "主题名 '{}' 不允许：不能为空，也不能是 '.' 或 '..'",
    ),
    ("topic name has {#} characters, 249 at most are allowed", "主题名有 {} 个字符，至多 249 个"),
    (
        "topic name '{}' may hold only ASCII letters, digits, '.', '_' and '-'",
        "主题名 '{}' 只能含 ASCII 字母、数字、'.'、'_' 和 '-'",
    ),
    (
        "{} must be the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],…",
        "{} 必须是 '*'，或形如 [partitionId]:[brokerId],… 的副本列表",
    ),
    (
        "settings of all brokers cannot be changed here: give them to 'cluster'",
        "这里不能修改所有 broker 的配置：请在 'cluster' 中给出",
    ),
];
