//! The words of the table of versions in Chinese: themes, rules, cells.
//!
//! What always holds: every word of the table has one here or is a name (a setting, a class, a number). Cells stay
//! short, since eight versions stand side by side.

use crate::types::Language;

/// English, Chinese.
const WORDS: &[(&str, &str)] = &[
    ("files", "文件"),
    ("replication", "复制"),
    ("coordination", "协调"),
    ("clients", "客户端"),
    ("defaults", "默认值"),
    ("source", "来源"),
    ("message format", "消息格式"),
    ("index entry key", "索引条目的键"),
    ("index counter", "索引计数"),
    ("warm index search", "索引热区查找"),
    ("roll and retention by", "滚动与保留依据"),
    ("indexes checked at start", "启动时检查索引"),
    ("clean-stop flag", "干净停止标记"),
    ("producer snapshots", "生产者快照"),
    ("truncation", "截断"),
    ("epoch in fetch requests", "拉取请求带纪元"),
    ("a follower lags by", "追随者落后依据"),
    ("lag looked for, per limit", "每时限检查次数"),
    ("joins the ISR at", "加入 ISR 的条件"),
    ("high watermark counts", "高水位计入"),
    ("ISR changes through", "ISR 变更途径"),
    ("maximal ISR", "最大 ISR"),
    ("broker epochs in the ISR", "ISR 带 broker 纪元"),
    ("high watermark awaits it", "高水位等待它"),
    ("eligible leader replicas", "合格领导者副本"),
    ("acks=2 and more", "acks=2 及以上"),
    ("reading from followers", "从追随者读取"),
    ("fetch versions", "Fetch 版本"),
    ("zombie controller fenced", "隔离僵尸控制器"),
    ("controller asks at once", "控制器并发请求"),
    ("dead leave at fail-over", "接任时移除死者"),
    ("form of a topic's znode", "主题 znode 格式"),
    ("settings changed while running", "运行中可改的配置"),
    ("none", "无"),
    ("throttles", "限速"),
    ("one, all", "单个、全部"),
    ("needless preferred election", "多余的首选选举"),
    ("nothing", "无变化"),
    ("new epoch", "新纪元"),
    ("broker epochs", "broker 纪元"),
    ("pre-vote", "预投票"),
    ("topic ids", "主题 id"),
    ("topics are made by a tool that", "建主题的工具"),
    ("forbidden deletions unmarked", "撤销被禁的删除"),
    ("offsets are kept in", "偏移量存于"),
    ("group protocols", "消费组协议"),
    ("record without a key", "无键的记录"),
    ("transactions", "事务"),
    ("yes", "是"),
    ("no", "否"),
    ("as set", "照设定"),
    ("at most all", "至多全部"),
    ("first", "首条"),
    ("last", "末条"),
    ("append", "每次追加"),
    ("batch", "每批次"),
    ("file", "文件"),
    ("records", "记录"),
    ("empty", "空文件"),
    ("epoch", "含纪元"),
    ("newest", "最新"),
    ("segment", "每段"),
    ("obeyed", "遵循"),
    ("ignored", "忽略"),
    ("high wm", "高水位"),
    ("epoch asked", "问纪元"),
    ("in fetch", "随拉取"),
    ("messages+silence", "条数+沉默"),
    ("time", "时间"),
    ("behind+time", "落后+时间"),
    ("state znode", "状态 znode"),
    ("counted", "计数"),
    ("refused", "拒绝"),
    ("writes znodes", "写 znode"),
    ("asks, 120 s", "请求，120 s"),
    ("asks, 60 s", "请求，60 s"),
    ("topic", "主题"),
    ("round robin", "轮转"),
    ("sticky", "粘性"),
    ("uniform sticky", "均匀粘性"),
    ("ISR+caught up", "ISR+已追上"),
    ("broker", "broker"),
    ("producer", "生产者"),
    ("consumer", "消费者"),
];

/// A word of the table in this language; what has none (a name, a number) stays.
pub fn word(language: Language, english: &str) -> &str {
    match (language, WORDS.iter().find(|(word, _)| *word == english)) {
        (Language::Chinese, Some((_, chinese))) => chinese,
        _ => english,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{CHANGED_DEFAULTS, ERAS, RULES, Theme};
    use super::*;

    /// A name stays: settings have dots, protocols and marks are names by agreement.
    fn is_name(word: &str) -> bool {
        const NAMES: &[&str] =
            &["registry", "classic", "share", "streams", "zookeeper", "kraft", "hw"];
        let parts = || word.split('+');
        word.contains(['.', '_'])
            || !word.contains(|c: char| c.is_ascii_lowercase())
            || word.chars().any(|c| c.is_ascii_digit())
            || word == "AlterPartition"
            || word == "leader-epoch-checkpoint"
            || parts().all(|part| NAMES.contains(&part) || part == "epoch" || part == "consumer")
    }

    #[test]
    fn every_word_of_the_table_has_its_chinese_one() {
        let mut words: Vec<String> = Theme::ALL.iter().map(|theme| theme.word().into()).collect();
        for rule in RULES {
            words.push(rule.name.into());
            words.extend(ERAS.iter().map(rule.cell));
        }
        words.extend(CHANGED_DEFAULTS.iter().map(|changed| changed.owner.word().into()));
        let missing: Vec<&String> = words
            .iter()
            .filter(|english| !is_name(english) && !WORDS.iter().any(|(word, _)| word == english))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
