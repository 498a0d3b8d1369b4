//! The help over everything: keys, mouse, and the glossary, which is searched by typing.

use super::words::words;
use crate::trace::{Canvas, Line, Picture, Role, prose, width};
use crate::types::Language;

/// The state of the help.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Help {
    /// What is searched for.
    pub search: String,
    /// The first row shown.
    pub first: usize,
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
    ("Enter", "look into the row; in network: deliver it", "查看该行；在网络面板：送达它"),
    ("d", "in network: drop the message", "在网络面板：丢弃该消息"),
    ("x s", "in cluster: kill, start the broker", "在集群面板：杀掉、启动 broker"),
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
        for (keys, english, chinese) in KEYS {
            let keys = if canvas.glyphs.is_ascii() { ascii(keys) } else { (*keys).to_owned() };
            let line = Line::of(format!("  {}", width::pad(&keys, 18)), Role::Strong);
            picture.push(line.text(canvas.word(english, chinese)));
        }
        picture.push(
            Line::of(format!("  {}", width::pad(w.mouse, 18)), Role::Strong).text(w.mouse_is),
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

fn ascii(keys: &str) -> String {
    keys.replace('→', "Right")
        .replace('←', "Left")
        .replace('↑', "Up")
        .replace('↓', "Down")
        .replace('…', "..")
}

/// The words every screen uses, for stages that bring no glossary of their own.
pub fn basics(language: Language) -> Vec<Entry> {
    const WORDS: &[(&str, &str, &str)] = &[
        (
            "HW",
            "High watermark: the offset up to which every in-sync replica has the records; consumers read below it.",
            "高水位：所有同步副本都已拥有的位移；消费者只能读到它之前。",
        ),
        (
            "LEO",
            "Log end offset: the offset that the next record of a replica gets.",
            "日志末端位移：该副本下一条记录将得到的位移。",
        ),
        (
            "LSO",
            "Last stable offset: below it no transaction is open; `read_committed` consumers stop there.",
            "最后稳定位移：在它之前没有未结束的事务；`read_committed` 消费者读到此为止。",
        ),
        (
            "ISR",
            "In-sync replicas: those that are caught up with the leader, the leader included.",
            "同步副本集合：跟上 leader 的副本，包括 leader 自己。",
        ),
        (
            "leader epoch",
            "The number of a leader's reign; it grows with each election and is stored in each batch.",
            "leader 纪元：每次选举加一，写在每个批次里。",
        ),
        (
            "offset",
            "The number of a record in its partition, counted from 0.",
            "位移：记录在分区中的编号，从 0 开始。",
        ),
        (
            "position",
            "A byte in a segment file; never to be mixed up with an offset.",
            "位置：段文件中的字节数；不要与位移混淆。",
        ),
        (
            "segment",
            "A piece of a partition's log: a `.log` file with its indexes, named by its first offset.",
            "日志段：分区日志的一段，即一个 `.log` 文件及其索引，以首位移命名。",
        ),
        (
            "fenced",
            "A broker whose session with the controller ended: it leads nothing until it is heard again.",
            "被隔离：与控制器的会话已结束的 broker；恢复心跳前不担任 leader。",
        ),
        (
            "purgatory",
            "Where a broker keeps requests that wait: for other replicas, or for more bytes.",
            "炼狱：broker 存放等待中请求的地方，等其他副本或更多字节。",
        ),
    ];
    WORDS
        .iter()
        .map(|(word, english, chinese)| Entry {
            word: (*word).into(),
            meaning: language.pick(english, chinese).into(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_narrows_the_glossary() {
        let canvas = Canvas::text(Language::English);
        let help = Help { search: "watermark".into(), first: 0 };
        let text = draw(&help, &basics(Language::English), &canvas).to_text();
        assert!(text.contains("High watermark") && !text.contains("ctrl-z"), "{text}");
        let none = Help { search: "zzz".into(), first: 0 };
        assert!(
            draw(&none, &basics(Language::English), &canvas).to_text().contains("nothing found")
        );
    }
}
