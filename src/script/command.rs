//! Every command as a value.
//!
//! The parser makes them, the executor carries them out. Names of Kafka's settings travel as text, as they were
//! written: the cluster judges them.

mod clients;
mod disk;
mod network;
mod nodes;
mod partition;

pub use clients::{ConsumerAct, ProduceCommand, ProducerAct, TransactionAct};
pub use disk::DiskAct;
pub use network::{FetcherAct, MessageAct, MessageTarget, NodeWord};
pub use nodes::{BrokerAct, ClusterCommand, ControllerAct};
pub use partition::PartitionCommand;

use super::expression::Expression;
use crate::clock::Duration;
use crate::types::TopicPartition;

/// Settings by Kafka's dotted names, in the order written.
pub type Configs = Vec<(String, String)>;

/// A broker: an id, or an expression that gives one, such as `coordinator(billing)`.
pub type BrokerReference = Expression;

/// Every command.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// `cluster brokers=3 kafka=4.3 …`
    Cluster(ClusterCommand),
    /// `topic …`
    Topic {
        /// The topic.
        topic: String,
        /// What is done.
        act: TopicAct,
    },
    /// `partition …`
    Partition(PartitionCommand),
    /// `broker add N [rack=]`
    BrokerAdd {
        /// Its id.
        id: u32,
        /// Its rack.
        rack: Option<String>,
    },
    /// `broker config N|all NAME=VALUE … [delete=NAME,…]`
    BrokerConfig {
        /// Of which broker; none: of all.
        broker: Option<u32>,
        /// Name and value; no value: back to what stands behind it.
        configs: Vec<(String, Option<String>)>,
    },
    /// `produce …`
    Produce(Box<ProduceCommand>),
    /// `producer …`
    Producer {
        /// The producer's name.
        name: String,
        /// What is done.
        act: ProducerAct,
    },
    /// `txn …`
    Transaction {
        /// The producer's name.
        producer: String,
        /// What is done.
        act: TransactionAct,
    },
    /// `consumer …`
    Consumer {
        /// The consumer's name.
        name: String,
        /// What is done.
        act: ConsumerAct,
    },
    /// `broker …`
    Broker {
        /// Which one.
        broker: BrokerReference,
        /// What is done.
        act: BrokerAct,
    },
    /// `controller kill|stop|power-off|pause|resume|start [N]`, `controller move N`
    Controller(ControllerAct),
    /// `network cut A B`
    NetworkCut(NodeWord, NodeWord),
    /// `network split N,…`
    NetworkSplit(Vec<u32>),
    /// `network heal [A B]`
    NetworkHeal(Option<(NodeWord, NodeWord)>),
    /// `message deliver|drop|hold|delay …`
    Message {
        /// What is done to it.
        act: MessageAct,
        /// To which.
        target: MessageTarget,
    },
    /// `timer fire ID`
    TimerFire(u64),
    /// `fetcher pause|resume|slow N`
    Fetcher {
        /// Whose fetcher.
        broker: BrokerReference,
        /// What is done.
        act: FetcherAct,
    },
    /// `elect leader T-P type=…`
    ElectLeader {
        /// The partition.
        partition: TopicPartition,
        /// Whether replicas outside the ISR may lead.
        unclean: bool,
    },
    /// `step [n]`
    Step(u64),
    /// `run 600ms`
    Run(Duration),
    /// `until CONDITION [within=…]`
    Until {
        /// What shall hold.
        condition: Expression,
        /// How long to wait at most.
        within: Duration,
    },
    /// `settle [within=…]`
    Settle {
        /// How long to wait at most.
        within: Duration,
    },
    /// `back [n]`
    Back(u64),
    /// `goto STEP`
    Goto(u64),
    /// `branch NAME`
    Branch(String),
    /// `switch NAME`
    Switch(String),
    /// `diff NAME`
    Diff(String),
    /// `lookup T-P offset=N | timestamp=N`
    Lookup {
        /// The partition.
        partition: TopicPartition,
        /// What is looked for.
        target: LookupTarget,
        /// On which broker; the leader by default.
        broker: Option<u32>,
        /// Scan the segment from its start, as if there were no index.
        without_index: bool,
    },
    /// `retention run`
    RetentionRun,
    /// `compact T-P`
    Compact {
        /// Which.
        partition: TopicPartition,
        /// Whether its steps are told.
        steps: bool,
    },
    /// `log flush T-P`
    LogFlush(TopicPartition),
    /// `show …`
    Show(ShowCommand),
    /// `expect CONDITION`
    Expect(Expression),
    /// `predict "question" EXPRESSION`
    Predict {
        /// The question.
        question: String,
        /// What the engine evaluates as the answer.
        answer: Expression,
    },
    /// `fill T count=N …`
    Fill {
        /// The topic.
        topic: String,
        /// The partition.
        partition: u32,
        /// How many records.
        count: u64,
        /// Bytes of each value.
        size: u64,
        /// Over how much time their timestamps are spread.
        over: Option<Duration>,
    },
    /// `start-log T-P at=N`
    StartLog {
        /// The partition.
        partition: TopicPartition,
        /// The first offset.
        at: i64,
    },
    /// `roll T-P`
    Roll {
        /// The partition.
        partition: TopicPartition,
        /// On which broker; the leader by default.
        broker: Option<u32>,
    },
    /// `records delete T-P before=N`
    RecordsDelete {
        /// The partition.
        partition: TopicPartition,
        /// The new log start offset; `-1` is the high watermark.
        before: i64,
    },
    /// `disk …`
    Disk(DiskAct),
    /// `zookeeper expire N`
    ZookeeperExpire(NodeWord),
    /// `zookeeper kill|start|pause|resume`
    ZookeeperProcess(BrokerAct),
    /// `fetch T-P offset=N …`
    Fetch {
        /// The partition.
        partition: TopicPartition,
        /// From where.
        offset: i64,
        /// How many bytes at most.
        max_bytes: Option<u64>,
        /// Version of the request: an old one has the answer converted.
        version: Option<u64>,
        /// The client's rack (KIP-392).
        client_rack: Option<String>,
    },
    /// `files [DIRECTORY] [broker=N]`
    Files {
        /// What stands in this directory only.
        directory: Option<String>,
        /// Of one node only.
        broker: Option<u32>,
    },
    /// `files diff A B`
    FilesDiff(String, String),
    /// `cat FILE`
    Cat(String),
    /// `dump FILE [--kafka or an option of Kafka's dump tool …]`
    Dump {
        /// The file.
        file: String,
        /// Options; with any of them the text is that of Kafka's tool.
        options: Vec<String>,
    },
    /// `crc check T-P [broker=N]`
    CrcCheck {
        /// The partition.
        partition: TopicPartition,
        /// On which broker; the leader by default.
        broker: Option<u32>,
    },
    /// `where`
    Where,
    /// `glossary [WORD]`
    Glossary(Option<String>),
    /// `perf WHAT [seconds=N]`: what is measured, as words
    Perf(String),
    /// `inspect SAMPLE|DIR [WORDS]`: a directory that a real broker wrote
    Inspect,
    /// `help [WORDS]`
    Help(Vec<String>),
    /// `hint`
    Hint,
    /// `goal`
    Goal,
    /// `reset`
    Reset,
}

