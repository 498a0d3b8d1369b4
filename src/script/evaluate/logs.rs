//! What conditions ask of a replica's log: its records, batches, epochs, segments, indexes.

use super::{Arguments, number_or_none, or_none};
use crate::batch::{self, ControlType, Header};
use crate::cluster::Lab;
use crate::replica::Replica;
use crate::script::expression::Value;
use crate::storage::{Log, LookupStep};
use crate::types::{NodeId, Offset, Position, Timestamp, TopicPartition};

/// How many records of a log a condition looks at.
const RECORD_LIMIT: usize = 1_000_000;

pub fn replica_of<'a>(
    lab: &'a Lab,
    broker: NodeId,
    partition: &TopicPartition,
) -> Option<&'a Replica> {
    lab.cluster().broker(broker)?.replicas.get(partition)
}

pub fn call(name: &str, a: &Arguments<'_>) -> Result<Value, String> {
    let partition = a.partition(0);
    // Functions of one argument ask the leader.
    let broker = a.holder(1)?;
    let Some(replica) = broker.and_then(|broker| replica_of(a.lab, broker, &partition)) else {
        return Ok(opened(a.lab, broker, &partition, name).unwrap_or_else(|| absent(name)));
    };
    let log = &replica.log;
    let broken = |error: crate::storage::StorageError| error.to_string();
    Ok(match name {
        "hw" => Value::Number(replica.high_watermark().0),
        "leo" => Value::Number(log.log_end_offset().0),
        // Without transactions the last stable offset is the high watermark.
        "lso" => Value::Number(replica.high_watermark().0),
        "log_start" => Value::Number(log.log_start_offset().0),
        "epochs" => {
            let entry = |entry: &crate::storage::EpochEntry| {
                format!("{}:{}", entry.epoch.0, entry.start_offset.0)
            };
            Value::texts(log.epochs().entries().iter().map(entry))
        }
        "directory" => {
            Value::Text(log.directory().rsplit('/').next().unwrap_or_default().to_owned())
        }
        "flushed" => Value::Number(log.recovery_point().0),
        "cleaned" => Value::Bool(is_clean(a.lab, broker, &partition)),
        "segments" => Value::Number(log.segments().len() as i64),
        "segment_bases" => Value::numbers(log.segments().iter().map(|s| s.base_offset.0)),
        "segment_sizes" => Value::numbers(log.segments().iter().map(|s| i64::from(s.size_bytes))),
        "index_entries" => {
            Value::numbers(log.segments().iter().map(|s| i64::from(s.index.entries())))
        }
        "index" => index(a.lab, log)?,
        "time_index" => time_index(a.lab, log)?,
        "offset_at" => {
            let timestamp = a.named.first().map_or(0, |(_, number)| *number);
            let found =
                log.offset_for_timestamp(a.lab.disk(), Timestamp(timestamp)).map_err(broken)?;
            let committed = found.filter(|(offset, ..)| *offset < replica.high_watermark());
            number_or_none(committed.map(|(offset, ..)| offset.0))
        }
        "max_timestamp_offset" => number_or_none(log.max_timestamp().map(|(_, offset)| offset.0)),
        "scan_from" | "found_at" => number_or_none(lookup(a, log, name)),
        "sequences" => {
            headers(a.lab, log, |h| (!h.is_control()).then_some(i64::from(h.base_sequence)))?
        }
        "producer_epochs" => headers(a.lab, log, |h| Some(i64::from(h.producer_epoch)))?,
        "batch_epochs" => headers(a.lab, log, |h| Some(i64::from(h.partition_leader_epoch.0)))?,
        "records" | "keys" | "offsets" | "controls" => records(a.lab, log, name)?,
        other => return Err(format!("{other}() cannot be asked yet")),
    })
}

/// What a starting broker has opened already, and will take into its hands once it has read its registration.
fn opened(
    lab: &Lab,
    broker: Option<NodeId>,
    partition: &TopicPartition,
    name: &str,
) -> Option<Value> {
    let log = lab.cluster().broker(broker?)?.found.get(partition)?;
    match name {
        "leo" => Some(Value::Number(log.log_end_offset().0)),
        "log_start" => Some(Value::Number(log.log_start_offset().0)),
        "segments" => Some(Value::Number(log.segments().len() as i64)),
        _ => None,
    }
}

/// How many partitions have a directory at a broker, Kafka's own topics apart; those of a process that ended too.
pub fn directories(lab: &Lab, broker: NodeId) -> i64 {
    let entries = lab.disk().list(&format!("broker-{broker}")).unwrap_or_default();
    let is_partition =
        |name: &str| !name.starts_with("__") && TopicPartition::parse(name).is_some();
    entries.iter().filter(|entry| entry.is_directory && is_partition(&entry.name)).count() as i64
}

/// The bytes of a file, if it is there.
pub fn file_size(lab: &Lab, path: &str) -> Option<i64> {
    let (parent, name) = path.rsplit_once('/')?;
    let entries = lab.disk().list(parent).ok()?;
    let file = entries.iter().find(|entry| !entry.is_directory && entry.name == name)?;
    i64::try_from(file.size).ok()
}

