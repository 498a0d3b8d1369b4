//! What commands print, in Chinese: one table of sentences with holes.
//!
//! ```text
//!   "produced {} offset {}"   "已写入 {}，偏移量 {}"       produced orders-0 offset 3  →  已写入 orders-0，偏移量 3
//! ```
//!
//! The sentences are made in English where things are done; here they are told again, so that no module has to know
//! two languages for a few words. What always holds: a line that fits no row stays as it is; what stands in a hole is
//! copied.
//! Rows are tried from the top, so a longer sentence stands before a shorter one that begins like it.

/// English, Chinese. `{}` are the holes, in order; `{1}`, `{2}` name them where the order differs.
const SENTENCES: &[(&str, &str)] = &[
    ("produced {} offsets {} to {}", "已写入 {}，偏移量 {} 到 {}"),
    ("produced {} offset {}", "已写入 {}，偏移量 {}"),
    ("sent {} records to {}, no answer asked for", "已向 {2} 发送 {1} 条记录，不要求应答"),
    ("sent to {}, no answer asked for", "已发送到 {}，不要求应答"),
    ("created {}: {} partitions, {} replicas", "已创建 {}：{} 个分区，{} 个副本"),
    ("created {}: {} partition, {} replicas", "已创建 {}：{} 个分区，{} 个副本"),
    ("created {}: {} partitions, {} replica", "已创建 {}：{} 个分区，{} 个副本"),
    ("created {}: {} partition, {} replica", "已创建 {}：{} 个分区，{} 个副本"),
    ("deleted the records of {} before the high watermark", "已删除 {} 高水位之前的记录"),
    ("deleted the records of {} before offset {}", "已删除 {} 偏移量 {} 之前的记录"),
    ("deleted {}", "已删除 {}"),
    ("elected a leader of {}", "已为 {} 选出 leader"),
    ("started producer {}", "已启动 producer {}"),
    ("closed producer {}", "已关闭 producer {}"),
    ("killed producer {}", "已杀掉 producer {}"),
    ("started consumer {} in group {}, topics {}", "已在消费组 {2} 中启动 consumer {1}，topic {3}"),
    ("started consumer {} with {}", "已启动 consumer {}，分配 {}"),
    ("closed consumer {}", "已关闭 consumer {}"),
    ("killed consumer {}", "已杀掉 consumer {}"),
    ("consumer {} polls no more", "consumer {} 不再轮询"),
    ("consumer {} polls again", "consumer {} 恢复轮询"),
    ("{} polled nothing", "{} 没有读到记录"),
    ("{} writes to {} every {}", "{} 每 {3} 向 {2} 写入一次"),
    ("broker {} fetches no more", "broker {} 不再拉取"),
    ("broker {} fetches again", "broker {} 恢复拉取"),
    ("broker {} waits {} before each fetch", "broker {} 每次拉取前等待 {}"),
    ("broker {} stopped", "broker {} 已停止"),
    ("killed broker {}", "已杀掉 broker {}"),
    ("killed controller {}", "已杀掉 controller {}"),
    ("the disk of {} {} is full", "{} {} 的磁盘已写满"),
    ("the disk of {} {} can only be read", "{} {} 的磁盘变为只读"),
    ("the disk of {} {} is whole again", "{} {} 的磁盘恢复可写"),
    ("broker {} lost its power", "broker {} 断电了"),
    ("broker {} is frozen", "broker {} 已冻结"),
    ("broker {} goes on", "broker {} 继续运行"),
    ("{} {} did not start: {}", "{} {} 没有启动：{}"),
    ("broker {} runs", "broker {} 已运行"),
    ("controller {} runs", "controller {} 已运行"),
    ("broker {} starts", "broker {} 正在启动"),
    ("controller {} starts", "controller {} 正在启动"),
    ("cut the link between {} and {}", "已切断 {} 与 {} 之间的链路"),
    ("split {} from the others", "已将 {} 与其余节点隔开"),
    ("healed the link between {} and {}", "已修复 {} 与 {} 之间的链路"),
    ("healed all links", "已修复所有链路"),
    ("holding timer {} of {} ({}): {}", "扣住 {2} 的定时器 {1}（{3}）"),
    (
        "holding {} {} from {} to {}: 'message deliver {}' lets it go",
        "扣住从 {3} 到 {4} 的 {1} {2}：'message deliver {5}' 放行",
    ),
    ("holding {}: {}", "扣住 {}"),
    ("released {} {} from {} to {}", "放行从 {3} 到 {4} 的 {1} {2}"),
    ("released {}", "放行 {}"),
    ("delivered {} {} from {} to {}", "送达从 {3} 到 {4} 的 {1} {2}"),
    ("delivered {}", "已送达 {}"),
    ("lost {} {} from {} to {}", "丢失从 {3} 到 {4} 的 {1} {2}"),
    ("flipped a bit of byte {} of {}", "已翻转 {2} 第 {1} 字节中的一位"),
    ("flipped a bit of {}", "已翻转 {} 中的一位"),
    ("{} arrives {} later", "{} 推迟 {} 到达"),
    ("fired {}", "已触发 {}"),
    ("tore the last write of {}", "已撕裂 {} 的最后一次写入"),
    ("flushed {}", "已刷盘 {}"),
    ("filled {} with {} records", "已向 {} 填入 {} 条记录"),
    ("rolled {}", "已滚动 {}"),
    ("nothing to roll: the active segment of {} is empty", "无需滚动：{} 的活动段为空"),
    ("retention check: nothing to drop", "保留检查：没有可删除的"),
    (
        "the cleaner could not clean {}: 'show why' tells more",
        "清理线程无法清理 {}：'show why' 说明原因",
    ),
    ("branch {} begins at step {}", "分支 {} 从第 {} 步开始"),
    ("step {} of {} on {}, {}", "{3} 上的第 {1} / {2} 步，{4}"),
    ("cluster of {} brokers, kafka {}, seed {}", "{} 个 broker 的集群，kafka {}，种子 {}"),
    ("cluster of {} broker, kafka {}, seed {}", "{} 个 broker 的集群，kafka {}，种子 {}"),
    ("begun; it goes on in the background", "已开始；在后台继续"),
    ("no answer after {}: it goes on in the background", "{} 后仍无应答：在后台继续"),
    ("after {}: {}", "经过 {}：{}"),
    ("not within {}: {}", "{} 内未成立：{}"),
    ("did not settle: {}", "没有平静下来：{}"),
    ("nothing is pending", "没有待发生的事件"),
    ("nothing differs", "没有不同"),
    ("no {} is held", "没有被扣住的 {}"),
    ("no {} was sent within {}", "{2} 内没有发送 {1}"),
    ("expected {}", "期望 {}"),
    ("{} (answered by the engine)", "{}（由引擎作答）"),
    ("there is no cluster yet", "还没有集群"),
    ("{} is frozen already", "{} 已经冻结"),
    ("{} does not run", "{} 没有运行"),
    ("{} is not frozen", "{} 没有被冻结"),
    ("{} runs already", "{} 已在运行"),
    (
        "nothing with the number {} is pending; {}",
        "没有编号为 {} 的待发生事件；'show network' 列出所有",
    ),
    ("{} is not held: {}", "{} 没有被扣住"),
    (
        "{} must arrive first: between two nodes messages keep their order",
        "{} 必须先到：两个节点之间的消息保持顺序",
    ),
    (
        "{} is no message: only messages can be lost or damaged",
        "{} 不是消息：只有消息才能丢失或损坏",
    ),
    (
        "this cluster has no ZooKeeper: its controllers decide by themselves (KRaft), see {}",
        "这个集群没有 ZooKeeper：由控制器自行决定（KRaft），参见 {}",
    ),
    ("there is no node {}; there are {}", "没有节点 {}；现有 {}"),
    ("broken promise {}: {} (step {})", "违背了承诺 {}：{}（第 {} 步）"),
    ("and {} more", "另有 {} 项"),
];

