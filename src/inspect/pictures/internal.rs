//! The internal topics as tables: committed offsets, groups, transactions, the metadata log.

use super::super::internal::Internal;
use super::super::{Inspection, directory};
use super::{MOST_ROWS, time_text};
use crate::trace::{Align, Canvas, Line, Picture, Role, Table};
use crate::types::{Language, Offset, Timestamp, TopicName, TopicPartition};
use serde_json::Value;

/// `field` of an object as text; nothing when it is not there.
fn text(value: &Value, field: &str) -> Option<String> {
    match value.get(field)? {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}

/// An object's fields as `name value  name value`, without what is empty.
fn flat(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let one = |(name, value): (&String, &Value)| match value {
                Value::Null => None,
                Value::String(text) if text.is_empty() => None,
                Value::Array(list) if list.is_empty() => None,
                Value::String(text) => Some(format!("{name} {text}")),
                other => Some(format!("{name} {other}")),
            };
            fields.iter().filter_map(one).collect::<Vec<_>>().join("  ")
        }
        Value::String(text) => text.clone(),
        Value::Null => "null".into(),
        other => other.to_string(),
    }
}

fn none(picture: &mut Picture, topic: &str, canvas: &Canvas) {
    let text = match canvas.language {
        Language::English => format!("there is no {topic} here, or nothing in it"),
        Language::Chinese => format!("此处没有 {topic}，或其中没有内容"),
    };
    picture.push(Line::of(text, Role::Dim).indent(2));
}

/// Records that have no table of their own.
fn rest<'a>(all: impl Iterator<Item = &'a Internal>, canvas: &Canvas) -> Vec<Line> {
    let left = Align::Left;
    let mut table = Table::new(&[Align::Right, left, left, left]).gap(2).heads(&[
        canvas.word("offset", "偏移量"),
        canvas.word("type", "类型"),
        canvas.word("key", "键"),
        canvas.word("value", "值"),
    ]);
    let keyed = |one: &Internal| !one.key.is_null();
    for one in all.take(MOST_ROWS) {
        let key: String =
            if keyed(one) { flat(&one.key).chars().take(40).collect() } else { String::new() };
        table.row(vec![
            Line::of(one.offset.to_string(), Role::Offset),
            Line::of(&one.kind, Role::Link),
            Line::of(key, Role::Key),
            Line::of(flat(&one.value), Role::Value),
        ]);
    }
    if table.is_empty() { Vec::new() } else { table.lines(canvas.width, canvas.glyphs.ellipsis) }
}

impl Inspection {
    /// Groups and what they committed.
    pub fn groups_picture(&self, canvas: &Canvas) -> Picture {
        let mut picture =
            Picture::new(canvas.word("groups", "消费组")).caption("__consumer_offsets");
        let all = self.internal("__consumer_offsets", false);
        if all.is_empty() {
            none(&mut picture, "__consumer_offsets", canvas);
            return picture;
        }
        let (left, right) = (Align::Left, Align::Right);
        let mut table = Table::new(&[left, left, right, right, left]).gap(2).heads(&[
            canvas.word("group", "组"),
            canvas.word("partition", "分区"),
            canvas.word("committed", "已提交"),
            canvas.word("lag", "滞后"),
            canvas.word("committed at (UTC)", "提交时间 (UTC)"),
        ]);
        let is_offset =
            |one: &Internal| one.kind == "OFFSET_COMMIT" || one.kind == "LEGACY_OFFSET_COMMIT";
        for one in all.iter().filter(|one| is_offset(one)).take(MOST_ROWS) {
            let topic = text(&one.key, "topic").unwrap_or_default();
            let number = one.key.get("partition").and_then(Value::as_u64).unwrap_or(0) as u32;
            let partition = TopicPartition::new(&TopicName::new(&topic), number);
            let committed = one.value.get("offset").and_then(Value::as_i64);
            let end =
                self.find_partition(&partition, None).and_then(|place| self.end(place).offset);
            let lag =
                committed.zip(end).map(|(committed, end)| (end - Offset(committed)).to_string());
            let at = one.value.get("commitTimestamp").and_then(Value::as_i64).map(Timestamp);
            table.row(vec![
                Line::of(text(&one.key, "group").unwrap_or_default(), Role::Key),
                Line::of(partition.to_string(), Role::Link),
                Line::of(committed.map_or_else(String::new, |c| c.to_string()), Role::Offset),
                Line::of(lag.unwrap_or_else(|| canvas.glyphs.dash.into()), Role::Number),
                Line::of(at.map_or_else(String::new, time_text), Role::Dim),
            ]);
        }
        if !table.is_empty() {
            picture.extend(table.lines(canvas.width, canvas.glyphs.ellipsis));
            picture.blank();
        }
        picture.extend(rest(all.iter().filter(|one| !is_offset(one)), canvas));
        picture
    }

