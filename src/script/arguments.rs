//! The words behind a form, each turned into what the form says it is.
//!
//! All checks that a table can make are made here: too many words, too few, a key twice, a key unknown, a value of the
//! wrong kind. What remains for `build` are rules between arguments.

use super::command::NodeWord;
use super::condition;
use super::configs::Scope;
use super::error::{Fault, Span, clip};
use super::expression::{Expression, ExpressionKind, Value};
use super::form::{Form, Kind, Slot};
use super::lexer::Word;
use crate::clock::Duration;
use crate::protocol::{KINDS, ZooKeeperOperation};
use crate::types::TopicPartition;
use std::collections::BTreeMap;

/// An argument with its type.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// Text of any kind.
    Text(String),
    /// `null` where a value may stand.
    Null,
    /// A number.
    Number(i64),
    /// A length of time.
    Duration(Duration),
    /// Yes or no.
    Bool(bool),
    /// A partition.
    Partition(TopicPartition),
    /// Several.
    Partitions(Vec<TopicPartition>),
    /// Names.
    Texts(Vec<String>),
    /// Ids.
    Numbers(Vec<u32>),
    /// Replicas by partition.
    Assignment(Vec<Vec<u32>>),
    /// Headers.
    Pairs(Vec<(String, String)>),
    /// A condition, or a broker.
    Expression(Expression),
}

/// The arguments of one command.
#[derive(Debug)]
pub struct Arguments {
    values: BTreeMap<&'static str, (Argument, Span)>,
    /// Settings by Kafka's names.
    pub configs: Vec<(String, String)>,
    /// `T-P=N` settings.
    pub offsets: Vec<(TopicPartition, i64)>,
    /// Where the fixed words stand.
    pub whole: Span,
}

impl Arguments {
    /// Reads the words behind the fixed ones. `end` is the column behind the line.
    pub fn read(
        form: &'static Form,
        words: &[Word],
        whole: Span,
        end: usize,
    ) -> Result<Arguments, Fault> {
        let mut arguments =
            Arguments { values: BTreeMap::new(), configs: vec![], offsets: vec![], whole };
        let mut slots = form.takes.iter();
        for word in words {
            match &word.key {
                Some(key) => arguments.setting(form, key, word)?,
                None => match slots.next() {
                    Some(slot) if slot.kind == Kind::Rest => {
                        let rest = words.iter().map(|word| word.text.clone()).collect();
                        arguments.values.insert(slot.name, (Argument::Texts(rest), word.span));
                        return Ok(arguments);
                    }
                    Some(slot) => {
                        let value = parse(slot, word)?;
                        arguments.values.insert(slot.name, (value, word.span));
                    }
                    None => {
                        let message = format!("unexpected word '{}'", clip(&word.text, 40));
                        let advice = format!("the form is: {}", form.usage());
                        return Err(Fault::new(word.span, message, advice));
                    }
                },
            }
        }
        arguments.complete(form, end)?;
        Ok(arguments)
    }

    fn setting(&mut self, form: &'static Form, key: &str, word: &Word) -> Result<(), Fault> {
        let key_span = Span::new(word.span.start, key.chars().count());
        let twice =
            Fault::new(key_span, format!("'{key}' is given twice"), "leave one of them off");
        if let Some(slot) = form.key(key) {
            let value = parse(slot, word)?;
            return match self.values.insert(slot.name, (value, word.span)) {
                None => Ok(()),
                Some(_) => Err(twice),
            };
        }
        if form.configs == Scope::Offsets
            && let Some(partition) = TopicPartition::parse(key)
        {
            let Ok(offset) = word.text.parse() else {
                return Err(Fault::new(
                    word.value_span,
                    "expected an offset",
                    "for example orders-0=5",
                ));
            };
            self.offsets.push((partition, offset));
            return Ok(());
        }
        if form.configs.names().contains(&key) {
            if self.configs.iter().any(|(name, _)| name == key) {
                return Err(twice);
            }
            self.configs.push((key.to_string(), word.text.clone()));
            return Ok(());
        }
        if form.configs.unmodelled().contains(&key) {
            let message = format!("'{key}' would change nothing: the lab does not model it");
            let advice = "leave it out; 'klab fidelity' tells what is simplified";
            return Err(Fault::new(key_span, message, advice));
        }
        let known =
            form.keys.iter().map(|slot| slot.name).chain(form.configs.names().iter().copied());
        let what = if key.contains('.') { form.configs.noun() } else { "key" };
        let mut fault = Fault::unknown(key_span, what, key, known.clone());
        let own: Vec<&str> = form.keys.iter().map(|slot| slot.name).collect();
        if known.count() == 0 {
            fault.advice = format!("the form is: {}", form.usage());
        } else if !form.configs.names().is_empty() && !fault.advice.starts_with("did you mean") {
            let (own, noun) = (own.join(", "), form.configs.noun());
            fault.advice = format!("known: {own}, and each {noun} of 'help {}'", form.words);
        }
        Err(fault)
    }

