//! Why a key does nothing here, and what to press instead: no key of the screen is passed over in silence.
//!
//! ```text
//!   d, and no message is chosen ──► ▸ choose a message or a timer first: 9 lists them, ↑↓ choose
//! ```
//!
//! What always holds: a key either does something that is seen, or the line of the prompt says why it does not.

use super::bench::Bench;
use super::stage::{Note, Pane};
use crate::types::Language;
use crossterm::event::KeyCode;

/// Sentence in English, in Chinese.
type Told = (&'static str, &'static str);

const ONLY_LOOKED: Told = (
    "this directory is only looked at, nothing in it changes: Enter looks into a row, / searches",
    "这个目录只供查看，不会改动：Enter 查看一行，/ 搜索",
);
const NOT_THIS_ONE: Told = (
    "that cannot be done to this one: a shows what can",
    "对这一项不能这样做：按 a 查看可做的操作",
);

impl Bench {
    /// The key did nothing: the prompt's line says why, and what to press.
    pub(super) fn idle(&mut self, code: KeyCode) {
        self.tell(self.why_not(code));
    }

    /// A sentence in the prompt's line.
    pub(super) fn say(&mut self, (english, chinese): Told) {
        self.tell(self.language.pick(english, chinese).to_owned());
    }

    fn tell(&mut self, text: String) {
        self.note = Some(Note::good(text));
    }

    fn why_not(&self, code: KeyCode) -> String {
        let read_only = self.stage.status().read_only;
        let in_network = self.active == Pane::Network;
        let chosen = self.chosen_in(self.active).is_some();
        let (english, chinese) = match code {
            KeyCode::Char(
                'a' | 'b' | 'd' | 'o' | 'y' | 'c' | 'x' | 's' | 'R' | 'H' | '[' | ']',
            ) if read_only => ONLY_LOOKED,
            KeyCode::Char('d' | 'o' | 'y' | 'c') if in_network && chosen => NOT_THIS_ONE,
            KeyCode::Char('d' | 'o' | 'y' | 'c') => (
                "choose a message or a timer first: 9 lists them, ↑↓ choose; o holds, d drops, y delays, c flips a bit",
                "请先选择一条消息或定时器：9 列出它们，↑↓ 选择；o 扣住，d 丢弃，y 延迟，c 翻转一位",
            ),
            KeyCode::Char('x' | 's') => (
                "choose a broker's row first: 2 shows the cluster, ↑↓ choose; x kills it, s starts it",
                "请先选择一个 broker 的行：2 显示集群，↑↓ 选择；x 杀掉，s 启动",
            ),
            KeyCode::Char('R') => (
                "no race is prepared here: where a step of a lesson has one, it is offered when the step is done",
                "这里没有预设的竞态：课程的某一步若有，会在该步完成时提供",
            ),
            KeyCode::Char('H') => (
                "hints belong to lessons: ? explains keys and words",
                "提示只在课程中有：? 说明按键和术语",
            ),
            KeyCode::Char('[' | ']') => {
                ("there is only this branch: b begins another", "只有这一个分支：按 b 新建分支")
            }
            KeyCode::Char('v') => (
                "nothing to compare with yet: b begins another branch",
                "还没有可对比的分支：按 b 新建分支",
            ),
            KeyCode::Up | KeyCode::Char('k' | 'K') if chosen => {
                ("this is the first row: ↓ chooses the next", "这是第一行：↓ 选择下一行")
            }
            KeyCode::Down | KeyCode::Char('j' | 'J') if chosen => {
                ("this is the last row: ↑ chooses the one before", "这是最后一行：↑ 选择上一行")
            }
            KeyCode::Up | KeyCode::Char('k' | 'K') => (
                "this is its top: Tab goes to the next pane, digits choose one",
                "已到顶部：Tab 到下一个面板，数字选择面板",
            ),
            KeyCode::Down | KeyCode::Char('j' | 'J') => (
                "this is its end: Tab goes to the next pane, digits choose one",
                "已到末尾：Tab 到下一个面板，数字选择面板",
            ),
            KeyCode::Home => {
                ("this is the beginning of the history: → goes on", "这是历史的起点：→ 前进")
            }
            KeyCode::End => ("this is the end of the history: → goes on", "这是历史的终点：→ 前进"),
            KeyCode::Tab | KeyCode::BackTab => (
                "there is no other pane on the screen: digits choose one",
                "屏幕上没有其他面板：数字选择面板",
            ),
            KeyCode::Enter if chosen => (
                "there is nothing more to look into in this row: digits choose another pane",
                "这一行没有更多可看的：数字选择其他面板",
            ),
            KeyCode::Enter => {
                ("answer by its digit; : takes a command", "请按数字作答；按 : 输入命令")
            }
            KeyCode::Esc => ("nothing is open here: q leaves", "这里没有打开的东西：q 离开"),
            KeyCode::Char(c) if Pane::ALL.iter().any(|pane| pane.key() == c) => {
                let pane = Pane::ALL.into_iter().find(|pane| pane.key() == c).unwrap_or(Pane::Log);
                let name = self.stage.pane_name(pane, self.language);
                return self.spelt(match self.language {
                    Language::English => {
                        format!("{name} has the keys already: ↑↓ choose a row, Tab goes on")
                    }
                    Language::Chinese => {
                        format!("{name} 已是当前面板：↑↓ 选择行，Tab 到下一个面板")
                    }
                });
            }
            KeyCode::Char(c) => {
                let c = if c.is_control() { '?' } else { c };
                return match self.language {
                    Language::English => {
                        format!("'{c}' does nothing here: ? lists the keys, : takes a command")
                    }
                    Language::Chinese => format!("'{c}' 在这里不起作用：? 列出按键，: 输入命令"),
                };
            }
            _ => (
                "this key does nothing here: ? lists the keys, : takes a command",
                "这个键在这里不起作用：? 列出按键，: 输入命令",
            ),
        };
        self.spelt(self.language.pick(english, chinese).to_owned())
    }

    /// With the names of the arrows where only ASCII is drawn.
    fn spelt(&self, text: String) -> String {
        match self.glyphs.is_ascii() {
            true => super::help::ascii(&text.replace("↑↓", "Up, Down")),
            false => text,
        }
    }
}
