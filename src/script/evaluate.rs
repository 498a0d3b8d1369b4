//! What conditions come to, at the present step of the lab.
//!
//! The controller's image answers what an administrator would see (`leader`, `isr`, `epoch`); replicas answer for
//! themselves (`leo(T-P, B)`, `records`), also those of a process that ended, whose files are still there. A partition
//! that does not exist has no leader, no records, nothing: `none`.

mod clients;
mod logs;
mod metadata;
mod metrics;
mod zookeeper;

pub(super) use logs::text as text_of;

use super::expression::{Comparison, Expression, ExpressionKind, Value};
use super::functions::function;
use super::session::no_broker;
use crate::broker::Event;
use crate::cluster::{Lab, NodeState};
use crate::coordination::kraft::PartitionRegistration;
use crate::types::{NodeId, Offset, TopicName, TopicPartition};
use std::collections::BTreeSet;

/// What an expression comes to; or a sentence about a name that does not exist or a capability that is missing.
pub fn evaluate(expression: &Expression, lab: &Lab) -> Result<Value, String> {
    let both = |a: &Expression, b: &Expression| -> Result<(Value, Value), String> {
        Ok((evaluate(a, lab)?, evaluate(b, lab)?))
    };
    let all = |items: &[Expression]| -> Result<Vec<Value>, String> {
        items.iter().map(|item| evaluate(item, lab)).collect()
    };
    Ok(match &expression.kind {
        ExpressionKind::Literal(value) => value.clone(),
        ExpressionKind::Set(items) => Value::Set(all(items)?),
        ExpressionKind::List(items) => Value::List(all(items)?),
        ExpressionKind::Compare(how, left, right) => {
            let (left, right) = both(left, right)?;
            Value::Bool(how.holds(&left, &right))
        }
        ExpressionKind::And(left, right) => {
            let (left, right) = both(left, right)?;
            Value::Bool(left.truth() && right.truth())
        }
        ExpressionKind::Or(left, right) => {
            let (left, right) = both(left, right)?;
            Value::Bool(left.truth() || right.truth())
        }
        ExpressionKind::Not(inner) => Value::Bool(!evaluate(inner, lab)?.truth()),
        ExpressionKind::Call { name, arguments, named } => {
            if let Some(needs) = function(name).and_then(|function| function.needs) {
                return Err(format!(
                    "{name}() needs {needs}, which this version does not have yet"
                ));
            }
            let arguments = Arguments { lab, values: all(arguments)?, named: named_numbers(named) };
            call(name, &arguments)?
        }
    })
}

/// Whether a condition holds.
pub fn holds(expression: &Expression, lab: &Lab) -> Result<bool, String> {
    evaluate(expression, lab).map(|value| value.truth())
}

/// What was there instead of what the condition wants: every call in it with its value.
pub fn saw(expression: &Expression, lab: &Lab) -> String {
    let mut calls = Vec::new();
    collect(expression, &mut calls);
    let mut told: Vec<String> = Vec::new();
    for call in calls {
        let value = evaluate(call, lab).map_or_else(|error| error, |value| value.to_string());
        let sentence = format!("{call} is {}", super::error::clip(&value, 200));
        if !told.contains(&sentence) {
            told.push(sentence);
        }
    }
    told.join(", ")
}

fn collect<'a>(expression: &'a Expression, calls: &mut Vec<&'a Expression>) {
    match &expression.kind {
        ExpressionKind::Call { .. } => calls.push(expression),
        ExpressionKind::Compare(_, a, b) | ExpressionKind::And(a, b) | ExpressionKind::Or(a, b) => {
            collect(a, calls);
            collect(b, calls);
        }
        ExpressionKind::Not(inner) => collect(inner, calls),
        ExpressionKind::Set(items) | ExpressionKind::List(items) => {
            items.iter().for_each(|item| collect(item, calls));
        }
        ExpressionKind::Literal(_) => {}
    }
}

/// Whether an expression is a condition (true or false) rather than a value.
pub fn is_condition(expression: &Expression) -> bool {
    use ExpressionKind::{And, Compare, Not, Or};
    matches!(expression.kind, Compare(..) | And(..) | Or(..) | Not(_))
}