    fn complete(&self, form: &Form, end: usize) -> Result<(), Fault> {
        let missing = |slot: &&Slot| slot.required && !self.values.contains_key(slot.name);
        if let Some(slot) = form.takes.iter().find(missing) {
            let message = format!("expected {}", slot.kind.expected());
            return Err(Fault::new(
                Span::new(end, 1),
                message,
                format!("the form is: {}", form.usage()),
            ));
        }
        if let Some(slot) = form.keys.iter().find(missing) {
            let message = format!("'{}=' is missing", slot.name);
            return Err(Fault::new(
                Span::new(end, 1),
                message,
                format!("the form is: {}", form.usage()),
            ));
        }
        Ok(())
    }

    /// Where an argument stands; the fixed words when it is not there.
    pub fn span(&self, name: &str) -> Span {
        self.values.get(name).map_or(self.whole, |(_, span)| *span)
    }
    /// Whether it is there.
    pub fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }
    fn get(&self, name: &str) -> Option<&Argument> {
        self.values.get(name).map(|(value, _)| value)
    }
    /// Text, if it is there.
    pub fn text(&self, name: &str) -> Option<String> {
        match self.get(name) {
            Some(Argument::Text(text)) => Some(text.clone()),
            _ => None,
        }
    }
    /// Text that must be there.
    pub fn name(&self, name: &str) -> String {
        self.text(name).unwrap_or_default()
    }
    /// A number that fits `T`, if it is there.
    pub fn number<T: TryFrom<i64>>(&self, name: &str) -> Result<Option<T>, Fault> {
        match self.get(name) {
            Some(Argument::Number(number)) => match T::try_from(*number) {
                Ok(number) => Ok(Some(number)),
                Err(_) => {
                    Err(Fault::new(self.span(name), format!("{number} is too large here"), ""))
                }
            },
            _ => Ok(None),
        }
    }
    /// A number that must be there.
    pub fn the_number<T: TryFrom<i64> + Default>(&self, name: &str) -> Result<T, Fault> {
        Ok(self.number(name)?.unwrap_or_default())
    }
    /// A node, if it is there.
    pub fn node(&self, name: &str) -> Result<Option<NodeWord>, Fault> {
        Ok(match self.text(name) {
            Some(client) => Some(NodeWord::Client(client)),
            None => self.number(name)?.map(NodeWord::Id),
        })
    }
    /// A length of time, if it is there.
    pub fn duration(&self, name: &str) -> Option<Duration> {
        match self.get(name) {
            Some(Argument::Duration(duration)) => Some(*duration),
            _ => None,
        }
    }
    /// Whether a flag is set.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name) == Some(&Argument::Bool(true))
    }
    /// A partition, if it is there.
    pub fn partition(&self, name: &str) -> Option<TopicPartition> {
        match self.get(name) {
            Some(Argument::Partition(partition)) => Some(partition.clone()),
            _ => None,
        }
    }
    /// Partitions; none when they are not there.
    pub fn partitions(&self, name: &str) -> Vec<TopicPartition> {
        match self.get(name) {
            Some(Argument::Partitions(partitions)) => partitions.clone(),
            _ => vec![],
        }
    }
    /// Names; none when they are not there.
    pub fn texts(&self, name: &str) -> Vec<String> {
        match self.get(name) {
            Some(Argument::Texts(texts)) => texts.clone(),
            _ => vec![],
        }
    }
    /// Ids; none when they are not there.
    pub fn numbers(&self, name: &str) -> Vec<u32> {
        match self.get(name) {
            Some(Argument::Numbers(numbers)) => numbers.clone(),
            _ => vec![],
        }
    }
    /// Replicas by partition, if they are there.
    pub fn assignment(&self, name: &str) -> Option<Vec<Vec<u32>>> {
        match self.get(name) {
            Some(Argument::Assignment(assignment)) => Some(assignment.clone()),
            _ => None,
        }
    }
    /// Pairs; none when they are not there.
    pub fn pairs(&self, name: &str) -> Vec<(String, String)> {
        match self.get(name) {
            Some(Argument::Pairs(pairs)) => pairs.clone(),
            _ => vec![],
        }
    }
    /// An expression that must be there.
    pub fn expression(&self, name: &str) -> Expression {
        match self.get(name) {
            Some(Argument::Expression(expression)) => expression.clone(),
            _ => Expression { kind: ExpressionKind::Literal(Value::None), span: self.whole },
        }
    }
}

