//! Topics, producers, consumers: what makes and reads records.

use crate::script::configs::Scope;
use crate::script::form::Kind::*;
use crate::script::form::{Form, Slot, may, must};

const T_P: &[Slot] = &[must("partition", Partition)];
const PRODUCER: &[Slot] = &[must("name", Producer)];
const CONSUMER: &[Slot] = &[must("name", Consumer)];

/// The rows.
pub const FORMS: &[Form] = &[
    Form::new(
        "cluster",
        &[],
        &[
            may("brokers", Positive),
            may("controllers", Positive),
            may("kafka", Text),
            may("coordination", Choice(&["kraft", "zookeeper"])),
            may("seed", Count),
        ],
        "Begins a cluster: brokers 1, 2, … and controllers 3001, ….",
        "新建集群：broker 编号 1、2……，控制器编号 3001……。",
        "cluster brokers=3 kafka=4.3 seed=7 replica.lag.time.max.ms=10000",
    )
    .with(Scope::Broker),
    Form::new(
        "topic create",
        &[must("topic", Topic)],
        &[
            may("partitions", Integer),
            may("replication-factor", Integer),
            may("assignment", Assignment),
            may("start-index", Count),
        ],
        "Creates a topic; start-index= places its replicas by the rule of the ZooKeeper years.",
        "创建主题；start-index= 按 ZooKeeper 时代的规则放置副本。",
        "topic create orders partitions=3 replication-factor=3 assignment=1:2:3,2:3:1,3:1:2 min.insync.replicas=2",
    )
    .with(Scope::Topic),
    Form::new(
        "topic alter",
        &[must("topic", Topic)],
        &[
            must("partitions", Integer),
            may("assignment", Assignment),
            may("start-index", Count),
        ],
        "Gives a topic more partitions; assignment= is for the new ones.",
        "增加主题的分区；assignment= 只用于新分区。",
        "topic alter orders partitions=6",
    ),
    Form::new(
        "topic config",
        &[must("topic", Topic)],
        &[],
        "Changes settings of a topic.",
        "修改主题的配置。",
        "topic config orders retention.ms=60000",
    )
    .with(Scope::Topic),
    Form::new(
        "topic delete",
        &[must("topic", Topic)],
        &[],
        "Deletes a topic.",
        "删除主题。",
        "topic delete orders",
    ),
    Form::new(
        "partition reassign",
        T_P,
        &[must("replicas", Nodes), may("throttle", Positive)],
        "Moves a partition to other replicas, with throttle= at so many bytes a second (KIP-73); 'until not \
         reassigning(T-P)' waits for the copies, 'show reassignments' tells how far they are.",
        "把分区迁移到其他副本，throttle= 限制每秒字节数（KIP-73）；用 'until not reassigning(T-P)' 等待复制完成，\
         'show reassignments' 显示进度。",
        "partition reassign orders-0 replicas=2,3,4 throttle=500000",
    ),
    Form::new(
        "partition reassign verify",
        T_P,
        &[],
        "Tells whether a reassignment is complete, and takes the throttles away if it is.",
        "报告重新分配是否完成；完成后移除限速。",
        "partition reassign verify orders-0",
    ),
    Form::new(
        "partition plan",
        &[must("topic", Topic)],
        &[must("brokers", Nodes), may("start-index", Count)],
        "Where the partitions of a topic would lie on these brokers, what would move, and the commands for it.",
        "主题的分区在这些 broker 上会怎样放置、要搬动什么，以及相应的命令。",
        "partition plan orders brokers=1,2,3,4,5,6",
    ),
    Form::new(
        "partition reassign cancel",
        T_P,
        &[],
        "Takes a reassignment back that is under way (KIP-455).",
        "取消正在进行的重新分配（KIP-455）。",
        "partition reassign cancel orders-0",
    ),
    Form::new(
        "produce",
        &[must("topic", Topic)],
        &[
            may("producer", Producer),
            may("key", Value),
            may("value", Value),
            may("partition", Count),
            may("headers", Headers),
            may("timestamp", Integer),
            may("timestamp.step", Integer),
            may("count", Positive),
            may("size", Count),
            may("every", Duration),
            may("sequence", Count),
            may("producer_epoch", Count),
        ],
        "Writes records; without producer= by a fresh producer without retries.",
        "写入记录；不给 producer= 时使用一个全新的、不重试的生产者。",
        "produce orders key=alice value=\"3 apples\" acks=all",
    )
    .with(Scope::Producer),
    Form::new(
        "producer start",
        PRODUCER,
        &[],
        "Starts a producer that keeps its state between commands.",
        "启动一个在命令之间保持状态的生产者。",
        "producer start p1 acks=all linger.ms=5 batch.size=16384",
    )
    .with(Scope::Producer),
    Form::new(
        "producer stop",
        PRODUCER,
        &[],
        "Flushes and closes a producer.",
        "刷新并关闭生产者。",
        "producer stop p1",
    ),
    Form::new(
        "producer kill",
        PRODUCER,
        &[],
        "The producer's process dies; what it had not sent is gone.",
        "生产者进程突然死亡，未发送的内容丢失。",
        "producer kill p1",
    ),
    Form::new(
        "producer pause",
        PRODUCER,
        &[],
        "The producer's process freezes.",
        "冻结生产者进程。",
        "producer pause p1",
    )
    .later("transactions"),
    Form::new(
        "producer resume",
        PRODUCER,
        &[],
        "A frozen producer goes on.",
        "恢复被冻结的生产者。",
        "producer resume p1",
    )
    .later("transactions"),
    Form::new(
        "txn begin",
        PRODUCER,
        &[],
        "Begins a transaction.",
        "开始事务。",
        "txn begin p1",
    )
    .later("transactions"),
    Form::new(
        "txn commit",
        PRODUCER,
        &[],
        "Commits a transaction.",
        "提交事务。",
        "txn commit p1",
    )
    .later("transactions"),
    Form::new(
        "txn abort",
        PRODUCER,
        &[],
        "Aborts a transaction.",
        "中止事务。",
        "txn abort p1",
    )
    .later("transactions"),
    Form::new(
        "txn offsets",
        PRODUCER,
        &[must("consumer", Consumer)],
        "Commits a group's offsets inside a transaction.",
        "在事务中提交消费组的偏移量。",
        "txn offsets p1 consumer=c1 inbox-0=1",
    )
    .with(Scope::Offsets)
    .later("transactions"),
    Form::new(
        "consumer start",
        CONSUMER,
        &[
            may("group", Group),
            may("topics", Topics),
            may("assign", Partitions),
            may("paused", Bool),
        ],
        "Starts a consumer: in a group (topics=) or with partitions given by hand (assign=).",
        "启动消费者：加入消费组（topics=）或手动指定分区（assign=）。",
        "consumer start c1 group=billing topics=orders auto.offset.reset=earliest",
    )
    .with(Scope::Consumer),
    Form::new(
        "consumer stop",
        CONSUMER,
        &[],
        "The consumer leaves its group and closes.",
        "消费者离开消费组并关闭。",
        "consumer stop c1",
    ),
    Form::new(
        "consumer kill",
        CONSUMER,
        &[],
        "The consumer's process dies; its group learns of it by the session timeout.",
        "消费者进程突然死亡，消费组要等会话超时才知道。",
        "consumer kill c1",
    ),
    Form::new(
        "consumer pause",
        CONSUMER,
        &[],
        "The consumer polls no more.",
        "消费者停止轮询。",
        "consumer pause c1",
    ),
    Form::new(
        "consumer resume",
        CONSUMER,
        &[],
        "A paused consumer polls again.",
        "暂停的消费者恢复轮询。",
        "consumer resume c1",
    ),
    Form::new(
        "consumer poll",
        CONSUMER,
        &[may("max", Positive)],
        "One poll.",
        "轮询一次。",
        "consumer poll c1 max=10",
    ),
    Form::new(
        "consumer commit",
        &[must("name", Consumer), may("partition", Partition)],
        &[may("offset", Count)],
        "Commits the positions, or one offset of one partition.",
        "提交当前位置，或某个分区的指定偏移量。",
        "consumer commit c1 orders-0 offset=7",
    ),
    Form::new(
        "consumer seek",
        &[must("name", Consumer), must("partition", Partition)],
        &[may("offset", Count), may("timestamp", Integer)],
        "Moves the position to an offset, or to the first record at or after a time.",
        "把位置移到某个偏移量，或不早于某时间的第一条记录。",
        "consumer seek c1 orders-0 offset=5",
    ),
    Form::new(
        "fill",
        &[must("topic", Topic)],
        &[
            must("count", Positive),
            may("size", Count),
            may("over", Duration),
            may("partition", Count),
        ],
        "Writes many records in one step.",
        "一步写入大量记录。",
        "fill orders count=368769 size=100 over=72h",
    ),
    Form::new(
        "start-log",
        T_P,
        &[must("at", Count)],
        "Lets an empty partition begin at an offset.",
        "让空分区从某个偏移量开始。",
        "start-log orders-0 at=368769",
    ),
    Form::new(
        "records delete",
        T_P,
        &[must("before", Integer)],
        "Forgets the records before an offset; -1 is the high watermark.",
        "删除某偏移量之前的记录；-1 表示高水位。",
        "records delete orders-0 before=4",
    ),
];
