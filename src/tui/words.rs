//! The labels of the screen in both languages. Command words and Kafka's nouns are the same in both.

use super::stage::Pane;
use crate::lesson;
use crate::types::Language;

macro_rules! words {
    ($($name:ident: $english:literal, $chinese:literal;)*) => {
        /// Every label of the screen.
        #[allow(missing_docs, reason = "the names are the English labels")]
        pub struct Words { $(pub $name: &'static str,)* }
        static ENGLISH: Words = Words { $($name: $english,)* };
        static CHINESE: Words = Words { $($name: $chinese,)* };
    };
}

words! {
    tagline: "a learning lab for Apache Kafka", "Apache Kafka 学习实验室";
    begin_here: "Begin here", "从这里开始";
    tour: "the lab in five minutes", "五分钟认识实验室";
    lessons: "Lessons", "课程";
    of_done: "done", "已完成";
    not_started: "not started", "未开始";
    done: "done", "已完成";
    colon: ": ", "：";
    coming: "not written yet", "尚未编写";
    sandbox: "Sandbox", "沙盒";
    sandbox_is: "three brokers, your commands", "三个 broker，命令由你";
    open_directory: "Open a directory", "打开目录";
    open_directory_is: "look into the data directory of a real broker", "查看真实 broker 的数据目录";
    sample: "Samples", "示例目录";
    sample_is: "directories of real brokers that come along", "附带的真实 broker 目录";
    continue_it: "Continue", "继续";
    step: "step", "步";
    seed: "seed", "种子";
    minutes: "min", "分钟";
    choose: "choose", "选择";
    open: "open", "打开";
    close: "close", "收起";
    start: "start", "开始";
    search: "search", "搜索";
    language: "language", "语言";
    theme: "colours", "配色";
    back_to: "close", "返回";
    scroll: "scroll", "滚动";
    quit: "quit", "退出";
    leave: "leave", "离开";
    help: "help", "帮助";
    back: "back", "后退";
    play: "play", "播放";
    pause: "pause", "暂停";
    paused: "paused", "已暂停";
    playing: "playing", "播放中";
    under_way: "under way", "进行中";
    why: "why", "原因";
    branch: "branch", "分支";
    pane: "pane", "面板";
    panes: "panes", "面板";
    command: "command", "命令";
    run: "run", "执行";
    cancel: "cancel", "取消";
    complete: "complete", "补全";
    history: "history", "历史";
    answer: "answer", "作答";
    hint: "hint", "提示";
    deliver: "deliver", "送达";
    drop: "drop", "丢弃";
    kill: "kill", "杀掉";
    start_node: "start", "启动";
    look: "look", "查看";
    faster: "faster", "加速";
    slower: "slower", "减速";
    next: "next", "下一步";
    next_step: "next", "继续";
    nothing_found: "nothing found", "没有找到";
    timeline: "timeline", "时间线";
    files_at: "files", "文件";
    engine_says: "the lab says", "实验室的答案";
    right: "right", "答对了";
    not_quite: "not quite", "不完全对";
    by_engine: "answered by the engine", "由引擎作答";
    you_said: "you said", "你的回答";
    type_answer: "type your answer", "请输入答案";
    hints: "hint", "提示";
    step_done: "Done here. → goes on.", "本步完成。按 → 继续。";
    nothing_yet: "nothing happened yet: → takes the first step", "还没有发生任何事：按 → 走第一步";
    too_small: "terminal too small: 40×10 is the least, this is", "终端太小：至少 40×10，现在是";
    glossary: "Glossary", "术语";
    keys: "Keys", "按键";
    mouse: "Mouse", "鼠标";
    type_to_search: "type to search the glossary", "输入文字以搜索术语";
    path: "path", "路径";
    read_only: "read only", "只读";
    yes: "yes", "是";
    no: "no", "否";
    leave_question: "Leave? Your progress is saved.", "要离开吗？进度会保存。";
    branch_name: "Name of the new branch", "新分支的名字";
    no_such_pane: "this pane is not part of what is open", "当前内容没有这个面板";
    no_zookeeper: "no ZooKeeper here: 7 shows the controller; `cluster kafka=2.1` has one", "这里没有 ZooKeeper：7 显示控制器；`cluster kafka=2.1` 才有";
    compare_eras: "Then and now", "今昔对比";
    compare_eras_is: "two versions side by side, the same commands", "两个版本并排，同样的命令";
    compare_what: "one setting of cluster, two values", "cluster 的一个设置，两个值";
    working: "working", "执行中";
    more_rows: "more", "行";
    lines: "rows", "行";
    begin_tour_first: "New here? Press Enter.", "第一次来？请按 Enter。";
    unavailable: "not available here", "这里不可用";
    findings: "findings", "发现";
    act: "act", "操作";
    edit: "change first", "先修改";
    hold: "hold", "扣住";
    release: "release", "放行";
    delay: "delay", "延迟";
    corrupt: "flip a bit", "翻转一位";
    fire: "fire", "触发";
    switch: "go there", "切换";
    compare: "compare", "对比";
    race: "set up the race", "布置竞态";
    filter: "filter", "过滤";
    branches: "other branch", "切换分支";
    no_such_key: "this key does nothing here: arrows choose, Enter starts, ? lists the keys", "这个键在这里不起作用：方向键选择，Enter 开始，? 列出按键";
    nothing_to_fold: "nothing to open or close in this row: Enter starts it", "这一行没有可展开或收起的：按 Enter 开始";
    nothing_typed: "nothing was typed: Enter asks again", "没有输入内容：按 Enter 再次输入";
    nothing_found_search: "nothing found: Backspace shortens what is searched, Esc shows all", "没有找到：退格缩短搜索词，Esc 显示全部";
    nothing_to_do: "nothing can be done to this row", "对这一行没有可做的操作";
    mouse_is: "click chooses · wheel scrolls · drag the timeline", "点击选择 · 滚轮滚动 · 拖动时间线";
}

/// The labels of a language.
pub fn words(language: Language) -> &'static Words {
    match language {
        Language::English => &ENGLISH,
        Language::Chinese => &CHINESE,
    }
}

/// The name of a pane.
pub fn pane(pane: Pane, language: Language) -> &'static str {
    let chinese = match pane {
        Pane::Lesson => "课文",
        Pane::Cluster => "集群",
        Pane::Partition => "分区",
        Pane::Log => "日志",
        Pane::Index => "索引",
        Pane::Bytes => "字节",
        Pane::Controller => "控制器",
        Pane::Group => "消费组",
        Pane::Network => "网络",
        Pane::Timeline => "时间线",
        Pane::Why => "原因",
        Pane::Findings => "发现",
        Pane::Results => "结果",
        Pane::Transactions => "事务",
        Pane::Files => "文件",
        Pane::Metrics => "指标",
        Pane::Overview => "总览",
        Pane::Diff => "对比",
        Pane::Zookeeper => "节点树",
    };
    language.pick(pane.name(), chinese)
}

/// The tracks: letter, name, what it is about.
pub fn track(letter: char, language: Language) -> (&'static str, &'static str) {
    let found = lesson::TRACKS.iter().find(|track| track.0 == letter);
    let (_, english, chinese, about, about_chinese) =
        found.copied().unwrap_or((letter, "More", "更多", "lessons of your own", "你自己的课程"));
    (language.pick(english, chinese), language.pick(about, about_chinese))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pane_and_track_has_a_name_in_both_languages() {
        for p in Pane::ALL {
            assert!(pane(p, Language::Chinese).chars().all(|c| !c.is_ascii()));
            assert_eq!(Pane::parse(p.name()), Some(p));
        }
        for letter in "ABCDEFGHM?".chars() {
            assert_ne!(track(letter, Language::English), track(letter, Language::Chinese));
        }
    }
}
