//! What this version cannot do yet, told before anything runs.
//!
//! The language has forms that later versions carry out. A script that uses one ends with exit code 2 and the word of
//! the capability, so that a caller (a test of all twins, say) can count it instead of guessing.

use super::command::*;
use super::expression::{Expression, ExpressionKind};
use super::forms::forms;
use super::functions::function;
use super::statement::Statement;

/// The capabilities of this version, in the words that the heads of twins use.
pub const HERE: &[&str] = &[
    "groups",
    "consumers",
    "elr",
    "timestamp-lookup",
    "topic-administration",
    "delete-records",
    "compaction",
    "compression",
    "zookeeper",
    "controller-failover",
    "slow-brokers",
    "clock-skew",
    "reassignment",
    "metadata-records",
];

/// The capability that a statement takes and this version lacks.
pub fn lacking(statement: &Statement) -> Option<&'static str> {
    let words: Vec<&str> =
        statement.text.split_whitespace().filter(|word| !word.contains('=')).collect();
    let fits = |form: &&super::form::Form| {
        form.parts()
            .zip(words.iter().copied().chain(std::iter::repeat("")))
            .all(|(part, word)| part == word)
    };
    if let Some(form) = forms().filter(fits).max_by_key(|form| form.parts().count())
        && form.needs.is_some()
    {
        return form.needs;
    }
    match &statement.command {
        Command::Produce(produce) => {
            let by_hand = produce.sequence.is_some() || produce.producer_epoch.is_some();
            if by_hand { Some("idempotence") } else { of_producer(&produce.configs) }
        }
        Command::Producer { act: ProducerAct::Start { configs }, .. } => of_producer(configs),
        Command::Consumer { act: ConsumerAct::Start { configs, .. }, .. } => of_consumer(configs),
        Command::Broker { broker, .. } => of_expression(broker),
        Command::Fetch { client_rack: Some(_), .. } => Some("follower-fetching"),
        Command::Until { condition, .. } | Command::Expect(condition) => of_expression(condition),
        Command::Predict { answer, .. } => of_expression(answer),
        _ => None,
    }
}

fn value<'a>(configs: &'a Configs, name: &str) -> Option<&'a str> {
    configs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn of_producer(configs: &Configs) -> Option<&'static str> {
    if value(configs, "transactional.id").is_some() {
        Some("transactions")
    } else if value(configs, "enable.idempotence") == Some("true") {
        Some("idempotence")
    } else {
        None
    }
}

fn of_consumer(configs: &Configs) -> Option<&'static str> {
    let strategies = value(configs, "partition.assignment.strategy").unwrap_or("range");
    let here = ["classic", "registry"];
    if value(configs, "group.protocol").is_some_and(|protocol| !here.contains(&protocol)) {
        Some("kip848")
    } else if value(configs, "group.instance.id").is_some() {
        Some("static-membership")
    } else if strategies.contains("sticky") {
        Some("sticky-assignors")
    } else if value(configs, "isolation.level") == Some("read_committed") {
        Some("transactions")
    } else {
        None
    }
}

/// The first function of an expression that cannot be asked yet.
pub fn of_expression(expression: &Expression) -> Option<&'static str> {
    match &expression.kind {
        ExpressionKind::Literal(_) => None,
        ExpressionKind::Set(items) | ExpressionKind::List(items) => {
            items.iter().find_map(of_expression)
        }
        ExpressionKind::Compare(_, a, b) | ExpressionKind::And(a, b) | ExpressionKind::Or(a, b) => {
            of_expression(a).or_else(|| of_expression(b))
        }
        ExpressionKind::Not(inner) => of_expression(inner),
        ExpressionKind::Call { name, arguments, .. } => function(name)
            .and_then(|function| function.needs)
            .or_else(|| arguments.iter().find_map(of_expression)),
    }
}
