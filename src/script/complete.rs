//! Completion at the prompt, and the ghost text behind the cursor.
//!
//! What may come next follows from the table: a verb, then the fixed words of its forms, then what the form takes by
//! place and by name; names of topics, partitions, brokers and clients come from whoever knows them (`Names`).

use super::form::{Form, Kind};
use super::forms::{forms, verbs};
use super::functions::FUNCTIONS;
use crate::protocol::KINDS;
use crate::types::Language;

/// What exists at the moment.
pub trait Names {
    /// Topics.
    fn topics(&self) -> Vec<String>;
    /// Partitions.
    fn partitions(&self) -> Vec<String>;
    /// Brokers' ids.
    fn brokers(&self) -> Vec<String>;
    /// Producers.
    fn producers(&self) -> Vec<String>;
    /// Consumers.
    fn consumers(&self) -> Vec<String>;
    /// Groups.
    fn groups(&self) -> Vec<String>;
    /// Branches.
    fn branches(&self) -> Vec<String>;
    /// Files.
    fn files(&self) -> Vec<String>;
}

/// Nothing exists yet.
pub struct NoNames;

impl Names for NoNames {
    fn topics(&self) -> Vec<String> {
        vec![]
    }
    fn partitions(&self) -> Vec<String> {
        vec![]
    }
    fn brokers(&self) -> Vec<String> {
        vec![]
    }
    fn producers(&self) -> Vec<String> {
        vec![]
    }
    fn consumers(&self) -> Vec<String> {
        vec![]
    }
    fn groups(&self) -> Vec<String> {
        vec![]
    }
    fn branches(&self) -> Vec<String> {
        vec![]
    }
    fn files(&self) -> Vec<String> {
        vec![]
    }
}

/// What a completion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CompletionKind {
    /// A fixed word of the language.
    Word,
    /// A name of something that exists, or one of a few values.
    Name,
    /// A function of conditions.
    Function,
    /// A key with its `=`.
    Key,
    /// A setting of Kafka with its `=`.
    Config,
}

/// One thing that could stand at the cursor.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    /// What replaces the word under the cursor.
    pub text: String,
    /// What it is.
    pub kind: CompletionKind,
    /// A sentence about it, if the table has one.
    pub about: String,
    /// From which character of the line on it replaces the text before the cursor.
    pub from: usize,
}

/// How many completions are offered at most.
const LIMIT: usize = 200;

/// What could stand at `cursor` (a character of `line`), best first.
pub fn complete(
    line: &str,
    cursor: usize,
    names: &dyn Names,
    language: Language,
) -> Vec<Completion> {
    let before: String = line.chars().take(cursor).collect();
    let word_start = |c: char| c.is_whitespace() || matches!(c, '(' | '{' | '[' | ',' | '=' | ':');
    let in_condition =
        ["until ", "expect ", "predict "].iter().any(|v| before.trim_start().starts_with(v));
    let ends = |c: &char| if in_condition { word_start(*c) } else { c.is_whitespace() };
    let last = before.char_indices().rfind(|(_, c)| ends(c));
    let from = last.map_or(0, |(at, c)| at + c.len_utf8());
    let (head, word) = before.split_at(from);
    let mut found = if in_condition {
        condition(head, names, language)
    } else {
        command(head, word, names, language)
    };
    found.retain(|completion| completion.text.starts_with(word) && completion.text != word);
    found.truncate(LIMIT);
    let from = head.chars().count();
    found.iter_mut().for_each(|completion| completion.from = from);
    found
}

/// The rest of the best completion, to be shown behind the cursor; or the form's next argument, when nothing is typed.
pub fn ghost(line: &str, names: &dyn Names, language: Language) -> Option<String> {
    let cursor = line.chars().count();
    let found = complete(line, cursor, names, language);
    if line.is_empty() {
        return None;
    }
    let first = found.first()?;
    let typed = cursor - first.from;
    if typed == 0 && !matches!(first.kind, CompletionKind::Word | CompletionKind::Name) {
        return None;
    }
    Some(first.text.chars().skip(typed).collect())
}