fn named_numbers(named: &[(&'static str, Expression)]) -> Vec<(&'static str, i64)> {
    let number = |(name, value): &(&'static str, Expression)| match &value.kind {
        ExpressionKind::Literal(Value::Number(number)) => Some((*name, *number)),
        _ => None,
    };
    named.iter().filter_map(number).collect()
}

/// The arguments of one call.
struct Arguments<'a> {
    lab: &'a Lab,
    values: Vec<Value>,
    named: Vec<(&'static str, i64)>,
}

impl Arguments<'_> {
    fn text(&self, at: usize) -> String {
        match self.values.get(at) {
            Some(Value::Text(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => String::new(),
        }
    }
    fn partition(&self, at: usize) -> TopicPartition {
        let nothing = || TopicPartition::new(&TopicName::new("?"), 0);
        TopicPartition::parse(&self.text(at)).unwrap_or_else(nothing)
    }
    /// A broker that exists, if one is named.
    fn broker(&self, at: usize) -> Result<Option<NodeId>, String> {
        match self.values.get(at).and_then(Value::number) {
            None => Ok(None),
            Some(number) => {
                let id = NodeId(u32::try_from(number).unwrap_or(0));
                let known = self.lab.cluster().brokers.contains_key(&id);
                if known { Ok(Some(id)) } else { Err(no_broker(self.lab, id)) }
            }
        }
    }
    fn registration(&self, at: usize) -> Option<&PartitionRegistration> {
        self.lab.cluster().image()?.partition(&self.partition(at))
    }
    /// The broker named, or else the leader.
    fn holder(&self, at: usize) -> Result<Option<NodeId>, String> {
        let named = self.broker(at)?;
        Ok(named.or_else(|| self.registration(0).and_then(|registration| registration.leader)))
    }
}

fn ids(nodes: &[NodeId]) -> impl Iterator<Item = i64> + '_ {
    nodes.iter().map(|node| i64::from(node.0))
}

fn or_none(value: Option<Value>) -> Value {
    value.unwrap_or(Value::None)
}

fn number_or_none(number: Option<i64>) -> Value {
    number.map_or(Value::None, Value::Number)
}

fn call(name: &str, a: &Arguments<'_>) -> Result<Value, String> {
    let cluster = a.lab.cluster();
    let node = |id: NodeId| Value::Number(i64::from(id.0));
    let registration = a.registration(0);
    Ok(match name {
        "leader" => or_none(registration.and_then(|r| r.leader).map(node)),
        "isr" => Value::number_set(registration.map_or(vec![], |r| ids(&r.isr).collect())),
        "elr" => Value::number_set(registration.map_or(vec![], |r| ids(&r.elr).collect())),
        "last_known_elr" => {
            Value::number_set(registration.map_or(vec![], |r| ids(&r.last_known_elr).collect()))
        }
        "replicas" => Value::numbers(registration.map_or(vec![], |r| ids(&r.replicas).collect())),
        "epoch" => number_or_none(registration.map(|r| i64::from(r.leader_epoch.0))),
        "reassigning" => Value::Bool(cluster.reassignment(&a.partition(0)).is_some()),
        "exists" => Value::Bool(cluster.topic_is_known(&TopicName::new(&a.text(0)))),
        "partitions" => {
            let topics = cluster.image().map(|image| &image.topics);
            let topic = topics.and_then(|topics| topics.get(&TopicName::new(&a.text(0))));
            number_or_none(topic.map(|topic| topic.partitions.len() as i64))
        }
        "alive" => match a.broker(0)? {
            Some(id) => {
                let running = cluster.state(id) == NodeState::Alive;
                let known = cluster.active_image().is_none_or(|image| image.is_active(id));
                Value::Bool(running && known)
            }
            None => Value::Bool(false),
        },
        "controller_epoch" => zookeeper::controller_epoch(cluster)?,
        "znode" => zookeeper::znode(cluster, &a.text(0), a.values.get(1).map(|_| a.text(1)))?,
        "controller" => or_none(cluster.active_controller().map(node)),
        "violated" => {
            let wanted = a.values.first().map(|_| a.text(0));
            let fits = |name: &str| wanted.as_deref().is_none_or(|wanted| wanted == name);
            Value::Bool(a.lab.violations().any(|violation| fits(violation.name)))
        }
        "directories" => match a.broker(0)? {
            Some(id) => Value::Number(logs::directories(a.lab, id)),
            None => Value::None,
        },
        "file_size" => number_or_none(logs::file_size(a.lab, &a.text(0))),
        "scanned" => number_or_none(scanned(a)?),
        // What was inspected is no part of the lab: `inspected::known` puts it in beforehand.
        "inspected" => Value::None,
        "metadata_records" | "partition_change" => metadata::call(name, a)?,
        "metric" => metrics::metric(a.lab, &a.text(0), a.broker(1)?)?,
        "error" | "state" | "generation" | "members" | "assignment" | "assigned" | "rebalances"
        | "coordinator" | "committed" | "lag" | "position" | "values" | "rounds" | "asked" => {
            clients::call(name, a)?
        }
        _ => logs::call(name, a)?,
    })
}

/// The segments of a log that its broker recovered when it last started; none: it has not started in memory's reach.
fn scanned(a: &Arguments<'_>) -> Result<Option<i64>, String> {
    use crate::cluster::Body;
    use crate::storage::Event::SegmentRecovered;
    let (partition, broker) = (a.partition(0), a.holder(1)?);
    let at_broker = |event: &&crate::cluster::Stamped| Some(event.node) == broker;
    let mut bases: Option<BTreeSet<Offset>> = None;
    for event in a.lab.events().iter().filter(at_broker) {
        match &event.body {
            Body::Broker(Event::Started { .. }) => bases = Some(BTreeSet::new()),
            Body::Broker(Event::Storage(SegmentRecovered {
                partition: of, base_offset, ..
            })) if *of == partition => {
                bases.get_or_insert_default().insert(*base_offset);
            }
            _ => {}
        }
    }
    Ok(bases.map(|bases| bases.len() as i64))
}

/// A broker that a command names: a number, or a condition's value such as `coordinator(billing)`.
pub fn broker_of(expression: &Expression, lab: Option<&Lab>) -> Result<NodeId, String> {
    let value = match (&expression.kind, lab) {
        (ExpressionKind::Literal(value), _) => value.clone(),
        (_, Some(lab)) => evaluate(expression, lab)?,
        (_, None) => Value::None,
    };
    match value.number().and_then(|number| u32::try_from(number).ok()) {
        Some(number) => Ok(NodeId(number)),
        None if value == Value::None => Err(format!(
            "{expression} is nobody now: name a broker by its id, or wait with until {expression} != none"
        )),
        None => Err(format!("{expression} is {value}, which is no broker: name one by its id")),
    }
}

/// A comparison of two constants, for options of predictions.
pub fn equal(left: &Value, right: &Value) -> bool {
    Comparison::Equal.holds(left, right)
}
