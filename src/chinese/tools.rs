//! The commands of the shell: what they say, and what is wrong with what was given to them.

use super::Row;

/// By command.
pub(super) const ROWS: &[Row] = &[
    (
        "--save {w}: a lesson's id is like b90-lost, as b90-lost.md",
        "--save {}：课程的 id 形如 b90-lost，即 b90-lost.md",
    ),
    ("{}: it cannot be saved: {}", "{}：无法保存：{~}"),
    ("'{}' is no fault: there are {}; or all, or none", "'{}' 不是故障：可用 {}；或 all，或 none"),
    ("nothing was found that could be a lesson", "没有找到可以做成课程的内容"),
    (
        "'{}' is no lesson's id: take one like b90-lost, as b90-lost.md",
        "'{}' 不是课程的 id：请取形如 b90-lost 的，即 b90-lost.md",
    ),
    ("1 lesson, {#} played through, nothing is wrong", "1 课，完整播放 {} 课，没有问题"),
    ("1 lesson, {#} played through, 1 thing is wrong", "1 课，完整播放 {} 课，有 1 处问题"),
    ("1 lesson, {#} played through, {#} things are wrong", "1 课，完整播放 {} 课，有 {} 处问题"),
    (
        "no log here is of that topic, partition or broker; topics are {}",
        "这里没有该主题、分区或 broker 的日志；主题有 {}",
    ),
    ("{w}: the range ends before it begins", "{}：范围的终点在起点之前"),
    (
        "{}: there is no whole metadata log here (__cluster_metadata-0 in a log directory)",
        "{}：这里没有完整的元数据日志（日志目录中的 __cluster_metadata-0）",
    ),
    (
        "two clusters side by side need a terminal; without one: klab run FILE --compare kafka=0.10.2,4.3",
        "两个集群并排需要终端；没有终端时：klab run FILE --compare kafka=0.10.2,4.3",
    ),
    (
        "--update writes lesson files: go to the project's directory, or name one with --lessons DIR",
        "--update 会写课程文件：请到项目目录中执行，或用 --lessons DIR 指定目录",
    ),
    ("{}: outputs recorded anew", "{}：已重新记录输出"),
    ("{#} lessons, {#} played through, nothing is wrong", "{} 课，完整播放 {} 课，没有问题"),
    ("{#} lessons, {#} played through, 1 thing is wrong", "{} 课，完整播放 {} 课，有 1 处问题"),
    (
        "{#} lessons, {#} played through, {#} things are wrong",
        "{} 课，完整播放 {} 课，有 {} 处问题",
    ),
    ("{#} lessons, {#} played through, {#} recorded anew", "{} 课，完整播放 {} 课，重新记录 {} 处"),
    (
        "--compare keeps no files: leave --dir and --keep off",
        "--compare 不保留文件：请去掉 --dir 和 --keep",
    ),
    ("--compare: {}", "--compare：{~}"),
    ("comparing {} (left) and {} (right)", "比较 {}（左）与 {}（右）"),
    ("comparing {}", "比较 {}"),
    ("{#} of {#} answers differ between {}", "{2} 个应答中有 {1} 个不同：{3}"),
    ("dump wants files or directories: klab dump PATH…", "dump 需要文件或目录：klab dump PATH…"),
    (
        "a decoder class needs a JVM, which klab is not: '{}'. Text is what --print-data-log shows; Kafka's own topics have {}",
        "解码类需要 JVM，而 klab 不是：'{}'。--print-data-log 显示文本；Kafka 自己的主题用 {}",
    ),
    ("{}: the lessons cannot be read: {}", "{}：无法读取课程：{~}"),
    ("inspect wants a directory, or --sample", "inspect 需要目录，或 --sample"),
    ("--follow takes a partition, or nothing", "--follow 只接受一个分区，或什么都不给"),
    (
        "there is no entry of the ledger '{}': did you mean '{}'?",
        "简化清单中没有条目 '{}'：是否想写 '{}'？",
    ),
    (
        "there is no entry of the ledger '{}': '{}' lists them",
        "简化清单中没有条目 '{}'：'{}' 列出所有条目",
    ),
    ("there is no word '{}': did you mean '{}'?", "没有词 '{}'：是否想写 '{}'？"),
    ("there is no word '{}': '{}' lists them", "没有词 '{}'：'{}' 列出所有词"),
    (
        "the output cannot be written: {}. Send it somewhere with space.",
        "无法写输出：{}。请输出到有空间的地方。",
    ),
    ("--kafka {w}: {}", "--kafka {}：{~}"),
    (
        "--set {}: a setting of topics is needed, name=value or topic:name=value",
        "--set {}：需要主题配置，name=value 或 topic:name=value",
    ),
    ("{}: the script cannot be read: {}", "{}：无法读取脚本：{~}"),
    ("{}: the script cannot be saved: {}", "{}：无法保存脚本：{~}"),
    (
        "{}: more than {#} bytes are no script. Give a text file of commands.",
        "{}：超过 {} 字节的不是脚本。请给出由命令组成的文本文件。",
    ),
    ("the standard input cannot be read: {}", "无法读取标准输入：{~}"),
    ("the clean close failed: {}", "干净关闭失败：{~}"),
    ("the files are in {}", "文件在 {} 中"),
    ("files: {}", "文件：{}"),
    ("klab: {}", "klab：{~}"),
    ("say NAME=VALUE, for example acks=1", "请写 NAME=VALUE，例如 acks=1"),
    ("say one of {}", "请写以下之一：{}"),
    ("--config {w} is given twice: {} and {}", "--config {} 给了两次：{} 与 {}"),
    ("'{}' is no number: say 0.5, 1 or 10", "'{}' 不是数：请写 0.5、1 或 10"),
    ("from 0.01 to 1000 happenings a second", "每秒 0.01 到 1000 个事件"),
    ("'{}' is no fault: there are {}, and none", "'{}' 不是故障：可用 {}，以及 none"),
    ("perf wants what to measure: {}", "perf 需要说明测量什么：{}"),
    ("perf knows no '{}': it measures {}", "perf 没有 '{}'：可以测量 {}"),
    ("perf {w} does not know '{}': say seconds=5", "perf {} 没有 '{}'：请写 seconds=5"),
    (
        "'{}' is no time to measure: from 0.1 to 600 seconds",
        "'{}' 不是测量时长：应为 0.1 到 600 秒",
    ),
    (
        "coordination={w}: kraft or zookeeper is expected",
        "coordination={}：应为 kraft 或 zookeeper",
    ),
    (
        "'{}' is no setting of a broker, topic, producer or consumer that the lab knows, nor one of {}",
        "'{}' 不是实验环境知道的 broker、主题、生产者或消费者配置，也不在 {} 之中",
    ),
    ("replication.factor={#} takes as many brokers", "replication.factor={} 需要同样多的 broker"),
    ("--seeds, --steps and --threads begin at 1", "--seeds、--steps 和 --threads 至少为 1"),
    (
        "--seed {#} with --seeds {#} goes beyond the last seed, {#}",
        "--seed {} 加 --seeds {} 超过最后的种子 {}",
    ),
    ("--steps {#} is too much: take at most {#}", "--steps {} 太大：至多 {}"),
    (
        "acks={w}: Kafka {w} takes 0, 1 and all (-1), or a number up to {#}",
        "acks={}：Kafka {} 接受 0、1 和 all（-1），或不超过 {} 的数",
    ),
    ("acks={w}: Kafka {w} takes 0, 1 and all (-1)", "acks={}：Kafka {} 接受 0、1 和 all（-1）"),
    (
        "coordination=zookeeper: Kafka {w} knows only KRaft",
        "coordination=zookeeper：Kafka {} 只有 KRaft",
    ),
    (
        "controllers= is KRaft's: with ZooKeeper one of the brokers decides",
        "controllers= 属于 KRaft：使用 ZooKeeper 时由其中一个 broker 决定",
    ),
    (
        "--faults zookeeper: there is no ZooKeeper in this cluster",
        "--faults zookeeper：这个集群没有 ZooKeeper",
    ),
    ("lookup wants offset=N or timestamp=T", "lookup 需要 offset=N 或 timestamp=T"),
    (
        "a partition is missing: write it as topic-number, such as orders-0",
        "缺少分区：请写成 主题-编号，例如 orders-0",
    ),
    (
        "'{}' is neither a partition (topic-number) nor one of {}",
        "'{}' 既不是分区（主题-编号），也不在 {} 之中",
    ),
    ("'{}' should be a number", "'{}' 应为数"),
    (
        "'{}' should be milliseconds since 1970 or a time such as 2026-09-21T10:00",
        "'{}' 应为 1970 年以来的毫秒数，或 2026-09-21T10:00 这样的时间",
    ),
    (
        "'{}' is not known here; offset=N, timestamp=T and broker=N are",
        "这里没有 '{}'；可用 offset=N、timestamp=T 和 broker=N",
    ),
    ("there is no {w} of broker {#} in this directory", "这个目录中没有 broker {2} 的 {1}"),
    ("there is no {w} in this directory", "这个目录中没有 {}"),
    (
        "{}: it holds a log, but '{}' is no partition's name. Name it topic-number, as Kafka does, for example orders-0.",
        "{}：其中有日志，但 '{}' 不是分区名。请像 Kafka 那样命名为 主题-编号，例如 orders-0。",
    ),
    (
        "{}: no Kafka files are here. Give the log.dirs of a broker (it has meta.properties and directories such \
         as orders-0), a directory of several such, or one partition's directory.",
        "{}：这里没有 Kafka 文件。请给出 broker 的 log.dirs（其中有 meta.properties 和 orders-0 之类的目录）、包含几个这种目录的目录，或一个分区的目录。",
    ),
    ("no sample is called '{}'; there are {}", "没有名为 '{}' 的样本；现有 {}"),
    (
        "{} lies inside {}, which must not change. Give another directory with --to.",
        "{} 在 {} 之内，而后者不能改动。请用 --to 给出另一个目录。",
    ),
    ("{}: this log directory is given twice", "{}：这个日志目录给了两次"),
    ("nothing is open", "没有打开任何目录"),
    ("'{}' is the beginning of {}: type more of one", "'{}' 是 {} 的开头：请多写几个字符"),
    ("there is no lesson '{}': did you mean '{}'?", "没有课程 '{}'：是否想写 '{}'？"),
    (
        "there is no lesson '{}': 'klab lesson --list' shows them",
        "没有课程 '{}'：'klab lesson --list' 列出所有课程",
    ),
    ("there is no lesson '{}'", "没有课程 '{}'"),
    ("the set-up of {w} fails at '{}': {}", "{} 的准备在 '{}' 处失败：{~}"),
    ("step {#} was not reached yet", "还没有到第 {} 步"),
    ("the progress cannot be read: {}", "无法读取学习进度：{~}"),
    ("{} cannot be read: {}", "无法读取 {}：{~}"),
    ("it has {#} bytes, {#} are allowed", "它有 {} 字节，至多 {} 字节"),
    (
        "the screen needs a terminal; without one use --plain, or `klab run FILE`",
        "界面需要终端；没有终端时请用 --plain，或 `klab run FILE`",
    ),
    ("cannot listen to signals: {}", "无法监听信号：{}"),
    ("cannot start the screen's loop: {}", "无法启动界面循环：{}"),
    ("the terminal failed: {}; try --plain", "终端出错：{}；请试 --plain"),
    (
        "'{}' has {#} values: two fit side by side, for example kafka=0.10.2,4.3 ('klab run --compare' takes up to four)",
        "'{}' 有 {} 个值：并排只能两个，例如 kafka=0.10.2,4.3（'klab run --compare' 至多四个）",
    ),
    ("the progress is not saved: {}", "学习进度没有保存：{~}"),
    ("cannot empty {}: {}", "无法清空 {}：{~}"),
    (
        "kafka={} is not in the table of versions: take one of {}",
        "版本表中没有 kafka={}：请取 {} 之一",
    ),
    (
        "{w} counts where {} coordinates ({}); in this cluster of kafka {w} {} does: {}",
        "{1} 只在由 {2} 协调时有效（{3}）；这个 kafka {4} 集群由 {5} 协调：{6~}",
    ),
    (
        "{w} is gone since Kafka {w} ({}), and this is kafka {w}: {}",
        "{} 自 Kafka {} 起已移除（{}），而这是 kafka {}：{~}",
    ),
    (
        "{w} is known since Kafka {w} ({}), and this is kafka {w}: {}",
        "{} 自 Kafka {} 起才有（{}），而这是 kafka {}：{~}",
    ),
    ("leave it out, or take kafka={w}", "请去掉，或取 kafka={}"),
    ("use {w}, or take kafka={w}", "请用 {}，或取 kafka={}"),
    ("leave it out", "请去掉"),
    ("use {w}", "请用 {}"),
];
