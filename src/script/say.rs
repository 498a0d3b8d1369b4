//! Answers as lines: stable, aligned, readable aloud; and as JSON.

use super::acts::About;
use super::did;
use super::error::clip;
use super::evaluate::text_of;
use crate::batch;
use crate::client::{AdminOutcome, ConsumerOutcome, SendOutcome};
use crate::cluster::{Lab, Outcome};
use crate::protocol::{ErrorCode, Response};
use crate::types::{Language, Offset, TopicName, TopicPartition, counted};
use serde_json::{Value as Json, json};

/// How many records an answer lists.
const LISTED: usize = 20;

/// What a command printed: lines for people, one value for programs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// The lines.
    pub lines: Vec<String>,
    /// The same as JSON.
    pub result: Json,
}

impl Said {
    /// Lines and JSON.
    pub fn new(lines: Vec<String>, result: Json) -> Said {
        Said { lines, result }
    }
    /// One line.
    pub fn line(line: impl Into<String>) -> Said {
        let line = line.into();
        let result = json!({ "text": line });
        Said { lines: vec![line], result }
    }
}

/// A refusal by Kafka: its code, its sentence, and the message that came with it.
pub fn refusal(error: ErrorCode, message: &str) -> Said {
    let sentence = if message.is_empty() { error.sentence() } else { message };
    let line = format!("{}: {sentence}", error.name());
    Said::new(vec![line], json!({ "error": error.name(), "message": sentence }))
}

/// The answer to an act.
pub fn answer(about: &About, outcome: &Outcome, lab: &Lab, language: Language) -> Said {
    match (about, outcome) {
        (About::Lookup, _) => lookup(lab, language),
        (About::Compacted { partition, steps }, _) => did::compacted(partition, *steps, lab),
        (About::RetentionChecked, _) => did::retention(lab),
        (About::Rolled(partition), _) => did::rolled(partition, lab),
        (About::Started(id), _) => did::started(*id, lab),
        (_, Outcome::Failed(reason)) => {
            Said::new(vec![reason.clone()], json!({ "failed": reason }))
        }
        (About::Fetched, Outcome::Admin(admin)) => fetched(admin),
        (_, Outcome::Admin(admin)) => match (admin.error(), about) {
            ((ErrorCode::NONE, _), About::Created(topic)) => created(topic, lab),
            ((ErrorCode::NONE, _), About::Deleted(topic)) => deleted(topic, admin, lab),
            ((ErrorCode::NONE, _), About::Admin(words) | About::Words(words)) => Said::line(words),
            ((ErrorCode::NONE, _), _) => Said::default(),
            ((error, message), _) => refusal(error, &message),
        },
        (About::Produced, Outcome::Sent(sent)) => produced(sent),
        (About::Words(words), Outcome::Sent(sent)) if sent.error.is_none() => Said::line(words),
        (_, Outcome::Sent(sent)) => refusal(sent.error, &sent.message),
        (About::Consumer { name, words }, Outcome::Consumer(outcome)) => {
            consumer(name, words, outcome)
        }
        (About::Words(words) | About::Admin(words) | About::Consumer { words, .. }, _) => {
            Said::line(words)
        }
        _ => Said::default(),
    }
}

/// That a topic is gone, or what else the tool said of it.
fn deleted(topic: &TopicName, admin: &AdminOutcome, lab: &Lab) -> Said {
    let told = match admin {
        AdminOutcome::Response(Response::DeleteTopics(all)) => {
            all.topics.iter().find(|(name, ..)| name == topic).map_or("", |(_, _, text)| text)
        }
        _ => "",
    };
    let line = if told.is_empty() { format!("deleted {topic}") } else { told.to_owned() };
    let mut lines = vec![line];
    let missing = lab.cluster().deletion_waits_for(topic).unwrap_or_default();
    if !missing.is_empty() && lab.cluster().deletes_topics() {
        let names: Vec<String> = missing.iter().map(ToString::to_string).collect();
        let (word, copy) =
            if names.len() == 1 { ("broker", "copy") } else { ("brokers", "copies") };
        let names = names.join(", ");
        lines.push(format!(
            "its {copy} on {word} {names}, which cannot be reached now, will go later"
        ));
    }
    Said::new(lines, json!({ "topic": topic.as_str(), "deleted": told.is_empty() }))
}

fn created(topic: &TopicName, lab: &Lab) -> Said {
    let image = lab.cluster().image().and_then(|image| image.topics.get(topic));
    let partitions = image.map_or(0, |topic| topic.partitions.len());
    let replicas = image.and_then(|topic| topic.partitions.first()).map_or(0, |p| p.replicas.len());
    let line = format!(
        "created {topic}: {}, {}",
        counted(partitions, "partition"),
        counted(replicas, "replica")
    );
    let result = json!({ "topic": topic.as_str(), "partitions": partitions, "replicas": replicas });
    Said::new(vec![line], result)
}

