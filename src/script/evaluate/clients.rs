//! What conditions ask of clients and groups.

use super::{Arguments, number_or_none};
use crate::client::Client;
use crate::cluster::Lab;
use crate::group::{Group, GroupState, coordinator_partition, decode_assignment};
use crate::protocol::ErrorCode;
use crate::script::expression::Value;
use crate::script::session::no_client;
use crate::trace::registry;
use crate::types::{NodeId, TopicName, TopicPartition};

pub fn call(name: &str, a: &Arguments<'_>) -> Result<Value, String> {
    match name {
        "error" => error(a.lab, &a.text(0)),
        "position" | "values" | "rebalances" | "rounds" | "asked" => consumer(name, a),
        "coordinator" => {
            Ok(number_or_none(coordinator(a.lab, &a.text(0)).map(|broker| i64::from(broker.0))))
        }
        _ => Ok(group(name, a)),
    }
}

fn client<'a>(lab: &'a Lab, name: &str) -> Result<&'a Client, String> {
    lab.cluster().client(name).ok_or_else(|| no_client(lab, name))
}

fn error(lab: &Lab, name: &str) -> Result<Value, String> {
    let code = match lab.cluster().client(name) {
        Some(Client::Producer(producer)) => producer.last_error(),
        Some(Client::Admin(admin)) => admin.last_error(),
        Some(Client::Consumer(consumer)) => consumer.last_error(),
        None if name == "admin" => ErrorCode::NONE,
        None => return Err(no_client(lab, name)),
    };
    Ok(Value::text(code.name()))
}

fn consumer(name: &str, a: &Arguments<'_>) -> Result<Value, String> {
    let Client::Consumer(consumer) = client(a.lab, &a.text(0))? else {
        return Err(format!("'{}' is not a consumer", a.text(0)));
    };
    Ok(match name {
        "position" => number_or_none(consumer.position(&a.partition(1)).map(|offset| offset.0)),
        "rebalances" => Value::texts(consumer.rebalances().iter()),
        "rounds" => number_or_none(consumer.registry().map(|registry| registry.rounds as i64)),
        "asked" => number_or_none(consumer.registry().map(|registry| registry.requests as i64)),
        _ => {
            let values = consumer.values().iter();
            Value::List(values.map(|(_, record)| super::text_of(record.value.as_ref())).collect())
        }
    })
}

/// The broker that leads the group's partition of `__consumer_offsets`.
pub fn coordinator(lab: &Lab, group: &str) -> Option<NodeId> {
    let image = lab.cluster().image()?;
    let topic = TopicName::new("__consumer_offsets");
    let count = image.topics.get(&topic)?.partitions.len() as u32;
    let partition = TopicPartition::new(&topic, coordinator_partition(group, count));
    image.partition(&partition)?.leader
}

/// The group as its coordinator knows it.
pub fn find_group<'a>(lab: &'a Lab, group: &str) -> Option<&'a Group> {
    lab.cluster().broker(coordinator(lab, group)?)?.groups.groups.get(group)
}

/// A group of consumers of 0.8, as the tree has it; committed offsets may be a coordinator's too.
fn registry_group(name: &str, a: &Arguments<'_>, group: &registry::Group) -> Value {
    let named = |node: &NodeId| a.lab.cluster().name(*node);
    let share = || {
        let mut members = group.members.iter();
        let own = members.find(|(_, node)| named(node) == a.text(1));
        own.map(|(id, _)| group.share(id)).unwrap_or_default()
    };
    match name {
        "state" => Value::text(registry::state(a.lab, &a.text(0), group)),
        "generation" => Value::None,
        "members" => Value::Set(group.members.values().map(|id| Value::Text(named(id))).collect()),
        "assignment" => Value::Set(share().iter().map(Value::text).collect()),
        "assigned" => Value::Number(share().len() as i64),
        _ => {
            let partition = a.partition(1);
            let committed = registry::committed(a.lab, &a.text(0), &partition).map(|at| at.0);
            if name == "committed" { number_or_none(committed) } else { lag(a, committed) }
        }
    }
}

/// High watermark minus committed offset.
fn lag(a: &Arguments<'_>, committed: Option<i64>) -> Value {
    let partition = a.partition(1);
    let leader = a.lab.cluster().image().and_then(|image| image.partition(&partition)?.leader);
    let high_watermark = leader
        .and_then(|leader| super::logs::replica_of(a.lab, leader, &partition))
        .map(|replica| replica.high_watermark().0);
    number_or_none(high_watermark.zip(committed).map(|(end, committed)| end - committed))
}

fn group(name: &str, a: &Arguments<'_>) -> Value {
    if let Some(group) = registry::find(a.lab, &a.text(0)) {
        return registry_group(name, a, &group);
    }
    let found = find_group(a.lab, &a.text(0));
    let members = |group: &Group| {
        let mut members: Vec<String> =
            group.members.values().map(|m| m.client_id.to_string()).collect();
        members.sort();
        members
    };
    let assigned = |group: &Group| -> Option<Vec<TopicPartition>> {
        let mut own = group.members.values().filter(|m| *m.client_id == *a.text(1));
        decode_assignment(&own.next()?.assignment).ok()
    };
    match name {
        "state" => Value::text(found.map_or(GroupState::Dead, |group| group.state)),
        "generation" => number_or_none(found.map(|group| i64::from(group.generation))),
        "members" => {
            Value::Set(found.map_or(vec![], members).into_iter().map(Value::Text).collect())
        }
        "assignment" => Value::Set(
            found.and_then(assigned).unwrap_or_default().iter().map(Value::text).collect(),
        ),
        "assigned" => Value::Number(found.and_then(assigned).map_or(0, |all| all.len() as i64)),
        _ => {
            let committed =
                found.and_then(|group| group.offsets.get(&a.partition(1))).map(|c| c.offset.0);
            if name == "committed" { number_or_none(committed) } else { lag(a, committed) }
        }
    }
}