fn new(text: impl Into<String>, kind: CompletionKind, about: &str) -> Completion {
    Completion { text: text.into(), kind, about: about.to_string(), from: 0 }
}

/// Completions of the word behind `head` in a command.
fn command(head: &str, word: &str, names: &dyn Names, language: Language) -> Vec<Completion> {
    let given: Vec<&str> = head.split_whitespace().collect();
    if given.is_empty() {
        let about = |verb: &str| {
            let form = forms().find(|form| form.words == verb);
            form.map_or("", |form| language.pick(form.english, form.chinese))
        };
        return verbs().into_iter().map(|v| new(v, CompletionKind::Word, about(v))).collect();
    }
    let mut found: Vec<Completion> = Vec::new();
    for form in forms() {
        let parts: Vec<&str> = form.parts().collect();
        let common = parts.iter().zip(&given).take_while(|(part, word)| part == word).count();
        if common == given.len() && parts.len() > given.len() {
            let next = parts[given.len()];
            if !found.iter().any(|completion| completion.text == next) {
                let about = if parts.len() == given.len() + 1 {
                    language.pick(form.english, form.chinese)
                } else {
                    ""
                };
                found.push(new(next, CompletionKind::Word, about));
            }
        }
    }
    let fits = |form: &&Form| {
        let mut words = given.iter();
        form.parts().all(|part| words.next() == Some(&part))
    };
    if let Some(form) = forms().filter(fits).max_by_key(|form| form.parts().count()) {
        arguments(form, &given[form.parts().count()..], word, names, language, &mut found);
    }
    found
}

/// Completions of a form's arguments.
fn arguments(
    form: &'static Form,
    given: &[&str],
    word: &str,
    names: &dyn Names,
    language: Language,
    found: &mut Vec<Completion>,
) {
    if let Some((key, _)) = word.split_once('=') {
        if let Some(slot) = form.key(key) {
            let values = values(slot.kind, names).into_iter();
            found.extend(values.map(|v| new(format!("{key}={v}"), CompletionKind::Name, "")));
        }
        return;
    }
    let by_place = given.iter().filter(|word| !word.contains('=')).count();
    if let Some(slot) = form.takes.get(by_place) {
        found
            .extend(values(slot.kind, names).into_iter().map(|v| new(v, CompletionKind::Name, "")));
        if slot.required {
            return;
        }
    }
    let taken = |name: &str| given.iter().any(|word| word.split('=').next() == Some(name));
    for slot in form.keys.iter().filter(|slot| !taken(slot.name)) {
        let about = slot.kind.expected();
        let about = if language == Language::English { about.as_str() } else { "" };
        found.push(new(format!("{}=", slot.name), CompletionKind::Key, about));
    }
    for name in form.configs.names().iter().filter(|name| !taken(name)) {
        found.push(new(format!("{name}="), CompletionKind::Config, ""));
    }
}

/// Completions inside a condition.
fn condition(head: &str, names: &dyn Names, language: Language) -> Vec<Completion> {
    let mut found = Vec::new();
    let inside_call = head.trim_end().ends_with(['(', ',']) && head.contains('(');
    if inside_call {
        let all = [
            names.partitions(),
            names.groups(),
            names.consumers(),
            names.producers(),
            names.brokers(),
        ];
        found.extend(all.into_iter().flatten().map(|name| new(name, CompletionKind::Name, "")));
    }
    for function in FUNCTIONS {
        let about = language.pick(function.english, function.chinese);
        let close = if function.takes.is_empty() { "()" } else { "(" };
        found.push(new(format!("{}{close}", function.name), CompletionKind::Function, about));
    }
    if !inside_call {
        let words = ["and", "or", "not", "none", "within="];
        found.extend(words.map(|word| new(word, CompletionKind::Word, "")));
    }
    found
}