fn produced(sent: &SendOutcome) -> Said {
    let mut ranges: Vec<(TopicPartition, Offset, u32)> = Vec::new();
    for (partition, offset, count) in &sent.acknowledged {
        match ranges.iter_mut().find(|(known, first, had)| {
            known == partition && (offset.0 < 0 || first.0 + i64::from(*had) == offset.0)
        }) {
            Some((_, _, had)) => *had += count,
            None => ranges.push((partition.clone(), *offset, *count)),
        }
    }
    let line = |(partition, offset, count): &(TopicPartition, Offset, u32)| match (offset.0, count)
    {
        (..0, 1) => format!("sent to {partition}, no answer asked for"),
        (..0, _) => format!("sent {count} records to {partition}, no answer asked for"),
        (first, 1) => format!("produced {partition} offset {first}"),
        (first, _) => {
            format!("produced {partition} offsets {first} to {}", first + i64::from(*count) - 1)
        }
    };
    let mut lines: Vec<String> = ranges.iter().take(LISTED).map(line).collect();
    if ranges.len() > LISTED {
        lines.push(format!("and {} more", ranges.len() - LISTED));
    }
    let mut error = Json::Null;
    if !sent.error.is_none() {
        let failed =
            if sent.failed > 1 { format!("{} records: ", sent.failed) } else { String::new() };
        let said = if sent.message.is_empty() { sent.error.sentence() } else { &sent.message };
        lines.push(format!("{failed}{}: {said}", sent.error.name()));
        error = sent.error.name().into();
    }
    let acknowledged: Vec<Json> = ranges
        .iter()
        .map(|(partition, offset, count)| {
            json!({ "partition": partition.to_string(), "offset": offset.0, "count": count })
        })
        .collect();
    Said::new(lines, json!({ "acknowledged": acknowledged, "failed": sent.failed, "error": error }))
}

fn fetched(outcome: &AdminOutcome) -> Said {
    let AdminOutcome::Response(Response::Fetch(response)) = outcome else {
        let (error, message) = outcome.error();
        return refusal(error, &message);
    };
    let Some(answer) = response.partitions.first() else { return Said::default() };
    if !answer.error.is_none() {
        return refusal(answer.error, "");
    }
    let mut lines = vec![format!(
        "{}: {}, high watermark {}",
        answer.partition,
        counted(answer.records.len(), "byte"),
        answer.high_watermark
    )];
    let mut listed = Vec::new();
    let mut bytes = &answer.records[..];
    while let Ok(size) = batch::batch_size(bytes).map(|size| size.min(bytes.len())) {
        for record in batch::records(&bytes[..size]).unwrap_or_default() {
            let (key, value) = (text_of(record.key.as_ref()), text_of(record.value.as_ref()));
            if listed.len() < LISTED {
                lines.push(format!(
                    "  offset {}  key {key}  value {}",
                    record.offset,
                    clip(&value.to_string(), 60)
                ));
            }
            listed.push(json!({ "offset": record.offset.0, "key": key.to_json(), "value": value.to_json() }));
        }
        bytes = &bytes[size..];
        if bytes.is_empty() {
            break;
        }
    }
    if listed.len() > LISTED {
        lines.push(format!("  and {} more", listed.len() - LISTED));
    }
    let result = json!({
        "partition": answer.partition.to_string(),
        "high_watermark": answer.high_watermark.0,
        "size_bytes": answer.records.len(),
        "records": listed,
    });
    Said::new(lines, result)
}

fn lookup(lab: &Lab, language: Language) -> Said {
    let Some(walk) = &lab.cluster().lookup else { return Said::default() };
    let head = match language {
        Language::English => format!("{} on broker {}", walk.partition, walk.broker),
        Language::Chinese => format!("broker {} 上的 {}", walk.broker, walk.partition),
    };
    let steps: Vec<String> = walk.steps.iter().map(|step| step.sentence(language)).collect();
    let mut lines = vec![head];
    if steps.len() <= 2 * LISTED {
        lines.extend(steps.iter().map(|step| format!("  {step}")));
    } else {
        lines.extend(steps[..LISTED].iter().map(|step| format!("  {step}")));
        lines.push(format!("  … {} more steps …", steps.len() - 2 * LISTED));
        lines.extend(steps[steps.len() - LISTED..].iter().map(|step| format!("  {step}")));
    }
    let result = json!({
        "partition": walk.partition.to_string(),
        "broker": walk.broker.0,
        "steps": steps.iter().take(1000).collect::<Vec<_>>(),
    });
    Said::new(lines, result)
}

fn consumer(name: &str, words: &str, outcome: &ConsumerOutcome) -> Said {
    if !outcome.error.is_none() {
        return refusal(outcome.error, "");
    }
    let mut lines = Vec::new();
    for (partition, record) in outcome.records.iter().take(LISTED) {
        let (key, value) = (text_of(record.key.as_ref()), text_of(record.value.as_ref()));
        let value = clip(&value.to_string(), 60);
        lines.push(format!("{partition} offset {}  key {key}  value {value}", record.offset));
    }
    if outcome.records.len() > LISTED {
        lines.push(format!("and {} more", outcome.records.len() - LISTED));
    }
    for (partition, offset) in &outcome.offsets {
        lines.push(format!("{words}: {partition} offset {offset}"));
    }
    if lines.is_empty() {
        lines.push(words.to_string());
    }
    let offsets: Vec<Json> = outcome
        .offsets
        .iter()
        .map(
            |(partition, offset)| json!({ "partition": partition.to_string(), "offset": offset.0 }),
        )
        .collect();
    let result = json!({ "consumer": name, "records": outcome.records.len(), "offsets": offsets });
    Said::new(lines, result)
}