    /// Transactions.
    pub fn transactions_picture(&self, canvas: &Canvas) -> Picture {
        let mut picture =
            Picture::new(canvas.word("transactions", "事务")).caption("__transaction_state");
        let all = self.internal("__transaction_state", false);
        if all.is_empty() {
            none(&mut picture, "__transaction_state", canvas);
            return picture;
        }
        let (left, right) = (Align::Left, Align::Right);
        let mut table = Table::new(&[left, right, right, left, left, left]).gap(2).heads(&[
            canvas.word("transactional id", "事务 id"),
            canvas.word("producer", "生产者"),
            canvas.word("epoch", "纪元"),
            canvas.word("state", "状态"),
            canvas.word("updated (UTC)", "更新时间 (UTC)"),
            canvas.word("partitions", "分区"),
        ]);
        let known = |one: &Internal| one.kind == "TRANSACTION_LOG" && one.value.is_object();
        for one in all.iter().filter(|one| known(one)).take(MOST_ROWS) {
            let state = one.value.get("transactionStatus").and_then(Value::as_i64).unwrap_or(-1);
            let at = one.value.get("transactionLastUpdateTimestampMs").and_then(Value::as_i64);
            let partitions = one.value.get("transactionPartitions").and_then(Value::as_array);
            let partitions = partitions.map_or_else(String::new, |list| {
                let one = |entry: &Value| {
                    let ids = entry.get("partitionIds").map_or_else(String::new, Value::to_string);
                    format!("{}{ids}", text(entry, "topic").unwrap_or_default())
                };
                list.iter().map(one).collect::<Vec<_>>().join(" ")
            });
            let number = |field| text(&one.value, field).unwrap_or_default();
            table.row(vec![
                Line::of(text(&one.key, "transactionalId").unwrap_or_default(), Role::Key),
                Line::of(number("producerId"), Role::Number),
                Line::of(number("producerEpoch"), Role::Epoch),
                Line::of(state_name(state), if state == 1 { Role::Warn } else { Role::Plain }),
                Line::of(at.map_or_else(String::new, |at| time_text(Timestamp(at))), Role::Dim),
                Line::of(partitions, Role::Link),
            ]);
        }
        if !table.is_empty() {
            picture.extend(table.lines(canvas.width, canvas.glyphs.ellipsis));
            picture.blank();
        }
        picture.extend(rest(all.iter().filter(|one| !known(one)), canvas));
        picture
    }

    /// The cluster's metadata: the quorum, snapshots, and the log of changes.
    pub fn metadata_picture(&self, canvas: &Canvas) -> Picture {
        let mut picture =
            Picture::new(canvas.word("metadata", "元数据")).caption("__cluster_metadata");
        for place in self.places() {
            let Some(files) = self.partition(place).filter(|files| files.is_metadata()) else {
                continue;
            };
            let path = directory::join(&files.directory, "quorum-state");
            let Ok(Some(bytes)) = self.files.small(&path) else { continue };
            let state: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
            let node = &self.nodes[place.node].name;
            let head = Line::of(format!("  {node}  "), Role::Strong);
            picture.push(head.span(flat(&state), Role::Dim).cut(canvas.width, &canvas.glyphs));
        }
        let all = self.internal("__cluster_metadata", true);
        if all.is_empty() {
            none(&mut picture, "__cluster_metadata", canvas);
            return picture;
        }
        picture.blank();
        picture.extend(rest(all.iter(), canvas));
        picture
    }
}

/// Kafka's `TransactionState`.
fn state_name(state: i64) -> &'static str {
    match state {
        0 => "Empty",
        1 => "Ongoing",
        2 => "PrepareCommit",
        3 => "PrepareAbort",
        4 => "CompleteCommit",
        5 => "CompleteAbort",
        6 => "Dead",
        7 => "PrepareEpochFence",
        _ => "?",
    }
}