/// What can be done to a topic.
#[derive(Clone, Debug, PartialEq)]
pub enum TopicAct {
    /// `topic create`
    Create {
        /// How many partitions.
        partitions: Option<i32>,
        /// How many replicas.
        replication_factor: Option<i32>,
        /// The replicas of each partition.
        assignment: Option<Vec<Vec<u32>>>,
        /// Where the rule of the ZooKeeper years begins; then the tool places the replicas, not the controller.
        start_index: Option<usize>,
        /// Settings of the topic.
        configs: Configs,
    },
    /// `topic alter`
    Alter {
        /// How many partitions there shall be.
        partitions: i32,
        /// The replicas of the new partitions.
        assignment: Option<Vec<Vec<u32>>>,
        /// As for `topic create`.
        start_index: Option<usize>,
    },
    /// `topic config`
    Config {
        /// New settings.
        configs: Configs,
    },
    /// `topic delete`
    Delete,
}

/// Where a consumer seeks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookupTarget {
    /// An offset.
    Offset(i64),
    /// The first record at or after a time.
    Timestamp(i64),
}

/// `show KIND …`: a pane as text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShowCommand {
    /// The pane: `cluster`, `log`, ….
    pub kind: &'static str,
    /// A topic, group, producer, path or event.
    pub subject: Option<String>,
    /// A partition.
    pub partition: Option<TopicPartition>,
    /// On which broker.
    pub broker: Option<u32>,
    /// From which offset.
    pub offset: Option<i64>,
}