/// One word as what its slot says.
fn parse(slot: &Slot, word: &Word) -> Result<Argument, Fault> {
    let text = word.text.as_str();
    let ids = |text: &str| -> Option<Vec<u32>> {
        text.split([':', ',']).map(|id| id.parse().ok().filter(|id| *id > 0)).collect()
    };
    let whole_number = |least: i64| {
        let number = text.parse::<i64>().ok().filter(|number| *number >= least);
        number.map(Argument::Number)
    };
    let parsed = match slot.kind {
        Kind::Text | Kind::File | Kind::Rest | Kind::Topic => {
            (!text.is_empty()).then(|| Argument::Text(text.to_string()))
        }
        Kind::Producer | Kind::Consumer | Kind::Group | Kind::Branch => {
            let legal = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
            let fits = !text.is_empty() && text.len() <= 249 && text.chars().all(legal);
            fits.then(|| Argument::Text(text.to_string()))
        }
        Kind::Value if text == "null" && !word.quoted => Some(Argument::Null),
        Kind::Value => Some(Argument::Text(text.to_string())),
        Kind::Choice(words) => {
            if !words.contains(&text) {
                return Err(Fault::unknown(
                    word.value_span,
                    slot.name,
                    text,
                    words.iter().copied(),
                ));
            }
            Some(Argument::Text(text.to_string()))
        }
        Kind::MessageKind => {
            let bare = text.strip_suffix("Response").unwrap_or(text);
            let known = || KINDS.iter().chain(ZooKeeperOperation::KINDS).copied();
            if !known().any(|kind| kind == bare) {
                return Err(Fault::unknown(word.span, "message", text, known()));
            }
            Some(Argument::Text(text.to_string()))
        }
        Kind::Topics => {
            let names: Vec<String> = text.split(',').map(str::to_string).collect();
            names.iter().all(|name| !name.is_empty()).then_some(Argument::Texts(names))
        }
        Kind::Partition => TopicPartition::parse(text).map(Argument::Partition),
        Kind::Partitions => {
            let all: Option<Vec<TopicPartition>> =
                text.split(',').map(TopicPartition::parse).collect();
            all.map(Argument::Partitions)
        }
        Kind::Broker => return broker(word).map(Argument::Expression),
        Kind::Node if text.starts_with(char::is_alphabetic) => {
            let legal = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
            text.chars().all(legal).then(|| Argument::Text(text.to_string()))
        }
        Kind::Node | Kind::Positive => whole_number(1),
        Kind::Count => whole_number(0),
        Kind::Integer => whole_number(i64::MIN),
        Kind::Duration => Duration::parse(text).map(Argument::Duration),
        Kind::Bool => text.parse().ok().map(Argument::Bool),
        Kind::Nodes => ids(text).map(Argument::Numbers),
        Kind::Assignment => {
            let all: Option<Vec<Vec<u32>>> = text.split(',').map(ids).collect();
            all.map(Argument::Assignment)
        }
        Kind::Headers => {
            let pair =
                |item: &str| item.split_once(':').map(|(k, v)| (k.to_string(), v.to_string()));
            let all: Option<Vec<(String, String)>> = text.split(',').map(pair).collect();
            all.map(Argument::Pairs)
        }
        Kind::Condition => {
            let expression = condition::parse_all(text).map_err(|mut fault| {
                fault.span.start += word.span.start;
                fault
            })?;
            Some(Argument::Expression(expression))
        }
    };
    parsed.ok_or_else(|| {
        let expected = slot.kind.expected();
        let noun = expected.split_once(" like ").map_or(expected.as_str(), |(noun, _)| noun);
        let message = format!("'{}' is not {noun}", clip(text, 40));
        Fault::new(word.value_span, message, format!("write {expected}"))
    })
}

/// `1`, or `coordinator(billing)`.
fn broker(word: &Word) -> Result<Expression, Fault> {
    let wrong = |span| {
        let message = format!("'{}' is not a broker's id", clip(&word.text, 40));
        let advice = "write an id like 1 ('show cluster' lists them), or coordinator(GROUP)";
        Fault::new(span, message, advice)
    };
    let mut expression = condition::parse_all(&word.text).map_err(|mut fault| {
        fault.span.start += word.span.start;
        fault
    })?;
    expression.span = word.span;
    match expression.kind {
        ExpressionKind::Literal(Value::Number(1..=10_000)) | ExpressionKind::Call { .. } => {
            Ok(expression)
        }
        _ => Err(wrong(word.span)),
    }
}
