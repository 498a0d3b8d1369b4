//! The Chinese texts of `--help`: what each command does, what each argument is, and what stands below.

/// What each command does, by its words behind `klab`.
pub const ABOUTS: &[(&str, &str)] = &[
    ("", "让 Apache Kafka 看得见的学习实验室：一个进程中的真实集群，一次一个事件。"),
    ("lesson", "播放一课，或列出所有课程"),
    ("run", "执行脚本，不用界面"),
    ("sandbox", "三个 broker 的集群和命令行；没有界面时从标准输入读取命令"),
    ("check", "检查课程是否名副其实"),
    ("inspect", "打开真实 broker 的文件，只读"),
    ("perf", "在这台机器上做小而诚实的测量：zero-copy、sequential、batching、compression、index"),
    ("simulate", "随机播放故障日程，每分钟数千个，寻找被打破的承诺"),
    ("dump", "像 Kafka 自己的 dump 工具那样打印日志目录中的文件"),
    ("recover", "在 broker 目录的副本上做它下次启动时会做的事，并说明每一步"),
    ("fidelity", "做了哪些简化，为什么"),
    ("eras", "Kafka 的哪个版本适用哪些规则，哪些默认值变过"),
    ("glossary", "词语与缩写的含义"),
    ("completions", "打印 shell 的补全脚本"),
    ("help", "显示帮助，或某个命令的帮助"),
];

/// What each argument is: the command (empty: every command), the argument's name, the text.
pub const ARGUMENTS: &[(&str, &str, &str)] = &[
    ("", "help", "显示帮助"),
    ("", "version", "显示版本"),
    ("", "seed", "随机数的种子：种子相同，过程相同"),
    ("", "dir", "集群文件放在哪里：新的或空的目录"),
    ("", "keep", "程序结束时保留集群的文件"),
    ("", "lang", "文字与标签的语言 [默认：取自环境]"),
    ("", "ascii", "只用 ASCII 记号"),
    ("", "no_color", "不用颜色（NO_COLOR 同样有效）"),
    ("", "plain", "不用界面：逐行文本，适合管道或屏幕朗读"),
    ("lesson", "id", "课程的 id，或它的开头；不给则列出课程"),
    ("lesson", "list", "列出课程和学习进度"),
    ("lesson", "play", "自动播放：由引擎回答问题，学习进度不变"),
    ("lesson", "speed", "与 --play 同用：每秒事件数，0.01 到 1000 [默认：1]"),
    ("lesson", "json", "输出 JSON 而非文本"),
    ("lesson", "lessons", "读取某目录中的课程，而非程序自带的"),
    ("run", "file", "脚本；- 表示标准输入"),
    ("run", "json", "以 JSON 行输出事件与结果"),
    ("run", "echo", "在应答之前打印每条命令"),
    ("run", "compare", "同一脚本在二到四个集群中并排执行，集群只差 `cluster` 的一项配置"),
    ("run", "strict", "不变式被破坏即失败"),
    ("run", "no_close", "与 --keep 同用：保持文件原样，如同结束时全部断电"),
    ("sandbox", "from", "从脚本开始：停在承诺被打破的那一步，或脚本结尾"),
    (
        "sandbox",
        "compare",
        "两个集群并排，只差 `cluster` 的一项配置：kafka=0.10.2,4.3、brokers=1,3",
    ),
    ("check", "id", "某一课；不给则全部"),
    ("check", "update", "重新记录课程文件中命令的输出"),
    ("check", "lessons", "检查某目录中的课程，而非程序自带的"),
    ("inspect", "directory", "目录；与 --sample 同用时为样本名"),
    ("inspect", "words", "看其中的什么，见下"),
    ("inspect", "sample", "按名字打开附带的真实目录"),
    ("inspect", "list_samples", "列出附带的目录"),
    ("inspect", "follow", "逐行报告运行中的 broker 新写入的内容，直到 Ctrl-C"),
    ("inspect", "json", "输出 JSON 而非文本"),
    ("perf", "experiment", "测量什么"),
    ("perf", "seconds", "大约测量多久，0.1 到 600 [默认：8]"),
    ("perf", "json", "输出 JSON 而非表格"),
    ("simulate", "seeds", "从 --seed 起多少个种子"),
    ("simulate", "steps", "每个日程的步数"),
    ("simulate", "kafka", "版本，`klab eras` 所列之一"),
    ("simulate", "configs", "一项配置（可多次给出）"),
    ("simulate", "faults", "发生哪些故障，用逗号分隔"),
    ("simulate", "threads", "线程数 [默认：每个核心一个]"),
    ("simulate", "save", "把能再次打破承诺的脚本存到哪里；FILE.md 存为课程，例如 b90-lost.md"),
    ("simulate", "json", "输出 JSON 而非文本"),
    ("dump", "paths", "文件或目录"),
    ("dump", "files", "用逗号分隔的文件，与 Kafka 的工具相同"),
    ("dump", "print_data_log", "打印键和值"),
    ("dump", "deep_iteration", "打印每条记录，而不只是每个批次"),
    ("dump", "skip_record_metadata", "只打印键和值，不含偏移量与大小"),
    ("dump", "index_sanity_check", "只说明索引能否通过 broker 的检查"),
    ("dump", "verify_index_only", "检查索引而不打印"),
    ("dump", "offsets_decoder", "按 __consumer_offsets 的记录解码"),
    ("dump", "transaction_log_decoder", "按 __transaction_state 的记录解码"),
    ("dump", "cluster_metadata_decoder", "按 __cluster_metadata 的记录解码"),
    ("dump", "share_group_state_decoder", "按 __share_group_state 的记录解码"),
    ("dump", "remote_log_metadata_decoder", "按 __remote_log_metadata 的记录解码"),
    ("dump", "max_bytes", "每个日志至多读这么多字节"),
    ("dump", "max_message_size", "索引条目可以指向的最大批次"),
    ("dump", "key_decoder_class", "只认 Kafka 的 StringDecoder：klab 没有 JVM"),
    ("dump", "value_decoder_class", "只认 Kafka 的 StringDecoder：klab 没有 JVM"),
    ("dump", "json", "输出 JSON，每行一个对象"),
    ("recover", "directories", "日志目录，或包含日志目录的文件夹"),
    ("recover", "to", "副本放在哪里：新的或空的目录"),
    ("recover", "kafka", "启动的 broker 的版本，`klab eras` 所列之一"),
    ("recover", "settings", "某个主题或全部主题的配置，若不是 Kafka 的默认值（可多次给出）"),
    ("recover", "node_id", "启动的 broker 的 node.id [默认：meta.properties 所写]"),
    ("recover", "metadata", "含控制器元数据日志的日志目录，若 DIR 中没有"),
    ("recover", "now", "启动时的时钟，1970 年以来的毫秒数：生产者据此过期 [默认：现在]"),
    ("recover", "json", "输出 JSON 行而非文本"),
    ("fidelity", "id", "某一条目"),
    ("eras", "json", "输出一个 JSON 对象"),
    ("glossary", "word", "某个词，中英文皆可"),
    ("completions", "shell", "哪种 shell"),
];