/// What a function says about a replica that does not exist.
fn absent(name: &str) -> Value {
    match name {
        "hw"
        | "leo"
        | "lso"
        | "log_start"
        | "segments"
        | "directory"
        | "flushed"
        | "cleaned"
        | "offset_at"
        | "max_timestamp_offset"
        | "scan_from"
        | "found_at" => or_none(None),
        _ => Value::List(vec![]),
    }
}

/// Whether the cleaner was there and left nothing to do.
fn is_clean(lab: &Lab, broker: Option<NodeId>, partition: &TopicPartition) -> bool {
    let Some(broker) = broker.and_then(|id| lab.cluster().broker(id)) else { return false };
    let now = lab.now();
    broker.cleaned_up_to(partition).is_some()
        && broker
            .cleanable(partition, lab.disk(), now)
            .is_some_and(|c| c.first_dirty_offset >= c.first_uncleanable_offset)
}

/// Where a lookup of an offset begins to scan its segment, or where it finds the batch.
fn lookup(a: &Arguments<'_>, log: &Log, name: &str) -> Option<i64> {
    let offset = a.named.first().map_or(0, |(_, number)| *number);
    let mut steps = log.lookup(a.lab.disk(), Offset(offset));
    let position = steps.find_map(|step| match step {
        LookupStep::IndexAnswer { position, .. } if name == "scan_from" => Some(position),
        LookupStep::Found { position, .. } if name == "found_at" => Some(position),
        _ => None,
    })?;
    Some(i64::from(position.0))
}

/// The value of each batch's header.
fn headers(lab: &Lab, log: &Log, value: impl Fn(&Header) -> Option<i64>) -> Result<Value, String> {
    let mut values = Vec::new();
    for segment in log.segments() {
        for header in segment.headers(lab.disk(), Position(0)) {
            let (_, header) = header.map_err(|error| error.to_string())?;
            values.extend(value(&header));
        }
    }
    Ok(Value::numbers(values))
}

/// Every record in the files of a log, in order, those before the log start offset included: `visit` gets it and
/// whether its batch is a control batch.
fn each_record(
    lab: &Lab,
    log: &Log,
    visit: &mut dyn FnMut(&batch::Record, &Header) -> bool,
) -> Result<(), String> {
    let disk = lab.disk();
    for segment in log.segments() {
        for found in segment.headers(disk, Position(0)) {
            let (position, header) = found.map_err(|error| error.to_string())?;
            let start = u64::from(position.0);
            let bytes = disk.read(segment.log, start, header.size_bytes());
            let bytes = bytes.map_err(|error| error.to_string())?;
            for record in batch::records(&bytes).map_err(|error| error.to_string())? {
                if !visit(&record, &header) {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

/// Bytes as a script writes them.
pub fn text(bytes: Option<&Vec<u8>>) -> Value {
    bytes.map_or(Value::None, |bytes| Value::Text(String::from_utf8_lossy(bytes).into_owned()))
}

fn records(lab: &Lab, log: &Log, name: &str) -> Result<Value, String> {
    let mut values = Vec::new();
    each_record(lab, log, &mut |record, header| {
        let control = header.is_control();
        match name {
            "records" if !control => values.push(text(record.value.as_ref())),
            "keys" if !control => values.push(text(record.key.as_ref())),
            "offsets" => values.push(Value::Number(record.offset.0)),
            "controls" if control => {
                let kind = record.key.as_deref().and_then(ControlType::from_key);
                let word = match kind {
                    Some(ControlType::Commit) => "COMMIT",
                    Some(ControlType::Abort) => "ABORT",
                    _ => "CONTROL",
                };
                values.push(Value::text(format!("{}:{word}", record.offset.0)));
            }
            _ => {}
        }
        values.len() < RECORD_LIMIT
    })?;
    Ok(Value::List(values))
}

fn index(lab: &Lab, log: &Log) -> Result<Value, String> {
    let mut all = Vec::new();
    for segment in log.segments() {
        let mut entries = Vec::new();
        for n in 0..segment.index.entries() {
            let entry = segment.index.entry(lab.disk(), n).map_err(|error| error.to_string())?;
            entries.push(format!("{}:{}", entry.0.0, entry.1.0));
        }
        all.push(Value::texts(entries));
    }
    Ok(Value::List(all))
}

fn time_index(lab: &Lab, log: &Log) -> Result<Value, String> {
    let mut all = Vec::new();
    for segment in log.segments() {
        let mut entries = Vec::new();
        for n in 0..segment.time_index.entries() {
            let entry =
                segment.time_index.entry(lab.disk(), n).map_err(|error| error.to_string())?;
            entries.push(format!("{}:{}", entry.0.0, entry.1.0));
        }
        all.push(Value::texts(entries));
    }
    Ok(Value::List(all))
}
