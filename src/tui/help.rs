//! The help over everything: keys, mouse, and the glossary, which is searched by typing.

use super::words::words;
use crate::glossary;
use crate::trace::{Canvas, Line, Picture, Role, prose, width};
use crate::types::Language;

/// The state of the help.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Help {
    /// What is searched for.
    pub search: String,
    /// The first row shown.
    pub first: usize,
    /// Whether what is open can only be looked at: fewer keys do something then.
    pub read_only: bool,
}

/// An entry of the glossary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The word: `ISR`.
    pub word: String,
    /// What it means, in one or two sentences.
    pub meaning: String,
}

/// Keys and what they do: (keys, English, Chinese).
const KEYS: &[(&str, &str, &str)] = &[
    ("→ n l", "one happening further", "前进一个事件"),
    ("← p h", "one happening back, the disk too", "后退一个事件，磁盘也一起"),
    (
        "PageDown PageUp",
        "to the end of the command, to the next or last step",
        "到命令结束、下一步或上一步",
    ),
    ("Space", "play, pause", "播放、暂停"),
    ("+ -", "faster, slower", "加速、减速"),
    ("1 … 9 0 w", "choose a pane: its digit never changes", "选择面板：数字固定不变"),
    ("Tab", "next pane on the screen", "屏幕上的下一个面板"),
    ("↑ ↓ k j", "choose a row of the pane", "选择面板中的一行"),
    (
        "Enter",
        "look into the row; in network: deliver or fire it",
        "查看该行；在网络面板：送达或触发它",
    ),
    (
        "o d y c",
        "in network: hold or release it, drop, delay it, flip a bit",
        "在网络面板：扣住或放行、丢弃、延迟、翻转一位",
    ),
    (
        "a, right click",
        "what can be done to the row, or to the cluster: kill, cut, pause …",
        "对该行或整个集群可做的操作：杀掉、切断、冻结……",
    ),
    ("x s", "kill, start the chosen broker", "杀掉、启动选中的 broker"),
    (
        "/",
        "narrow the rows of cluster, network, timeline; ! are the unwell",
        "过滤集群、网络、时间线的行；! 为不健康的分区",
    ),
    ("R", "set up the race that this step offers", "布置本步提供的竞态"),
    ("J K", "ten rows down, up", "下移、上移十行"),
    ("[ ]", "the other branches", "其他分支"),
    ("z", "ZooKeeper's tree, where the cluster has one", "ZooKeeper 的节点树（若集群有）"),
    ("m g", "metrics, overview of brokers, topics, groups", "指标；broker、topic、消费组总览"),
    ("v", "compare with the chosen, or another, branch", "与选中的（或另一个）分支对比"),
    (":", "type a command; Tab completes, ↑ recalls", "输入命令；Tab 补全，↑ 调出历史"),
    ("1 2 3 …", "answer the question", "回答问题"),
    ("H", "a hint", "提示"),
    ("b", "give this point of the history a branch", "在历史的此处开一个分支"),
    ("w", "why did this happen", "为什么会这样"),
    ("L T A", "language, colours, ASCII", "语言、配色、ASCII"),
    (
        "ctrl-z ctrl-c q",
        "suspend, end, leave (progress is saved)",
        "挂起、结束、离开（进度会保存）",
    ),
];

/// The keys where a directory of somebody else's is looked at.
const KEYS_OF_LOOKING: &[(&str, &str, &str)] = &[
    ("↑ ↓ k j", "choose a row of the pane", "选择面板中的一行"),
    (
        "Enter",
        "look into the row: partition, segment, batch, record",
        "查看该行：分区、日志段、批次、记录",
    ),
    ("2 … 8 0", "choose a pane: its digit never changes", "选择面板：数字固定不变"),
    ("! r t", "findings, results of a search, transactions", "发现、查找结果、事务"),
    ("Tab", "next pane on the screen", "屏幕上的下一个面板"),
    (
        "/",
        "search: key=alice value~apples offset=5 time=2026-09-21",
        "查找：key=alice value~apples offset=5 time=2026-09-21",
    ),
    (": lookup T-P offset=N", "find an offset step by step", "逐步查找一个偏移量"),
    (
        "→ ← PgDn PgUp",
        "a step of the lookup further, back, to its end",
        "查找前进、后退一步，到末尾",
    ),
    (": check", "read every log and tell what is wrong", "读取所有日志并报告问题"),
    (": verify T-P", "rebuild the indexes and compare", "重建索引并比较"),
    ("L T A", "language, colours, ASCII", "语言、配色、ASCII"),
    ("ctrl-z ctrl-c q", "suspend, end, leave", "挂起、结束、离开"),
];

