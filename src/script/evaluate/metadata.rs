//! What conditions ask of the metadata log: which records a topic has in it, and what a change of a partition says.
//!
//! The active controller's log answers, as far as it is committed. A topic that was deleted still has its records; of
//! several topics of one name the last one counts.

use super::Arguments;
use crate::coordination::kraft::{ConfigResource, MetadataRecord, PartitionChange};
use crate::script::expression::Value;
use crate::types::{NodeId, TopicName, Uuid};

pub fn call(name: &str, a: &Arguments<'_>) -> Result<Value, String> {
    let Some(controller) = a.lab.cluster().last_controller() else {
        return Ok(Value::None);
    };
    let records = controller.committed_records(a.lab.disk()).map_err(|error| error.to_string())?;
    let records: Vec<MetadataRecord> = records.into_iter().map(|(_, record)| record).collect();
    Ok(match name {
        "metadata_records" => {
            let topic = TopicName::new(&a.text(0));
            Value::texts(of_topic(&records, &topic).map(|record| record.name().to_owned()))
        }
        _ => {
            let partition = a.partition(0);
            let wanted = a.values.get(1).and_then(Value::number).unwrap_or(0);
            let changes = of_topic(&records, &partition.topic).filter_map(|record| match record {
                MetadataRecord::PartitionChange(change) => Some(change),
                _ => None,
            });
            let mut own = changes.filter(|change| change.partition == partition.partition);
            match usize::try_from(wanted).ok().and_then(|wanted| own.nth(wanted)) {
                Some(change) => field(change, &a.text(2))?,
                None => Value::None,
            }
        }
    })
}

/// The records about the last topic of this name, from its creation on.
fn of_topic<'a>(
    records: &'a [MetadataRecord],
    topic: &'a TopicName,
) -> impl Iterator<Item = &'a MetadataRecord> {
    let begins = |record: &MetadataRecord| match record {
        MetadataRecord::Topic { name, id } if name == topic => Some(*id),
        _ => None,
    };
    let begun = records.iter().rposition(|record| begins(record).is_some());
    let id = begun.and_then(|at| begins(&records[at])).unwrap_or(Uuid::ZERO);
    let from = begun.unwrap_or(records.len());
    records[from..].iter().filter(move |record| match record {
        MetadataRecord::Topic { name, .. } => name == topic,
        MetadataRecord::RemoveTopic { id: removed } => *removed == id,
        MetadataRecord::Partition(record) => record.topic == id,
        MetadataRecord::PartitionChange(change) => change.topic == id,
        MetadataRecord::Config { resource: ConfigResource::Topic(name), .. } => {
            name == topic.as_str()
        }
        _ => false,
    })
}

/// A field of a change by its name; `none`: the record does not have it.
fn field(change: &PartitionChange, name: &str) -> Result<Value, String> {
    let nodes = |nodes: &Option<Vec<NodeId>>| match nodes {
        Some(nodes) => Value::numbers(nodes.iter().map(|node| i64::from(node.0))),
        None => Value::None,
    };
    Ok(match name {
        "isr" => nodes(&change.isr),
        "leader" => match change.leader {
            None => Value::None,
            Some(leader) => Value::Number(leader.map_or(-1, |leader| i64::from(leader.0))),
        },
        "replicas" => nodes(&change.replicas),
        "removing" | "removing_replicas" => nodes(&change.removing),
        "adding" | "adding_replicas" => nodes(&change.adding),
        "elr" => nodes(&change.elr),
        "last_known_elr" => nodes(&change.last_known_elr),
        "recovering" => change.recovering.map_or(Value::None, Value::Bool),
        _ => {
            return Err(format!(
                "a PartitionChangeRecord has no field '{name}'; it may have isr, leader, replicas, adding, removing, \
                 elr, last_known_elr, recovering"
            ));
        }
    })
}