/// The holes of a line that fits a pattern.
fn fit<'a>(line: &'a str, pattern: &str) -> Option<Vec<&'a str>> {
    let mut parts = pattern.split("{}");
    let mut rest = line.strip_prefix(parts.next()?)?;
    let mut holes = Vec::new();
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let at = match (part.is_empty(), parts.peek()) {
            (_, None) => rest.ends_with(part).then(|| rest.len() - part.len())?,
            (true, Some(_)) => return None,
            (false, Some(_)) => rest.find(part)?,
        };
        if at == 0 {
            return None;
        }
        holes.push(&rest[..at]);
        rest = &rest[at + part.len()..];
    }
    rest.is_empty().then_some(holes)
}

/// A line that a command printed, in Chinese where the table has it.
pub(super) fn told(line: &str) -> String {
    let body = line.trim_start();
    let indent = &line[..line.len() - body.len()];
    for (english, chinese) in SENTENCES {
        let Some(holes) = fit(body, english) else { continue };
        let mut out = String::from(indent);
        let mut next = 0;
        let mut rest = *chinese;
        while let Some(at) = rest.find('{') {
            out.push_str(&rest[..at]);
            let end = rest[at..].find('}').map_or(rest.len(), |end| at + end);
            let which = rest[at + 1..end].parse::<usize>().map_or(next, |named| named - 1);
            next += 1;
            out.push_str(holes.get(which).copied().unwrap_or_default());
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        out.push_str(rest);
        return out;
    }
    line.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_again_with_what_stands_in_them() {
        assert_eq!(told("produced orders-0 offset 3"), "已写入 orders-0，偏移量 3");
        assert_eq!(told("produced orders-0 offsets 3 to 9"), "已写入 orders-0，偏移量 3 到 9");
        assert_eq!(
            told("created orders: 3 partitions, 1 replica"),
            "已创建 orders：3 个分区，1 个副本"
        );
        assert_eq!(told("step 4 of 9 on main, 1.5 s"), "main 上的第 4 / 9 步，1.5 s");
        assert_eq!(
            told("lost Fetch 70 from broker 2 to broker 1"),
            "丢失从 broker 2 到 broker 1 的 Fetch 70"
        );
        assert_eq!(told("  something else"), "  something else");
    }

    #[test]
    fn every_row_has_the_same_holes_in_both_languages_or_leaves_some_out() {
        for (english, chinese) in SENTENCES {
            let holes = english.matches("{}").count();
            assert!(chinese.matches('{').count() <= holes, "{english}");
            let words = vec!["x"; holes];
            let mut line = String::new();
            for (at, part) in english.split("{}").enumerate() {
                if at > 0 {
                    line.push_str(words[at - 1]);
                }
                line.push_str(part);
            }
            assert_ne!(told(&line), line, "{english} is hidden by another row");
        }
    }
}