/// The help as a picture.
pub fn draw(help: &Help, glossary: &[Entry], canvas: &Canvas) -> Picture {
    let w = words(canvas.language);
    let mut picture = Picture::new(w.help);
    let wanted = help.search.to_lowercase();
    let searched = if wanted.is_empty() {
        Line::of(w.type_to_search, Role::Dim)
    } else {
        Line::of(format!("/ {}", help.search), Role::Strong)
    };
    picture.caption = searched;
    picture.blank();
    if wanted.is_empty() {
        picture.push(Line::of(w.keys, Role::Heading));
        let (all, wide) = if help.read_only { (KEYS_OF_LOOKING, 24) } else { (KEYS, 18) };
        for (keys, english, chinese) in all {
            let keys = if canvas.glyphs.is_ascii() { ascii(keys) } else { (*keys).to_owned() };
            let cells = canvas.width.saturating_sub(wide + 4).max(20);
            let text = prose::inline(canvas.word(english, chinese), Role::Plain);
            for (at, row) in prose::wrap(&text, cells).into_iter().enumerate() {
                let keys = if at == 0 { keys.as_str() } else { "" };
                let line = Line::of(format!("  {}", width::pad(keys, wide)), Role::Strong);
                picture.push(line.join(row));
            }
        }
        picture.push(
            Line::of(format!("  {}", width::pad(w.mouse, wide)), Role::Strong).text(w.mouse_is),
        );
        picture.blank();
    }
    picture.push(Line::of(w.glossary, Role::Heading));
    let found: Vec<&Entry> = glossary
        .iter()
        .filter(|e| {
            e.word.to_lowercase().contains(&wanted) || e.meaning.to_lowercase().contains(&wanted)
        })
        .collect();
    if found.is_empty() {
        picture.push(Line::of(format!("  {}", w.nothing_found), Role::Dim));
    }
    for entry in found {
        let cells = canvas.width.saturating_sub(24).max(20);
        let rows = prose::wrap(&prose::inline(&entry.meaning, Role::Plain), cells);
        for (at, row) in rows.into_iter().enumerate() {
            let head = if at == 0 { width::pad(&entry.word, 20) } else { " ".repeat(20) };
            picture.push(Line::of(format!("  {head}"), Role::Strong).join(row));
        }
    }
    picture
}

/// The names of keys that have signs.
pub fn ascii(keys: &str) -> String {
    keys.replace('→', "Right")
        .replace('←', "Left")
        .replace('↑', "Up")
        .replace('↓', "Down")
        .replace('…', "..")
}

/// The glossary of the lab.
pub fn glossary_of(language: Language) -> Vec<Entry> {
    let entry = |word: glossary::Word| Entry {
        word: word.name(language).to_owned(),
        meaning: word.meaning(language).to_owned(),
    };
    glossary::words().into_iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_narrows_the_glossary() {
        let canvas = Canvas::text(Language::English);
        let help = Help { search: "watermark".into(), first: 0, ..Help::default() };
        let text = draw(&help, &glossary_of(Language::English), &canvas).to_text();
        assert!(
            text.to_lowercase().contains("high watermark") && !text.contains("ctrl-z"),
            "{text}"
        );
        let none = Help { search: "zzz".into(), first: 0, ..Help::default() };
        assert!(
            draw(&none, &glossary_of(Language::English), &canvas)
                .to_text()
                .contains("nothing found")
        );
    }
}