/// The values that a kind can have now.
fn values(kind: Kind, names: &dyn Names) -> Vec<String> {
    let own = |words: &[&str]| words.iter().map(|word| word.to_string()).collect();
    match kind {
        Kind::Topic | Kind::Topics => names.topics(),
        Kind::Partition | Kind::Partitions => names.partitions(),
        Kind::Broker | Kind::Node | Kind::Nodes => names.brokers(),
        Kind::Producer => names.producers(),
        Kind::Consumer => names.consumers(),
        Kind::Group => names.groups(),
        Kind::Branch => names.branches(),
        Kind::File => names.files(),
        Kind::Bool => own(&["true", "false"]),
        Kind::Choice(words) => own(words),
        Kind::MessageKind => own(KINDS),
        Kind::Rest => own(&verbs()),
        _ => vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Some3;
    impl Names for Some3 {
        fn topics(&self) -> Vec<String> {
            vec!["orders".into()]
        }
        fn partitions(&self) -> Vec<String> {
            vec!["orders-0".into(), "orders-1".into()]
        }
        fn brokers(&self) -> Vec<String> {
            vec!["1".into(), "2".into(), "3".into()]
        }
        fn producers(&self) -> Vec<String> {
            vec!["p1".into()]
        }
        fn consumers(&self) -> Vec<String> {
            vec!["c1".into()]
        }
        fn groups(&self) -> Vec<String> {
            vec!["billing".into()]
        }
        fn branches(&self) -> Vec<String> {
            vec!["main".into()]
        }
        fn files(&self) -> Vec<String> {
            vec![]
        }
    }

    fn texts(line: &str) -> Vec<String> {
        complete(line, line.chars().count(), &Some3, Language::English)
            .into_iter()
            .map(|c| c.text)
            .collect()
    }

    #[test]
    fn verbs_words_names_keys_and_settings() {
        assert_eq!(texts("prod"), ["produce", "producer"]);
        assert_eq!(texts("broker ki"), ["kill"]);
        assert_eq!(texts("broker kill "), ["1", "2", "3"]);
        assert_eq!(texts("produce o"), ["orders"]);
        assert_eq!(texts("produce orders produ"), ["producer=", "producer_epoch="]);
        assert_eq!(texts("produce orders producer=p"), ["producer=p1"]);
        assert_eq!(
            texts("produce orders compr"),
            [
                "compression.gzip.level=",
                "compression.lz4.level=",
                "compression.type=",
                "compression.zstd.level="
            ]
        );
        assert_eq!(texts("topic create x min.ins"), ["min.insync.replicas="]);
        assert_eq!(texts("elect leader orders-0 type="), ["type=preferred", "type=unclean"]);
        assert_eq!(texts("switch m"), ["main"]);
        assert!(texts("").contains(&"cluster".to_string()));
    }

    #[test]
    fn conditions_complete_functions_and_names() {
        assert_eq!(texts("until lead"), ["leader("]);
        assert_eq!(texts("expect leader(ord"), ["orders-0", "orders-1"]);
        let found = texts("expect alive(2) a");
        assert!(found.contains(&"and".into()) && found.contains(&"acked_offset(".into()));
    }

    #[test]
    fn ghost_is_the_rest_of_the_best() {
        assert_eq!(ghost("clu", &Some3, Language::English).as_deref(), Some("ster"));
        assert_eq!(ghost("broker kill", &Some3, Language::English), None);
        assert_eq!(ghost("", &Some3, Language::English), None);
        assert_eq!(ghost("show gro", &Some3, Language::English).as_deref(), Some("up"));
    }

    #[test]
    fn a_cursor_anywhere_does_no_harm() {
        for line in ["produce 订单 key=甲", "until (((", "\"", "&", "expect leader(orders-0) == {"]
        {
            for cursor in 0..line.len() + 2 {
                complete(line, cursor, &Some3, Language::Chinese);
            }
        }
    }
}
