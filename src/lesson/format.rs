//! A lesson as a value.

use crate::script::{Expression, Statement, Value};
use crate::types::Language;

/// The panes that a lesson may name, in the order of the digits that choose them.
pub const PANES: &[&str] = &[
    "cluster",
    "partition",
    "log",
    "index",
    "bytes",
    "controller",
    "group",
    "producer",
    "network",
    "metrics",
    "timeline",
    "why",
    "files",
    "overview",
    "zookeeper",
];

/// The tracks: letter, name, what it is about; each in both languages.
pub const TRACKS: &[(char, &str, &str, &str, &str)] = &[
    ('A', "Files", "文件", "what is on the disk, byte by byte", "磁盘上有什么，逐字节看"),
    ('B', "Replication", "复制", "leaders, followers, who is in sync", "领导者、跟随者、谁在同步"),
    ('C', "Coordination", "协调", "ZooKeeper then, KRaft now", "从前的 ZooKeeper，现在的 KRaft"),
    ('D', "Producers", "生产者", "from your value to the right partition", "从一个值到正确的分区"),
    (
        'E',
        "Consumers, groups",
        "消费者与消费组",
        "who reads what, and how far",
        "谁读什么，读到哪里",
    ),
    ('F', "Delivery", "投递语义", "at most, at least, exactly once", "至多、至少、恰好一次"),
    (
        'G',
        "Streams, Connect",
        "Streams 与 Connect",
        "tables, counts, other systems",
        "表、计数与其他系统",
    ),
    ('H', "Operations", "运维", "growing, watching, measuring it", "扩容、观察、测量"),
    ('M', "Myths", "误区", "what many texts get wrong", "许多文章说错的地方"),
];

/// A lesson, in one language.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesson {
    /// Its id, such as `a05-offset-lookup`.
    pub id: String,
    /// Its title in this language.
    pub title: String,
    /// Its Chinese title, if the English file names one.
    pub title_zh: Option<String>,
    /// The track's letter.
    pub track: char,
    /// How long it takes.
    pub minutes: u32,
    /// `kraft`, `zookeeper`, `both`, `either`.
    pub era: String,
    /// Panes shown at the start.
    pub panes: Vec<String>,
    /// The seed.
    pub seed: u64,
    /// The one question that it answers.
    pub question: String,
    /// Ids of lessons to do before.
    pub prerequisites: Vec<String>,
    /// Where it can be looked up.
    pub sources: Vec<String>,
    /// Prose before the first step.
    pub opening: Vec<Part>,
    /// Commands played before the first step.
    pub setup: Option<Commands>,
    /// The steps.
    pub steps: Vec<Step>,
    /// The language of the prose.
    pub language: Language,
    /// The file of the commands, as messages name it.
    pub file: String,
}

/// One step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// The heading.
    pub heading: String,
    /// The heading's line.
    pub line: usize,
    /// What is read and played, in order.
    pub parts: Vec<Part>,
    /// Hints, to be given one after the other.
    pub hints: Vec<String>,
    /// What the step is after.
    pub goal: Option<String>,
    /// For the presenter.
    pub notes: Vec<String>,
    /// Where it shows in a real cluster.
    pub in_production: Vec<String>,
    /// Source files to read.
    pub read_next: Vec<String>,
    /// Panes from this step on.
    pub panes: Option<Vec<String>>,
    /// Prepared schedules: happenings to hold, drop and deliver so that a race comes out as it rarely does by itself.
    pub races: Vec<Race>,
}

/// A prepared schedule, offered by a key; the learner may as well do it by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Race {
    /// What it brings about.
    pub title: String,
    /// The commands, one after the other; empty in a twin.
    pub commands: Vec<String>,
    /// Its line.
    pub line: usize,
}

/// A part of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Paragraphs in Markdown.
    Prose {
        /// The text; paragraphs are apart by an empty line.
        text: String,
        /// Its first line.
        line: usize,
    },
    /// Text to be shown as it stands.
    Picture {
        /// The lines.
        text: String,
        /// Its first line.
        line: usize,
    },
    /// Commands.
    Commands(Commands),
    /// A question.
    Predict(Predict),
}

/// A block of commands with its recorded output.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Commands {
    /// The line of the opening fence.
    pub line: usize,
    /// The commands, as written.
    pub source: String,
    /// The commands, read.
    pub statements: Vec<Statement>,
    /// What they printed when it was recorded.
    pub output: String,
    /// Whether they are played without being shown.
    pub hidden: bool,
}

/// A question that the engine answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Predict {
    /// The line of the opening fence.
    pub line: usize,
    /// The question.
    pub question: String,
    /// What can be chosen; empty when the learner types a value.
    pub options: Vec<Choice>,
    /// What the engine evaluates.
    pub answer: Expression,
    /// When it does.
    pub moment: Moment,
    /// The line of `answer:`.
    pub answer_line: usize,
    /// Shown with the answer.
    pub why: String,
}

/// When the engine answers a question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Moment {
    /// `answer:` when the next block of commands of the step has been played; where none follows, at once. It does not
    /// matter: no option fits what holds now, or the commands do not change it. `klab check` sees to that.
    #[default]
    Either,
    /// `answer now:` in the moment of the question, whatever the commands do that follow.
    Now,
    /// `answer then:` like `answer:`, said in so many words since another option fits what holds now.
    Then,
}

/// An option of a question.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// What is read.
    pub text: String,
    /// What the engine's answer must be for it to be right.
    pub value: Value,
}

impl Lesson {
    /// The title in a language, even when the lesson is only there in the other.
    pub fn title_in(&self, language: Language) -> &str {
        match (language, &self.title_zh) {
            (Language::Chinese, Some(title)) if self.language == Language::English => title,
            _ => &self.title,
        }
    }
    /// The panes that are shown in a step.
    pub fn panes_at(&self, step: usize) -> &[String] {
        let own = self.steps.iter().take(step + 1).rev().find_map(|step| step.panes.as_deref());
        own.unwrap_or(&self.panes)
    }
}

impl Step {
    /// What the step is after.
    pub fn goal(&self) -> &str {
        self.goal.as_deref().unwrap_or(&self.heading)
    }
    /// The blocks of commands, in order.
    pub fn commands(&self) -> impl Iterator<Item = &Commands> {
        self.parts.iter().filter_map(|part| match part {
            Part::Commands(commands) => Some(commands),
            _ => None,
        })
    }
    /// The questions, in order.
    pub fn predictions(&self) -> impl Iterator<Item = &Predict> {
        self.parts.iter().filter_map(|part| match part {
            Part::Predict(predict) => Some(predict),
            _ => None,
        })
    }
}
