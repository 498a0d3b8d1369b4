//! What a command's form is made of; the table itself stands in `forms`.
//!
//! A form is its fixed words, the things it takes by place, the settings it takes by name, a sentence in both
//! languages and an example. Parser, `help` and completion read the same rows, so none of them can drift.

use super::configs::Scope;

/// What kind of thing a word or a setting's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A topic's name.
    Topic,
    /// Topics with commas.
    Topics,
    /// A partition, `orders-0`.
    Partition,
    /// Partitions with commas.
    Partitions,
    /// A broker: id or expression.
    Broker,
    /// A node's id.
    Node,
    /// A producer's name.
    Producer,
    /// A consumer's name.
    Consumer,
    /// A group's name.
    Group,
    /// A number from 0.
    Count,
    /// A number from 1.
    Positive,
    /// A number, negative too.
    Integer,
    /// A length of time, `600ms`.
    Duration,
    /// `true` or `false`.
    Bool,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Text, or `null`.
    Value,
    /// `k:v,k:v`.
    Headers,
    /// Broker ids with commas.
    Nodes,
    /// `1:2:3,2:3:1`.
    Assignment,
    /// A message's kind.
    MessageKind,
    /// A branch's name.
    Branch,
    /// A file, as `files` names it.
    File,
    /// A condition; takes the rest of the line.
    Condition,
    /// Every word that follows.
    Rest,
}

impl Kind {
    /// How it is written in a usage line.
    pub fn placeholder(self) -> String {
        match self {
            Kind::Text | Kind::Value => "TEXT".into(),
            Kind::Topic => "TOPIC".into(),
            Kind::Topics => "TOPIC,…".into(),
            Kind::Partition => "T-P".into(),
            Kind::Partitions => "T-P,…".into(),
            Kind::Broker | Kind::Node => "N".into(),
            Kind::Producer | Kind::Consumer => "NAME".into(),
            Kind::Group => "GROUP".into(),
            Kind::Count | Kind::Positive | Kind::Integer => "N".into(),
            Kind::Duration => "TIME".into(),
            Kind::Bool => "true|false".into(),
            Kind::Choice(words) => words.join("|"),
            Kind::Headers => "K:V,…".into(),
            Kind::Nodes => "N,…".into(),
            Kind::Assignment => "1:2:3,…".into(),
            Kind::MessageKind => "KIND".into(),
            Kind::Branch => "BRANCH".into(),
            Kind::File => "FILE".into(),
            Kind::Condition => "CONDITION".into(),
            Kind::Rest => "WORD…".into(),
        }
    }

    /// What was expected, for messages.
    pub fn expected(self) -> String {
        match self {
            Kind::Topic | Kind::Topics => "a topic's name".into(),
            Kind::Partition | Kind::Partitions => "a partition like orders-0".into(),
            Kind::Broker => "a broker's id like 1".into(),
            Kind::Node => "a node's id like 1 or 3001, zookeeper, or a client's name".into(),
            Kind::Producer => "a producer's name like p1".into(),
            Kind::Consumer => "a consumer's name like c1".into(),
            Kind::Group => "a group's name".into(),
            Kind::Count => "a number from 0".into(),
            Kind::Positive => "a number from 1".into(),
            Kind::Integer => "a number".into(),
            Kind::Duration => "a time like 600ms, 30s, 2h, 7d".into(),
            Kind::Bool => "true or false".into(),
            Kind::Choice(words) => format!("one of {}", words.join(", ")),
            Kind::Headers => "headers like k:v,k2:v2".into(),
            Kind::Nodes => "broker ids like 1,2,3".into(),
            Kind::Assignment => "replicas of each partition like 1:2:3,2:3:1".into(),
            Kind::MessageKind => "a request's name like Fetch".into(),
            Kind::Branch => "a branch's name".into(),
            Kind::File => "a file as 'files' names it".into(),
            Kind::Condition => "a condition".into(),
            Kind::Text | Kind::Value | Kind::Rest => "a word".into(),
        }
    }
}

/// One thing that a form takes, by place or by name.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Whether it must be there.
    pub required: bool,
}

/// Something that must be there.
pub const fn must(name: &'static str, kind: Kind) -> Slot {
    Slot { name, kind, required: true }
}

/// Something that may be left off.
pub const fn may(name: &'static str, kind: Kind) -> Slot {
    Slot { name, kind, required: false }
}

/// One form of a command.
#[derive(Debug)]
pub struct Form {
    /// The fixed words, with single blanks: `topic create`.
    pub words: &'static str,
    /// What it takes by place.
    pub takes: &'static [Slot],
    /// What it takes by name.
    pub keys: &'static [Slot],
    /// Whose settings it takes besides.
    pub configs: Scope,
    /// The capability that it takes, when this version lacks it.
    pub needs: Option<&'static str>,
    /// One sentence.
    pub english: &'static str,
    /// The same in Chinese.
    pub chinese: &'static str,
    /// An example that parses.
    pub example: &'static str,
}

impl Form {
    /// A form without settings.
    pub const fn new(
        words: &'static str,
        takes: &'static [Slot],
        keys: &'static [Slot],
        english: &'static str,
        chinese: &'static str,
        example: &'static str,
    ) -> Form {
        Form { words, takes, keys, configs: Scope::Nobody, needs: None, english, chinese, example }
    }
    /// The same, taking settings.
    pub const fn with(mut self, configs: Scope) -> Form {
        self.configs = configs;
        self
    }
    /// The same, needing a capability that comes later.
    pub const fn later(mut self, capability: &'static str) -> Form {
        self.needs = Some(capability);
        self
    }
    /// The fixed words one by one.
    pub fn parts(&self) -> impl Iterator<Item = &'static str> + Clone {
        self.words.split(' ')
    }
    /// The verb.
    pub fn verb(&self) -> &'static str {
        self.words.split(' ').next().unwrap_or(self.words)
    }
    /// The setting of this name.
    pub fn key(&self, name: &str) -> Option<&'static Slot> {
        self.keys.iter().find(|slot| slot.name == name)
    }
    /// `topic create TOPIC [partitions=N] … [SETTING=VALUE …]`.
    pub fn usage(&self) -> String {
        let mut text = self.words.to_string();
        let mut add = |part: String, required: bool| {
            text.push_str(&if required { format!(" {part}") } else { format!(" [{part}]") });
        };
        for slot in self.takes {
            add(slot.kind.placeholder(), slot.required);
        }
        for slot in self.keys {
            add(format!("{}={}", slot.name, slot.kind.placeholder()), slot.required);
        }
        match self.configs {
            Scope::Nobody => {}
            Scope::Offsets => add("T-P=N …".into(), true),
            scope => add(format!("{}=… ", scope.noun().replace(' ', "-")).trim().into(), false),
        }
        text
    }
}