/// What stands below.
pub const EXAMPLES: &[(&str, &str)] = &[
    (
        "",
        "\
示例：
  klab                                      起始界面
  klab lesson --list                        所有课程
  klab lesson a05 --plain                   一课，不用界面
  klab run orders.klab --dir /tmp/k --keep  执行脚本；文件保留
  klab inspect /var/lib/kafka/data          真实 broker 的文件，只读
  klab inspect DIR lookup orders-0 offset=87
  klab perf zero-copy                       在这台机器上测量
  klab sandbox --compare kafka=0.10.2,4.3   两个版本并排，命令相同
  klab simulate --config acks=1             随机故障，直到承诺被打破
  klab eras                                 哪个版本适用哪些规则
  klab dump FILE.log --print-data-log       与 kafka-dump-log 的输出相同，更快
  klab glossary ISR                         一个词的含义

退出码：0 正常结束；1 expect、until 或 predict 不成立；2 脚本、参数、名字、文件或目录有误；
130 按了 Ctrl-C。",
    ),
    ("lesson", "示例：klab lesson a05 --lang zh；klab lesson h01 --play --speed 2"),
    (
        "run",
        "\
不给 --dir 和 --keep 时文件在内存中。给了 --keep，执行结束时干净关闭。

示例：
  klab run orders.klab
  klab run orders.klab --dir /tmp/k --keep && ls /tmp/k/broker-1
  klab run orders.klab --compare kafka=0.10.2,4.3
  klab run orders.klab --compare replica.lag.time.max.ms=10000,30000
  klab run - --json < orders.klab",
    ),
    (
        "sandbox",
        "\
示例：
  klab sandbox --seed 7 --dir /tmp/k --keep
  klab sandbox --from lost.klab
  klab sandbox --compare kafka=0.10.2,4.3",
    ),
    ("check", "示例：klab check a05 --update"),
    (
        "inspect",
        "\
DIR 是 broker 的 log.dirs、包含几个这种目录的目录，或一个分区的目录。
不加锁，不改动；broker 可以在运行。目录之后可以写，不写则打开界面：
  T-P                                    一个分区：概况、日志段、批次
  partition|log|index|bytes|batches T-P [offset=N] [broker=N]
  lookup T-P offset=N | timestamp=T      查找的每一步
  find key=alice value~apples offset=5..9 time=2026-09-21 [topic=T] [T-P] [limit=N]
                                         = 全部相同，~ 包含，0x… 为字节
  findings [T-P]                         读取每个日志，说明哪里有问题、怎么办
  verify T-P                             由日志重建索引并比较
  groups | transactions | metadata       内部主题

退出码：0 完成；1 findings 有坏处、verify 索引有误、find 没有找到；2 参数或目录有误；130 按了 Ctrl-C。

示例：
  klab inspect DIR
  klab inspect DIR lookup orders-0 offset=87
  klab inspect DIR findings --json
  klab inspect DIR orders-0 --follow     broker 写入的新批次
  klab inspect --list-samples            附带的真实目录
  klab inspect --sample 2.1 m0-lz4-0",
    ),
    (
        "perf",
        "\
zero-copy    文件到套接字：经过程序，或用 sendfile
sequential   顺序写与随机写，有无 fsync；冷读与热读
batching     相同的记录，每批一条或多条
compression  每种压缩算法的压缩率与速度
index        有无稀疏索引时查找偏移量

--dir 指定要测量的设备上的目录（否则用系统的临时目录）。文件在结束时删除，Ctrl-C 之后也是。

示例：
  klab perf zero-copy
  klab perf sequential --dir /var/lib --seconds 20
  klab perf batching --json",
    ),
    (
        "simulate",
        "\
每个种子产生一个集群、若干客户端和一个故障日程，在内存磁盘上播放；每一步之后检查所有不变式
（`show invariants` 列出它们）。第一个被打破的承诺结束搜索；它的日程被缩小，打印成可供 `klab run`
执行的脚本，也可放进课程的代码块。种子相同，在哪里结果都相同。

不给选项：RF 3、acks=all、min.insync.replicas=2、关闭不干净选举、Kafka 4.3，除 blackout、damage、corrupt 外的
所有故障。这样从不丢失记录，日志从不分歧。任何 broker 都可能断电，任意多个可能被杀掉、冻结或切断；但断电的副本
回到 ISR 之前，同一分区不会再有副本被杀掉或写满磁盘，这样的副本回来之前也没有副本断电：Kafka 承诺同时容忍
min.insync.replicas - 1 次不干净的退出（KIP-966），超出时真实的 4.3.1 会丢失已确认的记录，参见
'klab fidelity simulator-one-unclean-end'。KIP-966（4.0）之前一次断电就已过多
（'klab fidelity simulator-before-elr'）：搜索会找到它；在旧版本中找别的问题时，请从 --faults 中去掉 `power`。

--config 按 Kafka 的名字接受主题、生产者、消费者和 broker 的配置，以及 brokers、controllers、coordination、
topics、partitions、replication.factor、producers、consumers 和 acts（管理员移动、增加或删除的频度）。

--faults，默认的在前：
  kill stop pause slow skew power   一个 broker：其进程、应答、时钟、未刷盘的内容
  disk                              一个 broker 的磁盘写满或只读
  cut split                         一条链路，或某些节点与其余节点之间的所有链路
  delay drop                        一条消息
  controller                        活动控制器被杀掉、冻结、切断
  zookeeper                         它消失或冻结、会话结束、控制器转移
  client                            消费者被冻结，客户端被杀掉又重新启动
  blackout                          所有 broker 断电
  damage corrupt                    文件或消息翻转一位，文件被撕裂或丢失
  all, none

提示（finding）不是被打破的承诺：消费组提交的偏移量可能超出新领导者的日志。Kafka 把提交的偏移量与日志分开
保存，允许如此；它随丢失的记录而来。

--json 打印一个对象，字段见英文帮助：klab simulate --lang en --help

示例：
  klab simulate                                        安全的配置
  klab simulate --config acks=1 --faults kill          找到丢失的写入
  klab simulate --config unclean.leader.election.enable=true
  klab simulate --config min.insync.replicas=1 --faults kill,power
  klab simulate --config acts=20 --faults kill,stop    频繁移动、增加和删除
  klab simulate --faults blackout --save lost.klab     然后：klab sandbox --from lost.klab
  klab simulate --seed 42 --seeds 1 --json             一个日程

退出码：0 没有违反；1 有承诺被打破；2 用法有误；130 按了 Ctrl-C。",
    ),
    (
        "dump",
        "\
输出与 Kafka 4.3 的 kafka-dump-log 相同，适用于 .log .checkpoint .index .timeindex .snapshot .txnindex；
给出目录时取其中所有这类文件。文件的问题写到错误输出。
文件前后不符时退出码为 2：不可读之处、校验和、最后一个批次之后的字节、与日志不符的索引条目；偏移量间断不算。

给了 --json，每行是一个对象，含 'file' 和 'kind'；字段见英文帮助：klab dump --lang en --help

示例：
  klab dump 00000000000000000000.log --print-data-log
  klab dump --files a.log,a.index --deep-iteration
  klab dump DIR/__consumer_offsets-0 --offsets-decoder
  klab dump DIR/orders-0 --json | jq 'select(.kind == \"batch\" and .isValid == false)'",
    ),
    (
        "recover",
        "\
DIR 是 broker 的一个日志目录、同一 broker 的几个日志目录（log.dirs），或包含几个 broker 目录的文件夹。
它从不改动，也不加锁。每个日志目录在 OUT 之下有同名的目录；在那里像 broker 一样启动，再干净停止。

每一步都说明原因：! 发现的问题，- 去掉的，+ 重新建立的，= 日志的结果。主题的配置取自 DIR 中的元数据日志；
没有说明时，index.interval.bytes 由索引推断，其余取 Kafka 的默认值，除非 --set 另有说明。

启动时由控制器做的事需要它的元数据日志：DIR 中的控制器（节点自身或旁边的），或 --metadata 所指的。
它不知道的分区被搁置（-stray），缺少的新建；唯一的 broker 当选所有分区的领导者：leader-epoch-checkpoint
增加一行，高水位即日志末端。几个 broker 之间的选举、保留和压实不在其内。

--json 每行打印一个对象：directory、step（名字）、partition（null 表示整个目录）和 sentence。
每个 broker 的最后一行，step 为 Stopped 或 Refused。

不跟随链接，但会指出。应为目录之处若是文件或不存在，原样交给启动过程，如同 broker 遇到那样。

示例：
  klab recover /var/lib/kafka/data --to /tmp/after
  klab recover /disk1/kafka /disk2/kafka --to /tmp/after --json
  klab recover DIR --to OUT --kafka 2.1 --set orders:index.interval.bytes=512
  klab recover broker-1 --to OUT --metadata controller-1

退出码：0 每个 broker 都能启动；1 有 broker 不能启动，并说明原因（OUT 中是它留下的）；2 参数或目录有误；
130 按了 Ctrl-C。退出码为 2 或 130 时，OUT 中只有副本的一部分：请删除。",
    ),
    ("fidelity", "示例：klab fidelity static-voters"),
    (
        "eras",
        "\
没有终端时，表格需要多宽就多宽；COLUMNS=80 则逐条按版本说明。
给了 --json：'versions'，以及 'rules'，各有 theme、name、source、values（按版本）。

示例：klab eras；COLUMNS=80 klab eras | less；klab eras --json",
    ),
    ("glossary", "示例：klab glossary HW；klab glossary 压实"),
    (
        "completions",
        "示例：klab completions bash > ~/.local/share/bash-completion/completions/klab",
    ),
];

/// What a command does.
pub fn about(path: &str) -> Option<&'static str> {
    ABOUTS.iter().find(|(known, _)| *known == path).map(|(_, text)| *text)
}

/// What an argument is.
pub fn argument(path: &str, id: &str) -> Option<&'static str> {
    ARGUMENTS.iter().find(|(known, name, _)| (*known, *name) == (path, id)).map(|(.., text)| *text)
}

/// What stands below.
pub fn examples(path: &str) -> Option<&'static str> {
    EXAMPLES.iter().find(|(known, _)| *known == path).map(|(_, text)| *text)
}
