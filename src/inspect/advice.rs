//! What to do about each kind of finding, or what a broker will do by itself: one table in both languages.
//!
//! The behaviour named here is that of Kafka 4.3.1, seen on the damaged directories among the fixtures.

/// Kind, in English, in Chinese.
type Row = (&'static str, &'static str, &'static str);

const TABLE: &[Row] = &[
    (
        "unreadable",
        "give yourself the right to read it, or look at a copy",
        "请获得读取权限，或查看一份拷贝",
    ),
    (
        "no-meta-properties",
        "a broker of 4.x refuses to start without it: restore it, or format the storage anew",
        "4.x 的 broker 没有它就拒绝启动：请恢复它，或重新格式化存储",
    ),
    (
        "meta-properties",
        "restore the file: node.id (or broker.id), cluster.id, directory.id, version",
        "请恢复该文件：node.id（或 broker.id）、cluster.id、directory.id、version",
    ),
    (
        "meta-disagree",
        "directories of one broker must name the same node and cluster, each its own directory.id",
        "同一 broker 的目录必须属于同一节点和集群，且各有自己的 directory.id",
    ),
    (
        "checkpoint-malformed",
        "a broker fails this log directory at start; delete the file (it is written anew) or repair the line",
        "broker 启动时会判定该日志目录失效；请删除此文件（会重新写出）或修正该行",
    ),
    (
        "recovery-point-beyond-end",
        "harmless at start: the checkpoint is rewritten; but records may have been lost",
        "启动时无害：检查点会重写；但可能已丢失记录",
    ),
    (
        "high-watermark-beyond-end",
        "a broker lowers it to the log end; on a leader records may have been lost",
        "broker 会把它降到日志末端；若是领导者，可能已丢失记录",
    ),
    (
        "log-start-beyond-end",
        "a broker empties the log and begins at that offset: keep a copy before you start it",
        "broker 会清空日志并从该偏移量开始：启动前请先备份",
    ),
    ("log-start-negative", "delete the line from the checkpoint", "请从检查点中删除该行"),
    (
        "epochs-malformed",
        "a broker fails this log directory at start; delete the file, it is rebuilt from the batches",
        "broker 启动时会判定该日志目录失效；请删除此文件，它会由批次重建",
    ),
    ("epochs-beyond-end", "a broker cuts these entries at start", "broker 启动时会截掉这些条目"),
    ("epochs-not-rising", "a broker thins them out at start", "broker 启动时会剔除它们"),
    (
        "epoch-unknown",
        "the checkpoint is rebuilt from recovered segments only: followers may truncate too much",
        "检查点只由恢复过的段重建：追随者可能截断过多",
    ),
    (
        "epoch-back",
        "leader epochs never go back in a healthy log: compare with another replica",
        "健康日志中的领导者纪元不会后退：请与其他副本比较",
    ),
    (
        "no-epochs",
        "written by a broker older than 0.11, or lost: it is rebuilt as leaders change",
        "由早于 0.11 的 broker 写成，或已丢失：领导者更替时会重建",
    ),
    (
        "partition-metadata",
        "a broker exits on it: restore the file from another replica (the topic id is the same)",
        "broker 会因此退出：请从其他副本恢复此文件（主题 id 相同）",
    ),
    (
        "partition-metadata-missing",
        "in KRaft a broker sets this directory aside as stray and begins an empty one: restore the file first",
        "在 KRaft 中 broker 会把该目录当作游离目录搁置并新建空目录：请先恢复此文件",
    ),
    (
        "topic-id-differs",
        "one of them belongs to another topic of the same name (deleted and made anew)",
        "其中之一属于另一个同名主题（删除后重建）",
    ),
    (
        "partition-twice",
        "a broker refuses two copies in its directories: keep the one with the longer log, move the other away",
        "broker 不允许两个目录中有同一分区：保留日志更长的一份，移走另一份",
    ),
    (
        "bad-directory-name",
        "a broker refuses to start: move the directory out of log.dirs",
        "broker 会拒绝启动：请把该目录移出 log.dirs",
    ),
    (
        "bad-log-name",
        "a broker refuses to start: move the file away",
        "broker 会拒绝启动：请移走该文件",
    ),
    (
        "directory-deleted",
        "a broker removes it after file.delete.delay.ms",
        "broker 会在 file.delete.delay.ms 之后删除它",
    ),
    (
        "directory-stray",
        "nobody owns it any more: delete it once nothing in it is missed",
        "已无归属：确认不再需要后可删除",
    ),
    (
        "directory-future",
        "a move between log directories (kafka-reassign-partitions) is under way or was interrupted",
        "日志目录间的迁移（kafka-reassign-partitions）正在进行或曾被中断",
    ),
    ("no-log", "a broker makes an empty log here", "broker 会在此建立空日志"),
    (
        "file-deleted",
        "a broker removes it after file.delete.delay.ms, or at its start",
        "broker 会在 file.delete.delay.ms 之后或启动时删除它",
    ),
    (
        "file-cleaned",
        "left by an interrupted compaction: a broker removes it at its start",
        "被中断的压实留下的文件：broker 启动时会删除",
    ),
    (
        "file-swap",
        "a compaction was interrupted at its very end: a broker completes it at its start",
        "压实在最后一步被中断：broker 启动时会完成它",
    ),
    ("file-unknown", "no broker minds it", "broker 不会理会它"),
    ("orphan-file", "a broker removes it at its start", "broker 启动时会删除它"),
    ("index-missing", "a broker builds it anew at its start", "broker 启动时会重建"),
    (
        "time-index-missing",
        "a broker makes an empty one at its start: lookups by time read more",
        "broker 启动时会建立空文件：按时间查找会读得更多",
    ),
    ("index-size", "a broker rounds it down to whole entries", "broker 会向下取整到完整条目"),
    (
        "index-untrimmed",
        "usual while a broker runs or after a kill",
        "broker 运行时或被杀死后属正常",
    ),
    (
        "index-zeros",
        "lookups may end at byte 0 or find a wrong end: delete the file, a broker builds it anew",
        "查找可能落到字节 0 或得到错误末端：请删除该文件，broker 会重建",
    ),
    (
        "index-off-boundary",
        "delete the file: a broker builds it anew at its start",
        "请删除该文件：broker 启动时会重建",
    ),
    (
        "index-order",
        "delete the file: a broker builds it anew at its start",
        "请删除该文件：broker 启动时会重建",
    ),
    (
        "index-offset",
        "delete the file: a broker builds it anew at its start",
        "请删除该文件：broker 启动时会重建",
    ),
    (
        "index-beyond-end",
        "after a clean stop a broker believes it and takes a wrong log end: delete the file before you start it",
        "正常停止后 broker 会相信它而得到错误的日志末端：启动前请删除该文件",
    ),
    (
        "time-index-order",
        "delete the file: a broker builds it anew when the segment is recovered",
        "请删除该文件：broker 恢复该段时会重建",
    ),
    (
        "time-index-offset",
        "delete the file: a broker builds it anew when the segment is recovered",
        "请删除该文件：broker 恢复该段时会重建",
    ),
    (
        "time-index-time",
        "delete the file: a broker builds it anew when the segment is recovered",
        "请删除该文件：broker 恢复该段时会重建",
    ),
    (
        "torn-tail",
        "without the clean-stop flag a broker cuts it off at its start; with the flag it stays, and what is appended behind it can never be read",
        "没有正常停止标志时 broker 启动会截掉它；有标志时它会留下，其后追加的内容永远读不到",
    ),
    (
        "zeros-at-end",
        "a broker that was stopped cleanly refuses to start on it: delete .kafka_cleanshutdown, then it cuts them off",
        "带正常停止标志的 broker 会拒绝启动：请删除 .kafka_cleanshutdown，它便会截掉",
    ),
    (
        "garbage",
        "everything behind it in this segment cannot be read; recovery cuts the log here and drops all later segments: take another replica",
        "此段中其后的内容都无法读取；恢复会在此截断日志并丢弃其后所有段：请改用其他副本",
    ),
    (
        "crc",
        "consumers get an error here; recovery would cut the log here and drop all later segments: take another replica",
        "消费者会在此出错；恢复会在此截断日志并丢弃其后所有段：请改用其他副本",
    ),
    (
        "records",
        "the checksum holds, so no broker notices; consumers get an error here: skip this batch, or take another replica",
        "校验和正确，broker 不会发现；消费者会在此出错：请跳过此批次或改用其他副本",
    ),
    (
        "magic",
        "no reader knows this format; the checksum does not cover this byte: take another replica",
        "没有读者认识这种格式；校验和不包含此字节：请改用其他副本",
    ),
    (
        "offset-back",
        "readers may see records twice; recovery may empty the segment: take another replica",
        "读者可能重复看到记录；恢复可能清空该段：请改用其他副本",
    ),
    (
        "offset-below-segment",
        "a broker refuses to start without the clean-stop flag: take another replica",
        "没有正常停止标志时 broker 会拒绝启动：请改用其他副本",
    ),
    (
        "offset-gap",
        "usual in compacted logs; elsewhere records are gone, and no broker says so",
        "压实日志中属正常；否则说明有记录丢失，且没有 broker 会指出",
    ),
    (
        "segment-gap",
        "usual in compacted logs; elsewhere a segment is gone, and no broker says so",
        "压实日志中属正常；否则说明缺少一个段，且没有 broker 会指出",
    ),
    (
        "segment-overlap",
        "two segments claim the same offsets: an interrupted compaction, or a copied file",
        "两个段声称相同的偏移量：压实被中断，或文件被复制",
    ),
    (
        "segment-empty",
        "only the last segment is ever empty: a file was cut",
        "只有最后一个段可能为空：文件被截断过",
    ),
    (
        "mixed-formats",
        "an upgrade in mid-log; readers of old formats are down-converted to, or refused by 4.x",
        "日志中途升级；老格式的读者需要降级转换，4.x 则会拒绝",
    ),
    (
        "txnindex-malformed",
        "read_committed consumers may see aborted records: delete .kafka_cleanshutdown and the recovery point, it is rebuilt",
        "read_committed 消费者可能看到已中止的记录：请删除 .kafka_cleanshutdown 和恢复点，它会重建",
    ),
    (
        "txnindex-missing-entry",
        "read_committed consumers see these aborted records: delete .kafka_cleanshutdown and the recovery point, it is rebuilt",
        "read_committed 消费者会看到这些已中止的记录：请删除 .kafka_cleanshutdown 和恢复点，它会重建",
    ),
    (
        "snapshot-broken",
        "a broker deletes it and replays the log from an older one",
        "broker 会删除它，并从更早的快照重放日志",
    ),
    ("snapshot-beyond-end", "a broker deletes it at its start", "broker 启动时会删除它"),
    (
        "snapshot-missing",
        "a broker replays the log from an older one; with none at all it forgets its producers",
        "broker 会从更早的快照重放日志；若一个都没有，就会忘记生产者",
    ),
    (
        "not-stopped-cleanly",
        "usual while a broker runs; else it recovers from the recovery point at its start",
        "broker 运行时属正常；否则启动时会从恢复点开始恢复",
    ),
    (
        "quorum-state",
        "a node of the quorum refuses to start with it: restore or delete the file while the node is down",
        "仲裁节点会因此拒绝启动：请在停机时恢复或删除该文件",
    ),
    (
        "checkpoint-extra",
        "left from before, or the partition's directory was lost",
        "以前留下的，或分区目录已丢失",
    ),
    (
        "checkpoint-incomplete",
        "a broker begins anew for it: it recovers the whole log, or starts with the high watermark at the log's start; \
         or the directory came from elsewhere",
        "broker 会从头开始：恢复整个日志，或高水位从日志起点算起；也可能该目录来自别处",
    ),
    (
        "epochs-before-start",
        "restore the segments from a replica; a broker takes the first segment there is as the log's start",
        "请从副本恢复这些日志段；broker 会把现有的第一个段当作日志起点",
    ),
    (
        "stray-to-be",
        "a broker renames it to -stray at its start: nobody reads it then",
        "broker 启动时会把它改名为 -stray，之后不再有人读取",
    ),
    (
        "topic-id-not-known",
        "a broker renames the directory to -stray and begins an empty one: restore the id if the data is that topic's",
        "broker 会把该目录改名为 -stray 并新建空目录：若数据属于该主题，请恢复 id",
    ),
    (
        "log-dir-elsewhere",
        "open the directory above all of a broker's log.dirs to see them together",
        "打开 broker 所有 log.dirs 的上级目录即可一并查看",
    ),
    ("cut-short", "look at one partition alone to see more", "单独查看一个分区可看到更多"),
];

/// The advice for a kind of finding.
pub(super) fn of(kind: &str) -> (&'static str, &'static str) {
    let row = TABLE.iter().find(|row| row.0 == kind);
    row.map_or(("", ""), |row| (row.1, row.2))
}

/// All kinds, with what to do: for the help.
pub fn kinds() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE.iter().map(|row| (row.0, row.1))
}
